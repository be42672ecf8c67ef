//! 3xx answers (RFC 3261 8.1.3.4): which contacts are tried, and when to stop.

use std::time::Instant;

use super::UserAgent;
use super::call::Call;
use super::config::RedirectPolicy;
use super::event::CallId;
use crate::dialog::uri_ip;
use crate::message::{Contact, Response, Uri};

impl UserAgent {
    /// Follows a 3xx, or goes to the next contact of an earlier one. `false`: the call ends with this answer.
    pub(crate) fn try_redirect(&mut self, id: CallId, response: &Response, now: Instant) -> bool {
        let policy = self.config.redirects;
        let Some(outgoing) = self.calls.get_mut(&id).and_then(Call::outgoing) else {
            return false;
        };
        // An exchange on this machine (practice, tests) never sends a call off it.
        let loopback = outgoing.flow.peer.ip().is_loopback();
        // 380 speaks of other services in its body, not of other places of the callee (21.3.5).
        let moved = (300..400).contains(&response.code) && response.code != 380;
        if moved && policy != RedirectPolicy::Never {
            for uri in contacts(response) {
                let dialed = outgoing.to.user() == uri.user();
                let stays = !loopback || uri_ip(&uri).is_none_or(|ip| ip.is_loopback());
                if stays && (policy == RedirectPolicy::Any || dialed) {
                    outgoing.redirects.push_back(uri);
                }
            }
        } else if response.code >= 600 {
            // A 6xx speaks for the callee everywhere (21.6).
            outgoing.redirects.clear();
        }
        self.next_contact(id, now)
    }

    /// Goes to the next contact of the redirections so far. `false`: none is left.
    pub(crate) fn next_contact(&mut self, id: CallId, now: Instant) -> bool {
        let Some(outgoing) = self.calls.get_mut(&id).and_then(Call::outgoing) else {
            return false;
        };
        while let Some(next) = outgoing.redirects.pop_front() {
            let text = next.to_string();
            if outgoing.visited.contains(&text) {
                continue;
            }
            // The first entry is the dialed target itself.
            if outgoing.visited.len() > MAX_REDIRECTS {
                return false;
            }
            outgoing.visited.push(text);
            outgoing.target = next;
            outgoing.cseq += 1;
            outgoing.tries = super::auth::AuthTries::default();
            self.send_invite(id, now);
            return true;
        }
        false
    }
}

/// The `sip:` contacts of a 3xx, best `q` first, without header components that would change our INVITE.
fn contacts(response: &Response) -> Vec<Uri> {
    let listed = response.headers.contacts().unwrap_or_default();
    let mut found: Vec<(u32, Uri)> = listed
        .iter()
        .filter_map(Contact::address)
        .filter(|address| address.uri.scheme() == "sip")
        .map(|address| {
            let q =
                address.params.get("q").and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0).clamp(0.0, 1.0);
            let mut uri = address.uri.clone();
            if let Some(uri) = uri.as_sip_mut() {
                uri.headers.clear();
                uri.params.remove("method");
            }
            ((q * 1000.0) as u32, uri)
        })
        .collect();
    found.sort_by_key(|(q, _)| std::cmp::Reverse(*q));
    found.truncate(MAX_REDIRECTS);
    found.into_iter().map(|(_, uri)| uri).collect()
}

/// Contacts tried for one call.
const MAX_REDIRECTS: usize = 5;
