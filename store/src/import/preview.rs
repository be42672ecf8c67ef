use super::options::{ImportOptions, ImportSource};
use super::reader::ImportReader;
use super::report::{ImportError, ImportReport};
use super::row::ImportRow;
use crate::error::{Error, Result};
use crate::progress::stopped;
use crate::sqlite::Known;

/// What an import would do: nothing is kept.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The first rows that are good, at most [`PREVIEW_ROWS`].
    pub rows: Vec<ImportRow>,
    /// Encoding, delimiter, columns, counts and problems of the whole file.
    pub report: ImportReport,
}

/// Reads the whole file and keeps its first rows for showing. What the rows would change is not known here:
/// [`crate::Store::preview_import`] tells it.
///
/// # Errors
/// As [`ImportReader::open`] and [`ImportReader::next_row`].
pub fn preview(source: ImportSource, options: ImportOptions) -> std::result::Result<Preview, ImportError> {
    let cancel = options.cancel.clone().unwrap_or_default();
    let mut reader = ImportReader::open(source, options)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()?.filter(|_| !cancel.is_cancelled()) {
        if rows.len() < PREVIEW_ROWS {
            rows.push(row);
        }
    }
    Ok(Preview { rows, report: reader.finish()? })
}

/// The same, with every good row shown to `see`; `known` is asked for what the file does not say.
pub(crate) fn look(
    source: ImportSource,
    options: ImportOptions,
    known: Known,
    mut see: impl FnMut(&ImportRow) -> Result<()>,
) -> Result<Preview> {
    let fatal = |error| Error::Import(Box::new(error));
    let cancel = options.cancel.clone().unwrap_or_default();
    let mut reader = ImportReader::open(source, options).map_err(fatal)?;
    reader.ask(known);
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row().map_err(fatal)? {
        if cancel.is_cancelled() {
            return Err(stopped());
        }
        see(&row)?;
        if rows.len() < PREVIEW_ROWS {
            rows.push(row);
        }
    }
    reader.check_answers()?;
    Ok(Preview { rows, report: reader.finish().map_err(fatal)? })
}

/// Rows of a preview.
pub const PREVIEW_ROWS: usize = 20;
