//! Writing lists, contacts, calls and the do-not-call list as CSV that Japanese Excel opens and our own import reads back.

mod cell;
mod judged;
mod list;
mod part;
mod registers;
mod sheet;

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::import::{Delimiter, HeaderMode, Profile, UnknownWord};
use crate::part_file::{self, Writing};
use crate::progress::{Progress, stopped};
use crate::time::format_jst;

pub use cell::harmless;
pub(crate) use cell::{harmless_as_it_stands, strip_neutraliser, write_cell};
pub use judged::{Judged, JudgedBy};
pub(crate) use list::{EXCLUDED, FURTHER, OURS, RESULTS, excluded_reason, export_list};
pub use list::{ExportRow, FurtherCell, ListColumns, ListWriter};
pub use part::{Misfit, Part, PartLimits};
pub(crate) use registers::{EMAIL, export_contacts, export_dnc, export_history};
pub(crate) use sheet::STROKE;

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

/// How a file is exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// The file; it is replaced as a whole or not at all.
    pub path: PathBuf,
    /// Encoding of the file.
    pub encoding: ExportEncoding,
    /// Leave cells alone that a spreadsheet would run as formulas.
    pub raw: bool,
    /// Leave out the columns of results (lists only).
    pub without_results: bool,
    /// One number a row, as other products read it: contacts get a row for each number and the four columns only, lists their
    /// further numbers in a column of their own.
    pub per_number: bool,
    /// No line names the columns.
    pub no_header: bool,
    /// Nothing is put in quotation marks, and there are none in the file: what needs or is one gives way to a sign that looks
    /// alike ([`ExportReport::replaced`]).
    pub no_quotes: bool,
    /// Cut into parts that stand one after another in the file ([`ExportReport::parts`]).
    pub split: Option<PartLimits>,
    /// Keep a file in which characters were replaced by 〓; else it is not written ([`ExportReport::written`]).
    pub replace_unencodable: bool,
    /// The file is written, but not under its name yet: whoever asked gives it that ([`Self::place`]) or takes it away
    /// ([`Self::discard`]). What has the name stays until then.
    pub held: bool,
    /// For the user of this process only, whatever its mask: it waits for whoever fetches it.
    pub private: bool,
    /// By whose rules the rows are judged once they are written ([`ExportReport::judged`]); `None`: by nobody's.
    pub judged_by: Option<JudgedBy>,
    /// A file with rows that would be refused is not written ([`ExportReport::written`]).
    pub strict: bool,
    /// What stands between cells; `Auto` is a comma.
    pub delimiter: Delimiter,
    /// What the columns of lists and contacts are called there.
    pub heads: Heads,
    /// Counts rows, and ends the export when nobody wants it any more.
    pub progress: Progress,
    /// That nobody else writes the file meanwhile.
    pub writing: Writing,
}

/// What a product calls the four columns; `None`: what everybody does.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Heads {
    /// 取引先会社名.
    pub company: Option<String>,
    /// 取引先担当者名.
    pub person: Option<String>,
    /// 電話番号.
    pub phone: Option<String>,
    /// カテゴリー.
    pub category: Option<String>,
}

impl Heads {
    /// In the order of the columns.
    fn names(&self) -> [&str; 4] {
        let Self { company, person, phone, category } = self;
        let names = [company, person, phone, category];
        std::array::from_fn(|at| names[at].as_deref().unwrap_or(COLUMNS[at]))
    }
}

impl ExportOptions {
    /// With the rules of the product that is to read a list, calls or do-not-call numbers.
    #[must_use]
    pub fn for_lists(self, profile: &Profile) -> Self {
        Self {
            per_number: self.per_number || profile.one_number,
            no_header: profile.list_header == HeaderMode::None,
            no_quotes: profile.no_quotes,
            delimiter: profile.delimiter,
            heads: profile.heads.clone(),
            ..self
        }
    }

    /// With the rules of the product that is to read contacts.
    #[must_use]
    pub fn for_contacts(self, profile: &Profile) -> Self {
        Self { no_header: profile.contact_header == HeaderMode::None, ..self.for_lists(profile) }
    }

    /// Gives a held file its name.
    ///
    /// # Errors
    /// [`Error::File`]; it is discarded then.
    pub fn place(&self) -> Result<()> {
        fs::rename(self.unfinished(), &self.path).map_err(|source| {
            self.discard();
            Error::File { path: self.path.clone(), source }
        })
    }

    /// Takes a held file away.
    pub fn discard(&self) {
        // Of no use to anybody, and nothing waits for it.
        let _ = fs::remove_file(self.unfinished());
    }

    /// Where it stands until it has its name.
    fn unfinished(&self) -> PathBuf {
        let mut part = self.path.clone().into_os_string();
        part.push(".part");
        PathBuf::from(part)
    }
}

/// A cell that was written otherwise than it stands: in a file without quotation marks, or where the encoding has a sign under
/// another code point only (`—` as `―` in CP932).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ReplacedCell {
    /// The part that has it, from 1; `None` where there are no parts.
    pub part: Option<u32>,
    /// Row of the file, or of the part, from 1, the header included.
    pub row: u64,
    /// Name of the column.
    #[serde(serialize_with = "as_text")]
    pub column: Arc<str>,
    /// What it says, the beginning of it.
    pub value: String,
    /// What was written, the beginning of it.
    pub written: String,
}

/// A character that does not exist in the encoding; 〓 was written in its place.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct UnencodableChar {
    /// The part that has it, from 1; `None` where there are no parts.
    pub part: Option<u32>,
    /// Row of the file, or of the part, from 1, the header included.
    pub row: u64,
    /// Name of the column.
    #[serde(serialize_with = "as_text")]
    pub column: Arc<str>,
    /// The character.
    pub character: char,
}

fn as_text<S: serde::Serializer>(text: &Arc<str>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
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
    /// Whether the file stands at its path. `false` only for characters that do not exist in the encoding, rows that cannot be
    /// cut as they were to be, and rows that would be refused where that is to keep it from being written.
    pub written: bool,
    /// The parts in the order of the file; one where it was not to be cut.
    pub parts: Vec<Part>,
    /// Why it cannot be cut.
    pub misfit: Option<Misfit>,
    /// Cells a spreadsheet would have run as formulas and that got a leading apostrophe, or `′` where there may be none.
    pub neutralised: u64,
    /// Cells that were written otherwise than they stand, the first [`ExportReport::MOST_CHARS`] of them.
    pub replaced: Vec<ReplacedCell>,
    /// How many there were.
    pub replaced_total: u64,
    /// What the product's rules say of the rows, where they were asked.
    pub judged: Option<Judged>,
}

impl ExportReport {
    /// Unencodable characters, and replaced cells, kept with their place.
    pub const MOST_CHARS: usize = 1_000;
}

/// Lets `write` fill a file, which appears under its name only when it is complete and on disk. While one is written, another to the
/// same name is refused.
fn to_file(
    options: &ExportOptions,
    write: impl FnOnce(BufWriter<File>) -> Result<(BufWriter<File>, ExportReport)>,
) -> Result<ExportReport> {
    let failed = |source| Error::File { path: options.path.clone(), source };
    let finish = |(sink, mut report): (BufWriter<File>, ExportReport)| {
        let readable = report.unencodable_total == 0 || options.replace_unencodable;
        report.written = readable && report.misfit.is_none();
        if options.progress.is_stopped() {
            return Err(stopped());
        }
        if let Some(by) = options.judged_by.as_ref().filter(|_| report.written) {
            let judged = judged::judge(by, options, &report, &options.unfinished())?;
            report.written = !options.strict || judged.refused == 0;
            report.judged = Some(judged);
        }
        if report.written {
            sink.get_ref().sync_all().map_err(failed)?;
            if !options.held {
                options.place()?;
            }
        }
        Ok(report)
    };
    let mode = if options.private { PRIVATE } else { MODE };
    let file = part_file::begin(&options.unfinished(), mode).map_err(failed)?;
    let kept = options.writing.keep(&file).map_err(failed);
    let result = kept.and_then(|()| write(BufWriter::new(file))).and_then(finish);
    if !matches!(&result, Ok(report) if report.written) {
        options.discard();
    }
    result
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

/// `2026-01-31 09:05:00` in Japan's time: the form that a spreadsheet takes for a date.
fn japan_time(utc_ms: i64) -> String {
    let stamp = format_jst(utc_ms);
    stamp.get(..SECONDS_END).unwrap_or(&stamp).replacen('T', " ", 1)
}

/// Where the seconds of `2026-01-31T09:05:00.000+09:00` end.
const SECONDS_END: usize = 19;
/// The columns that the import reads, of lists and of contacts.
const COLUMNS: [&str; 4] = ["取引先会社名", "取引先担当者名", "電話番号", "カテゴリー"];
/// Rows read at a time.
const PAGE: u32 = 1000;
/// Permissions of a file, as the process's mask leaves them.
const MODE: u32 = 0o666;
/// The same of one that is [`ExportOptions::private`].
const PRIVATE: u32 = 0o600;

#[cfg(test)]
mod tests {
    use encoding_rs::SHIFT_JIS;
    use proptest::prelude::*;

    use super::*;
    use crate::phone::Phone;

    fn export(company: &str, options: ExportOptions) -> (Vec<u8>, ExportReport) {
        let phone = Phone::from_e164("+81312345678").unwrap();
        let mut writer = ListWriter::new(
            Vec::new(),
            &options,
            &["備考".to_owned(), "メモ".to_owned()],
            ListColumns::default(),
        )
        .unwrap();
        let row = ExportRow {
            company: Some(company),
            person: Some("山田 \"太郎\""),
            clir: Some("184"),
            phone: &phone,
            ext: None,
            extra_phones: &[FurtherCell {
                phone: Phone::from_e164("+819012345678").unwrap(),
                label: None,
                ext: None,
            }],
            categories: &["製品A".to_owned(), "既存".to_owned()],
            owner: None,
            excluded: None,
            attributes: &serde_json::json!({ "備考": "一", "他": "無い列" }),
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
        let expected = "\u{FEFF}取引先会社名,取引先担当者名,電話番号,カテゴリー,備考,メモ,最終結果,最終通話日時,回数,メモ(kakeru)\r\n\
            \"㈱髙﨑,表\",\"山田 \"\"太郎\"\"\",184-03-1234-5678/090-1234-5678,製品A|既存,一,,見込,2026-01-01 08:59:59,2,\"一行目\r\n二行目\"\r\n";
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

    /// S1.29: a sign that comes back as another one is told of, and none of them brings a formula in.
    #[test]
    fn signs_that_cp932_has_otherwise_are_listed() {
        let options = ExportOptions { encoding: ExportEncoding::Cp932, ..ExportOptions::default() };
        let (_, report) = export("A—B¥¢−C〜D", options.clone());
        let told = |report: &ExportReport| -> Vec<_> {
            report.replaced.iter().map(|cell| (cell.row, cell.value.clone(), cell.written.clone())).collect()
        };
        assert_eq!(told(&report), [(2, "A—B¥¢−C〜D".to_owned(), "A―B￥￠－C～D".to_owned())]);
        let (bytes, report) = export("−1+2", options.clone());
        assert_eq!((report.neutralised, report.replaced_total), (1, 1));
        assert!(SHIFT_JIS.decode(&bytes).0.contains("\n'－1+2,"));
        assert_eq!(export("㈱髙﨑ー－～", options).1.replaced_total, 0);
        assert_eq!(export("A—B〜", ExportOptions::default()).1.replaced_total, 0, "UTF-8 has them all");
    }

    /// S1.29.
    #[test]
    fn characters_outside_cp932_are_listed_never_silently_lost() {
        let options = ExportOptions { encoding: ExportEncoding::Cp932, ..ExportOptions::default() };
        let (bytes, report) = export("𠮷野家♡", options);
        let listed: Vec<_> = report.unencodable.iter().map(|c| (c.row, &*c.column, c.character)).collect();
        assert_eq!(listed, [(2, "取引先会社名", '𠮷'), (2, "取引先会社名", '♡')]);
        assert!(SHIFT_JIS.decode(&bytes).0.contains("〓野家〓"));
    }

    /// S0.21, C13: nothing needs quotation marks, none is left, and what was replaced is listed with its place.
    #[test]
    fn a_product_without_quotation_marks_gets_none_and_what_gave_way_is_listed() {
        for encoding in [ExportEncoding::Utf8, ExportEncoding::Cp932] {
            let options = ExportOptions { encoding, no_quotes: true, ..ExportOptions::default() };
            let (bytes, report) = export("㈱A, \"B\" O'C;", options.clone());
            let text = match encoding {
                ExportEncoding::Cp932 => SHIFT_JIS.decode(&bytes).0.into_owned(),
                _ => String::from_utf8(bytes).unwrap(),
            };
            assert_eq!(
                text.lines().nth(1).unwrap(),
                "㈱A， ″B″ O′C;,山田 ″太郎″,184-03-1234-5678/090-1234-5678,製品A|既存,一,,見込,\
                 2026-01-01 08:59:59,2,一行目 二行目"
            );
            let listed: Vec<_> = report
                .replaced
                .iter()
                .map(|cell| (cell.row, &*cell.column, &*cell.value, &*cell.written))
                .collect();
            assert_eq!(
                listed,
                [
                    (2, "取引先会社名", "㈱A, \"B\" O'C;", "㈱A， ″B″ O′C;"),
                    (2, "取引先担当者名", "山田 \"太郎\"", "山田 ″太郎″"),
                    (2, "メモ(kakeru)", "一行目\r\n二行目", "一行目 二行目"),
                ]
            );
            assert_eq!((report.replaced_total, report.unencodable_total, report.neutralised), (3, 0, 0));
            // Formulas stay neutralised, by a sign that is no quotation mark; the import takes it off.
            for cell in ["=1+1", "＋81", "@sum", "'=1"] {
                let (bytes, report) = export(cell, options.clone());
                assert_eq!((report.neutralised, report.replaced_total), (1, 3), "{cell}");
                assert!(report.replaced[0].written.starts_with('′'), "{cell}");
                assert!(!bytes.contains(&b'"') && !bytes.contains(&b'\''), "{cell}");
            }
            assert_eq!(strip_neutraliser("′=1+1"), "=1+1");
        }
    }

    proptest! {
        /// S0.21, C13: whatever stands in the cells, the file is split by its commas alone, no cell runs as a formula, and
        /// every cell is as it was or listed.
        #[test]
        fn a_file_without_quotation_marks_loses_nothing_silently(
            texts in proptest::collection::vec("[a=+@'\"′, \r\n\t|;会＝’”]{0,8}", 1..8),
        ) {
            let options = ExportOptions { encoding: ExportEncoding::Utf8, no_quotes: true, ..ExportOptions::default() };
            let names: Vec<String> = (0..texts.len()).map(|n| format!("列{n}")).collect();
            let mut sheet = sheet::Sheet::new(Vec::new(), &options, &names).unwrap();
            for text in &texts {
                sheet.text(text).unwrap();
            }
            sheet.end_row().unwrap();
            let (bytes, report) = sheet.finish().unwrap();
            let written = String::from_utf8(bytes).unwrap();
            prop_assert!(!written.contains(['"', '\'', '’', '”', '\t']));
            let lines: Vec<&str> = written.split_terminator("\r\n").collect();
            prop_assert_eq!(lines.len(), 2);
            let cells: Vec<&str> = lines[1].split(',').collect();
            prop_assert_eq!(cells.len(), texts.len());
            for (at, (cell, text)) in cells.iter().zip(&texts).enumerate() {
                prop_assert!(!cell.trim().starts_with(['=', '+', '@', '＝']), "{}", cell);
                let listed = report.replaced.iter().find(|replaced| *replaced.column == *names[at]);
                let told = listed.map(|replaced| (replaced.row, replaced.value.as_str(), replaced.written.as_str()));
                prop_assert_eq!(told, (cell != text).then_some((2, text.as_str(), *cell)));
            }
        }
    }

    /// S3.14: what waits for its client has whole numbers, and is for nobody else on the machine.
    #[test]
    fn a_file_that_waits_to_be_fetched_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |private| {
            let path = folder.path().join("x.csv");
            let options = ExportOptions { path: path.clone(), private, ..ExportOptions::default() };
            to_file(&options, |sink| Ok((sink, ExportReport::default()))).unwrap();
            path.metadata().unwrap().permissions().mode() & 0o777
        };
        assert_eq!(mode(true), 0o600);
        assert_eq!(mode(false) & 0o600, 0o600, "else as the mask has it");
    }

    #[test]
    fn formulas_are_neutralised_unless_raw_and_read_back_as_they_were() {
        for cell in ["=1+1", "+81-3", "-x", "@sum", "'=1", "＝1", "''-a"] {
            let (bytes, report) = export(cell, ExportOptions::default());
            assert_eq!(report.neutralised, 1, "{cell}");
            assert!(String::from_utf8(bytes).unwrap().contains(&format!("\n'{cell}")), "{cell}");
            assert_eq!(strip_neutraliser(&format!("'{cell}")), cell);
            let (bytes, report) = export(cell, ExportOptions { raw: true, ..ExportOptions::default() });
            assert_eq!(report.neutralised, 0);
            assert!(String::from_utf8(bytes).unwrap().contains(&format!("\n{cell}")));
        }
        for cell in ["A=1", "'abc", "山田-商店", "'", "+81312345678"] {
            assert_eq!(export(cell, ExportOptions::default()).1.neutralised, 0);
            assert_eq!(strip_neutraliser(cell), cell);
        }
    }
}
