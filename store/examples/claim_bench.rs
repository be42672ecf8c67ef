//! Times the one commit between key press and INVITE: `cargo run --release -p store --example claim_bench [LEADS]`.
//!
//! Prints p50 and p99 of `advance` (save, seal, claim, mark dialed) through the store's handle and thread, and of the
//! import that made the list. `--dir DIR` chooses the disk; strace shows one `fdatasync` per commit.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark reads the clock, prints and may stop at the first error"
)]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use store::import::{ImportJob, ImportSource};
use store::{
    Actor, Advance, AttemptEnd, AttemptId, ClaimSpec, DialPlan, DialRules, HangupBy, ListSpec, OpenOptions,
    Role, Save, Store,
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut leads = 100_000_usize;
    let mut calls = 2_000_usize;
    let mut dir = None;
    let mut json = false;
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--dir" => dir = args.next().map(PathBuf::from),
            "--json" => json = true,
            "--calls" => calls = args.next().unwrap().parse().unwrap(),
            number => leads = number.parse().unwrap(),
        }
    }
    let temporary = tempfile::tempdir().unwrap();
    let dir = dir.unwrap_or_else(|| temporary.path().to_owned());
    let path = dir.join("claim_bench.db");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    store.recover(now).await.unwrap();
    let project = store.ensure_project("bench", None, now).await.unwrap();
    let user = store.ensure_user("bench", "Bench", Role::Operator, now).await.unwrap();
    let list = store
        .create_list(ListSpec { name: "bench".into(), project }, Actor::default(), now)
        .await
        .unwrap()
        .id;

    let mut csv = String::from("取引先会社名,取引先担当者名,電話番号,カテゴリー\n");
    // Numbers in no order, as in real lists: a step that is prime to the range visits each once.
    for row in 0..leads {
        let number = (row * 7_654_321) % 10_000_000;
        writeln!(csv, "株式会社{row},担当{row},090{}{number:07},関東|大口", 1 + row / 10_000_000).unwrap();
    }
    let job = ImportJob::into_list(list, ImportSource::Bytes(csv.into_bytes()), now);
    let begun = Instant::now();
    let report = store.import(job).await.unwrap();
    eprintln!(
        "import of {} rows: {:.2} s, of which inserted {}",
        leads,
        begun.elapsed().as_secs_f64(),
        report.inserted
    );
    tokio::time::sleep(Duration::from_secs(1)).await;

    let mut times = Vec::with_capacity(calls);
    let mut last: Option<AttemptId> = None;
    for call in 0..calls {
        let now = now + 60_000 + call as i64 * 10;
        let save = last
            .map(|attempt| Save {
                memo: Some("不在".into()), ..Save::new(attempt, "no_contact", user, now)
            });
        let claim = ClaimSpec {
            attempt: AttemptId::generate(now),
            list,
            plan: DialPlan::default(),
            dial_now: true,
            rules: DialRules::lawful(),
            claim_until: now + 60_000,
            skip: Vec::new(),
            account: "bench".into(),
            caller_id: None,
        };
        let step = Advance { now, seat: "a".into(), user, save, seal_attempt: last, claim: Some(claim) };
        let begun = Instant::now();
        let advanced = store.advance(step).await.unwrap();
        times.push(begun.elapsed());
        let claimed = advanced.claimed.expect("a lead");
        let end = AttemptEnd {
            hangup_by: Some(HangupBy::Remote),
            sip_code: Some(486),
            q850: Some(17),
            ringing_at: Some(now + 1),
            suggestion: Some("no_contact".into()),
            sub: Some("busy".into()),
            evidence: serde_json::json!({ "q850": 17 }),
            ..AttemptEnd::new(claimed.attempt, now + 5)
        };
        store.end_attempt(end).await.unwrap();
        last = Some(claimed.attempt);
    }
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    if json {
        println!("{}", serde_json::json!({ "p50_ms": at(0.50), "p99_ms": at(0.99), "worst_ms": at(1.0) }));
    } else {
        println!(
            "advance with {leads} leads, {calls} calls: p50 {:.3} ms, p99 {:.3} ms, worst {:.3} ms",
            at(0.50),
            at(0.99),
            at(1.0)
        );
    }
    store.close().await;
}
