//! Errors by blame, with the stable codes that operators and scripts see.

mod ja;
mod list;
mod open;
mod refusal;
mod said;

use std::path::PathBuf;

pub use ja::os;
pub use list::{ListError, StatusCandidate};
pub use open::OpenError;
pub use refusal::DialRefusal;
pub use said::Said;

use crate::code::Code;
use crate::id::{AttemptId, ContactId};
use crate::import::ImportError;
use crate::model::{Holdings, Role};
use crate::phone::PhoneError;

/// What the verbs of this crate return.
pub type Result<T> = std::result::Result<T, Error>;

/// Who has to act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blame {
    /// A rule refused the request; the operator is told why.
    Refused,
    /// The request was wrong: unknown object, wrong order of verbs.
    Misuse,
    /// The machine is out of something: disk, locks.
    Resource,
    /// The database is damaged.
    Corrupt,
    /// A defect of this program.
    Internal,
}

/// What a verb can fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A dialing rule refused; nothing was dialed.
    #[error("{0}")]
    Refused(DialRefusal),
    /// The number is on the do-not-call list, of the company or of one project (E-DNC).
    #[error("{}{}{}{}", refusal::whose(.project, .deleted), refusal::entered(.since, .reason), refusal::behind(.number), refusal::naming(.may_name))]
    DoNotCall {
        /// The project's name; `None`: the company's entry.
        project: Option<String>,
        /// Since when it stands there, UTC milliseconds.
        since: i64,
        /// Why, as whoever entered it says; empty where only its call does.
        reason: String,
        /// The project lies in the bin; its entries hold until they are cleared.
        deleted: bool,
        /// A call by hand, for which another project may be named.
        may_name: bool,
        /// The last four digits of the number that is reached, whose entry it is, where digits stood behind it.
        number: Option<String>,
    },
    /// A past call led to a number that a list excludes from dialing (E-EXCLUDED).
    #[error(
        "a list excludes the number of this call; `kakeru dial why NUMBER` says which, and it can be called by typing it"
    )]
    ExcludedNumber,
    /// The text is not a phone number.
    #[error("the phone number cannot be used{}", refusal::which(.0))]
    Phone(#[source] PhoneError),
    /// No such object.
    #[error("no {what} called {key:?}")]
    NotFound {
        /// `list`, `lead`, `attempt`, ...
        what: &'static str,
        /// What was asked for; phone numbers are redacted.
        key: String,
    },
    /// A prefix matches several objects.
    #[error("{key:?} matches several of {what}; give more characters")]
    Ambiguous {
        /// `list`, ...
        what: &'static str,
        /// What was asked for.
        key: String,
    },
    /// A list needs a name.
    #[error("a list needs a name")]
    ListName,
    /// The project has a live list of this name.
    #[error("the project already has a list called {name:?}; choose another name or import into that one")]
    ListDuplicate {
        /// The name.
        name: String,
    },
    /// The list is being imported into or dialed.
    #[error("the list is in use (an import or a call is running); try again when it is done")]
    ListBusy,
    /// A rule of projects, lists, leads, imports or recordings.
    #[error(transparent)]
    List(#[from] ListError),
    /// The login belonged to a deleted user and is never given out again (S4.24).
    #[error("the login {login:?} belonged to a deleted user and cannot be used again")]
    UserTombstone {
        /// The login.
        login: String,
    },
    /// A live user has this login.
    #[error("there is a user called {login:?} already")]
    UserDuplicate {
        /// The login.
        login: String,
    },
    /// There are as many users as there may be (S4.25).
    #[error("there are {most} users, the most there may be; delete one first")]
    UserLimit {
        /// Most users.
        most: u32,
    },
    /// Another user is bound to this Unix user.
    #[error("the Unix user {uid} is bound to {login:?}")]
    UidTaken {
        /// The Unix user.
        uid: u32,
        /// Login of the other.
        login: String,
    },
    /// Nobody would be offered what they hold once they are deleted.
    #[error(
        "{login:?} holds {} leads, {} contacts and {} open tasks; hand them over or release them",
        .held.leads, .held.contacts, .held.tasks
    )]
    UserHolds {
        /// The login.
        login: String,
        /// What it is.
        held: Holdings,
    },
    /// Nobody would manage users any more.
    #[error("{login:?} is the last manager; make another one first")]
    LastManager {
        /// The login.
        login: String,
    },
    /// Leads and tasks are for those who call.
    #[error("{login:?} is {role} and calls nobody")]
    NoCaller {
        /// The login.
        login: String,
        /// Their role.
        role: Role,
    },
    /// The role does not allow it, or not on this row.
    #[error("it is somebody else's, or a user whose role is not below yours")]
    Permission,
    /// A field cannot be what was given.
    #[error("{what} must be {needs}")]
    Value {
        /// The field.
        what: &'static str,
        /// What it must be.
        needs: Said,
    },
    /// A form lacks something, or holds what cannot be kept.
    #[error("{}", _0.en())]
    Invalid(Code),
    /// A live contact has this number (S0.5).
    #[error("the number {phone} belongs to the contact {contact}")]
    ContactDuplicate {
        /// The number, redacted.
        phone: String,
        /// The contact.
        contact: ContactId,
    },
    /// The contact book is full (S0.23).
    #[error("the contact book may hold {most}; {needed} more are needed, {free} are free")]
    ContactsFull {
        /// Most contacts.
        most: u64,
        /// How many were to be added.
        needed: u64,
        /// How many fit.
        free: u64,
    },
    /// Somebody else changed it in the meantime.
    #[error("the {what} was changed in the meantime; read it again")]
    Stale {
        /// `contact`, `task`, `user`.
        what: &'static str,
    },
    /// Something still needs what was to be deleted (S3.22).
    #[error("it cannot be deleted now: {why}")]
    DeleteGuard {
        /// What needs it.
        why: Said,
    },
    /// The label, code or key is in use.
    #[error("there is a status {label:?} already")]
    StatusDuplicate {
        /// What is in use.
        label: String,
    },
    /// What a status counts as is fixed once a call has it (S4.14-S4.19): the figures of past days would change.
    #[error("{calls} calls have the result status {label:?}")]
    StatusUsed {
        /// Its label.
        label: String,
        /// Calls that have it.
        calls: u64,
    },
    /// A reason must be given.
    #[error("a reason must be given")]
    ReasonRequired,
    /// No such result status.
    #[error("no result status {status:?}{}{}", if known.is_empty() { "" } else { "; there are: " }, known.join(", "))]
    StatusUnknown {
        /// Code or label as given.
        status: String,
        /// Labels that may stand there, the site's own among them, in their order.
        known: Vec<String>,
    },
    /// Built-in statuses are coupled to functions and cannot be changed (S4.6).
    #[error("the built-in result statuses cannot be changed or deleted")]
    StatusBuiltin,
    /// The attempt is sealed: the next call has begun. Later edits are amendments.
    #[error("the call {attempt} is closed; its result can no longer be overwritten")]
    Sealed {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The attempt is not in the state that the verb needs.
    #[error("the call {attempt} is {is}, but must be {needs}")]
    State {
        /// The attempt.
        attempt: AttemptId,
        /// Its state.
        is: &'static str,
        /// The state needed.
        needs: &'static str,
    },
    /// The call is to be amended and has no final result yet (X2).
    #[error("the call has no final result yet: `kakeru save --attempt {attempt} --status ...` gives it one")]
    NotSealed {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The claim was released or expired; another seat may hold the lead.
    #[error("the claim of {attempt} is gone; claim again")]
    ClaimLost {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The file as a whole cannot be imported; nothing of it was kept.
    #[error(transparent)]
    Import(Box<ImportError>),
    /// The import was cancelled, or could not be staged.
    #[error("the import stopped: {reason}")]
    ImportStopped {
        /// Why.
        reason: Said,
    },
    /// The disk is full. Dialing must stop; what was acknowledged is safe.
    #[error("the disk is full; free some space, dialing stays off until a write succeeds")]
    DiskFull(#[source] rusqlite::Error),
    /// The disk or file system failed.
    #[error("the database file cannot be read or written; check the disk and its permissions")]
    Io(#[source] rusqlite::Error),
    /// A file outside the database failed (import source, export target).
    #[error("cannot use the file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file stands there that may be replaced only when that was asked for.
    #[error("{} exists", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The target of an export or a copy is the database itself, or a file that belongs to it.
    #[error("{} belongs to the database in use", path.display())]
    OwnFile {
        /// The target.
        path: PathBuf,
    },
    /// Another process holds the database for longer than the busy timeout.
    #[error("another program holds the database; close it and try again")]
    Locked(#[source] rusqlite::Error),
    /// The database is damaged.
    #[error("the database is damaged; stop the daemon, keep the file, restore a backup")]
    Corrupt(#[source] rusqlite::Error),
    /// The store thread has ended.
    #[error("the store is closed")]
    Closed,
    /// SQLite refused a statement: a defect.
    #[error("the store failed inside ({doing}); please report it with the log")]
    Internal {
        /// What was being done.
        doing: &'static str,
        /// SQLite's word.
        source: rusqlite::Error,
    },
}

impl Error {
    /// The stable code shown to operators and scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::DoNotCall { .. } => DialRefusal::DoNotCall.code(),
            Self::ExcludedNumber => DialRefusal::Excluded.code(),
            Self::Phone(error) => error.code.as_str(),
            Self::NotFound { .. } => "E-NOT-FOUND",
            Self::Ambiguous { .. } => "E-AMBIGUOUS",
            Self::ListName => "E-REQ-LISTNAME",
            Self::ListDuplicate { .. } => "E-LIST-DUP",
            Self::ListBusy => "E-LIST-BUSY",
            Self::List(error) => error.code(),
            Self::UserTombstone { .. } => "E-USER-TOMBSTONE",
            Self::UserDuplicate { .. } => "E-USER-DUP",
            Self::UserLimit { .. } => "E-USER-LIMIT",
            Self::UidTaken { .. } => "E-USER-UID",
            Self::UserHolds { .. } => "E-USER-HOLDS",
            Self::LastManager { .. } => "E-USER-LAST",
            Self::NoCaller { .. } => "E-USER-ROLE",
            Self::Permission => "E-PERMISSION",
            Self::Value { .. } => "E-VALUE",
            Self::Invalid(code) => code.as_str(),
            Self::ContactDuplicate { .. } => "E-CONTACT-DUP",
            Self::ContactsFull { .. } => "E-CONTACTS-FULL",
            Self::Stale { .. } => "E-STALE",
            Self::DeleteGuard { .. } => "E-DEL-GUARD",
            Self::StatusDuplicate { .. } => "E-STATUS-DUP",
            Self::StatusUsed { .. } => "E-STATUS-USED",
            Self::ReasonRequired => "E-REASON-REQUIRED",
            Self::StatusUnknown { .. } => "E-STATUS-UNKNOWN",
            Self::StatusBuiltin => "E-STATUS-BUILTIN",
            Self::Sealed { .. } => "E-SEALED",
            Self::State { .. } | Self::NotSealed { .. } => "E-STATE",
            Self::ClaimLost { .. } => "E-CLAIM-LOST",
            Self::Import(error) => error.code.as_str(),
            Self::ImportStopped { .. } => "E-IMPORT-STOPPED",
            Self::DiskFull(_) => "E-DISK-FULL",
            Self::Io(_) => "E-DISK-IO",
            Self::File { .. } => "E-FILE",
            Self::Exists { .. } => "E-FILE-EXISTS",
            Self::OwnFile { .. } => "E-FILE-DATABASE",
            Self::Locked(_) => "E-STORE-LOCKED",
            Self::Corrupt(_) => "E-STORE-CORRUPT",
            Self::Closed => "E-STORE-CLOSED",
            Self::Internal { .. } => "E-STORE",
        }
    }

    /// Who has to act.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::List(error) => error.blame(),
            Self::Refused(_)
            | Self::DoNotCall { .. }
            | Self::ExcludedNumber
            | Self::Phone(_)
            | Self::ListName
            | Self::ListDuplicate { .. }
            | Self::ListBusy
            | Self::UserTombstone { .. }
            | Self::UserDuplicate { .. }
            | Self::UserLimit { .. }
            | Self::UidTaken { .. }
            | Self::UserHolds { .. }
            | Self::LastManager { .. }
            | Self::NoCaller { .. }
            | Self::Permission
            | Self::Value { .. }
            | Self::Invalid(_)
            | Self::ContactDuplicate { .. }
            | Self::ContactsFull { .. }
            | Self::Stale { .. }
            | Self::DeleteGuard { .. }
            | Self::StatusDuplicate { .. }
            | Self::StatusUsed { .. }
            | Self::ReasonRequired
            | Self::StatusBuiltin
            | Self::Import(_)
            | Self::ImportStopped { .. }
            | Self::Exists { .. }
            | Self::OwnFile { .. }
            | Self::Sealed { .. } => Blame::Refused,
            Self::NotFound { .. }
            | Self::Ambiguous { .. }
            | Self::StatusUnknown { .. }
            | Self::State { .. }
            | Self::NotSealed { .. }
            | Self::ClaimLost { .. } => Blame::Misuse,
            Self::DiskFull(_) | Self::Io(_) | Self::File { .. } | Self::Locked(_) | Self::Closed => {
                Blame::Resource
            }
            Self::Corrupt(_) => Blame::Corrupt,
            Self::Internal { .. } => Blame::Internal,
        }
    }

    /// The disk is full: stop dialing, keep talking, say it loudly.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull(_))
    }

    /// Puts an SQLite error where the blame is. `doing` names the operation for the log.
    pub(crate) fn from_sqlite(doing: &'static str, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let code = match &source {
            rusqlite::Error::SqliteFailure(failure, _) => failure.code,
            _ => return Self::Internal { doing, source },
        };
        match code {
            _ if is_full(&source) => Self::DiskFull(source),
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly => Self::Io(source),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
                Self::Locked(source)
            }
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt(source),
            _ if source.to_string().contains("E-STATUS-BUILTIN") => Self::StatusBuiltin,
            _ => Self::Internal { doing, source },
        }
    }
}

/// Adds the operation to an SQLite error: `statement.execute(..).doing("claim")?`.
pub(crate) trait Doing<T> {
    /// Names what was being done.
    fn doing(self, what: &'static str) -> Result<T>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, what: &'static str) -> Result<T> {
        self.map_err(|source| Error::from_sqlite(what, source))
    }
}

impl Error {
    fn from_sqlite_ref(source: &rusqlite::Error) -> Option<&'static str> {
        match source.sqlite_error_code()? {
            _ if is_full(source) => Some("E-DISK-FULL"),
            rusqlite::ErrorCode::SystemIoFailure
            | rusqlite::ErrorCode::CannotOpen
            | rusqlite::ErrorCode::ReadOnly => Some("E-DISK-IO"),
            _ => None,
        }
    }
}

/// What the index of the log finds no room for is told as an error of the file system.
fn is_full(source: &rusqlite::Error) -> bool {
    use rusqlite::{ErrorCode, ffi};
    matches!(source, rusqlite::Error::SqliteFailure(failure, _)
        if failure.code == ErrorCode::DiskFull || failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE)
}
