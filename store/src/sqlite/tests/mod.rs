//! Scripts a call-centre engineer can read: a world with a list, verbs, what must be true after them.

mod advance;
mod counts;
mod crash;
mod load;
mod record;
mod rules;
mod stage;
mod start;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::{SqliteBackend, open, open_reader};
use crate::backend::{Backend, Reader};
use crate::error::Result;
use crate::handle::OpenOptions;
use crate::id::{AttemptId, LeadId, ListId, ProjectId, UserId};
use crate::model::{
    Advance, Advanced, AttemptEnd, ClaimSpec, Claimed, DialRules, HangupBy, LeadFilter, LeadRow, LeadState,
    ListQuery, ListSpec, Role, Save, SetBy,
};
use crate::phone::{DialPlan, Phone};
use crate::staging::{ImportStart, StagePolicy, StagedRow};

/// 2026-11-21 10:00 in Japan.
const NOW: i64 = 1_795_222_800_000;
const MINUTE: i64 = 60_000;

struct World {
    _dir: TempDir,
    path: std::path::PathBuf,
    db: SqliteBackend,
    project: ProjectId,
    user: UserId,
    list: ListId,
    now: i64,
}

impl World {
    /// A project, an operator, a list with `leads` numbers.
    fn new(leads: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kakeru.db");
        let mut db = open(&path, &OpenOptions::default()).unwrap();
        let project = db.ensure_project("案件", Some("0312340000"), NOW).unwrap();
        let user = db.ensure_user("alice", "Alice", Role::Operator, NOW).unwrap();
        let list = db.create_list(&ListSpec { name: "リスト".into(), project }, NOW).unwrap().id;
        let mut world = Self { _dir: dir, path, db, project, user, list, now: NOW };
        let rows: Vec<StagedRow> = (0..leads).map(row).collect();
        world.import(world.list, &rows);
        world
    }

    fn import(&mut self, list: ListId, rows: &[StagedRow]) {
        let start = ImportStart { list, source: "test.csv".into(), user: None, now: self.now };
        let import = self.db.begin_import(&start).unwrap();
        let mut from = 0;
        while from < rows.len() {
            from += self.db.stage_rows(import, &rows[from..], StagePolicy::default()).unwrap().0;
        }
        self.db.commit_import(import, &serde_json::json!({}), self.now).unwrap();
    }

    fn list(&mut self, name: &str) -> ListId {
        self.db.create_list(&ListSpec { name: name.into(), project: self.project }, self.now).unwrap().id
    }

    fn spec(&self) -> ClaimSpec {
        ClaimSpec {
            attempt: AttemptId::generate(self.now),
            list: self.list,
            plan: DialPlan::default(),
            dial_now: true,
            rules: DialRules::lawful(),
            claim_until: self.now + MINUTE,
            skip: Vec::new(),
            account: "main".into(),
            caller_id: None,
        }
    }

    fn step(&self, seal: Option<AttemptId>, save: Option<Save>, claim: Option<ClaimSpec>) -> Advance {
        Advance { now: self.now, seat: "a".into(), user: self.user, save, seal_attempt: seal, claim }
    }

    /// Claims and dials the next lead.
    fn dial(&mut self) -> Option<Claimed> {
        let step = self.step(None, None, Some(self.spec()));
        self.db.advance(&step).unwrap().claimed
    }

    fn next(&mut self, seal: AttemptId) -> Advanced {
        let step = self.step(Some(seal), None, Some(self.spec()));
        self.db.advance(&step).unwrap()
    }

    fn save(&self, attempt: AttemptId, status: &str) -> Save {
        Save {
            attempt,
            status: status.into(),
            set_by: SetBy::Operator,
            memo: None,
            recall_at: None,
            save_seq: None,
            now: self.now,
            user: self.user,
        }
    }

    fn ended(&self, attempt: AttemptId) -> AttemptEnd {
        AttemptEnd {
            attempt,
            ended_at: self.now + 20_000,
            hangup_by: Some(HangupBy::Remote),
            sip_code: Some(486),
            q850: Some(17),
            reason_text: None,
            ringing_at: Some(self.now + 1000),
            early_media_at: None,
            answered_at: None,
            sip_call_id: Some("x@y".into()),
            suggestion: None,
            sub: None,
            void: None,
            evidence: serde_json::json!({}),
            auto: None,
            transfer: None,
        }
    }

    /// A whole call: dial, end, save, seal.
    fn call(&mut self, status: &str) -> Claimed {
        let claimed = self.dial().expect("a lead");
        self.finish(claimed.attempt, status);
        claimed
    }

    fn finish(&mut self, attempt: AttemptId, status: &str) {
        self.db.end_attempt(&self.ended(attempt)).unwrap();
        self.db.save(&self.save(attempt, status)).unwrap();
        self.db.seal(attempt, self.now + 21_000).unwrap();
    }

    fn reader(&self) -> Box<dyn Reader> {
        open_reader(&self.path).unwrap()
    }

    fn leads(&self) -> Vec<LeadRow> {
        let filter = LeadFilter { include_excluded: true, ..LeadFilter::default() };
        self.reader().show_list(&ListQuery { list: self.list, after: None, limit: 1000, filter }).unwrap()
    }

    fn lead(&self, id: Option<LeadId>) -> LeadRow {
        self.leads().into_iter().find(|lead| Some(lead.id) == id).unwrap()
    }

    fn states(&self) -> Vec<LeadState> {
        self.leads().iter().map(|lead| lead.state).collect()
    }

    /// Closes and opens again, as after a crash or a stop.
    fn reopen(self) -> Self {
        let Self { _dir, path, db, project, user, list, now } = self;
        drop(db);
        let db = open(&path, &OpenOptions::default()).unwrap();
        Self { _dir, path, db, project, user, list, now }
    }

    /// Counts the commits of one verb.
    fn commits<T>(&mut self, verb: impl FnOnce(&mut SqliteBackend) -> Result<T>) -> (T, u32) {
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

fn phone(number: usize) -> Phone {
    Phone::parse(&format!("03{:08}", 30_000_000 + number)).unwrap().phone
}

fn row(number: usize) -> StagedRow {
    let phone = phone(number);
    StagedRow {
        raw_phone: phone.national(),
        phone,
        clir: None,
        company: Some(format!("会社{number}")),
        person: None,
        categories: vec!["関東".into()],
        extra_phones: Vec::new(),
        attrs: vec![("備考".into(), format!("n{number}"))],
    }
}
