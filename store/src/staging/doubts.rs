//! What the database says of rows when they are written.

use std::collections::BTreeMap;

use crate::code::Code;

/// What only the database knew of rows that were taken: the first with what is needed to find them, the rest counted. Further numbers that
/// were left out, being another contact's already; leads that were there and that a file cannot exclude (C11); new leads whose numbers
/// lie in the list's bin.
#[derive(Debug, Default)]
pub(crate) struct LateDoubts {
    /// How many of each code.
    pub(crate) counts: BTreeMap<Code, u64>,
    pub(crate) first: Vec<LateDoubt>,
    /// Those that nobody has taken down yet ([`Self::since`]).
    since: Vec<LateDoubt>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct LateDoubt {
    /// Line of its row.
    pub(crate) line: u64,
    pub(crate) code: Code,
    /// The column it stood in, from 0; `None`: the one that excludes leads.
    pub(crate) column: Option<usize>,
    /// What stood there.
    pub(crate) value: String,
    /// Company and person of the contact that has the number, or that one's first number.
    pub(crate) contact: Option<String>,
}

impl LateDoubts {
    pub(crate) fn add(&mut self, doubt: LateDoubt) {
        let count = self.counts.entry(doubt.code).or_default();
        *count += 1;
        if *count <= MOST_TOLD {
            self.first.push(doubt.clone());
        }
        self.since.push(doubt);
    }

    /// Adds those of other codes, which somebody has taken down.
    pub(crate) fn append(&mut self, other: Self) {
        self.counts.extend(other.counts);
        self.first.extend(other.first);
    }

    /// Those that were added since it was asked last, in the order of numbers. Whoever writes rows asks after each batch: they are as many as
    /// the batch has rows and further numbers, whatever the size of the file.
    pub(crate) fn since(&mut self) -> Vec<LateDoubt> {
        std::mem::take(&mut self.since)
    }
}

/// Of one code told one by one at most: a file where every row has one was made for another book.
const MOST_TOLD: u64 = 100;
