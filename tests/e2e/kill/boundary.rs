//! A shift of four calls, killed at every boundary of every commit, each time from the same beginning.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use e2e::boundary;
use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::Sipp;
use e2e::process::busy;
use e2e::wait;
use serde_json::json;

use super::ledger;
use super::operator::{Operator, Saves};
use crate::SOON;

/// Shifts at a time; they mostly wait.
const LANES: usize = 3;

/// Busy; a talk whose recording is kept; one whose recording is not; one that we end and save twice.
const NUMBERS: [&str; 4] = ["0312340002", "0312341006", "0312341106", "0312340001"];

#[test]
fn a_death_at_any_boundary_of_a_commit_calls_nobody_twice_and_loses_nothing() {
    let template = tempfile::tempdir().expect("the temporary folder is writable");
    let exchange = super::exchange();
    let mut lane = Lane::new(&exchange, template.path());
    lane.daemon.start();
    lane.daemon.import("first", super::list(NUMBERS.map(str::to_owned)));
    assert!(lane.daemon.stop().success());
    copy(&lane.daemon.path("state"), template.path());

    // Once without a death: how many boundaries there are, and that there are enough.
    let log = template.path().join("points");
    let alive = lane.shift(0, &log);
    let points = boundary::points(&log);
    let last = points.iter().map(|point| point.number).max().unwrap_or(0);
    let commits =
        points.iter().filter(|point| point.what == "synced" && point.file.ends_with("-wal")).count();
    assert!(alive && commits >= 20, "{commits} commits: {points:#?}");

    let (next, died) = (AtomicU64::new(1), AtomicU64::new(0));
    let run = |mut lane: Lane<'_>| {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at > last {
                return;
            }
            let log = lane.daemon.path("points");
            let _ = std::fs::remove_file(&log);
            if !lane.shift(at, &log) {
                died.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    let others: Vec<Sipp> = (1..LANES).map(|_| super::exchange()).collect();
    std::thread::scope(|scope| {
        let (run, template) = (&run, template.path());
        for exchange in &others {
            scope.spawn(move || run(Lane::new(exchange, template)));
        }
        run(lane);
    });
    // Which commits happen side by side differs a little from shift to shift, and so does their number.
    let died = died.into_inner();
    assert!(died >= last * 9 / 10, "only {died} of {last} boundaries were met");
}

/// A daemon and its exchange, used for one shift after another.
struct Lane<'a> {
    daemon: Daemon,
    exchange: &'a Sipp,
    template: PathBuf,
}

impl<'a> Lane<'a> {
    fn new(exchange: &'a Sipp, template: &Path) -> Self {
        let line = Account::new("main", exchange.address()).unregistered();
        let daemon = Daemon::builder().account(line).set("log", "level", "\"info\"").prepare();
        Self { daemon, exchange, template: template.to_owned() }
    }

    /// The shift from its beginning, with a death at that point and a second life to its end. Whether it never died.
    fn shift(&mut self, kill_at: u64, log: &Path) -> bool {
        for folder in ["state", "recordings", "outbox"] {
            let _ = std::fs::remove_dir_all(self.daemon.path(folder));
        }
        copy(&self.template, &self.daemon.path("state"));
        let before = self.exchange.invites().len();
        let mut saves = Saves::new();

        self.daemon.set_environment(boundary::environment(kill_at, log));
        self.daemon.launch();
        let socket = self.daemon.socket();
        let process = self.daemon.process();
        let pid = process.pid();
        let connected = wait::patiently(
            SOON,
            || busy(pid),
            || match process.ended() {
                Some(_) => Some(false),
                None => Operator::connect(&socket, pid, &mut Saves::new()).map(|_| true),
            },
        );
        let connected = connected.expect("the socket or the death");
        let mut alive = connected
            && Operator::connect(&socket, pid, &mut saves)
                .is_some_and(|operator| operator.work("first").is_ok());
        if alive {
            // What happens after the last call: the result is handed out, the daemon stops in order.
            wait::within(Duration::from_millis(300), || self.daemon.process().ended());
            alive = self.daemon.stop().success();
        } else {
            self.daemon.wait_end(SOON);
        }
        let point = boundary::points(log).into_iter().find(|point| point.number == kill_at && kill_at > 0);
        let story = format!("killed at {point:?}");

        let under_way = ledger::under_way(&self.daemon);
        self.daemon.set_environment(Vec::new());
        self.daemon.start();
        ledger::listed(&self.daemon, &under_way, &story);
        let pid = self.daemon.process().pid();
        let operator = Operator::connect(&socket, pid, &mut saves).expect("the second life listens");
        assert!(operator.work("first").is_ok(), "{story}: the second life died or fell silent");
        let history = self.daemon.control().call("history.list", &json!({ "limit": 1000 }));
        let history = history.expect("there is a history")["rows"].as_array().expect("rows").clone();
        assert!(self.daemon.stop().success(), "{story}: no end in order");
        assert_eq!(history.len(), NUMBERS.len(), "{story}: {history:#?}");
        let invites = self.exchange.invites().split_off(before);
        let (daemon, saves) = (&self.daemon, &saves);
        ledger::Account { daemon, invites: &invites, saves, history: &history, story: &story }.check();
        alive
    }
}

pub(super) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the temporary folder is writable");
    for name in ["kakeru.db", "kakeru.db-wal"] {
        // After an orderly end there is no log.
        let _ = std::fs::copy(from.join(name), to.join(name));
    }
}
