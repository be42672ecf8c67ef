//! Reading dial lists from the CSV files that spreadsheets really write.
//!
//! [`ImportReader::open`] detects encoding, delimiter and header; [`ImportReader::next_row`] then yields one clean
//! [`ImportRow`] after another in bounded memory and keeps every doubt and refusal for the [`ImportReport`]. The
//! database is somebody else's: this module only reads and judges. [`preview`] does the same without keeping rows.

mod by_number;
mod detect;
mod encoding;
mod found_csv;
mod head;
mod header;
mod options;
mod packed;
mod plausible;
mod preview;
mod profile;
mod reader;
mod report;
mod row;
mod run;
mod seen;
mod table;
mod words;

pub use encoding::Encoding;
pub(crate) use header::is_ours;
pub use options::{
    Cancel, ColumnMap, Delimiter, DupExisting, DupPolicy, HeaderMode, ImportOptions, ImportSource,
    NamedColumn, RequiredNames, UnknownWord,
};
pub(crate) use preview::look;
pub use preview::{PREVIEW_ROWS, Preview, preview};
pub use profile::{Profile, Profiles};
pub use reader::ImportReader;
pub use report::{Candidate, ImportError, ImportPhase, ImportProgress, ImportReport, Problem};
pub use row::{ExtraPhone, ImportRow};
pub use run::ImportJob;
pub(crate) use run::run;

#[cfg(test)]
mod tests;
