//! Times one thing done to many leads: `cargo run --release -p store --example assign_bench [LEADS] [--calls] [--dir DIR]`.
//!
//! Leads of a list, whose numbers are in no order, are given to five users in turn, then to one of them, then to nobody; then all are
//! excluded. With `--calls` a save is made every five milliseconds beside it; how long each waited is printed.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reads the clock, prints and may stop at the first error"
)]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use store::import::{ImportJob, ImportSource};
use store::{
    Actor, LeadChange, LeadSelection, ListSpec, OpenOptions, Progress, Role, Store, UserId, ViewFilter,
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (mut leads, mut calls, mut dir) = (200_000_usize, false, None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--dir" => dir = args.next().map(PathBuf::from),
            "--calls" => calls = true,
            number => leads = number.parse().unwrap(),
        }
    }
    let temporary = tempfile::tempdir().unwrap();
    let path = dir.unwrap_or_else(|| temporary.path().to_owned()).join("assign_bench.db");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    store.recover(now).await.unwrap();
    let project = store.ensure_project("bench", None, now).await.unwrap();
    let mut users: Vec<UserId> = Vec::new();
    for login in ["a", "b", "c", "d", "e"] {
        users.push(store.ensure_user(login, login, Role::Operator, now).await.unwrap());
    }
    let list = store.create_list(ListSpec { name: "bench".into(), project }, Actor::default(), now).await;
    let list = list.unwrap().id;
    let mut csv = String::from("会社名,電話番号\n");
    for row in 0..leads {
        let number = (row * 7_654_321) % 10_000_000;
        writeln!(csv, "株式会社{row},090{}{number:07}", 1 + row / 10_000_000).unwrap();
    }
    store.import(ImportJob::into_list(list, ImportSource::Bytes(csv.into_bytes()), now)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    let ids = store.find_leads(list, ViewFilter::default()).await.unwrap();
    println!("{} leads found: {:.2} s", ids.len(), begun.elapsed().as_secs_f64());
    let one = users[0];
    for (what, change) in [
        ("to five users", LeadChange::Assign { users }),
        ("to one", LeadChange::Assign { users: vec![one] }),
        ("to nobody", LeadChange::Assign { users: Vec::new() }),
        ("excluded", LeadChange::Exclude { reason: None }),
    ] {
        let begun = Instant::now();
        let selection = LeadSelection::from(ids.clone());
        let mut work =
            Box::pin(store.change_leads(list, selection, change, Actor::default(), now, Progress::default()));
        let mut waits = Vec::new();
        let done = loop {
            tokio::select! {
                done = &mut work => break done.unwrap(),
                wait = write(&store, now), if calls => waits.push(wait),
            }
        };
        waits.sort();
        let at = |share: f64| {
            let wait = waits.get(((waits.len().max(1) - 1) as f64 * share) as usize).copied();
            wait.unwrap_or_default().as_secs_f64() * 1e3
        };
        println!(
            "{} {what}: {:.2} s; {} writes beside waited p50 {:.1}, p99 {:.1}, longest {:.1} ms",
            done.changed,
            begun.elapsed().as_secs_f64(),
            waits.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }
    store.close().await;
}

/// A write in the lane of calls, some milliseconds after the last.
async fn write(store: &Store, now: i64) -> Duration {
    tokio::time::sleep(Duration::from_millis(5)).await;
    let begun = Instant::now();
    store.ensure_user("a", "a", Role::Operator, now).await.unwrap();
    begun.elapsed()
}
