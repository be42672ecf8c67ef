//! Rows of cells in one of the encodings, with what could not be written.

use std::io::{self, Write};
use std::sync::Arc;

use super::cell::{encode_cp932, is_formula, write_cell};
use super::{ExportEncoding, ExportReport, UnencodableChar};

/// Writes a CSV file, cell by cell: RFC 4180, CRLF.
pub(super) struct Sheet<W> {
    sink: W,
    encoding: ExportEncoding,
    raw: bool,
    columns: Vec<Arc<str>>,
    column: usize,
    /// Row of the file, from 1.
    row: u64,
    report: ExportReport,
    line: String,
    bytes: Vec<u8>,
}

impl<W: Write> Sheet<W> {
    /// Writes the byte order mark and the names of the columns.
    pub(super) fn new(
        mut sink: W,
        encoding: ExportEncoding,
        raw: bool,
        columns: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> io::Result<Self> {
        if encoding == ExportEncoding::Utf8Bom {
            sink.write_all(b"\xEF\xBB\xBF")?;
        }
        let columns: Vec<Arc<str>> = columns.into_iter().map(|name| name.as_ref().into()).collect();
        let mut sheet = Self {
            sink,
            encoding,
            raw,
            columns: columns.clone(),
            column: 0,
            row: 1,
            report: ExportReport::default(),
            line: String::new(),
            bytes: Vec::new(),
        };
        for name in &columns {
            sheet.text(name)?;
        }
        sheet.end_row()?;
        sheet.report.rows = 0;
        Ok(sheet)
    }

    /// A cell whose text came from people: a formula gets an apostrophe in front.
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        if !self.raw && is_formula(text) {
            self.report.neutralised += 1;
            return self.cell(&format!("'{text}"));
        }
        self.cell(text)
    }

    /// A cell of ours.
    pub(super) fn cell(&mut self, text: &str) -> io::Result<()> {
        if self.column > 0 {
            self.line.push(',');
        }
        let begin = self.line.len();
        write_cell(&mut self.line, text);
        if self.encoding == ExportEncoding::Cp932 {
            let comma: &[u8] = if self.column > 0 { b"," } else { b"" };
            self.bytes.extend_from_slice(comma);
            let mut lost = Vec::new();
            encode_cp932(&self.line[begin..], &mut self.bytes, |c| lost.push(c));
            for character in lost {
                self.lose(character);
            }
        }
        self.column += 1;
        Ok(())
    }

    fn lose(&mut self, character: char) {
        self.report.unencodable_total += 1;
        if self.report.unencodable.len() < ExportReport::MOST_CHARS {
            let column = self.columns.get(self.column).cloned().unwrap_or_default();
            self.report.unencodable.push(UnencodableChar { row: self.row, column, character });
        }
    }

    pub(super) fn end_row(&mut self) -> io::Result<()> {
        let line: &[u8] =
            if self.encoding == ExportEncoding::Cp932 { &self.bytes } else { self.line.as_bytes() };
        self.sink.write_all(line)?;
        self.sink.write_all(b"\r\n")?;
        self.line.clear();
        self.bytes.clear();
        self.column = 0;
        self.row += 1;
        self.report.rows += 1;
        Ok(())
    }

    /// Flushes the sink and yields it with the report.
    pub(super) fn finish(mut self) -> io::Result<(W, ExportReport)> {
        self.sink.flush()?;
        Ok((self.sink, self.report))
    }
}
