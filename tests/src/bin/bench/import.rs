//! A sheet of 50,000 rows, as Excel saves it in Japan, through the command line.

use e2e::daemon::Account;
use e2e::wait;
use encoding_rs::SHIFT_JIS;

use crate::leads;
use crate::table::{Table, quantile};

const ROWS: u32 = 50_000;
const RUNS: u32 = 5;

pub(crate) fn measure(table: &mut Table) {
    let daemon = leads::setup(Account::nowhere()).start();
    let sheet = leads::sheet(ROWS);
    let (bytes, _, unmapped) = SHIFT_JIS.encode(&sheet);
    assert!(!unmapped);
    let file = daemon.path("sheet.csv");
    std::fs::write(&file, &bytes).unwrap_or_else(|error| panic!("{error}"));
    let file = file.to_string_lossy();
    let mut seconds: Vec<f64> = (0..RUNS)
        .map(|run| {
            let list = format!("list {run}");
            daemon.cli(&["list", "create", &list]);
            // From the start of the command to its end, its own start-up included.
            let (report, time) = wait::timed(|| daemon.cli(&["list", "import", &list, &file]));
            let shown = daemon.cli(&["list", "ls"]);
            let lists = shown["lists"].as_array().cloned().unwrap_or_default();
            let total =
                lists.iter().find(|entry| entry["name"] == list.as_str()).map(|entry| entry["total"].clone());
            assert_eq!(total, Some(ROWS.into()), "{report:#}");
            time.as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    // The first creates the contacts, the others find them.
    let what = "import 50,000 CP932 rows by `kakeru list import`";
    table.at_most(&format!("{what}, median of {RUNS}"), quantile(&seconds, 0.5), 1.0, "s");
    table.note("… slowest", format!("{:.2} s", quantile(&seconds, 1.0)));
}
