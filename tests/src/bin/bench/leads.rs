//! A database with 100,000 leads.

use std::fmt::Write as _;
use std::path::Path;

use e2e::daemon::{Account, Daemon, Setup};
use tempfile::TempDir;

/// How many leads the list has.
pub(crate) const LEADS: u32 = 100_000;

/// The daemon of every figure: one registered account, one seat without a sound card, the product's log level.
pub(crate) fn setup(account: Account) -> Setup {
    Daemon::builder().account(account).set("log", "level", "\"info\"")
}

/// Rows of a sheet with distinct numbers. All end with 06: that callee of the scenario hangs up after a moment.
pub(crate) fn sheet(rows: u32) -> String {
    let head = String::from("取引先会社名,取引先担当者名,電話番号,カテゴリー\r\n");
    (0..rows).fold(head, |mut text, row| {
        let (exchange, line) = (3_000 + row / 100, row % 100);
        let _ = write!(text, "株式会社見本{row},担当者{row},03-{exchange:04}-{line:02}06,見込客\r\n");
        text
    })
}

/// The state folder of a daemon that imported them and ended in order.
pub(crate) fn prepare() -> TempDir {
    let mut daemon = setup(Account::nowhere()).start();
    let report = daemon.import("leads", sheet(LEADS));
    assert!(daemon.stop().success(), "the daemon did not end in order");
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
    copy(&daemon.path("state/kakeru.db"), &folder.path().join("kakeru.db"));
    assert_eq!(count(folder.path()), i64::from(LEADS), "not every lead was imported: {report:#}");
    folder
}

/// A daemon with that database, not started yet.
pub(crate) fn daemon(setup: Setup, state: &Path) -> Daemon {
    let daemon = setup.prepare();
    std::fs::create_dir_all(daemon.path("state")).unwrap_or_else(|error| panic!("no state folder: {error}"));
    copy(&state.join("kakeru.db"), &daemon.path("state/kakeru.db"));
    daemon
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}

fn count(state: &Path) -> i64 {
    let count = || {
        let database = rusqlite::Connection::open(state.join("kakeru.db"))?;
        database.query_row("SELECT count(*) FROM leads", [], |row| row.get(0))
    };
    count().unwrap_or_else(|error| panic!("{error}"))
}
