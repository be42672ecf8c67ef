//! What may be typed about users, and about who changed what.

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::time::{Moment, Until};

/// `kakeru user …`.
#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Make a user
    Add {
        /// Login: letters, digits, -, _, .; never one that was used before
        login: String,
        /// Name shown [default: the login]
        #[arg(long)]
        name: Option<String>,
        /// What the user may do
        #[arg(long, ignore_case = true)]
        role: RoleArg,
        /// Unix user whose commands are this user's
        #[arg(long)]
        uid: Option<u32>,
        /// Ask for a password, or read it from the first line of standard input
        #[arg(long)]
        password: bool,
    },
    /// Show the users
    Ls {
        /// Deleted ones too
        #[arg(long)]
        deleted: bool,
    },
    /// Give a user another name; every record shows it
    Rename {
        /// Login
        login: String,
        /// New name
        name: String,
    },
    /// Give a user another role
    Role {
        /// Login
        login: String,
        /// New role
        #[arg(ignore_case = true)]
        role: RoleArg,
        /// Who takes over leads and open tasks of whoever calls no more (BIZ, BY)
        #[arg(long, value_name = "LOGIN", conflicts_with = "release")]
        hand_over: Option<String>,
        /// Leave these to nobody: they are the project's again
        #[arg(long)]
        release: bool,
    },
    /// Bind a user to a Unix user, or to none
    Uid {
        /// Login
        login: String,
        /// Unix user [default: none]
        uid: Option<u32>,
    },
    /// Set a password: asked for, or read from standard input
    Passwd {
        /// Login [default: yourself]
        login: Option<String>,
        /// Take the password away
        #[arg(long)]
        remove: bool,
    },
    /// Show whom the daemon takes you for, and what you may do
    Me,
    /// Show how many leads, contacts and open tasks a user holds
    Holds {
        /// Login
        login: String,
    },
    /// Delete a user; records keep the name, the login is never given out again
    Delete {
        /// Login
        login: String,
        /// Who takes over leads, contacts and open tasks
        #[arg(long, value_name = "LOGIN", conflicts_with = "release")]
        hand_over: Option<String>,
        /// Leave leads, contacts and open tasks to nobody: they are the project's again
        #[arg(long)]
        release: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleArg {
    /// Everything
    #[value(name = "MGR")]
    Manager,
    /// Watches, assigns, exports
    #[value(name = "SV")]
    Supervisor,
    /// Calls
    #[value(name = "OP")]
    Operator,
    /// Reads reported calls
    #[value(name = "BIZ")]
    Business,
    /// Back office: adds notes, never calls
    #[value(name = "BY")]
    BackOffice,
}

impl RoleArg {
    /// The word of the protocol.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manager => "MGR",
            Self::Supervisor => "SV",
            Self::Operator => "OP",
            Self::Business => "BIZ",
            Self::BackOffice => "BY",
        }
    }
}

/// `kakeru audit`.
#[derive(Clone, Debug, Args)]
pub struct AuditArgs {
    /// Only changes by this user
    #[arg(long, value_name = "LOGIN", alias = "operator")]
    pub user: Option<String>,
    /// Only actions that begin with this, such as contact.
    #[arg(long, value_name = "PREFIX")]
    pub action: Option<String>,
    /// Only changes of this object
    #[arg(long, value_name = "ID")]
    pub object: Option<String>,
    /// From this day or time on (Japan time)
    #[arg(long, value_name = "TIME")]
    pub from: Option<Moment>,
    /// Up to this day and with it, or before this time (Japan time)
    #[arg(long, value_name = "TIME")]
    pub to: Option<Until>,
    /// Older than this entry: next of the last page
    #[arg(long, value_name = "ID")]
    pub before: Option<i64>,
    /// How many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}
