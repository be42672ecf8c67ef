//! Who is deleted, or calls no more, while what they hold changes hands. What is wanted is written down first, since the work goes over in
//! slices: a process that ends in the middle finishes it at its next start, with its row of audit, instead of leaving half of it another's
//! without a word.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;

use super::{HandOverAt, Handing, SqliteBackend, all, audit_by, exec, hand_over, unsigned, users};
use crate::error::{Doing, Error, Result};
use crate::id::UserId;
use crate::model::{Actor, HandOver, Holdings, Role, UserChange, UserScope};
use crate::permission::Scope;

/// One under way.
struct Open {
    user: UserId,
    to: Option<UserId>,
    /// What they are then; `None`: deleted.
    role: Option<Role>,
    by: Actor,
    at: i64,
    moved: Holdings,
}

impl Open {
    /// Whether it was begun as this.
    fn is(&self, handing: &Handing) -> bool {
        (self.user, self.to, self.by.user, self.at) == (handing.from, handing.to, handing.by, handing.now)
    }

    fn handing(&self) -> Handing {
        let Self { user, to, role, by, at, .. } = *self;
        Handing { from: user, to, contacts: role.is_none(), by: by.user, now: at }
    }
}

/// Writes down what is to be done: the user has the role of `change` then, `None`: is deleted. Nothing changes hands for whom that is
/// refused. What else is in the change (the name, the Unix user) is in this transaction: with a role that the next start finishes it would
/// be lost, and the change half of what was asked for.
pub(super) fn begin(
    db: &Connection,
    handing: &Handing,
    change: Option<(&UserChange, UserScope)>,
    by: Actor,
) -> Result<()> {
    let before = users::live(db, handing.from)?;
    let role = change.and_then(|(change, _)| change.role);
    users::leaves_a_manager(db, &before, role)?;
    hand_over::may_take(db, handing)?;
    if let Some((change, within)) = change {
        users::may(db, handing.from, Some(change))?;
        let beside = UserChange { role: None, ..change.clone() };
        let none = (HandOver::Nothing, Holdings::default());
        users::change(db, handing.from, &beside, none, by, within, handing.now)?;
    }
    // Somebody who asks once more takes the place of who asked before: of another receiver, what went over so far is said by itself.
    if let Some(earlier) = of(db, handing.from)?.filter(|earlier| earlier.to != handing.to) {
        if !earlier.moved.is_empty() {
            ended(db, &earlier, "E-STALE")?;
        }
        end(db, handing.from).doing("hand over")?;
    }
    let sql = "INSERT INTO hand_overs (user_id, to_user_id, role, by_user_id, uid, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (user_id) DO UPDATE SET to_user_id = excluded.to_user_id, role = excluded.role,
                 by_user_id = excluded.by_user_id, uid = excluded.uid, at = excluded.at";
    exec(db, sql, (handing.from, handing.to, role, by.user, by.uid, handing.now))
        .doing("hand over")
        .map(|_| ())
}

/// Refuses to go on with one whose place another took meanwhile, to another receiver or asked for later: what it moved would count as the
/// other's, and of a user whose work goes two ways a crash would leave some here and some there, without a word.
pub(super) fn not_taken_over(db: &Connection, handing: &Handing) -> Result<()> {
    match of(db, handing.from)? {
        Some(open) if !open.is(handing) => Err(Error::Stale { what: "user" }),
        Some(_) | None => Ok(()),
    }
}

/// So much more changed hands.
pub(super) fn count(db: &Connection, user: UserId, moved: Holdings) -> rusqlite::Result<()> {
    if moved.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE hand_overs SET leads = leads + ?2, contacts = contacts + ?3, tasks = tasks + ?4 WHERE user_id = ?1";
    let Holdings { leads, contacts, tasks } = moved;
    exec(db, sql, (user, leads.cast_signed(), contacts.cast_signed(), tasks.cast_signed())).map(|_| ())
}

/// All of it is done.
pub(super) fn end(db: &Connection, user: UserId) -> rusqlite::Result<()> {
    exec(db, "DELETE FROM hand_overs WHERE user_id = ?1", [user]).map(|_| ())
}

/// Ends one that failed and was told as failed: finished later, it would take from the user what they got since. What went over stays,
/// as the row of audit says; what was changed with it is as it was before (`back`). One that has ended is none any more.
/// Nor is one whose place another took.
pub(super) fn give_up(db: &Connection, handing: &Handing, code: &str, back: &UserChange) -> Result<()> {
    let doing = "hand over";
    let Some(open) = of(db, handing.from)?.filter(|open| open.is(handing)) else { return Ok(()) };
    let Open { user, by, at, .. } = open;
    ended(db, &open, code)?;
    end(db, user).doing(doing)?;
    let none = (HandOver::Nothing, Holdings::default());
    match users::change(db, user, back, none, by, UNASKED, at) {
        // Somebody has the Unix user by now, or deleted the user: theirs stands.
        Ok(_) | Err(Error::UidTaken { .. } | Error::UserTombstone { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Says in the audit log how far one came that is not gone on with.
fn ended(db: &Connection, open: &Open, code: &str) -> Result<()> {
    let Open { user, to, by, at, moved, .. } = *open;
    let detail = json!({
        "handed_over": { "to": to, "leads": moved.leads, "contacts": moved.contacts, "tasks": moved.tasks },
        "ended": { "code": code },
    });
    audit_by(db, at, by, "user.hand_over", &user.to_string(), &detail).doing("hand over")
}

fn of(db: &Connection, user: UserId) -> Result<Option<Open>> {
    Ok(all_open(db).doing("hand over")?.into_iter().find(|open| open.user == user))
}

/// After a start: finishes what the last run did not.
pub(super) fn recover(backend: &mut SqliteBackend) -> Result<()> {
    for open in all_open(&backend.db).doing("recover")? {
        tracing::warn!(user = %open.user, "the last run did not finish handing a user's work over; finishing it");
        match finish(backend, &open) {
            Ok(()) => {}
            // Whoever was to take over is gone, or calls no more.
            Err(
                error @ (Error::UserTombstone { .. }
                | Error::NoCaller { .. }
                | Error::NotFound { .. }
                | Error::LastManager { .. }
                | Error::Value { .. }),
            ) => backend.transact("recover", |db, _| {
                give_up(db, &open.handing(), error.code(), &UserChange::default())
            })?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn finish(backend: &mut SqliteBackend, open: &Open) -> Result<()> {
    let doing = "recover";
    let Open { user, to, role, by, at: now, mut moved } = *open;
    let handing = open.handing();
    let mut at = HandOverAt::Numbers;
    let seen = loop {
        let (slice, next) = backend.transact(doing, |db, _| hand_over::slice(db, &handing, at, soon()))?;
        moved += slice;
        match next {
            Ok(next) => at = next,
            Err(seen) => break seen,
        }
    };
    let over = to.map_or(HandOver::Nobody, HandOver::To);
    backend.transact(doing, |db, _| match role {
        None => users::delete(db, user, over, (moved, seen), by, now).map(|_| ()),
        Some(role) => {
            let change = UserChange { role: Some(role), ..UserChange::default() };
            users::change(db, user, &change, (over, moved), by, UNASKED, now).map(|_| ())
        }
    })
}

fn all_open(db: &Connection) -> rusqlite::Result<Vec<Open>> {
    let sql = "SELECT user_id, to_user_id, role, by_user_id, uid, at, leads, contacts, tasks FROM hand_overs ORDER BY at";
    all(db, sql, [], |r| {
        Ok(Open {
            user: r.get(0)?,
            to: r.get(1)?,
            role: r.get(2)?,
            by: Actor { user: r.get(3)?, uid: r.get(4)? },
            at: r.get(5)?,
            moved: Holdings { leads: unsigned(r, 6)?, contacts: unsigned(r, 7)?, tasks: unsigned(r, 8)? },
        })
    })
}

/// Nobody waits for it.
#[expect(clippy::disallowed_methods, reason = "a slice is bounded by real time")]
fn soon() -> Instant {
    Instant::now() + Duration::from_millis(100)
}

/// Whether they may was looked at before it was written down.
const UNASKED: UserScope = UserScope { scope: Scope::All, role: Role::Manager };
