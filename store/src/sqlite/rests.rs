//! When numbers were last dialed whose calls are not in this database: a copy was put in the place of the one that has them (D24).
//!
//! One row of `meta` for each number, whose key is its E.164 form behind [`KEY`]. The call itself stays in the file that was moved aside.

use rusqlite::Connection;

use super::exec;

/// Keeps the later of two moments (UTC milliseconds).
pub(super) fn note(copy: &Connection, phone: &str, dialed_at: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1 || ?2, ?3)
               ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)";
    exec(copy, sql, (KEY, phone, dialed_at)).map(drop)
}

/// What no floor reaches back to any more goes.
pub(super) fn forget(db: &Connection, now: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM meta WHERE key >= 'dialed +' AND key < 'dialed ,' AND value < ?1";
    exec(db, sql, [now.saturating_sub(KEPT_MS)]).map(drop)
}

/// What stands before the number; `checks` reads it. No other key of the table begins so.
const KEY: &str = "dialed ";
/// The longest floor that the configuration takes (`repeat_gap`).
pub(super) const KEPT_MS: i64 = 7 * 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_is_forgotten_and_the_last_moment_kept() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(
            "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        )
        .unwrap();
        db.execute("INSERT INTO meta VALUES ('next_event_seq', 1)", []).unwrap();
        for (phone, at) in
            [("+81312340001", 7), ("+81312340002", 5), ("+81312340002", 8), ("+81312340002", 6)]
        {
            note(&db, phone, at).unwrap();
        }
        let kept = || -> Vec<(String, i64)> {
            super::super::all(&db, "SELECT key, value FROM meta ORDER BY key", [], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })
            .unwrap()
        };
        let of = |key: &str, value| (key.to_owned(), value);
        let (one, two, other) =
            (of("dialed +81312340001", 7), of("dialed +81312340002", 8), of("next_event_seq", 1));
        assert_eq!(kept(), [one, two.clone(), other.clone()]);
        forget(&db, KEPT_MS + 8).unwrap();
        assert_eq!(kept(), [two, other]);
    }
}
