//! Cutting a page out of an order, and reading its rows.

use std::cmp::Ordering;

use rusqlite::Connection;

use super::View;
use super::cursor::Cursor;
use super::filter::Test;
use super::labels::Labels;
use super::order::Key;
use crate::error::{Doing, ListError, Result};
use crate::model::{LeadRow, PageAt, SortColumn, ViewPage, ViewQuery};
use crate::sqlite::lead_rows;

impl View {
    /// The page; what the order and the filter look at was read before.
    pub(super) fn page(
        &mut self,
        db: &Connection,
        query: &ViewQuery,
        test: &Test,
        labels: &Labels,
    ) -> Result<ViewPage> {
        let passing = self.in_order(query, test, labels);
        let limit = match query.limit {
            0 => DEFAULT_ROWS,
            limit => limit.min(MOST_ROWS),
        } as usize;
        let compare = |cursor: &Cursor, at: u32| {
            let key = self.key(at, query.sort, labels);
            cursor.compare(key, self.entries[at as usize].position, query.descending)
        };
        let total = passing.len();
        let (start, end) = match &query.page {
            PageAt::First => (0, limit),
            PageAt::Last => (total.saturating_sub(limit), total),
            PageAt::Row(row) => {
                let row = usize::try_from(*row).unwrap_or(usize::MAX).min(total);
                (row, row.saturating_add(limit))
            }
            PageAt::After(text) => {
                let cursor = self.place(text, query, labels)?;
                let start = passing.partition_point(|at| compare(&cursor, *at) != Ordering::Greater);
                (start, start + limit)
            }
            PageAt::Before(text) => {
                let cursor = self.place(text, query, labels)?;
                let end = passing.partition_point(|at| compare(&cursor, *at) == Ordering::Less);
                (end.saturating_sub(limit), end)
            }
        };
        let end = end.min(total);
        let places = passing.get(start..end).unwrap_or_default();
        let cursor = |at: &u32| {
            let (key, position) = (self.key(*at, query.sort, labels), self.entries[*at as usize].position);
            match key {
                Some(Key::Text(_)) if hides(query) => Cursor::row(position),
                key => Cursor::of(key, position).to_text(),
            }
        };
        Ok(ViewPage {
            rows: self.rows(db, places)?,
            total: total as u64,
            first: start as u64,
            next: places.last().filter(|_| end < total).map(cursor),
            previous: places.first().filter(|_| start > 0).map(cursor),
        })
    }

    /// The place between pages that a text is. Where names are hidden none may be given either: names are found out by trying them.
    fn place(&self, text: &str, query: &ViewQuery, labels: &Labels) -> Result<Cursor> {
        let Some(position) = Cursor::row_of(text) else {
            let cursor = Cursor::from_text(text)?;
            return if hides(query) && cursor.is_text() { Err(ListError::Cursor.into()) } else { Ok(cursor) };
        };
        let found = self.entries.binary_search_by_key(&position, |entry| entry.position);
        let at = found.ok().and_then(|at| u32::try_from(at).ok()).ok_or(ListError::Cursor)?;
        Ok(Cursor::of(self.key(at, query.sort, labels), position))
    }

    /// Whole rows, as they are in the database.
    fn rows(&self, db: &Connection, places: &[u32]) -> Result<Vec<LeadRow>> {
        let doing = "show list";
        let mut rows = Vec::with_capacity(places.len());
        for at in places {
            rows.extend(lead_rows::by_row(db, self.entries[*at as usize].row).doing(doing)?);
        }
        Ok(rows)
    }
}

/// Whether places hold no names.
fn hides(query: &ViewQuery) -> bool {
    query.opaque && matches!(query.sort, SortColumn::Company | SortColumn::Person)
}

const DEFAULT_ROWS: u32 = 100;
const MOST_ROWS: u32 = 1000;
