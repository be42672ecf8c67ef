//! Files that are written for clients: lists, contacts, calls, do-not-call.

use std::path::PathBuf;

use protocol::result::{Exported, ReplacedCell};
use protocol::{Detail, ErrorCode, LostChar, RpcError};
use store::Progress;
use store::export::{ExportEncoding, ExportOptions, ExportReport, UnencodableChar};
use store::import::Profile;

use crate::said::one_of;

/// How a file is to be written, whatever is in it.
pub(super) fn options(
    path: Option<String>,
    encoding: Option<&str>,
    raw: bool,
    progress: Progress,
) -> Result<ExportOptions, RpcError> {
    let path = PathBuf::from(path.ok_or_else(|| bad(Detail::name("path")))?);
    let encoding = match encoding {
        None => ExportEncoding::Utf8Bom,
        Some(word) => word.parse().map_err(|_| bad(one_of("encoding", "utf-8-bom, utf-8, cp932")))?,
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
        let detail = unencodable(&report);
        let lost = |place: UnencodableChar| LostChar {
            row: place.row,
            column: place.column.to_string(),
            character: place.character,
        };
        let lost = report.unencodable.into_iter().map(lost).collect();
        return Err(RpcError::with_detail(ErrorCode::ExportChar, detail).with_places(lost));
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

/// Where the characters are that an encoding has not.
fn unencodable(report: &ExportReport) -> Detail {
    let more = report.unencodable_total.saturating_sub(SHOWN as u64);
    let places = |row: &str, rest: String| {
        let place =
            |place: &UnencodableChar| format!("{row}{} {}: {:?}", place.row, place.column, place.character);
        let shown = report.unencodable.iter().take(SHOWN).map(place);
        shown.chain((more > 0).then_some(rest)).collect::<Vec<_>>().join(", ")
    };
    (places("行", format!("ほか{more}件")), places("row ", format!("and {more} more"))).into()
}

fn bad(detail: impl Into<Detail>) -> RpcError {
    RpcError::with_detail(ErrorCode::BadRequest, detail)
}

/// Places of lost characters in a refusal.
const SHOWN: usize = 20;
