use super::options::{ImportOptions, ImportSource};
use super::reader::ImportReader;
use super::report::{ImportError, ImportReport};
use super::row::ImportRow;

/// What an import would do: nothing is kept.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The first rows that are good, at most [`PREVIEW_ROWS`].
    pub rows: Vec<ImportRow>,
    /// Encoding, delimiter, columns, counts and problems of the whole file.
    pub report: ImportReport,
}

/// Reads the whole file and keeps its first rows for showing. No file of refused rows is written.
///
/// # Errors
/// As [`ImportReader::open`] and [`ImportReader::next_row`].
pub fn preview(source: ImportSource, options: ImportOptions) -> Result<Preview, ImportError> {
    let cancel = options.cancel.clone().unwrap_or_default();
    let mut reader = ImportReader::open(source, ImportOptions { error_csv: None, ..options })?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()?.filter(|_| !cancel.is_cancelled()) {
        if rows.len() < PREVIEW_ROWS {
            rows.push(row);
        }
    }
    Ok(Preview { rows, report: reader.finish()? })
}

/// Rows of a preview.
pub const PREVIEW_ROWS: usize = 20;
