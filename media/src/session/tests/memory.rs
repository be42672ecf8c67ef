//! What a call holds in memory: a box has hundreds of them.

use super::*;
use crate::recorder::track;

/// Bytes on the heap that `make` leaves, with what it made.
fn held<T>(make: impl FnOnce() -> T) -> (usize, T) {
    let mut made = None;
    let report = allocation_counter::measure(|| made = Some(make()));
    (report.bytes_current as usize, made.unwrap())
}

#[test]
fn a_recorded_call_holds_little() {
    let now = Instant::now();
    let mut pair = Pair::new(Codec::Pcmu, Network { jitter_ms: 20, ..Network::default() });
    pair.a_says(ToneSpec::sine(400.0, -12.0));
    // What a says in twenty seconds.
    let mut packets = Vec::new();
    for _ in 0..1_000 {
        let now = pair.now();
        // 10 ms each.
        for _ in 0..2 {
            pair.a.speak(now, &mut pair.b, &pair.network, &mut pair.random, pair.ms);
        }
        pair.ms += 20;
        packets.extend(pair.b.flying.drain(..).filter(|packet| packet.channel == Channel::Rtp));
    }
    let (bytes, session) = held(|| {
        let mut session = Session::new(SessionId(2), params(Codec::Pcmu, 4_000), 3, now).unwrap();
        session.answered(now);
        for packet in &packets {
            let now = now + Duration::from_millis(packet.at_ms);
            session.handle_rtp(now, address(4_000), &packet.bytes);
            let mut pcm = [0; 160];
            session.pull(now, &mut pcm);
            session.push(now, &pcm);
            while session.poll_transmit(&mut [0; MAX_DATAGRAM]).is_some() {}
            while session.poll_event().is_some() {}
        }
        session
    });
    assert!(session.stats().packets_received > 900);
    let session = bytes + size_of::<Session>();
    let (queue, _queue) = held(|| track(2, 8_000));
    println!(
        "a session holds {session} bytes, {} of them itself; its recording's queue {queue}",
        size_of::<Session>()
    );
    println!(
        "detectors {}, limiter {}, playout {}, outbound {}, an event {}",
        size_of::<Detectors>(),
        size_of::<Limiter>(),
        size_of::<Playout>(),
        size_of::<Outbound>(),
        size_of::<MediaEvent>()
    );
    assert!(session < 24 * 1_024 && queue < 24 * 1_024, "{session} and {queue} bytes");
}
