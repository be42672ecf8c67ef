//! Leads as rows of a view, whole.

use rusqlite::{Connection, Row};

use super::{one, texts};
use crate::id::LeadId;
use crate::model::{LeadPlace, LeadRow};

/// The lead of a row of the table `leads`, unless it lies in the bin.
pub(super) fn by_row(db: &Connection, row: i64) -> rusqlite::Result<Option<LeadRow>> {
    one(db, &format!("{SELECT} WHERE l.rowid = ?1 AND l.deleted_at IS NULL"), [row], read)
}

/// The lead of this identifier.
pub(super) fn by_id(db: &Connection, lead: LeadId) -> rusqlite::Result<Option<LeadRow>> {
    one(db, &format!("{SELECT} WHERE l.id = ?1 AND l.deleted_at IS NULL"), [lead], read)
}

/// Where leads stand, in this order; without those that are gone.
pub(super) fn places(db: &Connection, leads: &[LeadId]) -> rusqlite::Result<Vec<LeadPlace>> {
    let sql = "SELECT list_id, assigned_user_id FROM leads WHERE id = ?1 AND deleted_at IS NULL";
    let mut places = Vec::with_capacity(leads.len());
    for id in leads {
        places
            .extend(one(db, sql, [id], |r| Ok(LeadPlace { id: *id, list: r.get(0)?, assigned: r.get(1)? }))?);
    }
    Ok(places)
}

/// Whether a lead with this number is excluded from dialing, on a list that is not in the bin.
pub(super) fn is_excluded(db: &Connection, phone: &str) -> rusqlite::Result<bool> {
    Ok(one(db, EXCLUDED_BY, [phone], |_| Ok(()))?.is_some())
}

/// Its own number, or a further one.
pub(super) const EXCLUDED_BY: &str =
    "SELECT 1 FROM lead_numbers n JOIN leads d ON d.list_id = n.list_id AND d.position = n.position
              JOIN lists l ON l.id = d.list_id AND l.deleted_at IS NULL
       WHERE n.phone = ?1 AND d.excluded = 1 AND d.deleted_at IS NULL
     UNION ALL
     SELECT 1 FROM lead_phones p JOIN leads d ON d.id = p.lead_id JOIN lists l ON l.id = d.list_id AND l.deleted_at IS NULL
       WHERE p.phone = ?1 AND p.excluded = 1 AND d.excluded = 1 AND d.deleted_at IS NULL
     LIMIT 1";

/// From the columns of [`SELECT`].
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<LeadRow> {
    let categories: String = row.get(7)?;
    let attrs: String = row.get(8)?;
    let extra_phones: String = row.get(25)?;
    Ok(LeadRow {
        id: row.get(0)?,
        list: row.get(1)?,
        position: row.get(2)?,
        phone: row.get(3)?,
        raw_phone: row.get(4)?,
        company: row.get(5)?,
        person: row.get(6)?,
        categories: texts(&categories),
        attrs: serde_json::from_str(&attrs).unwrap_or_default(),
        state: row.get(9)?,
        skip_reason: row.get(10)?,
        dialable: !row.get::<_, bool>(11)?,
        round: row.get(12)?,
        attempts: row.get(13)?,
        next_eligible_at: row.get(14)?,
        recall_at: row.get(15)?,
        last_status: row.get(16)?,
        last_status_label: row.get(17)?,
        last_user: row.get(18)?,
        last_user_name: row.get(19)?,
        last_at: row.get(20)?,
        last_memo: row.get(21)?,
        last_kind: row.get(22)?,
        assigned: row.get(23)?,
        assigned_name: row.get(24)?,
        extra_phones: serde_json::from_str(&extra_phones).unwrap_or_default(),
        excluded_reason: row.get(26)?,
        clir: row.get(27)?,
        assigned_login: row.get(28)?,
        ext: row.get(29)?,
        last_user_login: row.get(30)?,
        version: super::unsigned(row, 31)?,
    })
}

macro_rules! select {
    ($($rest:literal)?) => {
        concat!(
            "SELECT l.id, l.list_id, l.position, l.phone, l.raw_phone, l.company, l.person,
    (SELECT json_group_array(name) FROM (
       SELECT k.name FROM lead_categories m JOIN categories k ON k.id = m.category_id
       WHERE m.lead_id = l.id ORDER BY m.position)),
    l.attrs, l.state, l.skip_reason, l.excluded, l.round, l.attempts, l.next_eligible_at, l.recall_at,
    l.last_disposition, d.label, l.last_user_id, u.name, l.last_at, l.last_memo, l.last_kind, l.assigned_user_id, o.name,
    (SELECT json_group_array(json_object('phone', phone, 'label', label, 'ext', ext, 'editable', json(
         CASE source WHEN 'manual' THEN 'true' ELSE 'false' END))) FROM (
       SELECT phone, label, ext, source FROM lead_phones WHERE lead_id = l.id ORDER BY position)),
    l.excluded_reason, l.clir, o.login, l.ext, u.login, l.version
  FROM leads l
  LEFT JOIN dispositions d ON d.code = l.last_disposition
  LEFT JOIN users u ON u.id = l.last_user_id
  LEFT JOIN users o ON o.id = l.assigned_user_id",
            $($rest)?
        )
    };
}

pub(super) const SELECT: &str = select!();
/// The leads of list `?1` behind position `?2`; more conditions may follow.
pub(super) const OF_LIST: &str = select!(
    " WHERE l.list_id = ?1 AND l.position > ?2
    AND l.position <= (SELECT visible_position FROM lists WHERE id = ?1) AND l.deleted_at IS NULL"
);
