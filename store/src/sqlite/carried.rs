//! What does not go back with a restored copy: it is taken over from the database in whose place the copy comes.
//!
//! Who asked since the copy was made never to be called again is not called (D16), and what leaves the box is numbered on (D18): a
//! number that is used twice would put a result file in the place of another, and events of today behind those of last week.

use std::path::Path;

use rusqlite::Connection;

use super::migrate::APPLICATION_ID;
use super::{exec, one};

/// What a restored copy has of the database that was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Numbers of the do-not-call list that the copy did not have.
    pub do_not_call: u64,
    /// Calls that the copy does not have. They stay in the file that was moved aside; nothing of them is taken over.
    pub calls_left_behind: u64,
}

/// Takes over what may not go back, from `present` into a copy; `None`: there is no database, or nothing of it can be read. It is
/// only read, and may be damaged, or of another version: what cannot be had of it is left out. Its log is beside it, and read too.
///
/// # Errors
/// What the copy says.
pub(super) fn over(copy: &Connection, present: &Path) -> rusqlite::Result<Option<Carried>> {
    if present.metadata().map_or(true, |found| !found.is_file() || found.len() == 0) {
        return Ok(None);
    }
    let Some(uri) = read_only(present) else { return Ok(None) };
    if exec(copy, "ATTACH ?1 AS present", [uri]).is_err() {
        return Ok(None);
    }
    let carried = if is_ours(copy) { take(copy) } else { Ok(None) };
    // Where it will not go, it goes with the connection.
    let _ = exec(copy, "DETACH present", []);
    carried
}

fn take(copy: &Connection) -> rusqlite::Result<Option<Carried>> {
    let number = |sql: &str| one(copy, sql, [], |r| r.get::<_, i64>(0)).ok().flatten();
    let mut read = false;
    if let Some(last) = number("SELECT seq FROM present.sqlite_sequence WHERE name = 'outbox'") {
        read = true;
        let ahead = "UPDATE main.sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'outbox'";
        if exec(copy, ahead, [last])? == 0 {
            exec(copy, "INSERT INTO main.sqlite_sequence (name, seq) VALUES ('outbox', ?1)", [last])?;
        }
    }
    if let Some(next) = number("SELECT value FROM present.meta WHERE key = 'next_event_seq'") {
        read = true;
        let ahead = "INSERT INTO main.meta (key, value) VALUES ('next_event_seq', ?1)
                     ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)";
        exec(copy, ahead, [next])?;
    }
    // The other columns are in every version. An entry of a project that the copy does not know holds everywhere; one that was cleared
    // since the copy was made holds again.
    let has = |database: &str| {
        let sql = "SELECT 1 FROM pragma_table_info('do_not_call', ?1) WHERE name = 'evidence'";
        one(copy, sql, [database], |_| Ok(())).is_ok_and(|found| found.is_some())
    };
    let (to, from) = if has("main") && has("present") { (", evidence", ", n.evidence") } else { ("", "") };
    let entries = format!(
        "INSERT OR IGNORE INTO main.do_not_call (phone, project_id, reason, source, attempt_id, by_user_id, at{to})
         SELECT n.phone, (SELECT id FROM main.projects WHERE id = n.project_id), n.reason, n.source,
           (SELECT id FROM main.attempts WHERE id = n.attempt_id), (SELECT id FROM main.users WHERE id = n.by_user_id), n.at{from}
         FROM present.do_not_call n WHERE n.revoked_at IS NULL ORDER BY n.id"
    );
    let do_not_call = exec(copy, &entries, []).ok();
    let left = "SELECT count(*) FROM present.attempts WHERE id NOT IN (SELECT id FROM main.attempts)";
    let left = number(left).and_then(|calls| u64::try_from(calls).ok());
    Ok((read || do_not_call.is_some()).then(|| Carried {
        do_not_call: do_not_call.unwrap_or_default() as u64,
        calls_left_behind: left.unwrap_or_default(),
    }))
}

/// Another program's file is none of ours to read.
fn is_ours(copy: &Connection) -> bool {
    let id = copy.query_row("PRAGMA present.application_id", [], |r| r.get::<_, i64>(0));
    id.is_ok_and(|id| id == APPLICATION_ID)
}

/// As SQLite takes a file that it only reads; `None`: the path is no text.
fn read_only(path: &Path) -> Option<String> {
    let mut uri = "file:".to_owned();
    for byte in std::path::absolute(path).ok()?.to_str()?.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(byte.into()),
            other => uri.push_str(&format!("%{other:02x}")),
        }
    }
    uri.push_str("?mode=ro");
    Some(uri)
}
