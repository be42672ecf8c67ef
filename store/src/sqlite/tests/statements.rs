//! What the steps of a call cost SQLite besides their work.

use std::sync::Mutex;

use rusqlite::hooks::{AuthContext, Authorization};

use super::*;
use crate::model::{AttemptProgress, IncomingCall, ManualCall, Origin, RecordingFacts, RecordingState};

/// A call from the list, previewed and dialed at once, one by hand and one that comes in, with what a daemon asks between their steps.
fn calls(world: &mut World, status: &str) {
    world.now += 10 * MINUTE;
    let preview = ClaimSpec { dial_now: false, ..world.spec() };
    let step = world.step(None, None, Some(preview));
    let shown = world.db.advance(&step).unwrap().claimed.unwrap();
    world.db.mark_dialing(shown.attempt, &DialRules::lawful(), world.now).unwrap();
    world.db.end_attempt(&world.ended(shown.attempt)).unwrap();
    world.now += MINUTE;
    let step = world.step(Some(shown.attempt), Some(world.save(shown.attempt, status)), Some(world.spec()));
    let listed = world.db.advance(&step).unwrap().claimed.unwrap();
    recorded(world, listed.attempt);
    world.finish(listed.attempt, status);

    world.now += MINUTE;
    let by_hand = ManualCall {
        attempt: None,
        // One that was not saved as クレーム before.
        phone: format!("06{:08}", 12_345_678 + (world.now - NOW) / MINUTE),
        plan: DialPlan::default(),
        rules: DialRules::lawful(),
        project: Some(world.project),
        named: false,
        seat: "a".into(),
        user: world.user,
        origin: Origin::Manual,
        second: None,
        account: "main".into(),
        caller_id: None,
        stub: false,
        lead: None,
        now: world.now,
    };
    let by_hand = world.db.open_manual(&by_hand).unwrap();
    world.finish(by_hand.attempt, status);
    let incoming = IncomingCall {
        attempt: None,
        caller: Some("0330000001".into()),
        called: None,
        seat: "a".into(),
        user: Some(world.user),
        project: Some(world.project),
        account: "main".into(),
        sip_call_id: None,
        stub: Some("x".into()),
        now: world.now,
    };
    let arrived = world.db.open_incoming(&incoming).unwrap();
    assert_eq!(arrived.contact.and_then(|contact| contact.company).as_deref(), Some("会社1"));
    recorded(world, arrived.attempt);
    world.finish(arrived.attempt, "talked");
    while let Some(row) = world.db.outbox_next(Some(world.now + 9 * MINUTE), 1).unwrap().first() {
        world.db.outbox_ack(&[row.seq]).unwrap();
    }
    world.db.outbox_counts().unwrap();
    world.db.ping().unwrap();
    world.db.reserve_event_seq(64).unwrap();
}

fn recorded(world: &mut World, attempt: AttemptId) {
    let now = world.now;
    world.db.recording_opened(attempt, format!("/rec/{attempt}.wav").into(), now).unwrap();
    let ringing = AttemptProgress {
        attempt,
        ringing_at: Some(now),
        early_media_at: None,
        answered_at: None,
        sip_call_id: None,
        evidence: serde_json::json!({}),
    };
    world.db.progress(&ringing).unwrap();
    let facts = RecordingFacts {
        attempt,
        path: format!("/rec/{attempt}.wav").into(),
        state: RecordingState::Final,
        duration_ms: 1,
        bytes: 1,
        sha256: [0; 32],
        gaps_ms: 0,
    };
    world.db.recording_closed(&facts).unwrap();
}

/// Parsing takes longer than most statements do.
#[test]
fn a_day_of_calls_parses_each_statement_once() {
    let mut world = World::new(40);
    let parsed = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&parsed);
    let note = move |about: AuthContext<'_>| {
        seen.lock().unwrap().push(format!("{:?}", about.action));
        Authorization::Allow
    };
    // SQLite asks for leave when it parses.
    world.db.db.authorizer(Some(note)).unwrap();
    let statuses = ["no_contact", "prospect", "fax", "do_not_call", "callback", ""];
    for status in statuses {
        calls(&mut world, status);
    }
    assert!(!parsed.lock().unwrap().is_empty());
    parsed.lock().unwrap().clear();
    for status in statuses {
        calls(&mut world, status);
    }
    let anew = parsed.lock().unwrap();
    assert!(anew.is_empty(), "{anew:#?}");
}
