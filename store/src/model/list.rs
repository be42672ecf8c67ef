//! Lists and leads.

use serde::{Deserialize, Serialize};

use super::view::Assigned;
use super::word::{CallKind, DialOrder, LeadState};
use crate::error::Error;
use crate::id::{ImportId, LeadId, ListId, ProjectId, UserId};

/// A list to create.
#[derive(Clone, Debug)]
pub struct ListSpec {
    /// Its name, unique within the project.
    pub name: String,
    /// Its project.
    pub project: ProjectId,
}

/// A list with its counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListInfo {
    /// Identifier.
    pub id: ListId,
    /// Name.
    pub name: String,
    /// Project.
    pub project: ProjectId,
    /// Name of the project.
    pub project_name: String,
    /// Disabled lists are not dialed (X7).
    pub enabled: bool,
    /// The current round, from 1.
    pub round: u32,
    /// In which order it is dialed.
    pub order: DialOrder,
    /// The profile whose limits hold for it.
    pub profile: String,
    /// Its project's leads of nobody are everybody's (S1.37).
    pub pooled: bool,
    /// Names of its further columns, in order.
    pub columns: Vec<String>,
    /// Leads registered (登録数), excluded ones included.
    pub total: u64,
    /// Leads that this round may still dial: what the dialer will call if nothing changes.
    pub dialable: u64,
    /// Leads that it would, and that nobody is offered: their owner may not use the list (X7). Not among `dialable`.
    pub shut_out: u64,
    /// The same of nobody's, which its project does not share ([`Self::pooled`]): somebody has to be given them. Not among `dialable`.
    pub unassigned: u64,
    /// Leads that nobody will be offered since their numbers are not called: they stand on the do-not-call list, or the callee would
    /// pay (`E-DNC`, `E-PHONE-FORBIDDEN`). Not among `dialable`; excluded ones are not counted.
    pub blocked: u64,
    /// Leads called at least once (作業数).
    pub worked: u64,
    /// Leads marked 発信対象外.
    pub excluded: u64,
    /// Leads passed over with a reason.
    pub skipped: u64,
    /// When it was created, UTC milliseconds.
    pub created_at: i64,
}

/// Which leads to show, in order of position.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// The list.
    pub list: ListId,
    /// Continue behind this position.
    pub after: Option<i64>,
    /// At most this many; 0 means 100, never more than 1000.
    pub limit: u32,
    /// Which ones.
    pub filter: LeadFilter,
}

/// A filter on leads; the default shows all that are not excluded.
#[derive(Clone, Debug, Default)]
pub struct LeadFilter {
    /// Only leads in this state.
    pub state: Option<LeadState>,
    /// Only leads whose last status is this code.
    pub status: Option<String>,
    /// Only leads with exactly this many attempts.
    pub attempts: Option<u32>,
    /// Only this number, as a person writes it.
    pub phone: Option<String>,
    /// Show 発信対象外 too (S1.38: hidden by default).
    pub include_excluded: bool,
    /// Only leads of these owners.
    pub assigned: Option<Assigned>,
}

/// Where a lead stands, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeadPlace {
    /// The lead.
    pub id: LeadId,
    /// Its list.
    pub list: ListId,
    /// Who calls its number.
    pub assigned: Option<UserId>,
}

/// A lead as the list view shows it (S1.30).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeadRow {
    /// Identifier.
    pub id: LeadId,
    /// Its list.
    pub list: ListId,
    /// Position, from 1.
    pub position: i64,
    /// E.164, whole: mind where it goes.
    pub phone: String,
    /// As the file had it.
    pub raw_phone: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Person.
    pub person: Option<String>,
    /// Categories in order.
    pub categories: Vec<String>,
    /// Further columns of the file, in order, as a JSON object.
    pub attrs: serde_json::Value,
    /// Where it stands.
    pub state: LeadState,
    /// Code of the reason, when passed over.
    pub skip_reason: Option<String>,
    /// 発信対象 (`false`: 発信対象外).
    pub dialable: bool,
    /// Round it is due in.
    pub round: u32,
    /// Calls made, void ones left out.
    pub attempts: u32,
    /// Put off until, UTC milliseconds.
    pub next_eligible_at: Option<i64>,
    /// Callback asked for, UTC milliseconds.
    pub recall_at: Option<i64>,
    /// Status code of the last call with this number that was judged or made from a list, whoever made it (S1.40).
    pub last_status: Option<String>,
    /// Its label.
    pub last_status_label: Option<String>,
    /// Who made the last call, with a result or not (S1.32).
    pub last_user: Option<UserId>,
    /// That user's name.
    pub last_user_name: Option<String>,
    /// Their login.
    pub last_user_login: Option<String>,
    /// When it was, UTC milliseconds (S1.33).
    pub last_at: Option<i64>,
    /// What kind of call it was (S1.31).
    pub last_kind: Option<CallKind>,
    /// Memo of the call that has the status, or of a later one that has one.
    pub last_memo: Option<String>,
    /// 発信担当者 (S1.7).
    pub assigned: Option<UserId>,
    /// That user's name.
    pub assigned_name: Option<String>,
    /// That user's login.
    pub assigned_login: Option<String>,
    /// Counts its edits, from 1.
    pub version: u64,
    /// Further numbers, in order.
    pub extra_phones: Vec<LeadPhone>,
    /// Why it is 発信対象外.
    pub excluded_reason: Option<String>,
    /// 184 or 186 in front of its number.
    pub clir: Option<String>,
    /// Extension of its number (内線), digits.
    pub ext: Option<String>,
}

impl LeadRow {
    /// Why the dialer passes it over although nobody excluded it (架電禁止): `E-DNC`, or `E-PHONE-FORBIDDEN` of a number that no list calls.
    #[must_use]
    pub fn blocked(&self) -> Option<&str> {
        let reason = self.skip_reason.as_deref().filter(|reason| is_of_number(reason));
        reason.filter(|_| self.dialable && self.state == LeadState::Skipped)
    }
}

/// Whether a lead is passed over for its number.
pub(crate) fn is_of_number(skip_reason: &str) -> bool {
    matches!(skip_reason, "E-DNC" | "E-PHONE-FORBIDDEN")
}

/// A number of a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadPhone {
    /// E.164, whole: mind where it goes.
    pub phone: String,
    /// What it is: 携帯, 代表, …
    pub label: Option<String>,
    /// Its extension, digits.
    #[serde(default)]
    pub ext: Option<String>,
    /// The one that is dialed from the list.
    #[serde(default)]
    pub main: bool,
    /// Somebody added it and may remove it; those of the file stay (X3).
    #[serde(default)]
    pub editable: bool,
}

/// A lead that is put on a list by hand (S4.45).
#[derive(Clone, Debug)]
pub struct LeadSpec {
    /// The list.
    pub list: ListId,
    /// The number, as a person writes it.
    pub phone: String,
    /// Company.
    pub company: Option<String>,
    /// Person.
    pub person: Option<String>,
    /// Categories.
    pub categories: Vec<String>,
    /// Further numbers, as a person writes them.
    pub extra_phones: Vec<String>,
    /// Further columns: name and text.
    pub attrs: Vec<(String, String)>,
    /// Most leads of the list.
    pub max_leads: u64,
    /// Most contacts of all (S0.23): its number becomes one.
    pub max_contacts: u64,
}

impl LeadSpec {
    /// A number of which nothing else is known, where there is no limit.
    #[must_use]
    pub fn new(list: ListId, phone: impl Into<String>) -> Self {
        Self {
            list,
            phone: phone.into(),
            company: None,
            person: None,
            categories: Vec::new(),
            extra_phones: Vec::new(),
            attrs: Vec::new(),
            max_leads: u64::MAX,
            max_contacts: u64::MAX,
        }
    }
}

/// What to change of a lead by hand; `None` leaves a field alone, an empty text blanks it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeadFields {
    /// The version that was looked at: a newer one refuses the change. `None` overwrites whatever is there.
    pub version: Option<u64>,
    /// Company.
    pub company: Option<String>,
    /// Person.
    pub person: Option<String>,
    /// All categories, in order.
    pub categories: Option<Vec<String>>,
    /// Further columns: name and text; those that are not named stay.
    pub columns: Vec<(String, String)>,
    /// `184` or `186` to be dialed before its number.
    pub clir: Option<String>,
}

/// What is done to many leads at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum LeadChange {
    /// Marks them 発信対象外 (S1.25).
    Exclude {
        /// Why.
        reason: Option<String>,
    },
    /// Takes the mark off (S1.26).
    Include,
    /// Moves them into the bin; calls and contacts stay (S1.27).
    Delete,
    /// Gives their numbers to these users in turn; to nobody when there are none (S1.13, S1.24).
    Assign {
        /// The users.
        users: Vec<UserId>,
    },
}

impl LeadChange {
    /// The word in the audit log.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::Exclude { .. } => "lead.exclude",
            Self::Include => "lead.include",
            Self::Delete => "lead.delete",
            Self::Assign { .. } => "lead.assign",
        }
    }
}

/// The leads that something is done to.
#[derive(Clone, Debug, Default)]
pub struct LeadSelection {
    /// Them.
    pub ids: Vec<LeadId>,
    /// What they were found by, for the audit log; `None`: somebody named each of them.
    pub filter: Option<serde_json::Value>,
}

impl From<Vec<LeadId>> for LeadSelection {
    fn from(ids: Vec<LeadId>) -> Self {
        Self { ids, filter: None }
    }
}

/// What a [`LeadChange`] did; adds up over slices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadsChanged {
    /// Leads that are different now.
    pub changed: u64,
    /// Leads that a seat holds, or whose number is on the list again, and that stayed as they were.
    pub held: u64,
    /// Leads of the same numbers on other lists that changed too (S1.13).
    pub other_lists: u64,
    /// Open tasks of leads that were deleted: they wait in the bin with them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tasks: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How far a [`LeadChange`] is.
#[derive(Debug)]
pub(crate) struct ChangeSlice {
    /// How many of its leads were looked at.
    pub(crate) looked: u64,
    /// What it did so far.
    pub(crate) done: LeadsChanged,
    /// What ended it early.
    pub(crate) ended: Option<Error>,
    /// Nothing of it is left to do.
    pub(crate) is_last: bool,
}

impl std::ops::AddAssign for LeadsChanged {
    fn add_assign(&mut self, other: Self) {
        self.changed += other.changed;
        self.held += other.held;
        self.other_lists += other.other_lists;
        self.tasks += other.tasks;
    }
}

/// What to change about a list; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListEdit {
    /// Its name.
    pub name: Option<String>,
    /// Whether it is dialed from (X7).
    pub enabled: Option<bool>,
    /// In which order.
    pub order: Option<DialOrder>,
    /// The profile whose limits hold for it.
    pub profile: Option<String>,
}

/// A user who may use a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrantRow {
    /// The user.
    pub user: UserId,
    /// Login.
    pub login: String,
    /// Name.
    pub name: String,
    /// Since when, UTC milliseconds.
    pub at: i64,
}

/// A list in the bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeletedList {
    /// The list.
    pub id: ListId,
    /// Its name.
    pub name: String,
    /// Its project.
    pub project_name: String,
    /// Leads it had.
    pub total: u64,
    /// When it was deleted, UTC milliseconds.
    pub deleted_at: i64,
}

/// A project with what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProjectRow {
    /// Identifier.
    pub id: ProjectId,
    /// Name.
    pub name: String,
    /// Caller number shown, national digits (S4.53).
    pub caller_id: Option<String>,
    /// Whether a クレーム of one of its calls holds for the whole company.
    pub company_wide_dnc: bool,
    /// Leads of nobody are seen and dialed by every operator; else by none (S1.37).
    pub pooled: bool,
    /// Live lists.
    pub lists: u64,
    /// UTC milliseconds.
    pub created_at: i64,
}

/// What to change about a project; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectEdit {
    /// Its name.
    pub name: Option<String>,
    /// The caller number, as a person writes it; `Some(None)` takes it away.
    pub caller_id: Option<Option<String>>,
    /// Whether a クレーム of one of its calls holds for the whole company.
    pub company_wide_dnc: Option<bool>,
    /// Whether leads of nobody are everybody's (S1.37).
    pub pooled: Option<bool>,
}

/// One run of an import, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImportRecord {
    /// Identifier, by which it is undone.
    pub id: ImportId,
    /// The list; `None` for contacts.
    pub list: Option<ListId>,
    /// Its name now.
    pub list_name: Option<String>,
    /// Name of the file.
    pub source: String,
    /// `staging`, `committed`, `undone`.
    pub state: String,
    /// Who imported.
    pub user: Option<UserId>,
    /// That user's login.
    pub login: Option<String>,
    /// The Unix user who imported, where no user did.
    pub uid: Option<u32>,
    /// When it began, UTC milliseconds.
    pub created_at: i64,
    /// When it was committed or undone, UTC milliseconds.
    pub finished_at: Option<i64>,
    /// When it was found to have been cut short, UTC milliseconds. It was taken back then, unless it is of do-not-call numbers: what
    /// such a one added stays blocked, and its state `staging`, until somebody decides.
    pub interrupted_at: Option<i64>,
    /// Counts and the first problems.
    pub report: serde_json::Value,
}
