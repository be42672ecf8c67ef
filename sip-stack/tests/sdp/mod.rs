//! Session descriptions and offer/answer from outside: real peers' shapes, properties, every state, broken bytes.

mod changes;
mod peers;
mod properties;
mod secured;
mod states;

use sip_stack::sdp::{
    Capabilities, CodecName, CodecSpec, CryptoSuite, DtlsIdentity, Fingerprint, HashFunction, MasterKey,
    MediaSecurity, Negotiated, RtcpMux, SdesKey, Security, SecurityPolicy,
};

/// Everything that the stack can agree on.
fn everything(address: &str) -> Capabilities {
    Capabilities {
        codecs: [CodecName::Opus, CodecName::G722, CodecName::Pcmu, CodecName::Pcma]
            .map(CodecSpec::new)
            .into(),
        comfort_noise: true,
        rtcp_mux: RtcpMux::Answer,
        security: security(SecurityPolicy::Optional),
        ..Capabilities::new(address.parse().unwrap(), 20_000)
    }
}

/// A key for every suite, and a certificate.
fn security(policy: SecurityPolicy) -> Security {
    let key = |suite: CryptoSuite| SdesKey {
        suite,
        master: MasterKey::new(vec![7; suite.key_length() + suite.salt_length()]),
    };
    let fingerprint = Fingerprint { hash: HashFunction::Sha256, digest: vec![0xAB; 32] };
    Security {
        policy,
        sdes: CryptoSuite::ALL.map(key).into(),
        dtls: Some(DtlsIdentity { fingerprint, tls_id: None }),
    }
}

/// One line for a person.
fn summary(agreed: &Negotiated) -> String {
    let codec = match agreed.codec {
        CodecName::Opus => "Opus",
        codec => codec.encoding_name(),
    };
    let mut out = format!("{codec} {}", agreed.payload_type);
    if let Some(event) = agreed.dtmf_payload_type {
        out += &format!(" | event {event}/{}", agreed.dtmf_clock_rate);
    }
    if let Some(noise) = agreed.comfort_noise_payload_type {
        out += &format!(" | noise {noise}");
    }
    out += &format!(" | ptime {} | {:?} | {}", agreed.ptime_ms, agreed.direction, agreed.remote);
    if let Some(rtcp) = agreed.remote_rtcp {
        out += &format!(" rtcp {rtcp}");
    }
    if agreed.rtcp_mux {
        out += " mux";
    }
    out += &match &agreed.security {
        MediaSecurity::None => " | plain".to_owned(),
        MediaSecurity::Sdes { suite, .. } => format!(" | sdes {}", suite.as_str()),
        MediaSecurity::Dtls { role, .. } => format!(" | dtls {role:?}"),
        other => panic!("{other:?}"),
    };
    out
}
