//! What may be typed about what happened: messages, events, past calls, counters.

use std::path::PathBuf;

use clap::Args;
use protocol::RpcError;
use protocol::params::HistoryExport;

use super::{HistoryVerb, path, words};
use crate::cli::time::{Moment, Until, stretch};

/// `kakeru trace`.
#[derive(Clone, Debug, Args)]
pub struct TraceArgs {
    /// Attempt id, the end of one, or a SIP Call-ID [default: last, the seat's running or latest call]
    #[arg(conflicts_with = "account")]
    pub call: Option<String>,
    /// REGISTER and OPTIONS of this account, and calls that were turned away, instead of a call
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Print the messages whole
    #[arg(long, conflicts_with = "pcap")]
    pub full: bool,
    /// Write the messages as packets that Wireshark opens, or - for standard output
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
    /// Overwrite the file
    #[arg(long, requires = "pcap")]
    pub force: bool,
    /// Numbers whole; for managers only. Passwords and keys are never shown
    #[arg(long)]
    pub unmasked: bool,
}

/// `kakeru events`.
#[derive(Clone, Debug, Args)]
pub struct EventsArgs {
    /// Replay what came after this number first
    #[arg(long, value_name = "SEQ")]
    pub since: Option<u64>,
    /// Only kinds that begin with this, such as call. (may be repeated)
    #[arg(long = "kind", value_name = "PREFIX")]
    pub kinds: Vec<String>,
    /// End after this many events
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
}

/// `kakeru history`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct HistoryArgs {
    /// One call, or all of them as a file
    #[command(subcommand)]
    pub verb: Option<HistoryVerb>,
    /// Which calls
    #[command(flatten)]
    pub calls: CallsArgs,
    /// Older than this attempt: next of the last page
    #[arg(long, value_name = "ID")]
    pub before: Option<String>,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// Which past calls.
#[derive(Clone, Debug, Default, Args)]
pub struct CallsArgs {
    /// Only this list
    #[arg(long)]
    pub list: Option<String>,
    /// Only this project
    #[arg(long)]
    pub project: Option<String>,
    /// Part of the company's or person's name, then or now, however it is written
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Part of the company's name only
    #[arg(long, value_name = "TEXT")]
    pub company: Option<String>,
    /// Part of the person's name only
    #[arg(long, value_name = "TEXT")]
    pub person: Option<String>,
    /// Part of the memo
    #[arg(long, value_name = "TEXT")]
    pub memo: Option<String>,
    /// Digits of the number, all or a part
    #[arg(long)]
    pub number: Option<String>,
    /// Only this operator
    #[arg(long, alias = "user")]
    pub operator: Option<String>,
    /// Only this status, by label or code
    #[arg(long)]
    pub status: Option<String>,
    /// From this day or time on (Japan time)
    #[arg(long, value_name = "TIME")]
    pub from: Option<Moment>,
    /// Up to this day and with it, or before this time (Japan time)
    #[arg(long, value_name = "TIME")]
    pub to: Option<Until>,
    /// Only what waits for a status
    #[arg(long, visible_alias = "unsealed")]
    pub open: bool,
    /// Only what a crash interrupted
    #[arg(long)]
    pub interrupted: bool,
    /// Calls by hand [default: exclude, but include with --open and --interrupted]
    #[arg(long, value_name = "WORD", value_parser = words::MANUAL)]
    pub manual: Option<String>,
    /// Only calls whose status was left blank
    #[arg(long, conflicts_with = "status")]
    pub blank: bool,
    /// Only calls marked 報告
    #[arg(long)]
    pub reported: bool,
    /// Only calls with numbers that no contact has
    #[arg(long)]
    pub unregistered: bool,
}

impl CallsArgs {
    /// What the protocol calls these.
    ///
    /// # Errors
    /// `E-USAGE`: it ends before it begins.
    pub(crate) fn export(self, seat: Option<String>) -> Result<HistoryExport, RpcError> {
        let (from, to) = stretch(self.from, self.to)?;
        Ok(HistoryExport {
            seat,
            list: self.list.map(|list| path(self.project.as_deref(), list)),
            project: self.project,
            name: self.name,
            company: self.company,
            person: self.person,
            memo: self.memo,
            number: self.number,
            operator: self.operator,
            status: self.status,
            from,
            to,
            unsealed: self.open,
            interrupted: self.interrupted,
            manual: self.manual,
            blank: self.blank,
            reported: self.reported,
            unregistered: self.unregistered,
            ..HistoryExport::default()
        })
    }
}

/// `kakeru stats`.
#[derive(Clone, Debug, Args)]
pub struct StatsArgs {
    /// Only this list, all time unless --from
    #[arg(long)]
    pub list: Option<String>,
    /// Only this project
    #[arg(long)]
    pub project: Option<String>,
    /// Only this operator
    #[arg(long, alias = "user")]
    pub operator: Option<String>,
    /// From this day on (Japan time; figures are of whole days) [default: today]
    #[arg(long, value_name = "TIME")]
    pub from: Option<Moment>,
    /// Up to this day and with it: --from 2026-11-01 --to 2026-11-30 is November
    #[arg(long, value_name = "TIME")]
    pub to: Option<Until>,
    /// A row for each operator, list, project, hour or day
    #[arg(long, value_name = "WHAT", conflicts_with = "verify", value_parser = words::tallied())]
    pub by: Option<String>,
    /// Recount every figure from the calls, and say what differs
    #[arg(long)]
    pub verify: bool,
    /// With --verify: write those that are kept, and differ, anew from the calls first
    #[arg(long, requires = "verify")]
    pub mend: bool,
}
