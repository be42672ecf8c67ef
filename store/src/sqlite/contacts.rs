//! The contact book. Contacts are found by number: the number is the key (S0.5).

mod category;
mod draft;
mod show;
mod trash;
mod write;

use rusqlite::Connection;

use super::{one, texts};
use crate::model::ContactInfo;
use crate::phone::Phone;

pub(crate) use category::UnlinkAt;
pub(super) use category::{delete as delete_category, list as categories, unlink as unlink_category};
pub(super) use show::{count, find, find_deleted, numbers, page};
pub(super) use trash::{delete, purge, tasks_of, undo};
pub(super) use write::{add, change, stub};

/// Who a number belongs to; `None` when nobody, or when it is not a number we can hold.
pub(super) fn by_phone(db: &Connection, raw: &str) -> rusqlite::Result<Option<ContactInfo>> {
    let Ok(parsed) = Phone::parse(raw) else { return Ok(None) };
    by_key(db, parsed.phone.expose())
}

/// The same by E.164.
pub(super) fn by_key(db: &Connection, phone: &str) -> rusqlite::Result<Option<ContactInfo>> {
    let sql = "SELECT c.id, c.company, c.person,
                 (SELECT json_group_array(name) FROM (
                    SELECT k.name FROM contact_categories m JOIN categories k ON k.id = m.category_id
                    WHERE m.contact_id = c.id ORDER BY m.position))
               FROM contact_phones p JOIN contacts c ON c.id = p.contact_id
               WHERE p.phone = ?1 AND p.live = 1";
    one(db, sql, [phone], |r| {
        let categories: String = r.get(3)?;
        Ok(ContactInfo {
            id: r.get(0)?,
            company: r.get(1)?,
            person: r.get(2)?,
            categories: texts(&categories),
        })
    })
}
