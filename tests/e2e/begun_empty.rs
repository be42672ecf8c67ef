//! A database that is gone: an empty one is begun, and whoever looks is told.

use e2e::daemon::{Account, Daemon};
use serde_json::Value;

/// D16: where recordings are there and no database, the do-not-call list is empty without anybody having emptied it: `status` says
/// so, in both languages and after each start, until somebody accepts that or a copy is put back.
#[test]
fn a_database_that_is_gone_is_told_until_somebody_acts() {
    let account = Account::nowhere();
    let mut daemon = Daemon::builder().account(account).start();
    let begun = |daemon: &Daemon| daemon.cli(&["status"])["store"]["begun_empty_at"].clone();
    assert_eq!(begun(&daemon), Value::Null, "the first start finds nothing");
    daemon.cli(&["dnc", "add", "0366070041", "--reason", "希望"]);
    let copy = daemon.path("copy.db");
    let copy = copy.to_str().expect("UTF-8");
    daemon.cli(&["backup", copy]);
    let day = daemon.path("recordings/2026-11/29");
    std::fs::create_dir_all(&day).expect("the folder is ours");
    std::fs::write(day.join("notes.txt"), "of somebody").expect("the folder is ours");
    let database = daemon.path("state/kakeru.db");
    let lose = |daemon: &mut Daemon| {
        assert!(daemon.stop().success());
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", database.display()));
        }
        daemon.start();
    };
    lose(&mut daemon);
    let at = begun(&daemon);
    assert!(at.is_number(), "{at}");
    for (lang, said) in [("ja", "架電禁止リスト・発信先・履歴は空です"), ("en", "an empty one was begun")]
    {
        let text = daemon.text(&["status", "--lang", lang]);
        assert!(text.contains(said) && text.contains("kakeru doctor --accept-empty"), "{text}");
    }
    assert!(daemon.stop().success());
    daemon.start();
    assert_eq!(begun(&daemon), at, "a start takes it for no news");
    daemon.cli(&["doctor", "--accept-empty"]);
    assert_eq!(begun(&daemon), Value::Null);
    let row = daemon.cli(&["audit", "--limit", "1"])["rows"][0].take();
    assert_eq!((&row["action"], row["uid"].is_number()), (&"store.accept_empty".into(), true), "{row:#}");
    // Where nothing is to be accepted, nothing is written.
    daemon.cli(&["doctor", "--accept-empty"]);
    assert_eq!(daemon.cli(&["audit", "--limit", "1"])["rows"][0]["id"], row["id"]);
    assert!(daemon.stop().success());
    daemon.start();
    assert_eq!(begun(&daemon), Value::Null);

    lose(&mut daemon);
    assert!(begun(&daemon).is_number());
    assert!(daemon.stop().success());
    daemon.cli(&["restore", copy, "--database", database.to_str().expect("UTF-8")]);
    daemon.start();
    assert_eq!(begun(&daemon), Value::Null);
    assert_eq!(daemon.cli(&["dnc", "ls"])["rows"].as_array().expect("rows").len(), 1);
}
