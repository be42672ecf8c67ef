//! X6: a file of do-not-call numbers, killed for real at any statement. Nobody may be called because of it.

use std::io::Write as _;
use std::process::Command;

use super::*;
use crate::dnc_import::{DncChange, DncStart};
use crate::model::{DncEntry, DncQuery};

const CHILD: &str = "KAKERU_STORE_DNC_CHILD";
const NUMBERS: usize = 150;

/// X6: a start ends, whatever the journal of a committed file says: nothing is cleared by one that names no register.
#[test]
fn a_start_ends_whatever_the_journal_says() {
    let mut world = World::new(1);
    let entry = DncEntry::by_hand(phone(0).national(), "希望", Actor::default(), NOW);
    world.db.dnc_add_all(&[entry]).unwrap();
    let start = ImportStart { list: None, source: "dnc.csv".into(), user: None, now: NOW };
    let import = world.db.begin_import(&start).unwrap();
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    let sql = "INSERT INTO dnc_to_clear (entry_id, import_id, reason) SELECT id, ?1, '誤り' FROM do_not_call";
    assert_eq!(world.db.db.execute(sql, [import]).unwrap(), 1);
    let mut world = world.reopen();
    world.db.recover(NOW + 1).unwrap();
    assert_eq!(live(&world.db, &world.path), 1);
}

fn live(db: &SqliteBackend, path: &std::path::Path) -> usize {
    let mut reader = open_reader(path, db.changes()).unwrap();
    reader.dnc_entries(&DncQuery { limit: 1000, ..DncQuery::default() }).unwrap().len()
}

#[test]
fn killed_anywhere_in_a_file_no_number_is_callable_that_was_not() {
    let World { _dir, path, db, .. } = World::new(3);
    drop(db);
    let (mut kills, mut most, mut clear, mut steps) = (0, 0, false, 300_u64);
    loop {
        // Added first, cleared when all are there; the steps between kills grow from the first rows to past the end.
        steps += 400;
        assert!(steps < 100_000, "it never ends");
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sqlite::tests::dnc_crash::child", "--nocapture", "--test-threads=1"])
            .env(CHILD, format!("{steps} {clear} {}", path.display()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let last = |word: &str| {
            said.lines().filter_map(|line| line.strip_prefix(word)).next_back().map(str::to_owned)
        };
        let mut db = open(&path, &OpenOptions::default()).unwrap();
        let found = db.recover(NOW + 1).unwrap().imports;
        let now = live(&db, &path);
        let committed = said.lines().any(|line| line == "committed");
        if clear {
            // The commit may have been made without living to say so; then all of it was cleared.
            assert!(now == NUMBERS || now == 0, "{now} after {steps} steps: {said}");
            assert!(now == 0 || !committed, "committed, and {now} hold");
            assert!(found.iter().all(|import| import.state != "staging"));
        } else {
            let staged: usize = last("staged ").map_or(0, |word| word.parse().unwrap());
            assert!(now >= staged.max(most), "{now} of {staged}, {most} before, after {steps} steps");
            assert!(now == NUMBERS || !committed);
            most = now;
        }
        let left: i64 = db.db.query_row("SELECT count(*) FROM dnc_to_clear", [], |r| r.get(0)).unwrap();
        assert_eq!(left, 0, "nothing is left half done");
        if clear && now == 0 {
            break;
        }
        if output.status.success() {
            // The file, all of it, settled what was cut short before it.
            assert!(db.dnc_interrupted().unwrap().is_empty());
            (clear, steps) = (true, 300);
        } else {
            kills += 1;
        }
    }
    assert!(kills >= 10, "{kills} kills");
}

/// Not a test by itself: what the children of the test above run.
#[test]
fn child() {
    let Ok(order) = std::env::var(CHILD) else { return };
    let mut words = order.splitn(3, ' ');
    let mut left: u64 = words.next().unwrap().parse().unwrap();
    let clear: bool = words.next().unwrap().parse().unwrap();
    let mut db = open(std::path::Path::new(words.next().unwrap()), &OpenOptions::default()).unwrap();
    db.recover(NOW).unwrap();
    let abort = move || {
        left = left.saturating_sub(1);
        if left == 0 {
            std::process::abort();
        }
        false
    };
    db.db.progress_handler(3, Some(abort)).unwrap();
    let start = DncStart {
        source: "x.csv".into(),
        clear,
        rows: NUMBERS as u64,
        refused: 0,
        by: Actor::default(),
        now: NOW,
    };
    let stage = db.dnc_begin(&start).unwrap();
    let rows: Vec<DncChange> = (0..NUMBERS).map(change).collect();
    for (piece, rows) in rows.chunks(10).enumerate() {
        let mut from = 0;
        while from < rows.len() {
            from += db.dnc_stage(stage, &rows[from..]).unwrap().0;
        }
        say(&format!("staged {}", piece * 10 + rows.len()));
    }
    db.dnc_commit(stage, NUMBERS as u64, 0, 0).unwrap();
    say("committed");
    let mut after = Some(0);
    while let (Some(from), true) = (after, clear) {
        after = db.dnc_clear_slice(stage.import, from).unwrap();
    }
    for import in db.dnc_interrupted().unwrap() {
        let mut after = Some(0);
        while let Some(from) = after {
            after = db.dnc_settle(import, from, NOW).unwrap();
        }
    }
}

fn change(number: usize) -> DncChange {
    let phone = phone(number).expose().to_owned();
    DncChange { phone, project: None, reason: "名簿".into(), evidence: None, said: Default::default() }
}

/// One line at once: what is printed is out, whatever comes.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The test harness prints its own line first, without an end.
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}
