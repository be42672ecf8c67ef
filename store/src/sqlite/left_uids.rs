//! Unix users of users whom an earlier version deleted: it kept none of them, so that these worked on as operators, being nobody's (D22).
//! The audit log has who was given which, since there are users, and theirs is written down again, once in the life of a database.

use std::collections::HashMap;

use rusqlite::Connection;

use super::{all, exec, one};
use crate::id::UserId;

/// Returns of whom it was learned, by login.
pub(super) fn learn(db: &Connection) -> rusqlite::Result<Vec<(String, u32)>> {
    if one(db, "SELECT 1 FROM meta WHERE key = ?1", [LEARNED], |_| Ok(()))?.is_some() {
        return Ok(Vec::new());
    }
    let sql = "SELECT id, login FROM users WHERE deleted_at IS NOT NULL AND uid IS NULL ORDER BY login";
    let deleted: Vec<(UserId, String)> = all(db, sql, [], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut learned = Vec::new();
    if !deleted.is_empty() {
        let sql = "SELECT object, detail ->> iif(action = 'user.add', '$.uid', '$.after') FROM audit
                   WHERE action IN ('user.add', 'user.uid') ORDER BY id";
        // The last one counts, also where that was nobody.
        let given: HashMap<String, Option<u32>> =
            all(db, sql, [], |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect();
        for (user, login) in deleted {
            let Some(Some(uid)) = given.get(&user.to_string()) else { continue };
            exec(db, "UPDATE users SET uid = ?2 WHERE id = ?1", (user, uid))?;
            learned.push((login, *uid));
        }
    }
    exec(db, "INSERT INTO meta (key, value) VALUES (?1, 1)", [LEARNED])?;
    Ok(learned)
}

/// The key in `meta` that says that it was done.
const LEARNED: &str = "left_uids_learned";
