//! Taking back what an import wrote of a row: when the import is undone, or when a later row of its file stands in its place.

use rusqlite::Connection;
use serde_json::Value;

use super::super::{assignments, exec, one};
use super::category::{CategoryIds, Giver, keep, link, unlink};
use super::row::{self, OWNER};
use super::said::Said;
use crate::id::{ImportId, LeadId, ListId, UserId};
use crate::name_key::name_key;
use crate::phone::Clir;
use crate::staging::StagedRow;

/// Puts a lead back that an earlier row of the file changed; `false` where somebody changed it since.
pub(super) fn put_back(
    db: &Connection,
    known: &mut CategoryIds,
    import: ImportId,
    change: i64,
) -> rusqlite::Result<bool> {
    let sql = "SELECT row_id, version, before FROM import_changes WHERE id = ?1 AND import_id = ?2";
    let found: Option<(Vec<u8>, i64, String)> =
        one(db, sql, (change, import), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let Some((lead, version, before)) = found else { return Ok(false) };
    let sql = "SELECT 1 FROM leads WHERE id = ?1 AND version = ?2";
    if one(db, sql, (&lead, version), |_| Ok(()))?.is_none() {
        return Ok(false);
    }
    let before: Value = serde_json::from_str(&before).unwrap_or_default();
    let restored = restore_row(db, known, import, ("lead", &lead, version), &before)?;
    exec(db, "DELETE FROM import_changes WHERE id = ?1", [change])?;
    Ok(restored)
}

/// Makes a new lead of this row instead of an earlier one of the file. Nobody has seen it.
pub(super) fn new_lead(
    db: &Connection,
    known: &mut CategoryIds,
    import: ImportId,
    (list, position): (Option<ListId>, i64),
    row: &StagedRow,
) -> rusqlite::Result<()> {
    let sql = "SELECT id FROM leads WHERE list_id = ?1 AND position = ?2 AND import_id = ?3";
    let Some(lead) = one(db, sql, (list, position, import), |r| r.get::<_, LeadId>(0))? else {
        return Ok(());
    };
    let owner = match row.assigned {
        Some(user) => Some(user),
        None => assignments::owner(db, row.phone.expose())?,
    };
    let sql = "UPDATE leads SET company = ?2, person = ?3, attrs = ?4, raw_phone = ?5, name_key = ?6, clir = ?7, ext = ?8,
                 assigned_user_id = ?9 WHERE id = ?1";
    let (attrs, clir) = (row::attrs(row), row.clir.map(Clir::digits));
    let names = (&row.company, &row.person, &row.name_key);
    exec(db, sql, (lead, names.0, names.1, attrs, &row.raw_phone, names.2, clir, &row.ext, owner))?;
    // Not by the file where it is older: it is that of the lead in the bin.
    let sql = "UPDATE leads SET excluded = 0, excluded_reason = NULL, excluded_by = NULL, excluded_at = NULL
               WHERE id = ?1 AND excluded_at >= (SELECT created_at FROM imports WHERE id = ?2)";
    exec(db, sql, (lead, import))?;
    unlink(db, "lead", lead.0)?;
    link(db, known, "lead", lead.0, &row.categories, Giver::Import(import))?;
    exec(db, "DELETE FROM lead_phones WHERE lead_id = ?1", [lead])?;
    for (at, further) in (1_i64..).zip(&row.extra_phones) {
        let sql = "INSERT INTO lead_phones (lead_id, position, phone, label, ext, excluded)
             VALUES (?1, ?2, ?3, ?4, ?5, (SELECT excluded FROM leads WHERE id = ?1))";
        let (label, ext) = (further.label.as_deref(), further.ext.as_deref());
        exec(db, sql, (lead, at, further.phone.expose(), label, ext))?;
    }
    Ok(())
}

/// Puts back what the import overwrote; `false` where somebody changed it since, which stays then.
pub(super) fn restore_row(
    db: &Connection,
    known: &mut CategoryIds,
    import: ImportId,
    (kind, row, version): (&str, &[u8], i64),
    before: &Value,
) -> rusqlite::Result<bool> {
    let mut whole = true;
    if let Some(former) = before.get(OWNER).filter(|_| kind == "lead") {
        let phone = one(db, "SELECT phone FROM leads WHERE id = ?1", [row], |r| r.get::<_, String>(0))?;
        if let Some(phone) = phone {
            whole = assignments::give_back(db, &phone, import, former)?;
        }
        if before.get("attrs").is_none() {
            // Nothing else of it is the import's.
            return Ok(whole);
        }
    }
    let text = |name: &str| before.get(name).and_then(Value::as_str);
    let restored = match kind {
        "lead" => exec(
            db,
            "UPDATE leads SET company = ?3, person = ?4, attrs = ?5, raw_phone = ?6, clir = ?7, name_key = ?8,
               ext = iif(?9, ?10, ext), version = version - 1 WHERE id = ?1 AND version = ?2",
            (
                row,
                version,
                text("company"),
                text("person"),
                text("attrs").unwrap_or("{}"),
                text("raw_phone"),
                text("clir"),
                name_key(text("company"), text("person")),
                before.get("ext").is_some(),
                text("ext"),
            ),
        )?,
        _ => exec(
            db,
            // What an older version kept has no mail address or owner: it overwrote none. Contacts of who was deleted since have been
            // handed over.
            "UPDATE contacts SET company = ?3, person = ?4, email = iif(?5, ?6, email),
               owner_user_id = iif(?7 AND (?8 IS NULL
                 OR EXISTS (SELECT 1 FROM users WHERE id = ?8 AND deleted_at IS NULL)), ?8, owner_user_id), stub = ifnull(?9, stub),
               version = version - 1
             WHERE id = ?1 AND version = ?2",
            (
                row,
                version,
                text("company"),
                text("person"),
                before.get("email").is_some(),
                text("email"),
                before.get("owner").is_some(),
                text("owner").and_then(|owner| owner.parse::<UserId>().ok()),
                before.get("stub").and_then(Value::as_bool),
            ),
        )?,
    };
    if restored == 0 {
        keep(db, kind, row)?;
        return Ok(false);
    }
    let id = row.try_into().map(u128::from_be_bytes).unwrap_or_default();
    let names: Vec<String> = before
        .get("categories")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    if let Some(phones) = before.get("phones") {
        let sql = match kind {
            "lead" => {
                "DELETE FROM lead_phones WHERE lead_id = ?1 AND phone NOT IN (SELECT value FROM json_each(?2))"
            }
            _ => {
                "DELETE FROM contact_phones WHERE contact_id = ?1
                   AND phone NOT IN (SELECT value FROM json_each(?2))"
            }
        };
        exec(db, sql, (row, phones.to_string()))?;
    }
    Said::put_back(db, kind, row, before)?;
    unlink(db, kind, id)?;
    link(db, known, kind, id, &names, Giver::Undo(import))?;
    Ok(whole)
}
