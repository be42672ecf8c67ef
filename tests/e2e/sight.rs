//! Who sees what: an operator's connection shows their own seat and nobody else's, whatever it asks.

use e2e::daemon::{Account, Background, Daemon, Seat};
use e2e::peer::sipp::Scenario;
use serde_json::{Value, json};

use crate::SOON;

const OPERATOR: u32 = 64_011;
const COLLEAGUE: u32 = 64_012;
const SUPERVISOR: u32 = 64_013;
const BUSINESS: u32 = 64_014;
const BACK_OFFICE: u32 = 64_015;
const STRANGER: u32 = 64_016;

/// Whom the colleague calls.
const NUMBER: &str = "0312345601";

fn seats(status: &Value) -> Vec<&str> {
    status["seats"].as_array().into_iter().flatten().filter_map(|seat| seat["name"].as_str()).collect()
}

/// Everything until a pause of seat `a` under this word.
fn until(events: &mut Background, word: &str) -> Vec<Value> {
    let mut found = Vec::new();
    while let Some(event) = events.next_line() {
        let last = event["kind"] == "seat.changed" && event["pause_code"] == word;
        found.push(event);
        if last {
            return found;
        }
    }
    panic!("the stream ended: {found:#?}")
}

/// S4.2, S4.3, S4.4, S4.5: calls, numbers and states of other seats are for those who monitor: live, replayed, in the snapshot
/// of a lost stream, in the status and in the trace.
#[test]
fn an_operator_sees_and_hears_of_their_own_seat() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder()
        .account(Account::nowhere())
        .account(Account::new("other", exchange.address()).unregistered())
        .seat(Seat::new("a", "main").set("uid", &OPERATOR.to_string()))
        .seat(Seat::new("b", "other").set("uid", &COLLEAGUE.to_string()))
        .start();
    for (login, role, uid) in [("sv", "SV", SUPERVISOR), ("biz", "BIZ", BUSINESS), ("by", "BY", BACK_OFFICE)]
    {
        daemon.cli(&["user", "add", login, "--role", role, "--uid", &uid.to_string()]);
    }
    let since = daemon.cli(&["status"])["seq"].to_string();
    daemon.cli(&["pause", "listen", "--seat", "a"]);
    let mut own = daemon.spawn_as(OPERATOR, &["events", "--since", &since]);
    let mut all = daemon.spawn_as(SUPERVISOR, &["events", "--since", &since]);
    // What they hear after this they hear live.
    until(&mut own, "listen");
    until(&mut all, "listen");
    daemon.cli(&["call", "--seat", "b", NUMBER]);
    let talk = |status: &Value| status["seats"][1]["state"] == "in_call";
    let status = daemon.wait_status("talk", SOON, talk);
    let attempt = status["seats"][1]["call"]["attempt"].as_str().expect("a call").to_owned();

    let seen = daemon.run_as(OPERATOR, &["status"]).success();
    assert_eq!(seats(&seen), ["a"]);
    assert_eq!(seen["accounts"].as_array().map(Vec::len), Some(1), "{seen:#}");
    assert!(!seen.to_string().contains(NUMBER), "{seen:#}");
    assert_eq!(seats(&daemon.run_as(SUPERVISOR, &["status"]).success()), ["a", "b"]);
    for uid in [BUSINESS, BACK_OFFICE] {
        daemon.run_as(uid, &["status"]).refused("E-PERMISSION");
        daemon.run_as(uid, &["events", "--count", "1"]).refused("E-PERMISSION");
    }
    // Nobody else's messages, whether by the call or by the account.
    daemon.run_as(OPERATOR, &["trace", &attempt]).refused("E-PERMISSION");
    daemon.run_as(SUPERVISOR, &["trace", &attempt]).success();
    // The state that comes in place of lost events.
    let lost = daemon.run_as(OPERATOR, &["events", "--since", "9000000000000"]);
    lost.refused("E-EVENTS-GONE");
    assert!(!lost.stdout.contains(NUMBER) && !lost.stdout.contains("\"b\""), "{lost:#?}");

    daemon.cli(&["hangup", "--seat", "b"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][1]["state"] == "wrap_up");
    daemon.cli(&["save", "--seat", "b", "--status", "通話済", "--next", "stay"]);
    daemon.cli(&["pause", "over", "--seat", "a"]);

    let mut replayed = daemon.spawn_as(OPERATOR, &["events", "--since", &since]);
    for heard in [until(&mut own, "over"), until(&mut replayed, "over")] {
        let text = Value::Array(heard.clone()).to_string();
        assert!(heard.iter().any(|event| event["seat"] == "a"), "{text}");
        assert!(heard.iter().all(|event| event["seat"].is_null() || event["seat"] == "a"), "{text}");
        assert!(!text.contains(NUMBER) && !text.contains(&attempt) && !text.contains("\"other\""), "{text}");
    }
    let heard = until(&mut all, "over");
    assert!(heard.iter().any(|event| event["kind"] == "call.answered" && event["seat"] == "b"), "{heard:#?}");
}

/// A role counts from the moment it is given, on connections that are open too.
#[test]
fn a_new_role_counts_at_once() {
    let daemon = Daemon::builder()
        .account(Account::nowhere())
        .seat(Seat::new("a", "main").set("uid", &OPERATOR.to_string()))
        .seat(Seat::new("b", "main").set("uid", &COLLEAGUE.to_string()))
        .start();
    daemon.cli(&["user", "add", "sv", "--role", "SV", "--uid", &SUPERVISOR.to_string()]);
    assert_eq!(seats(&daemon.run_as(SUPERVISOR, &["status"]).success()), ["a", "b"]);
    daemon.cli(&["user", "role", "sv", "OP"]);
    assert_eq!(seats(&daemon.run_as(SUPERVISOR, &["status"]).success()), [""; 0]);
    daemon.run_as(SUPERVISOR, &["pause", "--seat", "b"]).refused("E-PERMISSION");
}

/// S4.2, S4.3, D3: a Unix user in the users' table ties the seat whose operator has it: theirs need not be named, and nobody else but a
/// manager acts there.
#[test]
fn the_users_table_gives_operators_their_seats() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .seat(Seat::new("a", "main"))
        .seat(Seat::new("b", "main"))
        .seat(Seat::new("sv", "main"))
        .start();
    daemon.cli(&["user", "role", "sv", "SV"]);
    daemon.cli(&["user", "rename", "b", "坂東"]);
    for (login, uid) in [("a", OPERATOR), ("b", COLLEAGUE), ("sv", SUPERVISOR)] {
        let changed = daemon.cli(&["user", "uid", login, &uid.to_string()]);
        assert_eq!(changed["seats"], json!([login]), "{changed:#}");
        assert_eq!(daemon.run_as(uid, &["user", "me"]).success()["seats"], json!([login]));
    }
    assert_eq!(daemon.run_as(COLLEAGUE, &["call", NUMBER]).success()["name"], "b");
    let state = |wanted: &str| {
        daemon.wait_status(wanted, SOON, |status| status["seats"][1]["state"] == wanted);
    };
    state("in_call");
    for uid in [OPERATOR, SUPERVISOR] {
        for act in [&["hangup"][..], &["pause"], &["save", "--status", "不通"], &["call", NUMBER], &["ready"]]
        {
            daemon.run_as(uid, &[act, &["--seat", "b"]].concat()).refused("E-PERMISSION");
        }
    }
    let told = daemon.run_plain_as(OPERATOR, &["hangup", "--seat", "b", "--lang", "ja"]);
    assert!(told.stderr.contains("席 b は 坂東 (b) さんの席です。あなたの席は a です"), "{told:?}");
    assert_eq!(seats(&daemon.run_as(OPERATOR, &["status"]).success()), ["a"]);
    state("in_call");
    daemon.run_as(COLLEAGUE, &["hangup"]).success();
    state("wrap_up");
    daemon.run_as(COLLEAGUE, &["save", "--status", "不通", "--next", "stay"]).success();

    // Nobody's user has no seat here, until one is nobody's.
    daemon.run_as(STRANGER, &["pause"]).refused("E-SEAT-REQUIRED");
    let told = daemon.run_plain_as(STRANGER, &["pause", "--seat", "b", "--lang", "en"]);
    assert!(told.stderr.contains("you have none"), "{told:?}");
    daemon.cli(&["user", "uid", "b"]);
    daemon.run_as(STRANGER, &["pause", "--seat", "b"]).success();
    daemon.run_as(OPERATOR, &["ready", "--seat", "b"]).refused("E-PERMISSION");
    // MGR acts anywhere, and names where.
    daemon.cli(&["user", "role", "a", "MGR"]);
    daemon.run_as(OPERATOR, &["ready", "--seat", "b"]).success();
    assert_eq!(daemon.run_as(OPERATOR, &["pause"]).success()["name"], "a");
}
