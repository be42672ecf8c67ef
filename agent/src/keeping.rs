//! Keeps house: recordings as long as there is room for them (S4.32–S4.35), bins of lists for thirty days.
//!
//! Which recordings go is decided in the database, in one transaction: a hold that came before keeps its recording, one that
//! comes after is told that there is none. The row goes first and the file after it, and a crash between the two is made up
//! for at the next look.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use config::Config;
use protocol::Event;
use protocol::result::QuotaResult;
use store::{ExpireAt, RecordingRow, RecordingUsage, Store};

use crate::clock::{JumpWatch, Now, now};
use crate::control::EventHub;
use crate::off_thread::off_thread;
use crate::recordings;

/// How much is kept, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    quota: Option<u64>,
    max_age: Option<Duration>,
    /// Where recordings lie.
    folder: PathBuf,
}

impl Limits {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            quota: config.recording.quota,
            max_age: config.recording.max_age,
            folder: config.daemon.recordings_dir.clone(),
        }
    }

    /// What is kept, of how much, and how long that lasts: until the quota or the disk is full, whichever comes first.
    pub(crate) async fn forecast(&self, store: &Store, wall: i64) -> Result<QuotaResult, store::Error> {
        let usage = store.recording_usage(wall).await?;
        let folder = self.folder.clone();
        let free = off_thread(move || disk_free(&folder)).await.flatten();
        Ok(self.told(&usage, free))
    }

    fn told(&self, usage: &RecordingUsage, disk_free: Option<u64>) -> QuotaResult {
        let room = disk_free.map(|free| usage.bytes.saturating_add(free));
        let most = match (self.quota, room) {
            (Some(quota), Some(room)) => Some(quota.min(room)),
            (one, other) => one.or(other),
        };
        QuotaResult {
            count: usage.count,
            bytes: usage.bytes,
            duration_ms: usage.duration_ms,
            quota: self.quota,
            max_age_days: self.max_age.map(|age| age.as_secs() / DAY_S),
            over_quota: self.quota.is_some_and(|quota| usage.bytes > quota),
            disk_free,
            held_bytes: usage.held_bytes,
            unsynced_bytes: usage.unsynced_bytes,
            unsealed_bytes: usage.unsealed_bytes,
            removable_bytes: usage.removable_bytes,
            oldest_at: usage.oldest_at,
            hours_left: most.and_then(|most| usage.hours_left(most)),
            days_left: most.and_then(|most| usage.days_left(most)),
        }
    }

    /// Bytes to be freed, and the moment before which everything goes.
    fn excess(&self, usage: &RecordingUsage, wall: i64) -> (u64, Option<i64>) {
        let bytes = match self.quota {
            // A twentieth more than needed: not one by one, each with its line in the log.
            Some(quota) if usage.bytes > quota => usage.bytes - quota / 20 * 19,
            _ => 0,
        };
        let age = self.max_age.and_then(|age| i64::try_from(age.as_millis()).ok());
        (bytes, age.map(|age| wall - age))
    }
}

/// Whether the wall clock may be trusted with what goes by age and for good. One that ran ahead by more than a day may be wrong: nothing
/// goes for an hour, in which it may be set right. A machine that slept for days waits that hour too.
#[derive(Debug)]
struct Doubt {
    watch: JumpWatch,
    until: Option<Instant>,
}

impl Doubt {
    const fn new(now: Now) -> Self {
        Self { watch: JumpWatch::new(now), until: None }
    }

    fn holds(&mut self, now: Now) -> bool {
        if let Some(jump) = self.watch.jumped(now).filter(|jump| *jump > DAY) {
            tracing::warn!(
                hours = jump.as_secs() / 3_600,
                "the clock ran ahead; nothing is deleted by its age for an hour"
            );
            self.until = now.mono.checked_add(HOUR);
        }
        self.until.is_some_and(|until| now.mono < until)
    }
}

/// What the last look found, and word that there is something new to look at.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    seen: Mutex<Option<QuotaResult>>,
    news: AtomicBool,
}

impl Kept {
    /// A recording came to an end.
    pub(crate) fn changed(&self) {
        self.news.store(true, Ordering::Relaxed);
    }

    /// The last look; `None` before the first.
    pub(crate) fn seen(&self) -> Option<QuotaResult> {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<QuotaResult>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks after recordings and bins until the daemon ends: soon after the start, each minute in which something was recorded,
/// and each hour.
pub(crate) async fn keep(store: Store, hub: Arc<EventHub>, limits: Limits, kept: Arc<Kept>) {
    let mut hour: Option<i64> = None;
    let mut doubt = Doubt::new(now());
    kept.changed();
    pause(FIRST).await;
    loop {
        let now = now();
        let (wall, doubted) = (now.wall, doubt.holds(now));
        let hourly = hour.is_none_or(|hour| wall - hour >= HOUR_MS || wall < hour);
        let due = kept.news.swap(false, Ordering::Relaxed) || hourly;
        if due && let Err(error) = look(&store, &hub, &limits, &kept, (wall, doubted)).await {
            kept.changed();
            tracing::warn!(%error, "recordings could not be looked after; they are again in a minute");
        }
        if hour.is_none() {
            match store.mend_owners().await {
                Ok(0) => {}
                Ok(mended) => tracing::warn!(
                    mended,
                    "leads showed another owner than their number has; they show it now"
                ),
                Err(error) => tracing::warn!(%error, "the owners of leads could not be looked at"),
            }
        }
        if hourly {
            hour = Some(wall);
        }
        if hourly && !doubted {
            match store.purge_lists(wall).await {
                Ok(0) => {}
                Ok(gone) => tracing::info!(gone, "emptied the bins of lists of what was deleted 30 days ago"),
                Err(error) => tracing::warn!(%error, "the bins of lists could not be emptied"),
            }
            match contacts(&store, wall).await {
                Ok(0) => {}
                Ok(gone) => {
                    tracing::info!(gone, "emptied the bin of contacts of what was deleted 30 days ago")
                }
                Err(error) => tracing::warn!(%error, "the bin of contacts could not be emptied"),
            }
        }
        pause(MINUTE).await;
    }
}

/// Removes contacts that were deleted 30 days ago (S0.3), and lets go of categories whose deletion a stop interrupted.
async fn contacts(store: &Store, wall: i64) -> Result<u64, store::Error> {
    store.categories_unlink().await?;
    store.contacts_purge(wall).await
}

async fn look(
    store: &Store,
    hub: &EventHub,
    limits: &Limits,
    kept: &Kept,
    (wall, doubted): (i64, bool),
) -> Result<(), store::Error> {
    remove_expired(store, limits, wall).await?;
    let usage = store.recording_usage(wall).await?;
    let (mut bytes, older_than) = limits.excess(&usage, wall);
    let older_than = older_than.filter(|_| !doubted);
    let mut gone = Gone::default();
    let mut next = Some(ExpireAt::default());
    while let Some(at) = next.filter(|_| bytes > 0 || older_than.is_some()) {
        let (expired, behind) = store.expire_recordings(bytes, older_than, at, BATCH, wall).await?;
        if !expired.is_empty() {
            remove_expired(store, limits, wall).await?;
        }
        bytes = bytes.saturating_sub(gone.add(&expired));
        next = behind;
    }
    let was_over = kept.seen().is_some_and(|seen| seen.over_quota);
    let told = limits.forecast(store, wall).await?;
    *kept.lock() = Some(told);
    if gone.count > 0 {
        tracing::info!(
            count = gone.count,
            bytes = gone.bytes,
            kept = told.bytes,
            "deleted the oldest recordings"
        );
        hub.publish_at(
            Event::RecordingExpired {
                count: gone.count,
                bytes: gone.bytes,
                oldest_at: gone.oldest_at,
                newest_at: gone.newest_at,
                kept_bytes: told.bytes,
                quota: told.quota,
            },
            wall,
        );
    }
    if told.over_quota && !was_over {
        tracing::warn!(
            bytes = told.bytes,
            quota = told.quota,
            held = told.held_bytes,
            unsynced = told.unsynced_bytes,
            unsealed = told.unsealed_bytes,
            "more recordings are kept than the quota allows: what is left is on hold, has not left the box or is of calls not saved yet"
        );
        hub.publish_at(
            Event::RecordingFull {
                bytes: told.bytes,
                quota: told.quota.unwrap_or_default(),
                held_bytes: told.held_bytes,
                unsynced_bytes: told.unsynced_bytes,
                unsealed_bytes: told.unsealed_bytes,
            },
            wall,
        );
    }
    Ok(())
}

/// What one look deleted.
#[derive(Default)]
struct Gone {
    count: u64,
    bytes: u64,
    oldest_at: i64,
    newest_at: i64,
}

impl Gone {
    /// Returns how many bytes these were.
    fn add(&mut self, expired: &[RecordingRow]) -> u64 {
        let bytes = expired.iter().filter_map(|row| row.bytes).sum();
        if let (Some(first), Some(last)) = (expired.first(), expired.last()) {
            if self.count == 0 {
                self.oldest_at = first.opened_at;
            }
            self.newest_at = last.opened_at;
        }
        self.count += expired.len() as u64;
        self.bytes += bytes;
        bytes
    }
}

/// Removes the files of expired recordings, those included that an earlier run left.
pub(crate) async fn remove_expired(store: &Store, limits: &Limits, wall: i64) -> Result<(), store::Error> {
    loop {
        let files = store.recordings_to_remove(BATCH).await?;
        if files.is_empty() {
            return Ok(());
        }
        let (all, folder) = (files.len(), limits.folder.clone());
        let removed = off_thread(move || remove(files, &folder, wall)).await;
        // Only a runtime that ends refuses.
        let removed = removed.unwrap_or_default();
        let some_stay = removed.len() < all;
        store.recordings_removed(removed, wall).await?;
        if some_stay {
            return Ok(());
        }
    }
}

/// Removes files, and the folders that are empty then; returns which are gone.
pub(crate) fn remove(files: Vec<(i64, PathBuf)>, folder: &Path, wall: i64) -> Vec<i64> {
    let today = recordings::file(folder, store::AttemptId(0), wall);
    let mut removed = Vec::with_capacity(files.len());
    for (id, path) in files {
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "an expired recording could not be removed");
                continue;
            }
        }
        removed.push(id);
        // Folders of the day and the month, once they are empty; not where a call may begin a recording now.
        let day = path.parent().filter(|day| day.starts_with(folder) && Some(*day) != today.parent());
        if let Some(day) = day
            && std::fs::remove_dir(day).is_ok()
            && let Some(month) = day.parent().filter(|month| *month != folder && !today.starts_with(month))
        {
            // Other days may be left in it.
            let _ = std::fs::remove_dir(month);
        }
    }
    removed
}

/// Room on the disk of a folder for who is not root, bytes; `None` where the system does not tell.
fn disk_free(folder: &Path) -> Option<u64> {
    let figures = rustix::fs::statvfs(folder).ok()?;
    Some(figures.f_bavail.saturating_mul(figures.f_frsize))
}

pub(crate) async fn pause(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the daemon's own pace, no part of a core")]
    tokio::time::sleep(time).await;
}

/// When the accounts are registered and the seats are open.
const FIRST: Duration = Duration::from_secs(4);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const HOUR_MS: i64 = 3_600_000;
const DAY: Duration = Duration::from_secs(DAY_S);
const DAY_S: u64 = 86_400;
/// Recordings marked in one commit, and files removed at once.
const BATCH: u32 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(quota: Option<u64>, days: Option<u64>) -> Limits {
        let max_age = days.map(|days| Duration::from_secs(days * DAY_S));
        Limits { quota, max_age, folder: PathBuf::from("/r") }
    }

    /// S4.32, S4.35: by capacity, and by age where set.
    #[test]
    fn what_is_too_much_follows_from_the_settings() {
        let usage = RecordingUsage { bytes: 1_000, ..RecordingUsage::default() };
        assert_eq!(limits(None, None).excess(&usage, 9), (0, None));
        assert_eq!(limits(Some(1_000), None).excess(&usage, 9), (0, None), "full is not too much");
        assert_eq!(limits(Some(900), None).excess(&usage, 9), (145, None), "down to 855");
        assert_eq!(limits(Some(1_000), Some(1)).excess(&usage, 86_400_009), (0, Some(9)));
    }

    /// S1.27, S4.32: a clock that jumped by more than a day is not believed for an hour.
    #[test]
    fn nothing_goes_by_age_when_the_clock_ran_ahead() {
        let start = now();
        let at = |mono: u64, ahead: Duration| {
            let mono = Duration::from_secs(mono);
            let wall = i64::try_from((mono + ahead).as_millis()).unwrap();
            Now { mono: start.mono + mono, wall: start.wall + wall }
        };
        let mut doubt = Doubt::new(start);
        assert!(!doubt.holds(at(60, Duration::ZERO)));
        assert!(!doubt.holds(at(120, HOUR * 9)), "a night's sleep, or a time zone");
        let ahead = DAY * 400;
        assert!(doubt.holds(at(180, ahead)));
        assert!(doubt.holds(at(180 + 3_540, ahead)));
        assert!(!doubt.holds(at(180 + 3_600, ahead)), "it stayed: it is right");
        assert!(!doubt.holds(at(180 + 3_660, Duration::ZERO)), "set back, nothing is old");
    }

    /// S4.34: the forecast ends where the quota or the disk does.
    #[test]
    fn the_forecast_knows_the_disk() {
        let hour = RecordingUsage { bytes: 7_200_000, duration_ms: 3_600_000, ..RecordingUsage::default() };
        let told = |quota, free| limits(quota, None).told(&hour, free);
        assert_eq!(told(Some(72_000_000), None).hours_left, Some(9));
        assert_eq!(told(Some(72_000_000), Some(14_400_000)).hours_left, Some(2));
        assert_eq!(told(None, Some(14_400_000)).hours_left, Some(2));
        assert_eq!(told(None, None).hours_left, None);
        assert!(told(Some(1), None).over_quota && !told(None, None).over_quota);
    }

    #[test]
    fn files_go_with_their_empty_folders_and_missing_ones_count_as_gone() {
        let dir = tempfile::tempdir().unwrap();
        let wall = 1_795_222_800_000;
        let old = recordings::file(dir.path(), store::AttemptId(1), wall - 40 * 86_400_000);
        let beside = old.with_file_name("other.opus");
        let today = recordings::file(dir.path(), store::AttemptId(2), wall);
        for file in [&old, &beside, &today] {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "x").unwrap();
        }
        assert_eq!(remove(vec![(1, old.clone()), (9, dir.path().join("gone"))], dir.path(), wall), [1, 9]);
        assert!(!old.exists() && beside.exists());
        assert_eq!(remove(vec![(2, beside), (3, today.clone())], dir.path(), wall), [2, 3]);
        assert!(!old.parent().unwrap().parent().unwrap().exists(), "the month is empty");
        assert!(today.parent().unwrap().exists(), "a call may begin there now");
        assert!(dir.path().exists());
    }
}
