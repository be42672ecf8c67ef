//! Notes of the back office: history without a call (S4.5). They are in no count and in no file of results.

use rusqlite::{Connection, Row};
use serde_json::json;

use super::audit_log::{Done, asker};
use super::{all, audit_by, exec, history, list_edit, one, typed};
use crate::error::{Doing, Error, ListError, Result, Said};
use crate::id::{AttemptId, LeadId, NoteId, UserId};
use crate::model::{NoteAbout, NoteChange, NoteDraft, NoteEdit, NoteRow};
use crate::permission::Scope;

/// What a note is about, looked up.
struct Subject {
    phone: String,
    attempt: Option<AttemptId>,
    lead: Option<LeadId>,
}

pub(super) fn add(db: &Connection, draft: &NoteDraft) -> Result<NoteRow> {
    let doing = "add note";
    let text = check_text(&draft.text)?;
    let subject = subject(db, &draft.about)?;
    // Calls and leads are looked up before, as whatever else names one.
    if let (NoteAbout::Number(raw), Some(user)) = (&draft.about, draft.granted_to)
        && !within_reach(db, &subject.phone, user).doing(doing)?
    {
        return Err(ListError::NotGranted { list: raw.clone() }.into());
    }
    let id = NoteId::generate(draft.now);
    let sql = "INSERT INTO notes (id, attempt_id, lead_id, phone, user_id, text, at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let values = (id, subject.attempt, subject.lead, &subject.phone, draft.by.user, text, draft.now);
    exec(db, sql, values).doing(doing)?;
    audit_by(db, draft.now, draft.by, "note.add", &id.to_string(), &json!({})).doing(doing)?;
    load(db, id)
}

/// Changes a note, takes it back or brings it back. What it said before is in the audit log.
pub(super) fn change(db: &Connection, change: &NoteChange) -> Result<NoteRow> {
    let doing = "change note";
    let old = load(db, change.note)?;
    let own = change.by.user.is_some() && old.user == change.by.user;
    match change.scope {
        Scope::All => {}
        Scope::Own if own => {}
        Scope::Own | Scope::Lower | Scope::Reported | Scope::Nothing => return Err(Error::Permission),
    }
    let gone = old.deleted_at.is_some();
    if matches!((&change.edit, change.scope, old.deleted_at), (NoteEdit::Restore, Scope::Own, Some(at))
        if !took_back(db, change.note, change.by.user, at).doing(doing)?)
    {
        return Err(Error::Permission);
    }
    let action = match &change.edit {
        NoteEdit::Restore if gone => {
            exec(db, "UPDATE notes SET deleted_at = NULL WHERE id = ?1", [change.note]).doing(doing)?;
            "note.restore"
        }
        // Nothing to do, and nothing to tell.
        NoteEdit::Restore => return Ok(old),
        _ if gone => return Err(Error::NotFound { what: "note", key: change.note.to_string() }),
        NoteEdit::Text(text) => {
            let text = check_text(text)?;
            let sql = "UPDATE notes SET text = ?2, edited_at = ?3 WHERE id = ?1";
            exec(db, sql, (change.note, text, change.now)).doing(doing)?;
            "note.edit"
        }
        NoteEdit::Delete => {
            exec(db, "UPDATE notes SET deleted_at = ?2 WHERE id = ?1", (change.note, change.now))
                .doing(doing)?;
            "note.delete"
        }
    };
    let detail = json!({ "before": old.text });
    audit_by(db, change.now, change.by, action, &change.note.to_string(), &detail).doing(doing)?;
    load(db, change.note)
}

/// Whether it was this user who took a note back at that moment, and nobody who may take back those of others: what a manager removed,
/// its writer does not bring back. The log is looked through from its end.
fn took_back(db: &Connection, note: NoteId, user: Option<UserId>, at: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT user_id FROM (SELECT at, user_id, action, object FROM audit ORDER BY id DESC LIMIT ?1)
               WHERE at = ?2 AND action = 'note.delete' AND object = ?3 LIMIT 1";
    let by: Option<Option<UserId>> = one(db, sql, (MOST_LOOKED, at, note.to_string()), |r| r.get(0))?;
    Ok(by.is_some_and(|by| by.is_some() && by == user))
}

/// Notes about a customer, oldest first: whatever call or lead they were written at, the number is what counts.
///
/// With `granted_to`: only those about lists that this user may use, or about calls of no list and of such projects, about none, and their
/// own (X7).
pub(super) fn list(db: &Connection, about: &NoteAbout, granted_to: Option<UserId>) -> Result<Vec<NoteRow>> {
    let phone = subject(db, about)?.phone;
    let list = list_edit::granted("l.list_id", "?2");
    let project = list_edit::granted_project("a.project_id", "?2");
    let sql = format!(
        "{SELECT} LEFT JOIN leads l ON l.id = n.lead_id LEFT JOIN attempts a ON a.id = n.attempt_id
         WHERE n.phone = ?1 AND n.deleted_at IS NULL
           AND (?2 IS NULL OR n.user_id IS ?2 OR iif(l.list_id IS NULL, {project}, {list}))
         ORDER BY n.at, n.id LIMIT {MOST_SHOWN}"
    );
    let mut notes = all(db, &sql, (phone, granted_to), row).doing("read notes")?;
    for note in notes.iter_mut().filter(|note| note.user.is_none()) {
        note.by_uid = by_uid(db, note).doing("read notes")?;
    }
    Ok(notes)
}

/// The Unix user who wrote what no user did.
fn by_uid(db: &Connection, note: &NoteRow) -> rusqlite::Result<Option<u32>> {
    asker(db, &Done { actions: "'note.add'", object: Some(&note.id.to_string()), at: note.at })
}

/// Whether a number stands on no list, or on one that a user may use; those in the bin are none.
fn within_reach(db: &Connection, phone: &str, user: UserId) -> rusqlite::Result<bool> {
    let granted = list_edit::granted("n.list_id", "?2");
    let sql = format!(
        "SELECT NOT EXISTS (SELECT 1 FROM lead_numbers n JOIN lists i ON i.id = n.list_id
                              WHERE n.phone = ?1 AND i.deleted_at IS NULL)
           OR EXISTS (SELECT 1 FROM lead_numbers n JOIN lists i ON i.id = n.list_id
                        WHERE n.phone = ?1 AND i.deleted_at IS NULL AND {granted})"
    );
    Ok(one(db, &sql, (phone, user), |r| r.get(0))?.unwrap_or(false))
}

fn load(db: &Connection, note: NoteId) -> Result<NoteRow> {
    let sql = format!("{SELECT} WHERE n.id = ?1");
    one(db, &sql, [note], row)
        .doing("read note")?
        .ok_or_else(|| Error::NotFound { what: "note", key: note.to_string() })
}

fn subject(db: &Connection, about: &NoteAbout) -> Result<Subject> {
    match about {
        NoteAbout::Attempt(attempt) => {
            let call = history::load(db, *attempt)?;
            let phone = call.phone.ok_or(Error::Invalid(crate::code::Code::ReqPhone))?;
            Ok(Subject { phone, attempt: Some(*attempt), lead: call.lead })
        }
        NoteAbout::Lead(lead) => {
            let sql = "SELECT phone FROM leads WHERE id = ?1 AND deleted_at IS NULL";
            let phone = one(db, sql, [lead], |r| r.get(0))
                .doing("read lead")?
                .ok_or_else(|| Error::NotFound { what: "lead", key: lead.to_string() })?;
            Ok(Subject { phone, attempt: None, lead: Some(*lead) })
        }
        NoteAbout::Number(raw) => {
            let phone = typed::single(raw)?.phone;
            Ok(Subject { phone: phone.expose().to_owned(), attempt: None, lead: None })
        }
    }
}

fn check_text(text: &str) -> Result<&str> {
    let text = text.trim();
    let unreadable = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.is_empty() || text.len() > MOST_TEXT || text.chars().any(unreadable) {
        return Err(Error::Value {
            what: "text",
            needs: Said::fixed("空でない文字列(64KiBまで)", "some text, at most 64 KiB"),
        });
    }
    Ok(text)
}

fn row(row: &Row<'_>) -> rusqlite::Result<NoteRow> {
    Ok(NoteRow {
        id: row.get(0)?,
        attempt: row.get(1)?,
        lead: row.get(2)?,
        phone: row.get(3)?,
        user: row.get(4)?,
        by_uid: None,
        login: row.get(5)?,
        text: row.get(6)?,
        at: row.get(7)?,
        edited_at: row.get(8)?,
        deleted_at: row.get(9)?,
    })
}

const SELECT: &str = "
  SELECT n.id, n.attempt_id, n.lead_id, n.phone, n.user_id, u.login, n.text, n.at, n.edited_at, n.deleted_at
  FROM notes n LEFT JOIN users u ON u.id = n.user_id";
const MOST_TEXT: usize = 64 * 1024;
/// Rows of the log among which a note's end is looked for: some ten milliseconds.
const MOST_LOOKED: u32 = 50_000;
/// More notes about one number are a novel.
const MOST_SHOWN: u32 = 1000;
