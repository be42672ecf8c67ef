//! Which contacts an import has reached, so that one that several rows reach is one to people.

use rusqlite::Connection;

use super::super::{exec, one};
use crate::id::ContactId;
use crate::staging::{LateDoubts, Placed};

/// What the rows of an import made of a contact. The greatest of them is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Became {
    /// It is as it was.
    Same,
    /// It was left as it was, though a row says otherwise.
    Skipped,
    /// It is new, or was changed.
    Changed,
}

/// The contacts that the rows of one import reached before.
///
/// Rows come in the order of their numbers, so only a contact with several numbers is reached again by a row far away. Those are
/// kept in a database of their own, which SQLite holds in memory up to [`CACHE_KIB`] and in a file without a name beyond. Of the
/// others the last one is enough: equal numbers follow each other.
#[derive(Default)]
pub(crate) struct Reached {
    /// What the rows of the number that was written last made of its lead.
    pub(super) lead: Placed,
    /// What the rows say that is not so, by what is there.
    pub(crate) doubts: LateDoubts,
    last: Option<(ContactId, Became)>,
    several: Option<Connection>,
}

impl Reached {
    /// What earlier rows made of the contact. `several`: it has several numbers, or the row's number had a row already.
    pub(super) fn of(&self, contact: ContactId, several: bool) -> rusqlite::Result<Option<Became>> {
        if !several {
            return Ok(None);
        }
        let sql = "SELECT became FROM reached WHERE contact_id = ?1";
        let known = match &self.several {
            Some(db) => one(db, sql, [contact], |row| row.get::<_, u8>(0))?,
            None => None,
        };
        let last = || self.last.filter(|(last, _)| *last == contact).map(|(_, became)| became);
        Ok(known.and_then(|became| EVERY.get(usize::from(became)).copied()).or_else(last))
    }

    /// Remembers it; `several` as before, or that the row brings further numbers.
    pub(super) fn put(&mut self, contact: ContactId, several: bool, became: Became) -> rusqlite::Result<()> {
        if !several {
            self.last = Some((contact, became));
            return Ok(());
        }
        let db = match &mut self.several {
            Some(db) => db,
            several => several.insert(open()?),
        };
        exec(db, "INSERT OR REPLACE INTO reached VALUES (?1, ?2)", (contact, became as u8)).map(|_| ())
    }
}

fn open() -> rusqlite::Result<Connection> {
    // Without a name: it goes when it is closed.
    let db = Connection::open("")?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Nothing of it is ever taken back, and the one transaction is never committed: the disk is asked for room at most.
    db.pragma_update(None, "journal_mode", "OFF")?;
    db.execute_batch(
        "CREATE TABLE reached (contact_id BLOB PRIMARY KEY, became INTEGER NOT NULL) STRICT, WITHOUT ROWID;
         BEGIN",
    )?;
    Ok(db)
}

const EVERY: [Became; 3] = [Became::Same, Became::Skipped, Became::Changed];
/// Some 60,000 contacts.
const CACHE_KIB: i64 = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_of_several_numbers_are_known_until_the_end_and_of_others_the_last() {
        let mut reached = Reached::default();
        assert_eq!(reached.of(ContactId(1), true).unwrap(), None);
        reached.put(ContactId(1), false, Became::Same).unwrap();
        assert_eq!(reached.of(ContactId(1), true).unwrap(), Some(Became::Same), "its number comes again");
        reached.put(ContactId(1), true, Became::Changed).unwrap();
        assert_eq!(reached.of(ContactId(1), true).unwrap(), Some(Became::Changed));
        // More than the cache holds.
        for contact in 2..100_000 {
            reached.put(ContactId(contact << 90), true, EVERY[contact as usize % 3]).unwrap();
        }
        for contact in (2..100_000).step_by(97) {
            let became = reached.of(ContactId(contact << 90), true).unwrap();
            assert_eq!(became, Some(EVERY[contact as usize % 3]));
        }
        assert_eq!(reached.of(ContactId(1), true).unwrap(), Some(Became::Changed));
        assert_eq!(reached.of(ContactId(1 << 90), true).unwrap(), None);
    }
}
