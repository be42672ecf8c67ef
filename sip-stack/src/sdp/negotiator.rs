//! The offer/answer machine (RFC 3264).
//!
//! ```text
//!                     offer                          offer_received
//!   LocalOffer  <──────────────────  Stable  ──────────────────────>  RemoteOffer
//!       │                            ▲    ▲                               │
//!       └── answer_received ─────────┘    └───────────────── answer ──────┘
//!           rollback                                         rollback
//! ```
//!
//! An answer may come again in `Stable` after `answer_received`: 183 and then 200. Everything else out of order is
//! [`NegotiationError::WrongState`] and changes nothing.

use super::capabilities::{RtcpMux, SecurityPolicy};
use super::choice::{Choice, Meaning, Wish, packet_length, remote_direction, remote_rtcp};
use super::lines::{self, Numbers};
use super::secure::{self, Profile};
use super::{
    Capabilities, CodecName, Direction, MediaDescription, MediaKind, MediaSecurity, Negotiated,
    NegotiationError, SessionDescription, parse,
};

/// Where an exchange of descriptions stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NegotiatorState {
    /// No offer is open.
    Stable,
    /// Our offer waits for the answer.
    LocalOffer,
    /// The peer's offer waits for our answer.
    RemoteOffer,
}

/// The media side of one dialog: makes offers and answers, reads the peer's, and keeps what is agreed.
///
/// Offering: [`Negotiator::offer`], then [`Negotiator::answer_received`]. Answering: [`Negotiator::offer_received`],
/// then [`Negotiator::answer`]. [`Negotiator::rollback`] gives up an open offer (a re-INVITE that failed). To hold,
/// offer `SendOnly`; to resume, `SendRecv` (RFC 3264 8.4). Clone it before the first answer to follow the forks of an
/// INVITE, one per early dialog.
#[derive(Debug, Clone)]
pub struct Negotiator {
    session_id: u64,
    version: u64,
    exchange: Exchange,
    /// The last description of ours, to see whether the next differs (RFC 3264 8).
    sent: Option<SessionDescription>,
    /// The description of ours that is in force.
    agreed: Option<SessionDescription>,
    /// The media lines of the session and which of them is the audio; their number and order never change.
    layout: Vec<MediaDescription>,
    active: usize,
    numbers: Numbers,
    current: Option<Negotiated>,
    /// What our last answered offer asked for: a peer's re-offer does not end our hold.
    wanted: Direction,
    saw_t38: bool,
}

/// The state with the data that only it has.
#[derive(Debug, Clone)]
enum Exchange {
    Stable { last_offer: Option<Offered> },
    LocalOffer { offered: Offered },
    RemoteOffer { offer: Box<SessionDescription> },
}

/// An offer of ours and what its answer is to be read with.
#[derive(Debug, Clone)]
struct Offered {
    session: Box<SessionDescription>,
    capabilities: Box<Capabilities>,
    /// What was agreed before, when it changes a session.
    before: Option<Negotiated>,
    /// What is wanted of the media once the offer is answered.
    wanted: Direction,
}

impl Negotiator {
    /// A negotiator without an exchange yet. `session_id` is the random number of `o=`.
    pub const fn new(session_id: u64) -> Self {
        Self {
            // Some parsers read o= as a signed 64-bit number.
            session_id: session_id >> 1,
            version: 0,
            exchange: Exchange::Stable { last_offer: None },
            sent: None,
            agreed: None,
            layout: Vec::new(),
            active: 0,
            numbers: Numbers::new(),
            current: None,
            wanted: Direction::SendRecv,
            saw_t38: false,
        }
    }

    /// Where the exchange stands.
    pub const fn state(&self) -> NegotiatorState {
        match self.exchange {
            Exchange::Stable { .. } => NegotiatorState::Stable,
            Exchange::LocalOffer { .. } => NegotiatorState::LocalOffer,
            Exchange::RemoteOffer { .. } => NegotiatorState::RemoteOffer,
        }
    }

    /// What is agreed, if anything.
    pub const fn current(&self) -> Option<&Negotiated> {
        self.current.as_ref()
    }

    /// Whether the peer ever wanted fax over T.38: a fax machine is on the line. An image line beside the audio of a
    /// first offer does not count, since gateways write it into every call.
    pub const fn saw_t38(&self) -> bool {
        self.saw_t38
    }

    /// Makes an offer: the first one, or a new one with the same media lines. `direction` is what we want, seen from
    /// us.
    ///
    /// # Errors
    /// [`NegotiationError::WrongState`] while an offer is open; [`NegotiationError::NoCommonCodec`] without codecs;
    /// [`NegotiationError::Security`] where encryption is required and there is neither key nor certificate.
    pub fn offer(
        &mut self,
        capabilities: &Capabilities,
        direction: Direction,
    ) -> Result<Vec<u8>, NegotiationError> {
        if self.state() != NegotiatorState::Stable {
            return Err(NegotiationError::WrongState);
        }
        if capabilities.codecs.is_empty() {
            return Err(NegotiationError::NoCommonCodec);
        }
        let security = &capabilities.security;
        let protocol = match self.layout.get(self.active) {
            Some(line) => line.protocol.clone(),
            None => Profile::offered(security).to_owned(),
        };
        let formats = self.numbers.offered(capabilities);
        self.numbers.bind(&formats);
        let mut audio = lines::audio(capabilities, &protocol, formats, capabilities.ptime_ms, direction);
        audio.rtcp_mux = match capabilities.rtcp_mux {
            RtcpMux::Never => false,
            // What is agreed is offered again (RFC 5761 5.1.1).
            RtcpMux::Answer => self.current.as_ref().is_some_and(|current| current.rtcp_mux),
            RtcpMux::Offer => true,
        };
        secure::offer(security, &mut audio);
        if security.policy == SecurityPolicy::Required
            && audio.crypto.is_empty()
            && audio.fingerprints.is_empty()
        {
            return Err(NegotiationError::Security);
        }
        let media = lines::with(Some(audio), self.active, &self.layout);
        let session = self.describe(capabilities, media);
        let bytes = session.to_bytes();
        self.offered(session, capabilities, direction);
        Ok(bytes)
    }

    /// Offers the description of ours that is in force again, unchanged to the version of `o=`: to refresh a session,
    /// not to change it (RFC 4028 7.4).
    ///
    /// # Errors
    /// [`NegotiationError::WrongState`] while an offer is open, or before the first exchange.
    pub fn offer_again(&mut self, capabilities: &Capabilities) -> Result<Vec<u8>, NegotiationError> {
        let agreed = self.agreed.clone().filter(|_| self.state() == NegotiatorState::Stable);
        let session = agreed.ok_or(NegotiationError::WrongState)?;
        let bytes = session.to_bytes();
        self.offered(session, capabilities, self.wanted);
        Ok(bytes)
    }

    fn offered(&mut self, session: SessionDescription, capabilities: &Capabilities, wanted: Direction) {
        let offered = Offered {
            session: Box::new(session),
            capabilities: Box::new(capabilities.clone()),
            before: self.current.clone(),
            wanted,
        };
        self.exchange = Exchange::LocalOffer { offered };
    }

    /// Takes the answer to our offer. The same or another answer may come again while nothing else was exchanged
    /// (183 and then 200): each time the result is what the last one said.
    ///
    /// # Errors
    /// The answer is unreadable, refuses the audio of a first offer, or does not follow the offer; our offer then stays
    /// open, so that a usable answer may still come.
    pub fn answer_received(&mut self, body: &[u8]) -> Result<Negotiated, NegotiationError> {
        let offered = match &self.exchange {
            Exchange::LocalOffer { offered } | Exchange::Stable { last_offer: Some(offered) } => {
                offered.clone()
            }
            Exchange::Stable { last_offer: None } | Exchange::RemoteOffer { .. } => {
                return Err(NegotiationError::WrongState);
            }
        };
        let answer = parse(body)?;
        self.saw_t38 |= answer.media.iter().any(|media| media.is_t38() && media.port != 0);
        let negotiated = self.read_answer(&offered, &answer)?;
        self.wanted = offered.wanted;
        self.layout.clone_from(&offered.session.media);
        self.agreed = Some(offered.session.as_ref().clone());
        self.current = Some(negotiated.clone());
        self.exchange = Exchange::Stable { last_offer: Some(offered) };
        Ok(negotiated)
    }

    fn read_answer(
        &self,
        offered: &Offered,
        answer: &SessionDescription,
    ) -> Result<Negotiated, NegotiationError> {
        let (offer, capabilities) = (&offered.session, &offered.capabilities);
        let ours = offer.media.get(self.active).ok_or(NegotiationError::Mismatch)?;
        let audio = |media: &&MediaDescription| media.kind == MediaKind::Audio;
        // Its line is at our place; some leave refused lines out.
        let line = match answer.media.get(self.active).filter(audio) {
            Some(_) => self.active,
            None if answer.media.is_empty() => return Err(NegotiationError::Mismatch),
            None => answer.media.iter().position(|m| audio(&m)).ok_or(NegotiationError::NoCommonMedia)?,
        };
        let theirs = answer.media.get(line).ok_or(NegotiationError::Mismatch)?;
        if let (0, Some(before)) = (theirs.port, &offered.before) {
            return Ok(before.removed());
        }
        let codecs: Vec<CodecName> = ours.formats.iter().filter_map(CodecName::of).collect();
        let wish = Wish {
            codecs: &codecs,
            dtmf: capabilities.dtmf,
            comfort_noise: capabilities.comfort_noise,
            local: Some(capabilities.address),
            offered: &ours.formats,
        };
        let choice = Choice::read(answer, line, &wish)?;
        let security = secure::answered(capabilities.security.policy, ours, theirs)?;
        let flow = remote_direction(answer, theirs, choice.remote).reversed();
        let mut negotiated = negotiated(&choice, theirs, capabilities.ptime_ms, security);
        negotiated.direction = offer.direction_of(ours).and(flow);
        negotiated.share_port(ours.rtcp_mux && theirs.rtcp_mux);
        // We expect our own payload types, whatever the peer calls them.
        let number = |meaning| lines::number_of(&ours.formats, meaning);
        negotiated.receive_payload_type =
            number(Meaning::Codec(choice.codec)).ok_or(NegotiationError::Mismatch)?;
        negotiated.dtmf_receive_payload_type =
            choice.dtmf.and_then(|(_, clock)| number(Meaning::Event(clock)));
        negotiated.comfort_noise_receive_payload_type =
            choice.comfort_noise.and_then(|_| number(Meaning::ComfortNoise));
        negotiated.receive_ptime_ms = choice.codec.packet_length(u16::from(capabilities.ptime_ms));
        Ok(negotiated)
    }

    /// Takes the peer's offer.
    ///
    /// # Errors
    /// [`NegotiationError::WrongState`] while an offer is open (answer 491 to ours, 500 to the peer's own), the others
    /// for an offer without usable audio; [`NegotiationError::status`] has the answer. What was agreed before stays in
    /// force.
    pub fn offer_received(&mut self, body: &[u8]) -> Result<(), NegotiationError> {
        if self.state() != NegotiatorState::Stable {
            return Err(NegotiationError::WrongState);
        }
        let offer = parse(body)?;
        let voice = |media: &MediaDescription| media.kind == MediaKind::Audio && media.port != 0;
        let fax = offer.media.iter().any(|media| media.is_t38() && media.port != 0);
        self.saw_t38 |= fax && (self.current.is_some() || !offer.media.iter().any(voice));
        if !self.is_removal(&offer) {
            let lines: Vec<usize> = (0..offer.media.len()).collect();
            Choice::first(&offer, &lines, &Wish::ANYTHING, |_, _| Ok(()))?;
        }
        self.exchange = Exchange::RemoteOffer { offer: Box::new(offer) };
        Ok(())
    }

    /// Answers the peer's offer: the first codec in its order that we have, telephone-event and comfort noise where
    /// both have them, every other line refused. A hold of ours stays a hold. Of several audio lines the one in use is
    /// taken, else the first, an encrypted one before a plain one unless encryption is off.
    ///
    /// # Errors
    /// [`NegotiationError::WrongState`] when no offer of the peer is open; the others when nothing in it fits
    /// (refuse it, then [`Negotiator::rollback`]).
    pub fn answer(&mut self, capabilities: &Capabilities) -> Result<(Vec<u8>, Negotiated), NegotiationError> {
        let Exchange::RemoteOffer { offer } = &self.exchange else {
            return Err(NegotiationError::WrongState);
        };
        let offer = offer.clone();
        let (media, negotiated) = match &self.current {
            Some(current) if self.is_removal(&offer) => {
                (lines::with(None, self.active, &offer.media), current.removed())
            }
            _ => self.take_offer(&offer, capabilities)?,
        };
        let answer = self.describe(capabilities, media);
        self.layout.clone_from(&answer.media);
        self.agreed = Some(answer.clone());
        self.current = Some(negotiated.clone());
        self.exchange = Exchange::Stable { last_offer: None };
        Ok((answer.to_bytes(), negotiated))
    }

    fn take_offer(
        &mut self,
        offer: &SessionDescription,
        capabilities: &Capabilities,
    ) -> Result<(Vec<MediaDescription>, Negotiated), NegotiationError> {
        let security = &capabilities.security;
        let codecs: Vec<CodecName> = capabilities.codecs.iter().map(|spec| spec.name).collect();
        let wish = Wish {
            codecs: &codecs,
            dtmf: capabilities.dtmf,
            comfort_noise: capabilities.comfort_noise,
            local: Some(capabilities.address),
            offered: &[],
        };
        let in_use = self.current.as_ref().map(|_| self.active);
        let kept = self.current.as_ref().map(|current| &current.security);
        let mut lines: Vec<usize> = (0..offer.media.len()).collect();
        lines.sort_by_key(|line| {
            let profile = offer.media.get(*line).and_then(|media| Profile::of(&media.protocol));
            let plain = security.policy != SecurityPolicy::Off && profile == Some(Profile::Plain);
            (Some(*line) != in_use, plain)
        });
        let mut taken = None;
        let choice = Choice::first(offer, &lines, &wish, |choice, theirs| {
            let direction = remote_direction(offer, theirs, choice.remote).reversed().and(self.wanted);
            let formats = lines::answered(capabilities, choice);
            // The length that the offer asks for is asked of it, too: few peers like two.
            let ptime = packet_length(theirs, capabilities.ptime_ms, choice.codec);
            let mut audio = lines::audio(capabilities, &theirs.protocol, formats, ptime, direction);
            audio.rtcp_mux = theirs.rtcp_mux && capabilities.rtcp_mux != RtcpMux::Never;
            let secured = secure::answer(security, theirs, kept, &mut audio)?;
            let mut negotiated = negotiated(choice, theirs, capabilities.ptime_ms, secured);
            negotiated.direction = direction;
            negotiated.share_port(audio.rtcp_mux);
            taken = Some((audio, negotiated));
            Ok(())
        })?;
        let (audio, negotiated) = taken.ok_or(NegotiationError::NoCommonMedia)?;
        self.numbers.bind(&audio.formats);
        self.active = choice.line;
        Ok((lines::with(Some(audio), choice.line, &offer.media), negotiated))
    }

    /// Gives up the open offer of either side; what was agreed before stays in force.
    pub fn rollback(&mut self) {
        self.exchange = Exchange::Stable { last_offer: None };
    }

    /// Whether a new offer takes the audio away and brings nothing instead (RFC 3264 8.2); some hold calls so. A first
    /// offer cannot, and a fax in its place is not wanted.
    fn is_removal(&self, offer: &SessionDescription) -> bool {
        let gone = offer.media.get(self.active).is_some_and(|m| m.kind == MediaKind::Audio && m.port == 0);
        let other =
            |media: &MediaDescription| media.port != 0 && (media.kind == MediaKind::Audio || media.is_t38());
        self.current.is_some() && gone && !offer.media.iter().any(other)
    }

    /// A description of ours; the version grows when it differs from the last one sent.
    fn describe(&mut self, capabilities: &Capabilities, media: Vec<MediaDescription>) -> SessionDescription {
        let address = capabilities.address.to_string();
        let mut session = SessionDescription {
            session_id: self.session_id.to_string(),
            version: self.version,
            origin: address.clone(),
            connection: Some(address),
            direction: None,
            media,
        };
        if self.sent.as_ref() != Some(&session) {
            self.version += 1;
            session.version = self.version;
            self.sent = Some(session.clone());
        }
        session
    }
}

/// What a choice agrees on when both ways use the peer's payload types.
fn negotiated(
    choice: &Choice,
    theirs: &MediaDescription,
    ptime_ms: u8,
    security: MediaSecurity,
) -> Negotiated {
    let ptime_ms = packet_length(theirs, ptime_ms, choice.codec);
    let (dtmf, clock) = (choice.dtmf.map(|(id, _)| id), choice.dtmf.map(|(_, clock)| clock));
    Negotiated {
        remote: choice.remote,
        remote_rtcp: remote_rtcp(theirs, choice.remote),
        rtcp_mux: false,
        codec: choice.codec,
        payload_type: choice.payload_type,
        receive_payload_type: choice.payload_type,
        fmtp: choice.fmtp.clone(),
        dtmf_payload_type: dtmf,
        dtmf_receive_payload_type: dtmf,
        dtmf_clock_rate: clock.unwrap_or(choice.codec.clock_rate()),
        comfort_noise_payload_type: choice.comfort_noise,
        comfort_noise_receive_payload_type: choice.comfort_noise,
        ptime_ms,
        receive_ptime_ms: ptime_ms,
        direction: Direction::SendRecv,
        security,
    }
}

#[cfg(test)]
#[path = "negotiator_tests.rs"]
mod tests;
