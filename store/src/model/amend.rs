//! What is said about a call after it was sealed: amendments, notes, the mark 報告.

use std::path::PathBuf;

use serde::Serialize;

use super::AttemptRow;
use super::people::Actor;
use crate::id::{AttemptId, LeadId, NoteId, UserId};
use crate::permission::Scope;

/// A correction of a sealed call (S4.49). The first result stays readable in its amendments.
#[derive(Clone, Debug)]
pub struct Amend {
    /// The call.
    pub attempt: AttemptId,
    /// Status code or label; `None` leaves it. A blank one can be filled in this way (X2).
    pub status: Option<String>,
    /// Memo; `None` leaves it.
    pub memo: Option<String>,
    /// Time to call back, UTC milliseconds; `Some(None)` takes it away.
    pub recall_at: Option<Option<i64>>,
    /// Why. It must say something, unless a blank status is filled in.
    pub reason: String,
    /// On whose calls the actor may act.
    pub scope: Scope,
    /// Who.
    pub by: Actor,
    /// UTC milliseconds.
    pub now: i64,
}

/// What a correction did.
#[derive(Clone, Debug, PartialEq)]
pub struct Amended {
    /// The call as it is now.
    pub row: AttemptRow,
    /// Recording to delete: its status keeps none (S4.8). It lies in the folder of recordings; a file elsewhere is not ours to delete.
    pub discard_recording: Option<PathBuf>,
}

/// One amended field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AmendmentRow {
    /// When, UTC milliseconds.
    pub at: i64,
    /// Who.
    pub user: Option<UserId>,
    /// Their login.
    pub login: Option<String>,
    /// The Unix user who asked.
    pub uid: Option<u32>,
    /// `status`, `memo`, `recall_at`, `reported`.
    pub field: String,
    /// What it was.
    pub before: Option<String>,
    /// What it became.
    pub after: Option<String>,
    /// Why.
    pub reason: String,
}

/// What a note is about; the number is what ties it to a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteAbout {
    /// A call.
    Attempt(AttemptId),
    /// A lead.
    Lead(LeadId),
    /// A number, as a person writes it.
    Number(String),
}

/// A note to add to a customer's history without a call (S4.5). It is in no count.
#[derive(Clone, Debug)]
pub struct NoteDraft {
    /// What it is about.
    pub about: NoteAbout,
    /// A number that stands on lists stands on one that this user may use; `None`: on whatever list (X7).
    pub granted_to: Option<UserId>,
    /// The text.
    pub text: String,
    /// Who.
    pub by: Actor,
    /// UTC milliseconds.
    pub now: i64,
}

/// What is done to a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteEdit {
    /// It says this now.
    Text(String),
    /// It is taken back.
    Delete,
    /// It is there again (C8).
    Restore,
}

/// A change of a note.
#[derive(Clone, Debug)]
pub struct NoteChange {
    /// The note.
    pub note: NoteId,
    /// What is done to it.
    pub edit: NoteEdit,
    /// On whose notes the actor may act.
    pub scope: Scope,
    /// Who.
    pub by: Actor,
    /// UTC milliseconds.
    pub now: i64,
}

/// A note as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoteRow {
    /// Identifier.
    pub id: NoteId,
    /// The call it is about.
    pub attempt: Option<AttemptId>,
    /// The lead it is about.
    pub lead: Option<LeadId>,
    /// E.164, whole: mind where it goes.
    pub phone: String,
    /// Who wrote it.
    pub user: Option<UserId>,
    /// The Unix user who wrote it, where no user did; known of those that are listed.
    pub by_uid: Option<u32>,
    /// Their login.
    pub login: Option<String>,
    /// The text.
    pub text: String,
    /// When, UTC milliseconds.
    pub at: i64,
    /// Changed, UTC milliseconds.
    pub edited_at: Option<i64>,
    /// Taken back, UTC milliseconds.
    pub deleted_at: Option<i64>,
}
