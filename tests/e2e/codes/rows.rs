//! Doubts that are of rows, and of no line of the file.

use super::*;

/// E46, X7, S1.6: rows of somebody who may not use the list are told, with whose they are, wherever rows are given to people; and
/// `dial why` says that nobody can call them.
#[test]
fn rows_that_nobody_is_offered_are_told_in_both_languages() {
    let daemon = idle();
    for login in ["op2", "op3"] {
        daemon.cli(&["user", "add", login, "--role", "OP"]);
    }
    daemon.cli(&["list", "create", "L"]);
    daemon.cli(&["list", "grant", "L", "op3"]);
    for (number, (lang, name)) in [(Lang::Ja, "ja"), (Lang::En, "en")].into_iter().enumerate() {
        std::fs::write(daemon.path("rows.csv"), format!("会社名,電話番号\nA社,031234700{number}\n")).unwrap();
        let import = ["list", "import", "L", "rows.csv", "--assign", "op2"];
        let looked = daemon.cli(&[&import[..], &["--preview", "--report-warnings", "doubts.csv"]].concat());
        let doubts = std::fs::read_to_string(daemon.path("doubts.csv")).expect("there are some");
        std::fs::remove_file(daemon.path("doubts.csv")).expect("it was there");
        assert!(doubts.contains("op2 (1)") && doubts.contains("W-OWNER-GRANT"), "{doubts}");
        let issue = &looked["warnings"][0];
        assert_eq!((&issue["code"], &issue["line"]), (&"W-OWNER-GRANT".into(), &0.into()), "{looked:#}");
        assert_eq!(issue["value"], "op2 (1)", "{looked:#}");
        told(&daemon.run_plain(&[&import[..], &["--lang", name]].concat()), "W-OWNER-GRANT", lang);
        let assign = ["lead", "assign", "L", "--all", "--owner", "op2,op3"];
        let given = daemon.run_plain(&[&assign[..], &["--lang", name]].concat());
        assert_eq!(given.code, 0, "{given:#?}");
        told(&given, "W-OWNER-GRANT", lang);
        assert_eq!(daemon.cli(&assign)["ungranted"], serde_json::json!(["op2"]));
        let why = daemon.text(&["dial", "why", "L#1", "--lang", name]);
        assert!(why.contains("op2") && why.contains("kakeru list grant"), "{why}");
    }
    // 発信対象 leaves them out, and they are told apart.
    let figures = |daemon: &Daemon| {
        let list = daemon.cli(&["list", "ls"])["lists"][0].take();
        (list["total"].as_u64(), list["dialable"].as_u64(), list["shut_out"].as_u64())
    };
    assert_eq!(figures(&daemon), (Some(2), Some(1), Some(1)));
    for (lang, name) in [(Lang::Ja, "ja"), (Lang::En, "en")] {
        told(&daemon.run_plain(&["list", "ls", "--lang", name]), "W-OWNER-GRANT", lang);
    }
    let why = daemon.cli(&["dial", "why", "L#1"])["rows"][0].take();
    assert_eq!(
        (&why["reason"], &why["eligible"], &why["owner"]),
        (&"owner-grant".into(), &false.into(), &"op2".into())
    );
    daemon.cli(&["list", "grant", "L", "op2"]);
    assert_eq!(figures(&daemon), (Some(2), Some(2), Some(0)));
    assert_ne!(daemon.cli(&["dial", "why", "L#1"])["rows"][0]["reason"], "owner-grant");
    let given = daemon.cli(&["lead", "assign", "L", "--all", "--owner", "op2"]);
    assert!(given.get("ungranted").is_none(), "{given:#}");
}

/// E45: of a list, and of no line of the file.
#[test]
fn a_large_list_is_told_in_both_languages() {
    let daemon =
        Daemon::builder().set("import.profiles.open", "warn_leads", "1").account(Account::nowhere()).start();
    daemon.cli(&["list", "create", "L"]);
    let mut number = 0;
    for (lang, name) in [(Lang::Ja, "ja"), (Lang::En, "en")] {
        number += 2;
        let text = format!("会社名,電話番号\nA社,031234600{number}\nB社,031234600{}\n", number + 1);
        std::fs::write(daemon.path("large.csv"), text).unwrap();
        let looked = daemon.cli(&["list", "import", "L", "large.csv", "--preview"]);
        let issue = &looked["warnings"][0];
        assert_eq!((&issue["code"], &issue["line"]), (&"W-LIST-LARGE".into(), &0.into()), "{looked:#}");
        let done = daemon.run_plain(&["list", "import", "L", "large.csv", "--lang", name]);
        told(&done, "W-LIST-LARGE", lang);
        let added = format!("061234600{number}");
        told(&daemon.run_plain(&["lead", "add", "L", &added, "--lang", name]), "W-LIST-LARGE", lang);
    }
}

/// E47, S1.19: a number whose lead was deleted from the list, by a file and by hand.
#[test]
fn a_number_of_the_bin_is_told_in_both_languages() {
    let daemon = idle();
    daemon.cli(&["list", "create", "L"]);
    let mut place = 0;
    for (lang, name) in [(Lang::Ja, "ja"), (Lang::En, "en")] {
        for by_hand in [false, true] {
            let number = format!("031234800{place}");
            daemon.cli(&["lead", "add", "L", &number, "--company", "A社"]);
            place += 1;
            let lead = format!("L#{}", 2 * place - 1);
            daemon.cli(&["lead", "exclude", "L", "--lead", &lead, "--reason", "断り"]);
            daemon.cli(&["lead", "delete", "L", "--lead", &lead, "--yes"]);
            let done = if by_hand {
                daemon.run_plain(&["lead", "add", "L", &number, "--company", "A社", "--lang", name])
            } else {
                std::fs::write(daemon.path("back.csv"), format!("会社名,電話番号\nA社,{number}\n")).unwrap();
                let looked = daemon.cli(&["list", "import", "L", "back.csv", "--preview"]);
                let issue = &looked["warnings"][0];
                assert_eq!((&issue["code"], &issue["line"]), (&"W-BIN".into(), &2.into()), "{looked:#}");
                assert_eq!(issue["value"], "発信対象外(断り)", "{looked:#}");
                daemon.run_plain(&["list", "import", "L", "back.csv", "--lang", name])
            };
            told(&done, "W-BIN", lang);
            let lead =
                daemon.cli(&["list", "view", "L", "--excluded", "--number", &number])["rows"][0].take();
            assert_eq!(
                (&lead["dialable"], &lead["excluded_reason"]),
                (&false.into(), &"断り".into()),
                "{lead:#}"
            );
        }
    }
}
