//! Lists, leads, projects and figures by the command line.

use e2e::daemon::{Daemon, idle};
use serde_json::Value;

fn companies(page: &Value) -> Vec<&str> {
    page["rows"].as_array().into_iter().flatten().filter_map(|row| row["company"].as_str()).collect()
}

const SHEET: &str = "お客様,連絡先,携帯,地域\n㈱カブラ商事,03-3000-0001,090-1234-5678,関東\nさくら,03-3000-0002,,関西\n海,03-3000-0003,,\n";

/// S4.29, S4.40, S4.43: columns named by hand, a preview that changes nothing, an import that is undone.
#[test]
fn an_import_is_previewed_mapped_listed_and_undone() {
    let daemon = idle();
    let file = daemon.path("sheet.csv");
    std::fs::write(&file, SHEET).unwrap();
    let file = file.to_string_lossy();
    daemon.cli(&["list", "create", "春"]);
    let import = |extra: &[&str]| {
        let map = ["--map", "会社名=お客様", "--map", "電話番号=連絡先", "--map", "電話番号=携帯"];
        let arguments: Vec<&str> =
            ["list", "import", "春", &file].iter().chain(&map).chain(extra).copied().collect();
        daemon.run(&arguments)
    };
    assert_eq!(import(&["--preview"]).success()["accepted"], 3);
    assert_eq!(daemon.cli(&["list", "view", "春"])["total"], 0);
    daemon.run(&["list", "import", "春", &file, "--profile", "none"]).refused("E-BAD-REQUEST");
    let done = import(&[]).success();
    let id = done["import"].as_str().unwrap();
    let page = daemon.cli(&["list", "view", "春", "--sort", "company"]);
    assert_eq!(
        companies(&page),
        ["㈱カブラ商事", "さくら", "海"],
        "in the order of kana, without legal forms"
    );
    let lead = &daemon.cli(&["list", "view", "春", "--search", "株式会社かぶら"])["rows"][0];
    assert_eq!(lead["further"][0]["number"], "09012345678");
    assert_eq!((&lead["columns"]["地域"], &lead["further"][0]["label"]), (&"関東".into(), &"携帯".into()));
    let journal = daemon.cli(&["list", "imports", "春"]);
    assert_eq!((&journal["rows"][0]["id"], &journal["rows"][0]["inserted"]), (&id.into(), &3.into()));
    let asked = daemon.run_plain(&["list", "import-undo", id, "--lang", "ja"]);
    assert!(asked.code == 2 && asked.stderr.contains("新規3件"), "it asks first: {asked:#?}");
    assert_eq!(daemon.cli(&["list", "import-undo", id, "--yes"])["removed"], 3);
    assert_eq!(daemon.cli(&["list", "view", "春"])["total"], 0);
    daemon.run(&["list", "import-undo", id, "--yes"]).refused("E-IMPORT-UNDO");
    daemon.run(&["list", "import-cancel", "春"]).refused("E-NOT-FOUND");
}

/// S0.24, S1.23, S1.29: what is typed about leads is judged as in a file, so the list's export is always imported again.
#[test]
fn what_is_typed_about_a_lead_is_exported_and_imported_again() {
    let daemon = idle();
    daemon.import("春", SHEET.replace("お客様,連絡先", "会社名,電話番号"));
    let long = "x".repeat(70_000);
    daemon.run(&["lead", "edit", "春#1", "--column", &format!("備考={long}")]).refused("E-CSV-FIELD");
    daemon.run(&["lead", "edit", "春#1", "--company", "A\u{7}社"]).refused("E-CSV-CHAR");
    daemon.run(&["lead", "add-number", "春#1", "110"]).refused("E-PHONE-FORBIDDEN");
    let most = "=".repeat(65_532);
    daemon.cli(&["lead", "edit", "春#1", "--column", &format!("備考={most}")]);
    let added = daemon.cli(&["lead", "add", "春", "612345678", "--company", &"長".repeat(31)]);
    assert_eq!(added["warnings"], serde_json::json!(["W-ZERO-RESTORED", "W-LONG"]));
    let plain = daemon.run_plain(&["lead", "add-number", "春#1", "612345670", "--label", "支店"]);
    assert!(plain.code == 0 && plain.stderr.contains("W-ZERO-RESTORED"), "{plain:#?}");
    daemon.cli(&["list", "export", "春", "spring.csv"]);
    let file = daemon.path("spring.csv").to_string_lossy().into_owned();
    let done = daemon.cli(&["list", "import", "夏", &file, "--create"]);
    assert_eq!((&done["inserted"], &done["refused"]), (&4.into(), &0.into()), "{done:#}");
    assert_eq!(daemon.cli(&["lead", "show", "夏#1"])["columns"]["備考"], most);
}

/// S1.1, S1.10, S1.25, S1.26, S1.27, S1.28, S1.38, S1.39, S4.41, S4.45, X3, C10: lists and leads are changed, go into the bin and come back.
#[test]
fn leads_and_lists_are_changed_and_come_back() {
    let daemon = idle();
    daemon.import("春", SHEET.replace("お客様,連絡先", "会社名,電話番号"));
    let edited = daemon.cli(&["lead", "edit", "春#1", "--person", "訂正", "--column", "備考=電話済"]);
    assert_eq!((&edited["person"], &edited["columns"]["備考"]), (&"訂正".into(), &"電話済".into()));
    daemon.run(&["lead", "edit", "春#1", "--column", "TEL=0312345678"]).refused("E-CSV-HEADER-DUP");
    assert_eq!(daemon.run(&["lead", "delete", "春"]).code, 2, "everything is never meant by leaving it out");
    assert_eq!(daemon.run(&["lead", "delete", "春", "--search", "さくら"]).code, 2, "it asks first");
    let gone = daemon.cli(&["lead", "delete", "春", "--search", "さくら", "--yes"]);
    assert_eq!(gone["changed"], 1);
    let at = gone["at"].to_string();
    assert_eq!(daemon.cli(&["list", "bin", "春"])["rows"][0]["leads"], 1);
    assert_eq!(daemon.cli(&["lead", "restore", "春", "--at", &at])["changed"], 1);
    let contact = daemon.cli(&["contact", "show", "03-3000-0002"]);
    assert_eq!(contact["company"], "さくら", "a lead's number is a contact: {contact:#}");
    assert_eq!(daemon.cli(&["lead", "exclude", "春", "--all", "--reason", "休業"])["changed"], 3);
    assert_eq!(daemon.cli(&["list", "view", "春"])["total"], 0, "発信対象外 are hidden");
    assert_eq!(daemon.cli(&["list", "view", "春", "--excluded"])["total"], 3);
    assert_eq!(daemon.cli(&["list", "view", "春", "--dialable", "false"])["total"], 3);
    assert_eq!(daemon.cli(&["lead", "include", "春", "--number", "30000003"])["changed"], 1);
    assert_eq!(companies(&daemon.cli(&["list", "view", "春", "--dialable", "true"])), ["海"]);
    let added =
        daemon.cli(&["lead", "add", "春", "06-1234-5678", "--company", "新", "--column", "備考=手で"]);
    let lead = added["id"].as_str().unwrap();
    daemon.cli(&["lead", "add-number", lead, "090-1111-2222", "--label", "携帯"]);
    assert_eq!(daemon.cli(&["lead", "show", lead])["further"][0]["editable"], true);
    daemon.run(&["lead", "remove-number", lead, "06-1234-5678"]).refused("E-PHONE-READONLY");
    daemon.run(&["lead", "add", "春", "06-1234-5678"]).refused("E-LEAD-DUP");
    assert_eq!(daemon.cli(&["list", "change", "春", "--order", "newest"])["order"], "newest");
    daemon.cli(&["lead", "add", "春", "06-1234-5679", "--company", "赤", "--category", "大口"]);
    assert_eq!(
        companies(&daemon.cli(&["list", "view", "春", "--category", "大口", "--category", "無い"])),
        ["赤"]
    );
    // Who dialed here owns the number, and the list is granted to somebody: two different things.
    let operator = daemon.cli(&["user", "ls"])["users"][0]["login"].as_str().unwrap().to_owned();
    daemon.cli(&["lead", "assign", "春", "--number", "12345679", "--owner", &operator]);
    assert_eq!(daemon.cli(&["list", "grant", "春", &operator])["users"][0], operator.as_str());
    assert_eq!(daemon.cli(&["list", "view", "春", "--assigned", &operator])["total"], 1);
    let audit = daemon.cli(&["audit", "--action", "list.grant"]);
    assert!(audit["rows"][0]["uid"].is_number(), "the log says who: {audit:#}");
    let asked = daemon.run_plain(&["list", "delete", "春", "--lang", "ja"]);
    assert!(asked.code == 2 && asked.stderr.contains("件とともに"), "it asks first: {asked:#?}");
    daemon.cli(&["list", "delete", "春", "--yes"]);
    daemon.run(&["list", "view", "春"]).refused("E-LIST-UNKNOWN");
    assert_eq!(daemon.cli(&["list", "restore", "春"])["changed"], 5);
    daemon.cli(&["project", "create", "夏", "--caller-id", "03-1234-0000"]);
    daemon.run(&["project", "create", "夏"]).refused("E-PROJECT-DUP");
    // A list is made as it is named everywhere; a stroke in its name is no project.
    let made = |name: &str| {
        let list = daemon.cli(&["list", "create", name]);
        daemon.cli(&["list", "delete", list["id"].as_str().unwrap(), "--yes"]);
        (list["name"].clone(), list["project"].clone())
    };
    assert_eq!(made("夏/納涼"), ("納涼".into(), "夏".into()));
    assert_eq!(made("11/30分"), ("11/30分".into(), "既定".into()));
    daemon.run(&["list", "create", "夏/ "]).refused("E-REQ-LISTNAME");
    let asked = daemon.run(&["project", "delete", "夏"]);
    let said = format!("{}{}", asked.stdout, asked.stderr);
    assert!(
        asked.code == 2 && said.contains("確認が必要です"),
        "it asks first, in both languages: {asked:#?}"
    );
    daemon.cli(&["project", "delete", "夏", "--yes"]);
    assert_eq!(daemon.cli(&["project", "restore", "夏"])["caller_id"], "0312340000");
    assert_eq!(daemon.cli(&["stats", "--verify"])["mismatches"].as_array().unwrap().len(), 0);
    for by in ["operator", "user"] {
        // One word in all commands; what it was called before still works.
        assert_eq!(daemon.cli(&["stats", "--by", by])["rows"].as_array().unwrap().len(), 0);
    }
}

/// S1.25: wherever a lead is named, its list and its number there name it; why it is not called is said in either language.
#[test]
fn leads_are_named_by_list_and_number() {
    let daemon = idle();
    let sheet = SHEET.replace("お客様,連絡先", "会社名,電話番号");
    daemon.import("春", sheet.clone());
    daemon.import("夏", sheet);
    let excluded =
        daemon.cli(&["lead", "exclude", "春", "--lead", "春#1", "--lead", "春#3", "--reason", "休業"]);
    assert_eq!(excluded["changed"], 2);
    assert_eq!(companies(&daemon.cli(&["list", "view", "春"])), ["さくら"]);
    let why = &daemon.cli(&["dial", "why", "春#3"])["rows"][0];
    assert_eq!((&why["reason"], &why["excluded_reason"]), (&"excluded".into(), &"休業".into()), "{why:#}");
    for (lang, expected) in [("ja", "発信対象外です(休業)"), ("en", "excluded from dialing (休業)")]
    {
        let text = daemon.text(&["dial", "why", "春#3", "--lang", lang]);
        assert!(text.contains(expected), "{text}");
    }
    daemon.cli(&["note", "add", "折り返し", "--lead", "春#2"]);
    let notes = daemon.cli(&["note", "ls", "--lead", "夏#2"]);
    assert_eq!(notes["notes"][0]["text"], "折り返し", "the same customer: {notes:#}");
    for (wrong, code) in [
        (["lead", "include", "春", "--lead", "春#9"], "E-NOT-FOUND"),
        (["lead", "include", "春", "--lead", "夏#1"], "E-NOT-FOUND"),
        (["lead", "delete", "春", "--lead", "秋#1"], "E-LIST-UNKNOWN"),
        (["note", "add", "x", "--lead", "春#0"], "E-NOT-FOUND"),
    ] {
        daemon.run(&wrong).refused(code);
    }
    daemon.run(&["dial", "why", "春#4"]).refused("E-NOT-FOUND");
    assert_eq!(daemon.cli(&["list", "view", "春"])["total"], 1);
    assert_eq!(daemon.cli(&["lead", "include", "春", "--lead", "春#1"])["changed"], 1);
}

/// S1.37: what is nobody's is offered to nobody where the project does not share it; 発信対象 leaves it out, and both languages say what to do.
#[test]
fn leads_of_nobody_that_nobody_is_offered_are_told() {
    let daemon = idle();
    daemon.import("春", SHEET.replace("お客様,連絡先", "会社名,電話番号"));
    let list = |daemon: &Daemon| daemon.cli(&["list", "ls"])["lists"][0].take();
    let figures = |daemon: &Daemon| [list(daemon)["dialable"].clone(), list(daemon)["unassigned"].clone()];
    let all = list(&daemon)["total"].clone();
    assert_eq!(figures(&daemon), [all.clone(), 0.into()]);
    let project = list(&daemon)["project"].as_str().expect("a name").to_owned();
    daemon.cli(&["project", "change", &project, "--pooled", "false"]);
    assert_eq!(figures(&daemon), [0.into(), all.clone()]);
    let why = daemon.cli(&["dial", "why", "春#1"])["rows"][0].take();
    assert_eq!((&why["reason"], &why["eligible"]), (&"unassigned".into(), &false.into()), "{why:#}");
    for (lang, expected) in [("ja", "誰も発信できません"), ("en", "nobody can call")] {
        for asked in [&["dial", "why", "春#1"][..], &["list", "ls"]] {
            let said = daemon.run_plain(&[asked, &["--lang", lang]].concat());
            let said = format!("{}{}", said.stdout, said.stderr);
            for part in [expected, "kakeru lead assign", "kakeru project change"] {
                assert!(said.contains(part), "{part}: {said}");
            }
        }
    }
    daemon.cli(&["user", "add", "op2", "--role", "OP"]);
    daemon.cli(&["lead", "assign", "春", "--all", "--owner", "op2"]);
    assert_eq!(figures(&daemon), [all, 0.into()]);
}

/// S1.30, S4.43: a list is searched by its own columns, by every number of a lead, by company and person apart; what a page shows
/// is what many leads are changed by.
#[test]
fn a_list_is_searched_by_any_field() {
    let daemon = idle();
    let sheet = "会社名,担当者名,電話番号,地域,備考\n㈱カブラ商事,山田,03-3000-0001,東京,㈱ｻｸﾗの紹介\nサクラ,カブラ,03-3000-0002,東京都,\n海,,03-3000-0003,ﾄｳｷｮｳ,\n";
    daemon.import("春", sheet);
    let found = |arguments: &[&str]| {
        let page = daemon.cli(&[&["list", "view", "春"], arguments].concat());
        companies(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found(&["--column", "地域=東京"]), ["㈱カブラ商事"]);
    assert_eq!(found(&["--column", "地域=とうきょう"]), ["海"]);
    assert_eq!(found(&["--column", "地域~=東京"]), ["㈱カブラ商事", "サクラ"]);
    assert_eq!(found(&["--column", "地域=東京", "--column", "地域=トウキョウ"]), ["㈱カブラ商事", "海"]);
    assert_eq!(found(&["--column", "地域~=東京", "--column", "備考="]), ["サクラ"]);
    assert_eq!(found(&["--column", "備考~=さくら", "--sort", "company"]), ["㈱カブラ商事"]);
    assert_eq!(found(&["--search", "かぶら"]), ["㈱カブラ商事", "サクラ"]);
    assert_eq!(found(&["--company", "かぶら"]), ["㈱カブラ商事"]);
    assert_eq!(found(&["--person", "かぶら"]), ["サクラ"]);
    assert_eq!(found(&["--number", "0901111"]), Vec::<String>::new());
    daemon.cli(&["lead", "add-number", "春#3", "090-1111-2222", "--label", "携帯"]);
    assert_eq!(found(&["--number", "0901111"]), ["海"]);
    daemon.run(&["list", "view", "春", "--column", "支店=東京"]).refused("E-NOT-FOUND");
    let told = daemon.run_plain(&["list", "view", "春", "--column", "支店=東京", "--lang", "ja"]).stderr;
    assert!(told.contains("「支店」という列はありません。あるのは: 地域、備考"), "{told}");
    daemon.cli(&["lead", "edit", "春#2", "--column", "地域=大阪"]);
    assert_eq!(found(&["--column", "地域=大阪"]), ["サクラ"]);
    let done = daemon.cli(&["lead", "exclude", "春", "--column", "地域~=トウキョウ"]);
    assert_eq!((&done["changed"], found(&["--dialable", "false"])), (&1.into(), vec!["海".to_owned()]));
}

/// S1.28, S1.5: deleted lists of one name are told apart by project, moment and id; their calls, recordings and figures are found by name
/// while they lie in the bin.
#[test]
fn deleted_lists_are_told_apart_and_searched() {
    let daemon = idle();
    let mut ids = Vec::new();
    for number in ["0312345678", "0612345678"] {
        daemon.import("端", format!("会社名,電話番号\nA社,{number}\n"));
        daemon.cli(&["list", "delete", "端", "--yes"]);
        let bin = daemon.cli(&["list", "bin"])["rows"].take();
        ids.push((bin[0]["id"].as_str().unwrap().to_owned(), bin[0]["at"].to_string()));
        assert!(bin[0]["project"].is_string(), "{bin:#}");
    }
    let (older, at) = &ids[0];
    let shown = daemon.text(&["list", "bin", "--lang", "ja"]);
    assert!(shown.contains(older.as_str()) && shown.contains("案件"), "{shown}");
    daemon.run(&["list", "restore", "端"]).refused("E-AMBIGUOUS");
    daemon.run(&["history", "--list", "端"]).refused("E-AMBIGUOUS");
    daemon.run(&["list", "restore", "端", "--at", "1"]).refused("E-NOT-FOUND");
    assert_eq!(daemon.cli(&["list", "restore", "端", "--at", at])["changed"], 1);
    assert_eq!(daemon.cli(&["list", "view", "端"])["rows"][0]["number"], "0312345678");
    daemon.cli(&["list", "change", "端", "--name", "端元"]);
    for search in [
        &["history", "--list", "端"][..],
        &["stats", "--list", "端"],
        &["stats", "--by", "user", "--list", "端"],
        &["recording", "ls", "--list", "端"],
        &["history", "--list", &ids[1].0],
    ] {
        daemon.cli(search);
    }
    daemon.run(&["list", "view", "端"]).refused("E-LIST-UNKNOWN");
    daemon.run(&["history", "--list", "末"]).refused("E-LIST-UNKNOWN");
}

/// X7: who may use a list by the grant of its project is told with it; only where neither is granted everybody may.
#[test]
fn a_list_tells_the_grants_of_its_project() {
    let daemon = idle();
    for login in ["op1", "op2"] {
        daemon.cli(&["user", "add", login, "--role", "OP"]);
    }
    daemon.cli(&["list", "create", "春", "--project", "別件", "--create-project"]);
    let shown = |daemon: &Daemon| daemon.text(&["list", "grant", "春", "--lang", "ja"]);
    assert!(shown(&daemon).contains("全員"));
    daemon.cli(&["project", "grant", "別件", "op1"]);
    let grants = daemon.cli(&["list", "grant", "春"]);
    assert_eq!((&grants["users"], &grants["project_users"][0]), (&serde_json::json!([]), &"op1".into()));
    let text = shown(&daemon);
    assert!(text.contains("op1") && !text.contains("全員"), "{text}");
    daemon.cli(&["list", "grant", "春", "op2"]);
    let text = shown(&daemon);
    assert!(text.contains("op1") && text.contains("op2") && !text.contains("全員"), "{text}");
}

/// The 184 or 186 of a lead is shown with it, and is in an export as people write it, which reads back as the same.
#[test]
fn the_184_of_a_lead_is_shown_and_comes_back() {
    let daemon = idle();
    daemon.import("春", "会社名,電話番号\nA社,184-03-7000-0002\nB社,03-7000-0003\n");
    let rows = daemon.cli(&["list", "view", "春"])["rows"].take();
    assert_eq!((&rows[0]["clir"], &rows[0]["number"]), (&"184".into(), &"0370000002".into()));
    assert!(rows[1].get("clir").is_none(), "{rows:#}");
    for (lang, words) in [("ja", "184(通知しない)"), ("en", "184 (withheld)")] {
        let lead = daemon.text(&["lead", "show", "春#1", "--lang", lang]);
        assert!(lead.contains(words), "{lead}");
    }
    let file = daemon.path("back.csv");
    let path = file.to_string_lossy();
    daemon.cli(&["list", "export", "春", &path]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(",184-03-7000-0002,"), "{text}");
    let again = daemon.cli(&["list", "import", "春", &path]);
    assert_eq!((&again["unchanged"], &again["updated"]), (&2.into(), &0.into()), "{again:#}");
    // By hand: set, changed, taken off.
    let edit = |lead: &str, clir: &str| daemon.cli(&["lead", "edit", lead, "--clir", clir])["clir"].clone();
    assert_eq!((edit("春#2", "186"), edit("春#1", "")), ("186".into(), Value::Null));
    daemon.run(&["lead", "edit", "春#2", "--clir", "185"]).refused("E-VALUE");
    let told = daemon.text(&["audit", "--action", "lead.edit", "--lang", "ja"]);
    assert!(told.contains("184・186: - → 186") && told.contains("184・186: 184 → -"), "{told}");
    daemon.cli(&["list", "export", "春", &path]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(",03-7000-0002,") && text.contains(",186-03-7000-0003,"), "{text}");
    // A number copied from such a file is found.
    for typed in ["186-03-7000-0003", "18403 7000 0003"] {
        let found = daemon.cli(&["contact", "ls", typed])["rows"].take();
        assert_eq!(
            (found.as_array().map(Vec::len), &found[0]["company"]),
            (Some(1), &"B社".into()),
            "{found:#}"
        );
        let found = daemon.cli(&["list", "view", "春", "--number", typed])["rows"].take();
        assert_eq!(found.as_array().map(Vec::len), Some(1), "{found:#}");
    }
}
