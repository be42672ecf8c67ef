//! Which leads a commit changed, told by SQLite's own hook, so that a list view that is open reads these again and not
//! the whole list.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared by the writing connections, which fill it, and the reader, which empties it.
#[derive(Clone, Default)]
pub(crate) struct Changes(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Somebody looks at a list: without, nothing is collected.
    watched: AtomicBool,
    rows: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    /// Of the transaction under way.
    pending: Vec<i64>,
    /// Of transactions that are committed.
    committed: Vec<i64>,
    /// There were more than is kept.
    lost: bool,
}

/// What changed since the last look.
pub(crate) enum Changed {
    /// These rows of `leads`, some perhaps twice.
    Rows(Vec<i64>),
    /// More than is kept, or nobody was watching: anything may have changed.
    Anything,
}

impl Changes {
    /// From the hook: a row of `leads` was written.
    pub(crate) fn row(&self, row: i64) {
        if self.0.watched.load(Ordering::Relaxed) {
            let mut rows = self.lock();
            if rows.pending.len() < MOST {
                rows.pending.push(row);
            } else {
                rows.lost = true;
            }
        }
    }

    /// The transaction is committed.
    pub(crate) fn commit(&self) {
        if self.0.watched.load(Ordering::Relaxed) {
            let mut rows = self.lock();
            if rows.committed.len() + rows.pending.len() > MOST {
                (rows.lost, rows.committed) = (true, Vec::new());
                rows.pending.clear();
            } else {
                let Rows { pending, committed, .. } = &mut *rows;
                committed.append(pending);
            }
        }
    }

    /// The transaction was rolled back.
    pub(crate) fn rollback(&self) {
        if self.0.watched.load(Ordering::Relaxed) {
            self.lock().pending.clear();
        }
    }

    /// Takes what changed since the last look, and goes on watching. Call it before the transaction that reads.
    pub(crate) fn take(&self) -> Changed {
        let watched = self.0.watched.swap(true, Ordering::Relaxed);
        let mut rows = self.lock();
        let committed = std::mem::take(&mut rows.committed);
        if std::mem::take(&mut rows.lost) || !watched { Changed::Anything } else { Changed::Rows(committed) }
    }

    /// Nobody looks any more.
    pub(crate) fn forget(&self) {
        self.0.watched.store(false, Ordering::Relaxed);
        *self.lock() = Rows::default();
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        // Every change of it is whole.
        self.0.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rows kept; beyond, reading the list anew is cheaper. 512 KiB.
const MOST: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_committed_while_somebody_watched_is_told() {
        let changes = Changes::default();
        changes.row(1);
        changes.commit();
        assert!(matches!(changes.take(), Changed::Anything), "nobody watched");
        changes.row(2);
        assert!(matches!(changes.take(), Changed::Rows(rows) if rows.is_empty()), "not committed yet");
        changes.commit();
        changes.row(3);
        changes.rollback();
        changes.row(4);
        changes.commit();
        assert!(matches!(changes.take(), Changed::Rows(rows) if rows == [2, 4]));
        for row in 0..=MOST as i64 {
            changes.row(row);
        }
        changes.commit();
        assert!(matches!(changes.take(), Changed::Anything));
        assert!(matches!(changes.take(), Changed::Rows(rows) if rows.is_empty()));
        changes.forget();
        assert!(matches!(changes.take(), Changed::Anything));
    }
}
