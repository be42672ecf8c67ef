//! `kakeru recording fetch` takes one recording; `kakeru recording export` a month of them into a folder, with a list (S4.36, S4.50).
//!
//! The client writes, with its own rights; each recording is checked against the sum that was taken when it was recorded. What
//! is there already and whole is not fetched again, so that an export that was broken off goes on where it stopped. The list
//! comes last: a folder without it is not finished. Lines of an earlier list stay as long as their files lie in the folder: the
//! daemon may have deleted the recordings since, and a list may be of some of them only.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use protocol::params::{RecordingExported, RecordingFetch, RecordingLs};
use protocol::result::RecordingRow;
use protocol::{ErrorCode, RpcError};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Failure;
use super::args::ExportRecordingsArgs;
use super::output::{Out, REFUSED};
use super::progress;
use super::render::manage::size;
use super::time;
use crate::control::base64;
use crate::control::client::{Client, ClientError};
use crate::sync::harmless;

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
    /// Size of what is in the folder.
    bytes: u64,
    /// The list of the recordings, and their sums for `sha256sum --check`.
    manifest: Option<PathBuf>,
    sums: Option<PathBuf>,
}

/// A recording in the folder.
struct Kept {
    row: RecordingRow,
    /// Below the folder.
    name: String,
    sha256: String,
}

pub(super) fn export(socket: &Path, args: &ExportRecordingsArgs, out: Out) -> Result<(), Failure> {
    let mut client = Client::connect(socket)?;
    let rows = month(&mut client, args)?;
    let folder = args.dir.join(&args.month.name);
    folder_of(&folder)?;
    let (manifest, sums) = (folder.join(MANIFEST), folder.join(SUMS));
    let before = earlier(&manifest, out)?;
    let mut result = Exported {
        month: args.month.name.clone(),
        folder: folder.clone(),
        recordings: rows.len() as u64,
        ..Exported::default()
    };
    let all = rows.len() as u64;
    let mut kept = Vec::with_capacity(rows.len());
    for (done, row) in (0_u64..).zip(rows) {
        if !out.json {
            out.progress(&format!("{}  {done} / {all}  {}", progress::bar(done, all), size(result.bytes)));
        }
        let Some(name) = name_of(&row) else { continue };
        let path = folder.join(&name);
        let found = match row.sha256.as_deref().filter(|sum| whole(&path, sum)) {
            Some(sum) => {
                result.present += 1;
                Some(sum.to_owned())
            }
            None => match fetch(&mut client, &row, &path) {
                Err(failure) => match missing(&failure, out) {
                    Some(which) => {
                        // The others are to be had.
                        out.progress("");
                        out.note(&which);
                        result.missing += 1;
                        continue;
                    }
                    None => return Err(failure),
                },
                fetched => fetched?.inspect(|_| result.fetched += 1),
            },
        };
        match found {
            None => result.gone += 1,
            Some(sha256) => {
                result.bytes += fs::metadata(&path).map_or(0, |file| file.len());
                kept.push(Kept { row, name, sha256 });
            }
        }
    }
    out.progress("");
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| Failure::File { path, source }
    };
    let mut lines: BTreeMap<(String, String), StringRecord> = BTreeMap::new();
    for line in before {
        let (name, sum) = (line[0].to_owned(), &line[1]);
        let path = folder.join(&name);
        if kept.iter().any(|kept| kept.name == name) || !path.is_file() {
            continue;
        }
        result.earlier += 1;
        result.damaged += u64::from(!whole(&path, sum));
        result.bytes += fs::metadata(&path).map_or(0, |file| file.len());
        lines.insert((line[3].to_owned(), name), line);
    }
    for line in kept.iter().map(line_of) {
        lines.insert((line[3].to_owned(), line[0].to_owned()), line);
    }
    let list = manifest_of(lines.values()).map_err(failed(&manifest))?;
    write(&manifest, &list).map_err(failed(&manifest))?;
    let lines: String = lines.values().map(|line| format!("{}  {}\n", &line[1], &line[0])).collect();
    write(&sums, lines.as_bytes()).map_err(failed(&sums))?;
    for some in kept.chunks(MOST_MARKED) {
        let recordings = some.iter().map(|kept| kept.row.id).collect();
        client.call(RecordingExported { recordings })?;
    }
    (result.manifest, result.sums) = (Some(manifest), Some(sums));
    show(&result, out)
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
        let mut next = Some(0);
        while let Some(offset) = next {
            let got = client.call(RecordingFetch { recording: row.id, offset })?;
            out.bytes(&base64::decode(&got.data).unwrap_or_default())?;
            next = got.next;
        }
        return Ok(());
    }
    let own = Path::new(&row.path).file_name().map(PathBuf::from);
    let path = file.or(own).ok_or_else(missing)?;
    if path.exists() && !force {
        let why = out.text(
            "すでにあります。上書きするなら --force を付けてください",
            "it exists; --force overwrites it",
        );
        let exists = io::Error::new(io::ErrorKind::AlreadyExists, why);
        return Err(Failure::File { path, source: exists });
    }
    // A part that lies there is of no export.
    let _ = fs::remove_file(part_of(&path));
    let sha256 = fetch(&mut client, &row, &path)?.ok_or_else(missing)?;
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

/// Fetches one recording; `None`: the daemon has deleted it. Returns its sum.
fn fetch(client: &mut Client, row: &RecordingRow, path: &Path) -> Result<Option<String>, Failure> {
    super::target::guard(path)?;
    let failed = |source| Failure::File { path: path.to_path_buf(), source };
    if let Some(day) = path.parent() {
        folder_of(day)?;
    }
    let part = part_of(path);
    // What an earlier export had begun is gone on with; if that was something else, its sum says so.
    for begun in [true, false] {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(!begun).mode(0o600);
        let mut file = options.open(&part).map_err(failed)?;
        let mut sum = Sha256::new();
        let mut next = Some(feed(&mut file, &mut sum).map_err(failed)?);
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        while let Some(offset) = next {
            let got = match client.call(RecordingFetch { recording: row.id, offset }) {
                Err(ClientError::Refused(error)) if error.error_code() == Some(ErrorCode::NotFound) => {
                    let _ = fs::remove_file(&part);
                    return Ok(None);
                }
                got => got?,
            };
            let bytes = base64::decode(&got.data).unwrap_or_default();
            file.write_all(&bytes).map_err(failed)?;
            sum.update(&bytes);
            next = got.next;
        }
        let sum = hex(&sum.finalize());
        if row.sha256.as_ref().is_none_or(|known| *known == sum) {
            file.sync_all().map_err(failed)?;
            fs::rename(&part, path).map_err(failed)?;
            return Ok(Some(sum));
        }
    }
    let _ = fs::remove_file(&part);
    Err(failed(io::Error::new(
        io::ErrorKind::InvalidData,
        "the recording differs from its checksum (SHA-256)",
    )))
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

/// Takes the rest of a file into a sum; returns how much it was.
fn feed(file: &mut File, sum: &mut Sha256) -> io::Result<u64> {
    let (mut buffer, mut all) = (vec![0; 64 * 1024], 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(all);
        }
        sum.update(&buffer[..read]);
        all += read as u64;
    }
}

/// Whether the file is there and is what was recorded.
fn whole(path: &Path, sum: &str) -> bool {
    let read = || -> io::Result<String> {
        let mut hasher = Sha256::new();
        feed(&mut File::open(path)?, &mut hasher)?;
        Ok(hex(&hasher.finalize()))
    };
    read().is_ok_and(|found| found == sum)
}

/// The lines of the list that an earlier export left.
fn earlier(manifest: &Path, out: Out) -> Result<Vec<StringRecord>, Failure> {
    let failed = |source| Failure::File { path: manifest.to_path_buf(), source };
    let bytes = match fs::read(manifest) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        bytes => bytes.map_err(failed)?,
    };
    read_manifest(&bytes).ok_or_else(|| {
        // Its lines may be all that is known of recordings that are deleted by now.
        let why = out.text(
            "ほかのプログラムで変更されています。別の名前に変えてから、もう一度実行してください",
            "another program changed it; give it another name, then export again",
        );
        failed(io::Error::new(io::ErrorKind::InvalidData, why))
    })
}

/// `None`: it is not as an export writes it, or names a file elsewhere.
fn read_manifest(bytes: &[u8]) -> Option<Vec<StringRecord>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::Reader::from_reader(bytes);
    if reader.headers().ok()?.iter().ne(COLUMNS) {
        return None;
    }
    let lines: Vec<StringRecord> = reader.records().collect::<Result<_, _>>().ok()?;
    let below = |line: &StringRecord| {
        Path::new(&line[0]).components().all(|part| matches!(part, std::path::Component::Normal(_)))
    };
    lines.iter().all(below).then_some(lines)
}

fn line_of(kept: &Kept) -> StringRecord {
    let Kept { row, name, sha256 } = kept;
    let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
    StringRecord::from(vec![
        name.clone(),
        sha256.clone(),
        row.bytes.map_or_else(String::new, |bytes| bytes.to_string()),
        time::full(row.at),
        row.duration_ms.map_or_else(String::new, |ms| (ms / 1000).to_string()),
        text(&row.number),
        text(&row.company),
        text(&row.person),
        text(&row.operator),
        text(&row.list),
        text(&row.label),
        row.attempt.clone(),
    ])
}

fn manifest_of<'a>(lines: impl Iterator<Item = &'a StringRecord>) -> io::Result<Vec<u8>> {
    let mut bytes = b"\xEF\xBB\xBF".to_vec();
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut bytes);
    writer.write_record(COLUMNS)?;
    for line in lines {
        writer.write_record(line)?;
    }
    writer.flush()?;
    drop(writer);
    Ok(bytes)
}

/// Whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = part_of(path);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)
}

fn part_of(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

/// What people said is nobody else's to hear.
fn folder_of(path: &Path) -> Result<(), Failure> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| Failure::File { path: path.to_path_buf(), source })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
        ] {
            if count > 0 {
                out.line(&format!("  {label}: {count}"))?;
            }
        }
        let check = out.text("確認", "check");
        out.line(&format!("  {check}: (cd {folder} && sha256sum --check {SUMS})"))?;
    }
    if result.gone + result.damaged + result.missing == 0 { Ok(()) } else { Err(Failure::Exit(REFUSED)) }
}

/// Recordings that are marked with one command.
const MOST_MARKED: usize = 1_000;
const MANIFEST: &str = "manifest.csv";
const SUMS: &str = "SHA256SUMS";
const COLUMNS: [&str; 12] = [
    "ファイル",
    "SHA-256",
    "バイト数",
    "日時",
    "秒数",
    "電話番号",
    "会社名",
    "担当者名",
    "対応ユーザー",
    "リスト",
    "結果",
    "ID",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str) -> RecordingRow {
        serde_json::from_value(serde_json::json!({
            "id": 1, "attempt": "01JD", "at": 1_795_222_800_000_i64, "path": path, "state": "final",
            "bytes": 3, "duration_ms": 61_000, "sha256": null, "hold": false, "hold_reason": null,
            "synced": true, "number": "0312345678", "company": "=1+1", "person": null, "operator": "alice",
            "list": "四月", "label": "見込",
        }))
        .unwrap()
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        assert_eq!(name_of(&row("/r/2026-11/21/01JD.opus")).unwrap(), "21/01JD.opus");
        assert_eq!(name_of(&row("/r/../../etc/passwd")).unwrap(), "21/passwd");
        assert_eq!(name_of(&row("/r/..")), None);
    }

    #[test]
    fn the_list_names_file_sum_and_call_and_runs_nothing() {
        let kept = Kept { row: row("/r/21/01JD.opus"), name: "21/01JD.opus".into(), sha256: "ab".into() };
        let bytes = manifest_of([line_of(&kept)].iter()).unwrap();
        assert_eq!(read_manifest(&bytes).unwrap(), [line_of(&kept)]);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("\u{FEFF}ファイル,SHA-256,"), "{text}");
        let line = text.lines().nth(1).unwrap();
        assert_eq!(line, "21/01JD.opus,ab,3,2026-11-21 10:00:00,61,0312345678,'=1+1,,alice,四月,見込,01JD");
    }

    #[test]
    fn a_list_that_somebody_else_wrote_is_not_taken() {
        let kept = Kept { row: row("/r/21/01JD.opus"), name: "21/01JD.opus".into(), sha256: "ab".into() };
        let text = String::from_utf8(manifest_of([line_of(&kept)].iter()).unwrap()).unwrap();
        assert!(read_manifest(text.as_bytes()).is_some());
        for changed in [
            text.replace("SHA-256", "sum"),
            text.replace("21/01JD", "../01JD"),
            text.replace("21/01JD", "/etc/01JD"),
            text.replace(",01JD", ""),
            String::new(),
        ] {
            assert!(read_manifest(changed.as_bytes()).is_none(), "{changed}");
        }
    }

    #[test]
    fn a_file_that_differs_is_fetched_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.opus");
        write(&path, b"abc").unwrap();
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(whole(&path, sum));
        write(&path, b"abd").unwrap();
        assert!(!whole(&path, sum) && !whole(&dir.path().join("none"), sum));
    }
}
