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
/// outbox numbers of its rows, so that files sort in order and a repeat after a crash replaces its first edition.
/// UTF-8 with a byte order mark and CRLF, as spreadsheets expect.
#[derive(Debug)]
pub struct CsvDrop {
    folder: PathBuf,
    box_id: String,
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
    /// A drop folder; made when absent. Left-over `.tmp` files of a crash are removed.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: &Path, box_id: &str) -> io::Result<Self> {
        crate::private::make(folder, crate::private::GROUP)?;
        for entry in fs::read_dir(folder)?.flatten() {
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.starts_with("kakeru-") && name.ends_with(".tmp")) {
                fs::remove_file(entry.path())?;
            }
        }
        let box_id = box_id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        Ok(Self { folder: folder.to_owned(), box_id })
    }

    fn write(&self, batch: &[OutboxRow]) -> io::Result<String> {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(String::new()) };
        let name = format!("kakeru-{}-{:012}-{:012}.csv", self.box_id, first.seq, last.seq);
        let (tmp, path) = (self.folder.join(format!("{name}.tmp")), self.folder.join(&name));
        // For the group at most; who gets into the folder is the folder's to say.
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o640).open(&tmp)?;
        file.write_all(&rows_as_csv(batch)?)?;
        file.sync_all()?;
        fs::rename(&tmp, &path)?;
        File::open(&self.folder)?.sync_all()?;
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
