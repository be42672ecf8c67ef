//! The client's side.

use super::{
    Secret,
    digest::{Algorithm, Inputs, Qop},
};
use crate::message::{AuthInfo, Challenge, Credentials, Method};

/// Who we are towards a realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The authentication user name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// What is authenticated: the parts of a request that go into the digest.
#[derive(Debug, Clone, Copy)]
pub struct Protected<'a> {
    /// The method.
    pub method: &'a Method,
    /// The Request-URI as sent.
    pub uri: &'a str,
    /// The body; only `auth-int` looks at it.
    pub body: &'a [u8],
}

/// Why a challenge is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The response carries no challenge that can be read.
    #[error("no challenge")]
    NoChallenge,
    /// Only schemes, algorithms or qualities of protection that we do not know.
    #[error("no supported challenge")]
    Unsupported,
}

/// The answer to the strongest of `challenges` that we can compute: `Authorization` for `WWW-Authenticate`,
/// `Proxy-Authorization` for `Proxy-Authenticate`. `nonce_count` counts from 1 per nonce; `cnonce` must stay the same
/// for one nonce, since the `-sess` algorithms bind the password to the first one (RFC 7616 3.4.2).
///
/// `auth-int` is used only where nothing else is offered: proxies rewrite SDP and would break it. Among equally
/// strong challenges the first one counts. RFC 8760 2.4 takes the first of all unless local policy says otherwise;
/// our policy is the strongest.
///
/// # Errors
/// [`AuthError::NoChallenge`] or [`AuthError::Unsupported`].
pub fn answer(
    challenges: &[Challenge],
    login: &Login,
    protected: Protected<'_>,
    nonce_count: u32,
    cnonce: &str,
) -> Result<Credentials, AuthError> {
    let (challenge, algorithm, qop) = strongest(challenges)?;
    let inputs = Inputs {
        algorithm,
        user: &login.user,
        realm: &challenge.realm,
        password: login.password.expose(),
        nonce: &challenge.nonce,
        method: protected.method.as_str(),
        uri: protected.uri,
        body: protected.body,
        cnonce,
        qop: qop.map(|qop| (qop, nonce_count)),
    };
    Ok(Credentials {
        username: match challenge.userhash {
            true => algorithm.userhash(&login.user, &challenge.realm),
            false => login.user.clone(),
        },
        realm: challenge.realm.clone(),
        nonce: challenge.nonce.clone(),
        uri: protected.uri.to_owned(),
        response: inputs.response(),
        algorithm: challenge.algorithm.clone(),
        cnonce: (qop.is_some() || algorithm.is_session()).then(|| cnonce.to_owned()),
        opaque: challenge.opaque.clone(),
        qop: qop.map(|qop| qop.as_str().to_owned()),
        nc: qop.map(|_| nonce_count),
        userhash: challenge.userhash,
    })
}

/// Whether [`answer`] could answer this challenge.
pub(crate) fn is_supported(challenge: &Challenge) -> bool {
    choice(challenge).is_some()
}

/// Whether the server that sent `info` knows our password. `None` where it proves nothing: no `rspauth`, or the
/// proof of RFC 2069, which RFC 7616 no longer defines.
pub(crate) fn proves_server(
    info: &AuthInfo,
    sent: &Credentials,
    login: &Login,
    answer_body: &[u8],
) -> Option<bool> {
    let rspauth = info.rspauth.as_deref()?;
    let qop = Qop::from_token(info.qop.as_deref().or(sent.qop.as_deref())?)?;
    let (nc, cnonce) = (sent.nc?, sent.cnonce.as_deref()?);
    let given_back =
        info.nc.is_none_or(|got| got == nc) && info.cnonce.as_deref().is_none_or(|got| got == cnonce);
    let algorithm = sent.algorithm.as_deref().map_or(Some(Algorithm::Md5), Algorithm::from_token)?;
    let expected = Inputs {
        algorithm,
        user: &login.user,
        realm: &sent.realm,
        password: login.password.expose(),
        nonce: &sent.nonce,
        method: "",
        uri: &sent.uri,
        body: b"",
        cnonce,
        qop: Some((qop, nc)),
    }
    .rspauth(answer_body);
    Some(given_back && expected == rspauth)
}

fn strongest(challenges: &[Challenge]) -> Result<(&Challenge, Algorithm, Option<Qop>), AuthError> {
    if challenges.is_empty() {
        return Err(AuthError::NoChallenge);
    }
    let mut best: Option<(&Challenge, Algorithm, Option<Qop>)> = None;
    for challenge in challenges {
        let Some((algorithm, qop)) = choice(challenge) else { continue };
        if best.is_none_or(|(_, known, _)| algorithm.strength() > known.strength()) {
            best = Some((challenge, algorithm, qop));
        }
    }
    best.ok_or(AuthError::Unsupported)
}

/// Algorithm and quality of protection for a challenge; `None` for one that we cannot answer. A challenge without
/// `qop` is of RFC 2069.
fn choice(challenge: &Challenge) -> Option<(Algorithm, Option<Qop>)> {
    if !challenge.is_digest() {
        return None;
    }
    let algorithm = challenge.algorithm.as_deref().map_or(Some(Algorithm::Md5), Algorithm::from_token)?;
    let offered = |qop: Qop| challenge.qop.iter().any(|token| Qop::from_token(token) == Some(qop));
    let qop = match challenge.qop.is_empty() {
        true => None,
        false => Some([Qop::Auth, Qop::AuthInt].into_iter().find(|qop| offered(*qop))?),
    };
    Some((algorithm, qop))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Login {
        Login { user: "alice".into(), password: Secret::new("pw") }
    }

    fn pick(challenges: &[&str], body: &[u8]) -> Result<Credentials, AuthError> {
        let challenges: Vec<_> = challenges.iter().map(|text| Challenge::parse(text).unwrap()).collect();
        let protected = Protected { method: &Method::Register, uri: "sip:pbx", body };
        answer(&challenges, &login(), protected, 1, "c")
    }

    #[test]
    fn the_strongest_known_algorithm_is_taken() {
        let offered = [
            "Digest realm=\"r\", nonce=\"1\", algorithm=SHA3-512, qop=\"auth\"",
            "Basic realm=\"r\"",
            "Digest realm=\"r\", nonce=\"2\", qop=\"auth-int,auth\"",
            "Digest realm=\"r\", nonce=\"3\", algorithm=sha-256, qop=\"auth\"",
            "Digest realm=\"r\", nonce=\"4\", algorithm=Sha-512-256, qop=\"AUTH\"",
            "Digest realm=\"r\", nonce=\"5\", algorithm=SHA-512-256, qop=\"auth\"",
        ];
        let picked = pick(&offered, b"").unwrap();
        assert_eq!((picked.nonce.as_str(), picked.algorithm.as_deref()), ("4", Some("Sha-512-256")));
        let picked = pick(&offered[..3], b"").unwrap();
        assert_eq!((picked.nonce.as_str(), picked.qop.as_deref()), ("2", Some("auth")));
        assert_eq!(pick(&offered[..2], b""), Err(AuthError::Unsupported));
        assert_eq!(pick(&[], b""), Err(AuthError::NoChallenge));
        assert_eq!(
            pick(&["Digest realm=\"r\", nonce=\"1\", qop=\"other\""], b""),
            Err(AuthError::Unsupported)
        );
    }

    #[test]
    fn auth_int_is_used_where_nothing_else_is_offered() {
        let only = ["Digest realm=\"r\", nonce=\"1\", qop=\"auth-int\""];
        let (one, other) = (pick(&only, b"a").unwrap(), pick(&only, b"b").unwrap());
        assert_eq!(one.qop.as_deref(), Some("auth-int"));
        assert_ne!(one.response, other.response);
    }

    /// RFC 7616 3.4.4: the name is hidden, the digest is not changed by it.
    #[test]
    fn userhash_hides_the_name() {
        let with = pick(&["Digest realm=\"r\", nonce=\"1\", qop=\"auth\", userhash=true"], b"").unwrap();
        let without = pick(&["Digest realm=\"r\", nonce=\"1\", qop=\"auth\""], b"").unwrap();
        assert_eq!(with.response, without.response);
        assert!(with.userhash && !with.to_string().contains("alice"));
        assert!(with.to_string().ends_with(", userhash=true"));
    }

    /// RFC 2069 servers offer no `qop`.
    #[test]
    fn a_challenge_without_qop_gets_an_answer_without_it() {
        let old = pick(&["Digest realm=\"r\", nonce=\"1\", opaque=\"o\\\"\""], b"").unwrap();
        assert_eq!((old.qop, old.nc, old.cnonce), (None, None, None));
        assert_eq!(old.opaque.as_deref(), Some("o\\\""));
    }
}
