//! Who asks for us and may not: what is logged, told and shown.

use std::net::IpAddr;
use std::time::Instant;

use protocol::Event;
use protocol::result::{StrangerInfo, StrangersStatus};
use sip_stack::message::Method;

use super::Core;
use crate::clock::Now;

impl Core {
    /// A source that is nobody's exchange begins, or scans. The user agent tells few of many.
    pub(super) fn stranger(
        &self,
        source: Option<IpAddr>,
        method: Option<&Method>,
        requests: u64,
        scanner: bool,
        now: Now,
    ) {
        let method = method.map(Method::as_str);
        match source {
            Some(source) if scanner => {
                tracing::warn!(%source, method, requests, "a scanner; it is not answered until it was quiet for a minute");
            }
            Some(source) => tracing::info!(
                %source,
                method,
                "refused: no account's exchange; a server of yours is named in trusted_sources"
            ),
            None => tracing::warn!(requests, "requests of many strangers at once are dropped"),
        }
        let event = Event::StrangerRefused {
            source: source.map(|source| source.to_string()),
            method: method.map(str::to_owned),
            requests,
            scanner,
        };
        self.publish(event, now);
    }

    pub(super) fn strangers(&self, now: Now) -> StrangersStatus {
        let wall = |at: Instant| {
            let ago = now.mono.saturating_duration_since(at).as_millis();
            now.wall - i64::try_from(ago).unwrap_or(0)
        };
        let mut known = self.ua.strangers();
        // Those with the most requests, and always the last one: whoever looks for a refused call looks for that.
        if let Some(last) = (0..known.len()).max_by_key(|index| known[*index].last)
            && last >= SHOWN
        {
            known.swap(last, SHOWN - 1);
        }
        known.truncate(SHOWN);
        let counters = self.ua.counters();
        StrangersStatus {
            refused: counters.strangers_refused,
            dropped: counters.strangers_dropped,
            sources: known
                .into_iter()
                .map(|stranger| StrangerInfo {
                    address: stranger.address.to_string(),
                    requests: stranger.requests,
                    method: stranger.method.map(|method| method.as_str().to_owned()),
                    scanner: stranger.scanner,
                    first_at: wall(stranger.first),
                    last_at: wall(stranger.last),
                })
                .collect(),
        }
    }
}

/// Sources that `status.get` shows.
const SHOWN: usize = 5;
