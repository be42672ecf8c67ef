//! What was deleted, as long as it can be brought back.

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::sipp::Scenario;

use crate::SOON;

/// S1.27, S1.28, S0.3: a bin shows what it gives back, and nothing else: thirty days, though it is emptied only once an hour.
#[test]
fn a_bin_shows_what_can_be_brought_back() {
    let account = Account::nowhere();
    let daemon = Daemon::builder().account(account).start();
    daemon.import("春", "会社名,電話番号\nさくら,03-3000-0002\n");
    daemon.import("夏", "会社名,電話番号\n海,03-3000-0009\n");
    daemon.cli(&["lead", "delete", "春", "--search", "さくら", "--yes"]);
    daemon.cli(&["list", "delete", "夏", "--yes"]);
    daemon.cli(&["contact", "delete", "03-3000-0009", "--yes"]);
    let shown = || {
        [&["list", "bin", "春"][..], &["list", "bin"], &["contact", "ls", "--trash"]]
            .map(|ls| daemon.cli(ls)["rows"].as_array().expect("rows").len())
    };
    assert_eq!(shown(), [1, 1, 1]);
    let earlier = |days: i64| {
        let sql = ["leads", "lists", "contacts"].map(|table| {
            let days = days * 86_400_000;
            format!("UPDATE {table} SET deleted_at = deleted_at - {days} WHERE deleted_at IS NOT NULL;")
        });
        let db = rusqlite::Connection::open(daemon.path("state/kakeru.db")).expect("the database is there");
        db.busy_timeout(SOON).expect("it waits");
        db.execute_batch(&sql.concat()).expect("written");
    };
    earlier(29);
    assert_eq!(shown(), [1, 1, 1]);
    earlier(2);
    assert_eq!(shown(), [0, 0, 0]);
    daemon.run(&["list", "restore", "夏"]).refused("E-NOT-FOUND");
}

/// S1.27, X4, D16, S4.20: how many tasks go with leads is said before and after; they wait in the bin as cancelled, and are open again with
/// the leads. One whose number must not be called is told so and counts for nobody; and who is nobody's user is shown nobody's.
#[test]
fn tasks_go_with_their_leads_and_come_back() {
    let exchange = Scenario::server("exchange").start();
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).unregistered())
        .seat(Seat::new("a", "main").set("uid", "64076"))
        .start();
    daemon.import("春", "会社名,電話番号\nA社,0312345601\nB社,0612345678\n");
    daemon.cli(&["call", "--lead", "春#1"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    daemon.cli(&["save", "--status", "見込", "--next", "stay"]);
    // A lead whose call is not sealed is held.
    daemon.cli(&["ready"]);
    let state = || daemon.cli(&["task", "ls", "--all", "--closed"])["rows"][0]["state"].take();
    let open = || daemon.cli(&["task", "ls", "--all"])["rows"].as_array().expect("rows").len();
    assert_eq!((state(), open()), ("open".into(), 1));
    // Somebody whom no user is.
    let stranger = daemon.run_as(64_077, &["task", "ls"]).success();
    assert_eq!((&stranger["rows"], &stranger["counts"]["free"]), (&serde_json::json!([]), &0.into()));

    let asked = daemon.run_plain(&["lead", "delete", "春", "--all", "--lang", "ja"]);
    assert!(asked.code == 2 && asked.stderr.contains("発信先2件と対応タスク1件をごみ箱へ"), "{asked:?}");
    let gone = daemon.cli(&["lead", "delete", "春", "--all", "--yes"]);
    assert_eq!((&gone["changed"], &gone["tasks"]), (&2.into(), &1.into()));
    assert_eq!((state(), open()), ("cancelled".into(), 0));
    daemon.cli(&["lead", "restore", "春", "--at", &gone["at"].to_string()]);
    assert_eq!((state(), open()), ("open".into(), 1));

    let asked = daemon.run_plain(&["list", "delete", "春", "--lang", "ja"]);
    assert!(asked.code == 2 && asked.stderr.contains("発信先2件と対応タスク1件とともに"), "{asked:?}");
    let gone = daemon.cli(&["list", "delete", "春", "--yes"]);
    assert_eq!((&gone["leads"], &gone["tasks"]), (&2.into(), &1.into()));
    assert_eq!((state(), open()), ("cancelled".into(), 0));
    daemon.cli(&["list", "restore", "春"]);
    assert_eq!((state(), open()), ("open".into(), 1));

    daemon.cli(&["dnc", "add", "0312345601", "--reason", "断り"]);
    let page = daemon.cli(&["task", "ls", "--all"]);
    assert_eq!((&page["rows"][0]["blocked"], &page["counts"]["free"]), (&true.into(), &0.into()));
    assert!(daemon.text(&["task", "ls", "--all", "--lang", "ja"]).contains("架電禁止"));
    daemon.cli(&["dnc", "clear", "0312345601", "--reason", "同意"]);
    let page = daemon.cli(&["task", "ls", "--all"]);
    assert_eq!((page["rows"][0].get("blocked"), &page["counts"]["free"]), (None, &1.into()));
}

/// S1.14: nothing of a file with mistakes is taken, and the journal says so; nobody undid anything.
#[test]
fn a_refused_file_stands_in_the_journal_as_refused() {
    let account = Account::nowhere();
    let daemon = Daemon::builder().account(account).start();
    daemon.cli(&["list", "create", "春"]);
    std::fs::write(daemon.path("wrong.csv"), "会社名,電話番号\nA社,なし\n").expect("written");
    assert_eq!(daemon.run(&["list", "import", "春", "wrong.csv"]).code, 1);
    let row = daemon.cli(&["list", "imports"])["rows"][0].take();
    assert_eq!((&row["state"], &row["refused"], &row["inserted"]), (&"refused".into(), &1.into(), &0.into()));
    let text = daemon.text(&["list", "imports", "--lang", "ja"]);
    assert!(text.contains("取り込めませんでした") && !text.contains("取り消し済み"), "{text}");
    let log = daemon.text(&["audit", "--lang", "ja"]);
    assert!(log.contains("取り込めなかったファイル") && !log.contains("取り込みの取り消し"), "{log}");
    // The order and the round are said where they are not the usual ones.
    assert!(!daemon.text(&["list", "ls", "--lang", "ja"]).contains("順"));
    daemon.cli(&["list", "round", "春"]);
    let changed = daemon.text(&["list", "change", "春", "--order", "newest", "--lang", "ja"]);
    assert!(changed.contains("春 (新しい順, 周回 2)"), "{changed}");
}
