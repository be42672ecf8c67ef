//! Records and cells of delimited text, with the physical line of every record.

use std::io;

use super::encoding::TextStream;

/// One record: its cells and where it began.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    /// Physical line of the first cell, from 1.
    pub(super) line: u64,
    /// The first cell in which a quotation mark stood, though it is not quoted, or text followed a closing one.
    pub(super) stray_quote: Option<usize>,
    /// The first cell that stood in quotation marks.
    pub(super) quoted: Option<usize>,
    /// Cells beyond [`MOST_CELLS`] were dropped.
    pub(super) too_many_cells: bool,
    text: String,
    ends: Vec<usize>,
}

impl Record {
    /// Number of cells.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell at `index`, empty where the row is short.
    pub(super) fn cell(&self, index: usize) -> &str {
        let Some(end) = self.ends.get(index) else { return "" };
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..*end]
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.cell(index))
    }

    /// Nothing but space in every cell: spreadsheets leave such rows at the end.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn clear(&mut self, line: u64) {
        self.line = line;
        self.stray_quote = None;
        self.quoted = None;
        self.too_many_cells = false;
        self.text.clear();
        self.ends.clear();
    }

    fn cell_length(&self) -> usize {
        self.text.len() - self.ends.last().copied().unwrap_or(0)
    }

    fn end_cell(&mut self) {
        if self.ends.len() < MOST_CELLS {
            self.ends.push(self.text.len());
        } else {
            let kept = self.ends.last().copied().unwrap_or(0);
            self.text.truncate(kept);
            self.too_many_cells = true;
        }
    }
}

/// Why the rest of a file cannot be cut into records.
#[derive(Debug)]
pub(super) enum TableError {
    /// A quotation mark opened at this line is never closed.
    OpenQuote { line: u64 },
    /// A cell that begins in the record of this line passed [`LONGEST_CELL`].
    CellTooLong { line: u64 },
    /// The source failed.
    Io(io::Error),
}

/// Cuts text into records: RFC 4180, lenient about stray quotation marks, with CR, LF and CRLF as line ends.
pub(super) struct Table {
    source: TextStream,
    delimiter: u8,
    text: String,
    at: usize,
    line: u64,
    /// The byte before `at` was a CR, whose LF is still to be skipped.
    after_cr: bool,
}

impl Table {
    /// A table whose first `text` was already taken from `source`.
    pub(super) fn new(source: TextStream, text: String, delimiter: u8) -> Self {
        Self { source, delimiter, text, at: 0, line: 1, after_cr: false }
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.source.bytes_read()
    }

    /// Reads the next record into `record`; `false` at the end.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool, TableError> {
        record.clear(self.line);
        if self.peek()? == Some(b'\n') && self.after_cr {
            self.at += 1;
        }
        self.after_cr = false;
        if self.peek()?.is_none() {
            return Ok(false);
        }
        loop {
            let quoted = self.peek()? == Some(b'"');
            if quoted {
                self.at += 1;
                record.quoted = record.quoted.or(Some(record.len()));
                self.quoted(record)?;
            }
            self.unquoted(record, quoted)?;
            record.end_cell();
            match self.peek()? {
                Some(byte) if byte == self.delimiter => self.at += 1,
                Some(byte) => {
                    self.at += 1;
                    self.line += 1;
                    self.after_cr = byte == b'\r';
                    return Ok(true);
                }
                None => return Ok(true),
            }
        }
    }

    /// From behind the opening quotation mark to behind the closing one.
    fn quoted(&mut self, record: &mut Record) -> Result<(), TableError> {
        let opened = self.line;
        let mut after_cr = false;
        while let Some(first) = self.peek()? {
            let bytes = &self.text.as_bytes()[self.at..];
            if first == b'"' {
                self.at += 1;
                if self.peek()? != Some(b'"') {
                    return Ok(());
                }
                self.at += 1;
                record.text.push('"');
                after_cr = false;
            } else {
                let length = bytes.iter().position(|b| *b == b'"').unwrap_or(bytes.len());
                for byte in &bytes[..length] {
                    self.line += u64::from(*byte == b'\r' || (*byte == b'\n' && !after_cr));
                    after_cr = *byte == b'\r';
                }
                record.text.push_str(&self.text[self.at..self.at + length]);
                self.at += length;
            }
            guard(record)?;
        }
        Err(TableError::OpenQuote { line: opened })
    }

    /// Up to the delimiter or line end that closes the cell, which began in quotation marks or not.
    fn unquoted(&mut self, record: &mut Record, quoted: bool) -> Result<(), TableError> {
        while self.peek()?.is_some() {
            let bytes = &self.text.as_bytes()[self.at..];
            let ends_cell = |b: &u8| *b == self.delimiter || *b == b'\n' || *b == b'\r';
            let length = bytes.iter().position(ends_cell).unwrap_or(bytes.len());
            // Spaces behind a closing mark are nothing.
            let behind = || quoted && !self.text[self.at..self.at + length].trim().is_empty();
            if bytes[..length].contains(&b'"') || behind() {
                record.stray_quote = record.stray_quote.or(Some(record.len()));
            }
            record.text.push_str(&self.text[self.at..self.at + length]);
            self.at += length;
            guard(record)?;
            if self.at < self.text.len() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<u8>, TableError> {
        if self.at == self.text.len() {
            self.text.clear();
            self.at = 0;
            if !self.source.read_text(&mut self.text).map_err(TableError::Io)? {
                return Ok(None);
            }
        }
        Ok(self.text.as_bytes().get(self.at).copied())
    }
}

fn guard(record: &Record) -> Result<(), TableError> {
    if record.cell_length() > LONGEST_CELL {
        return Err(TableError::CellTooLong { line: record.line });
    }
    Ok(())
}

/// Longest cell, in bytes of UTF-8: a lost quotation mark must not swallow the file into memory.
pub(super) const LONGEST_CELL: usize = 64 * 1024;
/// Most cells of a record.
pub(super) const MOST_CELLS: usize = 512;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::encoding::Encoding;
    use super::*;

    fn table(text: &str) -> Table {
        let stream =
            TextStream::new(Box::new(Cursor::new(text.as_bytes().to_vec())), Encoding::Utf8).unwrap();
        Table::new(stream, String::new(), b',')
    }

    fn records(text: &str) -> Vec<(u64, Vec<String>)> {
        let (mut table, mut record, mut all) = (table(text), Record::default(), Vec::new());
        while table.read(&mut record).unwrap() {
            all.push((record.line, record.cells().map(str::to_owned).collect()));
        }
        all
    }

    #[test]
    fn line_ends_of_every_system_count_alike() {
        for end in ["\r\n", "\n", "\r"] {
            let text = ["a,b", "\"x", "y\",c", "", "d,e"].join(end);
            let cell = format!("x{end}y");
            let expected: [(u64, &[&str]); 4] =
                [(1, &["a", "b"]), (2, &[&cell, "c"]), (4, &[""]), (5, &["d", "e"])];
            let found = records(&text);
            assert_eq!(found.len(), expected.len(), "{end:?}");
            for ((line, cells), (expected_line, expected_cells)) in found.iter().zip(expected) {
                assert_eq!(
                    (*line, cells.iter().map(String::as_str).collect::<Vec<_>>()),
                    (expected_line, expected_cells.to_vec())
                );
            }
        }
    }

    #[test]
    fn quotation_marks_are_read_as_excel_writes_them() {
        assert_eq!(records("\"a\"\"b\",\"\",\"c,d\"\r\n")[0].1, ["a\"b", "", "c,d"]);
        assert_eq!(records("ab\"c,\"d\"e\n")[0].1, ["ab\"c", "de"]);
        assert_eq!(records("a,\n")[0].1, ["a", ""]);
        assert_eq!(records("a,")[0].1, ["a", ""]);
        assert!(records("").is_empty());
    }

    #[test]
    fn a_mark_within_a_cell_and_text_behind_a_closing_one_are_told() {
        for (text, stray) in [
            ("a\"1\"x,b", Some(0)),
            ("b,\"1\"x", Some(1)),
            ("\"1\"x,b", Some(0)),
            ("\"1\"\"x\",b", None),
            ("\"1\" ,b", None),
            ("\"1\",b", None),
        ] {
            let (mut table, mut record) = (table(text), Record::default());
            assert!(table.read(&mut record).unwrap());
            assert_eq!(record.stray_quote, stray, "{text}");
        }
    }

    #[test]
    fn an_open_quote_and_an_endless_cell_name_their_line() {
        let mut record = Record::default();
        let mut open = table("a,b\n\"c,d\ne,f\n");
        assert!(open.read(&mut record).unwrap());
        assert!(matches!(open.read(&mut record), Err(TableError::OpenQuote { line: 2 })));
        let mut long = table(&format!("a\n\"{}\"\n", "x".repeat(LONGEST_CELL + 1)));
        assert!(long.read(&mut record).unwrap());
        assert!(matches!(long.read(&mut record), Err(TableError::CellTooLong { line: 2 })));
    }

    #[test]
    fn too_many_cells_are_dropped_and_flagged() {
        let (mut table, mut record) =
            (table(&format!("{}\nb\n", "a,".repeat(MOST_CELLS + 5))), Record::default());
        assert!(table.read(&mut record).unwrap());
        assert!(record.too_many_cells && record.len() == MOST_CELLS);
        let code = crate::code::Code::CsvColumns;
        assert!(
            [code.ja(), code.en()].iter().all(|text| text.contains(&MOST_CELLS.to_string())),
            "it names the limit"
        );
        assert!(table.read(&mut record).unwrap());
        assert!(!record.too_many_cells && record.len() == 1);
    }
}
