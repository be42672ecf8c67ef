//! When a result that was left open becomes final: at the end of the daemon, at its next start, and for a row of an
//! earlier life at once (S4.49).

use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::Scenario;
use serde_json::{Value, json};

use crate::SOON;

/// Numbers of callees that talk until they are hung up on.
const NUMBERS: [&str; 3] = ["0312340101", "0312340201", "0312340301"];

fn wait_state(daemon: &Daemon, state: &str) -> Value {
    let status = daemon.wait_status(state, SOON, |status| status["seats"][0]["state"] == state);
    status["seats"][0].clone()
}

/// Talks with the next lead, and returns the attempt.
fn talk(daemon: &Daemon) -> String {
    daemon.cli(&["dial", "start", "first"]);
    let call = wait_state(daemon, "in_call")["call"].take();
    call["attempt"].as_str().expect("a call has an id").to_owned()
}

fn row(daemon: &Daemon, attempt: &str) -> Value {
    let rows = daemon.cli(&["history"])["rows"].take();
    let row = rows.as_array().expect("rows").iter().find(|row| row["attempt"] == attempt);
    row.unwrap_or_else(|| panic!("{attempt} is gone: {rows:#}")).clone()
}

/// S4.8, X2: 不通 that is filled in later keeps no recording either.
#[test]
fn a_blank_result_filled_in_as_no_contact_keeps_no_recording() {
    let exchange = Scenario::server("exchange").start();
    let line = Account::new("main", exchange.address()).unregistered();
    let daemon = Daemon::builder().set("dialing", "require_status", "false").account(line).start();
    daemon.import("first", "会社名,電話番号\n会社,0312340101\n");
    let attempt = talk(&daemon);
    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
    let recording = daemon.recording(SOON);
    daemon.cli(&["save", "--memo", "あとで", "--next", "dial"]);
    daemon.wait_drop_rows(1, SOON);
    assert!(recording.exists() && row(&daemon, &attempt)["status"].is_null());
    daemon.cli(&["history", "amend", &attempt, "--status", "不通"]);
    assert!(!recording.exists());
    let given = daemon.wait_drop_rows(2, SOON);
    assert_eq!((&*given[1]["status"], &*given[1]["recording_path"]), ("no_contact", ""));
}

#[test]
fn a_result_that_is_left_open_is_sealed_by_the_end_and_by_the_next_start() {
    let exchange = Scenario::server("exchange").start();
    let line = Account::new("main", exchange.address()).unregistered();
    let mut daemon = Daemon::builder().account(line).start();
    let rows = NUMBERS.map(|number| format!("会社,{number}\n")).concat();
    daemon.import("first", format!("会社名,電話番号\n{rows}"));

    // Saved after the call, left open, and the day is over.
    let first = talk(&daemon);
    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
    let recording = daemon.recording(SOON);
    assert!(recording.exists());
    daemon.cli(&["save", "--status", "不通", "--memo", "切られた"]);
    assert!(row(&daemon, &first)["sealed_at"].is_null(), "open until the next dial");
    assert!(daemon.stop().success());
    let given = daemon.drop_rows();
    assert_eq!(given.len(), 1, "handed out by the end: {given:#?}");
    assert_eq!((&*given[0]["status"], &*given[0]["memo"]), ("no_contact", "切られた"));
    assert!(!recording.exists(), "no recording is kept of 不通 (S4.8)");

    // Saved in the call, and the machine loses its power.
    daemon.start();
    assert!(!row(&daemon, &first)["sealed_at"].is_null());
    let second = talk(&daemon);
    daemon.cli(&["save", "--status", "見込", "--memo", "資料送付"]);
    daemon.kill9();
    daemon.start();
    let given = daemon.wait_drop_rows(2, SOON);
    assert_eq!((&*given[1]["id"], &*given[1]["status"]), (&*second, "prospect"));
    assert_eq!(given[1]["interrupted"], "1");
    assert!(!row(&daemon, &second)["sealed_at"].is_null());
    assert_eq!(daemon.cli(&["history", "--open"])["rows"], json!([]), "nobody has anything to judge");
    assert_eq!(daemon.cli(&["status"])["interrupted"], 0);
    daemon.cli(&["history", "amend", &second, "--status", "再コール", "--reason", "聞き直し"]);
    daemon.wait_drop_rows(3, SOON);

    // Never judged: it waits, and is final with the first result that somebody gives it.
    let third = talk(&daemon);
    daemon.kill9();
    daemon.start();
    let open = daemon.cli(&["history", "--open"])["rows"].take();
    assert_eq!((open[0]["attempt"].as_str(), &open[1]), (Some(&*third), &Value::Null));
    daemon.cli(&["save", "--attempt", &third, "--memo", "聞こえない"]);
    assert!(row(&daemon, &third)["sealed_at"].is_null(), "a memo is no result");
    daemon.cli(&["save", "--attempt", &third, "--status", "不通"]);
    let given = daemon.wait_drop_rows(4, SOON);
    assert_eq!((&*given[3]["status"], &*given[3]["memo"]), ("no_contact", "聞こえない"));
    assert!(!row(&daemon, &third)["sealed_at"].is_null());
    daemon.run(&["save", "--attempt", &third, "--status", "見込"]).refused("E-SEALED");

    assert_eq!(daemon.cli(&["stats", "--verify"])["mismatches"], json!([]));
    assert!(daemon.stop().success());
    let called = exchange.calls_by_number();
    assert!(called.len() == 3 && called.values().all(|&count| count == 1), "{called:#?}");
}

/// What was saved and left open is no dead end: the next call by hand, the list and `ready` seal it. What was not saved wants a result.
#[test]
fn whatever_leads_to_the_next_call_seals_what_was_left_open() {
    let exchange = Scenario::server("exchange").start();
    let line = Account::new("main", exchange.address()).unregistered();
    let daemon = Daemon::builder().account(line).start();
    let rows = NUMBERS.map(|number| format!("会社,{number}\n")).concat();
    daemon.import("first", format!("会社名,電話番号\n{rows}"));
    let by_hand = "0312340401";

    let first = talk(&daemon);
    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
    for command in [&["ready"][..], &["call", by_hand], &["dial", "start", "first"]] {
        daemon.run(command).refused("E-STATUS-REQUIRED");
    }
    daemon.cli(&["save", "--status", "見込"]);
    daemon.cli(&["dial", "stop"]);
    // A number that may not be called seals nothing.
    daemon.run(&["call", "110"]).refused("E-PHONE-FORBIDDEN");
    assert!(row(&daemon, &first)["sealed_at"].is_null());
    daemon.cli(&["save", "--memo", "資料送付"]);
    daemon.cli(&["call", by_hand]);
    assert_eq!(wait_state(&daemon, "in_call")["call"]["number"], by_hand);
    let sealed = row(&daemon, &first);
    assert!(!sealed["sealed_at"].is_null() && sealed["memo"] == "資料送付", "{sealed:#}");

    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
    daemon.cli(&["save", "--status", "再コール"]);
    let second = talk(&daemon);
    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
    daemon.cli(&["save", "--status", "見込"]);
    daemon.cli(&["ready"]);
    assert_eq!(wait_state(&daemon, "in_call")["call"]["number"], NUMBERS[2]);
    assert!(!row(&daemon, &second)["sealed_at"].is_null());

    daemon.cli(&["hangup"]);
    wait_state(&daemon, "wrap_up");
    daemon.cli(&["pause"]);
    let said = daemon.text(&["ready"]);
    assert!(said.contains("save --status"), "the pause is over, and the row wants a result: {said}");
    daemon.run(&["ready"]).refused("E-STATUS-REQUIRED");
    daemon.cli(&["save", "--status", "見込"]);
    daemon.cli(&["dial", "stop"]);
    assert_eq!(daemon.cli(&["ready"])["state"], "ready", "answered when the row is sealed");
    assert_eq!(daemon.wait_drop_rows(4, SOON).len(), 4);
    assert_eq!(exchange.calls_by_number().len(), 4);
}

/// X2: what a crash interrupted is told at the start after it, and is no news at the starts after that one.
#[test]
fn an_old_crash_is_no_news_at_a_later_start() {
    let exchange = Scenario::server("exchange").start();
    let account = Account::new("main", exchange.address()).unregistered();
    let mut daemon = Daemon::builder().account(account).start();
    daemon.cli(&["call", "0312340001"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    let told = |daemon: &Daemon| daemon.log().matches("the last run left calls behind").count();
    let before = told(&daemon);
    daemon.kill9();
    daemon.start();
    assert_eq!(told(&daemon), before + 1);
    assert_eq!(daemon.cli(&["history", "--open"])["rows"].as_array().expect("rows").len(), 1);
    let after = told(&daemon);
    daemon.stop();
    daemon.start();
    assert_eq!(told(&daemon), after, "{}", daemon.log());
    assert!(daemon.log().contains("calls of this and earlier runs have no result yet"));
}
