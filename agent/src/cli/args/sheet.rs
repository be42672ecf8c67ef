//! What may be typed about a sheet that is imported or exported, whatever its rows are.

use std::path::PathBuf;

use clap::Args;

use super::words;

/// What the file is.
#[derive(Clone, Debug, Args)]
pub struct SheetArgs {
    /// How its characters are written; auto finds out
    #[arg(long, value_parser = words::encodings(), ignore_case = true)]
    pub encoding: Option<String>,
    /// What stands between its cells; auto finds out
    #[arg(long, value_parser = words::DELIMITERS)]
    pub delimiter: Option<String>,
    /// Whether line 1 names the columns; auto finds out
    #[arg(long, value_parser = words::HEADERS)]
    pub header: Option<String>,
    /// A column named by hand, such as 電話番号=TEL, 会社名=#1 or -=備考 (may be repeated)
    #[arg(long = "map", value_name = "OURS=THEIRS", allow_hyphen_values = true)]
    pub map: Vec<String>,
}

/// How a file is written.
#[derive(Clone, Debug, Args)]
pub struct WriteArgs {
    /// How its characters are written; utf-8-bom is for Excel [default: the profile's, else utf-8-bom]
    #[arg(long, value_parser = words::written(), ignore_case = true)]
    pub encoding: Option<String>,
    /// Leave cells alone that a spreadsheet would run as formulas
    #[arg(long)]
    pub raw: bool,
    /// The profile of the product that is to read it: open, miitel, calltree, zoho or one of the configuration [default: open]
    #[arg(long, value_name = "NAME", value_parser = words::profiles())]
    pub profile: Option<String>,
    /// How it is cut
    #[command(flatten)]
    pub cut: CutArgs,
}

/// How a file is cut.
#[derive(Clone, Debug, Default, Args)]
pub struct CutArgs {
    /// Several files that the profile's product takes one by one: FILE-001.csv, FILE-002.csv, …
    #[arg(long)]
    pub split: bool,
    /// Several files of at most so many rows, the header not counted
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub split_rows: Option<u64>,
    /// Several files of at most so many bytes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub split_bytes: Option<u64>,
    /// Replace such files where there are some
    #[arg(long)]
    pub force: bool,
}

impl CutArgs {
    /// Whether there are to be several files.
    #[must_use]
    pub fn wanted(&self) -> bool {
        self.split || self.split_rows.is_some() || self.split_bytes.is_some()
    }
}

/// What becomes of its rows, the bad ones above all.
#[derive(Clone, Debug, Args)]
pub struct RowsArgs {
    /// Take the good rows although others are bad
    #[arg(long)]
    pub partial: bool,
    /// Look only, change nothing
    #[arg(long, visible_alias = "preview")]
    pub dry_run: bool,
    /// Write the refused rows here, to correct and import again
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Write all doubts here, to read
    #[arg(long, value_name = "FILE")]
    pub report_warnings: Option<PathBuf>,
}
