use std::collections::HashMap;
use std::io::{self, Read as _};
use std::sync::Arc;

use crate::code::Code;
use crate::error::Result as StoreResult;
use crate::error::Said;
use crate::id::LeadId;
use crate::phone::Phone;
use crate::sqlite::{HasNames, Known, left_behind};
use crate::staging::{Blanks, LateDoubt, LateDoubts, NumberRow, Placed};

use super::detect::detect;
use super::encoding::TextStream;
use super::found_csv::{DoubtsCsv, Mistake, RefusedCsv};
use super::head::{self, Below};
use super::header::{self, Columns, Role};
use super::options::{Delimiter, DupExisting, DupPolicy, HeaderMode, ImportOptions, ImportSource, ReadSeek};
use super::report::{ImportError, ImportProgress, ImportReport, Problem};
use super::row::{ImportRow, Judged, judge};
use super::seen::Seen;
use super::table::{Record, Table, TableError};
use super::words::{fold, role_of};

/// Reads one list file, row by row.
///
/// Owns the file, the numbers seen so far (`Seen`, for duplicates) and the report. Never touches the database and
/// never holds more than one record, so that a slow writer slows the reading and nothing else. Call
/// [`Self::next_row`] until it yields `None`, then [`Self::finish`]. After an error nothing of the file may be kept.
pub struct ImportReader {
    options: ImportOptions,
    table: Table,
    record: Record,
    columns: Columns,
    /// Line 1 was data and is still to be judged.
    pending: bool,
    seen: Seen,
    report: ImportReport,
    /// Indexes of the problems that list every line of a repeated number: as few as problems are kept.
    repeated: HashMap<u64, usize>,
    refused_csv: Option<RefusedCsv>,
    doubts_csv: Option<DoubtsCsv>,
    bytes_total: u64,
    blanks: Blanks,
    /// `None`: nobody knows more than the file says.
    known: Option<Known>,
}

impl ImportReader {
    /// Opens `source`, detects what `options` leave open and reads the header.
    ///
    /// # Errors
    /// `E-CSV-READ` (with the source), `E-CSV-TOO-LARGE`, `E-CSV-ENCODING` (with candidates), `E-CSV-EMPTY`,
    /// `E-CSV-HEADER`, `E-CSV-HEADER-DUP`, `E-CSV-QUOTE` and `E-CSV-FIELD`.
    pub fn open(source: ImportSource, options: ImportOptions) -> Result<Self, ImportError> {
        let unnamed: Arc<str> = match &source {
            ImportSource::Path(path) => path.display().to_string().into(),
            ImportSource::Bytes(_) | ImportSource::File(_) | ImportSource::Piece { .. } => "-".into(),
        };
        let mut input = source.open().map_err(|error| ImportError::io(&unnamed, error))?;
        let file: Arc<str> = options.file_name.as_deref().unwrap_or(&input.name).into();
        if input.size > options.max_bytes {
            let (size, most) = (input.size, options.max_bytes);
            let detail = Said::new(
                format!("{size}バイト、上限 {most}バイト"),
                format!("{size} bytes, at most {most}"),
            );
            return Err(ImportError::new(Code::CsvTooLarge, &file, None, detail));
        }
        let io = |error| ImportError::io(&file, error);
        if is_workbook(&mut *input.bytes).map_err(io)? {
            let detail = Said::new(
                "Excelのブックです。「CSV UTF-8」などのCSV形式で保存し直してください".to_owned(),
                "this is a workbook; save it as CSV, such as \"CSV UTF-8\"".to_owned(),
            );
            return Err(ImportError::new(Code::CsvEncoding, &file, None, detail));
        }
        let encoding = match options.encoding {
            Some(encoding) => encoding,
            None => detect(&mut *input.bytes).map_err(io)?.map_err(|undetected| {
                // None is to blame where one encoding fits, or two do.
                let bad = undetected.candidates.iter().map(|candidate| candidate.first_bad_byte);
                let byte = bad.collect::<Option<Vec<u64>>>().and_then(|bad| bad.into_iter().max());
                let error = ImportError::new(Code::CsvEncoding, &file, None, Said::nothing());
                ImportError { byte, candidates: undetected.candidates, ..error }
            })?,
        };
        let mut stream = TextStream::new(input.bytes, encoding).map_err(io)?;
        let mut text = String::new();
        stream.read_text(&mut text).map_err(io)?;
        let (named, body) = head::named_delimiter(&text);
        let delimiter = match (options.delimiter, named) {
            (Delimiter::Auto, Some(named)) => named,
            (Delimiter::Auto, None) => head::delimiter(body),
            (fixed, _) => fixed,
        };
        let titles = if options.header == HeaderMode::None { 0 } else { head::titles(body, delimiter) };
        let below = Below::line(body, delimiter, titles);
        let skipped = titles + usize::from(named.is_some());
        let table = Table::new(stream, text, delimiter.byte().unwrap_or(b','));
        let refused_csv = options.error_csv.as_deref().map(|path| RefusedCsv::create(path, options.lang));
        let doubts_csv = options.warning_csv.as_deref().map(|path| DoubtsCsv::create(path, options.lang));
        let (refused_csv, doubts_csv) =
            (refused_csv.transpose().map_err(io)?, doubts_csv.transpose().map_err(io)?);
        let mut reader = Self {
            report: ImportReport::new(file, encoding, delimiter),
            table,
            record: Record::default(),
            columns: Columns::positional(0),
            pending: false,
            seen: Seen::default(),
            repeated: HashMap::new(),
            refused_csv,
            doubts_csv,
            bytes_total: input.size,
            blanks: Blanks::default(),
            known: None,
            options,
        };
        reader.read_header(&below, skipped)?;
        Ok(reader)
    }

    /// The next row that is good to keep; `None` at the end of the file.
    ///
    /// # Errors
    /// `E-CSV-READ`, `E-CSV-QUOTE`, `E-CSV-FIELD` and `E-CSV-TOO-MANY-ROWS`: the file as a whole is refused.
    pub fn next_row(&mut self) -> Result<Option<ImportRow>, ImportError> {
        loop {
            if !std::mem::take(&mut self.pending) {
                if !self.read_record()? {
                    return Ok(None);
                }
                self.note_quotes();
            }
            self.report.rows += 1;
            if self.report.rows > self.options.max_rows {
                let most = self.options.max_rows;
                let detail = Said::new(format!("上限 {most}行"), format!("at most {most}"));
                return Err(self.fatal(Code::CsvTooManyRows, Some(self.record.line), detail));
            }
            self.columns.widen(self.record.len());
            let filled = self.columns.fill(&self.record);
            for at in if self.options.contacts { filled } else { Vec::new() } {
                let name = Some(Arc::clone(&self.columns.names[at]));
                self.tell((Code::ColDropped, self.record.line, name, String::new()));
            }
            let judged = self.judge();
            self.note(&judged.problems);
            let settled = match judged.row {
                Some(row) => self.settle(row),
                None => Settled::Refused(judged.problems, Vec::new()),
            };
            match settled {
                Settled::Kept(row) => {
                    self.report.accepted += 1;
                    return Ok(Some(row));
                }
                Settled::LeftOut => self.report.duplicates += 1,
                Settled::Refused(problems, lines) => {
                    self.report.refused += 1;
                    self.write_refused(&problems, &lines)?;
                }
            }
        }
    }

    /// Whether good rows are kept although others are refused.
    pub(super) fn keeps_good_rows(&self) -> bool {
        self.options.partial
    }

    /// Whether the file says who owns its leads.
    pub(super) fn names_owners(&self) -> bool {
        self.columns.index(Role::Assigned).is_some()
    }

    /// Asks `known` for what the file does not say: whose a login is, and which names a number has already.
    pub(super) fn ask(&mut self, known: Known) {
        self.known = Some(known);
    }

    /// Lead of the list's bin that has the number and was 発信対象外.
    pub(super) fn kept(&mut self, phone: &Phone) -> Option<LeadId> {
        self.known.as_mut()?.in_bin(phone).filter(|known| known.excluded).map(|known| known.lead)
    }

    /// When the number was dialed by a call that a restore left behind.
    pub(super) fn rests(&mut self, phone: &Phone) -> Option<i64> {
        self.known.as_mut()?.rests(phone)
    }

    /// What is to be told of new leads whose numbers lie in the list's bin, or were dialed by calls that a restore left behind: that they are
    /// 発信対象外, which their file does not say, or that they were called before.
    pub(super) fn out_of_bin(&mut self, rows: &[NumberRow], doubts: &mut LateDoubts) {
        let (Some(known), column) = (&mut self.known, self.columns.index(Role::Phone)) else { return };
        for NumberRow { row, placed } in rows {
            if !matches!(placed, Placed::New(_)) || row.excluded.is_some() {
                continue;
            }
            let found = match known.in_bin(&row.phone) {
                Some(found) if found.excluded => Some(known.of_bin(found)),
                found => match known.rests(&row.phone) {
                    Some(at) => Some(left_behind(Some(at), None)),
                    None => found.map(|found| known.of_bin(found)),
                },
            };
            if let Some(value) = found {
                let value = shorten(&value);
                doubts.add(LateDoubt { line: row.line, code: Code::InBin, column, value, contact: None });
            }
        }
    }

    /// Whether what was asked was answered; before anything of the file counts.
    ///
    /// # Errors
    /// What the storage said.
    pub(super) fn check_answers(&mut self) -> StoreResult<()> {
        self.known.as_mut().map_or(Ok(()), Known::check)
    }

    /// The columns of the file whose empty cells blank what is there.
    pub(super) fn blanks(&self) -> Blanks {
        self.blanks
    }

    fn blanks_of_columns(&self) -> Blanks {
        let has = |role| {
            // Where no line names them, the columns are those of the first row.
            let width = if self.report.header { self.columns.names.len() } else { self.record.len() };
            self.options.overwrite_empty && self.columns.index(role).is_some_and(|at| at < width)
        };
        Blanks {
            company: has(Role::Company),
            person: has(Role::Person),
            categories: has(Role::Category),
            owner: has(Role::Owner),
            ext: has(Role::Phone),
        }
    }

    /// What was found so far.
    pub fn report(&self) -> &ImportReport {
        &self.report
    }

    /// How far the reading is.
    pub fn progress(&self) -> ImportProgress {
        ImportProgress {
            bytes: self.table.bytes_read(),
            bytes_total: self.bytes_total,
            rows: self.report.rows,
            refused: self.report.refused,
            ..ImportProgress::default()
        }
    }

    /// Takes down what only the database knew, where all doubts are written.
    pub(super) fn doubt_late(&mut self, doubts: Vec<LateDoubt>) {
        if let Some(csv) = &mut self.doubts_csv {
            for one in doubts {
                csv.problem(&self.report.late(one, &self.columns));
            }
        }
    }

    /// Adds what only the database knew; each is taken down already.
    pub(super) fn add_late(&mut self, doubts: LateDoubts) {
        self.report.add_late(doubts, &self.columns);
    }

    /// Adds that the list has so many leads now, which is much (C5).
    pub(super) fn add_large(&mut self, leads: u64) {
        let problem = self.report.add_large(leads);
        if let Some(csv) = &mut self.doubts_csv {
            csv.problem(problem);
        }
    }

    /// Closes the files of refused rows and of doubts and yields the report.
    ///
    /// # Errors
    /// `E-CSV-READ` when one of them could not be written.
    pub fn finish(self) -> Result<ImportReport, ImportError> {
        let (report, doubts) = self.close()?;
        doubts.finish(&report)?;
        Ok(report)
    }

    /// The same, while there may be doubts that only the database knows.
    pub(super) fn close(mut self) -> Result<(ImportReport, Doubts), ImportError> {
        let refused = self.refused_csv.take().map_or(Ok(()), RefusedCsv::finish);
        refused.map_err(|error| ImportError::io(&self.report.file, error))?;
        self.report.attributes = self.columns.attributes().cloned().collect();
        self.report.columns.clone_from(&self.columns.names);
        Ok((self.report, Doubts(self.doubts_csv)))
    }

    /// `skipped`: records before it that are neither header nor rows.
    fn read_header(&mut self, below: &Below, skipped: usize) -> Result<(), ImportError> {
        for _ in 0..skipped {
            self.read_record()?;
        }
        if !self.read_record()? {
            return Err(self.fatal(Code::CsvEmpty, None, Said::nothing()));
        }
        let line = self.record.line;
        let (columns, header) = header::read(&self.record, below, &self.options).map_err(|bad| {
            let column = self.column_to_blame(&bad);
            ImportError { column, ..self.fatal(bad.code, Some(line), bad.detail) }
        })?;
        self.report.header = header;
        self.pending = !header;
        let (code, names): (_, Vec<&Arc<str>>) = match self.options.contacts {
            true => (Code::ColDropped, columns.attributes().collect()),
            false => (Code::ColIgnored, columns.ignored_phones.iter().collect()),
        };
        let told = names.into_iter().cloned().map(|name| (code, name));
        let excludes = columns.seem_to_exclude(self.options.contacts).map(|name| (Code::Excluded, name));
        for (code, name) in told.chain(excludes).collect::<Vec<_>>() {
            self.tell((code, line, Some(name), String::new()));
        }
        self.columns = columns;
        self.blanks = self.blanks_of_columns();
        self.note_quotes();
        Ok(())
    }

    fn judge(&mut self) -> Judged {
        let Self { record, columns, options, known, seen, blanks, .. } = self;
        let names = |known: &mut Option<Known>, phone: &Phone| {
            // The rows of a number are one, and its first has what it needs.
            if options.dup_in_file == DupPolicy::Merge && seen.line_of(phone.key()).is_some() {
                return HasNames::BOTH;
            }
            match known.as_mut().and_then(|known| known.names(phone)) {
                // Nothing of the row is taken.
                Some(_) if options.dup_existing == DupExisting::Skip => HasNames::BOTH,
                Some(has) => {
                    HasNames { company: has.company && !blanks.company, person: has.person && !blanks.person }
                }
                None => HasNames::default(),
            }
        };
        judge(record, columns, options, known, names)
    }

    /// The column that a header has twice, or that it lacks.
    fn column_to_blame(&self, bad: &header::BadHeader) -> Option<Box<str>> {
        let options = &self.options;
        let names = || self.record.cells().map(|cell| fold(cell.trim()));
        let by_name = options.map.iter().filter(|entry| !entry.from.starts_with(['#', '＃']));
        let mut absent = by_name.filter(|entry| !names().any(|name| name == fold(&entry.from)));
        match bad.code {
            Code::CsvHeaderDup => Some((*bad.detail.ja).into()),
            _ => absent.next().map(|entry| shorten(&entry.from).into()).or_else(|| {
                let only = options.phone_column.as_deref();
                let is_phone = |name: &str| only.map_or(role_of(name) == Role::Phone, |only| only == name);
                let by_hand = options.map.iter().any(|entry| role_of(&entry.to) == Role::Phone);
                let there = by_hand || self.record.cells().any(|cell| is_phone(cell.trim()));
                (!there).then(|| PHONE.into())
            }),
        }
    }

    /// The next record that is not blank.
    fn read_record(&mut self) -> Result<bool, ImportError> {
        loop {
            match self.table.read(&mut self.record) {
                Ok(true) if self.record.is_blank() => self.report.blank += 1,
                Ok(more) => return Ok(more),
                Err(TableError::OpenQuote { line }) => {
                    return Err(self.fatal(Code::CsvQuote, Some(line), Said::nothing()));
                }
                Err(TableError::CellTooLong { line }) => {
                    return Err(self.fatal(Code::CsvField, Some(line), Said::nothing()));
                }
                Err(TableError::Io(error)) => return Err(ImportError::io(&self.report.file, error)),
            }
        }
    }

    /// Looks whether the number occurred before, and applies the policy.
    fn settle(&mut self, row: ImportRow) -> Settled {
        // 4 G lines are beyond every limit of size.
        let line = u32::try_from(row.line).unwrap_or(u32::MAX);
        let policy = self.options.dup_in_file;
        if policy == DupPolicy::Keep {
            return Settled::Kept(row);
        }
        let code = if policy == DupPolicy::Error { Code::CsvDupPhone } else { Code::CsvDupSkipped };
        let number = row.phone.key();
        let Some(earlier) = self.seen.line_of(number) else {
            self.seen.keep(number, line);
            return Settled::Kept(row);
        };
        let earlier = u64::from(earlier);
        // One problem per number names every line, up to a bound.
        let known = self.repeated.get(&number).copied();
        let (column, value) = (self.columns.name(Role::Phone), shorten(&row.raw_phone));
        let lines = vec![earlier, row.line];
        if let Some(problem) = known.and_then(|index| self.report.problems.get_mut(index)) {
            *self.report.counts.entry(code).or_default() += 1;
            if problem.lines.len() < MOST_LINES {
                problem.lines.push(row.line);
            }
        } else if let Some(index) = push(&mut self.report, (code, row.line, column.clone(), value.clone())) {
            self.report.problems[index].lines.clone_from(&lines);
            self.repeated.insert(number, index);
        }
        self.write_doubt((code, row.line), (column.as_deref(), &value), &lines);
        match policy {
            DupPolicy::Error => Settled::Refused(vec![(code, self.columns.index(Role::Phone))], lines),
            DupPolicy::First => Settled::LeftOut,
            DupPolicy::Last | DupPolicy::Merge | DupPolicy::Keep => {
                self.seen.keep(number, line);
                // The earlier row was counted as accepted and is superseded now.
                self.report.accepted -= 1;
                self.report.duplicates += 1;
                Settled::Kept(ImportRow { replaces: Some(earlier), joins: policy == DupPolicy::Merge, ..row })
            }
        }
    }

    /// Counted for each row, and told once: where one row has quotation marks, most have.
    fn note_quotes(&mut self) {
        let Some(at) = self.record.quoted.filter(|_| self.options.warn_quotes) else { return };
        let (code, line) = (Code::CsvQuoteStray, self.record.line);
        let column = self.columns.names.get(at).map(Arc::clone);
        // As it stands.
        let value = shorten(&format!("\"{}\"", self.record.cell(at).replace('"', "\"\"")));
        match self.report.counts.get_mut(&code) {
            Some(count) => {
                *count += 1;
                self.write_doubt((code, line), (column.as_deref(), &value), &[]);
            }
            None => {
                self.tell((code, line, column, value));
            }
        }
    }

    fn note(&mut self, problems: &[(Code, Option<usize>)]) {
        for (code, at) in problems {
            let column = at.and_then(|at| self.columns.names.get(at)).map(Arc::clone);
            let value = at.map_or_else(String::new, |at| shorten(self.record.cell(at)));
            self.tell((*code, self.record.line, column, value));
        }
    }

    /// Counts a problem, keeps it while there is room, and writes it down where it is a doubt.
    fn tell(&mut self, (code, line, column, value): Place) {
        self.write_doubt((code, line), (column.as_deref(), &value), &[]);
        push(&mut self.report, (code, line, column, value));
    }

    fn write_doubt(&mut self, (code, line): (Code, u64), place: (Option<&str>, &str), lines: &[u64]) {
        if let Some(csv) = self.doubts_csv.as_mut().filter(|_| code.is_warning()) {
            csv.write((code, line), place, lines, None);
        }
    }

    /// `problems` of the row; `lines`: those that have its number.
    fn write_refused(
        &mut self,
        problems: &[(Code, Option<usize>)],
        lines: &[u64],
    ) -> Result<(), ImportError> {
        let Some(csv) = &mut self.refused_csv else { return Ok(()) };
        let name = |at: usize| self.columns.names.get(at).map(|name| &**name);
        let mistakes = problems.iter().filter(|(code, _)| !code.is_warning());
        let mistakes = mistakes.map(|(code, at)| Mistake {
            code: *code,
            column: at.and_then(name).unwrap_or_default(),
            lines,
        });
        csv.write(&self.record, &self.columns, &mistakes.collect::<Vec<_>>())
            .map_err(|error| ImportError::io(&self.report.file, error))
    }

    fn fatal(&self, code: Code, line: Option<u64>, detail: Said) -> ImportError {
        ImportError::new(code, &self.report.file, line, detail)
    }
}

/// Where doubts are written, if they are: still open when all rows are read.
pub(super) struct Doubts(Option<DoubtsCsv>);

impl Doubts {
    pub(super) fn write(&mut self, problems: &[Problem]) {
        if let Some(csv) = &mut self.0 {
            problems.iter().for_each(|problem| csv.problem(problem));
        }
    }

    /// Closes the file of the report's doubts.
    ///
    /// # Errors
    /// `E-CSV-READ` when it could not be written.
    pub(super) fn finish(self, report: &ImportReport) -> Result<(), ImportError> {
        self.0.map_or(Ok(()), DoubtsCsv::finish).map_err(|error| ImportError::io(&report.file, error))
    }
}

/// What becomes of a row that can be read.
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, taken apart at once; a box for each row would cost more"
)]
enum Settled {
    Kept(ImportRow),
    /// A duplicate under policy `first`.
    LeftOut,
    /// With the codes and the columns to blame, and the lines that have its number, where it is repeated.
    Refused(Vec<(Code, Option<usize>)>, Vec<u64>),
}

/// Code, line, name of the column, and the cell.
type Place = (Code, u64, Option<Arc<str>>, String);

/// Whether it is what Excel and LibreOffice save by themselves, by its first bytes: a ZIP or an OLE container, and no text.
fn is_workbook(bytes: &mut dyn ReadSeek) -> io::Result<bool> {
    let mut head = Vec::new();
    bytes.rewind()?;
    bytes.take(4).read_to_end(&mut head)?;
    bytes.rewind()?;
    Ok([b"PK\x03\x04", b"\xD0\xCF\x11\xE0"].iter().any(|magic| head == **magic))
}

/// Counts a problem and, while there is room, keeps it; returns its index.
fn push(report: &mut ImportReport, place: Place) -> Option<usize> {
    let (code, line, column, value) = place;
    *report.counts.entry(code).or_default() += 1;
    let kept = match code.is_warning() {
        true => report.problems.len() - report.errors_kept,
        false => report.errors_kept,
    };
    if kept >= ImportReport::MOST_PROBLEMS {
        return None;
    }
    report.errors_kept += usize::from(!code.is_warning());
    let file = Arc::clone(&report.file);
    report.problems.push(Problem { file, line, lines: Vec::new(), column, value, code, contact: None });
    Some(report.problems.len() - 1)
}

fn shorten(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

/// The column that every file has.
const PHONE: &str = "電話番号";
/// Characters of a cell kept in a problem.
const SHOWN_CHARS: usize = 80;
/// Lines listed for one duplicated number.
const MOST_LINES: usize = 100;
