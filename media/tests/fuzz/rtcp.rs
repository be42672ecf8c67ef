//! Compound RTCP: every report and block is read within its bytes, and a session believes none of it blindly.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::rtcp::{Report, parse};
use media::session::{MAX_DATAGRAM, Session};
use media::{Codec, SessionId, StreamParams};

/// The first byte is how long after the session's start it comes, in units of 100 ms.
pub(crate) fn run(bytes: &[u8]) {
    let Some((&after, datagram)) = bytes.split_first() else { return };
    let mut reports = 0;
    for report in parse(datagram) {
        reports += 1;
        if let Report::Sender { blocks, .. } | Report::Receiver { blocks, .. } = report {
            assert!(blocks.count() <= 31, "five bits count them");
        }
    }
    assert!(reports <= datagram.len() / 4, "each has a header");

    let base = Instant::now();
    let now = base + Duration::from_millis(100 * u64::from(after));
    let mut session = Session::new(SessionId(1), params(), 42, base).expect("PCMU needs nothing");
    // It has sent for a while, so that reports on it mean something.
    for n in 0..50 {
        session.push(base + Duration::from_millis(20 * n), &[0; 160]);
    }
    for port in [4001, 4000] {
        session.handle_rtcp(now, SocketAddr::from(([127, 0, 0, 1], port)), datagram);
        session.handle_rtp(now, SocketAddr::from(([127, 0, 0, 1], port)), datagram);
    }
    let stats = session.stats();
    assert!(stats.rtt_ms.is_none_or(|rtt| rtt.is_finite() && rtt >= 0.0), "{stats:?}");
    assert!(stats.remote_jitter_ms.is_none_or(|jitter| jitter.is_finite() && jitter >= 0.0), "{stats:?}");
    session.bye(now + Duration::from_secs(10));
    let mut out = [0; MAX_DATAGRAM];
    while session.poll_transmit(&mut out).is_some() {}
}

fn params() -> StreamParams {
    StreamParams {
        rtcp_mux: true,
        dtmf_receive_payload_type: Some(101),
        ..StreamParams::new(SocketAddr::from(([127, 0, 0, 1], 4000)), Codec::Pcmu, 0)
    }
}
