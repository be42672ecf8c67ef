//! The files of what an import found wrong: rows that were refused, and doubts.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::code::{Code, Lang};
use crate::export::{harmless_as_it_stands, write_cell};
use crate::phone::Special;

use super::header::Columns;
use super::report::Problem;
use super::table::Record;

/// Writes the refused rows as they stood, with line, columns, codes, texts and advice behind them: correct the cells and import the file
/// again; before what a spreadsheet would run as a formula stands an apostrophe, which the import takes off. The added columns are known
/// to the importer, in either language, and read as nothing.
pub(super) struct RefusedCsv {
    cells: Cells,
    lang: Lang,
    header_written: bool,
}

/// One mistake of a refused row.
pub(super) struct Mistake<'a> {
    pub(super) code: Code,
    /// Name of the column; empty where none is to blame.
    pub(super) column: &'a str,
    /// Every line with the number, where it is repeated.
    pub(super) lines: &'a [u64],
}

impl RefusedCsv {
    pub(super) fn create(path: &Path, lang: Lang) -> io::Result<Self> {
        Ok(Self { cells: Cells::create(path)?, lang, header_written: false })
    }

    pub(super) fn write(
        &mut self,
        record: &Record,
        columns: &Columns,
        mistakes: &[Mistake<'_>],
    ) -> io::Result<()> {
        let ours = |at: usize| ADDED.iter().any(|names| names.contains(&&*columns.names[at]));
        let theirs = || (0..columns.names.len()).filter(|at| !ours(*at));
        if !self.header_written {
            self.header_written = true;
            let names = theirs().map(|at| &*columns.names[at]);
            self.cells.row(names.chain(ADDED[usize::from(self.lang == Lang::En)]))?;
        }
        let texts = |text: fn(Code, Lang) -> &'static str| {
            each(mistakes.iter().map(|mistake| text(mistake.code, self.lang)))
        };
        let said = mistakes.iter().map(|mistake| {
            let at = columns.names.iter().position(|name| **name == *mistake.column);
            let text = said_of(mistake.code, at.map_or("", |at| record.cell(at)), self.lang);
            with_lines(&text, mistake.lines)
        });
        let said: Vec<String> = said.collect();
        let added = [
            record.line.to_string(),
            each(mistakes.iter().map(|mistake| mistake.column)),
            texts(|code, _| code.as_str()),
            each(said.iter().map(String::as_str)),
            texts(Code::hint),
        ];
        let cells = theirs().map(|at| record.cell(at));
        self.cells.row(cells.chain(added.iter().map(String::as_str)))
    }

    /// Where no row was refused there is no file.
    pub(super) fn finish(self) -> io::Result<()> {
        self.cells.finish(self.header_written)
    }
}

/// Writes doubts, each in a row of its own: a list to be read, not to be imported. What cannot be written is told at the end.
pub(super) struct DoubtsCsv {
    cells: Cells,
    lang: Lang,
    /// There are some.
    any: bool,
    written: io::Result<()>,
}

impl DoubtsCsv {
    pub(super) fn create(path: &Path, lang: Lang) -> io::Result<Self> {
        let mut cells = Cells::create(path)?;
        cells.row(match lang {
            Lang::Ja => ["行", "列", "値", "コード", "内容", "対処"],
            Lang::En => ["Line", "Column", "Value", "Code", "Text", "Advice"],
        })?;
        Ok(Self { cells, lang, any: false, written: Ok(()) })
    }

    /// `line` 0: of the file as a whole. `lines`: as in [`Mistake`]; `more`: what is to know besides.
    pub(super) fn write(
        &mut self,
        (code, line): (Code, u64),
        (column, value): (Option<&str>, &str),
        lines: &[u64],
        more: Option<&str>,
    ) {
        if self.written.is_err() {
            return;
        }
        let line = if line == 0 { String::new() } else { line.to_string() };
        let mut text = with_lines(&said_of(code, value, self.lang), lines);
        if let Some(more) = more {
            text.push_str(&format!(" ({more})"));
        }
        let cells = [&*line, column.unwrap_or_default(), value, code.as_str(), &text, code.hint(self.lang)];
        self.any = true;
        self.written = self.cells.row(cells);
    }

    /// One as the report has it.
    pub(super) fn problem(&mut self, problem: &Problem) {
        let place = (problem.column.as_deref(), &*problem.value);
        self.write((problem.code, problem.line), place, &problem.lines, problem.contact.as_deref());
    }

    /// Where there is no doubt there is no file.
    pub(super) fn finish(self) -> io::Result<()> {
        self.written.and_then(|()| self.cells.finish(self.any))
    }
}

/// What a code says of a cell: with the kind of number that it is, where the code's own text says less.
fn said_of(code: Code, cell: &str, lang: Lang) -> Cow<'static, str> {
    match (Special::told(code.as_str(), cell), lang) {
        (None, _) => code.text(lang).into(),
        (Some(said), Lang::Ja) => said.ja,
        (Some(said), Lang::En) => said.en,
    }
}

/// Each once, in order.
fn each<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = Vec::new();
    for text in texts.filter(|text| !text.is_empty()) {
        if !known.contains(&text) {
            known.push(text);
        }
    }
    known.join(BETWEEN)
}

fn with_lines(text: &str, lines: &[u64]) -> String {
    if lines.is_empty() {
        return text.to_owned();
    }
    let lines: Vec<String> = lines.iter().map(u64::to_string).collect();
    format!("{text} ({})", lines.join(", "))
}

/// A CSV file for spreadsheets.
struct Cells {
    out: BufWriter<File>,
    path: PathBuf,
}

impl Cells {
    fn create(path: &Path) -> io::Result<Self> {
        // It waits for whoever fetches it, and has whole numbers.
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        let mut out = BufWriter::new(file);
        // Excel takes UTF-8 only with the mark.
        out.write_all("\u{FEFF}".as_bytes())?;
        Ok(Self { out, path: path.to_owned() })
    }

    fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
        let mut row = String::new();
        for (at, cell) in cells.into_iter().enumerate() {
            if at > 0 {
                row.push(',');
            }
            write_cell(&mut row, &harmless_as_it_stands(cell));
        }
        row.push_str("\r\n");
        self.out.write_all(row.as_bytes())
    }

    /// `kept`: there is something in it to be read.
    fn finish(mut self, kept: bool) -> io::Result<()> {
        if !kept {
            return fs::remove_file(self.path);
        }
        self.out.flush()?;
        self.out.get_ref().sync_all()
    }
}

/// Whether these are the cells of a header that we wrote over refused rows, in either language.
pub(super) fn is_of_refused_rows(record: &Record) -> bool {
    ADDED.iter().any(|names| names.iter().all(|name| record.cells().any(|cell| cell == *name)))
}

/// The columns behind those of the file, in Japanese and in English.
const ADDED: [[&str; 5]; 2] = [
    ["エラー行", "エラー列", "エラーコード", "エラー内容", "エラー対処"],
    ["Refused line", "Refused column", "Refused code", "Refused because", "Refused advice"],
];
/// Between several mistakes of one row.
const BETWEEN: &str = " / ";
