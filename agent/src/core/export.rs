//! Files that are written for clients: lists, contacts, calls, do-not-call.
//!
//! Who takes data along is in the audit log before the file is theirs; one that cannot be entered there is not handed out.

use std::path::{Path, PathBuf};

use protocol::result::{ExportPart, Exported, Judged, JudgedIssue, OverLimit, ReplacedCell};
use protocol::{Detail, ErrorCode, LostChar, RpcError};
use serde::Serialize;
use serde_json::{Value, json};
use store::export::{ExportOptions, ExportReport, JudgedBy, Misfit, Part, PartLimits, UnencodableChar};
use store::import::Profile;
use store::{Actor, AuditEntry, Progress, Store};

use super::refusal::store_error;
use crate::control::is_spooled;
use crate::off_thread::off_thread_for_client;
use crate::said::one_of;

/// What the rows of a file are, as far as products limit them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Leads,
    Contacts,
    Others,
}

/// The product that is to read the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    of: Of,
    pub(super) profile: &'a Profile,
    /// Somebody said which it is.
    named: bool,
}

/// How a file was asked to be cut.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cut {
    pub(super) split: bool,
    pub(super) rows: Option<u64>,
    pub(super) bytes: Option<u64>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(of: Of, store: &'a Store, profile: Option<&str>) -> Result<Self, RpcError> {
        let named = profile.is_some();
        Ok(Self { of, profile: super::import::profile(store, profile.unwrap_or("open"))?, named })
    }

    /// How a file is to be written, whatever is in it; in the product's encoding where none is asked for.
    pub(super) fn written(
        self,
        path: Option<String>,
        encoding: Option<&str>,
        raw: bool,
        progress: Progress,
    ) -> Result<ExportOptions, RpcError> {
        let path = PathBuf::from(path.ok_or_else(|| bad(Detail::name("path")))?);
        let encoding = match encoding {
            None => self.profile.written.unwrap_or_default(),
            Some(word) => word.parse().map_err(|_| bad(one_of("encoding", "utf-8-bom, utf-8, cp932")))?,
        };
        let private = is_spooled(&path);
        Ok(ExportOptions { path, encoding, raw, progress, held: true, private, ..ExportOptions::default() })
    }

    /// The file as this product takes it, cut as was asked for (S0.22).
    pub(super) fn options(self, options: ExportOptions, cut: Cut) -> Result<ExportOptions, RpcError> {
        let options = match self.of {
            Of::Contacts => options.for_contacts(self.profile),
            Of::Leads | Of::Others => options.for_lists(self.profile),
        };
        let judged_by = match self.of {
            Of::Leads if self.named || options.strict => Some(JudgedBy::List(self.profile.clone())),
            Of::Contacts if self.named || options.strict => Some(JudgedBy::Contacts(self.profile.clone())),
            Of::Leads | Of::Contacts | Of::Others => None,
        };
        let options = ExportOptions { judged_by, ..options };
        if cut.rows == Some(0) || cut.bytes == Some(0) {
            return Err(bad((
                "split_rows と split_bytes は1以上です",
                "split_rows and split_bytes are at least 1",
            )));
        }
        if !cut.split && cut.rows.is_none() && cut.bytes.is_none() {
            return Ok(options);
        }
        let limits = PartLimits::of(self.profile, self.of == Of::Leads).and(cut.rows, cut.bytes);
        if !limits.bounds() {
            let name = &self.profile.name;
            let detail = (
                format!(
                    "プロファイル {name} には上限がないため分けられません。--profile で上限のあるものを選ぶか、--split-rows か --split-bytes を付けてください"
                ),
                format!(
                    "the profile {name} has no limits to cut by: choose one that has with --profile, or add --split-rows or --split-bytes"
                ),
            );
            return Err(RpcError::with_detail(ErrorCode::Value, detail));
        }
        Ok(ExportOptions { split: Some(limits), ..options })
    }

    /// What it does not take at once.
    fn over(self, rows: u64, bytes: u64, cut: bool) -> Vec<OverLimit> {
        let Profile { max_rows, max_bytes, max_leads, max_contacts, .. } = *self.profile;
        let of_a_file = |limit: Option<u64>| limit.filter(|_| !cut);
        let mut over = vec![("rows", of_a_file(max_rows), rows), ("bytes", of_a_file(max_bytes), bytes)];
        match self.of {
            Of::Leads => over.push(("leads", max_leads, rows)),
            Of::Contacts => over.push(("contacts", max_contacts, rows)),
            Of::Others => {}
        }
        let over = over.into_iter().filter_map(|(limit, most, found)| {
            let most = most.filter(|most| found > *most)?;
            Some(OverLimit { limit: limit.to_owned(), most, found })
        });
        over.collect()
    }
}

/// What it came to. A file that would lose characters is refused with their places, and one whose rows are to be good with those that
/// are not.
pub(super) fn exported(
    options: &ExportOptions,
    report: ExportReport,
    reader: Reader<'_>,
) -> Result<Exported, RpcError> {
    if let Some(misfit) = report.misfit {
        return Err(RpcError::with_detail(ErrorCode::Value, unfit(misfit, options.split)));
    }
    if let Some(judged) = report.judged.as_ref().filter(|_| !report.written) {
        return Err(RpcError::with_detail(ErrorCode::Value, refused_rows(judged, &reader.profile.name)));
    }
    if !report.written {
        let detail = unencodable(&report);
        let lost = |place: UnencodableChar| LostChar {
            part: place.part,
            row: place.row,
            column: place.column.to_string(),
            character: place.character,
        };
        let lost = report.unencodable.into_iter().map(lost).collect();
        return Err(RpcError::with_detail(ErrorCode::ExportChar, detail).with_places(lost));
    }
    let bytes = report.parts.iter().map(|part| part.bytes).sum();
    let told = |cell: store::export::ReplacedCell| ReplacedCell {
        part: cell.part,
        row: cell.row,
        column: cell.column.to_string(),
        value: cell.value,
        written: cell.written,
    };
    let part = |part: &Part| ExportPart { path: None, rows: part.rows, bytes: part.bytes };
    let cut = options.split.is_some();
    Ok(Exported {
        rows: report.rows,
        bytes,
        path: Some(options.path.display().to_string()),
        download: None,
        replaced: report.replaced.into_iter().map(told).collect(),
        replaced_total: report.replaced_total,
        parts: if cut { report.parts.iter().map(part).collect() } else { Vec::new() },
        over: reader.over(report.rows, bytes, cut),
        judged: report.judged.map(judged),
    })
}

fn judged(found: store::export::Judged) -> Judged {
    let counts = found.counts.iter().map(|(code, count)| (code.as_str().to_owned(), *count)).collect();
    let told = |warning: bool| -> Vec<JudgedIssue> {
        let of_kind = found.problems.iter().filter(|(_, problem)| problem.code.is_warning() == warning);
        of_kind
            .map(|(part, problem)| JudgedIssue { part: *part, issue: super::import::issue(problem) })
            .collect()
    };
    Judged { refused: found.refused, errors: told(false), warnings: told(true), counts }
}

/// Which rows the product would refuse.
fn refused_rows(judged: &store::export::Judged, profile: &str) -> Detail {
    let places = |line: &str| {
        let errors = judged.problems.iter().filter(|(_, problem)| !problem.code.is_warning());
        let place = |(part, problem): &(Option<u32>, store::import::Problem)| {
            let part = part.map(|part| format!("{part}-")).unwrap_or_default();
            format!("{line}{part}{} {}", problem.line, problem.code)
        };
        errors.take(SHOWN).map(place).collect::<Vec<_>>().join(", ")
    };
    let (rows, ja, en) = (judged.refused, places("行"), places("line "));
    (
        format!("{profile} は {rows} 行を受け付けません: {ja}"),
        format!("{profile} would refuse {rows} rows: {en}"),
    )
        .into()
}

/// What was taken along, and by whom.
pub(super) struct Taken {
    /// `list.export`, …
    pub(super) action: &'static str,
    /// Id of the list, or what else it is of.
    pub(super) object: String,
    /// What rows were asked for.
    pub(super) asked: Value,
    pub(super) by: Actor,
    pub(super) now: i64,
}

/// Enters a file that is written in the audit log, then gives it its name and tells of it. Where that fails the file goes, and one that
/// has the name stays: nothing leaves that nobody can be asked about later.
pub(super) async fn hand_out(
    store: &Store,
    taken: Taken,
    options: &ExportOptions,
    written: Exported,
) -> Result<Exported, RpcError> {
    let Taken { action, object, asked, by, now } = taken;
    let detail = json!({ "rows": written.rows, "filter": asked, "to": destination(&options.path) });
    let entry = AuditEntry { by, action, object, detail, now };
    let entered = store.audit(entry).await;
    let file = options.clone();
    let placed = off_thread_for_client(move || {
        if entered.is_err() {
            file.discard();
        }
        entered.and_then(|()| file.place())
    });
    placed.await?.map(|()| written).map_err(|error| store_error(&error))
}

/// Where a file goes: to the client, with the client's rights, or to a place on the daemon's machine.
pub(super) fn destination(path: &Path) -> &'static str {
    if is_spooled(path) { "client" } else { "path" }
}

/// What was asked for, without what was left out, and without `apart` and what only says how a file is written.
pub(super) fn said(params: &impl Serialize, apart: &[&str]) -> Value {
    let mut said = serde_json::to_value(params).unwrap_or_default();
    if let Value::Object(fields) = &mut said {
        fields.retain(|name, value| {
            let empty = match value {
                Value::Null => true,
                // 発信対象外, or those that are not 架電禁止, are asked for by it; elsewhere it is what was left out.
                Value::Bool(false) => name != "dialable" && name != "blocked",
                Value::Array(items) => items.is_empty(),
                Value::Bool(true) | Value::Number(_) | Value::String(_) | Value::Object(_) => false,
            };
            !empty && !apart.contains(&name.as_str()) && !FORM.contains(&name.as_str())
        });
    }
    said
}

/// Why rows cannot be cut as they were to be.
fn unfit(misfit: Misfit, limits: Option<PartLimits>) -> Detail {
    match misfit {
        Misfit::Row { row, bytes } => {
            let most = limits.map_or(0, |limits| limits.bytes);
            (
                format!("{row}件目だけで1ファイルが {bytes} バイトになり、上限 {most} バイトに収まりません"),
                format!("row {row} alone makes a file of {bytes} bytes, where {most} are allowed"),
            )
                .into()
        }
        Misfit::Parts => {
            let most = Part::MOST;
            (format!("ファイルが{most}個を超えます"), format!("there would be more than {most} files")).into()
        }
    }
}

/// Where the characters are that an encoding has not.
fn unencodable(report: &ExportReport) -> Detail {
    let more = report.unencodable_total.saturating_sub(SHOWN as u64);
    let places = |row: &str, rest: String| {
        let place = |place: &UnencodableChar| {
            let part = place.part.map(|part| format!("{part}-")).unwrap_or_default();
            format!("{row}{part}{} {}: {:?}", place.row, place.column, place.character)
        };
        let shown = report.unencodable.iter().take(SHOWN).map(place);
        shown.chain((more > 0).then_some(rest)).collect::<Vec<_>>().join(", ")
    };
    (places("行", format!("ほか{more}件")), places("row ", format!("and {more} more"))).into()
}

fn bad(detail: impl Into<Detail>) -> RpcError {
    RpcError::with_detail(ErrorCode::BadRequest, detail)
}

/// Parameters that say how a file is written, not what is in it.
const FORM: [&str; 8] =
    ["path", "encoding", "raw", "profile", "strict", "split", "split_rows", "split_bytes"];
/// Places of lost characters in a refusal.
const SHOWN: usize = 20;
