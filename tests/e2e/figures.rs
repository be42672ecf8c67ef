//! Figures that the office reads, over more than one day.

use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::Scenario;

use crate::SOON;

/// S4.16: 進捗 is of all days wherever it is shown; works and calls are of the day.
#[test]
fn progress_is_the_same_figure_everywhere_the_day_after() {
    let exchange = Scenario::server("exchange").start();
    let mut daemon = Daemon::builder().account(Account::new("main", exchange.address())).start();
    daemon.wait_registered("main", SOON);
    daemon.import("春", "会社名,電話番号\n甲,0312340002\n乙,0312340003\n");
    daemon.cli(&["dial", "start", "春"]);
    daemon.wait_drop_rows(2, SOON);
    daemon.stop();
    // The first of them was yesterday.
    let database = rusqlite::Connection::open(daemon.path("state/kakeru.db")).unwrap();
    database.execute_batch("DROP TRIGGER attempts_sealed").unwrap();
    let moved = database.execute(
        "UPDATE attempts SET (dialed_at, ended_at, business_day) = (dialed_at - 86400000, ended_at - 86400000,
           CAST(strftime('%Y%m%d', (dialed_at - 86400000) / 1000 + 32400, 'unixepoch') AS INTEGER))
         WHERE id = (SELECT min(id) FROM attempts)",
        [],
    );
    assert_eq!(moved.unwrap(), 1);
    drop(database);
    daemon.start();
    std::fs::write(daemon.path("more.csv"), "会社名,電話番号\n丙,0311112222\n丁,0311113333\n").unwrap();
    daemon.cli(&["list", "import", "春", &daemon.path("more.csv").to_string_lossy()]);

    let project = daemon.cli(&["list", "ls"])["lists"][0]["project"].as_str().unwrap().to_owned();
    let day = ["stats"].as_slice();
    let of_project = ["stats", "--project", &project];
    let of_list = ["stats", "--list", "春"];
    for (arguments, works) in [(day, 1), (&of_project, 1), (&of_list, 2)] {
        let shown = daemon.cli(arguments);
        assert_eq!(shown["progress"], 0.5, "{arguments:?} {shown:#}");
        assert_eq!((&shown["works"], &shown["calls"]), (&works.into(), &works.into()), "{shown:#}");
        assert_eq!((&shown["worked"], &shown["total"]), (&2.into(), &4.into()), "{shown:#}");
        let text = daemon.text(&[arguments, &["--lang", "en"]].concat());
        assert!(text.contains("progress: 50.0 % (2 / 4)"), "{text}");
    }
    for by in ["list", "project"] {
        let rows = daemon.cli(&["stats", "--by", by])["rows"].take();
        assert_eq!((&rows[0]["works"], &rows[0]["worked"]), (&1.into(), &2.into()), "{rows:#}");
        assert_eq!(rows[0]["progress"], 0.5, "{rows:#}");
    }
    let list = daemon.cli(&["list", "ls"])["lists"][0].take();
    assert_eq!((&list["worked"], &list["total"]), (&2.into(), &4.into()));
    assert_eq!(daemon.cli(&["stats", "--verify"])["mismatches"], serde_json::json!([]));

    // D17: what somebody made wrong by hand is found, written anew, told and entered in the log.
    daemon.stop();
    let database = rusqlite::Connection::open(daemon.path("state/kakeru.db")).unwrap();
    let wrong =
        "UPDATE leads SET last_disposition = 'prospect' WHERE position = 1; UPDATE lists SET registered = 7";
    database.execute_batch(wrong).unwrap();
    drop(database);
    daemon.start();
    let found = daemon.run(&["stats", "--verify"]);
    assert!(found.code == 1 && found.stdout.contains("last result of lead"), "{found:?}");
    let done = daemon.cli(&["stats", "--verify", "--mend"]);
    assert_eq!(done["mismatches"], serde_json::json!([]), "{done:#}");
    let mended = &done["mended"];
    assert_eq!((&mended["last_results"], &mended["registered"]), (&1.into(), &1.into()), "{done:#}");
    assert_eq!((&mended["rows"][0]["before"], &mended["rows"][0]["position"]), (&"見込".into(), &1.into()));
    assert_eq!(daemon.cli(&["list", "ls"])["lists"][0]["total"], 4);
    assert_eq!(daemon.cli(&["audit", "--limit", "1"])["rows"][0]["action"], "stats.mend");
    let said = daemon.text(&["stats", "--verify", "--mend", "--lang", "ja"]);
    assert!(said.contains("書き直すものはありませんでした") && said.contains("一致しました"), "{said}");
}
