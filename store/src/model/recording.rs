//! Recordings that are kept: which, how much, for how long.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::people::Actor;
use super::word::RecordingState;
use crate::id::{AttemptId, ListId, UserId};

/// A stretch of a recording that holds silence because somebody paused it. Its place in the file, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PausedSpan {
    /// Where it begins.
    pub from_ms: u64,
    /// Where it ends; `None`: it lasts, or lasted to the end of the recording.
    pub to_ms: Option<u64>,
}

/// The recording of a running call was paused, or goes on.
#[derive(Clone, Debug)]
pub struct RecordingPause {
    /// The call.
    pub attempt: AttemptId,
    /// Every stretch so far, in order; the last one without an end means that it is paused now.
    pub spans: Vec<PausedSpan>,
    /// Who wanted it.
    pub by: Actor,
    /// UTC milliseconds.
    pub now: i64,
}

/// Which recordings to read, newest first.
#[derive(Clone, Debug, Default)]
pub struct RecordingQuery {
    /// Begun at or after, UTC milliseconds.
    pub from: Option<i64>,
    /// Begun before, UTC milliseconds.
    pub to: Option<i64>,
    /// Only this list's.
    pub list: Option<ListId>,
    /// Only this operator's.
    pub user: Option<UserId>,
    /// Only this call's.
    pub attempt: Option<AttemptId>,
    /// Only those on hold, or not.
    pub hold: Option<bool>,
    /// Also those whose file is gone: discarded, expired, failed.
    pub include_gone: bool,
    /// Oldest first, as an export needs them.
    pub oldest_first: bool,
    /// Continue behind this one, by [`RecordingRow::id`].
    pub after: Option<(i64, i64)>,
    /// At most this many; 0 means 100, never more than 1000.
    pub limit: u32,
}

/// A recording and its call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordingRow {
    /// Number of its row.
    pub id: i64,
    /// The call.
    pub attempt: AttemptId,
    /// The file.
    pub path: PathBuf,
    /// Where it stands.
    pub state: RecordingState,
    /// Size.
    pub bytes: Option<u64>,
    /// Length.
    pub duration_ms: Option<u64>,
    /// Checksum, lower-case hexadecimal.
    pub sha256: Option<String>,
    /// When it began, UTC milliseconds.
    pub opened_at: i64,
    /// Kept whatever the quota says.
    pub hold: bool,
    /// Why.
    pub hold_reason: Option<String>,
    /// When it was exported last, UTC milliseconds.
    pub exported_at: Option<i64>,
    /// Its result has left the box (S4.33: what has not is not deleted).
    pub synced: bool,
    /// E.164, whole: mind where it goes.
    pub phone: Option<String>,
    /// Company at the time of the call.
    pub company: Option<String>,
    /// Person at the time of the call.
    pub person: Option<String>,
    /// Login of the operator.
    pub login: Option<String>,
    /// Name of the list at the time of the call.
    pub list_name: Option<String>,
    /// Label of the result.
    pub status_label: Option<String>,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RecordingUsage {
    /// Recordings with a file.
    pub count: u64,
    /// Their size.
    pub bytes: u64,
    /// Their length, milliseconds.
    pub duration_ms: u64,
    /// Size of those on hold.
    pub held_bytes: u64,
    /// Size of those whose result has not left the box.
    pub unsynced_bytes: u64,
    /// Size of those whose call is not sealed.
    pub unsealed_bytes: u64,
    /// Size of those that are none of this, and go when room is needed (S4.33).
    pub removable_bytes: u64,
    /// Begin of the oldest, UTC milliseconds.
    pub oldest_at: Option<i64>,
    /// Size of those of the last seven days.
    pub week_bytes: u64,
    /// Length of those of the last seven days, milliseconds.
    pub week_ms: u64,
    /// How many days those are of: 1 to 7, from the oldest on; 0 before the first.
    pub week_days: u64,
}

impl RecordingUsage {
    /// Hours of talk that still fit into `quota` bytes, at the size an hour takes now (S4.34); `None` before the first.
    #[must_use]
    pub fn hours_left(&self, quota: u64) -> Option<u64> {
        let (bytes, ms) =
            if self.week_ms > 0 { (self.week_bytes, self.week_ms) } else { (self.bytes, self.duration_ms) };
        let left = u128::from(quota.saturating_sub(self.bytes));
        let hours = (left * u128::from(ms)).checked_div(u128::from(bytes) * 3_600_000)?;
        Some(u64::try_from(hours).unwrap_or(u64::MAX))
    }

    /// Days until `quota` bytes are full if the next ones are like the last seven, or as many as there were; `None` without calls in them.
    #[must_use]
    pub fn days_left(&self, quota: u64) -> Option<u64> {
        (quota.saturating_sub(self.bytes)).saturating_mul(self.week_days).checked_div(self.week_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S4.34: 50 GB at 16 kbit/s are some 7,000 hours.
    #[test]
    fn what_is_left_is_told_in_hours_and_days() {
        // One hour of 7.2 MB in the last week.
        let usage = RecordingUsage {
            bytes: 7_200_000,
            duration_ms: 3_600_000,
            week_bytes: 7_200_000,
            week_ms: 3_600_000,
            week_days: 7,
            ..RecordingUsage::default()
        };
        assert_eq!(usage.hours_left(50_000_000_000), Some(6_943));
        assert_eq!(usage.days_left(50_000_000_000), Some(48_604));
        assert_eq!(usage.hours_left(1), Some(0));
        assert_eq!(RecordingUsage::default().hours_left(1), None);
        assert_eq!(RecordingUsage::default().days_left(1), None);
    }
}
