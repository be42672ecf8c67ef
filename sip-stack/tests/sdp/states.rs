//! Every call in every state (RFC 3264, RFC 3261 14): what may be done, and that nothing else changes anything.

use sip_stack::sdp::{Capabilities, Direction, NegotiationError, Negotiator, NegotiatorState};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Offer,
    AnswerReceived,
    BadAnswer,
    OfferReceived,
    BadOffer,
    Answer,
    Rollback,
}

const ACTS: [Act; 7] = [
    Act::Offer,
    Act::AnswerReceived,
    Act::BadAnswer,
    Act::OfferReceived,
    Act::BadOffer,
    Act::Answer,
    Act::Rollback,
];

fn peer(media: &str) -> Vec<u8> {
    format!("v=0\r\no=- 9 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n{media}")
        .into_bytes()
}

fn act(negotiator: &mut Negotiator, act: Act) -> Result<(), NegotiationError> {
    let capabilities = Capabilities::new("192.0.2.1".parse().unwrap(), 20_000);
    let good = peer("m=audio 4000 RTP/AVP 0\r\n");
    let bad = peer("m=audio 4000 RTP/AVP 18\r\n");
    match act {
        Act::Offer => negotiator.offer(&capabilities, Direction::SendRecv).map(drop),
        Act::AnswerReceived => negotiator.answer_received(&good).map(drop),
        Act::BadAnswer => negotiator.answer_received(&bad).map(drop),
        Act::OfferReceived => negotiator.offer_received(&good),
        Act::BadOffer => negotiator.offer_received(&bad),
        Act::Answer => negotiator.answer(&capabilities).map(drop),
        Act::Rollback => {
            negotiator.rollback();
            Ok(())
        }
    }
}

/// What the table says: the next state, or the error.
fn expected(state: NegotiatorState, answerable: bool, act: Act) -> Result<NegotiatorState, NegotiationError> {
    use NegotiatorState::{LocalOffer, RemoteOffer, Stable};
    match (state, act) {
        (_, Act::Rollback) => Ok(Stable),
        (Stable, Act::Offer) => Ok(LocalOffer),
        (LocalOffer | RemoteOffer, Act::Offer) => Err(NegotiationError::WrongState),
        (LocalOffer, Act::AnswerReceived) => Ok(Stable),
        (LocalOffer, Act::BadAnswer) => Err(NegotiationError::NoCommonCodec),
        // 183 and then 200.
        (Stable, Act::AnswerReceived) if answerable => Ok(Stable),
        (Stable, Act::BadAnswer) if answerable => Err(NegotiationError::NoCommonCodec),
        (Stable | RemoteOffer, Act::AnswerReceived | Act::BadAnswer) => Err(NegotiationError::WrongState),
        (Stable, Act::OfferReceived) => Ok(RemoteOffer),
        (Stable, Act::BadOffer) => Err(NegotiationError::NoCommonCodec),
        (LocalOffer | RemoteOffer, Act::OfferReceived | Act::BadOffer) => Err(NegotiationError::WrongState),
        (RemoteOffer, Act::Answer) => Ok(Stable),
        (Stable | LocalOffer, Act::Answer) => Err(NegotiationError::WrongState),
    }
}

#[test]
fn every_row_of_five_acts() {
    let rows = 7_usize.pow(5);
    for row in 0..rows {
        let mut negotiator = Negotiator::new(7);
        let mut answerable = false;
        let mut script = row;
        for step in 0..5 {
            let next = ACTS[script % 7];
            script /= 7;
            let (before, agreed) = (negotiator.state(), negotiator.current().cloned());
            let wanted = expected(before, answerable, next);
            let result = act(&mut negotiator, next);
            let state = negotiator.state();
            assert_eq!(result.map(|()| state), wanted, "row {row} step {step}: {next:?} in {before:?}");
            match wanted {
                Ok(_) => {
                    answerable = next == Act::AnswerReceived;
                    let agrees = matches!(next, Act::AnswerReceived | Act::Answer);
                    assert!(agrees || negotiator.current() == agreed.as_ref(), "row {row}: {next:?}");
                }
                Err(_) => {
                    assert_eq!(
                        (state, negotiator.current()),
                        (before, agreed.as_ref()),
                        "row {row}: {next:?}"
                    );
                }
            }
        }
    }
}
