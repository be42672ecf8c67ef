//! Imports and claims at full size: the store's own examples, each in a process of its own, so that memory is theirs alone.

use std::process::Command;

use serde_json::Value;

use crate::sip::example;
use crate::table::Table;

pub(crate) fn measure(table: &mut Table, quick: bool) {
    let million = if quick { "100000" } else { "1000000" };
    let goal = if quick { 1.0 } else { 10.0 };
    let rows = if quick { "100,000" } else { "1,000,000" };
    for (what, arguments, goal) in [
        ("50,000 CP932 rows into an empty book, median of three".to_owned(), vec!["50000", "1"], 0.5),
        (format!("{rows} rows in the order of their numbers"), vec![million, "1"], goal),
        (format!("{rows} rows in no order"), vec![million, "1", "--shuffled"], goal),
    ] {
        let mut runs: Vec<Value> = (0..if arguments[0] == "50000" { 3 } else { 1 })
            .map(|_| run("import_bench", &arguments))
            .collect();
        runs.sort_by(|a, b| number(a, "seconds").total_cmp(&number(b, "seconds")));
        let found = runs.swap_remove(runs.len() / 2);
        table.at_most(&format!("import of {what}"), number(&found, "seconds"), goal, "s");
        table.at_most("… memory above idle", number(&found, "memory_mib"), 64.0, "MiB");
        let floor =
            found["floor"].as_f64().map_or_else(|| "sqlite3 is missing".to_owned(), |s| format!("{s:.2} s"));
        table.note("… floor: sqlite3 .import of the same rows in UTF-8, one table without an index", floor);
    }
    for (what, arguments) in [
        ("50,000 rows".to_owned(), vec!["50000", "1", "--calls"]),
        (format!("{rows} rows"), vec![million, "1", "--calls"]),
        (format!("{rows} rows in no order"), vec![million, "1", "--calls", "--shuffled"]),
    ] {
        let found = run("import_bench", &arguments);
        let ms = |key: &str| format!("{:.1} ms", number(&found, key));
        table.note(
            &format!("a call's write beside an import of {what}: p50, p99 of {}", found["waits"]),
            format!("{}, {}", ms("p50_ms"), ms("p99_ms")),
        );
        table.at_most("… longest", number(&found, "longest_ms"), 10.0, "ms");
        table.note("… the import meanwhile", format!("{:.2} s", number(&found, "seconds")));
    }
    let found = run("claim_bench", &["100000"]);
    table.note(
        "save, seal and claim in one commit, 100,000 leads: p50, p99",
        format!("{:.3} ms, {:.3} ms", number(&found, "p50_ms"), number(&found, "p99_ms")),
    );
    // The goal is of a disk whose fsync takes 0.1 ms: memory, where it takes nothing, and that time.
    let memory =
        tempfile::tempdir_in("/dev/shm").unwrap_or_else(|error| panic!("no memory file system: {error}"));
    let found = run("claim_bench", &["100000", "--dir", &memory.path().to_string_lossy()]);
    table.note("… in memory: p50", format!("{:.3} ms", number(&found, "p50_ms")));
    table.at_most("… in memory, and 0.1 ms for one fsync: p99", number(&found, "p99_ms") + 0.1, 1.0, "ms");
}

/// The last line that an example prints, of JSON.
fn run(name: &str, arguments: &[&str]) -> Value {
    let output = Command::new(example(name)).args(arguments).arg("--json").output();
    let output = output.unwrap_or_else(|error| panic!("{name}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line)
        .unwrap_or_else(|error| panic!("{name}: {error}: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn number(found: &Value, key: &str) -> f64 {
    found[key].as_f64().unwrap_or(f64::NAN)
}
