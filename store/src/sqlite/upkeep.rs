//! What is done in pauses of the calls.
//!
//! Leads that claims stepped over are written down, a few at a time. And the log is moved into the database: off every call's path as
//! long as there is a quiet moment, and in any case before it is so long that every read has to search it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{SqliteBackend, exec, log, open, stepped};
use crate::backend::Upkeep;
use crate::error::Doing;

impl Upkeep for SqliteBackend {
    fn upkeep_after(&self) -> Option<Duration> {
        let log = self.log_after();
        match self.stepped.is_empty() {
            true => log,
            false => Some(log.map_or(PAUSE, |after| after.min(PAUSE))),
        }
    }

    fn upkeep(&mut self, quiet: Duration) {
        if quiet >= PAUSE {
            self.write_stepped();
        }
        if self.log_after().is_some_and(|after| quiet >= after) {
            self.keep_log(quiet);
        }
    }
}

impl SqliteBackend {
    /// Writes down a few of the leads that claims stepped over.
    fn write_stepped(&mut self) {
        let marks = self.stepped.take(None);
        if marks.is_empty() {
            return;
        }
        let doing = "put leads off";
        if let Err(error) = self.transact(doing, |db, _| stepped::write(db, &marks).doing(doing)) {
            tracing::warn!(%error, "leads that were stepped over are looked at again");
            self.stepped.forget();
        }
    }

    fn log_after(&self) -> Option<Duration> {
        let frames = self.log_frames.load(Ordering::Relaxed);
        // Fewer than at the last try: the log has begun anew.
        let since = if frames < self.log_tried { frames } else { frames - self.log_tried };
        // An import has a thread for it, and so has a change of many leads; one that nobody goes on with leaves its connection, and the
        // log is moved here after all.
        match self.loader.is_some() || self.bulk.is_some() {
            true if self.loader.is_none() && since >= 2 * URGENT_FRAMES => Some(Duration::ZERO),
            false if since >= URGENT_FRAMES => Some(Duration::ZERO),
            false if since >= ROOM_FRAMES => Some(PAUSE),
            _ if frames >= UPKEEP_FRAMES || !self.log_has_room => Some(QUIET),
            _ => None,
        }
    }

    fn keep_log(&mut self, quiet: Duration) {
        let at_leisure = quiet >= QUIET;
        if at_leisure
            && !std::mem::replace(&mut self.log_has_room, true)
            && let Some(Err(error)) = self.db.path().map(|path| log::make_room(path.as_ref()))
        {
            // A full disk, perhaps: SQLite makes the file longer itself, as far as it can.
            tracing::debug!(%error, "no room was made in the log");
        }
        if self.log_frames.load(Ordering::Relaxed) < UPKEEP_FRAMES {
            return;
        }
        if let Err(error) = self.checkpoint() {
            tracing::warn!(%error, "checkpoint failed; the log keeps growing until one succeeds");
            // Not again before more is written, or a full disk would make this loop.
            self.log_frames.store(0, Ordering::Relaxed);
        }
        self.log_tried = self.log_frames.load(Ordering::Relaxed);
        // Cut in a quiet moment: SQLite's own limit cuts the log in the commit of whoever comes next, for some 50 ms, and then it
        // is made longer again, each time behind the file system's journal.
        if at_leisure && self.db.path().is_some_and(|path| log::length(path.as_ref()) > log::LONGEST) {
            if let Err(error) = self.cut_log() {
                tracing::debug!(%error, "the log was not cut");
            }
            self.log_has_room = false;
        }
    }

    /// Moves what is in the log, and begins a new one unless somebody still reads from this one.
    ///
    /// The first write into a new log syncs its header besides the commit. That write is made here, so that a call's
    /// commit never pays for it.
    pub(super) fn checkpoint(&mut self) -> rusqlite::Result<()> {
        let moved = self.db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            let (busy, frames, moved): (bool, i32, i32) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(!busy && frames == moved)
        })?;
        if moved {
            self.log_frames.store(0, Ordering::Relaxed);
            exec(&self.db, "UPDATE meta SET value = value + 1 WHERE key = 'checkpoints'", [])?;
        }
        Ok(())
    }

    /// Makes the log short, unless somebody reads from it, and begins a new one, so that no call does.
    fn cut_log(&mut self) -> rusqlite::Result<()> {
        // A long read is not waited for: calls would wait too.
        self.db.busy_timeout(Duration::ZERO)?;
        let cut = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.db.busy_timeout(open::BUSY_TIMEOUT)?;
        cut.and_then(|()| self.checkpoint())
    }
}

/// A quiet moment.
const QUIET: Duration = Duration::from_millis(200);
/// A pause between two writes where there is no quiet moment: while somebody is in wrap-up the save that may come is gone through every 40 ms (ADR
/// 0008), so that on a box with many seats none comes for hours.
const PAUSE: Duration = Duration::from_millis(20);
/// Frames (4 KiB each) in the log that are moved in a quiet moment: 1 MiB.
const UPKEEP_FRAMES: i32 = 256;
/// Frames that are moved in a pause: nearly what there is room for, so that no commit makes the file longer.
const ROOM_FRAMES: i32 = 480;
/// Frames that are moved in any case, before the next job: 16 MiB. Whoever reads looks through the index of the log in pieces of this
/// size, one after the other, and the log would grow with the day.
const URGENT_FRAMES: i32 = 4_096;

#[cfg(test)]
mod tests {
    use super::super::tests::World;
    use super::*;

    #[test]
    fn the_longer_the_log_the_less_it_waits() {
        let mut world = World::new(10);
        world.db.upkeep(QUIET);
        world.db.checkpoint().unwrap();
        assert_eq!(world.db.upkeep_after(), None);
        let frames = world.db.log_frames.clone();
        for (count, after) in [(300, Some(QUIET)), (500, Some(PAUSE)), (5_000, Some(Duration::ZERO))] {
            frames.store(count, Ordering::Relaxed);
            assert_eq!(world.db.upkeep_after(), after, "{count} frames");
        }
        world.db.upkeep(Duration::ZERO);
        assert_eq!(world.db.upkeep_after(), None, "it is moved");
    }

    #[test]
    fn a_log_that_somebody_reads_from_is_not_tried_again_and_again() {
        let mut world = World::new(10);
        world.db.upkeep(QUIET);
        let reader = rusqlite::Connection::open(&world.path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM leads;").unwrap();
        let frames = world.db.log_frames.clone();
        while frames.load(Ordering::Relaxed) < URGENT_FRAMES {
            exec(&world.db.db, "UPDATE leads SET company = hex(randomblob(20000))", []).unwrap();
        }
        assert_eq!(world.db.upkeep_after(), Some(Duration::ZERO));
        world.db.upkeep(Duration::ZERO);
        assert_eq!(world.db.upkeep_after(), Some(QUIET), "the reader is there still");
        reader.execute_batch("COMMIT").unwrap();
        world.db.upkeep(QUIET);
        assert_eq!(world.db.upkeep_after(), None);
    }
}
