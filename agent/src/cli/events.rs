//! `kakeru events`.

mod words;

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
            Notice::Event(event) => out.line(&line(&event, out))?,
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

/// `seq time kind key=value …`: what is not null, the call of an event by its main facts. In Japanese by their Japanese names.
fn line(record: &EventRecord, out: Out) -> String {
    let kind = record.event.kind();
    let ended = kind == "call.ended";
    let kind = if out.is_japanese() { words::kind(kind) } else { kind.to_owned() };
    let mut line = format!("{} {} {kind}", record.seq, time::full(record.at));
    let Ok(Value::Object(fields)) = serde_json::to_value(&record.event) else { return line };
    for (key, value) in &fields {
        match (key.as_str(), value) {
            ("kind", _) | (_, Value::Null) => {}
            // The label says the same to people.
            ("status", _) if out.is_japanese() && fields.get("label").is_some_and(Value::is_string) => {}
            // Who ended a call; with a tap, whose seat it is.
            ("by", value) if ended && out.is_japanese() => push(&mut line, "ended_by", value, out),
            ("call", Value::Object(call)) => {
                for key in [
                    "attempt", "number", "withheld", "company", "list", "position", "sip_code", "q850",
                    "outcome", "status", "trouble",
                ] {
                    push(&mut line, key, call.get(key).unwrap_or(&Value::Null), out);
                }
            }
            ("result" | "recording" | "transfer" | "trunk", Value::Object(inner)) => {
                for (key, value) in inner.iter().filter(|(key, _)| !fields.contains_key(*key)) {
                    push(&mut line, key, value, out);
                }
            }
            _ => push(&mut line, key, value, out),
        }
    }
    line
}

fn push(line: &mut String, key: &str, value: &Value, out: Out) {
    let text = match value {
        Value::Null | Value::Array(_) | Value::Object(_) => return,
        Value::Number(number) => match number.as_i64() {
            Some(at) if MOMENTS.contains(&key) => time::full(at),
            _ => number.to_string(),
        },
        Value::String(text) => clean(text),
        Value::Bool(on) => on.to_string(),
    };
    let (key, text) = match out.is_japanese() {
        true => (words::key(key), words::value(key, &text, out).into_owned()),
        false => (key, text),
    };
    line.push(' ');
    line.push_str(key);
    line.push('=');
    if text.contains(' ') { line.push_str(&format!("{text:?}")) } else { line.push_str(&text) }
}

/// Fields that hold a moment, UTC milliseconds.
const MOMENTS: [&str; 7] =
    ["due_at", "newest_at", "next_attempt_at", "next_due_at", "oldest_at", "since", "until"];

#[cfg(test)]
mod tests {
    use protocol::{Event, Incoming, Lang};

    use super::*;
    use crate::said::has_english;

    const JA: Out = Out { json: false, lang: Lang::Ja };
    const EN: Out = Out { json: false, lang: Lang::En };

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
            "7 2026-11-23 10:40:00 call.heard seat=a attempt=01X what=busy↵tone at_ms=640 early=true";
        assert_eq!(line(&record, EN), expected);
        let expected = "7 2026-11-23 10:40:00 音の検出 (call.heard) 席=a 通話=01X 音=busy↵tone 位置ミリ秒=640 応答前=はい";
        assert_eq!(line(&record, JA), expected);
    }

    /// The event of a golden file, without what is told as the system or a device said it, and without logins.
    fn golden(kind: &str) -> EventRecord {
        let file = format!("{}/protocol/golden/event.{kind}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let Ok(Incoming::Notification { mut params, .. }) = Incoming::parse(&text) else { panic!("{file}") };
        for (key, value) in params.as_object_mut().unwrap() {
            if matches!(key.as_str(), "why" | "detail" | "operator" | "account") && value.is_string() {
                *value = "X".into();
            }
        }
        serde_json::from_value(params).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Whoever reads Japanese reads no English: kinds, what is told with them, and the words that stand there.
    #[test]
    fn every_event_is_told_in_japanese() {
        for kind in Event::KINDS {
            let told = line(&golden(kind), JA);
            assert!(!has_english(&told), "{told}");
        }
        let paused = line(&golden("dial.paused"), JA);
        assert!(paused.ends_with("理由=架電可能時間外 再開=\"2026-11-23 20:40:00\""), "{paused}");
        let english = line(&golden("trunk.changed"), EN);
        assert!(
            english.contains("state=reachable") && english.contains("target=192.0.2.2:5060"),
            "{english}"
        );
    }
}
