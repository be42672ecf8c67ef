//! The end of a call: the media's last words, the judgement, the row.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use dialer::Ended;
use dialer::outcome::{Facts, Row};
use media::types::SessionId;
use protocol::ErrorCode;
use sip_stack::ua::EndedBy;
use store::{AttemptEnd, AttemptId, HangupBy, RecordingFacts, RecordingState, Save, SetBy};

use super::call::{Call, Recorded, Recording};
use super::job::Done;
use super::past::PastCall;
use super::trouble::Trouble;
use super::{Core, SeatIndex};
use crate::clock::Now;

/// Facts of an attempt whose INVITE never left.
pub(super) fn own_fault() -> Facts {
    Facts { own_fault: true, ..Facts::default() }
}

impl Core {
    /// SIP and media are over: the dialer judges.
    pub(super) fn finish(&mut self, attempt: AttemptId) {
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        if let Some(session) = call.session.take() {
            self.by_session.remove(&session);
        }
        call.closing.get_or_insert(super::call::Closing {
            by: EndedBy::Local,
            reason: None,
            deadline: crate::clock::now().mono,
        });
        let facts = call.facts.clone();
        self.judge(attempt, facts, crate::clock::now());
    }

    /// All is known of a call: the seat's dialer judges it, unless it was only a consultation.
    pub(super) fn judge(&mut self, attempt: AttemptId, facts: Facts, now: Now) {
        let Some((seat, parent)) = self.calls.get(&attempt).map(|call| (call.seat, call.parent)) else {
            return;
        };
        match parent {
            None => self.seats[seat].dialer.ended(dialer::AttemptId(attempt.0), facts),
            Some(_) => self.consult_ended(seat, attempt, facts, now),
        }
    }

    /// Calls whose media session did not say its last words in time.
    pub(super) fn close_overdue(&mut self, now: Now) {
        let overdue = |call: &&Call| {
            call.session.is_some() && call.closing.as_ref().is_some_and(|c| c.deadline <= now.mono)
        };
        let late: Vec<AttemptId> = self.calls.values().filter(overdue).map(|call| call.attempt).collect();
        for attempt in late {
            tracing::warn!(%attempt, "the media engine did not close the session in time; its recording follows");
            if let Some(session) = self.calls.get(&attempt).and_then(|call| call.session) {
                self.await_recording(session, attempt);
            }
            self.finish(attempt);
        }
    }

    /// The call is over and its recording is not: it stays open on the row until the recorder says how it ended. The
    /// disk may be slow, or full.
    pub(super) fn await_recording(&mut self, session: SessionId, attempt: AttemptId) {
        if let Some(call) = self.calls.get_mut(&attempt)
            && matches!(call.recording, Recording::Live(_))
        {
            self.late_recordings.insert(session, Recorded::of(call));
            call.recording = Recording::None;
        }
    }

    /// Whose recording a session makes: of a call that is over, or of one that is up.
    pub(super) fn recorded(&self, session: SessionId) -> Option<Recorded> {
        let call = || self.by_session.get(&session).and_then(|attempt| self.calls.get(attempt));
        self.late_recordings.get(&session).cloned().or_else(|| call().map(Recorded::of))
    }

    /// The recorder has trouble. What it began it goes on with as soon as it can; otherwise nothing is kept.
    pub(super) fn recording_failed(
        &mut self,
        session: SessionId,
        reason: String,
        disk: Option<ErrorKind>,
        over: bool,
        now: Now,
    ) {
        tracing::error!(reason, over, "recording failed, the call goes on");
        let disk_full = matches!(disk, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded));
        let code = if disk_full { ErrorCode::DiskFull } else { ErrorCode::DiskIo };
        if let Some(of) = self.recorded(session) {
            self.report_recording_failed(&of, code, &reason, over, now);
        }
        self.fact(session, |call| call.recording_trouble = Some(code), None);
        if over {
            if let Some(of) = self.late_recordings.remove(&session)
                && let Some(path) = of.path.clone()
            {
                self.late_recording(&of, &Recording::Failed(path), now);
            }
            let failed = |call: &mut Call| {
                if let Recording::Live(path) = &mut call.recording {
                    call.recording = Recording::Failed(std::mem::take(path));
                }
            };
            self.fact(session, failed, None);
        }
        // Small commits may still fit; calls that nobody can prove must not be made meanwhile.
        match disk {
            Some(_) if disk_full => self.trouble(Trouble::of_all(code.as_str(), reason), now),
            Some(kind) => {
                let folder = &self.config.daemon.recordings_dir;
                self.trouble(Trouble::of_recordings(folder, &kind.into(), reason), now);
            }
            None => {}
        }
    }

    /// The recorder finished a recording after its call's end was written.
    pub(super) fn late_recording(&mut self, of: &Recorded, recording: &Recording, now: Now) {
        let Some(facts) = facts_of(of.attempt, recording) else { return };
        self.report_recording(of.seat, of.attempt, recording, now);
        let store = self.store.clone();
        self.jobs.spawn(async move {
            let path = facts.path.clone();
            let mut closed = store.recording_closed(facts.clone()).await;
            // Nobody else knows how it ended; a stop does not wait for this longer than for anything.
            while closed.as_ref().is_err_and(|error| error.blame() == store::Blame::Resource) {
                super::job::pause(super::job::RETRY).await;
                closed = store.recording_closed(facts.clone()).await;
            }
            if matches!(closed, Ok(RecordingState::Discarded)) {
                // Its status keeps no recording, and was final before the file was.
                super::job::discard(path).await;
            }
            Done::Noted(closed.map(|_| ()))
        });
    }

    /// A recording is complete and becomes an archive in its time; until then its row says that it is open, and its
    /// result waits in the outbox, so that nobody is told of a file that is replaced.
    pub(super) fn archive(&mut self, of: Recorded, recording: Recording) {
        let (store, archivist) = (self.store.clone(), self.archivist.clone());
        self.jobs.spawn(async move {
            let Recording::Closed { path: wav, duration_ms, gaps_ms, paused, .. } = &recording else {
                return Done::Nothing;
            };
            let (wav, duration_ms, gaps_ms, paused) = (wav.clone(), *duration_ms, *gaps_ms, paused.clone());
            let recording = match archivist.archive(wav.clone()).await {
                Some(made) => Recording::Closed {
                    path: made.path,
                    duration_ms,
                    bytes: made.bytes,
                    sha256: made.sha256,
                    gaps_ms,
                    paused,
                },
                None => recording,
            };
            let Some(facts) = facts_of(of.attempt, &recording) else { return Done::Nothing };
            let mut closed = store.recording_closed(facts.clone()).await;
            while closed.as_ref().is_err_and(|error| error.blame() == store::Blame::Resource) {
                super::job::pause(super::job::RETRY).await;
                closed = store.recording_closed(facts.clone()).await;
            }
            if facts.path != wav {
                super::job::discard(wav).await;
            }
            if matches!(closed, Ok(RecordingState::Discarded)) {
                super::job::discard(facts.path).await;
                return Done::Nothing;
            }
            Done::Archived { of, recording, result: closed.map(|_| ()) }
        });
    }

    /// Writes the end of an attempt; the answer to the dialer comes when it is on disk.
    pub(super) fn write_end(&mut self, seat: SeatIndex, ended: Ended, now: Now) {
        let attempt = AttemptId(ended.attempt.0);
        let call = self.calls.remove(&attempt);
        if let Some(past) = call.as_ref().and_then(PastCall::of) {
            self.past.push(past);
        }
        let end = self.end_of(seat, attempt, &ended, call.as_ref(), now);
        self.report_ended(seat, &ended, call.as_ref(), &end, now);
        if ended.row == Row::CallerIdRequired || ended.row == Row::MediaMismatch {
            tracing::warn!(%attempt, row = ended.row.name(), "the trunk refuses the way we call; see `kakeru history`");
        }
        let recording = call.as_ref().and_then(recording_of);
        self.unsaved += 1;
        self.spawn_end(seat, end, recording, Duration::ZERO);
    }

    /// Also used to try again after trouble with the store.
    pub(super) fn spawn_end(
        &mut self,
        seat: SeatIndex,
        end: AttemptEnd,
        recording: Option<RecordingFacts>,
        after: Duration,
    ) {
        let store = self.store.clone();
        self.jobs.spawn(async move {
            super::job::pause(after).await;
            let result = async {
                if let Some(facts) = recording.clone() {
                    store.recording_closed(facts).await?;
                }
                store.end_attempt(end.clone()).await
            };
            let result = result.await;
            Done::Ended { seat, end: Box::new(end), recording: recording.map(Box::new), result }
        });
    }

    fn end_of(
        &self,
        seat: SeatIndex,
        attempt: AttemptId,
        ended: &Ended,
        call: Option<&Call>,
        now: Now,
    ) -> AttemptEnd {
        let closing = call.and_then(|call| call.closing.as_ref());
        let ended_at = call.and_then(|call| call.times.ended).unwrap_or(now.wall);
        AttemptEnd {
            attempt,
            ended_at,
            hangup_by: match closing.map(|c| c.by) {
                Some(EndedBy::Remote) => Some(HangupBy::Remote),
                Some(EndedBy::Timeout) => Some(HangupBy::Timeout),
                Some(EndedBy::Local) => Some(HangupBy::Local),
                None => None,
            },
            sip_code: ended.facts.sip_code,
            q850: ended.facts.q850,
            reason_text: closing.and_then(|c| c.reason.clone()),
            ringing_at: call.and_then(|call| call.times.ringing),
            early_media_at: call.and_then(|call| call.times.early_media),
            answered_at: call.and_then(|call| call.times.answered),
            sip_call_id: call.and_then(|call| call.sip_call_id.clone()),
            suggestion: ended.row.disposition().map(str::to_owned),
            sub: Some(ended.row.name().to_owned()),
            void: ended.void.then(|| ended.row.name().to_owned()),
            evidence: call.map_or(serde_json::Value::Null, Call::evidence),
            auto: ended.auto.map(|code| Save {
                set_by: SetBy::Auto,
                ..Save::new(attempt, code, self.seats[seat].user, now.wall)
            }),
            transfer: call.and_then(|call| call.transferred.clone()),
        }
    }

    /// Where the recording of an attempt goes, if calls are recorded.
    pub(super) fn recording_path(&self, attempt: AttemptId, now: Now) -> Option<PathBuf> {
        let folder = &self.config.daemon.recordings_dir;
        self.config.recording.enabled.then(|| crate::recordings::file(folder, attempt, now.wall))
    }
}

fn recording_of(call: &Call) -> Option<RecordingFacts> {
    facts_of(call.attempt, &call.recording)
}

fn facts_of(attempt: AttemptId, recording: &Recording) -> Option<RecordingFacts> {
    match recording {
        Recording::None => None,
        Recording::Closed { path, duration_ms, bytes, sha256, gaps_ms, .. } => Some(RecordingFacts {
            attempt,
            path: path.clone(),
            duration_ms: *duration_ms,
            bytes: *bytes,
            sha256: *sha256,
            gaps_ms: *gaps_ms,
            state: RecordingState::Final,
        }),
        // By its file: another would be a second row, and the first stay open until the next start.
        Recording::Live(path) | Recording::Failed(path) => {
            Some(crate::recordings::failed(attempt, path.clone()))
        }
    }
}
