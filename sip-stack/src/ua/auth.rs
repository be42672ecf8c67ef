//! Digest credentials of an account across its requests (RFC 3261 22, RFC 7616): nonces are reused with a growing
//! count, so that most requests need no second round trip.

use super::UserAgent;
use super::call::ClientUse;
use super::config::AccountConfig;
use super::event::AccountId;
use crate::auth::{Login, Protected, answer, is_supported, proves_server};
use crate::message::{AuthInfo, Challenge, Credentials, HeaderName, Request, Response};
use crate::transaction::TransactionId;

/// The challenges last seen, per realm, of registrar or callee (401) and of proxies (407).
#[derive(Clone, Debug, Default)]
pub(crate) struct AuthCache {
    server: Vec<Known>,
    proxy: Vec<Known>,
}

#[derive(Clone, Debug)]
struct Known {
    /// One challenge per algorithm.
    challenges: Vec<Challenge>,
    nonce_count: u32,
    /// Ours, the same for the nonce's whole life: `-sess` algorithms bind the password to it.
    cnonce: Option<String>,
    /// The last answer, to judge the server's proof.
    sent: Option<Credentials>,
}

impl Known {
    fn realm(&self) -> &str {
        self.challenges.first().map_or("", |challenge| &challenge.realm)
    }
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
        for challenge in response.headers.challenges(&name).into_iter().filter(is_supported) {
            let room = fresh.len() < MAX_REALMS;
            match fresh.iter_mut().find(|known| known.realm() == challenge.realm) {
                Some(known) if known.challenges.len() < MAX_ALGORITHMS => known.challenges.push(challenge),
                None if room => fresh.push(Known {
                    challenges: vec![challenge],
                    nonce_count: 0,
                    cnonce: None,
                    sent: None,
                }),
                Some(_) | None => {}
            }
        }
        if fresh.is_empty() {
            return false;
        }
        known.retain(|old| fresh.iter().all(|new| new.realm() != old.realm()));
        known.extend(fresh);
        // The realms heard of longest ago go first.
        known.drain(..known.len().saturating_sub(MAX_REALMS));
        true
    }

    /// Adds the answers to every known challenge: a proxy's and a registrar's credentials go together (22.3).
    pub(crate) fn authorize(&mut self, request: &mut Request, config: &AccountConfig, cnonce: &str) {
        let uri = request.uri.to_string();
        let login = login(config);
        for (known, name) in [
            (&mut self.server, HeaderName::AUTHORIZATION),
            (&mut self.proxy, HeaderName::PROXY_AUTHORIZATION),
        ] {
            for known in known.iter_mut() {
                let count = known.nonce_count.saturating_add(1);
                let cnonce = known.cnonce.get_or_insert_with(|| cnonce.to_owned());
                let protected = Protected { method: &request.method, uri: &uri, body: &request.body };
                if let Ok(credentials) = answer(&known.challenges, &login, protected, count, cnonce) {
                    known.nonce_count = count;
                    request.headers.push(name.clone(), credentials.to_string());
                    known.sent = Some(credentials);
                }
            }
        }
    }

    /// Takes the server's word on its credentials (RFC 7616 3.5): the next nonce, and the proof that it knows the
    /// password. `false`: the proof is wrong, and nothing else of it is believed.
    pub(crate) fn inform(&mut self, response: &Response, config: &AccountConfig) -> bool {
        let login = login(config);
        let mut believed = true;
        for (known, name) in [
            (&mut self.server, HeaderName::AUTHENTICATION_INFO),
            (&mut self.proxy, HeaderName::PROXY_AUTHENTICATION_INFO),
        ] {
            let Some(info) = response.headers.text(&name).and_then(|value| AuthInfo::parse(&value)) else {
                continue;
            };
            // The header names no realm. An answer to an earlier request (another count) proves nothing any more.
            let about = |sent: &Credentials| info.nc.is_none() || info.nc == sent.nc;
            let judged: Vec<Option<bool>> = known
                .iter()
                .map(|known| known.sent.as_ref().filter(|sent| about(sent)))
                .map(|sent| proves_server(&info, sent?, &login, &response.body))
                .collect();
            let proven = judged.iter().position(|judged| *judged == Some(true));
            if proven.is_none() && judged.contains(&Some(false)) {
                believed = false;
                continue;
            }
            let only = (known.len() == 1).then_some(0);
            let (Some(at), Some(next)) = (proven.or(only), info.nextnonce) else { continue };
            known[at].next_nonce(&next);
            if known[at].challenges.is_empty() {
                known.remove(at);
            }
        }
        believed
    }

    /// Drops what was refused, so that the next request asks for a fresh challenge.
    pub(crate) fn forget(&mut self) {
        self.server.clear();
        self.proxy.clear();
    }
}

impl Known {
    /// The server replaced its nonce. A `-sess` challenge goes: servers disagree whether the session key follows
    /// (RFC 7616 3.4.2), and a new challenge settles it.
    fn next_nonce(&mut self, next: &str) {
        let session = |challenge: &Challenge| {
            challenge.algorithm.as_deref().is_some_and(|token| token.to_ascii_lowercase().ends_with("-sess"))
        };
        self.challenges.retain(|challenge| !session(challenge));
        let changed = self.challenges.iter().any(|challenge| challenge.nonce != next);
        if !changed {
            return;
        }
        for challenge in &mut self.challenges {
            next.clone_into(&mut challenge.nonce);
        }
        (self.nonce_count, self.cnonce, self.sent) = (0, None, None);
    }
}

impl UserAgent {
    /// Adds the credentials that the account's calls have gathered. Every request inside and outside dialogs takes
    /// them, so that BYE, re-INVITE, REFER and PRACK need no challenge of their own (22.3); CANCEL and the ACK of a
    /// refusal carry none, the ACK of a 2xx repeats its INVITE's (22.1).
    pub(crate) fn authorize(&mut self, account: Option<AccountId>, request: &mut Request) {
        let cnonce = self.random.tag();
        if let Some(entry) = account.and_then(|account| self.accounts.get_mut(account.0 as usize)) {
            entry.call_auth.authorize(request, &entry.config, &cnonce);
        }
    }

    /// Whether a 401 or 407 is to be answered by sending the request again with [`Self::authorize`].
    pub(crate) fn may_answer(
        &mut self,
        account: Option<AccountId>,
        tries: &mut AuthTries,
        response: &Response,
    ) -> bool {
        if !tries.may_retry(response) {
            return false;
        }
        let entry = account.and_then(|account| self.accounts.get_mut(account.0 as usize));
        entry.is_some_and(|entry| entry.call_auth.learn(response, &entry.config))
    }

    /// Looks at `Authentication-Info` of an answer, for whatever the request was sent.
    pub(crate) fn authentication_info(&mut self, id: TransactionId, response: &Response) {
        let told = [HeaderName::AUTHENTICATION_INFO, HeaderName::PROXY_AUTHENTICATION_INFO];
        if !told.iter().any(|name| response.headers.get(name).is_some()) {
            return;
        }
        let (account, register) = match self.uses.get(&id) {
            Some(ClientUse::Register(account)) => (Some(*account), true),
            Some(ClientUse::Bye(context)) => (context.account, false),
            Some(ClientUse::Invite(call) | ClientUse::Reinvite { call, .. }) => {
                (self.calls.get(call).and_then(|call| call.account), false)
            }
            _ => (None, false),
        };
        let Some(entry) = account.and_then(|account| self.accounts.get_mut(account.0 as usize)) else {
            return;
        };
        let cache = if register { &mut entry.register_auth } else { &mut entry.call_auth };
        if !cache.inform(response, &entry.config) {
            self.counters.false_proofs += 1;
            tracing::warn!(account = entry.config.name, "the exchange's proof of the password is wrong");
        }
    }
}

fn login(config: &AccountConfig) -> Login {
    Login { user: config.auth_user.clone(), password: config.password.clone() }
}

/// How often one request was challenged, per realm. A realm's challenge is answered once, and once more when it says
/// that only the nonce was stale; a wrong password thus ends after the second refusal. A chain of proxies with realms
/// of their own may ask one after the other.
#[derive(Debug, Default, Clone)]
pub(crate) struct AuthTries(Vec<(u16, String, u8)>);

impl AuthTries {
    pub(crate) fn may_retry(&mut self, response: &Response) -> bool {
        let name = match response.code {
            401 => HeaderName::WWW_AUTHENTICATE,
            407 => HeaderName::PROXY_AUTHENTICATE,
            _ => return false,
        };
        let mut allowed = false;
        let mut seen: Vec<String> = Vec::new();
        for challenge in response.headers.challenges(&name) {
            if seen.contains(&challenge.realm) {
                continue;
            }
            seen.push(challenge.realm.clone());
            let room = self.0.len() < 2 * MAX_REALMS;
            let known = self
                .0
                .iter_mut()
                .find(|(code, realm, _)| *code == response.code && *realm == challenge.realm);
            match known {
                Some((.., count)) => {
                    allowed |= *count == 1 && challenge.stale;
                    *count = count.saturating_add(1);
                }
                None if room => {
                    allowed = true;
                    self.0.push((response.code, challenge.realm, 1));
                }
                None => {}
            }
        }
        allowed
    }
}

/// Realms remembered per kind.
const MAX_REALMS: usize = 3;
/// Challenges remembered per realm: six algorithms are known.
const MAX_ALGORITHMS: usize = 8;

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
