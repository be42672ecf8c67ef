//! Contacts, history and do-not-call.

use std::io;

use super::list::with_ext;
use super::sheet::Sheet;
use super::{ExportOptions, ExportReport, FURTHER, PAGE, japan_time, to_file};
use crate::backend::Reader;
use crate::dnc_text::dnc_source_ja;
use crate::error::{Error, Result};
use crate::model::{
    AttemptRow, ContactNumber, Direction, DncQuery, DncRow, HistoryQuery, Origin, RecordingInfo,
    RecordingState,
};
use crate::phone::Phone;

/// Writes the contact book, a row for each contact; what it writes our own import reads back as the same contacts.
pub(crate) fn export_contacts(reader: &mut dyn Reader, options: &ExportOptions) -> Result<ExportReport> {
    to_file(options, |sink| {
        let failed = |source| Error::File { path: options.path.clone(), source };
        options.progress.set(0, reader.contact_numbers()?);
        let (further, email) = if options.per_number { (false, false) } else { reader.contact_columns()? };
        // Always: a file that does not say whose contacts are makes them the importer's.
        let owner = !options.per_number;
        let more = [(further, FURTHER), (email, EMAIL), (owner, OWNER)];
        let more = more.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name);
        let (columns, has) = (options.heads.names().into_iter().chain(more), (further, email, owner));
        let mut sheet = Sheet::new(sink, options, columns).map_err(failed)?;
        let mut numbers: Vec<ContactNumber> = Vec::new();
        let mut after = None;
        loop {
            let rows = reader.contact_rows(after, PAGE)?;
            let Some(last) = rows.last() else { break };
            after = Some((last.contact, last.number));
            let count = rows.len() as u64;
            for row in rows {
                let same = numbers.last().is_some_and(|before| before.contact == row.contact);
                if options.per_number || !same {
                    write_contact(&mut sheet, &numbers, has).map_err(failed)?;
                    numbers.clear();
                }
                numbers.push(row);
            }
            options.progress.step(count)?;
        }
        write_contact(&mut sheet, &numbers, has).map_err(failed)?;
        sheet.finish().map_err(failed)
    })
}

/// The numbers of one contact as one row: the first in its own column, all that has a label or comes after it in another.
fn write_contact<W: io::Write>(
    sheet: &mut Sheet<W>,
    numbers: &[ContactNumber],
    (further, email, owner): (bool, bool, bool),
) -> io::Result<()> {
    let Some(main) = numbers.first() else { return Ok(()) };
    sheet.text(main.company.as_deref().unwrap_or_default())?;
    sheet.text(main.person.as_deref().unwrap_or_default())?;
    let bare = national(&main.phone);
    sheet.number(&with_ext(&bare, main.ext.as_deref()), &bare)?;
    sheet.text(&main.categories.join("|"))?;
    if further {
        let told = numbers.iter().enumerate().filter(|(at, number)| *at > 0 || number.label.is_some());
        let cell = |number: &ContactNumber| with_ext(&national(&number.phone), number.ext.as_deref());
        sheet.further(told.map(|(_, number)| (number.label.as_deref(), cell(number))))?;
    }
    if email {
        sheet.text(main.email.as_deref().unwrap_or_default())?;
    }
    if owner {
        sheet.text(main.owner.as_deref().unwrap_or_default())?;
    }
    sheet.end_row()
}

/// Writes calls, newest first.
pub(crate) fn export_history(
    reader: &mut dyn Reader,
    query: &HistoryQuery,
    options: &ExportOptions,
) -> Result<ExportReport> {
    to_file(options, |sink| {
        let failed = |source| Error::File { path: options.path.clone(), source };
        options.progress.set(0, reader.history_count(query)?);
        let mut sheet = Sheet::new(sink, options, HISTORY).map_err(failed)?;
        let mut query = HistoryQuery { limit: PAGE, ..query.clone() };
        loop {
            let rows = reader.history(&query)?;
            let Some(last) = rows.last() else { break };
            query.before = Some(last.id);
            for row in &rows {
                write_call(&mut sheet, row).map_err(failed)?;
            }
            options.progress.step(rows.len() as u64)?;
        }
        sheet.finish().map_err(failed)
    })
}

fn write_call<W: io::Write>(sheet: &mut Sheet<W>, row: &AttemptRow) -> io::Result<()> {
    let time = |at: Option<i64>| at.map(japan_time).unwrap_or_default();
    let talk = row.answered_at.zip(row.ended_at).map(|(from, to)| ((to - from).max(0) / 1000).to_string());
    let way = match (row.direction, row.origin) {
        (Direction::In, _) => "着信",
        (Direction::Out, Origin::List) => "発信",
        (Direction::Out, Origin::Manual | Origin::Direct | Origin::Incoming) => "手動発信",
    };
    let number = row.phone.as_deref().map(national).or_else(|| row.peer.clone()).unwrap_or_default();
    sheet.cell(&time(row.dialed_at))?;
    sheet.cell(way)?;
    sheet.text(&number)?;
    // The contact's names now, else as they were at the call; nobody's number says so, word for word (S0.26).
    let contact = row.contact.as_ref();
    let company = contact.and_then(|contact| contact.company.as_deref()).or(row.company.as_deref());
    let person = contact.and_then(|contact| contact.person.as_deref()).or(row.person.as_deref());
    sheet.text(company.unwrap_or("取引先名未登録"))?;
    sheet.text(person.unwrap_or("担当者名未登録"))?;
    sheet.text(&row.categories.join("|"))?;
    sheet.text(row.list_name.as_deref().unwrap_or_default())?;
    sheet.text(row.user_name.as_deref().unwrap_or_default())?;
    sheet.text(row.status_label.as_deref().unwrap_or_default())?;
    sheet.text(row.memo.as_deref().unwrap_or_default())?;
    sheet.cell(&time(row.recall_at))?;
    sheet.cell(&time(row.answered_at))?;
    sheet.cell(&time(row.ended_at))?;
    sheet.cell(&talk.unwrap_or_default())?;
    sheet.cell(&row.sip_code.map(|code| code.to_string()).unwrap_or_default())?;
    sheet.cell(&row.q850.map(|cause| cause.to_string()).unwrap_or_default())?;
    sheet.text(row.caller_id.as_deref().unwrap_or_default())?;
    sheet.text(row.void_reason.as_deref().unwrap_or_default())?;
    sheet.cell(if row.interrupted { "中断" } else { "" })?;
    // Only what is there to be fetched: 不通 keeps none, others were deleted since.
    let kept = |file: &&RecordingInfo| matches!(file.state, RecordingState::Final | RecordingState::Exported);
    let file = row.recording.as_ref().filter(kept).map(|file| file.path.to_string_lossy());
    sheet.text(file.as_deref().unwrap_or_default())?;
    sheet.cell(&row.id.to_string())?;
    sheet.text(row.project_name.as_deref().unwrap_or_default())?;
    // S0.1: the names of the day, and those of whoever has the number now; empty where there are none.
    for name in [
        row.company.as_deref(),
        row.person.as_deref(),
        contact.and_then(|contact| contact.company.as_deref()),
        contact.and_then(|contact| contact.person.as_deref()),
    ] {
        sheet.text(name.unwrap_or_default())?;
    }
    sheet.cell(if row.reported { "報告" } else { "" })?;
    sheet.cell(if row.amended { "訂正" } else { "" })?;
    // Two users may have one name.
    sheet.text(row.login.as_deref().unwrap_or_default())?;
    sheet.end_row()
}

/// Writes do-not-call entries, oldest first.
pub(crate) fn export_dnc(
    reader: &mut dyn Reader,
    query: &DncQuery,
    options: &ExportOptions,
) -> Result<ExportReport> {
    to_file(options, |sink| {
        let failed = |source| Error::File { path: options.path.clone(), source };
        options.progress.set(0, reader.dnc_count(query)?);
        let mut sheet = Sheet::new(sink, options, DNC).map_err(failed)?;
        let mut query = DncQuery { limit: PAGE, ..query.clone() };
        loop {
            let rows = reader.dnc_entries(&query)?;
            let Some(last) = rows.last() else { break };
            query.after = Some(last.id);
            for row in &rows {
                let mut write = || -> io::Result<()> {
                    sheet.cell(&national(&row.phone))?;
                    sheet.text(row.project_name.as_deref().unwrap_or_default())?;
                    sheet.text(&row.reason)?;
                    sheet.text(&evidence(row))?;
                    sheet.text(dnc_source_ja(&row.source))?;
                    sheet.text(row.by_login.as_deref().unwrap_or_default())?;
                    sheet.cell(&japan_time(row.at))?;
                    sheet.cell(&row.revoked_at.map(japan_time).unwrap_or_default())?;
                    sheet.text(row.revoked_by.as_deref().unwrap_or_default())?;
                    sheet.text(row.revoked_reason.as_deref().unwrap_or_default())?;
                    sheet.end_row()
                };
                write().map_err(failed)?;
            }
            options.progress.step(rows.len() as u64)?;
        }
        sheet.finish().map_err(failed)
    })
}

/// What is written down, and the call: it is on this box only, and its number is in an export of the calls.
fn evidence(row: &DncRow) -> String {
    let call = row.attempt.map(|attempt| format!("通話 {attempt}"));
    let written = row.evidence.clone().filter(|text| !text.is_empty());
    written.into_iter().chain(call).collect::<Vec<_>>().join(" / ")
}

/// With hyphens, as far as it is a number we know.
fn national(e164: &str) -> String {
    Phone::from_e164(e164).map_or_else(|_| e164.to_owned(), |phone| phone.display_national())
}

/// Login of the owner.
const OWNER: &str = "所有者ID";
/// Only where a contact has one.
pub(crate) const EMAIL: &str = "メールアドレス";
const HISTORY: [&str; 29] = [
    "日時",
    "種別",
    "電話番号",
    "会社名",
    "担当者名",
    "カテゴリー",
    "リスト",
    "対応ユーザー",
    "結果",
    "メモ",
    "再コール日時",
    "応答日時",
    "終了日時",
    "通話秒数",
    "SIP",
    "Q850",
    "発信者番号",
    "無効の理由",
    "中断",
    "録音",
    "ID",
    "案件",
    "通話時の会社名",
    "通話時の担当者名",
    "連絡先の会社名",
    "連絡先の担当者名",
    "報告",
    "訂正",
    "対応ユーザーID",
];
const DNC: [&str; 10] =
    ["電話番号", "案件", "理由", "根拠", "登録元", "登録者", "登録日時", "解除日時", "解除者", "解除理由"];
