//! SIGKILL at random moments of an auto-call: nobody is called twice, no acknowledged save is lost.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use e2e::daemon::{Account, Control, Daemon};
use e2e::peer::sipp::Scenario;
use e2e::wait;
use serde_json::json;

use crate::SOON;

/// Kills; the order is 50 or more.
const KILLS: usize = 55;
/// Leads: each kill uses up one at least, so that the list outlasts the kills.
const LEADS: usize = 400;
/// Same kills every time; print another with the failure to repeat it.
const SEED: u64 = 20_261_121;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// Busy numbers, judged by the machine, and talks of a moment, judged by the operator, in turn.
fn list() -> String {
    let mut text = "取引先会社名,取引先担当者名,電話番号,カテゴリー\n".to_owned();
    for n in 0..LEADS {
        let ending = if n % 3 == 0 { "06" } else { "02" };
        let _ = writeln!(text, "会社{n},担当,031{:03}{:02}{ending},", 200 + n / 100, n % 100);
    }
    text
}

#[test]
fn fifty_five_kills_call_nobody_twice_and_lose_no_save() {
    // Talks are short, so that the kills meet every state.
    let exchange = Scenario::server("exchange").edit("timeout=\"1000\"", "timeout=\"150\"").start();
    let line = Account::new("main", exchange.address()).unregistered();
    let mut daemon = Daemon::builder().account(line).set("log", "level", "\"info\"").start();
    daemon.import("first", list());
    let mut chance = Chance(SEED);
    let mut acknowledged: BTreeMap<String, String> = BTreeMap::new();
    for kill in 0..KILLS {
        let moment = Duration::from_millis(chance.below(700));
        operate(&daemon, kill, moment, &mut acknowledged);
        daemon.kill9();
        daemon.start();
    }

    let counts = exchange.calls_by_number();
    let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "called twice (seed {SEED}): {twice:?}");
    assert!(counts.len() >= KILLS / 2, "only {} calls in {KILLS} lives", counts.len());

    let database = daemon.database();
    let integrity: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
    assert!(acknowledged.len() >= 5, "only {} saves were acknowledged", acknowledged.len());
    let history = history(&daemon);
    for (attempt, memo) in &acknowledged {
        let row = history.get(attempt).unwrap_or_else(|| panic!("{attempt} is gone (seed {SEED})"));
        assert_eq!(row["memo"], memo.as_str(), "{row:#}");
        assert_eq!(row["status"], "prospect", "{row:#}");
    }
    // Every call that left is on record.
    for number in counts.keys() {
        let known = history.values().any(|row| national(row["number"].as_str().unwrap()) == *number);
        assert!(known, "{number} was called without a row (seed {SEED})");
    }
    // What was sealed is written back once per attempt, or repeated under the same id.
    let sealed = history.values().filter(|row| !row["sealed_at"].is_null()).count();
    wait::until_true("the write-back", SOON, || {
        let ids: std::collections::BTreeSet<_> =
            daemon.drop_rows().into_iter().map(|row| row["id"].clone()).collect();
        ids.len() >= sealed
    });
}

/// Works as an operator for that long: starts the list, saves each talk with a memo of its own.
fn operate(daemon: &Daemon, kill: usize, time: Duration, acknowledged: &mut BTreeMap<String, String>) {
    let mut control = daemon.control();
    // A session that the last life left may be there already.
    let _ = control.call("dial.start", &json!({ "list": "first" }));
    wait::within(time, || {
        save(&mut control, kill, acknowledged);
        None::<()>
    });
}

fn save(control: &mut Control, kill: usize, acknowledged: &mut BTreeMap<String, String>) {
    let Ok(status) = control.call("status.get", &json!({})) else { return };
    let seat = &status["seats"][0];
    let Some(attempt) = seat["call"]["attempt"].as_str().filter(|_| seat["state"] == "wrap_up") else {
        return;
    };
    let memo = format!("memo {kill} of {attempt}");
    let params = json!({ "attempt": attempt, "status": "prospect", "memo": memo, "next": "dial" });
    if control.call("call.save", &params).is_ok() {
        acknowledged.insert(attempt.to_owned(), memo);
    }
}

fn history(daemon: &Daemon) -> BTreeMap<String, serde_json::Value> {
    let mut control = daemon.control();
    let page = control.call("history.list", &json!({ "limit": 1000 })).expect("the history is there");
    let rows = page["rows"].as_array().expect("rows").iter();
    rows.map(|row| (row["attempt"].as_str().expect("an id").to_owned(), row.clone())).collect()
}

/// However a number is shown, as it is dialed: national digits.
fn national(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.strip_prefix("81").map_or(digits.clone(), |rest| format!("0{rest}"))
}
