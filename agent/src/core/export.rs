//! Files that are written for clients: lists, contacts, calls, do-not-call.

use std::path::PathBuf;

use protocol::result::{Exported, ReplacedCell};
use protocol::{ErrorCode, RpcError};
use store::Progress;
use store::export::{ExportEncoding, ExportOptions, ExportReport};
use store::import::Profile;

/// How a file is to be written, whatever is in it.
pub(super) fn options(
    path: Option<String>,
    encoding: Option<&str>,
    raw: bool,
    progress: Progress,
) -> Result<ExportOptions, RpcError> {
    let path = PathBuf::from(path.ok_or_else(|| bad("path"))?);
    let encoding = match encoding {
        None => ExportEncoding::Utf8Bom,
        Some(word) => word.parse().map_err(|_| bad("encoding is one of utf-8-bom, utf-8, cp932"))?,
    };
    Ok(ExportOptions { path, encoding, raw, progress, ..ExportOptions::default() })
}

/// The product that is to read the file.
pub(super) fn profile(name: Option<&str>) -> Result<&'static Profile, RpcError> {
    super::import::profile(name.unwrap_or("open"))
}

/// What it came to. A file that would lose characters is refused with their places.
pub(super) fn exported(options: &ExportOptions, report: ExportReport) -> Result<Exported, RpcError> {
    if !report.written {
        let mut places: Vec<String> = report
            .unencodable
            .iter()
            .take(SHOWN)
            .map(|place| format!("row {} {}: {:?}", place.row, place.column, place.character))
            .collect();
        let more = report.unencodable_total.saturating_sub(places.len() as u64);
        if more > 0 {
            places.push(format!("and {more} more"));
        }
        return Err(RpcError::with_detail(ErrorCode::ExportChar, places.join(", ")));
    }
    let bytes = std::fs::metadata(&options.path).map_or(0, |file| file.len());
    let told = |cell: store::export::ReplacedCell| ReplacedCell {
        row: cell.row,
        column: cell.column.to_string(),
        value: cell.value,
        written: cell.written,
    };
    Ok(Exported {
        rows: report.rows,
        bytes,
        path: Some(options.path.display().to_string()),
        download: None,
        replaced: report.replaced.into_iter().map(told).collect(),
        replaced_total: report.replaced_total,
    })
}

fn bad(detail: &str) -> RpcError {
    RpcError::with_detail(ErrorCode::BadRequest, detail)
}

/// Places of lost characters in a refusal.
const SHOWN: usize = 20;
