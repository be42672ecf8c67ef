//! The state of the database, copies of it, and rows of registers for files.

use std::path::PathBuf;

use serde::Serialize;

use super::tally::Mismatch;
use crate::id::{AttemptId, ContactId, LeadId, ListId};

/// What a look at the whole database found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Version of its schema.
    pub schema: i64,
    /// Size of the file.
    pub bytes: u64,
    /// Size of its log.
    pub log_bytes: u64,
    /// Room in the file that is not used.
    pub free_bytes: u64,
    /// Live lists.
    pub lists: u64,
    /// Leads, those in the bin included.
    pub leads: u64,
    /// Contacts.
    pub contacts: u64,
    /// Attempts.
    pub attempts: u64,
    /// Damage, in SQLite's words; empty when there is none.
    pub damage: Vec<String>,
    /// Rows that refer to rows that are not there.
    pub broken_references: u64,
    /// Figures that differ from what the rows say.
    pub mismatches: Vec<Mismatch>,
    /// Recordings that are kept and whose file is not there; they say nothing about the database.
    pub missing_recordings: u64,
    /// Recordings whose file has not the size of what was recorded.
    pub altered_recordings: u64,
    /// Which they are, the first [`CheckReport::MOST_RECORDINGS`] of both, as they were recorded.
    pub wrong_recordings: Vec<WrongRecording>,
    /// Copies from before an upgrade that lie beside the database; they go at a start after 30 days.
    pub upgrade_copies: Vec<PathBuf>,
}

/// A recording that is kept and whose file is not there, or not what was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrongRecording {
    /// Whose it is.
    pub attempt: AttemptId,
    /// Where its file should be.
    pub path: String,
    /// Size of what was recorded, where it is known.
    pub bytes: Option<u64>,
    /// Size of what is there; `None`: nothing.
    pub found: Option<u64>,
}

impl CheckReport {
    /// Wrong recordings that are named. A lost folder has all of them, which says no more than their number.
    pub const MOST_RECORDINGS: usize = 200;

    /// Nothing is wrong with the database.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.broken_references == 0 && self.mismatches.is_empty()
    }
}

/// Leads and lists whose own figures are not what their rows say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToMend {
    /// Leads with another last result than their calls have, with another number of calls, or that are due although no list calls them.
    pub leads: Vec<LeadId>,
    /// Lists with another 件数 than they have leads.
    pub lists: Vec<ListId>,
}

/// Figures that were written anew (D17).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// Leads that showed another last result.
    pub last_results: u64,
    /// Leads that counted other calls.
    pub attempts: u64,
    /// Leads that were due and are not called.
    pub due: u64,
    /// Leads that were passed over for a do-not-call entry that does not hold, and have their turn again.
    pub blocked: u64,
    /// Leads that showed another owner than their number has.
    pub owners: u64,
    /// Lists that counted other leads.
    pub registered: u64,
    /// What they were and are, the first [`Mended::MOST_ROWS`].
    pub rows: Vec<MendedRow>,
}

/// A figure that was written anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MendedRow {
    /// Which figure, as [`Mismatch::what`].
    pub what: &'static str,
    /// Name of the list.
    pub list: String,
    /// The lead's position on it; `None`: the list's own figure.
    pub position: Option<i64>,
    /// What stood there: a label, a count, of a blocked lead why it was passed over; empty where there was none.
    pub before: String,
    /// What stands there; of a due lead why it is passed over.
    pub after: String,
}

impl Mended {
    /// Rows that are told; the figures count all.
    pub const MOST_ROWS: usize = 200;

    pub(crate) fn tell(&mut self, row: MendedRow) {
        if self.rows.len() < Self::MOST_ROWS {
            self.rows.push(row);
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.last_results += other.last_results;
        self.attempts += other.attempts;
        self.due += other.due;
        self.blocked += other.blocked;
        self.owners += other.owners;
        self.registered += other.registered;
        other.rows.into_iter().for_each(|row| self.tell(row));
    }
}

/// A copy that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Version of its schema.
    pub schema: i64,
}

/// A number of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactNumber {
    /// The contact.
    pub contact: ContactId,
    /// Which of its numbers, from 1.
    pub number: i64,
    /// E.164, whole: mind where it goes.
    pub phone: String,
    /// What it is.
    pub label: Option<String>,
    /// Its extension, digits.
    pub ext: Option<String>,
    /// Mail address of the contact.
    pub email: Option<String>,
    /// Login of the contact's owner.
    pub owner: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Person.
    pub person: Option<String>,
    /// Categories in order.
    pub categories: Vec<String>,
}
