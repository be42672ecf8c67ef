use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use store::OutboxRow;

use super::{Delivery, Sink};

/// A folder into which results are dropped as CSV files, one row per sealed attempt.
///
/// A file appears whole: it is written under a name that ends in `.tmp`, fsynced and renamed. The name carries the
/// outbox numbers of its rows, so that files sort in order and a repeat after a crash replaces its first edition. A file of other
/// rows is never replaced: where the numbers went back (a database put back by other means than `kakeru restore`), the name gets an
/// addition.
/// UTF-8 with a byte order mark and CRLF, as spreadsheets expect.
#[derive(Debug)]
pub struct CsvDrop {
    folder: PathBuf,
    box_id: String,
    /// Rights of its files.
    mode: u32,
}

/// Columns of a drop file, which are also the keys of the outbox payload.
const COLUMNS: [&str; 39] = [
    "id",
    "box",
    "project_id",
    "list",
    "position",
    "round",
    "user",
    "seat",
    "direction",
    "origin",
    "practice",
    "number",
    "company",
    "person",
    "categories",
    "status",
    "status_label",
    "set_by",
    "sub",
    "void",
    "interrupted",
    "sip_code",
    "q850",
    "reason",
    "hangup_by",
    "started_at",
    "ringing_at",
    "answered_at",
    "ended_at",
    "memo",
    "recall_at",
    "recording_path",
    "recording_sha256",
    "recording_gaps_ms",
    "parent_id",
    "transfer",
    "transferred_to",
    "transfer_code",
    "recording_paused",
];

impl CsvDrop {
    /// A drop folder, with `most` as its and its files' rights; made when absent. Left-over `.tmp` files of a crash are removed.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: &Path, box_id: &str, most: u32) -> io::Result<Self> {
        crate::private::make(folder, most)?;
        for entry in fs::read_dir(folder)?.flatten() {
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.starts_with("kakeru-") && name.ends_with(".tmp")) {
                fs::remove_file(entry.path())?;
            }
        }
        let box_id = box_id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        Ok(Self { folder: folder.to_owned(), box_id, mode: most & 0o660 })
    }

    fn write(&self, batch: &[OutboxRow]) -> io::Result<String> {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(String::new()) };
        let name =
            self.name_for(batch, &format!("kakeru-{}-{:012}-{:012}", self.box_id, first.seq, last.seq))?;
        let (tmp, path) = (self.folder.join(format!("{name}.tmp")), self.folder.join(&name));
        let mut file = File::options().write(true).create(true).truncate(true).mode(self.mode).open(&tmp)?;
        file.write_all(&rows_as_csv(batch)?)?;
        file.sync_all()?;
        fs::rename(&tmp, &path)?;
        File::open(&self.folder)?.sync_all()?;
        Ok(name)
    }

    /// `STEM.csv`, or `STEM_2.csv` and so on where results of other calls that nobody fetched yet have that name.
    fn name_for(&self, batch: &[OutboxRow], stem: &str) -> io::Result<String> {
        let mut name = format!("{stem}.csv");
        for further in 2_u32.. {
            match ids_in(&self.folder.join(&name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Ok(ids) if ids.iter().cloned().eq(batch.iter().map(|row| cell(&row.payload, COLUMNS[0]))) => {
                    break;
                }
                _ => name = format!("{stem}_{further}.csv"),
            }
        }
        Ok(name)
    }
}

impl Sink for CsvDrop {
    fn deliver(&mut self, batch: &[OutboxRow]) -> Delivery {
        match self.write(batch) {
            Ok(to) => Delivery::Accepted { to },
            Err(error) => Delivery::Retry(format!("{}: {error}", self.folder.display())),
        }
    }
}

/// The calls of a result file, in order.
fn ids_in(file: &Path) -> io::Result<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(File::open(file)?);
    reader.records().map(|row| Ok(row?.get(0).unwrap_or_default().to_owned())).collect()
}

fn rows_as_csv(batch: &[OutboxRow]) -> io::Result<Vec<u8>> {
    let mut out = b"\xEF\xBB\xBF".to_vec();
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut out);
    writer.write_record(COLUMNS)?;
    for row in batch {
        writer.write_record(COLUMNS.map(|column| cell(&row.payload, column)))?;
    }
    writer.flush()?;
    drop(writer);
    Ok(out)
}

fn cell(payload: &serde_json::Value, column: &str) -> String {
    match payload.get(column) {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => harmless(text),
        Some(serde_json::Value::Bool(flag)) => u8::from(*flag).to_string(),
        Some(serde_json::Value::Array(items)) => {
            let texts: Vec<_> = items.iter().filter_map(item).collect();
            harmless(&texts.join("|"))
        }
        Some(other) => other.to_string(),
    }
}

/// One of several texts, or a stretch of a recording: `900-2500`, `9000-` to its end.
fn item(item: &serde_json::Value) -> Option<Cow<'_, str>> {
    if let Some(text) = item.as_str() {
        return Some(text.into());
    }
    let from = item.get("from_ms")?.as_u64()?;
    let to = item.get("to_ms").and_then(serde_json::Value::as_u64);
    Some(format!("{from}-{}", to.map_or_else(String::new, |to| to.to_string())).into())
}

/// A text that a spreadsheet would run as a formula is shown as text instead, by the rule of every export.
pub(crate) fn harmless(text: &str) -> String {
    store::export::harmless(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutralised_and_numbers_kept() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("+81312345678"), "+81312345678");
        assert_eq!(harmless("+cmd|x"), "'+cmd|x");
        assert_eq!((harmless("＝1+1"), harmless("'=1")), ("'＝1+1".into(), "''=1".into()));
        assert_eq!(harmless("見込"), "見込");
    }

    /// D18: results that nobody fetched yet are not replaced by those of other calls, and those of the same calls come once.
    #[test]
    fn a_file_of_other_calls_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = CsvDrop::open(folder.path(), "box", crate::private::GROUP).unwrap();
        let mut deliver = |ids: &[&str], memo: &str| {
            let row = |(seq, id): (i64, &&str)| OutboxRow {
                seq,
                key: store::AttemptId::generate(seq),
                kind: "attempt.sealed".to_owned(),
                payload: serde_json::json!({ "id": id, "memo": memo }),
                next_try_at: 0,
            };
            let batch: Vec<_> = (7..).zip(ids).map(row).collect();
            match sink.deliver(&batch) {
                Delivery::Accepted { to } => to,
                other => panic!("{other:?}"),
            }
        };
        let first = "kakeru-box-000000000007-000000000008.csv";
        assert_eq!(deliver(&["01A", "01B"], "first"), first);
        assert_eq!(deliver(&["01A", "01B"], "again, after a crash"), first);
        let second = "kakeru-box-000000000007-000000000008_2.csv";
        assert_eq!(deliver(&["01C", "01D"], "of a database that went back"), second);
        assert_eq!(deliver(&["01C", "01D"], "again"), second);
        assert_eq!(deliver(&["01E", "01D"], "once more"), "kakeru-box-000000000007-000000000008_3.csv");
        assert!(first < second);
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(
            text(first).contains("again, after a crash") && text(first).contains("01B"),
            "{}",
            text(first)
        );
        assert!(text(second).contains("01C"));
    }

    #[test]
    fn stretches_of_a_recording_fit_into_a_cell() {
        let payload = serde_json::json!({
            "recording_paused": [{ "from_ms": 900, "to_ms": 2_500 }, { "from_ms": 9_000, "to_ms": null }],
            "categories": ["新規", "東京"],
        });
        assert_eq!(cell(&payload, "recording_paused"), "900-2500|9000-");
        assert_eq!(
            (cell(&payload, "categories"), cell(&payload, "memo")),
            ("新規|東京".into(), String::new())
        );
    }
}
