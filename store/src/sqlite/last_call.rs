//! The last call with a number, whoever made it and from whatever list (S1.31-S1.33), and the last result (S1.40).
//!
//! The two may be of different calls: a call by hand, or one that came in, needs no result (S4.38), and without one it takes
//! nothing away from what an earlier call found out. A call of a list that is left blank shows blank, for somebody to fill in
//! (X2). A memo is the last one that came with a result or says something.

use rusqlite::{Connection, Params};

use super::lead_numbers::importing;
use super::{all, exec, lead_numbers, one};
use crate::id::{AttemptId, LeadId, UserId};
use crate::model::CallKind;
use crate::progress::Progress;

/// What a lead shows of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LastCall {
    /// Of the last call that was judged or made from a list.
    pub(super) disposition: Option<String>,
    pub(super) user: Option<UserId>,
    pub(super) at: Option<i64>,
    pub(super) kind: Option<CallKind>,
    /// Of the same call, or of a later one that has a memo.
    pub(super) memo: Option<String>,
}

/// Calls with something to show: over, or saved while they run.
macro_rules! told {
    ($of:literal) => {
        concat!($of, "void = 0 AND (", $of, "ended_at IS NOT NULL OR ", $of, "save_seq > 0)")
    };
}

/// Calls whose result counts, blank or not.
macro_rules! judged {
    ($of:literal) => {
        concat!("(", $of, "disposition IS NOT NULL OR ", $of, "origin = 'list')")
    };
}

/// Reads it: what earlier lists learned of a number shows on a new lead too.
pub(super) fn last_call(db: &Connection, phone: &str) -> rusqlite::Result<LastCall> {
    let sql = concat!(
        "SELECT disposition, user_id, dialed_at, direction = 'in', answered_at IS NOT NULL, memo, ",
        judged!(""),
        " FROM attempts WHERE phone = ?1 AND dialed_at IS NOT NULL AND ",
        told!(""),
        " ORDER BY dialed_at DESC, id DESC"
    );
    latest(db, sql, [phone])
}

/// The same of a lead that was called by other numbers too (S4.41).
pub(super) fn last_call_of(db: &Connection, lead: LeadId, phone: &str) -> rusqlite::Result<LastCall> {
    let sql = concat!(
        "SELECT disposition, user_id, dialed_at, direction = 'in', answered_at IS NOT NULL, memo, ",
        judged!(""),
        " FROM attempts WHERE (phone = ?1 OR lead_id = ?2) AND dialed_at IS NOT NULL AND ",
        told!(""),
        " ORDER BY dialed_at DESC, id DESC"
    );
    latest(db, sql, (phone, lead))
}

fn latest(db: &Connection, sql: &str, of: impl Params) -> rusqlite::Result<LastCall> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(of)?;
    let mut last = LastCall::default();
    while let Some(row) = rows.next()? {
        if last.at.is_none() {
            last.user = row.get(1)?;
            last.at = row.get(2)?;
            last.kind = Some(CallKind::of(row.get(3)?, row.get(4)?));
        }
        let judged: bool = row.get(6)?;
        if last.memo.is_none() {
            last.memo = row.get::<_, Option<String>>(5)?.filter(|memo| judged || !memo.is_empty());
        }
        if judged {
            last.disposition = row.get(0)?;
            break;
        }
    }
    Ok(last)
}

/// Leads that show another last result than their calls have, `most` at most. Each is looked up in the calls, which takes longer than
/// reading them. One in the bin learns nothing, and one that is being staged does later.
pub(super) fn astray(db: &Connection, most: usize, progress: &Progress) -> rusqlite::Result<Vec<LeadId>> {
    let mut statement = db.prepare(
        "SELECT d.id, d.phone, d.last_disposition FROM leads d JOIN lists l ON l.id = d.list_id
         WHERE d.deleted_at IS NULL AND d.position <= l.visible_position",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        progress.count(1);
        let (lead, phone, shown): (LeadId, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if last_call_of(db, lead, &phone)?.disposition != shown {
            found.push(lead);
            if found.len() >= most {
                break;
            }
        }
    }
    Ok(found)
}

/// Brings it up to date on every list that has the number, after a call ended, was saved or amended.
pub(super) fn touch(db: &Connection, attempt: AttemptId) -> rusqlite::Result<()> {
    // Asked at once what is to be done at all: this is part of every save.
    let sql = concat!(
        "SELECT a.phone, ",
        judged!("a."),
        ", a.memo IS NOT NULL, EXISTS (SELECT 1 FROM attempts b WHERE b.phone = a.phone AND b.dialed_at >= a.dialed_at
           AND b.id <> a.id AND ",
        told!("b."),
        "), EXISTS (SELECT 1 FROM leads l WHERE l.id = a.lead_id AND l.phone <> a.phone), ",
        importing!(),
        " FROM attempts a WHERE a.id = ?1 AND a.phone IS NOT NULL"
    );
    let found = one(db, sql, [attempt], |r| {
        Ok(Touched {
            phone: r.get(0)?,
            judged: r.get(1)?,
            memo: r.get(2)?,
            followed: r.get(3)?,
            further: r.get(4)?,
            importing: r.get(5)?,
        })
    })?;
    let Some(Touched { phone, judged, memo, followed, further, importing }) = found else { return Ok(()) };
    if followed && judged || memo && !judged {
        renew(db, &phone)?;
    } else {
        let sql = "UPDATE leads SET last_user_id = a.user_id, last_at = a.dialed_at, last_kind = a.kind,
                     last_disposition = iif(?2, a.disposition, last_disposition), last_memo = iif(?2, a.memo, last_memo)
                   FROM (SELECT phone, disposition, user_id, dialed_at, memo,
                           CASE WHEN answered_at IS NULL THEN direction || '_missed' ELSE direction END AS kind
                         FROM attempts WHERE id = ?1) AS a, lead_numbers AS n
                   WHERE n.phone = a.phone AND leads.list_id = n.list_id AND leads.position = n.position
                     AND (leads.last_at IS NULL OR leads.last_at <= a.dialed_at)";
        exec(db, sql, (attempt, judged))?;
    }
    if further {
        renew_lead_of(db, attempt)?;
    }
    if importing { lead_numbers::touched_by(db, attempt) } else { Ok(()) }
}

/// A call, as [`touch`] has to know it.
struct Touched {
    phone: String,
    judged: bool,
    memo: bool,
    /// Another call with the number came later.
    followed: bool,
    /// It was to a further number of its lead (S4.41).
    further: bool,
    /// Leads are being staged.
    importing: bool,
}

/// Reads it again from the rows, for every list that has the number.
pub(super) fn renew(db: &Connection, phone: &str) -> rusqlite::Result<()> {
    if one(db, "SELECT 1 FROM lead_numbers WHERE phone = ?1 LIMIT 1", [phone], |_| Ok(()))?.is_none() {
        return Ok(());
    }
    let last = last_call(db, phone)?;
    let sql = "UPDATE leads SET last_disposition = ?2, last_user_id = ?3, last_at = ?4, last_kind = ?5, last_memo = ?6
               FROM lead_numbers n
               WHERE n.phone = ?1 AND leads.list_id = n.list_id AND leads.position = n.position";
    exec(db, sql, (phone, last.disposition, last.user, last.at, last.kind, last.memo))?;
    let sql = "SELECT l.id FROM lead_numbers n JOIN leads l ON l.list_id = n.list_id AND l.position = n.position
               WHERE n.phone = ?1 AND EXISTS (SELECT 1 FROM attempts a WHERE a.lead_id = l.id AND a.phone <> ?1)";
    for lead in all(db, sql, [phone], |r| r.get::<_, LeadId>(0))? {
        renew_lead(db, lead, phone)?;
    }
    Ok(())
}

/// The same for the lead of a call that was made to one of its further numbers (S4.41).
pub(super) fn renew_lead_of(db: &Connection, attempt: AttemptId) -> rusqlite::Result<()> {
    let sql = "SELECT l.id, l.phone FROM attempts a JOIN leads l ON l.id = a.lead_id WHERE a.id = ?1 AND l.phone <> a.phone";
    let lead = one(db, sql, [attempt], |r| Ok((r.get::<_, LeadId>(0)?, r.get::<_, String>(1)?)))?;
    lead.map_or(Ok(()), |(lead, phone)| renew_lead(db, lead, &phone))
}

pub(super) fn renew_lead(db: &Connection, lead: LeadId, phone: &str) -> rusqlite::Result<()> {
    let last = last_call_of(db, lead, phone)?;
    let sql = "UPDATE leads SET last_disposition = ?2, last_user_id = ?3, last_at = ?4, last_kind = ?5, last_memo = ?6
               WHERE id = ?1";
    exec(db, sql, (lead, last.disposition, last.user, last.at, last.kind, last.memo)).map(|_| ())
}
