//! The process is killed for real, again and again, on one database.
//!
//! A child of this test binary calls down a list and reports on its standard output: `invite` after the commit that
//! allows the INVITE, `saved` after an acknowledged save. Half of the children abort themselves inside a statement, the
//! others get SIGKILL from here at a seeded line. The database goes from child to child.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use super::*;
use crate::model::{AttemptRow, HistoryQuery};
use crate::seeded::Random;

const CHILD: &str = "KAKERU_STORE_CRASH_CHILD";

#[test]
fn killed_at_any_statement_nobody_is_dialed_twice_and_no_save_is_lost() {
    let world = World::new(LEADS);
    let World { _dir, path, db, .. } = world;
    drop(db);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut invites: BTreeMap<String, u32> = BTreeMap::new();
    let mut saved: BTreeMap<AttemptId, String> = BTreeMap::new();
    let mut kills = 0;
    let mut finished = false;
    for turn in 0..400 {
        // A start alone takes a few thousand steps, so that the first calls are hit as well as recovery itself.
        let steps = if turn % 2 == 0 { 200 + random.below(5000) } else { u64::MAX };
        let line = if turn % 2 == 0 { u64::MAX } else { 1 + random.below(9) };
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sqlite::tests::crash::child", "--nocapture", "--test-threads=1"])
            .env(CHILD, format!("{turn} {steps} {}", path.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut seen = 0;
        for text in BufReader::new(child.stdout.take().unwrap()).lines() {
            // What was written before the kill counts, so reading goes on after it.
            let Ok(text) = text else { break };
            let mut words = text.split(' ');
            match (words.next(), words.next(), words.next()) {
                (Some("invite"), Some(number), None) => *invites.entry(number.into()).or_default() += 1,
                (Some("saved"), Some(id), Some(memo)) => {
                    saved.insert(id.parse().unwrap(), memo.into());
                }
                (Some("finished"), None, None) => finished = true,
                _ => continue,
            }
            seen += 1;
            if seen == line && !finished {
                child.kill().unwrap();
            }
        }
        let status = child.wait().unwrap();
        if finished {
            // The kill may be on its way already, or the last step come while it closes the file: one more death,
            // judged below like the others. A panic would be an exit code.
            assert!(status.success() || status.signal().is_some(), "{status}");
            break;
        }
        assert!(!status.success(), "a child that ends by itself has finished");
        kills += 1;
    }
    assert!(finished, "the list was never finished");
    println!("{kills} kills, {} INVITEs, {} saves", invites.len(), saved.len());
    assert!(kills >= 50, "{kills} kills");

    let twice: Vec<_> = invites.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "dialed twice: {twice:?}");
    let mut db = open(&path, &OpenOptions::default()).unwrap();
    let recovery = db.recover(NOW).unwrap();
    assert_eq!((recovery.released, recovery.interrupted.len()), (0, 0));
    let rows = history(&path);
    for (id, memo) in &saved {
        let row = rows.iter().find(|row| row.id == *id).expect("a saved attempt");
        // The last save may have been committed without living to say so.
        let kept = row.memo.as_deref();
        assert!(
            kept == Some(memo) || kept == Some(LAST),
            "an acknowledged save was lost: {kept:?} for {memo}"
        );
    }
    // One row per INVITE at most; an INVITE without a row cannot be.
    let dialed: BTreeSet<&str> = rows.iter().filter_map(|row| row.phone.as_deref()).collect();
    assert_eq!(dialed.len(), rows.len(), "two rows for one number in a round");
    assert!(invites.keys().all(|number| dialed.contains(number.as_str())));
    assert_eq!(rows.len(), LEADS);
    // Every sealed attempt left exactly one outbox row.
    let sealed: BTreeSet<AttemptId> =
        rows.iter().filter(|row| row.sealed_at.is_some()).map(|row| row.id).collect();
    let outbox: Vec<AttemptId> = db.outbox_next(None, 10_000).unwrap().iter().map(|row| row.key).collect();
    assert_eq!(outbox.len(), outbox.iter().collect::<BTreeSet<_>>().len());
    assert_eq!(outbox.into_iter().collect::<BTreeSet<_>>(), sealed);
    let mut reader = open_reader(&path, &Default::default()).unwrap();
    let query = crate::model::StatsQuery::default();
    assert_eq!(reader.stats(&query).unwrap(), reader.stats_recount(&query).unwrap());
    let check: String = db.db.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    assert_eq!(check, "ok");
}

fn history(path: &std::path::Path) -> Vec<AttemptRow> {
    let query = HistoryQuery { limit: 1000, ..HistoryQuery::default() };
    open_reader(path, &Default::default()).unwrap().history(&query).unwrap()
}

/// Not a test by itself: what the children of the test above run.
#[test]
fn child() {
    let Ok(order) = std::env::var(CHILD) else { return };
    let mut words = order.splitn(3, ' ');
    let turn: i64 = words.next().unwrap().parse().unwrap();
    let steps: u64 = words.next().unwrap().parse().unwrap();
    let path = std::path::PathBuf::from(words.next().unwrap());
    let mut db = open(&path, &OpenOptions::default()).unwrap();
    let mut left = steps;
    // Every few instructions of SQLite's machine: between and inside statements.
    let abort = move || {
        left = left.saturating_sub(1);
        if left == 0 {
            std::process::abort();
        }
        false
    };
    db.db.progress_handler(3, Some(abort)).unwrap();
    let list = super::super::lists::by_name(&db.db, "リスト").unwrap();
    let user = db.ensure_user("alice", "Alice", Role::Operator, NOW).unwrap();
    // Every life is a minute after the one before.
    let mut world = Child { db, list: list.id, user, project: list.project, now: NOW + turn * MINUTE };
    let recovery = world.db.recover(world.now).unwrap();
    for row in recovery.interrupted.iter().chain(&recovery.unsealed) {
        world.db.seal(row.id, world.now).unwrap();
    }
    let mut last = None;
    loop {
        world.now += 10;
        let save = last.map(|attempt| world.save(attempt, LAST));
        let step = world.step(last, save);
        let advanced = world.db.advance(&step).unwrap();
        if let Some(attempt) = last {
            say(&format!("saved {attempt} {LAST}"));
        }
        let Some(claimed) = advanced.claimed else { break };
        say(&format!("invite {}", claimed.phone.expose()));
        world.now += 10;
        world.db.progress(&crate::model::AttemptProgress::new(claimed.attempt)).unwrap();
        world.db.save(&world.save(claimed.attempt, "途中")).unwrap();
        say(&format!("saved {} 途中", claimed.attempt));
        world.db.end_attempt(&world.end(claimed.attempt)).unwrap();
        last = Some(claimed.attempt);
    }
    say("finished");
}

/// One line at once: what is printed is out, whatever comes.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The test harness prints its own line first, without an end.
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}

struct Child {
    db: SqliteBackend,
    list: ListId,
    user: UserId,
    project: ProjectId,
    now: i64,
}

impl Child {
    fn step(&self, seal_attempt: Option<AttemptId>, save: Option<Save>) -> Advance {
        let caller_id = self.project.to_string().get(..4).map(str::to_owned);
        let claim = ClaimSpec { caller_id, ..claim(self.list, self.now) };
        Advance { now: self.now, seat: "a".into(), user: self.user, save, seal_attempt, claim: Some(claim) }
    }

    fn save(&self, attempt: AttemptId, memo: &str) -> Save {
        Save { memo: Some(memo.into()), ..Save::new(attempt, "talked", self.user, self.now) }
    }

    fn end(&self, attempt: AttemptId) -> AttemptEnd {
        AttemptEnd {
            hangup_by: Some(HangupBy::Local),
            sip_code: Some(200),
            q850: Some(16),
            answered_at: Some(self.now - 5),
            ..AttemptEnd::new(attempt, self.now)
        }
    }
}

const LEADS: usize = 240;
/// Memo of an attempt's last save.
const LAST: &str = "言伝";
