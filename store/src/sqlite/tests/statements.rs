//! What the steps of a call cost SQLite besides their work.

use std::sync::Mutex;

use rusqlite::hooks::{AuthContext, Authorization};

use super::*;
use crate::dnc_import::DncStart;
use crate::model::{
    AttemptProgress, ContactQuery, IncomingCall, RecordingFacts, RecordingState, TaskHandOver,
};

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
    // One that was not saved as クレーム before.
    let number = format!("06{:08}", 12_345_678 + (world.now - NOW) / MINUTE);
    let by_hand = world.db.open_manual(&rules::manual(world, &number)).unwrap();
    world.finish(by_hand.attempt, status);
    let incoming = IncomingCall { stub: Some("x".into()), ..world.incoming_call(Some("0330000001")) };
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

/// Steps that a recorded call from the list takes from claim to seal.
fn steps(world: &mut World) -> u32 {
    world.now += 10 * MINUTE;
    let whole = |world: &mut World| {
        let claimed = world.dial().unwrap();
        recorded(world, claimed.attempt);
        world.finish(claimed.attempt, "callback");
    };
    world.steps(whole).1
}

/// What somebody did years ago keeps no call waiting: whatever a call asks, an index answers.
#[test]
fn a_call_costs_the_same_however_much_was_done_before() {
    let mut world = World::new(40);
    steps(&mut world);
    let before = steps(&mut world);
    let much = "
        PRAGMA foreign_keys = OFF;
        CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n;
        INSERT INTO tasks (attempt_id, lead_id, project_id, phone, kind, state, created_at, closed_at)
          SELECT randomblob(16), randomblob(16), (SELECT id FROM projects), '+8190' || (10000000 + i), 'callback', 'done', 1, 2 FROM n;
        INSERT INTO outbox (key, kind, payload, next_try_at, created_at)
          SELECT randomblob(16), 'attempt.amended', json_object('id', i), 1, 1 FROM n;
        INSERT INTO attempts (id, box_id, seat, direction, origin, phone, dial_string, business_day, claimed_at, dialed_at, ended_at,
            sealed_at, disposition)
          SELECT randomblob(16), 'box-1', 'a', 'out', 'manual', '+8190' || (10000000 + i), '090', 20260101, 1, 1, 2, 3, 'talked' FROM n;
        INSERT INTO do_not_call (phone, reason, source, at) SELECT '+8180' || (10000000 + i), 'x', 'manual', 1 FROM n;
        INSERT INTO imports (id, source, state, first_position, created_at) SELECT randomblob(16), 'x', 'undone', 1, 1 FROM n;
        INSERT INTO recordings (attempt_id, path, state, opened_at) SELECT randomblob(16), i, 'expired', 1 FROM n;
        INSERT INTO audit (at, action, object) SELECT 1, 'x', i FROM n;
        PRAGMA foreign_keys = ON;";
    world.db.db.execute_batch(much).unwrap();
    let after = steps(&mut world);
    assert!(after <= before * 2, "{before} hundred steps, then {after}");
}

/// Neither the contact book, which may have half a million rows, nor a list that was called down is read through where calls wait.
#[test]
fn what_is_counted_beside_calls_is_counted_in_an_index() {
    let asked = |leads| {
        let mut world = World::new(leads);
        world.db.db.execute("UPDATE leads SET state = 'done'", []).unwrap();
        let over = |world: &mut World| assert!(world.dial().is_none());
        over(&mut world);
        let (_, claim) = world.steps(over);
        let (_, room) = world.steps(|world| world.db.contact_room(1_000_000).unwrap());
        let list = world.list;
        let (_, delete) = world.steps(|world| world.db.delete_list(list, Actor::default(), NOW).unwrap());
        [claim, room, delete]
    };
    let (few, many) = (asked(10), asked(3_000));
    assert!(few.iter().zip(many).all(|(few, many)| many <= few * 2 + 10), "{few:?}, {many:?}");
}

/// A text is looked for among half a million contacts: of each is read what is looked at, and the whole of those that are found.
#[test]
fn a_search_reads_of_each_contact_what_it_looks_at() {
    const CONTACTS: u32 = 2_000;
    let mut world = World::new(0);
    let each =
        format!("WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {CONTACTS})");
    for sql in [
        "INSERT INTO contacts (id, company, person, created_at, updated_at)
         SELECT CAST(printf('%016d', n) AS BLOB), '会社' || n, '担当', 0, 0 FROM n",
        "INSERT INTO contact_phones (contact_id, position, phone)
         SELECT CAST(printf('%016d', n) AS BLOB), 1, printf('+813%08d', n) FROM n",
    ] {
        world.db.db.execute(&format!("{each} {sql}"), []).unwrap();
    }
    for (text, most) in [("会社1999", 20), ("0300001999", 40)] {
        let query = ContactQuery { text: Some(text.into()), ..ContactQuery::default() };
        let (found, hundreds) =
            world.steps(|world| crate::sqlite::contacts::page(&world.db.db, &query).unwrap());
        assert_eq!((found.len(), found[0].phones.len()), (1, 1), "{text}");
        let each = hundreds * 100 / CONTACTS;
        assert!(each <= most, "{text}: {each} steps for each contact");
    }
}

/// What came together over years, or while a link was down, is not walked through in one piece where calls wait.
#[test]
fn no_piece_of_work_grows_with_what_came_together() {
    let asked = |many: u32| {
        let mut world = World::new(many as usize);
        let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
        let (alice, by) = (world.user, Actor::default());
        let much = "
            PRAGMA foreign_keys = OFF;
            CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT count(*) FROM leads))
              SELECT i, unhex(printf('%032x', i)) AS id FROM n;
            UPDATE leads SET state = 'waiting', next_eligible_at = 2000000000000 + position;
            INSERT INTO imports (id, source, state, first_position, created_at, report)
              SELECT id, 'x', 'committed', 1, 1, '{\"register\":\"dnc\"}' FROM n;
            INSERT INTO attempts (id, box_id, seat, direction, origin, phone, dial_string, business_day, claimed_at, dialed_at, ended_at,
                sealed_at, disposition)
              SELECT id, 'box-1', 'a', 'out', 'manual', '+8190' || (10000000 + i), '090', 20260101, 1, 1, 2, 3, 'talked' FROM n;
            INSERT INTO recordings (attempt_id, path, state, bytes, opened_at) SELECT id, i || '.wav', 'final', 1, i FROM n;
            INSERT INTO outbox (key, kind, payload, next_try_at, created_at) SELECT id, 'attempt.sealed', '{}', 1, 1 FROM n;
            INSERT INTO tasks (attempt_id, phone, kind, state, owner_user_id, created_at, closed_at)
              SELECT id, '+8190' || (10000000 + i), 'callback', 'done', (SELECT id FROM users WHERE login = 'alice'), 1, 2 FROM n;
            PRAGMA foreign_keys = ON;";
        world.db.db.execute_batch(much).unwrap();
        let start = DncStart { source: "x".into(), clear: false, rows: 1, refused: 0, by, now: NOW };
        let (_, begin) = world.steps(|world| world.db.dnc_begin(&start).unwrap());
        let (none, claim) = world.steps(|world| world.dial());
        assert!(none.is_none(), "all of them wait");
        let (expired, expire) =
            world.steps(|world| world.db.expire_recordings(9, None, ExpireAt::default(), 100, NOW).unwrap());
        assert!(expired.0.is_empty() && expired.1.is_some(), "none has left the box");
        let over = Given::Tasks(TaskHandOver { from: Some(alice), to: Some(bob), list: None });
        let (slice, tasks) =
            world.steps(|world| world.db.give_over(&over, GivenAt::default(), at_once(), by, NOW).unwrap());
        assert!(slice.0 == 0 && slice.1.is_none(), "all of these are done, and none is looked at");
        let handing = Handing { from: alice, to: Some(bob), contacts: true, by: None, now: NOW };
        let (_, given) =
            world.steps(|world| world.db.hand_over(&handing, HandOverAt::Tasks(0), at_once()).unwrap());
        let delete = |world: &mut World| {
            world.db.user_delete(alice, HandOver::Nothing, (Holdings::default(), i64::MAX), by, NOW).unwrap()
        };
        let (_, delete) = world.steps(delete);
        [begin, claim, expire, tasks, given, delete]
    };
    let (few, many) = (asked(1_500), asked(6_000));
    assert!(few.iter().zip(many).all(|(few, many)| many <= few * 3 / 2 + 10), "{few:?}, {many:?}");
}

/// A list that was called down has all of its leads put off: whose turn it is among somebody's own is not looked for among those of
/// others, nor what somebody has to do among the tasks of everybody.
#[test]
fn what_is_of_others_is_not_looked_through() {
    let asked = |many: u32| {
        let mut world = World::new(many as usize);
        let by = Actor::default();
        let carol = world.db.ensure_user("carol", "Carol", Role::Operator, NOW).unwrap();
        world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
        let much = "
            PRAGMA foreign_keys = OFF;
            UPDATE leads SET state = 'waiting', next_eligible_at = position,
              assigned_user_id = (SELECT id FROM users WHERE login = iif(position < (SELECT count(*) FROM leads), 'bob', 'alice'));
            INSERT INTO tasks (attempt_id, phone, kind, owner_user_id, created_at)
              SELECT id, phone, 'callback', (SELECT id FROM users WHERE login = 'bob'), 1 FROM leads;
            PRAGMA foreign_keys = ON;";
        world.db.db.execute_batch(much).unwrap();
        let (_, delete) = world.steps(|world| {
            world.db.user_delete(carol, HandOver::Nothing, (Holdings::default(), i64::MAX), by, NOW).unwrap()
        });
        world.db.db.execute("DELETE FROM tasks", []).unwrap();
        let (claimed, claim) = world.steps(World::dial);
        assert_eq!(claimed.map(|claimed| claimed.position), Some(i64::from(many)));
        [delete, claim]
    };
    let (few, many) = (asked(300), asked(3_000));
    assert!(few.iter().zip(many).all(|(few, many)| many <= few * 3 / 2 + 10), "{few:?}, {many:?}");
}
