//! What a do-not-call entry says: what is given with it once more stands beside what stood there, so that neither is lost.

use crate::id::AttemptId;

/// Reason and evidence of an entry that holds, after the same number was given once more; the same ones where it says all of it.
/// `call` is the one that the entry came from: a file names it among the evidence.
pub(crate) fn taken_in(
    (reason, evidence): (&str, &str),
    call: Option<AttemptId>,
    (new_reason, new_evidence): (&str, &str),
) -> (String, String) {
    let own = call.map(named);
    (beside(reason, new_reason, None), beside(evidence, new_evidence, own.as_deref()))
}

/// A call among the evidence.
pub(crate) fn named(call: AttemptId) -> String {
    format!("通話 {call}")
}

/// The new text behind the old one, of each of its parts what is not there already, or `known` otherwise.
pub(crate) fn beside(old: &str, new: &str, known: Option<&str>) -> String {
    let mut text = old.to_owned();
    for part in new.split(BESIDE).map(str::trim).filter(|part| !part.is_empty()) {
        if known == Some(part) || text.split(BESIDE).any(|said| said == part) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(BESIDE);
        }
        text.push_str(part);
    }
    text
}

/// Where an entry came from (登録元), in Japanese, as tables and files have it; other words as they are.
#[must_use]
pub fn dnc_source_ja(source: &str) -> &str {
    SOURCES.iter().find(|(word, _)| *word == source).map_or(source, |(_, ja)| ja)
}

/// The word of the database for what a file says: those of earlier versions have it itself.
pub(crate) fn source_of(said: &str) -> &str {
    SOURCES.iter().find(|(_, ja)| *ja == said.trim()).map_or(said, |(word, _)| word)
}

const SOURCES: [(&str, &str); 3] = [("manual", "手動"), ("import", "取り込み"), ("status", "結果")];
const BESIDE: &str = " / ";
