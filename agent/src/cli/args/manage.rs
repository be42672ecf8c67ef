//! What may be typed about projects, leads, recordings and the database.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use protocol::Text;
use protocol::params::ColumnTest;

use super::{NamedList, OnlyList, words};
use crate::cli::time::{Moment, Month, Until};
use crate::cli::usage::Expected;

/// `kakeru project …`.
#[derive(Debug, Subcommand)]
pub enum ProjectVerb {
    /// Show every project
    Ls,
    /// Make a project
    Create {
        /// Its name
        name: String,
        /// Number shown to callees
        #[arg(long, value_name = "NUMBER")]
        caller_id: Option<String>,
    },
    /// Rename a project, change its number
    Change {
        /// Its name
        project: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        /// Number shown to callees; "" takes it away
        #[arg(long, value_name = "NUMBER")]
        caller_id: Option<String>,
        /// Whether a クレーム holds for the whole company
        #[arg(long, value_name = "true|false")]
        company_wide_dnc: Option<bool>,
        /// Whether operators see and dial leads of nobody
        #[arg(long, value_name = "true|false")]
        pooled: Option<bool>,
    },
    /// Delete a project that has no lists
    Delete {
        /// Its name
        project: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Grant every list of a project to users, or take it back; shows who may use them
    Grant {
        /// Its name
        project: String,
        /// Logins, separated by commas
        #[arg(value_name = "LOGIN", value_delimiter = ',')]
        users: Vec<String>,
        /// Take it back
        #[arg(long, requires = "users")]
        revoke: bool,
    },
    /// Bring a deleted project back
    Restore {
        /// Its name
        name: String,
    },
}

/// `kakeru profile …`.
#[derive(Debug, Subcommand)]
pub enum ProfileVerb {
    /// Show every profile: those of products, and the site's own
    Ls,
}

/// Which leads of a list.
#[derive(Clone, Debug, Default, Args)]
pub struct LeadsArgs {
    /// Part of a company's or person's name, however it is written
    #[arg(long, visible_alias = "name", value_name = "TEXT")]
    pub search: Option<String>,
    /// Part of the company's name only
    #[arg(long, value_name = "TEXT")]
    pub company: Option<String>,
    /// Part of the person's name only
    #[arg(long, value_name = "TEXT")]
    pub person: Option<String>,
    /// Part of a number: the lead's own or one that was added
    #[arg(long)]
    pub number: Option<String>,
    /// Part of the last memo; `kakeru history --memo` finds those of earlier calls
    #[arg(long, value_name = "TEXT")]
    pub memo: Option<String>,
    /// An own column, such as 地域=東京, or 地域~=東 for a part (may be repeated: any text of each column)
    #[arg(long = "column", value_name = "NAME=TEXT", value_parser = column_test)]
    pub columns: Vec<ColumnTest>,
    /// Last status by label or code; "" finds calls without one
    #[arg(long)]
    pub status: Option<String>,
    /// What the last call was
    #[arg(long, value_parser = words::KINDS)]
    pub kind: Option<String>,
    /// Login of who made the last call
    #[arg(long, value_name = "LOGIN")]
    pub last_user: Option<String>,
    /// Last called from this day or time on (Japan time)
    #[arg(long, value_name = "TIME")]
    pub from: Option<Moment>,
    /// Last called up to this day and on it, or before this time (Japan time)
    #[arg(long, value_name = "TIME")]
    pub to: Option<Until>,
    /// Login of the owner; "" finds leads of nobody
    #[arg(long, value_name = "LOGIN")]
    pub assigned: Option<String>,
    /// A category (may be repeated: any of them)
    #[arg(long = "category", value_name = "NAME")]
    pub categories: Vec<String>,
    /// 発信対象 (true) or 発信対象外 (false)
    #[arg(long, value_name = "true|false")]
    pub dialable: Option<bool>,
    /// 架電禁止: number on the do-not-call list, or never called from a list (true), or neither (false)
    #[arg(long, value_name = "true|false")]
    pub blocked: Option<bool>,
    /// Called exactly so often
    #[arg(long, value_name = "N")]
    pub attempts: Option<u32>,
    /// Shortcut: 2回目, called once, in vain
    #[arg(long, conflicts_with_all = ["third", "attempts", "status"])]
    pub second: bool,
    /// Shortcut: 3回目, called twice, the last time in vain
    #[arg(long, conflicts_with_all = ["attempts", "status"])]
    pub third: bool,
}

/// `kakeru list view`.
#[derive(Clone, Debug, Args)]
pub struct ViewArgs {
    /// Which
    #[command(flatten)]
    pub list: NamedList,
    /// Which leads
    #[command(flatten)]
    pub leads: LeadsArgs,
    /// The column that decides the order
    #[arg(long, default_value = "position", value_name = "COLUMN", value_parser = words::sorts())]
    pub sort: String,
    /// From the last to the first
    #[arg(long)]
    pub desc: bool,
    /// Show 発信対象外 too
    #[arg(long, conflicts_with = "dialable")]
    pub excluded: bool,
    /// Behind this place: next of a page
    #[arg(long, value_name = "PLACE", conflicts_with_all = ["before", "page", "last"])]
    pub after: Option<String>,
    /// Before this place: previous of a page
    #[arg(long, value_name = "PLACE", conflicts_with_all = ["page", "last"])]
    pub before: Option<String>,
    /// This page, from 1
    #[arg(long, value_name = "N", conflicts_with = "last", value_parser = clap::value_parser!(u64).range(1..))]
    pub page: Option<u64>,
    /// The last page
    #[arg(long)]
    pub last: bool,
    /// How many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// Leads one by one, or by a filter.
#[derive(Clone, Debug, Args)]
pub struct SelectArgs {
    /// Which list
    #[command(flatten)]
    pub list: NamedList,
    /// A lead, by id or by list and number there: 春の案件#12 (may be repeated)
    #[arg(long = "lead", value_name = "LEAD")]
    pub ids: Vec<String>,
    /// Every lead of the list
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// Or the leads that pass
    #[command(flatten)]
    pub leads: LeadsArgs,
}

/// What a lead says of its customer.
#[derive(Clone, Debug, Default, Args)]
pub struct LeadFieldArgs {
    /// Company
    #[arg(long)]
    pub company: Option<String>,
    /// Person
    #[arg(long)]
    pub person: Option<String>,
    /// A category (may be repeated)
    #[arg(long = "category", value_name = "NAME")]
    pub categories: Vec<String>,
    /// A further column, such as 備考=… (may be repeated)
    #[arg(long = "column", value_name = "NAME=TEXT", value_parser = column)]
    pub columns: Vec<(String, String)>,
}

/// `kakeru lead …`.
#[derive(Debug, Subcommand)]
pub enum LeadVerb {
    /// Show one lead
    Show {
        /// Its id, or list and number there: 春の案件#12
        lead: String,
    },
    /// Put one lead on a list
    Add {
        /// Which
        #[command(flatten)]
        list: NamedList,
        /// The number; further ones behind a /
        number: String,
        /// What it says of its customer
        #[command(flatten)]
        fields: LeadFieldArgs,
    },
    /// Change what a lead says of its customer: '' blanks a field, what is not named stays
    #[command(mut_arg("categories", |arg| arg.help("All its categories from now on (may be repeated)")))]
    Edit {
        /// Its id, or list and number there: 春の案件#12
        lead: String,
        /// What to change
        #[command(flatten)]
        fields: LeadFieldArgs,
        /// Dialed before its number: 184 withholds ours, 186 presents it, '' neither
        #[arg(long, value_name = "184|186")]
        clir: Option<String>,
        /// The version you looked at; a newer one is not overwritten
        #[arg(long = "if-version", value_name = "N")]
        seen: Option<u64>,
    },
    /// Mark leads 発信対象外: they are not dialed
    Exclude {
        /// Which
        #[command(flatten)]
        select: Box<SelectArgs>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Take the mark off
    Include {
        /// Which
        #[command(flatten)]
        select: Box<SelectArgs>,
    },
    /// Put leads into the bin for 30 days; calls and contacts stay
    Delete {
        /// Which
        #[command(flatten)]
        select: Box<SelectArgs>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Bring deleted leads back
    Restore {
        /// Which
        #[command(flatten)]
        list: NamedList,
        /// The moment that `lead delete` and `list bin` tell
        #[arg(long, value_name = "AT")]
        at: i64,
    },
    /// Give leads to users in turn; to nobody without --owner. It counts on every list that has the numbers
    Assign {
        /// Which
        #[command(flatten)]
        select: Box<SelectArgs>,
        /// Logins, separated by commas
        #[arg(long = "owner", value_name = "LOGIN", value_delimiter = ',')]
        owners: Vec<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Add a number to a lead
    AddNumber {
        /// Its id, or list and number there: 春の案件#12
        lead: String,
        /// The number
        number: String,
        /// What it is
        #[arg(long)]
        label: Option<String>,
    },
    /// Remove a number that was added
    RemoveNumber {
        /// Its id, or list and number there: 春の案件#12
        lead: String,
        /// The number
        number: String,
    },
}

fn column_test(text: &str) -> Result<ColumnTest, Expected> {
    let expected = Expected(Text {
        ja: "列名=値(完全一致)か 列名~=値(部分一致)の形で書いてください",
        en: "write NAME=TEXT, or NAME~=TEXT for a part of it",
    });
    let (name, text) = text.split_once('=').ok_or(expected)?;
    let (name, part) = name.strip_suffix('~').map_or((name, false), |name| (name, true));
    let column = name.trim().to_owned();
    if column.is_empty() || (part && text.trim().is_empty()) {
        return Err(expected);
    }
    Ok(ColumnTest { column, text: text.to_owned(), part })
}

fn column(text: &str) -> Result<(String, String), Expected> {
    let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, text) = parts
        .ok_or(Expected(Text { ja: "列名=値 の形で書いてください", en: "write NAME=TEXT" }))?;
    Ok((name.to_owned(), text.to_owned()))
}

/// `kakeru recording …`.
#[derive(Debug, Subcommand)]
pub enum RecordingVerb {
    /// Show recordings, newest first
    Ls {
        /// From this day or time on (Japan time)
        #[arg(long, value_name = "TIME")]
        from: Option<Moment>,
        /// Up to this day and with it, or before this time (Japan time)
        #[arg(long, value_name = "TIME")]
        to: Option<Until>,
        /// Of which list
        #[command(flatten)]
        list: OnlyList,
        /// Only this operator
        #[arg(long, alias = "user")]
        operator: Option<String>,
        /// Only those on hold
        #[arg(long)]
        held: bool,
        /// Next of the last page
        #[arg(long)]
        after: Option<String>,
        /// How many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Take a call's recording into a file, to listen to it
    Fetch {
        /// The call: id of `kakeru history` or `kakeru recording ls`
        attempt: String,
        /// File, or - for standard output [default: the recording's own name, in this folder]
        file: Option<PathBuf>,
        /// Overwrite the file
        #[arg(long)]
        force: bool,
    },
    /// Delete a call's recordings for good; the call stays
    Delete {
        /// The call
        attempt: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Keep a call's recordings whatever the quota says
    Hold {
        /// The call
        attempt: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// End a hold
    Release {
        /// The call
        attempt: String,
    },
    /// Write silence from now on, as while a card number is said; the call goes on
    Pause,
    /// Go on recording; it never does by itself
    Resume,
    /// How much is kept, and how long that lasts
    Quota,
    /// Copy a month of recordings into a folder, with a list of them; goes on where it stopped
    Export(ExportRecordingsArgs),
}

/// `kakeru recording export`.
#[derive(Clone, Debug, Args)]
pub struct ExportRecordingsArgs {
    /// The month (Japan time), such as 2026-11
    #[arg(long, value_name = "YYYY-MM")]
    pub month: Month,
    /// The folder; a folder of the month is made in it
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Of which list
    #[command(flatten)]
    pub list: OnlyList,
    /// Only this operator
    #[arg(long, alias = "user")]
    pub operator: Option<String>,
}

/// `kakeru backup`.
#[derive(Clone, Debug, Args)]
pub struct BackupArgs {
    /// The file to write, on the daemon's machine
    pub file: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}

/// `kakeru restore`.
#[derive(Clone, Debug, Args)]
pub struct RestoreArgs {
    /// The copy
    pub file: PathBuf,
    /// The database [default: that of the configuration]
    #[arg(long, value_name = "FILE")]
    pub database: Option<PathBuf>,
}

/// `kakeru doctor`.
#[derive(Clone, Debug, Default, Args)]
pub struct DoctorArgs {
    /// Compare the database's indexes with its tables, last results of leads with their calls, and the content of recordings too
    #[arg(long)]
    pub full: bool,
    /// Accept that the database was begun empty though recordings were there: `kakeru status` warns no more
    #[arg(long)]
    pub accept_empty: bool,
}
