//! Bars for long work: on a terminal, overwritten in place; a script sees nothing of them.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use protocol::Event;

use super::output::Out;
use crate::control::client::{Client, Notice};

/// Whose progress is shown.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// An import into `list`, `contacts` or `dnc`.
    Import { into: &'static str },
    /// Other work; `of` is the whole of what it is of, or the beginning.
    Named { work: &'static str, of: String },
}

/// A bar that is shown until this goes.
pub(super) struct Bar {
    over: Arc<AtomicBool>,
    out: Out,
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.out.progress("");
    }
}

/// Shows the progress from a connection of its own, until the bar goes or this process ends. Nothing where nobody looks.
pub(super) fn watch(socket: &Path, work: Work, out: Out) -> Option<Bar> {
    if out.json || !std::io::stderr().is_terminal() {
        return None;
    }
    let mut client = Client::connect(socket).ok()?;
    client.subscribe(None, vec!["import.".to_owned(), "work.".to_owned()]).ok()?;
    let over = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&over);
    let show = move || {
        while let Ok(notice) = client.next_notice() {
            let Notice::Event(record) = notice else { continue };
            if ended.load(Ordering::Relaxed) {
                return;
            }
            if let Some(line) = line(&record.event, &work, out) {
                out.progress(&line);
            }
        }
    };
    // The thread ends with the process; its last read may never come back.
    std::thread::Builder::new().name("progress".to_owned()).spawn(show).ok()?;
    Some(Bar { over, out })
}

/// A line for work under way, if it is the one that is waited for.
fn line(event: &Event, wanted: &Work, out: Out) -> Option<String> {
    match (event, wanted) {
        (
            Event::ImportProgress { into, rows, refused, phase, percent, .. },
            Work::Import { into: wanted },
        ) if into == wanted => {
            let (read, bad) = (out.text("行", "rows"), out.text("エラー", "refused"));
            let entering = match phase.as_str() {
                "entering" => format!("  {}", out.text("登録中", "entering")),
                _ => String::new(),
            };
            Some(format!("{}  {rows} {read}  {refused} {bad}{entering}", bar(u64::from(*percent), 100)))
        }
        (Event::WorkProgress { work, of, done, total }, Work::Named { work: wanted, of: wanted_of })
            if work == wanted && of.starts_with(wanted_of.as_str()) =>
        {
            Some(match total {
                Some(total) => format!("{}  {done} / {total}", bar(*done, *total)),
                None => format!("{done}"),
            })
        }
        _ => None,
    }
}

/// `█████░░░░░░░░░░  33 %`.
pub(super) fn bar(done: u64, total: u64) -> String {
    let share =
        |of: u64| u64::try_from(u128::from(done.min(total)) * u128::from(of) / u128::from(total.max(1)));
    let share = |of: u64| if total == 0 { of } else { share(of).unwrap_or(of) };
    let full = usize::try_from(share(WIDTH)).unwrap_or(0);
    let width = usize::try_from(WIDTH).unwrap_or(0);
    format!("{}{} {:3} %", "█".repeat(full), "░".repeat(width - full), share(100))
}

const WIDTH: u64 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    const OUT: Out = Out { json: false, lang: protocol::Lang::En };

    #[test]
    fn a_bar_is_as_long_as_the_work_is_done() {
        assert_eq!(bar(50, 200), "█████░░░░░░░░░░░░░░░  25 %");
        assert_eq!(bar(0, 7), "░░░░░░░░░░░░░░░░░░░░   0 %");
        assert_eq!(bar(9, 7), "████████████████████ 100 %");
        assert_eq!(bar(0, 0), "████████████████████ 100 %");
    }

    #[test]
    fn only_the_work_that_is_waited_for_is_shown() {
        let import = |phase: &str, percent| Event::ImportProgress {
            into: "list".to_owned(),
            list: "l".to_owned(),
            rows: 10,
            refused: 1,
            bytes: 200,
            bytes_total: 200,
            phase: phase.to_owned(),
            percent,
        };
        let shown =
            |phase, percent| line(&import(phase, percent), &Work::Import { into: "list" }, OUT).unwrap();
        assert_eq!(shown("reading", 25), "█████░░░░░░░░░░░░░░░  25 %  10 rows  1 refused");
        assert_eq!(shown("entering", 80), "████████████████░░░░  80 %  10 rows  1 refused  entering");
        let import = import("reading", 25);
        assert_eq!(line(&import, &Work::Import { into: "dnc" }, OUT), None);
        let undo = |of: &str| Work::Named { work: "undo", of: of.to_owned() };
        let event = Event::WorkProgress { work: "undo".into(), of: "01JD5Y".into(), done: 7, total: None };
        assert_eq!(line(&event, &undo("01JD"), OUT).unwrap(), "7");
        assert_eq!(line(&event, &undo("01JE"), OUT), None);
        assert_eq!(line(&import, &undo("01JD"), OUT), None);
        assert_eq!(line(&Event::StoreRecovered {}, &Work::Import { into: "list" }, OUT), None);
    }
}
