//! What the media engine heard becomes facts of calls; what it says of devices becomes the seat's state.

use dialer::outcome::Row;
use media::types::{CallProgress, FaxSignal, MediaEvent, SeatId, SessionId};
use serde_json::json;

use super::call::{Call, Recording};
use super::seat::Voice;
use super::{Core, SeatIndex};
use crate::clock::Now;

impl Core {
    pub(super) fn on_media(&mut self, event: MediaEvent, now: Now) {
        if self.phone_heard(&event, now) {
            return;
        }
        match event {
            MediaEvent::SeatOpened { seat, capture, playback, ring }
            | MediaEvent::SeatBack { seat, capture, playback, ring } => {
                self.voice(seat, Voice { capture, playback, ring, trouble: None }, now);
            }
            MediaEvent::SeatLevel { .. } => self.level(&event, now),
            MediaEvent::SeatLost { seat, reason } | MediaEvent::SeatFailed { seat, reason } => {
                self.voice(seat, Voice { trouble: Some(reason), ..Voice::default() }, now);
            }
            MediaEvent::RtpFlowing { session } => {
                self.note(session, "rtp", None, 0, now);
                self.silence(session, false, now);
            }
            MediaEvent::RtpTimeout { session } => {
                self.note(session, "rtp_timeout", None, 0, now);
                self.silence(session, true, now);
            }
            MediaEvent::Encrypted { session, profile } => self.encrypted(session, profile, now),
            MediaEvent::EncryptionFailed { session, failure } => {
                self.encryption_failed(session, failure, now)
            }
            MediaEvent::CallProgress { session, tone, early } => {
                self.note(session, tone_name(tone), None, 0, now);
                if early && matches!(tone, CallProgress::Busy | CallProgress::Congestion) {
                    self.fact(session, |call| call.facts.busy_heard = true, Some(Row::Busy));
                }
            }
            MediaEvent::Fax { session, signal, at_ms, .. } => {
                self.note(session, fax_name(signal), None, at_ms, now);
                // CNG is a calling FAX: it says who called us, not whom we reached.
                if signal != FaxSignal::Cng {
                    self.fact(session, |call| call.facts.fax_heard = true, Some(Row::Fax));
                }
            }
            MediaEvent::Beep { session, at_ms } => {
                self.note(session, "beep", None, at_ms, now);
                self.fact(session, |call| call.facts.beep_heard |= call.facts.answered, None);
            }
            MediaEvent::SpeechStarted { session, at_ms } => {
                self.note(session, "speech", None, at_ms, now);
                self.fact(session, |call| call.facts.voice_heard = true, None);
            }
            MediaEvent::SpeechEnded { session, at_ms, .. } => {
                self.note(session, "speech_end", None, at_ms, now);
            }
            MediaEvent::Dtmf { session, digit } => self.digit_heard(session, digit, now),
            MediaEvent::RecordingPaused { session, paused, at_ms } => {
                self.recording_paused(session, paused, at_ms, now);
            }
            MediaEvent::RecordingClosed { session, path, duration_ms, bytes, sha256, gaps_ms, kept } => {
                self.fact(session, |call| call.pauses.end(duration_ms), None);
                let Some(mut of) = self.recorded(session) else { return };
                of.pauses.end(duration_ms);
                let recording = if kept {
                    let paused = of.pauses.spans();
                    Recording::Closed { path, duration_ms, bytes, sha256, gaps_ms, paused }
                } else {
                    Recording::None
                };
                let late = self.late_recordings.remove(&session).is_some();
                if matches!(recording, Recording::Closed { .. }) && self.archivist.is_wanted() {
                    self.fact(session, |call| call.recording = Recording::None, None);
                    return self.archive(of, recording);
                }
                if late {
                    self.late_recording(&of, &recording, now);
                } else {
                    self.fact(session, |call| call.recording = recording, None);
                }
            }
            MediaEvent::RecordingFailed { session, reason, disk, over } => {
                self.recording_failed(session, reason, disk, over, now);
            }
            MediaEvent::Stats { session, stats } => {
                self.fact(session, |call| call.stats = Some(stats), None);
            }
            MediaEvent::Closed { session, stats } => {
                self.fact(session, |call| call.stats = Some(stats), None);
                if let Some(attempt) = self.by_session.remove(&session) {
                    self.await_recording(session, attempt);
                    if let Some(call) = self.calls.get_mut(&attempt) {
                        call.session = None;
                    }
                    self.finish(attempt);
                }
            }
            MediaEvent::Pong { id } => self.watchdog.media_answered(id),
            _ => {}
        }
    }

    /// Changes a call's facts; `row` lets the dialer end a call whose result the machine may keep.
    pub(super) fn fact(&mut self, session: SessionId, change: impl FnOnce(&mut Call), row: Option<Row>) {
        let Some(call) = self.by_session.get(&session).and_then(|a| self.calls.get_mut(a)) else { return };
        change(call);
        let seat = call.seat;
        if let Some(row) = row.filter(|_| call.parent.is_none()) {
            self.seats[seat].dialer.heard(row);
        }
    }

    /// A digit that came by INFO counts like one that was heard; of one that comes both ways the first counts.
    pub(super) fn digit_told(&mut self, sip: sip_stack::ua::CallId, digit: char, now: Now) {
        let call = self.by_sip.get(&sip).and_then(|attempt| self.calls.get_mut(attempt));
        let Some(call) = call else { return };
        let Some(session) = call.session else { return };
        if !call.digits.told(digit, now.mono) {
            return;
        }
        self.note(session, "dtmf", Some(digit.to_string()), 0, now);
    }

    /// The engine heard a digit: an event, or tones where no event was agreed on.
    fn digit_heard(&mut self, session: SessionId, digit: char, now: Now) {
        let call = self.by_session.get(&session).and_then(|attempt| self.calls.get_mut(attempt));
        let Some(call) = call else { return };
        if !call.digits.heard(digit, call.telephone_event, now.mono) {
            return;
        }
        self.note(session, "dtmf", Some(digit.to_string()), 0, now);
    }

    /// The other side took no digit by INFO; those after it were dropped.
    pub(super) fn digits_refused(&mut self, sip: sip_stack::ua::CallId, code: Option<u16>, now: Now) {
        let Some(call) = self.by_sip.get(&sip).and_then(|attempt| self.calls.get(attempt)) else { return };
        tracing::warn!(attempt = %call.attempt, code, "digits by INFO refused");
        let (seat, attempt) = (self.seats[call.seat].name.clone(), call.attempt.to_string());
        self.publish(protocol::Event::CallDtmfFailed { seat, attempt, code }, now);
    }

    /// Keeps what was heard as evidence and tells it.
    fn note(&mut self, session: SessionId, what: &'static str, digit: Option<String>, at_ms: u32, now: Now) {
        let Some(attempt) = self.by_session.get(&session).copied() else { return };
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        let early = !call.facts.answered;
        // Whoever pauses the recording for a card number wants it nowhere else either.
        let digit = digit.filter(|_| !call.pauses.is_paused());
        call.hear(json!({ "what": what, "at_ms": at_ms, "early": early, "digit": digit }));
        // The flow of packets is evidence for the row; only sounds are news.
        if !what.starts_with("rtp") {
            self.report_heard(attempt, what, digit, at_ms, early, now);
        }
    }

    fn voice(&mut self, seat: SeatId, voice: Voice, now: Now) {
        let found: Option<SeatIndex> = self.seats.iter().position(|s| s.media == seat);
        // What is said of a phone is its leg's to say.
        let Some(index) = found.filter(|index| self.seats[*index].phone.is_none()) else { return };
        if let Some(reason) = &voice.trouble {
            tracing::warn!(seat = self.seats[index].name, reason, "voice device lost, the call goes on");
        }
        self.report_voice(index, &voice, now);
        let runtime = &mut self.seats[index];
        runtime.dialer.device(voice.trouble.is_none() || !runtime.wanted.is_device());
        runtime.voice = voice;
    }
}

const fn fax_name(signal: FaxSignal) -> &'static str {
    match signal {
        FaxSignal::Ced => "ced",
        FaxSignal::Ansam => "ansam",
        FaxSignal::V21 => "v21",
        FaxSignal::Cng => "cng",
    }
}

const fn tone_name(tone: CallProgress) -> &'static str {
    match tone {
        CallProgress::Dial => "dial",
        CallProgress::Ringback => "ringback",
        CallProgress::Busy => "busy",
        CallProgress::Congestion => "congestion",
    }
}
