//! Reading one media line of the peer.

use std::net::{IpAddr, SocketAddr};

use super::secure::Profile;
use super::{
    CodecName, Direction, Format, MediaDescription, MediaKind, NegotiationError, SessionDescription,
};

/// What a payload type stands for. It keeps its meaning for the whole session (RFC 3264 8.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Codec(CodecName),
    /// telephone-event on a clock.
    Event(u32),
    ComfortNoise,
}

impl Meaning {
    pub(super) fn of(format: &Format) -> Option<Self> {
        if let Some(codec) = CodecName::of(format) {
            return Some(Self::Codec(codec));
        }
        let named = |name: &str| format.encoding.as_ref().filter(|e| e.name.eq_ignore_ascii_case(name));
        if let Some(encoding) = named("telephone-event") {
            return Some(Self::Event(encoding.clock_rate));
        }
        let noise = named("CN").is_some_and(|encoding| encoding.clock_rate == 8000);
        // 13 is static (RFC 3551 6).
        let bare = format.encoding.is_none() && format.id == "13";
        (noise || bare).then_some(Self::ComfortNoise)
    }
}

/// What we look for in a line.
pub(super) struct Wish<'a> {
    pub(super) codecs: &'a [CodecName],
    pub(super) dtmf: bool,
    pub(super) comfort_noise: bool,
    /// Our own address, once it is known.
    pub(super) local: Option<IpAddr>,
    /// What we offered: some answer dynamic payload types without an rtpmap and mean ours.
    pub(super) offered: &'a [Format],
}

impl Wish<'_> {
    /// Whatever we could ever take.
    pub(super) const ANYTHING: Wish<'static> =
        Wish { codecs: &CodecName::ALL, dtmf: true, comfort_noise: true, local: None, offered: &[] };

    fn meaning(&self, format: &Format) -> Option<Meaning> {
        let ours = || self.offered.iter().find(|ours| ours.id == format.id && format.encoding.is_none());
        Meaning::of(format).or_else(|| ours().and_then(Meaning::of))
    }
}

/// A media line of the peer that we can take, and what of it.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) line: usize,
    pub(super) codec: CodecName,
    pub(super) payload_type: u8,
    pub(super) fmtp: Option<String>,
    /// Payload type and clock.
    pub(super) dtmf: Option<(u8, u32)>,
    pub(super) comfort_noise: Option<u8>,
    pub(super) remote: SocketAddr,
}

impl Choice {
    /// Reads line `line`: an RTP audio line with a codec of ours and an address that we reach. The first codec in the
    /// peer's order is taken.
    pub(super) fn read(
        session: &SessionDescription,
        line: usize,
        wish: &Wish<'_>,
    ) -> Result<Self, NegotiationError> {
        let media = session.media.get(line).ok_or(NegotiationError::Mismatch)?;
        if media.kind != MediaKind::Audio || media.port == 0 {
            return Err(NegotiationError::NoCommonMedia);
        }
        if Profile::of(&media.protocol).is_none() {
            return Err(NegotiationError::NoCommonMedia);
        }
        let known: Vec<(Meaning, u8, &Format)> = media
            .formats
            .iter()
            .filter_map(|format| Some((wish.meaning(format)?, format.payload_type()?, format)))
            .collect();
        let mut codecs = known.iter().filter_map(|(meaning, payload_type, format)| match meaning {
            Meaning::Codec(codec) if wish.codecs.contains(codec) => Some((*codec, *payload_type, *format)),
            _ => None,
        });
        let (codec, payload_type, format) = codecs.next().ok_or(NegotiationError::NoCommonCodec)?;
        let find = |wanted: Meaning| {
            known.iter().find(|(meaning, ..)| *meaning == wanted).map(|(_, payload_type, _)| *payload_type)
        };
        let clock = codec.clock_rate();
        let event = |clock| find(Meaning::Event(clock)).map(|payload_type| (payload_type, clock));
        let dtmf = event(clock).or_else(|| event(8000)).filter(|_| wish.dtmf);
        let comfort_noise = find(Meaning::ComfortNoise).filter(|_| wish.comfort_noise && clock == 8000);
        let remote = SocketAddr::new(address(session.connection_of(media), wish.local)?, media.port);
        Ok(Self { line, codec, payload_type, fmtp: format.fmtp.clone(), dtmf, comfort_noise, remote })
    }

    /// The first of `lines` that we can take; the most telling error where there is none.
    pub(super) fn first(
        session: &SessionDescription,
        lines: &[usize],
        wish: &Wish<'_>,
        mut take: impl FnMut(&Self, &MediaDescription) -> Result<(), NegotiationError>,
    ) -> Result<Self, NegotiationError> {
        let mut worst = NegotiationError::NoCommonMedia;
        for line in lines {
            let choice = Self::read(session, *line, wish).and_then(|choice| {
                let media = session.media.get(*line).ok_or(NegotiationError::Mismatch)?;
                take(&choice, media).map(|()| choice)
            });
            match choice {
                Ok(choice) => return Ok(choice),
                Err(error) if error.weight() >= worst.weight() => worst = error,
                Err(_) => {}
            }
        }
        Err(worst)
    }
}

fn address(host: &str, local: Option<IpAddr>) -> Result<IpAddr, NegotiationError> {
    let address: IpAddr = host.parse().map_err(|_| NegotiationError::UnresolvedHost)?;
    if address.is_multicast() {
        return Err(NegotiationError::Multicast);
    }
    // A hold of RFC 2543 is written 0.0.0.0 by peers of IPv6, too.
    let reached = address.is_unspecified() || local.is_none_or(|local| local.is_ipv4() == address.is_ipv4());
    reached.then_some(address).ok_or(NegotiationError::OtherFamily)
}

/// Which way the peer's media flows, seen from the peer. A connection address of zero is the hold of RFC 2543: the
/// peer wants nothing sent (RFC 3264 8.4).
pub(super) fn remote_direction(
    session: &SessionDescription,
    media: &MediaDescription,
    remote: SocketAddr,
) -> Direction {
    let said = session.direction_of(media);
    if remote.ip().is_unspecified() { said.and(Direction::SendOnly) } else { said }
}

/// Where the peer wants RTCP (RFC 3605).
pub(super) fn remote_rtcp(media: &MediaDescription, remote: SocketAddr) -> Option<SocketAddr> {
    let (address, port) = match &media.rtcp {
        Some((port, address)) => (address.as_deref().and_then(|text| text.parse().ok()), *port),
        None => (None, remote.port().checked_add(1)?),
    };
    (port != 0).then_some(SocketAddr::new(address.unwrap_or(remote.ip()), port))
}

/// The packet length the peer wants, within what the codec and every receiver takes; ours where it says nothing.
pub(super) fn packet_length(theirs: &MediaDescription, ours: u8, codec: CodecName) -> u8 {
    let wanted = theirs.ptime.filter(|ptime| (10..=60).contains(ptime)).unwrap_or(u16::from(ours));
    let limit = theirs.maxptime.filter(|limit| *limit >= 10).unwrap_or(60);
    codec.packet_length(wanted.min(limit))
}
