//! Writing dial lists as CSV that Japanese Excel opens and our own import reads back.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use encoding_rs::SHIFT_JIS;

use crate::error::{Error, Result};
use crate::import::UnknownWord;
use crate::model::LeadRow;
use crate::phone::Phone;
use crate::time::format_jst;

/// Encoding of an exported file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportEncoding {
    /// Windows-31J, what Excel's "CSV (コンマ区切り)" is in.
    Cp932,
    /// UTF-8 without byte order mark.
    Utf8,
    /// UTF-8 with byte order mark: every character survives and Excel understands it.
    #[default]
    Utf8Bom,
}

/// How a list is exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// The file; it is replaced as a whole or not at all.
    pub path: PathBuf,
    /// Encoding of the file.
    pub encoding: ExportEncoding,
    /// Leave cells alone that a spreadsheet would run as formulas.
    pub raw: bool,
    /// Leave out the columns behind カテゴリー.
    pub without_results: bool,
    /// Keep a file in which characters were replaced by 〓; else it is not written ([`ExportReport::written`]).
    pub replace_unencodable: bool,
}

/// One exported lead.
#[derive(Clone, Debug)]
pub struct ExportRow<'a> {
    /// Company.
    pub company: Option<&'a str>,
    /// Person.
    pub person: Option<&'a str>,
    /// Number; written in the national form with hyphens, which spreadsheets keep as text.
    pub phone: &'a Phone,
    /// Categories.
    pub categories: &'a [String],
    /// Label of the last disposition.
    pub last_result: Option<&'a str>,
    /// When the last attempt began, UTC milliseconds; written in Japan's time.
    pub last_call_at: Option<i64>,
    /// Attempts that count.
    pub attempts: u32,
    /// Memo of the last attempt.
    pub memo: Option<&'a str>,
}

/// A character that does not exist in the encoding; 〓 was written in its place.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct UnencodableChar {
    /// Row of the file, from 1, the header included.
    pub row: u64,
    /// Name of the column.
    pub column: &'static str,
    /// The character.
    pub character: char,
}

/// What an export came to.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct ExportReport {
    /// Rows written, without the header.
    pub rows: u64,
    /// Characters that do not exist in the encoding (`E-EXPORT-CHAR`), the first [`ExportReport::MOST_CHARS`] of them.
    /// Whoever asked decides whether such a file is of use; it is never silently wrong.
    pub unencodable: Vec<UnencodableChar>,
    /// How many there were.
    pub unencodable_total: u64,
    /// Whether the file stands at its path. `false` only for characters that do not exist in the encoding.
    pub written: bool,
    /// Cells a spreadsheet would have run as formulas and that got a leading apostrophe.
    pub neutralised: u64,
}

impl ExportReport {
    /// Unencodable characters kept with their place.
    pub const MOST_CHARS: usize = 1_000;
}

/// Writes one list, row by row.
pub struct ListWriter<W> {
    sink: W,
    options: ExportOptions,
    report: ExportReport,
    line: String,
    bytes: Vec<u8>,
}

impl<W: Write> ListWriter<W> {
    /// Writes the mark and the header.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn new(mut sink: W, options: ExportOptions) -> io::Result<Self> {
        if options.encoding == ExportEncoding::Utf8Bom {
            sink.write_all(b"\xEF\xBB\xBF")?;
        }
        let report = ExportReport::default();
        let mut writer = Self { sink, options, report, line: String::new(), bytes: Vec::new() };
        for (at, name) in writer.columns().iter().enumerate() {
            writer.cell(at, name)?;
        }
        writer.end_row()?;
        Ok(writer)
    }

    /// Writes one row.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write(&mut self, row: &ExportRow<'_>) -> io::Result<()> {
        self.report.rows += 1;
        self.text(0, row.company.unwrap_or_default())?;
        self.text(1, row.person.unwrap_or_default())?;
        self.cell(2, &row.phone.display_national())?;
        self.text(3, &row.categories.join("|"))?;
        if !self.options.without_results {
            self.text(4, row.last_result.unwrap_or_default())?;
            self.cell(5, &row.last_call_at.map(japan_time).unwrap_or_default())?;
            self.cell(6, &row.attempts.to_string())?;
            self.text(7, row.memo.unwrap_or_default())?;
        }
        self.end_row()
    }

    /// Flushes the sink and yields it with the report.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> io::Result<(W, ExportReport)> {
        self.sink.flush()?;
        Ok((self.sink, self.report))
    }

    fn columns(&self) -> &'static [&'static str] {
        if self.options.without_results { &COLUMNS[..4] } else { &COLUMNS }
    }

    /// A cell whose text came from people.
    fn text(&mut self, column: usize, text: &str) -> io::Result<()> {
        if !self.options.raw && is_formula(text) {
            self.report.neutralised += 1;
            return self.cell(column, &format!("'{text}"));
        }
        self.cell(column, text)
    }

    fn cell(&mut self, column: usize, text: &str) -> io::Result<()> {
        self.line.clear();
        if column > 0 {
            self.line.push(',');
        }
        write_cell(&mut self.line, text);
        if self.options.encoding != ExportEncoding::Cp932 {
            return self.sink.write_all(self.line.as_bytes());
        }
        self.bytes.clear();
        let mut unencodable = Vec::new();
        encode_cp932(&self.line, &mut self.bytes, |c| unencodable.push(c));
        for character in unencodable {
            self.report.unencodable_total += 1;
            if self.report.unencodable.len() < ExportReport::MOST_CHARS {
                let place = UnencodableChar { row: self.report.rows + 1, column: COLUMNS[column], character };
                self.report.unencodable.push(place);
            }
        }
        self.sink.write_all(&self.bytes)
    }

    fn end_row(&mut self) -> io::Result<()> {
        self.sink.write_all(b"\r\n")
    }
}

/// Writes a whole list; `page` yields the leads behind a position, none at the end. The file appears under its name only
/// when it is complete and on disk.
pub(crate) fn run(
    options: &ExportOptions,
    page: &mut dyn FnMut(Option<i64>) -> Result<Vec<LeadRow>>,
) -> Result<ExportReport> {
    let mut part = options.path.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let result = write_list(options, &part, page);
    if !matches!(&result, Ok(report) if report.written) {
        // The half-written file is of no use to anybody.
        let _ = fs::remove_file(&part);
    }
    result
}

fn write_list(
    options: &ExportOptions,
    part: &Path,
    page: &mut dyn FnMut(Option<i64>) -> Result<Vec<LeadRow>>,
) -> Result<ExportReport> {
    let failed = |source| Error::File { path: options.path.clone(), source };
    let sink = BufWriter::new(File::create(part).map_err(failed)?);
    let mut writer = ListWriter::new(sink, options.clone()).map_err(failed)?;
    let mut after = None;
    loop {
        let leads = page(after)?;
        let Some(last) = leads.last() else { break };
        after = Some(last.position);
        for lead in &leads {
            let phone = Phone::from_e164(&lead.phone).map_err(Error::Phone)?;
            let row = ExportRow {
                company: lead.company.as_deref(),
                person: lead.person.as_deref(),
                phone: &phone,
                categories: &lead.categories,
                last_result: lead.last_status_label.as_deref(),
                last_call_at: lead.last_at,
                attempts: lead.attempts,
                memo: lead.last_memo.as_deref(),
            };
            writer.write(&row).map_err(failed)?;
        }
    }
    let (sink, mut report) = writer.finish().map_err(failed)?;
    report.written = report.unencodable_total == 0 || options.replace_unencodable;
    if report.written {
        sink.get_ref().sync_all().map_err(failed)?;
        fs::rename(part, &options.path).map_err(failed)?;
    }
    Ok(report)
}

impl FromStr for ExportEncoding {
    type Err = UnknownWord;

    fn from_str(word: &str) -> std::result::Result<Self, UnknownWord> {
        match word.to_ascii_lowercase().as_str() {
            "cp932" | "sjis" | "shift_jis" | "windows-31j" => Ok(Self::Cp932),
            "utf-8" | "utf8" => Ok(Self::Utf8),
            "utf-8-bom" | "utf8-bom" => Ok(Self::Utf8Bom),
            _ => Err(UnknownWord { expected: "cp932, utf-8, utf-8-bom" }),
        }
    }
}

/// Appends `text` as one cell, quoted where RFC 4180 or a leading or trailing space asks for it.
pub(crate) fn write_cell(out: &mut String, text: &str) {
    let quote = text.contains(['"', ',', '\n', '\r', '\t', ';']) || text != text.trim();
    if !quote {
        out.push_str(text);
        return;
    }
    out.push('"');
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
}

/// Whether a spreadsheet would run the cell, or take an apostrophe of ours off it: `'`* then one of `=+-@`, tab or CR,
/// in either width.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA_STARTS)
}

/// Takes the apostrophe off that [`ListWriter`] put before a formula.
pub(crate) fn strip_neutraliser(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => text,
    }
}

/// Encodes to CP932. Characters that Unicode has twice go to their one CP932 code; what has none becomes 〓.
fn encode_cp932(text: &str, out: &mut Vec<u8>, mut unencodable: impl FnMut(char)) {
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c as u8);
            continue;
        }
        let c = CP932_TWINS.iter().find(|(twin, _)| *twin == c).map_or(c, |(_, known)| *known);
        let mut utf8 = [0; 4];
        // ASCII spaces and hyphens of the table pass through here unchanged.
        let (bytes, _, failed) = SHIFT_JIS.encode(c.encode_utf8(&mut utf8));
        if failed || ('\u{80}'..='\u{9F}').contains(&c) {
            unencodable(c);
            out.extend_from_slice(GETA);
        } else {
            out.extend_from_slice(&bytes);
        }
    }
}

/// `2026-01-31 09:05:00` in Japan's time: the form that a spreadsheet takes for a date.
fn japan_time(utc_ms: i64) -> String {
    let stamp = format_jst(utc_ms);
    stamp.get(..SECONDS_END).unwrap_or(&stamp).replacen('T', " ", 1)
}

/// The columns of an export; the import reads the first four and ignores the others.
const COLUMNS: [&str; 8] =
    ["取引先会社名", "取引先担当者名", "電話番号", "カテゴリー", "最終結果", "最終通話日時", "回数", "メモ"];
/// Where the seconds of `2026-01-31T09:05:00.000+09:00` end.
const SECONDS_END: usize = 19;
const FORMULA_STARTS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
/// 〓, the printers' sign for a missing type.
const GETA: &[u8] = b"\x81\xAC";

/// Pairs that are one character in CP932: the wave-dash family, and signs that would turn into ASCII.
const CP932_TWINS: [(char, char); 11] = [
    ('\u{301C}', '\u{FF5E}'),
    ('\u{2016}', '\u{2225}'),
    ('\u{2212}', '\u{FF0D}'),
    ('\u{2014}', '\u{2015}'),
    ('\u{A2}', '\u{FFE0}'),
    ('\u{A3}', '\u{FFE1}'),
    ('\u{AC}', '\u{FFE2}'),
    ('\u{A6}', '\u{FFE4}'),
    ('\u{A5}', '\u{FFE5}'),
    ('\u{203E}', '\u{FFE3}'),
    ('\u{A0}', ' '),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn export(company: &str, options: ExportOptions) -> (Vec<u8>, ExportReport) {
        let phone = Phone::from_e164("+81312345678").unwrap();
        let mut writer = ListWriter::new(Vec::new(), options).unwrap();
        let row = ExportRow {
            company: Some(company),
            person: Some("山田 \"太郎\""),
            phone: &phone,
            categories: &["製品A".to_owned(), "既存".to_owned()],
            last_result: Some("見込"),
            last_call_at: Some(1_767_225_599_000),
            attempts: 2,
            memo: Some("一行目\r\n二行目"),
        };
        writer.write(&row).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn a_row_reads_as_excel_expects_it() {
        let (bytes, report) = export("㈱髙﨑,表", ExportOptions::default());
        let text = String::from_utf8(bytes).unwrap();
        let expected = "\u{FEFF}取引先会社名,取引先担当者名,電話番号,カテゴリー,最終結果,最終通話日時,回数,メモ\r\n\
            \"㈱髙﨑,表\",\"山田 \"\"太郎\"\"\",03-1234-5678,製品A|既存,見込,2026-01-01 08:59:59,2,\"一行目\r\n二行目\"\r\n";
        assert_eq!(text, expected);
        assert_eq!((report.rows, report.neutralised, report.unencodable_total), (1, 0, 0));
    }

    #[test]
    fn cp932_keeps_the_extensions_and_maps_the_wave_dash_family() {
        let options = ExportOptions { encoding: ExportEncoding::Cp932, ..ExportOptions::default() };
        let (bytes, report) = export("㈱髙﨑①〜～−－—―‖∥¢£¬¥", options);
        assert_eq!(report.unencodable_total, 0);
        let (text, _, failed) = SHIFT_JIS.decode(&bytes);
        assert!(!failed);
        assert!(text.contains("㈱髙﨑①～～－－――∥∥￠￡￢￥"), "{text}");
        let company = bytes.split(|b| *b == b'\n').nth(1).unwrap();
        assert!(company.starts_with(b"\x87\x8A\xFB\xFC\xFA\xB1\x87\x40\x81\x60\x81\x60\x81\x7C\x81\x7C"));
    }

    #[test]
    fn characters_outside_cp932_are_listed_never_silently_lost() {
        let options = ExportOptions { encoding: ExportEncoding::Cp932, ..ExportOptions::default() };
        let (bytes, report) = export("𠮷野家♡", options);
        let listed: Vec<_> = report.unencodable.iter().map(|c| (c.row, c.column, c.character)).collect();
        assert_eq!(listed, [(2, "取引先会社名", '𠮷'), (2, "取引先会社名", '♡')]);
        assert!(SHIFT_JIS.decode(&bytes).0.contains("〓野家〓"));
    }

    #[test]
    fn formulas_are_neutralised_unless_raw_and_read_back_as_they_were() {
        for cell in ["=1+1", "+81", "-x", "@sum", "'=1", "＝1", "''-a"] {
            let (bytes, report) = export(cell, ExportOptions::default());
            assert_eq!(report.neutralised, 1, "{cell}");
            assert!(String::from_utf8(bytes).unwrap().contains(&format!("\n'{cell}")), "{cell}");
            assert_eq!(strip_neutraliser(&format!("'{cell}")), cell);
            let (bytes, report) = export(cell, ExportOptions { raw: true, ..ExportOptions::default() });
            assert_eq!(report.neutralised, 0);
            assert!(String::from_utf8(bytes).unwrap().contains(&format!("\n{cell}")));
        }
        for cell in ["A=1", "'abc", "山田-商店", "'"] {
            assert_eq!(export(cell, ExportOptions::default()).1.neutralised, 0);
            assert_eq!(strip_neutraliser(cell), cell);
        }
    }
}
