//! What lies in a folder of exported recordings: `manifest.csv`, and `SHA256SUMS` for `sha256sum --check`.
//!
//! A recording's line is on disk before its file has its name, so that an export that is killed leaves no file without its line:
//! the daemon may delete the recording the minute after. Lines are appended as recordings come and put in order at the end. A
//! last line that is torn is of a file that has no name yet.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

use csv::StringRecord;
use protocol::{ErrorCode, RpcError};
use sha2::{Digest as _, Sha256};

use super::super::Failure;
use super::super::unfinished::{Unfinished, part_of};

/// The recordings in a folder, while one export writes there.
pub(super) struct List {
    folder: PathBuf,
    /// By name below the folder.
    lines: HashMap<String, StringRecord>,
    manifest: File,
    sums: File,
    /// Folders of days with a file that is not known to be there after a power failure.
    days: HashSet<PathBuf>,
    /// Another export that wrote here would write the same parts.
    _turn: File,
}

/// What an export did not ask for, and lies there.
#[derive(Debug, Default)]
pub(super) struct Others {
    pub(super) count: u64,
    /// Those that are not what was recorded.
    pub(super) damaged: u64,
    pub(super) bytes: u64,
}

impl List {
    /// Takes up the list that an earlier export left, or begins one.
    ///
    /// # Errors
    /// `E-FILE`: another export writes here, or another program changed the list.
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        let turn = File::open(folder).map_err(failed(folder))?;
        // Some file systems have no locks; they had none before either.
        if let Err(TryLockError::WouldBlock) = turn.try_lock() {
            let (ja, en) = ("別の書き出しが実行中です", "another export writes here");
            return Err(refused(folder, ja, en));
        }
        let (manifest, sums) = (folder.join(MANIFEST), folder.join(SUMS));
        let found = match fs::read(&manifest) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Found::default(),
            // Its lines may be all that is known of recordings that are deleted by now.
            bytes => read(&bytes.map_err(failed(&manifest))?).ok_or_else(|| {
                refused(
                    &manifest,
                    "ほかのプログラムで変更されています。別の名前に変えてから、もう一度実行してください",
                    "another program changed it; give it another name, then export again",
                )
            })?,
        };
        if !found.whole {
            let list = manifest_of(found.lines.iter()).map_err(failed(&manifest))?;
            write(&manifest, &list).map_err(failed(&manifest))?;
        }
        // A later line of the same file is the true one.
        let lines: HashMap<_, _> =
            found.lines.into_iter().map(|line| (line[NAME].to_owned(), line)).collect();
        let days = place_parts(folder, &lines)?;
        let of_lines: String = lines.values().map(sum_of).collect();
        write(&sums, of_lines.as_bytes()).map_err(failed(&sums))?;
        let (manifest, sums) = (append(&manifest)?, append(&sums)?);
        Ok(Self { folder: folder.to_path_buf(), lines, manifest, sums, days, _turn: turn })
    }

    /// The sum that a file is listed with.
    pub(super) fn sum(&self, name: &str) -> Option<&str> {
        self.lines.get(name).map(|line| &line[SUM])
    }

    /// Lists a file, before it has its name. On disk when this returns.
    pub(super) fn add(&mut self, line: StringRecord) -> Result<(), Failure> {
        let path = self.folder.join(&line[NAME]);
        self.days.extend(path.parent().map(Path::to_path_buf));
        if self.sum(&line[NAME]) != Some(&line[SUM]) {
            let mut keep = || -> io::Result<()> {
                self.manifest.write_all(&csv_of([&line])?)?;
                self.manifest.sync_data()?;
                self.sums.write_all(sum_of(&line).as_bytes())
            };
            keep().map_err(failed(&self.folder.join(MANIFEST)))?;
        }
        self.lines.insert(line[NAME].to_owned(), line);
        Ok(())
    }

    /// All that was added is there also after a power failure.
    pub(super) fn settle(&mut self) -> Result<(), Failure> {
        self.sums.sync_data().map_err(failed(&self.folder.join(SUMS)))?;
        for day in self.days.drain().chain([self.folder.clone()]) {
            match File::open(&day).and_then(|day| day.sync_all()) {
                // A file system that syncs no folders.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                synced => synced.map_err(failed(&day))?,
            }
        }
        Ok(())
    }

    /// Puts the lines in order; those go whose files somebody took away. `asked`: names of what this export asked for.
    pub(super) fn finish(mut self, asked: &HashSet<String>) -> Result<(Others, PathBuf, PathBuf), Failure> {
        let mut others = Others::default();
        let mut lines = BTreeMap::new();
        for (name, line) in self.lines.drain() {
            let path = self.folder.join(&name);
            if !asked.contains(&name) {
                let Ok(there) = path.metadata() else { continue };
                others.count += 1;
                others.damaged += u64::from(!is_whole(&path, &line[SUM]));
                others.bytes += there.len();
            }
            lines.insert((line[TIME].to_owned(), name), line);
        }
        let (manifest, sums) = (self.folder.join(MANIFEST), self.folder.join(SUMS));
        let list = manifest_of(lines.values()).map_err(failed(&manifest))?;
        write(&manifest, &list).map_err(failed(&manifest))?;
        let of_lines: String = lines.values().map(sum_of).collect();
        write(&sums, of_lines.as_bytes()).map_err(failed(&sums))?;
        // Of exports that were killed; whatever was to be had is had.
        let days: HashSet<_> = lines.keys().filter_map(|(_, name)| Path::new(name).parent()).collect();
        for entry in
            days.iter().filter_map(|day| fs::read_dir(self.folder.join(day)).ok()).flatten().flatten()
        {
            if entry.path().extension().is_some_and(|extension| extension == "part") {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok((others, manifest, sums))
    }
}

/// Gives those their names that were whole and listed when an export was killed; yields the folders that they are in.
fn place_parts(folder: &Path, lines: &HashMap<String, StringRecord>) -> Result<HashSet<PathBuf>, Failure> {
    let mut days = HashSet::new();
    for (name, line) in lines {
        let path = folder.join(name);
        let part = part_of(&path);
        if !path.exists() && is_whole(&part, &line[SUM]) {
            fs::rename(&part, &path).map_err(failed(&path))?;
            days.extend(path.parent().map(Path::to_path_buf));
        }
    }
    Ok(days)
}

/// Whether the file is there and is what was recorded.
pub(super) fn is_whole(path: &Path, sum: &str) -> bool {
    let read = || -> io::Result<String> {
        let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 64 * 1024]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(store::hex(&hasher.finalize())),
                read => hasher.update(&buffer[..read]),
            }
        }
    };
    read().is_ok_and(|found| found == sum)
}

/// What an earlier export left.
#[derive(Debug, Default)]
struct Found {
    lines: Vec<StringRecord>,
    /// It ends where a line ends.
    whole: bool,
}

/// `None`: it is not as an export writes it, or names a file elsewhere.
fn read(bytes: &[u8]) -> Option<Found> {
    let text = bytes.strip_prefix(BOM).unwrap_or(bytes);
    // After a power failure a file may have its length and not yet its content.
    let end = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let (text, cut) = (&text[..end], end < text.len());
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    // Earlier versions had the login where the name stands, and no column of its own.
    let earlier = COLUMNS.iter().enumerate().filter(|(at, _)| *at != LOGIN).map(|(_, name)| *name);
    let names = reader.headers().ok()?;
    let is_earlier = names.iter().eq(earlier);
    if !is_earlier && names.iter().ne(COLUMNS) {
        return None;
    }
    let records: Vec<_> = reader.byte_records().collect::<Result<_, _>>().ok()?;
    let ended = text.ends_with(b"\n");
    let (last, mut torn) = (records.len().checked_sub(1), false);
    let mut lines = Vec::with_capacity(records.len());
    for (at, record) in records.into_iter().enumerate() {
        let line = StringRecord::from_byte_record(record).ok();
        let line = if is_earlier { line.and_then(|line| with_login(&line)) } else { line };
        let line = line.filter(|line| line.len() == COLUMNS.len());
        let is_last = Some(at) == last;
        // Without its end a line is whole where a spreadsheet left the end out.
        match line.filter(|line| !is_last || ended || line[ID].parse::<store::AttemptId>().is_ok()) {
            Some(line) if !is_below(&line[NAME]) => return None,
            Some(line) => lines.push(line),
            None if is_last => torn = true,
            None => return None,
        }
    }
    Some(Found { lines, whole: ended && !cut && !torn && !is_earlier })
}

/// A line of an earlier version: what stood as the name was the login.
fn with_login(line: &StringRecord) -> Option<StringRecord> {
    let (before, behind) = (line.iter().take(LOGIN), line.iter().skip(LOGIN));
    let login = line.get(LOGIN - 1)?;
    (line.len() == COLUMNS.len() - 1).then(|| before.chain([login]).chain(behind).collect())
}

fn is_below(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

fn manifest_of<'a>(lines: impl Iterator<Item = &'a StringRecord>) -> io::Result<Vec<u8>> {
    let mut bytes = BOM.to_vec();
    bytes.extend(csv_of([&StringRecord::from(COLUMNS.to_vec())])?);
    bytes.extend(csv_of(lines)?);
    Ok(bytes)
}

fn csv_of<'a>(lines: impl IntoIterator<Item = &'a StringRecord>) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for line in lines {
        writer.write_record(line)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn sum_of(line: &StringRecord) -> String {
    format!("{}  {}\n", &line[SUM], &line[NAME])
}

/// Whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (unfinished, mut file) = Unfinished::create(path, 0o600)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    unfinished.place()
}

fn append(path: &Path) -> Result<File, Failure> {
    OpenOptions::new().append(true).open(path).map_err(failed(path))
}

fn failed(path: &Path) -> impl Fn(io::Error) -> Failure {
    let path = path.to_path_buf();
    move |source| Failure::File { path: path.clone(), source }
}

fn refused(path: &Path, ja: &str, en: &str) -> Failure {
    let path = path.display();
    RpcError::with_detail(ErrorCode::File, (format!("{path}: {ja}"), format!("{path}: {en}"))).into()
}

/// The name of the sums, for who checks them.
pub(super) const SUMS: &str = "SHA256SUMS";
const MANIFEST: &str = "manifest.csv";
/// Spreadsheets take the file for UTF-8 by it.
const BOM: &[u8] = b"\xEF\xBB\xBF";
const COLUMNS: [&str; 13] = [
    "ファイル",
    "SHA-256",
    "バイト数",
    "日時",
    "秒数",
    "電話番号",
    "会社名",
    "担当者名",
    "対応ユーザー",
    "対応ユーザーID",
    "リスト",
    "結果",
    "ID",
];
/// Places among them.
const NAME: usize = 0;
const SUM: usize = 1;
const TIME: usize = 3;
const LOGIN: usize = 9;
const ID: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const ATTEMPT: &str = "01KB6T2Q9VZX8N4R5M7C3H1D0E";

    fn line(name: &str, company: &str) -> StringRecord {
        let cells = [
            name,
            ABC,
            "3",
            "2026-11-21 10:00:00",
            "61",
            "0312345678",
            company,
            "",
            "佐藤",
            "op",
            "",
            "",
            ATTEMPT,
        ];
        StringRecord::from(cells.to_vec())
    }

    fn names(found: &Found) -> Vec<&str> {
        found.lines.iter().map(|line| &line[NAME]).collect()
    }

    #[test]
    fn a_list_that_somebody_else_wrote_is_not_taken() {
        let text = manifest_of([line("21/a.opus", "A"), line("21/b.opus", "B")].iter()).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("\u{FEFF}ファイル,SHA-256,"), "{text}");
        assert!(read(text.as_bytes()).unwrap().whole);
        for changed in [
            text.replace("SHA-256", "sum"),
            text.replace("21/a", "../a"),
            text.replace("21/a", "/etc/a"),
            text.replacen(&format!(",{ATTEMPT}"), "", 1),
            String::new(),
        ] {
            assert!(read(changed.as_bytes()).is_none(), "{changed}");
        }
    }

    /// S4.50: a folder that an earlier version wrote goes on, with a column for the login.
    #[test]
    fn a_list_of_an_earlier_version_goes_on() {
        let whole = String::from_utf8(manifest_of([line("21/a.opus", "A")].iter()).unwrap()).unwrap();
        let earlier = whole.replace("対応ユーザーID,", "").replace(",佐藤,op,", ",op,");
        let found = read(earlier.as_bytes()).unwrap();
        assert!(!found.whole, "it is written anew");
        assert_eq!((&found.lines[0][LOGIN], &found.lines[0][ID]), ("op", ATTEMPT));
        assert_eq!(found.lines[0].len(), COLUMNS.len());
        assert!(read(&earlier.as_bytes()[..earlier.len() - 30]).unwrap().lines.is_empty(), "torn");
    }

    /// S4.50: wherever the last line is torn, the others are read, and it is not.
    #[test]
    fn a_torn_last_line_is_not_there() {
        for company in ["株式会社一", "\"1,2\"\r\n3"] {
            let whole = manifest_of([line("21/a.opus", company)].iter()).unwrap();
            let both = manifest_of([line("21/a.opus", company), line("21/b.opus", company)].iter()).unwrap();
            for end in whole.len()..both.len() {
                for zeros in [0, 7] {
                    let torn = [&both[..end], &vec![0; zeros]].concat();
                    let found = read(&torn).unwrap_or_else(|| panic!("{end} of {}", both.len()));
                    // All but the end of the line.
                    let rest =
                        if end >= both.len() - 2 { &["21/a.opus", "21/b.opus"][..] } else { &["21/a.opus"] };
                    assert_eq!(names(&found), rest, "{end} of {}", both.len());
                    assert_eq!(found.whole, end == whole.len() && zeros == 0 || end > both.len(), "{end}");
                }
            }
        }
    }

    /// A line comes before its file: one whose file was whole already gets it, one whose file was not loses its line.
    #[test]
    fn what_was_whole_when_the_export_was_killed_gets_its_name() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("21")).unwrap();
        let there = |name: &str| dir.path().join("21").join(name);
        let mut list = List::open(dir.path()).unwrap();
        for name in ["21/a", "21/b", "21/c"] {
            list.add(line(name, "A")).unwrap();
        }
        fs::write(there("a.part"), b"abc").unwrap();
        fs::write(there("b.part"), b"ab").unwrap();
        fs::write(there("c"), b"abc").unwrap();
        assert!(List::open(dir.path()).is_err(), "one export at a time");
        list.manifest.write_all(b"21/d,\"torn").unwrap();
        // As a killed process leaves it.
        drop(list);
        let mut list = List::open(dir.path()).unwrap();
        assert!(there("a").exists() && !there("b").exists());
        let sums = fs::read_to_string(dir.path().join(SUMS)).unwrap();
        assert_eq!(sums.lines().count(), 3, "{sums}");
        list.add(line("21/e", "E")).unwrap();
        fs::write(there("e"), b"abd").unwrap();
        list.settle().unwrap();
        let (others, manifest, sums) = list.finish(&HashSet::from(["21/a".to_owned()])).unwrap();
        assert_eq!((others.count, others.damaged, others.bytes), (2, 1, 6));
        let found = read(&fs::read(manifest).unwrap()).unwrap();
        assert_eq!((names(&found), found.whole), (vec!["21/a", "21/c", "21/e"], true));
        assert_eq!(fs::read_to_string(sums).unwrap().lines().count(), 3);
        assert!(!there("b.part").exists());
    }

    #[test]
    fn a_file_that_differs_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.opus");
        write(&path, b"abc").unwrap();
        assert!(is_whole(&path, ABC));
        write(&path, b"abd").unwrap();
        assert!(!is_whole(&path, ABC) && !is_whole(&dir.path().join("none"), ABC));
    }
}
