//! Recordings that are kept, that go first, and that are deleted for a reason.

use super::*;

fn record(world: &mut World, attempt: AttemptId, bytes: u64) {
    let path: std::path::PathBuf = format!("/rec/{attempt}.wav").into();
    world.db.recording_opened(attempt, path.clone(), world.now).unwrap();
    let facts = RecordingFacts {
        attempt,
        path,
        duration_ms: 60_000,
        bytes,
        sha256: [1; 32],
        gaps_ms: 0,
        state: RecordingState::Final,
    };
    world.db.recording_closed(&facts).unwrap();
}

/// S4.33: the oldest go first; holds, and what has not left the box, stay; the call's row stays for ever.
#[test]
fn the_oldest_recordings_go_first_except_what_is_held_or_not_sent() {
    let mut world = World::new(5);
    let attempts: Vec<AttemptId> = (0..4)
        .map(|_| {
            world.now += 5 * MINUTE;
            let claimed = world.dial().unwrap();
            record(&mut world, claimed.attempt, 1_000);
            world.finish(claimed.attempt, "talked");
            claimed.attempt
        })
        .collect();
    let usage = world.reader().recording_usage(world.now).unwrap();
    assert_eq!((usage.count, usage.bytes, usage.unsynced_bytes), (4, 4_000, 4_000));
    assert!(
        world.db.expire_recordings(9_999, None, ExpireAt::default(), 100, world.now).unwrap().0.is_empty(),
        "none has left the box"
    );
    for row in world.db.outbox_next(None, 3).unwrap() {
        world.db.outbox_ack(&[row.seq]).unwrap();
    }
    world
        .db
        .hold_recording(attempts[0], Some("調査"), Actor { user: Some(world.user), uid: None }, world.now)
        .unwrap();
    let usage = world.reader().recording_usage(world.now).unwrap();
    let told = (usage.held_bytes, usage.unsynced_bytes, usage.unsealed_bytes, usage.removable_bytes);
    assert_eq!(told, (1_000, 1_000, 0, 2_000));
    let expired = world.db.expire_recordings(500, None, ExpireAt::default(), 100, world.now).unwrap().0;
    assert_eq!(
        expired.iter().map(|row| row.attempt).collect::<Vec<_>>(),
        [attempts[1]],
        "no more than is needed"
    );
    let old = world.db.expire_recordings(0, Some(world.now), ExpireAt::default(), 100, world.now).unwrap().0;
    assert_eq!(
        old.iter().map(|row| row.attempt).collect::<Vec<_>>(),
        [attempts[2]],
        "by age; the last is not sent"
    );
    assert_eq!(world.db.attempt(attempts[1]).unwrap().recording.unwrap().state, RecordingState::Expired);
    let kept = world.reader().recordings(&RecordingQuery::default()).unwrap();
    assert_eq!(
        kept.iter().map(|row| (row.attempt, row.hold)).collect::<Vec<_>>(),
        [(attempts[3], false), (attempts[0], true)]
    );
    assert_eq!(kept[1].hold_reason.as_deref(), Some("調査"));
    world.db.release_recording(attempts[0], Actor::default(), world.now).unwrap();
    world.db.recordings_exported(&[kept[1].id], Actor::default(), world.now).unwrap();
    assert_eq!(
        world.db.expire_recordings(1, None, ExpireAt::default(), 100, world.now).unwrap().0[0].attempt,
        attempts[0]
    );
    // Nobody saved this one yet.
    let open = world.dial().unwrap();
    record(&mut world, open.attempt, 1_000);
    let usage = world.reader().recording_usage(world.now).unwrap();
    let told = (usage.held_bytes, usage.unsynced_bytes, usage.unsealed_bytes, usage.removable_bytes);
    assert_eq!(told, (0, 1_000, 1_000, 0));
    assert!(
        world.db.expire_recordings(9_999, None, ExpireAt::default(), 100, world.now).unwrap().0.is_empty()
    );
    assert_eq!(
        world.db.hold_recording(AttemptId(5), None, Actor::default(), NOW).unwrap_err().code(),
        "E-NOT-FOUND"
    );
}

/// Section D: an operator hears the recordings of their own calls, a manager deletes one for good; what is on hold or being written
/// stays, and so does the call.
#[test]
fn a_recording_is_heard_by_its_operator_and_deleted_with_a_reason() {
    let mut world = World::new(3);
    let by = Actor { user: Some(world.user), uid: None };
    let colleague = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let call = world.dial().unwrap().attempt;
    world.db.recording_opened(call, "/rec/a.wav".into(), world.now).unwrap();
    let running = world.db.delete_recording(call, "請求", by, world.now).unwrap_err();
    assert_eq!(running.code(), "E-DEL-GUARD");
    record(&mut world, call, 1_000);
    world
        .db
        .db
        .execute_batch("DROP TRIGGER recordings_delete; DELETE FROM recordings WHERE state = 'open'")
        .unwrap();
    world.finish(call, "talked");
    let kept = RecordingQuery { attempt: Some(call), ..RecordingQuery::default() };
    let row = world.reader().recordings(&kept).unwrap().remove(0);
    assert_eq!(world.reader().recording(row.id, Some(world.user)).unwrap(), row);
    assert_eq!(world.reader().recording(row.id, None).unwrap(), row);
    assert_eq!(world.reader().recording(row.id, Some(colleague)).unwrap_err().code(), "E-NOT-FOUND");

    world.db.hold_recording(call, Some("調査"), by, world.now).unwrap();
    let held = world.db.delete_recording(call, "請求", by, world.now).unwrap_err();
    assert_eq!(held.code(), "E-DEL-GUARD");
    let ends = format!("`kakeru recording release {call}`");
    assert!(held.to_string().contains(&ends) && held.ja().contains(&ends), "{held} {}", held.ja());
    world.db.release_recording(call, by, world.now).unwrap();
    assert_eq!(world.db.delete_recording(call, "請求", by, world.now).unwrap(), 1);
    assert_eq!(world.db.recordings_to_remove(10).unwrap(), [(row.id, row.path)]);
    assert_eq!(world.db.delete_recording(call, "請求", by, world.now).unwrap_err().code(), "E-NOT-FOUND");
    assert_eq!(world.db.attempt(call).unwrap().recording.unwrap().state, RecordingState::Expired);
    let log = AuditQuery { action: Some("recording.delete".into()), ..AuditQuery::default() };
    let log = world.reader().audit_log(&log).unwrap();
    assert_eq!((log.len(), &log[0].detail["reason"]), (1, &serde_json::json!("請求")));
    assert!(world.reader().recordings(&kept).unwrap().is_empty());
}

/// S4.33: a crash between the row of an expired recording and its file leaves the file known.
#[test]
fn the_files_of_expired_recordings_are_known_until_they_are_gone() {
    let mut world = World::new(1);
    let claimed = world.dial().unwrap();
    record(&mut world, claimed.attempt, 1_000);
    world.finish(claimed.attempt, "talked");
    for row in world.db.outbox_next(None, 9).unwrap() {
        world.db.outbox_ack(&[row.seq]).unwrap();
    }
    assert!(world.db.recordings_to_remove(9).unwrap().is_empty());
    let expired = world.db.expire_recordings(1, None, ExpireAt::default(), 9, world.now).unwrap().0;
    let left = world.db.recordings_to_remove(9).unwrap();
    assert_eq!(left, [(expired[0].id, expired[0].path.clone())]);
    world.db.recordings_removed(&[expired[0].id], world.now).unwrap();
    assert!(world.db.recordings_to_remove(9).unwrap().is_empty());
}
