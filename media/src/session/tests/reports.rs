//! RTCP, and what is made of it.

use super::*;

#[test]
fn reports_tell_the_round_trip_and_the_loss() {
    let mut pair = Pair::new(Codec::Pcmu, Network { delay_ms: 50, loss_percent: 3, ..Network::default() });
    pair.run(40_000);
    for side in [&pair.a, &pair.b] {
        let stats = side.session.stats();
        let rtt = stats.rtt_ms.unwrap();
        // Simulated steps of 10 ms round each way up.
        assert!((95.0..=125.0).contains(&rtt), "{rtt}");
        assert!(stats.remote_lost.unwrap() > 10);
        assert!(stats.remote_jitter_ms.unwrap() < 5.0);
    }
    pair.a.session.bye(pair.now());
    let mut buf = [0; MAX_DATAGRAM];
    let transmit = pair.a.session.poll_transmit(&mut buf).unwrap();
    assert_eq!((transmit.channel, transmit.destination), (Channel::Rtcp, address(4003)));
    let reports: Vec<_> = crate::rtcp::parse(&buf[..transmit.length]).collect();
    assert!(matches!(reports.last(), Some(crate::rtcp::Report::Bye { .. })));
}

#[test]
fn muxed_reports_share_the_port_of_the_voice() {
    let start = Instant::now();
    for rtcp_mux in [false, true] {
        let params = StreamParams { rtcp_mux, ..params(Codec::Pcmu, 4000) };
        let mut session = Session::new(SessionId(1), params, 5, start).unwrap();
        session.bye(start);
        let sent = session.poll_transmit(&mut [0; MAX_DATAGRAM]).unwrap();
        let wanted = if rtcp_mux { (Channel::Rtp, 4000) } else { (Channel::Rtcp, 4001) };
        assert_eq!((sent.channel, sent.destination.port()), wanted);
    }
}

#[test]
fn a_clean_call_scores_high_and_a_lossy_one_low() {
    let score = |loss_percent, delay_ms| {
        let mut pair = Pair::new(Codec::Pcmu, Network { delay_ms, loss_percent, ..Network::default() });
        pair.a_says(ToneSpec::sine(400.0, -12.0));
        pair.run(500);
        assert_eq!(pair.b.session.stats().mos, None, "too early to tell");
        pair.run(30_000);
        (pair.b.session.stats(), pair.a.session.stats())
    };
    let (here, there) = score(0, 20);
    assert!(here.mos.unwrap() > 4.3 && there.remote_mos.unwrap() > 4.3, "{here:?}");
    assert_eq!((here.missed, here.missed_runs), (0, 0));
    let (here, there) = score(5, 20);
    assert!((3.2..4.1).contains(&here.mos.unwrap()), "{here:?}");
    assert!((3.2..4.1).contains(&there.remote_mos.unwrap()), "{there:?}");
    assert!(here.missed > 50 && here.missed_runs > 40 && here.missed_runs <= here.missed);
    let (here, _) = score(20, 20);
    assert!(here.mos.unwrap() < 3.0, "{here:?}");
    let (here, _) = score(0, 300);
    assert!((3.0..4.0).contains(&here.mos.unwrap()), "the delay of 300 ms is felt: {here:?}");
}

#[test]
fn reports_stop_claiming_to_send_and_a_farewell_is_believed() {
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    pair.run(1000);
    let held = StreamParams { send: false, ..params(Codec::Pcmu, 4002) };
    pair.a.session.update(pair.now(), held).unwrap();
    // RFC 3550 6.4: nothing sent since the last report but one makes a receiver.
    let mut kinds = Vec::new();
    let mut buf = [0; MAX_DATAGRAM];
    for step in 0..12 {
        let now = pair.now() + Duration::from_secs(8 * step);
        pair.a.session.handle_timeout(now);
        while let Some(transmit) = pair.a.session.poll_transmit(&mut buf) {
            kinds.extend(
                crate::rtcp::parse(&buf[..transmit.length])
                    .next()
                    .map(|report| matches!(report, crate::rtcp::Report::Sender { .. })),
            );
        }
    }
    assert_eq!(kinds[..2], [true, true], "{kinds:?}");
    assert!(kinds.len() >= 6 && kinds[2..].iter().all(|sender| !sender), "{kinds:?}");

    // The farewell ends the source: one packet of it alone is not heard any more.
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    pair.run(1000);
    let before = pair.b.session.stats().packets_received;
    pair.a.session.bye(pair.now());
    let length = pair.a.session.poll_transmit(&mut buf).unwrap().length;
    pair.b.session.handle_rtcp(pair.now(), address(4001), &buf[..length]);
    pair.run(20);
    assert_eq!(pair.b.session.stats().packets_received, before, "on probation");
    pair.run(200);
    let stats = pair.b.session.stats();
    assert!(stats.packets_received >= before + 9 && stats.lost == 0, "{stats:?}");
}
