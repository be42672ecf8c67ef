//! What is administered leaves its row in the audit log.

use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::Scenario;
use serde_json::{Value, json};

use crate::SOON;

/// D19: every administrative change leaves a row in the audit log that names who made it; a method that is new has to be entered
/// here, or among those that change nothing.
#[test]
fn every_administrative_change_is_in_the_audit_log() {
    let exchange = Scenario::server("exchange").start();
    let account = Account::new("main", exchange.address()).unregistered();
    let daemon = Daemon::builder().account(account).start();
    let mut control = daemon.control();
    let call = |number: &str, status: &str| -> String {
        daemon.cli(&["call", number]);
        daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
        daemon.cli(&["hangup"]);
        daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
        daemon.cli(&["save", "--status", status, "--next", "dial"]);
        daemon.cli(&["history", "--manual", "include"])["rows"][0]["attempt"].as_str().unwrap().to_owned()
    };
    let first = call("0312345601", "見込");
    let second = call("0312345701", "通話済");
    let mut walked = std::collections::BTreeSet::new();
    let mut seen = 0;
    let mut step = |method: &str, params: Value, action: &str| -> Value {
        let result =
            control.call(method, &params).unwrap_or_else(|error| panic!("{method} {params}: {error:?}"));
        let log = control.call("audit.list", &json!({ "limit": 1000 })).unwrap();
        let rows = log["rows"].as_array().unwrap();
        let new = &rows[..rows.len() - seen];
        seen = rows.len();
        let row = new.iter().find(|row| row["action"] == action);
        let row = row.unwrap_or_else(|| panic!("{method}: no {action} among {new:#?}"));
        assert!(!row["user"].is_null() || !row["uid"].is_null(), "{method}: by whom? {row}");
        walked.insert(method.to_owned());
        result
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    step("project.create", json!({ "name": "夏" }), "project.create");
    step("project.change", json!({ "project": "夏", "caller_id": "0312340000" }), "project.change");
    step("project.delete", json!({ "project": "夏" }), "project.delete");
    step("project.restore", json!({ "name": "夏" }), "project.restore");
    step("project.grant", json!({ "project": "夏", "users": ["a"] }), "project.grant");
    step("list.create", json!({ "name": "名簿", "project": "夏" }), "list.create");
    // A list that a file makes is made by whoever imports it.
    std::fs::write(daemon.path("new.csv"), "会社名,電話番号\nN社,0612340000\n").unwrap();
    let new = json!({ "list": "夏/新", "create": true, "path": daemon.path("new.csv") });
    step("list.import", new, "list.create");
    step("list.change", json!({ "list": "名簿", "order": "newest" }), "list.change");
    step("list.round", json!({ "list": "名簿" }), "list.round");
    step("list.grant", json!({ "list": "名簿", "users": ["a"] }), "list.grant");
    let lead =
        step("lead.add", json!({ "list": "名簿", "number": "0612345678", "company": "A社" }), "lead.add");
    let lead = text(&lead["id"]);
    step("lead.phone", json!({ "lead": lead, "number": "0612345679" }), "lead.phone.add");
    for (what, action) in
        [("exclude", "lead.exclude"), ("include", "lead.include"), ("assign", "lead.assign")]
    {
        step("lead.change", json!({ "list": "名簿", "leads": [lead], "what": what, "users": [] }), action);
    }
    step("lead.edit", json!({ "lead": lead, "person": "佐藤" }), "lead.edit");
    let gone =
        step("lead.change", json!({ "list": "名簿", "leads": [lead], "what": "delete" }), "lead.delete");
    step("list.restore", json!({ "list": "名簿", "at": gone["at"] }), "lead.restore");
    step("list.delete", json!({ "list": "名簿" }), "list.delete");
    step("list.restore", json!({ "list": "名簿" }), "list.restore");
    let file = daemon.path("walk.csv");
    std::fs::write(&file, "会社名,電話番号\nB社,0522345678\n").unwrap();
    let made = step("list.import", json!({ "list": "名簿", "path": file }), "import.commit");
    step("list.import_undo", json!({ "import": made["import"] }), "import.undo");
    step("contact.import", json!({ "path": file }), "import.commit");
    std::fs::write(&file, "電話番号,理由\n0522345670,名簿\n").unwrap();
    step("dnc.import", json!({ "path": file, "reason": "名簿" }), "dnc.import");
    step("dnc.add", json!({ "number": "0522345671", "reason": "希望" }), "dnc.add");
    step("dnc.clear", json!({ "number": "0522345671", "reason": "本人" }), "dnc.clear");
    step("history.amend", json!({ "attempt": first, "memo": "訂正", "reason": "誤記" }), "call.amend");
    step("history.report", json!({ "attempt": first, "on": true }), "call.report");
    step("recording.hold", json!({ "attempt": first, "reason": "係争" }), "recording.hold");
    let copied = control_rows(&daemon, "recording.ls")[0]["id"].clone();
    step("recording.exported", json!({ "recordings": [copied] }), "recording.export");
    step("recording.delete", json!({ "attempt": second, "reason": "本人" }), "recording.delete");
    let task = control_rows(&daemon, "task.ls")[0]["id"].clone();
    step("task.due", json!({ "task": task, "due_at": 1_900_000_000_000_i64 }), "task.due");
    step("task.assign", json!({ "task": task, "owner": null }), "task.reassign");
    step("task.hand_over", json!({ "to": "a" }), "task.hand_over");
    step("task.done", json!({ "task": task }), "task.done");
    let note = step("note.add", json!({ "attempt": first, "text": "伝言" }), "note.add")["note"].clone();
    step("note.edit", json!({ "note": note, "text": "伝言2" }), "note.edit");
    step("note.delete", json!({ "note": note }), "note.delete");
    step("note.restore", json!({ "note": note }), "note.restore");
    let made = step("contact.create_from_call", json!({ "attempt": first, "company": "C社" }), "contact.add");
    let contact = made["contact"]["id"].clone();
    step("contact.edit", json!({ "contact": contact, "categories": ["大口"] }), "contact.edit");
    step("contact.hand_over", json!({ "to": "a" }), "contact.hand_over");
    step("category.delete", json!({ "name": "大口" }), "category.delete");
    // A call under hold is evidence, whose contact stays.
    let number = json!([{ "number": "0522345672", "label": null }]);
    let made = step("contact.add", json!({ "company": "D社", "numbers": number }), "contact.add");
    let contact = made["contact"]["id"].clone();
    step("contact.delete", json!({ "contacts": [contact] }), "contact.delete");
    step("contact.undo", json!({ "contact": contact }), "contact.undo");
    let made = step("disposition.add", json!({ "label": "担当不在" }), "status.add");
    step("disposition.edit", json!({ "status": made["code"], "archived": true }), "status.edit");
    step("user.add", json!({ "login": "carol", "role": "OP" }), "user.add");
    step("user.edit", json!({ "user": "carol", "name": "佐々木" }), "user.rename");
    step("user.passwd", json!({ "user": "carol", "password": "correct horse" }), "user.passwd");
    step("user.delete", json!({ "user": "carol" }), "user.delete");
    step("list.export", json!({ "list": "名簿" }), "list.export");
    step("contact.export", json!({}), "contact.export");
    step("history.export", json!({}), "history.export");
    step("dnc.export", json!({}), "dnc.export");
    step("stats.mend", json!({}), "stats.mend");
    step("store.backup", json!({ "path": daemon.path("copy.db") }), "store.backup");
    let missing: Vec<_> = protocol::Command::METHODS
        .iter()
        .filter(|method| {
            !walked.contains(**method)
                && !CHANGES_NOTHING.iter().any(|known| covers(known, method))
                && !ELSEWHERE.contains(method)
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    // An action that is added later has no name in Japanese yet, and fails here.
    let shown = daemon.text(&["audit", "--limit", "1000", "--lang", "ja"]);
    for row in daemon.cli(&["audit", "--limit", "1000"])["rows"].as_array().unwrap() {
        let action = row["action"].as_str().unwrap();
        assert!(shown.contains(&format!(" ({action}) ")), "{action}: {shown}");
    }
}

/// D19: who takes data along is in the log with what, by which filter, how many rows and where to; what cannot be entered there is not
/// handed out, and a refused export leaves none.
#[test]
fn whoever_takes_data_along_is_in_the_audit_log() {
    let line = Account::nowhere();
    let daemon = Daemon::builder().account(line).start();
    daemon.import("春", "会社名,電話番号\nA社,0312345678\nB社,0312345679\n");
    daemon.cli(&["contact", "add", "--company", "C社", "--phone", "0312345670"]);
    daemon.cli(&["dnc", "add", "0312345671", "--reason", "希望"]);
    let log = || daemon.cli(&["audit", "--limit", "1"])["rows"][0].take();
    let file = daemon.path("out.csv");
    let out = file.to_string_lossy().into_owned();
    let takes: [(&[&str], &str, u64, Value); 4] = [
        (&["list", "export", "春", &out], "list.export", 2, json!({})),
        (&["contact", "export", &out], "contact.export", 3, json!({})),
        (&["dnc", "export", &out, "--cleared"], "dnc.export", 1, json!({ "cleared": true })),
        (
            &["history", "export", &out, "--number", "0312345678", "--manual", "only"],
            "history.export",
            0,
            json!({ "number": "0312345678", "manual": "only" }),
        ),
    ];
    for (words, action, rows, filter) in &takes {
        daemon.cli(words);
        let row = log();
        assert_eq!((&row["action"], &row["uid"].is_null()), (&json!(action), &false), "{row:#}");
        let told = (&row["detail"]["rows"], &row["detail"]["filter"], &row["detail"]["to"]);
        assert_eq!(told, (&json!(rows), filter, &json!("client")), "{row:#}");
    }
    let last = log()["id"].clone();
    // Nothing came of it: cp932 has no heart, and no such list.
    daemon.cli(&["contact", "add", "--company", "♡", "--phone", "0312345672"]);
    let after = log()["id"].clone();
    assert_ne!(last, after);
    daemon.run(&["contact", "export", &out, "--encoding", "cp932"]).refused("E-EXPORT-CHAR");
    daemon.run(&["list", "export", "秋", &out]).refused("E-LIST-UNKNOWN");
    assert_eq!(log()["id"], after, "what fails leaves none");
    // The log takes nothing: nothing is handed out, neither to a client nor at a place on this machine.
    std::fs::remove_file(&file).expect("the exports before were written");
    let database = rusqlite::Connection::open(daemon.path("state/kakeru.db")).expect("it is there");
    let block = "CREATE TRIGGER test_only BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END";
    database.execute_batch(block).expect("it is writable");
    for (words, ..) in &takes {
        assert_ne!(daemon.run(words).code, 0, "{words:?}");
    }
    let here = daemon.control().call("list.export", &json!({ "list": "春", "path": file }));
    assert!(here.is_err() && !file.exists(), "{here:?}");
    // A file that has the name is as it was, and nothing lies beside it.
    std::fs::write(&file, "of yesterday").expect("the folder is ours");
    for (method, of) in
        [("list.export", "春"), ("contact.export", ""), ("dnc.export", ""), ("history.export", "")]
    {
        let mut asked = json!({ "path": file });
        if !of.is_empty() {
            asked["list"] = of.into();
        }
        assert!(daemon.control().call(method, &asked).is_err(), "{method}");
        assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "of yesterday", "{method}");
        assert!(!daemon.path("out.csv.part").exists(), "{method}");
    }
    // A copy of a database that takes nothing more is what is needed then.
    daemon.cli(&["backup", &daemon.path("rescue.db").to_string_lossy()]);
    database.execute_batch("DROP TRIGGER test_only").expect("it is writable");
    daemon.cli(takes[0].0);
    assert_eq!(log()["action"], "list.export");
    assert!(daemon.log().contains("a copy of the database is not in the audit log"));
}

/// D19: of what was changed the log has both what was and what is, and of many leads the filter, their number and whose they were;
/// `kakeru audit` says so in both languages.
#[test]
fn the_audit_log_says_what_was_before() {
    let line = Account::nowhere();
    let daemon = Daemon::builder().account(line).start();
    let rows: String = (0..40).map(|n| format!("会社,03123400{n:02}\n")).collect();
    daemon.import("春", format!("会社名,電話番号\n{rows}"));
    daemon.cli(&["user", "add", "bob", "--role", "OP"]);
    daemon.cli(&["user", "add", "carol", "--role", "OP"]);
    let mut control = daemon.control();
    let mut done = |method: &str, params: Value| -> Value {
        control.call(method, &params).unwrap_or_else(|error| panic!("{method}: {error:?}"));
        control.call("audit.list", &json!({ "limit": 1 })).expect("it is asked")
    };
    done("lead.change", json!({ "list": "春", "filter": {}, "what": "assign", "users": ["bob"] }));
    let page = done(
        "lead.change",
        json!({ "list": "春", "filter": { "number": "0312340" }, "what": "assign", "users": ["carol"] }),
    );
    let detail = &page["rows"][0]["detail"];
    assert_eq!(
        (&detail["leads"], &detail["filter"]),
        (&json!(40), &json!({ "number": "0312340" })),
        "{page:#}"
    );
    let bob = detail["former"][0]["user"].as_str().expect("an id");
    assert_eq!((&detail["former"][0]["leads"], &page["names"][bob]), (&json!(40), &json!("bob")), "{page:#}");
    let page = done("list.change", json!({ "list": "春", "enabled": false, "profile": "zoho" }));
    let changed = json!({ "before": { "enabled": true, "profile": "open" },
        "after": { "enabled": false, "profile": "zoho" } });
    assert_eq!(page["rows"][0]["detail"], changed);
    let project = daemon.cli(&["project", "ls"])["projects"][0]["name"].clone();
    let page = done("project.change", json!({ "project": project, "company_wide_dnc": false }));
    let changed = json!({ "before": { "dnc_scope": "company" }, "after": { "dnc_scope": "project" } });
    assert_eq!(page["rows"][0]["detail"], changed);
    for (lang, texts) in [
        ("ja", ["有効: はい → いいえ", "元の担当: bob 40", "条件: 電話番号=0312340", "件数: 40"]),
        ("en", ["enabled: yes → no", "were: bob 40", "filter: number=0312340", "leads: 40"]),
    ] {
        let shown = daemon.run_plain(&["audit", "--lang", lang]).stdout;
        assert!(texts.iter().all(|text| shown.contains(text)), "{shown}");
        assert!(shown.contains("春"), "lists are named: {shown}");
    }
}

fn control_rows(daemon: &Daemon, method: &str) -> Vec<Value> {
    let page = daemon.control().call(method, &json!({})).expect("whoever runs the daemon may ask");
    page["rows"].as_array().cloned().unwrap_or_default()
}

fn covers(known: &str, method: &str) -> bool {
    known.strip_suffix('*').map_or(known == method, |prefix| method.starts_with(prefix))
}

/// Methods whose row is looked for where they are tested: only a file that was cut short can be taken back (`dnc_files`).
const ELSEWHERE: &[&str] = &["dnc.import_undo"];

/// Methods that only show, or that work on calls, whose rows tell of themselves.
const CHANGES_NOTHING: &[&str] = &[
    "status.get",
    "call.*",
    "seat.*",
    "dial.*",
    "events.subscribe",
    "devices.*",
    // Of a call under way, written down with it.
    "recording.pause",
    "recording.resume",
    "list.upload",
    "list.download",
    "list.show",
    "list.ls",
    "list.view",
    "list.bin",
    "list.imports",
    "list.import_cancel",
    "lead.show",
    "project.ls",
    "history.list",
    "history.show",
    "stats.get",
    "stats.tally",
    "stats.verify",
    "note.ls",
    "dnc.import_cancel",
    "dnc.imports",
    "dnc.ls",
    "task.ls",
    "contact.show",
    "contact.ls",
    "contact.import_cancel",
    "category.ls",
    "profile.ls",
    "disposition.ls",
    "user.ls",
    "user.holds",
    "user.me",
    "audit.list",
    "recording.ls",
    "recording.fetch",
    "recording.quota",
    "store.check",
];
