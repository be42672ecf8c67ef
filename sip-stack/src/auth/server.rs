//! The server's side: what a registrar asks and checks.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::{
    Secret,
    digest::{Algorithm, Inputs},
};
use crate::message::{Challenge, Credentials, HeaderName, Request};

/// What the credentials of a request are worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They are right; this user asks.
    Accepted {
        /// The user name.
        user: String,
    },
    /// None for our realm, or wrong ones: challenge.
    Challenge,
    /// Right ones for a nonce that is too old, unknown or counted twice: challenge with `stale=true`.
    Stale,
}

/// Issues nonces and checks answers for one realm.
///
/// Nonces are made from a seed and the time; whether one is ours is recomputed, not remembered. Only nonce counts
/// are kept, for a bounded number of nonces: the oldest is forgotten first and is stale from then on.
#[derive(Debug)]
pub struct ServerAuth {
    realm: String,
    algorithms: Vec<Algorithm>,
    seed: u64,
    started: Instant,
    issued: u64,
    lifetime: Duration,
    /// The highest nonce count seen per nonce.
    counts: HashMap<String, u32>,
    order: VecDeque<String>,
}

impl ServerAuth {
    /// A realm that offers SHA-256 first and MD5 second, its nonces living five minutes. `seed` must be secret and
    /// random.
    pub fn new(realm: impl Into<String>, seed: u64, now: Instant) -> Self {
        Self {
            realm: realm.into(),
            algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
            seed,
            started: now,
            issued: 0,
            lifetime: NONCE_LIFETIME,
            counts: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// The same with other algorithms, offered in this order.
    #[must_use]
    pub fn with_algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// The same with another nonce lifetime.
    #[must_use]
    pub const fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// One challenge per algorithm, all with one fresh nonce.
    pub fn challenges(&mut self, now: Instant, stale: bool) -> Vec<Challenge> {
        self.issued += 1;
        let nonce = self.nonce(now.saturating_duration_since(self.started), self.issued);
        if self.order.len() >= MAX_NONCES
            && let Some(oldest) = self.order.pop_front()
        {
            self.counts.remove(&oldest);
        }
        self.order.push_back(nonce.clone());
        self.counts.insert(nonce.clone(), 0);
        self.algorithms
            .iter()
            .map(|algorithm| Challenge {
                scheme: "Digest".to_owned(),
                realm: self.realm.clone(),
                nonce: nonce.clone(),
                opaque: None,
                algorithm: Some(algorithm.as_str().to_owned()),
                qop: vec!["auth".to_owned()],
                stale,
            })
            .collect()
    }

    /// Checks `Authorization` (or `Proxy-Authorization` when `proxy`) of `request`. `lookup` gives a user's password.
    pub fn verify(
        &mut self,
        now: Instant,
        request: &Request,
        proxy: bool,
        lookup: impl Fn(&str) -> Option<Secret>,
    ) -> Verdict {
        let name = if proxy { HeaderName::PROXY_AUTHORIZATION } else { HeaderName::AUTHORIZATION };
        let given = request.headers.credentials(&name).into_iter().find(|given| given.realm == self.realm);
        let Some(given) = given else { return Verdict::Challenge };
        if !self.is_right(&given, request, lookup) {
            return Verdict::Challenge;
        }
        if !self.is_fresh(&given, now) {
            return Verdict::Stale;
        }
        Verdict::Accepted { user: given.username }
    }

    fn is_right(
        &self,
        given: &Credentials,
        request: &Request,
        lookup: impl Fn(&str) -> Option<Secret>,
    ) -> bool {
        let algorithm = given.algorithm.as_deref().map_or(Some(Algorithm::Md5), Algorithm::from_token);
        let Some(algorithm) = algorithm.filter(|algorithm| self.algorithms.contains(algorithm)) else {
            return false;
        };
        // We always offer qop, so an answer without it (RFC 2069) is a replay aid, not a client of ours.
        let (Some("auth"), Some(nc), Some(cnonce)) =
            (given.qop.as_deref(), given.nc, given.cnonce.as_deref())
        else {
            return false;
        };
        // A proxy may have rewritten the Request-URI (RFC 3261 22.4), so the text of the credentials is hashed.
        let Some(password) = lookup(&given.username) else { return false };
        let expected = Inputs {
            algorithm,
            user: &given.username,
            realm: &self.realm,
            password: password.expose(),
            nonce: &given.nonce,
            method: request.method.as_str(),
            uri: &given.uri,
            cnonce,
            qop: Some(("auth", nc)),
        }
        .response();
        same(expected.as_bytes(), given.response.as_bytes())
    }

    /// Whether the nonce is ours, alive, and counted upward.
    fn is_fresh(&mut self, given: &Credentials, now: Instant) -> bool {
        let mut parts = given.nonce.split('-');
        let millis = parts.next().and_then(|part| u64::from_str_radix(part, 16).ok());
        let issued = parts.next().and_then(|part| u64::from_str_radix(part, 16).ok());
        let (Some(millis), Some(issued)) = (millis, issued) else { return false };
        let at = Duration::from_millis(millis);
        let age = now.saturating_duration_since(self.started).saturating_sub(at);
        if self.nonce(at, issued) != given.nonce || age > self.lifetime {
            return false;
        }
        match (self.counts.get_mut(&given.nonce), given.nc) {
            (Some(seen), Some(nc)) if nc > *seen => {
                *seen = nc;
                true
            }
            _ => false,
        }
    }

    fn nonce(&self, at: Duration, issued: u64) -> String {
        let millis = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        let text = format!("{:016x}:{millis:x}:{issued:x}:{}", self.seed, self.realm);
        let mark = Algorithm::Sha256.hash(text.as_bytes());
        format!("{millis:x}-{issued:x}-{}", &mark[..32])
    }
}

/// Compares in a time that does not depend on where the difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// How long a nonce is accepted.
const NONCE_LIFETIME: Duration = Duration::from_secs(300);

/// Nonces whose counts are kept.
const MAX_NONCES: usize = 4096;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "an Instant can only be had from the clock; tests add to it")]
mod tests {
    use super::*;
    use crate::{
        auth::{Login, answer},
        message::{Method, Uri},
    };

    fn lookup(user: &str) -> Option<Secret> {
        (user == "alice").then(|| Secret::new("pw"))
    }

    fn register(challenges: &[Challenge], password: &str, count: u32) -> Request {
        let mut request = Request::new(Method::Register, Uri::parse("sip:pbx").unwrap());
        let login = Login { user: "alice".into(), password: Secret::new(password) };
        if let Ok(credentials) = answer(challenges, &login, &request.method, "sip:pbx", count, "c0ffee") {
            request.headers.push(HeaderName::AUTHORIZATION, credentials.to_string());
        }
        request
    }

    #[test]
    fn client_and_server_agree_for_every_algorithm() {
        for algorithm in [Algorithm::Md5, Algorithm::Md5Sess, Algorithm::Sha256, Algorithm::Sha256Sess] {
            let now = Instant::now();
            let mut server = ServerAuth::new("a \"realm\"", 7, now).with_algorithms(&[algorithm]);
            assert_eq!(server.verify(now, &register(&[], "pw", 1), false, lookup), Verdict::Challenge);
            let challenges = server.challenges(now, false);
            for count in [1, 2, 3, 16, 255] {
                let verdict = server.verify(now, &register(&challenges, "pw", count), false, lookup);
                assert_eq!(verdict, Verdict::Accepted { user: "alice".into() }, "{algorithm:?}");
            }
            // The same count again is a replay.
            assert_eq!(server.verify(now, &register(&challenges, "pw", 255), false, lookup), Verdict::Stale);
        }
    }

    #[test]
    fn wrong_password_and_old_nonce_are_told_apart() {
        let now = Instant::now();
        let mut server = ServerAuth::new("r", 7, now);
        let challenges = server.challenges(now, false);
        assert_eq!(server.verify(now, &register(&challenges, "no", 1), false, lookup), Verdict::Challenge);
        let right = register(&challenges, "pw", 1);
        let later = now + NONCE_LIFETIME + Duration::from_secs(1);
        assert_eq!(server.verify(later, &right, false, lookup), Verdict::Stale);
        assert_eq!(server.verify(now, &right, true, lookup), Verdict::Challenge);
    }

    #[test]
    fn a_foreign_nonce_is_stale_and_memory_is_bounded() {
        let now = Instant::now();
        let mut other = ServerAuth::new("r", 8, now);
        let mut server = ServerAuth::new("r", 7, now);
        let foreign = register(&other.challenges(now, false), "pw", 1);
        assert_eq!(server.verify(now, &foreign, false, lookup), Verdict::Stale);
        for _ in 0..MAX_NONCES + 10 {
            server.challenges(now, false);
        }
        assert_eq!(server.counts.len(), MAX_NONCES);
    }
}
