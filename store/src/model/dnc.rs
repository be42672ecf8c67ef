//! 架電禁止: numbers that nobody calls. Entries are cleared with a reason, never deleted.

use serde::Serialize;

use super::people::Actor;
use crate::id::{AttemptId, ProjectId, UserId};

/// A number that must not be called.
#[derive(Clone, Debug)]
pub struct DncEntry {
    /// As a person writes it; of several numbers all are entered.
    pub phone: String,
    /// Only for this project; `None` for the whole company.
    pub project: Option<ProjectId>,
    /// Why.
    pub reason: String,
    /// The call that is the evidence.
    pub attempt: Option<AttemptId>,
    /// Other evidence in words: a letter, a mail.
    pub evidence: Option<String>,
    /// Where it came from: `manual`, `import`, ...
    pub source: String,
    /// Who entered it.
    pub by: Actor,
    /// UTC milliseconds.
    pub now: i64,
}

impl DncEntry {
    /// What a person enters for the whole company, without evidence. `now`: UTC milliseconds.
    #[must_use]
    pub fn by_hand(phone: impl Into<String>, reason: impl Into<String>, by: Actor, now: i64) -> Self {
        let (phone, reason) = (phone.into(), reason.into());
        Self { phone, project: None, reason, attempt: None, evidence: None, source: "manual".into(), by, now }
    }
}

/// What became of numbers that were put on the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DncAdded {
    /// Entries that are new.
    pub added: u64,
    /// Entries that held already and took in a reason, evidence or a call that they did not have.
    pub completed: u64,
}

impl std::ops::AddAssign for DncAdded {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.completed += other.completed;
    }
}

/// A number that may be called again.
#[derive(Clone, Debug)]
pub struct DncClear {
    /// As a person writes it; of several numbers all are cleared.
    pub phone: String,
    /// The entry of this project; `None` for the entry of the whole company.
    pub project: Option<ProjectId>,
    /// Why. It must say something.
    pub reason: String,
    /// Who clears it.
    pub by: Actor,
    /// UTC milliseconds.
    pub now: i64,
}

/// Which entries to read, oldest first.
#[derive(Clone, Debug, Default)]
pub struct DncQuery {
    /// Only this number, as a person writes it, or these.
    pub phone: Option<String>,
    /// Only entries that hold for this project: its own and the company's.
    pub project: Option<ProjectId>,
    /// Cleared ones too.
    pub include_cleared: bool,
    /// Continue behind this entry.
    pub after: Option<i64>,
    /// At most this many; 0 means 100, never more than 1000.
    pub limit: u32,
}

/// A do-not-call entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DncRow {
    /// Number; grows.
    pub id: i64,
    /// E.164, whole: mind where it goes.
    pub phone: String,
    /// Only for this project.
    pub project: Option<ProjectId>,
    /// Its name.
    pub project_name: Option<String>,
    /// It lies in the bin.
    pub project_deleted: bool,
    /// Why.
    pub reason: String,
    /// Where it came from.
    pub source: String,
    /// The call that is the evidence.
    pub attempt: Option<AttemptId>,
    /// Other evidence.
    pub evidence: Option<String>,
    /// Who entered or imported it.
    pub by: Option<UserId>,
    /// The Unix user who entered or imported it, where no user did.
    pub by_uid: Option<u32>,
    /// Login of who entered it, also of a deleted user; what the file said where it said anything of the registration.
    pub by_login: Option<String>,
    /// When it was entered, UTC milliseconds; likewise.
    pub at: i64,
    /// Cleared, UTC milliseconds.
    pub revoked_at: Option<i64>,
    /// Login of who cleared it.
    pub revoked_by: Option<String>,
    /// The Unix user who cleared it, where no user did.
    pub revoked_by_uid: Option<u32>,
    /// Why it was cleared.
    pub revoked_reason: Option<String>,
    /// Where a file said how it was registered: login of who imported it.
    pub imported_by: Option<String>,
    /// Likewise when, UTC milliseconds.
    pub imported_at: Option<i64>,
}
