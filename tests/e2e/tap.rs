//! A supervisor listens, whispers and barges in: who hears whom, by frequency; who may; what ends it; what is told and kept.
#![expect(clippy::disallowed_methods, reason = "what is heard when is measured on the real clock")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use e2e::daemon::{Account, Daemon, Seat};
use e2e::peer::baresip::Phone;
use e2e::peer::sipp::Scenario;
use e2e::wait;
use e2e::wav::Sound;
use serde_json::Value;
use tempfile::TempDir;

use crate::SOON;

const SECOND: Duration = Duration::from_secs(1);
const CUSTOMER: &str = "0312345678";
const OPERATOR_HZ: f64 = 600.0;
const CUSTOMER_HZ: f64 = 1_000.0;
const SUPERVISOR_HZ: f64 = 1_600.0;
const DBFS: f64 = -20.0;

/// Voices that say a tone and keep what they hear.
struct Voices(TempDir);

impl Voices {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("the temporary folder is writable"))
    }

    fn seat(&self, name: &str, hertz: f64) -> Seat {
        let say = self.0.path().join(format!("{name}-says.wav"));
        Sound::tone(8_000, hertz, DBFS, SECOND * 60).write(&say).expect("the file is written");
        Seat::new(name, "main").file(&say, &self.file(name))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}-hears.wav"))
    }

    /// What was heard at a seat; to be asked once the daemon has ended.
    fn heard(&self, name: &str) -> Sound {
        Sound::read(&self.file(name), 0).expect("it was heard")
    }
}

/// Stages of a call, two seconds each, and when it ended.
struct Stages {
    middles: Vec<Instant>,
    end: Instant,
}

impl Stages {
    /// Whether a tone sounds in most of the second in the middle of each stage, in something heard until the end.
    fn of(&self, heard: &Sound, hertz: f64) -> Vec<bool> {
        let piece = SECOND / 10;
        let sounds = |middle: &Instant| {
            let from = heard.length().saturating_sub(self.end - *middle + SECOND / 2);
            // Whole pieces, so that a single slip of the phase does not spoil the second.
            let level = |n: u32| heard.slice(from + piece * n, piece).level_at(hertz);
            let mut levels: Vec<f64> = (0..10).map(level).collect();
            levels.sort_by(f64::total_cmp);
            let level = levels[5];
            assert!(!(-45.0..-30.0).contains(&level), "neither there nor not: {level} dBFS at {hertz} Hz");
            level > -30.0
        };
        self.middles.iter().map(sounds).collect()
    }
}

fn stage(middles: &mut Vec<Instant>, act: impl FnOnce()) {
    act();
    wait::pass(SECOND);
    middles.push(Instant::now());
    wait::pass(SECOND);
}

fn wait_seat(daemon: &Daemon, seat: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let of = |status: &Value| {
        let seats = status["seats"].as_array().expect("seats");
        seats.iter().find(|row| row["name"] == seat).cloned().unwrap_or_default()
    };
    of(&daemon.wait_status(what, SOON, |status| wanted(&of(status))))
}

fn wait_state(daemon: &Daemon, seat: &str, state: &str) -> Value {
    wait_seat(daemon, seat, state, |row| row["state"] == state)
}

/// Rows of the audit log about taps, oldest first: action, and what the detail says under `field`.
fn audited(daemon: &Daemon, field: &str) -> Vec<(String, Value)> {
    let log = daemon.cli(&["audit", "--action", "tap."]);
    let rows = log["rows"].as_array().expect("rows").iter().rev();
    rows.map(|row| (row["action"].as_str().unwrap_or_default().to_owned(), row["detail"][field].clone()))
        .collect()
}

/// The operator hears who whispers, the callee only who barges in, the supervisor both sides without a gap; the recording holds
/// what the callee could hear, and nothing of a whisper.
#[test]
fn a_supervisor_listens_whispers_and_barges_in() {
    let customer = Phone::new(CUSTOMER).tone(CUSTOMER_HZ, DBFS).start();
    let voices = Voices::new();
    let mut daemon = Daemon::builder()
        .account(Account::new("main", customer.address()).unregistered())
        .seat(voices.seat("a", OPERATOR_HZ))
        .seat(voices.seat("sv", SUPERVISOR_HZ))
        .start();
    let mut events = daemon.control();
    events.subscribe(None).unwrap();
    daemon.cli(&["call", CUSTOMER, "--seat", "a"]);
    wait_state(&daemon, "a", "in_call");

    let mut middles = Vec::new();
    stage(&mut middles, || {});
    for verb in ["listen", "whisper", "barge", "listen"] {
        stage(&mut middles, || {
            let seat = daemon.cli(&[verb, "a", "--seat", "sv"]);
            assert_eq!((&seat["tap"]["seat"], &seat["tap"]["mode"]), (&"a".into(), &verb.into()));
        });
    }
    let seat = wait_seat(&daemon, "a", "the tap", |seat| !seat["taps"].is_null());
    assert_eq!((&seat["taps"][0]["by"], &seat["taps"][0]["mode"]), (&"sv".into(), &"listen".into()));
    let shown = daemon.text(&["status", "--lang", "ja"]);
    assert!(shown.contains("(モニタリング ← sv)") && shown.contains("(モニタリング → a)"), "{shown}");
    let ended_tap = Instant::now();
    let seat = daemon.cli(&["untap", "--seat", "sv"]);
    assert!(seat["tap"].is_null(), "{seat:#}");
    stage(&mut middles, || {});
    let end = Instant::now();
    daemon.cli(&["hangup", "--seat", "a"]);
    wait_state(&daemon, "a", "wrap_up");
    let stages = Stages { middles, end };

    let by_customer = customer.heard();
    assert_eq!(stages.of(&by_customer, OPERATOR_HZ), [true; 6]);
    let barged = [false, false, false, true, false, false];
    assert_eq!(
        stages.of(&by_customer, SUPERVISOR_HZ),
        barged,
        "the callee hears who barges in, and no whisper"
    );
    let path = daemon.recording(SOON);
    let [left, right] = [0, 1].map(|channel| Sound::read(&path, channel).unwrap());
    assert_eq!(stages.of(&left, OPERATOR_HZ), [true; 6]);
    assert_eq!(stages.of(&left, SUPERVISOR_HZ), barged, "operator's channel: what the callee could hear");
    assert_eq!(stages.of(&right, CUSTOMER_HZ), [true; 6]);
    assert_eq!(stages.of(&right, SUPERVISOR_HZ), [false; 6], "callee's channel");

    for (kind, mode, before) in [
        ("tap.started", "listen", Value::Null),
        ("tap.changed", "whisper", "listen".into()),
        ("tap.changed", "barge", "whisper".into()),
        ("tap.changed", "listen", "barge".into()),
    ] {
        let event = events.wait_event(kind, SOON, |event| event["params"]["kind"] == kind);
        let told = &event["params"];
        assert_eq!((&told["mode"], &told["before"]), (&mode.into(), &before), "{told:#}");
        assert_eq!(
            (&told["seat"], &told["by"], &told["operator"]),
            (&"a".into(), &"sv".into(), &"sv".into())
        );
        assert!(told["attempt"].is_string(), "{told:#}");
    }
    let event = events.wait_event("the end", SOON, |event| event["params"]["kind"] == "tap.ended");
    assert_eq!(event["params"]["reason"], "client");
    let log = audited(&daemon, "mode");
    let rows: Vec<_> = log.iter().map(|(action, mode)| (action.as_str(), mode.as_str().unwrap())).collect();
    assert_eq!(
        rows,
        [
            ("tap.start", "listen"),
            ("tap.call", "listen"),
            ("tap.mode", "whisper"),
            ("tap.mode", "barge"),
            ("tap.mode", "listen"),
            ("tap.end", "listen")
        ]
    );

    assert!(daemon.stop().success());
    let by_operator = voices.heard("a");
    assert_eq!(stages.of(&by_operator, CUSTOMER_HZ), [true; 6]);
    assert_eq!(stages.of(&by_operator, SUPERVISOR_HZ), [false, false, true, true, false, false]);
    // The supervisor's ear is open from the first `listen` to the end of it: no gap at any change of mode.
    let by_supervisor = voices.heard("sv");
    let tapped = ended_tap - (stages.middles[1] - SECOND);
    assert!(by_supervisor.length() + SECOND > tapped, "{:?} of {tapped:?}", by_supervisor.length());
    let piece = Duration::from_millis(40);
    let pieces = (by_supervisor.length().as_millis() / piece.as_millis()) as u32;
    let mut gaps = Vec::new();
    for at in 10..pieces - 10 {
        let heard = by_supervisor.slice(piece * at, piece);
        let levels = [OPERATOR_HZ, CUSTOMER_HZ, SUPERVISOR_HZ].map(|hertz| heard.level_at(hertz));
        assert!(levels[2] < -40.0, "the supervisor hears himself after {:?}: {levels:?}", piece * at);
        if levels[0] < -26.0 || levels[1] < -26.0 {
            gaps.push((piece * at, levels));
        }
    }
    // A tap that began anew would be silent for 40 ms at each of three changes; a busy machine may be late once.
    assert!(gaps.len() <= 2, "{gaps:?}");
}

/// By a desk phone, which is called for it: over two calls of the operator, until the phone is hung up.
#[test]
fn a_supervisor_s_desk_phone_follows_the_operator_until_it_is_hung_up() {
    let customer = Phone::new(CUSTOMER).tone(CUSTOMER_HZ, DBFS).start();
    let desk = Phone::new("201").tone(SUPERVISOR_HZ, DBFS).start();
    let voices = Voices::new();
    let phone = |keep| format!("{{ kind = \"phone\", address = \"sip:201@{}\"{keep} }}", desk.address());
    for (round, keep) in [", keep = \"per-call\"", ""].into_iter().enumerate() {
        let daemon = Daemon::builder()
            .account(Account::new("main", customer.address()).unregistered())
            .seat(voices.seat("a", OPERATOR_HZ))
            .seat(Seat::new("sv", "main").set("voice", &phone(keep)))
            .set("people", "tap_notice", "\"tone\"")
            .start();
        let mut events = daemon.control();
        events.subscribe(None).unwrap();
        // Before there is a call: the phone is called, and nothing is heard yet.
        daemon.cli(&["whisper", "a", "--seat", "sv"]);
        desk.wait_established(round + 1, SOON);
        let mut middles = Vec::new();
        for _ in 0..2 {
            daemon.cli(&["call", CUSTOMER, "--seat", "a"]);
            wait_state(&daemon, "a", "in_call");
            stage(&mut middles, || {});
            daemon.cli(&["hangup", "--seat", "a"]);
            wait_state(&daemon, "a", "wrap_up");
            daemon.cli(&["save", "--status", "見込", "--next", "dial", "--seat", "a"]);
            wait::pass(SECOND);
        }
        daemon.cli(&["call", CUSTOMER, "--seat", "a"]);
        wait_state(&daemon, "a", "in_call");
        stage(&mut middles, || {});
        let end = Instant::now();
        desk.hangup();
        let event = events.wait_event("the end", SOON, |event| event["params"]["kind"] == "tap.ended");
        assert_eq!(event["params"]["reason"], "hangup");
        wait::pass(SECOND);
        assert_eq!(wait_state(&daemon, "a", "in_call")["taps"], Value::Null, "the operator's call goes on");
        let by_supervisor = desk.heard();
        let stages = Stages { middles, end };
        for hertz in [OPERATOR_HZ, CUSTOMER_HZ] {
            assert_eq!(stages.of(&by_supervisor, hertz), [true; 3], "{hertz} Hz");
        }
        assert!(!desk.in_call(), "who hung up is not called again");
        let calls: Vec<_> =
            audited(&daemon, "seat").into_iter().filter(|(action, _)| action == "tap.call").collect();
        assert_eq!(calls.len(), 3, "each call that was heard: {calls:?}");
        // The operator was told by a tone, once, and heard the whisper.
        drop(daemon);
        let by_operator = voices.heard("a");
        let frames = by_operator.samples.chunks_exact(160);
        let tones = frames
            .filter(|frame| Sound { rate: 8_000, samples: frame.to_vec() }.level_at(1_400.0) > -32.0)
            .count();
        assert!((8..=14).contains(&tones), "{tones} frames of 20 ms with the notice");
        assert!(by_operator.loudest(SECOND).level_at(SUPERVISOR_HZ) > -30.0, "no whisper");
    }
}

/// A Unix user that nobody is.
const OPERATOR: u32 = 64_001;
const SUPERVISOR: u32 = 64_002;

/// S4.2: SV and MGR, nobody else; not oneself, not from within a call; and a call of one's own, another seat, a lost role and the
/// daemon's end end it.
#[test]
fn who_may_tap_and_what_ends_it() {
    let callee = Scenario::server("uas_answer_tone").start();
    let mut daemon = Daemon::builder()
        .account(Account::new("main", callee.address()).unregistered())
        .seat(Seat::new("a", "main").set("uid", &OPERATOR.to_string()))
        .seat(Seat::new("b", "main"))
        .seat(Seat::new("sv", "main").set("uid", &SUPERVISOR.to_string()))
        .set("people", "tap_notice", "\"none\"")
        .start();
    daemon.cli(&["user", "role", "sv", "SV"]);
    let operator = |arguments: &[&str]| daemon.run_as(OPERATOR, arguments);
    let supervisor = |arguments: &[&str]| daemon.run_as(SUPERVISOR, arguments);
    let mut events = daemon.control();
    let since = events.subscribe(None).unwrap()["seq"].to_string();
    let mut ended = |reason: &str| {
        let event = events.wait_event(reason, SOON, |event| event["params"]["kind"] == "tap.ended");
        assert_eq!(event["params"]["reason"], reason, "{event:#}");
    };
    for verb in ["listen", "whisper", "barge"] {
        operator(&[verb, "b"]).refused("E-PERMISSION");
    }
    operator(&["untap"]).refused("E-PERMISSION");
    supervisor(&["listen", "sv"]).refused("E-TAP-OWN");
    supervisor(&["listen", "nobody"]).refused("E-SEAT-UNKNOWN");
    supervisor(&["listen"]).refused("E-NO-TAP");
    supervisor(&["untap"]).refused("E-NO-TAP");
    supervisor(&["listen", "b", "--seat", "a"]).refused("E-PERMISSION");

    operator(&["call", CUSTOMER]).success();
    wait_state(&daemon, "a", "in_call");
    supervisor(&["listen", "a"]).success();
    // Quiet for those who may not listen themselves, and for them only.
    let seen = |outcome: e2e::daemon::Outcome| {
        let status = outcome.success();
        (!status["seats"][0]["taps"].is_null(), !status["seats"][2]["tap"].is_null())
    };
    assert_eq!(seen(operator(&["status"])), (false, false));
    assert_eq!(seen(supervisor(&["status"])), (true, true));
    assert!(operator(&["mute"]).success()["taps"].is_null());
    let next =
        ["events", "--since", since.as_str(), "--kind", "tap.", "--kind", "call.muted", "--count", "1"];
    assert_eq!(operator(&next).success()["kind"], "call.muted");
    assert_eq!(supervisor(&next).success()["kind"], "tap.started");

    // Another mode of the same seat needs no name; another seat ends the one before.
    assert_eq!(supervisor(&["barge"]).success()["tap"]["mode"], "barge");
    supervisor(&["listen", "b"]).success();
    ended("moved");
    supervisor(&["hangup"]).success();
    ended("hangup");
    supervisor(&["listen", "a"]).success();
    supervisor(&["call", "0312340002"]).success();
    ended("call");
    wait_state(&daemon, "sv", "in_call");
    supervisor(&["listen", "a"]).refused("E-CALL-BUSY");
    supervisor(&["hangup"]).success();
    wait_state(&daemon, "sv", "wrap_up");
    supervisor(&["listen", "a"]).success();
    daemon.cli(&["user", "role", "sv", "OP"]);
    ended("permission");
    // A manager may from any seat, and a stop is an end that is kept.
    daemon.cli(&["whisper", "a", "--seat", "b"]);
    assert!(daemon.stop().success());
    daemon.start();
    let log = audited(&daemon, "reason");
    let reasons: Vec<_> = log.iter().filter_map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons, ["moved", "hangup", "call", "permission", "shutdown"]);
    let log = daemon.cli(&["audit", "--action", "tap.start"]);
    assert_eq!((&log["rows"][0]["uid"], &log["rows"][1]["uid"]), (&0.into(), &SUPERVISOR.into()), "{log:#}");
}

/// Four at one seat; a fifth is refused and not heard.
#[test]
fn four_supervisors_listen_to_one_seat() {
    let callee = Scenario::server("uas_answer_tone").start();
    let mut setup = Daemon::builder().account(Account::new("main", callee.address()).unregistered());
    for name in ["a", "b", "c", "d", "e", "f"] {
        setup = setup.seat(Seat::new(name, "main"));
    }
    let daemon = setup.start();
    for name in ["b", "c", "d", "e"] {
        daemon.cli(&["listen", "a", "--seat", name]);
    }
    daemon.run(&["listen", "a", "--seat", "f"]).refused("E-TAP-FULL");
    daemon.cli(&["untap", "--seat", "c"]);
    daemon.cli(&["listen", "a", "--seat", "f"]);
    let seat =
        wait_seat(&daemon, "a", "four", |seat| seat["taps"].as_array().is_some_and(|taps| taps.len() == 4));
    let by: Vec<_> = seat["taps"].as_array().unwrap().iter().map(|tap| tap["by"].as_str().unwrap()).collect();
    assert_eq!(by, ["b", "d", "e", "f"]);
}
