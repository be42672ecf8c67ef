//! What a lead says of its customer, changed by hand: names, categories, further columns, 184 or 186 before its number. The number itself,
//! place and calls stay.

use rusqlite::Connection;
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization as _;

use super::lead_new::{columns_of, room_for};
use super::staging::{CategoryIds, Giver, columns, link, unlink};
use super::{audit_by, exec, one, texts, typed, unsigned};
use crate::code::Code;
use crate::error::{Doing, Error, Result, Said};
use crate::id::{LeadId, ListId};
use crate::import::{Profiles, RequiredNames};
use crate::model::{Actor, LeadFields};
use crate::name_key::name_key;
use crate::phone::Clir;

/// A lead as it is before.
struct Old {
    list: ListId,
    version: u64,
    /// The list's.
    profile: String,
    company: Option<String>,
    person: Option<String>,
    attrs: String,
    categories: Vec<String>,
    clir: Option<String>,
}

/// Changes what is given; the rest stays. Nothing different is nothing done.
pub(super) fn change(
    db: &Connection,
    lead: LeadId,
    fields: &LeadFields,
    profiles: &Profiles,
    by: Actor,
    now: i64,
) -> Result<Vec<Code>> {
    let doing = "change lead";
    let old = find(db, lead)?;
    if fields.version.is_some_and(|seen| seen != old.version) {
        return Err(Error::Stale { what: "lead" });
    }
    let mut warnings = Vec::new();
    let mut text = |new: &Option<String>, old: &Option<String>| match new {
        Some(text) => typed::text(Some(text), &mut warnings),
        None => Ok(old.clone()),
    };
    let (company, person) = (text(&fields.company, &old.company)?, text(&fields.person, &old.person)?);
    let had = (old.company.is_some(), old.person.is_some());
    let required =
        profiles.named(&old.profile).map_or(RequiredNames::Either, |profile| profile.list_required);
    keeps_names(had, (company.is_some(), person.is_some()), required)?;
    let categories = match &fields.categories {
        Some(names) => typed::categories(names, profiles.most_categories(&old.profile), &mut warnings)?,
        None => old.categories.clone(),
    };
    let given = columns_of(&fields.columns, &mut warnings)?;
    let before: Map<String, Value> = serde_json::from_str(&old.attrs).unwrap_or_default();
    let mut attrs = before.clone();
    for (name, text) in &given {
        if text.is_empty() {
            attrs.shift_remove(*name);
        } else {
            attrs.insert((*name).to_owned(), json!(text));
        }
    }
    let clir = match &fields.clir {
        Some(digits) => clir_of(digits)?.map(str::to_owned),
        None => old.clir.clone(),
    };
    let mut detail = Map::new();
    for (what, before, after) in [
        ("company", json!(old.company), json!(company)),
        ("person", json!(old.person), json!(person)),
        ("categories", json!(old.categories), json!(categories)),
        ("columns", Value::Object(before), Value::Object(attrs.clone())),
        ("clir", json!(old.clir), json!(clir)),
    ] {
        if before != after {
            detail.insert(what.to_owned(), json!({ "before": before, "after": after }));
        }
    }
    if detail.is_empty() {
        return Ok(warnings);
    }
    let sql = "UPDATE leads SET company = ?2, person = ?3, attrs = ?4, name_key = ?5, clir = ?6, version = version + 1
               WHERE id = ?1";
    let key = name_key(company.as_deref(), person.as_deref());
    exec(db, sql, (lead, &company, &person, Value::Object(attrs).to_string(), key, &clir)).doing(doing)?;
    if categories != old.categories {
        unlink(db, "lead", lead.0).doing(doing)?;
        link(db, &mut CategoryIds::default(), "lead", lead.0, &categories, Giver::Somebody).doing(doing)?;
    }
    let names: Vec<&str> = given.iter().filter(|(_, text)| !text.is_empty()).map(|(name, _)| *name).collect();
    room_for(db, old.list, &names)?;
    columns::remember(db, old.list, &json!({ "attributes": names })).doing(doing)?;
    audit_by(db, now, by, "lead.edit", &lead.to_string(), &detail.into()).doing(doing)?;
    Ok(warnings)
}

/// What is dialed before the number; nothing where the text is empty.
fn clir_of(digits: &str) -> Result<Option<&'static str>> {
    let digits: String = digits.trim().nfkc().collect();
    if digits.is_empty() {
        return Ok(None);
    }
    let needs = || Said::fixed("184、186 または空", "184, 186 or nothing");
    let clir = Clir::of_digits(&digits).ok_or_else(|| Error::Value { what: "clir", needs: needs() })?;
    Ok(Some(clir.digits()))
}

/// Nobody takes away the names that the list's profile asks for (S1.20, C2); a lead that came without them is corrected in steps.
fn keeps_names(had: (bool, bool), has: (bool, bool), required: RequiredNames) -> Result<()> {
    let lost = |had: bool, has: bool| had && !has;
    let lacks = match required {
        RequiredNames::Either if lost(had.0 || had.1, has.0 || has.1) => Code::ReqName,
        RequiredNames::Both if lost(had.0, has.0) => Code::ReqCompany,
        RequiredNames::Both | RequiredNames::Person if lost(had.1, has.1) => Code::ReqPerson,
        RequiredNames::Either | RequiredNames::Both | RequiredNames::Person | RequiredNames::None => {
            return Ok(());
        }
    };
    Err(Error::Invalid(lacks))
}

fn find(db: &Connection, lead: LeadId) -> Result<Old> {
    let sql = "SELECT d.list_id, l.profile, d.company, d.person, d.attrs,
                 (SELECT json_group_array(name) FROM (
                    SELECT k.name FROM lead_categories m JOIN categories k ON k.id = m.category_id
                    WHERE m.lead_id = d.id ORDER BY m.position)), d.version, d.clir
               FROM leads d JOIN lists l ON l.id = d.list_id
               WHERE d.id = ?1 AND d.deleted_at IS NULL AND d.position <= l.visible_position";
    let found = one(db, sql, [lead], |r| {
        Ok(Old {
            list: r.get(0)?,
            profile: r.get(1)?,
            company: r.get(2)?,
            person: r.get(3)?,
            attrs: r.get(4)?,
            categories: texts(&r.get::<_, String>(5)?),
            version: unsigned(r, 6)?,
            clir: r.get(7)?,
        })
    });
    found.doing("read lead")?.ok_or_else(|| Error::NotFound { what: "lead", key: lead.to_string() })
}
