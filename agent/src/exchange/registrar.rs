use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip_stack::auth::{Secret, ServerAuth, Verdict};
use sip_stack::message::{Challenge, Request};
use sip_stack::ua::{Rejection, Reply, RequestId, UserAgent};

use super::ExchangeConfig;
use crate::clock::Now;

/// Registers one user and asks for digest at every REGISTER and INVITE, as a PBX does.
pub(super) struct Registrar {
    auth: ServerAuth,
    user: String,
    password: Secret,
    bindings: HashMap<String, Instant>,
}

impl Registrar {
    pub(super) fn new(config: &ExchangeConfig, seed: u64, now: Instant) -> Self {
        Self {
            auth: ServerAuth::new(config.realm.clone(), seed, now)
                .with_algorithms(config.digest)
                .with_qop(config.qop),
            user: config.user.clone(),
            password: Secret::new(config.password.clone()),
            bindings: HashMap::new(),
        }
    }

    /// RFC 3261 10.3 for one user with one contact.
    pub(super) fn register(
        &mut self,
        ua: &mut UserAgent,
        id: RequestId,
        request: &Request,
        source: SocketAddr,
        now: Now,
    ) {
        let reply = match self.verdict(request, false, now) {
            Ok(()) => {
                let mut reply = self.bind(request, source, now);
                reply.headers.extend(self.proof(request, now));
                reply
            }
            Err(stale) => Reply {
                headers: challenges("WWW-Authenticate", self.auth.challenges(now.mono, stale)),
                ..Reply::new(401)
            },
        };
        ua.respond(id, reply, now.mono);
    }

    fn bind(&mut self, request: &Request, source: SocketAddr, now: Now) -> Reply {
        self.bindings.retain(|_, until| *until > now.mono);
        let contact = request.headers.contact();
        let asked = contact.as_ref().and_then(|c| c.expires()).or_else(|| request.headers.expires());
        let expires = asked.unwrap_or(LIFETIME);
        if expires == 0 {
            // `Contact: *` or one contact: there is one user, so both mean all.
            self.bindings.clear();
            tracing::info!(%source, "unregistered");
            return Reply::new(200);
        }
        let Some(contact) = contact else { return Reply::new(200) };
        if expires < LIFETIME_MIN {
            return Reply {
                headers: vec![(String::from("Min-Expires"), LIFETIME_MIN.to_string())],
                ..Reply::new(423)
            };
        }
        let expires = expires.min(LIFETIME);
        let uri = contact.uri.to_string();
        if self.bindings.len() >= BINDINGS_MAX && !self.bindings.contains_key(&uri) {
            return Reply::new(503);
        }
        tracing::info!(%source, expires, "registered");
        self.bindings.insert(uri.clone(), now.mono + Duration::from_secs(u64::from(expires)));
        Reply {
            headers: vec![(String::from("Contact"), format!("<{uri}>;expires={expires}"))],
            ..Reply::new(200)
        }
    }

    /// Lets an INVITE in, or says how to ask again.
    pub(super) fn admit(&mut self, request: &Request, now: Now) -> Result<(), Rejection> {
        self.verdict(request, true, now).map_err(|stale| Rejection {
            headers: challenges("Proxy-Authenticate", self.auth.challenges(now.mono, stale)),
            ..Rejection::new(407)
        })
    }

    /// That we know the password too (RFC 7616 3.5).
    fn proof(&mut self, request: &Request, now: Now) -> Option<(String, String)> {
        let lookup = |user: &str| (user == self.user).then(|| self.password.clone());
        let info = self.auth.info(now.mono, request, false, b"", lookup)?;
        Some((String::from("Authentication-Info"), info.to_string()))
    }

    fn verdict(&mut self, request: &Request, proxy: bool, now: Now) -> Result<(), bool> {
        let lookup = |user: &str| (user == self.user).then(|| self.password.clone());
        match self.auth.verify(now.mono, request, proxy, lookup) {
            Verdict::Accepted { .. } => Ok(()),
            Verdict::Challenge => Err(false),
            Verdict::Stale => Err(true),
        }
    }
}

fn challenges(header: &str, challenges: Vec<Challenge>) -> Vec<(String, String)> {
    challenges.into_iter().map(|challenge| (header.to_owned(), challenge.to_string())).collect()
}

/// Longest and usual lifetime of a binding, seconds.
const LIFETIME: u32 = 300;
/// Shorter ones are refused with 423, seconds.
const LIFETIME_MIN: u32 = 10;
const BINDINGS_MAX: usize = 64;
