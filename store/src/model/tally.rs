//! Counting by something, and what a recount finds.

use serde::Serialize;

use super::report::Stats;

/// What to count by (S4.14–S4.19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TallyBy {
    /// Per operator.
    User,
    /// Per list.
    List,
    /// Per project.
    Project,
    /// Per hour of the day in Japan.
    Hour,
    /// Per day in Japan.
    Day,
}

impl TallyBy {
    /// Every way.
    pub const ALL: [Self; 5] = [Self::User, Self::List, Self::Project, Self::Hour, Self::Day];

    /// The word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::List => "list",
            Self::Project => "project",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

impl std::str::FromStr for TallyBy {
    type Err = super::word::UnknownWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|by| by.as_str() == word);
        known.ok_or_else(|| super::word::UnknownWord(word.to_owned()))
    }
}

/// The counts of one operator, list, project, hour or day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TallyRow {
    /// Identifier, hour (`9`) or day (`2026-11-21`); `None`: nobody's, or no list's.
    pub key: Option<String>,
    /// Name now: login, list, project; the key again for hours and days.
    pub name: String,
    /// The counts; `registered` is 0 except per list and project.
    pub stats: Stats,
}

/// A figure that differs from what the rows say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// Which figure: `calls by user`, `registered`, …
    pub what: String,
    /// Of whom or what.
    pub key: String,
    /// What is shown.
    pub shown: i64,
    /// What the rows say.
    pub counted: i64,
}
