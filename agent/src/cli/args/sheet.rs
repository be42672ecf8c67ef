//! What may be typed about a sheet that is imported or exported, whatever its rows are.

use std::path::PathBuf;

use clap::Args;

/// What the file is.
#[derive(Clone, Debug, Args)]
pub struct SheetArgs {
    /// auto, utf-8, utf-8-bom, cp932, utf-16le, utf-16be, euc-jp, iso-2022-jp
    #[arg(long)]
    pub encoding: Option<String>,
    /// auto, comma, tab, semicolon
    #[arg(long)]
    pub delimiter: Option<String>,
    /// auto, none, required
    #[arg(long)]
    pub header: Option<String>,
    /// A column named by hand, such as 電話番号=TEL, 会社名=#1 or -=備考 (may be repeated)
    #[arg(long = "map", value_name = "OURS=THEIRS")]
    pub map: Vec<String>,
}

/// How a file is written.
#[derive(Clone, Debug, Args)]
pub struct WriteArgs {
    /// utf-8-bom (for Excel), utf-8, cp932
    #[arg(long, default_value = "utf-8-bom")]
    pub encoding: String,
    /// Leave cells alone that a spreadsheet would run as formulas
    #[arg(long)]
    pub raw: bool,
    /// The rules of the product that is to read it: open, miitel, calltree, zoho [default: open]
    #[arg(long)]
    pub profile: Option<String>,
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
}
