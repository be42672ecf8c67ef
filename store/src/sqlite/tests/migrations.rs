//! Databases of earlier versions.

use rusqlite::Connection;

use super::*;
use crate::model::{TaskKind, TaskQuery};

const FIRST: &str = include_str!("../../sql/migrations/001_initial.sql");

/// An identifier of one digit.
fn id(number: u128) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// A database as the first version left it: one 見込 without and one call with a time, one lead done, and users.
fn first_version(path: &std::path::Path) {
    let db = Connection::open(path).unwrap();
    db.execute_batch(FIRST).unwrap();
    db.execute_batch("INSERT INTO meta VALUES ('checkpoints', 0)").unwrap();
    let sql =
        "INSERT INTO users (id, login, name, role, created_at, deleted_at) VALUES (?1, ?2, ?2, 'OP', 1, ?3)";
    db.execute(sql, (id(1), "alice", None::<i64>)).unwrap();
    db.execute(sql, (id(2), "bob", Some(2))).unwrap();
    db.execute("INSERT INTO projects (id, name, created_at) VALUES (?1, '案件', 1)", [id(1)]).unwrap();
    let sql = "INSERT INTO lists (id, project_id, name, last_position, visible_position, created_at)
               VALUES (?1, ?1, 'リスト', 3, 3, 1)";
    db.execute(sql, [id(1)]).unwrap();
    for (n, status, state, recall) in
        [(1_u8, "prospect", "task", None), (2, "talked", "task", Some(99)), (3, "fax", "done", None)]
    {
        let phone = format!("+8131234000{n}");
        let sql = "INSERT INTO leads (id, list_id, position, phone, round, state, recall_at, owner_user_id)
                   VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?2)";
        db.execute(sql, (id(n.into()), id(1), n, &phone, state, recall)).unwrap();
        // Two calls each: the later one is what the task comes from.
        for call in [10 + n, 20 + n] {
            let sql = "INSERT INTO attempts (id, box_id, project_id, user_id, seat, direction, origin, list_id, lead_id,
                         phone, dial_string, business_day, claimed_at, dialed_at, ended_at, sealed_at, disposition)
                       VALUES (?1, 'box-1', ?2, ?2, 'a', 'out', 'list', ?2, ?3, ?4, 'x', 20261121, 5, 5, 6, 7, ?5)";
            db.execute(sql, (id(call.into()), id(1), id(n.into()), &phone, status)).unwrap();
        }
    }
    db.execute("INSERT INTO audit (at, action, object) VALUES (1, 'list.create', 'x')", []).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    db.pragma_update(None, "application_id", 0x4B41_4B45).unwrap();
}

/// Old data survives, leads that wait for an operator have their tasks, and the new rules bite.
#[test]
fn a_database_of_the_first_version_is_brought_forward() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kakeru.db");
    first_version(&path);
    let mut db = open(&path, &OpenOptions::default()).unwrap();
    let users = db.all_users().unwrap();
    assert_eq!(
        users.iter().map(|u| (u.login.as_str(), u.uid)).collect::<Vec<_>>(),
        [("alice", None), ("bob", None)]
    );
    let mut reader = open_reader(&path, db.changes()).unwrap();
    let tasks = reader.tasks(&TaskQuery { now: 1, ..TaskQuery::default() }).unwrap();
    let found: Vec<_> =
        tasks.iter().map(|t| (t.kind, t.due_at, t.attempt.0, t.owner_login.as_deref())).collect();
    assert_eq!(
        found,
        [(TaskKind::Callback, Some(99), 22, Some("alice")), (TaskKind::Prospect, None, 21, Some("alice"))]
    );
    let log = reader.audit_log(&Default::default()).unwrap();
    assert_eq!((log.len(), log[0].uid), (1, None));
    for sql in ["DELETE FROM users", "DELETE FROM audit", "UPDATE audit SET at = 2"] {
        assert!(db.db.execute(sql, []).is_err(), "{sql}");
    }
    let broken: Vec<String> =
        super::super::all(&db.db, "PRAGMA foreign_key_check", [], |r| r.get(0)).unwrap();
    assert!(broken.is_empty(), "{broken:?}");
}
