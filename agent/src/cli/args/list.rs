//! What may be typed about dial lists.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{NamedList, PerhapsList, RowsArgs, SheetArgs, ViewArgs, WriteArgs, words};

/// `kakeru list …`.
#[derive(Debug, Subcommand)]
pub enum ListVerb {
    /// Make an empty list
    Create {
        /// Its name
        name: String,
        /// Its project (案件)
        #[arg(long)]
        project: Option<String>,
        /// Make the project if there is none of this name
        #[arg(long, requires = "project")]
        create_project: bool,
    },
    /// Put a CSV file into a list
    Import(Box<ImportArgs>),
    /// Show the rows of a list
    Show {
        /// Which
        #[command(flatten)]
        list: NamedList,
        /// Which rows
        #[arg(long, default_value = "all")]
        filter: FilterArg,
        /// Rows after this position
        #[arg(long, value_name = "POSITION")]
        after: Option<i64>,
        /// How many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Write a list with its results as CSV
    Export {
        /// Which
        #[command(flatten)]
        list: NamedList,
        /// File, or - for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
        /// How it is written
        #[command(flatten)]
        write: WriteArgs,
        /// Leave the results out
        #[arg(long)]
        without_results: bool,
        /// Write nothing where the profile's product would refuse some of the rows
        #[arg(long)]
        strict: bool,
    },
    /// Show every list
    Ls,
    /// Show leads under any sort and filter
    View(Box<ViewArgs>),
    /// Rename a list, enable or disable it, order its dialing
    Change {
        /// Which
        #[command(flatten)]
        list: NamedList,
        /// New name
        #[arg(long)]
        name: Option<String>,
        /// Whether it is dialed from
        #[arg(long, value_name = "true|false")]
        enabled: Option<bool>,
        /// In which order it is dialed
        #[arg(long, value_parser = words::ORDERS)]
        order: Option<String>,
        /// The profile whose limits hold: open, miitel, calltree, zoho or one of the configuration
        #[arg(long, value_name = "NAME", value_parser = words::profiles())]
        profile: Option<String>,
    },
    /// Put a list into the bin for 30 days; calls and contacts stay
    Delete {
        /// Which
        #[command(flatten)]
        list: NamedList,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Bring a deleted list back
    Restore {
        /// Which
        #[command(flatten)]
        list: NamedList,
        /// When it was deleted, as `list bin` tells it; needed where several of its name are there
        #[arg(long, value_name = "AT")]
        at: Option<i64>,
        /// Another name, where its own is taken
        #[arg(long)]
        name: Option<String>,
    },
    /// Show deleted lists, or the deleted leads of one
    Bin {
        /// Which
        #[command(flatten)]
        list: PerhapsList,
    },
    /// Open the next round
    Round {
        /// Which
        #[command(flatten)]
        list: NamedList,
    },
    /// Grant a list to users, or take it back; shows who may use it
    Grant {
        /// Which
        #[command(flatten)]
        list: NamedList,
        /// Logins, separated by commas
        #[arg(value_name = "LOGIN", value_delimiter = ',')]
        users: Vec<String>,
        /// Take it back
        #[arg(long, requires = "users")]
        revoke: bool,
    },
    /// Show the journal of imports
    Imports {
        /// Only of which
        #[command(flatten)]
        list: PerhapsList,
        /// Older than this import
        #[arg(long, value_name = "ID")]
        before: Option<String>,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Take an import back; what was called since stays
    ImportUndo {
        /// Its id, or the beginning of it
        import: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Stop the import that runs into a list; nothing of it is kept
    ImportCancel {
        /// Which
        #[command(flatten)]
        list: NamedList,
    },
}

/// `kakeru list import`.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// Name or id of the list; PROJECT/LIST where several projects have one of the name
    pub list: String,
    /// The CSV file, or - for standard input
    pub file: PathBuf,
    /// Make the list if there is none of this name; it stays only with rows in it
    #[arg(long)]
    pub create: bool,
    /// Project of the list (案件)
    #[arg(long)]
    pub project: Option<String>,
    /// With --create: make the project too if there is none of this name
    #[arg(long, requires_all = ["create", "project"])]
    pub create_project: bool,
    /// What the file is
    #[command(flatten)]
    pub sheet: SheetArgs,
    /// The profile whose rules hold: open, miitel, calltree, zoho or one of the configuration [default: the list's]
    #[arg(long, value_name = "NAME", value_parser = words::profiles())]
    pub profile: Option<String>,
    /// Who owns the new numbers, in turn, where column 発信担当者ID names nobody: logins, separated by commas
    #[arg(long, value_name = "LOGIN", value_delimiter = ',')]
    pub assign: Vec<String>,
    /// A number that is on the list already (skip: nothing of the row is taken; lead and contact stay as they are)
    #[arg(long, value_name = "POLICY", value_parser = words::DUP_EXISTING)]
    pub dup_existing: Option<String>,
    /// A number that occurs twice in the file (last: that row alone; merge: all rows as one)
    #[arg(long, value_name = "POLICY", value_parser = words::DUP_IN_FILE)]
    pub dup_in_file: Option<String>,
    /// What becomes of its rows
    #[command(flatten)]
    pub rows: RowsArgs,
    /// Empty cells blank existing values
    #[arg(long)]
    pub overwrite_empty: bool,
}

/// Which rows of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FilterArg {
    /// Every row
    All,
    /// 発信対象
    Dialable,
    /// 発信対象外
    Excluded,
    /// Never called
    Untouched,
    /// Called at least once
    Worked,
}
