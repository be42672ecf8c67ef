//! Exports for other products, judged by their rules.

use serde_json::json;

use super::*;

/// S0.4, S1.20, S1.22, C2: rows that a product would refuse are written and told, with line and reason; with `--strict` nothing is
/// written, and a file of the name stays.
#[test]
fn an_export_says_which_rows_its_product_would_refuse() {
    let daemon = idle();
    let sheet = daemon.path("nameless.csv");
    std::fs::write(&sheet, "会社名,担当者名,電話番号\nA社,山田,0312340001\n,,0312340002\n,,0312340003\n")
        .expect("ours");
    let sheet = sheet.to_string_lossy();
    daemon.cli(&["list", "import", "春", &sheet, "--create", "--profile", "calltree"]);
    let export = ["list", "export", "春", "out.csv", "--profile", "miitel", "--without-results"];
    let judged = daemon.cli(&export)["judged"].take();
    assert_eq!(
        (&judged["refused"], &judged["counts"]),
        (&2.into(), &json!({ "E-REQ-NAME": 2 })),
        "{judged:#}"
    );
    let first = &judged["errors"][0];
    assert_eq!(
        (&first["line"], &first["code"], &first["part"]),
        (&3.into(), &"E-REQ-NAME".into(), &Value::Null)
    );
    assert!(!first["message"].as_str().unwrap_or_default().is_empty(), "{first}");
    let text = std::fs::read_to_string(daemon.path("out.csv")).expect("it was written");
    assert!(text.contains("03-1234-0003"), "{text}");
    for (lang, words) in
        [("ja", "miitel は 2 行を受け付けません"), ("en", "miitel would refuse 2 of these rows")]
    {
        let told = daemon.run_plain(&[&export[..], &["--lang", lang]].concat());
        assert!(
            told.code == 0 && told.stderr.contains(words) && told.stderr.contains("E-REQ-NAME"),
            "{told:#?}"
        );
    }
    let split = daemon.cli(&[&export[..], &["--split-rows", "2", "--force"]].concat());
    let places: Vec<Value> = split["judged"]["errors"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|at| json!([at["part"], at["line"]]))
        .collect();
    assert_eq!(places, [json!([1, 3]), json!([2, 2])]);

    std::fs::write(daemon.path("out.csv"), "of yesterday").expect("ours");
    let strict = [&export[..], &["--strict"]].concat();
    let refused = daemon.run_plain(&[&strict[..], &["--lang", "en"]].concat());
    assert!(refused.stderr.contains("2 rows: line 3 E-REQ-NAME, line 4 E-REQ-NAME"), "{refused:#?}");
    daemon.run(&strict).refused("E-VALUE");
    let here = daemon.path("out.csv");
    let here = json!({ "list": "春", "path": here, "profile": "miitel", "strict": true });
    assert!(daemon.control().call("list.export", &here).is_err());
    assert_eq!(std::fs::read_to_string(daemon.path("out.csv")).expect("it is there"), "of yesterday");
    // CALLTREE asks for no name, and where no product is named nobody judges.
    let calltree = daemon.cli(&["list", "export", "春", "out.csv", "--profile", "calltree", "--strict"]);
    assert_eq!(calltree["judged"]["refused"], 0);
    assert_eq!(daemon.cli(&["list", "export", "春", "out.csv"])["judged"], Value::Null);
    daemon.run(&["list", "export", "春", "out.csv", "--strict"]).refused("E-VALUE");

    daemon.cli(&["contact", "add", "--company", "B社", "--phone", "0312340009"]);
    let contacts = ["contact", "export", "book.csv", "--profile", "miitel"];
    let judged = daemon.cli(&contacts)["judged"].take();
    let counts = &judged["counts"];
    assert!(counts["E-REQ-PERSON"].as_u64().is_some_and(|count| count >= 1), "{judged:#}");
    daemon.run(&[&contacts[..], &["--strict"]].concat()).refused("E-VALUE");
}
