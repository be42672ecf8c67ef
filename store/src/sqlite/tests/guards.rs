//! What nobody changes, by hand in the file either.

use rusqlite::Connection;

use super::*;

/// S4.22, S4.24, S4.49, X6, D19: what a closed call was, whose a recording is, which number is not called, corrections, the audit log and
/// users stay as they are, whoever opens the file; and REPLACE deletes no row past its guard.
#[test]
fn by_hand_nobody_changes_what_is_evidence() {
    let mut world = World::new(3);
    let call = world.call("見込").attempt;
    world.call("クレーム");
    let mut amend = crate::model::Amend {
        attempt: call,
        status: None,
        memo: Some("訂正".into()),
        recall_at: None,
        reason: "誤記".into(),
        scope: crate::permission::Scope::All,
        by: Actor::default(),
        now: world.now,
    };
    world.db.amend(&amend).unwrap();
    world.db.recording_opened(call, "/nowhere/a.wav".into(), world.now).unwrap();
    // As a shell opens it: none of our settings.
    let shell = Connection::open(&world.path).unwrap();
    let off: i64 = shell.query_row("PRAGMA recursive_triggers", [], |r| r.get(0)).unwrap();
    assert_eq!(off, 0);
    for sql in [
        "UPDATE attempts SET phone = '+81399999999' WHERE sealed_at IS NOT NULL",
        "UPDATE attempts SET dialed_at = dialed_at - 1 WHERE sealed_at IS NOT NULL",
        "UPDATE attempts SET ended_at = ended_at + 1 WHERE sealed_at IS NOT NULL",
        "UPDATE attempts SET sealed_at = NULL WHERE sealed_at IS NOT NULL",
        "UPDATE attempts SET lead_id = NULL WHERE sealed_at IS NOT NULL",
        "UPDATE attempts SET list_name = 'x' WHERE sealed_at IS NOT NULL",
        "UPDATE attempts SET user_id = NULL WHERE sealed_at IS NOT NULL",
        "UPDATE attempts SET sip_code = 699 WHERE sealed_at IS NOT NULL",
        "UPDATE attempts SET business_day = 20200101, void = 1, disposition = NULL WHERE sealed_at IS NOT NULL",
        "DELETE FROM attempts",
        "UPDATE recordings SET attempt_id = x'00000000000000000000000000000000'",
        "UPDATE recordings SET opened_at = 0",
        "DELETE FROM recordings",
        "INSERT OR REPLACE INTO recordings (id, attempt_id, path, state, opened_at) SELECT id, attempt_id, 'x', 'open', 0 FROM recordings",
        "UPDATE do_not_call SET phone = '+81399999999'",
        "UPDATE do_not_call SET by_user_id = NULL, at = 0",
        "DELETE FROM do_not_call",
        "INSERT OR REPLACE INTO do_not_call (id, phone, reason, source, at) SELECT id, 'x', 'x', 'x', 0 FROM do_not_call",
        "INSERT OR REPLACE INTO amendments SELECT * FROM amendments",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit",
        "INSERT OR REPLACE INTO users SELECT * FROM users",
        "UPDATE OR REPLACE audit SET id = 1",
    ] {
        let done = shell.execute(sql, []);
        assert!(done.is_err(), "{sql}: {done:?}");
        assert!(world.db.db.execute(sql, []).is_err(), "{sql}, by ours");
    }
    // Our own connection keeps rows from being replaced whatever key they clash by.
    for sql in [
        "INSERT OR REPLACE INTO attempts SELECT * FROM attempts",
        "INSERT OR REPLACE INTO do_not_call (phone, reason, source, at) SELECT phone, 'x', 'x', 0 FROM do_not_call",
        "INSERT OR REPLACE INTO recordings (attempt_id, path, state, opened_at) SELECT attempt_id, path, 'open', 0 FROM recordings",
    ] {
        assert!(world.db.db.execute(sql, []).is_err(), "{sql}");
    }
    drop(shell);
    // What is corrected, moved and cleared still is.
    amend.memo = Some("もう一度".into());
    world.db.amend(&amend).unwrap();
    assert_eq!(world.db.db.execute("UPDATE recordings SET path = 'moved.wav'", []).unwrap(), 1);
    assert!(world.is_sound());
}
