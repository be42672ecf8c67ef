//! What was deleted, as long as it can be brought back.

use e2e::daemon::{Account, Daemon};
use e2e::ports;

use crate::SOON;

/// S1.27, S1.28, S0.3: a bin shows what it gives back, and nothing else: thirty days, though it is emptied only once an hour.
#[test]
fn a_bin_shows_what_can_be_brought_back() {
    let account = Account::new("main", ports::free_address()).unregistered();
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
