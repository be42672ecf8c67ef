//! Counting and explaining.

use serde::Serialize;

use super::dialing::DialRules;
use super::word::WhyReason;
use crate::id::{AttemptId, LeadId, ListId, ProjectId, UserId};
use crate::phone::DialPlan;
use crate::time::BusinessDate;

/// What to count. Empty counts everything.
#[derive(Clone, Debug, Default)]
pub struct StatsQuery {
    /// First day in Japan.
    pub from: Option<BusinessDate>,
    /// Last day, included.
    pub to: Option<BusinessDate>,
    /// Only this operator.
    pub user: Option<UserId>,
    /// Only this list.
    pub list: Option<ListId>,
    /// Only this project.
    pub project: Option<ProjectId>,
    /// Only of lists that this user may use (X7), and of calls that are theirs.
    pub granted_to: Option<UserId>,
}

/// Counts, always derived from the attempt rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// 作業数: distinct leads called at least once (C9), those in the bin too: what was done on a day stays done.
    pub works: u64,
    /// コール数: calls made from lists, void ones left out.
    pub calls: u64,
    /// コネクト数: calls whose status counts as one.
    pub connects: u64,
    /// Calls without a status (未入力).
    pub blank: u64,
    /// Calls that a crash interrupted.
    pub interrupted: u64,
    /// Void attempts; in no other figure.
    pub void: u64,
    /// 登録数: leads registered on the lists asked for; the whole of [`Worked`], not of `works`.
    pub registered: u64,
    /// Sum of answer to end, milliseconds.
    pub talk_ms: u64,
}

impl Stats {
    /// コネクト率, 0 to 1; `None` without calls.
    #[must_use]
    pub fn connect_rate(&self) -> Option<f64> {
        ratio(self.connects, self.calls)
    }
}

/// 進捗 of a list, or of several as a sum: how far it is worked, whenever that was (S4.16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Worked {
    /// Leads called at least once, on any day, those in the bin left out.
    pub worked: u64,
    /// 登録数: leads registered.
    pub registered: u64,
}

impl Worked {
    /// 0 to 1; `None` where nothing is registered.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        ratio(self.worked, self.registered)
    }
}

impl std::iter::Sum for Worked {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            worked: sum.worked + part.worked,
            registered: sum.registered + part.registered,
        })
    }
}

/// How far one list is worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListWorked {
    /// The list, which is not in the bin.
    pub list: ListId,
    /// Its project.
    pub project: ProjectId,
    /// Its figures.
    pub worked: Worked,
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// How often a status was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusCount {
    /// Status code.
    pub code: String,
    /// Its label.
    pub label: String,
    /// Calls, void ones left out.
    pub count: u64,
    /// Whether they are in コール数.
    pub counts_call: bool,
}

/// What to explain.
#[derive(Clone, Debug)]
pub enum WhyQuery {
    /// A whole list: counts per reason and its next leads.
    List(ListId),
    /// One lead.
    Lead(LeadId),
    /// A position on a list.
    Position(ListId, i64),
    /// A number, as a person writes it, on every list.
    Phone(String),
}

/// The circumstances to judge under.
#[derive(Clone, Debug, Default)]
pub struct WhyContext {
    /// UTC milliseconds.
    pub now: i64,
    /// How the account wants numbers; national by default.
    pub plan: DialPlan,
    /// The rules.
    pub rules: DialRules,
    /// Who would call: another's 見込 and 再コール are not theirs to dial (S4.20).
    pub user: Option<UserId>,
    /// At most this many rows; 0 means 20.
    pub limit: u32,
}

/// The answer for one lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhyRow {
    /// The lead.
    pub lead: LeadId,
    /// Its list.
    pub list: ListId,
    /// Position on it.
    pub position: i64,
    /// E.164.
    pub phone: String,
    /// Company.
    pub company: Option<String>,
    /// The reason.
    pub reason: WhyReason,
    /// What would keep it from being dialed if that did not.
    pub also: Vec<WhyReason>,
    /// Will it be dialed if its turn comes now?
    pub eligible: bool,
    /// When it becomes due by itself, UTC milliseconds.
    pub due_at: Option<i64>,
    /// Round it is due in.
    pub round: u32,
    /// Calls made.
    pub attempts: u32,
    /// Label of the last result.
    pub status: Option<String>,
    /// The seat that holds it, while one does.
    pub seat: Option<String>,
    /// The call that holds it, where it has ended and has no result yet.
    pub unjudged: Option<AttemptId>,
    /// When its task is to be called back, UTC milliseconds.
    pub recall_at: Option<i64>,
    /// Why somebody excluded it.
    pub excluded_reason: Option<String>,
    /// Login of whose number it is.
    pub owner: Option<String>,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WhyAnswer {
    /// Leads per reason, for a list; most first. Do-not-call and repeat are judged for the rows below only.
    pub summary: Vec<(WhyReason, u64)>,
    /// The leads, for a list the next ones in order.
    pub rows: Vec<WhyRow>,
}
