//! Results of store verbs, as inputs of the core.

use std::path::PathBuf;
use std::time::Duration;

use dialer::Claimed as DialerClaimed;
use protocol::RpcError;
use protocol::result::{EarlierCall, SeatStatus};
use sip_stack::ua::{CallId, Rejection};
use store::phone::Phone;
use store::{
    Advanced, AttemptEnd, AttemptId, Claimed, Error as StoreError, RecordingFacts, Saved, Sealed, SetBy,
    Store,
};
use tokio::sync::Notify;

use super::call::{Call, Kept, Origin, Party, Recorded, Recording};
use super::command::respond;
use super::reach::Bound;
use super::refusal::{in_window, store_error};
use super::seat::Reply;
use super::tap::TapOrder;
use super::{Core, SeatIndex};
use crate::clock::Now;
use crate::off_thread::off_thread;

/// What a job brought back.
pub(crate) enum Done {
    Advanced {
        seat: SeatIndex,
        seal: Option<AttemptId>,
        /// A result of the operator was part of it.
        saved: bool,
        result: Box<Result<Advanced, StoreError>>,
    },
    Marked {
        seat: SeatIndex,
        attempt: AttemptId,
        result: Box<Result<(), store::Error>>,
    },
    Released {
        seat: SeatIndex,
        attempt: AttemptId,
        skipped: bool,
        result: Result<(), StoreError>,
    },
    Saved {
        seat: SeatIndex,
        attempt: AttemptId,
        memo: Option<String>,
        result: Result<Saved, StoreError>,
    },
    /// A row that is not open at the seat was saved, and sealed if that was wanted.
    SavedClosed {
        seat: SeatIndex,
        result: Result<(Saved, Option<Sealed>), StoreError>,
        reply: Reply,
    },
    /// The row of a call by hand is open, and the one before it sealed where it was left open; or nothing of both.
    Opened {
        seat: SeatIndex,
        result: Box<Result<(Option<Sealed>, Claimed), Unopened>>,
    },
    /// The number that a call is to be handed to may be called, or not.
    TransferChecked {
        attempt: AttemptId,
        result: Box<Result<store::Target, StoreError>>,
    },
    /// The row of a second call is open, or its number was refused.
    Consulted {
        seat: SeatIndex,
        result: Box<Result<Claimed, StoreError>>,
    },
    /// The list that a client wants to dial.
    ListFound {
        seat: SeatIndex,
        result: Result<Box<store::ListInfo>, StoreError>,
        reply: Reply,
    },
    /// A tap that was asked for is in the audit log, or cannot be put there.
    TapNoted {
        order: Box<TapOrder>,
        result: Result<(), StoreError>,
        reply: Reply,
    },
    /// Whether a command may reach the list, lead or call it names.
    Reached {
        bound: Box<Bound>,
        result: Result<(), RpcError>,
    },
    /// Which call a command names, or that several may be meant.
    Named {
        bound: Box<Bound>,
        result: Result<(), RpcError>,
    },
    Arrived {
        sip: CallId,
        earlier: Vec<EarlierCall>,
        result: Result<Box<store::Arrived>, StoreError>,
    },
    /// The end of a call is on disk, and whether with a result of the machine's.
    Ended {
        seat: SeatIndex,
        end: Box<AttemptEnd>,
        recording: Option<Box<RecordingFacts>>,
        result: Result<bool, StoreError>,
    },
    /// Whether the disk takes results and recordings again; else code and words of why not.
    Probed(Result<(), Box<super::Trouble>>),
    /// The store answered the watchdog.
    Alive,
    /// A note whose loss only costs evidence.
    Noted(Result<(), StoreError>),
    /// A recording was archived, or is to stay as it is; and its row says so.
    Archived {
        of: Recorded,
        recording: Recording,
        result: Result<(), StoreError>,
    },
    /// Labels of the result statuses changed.
    Labels(std::collections::HashMap<String, String>),
    /// A save that may come was gone through, with the lead it would have claimed.
    Rehearsed {
        seat: SeatIndex,
        result: Box<Result<Option<Claimed>, StoreError>>,
    },
    /// The job answered its client itself.
    Nothing,
    /// The job panicked or was aborted.
    Lost(String),
}

/// Why no row of a call by hand was opened.
pub(super) enum Unopened {
    /// What it names is not there, or not for this caller.
    Refused(RpcError),
    Store(StoreError),
}

impl Done {
    pub(super) fn lost(error: &tokio::task::JoinError) -> Self {
        Self::Lost(error.to_string())
    }
}

impl Core {
    pub(super) fn on_done(&mut self, done: Done, now: Now) {
        match done {
            Done::Advanced { seat, seal, saved, result } => self.advanced(seat, seal, saved, *result, now),
            Done::Marked { seat, attempt, result } => self.marked(seat, attempt, *result, now),
            Done::Released { seat, attempt, skipped, result } => {
                self.released(seat, attempt, skipped, result, now);
            }
            Done::Saved { seat, attempt, memo, result } => self.saved(seat, attempt, memo, result, now),
            Done::SavedClosed { seat, result, reply } => self.saved_closed(seat, result, reply, now),
            Done::Opened { seat, result } => self.opened(seat, *result, now),
            Done::TransferChecked { attempt, result } => self.transfer_checked(attempt, *result, now),
            Done::Consulted { seat, result } => self.consult_opened(seat, *result, now),
            Done::ListFound { seat, result, reply } => self.list_found(seat, result, reply, now),
            Done::TapNoted { order, result, reply } => self.tap_noted(*order, result, reply, now),
            Done::Reached { bound, result } => self.reached(*bound, result, now),
            Done::Named { bound, result } => self.named(*bound, result, now),
            Done::Arrived { sip, earlier, result } => self.arrived(sip, earlier, result, now),
            Done::Ended { seat, end, recording, result } => {
                self.end_written(seat, *end, recording, result, now)
            }
            Done::Probed(result) => self.probed(result, now),
            Done::Alive => self.watchdog.store_answered(),
            Done::Noted(result) => self.check(result.err(), now),
            Done::Archived { of, recording, result } => {
                self.check(result.err(), now);
                self.report_recording(of.seat, of.attempt, &recording, now);
                self.outbox_nudge.notify_one();
            }
            Done::Labels(labels) => self.labels = labels,
            Done::Rehearsed { seat, result } => self.rehearsed(seat, *result, now),
            Done::Nothing => {}
            Done::Lost(reason) => tracing::error!(reason, "a job of the core was lost"),
        }
    }

    fn advanced(
        &mut self,
        seat: SeatIndex,
        seal: Option<AttemptId>,
        saved: bool,
        result: Result<Advanced, StoreError>,
        now: Now,
    ) {
        let mut advanced = match result {
            Ok(advanced) => advanced,
            Err(error) => {
                self.seats[seat].bound = None;
                self.seats[seat].refuse(store_error(&error));
                if matches!(error, StoreError::Sealed { .. }) {
                    // Nothing is left to judge: the seat goes on.
                    self.seats[seat].last = None;
                    return self.seats[seat].dialer.sealed(now.into());
                }
                self.check(Some(error), now);
                return self.seats[seat].dialer.advance_failed(now.into());
            }
        };
        // What others are to hear and do waits until the INVITE has left.
        self.hub.hold();
        if let Some(sealed) = &advanced.sealed {
            if saved {
                self.report_saved(seat, sealed.attempt, sealed.status.as_deref(), SetBy::Operator, now);
            }
            if !sealed.already {
                self.report_sealed(&self.seats[seat].name, sealed, now);
            }
        }
        if seal.is_some() {
            self.seats[seat].before = self.seats[seat].last.take();
        }
        let runtime = &mut self.seats[seat];
        runtime.passed_over.add(&advanced.passed_over);
        if !advanced.exhausted.as_ref().is_some_and(|exhausted| exhausted.more) {
            runtime.passed_over.tell(&runtime.name);
        }
        if let Some(claimed) = advanced.claimed.take() {
            if let Some(list) = &mut runtime.list {
                list.calls += 1;
            }
            let to_dialer =
                DialerClaimed { attempt: dialer::AttemptId(claimed.attempt.0), dialed: claimed.dialed };
            runtime.shown = Some(claimed);
            runtime.dialer.claimed(Some(to_dialer), None, now.into());
        } else if advanced.exhausted.as_ref().is_some_and(|exhausted| exhausted.more) {
            runtime.dialer.passed_over(now.into());
        } else if let Some(exhausted) = &advanced.exhausted {
            self.report_exhausted(seat, exhausted, now);
            self.seats[seat].dialer.claimed(None, exhausted.next_due, now.into());
        } else {
            runtime.dialer.sealed(now.into());
        }
        self.settle_seat(seat, now);
        self.seats[seat].bound = None;
        self.hub.let_go();
        if let Some(sealed) = &advanced.sealed {
            self.after_seal(sealed);
        }
        self.answer_waiting(seat);
    }

    /// Answers the command that waited for a commit with the seat as it is now.
    fn answer_waiting(&mut self, seat: SeatIndex) {
        if let Some(reply) = self.seats[seat].waiting.take() {
            respond(reply, Ok(self.seat_status(seat)));
        }
    }

    fn settle_seat(&mut self, seat: SeatIndex, now: Now) {
        while let Some(action) = self.seats[seat].dialer.poll_action() {
            self.act(seat, action, now);
        }
        self.driver.flush(&mut self.ua);
    }

    fn sealed(&mut self, seat: SeatIndex, sealed: &Sealed, now: Now) {
        // A void row was sealed by its end, and told then.
        if !sealed.already {
            self.report_sealed(&self.seats[seat].name, sealed, now);
        }
        self.after_seal(sealed);
    }

    /// Lets a sealed row leave the box, and its recording go if it is kept for no status like this.
    fn after_seal(&mut self, sealed: &Sealed) {
        if !sealed.already {
            self.outbox_nudge.notify_one();
        }
        if let Some(path) = sealed.discard_recording.clone() {
            self.discard(path);
        }
    }

    /// A lead was given back. While the disk takes nothing it is tried again: a lead must not stay with nobody.
    fn released(
        &mut self,
        seat: SeatIndex,
        attempt: AttemptId,
        skipped: bool,
        result: Result<(), StoreError>,
        now: Now,
    ) {
        let Err(error) = result else { return self.seats[seat].dialer.released(now.into()) };
        let again = error.blame() == store::Blame::Resource && self.stopping.is_none();
        tracing::warn!(%attempt, %error, again, "a lead was not given back");
        self.check(Some(error), now);
        if again {
            self.spawn_release(seat, attempt, skipped, RETRY, now);
        } else {
            self.seats[seat].dialer.released(now.into());
        }
    }

    fn marked(&mut self, seat: SeatIndex, attempt: AttemptId, result: Result<(), StoreError>, now: Now) {
        let Err(error) = result else {
            self.seats[seat].dialer.marked(true, now.into());
            self.settle_seat(seat, now);
            return self.answer_waiting(seat);
        };
        tracing::info!(%attempt, %error, "not dialed");
        // Whoever accepted the lead hears why it is not called; the next one is shown.
        self.seats[seat].refuse(store_error(&error));
        if error.blame() == store::Blame::Resource {
            self.check(Some(error), now);
            self.seats[seat].dialer.mark_failed();
        } else {
            self.seats[seat].dialer.marked(false, now.into());
        }
    }

    fn saved(
        &mut self,
        seat: SeatIndex,
        attempt: AttemptId,
        memo: Option<String>,
        result: Result<Saved, StoreError>,
        now: Now,
    ) {
        let status = result.as_ref().is_ok_and(|saved| saved.status.is_some());
        self.seats[seat].dialer.saved(dialer::AttemptId(attempt.0), status);
        match result {
            Ok(saved) => {
                self.report_saved(seat, saved.attempt, saved.status.as_deref(), SetBy::Operator, now);
                let kept = Kept { status: saved.status, label: saved.label, memo };
                if let Some(call) = self.calls.get_mut(&attempt) {
                    let memo = kept.memo.or(call.kept.memo.take());
                    call.kept = Kept { memo, ..kept };
                } else if let Some(last) = self.seats[seat].last.as_mut().filter(|l| l.attempt == attempt) {
                    (last.info.status, last.info.label) = (kept.status, kept.label);
                    last.info.memo = kept.memo.or(last.info.memo.take());
                }
                self.answer_waiting(seat);
            }
            Err(error) => {
                self.seats[seat].refuse(store_error(&error));
                self.check(Some(error), now);
            }
        }
    }

    fn saved_closed(
        &mut self,
        seat: SeatIndex,
        result: Result<(Saved, Option<Sealed>), StoreError>,
        reply: Reply,
        now: Now,
    ) {
        match result {
            Ok((saved, sealed)) => {
                self.seats[seat].dialer.said(dialer::AttemptId(saved.attempt.0));
                self.report_saved(seat, saved.attempt, saved.status.as_deref(), SetBy::Operator, now);
                if let Some(sealed) = sealed {
                    self.sealed(seat, &sealed, now);
                }
                respond(reply, Ok(self.seat_status(seat)));
            }
            Err(error) => {
                respond::<SeatStatus>(reply, Err(store_error(&error)));
                self.check(Some(error), now);
            }
        }
    }

    fn opened(&mut self, seat: SeatIndex, result: Result<(Option<Sealed>, Claimed), Unopened>, now: Now) {
        match result {
            Ok((sealed, claimed)) => {
                let attempt = dialer::AttemptId(claimed.attempt.0);
                if sealed.is_some() {
                    self.seats[seat].last = None;
                }
                self.seats[seat].shown = Some(claimed);
                self.seats[seat].dialer.opened(Some(attempt), now.into());
                self.settle_seat(seat, now);
                if let Some(sealed) = sealed {
                    self.sealed(seat, &sealed, now);
                }
                self.answer_waiting(seat);
            }
            Err(unopened) => {
                match unopened {
                    Unopened::Store(error) => {
                        let window = self.window_of(seat);
                        self.seats[seat].refuse(in_window(&error, window.as_ref()));
                        self.check(Some(error), now);
                    }
                    Unopened::Refused(error) => self.seats[seat].refuse(error),
                }
                self.seats[seat].dialer.opened(None, now.into());
            }
        }
    }

    fn arrived(
        &mut self,
        sip: CallId,
        earlier: Vec<EarlierCall>,
        result: Result<Box<store::Arrived>, StoreError>,
        now: Now,
    ) {
        let arriving = self.arriving.remove(&sip);
        match (arriving, result.map(|arrived| (arrived.attempt, arrived.contact))) {
            (Some(arriving), Ok((attempt, contact))) => {
                let seat = arriving.seat;
                let ring = dialer::AttemptId(attempt.0);
                // The seat may have begun a call of its own since.
                let free = self.stopping.is_none() && self.seats[seat].consult.is_none();
                if !free || self.seats[seat].dialer.ring(ring).is_err() {
                    self.ua.reject(sip, Rejection::new(486), now.mono);
                    return self.abandon_row(attempt, now);
                }
                let (company, person, categories) =
                    contact.map_or((None, None, Vec::new()), |c| (c.company, c.person, c.categories));
                let caller = arriving.caller;
                let number = caller.number.unwrap_or_default();
                let party = Party {
                    phone: Phone::parse(&number).ok().map(|parsed| parsed.phone),
                    dialed: number,
                    company,
                    person: person.or(caller.display),
                    categories,
                    withheld: caller.withheld,
                    diverted: caller.diverted,
                    earlier,
                    ..Party::default()
                };
                let mut call = Call::new(attempt, seat, Origin::Incoming, party, now.wall);
                call.sip = Some(sip);
                call.sip_call_id = Some(arriving.sip_call_id);
                call.times.ringing = Some(now.wall);
                self.by_sip.insert(sip, attempt);
                self.calls.insert(attempt, call);
                if let Some(error) = self.unencrypted_offer(seat, sip) {
                    self.report_incoming(attempt, now);
                    return self.refuse_unencrypted(attempt, sip, error, now);
                }
                self.ua.ring(sip, now.mono);
                self.report_incoming(attempt, now);
            }
            (Some(_), Err(error)) => {
                self.ua.reject(sip, Rejection::new(500), now.mono);
                self.check(Some(error), now);
            }
            // The caller gave up before the row was written; the row says so by its end.
            (None, Ok((attempt, _))) => self.abandon_row(attempt, now),
            (None, Err(error)) => self.check(Some(error), now),
        }
    }

    fn abandon_row(&mut self, attempt: AttemptId, now: Now) {
        let store = self.store.clone();
        let end = AttemptEnd {
            hangup_by: Some(store::HangupBy::Remote),
            sip_code: Some(487),
            sub: Some(String::from("no_answer")),
            ..AttemptEnd::new(attempt, now.wall)
        };
        let nudge = std::sync::Arc::clone(&self.outbox_nudge);
        self.jobs.spawn(async move { Done::Noted(close_missed(&store, end, &nudge).await) });
    }

    fn end_written(
        &mut self,
        seat: SeatIndex,
        end: AttemptEnd,
        recording: Option<Box<RecordingFacts>>,
        result: Result<bool, StoreError>,
        now: Now,
    ) {
        match result {
            Ok(by_machine) => {
                let attempt = end.attempt;
                self.unsaved = self.unsaved.saturating_sub(1);
                if self.unsaved == 0 && std::mem::take(&mut self.waiting_told) {
                    tracing::info!("the ends of all calls are on disk");
                }
                if end.void.is_some() {
                    // Void rows are sealed by their end and leave the box at once.
                    self.outbox_nudge.notify_one();
                }
                if let Some(auto) = end.auto.as_ref().filter(|_| by_machine) {
                    self.report_saved(seat, attempt, Some(&auto.status), SetBy::Auto, now);
                }
                self.seats[seat].dialer.stored(dialer::AttemptId(attempt.0), now.into());
                self.seal_consultation(attempt, end.void.is_some(), now);
            }
            Err(error) => {
                // Once, not for every call and every second: `kakeru status` has how many wait.
                let (attempt, waiting) = (end.attempt, self.unsaved);
                if std::mem::replace(&mut self.waiting_told, true) {
                    tracing::debug!(%attempt, %error, waiting, "the end of a call waits for the disk");
                } else {
                    tracing::error!(%attempt, %error, waiting, "the end of a call is not on disk yet; it and those that follow are tried again");
                }
                self.check(Some(error), now);
                let after = if self.damage.borrow().is_some() { RETRY_DAMAGED } else { RETRY };
                self.spawn_end(seat, end, recording.map(|facts| *facts), after);
            }
        }
    }

    /// Removes the recording of a call whose status keeps none (不通).
    fn discard(&mut self, path: PathBuf) {
        self.jobs.spawn(async move {
            discard(path).await;
            Done::Nothing
        });
    }
}

/// Ends and seals an incoming call that nobody took, and lets its row leave.
pub(super) async fn close_missed(store: &Store, end: AttemptEnd, nudge: &Notify) -> Result<(), StoreError> {
    let (attempt, now) = (end.attempt, end.ended_at);
    store.end_attempt(end).await?;
    store.seal(attempt, now).await?;
    nudge.notify_one();
    Ok(())
}

/// Removes a file off the core's thread.
pub(super) async fn discard(path: PathBuf) {
    // Only a runtime that ends refuses; the next start removes it then.
    let _ = off_thread(move || crate::recordings::remove(&path)).await;
}

/// Lets time pass inside a job.
pub(super) async fn pause(time: Duration) {
    if !time.is_zero() {
        let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
    }
}

/// Wait before an end or a release is written again.
pub(super) const RETRY: Duration = Duration::from_secs(1);
/// The same where the database is damaged: other pages may be whole.
const RETRY_DAMAGED: Duration = Duration::from_secs(5);
