//! What calls add up to: one walk over their rows, whatever they are asked for by.

use std::collections::HashSet;

use rusqlite::{Connection, Row};

use super::all;
use crate::model::{Stats, StatusCount};

/// What [`Counted::take`] reads of a row, in this order.
pub(super) const COLUMNS: &str = "a.void, a.disposition, a.interrupted, a.answered_at, a.ended_at, a.lead_id";

/// The statuses in their order, and what a call with each counts as.
pub(super) struct Statuses(Vec<Status>);

struct Status {
    code: String,
    label: String,
    counts_call: bool,
    counts_connect: bool,
}

impl Statuses {
    pub(super) fn read(db: &Connection) -> rusqlite::Result<Self> {
        let sql = "SELECT code, label, counts_call, counts_connect FROM dispositions ORDER BY position";
        all(db, sql, [], |r| {
            Ok(Status {
                code: r.get(0)?,
                label: r.get(1)?,
                counts_call: r.get(2)?,
                // Of a status that was made before that was refused: a connect is one of the calls.
                counts_connect: r.get::<_, bool>(2)? && r.get(3)?,
            })
        })
        .map(Self)
    }
}

/// Calls so far (S4.14-S4.19). What was done stays done: 作業数 and コール数 of a day are the same whatever goes to the bin afterwards. 進捗, a
/// share of the leads that are on the list now, leaves the bin out ([`super::stats::worked`]).
#[derive(Default)]
pub(super) struct Counted {
    stats: Stats,
    /// Leads, each once.
    worked: HashSet<[u8; 16]>,
    /// How often each status was given, in their order.
    given: Vec<u64>,
}

impl Counted {
    /// Adds the call of a row whose [`COLUMNS`] begin at `at`.
    pub(super) fn take(&mut self, row: &Row<'_>, at: usize, statuses: &Statuses) -> rusqlite::Result<()> {
        let stats = &mut self.stats;
        if row.get(at)? {
            stats.void += 1;
            return Ok(());
        }
        match row.get_ref(at + 1)?.as_str_or_null()? {
            None => {
                stats.calls += 1;
                stats.blank += 1;
            }
            Some(code) => {
                self.given.resize(statuses.0.len(), 0);
                let mut counts = statuses.0.iter().zip(&mut self.given);
                if let Some((status, given)) = counts.find(|(status, _)| status.code == code) {
                    stats.calls += u64::from(status.counts_call);
                    stats.connects += u64::from(status.counts_connect);
                    *given += 1;
                }
            }
        }
        stats.interrupted += u64::from(row.get::<_, bool>(at + 2)?);
        if let Some(answered) = row.get::<_, Option<i64>>(at + 3)? {
            stats.talk_ms += (row.get::<_, i64>(at + 4)? - answered).max(0).unsigned_abs();
        }
        self.worked.extend(row.get::<_, Option<[u8; 16]>>(at + 5)?);
        Ok(())
    }

    /// The counts; leads registered are nobody's call.
    pub(super) fn stats(&self) -> Stats {
        Stats { works: self.worked.len() as u64, ..self.stats }
    }

    /// The statuses that were given, and how often.
    pub(super) fn given(&self, statuses: Statuses) -> Vec<StatusCount> {
        let counted = statuses.0.into_iter().zip(&self.given).filter(|(_, given)| **given > 0);
        counted
            .map(|(status, given)| StatusCount {
                code: status.code,
                label: status.label,
                count: *given,
                counts_call: status.counts_call,
            })
            .collect()
    }
}
