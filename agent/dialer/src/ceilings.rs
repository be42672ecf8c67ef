//! Limits that no configuration raises: the law's and the terminal regulation's.

use std::time::Duration;

/// Longest time from INVITE to CANCEL without an answer (端末設備等規則 32条の3: two minutes).
pub const RING_TIMEOUT_MAX: Duration = Duration::from_secs(120);

/// Shortest time between two automatic calls to one number (same article: a repeat within three minutes counts).
pub const REPEAT_GAP_MIN: Duration = Duration::from_secs(180);

/// Most automatic calls to one number in a day (same article: fifteen repeats).
pub const REPEATS_PER_DAY_MAX: u32 = 15;

/// Earliest minute of the day (JST) at which any calling window may open: 08:00.
pub const WINDOW_FROM_MIN: u16 = 8 * 60;

/// Latest minute of the day (JST) at which any calling window may close: 21:00.
pub const WINDOW_TO_MAX: u16 = 21 * 60;

/// Void attempts in a row after which the dialing session pauses by itself: the trunk is at fault, not the leads.
pub const VOIDS_BEFORE_PAUSE: u32 = 3;
