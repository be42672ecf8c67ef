//! Migrations: one SQL file per step, in order, in one transaction, counted by `PRAGMA user_version`.

use rusqlite::{Connection, TransactionBehavior};

use super::name_keys;

pub(super) enum MigrateError {
    /// Written by a newer version.
    Newer { found: i64, known: i64 },
    /// An SQLite database of another program.
    Foreign,
    /// SQLite refused.
    Sqlite { doing: &'static str, source: rusqlite::Error },
}

/// Brings the database to the newest schema; creates it in an empty file.
pub(super) fn migrate(db: &mut Connection) -> Result<(), MigrateError> {
    let read = |source| MigrateError::Sqlite { doing: "read the schema version", source };
    let application: i64 = db.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(read)?;
    let found: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(read)?;
    let tables: i64 =
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(read)?;
    if application != APPLICATION_ID && (tables > 0 || found != 0 || application != 0) {
        return Err(MigrateError::Foreign);
    }
    let known = NEWEST;
    if found > known {
        return Err(MigrateError::Newer { found, known });
    }
    if found == known {
        return Ok(());
    }
    let step = |source| MigrateError::Sqlite { doing: "migrate", source };
    if found > 0 {
        tracing::info!(
            from = found,
            to = known,
            "the database is brought to a newer schema; with a million leads that takes some seconds, and begins anew if it is interrupted"
        );
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(step)?;
    for sql in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        tx.execute_batch(sql).map_err(step)?;
        if *sql == LISTS {
            name_keys::fill(&tx).map_err(step)?;
        }
        if *sql == DUE_LEADS {
            name_keys::renew(&tx).map_err(step)?;
        }
    }
    tx.pragma_update(None, "user_version", known).map_err(step)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(step)?;
    tx.execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('checkpoints', 0)", []).map_err(step)?;
    tx.commit().map_err(step)?;
    if found > 0 {
        tracing::info!(
            from = found,
            to = known,
            "the database has the newer schema; older programs refuse it now"
        );
    }
    Ok(())
}

/// Step *n* leads from version *n* to *n + 1*. Steps are never edited once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../sql/migrations/001_initial.sql"),
    include_str!("../sql/migrations/002_transfers.sql"),
    LISTS,
    include_str!("../sql/migrations/004_people.sql"),
    include_str!("../sql/migrations/005_keeping.sql"),
    include_str!("../sql/migrations/006_grants.sql"),
    include_str!("../sql/migrations/007_lead_numbers.sql"),
    include_str!("../sql/migrations/008_dnc_files.sql"),
    include_str!("../sql/migrations/009_imports.sql"),
    include_str!("../sql/migrations/010_lead_changes.sql"),
    include_str!("../sql/migrations/011_last_results.sql"),
    include_str!("../sql/migrations/012_guards.sql"),
    DUE_LEADS,
    include_str!("../sql/migrations/014_rests.sql"),
];
/// Adds the leads' search keys, which SQL alone cannot make.
const LISTS: &str = include_str!("../sql/migrations/003_lists.sql");
/// Since it, search keys hold one form of each character.
const DUE_LEADS: &str = include_str!("../sql/migrations/013_due_leads.sql");

/// The version that this program writes.
pub(super) const NEWEST: i64 = MIGRATIONS.len() as i64;
/// `KAKE`: tells `file` and us whose database it is.
pub(super) const APPLICATION_ID: i64 = 0x4B41_4B45;

#[cfg(test)]
mod tests {
    use super::*;

    /// Every table, index and trigger: its text without comments and space, which a column added later brings along.
    fn schema(db: &Connection) -> Vec<(String, String)> {
        let mut statement = db
            .prepare("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
            .unwrap();
        let bare = |sql: String| -> String {
            let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
            lines.flat_map(str::split_whitespace).collect()
        };
        let rows = statement.query_map([], |row| Ok((row.get(0)?, bare(row.get(1)?)))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn the_schema_file_is_the_sum_of_the_migrations() {
        let mut migrated = Connection::open_in_memory().unwrap();
        assert!(migrate(&mut migrated).is_ok());
        let fresh = Connection::open_in_memory().unwrap();
        fresh.execute_batch(include_str!("../sql/schema.sql")).unwrap();
        assert_eq!(schema(&migrated), schema(&fresh));
        assert!(schema(&fresh).len() > 40);
    }

    #[test]
    fn a_newer_database_is_refused_and_left_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        assert!(migrate(&mut db).is_ok());
        db.pragma_update(None, "user_version", 999).unwrap();
        assert!(matches!(migrate(&mut db), Err(MigrateError::Newer { found: 999, .. })));
    }

    #[test]
    fn a_database_of_another_program_is_refused() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
        assert!(matches!(migrate(&mut db), Err(MigrateError::Foreign)));
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut db = Connection::open_in_memory().unwrap();
        assert!(migrate(&mut db).is_ok());
        let before = schema(&db);
        assert!(migrate(&mut db).is_ok());
        assert_eq!(schema(&db), before);
    }
}
