//! Reading session descriptions, lenient in: real exchanges send bare line feeds, Latin-1 names, missing `s=` or
//! `t=`, and lines nobody knows.

use sdp_types::Session;

use super::{Direction, Format, MediaDescription, MediaKind, SessionDescription};

/// Why a body cannot be read as a session description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdpError {
    /// The lines do not follow RFC 8866.
    #[error("malformed session description")]
    Malformed,
    /// More than 16 media lines, or more than 128 formats on one of them.
    #[error("too many media lines or formats")]
    TooMany,
}

/// Reads a session description.
///
/// # Errors
/// Not even the `v= o= c= t= m= a=` lines alone make sense, or there are too many of them.
pub fn parse(bytes: &[u8]) -> Result<SessionDescription, SdpError> {
    let text = String::from_utf8_lossy(bytes);
    let everything = tidy(&text, |_| true);
    // A line that only people or bandwidth planners read must not cost the call.
    let session = Session::parse(everything.as_bytes())
        .or_else(|_| Session::parse(tidy(&text, |key| b"voctma".contains(&key)).as_bytes()))
        .map_err(|_| SdpError::Malformed)?;
    let formats_ok = |media: &sdp_types::Media| media.fmt.split_ascii_whitespace().count() <= MAX_FORMATS;
    if session.medias.len() > MAX_MEDIA || !session.medias.iter().all(formats_ok) {
        return Err(SdpError::TooMany);
    }
    Ok(SessionDescription {
        session_id: session.origin.sess_id.clone(),
        version: session.origin.sess_version,
        origin: session.origin.unicast_address.clone(),
        connection: session.connection.as_ref().map(|c| plain_address(&c.connection_address)),
        direction: direction(&session.attributes),
        media: session.medias.iter().map(media).collect(),
    })
}

/// Only lines of the form `x=…` whose key is wanted, ended by CRLF.
fn tidy(text: &str, wanted: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split(['\n', '\r']) {
        let line = line.trim_end_matches([' ', '\t', '\0']);
        let line = line.trim_start();
        if let [key, b'=', ..] = line.as_bytes()
            && key.is_ascii_lowercase()
            && wanted(*key)
        {
            out.extend(line.chars().filter(|c| *c != '\0'));
            out.push_str("\r\n");
        }
    }
    out
}

fn media(media: &sdp_types::Media) -> MediaDescription {
    let values = |name: &'static str| {
        media
            .attributes
            .iter()
            .filter(move |attribute| attribute.attribute.eq_ignore_ascii_case(name))
            .filter_map(|attribute| attribute.value.as_deref())
    };
    let of_format = |name: &'static str, id: &str| {
        values(name)
            .filter_map(|value| value.trim().split_once([' ', '\t']))
            .find(|(format, _)| *format == id)
            .map(|(_, rest)| rest.trim().to_owned())
    };
    let number = |name| values(name).next().and_then(|value| value.trim().parse::<f32>().ok());
    let formats = media.fmt.split_ascii_whitespace().map(|id| {
        let rtpmap = of_format("rtpmap", id);
        let mut parts = rtpmap.as_deref().unwrap_or_default().splitn(3, '/').map(str::trim);
        let encoding = parts.next().filter(|name| !name.is_empty()).map(str::to_owned);
        Format {
            id: id.to_owned(),
            encoding,
            clock_rate: parts.next().and_then(|rate| rate.parse().ok()),
            channels: parts.next().map(str::to_owned),
            fmtp: of_format("fmtp", id),
        }
    });
    MediaDescription {
        kind: match media.media.to_ascii_lowercase().as_str() {
            "audio" => MediaKind::Audio,
            "image" => MediaKind::Image,
            _ => MediaKind::Other(media.media.clone()),
        },
        port: media.port,
        protocol: media.proto.clone(),
        formats: formats.collect(),
        connection: media.connections.first().map(|c| plain_address(&c.connection_address)),
        direction: direction(&media.attributes),
        ptime: number("ptime").map(milliseconds),
        maxptime: number("maxptime").map(milliseconds),
        rtcp: values("rtcp").next().and_then(rtcp),
    }
}

/// Some peers write `20.0`; what is out of range saturates and is bounded by the negotiator.
fn milliseconds(value: f32) -> u16 {
    value as u16
}

/// `53020` or `53020 IN IP4 126.16.64.4`.
fn rtcp(value: &str) -> Option<(u16, Option<String>)> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok()?;
    Some((port, words.nth(2).map(plain_address)))
}

fn direction(attributes: &[sdp_types::Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|attribute| Direction::from_name(attribute.attribute.trim()))
}

/// The address without the multicast suffix `/ttl/count`.
fn plain_address(text: &str) -> String {
    text.split('/').next().unwrap_or_default().trim().to_owned()
}

/// The media lines we read.
const MAX_MEDIA: usize = 16;

/// The formats per media line we read: every payload type there is.
const MAX_FORMATS: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sloppy_descriptions_are_read() {
        let cases: [&[u8]; 5] = [
            b"v=0\no=- 1 1 IN IP4 h\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n",
            b"v=0\r\no=- 1 1 IN IP4 h\r\ns=\x89c\x8b\xc6\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0",
            b"\r\nv=0\r\no=- 1 1 IN IP4 h\r\njunk\r\nc=IN IP4 192.0.2.1 \r\nm=audio 4000 RTP/AVP 0\r\n\r\n",
            b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nb=nonsense\r\nk=?\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
            b"v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1/127\r\n",
        ];
        for bytes in cases {
            let text = String::from_utf8_lossy(bytes);
            let session = parse(bytes).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(session.media[0].port, 4000, "{text}");
            assert_eq!(session.connection_of(&session.media[0]), Some("192.0.2.1"), "{text}");
        }
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
    fn nonsense_is_refused() {
        assert_eq!(parse(b""), Err(SdpError::Malformed));
        assert_eq!(parse(b"hello"), Err(SdpError::Malformed));
        let many =
            format!("v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n{}", "m=audio 1 RTP/AVP 0\r\n".repeat(17));
        assert_eq!(parse(many.as_bytes()), Err(SdpError::TooMany));
    }
}
