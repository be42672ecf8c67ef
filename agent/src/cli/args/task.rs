//! What may be typed about tasks: 見込 and 再コール.

use clap::{Subcommand, ValueEnum};

use super::OnlyList;
use crate::cli::when::When;

/// `kakeru task …`.
#[derive(Debug, Subcommand)]
pub enum TaskVerb {
    /// Show 見込 and 再コール, the most urgent first
    Ls {
        /// Only this owner's [default: your own and nobody's; for others than operators everybody's]
        #[arg(long, value_name = "LOGIN", conflicts_with_all = ["all", "nobody"])]
        owner: Option<String>,
        /// Nobody's
        #[arg(long, conflicts_with = "all")]
        nobody: bool,
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
        /// Login of the new owner
        #[arg(required_unless_present = "nobody")]
        owner: Option<String>,
        /// Nobody's: anybody of the project may do it
        #[arg(long, conflicts_with = "owner")]
        nobody: bool,
    },
    /// Give all open tasks of a user to another
    HandOver {
        /// Whose tasks; a deleted user's too [default: those of nobody]
        #[arg(long, value_name = "LOGIN", required_unless_present = "to")]
        from: Option<String>,
        /// Who gets them [default: nobody: anybody of the project may do them]
        #[arg(long, value_name = "LOGIN")]
        to: Option<String>,
        /// Of which list
        #[command(flatten)]
        list: OnlyList,
    },
    /// Give a task another time
    Due {
        /// Number of the task
        task: i64,
        /// When to call: "2026-11-30 10:00" (Japan time), 15:30 (today), "tomorrow 15:30", "tue 15:30" or +30m; of a day alone, when calling begins
        #[arg(required_unless_present = "no_time")]
        time: Option<When>,
        /// Take the time to call again away
        #[arg(long, conflicts_with = "time")]
        no_time: bool,
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
