//! A seat's desk phone: the leg that is its voice.
//!
//! ```text
//!            operator ready, or a call              answered
//!   Down ────────────────────────────> Calling ───────────────────> Up ──┐
//!    ^ ^                                  │ no answer, refused           │ lost: no voice, no answer
//!    │ └── hung up by the operator ───────┼──────────────────────────────┤
//!    │                                    v                              │
//!    └───────── not wanted ─────────── Waiting <─────────────────────────┘
//! ```
//! The phone comes first: the dialer calls nobody before it is up, so that no callee hears silence. A phone that hangs up
//! ends the customer's call; one that is kept up pauses its seat then, for that is how one leaves at a desk phone (ADR
//! 0005). One that is lost is called again, and a customer hears the idle sound for as long as [`BACK_WITHIN`].

mod way;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use config::{DeskPhone, PhoneIdle, PhoneKeep};
use media::dtls::{DtlsFailure, DtlsIdentity};
use media::types::{Command as MediaCommand, MediaEvent, SessionId, StreamParams};
use protocol::params::{CallDial, CallDtmf};
use protocol::result::SeatStatus;
use protocol::{ErrorCode, RpcError};
use sip_stack::sdp::{Negotiated, NegotiationError};
use sip_stack::ua::{AccountId, CallEnd, CallId, EndedBy, Event, HangupReason};
use store::AttemptId;

use self::way::Called;
use super::command::respond;
use super::digits::Digits;
use super::seat::{Reply, Voice};
use super::tap::TapEnd;
use super::{Core, SeatIndex};
use crate::clock::Now;
use crate::said::phone_ja;
use crate::stream::{awaits_keys, secure, stream_params};

/// The desk phone of a seat while the daemon runs.
pub(crate) struct Phone {
    config: DeskPhone,
    /// The user agent's account of a phone that is called directly; else the seat's account leads to it.
    direct: Option<AccountId>,
    /// Our certificate, where its voice is encrypted under keys of a DTLS handshake.
    identity: Option<DtlsIdentity>,
    state: State,
    /// Calls in a row that were not answered.
    failures: u32,
    /// When it was lost, with a customer on the line.
    lost: Option<Instant>,
    /// Where our last offer said that we receive.
    rtp: Option<SocketAddr>,
    /// Our address changed since.
    moving: bool,
    /// How its voice is encrypted, as clients are told.
    secure: Option<String>,
    /// It was taken up, and its handshake is not over yet.
    awaits_keys: bool,
    /// Its keys can come as telephone-event.
    telephone_event: bool,
    digits: Digits,
    /// Somebody hung it up and is not back yet.
    left: bool,
    /// A command that waits for it.
    pending: Option<(CallDial, Reply)>,
}

enum State {
    Down,
    Calling { sip: CallId, session: SessionId },
    Up { sip: CallId, session: SessionId },
    Waiting(Instant),
}

impl Phone {
    /// A phone that was not called yet.
    pub(crate) fn new(config: DeskPhone, direct: Option<AccountId>, identity: Option<DtlsIdentity>) -> Self {
        let state = State::Down;
        Self {
            config,
            direct,
            identity,
            state,
            failures: 0,
            lost: None,
            rtp: None,
            moving: false,
            secure: None,
            awaits_keys: false,
            telephone_event: false,
            digits: Digits::default(),
            left: false,
            pending: None,
        }
    }

    /// How the voice is encrypted while it is up; `None`: it is not.
    pub(crate) fn secure(&self) -> Option<String> {
        self.secure.clone().filter(|_| self.is_up())
    }

    /// Whether it is called for each call.
    pub(crate) fn is_per_call(&self) -> bool {
        self.config.keep == PhoneKeep::PerCall
    }

    fn ids(&self) -> Option<(CallId, SessionId)> {
        match self.state {
            State::Calling { sip, session } | State::Up { sip, session } => Some((sip, session)),
            State::Down | State::Waiting(_) => None,
        }
    }

    /// What was agreed on with it, for the media engine.
    fn agreed(&mut self, media: &Negotiated) -> StreamParams {
        self.secure = secure(media, self.secure.take());
        self.telephone_event = media.dtmf_payload_type.is_some();
        stream_params(media, None, self.identity.as_ref())
    }

    fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    fn deadline(&self) -> Option<Instant> {
        let again = match self.state {
            State::Waiting(at) => Some(at),
            State::Down | State::Calling { .. } | State::Up { .. } => None,
        };
        again.into_iter().chain(self.lost.map(|at| at + BACK_WITHIN)).min()
    }
}

impl Core {
    /// What happens to a phone's SIP call. `false`: it is another call.
    pub(super) fn phone_signalled(&mut self, event: &Event, now: Now) -> bool {
        let sip = match event {
            Event::Answered { call, .. }
            | Event::MediaChanged { call, .. }
            | Event::HoldFailed { call, .. }
            | Event::Confirmed { call }
            | Event::Dtmf { call, .. }
            | Event::Ended { call, .. } => *call,
            _ => return false,
        };
        let mine = |seat: &super::SeatRuntime| seat.phone.as_ref().and_then(Phone::ids).map(|ids| ids.0);
        let Some(seat) = self.seats.iter().position(|seat| mine(seat) == Some(sip)) else { return false };
        match event {
            Event::Answered { media, .. } => {
                self.phone_answered(seat, media, now);
                self.move_phone(seat, now);
            }
            Event::MediaChanged { media, .. } => {
                if let Some(phone) = &mut self.seats[seat].phone
                    && let Some((_, session)) = phone.ids()
                {
                    let params = phone.agreed(media);
                    let up = !awaits_keys(media) && std::mem::take(&mut phone.awaits_keys);
                    self.media(MediaCommand::Update { session, params });
                    if up {
                        self.phone_up(seat, now);
                    }
                }
                self.move_phone(seat, now);
            }
            // No offer is under way any more: our own failed, or our answer to another is confirmed.
            Event::HoldFailed { .. } | Event::Confirmed { .. } => self.move_phone(seat, now),
            Event::Dtmf { digit, .. } => self.phone_told(seat, *digit, now),
            Event::Ended { end, .. } => self.phone_ended(seat, end, now),
            _ => {}
        }
        true
    }

    /// What is heard of a phone's session. `false`: it is another's.
    pub(super) fn phone_heard(&mut self, event: &MediaEvent, now: Now) -> bool {
        let heard = match event {
            MediaEvent::Dtmf { session, .. }
            | MediaEvent::RtpTimeout { session }
            | MediaEvent::Encrypted { session, .. }
            | MediaEvent::EncryptionFailed { session, .. } => *session,
            _ => return false,
        };
        let mine = |seat: &super::SeatRuntime| seat.phone.as_ref().and_then(Phone::ids).map(|ids| ids.1);
        let Some(seat) = self.seats.iter().position(|seat| mine(seat) == Some(heard)) else { return false };
        match event {
            MediaEvent::Dtmf { digit, .. } => self.phone_pressed(seat, *digit, now),
            MediaEvent::Encrypted { profile, .. } => {
                let Some(phone) = &mut self.seats[seat].phone else { return true };
                phone.secure = Some(format!("dtls {}", profile.as_str()));
                if std::mem::take(&mut phone.awaits_keys) {
                    self.phone_up(seat, now);
                }
            }
            MediaEvent::EncryptionFailed { failure, .. } => self.phone_unencrypted(seat, *failure, now),
            _ if self.phone(seat).is_some_and(|phone| phone.awaits_keys) => {
                self.phone_unencrypted(seat, DtlsFailure::Timeout, now);
            }
            _ => {
                self.drop_phone(seat, HangupReason::Timeout, now);
                self.phone_lost(seat, "no voice comes from the phone", now);
            }
        }
        true
    }

    /// Calls the phone where it is wanted, and lets it go where it is not. `true`: something was done.
    pub(super) fn drive_phone(&mut self, seat: SeatIndex, now: Now) -> bool {
        let Some(phone) = &self.seats[seat].phone else { return false };
        if self.stopping.is_some() {
            return false;
        }
        let dialer = &self.seats[seat].dialer;
        let taps = self.seats[seat].tap.is_some();
        let needed = dialer.wants_voice() || phone.pending.is_some() || taps;
        // Who hung up has left the desk: not called again by the call that is just ending, nor before the seat is ready.
        let back = match phone.config.keep {
            PhoneKeep::Up => {
                phone.pending.is_some() || taps || matches!(dialer.state(), dialer::SeatState::Ready)
            }
            PhoneKeep::PerCall => !dialer.in_call(),
        };
        let left = phone.left && !back;
        let needed = needed && !left;
        let wanted = needed || !left && (phone.config.keep == PhoneKeep::Up && !dialer.is_paused());
        // A customer who has hung up waits no longer.
        let lost = phone.lost.filter(|_| dialer.in_call());
        let overdue = lost.is_some_and(|at| now.mono >= at + BACK_WITHIN);
        let per_call = phone.is_per_call();
        if let Some(phone) = &mut self.seats[seat].phone {
            (phone.left, phone.lost) = (left, lost);
        }
        if overdue {
            if let Some(phone) = &mut self.seats[seat].phone {
                phone.lost = None;
            }
            tracing::warn!(seat = self.seats[seat].name, "the phone is not back, its call is hung up");
            let _ = self.seats[seat].dialer.hang_up();
            return true;
        }
        match self.seats[seat].phone.as_ref().map(|phone| &phone.state) {
            Some(State::Down) if wanted => self.call_phone(seat, now),
            Some(State::Waiting(at)) if wanted && *at <= now.mono => self.call_phone(seat, now),
            Some(State::Waiting(_)) if !wanted => {
                self.set_phone(seat, State::Down, (!per_call).then_some(IDLE), now);
            }
            Some(State::Up { .. } | State::Calling { .. }) if per_call && !needed => {
                self.drop_phone(seat, HangupReason::Normal, now);
                self.set_phone(seat, State::Down, None, now);
            }
            _ => return false,
        }
        true
    }

    pub(super) fn phones_deadline(&self) -> Option<Instant> {
        self.seats.iter().filter_map(|seat| seat.phone.as_ref()?.deadline()).min()
    }

    /// Whether a call may be placed: the seat has a headset, or a phone that is up.
    pub(super) fn voice_is_up(&self, seat: SeatIndex) -> bool {
        self.phone(seat).is_none_or(Phone::is_up)
    }

    /// A number was typed and the phone is not up: it is called first.
    pub(super) fn dial_after_phone(&mut self, seat: SeatIndex, p: CallDial, reply: Reply) {
        match &mut self.seats[seat].phone {
            Some(phone) if phone.pending.is_none() => {
                phone.pending = Some((p, reply));
                if let State::Waiting(_) = phone.state {
                    phone.state = State::Down;
                }
            }
            _ => respond::<SeatStatus>(reply, Err(ErrorCode::Busy.into())),
        }
    }

    /// Lets all phones go: orderly shutdown.
    pub(super) fn drop_phones(&mut self, now: Now) {
        for seat in 0..self.seats.len() {
            self.drop_phone(seat, HangupReason::Normal, now);
            self.refuse_pending(seat, "the daemon stops");
        }
    }

    fn phone(&self, seat: SeatIndex) -> Option<&Phone> {
        self.seats[seat].phone.as_ref()
    }

    fn call_phone(&mut self, seat: SeatIndex, now: Now) {
        match self.invite_phone(seat, now) {
            Ok(Called { sip, session, rtp }) => {
                if let Some(phone) = &mut self.seats[seat].phone {
                    (phone.rtp, phone.moving, phone.secure) = (Some(rtp), false, None);
                    (phone.digits, phone.awaits_keys) = (Digits::default(), false);
                }
                self.set_phone(seat, State::Calling { sip, session }, Some("the phone rings"), now)
            }
            Err(why) => self.phone_failed(seat, &why, now),
        }
    }

    fn phone_answered(&mut self, seat: SeatIndex, media: &Negotiated, now: Now) {
        let Some(phone) = &mut self.seats[seat].phone else { return };
        let Some((_, session)) = phone.ids() else { return };
        let params = phone.agreed(media);
        phone.awaits_keys = awaits_keys(media);
        let up = !phone.awaits_keys;
        self.media(MediaCommand::Start { session, params });
        self.media(MediaCommand::Answered { session });
        if up {
            self.phone_up(seat, now);
        }
    }

    /// It was taken up, and can be heard.
    fn phone_up(&mut self, seat: SeatIndex, now: Now) {
        let Some((sip, session)) = self.phone(seat).and_then(Phone::ids) else { return };
        self.set_phone(seat, State::Up { sip, session }, None, now);
        let Some(phone) = &mut self.seats[seat].phone else { return };
        phone.failures = 0;
        phone.lost = None;
        if let Some((p, reply)) = phone.pending.take() {
            return self.call_dial(seat, p, reply, now);
        }
        self.answer_ringing(seat, now);
    }

    /// Whoever takes up a ringing phone, or presses a key on one that is up, answers.
    fn answer_ringing(&mut self, seat: SeatIndex, now: Now) {
        if matches!(self.seats[seat].dialer.state(), dialer::SeatState::Ringing)
            && let Err(error) = self.answer(seat, now)
        {
            tracing::warn!(seat = self.seats[seat].name, %error, "the call could not be answered");
        }
    }

    /// A key of the phone by INFO.
    fn phone_told(&mut self, seat: SeatIndex, digit: char, now: Now) {
        let Some(phone) = &mut self.seats[seat].phone else { return };
        if phone.digits.told(digit, now.mono) {
            self.phone_digit(seat, digit, now);
        }
    }

    /// A key of the phone as event or tones.
    fn phone_pressed(&mut self, seat: SeatIndex, digit: char, now: Now) {
        let Some(phone) = &mut self.seats[seat].phone else { return };
        if phone.digits.heard(digit, phone.telephone_event, now.mono) {
            self.phone_digit(seat, digit, now);
        }
    }

    fn phone_digit(&mut self, seat: SeatIndex, digit: char, now: Now) {
        if matches!(self.seats[seat].dialer.state(), dialer::SeatState::Ringing) {
            return self.answer_ringing(seat, now);
        }
        // Between calls a key means nothing.
        let digits = CallDtmf { seat: None, digits: digit.to_string() };
        if let Err(error) = self.dtmf(seat, &digits, now) {
            tracing::debug!(seat = self.seats[seat].name, %error, "a key of the phone went nowhere");
        }
    }

    fn phone_ended(&mut self, seat: SeatIndex, end: &CallEnd, now: Now) {
        let Some((_, session)) = self.phone(seat).and_then(Phone::ids) else { return };
        let up = self.phone(seat).is_some_and(Phone::is_up);
        self.media(MediaCommand::Close { session });
        match (up, end.by) {
            (true, EndedBy::Remote) => self.phone_hung_up(seat, now),
            (true, EndedBy::Local | EndedBy::Timeout) => {
                self.phone_lost(seat, "the phone does not answer", now)
            }
            (false, _) => {
                let required =
                    self.phone(seat).is_some_and(|phone| phone.config.srtp == config::Srtp::Required);
                let why = why_not(end, required);
                self.phone_failed(seat, &why, now);
            }
        }
    }

    fn phone_hung_up(&mut self, seat: SeatIndex, now: Now) {
        let keep = self.phone(seat).map(|phone| phone.config.keep);
        if let Some(phone) = &mut self.seats[seat].phone {
            phone.left = true;
        }
        self.set_phone(seat, State::Down, Some("hung up; `kakeru ready` calls it again"), now);
        let in_call = self.seats[seat].dialer.in_call();
        let listened = self.end_tap(seat, TapEnd::Hangup, now);
        if keep == Some(PhoneKeep::Up) || !in_call && !listened {
            self.seats[seat].dialer.pause(String::from("phone"), now.into());
        }
        if in_call {
            self.end_consult(seat, now);
            let _ = self.seats[seat].dialer.hang_up();
        }
    }

    /// Its handshake brought no keys: nothing will ever be heard of it.
    fn phone_unencrypted(&mut self, seat: SeatIndex, failure: DtlsFailure, now: Now) {
        let up = self.phone(seat).is_some_and(Phone::is_up);
        self.drop_phone(seat, HangupReason::Failure, now);
        let why = format!("the phone's voice cannot be encrypted: {failure}");
        match up {
            true => self.phone_lost(seat, &why, now),
            false => self.phone_failed(seat, &why, now),
        }
    }

    /// It was up and is gone without a word: called again at once, then ever more slowly.
    fn phone_lost(&mut self, seat: SeatIndex, why: &str, now: Now) {
        tracing::warn!(seat = self.seats[seat].name, why, "the phone is lost, it is called again");
        let in_call = self.seats[seat].dialer.in_call();
        if let Some(phone) = &mut self.seats[seat].phone {
            phone.lost = in_call.then_some(now.mono);
        }
        self.set_phone(seat, State::Waiting(now.mono), Some(why), now);
    }

    /// A call to it came to nothing.
    fn phone_failed(&mut self, seat: SeatIndex, why: &str, now: Now) {
        tracing::warn!(seat = self.seats[seat].name, why, "no answer from the phone");
        self.refuse_pending(seat, why);
        self.end_tap(seat, TapEnd::Phone, now);
        let Some(phone) = &mut self.seats[seat].phone else { return };
        let wait = AGAIN_MAX.min(AGAIN_FIRST * 2_u32.saturating_pow(phone.failures.min(10)));
        phone.failures += 1;
        let (keep, lost) = (phone.config.keep, phone.lost.is_some());
        if matches!(self.seats[seat].dialer.state(), dialer::SeatState::Ringing) {
            // Nobody is there to take the call.
            let attempt = self.seats[seat].dialer.attempt().map(|attempt| AttemptId(attempt.0));
            if let Some(attempt) = attempt {
                self.hang_up(attempt, HangupReason::Busy, now);
            }
        }
        if keep == PhoneKeep::PerCall && !lost {
            // Not again and again at an empty desk.
            self.set_phone(seat, State::Down, Some(why), now);
            return self.seats[seat].dialer.pause(String::from("phone"), now.into());
        }
        self.set_phone(seat, State::Waiting(now.mono + wait), Some(why), now);
    }

    fn refuse_pending(&mut self, seat: SeatIndex, why: &str) {
        let pending = self.seats[seat].phone.as_mut().and_then(|phone| phone.pending.take());
        if let Some((_, reply)) = pending {
            let detail = (phone_ja(why).unwrap_or_default(), why);
            respond::<SeatStatus>(reply, Err(RpcError::with_detail(ErrorCode::DeviceLost, detail)));
        }
    }

    /// Hangs up the leg, if there is one; its end is nobody's business then.
    fn drop_phone(&mut self, seat: SeatIndex, reason: HangupReason, now: Now) {
        let Some((sip, session)) = self.phone(seat).and_then(Phone::ids) else { return };
        self.ua.hangup(sip, reason, now.mono);
        self.media(MediaCommand::Close { session });
        if let Some(phone) = &mut self.seats[seat].phone {
            phone.state = State::Down;
        }
    }

    /// A new state, as the dialer, `status` and events know it. `why` is what keeps the seat from talking.
    fn set_phone(&mut self, seat: SeatIndex, state: State, why: Option<&str>, now: Now) {
        let Some(phone) = &mut self.seats[seat].phone else { return };
        phone.state = state;
        let name = Some(phone.config.address.clone());
        let up = phone.is_up();
        // A phone that is called for each call need not be up.
        let per_call = phone.is_per_call();
        let trouble = why.filter(|_| !up).map(str::to_owned).or((!up && !per_call).then(|| IDLE.to_owned()));
        let voice = Voice { capture: name.clone(), playback: name, ring: None, trouble };
        self.report_voice(seat, &voice, now);
        self.seats[seat].voice = voice;
        self.seats[seat].dialer.voice(up, now.into());
    }
}

/// What a phone hears between calls. A file that cannot be read is no reason not to work.
pub(super) fn idle_sound(idle: &PhoneIdle) -> Arc<[i16]> {
    match idle {
        PhoneIdle::Silence => Arc::new([]),
        PhoneIdle::Music => media::hold_music(),
        PhoneIdle::File(path) => media::wav::read_voice(path).unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "no hold music from this file");
            media::hold_music()
        }),
    }
}

/// Why a call to a phone came to nothing, for people. `required`: it was offered encryption and nothing else.
fn why_not(end: &CallEnd, required: bool) -> String {
    let disliked = required && matches!(end.sip_code, Some(415 | 488 | 606));
    if disliked || end.mismatch == Some(NegotiationError::Security) {
        return String::from("the phone does not encrypt as srtp = \"required\" wants");
    }
    match end.sip_code {
        _ if end.ring_timeout => String::from("the phone was not answered"),
        Some(486 | 600) => String::from("the phone is busy"),
        Some(480 | 603) => String::from("the phone was declined"),
        Some(code) => format!("the phone refused: {code}"),
        None => String::from("the phone does not answer"),
    }
}

/// Why a phone that is to be kept up is not.
pub(crate) const IDLE: &str = "the phone is called when the operator is ready";
/// A customer whose operator's phone was lost is kept this long.
const BACK_WITHIN: Duration = Duration::from_secs(30);
/// Waits between calls to a phone that does not answer; each twice the one before.
const AGAIN_FIRST: Duration = Duration::from_secs(5);
const AGAIN_MAX: Duration = Duration::from_secs(60);
