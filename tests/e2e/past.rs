//! Past calls, searched and written to files.

use std::collections::BTreeMap;

use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::Scenario;

use crate::SOON;

/// S0.1, S4.43: calls are found by the names of the day and by those of the contact now, by memo and project; the export has both
/// names, the project, 報告 and whether a call was corrected.
#[test]
fn calls_are_found_by_names_then_and_now() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder().account(Account::new("main", exchange.address())).start();
    daemon.wait_registered("main", SOON);
    daemon.import("春", "会社名,担当者名,電話番号\n㈱カブラ,山田,0312340002\n乙,カブラギ,0312340003\n");
    daemon.cli(&["dial", "start", "春"]);
    daemon.wait_drop_rows(2, SOON);
    let found = |arguments: &[&str]| {
        let page = daemon.cli(&[&["history"], arguments].concat());
        let rows = page["rows"].as_array().unwrap().iter();
        rows.map(|row| row["number"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (first, second) = ("0312340002", "0312340003");
    daemon.cli(&["contact", "edit", "0312340002", "--company", "サクラ", "--person", "佐藤"]);
    assert_eq!(found(&["--name", "かぶら"]), [second, first]);
    assert_eq!(found(&["--company", "かぶら株式会社"]), [first]);
    assert_eq!(found(&["--person", "ｶﾌﾞﾗ"]), [second]);
    assert_eq!(found(&["--company", "さくら"]), [first], "the contact's name now");
    assert_eq!(
        found(&["--company", "さくら", "--person", "山田"]),
        Vec::<String>::new(),
        "never both at once"
    );
    assert_eq!(found(&["--name", "かぶら", "--limit", "1"]), [second]);
    daemon.run(&["history", "--name", "　"]).refused("E-BAD-REQUEST");

    let rows = daemon.cli(&["history"])["rows"].take();
    let (attempt, project) = (rows[1]["attempt"].as_str().unwrap(), rows[1]["project"].as_str().unwrap());
    assert_eq!(rows[1]["amended"], false);
    daemon.cli(&["history", "amend", attempt, "--memo", "火曜に 訪問", "--reason", "聞き直し"]);
    daemon.run(&["history", "amend", attempt, "--reason", "聞き直し"]).refused("E-BAD-REQUEST");
    daemon.run(&["history", "--manual", "include", "--seat", "無い席"]).refused("E-SEAT-UNKNOWN");
    // Identifiers of one day begin alike, six characters are a quarter of an hour: their end tells them apart.
    let (beginning, end) = (&attempt[..6], attempt[22..].to_lowercase());
    assert_eq!(daemon.cli(&["history", "show", &end])["call"]["attempt"], attempt);
    let both = daemon.run(&["history", "report", beginning]);
    both.refused("E-AMBIGUOUS");
    for row in rows.as_array().unwrap() {
        assert!(both.stdout.contains(row["attempt"].as_str().unwrap()), "{}", both.stdout);
    }
    assert!(both.stdout.contains("㈱カブラ"), "{}", both.stdout);
    for unknown in ["0ZZZ", "not an id", "*"] {
        daemon.run(&["history", "show", unknown]).refused("E-NOT-FOUND");
    }
    daemon.cli(&["note", "add", "末尾で", "--attempt", &end]);
    assert_eq!(daemon.cli(&["note", "ls", "--attempt", attempt])["notes"].as_array().map(Vec::len), Some(1));
    daemon.cli(&["history", "report", &end]);
    assert_eq!(found(&["--memo", "火曜に訪問"]), [first]);
    assert_eq!(found(&["--project", project]), [second, first]);
    daemon.run(&["history", "--project", "無い"]).refused("E-NOT-FOUND");

    let file = daemon.path("calls.csv");
    daemon.cli(&["history", "export", &file.to_string_lossy(), "--memo", "訪問"]);
    let mut reader = csv::Reader::from_path(&file).unwrap();
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    let says = |column: &str| rows[0][column].as_str();
    assert_eq!((says("会社名"), says("担当者名"), says("案件")), ("サクラ", "佐藤", project));
    assert_eq!((says("通話時の会社名"), says("通話時の担当者名")), ("㈱カブラ", "山田"));
    assert_eq!((says("連絡先の会社名"), says("連絡先の担当者名")), ("サクラ", "佐藤"));
    assert_eq!((says("報告"), says("訂正")), ("報告", "訂正"));
    daemon.cli(&["contact", "delete", "0312340002", "--yes"]);
    daemon.cli(&["history", "export", &file.to_string_lossy(), "--memo", "訪問", "--force"]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("㈱カブラ,山田,,,報告,訂正,a"), "{text}");
    let told = daemon.cli(&["history", "--memo", "訪問"])["rows"][0].take();
    assert_eq!((&told["company"], &told["contact_company"]), (&"㈱カブラ".into(), &serde_json::Value::Null));
}
