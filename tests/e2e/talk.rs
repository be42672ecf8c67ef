//! Voice: what the operator says arrives at the peer, what the peer says arrives at the operator, both are recorded.

use std::time::Duration;

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::baresip::{Baresip, Codec, Phone};
use e2e::peer::kamailio::{self, Kamailio};
use e2e::peer::pulse::{EARPHONE, MIC_FEED, Pulse, RATE};
use e2e::peer::sipp::{self, Scenario};
use e2e::wait;
use e2e::wav::Sound;
use serde_json::Value;

use crate::SOON;

const SECOND: Duration = Duration::from_secs(1);
const CALLEE: &str = "0312345678";
const OPERATOR_HZ: f64 = 440.0;
const CALLEE_HZ: f64 = 1_000.0;
const DBFS: f64 = -15.0;

#[track_caller]
fn assert_tone(what: &str, sound: &Sound, hertz: f64, dbfs: f64) {
    let loud = sound.loudest(SECOND / 2);
    let (found, level) = (loud.frequency(), loud.level_at(hertz));
    assert!((found - hertz).abs() < 3.0, "{what}: {found} Hz instead of {hertz} Hz in {:?}", sound.length());
    assert!((level - dbfs).abs() < 3.0, "{what}: {level} dBFS instead of {dbfs} dBFS");
}

/// A registrar, and a phone there that answers with a tone.
fn phone(codec: Codec) -> (Kamailio, Baresip) {
    let exchange = kamailio::Setup::default().user("100", "secret").user(CALLEE, "secret").start();
    let phone = Phone::new(CALLEE).registrar(exchange.address(), "secret").tone(CALLEE_HZ, DBFS).codec(codec);
    (exchange, phone.start())
}

fn wait_state(daemon: &Daemon, state: &str) -> Value {
    daemon.wait_status(state, SOON, |status| status["seats"][0]["state"] == state)
}

#[track_caller]
fn assert_recorded(daemon: &Daemon) {
    let path = daemon.recording(SOON);
    let side =
        |channel| Sound::read(&path, channel).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_tone("recorded operator", &side(0), OPERATOR_HZ, DBFS);
    assert_tone("recorded callee", &side(1), CALLEE_HZ, DBFS);
    assert!(side(1).level_at(OPERATOR_HZ) < -40.0, "the operator is heard on the callee's side");
}

/// PulseAudio, baresip and kamailio: microphone to peer, peer to earphone, measured at both ends.
#[test]
fn a_headset_talks_with_a_softphone() {
    let pulse = Pulse::start();
    let (exchange, phone) = phone(Codec::Pcmu);
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).set("codecs", "[\"PCMU\"]"))
        .seat(Seat::new("a", "main").headset())
        .pulse(&pulse)
        .start();
    daemon.wait_registered("main", SOON);
    let _voice = pulse.play(MIC_FEED, &Sound::tone(RATE, OPERATOR_HZ, DBFS, SECOND * 30));
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    let heard = pulse.record_earphone().take(SECOND * 3);
    daemon.cli(&["hangup"]);
    assert_tone("earphone", &heard, CALLEE_HZ, DBFS);
    assert_tone("softphone", &phone.heard(), OPERATOR_HZ, DBFS);
    assert_recorded(&daemon);
}

/// The same without a sound server, from file to file, in each codec.
#[test]
fn a_voice_from_a_file_in_every_codec() {
    let codecs = [(Codec::Pcmu, "PCMU"), (Codec::Pcma, "PCMA"), (Codec::G722, "G722"), (Codec::Opus, "opus")];
    for (codec, name) in codecs {
        let (exchange, phone) = phone(codec);
        let folder = tempfile::tempdir().unwrap();
        let (say, hear) = (folder.path().join("say.wav"), folder.path().join("hear.wav"));
        Sound::tone(8_000, OPERATOR_HZ, DBFS, SECOND * 20).write(&say).unwrap();
        let mut daemon = Daemon::builder()
            .account(Account::new("main", exchange.address()).set("codecs", &format!("[\"{name}\"]")))
            .seat(Seat::new("a", "main").file(&say, &hear))
            .start();
        daemon.wait_registered("main", SOON);
        daemon.cli(&["call", CALLEE]);
        wait_state(&daemon, "in_call");
        daemon.wait_status(name, SOON, |status| status["seats"][0]["call"]["codec"] == name);
        wait::pass(SECOND * 3);
        daemon.cli(&["hangup"]);
        assert_tone(name, &phone.heard(), OPERATOR_HZ, DBFS);
        assert_recorded(&daemon);
        assert!(daemon.stop().success());
        assert_tone(name, &Sound::read(&hear, 0).unwrap(), CALLEE_HZ, DBFS);
    }
}

/// The headset is pulled out in the middle of a talk: the call goes on, and so does the voice once it is back.
#[test]
fn an_unplugged_headset_does_not_end_the_call() {
    let pulse = Pulse::start();
    let (exchange, phone) = phone(Codec::Pcmu);
    let daemon = Daemon::builder()
        .account(Account::new("main", exchange.address()).set("codecs", "[\"PCMU\"]"))
        .seat(Seat::new("a", "main").headset())
        .pulse(&pulse)
        .start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    let ear = pulse.unplug(EARPHONE);
    wait::pass(SECOND * 2);
    wait_state(&daemon, "in_call");
    pulse.plug(&ear);
    pulse.pactl(&["set-default-sink", EARPHONE]);
    let heard = wait::within(Duration::from_secs(20), || {
        let sound = pulse.record_earphone().take(SECOND);
        ((sound.frequency() - CALLEE_HZ).abs() < 3.0).then_some(sound)
    });
    assert!(heard.is_some(), "the callee is heard again: {:#}", daemon.cli(&["status"]));
    daemon.cli(&["hangup"]);
    assert_eq!(phone.established(), 1);
}

/// RFC 4733: what is sent as telephone-event arrives as digits, also beside Opus, where baresip knows
/// `telephone-event/8000` only.
#[test]
fn digits_arrive() {
    for (codec, name) in [(Codec::Pcmu, "PCMU"), (Codec::Opus, "opus")] {
        let (exchange, mut phone) = phone(codec);
        let daemon = Daemon::builder()
            .account(Account::new("main", exchange.address()).set("codecs", &format!("[\"{name}\"]")))
            .start();
        daemon.wait_registered("main", SOON);
        daemon.cli(&["call", CALLEE]);
        wait_state(&daemon, "in_call");
        daemon.cli(&["dtmf", "15#"]);
        wait::until_true(&format!("the digits beside {name}"), SOON, || {
            let said = phone.process().output();
            ['1', '5', '#'].iter().all(|digit| said.contains(&format!("'{digit}'")))
        });
        daemon.cli(&["hangup"]);
    }
}

/// By INFO where the account says so; a callee who knows the plain form only gets that.
#[test]
fn digits_go_by_info() {
    let callee = Scenario::server("uas_info").start();
    let line = Account::new("main", callee.address()).unregistered().set("dtmf", "\"info\"");
    let daemon = Daemon::builder().account(line).start();
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    daemon.cli(&["dtmf", "1#"]);
    let infos = callee.wait_received("INFO", 3, SOON);
    let bodies: Vec<&str> = infos.iter().map(|info| info.body().trim()).collect();
    assert_eq!(bodies, ["Signal=1\nDuration=160", "1", "#"]);
    daemon.cli(&["hangup"]);

    // Somebody who takes none at all is told of.
    let callee = Scenario::server("uas_info").edit("200 Digit", "405 Not Here").start();
    let line = Account::new("main", callee.address()).unregistered().set("dtmf", "\"info\"");
    let daemon = Daemon::builder().account(line).start();
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    daemon.cli(&["dtmf", "1#"]);
    let failed =
        events.wait_event("refused digit", SOON, |event| event["params"]["kind"] == "call.dtmf_failed");
    assert_eq!(failed["params"]["code"], 405);
    daemon.cli(&["hangup"]);
}

/// As tones where the account says so (a ひかり電話 gateway): telephone-event is not even offered, and the callee, who
/// sends back what it hears, is heard with both frequencies of the digit (ITU-T Q.23).
#[test]
fn digits_go_as_tones() {
    let callee = Scenario::server("uas_answer").start();
    let line = Account::new("main", callee.address()).unregistered().set("preset", "\"hikari\"");
    let daemon = Daemon::builder().account(line).start();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    let offer = callee.received("INVITE").remove(0);
    assert!(!offer.body().contains("telephone-event"), "{}", offer.text);
    wait::pass(SECOND);
    daemon.cli(&["dtmf", "1111"]);
    wait::pass(SECOND);
    daemon.cli(&["hangup"]);
    let heard = Sound::read(&daemon.recording(SOON), 1).unwrap().loudest(Duration::from_millis(80));
    for hertz in [697.0, 1_209.0] {
        assert!(heard.level_at(hertz) > -25.0, "{hertz} Hz: {} dBFS", heard.level_at(hertz));
    }
}

/// Asked for telephone-event alone, a call without it takes no digits, and says so.
#[test]
fn digits_without_telephone_event_are_refused_where_nothing_else_is_wanted() {
    let callee = Scenario::server("uas_answer").edit("RTP/AVP 0 101", "RTP/AVP 0").start();
    let line = Account::new("main", callee.address()).unregistered().set("dtmf", "\"rfc4733\"");
    let daemon = Daemon::builder().account(line).start();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    assert!(callee.received("INVITE")[0].body().contains("telephone-event"));
    daemon.run(&["dtmf", "1"]).refused("E-DTMF");
    daemon.cli(&["hangup"]);
}

/// On hold nothing is sent; afterwards it goes on. RFC 3264 8.4: our offer says sendonly.
#[test]
fn hold_and_resume() {
    let callee = Scenario::server("uas_held").start();
    let daemon = Daemon::builder().account(Account::new("main", callee.address()).unregistered()).start();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hold"]);
    let offers = callee.wait_received("INVITE", 2, SOON);
    assert!(
        offers[1].body().contains("a=sendonly") || offers[1].body().contains("a=inactive"),
        "{}",
        offers[1].text
    );
    daemon.wait_status("hold", SOON, |status| status["seats"][0]["call"]["held"] == true);
    daemon.cli(&["resume"]);
    let offers = callee.wait_received("INVITE", 3, SOON);
    assert!(!offers[2].body().contains("a=sendonly") && !offers[2].body().contains("a=inactive"));
    daemon.wait_status("talk", SOON, |status| status["seats"][0]["call"]["held"] == false);
    daemon.cli(&["hangup"]);
    callee.wait_received("BYE", 1, SOON);
}

/// A proxy forked the call and both branches answered: one is kept, the other ended (RFC 3261 13.2.2.4).
#[test]
fn of_two_answers_one_is_kept() {
    let callee = Scenario::server("uas_forked").start();
    let daemon = Daemon::builder().account(Account::new("main", callee.address()).unregistered()).start();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    let byes = callee.wait_received("BYE", 1, SOON);
    assert!(byes[0].header("To").unwrap().contains("tag=two-"), "{}", byes[0].text);
    wait_state(&daemon, "in_call");
    daemon.cli(&["hangup"]);
    let byes = callee.wait_received("BYE", 2, SOON);
    assert!(byes[1].header("To").unwrap().contains("tag=one-"), "{}", byes[1].text);
}

/// SIGKILL in the middle of a talk: the recording is whole but for its last second.
#[test]
fn a_killed_daemon_keeps_the_recording() {
    let callee = Scenario::server("uas_answer_tone").start();
    let line = Account::new("main", callee.address()).unregistered();
    let mut daemon = Daemon::builder().account(line).start();
    daemon.cli(&["call", CALLEE]);
    wait_state(&daemon, "in_call");
    wait::pass(SECOND * 4);
    daemon.kill9();
    daemon.start();
    let path = daemon.recording(SOON);
    let callee_side = Sound::read(&path, 1).unwrap();
    assert!(callee_side.length() >= SECOND * 3, "{:?} of 4 s", callee_side.length());
    assert_tone("recording", &callee_side, sipp::TONE_HZ, sipp::TONE_DBFS);
    let row = daemon.wait_history(1, SOON).remove(0);
    assert_eq!(row["interrupted"], true, "{row:#}");
}
