//! What has to hold after any number of deaths.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use e2e::daemon::Daemon;
use e2e::peer::trace::{self, Invite};
use e2e::sum::sha256;
use serde_json::Value;

use super::operator::Saves;

/// Attempts that were dialed and have no end, as the dead process left them on disk. Looked at in a copy: opening the
/// database itself would repair it before the daemon can.
pub(super) fn under_way(daemon: &Daemon) -> BTreeSet<String> {
    let copy = tempfile::tempdir().expect("the temporary folder is writable");
    for name in ["kakeru.db", "kakeru.db-wal"] {
        let _ = std::fs::copy(daemon.path(&format!("state/{name}")), copy.path().join(name));
    }
    let database = rusqlite::Connection::open(copy.path().join("kakeru.db")).expect("a copy can be opened");
    let sql = "SELECT id FROM attempts WHERE dialed_at IS NOT NULL AND ended_at IS NULL";
    // Killed in its very first start: no tables yet.
    let Ok(mut statement) = database.prepare(sql) else { return BTreeSet::new() };
    let rows = statement.query_map([], |row| row.get::<_, rusqlite::types::Value>(0)).expect("ids are read");
    rows.map(|id| show(&id.expect("an id"))).collect()
}

/// An id as the protocol shows it: 26 characters of Crockford's alphabet.
fn show(id: &rusqlite::types::Value) -> String {
    match id {
        rusqlite::types::Value::Text(text) => text.clone(),
        rusqlite::types::Value::Blob(bytes) => {
            let bits = bytes.iter().fold(0_u128, |bits, &byte| bits << 8 | u128::from(byte));
            let digit = |n: u32| (bits >> (5 * n)) as usize & 31;
            (0..26).rev().map(|n| char::from(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[digit(n)])).collect()
        }
        other => panic!("no id: {other:?}"),
    }
}

/// What a crash interrupted is listed.
#[track_caller]
pub(super) fn listed(daemon: &Daemon, under_way: &BTreeSet<String>, story: &str) {
    if under_way.is_empty() {
        return;
    }
    let history = daemon.cli(&["history", "--interrupted"]);
    let rows = history["rows"].as_array().expect("history has rows");
    let shown: BTreeSet<_> =
        rows.iter().filter_map(|row| row["attempt"].as_str()).map(str::to_owned).collect();
    assert!(under_way.is_subset(&shown), "{story}: of {under_way:?} only {shown:?} is listed as interrupted");
    assert!(
        rows.iter().all(|row| row["interrupted"] == true && !row["ended_at"].is_null()),
        "{story}: {rows:#?}"
    );
}

/// The whole account, with the daemon stopped in order after its last life.
pub(super) struct Account<'a> {
    pub(super) daemon: &'a Daemon,
    /// Seen by sipp, of this shift.
    pub(super) invites: &'a [Invite],
    pub(super) saves: &'a Saves,
    /// `history.list` of the last life.
    pub(super) history: &'a [Value],
    /// For the message of a failure: seed, moment.
    pub(super) story: &'a str,
}

impl Account<'_> {
    #[track_caller]
    pub(super) fn check(&self) {
        self.nobody_is_called_twice();
        self.no_save_is_lost();
        self.every_result_was_handed_out();
        self.recordings_belong_to_their_rows();
        let integrity: String = self
            .daemon
            .database()
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("a check");
        assert_eq!(integrity, "ok", "{}", self.story);
    }

    #[track_caller]
    fn nobody_is_called_twice(&self) {
        let story = self.story;
        let calls = trace::calls_by_number(self.invites);
        let twice: Vec<_> = calls.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "{story}: called twice: {twice:?}");
        let mut rows: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
        for row in self.history {
            rows.entry(text(row, "number").to_owned()).or_default().push(row);
        }
        for number in calls.keys() {
            assert!(rows.contains_key(number), "{story}: {number} was called and has no row");
        }
        for (number, rows) in rows {
            assert_eq!(rows.len(), 1, "{story}: one attempt per number: {rows:#?}");
            let called = calls.contains_key(&number);
            // Died between the commit and the INVITE: nobody knows, so nobody calls again.
            assert!(called || rows[0]["interrupted"] == true, "{story}: {number} has a row, but no INVITE");
        }
    }

    /// The last acknowledged save stands, or one that was sent after it.
    #[track_caller]
    fn no_save_is_lost(&self) {
        for (attempt, saves) in self.saves {
            let row = self.history.iter().find(|row| text(row, "attempt") == attempt);
            let last = saves.iter().rposition(|sent| sent.acknowledged);
            let Some(row) = row else { panic!("{}: {attempt} is gone, with {saves:?}", self.story) };
            let Some(last) = last else { continue };
            let stands =
                saves[last..].iter().any(|sent| row["memo"] == sent.memo && row["status"] == sent.status);
            assert!(stands, "{}: {saves:#?} became {row:#}", self.story);
        }
    }

    #[track_caller]
    fn every_result_was_handed_out(&self) {
        let story = self.story;
        let mut handed: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for row in self.daemon.drop_rows() {
            let id = row["id"].clone();
            if let Some(first) = handed.insert(id, row.clone()) {
                // The operator spoke after the machine had sealed its own word.
                let amended = first["set_by"] == "auto" && row["set_by"] == "operator";
                assert!(first == row || amended, "{story}: a repeat says something else: {first:?} {row:?}");
            }
        }
        for row in self.history {
            assert!(!row["sealed_at"].is_null(), "{story}: never sealed: {row:#}");
            let Some(given) = handed.get(text(row, "attempt")) else {
                panic!("{story}: not handed out: {row:#}")
            };
            assert_eq!(given["status"], text(row, "status"), "{story}: {row:#}");
            assert_eq!(given["memo"], text(row, "memo"), "{story}: {row:#}");
        }
        assert_eq!(handed.len(), self.history.len(), "{story}: rows without an attempt were handed out");
        let left = files(&self.daemon.path("outbox"));
        assert!(left.iter().all(|path| path.extension().is_some_and(|e| e == "csv")), "{story}: {left:?}");
    }

    /// Each file has a row that says the same of it; nothing torn, nothing forgotten.
    #[track_caller]
    fn recordings_belong_to_their_rows(&self) {
        let story = self.story;
        let mut files: BTreeSet<PathBuf> = files(&self.daemon.path("recordings")).into_iter().collect();
        for row in self.history {
            let recording = &row["recording"];
            if recording["state"] != "final" {
                assert_ne!(recording["state"], "open", "{story}: {row:#}");
                continue;
            }
            let path = self.daemon.path(text(recording, "path"));
            assert!(files.remove(&path), "{story}: no such file: {recording:#}");
            assert_eq!(recording["sha256"], sha256(&path), "{story}: {recording:#}");
        }
        let rows: Vec<_> = self.history.iter().map(|row| &row["recording"]).collect();
        assert!(files.is_empty(), "{story}: files of no row: {files:#?}; rows: {rows:#?}");
    }
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
