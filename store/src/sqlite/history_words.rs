//! Searching the history for names and memos, which are stored as they were written: rows are read newest first and folded one by
//! one, until a page is full.

use std::collections::HashMap;

use memchr::memmem::Finder;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::one;
use crate::error::{Doing, ListError, Result};
use crate::id::AttemptId;
use crate::model::HistoryQuery;
use crate::name_key::{SEPARATOR, fold, name_key, search_key};

/// What a call has to say; all of it must be there.
pub(super) struct Words {
    name: Option<Finder<'static>>,
    company: Option<Finder<'static>>,
    person: Option<Finder<'static>>,
    memo: Option<Finder<'static>>,
    /// Numbers whose contact was looked at, and whether it is called so.
    contacts: HashMap<String, bool>,
}

impl Words {
    /// `None`: the query asks for none.
    pub(super) fn of(query: &HistoryQuery) -> Result<Option<Self>> {
        let key = |text: &Option<String>, folded: fn(&str) -> String| match text.as_deref().map(folded) {
            None => Ok(None),
            Some(key) if key.is_empty() => Err(ListError::SearchEmpty),
            Some(key) => Ok(Some(Finder::new(&key).into_owned())),
        };
        let words = Self {
            name: key(&query.name, search_key)?,
            company: key(&query.company, search_key)?,
            person: key(&query.person, fold)?,
            memo: key(&query.memo, fold)?,
            contacts: HashMap::new(),
        };
        let any = words.asks_for_names() || words.memo.is_some();
        Ok(any.then_some(words))
    }

    /// Calls of a filter that pass, newest first, until `found` has enough.
    pub(super) fn find(
        &mut self,
        db: &Connection,
        filter: &str,
        values: Vec<Value>,
        mut found: impl FnMut(AttemptId) -> Result<bool>,
    ) -> Result<()> {
        let doing = "search history";
        let sql = format!(
            "SELECT a.id, a.company, a.person, a.memo, a.phone FROM attempts a {filter} ORDER BY a.id DESC"
        );
        let mut statement = db.prepare(&sql).doing(doing)?;
        let mut rows = statement.query(params_from_iter(values)).doing(doing)?;
        while let Some(row) = rows.next().doing(doing)? {
            let text = |at| row.get_ref(at).and_then(|value| Ok(value.as_str_or_null()?));
            if self
                .memo
                .as_ref()
                .is_some_and(|memo| !holds(memo, &fold(text(3).ok().flatten().unwrap_or(""))))
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
        let key = name_key(company, person);
        let (company, person) = key.split_once(SEPARATOR).unwrap_or((&key, ""));
        let in_text = |wanted: &Option<Finder<'_>>, text| wanted.as_ref().is_none_or(|key| holds(key, text));
        in_text(&self.name, &key) && in_text(&self.company, company) && in_text(&self.person, person)
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

/// Contacts remembered by number, some 10 MiB.
const MOST_CONTACTS: usize = 100_000;
