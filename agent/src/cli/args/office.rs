//! `kakeru user`, `audit`, `disposition`, `task`, `dnc`, `contact`, `note`, and what follows `kakeru history`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::time::Moment;

/// `kakeru user …`.
#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Make a user
    Add {
        /// Login: letters, digits, -, _, .; never one that was used before
        login: String,
        /// Name shown [default: the login]
        #[arg(long)]
        name: Option<String>,
        /// What the user may do
        #[arg(long, ignore_case = true)]
        role: RoleArg,
        /// Unix user whose commands are this user's
        #[arg(long)]
        uid: Option<u32>,
        /// Ask for a password, or read it from the first line of standard input
        #[arg(long)]
        password: bool,
    },
    /// Show the users
    Ls {
        /// Deleted ones too
        #[arg(long)]
        deleted: bool,
    },
    /// Give a user another name; every record shows it
    Rename {
        /// Login
        login: String,
        /// New name
        name: String,
    },
    /// Give a user another role
    Role {
        /// Login
        login: String,
        /// New role
        #[arg(ignore_case = true)]
        role: RoleArg,
    },
    /// Bind a user to a Unix user, or to none
    Uid {
        /// Login
        login: String,
        /// Unix user [default: none]
        uid: Option<u32>,
    },
    /// Set a password: asked for, or read from standard input
    Passwd {
        /// Login [default: yourself]
        login: Option<String>,
        /// Take the password away
        #[arg(long)]
        remove: bool,
    },
    /// Delete a user; records keep the name, the login is never given out again
    Delete {
        /// Login
        login: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleArg {
    /// Everything
    #[value(name = "MGR")]
    Manager,
    /// Watches, assigns, exports
    #[value(name = "SV")]
    Supervisor,
    /// Calls
    #[value(name = "OP")]
    Operator,
    /// Reads reported calls
    #[value(name = "BIZ")]
    Business,
    /// Back office: adds notes, never calls
    #[value(name = "BY")]
    BackOffice,
}

impl RoleArg {
    /// The word of the protocol.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manager => "MGR",
            Self::Supervisor => "SV",
            Self::Operator => "OP",
            Self::Business => "BIZ",
            Self::BackOffice => "BY",
        }
    }
}

/// `kakeru audit`.
#[derive(Clone, Debug, Args)]
pub struct AuditArgs {
    /// Only changes by this user
    #[arg(long, value_name = "LOGIN")]
    pub user: Option<String>,
    /// Only actions that begin with this, such as contact.
    #[arg(long, value_name = "PREFIX")]
    pub action: Option<String>,
    /// Only changes of this object
    #[arg(long, value_name = "ID")]
    pub object: Option<String>,
    /// From this day or time on (Japan time)
    #[arg(long, value_name = "TIME")]
    pub from: Option<Moment>,
    /// Before this day or time (Japan time)
    #[arg(long, value_name = "TIME")]
    pub to: Option<Moment>,
    /// Older than this entry: next of the last page
    #[arg(long, value_name = "ID")]
    pub before: Option<i64>,
    /// How many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// `kakeru disposition …`.
#[derive(Debug, Subcommand)]
pub enum DispositionVerb {
    /// Show the result statuses in order
    Ls {
        /// Archived ones too
        #[arg(long)]
        archived: bool,
    },
    /// Make a status
    Add {
        /// Label
        label: String,
        /// Code for programs [default: one is made]
        #[arg(long)]
        code: Option<String>,
        /// Only in this project (案件)
        #[arg(long)]
        project: Option<String>,
        /// The rest
        #[command(flatten)]
        flags: DispositionFlags,
    },
    /// Change a status; of a built-in one only key, colour and place
    Edit {
        /// Code or label
        status: String,
        /// New label
        #[arg(long)]
        label: Option<String>,
        /// The rest
        #[command(flatten)]
        flags: DispositionFlags,
    },
    /// Offer a status no more; old calls keep it
    Archive {
        /// Code or label
        status: String,
    },
    /// Offer an archived status again
    Restore {
        /// Code or label
        status: String,
    },
}

/// What a site may set of its own statuses.
#[derive(Clone, Debug, Default, Args)]
pub struct DispositionFlags {
    /// Whether the recording is kept (録音)
    #[arg(long, value_name = "yes|no", value_parser = yes_no)]
    pub keep_recording: Option<bool>,
    /// Whether it counts as コール
    #[arg(long, value_name = "yes|no", value_parser = yes_no)]
    pub counts_call: Option<bool>,
    /// Whether it counts as コネクト
    #[arg(long, value_name = "yes|no", value_parser = yes_no)]
    pub counts_connect: Option<bool>,
    /// What becomes of the lead: retry, never, task, done
    #[arg(long, value_name = "WORD")]
    pub lead_next: Option<String>,
    /// One key; '' takes it away
    #[arg(long, value_name = "KEY")]
    pub hotkey: Option<String>,
    /// #rrggbb; '' takes it away
    #[arg(long)]
    pub color: Option<String>,
    /// Place in the order, from 1
    #[arg(long, value_name = "N")]
    pub position: Option<i64>,
}

/// `kakeru task …`.
#[derive(Debug, Subcommand)]
pub enum TaskVerb {
    /// Show 見込 and 再コール, the most urgent first
    Ls {
        /// Only this owner's [default: your own; for others than operators everybody's]
        #[arg(long, value_name = "LOGIN", conflicts_with = "all")]
        owner: Option<String>,
        /// Everybody's
        #[arg(long)]
        all: bool,
        /// past (過去), future (未来) or free (フリー)
        #[arg(long)]
        folder: Option<FolderArg>,
        /// Only this number
        #[arg(long)]
        number: Option<String>,
        /// Done and cancelled ones too
        #[arg(long)]
        closed: bool,
        /// Behind this task: next of the last page
        #[arg(long, value_name = "TASK")]
        after: Option<i64>,
        /// How many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Close a task
    Done {
        /// Number of the task
        task: i64,
        /// Open it again
        #[arg(long)]
        undo: bool,
    },
    /// Give a task to another user
    Reassign {
        /// Number of the task
        task: i64,
        /// Login of the new owner [default: nobody]
        owner: Option<String>,
    },
    /// Give a task another time
    Due {
        /// Number of the task
        task: i64,
        /// When to call: "2026-11-30 10:00" (Japan time) [default: no time]
        time: Option<Moment>,
    },
}

/// Folders of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FolderArg {
    /// 過去
    Past,
    /// 未来
    Future,
    /// フリー
    Free,
}

/// `kakeru dnc …`.
#[derive(Debug, Subcommand)]
pub enum DncVerb {
    /// Never call a number again
    Add {
        /// The number
        number: String,
        /// Only in this project [default: everywhere] (may be repeated)
        #[arg(long = "project")]
        projects: Vec<String>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// The call that is the evidence
        #[arg(long, value_name = "ID")]
        attempt: Option<String>,
        /// Other evidence in words
        #[arg(long, value_name = "TEXT")]
        evidence: Option<String>,
    },
    /// Show the list
    Ls {
        /// Only this number
        #[arg(long)]
        number: Option<String>,
        /// Only what holds in this project
        #[arg(long)]
        project: Option<String>,
        /// Cleared ones too
        #[arg(long)]
        cleared: bool,
        /// After this row: next of the last page
        #[arg(long)]
        after: Option<String>,
        /// How many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Clear a number; the entry stays and says who, when and why
    Clear {
        /// The number
        number: String,
        /// The entry of this project [default: the one for everywhere] (may be repeated)
        #[arg(long = "project")]
        projects: Vec<String>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Add the numbers of a CSV file, at most 50,000: 電話番号, and if you like 案件, 理由, 根拠
    Import {
        /// The file, or - for standard input
        file: PathBuf,
        /// Only in this project, where the file names none (may be repeated)
        #[arg(long = "project")]
        projects: Vec<String>,
        /// Why, where the file does not say
        #[arg(long)]
        reason: Option<String>,
        /// Clear the numbers instead
        #[arg(long, requires = "reason")]
        clear: bool,
        /// auto, utf-8, utf-8-bom, cp932, utf-16le, utf-16be, euc-jp, iso-2022-jp
        #[arg(long)]
        encoding: Option<String>,
        /// Take the good rows although others are bad
        #[arg(long)]
        partial: bool,
        /// Look only, change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Write the list as CSV
    Export {
        /// File, or - for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
        /// Only what holds in this project
        #[arg(long)]
        project: Option<String>,
        /// Cleared ones too
        #[arg(long)]
        cleared: bool,
        /// utf-8-bom (for Excel), utf-8, cp932
        #[arg(long, default_value = "utf-8-bom")]
        encoding: String,
        /// Leave cells alone that a spreadsheet would run as formulas
        #[arg(long)]
        raw: bool,
    },
}

/// `kakeru contact …`.
#[derive(Debug, Subcommand)]
pub enum ContactVerb {
    /// Make a contact
    Add {
        /// Its content
        #[command(flatten)]
        fields: ContactFields,
        /// A number, the main one first: 03-1234-5678 or mobile=090-1111-2222 (may be repeated)
        #[arg(long = "phone", value_name = "[LABEL=]NUMBER", required = true)]
        phones: Vec<String>,
        /// Overwrite the contact that has the first number
        #[arg(long)]
        overwrite: bool,
    },
    /// Make a contact of a call's number
    FromCall {
        /// The call: id of `kakeru history`
        attempt: String,
        /// Its content
        #[command(flatten)]
        fields: ContactFields,
    },
    /// Show a contact
    Show {
        /// Id or number
        contact: String,
    },
    /// Find contacts
    Ls {
        /// Part of a name, or digits of a number
        text: Option<String>,
        /// Only this category
        #[arg(long)]
        category: Option<String>,
        /// Only this owner's
        #[arg(long, value_name = "LOGIN")]
        owner: Option<String>,
        /// Only those made by themselves from calls
        #[arg(long)]
        stubs: bool,
        /// Only what lies in the bin
        #[arg(long)]
        trash: bool,
        /// Behind this contact: next of the last page
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// How many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Change a contact; '' blanks a field
    Edit {
        /// Id or number
        contact: String,
        /// What to change
        #[command(flatten)]
        fields: ContactFields,
        /// All its numbers from now on (may be repeated)
        #[arg(long = "phone", value_name = "[LABEL=]NUMBER")]
        phones: Vec<String>,
        /// The version you looked at; a newer one is not overwritten
        #[arg(long = "if-version", value_name = "N")]
        seen: Option<u64>,
    },
    /// Put contacts into the bin for 30 days; calls and leads stay
    Delete {
        /// Ids or numbers
        #[arg(required = true)]
        contacts: Vec<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Take a contact out of the bin
    Undo {
        /// Id
        contact: String,
    },
    /// Put a CSV file into the contact book
    Import(Box<ContactImportArgs>),
    /// Stop the import that runs; nothing of it is kept
    ImportCancel,
    /// Take an import back: new contacts go, overwritten ones have again what they had
    ImportUndo {
        /// Its id, or the beginning of it: `kakeru list imports` shows all
        import: String,
    },
    /// Write the contact book as CSV
    Export {
        /// File, or - for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
        /// utf-8-bom (for Excel), utf-8, cp932
        #[arg(long, default_value = "utf-8-bom")]
        encoding: String,
        /// Leave cells alone that a spreadsheet would run as formulas
        #[arg(long)]
        raw: bool,
    },
    /// Show the categories, or delete one
    Categories {
        /// Delete this category; contacts and leads that carry it stay
        #[arg(long, value_name = "NAME")]
        delete: Option<String>,
        /// Do not ask
        #[arg(long, requires = "delete")]
        yes: bool,
    },
}

/// `kakeru contact import`.
#[derive(Clone, Debug, Args)]
pub struct ContactImportArgs {
    /// The CSV file, or - for standard input
    pub file: PathBuf,
    /// auto, utf-8, utf-8-bom, cp932, utf-16le, utf-16be, euc-jp, iso-2022-jp
    #[arg(long)]
    pub encoding: Option<String>,
    /// auto, comma, tab, semicolon
    #[arg(long)]
    pub delimiter: Option<String>,
    /// auto, none, required
    #[arg(long)]
    pub header: Option<String>,
    /// The rules of a product: open, miitel, calltree, zoho [default: open]
    #[arg(long)]
    pub profile: Option<String>,
    /// A column named by hand, such as 電話番号=TEL, 会社名=#1 or -=備考 (may be repeated)
    #[arg(long = "map", value_name = "OURS=THEIRS")]
    pub map: Vec<String>,
    /// A number that somebody has already: update, skip
    #[arg(long, value_name = "POLICY")]
    pub dup_existing: Option<String>,
    /// A number that occurs twice in the file: error, first, last, merge
    #[arg(long, value_name = "POLICY")]
    pub dup_in_file: Option<String>,
    /// Add the file's categories to those that are there
    #[arg(long)]
    pub merge_categories: bool,
    /// Take the good rows although others are bad
    #[arg(long)]
    pub partial: bool,
    /// Look only, change nothing
    #[arg(long, visible_alias = "preview")]
    pub dry_run: bool,
    /// Empty cells blank existing values
    #[arg(long)]
    pub overwrite_empty: bool,
    /// Write the refused rows here, to correct and import again
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// Fields of a contact.
#[derive(Clone, Debug, Default, Args)]
pub struct ContactFields {
    /// Company (取引先会社名)
    #[arg(long)]
    pub company: Option<String>,
    /// Person (取引先担当者名)
    #[arg(long)]
    pub person: Option<String>,
    /// Mail address
    #[arg(long)]
    pub email: Option<String>,
    /// Category (カテゴリー) (may be repeated)
    #[arg(long = "category", value_name = "NAME")]
    pub categories: Vec<String>,
    /// Owner [default: you]
    #[arg(long, value_name = "LOGIN")]
    pub owner: Option<String>,
}

/// What follows `kakeru history`.
#[derive(Debug, Subcommand)]
pub enum HistoryVerb {
    /// Show one call with its corrections and notes
    Show {
        /// Id of the call
        attempt: String,
    },
    /// Correct a sealed call, or fill in a blank status
    Amend {
        /// Id of the call
        attempt: String,
        /// Result status by label or code
        #[arg(long)]
        status: Option<String>,
        /// Memo
        #[arg(long, value_name = "TEXT")]
        memo: Option<String>,
        /// When to call again: "2026-11-30 10:00" (Japan time)
        #[arg(long, value_name = "TIME")]
        recall: Option<Moment>,
        /// Take the time to call again away
        #[arg(long, conflicts_with = "recall")]
        no_recall: bool,
        /// Why; not needed for a blank status
        #[arg(long)]
        reason: Option<String>,
    },
    /// Mark a call 報告
    Report {
        /// Id of the call
        attempt: String,
        /// Take the mark off
        #[arg(long)]
        off: bool,
    },
    /// Write past calls as CSV, newest first
    Export {
        /// File, or - for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
        /// Only this list
        #[arg(long)]
        list: Option<String>,
        /// Only this number
        #[arg(long)]
        number: Option<String>,
        /// Only this operator
        #[arg(long)]
        operator: Option<String>,
        /// Only this status, by label or code
        #[arg(long)]
        status: Option<String>,
        /// From this day or time on (Japan time)
        #[arg(long, value_name = "TIME")]
        from: Option<Moment>,
        /// Before this day or time (Japan time)
        #[arg(long, value_name = "TIME")]
        to: Option<Moment>,
        /// Calls by hand: exclude, include, only
        #[arg(long, default_value = "exclude")]
        manual: String,
        /// utf-8-bom (for Excel), utf-8, cp932
        #[arg(long, default_value = "utf-8-bom")]
        encoding: String,
        /// Leave cells alone that a spreadsheet would run as formulas
        #[arg(long)]
        raw: bool,
    },
}

/// `kakeru note …`.
#[derive(Debug, Subcommand)]
pub enum NoteVerb {
    /// Add a note to a customer's history, without a call
    Add {
        /// The text
        text: String,
        /// Whom it is about
        #[command(flatten)]
        about: NoteAbout,
    },
    /// Show the notes about a customer
    Ls {
        /// Whom they are about
        #[command(flatten)]
        about: NoteAbout,
    },
    /// Change a note
    Edit {
        /// Id of the note
        note: String,
        /// The new text
        text: String,
    },
    /// Take a note back
    Delete {
        /// Id of the note
        note: String,
    },
}

/// Whom a note is about.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct NoteAbout {
    /// The customer of this call
    #[arg(long, value_name = "ID")]
    pub attempt: Option<String>,
    /// The customer of this lead
    #[arg(long, value_name = "ID")]
    pub lead: Option<String>,
    /// The customer of this number
    #[arg(long)]
    pub number: Option<String>,
}

fn yes_no(word: &str) -> Result<bool, String> {
    match word {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(String::from("yes or no")),
    }
}
