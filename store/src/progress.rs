//! How far long work is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Two counters that long work moves and whoever waits for it looks at. Copies count the same work.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<[AtomicU64; 2]>);

impl Progress {
    /// Done so far.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.0[0].load(Ordering::Relaxed)
    }

    /// In all; 0 while nobody knows.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0[1].load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, done: u64, total: u64) {
        self.0[0].store(done, Ordering::Relaxed);
        self.0[1].store(total, Ordering::Relaxed);
    }
}

/// No part of what is asked for, so all are equal.
impl PartialEq for Progress {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Progress {}
