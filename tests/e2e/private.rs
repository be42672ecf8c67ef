//! Nobody but the daemon's user reads what it keeps.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::Scenario;
use e2e::wait;

use crate::SOON;

/// A folder and everything in it, with what is allowed.
fn modes(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut all = vec![(folder.to_owned(), folder.metadata().expect("it is there").mode() & 0o777)];
    for entry in fs::read_dir(folder).expect("it is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(modes(&path));
        } else if let Ok(file) = path.metadata() {
            all.push((path, file.mode() & 0o777));
        }
    }
    all
}

fn loose(daemon: &Daemon) -> Vec<(PathBuf, u32)> {
    let all = ["state", "recordings"].map(|folder| modes(&daemon.path(folder)));
    let mut loose: Vec<_> = all.into_iter().flatten().filter(|(_, mode)| mode & 0o077 != 0).collect();
    // Another program fetches results from a folder outside of the state, see below for one inside.
    loose.extend(modes(&daemon.path("outbox")).into_iter().filter(|(_, mode)| mode & 0o027 != 0));
    loose
}

/// Section D: who hears a recording and sees a number is told by role; the files are for the daemon's user only, archived ones too, and
/// those that earlier versions left open are closed at the start.
#[test]
fn what_is_kept_is_for_the_daemons_user_only() {
    let exchange = Scenario::server("exchange").start();
    let account = Account::new("main", exchange.address()).unregistered();
    let mut daemon = Daemon::builder().account(account).set("recording", "archive", "true").start();
    daemon.import("first", "会社名,電話番号\n株式会社一,0312340001\n");
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    wait::pass(Duration::from_millis(300));
    assert_eq!(loose(&daemon), [], "while it is recorded");
    daemon.cli(&["hangup"]);
    daemon.wait_status("wrap-up", SOON, |status| status["seats"][0]["state"] == "wrap_up");
    daemon.cli(&["save", "--status", "見込", "--next", "skip"]);
    daemon.wait_drop_rows(1, SOON);
    let recording = daemon.recording(SOON);
    assert_eq!(recording.extension().expect("a name"), "opus");
    assert_eq!(loose(&daemon), []);

    daemon.stop();
    let all = ["state", "recordings", "outbox"].map(|folder| modes(&daemon.path(folder)));
    let open: Vec<PathBuf> = all
        .into_iter()
        .flatten()
        .map(|(path, _)| path)
        .filter(|path| !path.starts_with(daemon.path("state")))
        .collect();
    for path in &open {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    }
    fs::set_permissions(daemon.path("state"), Permissions::from_mode(0o755)).expect("it is ours");
    // Somebody else's, and somebody's own.
    let note = recording.with_file_name("note.txt");
    fs::write(&note, "x").expect("written");
    fs::set_permissions(&note, Permissions::from_mode(0o644)).expect("it is ours");
    let theirs = recording.with_file_name("theirs.wav");
    fs::write(&theirs, "x").expect("written");
    fs::set_permissions(&theirs, Permissions::from_mode(0o644)).expect("it is ours");
    std::os::unix::fs::chown(&theirs, Some(64_099), None).expect("root gives it away");
    daemon.start();
    let left: Vec<PathBuf> = loose(&daemon).into_iter().map(|(path, _)| path).collect();
    let state = daemon.path("state");
    let left: Vec<&PathBuf> = left.iter().filter(|path| **path != state).collect();
    let mut kept = vec![&note, &theirs];
    kept.sort();
    let mut found = left.clone();
    found.sort();
    assert_eq!(found, kept);
    assert_eq!(state.metadata().expect("it is there").mode() & 0o777, 0o750, "others may not look into it");
}

/// Section D: results in the folder of the state are for the daemon's user only, and what an operator exports for the operator only.
#[test]
fn numbers_that_leave_are_for_whoever_asked() {
    let account = Account::new("main", e2e::ports::free_address()).unregistered();
    let daemon = Daemon::builder().account(account).set("daemon", "drop_dir", "\"state/outbox\"").start();
    daemon.import("first", "会社名,電話番号\n株式会社一,0312340001\n");
    let out = daemon.path("out");
    fs::create_dir(&out).expect("made");
    for (verb, name) in [
        (&["list", "export", "first"][..], "list.csv"),
        (&["history", "export"], "history.csv"),
        (&["contact", "export"], "contacts.csv"),
        (&["dnc", "export"], "dnc.csv"),
    ] {
        let file = out.join(name);
        // One that others could read is replaced by one that they cannot.
        fs::write(&file, "x").expect("written");
        daemon.cli(&[verb, &[file.to_str().expect("UTF-8")]].concat());
    }
    let open: Vec<_> =
        modes(&out).into_iter().filter(|(path, mode)| path.is_file() && mode & 0o077 != 0).collect();
    assert_eq!(open, []);
    let caught = daemon.run(&["call", "0312349902"]);
    assert_ne!(caught.code, 2, "{caught:#?}");
    wait::until_true("the result", SOON, || modes(&daemon.path("state/outbox")).len() > 1);
    let results = modes(&daemon.path("state/outbox"));
    assert!(results.iter().all(|(_, mode)| mode & 0o077 == 0), "{results:?}");
}
