//! Do-not-call numbers from a file: one column of numbers is enough, further ones say where and why, and in a file of our own
//! whether an entry was cleared (X6, S4.27).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::dnc_text::source_of;
use crate::import::{
    DupPolicy, HeaderMode, ImportError, ImportOptions, ImportProgress, ImportReader, ImportReport,
    ImportSource, RequiredNames,
};
use crate::phone::reached;
use crate::time::parse_japan_time;

/// One number of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DncFileRow {
    /// Line in the file, from 1.
    pub line: u64,
    /// The number, E.164: the one that is reached where digits stand behind it (D23), of which the report has a doubt.
    pub phone: String,
    /// Name of the project, where the file says one.
    pub project: Option<String>,
    /// Why, where the file says it.
    pub reason: Option<String>,
    /// Evidence in words, where the file says it.
    pub evidence: Option<String>,
    /// What the file says of its registration.
    pub said: DncSaid,
    /// The file says that the entry was cleared, and why: it is told of, and holds no more.
    pub cleared: bool,
}

/// What a file says of how an entry was registered, as our own export writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DncSaid {
    /// Where it came from: `manual`, `status`, …
    pub source: Option<String>,
    /// Login of who entered it, perhaps on another box.
    pub by: Option<String>,
    /// When, UTC milliseconds.
    pub at: Option<i64>,
}

/// A file that is read row by row. The columns are 電話番号, 案件, 理由 and 根拠 by name, or in this order where line 1
/// begins with a number; by name also 登録元, 登録者 and 登録日時. A number may come several times, for several projects. A row with something in 解除日時 needs
/// something in 解除理由.
pub struct DncFile {
    reader: ImportReader,
    /// The rest of the numbers of a row that has several.
    more: VecDeque<DncFileRow>,
}

impl DncFile {
    /// Opens a file; of `options` those count that say how a file is read.
    ///
    /// # Errors
    /// [`ImportError`] when the file as a whole cannot be read: encoding, header, size.
    pub fn open(source: ImportSource, options: ImportOptions) -> Result<Self, Box<ImportError>> {
        let options = ImportOptions {
            header: HeaderMode::Auto,
            unnamed: &COLUMNS,
            dup_in_file: DupPolicy::Keep,
            required: RequiredNames::None,
            no_call: true,
            reasoned: &CLEARED,
            times: &REGISTERED,
            ..options
        };
        let reader = ImportReader::open(source, options).map_err(Box::new)?;
        Ok(Self { reader, more: VecDeque::new() })
    }

    /// The next number; `None` at the end.
    ///
    /// # Errors
    /// [`ImportError`] when the rest cannot be read, or is too long (`E-CSV-TOO-MANY-ROWS`).
    pub fn next_row(&mut self) -> Result<Option<DncFileRow>, Box<ImportError>> {
        if let Some(row) = self.more.pop_front() {
            return Ok(Some(row));
        }
        let Some(row) = self.reader.next_row().map_err(Box::new)? else { return Ok(None) };
        let field = |names: &[&str]| {
            let wanted = |(name, _): &&(Arc<str>, String)| names.contains(&&**name);
            row.attributes.iter().find(wanted).map(|(_, text)| text.clone())
        };
        let first = DncFileRow {
            line: row.line,
            phone: reached(row.phone.expose()).to_owned(),
            project: field(&["案件", "project"]),
            reason: field(&["理由", "reason"]),
            evidence: field(&["根拠", "evidence"]),
            said: DncSaid {
                source: field(&["登録元", "source"]).map(|text| source_of(&text).to_owned()),
                by: field(&["登録者", "registered_by"]),
                at: field(&REGISTERED).and_then(|text| parse_japan_time(&text)),
            },
            cleared: field(&CLEARED.map(|[at, _]| at)).is_some(),
        };
        for extra in &row.extra_phones {
            self.more
                .push_back(DncFileRow { phone: reached(extra.phone.expose()).to_owned(), ..first.clone() });
        }
        Ok(Some(first))
    }

    /// What was found so far.
    #[must_use]
    pub fn report(&self) -> &ImportReport {
        self.reader.report()
    }

    /// How far the reading is.
    #[must_use]
    pub fn progress(&self) -> ImportProgress {
        self.reader.progress()
    }

    /// What was found in all, mistakes included.
    ///
    /// # Errors
    /// [`ImportError`] when the file of refused rows could not be written.
    pub fn finish(self) -> Result<ImportReport, Box<ImportError>> {
        self.reader.finish().map_err(Box::new)
    }
}

/// The columns where line 1 does not name them.
const COLUMNS: [&str; 4] = ["電話番号", "案件", "理由", "根拠"];
/// When an entry was registered.
const REGISTERED: [&str; 2] = ["登録日時", "registered_at"];
/// When an entry was cleared, and why.
const CLEARED: [[&str; 2]; 2] = [["解除日時", "解除理由"], ["cleared_at", "cleared_reason"]];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, most: u64) -> Result<(Vec<DncFileRow>, ImportReport), Box<ImportError>> {
        let options = ImportOptions { max_rows: most, ..ImportOptions::default() };
        let mut file = DncFile::open(ImportSource::Bytes(text.as_bytes().to_vec()), options)?;
        let mut rows = Vec::new();
        while let Some(row) = file.next_row()? {
            rows.push(row);
        }
        Ok((rows, file.finish()?))
    }

    fn rows(text: &str) -> Vec<DncFileRow> {
        read(text, 100).unwrap().0
    }

    /// X6: every number of a cell is one, and that nobody calls a freephone number from a list is no doubt of a number never to be called.
    #[test]
    fn what_is_for_callers_is_no_doubt_here() {
        let (rows, report) = read("電話番号\n0120-123-456\n03-1234-5678/06-1234-5678\n", 100).unwrap();
        assert_eq!(rows.len(), 3);
        assert!(report.problems.is_empty(), "{:?}", report.problems);
    }

    /// D23: the entry is that of the callee who is reached, and the file's reader is told of it.
    #[test]
    fn a_digit_too_many_is_left_out_with_a_doubt() {
        let (rows, report) = read("電話番号\n03-1111-00140\n03-1111-0014/06-1234-56789\n", 100).unwrap();
        let numbers: Vec<_> = rows.iter().map(|row| row.phone.as_str()).collect();
        assert_eq!(numbers, ["+81311110014", "+81311110014", "+81612345678"]);
        let doubt = &report.problems[0];
        assert_eq!((doubt.line, doubt.code.as_str()), (2, "W-PHONE-UNASSIGNED"));
    }

    /// X6: a column of numbers is enough.
    #[test]
    fn bare_numbers_are_read() {
        let found = rows("03-1234-0001\r\n090-1111-2222\r\n");
        assert_eq!(
            found.iter().map(|row| row.phone.as_str()).collect::<Vec<_>>(),
            ["+81312340001", "+819011112222"]
        );
        assert_eq!(rows("\u{FEFF}0312340001\n").len(), 1);
        let positional = rows("0312340001\t春の案件\t断り\n");
        assert_eq!(
            (positional[0].project.as_deref(), positional[0].reason.as_deref()),
            (Some("春の案件"), Some("断り"))
        );
    }

    #[test]
    fn named_columns_say_where_and_why() {
        let found =
            rows("理由,電話番号,案件,根拠,登録者\n断り,0312340001,春の案件,書面,alice\n,0312340002,,,\n");
        assert_eq!(
            found[0],
            DncFileRow {
                line: 2,
                phone: "+81312340001".into(),
                project: Some("春の案件".into()),
                reason: Some("断り".into()),
                evidence: Some("書面".into()),
                said: DncSaid { by: Some("alice".into()), ..DncSaid::default() },
                cleared: false
            }
        );
        assert_eq!((found[1].project.as_deref(), found[1].reason.as_deref()), (None, None));
        let twice = rows("電話番号,案件\n0312340001,春の案件\n03-1234-0001,秋の案件\n");
        assert_eq!(twice.len(), 2, "once for each project");
        let several = rows("電話番号,理由\n0312340001/0312340002,断り\n0312340003,\n");
        let numbers: Vec<_> = several.iter().map(|row| row.phone.as_str()).collect();
        assert_eq!(numbers, ["+81312340001", "+81312340002", "+81312340003"]);
        assert_eq!(several[1].reason.as_deref(), Some("断り"));
    }

    /// X6: an entry that was cleared is no order to block; without a reason it was not cleared.
    #[test]
    fn a_row_may_say_that_it_was_cleared_and_why() {
        let text = "電話番号,理由,解除日時,解除者,解除理由\n0312340001,断り,2026-11-01 10:00:00,alice,本人の依頼\n\
                    0312340002,断り,,,\n0312340003,断り,2026-11-01,bob,\n0312340004,断り,,,まだ\n";
        let (rows, report) = read(text, 9).unwrap();
        let cleared: Vec<_> = rows.iter().map(|row| (row.line, row.cleared)).collect();
        assert_eq!(cleared, [(2, true), (3, false), (5, false)]);
        let problem = &report.problems[0];
        assert_eq!((problem.line, problem.code.as_str()), (4, "E-REASON-REQUIRED"));
        assert_eq!((problem.column.as_deref(), report.refused), (Some("解除理由"), 1));
        let (rows, report) = read("電話番号,cleared_at\n0312340001,2026-11-01\n", 9).unwrap();
        assert_eq!((rows.len(), report.problems[0].column.as_deref()), (0, Some("cleared_at")));
    }

    /// S4.27, S4.26: the limit of one file.
    #[test]
    fn too_many_rows_are_refused_and_bad_rows_named() {
        let many: String = (0..4).map(|n| format!("031234000{n}\n")).collect();
        let error = read(&many, 3).unwrap_err();
        assert_eq!(error.code.as_str(), "E-CSV-TOO-MANY-ROWS");
        let (rows, report) = read("0312340001\nabc\n", 9).unwrap();
        assert_eq!((rows.len(), report.refused, report.problems[0].line), (1, 1, 2));
        assert_eq!(read("会社名,備考\nA社,x\n", 9).unwrap_err().code.as_str(), "E-CSV-HEADER");
    }
}
