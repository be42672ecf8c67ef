//! One thing done to many leads, slice by slice.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use super::Store;
use super::leads::deadline;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::id::{LeadId, ListId};
use crate::model::{Actor, ChangeSlice, LeadChange, LeadSelection, LeadsChanged};
use crate::progress::Progress;
use crate::sqlite::PART;

impl Store {
    /// Does one thing to many leads, with one row of audit: how many, what they were found by, and whose they were. Many are changed in slices that calls overtake; a process that ends in the
    /// middle goes on at its next start ([`Store::recover`]), so that all of them are changed or none (S1.24).
    ///
    /// # Errors
    /// [`Error::UserTombstone`], [`Error::NoCaller`] for who cannot have leads; of one who is deleted or calls no more meanwhile,
    /// what was changed before stays, as the row of audit says. The same where the disk takes no more: what failed is not finished
    /// later, over what somebody wanted since.
    pub async fn change_leads(
        &self,
        list: ListId,
        leads: impl Into<LeadSelection>,
        change: LeadChange,
        by: Actor,
        now: i64,
        progress: Progress,
    ) -> Result<LeadsChanged> {
        self.give_up_failed().await?;
        let leads: LeadSelection = leads.into();
        if leads.ids.len() <= FEW {
            return self.write(move |b| b.change_leads(list, &leads, &change, by, now)).await;
        }
        let LeadSelection { ids, filter } = leads;
        let total = ids.len() as u64;
        let gives = matches!(change, LeadChange::Assign { .. });
        let begun =
            self.write(move |b| b.begin_change(list, (&change, filter.as_ref()), total, by, now)).await;
        let id = begun?;
        let done = self.carry_out(id, ids, gives, &progress).await;
        if let Err(error) = &done {
            self.failed_changes().push((id, error.code()));
            // Where nothing can be written now, it is given up before the next change, and numbers that were given away by then are
            // shown so after the next start.
            if self.give_up_failed().await.is_ok() && gives {
                let _ = self.show_given(id).await;
            }
        }
        done
    }

    async fn carry_out(
        &self,
        id: i64,
        leads: Vec<LeadId>,
        gives: bool,
        progress: &Progress,
    ) -> Result<LeadsChanged> {
        let total = leads.len() as u64;
        for (part, ids) in (0..).zip(leads.chunks(PART)) {
            let ids = ids.to_vec();
            self.slice(move |b| b.add_to_change(id, part, &ids)).await?;
        }
        if gives {
            // Read and sorted on a thread of its own.
            let parts = self.read_apart(move |r| r.numbers_in_order(&leads)).await?;
            for (part, numbers) in (0..).zip(parts) {
                self.slice(move |b| b.add_numbers_to_change(id, part, &numbers)).await?;
            }
        }
        loop {
            let ChangeSlice { looked, done, ended, is_last } =
                self.slice(move |b| b.go_on_changing(id, deadline())).await?;
            progress.set(looked, total);
            match ended {
                Some(error) => return Err(error),
                None if is_last => return Ok(done),
                None => self.wait_for_disk().await?,
            }
        }
    }

    /// Of a change that ended early: leads show whose their numbers are by then.
    async fn show_given(&self, id: i64) -> Result<()> {
        while !self.slice(move |b| b.go_on_changing(id, deadline())).await?.is_last {
            self.wait_for_disk().await?;
        }
        Ok(())
    }

    /// Waits while the disk is behind, with calls going on, but not for ever: then the log grows instead.
    #[expect(clippy::disallowed_methods, reason = "a disk has no deadline that somebody could hand in")]
    async fn wait_for_disk(&self) -> Result<()> {
        for _ in 0..LONGEST_WAIT.as_millis() / PAUSE.as_millis() {
            if !self.slice(|b| Ok(b.import_crowded())).await? {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    pub(super) async fn give_up_failed(&self) -> Result<()> {
        loop {
            let Some((id, code)) = self.failed_changes().pop() else { return Ok(()) };
            if let Err(error) = self.write(move |b| b.give_up_change(id, code)).await {
                self.failed_changes().push((id, code));
                return Err(error);
            }
        }
    }

    pub(super) fn failed_changes(&self) -> MutexGuard<'_, Vec<(i64, &'static str)>> {
        self.inner.failed_changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leads that are changed in one transaction: a millisecond or two.
const FEW: usize = 32;

/// Between two looks at a disk that is behind, and the longest it is waited for.
const PAUSE: Duration = Duration::from_millis(2);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
