//! What the product that is to read a file would say of its rows: the file is read as an import by that product's rules reads it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::{ExportEncoding, ExportOptions, ExportReport};
use crate::code::Code;
use crate::error::{Error, Result};
use crate::import::{
    Delimiter, Encoding, ImportError, ImportOptions, ImportReader, ImportReport, ImportSource, Problem,
    Profile,
};
use crate::progress::stopped;

/// Whose rules a file is judged by, and what its rows are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JudgedBy {
    /// A dial list of this product.
    List(Profile),
    /// Its contacts.
    Contacts(Profile),
}

/// What the product's rules say of a file. What it takes at once, rows and bytes, is none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Judged {
    /// Rows that it would refuse. They are written all the same.
    pub refused: u64,
    /// How often each code occurred.
    pub counts: BTreeMap<Code, u64>,
    /// The first [`Judged::MOST`] mistakes and as many doubts, each with its part where there are parts.
    pub problems: Vec<(Option<u32>, Problem)>,
}

impl Judged {
    /// Mistakes, and likewise doubts, kept with their place.
    pub const MOST: usize = 100;

    fn take(&mut self, part: Option<u32>, refused: u64, problems: Vec<Problem>) {
        self.refused += refused;
        for problem in problems {
            let of_its_kind = |(_, kept): &&(_, Problem)| kept.code.is_warning() == problem.code.is_warning();
            if self.problems.iter().filter(of_its_kind).count() < Self::MOST {
                self.problems.push((part, problem));
            }
        }
    }
}

/// Reads `file`, which was written by `options`, part by part.
///
/// # Errors
/// [`Error::File`] where it cannot be read again; that nobody wants it any more.
pub(super) fn judge(
    by: &JudgedBy,
    options: &ExportOptions,
    report: &ExportReport,
    file: &Path,
) -> Result<Judged> {
    let failed = |source| Error::File { path: options.path.clone(), source };
    let written = Arc::new(File::open(file).map_err(failed)?);
    let (mut judged, mut from) = (Judged::default(), 0);
    for (part, number) in report.parts.iter().zip(1..) {
        let source = ImportSource::Piece { file: Arc::clone(&written), from, bytes: part.bytes };
        let number = options.split.map(|_| number);
        from += part.bytes;
        match read(source, rules(by, options), options) {
            Ok(found) => {
                for (code, count) in &found.counts {
                    *judged.counts.entry(*code).or_default() += count;
                }
                judged.take(number, found.refused, found.problems);
            }
            Err(Unread::Stopped) => return Err(stopped()),
            Err(Unread::Refused(error)) => match error.source {
                Some(source) => return Err(failed(source)),
                // Nothing of the part would be taken.
                None => {
                    *judged.counts.entry(error.code).or_default() += 1;
                    let problem = Problem {
                        file: Arc::clone(&error.file),
                        line: error.line.unwrap_or(0),
                        lines: Vec::new(),
                        column: error.column.as_deref().map(Arc::from),
                        value: String::new(),
                        code: error.code,
                        contact: None,
                    };
                    judged.take(number, part.rows, vec![problem]);
                }
            },
        }
    }
    Ok(judged)
}

/// The product's own, for a file of which is known what it is.
fn rules(by: &JudgedBy, options: &ExportOptions) -> ImportOptions {
    let rules = match by {
        JudgedBy::List(profile) => ImportOptions::for_lists(profile),
        JudgedBy::Contacts(profile) => ImportOptions::for_contacts(profile),
    };
    let encoding = match options.encoding {
        ExportEncoding::Cp932 => Encoding::Cp932,
        ExportEncoding::Utf8 | ExportEncoding::Utf8Bom => Encoding::Utf8,
    };
    ImportOptions {
        encoding: Some(encoding),
        delimiter: match options.delimiter {
            Delimiter::Auto => Delimiter::Comma,
            given => given,
        },
        max_rows: u64::MAX,
        max_bytes: u64::MAX,
        ..rules
    }
}

enum Unread {
    Stopped,
    Refused(Box<ImportError>),
}

impl From<ImportError> for Unread {
    fn from(error: ImportError) -> Self {
        Self::Refused(Box::new(error))
    }
}

fn read(
    source: ImportSource,
    rules: ImportOptions,
    options: &ExportOptions,
) -> std::result::Result<ImportReport, Unread> {
    let mut reader = ImportReader::open(source, rules)?;
    while reader.next_row()?.is_some() {
        if options.progress.is_stopped() {
            return Err(Unread::Stopped);
        }
    }
    Ok(reader.finish()?)
}

#[cfg(test)]
mod tests;
