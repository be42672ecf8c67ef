//! What may be typed about one past call, and about notes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{CallsArgs, WriteArgs};
use crate::cli::when::When;

/// What follows `kakeru history`.
#[derive(Debug, Subcommand)]
pub enum HistoryVerb {
    /// Show one call with its corrections and notes
    Show {
        /// Id of the call: its beginning, or the end of it, will do
        attempt: String,
    },
    /// Correct a sealed call, or fill in a blank status
    Amend {
        /// Id of the call: its beginning, or the end of it, will do
        attempt: String,
        /// Result status by label or code
        #[arg(long)]
        status: Option<String>,
        /// Memo
        #[arg(long, value_name = "TEXT")]
        memo: Option<String>,
        /// When to call again: "2026-11-30 10:00" (Japan time), 15:30 (today), "tomorrow 15:30", "tue 15:30" or +30m; of a day alone, when calling begins
        #[arg(long, value_name = "TIME")]
        recall: Option<When>,
        /// Take the time to call again away
        #[arg(long, conflicts_with = "recall")]
        no_recall: bool,
        /// Why; not needed for a blank status
        #[arg(long)]
        reason: Option<String>,
    },
    /// Mark a call 報告
    Report {
        /// Id of the call: its beginning, or the end of it, will do
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
        /// Which calls
        #[command(flatten)]
        calls: Box<CallsArgs>,
        /// How it is written
        #[command(flatten)]
        write: WriteArgs,
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
    /// Bring a note back that was taken back
    Restore {
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
    /// The customer of this lead, by id or by list and number there: 春の案件#12
    #[arg(long, value_name = "LEAD")]
    pub lead: Option<String>,
    /// The customer of this number
    #[arg(long)]
    pub number: Option<String>,
}
