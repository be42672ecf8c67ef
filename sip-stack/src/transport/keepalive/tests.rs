#![allow(clippy::disallowed_methods, reason = "a start instant is needed; no test waits")]

use super::*;

const POLICY: KeepAlive = KeepAlive { method: KeepAliveMethod::Auto, interval: None };

fn flow(transport: TransportKind) -> Flow {
    Flow { transport, peer: "192.0.2.1:5060".parse().unwrap() }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Lets the deadline come.
fn due(watch: &mut Watch, draw: u64) -> (Step, Instant) {
    let at = watch.deadline();
    assert_eq!(watch.handle_timeout([draw, draw], at - Duration::from_millis(1)), Step::Wait);
    (watch.handle_timeout([draw, draw], at), at)
}

/// RFC 5626 4.4.1, 4.4.2 and 4.4: 95–120 s over streams, 24–29 s over datagrams, 80–100 % of a Flow-Timer.
#[test]
fn the_interval_is_drawn_from_the_range_of_the_rfc() {
    let now = Instant::now();
    for (kind, timer, range) in [
        (TransportKind::Tcp, None, 95_000..=120_000),
        (TransportKind::Tls, None, 95_000..=120_000),
        (TransportKind::Udp, None, 24_000..=29_000),
        (TransportKind::Tls, Some(secs(60)), 48_000..=60_000),
        (TransportKind::Udp, Some(secs(20)), 16_000..=20_000),
    ] {
        let terms = Terms::of(POLICY, flow(kind), false, timer).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for draw in (0..400_000).step_by(977) {
            let wait = (Watch::new(flow(kind), terms, draw, now).deadline() - now).as_millis();
            assert!(range.contains(&wait), "{kind:?} {wait}");
            seen.insert(wait);
        }
        assert!(seen.len() > 100, "drawn by lot");
    }
}

#[test]
fn nothing_is_sent_where_nothing_is_wanted() {
    let off = KeepAlive { method: KeepAliveMethod::Off, ..POLICY };
    assert_eq!(Terms::of(off, flow(TransportKind::Tcp), true, None), None);
    let here = Flow { peer: "127.0.0.1:5060".parse().unwrap(), ..flow(TransportKind::Udp) };
    assert_eq!(Terms::of(POLICY, here, true, None), None);
    let asked = KeepAlive { method: KeepAliveMethod::Crlf, ..POLICY };
    assert!(Terms::of(asked, here, true, None).is_some());
}

/// RFC 5626 4.4.1.
#[test]
fn a_promised_pong_that_stays_away_for_ten_seconds_is_death() {
    let now = Instant::now();
    let terms = Terms::of(POLICY, flow(TransportKind::Tls), true, None).unwrap();
    let mut watch = Watch::new(flow(TransportKind::Tls), terms, 0, now);
    let (step, at) = due(&mut watch, 0);
    assert_eq!(step, Step::Send(b"\r\n\r\n".to_vec()));
    watch.pong(0, at + secs(9));
    let (step, at) = due(&mut watch, 0);
    assert_eq!(step, Step::Send(b"\r\n\r\n".to_vec()));
    assert_eq!(watch.deadline(), at + secs(10));
    assert_eq!(due(&mut watch, 0).0, Step::Dead);
}

/// A peer without RFC 5626 need not answer; one that has answered once is known to.
#[test]
fn silence_is_death_only_for_those_who_answered_before() {
    let now = Instant::now();
    let terms = Terms::of(POLICY, flow(TransportKind::Tcp), false, None).unwrap();
    let mut watch = Watch::new(flow(TransportKind::Tcp), terms, 0, now);
    for _ in 0..3 {
        assert!(matches!(due(&mut watch, 0).0, Step::Send(_)));
        assert_eq!(due(&mut watch, 0).0, Step::Wait);
    }
    let (_, at) = due(&mut watch, 0);
    watch.pong(0, at);
    assert!(matches!(due(&mut watch, 0).0, Step::Send(_)));
    assert_eq!(due(&mut watch, 0).0, Step::Dead);
}

#[test]
fn an_unasked_pong_changes_nothing() {
    let now = Instant::now();
    let terms = Terms::of(POLICY, flow(TransportKind::Tcp), false, None).unwrap();
    let mut watch = Watch::new(flow(TransportKind::Tcp), terms, 0, now);
    let before = watch.deadline();
    watch.pong(5, now + secs(1));
    assert_eq!(watch.deadline(), before);
    assert!(!watch.answers);
}

/// RFC 5389 7.2.1: seven requests at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s, given up 8 s after the last.
#[test]
fn stun_is_repeated_as_the_rfc_says() {
    let now = Instant::now();
    let terms = Terms::of(POLICY, flow(TransportKind::Udp), true, None).unwrap();
    let mut watch = Watch::new(flow(TransportKind::Udp), terms, 0, now);
    let start = watch.deadline();
    let mut at = Vec::new();
    let (mut first, mut dead) = (None, None);
    while dead.is_none() {
        match due(&mut watch, 7) {
            (Step::Send(bytes), when) => {
                assert!(stun::is_stun(&bytes));
                assert_eq!(*first.get_or_insert(bytes.clone()), bytes, "one transaction");
                at.push((when - start).as_millis());
            }
            (Step::Dead, when) => dead = Some((when - start).as_millis()),
            (Step::Wait, _) => panic!("owed"),
        }
    }
    assert_eq!(at, [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    assert_eq!(dead, Some(39_500));
}

/// RFC 5626 4.4.2: another mapped address means that the flow failed.
#[test]
fn a_changed_mapped_address_is_told_once() {
    let now = Instant::now();
    let terms = Terms::of(POLICY, flow(TransportKind::Udp), true, None).unwrap();
    let mut watch = Watch::new(flow(TransportKind::Udp), terms, 0, now);
    let mut seen = Vec::new();
    for port in [4000, 4000, 5000, 5000] {
        let (step, at) = due(&mut watch, port);
        let Step::Send(bytes) = step else { panic!() };
        let id = bytes[8..20].try_into().unwrap();
        let mapped = Some(SocketAddr::from(([203, 0, 113, 5], u16::try_from(port).unwrap())));
        let stranger = stun::BindingResponse { id: [9; 12], mapped };
        assert!(!watch.binding_response(stranger, 0, at));
        seen.push(watch.binding_response(stun::BindingResponse { id, mapped }, 0, at));
    }
    assert_eq!(seen, [false, false, true, false]);
}

#[test]
fn a_peer_without_stun_gets_empty_lines() {
    let now = Instant::now();
    let asked = KeepAlive { method: KeepAliveMethod::Stun, interval: Some(secs(20)) };
    let terms = Terms::of(asked, flow(TransportKind::Udp), false, None).unwrap();
    let mut watch = Watch::new(flow(TransportKind::Udp), terms, 0, now);
    for _ in 0..7 {
        assert!(matches!(due(&mut watch, 0).0, Step::Send(bytes) if stun::is_stun(&bytes)));
    }
    assert_eq!(due(&mut watch, 0).0, Step::Wait);
    assert_eq!(due(&mut watch, 0).0, Step::Send(b"\r\n\r\n".to_vec()));
    assert_eq!(due(&mut watch, 0).0, Step::Send(b"\r\n\r\n".to_vec()));
}
