//! The first rows of a file, looked at before they are read.

use super::encoding::{Encoding, TextStream};
use super::header;
use super::options::Delimiter;
use super::table::{Record, Table};

/// The delimiter that makes the first rows look most like a list: known names, then columns, then equal widths.
pub(super) fn delimiter(text: &str) -> Delimiter {
    let score = |delimiter: Delimiter| {
        let (mut widths, mut names) = (Vec::new(), 0);
        first_rows(text, delimiter, |record| {
            if widths.is_empty() && record.len() > 1 {
                names = header::known_names(record);
            }
            widths.push(record.len());
        });
        let first = widths.first().copied().unwrap_or(0);
        let wide = widths.iter().filter(|width| **width >= 2).count();
        let equal = widths.iter().filter(|width| **width == first && first >= 2).count();
        (names, wide, equal)
    };
    // The last of equals wins, so comma stands last.
    [Delimiter::Semicolon, Delimiter::Tab, Delimiter::Comma]
        .into_iter()
        .max_by_key(|delimiter| score(*delimiter))
        .unwrap_or(Delimiter::Comma)
}

/// The delimiter that the first line names, as Excel reads and writes it (`sep=;`), and the text behind that line.
pub(super) fn named_delimiter(text: &str) -> (Option<Delimiter>, &str) {
    let end = text.find(['\r', '\n']).unwrap_or(text.len());
    let (line, rest) = text.split_at(end);
    let named = match line.trim().trim_matches('"').to_ascii_lowercase().strip_prefix("sep=") {
        Some(",") => Some(Delimiter::Comma),
        Some(";") => Some(Delimiter::Semicolon),
        // A tab at the end was trimmed.
        Some("" | "\\t") => Some(Delimiter::Tab),
        _ => None,
    };
    if named.is_some() { (named, rest) } else { (None, text) }
}

/// How many lines stand above the header that have a cell or two of text, as titles and dates do; 0 where no such header follows.
pub(super) fn titles(text: &str, delimiter: Delimiter) -> usize {
    let (mut at, mut titles, mut over) = (0, 0, true);
    first_rows(text, delimiter, |record| {
        let filled = record.cells().filter(|cell| !cell.trim().is_empty()).count();
        if over && at > 0 && header::is_sure_header(record) {
            titles = at;
        }
        over &= titles == 0 && at < MOST_TITLES && filled <= 2 && !header::is_sure_header(record);
        over &= !record.cells().any(header::is_number);
        at += 1;
    });
    titles
}

/// Where phone numbers stand in the rows below the first line.
#[derive(Debug, Default)]
pub(super) struct Below {
    rows: usize,
    /// Cells of the widest.
    width: usize,
    /// For each column, how many of these rows have a number there, and how many anything.
    numbers: Vec<(usize, usize)>,
}

impl Below {
    /// Looks at the rows behind one of the first of `text`, which are counted from 0.
    pub(super) fn line(text: &str, delimiter: Delimiter, line: usize) -> Self {
        let (mut below, mut at) = (Self::default(), 0);
        first_rows(text, delimiter, |record| {
            at += 1;
            if at <= line + 1 {
                return;
            }
            below.rows += 1;
            below.width = below.width.max(record.len());
            for (at, cell) in record.cells().enumerate().take(MOST_COLUMNS) {
                if !cell.trim().is_empty() {
                    below.numbers.resize(below.numbers.len().max(at + 1), (0, 0));
                    below.numbers[at].0 += usize::from(header::is_number(cell));
                    below.numbers[at].1 += 1;
                }
            }
        });
        below
    }

    /// Cells of the widest of these rows.
    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// Whether most rows have a number in this column.
    pub(super) fn has_numbers(&self, column: usize) -> bool {
        self.count(column) * 2 > self.rows
    }

    /// How many rows have a number in this column.
    pub(super) fn count(&self, column: usize) -> usize {
        self.numbers.get(column).map_or(0, |(numbers, _)| *numbers)
    }

    /// Whether most of what stands in this column are numbers, however few they are.
    pub(super) fn is_of_numbers(&self, column: usize) -> bool {
        self.numbers.get(column).is_some_and(|(numbers, filled)| numbers * 2 > *filled)
    }

    /// The first column in which most rows have a number.
    pub(super) fn column_of_numbers(&self) -> Option<usize> {
        (0..self.numbers.len()).find(|column| self.has_numbers(*column))
    }
}

fn first_rows(text: &str, delimiter: Delimiter, mut row: impl FnMut(&Record)) {
    let bytes = std::io::Cursor::new(text.as_bytes().to_vec());
    let Ok(stream) = TextStream::new(Box::new(bytes), Encoding::Utf8) else { return };
    let mut table = Table::new(stream, String::new(), delimiter.byte().unwrap_or(b','));
    let (mut record, mut rows) = (Record::default(), 0);
    while rows < ROWS && matches!(table.read(&mut record), Ok(true)) {
        if !record.is_blank() {
            rows += 1;
            row(&record);
        }
    }
}

/// Lines above a header.
const MOST_TITLES: usize = 4;
/// Rows looked at.
const ROWS: usize = 20;
/// Columns in which a number is looked for.
const MOST_COLUMNS: usize = 256;
