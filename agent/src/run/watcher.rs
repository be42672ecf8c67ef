//! Deliveries of the outbox become events.

use std::sync::{Arc, Mutex, PoisonError};

use protocol::Event;

use crate::control::EventHub;
use crate::sync::Watcher;

/// Deliveries become events.
pub(super) struct HubWatcher {
    pub(super) hub: Arc<EventHub>,
    pub(super) trouble: Arc<Mutex<Option<String>>>,
}

impl HubWatcher {
    fn trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

impl Watcher for HubWatcher {
    fn delivered(&self, rows: u64, last_seq: i64) {
        self.trouble(None);
        self.hub.publish(Event::OutboxDelivered { rows, last_seq });
    }

    fn failed(&self, why: &str) {
        self.trouble(Some(why.to_owned()));
        self.hub.publish(Event::OutboxFailed { why: why.to_owned() });
    }
}
