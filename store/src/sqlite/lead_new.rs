//! One lead by hand (S4.45), and further numbers of a lead (S4.41, X3).

use rusqlite::Connection;
use serde_json::{Value, json};

use super::last_call::last_call;
use super::staging::{CategoryIds, Giver, columns, importing, link};
use super::turns::turn_of_new;
use super::{all, assignments, audit_by, contacts, exec, lists, one, texts, typed};
use crate::code::Code;
use crate::error::{Doing, Error, ListError, Result, Said};
use crate::id::{ContactId, LeadId, ListId};
use crate::import::{Profiles, is_ours};
use crate::model::{Actor, DialOrder, LeadPhone, LeadSpec};
use crate::name_key::name_key;
use crate::phone::{AutoDial, FurtherPhone, ParsedPhone, Phone, PhoneError, Special};

/// Puts a lead at the end of a list; its number becomes a contact when it is none (S1.10).
pub(super) fn add(
    db: &Connection,
    spec: &LeadSpec,
    profiles: &Profiles,
    by: Actor,
    now: i64,
) -> Result<(LeadId, Vec<Code>)> {
    let doing = "add lead";
    let sql = "SELECT dial_order, round, last_position, registered, profile FROM lists
               WHERE id = ?1 AND deleted_at IS NULL";
    let list: Option<(DialOrder, u32, i64, i64, String)> =
        one(db, sql, [spec.list], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))
            .doing(doing)?;
    let (order, round, last, registered, profile) = list.ok_or_else(|| lists::missing(spec.list))?;
    let checked = Checked::of(spec, profiles.most_categories(&profile))?;
    let phone = checked.phone.expose();
    if importing(db, spec.list).doing(doing)? {
        // The positions behind the visible end belong to it.
        return Err(Error::ListBusy);
    }
    if registered.unsigned_abs() >= spec.max_leads {
        return Err(ListError::Full { limit: spec.max_leads, free: 0 }.into());
    }
    let sql = "SELECT 1 FROM lead_numbers WHERE phone = ?1 AND list_id = ?2";
    if one(db, sql, (phone, spec.list), |_| Ok(())).doing(doing)?.is_some() {
        return Err(ListError::LeadDuplicate.into());
    }
    let id = LeadId::generate(now);
    let position = last + 1;
    let called = last_call(db, phone).doing(doing)?;
    let owner = assignments::owner(db, phone).doing(doing)?;
    let attrs: serde_json::Map<String, Value> =
        checked.columns.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
    // A column that no file brought is one of the list's from now on: exports have it.
    let names: Vec<&str> = checked.columns.iter().map(|(name, _)| *name).collect();
    room_for(db, spec.list, &names)?;
    columns::remember(db, spec.list, &json!({ "attributes": names })).doing(doing)?;
    let sql = "INSERT INTO leads (id, list_id, position, phone, raw_phone, clir, company, person, attrs, round, turn,
                 assigned_user_id, name_key, last_disposition, last_user_id, last_at, last_kind, last_memo, ext)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";
    let values = rusqlite::params![
        id,
        spec.list,
        position,
        phone,
        spec.phone,
        checked.clir,
        checked.company.as_deref(),
        checked.person.as_deref(),
        Value::Object(attrs).to_string(),
        round,
        turn_of_new(order, position),
        owner,
        name_key(checked.company.as_deref(), checked.person.as_deref()),
        called.disposition,
        called.user,
        called.at,
        called.kind,
        called.memo,
        checked.ext,
    ];
    exec(db, sql, values).doing(doing)?;
    let mut known = CategoryIds::default();
    link(db, &mut known, "lead", id.0, &checked.categories, Giver::Somebody).doing(doing)?;
    for (at, further) in (1_i64..).zip(&checked.extra) {
        insert_phone(db, id, at, further, None).doing(doing)?;
    }
    let sql = "UPDATE lists SET last_position = ?2, visible_position = ?2, registered = registered + 1 WHERE id = ?1";
    exec(db, sql, (spec.list, position)).doing(doing)?;
    register(db, &checked, spec.max_contacts, by, now)?;
    audit_by(db, now, by, "lead.add", &id.to_string(), &json!({ "list": spec.list })).doing(doing)?;
    Ok((id, checked.warnings))
}

/// What was typed, checked by the rules of files.
struct Checked<'a> {
    phone: Phone,
    clir: Option<&'static str>,
    ext: Option<String>,
    extra: Vec<FurtherPhone>,
    company: Option<String>,
    person: Option<String>,
    categories: Vec<String>,
    /// Further columns: name and text.
    columns: Vec<(&'a str, &'a str)>,
    warnings: Vec<Code>,
}

impl<'a> Checked<'a> {
    fn of(spec: &'a LeadSpec, most_categories: usize) -> Result<Self> {
        let mut warnings = Vec::new();
        let parsed = dialable(&spec.phone, &mut warnings)?;
        let mut extra = parsed.extra;
        for raw in &spec.extra_phones {
            let parsed = dialable(raw, &mut warnings)?;
            extra.push(FurtherPhone { phone: parsed.phone, ext: parsed.ext });
        }
        let mut kept: Vec<FurtherPhone> = Vec::new();
        for further in extra {
            if further.phone != parsed.phone && kept.iter().all(|known| known.phone != further.phone) {
                kept.push(further);
            }
        }
        let company = typed::text(spec.company.as_deref(), &mut warnings)?;
        let person = typed::text(spec.person.as_deref(), &mut warnings)?;
        let categories = typed::categories(&spec.categories, most_categories, &mut warnings)?;
        let columns = columns_of(&spec.attrs, &mut warnings)?;
        Ok(Self {
            phone: parsed.phone,
            clir: parsed.clir.map(|clir| clir.digits()),
            ext: parsed.ext,
            extra: kept,
            company,
            person,
            categories,
            columns,
            warnings,
        })
    }
}

/// A number that somebody typed, with the doubts about it. One that is never dialed has no place on a list.
fn dialable(raw: &str, warnings: &mut Vec<Code>) -> Result<ParsedPhone> {
    let parsed = Phone::parse(raw).map_err(Error::Phone)?;
    if parsed.phone.auto_dial() == AutoDial::Deny {
        let special = Special::of_phone(&parsed.phone);
        return Err(Error::Phone(PhoneError { code: Code::PhoneForbidden, special }));
    }
    typed::doubts(&parsed, warnings);
    Ok(parsed)
}

/// Further columns, name and text; none may be called as one of ours.
pub(super) fn columns_of<'a>(
    columns: &'a [(String, String)],
    warnings: &mut Vec<Code>,
) -> Result<Vec<(&'a str, &'a str)>> {
    let mut known: Vec<(&str, &str)> = Vec::new();
    for (name, text) in columns {
        let name = name.trim();
        if name.is_empty() || is_ours(name) || known.iter().any(|(known, _)| *known == name) {
            return Err(ListError::Value(Code::CsvHeaderDup).into());
        }
        typed::text(Some(name), warnings)?;
        known.push((name, typed::lines(text)?));
    }
    Ok(known)
}

/// Whether a file can hold the list's columns with these: a row of it has at most 512 cells, and some are ours.
pub(super) fn room_for(db: &Connection, list: ListId, names: &[&str]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let sql = "SELECT columns FROM lists WHERE id = ?1";
    let known: Option<String> = one(db, sql, [list], |r| r.get(0)).doing("read list")?;
    let known = texts(&known.unwrap_or_default());
    let new = names.iter().filter(|name| !known.iter().any(|known| known == *name)).count();
    match new > 0 && known.len() + new > MOST_COLUMNS {
        true => Err(ListError::Value(Code::CsvColumns).into()),
        false => Ok(()),
    }
}

/// Into the contact book, unless the number is there. Where that is full there is no lead either, as with a file (S0.23): who is
/// called without anybody knowing who it is would be missed only later.
fn register(db: &Connection, new: &Checked<'_>, most: u64, by: Actor, now: i64) -> Result<()> {
    let doing = "add lead";
    let known = "SELECT 1 FROM contact_phones WHERE phone = ?1 AND live = 1";
    if one(db, known, [new.phone.expose()], |_| Ok(())).doing(doing)?.is_some()
        || (new.company.is_none() && new.person.is_none())
    {
        return Ok(());
    }
    if most < u64::MAX && contacts::count(db).doing(doing)? >= most {
        return Err(Error::ContactsFull { most, needed: 1, free: 0 });
    }
    let id = ContactId::generate(now);
    // Whoever adds it owns it (S3.8).
    let sql = "INSERT INTO contacts (id, company, person, owner_user_id, origin, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, 'manual', ?5, ?5)";
    exec(db, sql, (id, &new.company, &new.person, by.user, now)).doing(doing)?;
    let sql = "INSERT INTO contact_phones (contact_id, position, phone, ext) VALUES (?1, 1, ?2, ?3)";
    exec(db, sql, (id, new.phone.expose(), &new.ext)).doing(doing)?;
    link(db, &mut CategoryIds::default(), "contact", id.0, &new.categories, Giver::Somebody).doing(doing)
}

/// The numbers of a lead: the one of the file, then those added.
pub(super) fn phones(db: &Connection, lead: LeadId) -> rusqlite::Result<Vec<LeadPhone>> {
    let sql = "SELECT 0, phone, NULL, 'import', ext FROM leads WHERE id = ?1
               UNION ALL SELECT position, phone, label, source, ext FROM lead_phones WHERE lead_id = ?1 ORDER BY 1";
    all(db, sql, [lead], |r| {
        let position: i64 = r.get(0)?;
        let source: String = r.get(3)?;
        Ok(LeadPhone {
            phone: r.get(1)?,
            label: r.get(2)?,
            ext: r.get(4)?,
            main: position == 0,
            editable: source == "manual",
        })
    })
}

pub(super) fn add_phone(
    db: &Connection,
    lead: LeadId,
    raw: &str,
    label: Option<&str>,
    by: Actor,
    now: i64,
) -> Result<(Vec<LeadPhone>, Vec<Code>)> {
    let doing = "add number";
    let mut warnings = Vec::new();
    let parsed = dialable(raw, &mut warnings)?;
    if !parsed.extra.is_empty() {
        // Whose label it would be nobody could tell.
        return Err(Error::Value {
            what: "phones", needs: Said::fixed("1件ずつ", "one number at a time")
        });
    }
    let further = FurtherPhone { phone: parsed.phone, ext: parsed.ext };
    let phone = &further.phone;
    let label = typed::text(label, &mut warnings)?;
    let known = existing(db, lead)?;
    if known.iter().any(|known| known.phone == phone.expose()) {
        return Err(ListError::LeadDuplicate.into());
    }
    // A file has the further ones in one cell.
    let labels = known.iter().map(|known| &known.label).chain([&label]);
    typed::bounded(labels.map(|label| label.as_ref().map_or(0, String::len) + NUMBER_BYTES).sum())?;
    let sql = "SELECT ifnull(max(position), 0) + 1 FROM lead_phones WHERE lead_id = ?1";
    let next: i64 = one(db, sql, [lead], |r| r.get(0)).doing(doing)?.unwrap_or(1);
    insert_phone(db, lead, next, &further, label.as_deref()).doing(doing)?;
    touch(db, lead).doing(doing)?;
    audit_by(db, now, by, "lead.phone.add", &lead.to_string(), &json!({ "last_four": phone.last_four() }))
        .doing(doing)?;
    Ok((phones(db, lead).doing(doing)?, warnings))
}

/// Removes a number that somebody added; those of the file stay (X3).
pub(super) fn remove_phone(
    db: &Connection,
    lead: LeadId,
    raw: &str,
    by: Actor,
    now: i64,
) -> Result<Vec<LeadPhone>> {
    let doing = "remove number";
    let phone = typed::single(raw)?.phone;
    let known = existing(db, lead)?;
    match known.iter().find(|known| known.phone == phone.expose()) {
        None => return Err(Error::NotFound { what: "number of the lead", key: phone.to_string() }),
        Some(known) if !known.editable => return Err(ListError::PhoneReadOnly.into()),
        Some(_) => {}
    }
    exec(db, "DELETE FROM lead_phones WHERE lead_id = ?1 AND phone = ?2", (lead, phone.expose()))
        .doing(doing)?;
    touch(db, lead).doing(doing)?;
    audit_by(db, now, by, "lead.phone.remove", &lead.to_string(), &json!({ "last_four": phone.last_four() }))
        .doing(doing)?;
    phones(db, lead).doing(doing)
}

fn existing(db: &Connection, lead: LeadId) -> Result<Vec<LeadPhone>> {
    let known = phones(db, lead).doing("read numbers")?;
    if known.is_empty() { Err(Error::NotFound { what: "lead", key: lead.to_string() }) } else { Ok(known) }
}

fn insert_phone(
    db: &Connection,
    lead: LeadId,
    position: i64,
    further: &FurtherPhone,
    label: Option<&str>,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO lead_phones (lead_id, position, phone, label, source, ext) VALUES (?1, ?2, ?3, ?4, 'manual', ?5)";
    exec(db, sql, (lead, position, further.phone.expose(), label, &further.ext)).map(|_| ())
}

/// Views look at leads only: what hangs on one counts as a change of it.
fn touch(db: &Connection, lead: LeadId) -> rusqlite::Result<()> {
    exec(db, "UPDATE leads SET version = version + 1 WHERE id = ?1", [lead]).map(|_| ())
}

/// More than a number takes with what parts it from the next.
const NUMBER_BYTES: usize = 32;
/// What our own columns leave of the 512 cells of a row.
const MOST_COLUMNS: usize = 480;
