//! What may be typed: one definition for parsing, help and completion.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod call;
mod contact;
mod daemon;
mod devices;
mod disposition;
mod dnc;
mod history;
mod list;
mod manage;
mod named;
mod past;
mod sheet;
mod task;
mod user;
mod words;

pub use call::*;
pub use contact::*;
pub use daemon::*;
pub use devices::*;
pub use disposition::*;
pub use dnc::*;
pub use history::*;
pub use list::*;
pub use manage::*;
pub use named::*;
pub use past::*;
pub use sheet::*;
pub use task::*;
pub use user::*;

/// Kakeru (架ける): the outbound call centre's phone.
///
/// Exit codes: 0 done, 1 refused (with a code E-…), 2 wrong usage, 3 daemon unreachable, 78 wrong configuration.
#[derive(Debug, Parser)]
#[command(name = "kakeru", bin_name = "kakeru", version, disable_help_subcommand = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Print JSON: one object per result or event
    #[arg(long, global = true)]
    pub json: bool,
    /// Control socket of the daemon [default: $XDG_RUNTIME_DIR/kakeru/control.sock, system /run/kakeru/control.sock]
    #[arg(long, global = true, value_name = "PATH", env = "KAKERU_SOCKET")]
    pub socket: Option<PathBuf>,
    /// Configuration file [default: ~/.config/kakeru/kakeru.toml, system /etc/kakeru/kakeru.toml]
    #[arg(long, global = true, value_name = "FILE", env = "KAKERU_CONFIG")]
    pub config: Option<PathBuf>,
    /// Seat to act on [default: the seat of your user, else the only seat]
    #[arg(long, global = true, value_name = "NAME", env = "KAKERU_SEAT")]
    pub seat: Option<String>,
    /// Language of texts for people [default: by LC_ALL, LC_MESSAGES, LANG]
    #[arg(long, global = true, value_name = "LANG")]
    pub lang: Option<LangArg>,
}

/// Languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LangArg {
    /// Japanese
    Ja,
    /// English
    En,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the daemon in the foreground
    Run(RunArgs),
    /// Show the main job with a built-in exchange: no account, no sound card needed
    Demo(DemoArgs),
    /// Run the practice exchange
    Exchange(ExchangeArgs),
    /// Show accounts, seats and calls
    Status,
    /// Call a number, or the previewed lead when none is given
    Call(CallArgs),
    /// Answer the ringing call
    Answer,
    /// End the call
    Hangup {
        /// The call to end, and no other: its id, or the last four characters [default: the one that is up]
        #[arg(long, value_name = "ID")]
        attempt: Option<String>,
    },
    /// Put the call on hold
    Hold,
    /// Take the call off hold
    Resume,
    /// Silence or open the microphone
    Mute {
        /// on or off
        #[arg(default_value = "on")]
        state: Switch,
    },
    /// Send DTMF digits
    Dtmf {
        /// 0-9, *, #, A-D
        digits: String,
    },
    /// Hand the other side of the call to a number, or to whom you consult; returns when it is known whether that worked
    Transfer {
        /// The number, in any form people write [default: whom you consult]
        number: Option<String>,
    },
    /// Ask somebody while the other side of the call waits on hold
    Consult {
        /// The number, in any form people write
        #[arg(required_unless_present = "cancel", conflicts_with = "cancel")]
        number: Option<String>,
        /// End the consultation and take the call back
        #[arg(long)]
        cancel: bool,
    },
    /// Talk with the other one of the two: whom you consult, or who waits
    Swap,
    /// Hear the calls of another seat at yours, one after another until `kakeru untap` (supervisors)
    Listen(TapArgs),
    /// Listen, and be heard by the operator alone
    Whisper(TapArgs),
    /// Listen, and be heard by operator and callee
    Barge(TapArgs),
    /// Listen no longer; so does `kakeru hangup`
    Untap,
    /// Save the call's result, and say what follows
    Save(SaveArgs),
    /// Be away
    Pause {
        /// Why, such as lunch
        code: Option<String>,
    },
    /// Be back
    Ready,
    /// Show the SIP messages of a call as a ladder, with its voice's figures
    Trace(TraceArgs),
    /// Print events as they happen
    Events(EventsArgs),
    /// Dial lists
    #[command(subcommand)]
    List(ListVerb),
    /// Projects (案件)
    #[command(subcommand)]
    Project(ProjectVerb),
    /// Leads of a list
    #[command(subcommand)]
    Lead(LeadVerb),
    /// Recordings that are kept
    #[command(subcommand)]
    Recording(RecordingVerb),
    /// Copy the database while calls go on
    Backup(BackupArgs),
    /// Put a copy of the database back; the daemon must not run
    Restore(RestoreArgs),
    /// Look at the whole database and at the room for recordings
    Doctor(DoctorArgs),
    /// Call down a list
    #[command(subcommand)]
    Dial(DialVerb),
    /// Do-not-call list
    #[command(subcommand)]
    Dnc(DncVerb),
    /// Contacts
    #[command(subcommand)]
    Contact(ContactVerb),
    /// What to come back to: 見込, 再コール
    #[command(subcommand)]
    Task(TaskVerb),
    /// Past calls; with a verb, one call
    History(Box<HistoryArgs>),
    /// Notes in a customer's history, without a call
    #[command(subcommand)]
    Note(NoteVerb),
    /// Profiles: by which rules files are read and written
    #[command(subcommand)]
    Profile(ProfileVerb),
    /// Result statuses
    #[command(subcommand)]
    Disposition(DispositionVerb),
    /// Users and their roles
    #[command(subcommand)]
    User(UserVerb),
    /// Administrative changes: who, when, what
    Audit(AuditArgs),
    /// Counters: works, calls, connects, progress
    Stats(StatsArgs),
    /// Sound devices: list, choose, try; volume and level
    Devices(DevicesArgs),
    /// The configuration file
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Print a completion script for your shell
    Completion {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On
    On,
    /// Off
    Off,
}

#[cfg(test)]
mod tests;
