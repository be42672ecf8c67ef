//! Dial lists.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::Value;

use super::sheet::Sheet;
use super::{ExportOptions, ExportReport, japan_time, to_file};
use crate::backend::Reader;
use crate::error::{Error, Result};
use crate::id::ListId;
use crate::model::{LeadFilter, LeadRow, ListQuery};
use crate::phone::Phone;

/// One exported lead.
#[derive(Clone, Debug)]
pub struct ExportRow<'a> {
    /// Company.
    pub company: Option<&'a str>,
    /// Person.
    pub person: Option<&'a str>,
    /// 184 or 186 in front of the number.
    pub clir: Option<&'a str>,
    /// Number; written in the national form with hyphens, which spreadsheets keep as text.
    pub phone: &'a Phone,
    /// Its extension, digits.
    pub ext: Option<&'a str>,
    /// Further numbers with their labels and extensions: behind it with a stroke between, or in a column of their own where the list has
    /// labels.
    pub extra_phones: &'a [FurtherCell<'a>],
    /// Categories.
    pub categories: &'a [String],
    /// Login of the 発信担当者.
    pub owner: Option<&'a str>,
    /// It is 発信対象外, and why; empty where nobody said.
    pub excluded: Option<&'a str>,
    /// Further columns by name.
    pub attributes: &'a Value,
    /// Label of the last disposition.
    pub last_result: Option<&'a str>,
    /// When the last attempt began, UTC milliseconds; written in Japan's time.
    pub last_call_at: Option<i64>,
    /// Attempts that count.
    pub attempts: u32,
    /// Memo of the last attempt.
    pub memo: Option<&'a str>,
}

/// A further number of an exported lead.
#[derive(Clone, Debug)]
pub struct FurtherCell<'a> {
    /// The number.
    pub phone: Phone,
    /// What it is.
    pub label: Option<&'a str>,
    /// Its extension, digits.
    pub ext: Option<&'a str>,
}

/// The columns that only some lists have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListColumns {
    /// Further numbers in a column of their own, each on a line behind its label.
    pub further: bool,
    /// Logins of owners.
    pub owners: bool,
    /// 発信対象外.
    pub excluded: bool,
}

/// Writes one list, row by row; what it writes our own import reads back as the same list.
pub struct ListWriter<W> {
    sheet: Sheet<W>,
    columns: Vec<String>,
    without_results: bool,
    has: ListColumns,
}

impl<W: Write> ListWriter<W> {
    /// Writes the mark and the header; `columns` are the list's own.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn new(sink: W, options: &ExportOptions, columns: &[String], has: ListColumns) -> io::Result<Self> {
        let mut names: Vec<String> = options.heads.names().map(str::to_owned).to_vec();
        let ours = |name: &str| {
            let taken = columns.iter().any(|column| column == name);
            if taken { format!("{name}{OURS}") } else { name.to_owned() }
        };
        let more = [(has.further, FURTHER), (has.owners, ASSIGNED), (has.excluded, EXCLUDED)];
        names.extend(more.into_iter().filter(|(has, _)| *has).map(|(_, name)| ours(name)));
        names.extend_from_slice(columns);
        if !options.without_results {
            names.extend(RESULTS.map(ours));
        }
        let sheet = Sheet::new(sink, options, names)?;
        Ok(Self { sheet, columns: columns.to_vec(), without_results: options.without_results, has })
    }

    /// Writes one row.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write(&mut self, row: &ExportRow<'_>) -> io::Result<()> {
        let sheet = &mut self.sheet;
        sheet.text(row.company.unwrap_or_default())?;
        sheet.text(row.person.unwrap_or_default())?;
        let clir = row.clir.map(|digits| format!("{digits}-")).unwrap_or_default();
        let mut bare = format!("{clir}{}", row.phone.display_national());
        let mut whole = with_ext(&bare, row.ext);
        if !self.has.further {
            for FurtherCell { phone, ext, .. } in row.extra_phones {
                let _ = write!(bare, "/{}", phone.display_national());
                let _ = write!(whole, "/{}", with_ext(&phone.display_national(), *ext));
            }
        }
        sheet.number(&whole, &bare)?;
        sheet.text(&row.categories.join("|"))?;
        if self.has.further {
            let numbers = row.extra_phones.iter();
            let cell = |further: &FurtherCell<'_>| with_ext(&further.phone.display_national(), further.ext);
            sheet.further(numbers.map(|further| (further.label, cell(further))))?;
        }
        if self.has.owners {
            sheet.text(row.owner.unwrap_or_default())?;
        }
        if self.has.excluded {
            sheet.text(&row.excluded.map(excluded_cell).unwrap_or_default())?;
        }
        for column in &self.columns {
            sheet.text(row.attributes.get(column).and_then(Value::as_str).unwrap_or_default())?;
        }
        if !self.without_results {
            sheet.text(row.last_result.unwrap_or_default())?;
            sheet.cell(&row.last_call_at.map(japan_time).unwrap_or_default())?;
            sheet.cell(&row.attempts.to_string())?;
            sheet.text(row.memo.unwrap_or_default())?;
        }
        sheet.end_row()
    }

    /// Flushes the sink and yields it with the report.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(self) -> io::Result<(W, ExportReport)> {
        self.sheet.finish()
    }
}

/// Writes a whole list.
pub(crate) fn export_list(
    reader: &mut dyn Reader,
    list: ListId,
    options: &ExportOptions,
) -> Result<ExportReport> {
    let info = reader.list_by_name(&list.to_string())?;
    to_file(options, |sink| {
        let failed = |source| Error::File { path: options.path.clone(), source };
        let has = reader.list_columns(list, !options.per_number)?;
        let mut writer = ListWriter::new(sink, options, &info.columns, has).map_err(failed)?;
        options.progress.set(0, info.total);
        let mut after = None;
        loop {
            let filter = LeadFilter { include_excluded: true, ..LeadFilter::default() };
            let leads = reader.show_list(&ListQuery { list, after, limit: super::PAGE, filter })?;
            let Some(last) = leads.last() else { break };
            after = Some(last.position);
            for lead in &leads {
                write_lead(&mut writer, lead, failed)?;
            }
            options.progress.step(leads.len() as u64)?;
        }
        writer.finish().map_err(failed)
    })
}

fn write_lead<W: Write>(
    writer: &mut ListWriter<W>,
    lead: &LeadRow,
    failed: impl Fn(io::Error) -> Error,
) -> Result<()> {
    let phone = Phone::from_e164(&lead.phone).map_err(Error::Phone)?;
    let further = lead.extra_phones.iter();
    let extra: std::result::Result<Vec<_>, _> = further
        .map(|further| {
            let (label, ext) = (further.label.as_deref(), further.ext.as_deref());
            Phone::from_e164(&further.phone).map(|phone| FurtherCell { phone, label, ext })
        })
        .collect();
    let row = ExportRow {
        company: lead.company.as_deref(),
        person: lead.person.as_deref(),
        clir: lead.clir.as_deref(),
        phone: &phone,
        ext: lead.ext.as_deref(),
        extra_phones: &extra.map_err(Error::Phone)?,
        categories: &lead.categories,
        owner: lead.assigned_login.as_deref(),
        excluded: (!lead.dialable).then(|| lead.excluded_reason.as_deref().unwrap_or_default()),
        attributes: &lead.attrs,
        last_result: lead.last_status_label.as_deref(),
        last_call_at: lead.last_at,
        attempts: lead.attempts,
        memo: lead.last_memo.as_deref(),
    };
    writer.write(&row).map_err(failed)
}

/// As the import reads it.
pub(super) fn with_ext(number: &str, ext: Option<&str>) -> String {
    ext.map_or_else(|| number.to_owned(), |ext| format!("{number} 内線{ext}"))
}

/// A reason that would read as something else stands in brackets; a blank one is none.
fn excluded_cell(reason: &str) -> String {
    let reason = reason.trim();
    match excluded_reason(reason) {
        Some(read) if !read.is_empty() => reason.to_owned(),
        _ if reason.is_empty() => MARK.to_owned(),
        _ => format!("{EXCLUDED}({reason})"),
    }
}

/// What a cell of the column 発信対象外 says: that the lead is, and why, empty where it does not; `None`: it may be called.
pub(crate) fn excluded_reason(cell: &str) -> Option<&str> {
    let folded = cell.to_lowercase();
    match folded.as_str() {
        "" | "false" | "0" | "no" | "対象" | "発信対象" => None,
        MARK | "true" | "1" | "yes" | "対象外" | EXCLUDED => Some(""),
        _ => Some(cell),
    }
}

/// Login of the owner; only where a lead has one. Read for new leads.
const ASSIGNED: &str = "発信担当者ID";
/// Only where a lead is. Read for new leads.
pub(crate) const EXCLUDED: &str = "発信対象外";
/// Excluded, and nobody said why.
const MARK: &str = "○";
/// Further numbers with their labels, a line each; only where the list has labels.
pub(crate) const FURTHER: &str = "追加電話番号";
/// The columns that it knows as ours and ignores.
pub(crate) const RESULTS: [&str; 4] = ["最終結果", "最終通話日時", "回数", "メモ"];
/// Behind a name of ours that the list has a column of.
pub(crate) const OURS: &str = "(kakeru)";

#[cfg(test)]
mod tests {
    use super::*;

    /// S1.23: whatever stands there, the file says that the lead is excluded.
    #[test]
    fn a_reason_of_blanks_reads_as_excluded() {
        for reason in ["", " ", "　", "対象", "0", "取引先"] {
            assert!(excluded_reason(excluded_cell(reason).trim()).is_some(), "{reason:?}");
        }
        assert_eq!(excluded_cell("　"), MARK);
    }
}
