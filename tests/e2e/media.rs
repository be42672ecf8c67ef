//! The stream of packets: codecs that change, packet lengths, silence, and what is told of it.

use std::path::PathBuf;
use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::sipp::Scenario;
use e2e::wait;
use e2e::wav::Sound;
use serde_json::Value;
use tempfile::TempDir;

use crate::SOON;

const SECOND: Duration = Duration::from_secs(1);
const CALLEE: &str = "0312345678";
/// What an [`Operator`] says.
pub(crate) const OPERATOR_HZ: f64 = 440.0;
pub(crate) const DBFS: f64 = -15.0;

/// An operator who says a tone.
pub(crate) struct Operator {
    folder: TempDir,
    pub(crate) say: PathBuf,
    pub(crate) hear: PathBuf,
}

impl Operator {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let (say, hear) = (folder.path().join("say.wav"), folder.path().join("hear.wav"));
        Sound::tone(8_000, OPERATOR_HZ, DBFS, SECOND * 30).write(&say).expect("the file is written");
        Self { folder, say, hear }
    }

    pub(crate) fn seat(&self) -> Seat {
        Seat::new("a", "main").file(&self.say, &self.hear)
    }

    /// What was heard; to be asked once the daemon has ended.
    pub(crate) fn heard(&self) -> Sound {
        assert!(self.folder.path().exists());
        Sound::read(&self.hear, 0).expect("it was heard")
    }
}

pub(crate) fn wait_state(daemon: &Daemon, state: &str) -> Value {
    daemon.wait_status(state, SOON, |status| status["seats"][0]["state"] == state)
}

/// How many whole half seconds have the tone at its level.
#[track_caller]
pub(crate) fn halves_with_tone(sound: &Sound) -> usize {
    let half = SECOND / 2;
    let count = (sound.length().as_millis() / half.as_millis()) as u32;
    (0..count)
        .map(|n| sound.slice(half * n, half))
        .filter(|part| {
            (part.level_at(OPERATOR_HZ) - DBFS).abs() < 1.5 && (part.frequency() - OPERATOR_HZ).abs() < 3.0
        })
        .count()
}

/// The peer changes the codec twice, PCMU to PCMA to G.722: the voice comes back from its echo all the time.
#[test]
fn the_peer_changes_the_codec_in_mid_call() {
    let registrar = Scenario::server("registrar_open").start();
    let operator = Operator::new();
    let mut daemon =
        Daemon::builder().account(Account::new("main", registrar.address())).seat(operator.seat()).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);
    let caller = Scenario::client("uac_codec_change", daemon.sip_address(), "100").start();
    wait_state(&daemon, "ringing");
    daemon.cli(&["answer"]);
    for codec in ["PCMU", "PCMA", "G722"] {
        daemon.wait_status(codec, SOON, |status| status["seats"][0]["call"]["codec"] == codec);
    }
    caller.succeed(SOON);
    wait_state(&daemon, "wrap_up");
    assert!(daemon.stop().success());
    // Three times 2.5 s, less what each change and the halves at the edges take.
    let halves = halves_with_tone(&operator.heard());
    assert!(halves >= 11, "{halves} halves of a second with the tone");
}

/// Our re-INVITE after a hold is answered with another codec.
#[test]
fn our_own_reinvite_changes_the_codec() {
    let callee = Scenario::server("uas_codec_after_hold").start();
    let operator = Operator::new();
    let mut daemon = Daemon::builder()
        .account(Account::new("main", callee.address()).unregistered())
        .seat(operator.seat())
        .start();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    wait::pass(SECOND * 2);
    daemon.cli(&["hold"]);
    daemon.wait_status("hold", SOON, |status| status["seats"][0]["call"]["held"] == true);
    daemon.cli(&["resume"]);
    daemon.wait_status("PCMA", SOON, |status| status["seats"][0]["call"]["codec"] == "PCMA");
    wait::pass(SECOND * 3);
    daemon.cli(&["hangup"]);
    callee.wait_received("BYE", 1, SOON);
    assert!(daemon.stop().success());
    let heard = operator.heard();
    let last = heard.slice(heard.length() - SECOND * 2, SECOND);
    assert!(halves_with_tone(&heard) >= 7 && halves_with_tone(&last) >= 1, "{:?}", heard.length());
}

/// What the packets told is shown while the call is up, and kept with it.
#[test]
fn the_quality_of_a_call_is_shown_and_kept() {
    let callee = Scenario::server("uas_answer_tone").start();
    let daemon = Daemon::builder().account(Account::new("main", callee.address()).unregistered()).start();
    let mut control = daemon.control();
    control.subscribe(None).unwrap();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    let status = daemon.wait_status("a score", SOON, |status| {
        status["seats"][0]["call"]["quality"]["mos"].as_f64().is_some_and(|mos| mos > 4.0)
    });
    let quality = &status["seats"][0]["call"]["quality"];
    assert!(quality["packets_received"].as_u64().unwrap() >= 50, "{quality}");
    daemon.cli(&["hangup"]);
    let row = daemon.wait_history(1, SOON).remove(0);
    let kept = &row["quality"];
    assert!(kept["mos"].as_f64().unwrap() > 4.0 && kept["lost"] == 0, "{row:#}");
    assert_eq!((&row["codec"], row.get("secure")), (&Value::from("PCMU"), None));
    let ended = control.wait_event("the end", SOON, |event| event["params"]["kind"] == "call.ended");
    assert!(ended["params"]["call"]["quality"]["mos"].as_f64().unwrap() > 4.0, "{ended:#}");
}

/// A callee that answers and says nothing: told after ten seconds, hung up where that is wanted.
#[test]
fn a_silent_call_is_told_of_and_hung_up_where_wanted() {
    let callee = Scenario::server("uas_answer").edit("[media_port]", "9").start();
    let flagging = Daemon::builder().account(Account::new("main", callee.address()).unregistered()).start();
    let ending = Daemon::builder()
        .account(Account::new("main", callee.address()).unregistered())
        .set("media", "rtp_timeout", "\"12s\"")
        .start();
    for daemon in [&flagging, &ending] {
        daemon.cli(&["call", CALLEE]);
        wait_state(daemon, "in_call");
    }
    for daemon in [&flagging, &ending] {
        daemon.wait_status("silence", SOON, |status| status["seats"][0]["call"]["silent"] == true);
    }
    let byes = callee.wait_received("BYE", 1, SOON);
    assert!(byes[0].header("Reason").unwrap().contains("cause=102"), "{}", byes[0].text);
    wait_state(&ending, "wrap_up");
    wait_state(&flagging, "in_call");
    flagging.cli(&["hangup"]);
    callee.wait_received("BYE", 2, SOON);
}
