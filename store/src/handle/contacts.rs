//! The contact book.

use super::Store;
use crate::error::Result;
use crate::id::ContactId;
use crate::model::{
    Actor, CategoryInfo, ContactAdd, ContactChange, ContactQuery, ContactRow, ContactRules, ContactSaved,
};
use crate::sqlite::UnlinkAt;

/// Contacts (連絡先). Every change is in the audit log, written with it.
impl Store {
    /// Makes a contact, from a form or from a past call (S0.27). A stub of its number gives way.
    ///
    /// # Errors
    /// [`crate::Error::ContactDuplicate`], [`crate::Error::ContactsFull`], [`crate::Error::Invalid`],
    /// [`crate::Error::Phone`], [`crate::Error::NotFound`] for the call.
    pub async fn contact_add(&self, add: ContactAdd) -> Result<ContactSaved> {
        self.write(move |b| b.contact_add(&add)).await
    }

    /// Changes a live contact.
    ///
    /// # Errors
    /// As [`Self::contact_add`], and [`crate::Error::Stale`] when somebody changed it since.
    pub async fn contact_change(
        &self,
        contact: ContactId,
        change: ContactChange,
        rules: ContactRules,
        by: Actor,
        now: i64,
    ) -> Result<ContactSaved> {
        self.write(move |b| b.contact_change(contact, &change, rules, by, now)).await
    }

    /// Puts contacts into the bin, all or none; their open tasks are cancelled with them (S3.21), but not those of leads, which stay
    /// on their lists with what is to be done (C8). Returns how many tasks went.
    ///
    /// # Errors
    /// [`crate::Error::DeleteGuard`] (S3.22), [`crate::Error::NotFound`].
    pub async fn contacts_delete(&self, contacts: Vec<ContactId>, by: Actor, now: i64) -> Result<u64> {
        self.write(move |b| b.contacts_delete(&contacts, by, now)).await
    }

    /// How many open tasks [`Self::contacts_delete`] would cancel. Nothing is written.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`].
    pub async fn contact_tasks(&self, contacts: Vec<ContactId>) -> Result<u64> {
        self.read(move |r| r.contact_tasks(&contacts)).await
    }

    /// Takes a contact out of the bin, within 30 days. `most`: how many contacts there may be (S0.23).
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] when it is not there, [`crate::Error::ContactDuplicate`] when another contact has its
    /// number now, [`crate::Error::ContactsFull`].
    pub async fn contact_undo(
        &self,
        contact: ContactId,
        most: Option<u64>,
        by: Actor,
        now: i64,
    ) -> Result<ContactRow> {
        self.write(move |b| {
            most.map_or(Ok(()), |most| b.contact_room(most))?;
            b.contact_undo(contact, by, now)
        })
        .await
    }

    /// Removes for good what has lain in the bin for 30 days, slice by slice; how many.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn contacts_purge(&self, now: i64) -> Result<u64> {
        let mut gone = 0;
        loop {
            match self.write(move |b| b.contacts_purge(now)).await? {
                0 => return Ok(gone),
                some => gone += u64::from(some),
            }
        }
    }

    /// A page of contacts, oldest first.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn contacts(&self, query: ContactQuery) -> Result<Vec<ContactRow>> {
        self.read(move |r| r.contacts(&query)).await
    }

    /// One contact by identifier (also in the bin) or by one of its numbers as a person writes it.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::Phone`].
    pub async fn contact_row(&self, word: &str) -> Result<ContactRow> {
        let word = word.to_owned();
        self.read(move |r| r.contact_row(&word)).await
    }

    /// The contact that lies in the bin, by identifier or by one of the numbers it had, as a person writes it; of several with
    /// the number the one that was deleted last.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::Phone`].
    pub async fn contact_deleted(&self, word: &str) -> Result<ContactId> {
        let word = word.to_owned();
        self.read(move |r| r.contact_deleted(&word)).await
    }

    /// Every category with its counts, by name.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn categories(&self) -> Result<Vec<CategoryInfo>> {
        self.read(|r| r.categories()).await
    }

    /// Deletes a category; contacts and leads that carry it stay (S0.9). Returns when nothing carries it any more.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`], [`crate::Error::ListBusy`] while an import runs.
    pub async fn category_delete(&self, name: &str, by: Actor, now: i64) -> Result<()> {
        let name = name.to_owned();
        self.write(move |b| b.category_delete(&name, by, now)).await?;
        self.categories_unlink().await
    }

    /// Finishes what a stop interrupted: unlinks what still carries deleted categories.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn categories_unlink(&self) -> Result<()> {
        let mut at = UnlinkAt::default();
        loop {
            let slice = self
                .write(move |b| {
                    let done = b.category_unlink(&mut at)?;
                    Ok((done, at))
                })
                .await?;
            let (done, next) = slice;
            if done {
                return Ok(());
            }
            at = next;
        }
    }
}
