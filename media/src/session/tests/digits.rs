//! Digits, as events and as tones.

use super::*;
use crate::tones::goertzel::Bin;

#[test]
fn digits_arrive_once_each_through_loss_and_doubles() {
    let network = Network { delay_ms: 20, jitter_ms: 25, loss_percent: 10, duplicate_percent: 10 };
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let mut pair = Pair::new(codec, network);
        pair.a_says(ToneSpec::sine(300.0, -20.0));
        pair.run(500);
        assert_eq!(pair.a.session.send_dtmf("0120-444#*A"), 10);
        assert!(pair.a.session.is_sending_dtmf());
        pair.run(3500);
        assert!(!pair.a.session.is_sending_dtmf());
        assert_eq!(pair.b.digits(), "0120444#*A", "{codec:?}");
        // The voice is back, and events were no losses.
        let rate = codec.sample_rate() as usize;
        assert!((level_dbm0(&pair.b.heard[pair.b.heard.len() - rate / 2..]) + 20.0).abs() < 2.0);
    }
}

/// Without telephone-event the peer's tones are its digits, once each; with it, tones in the voice are none.
#[test]
fn digits_are_heard_as_tones_where_no_event_was_agreed_on() {
    for (agreed, expected) in [(None, "0120#A"), (Some(101), "")] {
        for codec in [Codec::Pcma, Codec::G722] {
            let (mut a, mut b) = (params(codec, 4002), params(codec, 4000));
            a.dtmf_payload_type = None;
            b.dtmf_receive_payload_type = agreed;
            let mut pair = Pair::with(a, b, Network { delay_ms: 30, jitter_ms: 15, ..Network::default() });
            pair.run(500);
            pair.a.session.send_dtmf("0120#A");
            pair.run(1_500);
            let heard: String = pair.b.events.iter().filter_map(key).collect();
            assert_eq!(heard, expected, "{codec:?} {agreed:?}");
        }
    }
}

fn key(event: &MediaEvent) -> Option<char> {
    match event {
        MediaEvent::Dtmf { digit, .. } => Some(*digit),
        _ => None,
    }
}

/// What comes back of our own digits is not the peer's.
#[test]
fn the_echo_of_our_digits_is_no_digit() {
    let plain = |remote| StreamParams {
        dtmf_payload_type: None,
        dtmf_receive_payload_type: None,
        ..params(Codec::Pcmu, remote)
    };
    let mut pair = Pair::with(plain(4002), plain(4000), Network { delay_ms: 40, ..Network::default() });
    pair.run(300);
    // Both press at once: each hears the other's, as it would its own echo.
    pair.a.session.send_dtmf("15");
    pair.b.session.send_dtmf("15");
    pair.run(1_200);
    assert!(!pair.a.events.iter().any(|event| key(event).is_some()), "{:?}", pair.a.events);
    pair.b.session.send_dtmf("7");
    pair.run(800);
    assert_eq!(pair.a.events.iter().filter_map(key).collect::<String>(), "7");
}

#[test]
fn without_telephone_event_digits_are_tones() {
    let mut a = params(Codec::Pcma, 4002);
    a.dtmf_payload_type = None;
    let mut pair = Pair::with(a, params(Codec::Pcma, 4000), Network::default());
    pair.run(500);
    pair.a.session.send_dtmf("5");
    pair.run(500);
    let start = pair.b.heard.iter().position(|sample| sample.abs() > 500).unwrap();
    let digit = &pair.b.heard[start + 80..start + 720];
    for hz in [770.0, 1336.0] {
        let share = Bin::new(hz, 8000.0).share_of(digit);
        assert!((share - 0.5).abs() < 0.06, "{hz}: {share}");
    }
    assert!(pair.b.digits().is_empty());
}
