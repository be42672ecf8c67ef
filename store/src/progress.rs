//! How far long work is, and whether anybody still wants it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::{Error, Result, Said};

/// Two counters that long work moves and whoever waits for it looks at, and a switch that ends it. Copies are of the same
/// work.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    done: AtomicU64,
    total: AtomicU64,
    stopped: AtomicBool,
}

impl Progress {
    /// Done so far.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.0.done.load(Ordering::Relaxed)
    }

    /// In all; 0 while nobody knows.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.total.load(Ordering::Relaxed)
    }

    /// Ends the work at its next step. Reads, exports and counting stop and keep nothing; a change of rows that has begun
    /// is finished all the same.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether nobody wants it any more.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Relaxed)
    }

    /// So much is done, of so much; 0 while nobody knows.
    pub fn set(&self, done: u64, total: u64) {
        self.0.done.store(done, Ordering::Relaxed);
        self.0.total.store(total, Ordering::Relaxed);
    }

    /// So much more is done.
    ///
    /// # Errors
    /// [`Error::ImportStopped`] once nobody wants it.
    pub(crate) fn step(&self, more: u64) -> Result<()> {
        self.count(more);
        if self.is_stopped() { Err(stopped()) } else { Ok(()) }
    }

    /// So much more is done.
    pub fn count(&self, more: u64) {
        self.0.done.fetch_add(more, Ordering::Relaxed);
    }
}

/// What work that nobody wanted any more ends with.
pub(crate) fn stopped() -> Error {
    Error::ImportStopped {
        reason: Said::fixed("中止しました。何も残していません", "cancelled; nothing was kept"),
    }
}

/// No part of what is asked for, so all are equal.
impl PartialEq for Progress {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Progress {}
