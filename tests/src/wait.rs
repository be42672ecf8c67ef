//! Level-triggered waits: a condition is looked at until it holds or the deadline is there.
//!
//! Nothing here waits for an edge, so a test cannot miss what happened before it began to look.
#![expect(clippy::disallowed_methods, reason = "end-to-end tests watch other processes on the real clock")]

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const STEP: Duration = Duration::from_millis(10);

/// Waits until `condition` yields something, and returns it.
///
/// # Panics
/// When `limit` is over; the message names `what`.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    match within(limit, &mut condition) {
        Some(value) => value,
        None => panic!("waited {limit:?} in vain for {what}"),
    }
}

/// Waits until `condition` holds.
///
/// # Panics
/// When `limit` is over; the message names `what`.
#[track_caller]
pub fn until_true(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    until(what, limit, || condition().then_some(()));
}

/// What `condition` yields within `limit`, or nothing.
pub fn within<T>(limit: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(STEP);
    }
}

/// Like [`within`], but only time in which nobody is `busy` counts, up to twelve times `limit` in all: a process
/// that waits for a processor or a disk has not fallen silent.
pub fn patiently<T>(
    limit: Duration,
    mut busy: impl FnMut() -> bool,
    mut condition: impl FnMut() -> Option<T>,
) -> Option<T> {
    let (start, mut idle, mut looked) = (Instant::now(), Duration::ZERO, Instant::now());
    loop {
        if let Some(value) = condition() {
            return Some(value);
        }
        if idle >= limit || start.elapsed() >= limit * PATIENCE {
            return None;
        }
        std::thread::sleep(STEP);
        let now = Instant::now();
        if !busy() {
            // A look that came late says nothing of the time between.
            idle += (now - looked).min(STEP * 2);
        }
        looked = now;
    }
}

/// How much longer than its limit a patient wait may take.
const PATIENCE: u32 = 12;

/// Lets real time pass: only for what has no observable end, such as a stretch of talk.
pub fn pass(time: Duration) {
    std::thread::sleep(time);
}

/// Runs `work` and says how long it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let from = Instant::now();
    let value = work();
    (value, from.elapsed())
}
