//! Events, from the core to every client that listens.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{Event, EventRecord};
use tokio::sync::watch;

use super::Audience;

/// The last events, numbered. The core publishes without ever waiting; clients fetch at their own pace by the number
/// of the last event they have.
#[derive(Debug)]
pub struct EventHub {
    ring: Mutex<Ring>,
    last: watch::Sender<u64>,
}

#[derive(Debug)]
struct Ring {
    next: u64,
    events: VecDeque<Stored>,
    /// What happened while the hub holds its events back.
    held: Option<Vec<Happened>>,
}

impl Ring {
    fn keep(&mut self, Happened { event, at, audience }: Happened) {
        let (seq, kind) = (self.next, event.kind());
        self.next += 1;
        let line = EventRecord { seq, at, event }.to_line().into();
        if self.events.len() == RING {
            self.events.pop_front();
        }
        self.events.push_back(Stored { seq, kind, audience, line });
    }
}

/// An event that has no number yet.
#[derive(Debug)]
struct Happened {
    event: Event,
    /// UTC milliseconds.
    at: i64,
    audience: Audience,
}

/// An event as it will be sent.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) seq: u64,
    pub(super) kind: &'static str,
    pub(super) audience: Audience,
    pub(super) line: Arc<str>,
}

/// What a client fetched.
#[derive(Debug)]
pub(super) struct Batch {
    /// Events between the client's cursor and the ring's oldest: lost for this client.
    pub(super) missed: u64,
    /// Events that match, at most as many as asked for.
    pub(super) events: Vec<Stored>,
    /// The client's new cursor; behind the last event that was looked at, matching or not.
    pub(super) cursor: u64,
}

/// The events since that number are no longer, or were never, here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

impl EventHub {
    /// A hub whose first event gets `first_seq`, a number never handed out before.
    #[must_use]
    pub fn new(first_seq: u64) -> Self {
        let first_seq = first_seq.max(1);
        let ring = Ring { next: first_seq, events: VecDeque::new(), held: None };
        Self { ring: Mutex::new(ring), last: watch::Sender::new(first_seq - 1) }
    }

    /// Publishes an event that happened now.
    pub fn publish(&self, event: Event) {
        self.publish_at(event, crate::clock::now().wall);
    }

    /// Publishes an event that happened at `at` (UTC milliseconds).
    pub fn publish_at(&self, event: Event, at: i64) {
        let audience = Audience::of(&event);
        self.store(Happened { event, at, audience });
    }

    /// Publishes news of work that a Unix user asked for: to them, and to whoever monitors.
    pub fn publish_to(&self, asker: Option<u32>, event: Event) {
        let audience = asker.map_or(Audience::Monitors, Audience::Asker);
        self.store(Happened { event, at: crate::clock::now().wall, audience });
    }

    fn store(&self, happened: Happened) {
        let mut ring = self.ring();
        if let Some(held) = &mut ring.held {
            return held.push(happened);
        }
        ring.keep(happened);
        let last = ring.next - 1;
        drop(ring);
        self.last.send_replace(last);
    }

    /// Holds events back, in their order, until [`Self::let_go`]: what must leave first need not wait until they are
    /// written and clients are woken.
    pub(crate) fn hold(&self) {
        self.ring().held.get_or_insert_default();
    }

    /// Publishes what was held back.
    pub(crate) fn let_go(&self) {
        let mut ring = self.ring();
        let held = ring.held.take().unwrap_or_default();
        if held.is_empty() {
            return;
        }
        for happened in held {
            ring.keep(happened);
        }
        let last = ring.next - 1;
        drop(ring);
        self.last.send_replace(last);
    }

    /// Number of the last event, or one less than the first.
    pub fn last_seq(&self) -> u64 {
        *self.last.borrow()
    }

    /// Wakes when there are new events.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Where a subscription begins: the cursor for `since`, and how many events are replayed.
    pub(super) fn begin(&self, since: Option<u64>) -> Result<(u64, u64), Gone> {
        let ring = self.ring();
        let last = ring.next - 1;
        let Some(since) = since else { return Ok((last, 0)) };
        let oldest = ring.events.front().map_or(ring.next, |event| event.seq);
        if since > last || since + 1 < oldest { Err(Gone) } else { Ok((since, last - since)) }
    }

    /// The next events after `cursor` that `wanted` accepts.
    pub(super) fn fetch(&self, cursor: u64, most: usize, wanted: impl Fn(&Stored) -> bool) -> Batch {
        let ring = self.ring();
        let oldest = ring.events.front().map_or(ring.next, |event| event.seq);
        let missed = oldest.saturating_sub(cursor + 1);
        let mut batch = Batch { missed, events: Vec::new(), cursor: cursor + missed };
        let skip = usize::try_from(batch.cursor + 1 - oldest).unwrap_or(usize::MAX);
        for event in ring.events.iter().skip(skip) {
            if batch.events.len() == most {
                break;
            }
            batch.cursor = event.seq;
            if wanted(event) {
                batch.events.push(event.clone());
            }
        }
        batch
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // Nothing panics while the lock is held; if it did, the ring would still be whole.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many events can be replayed: about an hour of one busy seat.
const RING: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(hub: &EventHub, count: u64) {
        for n in 0..count {
            hub.publish_at(if n % 2 == 0 { Event::StoreRecovered {} } else { Event::DaemonStopping {} }, 7);
        }
    }

    fn seqs(batch: &Batch) -> Vec<u64> {
        batch.events.iter().map(|event| event.seq).collect()
    }

    #[test]
    fn numbers_begin_where_the_store_said_and_grow_by_one() {
        let hub = EventHub::new(100);
        assert_eq!(hub.last_seq(), 99);
        publish(&hub, 3);
        assert_eq!(hub.last_seq(), 102);
        assert_eq!(seqs(&hub.fetch(99, 10, |_| true)), [100, 101, 102]);
        assert_eq!(seqs(&hub.fetch(101, 10, |_| true)), [102]);
        assert!(hub.fetch(102, 10, |_| true).events.is_empty());
    }

    #[test]
    fn what_is_held_back_comes_later_in_its_order() {
        let hub = EventHub::new(1);
        publish(&hub, 1);
        hub.hold();
        publish(&hub, 2);
        hub.hold();
        publish(&hub, 1);
        assert_eq!((hub.last_seq(), hub.begin(None)), (1, Ok((1, 0))));
        hub.let_go();
        let batch = hub.fetch(0, 9, |_| true);
        let kinds: Vec<&str> = batch.events.iter().map(|event| event.kind).collect();
        let (recovered, stopping) = ("store.recovered", "daemon.stopping");
        assert_eq!(
            (seqs(&batch), kinds),
            (vec![1, 2, 3, 4], vec![recovered, recovered, stopping, recovered])
        );
        hub.let_go();
        assert_eq!(hub.last_seq(), 4);
    }

    #[test]
    fn a_batch_is_bounded_and_the_cursor_passes_what_was_not_wanted() {
        let hub = EventHub::new(1);
        publish(&hub, 6);
        let batch = hub.fetch(0, 2, |_| true);
        assert_eq!((seqs(&batch), batch.cursor), (vec![1, 2], 2));
        let batch = hub.fetch(0, 2, |event| event.kind == "daemon.stopping");
        assert_eq!((seqs(&batch), batch.cursor), (vec![2, 4], 4));
        let batch = hub.fetch(0, 2, |_| false);
        assert_eq!((batch.events.len(), batch.cursor), (0, 6));
    }

    #[test]
    fn what_fell_out_of_the_ring_is_gone_for_subscribers_and_missed_by_the_slow() {
        let hub = EventHub::new(1);
        let ring = RING as u64;
        publish(&hub, ring + 10);
        assert_eq!(hub.begin(Some(9)), Err(Gone));
        assert_eq!(hub.begin(Some(10)), Ok((10, ring)));
        assert_eq!(hub.begin(Some(ring + 10)), Ok((ring + 10, 0)));
        assert_eq!(hub.begin(Some(ring + 11)), Err(Gone), "a number from another database");
        assert_eq!(hub.begin(None), Ok((ring + 10, 0)));
        let batch = hub.fetch(3, 1, |_| true);
        assert_eq!((batch.missed, seqs(&batch)), (7, vec![11]));
    }

    #[test]
    fn after_a_restart_older_numbers_are_gone_even_while_the_ring_is_empty() {
        let hub = EventHub::new(1_000);
        assert_eq!(hub.begin(Some(500)), Err(Gone));
        assert_eq!(hub.begin(Some(999)), Ok((999, 0)));
    }
}
