//! `kakeru list|contact|dnc|history export`: the daemon writes, the client fetches and puts the file, or its parts, where they
//! belong, with its own rights.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use protocol::result::{Exported, Judged, OverLimit, ReplacedCell};
use protocol::{ErrorCode, Lang, RpcError, Verb};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;
use store::export::Part;

use super::args::WriteArgs;
use super::files::{CELL, MODE, SHOWN, exists, save};
use super::output::Out;
use super::progress::{self, Work};
use super::table::{Table, shorten};
use super::unfinished::{Unfinished, is_stream};
use super::{Failure, render, target};
use crate::control::client::{Client, ClientError};

/// Has the daemon write a file and fetches it.
pub(super) fn fetch<V>(
    socket: &Path,
    verb: V,
    of: String,
    (file, write): (&Path, &WriteArgs),
    out: Out,
) -> Result<(), Failure>
where
    V: Verb,
    V::Result: AsMut<Exported> + Serialize,
{
    let cut = write.cut.wanted();
    if cut {
        may_be_cut(file, write, out)?;
    }
    let mut client = Client::connect(socket)?;
    let bar = progress::watch(socket, Work::Named { work: "export", of }, out);
    let result = client.call(verb);
    drop(bar);
    let mut result = result?;
    let exported = result.as_mut();
    let Some(download) = exported.download.take() else {
        let detail = ("デーモンがファイルを渡しません", "the daemon offered no file");
        return Err(RpcError::with_detail(ErrorCode::Internal, detail).into());
    };
    let named = if cut {
        save_parts(&mut client, &download, file, write.cut.force, exported)?;
        true
    } else {
        save(&mut client, &download, file, out)?
    };
    if !(named && out.json) {
        tell_replaced(&exported.replaced, exported.replaced_total, out);
        let profile = write.profile.as_deref().unwrap_or("open");
        tell_over(&exported.over, profile, cut, out);
        tell_judged(exported.judged.as_ref(), profile, out);
    }
    if !named {
        return Ok(());
    }
    exported.path = (!cut).then(|| file.display().to_string());
    if cut {
        tell_left(file, exported.parts.len(), out);
    }
    if out.json {
        return Ok(out.object(&result)?);
    }
    told(exported, file, out)
}

/// The files and what is in them.
fn told(exported: &Exported, file: &Path, out: Out) -> Result<(), Failure> {
    let rows = out.text("行を書き出しました", "rows written");
    if exported.parts.is_empty() {
        return Ok(out.line(&format!("{}: {} {rows}", file.display(), exported.rows))?);
    }
    let head = [out.text("ファイル", "file"), out.text("行数", "rows"), out.text("バイト", "bytes")];
    let mut table = Table::new(&head).right(&[1, 2]).whole();
    for part in &exported.parts {
        let path = part.path.clone().unwrap_or_default();
        table.row([path, part.rows.to_string(), part.bytes.to_string()]);
    }
    out.table(&table)?;
    let files = out.text("ファイルに", "files:");
    Ok(out.line(&format!("{} {files} {} {rows}", exported.parts.len(), exported.rows))?)
}

/// Refuses what cannot be cut before anything is written.
fn may_be_cut(file: &Path, write: &WriteArgs, out: Out) -> Result<(), Failure> {
    if file == Path::new("-") {
        let what = (
            "複数のファイルに分けるときはファイル名を指定してください",
            "name a file to be cut into several",
        );
        return Err(Failure::Exit(out.usage(what, "")));
    }
    // Those of an earlier export that had more parts would be taken for parts of this one.
    match earlier(file).into_iter().next() {
        Some(path) if !write.cut.force => Err(exists(&path)),
        _ => Ok(()),
    }
}

/// `out-001.csv` of `out.csv`.
fn part_name(file: &Path, number: usize) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = match file.extension() {
        Some(extension) => format!("{stem}-{number:03}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{number:03}"),
    };
    file.with_file_name(name)
}

/// Files that have the names of parts, in order.
fn earlier(file: &Path) -> Vec<PathBuf> {
    let there = |path: &PathBuf| path.symlink_metadata().is_ok();
    (1..=Part::MOST).map(|number| part_name(file, number)).filter(there).collect()
}

/// Says which files have the names of further parts: they are of another export, and not of this one.
fn tell_left(file: &Path, parts: usize, out: Out) {
    let left =
        earlier(file).into_iter().filter(|path| (1..=parts).all(|number| part_name(file, number) != *path));
    for path in left {
        let what = out.text("は以前の書き出しのファイルです", "is of an earlier export");
        out.note(&format!("{} {what}", path.display()));
    }
}

/// Fetches the parts, each into a file; they get their names when all are whole and on disk.
fn save_parts(
    client: &mut Client,
    download: &str,
    file: &Path,
    force: bool,
    exported: &mut Exported,
) -> Result<(), Failure> {
    let files: Vec<_> = (1..).map(|number| part_name(file, number)).zip(&exported.parts).collect();
    let mut parts = Parts::begin(files.iter().map(|(path, part)| (path.clone(), part.bytes)))?;
    let fetched = client.download(download, &mut parts);
    parts.finish(fetched, force)?;
    for (at, part) in exported.parts.iter_mut().enumerate() {
        part.path = Some(part_name(file, at + 1).display().to_string());
    }
    Ok(())
}

/// Files that are filled one after another, under other names until all are whole. Each keeps everybody else from writing it: a later
/// part may be the file, or the first part, of another export.
struct Parts {
    files: Vec<Unfinished>,
    /// What those to be filled still get, this one first.
    left: VecDeque<u64>,
    /// What the disk said, and of which file.
    failed: Option<(PathBuf, io::Error)>,
}

impl Parts {
    fn begin(files: impl Iterator<Item = (PathBuf, u64)>) -> Result<Self, Failure> {
        open_files();
        let mut parts = Self { files: Vec::new(), left: VecDeque::new(), failed: None };
        for (path, bytes) in files {
            target::guard(&path)?;
            if is_stream(&path) {
                // Parts get their names together or not at all, which it cannot be.
                return Err(exists(&path));
            }
            let (file, _) = Unfinished::create(&path, MODE).map_err(|source| failed(&path, source))?;
            parts.files.push(file);
            parts.left.push_back(bytes);
        }
        Ok(parts)
    }

    /// Gives them their names, all or none; `fetched` is how their content came.
    fn finish(mut self, fetched: Result<(), ClientError>, force: bool) -> Result<(), Failure> {
        if let Some((path, source)) = self.failed.take() {
            return Err(failed(&path, source));
        }
        fetched?;
        if self.left.iter().any(|left| *left > 0) {
            return Err(ClientError::Broken(io::ErrorKind::UnexpectedEof.into()).into());
        }
        for file in &self.files {
            file.file().sync_all().map_err(|source| failed(file.path(), source))?;
        }
        for (at, file) in self.files.iter().enumerate() {
            let path = file.path();
            if let Err(source) = place(file.part(), path, force) {
                // Those before it were not there: they are ours.
                let placed = self.files.iter().take(if force { 0 } else { at });
                placed.for_each(|file| drop(fs::remove_file(file.path())));
                return Err(match source.kind() {
                    io::ErrorKind::AlreadyExists => exists(path),
                    _ => failed(path, source),
                });
            }
        }
        Ok(())
    }
}

/// Lets this process have as many files open as it may: there are up to [`Part::MOST`] parts.
fn open_files() {
    let limit = getrlimit(Resource::Nofile);
    // Where that is refused, fewer parts fit, and the first that does not says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        while self.left.front() == Some(&0) {
            self.left.pop_front();
        }
        let Some(unfinished) = self.files.get(self.files.len() - self.left.len()) else { return Ok(0) };
        let Some(left) = self.left.front_mut() else { return Ok(0) };
        let room = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
        let mut file = unfinished.file();
        let written = file.write(&bytes[..room]).inspect_err(|error| {
            let told = io::Error::new(error.kind(), error.to_string());
            self.failed = Some((unfinished.path().to_path_buf(), told));
        })?;
        *left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Renames; over another file only with `force`, also where one appears at this moment.
pub(super) fn place(from: &Path, to: &Path, force: bool) -> io::Result<()> {
    if force {
        return fs::rename(from, to);
    }
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system without it.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if to.symlink_metadata().is_err() => {
            fs::rename(from, to)
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Err(io::ErrorKind::AlreadyExists.into()),
        other => other.map_err(io::Error::from),
    }
}

fn failed(path: &Path, source: io::Error) -> Failure {
    Failure::File { path: path.to_path_buf(), source }
}

/// Says what the product does not take at once, and what to do, beside whatever is printed.
fn tell_over(over: &[OverLimit], profile: &str, cut: bool, out: Out) {
    over.iter().for_each(|limit| out.note(&over_line(limit, profile, cut, out)));
}

fn over_line(OverLimit { limit, most, found }: &OverLimit, profile: &str, cut: bool, out: Out) -> String {
    let split = out.text("--split を付けると収まるファイルに分けます", "--split cuts it into files that fit");
    let ja = out.lang == Lang::Ja;
    match &**limit {
        "rows" if ja => {
            format!("{profile} は1ファイル {most} 行までです。これは {found} 行あります。{split}")
        }
        "rows" => format!("{profile} takes {most} rows a file, this has {found}; {split}"),
        "bytes" if ja => {
            format!("{profile} は1ファイル {most} バイトまでです。これは {found} バイトあります。{split}")
        }
        "bytes" => format!("{profile} takes {most} bytes a file, this has {found}; {split}"),
        "leads" => {
            let lists = found.div_ceil((*most).max(1));
            let todo = match (ja, cut) {
                (true, true) => "ファイルごとに別のリストへ取り込んでください".to_owned(),
                (false, true) => "import each file into a list of its own".to_owned(),
                (true, false) => format!("{lists}個のリストが必要です。{split}"),
                (false, false) => format!("{lists} lists are needed; {split}"),
            };
            if ja {
                format!("{profile} は1リスト {most} 件までです。これは {found} 件あります。{todo}")
            } else {
                format!("a list of {profile} takes {most} leads, these are {found}; {todo}")
            }
        }
        _ if ja => format!("{profile} の{limit}は {most} 件までです。これは {found} 件あります"),
        _ => format!("{profile} takes {most} {limit}, these are {found}"),
    }
}

/// Says which rows the product would refuse, and what it would doubt, beside whatever is printed.
fn tell_judged(judged: Option<&Judged>, profile: &str, out: Out) {
    let Some(Judged { refused, counts, errors, warnings }) = judged else { return };
    if *refused > 0 {
        out.note(&match out.lang {
            Lang::Ja => {
                format!("{profile} は {refused} 行を受け付けません(書き出したファイルには含まれています)")
            }
            Lang::En => {
                format!("{profile} would refuse {refused} of these rows, which are written all the same")
            }
        });
    }
    for issues in [errors, warnings].into_iter().filter(|issues| !issues.is_empty()) {
        let issues = issues.iter().map(|found| (found.part, &found.issue));
        render::issue_lines(issues, out.columns_beside(), out).iter().for_each(|line| out.note(line));
    }
    if errors.len() > SHOWN || warnings.len() > SHOWN {
        let each: Vec<String> = counts.iter().map(|(code, count)| format!("{code} {count}")).collect();
        let more = out.text("--json で100件ずつまで", "--json has up to 100 of each");
        out.note(&format!("  {}: {} ({more})", out.text("合計", "in all"), each.join(", ")));
    }
}

/// Says which cells were written otherwise than they stand, beside whatever is printed.
fn tell_replaced(cells: &[ReplacedCell], total: u64, out: Out) {
    if total == 0 {
        return;
    }
    let what = out.text(
        "個のセルは、書き出せない文字があるため似た文字に置き換えました",
        "cells hold signs that the file cannot have; others that look alike stand for them",
    );
    out.note(&format!("{total} {what}"));
    let parts = cells.iter().any(|cell| cell.part.is_some());
    let head = [
        if parts { out.text("ファイル-行", "file-line") } else { out.text("行", "line") },
        out.text("列", "column"),
        out.text("値", "value"),
        out.text("書き出した値", "written"),
    ];
    let mut table = Table::new(&head).right(&[0]).whole();
    for cell in cells.iter().take(SHOWN) {
        let shown = [&cell.value, &cell.written].map(|text| shorten(text, CELL));
        let row = cell.part.map_or_else(|| cell.row.to_string(), |part| format!("{part:03}-{}", cell.row));
        table.row([row, cell.column.clone()].into_iter().chain(shown));
    }
    table.lines().iter().for_each(|line| out.note(line));
    let more = total.saturating_sub(cells.len().min(SHOWN) as u64);
    if more > 0 {
        out.note(&format!(
            "  … {more} {}",
            out.text("個(--json で1000個まで)", "more (--json has up to 1000)")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(lang: Lang) -> Out {
        Out { json: false, lang }
    }

    fn fill(file: &Path, lengths: &[u64], content: &[u8], force: bool) -> Result<(), Failure> {
        let files = lengths.iter().enumerate().map(|(at, bytes)| (part_name(file, at + 1), *bytes));
        let mut parts = Parts::begin(files)?;
        // In pieces that end anywhere.
        let fetched =
            content.chunks(3).try_for_each(|piece| parts.write_all(piece)).map_err(ClientError::Broken);
        parts.finish(fetched, force)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// S0.22: all parts or none, none over a file that is there, and nothing beside them.
    #[test]
    fn parts_appear_together_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("out.csv");
        fill(&file, &[4, 0, 5], b"onlytwo..", false).unwrap();
        assert_eq!(names(dir.path()), ["out-001.csv", "out-002.csv", "out-003.csv"]);
        let read = |number| fs::read_to_string(part_name(&file, number)).unwrap();
        assert_eq!((read(1), read(2), read(3)), ("only".into(), String::new(), "two..".into()));
        fs::remove_file(part_name(&file, 1)).unwrap();
        fs::remove_file(part_name(&file, 2)).unwrap();
        let refused = fill(&file, &[1, 1, 1], b"abc", false);
        assert!(
            matches!(refused, Err(Failure::Refused(error)) if error.error_code() == Some(ErrorCode::FileExists))
        );
        assert_eq!(
            names(dir.path()),
            ["out-003.csv"],
            "those that were placed before it went are gone again"
        );
        assert_eq!(read(3), "two..");
        for content in [&b"ab"[..], b"abcd"] {
            assert!(fill(&file, &[1, 1, 1], content, true).is_err(), "{content:?}");
            assert_eq!(names(dir.path()), ["out-003.csv"]);
        }
        fill(&file, &[1, 1, 1], b"abc", true).unwrap();
        assert_eq!((read(3), names(dir.path()).len()), ("c".into(), 3));
        assert_eq!(part_name(Path::new("a/b.c/d"), 12), Path::new("a/b.c/d-012"));
    }

    /// S0.22: nobody else writes a part meanwhile, a later one neither: another export may be to a file of that name.
    #[test]
    fn every_part_is_kept_from_others() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("out.csv");
        let files = (1..=Part::MOST).map(|number| (part_name(&file, number), 1));
        let mut parts = Parts::begin(files).unwrap();
        for number in [1, 2, Part::MOST] {
            let refused = Unfinished::create(&part_name(&file, number), MODE).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ResourceBusy, "{number}");
        }
        parts.write_all(&[b'a'; Part::MOST]).unwrap();
        parts.finish(Ok(()), false).unwrap();
        assert_eq!(fs::read_to_string(part_name(&file, Part::MOST)).unwrap(), "a");
        assert!(Unfinished::create(&part_name(&file, 2), MODE).is_ok());
    }

    /// S0.22, S1.12: figures, and what to do, in both languages.
    #[test]
    fn what_a_product_does_not_take_is_told_with_figures() {
        let over = |limit: &str| OverLimit { limit: limit.to_owned(), most: 5_000, found: 12_345 };
        for (lang, cut, limit, told) in [
            (Lang::Ja, false, "rows", "--split"),
            (Lang::En, false, "bytes", "--split"),
            (Lang::Ja, false, "leads", "3個のリスト"),
            (Lang::En, true, "leads", "each file into a list of its own"),
            (Lang::Ja, true, "leads", "ファイルごとに別のリスト"),
            (Lang::En, false, "contacts", "5000 contacts"),
        ] {
            let line = over_line(&over(limit), "miitel", cut, out(lang));
            for word in [told, "5000", "12345", "miitel"] {
                assert!(line.contains(word), "{line}");
            }
        }
    }
}
