//! How much memory a save reaches for: the pages of the daemon that the processor marked as used (proc_pid_clear_refs(5)).

use std::fs;
use std::path::Path;
use std::time::Duration;

use e2e::daemon::{Account, Operator};

use crate::invite::callees;
use crate::leads;
use crate::table::{Table, quantile};

const SAVES: u32 = 20;
/// As long as an operator takes at least; what the last call left to write is on the disk by then.
const PAUSE: Duration = Duration::from_millis(400);

pub(crate) fn measure(table: &mut Table, state: &Path) {
    let exchange = callees(50);
    let line = Account::new("main", exchange.address()).unregistered();
    let mut daemon = leads::daemon(leads::setup(line), state);
    daemon.start();
    let process = Path::new("/proc").join(daemon.process().pid().to_string());
    let mut operator = Operator::begin(&daemon.socket(), None, "leads");
    let (mut all, mut code) = (Vec::new(), Vec::new());
    for save in 0..SAVES {
        operator.wait_state("wrap_up");
        std::thread::sleep(PAUSE);
        fs::write(process.join("clear_refs"), "1").unwrap_or_else(|error| panic!("clear_refs: {error}"));
        operator.save(&format!("call {save}"), "dial");
        let (used, of_it_code) = used(&process);
        // The first calls reach for what later ones find.
        if save >= SAVES / 4 {
            all.push(f64::from(used));
            code.push(f64::from(of_it_code));
        }
    }
    daemon.stop();
    all.sort_by(f64::total_cmp);
    code.sort_by(f64::total_cmp);
    table.note(
        "… pages of 4 KiB used by it, up to its answer: p50; of them the program's code",
        format!("{:.0}; {:.0}", quantile(&all, 0.5), quantile(&code, 0.5)),
    );
}

/// Pages used since they were cleared, in all and of the program's code.
fn used(process: &Path) -> (u32, u32) {
    let maps = fs::read_to_string(process.join("smaps")).unwrap_or_else(|error| panic!("smaps: {error}"));
    let (mut all, mut code, mut is_code) = (0, 0, false);
    for line in maps.lines() {
        if let Some(size) = line.strip_prefix("Referenced:") {
            let kilobytes: u32 = size.trim().trim_end_matches("kB").trim().parse().unwrap_or_default();
            all += kilobytes / 4;
            code += if is_code { kilobytes / 4 } else { 0 };
        } else if line.split(' ').next().is_some_and(|range| !range.ends_with(':')) {
            is_code = line.contains(" r-xp ") && line.ends_with("/kakeru");
        }
    }
    (all, code)
}
