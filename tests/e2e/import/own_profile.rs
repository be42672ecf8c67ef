//! Profiles that a site defines itself.

use super::*;

/// A daemon with these keys of a profile `kikan`.
fn with_profile(keys: &[(&str, &str)]) -> Daemon {
    let builder = Daemon::builder().account(Account::nowhere());
    keys.iter()
        .fold(builder, |builder, (key, value)| builder.set("import.profiles.kikan", key, value))
        .start()
}

const KIKAN: [(&str, &str); 7] = [
    ("base", "\"open\""),
    ("encoding", "\"cp932\""),
    ("delimiter", "\"tab\""),
    ("list_required", "\"both\""),
    ("max_categories", "2"),
    ("one_number", "true"),
    (
        "columns",
        "{ company = [\"得意先名\"], person = [\"ご担当\"], phone = [\"代表TEL\"], further_phone = [\"直通TEL\"], category = [\"区分\"] }",
    ),
];

/// C1, C2, C4, S0.12, S0.15, S1.22: a file of the site's other system is read by its own profile and written back as that system reads
/// it; the profile is the list's from then on, and judges what is typed too.
#[test]
fn a_site_s_own_profile_reads_and_writes_its_files() {
    let daemon = with_profile(&KIKAN);
    let sheet = "備考\t得意先名\tご担当\t代表TEL\t直通TEL\t区分\r\n\
                 一\t㈱髙橋\t山﨑\t03-1234-0001\t090-1234-0001\tA|B\r\n\
                 二\t無担当\t\t03-1234-0002\t\t\r\n\
                 三\t多い\t佐藤\t03-1234-0003\t\tA|B|C\r\n";
    std::fs::write(daemon.path("utf8.tsv"), sheet).expect("ours");
    let mut iconv = Command::new(e2e::process::program("iconv", "libc-bin"));
    let bytes = iconv
        .args(["-f", "UTF-8", "-t", "CP932"])
        .arg(daemon.path("utf8.tsv"))
        .output()
        .expect("iconv runs")
        .stdout;
    std::fs::write(daemon.path("in.tsv"), bytes).expect("ours");
    let import = ["list", "import", "春", "in.tsv", "--create", "--profile", "kikan", "--partial"];
    let done = daemon.cli(&import);
    assert_eq!((&done["encoding"], &done["delimiter"]), (&"cp932".into(), &"tab".into()), "{done:#}");
    assert_eq!((&done["inserted"], &done["refused"]), (&1.into(), &2.into()), "{done:#}");
    let counts = serde_json::json!({ "E-CAT-LIMIT": 1, "E-REQ-PERSON": 1 });
    assert_eq!(done["counts"], counts, "{done:#}");
    let lead = daemon.cli(&["list", "show", "春"])["rows"][0].take();
    assert_eq!((&lead["company"], &lead["person"]), (&"㈱髙橋".into(), &"山﨑".into()), "{lead:#}");
    let lead = daemon.cli(&["lead", "show", "春#1"]);
    let further = &lead["further"][0];
    assert_eq!(
        (&further["number"], &further["label"]),
        (&"09012340001".into(), &"直通TEL".into()),
        "{lead:#}"
    );

    // By hand, under the list's profile.
    daemon.run(&["lead", "edit", "春#1", "--category", "A|B|C"]).refused("E-CAT-LIMIT");
    daemon.run(&["lead", "edit", "春#1", "--person", ""]).refused("E-REQ-PERSON");
    daemon.run(&["lead", "add", "春", "0312340009", "--category", "A|B|C"]).refused("E-CAT-LIMIT");
    daemon.cli(&["contact", "add", "--company", "別", "--phone", "0612340001", "--category", "A|B|C"]);

    let out = ["list", "export", "春", "out.tsv", "--profile", "kikan", "--without-results"];
    let told = daemon.cli(&out);
    assert_eq!(told["judged"]["refused"], 0, "{told:#}");
    let bytes = std::fs::read(daemon.path("out.tsv")).expect("it was written");
    std::fs::write(daemon.path("back.tsv"), &bytes).expect("ours");
    let mut iconv = Command::new(e2e::process::program("iconv", "libc-bin"));
    let text = iconv
        .args(["-f", "CP932", "-t", "UTF-8"])
        .arg(daemon.path("back.tsv"))
        .output()
        .expect("iconv runs")
        .stdout;
    let text = String::from_utf8(text).expect("it is CP932");
    assert!(text.starts_with("得意先名\tご担当\t代表TEL\t区分\t"), "{text}");
    assert!(text.contains("㈱髙橋\t山﨑\t03-1234-0001\tA|B\t"), "{text}");
    // It comes back by the list's profile, without a word of what it is.
    let again = daemon.cli(&["list", "import", "春", "out.tsv"]);
    assert_eq!((&again["unchanged"], &again["refused"]), (&1.into(), &0.into()), "{again:#}");
    // What is said goes before the profile.
    daemon.cli(&["list", "export", "春", "utf.csv", "--profile", "kikan", "--encoding", "utf-8"]);
    assert!(std::fs::read_to_string(daemon.path("utf.csv")).expect("UTF-8").starts_with("得意先名\t"));

    // Contacts by it as well: the one that was typed has more categories than a file for that system may have.
    let book = daemon.cli(&["contact", "export", "book.tsv", "--profile", "kikan"]);
    let many = serde_json::json!({ "E-CAT-LIMIT": 1 });
    assert_eq!((&book["rows"], &book["judged"]["counts"]), (&2.into(), &many), "{book:#}");
    let looked =
        daemon.cli(&["contact", "import", "book.tsv", "--profile", "kikan", "--preview", "--partial"]);
    assert_eq!((&looked["encoding"], &looked["counts"]), (&"cp932".into(), &many), "{looked:#}");

    // Who looks for it finds it, with what it is.
    let profiles = daemon.cli(&["profile", "ls"])["profiles"].take();
    let names: Vec<&str> =
        profiles.as_array().expect("rows").iter().filter_map(|row| row["name"].as_str()).collect();
    assert_eq!(names, ["open", "miitel", "calltree", "zoho", "kikan"]);
    let own = &profiles[4];
    assert_eq!(
        (&own["base"], &own["encoding"], &own["delimiter"]),
        (&"open".into(), &"cp932".into(), &"tab".into())
    );
    assert_eq!(own["columns"][2], serde_json::json!({ "name": "代表TEL", "holds": "phone" }), "{own:#}");
    assert_eq!((&profiles[1]["max_leads"], &profiles[1]["base"]), (&5_000.into(), &Value::Null));
    for (lang, words) in [
        ("ja", ["設定ファイルで定義(元は open)", "タブ区切り", "会社と担当者が必要"]),
        ("en", ["of the configuration, after open", "tab between cells", "company and person needed"]),
    ] {
        let told = daemon.text(&["profile", "ls", "--lang", lang]);
        assert!(words.iter().all(|word| told.contains(word)) && told.contains("代表TEL"), "{told}");
    }

    let told = daemon.run_plain(&["list", "import", "春", "out.tsv", "--profile", "kika", "--lang", "en"]);
    assert!(told.code != 0 && told.stderr.contains("open, miitel, calltree, zoho, kikan"), "{told:#?}");
}

/// What is wrong in one is named by `kakeru config check`, with its line and what may stand there.
#[test]
fn a_wrong_profile_is_named_before_the_start() {
    let daemon = idle();
    let text = std::fs::read_to_string(daemon.path("kakeru.toml")).expect("it is there");
    let bad = daemon.path("bad.toml");
    let own = "[import.profiles.kikan]\nbase = \"opn\"\nencoding = \"sjis\"\ncolumns = { tel = [\"TEL\"] }\n";
    std::fs::write(&bad, format!("{text}\n{own}")).expect("ours");
    let output = Command::new(e2e::daemon::binary())
        .args(["config", "check", "--lang", "en"])
        .arg(&bad)
        .output()
        .expect("the binary can be run");
    let told =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{told}");
    for words in [
        "import.profiles.kikan.base",
        "\"miitel\"",
        "import.profiles.kikan.encoding",
        "\"cp932\"",
        "import.profiles.kikan.columns.tel",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}
