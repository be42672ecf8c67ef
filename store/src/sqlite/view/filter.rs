//! A filter as tests on numbers.

use memchr::memmem::Finder;
use rusqlite::Connection;

use super::super::dispositions;
use super::columns::Says;
use super::entry::{Dictionary, Entry};
use super::labels::Labels;
use super::names::Names;
use super::texts::Searched;
use crate::error::{ListError, Result};
use crate::model::{Assigned, CallKind, LeadState, ViewFilter};
use crate::name_key::{CompanySearch, fold, national_digits};

/// All of them must pass.
#[derive(Default)]
pub(super) struct Test {
    /// Something is asked for that no lead has.
    nothing: bool,
    name: Option<CompanySearch>,
    company: Option<CompanySearch>,
    person: Option<Finder<'static>>,
    digits: Option<Finder<'static>>,
    memo: Option<Finder<'static>>,
    /// By column, of which each has to pass; any of its tests may.
    columns: Vec<(String, Vec<Says>)>,
    /// Codes of the statuses, any of them; 0 is none.
    status: Option<Vec<u32>>,
    kind: Option<CallKind>,
    last_user: Option<u32>,
    from: Option<i64>,
    to: Option<i64>,
    /// Codes of owners; 0 is nobody.
    assigned: Option<(u32, u32)>,
    /// By code of the categories of a lead: whether it has one of those asked for.
    categories: Option<Vec<bool>>,
    excluded: Option<bool>,
    blocked: Option<bool>,
    state: Option<LeadState>,
    attempts: Option<u16>,
    at_least: Option<u16>,
}

impl Test {
    pub(super) fn new(
        db: &Connection,
        filter: &ViewFilter,
        columns: Vec<String>,
        dictionary: &Dictionary,
        labels: &Labels,
    ) -> Result<Self> {
        let mut test = Self {
            kind: filter.kind,
            from: filter.from,
            to: filter.to,
            excluded: filter.dialable.map(|dialable| !dialable),
            blocked: filter.blocked,
            state: filter.state,
            attempts: filter.attempts.map(saturated),
            at_least: filter.at_least.map(saturated),
            ..Self::default()
        };
        if let Some(name) = filter.name.as_deref().filter(|name| !name.trim().is_empty()) {
            test.name = Some(company_search(name)?);
        }
        if let Some(company) = filter.company.as_deref().filter(|name| !name.trim().is_empty()) {
            test.company = Some(company_search(company)?);
        }
        if let Some(person) = filter.person.as_deref().filter(|name| !name.trim().is_empty()) {
            test.person = Some(key(fold(person))?);
        }
        for (name, wanted) in columns.into_iter().zip(&filter.columns) {
            let text = fold(&wanted.text);
            let says = if wanted.part { Says::Holds(Box::new(key(text)?)) } else { Says::Is(text) };
            match test.columns.iter_mut().find(|(known, _)| *known == name) {
                Some((_, any)) => any.push(says),
                None => test.columns.push((name, vec![says])),
            }
        }
        if let Some(number) = filter.number.as_deref().filter(|number| !number.trim().is_empty()) {
            test.digits = Some(key(national_digits(number))?);
        }
        if let Some(memo) = filter.memo.as_deref().filter(|memo| !memo.trim().is_empty()) {
            test.memo = Some(key(fold(memo))?);
        }
        match filter.status.as_deref().map(str::trim) {
            None => {}
            Some("") => {
                test.status = Some(vec![0]);
                test.at_least = test.at_least.max(Some(1));
            }
            Some(status) => {
                let codes = dispositions::codes(db, status)?;
                let known: Vec<u32> =
                    codes.iter().filter_map(|code| dictionary.statuses.known(code)).collect();
                test.nothing |= known.is_empty();
                test.status = Some(known);
            }
        }
        if let Some(user) = filter.last_user {
            test.last_user = test.code(dictionary.users.known(&user));
        }
        test.assigned = match filter.assigned {
            None => None,
            Some(Assigned::Nobody) => Some((0, 0)),
            Some(Assigned::To(user)) => test.code(dictionary.users.known(&user)).map(|code| (code, code)),
            Some(Assigned::ToOrNobody(user)) => {
                Some(dictionary.users.known(&user).map_or((0, 0), |code| (code, 0)))
            }
        };
        if !filter.categories.is_empty() {
            let wanted: Vec<String> = filter.categories.iter().map(|name| fold(name)).collect();
            let has = |ids: &Vec<i64>| {
                ids.iter().any(|id| labels.categories.get(id).is_some_and(|name| wanted.contains(name)))
            };
            let of_code = std::iter::once(false).chain(dictionary.categories.values().iter().map(has));
            test.categories = Some(of_code.collect());
        }
        Ok(test)
    }

    /// A code that is asked for; without one nothing passes.
    fn code(&mut self, code: Option<u32>) -> Option<u32> {
        self.nothing |= code.is_none();
        code
    }

    /// Places of the leads that pass, as they lie in memory. All are tested as numbers, and what is left by one text after the other, each
    /// looked up once: to look for a column again with each of 200,000 leads takes longer than to compare it.
    pub(super) fn passing(&self, entries: &[Entry], searched: &Searched) -> Vec<u32> {
        if self.nothing {
            return Vec::new();
        }
        let mut places: Vec<u32> =
            (0..).zip(entries).filter(|(_, entry)| self.numbers(entry)).map(|(at, _)| at).collect();
        if let Some(digits) = &self.digits {
            places.retain(|at| {
                digits.find(entries[*at as usize].digits(&mut [0; 20])).is_some()
                    || searched.further.as_ref().is_some_and(|further| further.contains(*at, digits))
            });
        }
        self.named(&mut places, searched);
        if let Some(part) = &self.memo {
            places.retain(|at| searched.memos.as_ref().is_some_and(|memos| memos.holds(*at, part)));
        }
        for (name, any) in &self.columns {
            let column = searched.column(name);
            places.retain(|at| column.is_some_and(|column| any.iter().any(|says| column.says(*at, says))));
        }
        places
    }

    fn numbers(&self, entry: &Entry) -> bool {
        entry.alive
            && self.status.as_ref().is_none_or(|any| any.contains(&entry.status))
            && self.kind.is_none_or(|kind| entry.kind == Some(kind))
            && self.last_user.is_none_or(|user| entry.last_user == user)
            && self.from.is_none_or(|from| entry.last_at >= from)
            && self.to.is_none_or(|to| entry.last_at < to && entry.last_at != i64::MIN)
            && self.assigned.is_none_or(|(one, other)| entry.assigned == one || entry.assigned == other)
            && self.excluded.is_none_or(|excluded| entry.excluded == excluded)
            && self.blocked.is_none_or(|blocked| entry.is_blocked() == blocked)
            && self.state.is_none_or(|state| entry.state == state)
            && self.attempts.is_none_or(|attempts| entry.attempts == attempts)
            && self.at_least.is_none_or(|least| entry.attempts >= least)
            && self
                .categories
                .as_ref()
                .is_none_or(|wanted| wanted.get(entry.categories as usize).copied().unwrap_or(false))
    }

    /// Leaves the leads whose names pass.
    fn named(&self, places: &mut Vec<u32>, searched: &Searched) {
        let names = searched.names.as_ref();
        let company = |wanted: &CompanySearch, key: fn(&Names, u32) -> &str, at: u32| {
            names.is_some_and(|names| wanted.in_key(key(names, at)))
                || searched.companies.as_ref().is_some_and(|whole| wanted.in_whole(whole.get(at)))
        };
        if let Some(name) = &self.name {
            places.retain(|at| company(name, Names::both, *at));
        }
        if let Some(wanted) = &self.company {
            places.retain(|at| company(wanted, Names::company, *at));
        }
        if let Some(part) = &self.person {
            places.retain(|at| names.is_some_and(|names| part.find(names.person(*at).as_bytes()).is_some()));
        }
    }
}

/// Made once for all leads.
fn key(key: String) -> Result<Finder<'static>> {
    if key.is_empty() { Err(ListError::SearchEmpty.into()) } else { Ok(Finder::new(&key).into_owned()) }
}

fn company_search(text: &str) -> Result<CompanySearch> {
    CompanySearch::new(text).ok_or_else(|| ListError::SearchEmpty.into())
}

fn saturated(count: u32) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
