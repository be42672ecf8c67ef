//! The permission matrix of section D, cell by cell, with the commands and as the Unix users that it is about.

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::sipp::Scenario;
use serde_json::Value;

use crate::SOON;

/// Unix users that nobody is, in the order in which the columns are written: MGR, SV, OP, BIZ, BY.
const USERS: [(&str, u32); 5] =
    [("MGR", MANAGER), ("SV", SUPERVISOR), ("OP", OPERATOR), ("BIZ", BUSINESS), ("BY", BACK_OFFICE)];
const MANAGER: u32 = 64_020;
const SUPERVISOR: u32 = 64_021;
const OPERATOR: u32 = 64_022;
const BUSINESS: u32 = 64_023;
const BACK_OFFICE: u32 = 64_024;
/// Another operator.
const COLLEAGUE: u32 = 64_025;

/// A box with the list 春, granted to all, and a list 他 that is not; returns with it a sealed call of the operator, which has a
/// recording, and the list's second lead.
fn box_with_a_call(exchange: &e2e::peer::sipp::Sipp) -> (Daemon, String, String) {
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .seat(Seat::new("a", "main").set("uid", &OPERATOR.to_string()))
        .seat(Seat::new("sv", "main").set("uid", &SUPERVISOR.to_string()))
        .seat(Seat::new("mgr", "main").set("uid", &MANAGER.to_string()))
        .start();
    daemon.cli(&["user", "role", "sv", "SV"]);
    daemon.cli(&["user", "role", "mgr", "MGR"]);
    daemon.cli(&["user", "add", "biz", "--role", "BIZ", "--uid", &BUSINESS.to_string()]);
    daemon.cli(&["user", "add", "by", "--role", "BY", "--uid", &BACK_OFFICE.to_string()]);
    daemon.cli(&["user", "add", "olga", "--role", "OP", "--uid", &COLLEAGUE.to_string()]);
    daemon.import("春", "会社名,電話番号\nA社,0312345601\nB社,0312345602\nC社,0312345603\n");
    daemon.import("他", "会社名,電話番号\nD社,0612345601\n");
    daemon.cli(&["list", "grant", "他", "olga"]);
    let operator = |arguments: &[&str]| daemon.run_as(OPERATOR, arguments).success();
    operator(&["dial", "start", "春"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    operator(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    operator(&["save", "--status", "通話済", "--next", "stay"]);
    operator(&["dial", "stop"]);
    operator(&["ready"]);
    daemon.recording(SOON);
    let row = daemon.cli(&["history"])["rows"][0].take();
    assert!(!row["sealed_at"].is_null(), "{row:#}");
    let lead = daemon.cli(&["lead", "show", "春#2"])["id"].as_str().expect("an id").to_owned();
    (daemon, row["attempt"].as_str().expect("an id").to_owned(), lead)
}

/// Gives a command as each role, those that may not first; `{role}` in it is the role's name. `expected` has `+` for who may and
/// `-` for who is refused, in the order of [`USERS`].
#[track_caller]
fn cell(daemon: &Daemon, expected: &str, command: &[&str]) {
    let cells: Vec<_> = USERS.iter().zip(expected.chars()).collect();
    assert_eq!(cells.len(), USERS.len());
    for ((role, uid), wanted) in cells.into_iter().rev() {
        let command: Vec<String> = command.iter().map(|word| word.replace("{role}", role)).collect();
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let outcome = daemon.run_as(*uid, &words);
        let permitted = match outcome.code {
            0 => '+',
            _ if outcome.stdout.contains("E-PERMISSION") => '-',
            _ => '?',
        };
        assert_eq!(permitted, wanted, "{role}: {outcome:#?}");
    }
}

fn count(page: &Value) -> usize {
    page["rows"].as_array().map_or(0, Vec::len)
}

/// D1, D2: data is changed and deleted by MGR, granted, assigned and watched by SV too, who manages the roles below.
#[test]
fn who_changes_and_who_manages() {
    let exchange = Scenario::server("exchange").start();
    let (daemon, _, _) = box_with_a_call(&exchange);
    for (expected, command) in [
        ("+----", &["list", "create", "L-{role}"][..]),
        ("+----", &["list", "change", "春", "--order", "position"]),
        ("+----", &["list", "round", "春"]),
        ("+----", &["lead", "add", "春", "0312345609"]),
        ("+----", &["lead", "delete", "春", "--lead", "春#4", "--yes"]),
        ("+----", &["disposition", "add", "S-{role}"]),
        ("+----", &["disposition", "archive", "S-MGR"]),
        ("+----", &["project", "create", "P-{role}"]),
        ("+----", &["project", "delete", "P-MGR", "--yes"]),
        ("+----", &["list", "delete", "L-MGR", "--yes"]),
        ("+----", &["contact", "delete", "0612345601", "--yes"]),
        ("++---", &["user", "add", "op-{role}", "--role", "OP"]),
        ("+----", &["user", "add", "sv-{role}", "--role", "SV"]),
        ("++---", &["user", "rename", "op-SV", "名前"]),
        ("+----", &["user", "rename", "sv-MGR", "名前"]),
        ("+----", &["user", "role", "op-SV", "MGR"]),
        ("+----", &["user", "delete", "sv-MGR", "--yes"]),
        ("+----", &["audit"]),
        ("+----", &["stats", "--verify"]),
        ("++---", &["list", "grant", "他", "a"]),
        ("++---", &["project", "grant", "既定", "a", "--revoke"]),
        ("++---", &["lead", "assign", "春", "--lead", "春#3", "--yes"]),
        ("++---", &["lead", "include", "春", "--all"]),
        ("++---", &["user", "ls"]),
        ("++---", &["task", "hand-over", "--from", "olga"]),
        ("+++--", &["status"]),
    ] {
        cell(&daemon, expected, command);
    }
    // Watching: who may is told that there is nothing to hear, nobody else is told anything.
    for (role, uid) in USERS {
        let expected = if ["MGR", "SV"].contains(&role) { "E-NO-TAP" } else { "E-PERMISSION" };
        daemon.run_as(uid, &["untap"]).refused(expected);
    }
}

/// D3, D4, D9: who calls, who writes notes, who enters and clears do-not-call numbers.
#[test]
fn who_calls_and_who_writes() {
    let exchange = Scenario::server("exchange").start();
    let (daemon, _, lead) = box_with_a_call(&exchange);
    cell(&daemon, "+++--", &["dial", "why", "春"]);
    cell(&daemon, "+++--", &["task", "ls"]);
    for (role, uid) in USERS {
        let give = |arguments: &[&str]| daemon.run_as(uid, arguments);
        let seat = ["OP", "SV", "MGR"].iter().position(|caller| *caller == role);
        let Some(seat) = seat else {
            give(&["call", "0522345601", "--seat", "a"]).refused("E-PERMISSION");
            give(&["save", "--seat", "a", "--status", "見込"]).refused("E-PERMISSION");
            give(&["dial", "start", "春", "--seat", "a"]).refused("E-PERMISSION");
            give(&["hangup", "--seat", "a"]).refused("E-PERMISSION");
            continue;
        };
        give(&["call", "0522345601"]).success();
        daemon.wait_status("talk", SOON, |status| status["seats"][seat]["state"] == "in_call");
        give(&["hangup"]).success();
        daemon.wait_status("wrap-up", SOON, |status| status["seats"][seat]["state"] == "wrap_up");
        give(&["save", "--status", "見込", "--memo", role, "--next", "stay"]).success();
        give(&["ready"]).success();
        // Nobody but a manager acts for somebody else's seat.
        if role != "MGR" {
            let other = if role == "OP" { "sv" } else { "a" };
            give(&["call", "0522345601", "--seat", other]).refused("E-PERMISSION");
        }
    }
    let memos = daemon.cli(&["history", "--manual", "only"]);
    let memos: Vec<_> = memos["rows"].as_array().unwrap().iter().map(|row| row["memo"].clone()).collect();
    assert_eq!(memos, ["OP", "SV", "MGR"]);

    cell(&daemon, "+++-+", &["note", "add", "伝言 {role}", "--lead", &lead]);
    let notes = daemon.cli(&["note", "ls", "--lead", &lead]);
    assert_eq!(notes["notes"].as_array().map(Vec::len), Some(4), "{notes:#}");
    let others = daemon.cli(&["lead", "show", "他#1"])["id"].as_str().unwrap().to_owned();
    daemon.run_as(BACK_OFFICE, &["note", "add", "伝言", "--lead", &others]).refused("E-LIST-GRANT");

    cell(&daemon, "+++-+", &["dnc", "add", "0751234567", "--reason", "希望"]);
    cell(&daemon, "+----", &["dnc", "clear", "0751234567", "--reason", "本人の依頼"]);
}

/// D5, D6, D7, D8: who reads which calls, corrects them, and has their recordings.
#[test]
fn who_reads_and_who_corrects() {
    let exchange = Scenario::server("exchange").start();
    let (daemon, call, lead) = box_with_a_call(&exchange);
    let rows =
        |uid: u32, filter: &[&str]| count(&daemon.run_as(uid, &[&["history"], filter].concat()).success());
    let seen: Vec<usize> = USERS.iter().map(|(_, uid)| rows(*uid, &["--list", "春"])).collect();
    assert_eq!(seen, [1, 1, 1, 0, 1], "BIZ reads what was reported");
    daemon.run_as(BUSINESS, &["history", "show", &call]).refused("E-NOT-FOUND");
    cell(&daemon, "+++--", &["history", "report", &call]);
    let seen: Vec<usize> = USERS.iter().map(|(_, uid)| rows(*uid, &["--reported"])).collect();
    assert_eq!(seen, [1, 1, 1, 1, 1]);
    daemon.run_as(BUSINESS, &["history", "show", &call]).success();
    for refused in [
        &["list", "ls"][..],
        &["list", "view", "春"],
        &["contact", "ls"],
        &["dnc", "ls"],
        &["note", "ls", "--lead", &lead],
        &["recording", "ls"],
        &["stats"],
    ] {
        daemon.run_as(BUSINESS, refused).refused("E-PERMISSION");
    }
    // The list is taken from everybody but a colleague.
    daemon.cli(&["list", "grant", "春", "olga"]);
    for uid in [OPERATOR, BACK_OFFICE] {
        daemon.run_as(uid, &["history", "--list", "春"]).refused("E-LIST-GRANT");
    }
    daemon.cli(&["list", "grant", "春", "a", "by"]);

    cell(&daemon, "+-+--", &["history", "amend", &call, "--memo", "訂正 {role}", "--reason", "誤記"]);
    let colleague = |arguments: &[&str]| daemon.run_as(COLLEAGUE, arguments);
    colleague(&["history", "amend", &call, "--memo", "他人", "--reason", "誤記"]).refused("E-PERMISSION");
    let note = daemon.run_as(BACK_OFFICE, &["note", "add", "伝言", "--lead", &lead]).success();
    let note = note["note"].as_str().unwrap();
    for other in [OPERATOR, COLLEAGUE] {
        let refused = daemon.run_as(other, &["note", "edit", note, "他人"]);
        assert_eq!(refused.code, 1, "{refused:#?}");
    }
    daemon.run_as(BACK_OFFICE, &["note", "edit", note, "訂正"]).success();
    let notes = daemon.cli(&["note", "ls", "--lead", &lead]);
    assert_eq!(notes["notes"][0]["text"], "訂正", "{notes:#}");

    for (role, uid) in USERS {
        let fetched = daemon.run_as(uid, &["recording", "fetch", &call, "-"]);
        if ["MGR", "SV", "OP"].contains(&role) {
            assert!(fetched.code == 0 && fetched.stdout.starts_with("RIFF"), "{role}: {}", fetched.stderr);
        } else {
            fetched.refused("E-PERMISSION");
        }
    }
    colleague(&["recording", "fetch", &call, "-"]).refused("E-NOT-FOUND");
    cell(&daemon, "+----", &["recording", "hold", &call, "--reason", "調査"]);
    cell(&daemon, "+----", &["recording", "release", &call]);
    cell(&daemon, "+----", &["recording", "delete", &call, "--reason", "本人の請求", "--yes"]);
}
