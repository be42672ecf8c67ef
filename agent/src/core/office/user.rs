//! Users and the audit log.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use protocol::params::{AuditList, Secret, UserAdd, UserDelete, UserEdit, UserLs, UserPasswd};
use protocol::result::{AuditPage, Holdings, Me, UserChanged, UserRow, Users};
use protocol::{Detail, ErrorCode, RpcError};
use serde_json::Value;
use store::{
    Action, AuditQuery, AuditRow, HandOver, Progress, Role, Scope, Store, UserChange, UserDraft, UserId,
    UserInfo, UserScope, permits,
};

use super::{Asker, Names, bad, refused, rows};
use crate::control::Who;
use crate::core::manage::{Told, watched};
use crate::off_thread::off_thread_for_client;
use crate::password;
use crate::said::one_of;

pub(super) async fn list(store: &Store, p: &UserLs, seats: &[(UserId, String)]) -> Result<Users, RpcError> {
    let users = if p.deleted { store.all_users().await } else { store.users().await };
    let users = users.map_err(refused)?.iter().map(|user| rows::user(user, seats)).collect();
    Ok(Users { users })
}

pub(super) async fn add(
    store: &Store,
    p: UserAdd,
    asker: Asker,
    most: Option<u32>,
) -> Result<UserRow, RpcError> {
    let draft = UserDraft {
        name: p.name.unwrap_or_else(|| p.login.clone()),
        login: p.login,
        role: role(&p.role)?,
        uid: p.uid,
        password_hash: hash(p.password).await?,
        max_users: most,
    };
    let made = store.user_add(draft, asker.actor(), within(asker), asker.now).await.map_err(refused)?;
    Ok(rows::user(&made, &[]))
}

/// Changes a user. Leads and open tasks of whoever calls no more go to whoever is named or to nobody. Whoever has a seat goes on calling:
/// its calls are theirs, and somebody who may not call would be locked out of it with the next.
pub(super) async fn edit(
    store: &Store,
    told: &Told,
    p: UserEdit,
    asker: Asker,
    seats: &[(UserId, String)],
) -> Result<UserChanged, RpcError> {
    let UserInfo { id: user, role: before, .. } = live(store, &p.user).await?;
    let change = UserChange {
        name: p.name,
        role: p.role.as_deref().map(role).transpose()?,
        uid: if p.no_uid { Some(None) } else { p.uid.map(Some) },
        password_hash: None,
    };
    if let Some(role) = change.role.filter(|role| *role != before && !role.calls()) {
        let doing = (
            format!("架電しない役割({role})にはできません"),
            format!("no {role}, which is a role that calls nobody"),
        );
        has_no_seat(user, seats, doing)?;
    }
    let (to, over) = hand_over(store, p.hand_over.as_deref(), p.release).await?;
    let progress = Progress::default();
    let look = || (progress.done(), progress.total());
    let by = (asker.actor(), within(asker));
    let work = store.user_change(user, change, over, by, asker.now, progress.clone());
    let (changed, moved) = watched(told, ("user", &p.user), look, work).await.map_err(refused)?;
    let ungranted = ungranted(store, to.filter(|_| !moved.is_empty())).await?;
    Ok(UserChanged { user: rows::user(&changed, seats), handed_over: rows::holdings(moved), ungranted })
}

/// Who takes over, and what becomes of what somebody holds.
async fn hand_over(
    store: &Store,
    to: Option<&str>,
    release: bool,
) -> Result<(Option<UserId>, HandOver), RpcError> {
    let to = match to {
        Some(login) => Some(named(store, login).await?),
        None => None,
    };
    let over = match (to, release) {
        (Some(to), false) => HandOver::To(to),
        (None, true) => HandOver::Nobody,
        (None, false) => HandOver::Nothing,
        (Some(_), true) => {
            return Err(bad(("hand_over か release のどちらか一方です", "one of hand_over and release")));
        }
    };
    Ok((to, over))
}

/// Sets a password. One's own needs the old one; others' are an administrator's business.
pub(super) async fn passwd(
    store: &Store,
    p: UserPasswd,
    asker: Asker,
    seats: &[(UserId, String)],
) -> Result<UserRow, RpcError> {
    let user = match &p.user {
        Some(login) => named(store, login).await?,
        None => asker.who.user.ok_or_else(|| bad(Detail::name("user")))?,
    };
    let administers = permits(asker.who.role, Action::UserEdit).any();
    if !administers || (p.old.is_some() && asker.who.user == Some(user)) {
        if asker.who.user != Some(user) {
            let detail =
                ("変更できるのは自分のパスワードだけです", "only your own password is yours to change");
            return Err(RpcError::with_detail(ErrorCode::Permission, detail));
        }
        let stored = store.password_hash(user).await.map_err(refused)?;
        if let Some(stored) = stored {
            let old =
                p.old.ok_or_else(|| RpcError::with_detail(ErrorCode::Password, ("今のパスワード", "old")))?;
            if !off_thread_for_client(move || password::verify(old.expose(), &stored)).await? {
                return Err(RpcError::with_detail(ErrorCode::Password, ("今のパスワード", "old")));
            }
        }
    }
    let change = UserChange { password_hash: Some(hash(p.password).await?), ..UserChange::default() };
    let asker = Asker { scope: permits(asker.who.role, Action::UserEdit), ..asker };
    let by = (asker.actor(), within(asker));
    let work = store.user_change(user, change, HandOver::Nothing, by, asker.now, Progress::default());
    Ok(rows::user(&work.await.map_err(refused)?.0, seats))
}

/// Deletes a user. Their leads, contacts and open tasks go to whoever is named or to nobody; who holds some and nobody is named
/// stays.
pub(super) async fn delete(
    store: &Store,
    told: &Told,
    p: UserDelete,
    asker: Asker,
    seats: &[(UserId, String)],
) -> Result<UserChanged, RpcError> {
    let user = named(store, &p.user).await?;
    // The next start would find a tombstone at its seat.
    has_no_seat(user, seats, ("削除できません".to_owned(), "not deleted".to_owned()))?;
    let (to, over) = hand_over(store, p.hand_over.as_deref(), p.release).await?;
    let progress = Progress::default();
    let look = || (progress.done(), progress.total());
    let work = store.user_delete(user, over, asker.actor(), asker.now, progress.clone());
    let (gone, moved) = watched(told, ("user", &p.user), look, work).await.map_err(refused)?;
    let ungranted = ungranted(store, to).await?;
    Ok(UserChanged { user: rows::user(&gone, &[]), handed_over: rows::holdings(moved), ungranted })
}

/// Whom the daemon takes somebody for.
pub(super) async fn me(store: &Store, who: &Who, seats: Vec<String>) -> Result<Me, RpcError> {
    let users = store.all_users().await.map_err(refused)?;
    let mut spellings: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for user in &users {
        spellings.entry(store::login_key(&user.name)).or_default().push(&user.name);
    }
    let shared = spellings.into_values().filter(|names| names.len() > 1).flatten();
    let namesakes = shared.collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect();
    let user = users.iter().find(|user| Some(user.id) == who.user && user.deleted_at.is_none());
    Ok(Me {
        login: user.map(|user| user.login.clone()),
        name: user.map(|user| user.name.clone()),
        role: who.role.to_string(),
        owner: who.owner,
        masked: who.masked,
        reads_contacts: who.reads_contacts,
        seats,
        namesakes,
    })
}

/// What a user holds, deleted or not.
pub(super) async fn holds(store: &Store, login: &str) -> Result<Holdings, RpcError> {
    let user = ever_named(store, login).await?;
    store.holdings(user).await.map(rows::holdings).map_err(refused)
}

/// Lists with work of whoever took over that they may not use.
pub(super) async fn ungranted(store: &Store, to: Option<UserId>) -> Result<Vec<String>, RpcError> {
    match to {
        Some(to) => store.out_of_reach(to).await.map_err(refused),
        None => Ok(Vec::new()),
    }
}

pub(super) async fn audit(store: &Store, p: AuditList) -> Result<AuditPage, RpcError> {
    let user = match &p.user {
        Some(login) => Some(ever_named(store, login).await?),
        None => None,
    };
    let limit = p.limit.unwrap_or(100).clamp(1, 1_000);
    let query = AuditQuery {
        user,
        action: p.action,
        object: p.object,
        from: p.from,
        to: p.to,
        before: p.before,
        limit,
    };
    let found = store.audit_log(query).await.map_err(refused)?;
    let full = u32::try_from(found.len()).is_ok_and(|count| count == limit);
    let next = found.last().filter(|_| full).map(|row| row.id);
    let names = Names::read(store).await?;
    let called = called(store, &found).await?;
    let rows = found.into_iter().map(|row| rows::audit(row, &names)).collect();
    Ok(AuditPage { rows, names: called, next })
}

/// What users, lists and projects are called now whose ids stand in rows of the audit log.
async fn called(store: &Store, rows: &[AuditRow]) -> Result<BTreeMap<String, String>, RpcError> {
    let mut known = HashMap::new();
    let users = store.all_users().await.map_err(refused)?;
    known.extend(users.into_iter().map(|user| (user.id.to_string(), user.login)));
    let lists = store.lists().await.map_err(refused)?;
    known.extend(lists.into_iter().map(|list| (list.id.to_string(), list.name)));
    let deleted = store.deleted_lists().await.map_err(refused)?;
    known.extend(deleted.into_iter().map(|list| (list.id.to_string(), list.name)));
    let projects = store.project_rows().await.map_err(refused)?;
    known.extend(projects.into_iter().map(|project| (project.id.to_string(), project.name)));
    let mut called = BTreeMap::new();
    for row in rows {
        note_names(&Value::String(row.object.clone()), &known, &mut called);
        note_names(&row.detail, &known, &mut called);
    }
    Ok(called)
}

/// The names of what stands in a value.
fn note_names(value: &Value, known: &HashMap<String, String>, called: &mut BTreeMap<String, String>) {
    match value {
        Value::String(id) => {
            if let Some(name) = known.get(id) {
                called.insert(id.clone(), name.clone());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| note_names(item, known, called)),
        Value::Object(fields) => fields.values().for_each(|field| note_names(field, known, called)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Refuses who is the operator of a seat, with what cannot be done of it.
fn has_no_seat(user: UserId, seats: &[(UserId, String)], (ja, en): (String, String)) -> Result<(), RpcError> {
    let at: Vec<&str> = seats.iter().filter(|(of, _)| *of == user).map(|(_, seat)| seat.as_str()).collect();
    if at.is_empty() {
        return Ok(());
    }
    let at = at.join(", ");
    let detail = (format!("席 {at} の担当です。{ja}"), format!("operator of seat {at}: {en}"));
    Err(RpcError::with_detail(ErrorCode::UserSeat, detail))
}

/// The live user of this login.
pub(super) async fn named(store: &Store, login: &str) -> Result<UserId, RpcError> {
    Ok(live(store, login).await?.id)
}

async fn live(store: &Store, login: &str) -> Result<UserInfo, RpcError> {
    find(&store.users().await.map_err(refused)?, login).cloned()
}

/// The user of this login, deleted or not: for searches.
pub(in crate::core) async fn ever_named(store: &Store, login: &str) -> Result<UserId, RpcError> {
    find(&store.all_users().await.map_err(refused)?, login).map(|user| user.id)
}

fn find<'a>(users: &'a [UserInfo], login: &str) -> Result<&'a UserInfo, RpcError> {
    store::by_login(users, login, |user| &user.login).ok_or_else(|| {
        RpcError::with_detail(ErrorCode::NotFound, (format!("利用者 {login}"), format!("user {login:?}")))
    })
}

fn within(asker: Asker) -> UserScope {
    // `OwnPassword` allows everybody their own row; the store knows which that is.
    let scope = if asker.scope == Scope::Own { Scope::Nothing } else { asker.scope };
    UserScope { scope, role: asker.who.role }
}

fn role(word: &str) -> Result<Role, RpcError> {
    let bad = || RpcError::with_detail(ErrorCode::Value, one_of("role", "MGR, SV, OP, BIZ, BY"));
    word.trim().to_ascii_uppercase().parse().map_err(|_| bad())
}

/// Hashes off the core's thread: it takes tens of milliseconds on purpose.
async fn hash(password: Option<Secret>) -> Result<Option<String>, RpcError> {
    let Some(password) = password else { return Ok(None) };
    let hashed = off_thread_for_client(move || password::hash(password.expose())).await?;
    hashed.map(Some).map_err(|error| RpcError::with_detail(ErrorCode::Password, Detail::log(error)))
}
