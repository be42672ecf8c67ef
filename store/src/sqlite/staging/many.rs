//! Statements over many rows at once: opening the trees costs more than a row.

use std::fmt::Write as _;
use std::sync::LazyLock;

use rusqlite::{CachedStatement, Connection, Row, ToSql};

use crate::phone::Phone;

/// Text of a statement over [`MANY`] rows, made once.
pub(super) type Sql = LazyLock<String>;

/// Writes a statement: `{rows}` in `sql` becomes [`MANY`] times `row`, where every `#` is a parameter of its own and `@`
/// the number of the row from 0. The numbered parameters before them are `shared` by all rows.
pub(super) fn sql(sql: &str, shared: usize, row: &str) -> String {
    let (mut rows, mut next) = (String::new(), shared);
    for at in 0..MANY {
        rows.push_str(if at == 0 { "(" } else { ", (" });
        for character in row.chars() {
            let _ = match character {
                '#' => {
                    next += 1;
                    write!(rows, "?{next}")
                }
                '@' => write!(rows, "{at}"),
                other => write!(rows, "{other}"),
            };
        }
        rows.push(')');
    }
    sql.replace("{rows}", &rows)
}

/// Asks about at most [`MANY`] numbers at once; every answer begins with the number of its row.
pub(super) fn look<'a>(
    db: &Connection,
    sql: &str,
    shared: &[&dyn ToSql],
    phones: impl Iterator<Item = &'a Phone>,
    mut answer: impl FnMut(usize, &Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(sql)?;
    for (at, value) in (1..).zip(shared) {
        statement.raw_bind_parameter(at, value)?;
    }
    // Places that are left are NULL, which is no number.
    for (at, phone) in (shared.len() + 1..).zip(phones) {
        statement.raw_bind_parameter(at, phone.expose())?;
    }
    let mut answers = statement.raw_query();
    while let Some(row) = answers.next()? {
        answer(row.get::<_, i64>(0)?.unsigned_abs() as usize, row)?;
    }
    Ok(())
}

/// Rows on their way into a table; `?1` of the statement is how many of its rows count.
///
/// [`Self::flush`] before the transaction is committed: what was put and not flushed is not in the table.
pub(super) struct Inserts<'db> {
    statement: CachedStatement<'db>,
    first: usize,
    next: usize,
    rows: usize,
}

impl<'db> Inserts<'db> {
    /// `shared` are the values of `?2` and so on.
    pub(super) fn new(db: &'db Connection, sql: &str, shared: &[&dyn ToSql]) -> rusqlite::Result<Self> {
        let mut statement = db.prepare_cached(sql)?;
        for (at, value) in (2..).zip(shared) {
            statement.raw_bind_parameter(at, value)?;
        }
        let first = shared.len() + 2;
        Ok(Self { statement, first, next: first, rows: 0 })
    }

    /// The next value of the current row.
    pub(super) fn put(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.statement.raw_bind_parameter(self.next, value)?;
        self.next += 1;
        Ok(())
    }

    /// The current row is whole.
    pub(super) fn end_row(&mut self) -> rusqlite::Result<()> {
        self.rows += 1;
        if self.rows == MANY { self.flush() } else { Ok(()) }
    }

    /// Writes what was put so far.
    pub(super) fn flush(&mut self) -> rusqlite::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        self.statement.raw_bind_parameter(1, self.rows as i64)?;
        self.statement.raw_execute()?;
        self.next = self.first;
        self.rows = 0;
        Ok(())
    }
}

/// Rows of one statement.
pub(super) const MANY: usize = 64;
