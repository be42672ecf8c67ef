//! The server's side: what a registrar asks and checks.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::{
    Secret,
    digest::{Algorithm, Inputs, Qop},
};
use crate::message::{AuthInfo, Challenge, Credentials, HeaderName, Request};

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
    qop: Vec<Qop>,
    /// Names that may come hashed; empty: `userhash` is not offered.
    names: Vec<String>,
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
            qop: vec![Qop::Auth],
            names: Vec::new(),
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

    /// The same with other qualities of protection, offered in this order; at least one.
    #[must_use]
    pub fn with_qop(mut self, qop: &[Qop]) -> Self {
        self.qop = qop.to_vec();
        self
    }

    /// The same asking for hashed user names (RFC 7616 3.4.4), of which these are known.
    #[must_use]
    pub fn with_userhash(mut self, names: &[&str]) -> Self {
        self.names = names.iter().map(|name| (*name).to_owned()).collect();
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
        let nonce = self.issue(now);
        self.algorithms
            .iter()
            .map(|algorithm| Challenge {
                scheme: "Digest".to_owned(),
                realm: self.realm.clone(),
                nonce: nonce.clone(),
                opaque: None,
                algorithm: Some(algorithm.as_str().to_owned()),
                qop: self.qop.iter().map(|qop| qop.as_str().to_owned()).collect(),
                stale,
                userhash: !self.names.is_empty(),
                charset: Some("UTF-8".to_owned()),
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
        let Some(given) = self.given(request, proxy) else { return Verdict::Challenge };
        let Some(user) = self.proven(&given, request, lookup) else { return Verdict::Challenge };
        if !self.is_fresh(&given, now) {
            return Verdict::Stale;
        }
        Verdict::Accepted { user }
    }

    /// The `Authentication-Info` (or `Proxy-Authentication-Info`) of the answer to an accepted `request`: the proof
    /// that we know the password too, and a fresh nonce once half the life of the old one is over.
    pub fn info(
        &mut self,
        now: Instant,
        request: &Request,
        proxy: bool,
        answer_body: &[u8],
        lookup: impl Fn(&str) -> Option<Secret>,
    ) -> Option<AuthInfo> {
        let given = self.given(request, proxy)?;
        let user = self.name(&given)?;
        let password = lookup(&user)?;
        let rspauth = self.inputs(&given, &user, &password, request)?.rspauth(answer_body);
        let old = self.age(&given.nonce, now).is_none_or(|age| age > self.lifetime / 2);
        let nextnonce = old.then(|| self.issue(now));
        Some(AuthInfo {
            nextnonce,
            qop: given.qop,
            rspauth: Some(rspauth),
            cnonce: given.cnonce,
            nc: given.nc,
        })
    }

    /// The credentials for our realm.
    fn given(&self, request: &Request, proxy: bool) -> Option<Credentials> {
        let name = if proxy { HeaderName::PROXY_AUTHORIZATION } else { HeaderName::AUTHORIZATION };
        request.headers.credentials(&name).into_iter().find(|given| given.realm == self.realm)
    }

    /// The user whose password made the answer.
    fn proven(
        &self,
        given: &Credentials,
        request: &Request,
        lookup: impl Fn(&str) -> Option<Secret>,
    ) -> Option<String> {
        let user = self.name(given)?;
        let password = lookup(&user)?;
        let expected = self.inputs(given, &user, &password, request)?.response();
        same(expected.as_bytes(), given.response.as_bytes()).then_some(user)
    }

    /// The user's name in clear.
    fn name(&self, given: &Credentials) -> Option<String> {
        if !given.userhash {
            return Some(given.username.clone());
        }
        let algorithm = self.algorithm(given)?;
        self.names.iter().find(|name| algorithm.userhash(name, &self.realm) == given.username).cloned()
    }

    fn algorithm(&self, given: &Credentials) -> Option<Algorithm> {
        let algorithm = given.algorithm.as_deref().map_or(Some(Algorithm::Md5), Algorithm::from_token);
        algorithm.filter(|algorithm| self.algorithms.contains(algorithm))
    }

    fn inputs<'a>(
        &'a self,
        given: &'a Credentials,
        user: &'a str,
        password: &'a Secret,
        request: &'a Request,
    ) -> Option<Inputs<'a>> {
        // We always offer qop, so an answer without it (RFC 2069) is a replay aid, not a client of ours.
        let qop = Qop::from_token(given.qop.as_deref()?).filter(|qop| self.qop.contains(qop))?;
        // A proxy may have rewritten the Request-URI (RFC 3261 22.4), so the text of the credentials is hashed.
        Some(Inputs {
            algorithm: self.algorithm(given)?,
            user,
            realm: &self.realm,
            password: password.expose(),
            nonce: &given.nonce,
            method: request.method.as_str(),
            uri: &given.uri,
            body: &request.body,
            cnonce: given.cnonce.as_deref()?,
            qop: Some((qop, given.nc?)),
        })
    }

    /// Whether the nonce is ours, alive, and counted upward.
    fn is_fresh(&mut self, given: &Credentials, now: Instant) -> bool {
        if self.age(&given.nonce, now).is_none_or(|age| age > self.lifetime) {
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

    /// How old a nonce of ours is; `None` for one that we did not make.
    fn age(&self, nonce: &str, now: Instant) -> Option<Duration> {
        let mut parts = nonce.split('-');
        let millis = parts.next().and_then(|part| u64::from_str_radix(part, 16).ok())?;
        let issued = parts.next().and_then(|part| u64::from_str_radix(part, 16).ok())?;
        let at = Duration::from_millis(millis);
        let ours = self.nonce(at, issued) == nonce;
        ours.then(|| now.saturating_duration_since(self.started).saturating_sub(at))
    }

    fn issue(&mut self, now: Instant) -> String {
        self.issued += 1;
        let nonce = self.nonce(now.saturating_duration_since(self.started), self.issued);
        if self.order.len() >= MAX_NONCES
            && let Some(oldest) = self.order.pop_front()
        {
            self.counts.remove(&oldest);
        }
        self.order.push_back(nonce.clone());
        self.counts.insert(nonce.clone(), 0);
        nonce
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
        auth::{Login, Protected, answer},
        message::{Method, Uri},
    };

    const ALGORITHMS: [Algorithm; 6] = [
        Algorithm::Md5,
        Algorithm::Md5Sess,
        Algorithm::Sha256,
        Algorithm::Sha256Sess,
        Algorithm::Sha512T256,
        Algorithm::Sha512T256Sess,
    ];

    fn lookup(user: &str) -> Option<Secret> {
        (user == "alice").then(|| Secret::new("pw"))
    }

    fn register(challenges: &[Challenge], password: &str, count: u32) -> Request {
        let mut request = Request::new(Method::Register, Uri::parse("sip:pbx").unwrap());
        let login = Login { user: "alice".into(), password: Secret::new(password) };
        request.body = b"body".to_vec();
        let protected = Protected { method: &Method::Register, uri: "sip:pbx", body: b"body" };
        if let Ok(credentials) = answer(challenges, &login, protected, count, "c0ffee") {
            request.headers.push(HeaderName::AUTHORIZATION, credentials.to_string());
        }
        request
    }

    #[test]
    fn client_and_server_agree_for_every_algorithm() {
        for algorithm in ALGORITHMS {
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
    fn a_changed_body_breaks_auth_int_and_hashed_names_are_known() {
        for algorithm in ALGORITHMS {
            let now = Instant::now();
            let server = ServerAuth::new("r", 7, now).with_algorithms(&[algorithm]);
            let mut server = server.with_qop(&[Qop::AuthInt]).with_userhash(&["bob", "alice"]);
            let challenges = server.challenges(now, false);
            let right = register(&challenges, "pw", 1);
            let changed = Request { body: b"other".to_vec(), ..right.clone() };
            assert_eq!(server.verify(now, &changed, false, lookup), Verdict::Challenge);
            assert_eq!(server.verify(now, &right, false, lookup), Verdict::Accepted { user: "alice".into() });
            let info = server.info(now, &right, false, b"answer", lookup).unwrap();
            let sent = right.headers.credentials(&HeaderName::AUTHORIZATION).remove(0);
            assert!(!sent.username.contains("alice"));
            let login = |password| Login { user: "alice".into(), password: Secret::new(password) };
            let proof = |password, body| super::super::proves_server(&info, &sent, &login(password), body);
            assert_eq!(proof("pw", &b"answer"[..]), Some(true), "{algorithm:?}");
            assert_eq!(proof("pw", &b"forged"[..]), Some(false));
            assert_eq!(proof("no", &b"answer"[..]), Some(false));
            assert_eq!(info.nextnonce, None);
            let late = now + NONCE_LIFETIME / 2 + Duration::from_secs(1);
            let info = server.info(late, &right, false, b"answer", lookup).unwrap();
            assert!(info.nextnonce.is_some_and(|next| next != sent.nonce));
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
