//! What people look for and look up: periods, parts of names and numbers, what forbids a number, whom a task is about.

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::sipp::Scenario;
use serde_json::{Value, json};

use crate::SOON;

/// Somebody who calls and sees numbers masked.
const OPERATOR: u32 = 64_171;

fn talk_and_save(daemon: &Daemon, save: &[&str]) {
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    daemon.cli(&[&["save"], save].concat());
}

/// `2026-11-29` in Japan, so many days from today.
fn day(from_now: i64) -> String {
    let sql = "SELECT strftime('%Y-%m-%d', 'now', '+9 hours', ?1 || ' days')";
    let memory = rusqlite::Connection::open_in_memory().expect("memory");
    memory.query_row(sql, [from_now], |r| r.get(0)).expect("a time")
}

/// S1.30, S4.17, S4.18, S4.43: a day is from itself to itself everywhere, names are found by their form, numbers by a part, and the results
/// add up.
#[test]
fn calls_are_looked_up_by_day_form_and_part() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .set("people", "mask_numbers", "[\"OP\"]")
        .seat(Seat::new("a", "main").set("uid", &OPERATOR.to_string()))
        .start();
    daemon.import("L", "会社名,電話番号\n医療法人さくら会,0312345601\n㈱カブラ,0612345701\n");
    daemon.cli(&["dial", "start", "L"]);
    talk_and_save(&daemon, &["--status", "通話済", "--next", "dial"]);
    talk_and_save(&daemon, &["--memo", "夕方", "--next", "stay"]);
    daemon.cli(&["dial", "stop"]);
    let total = |words: &[&str]| daemon.cli(words)["rows"].as_array().unwrap().len();

    // S4.18: every command that has both ends.
    let (yesterday, today) = (day(-1), day(0));
    for command in [&["history"][..], &["list", "view", "L"], &["recording", "ls"], &["audit"]] {
        let of = |from: &str, to: &str| total(&[command, &["--from", from, "--to", to]].concat());
        assert!(of(&today, &today) > 0, "{command:?}");
        assert_eq!(of(&yesterday, &format!("{today} 00:00:00")), 0, "{command:?}");
        let wrong =
            daemon.run_plain(&[command, &["--from", &today, "--to", &yesterday, "--lang", "ja"]].concat());
        assert_eq!(wrong.code, 2, "{wrong:?}");
        assert!(wrong.stderr.contains("E-USAGE") && wrong.stderr.contains(&yesterday), "{wrong:?}");
        assert!(wrong.stderr.contains(&format!("{today} 00:00:00")), "{wrong:?}");
    }
    for command in [&["stats"][..], &["stats", "--by", "user"]] {
        let words = [command, &["--from", &today, "--to", &today]].concat();
        let shown = daemon.cli(&words);
        let calls = if command.len() == 1 { &shown["calls"] } else { &shown["rows"][0]["calls"] };
        assert_eq!(calls, 2, "{shown:#}");
        assert_eq!(daemon.run(&[command, &["--from", &today, "--to", &yesterday]].concat()).code, 2);
    }

    // S4.17.
    let stats = daemon.cli(&["stats"]);
    assert_eq!((&stats["blank"], &stats["by_status"][0]["count"]), (&1.into(), &1.into()), "{stats:#}");
    let text = daemon.text(&["stats", "--lang", "ja"]);
    assert!(text.lines().any(|line| line.split_whitespace().eq(["未入力", "1"])), "{text}");

    // S1.30.
    for (form, found) in [("医療法人", "医療法人さくら会"), ("株式会社", "㈱カブラ")] {
        let rows = daemon.cli(&["list", "view", "L", "--search", form])["rows"].take();
        assert_eq!((rows.as_array().unwrap().len(), &rows[0]["company"]), (1, &found.into()), "{form}");
        assert_eq!(daemon.cli(&["contact", "ls", form])["rows"][0]["company"], found);
        assert_eq!(daemon.cli(&["history", "--name", form])["rows"][0]["company"], found);
    }
    assert_eq!(total(&["list", "view", "L", "--search", "合同会社"]), 0);
    for (number, found) in [("5701", 1), ("2345", 2), ("06-1234-5701", 1), ("110", 0)] {
        assert_eq!(total(&["history", "--number", number]), found, "{number}");
    }
    // S3.14: whoever sees numbers masked does not find them out.
    daemon.run_as(OPERATOR, &["history", "--number", "5701"]).refused("E-FIELD-PERM");
    let own = daemon.run_as(OPERATOR, &["history", "--number", "0612345701"]).success();
    assert_eq!(own["rows"][0]["number"], "06-****-5701");
    // The whole result as a file too.
    let file = daemon.path("found.csv").to_string_lossy().into_owned();
    daemon.cli(&["history", "export", &file, "--number", "5701", "--company", "株式会社"]);
    let csv = std::fs::read_to_string(&file).unwrap();
    assert_eq!(csv.lines().count(), 2, "{csv}");
}

/// X6: whoever clears a number is told what still forbids to call it, and where it is forbidden when it is not here.
#[test]
fn what_still_forbids_a_number_is_told() {
    let daemon = Daemon::builder().account(Account::nowhere()).start();
    for name in ["春", "秋"] {
        daemon.cli(&["project", "create", name]);
    }
    daemon.run(&["dnc", "add", "0312345601"]).refused("E-REASON-REQUIRED");
    daemon.run(&["dnc", "add", "0312345601", "--reason", " "]).refused("E-REASON-REQUIRED");
    daemon.cli(&["dnc", "add", "0312345601", "--project", "春", "--project", "秋", "--reason", "希望"]);
    let nothing = daemon.run_plain(&["dnc", "clear", "0312345601", "--reason", "撤回", "--lang", "ja"]);
    assert!(nothing.stderr.contains("E-NOT-FOUND") && nothing.stderr.contains("春、秋"), "{nothing:?}");
    let nothing = daemon.run_plain(&["dnc", "clear", "0312345601", "--reason", "x", "--lang", "en"]);
    assert!(nothing.stderr.contains("--project 春, --project 秋"), "{nothing:?}");
    daemon.cli(&["dnc", "add", "0312345601", "--reason", "書面"]);
    let cleared = daemon.cli(&["dnc", "clear", "0312345601", "--project", "春", "--reason", "撤回"]);
    let left: Vec<_> = cleared["left"].as_array().unwrap().iter().map(|row| row["project"].clone()).collect();
    assert_eq!((&cleared["cleared"], left), (&1.into(), vec![json!("秋"), json!(null)]));
    let text = daemon.text(&["dnc", "clear", "0312345601", "--reason", "撤回", "--lang", "ja"]);
    assert!(text.contains("解除しました: 1") && text.contains("まだ発信できません"), "{text}");
    assert!(text.contains("秋") && text.contains("希望"), "{text}");
    let text =
        daemon.text(&["dnc", "clear", "0312345601", "--project", "秋", "--reason", "撤回", "--lang", "ja"]);
    assert!(!text.contains("まだ"), "{text}");
    let nothing = daemon.run_plain(&["dnc", "clear", "0312345601", "--reason", "撤回", "--lang", "ja"]);
    assert!(nothing.stderr.contains("登録されていません"), "{nothing:?}");
}

/// A text of two numbers is two: both are entered, told and cleared, and where one is wanted neither is taken.
#[test]
fn no_number_of_a_text_is_dropped_silently() {
    let daemon = Daemon::builder().account(Account::nowhere()).start();
    for name in ["春", "秋"] {
        daemon.cli(&["project", "create", name]);
    }
    let both = "03-2525-0010 / 03-2525-0011";
    let add = ["dnc", "add", both, "--project", "春", "--project", "秋", "--reason", "本人の申し出"];
    let added = daemon.cli(&add);
    let more: Vec<_> =
        added["more"].as_array().unwrap().iter().map(|row| (&row["number"], &row["project"])).collect();
    let [spring, autumn] = ["春", "秋"].map(Value::from);
    let [first, second] = ["0325250010", "0325250011"].map(Value::from);
    assert_eq!((&added["number"], &added["project"], &added["known"]), (&first, &spring, &false.into()));
    assert_eq!(more, [(&first, &autumn), (&second, &spring), (&second, &autumn)], "{added:#}");
    let text = daemon.text(&[&add[..], &["--lang", "ja"]].concat());
    assert!(text.contains("すでに登録されています"), "{text}");
    assert!(text.matches("0325250011").count() == 2 && text.matches("0325250010").count() == 2, "{text}");
    let half = ["dnc", "clear", "03-2525-0010、03-2525-0012", "--project", "春", "--reason", "x"];
    daemon.run(&half).refused("E-NOT-FOUND");
    assert_eq!(daemon.cli(&["dnc", "ls"])["rows"].as_array().map(Vec::len), Some(4));
    let cleared = daemon.cli(&["dnc", "clear", both, "--project", "春", "--reason", "撤回"]);
    assert_eq!((&cleared["cleared"], cleared["left"].as_array().map(Vec::len)), (&2.into(), Some(2)));
    let refused = daemon.run(&["project", "change", "春", "--caller-id", both]);
    refused.refused("E-VALUE");
    let contact = daemon.cli(&["contact", "add", "--company", "A社", "--phone", both]);
    assert_eq!(contact["contact"]["numbers"].as_array().map(Vec::len), Some(2), "{contact:#}");
    // A number with a digit too many is told as such, as an import does.
    let told =
        daemon.run_plain(&["contact", "add", "--company", "B社", "--phone", "03-2525-00333", "--lang", "ja"]);
    assert!(told.stderr.contains("W-PHONE-UNASSIGNED 桁が多い番号"), "{told:?}");
}

/// Programs are told what people are: when somebody is to be called again, and what is doubtful about a number.
#[test]
fn json_says_what_the_text_says() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .set("dialing.window", "days", "[\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]")
        .set("dialing.window", "from", "\"09:00\"")
        .set("dialing.window", "closed", &format!("[\"{}/{}\"]", day(1), day(2)))
        .seat(Seat::new("a", "main"))
        .start();
    daemon.run(&["call", "03-2525-0010 / 03-2525-0011"]).refused("E-VALUE");
    let called = daemon.cli(&["call", "03-2525-00301"]);
    assert_eq!(called["warnings"], json!(["W-PHONE-UNASSIGNED"]), "{called:#}");
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    // S4.53: whoever saves a complaint learns what it does, and the entry that goes with another result says why.
    let told = daemon.text(&["save", "--status", "クレーム", "--lang", "ja"]);
    assert!(told.contains("架電禁止に登録しました"), "{told}");
    let saved = daemon.cli(&["save", "--status", "再コール", "--recall", &format!("{} 10:00", day(1))]);
    assert!(daemon.text(&["dnc", "ls", "--cleared", "--lang", "ja"]).contains("確定前に結果を変更"));
    let (at, opens) = (saved["recall_at"].as_i64().unwrap(), saved["recall_opens_at"].as_i64().unwrap());
    assert_eq!(opens - at, 47 * 3_600_000, "{saved:#}");
    assert!(saved.get("warnings").is_none(), "{saved:#}");
    // Saved again with a memo, the promise stands, and is told.
    let again = daemon.cli(&["save", "--status", "再コール", "--memo", "資料"]);
    assert_eq!((&again["recall_at"], &again["recall_opens_at"]), (&at.into(), &opens.into()), "{again:#}");
    daemon.cli(&["ready"]);
    let task = daemon.cli(&["task", "ls"])["rows"][0]["id"].to_string();
    let open = daemon.cli(&["task", "due", &task, &format!("{} 10:00", day(3))]);
    assert!(open["due_at"].is_i64() && open.get("recall_opens_at").is_none(), "{open:#}");
    let shut = daemon.cli(&["task", "due", &task, &format!("{} 10:00", day(2))]);
    assert_eq!(shut["recall_opens_at"], opens, "{shut:#}");
    // The daemon says it to any client.
    let attempt = daemon.cli(&["history", "--manual", "only"])["rows"][0]["attempt"].take();
    let amend = json!({ "attempt": attempt, "recall_at": at, "reason": "聞き間違い" });
    let amended = daemon.control().call("history.amend", &amend).unwrap();
    assert_eq!((&amended["call"]["recall_at"], &amended["recall_opens_at"]), (&at.into(), &opens.into()));
    let told = daemon.run_plain(&["task", "due", &task, &format!("{} 10:00", day(2)), "--lang", "ja"]);
    assert!(told.stdout.contains("架電可能時間外です"), "{told:?}");
}

/// X4, S4.46, S1.36: a task is called by its number, as its lead, and by those who may call that.
#[test]
fn a_task_is_called_as_its_lead() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .set("people", "mask_numbers", "[\"OP\"]")
        .seat(Seat::new("a", "main").set("uid", &OPERATOR.to_string()))
        .start();
    daemon.import("L", "会社名,電話番号\nA社,0312345601\n");
    let call = |words: &[&str]| {
        daemon.run_as(OPERATOR, &[&["call"], words].concat()).success();
        daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
        daemon.cli(&["hangup"]);
        daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    };
    call(&["--lead", "L#1"]);
    let past = daemon.run(&["save", "--status", "再コール", "--recall", "2026-01-02 10:00"]);
    past.refused("E-VALUE");
    assert!(format!("{}{}", past.stdout, past.stderr).contains(&day(0)), "{past:?}");
    // A time alone is today's; one that is over is refused with what to write for tomorrow.
    let over = daemon.run(&["save", "--status", "再コール", "--recall", "0:00"]);
    over.refused("E-VALUE");
    assert!(format!("{}{}", over.stdout, over.stderr).contains("明日 00:00"), "{over:?}");
    assert_eq!(daemon.cli(&["history", "--open"])["rows"][0]["status"], json!(null), "nothing of it is kept");
    let said = daemon.text(&["save", "--status", "再コール", "--recall", "明日 10:00"]);
    assert!(said.contains(&format!("{} 10:00:00", day(1))), "{said}");
    let task = daemon.run_as(OPERATOR, &["task", "ls"]).success()["rows"][0].take();
    assert_eq!((&task["list"], &task["position"]), (&"L".into(), &1.into()));
    assert!(daemon.text(&["task", "ls"]).contains("L#1"));
    let id = task["id"].to_string();
    for wrong in [&["--task", &id, "--lead", "L#1"][..], &["--task", &id, "--project", "P"], &["--task", "x"]]
    {
        assert_eq!(daemon.run(&[&["call"], wrong].concat()).code, 2, "{wrong:?}");
    }
    daemon.run(&["call", "--task", "99"]).refused("E-NOT-FOUND");
    call(&["--task", &id]);
    let row = daemon.cli(&["history", "--open"])["rows"][0].take();
    assert_eq!((&row["origin"], &row["list"]), (&"list".into(), &"L".into()), "{row:#}");
    daemon.cli(&["save", "--status", "見込"]);
    assert_eq!(daemon.cli(&["task", "ls"])["counts"]["free"], 1);
    // One without a lead is called by its number.
    call(&["0612345601"]);
    daemon.cli(&["save", "--status", "見込"]);
    daemon.cli(&["ready"]);
    let tasks = daemon.cli(&["task", "ls"])["rows"].take();
    let by_hand =
        tasks.as_array().unwrap().iter().find(|row| row["lead"].is_null()).unwrap()["id"].to_string();
    call(&["--task", &by_hand]);
    let row = daemon.cli(&["history", "--open", "--manual", "include"])["rows"][0].take();
    assert_eq!((&row["origin"], &row["number"]), (&"manual".into(), &"0612345601".into()), "{row:#}");
    daemon.cli(&["save", "--status", "通話済"]);
    daemon.cli(&["ready"]);

    // What is asked of a lead's call is asked of this one.
    let left = daemon.cli(&["task", "ls"])["rows"][0]["id"].to_string();
    daemon.cli(&["user", "add", "olga", "--role", "OP"]);
    daemon.cli(&["list", "grant", "L", "olga"]);
    daemon.run_as(OPERATOR, &["call", "--task", &left]).refused("E-LIST-GRANT");
    daemon.cli(&["list", "grant", "L", "a"]);
    daemon.cli(&["dnc", "add", "0312345601", "--reason", "希望"]);
    daemon.run_as(OPERATOR, &["call", "--task", &left]).refused("E-DNC");
    daemon.cli(&["dnc", "clear", "0312345601", "--reason", "誤り"]);
    // S1.25: an excluded lead is not called by way of its lead, its task, or an earlier call of it.
    let calls = daemon.cli(&["history", "--list", "L"])["rows"].take();
    let call = calls[0]["attempt"].as_str().unwrap();
    daemon.cli(&["lead", "exclude", "L", "--lead", "L#1", "--reason", "契約済"]);
    for callee in [["--lead", "L#1"], ["--task", &left], ["--attempt", call]] {
        daemon.run_as(OPERATOR, &[&["call"], &callee[..]].concat()).refused("E-EXCLUDED");
    }
    // Nor is an earlier call by the number alone a way round; whoever types the number calls it.
    daemon.import("M", "会社名,電話番号,追加電話番号\nB社,0612345602,0612345601\n");
    let calls = daemon.cli(&["history", "--manual", "only"])["rows"].take();
    let call = calls[0]["attempt"].as_str().unwrap();
    assert_eq!(calls[0]["number"], "0612345601", "{calls:#}");
    daemon.cli(&["lead", "exclude", "M", "--lead", "M#1", "--reason", "契約済"]);
    let refused = daemon.run_as(OPERATOR, &["call", "--attempt", call]);
    refused.refused("E-EXCLUDED");
    assert!(refused.json()["error"]["data"]["detail_ja"].to_string().contains("dial why"), "{refused:?}");
    daemon.run_as(OPERATOR, &["call", "0612345601"]).success();
    daemon.cli(&["hangup"]);
}

/// S4.12: outside of the hours a call by hand says when they begin.
#[test]
fn a_closed_window_says_when_it_opens() {
    let exchange = Scenario::server("exchange").start();
    let trunk = Account::new("main", exchange.address()).kind("trunk").unregistered();
    let daemon = Daemon::builder()
        .set("dialing.window", "days", "[\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]")
        .set("dialing.window", "from", "\"09:00\"")
        .set("dialing.window", "closed", &format!("[\"{}/{}\"]", day(-1), day(2)))
        .account(trunk)
        .start();
    daemon.import("L", "会社名,電話番号\nA社,0312345601\n");
    let opens = format!("{} 09:00", day(3));
    for number in ["0612345601", "0312345601"] {
        let refused = daemon.run(&["call", number]);
        refused.refused("E-HOURS");
        assert!(refused.json()["error"]["data"]["detail"].to_string().contains(&opens), "{refused:?}");
    }
    let told = daemon.run_plain(&["call", "--lead", "L#1", "--lang", "ja"]);
    assert!(told.stderr.contains(&format!("{opens} から発信できます")), "{told:?}");
    // What is called at no time is not told to be tried then.
    for (number, code) in [
        ("110", "E-PHONE-FORBIDDEN"),
        ("#7119", "E-PHONE-FORBIDDEN"),
        ("#7", "E-PHONE-FORBIDDEN"),
        ("0990-123-456", "E-PHONE-FORBIDDEN"),
        ("12", "E-PHONE-INVALID"),
    ] {
        daemon.run(&["call", number]).refused(code);
    }
    // What forbids a call on every day is told first; the explanation has both.
    daemon.cli(&["dnc", "add", "0612345601", "--reason", "本人の希望"]);
    daemon.cli(&["dnc", "add", "0312345601", "--reason", "本人の希望"]);
    for callee in [&["0612345601"][..], &["0312345601"], &["--lead", "L#1"]] {
        let refused = daemon.run(&[&["call"], callee].concat());
        refused.refused("E-DNC");
        assert!(refused.json()["error"]["data"]["detail"].to_string().contains("本人の希望"), "{refused:?}");
    }
    let why = daemon.cli(&["dial", "why", "L#1"])["rows"][0].take();
    assert_eq!((&why["reason"], &why["also"]), (&"do-not-call".into(), &json!(["E-HOURS"])), "{why:#}");
    daemon.cli(&["dnc", "clear", "0312345601", "--reason", "誤登録"]);
    daemon.run(&["call", "--lead", "L#1"]).refused("E-HOURS");
    // A number of no list, of another list than the one that is named, and a list that is not there.
    for (number, said) in [("0612345601", "架電禁止に登録されています"), ("0612345602", "登録されていません")]
    {
        let told = daemon.run_plain(&["dial", "why", number, "--lang", "ja"]);
        assert!(told.stderr.contains("どのリストにもない番号") && told.stderr.contains(said), "{told:?}");
    }
    daemon.cli(&["list", "create", "M"]);
    assert_eq!(daemon.cli(&["dial", "why", "0312345601", "--list", "L"])["rows"][0]["list"], "L");
    daemon.run(&["dial", "why", "0312345601", "--list", "M"]).refused("E-NOT-FOUND");
    daemon.run(&["dial", "why", "0312345601", "--list", "N"]).refused("E-LIST-UNKNOWN");
    // A name of a list with a number in it is one all the same.
    daemon.run(&["dial", "why", "11月リスト"]).refused("E-LIST-UNKNOWN");
    daemon.import("11月リスト", "会社名,電話番号\nC社,0312345602\n");
    assert_eq!(daemon.cli(&["dial", "why", "11月リスト"])["rows"][0]["list"], "11月リスト");
    daemon.run(&["call", "0612345699", "--project", "無い案件"]).refused("E-NOT-FOUND");
    // S1.25: whoever is excluded has a place in the explanation.
    daemon.cli(&["lead", "exclude", "L", "--lead", "L#1", "--reason", "契約済"]);
    let why = daemon.cli(&["dial", "why", "--list", "L"])["rows"].take();
    assert_eq!((why.as_array().unwrap().len(), &why[0]["reason"]), (1, &"excluded".into()), "{why:#}");
    daemon.run(&["call", "--lead", "L#1"]).refused("E-EXCLUDED");
}

/// D16, D19: tables say who did what no user of Kakeru did: root, or another Unix user.
#[test]
fn what_no_user_did_has_its_unix_user() {
    let daemon = Daemon::builder()
        .account(Account::nowhere())
        .seat(Seat::new("a", "main").set("uid", &OPERATOR.to_string()))
        .start();
    daemon.cli(&["dnc", "add", "0312345601", "--reason", "希望"]);
    daemon.run_as(NOBODY, &["dnc", "add", "0312345602", "--reason", "希望"]).success();
    daemon.import("名簿", "会社名,電話番号\nA社,0312345603\n");
    let file = daemon.path("dnc.csv");
    std::fs::write(&file, "電話番号,理由\n0312345604,名簿\n").unwrap();
    daemon.cli(&["dnc", "import", &file.to_string_lossy()]);
    daemon.cli(&["dnc", "clear", "0312345602", "--reason", "誤登録"]);
    daemon.cli(&["note", "add", "書類を送付", "--number", "0312345601"]);
    let rows = daemon.cli(&["dnc", "ls", "--cleared"])["rows"].take();
    let uids: Vec<_> = rows.as_array().unwrap().iter().map(|row| (&row["by"], &row["by_uid"])).collect();
    let none = &Value::Null;
    assert_eq!(uids, [(none, &0.into()), (none, &NOBODY.into()), (none, &0.into())], "{rows:#}");
    assert_eq!(rows[1]["cleared_by_uid"], 0, "{rows:#}");
    let notes = ["note", "ls", "--number", "0312345601"];
    for table in [&["list", "imports"][..], &["dnc", "imports"], &["dnc", "ls"], &notes] {
        let shown = daemon.text(table);
        assert!(shown.contains("root"), "{table:?}: {shown}");
    }
    assert!(daemon.text(&["dnc", "ls", "--cleared"]).contains(&format!("uid {NOBODY}")));
}

const NOBODY: u32 = 64_049;
