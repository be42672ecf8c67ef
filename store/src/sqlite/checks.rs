//! The checks before a dial, all on what would really be sent, all inside the transaction that precedes the INVITE.

use rusqlite::Connection;

use super::{all, dnc, one, tasks};
use crate::error::DialRefusal;
use crate::id::{ProjectId, UserId};
#[cfg(doc)]
use crate::model::SecondLeg;
use crate::model::{DialRules, Origin};
use crate::phone::{DialPlan, Dialing, Special, Verdict, reached};
use crate::time::BusinessDate;

/// What is about to be dialed.
pub(super) struct Dial<'a> {
    /// E.164.
    pub(super) phone: &'a str,
    /// What the trunk's plan makes of it.
    pub(super) dialing: &'a Dialing,
    pub(super) project: Option<ProjectId>,
    pub(super) origin: Origin,
    /// Who would call; `None` in an explanation for nobody in particular.
    pub(super) user: Option<UserId>,
}

/// `None`: may be dialed now.
pub(super) fn refusal(
    db: &Connection,
    dial: &Dial<'_>,
    rules: &DialRules,
    now: i64,
) -> rusqlite::Result<Option<DialRefusal>> {
    match number(db, dial)? {
        Some(refusal) => Ok(Some(refusal)),
        None => repeat(db, dial.phone, rules, now),
    }
}

/// The same for a number that comes into a call that is up; see [`SecondLeg`].
pub(super) fn second_refusal(
    db: &Connection,
    dial: &Dial<'_>,
    rules: &DialRules,
    open: bool,
    now: i64,
) -> rusqlite::Result<Option<DialRefusal>> {
    if let Some(refusal) = number(db, dial)? {
        return Ok(Some(refusal));
    }
    match listed(db, dial.phone)? {
        true if !open => Ok(Some(DialRefusal::Hours)),
        true => repeat(db, dial.phone, rules, now),
        false => Ok(None),
    }
}

/// What forbids a number whatever the time and whoever dials it.
fn number(db: &Connection, dial: &Dial<'_>) -> rusqlite::Result<Option<DialRefusal>> {
    if let Some(refusal) = forbidden(dial) {
        return Ok(Some(refusal));
    }
    if dnc::blocked(db, dial.phone, dial.project)? {
        return Ok(Some(DialRefusal::DoNotCall));
    }
    let held = dial.origin == Origin::List && tasks::held_by_other(db, dial.phone, dial.project, dial.user)?;
    Ok(held.then_some(DialRefusal::Task))
}

/// Everything of [`number`], for whoever wants to know: what is cleared first is not all of it.
pub(super) fn all_of_number(db: &Connection, dial: &Dial<'_>) -> rusqlite::Result<Vec<DialRefusal>> {
    let mut all: Vec<DialRefusal> = forbidden(dial).into_iter().collect();
    if dnc::blocked(db, dial.phone, dial.project)? {
        all.push(DialRefusal::DoNotCall);
    }
    if tasks::held_by_other(db, dial.phone, dial.project, dial.user)? {
        all.push(DialRefusal::Task);
    }
    Ok(all)
}

/// Whether the number stands on any dial list: one in the bin is none.
fn listed(db: &Connection, phone: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM lead_numbers n JOIN lists l ON l.id = n.list_id AND l.deleted_at IS NULL
               WHERE n.phone IN (?1, ?2) LIMIT 1";
    Ok(one(db, sql, [phone, reached(phone)], |_| Ok(()))?.is_some())
}

/// Emergency and special numbers, on the final string; freephone numbers too when nobody typed them.
fn forbidden(dial: &Dial<'_>) -> Option<DialRefusal> {
    let plan = DialPlan { prefix: dial.dialing.prefix.clone(), ..DialPlan::default() };
    let special = match plan.verdict(&dial.dialing.string) {
        Verdict::Allowed => return None,
        Verdict::ManualOnly if dial.origin != Origin::List => return None,
        // Whatever the number is: behind this prefix it reaches that.
        Verdict::Emergency => Some(Special::Emergency),
        Verdict::ManualOnly | Verdict::Forbidden => Special::of(dial.phone),
    };
    Some(DialRefusal::Forbidden { special })
}

/// 端末設備等規則 32条の3, by number: whatever list, seat or way the earlier dials came from, and whatever digits stood behind it.
pub(super) fn repeat(
    db: &Connection,
    phone: &str,
    rules: &DialRules,
    now: i64,
) -> rusqlite::Result<Option<DialRefusal>> {
    if rules.practice {
        return Ok(None);
    }
    let today = BusinessDate::of(now);
    let whole = reached(phone);
    // Behind a mobile number's eleven digits there is no room for more.
    let sql = if whole.len() == SHORT_KEY { LONGER_TOO } else { EXACTLY };
    let since = rules.written_since(today.start().min(now.saturating_sub(rules.gap_ms())));
    let dialed: Vec<i64> = all(db, sql, (whole, since), |r| r.get(0))?;
    let dialed = || dialed.iter().map(|at| rules.by_this_clock(*at));
    let Some(last) = dialed().max() else { return Ok(None) };
    let until = last.saturating_add(rules.gap_ms());
    if until > now {
        return Ok(Some(DialRefusal::RepeatGap { last, until }));
    }
    // Those of today, also where the clock was set ahead over midnight: the callee had no night in between (D24).
    let dials = dialed().filter(|at| *at >= today.start()).count().try_into().unwrap_or(i64::MAX);
    let full = dials >= rules.dials_per_day();
    Ok(full.then(|| DialRefusal::RepeatDay { last, dials, until: today.end() }))
}

/// Length of the key of a number of ten digits.
const SHORT_KEY: usize = "+81312345678".len();
/// What the calls say, and what [`rests`](super::rests) knows of those that a restored copy does not have.
const EXACTLY: &str =
    "SELECT dialed_at FROM attempts WHERE phone = ?1 AND dialed_at >= ?2 AND direction = 'out'
   UNION ALL SELECT dialed_at FROM rests WHERE phone = ?1 AND dialed_at >= ?2";
/// A digit behind them changes nothing.
const LONGER_TOO: &str = "SELECT dialed_at FROM attempts
   WHERE phone IN (?1, ?1 || '0', ?1 || '1', ?1 || '2', ?1 || '3', ?1 || '4', ?1 || '5', ?1 || '6', ?1 || '7', ?1 || '8', ?1 || '9')
     AND dialed_at >= ?2 AND direction = 'out'
   UNION ALL SELECT dialed_at FROM rests
   WHERE phone IN (?1, ?1 || '0', ?1 || '1', ?1 || '2', ?1 || '3', ?1 || '4', ?1 || '5', ?1 || '6', ?1 || '7', ?1 || '8', ?1 || '9')
     AND dialed_at >= ?2";
