//! What may be typed about contacts.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{RowsArgs, SheetArgs, WriteArgs, words};

/// `kakeru contact …`.
#[derive(Debug, Subcommand)]
pub enum ContactVerb {
    /// Make a contact
    Add {
        /// Its content
        #[command(flatten)]
        fields: ContactFields,
        /// A number, the main one first: 03-1234-5678 or mobile=090-1111-2222 (may be repeated)
        #[arg(long = "phone", visible_alias = "number", value_name = "[LABEL=]NUMBER", required = true)]
        phones: Vec<String>,
        /// Overwrite the contact that has the first number
        #[arg(long)]
        overwrite: bool,
    },
    /// Make a contact of a call's number
    FromCall {
        /// The call: id of `kakeru history`
        attempt: String,
        /// Its content
        #[command(flatten)]
        fields: ContactFields,
    },
    /// Show a contact
    Show {
        /// Id or number
        contact: String,
    },
    /// Find contacts
    Ls {
        /// Part of a name, or digits of a number
        text: Option<String>,
        /// Only this category
        #[arg(long)]
        category: Option<String>,
        /// Only this owner's
        #[arg(long, value_name = "LOGIN")]
        owner: Option<String>,
        /// Only those made by themselves from calls
        #[arg(long)]
        stubs: bool,
        /// Only what lies in the bin
        #[arg(long)]
        trash: bool,
        /// Behind this contact: next of the last page
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// How many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Change a contact; '' blanks a field
    Edit {
        /// Id or number
        contact: String,
        /// What to change
        #[command(flatten)]
        fields: ContactFields,
        /// All its numbers from now on (may be repeated)
        #[arg(long = "phone", visible_alias = "number", value_name = "[LABEL=]NUMBER")]
        phones: Vec<String>,
        /// The version you looked at; a newer one is not overwritten
        #[arg(long = "if-version", value_name = "N")]
        seen: Option<u64>,
    },
    /// Put contacts into the bin for 30 days; calls and leads stay
    Delete {
        /// Ids or numbers
        #[arg(required = true)]
        contacts: Vec<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Take a contact out of the bin
    Undo {
        /// Id or number
        contact: String,
    },
    /// Put a CSV file into the contact book
    Import(Box<ContactImportArgs>),
    /// Stop the import that runs; nothing of it is kept
    ImportCancel,
    /// Take an import back: new contacts go, overwritten ones have again what they had
    ImportUndo {
        /// Its id, or the beginning of it: `kakeru list imports` shows all
        import: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Write the contact book as CSV, a row for each contact; `contact import` reads it back
    Export {
        /// File, or - for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
        /// How it is written
        #[command(flatten)]
        write: WriteArgs,
        /// A row for each number and no further columns, as other products read it
        #[arg(long)]
        per_number: bool,
        /// Write nothing where the profile's product would refuse some of the rows
        #[arg(long)]
        strict: bool,
    },
    /// Give all contacts of a user to another
    HandOver {
        /// Whose contacts; a deleted user's too [default: those of nobody]
        #[arg(long, value_name = "LOGIN", required_unless_present = "to")]
        from: Option<String>,
        /// Who gets them [default: nobody]
        #[arg(long, value_name = "LOGIN")]
        to: Option<String>,
    },
    /// Show the categories, or delete one
    Categories {
        /// Delete this category; contacts and leads that carry it stay
        #[arg(long, value_name = "NAME")]
        delete: Option<String>,
        /// Do not ask
        #[arg(long, requires = "delete")]
        yes: bool,
    },
}

/// `kakeru contact import`.
#[derive(Clone, Debug, Args)]
pub struct ContactImportArgs {
    /// The CSV file, or - for standard input
    pub file: PathBuf,
    /// What the file is
    #[command(flatten)]
    pub sheet: SheetArgs,
    /// The profile whose rules hold: open, miitel, calltree, zoho or one of the configuration [default: open]
    #[arg(long, value_name = "NAME", value_parser = words::profiles())]
    pub profile: Option<String>,
    /// A number that somebody has already (skip: the contact stays as it is)
    #[arg(long, value_name = "POLICY", value_parser = words::DUP_EXISTING)]
    pub dup_existing: Option<String>,
    /// A number that occurs twice in the file (last: that row alone; merge: all rows as one)
    #[arg(long, value_name = "POLICY", value_parser = words::DUP_IN_FILE)]
    pub dup_in_file: Option<String>,
    /// Add the file's categories to those that are there
    #[arg(long)]
    pub merge_categories: bool,
    /// What becomes of its rows
    #[command(flatten)]
    pub rows: RowsArgs,
    /// Empty cells blank existing values
    #[arg(long)]
    pub overwrite_empty: bool,
}

/// Fields of a contact.
#[derive(Clone, Debug, Default, Args)]
pub struct ContactFields {
    /// Company (取引先会社名)
    #[arg(long)]
    pub company: Option<String>,
    /// Person (取引先担当者名)
    #[arg(long)]
    pub person: Option<String>,
    /// Mail address
    #[arg(long)]
    pub email: Option<String>,
    /// Category (カテゴリー) (may be repeated)
    #[arg(long = "category", value_name = "NAME")]
    pub categories: Vec<String>,
    /// Owner [default: you]
    #[arg(long, value_name = "LOGIN")]
    pub owner: Option<String>,
}
