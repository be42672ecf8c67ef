//! Users, and who changed what.

use serde::{Deserialize, Serialize};

use super::word::Role;
use crate::error::{Error, Result};
use crate::id::{ListId, UserId};
use crate::permission::{Scope, is_lower};

/// Whose change it is: the user, and the Unix user who asked. The audit log keeps both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// The user; `None` for root and the daemon's own Unix user while no user is bound to them.
    pub user: Option<UserId>,
    /// The Unix user at the other end of the socket; `None` for the daemon itself.
    pub uid: Option<u32>,
}

/// A user to make.
#[derive(Clone, Debug)]
pub struct UserDraft {
    /// Login: letters, digits, `-`, `_`, `.`, at most 64 bytes; never one that was used before (S4.24).
    pub login: String,
    /// Name shown.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Unix user whose commands are this user's.
    pub uid: Option<u32>,
    /// Password as a PHC string (argon2); `None`: no login by password.
    pub password_hash: Option<String>,
    /// Most live users, deleted ones not counted (S4.25); `None` = any number.
    pub max_users: Option<u32>,
}

/// What to change of a user; `None` leaves a field alone.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// Name shown; every record shows the new one (S4.21).
    pub name: Option<String>,
    /// Role.
    pub role: Option<Role>,
    /// Unix user; `Some(None)` unbinds.
    pub uid: Option<Option<u32>>,
    /// Password as a PHC string; `Some(None)` takes it away.
    pub password_hash: Option<Option<String>>,
}

/// On which users an actor may act, with the actor's own role.
#[derive(Clone, Copy, Debug)]
pub struct UserScope {
    /// Everybody, or those of lower roles.
    pub scope: Scope,
    /// The actor's role.
    pub role: Role,
}

impl UserScope {
    /// Refuses who may not make or change users of this role, or give them the `new` one.
    ///
    /// # Errors
    /// [`Error::Permission`].
    pub(crate) fn check(self, role: Role, new: Option<Role>) -> Result<()> {
        let may = match self.scope {
            Scope::All => true,
            Scope::Lower => is_lower(role, self.role) && new.is_none_or(|new| is_lower(new, self.role)),
            Scope::Own | Scope::Reported | Scope::Nothing => false,
        };
        if may { Ok(()) } else { Err(Error::Permission) }
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserInfo {
    /// Identifier.
    pub id: UserId,
    /// Login, never given out twice.
    pub login: String,
    /// Name now; the last one for a deleted user (S4.23).
    pub name: String,
    /// Role.
    pub role: Role,
    /// Unix user whose commands are this user's.
    pub uid: Option<u32>,
    /// There is a password.
    pub has_password: bool,
    /// When it was made, UTC milliseconds.
    pub created_at: i64,
    /// When it was deleted, UTC milliseconds.
    pub deleted_at: Option<i64>,
}

/// Work that a user holds and that nobody else is offered while they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Holdings {
    /// Leads of the numbers they call (発信担当者), on every list.
    pub leads: u64,
    /// Contacts that are theirs, those in the bin too.
    pub contacts: u64,
    /// Open tasks: 見込 and 再コール.
    pub tasks: u64,
}

impl Holdings {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many rows it is.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.leads + self.contacts + self.tasks
    }
}

impl std::ops::AddAssign for Holdings {
    fn add_assign(&mut self, other: Self) {
        self.leads += other.leads;
        self.contacts += other.contacts;
        self.tasks += other.tasks;
    }
}

/// What becomes of the work of a user who is deleted, or calls no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HandOver {
    /// They may hold none.
    #[default]
    Nothing,
    /// Somebody else's from now on.
    To(UserId),
    /// Nobody's: leads go back to the project, tasks are anybody's.
    Nobody,
}

impl HandOver {
    /// Who takes over, perhaps nobody in particular; `None` where they may hold nothing.
    #[must_use]
    pub(crate) fn receiver(self) -> Option<Option<UserId>> {
        match self {
            Self::Nothing => None,
            Self::To(to) => Some(Some(to)),
            Self::Nobody => Some(None),
        }
    }
}

/// Open tasks that change hands at once.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TaskHandOver {
    /// Whose they are; `None` = those of nobody.
    pub from: Option<UserId>,
    /// Whose they become; `None` = nobody's, so that anybody of the project may do them.
    pub to: Option<UserId>,
    /// Only those of leads on this list.
    pub list: Option<ListId>,
}

/// Contacts that change hands at once.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ContactHandOver {
    /// Whose they are; `None` = those of nobody.
    pub from: Option<UserId>,
    /// Whose they become; `None` = nobody's.
    pub to: Option<UserId>,
}

/// Something to keep in the audit log that changes no row.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// Who asked.
    pub by: Actor,
    /// A word with its noun before it, such as `tap.start`.
    pub action: &'static str,
    /// Identifier or name of what it was done to; never a telephone number.
    pub object: String,
    /// What exactly.
    pub detail: serde_json::Value,
    /// UTC milliseconds.
    pub now: i64,
}

/// Which administrative changes to read, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Only changes by this user.
    pub user: Option<UserId>,
    /// Only actions that begin with this, such as `user.`.
    pub action: Option<String>,
    /// Only changes of this object.
    pub object: Option<String>,
    /// At or after, UTC milliseconds.
    pub from: Option<i64>,
    /// Before, UTC milliseconds.
    pub to: Option<i64>,
    /// Continue behind this entry (older).
    pub before: Option<i64>,
    /// At most this many; 0 means 100, never more than 1000.
    pub limit: u32,
}

/// An administrative change. The log only grows: rows are neither changed nor deleted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditRow {
    /// Number; grows.
    pub id: i64,
    /// When, UTC milliseconds.
    pub at: i64,
    /// Who.
    pub user: Option<UserId>,
    /// Their login.
    pub login: Option<String>,
    /// Unix user who asked.
    pub uid: Option<u32>,
    /// `user.add`, `contact.delete`, …
    pub action: String,
    /// Identifier or name of what was changed; phone numbers are redacted.
    pub object: String,
    /// What exactly.
    pub detail: serde_json::Value,
}
