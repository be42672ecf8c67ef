//! Contacts, dial lists, attempts, dispositions, do-not-call and outbox in SQLite; CSV import and export.
//!
//! # What this crate promises
//!
//! * **A result is never lost.** What a verb acknowledged is on disk: write-ahead log, `synchronous=FULL`.
//! * **Nobody is dialed twice.** An attempt is on disk before its INVITE leaves ([`Store::advance`],
//!   [`Store::mark_dialing`], [`Store::open_manual`]); after a crash [`Store::recover`] lists what was interrupted
//!   and never puts it back into the same round.
//! * **One commit between the key press and the INVITE.** [`Store::advance`] saves and seals the old attempt, writes
//!   its outbox row, moves its lead on, claims the next lead, checks the final dial string and marks it dialed, all in
//!   one transaction and one `fsync`.
//! * **The law is checked where it cannot be passed by:** do-not-call, emergency and forbidden numbers, the repeat floor
//!   (端末設備等規則 32条の3) and exclusion are checked inside the transaction that precedes the INVITE.
//!
//! # How it is built
//!
//! [`Store`] is a cheap handle. Its verbs run on a thread named `store`, which owns the only writing connection; call
//! writes overtake imports, which run in slices of at most 500 rows or 5 ms. Long reads run on a second thread with a
//! read-only connection, opened when first needed and closed when idle.
//!
//! Times are UTC milliseconds (`i64`) and always arguments: this crate reads no clock, except to bound an import slice.
//! Identifiers are 128-bit and time-ordered ([`AttemptId`]); the caller may make them.

mod awake;
pub mod backend;
mod changes;
pub mod code;
pub mod dnc_file;
mod dnc_import;
mod dnc_preview;
mod dnc_text;
pub mod error;
pub mod export;
mod handle;
mod hex;
pub mod id;
pub mod import;
pub mod model;
mod name_key;
pub mod part_file;
pub mod permission;
pub mod phone;
mod progress;
#[cfg(test)]
mod seeded;
mod sqlite;
mod staging;
mod thread;
pub mod time;
mod variants;

pub use code::{Code, Lang};
pub use dnc_import::{DncImport, DncImported, DncUndone};
pub use dnc_preview::{DncEffect, DncPreviewRow};
pub use dnc_text::dnc_source_ja;
pub use error::{Blame, DialRefusal, Error, ListError, OpenError, Result, Said, StatusCandidate, os};
pub use handle::{OpenOptions, Store};
pub use hex::hex;
pub use id::{AttemptId, ContactId, ImportId, LeadId, ListId, NoteId, ProjectId, UserId};
pub use model::*;
pub use name_key::{by_login, category_key, login_key, name_key, search_key};
pub use permission::{Action, Scope, permits};
pub use phone::{DialPlan, NumberFormat, Phone};
pub use progress::Progress;
pub use sqlite::{Carried, ExpireAt, Part as CarriedPart, Restored, forbids, restore, restore_told};
pub use staging::Undone;
