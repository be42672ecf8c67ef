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
/// Offering: [`Negotiator::offer`], then [`Negotiator::accept_answer`]. Answering: [`Negotiator::receive_offer`], then
/// [`Negotiator::answer`]. [`Negotiator::rollback`] gives up an open offer (a re-INVITE that failed). Clone it before
/// the first answer to follow the forks of an INVITE, one per early dialog.
#[derive(Debug, Clone)]
pub struct Negotiator {
    capabilities: Capabilities,
    session_id: u64,
    version: u64,
    exchange: Exchange,
    held: bool,
    /// The description of ours that is in force or on offer, to see whether the next differs (RFC 3264 8).
    sent: Option<SessionDescription>,
    /// The media lines of the session and which of them is ours; their number and order never change.
    layout: Vec<MediaDescription>,
    active: usize,
    current: Option<Negotiated>,
    saw_t38: bool,
}

/// The state with the data that only it has.
#[derive(Debug, Clone)]
enum Exchange {
    Stable { last_offer: Option<Box<SessionDescription>> },
    LocalOffer { offer: Box<SessionDescription> },
    RemoteOffer { offer: Box<SessionDescription>, choice: Box<Choice> },
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
    pub const fn new(capabilities: Capabilities, session_id: u64) -> Self {
        Self {
            capabilities,
            // o= takes what fits into a signed 64-bit number; some parsers want it so.
            session_id: session_id >> 1,
            version: 0,
            exchange: Exchange::Stable { last_offer: None },
            held: false,
            sent: None,
            layout: Vec::new(),
            active: 0,
            current: None,
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

    /// Whether we hold the peer.
    pub const fn is_held(&self) -> bool {
        self.held
    }

    /// Holds or resumes, from the next offer or answer on: held media is `sendonly` (RFC 3264 8.4).
    pub const fn set_hold(&mut self, held: bool) {
        self.held = held;
    }

    /// What we can do.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Changes what we can do, from the next offer or answer on.
    pub fn set_capabilities(&mut self, capabilities: Capabilities) {
        self.capabilities = capabilities;
    }

    /// Makes an offer: the first one, or a new one with the same media lines.
    ///
    /// # Errors
    /// [`NegotiationError::WrongState`] while an offer is open; [`NegotiationError::NoCommonMedia`] without codecs.
    pub fn offer(&mut self) -> Result<Vec<u8>, NegotiationError> {
        if self.state() != NegotiatorState::Stable {
            return Err(NegotiationError::WrongState);
        }
        if self.capabilities.codecs.is_empty() {
            return Err(NegotiationError::NoCommonMedia);
        }
        let direction = if self.held { Direction::SendOnly } else { Direction::SendRecv };
        let formats = self.offered_formats();
        let protocol = self.layout.get(self.active).map_or("RTP/AVP", |line| line.protocol.as_str()).to_owned();
        let audio = self.audio_line(protocol, formats, direction);
        let media = if self.layout.is_empty() {
            vec![audio]
        } else {
            self.lines_with(audio, self.active, &self.layout.clone())
        };
        let offer = self.describe(media);
        let bytes = offer.to_bytes();
        self.exchange = Exchange::LocalOffer { offer: Box::new(offer) };
        Ok(bytes)
    }

    /// Takes the answer to our offer. The same or another answer may come again while nothing else was exchanged
    /// (183 and then 200): each time the result is what the last one said.
    ///
    /// # Errors
    /// The answer is unreadable, refuses the audio, or does not follow the offer; our offer then stays open, so that
    /// a usable answer may still come.
    pub fn accept_answer(&mut self, body: &[u8]) -> Result<Negotiated, NegotiationError> {
        let offer = match &self.exchange {
            Exchange::LocalOffer { offer } => offer.clone(),
            Exchange::Stable { last_offer: Some(offer) } => offer.clone(),
            Exchange::Stable { last_offer: None } | Exchange::RemoteOffer { .. } => {
                return Err(NegotiationError::WrongState);
            }
        };
        let answer = parse(body)?;
        self.saw_t38 |= answer.media.iter().any(MediaDescription::is_t38);
        let line = offer.media.iter().position(|media| media.port != 0).unwrap_or(0);
        let choice = self.choose(&answer, line).filter(|choice| choice.line == line);
        let Some(choice) = choice else {
            let unresolved = answer.media.get(line).is_some_and(|media| {
                media.port != 0 && answer.connection_of(media).is_some_and(|c| c.parse::<IpAddr>().is_err())
            });
            return Err(match (unresolved, answer.media.len() == offer.media.len()) {
                (true, _) => NegotiationError::UnresolvedHost,
                (false, true) => NegotiationError::NoCommonMedia,
                (false, false) => NegotiationError::Mismatch,
            });
        };
        let ours = &offer.media[line];
        let offered = ours.formats.iter().find(|format| CodecName::of(format) == Some(choice.codec));
        let receive = offered.and_then(Format::payload_type).ok_or(NegotiationError::Mismatch)?;
        let dtmf_receive = telephone_event(&ours.formats, choice.codec).and_then(|f| f.payload_type());
        let theirs = remote_direction(&answer, &answer.media[line], choice.remote);
        let direction = offer.direction_of(ours).and(theirs.reversed());
        let negotiated = self.negotiated(&choice, &answer.media[line], receive, dtmf_receive, direction);
        self.layout = offer.media.clone();
        self.active = line;
        self.sent = Some((*offer).clone());
        self.current = Some(negotiated.clone());
        self.exchange = Exchange::Stable { last_offer: Some(offer) };
        Ok(negotiated)
    }

    /// Takes the peer's offer. `Ok` means [`Negotiator::answer`] will succeed.
    ///
    /// # Errors
    /// [`NegotiationError::WrongState`] while an offer is open (answer 491), the others for an offer we cannot take
    /// (answer 488). What was agreed before stays in force.
    pub fn receive_offer(&mut self, body: &[u8]) -> Result<(), NegotiationError> {
        if self.state() != NegotiatorState::Stable {
            return Err(NegotiationError::WrongState);
        }
        let offer = parse(body)?;
        self.saw_t38 |= offer.media.iter().any(|media| media.is_t38() && media.port != 0);
        let choice = (0..offer.media.len()).find_map(|line| self.choose(&offer, line));
        let Some(choice) = choice else {
            let named = offer.media.iter().any(|media| {
                media.kind == MediaKind::Audio
                    && media.port != 0
                    && offer.connection_of(media).is_some_and(|c| c.parse::<IpAddr>().is_err())
            });
            return Err(if named { NegotiationError::UnresolvedHost } else { NegotiationError::NoCommonMedia });
        };
        self.exchange = Exchange::RemoteOffer { offer: Box::new(offer), choice: Box::new(choice) };
        Ok(())
    }

    /// Answers the peer's offer: one codec, telephone-event where both have it, every other line refused.
    ///
    /// # Errors
    /// [`NegotiationError::WrongState`] when no offer of the peer is open.
    pub fn answer(&mut self) -> Result<(Vec<u8>, Negotiated), NegotiationError> {
        let Exchange::RemoteOffer { offer, choice } = &self.exchange else {
            return Err(NegotiationError::WrongState);
        };
        let (offer, choice) = (offer.clone(), choice.clone());
        let theirs = &offer.media[choice.line];
        let allowed = remote_direction(&offer, theirs, choice.remote).reversed();
        let wanted = if self.held { Direction::SendOnly } else { Direction::SendRecv };
        let direction = allowed.and(wanted);
        // A dynamic payload type keeps the offerer's number in the answer (RFC 3264 6.1).
        let spec = self.capabilities.codecs.iter().find(|spec| spec.name == choice.codec);
        let fmtp = spec.and_then(|spec| spec.fmtp.clone());
        let mut formats = vec![Format { fmtp, ..codec_format(choice.codec, choice.format.id.clone()) }];
        formats.extend(choice.dtmf.as_ref().map(|dtmf| event_format(choice.codec, dtmf.id.clone())));
        let audio = self.audio_line(theirs.protocol.clone(), formats, direction);
        let media = self.lines_with(audio, choice.line, &offer.media);
        let answer = self.describe(media);
        let receive = choice.format.payload_type().unwrap_or_default();
        let dtmf_receive = choice.dtmf.as_ref().and_then(Format::payload_type);
        let negotiated = self.negotiated(&choice, theirs, receive, dtmf_receive, direction);
        self.layout = answer.media.clone();
        self.active = choice.line;
        let bytes = answer.to_bytes();
        self.sent = Some(answer);
        self.current = Some(negotiated.clone());
        self.exchange = Exchange::Stable { last_offer: None };
        Ok((bytes, negotiated))
    }

    /// Gives up the open offer of either side; what was agreed before stays in force.
    pub fn rollback(&mut self) {
        self.exchange = Exchange::Stable { last_offer: None };
    }

    /// Reads line `line` of a description of the peer: an RTP audio line with a codec of ours and a literal address.
    fn choose(&self, session: &SessionDescription, line: usize) -> Option<Choice> {
        let media = session.media.get(line)?;
        let rtp = ["RTP/AVP", "RTP/AVPF"].iter().any(|known| media.protocol.eq_ignore_ascii_case(known));
        if media.kind != MediaKind::Audio || media.port == 0 || !rtp {
            return None;
        }
        let address: IpAddr = session.connection_of(media)?.parse().ok()?;
        let (codec, format) = media.formats.iter().find_map(|format| {
            let codec = CodecName::of(format)?;
            let known = self.capabilities.codecs.iter().any(|spec| spec.name == codec);
            (known && format.payload_type().is_some()).then(|| (codec, format.clone()))
        })?;
        let dtmf = telephone_event(&media.formats, codec).filter(|_| self.capabilities.dtmf).cloned();
        Some(Choice { line, codec, format, dtmf, remote: SocketAddr::new(address, media.port) })
    }

    fn negotiated(
        &self,
        choice: &Choice,
        theirs: &MediaDescription,
        receive_payload_type: u8,
        dtmf_receive_payload_type: Option<u8>,
        direction: Direction,
    ) -> Negotiated {
        let dtmf = choice.dtmf.as_ref().and_then(Format::payload_type);
        let remote_rtcp = match &theirs.rtcp {
            Some((port, address)) => {
                let address = address.as_deref().and_then(|text| text.parse().ok());
                Some(SocketAddr::new(address.unwrap_or(choice.remote.ip()), *port))
            }
            None => choice.remote.port().checked_add(1).map(|port| SocketAddr::new(choice.remote.ip(), port)),
        };
        Negotiated {
            remote: choice.remote,
            remote_rtcp,
            codec: choice.codec,
            payload_type: choice.format.payload_type().unwrap_or_default(),
            receive_payload_type,
            fmtp: choice.format.fmtp.clone(),
            dtmf_payload_type: dtmf,
            dtmf_receive_payload_type: dtmf_receive_payload_type.filter(|_| dtmf.is_some()),
            ptime_ms: packet_length(theirs, self.capabilities.ptime_ms),
            direction,
        }
    }

    /// Our codecs and, per clock in use, one telephone-event (RFC 4733 2.1 ties it to the codec's clock).
    fn offered_formats(&self) -> Vec<Format> {
        let codecs = &self.capabilities.codecs;
        let mut formats: Vec<Format> = codecs
            .iter()
            .map(|spec| Format {
                fmtp: spec.fmtp.clone(),
                ..codec_format(spec.name, self.payload_type_of(spec.name, spec.payload_type).to_string())
            })
            .collect();
        if !self.capabilities.dtmf {
            return formats;
        }
        for codec in [CodecName::Pcmu, CodecName::Opus] {
            if codecs.iter().any(|spec| spec.name.clock_rate() == codec.clock_rate()) {
                let taken = |id: &u8| formats.iter().any(|format| format.payload_type() == Some(*id));
                // 101 is what most exchanges expect for telephone-event.
                let known = self.previous_format(|format| is_event(format, codec));
                let free = (101..=127).chain(96..=100).find(|id| !taken(id)).unwrap_or(101);
                let id = known.filter(|id| !taken(id)).unwrap_or(free);
                formats.push(event_format(codec, id.to_string()));
            }
        }
        formats
    }

    /// A payload type keeps its meaning for the whole session (RFC 3264 8.3.2).
    fn payload_type_of(&self, codec: CodecName, usual: u8) -> u8 {
        self.previous_format(|format| CodecName::of(format) == Some(codec)).unwrap_or(usual)
    }

    fn previous_format(&self, wanted: impl Fn(&Format) -> bool) -> Option<u8> {
        let line = self.layout.get(self.active)?;
        line.formats.iter().find(|format| wanted(format)).and_then(Format::payload_type)
    }

    fn audio_line(&self, protocol: String, formats: Vec<Format>, direction: Direction) -> MediaDescription {
        MediaDescription {
            kind: MediaKind::Audio,
            port: self.capabilities.port,
            protocol,
            formats,
            connection: None,
            direction: Some(direction),
            ptime: Some(u16::from(self.capabilities.ptime_ms)),
            maxptime: None,
            rtcp: None,
        }
    }

    /// `audio` at `line`, every other line of `model` refused.
    fn lines_with(&self, audio: MediaDescription, line: usize, model: &[MediaDescription]) -> Vec<MediaDescription> {
        let mut lines: Vec<_> = model.iter().map(MediaDescription::refused).collect();
        match lines.get_mut(line) {
            Some(slot) => *slot = audio,
            None => lines.push(audio),
        }
        lines
    }

    /// A description of ours; the version grows when it differs from the last one sent.
    fn describe(&mut self, media: Vec<MediaDescription>) -> SessionDescription {
        let address = self.capabilities.address.to_string();
        let mut session = SessionDescription {
            session_id: self.session_id.to_string(),
            version: self.version,
            origin: address.clone(),
            connection: Some(address),
            direction: None,
            media,
        };
        if self.version == 0 || self.sent.as_ref() != Some(&session) {
            self.version += 1;
            session.version = self.version;
        }
        session
    }
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
