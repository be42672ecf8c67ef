//! One session description: read and printed, then as offer and as answer to ours.

use std::net::IpAddr;

use sip_stack::sdp::{Capabilities, CodecName, CodecSpec, Direction, Negotiator, parse};

pub(crate) fn run(bytes: &[u8]) {
    if let Ok(description) = parse(bytes) {
        let printed = description.to_bytes();
        let again = parse(&printed).unwrap_or_else(|error| panic!("printed, and refused: {error}"));
        assert_eq!(again.to_bytes(), printed, "printing changes from one time to the next");
    }
    let mut callee = Negotiator::new(1);
    if callee.offer_received(bytes).is_ok()
        && let Ok((answer, _)) = callee.answer(&capabilities())
    {
        assert!(parse(&answer).is_ok(), "our own answer is refused");
        // The same offer again is a refresh: it can be answered as before.
        assert!(callee.offer_received(bytes).is_ok());
        assert!(callee.answer(&capabilities()).is_ok());
        assert!(callee.offer(&capabilities(), Direction::SendOnly).is_ok());
    }
    let mut caller = Negotiator::new(2);
    assert!(caller.offer(&capabilities(), Direction::SendRecv).is_ok());
    if caller.answer_received(bytes).is_err() {
        caller.rollback();
        assert!(caller.offer(&capabilities(), Direction::SendRecv).is_ok());
    }
}

fn capabilities() -> Capabilities {
    Capabilities {
        codecs: [CodecName::Opus, CodecName::Pcmu, CodecName::Pcma].map(CodecSpec::new).into(),
        ..Capabilities::new(IpAddr::from([192, 0, 2, 10]), 16_384)
    }
}
