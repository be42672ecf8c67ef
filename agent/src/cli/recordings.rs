//! `kakeru recording fetch` takes one recording; `kakeru recording export` a month of them into a folder, with a list (S4.36, S4.50).
//!
//! The client writes, with its own rights; each recording is checked against the sum that was taken when it was recorded. What
//! is there already and whole is not fetched again, so that an export that was broken off goes on where it stopped. Each
//! recording is listed as it comes, and told to the daemon after that: what was copied stays listed whatever happens next, also
//! when the daemon deletes the recording. Lines of an earlier list stay as long as their files lie in the folder: a list may be
//! of some of them only.

mod list;

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use protocol::params::{RecordingExported, RecordingFetch, RecordingLs};
use protocol::result::RecordingRow;
use protocol::{ErrorCode, Lang, RpcError};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Failure;
use super::args::ExportRecordingsArgs;
use super::output::{Out, REFUSED};
use super::progress;
use super::render::manage::size;
use super::time;
use super::unfinished::{Farewell, Unfinished, is_stream, open_stream};
use crate::control::base64;
use crate::control::client::{Client, ClientError};
use crate::sync::harmless;
use list::{List, SUMS, is_whole};

/// What an export came to.
#[derive(Debug, Default, Serialize)]
struct Exported {
    month: String,
    folder: PathBuf,
    /// Recordings of the month.
    recordings: u64,
    /// Fetched now.
    fetched: u64,
    /// There already, and whole.
    present: u64,
    /// Of an earlier export, and not of this one: what it did not ask for, or what the daemon has deleted since.
    earlier: u64,
    /// Those among them that are not what was recorded any more. They cannot be fetched; their lines stay, so that a check tells.
    damaged: u64,
    /// Deleted by the daemon while the export ran.
    gone: u64,
    /// Kept, and their file is not there, or cannot be read by the daemon.
    missing: u64,
    /// Kept, and their file is not what was recorded any more: nothing of it is taken.
    altered: u64,
    /// Here, and not marked as exported: whoever asks may not.
    unmarked: u64,
    /// Size of what is in the folder.
    bytes: u64,
    /// The list of the recordings, and their sums for `sha256sum --check`.
    manifest: Option<PathBuf>,
    sums: Option<PathBuf>,
}

pub(super) fn export(socket: &Path, args: &ExportRecordingsArgs, out: Out) -> Result<(), Failure> {
    let said = out.text(
        "取得済みの録音はそのまま残ります。もう一度実行すると続きから書き出します",
        "what was copied stays; run it again, and it goes on where it stopped",
    );
    let farewell = Farewell::say(said);
    let done = copy_month(socket, args, out);
    drop(farewell);
    if done.as_ref().is_err_and(is_cut_short) && !out.json {
        out.progress("");
        out.note(said);
    }
    done
}

/// Whether it was begun and did not come to its end: the connection broke, or the disk is full.
fn is_cut_short(failure: &Failure) -> bool {
    match failure {
        Failure::Client(error) => matches!(**error, ClientError::Broken(_)),
        Failure::File { .. } => true,
        Failure::Exit(_) | Failure::Refused(_) | Failure::Closed => false,
    }
}

fn copy_month(socket: &Path, args: &ExportRecordingsArgs, out: Out) -> Result<(), Failure> {
    let mut client = Client::connect(socket)?;
    let rows = month(&mut client, args)?;
    let folder = args.dir.join(&args.month.name);
    folder_of(&folder)?;
    let mut list = List::open(&folder)?;
    let mut result = Exported {
        month: args.month.name.clone(),
        folder: folder.clone(),
        recordings: rows.len() as u64,
        ..Exported::default()
    };
    let all = rows.len() as u64;
    let (mut asked, mut to_mark) = (HashSet::with_capacity(rows.len()), Vec::new());
    for (done, row) in (0_u64..).zip(&rows) {
        if !out.json {
            out.progress(&format!("{}  {done} / {all}  {}", progress::bar(done, all), size(result.bytes)));
        }
        let Some(name) = name_of(row) else { continue };
        let path = folder.join(&name);
        let known = row.sha256.as_deref().or(list.sum(&name));
        if let Some(sum) = known.filter(|sum| is_whole(&path, sum)).map(str::to_owned) {
            list.add(line_of(row, &name, &sum))?;
            result.present += 1;
            if row.state != "exported" {
                to_mark.push(row.id);
            }
        } else {
            match fetch(&mut client, row, &path) {
                Ok(Fetched::Whole(file, sum)) => {
                    list.add(line_of(row, &name, &sum))?;
                    file.place().map_err(|source| Failure::File { path: path.clone(), source })?;
                    result.fetched += 1;
                    to_mark.push(row.id);
                }
                Ok(Fetched::Gone) => {
                    result.gone += 1;
                    continue;
                }
                Ok(Fetched::Altered) => {
                    // The others are to be had.
                    out.progress("");
                    let (ja, en) = altered(row);
                    out.note(if out.lang == Lang::Ja { &ja } else { &en });
                    result.altered += 1;
                    continue;
                }
                Err(failure) => {
                    let Some(which) = missing(&failure, out) else { return Err(failure) };
                    // The others are to be had.
                    out.progress("");
                    out.note(&which);
                    result.missing += 1;
                    continue;
                }
            }
        }
        result.bytes += fs::metadata(&path).map_or(0, |file| file.len());
        asked.insert(name);
        if to_mark.len() >= MARKED_AT_ONCE {
            result.unmarked += mark(&mut client, &mut list, &mut to_mark)?;
        }
    }
    result.unmarked += mark(&mut client, &mut list, &mut to_mark)?;
    out.progress("");
    let (others, manifest, sums) = list.finish(&asked)?;
    (result.earlier, result.damaged) = (others.count, others.damaged);
    result.bytes += others.bytes;
    (result.manifest, result.sums) = (Some(manifest), Some(sums));
    show(&result, out)
}

/// Tells the daemon which are here, once they are here for good. Yields how many it takes no mark for from whoever asks: an operator's
/// copies of their own calls let no recording go earlier.
fn mark(client: &mut Client, list: &mut List, to_mark: &mut Vec<i64>) -> Result<u64, Failure> {
    list.settle()?;
    let recordings = std::mem::take(to_mark);
    let count = recordings.len() as u64;
    if count == 0 {
        return Ok(0);
    }
    match client.call(RecordingExported { recordings }) {
        Err(ClientError::Refused(error)) if error.error_code() == Some(ErrorCode::Permission) => Ok(count),
        marked => Ok(marked.map(|_| 0)?),
    }
}

/// `kakeru recording fetch`: one call's recording, to be listened to.
pub(super) fn take(
    socket: &Path,
    attempt: String,
    file: Option<PathBuf>,
    force: bool,
    out: Out,
) -> Result<(), Failure> {
    let mut client = Client::connect(socket)?;
    let page = client.call(RecordingLs { attempt: Some(attempt.clone()), ..RecordingLs::default() })?;
    let missing = || {
        let detail = (format!("通話 {attempt} の録音"), format!("recording of {attempt}"));
        Failure::from(RpcError::with_detail(ErrorCode::NotFound, detail))
    };
    let row = page.rows.into_iter().next().ok_or_else(missing)?;
    if file.as_deref() == Some(Path::new("-")) {
        let told = |bytes: &[u8]| Ok(out.bytes(bytes)?);
        return if receive(&mut client, &row, told)? { Ok(()) } else { Err(missing()) };
    }
    let own = Path::new(&row.path).file_name().map(PathBuf::from);
    let path = file.or(own).ok_or_else(missing)?;
    let failed = |source| Failure::File { path: path.clone(), source };
    if is_stream(&path) {
        let mut there = open_stream(&path).map_err(failed)?;
        let whole = receive(&mut client, &row, |bytes| there.write_all(bytes).map_err(failed))?;
        return if whole { Ok(()) } else { Err(missing()) };
    }
    if path.exists() && !force {
        let why =
            ("すでにあります。上書きするなら --force を付けてください", "it exists; --force overwrites it");
        let of = path.display();
        let detail = (format!("{of}: {}", why.0), format!("{of}: {}", why.1));
        return Err(RpcError::with_detail(ErrorCode::File, detail).into());
    }
    let (fetched, sha256) = match fetch(&mut client, &row, &path)? {
        Fetched::Whole(file, sum) => (file, sum),
        Fetched::Gone => return Err(missing()),
        Fetched::Altered => {
            return Err(RpcError::with_detail(ErrorCode::File, altered(&row)).into());
        }
    };
    fetched.place().map_err(failed)?;
    let bytes = fs::metadata(&path).map_or(0, |file| file.len());
    if out.json {
        let fetched = serde_json::json!({
            "attempt": row.attempt, "path": path, "bytes": bytes, "sha256": sha256,
        });
        return Ok(out.object(&fetched)?);
    }
    Ok(out.line(&format!("{}: {}", path.display(), size(bytes)))?)
}

/// Every recording of the month, the oldest first.
fn month(client: &mut Client, args: &ExportRecordingsArgs) -> Result<Vec<RecordingRow>, Failure> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = client.call(RecordingLs {
            from: Some(args.month.from),
            to: Some(args.month.to),
            list: args.list.clone().path(),
            operator: args.operator.clone(),
            attempt: None,
            held: false,
            oldest_first: true,
            after,
            limit: Some(1_000),
        })?;
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

/// `23/01JD….opus`: the day, and the name that the daemon gave; nothing of its path is taken that leads elsewhere.
fn name_of(row: &RecordingRow) -> Option<String> {
    let file = Path::new(&row.path).file_name()?.to_str()?;
    let day = time::full(row.at);
    Some(format!("{}/{file}", day.get(8..10)?))
}

/// What came of fetching a recording.
enum Fetched {
    /// The file, which is on disk and has yet to get its name, and its sum.
    Whole(Unfinished, String),
    /// The daemon has deleted it.
    Gone,
    /// What the daemon has is not what was recorded.
    Altered,
}

/// Fetches one recording.
fn fetch(client: &mut Client, row: &RecordingRow, path: &Path) -> Result<Fetched, Failure> {
    super::target::guard(path)?;
    let failed = |source| Failure::File { path: path.to_path_buf(), source };
    if let Some(day) = path.parent() {
        folder_of(day)?;
    }
    let (unfinished, mut file) = Unfinished::create(path, 0o600).map_err(failed)?;
    let mut sum = Sha256::new();
    let whole = receive(client, row, |bytes| {
        sum.update(bytes);
        file.write_all(bytes).map_err(failed)
    })?;
    if !whole {
        return Ok(Fetched::Gone);
    }
    let sum = store::hex(&sum.finalize());
    if row.sha256.as_ref().is_some_and(|known| *known != sum) {
        return Ok(Fetched::Altered);
    }
    file.sync_all().map_err(failed)?;
    Ok(Fetched::Whole(unfinished, sum))
}

/// Receives one recording piece by piece; `false`: the daemon has deleted it.
fn receive(
    client: &mut Client,
    row: &RecordingRow,
    mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let mut next = Some(0);
    while let Some(offset) = next {
        let got = match client.call(RecordingFetch { recording: row.id, offset }) {
            Err(ClientError::Refused(error)) if error.error_code() == Some(ErrorCode::NotFound) => {
                return Ok(false);
            }
            got => got?,
        };
        take(&base64::decode(&got.data).unwrap_or_default())?;
        next = got.next;
    }
    Ok(true)
}

/// Which file the daemon does not have, although it keeps the recording.
fn missing(failure: &Failure, out: Out) -> Option<String> {
    let Failure::Client(error) = failure else { return None };
    let ClientError::Refused(refusal) = &**error else { return None };
    if refusal.error_code() != Some(ErrorCode::File) {
        return None;
    }
    Some(refusal.data.as_ref()?.detail_in(out.lang)?.to_owned())
}

/// Which file of the daemon's is not what was recorded, in Japanese and English.
fn altered(row: &RecordingRow) -> (String, String) {
    let path = &row.path;
    (
        format!("録音のファイルが壊れています(SHA-256が録音時と違います): {path}"),
        format!("the recording's file is damaged (its SHA-256 is not that of the recording): {path}"),
    )
}

fn line_of(row: &RecordingRow, name: &str, sha256: &str) -> StringRecord {
    let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
    StringRecord::from(vec![
        name.to_owned(),
        sha256.to_owned(),
        row.bytes.map_or_else(String::new, |bytes| bytes.to_string()),
        time::full(row.at),
        row.duration_ms.map_or_else(String::new, |ms| (ms / 1000).to_string()),
        text(&row.number),
        text(&row.company),
        text(&row.person),
        text(if row.operator_name.is_some() { &row.operator_name } else { &row.operator }),
        text(&row.operator),
        text(&row.list),
        text(&row.label),
        row.attempt.clone(),
    ])
}

/// What people said is nobody else's to hear.
fn folder_of(path: &Path) -> Result<(), Failure> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| Failure::File { path: path.to_path_buf(), source })
}

/// Exit code 1 when some were deleted meanwhile, are missing or damaged: the folder lacks them.
fn show(result: &Exported, out: Out) -> Result<(), Failure> {
    if out.json {
        out.object(result)?;
    } else {
        let folder = result.folder.display();
        let (rows, bytes) = (result.fetched + result.present + result.earlier, size(result.bytes));
        out.line(&format!("{folder}: {rows} ({bytes})"))?;
        for (label, count) in [
            (out.text("今回取得", "fetched"), result.fetched),
            (out.text("取得済み", "there already"), result.present),
            (out.text("以前の取得分", "of an earlier export"), result.earlier),
            (out.text("壊れていて取り直せない", "damaged, cannot be fetched again"), result.damaged),
            (out.text("その間に削除", "deleted meanwhile"), result.gone),
            (out.text("ファイルがない", "file is missing"), result.missing),
            (out.text("ファイルが壊れている", "file is damaged"), result.altered),
            (
                out.text("書き出し済みの印なし(権限がない)", "not marked as exported (not for your role)"),
                result.unmarked,
            ),
        ] {
            if count > 0 {
                out.line(&format!("  {label}: {count}"))?;
            }
        }
        let check = out.text("確認", "check");
        out.line(&format!("  {check}: (cd {folder} && sha256sum --check {SUMS})"))?;
    }
    if result.gone + result.damaged + result.missing + result.altered == 0 {
        Ok(())
    } else {
        Err(Failure::Exit(REFUSED))
    }
}

/// Recordings that are marked with one command.
const MARKED_AT_ONCE: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str) -> RecordingRow {
        serde_json::from_value(serde_json::json!({
            "id": 1, "attempt": "01JD", "at": 1_795_222_800_000_i64, "path": path, "state": "final",
            "bytes": 3, "duration_ms": 61_000, "sha256": null, "hold": false, "hold_reason": null,
            "synced": true, "number": "0312345678", "company": "=1+1", "person": null, "operator": "alice", "operator_name": "佐藤 愛",
            "list": "四月", "label": "見込",
        }))
        .unwrap()
    }

    /// S4.50: who is told to go on has something to go on with.
    #[test]
    fn an_export_that_was_cut_short_says_how_it_goes_on() {
        let path = || PathBuf::from("x");
        let kind = std::io::ErrorKind::StorageFull;
        assert!(is_cut_short(&ClientError::Broken(std::io::ErrorKind::UnexpectedEof.into()).into()));
        assert!(is_cut_short(&Failure::File { path: path(), source: kind.into() }));
        assert!(!is_cut_short(&ClientError::Unreachable { path: path(), source: kind.into() }.into()));
        assert!(!is_cut_short(&RpcError::refused(ErrorCode::Permission).into()));
        assert!(!is_cut_short(&Failure::Exit(REFUSED)));
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        assert_eq!(name_of(&row("/r/2026-11/21/01JD.opus")).unwrap(), "21/01JD.opus");
        assert_eq!(name_of(&row("/r/../../etc/passwd")).unwrap(), "21/passwd");
        assert_eq!(name_of(&row("/r/..")), None);
    }

    #[test]
    fn a_line_names_file_sum_and_call_and_runs_nothing() {
        let line = line_of(&row("/r/21/01JD.opus"), "21/01JD.opus", "ab");
        let cells = line.iter().collect::<Vec<_>>().join(",");
        assert_eq!(
            cells,
            "21/01JD.opus,ab,3,2026-11-21 10:00:00,61,0312345678,'=1+1,,佐藤 愛,alice,四月,見込,01JD"
        );
    }
}
