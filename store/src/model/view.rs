//! The list view: columns, filters, pages.

use serde::Serialize;

use super::list::LeadRow;
use super::word::{CallKind, LeadState, SortColumn};
use crate::id::{ListId, UserId};

/// One page of a list, as asked for.
#[derive(Clone, Debug)]
pub struct ViewQuery {
    /// The list.
    pub list: ListId,
    /// Which leads.
    pub filter: ViewFilter,
    /// By which column; equal ones by position, empty ones last.
    pub sort: SortColumn,
    /// From the last to the first.
    pub descending: bool,
    /// Which page.
    pub page: PageAt,
    /// Rows of the page; 0 means 100, never more than 1000.
    pub limit: u32,
    /// Places hold no names: a name may be a number (S3.2), which whoever asks sees masked (S3.14). Such a place goes with its row.
    pub opaque: bool,
}

/// Where a page is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PageAt {
    /// At the beginning.
    #[default]
    First,
    /// At the end.
    Last,
    /// Behind a place: [`ViewPage::next`] of another page under the same sort. Rows that changed meanwhile move nothing.
    After(String),
    /// Before a place: [`ViewPage::previous`].
    Before(String),
    /// From the row of this number on, from 0.
    Row(u64),
}

/// Which leads; the default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewFilter {
    /// Name of the company or person, or a part of it, however it is written ([`crate::search_key`]).
    pub name: Option<String>,
    /// The company only, or a part of it.
    pub company: Option<String>,
    /// The person only, or a part of the name.
    pub person: Option<String>,
    /// Digits of a number of the lead, or a part of them: its own, or a further one.
    pub number: Option<String>,
    /// Part of the last memo, that of the last call with the number. Memos of earlier calls are found in the history: to read those
    /// of a million calls for a list would take seconds.
    pub memo: Option<String>,
    /// The list's own columns: each that is named has to pass.
    pub columns: Vec<ColumnTest>,
    /// Last status by code or label; `Some("")`: calls without one.
    pub status: Option<String>,
    /// What the last call was.
    pub kind: Option<CallKind>,
    /// Who made the last call.
    pub last_user: Option<UserId>,
    /// Last called at or after, UTC milliseconds.
    pub from: Option<i64>,
    /// Last called before, UTC milliseconds.
    pub to: Option<i64>,
    /// Whose lead it is.
    pub assigned: Option<Assigned>,
    /// Any of these categories, by name.
    pub categories: Vec<String>,
    /// 発信対象 (`true`) or 発信対象外 (`false`).
    pub dialable: Option<bool>,
    /// Of those: 架電禁止 ([`LeadRow::blocked`]), or not.
    pub blocked: Option<bool>,
    /// Where it stands.
    pub state: Option<LeadState>,
    /// Called exactly so often.
    pub attempts: Option<u32>,
    /// Called at least so often.
    pub at_least: Option<u32>,
}

/// What one of a list's own columns has to say; of several tests of one column any may pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnTest {
    /// The column's name, however it is written.
    pub column: String,
    /// The text, however it is written; empty finds leads that say nothing there.
    pub text: String,
    /// A part of the text is enough.
    pub part: bool,
}

/// Whose leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// This user's.
    To(UserId),
    /// This user's and nobody's: the pool (S1.37).
    ToOrNobody(UserId),
    /// Nobody's.
    Nobody,
}

/// One page.
#[derive(Clone, Debug, Serialize)]
pub struct ViewPage {
    /// Its rows.
    pub rows: Vec<LeadRow>,
    /// Leads that pass the filter.
    pub total: u64,
    /// Number of the first row among them, from 0.
    pub first: u64,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
    /// Where the page before ends; `None` at the beginning.
    pub previous: Option<String>,
}
