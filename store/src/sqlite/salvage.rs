//! Rows of a database of which pages are damaged: all of those that can be read.

use rusqlite::{Connection, Row};

/// A table to be read by its row ids, without any index: the rows for which `of` holds, with `columns` behind the row id.
pub(super) struct Salvage<'a> {
    db: &'a Connection,
    up: String,
    down: String,
    whole: bool,
    tries: u32,
}

/// How far a walk came.
enum End {
    /// To the end of the span.
    Whole,
    /// Up to what cannot be read; the last row that could.
    Stopped(Option<i64>),
}

impl<'a> Salvage<'a> {
    pub(super) fn new(db: &'a Connection, table: &str, columns: &str, of: &str) -> Self {
        let select = format!(
            "SELECT rowid, {columns} FROM {table} NOT INDEXED WHERE rowid BETWEEN ?1 AND ?2 AND ({of}) ORDER BY rowid"
        );
        Self { db, down: format!("{select} DESC"), up: select, whole: true, tries: MOST_TRIES }
    }

    /// Hands every row that can be read to `read`, whose first column is the second of the row, and what that makes of it to `keep`,
    /// which says `false` of what makes no sense. Returns whether that was all of the table.
    ///
    /// # Errors
    /// Those of `keep`.
    pub(super) fn each<T>(
        mut self,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        mut keep: impl FnMut(T) -> rusqlite::Result<bool>,
    ) -> rusqlite::Result<bool> {
        self.span((1, i64::MAX), &read, &mut keep)?;
        Ok(self.whole)
    }

    /// From below up to what is damaged, from above down to it, and then each half of what lies between: a page holds a row's
    /// neighbours, so that most of a table is read by the first two.
    fn span<T>(
        &mut self,
        (low, high): (i64, i64),
        read: &dyn Fn(&Row<'_>) -> rusqlite::Result<T>,
        keep: &mut dyn FnMut(T) -> rusqlite::Result<bool>,
    ) -> rusqlite::Result<()> {
        let End::Stopped(below) = self.walk(&self.up.clone(), (low, high), read, keep)? else {
            return Ok(());
        };
        self.whole = false;
        let low = below.map_or(low, |last| last + 1);
        let End::Stopped(above) = self.walk(&self.down.clone(), (low, high), read, keep)? else {
            return Ok(());
        };
        let high = above.map_or(high, |last| last - 1);
        if low >= high || self.tries == 0 {
            return Ok(());
        }
        let middle = low + (high - low) / 2;
        self.span((low, middle), read, keep)?;
        self.span((middle + 1, high), read, keep)
    }

    fn walk<T>(
        &mut self,
        sql: &str,
        (low, high): (i64, i64),
        read: &dyn Fn(&Row<'_>) -> rusqlite::Result<T>,
        keep: &mut dyn FnMut(T) -> rusqlite::Result<bool>,
    ) -> rusqlite::Result<End> {
        let mut last = None;
        let Some(tries) = self.tries.checked_sub(1) else { return Ok(End::Stopped(last)) };
        self.tries = tries;
        let Ok(mut statement) = self.db.prepare_cached(sql) else {
            // It is no table, or another one.
            self.tries = 0;
            return Ok(End::Stopped(last));
        };
        let Ok(mut rows) = statement.query((low, high)) else { return Ok(End::Stopped(last)) };
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(End::Whole),
                Err(_) => return Ok(End::Stopped(last)),
            };
            let Ok(at) = row.get(0) else { return Ok(End::Stopped(last)) };
            last = Some(at);
            self.whole &= match read(row) {
                Ok(found) => keep(found)?,
                Err(_) => false,
            };
        }
    }
}

/// Seeks until what is damaged is given up: those of some thousands of rows.
const MOST_TRIES: u32 = 1 << 14;
