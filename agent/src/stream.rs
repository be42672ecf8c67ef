//! `sdp::Negotiated` becomes `media::StreamParams`: the two libraries meet here.

use media::srtp::{Encryption, SrtpKey, SrtpKeys, SrtpProfile};
use media::types::{Codec, StreamParams};
use sip_stack::sdp::{CodecName, CryptoSuite, Direction, KeyMaterial, MediaSecurity, Negotiated};

/// What offer and answer agreed on, in the media engine's words; `bitrate` is the account's for Opus.
pub(crate) fn stream_params(media: &Negotiated, bitrate: Option<u32>) -> StreamParams {
    StreamParams {
        remote: media.remote,
        remote_rtcp: media.remote_rtcp,
        rtcp_mux: media.rtcp_mux,
        codec: match media.codec {
            CodecName::Pcma => Codec::Pcma,
            CodecName::G722 => Codec::G722,
            CodecName::Opus => Codec::Opus,
            _ => Codec::Pcmu,
        },
        payload_type: media.payload_type,
        receive_payload_type: media.receive_payload_type,
        dtmf_payload_type: media.dtmf_payload_type,
        dtmf_clock_rate: media.dtmf_clock_rate,
        dtmf_receive_payload_type: media.dtmf_receive_payload_type,
        noise_payload_type: media.comfort_noise_receive_payload_type,
        ptime_ms: media.ptime_ms,
        send: matches!(media.direction, Direction::SendRecv | Direction::SendOnly),
        receive: matches!(media.direction, Direction::SendRecv | Direction::RecvOnly),
        fmtp: media.fmtp.clone(),
        bitrate,
        encryption: encryption(&media.security),
    }
}

/// How the voice is encrypted, as clients are told.
pub(crate) fn secure(media: &Negotiated) -> Option<String> {
    match &media.security {
        MediaSecurity::Sdes { suite, .. } => Some(format!("sdes {}", suite.as_str())),
        _ => None,
    }
}

fn encryption(security: &MediaSecurity) -> Encryption {
    let MediaSecurity::Sdes { suite, local, remote } = security else { return Encryption::Off };
    let profile = match suite {
        CryptoSuite::AesCm128HmacSha1_32 => SrtpProfile::AesCm128HmacSha1_32,
        CryptoSuite::AesCm256HmacSha1_80 => SrtpProfile::AesCm256HmacSha1_80,
        CryptoSuite::AesCm256HmacSha1_32 => SrtpProfile::AesCm256HmacSha1_32,
        CryptoSuite::AeadAes128Gcm => SrtpProfile::AeadAes128Gcm,
        CryptoSuite::AeadAes256Gcm => SrtpProfile::AeadAes256Gcm,
        _ => SrtpProfile::AesCm128HmacSha1_80,
    };
    Encryption::Keys(SrtpKeys { profile, local: key(local), remote: key(remote) })
}

fn key(material: &KeyMaterial) -> SrtpKey {
    // RFC 4568 6.1: the identifier in as many bytes as its length says, highest first.
    let mki = material.mki.map(|mki| {
        let length = usize::from(mki.length);
        let value = mki.value.to_be_bytes();
        let mut bytes = vec![0; length.saturating_sub(value.len())];
        bytes.extend(&value[value.len().saturating_sub(length)..]);
        bytes
    });
    SrtpKey { key_and_salt: material.master.expose().to_vec(), mki }
}
