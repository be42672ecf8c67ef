//! Answered calls from which no voice comes: told, and hung up where the configuration says so.

use std::time::Instant;

use media::session::RTP_TIMEOUT;
use media::types::SessionId;
use protocol::Event;
use serde_json::json;
use sip_stack::ua::HangupReason;
use store::AttemptId;

use super::Core;
use crate::clock::Now;

impl Core {
    /// Nothing came for [`RTP_TIMEOUT`], or something comes again.
    pub(super) fn silence(&mut self, session: SessionId, silent: bool, now: Now) {
        let Some(attempt) = self.by_session.get(&session).copied() else { return };
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        if call.silent_since.is_some() == silent {
            return;
        }
        call.silent_since = silent.then(|| now.mono.checked_sub(RTP_TIMEOUT).unwrap_or(now.mono));
        if silent {
            tracing::warn!(%attempt, "no voice comes from the other side");
        }
        let seat = self.seats[call.seat].name.clone();
        self.publish(Event::CallSilent { seat, attempt: attempt.to_string(), silent }, now);
    }

    /// When the next silent call is to be hung up.
    pub(super) fn silence_deadline(&self) -> Option<Instant> {
        let limit = self.config.media.rtp_timeout?;
        let silent = self.calls.values().filter(|call| call.closing.is_none());
        silent.filter_map(|call| call.silent_since).map(|since| since + limit).min()
    }

    /// Hangs up what has been silent for too long.
    pub(super) fn hang_up_silent(&mut self, now: Now) {
        let Some(limit) = self.config.media.rtp_timeout else { return };
        let dead: Vec<AttemptId> = self
            .calls
            .values()
            .filter(|call| {
                call.closing.is_none() && call.silent_since.is_some_and(|since| now.mono >= since + limit)
            })
            .map(|call| call.attempt)
            .collect();
        for attempt in dead {
            tracing::warn!(%attempt, limit_s = limit.as_secs(), "a call without voice is hung up");
            if let Some(call) = self.calls.get_mut(&attempt) {
                // Once: the BYE may take its time.
                call.silent_since = None;
                call.hear(json!({ "what": "rtp_timeout_hangup", "at_ms": 0, "early": false, "digit": null }));
            }
            self.hang_up(attempt, HangupReason::Timeout, now);
        }
    }
}
