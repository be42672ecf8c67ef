//! `kakeru events`.

use std::path::Path;

use protocol::EventRecord;
use serde_json::{Value, json};

use super::Failure;
use super::args::EventsArgs;
use super::output::Out;
use super::table::clean;
use super::time;
use crate::control::client::{Client, Notice};

pub(super) fn events(socket: &Path, args: EventsArgs, out: Out) -> Result<(), Failure> {
    let mut client = Client::connect(socket)?;
    client.subscribe(args.since, args.kinds)?;
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0 {
        match client.next_notice()? {
            Notice::Event(event) if out.json => out.object(&*event)?,
            Notice::Event(event) => out.line(&line(&event))?,
            Notice::Unknown(params) => out.object(&params)?,
            Notice::Lagged(lagged) => {
                if out.json {
                    out.object(&json!({ "kind": "lagged", "missed": lagged.missed, "since": lagged.since }))?;
                } else {
                    let text = out
                        .text("読み取りが遅いため失われたイベント", "events lost, the reader was too slow");
                    out.note(&format!("{text}: {}", lagged.missed));
                }
                continue;
            }
        }
        left -= 1;
    }
    Ok(())
}

/// `seq time kind key=value …`: what is not null, the call of an event by its main facts.
fn line(record: &EventRecord) -> String {
    let mut line = format!("{} {} {}", record.seq, time::full(record.at), record.event.kind());
    let Ok(Value::Object(fields)) = serde_json::to_value(&record.event) else { return line };
    for (key, value) in &fields {
        match (key.as_str(), value) {
            ("kind", _) | (_, Value::Null) => {}
            ("call", Value::Object(call)) => {
                for key in [
                    "attempt", "number", "withheld", "company", "list", "position", "sip_code", "q850",
                    "outcome", "status", "trouble",
                ] {
                    push(&mut line, key, call.get(key).unwrap_or(&Value::Null));
                }
            }
            ("result" | "recording" | "transfer", Value::Object(inner)) => {
                for (key, value) in inner.iter().filter(|(key, _)| !fields.contains_key(*key)) {
                    push(&mut line, key, value);
                }
            }
            _ => push(&mut line, key, value),
        }
    }
    line
}

fn push(line: &mut String, key: &str, value: &Value) {
    let text = match value {
        Value::Null | Value::Array(_) | Value::Object(_) => return,
        Value::String(text) => clean(text),
        other => other.to_string(),
    };
    line.push(' ');
    line.push_str(key);
    line.push('=');
    if text.contains(' ') { line.push_str(&format!("{text:?}")) } else { line.push_str(&text) }
}

#[cfg(test)]
mod tests {
    use protocol::Event;

    use super::*;

    #[test]
    fn an_event_is_one_line_without_what_is_unknown() {
        let event = Event::CallHeard {
            seat: "a".to_owned(),
            attempt: "01X".to_owned(),
            what: "busy\ntone".to_owned(),
            digit: None,
            at_ms: 640,
            early: true,
        };
        let record = EventRecord { seq: 7, at: 1_795_398_000_000, event };
        let expected =
            "7 2026-11-23 10:40:00 call.heard seat=a attempt=01X what=busy?tone at_ms=640 early=true";
        assert_eq!(line(&record), expected);
    }
}
