//! A folder of recordings that takes nothing: nobody is called, everybody is told, who calls is heard, and it goes on when it can.

use std::process::Command;
use std::time::Duration;

use e2e::daemon::{Account, Daemon};
use e2e::peer::sipp::{Scenario, Sipp};
use e2e::wait;
use serde_json::Value;

use crate::SOON;

/// No folder can be made below a file; that holds for root too.
fn in_the_way(setup: e2e::daemon::Setup) -> Daemon {
    let daemon = setup.set("daemon", "recordings_dir", "\"way/recordings\"").prepare();
    std::fs::write(daemon.path("way"), "in the way").expect("it can be written");
    daemon
}

fn exchange() -> (Sipp, Account) {
    let exchange = Scenario::server("exchange").start();
    let account = Account::new("main", exchange.address()).unregistered();
    (exchange, account)
}

/// The start tells it, in `status` and `doctor` with folder and what to do; `config check` did before.
#[test]
fn a_start_tells_that_nothing_can_be_recorded_and_nobody_is_called() {
    let (exchange, account) = exchange();
    let setup = Daemon::builder().account(account).allow_errors("the disk takes nothing");
    let mut daemon = in_the_way(setup);
    let (config, folder) = (daemon.path("kakeru.toml"), daemon.path("way/recordings"));
    let folder = folder.to_str().expect("UTF-8");
    let check = Command::new(e2e::daemon::binary())
        .args(["config", "check", "--lang", "ja"])
        .arg(&config)
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&check.stderr);
    assert_eq!(check.status.code(), Some(1), "{told}");
    assert!(told.contains(folder) && told.contains("recordings_dir"), "{told}");
    assert!(!String::from_utf8_lossy(&check.stdout).contains("問題ありません"));

    daemon.start();
    let status = daemon.cli(&["status"]);
    let store = &status["store"];
    assert_eq!((&store["ok"], &store["trouble"]), (&false.into(), &"E-DISK-IO".into()), "{store:#}");
    assert_eq!(store["folder"], folder, "{store:#}");
    for (lang, what) in [("ja", "録音のフォルダー"), ("en", "no recording can be written")] {
        let told = daemon.text(&["status", "--lang", lang]);
        let line = told.lines().find(|line| line.starts_with("E-DISK-IO")).expect("it is told");
        assert!(line.contains(what) && line.contains(folder) && line.contains("install -d"), "{line}");
        let doctor = daemon.run_plain(&["doctor", "--lang", lang]);
        assert_eq!(doctor.code, 1, "{doctor:#?}");
        assert!(doctor.stdout.contains(line), "{doctor:#?}");
    }
    daemon.import("first", "会社名,電話番号\n株式会社一,0312340001\n");
    daemon.cli(&["dial", "start", "first"]);
    let status = daemon.cli(&["status"]);
    assert_eq!(status["seats"][0]["dial"]["waiting"], "disk", "{status:#}");
    daemon.cli(&["dial", "stop"]);
    let refused = daemon.run(&["call", "0312349902"]);
    refused.refused("E-DISK-IO");
    assert!(format!("{refused:?}").contains(folder), "{refused:#?}");
    assert_eq!(exchange.invites().len(), 0);

    std::fs::remove_file(daemon.path("way")).expect("it is there");
    daemon.wait_status("it takes files again", SOON, |status| status["store"]["ok"] == true);
    daemon.cli(&["dial", "start", "first"]);
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["state"] == "in_call");
    wait::pass(Duration::from_secs(1));
    daemon.cli(&["hangup"]);
    wait::until_true("the recording", SOON, || {
        daemon.cli(&["history"])["rows"][0]["recording"]["state"] == "final"
    });
}

/// Rows are kept, so who calls is heard; that this call is not recorded is told at the seat and in the history.
#[test]
fn who_calls_is_heard_where_nothing_can_be_recorded() {
    let registrar = Scenario::server("registrar_open").start();
    let setup = Daemon::builder()
        .account(Account::new("main", registrar.address()))
        .allow_errors("the disk takes nothing")
        .allow_errors("recording failed");
    let mut daemon = in_the_way(setup);
    daemon.start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);
    let caller = Scenario::client("uac_call", daemon.sip_address(), "100").start();
    let state = |state: &'static str| move |status: &Value| status["seats"][0]["state"] == state;
    daemon.wait_status("ringing", SOON, state("ringing"));
    daemon.cli(&["answer"]);
    daemon.wait_status("told at the seat", SOON, |status| {
        status["seats"][0]["call"]["recording"]["trouble"] == "E-DISK-IO"
    });
    caller.succeed(SOON);
    daemon.wait_status("wrap-up", SOON, state("wrap_up"));
    for (lang, told) in [("ja", "(録音なし)"), ("en", "(not recorded)")] {
        let history = daemon.text(&["history", "--lang", lang]);
        assert!(history.contains(told), "{history}");
    }
}

/// Where nothing is recorded the folder does not matter.
#[test]
fn a_folder_that_is_not_needed_stops_nobody() {
    let (exchange, account) = exchange();
    let mut daemon = in_the_way(Daemon::builder().account(account).set("recording", "enabled", "false"));
    daemon.start();
    let status = daemon.cli(&["status"]);
    assert_eq!(status["store"]["ok"], true, "{status:#}");
    daemon.cli(&["call", "0312349902"]);
    exchange.wait_received("INVITE", 1, SOON);
}
