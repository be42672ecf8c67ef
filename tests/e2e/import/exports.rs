//! Lists that go out again, and what else goes out by the same rules.

use super::*;

#[test]
fn a_list_goes_out_again_as_csv() {
    let daemon = idle();
    daemon.import("first", encoded("cp932"));
    let file = daemon.path("out.csv");
    daemon.cli(&["list", "export", "first", &file.to_string_lossy()]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with('\u{feff}') && text.contains("株式会社髙橋"), "{text}");
    assert_eq!(text.lines().count(), 4, "{text}");
}

/// S0.21, C13: a file for a product that takes no quotation marks has none, and what gave way is told.
#[test]
fn a_list_goes_out_without_quotation_marks() {
    let daemon = idle();
    daemon.import("first", encoded("cp932"));
    let bare = ["list", "export", "first", "out.csv", "--profile", "miitel", "--without-results"];
    let done = daemon.cli(&bare);
    let text = std::fs::read_to_string(daemon.path("out.csv")).unwrap();
    assert!(!text.contains(['"', '\'']) && text.contains("有限会社″引用″"), "{text}");
    let cell = done["replaced"].as_array().unwrap().iter().find(|cell| cell["value"] == "有限会社\"引用\"");
    let cell = cell.unwrap_or_else(|| panic!("{done:#}"));
    assert_eq!((&cell["row"], &cell["column"]), (&4.into(), &"取引先会社名".into()), "{done:#}");
    let told = daemon.run_plain(&bare);
    assert!(told.code == 0 && told.stderr.contains("有限会社″引用″"), "{told:#?}");
    daemon.cli(&["list", "create", "second"]);
    let again = daemon.cli(&["list", "import", "second", "out.csv", "--profile", "miitel"]);
    assert_eq!((&again["inserted"], &again["warnings"]), (&3.into(), &serde_json::json!([])), "{again:#}");
    daemon.run(&["list", "export", "first", "x.csv", "--profile", "nobody"]).refused("E-BAD-REQUEST");
}

/// S0.22, S1.12, C4, C5: a list that is too long for a product says so, and goes out in files of which each is taken.
#[test]
fn a_long_list_goes_out_in_files_that_the_product_takes() {
    let daemon = idle();
    let mut sheet = "会社名,電話番号\n".to_owned();
    (0..5_100).for_each(|row| sheet.push_str(&format!("会社{row},03{:08}\n", 30_000_000 + row)));
    daemon.import("long", sheet);
    let export = ["list", "export", "long", "out.csv", "--profile", "miitel", "--without-results"];
    let whole = daemon.cli(&export);
    let over = serde_json::json!([{ "limit": "leads", "most": 5_000, "found": 5_100 }]);
    assert_eq!((&whole["over"], &whole["parts"]), (&over, &serde_json::json!([])), "{whole:#}");
    let told = daemon.run_plain(&[&export[..], &["--lang", "en"]].concat()).stderr;
    assert!(told.contains("5000") && told.contains("5100") && told.contains("--split"), "{told}");

    let split = [&export[..], &["--split"]].concat();
    let done = daemon.cli(&split);
    let parts = done["parts"].as_array().unwrap_or_else(|| panic!("{done:#}"));
    let rows: Vec<_> = parts.iter().map(|part| part["rows"].as_u64().unwrap()).collect();
    assert_eq!((rows, &done["path"], &done["rows"]), (vec![5_000, 100], &Value::Null, &5_100.into()));
    let mut numbers = Vec::new();
    for (at, name) in ["out-001.csv", "out-002.csv"].into_iter().enumerate() {
        assert_eq!(parts[at]["path"], name);
        assert_eq!(parts[at]["bytes"], std::fs::metadata(daemon.path(name)).unwrap().len());
        let list = format!("part {at}");
        daemon.cli(&["list", "create", &list]);
        let taken = daemon.cli(&["list", "import", &list, name, "--profile", "miitel"]);
        assert_eq!(taken["inserted"], parts[at]["rows"], "{taken:#}");
        let text = std::fs::read_to_string(daemon.path(name)).unwrap();
        numbers.extend(text.lines().skip(1).map(str::to_owned));
    }
    let whole = std::fs::read_to_string(daemon.path("out.csv")).unwrap();
    assert!(whole.lines().skip(1).eq(&numbers));
    let beside: Vec<_> = std::fs::read_dir(daemon.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".part"))
        .collect();
    assert!(beside.is_empty(), "{beside:?}");

    // None of them is written over unless that is asked for, and what cannot be cut is told before anything is done.
    daemon.run(&split).refused("E-FILE-EXISTS");
    let told = daemon.text(&[&split[..], &["--split-rows", "4000", "--force"]].concat());
    assert!(told.contains("out-001.csv") && told.contains("4000") && told.contains("1100"), "{told}");
    for wrong in [
        &["list", "export", "long", "--split", "--profile", "miitel"][..],
        &["list", "export", "long", "x.csv", "--split-rows", "0"],
    ] {
        assert_eq!(daemon.run(wrong).code, 2, "{wrong:?}");
    }
    let unlimited = ["list", "export", "long", "x.csv", "--split"];
    assert!(daemon.run_plain(&unlimited).stderr.contains("--split-rows"));
    daemon.run(&unlimited).refused("E-VALUE");
    let small = ["list", "export", "long", "x.csv", "--split-bytes", "40", "--encoding", "utf-8"];
    daemon.run(&small).refused("E-VALUE");
    assert!(!daemon.path("x-001.csv").exists());
}

/// S0.22, S4.27: do-not-call numbers and contacts are cut by the same rules.
#[test]
fn other_registers_go_out_in_parts_too() {
    let daemon = idle();
    for number in ["0312345678", "0612345678", "0522345678"] {
        daemon.cli(&["dnc", "add", number, "--reason", "希望"]);
        daemon.cli(&["contact", "add", "--company", "会社", "--person", "人", "--phone", number]);
    }
    for (register, import) in
        [("dnc", &["--preview"][..]), ("contact", &["--preview", "--profile", "miitel"])]
    {
        let file = format!("{register}.csv");
        let export = [register, "export", &file, "--profile", "miitel", "--split-rows", "2"];
        let done = daemon.cli(&export);
        let rows: Vec<_> =
            done["parts"].as_array().unwrap().iter().map(|part| part["rows"].clone()).collect();
        assert_eq!(rows, [2, 1], "{done:#}");
        for (part, rows) in [(1, 2), (2, 1)] {
            let file = format!("{register}-{part:03}.csv");
            let looked = daemon.cli(&[&[register, "import", &file], import].concat());
            assert_eq!((&looked["rows"], &looked["refused"]), (&rows.into(), &0.into()), "{looked:#}");
        }
    }
    let calls = daemon.cli(&["history", "export", "calls.csv", "--split", "--profile", "calltree"]);
    assert_eq!(calls["parts"].as_array().map(Vec::len), Some(1), "the names of the columns: {calls:#}");
}

/// S1.29, S1.25: what is 発信対象外 is so where the list's file goes, and leads that were deleted come back by what is told.
#[test]
fn an_excluded_lead_stays_out_through_export_and_import() {
    let daemon = idle();
    daemon.import("first", encoded("cp932"));
    daemon.cli(&["lead", "exclude", "first", "--lead", "first#2", "--reason", "移転"]);
    daemon.cli(&["list", "export", "first", "out.csv"]);
    daemon.cli(&["list", "create", "二番 目"]);
    daemon.cli(&["list", "import", "二番 目", "out.csv"]);
    let lead = daemon.cli(&["lead", "show", "二番 目#2"]);
    assert_eq!((&lead["dialable"], &lead["excluded_reason"]), (&false.into(), &"移転".into()), "{lead:#}");
    let told = daemon.text(&["lead", "delete", "二番 目", "--all", "--yes"]);
    let at = told.rsplit("kakeru lead restore '二番 目' --at ").next().unwrap_or_default().trim();
    assert!(at.parse::<i64>().is_ok(), "{told}");
    assert_eq!(daemon.cli(&["lead", "restore", "二番 目", "--at", at])["changed"], 3);
}

/// S1.29: a character that the encoding has not is named with row and column, whatever is exported.
#[test]
fn a_lost_character_is_named_with_its_place() {
    let daemon = idle();
    daemon.cli(&["contact", "add", "--company", "𠮷野家", "--phone", "0312345678"]);
    let outcome = daemon.run(&["contact", "export", "x.csv", "--encoding", "cp932"]);
    outcome.refused("E-EXPORT-CHAR");
    let place = outcome.json()["error"]["data"]["places"][0].take();
    assert_eq!(place, serde_json::json!({ "row": 2, "column": "取引先会社名", "character": "𠮷" }));
    daemon.run(&["contact", "add", "--company", "B", "--phone", "0990-123-456"]).refused("E-PHONE-FORBIDDEN");
}
