//! The main job against sipp: a list is called down, outcomes come from the wire, results go back as CSV.

use std::collections::BTreeMap;
use std::time::Duration;

use e2e::daemon::{Account, Daemon, Setup};
use e2e::peer::kamailio;
use e2e::peer::sipp::{Scenario, Sipp};
use serde_json::Value;

use crate::SOON;

/// A list of those numbers, as the exchange's scenario knows them by their last two digits.
fn list(endings: &[&str]) -> String {
    let rows = endings.iter().enumerate();
    let rows = rows.map(|(n, ending)| format!("株式会社{n},担当{n},03-1234-00{ending},新規\r\n"));
    format!("取引先会社名,取引先担当者名,電話番号,カテゴリー\r\n{}", rows.collect::<String>())
}

fn against(exchange: &Sipp) -> Setup {
    let rings = "\"2s\"";
    Daemon::builder().account(Account::new("main", exchange.address())).set("dialing", "ring_timeout", rings)
}

/// The first seat's entry of `status`.
fn seat(status: &Value) -> &Value {
    &status["seats"][0]
}

fn by_number(rows: Vec<BTreeMap<String, String>>) -> BTreeMap<String, BTreeMap<String, String>> {
    rows.into_iter()
        .map(|row| (row["number"].chars().rev().take(2).collect::<String>(), row))
        .map(reversed)
        .collect()
}

fn reversed((ending, row): (String, BTreeMap<String, String>)) -> (String, BTreeMap<String, String>) {
    (ending.chars().rev().collect(), row)
}

/// Busy, vacant and silent numbers and a fax are judged by the machine, one after another, from the top.
#[test]
fn what_the_machine_may_judge_it_judges_alone() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).start();
    daemon.wait_registered("main", SOON);
    daemon.import("first", list(&["02", "03", "04", "05"]));
    daemon.cli(&["dial", "start", "first"]);
    let rows = daemon.wait_drop_rows(4, Duration::from_secs(45));

    let order: Vec<_> = exchange.invites().into_iter().map(|invite| invite.number).collect();
    assert_eq!(order, ["0312340002", "0312340003", "0312340004", "0312340005"]);
    assert!(exchange.calls_by_number().values().all(|&count| count == 1));

    let rows = by_number(rows);
    let expected = [
        ("02", "no_contact", "486"),
        ("03", "not_in_service", "404"),
        ("04", "no_contact", "487"),
        ("05", "fax", "200"),
    ];
    for (ending, status, sip) in expected {
        let row = &rows[ending];
        assert_eq!((row["status"].as_str(), row["sip_code"].as_str()), (status, sip), "{row:#?}");
        assert_eq!(row["set_by"], "auto", "{row:#?}");
        assert!(["", "0", "false"].contains(&row["void"].as_str()), "{row:#?}");
    }
    assert_eq!(rows["03"]["q850"], "1");
    assert_eq!(rows["03"]["status_label"], "現アナ");
    assert_eq!(exchange.received("CANCEL").len(), 1);
}

/// A talk waits for the operator's word; `--next dial` goes on.
/// S4.46, S2.32.
#[test]
fn a_talk_is_saved_by_the_operator() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).start();
    daemon.wait_registered("main", SOON);
    daemon.import("first", list(&["06", "01"]));
    daemon.cli(&["dial", "start", "first"]);

    // The callee hangs up after a second.
    daemon.wait_status("wrap-up", SOON, |status| seat(status)["state"] == "wrap_up");
    assert_eq!(exchange.invites().len(), 1, "nobody is called before the result is saved");
    daemon.cli(&["save", "--status", "見込", "--memo", "折り返し希望", "--next", "dial"]);

    // The second callee stays until we hang up.
    daemon.wait_status("talk", SOON, |status| seat(status)["state"] == "in_call");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| seat(status)["state"] == "wrap_up");
    daemon.cli(&["save", "--status", "callback", "--next", "dial"]);
    let rows = by_number(daemon.wait_drop_rows(2, SOON));

    let (first, second) = (&rows["06"], &rows["01"]);
    assert_eq!((first["status"].as_str(), first["status_label"].as_str()), ("prospect", "見込"));
    assert_eq!((first["memo"].as_str(), first["set_by"].as_str()), ("折り返し希望", "operator"));
    assert_eq!(second["status"], "callback");
    assert_eq!(exchange.received("BYE").len(), 1);
    for row in [first, second] {
        assert_eq!(row["sip_code"], "200");
        assert!(!row["answered_at"].is_empty());
        assert_eq!(row["recording_sha256"].len(), 64, "{row:#?}");
    }
    assert_eq!(daemon.cli(&["stats"])["calls"], 2);
}

/// X6: what must not be called for one project is not called by hand for nobody knows which, nor brought into a call; a call for
/// another project, said to be so, goes out with that project's number.
#[test]
fn what_one_project_must_not_call_is_not_called_by_hand() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["project", "create", "本番"]);
    daemon.cli(&["project", "create", "別件", "--caller-id", "03-9999-0000"]);
    let blocked = "03-1234-0001";
    daemon.cli(&["dnc", "add", blocked, "--project", "本番", "--reason", "希望"]);
    let contact = daemon.cli(&["contact", "add", "--company", "A社", "--phone", blocked]);
    let contact = contact["contact"]["id"].as_str().or(contact["id"].as_str()).expect("an id").to_owned();
    let by_hand = [
        vec!["call", blocked],
        vec!["call", "--contact", &contact],
        vec!["call", blocked, "--project", "本番"],
    ];
    for command in by_hand {
        let refused = daemon.run(&command);
        refused.refused("E-DNC");
        assert!(refused.stdout.contains("本番"), "{refused:#?}");
    }
    daemon.cli(&["call", "0312340006"]);
    daemon.wait_status("talking", SOON, |status| seat(status)["state"] == "in_call");
    for command in [["transfer", blocked], ["consult", blocked]] {
        let refused = daemon.run(&command);
        refused.refused("E-DNC");
        assert!(refused.stdout.contains("本番"), "{refused:#?}");
    }
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| seat(status)["state"] == "wrap_up");
    daemon.cli(&["save", "--status", "talked"]);
    daemon.cli(&["call", blocked, "--project", "別件"]);
    daemon.wait_status("the call", SOON, |status| seat(status)["call"]["number"] == "0312340001");
    let invites = exchange.invites();
    let order: Vec<_> = invites.iter().map(|invite| invite.number.as_str()).collect();
    assert_eq!(order, ["0312340006", "0312340001"]);
    let last = exchange.received("INVITE").pop().expect("an INVITE");
    assert!(last.text.contains("0399990000"), "{}", last.text);
    daemon.cli(&["hangup"]);
}

/// What the machine suggests for a call by hand is shown by its label, in the words of who reads.
#[test]
fn a_suggestion_is_shown_by_its_label() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["call", "0312340002"]);
    daemon.wait_status("the end", SOON, |status| seat(status)["call"]["suggestion"] == "no_contact");
    for (lang, shown) in [("ja", "[候補: 不通]"), ("en", "[suggested: 不通]")] {
        let text = daemon.text(&["status", "--lang", lang]);
        assert!(text.contains(shown) && !text.contains("no_contact"), "{text}");
    }
}

/// X4: whoever has to call back is told a minute before, and when the time comes, with how many wait.
#[test]
fn a_callback_that_falls_due_is_told_to_its_seat() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).start();
    daemon.wait_registered("main", SOON);
    daemon.import("first", list(&["06"]));
    let mut events = daemon.control();
    events.subscribe(None).expect("the event stream");
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("talking", SOON, |status| seat(status)["state"] == "in_call");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| seat(status)["state"] == "wrap_up");
    let past = |daemon: &Daemon| daemon.cli(&["task", "ls"])["counts"]["past"].clone();
    let save = |ahead: i64| {
        let due = daemon.cli(&["status"])["now"].as_i64().expect("the daemon's time") + ahead;
        let save = serde_json::json!({ "status": "callback", "recall_at": due });
        daemon.control().call("call.save", &save).expect("it is saved");
        due
    };
    // The look before the last one has seen a minute ahead of itself.
    let later = save(61_000);
    let soon =
        events.wait_event("soon", Duration::from_secs(30), |event| event["params"]["kind"] == "task.soon");
    let (soon, task) = (&soon["params"], daemon.cli(&["task", "ls"])["rows"][0].clone());
    assert_eq!((&soon["seat"], &soon["due_at"]), (&"a".into(), &later.into()), "{soon:#}");
    assert_eq!((&soon["task"], &soon["lead"]), (&task["id"], &task["lead"]), "{soon:#}");
    let due = save(3_000);
    assert_eq!(past(&daemon), 0);
    let told =
        events.wait_event("task.due", Duration::from_secs(30), |event| event["params"]["kind"] == "task.due");
    let told = &told["params"];
    let task = &daemon.cli(&["task", "ls"])["rows"][0];
    assert_eq!(
        (&told["seat"], &told["due_at"], &told["past"]),
        (&"a".into(), &due.into(), &1.into()),
        "{told:#}"
    );
    assert_eq!(
        (&told["task"], &told["attempt"], &told["lead"]),
        (&task["id"], &task["attempt"], &task["lead"])
    );
    assert!(told["lead"].is_string(), "{told:#}");
    assert_eq!(past(&daemon), 1);
    // Whoever follows no events reads it in the status.
    for (lang, shown) in [("ja", "1 件の対応タスクの時刻が過ぎています"), ("en", "1 tasks are due")]
    {
        let text = daemon.text(&["status", "--lang", lang]);
        assert!(text.contains(shown), "{text}");
    }
    let paused = daemon.text(&["dial", "pause", "--lang", "en"]);
    assert!(paused.contains("`kakeru dial resume`"), "a session goes on, none is begun beside it: {paused}");
}

/// Numbers that must never be called are not, by list or by hand.
#[test]
fn forbidden_numbers_are_never_called() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["dnc", "add", "03-1234-0001", "--reason", "希望"]);
    daemon.import("first", list(&["01", "02"]));
    let refused = daemon.run(&["call", "0312340001"]);
    refused.refused("E-DNC");
    let told = refused.json()["error"]["data"].take();
    let said = told["detail_ja"].as_str().unwrap_or_default();
    assert!(said.contains("全社") && said.contains("希望"), "since when and why: {told:#}");
    assert!(told["facts"]["since"].is_i64(), "{told:#}");
    for number in ["110", "119", "118"] {
        daemon.run(&["call", number]).refused("E-PHONE-FORBIDDEN");
    }
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_drop_rows(1, SOON);
    let called: Vec<_> = exchange.calls_by_number().into_keys().collect();
    assert_eq!(called, ["0312340002"]);
}

/// An overloaded exchange is no result of a lead: kept, but void.
#[test]
fn a_fault_of_the_network_does_not_count() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).start();
    daemon.wait_registered("main", SOON);
    daemon.import("first", list(&["07"]));
    daemon.cli(&["dial", "start", "first"]);
    exchange.wait_received("INVITE", 1, SOON);
    daemon.cli(&["dial", "stop"]);
    let history = daemon.wait_history(1, SOON);
    assert_eq!(history[0]["sip_code"], 503, "{history:#?}");
    assert_eq!(history[0]["void"], true, "{history:#?}");
    assert_eq!(daemon.cli(&["stats"])["calls"], 0);
}

/// Digest on INVITE, Record-Route, ACK and BYE by way of a proxy.
#[test]
fn by_way_of_kamailio_with_digest() {
    let callee = Scenario::server("exchange").start();
    let proxy = kamailio::Setup::default().user("100", "secret").gateway(callee.address()).start();
    let daemon = Daemon::builder().account(Account::new("main", proxy.address())).start();
    daemon.wait_registered("main", SOON);
    daemon.import("first", list(&["02", "01"]));
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("talk", SOON, |status| seat(status)["state"] == "in_call");
    let up = daemon.cli(&["status"])["seats"][0]["name"].take();
    daemon.hang_up(up.as_str().expect("a seat"));
    daemon.wait_status("wrap-up", SOON, |status| seat(status)["state"] == "wrap_up");
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
    let rows = by_number(daemon.wait_drop_rows(2, SOON));
    assert_eq!((rows["02"]["sip_code"].as_str(), rows["01"]["sip_code"].as_str()), ("486", "200"));
    assert!(callee.calls_by_number().values().all(|&count| count == 1));
    assert_eq!(callee.received("BYE").len(), 1);
}

/// Preview shows the row first; the operator calls or passes over it.
#[test]
fn preview_shows_before_it_calls() {
    let exchange = Scenario::server("exchange").start();
    let daemon = against(&exchange).set("dialing", "mode", "\"preview\"").start();
    daemon.wait_registered("main", SOON);
    daemon.import("first", list(&["02", "03"]));
    daemon.cli(&["dial", "start", "first"]);
    let previewing = |company: &str| {
        daemon.wait_status("preview", SOON, |status| {
            seat(status)["state"] == "previewing" && seat(status)["call"]["company"] == company
        })
    };
    previewing("株式会社0");
    assert!(exchange.invites().is_empty(), "nobody is called while a row is shown");
    daemon.cli(&["dial", "skip"]);
    previewing("株式会社1");
    let typed = daemon.run_plain(&["call", "0612340001", "--lang", "ja"]);
    assert!(typed.code == 1 && typed.stderr.contains("発信先を表示中です"), "{typed:?}");
    daemon.cli(&["call"]);
    exchange.wait_received("INVITE", 1, SOON);
    let late = daemon.run_plain(&["dial", "skip", "--lang", "ja"]);
    assert!(late.code == 1 && late.stderr.contains("kakeru hangup"), "{late:?}");
    daemon.wait_drop_rows(1, SOON);
    assert_eq!(exchange.calls_by_number().into_keys().collect::<Vec<_>>(), ["0312340003"]);
}

/// A moved callee is followed; the lead counts once.
#[test]
fn a_redirection_is_followed_or_reported() {
    let exchange = Scenario::server("uas_redirect_302").start();
    let daemon = Daemon::builder().account(Account::new("main", exchange.address()).unregistered()).start();
    daemon.cli(&["call", "0312340001"]);
    let row = daemon.wait_history(1, SOON).remove(0);
    let code = row["sip_code"].as_u64().unwrap_or_default();
    assert!((300..700).contains(&code), "{row:#}");
}
