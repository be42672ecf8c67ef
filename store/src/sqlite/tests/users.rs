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

/// S4.24: a login that differs from another in case or width alone is that one, deleted or not.
#[test]
fn logins_that_look_alike_are_one() {
    let mut world = World::new(0);
    let by = Actor::default();
    let newop = world.db.user_add(&draft("newop", Role::Operator), by, MANAGER, NOW).unwrap();
    for login in ["NEWOP", "ｎｅｗｏｐ", " Newop "] {
        let refused = world.db.user_add(&draft(login, Role::Operator), by, MANAGER, NOW).unwrap_err();
        assert_eq!(refused.code(), "E-USER-DUP", "{login}");
        assert_eq!(world.db.ensure_user(login.trim(), login, Role::Operator, NOW).unwrap(), newop.id);
    }
    world.delete_user(newop.id, HandOver::Nothing, by, NOW).unwrap();
    for login in ["newop", "NEWOP", "ＮＥＷＯＰ"] {
        let refused = world.db.user_add(&draft(login, Role::Operator), by, MANAGER, NOW).unwrap_err();
        assert_eq!(refused.code(), "E-USER-TOMBSTONE", "{login}");
        let refused = world.db.ensure_user(login, login, Role::Operator, NOW).unwrap_err();
        assert_eq!(refused.code(), "E-USER-TOMBSTONE", "{login}");
    }
    // Two from before that was looked at go on, each as it is written.
    let sql = "INSERT INTO users (id, login, name, role, created_at) VALUES (?1, ?2, ?2, 'OP', 1)";
    let [lower, upper] = [UserId(7), UserId(8)];
    world.db.db.execute(sql, (lower, "bob")).unwrap();
    world.db.db.execute(sql, (upper, "BOB")).unwrap();
    assert_eq!(world.db.ensure_user("bob", "x", Role::Operator, NOW).unwrap(), lower);
    assert_eq!(world.db.ensure_user("BOB", "x", Role::Operator, NOW).unwrap(), upper);
    assert_eq!(world.db.ensure_user("Bob", "x", Role::Operator, NOW).unwrap_err().code(), "E-AMBIGUOUS");
    let third = world.db.user_add(&draft("Bob", Role::Operator), by, MANAGER, NOW).unwrap_err();
    assert_eq!(third.code(), "E-USER-DUP");
    world.change_user(upper, &rename("別人"), by, MANAGER, NOW).unwrap();
    world.delete_user(lower, HandOver::Nothing, by, NOW).unwrap();
    assert_eq!(world.db.ensure_user("BOB", "x", Role::Operator, NOW).unwrap(), upper);
}

/// S4.1: the last manager stays one, whoever asks.
#[test]
fn the_last_manager_stays() {
    let mut world = World::new(0);
    let by = Actor::default();
    let boss = world.db.user_add(&draft("boss", Role::Manager), by, MANAGER, NOW).unwrap();
    let to = |role| UserChange { role: Some(role), ..UserChange::default() };
    let own = Actor { user: Some(boss.id), uid: Some(1000) };
    for by in [own, by] {
        for role in [Role::Supervisor, Role::Business] {
            let refused = world.change_user(boss.id, &to(role), by, MANAGER, NOW).unwrap_err();
            assert_eq!(refused.code(), "E-USER-LAST");
        }
        for over in [HandOver::Nothing, HandOver::To(world.user), HandOver::Nobody] {
            assert_eq!(world.delete_user(boss.id, over, by, NOW).unwrap_err().code(), "E-USER-LAST");
        }
        let handing = Handing { from: boss.id, to: None, contacts: true, by: by.user, now: NOW };
        for change in [None, Some(&to(Role::Business))] {
            let begun = world.db.begin_hand_over(&handing, change.map(|change| (change, MANAGER)), by);
            assert_eq!(begun.unwrap_err().code(), "E-USER-LAST");
        }
    }
    world.change_user(boss.id, &rename("佐々木"), own, MANAGER, NOW).unwrap();
    // With another one, either may go, and then the other may not.
    let second = world.db.user_add(&draft("second", Role::Manager), by, MANAGER, NOW).unwrap();
    world.change_user(boss.id, &to(Role::Supervisor), own, MANAGER, NOW).unwrap();
    assert_eq!(world.delete_user(second.id, HandOver::Nothing, by, NOW).unwrap_err().code(), "E-USER-LAST");
    world.change_user(boss.id, &to(Role::Manager), by, MANAGER, NOW).unwrap();
    world.delete_user(second.id, HandOver::Nothing, by, NOW).unwrap();
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
    // A deleted user keeps the Unix user on record (D22), and lets somebody else have it.
    world.delete_user(bob.id, HandOver::Nothing, by, NOW).unwrap();
    assert_eq!(world.db.all_users().unwrap().iter().find(|user| user.id == bob.id).unwrap().uid, Some(1001));
    assert_eq!(world.db.user_add(&carol, by, MANAGER, NOW).unwrap().uid, Some(1001));
}

/// S4.1: root is MGR whatever the table says, so that another role beside it would say what is not so.
#[test]
fn root_is_a_manager_or_nobody() {
    let mut world = World::new(0);
    let by = Actor::default();
    let mut root = draft("root", Role::Operator);
    root.uid = Some(0);
    assert_eq!(world.db.user_add(&root, by, MANAGER, NOW).unwrap_err().code(), "E-VALUE");
    let change = |uid, role| UserChange { uid, role, ..UserChange::default() };
    let refused = world.change_user(world.user, &change(Some(Some(0)), None), by, MANAGER, NOW).unwrap_err();
    assert!(refused.code() == "E-VALUE" && refused.to_string().contains("root (0) is MGR"), "{refused}");
    world.db.user_add(&draft("boss", Role::Manager), by, MANAGER, NOW).unwrap();
    root.role = Role::Manager;
    let root = world.db.user_add(&root, by, MANAGER, NOW).unwrap().id;
    let demoted = world.change_user(root, &change(None, Some(Role::Supervisor)), by, MANAGER, NOW);
    assert_eq!(demoted.unwrap_err().code(), "E-VALUE");
    let both = change(Some(None), Some(Role::Supervisor));
    world.change_user(root, &both, by, MANAGER, NOW).unwrap();
    // One from before that was looked at is renamed, and set right.
    world.db.db.execute("UPDATE users SET uid = 0 WHERE id = ?1", [root]).unwrap();
    world.change_user(root, &rename("旧"), by, MANAGER, NOW).unwrap();
    world.change_user(root, &change(Some(None), None), by, MANAGER, NOW).unwrap();
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

/// D22: whose user was deleted by a version that kept nothing of their Unix user may nothing any more either, as far as the audit log knows
/// whose it was.
#[test]
fn who_was_deleted_by_an_earlier_version_is_no_stranger() {
    let mut world = World::new(0);
    let by = Actor::default();
    let deleted = |world: &mut World, login: &str, uid: Option<u32>, change: Option<Option<u32>>| {
        let draft = UserDraft { uid, ..draft(login, Role::Operator) };
        let user = world.db.user_add(&draft, by, MANAGER, NOW).unwrap().id;
        if let Some(uid) = change {
            let change = UserChange { uid: Some(uid), ..UserChange::default() };
            world.change_user(user, &change, by, MANAGER, NOW).unwrap();
        }
        world.delete_user(user, HandOver::Nothing, by, NOW).unwrap();
        user
    };
    let users = [
        deleted(&mut world, "added", Some(1001), None),
        deleted(&mut world, "edited", Some(1002), Some(Some(1003))),
        deleted(&mut world, "taken", Some(1004), Some(None)),
        deleted(&mut world, "never", None, None),
    ];
    world.db.db.execute("UPDATE users SET uid = NULL WHERE deleted_at IS NOT NULL", []).unwrap();
    world.db.db.execute("DELETE FROM meta WHERE key = 'left_uids_learned'", []).unwrap();
    let mut world = world.reopen();
    world.db.recover(NOW + 1).unwrap();
    let known = |world: &mut World| {
        let all = world.db.all_users().unwrap();
        users.map(|user| all.iter().find(|known| known.id == user).unwrap().uid)
    };
    assert_eq!(known(&mut world), [Some(1001), Some(1003), None, None]);
    // Once: the next start does not look through the log again.
    world.db.db.execute("UPDATE users SET uid = NULL WHERE deleted_at IS NOT NULL", []).unwrap();
    world.db.recover(NOW + 2).unwrap();
    assert_eq!(known(&mut world), [None; 4]);
}
