//! Searching the history for names, memos and parts of numbers, which are stored as they were written: rows are read newest first
//! and folded one by one, until a page is full.

use std::collections::HashMap;

use memchr::memmem::Finder;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::one;
use crate::error::{Doing, ListError, Result};
use crate::id::AttemptId;
use crate::model::HistoryQuery;
use crate::name_key::{CompanySearch, SEPARATOR, fold, name_key, national_digits};
use crate::progress::Progress;

/// What a call has to say; all of it must be there.
pub(super) struct Words {
    name: Option<CompanySearch>,
    company: Option<CompanySearch>,
    person: Option<Finder<'static>>,
    memo: Option<Finder<'static>>,
    digits: Option<Finder<'static>>,
    /// Numbers whose contact was looked at, and whether it is called so.
    contacts: HashMap<String, bool>,
}

impl Words {
    /// `None`: the query asks for none.
    pub(super) fn of(query: &HistoryQuery) -> Result<Option<Self>> {
        let key = |text: &Option<String>| match text.as_deref().map(fold) {
            None => Ok(None),
            Some(key) if key.is_empty() => Err(ListError::SearchEmpty),
            Some(key) => Ok(Some(Finder::new(&key).into_owned())),
        };
        let digits = |text: &Option<String>| match text.as_deref().map(national_digits) {
            None => Ok(None),
            Some(digits) if digits.is_empty() => Err(ListError::SearchEmpty),
            Some(digits) => Ok(Some(Finder::new(&digits).into_owned())),
        };
        let company = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => CompanySearch::new(text).ok_or(ListError::SearchEmpty).map(Some),
        };
        let words = Self {
            name: company(&query.name)?,
            company: company(&query.company)?,
            person: key(&query.person)?,
            memo: key(&query.memo)?,
            digits: digits(&query.digits)?,
            contacts: HashMap::new(),
        };
        Ok(query.searches().then_some(words))
    }

    /// Calls of a filter that pass, newest first, until `found` has enough.
    pub(super) fn find(
        &mut self,
        db: &Connection,
        (filter, values): (&str, Vec<Value>),
        progress: &Progress,
        mut found: impl FnMut(AttemptId) -> Result<bool>,
    ) -> Result<()> {
        let doing = "search history";
        let sql = format!(
            "SELECT a.id, a.company, a.person, a.memo, a.phone, a.rowid FROM attempts a {filter} ORDER BY a.id DESC"
        );
        // Rows are written in the order of their identifiers: how far the search is, newest first, is how far down it is.
        let newest = one(db, "SELECT max(rowid) FROM attempts", [], |r| r.get::<_, Option<i64>>(0));
        let newest = newest.doing(doing)?.flatten().unwrap_or(0);
        let mut statement = db.prepare(&sql).doing(doing)?;
        let mut rows = statement.query(params_from_iter(values)).doing(doing)?;
        // An export counts the rows that it writes.
        let ours = progress.total() == 0;
        let mut read = 0_u64;
        while let Some(row) = rows.next().doing(doing)? {
            read += 1;
            if read.is_multiple_of(BETWEEN_LOOKS) {
                let row: i64 = row.get(5).doing(doing)?;
                if ours {
                    progress.set(newest.abs_diff(row), newest.unsigned_abs());
                }
                progress.step(0)?;
            }
            let text = |at| row.get_ref(at).and_then(|value| Ok(value.as_str_or_null()?));
            if self
                .memo
                .as_ref()
                .is_some_and(|memo| !holds(memo, &fold(text(3).ok().flatten().unwrap_or(""))))
            {
                continue;
            }
            if let Some(digits) = &self.digits
                && !text(4).doing(doing)?.is_some_and(|phone| holds(digits, &national_digits(phone)))
            {
                continue;
            }
            if self.asks_for_names() {
                let (company, person) = (text(1).doing(doing)?, text(2).doing(doing)?);
                let phone = text(4).doing(doing)?;
                if !self.are_names(company, person) && !self.names_contact(db, phone)? {
                    continue;
                }
            }
            if !found(row.get(0).doing(doing)?)? {
                break;
            }
        }
        Ok(())
    }

    fn asks_for_names(&self) -> bool {
        self.name.is_some() || self.company.is_some() || self.person.is_some()
    }

    fn are_names(&self, company: Option<&str>, person: Option<&str>) -> bool {
        let both = name_key(company, person);
        let (key, person) = both.split_once(SEPARATOR).unwrap_or((&both, ""));
        self.name.as_ref().is_none_or(|name| name.is_in(&both, company))
            && self.company.as_ref().is_none_or(|wanted| wanted.is_in(key, company))
            && self.person.as_ref().is_none_or(|wanted| holds(wanted, person))
    }

    /// Whether the contact that has the number now is called so: history shows these names.
    fn names_contact(&mut self, db: &Connection, phone: Option<&str>) -> Result<bool> {
        let Some(phone) = phone else { return Ok(false) };
        if let Some(known) = self.contacts.get(phone) {
            return Ok(*known);
        }
        let sql = "SELECT c.company, c.person FROM contact_phones p JOIN contacts c ON c.id = p.contact_id
                   WHERE p.phone = ?1 AND p.live = 1";
        let names =
            one(db, sql, [phone], |r| Ok((r.get::<_, Option<String>>(0)?, r.get::<_, Option<String>>(1)?)));
        let named = names
            .doing("read contacts")?
            .is_some_and(|(company, person)| self.are_names(company.as_deref(), person.as_deref()));
        if self.contacts.len() >= MOST_CONTACTS {
            self.contacts.clear();
        }
        self.contacts.insert(phone.to_owned(), named);
        Ok(named)
    }
}

fn holds(key: &Finder<'_>, text: &str) -> bool {
    key.find(text.as_bytes()).is_some()
}

/// Rows between two looks at whether somebody still waits.
const BETWEEN_LOOKS: u64 = 1_024;
/// Contacts remembered by number, some 10 MiB.
const MOST_CONTACTS: usize = 100_000;
