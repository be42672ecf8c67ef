//! Files that are written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ImportIssue, ReplacedCell};

/// `dnc.export`, `contact.export`, `history.export`, and the file of `list.export`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// Rows written.
    pub rows: u64,
    /// Size of the file.
    pub bytes: u64,
    /// The file, when one was named.
    pub path: Option<String>,
    /// Otherwise the word to fetch it with, valid on this connection only.
    pub download: Option<String>,
    /// Cells that were written otherwise than they stand, since the product takes no quotation marks or the encoding has a sign
    /// under another code point only: at most the first 1000.
    #[serde(default)]
    pub replaced: Vec<ReplacedCell>,
    /// How many there were.
    #[serde(default)]
    pub replaced_total: u64,
    /// The parts, in the order of the file; empty where it was not to be cut.
    #[serde(default)]
    pub parts: Vec<ExportPart>,
    /// What the product that is to read it does not take at once.
    #[serde(default)]
    pub over: Vec<OverLimit>,
    /// What the product's rules say of its rows; `null` where no `profile` is named, and of calls and do-not-call numbers.
    #[serde(default)]
    pub judged: Option<Judged>,
}

/// What a product's rules say of the rows of a file, as an import by them says it. All of them are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Rows that it would refuse.
    pub refused: u64,
    /// How often each code occurred.
    pub counts: BTreeMap<String, u64>,
    /// The first 100 mistakes, in the order of the file.
    pub errors: Vec<JudgedIssue>,
    /// The first 100 doubts.
    pub warnings: Vec<JudgedIssue>,
}

/// A mistake or a doubt about a row that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedIssue {
    /// The part that has it, from 1; `null` where there are no parts.
    #[serde(default)]
    pub part: Option<u32>,
    /// What it is; its lines are those of the file, or of the part.
    #[serde(flatten)]
    pub issue: ImportIssue,
}

/// One part of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportPart {
    /// Its file; `null` in the daemon's answer, put here by who cuts.
    #[serde(default)]
    pub path: Option<String>,
    /// Rows, without the header.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
}

/// A limit of a product that an export goes over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverLimit {
    /// Of what: `rows` and `bytes` of one file, `leads` of one list, `contacts` in all.
    pub limit: String,
    /// How many it takes.
    pub most: u64,
    /// How many there are.
    pub found: u64,
}

impl AsMut<Self> for Exported {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

impl AsMut<Exported> for super::ExportResult {
    fn as_mut(&mut self) -> &mut Exported {
        &mut self.file
    }
}
