//! Reading attempts.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use serde_json::json;

use super::conditions::{Conditions, rows_of_page};
use super::history_words::Words;
use super::{all, contacts, dispositions, list_edit, one, texts, typed, unsigned};
use crate::error::{Doing, Error, Result};
use crate::id::AttemptId;
use crate::model::{AttemptRow, HistoryQuery, HistoryScope, RecordingInfo, Transferred};
use crate::progress::Progress;

/// One attempt with its names and its last recording.
pub(super) fn load(db: &Connection, attempt: AttemptId) -> Result<AttemptRow> {
    find(db, attempt)?.ok_or_else(|| Error::NotFound { what: "call", key: attempt.to_string() })
}

pub(super) fn find(db: &Connection, attempt: AttemptId) -> Result<Option<AttemptRow>> {
    one(db, &format!("{SELECT} WHERE a.id = ?1"), [attempt], attempt_row).doing("read call")
}

/// All attempts of this box that match; `condition` is ours, never a user's.
pub(super) fn of_box(db: &Connection, box_id: &str, condition: &str) -> Result<Vec<AttemptRow>> {
    let sql = format!("{SELECT} WHERE a.box_id = ?1 AND a.sealed_at IS NULL AND {condition} ORDER BY a.id");
    all(db, &sql, [box_id], attempt_row).doing("read open calls")
}

/// A search that may read every row moves `progress`.
pub(super) fn history(db: &Connection, query: &HistoryQuery, progress: &Progress) -> Result<Vec<AttemptRow>> {
    let (filter, values) = matching(db, query)?;
    let limit = rows_of_page(query.limit);
    let mut rows = match Words::of(query)? {
        None => {
            let sql = format!("{SELECT} {filter} ORDER BY a.id DESC LIMIT {limit}");
            all(db, &sql, params_from_iter(values), attempt_row).doing("read history")?
        }
        Some(mut words) => {
            let mut rows = Vec::new();
            words.find(db, (&filter, values), progress, |id| {
                rows.extend(find(db, id)?);
                Ok(rows.len() < limit as usize)
            })?;
            rows
        }
    };
    for row in &mut rows {
        if let Some(phone) = &row.phone {
            row.contact = contacts::by_key(db, phone).doing("read history")?;
        }
    }
    Ok(rows)
}

/// How many there are on all pages.
pub(super) fn count(db: &Connection, query: &HistoryQuery, progress: &Progress) -> Result<u64> {
    let (filter, values) = matching(db, &HistoryQuery { before: None, ..query.clone() })?;
    if let Some(mut words) = Words::of(query)? {
        let mut count = 0;
        words.find(db, (&filter, values), progress, |_| {
            count += 1;
            Ok(true)
        })?;
        return Ok(count);
    }
    let sql = format!("SELECT count(*) FROM attempts a {filter}");
    Ok(one(db, &sql, params_from_iter(values), |r| unsigned(r, 0)).doing("count calls")?.unwrap_or(0))
}

/// What a query asks for, as a condition on `attempts a`.
fn matching(db: &Connection, query: &HistoryQuery) -> Result<(String, Vec<Value>)> {
    let mut conditions = Conditions::behind("WHERE a.dialed_at IS NOT NULL", Vec::new());
    if let Some(list) = query.list {
        conditions.and_with("a.list_id = #", list);
    }
    if let Some(lead) = query.lead {
        conditions.and_with("a.lead_id = #", lead);
    }
    if let Some(user) = query.user {
        conditions.and_with("a.user_id = #", user);
    }
    if let Some(project) = query.project {
        conditions.and_with("a.project_id = #", project);
    }
    if let Some(seat) = &query.seat {
        conditions.and_with("a.seat = #", seat.clone());
    }
    if let Some(raw) = &query.phone {
        let phone = typed::single(raw)?.phone;
        conditions.and_with("a.phone = #", phone.expose().to_owned());
    }
    match query.status.as_deref() {
        None => {}
        Some("") => conditions.and("a.disposition IS NULL AND a.void = 0"),
        Some(status) => {
            // Bound, so that one statement serves whatever is asked for.
            let codes = json!(dispositions::codes(db, status)?).to_string();
            conditions.and_with("a.disposition IN (SELECT value FROM json_each(#))", codes);
        }
    }
    if let Some(from) = query.from {
        conditions.and_with("a.claimed_at >= #", from);
    }
    if let Some(to) = query.to {
        conditions.and_with("a.claimed_at < #", to);
    }
    match query.scope {
        HistoryScope::All => {}
        HistoryScope::Own(user) => conditions.and_with("a.user_id = #", user),
        HistoryScope::Reported => conditions.and("a.reported = 1"),
        HistoryScope::Nothing => conditions.and("0"),
    }
    if let Some(user) = query.granted_to {
        let list = list_edit::granted("a.list_id", "#");
        let project = list_edit::granted_project("a.project_id", "#");
        let granted = format!("(a.user_id IS # OR iif(a.list_id IS NULL, {project}, {list}))");
        conditions.and_with(&granted, user);
    }
    if query.only_reported {
        conditions.and("a.reported = 1");
    }
    if query.only_unregistered {
        conditions.and("NOT EXISTS (SELECT 1 FROM contact_phones p WHERE p.phone = a.phone AND p.live = 1)");
    }
    if query.only_manual {
        conditions.and("a.origin IN ('manual', 'direct')");
    } else if !query.include_manual {
        conditions.and("a.origin NOT IN ('manual', 'direct')");
    }
    if !query.include_incoming {
        conditions.and("a.direction = 'out'");
    }
    if !query.include_void {
        conditions.and("a.void = 0");
    }
    if query.only_open {
        conditions.and("a.sealed_at IS NULL");
    }
    if query.only_interrupted {
        conditions.and("a.interrupted = 1");
    }
    if let Some(before) = query.before {
        conditions.and_with("a.id < #", before);
    }
    Ok(conditions.into_parts())
}

fn attempt_row(row: &Row<'_>) -> rusqlite::Result<AttemptRow> {
    let categories: String = row.get("categories")?;
    let evidence: String = row.get("evidence")?;
    let recording = match row.get::<_, Option<String>>("path")? {
        None => None,
        Some(path) => Some(RecordingInfo {
            path: path.into(),
            state: row.get("recording_state")?,
            duration_ms: row.get::<_, Option<i64>>("duration_ms")?.map(i64::unsigned_abs),
            bytes: row.get::<_, Option<i64>>("bytes")?.map(i64::unsigned_abs),
            sha256: row.get("sha256")?,
            gaps_ms: row.get::<_, i64>("gaps_ms")?.unsigned_abs(),
        }),
    };
    let transfer = match (row.get("transfer")?, row.get("transferred_to")?) {
        (Some(way), Some(to)) => Some(Transferred { way, to, code: row.get("transfer_code")? }),
        _ => None,
    };
    Ok(AttemptRow {
        id: row.get("id")?,
        box_id: row.get("box_id")?,
        project: row.get("project_id")?,
        project_name: row.get("project_name")?,
        user: row.get("user_id")?,
        login: row.get("login")?,
        user_name: row.get("user_name")?,
        seat: row.get("seat")?,
        direction: row.get("direction")?,
        origin: row.get("origin")?,
        practice: row.get("practice")?,
        parent: row.get("parent_attempt_id")?,
        transfer,
        list: row.get("list_id")?,
        list_name: row.get("list_name")?,
        lead: row.get("lead_id")?,
        position: row.get("position")?,
        round: row.get("round")?,
        phone: row.get("phone")?,
        peer: row.get("peer")?,
        dial_string: row.get("dial_string")?,
        caller_id: row.get("caller_id")?,
        account: row.get("account")?,
        sip_call_id: row.get("sip_call_id")?,
        company: row.get("company")?,
        person: row.get("person")?,
        categories: texts(&categories),
        claimed_at: row.get("claimed_at")?,
        dialed_at: row.get("dialed_at")?,
        ringing_at: row.get("ringing_at")?,
        early_media_at: row.get("early_media_at")?,
        answered_at: row.get("answered_at")?,
        ended_at: row.get("ended_at")?,
        sealed_at: row.get("sealed_at")?,
        hangup_by: row.get("hangup_by")?,
        sip_code: row.get("sip_code")?,
        q850: row.get("q850")?,
        reason_text: row.get("reason_text")?,
        void: row.get("void")?,
        void_reason: row.get("void_reason")?,
        interrupted: row.get("interrupted")?,
        sub: row.get("sub")?,
        suggestion: row.get("suggestion")?,
        status: row.get("disposition")?,
        status_label: row.get("status_label")?,
        set_by: row.get("set_by")?,
        memo: row.get("memo")?,
        reported: row.get("reported")?,
        amended: row.get("amended")?,
        save_seq: row.get::<_, i64>("save_seq")?.unsigned_abs(),
        recall_at: row.get("recall_at")?,
        evidence: serde_json::from_str(&evidence).unwrap_or_default(),
        recording,
        contact: None,
    })
}

const SELECT: &str = "
  SELECT a.id, a.box_id, a.project_id, a.user_id, u.login, u.name AS user_name, a.seat, a.direction, a.origin,
    a.practice, a.list_id, a.list_name, a.lead_id, a.position, a.round, a.phone, a.peer, a.dial_string, a.caller_id,
    a.account, a.sip_call_id, a.company, a.person, a.categories, a.claimed_at, a.dialed_at, a.ringing_at,
    a.early_media_at, a.answered_at, a.ended_at, a.sealed_at, a.hangup_by, a.sip_code, a.q850, a.reason_text, a.void,
    a.void_reason, a.interrupted, a.sub, a.suggestion, a.disposition, d.label AS status_label, a.set_by, a.memo,
    a.reported, a.save_seq, a.recall_at, a.evidence, a.parent_attempt_id, a.transfer, a.transferred_to, a.transfer_code,
    p.name AS project_name, EXISTS (SELECT 1 FROM amendments WHERE attempt_id = a.id) AS amended,
    recording_whole(r.path) AS path, r.state AS recording_state, r.duration_ms, r.bytes, r.sha256, r.gaps_ms
  FROM attempts a
  LEFT JOIN projects p ON p.id = a.project_id
  LEFT JOIN users u ON u.id = a.user_id
  LEFT JOIN dispositions d ON d.code = a.disposition
  LEFT JOIN recordings r ON r.id = (SELECT max(id) FROM recordings WHERE attempt_id = a.id)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::tests::World;

    /// One statement is kept whatever status is asked for.
    #[test]
    fn what_is_asked_for_is_bound() {
        let world = World::new(0);
        let sql = |status: &str| {
            let query = HistoryQuery { status: Some(status.to_owned()), ..HistoryQuery::default() };
            matching(&world.db.db, &query).unwrap()
        };
        let ((one, codes), (other, _)) = (sql("不通"), sql("FAX"));
        assert_eq!(one, other);
        assert_eq!(codes, [Value::Text(r#"["no_contact"]"#.to_owned())]);
    }
}
