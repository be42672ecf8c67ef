//! Making and changing contacts by hand.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::staging::category::{CategoryIds, Giver, link, unlink};
use super::super::typed;
use super::super::{audit_by, exec, one, users};
use super::draft::{self, Checked, Number};
use super::show::load;
use crate::error::{Doing, Error, Result};
use crate::id::{AttemptId, ContactId};
use crate::model::{
    Actor, ContactAdd, ContactChange, ContactDraft, ContactRow, ContactRules, ContactSaved, ContactSource,
    PhoneDraft,
};
use crate::permission::Scope;
use crate::phone::{AutoDial, Phone};

/// Makes a contact, or overwrites the one that has its first number (S0.20).
/// `most`: of its categories.
pub(in crate::sqlite) fn add(db: &Connection, add: &ContactAdd, most: usize) -> Result<ContactSaved> {
    let mut draft = add.draft.clone();
    if let ContactSource::Call(attempt) = add.source {
        draft.phones = vec![PhoneDraft { number: number_of(db, attempt)?, label: None }];
    }
    let checked = draft::check(&draft, add.rules.required, most)?;
    users::all_live(db, draft.owner.as_slice())?;
    let main = checked.phones.first().map_or("", |number| number.phone.expose());
    match holder(db, main)? {
        // A stub was nobody's work: the real contact takes its place (S3.2).
        Some((id, true)) => overwrite(db, id, &draft, checked, add),
        Some((id, false)) => match add.source {
            ContactSource::Form { overwrite: true } => overwrite(db, id, &draft, checked, add),
            ContactSource::Form { overwrite: false } | ContactSource::Call(_) => Err(taken(main, id)),
        },
        None => insert(db, checked, add),
    }
}

/// Changes a contact; numbers and categories, `most` of them, are replaced as a whole.
pub(in crate::sqlite) fn change(
    db: &Connection,
    contact: ContactId,
    change: &ContactChange,
    (rules, most): (ContactRules, usize),
    by: Actor,
    now: i64,
) -> Result<ContactSaved> {
    let doing = "change contact";
    let old = live(db, contact)?;
    if change.version.is_some_and(|seen| seen != old.version) {
        return Err(Error::Stale { what: "contact" });
    }
    let mut warnings = Vec::new();
    let mut field = |new: &Option<String>, old: &Option<String>| match new {
        Some(text) => typed::text(Some(text), &mut warnings),
        None => Ok(old.clone()),
    };
    let company = field(&change.company, &old.company)?;
    let person = field(&change.person, &old.person)?;
    draft::names(company.as_deref(), person.as_deref(), rules.required)?;
    let email = match &change.email {
        Some(text) => draft::email(Some(text))?,
        None => old.email.clone(),
    };
    let owner = change.owner.unwrap_or(old.owner);
    if owner != old.owner {
        may_give(&old, rules, by)?;
        users::all_live(db, owner.as_slice())?;
    }
    let sql = "UPDATE contacts SET company = ?2, person = ?3, email = ?4, owner_user_id = ?5, stub = 0,
                 version = version + 1, updated_at = ?6 WHERE id = ?1";
    exec(db, sql, (contact, company, person, email, owner, now)).doing(doing)?;
    if let Some(drafts) = &change.phones {
        let mut phones = draft::phones(drafts, &mut warnings)?;
        // A number that is left as it is keeps its extension.
        for number in phones.iter_mut().filter(|number| number.ext.is_none()) {
            let known = old.phones.iter().find(|known| known.phone == number.phone.expose());
            number.ext = known.and_then(|known| known.ext.clone());
        }
        free(db, &phones, Some(contact))?;
        exec(db, "DELETE FROM contact_phones WHERE contact_id = ?1", [contact]).doing(doing)?;
        put_phones(db, contact, &phones)?;
    }
    if let Some(names) = &change.categories {
        let names = typed::categories(names, most, &mut warnings)?;
        put_categories(db, contact, &names)?;
    }
    let new = load(db, contact)?;
    note(db, now, by, "contact.edit", contact, &changes(&old, &new))?;
    Ok(ContactSaved { contact: new, created: false, warnings })
}

/// S3.8: whose a contact is, its owner says, and whoever manages.
fn may_give(contact: &ContactRow, rules: ContactRules, by: Actor) -> Result<()> {
    match rules.gives {
        Scope::All => Ok(()),
        Scope::Own if contact.owner.is_some() && contact.owner == by.user => Ok(()),
        _ => Err(Error::Permission),
    }
}

/// A stub for a number nobody knows (S3.2, S3.9); `None` when somebody has it already.
pub(in crate::sqlite) fn stub(
    db: &Connection,
    phone: &str,
    name: &str,
    by: Actor,
    now: i64,
) -> Result<Option<ContactId>> {
    let doing = "make a stub contact";
    // A number that is never dialed has no place in the book: no import would take it either.
    let forbidden = Phone::from_e164(phone).is_ok_and(|known| known.auto_dial() == AutoDial::Deny);
    if forbidden || holder(db, phone)?.is_some() {
        return Ok(None);
    }
    let id = ContactId::generate(now);
    let sql = "INSERT INTO contacts (id, person, owner_user_id, origin, stub, created_at, updated_at)
               VALUES (?1, ?2, ?3, 'call', 1, ?4, ?4)";
    exec(db, sql, (id, name, by.user, now)).doing(doing)?;
    let sql = "INSERT INTO contact_phones (contact_id, position, phone) VALUES (?1, 1, ?2)";
    exec(db, sql, (id, phone)).doing(doing)?;
    note(db, now, by, "contact.stub", id, &json!({}))?;
    Ok(Some(id))
}

fn insert(db: &Connection, checked: Checked, add: &ContactAdd) -> Result<ContactSaved> {
    let doing = "add contact";
    free(db, &checked.phones, None)?;
    if let Some(most) = add.rules.most
        && super::count(db).doing(doing)? >= most
    {
        return Err(Error::ContactsFull { most, needed: 1, free: 0 });
    }
    let id = ContactId::generate(add.now);
    let origin = if matches!(add.source, ContactSource::Call(_)) { "call" } else { "manual" };
    // Whoever adds it owns it until somebody says otherwise (S3.8).
    let owner = add.draft.owner.or(add.by.user);
    let sql =
        "INSERT INTO contacts (id, company, person, email, owner_user_id, origin, created_at, updated_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)";
    let values = (id, &checked.company, &checked.person, &checked.email, owner, origin, add.now);
    exec(db, sql, values).doing(doing)?;
    put_phones(db, id, &checked.phones)?;
    put_categories(db, id, &checked.categories)?;
    let detail = json!({ "company": checked.company, "person": checked.person, "origin": origin });
    note(db, add.now, add.by, "contact.add", id, &detail)?;
    Ok(ContactSaved { contact: load(db, id)?, created: true, warnings: checked.warnings })
}

/// The draft takes the contact's place: what it leaves empty stays, its further numbers are added.
fn overwrite(
    db: &Connection,
    contact: ContactId,
    draft: &ContactDraft,
    checked: Checked,
    add: &ContactAdd,
) -> Result<ContactSaved> {
    let doing = "overwrite contact";
    let old = load(db, contact)?;
    // A stub is nobody's work yet.
    if !old.stub && old.owner.is_some() && draft.owner.is_some_and(|owner| Some(owner) != old.owner) {
        may_give(&old, add.rules, add.by)?;
    }
    free(db, &checked.phones, Some(contact))?;
    let sql = "UPDATE contacts SET company = ifnull(?2, company), person = ifnull(?3, person),
                 email = ifnull(?4, email), owner_user_id = coalesce(?5, owner_user_id, ?6), stub = 0,
                 version = version + 1, updated_at = ?7 WHERE id = ?1";
    // A stub's name is its number or what the network said: it gives way as a whole.
    if old.stub {
        exec(db, "UPDATE contacts SET person = NULL WHERE id = ?1", [contact]).doing(doing)?;
    }
    let values =
        (contact, &checked.company, &checked.person, &checked.email, draft.owner, add.by.user, add.now);
    exec(db, sql, values).doing(doing)?;
    let mut phones: Vec<Number> = Vec::new();
    for known in &old.phones {
        let phone = Phone::from_e164(&known.phone).map_err(Error::Phone)?;
        let new = checked.phones.iter().find(|new| new.phone == phone);
        let label = new.and_then(|new| new.label.clone()).or_else(|| known.label.clone());
        let ext = new.and_then(|new| new.ext.clone()).or_else(|| known.ext.clone());
        phones.push(Number { phone, label, ext });
    }
    for new in &checked.phones {
        if phones.iter().all(|known| known.phone != new.phone) {
            phones.push(new.clone());
        }
    }
    exec(db, "DELETE FROM contact_phones WHERE contact_id = ?1", [contact]).doing(doing)?;
    put_phones(db, contact, &phones)?;
    // S0.20: the categories are replaced, unless none were given.
    if !checked.categories.is_empty() {
        put_categories(db, contact, &checked.categories)?;
    }
    let new = load(db, contact)?;
    note(db, add.now, add.by, "contact.overwrite", contact, &changes(&old, &new))?;
    Ok(ContactSaved { contact: new, created: false, warnings: checked.warnings })
}

/// Who holds a number, and whether it is a stub.
fn holder(db: &Connection, phone: &str) -> Result<Option<(ContactId, bool)>> {
    let sql = "SELECT c.id, c.stub FROM contact_phones p JOIN contacts c ON c.id = p.contact_id
               WHERE p.phone = ?1 AND p.live = 1";
    one(db, sql, [phone], |r| Ok((r.get(0)?, r.get(1)?))).doing("look up a number")
}

/// No number may belong to another live contact; stubs of further numbers give way.
fn free(db: &Connection, phones: &[Number], own: Option<ContactId>) -> Result<()> {
    for Number { phone, .. } in phones {
        match holder(db, phone.expose())? {
            Some((id, _)) if Some(id) == own => {}
            Some((id, true)) => {
                exec(db, "DELETE FROM contacts WHERE id = ?1", [id]).doing("replace a stub contact")?;
            }
            Some((id, false)) => return Err(taken(phone.expose(), id)),
            None => {}
        }
    }
    Ok(())
}

fn taken(phone: &str, contact: ContactId) -> Error {
    let phone = Phone::from_e164(phone).map_or_else(|_| "****".to_owned(), |phone| phone.to_string());
    Error::ContactDuplicate { phone, contact }
}

fn live(db: &Connection, contact: ContactId) -> Result<ContactRow> {
    let row = load(db, contact)?;
    match row.deleted_at {
        Some(_) => Err(Error::NotFound { what: "contact", key: contact.to_string() }),
        None => Ok(row),
    }
}

fn put_phones(db: &Connection, contact: ContactId, phones: &[Number]) -> Result<()> {
    let sql =
        "INSERT INTO contact_phones (contact_id, position, phone, label, ext) VALUES (?1, ?2, ?3, ?4, ?5)";
    for (at, Number { phone, label, ext }) in (1_i64..).zip(phones) {
        exec(db, sql, (contact, at, phone.expose(), label, ext)).doing("write numbers of a contact")?;
    }
    Ok(())
}

fn put_categories(db: &Connection, contact: ContactId, names: &[String]) -> Result<()> {
    let doing = "write categories of a contact";
    unlink(db, "contact", contact.0).doing(doing)?;
    link(db, &mut CategoryIds::default(), "contact", contact.0, names, Giver::Somebody).doing(doing)
}

/// The number of a past call, whoever was at its other end.
fn number_of(db: &Connection, attempt: AttemptId) -> Result<String> {
    let found: Option<Option<String>> =
        one(db, "SELECT phone FROM attempts WHERE id = ?1", [attempt], |r| r.get(0)).doing("read call")?;
    let phone = found.ok_or_else(|| Error::NotFound { what: "call", key: attempt.to_string() })?;
    // Withheld or foreign: there is nothing to register.
    phone.ok_or(Error::Invalid(crate::code::Code::ReqPhone))
}

/// What is different, before and after; numbers only as a count, since the log is read by more people than the book.
fn changes(old: &ContactRow, new: &ContactRow) -> Value {
    let mut map = serde_json::Map::new();
    let mut put = |name: &str, before: Value, after: Value| {
        if before != after {
            map.insert(name.to_owned(), json!({ "before": before, "after": after }));
        }
    };
    put("company", json!(old.company), json!(new.company));
    put("person", json!(old.person), json!(new.person));
    put("email", json!(old.email), json!(new.email));
    put("categories", json!(old.categories), json!(new.categories));
    put("owner", json!(old.owner), json!(new.owner));
    if old.phones != new.phones {
        put("numbers", json!(old.phones.len()), json!(new.phones.len()));
        map.entry("numbers").or_insert(json!("replaced"));
    }
    Value::Object(map)
}

fn note(
    db: &Connection,
    now: i64,
    by: Actor,
    action: &str,
    contact: ContactId,
    detail: &Value,
) -> Result<()> {
    audit_by(db, now, by, action, &contact.to_string(), detail).doing("write the audit log")
}
