//! The offer/answer machine (RFC 3264).

use std::net::{IpAddr, SocketAddr};

use super::{
    Capabilities, CodecName, Direction, Format, MediaDescription, MediaKind, Negotiated, SdpError,
    SessionDescription, parse,
};

/// Where an exchange of descriptions stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NegotiatorState {
    /// No offer is open.
    Stable,
    /// Our offer waits for the answer.
    LocalOffer,
    /// The peer's offer waits for our answer.
    RemoteOffer,
}

/// Why an exchange failed. The state before the offer stays in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NegotiationError {
    /// The body is no session description: 400 or 488.
    #[error(transparent)]
    Sdp(#[from] SdpError),
    /// No audio line with a codec of ours: 488. A lone T.38 offer ends here too.
    #[error("no common media")]
    NoCommonMedia,
    /// The connection address is a name; names are not resolved on the call path.
    #[error("connection address is not literal")]
    UnresolvedHost,
    /// The answer does not follow our offer.
    #[error("answer does not match the offer")]
    Mismatch,
    /// An offer while another is open: 491 (RFC 3261 14.2), or a call out of order.
    #[error("offer or answer out of order")]
    WrongState,
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
    /// The media lines of the session and which of them is the audio; their number and order never change.
    layout: Vec<MediaDescription>,
    active: usize,
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

/// An offer of ours and the packet length we would like to send.
#[derive(Debug, Clone)]
struct Offered {
    session: Box<SessionDescription>,
    ptime_ms: u8,
}

/// The peer's media line that we take, and how.
#[derive(Debug, Clone)]
struct Choice {
    line: usize,
    codec: CodecName,
    format: Format,
    dtmf: Option<Format>,
    remote: SocketAddr,
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
            layout: Vec::new(),
            active: 0,
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

    /// Whether the peer ever offered fax over T.38: a fax machine is on the line.
    pub const fn saw_t38(&self) -> bool {
        self.saw_t38
    }

    /// Makes an offer: the first one, or a new one with the same media lines. `direction` is what we want, seen from
    /// us.
    ///
    /// # Errors
    /// [`NegotiationError::WrongState`] while an offer is open; [`NegotiationError::NoCommonMedia`] without codecs.
    pub fn offer(
        &mut self,
        capabilities: &Capabilities,
        direction: Direction,
    ) -> Result<Vec<u8>, NegotiationError> {
        if self.state() != NegotiatorState::Stable {
            return Err(NegotiationError::WrongState);
        }
        if capabilities.codecs.is_empty() {
            return Err(NegotiationError::NoCommonMedia);
        }
        let protocol =
            self.layout.get(self.active).map_or("RTP/AVP", |line| line.protocol.as_str()).to_owned();
        let audio = audio_line(capabilities, protocol, self.offered_formats(capabilities), direction);
        let media = lines_with(audio, self.active, &self.layout);
        let session = self.describe(capabilities, media);
        let bytes = session.to_bytes();
        let offered = Offered { session: Box::new(session), ptime_ms: capabilities.ptime_ms };
        self.exchange = Exchange::LocalOffer { offered };
        Ok(bytes)
    }

    /// Takes the answer to our offer. The same or another answer may come again while nothing else was exchanged
    /// (183 and then 200): each time the result is what the last one said.
    ///
    /// # Errors
    /// The answer is unreadable, refuses the audio, or does not follow the offer; our offer then stays open, so that
    /// a usable answer may still come.
    pub fn answer_received(&mut self, body: &[u8]) -> Result<Negotiated, NegotiationError> {
        let offered = match &self.exchange {
            Exchange::LocalOffer { offered } | Exchange::Stable { last_offer: Some(offered) } => {
                offered.clone()
            }
            Exchange::Stable { last_offer: None } | Exchange::RemoteOffer { .. } => {
                return Err(NegotiationError::WrongState);
            }
        };
        let offer = &offered.session;
        let answer = parse(body)?;
        self.saw_t38 |= answer.media.iter().any(|media| media.is_t38() && media.port != 0);
        let line = offer.media.iter().position(|media| media.port != 0).ok_or(NegotiationError::Mismatch)?;
        let (Some(ours), Some(theirs)) = (offer.media.get(line), answer.media.get(line)) else {
            return Err(NegotiationError::Mismatch);
        };
        let known: Vec<CodecName> = ours.formats.iter().filter_map(CodecName::of).collect();
        let choice = choose(&answer, line, &known)?;
        let same_codec = |format: &&Format| CodecName::of(format) == Some(choice.codec);
        let receive = ours.formats.iter().find(same_codec).and_then(Format::payload_type);
        let receive = receive.ok_or(NegotiationError::Mismatch)?;
        let dtmf_receive = telephone_event(&ours.formats, choice.codec).and_then(Format::payload_type);
        let theirs_flow = remote_direction(&answer, theirs, choice.remote);
        let direction = offer.direction_of(ours).and(theirs_flow.reversed());
        let mut negotiated = negotiated(&choice, theirs, offered.ptime_ms, direction);
        negotiated.receive_payload_type = receive;
        negotiated.dtmf_receive_payload_type = dtmf_receive.filter(|_| choice.dtmf.is_some());
        if dtmf_receive.is_none() {
            negotiated.dtmf_payload_type = None;
        }
        self.wanted = offer.direction_of(ours);
        self.layout.clone_from(&offer.media);
        self.active = line;
        self.current = Some(negotiated.clone());
        self.exchange = Exchange::Stable { last_offer: Some(offered) };
        Ok(negotiated)
    }

    /// Takes the peer's offer.
    ///
    /// # Errors
    /// [`NegotiationError::WrongState`] while an offer is open (answer 491 to ours, 500 to the peer's own), the others
    /// for an offer without usable audio (answer 488). What was agreed before stays in force.
    pub fn offer_received(&mut self, body: &[u8]) -> Result<(), NegotiationError> {
        if self.state() != NegotiatorState::Stable {
            return Err(NegotiationError::WrongState);
        }
        let offer = parse(body)?;
        self.saw_t38 |= offer.media.iter().any(|media| media.is_t38() && media.port != 0);
        choose_any(&offer, &CodecName::ALL)?;
        self.exchange = Exchange::RemoteOffer { offer: Box::new(offer) };
        Ok(())
    }

    /// Answers the peer's offer: one codec, telephone-event where both have it, every other line refused. A hold of
    /// ours stays a hold.
    ///
    /// # Errors
    /// [`NegotiationError::WrongState`] when no offer of the peer is open; [`NegotiationError::NoCommonMedia`] when
    /// none of our codecs is in it (answer 488, then [`Negotiator::rollback`]).
    pub fn answer(&mut self, capabilities: &Capabilities) -> Result<(Vec<u8>, Negotiated), NegotiationError> {
        let Exchange::RemoteOffer { offer } = &self.exchange else {
            return Err(NegotiationError::WrongState);
        };
        let known: Vec<CodecName> = capabilities.codecs.iter().map(|spec| spec.name).collect();
        let mut choice = choose_any(offer, &known)?;
        if !capabilities.dtmf {
            choice.dtmf = None;
        }
        let theirs = offer.media.get(choice.line).ok_or(NegotiationError::Mismatch)?;
        let direction = remote_direction(offer, theirs, choice.remote).reversed().and(self.wanted);
        // A dynamic payload type keeps the offerer's number in the answer (RFC 3264 6.1).
        let spec = capabilities.codecs.iter().find(|spec| spec.name == choice.codec);
        let fmtp = spec.and_then(|spec| spec.fmtp.clone());
        let mut formats = vec![Format { fmtp, ..codec_format(choice.codec, choice.format.id.clone()) }];
        formats.extend(choice.dtmf.as_ref().map(|dtmf| event_format(choice.codec, dtmf.id.clone())));
        let audio = audio_line(capabilities, theirs.protocol.clone(), formats, direction);
        let media = lines_with(audio, choice.line, &offer.media);
        let negotiated = negotiated(&choice, theirs, capabilities.ptime_ms, direction);
        let answer = self.describe(capabilities, media);
        self.layout.clone_from(&answer.media);
        self.active = choice.line;
        self.current = Some(negotiated.clone());
        self.exchange = Exchange::Stable { last_offer: None };
        Ok((answer.to_bytes(), negotiated))
    }

    /// Gives up the open offer of either side; what was agreed before stays in force.
    pub fn rollback(&mut self) {
        self.exchange = Exchange::Stable { last_offer: None };
    }

    /// Our codecs and, per clock in use, one telephone-event (RFC 4733 2.1 ties it to the codec's clock).
    fn offered_formats(&self, capabilities: &Capabilities) -> Vec<Format> {
        let mut formats: Vec<Format> = Vec::new();
        for spec in &capabilities.codecs {
            let taken = |id: &u8| formats.iter().any(|format| format.payload_type() == Some(*id));
            let known = self.previous_format(|format| CodecName::of(format) == Some(spec.name));
            let id = known.unwrap_or(spec.payload_type);
            let id = if taken(&id) { (96..=127).find(|id| !taken(id)).unwrap_or(id) } else { id };
            formats.push(Format { fmtp: spec.fmtp.clone(), ..codec_format(spec.name, id.to_string()) });
        }
        for codec in [CodecName::Pcmu, CodecName::Opus].into_iter().filter(|_| capabilities.dtmf) {
            if capabilities.codecs.iter().any(|spec| spec.name.clock_rate() == codec.clock_rate()) {
                let taken = |id: &u8| formats.iter().any(|format| format.payload_type() == Some(*id));
                // 101 is what most exchanges expect for telephone-event.
                let free = (101..=127).chain(96..=100).find(|id| !taken(id)).unwrap_or(101);
                let known = self.previous_format(|format| is_event(format, codec));
                formats.push(event_format(codec, known.filter(|id| !taken(id)).unwrap_or(free).to_string()));
            }
        }
        formats
    }

    /// A payload type keeps its meaning for the whole session (RFC 3264 8.3.2).
    fn previous_format(&self, wanted: impl Fn(&Format) -> bool) -> Option<u8> {
        let line = self.layout.get(self.active)?;
        line.formats.iter().find(|format| wanted(format)).and_then(Format::payload_type)
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

/// The first line of the peer that we can take; the most telling error where there is none.
fn choose_any(session: &SessionDescription, known: &[CodecName]) -> Result<Choice, NegotiationError> {
    let mut error = NegotiationError::NoCommonMedia;
    for line in 0..session.media.len() {
        match choose(session, line, known) {
            Ok(choice) => return Ok(choice),
            Err(NegotiationError::UnresolvedHost) => error = NegotiationError::UnresolvedHost,
            Err(_) => {}
        }
    }
    Err(error)
}

/// Reads line `line` of the peer: an RTP audio line with a codec of `known` and a literal address.
fn choose(
    session: &SessionDescription,
    line: usize,
    known: &[CodecName],
) -> Result<Choice, NegotiationError> {
    let media = session.media.get(line).ok_or(NegotiationError::Mismatch)?;
    let rtp = ["RTP/AVP", "RTP/AVPF"].iter().any(|known| media.protocol.eq_ignore_ascii_case(known));
    if media.kind != MediaKind::Audio || media.port == 0 || !rtp {
        return Err(NegotiationError::NoCommonMedia);
    }
    let usable = |format: &&Format| {
        CodecName::of(format).is_some_and(|codec| known.contains(&codec)) && format.payload_type().is_some()
    };
    let format = media.formats.iter().find(usable).ok_or(NegotiationError::NoCommonMedia)?.clone();
    let codec = CodecName::of(&format).ok_or(NegotiationError::NoCommonMedia)?;
    let address = session.connection_of(media).ok_or(NegotiationError::NoCommonMedia)?;
    let address: IpAddr = address.parse().map_err(|_| NegotiationError::UnresolvedHost)?;
    let dtmf = telephone_event(&media.formats, codec).cloned();
    Ok(Choice { line, codec, format, dtmf, remote: SocketAddr::new(address, media.port) })
}

/// What a choice agrees on when both ways use the peer's payload types.
fn negotiated(choice: &Choice, theirs: &MediaDescription, ptime_ms: u8, direction: Direction) -> Negotiated {
    let remote_rtcp = match &theirs.rtcp {
        Some((port, address)) => {
            let address = address.as_deref().and_then(|text| text.parse().ok());
            Some(SocketAddr::new(address.unwrap_or(choice.remote.ip()), *port))
        }
        None => choice.remote.port().checked_add(1).map(|port| SocketAddr::new(choice.remote.ip(), port)),
    };
    let payload_type = choice.format.payload_type().unwrap_or_default();
    let dtmf_payload_type = choice.dtmf.as_ref().and_then(Format::payload_type);
    Negotiated {
        remote: choice.remote,
        remote_rtcp,
        codec: choice.codec,
        payload_type,
        receive_payload_type: payload_type,
        fmtp: choice.format.fmtp.clone(),
        dtmf_payload_type,
        dtmf_receive_payload_type: dtmf_payload_type,
        ptime_ms: packet_length(theirs, ptime_ms),
        direction,
    }
}

fn audio_line(
    capabilities: &Capabilities,
    protocol: String,
    formats: Vec<Format>,
    direction: Direction,
) -> MediaDescription {
    MediaDescription {
        kind: MediaKind::Audio,
        port: capabilities.port,
        protocol,
        formats,
        connection: None,
        direction: Some(direction),
        ptime: Some(u16::from(capabilities.ptime_ms)),
        maxptime: None,
        rtcp: None,
    }
}

/// `audio` at `line`, every other line of `model` refused.
fn lines_with(audio: MediaDescription, line: usize, model: &[MediaDescription]) -> Vec<MediaDescription> {
    let mut lines: Vec<_> = model.iter().map(MediaDescription::refused).collect();
    match lines.get_mut(line) {
        Some(slot) => *slot = audio,
        None => lines.push(audio),
    }
    lines
}

/// Which way the peer's media flows, seen from the peer. A connection address of zero is the hold of RFC 2543: the
/// peer wants nothing sent (RFC 3264 8.4).
fn remote_direction(session: &SessionDescription, media: &MediaDescription, remote: SocketAddr) -> Direction {
    let said = session.direction_of(media);
    if remote.ip().is_unspecified() { said.and(Direction::SendOnly) } else { said }
}

/// telephone-event on the clock of `codec`.
fn telephone_event(formats: &[Format], codec: CodecName) -> Option<&Format> {
    formats.iter().find(|format| is_event(format, codec) && format.payload_type().is_some())
}

fn is_event(format: &Format, codec: CodecName) -> bool {
    let named = format.encoding.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("telephone-event"));
    named && format.clock_rate == Some(codec.clock_rate())
}

fn codec_format(codec: CodecName, id: String) -> Format {
    Format {
        id,
        encoding: codec.rtpmap().split('/').next().map(str::to_owned),
        clock_rate: Some(codec.clock_rate()),
        channels: codec.rtpmap().split('/').nth(2).map(str::to_owned),
        fmtp: None,
    }
}

fn event_format(codec: CodecName, id: String) -> Format {
    Format {
        id,
        encoding: Some("telephone-event".to_owned()),
        clock_rate: Some(codec.clock_rate()),
        channels: None,
        fmtp: Some("0-16".to_owned()),
    }
}

/// The packet length the peer wants, in steps of 10 ms within what every receiver takes, else ours.
fn packet_length(theirs: &MediaDescription, ours: u8) -> u8 {
    let wanted = theirs.ptime.filter(|ptime| (10..=60).contains(ptime)).unwrap_or(u16::from(ours));
    let limit = theirs.maxptime.filter(|limit| *limit >= 10).unwrap_or(60);
    let length = wanted.min(limit) / 10 * 10;
    u8::try_from(length.clamp(10, 60)).unwrap_or(ours)
}

#[cfg(test)]
#[path = "negotiator_tests.rs"]
mod tests;
