//! Users: made, renamed, given roles and passwords, deleted. A login is never given out twice.

use rusqlite::{Connection, Row};
use serde_json::json;

use super::{all, audit_by, exec, hand_over, hand_overs, one};
use crate::error::{Doing, Error, Result, Said};
use crate::id::UserId;
use crate::model::{Actor, HandOver, Holdings, Role, UserChange, UserDraft, UserInfo, UserScope};
use crate::name_key::login_key;

pub(super) fn add(
    db: &Connection,
    draft: &UserDraft,
    by: Actor,
    within: UserScope,
    now: i64,
) -> Result<UserInfo> {
    let doing = "add user";
    let login = draft.login.trim();
    check_login(login)?;
    let name = check_name(&draft.name)?;
    within.check(draft.role, None)?;
    // Nobody tells Bob from bob, nor ｂｏｂ: one that differs in case or width alone is the same (S4.24).
    let same = alike(db, login).doing(doing)?;
    match same.iter().find(|user| user.deleted_at.is_none()).or(same.first()) {
        Some(UserInfo { deleted_at: None, login, .. }) => {
            return Err(Error::UserDuplicate { login: login.clone() });
        }
        Some(UserInfo { login, .. }) => return Err(Error::UserTombstone { login: login.clone() }),
        None => {}
    }
    if let Some(most) = draft.max_users {
        let live: u32 = one(db, "SELECT count(*) FROM users WHERE deleted_at IS NULL", [], |r| r.get(0))
            .doing(doing)?
            .unwrap_or(0);
        if live >= most {
            return Err(Error::UserLimit { most });
        }
    }
    check_uid(db, draft.uid, None)?;
    check_root((None, Role::Manager), (draft.uid, draft.role))?;
    let id = UserId::generate(now);
    let sql = "INSERT INTO users (id, login, name, role, uid, password_hash, created_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    exec(db, sql, (id, login, name, draft.role, draft.uid, &draft.password_hash, now)).doing(doing)?;
    let detail = json!({ "login": login, "name": name, "role": draft.role, "uid": draft.uid });
    audit_by(db, now, by, "user.add", &id.to_string(), &detail).doing(doing)?;
    by_id(db, id)
}

/// Changes a live user. One audit row per field, with what it was before; a password is named, never shown. Who calls no more in the
/// new role leaves leads and tasks to somebody, behind what `moved` counts, or keeps the old one.
pub(super) fn change(
    db: &Connection,
    user: UserId,
    change: &UserChange,
    (over, mut moved): (HandOver, Holdings),
    by: Actor,
    within: UserScope,
    now: i64,
) -> Result<(UserInfo, Holdings)> {
    let doing = "change user";
    let before = live(db, user)?;
    // Everybody may change their own password, nobody their own role or name without the right to.
    let own_password =
        by.user == Some(user) && change.name.is_none() && change.role.is_none() && change.uid.is_none();
    if !own_password {
        within.check(before.role, change.role)?;
    }
    stays_root(&before, change)?;
    let note = |action: &str, detail: serde_json::Value| {
        audit_by(db, now, by, action, &user.to_string(), &detail).doing(doing)
    };
    if let Some(name) = &change.name {
        let name = check_name(name)?;
        if name != before.name {
            exec(db, "UPDATE users SET name = ?2 WHERE id = ?1", (user, name)).doing(doing)?;
            note("user.rename", json!({ "before": before.name, "after": name }))?;
        }
    }
    if let Some(role) = change.role.filter(|role| *role != before.role) {
        leaves_a_manager(db, &before, Some(role))?;
        let mut detail = json!({ "before": before.role, "after": role });
        if !role.calls() {
            let to = receiver(db, &before, over)?;
            let handing = hand_over::Handing { from: user, to, contacts: false, by: by.user, now };
            moved += hand_over::rest(db, &handing, 0)?;
            if over != HandOver::Nothing {
                detail["handed_over"] = json!({ "to": to, "leads": moved.leads, "tasks": moved.tasks });
            }
        }
        exec(db, "UPDATE users SET role = ?2 WHERE id = ?1", (user, role)).doing(doing)?;
        hand_overs::end(db, user).doing(doing)?;
        note("user.role", detail)?;
    }
    if let Some(uid) = change.uid.filter(|uid| *uid != before.uid) {
        check_uid(db, uid, Some(user))?;
        exec(db, "UPDATE users SET uid = ?2 WHERE id = ?1", (user, uid)).doing(doing)?;
        note("user.uid", json!({ "before": before.uid, "after": uid }))?;
    }
    if let Some(hash) = &change.password_hash {
        exec(db, "UPDATE users SET password_hash = ?2 WHERE id = ?1", (user, hash)).doing(doing)?;
        note("user.passwd", json!({ "removed": hash.is_none() }))?;
    }
    Ok((by_id(db, user)?, moved))
}

/// Refuses what [`change`], or [`delete`] where there is none, refuses by the user alone.
pub(super) fn may(db: &Connection, user: UserId, change: Option<&UserChange>) -> Result<()> {
    let before = live(db, user)?;
    let Some(change) = change else { return leaves_a_manager(db, &before, None) };
    if let Some(name) = &change.name {
        check_name(name)?;
    }
    if let Some(uid) = change.uid.filter(|uid| *uid != before.uid) {
        check_uid(db, uid, Some(user))?;
    }
    stays_root(&before, change)?;
    change.role.map_or(Ok(()), |role| leaves_a_manager(db, &before, Some(role)))
}

/// Who takes over what a user holds; refused where that is nobody in particular and there is something. Contacts are counted before.
fn receiver(db: &Connection, user: &UserInfo, over: HandOver) -> Result<Option<UserId>> {
    match over {
        HandOver::To(to) => Ok(Some(to)),
        HandOver::Nobody => Ok(None),
        HandOver::Nothing => {
            let held = hand_over::count_left(db, user.id).doing("count what a user holds")?;
            match held.is_empty() {
                true => Ok(None),
                false => Err(Error::UserHolds { login: user.login.clone(), held }),
            }
        }
    }
}

/// Deletes a user: the row stays as a tombstone, so that records keep the name (S4.23) and the login is not given out
/// again (S4.24), and whose Unix user it was, so that nobody works on as a stranger. What they still hold changes hands with it, behind what `moved` counts; who may hold nothing and does is not
/// deleted.
pub(super) fn delete(
    db: &Connection,
    user: UserId,
    over: HandOver,
    (moved, seen): (Holdings, i64),
    by: Actor,
    now: i64,
) -> Result<(UserInfo, Holdings)> {
    let doing = "delete user";
    let before = live(db, user)?;
    leaves_a_manager(db, &before, None)?;
    let mut moved = moved;
    let to = receiver(db, &before, over)?;
    let handing = hand_over::Handing { from: user, to, contacts: true, by: by.user, now };
    moved += hand_over::rest(db, &handing, seen)?;
    let sql = "UPDATE users SET deleted_at = ?2, password_hash = NULL WHERE id = ?1";
    exec(db, sql, (user, now)).doing(doing)?;
    hand_overs::end(db, user).doing(doing)?;
    let mut detail = json!({ "login": before.login, "name": before.name, "role": before.role });
    if over != HandOver::Nothing {
        detail["handed_over"] =
            json!({ "to": to, "leads": moved.leads, "contacts": moved.contacts, "tasks": moved.tasks });
    }
    audit_by(db, now, by, "user.delete", &user.to_string(), &detail).doing(doing)?;
    Ok((by_id(db, user)?, moved))
}

/// Refuses what would leave users but no manager: nobody could make another, and what only managers do would need whoever runs the
/// daemon. Nobody may, not even they: another manager is made first.
pub(super) fn leaves_a_manager(db: &Connection, user: &UserInfo, role: Option<Role>) -> Result<()> {
    if user.role != Role::Manager || role == Some(Role::Manager) {
        return Ok(());
    }
    let sql = "SELECT 1 FROM users WHERE role = 'MGR' AND deleted_at IS NULL AND id <> ?1 LIMIT 1";
    match one(db, sql, [user.id], |_| Ok(())).doing("look for a manager")? {
        Some(()) => Ok(()),
        None => Err(Error::LastManager { login: user.login.clone() }),
    }
}

/// Users whose login is this one, but for case and width; exactly this one first. Two there are in databases from before that was looked
/// at.
fn alike(db: &Connection, login: &str) -> rusqlite::Result<Vec<UserInfo>> {
    let key = login_key(login);
    let mut same: Vec<UserInfo> =
        list(db, true)?.into_iter().filter(|user| login_key(&user.login) == key).collect();
    same.sort_by_key(|user| user.login != login);
    Ok(same)
}

/// Refuses users who are deleted: whatever they are given nobody would be offered any more.
pub(super) fn all_live(db: &Connection, users: &[UserId]) -> Result<()> {
    users.iter().try_for_each(|user| live(db, *user).map(|_| ()))
}

/// Refuses users who are deleted or call nobody (S4.4, S4.5): a lead or a task of theirs would never be called.
pub(super) fn callers(db: &Connection, users: &[UserId]) -> Result<()> {
    users.iter().try_for_each(|user| {
        let UserInfo { login, role, .. } = live(db, *user)?;
        if role.calls() { Ok(()) } else { Err(Error::NoCaller { login, role }) }
    })
}

/// The user of this login, made when new; a login that is written exactly so goes before one that differs in case or width. A live user is left as it is: names and roles belong to administrators.
pub(super) fn ensure(db: &Connection, login: &str, name: &str, role: Role, now: i64) -> Result<UserId> {
    let doing = "ensure user";
    let same = alike(db, login).doing(doing)?;
    match same.as_slice() {
        [first, ..] if first.login == login || same.len() == 1 => match first.deleted_at {
            Some(_) => Err(Error::UserTombstone { login: first.login.clone() }),
            None => Ok(first.id),
        },
        [_, ..] => Err(Error::Ambiguous { what: "users", key: login.to_owned() }),
        [] => {
            let id = UserId::generate(now);
            let sql = "INSERT INTO users (id, login, name, role, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
            exec(db, sql, (id, login, name, role, now)).doing(doing)?;
            Ok(id)
        }
    }
}

/// Users by login, tombstones too if asked for.
pub(super) fn list(db: &Connection, tombstones: bool) -> rusqlite::Result<Vec<UserInfo>> {
    let sql = format!("{SELECT} WHERE ?1 OR deleted_at IS NULL ORDER BY login");
    all(db, &sql, [tombstones], info)
}

/// The password of a live user as a PHC string.
pub(super) fn password_hash(db: &Connection, user: UserId) -> Result<Option<String>> {
    let sql = "SELECT password_hash FROM users WHERE id = ?1 AND deleted_at IS NULL";
    one(db, sql, [user], |r| r.get(0)).doing("read password")?.ok_or_else(|| missing(user))
}

pub(super) fn live(db: &Connection, user: UserId) -> Result<UserInfo> {
    let info = by_id(db, user)?;
    if info.deleted_at.is_some() { Err(Error::UserTombstone { login: info.login }) } else { Ok(info) }
}

fn by_id(db: &Connection, user: UserId) -> Result<UserInfo> {
    one(db, &format!("{SELECT} WHERE id = ?1"), [user], info).doing("read user")?.ok_or_else(|| missing(user))
}

fn missing(user: UserId) -> Error {
    Error::NotFound { what: "user", key: user.to_string() }
}

fn check_login(login: &str) -> Result<()> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if login.is_empty() || login.len() > MOST_LOGIN || !login.chars().all(plain) {
        return Err(Error::Value {
            what: "login",
            needs: Said::fixed(
                "文字・数字・「-」「_」「.」(64バイトまで)",
                "letters, digits, '-', '_' or '.', at most 64 bytes",
            ),
        });
    }
    Ok(())
}

fn check_name(name: &str) -> Result<&str> {
    super::name::checked("name", name)
}

fn check_uid(db: &Connection, uid: Option<u32>, own: Option<UserId>) -> Result<()> {
    let Some(uid) = uid else { return Ok(()) };
    let sql = "SELECT login FROM users WHERE uid = ?1 AND deleted_at IS NULL AND id IS NOT ?2";
    match one(db, sql, (uid, own), |r| r.get(0)).doing("look up a Unix user")? {
        Some(login) => Err(Error::UidTaken { uid, login }),
        None => Ok(()),
    }
}

/// What a change makes of Unix user and role.
fn stays_root(before: &UserInfo, change: &UserChange) -> Result<()> {
    let after = (change.uid.unwrap_or(before.uid), change.role.unwrap_or(before.role));
    check_root((before.uid, before.role), after)
}

/// Refuses root to whoever is no manager: whatever the table says, root is one (S4.1). Who was so from before that was looked at is changed
/// in all else.
fn check_root(before: (Option<u32>, Role), after: (Option<u32>, Role)) -> Result<()> {
    let contradicts = |(uid, role)| uid == Some(ROOT) && role != Role::Manager;
    if contradicts(before) || !contradicts(after) {
        return Ok(());
    }
    Err(Error::Value {
        what: "Unix user",
        needs: Said::fixed(
            "0(root)は常に管理者(MGR)として扱われます。MGR の利用者だけに割り当てられます",
            "root (0) is MGR whatever the table says: give it to a user who is MGR, or to nobody",
        ),
    })
}

fn info(row: &Row<'_>) -> rusqlite::Result<UserInfo> {
    Ok(UserInfo {
        id: row.get(0)?,
        login: row.get(1)?,
        name: row.get(2)?,
        role: row.get(3)?,
        uid: row.get(4)?,
        has_password: row.get(5)?,
        created_at: row.get(6)?,
        deleted_at: row.get(7)?,
    })
}

const SELECT: &str =
    "SELECT id, login, name, role, uid, password_hash IS NOT NULL, created_at, deleted_at FROM users";
const MOST_LOGIN: usize = 64;
const ROOT: u32 = 0;
