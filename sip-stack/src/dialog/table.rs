//! Which call a dialog belongs to.

use std::collections::HashMap;

use super::DialogId;
use crate::ua::CallId;

/// Dialogs by identity. Its size is bounded by the calls and their forks.
#[derive(Debug)]
pub(crate) struct DialogTable(HashMap<DialogId, CallId>);

impl DialogTable {
    pub(crate) fn new() -> Self {
        Self(HashMap::new())
    }

    pub(crate) fn insert(&mut self, id: DialogId, call: CallId) {
        self.0.insert(id, call);
    }

    pub(crate) fn remove(&mut self, id: &DialogId) {
        self.0.remove(id);
    }

    pub(crate) fn find(&self, id: &DialogId) -> Option<CallId> {
        self.0.get(id).copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
