//! The systemd units: what systemd itself says of them, and the notify protocol they rely on.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e::daemon::{Account, Daemon, binary};
use e2e::process::program;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository")
}

/// A copy of a unit that names the binary under test, since systemd looks whether it is there.
fn unit(folder: &Path, kind: &str) -> PathBuf {
    let source = repository().join("systemd").join(kind).join("kakeru.service");
    let text =
        std::fs::read_to_string(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    assert!(text.contains("ExecStart=/usr/bin/kakeru "), "{}", source.display());
    let copy = folder.join(kind);
    std::fs::create_dir(&copy).expect("the temporary folder is writable");
    let copy = copy.join("kakeru.service");
    std::fs::write(&copy, text.replace("/usr/bin/kakeru", &binary().to_string_lossy()))
        .expect("the temporary folder is writable");
    copy
}

/// `systemd-analyze` with its answer; it needs no running systemd.
fn analyze(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(program("systemd-analyze", "systemd"));
    // A user's manager looks these up even to verify.
    command.env("XDG_RUNTIME_DIR", folder).env("HOME", folder);
    let output = command.args(arguments).output().expect("systemd-analyze runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn systemd_finds_no_fault_in_the_units() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, more) in [("system", "--system"), ("user", "--user")] {
        let unit = unit(folder.path(), kind);
        let (ok, said) = analyze(folder.path(), &["verify", "--man=no", more, &unit.to_string_lossy()]);
        assert!(ok, "{kind}: {said}");
        // Faults of other units on this machine are not ours.
        assert!(!said.contains("kakeru"), "{kind}: {said}");
    }
}

/// An exposure of 2.5 or less, on systemd's scale from 0 (none) to 10.
#[test]
fn the_system_unit_is_locked_down() {
    let folder = tempfile::tempdir().unwrap();
    let unit = unit(folder.path(), "system");
    let (ok, said) = analyze(
        folder.path(),
        &["security", "--offline=true", "--threshold=25", "--no-pager", &unit.to_string_lossy()],
    );
    assert!(ok, "{said}");
}

/// Type=notify and WatchdogSec: READY=1 once the socket answers, WATCHDOG=1 at half the time or sooner, STOPPING=1.
#[test]
fn systemd_is_told_of_start_life_and_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let line = Account::nowhere();
    let mut daemon = Daemon::builder()
        .account(line)
        .env("NOTIFY_SOCKET", &path)
        // The manager names the process it means; left out, it is whoever reads it.
        .env("WATCHDOG_USEC", "1000000")
        .start();
    let told = |wanted: &str| {
        let mut buffer = [0; 4_096];
        loop {
            let length = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("no {wanted}: {error}"));
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.lines().any(|line| line == wanted) {
                return;
            }
        }
    };
    told("READY=1");
    assert_eq!(daemon.run(&["status"]).code, 0);
    told("WATCHDOG=1");
    told("WATCHDOG=1");
    assert!(daemon.stop().success());
    told("STOPPING=1");
}
