//! Lists as they come from spreadsheets, and what the daemon says of rows it cannot take.

use std::process::Command;

use e2e::daemon::{Account, Daemon, idle};
use serde_json::Value;

mod exports;
mod judged;
mod limits;
mod own_profile;
mod reports;

const SHEET: &str = "取引先会社名,取引先担当者名,電話番号,カテゴリー\r\n\
    株式会社髙橋,山﨑,03-1234-0001,新規|東京\r\n㈱テスト,担当,０９０－１２３４－５６７８,\r\n\"有限会社\"\"引用\"\"\",,0312340003,既存\r\n";

/// The same sheet as Excel and others save it.
fn encoded(name: &str) -> Vec<u8> {
    let iconv = |to: &str| {
        let mut command = Command::new(e2e::process::program("iconv", "libc-bin"));
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let path = folder.path().join("sheet");
        std::fs::write(&path, SHEET).expect("the temporary folder is writable");
        command.args(["-f", "UTF-8", "-t", to]).arg(path).output().expect("iconv runs").stdout
    };
    match name {
        "utf-8-bom" => [b"\xEF\xBB\xBF", SHEET.as_bytes()].concat(),
        "cp932" => iconv("CP932"),
        "utf-16le" => [b"\xFF\xFE".as_slice(), &iconv("UTF-16LE")].concat(),
        _ => SHEET.as_bytes().to_vec(),
    }
}

#[test]
fn every_encoding_is_detected() {
    let daemon = idle();
    for encoding in ["utf-8", "utf-8-bom", "cp932", "utf-16le"] {
        daemon.import(encoding, encoded(encoding));
        let page = daemon.cli(&["list", "show", encoding]);
        let rows = page["rows"].as_array().unwrap_or_else(|| panic!("{page:#}"));
        assert_eq!(rows.len(), 3, "{encoding}");
        assert_eq!(
            (&rows[0]["company"], &rows[0]["person"]),
            (&"株式会社髙橋".into(), &"山﨑".into()),
            "{encoding}"
        );
        assert_eq!(rows[2]["company"], "有限会社\"引用\"", "{encoding}");
        let digits = |row: &Value| row["number"].as_str().unwrap_or_default().replace('-', "");
        assert!(digits(&rows[1]).ends_with("9012345678"), "{encoding}: {}", rows[1]);
    }
}

/// S0.13: a short name that is 山河 in EUC-JP and ｻｳｲﾏ in CP932 is shown in both, and taken as the one that is named.
#[test]
fn what_two_encodings_fit_is_shown_in_both_and_taken_as_the_one_that_is_named() {
    let daemon = idle();
    daemon.cli(&["list", "create", "short"]);
    std::fs::write(daemon.path("short.csv"), b"\xBB\xB3\xB2\xCF,,0312345678\n").unwrap();
    let file = daemon.path("short.csv").to_string_lossy().into_owned();
    for preview in [&[][..], &["--preview"]] {
        let import = [&["list", "import", "short", &file][..], preview].concat();
        let plain = daemon.run_plain(&[&import[..], &["--lang", "en"]].concat());
        assert_eq!(plain.code, 1, "{plain:#?}");
        for line in
            ["E-CSV-ENCODING", "--encoding euc-jp: 山河\n", "--encoding cp932: ｻｳｲﾏ\n", "(byte 0 is no text)"]
        {
            assert!(plain.stderr.contains(line), "no {line}: {plain:#?}");
        }
        let refused: Value = serde_json::from_str(&daemon.run(&import).stdout).expect("JSON");
        let candidates = &refused["error"]["data"]["candidates"];
        let euc = serde_json::json!({ "encoding": "euc-jp", "first_bad_byte": null, "cells": ["山河"] });
        assert!(candidates.as_array().is_some_and(|tried| tried.contains(&euc)), "{refused:#}");
    }
    daemon.run(&["contact", "import", &file]).refused("E-CSV-ENCODING");
    daemon.cli(&["list", "import", "short", &file, "--encoding", "euc-jp"]);
    assert_eq!(daemon.cli(&["list", "show", "short"])["rows"][0]["company"], "山河");
}

/// S0.17: a header without a phone column is no row with a bad number, and the column that is meant can be named.
#[test]
fn a_header_without_a_phone_column_says_which_may_be_it() {
    let daemon = idle();
    daemon.cli(&["list", "create", "names"]);
    let sheet = "会社名,住所,代表\nA社,東京都,0312345678\nB社,大阪府,0612345678\n";
    std::fs::write(daemon.path("names.csv"), sheet).unwrap();
    let file = daemon.path("names.csv").to_string_lossy().into_owned();
    let plain = daemon.run_plain(&["list", "import", "names", &file]);
    assert_eq!(plain.code, 1, "{plain:#?}");
    assert!(
        plain.stderr.contains("E-CSV-HEADER") && plain.stderr.contains("--map 電話番号=代表"),
        "{plain:#?}"
    );
    let taken = daemon.cli(&["list", "import", "names", &file, "--map", "電話番号=代表"]);
    assert_eq!((&taken["inserted"], &taken["header"]), (&2.into(), &true.into()), "{taken:#}");
}

/// S1.14: looked at before it is taken; and what may be typed to find one's way.
#[test]
fn a_preview_shows_the_first_rows_and_keeps_none() {
    let daemon = idle();
    std::fs::write(daemon.path("sheet.csv"), encoded("cp932")).unwrap();
    let file = daemon.path("sheet.csv").to_string_lossy().into_owned();
    daemon.cli(&["list", "create", "first"]);
    let looked = daemon.cli(&["list", "import", "first", &file, "--preview"]);
    let rows = looked["preview"].as_array().unwrap_or_else(|| panic!("{looked:#}"));
    assert_eq!((rows.len(), &looked["rows"]), (3, &3.into()), "{looked:#}");
    assert_eq!((&rows[0]["line"], &rows[0]["company"]), (&2.into(), &"株式会社髙橋".into()), "{looked:#}");
    assert_eq!(daemon.cli(&["list", "show", "first"])["rows"].as_array().unwrap().len(), 0);
    // Nobody to call: the session is over when it is answered.
    assert!(daemon.cli(&["dial", "start", "first"])["dial"].is_null());
    daemon.cli(&["list", "import", "first", &file]);
    assert_eq!(daemon.cli(&["lead", "show", "first#3"])["company"], "有限会社\"引用\"");
    daemon.run(&["lead", "show", "first#9"]).refused("E-NOT-FOUND");
    daemon.run(&["lead", "show", "nothing"]).refused("E-NOT-FOUND");
    let help = daemon.run(&["help", "list", "import"]);
    assert!(help.code == 0 && help.stdout.contains("--encoding"), "{help:#?}");
}

/// E40: a bad row is refused with line, column, value and code, and takes no other row with it unless asked to.
#[test]
fn a_bad_row_is_named_and_loses_nothing() {
    let daemon = idle();
    let sheet = "取引先会社名,取引先担当者名,電話番号,カテゴリー\n\
                 会社1,担当,0312340001,\n会社2,担当,9.01E+09,\n会社3,担当,110,\n会社4,担当,0312340004,\n\
                 会社5,担当,0570-123-456,\n";
    std::fs::write(daemon.path("bad.csv"), sheet).unwrap();
    daemon.cli(&["list", "create", "bad"]);
    let file = daemon.path("bad.csv");
    // What the number is, on the screen and in the file of refused rows.
    let report = daemon.path("refused.csv");
    let (from, to) = (file.to_string_lossy(), report.to_string_lossy());
    let shown = daemon.run_plain(&["list", "import", "bad", &from, "--report", &to, "--lang", "ja"]).stdout;
    let report = std::fs::read_to_string(report).unwrap();
    for kind in ["発信しない種類の番号です (ナビダイヤル(0570))", "(緊急通報の番号(110・118・119))"]
    {
        assert!(shown.contains(kind) && report.contains(kind), "{kind}: {shown}{report}");
    }
    let outcome = daemon.run(&["list", "import", "bad", &file.to_string_lossy()]);
    assert_eq!(outcome.code, 1, "{outcome:#?}");
    for word in ["E-PHONE-EXCEL", "E-PHONE-FORBIDDEN", "9.01E+09"] {
        assert!(outcome.stdout.contains(word) || outcome.stderr.contains(word), "no {word}: {outcome:#?}");
    }
    assert_eq!(daemon.cli(&["list", "show", "bad"])["rows"].as_array().unwrap().len(), 0);

    daemon.run(&["list", "import", "bad", &file.to_string_lossy(), "--partial"]);
    assert_eq!(daemon.cli(&["list", "show", "bad"])["rows"].as_array().unwrap().len(), 2);
}

/// S0.17, C1: a file of numbers and nothing else says how it is taken, and is taken so.
#[test]
fn a_column_of_numbers_says_how_it_is_taken() {
    let daemon = idle();
    daemon.cli(&["list", "create", "春"]);
    std::fs::write(daemon.path("numbers.csv"), "03-1234-0001\n03-1234-0002\n").expect("ours");
    let import = ["list", "import", "春", "numbers.csv"];
    daemon.run(&import).refused("E-CSV-HEADER");
    for lang in ["ja", "en"] {
        let told = daemon.run_plain(&[&import[..], &["--lang", lang]].concat()).stderr;
        assert!(
            told.contains("--map 電話番号=#1") && told.contains("--profile calltree --header none"),
            "{told}"
        );
        assert!(!told.contains("会社名=#1"), "{told}");
    }
    let hinted = ["--map", "電話番号=#1", "--profile", "calltree", "--header", "none"];
    let done = daemon.cli(&[&import[..], &hinted].concat());
    assert_eq!((&done["inserted"], &done["refused"]), (&2.into(), &0.into()), "{done:#}");
    // Of a number that has a name none is asked for.
    let again =
        daemon.cli(&["contact", "import", "numbers.csv", "--map", "電話番号=#1", "--partial", "--preview"]);
    assert_eq!(again["rows"], 2, "{again:#}");
    std::fs::write(daemon.path("numbers.csv"), "03-1234-0001,A社\n03-1234-0002,B社\n").expect("ours");
    let told = daemon.run_plain(&[&import[..], &["--lang", "en"]].concat()).stderr;
    assert!(told.contains("--map 電話番号=#1 --map 会社名=#2"), "{told}");
}

/// Where nothing is refused or doubted there is no file of it, in the protocol and on the command line; what an earlier import left is emptied.
#[test]
fn nothing_refused_is_no_file() {
    let daemon = idle();
    let sheet = daemon.path("good.csv");
    std::fs::write(&sheet, "会社名,電話番号\nA社,03-1234-0001\n").expect("ours");
    daemon.cli(&["list", "create", "春"]);
    let (list, contacts) = (serde_json::json!({ "list": "春" }), serde_json::json!({}));
    for (method, of) in [("list.import", &list), ("contact.import", &contacts), ("dnc.import", &contacts)] {
        let mut params = of.clone();
        params["path"] = sheet.to_string_lossy().into();
        (params["report"], params["report_warnings"]) = (true.into(), true.into());
        for dry_run in [true, false] {
            params["dry_run"] = dry_run.into();
            let done =
                daemon.control().call(method, &params).unwrap_or_else(|error| panic!("{method}: {error:?}"));
            assert_eq!((&done["refused"], &done["report"]), (&0.into(), &Value::Null), "{method} {done:#}");
            assert_eq!(done.get("warnings_report"), Some(&Value::Null), "{method} {done:#}");
        }
    }
    std::fs::write(daemon.path("old.csv"), "of yesterday").expect("ours");
    let import = ["list", "import", "春", "good.csv", "--report", "old.csv", "--report-warnings", "new.csv"];
    assert_eq!(daemon.cli(&import)["committed"], true);
    assert_eq!(std::fs::read(daemon.path("old.csv")).expect("it is there"), b"");
    assert!(!daemon.path("new.csv").exists());
}

/// S0.11: the file may come from standard input; it is read as any other, and leaves nothing on the disk.
#[test]
fn a_list_comes_from_standard_input() {
    let daemon = idle();
    daemon.cli(&["list", "create", "stdin"]);
    let mut child = Command::new(e2e::daemon::binary())
        .args(["list", "import", "stdin", "-", "--json", "--socket"])
        .arg(daemon.socket())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the binary can be run");
    std::io::Write::write_all(&mut child.stdin.take().expect("piped"), &encoded("cp932")).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&result["inserted"], &result["encoding"]), (&3.into(), &"cp932".into()), "{result:#}");
    let left: Vec<_> = std::fs::read_dir(daemon.path("state"))
        .expect("the state folder")
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(".kakeru-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

fn lists(daemon: &Daemon) -> Vec<String> {
    let found = daemon.cli(&["list", "ls"]);
    let rows = found["lists"].as_array().unwrap_or_else(|| panic!("{found:#}"));
    rows.iter()
        .map(|row| {
            format!(
                "{}/{}",
                row["project"].as_str().unwrap_or_default(),
                row["name"].as_str().unwrap_or_default()
            )
        })
        .collect()
}

/// S1.5, S1.14: `--create` makes a list only with rows in it: not for a look, not for a file that is refused.
#[test]
fn a_list_is_made_only_with_rows_in_it() {
    let daemon = idle();
    let file = |name: &str, text: &str| {
        std::fs::write(daemon.path(name), text).unwrap();
        daemon.path(name).to_string_lossy().into_owned()
    };
    let good = file("good.csv", "会社名,電話番号\n会社1,0312340001\n会社2,0312340002\n");
    let bad = file("bad.csv", "会社名,電話番号\n会社1,0312340001\n会社2,110\n");
    let empty = file("empty.csv", "会社名,電話番号\n");
    let before = lists(&daemon);
    let looked = daemon.cli(&["list", "import", "新", &good, "--create", "--preview"]);
    assert_eq!((&looked["inserted"], &looked["contacts_created"]), (&2.into(), &2.into()), "{looked:#}");
    assert_eq!(
        daemon
            .run(&["list", "import", "新", &bad, "--create", "--project", "案件X", "--create-project"])
            .code,
        1
    );
    let outcome = daemon.run(&["list", "import", "新", &empty, "--create"]);
    assert!(outcome.code == 1 && !outcome.stdout.contains("--partial"), "{outcome:#?}");
    assert_eq!(lists(&daemon), before);
    assert!(!daemon.cli(&["project", "ls"]).to_string().contains("案件X"));
    daemon.cli(&["list", "import", "新", &good, "--create"]);
    assert_eq!(lists(&daemon).len(), before.len() + 1);
    // Of a list that is there, what is there counts.
    let looked = daemon.cli(&["list", "import", "新", &good, "--preview"]);
    assert_eq!((&looked["inserted"], &looked["unchanged"]), (&0.into(), &2.into()), "{looked:#}");
    // The refused rows of a look are written.
    let report = daemon.path("refused.csv");
    daemon.run(&["list", "import", "新", &bad, "--preview", "--report", &report.to_string_lossy()]);
    assert!(std::fs::read_to_string(report).unwrap().contains("E-PHONE-FORBIDDEN"));
}

/// S1.5: two projects may have a list of one name; each is found by its project.
#[test]
fn a_list_is_looked_up_in_its_project() {
    let daemon = idle();
    std::fs::write(daemon.path("one.csv"), "会社名,電話番号\n会社1,0312340001\n").unwrap();
    let file = daemon.path("one.csv").to_string_lossy().into_owned();
    for project in ["案件A", "案件B"] {
        daemon.cli(&["list", "import", "ONE", &file, "--create", "--project", project, "--create-project"]);
    }
    let wanted = ["案件A/ONE", "案件B/ONE"];
    assert_eq!(lists(&daemon).iter().filter(|name| wanted.contains(&&***name)).count(), 2);
    let refused = daemon.run(&["list", "show", "ONE"]);
    assert!(refused.stdout.contains("案件A/ONE, 案件B/ONE"), "{refused:#?}");
    refused.refused("E-AMBIGUOUS");
    for project in wanted {
        assert_eq!(daemon.cli(&["list", "show", project])["rows"].as_array().unwrap().len(), 1);
    }
    let looked = daemon.cli(&["list", "import", "ONE", &file, "--project", "案件B"]);
    assert_eq!(looked["unchanged"], 1, "{looked:#}");
    daemon.run(&["list", "import", "TWO", &file, "--project", "案件B"]).refused("E-LIST-UNKNOWN");
    daemon.cli(&["list", "import", "案件B/TWO", &file, "--create"]);
    assert!(lists(&daemon).contains(&"案件B/TWO".to_owned()));

    // S1.5: `--project` says which, whatever is done with a list.
    for verb in [
        &["list", "show", "ONE"][..],
        &["list", "view", "ONE"],
        &["list", "export", "ONE", "one-out.csv"],
        &["list", "change", "ONE", "--enabled", "true"],
        &["list", "round", "ONE"],
        &["list", "grant", "ONE"],
        &["list", "imports", "ONE"],
        &["list", "bin", "ONE"],
        &["lead", "add", "ONE", "0312340002", "--company", "会社2"],
        &["lead", "exclude", "ONE", "--all"],
        &["lead", "include", "ONE", "--all"],
        &["dial", "why", "--list", "ONE"],
        &["history", "--list", "ONE"],
        &["history", "export", "calls.csv", "--list", "ONE"],
        &["recording", "ls", "--list", "ONE"],
        &["stats", "--list", "ONE"],
        &["task", "hand-over", "--from", "a", "--list", "ONE"],
        &["dial", "start", "ONE"],
        &["list", "delete", "ONE", "--yes"],
    ] {
        daemon.run(verb).refused("E-AMBIGUOUS");
        daemon.cli(&[verb, &["--project", "案件B"]].concat());
        if verb.starts_with(&["dial", "start"]) {
            daemon.cli(&["dial", "stop"]);
        }
    }
    daemon.run(&["list", "restore", "ONE", "--project", "案件A"]).refused("E-NOT-FOUND");
    daemon.cli(&["list", "restore", "ONE", "--project", "案件B"]);
    let rows = |project: &str| daemon.cli(&["list", "show", "ONE", "--project", project])["rows"].clone();
    assert_eq!(["案件A", "案件B"].map(|project| rows(project).as_array().unwrap().len()), [1, 2]);
    // Of past calls a project is a filter of its own.
    assert_eq!(daemon.run(&["history", "--project", "案件B"]).code, 0);
    assert_eq!(daemon.run(&["recording", "ls", "--project", "案件B"]).code, 2, "a list is missing");
}

/// S0.24, S1.14, S1.18, E40, E41: of a file with thousands of mistakes and doubts each is counted, in a look too, nothing is said to be where it
/// is not, and all of them can be had as files, in the language of who asks.
#[test]
fn all_mistakes_and_doubts_are_counted_and_can_be_had() {
    let daemon = idle();
    let rows = (0..1_200).map(|row| format!("会社{row},3123{row:05},\n会社{row},abc,\n"));
    let text = format!("会社名,電話番号,住所\n{},,東京\n同じ,03-1230-0003,\n", rows.collect::<String>());
    std::fs::write(daemon.path("many.csv"), text).unwrap();
    let import = ["list", "import", "L", "many.csv", "--create", "--partial"];
    let looked = daemon.cli(&[&import[..], &["--preview"]].concat());
    let counts = serde_json::json!({ "E-CSV-DUP-PHONE": 1, "E-PHONE-INVALID": 1_200, "E-REQ-NAME": 1, "E-REQ-PHONE": 1,
        "W-ZERO-RESTORED": 1_200 });
    assert_eq!(looked["counts"], counts);
    assert_eq!(looked["errors"].as_array().map(Vec::len), Some(1_000));
    for (lang, total, places, refused, doubts) in [
        (
            "ja",
            "合計: E-CSV-DUP-PHONE 1, E-PHONE-INVALID 1200",
            "--report FILE で(--json は先頭の1000件)",
            ["エラー対処", "その行に電話番号を入れてください", "電話番号が重複しています (8, 2403)"],
            "先頭の0を補いました",
        ),
        (
            "en",
            "in all: E-CSV-DUP-PHONE 1, E-PHONE-INVALID 1200",
            "--report FILE has all of them (--json the first 1000)",
            [
                "Refused advice",
                "Fill the phone number in.",
                "The same phone number occurs more than once. (8, 2403)",
            ],
            "A lost leading zero was restored.",
        ),
    ] {
        let told = daemon.text(&[&import[..], &["--preview", "--lang", lang]].concat());
        for words in [total, places, "W-ZERO-RESTORED 1200", "--report-warnings FILE"] {
            assert!(told.contains(words), "no {words:?}: {told}");
        }
        let files = ["--report", "refused.csv", "--report-warnings", "doubts.csv"];
        let told = daemon.text(&[&import[..], &["--preview", "--lang", lang], &files].concat());
        assert!(
            told.contains("refused.csv") && told.contains("doubts.csv") && !told.contains("--report"),
            "{told}"
        );
        let written = std::fs::read_to_string(daemon.path("refused.csv")).unwrap();
        assert_eq!(written.lines().count(), 1 + 1_202);
        refused.iter().for_each(|words| assert!(written.contains(words), "no {words:?}"));
        let written = std::fs::read_to_string(daemon.path("doubts.csv")).unwrap();
        assert_eq!(written.lines().filter(|line| line.contains(doubts)).count(), 1_200);
    }
    assert_eq!(daemon.cli(&import)["counts"], counts);
    // The English one, corrected.
    let refused = std::fs::read_to_string(daemon.path("refused.csv")).unwrap();
    let rest = [
        "\u{FEFF}会社名,電話番号,住所,Refused line,Refused column,Refused code,Refused because,Refused advice",
    ];
    let corrected = refused
        .lines()
        .filter(|line| line.starts_with("会社7,"))
        .map(|line| line.replace("abc", "0312399999"));
    let corrected: Vec<String> = rest.into_iter().map(str::to_owned).chain(corrected).collect();
    assert_eq!(refused.lines().next(), Some(rest[0]));
    std::fs::write(daemon.path("corrected.csv"), corrected.join("\r\n")).unwrap();
    let taken = daemon.cli(&["list", "import", "L", "corrected.csv"]);
    assert_eq!((&taken["inserted"], &taken["counts"]), (&1.into(), &Value::Null), "{taken:#}");
    let columns = daemon.cli(&["list", "view", "L", "--number", "0312399999"])["rows"][0].to_string();
    assert!(!columns.contains("Refused"), "{columns}");
    // Numbers that are never to be called are told alike.
    let done = daemon.cli(&[
        "dnc",
        "import",
        "many.csv",
        "--partial",
        "--reason",
        "希望",
        "--report-warnings",
        "dnc.csv",
    ]);
    assert_eq!(
        (&done["counts"]["E-PHONE-INVALID"], &done["counts"]["W-ZERO-RESTORED"]),
        (&1_200.into(), &1_200.into())
    );
    assert_eq!(std::fs::read_to_string(daemon.path("dnc.csv")).unwrap().lines().count(), 1 + 1_200);
    let same = ["list", "import", "L", "many.csv", "--report", "one.csv", "--report-warnings", "one.csv"];
    assert_eq!(daemon.run(&same).code, 2);
    let nowhere =
        ["list", "import", "N", "many.csv", "--create", "--partial", "--report-warnings", "nowhere/one.csv"];
    daemon.run(&nowhere).refused("E-FILE");
    assert!(lists(&daemon).iter().all(|list| !list.ends_with("/N")));
}

/// That the refused rows cannot be written down is told before the others are taken; a column is left out as the help says it.
#[test]
fn what_cannot_be_done_is_told_before_anything_is_taken() {
    let daemon = idle();
    std::fs::write(daemon.path("one.csv"), "会社名,電話番号,備考\nA社,0312340001,x\nB社,110,y\n").unwrap();
    let file = daemon.path("one.csv").to_string_lossy().into_owned();
    for report in [daemon.path(""), daemon.path("nowhere/refused.csv")] {
        let report = report.to_string_lossy().into_owned();
        let import = ["list", "import", "ONE", &file, "--create", "--partial", "--report", &report];
        daemon.run(&import).refused("E-FILE");
        assert!(lists(&daemon).iter().all(|list| !list.ends_with("/ONE")));
    }
    let done = daemon.cli(&["list", "import", "ONE", &file, "--create", "--partial", "--map", "-=備考"]);
    assert_eq!((&done["inserted"], &done["refused"]), (&1.into(), &1.into()), "{done:#}");
    let columns = daemon.cli(&["list", "view", "ONE"])["rows"][0].to_string();
    assert!(columns.contains("A社") && !columns.contains("備考"), "{columns}");
}
