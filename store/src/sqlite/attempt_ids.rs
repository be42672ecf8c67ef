//! Calls by a part of their identifier, as people type it.

use rusqlite::Connection;

use super::all;
use crate::error::{Doing, Result};
use crate::id::{AttemptId, between, is_end};

/// Attempts whose identifier begins with `part`, else, of the latest [`LATEST`], those whose identifier ends with it: newest first, at
/// most [`MOST`]. Identifiers of one day begin alike, so that the end is what tells calls of today apart.
pub(super) fn like(db: &Connection, part: &str) -> Result<Vec<AttemptId>> {
    let doing = "look up a call";
    if let Some((first, last)) = between(part) {
        let sql = "SELECT id FROM attempts WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3";
        let begun =
            all(db, sql, (AttemptId(first), AttemptId(last), MOST as i64), |r| r.get(0)).doing(doing)?;
        if !begun.is_empty() {
            return Ok(begun);
        }
    }
    if part.len() < SHORTEST_END {
        return Ok(Vec::new());
    }
    let sql = "SELECT id FROM attempts ORDER BY id DESC LIMIT ?1";
    let latest: Vec<AttemptId> = all(db, sql, [LATEST], |r| r.get(0)).doing(doing)?;
    Ok(latest.into_iter().filter(|id| is_end(part, id.0)).take(MOST).collect())
}

/// More than is read; one more than is told apart would do.
const MOST: usize = 9;
/// As of traces.
const SHORTEST_END: usize = 4;
/// Some days of a busy box: 20,000 entries of an index are some milliseconds.
const LATEST: i64 = 20_000;
