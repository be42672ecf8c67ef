use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::code::Code;
use crate::error::Said;
use crate::id::ImportId;
use crate::staging::{LateDoubt, LateDoubts};

use super::header::{Columns, Role};

use super::encoding::Encoding;
use super::options::Delimiter;

/// One refusal or doubt about one cell.
#[derive(Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the file.
    pub file: Arc<str>,
    /// Physical line, from 1; 0: of the file as a whole.
    pub line: u64,
    /// Every line concerned, for duplicates; empty otherwise.
    pub lines: Vec<u64>,
    /// Name of the column, where one is to blame.
    pub column: Option<Arc<str>>,
    /// The cell as it stood in the file, shortened.
    pub value: String,
    /// What is wrong.
    pub code: Code,
    /// The contact that has the number, of `W-PHONE-TAKEN`.
    pub contact: Option<String>,
}

// The value may be a phone number: a log line shows the place, never the cell.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {} ({})", self.file, self.line, self.code, self.column.as_deref().unwrap_or("-"))
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Problem", 11)?;
        out.serialize_field("file", &*self.file)?;
        out.serialize_field("line", &self.line)?;
        out.serialize_field("lines", &self.lines)?;
        out.serialize_field("column", &self.column.as_deref())?;
        out.serialize_field("value", &self.value)?;
        out.serialize_field("code", &self.code)?;
        out.serialize_field("message", self.code.en())?;
        out.serialize_field("message_ja", self.code.ja())?;
        out.serialize_field("hint", self.code.hint_en())?;
        out.serialize_field("hint_ja", self.code.hint_ja())?;
        match &self.contact {
            Some(contact) => out.serialize_field("contact", contact)?,
            None => out.skip_field("contact")?,
        }
        out.end()
    }
}

impl Serialize for Encoding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Delimiter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What one import found, and (filled by the database) what it changed.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ImportReport {
    /// Name of the file.
    #[serde(serialize_with = "as_text")]
    pub file: Arc<str>,
    /// Encoding used.
    pub encoding: Encoding,
    /// Delimiter used.
    pub delimiter: Delimiter,
    /// Whether line 1 named the columns.
    pub header: bool,
    /// Names of the columns, in the file's order.
    #[serde(serialize_with = "as_texts")]
    pub columns: Vec<Arc<str>>,
    /// Rows with content, without the header.
    pub rows: u64,
    /// Rows that are good to keep and superseded by none; with `refused` and `duplicates` all of `rows`.
    pub accepted: u64,
    /// Rows refused.
    pub refused: u64,
    /// Rows left out as duplicates by policy `first`, or superseded by policy `last`.
    pub duplicates: u64,
    /// Empty rows.
    pub blank: u64,
    /// How often each code occurred, problems beyond the list included.
    pub counts: BTreeMap<Code, u64>,
    /// The first errors and the first warnings, together in file order; at most [`ImportReport::MOST_PROBLEMS`] of each: a file where
    /// every row has a doubt must not hide the one row that is wrong. Further numbers that another contact has (`W-PHONE-TAKEN`) come
    /// before them, at most 100.
    pub problems: Vec<Problem>,
    /// How many of them are errors.
    #[serde(skip)]
    pub(super) errors_kept: usize,
    /// Names of the columns that are kept as text, in order.
    #[serde(serialize_with = "as_texts")]
    pub attributes: Vec<Arc<str>>,
    /// The import, by which it can be undone. Set by the database.
    pub import: Option<ImportId>,
    /// Whether rows were kept. Set by the database.
    pub applied: bool,
    /// Leads that are new on the list, whatever later rows of the same number made of them. Where a file goes into a list, this and
    /// the next three are all of `accepted`. Set by the database.
    pub inserted: u64,
    /// Leads that were on the list and changed. Set by the database.
    pub updated: u64,
    /// Leads that were on the list already, the same; contacts likewise where the file goes into the contact book, each once, however many of its
    /// numbers the file has. Set by the database.
    pub unchanged: u64,
    /// Leads that were on the list and were left as they are. Set by the database.
    pub skipped: u64,
    /// Contacts that are new, each once, as everywhere here. Set by the database.
    pub contacts_created: u64,
    /// Contacts that were changed. Set by the database.
    pub contacts_updated: u64,
}

impl ImportReport {
    /// Errors, and likewise warnings, kept with place and value; further ones are only counted.
    pub const MOST_PROBLEMS: usize = 1_000;

    pub(super) fn new(file: Arc<str>, encoding: Encoding, delimiter: Delimiter) -> Self {
        Self {
            file,
            encoding,
            delimiter,
            header: false,
            columns: Vec::new(),
            rows: 0,
            accepted: 0,
            refused: 0,
            duplicates: 0,
            blank: 0,
            counts: BTreeMap::new(),
            problems: Vec::new(),
            errors_kept: 0,
            attributes: Vec::new(),
            import: None,
            applied: false,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            skipped: 0,
            contacts_created: 0,
            contacts_updated: 0,
        }
    }

    /// Adds what only the database knew. In front: something of these rows was left out.
    pub(super) fn add_late(&mut self, doubts: LateDoubts, columns: &Columns) {
        for (code, count) in doubts.counts {
            *self.counts.entry(code).or_default() += count;
        }
        let mut first = doubts.first;
        // They were met in the order of numbers.
        first.sort_by_key(|doubt| (doubt.code, doubt.line));
        let problems: Vec<Problem> = first.into_iter().map(|doubt| self.late(doubt, columns)).collect();
        self.problems.splice(0..0, problems);
    }

    /// A further number that another contact has, or a lead that stays callable.
    pub(super) fn late(&self, doubt: LateDoubt, columns: &Columns) -> Problem {
        let column = match doubt.column {
            Some(at) => columns.names.get(at).map(Arc::clone),
            None => columns.name(Role::Excluded),
        };
        Problem {
            file: Arc::clone(&self.file),
            line: doubt.line,
            lines: Vec::new(),
            column,
            value: doubt.value,
            code: doubt.code,
            contact: doubt.contact,
        }
    }

    /// Adds whose rows nobody is offered; gives what is told of it. In front, since each is of many rows.
    pub(super) fn add_shut_out(&mut self, owners: Vec<(String, u64)>) -> &[Problem] {
        let count = owners.len();
        for (owner, leads) in owners.into_iter().rev() {
            *self.counts.entry(Code::OwnerGrant).or_default() += leads;
            let (file, value) = (Arc::clone(&self.file), format!("{owner} ({leads})"));
            let (code, lines) = (Code::OwnerGrant, Vec::new());
            let problem = Problem { file, line: 0, lines, column: None, value, code, contact: None };
            self.problems.insert(0, problem);
        }
        &self.problems[..count]
    }

    /// Adds that the list has `leads` now, which is much (C5). In front, since it is of no row.
    pub(super) fn add_large(&mut self, leads: u64) -> &Problem {
        *self.counts.entry(Code::ListLarge).or_default() += 1;
        let (file, value) = (Arc::clone(&self.file), leads.to_string());
        let (code, lines) = (Code::ListLarge, Vec::new());
        self.problems.insert(0, Problem { file, line: 0, lines, column: None, value, code, contact: None });
        &self.problems[0]
    }

    /// Problems that refuse a row.
    pub fn errors(&self) -> u64 {
        self.counts.iter().filter(|(code, _)| !code.is_warning()).map(|(_, count)| count).sum()
    }

    /// Problems that only warn.
    pub fn warnings(&self) -> u64 {
        self.counts.iter().filter(|(code, _)| code.is_warning()).map(|(_, count)| count).sum()
    }

    /// Whether the accepted rows may be kept: always with `partial`, else only if no row was refused.
    pub fn may_apply(&self, partial: bool) -> bool {
        partial || self.refused == 0
    }
}

fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

fn as_texts<S: Serializer>(texts: &[Arc<str>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(texts.iter().map(|text| &**text))
}

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportProgress {
    /// Bytes of the file read.
    pub bytes: u64,
    /// Bytes of the file.
    pub bytes_total: u64,
    /// Rows read.
    pub rows: u64,
    /// Rows refused so far.
    pub refused: u64,
    /// What is done now.
    pub phase: ImportPhase,
    /// How much of the whole work is done, 0 to 99: each phase has its share, it never falls, and it is 100 only when the import is
    /// over.
    pub percent: u8,
}

/// What an import does with its rows: one phase after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportPhase {
    /// They are read and judged; those of a list are written.
    #[default]
    Reading,
    /// Their numbers are entered, and contacts written, in the order of numbers.
    Entering,
}

impl ImportPhase {
    /// `reading` or `entering`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Entering => "entering",
        }
    }
}

impl ImportProgress {
    /// The same with the share of the work that is done: `reading` percent of it are the first phase, and so much is `done` of the one
    /// that it is in.
    pub(crate) fn at(self, phase: ImportPhase, reading: u8, (done, of): (u64, u64)) -> Self {
        let (before, share) = match phase {
            ImportPhase::Reading => (0, u128::from(reading)),
            ImportPhase::Entering => (u128::from(reading), 100 - u128::from(reading)),
        };
        let part = share * u128::from(done.min(of)) / u128::from(of.max(1));
        Self { phase, percent: u8::try_from((before + part).min(99)).unwrap_or(99), ..self }
    }
}

/// An encoding that was tried.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Candidate {
    /// The encoding.
    pub encoding: Encoding,
    /// Offset of the first byte that is not text in it.
    pub first_bad_byte: Option<u64>,
    /// The first cells of the file that are beyond ASCII, read this way and shortened; U+FFFD where bytes are no text.
    pub cells: Vec<String>,
}

/// Why a file as a whole cannot be imported. Nothing of it may be kept.
#[derive(Debug, thiserror::Error)]
#[error("{file}{}: {}{}", line_of(*line), code.en(), detail_of(detail, candidates))]
pub struct ImportError {
    /// `E-CSV-…`.
    pub code: Code,
    /// Name of the file.
    pub file: Arc<str>,
    /// Physical line, where one is to blame.
    pub line: Option<u64>,
    /// Name of the column, where one is to blame.
    pub column: Option<Box<str>>,
    /// Offset of the first bad byte, where the encoding is to blame.
    pub byte: Option<u64>,
    /// What was expected and found, without values of rows; empty where the code says all.
    pub detail: Box<Said>,
    /// The encodings that were tried, for `E-CSV-ENCODING`.
    pub candidates: Vec<Candidate>,
    /// The failure of the file system, for `E-CSV-READ`.
    #[source]
    pub source: Option<io::Error>,
}

impl ImportError {
    pub(super) fn new(code: Code, file: &Arc<str>, line: Option<u64>, detail: Said) -> Self {
        let (file, detail) = (Arc::clone(file), Box::new(detail));
        let (column, byte, candidates, source) = Default::default();
        Self { code, file, line, column, byte, detail, candidates, source }
    }

    pub(super) fn io(file: &Arc<str>, source: io::Error) -> Self {
        Self { source: Some(source), ..Self::new(Code::CsvRead, file, None, Said::nothing()) }
    }
}

fn line_of(line: Option<u64>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}

fn detail_of(detail: &Said, candidates: &[Candidate]) -> String {
    let mut text = if detail.en.is_empty() { String::new() } else { format!(" ({detail})") };
    for candidate in candidates {
        let encoding = candidate.encoding.as_str();
        // The cells are left to those who show them: they are names of people, and this goes into logs.
        text.push_str(&match candidate.first_bad_byte {
            Some(byte) => format!(" Not {encoding}: byte {byte}."),
            None => format!(" Perhaps {encoding}."),
        });
    }
    text
}
