//! Pauses of recordings: what must not be kept, such as card numbers, is silence of the same length.

use media::types::{Command as MediaCommand, SessionId};
use protocol::result::{CallRecording, PausedSpan};
use protocol::{ErrorCode, Event, RpcError};
use store::{Actor, RecordingPause};

use super::call::Recording;
use super::job::Done;
use super::{Core, SeatIndex};
use crate::clock::Now;
use crate::control::Who;

/// Where the recording of a call holds silence because somebody wanted that.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pauses {
    spans: Vec<store::PausedSpan>,
    /// Since when it is paused, UTC milliseconds.
    since: Option<i64>,
    /// Who asked last.
    by: Actor,
}

impl Pauses {
    /// Whether a pause was asked for and no end of it.
    pub(crate) fn is_paused(&self) -> bool {
        self.since.is_some()
    }

    /// What the engine says of an edge. `at_ms` is a place in the file.
    fn edge(&mut self, paused: bool, at_ms: u64) {
        match self.spans.last_mut().filter(|span| span.to_ms.is_none()) {
            Some(open) if !paused => open.to_ms = Some(at_ms),
            None if paused => self.spans.push(store::PausedSpan { from_ms: at_ms, to_ms: None }),
            Some(_) | None => {}
        }
    }

    /// The recording is over, and with it a pause that lasted.
    pub(crate) fn end(&mut self, duration_ms: u64) {
        self.edge(false, duration_ms);
    }

    /// The stretches as evidence of the attempt; null where there are none.
    pub(crate) fn evidence(&self) -> serde_json::Value {
        if self.spans.is_empty() { serde_json::Value::Null } else { serde_json::json!(self.spans) }
    }

    /// Where the file holds silence.
    pub(crate) fn spans(&self) -> Vec<store::PausedSpan> {
        self.spans.clone()
    }

    /// A recording that runs, as clients see it.
    pub(crate) fn info(&self) -> CallRecording {
        CallRecording { paused: self.is_paused(), since: self.since, trouble: None }
    }
}

/// Stretches in the words of clients.
pub(super) fn told(spans: &[store::PausedSpan]) -> Vec<PausedSpan> {
    spans.iter().map(|span| PausedSpan { from_ms: span.from_ms, to_ms: span.to_ms }).collect()
}

/// The stretches that an attempt's evidence tells of.
pub(super) fn spans_of(evidence: &serde_json::Value) -> Vec<PausedSpan> {
    serde_json::from_value(evidence["recording_paused"].clone()).unwrap_or_default()
}

impl Core {
    /// Pauses the recording of the call that the operator is in, or lets it go on. Asking twice changes nothing.
    pub(super) fn pause_recording(
        &mut self,
        seat: SeatIndex,
        on: bool,
        who: &Who,
        now: Now,
    ) -> Result<(), RpcError> {
        let attempt = self.talking_attempt(seat)?;
        let call = self.calls.get_mut(&attempt).ok_or_else(|| RpcError::from(ErrorCode::NoCall))?;
        let session = call.session.filter(|_| matches!(call.recording, Recording::Live(_)));
        let session = session.ok_or_else(|| RpcError::from(ErrorCode::NotRecorded))?;
        let pauses = &mut call.pauses;
        if pauses.is_paused() == on {
            return Ok(());
        }
        if on && pauses.spans.len() >= MOST {
            let detail = (
                format!("1つの録音で一時停止できるのは{MOST}回までです"),
                format!("at most {MOST} pauses in one recording"),
            );
            return Err(RpcError::with_detail(ErrorCode::State, detail));
        }
        pauses.since = on.then_some(now.wall);
        pauses.by = Actor { user: who.user, uid: Some(who.uid) };
        self.media(MediaCommand::PauseRecording { session, on });
        Ok(())
    }

    /// The engine says from where on the recording is paused, or goes on: kept at once, since a crash must not hide it.
    pub(super) fn recording_paused(&mut self, session: SessionId, paused: bool, at_ms: u64, now: Now) {
        let Some(call) = self.by_session.get(&session).and_then(|attempt| self.calls.get_mut(attempt)) else {
            return;
        };
        call.pauses.edge(paused, at_ms);
        let pause = RecordingPause {
            attempt: call.attempt,
            spans: call.pauses.spans.clone(),
            by: call.pauses.by,
            now: now.wall,
        };
        let (seat, attempt) = (self.seats[call.seat].name.clone(), call.attempt.to_string());
        let event = if paused {
            Event::RecordingPaused { seat, attempt, at_ms }
        } else {
            let from_ms = pause.spans.last().map_or(at_ms, |span| span.from_ms);
            Event::RecordingResumed { seat, attempt, at_ms, paused_ms: at_ms.saturating_sub(from_ms) }
        };
        self.publish(event, now);
        let store = self.store.clone();
        self.jobs.spawn(async move { Done::Noted(store.recording_paused(pause).await) });
    }
}

/// Pauses in one recording: a script gone wild must not fill the row.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_make_stretches_and_the_end_closes_the_last() {
        let mut pauses = Pauses::default();
        assert!(pauses.evidence().is_null());
        // An end without a beginning, and edges that are told twice, are no news.
        for (paused, at_ms) in
            [(false, 10), (true, 100), (true, 150), (false, 300), (false, 310), (true, 900)]
        {
            pauses.edge(paused, at_ms);
        }
        let open = serde_json::json!([{ "from_ms": 100, "to_ms": 300 }, { "from_ms": 900, "to_ms": null }]);
        assert_eq!(pauses.evidence(), open);
        pauses.end(1_200);
        let spans = spans_of(&serde_json::json!({ "recording_paused": pauses.evidence() }));
        assert_eq!(spans[1], PausedSpan { from_ms: 900, to_ms: Some(1_200) });
        assert_eq!(spans_of(&serde_json::json!({ "codec": "PCMU" })), []);
    }
}
