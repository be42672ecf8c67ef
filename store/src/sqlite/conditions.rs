//! What a query asks for, condition by condition, with the values they compare.

use rusqlite::types::Value;

/// Conditions behind a `WHERE` that stands there already, and the values of `?1`, `?2` and so on.
pub(super) struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Further ones are put behind `sql`, whose own places are those of `values`.
    pub(super) fn behind(sql: impl Into<String>, values: Vec<Value>) -> Self {
        Self { sql: sql.into(), values }
    }

    /// One that compares nothing.
    pub(super) fn and(&mut self, clause: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(clause);
    }

    /// One that compares `value`: `#` stands for it, wherever it is needed.
    pub(super) fn and_with(&mut self, clause: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        let place = format!("?{}", self.values.len());
        self.and(&clause.replace('#', &place));
    }

    /// The text, and the values in the order of their places.
    pub(super) fn into_parts(self) -> (String, Vec<Value>) {
        (self.sql, self.values)
    }
}

/// How many rows a page has of which so many were asked for: 100 where nobody said, 1000 at most.
pub(super) fn rows_of_page(limit: u32) -> u32 {
    match limit {
        0 => 100,
        limit => limit.min(1000),
    }
}
