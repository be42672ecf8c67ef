//! One row at a time: what is there already, and what needs a look at more than its own columns.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::super::{assignments, exec, one, texts};
use super::Import;
use super::category::{CategoryIds, Giver, key, link, unlink};
use super::reached::{Became, Reached};
use super::said::Said;
use crate::code::Code;
use crate::id::{ContactId, ImportId, LeadId, UserId};
use crate::import::ExtraPhone;
use crate::name_key::name_key;
use crate::phone::Phone;
use crate::staging::{LateDoubt, StagePolicy, StagedRow};

/// Overwrites the lead that has the row's number; returns under which number it is remembered, `None` when the row says nothing
/// new of it.
pub(super) fn update_lead(
    db: &Connection,
    known: &mut CategoryIds,
    (import, context): (ImportId, &Import),
    row: &StagedRow,
    policy: StagePolicy,
    again: bool,
) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id, company, person, attrs, version, raw_phone, clir, ext,
                 (SELECT json_group_array(name) FROM (
                    SELECT k.name FROM lead_categories m JOIN categories k ON k.id = m.category_id
                    WHERE m.lead_id = leads.id ORDER BY m.position)),
                 (SELECT json_group_object(phone, json_array(label, ext)) FROM lead_phones WHERE lead_id = leads.id),
                 import_id IS ?3
               FROM leads WHERE list_id = ?2
                 AND position = (SELECT position FROM lead_numbers WHERE phone = ?1 AND list_id = ?2)";
    let found = one(db, sql, (row.phone.expose(), context.list, import), |r| {
        Ok(Old {
            id: r.get::<_, LeadId>(0)?.0,
            company: r.get(1)?,
            person: r.get(2)?,
            attrs: r.get(3)?,
            version: r.get(4)?,
            raw_phone: r.get(5)?,
            clir: r.get(6)?,
            ext: r.get(7)?,
            categories: texts(&r.get::<_, String>(8)?),
            phones: serde_json::from_str(&r.get::<_, String>(9)?).unwrap_or_default(),
            own: r.get(10)?,
            again,
        })
    })?;
    match found {
        Some(old) => overwrite_lead(db, known, (import, context), &old, row, policy),
        None => Ok(None),
    }
}

/// A lead as it is before the import touches it.
struct Old {
    id: u128,
    company: Option<String>,
    person: Option<String>,
    attrs: String,
    version: i64,
    raw_phone: Option<String>,
    clir: Option<String>,
    ext: Option<String>,
    categories: Vec<String>,
    /// Its further numbers with their labels and extensions.
    phones: BTreeMap<String, (Option<String>, Option<String>)>,
    /// The import made it: its owner is settled when all rows are there.
    own: bool,
    /// An earlier row of the file changed it already.
    again: bool,
}

/// Overwrites what the row says.
fn overwrite_lead(
    db: &Connection,
    known: &mut CategoryIds,
    (import, context): (ImportId, &Import),
    old: &Old,
    row: &StagedRow,
    policy: StagePolicy,
) -> rusqlite::Result<Option<i64>> {
    let company = merged(&old.company, &row.company, row, policy.blanks.company);
    let person = merged(&old.person, &row.person, row, policy.blanks.person);
    let attrs = merged_attrs(&old.attrs, row);
    let categories = merged_categories(&old.categories, row, policy);
    // Those that are there stay, whoever added them (S4.41).
    let there = |extra: &&ExtraPhone| old.phones.contains_key(extra.phone.expose());
    let (there, further): (Vec<&ExtraPhone>, Vec<&ExtraPhone>) = row.extra_phones.iter().partition(there);
    let mut said = Said::default();
    for extra in there {
        if let Some((label, ext)) = old.phones.get(extra.phone.expose()) {
            let new = (extra.label.as_deref(), extra.ext.as_deref());
            said.look(&extra.phone, (label.as_deref(), ext.as_deref()), new);
        }
    }
    let ext = merged(&old.ext, &row.ext, row, policy.blanks.ext);
    // A cell without 184 or 186 says nothing of it: a number that somebody has withheld is not shown because of a file.
    let clir = row.clir.map(|clir| clir.digits().to_owned()).or_else(|| old.clir.clone());
    let changed = company != old.company
        || person != old.person
        || attrs != old.attrs
        || categories != old.categories
        || clir != old.clir
        || ext != old.ext;
    let phone = row.phone.expose();
    let former = match row.assigned {
        Some(user) if old.own => {
            let sql = "UPDATE leads SET assigned_user_id = ?2 WHERE id = ?1";
            exec(db, sql, (LeadId(old.id), user))?;
            None
        }
        Some(user) => assignments::take(db, phone, user, import, (context.user, context.now))?,
        None => None,
    };
    if !changed && further.is_empty() && said.is_empty() && former.is_none() {
        return Ok(None);
    }
    let mut before = json!({ "company": old.company, "person": old.person, "attrs": old.attrs,
        "raw_phone": old.raw_phone, "clir": old.clir, "ext": old.ext, "categories": old.categories,
        "phones": old.phones.keys().collect::<Vec<_>>() });
    said.put_old(&mut before);
    if let Some(former) = former {
        before[OWNER] = former;
    }
    mark(&mut before, old.again);
    let change = remember(db, import, "lead", old.id, old.version + 1, &before)?;
    let sql = "UPDATE leads SET company = ?2, person = ?3, attrs = ?4, raw_phone = ?5, name_key = ?6,
                 clir = ?7, ext = ?8, version = version + 1 WHERE id = ?1";
    let key = name_key(company.as_deref(), person.as_deref());
    exec(db, sql, (LeadId(old.id), company, person, attrs, &row.raw_phone, key, clir, ext))?;
    if categories != old.categories {
        unlink(db, "lead", old.id)?;
        link(db, known, "lead", old.id, &categories, Giver::Import(import))?;
    }
    said.write(db, "lead", &old.id.to_be_bytes())?;
    for extra in further {
        let sql = "INSERT INTO lead_phones (lead_id, position, phone, label, ext, excluded)
                   SELECT ?1, ifnull(max(position), 0) + 1, ?2, ?3, ?4, (SELECT excluded FROM leads WHERE id = ?1)
                   FROM lead_phones WHERE lead_id = ?1";
        exec(db, sql, (LeadId(old.id), extra.phone.expose(), extra.label.as_deref(), extra.ext.as_deref()))?;
    }
    Ok(Some(change))
}

/// Remembers whose the number of a new lead was, which the import gave to somebody else.
pub(in crate::sqlite) fn remember_owner(
    db: &Connection,
    import: ImportId,
    lead: LeadId,
    former: &Value,
) -> rusqlite::Result<()> {
    remember(db, import, "lead", lead.0, 1, &json!({ OWNER: former })).map(|_| ())
}

/// A number that is in the contact book already: overwrites what is there (S1.11); `false` when the row says nothing new.
/// `again`: this import made the contact, or has changed it already.
pub(super) fn update_contact(
    db: &Connection,
    known: &mut CategoryIds,
    (import, now): (ImportId, i64),
    row: &StagedRow,
    policy: StagePolicy,
    again: bool,
) -> rusqlite::Result<bool> {
    let sql = "SELECT c.id, c.company, c.person, c.version,
                 (SELECT json_group_array(name) FROM (
                    SELECT k.name FROM contact_categories m JOIN categories k ON k.id = m.category_id
                    WHERE m.contact_id = c.id ORDER BY m.position)), c.email, c.owner_user_id, c.stub, p.label, p.ext
               FROM contact_phones p JOIN contacts c ON c.id = p.contact_id WHERE p.phone = ?1 AND p.live = 1";
    let found = one(db, sql, [row.phone.expose()], |r| {
        let categories: String = r.get(4)?;
        Ok((
            r.get::<_, ContactId>(0)?,
            r.get::<_, Option<String>>(1)?,
            r.get::<_, Option<String>>(2)?,
            r.get::<_, i64>(3)?,
            texts(&categories),
            r.get::<_, Option<String>>(5)?,
            r.get::<_, Option<UserId>>(6)?,
            r.get::<_, bool>(7)?,
            (r.get::<_, Option<String>>(8)?, r.get::<_, Option<String>>(9)?),
        ))
    })?;
    let Some((id, old_company, old_person, version, old_categories, old_email, old_owner, stub, old_said)) =
        found
    else {
        return Ok(false);
    };
    // A stub's name is its number or what the network said: it gives way as a whole (S3.2).
    let gives_way = stub && (row.company.is_some() || row.person.is_some());
    let (company, person) = match gives_way {
        true => (row.company.clone(), row.person.clone()),
        false => (
            merged(&old_company, &row.company, row, policy.blanks.company),
            merged(&old_person, &row.person, row, policy.blanks.person),
        ),
    };
    let categories = merged_categories(&old_categories, row, policy);
    let email = match &row.email {
        Some(new) => Some(new.clone()).filter(|new| !new.is_empty()),
        None => old_email.clone(),
    };
    let owner = match row.owner {
        Some(None) if row.joins || !policy.blanks.owner => old_owner,
        new => new.unwrap_or(old_owner),
    };
    let same = company == old_company && person == old_person && email == old_email && owner == old_owner;
    let mut said = Said::default();
    let ext = merged(&old_said.1, &row.ext, row, policy.blanks.ext);
    let old = (old_said.0.as_deref(), old_said.1.as_deref());
    said.note(&row.phone, old, (row.label.as_deref().or(old.0), ext.as_deref()));
    if same && categories == old_categories && !stub && said.is_empty() {
        return Ok(false);
    }
    let mut before = json!({ "company": old_company, "person": old_person, "email": old_email,
        "categories": old_categories, "stub": stub });
    // One that stays may be another when the import is taken back: the contact changed hands.
    if owner != old_owner {
        before["owner"] = json!(old_owner);
    }
    said.put_old(&mut before);
    mark(&mut before, again);
    remember(db, import, "contact", id.0, version + 1, &before)?;
    said.write(db, "contact", &id.0.to_be_bytes())?;
    let sql =
        "UPDATE contacts SET company = ?2, person = ?3, email = ?5, owner_user_id = ?6, stub = 0, version = version + 1,
                 updated_at = ?4 WHERE id = ?1";
    exec(db, sql, (id, company, person, now, email, owner))?;
    if categories != old_categories {
        unlink(db, "contact", id.0)?;
        link(db, known, "contact", id.0, &categories, Giver::Import(import))?;
    }
    Ok(true)
}

/// Adds the further numbers of a row to its contact, unless they are somebody else's already, which `reached` is told (S3.10);
/// those it has take the file's labels and extensions. Returns the contact if it was there before the import and is another now.
pub(super) fn further_phones(
    db: &Connection,
    import: ImportId,
    row: &StagedRow,
    reached: &mut Reached,
) -> rusqlite::Result<Option<ContactId>> {
    let sql = "SELECT c.id, c.version, c.company, c.person, c.import_id IS ?2,
                 (SELECT max(position) FROM contact_phones WHERE contact_id = c.id),
                 (SELECT json_group_array(phone) FROM contact_phones WHERE contact_id = c.id),
                 (SELECT json_group_array(name) FROM (
                    SELECT k.name FROM contact_categories m JOIN categories k ON k.id = m.category_id
                    WHERE m.contact_id = c.id ORDER BY m.position))
               FROM contact_phones p JOIN contacts c ON c.id = p.contact_id WHERE p.phone = ?1 AND p.live = 1";
    let found = one(db, sql, (row.phone.expose(), import), |r| {
        let before = json!({ "company": r.get::<_, Option<String>>(2)?, "person": r.get::<_, Option<String>>(3)?,
            "phones": texts(&r.get::<_, String>(6)?), "categories": texts(&r.get::<_, String>(7)?) });
        Ok((
            r.get::<_, ContactId>(0)?,
            r.get::<_, i64>(1)?,
            r.get::<_, bool>(4)?,
            r.get::<_, i64>(5)?,
            before,
        ))
    })?;
    let Some((contact, version, new, last, mut before)) = found else { return Ok(None) };
    let mut at = last;
    let mut said = Said::default();
    for further in &row.extra_phones {
        match holder(db, &further.phone)? {
            None => {
                at += 1;
                let sql = "INSERT INTO contact_phones (contact_id, position, phone, label, ext) VALUES (?1, ?2, ?3, ?4, ?5)";
                let (label, ext) = (further.label.as_deref(), further.ext.as_deref());
                exec(db, sql, (contact, at, further.phone.expose(), label, ext))?;
            }
            Some(holder) if holder.contact != contact => {
                let (value, column) = (further.phone.national(), Some(further.column));
                let (code, contact) = (Code::PhoneTaken, Some(holder.name));
                reached.doubts.add(LateDoubt { line: row.line, code, column, value, contact });
            }
            Some(held) => {
                let new = (further.label.as_deref(), further.ext.as_deref());
                said.look(&further.phone, (held.label.as_deref(), held.ext.as_deref()), new);
            }
        }
    }
    said.write(db, "contact", &contact.0.to_be_bytes())?;
    if (at == last && said.is_empty()) || new {
        return Ok(None);
    }
    said.put_old(&mut before);
    mark(&mut before, reached.of(contact, true)? == Some(Became::Changed));
    remember(db, import, "contact", contact.0, version + 1, &before)?;
    exec(db, "UPDATE contacts SET version = version + 1 WHERE id = ?1", [contact])?;
    Ok(Some(contact))
}

/// Who has a number.
struct Holder {
    contact: ContactId,
    /// As people call it.
    name: String,
    /// Of the number.
    label: Option<String>,
    ext: Option<String>,
}

fn holder(db: &Connection, phone: &Phone) -> rusqlite::Result<Option<Holder>> {
    let sql = "SELECT c.id, c.company, c.person,
                 (SELECT phone FROM contact_phones WHERE contact_id = c.id ORDER BY position LIMIT 1), p.label, p.ext
               FROM contact_phones p JOIN contacts c ON c.id = p.contact_id WHERE p.phone = ?1 AND p.live = 1";
    one(db, sql, [phone.expose()], |r| {
        let names = [r.get::<_, Option<String>>(1)?, r.get(2)?];
        let names: Vec<String> = names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
        let number =
            || r.get::<_, String>(3).map(|first| Phone::from_e164(&first).map_or(first, |p| p.national()));
        let name = if names.is_empty() { number()? } else { names.join(" ") };
        Ok(Holder { contact: r.get(0)?, name, label: r.get(4)?, ext: r.get(5)? })
    })
}

/// An empty cell never blanks a value, unless told to.
fn merged(old: &Option<String>, new: &Option<String>, row: &StagedRow, blanks: bool) -> Option<String> {
    match new {
        None if row.joins || !blanks => old.clone(),
        _ => new.clone(),
    }
}

fn merged_categories(old: &[String], row: &StagedRow, policy: StagePolicy) -> Vec<String> {
    let new = &row.categories;
    if new.is_empty() && (row.joins || !policy.blanks.categories) {
        return old.to_vec();
    }
    let mut categories = if row.joins || policy.merge_categories { old.to_vec() } else { Vec::new() };
    for name in new {
        // The first spelling of a category stays; its key decides.
        let spelled = old.iter().find(|known| key(known) == key(name)).unwrap_or(name);
        if !categories.contains(spelled) {
            categories.push(spelled.clone());
        }
    }
    categories
}

pub(super) fn attrs(row: &StagedRow) -> String {
    if row.attrs.is_empty() {
        return "{}".to_owned();
    }
    let attrs = row.attrs.iter().filter(|(_, text)| !text.is_empty());
    let map: Map<String, Value> =
        attrs.map(|(name, text)| (name.to_string(), Value::from(text.as_str()))).collect();
    Value::Object(map).to_string()
}

/// An empty one is there only where it is to blank what is there.
fn merged_attrs(old: &str, row: &StagedRow) -> String {
    let mut map: Map<String, Value> = serde_json::from_str(old).unwrap_or_default();
    for (name, text) in &row.attrs {
        if !text.is_empty() {
            map.insert(name.to_string(), Value::from(text.as_str()));
        } else if !row.joins {
            map.shift_remove(&**name);
        }
    }
    Value::Object(map).to_string()
}

/// In what is kept of a lead: whose its number was, where that changed.
pub(super) const OWNER: &str = "owner";

/// Mark of a change of a lead or contact that the same import made, or has changed already: both are one to people.
pub(super) const AGAIN: &str = "again";

fn mark(before: &mut Value, again: bool) {
    if again {
        before[AGAIN] = Value::from(true);
    }
}

fn remember(
    db: &Connection,
    import: ImportId,
    kind: &str,
    row: u128,
    version: i64,
    before: &Value,
) -> rusqlite::Result<i64> {
    let sql =
        "INSERT INTO import_changes (import_id, kind, row_id, version, before) VALUES (?1, ?2, ?3, ?4, ?5)";
    exec(db, sql, (import, kind, row.to_be_bytes().as_slice(), version, before.to_string()))?;
    Ok(db.last_insert_rowid())
}
