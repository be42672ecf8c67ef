//! Scripts a call-centre engineer can read: a world with a list, verbs, what must be true after them.

mod advance;
mod amend;
mod by_hand;
mod carried;
mod contact_numbers;
mod contacts;
mod copies;
mod counts;
mod crash;
mod dispositions;
mod dnc;
mod dnc_crash;
mod due;
mod figures;
mod guards;
mod hand_over;
mod hand_overs;
mod keep;
mod lead_call;
mod lead_changes;
mod lead_edits;
mod lists;
mod load;
mod mend;
mod migrations;
mod notes;
mod owners;
mod pause;
mod recall;
mod record;
mod rules;
mod salvaged;
mod search;
mod stage;
mod start;
mod statements;
mod taken_back;
mod tasks;
mod upgrade;
mod users;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::{
    BinAt, ExpireAt, Given, GivenAt, HandOverAt, Handing, Reached, SqliteBackend, open, open_reader,
};
use crate::backend::{Backend, ListVerbs, Office, Reader, Upkeep};
use crate::error::Result;
use crate::handle::OpenOptions;
use crate::id::{AttemptId, ImportId, LeadId, ListId, ProjectId, UserId};
use crate::model::{
    Actor, Advance, Advanced, AttemptEnd, ClaimSpec, Claimed, DialRules, HandOver, HangupBy, Holdings,
    IncomingCall, LeadFilter, LeadRow, LeadState, ListQuery, ListSpec, Role, Save, SetBy, UserChange,
    UserInfo, UserScope,
};
use crate::name_key::name_key;
use crate::phone::{DialPlan, Phone};
use crate::staging::{ImportStart, NumberRow, StageCounts, StagePolicy, StagedRow, UndoAt, Undone};

/// 2026-11-21 10:00 in Japan.
pub(in crate::sqlite) const NOW: i64 = 1_795_222_800_000;
pub(in crate::sqlite) const MINUTE: i64 = 60_000;

pub(in crate::sqlite) struct World {
    _dir: TempDir,
    pub(in crate::sqlite) path: std::path::PathBuf,
    pub(in crate::sqlite) db: SqliteBackend,
    pub(in crate::sqlite) project: ProjectId,
    pub(in crate::sqlite) user: UserId,
    pub(in crate::sqlite) list: ListId,
    pub(in crate::sqlite) now: i64,
}

impl World {
    /// A project, an operator, a list with `leads` numbers.
    pub(in crate::sqlite) fn new(leads: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kakeru.db");
        let mut db = open(&path, &OpenOptions::default()).unwrap();
        let project = db.ensure_project("案件", Some("0312340000"), NOW).unwrap();
        let user = db.ensure_user("alice", "Alice", Role::Operator, NOW).unwrap();
        let list =
            db.create_list(&ListSpec { name: "リスト".into(), project }, Actor::default(), NOW).unwrap().id;
        let mut world = Self { _dir: dir, path, db, project, user, list, now: NOW };
        let rows: Vec<StagedRow> = (0..leads).map(row).collect();
        world.import(world.list, &rows);
        world
    }

    pub(in crate::sqlite) fn import(&mut self, list: ListId, rows: &[StagedRow]) {
        let start = ImportStart { list: Some(list), source: "test.csv".into(), user: None, now: self.now };
        let import = self.db.begin_import(&start).unwrap();
        self.stage(import, rows, StagePolicy::default()).unwrap();
        self.db.commit_import(import, &serde_json::json!({}), Actor::default(), self.now).unwrap();
    }

    /// Stages rows as an import does: leads, then numbers and contacts by number.
    pub(in crate::sqlite) fn stage(
        &mut self,
        import: ImportId,
        rows: &[StagedRow],
        policy: StagePolicy,
    ) -> Result<StageCounts> {
        stage(&mut self.db, import, rows, policy)
    }

    pub(in crate::sqlite) fn undo(&mut self, import: ImportId) -> Undone {
        let (mut undone, mut at) = (Undone::default(), Some(UndoAt::START));
        while let Some(from) = at {
            let (slice, next) = self.db.undo_import(import, from, Actor::default(), self.now).unwrap();
            undone += slice;
            at = next;
        }
        undone
    }

    pub(in crate::sqlite) fn list(&mut self, name: &str) -> ListId {
        self.db
            .create_list(&ListSpec { name: name.into(), project: self.project }, Actor::default(), self.now)
            .unwrap()
            .id
    }

    /// Excludes a lead of the list.
    pub(in crate::sqlite) fn exclude(&mut self, lead: LeadId, reason: Option<&str>) {
        self.change(lead, &crate::model::LeadChange::Exclude { reason: reason.map(str::to_owned) });
    }

    /// Takes that back.
    pub(in crate::sqlite) fn include(&mut self, lead: LeadId) {
        self.change(lead, &crate::model::LeadChange::Include);
    }

    fn change(&mut self, lead: LeadId, change: &crate::model::LeadChange) {
        self.db.change_leads(self.list, &vec![lead].into(), change, Actor::default(), self.now).unwrap();
    }

    /// Enables the list, or disables it.
    pub(in crate::sqlite) fn enable(&mut self, enabled: bool) {
        let edit = crate::model::ListEdit { enabled: Some(enabled), ..Default::default() };
        self.db.edit_list(self.list, &edit, Actor::default(), self.now).unwrap();
    }

    pub(in crate::sqlite) fn spec(&self) -> ClaimSpec {
        claim(self.list, self.now)
    }

    pub(in crate::sqlite) fn step(
        &self,
        seal: Option<AttemptId>,
        save: Option<Save>,
        claim: Option<ClaimSpec>,
    ) -> Advance {
        Advance { now: self.now, seat: "a".into(), user: self.user, save, seal_attempt: seal, claim }
    }

    /// A call that comes in for the seat, from nobody in particular where the caller is withheld.
    pub(in crate::sqlite) fn incoming_call(&self, caller: Option<&str>) -> IncomingCall {
        IncomingCall {
            attempt: None,
            caller: caller.map(str::to_owned),
            called: None,
            seat: "a".into(),
            user: Some(self.user),
            project: Some(self.project),
            account: "main".into(),
            sip_call_id: None,
            stub: None,
            now: self.now,
        }
    }

    /// Claims and dials the next lead.
    pub(in crate::sqlite) fn dial(&mut self) -> Option<Claimed> {
        let step = self.step(None, None, Some(self.spec()));
        self.db.advance(&step).unwrap().claimed
    }

    pub(in crate::sqlite) fn next(&mut self, seal: AttemptId) -> Advanced {
        let step = self.step(Some(seal), None, Some(self.spec()));
        self.db.advance(&step).unwrap()
    }

    pub(in crate::sqlite) fn save(&self, attempt: AttemptId, status: &str) -> Save {
        Save::new(attempt, status, self.user, self.now)
    }

    pub(in crate::sqlite) fn ended(&self, attempt: AttemptId) -> AttemptEnd {
        AttemptEnd {
            hangup_by: Some(HangupBy::Remote),
            sip_code: Some(486),
            q850: Some(17),
            ringing_at: Some(self.now + 1000),
            sip_call_id: Some("x@y".into()),
            ..AttemptEnd::new(attempt, self.now + 20_000)
        }
    }

    /// A whole call: dial, end, save, seal.
    pub(in crate::sqlite) fn call(&mut self, status: &str) -> Claimed {
        let claimed = self.dial().expect("a lead");
        self.finish(claimed.attempt, status);
        claimed
    }

    pub(in crate::sqlite) fn finish(&mut self, attempt: AttemptId, status: &str) {
        self.db.end_attempt(&self.ended(attempt)).unwrap();
        self.db.save(&self.save(attempt, status)).unwrap();
        self.db.seal(attempt, self.now + 21_000).unwrap();
    }

    pub(in crate::sqlite) fn reader(&self) -> Box<dyn Reader> {
        open_reader(&self.path, self.db.changes()).unwrap()
    }

    pub(in crate::sqlite) fn leads(&self) -> Vec<LeadRow> {
        let filter = LeadFilter { include_excluded: true, ..LeadFilter::default() };
        self.reader().show_list(&ListQuery { list: self.list, after: None, limit: 1000, filter }).unwrap()
    }

    pub(in crate::sqlite) fn lead(&self, id: Option<LeadId>) -> LeadRow {
        self.leads().into_iter().find(|lead| Some(lead.id) == id).unwrap()
    }

    pub(in crate::sqlite) fn states(&self) -> Vec<LeadState> {
        self.leads().iter().map(|lead| lead.state).collect()
    }

    /// Whether indexes, references and figures are what the rows say; numbers of live leads too.
    pub(in crate::sqlite) fn is_sound(&self) -> bool {
        let report = self.reader().check(true).unwrap();
        assert!(report.is_sound(), "{report:?}");
        let astray = "SELECT count(*) FROM lead_phones p JOIN leads d ON d.id = p.lead_id WHERE p.excluded <> d.excluded";
        assert_eq!(self.db.db.query_row(astray, [], |r| r.get::<_, i64>(0)).unwrap(), 0, "further numbers");
        true
    }

    /// Changes a user who leaves nothing behind.
    pub(in crate::sqlite) fn change_user(
        &mut self,
        user: UserId,
        change: &UserChange,
        by: Actor,
        within: UserScope,
        now: i64,
    ) -> Result<UserInfo> {
        let nothing = (HandOver::Nothing, Holdings::default());
        self.db.user_change(user, change, nothing, by, within, now).map(|(user, _)| user)
    }

    /// Deletes a user as the store does: what they hold changes hands in slices before.
    pub(in crate::sqlite) fn delete_user(
        &mut self,
        user: UserId,
        over: HandOver,
        by: Actor,
        now: i64,
    ) -> Result<(UserInfo, Holdings)> {
        let Some(to) = over.receiver() else {
            return self.db.user_delete(user, over, (Holdings::default(), 0), by, now);
        };
        let handing = Handing { from: user, to, contacts: true, by: by.user, now };
        let (mut moved, mut at) = (Holdings::default(), Ok(HandOverAt::Numbers));
        let seen = loop {
            match at {
                Ok(from) => {
                    let (slice, next) = self.db.hand_over(&handing, from, at_once())?;
                    moved += slice;
                    at = next;
                }
                Err(seen) => break seen,
            }
        };
        self.db.user_delete(user, over, (moved, seen), by, now)
    }

    /// Empties the bins of lists of what was deleted before; returns how many leads and lists went, and in how many slices.
    pub(in crate::sqlite) fn empty_bins(&mut self, than: i64) -> (u64, u32) {
        let (mut gone, mut slices, mut at) = (0, 0, Some(BinAt::default()));
        while let Some(from) = at {
            let (slice, next) = self.db.purge_lists(than, self.now, from).unwrap();
            gone += slice;
            slices += u32::from(slice > 0);
            at = next;
        }
        (gone, slices)
    }

    /// Closes and opens again, as after a crash or a stop.
    pub(in crate::sqlite) fn reopen(self) -> Self {
        let Self { _dir, path, db, project, user, list, now } = self;
        drop(db);
        let db = open(&path, &OpenOptions::default()).unwrap();
        Self { _dir, path, db, project, user, list, now }
    }

    /// The operator, as the one who changes something.
    fn actor(&self) -> Actor {
        Actor { user: Some(self.user), uid: Some(1000) }
    }

    /// What the audit log says was done, oldest first.
    fn audited(&self) -> Vec<String> {
        let rows = self.reader().audit_log(&crate::model::AuditQuery { limit: 1000, ..Default::default() });
        rows.unwrap().into_iter().rev().map(|row| row.action).collect()
    }

    /// Counts the steps of SQLite's machine, in hundreds.
    pub(in crate::sqlite) fn steps<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, u32) {
        let count = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&count);
        let step = move || {
            seen.fetch_add(1, Ordering::Relaxed);
            false
        };
        self.db.db.progress_handler(100, Some(step)).unwrap();
        let value = work(self);
        self.db.db.progress_handler(0, None::<fn() -> bool>).unwrap();
        (value, count.load(Ordering::Relaxed))
    }

    /// Counts the commits of one verb.
    pub(in crate::sqlite) fn commits<T>(
        &mut self,
        verb: impl FnOnce(&mut SqliteBackend) -> Result<T>,
    ) -> (T, u32) {
        let count = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&count);
        let hook = move || {
            seen.fetch_add(1, Ordering::Relaxed);
            false
        };
        self.db.db.commit_hook(Some(hook)).unwrap();
        let value = verb(&mut self.db).unwrap();
        self.db.db.commit_hook(None::<fn() -> bool>).unwrap();
        (value, count.load(Ordering::Relaxed))
    }
}

fn stage(
    db: &mut SqliteBackend,
    import: ImportId,
    rows: &[StagedRow],
    policy: StagePolicy,
) -> Result<StageCounts> {
    let (rows, mut counts) = stage_leads(db, import, rows, policy)?;
    counts += stage_numbers(db, import, rows, policy)?;
    Ok(counts)
}

/// The first half: leads in the order of the file. Yields the rows for the second.
fn stage_leads(
    db: &mut SqliteBackend,
    import: ImportId,
    rows: &[StagedRow],
    policy: StagePolicy,
) -> Result<(Vec<NumberRow>, StageCounts)> {
    let (mut seen, mut counts) = (std::collections::HashSet::new(), StageCounts::default());
    let rows: Vec<StagedRow> =
        rows.iter().map(|row| StagedRow { again: !seen.insert(row.phone.key()), ..row.clone() }).collect();
    let mut positions = Vec::new();
    while policy.leads && positions.len() < rows.len() {
        let (slice, done) = db.stage_leads(import, &rows[positions.len()..], policy, &|| false)?;
        positions.extend(slice);
        counts += done;
    }
    positions.resize(rows.len(), crate::staging::Placed::Same);
    let rows = rows.into_iter().zip(positions).map(|(row, placed)| NumberRow { row, placed });
    Ok((rows.collect(), counts))
}

/// The second: numbers and contacts by number.
fn stage_numbers(
    db: &mut SqliteBackend,
    import: ImportId,
    mut rows: Vec<NumberRow>,
    policy: StagePolicy,
) -> Result<StageCounts> {
    let (mut counts, mut reached) = (StageCounts::default(), Reached::default());
    rows.sort_by(|one, other| one.row.phone.cmp(&other.row.phone));
    let mut rows: Vec<NumberRow> =
        crate::staging::last_ones(rows.into_iter().map(Ok)).collect::<Result<_>>()?;
    while !rows.is_empty() {
        let (consumed, slice) = db.stage_numbers(import, &rows, policy, &mut reached, &|| false)?;
        rows.drain(..consumed);
        counts += slice;
    }
    Ok(counts)
}

/// A deadline after which a slice ends at its first look.
#[expect(clippy::disallowed_methods, reason = "a slice is bounded by real time")]
fn at_once() -> std::time::Instant {
    std::time::Instant::now()
}

/// The next lead of a list, dialed at once.
fn claim(list: ListId, now: i64) -> ClaimSpec {
    ClaimSpec {
        attempt: AttemptId::generate(now),
        list,
        plan: DialPlan::default(),
        dial_now: true,
        rules: DialRules::lawful(),
        claim_until: now + MINUTE,
        skip: Vec::new(),
        account: "main".into(),
        caller_id: None,
    }
}

fn phone(number: usize) -> Phone {
    Phone::parse(&format!("03{:08}", 30_000_000 + number)).unwrap().phone
}

pub(in crate::sqlite) fn row(number: usize) -> StagedRow {
    let phone = phone(number);
    StagedRow {
        line: number as u64 + 1,
        raw_phone: phone.national(),
        phone,
        ext: None,
        label: None,
        email: None,
        owner: None,
        assigned: None,
        excluded: None,
        kept: None,
        rests: None,
        clir: None,
        company: Some(format!("会社{number}")),
        person: None,
        categories: vec!["関東".into()],
        extra_phones: Vec::new(),
        attrs: vec![("備考".into(), format!("n{number}"))],
        name_key: name_key(Some(&format!("会社{number}")), None),
        again: false,
        joins: false,
    }
}
