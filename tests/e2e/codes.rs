//! The codes of section E of the requirements: each is provoked by the command that operators give, and told in both languages
//! with what to do; a mistake in a file is told with its place.

use std::collections::BTreeSet;

use e2e::daemon::{Account, Daemon, Outcome, Seat, idle};
use e2e::peer::sipp::Scenario;
use e2e::requirements::{Page, State};
use protocol::{ErrorCode, Lang};
use serde_json::Value;

use crate::SOON;

mod rows;

/// A Unix user that nobody is.
const OPERATOR: u32 = 64_011;
const SUPERVISOR: u32 = 64_013;

/// What is wrong and what to do stand in the output, in that language.
#[track_caller]
fn told(outcome: &Outcome, code: &str, lang: Lang) {
    let known: ErrorCode = code.parse().unwrap_or_else(|_| panic!("{code} is in no catalogue"));
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    for words in [code, known.text().in_lang(lang), known.hint().in_lang(lang)] {
        assert!(!words.is_empty() && said.contains(words), "no {words:?}: {outcome:#?}");
    }
}

/// Gives a command that is refused with that code: as JSON, in Japanese, in English. Returns the JSON's `data`.
#[track_caller]
fn refused(daemon: &Daemon, code: &str, command: &[&str]) -> Value {
    for (lang, name) in [(Lang::Ja, "ja"), (Lang::En, "en")] {
        let plain = daemon.run_plain(&[command, &["--lang", name]].concat());
        assert_eq!(plain.code, 1, "{plain:#?}");
        told(&plain, code, lang);
    }
    let json = daemon.run(command);
    assert_eq!(json.code, 1, "{json:#?}");
    let data = json.json()["error"]["data"].take();
    assert_eq!(data["code"], code, "{json:#?}");
    data
}

/// A cell that is refused or doubted: code, command (`FILE` is the file), the file's text (`{31}`: so many letters, `{101}`: so
/// many categories, `{commas}`: too many cells), line, column and value that are to be named.
type Cell = (&'static str, &'static str, &'static str, u64, Option<&'static str>, Option<&'static str>);

const CELLS: [Cell; 29] = [
    (
        "E-REQ-COMPANY",
        "contact import FILE --profile miitel --header auto",
        "会社名,担当者名,電話番号\n,佐藤,0312345001\n",
        2,
        Some("会社名"),
        None,
    ),
    (
        "E-REQ-PERSON",
        "contact import FILE --profile zoho",
        "会社名,担当者名,電話番号\nA社,,0312345001\n",
        2,
        Some("担当者名"),
        None,
    ),
    (
        "E-REQ-NAME",
        "list import L FILE --profile miitel",
        "取引先会社名,取引先担当者名,電話番号,カテゴリー\n,,0312345001,\n",
        2,
        Some("取引先会社名"),
        None,
    ),
    ("E-REQ-PHONE", "list import L FILE", "会社名,電話番号\nA社,\n", 2, Some("電話番号"), None),
    ("E-PHONE-INVALID", "list import L FILE", "会社名,TEL\nA社,かな\n", 2, Some("TEL"), Some("かな")),
    (
        "E-PHONE-EXCEL",
        "list import L FILE",
        "会社名,電話番号\nA社,0312345001\nB社,9.01E+09\n",
        3,
        Some("電話番号"),
        Some("9.01E+09"),
    ),
    (
        "E-PHONE-FORBIDDEN",
        "contact import FILE",
        "会社名,電話番号\nA社,110\n",
        2,
        Some("電話番号"),
        Some("110"),
    ),
    (
        "E-CSV-CHAR",
        "list import L FILE --encoding cp932",
        "会社名,電話番号\nA\u{f8f0},0312345001\n",
        2,
        Some("会社名"),
        None,
    ),
    (
        "E-CSV-DUP-PHONE",
        "list import L FILE",
        "会社名,電話番号\nA社,0312345001\nB社,03-1234-5001\n",
        3,
        Some("電話番号"),
        Some("03-1234-5001"),
    ),
    (
        "E-CAT-LIMIT",
        "list import L FILE --profile miitel",
        "取引先会社名,取引先担当者名,電話番号,カテゴリー\nA社,,0312345001,{101}\n",
        2,
        Some("カテゴリー"),
        None,
    ),
    (
        "E-OWNER-UNKNOWN",
        "list import L FILE",
        "会社名,電話番号,発信担当者ID\nA社,0312345001,nobody\n",
        2,
        Some("発信担当者ID"),
        Some("nobody"),
    ),
    (
        "E-PROJECT-UNKNOWN",
        "dnc import FILE",
        "電話番号,案件\n0312345001,存在しない案件\n",
        2,
        Some("案件"),
        Some("存在しない案件"),
    ),
    (
        "E-REASON-REQUIRED",
        "dnc import FILE",
        "電話番号,解除日時\n0312345001,2026-11-01\n",
        2,
        Some("解除日時"),
        Some("2026-11-01"),
    ),
    (
        "W-ZERO-RESTORED",
        "list import L FILE",
        "会社名,電話番号\nA社,312345011\n",
        2,
        Some("電話番号"),
        Some("312345011"),
    ),
    (
        "W-PHONE-UNASSIGNED",
        "list import L FILE",
        "会社名,電話番号\nA社,0302345678\n",
        2,
        Some("電話番号"),
        Some("0302345678"),
    ),
    ("W-LONG", "list import L FILE", "会社名,電話番号\n{31},0312345012\n", 2, Some("会社名"), None),
    (
        "W-CSV-QUOTE",
        "list import L FILE",
        "会社名,電話番号\nA\"社,0312345013\n",
        2,
        Some("会社名"),
        Some("A\"社"),
    ),
    (
        "W-COL-IGNORED",
        "list import L FILE --profile calltree",
        "会社名,電話番号,電話番号2\nA社,0312345014,0612345014\n",
        1,
        Some("電話番号2"),
        None,
    ),
    (
        "W-COL-DROPPED",
        "contact import FILE",
        "会社名,電話番号,血液型\nA社,0312345015,A\n",
        1,
        Some("血液型"),
        None,
    ),
    (
        "W-CSV-DUP-PHONE",
        "list import L FILE --dup-in-file first",
        "会社名,電話番号\nA社,0312345016\nB社,03-1234-5016\n",
        3,
        Some("電話番号"),
        Some("03-1234-5016"),
    ),
    (
        "W-PHONE-EXTRA",
        "list import L FILE",
        "会社名,電話番号\nA社,0312345017 / 0612345017\n",
        2,
        Some("電話番号"),
        Some("0312345017 / 0612345017"),
    ),
    (
        "W-PHONE-HYPHEN",
        "list import L FILE",
        "会社名,電話番号\nA社,03一1234一5018\n",
        2,
        Some("電話番号"),
        Some("03一1234一5018"),
    ),
    (
        "W-PHONE-DECIMAL",
        "list import L FILE",
        "会社名,電話番号\nA社,0312345019.0\n",
        2,
        Some("電話番号"),
        Some("0312345019.0"),
    ),
    (
        "W-PHONE-FREEPHONE",
        "list import L FILE",
        "会社名,電話番号\nA社,0120345020\n",
        2,
        Some("電話番号"),
        Some("0120345020"),
    ),
    (
        "W-PHONE-CONVERGED",
        "list import L FILE",
        "会社名,電話番号\nA社,0600123452\n",
        2,
        Some("電話番号"),
        Some("0600123452"),
    ),
    (
        "W-PHONE-EXT",
        "list import L FILE",
        "会社名,電話番号\nA社,0312345022 内線12\n",
        2,
        Some("電話番号"),
        Some("0312345022 内線12"),
    ),
    (
        "W-EMAIL",
        "contact import FILE",
        "会社名,電話番号,メール\nA社,0312345023,sato\n",
        2,
        Some("メール"),
        Some("sato"),
    ),
    (
        "W-EXCLUDED",
        "list import L FILE",
        "会社名,電話番号,対象外\nA社,0312345024,1\n",
        1,
        Some("対象外"),
        None,
    ),
    ("E-CSV-COLUMNS", "list import L FILE", "会社名,電話番号\nA社,0312345001{commas}\n", 2, None, None),
];

/// E1, E2, E3, E4, E5, E6, E7, E9, E12, E17, E30, E31, E32, E33, E34, E40, E42, E47: what is wrong with a cell is told with its file, line, column and value; nothing of the file is
/// kept for a mistake, and all of it for a doubt.
#[test]
fn each_mistake_of_a_cell_is_told_with_its_place() {
    let daemon = idle();
    daemon.cli(&["list", "create", "L"]);
    for (code, command, text, line, column, value) in CELLS {
        let categories: Vec<String> = (0..101).map(|number| format!("分類{number}")).collect();
        let text = text.replace("{31}", &"あ".repeat(31)).replace("{101}", &categories.join("|"));
        let text = text.replace("{commas}", &",x".repeat(2_000));
        // Half a character at the end of a cell is no CP932.
        let bytes = match text.split_once('\u{f8f0}') {
            Some((head, tail)) => {
                [&encoding_rs::SHIFT_JIS.encode(head).0[..], b"\x81", tail.as_bytes()].concat()
            }
            None => text.into_bytes(),
        };
        std::fs::write(daemon.path("cell.csv"), bytes).unwrap();
        let command: Vec<&str> =
            command.split(' ').map(|word| if word == "FILE" { "cell.csv" } else { word }).collect();
        let json = daemon.run(&command);
        let result = json.json();
        let (issues, exit) = if code.starts_with('E') { ("errors", 1) } else { ("warnings", 0) };
        assert_eq!(json.code, exit, "{code}: {json:#?}");
        assert_eq!(
            (&result["file"], &result["committed"]),
            (&"cell.csv".into(), &(exit == 0).into()),
            "{code}"
        );
        let issues = result[issues].as_array().unwrap_or_else(|| panic!("{code}: {result:#}"));
        let issue = issues.iter().find(|issue| issue["code"] == code);
        let issue = issue.unwrap_or_else(|| panic!("no {code}: {result:#}"));
        assert_eq!(issue["line"], line, "{code}: {issue:#}");
        if let Some(column) = column {
            assert_eq!(issue["column"], column, "{code}: {issue:#}");
        }
        if let Some(value) = value {
            assert_eq!(issue["value"], value, "{code}: {issue:#}");
        }
        let known: ErrorCode = code.parse().unwrap();
        assert_eq!(
            (&issue["message"], &issue["hint"]),
            (&known.text().en.into(), &known.hint().en.into()),
            "{code}"
        );
        for (lang, name) in [(Lang::Ja, "ja"), (Lang::En, "en")] {
            let plain = daemon.run_plain(&[&command[..], &["--lang", name]].concat());
            assert_eq!(plain.code, exit, "{code}: {plain:#?}");
            told(&plain, code, lang);
        }
    }
    // Nothing of a refused file is there.
    let kept = daemon.cli(&["list", "view", "L", "--number", "0312345001"]);
    assert_eq!(kept["total"], 0, "{kept:#}");
}

/// A file that is refused as a whole: code, command, text, and the line that is named.
type Sheet = (&'static str, &'static str, &'static [u8], Option<u64>);

const SHEETS: [Sheet; 9] = [
    ("E-CSV-ENCODING", "list import L FILE", b"\xBB\xB3\xB2\xCF,,0312345678\n", None),
    ("E-CSV-HEADER", "list import L FILE", "会社名,代表\nA社,0312345678\n".as_bytes(), Some(1)),
    (
        "E-CSV-HEADER-DUP",
        "list import L FILE",
        "会社名,TEL,電話番号\nA社,0312345678,0312345679\n".as_bytes(),
        Some(1),
    ),
    ("E-CSV-TOO-LARGE", "contact import FILE --profile miitel", b"{large}", None),
    ("E-CSV-TOO-MANY-ROWS", "contact import FILE --profile miitel --header auto", b"{rows}", Some(10_002)),
    ("E-CSV-QUOTE", "list import L FILE", "会社名,電話番号\n\"A社,0312345678\n".as_bytes(), Some(2)),
    ("E-CSV-FIELD", "list import L FILE", b"{field}", Some(2)),
    ("E-CSV-EMPTY", "list import L FILE", b"", None),
    ("E-LIST-FULL", "list import L FILE --profile miitel", b"{leads}", None),
];

/// E8, E10, E11, E13, E14, E15, E43: a file that cannot be taken at all is named, with the line where there is one.
#[test]
fn each_mistake_of_a_file_is_told_with_its_name() {
    let daemon = idle();
    daemon.cli(&["list", "create", "L"]);
    let rows = |count: u32| -> Vec<u8> {
        let lines = (0..count).map(|row| format!("会社,担当,03-3{:03}-{:04},\n", row / 10_000, row % 10_000));
        format!("取引先会社名,取引先担当者名,電話番号,カテゴリー\n{}", lines.collect::<String>()).into_bytes()
    };
    for (code, command, bytes, line) in SHEETS {
        let bytes = match bytes {
            b"{large}" => vec![b'a'; 2 * 1024 * 1024 + 1],
            b"{rows}" => rows(10_001),
            b"{leads}" => rows(5_001),
            b"{field}" => format!("会社名,電話番号\n{},0312345001\n", "a".repeat(65_537)).into_bytes(),
            bytes => bytes.to_vec(),
        };
        std::fs::write(daemon.path("sheet.csv"), bytes).unwrap();
        let command: Vec<&str> =
            command.split(' ').map(|word| if word == "FILE" { "sheet.csv" } else { word }).collect();
        let data = refused(&daemon, code, &command);
        // How full a list is has nothing to do with its file.
        if code != "E-LIST-FULL" {
            assert_eq!(data["facts"]["file"], "sheet.csv", "{code}: {data:#}");
            assert_eq!(data["facts"]["line"].as_u64(), line, "{code}: {data:#}");
            let column = code.starts_with("E-CSV-HEADER").then_some("電話番号");
            assert_eq!(data["facts"]["column"].as_str(), column, "{code}: {data:#}");
        }
    }
    assert_eq!(daemon.cli(&["list", "view", "L"])["total"], 0);
    assert_eq!(daemon.cli(&["contact", "ls"])["rows"].as_array().unwrap().len(), 0);
}

/// Commands that are refused on a box with a list `L` of the one lead 0312345678, which is in a contact, a project `P`, a status
/// `済`, and a deleted user `gone`.
const COMMANDS: [(&str, &[&str]); 42] = [
    ("E-REQ-LISTNAME", &["list", "create", ""]),
    ("E-LIST-DUP", &["list", "create", "L"]),
    ("E-LIST-UNKNOWN", &["list", "show", "nothing"]),
    ("E-AMBIGUOUS", &["list", "show", "twice"]),
    ("E-REQ-PROJECTNAME", &["project", "create", ""]),
    ("E-PROJECT-DUP", &["project", "create", "P"]),
    ("E-PROJECT-BUSY", &["project", "delete", "P", "--yes"]),
    ("E-PROJECT-BIN", &["list", "restore", "binned"]),
    ("E-LEAD-DUP", &["lead", "add", "L", "03-1234-5678"]),
    ("E-PHONE-READONLY", &["lead", "remove-number", "L#1", "0312345678"]),
    ("E-REQ-PHONE", &["lead", "add", "L", ""]),
    ("E-PHONE-INVALID", &["lead", "add", "L", "かな"]),
    ("E-PHONE-FORBIDDEN", &["lead", "add", "L", "110"]),
    ("E-REQ-NAME", &["contact", "edit", "0312345678", "--company", "", "--person", ""]),
    ("E-CONTACT-DUP", &["contact", "add", "--company", "B", "--phone", "0312345678"]),
    ("E-CONTACTS-FULL", &["contact", "add", "--company", "B", "--phone", "0612345678"]),
    ("E-STALE", &["contact", "edit", "0312345678", "--company", "B", "--if-version", "99"]),
    ("E-NOT-FOUND", &["contact", "show", "0699999999"]),
    ("E-NOT-FOUND", &["lead", "show", "L#9"]),
    ("E-NOT-FOUND", &["dnc", "clear", "0699999999", "--reason", "誤り"]),
    ("E-VALUE", &["user", "add", "一 二", "--role", "OP"]),
    ("E-USER-DUP", &["user", "add", "a", "--role", "OP"]),
    ("E-USER-TOMBSTONE", &["user", "add", "gone", "--role", "OP"]),
    ("E-USER-UID", &["user", "uid", "holder", "64012"]),
    ("E-USER-SEAT", &["user", "delete", "a", "--yes"]),
    ("E-USER-HOLDS", &["user", "delete", "holder", "--yes"]),
    ("E-USER-ROLE", &["user", "delete", "holder", "--hand-over", "office", "--yes"]),
    ("E-USER-LIMIT", &["user", "add", "more", "--role", "OP"]),
    ("E-PASSWORD", &["user", "passwd", "a"]),
    ("E-STATUS-BUILTIN", &["disposition", "edit", "不通", "--label", "x"]),
    ("E-STATUS-BUILTIN", &["disposition", "archive", "クレーム"]),
    ("E-STATUS-DUP", &["disposition", "add", "済"]),
    ("E-STATUS-UNKNOWN", &["history", "--status", "無い"]),
    ("E-REASON-REQUIRED", &["dnc", "clear", "0512345678", "--reason", " "]),
    ("E-IMPORT-UNDO", &["list", "import-undo", "{import}", "--yes"]),
    ("E-EXPORT-CHAR", &["contact", "export", "x.csv", "--encoding", "cp932"]),
    ("E-FILE", &["list", "import", "L", "no-such-file.csv"]),
    ("E-FILE-EXISTS", &["backup", "{folder}/there.db"]),
    ("E-FILE-DATABASE", &["backup", "{folder}/state/kakeru.db"]),
    ("E-DNC", &["call", "0512345678"]),
    ("E-PHONE-FORBIDDEN", &["call", "110"]),
    ("E-PHONE-INVALID", &["call", "0"]),
];

/// E16, E19, E20, E22, E24, E36, E37, E38, E43, E44: each refusal of a command that changes the data says its code, what is wrong and what to do.
#[test]
fn each_refusal_of_a_command_says_what_to_do() {
    let daemon = Daemon::builder()
        .set("contacts", "max", "1")
        .set("people", "max_users", "3")
        .account(Account::nowhere())
        .start();
    let cli = |command: &[&str]| daemon.cli(command);
    cli(&["contact", "add", "--company", "𠮷野家", "--phone", "0312345678"]);
    cli(&["user", "add", "gone", "--role", "OP"]);
    cli(&["user", "delete", "gone", "--yes"]);
    cli(&["user", "add", "holder", "--role", "OP"]);
    cli(&["user", "add", "office", "--role", "BY", "--uid", "64012"]);
    cli(&["project", "create", "P"]);
    for (list, project) in [("twice", "P"), ("twice", "Q"), ("binned", "R")] {
        cli(&["list", "create", list, "--project", project, "--create-project"]);
    }
    cli(&["list", "delete", "binned", "--yes"]);
    cli(&["project", "delete", "R", "--yes"]);
    daemon.import("L", "会社名,電話番号\n𠮷野家,0312345678\n");
    cli(&["lead", "assign", "L", "--all", "--owner", "holder"]);
    daemon.import("undone", "会社名,電話番号\n𠮷野家,0312345678\n");
    cli(&["disposition", "add", "済"]);
    cli(&["dnc", "add", "0512345678", "--reason", "希望"]);
    std::fs::write(daemon.path("there.db"), "").unwrap();
    let imports = cli(&["list", "imports"])["rows"].take();
    let import = imports[0]["id"].as_str().unwrap().to_owned();
    cli(&["list", "import-undo", &import, "--yes"]);
    let folder = daemon.path("").to_string_lossy().trim_end_matches('/').to_owned();
    for (code, command) in COMMANDS {
        let words: Vec<String> = command
            .iter()
            .map(|word| word.replace("{import}", &import).replace("{folder}", &folder))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        refused(&daemon, code, &words);
    }
}

/// Provoked by calls and by what goes on at the same time.
const MOMENTS: [&str; 12] = [
    "E-LIST-BUSY",
    "E-LINE-FULL",
    "E-HOURS",
    "E-FIELD-PERM",
    "E-PERMISSION",
    "E-LIST-GRANT",
    "W-NO-CREATE-PERM",
    "W-DNC-STAYS",
    "E-DEL-GUARD",
    "E-STATUS-USED",
    "E-SEALED",
    "E-STATE",
];

/// Which of [`MOMENTS`] came.
#[derive(Default)]
struct Seen(BTreeSet<&'static str>);

impl Seen {
    #[track_caller]
    fn refused(&mut self, daemon: &Daemon, code: &'static str, command: &[&str]) {
        refused(daemon, code, command);
        self.0.insert(code);
    }
}

/// S4.12, E18, E21, E23, E26, E35, E39, E44: what is refused for the moment, or to somebody.
#[test]
fn each_refusal_of_a_moment_says_what_to_do() {
    let mut seen = Seen::default();
    let exchange = Scenario::server("exchange").start();
    let account = Account::new("main", exchange.address()).unregistered().set("lines", "1");
    let daemon = Daemon::builder()
        .set("people", "mask_numbers", "[\"OP\", \"SV\"]")
        .set("contacts", "read_only", "[\"OP\"]")
        .set("contacts", "create_on_dial", "true")
        .account(account)
        .seat(Seat::new("a", "main").set("uid", &OPERATOR.to_string()))
        .seat(Seat::new("b", "main"))
        .start();
    daemon.import("L", "会社名,電話番号\nA社,0312345601\nB社,0312345701\n");
    daemon.cli(&["disposition", "add", "済"]);
    daemon.cli(&["dial", "start", "L", "--seat", "a"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    seen.refused(&daemon, "E-LIST-BUSY", &["list", "delete", "L", "--yes"]);
    seen.refused(&daemon, "E-LINE-FULL", &["call", "--seat", "b", "0612345601"]);
    seen.refused(&daemon, "E-DEL-GUARD", &["contact", "delete", "0312345601", "--yes"]);
    daemon.cli(&["hangup", "--seat", "a"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    let open = daemon.cli(&["history", "--open"])["rows"][0]["attempt"].as_str().unwrap().to_owned();
    seen.refused(&daemon, "E-STATE", &["history", "amend", &open, "--status", "済"]);
    daemon.cli(&["save", "--seat", "a", "--status", "済", "--next", "stay"]);
    daemon.cli(&["dial", "stop", "--seat", "a"]);
    daemon.cli(&["ready", "--seat", "a"]);
    seen.refused(&daemon, "E-STATUS-USED", &["disposition", "edit", "済", "--counts-connect", "no"]);
    seen.refused(&daemon, "E-SEALED", &["save", "--seat", "a", "--attempt", &open, "--status", "見込"]);

    // A correction clears nothing.
    let amend = |status| ["history", "amend", open.as_str(), "--status", status, "--reason", "誤り"];
    let complaint = daemon.cli(&amend("クレーム"));
    assert!(complaint.get("warnings").is_none(), "{complaint:#}");
    assert_eq!(daemon.cli(&amend("済"))["warnings"], serde_json::json!(["W-DNC-STAYS"]));
    daemon.cli(&amend("クレーム"));
    let text = daemon.text(&[&amend("済")[..], &["--lang", "ja"]].concat());
    assert!(
        text.contains("W-DNC-STAYS 架電禁止の登録は残っています") && text.contains("kakeru dnc clear"),
        "{text}"
    );
    seen.0.insert("W-DNC-STAYS");

    // As people who see no numbers, keep no contacts, and have not every list.
    daemon.cli(&["user", "add", "sam", "--role", "SV", "--uid", &SUPERVISOR.to_string()]);
    daemon.cli(&["user", "add", "olga", "--role", "OP"]);
    daemon.cli(&["list", "create", "others"]);
    daemon.cli(&["list", "grant", "others", "olga"]);
    for (code, uid, command) in [
        ("E-FIELD-PERM", SUPERVISOR, &["contact", "export", "/tmp/none.csv"][..]),
        ("E-PERMISSION", OPERATOR, &["list", "create", "M"]),
        ("E-LIST-GRANT", OPERATOR, &["list", "show", "others"]),
    ] {
        daemon.run_as(uid, command).refused(code);
        for (lang, name) in [(Lang::Ja, "ja"), (Lang::En, "en")] {
            let plain = daemon.run_plain_as(uid, &[command, &["--lang", name]].concat());
            told(&plain, code, lang);
        }
        seen.0.insert(code);
    }
    let contact = daemon.cli(&["lead", "add", "L", "0522345601", "--company", "C社"]);
    let lead = contact["id"].as_str().unwrap();
    daemon.cli(&["contact", "delete", "0522345601", "--yes"]);
    daemon.run_as(OPERATOR, &["call", "--seat", "a", "--lead", lead]).success();
    let warned = ErrorCode::WarnNoCreatePerm;
    assert!(daemon.log().contains(warned.as_str()), "no word of the contact that was not made");
    assert!(!warned.text().ja.is_empty() && !warned.hint().en.is_empty());
    seen.0.insert(warned.as_str());
    daemon.run_as(OPERATOR, &["hangup", "--seat", "a"]).success();
    drop(daemon);

    let trunk = Account::new("main", exchange.address()).kind("trunk").unregistered();
    let closed = Daemon::builder().set("dialing.window", "closed", "[\"2020-01-01/2099-12-31\"]");
    let daemon = closed.account(trunk).start();
    daemon.import("L", "会社名,電話番号\nA社,0312345601\n");
    seen.refused(&daemon, "E-HOURS", &["call", "--lead", "L#1"]);
    assert_eq!(seen.0, BTreeSet::from(MOMENTS));
}

/// The page's codes are those that the tests above provoke, or says why not yet.
#[test]
fn every_code_of_the_page_is_provoked() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/requirements.md");
    let page = Page::parse(&std::fs::read_to_string(path).unwrap());
    let done: BTreeSet<&str> = page
        .codes
        .iter()
        .filter(|(_, state)| **state == State::Done)
        .map(|(code, _)| code.as_str())
        .collect();
    let provoked: BTreeSet<&str> = CELLS
        .iter()
        .map(|cell| cell.0)
        .chain(SHEETS.iter().map(|sheet| sheet.0))
        .chain(COMMANDS.iter().map(|command| command.0))
        .chain(MOMENTS)
        .chain(["W-OWNER-GRANT"])
        .chain(["W-LIST-LARGE", "W-BIN"])
        .collect();
    assert_eq!(done, provoked);
    for code in page.codes.keys() {
        assert!(code.parse::<ErrorCode>().is_ok(), "{code} is in no catalogue");
    }
}
