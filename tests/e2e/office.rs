//! The office's commands through the real binary: users, statuses, contacts, do-not-call, the audit log.

use e2e::daemon::{Account, Daemon, idle};
use e2e::peer::sipp::Scenario;
use serde_json::{Value, json};

use crate::SOON;

/// A Unix user that nobody is.
const OPERATOR: u32 = 64_005;

/// S4.1, S4.21, S4.24: made, renamed, given a role, deleted; the login does not come back, and all of it is audited.
#[test]
fn users_are_kept_and_audited_across_a_restart() {
    let mut daemon = idle();
    daemon.cli(&["user", "add", "carol", "--role", "BY", "--uid", "64001", "--name", "佐々木"]);
    daemon.cli(&["user", "rename", "carol", "佐々木 恵"]);
    daemon.cli(&["user", "role", "carol", "sv"]);
    daemon.kill9();
    daemon.start();
    let users = daemon.cli(&["user", "ls"])["users"].take();
    let carol = users.as_array().unwrap().iter().find(|user| user["login"] == "carol").cloned().unwrap();
    assert_eq!(
        (&carol["name"], &carol["role"], &carol["uid"]),
        (&"佐々木 恵".into(), &"SV".into(), &64001.into())
    );
    // The seat's operator is not deleted under it.
    daemon.run(&["user", "delete", "a", "--yes"]).refused("E-USER-SEAT");
    daemon.cli(&["user", "delete", "carol", "--yes"]);
    daemon.run(&["user", "add", "carol", "--role", "OP"]).refused("E-USER-TOMBSTONE");
    // S4.23: what she did is found by her name; nothing is given to her any more.
    daemon.import("春", "会社名,電話番号\n海,03-3000-0003\n");
    for search in [
        ["stats", "--by", "day", "--operator", "carol"].as_slice(),
        &["recording", "ls", "--operator", "carol"],
        &["list", "view", "春", "--last-user", "carol"],
        &["list", "view", "春", "--assigned", "carol"],
    ] {
        daemon.cli(search);
    }
    daemon.run(&["lead", "assign", "春", "--all", "--owner", "carol"]).refused("E-NOT-FOUND");
    // What takes the owner away from everything that is found, whether or not that was meant, has to be confirmed.
    let asked = daemon.run(&["lead", "assign", "春", "--all", "--lang", "en"]);
    assert!(asked.code == 2 && asked.stdout.contains("1 lead of 春"), "{asked:?}");
    daemon.cli(&["lead", "assign", "春", "--all", "--yes"]);
    let log = daemon.cli(&["audit", "--action", "user."])["rows"].take();
    let actions: Vec<_> = log.as_array().unwrap().iter().map(|row| row["action"].clone()).collect();
    assert_eq!(actions, ["user.delete", "user.role", "user.rename", "user.add"]);
}

/// S4.23, S1.7, S4.20: whoever holds leads, contacts or tasks is deleted only with a word on whose they become; what is nobody's
/// is for every operator of the project.
#[test]
fn a_user_hands_over_what_they_hold() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder().account(Account::new("main", exchange.address()).unregistered()).start();
    for (login, role) in [("bob", "OP"), ("carol", "OP"), ("dave", "BY")] {
        daemon.cli(&["user", "add", login, "--role", role]);
    }
    daemon.cli(&["user", "add", "erin", "--role", "OP", "--uid", &OPERATOR.to_string()]);
    daemon.import("春", "会社名,電話番号\nA社,0312345678\nB社,0612345678\n");
    daemon.cli(&["lead", "assign", "春", "--all", "--owner", "carol"]);
    daemon.cli(&["contact", "add", "--company", "C社", "--phone", "0522345678", "--owner", "carol"]);
    daemon.cli(&["call", "0312345601"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    daemon.cli(&["save", "--status", "見込", "--next", "stay"]);
    assert_eq!(daemon.cli(&["task", "hand-over", "--from", "a", "--to", "carol"])["tasks"], 1);
    let held = json!({ "leads": 2, "contacts": 1, "tasks": 1 });
    assert_eq!(daemon.cli(&["user", "holds", "carol"]), held);

    daemon.run(&["user", "delete", "carol", "--yes"]).refused("E-USER-HOLDS");
    daemon.run(&["user", "delete", "carol", "--hand-over", "dave", "--yes"]).refused("E-USER-ROLE");
    daemon.run(&["user", "delete", "carol", "--hand-over", "carol", "--yes"]).refused("E-VALUE");
    assert_eq!(daemon.cli(&["user", "holds", "carol"]), held);
    let asked = daemon.run_plain(&["user", "delete", "carol", "--hand-over", "bob", "--lang", "ja"]);
    let counts = "発信先 2件、連絡先 1件、対応タスク 1件を bob に引き継ぎます";
    assert!(asked.code == 2 && asked.stderr.contains(counts), "{asked:?}");
    daemon.cli(&["list", "grant", "春", "a"]);
    let gone = daemon.cli(&["user", "delete", "carol", "--hand-over", "bob", "--yes"]);
    assert_eq!((&gone["login"], &gone["handed_over"]), (&"carol".into(), &held));
    assert_eq!(gone["ungranted"], json!(["春"]));
    assert_eq!(daemon.cli(&["list", "view", "春", "--assigned", "bob"])["total"], 2);
    let task = daemon.cli(&["task", "ls", "--owner", "bob"])["rows"][0].take();
    assert_eq!((&task["kind"], &task["state"]), (&"prospect".into(), &"open".into()));

    // X7: who is given a task is told of lists that they may not use.
    let given = daemon.cli(&["task", "reassign", &task["id"].to_string(), "bob"]);
    assert_eq!((&given["owner"], &given["ungranted"]), (&"bob".into(), &json!(["春"])));

    // Nobody else's is offered to an operator, and nobody's is.
    let erin = |arguments: &[&str]| daemon.run_as(OPERATOR, arguments);
    let id = task["id"].to_string();
    assert_eq!(erin(&["task", "ls"]).success()["counts"]["free"], 0);
    erin(&["task", "done", &id]).refused("E-PERMISSION");
    erin(&["task", "hand-over", "--from", "bob"]).refused("E-PERMISSION");
    erin(&["user", "holds", "bob"]).refused("E-PERMISSION");
    let released = daemon.cli(&["user", "delete", "bob", "--release", "--yes"]);
    assert_eq!(released["handed_over"], held);
    assert_eq!(daemon.cli(&["task", "ls", "--nobody"])["rows"][0]["id"], task["id"]);
    let seen = erin(&["task", "ls"]).success();
    assert_eq!((&seen["counts"]["free"], &seen["rows"][0]["id"]), (&1.into(), &task["id"]));
    erin(&["task", "done", &id]).success();
    let log = daemon.cli(&["audit", "--action", "user.delete"])["rows"].take();
    assert_eq!(
        (&log[0]["detail"]["handed_over"]["tasks"], &log[0]["detail"]["login"]),
        (&1.into(), &"bob".into())
    );
}

/// S4.21, S4.23: of two users of one name tables show the login too, also where the other one is deleted; programs have it always.
#[test]
fn users_of_one_name_are_told_apart_in_tables() {
    let daemon = idle();
    for (login, name) in [("tanaka1", "田中"), ("tanaka2", "田中"), ("sato", "佐藤")] {
        daemon.cli(&["user", "add", login, "--name", name, "--role", "OP"]);
    }
    daemon.import("春", "会社名,電話番号\nA社,0312345678\nB社,0612345678\n");
    daemon.cli(&["lead", "assign", "春", "--lead", "春#1", "--owner", "tanaka1"]);
    daemon.cli(&["lead", "assign", "春", "--lead", "春#2", "--owner", "sato"]);
    daemon.cli(&["contact", "add", "--company", "C社", "--phone", "0522345678", "--owner", "tanaka1"]);
    let told_apart = || {
        for table in [&["list", "view", "春"][..], &["lead", "show", "春#1"], &["contact", "ls"]] {
            let text = daemon.text(table);
            assert!(text.contains("田中") && text.contains("(tanaka1)"), "{table:?}: {text}");
            assert!(!text.contains("(sato)"), "{text}");
        }
        let row = daemon.cli(&["list", "view", "春"])["rows"][0].take();
        assert_eq!((&row["assigned"], &row["assigned_login"]), (&"田中".into(), &"tanaka1".into()));
    };
    told_apart();
    daemon.cli(&["user", "delete", "tanaka2", "--yes"]);
    told_apart();
    daemon.cli(&["user", "add", "suzuki", "--name", "鈴木", "--role", "OP"]);
    daemon.cli(&["user", "rename", "sato", "鈴木"]);
    assert!(daemon.text(&["list", "view", "春"]).contains("鈴木 (sato)"));
    daemon.cli(&["user", "rename", "suzuki", "鈴木 次郎"]);
    assert!(!daemon.text(&["list", "view", "春"]).contains("(sato)"));
}

/// S4.4, S4.5: the operator of a seat stays somebody who calls, and is told how to change that; root stays a manager.
#[test]
fn who_has_a_seat_stays_in_a_role_that_calls() {
    let mut daemon = idle();
    for role in ["BIZ", "BY"] {
        let refused = daemon.run_plain(&["user", "role", "a", role, "--release", "--lang", "ja"]);
        let told = refused.stderr.contains("E-USER-SEAT") && refused.stderr.contains("席 a の担当です");
        assert!(told && refused.stderr.contains("[[seat]] の operator"), "{refused:?}");
    }
    daemon.cli(&["user", "role", "a", "SV"]);
    daemon.cli(&["pause"]);
    daemon.cli(&["user", "add", "bob", "--role", "BY"]);
    daemon.run(&["user", "uid", "bob", "0"]).refused("E-VALUE");
    daemon.run(&["user", "add", "root", "--role", "SV", "--uid", "0"]).refused("E-VALUE");
    // A configuration that names somebody of the office is told in the log.
    let config = daemon.path("kakeru.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("name = \"a\"", "name = \"a\"\noperator = \"bob\"")).unwrap();
    daemon.kill9();
    daemon.start();
    assert!(daemon.log().contains("role that calls nobody"), "{}", daemon.log());
    daemon.cli(&["user", "role", "a", "BIZ"]);
    let edit = json!({ "user": "bob", "role": "BY", "name": "坊" });
    daemon.control().call("user.edit", &edit).expect("it is what they are already");
}

/// S4.4, S4.5, S1.37, S4.20: who calls no more in a new role leaves leads and open tasks to somebody who does, or to the project.
#[test]
fn who_calls_no_more_hands_over_in_the_same_verb() {
    let daemon = idle();
    for (login, role) in [("bob", "OP"), ("carol", "OP"), ("dave", "BY")] {
        daemon.cli(&["user", "add", login, "--role", role]);
    }
    daemon.cli(&["user", "add", "sam", "--role", "SV", "--uid", &OPERATOR.to_string()]);
    daemon.import("春", "会社名,電話番号\nA社,0312345678\nB社,0612345678\n");
    daemon.cli(&["lead", "assign", "春", "--all", "--owner", "carol"]);
    daemon.cli(&["contact", "add", "--company", "C社", "--phone", "0522345678", "--owner", "carol"]);
    let refused = daemon.run_plain(&["user", "role", "carol", "BY", "--lang", "ja"]);
    assert!(refused.code == 1 && refused.stderr.contains("E-USER-HOLDS"), "{refused:?}");
    assert!(refused.stderr.contains("発信先 2件") && refused.stderr.contains("--hand-over"), "{refused:?}");
    daemon.run(&["user", "role", "carol", "BIZ", "--hand-over", "dave"]).refused("E-USER-ROLE");
    // Whoever may not change their role hands nothing over either.
    let sam = |arguments: &[&str]| daemon.run_as(OPERATOR, arguments);
    daemon.cli(&["user", "role", "bob", "SV"]);
    daemon.cli(&["lead", "assign", "春", "--lead", "春#2", "--owner", "bob"]);
    sam(&["user", "role", "bob", "BY", "--release"]).refused("E-PERMISSION");
    assert_eq!(daemon.cli(&["user", "holds", "bob"])["leads"], 1);
    let changed = sam(&["user", "role", "carol", "BY", "--hand-over", "bob"]).success();
    assert_eq!((&changed["role"], &changed["handed_over"]["leads"]), (&"BY".into(), &1.into()));
    assert_eq!(daemon.cli(&["user", "holds", "carol"]), json!({ "leads": 0, "contacts": 1, "tasks": 0 }));
    let text = daemon.text(&["user", "role", "bob", "BIZ", "--release"]);
    assert!(text.contains("changed hands: 2 leads"), "{text}");
    assert_eq!(daemon.cli(&["list", "view", "春", "--assigned", ""])["total"], 2);
    let log = daemon.cli(&["audit", "--action", "user.role"])["rows"].take();
    assert_eq!(log[0]["detail"]["handed_over"]["leads"], 2, "{log:#}");
    // A role that calls keeps whatever there is.
    daemon.cli(&["user", "role", "bob", "OP"]);
}

/// S4.21, S4.49: who is renamed has the new name wherever they are shown, the login beside it in the JSON; a correction is told
/// in words and in Japan's time.
#[test]
fn a_renamed_user_is_named_wherever_they_are_shown() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder().account(Account::new("main", exchange.address()).unregistered()).start();
    daemon.import("春", "会社名,電話番号\n海,0312345601\n");
    daemon.cli(&["dial", "start", "春"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    daemon.cli(&["save", "--status", "見込", "--next", "dial"]);
    let row = daemon.cli(&["history", "--manual", "include"])["rows"][0].take();
    let attempt = row["attempt"].as_str().unwrap();
    daemon.cli(&["note", "add", "伝言", "--attempt", attempt]);
    daemon.cli(&["contact", "add", "--company", "A社", "--phone", "0522345678", "--owner", "a"]);
    daemon.cli(&["dnc", "add", "0522345671", "--reason", "希望"]);
    let file = daemon.path("dnc.csv");
    std::fs::write(&file, "電話番号,理由\n0522345670,名簿\n").unwrap();
    daemon.cli(&["dnc", "import", &file.to_string_lossy(), "--reason", "名簿"]);
    daemon.cli(&["project", "create", "夏"]);
    daemon.cli(&["user", "rename", "a", "佐藤 恵"]);
    for shown in [
        ["history", "--manual", "include"].as_slice(),
        &["history", "show", attempt],
        &["task", "ls", "--all"],
        &["stats", "--by", "operator"],
        &["recording", "ls"],
        &["note", "ls", "--attempt", attempt],
        &["contact", "ls"],
        &["dnc", "ls"],
        &["audit"],
        &["list", "view", "春"],
        &["list", "imports"],
        &["list", "grant", "春", "a"],
        &["project", "grant", "夏", "a"],
        &["dnc", "imports"],
    ] {
        let text = daemon.text(shown);
        assert!(text.contains("佐藤 恵"), "{shown:?}: {text}");
    }
    // Programs have the login beside it.
    let import = daemon.cli(&["list", "imports"])["rows"][0].take();
    assert_eq!((&import["by"], &import["by_name"]), (&"a".into(), &"佐藤 恵".into()));
    let lead = daemon.cli(&["list", "view", "春"])["rows"][0].take();
    assert_eq!((&lead["last_user"], &lead["last_user_login"]), (&"佐藤 恵".into(), &"a".into()));
    let grants = daemon.cli(&["list", "grant", "春"]);
    assert_eq!((&grants["users"], &grants["names"]), (&json!(["a"]), &json!(["佐藤 恵"])));
    let row = daemon.cli(&["history", "--manual", "include"])["rows"][0].take();
    assert_eq!((&row["operator"], &row["operator_name"]), (&"a".into(), &"佐藤 恵".into()));
    let amend = [
        "history",
        "amend",
        attempt,
        "--status",
        "通話済",
        "--recall",
        "2030-01-02 10:00",
        "--reason",
        "誤記",
    ];
    let told = daemon.cli(&amend)["amendments"].take();
    assert_eq!((&told[0]["before"], &told[0]["before_label"]), (&"prospect".into(), &"見込".into()));
    let text = daemon.text(&["history", "show", attempt, "--lang", "ja"]);
    assert!(text.contains("結果: 見込 → 通話済 (誤記)"), "{text}");
    assert!(text.contains("再コール日時: - → 2030-01-02 10:00"), "{text}");
}

/// S4.6, S4.7: own statuses beside the built-in ones.
#[test]
fn a_site_makes_its_own_statuses() {
    let daemon = idle();
    daemon.cli(&[
        "disposition",
        "add",
        "担当不在",
        "--lead-next",
        "retry",
        "--counts-connect",
        "no",
        "--position",
        "1",
    ]);
    let first = daemon.cli(&["disposition", "ls"])["dispositions"][0].clone();
    assert_eq!((&first["label"], &first["counts_connect"]), (&"担当不在".into(), &false.into()));
    daemon.run(&["disposition", "edit", "不通", "--label", "x"]).refused("E-STATUS-BUILTIN");
    daemon.run(&["disposition", "edit", "担当不在"]).refused("E-BAD-REQUEST");
    daemon.run(&["disposition", "edit", "担当不在", "--position", "0"]).refused("E-VALUE");
    daemon.cli(&["disposition", "archive", "担当不在"]);
    assert_eq!(daemon.cli(&["disposition", "ls"])["dispositions"].as_array().unwrap().len(), 7);
    // Those of one project, with those of all.
    for project in ["夏", "冬"] {
        daemon.cli(&["project", "create", project]);
        daemon.cli(&["disposition", "add", &format!("{project}の資料請求"), "--project", project]);
    }
    let of_summer = daemon.cli(&["disposition", "ls", "--project", "夏"])["dispositions"].take();
    let labels: Vec<_> =
        of_summer.as_array().unwrap().iter().map(|row| row["label"].as_str().unwrap()).collect();
    assert!(labels.len() == 8 && labels.contains(&"夏の資料請求") && labels.contains(&"不通"), "{labels:?}");
    daemon.run(&["disposition", "ls", "--project", "秋"]).refused("E-NOT-FOUND");
    // One label in two projects: none is changed before it is said which.
    for project in ["夏", "冬"] {
        daemon.cli(&["disposition", "add", "来店", "--project", project]);
    }
    let refused = daemon.run(&["disposition", "archive", "来店"]);
    refused.refused("E-AMBIGUOUS");
    let candidates = refused.json()["error"]["data"]["facts"]["statuses"].take();
    assert_eq!((&candidates[0]["project"], &candidates[1]["project"]), (&"夏".into(), &"冬".into()));
    daemon.run(&["disposition", "edit", "来店", "--hotkey", "r"]).refused("E-AMBIGUOUS");
    daemon.run(&["disposition", "archive", "来店", "--project", "秋"]).refused("E-NOT-FOUND");
    let archived = daemon.cli(&["disposition", "archive", "来店", "--project", "冬"]);
    assert_eq!((&archived["code"], &archived["project"]), (&candidates[1]["code"], &"冬".into()));
    let edited = daemon.cli(&["disposition", "edit", "来店", "--hotkey", "r"]);
    assert_eq!(edited["code"], candidates[0]["code"], "the one that is offered");
}

/// S0.3 to S0.9: a contact through its life.
#[test]
fn a_contact_is_added_found_deleted_and_brought_back() {
    let daemon = idle();
    let add = [
        "contact",
        "add",
        "--company",
        "株式会社サンプル",
        "--phone",
        "03-1234-5678",
        "--phone",
        "mobile=090-1111-2222",
    ];
    let id = daemon.cli(&add)["contact"]["id"].as_str().unwrap().to_owned();
    daemon.run(&add).refused("E-CONTACT-DUP");
    assert_eq!(daemon.cli(&["contact", "ls", "ｻﾝﾌﾟﾙ"])["rows"][0]["id"], id.as_str());
    daemon.cli(&["contact", "edit", "09011112222", "--person", "佐藤", "--category", "既存"]);
    assert_eq!(daemon.cli(&["contact", "categories"])["categories"][0]["contacts"], 1);
    let file = daemon.path("contacts.csv");
    daemon.cli(&["contact", "export", &file.to_string_lossy()]);
    assert!(std::fs::read_to_string(&file).unwrap().contains("株式会社サンプル,佐藤,03-1234-5678,既存"));
    daemon.cli(&["contact", "delete", "0312345678", "--yes"]);
    daemon.run(&["contact", "show", "0312345678"]).refused("E-NOT-FOUND");
    daemon.cli(&["contact", "undo", &id]);
    assert_eq!(daemon.cli(&["contact", "show", "0312345678"])["person"], "佐藤");
}

/// X6, S4.27: by form and by file, cleared with a reason, out and in again.
#[test]
fn the_do_not_call_list_goes_out_and_in_as_csv() {
    let daemon = idle();
    // S4.16: nothing was called, so nothing is a share of it.
    let stats = daemon.cli(&["stats"]);
    assert_eq!(
        (&stats["calls"], &stats["connect_rate"], &stats["progress"]),
        (&0.into(), &Value::Null, &Value::Null)
    );
    assert!(daemon.text(&["stats"]).contains("—"));
    daemon.cli(&["dnc", "add", "03-1234-5678", "--reason", "希望により", "--evidence", "書面"]);
    std::fs::write(daemon.path("more.csv"), "090-1111-2222\n0612345678\n").unwrap();
    let done = daemon.cli(&["dnc", "import", "more.csv", "--reason", "名簿"]);
    assert_eq!((&done["changed"], &done["unchanged"]), (&2.into(), &0.into()));
    daemon.cli(&["dnc", "export", "all.csv"]);
    let again = daemon.cli(&["dnc", "import", "all.csv"]);
    assert_eq!((&again["rows"], &again["changed"], &again["unchanged"]), (&3.into(), &0.into(), &3.into()));
    assert_eq!(daemon.run(&["dnc", "clear", "0312345678"]).code, 2, "a reason must be given");
    daemon.cli(&["dnc", "clear", "0312345678", "--reason", "本人から再開の依頼"]);
    assert_eq!(daemon.cli(&["dnc", "ls"])["rows"].as_array().unwrap().len(), 2);
    assert_eq!(daemon.cli(&["dnc", "ls", "--cleared"])["rows"][0]["cleared_reason"], "本人から再開の依頼");
    // What was cleared stays so when the whole register is read back, here and in an empty box.
    daemon.cli(&["dnc", "export", "whole.csv", "--cleared"]);
    let empty = idle();
    for (into, changed, unchanged) in [(&daemon, 0, 2), (&empty, 2, 0)] {
        std::fs::copy(daemon.path("whole.csv"), into.path("back.csv")).unwrap();
        let looked = into.cli(&["dnc", "import", "back.csv", "--preview"]);
        assert_eq!(
            (&looked["preview"][0]["effect"], &looked["past"]),
            (&"past".into(), &1.into()),
            "{looked:#}"
        );
        let back = into.cli(&["dnc", "import", "back.csv"]);
        let counts = ["rows", "changed", "unchanged", "past"].map(|name| back[name].as_u64());
        assert_eq!(counts, [Some(3), Some(changed), Some(unchanged), Some(1)], "{back:#}");
        let blocked = into.cli(&["dnc", "ls"])["rows"].take();
        assert_eq!(blocked.as_array().unwrap().len(), 2, "{blocked:#}");
    }
    std::fs::write(daemon.path("half.csv"), "電話番号,解除日時\n0312345678,2026-11-01\n").unwrap();
    daemon.run(&["dnc", "import", "half.csv"]).refused("E-REASON-REQUIRED");
}

/// S0.9: a category is counted and deleted however its name is written; one that is not there is not asked about.
#[test]
fn a_category_is_deleted_by_its_folded_name() {
    let daemon = idle();
    let add =
        ["contact", "add", "--company", "A", "--person", "B", "--phone", "0312345678", "--category", "ABC"];
    daemon.cli(&add);
    // Nobody is there to answer: the question is shown.
    let asked = daemon.run(&["contact", "categories", "--delete", "ａｂｃ"]);
    assert!(asked.code == 2 && asked.stdout.contains("ABC: "), "{asked:#?}");
    assert!(asked.stdout.contains("1 contacts"), "{asked:#?}");
    daemon.run(&["contact", "categories", "--delete", "無い"]).refused("E-NOT-FOUND");
    let gone = daemon.cli(&["contact", "categories", "--delete", "ａｂｃ", "--yes"]);
    assert_eq!(gone["contacts"], 1, "{gone:#}");
}

/// Wrong words are told before anything is done, with those that may stand there.
#[test]
fn a_wrong_word_of_an_option_is_wrong_usage() {
    let daemon = idle();
    for line in [
        ["list", "import", "L", "f.csv", "--encoding", "latin1"],
        ["list", "import", "L", "f.csv", "--dup-in-file", "foo"],
        ["list", "export", "L", "-", "--encoding", "latin1"],
    ] {
        let outcome = daemon.run(&line);
        assert!(
            outcome.code == 2 && (outcome.stdout.contains("cp932") || outcome.stdout.contains("merge")),
            "{outcome:#?}"
        );
    }
}

/// Section E, S3.17: what somebody else changed since it was looked at is not overwritten, where a version is shown and said.
#[test]
fn an_edit_of_what_changed_since_is_refused() {
    let daemon = idle();
    daemon.cli(&["contact", "add", "--company", "A社", "--phone", "0312345678"]);
    let contact = daemon.cli(&["contact", "show", "0312345678"]);
    daemon.import("春", "会社名,電話番号\nB社,0612345678\n");
    let lead = daemon.cli(&["lead", "show", "春#1"]);
    for (kind, object, row) in [("contact", "0312345678", contact), ("lead", "春#1", lead)] {
        let seen = row["version"].to_string();
        let edit = |person: &str, version: &str| {
            daemon.run(&[kind, "edit", object, "--person", person, "--if-version", version])
        };
        edit("佐藤", &seen).success();
        edit("鈴木", &seen).refused("E-STALE");
        let now = daemon.cli(&[kind, "show", object]);
        assert_eq!(now["person"], "佐藤");
        assert!(daemon.text(&[kind, "show", object]).contains(&now["version"].to_string()));
        edit("鈴木", &now["version"].to_string()).success();
    }
    // Without a version the last one wins.
    daemon.cli(&["lead", "edit", "春#1", "--person", "高橋"]);
}
