//! Further numbers of leads, as they are searched.

use memchr::memmem::Finder;
use rusqlite::Connection;

use super::super::all;
use super::entry::Entry;
use super::texts::Texts;
use crate::id::LeadId;
use crate::name_key::SEPARATOR;

/// National digits of the further numbers of all leads.
pub(super) struct Further(Texts);

impl Further {
    /// `ids`: the lowest and the highest of the leads. Identifiers grow: it is one walk over a stretch of the numbers, of which most
    /// lists have few.
    pub(super) fn read(
        db: &Connection,
        ids: Option<(u128, u128)>,
        entries: &[Entry],
    ) -> rusqlite::Result<Self> {
        let mut further = Self(Texts::new(entries.len()));
        let Some((first, last)) = ids else { return Ok(further) };
        let mut statement = db.prepare(READ)?;
        let mut rows = statement.query((first.to_be_bytes(), last.to_be_bytes()))?;
        let (mut of, mut digits) = (None, String::new());
        while let Some(row) = rows.next()? {
            let lead: i64 = row.get(0)?;
            if of != Some(lead) {
                further.put(entries, of, &digits);
                of = Some(lead);
                digits.clear();
            }
            push(&mut digits, row.get_ref(1)?.as_str()?);
        }
        further.put(entries, of, &digits);
        Ok(further)
    }

    fn put(&mut self, entries: &[Entry], lead: Option<i64>, digits: &str) {
        let Some(lead) = lead else { return };
        // Leads of other lists, and those that were in the bin when the list was read, are not here.
        if let Ok(at) = entries.binary_search_by_key(&lead, |entry| entry.row) {
            self.0.set(at, |text| text.push_str(digits));
        }
    }

    /// Those of one lead, again.
    pub(super) fn update(&mut self, db: &Connection, at: usize, lead: LeadId) -> rusqlite::Result<()> {
        let sql = "SELECT phone FROM lead_phones WHERE lead_id = ?1 ORDER BY position";
        let mut digits = String::new();
        for phone in all(db, sql, [lead], |r| r.get::<_, String>(0))? {
            push(&mut digits, &phone);
        }
        self.0.set(at, |text| text.push_str(&digits));
        Ok(())
    }

    /// One of them holds it; digits have no separator, so none is found across two.
    pub(super) fn contains(&self, at: u32, digits: &Finder<'_>) -> bool {
        digits.find(self.0.get(at).as_bytes()).is_some()
    }
}

fn push(digits: &mut String, phone: &str) {
    digits.push(SEPARATOR);
    match phone.strip_prefix("+81") {
        Some(rest) => {
            digits.push('0');
            digits.push_str(rest);
        }
        None => digits.push_str(phone),
    }
}

/// The row of a lead is in the index of its identifier.
pub(super) const READ: &str =
    "SELECT l.rowid, p.phone FROM lead_phones p CROSS JOIN leads l ON l.id = p.lead_id
   WHERE p.lead_id >= ?1 AND p.lead_id <= ?2 ORDER BY p.lead_id, p.position";
