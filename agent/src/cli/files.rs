//! `kakeru list import` and `kakeru list export`: the client reads and writes the files, with its own rights.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use protocol::params::{ListCreate, ListImport};
use protocol::result::{ExportResult, ImportIssue, ImportResult};
use protocol::{ErrorCode, RpcError, Verb};

use super::Failure;
use super::args::ImportArgs;
use super::events::progress_line;
use super::output::{Out, REFUSED};
use super::table::{Table, shorten};
use crate::control::client::{Client, ClientError, Notice};

pub(super) fn import(socket: &Path, args: ImportArgs, out: Out) -> Result<(), Failure> {
    let (name, bytes) = read_upload(&args.file)?;
    let mut client = Client::connect(socket)?;
    if args.create {
        create(&mut client, &args)?;
    }
    client.upload(&name, &bytes)?;
    drop(bytes);
    let watcher = if out.json { None } else { watch(socket, out) };
    let result = client.call(ListImport {
        list: args.list,
        upload: Some(name.clone()),
        file: Some(name),
        encoding: args.encoding,
        delimiter: args.delimiter,
        header: args.header,
        profile: args.profile,
        map: args.map,
        assign: args.assign,
        dup_in_file: args.dup_in_file,
        dup_existing: args.dup_existing,
        partial: args.partial,
        dry_run: args.dry_run,
        overwrite_empty: args.overwrite_empty,
        report: args.report.is_some(),
        ..ListImport::default()
    });
    if watcher.is_some() {
        out.progress("");
    }
    let result = result?;
    if let (Some(path), Some(report)) = (&args.report, &result.report) {
        write(path, |file| client.download(report, file))?;
    }
    if out.json {
        out.object(&result)?;
    } else {
        show(&result, args.dry_run, out)?;
    }
    // Nothing was taken although it was asked for.
    if result.committed || args.dry_run { Ok(()) } else { Err(Failure::Exit(REFUSED)) }
}

/// Has the daemon write a file and fetches it.
pub(super) fn fetch<V: Verb<Result = ExportResult>>(
    socket: &Path,
    verb: V,
    file: &Path,
    out: Out,
) -> Result<(), Failure> {
    let mut client = Client::connect(socket)?;
    let result = client.call(verb)?;
    let Some(download) = &result.download else {
        let detail = "the daemon offered no file";
        return Err(ClientError::Refused(RpcError::with_detail(ErrorCode::Internal, detail)).into());
    };
    if !save(&mut client, download, file, out)? {
        return Ok(());
    }
    if out.json {
        let mut result = result;
        result.path = Some(file.display().to_string());
        result.download = None;
        return Ok(out.object(&result)?);
    }
    let rows = out.text("行を書き出しました", "rows written");
    Ok(out.line(&format!("{}: {} {rows}", file.display(), result.rows))?)
}

/// A file's name and bytes, to be uploaded.
pub(super) fn read_upload(file: &Path) -> Result<(String, Vec<u8>), Failure> {
    let name = file.file_name().map_or_else(|| "-".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok((name, read(file)?))
}

/// Fetches what the daemon wrote, to a file or to standard output. `false`: the output was the file.
pub(super) fn save(client: &mut Client, download: &str, file: &Path, out: Out) -> Result<bool, Failure> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        client.download(download, &mut bytes)?;
        out.bytes(&bytes)?;
        return Ok(false);
    }
    write(file, |into| client.download(download, into))?;
    Ok(true)
}

fn create(client: &mut Client, args: &ImportArgs) -> Result<(), Failure> {
    let created = client.call(ListCreate { name: args.list.clone(), project: args.project.clone() });
    match created {
        Ok(_) => Ok(()),
        Err(ClientError::Refused(error)) if error.error_code() == Some(ErrorCode::ListDup) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Shows the progress from a connection of its own, until the import is over or this process ends.
fn watch(socket: &Path, out: Out) -> Option<std::thread::JoinHandle<()>> {
    let mut client = Client::connect(socket).ok()?;
    client.subscribe(None, vec!["import.".to_owned()]).ok()?;
    let show = move || {
        while let Ok(notice) = client.next_notice() {
            let Notice::Event(record) = notice else { continue };
            let Some(line) = progress_line(&record.event, out) else { return };
            out.progress(&line);
        }
    };
    std::thread::Builder::new().name("progress".to_owned()).spawn(show).ok()
}

fn show(result: &ImportResult, dry_run: bool, out: Out) -> Result<(), Failure> {
    let head = match (result.committed, dry_run) {
        (true, _) => out.text("登録しました", "imported"),
        (false, true) => out.text("確認のみ(登録していません)", "checked only, nothing changed"),
        (false, false) => out.text(
            "登録していません。誤りを直すか --partial を付けてください",
            "nothing imported; correct the mistakes or add --partial",
        ),
    };
    out.line(&format!("{}: {} ({}, {})", result.list, head, result.encoding, result.delimiter))?;
    for (label, count) in [
        (out.text("読み取り", "rows"), result.rows),
        (out.text("新規", "inserted"), result.inserted),
        (out.text("更新", "updated"), result.updated),
        (out.text("変更なし", "unchanged"), result.unchanged),
        (out.text("重複", "duplicates"), result.duplicates),
        (out.text("エラー", "refused"), result.refused),
        (out.text("連絡先の追加", "contacts created"), result.contacts_created),
        (out.text("連絡先の更新", "contacts updated"), result.contacts_updated),
    ] {
        if count > 0 {
            out.line(&format!("  {label}: {count}"))?;
        }
    }
    if let Some(import) = &result.import {
        out.line(&format!("  {}: kakeru list import-undo {import}", out.text("元に戻す", "undo")))?;
    }
    issues(&result.errors, out)?;
    issues(&result.warnings, out)
}

fn issues(issues: &[ImportIssue], out: Out) -> Result<(), Failure> {
    if issues.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&[
        out.text("行", "line"),
        out.text("列", "column"),
        out.text("値", "value"),
        out.text("コード", "code"),
        out.text("内容", "what"),
        out.text("対処", "to do"),
    ])
    .right(&[0])
    .whole();
    for issue in issues.iter().take(SHOWN) {
        let known = issue.code.parse::<ErrorCode>().ok();
        let text = known.map_or("", |code| code.text().in_lang(out.lang));
        let lines: Vec<_> = issue.lines.iter().map(u64::to_string).collect();
        let text = if lines.is_empty() { text.to_owned() } else { format!("{text} ({})", lines.join(", ")) };
        table.row([
            issue.line.to_string(),
            issue.column.clone().unwrap_or_default(),
            shorten(issue.value.as_deref().unwrap_or_default(), CELL),
            issue.code.clone(),
            text,
            known.map_or("", |code| code.hint().in_lang(out.lang)).to_owned(),
        ]);
    }
    out.table(&table)?;
    if issues.len() > SHOWN {
        out.line(&format!(
            "  … {} {}",
            issues.len() - SHOWN,
            out.text("件(--json か --report で全件)", "more (--json or --report has all)")
        ))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::File { path: path.to_path_buf(), source };
    if path != Path::new("-") {
        return std::fs::read(path).map_err(failed);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Writes a file whole or not at all: under another name first.
fn write(
    path: &Path,
    fill: impl FnOnce(&mut std::fs::File) -> Result<(), ClientError>,
) -> Result<(), Failure> {
    let failed = |source| Failure::File { path: path.to_path_buf(), source };
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut file = std::fs::File::create(&part).map_err(failed)?;
    let written = fill(&mut file).map_err(Failure::from);
    let written = written.and_then(|()| {
        file.flush()
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::rename(&part, path))
            .map_err(failed)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}

/// Columns of a bad cell that are shown.
const CELL: usize = 30;
/// Mistakes shown to a person; a file with more has one cause.
const SHOWN: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.csv");
        std::fs::write(&path, "old").unwrap();
        let broken = || ClientError::Broken(std::io::ErrorKind::UnexpectedEof.into());
        assert!(write(&path, |_| Err(broken())).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        write(&path, |file| file.write_all(b"new").map_err(|_| broken())).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
