//! The seam between what the store does and where it keeps it.
//!
//! Verbs are use cases; no SQL and no SQLite type appears here. `Backend` is everything that a call waits for and
//! everything that writes; `Reader` is long reads, which run beside it on a connection of their own. The engine
//! today is SQLite; a fleet's database is a second implementation of the same verbs.

mod lists;
mod people;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use lists::{ListReads, ListVerbs};

use crate::error::Result;
use crate::id::{AttemptId, ImportId, ListId, ProjectId, UserId};
use crate::model::{
    Actor, Advance, Advanced, Arrived, AttemptEnd, AttemptProgress, AttemptRow, Claimed, ContactInfo,
    DialRules, DispositionInfo, HistoryQuery, IncomingCall, LeadRow, ListInfo, ListQuery, ListSpec,
    ManualCall, OpenResults, OutboxRow, ProjectInfo, RecordingFacts, RecordingState, Recovery, Role, Save,
    Saved, Sealed, Stats, StatsQuery, StatusCount, Target, UserInfo, WhyAnswer, WhyContext, WhyQuery,
};
use crate::sqlite::Reached;
use crate::staging::{ImportStart, NumberRow, Placed, StageCounts, StagePolicy, StagedRow};

pub(crate) use people::{Office, OfficeReader};

/// Writes, and the short reads that calls wait for. One transaction per verb unless said otherwise.
pub(crate) trait Backend: Send + ListVerbs + Office + Upkeep {
    fn recover(&mut self, now: i64) -> Result<Recovery>;
    /// Writes down that calls go on at `now`, where one does.
    fn alive(&mut self, now: i64) -> Result<()>;
    fn reserve_event_seq(&mut self, block: u64) -> Result<u64>;
    fn begun_empty(&mut self) -> Result<Option<i64>>;
    fn accept_empty(&mut self, by: Actor, now: i64) -> Result<()>;
    fn ping(&mut self) -> Result<()>;
    /// A small write, to find out whether the disk takes writes again.
    fn probe(&mut self) -> Result<()>;

    fn ensure_user(&mut self, login: &str, name: &str, role: Role, now: i64) -> Result<UserId>;
    fn users(&mut self) -> Result<Vec<UserInfo>>;
    fn ensure_project(&mut self, name: &str, caller_id: Option<&str>, now: i64) -> Result<ProjectId>;
    fn projects(&mut self) -> Result<Vec<ProjectInfo>>;
    fn dispositions(&mut self) -> Result<Vec<DispositionInfo>>;
    fn contact(&mut self, phone: &str) -> Result<Option<ContactInfo>>;

    fn create_list(&mut self, spec: &ListSpec, by: Actor, now: i64) -> Result<ListInfo>;
    fn next_round(&mut self, list: ListId, by: Actor, now: i64) -> Result<u32>;

    fn begin_import(&mut self, start: &ImportStart) -> Result<ImportId>;
    /// The same, and makes its list under the identifier that `start` names.
    fn begin_import_of_new(
        &mut self,
        start: &ImportStart,
        list: &ListSpec,
        profile: Option<&str>,
        by: Actor,
    ) -> Result<ImportId>;
    /// Notes that nothing of an import is taken, with what is kept of its report; taking it back is told as such.
    fn refuse_import(&mut self, import: ImportId, report: &serde_json::Value) -> Result<()>;
    /// Stages a slice of leads: as many of `rows` as fit into its time and until a call waits, which `urgent` says; returns for
    /// each of them what it did.
    fn stage_leads(
        &mut self,
        import: ImportId,
        rows: &[StagedRow],
        policy: StagePolicy,
        urgent: &dyn Fn() -> bool,
    ) -> Result<(Vec<Placed>, StageCounts)>;
    /// The same rows in the order of their numbers, once all leads are staged: enters the numbers and writes contacts;
    /// returns how many of `rows` the slice took. `reached`: by the rows before them.
    fn stage_numbers(
        &mut self,
        import: ImportId,
        rows: &[NumberRow],
        policy: StagePolicy,
        reached: &mut Reached,
        urgent: &dyn Fn() -> bool,
    ) -> Result<(usize, StageCounts)>;
    fn commit_import(
        &mut self,
        import: ImportId,
        report: &serde_json::Value,
        by: Actor,
        now: i64,
    ) -> Result<()>;

    fn advance(&mut self, step: &Advance) -> Result<Advanced>;
    /// Goes through an advance, until a call waits, which `urgent` says, and takes everything back.
    fn rehearse(&mut self, step: &Advance, urgent: &dyn Fn() -> bool) -> Result<Option<Claimed>>;
    fn mark_dialing(&mut self, attempt: AttemptId, rules: &DialRules, now: i64) -> Result<()>;
    fn release(&mut self, attempt: AttemptId, now: i64, skip_round: bool) -> Result<()>;
    fn open_manual(&mut self, call: &ManualCall) -> Result<Claimed>;
    /// Seals the row that the seat left open, and opens the call: both or neither.
    fn seal_and_open(&mut self, open: AttemptId, call: &ManualCall) -> Result<(Sealed, Claimed)>;
    fn check_manual(&mut self, call: &ManualCall) -> Result<Target>;
    fn open_incoming(&mut self, call: &IncomingCall) -> Result<Arrived>;
    fn progress(&mut self, progress: &AttemptProgress) -> Result<()>;
    fn end_attempt(&mut self, end: &AttemptEnd) -> Result<bool>;
    fn save(&mut self, save: &Save) -> Result<Saved>;
    fn seal(&mut self, attempt: AttemptId, now: i64) -> Result<Sealed>;
    /// A slice of the rows that wait for nobody; `true` when more may be left.
    fn seal_judged(&mut self, now: i64) -> Result<(Vec<Sealed>, bool)>;
    fn attempt(&mut self, attempt: AttemptId) -> Result<AttemptRow>;

    fn recording_repaired(&mut self, attempt: AttemptId, path: &Path, duration: u64, now: i64) -> Result<()>;
    fn recording_opened(&mut self, attempt: AttemptId, path: PathBuf, now: i64) -> Result<()>;
    fn recording_closed(&mut self, facts: &RecordingFacts) -> Result<RecordingState>;
    fn open_recordings(&mut self) -> Result<Vec<(AttemptId, PathBuf)>>;

    fn outbox_next(&mut self, due: Option<i64>, limit: u32) -> Result<Vec<OutboxRow>>;
    fn outbox_ack(&mut self, seqs: &[i64]) -> Result<()>;
    /// Results whose recording is open wait for it until then at the latest.
    fn outbox_wait_for_recordings(&mut self, until: i64) -> Result<()>;
    fn outbox_dead(&mut self, seq: i64, reason: &str) -> Result<()>;
    /// Calls of this box that ended without a result; those of `shown` are at a seat.
    fn open_results(&mut self, shown: &[AttemptId]) -> Result<OpenResults>;
    fn outbox_counts(&mut self) -> Result<(u64, u64)>;

    /// The last thing before the thread ends.
    fn finish(&mut self);
}

/// What is done while nobody asks for anything.
pub(crate) trait Upkeep {
    /// How long nothing must have been asked before there is something to tidy up; zero: it cannot wait. `None`: there is nothing.
    fn upkeep_after(&self) -> Option<Duration>;
    /// Tidies up after `quiet` in which nothing was asked: moves the log into the database, off every caller's path.
    fn upkeep(&mut self, quiet: Duration);
}

/// Long reads; each sees one consistent state.
pub(crate) trait Reader: Send + ListReads + OfficeReader {
    fn lists(&mut self) -> Result<Vec<ListInfo>>;
    fn show_list(&mut self, query: &ListQuery) -> Result<Vec<LeadRow>>;
    fn history(&mut self, query: &HistoryQuery) -> Result<Vec<AttemptRow>>;
    fn attempts_like(&mut self, part: &str) -> Result<Vec<AttemptId>>;
    fn stats(&mut self, query: &StatsQuery) -> Result<Stats>;
    fn stats_with_results(&mut self, query: &StatsQuery) -> Result<(Stats, Vec<StatusCount>)>;
    /// The same figures, recounted row by row without the database's help.
    fn stats_recount(&mut self, query: &StatsQuery) -> Result<Stats>;
    fn why(&mut self, query: &WhyQuery, context: &WhyContext) -> Result<WhyAnswer>;
}
