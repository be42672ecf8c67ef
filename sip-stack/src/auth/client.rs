//! The client's side.

use super::{
    Secret,
    digest::{Algorithm, Inputs},
};
use crate::message::{Challenge, Credentials, Method};

/// Who we are towards a realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The authentication user name.
    pub user: String,
    /// The password.
    pub password: Secret,
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
/// `Proxy-Authorization` for `Proxy-Authenticate`. `uri` is the Request-URI as sent, `nonce_count` counts from 1 per
/// nonce. `auth-int` is not used: proxies rewrite SDP and would break it.
///
/// # Errors
/// [`AuthError::NoChallenge`] or [`AuthError::Unsupported`].
pub fn answer(
    challenges: &[Challenge],
    login: &Login,
    method: &Method,
    uri: &str,
    nonce_count: u32,
    cnonce: &str,
) -> Result<Credentials, AuthError> {
    let challenge = strongest(challenges)?;
    compute(challenge, login, method, uri, nonce_count, cnonce).ok_or(AuthError::Unsupported)
}

fn strongest(challenges: &[Challenge]) -> Result<&Challenge, AuthError> {
    if challenges.is_empty() {
        return Err(AuthError::NoChallenge);
    }
    let mut best: Option<&Challenge> = None;
    for challenge in challenges.iter().filter(|challenge| strength(challenge).is_some()) {
        if best.is_none_or(|known| strength(challenge) > strength(known)) {
            best = Some(challenge);
        }
    }
    best.ok_or(AuthError::Unsupported)
}

/// `None` for a challenge that we cannot answer.
fn strength(challenge: &Challenge) -> Option<u8> {
    let qop_ok = challenge.qop.is_empty() || challenge.qop.iter().any(|qop| qop == "auth");
    (challenge.is_digest() && qop_ok).then_some(())?;
    Some(algorithm(challenge)?.strength())
}

fn algorithm(challenge: &Challenge) -> Option<Algorithm> {
    challenge.algorithm.as_deref().map_or(Some(Algorithm::Md5), Algorithm::from_token)
}

fn compute(
    challenge: &Challenge,
    login: &Login,
    method: &Method,
    uri: &str,
    nonce_count: u32,
    cnonce: &str,
) -> Option<Credentials> {
    let algorithm = algorithm(challenge)?;
    let with_qop = !challenge.qop.is_empty();
    let session = matches!(algorithm, Algorithm::Md5Sess | Algorithm::Sha256Sess);
    let response = Inputs {
        algorithm,
        user: &login.user,
        realm: &challenge.realm,
        password: login.password.expose(),
        nonce: &challenge.nonce,
        method: method.as_str(),
        uri,
        cnonce,
        qop: with_qop.then_some(("auth", nonce_count)),
    }
    .response();
    Some(Credentials {
        username: login.user.clone(),
        realm: challenge.realm.clone(),
        nonce: challenge.nonce.clone(),
        uri: uri.to_owned(),
        response,
        algorithm: challenge.algorithm.clone(),
        cnonce: (with_qop || session).then(|| cnonce.to_owned()),
        opaque: challenge.opaque.clone(),
        qop: with_qop.then(|| "auth".to_owned()),
        nc: with_qop.then_some(nonce_count),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Login {
        Login { user: "alice".into(), password: Secret::new("pw") }
    }

    #[test]
    fn the_strongest_known_algorithm_is_taken() {
        let challenges: Vec<_> = [
            "Digest realm=\"r\", nonce=\"1\", algorithm=SHA-512-256, qop=\"auth\"",
            "Basic realm=\"r\"",
            "Digest realm=\"r\", nonce=\"2\", qop=\"auth-int,auth\"",
            "Digest realm=\"r\", nonce=\"3\", algorithm=sha-256, qop=\"auth\"",
        ]
        .iter()
        .map(|text| Challenge::parse(text).unwrap())
        .collect();
        let picked = answer(&challenges, &login(), &Method::Register, "sip:pbx", 1, "c").unwrap();
        assert_eq!((picked.nonce.as_str(), picked.algorithm.as_deref()), ("3", Some("sha-256")));
        let only_unknown = answer(&challenges[..2], &login(), &Method::Register, "sip:pbx", 1, "c");
        assert_eq!(only_unknown, Err(AuthError::Unsupported));
        assert_eq!(answer(&[], &login(), &Method::Bye, "x:y", 1, "c"), Err(AuthError::NoChallenge));
    }
}
