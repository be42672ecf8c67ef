//! `kakeru list import`, `contact import` and `dnc import`: the client reads and writes the files, with its own rights.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use protocol::params::{ContactImport, DncImport, ListImport};
use protocol::result::{DncImported, ImportIssue, ImportResult, PreviewRow};
use protocol::{Detail, ErrorCode, RpcError, Verb};

use super::args::{ContactImportArgs, ImportArgs, RowsArgs};
use super::output::{Out, REFUSED};
use super::progress::{self, Work};
use super::table::Table;
use super::unfinished::{Farewell, Unfinished, is_stream, open_stream};
use super::{Failure, render};
use crate::control::client::{Client, ClientError, UploadError};

pub(super) fn import(socket: &Path, args: ImportArgs, out: Out) -> Result<(), Failure> {
    let name = upload_name(&args.file);
    writable(&args.rows, &args.file, out)?;
    let mut client = Client::connect(socket)?;
    upload(&mut client, &name, &args.file, out)?;
    let (sheet, rows) = (args.sheet, args.rows);
    let verb = ListImport {
        list: args.list,
        project: args.project,
        create: args.create,
        create_project: args.create_project,
        upload: Some(name.clone()),
        file: Some(name),
        encoding: sheet.encoding,
        delimiter: sheet.delimiter,
        header: sheet.header,
        profile: args.profile,
        map: sheet.map,
        assign: args.assign,
        dup_in_file: args.dup_in_file,
        dup_existing: args.dup_existing,
        partial: rows.partial,
        dry_run: rows.dry_run,
        overwrite_empty: args.overwrite_empty,
        report: rows.report.is_some(),
        report_warnings: rows.report_warnings.is_some(),
        lang: Some(out.text("ja", "en").to_owned()),
        ..ListImport::default()
    };
    carry_out(client, socket, verb, "list", &rows, out)
}

pub(super) fn import_contacts(socket: &Path, args: ContactImportArgs, out: Out) -> Result<(), Failure> {
    let name = upload_name(&args.file);
    writable(&args.rows, &args.file, out)?;
    let mut client = Client::connect(socket)?;
    upload(&mut client, &name, &args.file, out)?;
    let (sheet, rows) = (args.sheet, args.rows);
    let verb = ContactImport {
        upload: Some(name.clone()),
        file: Some(name),
        encoding: sheet.encoding,
        delimiter: sheet.delimiter,
        header: sheet.header,
        profile: args.profile,
        map: sheet.map,
        dup_in_file: args.dup_in_file,
        dup_existing: args.dup_existing,
        merge_categories: args.merge_categories,
        partial: rows.partial,
        dry_run: rows.dry_run,
        overwrite_empty: args.overwrite_empty,
        report: rows.report.is_some(),
        report_warnings: rows.report_warnings.is_some(),
        lang: Some(out.text("ja", "en").to_owned()),
        ..ContactImport::default()
    };
    carry_out(client, socket, verb, "contacts", &rows, out)
}

/// Adds the numbers of a file to the do-not-call list, or clears them.
pub(super) fn import_dnc(
    socket: &Path,
    verb: DncImport,
    file: &Path,
    rows: &RowsArgs,
    out: Out,
) -> Result<(), Failure> {
    let name = upload_name(file);
    writable(rows, file, out)?;
    let mut client = Client::connect(socket)?;
    upload(&mut client, &name, file, out)?;
    let (clear, dry_run) = (verb.clear, verb.dry_run);
    let verb = DncImport { upload: Some(name.clone()), file: Some(name), ..verb };
    let result = waited_for(&mut client, socket, verb, "dnc", out)?;
    let offered = (result.report.as_deref(), result.warnings_report.as_deref());
    let fetched = fetch_reports(&mut client, rows, offered);
    if out.json {
        out.object(&result)?;
    } else {
        render::dnc_imported(&result, clear, rows, out)?;
        let DncImported { errors, warnings, counts, .. } = &result;
        render::issues(&findings((errors, warnings), counts, rows, fetched.is_ok()), out)?;
    }
    fetched?;
    if result.committed || dry_run { Ok(()) } else { Err(Failure::Exit(REFUSED)) }
}

/// Has the daemon import what was uploaded, and shows how far it is.
fn waited_for<V: Verb>(
    client: &mut Client,
    socket: &Path,
    verb: V,
    into: &'static str,
    out: Out,
) -> Result<V::Result, Failure> {
    let bar = progress::watch(socket, Work::Import { into }, out);
    let said = match into {
        "dnc" => out.text(
            "中断しました。どうなったかは kakeru dnc imports で確認してください(登録した番号は発信されません)",
            "interrupted; `kakeru dnc imports` shows how it stands, and what was entered stays blocked",
        ),
        _ => out.text(
            "中断しました。終わっていなければ何も登録されません。kakeru list imports で確認できます",
            "interrupted; unless it was done already nothing of it is kept, which `kakeru list imports` shows",
        ),
    };
    let farewell = Farewell::say(said);
    let result = client.call(verb);
    drop((bar, farewell));
    if matches!(result, Err(ClientError::Broken(_))) && !out.json {
        // The daemon ended: its next start does the same as an interrupt.
        out.note(said);
    }
    Ok(result?)
}

/// Fetches the refused rows and the doubts, where they were asked for. Where there are none no file is written, but one of the name,
/// which is of an earlier import, is emptied: what stands in it is not of this one.
fn fetch_reports(
    client: &mut Client,
    rows: &RowsArgs,
    (refused, doubts): (Option<&str>, Option<&str>),
) -> Result<(), Failure> {
    for (path, offered) in [(&rows.report, refused), (&rows.report_warnings, doubts)] {
        match (path, offered) {
            (Some(path), Some(offered)) => write(path, |file| client.download(offered, file))?,
            (Some(path), None) if !is_stream(path) && path.exists() => write(path, |_| Ok(()))?,
            (Some(_), None) | (None, _) => {}
        }
    }
    Ok(())
}

/// What was found; `written`: the files that were asked for are there.
fn findings<'a>(
    (errors, warnings): (&'a [ImportIssue], &'a [ImportIssue]),
    counts: &'a BTreeMap<String, u64>,
    rows: &'a RowsArgs,
    written: bool,
) -> render::Findings<'a> {
    let file = |path: &'a Option<PathBuf>| {
        path.as_deref().filter(|path| written && (is_stream(path) || path.exists()))
    };
    let (refused, doubts) = (file(&rows.report), file(&rows.report_warnings));
    render::Findings { errors, warnings, counts, refused, doubts }
}

/// Has the daemon import what was uploaded; shows what came of it, and fetches the refused rows.
fn carry_out<V: Verb<Result = ImportResult>>(
    mut client: Client,
    socket: &Path,
    verb: V,
    into: &'static str,
    rows: &RowsArgs,
    out: Out,
) -> Result<(), Failure> {
    let result = waited_for(&mut client, socket, verb, into, out)?;
    let offered = (result.report.as_deref(), result.warnings_report.as_deref());
    let fetched = fetch_reports(&mut client, rows, offered);
    // What is done is told, also where the refused rows cannot be written down.
    if out.json {
        out.object(&result)?;
    } else {
        show(&result, rows, out)?;
        let ImportResult { errors, warnings, counts, .. } = &result;
        render::issues(&findings((errors, warnings), counts, rows, fetched.is_ok()), out)?;
    }
    fetched?;
    // Nothing was taken although it was asked for.
    if result.committed || rows.dry_run { Ok(()) } else { Err(Failure::Exit(REFUSED)) }
}

/// What a file is called on the other side: its name without its folder.
fn upload_name(file: &Path) -> String {
    file.file_name().map_or_else(|| "-".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Sends a file, or standard input, piece by piece: the whole of it is in no memory.
fn upload(client: &mut Client, name: &str, file: &Path, out: Out) -> Result<(), Failure> {
    let failed = |source| Failure::File { path: file.to_path_buf(), source };
    let (mut from, size): (Box<dyn Read>, u64) = if file == Path::new("-") {
        (Box::new(io::stdin().lock()), 0)
    } else {
        let opened = File::open(file).map_err(failed)?;
        let size = opened.metadata().map_or(0, |data| data.len());
        (Box::new(opened), size)
    };
    let sent = out.text("送信", "sent");
    let told = |done: u64| {
        if !out.json && size > TOLD_FROM {
            out.progress(&format!("{}  {sent}", progress::bar(done, size)));
        }
    };
    let result = client.upload_from(name, &mut from, told);
    out.progress("");
    result.map_err(|error| match error {
        UploadError::Read(source) => failed(source),
        UploadError::Client(error) => error.into(),
    })
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

/// Whether a new file may get this name: a file that is there is replaced with `force` only, and a folder or a device never.
pub(super) fn may_stand_at(path: &Path, force: bool) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(_) if !force => Err(exists(path)),
        // A link is replaced, not what it leads to.
        Ok(found) if found.is_file() || found.is_symlink() => Ok(()),
        Ok(_) => {
            let source = io::Error::other("it is not a plain file");
            Err(Failure::File { path: path.to_path_buf(), source })
        }
    }
}

/// Fetches personal data into a file that only whoever runs this command may read, whole or not at all.
pub(super) fn save_private(
    client: &mut Client,
    download: &str,
    path: &Path,
    force: bool,
) -> Result<(), Failure> {
    let failed = |source| Failure::File { path: path.to_path_buf(), source };
    let (unfinished, file) = Unfinished::create(path, PRIVATE).map_err(failed)?;
    Target { file: &file, refused: None }.fill(path, |target| client.download(download, target))?;
    file.sync_all().map_err(failed)?;
    super::exports::place(unfinished.part(), path, force).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => failed(source),
    })?;
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

pub(super) fn exists(path: &Path) -> Failure {
    RpcError::with_detail(ErrorCode::FileExists, Detail::name(path.display().to_string())).into()
}

fn show(result: &ImportResult, asked: &RowsArgs, out: Out) -> Result<(), Failure> {
    let head = head(result, asked, out);
    let into = if result.list.is_empty() { out.text("連絡先", "contacts") } else { &result.list };
    out.line(&format!("{into}: {} ({}, {})", head, result.encoding, result.delimiter))?;
    for (label, count) in [
        (out.text("読み取り", "rows"), result.rows),
        (out.text("新規", "inserted"), result.inserted),
        (out.text("更新", "updated"), result.updated),
        (out.text("変更なし", "unchanged"), result.unchanged),
        (out.text("登録済み(そのまま)", "left as they are"), result.skipped),
        (out.text("重複", "duplicates"), result.duplicates),
        (out.text("エラー", "refused"), result.refused),
        (out.text("連絡先の追加", "contacts created"), result.contacts_created),
        (out.text("連絡先の更新", "contacts updated"), result.contacts_updated),
    ] {
        // Into the contact book they are the new and changed rows themselves.
        let told_before = result.list.is_empty() && label.starts_with(out.text("連絡先の", "contacts "));
        if count > 0 && !told_before {
            out.line(&format!("  {label}: {count}"))?;
        }
    }
    if let Some(import) = &result.import {
        let verb = if result.list.is_empty() { "contact" } else { "list" };
        out.line(&format!("  {}: kakeru {verb} import-undo {import}", out.text("元に戻す", "undo")))?;
    }
    preview(&result.preview, out)
}

/// What became of the file, and what to do where nothing of it is taken.
fn head(result: &ImportResult, asked: &RowsArgs, out: Out) -> String {
    let would = asked.dry_run && result.accepted > 0 && (asked.partial || result.refused == 0);
    let advice = match result.committed || would {
        true => "",
        false => render::nothing_taken(result.rows, result.accepted, out),
    };
    let head = match (result.committed, asked.dry_run) {
        (true, _) => out.text("登録しました", "imported"),
        (false, true) => out.text("確認のみ(登録していません)", "checked only, nothing changed"),
        (false, false) => out.text("登録していません", "nothing imported"),
    };
    if advice.is_empty() { head.to_owned() } else { format!("{head}{}{advice}", out.text("。", "; ")) }
}

/// The first rows, as they would be taken (S1.14).
fn preview(rows: &[PreviewRow], out: Out) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&[
        out.text("行", "line"),
        out.text("会社名", "company"),
        out.text("担当者名", "person"),
        out.text("電話番号", "number"),
        out.text("カテゴリー", "categories"),
        out.text("その他の列", "other columns"),
    ])
    .right(&[0]);
    for row in rows {
        let further = if row.further > 0 { format!(" +{}", row.further) } else { String::new() };
        let columns =
            row.columns.iter().map(|(name, text)| format!("{name}={}", text.as_str().unwrap_or("")));
        table.row([
            row.line.to_string(),
            row.company.clone().unwrap_or_default(),
            row.person.clone().unwrap_or_default(),
            format!("{}{further}", row.number),
            row.categories.join(" "),
            columns.collect::<Vec<_>>().join("  "),
        ]);
    }
    Ok(out.table(&table)?)
}

/// Whether the refused rows and the doubts can be written down later: asked before the others are taken, which cannot be asked for again.
/// Never in place of the file itself, which would be gone with all that it says: of a file without mistakes nothing would be left.
fn writable(rows: &RowsArgs, source: &Path, out: Out) -> Result<(), Failure> {
    if rows.report.is_some() && rows.report == rows.report_warnings {
        let what = (
            "--report と --report-warnings には別のファイルを指定してください",
            "--report and --report-warnings need files of their own",
        );
        return Err(Failure::Exit(out.usage(what, "")));
    }
    let mut reports = rows.report.iter().chain(&rows.report_warnings);
    if reports.clone().any(|path| !is_stream(path) && is_same(path, source)) {
        let what = (
            "--report と --report-warnings には、取り込むファイルとは別のファイルを指定してください",
            "--report and --report-warnings need another file than the one that is imported",
        );
        return Err(Failure::Exit(out.usage(what, "")));
    }
    reports.try_for_each(|path| may_be_written(path))
}

/// Whether both lead to one file, by whatever names.
fn is_same(one: &Path, other: &Path) -> bool {
    let file = |path: &Path| path.metadata().ok().map(|file| (file.dev(), file.ino()));
    file(one).is_some_and(|one| Some(one) == file(other))
}

fn may_be_written(path: &Path) -> Result<(), Failure> {
    super::target::guard(path)?;
    let failed = |source| Failure::File { path: path.to_path_buf(), source };
    if path.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    if is_stream(path) {
        return Ok(());
    }
    Unfinished::create(path, MODE).map(drop).map_err(failed)
}

/// Writes a file whole or not at all, under another name first; what is no file gets the bytes as they come.
fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<(), ClientError>) -> Result<(), Failure> {
    super::target::guard(path)?;
    let failed = |source| Failure::File { path: path.to_path_buf(), source };
    if is_stream(path) {
        let there = open_stream(path).map_err(failed)?;
        return Target { file: &there, refused: None }.fill(path, fill);
    }
    let (unfinished, file) = Unfinished::create(path, MODE).map_err(failed)?;
    Target { file: &file, refused: None }.fill(path, fill)?;
    file.sync_all().and_then(|()| unfinished.place()).map_err(failed)
}

/// A file that is filled from a connection: what the disk says of it is no trouble with the connection.
struct Target<'a> {
    file: &'a File,
    refused: Option<io::Error>,
}

impl Target<'_> {
    fn fill(
        mut self,
        path: &Path,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), ClientError>,
    ) -> Result<(), Failure> {
        let filled = fill(&mut self);
        match self.refused {
            Some(source) => Err(Failure::File { path: path.to_path_buf(), source }),
            None => Ok(filled?),
        }
    }
}

impl Write for Target<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.refused = Some(error);
            }
            kind.into()
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// They hold customers' names and numbers: for whoever asked for them only, who may open them to others.
pub(super) const MODE: u32 = PRIVATE;
/// Smaller files are there before a bar could be read.
const TOLD_FROM: u64 = 4 * 1024 * 1024;
/// Only the owner reads and writes.
const PRIVATE: u32 = 0o600;
/// Columns of a cell that are shown.
pub(super) const CELL: usize = 30;
/// Mistakes shown to a person; a file with more has one cause.
pub(super) const SHOWN: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(partial: bool, dry_run: bool) -> RowsArgs {
        RowsArgs { partial, dry_run, report: None, report_warnings: None }
    }

    /// What is told fits what happened: no mistakes to correct where there are none, no switch that is given already.
    #[test]
    fn a_file_of_which_nothing_is_taken_says_what_to_do() {
        let file = |rows, accepted| {
            let text = serde_json::json!({ "list": "L", "file": "f", "committed": false, "rows": rows,
                "accepted": accepted, "refused": rows - accepted, "duplicates": 0, "inserted": 0, "updated": 0,
                "unchanged": 0, "contacts_created": 0, "contacts_updated": 0, "encoding": "utf-8",
                "delimiter": "comma", "header": true, "errors": [], "warnings": [] });
            serde_json::from_value::<ImportResult>(text).unwrap()
        };
        for (lang, empty, bad, some) in [
            (protocol::Lang::Ja, "登録する行がありません", "登録できる行がありません", "--partial を付けて"),
            (protocol::Lang::En, "the file has no row to take", "no row can be taken", "add --partial"),
        ] {
            let out = Out { json: false, lang };
            let told = |rows, accepted, partial| head(&file(rows, accepted), &asked(partial, false), out);
            assert!(told(0, 0, false).ends_with(empty), "{}", told(0, 0, false));
            for partial in [false, true] {
                let told = told(2, 0, partial);
                assert!(told.contains(bad) && !told.contains("--partial"), "{told}");
            }
            assert!(told(2, 1, false).contains(some), "{}", told(2, 1, false));
            // A preview says whether the import would take it.
            assert!(head(&file(2, 1), &asked(false, true), out).contains(some));
            for (rows, partial) in [(file(2, 1), true), (file(2, 2), false)] {
                let told = head(&rows, &asked(partial, true), out);
                assert!(!told.contains("--partial") && !told.contains(bad), "{told}");
            }
        }
    }

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.csv");
        std::fs::write(&path, "old").unwrap();
        let broken = || ClientError::Broken(io::ErrorKind::UnexpectedEof.into());
        assert!(write(&path, |_| Err(broken())).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        write(&path, |file| file.write_all(b"new").map_err(|_| broken())).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    /// `/dev/stdout` is a link to what this process has open, a file perhaps: that gets the bytes, and the link stays.
    #[test]
    fn a_link_to_what_is_open_is_written_through() {
        use std::os::fd::AsRawFd as _;

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.csv");
        std::fs::write(&path, "before\n").unwrap();
        let open = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        let link = Path::new("/proc/self/fd").join(open.as_raw_fd().to_string());
        let broken = |_| ClientError::Broken(io::ErrorKind::UnexpectedEof.into());
        write(&link, |file| file.write_all(b"after\n").map_err(broken)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before\nafter\n");
        assert!(link.is_symlink() && std::fs::read_dir(dir.path()).unwrap().count() == 1);
        let own = dir.path().join("link.csv");
        std::os::unix::fs::symlink(&path, &own).unwrap();
        assert!(!is_stream(&own), "somebody's own link is replaced by the file, as ever");
    }
}
