//! Users: roles, renaming, tombstones, the audit log.

use super::*;
use crate::error::Error;
use crate::model::{AuditEntry, AuditQuery, HistoryQuery, UserDraft};
use crate::permission::Scope;

const MANAGER: UserScope = UserScope { scope: Scope::All, role: Role::Manager };
const SUPERVISOR: UserScope = UserScope { scope: Scope::Lower, role: Role::Supervisor };

fn draft(login: &str, role: Role) -> UserDraft {
    UserDraft {
        login: login.into(),
        name: format!("{login}さん"),
        role,
        uid: None,
        password_hash: None,
        max_users: None,
    }
}

fn rename(name: &str) -> UserChange {
    UserChange { name: Some(name.into()), ..UserChange::default() }
}

/// S4.21, S4.22: every record shows the new name, memos keep what was written.
#[test]
fn a_renamed_user_is_renamed_everywhere_but_in_memos() {
    let mut world = World::new(1);
    let claimed = world.dial().unwrap();
    world.db.end_attempt(&world.ended(claimed.attempt)).unwrap();
    let mut save = world.save(claimed.attempt, "通話済");
    save.memo = Some("Aliceが折り返す".into());
    world.db.save(&save).unwrap();
    world.db.seal(claimed.attempt, NOW).unwrap();
    world.change_user(world.user, &rename("佐藤"), Actor::default(), MANAGER, NOW).unwrap();
    let row = world.reader().history(&HistoryQuery::default()).unwrap().remove(0);
    assert_eq!((row.user_name.as_deref(), row.memo.as_deref()), (Some("佐藤"), Some("Aliceが折り返す")));
    assert_eq!(world.lead(claimed.lead).last_user_name.as_deref(), Some("佐藤"));
    // A start of the daemon names the user's login only: the name given by hand stays.
    assert_eq!(world.db.ensure_user("alice", "alice", Role::Operator, NOW).unwrap(), world.user);
    assert_eq!(world.db.users().unwrap()[0].name, "佐藤");
}

/// S4.23: records keep the name of a deleted user, who is offered no more.
#[test]
fn a_deleted_user_stays_on_records_and_leaves_every_choice() {
    let mut world = World::new(1);
    world.call("見込");
    world.delete_user(world.user, HandOver::Nobody, Actor::default(), NOW).unwrap();
    assert!(world.db.users().unwrap().is_empty());
    let row = world.reader().history(&HistoryQuery::default()).unwrap().remove(0);
    assert_eq!((row.login.as_deref(), row.user_name.as_deref()), (Some("alice"), Some("Alice")));
    assert_eq!(world.db.all_users().unwrap()[0].deleted_at, Some(NOW));
}

/// S4.24, D10: a deleted login is never given out again, in code and in the database.
#[test]
fn a_deleted_login_cannot_come_back() {
    let mut world = World::new(0);
    world.delete_user(world.user, HandOver::Nothing, Actor::default(), NOW).unwrap();
    let again = world.db.user_add(&draft("alice", Role::Operator), Actor::default(), MANAGER, NOW);
    assert_eq!(again.unwrap_err().code(), "E-USER-TOMBSTONE");
    let start = world.db.ensure_user("alice", "Alice", Role::Operator, NOW);
    assert_eq!(start.unwrap_err().code(), "E-USER-TOMBSTONE");
    let change = world.change_user(world.user, &rename("x"), Actor::default(), MANAGER, NOW);
    assert_eq!(change.unwrap_err().code(), "E-USER-TOMBSTONE");
    assert!(world.db.db.execute("DELETE FROM users", []).is_err(), "the row itself stays");
}

/// S4.25: the quota counts live users.
#[test]
fn deleting_frees_a_place() {
    let mut world = World::new(0);
    let mut bob = draft("bob", Role::Operator);
    bob.max_users = Some(1);
    let full = world.db.user_add(&bob, Actor::default(), MANAGER, NOW).unwrap_err();
    assert!(matches!(full, Error::UserLimit { most: 1 }), "{full}");
    world.delete_user(world.user, HandOver::Nothing, Actor::default(), NOW).unwrap();
    world.db.user_add(&bob, Actor::default(), MANAGER, NOW).unwrap();
}

/// S4.2: SV manages lower roles and makes nobody its equal.
#[test]
fn a_supervisor_reaches_only_lower_roles() {
    let mut world = World::new(0);
    let by = Actor::default();
    let carol = world.db.user_add(&draft("carol", Role::BackOffice), by, SUPERVISOR, NOW).unwrap();
    let refused = |result: Result<UserInfo>| matches!(result, Err(Error::Permission));
    assert!(refused(world.db.user_add(&draft("dave", Role::Supervisor), by, SUPERVISOR, NOW)));
    let promote = UserChange { role: Some(Role::Manager), ..UserChange::default() };
    assert!(refused(world.change_user(carol.id, &promote, by, SUPERVISOR, NOW)));
    let boss = world.db.user_add(&draft("boss", Role::Manager), by, MANAGER, NOW).unwrap();
    assert!(refused(world.change_user(boss.id, &rename("x"), by, SUPERVISOR, NOW)));
    let to_operator = UserChange { role: Some(Role::Operator), ..UserChange::default() };
    assert_eq!(world.change_user(carol.id, &to_operator, by, SUPERVISOR, NOW).unwrap().role, Role::Operator);
    // Nobody without the right changes anybody, but everybody their own password.
    let nothing = UserScope { scope: Scope::Nothing, role: Role::Operator };
    let me = Actor { user: Some(carol.id), uid: None };
    assert!(refused(world.change_user(carol.id, &rename("x"), me, nothing, NOW)));
    let password = UserChange { password_hash: Some(Some("$argon2id$x".into())), ..UserChange::default() };
    assert!(world.change_user(carol.id, &password, me, nothing, NOW).unwrap().has_password);
    assert!(refused(world.change_user(boss.id, &password, me, nothing, NOW)));
}

#[test]
fn logins_names_and_unix_users_are_checked() {
    let mut world = World::new(0);
    let by = Actor::default();
    for login in ["", "a b", "a/b", &"x".repeat(65)] {
        let error = world.db.user_add(&draft(login, Role::Operator), by, MANAGER, NOW).unwrap_err();
        assert_eq!(error.code(), "E-VALUE", "{login}");
    }
    let mut nameless = draft("bob", Role::Operator);
    nameless.name = " ".into();
    assert_eq!(world.db.user_add(&nameless, by, MANAGER, NOW).unwrap_err().code(), "E-VALUE");
    assert_eq!(
        world.db.user_add(&draft("alice", Role::Operator), by, MANAGER, NOW).unwrap_err().code(),
        "E-USER-DUP"
    );
    let mut bob = draft("bob", Role::Operator);
    bob.uid = Some(1001);
    let bob = world.db.user_add(&bob, by, MANAGER, NOW).unwrap();
    let mut carol = draft("carol", Role::Operator);
    carol.uid = Some(1001);
    assert_eq!(world.db.user_add(&carol, by, MANAGER, NOW).unwrap_err().code(), "E-USER-UID");
    // A deleted user lets go of the Unix user.
    world.delete_user(bob.id, HandOver::Nothing, by, NOW).unwrap();
    assert_eq!(world.db.user_add(&carol, by, MANAGER, NOW).unwrap().uid, Some(1001));
}

/// Every administrative change is in the log, with who, what was before, and in the same commit; secrets are not.
#[test]
fn changes_are_audited_in_their_own_commit_and_the_log_only_grows() {
    let mut world = World::new(0);
    let by = world.actor();
    let (bob, commits) = world.commits(|db| db.user_add(&draft("bob", Role::Operator), by, MANAGER, NOW));
    assert_eq!(commits, 1);
    let change = UserChange {
        name: Some("ボブ".into()),
        role: Some(Role::Supervisor),
        uid: Some(Some(1001)),
        password_hash: Some(Some("$argon2id$secret".into())),
    };
    world.change_user(bob.id, &change, by, MANAGER, NOW + 1).unwrap();
    world.change_user(bob.id, &rename("ボブ"), by, MANAGER, NOW + 2).unwrap();
    world.delete_user(bob.id, HandOver::Nothing, by, NOW + 3).unwrap();
    let query =
        AuditQuery { action: Some("user.".into()), object: Some(bob.id.to_string()), ..Default::default() };
    let log = world.reader().audit_log(&query).unwrap();
    let actions: Vec<_> = log.iter().rev().map(|row| row.action.as_str()).collect();
    assert_eq!(
        actions,
        ["user.add", "user.rename", "user.role", "user.uid", "user.passwd", "user.delete"],
        "the second rename changed nothing"
    );
    assert!(log.iter().all(|row| row.login.as_deref() == Some("alice") && row.uid == Some(1000)));
    assert_eq!(log[4].detail, serde_json::json!({ "before": "bobさん", "after": "ボブ" }));
    assert!(log.iter().all(|row| !row.detail.to_string().contains("argon2")));
    let older = AuditQuery { before: Some(log[1].id), limit: 2, ..query };
    assert_eq!(world.reader().audit_log(&older).unwrap(), log[2..4]);
    for sql in ["UPDATE audit SET action = 'x'", "DELETE FROM audit"] {
        assert!(world.db.db.execute(sql, []).is_err(), "{sql}");
    }
    let failed = world.db.user_add(&draft("bob", Role::Operator), by, MANAGER, NOW);
    assert!(failed.is_err());
    assert_eq!(world.reader().audit_log(&query_of("user.")).unwrap().len(), 6, "what failed was not done");
}

/// What changes no row is kept too, with who asked.
#[test]
fn what_changes_no_row_is_audited() {
    let mut world = World::new(0);
    let entry = AuditEntry {
        by: world.actor(),
        action: "tap.start",
        object: "a".into(),
        detail: serde_json::json!({ "mode": "listen" }),
        now: NOW,
    };
    world.db.audit(&entry).unwrap();
    let log = world.reader().audit_log(&query_of("tap.")).unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].uid, log[0].login.as_deref(), log[0].at), (Some(1000), Some("alice"), NOW));
    assert_eq!((&*log[0].object, &log[0].detail), ("a", &entry.detail));
}

fn query_of(action: &str) -> AuditQuery {
    AuditQuery { action: Some(action.into()), ..AuditQuery::default() }
}
