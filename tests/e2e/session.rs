//! An operator's session in its less usual turns: void calls, late results, several seats, refusals.

use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat, Setup};
use e2e::peer::sipp::{Scenario, Sipp};
use e2e::wait;
use serde_json::{Value, json};

use crate::SOON;

/// What the order grants an orderly stop with a call up.
const STOP: Duration = Duration::from_secs(10);

fn against(exchange: &Sipp) -> Setup {
    Daemon::builder().account(Account::new("main", exchange.address()).unregistered())
}

fn with_two_seats(exchange: &Sipp) -> Setup {
    against(exchange).seat(Seat::new("a", "main")).seat(Seat::new("b", "main"))
}

fn list(numbers: &[&str]) -> String {
    let rows = numbers.iter().map(|number| format!("株式会社{number},担当,{number},新規\r\n"));
    format!("取引先会社名,取引先担当者名,電話番号,カテゴリー\r\n{}", rows.collect::<String>())
}

fn wait_state(daemon: &Daemon, seat: usize, state: &str) -> Value {
    let status = daemon.wait_status(state, SOON, |status| status["seats"][seat]["state"] == state);
    status["seats"][seat].clone()
}

/// A void row is sealed by its end, so there is nothing to save: the seat is free for the next call.
#[test]
fn a_void_call_to_a_typed_number_frees_the_seat() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).start();
    daemon.cli(&["call", "0312340007"]);
    let history = daemon.wait_history(1, SOON);
    assert_eq!((&history[0]["void"], &history[0]["sip_code"]), (&json!(true), &json!(503)));
    wait_state(&daemon, 0, "paused");
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, 0, "in_call");
    // A pause that is asked for in a call is told of, though it comes later.
    let told = daemon.text(&["pause", "lunch", "--lang", "ja"]);
    assert!(told.contains("通話中 (このあと離席: 昼休み)"), "{told}");
    daemon.cli(&["hangup"]);
    assert_eq!(wait_state(&daemon, 0, "wrap_up")["pausing"], "lunch");
    // S4.46: on a day alone it is when calling begins, and the answer says so.
    let from = daemon.cli(&["status"])["hours"]["from"].as_u64().unwrap();
    // A Sunday's evening is taken, and told for what it is.
    let sunday = ["save", "--status", "再コール", "--recall", "2030-05-05 22:00", "--lang", "ja"];
    let opens = format!("2030-05-06 {:02}:{:02}:00 から発信できます", from / 60, from % 60);
    let said = daemon.text(&sunday);
    assert!(said.contains("2030-05-05 22:00:00") && said.contains(&opens), "{said}");
    let said = daemon.text(&["save", "--status", "再コール", "--recall", "2030-05-07", "--lang", "ja"]);
    let taken = format!("2030-05-07 {:02}:{:02}:00", from / 60, from % 60);
    assert!(said.contains(&format!("再コール日時: {taken}")) && !said.contains("時間外"), "{said}");
    daemon.cli(&["ready"]);
    assert!(daemon.text(&["task", "ls", "--all"]).contains(&taken));
}

/// Saved in the call, stopped in the call: the stop seals what was said (S4.49), and the next day it is amended.
#[test]
fn a_result_survives_a_stop_in_the_middle_of_the_call() {
    let exchange = Scenario::server("exchange").start();
    let mut daemon = against(&exchange).start();
    daemon.cli(&["call", "0312340001"]);
    wait_state(&daemon, 0, "in_call");
    daemon.run(&["save", "--status", "no such status"]).refused("E-STATUS-UNKNOWN");
    daemon.run(&["save", "--next", "dial"]).refused("E-STATUS-REQUIRED");
    daemon.cli(&["save", "--status", "再コール", "--memo", "午後に"]);
    let call = wait_state(&daemon, 0, "in_call")["call"].take();
    assert_eq!((&call["status"], &call["label"]), (&json!("callback"), &json!("再コール")));
    assert_eq!(call["memo"], "午後に");
    let attempt = call["attempt"].as_str().unwrap();
    let (end, took) = wait::timed(|| daemon.stop());
    assert!(end.success() && took < STOP, "{end} after {took:?}");
    assert_eq!(exchange.received("BYE").len(), 1);

    let row = daemon.drop_rows().remove(0);
    assert_eq!((row["status"].as_str(), row["memo"].as_str()), ("callback", "午後に"));

    daemon.start();
    assert_eq!(daemon.cli(&["history", "--open"])["rows"], json!([]));
    let row = daemon.cli(&["history", "--manual", "include"])["rows"][0].take();
    assert_eq!((&row["attempt"], &row["interrupted"]), (&json!(attempt), &json!(false)));
    assert!(!row["sealed_at"].is_null(), "{row:#}");
    daemon.cli(&["history", "amend", attempt, "--status", "見込", "--reason", "聞き違い"]);
    let row = daemon.wait_drop_rows(2, SOON).remove(1);
    assert_eq!((row["status"].as_str(), row["memo"].as_str()), ("prospect", "午後に"));
    daemon.run(&["save", "--attempt", attempt, "--status", "FAX"]).refused("E-SEALED");
    assert_eq!(exchange.invites().len(), 1);
}

/// Busy is the machine's to judge, and a person's word stands over that: before its breathing is over, and after the seal.
/// S4.49.
#[test]
fn a_persons_word_stands_over_the_machines() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).set("dialing", "wrap_up", "\"6s\"").start();
    daemon.import("first", list(&["0312340002", "0312340003", "0312340001"]));
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.cli(&["dial", "start", "first"]);
    let judged = events.wait_event("judgement", SOON, |event| event["params"]["kind"] == "attempt.saved");
    assert_eq!(judged["params"]["set_by"], "auto", "{judged:#}");
    daemon.cli(&["save", "--status", "再コール", "--memo", "午後に"]);
    let call = wait_state(&daemon, 0, "wrap_up")["call"].take();
    assert_eq!((&call["status"], &call["memo"]), (&json!("callback"), &json!("午後に")));
    daemon.cli(&["save", "--next", "dial"]);
    let row = daemon.wait_drop_rows(1, SOON).remove(0);
    assert_eq!((row["status"].as_str(), row["set_by"].as_str()), ("callback", "operator"));

    // The second is judged, sealed and left by the machine, and the third is up, when its operator comes to speak.
    wait_state(&daemon, 0, "in_call");
    let rows = daemon.cli(&["history"])["rows"].take();
    let second = rows.as_array().unwrap().iter().find(|row| row["status"] == "not_in_service").unwrap();
    assert_eq!(second["set_by"], "auto", "{second:#}");
    let attempt = second["attempt"].as_str().unwrap();
    daemon.cli(&["save", "--attempt", attempt, "--status", "見込", "--memo", "折り返しあり"]);
    let shown = daemon.cli(&["history", "show", attempt]);
    let call = &shown["call"];
    assert_eq!((&call["status"], &call["memo"]), (&json!("prospect"), &json!("折り返しあり")), "{shown:#}");
    assert_eq!(shown["amendments"][0]["before"], "not_in_service", "{shown:#}");
    assert!(daemon.cli(&["status"])["seats"][0]["call"]["status"].is_null(), "not of the call that is up");
    daemon.run(&["save", "--attempt", attempt, "--status", "FAX"]).refused("E-SEALED");
    assert_eq!(exchange.invites().len(), 3);
}

/// The first number rings, its operator gives up and is about to say why, and the second rings already. S4.53: a complaint blocks
/// nobody but whom it is of, and whoever says of which call it is loses nothing.
#[test]
fn a_word_after_a_hang_up_names_its_call() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).set("dialing", "ring_timeout", "\"60s\"").start();
    daemon.import("first", list(&["0312340004", "0312340104", "0312340001", "0312340101"]));
    daemon.cli(&["dial", "start", "first"]);
    let ringing = |number: &str| {
        let up = daemon.wait_status("ringing", SOON, |status| {
            let call = &status["seats"][0]["call"];
            call["number"] == number && call["state"] == "ringing"
        });
        up["seats"][0]["call"]["attempt"].as_str().unwrap().to_owned()
    };
    let first = ringing("0312340004");
    daemon.cli(&["hangup"]);
    let second = ringing("0312340104");
    for said in [&["save", "--status", "クレーム"][..], &["save", "--status", "見込", "--next", "dial"]]
    {
        let refused = daemon.run(said);
        refused.refused("E-AMBIGUOUS");
        for named in [first.as_str(), &second, "株式会社0312340004"] {
            assert!(refused.stdout.contains(named), "{}", refused.stdout);
        }
    }
    assert_eq!(daemon.cli(&["dnc", "ls"])["rows"], json!([]));
    daemon.cli(&["save", "--attempt", &first, "--status", "クレーム"]);
    assert_eq!(daemon.cli(&["dnc", "ls"])["rows"][0]["number"], "0312340004");
    // It is said: the next word is of the call that is up, as ever.
    daemon.cli(&["save", "--status", "不通", "--next", "dial"]);
    wait_state(&daemon, 0, "in_call");
    daemon.cli(&["save", "--status", "クレーム", "--next", "dial"]);
    let call = wait_state(&daemon, 0, "in_call")["call"].take();
    let rows = daemon.cli(&["dnc", "ls"])["rows"].take();
    let mut blocked: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["number"].as_str()).collect();
    blocked.sort_unstable();
    assert_eq!(blocked, [Some("0312340001"), Some("0312340004")], "{call:#}");
}

/// The ring time ends the first call in the moment in which its operator hangs up: the second, which is up already, is spared, and who
/// means that one hangs up again or names it.
#[test]
fn a_hang_up_that_crosses_the_ring_time_spares_the_next_call() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).set("dialing", "ring_timeout", "\"2s\"").start();
    daemon.import("first", list(&["0312340004", "0312340104", "0312340204"]));
    let mut control = daemon.control();
    control.subscribe(None).unwrap();
    daemon.cli(&["dial", "start", "first"]);
    let mut begun = || {
        let event = control.wait_event("a call", SOON, |event| event["params"]["kind"] == "call.dialing");
        event["params"]["call"]["attempt"].as_str().unwrap().to_owned()
    };
    let (first, second) = (begun(), begun());
    let crossed = daemon.run(&["hangup"]);
    crossed.refused("E-AMBIGUOUS");
    assert!(crossed.stdout.contains(&first) && crossed.stdout.contains(&second), "{}", crossed.stdout);
    // What is said now may be of the one that was to be hung up.
    daemon.run(&["save", "--status", "クレーム"]).refused("E-AMBIGUOUS");
    daemon.run(&["hangup", "--attempt", &first]).refused("E-NO-CALL");
    assert_eq!(daemon.cli(&["status"])["seats"][0]["call"]["attempt"], second.as_str());
    daemon.cli(&["hangup", "--attempt", &second[second.len() - 6..]]);
    // The third begins after one that was hung up: pressed twice, the button still ends one call.
    let third = begun();
    daemon.run(&["hangup"]).refused("E-AMBIGUOUS");
    daemon.cli(&["hangup"]);
    let rows = daemon.wait_history(3, SOON);
    assert!(rows.iter().any(|row| row["attempt"] == third.as_str()), "{rows:#?}");
}

/// A stop while it rings says nothing of the callee: void, in no count, called again after the gap.
#[test]
fn a_stop_while_it_rings_is_no_result() {
    let exchange = Scenario::server("exchange").start();
    let mut daemon = against(&exchange).set("dialing", "ring_timeout", "\"60s\"").start();
    daemon.import("first", list(&["0312340004"]));
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("ringing", SOON, |status| status["seats"][0]["call"]["state"] == "ringing");
    let (end, took) = wait::timed(|| daemon.stop());
    assert!(end.success() && took < STOP, "{end} after {took:?}");
    assert_eq!(exchange.received("CANCEL").len(), 1);

    daemon.start();
    let history = daemon.cli(&["history"])["rows"].take();
    let row = &history[0];
    assert_eq!((&row["void"], &row["void_reason"]), (&json!(true), &json!("shutdown")), "{row:#}");
    assert_eq!((&row["status"], &row["sip_code"]), (&Value::Null, &json!(487)), "{row:#}");
    assert_eq!(daemon.cli(&["stats"])["calls"], 0);
    daemon.wait_drop_rows(1, SOON);
    // Not at once, but again: 5 s with the practice account, 180 s with any other.
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("gap", SOON, |status| status["seats"][0]["dial"]["waiting"] == "not_due");
    assert_eq!(exchange.invites().len(), 1);
    exchange.wait_received("INVITE", 2, SOON);
}

/// A row that is open at a seat is that seat's.
#[test]
fn nobody_closes_the_row_of_another_seat() {
    let exchange = Scenario::server("exchange").start();
    let daemon = with_two_seats(&exchange).start();
    daemon.run(&["call", "0312340001"]).refused("E-SEAT-REQUIRED");
    daemon.cli(&["call", "0312340001", "--seat", "a"]);
    wait_state(&daemon, 0, "in_call");
    daemon.run(&["hangup", "--seat", "b"]).refused("E-NO-CALL");
    daemon.cli(&["hangup", "--seat", "a"]);
    let call = wait_state(&daemon, 0, "wrap_up")["call"].take();
    let attempt = call["attempt"].as_str().unwrap();
    let theirs = ["save", "--seat", "b", "--attempt", attempt, "--status", "FAX", "--next", "dial"];
    daemon.run(&theirs).refused("E-CALL-BUSY");
    // The call that is named is of one seat.
    let saved = daemon.cli(&["save", "--attempt", attempt, "--memo", "席は書かない"]);
    assert_eq!((&saved["name"], &saved["call"]["memo"]), (&json!("a"), &json!("席は書かない")));
    daemon.cli(&["save", "--seat", "a", "--status", "見込", "--next", "dial"]);
    wait_state(&daemon, 0, "paused");
    assert_eq!(daemon.wait_drop_rows(1, SOON)[0]["status"], "prospect");
    daemon.run(&["save", "--attempt", attempt, "--status", "FAX"]).refused("E-SEALED");
    daemon.run(&["save", "--status", "FAX"]).refused("E-SEAT-REQUIRED");
}

/// Two operators on one list: every number once, from the top, by whoever is free.
#[test]
fn two_seats_share_a_list() {
    let exchange = Scenario::server("exchange").start();
    let daemon = with_two_seats(&exchange).start();
    let numbers: Vec<String> = (0..12).map(|n| format!("03123{n:02}0{:02}", 2 + n % 2)).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    daemon.import("first", list(&numbers));
    for seat in ["a", "b"] {
        daemon.cli(&["dial", "start", "first", "--seat", seat]);
    }
    let rows = daemon.wait_drop_rows(numbers.len(), SOON);
    let counts = exchange.calls_by_number();
    assert!(counts.len() == numbers.len() && counts.values().all(|&count| count == 1), "{counts:#?}");
    let by = |seat: &str| rows.iter().filter(|row| row["seat"] == seat).count();
    assert!(by("a") > 0 && by("b") > 0, "both worked: {} and {}", by("a"), by("b"));
}

/// Operators on connections and threads of their own, all saving and going on at once: every number once.
#[test]
fn operators_at_once_never_share_a_lead() {
    let exchange = Scenario::server("exchange").edit("timeout=\"1000\"", "timeout=\"100\"").start();
    let seats = ["a", "b", "c", "d"];
    let setup = seats.iter().fold(against(&exchange), |setup, seat| setup.seat(Seat::new(seat, "main")));
    let daemon = setup.start();
    let numbers: Vec<String> = (0..48).map(|n| format!("03123{n:03}06")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    daemon.import("first", list(&numbers));
    let together = std::sync::Barrier::new(seats.len());
    std::thread::scope(|scope| {
        for seat in seats {
            let (together, mut control) = (&together, daemon.control());
            scope.spawn(move || {
                together.wait();
                control.call("dial.start", &json!({ "seat": seat, "list": "first" })).unwrap();
                let over = wait::within(4 * SOON, || {
                    let status = control.call("status.get", &json!({})).unwrap();
                    let seats = status["seats"].as_array().unwrap();
                    let own = seats.iter().find(|own| own["name"] == seat).unwrap();
                    if own["state"] == "wrap_up" && own["call"]["state"] == "ended" {
                        let save = json!({ "seat": seat, "attempt": own["call"]["attempt"], "status": "prospect", "next": "dial" });
                        // The end may be on its way to the disk still.
                        let _ = control.call("call.save", &save);
                    }
                    own["dial"].is_null().then_some(())
                });
                over.unwrap_or_else(|| panic!("{seat} is not done with the list"));
            });
        }
    });
    let counts = exchange.calls_by_number();
    assert!(counts.len() == numbers.len() && counts.values().all(|&count| count == 1), "{counts:#?}");
    let rows = daemon.wait_drop_rows(numbers.len(), SOON);
    assert_eq!(rows.len(), numbers.len(), "one result for each");
    assert!(seats.iter().all(|seat| rows.iter().any(|row| row["seat"] == *seat)), "all of them worked");
    assert_eq!(daemon.cli(&["stats", "--verify"])["mismatches"], json!([]));
}

/// The check is made in the transaction before the INVITE, not when the lead is shown.
#[test]
fn a_lead_that_is_forbidden_while_it_is_shown_is_not_called() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).set("dialing", "mode", "\"preview\"").start();
    daemon.import("first", list(&["0312340002", "0312340004", "0312340003"]));
    daemon.cli(&["dial", "start", "first"]);
    assert_eq!(wait_state(&daemon, 0, "previewing")["call"]["number"], "0312340002");
    daemon.cli(&["dnc", "add", "03-1234-0002", "--reason", "希望"]);
    let why = daemon.cli(&["dial", "why", "--list", "first"])["rows"].take();
    assert_eq!((&why[0]["number"], &why[0]["company"]), (&json!("0312340004"), &json!("株式会社0312340004")));
    // Ready is not a call: only `call` is one.
    for command in [&["ready"][..], &["dial", "resume"], &["dial", "start", "first"]] {
        assert_eq!(daemon.cli(command)["state"], "previewing", "{command:?}");
    }
    // E22: whoever wanted to call it hears why not.
    let refused = daemon.run(&["call"]);
    refused.refused("E-DNC");
    let told: Value = serde_json::from_str(&refused.stdout).unwrap();
    let facts = &told["error"]["data"]["facts"];
    assert_eq!((&facts["reason"], &facts["project"]), (&json!("希望"), &Value::Null), "{told:#}");
    assert!(facts["since"].is_i64(), "{told:#}");
    let shows = |number: &'static str| {
        let next = move |status: &Value| {
            status["seats"][0]["state"] == "previewing" && status["seats"][0]["call"]["number"] == number
        };
        daemon.wait_status("the next lead", SOON, next);
    };
    shows("0312340004");
    daemon.cli(&["lead", "exclude", "first", "--lead", "first#2"]);
    daemon.run(&["call"]).refused("E-EXCLUDED");
    shows("0312340003");
    daemon.cli(&["call"]);
    daemon.wait_drop_rows(1, SOON);
    assert_eq!(exchange.calls_by_number().into_keys().collect::<Vec<_>>(), ["0312340003"]);
}

/// Nobody was talked to: the row is kept, and the seat is free at once.
/// S2.33.
#[test]
fn a_call_that_rang_in_vain_needs_no_result() {
    let registrar = Scenario::server("registrar_open").start();
    let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);
    Scenario::client("uac_call_cancelled", daemon.sip_address(), "100").start().succeed(SOON);
    let row = daemon.wait_drop_rows(1, SOON).remove(0);
    assert_eq!((row["direction"].as_str(), row["status"].as_str()), ("in", ""));
    wait_state(&daemon, 0, "ready");
}

/// A practice account knows no calling window, so it may lead nowhere but to this machine.
#[test]
fn a_practice_account_leads_to_this_machine_only() {
    // RFC 5737: an address for documentation; nothing may be sent there.
    let elsewhere: std::net::SocketAddr = "192.0.2.1:5060".parse().unwrap();
    let daemon = Daemon::builder().account(Account::new("main", elsewhere).unregistered()).start();
    daemon.run(&["call", "0312340001"]).refused("E-PRACTICE-ONLY-LOOPBACK");
    assert_eq!(daemon.cli(&["status"])["accounts"][0]["why"], "E-PRACTICE-ONLY-LOOPBACK");
    daemon.import("first", list(&["0312340002"]));
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("waiting", SOON, |status| status["seats"][0]["dial"]["waiting"] == "registration");
    assert_eq!(daemon.cli(&["history"])["rows"], json!([]));
}

/// S4.46: whoever saves the last call of a list is told that it is the last.
#[test]
fn the_end_of_a_list_is_told() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).start();
    daemon.import("first", list(&["0312340001"]));
    daemon.cli(&["dial", "start", "first"]);
    wait_state(&daemon, 0, "in_call");
    daemon.cli(&["hangup"]);
    wait_state(&daemon, 0, "wrap_up");
    let told = daemon.text(&["save", "--status", "通話済", "--next", "dial", "--lang", "ja"]);
    assert!(told.contains("first 最後まで進みました"), "{told}");
    assert_eq!(daemon.cli(&["status"])["seats"][0]["finished"], "first");
    daemon.import("second", list(&["0312341001"]));
    assert!(daemon.cli(&["dial", "start", "second"]).get("finished").is_none());
}

/// An account that registers nowhere is not said to be unregistered when its exchange is dead, and when it is looked again is told.
#[test]
fn a_dead_exchange_is_what_a_seat_waits_for() {
    let gone = e2e::ports::free_address();
    let daemon = Daemon::builder().account(Account::new("main", gone).unregistered()).start();
    daemon.import("first", list(&["0312340002", "0312340003", "0312340001"]));
    daemon.cli(&["dial", "start", "first"]);
    let status = daemon.wait_status("a wait for the exchange", SOON * 4, |status| {
        status["seats"][0]["dial"]["waiting"] == "unreachable"
            && status["accounts"][0]["next_attempt_at"].is_u64()
    });
    assert_eq!(status["accounts"][0]["state"], "unneeded", "{status:#}");
    assert!(daemon.text(&["status", "--lang", "ja"]).contains("待ち (交換機が応答しません)"));
}

/// The trunk is at fault, not the leads: after three void calls in a row the seat pauses and says so.
#[test]
fn void_calls_in_a_row_pause_the_seat() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).start();
    daemon.import("first", list(&["0312340007", "0312341007", "0312342007", "0312343007"]));
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.cli(&["dial", "start", "first"]);
    let paused = events.wait_event("pause", SOON, |event| event["params"]["kind"] == "dial.paused");
    assert_eq!((&paused["params"]["reason"], &paused["params"]["list"]), (&json!("trunk"), &json!("first")));
    assert_eq!(wait_state(&daemon, 0, "paused")["dial"]["state"], "paused");
    assert_eq!(exchange.invites().len(), 3);
    assert_eq!(daemon.cli(&["stats"])["calls"], 0);
    daemon.cli(&["dial", "resume"]);
    exchange.wait_received("INVITE", 4, SOON);
}

/// S1.28: a list that a seat calls down is not deleted under it, though its call is one to a number that somebody typed.
#[test]
fn a_list_is_not_deleted_under_a_session() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).start();
    daemon.import("春", list(&["0312340001", "0312340011"]));
    let busy = |daemon: &Daemon| {
        let refused = daemon.run_plain(&["list", "delete", "春", "--yes", "--lang", "ja"]);
        assert!(
            refused.code == 1 && refused.stderr.contains("E-LIST-BUSY") && refused.stderr.contains("席 a"),
            "{refused:?}"
        );
    };
    daemon.cli(&["dial", "start", "春"]);
    wait_state(&daemon, 0, "in_call");
    daemon.hang_up("a");
    wait_state(&daemon, 0, "wrap_up");
    daemon.cli(&["save", "--status", "見込"]);
    busy(&daemon);
    daemon.cli(&["call", "0612340001"]);
    wait_state(&daemon, 0, "in_call");
    busy(&daemon);
    daemon.hang_up("a");
    wait_state(&daemon, 0, "wrap_up");
    daemon.cli(&["save", "--status", "見込"]);
    daemon.cli(&["dial", "stop"]);
    daemon.wait_status("the end", SOON, |status| status["seats"][0]["list"].is_null());
    daemon.cli(&["list", "delete", "春", "--yes"]);
}
