//! Reading contacts whole, one or a page.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use unicode_normalization::UnicodeNormalization;

use super::super::conditions::{Conditions, rows_of_page};
use super::super::staging::category::key;
use super::super::{all, one, texts, typed};
use crate::error::{Doing, Error, Result};
use crate::id::ContactId;
use crate::model::{ContactPhone, ContactQuery, ContactRow, TRASH_MS};
use crate::name_key::{CompanySearch, name_key, national_digits, search_key};
use crate::phone::Phone;

/// One contact, live or in the bin.
pub(in crate::sqlite) fn load(db: &Connection, contact: ContactId) -> Result<ContactRow> {
    let sql = format!("{SELECT} WHERE c.id = ?1");
    one(db, &sql, [contact], row)
        .doing("read contact")?
        .ok_or_else(|| Error::NotFound { what: "contact", key: contact.to_string() })
}

/// By identifier, else by one of its numbers as a person writes it.
pub(in crate::sqlite) fn find(db: &Connection, word: &str) -> Result<ContactRow> {
    if let Ok(id) = word.trim().parse() {
        return load(db, id);
    }
    let phone = number(word, "contact")?;
    let sql = "SELECT contact_id FROM contact_phones WHERE phone = ?1 AND live = 1";
    let found = one(db, sql, [phone.expose()], |r| r.get(0)).doing("look up a number")?;
    load(db, found.ok_or_else(|| Error::NotFound { what: "contact", key: phone.to_string() })?)
}

/// The number that somebody wrote. What has no digit is a name, by which no contact is taken: several may have it.
fn number(word: &str, what: &'static str) -> Result<Phone> {
    if !word.chars().any(char::is_numeric) {
        return Err(Error::NotFound { what, key: word.trim().to_owned() });
    }
    Ok(typed::single(word)?.phone)
}

/// A contact that lies in the bin: by identifier, else the last deleted of those that had the number, as a person writes it.
pub(in crate::sqlite) fn find_deleted(db: &Connection, word: &str) -> Result<ContactId> {
    if let Ok(id) = word.trim().parse() {
        return Ok(id);
    }
    let phone = number(word, "deleted contact")?;
    // The bin is small, and its numbers are in no index.
    let sql = "SELECT c.id FROM contacts c CROSS JOIN contact_phones p ON p.contact_id = c.id
               WHERE c.deleted_at IS NOT NULL AND p.phone = ?1 ORDER BY c.deleted_at DESC LIMIT 1";
    let found = one(db, sql, [phone.expose()], |r| r.get(0)).doing("look up a number")?;
    found.ok_or_else(|| Error::NotFound { what: "deleted contact", key: phone.to_string() })
}

/// How many live contacts there are.
pub(in crate::sqlite) fn count(db: &Connection) -> rusqlite::Result<u64> {
    // Each half is counted in an index; together they would read every contact.
    let sql = "SELECT (SELECT count(*) FROM contacts) - (SELECT count(*) FROM contacts WHERE deleted_at IS NOT NULL)";
    Ok(one(db, sql, [], |r| r.get::<_, i64>(0))?.unwrap_or(0).unsigned_abs())
}

/// How many numbers live contacts have.
pub(in crate::sqlite) fn numbers(db: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM contact_phones p JOIN contacts c ON c.id = p.contact_id
               WHERE p.live = 1 AND c.deleted_at IS NULL";
    Ok(one(db, sql, [], |r| r.get::<_, i64>(0))?.unwrap_or(0).unsigned_abs())
}

/// One page by age; a text is looked for in every contact behind `after`, until the page is full.
pub(in crate::sqlite) fn page(db: &Connection, query: &ContactQuery) -> Result<Vec<ContactRow>> {
    let doing = "read contacts";
    let live = match query.trash {
        // As `undo` takes it.
        Some(now) => format!("c.deleted_at > {}", now.saturating_sub(TRASH_MS)),
        None => "c.deleted_at IS NULL".to_owned(),
    };
    let mut conditions = Conditions::behind(live, Vec::new());
    if let Some(category) = &query.category {
        let clause = "EXISTS (SELECT 1 FROM contact_categories m JOIN categories k ON k.id = m.category_id
                              WHERE m.contact_id = c.id AND k.name_key = #)";
        conditions.and_with(clause, key(category.trim()));
    }
    if let Some(owner) = query.owner {
        conditions.and_with("c.owner_user_id = #", owner);
    }
    if query.only_stubs {
        conditions.and("c.stub = 1");
    }
    if let Some(after) = query.after {
        conditions.and_with("c.id > #", after);
    }
    let limit = rows_of_page(query.limit);
    let (filters, values) = conditions.into_parts();
    let Some(text) = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) else {
        let sql = format!("{SELECT} WHERE {filters} ORDER BY c.id LIMIT {limit}");
        return all(db, &sql, params_from_iter(values), row).doing(doing);
    };
    // Only what is looked at is read of each contact, and the whole of those that are found.
    let found = search(db, &Wanted::new(text), (&filters, &values), limit as usize).doing(doing)?;
    let sql = format!("{SELECT} WHERE c.id = ?1");
    found.into_iter().filter_map(|id| one(db, &sql, [id], row).doing(doing).transpose()).collect()
}

/// The first contacts under the filters that hold the text.
fn search(
    db: &Connection,
    wanted: &Wanted,
    (filters, values): (&str, &[Value]),
    limit: usize,
) -> rusqlite::Result<Vec<ContactId>> {
    let (phone, join) = match wanted.digits {
        Some(_) => ("p.phone", "LEFT JOIN contact_phones p ON p.contact_id = c.id"),
        None => ("NULL", ""),
    };
    let sql = format!(
        "SELECT c.id, c.company, c.person, c.email, {phone} FROM contacts c {join} WHERE {filters} ORDER BY c.id"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found: Vec<ContactId> = Vec::new();
    while let Some(next) = rows.next()? {
        let (company, person) = (next.get_ref(1)?.as_str_or_null()?, next.get_ref(2)?.as_str_or_null()?);
        let (email, phone) = (next.get_ref(3)?.as_str_or_null()?, next.get_ref(4)?.as_str_or_null()?);
        if !wanted.in_number(phone) && !wanted.in_names(company, person, email) {
            continue;
        }
        // Once, however many of its numbers are right.
        let id = next.get(0)?;
        if found.last() != Some(&id) {
            found.push(id);
        }
        if found.len() == limit {
            break;
        }
    }
    Ok(found)
}

/// What a search box holds: a part of a name, or some digits of a number.
struct Wanted {
    /// `None`: nothing is left of it.
    name: Option<CompanySearch>,
    digits: Option<String>,
}

impl Wanted {
    fn new(text: &str) -> Self {
        let plain: String = text.nfkc().collect();
        let number = plain.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | ' ' | '(' | ')'));
        let digits = national_digits(&plain);
        Self {
            digits: (number && digits.len() >= LEAST_DIGITS).then_some(digits),
            name: CompanySearch::new(text),
        }
    }

    fn in_names(&self, company: Option<&str>, person: Option<&str>, email: Option<&str>) -> bool {
        let Some(name) = &self.name else { return false };
        name.is_in(&name_key(company, person), company)
            || email.is_some_and(|email| name.in_key(&search_key(email)))
    }

    fn in_number(&self, phone: Option<&str>) -> bool {
        let (Some(digits), Some(phone)) = (&self.digits, phone) else { return false };
        match phone.strip_prefix("+81") {
            Some(rest) => {
                // The national number has a 0 before it.
                let behind_zero = digits.strip_prefix('0').is_some_and(|digits| rest.starts_with(digits));
                behind_zero || rest.contains(digits.as_str())
            }
            None => phone.contains(digits.as_str()),
        }
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<ContactRow> {
    let (phones, categories): (String, String) = (row.get(4)?, row.get(5)?);
    let phones: Vec<(i64, String, Option<String>, Option<String>)> =
        serde_json::from_str(&phones).unwrap_or_default();
    Ok(ContactRow {
        id: row.get(0)?,
        company: row.get(1)?,
        person: row.get(2)?,
        email: row.get(3)?,
        phones: phones
            .into_iter()
            .map(|(position, phone, label, ext)| ContactPhone { position, phone, label, ext })
            .collect(),
        categories: texts(&categories),
        owner: row.get(6)?,
        owner_login: row.get(7)?,
        origin: row.get(8)?,
        stub: row.get(9)?,
        version: row.get::<_, i64>(10)?.unsigned_abs(),
        created_at: row.get(11)?,
        updated_at: row.get(12)?,
        deleted_at: row.get(13)?,
    })
}

const SELECT: &str = "
  SELECT c.id, c.company, c.person, c.email,
    (SELECT json_group_array(json_array(position, phone, label, ext)) FROM (
       SELECT position, phone, label, ext FROM contact_phones WHERE contact_id = c.id ORDER BY position)),
    (SELECT json_group_array(name) FROM (
       SELECT k.name FROM contact_categories m JOIN categories k ON k.id = m.category_id
       WHERE m.contact_id = c.id ORDER BY m.position)),
    c.owner_user_id, u.login, c.origin, c.stub, c.version, c.created_at, c.updated_at, c.deleted_at
  FROM contacts c LEFT JOIN users u ON u.id = c.owner_user_id";
/// Fewer digits than this are in nearly every number.
const LEAST_DIGITS: usize = 3;
