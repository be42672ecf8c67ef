use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use super::encoding::Encoding;
use super::profile::Profile;
use crate::code::Lang;
use crate::id::{ProjectId, UserId};
use crate::model::{Actor, ListSpec};

/// Where the bytes of a list come from.
#[derive(Clone, Debug)]
pub enum ImportSource {
    /// A regular file; it is read twice and must not change meanwhile.
    Path(PathBuf),
    /// Bytes in memory.
    Bytes(Vec<u8>),
    /// An open file, as one that was sent in pieces; it is read twice from its beginning.
    File(Arc<File>),
    /// Part of an open file, as an export has several.
    Piece {
        /// All of it.
        file: Arc<File>,
        /// Where the part begins.
        from: u64,
        /// Its length.
        bytes: u64,
    },
}

/// How one import reads and judges.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Encoding of the file; `None` detects it.
    pub encoding: Option<Encoding>,
    /// Delimiter between cells.
    pub delimiter: Delimiter,
    /// Whether line 1 names the columns.
    pub header: HeaderMode,
    /// What happens with a number that occurs twice in the file.
    pub dup_in_file: DupPolicy,
    /// What happens with a number that is on the list already.
    pub dup_existing: DupExisting,
    /// Numbers not yet in the contact book are registered there.
    pub create_contacts: bool,
    /// Categories of a known number are added to, not replaced.
    pub merge_categories: bool,
    /// Which names a row must have.
    pub required: RequiredNames,
    /// `true`: good rows are kept and bad rows reported. `false`: one bad row refuses the file.
    pub partial: bool,
    /// Whether an empty cell blanks an existing value of a contact.
    pub overwrite_empty: bool,
    /// Most rows of one file.
    pub max_rows: u64,
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// Most categories of one row.
    pub max_categories: usize,
    /// Most leads of the list, those that are there included.
    pub max_leads: u64,
    /// A list with more leads than this is told (`W-LIST-LARGE`).
    pub warn_leads: u64,
    /// Most contacts of all (S0.23).
    pub max_contacts: u64,
    /// The profile that a list has which is made with the import; `None`: `open`.
    pub profile: Option<String>,
    /// Columns that hold times of Japan.
    pub times: &'static [&'static str],
    /// The columns where line 1 is data; empty: company, person, phone, categories. With names here, line 1 is data where
    /// its first cell is a number.
    pub unnamed: &'static [&'static str],
    /// Only a column of exactly this name is the phone column (CALLTREE, S4.39); `None` knows other names too.
    pub phone_column: Option<String>,
    /// What columns are called besides the names that are always known.
    pub columns: Vec<(String, NamedColumn)>,
    /// A header that must be one has company, person, phone and categories before any other column (S1.15).
    pub fixed_names: bool,
    /// The rows are contacts: they have a mail address and an owner.
    pub contacts: bool,
    /// Quotation marks around cells are read, with a warning: the product whose rules hold takes none (S0.21).
    pub warn_quotes: bool,
    /// The numbers are never to be called, all of a cell: what only whoever calls them would want to know is no doubt.
    pub no_call: bool,
    /// Pairs of columns: a row that fills the first must fill the second, which says why (`E-REASON-REQUIRED`).
    pub reasoned: &'static [[&'static str; 2]],
    /// What a row may name in its column 案件 or project, which else refuses it (`E-PROJECT-UNKNOWN`); `None`: nobody looks.
    pub projects: Option<Arc<HashMap<String, ProjectId>>>,
    /// Columns that the user named by hand.
    pub map: Vec<ColumnMap>,
    /// The columns of owners are read: a login is that of a user, or its row is refused. `false`: nobody is looked for.
    pub owners: bool,
    /// Users who own the new numbers that nobody owns, in turn (S1.6).
    pub assign: Vec<UserId>,
    /// The list is made first, under the identifier that the job names; it goes again unless the import is committed (S1.5).
    pub new_list: Option<ListSpec>,
    /// Stops the import from outside; nothing of it is kept then.
    pub cancel: Option<Cancel>,
    /// Name of the file in the report; taken from the path when `None`.
    pub file_name: Option<String>,
    /// Where the rows that were refused are written, ready to be corrected and imported again.
    pub error_csv: Option<PathBuf>,
    /// Where doubts are written, all of them, to be read.
    pub warning_csv: Option<PathBuf>,
    /// The language of these two files.
    pub lang: Lang,
}

/// What stands between cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delimiter {
    /// Found by looking at the first rows.
    #[default]
    Auto,
    /// `,`
    Comma,
    /// Tab, as in "Unicode テキスト" files.
    Tab,
    /// `;`
    Semicolon,
}

/// Whether line 1 names the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderMode {
    /// Data if it has a phone number, or nothing, `なし`, `-` or the like over the column of numbers: then the columns are company,
    /// person, phone, categories. Else a header, which must name a phone column.
    #[default]
    Auto,
    /// Line 1 is data.
    None,
    /// Line 1 must be a header with a phone column.
    Required,
}

/// What happens with a number that occurs more than once in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DupPolicy {
    /// Every row after the first is refused with `E-CSV-DUP-PHONE`.
    #[default]
    Error,
    /// The first row counts; later ones are skipped with a warning.
    First,
    /// The last row alone counts: rows come with [`super::ImportRow::replaces`] set, and a warning.
    Last,
    /// The rows are one: what a later one says goes before, what it leaves empty stays, categories add up.
    Merge,
    /// Every row counts: here the number is no key (do-not-call).
    Keep,
}

/// What happens with a number that is on the list already. Attempts, do-not-call and 発信対象外 are never touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DupExisting {
    /// Names, categories and other columns are overwritten; position and history stay.
    #[default]
    Update,
    /// The lead stays as it is.
    Skip,
}

/// What a product's own name of a column stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedColumn {
    /// The company.
    Company,
    /// The person, or the family name where there is a column of given names.
    Person,
    /// The given name, written behind the family name.
    GivenName,
    /// A further number, labelled by the column's name.
    FurtherPhone,
    /// The number.
    Phone,
    /// Categories.
    Category,
}

/// Which names a row must have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequiredNames {
    /// A company or a person (the rule of dial lists).
    #[default]
    Either,
    /// A company and a person (the rule of contacts).
    Both,
    /// A person (Zoho's 姓, S3.6).
    Person,
    /// The number is enough.
    None,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            encoding: None,
            delimiter: Delimiter::Auto,
            header: HeaderMode::Auto,
            dup_in_file: DupPolicy::Error,
            dup_existing: DupExisting::Update,
            create_contacts: true,
            merge_categories: false,
            required: RequiredNames::Either,
            partial: false,
            overwrite_empty: false,
            max_rows: u64::MAX,
            max_bytes: u64::MAX,
            max_categories: 100,
            max_leads: u64::MAX,
            warn_leads: u64::MAX,
            max_contacts: u64::MAX,
            profile: None,
            unnamed: &[],
            phone_column: None,
            columns: Vec::new(),
            fixed_names: false,
            contacts: false,
            warn_quotes: false,
            no_call: false,
            reasoned: &[],
            projects: None,
            times: &[],
            map: Vec::new(),
            owners: false,
            assign: Vec::new(),
            new_list: None,
            cancel: None,
            file_name: None,
            error_csv: None,
            warning_csv: None,
            lang: Lang::Ja,
        }
    }
}

impl ImportOptions {
    /// The rules of a profile for dial lists.
    #[must_use]
    pub fn for_lists(profile: &Profile) -> Self {
        Self {
            encoding: profile.encoding,
            delimiter: profile.delimiter,
            header: profile.list_header,
            required: profile.list_required,
            dup_in_file: profile.dup_in_file,
            dup_existing: profile.dup_existing,
            max_rows: profile.max_rows.unwrap_or(u64::MAX),
            max_bytes: profile.max_bytes.unwrap_or(u64::MAX),
            max_categories: profile.max_categories.unwrap_or(usize::MAX),
            max_leads: profile.max_leads.unwrap_or(u64::MAX),
            warn_leads: profile.warn_leads.unwrap_or(u64::MAX),
            max_contacts: profile.max_contacts.unwrap_or(u64::MAX),
            profile: Some(profile.name.clone()),
            phone_column: profile.phone_column.clone(),
            columns: profile.columns.clone(),
            fixed_names: profile.fixed_names,
            warn_quotes: profile.no_quotes,
            ..Self::default()
        }
    }

    /// The rules of a profile for the contact book (C1, C2).
    #[must_use]
    pub fn for_contacts(profile: &Profile) -> Self {
        Self {
            header: profile.contact_header,
            required: profile.contact_required,
            max_leads: u64::MAX,
            warn_leads: u64::MAX,
            contacts: true,
            ..Self::for_lists(profile)
        }
    }
}

/// A column named by hand: `電話番号=TEL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMap {
    /// What it holds: one of our columns by any of their names, `-` to leave it out, or a name to keep it under.
    pub to: String,
    /// The column: its name in the file, or `#3` for the third.
    pub from: String,
}

impl FromStr for ColumnMap {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let parts = text.split_once(['=', '＝']).map(|(to, from)| (to.trim(), from.trim()));
        match parts {
            Some((to, from)) if !to.is_empty() && !from.is_empty() => {
                Ok(Self { to: to.to_owned(), from: from.to_owned() })
            }
            _ => Err(UnknownWord {
                expected: "OUR COLUMN=COLUMN OF THE FILE, such as 電話番号=TEL or 会社名=#1",
            }),
        }
    }
}

/// Stops an import from outside. Clones are one switch.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Switch>);

#[derive(Debug, Default)]
struct Switch {
    word: AtomicU8,
    /// Who wanted it, and when, UTC milliseconds.
    by: OnceLock<(Actor, i64)>,
}

impl Cancel {
    /// Somebody wants it to end: it does at its next look, after at most some thousand rows. The audit log says who, the first of several.
    pub fn cancel(&self, by: Actor, now: i64) {
        let _ = self.0.by.set((by, now));
        self.0.word.store(CANCELLED, Ordering::Release);
    }

    /// It ends likewise, since nobody waits for it any more; whether anybody wanted that is not known.
    pub fn abandon(&self) {
        // A word of somebody stands.
        let _ = self.0.word.compare_exchange(0, ABANDONED, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Whether both are one switch.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether it is to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.word.load(Ordering::Relaxed) != 0
    }

    /// Who asked for it, and when; `None`: nobody did.
    pub(crate) fn wanted(&self) -> Option<(Actor, i64)> {
        match self.0.word.load(Ordering::Acquire) {
            CANCELLED => self.0.by.get().copied(),
            _ => None,
        }
    }
}

const CANCELLED: u8 = 1;
const ABANDONED: u8 = 2;

impl Delimiter {
    /// The byte of a fixed delimiter.
    pub fn byte(self) -> Option<u8> {
        match self {
            Self::Auto => None,
            Self::Comma => Some(b','),
            Self::Tab => Some(b'\t'),
            Self::Semicolon => Some(b';'),
        }
    }

    /// `auto`, `comma`, `tab` or `semicolon`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Comma => "comma",
            Self::Tab => "tab",
            Self::Semicolon => "semicolon",
        }
    }
}

/// A word on the command line that names no option value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown value, expected one of: {expected}")]
pub struct UnknownWord {
    /// The words that are known.
    pub expected: &'static str,
}

impl FromStr for Delimiter {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        [Self::Auto, Self::Comma, Self::Tab, Self::Semicolon]
            .into_iter()
            .find(|known| known.as_str() == word)
            .ok_or(UnknownWord { expected: "auto, comma, tab, semicolon" })
    }
}

/// Words of a closed vocabulary, each with what it is called in a configuration, a command and a reply.
macro_rules! words {
    ($($type:ident: $($variant:ident = $word:literal),+; typed: $expected:literal;)+) => {
        $(
            impl $type {
                /// Its word.
                #[must_use]
                pub fn as_str(self) -> &'static str {
                    match self { $(Self::$variant => $word,)+ }
                }
            }

            impl FromStr for $type {
                type Err = UnknownWord;

                fn from_str(word: &str) -> Result<Self, UnknownWord> {
                    let known = $expected.split(", ").any(|known| known == word);
                    [$(Self::$variant,)+]
                        .into_iter()
                        .find(|value| known && value.as_str() == word)
                        .ok_or(UnknownWord { expected: $expected })
                }
            }
        )+
    };
}

words! {
    HeaderMode: Auto = "auto", None = "none", Required = "required"; typed: "auto, none, required";
    // `keep` is of do-not-call files only: nobody asks for it.
    DupPolicy: Error = "error", First = "first", Last = "last", Merge = "merge", Keep = "keep";
        typed: "error, first, last, merge";
    DupExisting: Update = "update", Skip = "skip"; typed: "update, skip";
    RequiredNames: Either = "either", Both = "both", Person = "person", None = "none"; typed: "either, both, person, none";
    NamedColumn: Company = "company", Person = "person", GivenName = "given_name", FurtherPhone = "further_phone",
        Phone = "phone", Category = "category";
        typed: "company, person, given_name, further_phone, phone, category";
}

/// An opened source and its size.
pub(super) struct Input {
    pub(super) bytes: Box<dyn ReadSeek>,
    pub(super) size: u64,
    pub(super) name: String,
}

/// Both passes, detection and reading, need a rewind.
pub(super) trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

impl ImportSource {
    pub(super) fn open(self) -> io::Result<Input> {
        match self {
            Self::Path(path) => {
                let file = File::open(&path)?;
                let meta = file.metadata()?;
                if !meta.is_file() {
                    // A pipe cannot be read twice, and a folder not at all.
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
                }
                let name =
                    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                Ok(Input { bytes: Box::new(file), size: meta.len(), name })
            }
            Self::Bytes(bytes) => {
                let size = bytes.len() as u64;
                Ok(Input { bytes: Box::new(Cursor::new(bytes)), size, name: "-".to_owned() })
            }
            Self::File(file) => {
                let size = file.metadata()?.len();
                Ok(Input { bytes: Box::new(file), size, name: "-".to_owned() })
            }
            Self::Piece { file, from, bytes } => {
                let piece = Piece { file, from, bytes, at: 0 };
                Ok(Input { bytes: Box::new(piece), size: bytes, name: "-".to_owned() })
            }
        }
    }
}

/// A part of a file as a file of its own.
struct Piece {
    file: Arc<File>,
    from: u64,
    bytes: u64,
    at: u64,
}

impl Read for Piece {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.bytes.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let room = buffer.len().min(left);
        let read = self.file.read_at(&mut buffer[..room], self.from + self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Piece {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
