//! Do-not-call numbers from a file: one column of numbers is enough, further ones say where and why (X6, S4.27).

use std::sync::Arc;

use crate::import::{
    DupPolicy, Encoding, HeaderMode, ImportError, ImportOptions, ImportReader, ImportReport, ImportSource,
    RequiredNames,
};
use crate::phone::Phone;

/// One number of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DncFileRow {
    /// The number, E.164.
    pub phone: String,
    /// Name of the project, where the file says one.
    pub project: Option<String>,
    /// Why, where the file says it.
    pub reason: Option<String>,
    /// Evidence in words, where the file says it.
    pub evidence: Option<String>,
}

/// What a file holds.
#[derive(Debug)]
pub struct DncFile {
    /// The good rows.
    pub rows: Vec<DncFileRow>,
    /// What was found, mistakes included.
    pub report: ImportReport,
}

/// Reads a file of at most `most` rows. The columns are 電話番号, 案件, 理由 and 根拠 by name, or in this order where
/// line 1 is a number. A number may come several times, for several projects.
///
/// # Errors
/// [`ImportError`] when the file as a whole cannot be read: encoding, header, too many rows (`E-CSV-TOO-MANY-ROWS`).
pub fn read(
    bytes: Vec<u8>,
    name: &str,
    encoding: Option<Encoding>,
    most: u64,
) -> Result<DncFile, Box<ImportError>> {
    let (bytes, ours) = with_header(bytes);
    let options = ImportOptions {
        encoding,
        header: HeaderMode::Required,
        // Yields every row: a number may stand there once for each project.
        dup_in_file: DupPolicy::Last,
        required: RequiredNames::None,
        partial: true,
        max_rows: most,
        file_name: Some(name.to_owned()),
        ..ImportOptions::default()
    };
    let mut reader = ImportReader::open(ImportSource::Bytes(bytes), options).map_err(Box::new)?;
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row().map_err(Box::new)? {
        let field = |names: &[&str]| {
            let wanted = |(name, _): &&(Arc<str>, String)| names.contains(&&**name);
            row.attributes.iter().find(wanted).map(|(_, text)| text.clone())
        };
        let (project, reason, evidence) =
            (field(&["案件", "project"]), field(&["理由", "reason"]), field(&["根拠", "evidence"]));
        let more = row.extra_phones.iter().map(|extra| extra.phone.expose());
        for phone in std::iter::once(row.phone.expose()).chain(more) {
            rows.push(DncFileRow {
                phone: phone.to_owned(),
                project: project.clone(),
                reason: reason.clone(),
                evidence: evidence.clone(),
            });
        }
    }
    let mut report = reader.finish().map_err(Box::new)?;
    if ours {
        // Lines are those of the file as it came.
        for problem in &mut report.problems {
            problem.line -= 1;
            problem.lines.iter_mut().for_each(|line| *line -= 1);
        }
        report.header = false;
    }
    Ok(DncFile { rows, report })
}

/// Puts a header before a file that begins with a number at once. Its words are ASCII, so any encoding of bytes that
/// spreadsheets write for such a file reads them; UTF-16 files begin with a mark and are left alone.
fn with_header(bytes: Vec<u8>) -> (Vec<u8>, bool) {
    let mark = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let head = &bytes[mark..bytes.len().min(mark + FIRST_CELL)];
    let cell: Vec<u8> =
        head.iter().copied().take_while(|b| !matches!(b, b',' | b'\t' | b';' | b'\r' | b'\n')).collect();
    let cell = String::from_utf8_lossy(&cell);
    if Phone::parse(cell.trim().trim_matches('"')).is_err() {
        return (bytes, false);
    }
    let delimiter = match head.iter().find(|b| matches!(b, b',' | b'\t' | b';' | b'\r' | b'\n')) {
        Some(b'\t') => "\t",
        Some(b';') => ";",
        _ => ",",
    };
    let mut whole = bytes[..mark].to_vec();
    whole.extend_from_slice(["phone", "project", "reason", "evidence"].join(delimiter).as_bytes());
    whole.extend_from_slice(b"\r\n");
    whole.extend_from_slice(&bytes[mark..]);
    (whole, true)
}

/// No number is longer.
const FIRST_CELL: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<DncFileRow> {
        read(text.as_bytes().to_vec(), "x.csv", None, 100).unwrap().rows
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
                phone: "+81312340001".into(),
                project: Some("春の案件".into()),
                reason: Some("断り".into()),
                evidence: Some("書面".into())
            }
        );
        assert_eq!((found[1].project.as_deref(), found[1].reason.as_deref()), (None, None));
        let twice = rows("電話番号,案件\n0312340001,春の案件\n03-1234-0001,秋の案件\n");
        assert_eq!(twice.len(), 2, "once for each project");
    }

    /// S4.27, S4.26: the limit of one file.
    #[test]
    fn too_many_rows_are_refused_and_bad_rows_named() {
        let many: String = (0..4).map(|n| format!("031234000{n}\n")).collect();
        let error = read(many.into_bytes(), "x.csv", None, 3).unwrap_err();
        assert_eq!(error.code.as_str(), "E-CSV-TOO-MANY-ROWS");
        let file = read(b"0312340001\nabc\n".to_vec(), "x.csv", None, 9).unwrap();
        assert_eq!((file.rows.len(), file.report.refused, file.report.problems[0].line), (1, 1, 2));
    }
}
