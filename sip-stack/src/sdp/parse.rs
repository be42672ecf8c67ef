//! Reading session descriptions, lenient in: real exchanges send bare line feeds, Latin-1 names, lines in any order,
//! no `s=` or `t=`, and attributes that nobody knows. Only what a call needs is kept; the rest costs nothing.

use super::session::{Encoding, Format, MediaDescription, MediaKind, SessionDescription};
use super::{CryptoAttribute, Direction, Fingerprint, Setup};

/// Why a body cannot be read as a session description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdpError {
    /// Nothing in it is a line of RFC 8866, or an `m=` line has no transport.
    #[error("malformed session description")]
    Malformed,
    /// More than 64 KiB, 16 media lines, or 128 formats on one of them.
    #[error("session description too large")]
    TooLarge,
}

/// Reads a session description.
///
/// # Errors
/// Not one line is `v=`, `o=` or `m=`, a media line is beyond repair, or there is too much of something.
pub fn parse(bytes: &[u8]) -> Result<SessionDescription, SdpError> {
    if bytes.len() > MAX_LENGTH {
        return Err(SdpError::TooLarge);
    }
    let text = String::from_utf8_lossy(bytes).replace('\0', "");
    let mut session = SessionDescription {
        session_id: "0".to_owned(),
        version: 0,
        origin: "0.0.0.0".to_owned(),
        connection: None,
        direction: None,
        media: Vec::new(),
    };
    let mut known = false;
    let mut defaults = Attributes::default();
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in text.split(['\n', '\r']) {
        let line = line.trim_matches([' ', '\t']);
        let Some((key, value)) = line.split_once('=').filter(|(key, _)| key.len() == 1) else { continue };
        let value = value.trim_matches([' ', '\t']);
        known |= matches!(key, "v" | "o" | "m");
        match key {
            "o" => origin(value, &mut session),
            "m" if sections.len() == MAX_MEDIA => return Err(SdpError::TooLarge),
            "m" => {
                sections.push(Section { line: value, connection: None, attributes: Attributes::default() })
            }
            "c" => {
                let connection =
                    sections.last_mut().map_or(&mut session.connection, |last| &mut last.connection);
                *connection = connection.take().or_else(|| address(value));
            }
            "a" => sections.last_mut().map_or(&mut defaults, |last| &mut last.attributes).take(value),
            _ => {}
        }
    }
    if !known {
        return Err(SdpError::Malformed);
    }
    session.direction = defaults.direction;
    session.media = sections.into_iter().map(|section| section.read(&defaults)).collect::<Result<_, _>>()?;
    Ok(session)
}

/// `- 20518 0 IN IP4 203.0.113.1`, read from its end: some write a user name with spaces.
fn origin(value: &str, session: &mut SessionDescription) {
    let mut words = value.rsplit(|c: char| c.is_ascii_whitespace()).filter(|word| !word.is_empty());
    if let Some(host) = words.next() {
        session.origin = plain(host);
    }
    // The words for network and address type.
    let mut words = words.skip(2);
    if let Some(version) = words.next() {
        session.version = number(version);
    }
    if let Some(id) = words.next() {
        session.session_id = id.to_owned();
    }
}

/// Some use more digits than fit, and some are no numbers at all.
fn number(text: &str) -> u64 {
    let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    if digits { text.parse().unwrap_or(u64::MAX) } else { 0 }
}

/// `IN IP4 198.51.100.9/127`; whoever forgot the first words still means the last one.
fn address(value: &str) -> Option<String> {
    value.split_ascii_whitespace().take(3).last().map(plain)
}

/// The address without the multicast suffix `/ttl/count`.
fn plain(text: &str) -> String {
    text.split('/').next().filter(|host| !host.is_empty()).unwrap_or("0.0.0.0").to_owned()
}

/// An `m=` line with what follows it.
struct Section<'a> {
    line: &'a str,
    connection: Option<String>,
    attributes: Attributes<'a>,
}

/// The attributes that we understand, each as written first.
#[derive(Default)]
struct Attributes<'a> {
    rtpmap: Vec<(&'a str, &'a str)>,
    fmtp: Vec<(&'a str, &'a str)>,
    direction: Option<Direction>,
    ptime: Option<u16>,
    maxptime: Option<u16>,
    rtcp: Option<(u16, Option<String>)>,
    rtcp_mux: bool,
    crypto: Vec<CryptoAttribute>,
    fingerprints: Vec<Fingerprint>,
    setup: Option<Setup>,
    tls_id: Option<String>,
}

impl<'a> Attributes<'a> {
    fn take(&mut self, attribute: &'a str) {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        let (name, value) = (name.trim_ascii_end(), value.trim_ascii_start());
        match name.to_ascii_lowercase().as_str() {
            "rtpmap" => self.rtpmap.extend(of_format(value)),
            "fmtp" => self.fmtp.extend(of_format(value)),
            "ptime" => self.ptime = self.ptime.or_else(|| milliseconds(value)),
            "maxptime" => self.maxptime = self.maxptime.or_else(|| milliseconds(value)),
            "rtcp" => self.rtcp = self.rtcp.take().or_else(|| rtcp(value)),
            "rtcp-mux" => self.rtcp_mux = true,
            "crypto" if self.crypto.len() < MAX_KEYS => self.crypto.extend(CryptoAttribute::parse(value)),
            "fingerprint" if self.fingerprints.len() < MAX_KEYS => {
                self.fingerprints.extend(Fingerprint::parse(value));
            }
            "setup" => self.setup = self.setup.or_else(|| Setup::parse(value)),
            "tls-id" => {
                let id = Some(value).filter(|id| !id.is_empty()).map(str::to_owned);
                self.tls_id = self.tls_id.take().or(id);
            }
            name => self.direction = self.direction.or_else(|| Direction::from_name(name)),
        }
    }
}

impl Section<'_> {
    fn read(self, session: &Attributes<'_>) -> Result<MediaDescription, SdpError> {
        let Attributes { rtpmap, fmtp, direction, ptime, maxptime, rtcp, rtcp_mux, crypto, .. } =
            self.attributes;
        let mut words = self.line.split_ascii_whitespace();
        let (Some(kind), Some(port), Some(protocol)) = (words.next(), words.next(), words.next()) else {
            return Err(SdpError::Malformed);
        };
        let kind = match kind.to_ascii_lowercase().as_str() {
            "audio" => MediaKind::Audio,
            "image" => MediaKind::Image,
            _ => MediaKind::Other(kind.to_owned()),
        };
        // `49170/2` counts ports; what is no port refuses the stream.
        let port = port.split('/').next().and_then(|port| port.parse().ok()).unwrap_or(0);
        let find = |list: &[(&str, &'_ str)], id: &str| {
            list.iter().find(|(format, _)| *format == id).map(|(_, value)| (*value).to_owned())
        };
        let formats: Vec<Format> = words
            .take(MAX_FORMATS + 1)
            .map(|id| Format {
                id: id.to_owned(),
                encoding: find(&rtpmap, id).as_deref().and_then(encoding),
                fmtp: find(&fmtp, id),
            })
            .collect();
        if formats.len() > MAX_FORMATS {
            return Err(SdpError::TooLarge);
        }
        let mut fingerprints = self.attributes.fingerprints;
        if fingerprints.is_empty() {
            fingerprints.clone_from(&session.fingerprints);
        }
        Ok(MediaDescription {
            kind,
            port,
            protocol: protocol.to_owned(),
            formats,
            connection: self.connection,
            direction,
            ptime: ptime.or(session.ptime),
            maxptime: maxptime.or(session.maxptime),
            rtcp,
            rtcp_mux,
            crypto,
            fingerprints,
            setup: self.attributes.setup.or(session.setup),
            tls_id: self.attributes.tls_id.or_else(|| session.tls_id.clone()),
        })
    }
}

/// `101 telephone-event/8000` into its format and the rest.
fn of_format(value: &str) -> Option<(&str, &str)> {
    let (format, rest) = value.split_once([' ', '\t'])?;
    Some((format, rest.trim_ascii_start())).filter(|(_, rest)| !rest.is_empty())
}

/// `opus/48000/2`. Whoever leaves the clock out means that of a telephone; one that is no number makes no encoding.
fn encoding(value: &str) -> Option<Encoding> {
    let mut parts = value.splitn(3, '/').map(str::trim_ascii);
    let name = parts.next().filter(|name| !name.is_empty())?.to_owned();
    let clock_rate = parts.next().map_or(Ok(8000), str::parse).ok()?;
    Some(Encoding { name, clock_rate, channels: parts.next().filter(|c| !c.is_empty()).map(str::to_owned) })
}

/// Some peers write `20.0`; what is out of range saturates and is bounded by the negotiator.
fn milliseconds(value: &str) -> Option<u16> {
    value.parse::<f32>().ok().filter(|value| value.is_finite()).map(|value| value as u16)
}

/// `53020` or `53020 IN IP4 126.16.64.4`.
fn rtcp(value: &str) -> Option<(u16, Option<String>)> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok()?;
    Some((port, words.nth(2).map(plain)))
}

/// The bytes we read; the largest of browsers stay below 16 KiB.
const MAX_LENGTH: usize = 64 * 1024;

/// The media lines we read.
const MAX_MEDIA: usize = 16;

/// The formats per media line we read: every payload type there is.
const MAX_FORMATS: usize = 128;

/// The keys and fingerprints per media line we read.
const MAX_KEYS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sloppy_descriptions_are_read() {
        let cases: [&[u8]; 12] = [
            b"v=0\no=- 1 1 IN IP4 h\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n",
            b"v=0\ro=- 1 1 IN IP4 h\rc=IN IP4 192.0.2.1\rm=audio 4000 RTP/AVP 0\r",
            b"v=0\r\no=- 1 1 IN IP4 h\r\ns=\x89c\x8b\xc6\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0",
            b"\r\nv=0\r\no=- 1 1 IN IP4 h\r\njunk\r\nc=IN IP4 192.0.2.1 \r\nm=audio 4000 RTP/AVP 0\r\n\r\n",
            b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nb=nonsense\r\nk=?\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
            b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1/127\r\n",
            b"t=0 0\r\nc=IN IP4 192.0.2.1\r\ns=-\r\nm=audio 4000/2 RTP/AVP 0\r\no=- 1 1 IN IP4 h\r\nv=0\r\n",
            b"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n",
            b"v=0\r\nc=192.0.2.1\r\nm = x\r\nm=  AUDIO \t 4000   RTP/AVP\t 0 \r\n\0",
            b"v=0\r\no=\r\nc=\r\nc=IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.2\r\nm=audio 4000 RTP/AVP 0\r\n",
            b"v=0\r\nV=1\r\nA=inactive\r\n=\r\nvv=1\r\no=192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n",
            b"v=9\r\no=two words 99999999999999999999 x IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n",
        ];
        for bytes in cases {
            let text = String::from_utf8_lossy(bytes);
            let session = parse(bytes).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(session.media.len(), 1, "{text}");
            assert_eq!((&session.media[0].kind, session.media[0].port), (&MediaKind::Audio, 4000), "{text}");
            assert_eq!(session.connection_of(&session.media[0]), "192.0.2.1", "{text}");
            assert_eq!(session.direction_of(&session.media[0]), Direction::SendRecv, "{text}");
            assert_eq!(parse(&session.to_bytes()).as_ref(), Ok(&session), "{text}");
        }
    }

    #[test]
    fn numbers_without_measure_are_bounded() {
        let session = parse(
            b"v=0\r\no=- 99999999999999999999999 99999999999999999999999 IN IP4 h\r\n\
              m=audio 70000 RTP/AVP 999 0 0 x\r\na=ptime:1e30\r\na=maxptime:-5\r\na=rtcp:70000\r\n\
              a=rtpmap:0 PCMU/99999999999\r\na=rtpmap:999 opus\r\nm=audio -1 RTP/AVP\r\na=ptime:NaN\r\na=ptime:20.0\r\n",
        )
        .unwrap();
        assert_eq!((session.version, session.session_id.len()), (u64::MAX, 23));
        let [first, second] = session.media.as_slice() else { panic!() };
        assert_eq!(
            (first.port, first.ptime, first.maxptime, &first.rtcp),
            (0, Some(u16::MAX), Some(0), &None)
        );
        assert_eq!(first.formats[0].payload_type(), None);
        assert_eq!(first.formats[1].encoding, None);
        assert_eq!((second.port, second.ptime, second.formats.len()), (0, Some(20), 0));
    }

    #[test]
    fn attributes_find_their_format() {
        let session = parse(
            b"v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\na=inactive\r\n\
              m=audio 4000 RTP/AVP 111 101\r\na=rtpmap:111 OPUS/48000/2\r\na=fmtp:111 useinbandfec=1; x=y\r\n\
              a=rtpmap:101 telephone-event/48000\r\na=ptime:20\r\na=rtcp:53020 IN IP4 126.16.64.4\r\n\
              m=image 4002 udptl t38\r\na=sendonly\r\n",
        )
        .unwrap();
        let [audio, image] = session.media.as_slice() else { panic!() };
        assert_eq!(audio.formats[0].fmtp.as_deref(), Some("useinbandfec=1; x=y"));
        assert_eq!(audio.rtcp, Some((53020, Some("126.16.64.4".into()))));
        assert_eq!((audio.ptime, session.direction_of(audio)), (Some(20), Direction::Inactive));
        assert!(image.is_t38());
        assert_eq!(session.direction_of(image), Direction::SendOnly);
        let again = parse(&session.to_bytes()).unwrap();
        assert_eq!(again, session);
    }

    #[test]
    fn what_stands_above_the_media_counts_for_each() {
        let print = "A5:".repeat(32);
        let session = parse(
            format!(
                "v=0\r\na=ptime:30\r\na=fingerprint:sha-256 {}\r\na=setup:actpass\r\na=tls-id:abc\r\na=recvonly\r\n\
                 m=audio 4000 UDP/TLS/RTP/SAVP 0\r\nm=audio 4002 RTP/AVP 0\r\na=ptime:20\r\na=setup:passive\r\n",
                print.trim_end_matches(':')
            )
            .as_bytes(),
        )
        .unwrap();
        let [first, second] = session.media.as_slice() else { panic!() };
        assert_eq!((first.ptime, first.setup, first.fingerprints.len()), (Some(30), Some(Setup::ActPass), 1));
        assert_eq!(
            (second.ptime, second.setup, second.tls_id.as_deref()),
            (Some(20), Some(Setup::Passive), Some("abc"))
        );
        assert_eq!(session.direction_of(first), Direction::RecvOnly);
        assert_eq!(parse(&session.to_bytes()).unwrap(), session);
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(parse(b""), Err(SdpError::Malformed));
        assert_eq!(parse(b"hello"), Err(SdpError::Malformed));
        assert_eq!(parse(b"v=0\r\nm=audio 4000\r\n"), Err(SdpError::Malformed));
        let many =
            format!("v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n{}", "m=audio 1 RTP/AVP 0\r\n".repeat(17));
        assert_eq!(parse(many.as_bytes()), Err(SdpError::TooLarge));
        let wide = format!("v=0\r\nm=audio 1 RTP/AVP{}\r\n", " 0".repeat(129));
        assert_eq!(parse(wide.as_bytes()), Err(SdpError::TooLarge));
        assert_eq!(parse(&vec![b'v'; MAX_LENGTH + 1]), Err(SdpError::TooLarge));
    }
}
