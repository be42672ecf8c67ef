//! The first rows of a file of do-not-call numbers, as they would be taken.

use std::collections::HashMap;
use std::sync::Arc;

use crate::backend::Reader;
use crate::code::Code;
use crate::dnc_file::DncFileRow;
use crate::dnc_text::taken_in;
use crate::error::Result;
use crate::id::{AttemptId, ProjectId};
use crate::import::{PREVIEW_ROWS, Problem};
use crate::model::DncQuery;

/// A row of a file, or one of its numbers for one project, as the import would take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DncPreviewRow {
    /// Line in the file, from 1.
    pub line: u64,
    /// The number, E.164; of a refused row the cell that is to blame, as it stands in the file.
    pub phone: String,
    /// Only for this project.
    pub project: Option<ProjectId>,
    /// Why; empty where nobody says.
    pub reason: Arc<str>,
    /// Evidence in words.
    pub evidence: Option<String>,
    /// What would become of it.
    pub effect: DncEffect,
}

/// What an import would make of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DncEffect {
    /// The number is entered.
    New,
    /// It is entered already, or by an earlier row.
    Known,
    /// The same, and its entry takes in the row's reason or evidence.
    Completed,
    /// Its entry is cleared.
    Cleared,
    /// There is no entry to clear, or an earlier row clears it.
    Absent,
    /// The row says that it was cleared: nothing becomes of it.
    Past,
    /// The row is refused.
    Refused(Code),
}

/// Takes rows as they are read.
#[derive(Default)]
pub(crate) struct Looked(Vec<DncPreviewRow>);

impl Looked {
    pub(crate) fn take(
        &mut self,
        row: &DncFileRow,
        projects: &[Option<ProjectId>],
        reason: &Arc<str>,
        effect: DncEffect,
    ) {
        let room = PREVIEW_ROWS.saturating_sub(self.0.len());
        self.0.extend(projects.iter().take(room).map(|project| DncPreviewRow {
            line: row.line,
            phone: row.phone.clone(),
            project: *project,
            reason: Arc::clone(reason),
            evidence: row.evidence.clone(),
            effect,
        }));
    }

    /// The first rows of the file, refused ones among them. What becomes of the good ones is not judged yet.
    pub(crate) fn rows(self, problems: &[Problem]) -> Vec<DncPreviewRow> {
        let Self(mut rows) = self;
        let refused = problems.iter().filter(|problem| !problem.code.is_warning());
        let mut refused: Vec<DncPreviewRow> = refused
            .map(|problem| DncPreviewRow {
                line: problem.line,
                phone: problem.value.clone(),
                project: None,
                reason: Arc::default(),
                evidence: None,
                effect: DncEffect::Refused(problem.code),
            })
            .collect();
        // A row is refused once, whatever is wrong with it.
        refused.dedup_by_key(|row| row.line);
        refused.truncate(PREVIEW_ROWS);
        rows.append(&mut refused);
        rows.sort_by_key(|row| row.line);
        rows.truncate(PREVIEW_ROWS);
        rows
    }
}

/// Says what becomes of the good rows.
pub(crate) fn judge(reader: &mut dyn Reader, rows: &mut [DncPreviewRow], clear: bool) -> Result<()> {
    let mut seen: HashMap<(String, Option<ProjectId>), Said> = HashMap::new();
    for row in rows.iter_mut().filter(|row| row.effect == DncEffect::New) {
        let query = DncQuery { phone: Some(row.phone.clone()), limit: 1_000, ..DncQuery::default() };
        let entries = reader.dnc_entries(&query)?;
        let held = entries.into_iter().find(|entry| entry.project == row.project);
        let key = (row.phone.clone(), row.project);
        let first = !seen.contains_key(&key);
        if clear {
            row.effect = if first && held.is_some() { DncEffect::Cleared } else { DncEffect::Absent };
            seen.insert(key, Said::default());
            continue;
        }
        let before = seen.remove(&key).or_else(|| {
            held.map(|held| Said {
                reason: held.reason,
                evidence: held.evidence.unwrap_or_default(),
                call: held.attempt,
            })
        });
        let given = (&*row.reason, row.evidence.as_deref().unwrap_or_default());
        let said = match before {
            None => Said { reason: given.0.trim().to_owned(), evidence: given.1.to_owned(), call: None },
            Some(Said { reason, evidence, call }) => {
                let (new_reason, new_evidence) = taken_in((&reason, &evidence), call, given);
                row.effect = match (&new_reason, &new_evidence) == (&reason, &evidence) {
                    true => DncEffect::Known,
                    false => DncEffect::Completed,
                };
                Said { reason: new_reason, evidence: new_evidence, call }
            }
        };
        seen.insert(key, said);
    }
    Ok(())
}

/// What an entry says after the rows so far.
#[derive(Default)]
struct Said {
    reason: String,
    evidence: String,
    call: Option<AttemptId>,
}
