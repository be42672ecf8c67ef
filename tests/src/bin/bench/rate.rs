//! How many calls a second the daemon makes, with store and media.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use e2e::daemon::{Account, Operator, Seat};

use crate::invite::callees;
use crate::leads;
use crate::sip::processor_seconds;
use crate::table::Table;

const SEATS: u32 = 8;

/// Operators who save at once and dial on, for so many seconds. The callees hang up as soon as they have answered.
pub(crate) fn measure(table: &mut Table, state: &Path, seconds: u64) {
    let exchange = callees(1);
    let mut setup = leads::setup(Account::new("main", exchange.address()).unregistered());
    for seat in 0..SEATS {
        setup = setup.seat(Seat::new(&format!("s{seat}"), "main"));
    }
    let mut daemon = leads::daemon(setup, state);
    daemon.start();
    let (socket, pid) = (daemon.socket(), daemon.process().pid());
    let made = AtomicU32::new(0);
    let (from, used) = (Instant::now(), processor_seconds(pid));
    let end = from + Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        for seat in 0..SEATS {
            let (socket, made) = (&socket, &made);
            scope.spawn(move || work(socket, &format!("s{seat}"), end, made));
        }
    });
    let (time, used) = (from.elapsed().as_secs_f64(), processor_seconds(pid) - used);
    let calls = f64::from(made.load(Ordering::Relaxed));
    let what = format!("calls per second of the daemon, store and media, {SEATS} seats, {calls} calls");
    table.note(&what, format!("{:.1} calls/s", calls / time));
    table.note("… processor time for 1,000 calls", format!("{:.2} s", used * 1_000.0 / calls));
    daemon.stop();
}

fn work(socket: &Path, seat: &str, end: Instant, made: &AtomicU32) {
    let mut operator = Operator::begin(socket, Some(seat), "leads");
    loop {
        operator.wait_state("wrap_up");
        made.fetch_add(1, Ordering::Relaxed);
        let next = if Instant::now() < end { "dial" } else { "stay" };
        operator.save("", next);
        if next == "stay" {
            return;
        }
    }
}
