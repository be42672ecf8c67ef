//! Rows of cells in one of the encodings, with what could not be written.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use super::cell::{
    APOSTROPHE, PRIME, encode_cp932, is_formula, with_cp932_twins, without_quotes, write_cell,
};
use super::{
    ExportEncoding, ExportOptions, ExportReport, Misfit, Part, PartLimits, ReplacedCell, UnencodableChar,
};

/// Writes a CSV file, cell by cell: RFC 4180, CRLF.
pub(super) struct Sheet<W> {
    sink: W,
    encoding: ExportEncoding,
    raw: bool,
    no_quotes: bool,
    delimiter: char,
    /// Numbers are written without extensions: for a product that reads digits only.
    bare_numbers: bool,
    columns: Vec<Arc<str>>,
    column: usize,
    /// Row of the file, or of the part, from 1.
    row: u64,
    split: Option<PartLimits>,
    /// What a part begins with: mark and names of the columns.
    head: Vec<u8>,
    /// Unencodable characters and replaced cells in front of this row.
    before: (usize, usize),
    report: ExportReport,
    line: String,
    bytes: Vec<u8>,
}

impl<W: Write> Sheet<W> {
    /// Writes the byte order mark and, where they are wanted, the names of the columns.
    pub(super) fn new(
        sink: W,
        options: &ExportOptions,
        columns: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> io::Result<Self> {
        let columns: Vec<Arc<str>> = columns.into_iter().map(|name| name.as_ref().into()).collect();
        let mut sheet = Self {
            sink,
            encoding: options.encoding,
            raw: options.raw,
            no_quotes: options.no_quotes,
            delimiter: options.delimiter.byte().map_or(',', char::from),
            bare_numbers: options.per_number,
            columns: columns.clone(),
            column: 0,
            row: 1,
            split: options.split,
            head: Vec::new(),
            before: (0, 0),
            report: ExportReport { parts: vec![Part::default()], ..ExportReport::default() },
            line: String::new(),
            bytes: Vec::new(),
        };
        if sheet.encoding == ExportEncoding::Utf8Bom {
            sheet.head.extend_from_slice(b"\xEF\xBB\xBF");
        }
        if !options.no_header {
            for name in &columns {
                sheet.text(name)?;
            }
            let line =
                if sheet.encoding == ExportEncoding::Cp932 { &*sheet.bytes } else { sheet.line.as_bytes() };
            sheet.head.extend_from_slice(line);
            sheet.head.extend_from_slice(LINE_END);
            sheet.begin_line();
        }
        sheet.begin_part()?;
        Ok(sheet)
    }

    /// A cell whose text came from people: a formula gets an apostrophe in front.
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        self.write(text, text, !self.raw)
    }

    /// A cell of ours.
    pub(super) fn cell(&mut self, text: &str) -> io::Result<()> {
        self.write(text, text, false)
    }

    /// A number, with extensions where they can be read; `bare` is the same without.
    pub(super) fn number(&mut self, whole: &str, bare: &str) -> io::Result<()> {
        self.write(whole, if self.bare_numbers { bare } else { whole }, false)
    }

    /// Further numbers behind their labels, a line each; with a stroke between them where no line may break.
    pub(super) fn further<'a>(
        &mut self,
        numbers: impl Iterator<Item = (Option<&'a str>, String)>,
    ) -> io::Result<()> {
        let between = if self.no_quotes { STROKE } else { "\n" };
        let (mut value, mut written) = (String::new(), String::new());
        for (label, number) in numbers {
            if !value.is_empty() {
                value.push_str(between);
                written.push_str(between);
            }
            if let Some(label) = label {
                let label = label.replace(['\r', '\n'], " ");
                value.extend([&*label, ":"]);
                written.extend([&*label.replace(STROKE, "／"), ":"]);
            }
            value.push_str(&number);
            written.push_str(&number);
        }
        self.write(&value, if self.no_quotes { &written } else { &value }, !self.raw)
    }

    /// A cell as it may stand in this file; told where that is not `value`. `guarded`: it must be no formula.
    fn write(&mut self, value: &str, text: &str, guarded: bool) -> io::Result<()> {
        let known = self.encoding != ExportEncoding::Cp932;
        let text = if known { Cow::Borrowed(text) } else { with_cp932_twins(text) };
        let text = match (self.no_quotes, self.delimiter) {
            (false, _) => text,
            // Else it would end the cell.
            (true, ';') => Cow::Owned(without_quotes(&text).replace(';', "；")),
            (true, _) => Cow::Owned(without_quotes(&text).into_owned()),
        };
        // What was a tab or a line break may be a space now, and another sign one that begins a formula.
        let begins = if self.no_quotes { text.trim_start() } else { &*text };
        let formula = guarded && (is_formula(value) || is_formula(begins));
        self.report.neutralised += u64::from(formula);
        let sign = if self.no_quotes { PRIME } else { APOSTROPHE };
        let written = if formula { Cow::Owned(format!("{sign}{text}")) } else { Cow::Borrowed(&*text) };
        // An apostrophe is taken off again, by spreadsheets and by our import.
        if *text != *value || (formula && self.no_quotes) {
            self.replace(value, &written);
        }
        self.put(&written);
        Ok(())
    }

    fn put(&mut self, text: &str) {
        if self.column > 0 {
            self.line.push(self.delimiter);
        }
        let begin = self.line.len();
        if self.no_quotes {
            self.line.push_str(text);
        } else {
            write_cell(&mut self.line, text);
        }
        if self.encoding == ExportEncoding::Cp932 {
            if self.column > 0 {
                self.bytes.extend(u8::try_from(self.delimiter));
            }
            let mut lost = Vec::new();
            encode_cp932(&self.line[begin..], &mut self.bytes, |c| lost.push(c));
            for character in lost {
                self.lose(character);
            }
        }
        self.column += 1;
    }

    fn replace(&mut self, value: &str, written: &str) {
        self.report.replaced_total += 1;
        if self.report.replaced.len() < ExportReport::MOST_CHARS {
            let column = self.columns.get(self.column).cloned().unwrap_or_default();
            let shown = |text: &str| text.chars().take(SHOWN_CHARS).collect();
            let (part, row) = (self.part(), self.row);
            let cell = ReplacedCell { part, row, column, value: shown(value), written: shown(written) };
            self.report.replaced.push(cell);
        }
    }

    fn lose(&mut self, character: char) {
        self.report.unencodable_total += 1;
        if self.report.unencodable.len() < ExportReport::MOST_CHARS {
            let column = self.columns.get(self.column).cloned().unwrap_or_default();
            let (part, row) = (self.part(), self.row);
            self.report.unencodable.push(UnencodableChar { part, row, column, character });
        }
    }

    pub(super) fn end_row(&mut self) -> io::Result<()> {
        let length = if self.encoding == ExportEncoding::Cp932 { self.bytes.len() } else { self.line.len() };
        let length = (length + LINE_END.len()) as u64;
        if let Some(limits) = self.split {
            self.fit(length, limits)?;
        }
        let line: &[u8] =
            if self.encoding == ExportEncoding::Cp932 { &self.bytes } else { self.line.as_bytes() };
        self.sink.write_all(line)?;
        self.sink.write_all(LINE_END)?;
        self.begin_line();
        self.report.rows += 1;
        if let Some(part) = self.report.parts.last_mut() {
            part.rows += 1;
            part.bytes += length;
        }
        Ok(())
    }

    /// The next line is another row.
    fn begin_line(&mut self) {
        self.line.clear();
        self.bytes.clear();
        self.column = 0;
        self.row += 1;
        self.before = (self.report.unencodable.len(), self.report.replaced.len());
    }

    /// Begins another part where this one has no room for the row.
    fn fit(&mut self, length: u64, limits: PartLimits) -> io::Result<()> {
        let part = self.report.parts.last().copied().unwrap_or_default();
        let room = part.rows < limits.rows && part.bytes.saturating_add(length) <= limits.bytes;
        if part.rows > 0 && !room && self.report.misfit.is_none() {
            if self.report.parts.len() >= Part::MOST {
                self.report.misfit = Some(Misfit::Parts);
                return Ok(());
            }
            self.report.parts.push(Part::default());
            // Its row turns out to be the first of this part.
            let (part, row) = (self.part(), if self.head_is_a_row() { 2 } else { 1 });
            let (lost, replaced) = self.before;
            self.report.unencodable.iter_mut().skip(lost).for_each(|at| (at.part, at.row) = (part, row));
            self.report.replaced.iter_mut().skip(replaced).for_each(|at| (at.part, at.row) = (part, row));
            self.row = row;
            self.begin_part()?;
        }
        let alone = (self.head.len() as u64).saturating_add(length);
        if alone > limits.bytes && self.report.misfit.is_none() {
            self.report.misfit = Some(Misfit::Row { row: self.report.rows + 1, bytes: alone });
        }
        Ok(())
    }

    fn begin_part(&mut self) -> io::Result<()> {
        self.sink.write_all(&self.head)?;
        if let Some(part) = self.report.parts.last_mut() {
            part.bytes = self.head.len() as u64;
        }
        Ok(())
    }

    fn head_is_a_row(&self) -> bool {
        self.head.ends_with(LINE_END)
    }

    /// Number of this part, where there are parts.
    fn part(&self) -> Option<u32> {
        self.split.and_then(|_| u32::try_from(self.report.parts.len()).ok())
    }

    /// Flushes the sink and yields it with the report.
    pub(super) fn finish(mut self) -> io::Result<(W, ExportReport)> {
        self.sink.flush()?;
        Ok((self.sink, self.report))
    }
}

/// RFC 4180.
const LINE_END: &[u8] = b"\r\n";
/// Between further numbers where no line may break; the import tells it from a stroke in a label.
pub(crate) const STROKE: &str = " / ";
/// Characters of a replaced cell that are kept.
const SHOWN_CHARS: usize = 80;
