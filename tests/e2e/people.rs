//! Contacts by file, and what each role may reach, through the real binary and as the real Unix user.

use e2e::daemon::{Account, Daemon, Seat, idle};
use e2e::peer::sipp::Scenario;
use e2e::wait;
use serde_json::{Value, json};

use crate::SOON;

/// A Unix user that nobody is.
const OPERATOR: u32 = 64_001;
const BACK_OFFICE: u32 = 64_002;
const SUPERVISOR: u32 = 64_003;

fn column<'a>(page: &'a Value, name: &str) -> Vec<&'a str> {
    page["rows"].as_array().into_iter().flatten().filter_map(|row| row[name].as_str()).collect()
}

/// S0.2, S0.10, S0.11, S0.20, S3.4, E41: looked at first, taken as a whole or in part, the rest corrected, all of it undone.
#[test]
fn contacts_come_from_a_file_and_go_again() {
    let daemon = idle();
    daemon.cli(&["contact", "add", "--company", "A社", "--phone", "0312345678", "--category", "既存"]);
    let text =
        "会社名,担当者名,電話番号,カテゴリー\nA改,佐藤,03-1234-5678,\nB社,,0612345678,新規\nC社,,110,\n";
    let (file, bad) = (daemon.path("book.csv"), daemon.path("bad.csv"));
    std::fs::write(&file, text).unwrap();
    let (file, bad) = (file.to_string_lossy(), bad.to_string_lossy());
    let looked = daemon.cli(&["contact", "import", &file, "--preview"]);
    assert_eq!(
        (&looked["committed"], &looked["accepted"], &looked["refused"]),
        (&false.into(), &2.into(), &1.into())
    );
    daemon.run(&["contact", "import", &file]).refused("E-PHONE-FORBIDDEN");
    assert_eq!(daemon.cli(&["contact", "ls"])["rows"].as_array().unwrap().len(), 1);
    let done = daemon.cli(&["contact", "import", &file, "--partial", "--report", &bad]);
    assert_eq!((&done["inserted"], &done["updated"], &done["list"]), (&1.into(), &1.into(), &"".into()));
    let first = daemon.cli(&["contact", "show", "0312345678"]);
    assert_eq!((&first["company"], &first["categories"][0]), (&"A改".into(), &"既存".into()));
    let refused = std::fs::read_to_string(&*bad).unwrap();
    assert!(refused.contains("C社") && !refused.contains("B社"), "{refused}");
    std::fs::write(&*bad, refused.replace("110", "052-234-5678")).unwrap();
    assert_eq!(daemon.cli(&["contact", "import", &bad])["inserted"], 1);
    // A program's own rules.
    daemon
        .run(&["contact", "import", &bad, "--profile", "miitel", "--header", "auto"])
        .refused("E-REQ-PERSON");
    let undone = daemon.cli(&["contact", "import-undo", done["import"].as_str().unwrap(), "--yes"]);
    assert_eq!((&undone["contacts_removed"], &undone["restored"]), (&1.into(), &1.into()));
    assert_eq!(column(&daemon.cli(&["contact", "ls"]), "company"), ["A社", "C社"]);
    let journal = daemon.cli(&["list", "imports"]);
    let row = journal["rows"].as_array().unwrap().iter().find(|row| row["id"] == done["import"]).unwrap();
    assert_eq!((&row["list"], &row["state"]), (&Value::Null, &"undone".into()));
    daemon.run(&["contact", "import-cancel"]).refused("E-NOT-FOUND");
    let text = daemon.text(&["contact", "import", &bad]);
    assert!(text.starts_with("contacts: imported"), "{text}");
}

/// S0.20, S3.10: an undo is repeated for what a later import held, and refused once nothing is left.
#[test]
fn an_undo_of_an_import_is_repeated_for_what_it_left() {
    let daemon = idle();
    let import = |name: &str, text: &str| {
        let file = daemon.path(name);
        std::fs::write(&file, text).unwrap();
        let done = daemon.cli(&["contact", "import", &file.to_string_lossy()]);
        done["import"].as_str().unwrap().to_owned()
    };
    let first = import("a.csv", "会社名,電話番号\n甲,0311110001\n甲,0311110002\n甲,0311110003\n");
    let second = import("b.csv", "会社名,電話番号\n乙,0311110001\n乙,0311110002\n");
    let undo = |import: &str| {
        let undone = daemon.cli(&["contact", "import-undo", import, "--yes"]);
        ["contacts_removed", "restored", "changed_since"].map(|count| undone[count].as_u64().unwrap())
    };
    assert_eq!(undo(&first), [1, 0, 2]);
    assert_eq!(undo(&second), [0, 2, 0]);
    daemon.run(&["contact", "import-undo", &second, "--yes"]).refused("E-IMPORT-UNDO");
    assert_eq!(undo(&first), [2, 0, 0]);
    assert!(daemon.cli(&["contact", "ls"])["rows"].as_array().unwrap().is_empty());
    daemon.run(&["contact", "import-undo", &first, "--yes"]).refused("E-IMPORT-UNDO");
}

/// S0.3: what lay in the bin for 30 days is gone for good, without anybody asking for it.
#[test]
fn the_bin_is_emptied_by_itself() {
    let mut daemon = idle();
    for number in ["0312345678", "0612345678"] {
        daemon.cli(&["contact", "add", "--company", number, "--phone", number]);
        daemon.cli(&["contact", "delete", number, "--yes"]);
    }
    daemon.stop();
    let sql = "UPDATE contacts SET deleted_at = deleted_at - 31 * 86400000 WHERE company = '0312345678'";
    let db = rusqlite::Connection::open(daemon.path("state/kakeru.db")).unwrap();
    assert_eq!(db.execute(sql, []).unwrap(), 1);
    drop(db);
    daemon.start();
    let left = wait::within(SOON, || {
        let trash = daemon.cli(&["contact", "ls", "--trash"]);
        (column(&trash, "company") == ["0612345678"]).then_some(())
    });
    assert!(left.is_some(), "{}", daemon.cli(&["contact", "ls", "--trash"]));
}

/// S3.11, S3.12, S3.13, S3.14, S3.23, S4.41: an operator who sees no numbers calls a contact, a lead and a past call, and no surface
/// shows one; one who keeps no contacts makes none by calling.
#[test]
fn who_sees_no_numbers_calls_all_the_same() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder()
        .set("people", "mask_numbers", "[\"OP\"]")
        .set("contacts", "read_only", "[\"OP\"]")
        .set("contacts", "create_on_dial", "true")
        .account(Account::new("main", exchange.address()).unregistered())
        .seat(Seat::new("a", "main").set("uid", &OPERATOR.to_string()))
        .start();
    let add =
        ["contact", "add", "--person", "佐藤", "--phone", "0312345678", "--phone", "mobile=09011112201"];
    let contact = daemon.cli(&add)["contact"]["id"].as_str().unwrap().to_owned();
    daemon.import("春", "会社名,電話番号,携帯\nA社,0612345601,090-3333-4444\n");
    let operator = |arguments: &[&str]| daemon.run_as(OPERATOR, arguments);
    let shown = operator(&["contact", "show", &contact]).success();
    let numbers: Vec<_> = [0, 1].iter().map(|at| shown["numbers"][*at]["number"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["03-****-5678", "090-****-2201"]);
    let view = operator(&["list", "view", "春"]).success();
    let row = &view["rows"][0];
    assert_eq!((&row["number"], &row["columns"]["携帯"]), (&"06-****-5601".into(), &"090-****-4444".into()));
    let lead = row["id"].as_str().unwrap().to_owned();
    let call = |callee: &[&str]| {
        let seat = operator(&[&["call"], callee].concat()).success();
        assert!(seat["call"]["number"].as_str().unwrap().contains("****"), "{seat}");
        daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
        operator(&["hangup"]).success();
        daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
        operator(&["save", "--status", "通話済", "--next", "dial"]).success();
    };
    call(&["--contact", &contact, "--label", "mobile"]);
    call(&["--lead", &lead]);
    let history = operator(&["history", "--manual", "include"]).success();
    assert_eq!(column(&history, "number"), ["06-****-5601", "090-****-2201"]);
    let first = history["rows"][1]["attempt"].as_str().unwrap();
    operator(&["call", "--contact", &contact, "--attempt", first]);
    call(&["--attempt", first]);
    let whole = daemon.cli(&["history", "--manual", "include"]);
    assert_eq!(column(&whole, "number"), ["09011112201", "0612345601", "09011112201"], "what was dialed");
    // S4.41, X3: a further number is chosen by its label or its place; the call is the lead's.
    daemon.cli(&["lead", "add-number", &lead, "090-5555-2201", "--label", "携帯"]);
    let lead_row = || operator(&["lead", "show", &lead]).success();
    assert_eq!(
        lead_row()["further"][0],
        json!({"number": "090-****-2201", "label": "携帯", "editable": true})
    );
    call(&["--lead", &lead, "--label", "携帯"]);
    let row = lead_row();
    assert_eq!(
        (&row["attempts"], &row["label"], &row["last_user"]),
        (&2.into(), &"通話済".into(), &"a".into())
    );
    call(&["--lead", "春#1", "--label", "2"]);
    assert_eq!(lead_row()["attempts"], 3);
    operator(&["call", "--lead", &lead, "--label", "自宅"]).refused("E-NOT-FOUND");
    assert_eq!(operator(&["call", "--lead", &lead, "--project", "既定"]).code, 2);
    let of_list = daemon.cli(&["history", "--list", "春"]);
    assert_eq!(column(&of_list, "number"), ["09055552201", "09055552201", "0612345601"]);
    let stats = daemon.cli(&["stats", "--list", "春"]);
    assert_eq!((&stats["works"], &stats["calls"], &stats["connects"]), (&1.into(), &3.into(), &3.into()));
    operator(&["contact", "edit", &contact, "--phone", "0399999999"]).refused("E-PERMISSION");
    // The lead's number was in no contact and is in none now.
    assert!(daemon.log().contains("W-NO-CREATE-PERM"));
    daemon.run(&["contact", "show", "0612345601"]).success();
    assert_eq!(daemon.cli(&["contact", "ls", "--stubs"])["rows"].as_array().unwrap().len(), 0);
}

/// S0.26, S4.4, S4.48: whatever `history` finds, `history export` writes.
#[test]
fn an_export_of_calls_has_the_filters_of_the_list() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder().account(Account::new("main", exchange.address()).unregistered()).start();
    daemon.cli(&["contact", "add", "--person", "佐藤", "--phone", "0312345601"]);
    let call = |number: &str| {
        daemon.cli(&["call", number]);
        daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
        daemon.cli(&["hangup"]);
        daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    };
    call("0312345601");
    daemon.cli(&["save", "--status", "通話済", "--next", "dial"]);
    let page = daemon.cli(&["history", "--manual", "only"]);
    let sealed = column(&page, "attempt")[0].to_owned();
    daemon.cli(&["history", "report", &sealed]);
    call("0612345601");
    let open = column(&daemon.cli(&["history", "--open"]), "attempt")[0].to_owned();
    let (open, sealed) = (open.as_str(), sealed.as_str());
    daemon.run(&["history", "--manual", "only", "--seat", "nobody"]).refused("E-SEAT-UNKNOWN");
    let filters: [(&[&str], &[&str]); 8] = [
        (&["--manual", "only"], &[open, sealed]),
        (&["--open"], &[open]),
        (&["--manual", "only", "--blank"], &[open]),
        (&["--manual", "only", "--reported"], &[sealed]),
        (&["--manual", "only", "--unregistered"], &[open]),
        (&["--manual", "only", "--seat", "a"], &[open, sealed]),
        (&["--interrupted"], &[]),
        (&[], &[]),
    ];
    for (filter, expected) in filters {
        assert_eq!(column(&daemon.cli(&[&["history"], filter].concat()), "attempt"), expected, "{filter:?}");
        daemon.cli(&[&["history", "export", "calls.csv"], filter].concat());
        let text = std::fs::read_to_string(daemon.path("calls.csv")).unwrap();
        let at = text.lines().next().unwrap().split(',').position(|name| name == "ID").unwrap();
        let ids: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').nth(at)).collect();
        assert_eq!(ids, expected, "{filter:?}");
    }
}

/// S3.9: a number that is called by hand becomes a contact where the site wants that.
#[test]
fn calling_an_unknown_number_registers_it() {
    let exchange = Scenario::server("exchange").start();
    let account = Account::new("main", exchange.address()).unregistered();
    let daemon = Daemon::builder().set("contacts", "create_on_dial", "true").account(account).start();
    daemon.cli(&["call", "0522345602"]);
    let contact = daemon.cli(&["contact", "show", "0522345602"]);
    assert_eq!((&contact["stub"], &contact["person"]), (&true.into(), &"052-234-5602".into()));
}

/// S4.5, X7, C10: a list that is granted to others is not there for anybody else, whatever command names it or its leads.
#[test]
fn grants_bind_whoever_is_no_supervisor() {
    let daemon = idle();
    daemon.cli(&["user", "add", "carol", "--role", "BY", "--uid", &BACK_OFFICE.to_string()]);
    daemon.cli(&["user", "add", "dave", "--role", "BY"]);
    daemon.import("春", "会社名,電話番号\nA社,0612345678\n");
    daemon.import("夏", "会社名,電話番号\nB社,0312345678\n");
    daemon.cli(&["list", "grant", "春", "dave"]);
    let carol = |arguments: &[&str]| daemon.run_as(BACK_OFFICE, arguments);
    let lists = carol(&["list", "ls"]).success();
    assert_eq!(lists["lists"].as_array().unwrap().len(), 1);
    let lead = daemon.cli(&["list", "view", "春"])["rows"][0]["id"].as_str().unwrap().to_owned();
    for command in [
        vec!["list", "show", "春"],
        vec!["list", "view", "春"],
        vec!["lead", "show", &lead],
        vec!["note", "add", "伝言", "--lead", &lead],
        vec!["history", "--list", "春"],
    ] {
        carol(&command).refused("E-LIST-GRANT");
    }
    carol(&["call", "0312345678"]).refused("E-PERMISSION");
    daemon.cli(&["list", "grant", "春", "carol"]);
    carol(&["note", "add", "伝言", "--lead", &lead]).success();
    // A project's grant holds for all its lists, later ones too.
    daemon.cli(&["list", "create", "秋", "--project", "別件", "--create-project"]);
    daemon.cli(&["project", "grant", "別件", "dave"]);
    carol(&["list", "view", "秋"]).refused("E-LIST-GRANT");
    daemon.cli(&["project", "grant", "別件", "carol"]);
    carol(&["list", "view", "秋"]).success();
    daemon.cli(&["project", "grant", "別件", "carol", "--revoke"]);
    carol(&["list", "view", "秋"]).refused("E-LIST-GRANT");
    daemon.cli(&["list", "change", "夏", "--enabled", "false"]);
    assert_eq!(carol(&["list", "ls"]).success()["lists"][0]["name"], "春");
}

/// Section D, X6, X7: a call by hand makes no project, past whose do-not-call entries it would go, and no grant is passed by that
/// way. Whoever may make projects makes them with a list too, with a row in the audit log.
#[test]
fn a_call_makes_no_project_and_asks_its_grants() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .seat(Seat::new("a", "main").set("uid", &OPERATOR.to_string()))
        .start();
    daemon.cli(&["project", "create", "春の案件"]);
    daemon.cli(&["project", "change", "春の案件", "--company-wide-dnc", "false"]);
    daemon.cli(&["dnc", "add", "0312345601", "--project", "春の案件", "--reason", "希望"]);
    let projects = |daemon: &Daemon| {
        let found = daemon.cli(&["project", "ls"])["projects"].take();
        let found = found.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned());
        found.collect::<Vec<_>>()
    };
    let before = projects(&daemon);
    let call = |project: &str| daemon.run_as(OPERATOR, &["call", "0312345601", "--project", project]);
    let refused = call("春の案内");
    refused.refused("E-NOT-FOUND");
    assert!(format!("{}{}", refused.stdout, refused.stderr).contains("春の案件"), "{refused:#?}");
    call("はる").refused("E-NOT-FOUND");
    assert_eq!(projects(&daemon), before);
    call("春の案件").refused("E-DNC");
    daemon.cli(&["dnc", "clear", "0312345601", "--project", "春の案件", "--reason", "誤登録"]);
    daemon.cli(&["user", "add", "dave", "--role", "OP"]);
    daemon.cli(&["project", "grant", "春の案件", "dave"]);
    call("春の案件").refused("E-LIST-GRANT");
    daemon.cli(&["project", "grant", "春の案件", "dave,a"]);
    call(" 春の案件").success();
    daemon.run_as(OPERATOR, &["list", "create", "夏", "--project", "夏の案件"]).refused("E-PERMISSION");
    daemon.run(&["list", "create", " ", "--project", "夏の案件"]).refused("E-REQ-LISTNAME");
    std::fs::write(daemon.path("one.csv"), "会社名,電話番号\n会社1,0312340001\n").unwrap();
    let file = daemon.path("one.csv").to_string_lossy().into_owned();
    // D1: a project is made where that is asked for, and not by a typing error.
    for typo in [
        &["list", "create", "夏", "--project", "春の案内"][..],
        &["list", "import", "夏", &file, "--create", "--project", "春の案内"],
        &["list", "import", "夏", &file, "--create", "--preview", "--project", "春の案内"],
    ] {
        let refused = daemon.run(typo);
        refused.refused("E-NOT-FOUND");
        for told in ["春の案件", "project create", "--create-project"] {
            assert!(refused.stdout.contains(told), "{refused:#?}");
        }
    }
    assert_eq!(projects(&daemon), before);
    daemon.cli(&["list", "create", "夏", "--project", "夏の案件", "--create-project"]);
    let import = ["list", "import", "秋", &file, "--create", "--project", "秋の案件", "--create-project"];
    daemon.cli(&[&import[..], &["--preview"]].concat());
    assert_eq!(projects(&daemon).len(), before.len() + 1, "a look makes none");
    daemon.cli(&import);
    let log = daemon.cli(&["audit", "--action", "project.create"]);
    let made: Vec<_> = log["rows"].as_array().unwrap().iter().map(|row| &row["detail"]["name"]).collect();
    assert_eq!(made, ["秋の案件", "夏の案件", "春の案件"]);
    assert!(log["rows"].as_array().unwrap().iter().all(|row| row["uid"] == 0), "{log:#}");
}

/// D22: who is deleted must not be able to do more than before. Their Unix user is refused everything and told why, until a manager
/// gives it to somebody; who never had a user works as an operator.
#[test]
fn a_deleted_user_s_unix_user_may_nothing() {
    let daemon = idle();
    let uid = BACK_OFFICE.to_string();
    daemon.cli(&["user", "add", "biz", "--role", "BIZ", "--uid", &uid]);
    let biz = |arguments: &[&str]| daemon.run_as(BACK_OFFICE, arguments);
    biz(&["contact", "ls"]).refused("E-PERMISSION");
    daemon.cli(&["user", "delete", "biz", "--yes"]);
    for command in [
        ["user", "me"].as_slice(),
        &["contact", "ls"],
        &["history"],
        &["status"],
        &["dnc", "add", "0312345678", "--reason", "希望"],
    ] {
        let refused = biz(command);
        refused.refused("E-PERMISSION");
        assert!(format!("{}{}", refused.stdout, refused.stderr).contains(&uid), "{refused:#?}");
    }
    daemon.cli(&["user", "add", "carol", "--role", "BY", "--uid", &uid]);
    assert_eq!(biz(&["user", "me"]).success()["login"], "carol");
    assert_eq!(daemon.run_as(SUPERVISOR, &["user", "me"]).success()["role"], "OP");
}

/// X6: `dnc add` of a number that stands there says so, and what is given goes to what stands.
#[test]
fn do_not_call_takes_in_what_is_said_later() {
    let daemon = idle();
    let first = daemon.cli(&["dnc", "add", "0312345678", "--reason", "電話で"]);
    assert_eq!((&first["known"], &first["completed"]), (&false.into(), &false.into()));
    let more = daemon.cli(&["dnc", "add", "0312345678", "--evidence", "2026-11-20の書面"]);
    assert_eq!((&more["known"], &more["completed"], &more["at"]), (&true.into(), &true.into(), &first["at"]));
    assert_eq!((&more["reason"], &more["evidence"]), (&"電話で".into(), &"2026-11-20の書面".into()));
    let text = daemon.text(&["dnc", "add", "0312345678"]);
    assert!(text.contains("stands there already") && !text.contains("written down"), "{text}");
}

/// S1.37, S1.41: an operator takes out leads that they see, all of those they name or none.
#[test]
fn an_operator_takes_out_leads_that_they_see() {
    let daemon = idle();
    daemon.cli(&["user", "add", "olga", "--role", "OP", "--uid", &OPERATOR.to_string()]);
    daemon.import("春", "会社名,電話番号\nA社,0612345678\nB社,0312345678\nC社,0522345678\n");
    daemon.import("夏", "会社名,電話番号\nD社,0752345678\n");
    daemon.cli(&["lead", "assign", "春", "--lead", "春#1", "--owner", "a"]);
    let leads = |list: &str| {
        let page = daemon.cli(&["list", "view", list, "--excluded"]);
        column(&page, "id").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let (spring, summer) = (leads("春"), leads("夏"));
    let olga = |leads: &[&str]| {
        let mut command = vec!["lead", "exclude", "春"];
        command.extend(leads.iter().flat_map(|lead| ["--lead", lead]));
        daemon.run_as(OPERATOR, &command)
    };
    olga(&[&spring[1], &spring[0]]).refused("E-NOT-FOUND");
    olga(&[&spring[1], &summer[0]]).refused("E-NOT-FOUND");
    assert_eq!(daemon.cli(&["list", "view", "春"])["total"], 3, "nothing of it was done");
    assert_eq!(olga(&[&spring[1], &spring[2]]).success()["changed"], 2);
    assert_eq!(column(&daemon.cli(&["list", "view", "春"]), "company"), ["A社"]);
    // A supervisor takes them back in, and out by the dozen, and deletes none.
    daemon.cli(&["user", "add", "sam", "--role", "SV", "--uid", &SUPERVISOR.to_string()]);
    let sam = |arguments: &[&str]| daemon.run_as(SUPERVISOR, arguments);
    daemon.run_as(OPERATOR, &["lead", "include", "春", "--lead", &spring[1]]).refused("E-PERMISSION");
    assert_eq!(sam(&["lead", "include", "春", "--all"]).success()["changed"], 2);
    assert_eq!(sam(&["lead", "exclude", "春", "--all"]).success()["changed"], 3);
    sam(&["lead", "delete", "春", "--all", "--yes"]).refused("E-PERMISSION");
}

/// S4.41, X3: whoever calls writes down a further number of the customer, on leads that they see.
#[test]
fn an_operator_adds_a_number_on_the_call() {
    let daemon = idle();
    daemon.cli(&["user", "add", "olga", "--role", "OP", "--uid", &OPERATOR.to_string()]);
    daemon.import("春", "会社名,電話番号\nA社,0612345678\nB社,0312345678\n");
    daemon.cli(&["lead", "assign", "春", "--lead", "春#1", "--owner", "a"]);
    let page = daemon.cli(&["list", "view", "春"]);
    let leads = column(&page, "id");
    let olga = |arguments: &[&str]| daemon.run_as(OPERATOR, arguments);
    let number = "090-1111-2222";
    olga(&["lead", "add-number", leads[0], number]).refused("E-NOT-FOUND");
    let lead = olga(&["lead", "add-number", leads[1], number, "--label", "携帯"]).success();
    assert!(lead.to_string().contains("携帯"), "{lead:#}");
    olga(&["lead", "remove-number", leads[1], "0312345678"]).refused("E-PHONE-READONLY");
    olga(&["lead", "remove-number", leads[1], number]).success();
}

/// S2.31: a call that came while everybody was busy is in the history, as missed.
#[test]
fn a_call_refused_as_busy_leaves_a_row() {
    let registrar = Scenario::server("registrar_open").start();
    let daemon = Daemon::builder().account(Account::new("main", registrar.address())).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);
    let first = Scenario::client("uac_call", daemon.sip_address(), "100").start();
    daemon.wait_status("ringing", SOON, |status| status["seats"][0]["state"] == "ringing");
    let second = Scenario::client("uac_call_rejected", daemon.sip_address(), "100").start();
    second.succeed(SOON);
    let rows = daemon.wait_history(1, SOON);
    assert_eq!((&rows[0]["direction"], &rows[0]["sip_code"]), (&"incoming".into(), &486.into()), "{rows:#?}");
    assert_eq!((&rows[0]["outcome"], &rows[0]["operator"]), (&"busy".into(), &Value::Null));
    // The machine seals it once its end is written.
    wait::until_true("the row is sealed", SOON, || !daemon.wait_history(1, SOON)[0]["sealed_at"].is_null());
    daemon.cli(&["answer"]);
    first.succeed(SOON);
}

/// Section E: a refusal says its code, what is wrong and what to do, in the operator's language.
#[test]
fn a_refusal_says_what_to_do_in_both_languages() {
    let daemon = idle();
    for (lang, text, hint) in [
        ("ja", "その結果ステータスはありません", "選んでください"),
        ("en", "There is no such result status.", "Choose one such as"),
    ] {
        let refused = daemon.run_plain(&["history", "--status", "なし", "--lang", lang]);
        assert_eq!(refused.code, 1);
        let said = &refused.stderr;
        assert!(said.contains("E-STATUS-UNKNOWN") && said.contains(text) && said.contains(hint), "{said}");
    }
}

/// S4.13, X5: the account's lines bound how many calls there are at once.
#[test]
fn a_call_above_the_number_of_lines_is_refused() {
    let exchange = Scenario::server("exchange").start();
    let account = Account::new("main", exchange.address()).unregistered().set("lines", "1");
    let daemon =
        Daemon::builder().account(account).seat(Seat::new("a", "main")).seat(Seat::new("b", "main")).start();
    daemon.cli(&["call", "--seat", "a", "0312345601"]);
    daemon.run(&["call", "--seat", "b", "0312345701"]).refused("E-LINE-FULL");
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    daemon.cli(&["hangup", "--seat", "a"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    daemon.cli(&["call", "--seat", "b", "0312345701"]);
}

/// S0.11: from standard input too.
#[test]
fn a_file_comes_from_standard_input() {
    let daemon = idle();
    let mut command = std::process::Command::new(e2e::daemon::binary());
    command.args(["contact", "import", "-", "--json", "--socket"]).arg(daemon.socket());
    let mut child =
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let text = "A社,佐藤,0312345678\n";
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&done["inserted"], &done["file"]), (&1.into(), &"-".into()));
}

/// S3.19, S3.20: nothing is deleted without being asked, and away from a terminal only with `--yes`.
#[test]
fn deleting_asks_first() {
    let daemon = idle();
    daemon.cli(&["contact", "add", "--company", "A社", "--phone", "0312345678", "--category", "既存"]);
    daemon.cli(&["user", "add", "bob", "--role", "OP"]);
    for command in [
        vec!["contact", "delete", "0312345678"],
        vec!["contact", "categories", "--delete", "既存"],
        vec!["user", "delete", "bob"],
    ] {
        let refused = daemon.run_plain(&command);
        assert!(refused.code == 2 && refused.stderr.contains("--yes"), "{refused:?}");
    }
    assert_eq!(daemon.cli(&["contact", "show", "0312345678"])["categories"][0], "既存");
}

/// S0.1, S0.26, S3.3: whoever calls is shown with their names and what was said before; an unknown caller is nobody.
#[test]
fn an_incoming_call_shows_contact_and_history() {
    let exchange = Scenario::server("exchange").start();
    let registrar = Scenario::server("registrar_open").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", registrar.address()))
        .account(Account::new("out", exchange.address()).unregistered())
        .seat(Seat::new("a", "main"))
        .seat(Seat::new("b", "out"))
        .start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready", "--seat", "a"]);
    let ring = || {
        let caller = Scenario::client("uac_call_rejected", daemon.sip_address(), "100").start();
        let status = daemon.wait_status("ringing", SOON, |status| status["seats"][0]["state"] == "ringing");
        let shown = status["seats"][0]["call"].clone();
        daemon.hang_up("a");
        caller.succeed(SOON);
        daemon.wait_status("quiet", SOON, |status| status["seats"][0]["state"] != "ringing");
        shown
    };
    let unknown = ring();
    assert_eq!((&unknown["company"], &unknown["earlier"]), (&Value::Null, &Value::Null));
    let attempt = daemon.wait_history(1, SOON)[0]["attempt"].as_str().unwrap().to_owned();
    let text = daemon.text(&["history", "--lang", "ja"]);
    assert!(text.contains("取引先名未登録") && text.contains("担当者名未登録"), "{text}");
    daemon.cli(&["user", "add", "bob", "--role", "OP"]);
    let names = ["--company", "株式会社見本", "--category", "大口", "--owner", "bob"];
    let made = daemon.cli(&[&["contact", "from-call", &attempt][..], &names].concat());
    assert_eq!(made["contact"]["owner"], "bob", "{made:#}");
    let known = ring();
    assert_eq!((&known["company"], &known["categories"][0]), (&"株式会社見本".into(), &"大口".into()));
    assert_eq!(known["earlier"][0]["attempt"], attempt.as_str());
    // Earlier calls of the number have its name in the list too.
    assert_eq!(daemon.cli(&["history"])["rows"][1]["contact_company"], "株式会社見本");
}
