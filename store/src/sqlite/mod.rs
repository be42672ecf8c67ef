//! The store in one SQLite file: write-ahead log, `synchronous=FULL`, one writer.
//!
//! Every verb is a short function in the module of its noun; this module owns the connection and the transaction.

mod advance;
mod alive;
mod amend;
mod assignments;
mod attempt_ids;
mod attempts;
mod audit_log;
mod backup;
mod before;
mod beside;
mod bin;
mod bulk;
mod carried;
mod carried_leads;
mod check;
mod checks;
mod conditions;
mod contacts;
mod counted;
mod dispositions;
mod dnc;
mod dnc_import;
mod due;
mod fresh;
mod given_over;
mod hand_over;
mod hand_overs;
mod history;
mod history_words;
mod in_bin;
mod journal;
mod last_call;
mod lead_call;
mod lead_changes;
mod lead_edit;
mod lead_fields;
mod lead_new;
mod lead_numbers;
mod lead_owners;
mod lead_rows;
mod leads;
mod left_uids;
mod list_edit;
mod list_verbs;
mod lists;
mod log;
mod look;
mod mend;
mod migrate;
mod name;
mod name_keys;
mod notes;
mod office;
mod open;
mod outbox;
mod own_files;
mod people;
mod place;
mod projects;
mod recall;
mod recordings;
mod recover;
mod restore;
mod rests;
mod retention;
mod salvage;
mod saves;
mod staging;
mod stats;
mod stepped;
mod tally;
mod tasks;
mod trial;
mod turns;
mod typed;
mod upkeep;
mod users;
mod view;
mod why;
mod writing;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI32;

use rusqlite::{Connection, OptionalExtension, Params, Row};

use crate::backend::{Backend, Reader};
use crate::changes::Changes;
use crate::error::{Doing, Result};
use crate::id::{AttemptId, ImportId, ListId, ProjectId, UserId};
use crate::import::Profiles;
use crate::model::{
    Actor, Advance, Advanced, Arrived, AttemptEnd, AttemptProgress, AttemptRow, Claimed, ContactInfo,
    DialRules, DispositionInfo, HistoryQuery, IncomingCall, LeadRow, ListInfo, ListQuery, ListSpec,
    ManualCall, OpenResults, OutboxRow, ProjectInfo, RecordingFacts, RecordingState, Recovery, Role, Save,
    Saved, Sealed, Stats, StatsQuery, StatusCount, Target, UserInfo, WhyAnswer, WhyContext, WhyQuery,
};
use crate::progress::Progress;
use crate::staging::{ImportStart, NumberRow, Placed, StageCounts, StagePolicy, StagedRow};

pub(crate) use backup::backup;
pub(crate) use bin::BinAt;
pub use carried::{Carried, Part};
pub(crate) use contacts::UnlinkAt;
pub use dispositions::forbids;
pub(crate) use dnc_import::may_undo_dnc;
pub(crate) use given_over::{Given, GivenAt};
pub(crate) use hand_over::{HandOverAt, Handing};
pub(crate) use in_bin::InBin;
pub(crate) use journal::may_undo;
pub(crate) use lead_changes::PART;
pub(crate) use look::look;
#[cfg(test)]
pub(crate) use open::open_reader;
pub(crate) use open::{open, open_to_read};
pub(crate) use own_files::is_own;
pub(crate) use place::Place;
pub use restore::{Restored, restore, restore_told};
pub(crate) use rests::left_behind;
pub use retention::ExpireAt;
pub(crate) use staging::{HasNames, Known, Reached};
pub(crate) use trial::{Folder, Trial};

use alive::Alive;
use audit_log::audit_by;
use backup::damaged;
use writing::Writing;

/// The writing connection and what belongs to it.
pub(crate) struct SqliteBackend {
    db: Connection,
    box_id: String,
    /// The connection of running imports.
    loader: Option<staging::Loader>,
    /// The connection of a change of many leads.
    bulk: Option<beside::Beside>,
    /// The disk work of the last import or change, which may still be ending.
    flusher: Option<staging::Flusher>,
    /// Frames in the log after the last commit; written by SQLite's hook.
    log_frames: Arc<AtomicI32>,
    /// Leads that commits change, for the list view.
    changes: Changes,
    /// Leads of which it is known that they are not dialed now, and not written.
    stepped: stepped::Stepped,
    /// By which what is typed is judged as files are.
    profiles: Arc<Profiles>,
    /// Where recordings lie.
    place: Place,
    /// Frames in the log when it was last tried to move them.
    log_tried: i32,
    /// Whether the log's file was made long enough, which is done in the first quiet moment.
    log_has_room: bool,
    /// The database itself, to wait for the disk with. Closing it would drop the locks of every connection of this process
    /// (fcntl(2), advisory record locks), so it is closed after them.
    file: Arc<File>,
    /// Held while the store is open: one daemon per database.
    alive: Alive,
}

/// A read-only connection.
pub(crate) struct SqliteReader {
    db: Connection,
    views: view::Views,
    /// How far what it reads is.
    progress: Progress,
}

impl SqliteBackend {
    /// Runs `work` in one immediate transaction: all of it is on disk when this returns, or none.
    fn transact<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Connection, &str) -> Result<T>,
    ) -> Result<T> {
        let writing = Writing::begin(&self.db).doing(doing)?;
        let result =
            work(&self.db, &self.box_id).and_then(|value| writing.commit().doing(doing).map(|()| value));
        match result.is_ok() {
            true => self.changes.commit(),
            false => self.changes.rollback(),
        }
        result
    }

    /// What the list view has to know of writes.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }
}

impl Backend for SqliteBackend {
    fn recover(&mut self, now: i64) -> Result<Recovery> {
        recover::recover(self, now)
    }

    fn alive(&mut self, now: i64) -> Result<()> {
        let sql = "SELECT 1 FROM attempts WHERE box_id = ?1 AND sealed_at IS NULL AND dialed_at IS NOT NULL AND ended_at IS NULL
                   LIMIT 1";
        if one(&self.db, sql, [&self.box_id], |_| Ok(())).doing("look for calls under way")?.is_some() {
            self.alive.write(now);
        }
        Ok(())
    }

    fn begun_empty(&mut self) -> Result<Option<i64>> {
        fresh::begun_empty(&self.db).doing("look how it was begun")
    }

    fn accept_empty(&mut self, by: Actor, now: i64) -> Result<()> {
        self.transact("accept the empty database", |db, _| fresh::accept(db, by, now))
    }

    fn reserve_event_seq(&mut self, block: u64) -> Result<u64> {
        self.transact("reserve event numbers", |db, _| {
            let block = i64::try_from(block).unwrap_or(i64::MAX);
            let next: i64 = one(db, "SELECT value FROM meta WHERE key = 'next_event_seq'", [], |r| r.get(0))
                .doing("reserve event numbers")?
                .unwrap_or(1);
            exec(
                db,
                "INSERT INTO meta (key, value) VALUES ('next_event_seq', ?1)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [next.saturating_add(block)],
            )
            .doing("reserve event numbers")?;
            Ok(next.unsigned_abs())
        })
    }

    fn ping(&mut self) -> Result<()> {
        one(&self.db, "SELECT value FROM meta LIMIT 1", [], |_| Ok(())).doing("ping").map(|_| ())
    }

    fn probe(&mut self) -> Result<()> {
        exec(&self.db, "UPDATE meta SET value = value + 1 WHERE key = 'checkpoints'", [])
            .doing("probe the disk")
            .map(|_| ())
    }

    fn ensure_user(&mut self, login: &str, name: &str, role: Role, now: i64) -> Result<UserId> {
        self.transact("ensure user", |db, _| users::ensure(db, login, name, role, now))
    }

    fn users(&mut self) -> Result<Vec<UserInfo>> {
        users::list(&self.db, false).doing("read users")
    }

    fn ensure_project(&mut self, name: &str, caller_id: Option<&str>, now: i64) -> Result<ProjectId> {
        self.transact("ensure project", |db, _| people::ensure_project(db, name, caller_id, now))
    }

    fn projects(&mut self) -> Result<Vec<ProjectInfo>> {
        people::projects(&self.db).doing("read projects")
    }

    fn dispositions(&mut self) -> Result<Vec<DispositionInfo>> {
        dispositions::list(&self.db, false).doing("read statuses")
    }

    fn contact(&mut self, phone: &str) -> Result<Option<ContactInfo>> {
        contacts::by_phone(&self.db, phone).doing("look up a number")
    }

    fn create_list(&mut self, spec: &ListSpec, by: Actor, now: i64) -> Result<ListInfo> {
        self.transact("create list", |db, _| lists::create(db, spec, by, now))
    }

    fn next_round(&mut self, list: ListId, by: Actor, now: i64) -> Result<u32> {
        self.transact("open a round", |db, _| lists::next_round(db, list, by, now))
    }

    fn begin_import(&mut self, start: &ImportStart) -> Result<ImportId> {
        staging::begin(self, start, None)
    }

    fn refuse_import(&mut self, import: ImportId, report: &serde_json::Value) -> Result<()> {
        self.transact("refuse import", |db, _| staging::refuse(db, import, report))
    }

    fn begin_import_of_new(
        &mut self,
        start: &ImportStart,
        list: &ListSpec,
        profile: Option<&str>,
        by: Actor,
    ) -> Result<ImportId> {
        staging::begin(self, start, Some((list, profile, by)))
    }

    fn stage_leads(
        &mut self,
        import: ImportId,
        rows: &[StagedRow],
        policy: StagePolicy,
        urgent: &dyn Fn() -> bool,
    ) -> Result<(Vec<Placed>, StageCounts)> {
        staging::leads(self, import, rows, policy, urgent)
    }

    fn stage_numbers(
        &mut self,
        import: ImportId,
        rows: &[NumberRow],
        policy: StagePolicy,
        reached: &mut Reached,
        urgent: &dyn Fn() -> bool,
    ) -> Result<(usize, StageCounts)> {
        staging::numbers(self, import, rows, policy, reached, urgent)
    }

    fn commit_import(
        &mut self,
        import: ImportId,
        report: &serde_json::Value,
        by: Actor,
        now: i64,
    ) -> Result<()> {
        staging::commit(self, import, report, by, now)
    }

    fn advance(&mut self, step: &Advance) -> Result<Advanced> {
        let mut stepped = std::mem::take(&mut self.stepped);
        let advanced =
            self.transact("advance", |db, box_id| advance::advance(db, box_id, step, &mut stepped))?;
        self.stepped = stepped;
        Ok(advanced)
    }

    fn rehearse(&mut self, step: &Advance, urgent: &dyn Fn() -> bool) -> Result<Option<Claimed>> {
        let writing = Writing::begin(&self.db).doing("rehearse")?;
        let result = advance::rehearse(&self.db, &self.box_id, step, &mut self.stepped, urgent);
        drop(writing);
        self.changes.rollback();
        result
    }

    fn mark_dialing(&mut self, attempt: AttemptId, rules: &DialRules, now: i64) -> Result<()> {
        // A refusal is written down too, so it travels through the commit as a value.
        self.transact("mark dialing", |db, _| attempts::mark_dialing(db, attempt, rules, now))?
    }

    fn release(&mut self, attempt: AttemptId, now: i64, skip_round: bool) -> Result<()> {
        self.transact("release", |db, _| attempts::release(db, attempt, now, skip_round))
    }

    fn open_manual(&mut self, call: &ManualCall) -> Result<Claimed> {
        self.transact("open manual call", |db, box_id| attempts::open_manual(db, box_id, call))
    }

    fn seal_and_open(&mut self, open: AttemptId, call: &ManualCall) -> Result<(Sealed, Claimed)> {
        self.transact("open manual call", |db, box_id| {
            Ok((saves::seal(db, open, call.now)?, attempts::open_manual(db, box_id, call)?))
        })
    }

    fn check_manual(&mut self, call: &ManualCall) -> Result<Target> {
        self.transact("check manual call", |db, _| attempts::check_manual(db, call))
    }

    fn open_incoming(&mut self, call: &IncomingCall) -> Result<Arrived> {
        self.transact("open incoming call", |db, box_id| attempts::open_incoming(db, box_id, call))
    }

    fn progress(&mut self, progress: &AttemptProgress) -> Result<()> {
        self.transact("write call progress", |db, _| attempts::progress(db, progress))
    }

    fn end_attempt(&mut self, end: &AttemptEnd) -> Result<bool> {
        self.transact("end call", |db, _| attempts::end(db, end))
    }

    fn save(&mut self, save: &Save) -> Result<Saved> {
        self.transact("save", |db, _| saves::apply(db, save))
    }

    fn seal(&mut self, attempt: AttemptId, now: i64) -> Result<Sealed> {
        self.transact("seal", |db, _| saves::seal(db, attempt, now))
    }

    fn seal_judged(&mut self, now: i64) -> Result<(Vec<Sealed>, bool)> {
        self.transact("seal", |db, box_id| {
            let sealed = saves::seal_judged(db, box_id, now)?;
            let more = sealed.len() == saves::SLICE as usize;
            Ok((sealed, more))
        })
    }

    fn attempt(&mut self, attempt: AttemptId) -> Result<AttemptRow> {
        history::load(&self.db, attempt)
    }

    fn recording_opened(&mut self, attempt: AttemptId, path: PathBuf, now: i64) -> Result<()> {
        let kept = self.place.inside(&path);
        self.transact("open recording", |db, _| recordings::opened(db, attempt, &kept, now))
    }

    fn recording_closed(&mut self, facts: &RecordingFacts) -> Result<RecordingState> {
        let kept = self.place.inside(&facts.path);
        self.transact("close recording", |db, _| recordings::closed(db, facts, &kept))
    }

    fn recording_repaired(&mut self, attempt: AttemptId, path: &Path, duration: u64, now: i64) -> Result<()> {
        let kept = self.place.inside(path);
        self.transact("repair recording", |db, _| recordings::repaired(db, attempt, &kept, duration, now))
    }

    fn open_recordings(&mut self) -> Result<Vec<(AttemptId, PathBuf)>> {
        recordings::open(&self.db).doing("read open recordings")
    }

    fn outbox_next(&mut self, due: Option<i64>, limit: u32) -> Result<Vec<OutboxRow>> {
        outbox::next(&self.db, due, limit).doing("read outbox")
    }

    fn outbox_ack(&mut self, seqs: &[i64]) -> Result<()> {
        self.transact("acknowledge outbox", |db, _| outbox::ack(db, seqs).doing("acknowledge outbox"))
    }

    fn outbox_wait_for_recordings(&mut self, until: i64) -> Result<()> {
        let doing = "hold results";
        self.transact(doing, |db, _| outbox::wait_for_recordings(db, until).doing(doing))
    }

    fn outbox_dead(&mut self, seq: i64, reason: &str) -> Result<()> {
        self.transact("give up outbox", |db, _| outbox::dead(db, seq, reason).doing("give up outbox"))
    }

    fn open_results(&mut self, shown: &[AttemptId]) -> Result<OpenResults> {
        let doing = "count open results";
        let sql = "SELECT id, interrupted FROM attempts
                   WHERE box_id = ?1 AND sealed_at IS NULL AND ended_at IS NOT NULL AND disposition IS NULL AND parent_attempt_id IS NULL";
        let found: Vec<(AttemptId, bool)> =
            all(&self.db, sql, [&self.box_id], |r| Ok((r.get(0)?, r.get(1)?))).doing(doing)?;
        let mut open = OpenResults::default();
        for (_, interrupted) in found.iter().filter(|(attempt, _)| !shown.contains(attempt)) {
            *if *interrupted { &mut open.interrupted } else { &mut open.blank } += 1;
        }
        Ok(open)
    }

    fn outbox_counts(&mut self) -> Result<(u64, u64)> {
        outbox::counts(&self.db).doing("count outbox")
    }

    fn finish(&mut self) {
        self.loader = None;
        self.bulk = None;
        self.flusher = None;
        // Closing would do the same; doing it here says why when it fails.
        if let Err(error) = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            tracing::warn!(%error, "the log stays beside the database; the next start reads it");
        }
    }
}

impl Reader for SqliteReader {
    fn lists(&mut self) -> Result<Vec<ListInfo>> {
        lists::all(&self.db).doing("read lists")
    }

    fn show_list(&mut self, query: &ListQuery) -> Result<Vec<LeadRow>> {
        leads::show(&self.db, query)
    }

    fn history(&mut self, query: &HistoryQuery) -> Result<Vec<AttemptRow>> {
        history::history(&self.db, query, &self.progress)
    }

    fn attempts_like(&mut self, part: &str) -> Result<Vec<AttemptId>> {
        attempt_ids::like(&self.db, part)
    }

    fn stats(&mut self, query: &StatsQuery) -> Result<Stats> {
        stats::stats(&self.db, query).map(|(stats, _)| stats).doing("count")
    }

    fn stats_with_results(&mut self, query: &StatsQuery) -> Result<(Stats, Vec<StatusCount>)> {
        stats::stats(&self.db, query).doing("count")
    }

    fn stats_recount(&mut self, query: &StatsQuery) -> Result<Stats> {
        stats::recount(&self.db, query, &self.progress).doing("recount")
    }

    fn why(&mut self, query: &WhyQuery, context: &WhyContext) -> Result<WhyAnswer> {
        why::why(&self.db, query, context)
    }
}

/// Runs a statement from the cache; returns the rows changed.
fn exec(db: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
    let mut statement = db.prepare_cached(sql)?;
    if statement.column_count() > 0 {
        // A PRAGMA may answer with a row or without.
        return statement.query_row(params, |_| Ok(())).optional().map(|_| 0);
    }
    statement.execute(params)
}

/// The first row of a cached statement, if there is one.
fn one<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    db.prepare_cached(sql)?.query_row(params, map).optional()
}

/// All rows of a cached statement.
fn all<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    db.prepare_cached(sql)?.query_map(params, map)?.collect()
}

/// A JSON array of texts.
fn texts(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_default()
}

/// A count column as `u64`; counts are never negative.
fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::unsigned_abs)
}

#[cfg(test)]
mod tests;
