//! `sdp::Negotiated` becomes `media::StreamParams`: the two libraries meet here.

use config::{Account, Config, DeskPhone, Srtp, SrtpKeying, Voice};
use media::dtls::{self, DtlsIdentity, DtlsTerms, IdentityError};
use media::srtp::{Encryption, SrtpKey, SrtpKeys, SrtpProfile};
use media::types::{Codec, StreamParams};
use sip_stack::sdp::{
    CodecName, CryptoSuite, Direction, DtlsRole, Fingerprint, HashFunction, KeyMaterial, MediaSecurity,
    Negotiated,
};

/// What offer and answer agreed on, in the media engine's words; `bitrate` is the account's for Opus, `identity` its
/// certificate.
pub(crate) fn stream_params(
    media: &Negotiated,
    bitrate: Option<u32>,
    identity: Option<&DtlsIdentity>,
) -> StreamParams {
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
        encryption: encryption(&media.security, identity),
    }
}

/// How the voice is encrypted, as clients are told. What a handshake brings is told when it has: until then it is as `before`.
pub(crate) fn secure(media: &Negotiated, before: Option<String>) -> Option<String> {
    match &media.security {
        MediaSecurity::Sdes { suite, .. } => Some(format!("sdes {}", suite.as_str())),
        MediaSecurity::Dtls { .. } => before.filter(|before| before.starts_with("dtls ")),
        _ => None,
    }
}

/// Whether the account encrypts under keys of a DTLS handshake.
pub(crate) fn makes_keys_by_dtls(account: &Account) -> bool {
    account.srtp != Srtp::Off && account.srtp_keying == SrtpKeying::Dtls
}

/// Whether the voice of the desk phone is encrypted so.
pub(crate) fn phone_makes_keys_by_dtls(phone: &DeskPhone) -> bool {
    phone.srtp != Srtp::Off && phone.srtp_keying == SrtpKeying::Dtls
}

/// Our certificate, where an account or a desk phone needs one.
pub(crate) fn identity(config: &Config) -> Result<Option<DtlsIdentity>, IdentityError> {
    let phones = config.seats.iter().filter_map(|seat| match &seat.voice {
        Voice::Phone(phone) => Some(phone),
        _ => None,
    });
    let wanted =
        config.accounts.iter().any(makes_keys_by_dtls) || phones.into_iter().any(phone_makes_keys_by_dtls);
    wanted.then(DtlsIdentity::generate).transpose()
}

/// Whether the keys of the voice come later, by a handshake.
pub(crate) fn awaits_keys(media: &Negotiated) -> bool {
    matches!(media.security, MediaSecurity::Dtls { .. })
}

fn encryption(security: &MediaSecurity, identity: Option<&DtlsIdentity>) -> Encryption {
    let (suite, local, remote) = match (security, identity) {
        (MediaSecurity::Sdes { suite, local, remote }, _) => (suite, local, remote),
        (MediaSecurity::Dtls { role, fingerprints, tls_id }, Some(identity)) => {
            return Encryption::Dtls(DtlsTerms {
                identity: identity.clone(),
                client: *role == DtlsRole::Client,
                fingerprints: fingerprints.iter().filter_map(fingerprint).collect(),
                tls_id: tls_id.clone(),
            });
        }
        _ => return Encryption::Off,
    };
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

fn fingerprint(print: &Fingerprint) -> Option<dtls::Fingerprint> {
    let hash = match print.hash {
        HashFunction::Sha1 => dtls::HashFunction::Sha1,
        HashFunction::Sha224 => dtls::HashFunction::Sha224,
        HashFunction::Sha256 => dtls::HashFunction::Sha256,
        HashFunction::Sha384 => dtls::HashFunction::Sha384,
        HashFunction::Sha512 => dtls::HashFunction::Sha512,
        // One that we cannot compute proves nothing.
        _ => return None,
    };
    Some(dtls::Fingerprint { hash, digest: print.digest.clone() })
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
