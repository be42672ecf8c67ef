use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write};

use protocol::result::{CallInfo, LeadRow};
use protocol::{Event, EventRecord, Lang};
use serde_json::json;

use super::{DemoOptions, Summary};
use crate::said::built_in;

/// The live table of a demonstration, or its JSON lines.
pub(super) struct Table {
    rows: Vec<Row>,
    lang: Lang,
    json: bool,
    /// The table is drawn over itself; otherwise each finished call gets a line.
    live: bool,
    drawn: bool,
}

struct Row {
    position: i64,
    number: String,
    name: String,
    state: &'static str,
    since: Option<i64>,
    seconds: Option<i64>,
    result: String,
    attempt: Option<String>,
    last: Option<CallInfo>,
}

impl Table {
    pub(super) fn new(leads: &[LeadRow], options: &DemoOptions) -> Self {
        let rows = leads.iter().map(|lead| Row {
            position: lead.position,
            number: lead.number.clone(),
            name: lead.company.clone().or_else(|| lead.person.clone()).unwrap_or_default(),
            state: "",
            since: None,
            seconds: None,
            result: String::new(),
            attempt: None,
            last: None,
        });
        let live = !options.json && std::io::stdout().is_terminal();
        Self { rows: rows.collect(), lang: options.lang, json: options.json, live, drawn: false }
    }

    pub(super) fn begin(&mut self, out: &mut dyn Write) {
        if self.live {
            self.draw(0, out);
        } else if !self.json {
            let _ = writeln!(out, "{}", self.header());
        }
    }

    /// Follows an event.
    pub(super) fn event(&mut self, record: &EventRecord, out: &mut dyn Write) {
        let ja = self.lang == Lang::Ja;
        match &record.event {
            Event::CallDialing { call, .. } => {
                let found = self.rows.iter_mut().find(|row| Some(row.position) == call.position);
                if let Some(row) = found {
                    row.attempt = Some(call.attempt.clone());
                    row.state = if ja { "発信中" } else { "dialing" };
                    (row.since, row.seconds) = (Some(record.at), None);
                }
            }
            Event::CallProgress { attempt, .. } => self.state(attempt, if ja { "呼出中" } else { "ringing" }),
            Event::CallEarlyMedia { attempt, .. } => {
                self.state(attempt, if ja { "着信前音声" } else { "early media" });
            }
            Event::CallAnswered { attempt, .. } => self.state(attempt, if ja { "通話中" } else { "talking" }),
            Event::CallEnded { call, void, .. } => {
                let word = match (void, ja) {
                    (Some(_), true) => "無効(網)",
                    (Some(_), false) => "void",
                    (None, true) => "終話",
                    (None, false) => "ended",
                };
                self.state(&call.attempt, word);
                if let Some(row) = self.row(&call.attempt) {
                    row.seconds = row.since.map(|since| record.at - since);
                    row.since = None;
                    row.last = Some((**call).clone());
                }
            }
            Event::AttemptSaved { attempt, status, label, .. } => {
                let shown = label
                    .clone()
                    .or_else(|| status.as_deref().map(|code| built_in(code).to_owned()))
                    .unwrap_or_default();
                if let Some(row) = self.row(attempt) {
                    row.result = shown;
                }
            }
            Event::AttemptSealed { attempt, status, .. } => self.sealed(attempt, status.as_deref(), out),
            _ => return,
        }
        if self.live {
            self.draw(record.at, out);
        }
    }

    /// Time passes: the seconds of the running call grow.
    pub(super) fn tick(&mut self, now: i64, out: &mut dyn Write) {
        if self.live {
            self.draw(now, out);
        }
    }

    pub(super) fn end(&mut self, summary: &Summary, out: &mut dyn Write) {
        if self.json {
            let mut object = json!({ "kind": "summary" });
            if let (Some(fields), Ok(value)) = (object.as_object_mut(), serde_json::to_value(summary)) {
                fields.extend(value.as_object().cloned().unwrap_or_default());
            }
            let _ = writeln!(out, "{object}");
            return;
        }
        let s = &summary.stats;
        let _ = writeln!(
            out,
            "\n作業数 {}  コール数 {}  コネクト数 {}  コネクト率 {}  進捗 {}/{} ({})  無効 {}",
            s.works,
            s.calls,
            s.connects,
            share(s.connect_rate, 1),
            s.worked,
            s.total,
            share(s.progress, 0),
            s.void,
        );
        let words = match self.lang {
            Lang::Ja => {
                ("結果CSV", "録音", "件", "データベースから数え直し、CSVと録音を読み直して確認しました")
            }
            Lang::En => (
                "results",
                "recordings",
                "files",
                "counted again from the database; CSV and recordings read back",
            ),
        };
        let _ = writeln!(out, "{}: {}", words.0, summary.results.display());
        let _ =
            writeln!(out, "{}: {} ({} {})", words.1, summary.recordings.display(), summary.recorded, words.2);
        let _ = writeln!(
            out,
            "{} ({:.1} s)",
            words.3,
            f64::from(i32::try_from(summary.elapsed_ms).unwrap_or(i32::MAX)) / 1_000.0
        );
    }

    fn row(&mut self, attempt: &str) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.attempt.as_deref() == Some(attempt))
    }

    fn state(&mut self, attempt: &str, state: &'static str) {
        if let Some(row) = self.row(attempt) {
            row.state = state;
        }
    }

    /// A call is finished for good: its line, or its JSON object.
    fn sealed(&mut self, attempt: &str, status: Option<&str>, out: &mut dyn Write) {
        let (json, lang) = (self.json, self.lang);
        let Some(row) = self.row(attempt) else { return };
        if let Some(status) = status {
            row.result = built_in(status).to_owned();
        }
        if json {
            let object = json!({
                "kind": "call", "row": row.position, "number": row.number, "attempt": attempt,
                "status": status, "label": row.result, "seconds": row.seconds.map(|ms| ms as f64 / 1_000.0),
                "outcome": row.last.as_ref().and_then(|call| call.outcome.clone()),
                "sip_code": row.last.as_ref().and_then(|call| call.sip_code),
                "q850": row.last.as_ref().and_then(|call| call.q850),
                "void": status.is_none(),
            });
            let _ = writeln!(out, "{object}");
        } else if !self.live {
            let row = self.rows.iter().find(|row| row.attempt.as_deref() == Some(attempt));
            let _ = writeln!(out, "{}", row.map(|row| line(row, 0, lang)).unwrap_or_default());
        }
    }

    fn header(&self) -> String {
        match self.lang {
            Lang::Ja => format!(
                "{} {} {} {} {:>6}  {}",
                pad("行", 4),
                pad("番号", 13),
                pad("相手", 24),
                pad("状態", 12),
                "秒",
                "結果"
            ),
            Lang::En => format!(
                "{} {} {} {} {:>7}  {}",
                pad("row", 4),
                pad("number", 13),
                pad("name", 24),
                pad("state", 12),
                "time",
                "result"
            ),
        }
    }

    fn draw(&mut self, now: i64, out: &mut dyn Write) {
        let mut text = String::new();
        if self.drawn {
            let _ = write!(text, "\x1b[{}A", self.rows.len() + 1);
        }
        let _ = writeln!(text, "\x1b[2K{}", self.header());
        for row in &self.rows {
            let _ = writeln!(text, "\x1b[2K{}", line(row, now, self.lang));
        }
        self.drawn = true;
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }
}

fn line(row: &Row, now: i64, _lang: Lang) -> String {
    let ms = row.seconds.or_else(|| row.since.filter(|_| now > 0).map(|since| now - since));
    let time = ms.map_or_else(String::new, |ms| format!("{}.{}", ms / 1_000, ms / 100 % 10));
    format!(
        "{} {} {} {} {time:>7}  {}",
        pad(&row.position.to_string(), 4),
        pad(&row.number, 13),
        pad(&row.name, 24),
        pad(row.state, 12),
        row.result
    )
}

/// Cut or filled to `width` columns of a terminal, where Japanese letters take two.
fn pad(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let columns = if c > '\u{1100}' && !('\u{FF61}'..='\u{FFDC}').contains(&c) { 2 } else { 1 };
        if used + columns > width {
            break;
        }
        out.push(c);
        used += columns;
    }
    out.extend(std::iter::repeat_n(' ', width - used));
    out
}

/// A share of nothing is none (S4.16).
fn share(share: Option<f64>, decimals: usize) -> String {
    share.map_or_else(|| "—".to_owned(), |share| format!("{:.decimals$} %", share * 100.0))
}
