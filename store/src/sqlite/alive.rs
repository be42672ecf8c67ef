//! Until when the last daemon is known to have run: what a call is believed that nobody saw end.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// The lock file. What stands in it is overwritten in place, so that a full disk takes it too, and is not made durable: after a power
/// cut an older time stands there, and a call under way then counts as shorter by that, never as longer.
pub(super) struct Alive {
    lock: File,
    last: LastAlive,
}

/// UTC milliseconds; `None` where no daemon wrote it down.
#[derive(Clone, Copy)]
pub(super) struct LastAlive(Option<i64>);

impl Alive {
    /// Reads what the last daemon left; the lock is held as long as this lives.
    pub(super) fn of(lock: File) -> Self {
        let mut text = [0; WIDTH];
        let last = match lock.read_exact_at(&mut text, 0) {
            Ok(()) => str::from_utf8(&text).ok().and_then(|text| text.trim().parse().ok()),
            Err(_) => None,
        };
        Self { lock, last: LastAlive(last) }
    }

    /// What stood there when the store was opened.
    pub(super) fn last(&self) -> LastAlive {
        self.last
    }

    pub(super) fn write(&self, now: i64) {
        let text = format!("{now:<width$}\n", width = WIDTH - 1);
        if let Err(error) = self.lock.write_all_at(text.as_bytes(), 0) {
            tracing::debug!(%error, "it is not written down that calls go on");
        }
    }
}

impl LastAlive {
    /// When a call ended that began at `from` and was under way when the last daemon died; `now` where that is not known.
    pub(super) fn end_of(self, from: i64, now: i64) -> i64 {
        self.0.map_or(now, |alive| alive.min(now)).max(from)
    }
}

/// Digits of an `i64`, its sign and a line's end.
const WIDTH: usize = 21;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_bounds_a_call_that_nobody_saw_end() {
        let file = tempfile::tempfile().unwrap();
        let alive = Alive::of(file.try_clone().unwrap());
        assert_eq!(alive.last().end_of(1_000, 9_000), 9_000, "not known");
        alive.write(5_000);
        alive.write(-1);
        alive.write(4_000);
        let alive = Alive::of(file).last();
        assert_eq!(alive.end_of(1_000, 9_000), 4_000);
        assert_eq!(alive.end_of(4_500, 9_000), 4_500, "it began after that");
        assert_eq!(alive.end_of(1_000, 3_000), 3_000, "a clock put back");
    }

    #[test]
    fn what_is_no_time_is_not_known() {
        for bytes in [
            &b""[..],
            b"123",
            b"not a number here....\n",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            let file = tempfile::tempfile().unwrap();
            file.write_all_at(bytes, 0).unwrap();
            assert_eq!(Alive::of(file).last().end_of(1, 2), 2);
        }
    }
}
