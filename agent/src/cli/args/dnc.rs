//! What may be typed about the do-not-call list.

use std::path::PathBuf;

use clap::Subcommand;

use super::{RowsArgs, WriteArgs, words};

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
        /// Why; needed for a new entry without --attempt
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
    /// Add the numbers of a CSV file: 電話番号, and if you like 案件, 理由, 根拠; a row with 解除日時 was cleared and adds nothing
    Import {
        /// The file, or - for standard input
        file: PathBuf,
        /// Only in this project, where the file names none (may be repeated)
        #[arg(long = "project")]
        projects: Vec<String>,
        /// Why, where the file does not say; with --clear before what the file says
        #[arg(long)]
        reason: Option<String>,
        /// Clear the numbers instead
        #[arg(long, requires = "reason")]
        clear: bool,
        /// How its characters are written; auto finds out
        #[arg(long, value_parser = words::encodings(), ignore_case = true)]
        encoding: Option<String>,
        /// The profile whose limits hold: open, miitel, calltree, zoho or one of the configuration [default: open]
        #[arg(long, value_name = "NAME", value_parser = words::profiles())]
        profile: Option<String>,
        /// What becomes of its rows
        #[command(flatten)]
        rows: RowsArgs,
    },
    /// Stop the import that runs; nothing of it is kept
    ImportCancel,
    /// Show the files that were imported; what an interrupted one added stays blocked
    Imports {
        /// Older than this import
        #[arg(long, value_name = "ID")]
        before: Option<String>,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Take an interrupted import back: its numbers may be called again
    ImportUndo {
        /// Its id, or the beginning of it
        import: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
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
        /// How it is written
        #[command(flatten)]
        write: WriteArgs,
    },
}
