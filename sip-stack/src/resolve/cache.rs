//! Answers of the DNS, kept fresh, and kept when newer ones do not come.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Answer, Known, Plan, Question, Search, plan};

/// What the DNS said about the names of some searches, and when to ask again.
///
/// Order of use: [`Self::plan`] for every search after each [`Self::answered`] or [`Self::lost`], then
/// [`Self::poll_question`] until it is empty; again at [`Self::poll_timeout`]. A question handed out must be answered
/// or given up; until then it is not handed out again.
#[derive(Debug, Default)]
pub struct Cache {
    entries: BTreeMap<Question, Entry>,
}

#[derive(Debug)]
struct Entry {
    answer: Option<Answer>,
    /// True once it was answered or lost.
    tried: bool,
    asked: bool,
    due: Instant,
    losses: u32,
    used: bool,
}

impl Cache {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// The plan of a search as things are. Its questions are kept fresh from now on.
    pub fn plan(&mut self, search: &Search, seed: u64, now: Instant) -> Plan {
        let plan = plan(search, |question| self.known(question), seed);
        for question in &plan.used {
            let fresh =
                || Entry { answer: None, tried: false, asked: false, due: now, losses: 0, used: true };
            self.entries.entry(question.clone()).or_insert_with(fresh).used = true;
        }
        plan
    }

    /// Forgets what no plan since the last call has used.
    pub fn sweep(&mut self) {
        self.entries.retain(|_, entry| std::mem::replace(&mut entry.used, false) || entry.asked);
    }

    fn known(&self, question: &Question) -> Known<'_> {
        match self.entries.get(question) {
            Some(Entry { answer: Some(answer), .. }) => Known::Answer(answer),
            Some(Entry { tried: true, .. }) => Known::Lost,
            Some(_) | None => Known::Open,
        }
    }

    /// A question to be asked now.
    pub fn poll_question(&mut self, now: Instant) -> Option<Question> {
        let (question, entry) =
            self.entries.iter_mut().find(|(_, entry)| !entry.asked && entry.due <= now)?;
        entry.asked = true;
        Some(question.clone())
    }

    /// An answer came, with the lifetime that the DNS gave to it. It is believed for 10 s at least and an hour at most.
    pub fn answered(&mut self, question: &Question, answer: Answer, lifetime: Duration, now: Instant) {
        if let Some(entry) = self.entries.get_mut(question) {
            let lifetime = if answer.is_empty() { lifetime.min(LONGEST_NOTHING) } else { lifetime };
            entry.due = now + lifetime.clamp(SHORTEST, LONGEST);
            entry.answer = Some(answer);
            entry.tried = true;
            entry.asked = false;
            entry.losses = 0;
        }
    }

    /// No answer came, or one that says nothing (SERVFAIL, REFUSED …): the last good one stays ("serve stale",
    /// RFC 8767). It is asked for again after 5 s, later less often.
    pub fn lost(&mut self, question: &Question, now: Instant) {
        if let Some(entry) = self.entries.get_mut(question) {
            entry.due = now + FIRST_RETRY.saturating_mul(1 << entry.losses.min(4)).min(LAST_RETRY);
            entry.losses = entry.losses.saturating_add(1);
            entry.tried = true;
            entry.asked = false;
        }
    }

    /// The network changed: everything is asked for again now. What is known stays until then.
    pub fn expire(&mut self, now: Instant) {
        for entry in self.entries.values_mut() {
            entry.due = now;
            entry.losses = 0;
        }
    }

    /// When the next question is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.entries.values().filter(|entry| !entry.asked).map(|entry| entry.due).min()
    }
}

const SHORTEST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(3600);
/// That there is no record is believed for a shorter time (RFC 2308 5 leaves it to us).
const LONGEST_NOTHING: Duration = Duration::from_secs(300);
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LAST_RETRY: Duration = Duration::from_secs(60);
