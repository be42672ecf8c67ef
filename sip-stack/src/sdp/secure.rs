//! What an exchange agrees on for encryption (RFC 4568 5, RFC 5763 5, RFC 8842 5).

use super::capabilities::{Security, SecurityPolicy};
use super::{
    CryptoAttribute, DtlsRole, KeyMaterial, MediaDescription, MediaSecurity, NegotiationError, Setup,
};

/// The RTP transports of an `m=` line; with feedback or without makes no difference to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    Plain,
    Sdes,
    Dtls,
}

impl Profile {
    pub(super) fn of(protocol: &str) -> Option<Self> {
        let protocol = protocol.to_ascii_uppercase();
        match protocol.strip_suffix('F').unwrap_or(&protocol) {
            "RTP/AVP" => Some(Self::Plain),
            "RTP/SAVP" => Some(Self::Sdes),
            "UDP/TLS/RTP/SAVP" => Some(Self::Dtls),
            _ => None,
        }
    }

    /// What a first offer says.
    pub(super) fn offered(security: &Security) -> &'static str {
        match security.policy {
            SecurityPolicy::Off | SecurityPolicy::Optional => "RTP/AVP",
            SecurityPolicy::Required if security.sdes.is_empty() => "UDP/TLS/RTP/SAVP",
            SecurityPolicy::Required => "RTP/SAVP",
        }
    }
}

/// Writes what we can do into a line of an offer.
pub(super) fn offer(security: &Security, line: &mut MediaDescription) {
    let profile = Profile::of(&line.protocol);
    if security.policy == SecurityPolicy::Off {
        return;
    }
    if profile != Some(Profile::Dtls) {
        line.crypto = (1..)
            .zip(&security.sdes)
            .map(|(tag, key)| CryptoAttribute {
                tag,
                suite: key.suite,
                key: KeyMaterial { master: key.master.clone(), lifetime: None, mki: None },
            })
            .collect();
    }
    // A line under RTP/SAVP with keys is for peers that would not know what a fingerprint does there.
    if let Some(identity) = &security.dtls
        && (profile != Some(Profile::Sdes) || line.crypto.is_empty())
    {
        line.fingerprints = vec![identity.fingerprint.clone()];
        line.setup = Some(Setup::ActPass);
        line.tls_id.clone_from(&identity.tls_id);
    }
}

/// Takes the security of the peer's offer and writes ours into the line that answers it.
pub(super) fn answer(
    security: &Security,
    theirs: &MediaDescription,
    kept: Option<&MediaSecurity>,
    line: &mut MediaDescription,
) -> Result<MediaSecurity, NegotiationError> {
    let profile = Profile::of(&theirs.protocol).ok_or(NegotiationError::NoCommonMedia)?;
    let agreed = match (security.policy, profile) {
        (SecurityPolicy::Off, _) => None,
        (_, Profile::Plain | Profile::Sdes) => {
            answer_sdes(security, theirs, line).or_else(|| answer_dtls(security, theirs, kept, line))
        }
        (_, Profile::Dtls) => answer_dtls(security, theirs, kept, line),
    };
    match agreed {
        Some(agreed) => Ok(agreed),
        None if profile == Profile::Plain && security.policy != SecurityPolicy::Required => {
            Ok(MediaSecurity::None)
        }
        None => Err(NegotiationError::Security),
    }
}

/// The first line of the offer whose suite we have (RFC 4568 5.1.2).
fn answer_sdes(
    security: &Security,
    theirs: &MediaDescription,
    line: &mut MediaDescription,
) -> Option<MediaSecurity> {
    let (offered, key) = theirs
        .crypto
        .iter()
        .find_map(|offered| Some((offered, security.sdes.iter().find(|key| key.suite == offered.suite)?)))?;
    let local = KeyMaterial { master: key.master.clone(), lifetime: None, mki: None };
    line.crypto = vec![CryptoAttribute { tag: offered.tag, suite: offered.suite, key: local.clone() }];
    Some(MediaSecurity::Sdes { suite: offered.suite, local, remote: offered.key.clone() })
}

fn answer_dtls(
    security: &Security,
    theirs: &MediaDescription,
    kept: Option<&MediaSecurity>,
    line: &mut MediaDescription,
) -> Option<MediaSecurity> {
    let identity = security.dtls.as_ref().filter(|_| !theirs.fingerprints.is_empty())?;
    let kept = match kept {
        Some(MediaSecurity::Dtls { role, fingerprints, tls_id })
            if (fingerprints, tls_id) == (&theirs.fingerprints, &theirs.tls_id) =>
        {
            Some(*role)
        }
        _ => None,
    };
    let role = DtlsRole::answering(theirs.setup, kept)?;
    line.fingerprints = vec![identity.fingerprint.clone()];
    line.setup = Some(role.setup());
    line.tls_id = identity.tls_id.clone().filter(|_| theirs.tls_id.is_some());
    Some(MediaSecurity::Dtls {
        role,
        fingerprints: theirs.fingerprints.clone(),
        tls_id: theirs.tls_id.clone(),
    })
}

/// What the peer's answer took of the line we offered.
pub(super) fn answered(
    policy: SecurityPolicy,
    ours: &MediaDescription,
    theirs: &MediaDescription,
) -> Result<MediaSecurity, NegotiationError> {
    let profile = Profile::of(&theirs.protocol).ok_or(NegotiationError::NoCommonMedia)?;
    // By tag, as RFC 4568 5.1.3 says; by suite where a peer counts anew.
    let same_tag =
        |line: &&CryptoAttribute| ours.crypto.iter().any(|o| (o.tag, o.suite) == (line.tag, line.suite));
    let chosen = theirs.crypto.iter().find(same_tag).or_else(|| theirs.crypto.first());
    let sdes = chosen.and_then(|chosen| {
        let local = ours.crypto.iter().find(|offered| offered.suite == chosen.suite)?.key.clone();
        Some(MediaSecurity::Sdes { suite: chosen.suite, local, remote: chosen.key.clone() })
    });
    let dtls = || {
        let both = !ours.fingerprints.is_empty() && !theirs.fingerprints.is_empty();
        let role = DtlsRole::answered(theirs.setup).filter(|_| both)?;
        let (fingerprints, tls_id) = (theirs.fingerprints.clone(), theirs.tls_id.clone());
        Some(MediaSecurity::Dtls { role, fingerprints, tls_id })
    };
    match sdes.or_else(dtls) {
        Some(agreed) => Ok(agreed),
        None if profile == Profile::Plain && policy != SecurityPolicy::Required => Ok(MediaSecurity::None),
        None => Err(NegotiationError::Security),
    }
}
