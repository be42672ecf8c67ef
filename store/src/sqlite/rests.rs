//! When numbers were dialed whose calls are not in this database: a copy was put in the place of the one that has them (D24).
//!
//! One row of the table `rests` for each dial, so that the floor between two calls of a number and its calls of the day are counted as
//! ever. The call itself stays in the file that was moved aside. A copy of version 13 or before has no such table: there the rows are
//! facts in `meta`, which migration 014 moves.

use std::collections::HashMap;

use rusqlite::Connection;

use super::{all, exec, one};
use crate::phone::Phone;
use crate::time::format_jst;

/// Where a database has them.
#[derive(Clone, Copy)]
pub(super) enum Rests {
    Table,
    Facts,
}

impl Rests {
    pub(super) fn of(db: &Connection) -> rusqlite::Result<Self> {
        let table = one(db, "SELECT 1 FROM sqlite_schema WHERE name = 'rests'", [], |_| Ok(()))?;
        Ok(if table.is_some() { Self::Table } else { Self::Facts })
    }

    /// Writes down that a number was dialed at a moment (UTC milliseconds).
    pub(super) fn note(self, db: &Connection, phone: &str, dialed_at: i64) -> rusqlite::Result<()> {
        let sql = match self {
            Self::Table => "INSERT OR IGNORE INTO rests (phone, dialed_at) VALUES (?1, ?2)",
            Self::Facts => {
                "INSERT OR IGNORE INTO meta (key, value) VALUES ('dialed ' || ?1 || ' ' || ?2, ?2)"
            }
        };
        exec(db, sql, (phone, dialed_at)).map(drop)
    }

    /// All that the database has of them since a moment: it may itself be a copy that was put in the place of another.
    pub(super) fn since(self, db: &Connection, moment: i64) -> rusqlite::Result<Vec<(String, i64)>> {
        let sql = match self {
            Self::Table => "SELECT phone, dialed_at FROM rests WHERE dialed_at >= ?1",
            Self::Facts => {
                "SELECT substr(key, 8, instr(substr(key, 8) || ' ', ' ') - 1), value FROM meta
                 WHERE key >= 'dialed +' AND key < 'dialed ,' AND value >= ?1"
            }
        };
        all(db, sql, [moment], |r| Ok((r.get(0)?, r.get(1)?)))
    }
}

/// The last dial of each number ([`Phone::key`]).
pub(super) fn last_of_all(db: &Connection) -> rusqlite::Result<HashMap<u64, i64>> {
    let sql = "SELECT phone, max(dialed_at) FROM rests GROUP BY phone";
    let rows: Vec<(String, i64)> = all(db, sql, [], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.iter().filter_map(|(phone, at)| Some((Phone::from_e164(phone).ok()?.key(), *at))).collect())
}

/// Why a lead is excluded whose number was dialed by a call that a restore left behind, and with which result.
pub(crate) fn left_behind(at: Option<i64>, result: Option<&str>) -> String {
    let when = at.map(format_jst).unwrap_or_default();
    let (day, time) = (when.get(..10).unwrap_or_default(), when.get(11..16).unwrap_or_default());
    format!("{CALLED} {day} {time} {}", result.unwrap_or_default()).trim_end().to_owned()
}

/// What no floor reaches back to any more goes.
pub(super) fn forget(db: &Connection, now: i64) -> rusqlite::Result<()> {
    exec(db, "DELETE FROM rests WHERE dialed_at < ?1", [now.saturating_sub(KEPT_MS)]).map(drop)
}

/// Begins the reason; when and with what result follow.
const CALLED: &str = "復元: コピーの後に発信済";
/// The longest floor that the configuration takes (`repeat_gap`).
pub(super) const KEPT_MS: i64 = 7 * 86_400_000;

#[cfg(test)]
mod tests {
    use super::super::migrate::migrate;
    use super::*;

    fn kept(db: &Connection, rests: Rests) -> Vec<(String, i64)> {
        let mut kept = rests.since(db, 0).unwrap();
        kept.sort();
        kept
    }

    #[test]
    fn what_is_old_is_forgotten_and_every_moment_kept_whatever_the_version() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("../../tests/fixtures/v12.sql")).unwrap();
        db.execute("INSERT INTO meta VALUES ('next_event_seq', 1), ('dialed +81312340003', 9)", []).unwrap();
        let before = Rests::of(&db).unwrap();
        assert!(matches!(before, Rests::Facts));
        let of = |number: &str, at| (format!("+8131234000{number}"), at);
        let noted = [of("1", 7), of("2", 5), of("2", 8), of("2", 8)];
        for (phone, at) in &noted {
            before.note(&db, phone, *at).unwrap();
        }
        let all = [of("1", 7), of("2", 5), of("2", 8), of("3", 9)];
        assert_eq!(kept(&db, before), all);
        assert!(migrate(&mut db).is_ok());
        let table = Rests::of(&db).unwrap();
        assert!(matches!(table, Rests::Table));
        assert_eq!(kept(&db, table), all);
        let facts: Vec<String> =
            super::super::all(&db, "SELECT key FROM meta ORDER BY key", [], |r| r.get(0)).unwrap();
        assert_eq!(facts, ["checkpoints", "next_event_seq"]);
        table.note(&db, "+81312340002", 8).unwrap();
        table.note(&db, "+81312340004", 9).unwrap();
        assert_eq!(table.since(&db, 9).unwrap().len(), 2);
        forget(&db, KEPT_MS + 8).unwrap();
        assert_eq!(kept(&db, table), [of("2", 8), of("3", 9), of("4", 9)]);
    }
}
