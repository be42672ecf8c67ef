//! Who is heard, when, and who is not.

use super::*;
use crate::rtp::sender::mix;
use crate::tones::goertzel::Bin;

#[test]
fn another_ssrc_takes_over_and_the_old_one_is_not_heard_again() {
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    pair.a_says(ToneSpec::sine(400.0, -12.0));
    pair.run(1000);
    let before = pair.b.session.stats().packets_received;
    // A transfer: another sender behind the same address; the old one goes on for a while.
    let mut other = Session::new(SessionId(3), params(Codec::Pcmu, 4002), 33, pair.now()).unwrap();
    let mut tone = ToneSource::new(ToneSpec::sine(1000.0, -12.0), 8000);
    for _ in 0..50 {
        let mut pcm = [0; 160];
        tone.fill(&mut pcm);
        other.push(pair.now(), &pcm);
        let mut buf = [0; MAX_DATAGRAM];
        while let Some(transmit) = other.poll_transmit(&mut buf) {
            if transmit.channel == Channel::Rtp {
                pair.b.session.handle_rtp(pair.now(), address(4000), &buf[..transmit.length]);
            }
        }
        pair.run(20);
    }
    let stats = pair.b.session.stats();
    assert_eq!(stats.ssrc_changes, 1);
    assert!(stats.packets_received - before <= 52 && stats.foreign >= 45, "{stats:?}");
    let heard = &pair.b.heard[pair.b.heard.len() - 4000..];
    assert!(Bin::new(1000.0, 8000.0).share_of(heard) > 0.95);
}

#[test]
fn the_source_is_learned_then_pinned() {
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    // The peer is behind NAT: what it signalled is not where it sends from.
    pair.a.session = Session::new(SessionId(1), params(Codec::Pcmu, 9), 11, pair.base).unwrap();
    assert_eq!(pair.a.session.remote(), address(9));
    pair.b.says = Some(ToneSource::new(ToneSpec::sine(400.0, -12.0), 8000));
    pair.run(500);
    assert_eq!(pair.a.session.remote(), address(4002));
    // A stranger who guesses SSRC and numbers is still a stranger.
    let stray = pair.b.flying.first().map_or_else(|| vec![0x80; 172], |flying| flying.bytes.clone());
    let received = pair.a.session.stats().packets_received;
    for _ in 0..5 {
        pair.a.session.handle_rtp(pair.now(), address(6666), &stray);
    }
    let stats = pair.a.session.stats();
    assert_eq!((stats.packets_received, stats.foreign + stats.malformed), (received, 5));
    assert_eq!(pair.a.session.remote(), address(4002));
    // A re-INVITE with another address is believed, and the old one goes unheard for a moment.
    pair.a.session.update(pair.now(), params(Codec::Pcmu, 4010)).unwrap();
    assert_eq!(pair.a.session.remote(), address(4010));
    pair.run(400);
    assert_eq!(pair.a.session.remote(), address(4010));
    // A peer that announced an address it does not use is heard again after that.
    pair.run(400);
    assert_eq!(pair.a.session.remote(), address(4002));
}

#[test]
fn hold_stops_both_ways_and_resume_brings_them_back() {
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    pair.a_says(ToneSpec::sine(400.0, -12.0));
    pair.b.says = Some(ToneSource::new(ToneSpec::sine(700.0, -12.0), 8000));
    pair.answered();
    pair.run(1000);
    let held = StreamParams { send: false, receive: false, ..params(Codec::Pcmu, 4002) };
    pair.a.session.update(pair.now(), held).unwrap();
    let sent = pair.a.session.stats().packets_sent;
    pair.run(15_000);
    assert_eq!(pair.a.session.stats().packets_sent, sent);
    assert_eq!(level_dbm0(&pair.a.heard[pair.a.heard.len() - 8000..]), -90.0);
    assert_eq!(
        pair.a.has(|e| matches!(e, MediaEvent::RtpTimeout { .. })),
        0,
        "nothing is expected during hold"
    );
    assert_eq!(pair.b.has(|e| matches!(e, MediaEvent::RtpTimeout { .. })), 1);
    pair.a.session.update(pair.now(), params(Codec::Pcmu, 4002)).unwrap();
    pair.run(1000);
    assert!((level_dbm0(&pair.a.heard[pair.a.heard.len() - 4000..]) + 12.0).abs() < 0.5);
    assert!((level_dbm0(&pair.b.heard[pair.b.heard.len() - 4000..]) + 12.0).abs() < 0.5);
    assert_eq!(pair.b.has(|e| matches!(e, MediaEvent::RtpFlowing { .. })), 2);
}

#[test]
fn an_answered_peer_that_falls_silent_is_reported_once() {
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    pair.run(12_000);
    assert_eq!(pair.b.has(|e| matches!(e, MediaEvent::RtpTimeout { .. })), 0);
    pair.network.loss_percent = 100;
    pair.run(12_000);
    assert_eq!(pair.b.has(|e| matches!(e, MediaEvent::RtpTimeout { .. })), 0, "not before the answer");
    pair.answered();
    assert!(pair.b.session.poll_timeout().is_some());
    pair.run(25_000);
    assert_eq!(pair.b.has(|e| matches!(e, MediaEvent::RtpTimeout { .. })), 1);
    pair.network.loss_percent = 0;
    pair.run(500);
    assert_eq!(pair.b.has(|e| matches!(e, MediaEvent::RtpFlowing { .. })), 2);
}

#[test]
fn wild_bytes_neither_panic_nor_count_as_a_peer() {
    let mut pair = Pair::new(Codec::Opus, Network::default());
    pair.run(200);
    let mut random = 77;
    let mut buf = [0; MAX_DATAGRAM];
    for round in 0..20_000_u64 {
        random = mix(random);
        let length = (random % 200) as usize;
        let mut bytes: Vec<u8> = (0..length).map(|n| mix(random ^ n as u64) as u8).collect();
        if round % 2 == 0 && length > 12 {
            // Looks like our peer's audio, with wild numbers and payload.
            bytes[0] = 0x80;
            bytes[1] = [111, 101, 13, 200][(random >> 20) as usize % 4];
        }
        let now = pair.now();
        pair.a.session.handle_rtp(now, address(4002), &bytes);
        pair.a.session.handle_rtcp(now, address(4003), &bytes);
        if round % 20 == 0 {
            pair.run(10);
            while pair.a.session.poll_transmit(&mut buf).is_some() {}
        }
    }
    assert!(pair.a.session.stats().malformed > 1000);
}

#[test]
fn an_unspecified_address_is_not_sent_to() {
    let mut held = params(Codec::Pcmu, 4002);
    held.remote = SocketAddr::from(([0, 0, 0, 0], 4002));
    let mut session = Session::new(SessionId(1), held, 1, Instant::now()).unwrap();
    session.push(Instant::now(), &[0; 800]);
    assert_eq!(session.poll_transmit(&mut [0; MAX_DATAGRAM]), None);
}
