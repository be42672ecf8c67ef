//! Leads that claims stepped over: many in a row that rest since they were dialed by another list (D24), or that the trunk's plan has no
//! dial string for.
//!
//! To write each down before the next is looked at takes some ten times as long as to look at it, and the seat dials nobody meanwhile. So
//! behind the first few of a claim leads are only looked at, one slice a commit, until one may be dialed; that they were put off, or
//! skipped, is written in pauses of the calls. Until it is, this knows up to where the list was looked at. Nothing is lost when the
//! process ends: they are looked at again. What is found out while a save is rehearsed counts too: nothing but calls that were dialed is
//! asked for.

use std::collections::VecDeque;

use rusqlite::{Connection, Row};

use super::{all, exec, leads};
use crate::error::DialRefusal;
use crate::id::{LeadId, ListId, UserId};
use crate::phone::Clir;

/// Whose leads of which list, up to which round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    pub(super) list: ListId,
    pub(super) user: UserId,
    pub(super) round: u32,
}

/// What was found out and is not written yet.
#[derive(Default)]
pub(super) struct Stepped(Vec<Steps>);

struct Steps {
    walk: Walk,
    /// Up to this one all are known.
    turn: i64,
    marks: VecDeque<(LeadId, DialRefusal)>,
}

impl Stepped {
    /// Where a claim goes on.
    pub(super) fn after(&self, walk: Walk) -> i64 {
        self.0.iter().find(|steps| steps.walk == walk).map_or(i64::MIN, |steps| steps.turn)
    }

    /// More is written down at once.
    pub(super) fn is_full(&self) -> bool {
        self.0.iter().map(|steps| steps.marks.len()).sum::<usize>() >= MOST
    }

    /// Leads up to `turn` are not to be dialed now.
    pub(super) fn add(&mut self, walk: Walk, turn: i64, marks: Vec<(LeadId, DialRefusal)>) {
        if marks.is_empty() {
            return;
        }
        let at = self.0.iter().position(|steps| steps.walk == walk).unwrap_or_else(|| {
            self.0.push(Steps { walk, turn, marks: VecDeque::new() });
            self.0.len() - 1
        });
        if let Some(steps) = self.0.get_mut(at) {
            steps.turn = turn;
            steps.marks.extend(marks);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something of this walk is not written yet.
    pub(super) fn has(&self, walk: Walk) -> bool {
        self.0.iter().any(|steps| steps.walk == walk)
    }

    /// All of it is looked at again.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// Takes the next few to be written, of `walk` if it is given.
    pub(super) fn take(&mut self, walk: Option<Walk>) -> Vec<(LeadId, DialRefusal)> {
        let Some(at) = self.0.iter().position(|steps| walk.is_none_or(|walk| walk == steps.walk)) else {
            return Vec::new();
        };
        let Some(steps) = self.0.get_mut(at) else { return Vec::new() };
        let few = steps.marks.len().min(WRITTEN_AT_ONCE);
        let taken = steps.marks.drain(..few).collect();
        if steps.marks.is_empty() {
            self.0.swap_remove(at);
        }
        taken
    }
}

/// Puts leads off, or skips them, that are where they were.
pub(super) fn write(db: &Connection, marks: &[(LeadId, DialRefusal)]) -> rusqlite::Result<()> {
    for (lead, refusal) in marks {
        match refusal.until() {
            Some(until) => {
                let sql = "UPDATE leads SET state = 'waiting', next_eligible_at = ?2
                           WHERE id = ?1 AND state = 'ready' AND deleted_at IS NULL";
                exec(db, sql, (lead, until))?;
            }
            None => {
                let sql = "UPDATE leads SET state = 'skipped', skip_reason = ?2
                           WHERE id = ?1 AND state = 'ready' AND deleted_at IS NULL";
                exec(db, sql, (lead, refusal.code()))?;
            }
        }
    }
    Ok(())
}

/// A lead as far as it is looked at.
pub(super) struct Seen {
    pub(super) id: LeadId,
    pub(super) turn: i64,
    pub(super) phone: String,
    pub(super) clir: Option<Clir>,
}

/// The next ready leads of a walk behind `after`, in the order of their turns, up to `last`.
pub(super) fn look(
    db: &Connection,
    walk: Walk,
    (after, last): (i64, i64),
    pooled: bool,
) -> rusqlite::Result<Vec<Seen>> {
    let sql = "SELECT id, turn, phone, clir FROM leads
               WHERE list_id = ?1 AND round = ?2 AND turn > ?3 AND turn <= ?4 AND assigned_user_id IS ?5
                 AND state = 'ready' AND excluded = 0 AND deleted_at IS NULL
               ORDER BY turn LIMIT ?6";
    let mut found: Vec<Seen> = Vec::new();
    for round in leads::ready_rounds(db, walk.list, walk.round)? {
        for owner in [None, Some(walk.user)].into_iter().skip(usize::from(!pooled)) {
            found.extend(all(db, sql, (walk.list, round, after, last, owner, LOOK as i64), seen)?);
        }
    }
    found.sort_by_key(|lead| lead.turn);
    found.truncate(LOOK);
    Ok(found)
}

fn seen(row: &Row<'_>) -> rusqlite::Result<Seen> {
    let clir: Option<String> = row.get(3)?;
    let clir = clir.as_deref().and_then(Clir::of_digits);
    Ok(Seen { id: row.get(0)?, turn: row.get(1)?, phone: row.get(2)?, clir })
}

/// Leads read at once.
pub(super) const LOOK: usize = 64;
/// Leads looked at in one commit: some milliseconds.
pub(super) const LOOKED_AT: usize = 8 * LOOK;
/// Written in one commit, likewise.
const WRITTEN_AT_ONCE: usize = 100;
/// Remembered: some 20 MB.
const MOST: usize = 250_000;
