//! Times imports alone: `cargo run --release -p store --example import_bench [ROWS] [LISTS] [--shuffled]`.
//!
//! Every list gets the same sheet (CP932), so the first import creates the contacts and the others find them. Printed
//! per import: seconds, processor time of the store's thread and of the whole process, bytes written. Beside it a call
//! writes every few milliseconds; the longest waits are printed at the end. `--dir DIR` chooses the disk.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reads the clock, prints and may stop at the first error"
)]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use store::import::{ImportJob, ImportOptions, ImportSource};
use store::{ListSpec, OpenOptions, Store};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (mut numbers, mut shuffled, mut calls, mut dir) = (Vec::new(), false, false, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--dir" => dir = args.next().map(PathBuf::from),
            "--shuffled" => shuffled = true,
            "--calls" => calls = true,
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
    let sheet = sheet(rows, shuffled);
    for turn in 0..lists {
        let list =
            store.create_list(ListSpec { name: format!("list {turn}"), project }, now).await.unwrap().id;
        let options = ImportOptions { max_rows: u64::MAX, max_bytes: u64::MAX, ..ImportOptions::default() };
        let source = ImportSource::Bytes(sheet.clone());
        let job = ImportJob { list, source, options, user: None, now: now + 1 + turn as i64, progress: None };
        let before = (Instant::now(), processor(), written());
        let mut import = Box::pin(store.import(job));
        let mut waits = Vec::new();
        let report = loop {
            if !calls {
                break import.await.unwrap();
            }
            tokio::select! {
                report = &mut import => break report.unwrap(),
                () = tokio::time::sleep(Duration::from_millis(3)) => {}
            }
            let begun = Instant::now();
            store.reserve_event_seq(1).await.unwrap();
            waits.push(begun.elapsed());
        };
        assert_eq!(report.inserted, rows as u64);
        let after = processor();
        print!(
            "{rows} rows: {:.3} s, store thread {:.3} s, process {:.3} s, written {:.1} MB, contacts {}",
            before.0.elapsed().as_secs_f64(),
            after.0 - before.1.0,
            after.1 - before.1.1,
            (written() - before.2) as f64 / 1e6,
            report.contacts_created
        );
        waits.sort();
        if let Some(longest) = waits.last() {
            let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
            print!(
                ", {} calls waited p50 {:.1?} p99 {:.1?} longest {longest:.1?}",
                waits.len(),
                at(0.5),
                at(0.99)
            );
        }
        println!(", peak {:.1} MiB", peak());
    }
    store.close().await;
}

fn sheet(rows: usize, shuffled: bool) -> Vec<u8> {
    let mut text = String::from("取引先会社名,取引先担当者名,電話番号,カテゴリー\r\n");
    for row in 0..rows {
        // A step that is prime to the range visits each once.
        let number = if shuffled { (row * 7_654_321) % 10_000_000 } else { row };
        let (exchange, line) = (3_000 + number / 10_000, number % 10_000);
        write!(text, "株式会社見本{row},担当者{row},03-{exchange}-{line:04},見込客\r\n").unwrap();
    }
    encoding_rs::SHIFT_JIS.encode(&text).0.into_owned()
}

/// Seconds of processor time: the store's thread, the whole process.
fn processor() -> (f64, f64) {
    let (mut thread, mut all) = (0.0, 0.0);
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let folder = task.unwrap().path();
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        let nanos: f64 = read("schedstat").split(' ').next().unwrap_or_default().parse().unwrap_or(0.0);
        all += nanos / 1e9;
        if read("comm").trim() == "store" {
            thread = nanos / 1e9;
        }
    }
    (thread, all)
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
