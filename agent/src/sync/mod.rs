//! Write-back: sealed attempts leave through the transactional outbox.
//!
//! The row is written by the transaction that seals the attempt; this worker hands rows to a [`Sink`] in order and
//! takes them out of the outbox only after the sink said [`Delivery::Accepted`]. A crash in between repeats rows,
//! with the same id; it never loses one.

mod csv;
mod sink;

use std::sync::Arc;
use std::time::Duration;

use store::{OutboxRow, Store};
use tokio::sync::Notify;

pub use csv::CsvDrop;
pub(crate) use csv::harmless;
pub use sink::{Delivery, Sink};

/// Told about deliveries, so that they become events.
pub trait Watcher: Send + Sync + 'static {
    /// Rows up to `last_seq` are in the receiver's hands.
    fn delivered(&self, rows: u64, last_seq: i64);
    /// A delivery failed, or a row was refused for good.
    fn failed(&self, why: &str);
}

/// Drains the outbox for ever; `nudge` says that there may be a new row.
pub async fn drain<S: Sink>(
    store: Store,
    sink: S,
    nudge: Arc<Notify>,
    watcher: Arc<dyn Watcher>,
    now: fn() -> i64,
) {
    let sink = Arc::new(std::sync::Mutex::new(sink));
    let mut wait = RETRY_MIN;
    loop {
        match step(&store, &sink, watcher.as_ref(), now).await {
            Step::More => wait = RETRY_MIN,
            Step::Empty => {
                wait = RETRY_MIN;
                // A row may wait for its recording, or for its next try; then no nudge comes.
                let _ = tokio::time::timeout(LOOK_AGAIN, nudge.notified()).await;
            }
            Step::Failed(reason) => {
                tracing::warn!(reason, "results could not be handed out, will be tried again");
                let _ = tokio::time::timeout(wait, std::future::pending::<()>()).await;
                wait = (wait * 2).min(RETRY_MAX);
            }
        }
    }
}

/// Delivers what is there, once; for an orderly shutdown and for tests.
///
/// # Errors
/// The reason, in words, when the sink or the store failed.
pub async fn flush<S: Sink>(
    store: &Store,
    sink: S,
    watcher: &dyn Watcher,
    now: fn() -> i64,
) -> Result<(), String> {
    let sink = Arc::new(std::sync::Mutex::new(sink));
    loop {
        match step(store, &sink, watcher, now).await {
            Step::More => {}
            Step::Empty => return Ok(()),
            Step::Failed(reason) => return Err(reason),
        }
    }
}

enum Step {
    More,
    Empty,
    Failed(String),
}

async fn step<S: Sink>(
    store: &Store,
    sink: &Arc<std::sync::Mutex<S>>,
    watcher: &dyn Watcher,
    now: fn() -> i64,
) -> Step {
    let rows = match store.outbox_due(now(), BATCH).await {
        Ok(rows) => rows,
        Err(error) => return Step::Failed(error.to_string()),
    };
    if rows.is_empty() {
        return Step::Empty;
    }
    let batch: Arc<[OutboxRow]> = rows.into();
    let (worker, held) = (Arc::clone(sink), Arc::clone(&batch));
    // Files are written and fsynced off the core task.
    let delivery = tokio::task::spawn_blocking(move || {
        worker.lock().map_or_else(|_| Delivery::Retry("sink is gone".into()), |mut sink| sink.deliver(&held))
    })
    .await
    .unwrap_or_else(|error| Delivery::Retry(error.to_string()));
    match delivery {
        Delivery::Accepted { to } => {
            if let Err(error) = store.outbox_ack_all(batch.iter().map(|row| row.seq).collect()).await {
                return Step::Failed(error.to_string());
            }
            tracing::debug!(rows = batch.len(), to, "results handed out");
            let last = batch.last().map_or(0, |row| row.seq);
            watcher.delivered(batch.len() as u64, last);
            Step::More
        }
        Delivery::Retry(reason) => {
            // The rows stay due; the wait is the worker's, so that trouble costs the database nothing.
            watcher.failed(&reason);
            Step::Failed(reason)
        }
        Delivery::Reject { seq, reason } => match store.outbox_dead(seq, &reason).await {
            Ok(()) => {
                watcher.failed(&reason);
                Step::More
            }
            Err(error) => Step::Failed(error.to_string()),
        },
    }
}

/// How long a row that was not due may lie.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Rows handed over at once.
const BATCH: u32 = 500;
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(60);
