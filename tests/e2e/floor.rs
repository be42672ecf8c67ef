//! A floor of desk phones: one daemon, twenty seats, each with a phone of its own, all calling down one list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use e2e::daemon::{Account, Control, Daemon, Seat};
use e2e::peer::baresip::{Baresip, Phone};
use e2e::peer::sipp::Scenario;
use e2e::wav::Sound;
use e2e::{ports, wait};
use serde_json::{Value, json};

use crate::SOON;

const SECOND: Duration = Duration::from_secs(1);
const SEATS: usize = 20;
/// Rows of the list; the first are answered by somebody who waits to be hung up, so that each seat talks.
const ROWS: usize = 70;
const TALKS_FIRST: usize = 40;

/// What the phone of a seat says: no two say the same, and nothing sounds like a call-progress tone.
fn hertz(seat: usize) -> f64 {
    500.0 + 25.0 * seat as f64
}

/// Every third phone is called for each call.
fn is_per_call(seat: usize) -> bool {
    seat % 3 == 2
}

fn number(row: usize) -> String {
    // The last digit chooses the callee: 2 busy, 5 a fax, 6 hangs up.
    let ending = match row {
        0..TALKS_FIRST => 1,
        _ => [1, 2, 3, 5, 4, 6][row % 6],
    };
    format!("03123{row:04}{ending}")
}

/// Lets every seat work until its list is done: who talks hangs up after a second and more, and saves.
fn work(control: &mut Control, limit: Duration) {
    let mut talking: BTreeMap<String, Instant> = BTreeMap::new();
    let done = wait::within(limit, || {
        let status = control.call("status.get", &json!({})).expect("the status is given");
        let seats = status["seats"].as_array().expect("seats");
        for seat in seats {
            let name = seat["name"].as_str().unwrap_or_default().to_owned();
            let called = seat["call"]["number"].as_str().unwrap_or_default();
            let save = json!({ "seat": name, "status": "prospect", "next": "dial" });
            match seat["state"].as_str() {
                // The machine judges these.
                Some("wrap_up") if called.ends_with(['2', '5']) => drop(talking.remove(&name)),
                Some("wrap_up") => {
                    talking.remove(&name);
                    // The end may be on its way to the disk: then again.
                    let _ = control.call("call.save", &save);
                }
                // A fax and who hangs up end by themselves.
                Some("in_call") if !called.ends_with(['5', '6']) => {
                    let since = *talking.entry(name.clone()).or_insert_with(now);
                    if since.elapsed() > SECOND * 3 / 2 {
                        let _ = control.call("call.hangup", &json!({ "seat": name }));
                    }
                }
                _ => drop(talking.remove(&name)),
            }
        }
        seats.iter().all(|seat| seat["dial"].is_null() && seat["state"] != "wrap_up").then_some(())
    });
    assert!(
        done.is_some(),
        "the list is not done: {:#}",
        control.call("status.get", &json!({})).unwrap_or_default()
    );
}

#[expect(clippy::disallowed_methods, reason = "the test plays the operators, who have a clock")]
fn now() -> Instant {
    Instant::now()
}

#[track_caller]
fn assert_tone(what: &str, sound: &Sound, hertz: f64) {
    let found = sound.loudest(SECOND / 2).frequency();
    assert!((found - hertz).abs() < 4.0, "{what}: {found} Hz instead of {hertz} Hz in {:?}", sound.length());
}

fn start(phones: &[Baresip], exchange: std::net::SocketAddr) -> Daemon {
    let rtp = ports::run(100);
    let range = format!("\"{}-{}\"", rtp.start(), rtp.end());
    let line = Account::new("main", exchange).unregistered();
    let mut setup = Daemon::builder().account(line).set("media", "ports", &range);
    for (seat, phone) in phones.iter().enumerate() {
        let keep = if is_per_call(seat) { "per-call" } else { "up" };
        let (user, address) = (phone.user(), phone.address());
        let voice = format!(
            "{{ kind = \"phone\", address = \"sip:{user}@{address}\", keep = \"{keep}\", idle = \"music\" }}"
        );
        setup = setup.seat(Seat::new(&format!("s{seat}"), "main").set("voice", &voice));
    }
    setup.start()
}

fn path(daemon: &Daemon, row: &Value) -> PathBuf {
    let path = PathBuf::from(row["recording"]["path"].as_str().unwrap_or_else(|| panic!("{row:#}")));
    if path.is_absolute() { path } else { daemon.path("recordings").join(path) }
}

/// No number twice, each call on its own seat's phone and nobody else's, recordings of both sides, busy numbers and faxes
/// judged by the machine; the phones that are kept up were called once. Callees send back what they hear, so that each
/// channel tells whose phone it was.
#[test]
fn twenty_desk_phones_call_down_one_list() {
    let exchange = Scenario::server("uas_floor").start();
    let phones: Vec<Baresip> =
        (0..SEATS).map(|seat| Phone::new(&format!("2{seat:02}")).tone(hertz(seat), -15.0).start()).collect();
    let mut daemon = start(&phones, exchange.address());
    let rows: String = (0..ROWS).map(|row| format!("さんぷる{row},{}\n", number(row))).collect();
    daemon.import("first", format!("取引先会社名,電話番号\n{rows}"));
    let mut control = daemon.control();
    for seat in 0..SEATS {
        let params = json!({ "seat": format!("s{seat}"), "list": "first" });
        control.call("dial.start", &params).unwrap_or_else(|error| panic!("seat {seat}: {error:?}"));
    }
    work(&mut control, SECOND * 45);

    let calls = exchange.calls_by_number();
    let wanted: BTreeSet<String> = (0..ROWS).map(number).collect();
    assert_eq!(calls.keys().cloned().collect::<BTreeSet<_>>(), wanted);
    assert!(calls.values().all(|count| *count == 1), "a number was called twice: {calls:?}");

    let sealed = wait::within(SOON, || {
        let page = control.call("history.list", &json!({ "limit": 1_000 })).ok()?;
        let rows = page["rows"].as_array()?.clone();
        let open = |row: &Value| row["recording"]["state"] == "open";
        (rows.len() == ROWS && !rows.iter().any(open)).then_some(rows)
    });
    let rows = sealed.expect("every attempt and its recording has ended");
    let mut talked = BTreeSet::new();
    for row in &rows {
        let (number, seat) =
            (row["number"].as_str().unwrap_or_default(), row["seat"].as_str().unwrap_or_default());
        let seat: usize = seat.trim_start_matches('s').parse().unwrap_or_else(|_| panic!("{row:#}"));
        let judged = (row["status"].as_str(), row["set_by"].as_str());
        match number.chars().last() {
            Some('2') => assert_eq!(judged, (Some("no_contact"), Some("auto")), "{row:#}"),
            Some('5') => assert_eq!(judged, (Some("fax"), Some("auto")), "{row:#}"),
            _ => {
                assert_eq!(judged, (Some("prospect"), Some("operator")), "{row:#}");
                talked.insert(seat);
                let file = path(&daemon, row);
                let side =
                    |channel| Sound::read(&file, channel).unwrap_or_else(|error| panic!("{error}: {row:#}"));
                assert_tone(&format!("seat {seat}'s operator in {number}"), &side(0), hertz(seat));
                assert_tone(&format!("seat {seat}'s callee in {number}"), &side(1), hertz(seat));
            }
        }
    }
    assert_eq!(talked.len(), SEATS, "each seat has talked: {talked:?}");
    assert!(daemon.stop().success());
    for (seat, phone) in phones.iter().enumerate() {
        let calls = rows.iter().filter(|row| row["seat"] == format!("s{seat}")).count();
        if is_per_call(seat) {
            assert!(phone.established() >= calls, "seat {seat}: {} for {calls}", phone.established());
        } else {
            assert_eq!(phone.established(), 1, "seat {seat}'s phone is kept up");
            assert_tone(&format!("the phone of seat {seat}"), &phone.heard(), hertz(seat));
        }
    }
}
