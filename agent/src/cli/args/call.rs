//! What may be typed about calls: one by hand, its result, and down a list.

use clap::{Args, Subcommand, ValueEnum};

use super::{NamedList, OnlyList};
use crate::cli::when::When;

/// `kakeru call`.
#[derive(Clone, Debug, Args)]
pub struct CallArgs {
    /// The number, in any form people write
    pub number: Option<String>,
    /// A contact, by id: also when you do not see its number
    #[arg(long, value_name = "ID", group = "whom", conflicts_with_all = ["number", "lead", "attempt"])]
    pub contact: Option<String>,
    /// Which of the numbers of the contact or lead: its label, such as mobile, or its place, from 1 [default: the main one]
    #[arg(long, value_name = "LABEL", requires = "whom")]
    pub label: Option<String>,
    /// A lead, by id or by list and number there: 春の案件#12
    #[arg(long, value_name = "LEAD", group = "whom", conflicts_with_all = ["number", "attempt"])]
    pub lead: Option<String>,
    /// Whoever was at the other end of a call: id of `kakeru history`
    #[arg(long, value_name = "ID", conflicts_with = "number")]
    pub attempt: Option<String>,
    /// Whom a task is about: number of `kakeru task ls`; the call is its lead's, where it has one
    #[arg(long, value_name = "TASK", conflicts_with_all = ["number", "contact", "lead", "attempt"])]
    pub task: Option<i64>,
    /// Project to book the call on [default: that of the lead, else the default project]
    #[arg(long, conflicts_with_all = ["lead", "task"])]
    pub project: Option<String>,
}

/// `kakeru listen`, `whisper`, `barge`; the supervisor's own seat is the global `--seat`.
#[derive(Clone, Debug, Args)]
pub struct TapArgs {
    /// The seat to listen to [default: the one you listen to now]
    #[arg(value_name = "SEAT")]
    pub tapped: Option<String>,
}

/// `kakeru save`.
#[derive(Clone, Debug, Args)]
pub struct SaveArgs {
    /// Result status by label or code, such as 見込 or prospect
    #[arg(long)]
    pub status: Option<String>,
    /// Call memo
    #[arg(long, value_name = "TEXT")]
    pub memo: Option<String>,
    /// When to call again: "2026-11-30 10:00" (Japan time), 15:30 (today), "tomorrow 15:30", "tue 15:30" or +30m; of a day alone, when calling begins
    #[arg(long, value_name = "TIME")]
    pub recall: Option<When>,
    /// What follows: call the next lead, show the next lead (both hang up a call that is up), or only save
    #[arg(long, default_value = "stay")]
    pub next: NextArg,
    /// The attempt [default: the seat's open one]
    #[arg(long, value_name = "ID")]
    pub attempt: Option<String>,
    /// Repeat-proof number of this save
    #[arg(long, value_name = "N")]
    pub save_seq: Option<u64>,
}

/// What follows a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NextArg {
    /// Save, seal and call the next lead
    Dial,
    /// Save, seal and show the next lead
    Skip,
    /// Only save
    Stay,
}

/// `kakeru dial …`.
#[derive(Debug, Subcommand)]
pub enum DialVerb {
    /// Call down a list from the top
    Start {
        /// Which
        #[command(flatten)]
        list: NamedList,
    },
    /// Stop after the running call, keep the place
    Pause,
    /// Go on
    Resume,
    /// End after the running call
    Stop,
    /// Pass over the previewed lead
    Skip,
    /// Say why leads are or are not called now
    Why {
        /// Number, lead (its id, or list and number there: 春の案件#12), or name of a list, which is no number [default: the head of the list]
        #[arg(required_unless_present = "list")]
        lead: Option<String>,
        /// Of which list
        #[command(flatten)]
        list: OnlyList,
        /// How many rows
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
}
