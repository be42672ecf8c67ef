//! The rows of an import once more, in the order of their numbers, whatever the size of the file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::num::NonZeroU64;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Advice, FallocateFlags};

use crate::error::{Error, Result};
use crate::id::ImportId;
use crate::phone::Phone;
use crate::staging::{NumberRow, Placed, StagedRow};

use super::packed;

/// Takes rows in the order of the file; [`Self::sorted`] gives them back by number, equal numbers in the order of the file.
///
/// Rows are packed and sorted in runs of some MiB; all but a single one are written to a file without a name beside the
/// database, which goes with the process.
pub(super) struct ByNumber {
    path: PathBuf,
    run: Run,
    most: usize,
    count: u64,
    spilled: Option<Spilled>,
}

/// Packed rows, and where each begins.
#[derive(Default)]
struct Run {
    bytes: Vec<u8>,
    places: Vec<(u64, u32)>,
}

struct Spilled {
    file: File,
    end: u64,
    /// Where each run ends.
    ends: Vec<u64>,
}

impl ByNumber {
    /// `folder`: of the database.
    pub(super) fn new(folder: &Path, import: ImportId) -> Self {
        Self::with_runs(folder, import, RUN_BYTES)
    }

    fn with_runs(folder: &Path, import: ImportId, most: usize) -> Self {
        let path = folder.join(format!("import-{import}"));
        Self { path, run: Run::default(), most, count: 0, spilled: None }
    }

    /// Takes a row and what it did to the list.
    ///
    /// # Errors
    /// [`Error::File`] when the disk is full or fails.
    pub(super) fn push(&mut self, row: &StagedRow, placed: Placed) -> Result<()> {
        if self.run.bytes.len() >= self.most {
            self.spill().map_err(|source| failed(&self.path, source))?;
        }
        let at = u32::try_from(self.run.bytes.len()).unwrap_or(u32::MAX);
        self.run.places.push((order(&row.phone), at));
        packed::put(&mut self.run.bytes, row, placed);
        self.count += 1;
        Ok(())
    }

    /// How many rows it took.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// All rows by number.
    ///
    /// # Errors
    /// [`Error::File`] when the disk is full or fails.
    pub(super) fn sorted(mut self) -> Result<Sorted> {
        let sources = match self.spilled {
            None => {
                self.run.places.sort_unstable();
                vec![Source::Memory { bytes: self.run.bytes, places: self.run.places.into_iter() }]
            }
            Some(_) => {
                self.spill().map_err(|source| failed(&self.path, source))?;
                self.spilled.take().map(Spilled::sources).unwrap_or_default()
            }
        };
        let mut sorted = Sorted { path: self.path, sources, next: BinaryHeap::new() };
        for at in 0..sorted.sources.len() {
            sorted.advance(at)?;
        }
        Ok(sorted)
    }

    fn spill(&mut self) -> io::Result<()> {
        let Run { bytes, places } = &mut self.run;
        places.sort_unstable();
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            None => self.spilled.insert(Spilled { file: unnamed(&self.path)?, end: 0, ends: Vec::new() }),
        };
        let mut out = BufWriter::with_capacity(CHUNK, &spilled.file);
        let mut begun = spilled.end;
        for (key, at) in places.iter() {
            let record = packed::record(bytes, *at as usize).ok_or_else(damaged)?;
            out.write_all(&key.to_le_bytes())?;
            out.write_all(record)?;
            spilled.end += (KEY + record.len()) as u64;
            if spilled.end - begun >= STEP {
                out.flush()?;
                write_out(&spilled.file, begun, spilled.end);
                begun = spilled.end;
            }
        }
        out.flush()?;
        drop(out);
        write_out(&spilled.file, begun, spilled.end);
        spilled.ends.push(spilled.end);
        bytes.clear();
        places.clear();
        Ok(())
    }
}

impl Spilled {
    fn sources(self) -> Vec<Source> {
        let file = Arc::new(self.file);
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        let run = |(at, &end)| {
            Source::Disk(Reading { file: Arc::clone(&file), at, end, kept: at, buffer: Vec::new(), from: 0 })
        };
        begins.zip(&self.ends).map(run).collect()
    }
}

/// Rows in the order of their numbers.
pub(super) struct Sorted {
    path: PathBuf,
    sources: Vec<Source>,
    /// The first row of each source that has any: its number, and which source.
    next: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Sorted {
    /// Looks at the next row of a source.
    fn advance(&mut self, source: usize) -> Result<()> {
        let Some(run) = self.sources.get_mut(source) else { return Ok(()) };
        if let Some(key) = run.peek().map_err(|source| failed(&self.path, source))? {
            self.next.push(Reverse((key, source)));
        }
        Ok(())
    }

    fn take_next(&mut self) -> Result<Option<NumberRow>> {
        let Some(Reverse((_, source))) = self.next.pop() else { return Ok(None) };
        let row = self.sources.get_mut(source).and_then(Source::take);
        self.advance(source)?;
        row.map(Some).ok_or_else(|| failed(&self.path, damaged()))
    }
}

impl Iterator for Sorted {
    type Item = Result<NumberRow>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take_next().transpose()
    }
}

enum Source {
    Memory { bytes: Vec<u8>, places: std::vec::IntoIter<(u64, u32)> },
    Disk(Reading),
}

impl Source {
    fn peek(&mut self) -> io::Result<Option<u64>> {
        match self {
            Self::Memory { places, .. } => Ok(places.as_slice().first().map(|(key, _)| *key)),
            Self::Disk(reading) => reading.peek(),
        }
    }

    /// The row that was looked at.
    fn take(&mut self) -> Option<NumberRow> {
        match self {
            Self::Memory { bytes, places } => {
                let (_, at) = places.next()?;
                packed::take(packed::record(bytes, at as usize)?)
            }
            Self::Disk(reading) => {
                let record = packed::record(&reading.buffer, reading.from + KEY)?;
                reading.from += KEY + record.len();
                packed::take(record)
            }
        }
    }
}

/// A run in the file, read piece by piece.
struct Reading {
    file: Arc<File>,
    at: u64,
    end: u64,
    /// Where it begins on the disk now.
    kept: u64,
    buffer: Vec<u8>,
    /// What of the buffer is used up.
    from: usize,
}

impl Reading {
    /// Makes sure that the next row is in the buffer as a whole.
    fn peek(&mut self) -> io::Result<Option<u64>> {
        loop {
            let rest = self.buffer.get(self.from..).unwrap_or_default();
            if let Some((key, _)) = rest.split_first_chunk::<KEY>()
                && packed::record(rest, KEY).is_some()
            {
                return Ok(Some(u64::from_le_bytes(*key)));
            }
            if self.at >= self.end {
                return if rest.is_empty() { Ok(None) } else { Err(damaged()) };
            }
            self.buffer.drain(..self.from);
            self.from = 0;
            let (old, more) = (self.buffer.len(), (self.end - self.at).min(CHUNK as u64));
            self.buffer.resize(old + more as usize, 0);
            let piece = self.buffer.get_mut(old..).unwrap_or_default();
            self.file.read_exact_at(piece, self.at)?;
            self.at += more;
            if self.at - self.kept >= STEP || self.at == self.end {
                give_back(&self.file, self.kept, self.at);
                self.kept = self.at;
            }
        }
    }
}

/// Orders numbers as their texts are ordered: digits from the left, then the length.
fn order(phone: &Phone) -> u64 {
    let digits = phone.expose().bytes().filter(u8::is_ascii_digit);
    let (value, count) = digits.fold((0, 0), |(sum, count), b| (sum * 10 + u64::from(b - b'0'), count + 1));
    value * 10_u64.pow(MOST_DIGITS.saturating_sub(count)) * 16 + u64::from(count)
}

/// A file that only this process finds. It holds personal data.
fn unnamed(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create_new(true).read(true).write(true).mode(0o600).open(path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

/// Begins to write a part of the file out. The kernel would do so by itself half a minute later, with all of it at once, and a call's commit
/// would wait behind a hundred megabytes. Nothing of the file has to outlive the process, so nobody waits for the disk, and no log of the
/// file system is written for it, as a sync would.
fn write_out(file: &File, from: u64, to: u64) {
    let Some(length) = NonZeroU64::new(to - from) else { return };
    // The only advice of POSIX that begins to write; what is in the middle of being written stays in memory.
    if let Err(error) = rustix::fs::fadvise(file, from, Some(length), Advice::DontNeed) {
        tracing::debug!(%error, "rows by number were not written out ahead");
    }
}

/// Gives a part that was read back to the disk. All of it at the end would be one long piece of work of the file system, and a call's commit
/// behind that.
fn give_back(file: &File, from: u64, to: u64) {
    // A block at either end may be another run's too.
    let (from, to) = (from.next_multiple_of(BLOCK), to / BLOCK * BLOCK);
    if from < to {
        let how = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        // Not every file system can.
        let _ = rustix::fs::fallocate(file, how, from, to - from);
    }
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::File { path: path.to_owned(), source }
}

fn damaged() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

/// Of packed rows in memory: some 35,000 of a usual list.
const RUN_BYTES: usize = 4 << 20;
/// Written out or given back at once.
const STEP: u64 = 1 << 20;
/// Of a file system.
const BLOCK: u64 = 4096;
/// Read of a run at once.
const CHUNK: usize = 32 << 10;
/// Bytes of a number in front of its row.
const KEY: usize = 8;
/// Digits of an E.164 number at most.
const MOST_DIGITS: u32 = 15;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn row(number: u64, name: &str, again: bool) -> StagedRow {
        StagedRow {
            line: 1,
            phone: Phone::from_e164(&format!("+81{number}")).unwrap(),
            ext: None,
            label: None,
            email: None,
            owner: None,
            assigned: None,
            excluded: None,
            kept: None,
            rests: None,
            raw_phone: if again { format!("0{number}") } else { String::new() },
            clir: None,
            company: Some(name.to_owned()),
            person: None,
            categories: vec!["関東".to_owned(); name.len() % 3],
            extra_phones: Vec::new(),
            attrs: Vec::new(),
            name_key: String::new(),
            again,
            joins: false,
        }
    }

    fn placed(again: bool, at: u64) -> Placed {
        match at % 3 {
            _ if again => Placed::Same,
            0 => Placed::Changed(at as i64 + 1),
            _ => Placed::New(at as i64 + 1),
        }
    }

    #[test]
    fn rows_come_back_by_number_and_equal_ones_in_the_order_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        for most in [usize::MAX, 3_000, 1] {
            let mut rows = ByNumber::with_runs(folder.path(), ImportId::generate(1), most);
            let mut expected: Vec<(String, u64, bool)> = Vec::new();
            for at in 0..700_u64 {
                let number = 300_000_000 + at * 7_919 % 251;
                // Nine digits and ten.
                let number = if at % 5 == 0 { number * 10 + at % 3 } else { number };
                let again = expected.iter().any(|(phone, ..)| *phone == format!("+81{number}"));
                let row = row(number, &format!("会社{at}"), again);
                rows.push(&row, placed(again, at)).unwrap();
                expected.push((format!("+81{number}"), at, again));
            }
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
            expected.sort();
            let found: Vec<NumberRow> = rows.sorted().unwrap().map(|row| row.unwrap()).collect();
            assert_eq!(found.len(), expected.len());
            for (found, (phone, at, again)) in found.iter().zip(expected) {
                assert_eq!(found.row.phone.expose(), phone);
                assert_eq!(found.row.company.as_deref(), Some(&*format!("会社{at}")));
                assert_eq!(found.row.categories.len(), format!("会社{at}").len() % 3);
                assert_eq!((found.placed, found.row.again), (placed(again, at), again));
                assert_eq!(found.row.raw_phone.is_empty(), !again);
            }
        }
    }

    #[test]
    fn what_was_read_is_given_back_to_the_disk() {
        // Beside the sources, which lie on a disk: what holds temporary files may be memory.
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let mut rows = ByNumber::with_runs(folder.path(), ImportId::generate(1), 2 << 20);
        let name = "長".repeat(300);
        for at in 0..6_000 {
            rows.push(&row(300_000_000 + at * 7_919 % 6_000, &name, false), Placed::New(1)).unwrap();
        }
        let mut sorted = rows.sorted().unwrap();
        let file = match sorted.sources.first() {
            Some(Source::Disk(reading)) => Arc::clone(&reading.file),
            _ => panic!("nothing was spilled"),
        };
        let kept = || file.metadata().unwrap().blocks() * 512;
        let whole = kept();
        assert!(whole > 4 << 20, "{whole} bytes");
        assert_eq!(sorted.by_ref().take(3_000).filter(Result::is_ok).count(), 3_000);
        let half = kept();
        assert!(half < whole * 3 / 4, "{half} of {whole} bytes");
        assert_eq!(sorted.by_ref().filter(Result::is_ok).count(), 3_000, "nothing else went");
        assert!(kept() < whole / 10, "{} of {whole} bytes", kept());
    }

    #[test]
    fn no_rows_are_none() {
        let rows = ByNumber::new(Path::new("/nowhere"), ImportId::generate(1));
        assert!(rows.sorted().unwrap().next().is_none());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told() {
        let mut rows = ByNumber::with_runs(Path::new("/nowhere"), ImportId::generate(1), 1);
        rows.push(&row(312_345_678, "A", false), Placed::Same).unwrap();
        let error = rows.push(&row(312_345_679, "B", false), Placed::Same).unwrap_err();
        assert_eq!(error.code(), "E-FILE");
    }
}
