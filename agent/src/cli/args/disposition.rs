//! What may be typed about result statuses.

use clap::{Args, Subcommand};
use protocol::Text;

use super::words;
use crate::cli::usage::Expected;

/// `kakeru disposition …`.
#[derive(Debug, Subcommand)]
pub enum DispositionVerb {
    /// Show the result statuses in order
    Ls {
        /// Archived ones too
        #[arg(long)]
        archived: bool,
        /// Only those that a call of this project (案件) may be given
        #[arg(long)]
        project: Option<String>,
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
        /// The one of this project (案件), where several have the label
        #[arg(long)]
        project: Option<String>,
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
        /// The one of this project (案件), where several have the label
        #[arg(long)]
        project: Option<String>,
    },
    /// Offer an archived status again
    Restore {
        /// Code or label
        status: String,
        /// The one of this project (案件), where several have the label
        #[arg(long)]
        project: Option<String>,
    },
}

/// What a site may set of its own statuses.
#[derive(Clone, Debug, Default, Args)]
pub struct DispositionFlags {
    /// Whether the recording is kept (録音)
    #[arg(long, value_name = "yes|no", value_parser = yes_no)]
    pub keep_recording: Option<bool>,
    /// Whether it counts as コール; fixed once a call has it
    #[arg(long, value_name = "yes|no", value_parser = yes_no)]
    pub counts_call: Option<bool>,
    /// Whether it counts as コネクト; fixed once a call has it
    #[arg(long, value_name = "yes|no", value_parser = yes_no)]
    pub counts_connect: Option<bool>,
    /// What becomes of the lead
    #[arg(long, value_name = "WORD", value_parser = words::LEAD_NEXT)]
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

fn yes_no(word: &str) -> Result<bool, Expected> {
    match word {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(Expected(Text { ja: "yes か no を書いてください", en: "yes or no" })),
    }
}
