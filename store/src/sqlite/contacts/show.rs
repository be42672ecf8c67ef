//! Reading contacts whole, one or a page.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use unicode_normalization::UnicodeNormalization;

use super::super::staging::category::key;
use super::super::{all, one, texts};
use crate::error::{Doing, Error, Result};
use crate::id::ContactId;
use crate::model::{ContactPhone, ContactQuery, ContactRow};
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
    let phone = Phone::parse(word).map_err(Error::Phone)?.phone;
    let sql = "SELECT contact_id FROM contact_phones WHERE phone = ?1 AND live = 1";
    let found = one(db, sql, [phone.expose()], |r| r.get(0)).doing("look up a number")?;
    load(db, found.ok_or_else(|| Error::NotFound { what: "contact", key: phone.to_string() })?)
}

/// A contact that lies in the bin: by identifier, else the last deleted of those that had the number, as a person writes it.
pub(in crate::sqlite) fn find_deleted(db: &Connection, word: &str) -> Result<ContactId> {
    if let Ok(id) = word.trim().parse() {
        return Ok(id);
    }
    let phone = Phone::parse(word).map_err(Error::Phone)?.phone;
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
    let mut sql = format!("{SELECT} WHERE c.deleted_at IS {}", if query.trash { "NOT NULL" } else { "NULL" });
    let mut values: Vec<Value> = Vec::new();
    let mut filter = |clause: &str, value: Value| {
        values.push(value);
        sql.push_str(&format!(" AND {}", clause.replace('#', &format!("?{}", values.len()))));
    };
    if let Some(category) = &query.category {
        let clause = "EXISTS (SELECT 1 FROM contact_categories m JOIN categories k ON k.id = m.category_id
                              WHERE m.contact_id = c.id AND k.name_key = #)";
        filter(clause, Value::Text(key(category.trim())));
    }
    if let Some(owner) = query.owner {
        filter("c.owner_user_id = #", Value::Blob(owner.0.to_be_bytes().to_vec()));
    }
    if query.only_stubs {
        filter("c.stub = #", Value::Integer(1));
    }
    if let Some(after) = query.after {
        filter("c.id > #", Value::Blob(after.0.to_be_bytes().to_vec()));
    }
    let limit = match query.limit {
        0 => 100,
        limit => limit.min(1000),
    };
    sql.push_str(" ORDER BY c.id");
    let Some(text) = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) else {
        sql.push_str(&format!(" LIMIT {limit}"));
        return all(db, &sql, params_from_iter(values), row).doing(doing);
    };
    let wanted = Wanted::new(text);
    let mut statement = db.prepare_cached(&sql).doing(doing)?;
    let mut rows = statement.query(params_from_iter(values)).doing(doing)?;
    let mut found = Vec::new();
    while let Some(next) = rows.next().doing(doing)? {
        let contact = row(next).doing(doing)?;
        if wanted.in_contact(&contact) {
            found.push(contact);
            if found.len() == usize::try_from(limit).unwrap_or(usize::MAX) {
                break;
            }
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

    fn in_contact(&self, contact: &ContactRow) -> bool {
        let names = name_key(contact.company.as_deref(), contact.person.as_deref());
        let email = contact.email.as_deref().map(search_key).unwrap_or_default();
        let named =
            |name: &CompanySearch| name.is_in(&names, contact.company.as_deref()) || name.in_key(&email);
        if self.name.as_ref().is_some_and(named) {
            return true;
        }
        let Some(digits) = &self.digits else { return false };
        contact.phones.iter().any(|phone| match phone.phone.strip_prefix("+81") {
            Some(rest) => format!("0{rest}").contains(digits.as_str()),
            None => phone.phone.contains(digits.as_str()),
        })
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
