//! What may be typed: one definition for parsing, help and completion.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::time::Moment;

mod manage;
mod office;

pub use manage::*;
pub use office::{
    AuditArgs, ContactFields, ContactVerb, DispositionFlags, DispositionVerb, DncVerb, FolderArg,
    HistoryVerb, NoteAbout, NoteVerb, RoleArg, TaskVerb, UserVerb,
};

/// Kakeru (架ける): the outbound call centre's phone.
///
/// Exit codes: 0 done, 1 refused (with a code E-…), 2 wrong usage, 3 daemon unreachable, 78 wrong configuration.
#[derive(Debug, Parser)]
#[command(
    name = "kakeru",
    bin_name = "kakeru",
    version,
    propagate_version = true,
    disable_help_subcommand = true
)]
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
    Hangup,
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
    History(HistoryArgs),
    /// Notes in a customer's history, without a call
    #[command(subcommand)]
    Note(NoteVerb),
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
    /// Sound devices
    Devices,
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

/// `kakeru run`; the file is the global `--config`.
#[derive(Clone, Debug, Default, Args)]
pub struct RunArgs {}

/// `kakeru demo`; `--json` is global.
#[derive(Clone, Debug, Default, Args)]
pub struct DemoArgs {
    /// Shorten ringing and talk: under 30 seconds
    #[arg(long)]
    pub fast: bool,
    /// Play no sound even where there is a device
    #[arg(long)]
    pub mute: bool,
    /// Keep database, recordings and results in this folder [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// `kakeru exchange`; `--json` is global.
#[derive(Clone, Debug, Args)]
pub struct ExchangeArgs {
    /// Address and port for UDP and TCP; port 0: any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5060")]
    pub listen: SocketAddr,
    /// The one user who may register
    #[arg(long, default_value = "100")]
    pub user: String,
    /// The user's password
    #[arg(long, default_value = "practice")]
    pub password: String,
    /// Digest algorithms to offer: many phones know MD5 only and give up at anything else
    #[arg(long, value_enum, default_value = "md5")]
    pub digest: DigestArg,
    /// Have the message bodies signed too (qop=auth-int)
    #[arg(long)]
    pub auth_int: bool,
    /// Address and port for TLS; needs --tls-cert and --tls-key
    #[arg(long, value_name = "ADDR", requires = "tls_cert")]
    pub tls: Option<SocketAddr>,
    /// The exchange's certificate, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub tls_key: Option<PathBuf>,
    /// Shorten ringing and talk
    #[arg(long)]
    pub fast: bool,
}

/// Digest algorithms of the practice exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DigestArg {
    /// MD5.
    Md5,
    /// MD5-sess.
    Md5Sess,
    /// SHA-256.
    Sha256,
    /// SHA-512-256.
    #[value(name = "sha512-256")]
    Sha512T256,
    /// SHA-256, then MD5, as RFC 8760 has it.
    Both,
    /// SHA-512-256, SHA-256, then MD5.
    All,
}

/// `kakeru call`.
#[derive(Clone, Debug, Args)]
pub struct CallArgs {
    /// The number, in any form people write
    pub number: Option<String>,
    /// Project to book the call on
    #[arg(long)]
    pub project: Option<String>,
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
    /// When to call again: "2026-11-30 10:00" (Japan time)
    #[arg(long, value_name = "TIME")]
    pub recall: Option<Moment>,
    /// What follows: call the next lead, show the next lead, or only save
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
    },
    /// Put a CSV file into a list
    Import(ImportArgs),
    /// Show the rows of a list
    Show {
        /// Name or id
        list: String,
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
        /// Name or id
        list: String,
        /// File, or - for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
        /// utf-8-bom (for Excel), utf-8, cp932
        #[arg(long, default_value = "utf-8-bom")]
        encoding: String,
        /// Leave cells alone that a spreadsheet would run as formulas
        #[arg(long)]
        raw: bool,
        /// Leave the results out
        #[arg(long)]
        without_results: bool,
    },
    /// Show every list
    Ls,
    /// Show leads under any sort and filter
    View(Box<ViewArgs>),
    /// Rename a list, enable or disable it, order its dialing
    Change {
        /// Name or id
        list: String,
        /// New name
        #[arg(long)]
        name: Option<String>,
        /// Whether it is dialed from
        #[arg(long, value_name = "true|false")]
        enabled: Option<bool>,
        /// position, random, newest, category
        #[arg(long)]
        order: Option<String>,
        /// Whose limits hold: open, miitel, calltree, zoho
        #[arg(long)]
        profile: Option<String>,
    },
    /// Delete a list; calls and contacts stay
    Delete {
        /// Name or id
        list: String,
    },
    /// Bring a deleted list back
    Restore {
        /// Name or id
        list: String,
    },
    /// Show deleted lists, or the deleted leads of one
    Bin {
        /// Name or id
        list: Option<String>,
    },
    /// Open the next round
    Round {
        /// Name or id
        list: String,
    },
    /// Grant a list to users, or take it back; shows who may use it
    Grant {
        /// Name or id
        list: String,
        /// Logins, separated by commas
        #[arg(value_name = "LOGIN", value_delimiter = ',')]
        users: Vec<String>,
        /// Take it back
        #[arg(long, requires = "users")]
        revoke: bool,
    },
    /// Show the journal of imports
    Imports {
        /// Only this list
        list: Option<String>,
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
    },
    /// Stop the import that runs into a list; nothing of it is kept
    ImportCancel {
        /// Name or id
        list: String,
    },
}

/// `kakeru list import`.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// Name or id of the list
    pub list: String,
    /// The CSV file, or - for standard input
    pub file: PathBuf,
    /// Make the list first if there is none of this name
    #[arg(long)]
    pub create: bool,
    /// Project of a list that is made (案件)
    #[arg(long, requires = "create")]
    pub project: Option<String>,
    /// auto, utf-8, utf-8-bom, cp932, utf-16le, utf-16be, euc-jp, iso-2022-jp
    #[arg(long)]
    pub encoding: Option<String>,
    /// auto, comma, tab, semicolon
    #[arg(long)]
    pub delimiter: Option<String>,
    /// auto, none, required
    #[arg(long)]
    pub header: Option<String>,
    /// The rules of a product: open, miitel, calltree, zoho [default: the list's]
    #[arg(long)]
    pub profile: Option<String>,
    /// A column named by hand, such as 電話番号=TEL, 会社名=#1 or -=備考 (may be repeated)
    #[arg(long = "map", value_name = "OURS=THEIRS")]
    pub map: Vec<String>,
    /// Who owns the new numbers, in turn: logins, separated by commas
    #[arg(long, value_name = "LOGIN", value_delimiter = ',')]
    pub assign: Vec<String>,
    /// A number that is on the list already: update, skip
    #[arg(long, value_name = "POLICY")]
    pub dup_existing: Option<String>,
    /// A number that occurs twice in the file: error, first, last, merge
    #[arg(long, value_name = "POLICY")]
    pub dup_in_file: Option<String>,
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

/// `kakeru dial …`.
#[derive(Debug, Subcommand)]
pub enum DialVerb {
    /// Call down a list from the top
    Start {
        /// Name or id
        list: String,
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
        /// Number, lead id, or name of a list without digits [default: the head of the list]
        #[arg(required_unless_present = "list")]
        lead: Option<String>,
        /// Name or id of the list
        #[arg(long)]
        list: Option<String>,
        /// How many rows
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
}

/// `kakeru history`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct HistoryArgs {
    /// One call, or all of them as a file
    #[command(subcommand)]
    pub verb: Option<HistoryVerb>,
    /// Only this list
    #[arg(long)]
    pub list: Option<String>,
    /// Only this number
    #[arg(long)]
    pub number: Option<String>,
    /// Only this operator
    #[arg(long)]
    pub operator: Option<String>,
    /// Only this status, by label or code
    #[arg(long)]
    pub status: Option<String>,
    /// From this day or time on (Japan time)
    #[arg(long, value_name = "TIME")]
    pub from: Option<Moment>,
    /// Before this day or time (Japan time)
    #[arg(long, value_name = "TIME")]
    pub to: Option<Moment>,
    /// Only what waits for a status
    #[arg(long, visible_alias = "unsealed")]
    pub open: bool,
    /// Only what a crash interrupted
    #[arg(long)]
    pub interrupted: bool,
    /// Calls by hand: exclude, include, only [default: exclude, but include with --open and --interrupted]
    #[arg(long, value_name = "WORD")]
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
    /// Older than this attempt: next of the last page
    #[arg(long, value_name = "ID")]
    pub before: Option<String>,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
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
    #[arg(long)]
    pub operator: Option<String>,
    /// From this day or time on (Japan time) [default: today]
    #[arg(long, value_name = "TIME")]
    pub from: Option<Moment>,
    /// Before this day or time (Japan time)
    #[arg(long, value_name = "TIME")]
    pub to: Option<Moment>,
    /// A row for each user, list, project, hour or day
    #[arg(long, value_name = "WHAT", conflicts_with = "verify", value_parser = ["user", "list", "project", "hour", "day"])]
    pub by: Option<String>,
    /// Recount every figure from the calls, and say what differs
    #[arg(long)]
    pub verify: bool,
}

/// `kakeru config …`.
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Check the file and print every mistake with its line
    Check {
        /// The file [default: as --config]
        file: Option<PathBuf>,
        /// What an account would send.
        #[command(flatten)]
        explain: ExplainArgs,
    },
    /// Print the commented example
    Example,
}

/// What `kakeru config check` prints besides mistakes.
#[derive(Clone, Debug, Default, Args)]
pub struct ExplainArgs {
    /// Print the INVITE that this account would send; nothing is sent
    #[arg(long, value_name = "ACCOUNT")]
    pub explain: Option<String>,
    /// To this number instead of a made-up one; 184 and 186 may stand before it
    #[arg(long, requires = "explain")]
    pub number: Option<String>,
    /// Print the numbers whole
    #[arg(long, requires = "explain")]
    pub show_numbers: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use clap::error::ErrorKind;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("kakeru").chain(line.split(' ')))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_documented_command_parses() {
        for line in [
            "run",
            "run --config k.toml",
            "demo --fast --mute --dir d --json",
            "exchange --listen 127.0.0.1:0 --fast",
            "status --json",
            "call 03-1234-5678",
            "call",
            "answer --seat a",
            "hangup",
            "hold",
            "resume",
            "mute",
            "mute off",
            "dtmf 1#",
            "transfer 03-1234-5678",
            "transfer",
            "consult 03-1234-5678",
            "consult --cancel",
            "swap",
            "save --status 見込 --memo x --next dial",
            "save --recall 2026-11-30T10:00 --next skip",
            "pause lunch",
            "ready",
            "trace",
            "trace last --full --unmasked",
            "trace 7R3X6B1CV --pcap call.pcap --force --json",
            "trace --account main --lang ja",
            "events --since 5 --kind call. --kind dial. --count 3",
            "history --open --limit 5",
            "stats --list x",
            "devices",
            "config check",
            "config check k.toml",
            "config example",
            "completion bash",
            "list create x --project y",
            "list import x f.csv --create --project y --encoding cp932 --partial --report e.csv",
            "list show x --filter worked",
            "list export x",
            "list export x f.csv --encoding cp932",
            "list ls",
            "dial start x",
            "dial pause",
            "dial resume",
            "dial stop",
            "dial skip",
            "dial why 0312345678",
            "dial why --list x",
            "dnc add 0312345678 --reason x",
            "dnc ls --number 0312345678 --cleared",
            "dnc clear 0312345678 --reason x",
            "dnc import f.csv --project y --reason x --clear --partial --dry-run",
            "dnc export f.csv --cleared --encoding cp932",
            "contact add --company A --person B --phone 0312345678 --phone mobile=09011112222 --category x --overwrite",
            "contact from-call 01JD5Y8ZK4T0M9Q2W7R3X6B1CV --company A",
            "contact show 0312345678",
            "contact ls さんぷる --category x --trash --limit 5",
            "contact edit 0312345678 --person B --if-version 3",
            "contact delete 0312345678 --yes",
            "contact undo 01JD5Y8ZK4T0M9Q2W7R3X6B1CV",
            "contact export",
            "contact categories",
            "contact categories --delete x --yes",
            "task ls --folder past --all --closed",
            "task done 7 --undo",
            "task reassign 7 bob",
            "task due 7 2026-11-30T10:00",
            "history show 01JD5Y8ZK4T0M9Q2W7R3X6B1CV",
            "history amend 01JD5Y8ZK4T0M9Q2W7R3X6B1CV --status 見込 --reason x",
            "history report 01JD5Y8ZK4T0M9Q2W7R3X6B1CV --off",
            "history export f.csv --manual only",
            "history --manual include --blank --reported --unregistered",
            "note add x --number 0312345678",
            "note ls --attempt 01JD5Y8ZK4T0M9Q2W7R3X6B1CV",
            "note edit 01JD5Y8ZK4T0M9Q2W7R3X6B1CV x",
            "note delete 01JD5Y8ZK4T0M9Q2W7R3X6B1CV",
            "disposition ls --archived",
            "disposition add x --lead-next retry --counts-connect no --hotkey f --color #ff8800 --position 1",
            "disposition edit x --label y --keep-recording yes",
            "disposition archive x",
            "disposition restore x",
            "user add carol --role by --uid 1003 --password",
            "user ls --deleted",
            "user rename carol x",
            "user role carol OP",
            "user uid carol",
            "user passwd carol --remove",
            "user delete carol --yes",
            "audit --action user. --limit 5",
            "project ls",
            "project create x --caller-id 03-1234-5678",
            "project change x --name y --company-wide-dnc false",
            "project delete x",
            "project restore x",
            "list view x --search 山田 --sort last_at --desc --page 3",
            "list view x --second --category a --category b",
            "list change x --order newest --enabled false",
            "list delete x",
            "list restore x",
            "list bin x",
            "list round x",
            "list grant x bob,carol --revoke",
            "list imports",
            "list import-undo 01JD",
            "list import-cancel x",
            "list import x f.csv --profile calltree --map 電話番号=TEL --assign a,b --preview",
            "lead show 01JD",
            "lead add x 03-1234-5678 --company y --column 備考=z",
            "lead exclude x --lead 01JD --reason y",
            "lead include x --all",
            "lead delete x --status 現アナ",
            "lead restore x --at 1795398000000",
            "lead assign x --all --owner a,b",
            "lead add-number 01JD 090-1234-5678 --label 携帯",
            "lead remove-number 01JD 090-1234-5678",
            "recording ls --held",
            "recording hold 01JD --reason x",
            "recording release 01JD",
            "recording quota",
            "backup /b/k.db",
            "restore /b/k.db --database /s/k.db",
            "doctor --full",
            "stats --by user",
            "stats --verify",
        ] {
            if let Err(error) = parse(line) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn global_options_stand_anywhere() {
        let cli = parse("save --next dial --seat b --json --lang ja").unwrap();
        assert_eq!(
            (cli.global.seat.as_deref(), cli.global.json, cli.global.lang),
            (Some("b"), true, Some(LangArg::Ja))
        );
        let cli = parse("--socket /s list ls").unwrap();
        assert_eq!(cli.global.socket, Some(PathBuf::from("/s")));
    }

    #[test]
    fn wrong_usage_exits_with_2() {
        for line in [
            "nonsense",
            "save --next later",
            "dial why",
            "list import x",
            "mute maybe",
            "list show x --limit 0",
            "call 1 2",
            "trace x --account main",
            "trace --force",
            "transfer 1 2",
            "consult",
            "consult 1 --cancel",
            "note add x",
            "note ls --lead a --number b",
            "user add x",
            "user role x BOSS",
            "dnc clear 0312345678",
            "dnc import f.csv --clear",
            "contact add --company x",
            "disposition add x --counts-call maybe",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
        let help = parse("--help").unwrap_err();
        assert_eq!((help.kind(), help.exit_code()), (ErrorKind::DisplayHelp, 0));
    }
}
