//! Goes through a save and the INVITE that follows it, before the operator asks for them, and takes everything back
//! (ADR 0008): what they use of code and data is at hand then when the key is pressed.

use std::time::{Duration, Instant};

use dialer::SaveIntent;
use store::{Advance, AttemptId, Claimed, Error as StoreError, Save};

use super::job::Done;
use super::{Core, SeatIndex};
use crate::clock::Now;

/// When the next one is due.
#[derive(Default)]
pub(super) struct Rehearsal {
    /// Not before.
    rest_until: Option<Instant>,
    /// The one at the store began.
    began: Option<Instant>,
}

impl Core {
    /// When a save is to be gone through again: soon, while somebody is about to save.
    pub(super) fn rehearsal_deadline(&self, now: Now) -> Option<Instant> {
        if self.rehearsal.began.is_some() || self.stopping.is_some() {
            return None;
        }
        self.about_to_save(now)?;
        Some(self.rehearsal.rest_until.unwrap_or(now.mono))
    }

    /// One seat is enough: all share the code, and most of the data.
    fn about_to_save(&self, now: Now) -> Option<(SeatIndex, dialer::AttemptId, dialer::ClaimIntent)> {
        self.seats.iter().enumerate().find_map(|(index, seat)| {
            // Who has left the desk in the middle of a row is not waited for.
            let lately = now.wall - seat.since <= LONGEST_MS;
            let (seal, claim) = seat.dialer.foresees(now.into()).filter(|_| lately)?;
            Some((index, seal, claim))
        })
    }

    /// Asks the store for one, if it is time.
    pub(super) fn rehearse(&mut self, now: Now) {
        if self.rehearsal_deadline(now).is_none_or(|at| at > now.mono) {
            return;
        }
        let Some((seat, seal, claim)) = self.about_to_save(now) else { return };
        self.rehearsal.began = Some(now.mono);
        let seal = AttemptId(seal.0);
        let intent =
            SaveIntent { status: Some(STATUS.to_owned()), memo: Some(MEMO.to_owned()), recall_at: None };
        // The number of an earlier save would make it a repeat, which does nothing.
        let save = Save { save_seq: None, ..self.save_of(seat, seal, intent, now) };
        let step = Advance {
            now: now.wall,
            seat: self.seats[seat].name.clone(),
            user: self.seats[seat].user,
            save: Some(save),
            seal_attempt: Some(seal),
            claim: Some(self.claim_of(seat, claim, now)),
        };
        let store = self.store.clone();
        self.jobs
            .spawn(async move { Done::Rehearsed { seat, result: Box::new(store.rehearse(step).await) } });
    }

    /// The store has gone through it: now the INVITE is, up to its bytes.
    pub(super) fn rehearsed(
        &mut self,
        seat: SeatIndex,
        result: Result<Option<Claimed>, StoreError>,
        now: Now,
    ) {
        let took = self.rehearsal.began.take().map_or(Duration::ZERO, |began| now.mono - began);
        let rest = match result {
            Ok(claimed) => {
                if let Some(claimed) = claimed {
                    self.rehearse_invite(seat, &claimed);
                }
                EVERY.max(took * SHARE)
            }
            Err(error) => {
                tracing::debug!(%error, "no save was gone through");
                REST
            }
        };
        self.rehearsal.rest_until = Some(now.mono + rest);
    }

    fn rehearse_invite(&mut self, seat: SeatIndex, claimed: &Claimed) {
        let account = &self.accounts[self.seats[seat].account];
        let Some(address) = self.media_address(self.seats[seat].account) else { return };
        let rtp = self.advertised(address, *self.config.media.ports.start());
        let Ok(invite) = super::act::invite_to(account, claimed, rtp, Duration::ZERO) else { return };
        // What it is refused for, the call is told of.
        let _ = self.ua.rehearse(account.id, invite);
    }
}

/// Memory that was used this lately costs a fifth of what it costs after a third of a second (ADR 0008).
const EVERY: Duration = Duration::from_millis(40);
/// Of the time, one part in so many at most.
const SHARE: u32 = 10;
/// After one that the store refused.
const REST: Duration = Duration::from_secs(1);
/// Rows that stay open longer than this are saved as slowly as any.
const LONGEST_MS: i64 = 5 * 60 * 1_000;
/// The status that has most to write: its task comes with it.
const STATUS: &str = "prospect";
const MEMO: &str = "資料を送る。来週の火曜の午前にもう一度";
