//! Files that the command line writes: whole, or not there, whatever ends it; and a month of recordings goes on where it stopped.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use e2e::daemon::{self, Daemon};
use e2e::peer::sipp::Scenario;
use e2e::{boundary, wait};
use serde_json::Value;

use crate::SOON;
use crate::keeping::{daemon, month_of, path, talk};

/// Recordings of each call: as if it had been made so often.
const COPIES: usize = 80;

/// Gives each recording copies: rows and files.
fn multiply(daemon: &Daemon, rows: &[Value]) {
    let database = rusqlite::Connection::open(daemon.path("state/kakeru.db")).expect("the database is there");
    for row in rows {
        let file = path(row);
        for copy in 1..COPIES {
            let name = format!("{}-{copy}", row["attempt"].as_str().expect("an id"));
            fs::copy(&file, file.with_file_name(format!("{name}.wav"))).expect("there is room");
            let sql = "INSERT INTO recordings (attempt_id, path, state, codec, duration_ms, bytes, sha256, opened_at)
                       SELECT attempt_id, replace(path, '.wav', ?2), state, codec, duration_ms, bytes, sha256, opened_at
                       FROM recordings WHERE id = ?1";
            let made = database.execute(sql, (row["id"].as_i64(), format!("-{copy}.wav")));
            assert_eq!(made.expect("the row is taken"), 1);
        }
    }
}

/// Exports the month, and is killed at one of the moments before and after a file gets its name; 0: at none.
fn export(daemon: &Daemon, month: &str, target: &Path, kill_at: u64) -> ExitStatus {
    let mut command = Command::new(daemon::binary());
    command.args(["recording", "export", "--json", "--month", month]).arg(target);
    command.arg("--socket").arg(daemon.socket()).stdout(Stdio::null());
    if kill_at > 0 {
        command.envs(boundary::environment(kill_at, &daemon.path("points.log")));
    }
    command.status().expect("the binary can be run")
}

/// Names of the sums, after `sha256sum` has looked at each; `ignore`: a line may be there before its file.
fn summed(folder: &Path, ignore: bool) -> BTreeSet<String> {
    let mut check = Command::new("sha256sum");
    check.args(["--check", "--strict", "--quiet", "SHA256SUMS"]).current_dir(folder);
    check.args(ignore.then_some("--ignore-missing"));
    assert!(check.status().expect("coreutils").success());
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).expect("sums");
    sums.lines().map(|line| line[66..].to_owned()).collect()
}

/// Names of the recordings that lie in the folder.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for day in fs::read_dir(folder).into_iter().flatten().map(|day| day.expect("readable").path()) {
        for file in fs::read_dir(&day).into_iter().flatten().map(|file| file.expect("readable").path()) {
            let name = file.strip_prefix(folder).expect("below it").to_str().expect("UTF-8").to_owned();
            if !name.ends_with(".part") {
                names.insert(name);
            }
        }
    }
    names
}

/// S4.36, S4.50: an export is killed again and again, and what it copied is deleted by the daemon: each recording is fetched once,
/// and each file has its line and its sum.
#[test]
fn an_export_that_is_killed_has_listed_what_it_copied() {
    let exchange = Scenario::server("exchange").start();
    let mut daemon = daemon(&exchange);
    let rows = talk(&daemon);
    daemon.stop();
    multiply(&daemon, &rows);
    daemon.start();
    let (all, target) = (rows.len() * COPIES, daemon.path("copy"));
    let month = &month_of(&rows[0]);
    let folder = target.join(month);
    let listed = || {
        let list = fs::read_to_string(folder.join("manifest.csv")).expect("the list");
        let names = list.lines().skip(1).filter_map(|line| line.split(',').next().map(str::to_owned));
        names.collect::<BTreeSet<_>>()
    };

    // Two points for each file that gets its name: the list, the sums, then 210 recordings and half of one.
    assert_eq!(export(&daemon, month, &target, 4 + 2 * 210 + 1).signal(), Some(9));
    let there = files(&folder);
    assert_eq!(there.len(), 210);
    assert!(listed().is_superset(&there), "each has its line");
    assert!(summed(&folder, true).is_superset(&there), "each has its sum");
    let state = |state: &str| {
        let rows =
            daemon.cli(&["recording", "ls", "--limit", "1000"])["rows"].as_array().expect("rows").clone();
        rows.iter().filter(|row| row["state"] == *state).count()
    };
    assert_eq!(
        (state("exported"), state("final")),
        (200, all - 200),
        "told in batches, and after their lines"
    );
    for row in &rows[..2] {
        let call = row["attempt"].as_str().expect("an id");
        daemon.cli(&["recording", "delete", call, "--reason", "容量", "--yes"]);
    }
    assert_eq!(state("exported") + state("final"), COPIES);

    // A power failure may tear the last line; a kill does not.
    let list = folder.join("manifest.csv");
    let whole = fs::read(&list).expect("the list");
    fs::write(&list, [&whole[..], "29/torn.wav,\"株式".as_bytes()].concat()).expect("written");
    for kill_at in 1..=9 {
        assert_eq!(export(&daemon, month, &target, kill_at).signal(), Some(9), "{kill_at}");
        let now = files(&folder);
        assert!(now.is_superset(&there), "{kill_at}");
        assert!(listed().is_superset(&now), "{kill_at}");
    }
    assert!(export(&daemon, month, &target, 0).success());
    let now = files(&folder);
    assert_eq!(now.len(), all);
    assert_eq!((listed(), summed(&folder, false)), (now.clone(), now));
    let fetched = daemon.database().query_row(
        "SELECT count(*) FROM audit WHERE action = 'recording.fetch'",
        [],
        |row| row.get::<_, u32>(0),
    );
    assert_eq!(fetched.expect("the log is readable") as usize, all, "none is copied twice");
    assert_eq!(state("exported"), COPIES);
}

/// Starts the export of a list in the background.
fn exporting(daemon: &Daemon, file: &Path) -> Child {
    let mut command = Command::new(daemon::binary());
    command.args(["list", "export", "long", file.to_str().expect("UTF-8"), "--socket"]);
    command.arg(daemon.socket()).stdout(Stdio::null()).spawn().expect("the binary can be run")
}

/// Ends an export by a signal while the file is half there.
fn interrupted(daemon: &mut Daemon, file: &Path, signal: &str) -> ExitStatus {
    let part = file.with_extension("csv.part");
    for _ in 0..20 {
        let mut child = exporting(daemon, file);
        let begun = wait::within(SOON, || {
            let over = child.try_wait().expect("the child is ours").is_some();
            (over || part.metadata().is_ok_and(|part| part.len() > 0)).then_some(!over)
        });
        // The daemon sends no more, so that the file stays as it is.
        daemon.process().signal("STOP");
        wait::pass(Duration::from_millis(50));
        let half = begun == Some(true) && part.exists();
        if half {
            let line = format!("kill -{signal} {}", child.id());
            assert!(Command::new("sh").args(["-c", &line]).status().expect("a shell").success());
        }
        let status = half.then(|| child.wait().expect("the child is ours"));
        daemon.process().signal("CONT");
        match status {
            Some(status) => return status,
            None => drop(child.wait()),
        }
    }
    panic!("the export was over each time before it could be interrupted");
}

/// S4.36: an export that ends early leaves nothing, one that is killed leaves a part that the next replaces; a pipe and a
/// device stay what they are.
#[test]
fn an_export_that_is_interrupted_leaves_nothing() {
    let exchange = Scenario::server("exchange").start();
    let mut daemon = daemon(&exchange);
    let remark = "備考".repeat(500);
    let rows: String = (0..3_000).map(|n| format!("会社{n},03{:08},{remark}\n", 10_000_000 + n)).collect();
    daemon.import("long", format!("会社名,電話番号,備考\n{rows}"));
    let folder = daemon.path("files");
    fs::create_dir(&folder).expect("a folder");
    let file = folder.join("out.csv");
    let there = || {
        let names =
            fs::read_dir(&folder).expect("it is there").map(|entry| entry.expect("readable").file_name());
        names.map(|name| name.into_string().expect("UTF-8")).collect::<BTreeSet<_>>()
    };
    fs::write(&file, "an earlier one").expect("written");
    let only = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        assert_eq!(interrupted(&mut daemon, &file, signal).code(), Some(code));
        assert_eq!(there(), only(&["out.csv"]), "{signal}");
        assert_eq!(fs::read(&file).expect("it is there"), b"an earlier one");
    }
    assert_eq!(interrupted(&mut daemon, &file, "KILL").signal(), Some(9));
    assert_eq!(there(), only(&["out.csv", "out.csv.part"]));
    daemon.cli(&["list", "export", "long", file.to_str().expect("UTF-8")]);
    assert_eq!(there(), only(&["out.csv"]));
    let whole = fs::read(&file).expect("it is there");
    assert!(whole.len() > 8_000_000, "{}", whole.len());

    // What is no file gets the bytes as they come.
    let pipe = folder.join("pipe.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("coreutils").success());
    let through = |arguments: &[&str]| {
        let from = pipe.clone();
        let reader = std::thread::Builder::new().spawn(move || {
            let mut bytes = Vec::new();
            fs::File::open(&from).and_then(|mut pipe| pipe.read_to_end(&mut bytes)).expect("readable");
            bytes
        });
        let outcome = daemon.run(arguments);
        let bytes = reader.expect("a thread").join().expect("it reads");
        assert_eq!(outcome.code, 0, "{outcome:#?}");
        assert!(pipe.metadata().expect("it is there").file_type().is_fifo());
        bytes
    };
    let name = pipe.to_str().expect("UTF-8");
    assert!(through(&["list", "export", "long", name]) == whole);
    let rows = talk(&daemon);
    let call = rows[0]["attempt"].as_str().expect("an id");
    assert_eq!(
        through(&["recording", "fetch", call, name, "--force"]),
        fs::read(path(&rows[0])).expect("a file")
    );
    assert!(!through(&["trace", call, "--pcap", name, "--force"]).is_empty());
    let full = daemon.run(&["list", "export", "long", "/dev/full"]);
    full.refused("E-FILE");
    assert!(Path::new("/dev/full").metadata().expect("it is there").file_type().is_char_device());
    assert_eq!(there(), only(&["out.csv", "pipe.csv"]));
}
