//! Opening and recovering.

use std::io::{Seek, SeekFrom, Write};

use super::*;
use crate::error::OpenError;

#[test]
fn what_a_crash_leaves_is_put_in_order() {
    let mut world = World::new(5);
    // 1: sealed. 2: ended, not sealed. 3: under way, status saved. 4: claimed only.
    world.call("talked");
    let ended = world.dial().unwrap();
    world.db.end_attempt(&world.ended(ended.attempt)).unwrap();
    let under_way = world.dial().unwrap();
    world.db.save(&world.save(under_way.attempt, "見込")).unwrap();
    let mut spec = world.spec();
    spec.dial_now = false;
    let claimed = world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.unwrap();
    let mut world = world.reopen();
    world.now += MINUTE;
    let recovery = world.db.recover(world.now).unwrap();
    assert_eq!(recovery.released, 1);
    assert_eq!(recovery.interrupted.iter().map(|row| row.id).collect::<Vec<_>>(), [under_way.attempt]);
    assert_eq!(recovery.unsealed.iter().map(|row| row.id).collect::<Vec<_>>(), [ended.attempt]);
    assert!(world.db.attempt(claimed.attempt).is_err());
    let row = world.db.attempt(under_way.attempt).unwrap();
    assert_eq!((row.ended_at, row.interrupted), (Some(world.now), true));
    assert_eq!(row.status.as_deref(), Some("prospect"), "the saved result is there");
    assert_eq!(
        world.states(),
        [LeadState::Done, LeadState::Claimed, LeadState::Interrupted, LeadState::Ready, LeadState::Ready]
    );
    // Nobody is dialed twice: the next ones are 4 and 5.
    assert_eq!(world.dial().unwrap().position, 4);
    // A second recovery finds the same list, and interrupts what was dialed meanwhile.
    let again = world.db.recover(world.now).unwrap();
    assert_eq!(again.interrupted.len(), 2);
    assert_eq!(again.unsealed.len(), 1);
    // Sealing follows the saved status; a blank one stays listed.
    world.db.seal(under_way.attempt, world.now).unwrap();
    assert_eq!(world.lead(under_way.lead).state, LeadState::Task);
}

#[test]
fn an_interrupted_lead_waits_for_the_next_round() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    let mut world = world.reopen();
    world.now += 10 * MINUTE;
    world.db.recover(world.now).unwrap();
    world.db.seal(attempt, world.now).unwrap();
    assert_eq!(world.states(), [LeadState::Interrupted]);
    assert!(world.dial().is_none());
    assert_eq!(world.db.outbox_next(None, 9).unwrap()[0].payload["interrupted"], true);
    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
    assert!(world.dial().is_some());
}

/// S4.49: a restart seals what has a result, whoever gave it and however it ended, and hands it out once; a blank row waits for somebody.
#[test]
fn a_restart_seals_what_has_a_result() {
    let mut world = World::new(6);
    // 1: saved and left open. 2: by the machine. 3: blank. 4: saved in the call that the crash cut short. 5: cut short, blank.
    let saved = world.dial().unwrap();
    world.db.recording_opened(saved.attempt, "/rec/1.wav".into(), NOW).unwrap();
    world.db.end_attempt(&world.ended(saved.attempt)).unwrap();
    world.db.save(&world.save(saved.attempt, "不通")).unwrap();
    let judged = world.dial().unwrap();
    let auto = Save { set_by: SetBy::Auto, ..world.save(judged.attempt, "FAX") };
    world.db.end_attempt(&AttemptEnd { auto: Some(auto), ..world.ended(judged.attempt) }).unwrap();
    let blank = world.dial().unwrap();
    world.db.end_attempt(&world.ended(blank.attempt)).unwrap();
    let mut memo = world.save(blank.attempt, "");
    memo.memo = Some("留守電に伝言".into());
    world.db.save(&memo).unwrap();
    let in_call = world.dial().unwrap();
    world.db.save(&world.save(in_call.attempt, "見込")).unwrap();
    let lost = world.dial().unwrap();
    world.now += MINUTE;

    let mut world = world.reopen();
    world.db.recover(world.now).unwrap();
    let (sealed, more) = world.db.seal_judged(world.now).unwrap();
    let ids: Vec<AttemptId> = sealed.iter().map(|sealed| sealed.attempt).collect();
    assert_eq!((ids, more), (vec![saved.attempt, judged.attempt, in_call.attempt], false));
    let files: Vec<_> = sealed.iter().filter_map(|sealed| sealed.discard_recording.clone()).collect();
    assert_eq!(files, [std::path::PathBuf::from("/rec/1.wav")], "S4.8: no recording is kept of 不通");
    assert!(sealed.iter().all(|sealed| sealed.seat == "a" && !sealed.already));
    let handed: Vec<AttemptId> =
        world.db.outbox_next(None, 10).unwrap().into_iter().map(|row| row.key).collect();
    assert_eq!(handed, [saved.attempt, judged.attempt, in_call.attempt]);
    for open in [blank.attempt, lost.attempt] {
        assert_eq!(world.db.attempt(open).unwrap().sealed_at, None);
    }
    assert_eq!(
        world.states(),
        [
            LeadState::Ready,
            LeadState::Done,
            LeadState::Claimed,
            LeadState::Task,
            LeadState::Interrupted,
            LeadState::Ready
        ]
    );
    assert_eq!(world.db.seal_judged(world.now).unwrap().0, [], "once");
    assert_eq!(world.dial().unwrap().position, 6, "nobody is called twice in the round");
}

/// More rows than one commit takes, as an upgrade may find.
#[test]
fn many_results_left_open_are_sealed_in_slices() {
    let leads = super::super::saves::SLICE as usize + 1;
    let mut world = World::new(leads);
    for _ in 0..leads {
        let claimed = world.dial().unwrap();
        world.db.end_attempt(&world.ended(claimed.attempt)).unwrap();
        world.db.save(&world.save(claimed.attempt, "talked")).unwrap();
    }
    let (sealed, more) = world.db.seal_judged(world.now).unwrap();
    assert_eq!((sealed.len(), more), (leads - 1, true));
    let (sealed, more) = world.db.seal_judged(world.now).unwrap();
    assert_eq!((sealed.len(), more), (1, false));
}

/// The result of an earlier round comes late: it is kept, and frees no lead that a crash took off the round since.
#[test]
fn a_late_result_frees_no_lead_that_was_interrupted_in_a_later_round() {
    let mut world = World::new(1);
    let first = world.dial().unwrap().attempt;
    let mut world = world.reopen();
    world.now += 10 * MINUTE;
    world.db.recover(world.now).unwrap();
    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
    world.dial().unwrap();
    let mut world = world.reopen();
    world.now += 10 * MINUTE;
    world.db.recover(world.now).unwrap();
    assert_eq!(world.states(), [LeadState::Interrupted]);
    world.db.save(&world.save(first, "不通")).unwrap();
    world.db.seal(first, world.now).unwrap();
    assert_eq!(world.states(), [LeadState::Interrupted]);
    assert!(world.dial().is_none(), "called twice in round 2, because of a crash");
}

#[test]
fn recovery_of_one_box_leaves_the_other_alone() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    world.db.box_id = "box-2".into();
    assert!(world.db.recover(world.now).unwrap().interrupted.is_empty());
    assert_eq!(world.db.attempt(attempt).unwrap().ended_at, None);
}

#[test]
fn event_numbers_are_never_handed_out_twice() {
    let mut world = World::new(0);
    assert_eq!(world.db.reserve_event_seq(1000).unwrap(), 1);
    assert_eq!(world.db.reserve_event_seq(10).unwrap(), 1001);
    let mut world = world.reopen();
    assert_eq!(world.db.reserve_event_seq(1).unwrap(), 1011);
}

#[test]
fn a_second_daemon_is_refused() {
    let world = World::new(0);
    let second = open(&world.path, &OpenOptions::default());
    assert!(matches!(second, Err(OpenError::InUse { .. })));
}

#[test]
fn a_newer_or_foreign_or_damaged_file_is_refused_and_left_as_it_was() {
    let world = World::new(200);
    let path = world.path.clone();
    world.db.db.pragma_update(None, "user_version", 77).unwrap();
    let World { _dir, db, .. } = world;
    drop(db);
    let error = open(&path, &OpenOptions::default()).err().unwrap();
    assert!(matches!(error, OpenError::Newer { found: 77, .. }));
    assert_eq!(error.code(), "E-STORE-NEWER");

    let text = _dir.path().join("notes.txt");
    std::fs::write(&text, "これはデータベースではありません".repeat(100)).unwrap();
    let before = std::fs::read(&text).unwrap();
    let error = open(&text, &OpenOptions::default()).err().unwrap();
    assert_eq!(error.code(), "E-STORE-CORRUPT");
    assert_eq!(std::fs::read(&text).unwrap(), before);

    let world = World::new(500);
    let path = world.path.clone();
    let World { _dir, db, .. } = world;
    drop(db);
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(4096 * 6)).unwrap();
    file.write_all(&[0x5a; 4096 * 4]).unwrap();
    drop(file);
    let before = std::fs::read(&path).unwrap();
    let error = open(&path, &OpenOptions::default()).err().unwrap();
    assert_eq!(error.code(), "E-STORE-CORRUPT");
    assert!(error.to_string().contains("restore a backup"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before, "not a byte changed");
}

#[test]
fn a_missing_folder_says_what_to_do() {
    let error = open(std::path::Path::new("/nonexistent/kakeru.db"), &OpenOptions::default()).err().unwrap();
    assert_eq!(error.code(), "E-DISK-IO");
    assert!(error.to_string().contains("check that the folder exists"));
}

#[test]
fn a_full_disk_is_told_apart_and_loses_nothing() {
    let mut world = World::new(2);
    let claimed = world.dial().unwrap();
    world.db.end_attempt(&world.ended(claimed.attempt)).unwrap();
    world.db.save(&world.save(claimed.attempt, "見込")).unwrap();
    // SQLite's own limit answers like a full disk.
    let pages: i64 = world.db.db.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap();
    world.db.db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    let mut save = world.save(claimed.attempt, "見込");
    save.memo = Some("長いメモ".repeat(5_000));
    let error = world.db.save(&save).unwrap_err();
    assert!(error.is_disk_full(), "{error}");
    assert_eq!(error.code(), "E-DISK-FULL");
    world.db.db.query_row("PRAGMA max_page_count = 1073741823", [], |_| Ok(())).unwrap();
    assert_eq!(world.db.attempt(claimed.attempt).unwrap().memo, None);
    assert!(world.db.save(&save).unwrap().applied, "and goes on when there is room");
}

#[test]
fn the_claims_questions_are_answered_by_the_partial_indexes() {
    let world = World::new(1);
    let plan = |sql: &str| -> String {
        let mut statement = world.db.db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = statement.query_map([], |r| r.get::<_, String>(3)).unwrap();
        rows.map(|row| row.unwrap()).collect::<Vec<_>>().join("; ")
    };
    let ready = plan(
        "SELECT id FROM leads WHERE list_id = x'00' AND round = 1 AND turn > 0 AND turn <= 9 AND assigned_user_id IS NULL
         AND state = 'ready' AND excluded = 0 AND deleted_at IS NULL ORDER BY turn LIMIT 1",
    );
    assert!(ready.contains("leads_ready") && !ready.contains("TEMP B-TREE"), "{ready}");
    let round = plan(
        "SELECT min(round) FROM leads WHERE list_id = x'00' AND round > 0
         AND state = 'ready' AND excluded = 0 AND deleted_at IS NULL",
    );
    assert!(round.contains("leads_ready"), "{round}");
    for (figure, index) in [
        ("round <= 1 AND state = 'ready' AND excluded = 0", "leads_ready"),
        ("round <= 1 AND state = 'waiting' AND excluded = 0", "leads_waiting"),
        ("attempts > 0", "leads_worked"),
        ("excluded = 1", "leads_excluded"),
        ("state = 'skipped'", "leads_skipped"),
    ] {
        let sql =
            format!("SELECT count(*) FROM leads WHERE list_id = x'00' AND {figure} AND deleted_at IS NULL");
        assert!(plan(&sql).contains(index), "{}", plan(&sql));
    }
    let waiting = plan(
        "SELECT id FROM leads WHERE list_id = x'00' AND next_eligible_at <= 9 AND round <= 1
         AND state = 'waiting' AND excluded = 0 AND deleted_at IS NULL ORDER BY next_eligible_at LIMIT 1 OFFSET 0",
    );
    assert!(waiting.contains("leads_waiting") && !waiting.contains("TEMP B-TREE"), "{waiting}");
    let claimed = plan("SELECT id FROM leads WHERE state = 'claimed' AND claim_until < 9");
    assert!(claimed.contains("leads_claimed"), "{claimed}");
    let repeat = plan(
        "SELECT max(dialed_at) FROM attempts WHERE phone = '+81' AND dialed_at >= 9 AND direction = 'out'",
    );
    assert!(repeat.contains("attempts_by_phone"), "{repeat}");
    let blocked = plan("SELECT 1 FROM do_not_call WHERE phone = '+81' AND revoked_at IS NULL LIMIT 1");
    assert!(blocked.contains("do_not_call_live"), "{blocked}");
    let last = plan(
        "UPDATE leads SET last_at = 1
         WHERE (list_id, position) IN (SELECT list_id, position FROM lead_numbers WHERE phone = '+81')",
    );
    assert!(last.contains("leads_by_position") && last.contains("lead_numbers USING PRIMARY KEY"), "{last}");
}

/// A database without a byte, or with nothing but its log, is what is left of one: it is refused like any damage, and left as it is.
/// A first start that was cut short leaves none, and the next one begins anew.
#[test]
fn what_is_left_of_a_database_is_no_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kakeru.db");
    let opened = || open(&path, &OpenOptions::default());
    let refused = || match opened() {
        Err(OpenError::Corrupt { detail, .. }) => detail,
        other => panic!("{:?}", other.map(drop)),
    };
    std::fs::write(&path, b"").unwrap();
    assert_eq!(refused(), "the file is empty");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    std::fs::remove_file(&path).unwrap();
    let log = dir.path().join("kakeru.db-wal");
    std::fs::write(&log, b"calls").unwrap();
    assert_eq!(refused(), "the file is gone, its -wal is still there");
    assert_eq!(std::fs::read(&log).unwrap(), b"calls");
    std::fs::remove_file(&log).unwrap();
    std::fs::write(dir.path().join("kakeru.db.new"), b"half a database").unwrap();
    drop(opened().unwrap());
    assert!(!dir.path().join("kakeru.db.new").exists());
    assert!(opened().is_ok());
}

/// A clock that is set back while the daemon is down: the call that answers a task is later than the one that made it.
#[test]
fn a_clock_set_back_over_a_start_keeps_the_order_of_calls() {
    let mut world = World::new(1);
    let ahead = u128::from((NOW + 60 * MINUTE).unsigned_abs()) << 80;
    let spec = ClaimSpec { attempt: AttemptId(ahead), ..world.spec() };
    let claimed = world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.unwrap();
    world.finish(claimed.attempt, "再コール");
    let mut world = world.reopen();
    world.now += 10 * MINUTE;
    let answer = rules::manual(&world, &phone(0).national());
    let answer = world.db.open_manual(&answer).unwrap().attempt;
    assert!(answer > claimed.attempt);
    world.finish(answer, "通話済");
    assert!(world.reader().tasks(&Default::default()).unwrap().is_empty());
    assert_eq!(world.lead(claimed.lead).state, LeadState::Done);
}

/// A box that dies in the evening and starts in the morning has no call of fourteen hours (S4.14).
#[test]
fn a_call_that_a_crash_cuts_short_lasts_until_the_daemon_was_last_seen_alive() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    let dialed = world.db.attempt(attempt).unwrap().dialed_at.unwrap();
    world.db.alive(dialed + 90_000).unwrap();
    let mut world = world.reopen();
    world.now += 14 * 60 * MINUTE;
    let recovery = world.db.recover(world.now).unwrap();
    assert_eq!((recovery.cut, recovery.interrupted[0].ended_at), (1, Some(dialed + 90_000)));
    assert_eq!(world.db.attempt(attempt).unwrap().ended_at, Some(dialed + 90_000));
    let mut world = world.reopen();
    let recovery = world.db.recover(world.now).unwrap();
    assert_eq!((recovery.cut, recovery.interrupted.len()), (0, 1), "no news the second time");
    world.db.alive(world.now).unwrap();
    let mut world = world.reopen();
    world.db.recover(world.now).unwrap();
    assert_eq!(world.db.attempt(attempt).unwrap().ended_at, Some(dialed + 90_000), "no call was under way");
}

/// D12, D14: a call whose end nobody saw lasted as long as its recording, which goes on to the last second; a call that ended in order
/// is as long as it was.
#[test]
fn a_call_that_a_crash_cuts_short_lasts_as_long_as_its_recording() {
    let mut world = World::new(2);
    let attempt = world.dial().unwrap().attempt;
    let dialed = world.db.attempt(attempt).unwrap().dialed_at.unwrap();
    let file = |world: &World, attempt: AttemptId| world.path.with_file_name(format!("{attempt}.wav"));
    let path = file(&world, attempt);
    world.db.recording_opened(attempt, path.clone(), dialed + 10_000).unwrap();
    world.db.alive(dialed + 90_000).unwrap();
    let mut world = world.reopen();
    world.now += 14 * 60 * MINUTE;
    world.db.recover(world.now).unwrap();
    let ended = |world: &mut World| world.db.attempt(attempt).unwrap().ended_at;
    for (length, end) in [(70_000, 90_000), (84_500, 94_500), (84_000, 94_500)] {
        world.db.recording_repaired(attempt, &path, length, world.now).unwrap();
        assert_eq!(ended(&mut world), Some(dialed + end), "{length}");
    }
    world.db.recording_repaired(attempt, &path, u64::MAX, world.now).unwrap();
    assert_eq!(ended(&mut world), Some(world.now), "not longer than until now");
    let whole = world.dial().unwrap().attempt;
    let path = file(&world, whole);
    world.db.recording_opened(whole, path.clone(), world.now).unwrap();
    world.finish(whole, "通話済");
    let before = world.db.attempt(whole).unwrap().ended_at;
    world.db.recording_repaired(whole, &path, 3_600_000, world.now + 3_600_000).unwrap();
    assert_eq!(world.db.attempt(whole).unwrap().ended_at, before);
}
