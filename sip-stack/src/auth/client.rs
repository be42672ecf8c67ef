//! The client's side.

use super::{
    Secret,
    digest::{Algorithm, Inputs},
};
use crate::message::{Challenge, Credentials, HeaderName, Method, Request, Response};

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
    /// The server refused an answer to a nonce of its own: the password is wrong.
    #[error("credentials refused")]
    Refused,
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

/// The authentication state of one registration or one call.
///
/// For each new request: [`ClientAuth::begin`], [`ClientAuth::authorize`] and send. On 401 or 407
/// [`ClientAuth::learn`]; `Ok` means authorize a copy with a new CSeq and branch and send again, `Err` means give up.
/// One retry is allowed per request, and one more when the server says the nonce was stale.
#[derive(Debug, Clone)]
pub struct ClientAuth {
    login: Login,
    server: Vec<Known>,
    proxy: Vec<Known>,
    /// How often the current request was challenged.
    challenged: u8,
    stale_used: bool,
}

#[derive(Debug, Clone)]
struct Known {
    challenge: Challenge,
    nonce_count: u32,
    /// Whether this nonce was answered within the current request.
    answered: bool,
}

impl ClientAuth {
    /// No challenge known yet.
    pub const fn new(login: Login) -> Self {
        Self { login, server: Vec::new(), proxy: Vec::new(), challenged: 0, stale_used: false }
    }

    /// Starts a new request: its retries are counted afresh. Known nonces stay in use.
    pub fn begin(&mut self) {
        self.challenged = 0;
        self.stale_used = false;
        for known in self.server.iter_mut().chain(&mut self.proxy) {
            known.answered = false;
        }
    }

    /// Takes the challenges of a 401 or 407.
    ///
    /// # Errors
    /// [`AuthError::Refused`] when a realm challenges again although its nonce, fresh in this request, was answered;
    /// the others when there is nothing to answer.
    pub fn learn(&mut self, response: &Response) -> Result<(), AuthError> {
        let (slot, name) = match response.code {
            407 => (&mut self.proxy, HeaderName::PROXY_AUTHENTICATE),
            _ => (&mut self.server, HeaderName::WWW_AUTHENTICATE),
        };
        let challenges = response.headers.challenges(&name);
        if challenges.is_empty() {
            return Err(AuthError::NoChallenge);
        }
        let mut learnt = false;
        for challenge in by_realm(&challenges) {
            match slot.iter().position(|known| known.challenge.realm == challenge.realm) {
                Some(at) => {
                    let known = &mut slot[at];
                    // A second challenge after a fresh answer is a refusal, unless only the nonce was too old, once.
                    if known.answered && (!challenge.stale || self.stale_used) {
                        return Err(AuthError::Refused);
                    }
                    self.stale_used |= known.answered;
                    *known = Known::fresh(challenge);
                }
                None if slot.len() < MAX_REALMS => slot.push(Known::fresh(challenge)),
                None => continue,
            }
            learnt = true;
        }
        self.challenged = self.challenged.saturating_add(1);
        if self.challenged > MAX_CHALLENGES {
            return Err(AuthError::Refused);
        }
        if learnt { Ok(()) } else { Err(AuthError::Unsupported) }
    }

    /// Whether a challenge is known.
    pub fn knows_challenge(&self) -> bool {
        !self.server.is_empty() || !self.proxy.is_empty()
    }

    /// Puts credentials for every known realm into `request`, replacing those it had, and counts the nonces up.
    /// `cnonce` is fresh random text. ACK and CANCEL take the INVITE's credentials instead (RFC 3261 22.1).
    pub fn authorize(&mut self, request: &mut Request, cnonce: &str) {
        let uri = request.uri.to_string();
        for (slot, name) in [
            (&mut self.server, HeaderName::AUTHORIZATION),
            (&mut self.proxy, HeaderName::PROXY_AUTHORIZATION),
        ] {
            request.headers.remove(&name);
            for known in slot.iter_mut() {
                known.nonce_count = known.nonce_count.saturating_add(1);
                let count = known.nonce_count;
                if let Some(credentials) =
                    compute(&known.challenge, &self.login, &request.method, &uri, count, cnonce)
                {
                    // Only nonces learnt in this request make a refusal; a cached one may simply have expired.
                    known.answered = self.challenged > 0;
                    request.headers.push(name.clone(), credentials.to_string());
                }
            }
        }
    }
}

impl Known {
    const fn fresh(challenge: Challenge) -> Self {
        Self { challenge, nonce_count: 0, answered: false }
    }
}

/// The strongest challenge of each realm that we can answer, realms in order of appearance.
fn by_realm(challenges: &[Challenge]) -> Vec<Challenge> {
    let mut out: Vec<Challenge> = Vec::new();
    for challenge in challenges.iter().filter(|challenge| strength(challenge).is_some()) {
        match out.iter_mut().find(|known| known.realm == challenge.realm) {
            Some(known) if strength(challenge) > strength(known) => *known = challenge.clone(),
            Some(_) => {}
            None => out.push(challenge.clone()),
        }
    }
    out
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

/// Realms remembered per side: a proxy chain has a handful; more is an attack on memory.
const MAX_REALMS: usize = 8;

/// Challenges answered per request over all realms: server and a few proxies, each once and once more when stale.
const MAX_CHALLENGES: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Uri;

    fn login() -> Login {
        Login { user: "alice".into(), password: Secret::new("pw") }
    }

    fn challenged(code: u16, values: &[&str]) -> Response {
        let mut response = Response::new(code, "");
        let name = if code == 407 { "Proxy-Authenticate" } else { "WWW-Authenticate" };
        for value in values {
            response.headers.push(name, *value);
        }
        response
    }

    fn sent(auth: &mut ClientAuth) -> Vec<Credentials> {
        let mut request = Request::new(Method::Register, Uri::parse("sip:pbx").unwrap());
        auth.authorize(&mut request, "c");
        let mut all = request.headers.credentials(&HeaderName::AUTHORIZATION);
        all.extend(request.headers.credentials(&HeaderName::PROXY_AUTHORIZATION));
        all
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

    #[test]
    fn a_wrong_password_ends_after_one_retry() {
        let mut auth = ClientAuth::new(login());
        auth.begin();
        assert!(sent(&mut auth).is_empty());
        auth.learn(&challenged(401, &["Digest realm=\"r\", nonce=\"1\", qop=\"auth\""])).unwrap();
        assert_eq!(sent(&mut auth)[0].nc, Some(1));
        let again = challenged(401, &["Digest realm=\"r\", nonce=\"2\", qop=\"auth\""]);
        assert_eq!(auth.learn(&again), Err(AuthError::Refused));
    }

    #[test]
    fn stale_is_forgiven_once() {
        let mut auth = ClientAuth::new(login());
        auth.begin();
        auth.learn(&challenged(401, &["Digest realm=\"r\", nonce=\"1\""])).unwrap();
        sent(&mut auth);
        let stale = challenged(401, &["Digest realm=\"r\", nonce=\"2\", stale=true"]);
        auth.learn(&stale).unwrap();
        assert_eq!(sent(&mut auth)[0].nonce, "2");
        assert_eq!(auth.learn(&stale), Err(AuthError::Refused));
    }

    #[test]
    fn a_cached_nonce_counts_up_and_may_expire_unannounced() {
        let mut auth = ClientAuth::new(login());
        auth.begin();
        auth.learn(&challenged(401, &["Digest realm=\"r\", nonce=\"1\", qop=\"auth\""])).unwrap();
        for count in 1..=20 {
            auth.begin();
            let nc = sent(&mut auth)[0].nc;
            assert_eq!(nc, Some(count));
        }
        auth.learn(&challenged(401, &["Digest realm=\"r\", nonce=\"2\", qop=\"auth\""])).unwrap();
        assert_eq!(sent(&mut auth)[0].nc, Some(1));
    }

    #[test]
    fn server_and_proxy_are_answered_side_by_side() {
        let mut auth = ClientAuth::new(login());
        auth.begin();
        auth.learn(&challenged(407, &["Digest realm=\"p\", nonce=\"1\""])).unwrap();
        assert_eq!(sent(&mut auth).len(), 1);
        auth.learn(&challenged(401, &["Digest realm=\"s\", nonce=\"2\""])).unwrap();
        let realms: Vec<_> = sent(&mut auth).into_iter().map(|c| c.realm).collect();
        assert_eq!(realms, ["s", "p"]);
    }
}
