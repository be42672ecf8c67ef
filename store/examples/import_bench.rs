//! Times imports alone: `cargo run --release -p store --example import_bench [ROWS] [LISTS] [--shuffled] [--calls] [--late]`.
//!
//! Every list gets the same sheet (CP932, read from a file as the daemon does), so the first import creates the contacts and
//! the others find them. Printed per import, as one line of JSON with `--json`: seconds, processor time of the store's thread, the import's thread and the one
//! that writes out, bytes written, memory above that before. With `--calls` a seat dials beside it: one `advance` (save,
//! seal, claim) and one end after the other, a few milliseconds apart; how long each write waited is printed. `--dir DIR`
//! chooses the disk; `--late` prints each write of a call that waited longer than 8 ms, and when. `sqlite3 .import` of the same rows in UTF-8 into a table without indexes is timed beside, as the
//! floor, where that program is installed.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reads the clock, prints and may stop at the first error"
)]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use store::import::{ImportJob, ImportSource};
use store::{
    Actor, Advance, AttemptEnd, AttemptId, ClaimSpec, DialPlan, DialRules, HangupBy, ListId, ListSpec,
    OpenOptions, Role, Save, Store, UserId,
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (mut numbers, mut shuffled, mut calls, mut json, mut dir) = (Vec::new(), false, false, false, None);
    let mut late = false;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--dir" => dir = args.next().map(PathBuf::from),
            "--shuffled" => shuffled = true,
            "--calls" => calls = true,
            "--json" => json = true,
            "--late" => late = true,
            number => numbers.push(number.parse::<usize>().unwrap()),
        }
    }
    let rows = numbers.first().copied().unwrap_or(50_000);
    let lists = numbers.get(1).copied().unwrap_or(3);
    let temporary = tempfile::tempdir().unwrap();
    let path = dir.unwrap_or_else(|| temporary.path().to_owned()).join("import_bench.db");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    store.recover(now).await.unwrap();
    let project = store.ensure_project("bench", None, now).await.unwrap();
    let user = store.ensure_user("bench", "Bench", Role::Operator, now).await.unwrap();
    let file = path.with_extension("csv");
    let text = sheet(rows, shuffled);
    std::fs::write(&file, encoding_rs::SHIFT_JIS.encode(&text).0).unwrap();
    // Else the kernel writes it out in the middle of what is measured. What the daemon is sent does not lie on the disk of its database.
    std::fs::File::open(&file).unwrap().sync_all().unwrap();
    let floor = floor(&path, &text).filter(|_| rows > 0);
    if let Some(seconds) = floor.filter(|_| !json) {
        println!("sqlite3 .import of the same rows in UTF-8: {seconds:.3} s");
    }
    drop(text);
    let dialed = store
        .create_list(ListSpec { name: "dialed".into(), project }, Actor::default(), now)
        .await
        .unwrap()
        .id;
    if calls {
        let mut few = String::from("電話番号,会社名\n");
        for row in 0..20_000 {
            writeln!(few, "06-{:04}-{:04},会社{row}", 3_000 + row / 10_000, row % 10_000).unwrap();
        }
        let job = ImportJob::into_list(dialed, ImportSource::Bytes(few.into_bytes()), now);
        store.import(job).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let mut seat = Seat {
        store: store.clone(),
        user,
        list: dialed,
        now: now + 1_000,
        last: None,
        waits: Vec::new(),
        late: Vec::new(),
    };
    for turn in 0..lists {
        let list = store
            .create_list(ListSpec { name: format!("list {turn}"), project }, Actor::default(), now)
            .await
            .unwrap()
            .id;
        let job = ImportJob::into_list(list, ImportSource::Path(file.clone()), now + 1 + turn as i64);
        reset_peak();
        let before = (Instant::now(), processor(), written(), resident(), reached_disk());
        let mut import = Box::pin(store.import(job));
        let (mut watch, mut threads) = (tokio::time::interval(Duration::from_millis(20)), Threads::new());
        let report = loop {
            tokio::select! {
                report = &mut import => break report.unwrap(),
                _ = watch.tick(), if !calls => threads.look(),
                () = seat.call(), if calls => threads.look(),
            }
        };
        assert_eq!(report.inserted, rows as u64);
        let seconds = before.0.elapsed().as_secs_f64();
        for (at, wait) in seat.late.drain(..).filter(|_| late) {
            println!("  at {:.3} s: {wait:.1?}", at.duration_since(before.0).as_secs_f64());
        }
        seat.waits.sort();
        if json {
            let wait = |share: f64| {
                let at = ((seat.waits.len().max(1) - 1) as f64 * share) as usize;
                seat.waits.get(at).map(|wait| wait.as_secs_f64() * 1e3)
            };
            println!(
                "{}",
                serde_json::json!({
                    "rows": rows, "seconds": seconds, "floor": floor, "memory_mib": peak() - before.3,
                    "written_mb": (written() - before.2) as f64 / 1e6, "processor_s": threads.total(&before.1),
                    "waits": seat.waits.len(), "p50_ms": wait(0.5), "p99_ms": wait(0.99), "longest_ms": wait(1.0),
                })
            );
            seat.waits.clear();
            continue;
        }
        print!("{rows} rows: {seconds:.3} s, processor:");
        for (name, seconds) in threads.seconds(&before.1) {
            print!(" {name} {seconds:.2}");
        }
        print!(
            " s, written {:.0} MB, of it to the disk so far {:.0}, memory +{:.1} MiB, contacts {}",
            (written() - before.2) as f64 / 1e6,
            (reached_disk() - before.4) as f64 / 1e6,
            peak() - before.3,
            report.contacts_created
        );
        if let Some(longest) = seat.waits.last() {
            let waits = &seat.waits;
            let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
            print!(
                ", {} writes of calls waited p50 {:.1?} p99 {:.1?} longest {longest:.1?}",
                waits.len(),
                at(0.5),
                at(0.99)
            );
        }
        seat.waits.clear();
        println!();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    store.close().await;
}

/// One operator: each call is claimed, ends at once and is saved with the next claim.
struct Seat {
    store: Store,
    user: UserId,
    list: ListId,
    now: i64,
    last: Option<AttemptId>,
    waits: Vec<Duration>,
    late: Vec<(Instant, Duration)>,
}

impl Seat {
    fn waited(&mut self, begun: Instant) {
        let wait = begun.elapsed();
        self.waits.push(wait);
        if wait > Duration::from_millis(8) {
            self.late.push((begun, wait));
        }
    }

    async fn call(&mut self) {
        tokio::time::sleep(Duration::from_millis(3)).await;
        self.now += 1_000;
        let now = self.now;
        let save = self.last.map(|attempt| Save {
            memo: Some("不在".into()),
            ..Save::new(attempt, "no_contact", self.user, now)
        });
        let claim = ClaimSpec {
            attempt: AttemptId::generate(now),
            list: self.list,
            plan: DialPlan::default(),
            dial_now: true,
            rules: DialRules::lawful(),
            claim_until: now + 60_000,
            skip: Vec::new(),
            account: "bench".into(),
            caller_id: None,
        };
        let (attempt, seal_attempt) = (claim.attempt, self.last.take());
        let step = Advance { now, seat: "a".into(), user: self.user, save, seal_attempt, claim: Some(claim) };
        let begun = Instant::now();
        let done = self.store.advance(step).await.unwrap();
        self.waited(begun);
        assert!(done.claimed.is_some(), "the list to dial is too short");
        self.last = Some(attempt);
        let end = AttemptEnd {
            hangup_by: Some(HangupBy::Remote),
            sip_code: Some(486),
            q850: Some(17),
            ..AttemptEnd::new(attempt, now + 5)
        };
        let begun = Instant::now();
        self.store.end_attempt(end).await.unwrap();
        self.waited(begun);
    }
}

/// The same rows in UTF-8, put into a table without keys or indexes by SQLite's own program.
fn floor(path: &std::path::Path, text: &str) -> Option<f64> {
    let (csv, db) = (path.with_extension("utf8.csv"), path.with_extension("floor.db"));
    std::fs::write(&csv, text).unwrap();
    let begun = Instant::now();
    let import = format!(".import --csv {} rows", csv.display());
    let done = Command::new("sqlite3").arg(&db).arg(import).status();
    let seconds = begun.elapsed().as_secs_f64();
    let _ = (std::fs::remove_file(csv), std::fs::remove_file(db));
    // What is freed is given back to the disk now, not beside what is measured.
    let _ = Command::new("sync").status();
    done.is_ok_and(|status| status.success()).then_some(seconds)
}

fn sheet(rows: usize, shuffled: bool) -> String {
    let mut text = String::from("取引先会社名,取引先担当者名,電話番号,カテゴリー\r\n");
    for row in 0..rows {
        // A step that is prime to the range visits each once.
        let number = if shuffled { (row * 7_654_321) % 10_000_000 } else { row };
        let (exchange, line) = (3_000 + number / 10_000, number % 10_000);
        write!(text, "株式会社見本{row},担当者{row},03-{exchange}-{line:04},見込客\r\n").unwrap();
    }
    text
}

/// Seconds of processor time by name of thread.
fn processor() -> std::collections::BTreeMap<String, f64> {
    let mut seconds = std::collections::BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let read = |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let nanos: f64 = read("schedstat").split(' ').next().unwrap_or_default().parse().unwrap_or(0.0);
        *seconds.entry(read("comm").trim().to_owned()).or_default() += nanos / 1e9;
    }
    seconds
}

/// Threads end before they can be asked, so they are looked at meanwhile.
struct Threads(std::collections::BTreeMap<String, f64>);

impl Threads {
    fn new() -> Self {
        Self(Default::default())
    }

    fn look(&mut self) {
        for (name, seconds) in processor() {
            let known = self.0.entry(name).or_default();
            *known = known.max(seconds);
        }
    }

    /// Of the threads of the store together.
    fn total(self, before: &std::collections::BTreeMap<String, f64>) -> f64 {
        self.seconds(before).iter().map(|(_, seconds)| seconds).sum()
    }

    fn seconds(mut self, before: &std::collections::BTreeMap<String, f64>) -> Vec<(String, f64)> {
        self.look();
        let wanted = |name: &str| name.starts_with("store") && name != "store-read";
        let above = |(name, seconds): (String, f64)| {
            let before = before.get(&name).copied().filter(|_| name == "store").unwrap_or(0.0);
            (name, seconds - before)
        };
        self.0.into_iter().filter(|(name, _)| wanted(name)).map(above).collect()
    }
}

fn reset_peak() {
    // Forgets the peak of before (proc(5)).
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn resident() -> f64 {
    field("/proc/self/status", "VmRSS:") as f64 / 1024.0
}

/// Bytes that went or have to go to a disk so far; a page that is written twice before it goes counts once.
fn reached_disk() -> u64 {
    field("/proc/self/io", "write_bytes:")
}

/// Bytes written by system calls so far.
fn written() -> u64 {
    field("/proc/self/io", "wchar:")
}

fn peak() -> f64 {
    field("/proc/self/status", "VmHWM:") as f64 / 1024.0
}

fn field(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
