use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::code::Code;
use crate::export::{harmless_as_it_stands, write_cell};

use super::header::Columns;
use super::table::Record;

/// Writes the refused rows as they stood, with line, code, text and advice behind them: correct the cells and import the file
/// again; before what a spreadsheet would run as a formula stands an apostrophe, which the import takes off. The added columns are known to the importer and read as nothing.
pub(super) struct ErrorCsv {
    out: BufWriter<File>,
    header_written: bool,
}

impl ErrorCsv {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut out = BufWriter::new(File::create(path)?);
        // Excel takes UTF-8 only with the mark.
        out.write_all("\u{FEFF}".as_bytes())?;
        Ok(Self { out, header_written: false })
    }

    pub(super) fn write(
        &mut self,
        record: &Record,
        columns: &Columns,
        code: Code,
        column: &str,
    ) -> io::Result<()> {
        let ours = |at: usize| ADDED.contains(&&*columns.names[at]);
        if !self.header_written {
            self.header_written = true;
            for (at, name) in columns.names.iter().enumerate().filter(|(at, _)| !ours(*at)) {
                self.cell(name, at == 0)?;
            }
            for name in ADDED {
                self.cell(name, false)?;
            }
            self.out.write_all(b"\r\n")?;
        }
        for at in (0..columns.names.len()).filter(|at| !ours(*at)) {
            self.cell(record.cell(at), at == 0)?;
        }
        for text in [&*record.line.to_string(), column, code.as_str(), code.ja(), code.hint_ja()] {
            self.cell(text, false)?;
        }
        self.out.write_all(b"\r\n")
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()
    }

    fn cell(&mut self, text: &str, first: bool) -> io::Result<()> {
        if !first {
            self.out.write_all(b",")?;
        }
        let mut cell = String::new();
        write_cell(&mut cell, &harmless_as_it_stands(text));
        self.out.write_all(cell.as_bytes())
    }
}

/// The columns behind those of the file.
pub(super) const ADDED: [&str; 5] = ["エラー行", "エラー列", "エラーコード", "エラー内容", "エラー対処"];
