//! Claimers at once, and the process killed beside a running import: both on the store as the daemon uses it, threads
//! and all.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Barrier;

use super::*;
use crate::id::{AttemptId, LeadId, ListId, UserId};
use crate::import::{ImportJob, ImportOptions, ImportSource};
use crate::model::{
    Actor, Advance, AttemptEnd, AttemptProgress, ClaimSpec, DialRules, HistoryQuery, ListSpec, Role, Save,
    StatsQuery,
};
use crate::phone::DialPlan;
use crate::progress::Progress;
use crate::seeded::Random;

const NOW: i64 = 1_795_222_800_000;
const MINUTE: i64 = 60_000;

/// Who claims, and from which list.
#[derive(Clone)]
struct Seat {
    store: Store,
    name: String,
    user: UserId,
    list: ListId,
}

impl Seat {
    fn claim(&self, dial_now: bool, now: i64) -> ClaimSpec {
        ClaimSpec {
            attempt: AttemptId::generate(now),
            list: self.list,
            plan: DialPlan::default(),
            dial_now,
            rules: DialRules::lawful(),
            claim_until: now + MINUTE,
            skip: Vec::new(),
            account: "main".into(),
            caller_id: None,
        }
    }

    fn advance(&self, last: Option<AttemptId>, dial_now: bool, now: i64) -> Advance {
        Advance {
            now,
            seat: self.name.clone(),
            user: self.user,
            save: last.map(|attempt| self.save(attempt, LAST, now)),
            seal_attempt: last,
            claim: Some(self.claim(dial_now, now)),
        }
    }

    fn save(&self, attempt: AttemptId, memo: &str, now: i64) -> Save {
        Save { memo: Some(memo.into()), ..Save::new(attempt, "talked", self.user, now) }
    }
}

fn ended(attempt: AttemptId, now: i64) -> AttemptEnd {
    AttemptEnd {
        sip_code: Some(200),
        q850: Some(16),
        answered_at: Some(now),
        ..AttemptEnd::new(attempt, now)
    }
}

fn sheet(area: &str, rows: usize) -> ImportSource {
    let mut text = String::from("会社名,電話番号,カテゴリー\n");
    for row in 0..rows {
        writeln!(text, "会社{row},{area}{row:08},新規").unwrap();
    }
    ImportSource::Bytes(text.into_bytes())
}

fn job(list: ListId, source: ImportSource, now: i64) -> ImportJob {
    ImportJob {
        list: Some(list),
        source,
        options: ImportOptions::default(),
        by: Actor::default(),
        now,
        progress: None,
    }
}

/// Two lists, the first with so many leads.
async fn prepared(path: &Path, leads: usize) -> (Seat, ListId) {
    let store = Store::open(path, OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let user = store.ensure_user("alice", "Alice", Role::Operator, NOW).await.unwrap();
    let mut lists = Vec::new();
    for name in ["called", "imported"] {
        let spec = ListSpec { name: name.into(), project };
        lists.push(store.create_list(spec, Actor::default(), NOW).await.unwrap().id);
    }
    let report = store.import(job(lists[0], sheet("03", leads), NOW)).await.unwrap();
    assert_eq!(report.inserted, leads as u64);
    (Seat { store, name: "a".into(), user, list: lists[0] }, lists[1])
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// However many claim at once, on threads of their own, with saves, with leads shown and given back: every lead is dialed by one.
#[test]
fn claimers_at_once_never_share_a_lead() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = block_on(prepared(&dir.path().join("kakeru.db"), CLAIMED));
    let start = Barrier::new(CLAIMERS);
    let shift = |number: usize| {
        let seat = Seat { name: format!("seat {number}"), ..first.clone() };
        start.wait();
        block_on(async {
            let (mut dialed, mut last, mut now): (Vec<LeadId>, Option<AttemptId>, i64) =
                (Vec::new(), None, NOW);
            for turn in number.. {
                now += 10;
                // Every third is shown before it is dialed, and every ninth of all is given back.
                let step = seat.advance(last.take(), turn % 3 > 0, now);
                let Some(claimed) = seat.store.advance(step).await.unwrap().claimed else { break };
                if !claimed.dialed && turn % 9 == 0 {
                    seat.store.release(claimed.attempt, now).await.unwrap();
                    continue;
                }
                if !claimed.dialed {
                    seat.store.mark_dialing(claimed.attempt, DialRules::lawful(), now).await.unwrap();
                }
                dialed.push(claimed.lead.unwrap());
                seat.store.end_attempt(ended(claimed.attempt, now)).await.unwrap();
                last = Some(claimed.attempt);
            }
            dialed
        })
    };
    let shifts: Vec<Vec<LeadId>> = std::thread::scope(|scope| {
        let shift = &shift;
        let threads: Vec<_> = (0..CLAIMERS).map(|number| scope.spawn(move || shift(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(shifts.iter().all(|dialed| !dialed.is_empty()), "all of them claimed");
    let dialed: Vec<LeadId> = shifts.concat();
    let leads: BTreeSet<u128> = dialed.iter().map(|lead| lead.0).collect();
    assert_eq!(leads.len(), dialed.len(), "a lead was dialed by two");
    // A seat may end while the last leads are shown at another, which gives them back.
    assert!(dialed.len() + CLAIMERS >= CLAIMED, "{} of {CLAIMED} were dialed", dialed.len());
    let found = block_on(first.store.verify(StatsQuery::default(), Progress::default())).unwrap();
    assert_eq!(found, []);
}

/// Kill between any two statements, under load: the process calls down a list and imports a file beside it, and gets SIGKILL again and
/// again. Nobody is dialed twice, no acknowledged save is lost, what has a result is sealed and handed out once.
#[test]
fn two_hundred_kills_beside_an_import_dial_nobody_twice_and_lose_no_save() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kakeru.db");
    let (seat, _) = block_on(prepared(&path, LEADS));
    block_on(seat.store.close());
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut invites: BTreeMap<String, u32> = BTreeMap::new();
    let mut saved: BTreeMap<AttemptId, String> = BTreeMap::new();
    let (mut kills, mut beside) = (0, 0);
    // How often an import is hit depends on how busy the machine is: as many lives as it takes.
    while kills < MOST_LIVES && (kills < KILLS || beside < KILLS / 4) {
        let last_line = 1 + random.below(8);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "handle::killed::child", "--nocapture", "--test-threads=1"])
            .env(CHILD, format!("{kills} {}", path.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut seen, mut over) = (0, false);
        for text in BufReader::new(child.stdout.take().unwrap()).lines() {
            let Ok(text) = text else { break };
            let mut words = text.split(' ');
            match (words.next(), words.next(), words.next()) {
                (Some("invite"), Some(number), None) => *invites.entry(number.into()).or_default() += 1,
                (Some("saved"), Some(id), Some(memo)) => drop(saved.insert(id.parse().unwrap(), memo.into())),
                (Some("undone"), Some(imports), None) => beside += u32::from(imports != "0"),
                (Some("finished"), None, None) => over = true,
                _ => continue,
            }
            seen += 1;
            if seen == last_line {
                // Somewhere in what follows the line: both threads of the store are at work.
                for _ in 0..random.below(200_000) {
                    std::hint::spin_loop();
                }
                child.kill().unwrap();
            }
        }
        let status = child.wait().unwrap();
        assert!(!over, "more leads are needed for {KILLS} lives");
        assert_eq!(status.signal(), Some(9), "a life ends by the kill alone");
        kills += 1;
    }
    println!("{kills} kills, {beside} in an import, {} INVITEs, {} saves", invites.len(), saved.len());
    assert!(kills >= KILLS && beside >= KILLS / 4, "{beside} of {kills} kills cut an import short");

    let twice: Vec<_> = invites.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "dialed twice: {twice:?}");
    block_on(async {
        let store = Store::open(&path, OpenOptions::default()).unwrap();
        store.recover(NOW).await.unwrap();
        store.seal_judged(NOW).await.unwrap();
        let mut rows = Vec::new();
        loop {
            let before = rows.last().map(|row: &crate::model::AttemptRow| row.id);
            let page =
                store.history(HistoryQuery { before, limit: 1000, ..Default::default() }).await.unwrap();
            if page.is_empty() {
                break;
            }
            rows.extend(page);
        }
        for (id, memo) in &saved {
            let row = rows.iter().find(|row| row.id == *id).expect("a saved attempt");
            let kept = row.memo.as_deref();
            assert!(kept == Some(memo) || kept == Some(LAST), "a save was lost: {kept:?} for {memo}");
        }
        let dialed: BTreeSet<&str> = rows.iter().filter_map(|row| row.phone.as_deref()).collect();
        assert_eq!(dialed.len(), rows.len(), "two rows for one number");
        assert!(invites.keys().all(|number| dialed.contains(number.as_str())));
        assert!(rows.iter().all(|row| row.sealed_at.is_some() == row.status.is_some()), "S4.49");
        let sealed: BTreeSet<AttemptId> =
            rows.iter().filter(|row| row.sealed_at.is_some()).map(|row| row.id).collect();
        let handed = store.outbox_next(10_000).await.unwrap();
        assert_eq!(handed.len(), sealed.len());
        assert_eq!(handed.iter().map(|row| row.key).collect::<BTreeSet<_>>(), sealed);
        let found = store.verify(StatsQuery::default(), Progress::default()).await.unwrap();
        assert_eq!(found, []);
        let halves = store.lists().await.unwrap().into_iter().find(|list| list.name == "imported").unwrap();
        assert!([0, ROWS as u64].contains(&halves.total), "half a file is in: {}", halves.total);
        store.close().await;
    });
    let database = rusqlite::Connection::open(&path).unwrap();
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

/// Not a test by itself: what the children of the test above run.
#[test]
fn child() {
    let Ok(order) = std::env::var(CHILD) else { return };
    let (turn, path) = order.split_once(' ').unwrap();
    let mut now = NOW + turn.parse::<i64>().unwrap() * MINUTE;
    block_on(async {
        let store = Store::open(Path::new(path), OpenOptions::default()).unwrap();
        let recovery = store.recover(now).await.unwrap();
        store.seal_judged(now).await.unwrap();
        say(&format!("undone {}", recovery.imports.len()));
        let user = store.ensure_user("alice", "Alice", Role::Operator, now).await.unwrap();
        let called = store.list_by_name("called").await.unwrap().id;
        let imported = store.list_by_name("imported").await.unwrap().id;
        let seat = Seat { store: store.clone(), name: "a".into(), user, list: called };
        let begun = now;
        let importing = async {
            for _ in 0..u8::MAX {
                store.import(job(imported, sheet("06", ROWS), begun)).await.unwrap();
            }
        };
        let calling = async {
            let mut last = None;
            loop {
                now += 10;
                let advanced = seat.store.advance(seat.advance(last, true, now)).await.unwrap();
                if let Some(attempt) = last {
                    say(&format!("saved {attempt} {LAST}"));
                }
                let Some(claimed) = advanced.claimed else { break };
                say(&format!("invite {}", claimed.phone.expose()));
                now += 10;
                seat.store.progress(AttemptProgress::new(claimed.attempt)).await.unwrap();
                seat.store.save(seat.save(claimed.attempt, "途中", now)).await.unwrap();
                say(&format!("saved {} 途中", claimed.attempt));
                seat.store.end_attempt(ended(claimed.attempt, now)).await.unwrap();
                last = Some(claimed.attempt);
            }
        };
        tokio::select! {
            () = importing => {}
            () = calling => {}
        }
    });
    say("finished");
}

/// One line at once: what is printed is out, whatever comes.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The test harness prints its own line first, without an end.
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}

const CHILD: &str = "KAKERU_STORE_KILLED_CHILD";
const KILLS: u32 = 200;
/// A machine on which this many are too few is told of.
const MOST_LIVES: u32 = 500;
/// More than so many lives can call.
const LEADS: usize = 1_200;
/// More than a life can import.
const ROWS: usize = 5_000;
/// Memo of an attempt's last save.
const LAST: &str = "言伝";
const CLAIMERS: usize = 6;
const CLAIMED: usize = 300;
