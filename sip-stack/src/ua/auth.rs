//! Digest credentials of an account across its requests (RFC 3261 22, RFC 7616): nonces are reused with a growing
//! count, so that most requests need no second round trip.

use super::config::AccountConfig;
use crate::auth::{Login, answer};
use crate::message::{Challenge, HeaderName, Request, Response};

/// The challenges last seen, per realm, of registrar or callee (401) and of proxies (407).
#[derive(Debug, Default)]
pub(crate) struct AuthCache {
    server: Vec<Known>,
    proxy: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    /// One challenge per algorithm.
    challenges: Vec<Challenge>,
    nonce_count: u32,
}

impl AuthCache {
    /// Takes the challenges of a 401 or 407. `false` when none can be answered or there is no password.
    pub(crate) fn learn(&mut self, response: &Response, config: &AccountConfig) -> bool {
        let (known, name) = match response.code {
            401 => (&mut self.server, HeaderName::WWW_AUTHENTICATE),
            _ => (&mut self.proxy, HeaderName::PROXY_AUTHENTICATE),
        };
        if config.password.expose().is_empty() {
            return false;
        }
        let mut fresh: Vec<Known> = Vec::new();
        for challenge in response.headers.challenges(&name) {
            if answer(
                std::slice::from_ref(&challenge),
                &login(config),
                &crate::message::Method::Ack,
                "",
                1,
                "",
            )
            .is_err()
            {
                continue;
            }
            match fresh.iter_mut().find(|known| known.challenges[0].realm == challenge.realm) {
                Some(known) => known.challenges.push(challenge),
                None => fresh.push(Known { challenges: vec![challenge], nonce_count: 0 }),
            }
        }
        if fresh.is_empty() {
            return false;
        }
        known.retain(|old| fresh.iter().all(|new| new.challenges[0].realm != old.challenges[0].realm));
        known.truncate(MAX_REALMS);
        known.extend(fresh);
        true
    }

    /// Adds the answers to every known challenge.
    pub(crate) fn authorize(&mut self, request: &mut Request, config: &AccountConfig, cnonce: &str) {
        let uri = request.uri.to_string();
        let login = login(config);
        for (known, name) in [
            (&mut self.server, HeaderName::AUTHORIZATION),
            (&mut self.proxy, HeaderName::PROXY_AUTHORIZATION),
        ] {
            for known in known.iter_mut() {
                let count = known.nonce_count + 1;
                if let Ok(credentials) =
                    answer(&known.challenges, &login, &request.method, &uri, count, cnonce)
                {
                    known.nonce_count = count;
                    request.headers.push(name.clone(), credentials.to_string());
                }
            }
        }
    }

    /// Drops what was refused, so that the next request asks for a fresh challenge.
    pub(crate) fn forget(&mut self) {
        self.server.clear();
        self.proxy.clear();
    }
}

fn login(config: &AccountConfig) -> Login {
    Login { user: config.auth_user.clone(), password: config.password.clone() }
}

/// How often one request was challenged. A challenge is answered once, and once more when the server says that only
/// the nonce was stale; a wrong password thus ends after the second refusal.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct AuthTries {
    server: u8,
    proxy: u8,
}

impl AuthTries {
    pub(crate) fn may_retry(&mut self, response: &Response) -> bool {
        let (count, name) = match response.code {
            401 => (&mut self.server, HeaderName::WWW_AUTHENTICATE),
            407 => (&mut self.proxy, HeaderName::PROXY_AUTHENTICATE),
            _ => return false,
        };
        let stale = response.headers.challenges(&name).iter().any(|challenge| challenge.stale);
        let allowed = *count == 0 || (*count == 1 && stale);
        *count = count.saturating_add(1);
        allowed
    }
}

/// Realms remembered per kind.
const MAX_REALMS: usize = 3;
