//! Corrections of sealed calls.

use super::*;
use crate::error::Error;
use crate::model::{
    Amend, DncClear, DncEntry, DncQuery, HistoryQuery, HistoryScope, IncomingCall, LeadChange,
    RecordingFacts, RecordingState, StatsQuery, TaskQuery,
};
use crate::permission::Scope;

fn amend(world: &World, attempt: AttemptId, status: &str, reason: &str) -> Amend {
    Amend {
        attempt,
        status: Some(status.into()),
        memo: None,
        recall_at: None,
        reason: reason.into(),
        scope: Scope::All,
        by: world.actor(),
        now: world.now + MINUTE,
    }
}

/// S4.48, D13: one row per INVITE however often it is saved. S4.49: after the seal it is amended, with who and why.
#[test]
fn a_sealed_call_is_corrected_by_an_amendment() {
    let mut world = World::new(1);
    let claimed = world.dial().unwrap();
    world.db.end_attempt(&world.ended(claimed.attempt)).unwrap();
    let open = world.db.amend(&amend(&world, claimed.attempt, "見込", "x")).unwrap_err();
    assert_eq!(open.code(), "E-STATE");
    // X2: it says what gives it a result.
    let said = format!("kakeru save --attempt {} --status", claimed.attempt);
    assert!(open.to_string().contains(&said) && open.ja().contains(&said), "{open}");
    for status in ["不通", "再コール", "通話済"] {
        world.db.save(&world.save(claimed.attempt, status)).unwrap();
    }
    world.db.seal(claimed.attempt, NOW).unwrap();
    assert_eq!(world.reader().history(&HistoryQuery::default()).unwrap().len(), 1);
    let mut change = amend(&world, claimed.attempt, "見込", "聞き間違い");
    change.memo = Some("資料送付".into());
    let (amended, commits) = world.commits(|db| db.amend(&change));
    let row = amended.row;
    assert_eq!(commits, 1);
    assert_eq!((row.status.as_deref(), row.memo.as_deref()), (Some("prospect"), Some("資料送付")));
    let kept = world.reader().amendments(claimed.attempt).unwrap();
    let fields: Vec<_> =
        kept.iter().map(|a| (a.field.as_str(), a.before.as_deref(), a.after.as_deref())).collect();
    assert_eq!(fields, [("status", Some("talked"), Some("prospect")), ("memo", None, Some("資料送付"))]);
    assert!(kept.iter().all(|a| a.reason == "聞き間違い" && a.login.as_deref() == Some("alice")));
    // The same again is nothing; without a reason it is refused.
    let (_, _) = world.commits(|db| db.amend(&change));
    assert_eq!(world.reader().amendments(claimed.attempt).unwrap().len(), 2);
    assert_eq!(
        world.db.amend(&amend(&world, claimed.attempt, "FAX", " ")).unwrap_err().code(),
        "E-REASON-REQUIRED"
    );
    assert_eq!(world.reader().history(&HistoryQuery::default()).unwrap().len(), 1, "still one row");
    for sql in ["UPDATE amendments SET reason = 'y'", "DELETE FROM amendments"] {
        assert!(world.db.db.execute(sql, []).is_err(), "{sql}");
    }
    assert_eq!(world.audited().last().unwrap(), "call.amend");
    let log = world.reader().audit_log(&Default::default()).unwrap();
    let told = serde_json::json!({ "before": { "status": "talked", "memo": null },
        "after": { "status": "prospect", "memo": "資料送付" }, "reason": "聞き間違い" });
    assert_eq!(log[0].detail, told);
}

/// The lead, its task, the counters and the outbox follow the correction.
#[test]
fn what_follows_from_the_result_follows_the_correction() {
    let mut world = World::new(1);
    let claimed = world.call("不通");
    assert_eq!(world.lead(claimed.lead).state, LeadState::Ready);
    world.db.amend(&amend(&world, claimed.attempt, "見込", "折り返しあり")).unwrap();
    let lead = world.lead(claimed.lead);
    assert_eq!((lead.state, lead.last_status.as_deref(), lead.round), (LeadState::Task, Some("prospect"), 1));
    assert_eq!(world.reader().tasks(&TaskQuery::default()).unwrap().len(), 1);
    let stats = world.reader().stats(&StatsQuery::default()).unwrap();
    assert_eq!((stats.calls, stats.connects), (1, 1));
    assert_eq!(stats, world.reader().stats_recount(&StatsQuery::default()).unwrap());
    let out = world.db.outbox_next(None, 9).unwrap();
    assert_eq!((out.len(), out[1].kind.as_str()), (2, "attempt.amended"));
    assert_eq!(out[1].payload["id"], out[0].payload["id"]);
    assert_eq!(out[1].payload["status"], "prospect");
    assert!(out[0].payload.get("amended_at").is_none() && out[1].payload["amended_at"].is_string());
    world.db.amend(&amend(&world, claimed.attempt, "不通", "やはり")).unwrap();
    assert!(world.reader().tasks(&TaskQuery::default()).unwrap().is_empty());
    assert_eq!(world.lead(claimed.lead).state, LeadState::Ready);
}

/// S1.27, S4.49: a lead in the bin follows the correction, and comes back as its call and its task say.
#[test]
fn a_lead_in_the_bin_follows_the_correction() {
    for (before, after, state) in [
        ("再コール", "不通", LeadState::Ready),
        ("再コール", "通話済", LeadState::Done),
        ("通話済", "見込", LeadState::Task),
        ("通話済", "クレーム", LeadState::Done),
        ("不通", "通話済", LeadState::Done),
    ] {
        let mut world = World::new(1);
        let claimed = world.call(before);
        lists::change(&mut world, &[claimed.lead.unwrap()], &LeadChange::Delete);
        let deleted_at = world.now;
        world.db.amend(&amend(&world, claimed.attempt, after, "聞き間違い")).unwrap();
        world.db.restore_leads(world.list, deleted_at, None).unwrap();
        assert_eq!(world.lead(claimed.lead).state, state, "{before} → {after}");
        let tasks = world.reader().tasks(&TaskQuery::default()).unwrap();
        assert_eq!(tasks.len(), usize::from(state == LeadState::Task), "{before} → {after}");
    }
}

#[test]
fn a_correction_of_an_old_call_does_not_move_what_a_later_one_decided() {
    let mut world = World::new(1);
    let first = world.call("不通");
    world.now += 10 * MINUTE;
    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
    let second = world.call("通話済");
    assert_eq!(first.lead, second.lead);
    world.db.amend(&amend(&world, first.attempt, "見込", "x")).unwrap();
    let lead = world.lead(first.lead);
    assert_eq!((lead.state, lead.last_status.as_deref()), (LeadState::Done, Some("talked")));
    assert!(world.reader().tasks(&TaskQuery::default()).unwrap().is_empty());
}

/// S4.49: nobody is called again who was put off, or passed over, before the result was corrected to one that ends it.
#[test]
fn a_correction_ends_what_was_put_off() {
    for (after, state) in
        [("通話済", LeadState::Done), ("見込", LeadState::Task), ("不通", LeadState::Waiting)]
    {
        let mut world = World::new(1);
        let claimed = world.call("不通");
        world.db.next_round(world.list, Actor::default(), world.now).unwrap();
        assert!(world.dial().is_none(), "too soon");
        assert_eq!(world.states(), [LeadState::Waiting]);
        world.db.amend(&amend(&world, claimed.attempt, after, "聞き間違い")).unwrap();
        assert_eq!(world.states(), [state], "{after}");
        world.now += 10 * MINUTE;
        assert_eq!(world.dial().is_some(), after == "不通", "{after}");
        assert!(world.is_sound());
    }
    let mut world = World::new(1);
    let claimed = world.call("不通");
    let dnc = |world: &World| DncEntry::by_hand(phone(0).national(), "断り", world.actor(), world.now);
    world.db.dnc_add_all(&[dnc(&world)]).unwrap();
    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
    world.now += 10 * MINUTE;
    assert!(world.dial().is_none());
    assert_eq!(world.states(), [LeadState::Skipped]);
    world.db.amend(&amend(&world, claimed.attempt, "通話済", "聞き間違い")).unwrap();
    let clear = DncClear {
        phone: phone(0).national(),
        project: None,
        reason: "同意".into(),
        by: world.actor(),
        now: world.now,
    };
    world.db.dnc_clear_all(&[clear]).unwrap();
    assert!(world.dial().is_none(), "talked to, whatever forbade it meanwhile");
    assert_eq!(world.states(), [LeadState::Done]);
}

/// S4.53: amended to クレーム blocks at once; amended away from it clears nothing, which is a manager's decision.
#[test]
fn a_late_complaint_blocks_and_stays() {
    let mut world = World::new(1);
    let claimed = world.call("通話済");
    world.db.amend(&amend(&world, claimed.attempt, "クレーム", "後日の申し出")).unwrap();
    let blocked = world.reader().dnc_entries(&DncQuery::default()).unwrap();
    assert_eq!((blocked.len(), blocked[0].attempt), (1, Some(claimed.attempt)));
    world.db.amend(&amend(&world, claimed.attempt, "通話済", "誤り")).unwrap();
    assert_eq!(world.reader().dnc_entries(&DncQuery::default()).unwrap().len(), 1);
}

/// S4.53: a complaint blocks whoever enters it, whosever call it was: root is nobody's user, and nobody took a call that was missed.
#[test]
fn a_complaint_blocks_whoever_enters_it() {
    let mut world = World::new(1);
    let incoming = IncomingCall { user: None, ..world.incoming_call(Some(&phone(0).national())) };
    let missed = world.db.open_incoming(&incoming).unwrap().attempt;
    world.db.end_attempt(&world.ended(missed)).unwrap();
    world.db.seal(missed, world.now).unwrap();
    let root = Actor { user: None, uid: Some(0) };
    world.db.amend(&Amend { by: root, ..amend(&world, missed, "クレーム", "") }).unwrap();
    let blocked = world.reader().dnc_entries(&DncQuery::default()).unwrap();
    assert_eq!((blocked.len(), blocked[0].attempt, blocked[0].by), (1, Some(missed), None));
    assert!(world.dial().is_none());
}

/// S4.8: 不通 as the first judgement keeps no recording, also when it is entered after the seal (X2); one on hold stays. As a
/// correction of another status it may be the mistake, so the recording stays.
#[test]
fn a_blank_call_filled_in_as_no_contact_keeps_no_recording() {
    let mut world = World::new(3);
    let [blank, held, judged] = [(); 3].map(|()| world.dial().unwrap().attempt);
    for attempt in [blank, held, judged] {
        let path = std::path::PathBuf::from(format!("/rec/{attempt}.opus"));
        world.db.recording_opened(attempt, path.clone(), world.now).unwrap();
        let facts = RecordingFacts {
            attempt,
            path,
            duration_ms: 1_000,
            bytes: 2_000,
            sha256: [7; 32],
            gaps_ms: 0,
            state: RecordingState::Final,
        };
        world.db.recording_closed(&facts).unwrap();
        world.db.end_attempt(&world.ended(attempt)).unwrap();
    }
    world.db.save(&world.save(judged, "通話済")).unwrap();
    for attempt in [blank, held, judged] {
        world.db.seal(attempt, NOW).unwrap();
    }
    world.db.hold_recording(held, Some("係争中"), world.actor(), NOW).unwrap();
    for (attempt, state) in
        [(blank, RecordingState::Discarded), (held, RecordingState::Final), (judged, RecordingState::Final)]
    {
        let done = world.db.amend(&amend(&world, attempt, "不通", "つながらなかった")).unwrap();
        let file = std::path::PathBuf::from(format!("/rec/{attempt}.opus"));
        assert_eq!(done.discard_recording, Some(file).filter(|_| attempt == blank));
        let row = done.row;
        assert_eq!((row.status.as_deref(), row.recording.unwrap().state), (Some("no_contact"), state));
    }
    let told = world.db.outbox_next(None, 9).unwrap();
    let amended = told.iter().find(|row| row.kind == "attempt.amended").unwrap();
    assert_eq!(amended.payload["recording_path"], serde_json::Value::Null, "the file is about to go");
    let named = told.iter().filter(|row| row.payload["id"] == blank.to_string());
    assert!(named.clone().count() == 2 && named.clone().all(|row| row.payload["recording_path"].is_null()));
    let log = world.reader().audit_log(&Default::default()).unwrap();
    let said: Vec<_> =
        log.iter().filter(|row| row.action == "call.amend").map(|row| &row.detail["recording"]).collect();
    assert_eq!(said, [&serde_json::Value::Null, &serde_json::Value::Null, &"discarded".into()]);
    // A file of the history names what is there to be fetched.
    let path = world.path.with_file_name("history.csv");
    let options = crate::export::ExportOptions { path: path.clone(), ..Default::default() };
    crate::export::export_history(&mut *world.reader(), &HistoryQuery::default(), &options).unwrap();
    let file = std::fs::read_to_string(path).unwrap();
    let named = [blank, held, judged].map(|attempt| file.contains(&format!("/rec/{attempt}.opus")));
    assert_eq!(named, [false, true, true]);
}

/// S4.8: a file outside of the folder of recordings is another box's or nobody's: the row is judged, and the file stays, as at a seal.
#[test]
fn a_file_outside_of_the_folder_of_recordings_is_not_given_up() {
    let mut world = World::new(2);
    let attempts = [(); 2].map(|()| world.dial().unwrap().attempt);
    for attempt in attempts {
        world.db.end_attempt(&world.ended(attempt)).unwrap();
        world.db.seal(attempt, NOW).unwrap();
    }
    let folder = world.path.with_file_name("recordings");
    let options = OpenOptions { recordings: Some(folder.clone()), ..OpenOptions::default() };
    let World { _dir, path, db, project, user, list, now } = world;
    drop(db);
    let db = open(&path, &options).unwrap();
    let mut world = World { _dir, path, db, project, user, list, now };
    for (attempt, path) in attempts.into_iter().zip([folder.join("a.wav"), "/elsewhere/b.wav".into()]) {
        world.db.recording_opened(attempt, path, NOW).unwrap();
    }
    for (attempt, own) in attempts.into_iter().zip([true, false]) {
        let done = world.db.amend(&amend(&world, attempt, "不通", "")).unwrap();
        assert_eq!(done.row.recording.unwrap().state, RecordingState::Discarded);
        assert_eq!(done.discard_recording, Some(folder.join("a.wav")).filter(|_| own));
    }
}

/// X2: blank statuses are found and filled in later: own rows by the operator, all by MGR. C14.
#[test]
fn a_blank_status_is_found_and_filled_in() {
    let mut world = World::new(2);
    let blank = world.dial().unwrap().attempt;
    world.db.end_attempt(&world.ended(blank)).unwrap();
    world.db.seal(blank, NOW).unwrap();
    world.call("通話済");
    let query = HistoryQuery { status: Some(String::new()), ..HistoryQuery::default() };
    let found: Vec<_> = world.reader().history(&query).unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(found, [blank]);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let mut foreign = amend(&world, blank, "不通", "");
    foreign.scope = Scope::Own;
    foreign.by = Actor { user: Some(bob), uid: None };
    assert!(matches!(world.db.amend(&foreign), Err(Error::Permission)));
    let mut own = amend(&world, blank, "不通", "");
    own.scope = Scope::Own;
    world.db.amend(&own).unwrap();
    assert!(world.reader().history(&query).unwrap().is_empty());
    assert_eq!(world.leads()[0].state, LeadState::Ready, "不通 is called again");
}

#[test]
fn a_void_call_has_no_result_to_correct() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    let mut end = world.ended(attempt);
    end.void = Some("network".into());
    world.db.end_attempt(&end).unwrap();
    let refused = world.db.amend(&amend(&world, attempt, "不通", "x")).unwrap_err();
    assert!(matches!(refused, Error::State { is: "void", .. }), "{refused}");
}

/// S4.4: 報告 marks what BIZ sees; it is in no count.
#[test]
fn a_reported_call_is_what_a_business_user_sees() {
    let mut world = World::new(2);
    let first = world.call("見込").attempt;
    world.call("通話済");
    let by = world.actor();
    assert!(world.db.report(first, true, Scope::Own, by, NOW).unwrap());
    assert!(!world.db.report(first, true, Scope::Own, by, NOW).unwrap(), "it was");
    let query = HistoryQuery { scope: HistoryScope::Reported, ..HistoryQuery::default() };
    let seen = world.reader().history(&query).unwrap();
    assert_eq!(seen.iter().map(|row| (row.id, row.reported)).collect::<Vec<_>>(), [(first, true)]);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let foreign = Actor { user: Some(bob), uid: None };
    assert!(matches!(world.db.report(first, false, Scope::Own, foreign, NOW), Err(Error::Permission)));
    let own = HistoryQuery { scope: HistoryScope::Own(bob), ..HistoryQuery::default() };
    assert!(world.reader().history(&own).unwrap().is_empty());
}

/// S4.37, S4.38, C12: calls by hand are apart from the search, on a page of their own, with number, user and memo.
#[test]
fn calls_by_hand_are_a_page_of_their_own() {
    let mut world = World::new(1);
    world.call("通話済");
    let call = rules::manual(&world, "0399990000");
    let manual = world.db.open_manual(&call).unwrap().attempt;
    world.db.end_attempt(&world.ended(manual)).unwrap();
    let mut memo = world.save(manual, "");
    memo.memo = Some("問い合わせ".into());
    world.db.save(&memo).unwrap();
    let search = world.reader().history(&HistoryQuery::default()).unwrap();
    assert!(search.iter().all(|row| row.id != manual) && search.len() == 1);
    let page = HistoryQuery { only_manual: true, ..HistoryQuery::default() };
    let row = world.reader().history(&page).unwrap().remove(0);
    assert_eq!(
        (row.id, row.phone.as_deref(), row.login.as_deref()),
        (manual, Some("+81399990000"), Some("alice"))
    );
    assert_eq!((row.memo.as_deref(), row.status), (Some("問い合わせ"), None));
    assert_eq!(world.reader().stats(&StatsQuery::default()).unwrap().calls, 1);
}

/// S1.29: the list's own export has to be read back, and no cell of a file is longer.
#[test]
fn a_text_that_no_file_can_hold_is_refused() {
    let mut world = World::new(1);
    let claimed = world.dial().unwrap();
    world.db.end_attempt(&world.ended(claimed.attempt)).unwrap();
    let long = "あ".repeat(22_000);
    let mut save = world.save(claimed.attempt, "見込");
    save.memo = Some(long.clone());
    assert_eq!(world.db.save(&save).unwrap_err().code(), "E-VALUE");
    save.memo = Some("資料送付".into());
    world.db.save(&save).unwrap();
    world.db.seal(claimed.attempt, NOW).unwrap();
    let mut change = amend(&world, claimed.attempt, "見込", "誤字");
    change.memo = Some(long.clone());
    assert_eq!(world.db.amend(&change).unwrap_err().code(), "E-VALUE");
    let leads: Vec<LeadId> = world.leads().iter().map(|lead| lead.id).collect();
    let by = world.actor();
    let exclude = LeadChange::Exclude { reason: Some(long) };
    let refused = world.db.change_leads(world.list, &leads.into(), &exclude, by, NOW).unwrap_err();
    assert_eq!(refused.code(), "E-VALUE");
}
