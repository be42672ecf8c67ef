//! What happens becomes events for the clients.

use dialer::{Ended, SeatChange, SeatState as DialerState, Waiting as DialerWaiting};
use protocol::result::{CallState, RecordingInfo, SeatState};
use protocol::{ErrorCode, Event};
use sip_stack::ua::TrunkState;
use store::{AttemptEnd, AttemptId, Sealed};

use super::call::{Call, Recorded, Recording};
use super::seat::Voice;
use super::{Core, SeatIndex};
use crate::clock::Now;

impl Core {
    pub(super) fn publish(&self, event: Event, now: Now) {
        self.hub.publish_at(event, now.wall);
    }

    pub(super) fn report_started(&self, now: Now) {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        self.publish(Event::DaemonStarted { version, interrupted: self.interrupted }, now);
    }

    pub(super) fn report_dialing(&self, call: &Call, now: Now) {
        let seat = self.seats[call.seat].name.clone();
        let info = call.info(self.list_of(call));
        self.publish(Event::CallDialing { seat, call: Box::new(info) }, now);
    }

    /// The list that a seat's call is of; a consultation is of none.
    fn list_of(&self, call: &Call) -> Option<String> {
        self.seats[call.seat].list_name().filter(|_| call.parent.is_none())
    }

    pub(super) fn report_progress(&self, attempt: AttemptId, code: u16, reason: String, now: Now) {
        if let Some(call) = self.calls.get(&attempt) {
            let seat = self.seats[call.seat].name.clone();
            self.publish(Event::CallProgress { seat, attempt: attempt.to_string(), code, reason }, now);
        }
    }

    pub(super) fn report_early_media(&self, attempt: AttemptId, now: Now) {
        if let Some(call) = self.calls.get(&attempt) {
            let seat = self.seats[call.seat].name.clone();
            let codec = call.codec.unwrap_or_default().to_owned();
            self.publish(Event::CallEarlyMedia { seat, attempt: attempt.to_string(), codec }, now);
        }
    }

    pub(super) fn report_answered(&self, attempt: AttemptId, now: Now) {
        if let Some(call) = self.calls.get(&attempt) {
            let seat = self.seats[call.seat].name.clone();
            let codec = call.codec.unwrap_or_default().to_owned();
            let direction = call.direction();
            self.publish(Event::CallAnswered { seat, attempt: attempt.to_string(), direction, codec }, now);
        }
    }

    pub(super) fn report_incoming(&self, attempt: AttemptId, now: Now) {
        if let Some(call) = self.calls.get(&attempt) {
            let seat = self.seats[call.seat].name.clone();
            self.publish(Event::CallIncoming { seat, call: Box::new(call.info(None)) }, now);
        }
    }

    pub(super) fn report_held(&self, attempt: AttemptId, now: Now) {
        if let Some(call) = self.calls.get(&attempt) {
            let seat = self.seats[call.seat].name.clone();
            let (local, remote) = (call.held, call.held_by_peer);
            self.publish(Event::CallHeld { seat, attempt: attempt.to_string(), local, remote }, now);
        }
    }

    pub(super) fn report_heard(
        &self,
        attempt: AttemptId,
        what: &str,
        digit: Option<String>,
        at_ms: u32,
        early: bool,
        now: Now,
    ) {
        if let Some(call) = self.calls.get(&attempt) {
            let seat = self.seats[call.seat].name.clone();
            let what = what.to_owned();
            self.publish(
                Event::CallHeard { seat, attempt: attempt.to_string(), what, digit, at_ms, early },
                now,
            );
        }
    }

    /// The end of a call, and its recording if one was kept.
    pub(super) fn report_ended(
        &mut self,
        seat: SeatIndex,
        ended: &Ended,
        call: Option<&Call>,
        end: &AttemptEnd,
        now: Now,
    ) {
        let name = self.seats[seat].name.clone();
        let Some(call) = call else { return };
        let mut info = call.info(self.list_of(call));
        info.state = CallState::Ended;
        info.outcome = Some(ended.row.name().to_owned());
        info.suggestion.clone_from(&end.suggestion);
        if let Some(code) = ended.auto {
            info.status = Some(code.to_owned());
            info.label = self.labels.get(code).cloned();
        }
        let by = end.hangup_by.map_or("local", store::HangupBy::as_str).to_owned();
        if call.parent.is_none() {
            self.seats[seat].last = Some(super::seat::LastCall { attempt: call.attempt, info: info.clone() });
        }
        self.publish(Event::CallEnded { seat: name, call: Box::new(info), by, void: end.void.clone() }, now);
        self.report_recording(call.seat, call.attempt, &call.recording, now);
    }

    pub(super) fn report_recording_failed(
        &self,
        of: &Recorded,
        code: ErrorCode,
        detail: &str,
        over: bool,
        now: Now,
    ) {
        let (seat, attempt) = (self.seats[of.seat].name.clone(), of.attempt.to_string());
        let (code, detail) = (code.as_str().to_owned(), detail.to_owned());
        let trouble = Event::RecordingTrouble { seat: seat.clone(), attempt: attempt.clone(), code, detail };
        self.publish(trouble, now);
        if over {
            let recording = RecordingInfo {
                state: String::from("failed"),
                path: None,
                duration_ms: None,
                sha256: None,
                gaps_ms: None,
                paused: Vec::new(),
            };
            self.publish(Event::RecordingClosed { seat, attempt, recording }, now);
        }
    }

    /// A recording that is complete on disk.
    pub(super) fn report_recording(
        &self,
        seat: SeatIndex,
        attempt: AttemptId,
        recording: &Recording,
        now: Now,
    ) {
        let Recording::Closed { path, duration_ms, sha256, gaps_ms, paused, .. } = recording else { return };
        self.kept.changed();
        let recording = RecordingInfo {
            state: String::from("final"),
            path: Some(path.display().to_string()),
            duration_ms: Some(*duration_ms),
            sha256: Some(store::hex(sha256)),
            gaps_ms: Some(*gaps_ms),
            paused: super::pause::told(paused),
        };
        let seat = self.seats[seat].name.clone();
        self.publish(Event::RecordingClosed { seat, attempt: attempt.to_string(), recording }, now);
    }

    pub(super) fn report_saved(
        &self,
        seat: SeatIndex,
        attempt: AttemptId,
        status: Option<&str>,
        set_by: store::SetBy,
        now: Now,
    ) {
        let event = Event::AttemptSaved {
            seat: Some(self.seats[seat].name.clone()),
            attempt: attempt.to_string(),
            status: status.map(str::to_owned),
            label: status.and_then(|code| self.labels.get(code).cloned()),
            set_by: set_by.as_str().to_owned(),
        };
        self.publish(event, now);
    }

    pub(super) fn report_sealed(&self, seat: &str, sealed: &Sealed, now: Now) {
        let event = Event::AttemptSealed {
            seat: Some(seat.to_owned()),
            attempt: sealed.attempt.to_string(),
            status: sealed.status.clone(),
        };
        self.publish(event, now);
    }

    pub(super) fn report_seat(&mut self, seat: SeatIndex, change: &SeatChange, now: Now) {
        let name = self.seats[seat].name.clone();
        let list = self.seats[seat].list_name().unwrap_or_default();
        match change {
            SeatChange::State(state) => {
                self.seats[seat].since = now.wall;
                let attempt = self.seats[seat].dialer.attempt().map(|a| AttemptId(a.0).to_string());
                let (state, pause_code) = seat_state(state);
                self.ring(seat, state == SeatState::Ringing);
                let by_itself = pause_code.as_deref().and_then(by_itself);
                self.publish(Event::SeatChanged { seat: name.clone(), state, pause_code, attempt }, now);
                if let Some(reason) = by_itself.filter(|_| !list.is_empty()) {
                    match reason {
                        dialer::PAUSED_BY_TRUNK => {
                            tracing::warn!(seat = name, "the trunk does not carry calls: dialing pauses");
                        }
                        dialer::PAUSED_BY_DEVICE => {
                            tracing::warn!(seat = name, "the voice device is gone: dialing pauses");
                        }
                        _ => tracing::info!(seat = name, "the day's calling hours are over: dialing pauses"),
                    }
                    let reason = reason.to_owned();
                    self.publish(Event::DialPaused { seat: name.clone(), list, reason, until: None }, now);
                }
                if state == SeatState::Previewing
                    && let Some(info) = self.preview_info(seat)
                {
                    let until = self.seats[seat]
                        .dialer
                        .poll_timeout()
                        .map(|(at, _)| now.wall + millis(at.saturating_duration_since(now.mono)));
                    self.publish(Event::CallPreview { seat: name, call: Box::new(info), until }, now);
                }
            }
            SeatChange::Waiting(Some(waiting)) => {
                let (reason, until) = self.waiting_words(seat, *waiting);
                let reason = reason.to_owned();
                self.publish(Event::DialPaused { seat: name, list, reason, until }, now);
            }
            SeatChange::Waiting(None) => self.publish(Event::DialResumed { seat: name, list }, now),
            SeatChange::Exhausted(_) => {
                let reason = String::from("exhausted");
                self.publish(Event::DialStopped { seat: name, list, reason }, now);
            }
            SeatChange::Stopped(_) => {
                let reason = if self.stopping.is_some() { "shutdown" } else { "operator" }.to_owned();
                self.publish(Event::DialStopped { seat: name, list, reason }, now);
            }
        }
    }

    /// No lead can be called now; those put off or in somebody's hands remain.
    pub(super) fn report_exhausted(&self, seat: SeatIndex, exhausted: &store::Exhausted, now: Now) {
        let event = Event::DialExhausted {
            seat: self.seats[seat].name.clone(),
            list: self.seats[seat].list_name().unwrap_or_default(),
            remaining: u64::from(exhausted.remaining_not_due) + u64::from(exhausted.held),
            next_due_at: exhausted.next_due,
        };
        self.publish(event, now);
    }

    pub(super) fn report_voice(&self, seat: SeatIndex, voice: &Voice, now: Now) {
        let seat = self.seats[seat].name.clone();
        let event = match &voice.trouble {
            Some(why) => Event::DeviceLost { seat, why: why.clone() },
            None => {
                let Voice { capture, playback, ring, .. } = voice.clone();
                Event::DeviceBack { seat, capture, playback, ring }
            }
        };
        self.publish(event, now);
    }

    pub(super) fn report_store_trouble(&self, trouble: &super::Trouble, now: Now) {
        let (code, detail) = (trouble.code.clone(), trouble.detail.en.clone());
        self.publish(Event::StoreTrouble { code, detail }, now);
    }

    pub(super) fn report_store_recovered(&self, now: Now) {
        self.publish(Event::StoreRecovered {}, now);
    }

    /// Why a session waits, in the protocol's words, and until when.
    pub(super) fn waiting_words(
        &self,
        seat: SeatIndex,
        waiting: DialerWaiting,
    ) -> (&'static str, Option<i64>) {
        match waiting {
            DialerWaiting::Hours(until) => ("hours", until),
            DialerWaiting::Trunk if self.is_silent(seat) => ("unreachable", None),
            DialerWaiting::Trunk => ("registration", None),
            DialerWaiting::Store => ("disk", None),
            DialerWaiting::Phone => ("phone", None),
            DialerWaiting::NotDue(at) => ("not_due", Some(at)),
        }
    }

    /// Whether the seat's account wants for an exchange that answers, and for no registration.
    fn is_silent(&self, seat: SeatIndex) -> bool {
        let account = &self.accounts[self.seats[seat].account];
        let lost = self.ua.trunk(account.id).state == TrunkState::Unreachable;
        lost || account.config.registrar.is_none() && self.ua.targets(account.id).is_empty()
    }
}

/// The dialer's word for a seat's state as the protocol's.
pub(super) fn seat_state(state: &DialerState) -> (SeatState, Option<String>) {
    match state {
        DialerState::Paused(code) => (SeatState::Paused, Some(code.clone())),
        DialerState::Ready => (SeatState::Ready, None),
        DialerState::Previewing => (SeatState::Previewing, None),
        DialerState::Dialing => (SeatState::Dialing, None),
        DialerState::Ringing => (SeatState::Ringing, None),
        DialerState::InCall => (SeatState::InCall, None),
        DialerState::WrapUp => (SeatState::WrapUp, None),
    }
}

/// The pauses that the dialer makes.
fn by_itself(code: &str) -> Option<&'static str> {
    [dialer::PAUSED_BY_TRUNK, dialer::PAUSED_BY_DEVICE, dialer::PAUSED_AT_CLOSING]
        .into_iter()
        .find(|own| *own == code)
}

fn millis(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
