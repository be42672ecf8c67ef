//! Looking at the whole database, and rows of registers for files.

use std::path::Path;

use rusqlite::Connection;

use super::{all, one, tally, texts, unsigned};
use crate::id::ContactId;
use crate::model::{CheckReport, ContactNumber, StatsQuery, WrongRecording};
use crate::progress::Progress;

/// Pages, references and figures; `full` also compares indexes with their tables, and last results with calls, which takes several
/// times as long.
pub(super) fn check(db: &Connection, full: bool, progress: &Progress) -> rusqlite::Result<CheckReport> {
    // One state, whatever calls write meanwhile.
    let tx = db.unchecked_transaction()?;
    let number = |sql: &str| Ok::<u64, rusqlite::Error>(one(&tx, sql, [], |r| unsigned(r, 0))?.unwrap_or(0));
    let page = number("PRAGMA page_size")?;
    // SQLite does not tell how far it is with the pages; that the work goes on is told all the same.
    progress.set(0, number("PRAGMA page_count")?);
    let pragma = if full { "PRAGMA integrity_check(100)" } else { "PRAGMA quick_check(100)" };
    let mut damage: Vec<String> = {
        let mut statement = tx.prepare(pragma)?;
        let lines = statement.query_map([], |r| r.get(0))?;
        lines.collect::<rusqlite::Result<_>>()?
    };
    damage.retain(|line| line != "ok");
    if full && damage.is_empty() {
        for (sql, what) in [(STRAY_NUMBERS, "belong to no lead"), (MISSING_NUMBERS, "of leads are missing")] {
            let count = number(sql)?;
            if count > 0 {
                damage.push(format!("{count} numbers {what} in lead_numbers"));
            }
        }
    }
    let log = tx.path().map(|path| format!("{path}-wal")).and_then(|path| std::fs::metadata(path).ok());
    let mut report = CheckReport {
        missing_recordings: 0,
        altered_recordings: 0,
        wrong_recordings: Vec::new(),
        upgrade_copies: tx.path().map(|path| super::before::copies(Path::new(path))).unwrap_or_default(),
        schema: number("PRAGMA user_version")?.cast_signed(),
        bytes: number("PRAGMA page_count")? * page,
        free_bytes: number("PRAGMA freelist_count")? * page,
        log_bytes: log.map_or(0, |log| log.len()),
        lists: number("SELECT count(*) FROM lists WHERE deleted_at IS NULL")?,
        leads: number("SELECT count(*) FROM leads")?,
        contacts: number("SELECT count(*) FROM contacts")?,
        attempts: number("SELECT count(*) FROM attempts")?,
        // A damaged file is not counted in: it would only fail.
        broken_references: if damage.is_empty() {
            number("SELECT count(*) FROM pragma_foreign_key_check")?
        } else {
            0
        },
        mismatches: if damage.is_empty() {
            tally::verify(&tx, &StatsQuery::default(), full, progress)?
        } else {
            Vec::new()
        },
        damage,
    };
    drop(tx);
    if report.damage.is_empty() {
        wrong_recordings(db, &mut report)?;
    }
    Ok(report)
}

/// Recordings that are kept and whose file is not there, and those whose file has not the size of what was recorded. Pages are short:
/// files are looked at between them, and a long read would keep the log from being cut.
fn wrong_recordings(db: &Connection, report: &mut CheckReport) -> rusqlite::Result<()> {
    let sql =
        "SELECT id, recording_whole(path), bytes, attempt_id FROM recordings WHERE state IN ('final', 'exported') AND id > ?1
               ORDER BY id LIMIT 1000";
    let still = "SELECT 1 FROM recordings WHERE id = ?1 AND state IN ('final', 'exported') AND recording_whole(path) = ?2";
    let mut after = i64::MIN;
    loop {
        let page: Vec<(i64, WrongRecording)> = all(db, sql, [after], |r| {
            let bytes = r.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned);
            Ok((r.get(0)?, WrongRecording { attempt: r.get(3)?, path: r.get(1)?, bytes, found: None }))
        })?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = *last;
        for (id, recording) in page {
            let found = Path::new(&recording.path).metadata().ok().map(|file| file.len());
            if found.is_some() && recording.bytes.is_none_or(|bytes| found == Some(bytes)) {
                continue;
            }
            // One that was deleted or archived since the page was read is none.
            if one(db, still, (id, &recording.path), |_| Ok(()))?.is_none() {
                continue;
            }
            match found {
                None => report.missing_recordings += 1,
                Some(_) => report.altered_recordings += 1,
            }
            if report.wrong_recordings.len() < CheckReport::MOST_RECORDINGS {
                report.wrong_recordings.push(WrongRecording { found, ..recording });
            }
        }
    }
}

const STRAY_NUMBERS: &str = "SELECT count(*) FROM lead_numbers n WHERE NOT EXISTS (SELECT 1 FROM leads l
    WHERE l.list_id = n.list_id AND l.position = n.position AND l.phone = n.phone AND l.deleted_at IS NULL)";
/// Those of an import that is staging come later.
const MISSING_NUMBERS: &str = "SELECT count(*) FROM leads l JOIN lists i ON i.id = l.list_id
    WHERE l.deleted_at IS NULL AND l.position <= i.visible_position
      AND NOT EXISTS (SELECT 1 FROM lead_numbers n WHERE n.phone = l.phone AND n.list_id = l.list_id
        AND n.position = l.position)";

/// Live contacts, one row per number.
pub(super) fn contact_rows(
    db: &Connection,
    after: Option<(ContactId, i64)>,
    limit: u32,
) -> rusqlite::Result<Vec<ContactNumber>> {
    let sql = "SELECT c.id, p.position, p.phone, c.company, c.person,
                 (SELECT json_group_array(name) FROM (
                    SELECT k.name FROM contact_categories m JOIN categories k ON k.id = m.category_id
                    WHERE m.contact_id = c.id ORDER BY m.position)), p.label, c.email, u.login, p.ext
               FROM contact_phones p JOIN contacts c ON c.id = p.contact_id
                 LEFT JOIN users u ON u.id = c.owner_user_id
               WHERE (p.contact_id, p.position) > (?1, ?2) AND p.live = 1 AND c.deleted_at IS NULL
               ORDER BY p.contact_id, p.position LIMIT ?3";
    let (contact, number) = after.unwrap_or((ContactId(0), 0));
    all(db, sql, (contact, number, limit), |r| {
        Ok(ContactNumber {
            contact: r.get(0)?,
            number: r.get(1)?,
            phone: r.get(2)?,
            company: r.get(3)?,
            person: r.get(4)?,
            categories: texts(&r.get::<_, String>(5)?),
            label: r.get(6)?,
            email: r.get(7)?,
            owner: r.get(8)?,
            ext: r.get(9)?,
        })
    })
}

/// Whether a live contact has a second number or a label, and whether one has a mail address.
pub(super) fn contact_columns(db: &Connection) -> rusqlite::Result<(bool, bool)> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM contact_phones WHERE live = 1 AND (position > 1 OR label IS NOT NULL)),
                 EXISTS (SELECT 1 FROM contacts WHERE deleted_at IS NULL AND email IS NOT NULL)";
    Ok(one(db, sql, [], |r| Ok((r.get(0)?, r.get(1)?)))?.unwrap_or_default())
}
