//! Pauses of a recording: kept at once with who wanted them, and still there when the call has ended, or never did.

use super::*;
use crate::model::{Actor, AuditQuery, PausedSpan, RecordingPause};

fn pause(attempt: AttemptId, spans: &[(u64, Option<u64>)], now: i64) -> RecordingPause {
    let spans = spans.iter().map(|&(from_ms, to_ms)| PausedSpan { from_ms, to_ms }).collect();
    RecordingPause { attempt, spans, by: Actor { user: None, uid: Some(1_000) }, now }
}

#[test]
fn pauses_are_evidence_and_in_the_audit_log() {
    let mut world = World::new(1);
    let claimed = world.dial().unwrap();
    world.db.recording_paused(&pause(claimed.attempt, &[(900, None)], NOW)).unwrap();
    // A crash now would leave this.
    let evidence = world.db.attempt(claimed.attempt).unwrap().evidence;
    assert_eq!(evidence["recording_paused"], serde_json::json!([{ "from_ms": 900, "to_ms": null }]));
    world.db.recording_paused(&pause(claimed.attempt, &[(900, Some(2_500))], NOW + 1_600)).unwrap();

    let mut end = world.ended(claimed.attempt);
    end.evidence = serde_json::json!({ "codec": "PCMU" });
    world.db.end_attempt(&end).unwrap();
    let evidence = world.db.attempt(claimed.attempt).unwrap().evidence;
    assert_eq!(evidence["recording_paused"], serde_json::json!([{ "from_ms": 900, "to_ms": 2_500 }]));
    assert_eq!(evidence["codec"], "PCMU");

    let log = world.reader().audit_log(&AuditQuery::default()).unwrap();
    let entries: Vec<_> = log
        .iter()
        .filter(|row| row.action.starts_with("recording."))
        .map(|row| (row.action.as_str(), row.object.clone(), row.uid, row.detail.clone()))
        .collect();
    let id = claimed.attempt.to_string();
    assert_eq!(
        entries,
        [
            ("recording.resume", id.clone(), Some(1_000), serde_json::json!({ "at_ms": 2_500 })),
            ("recording.pause", id, Some(1_000), serde_json::json!({ "at_ms": 900 })),
        ]
    );
    let gone = world.db.recording_paused(&pause(AttemptId(5), &[(0, None)], NOW)).unwrap_err();
    assert_eq!(gone.code(), "E-NOT-FOUND");
}
