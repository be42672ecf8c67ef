//! One shift, and a SIGKILL at random moments of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use e2e::daemon::{Account, Daemon};
use e2e::wait;
use serde_json::json;

use super::operator::{Operator, Saves};
use super::{Chance, ledger};
use crate::SOON;

const KILLS: u64 = 60;
/// A life lasts up to this; a call takes 0.05 s to 0.6 s, a start 0.05 s.
const LIFE_MS: u64 = 700;
/// Few enough that the shift ends after the last death, more than the lives can call.
const LEADS: u64 = 150;
const SEED: u64 = 22_110_302;

/// X9: a shift goes on with what was not called, as often as it is cut short.
#[test]
fn sixty_deaths_in_one_shift_call_nobody_twice_and_lose_nothing() {
    let exchange = super::exchange();
    let line = Account::new("main", exchange.address());
    let mut daemon = Daemon::builder().account(line).set("log", "level", "\"info\"").start();
    let number = |n: u64| format!("03{:06}{}", 123_400 + n, ["02", "06", "01"][(n % 3) as usize]);
    daemon.import("shift", super::list((0..LEADS).map(number)));
    daemon.kill9();

    let mut chance = Chance::new(SEED);
    let seed = chance.0;
    let mut saves = Saves::new();
    let mut called = 0;
    for kill in 0..KILLS {
        let moment = Duration::from_millis(chance.below(LIFE_MS));
        let story = format!("seed {seed}, death {kill} after {moment:?}");
        daemon.launch();
        live(&mut daemon, moment, &mut saves);
        let under_way = ledger::under_way(&daemon);
        if kill % 4 == 0 {
            // A life of its own, so that the list is seen after each of these deaths.
            daemon.start();
            ledger::listed(&daemon, &under_way, &story);
            daemon.kill9();
        }
        called = exchange.invites().len();
    }
    assert!(called as u64 >= KILLS / 2, "seed {seed}: only {called} calls in {KILLS} lives");
    let acknowledged = saves.values().flatten().filter(|sent| sent.acknowledged).count();
    assert!(acknowledged >= 20, "seed {seed}: only {acknowledged} saves were acknowledged");

    daemon.start();
    let mut control = daemon.control();
    let page = control.call("history.list", &json!({ "interrupted": true, "limit": 1000 }));
    let interrupted = page.expect("there is a history")["rows"].as_array().expect("rows").len();
    assert!(interrupted >= 5, "seed {seed}: only {interrupted} calls were interrupted");
    let (socket, pid) = (daemon.socket(), daemon.process().pid());
    let mut operator = Operator::connect(&socket, pid, &mut saves).expect("the last life listens");
    // What was interrupted is judged; the rest of the list would only take time.
    operator.judge_open().expect("the last life lives");
    drop(operator);
    let page = control.call("history.list", &json!({ "limit": 1000 }));
    let history = page.expect("there is a history")["rows"].as_array().expect("rows").clone();
    assert!(daemon.stop().success());
    let story = format!("seed {seed}");
    ledger::Account {
        daemon: &daemon,
        invites: &exchange.invites(),
        saves: &saves,
        history: &history,
        story: &story,
    }
    .check();
}

/// One life: the operator works on a thread of their own, so that death comes at any moment of a command too.
fn live(daemon: &mut Daemon, moment: Duration, saves: &mut Saves) {
    let (socket, pid) = (daemon.socket(), daemon.process().pid());
    let dead = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let listening = wait::within(SOON, || {
                let listens = Operator::connect(&socket, pid, &mut Saves::new()).is_some();
                (listens || dead.load(Ordering::Relaxed)).then_some(listens)
            });
            if listening == Some(true)
                && let Some(operator) = Operator::connect(&socket, pid, saves)
            {
                // Ends by the death, or with the list.
                let _ = operator.work("shift");
            }
        });
        wait::pass(moment);
        daemon.kill9();
        dead.store(true, Ordering::Relaxed);
    });
}
