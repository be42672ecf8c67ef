//! Attempts: saving, sealing, ending, reading.

use std::path::PathBuf;

use serde::Serialize;

use super::list::ImportRecord;
use super::register::ContactInfo;
use super::word::{Direction, HangupBy, Origin, RecordingState, SetBy, TransferWay};
use crate::id::{AttemptId, LeadId, ListId, ProjectId, UserId};

/// A disposition and memo for an open attempt. The last save wins; one row remains (S4.49).
#[derive(Clone, Debug)]
pub struct Save {
    /// The attempt.
    pub attempt: AttemptId,
    /// Status code or label; empty keeps what is there (memo only).
    pub status: String,
    /// Who chose it.
    pub set_by: SetBy,
    /// Memo; `None` keeps the old one.
    pub memo: Option<String>,
    /// When to call back, UTC milliseconds; `None` keeps what is there, unless another result than the one that asked for it is chosen,
    /// which asks for none.
    pub recall_at: Option<i64>,
    /// Grows with every save of the operator's: a repeat or a late one changes nothing. `None` takes the next. The machine
    /// has no part in it.
    pub save_seq: Option<u64>,
    /// UTC milliseconds.
    pub now: i64,
    /// Who saved.
    pub user: UserId,
}

impl Save {
    /// An operator's next one, without memo and without a time to call back. `now`: UTC milliseconds.
    #[must_use]
    pub fn new(attempt: AttemptId, status: impl Into<String>, user: UserId, now: i64) -> Self {
        Self {
            attempt,
            status: status.into(),
            set_by: SetBy::Operator,
            memo: None,
            recall_at: None,
            save_seq: None,
            now,
            user,
        }
    }
}

/// What a [`Save`] did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Saved {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its number of saves now.
    pub save_seq: u64,
    /// `false`: a repeat of an old save, nothing changed.
    pub applied: bool,
    /// Status code now.
    pub status: Option<String>,
    /// Its label.
    pub label: Option<String>,
    /// The number was put on the do-not-call list by this save.
    pub do_not_call: bool,
}

/// What sealing did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The attempt.
    pub attempt: AttemptId,
    /// Seat whose call it was.
    pub seat: String,
    /// It had been sealed before; nothing changed.
    pub already: bool,
    /// Status code, `None` when it was left blank.
    pub status: Option<String>,
    /// Sequence number of its outbox row.
    pub outbox_seq: Option<i64>,
    /// Recording to delete: its status keeps none (S4.8). The row says `discarded` already.
    pub discard_recording: Option<PathBuf>,
}

/// Facts learned while a call is under way; `None` and empty change nothing.
#[derive(Clone, Debug)]
pub struct AttemptProgress {
    /// The attempt.
    pub attempt: AttemptId,
    /// 180 came, UTC milliseconds.
    pub ringing_at: Option<i64>,
    /// Early media came, UTC milliseconds.
    pub early_media_at: Option<i64>,
    /// 200 came, UTC milliseconds.
    pub answered_at: Option<i64>,
    /// Call-ID of the dialog.
    pub sip_call_id: Option<String>,
    /// Merged into the evidence (RFC 7396).
    pub evidence: serde_json::Value,
}

impl AttemptProgress {
    /// Nothing learned yet.
    #[must_use]
    pub fn new(attempt: AttemptId) -> Self {
        Self {
            attempt,
            ringing_at: None,
            early_media_at: None,
            answered_at: None,
            sip_call_id: None,
            evidence: serde_json::Value::Null,
        }
    }
}

/// The end of a call.
#[derive(Clone, Debug)]
pub struct AttemptEnd {
    /// The attempt.
    pub attempt: AttemptId,
    /// UTC milliseconds.
    pub ended_at: i64,
    /// Who ended it.
    pub hangup_by: Option<HangupBy>,
    /// Final SIP status code.
    pub sip_code: Option<u16>,
    /// Q.850 cause (RFC 3326, RFC 6432).
    pub q850: Option<u16>,
    /// Reason text of the peer.
    pub reason_text: Option<String>,
    /// UTC milliseconds; earlier facts are kept.
    pub ringing_at: Option<i64>,
    /// UTC milliseconds; earlier facts are kept.
    pub early_media_at: Option<i64>,
    /// UTC milliseconds; earlier facts are kept.
    pub answered_at: Option<i64>,
    /// Call-ID of the dialog; earlier facts are kept.
    pub sip_call_id: Option<String>,
    /// Suggested status code.
    pub suggestion: Option<String>,
    /// Sub-outcome: busy, no_answer, vacant, ...
    pub sub: Option<String>,
    /// Network or own fault, with the reason: kept, left out of every count, the lead is tried again later in the round.
    pub void: Option<String>,
    /// Merged into the evidence (RFC 7396).
    pub evidence: serde_json::Value,
    /// A disposition set by the machine, in the same commit. Ignored for void attempts and when a person saved before.
    pub auto: Option<Save>,
    /// The callee was handed to somebody else, and our leg ended by that.
    pub transfer: Option<Transferred>,
}

impl AttemptEnd {
    /// An end of which nothing is known but when it was, UTC milliseconds.
    #[must_use]
    pub fn new(attempt: AttemptId, ended_at: i64) -> Self {
        Self {
            attempt,
            ended_at,
            hangup_by: None,
            sip_code: None,
            q850: None,
            reason_text: None,
            ringing_at: None,
            early_media_at: None,
            answered_at: None,
            sip_call_id: None,
            suggestion: None,
            sub: None,
            void: None,
            evidence: serde_json::Value::Null,
            auto: None,
            transfer: None,
        }
    }
}

/// Whom a call was handed to: facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transferred {
    /// How.
    pub way: TransferWay,
    /// The number, E.164.
    pub to: String,
    /// What the target answered, as the exchange told it; `None` where it did not.
    pub code: Option<u16>,
}

/// An incoming call.
#[derive(Clone, Debug)]
pub struct IncomingCall {
    /// Identifier of the attempt; `None` makes one.
    pub attempt: Option<AttemptId>,
    /// The caller's number or user part as received; `None` when withheld.
    pub caller: Option<String>,
    /// The number called.
    pub called: Option<String>,
    /// The seat it rings at.
    pub seat: String,
    /// Its operator.
    pub user: Option<UserId>,
    /// The project.
    pub project: Option<ProjectId>,
    /// Account it came in on.
    pub account: String,
    /// Call-ID of the dialog.
    pub sip_call_id: Option<String>,
    /// An unknown caller is registered as a stub of this name (S3.2); `None` registers nobody.
    pub stub: Option<String>,
    /// UTC milliseconds.
    pub now: i64,
}

/// The row of an incoming call.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Its attempt.
    pub attempt: AttemptId,
    /// Who calls: found in the transaction that wrote the row, so that a name costs no turn of its own. `None` when nobody has the
    /// number.
    pub contact: Option<ContactInfo>,
}

/// What a start found.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    /// Claims that were never dialed and are free again.
    pub released: u32,
    /// Calls that were under way when the daemon died; ended when it is known to have run last ([`crate::Store::alive`]), waiting for a
    /// disposition or a seal.
    pub interrupted: Vec<AttemptRow>,
    /// How many of them, the first, this start ended; those after were ended by earlier ones.
    pub cut: usize,
    /// Calls that had ended and wait for a disposition or a seal.
    pub unsealed: Vec<AttemptRow>,
    /// Imports that had not been committed, and what became of them: `undone` is what was taken back; `staging` what added do-not-call
    /// numbers, which stay blocked until somebody decides. The latter are told of at every start.
    pub imports: Vec<ImportRecord>,
}

/// Calls that ended without a result and wait for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenResults {
    /// Cut short by a crash.
    pub interrupted: u32,
    /// The others.
    pub blank: u32,
}

/// An attempt as stored: one row per INVITE.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptRow {
    /// Identifier.
    pub id: AttemptId,
    /// The box that made the call.
    pub box_id: String,
    /// The project.
    pub project: Option<ProjectId>,
    /// Its name now.
    pub project_name: Option<String>,
    /// The operator.
    pub user: Option<UserId>,
    /// The operator's login.
    pub login: Option<String>,
    /// The operator's name now.
    pub user_name: Option<String>,
    /// The seat.
    pub seat: String,
    /// Which way.
    pub direction: Direction,
    /// What started it.
    pub origin: Origin,
    /// A practice account carried it.
    pub practice: bool,
    /// The call that this one was a consultation for.
    pub parent: Option<AttemptId>,
    /// Whom it was handed to.
    pub transfer: Option<Transferred>,
    /// The list.
    pub list: Option<ListId>,
    /// Name of the list at the time.
    pub list_name: Option<String>,
    /// The lead.
    pub lead: Option<LeadId>,
    /// Position on the list at the time.
    pub position: Option<i64>,
    /// Round it was dialed in.
    pub round: Option<u32>,
    /// E.164; `None` when the caller withheld it or it is not Japanese. Whole: mind where it goes.
    pub phone: Option<String>,
    /// The peer as received, for incoming calls.
    pub peer: Option<String>,
    /// What was sent to the account.
    pub dial_string: Option<String>,
    /// Caller number shown.
    pub caller_id: Option<String>,
    /// The account.
    pub account: Option<String>,
    /// Call-ID of the dialog.
    pub sip_call_id: Option<String>,
    /// Company at the time.
    pub company: Option<String>,
    /// Person at the time.
    pub person: Option<String>,
    /// Categories at the time.
    pub categories: Vec<String>,
    /// UTC milliseconds.
    pub claimed_at: i64,
    /// The INVITE was allowed to leave; arrival for incoming calls.
    pub dialed_at: Option<i64>,
    /// UTC milliseconds.
    pub ringing_at: Option<i64>,
    /// UTC milliseconds.
    pub early_media_at: Option<i64>,
    /// UTC milliseconds.
    pub answered_at: Option<i64>,
    /// UTC milliseconds.
    pub ended_at: Option<i64>,
    /// UTC milliseconds.
    pub sealed_at: Option<i64>,
    /// Who ended it.
    pub hangup_by: Option<HangupBy>,
    /// Final SIP status code: a fact.
    pub sip_code: Option<u16>,
    /// Q.850 cause.
    pub q850: Option<u16>,
    /// Reason text of the peer.
    pub reason_text: Option<String>,
    /// Left out of every count.
    pub void: bool,
    /// Why.
    pub void_reason: Option<String>,
    /// The daemon died during it.
    pub interrupted: bool,
    /// Sub-outcome.
    pub sub: Option<String>,
    /// Suggested status code.
    pub suggestion: Option<String>,
    /// Status code: a judgement.
    pub status: Option<String>,
    /// Its label.
    pub status_label: Option<String>,
    /// Who chose it.
    pub set_by: Option<SetBy>,
    /// Memo.
    pub memo: Option<String>,
    /// Marked 報告 (S4.4).
    pub reported: bool,
    /// Something of it was filled in or corrected after it was sealed (S4.49).
    pub amended: bool,
    /// Number of saves.
    pub save_seq: u64,
    /// When to call back, UTC milliseconds.
    pub recall_at: Option<i64>,
    /// What was heard and received.
    pub evidence: serde_json::Value,
    /// Its recording.
    pub recording: Option<RecordingInfo>,
    /// Who the number belongs to now; only in [`crate::Store::history`]. `None`: 取引先名未登録 (S0.26).
    pub contact: Option<ContactInfo>,
}

/// A recording as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordingInfo {
    /// The file.
    pub path: PathBuf,
    /// Where it stands.
    pub state: RecordingState,
    /// Length.
    pub duration_ms: Option<u64>,
    /// Size.
    pub bytes: Option<u64>,
    /// Checksum, lower-case hexadecimal.
    pub sha256: Option<String>,
    /// Audio lost to a full ring or a full disk, milliseconds.
    pub gaps_ms: u64,
}

/// A recording was closed.
#[derive(Clone, Debug)]
pub struct RecordingFacts {
    /// The attempt.
    pub attempt: AttemptId,
    /// The final file.
    pub path: PathBuf,
    /// Length.
    pub duration_ms: u64,
    /// Size.
    pub bytes: u64,
    /// Checksum.
    pub sha256: [u8; 32],
    /// Audio lost to a full ring or a full disk, milliseconds.
    pub gaps_ms: u64,
    /// [`RecordingState::Final`], or `Discarded` / `Failed`. A recording that its status already discarded stays so.
    pub state: RecordingState,
}

/// Whose calls a reader may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HistoryScope {
    /// Everybody's.
    #[default]
    All,
    /// This user's own.
    Own(UserId),
    /// Only those marked 報告 (S4.4).
    Reported,
    /// Nobody's.
    Nothing,
}

/// Which attempts to read, newest first.
#[derive(Clone, Debug, Default)]
pub struct HistoryQuery {
    /// Only this list.
    pub list: Option<ListId>,
    /// Only this lead.
    pub lead: Option<LeadId>,
    /// Only this operator.
    pub user: Option<UserId>,
    /// Only this seat.
    pub seat: Option<String>,
    /// Only this number, as a person writes it.
    pub phone: Option<String>,
    /// Only numbers with these digits in them, one behind another: a part of a national number, in any width.
    pub digits: Option<String>,
    /// Only this project.
    pub project: Option<ProjectId>,
    /// Company or person, or a part of one, however it is written: as they were at the call, or as the number's contact is called now.
    pub name: Option<String>,
    /// The company only.
    pub company: Option<String>,
    /// The person only.
    pub person: Option<String>,
    /// Part of the memo, however it is written.
    pub memo: Option<String>,
    /// Only this status, code or label; empty finds blank ones.
    pub status: Option<String>,
    /// Claimed at or after, UTC milliseconds.
    pub from: Option<i64>,
    /// Claimed before, UTC milliseconds.
    pub to: Option<i64>,
    /// Manual calls too (S4.37 leaves them out).
    pub include_manual: bool,
    /// Incoming calls too.
    pub include_incoming: bool,
    /// Void attempts too.
    pub include_void: bool,
    /// Only attempts that are not sealed.
    pub only_open: bool,
    /// Only interrupted ones.
    pub only_interrupted: bool,
    /// Only calls by hand: the page of S4.37.
    pub only_manual: bool,
    /// Only those marked 報告.
    pub only_reported: bool,
    /// Only calls with numbers that no contact has (S0.26).
    pub only_unregistered: bool,
    /// Whose calls.
    pub scope: HistoryScope,
    /// Only calls of lists that this user may use (X7), of no list, and their own.
    pub granted_to: Option<UserId>,
    /// Continue behind this one (older).
    pub before: Option<AttemptId>,
    /// At most this many; 0 means 100, never more than 1000.
    pub limit: u32,
}

impl HistoryQuery {
    /// Whether rows have to be read one by one: no index knows parts of texts and of numbers.
    #[must_use]
    pub fn searches(&self) -> bool {
        [&self.name, &self.company, &self.person, &self.memo, &self.digits].into_iter().any(Option::is_some)
    }
}
