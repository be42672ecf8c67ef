//! How much a list takes: by the product that it is for, and by what the site set.

use super::*;

/// S1.12, S4.26, S4.30, C4: a product's limits hold where a list has its profile, and nowhere else.
#[test]
fn the_limits_of_a_product_hold_for_its_lists() {
    let daemon = idle();
    let sheet = |rows: u32, numbers: u32| {
        let line = |row: u32| format!("会社{row},担当,03-3{:03}-{:04},\n", row / 10_000, row % 10_000);
        let lines = (0..rows).map(|row| line(row % numbers));
        let head = "取引先会社名,取引先担当者名,電話番号,カテゴリー\n";
        let file = daemon.path("many.csv");
        std::fs::write(&file, format!("{head}{}", lines.collect::<String>())).unwrap();
        file.to_string_lossy().into_owned()
    };
    daemon.cli(&["list", "create", "small"]);
    daemon.cli(&["list", "change", "small", "--profile", "miitel"]);
    daemon.run(&["list", "import", "small", &sheet(10_001, 4_000)]).refused("E-CSV-TOO-MANY-ROWS");
    daemon.run(&["list", "import", "small", &sheet(5_001, 5_001)]).refused("E-LIST-FULL");
    assert_eq!(daemon.cli(&["list", "import", "small", &sheet(5_000, 5_000)])["inserted"], 5_000);
    daemon.run(&["lead", "add", "small", "06-1234-5678"]).refused("E-LIST-FULL");
    daemon.cli(&["list", "create", "open"]);
    assert_eq!(daemon.cli(&["list", "import", "open", &sheet(60_001, 60_001)])["inserted"], 60_001);
}

/// So many leads of a product's four columns, in a file of that name; the first number is `from`.
fn leads(daemon: &Daemon, file: &str, from: u32, count: u32) -> String {
    let line = |row: u32| format!("会社{row},担当,03-3{:03}-{:04},\n", row / 10_000, row % 10_000);
    let lines: String = (from..from + count).map(line).collect();
    std::fs::write(daemon.path(file), format!("取引先会社名,取引先担当者名,電話番号,カテゴリー\n{lines}"))
        .expect("the temporary folder is writable");
    daemon.path(file).to_string_lossy().into_owned()
}

/// S1.12, C4, C5: a limit of a profile is a setting: raised, it takes what the product does not; lowered, it refuses what the product takes;
/// a list made by a file under a profile is held to it by the next file, by hand and in exports too.
#[test]
fn a_limit_of_a_profile_is_a_setting() {
    let daemon = Daemon::builder()
        .set("import.profiles.miitel", "max_leads", "5001")
        .set("import.profiles.calltree", "max_leads", "2")
        .set("import.profiles.zoho", "max_rows", "2")
        .set("import.profiles.open", "max_contacts", "5003")
        .account(Account::nowhere())
        .start();
    let many = leads(&daemon, "many.csv", 0, 5_001);
    let made = daemon.cli(&["list", "import", "多い", &many, "--create", "--profile", "miitel"]);
    assert_eq!((&made["inserted"], &made["committed"]), (&5_001.into(), &true.into()), "{made:#}");
    let one = leads(&daemon, "one.csv", 5_001, 1);
    // Its profile is the list's from now on.
    for more in [
        &["list", "import", "多い", &one][..],
        &["list", "import", "多い", &one, "--preview"],
        &["lead", "add", "多い", "06-1234-5678", "--company", "A社"],
    ] {
        let refused = daemon.run(more);
        assert_eq!(refused.json()["error"]["data"]["facts"]["limit"], 5_001, "{more:?}: {refused:#?}");
        refused.refused("E-LIST-FULL");
    }
    let taken = daemon.cli(&["list", "import", "多い", &one, "--profile", "open", "--preview"]);
    assert_eq!(taken["inserted"], 1, "what is said goes before it: {taken:#}");
    let told =
        daemon.run_plain(&["list", "export", "多い", "out.csv", "--profile", "calltree", "--lang", "en"]);
    assert!(told.stderr.contains("a list of calltree takes 2 leads"), "{told:#?}");

    let three = leads(&daemon, "three.csv", 0, 3);
    daemon.cli(&["list", "import", "三", &three, "--create"]);
    let cut = daemon.cli(&["list", "export", "三", "cut.csv", "--profile", "calltree", "--split"]);
    assert_eq!(cut["parts"].as_array().map(Vec::len), Some(2), "{cut:#}");
    daemon
        .run(&["list", "import", "少ない", &three, "--create", "--profile", "calltree"])
        .refused("E-LIST-FULL");
    daemon
        .run(&["list", "import", "少ない", &three, "--create", "--profile", "zoho"])
        .refused("E-CSV-TOO-MANY-ROWS");
    daemon.run(&["dnc", "import", &three, "--profile", "zoho"]).refused("E-CSV-TOO-MANY-ROWS");
    daemon.run(&["contact", "import", &three, "--profile", "zoho"]).refused("E-CSV-TOO-MANY-ROWS");
    let book = leads(&daemon, "book.csv", 6_000, 3);
    daemon.run(&["contact", "import", &book]).refused("E-CONTACTS-FULL");
    // The list's profile limits the contacts that its leads become.
    daemon.cli(&["list", "create", "手"]);
    for number in ["06-1234-5671", "06-1234-5672"] {
        daemon.cli(&["lead", "add", "手", number, "--company", "A社"]);
    }
    daemon.run(&["lead", "add", "手", "06-1234-5673", "--company", "A社"]).refused("E-CONTACTS-FULL");
}

/// C5, S4.30: a list of more leads than is usual takes them, and says so once, whoever adds them; the figure is a setting.
#[test]
fn a_large_list_is_told_and_takes_more() {
    let daemon =
        Daemon::builder().set("import.profiles.open", "warn_leads", "3").account(Account::nowhere()).start();
    let large = |result: &Value| -> Vec<Value> {
        let all = result["warnings"].as_array().unwrap().iter();
        all.filter(|issue| issue["code"] == "W-LIST-LARGE").map(|issue| issue["value"].clone()).collect()
    };
    let (three, four) = (leads(&daemon, "three.csv", 0, 3), leads(&daemon, "four.csv", 1, 4));
    let made = daemon.cli(&["list", "import", "L", &three, "--create"]);
    assert_eq!((large(&made), &made["inserted"]), (vec![], &3.into()), "{made:#}");
    for preview in [&["--preview"][..], &[]] {
        let more = daemon.cli(&[&["list", "import", "L", &four][..], preview].concat());
        assert_eq!((large(&more), &more["inserted"]), (vec!["5".into()], &2.into()), "{more:#}");
    }
    let same = daemon.cli(&["list", "import", "L", &four]);
    assert_eq!((large(&same), &same["unchanged"]), (vec![], &4.into()), "nothing was added: {same:#}");
    let hand = daemon.cli(&["lead", "add", "L", "06-1234-5678", "--company", "A社"]);
    assert_eq!(hand["warnings"], serde_json::json!(["W-LIST-LARGE"]), "{hand:#}");
    let looked = daemon.cli(&["contact", "import", &four, "--preview"]);
    assert_eq!(large(&looked), [] as [Value; 0]);
}
