//! Encrypted voice (RFC 3711, 4568, 5763) with baresip, and what is on the wire. The tests that look at it run once more in a
//! network of their own.

use std::time::Duration;

use e2e::daemon::{Account, Daemon};
use e2e::peer::baresip::{Baresip, Phone};
use e2e::peer::kamailio::{self, Kamailio};
use e2e::wait;
use e2e::wire::{Datagram, Wire, entropy, rtp_payload};
use serde_json::Value;

use crate::SOON;
use crate::media::{Operator, halves_with_tone, wait_state};
use crate::moved::{INSIDE, ip, run_inside};

const SECOND: Duration = Duration::from_secs(1);
const CALLEE: &str = "0312345678";
const CALLEE_HZ: f64 = 1_000.0;
const DBFS: f64 = -15.0;
/// Static payload type of the only codec that the phone has.
const PCMU: u8 = 0;

/// Kamailio between the daemon and a baresip with that encryption.
struct Office {
    _exchange: Kamailio,
    phone: Baresip,
    daemon: Daemon,
    operator: Operator,
}

/// `encryption` is baresip's word; `keys` are lines of the daemon's account.
fn office(encryption: Option<&'static str>, keys: &[(&str, &str)]) -> Office {
    office_with(|phone| encryption.into_iter().fold(phone, Phone::encryption), keys)
}

/// The same with a phone as `made`.
fn office_with(made: impl FnOnce(Phone) -> Phone, keys: &[(&str, &str)]) -> Office {
    let exchange = kamailio::Setup::default().user("100", "secret").user(CALLEE, "secret").start();
    let phone = Phone::new(CALLEE).registrar(exchange.address(), "secret").tone(CALLEE_HZ, DBFS);
    let phone = made(phone).start();
    let operator = Operator::new();
    let account = Account::new("main", exchange.address());
    let account =
        keys.iter().fold(account, |account, (key, value)| account.set(key, &format!("\"{value}\"")));
    let daemon = Daemon::builder().account(account).seat(operator.seat()).start();
    daemon.wait_registered("main", SOON);
    daemon.cli(&["ready"]);
    Office { _exchange: exchange, phone, daemon, operator }
}

/// A call by one of the two, until they talk.
fn begin(phone: &Baresip, daemon: &Daemon, incoming: bool) {
    if incoming {
        phone.dial("100");
        wait_state(daemon, "ringing");
        daemon.cli(&["answer"]);
    } else {
        daemon.cli(&["call", CALLEE]);
    }
    wait_state(daemon, "in_call");
}

/// A call of two seconds either way, heard on both sides. What was on the wire, and what the status said of encryption.
fn talk(office: &mut Office, wire: &Wire, incoming: bool, what: &str) -> (Vec<Datagram>, Option<String>) {
    let Office { phone, daemon, operator, .. } = office;
    wire.take();
    begin(phone, daemon, incoming);
    let status = daemon
        .wait_status(what, SOON, |status| status["seats"][0]["call"]["quality"]["mos"].as_f64().is_some());
    wait::pass(SECOND * 2);
    daemon.cli(&["hangup"]);
    let seen = wire.take();
    let row = daemon.wait_history(1, SOON).remove(0);
    assert_eq!(row["secure"], status["seats"][0]["call"]["secure"], "{what}");
    // baresip 1.0.0 sends its first packet before it has taken over the keys.
    assert!(row["quality"]["refused"].as_u64().unwrap_or(0) <= 2, "{what}: {row:#}");
    assert!(halves_with_tone(&phone.heard()) >= 2, "{what}: the phone hears the operator");
    assert!(daemon.stop().success(), "{what}");
    let heard = operator.heard().loudest(SECOND / 2);
    assert!(
        (heard.frequency() - CALLEE_HZ).abs() < 3.0,
        "{what}: the operator hears {} Hz",
        heard.frequency()
    );
    (seen, row["secure"].as_str().map(str::to_owned))
}

/// Bits per byte of voice, the lower of the two directions.
fn noise(seen: &[Datagram]) -> f64 {
    let streams = rtp_payload(seen, PCMU);
    assert_eq!(streams.len(), 2, "both ways");
    assert!(streams.values().all(|stream| stream.len() > 8_000), "a second of each");
    streams.values().map(|stream| entropy(stream)).fold(8.0, f64::min)
}

/// The keys in messages that went by.
fn keys(seen: &[Datagram]) -> Vec<String> {
    let texts = seen.iter().map(|datagram| String::from_utf8_lossy(&datagram.bytes).into_owned());
    let mut found: Vec<String> = texts
        .flat_map(|text| {
            let after: Vec<String> = text.split("inline:").skip(1).map(str::to_owned).collect();
            after
        })
        .map(|rest| rest.split([' ', '\r', '|']).next().unwrap_or_default().to_owned())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Under keys of the signalling, called and calling. No key is in log, trace, capture or database.
#[test]
fn sdes_voice_is_noise_on_the_wire_with_baresip() {
    if std::env::var_os(INSIDE).is_none() {
        return run_inside("srtp::sdes_voice_is_noise_on_the_wire_with_baresip");
    }
    ip("link set lo up");
    let wire = Wire::tap();
    // The measure itself: a tone in the clear is far from noise.
    let (seen, secure) = talk(&mut office(None, &[]), &wire, false, "in the clear");
    assert_eq!(secure, None);
    let clear = noise(&seen);
    assert!(clear < 6.0, "{clear} bits per byte");
    for (word, srtp) in [("srtp", "optional"), ("srtp-mand", "required"), ("srtp-mandf", "optional")] {
        for incoming in [false, true] {
            if word == "srtp-mandf" && !incoming {
                // It takes no RTP/AVP then, which is what we offer with "optional".
                continue;
            }
            let what = format!("baresip {word}, we {srtp}, incoming {incoming}");
            let mut office = office(Some(word), &[("srtp", srtp)]);
            let (seen, secure) = talk(&mut office, &wire, incoming, &what);
            assert_eq!(secure.as_deref(), Some("sdes AES_CM_128_HMAC_SHA1_80"), "{what}");
            let bits = noise(&seen);
            assert!(bits > 7.9, "{what}: {bits} bits per byte");
            let keys = keys(&seen);
            assert!(keys.len() >= 2, "{what}");
            let log = office.daemon.log();
            assert!(keys.iter().all(|key| !log.contains(key.as_str())), "{what}: a key is in the log");
            let database = std::fs::read(office.daemon.path("state/kakeru.db")).unwrap_or_default();
            let database = String::from_utf8_lossy(&database).into_owned();
            assert!(keys.iter().all(|key| !database.contains(key.as_str())), "{what}: a key is on disk");
        }
    }
}

/// Keys are in no trace, masked or not, and in no capture.
#[test]
fn keys_stay_out_of_traces_and_captures() {
    if std::env::var_os(INSIDE).is_none() {
        return run_inside("srtp::keys_stay_out_of_traces_and_captures");
    }
    ip("link set lo up");
    let wire = Wire::tap();
    let Office { daemon, .. } = &office(Some("srtp-mand"), &[("srtp", "required")]);
    daemon.cli(&["call", CALLEE]);
    wait_state(daemon, "in_call");
    let keys = keys(&wire.take());
    assert!(keys.len() >= 2, "{keys:?}");
    let capture = daemon.path("call.pcap");
    let file = capture.display().to_string();
    let masked = daemon.text(&["trace", "--full"]);
    let whole = daemon.text(&["trace", "--full", "--unmasked"]);
    daemon.text(&["trace", "--unmasked", "--pcap", &file]);
    let capture = String::from_utf8_lossy(&std::fs::read(capture).unwrap()).into_owned();
    for text in [&masked, &whole, &capture] {
        assert!(text.contains("AES_CM_128_HMAC_SHA1_80 inline:"), "{text}");
        assert!(keys.iter().all(|key| !text.contains(key.as_str())), "a key is shown:\n{text}");
    }
    daemon.cli(&["hangup"]);
}

/// Under keys of a handshake on the RTP port, called and calling: baresip is client and server in turn.
#[test]
fn dtls_voice_is_noise_on_the_wire_with_baresip() {
    if std::env::var_os(INSIDE).is_none() {
        return run_inside("srtp::dtls_voice_is_noise_on_the_wire_with_baresip");
    }
    ip("link set lo up");
    let wire = Wire::tap();
    for srtp in ["required", "optional"] {
        for incoming in [false, true] {
            if srtp == "optional" && !incoming {
                // It takes no RTP/AVP then, which is what we offer with "optional".
                continue;
            }
            let what = format!("we {srtp}, incoming {incoming}");
            let keying = [("srtp", srtp), ("srtp_keying", "dtls")];
            let mut office = office_with(|phone| phone.encryption("dtls_srtp").rtcp_mux(), &keying);
            let (seen, secure) = talk(&mut office, &wire, incoming, &what);
            let secure = secure.unwrap_or_default();
            assert!(secure.starts_with("dtls A"), "{what}: {secure}");
            let bits = noise(&seen);
            assert!(bits > 7.9, "{what}: {bits} bits per byte");
            let handshake = seen.iter().filter(|datagram| datagram.bytes.first() == Some(&22)).count();
            assert!(handshake >= 3, "{what}: {handshake} datagrams of a handshake");
            assert_eq!(keys(&seen), Vec::<String>::new(), "{what}: no key in the signalling");
        }
    }
}

/// RTCP datagrams that name their sender where anybody can read it: sixteen hexadecimal digits are our CNAME, a SIP URI is baresip's.
fn reports(seen: &[Datagram]) -> (usize, usize) {
    let is_report = |one: &&Datagram| {
        one.bytes.len() >= 8 && one.bytes[0] >> 6 == 2 && (200..=207).contains(&one.bytes[1])
    };
    let names = |one: &&Datagram| {
        one.bytes.windows(16).any(|name| name.iter().all(u8::is_ascii_hexdigit))
            || one.bytes.windows(4).any(|name| name == b"sip:")
    };
    let reports: Vec<&Datagram> = seen.iter().filter(is_report).collect();
    (reports.len(), reports.into_iter().filter(names).count())
}

/// RFC 5764 4.1.2, called and calling: without rtcp-mux there is a second handshake, on the port of RTCP, and reports go and come
/// there, encrypted.
#[test]
fn without_rtcp_mux_reports_have_a_handshake_of_their_own() {
    if std::env::var_os(INSIDE).is_none() {
        return run_inside("srtp::without_rtcp_mux_reports_have_a_handshake_of_their_own");
    }
    ip("link set lo up");
    let wire = Wire::tap();
    for encrypted in [false, true] {
        for incoming in [false, true] {
            let what = format!("encrypted {encrypted}, incoming {incoming}");
            let keying = [("srtp", "required"), ("srtp_keying", "dtls")];
            let Office { phone, daemon, .. } = &match encrypted {
                true => office(Some("dtls_srtp"), &keying),
                false => office(None, &[]),
            };
            wire.take();
            begin(phone, daemon, incoming);
            // Known from a report of baresip that answers one of ours.
            let status = daemon.wait_status(&what, SOON * 2, |status| {
                status["seats"][0]["call"]["quality"]["rtt_ms"].as_f64().is_some()
            });
            let seen = wire.take();
            daemon.cli(&["hangup"]);
            let (reports, readable) = reports(&seen);
            assert!(reports >= 2, "{what}: {reports}");
            let mut ports: Vec<u16> =
                seen.iter().filter(|one| one.bytes.first() == Some(&22)).map(|one| one.to.port()).collect();
            ports.sort_unstable();
            ports.dedup();
            if !encrypted {
                assert!(
                    readable >= 2 && ports.is_empty(),
                    "{what}: the measure itself, {readable} {ports:?}"
                );
                continue;
            }
            assert_eq!((readable, ports.len()), (0, 4), "{what}: handshakes at {ports:?}");
            let row = daemon.wait_history(1, SOON).remove(0);
            assert_eq!(row["secure"], status["seats"][0]["call"]["secure"], "{what}");
            assert!(row["quality"]["refused"].as_u64().unwrap_or(0) <= 2, "{what}: {row:#}");
        }
    }
}

/// Where encryption is required nothing goes in the clear either way, and people are told what to do about it.
#[test]
fn a_phone_without_srtp_is_refused_where_it_is_required() {
    for keying in ["sdes", "dtls"] {
        let Office { phone, daemon, .. } = &office(None, &[("srtp", "required"), ("srtp_keying", keying)]);
        phone.dial("100");
        let row = daemon.wait_history(1, SOON).remove(0);
        assert_eq!(row["origin"], "incoming", "{row:#}");
        assert_eq!(
            (&row["trouble"], &row["sip_code"], &row["answered_at"]),
            (&"E-SRTP".into(), &488.into(), &Value::Null)
        );
        daemon.wait_status("over", SOON, |status| status["seats"][0]["state"] != "ringing");
        daemon.cli(&["call", CALLEE]);
        let rows = daemon.wait_history(2, SOON);
        let row = rows.iter().find(|row| row["origin"] != "incoming").unwrap_or_else(|| panic!("{rows:#?}"));
        assert_eq!((&row["trouble"], &row["answered_at"]), (&"E-SRTP".into(), &Value::Null), "{row:#}");
        let said = daemon.text(&["--lang", "en", "history"]);
        assert!(said.contains("E-SRTP") && said.contains("Switch SRTP on at the exchange"), "{said}");
        let said = daemon.text(&["--lang", "ja", "history"]);
        assert!(said.contains("E-SRTP") && said.contains("SRTPを有効に"), "{said}");
        assert_eq!(phone.established(), 0);
    }
}

/// Where it is optional, a phone without it is talked to in the clear.
#[test]
fn a_phone_without_srtp_is_called_where_it_is_optional() {
    for keying in ["sdes", "dtls"] {
        let Office { phone, daemon, .. } = &office(None, &[("srtp", "optional"), ("srtp_keying", keying)]);
        daemon.cli(&["call", CALLEE]);
        let status = wait_state(daemon, "in_call");
        assert_eq!(status["seats"][0]["call"].get("secure"), None);
        daemon.cli(&["hangup"]);
        assert_eq!(phone.established(), 1);
    }
}
