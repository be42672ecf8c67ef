//! Saving, sealing, the matrix of S4.8, void attempts, recordings, outbox.

use super::*;
use crate::error::Error;
use crate::model::{
    Actor, AttemptProgress, LeadNext, PausedSpan, RecordingFacts, RecordingPause, RecordingState, StatsQuery,
    TransferWay, Transferred,
};

fn facts(attempt: AttemptId, path: &str) -> RecordingFacts {
    RecordingFacts {
        attempt,
        path: path.into(),
        duration_ms: 12_000,
        bytes: 384_044,
        sha256: [0xab; 32],
        gaps_ms: 0,
        state: RecordingState::Final,
    }
}

/// S4.8: code, keeps its recording, counts as call, counts as connect, what becomes of the lead.
/// S4.8, S4.15.
#[test]
fn every_row_of_the_matrix_holds() {
    let rows = [
        ("不通", "no_contact", false, 1, 0, LeadState::Ready),
        ("FAX", "fax", true, 1, 0, LeadState::Done),
        ("現アナ", "not_in_service", true, 1, 0, LeadState::Done),
        ("見込", "prospect", true, 1, 1, LeadState::Task),
        ("再コール", "callback", true, 1, 1, LeadState::Task),
        ("クレーム", "do_not_call", true, 1, 1, LeadState::Done),
        ("通話済", "talked", true, 1, 1, LeadState::Done),
    ];
    for (label, code, keeps, calls, connects, state) in rows {
        let mut world = World::new(1);
        let claimed = world.dial().unwrap();
        world.db.recording_opened(claimed.attempt, "/rec/1.wav".into(), NOW).unwrap();
        world.db.end_attempt(&world.ended(claimed.attempt)).unwrap();
        world.db.recording_closed(&facts(claimed.attempt, "/rec/1.wav")).unwrap();
        let saved = world.db.save(&world.save(claimed.attempt, label)).unwrap();
        assert_eq!((saved.status.as_deref(), saved.label.as_deref()), (Some(code), Some(label)));
        let sealed = world.db.seal(claimed.attempt, NOW + 30_000).unwrap();
        assert_eq!(sealed.discard_recording.is_none(), keeps, "{label}");
        let row = world.db.attempt(claimed.attempt).unwrap();
        let recording = row.recording.unwrap().state;
        assert_eq!(
            recording,
            if keeps { RecordingState::Final } else { RecordingState::Discarded },
            "{label}"
        );
        assert_eq!(world.lead(claimed.lead).state, state, "{label}");
        let stats = world.reader().stats(&StatsQuery::default()).unwrap();
        assert_eq!((stats.works, stats.calls, stats.connects), (1, calls, connects), "{label}");
        let outbox = world.db.outbox_next(Some(NOW + 30_000), 10).unwrap();
        assert_eq!(outbox[0].payload["status"], code);
        assert_eq!(outbox[0].payload["recording_path"].is_null(), !keeps, "{label}");
    }
}

/// S4.6.
#[test]
fn built_in_statuses_cannot_be_changed_in_the_database_either() {
    let world = World::new(0);
    let db = &world.db.db;
    for sql in [
        "DELETE FROM dispositions WHERE code = 'fax'",
        "UPDATE dispositions SET label = 'ファックス' WHERE code = 'fax'",
        "UPDATE dispositions SET counts_connect = 1 WHERE code = 'no_contact'",
        "UPDATE dispositions SET builtin = 1 WHERE code = 'talked'",
        "INSERT INTO dispositions (code, label, builtin, position) VALUES ('x', 'X', 1, 9)",
    ] {
        let error = db.execute(sql, []).unwrap_err();
        assert!(error.to_string().contains("E-STATUS-BUILTIN"), "{sql}: {error}");
        assert!(matches!(Error::from_sqlite("test", error), Error::StatusBuiltin), "{sql}");
    }
    db.execute("UPDATE dispositions SET label = '会話' WHERE code = 'talked'", []).unwrap();
    db.execute("INSERT INTO dispositions (code, label, position) VALUES ('later', '後日', 8)", []).unwrap();
    let builtin = world.db.dispositions_of_test();
    assert_eq!(builtin, 6);
}

impl SqliteBackend {
    fn dispositions_of_test(&self) -> usize {
        let all = super::super::dispositions::list(&self.db, false).unwrap();
        assert!(all.iter().any(|d| d.code == "later" && d.lead_next == LeadNext::Done));
        all.iter().filter(|d| d.builtin).count()
    }
}

/// S4.49.
#[test]
fn the_last_save_wins_and_a_late_repeat_changes_nothing() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    let mut save = world.save(attempt, "不通");
    save.save_seq = Some(1);
    save.memo = Some("留守".into());
    assert!(world.db.save(&save).unwrap().applied, "before the end of the call");
    world.db.end_attempt(&world.ended(attempt)).unwrap();
    let mut second = world.save(attempt, "見込");
    second.save_seq = Some(2);
    assert!(world.db.save(&second).unwrap().applied);
    let repeat = world.db.save(&save).unwrap();
    assert!(!repeat.applied);
    assert_eq!((repeat.status.as_deref(), repeat.save_seq), (Some("prospect"), 2));
    let mut memo_only = world.save(attempt, "");
    memo_only.memo = Some("担当者は月曜に戻る".into());
    assert_eq!(world.db.save(&memo_only).unwrap().save_seq, 3);
    let row = world.db.attempt(attempt).unwrap();
    assert_eq!((row.status.as_deref(), row.memo.as_deref()), (Some("prospect"), Some("担当者は月曜に戻る")));
    world.db.seal(attempt, NOW + 40_000).unwrap();
    assert!(matches!(world.db.save(&world.save(attempt, "不通")), Err(Error::Sealed { .. })));
    assert!(!world.db.save(&second).unwrap().applied, "a repeat is harmless even then");
    assert_eq!(world.db.outbox_next(None, 10).unwrap().len(), 1);
    let again = world.db.seal(attempt, NOW + 50_000).unwrap();
    assert!(again.already);
    assert_eq!(world.db.outbox_next(None, 10).unwrap().len(), 1, "sealed once");
}

/// S4.49: the machine's judgement of a call takes nothing from what its operator says.
#[test]
fn the_machine_takes_no_number_and_no_word_from_the_operator() {
    let mut world = World::new(2);
    let judged = |world: &World, attempt| {
        let auto = Save { set_by: SetBy::Auto, ..world.save(attempt, "不通") };
        AttemptEnd { auto: Some(auto), ..world.ended(attempt) }
    };
    // The machine first: the first numbered save of the operator's is no repeat of it.
    let attempt = world.dial().unwrap().attempt;
    assert!(world.db.end_attempt(&judged(&world, attempt)).unwrap());
    assert!(world.db.end_attempt(&judged(&world, attempt)).unwrap(), "a repeat tells the same");
    assert_eq!(world.db.attempt(attempt).unwrap().save_seq, 0);
    let save = Save { save_seq: Some(1), ..world.save(attempt, "見込") };
    assert!(world.db.save(&save).unwrap().applied);
    assert!(!world.db.save(&save).unwrap().applied);
    let kept = world.db.attempt(attempt).unwrap();
    assert_eq!((kept.status.as_deref(), kept.set_by), (Some("prospect"), Some(SetBy::Operator)));

    // The operator first, by a hair: the end keeps their word, and one row counts once.
    world.now += 48 * 60 * MINUTE;
    let attempt = world.next(attempt).claimed.unwrap().attempt;
    world.db.save(&world.save(attempt, "見込")).unwrap();
    assert!(!world.db.end_attempt(&judged(&world, attempt)).unwrap());
    assert_eq!(world.db.attempt(attempt).unwrap().status.as_deref(), Some("prospect"));
    world.db.seal(attempt, world.now + 30_000).unwrap();

    // A memo and a time to call again are words too, if no judgement.
    let third = world.list("third");
    world.import(third, &[row(7)]);
    world.list = third;
    world.now += 48 * 60 * MINUTE;
    let attempt = world.dial().unwrap().attempt;
    let recall_at = Some(world.now + 60 * MINUTE);
    world.db.save(&Save { memo: Some("夕方".into()), recall_at, ..world.save(attempt, "") }).unwrap();
    assert!(world.db.end_attempt(&judged(&world, attempt)).unwrap());
    let kept = world.db.attempt(attempt).unwrap();
    assert_eq!((kept.status.as_deref(), kept.set_by), (Some("no_contact"), Some(SetBy::Auto)));
    assert_eq!((kept.memo.as_deref(), kept.recall_at), (Some("夕方"), recall_at));
}

/// S4.46, S4.49: nobody calls back in the past. A save that is repeated after its time has passed is what it was.
#[test]
fn a_time_to_call_back_is_to_come() {
    let mut world = World::new(1);
    world.now = NOW + 90_000;
    let attempt = world.dial().unwrap().attempt;
    let with =
        |world: &World, recall_at| Save { recall_at: Some(recall_at), ..world.save(attempt, "再コール") };
    let refused = world.db.save(&with(&world, NOW)).unwrap_err();
    assert_eq!(refused.code(), "E-VALUE");
    assert!(refused.to_string().contains("2026-11-21 10:01"), "{refused}");
    assert!(
        refused.ja().contains("再コール日時") && refused.ja().contains("2026-11-21 10:01"),
        "{}",
        refused.ja()
    );
    assert_eq!(world.db.attempt(attempt).unwrap().status, None, "nothing of it is kept");
    // The minute that runs.
    world.db.save(&with(&world, NOW + MINUTE)).unwrap();
    world.now += 10 * MINUTE;
    let again = Save { memo: Some("夕方".into()), ..with(&world, NOW + MINUTE) };
    world.db.save(&again).unwrap();
    let kept = world.db.attempt(attempt).unwrap();
    assert_eq!((kept.recall_at, kept.memo.as_deref()), (Some(NOW + MINUTE), Some("夕方")));
}

/// S4.53.
#[test]
fn a_complaint_blocks_the_number_in_the_same_commit() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    let save = world.save(attempt, "クレーム");
    let (saved, commits) = world.commits(|db| db.save(&save));
    assert_eq!(commits, 1);
    assert!(saved.do_not_call);
    let rows = world.reader().dnc_entries(&Default::default()).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].phone.as_str(), rows[0].attempt, rows[0].project),
        (phone(0).expose(), Some(attempt), None)
    );
    // Corrected before the call is closed: the block of this very call goes, audited.
    world.db.save(&world.save(attempt, "不通")).unwrap();
    assert!(world.reader().dnc_entries(&Default::default()).unwrap().is_empty());
    world.db.save(&world.save(attempt, "架電禁止")).unwrap();
    world.db.end_attempt(&world.ended(attempt)).unwrap();
    world.db.seal(attempt, NOW + 30_000).unwrap();
    assert_eq!(world.reader().dnc_entries(&Default::default()).unwrap().len(), 1);
    let other = world.list("second");
    world.import(other, &[row(0)]);
    world.list = other;
    world.now += 24 * 60 * MINUTE;
    assert!(world.dial().is_none());
}

#[test]
fn the_machine_never_overwrites_a_person() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    world.db.save(&world.save(attempt, "見込")).unwrap();
    let mut end = world.ended(attempt);
    let mut auto = world.save(attempt, "no_contact");
    auto.set_by = SetBy::Auto;
    end.auto = Some(auto);
    world.db.end_attempt(&end).unwrap();
    let row = world.db.attempt(attempt).unwrap();
    assert_eq!((row.status.as_deref(), row.set_by), (Some("prospect"), Some(SetBy::Operator)));
}

#[test]
fn an_automatic_status_is_saved_with_the_end() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    let mut end = world.ended(attempt);
    let mut auto = world.save(attempt, "no_contact");
    auto.set_by = SetBy::Auto;
    end.auto = Some(auto);
    end.sub = Some("busy".into());
    let (_, commits) = world.commits(|db| db.end_attempt(&end));
    assert_eq!(commits, 1);
    world.db.end_attempt(&end).unwrap();
    let row = world.db.attempt(attempt).unwrap();
    assert_eq!((row.status.as_deref(), row.set_by), (Some("no_contact"), Some(SetBy::Auto)));
    assert_eq!((row.sip_code, row.q850, row.sub.as_deref()), (Some(486), Some(17), Some("busy")));
    assert_eq!(world.leads()[0].attempts, 1, "ending twice counts once");
}

#[test]
fn a_void_attempt_is_kept_out_of_every_count_and_its_lead_goes_to_the_end() {
    let mut world = World::new(2);
    let first = world.dial().unwrap();
    let mut end = world.ended(first.attempt);
    end.void = Some("503 from the trunk".into());
    world.db.end_attempt(&end).unwrap();
    let row = world.db.attempt(first.attempt).unwrap();
    assert!(row.void && row.sealed_at.is_some());
    assert_eq!(row.void_reason.as_deref(), Some("503 from the trunk"));
    let told = world.db.outbox_next(None, 10).unwrap();
    assert!(told.iter().all(|row| row.payload["void"] == true), "a void row leaves the box marked as void");
    let stats = world.reader().stats(&StatsQuery::default()).unwrap();
    assert_eq!((stats.works, stats.calls, stats.void), (0, 0, 1));
    assert_eq!(world.leads()[0].attempts, 0);
    world.now += 25_000;
    let second = world.call("不通");
    assert_eq!(second.position, 2, "the others first");
    assert!(world.dial().is_none(), "not before the gap is over");
    world.now = end.ended_at + 180_000;
    let again = world.dial().unwrap();
    assert_eq!((again.position, again.attempts_before), (1, 0), "still in this round");
}

#[test]
fn a_practice_accounts_void_lead_comes_back_after_five_seconds() {
    let mut world = World::new(1);
    let mut spec = world.spec();
    spec.rules.practice = true;
    let claimed = world.db.advance(&world.step(None, None, Some(spec.clone()))).unwrap().claimed.unwrap();
    let mut end = world.ended(claimed.attempt);
    end.void = Some("own fault".into());
    world.db.end_attempt(&end).unwrap();
    world.now = end.ended_at + 5_000;
    spec.attempt = AttemptId::generate(world.now);
    assert!(world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.is_some());
}

#[test]
fn a_saved_result_is_never_voided_away() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    world.db.save(&world.save(attempt, "クレーム")).unwrap();
    let mut end = world.ended(attempt);
    end.void = Some("transport lost".into());
    world.db.end_attempt(&end).unwrap();
    let row = world.db.attempt(attempt).unwrap();
    assert!(!row.void);
    assert_eq!(row.status.as_deref(), Some("do_not_call"));
}

#[test]
fn an_outbox_row_waits_for_its_recording() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    world.db.recording_opened(attempt, "/rec/2.wav".into(), NOW).unwrap();
    let spans =
        vec![PausedSpan { from_ms: 900, to_ms: Some(2_500) }, PausedSpan { from_ms: 9_000, to_ms: None }];
    let pause = RecordingPause { attempt, spans, by: Actor::default(), now: NOW };
    world.db.recording_paused(&pause).unwrap();
    world.finish(attempt, "見込");
    let sealed_at = NOW + 21_000;
    assert!(world.db.outbox_next(Some(sealed_at), 10).unwrap().is_empty());
    assert_eq!(world.db.open_recordings().unwrap(), [(attempt, "/rec/2.wav".into())]);
    let state = world.db.recording_closed(&facts(attempt, "/rec/2.wav")).unwrap();
    assert_eq!(state, RecordingState::Final);
    assert!(world.db.open_recordings().unwrap().is_empty());
    let rows = world.db.outbox_next(Some(sealed_at), 10).unwrap();
    assert_eq!(rows[0].payload["recording_sha256"], "ab".repeat(32));
    assert_eq!(rows[0].payload["recording_ms"], 12_000);
    assert_eq!(rows[0].payload["recording_gaps_ms"], 0);
    let paused = serde_json::json!([{ "from_ms": 900, "to_ms": 2_500 }, { "from_ms": 9_000, "to_ms": null }]);
    assert_eq!(rows[0].payload["recording_paused"], paused);
    // A recording that never closes does not hold the result back for ever.
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    world.db.recording_opened(attempt, "/rec/3.wav".into(), NOW).unwrap();
    world.finish(attempt, "見込");
    assert_eq!(world.db.outbox_next(Some(sealed_at + 10_000), 10).unwrap().len(), 1);
}

/// D18, S4.49: an amended result waits for the recording as the first one does, and names what becomes of it.
#[test]
fn an_amended_outbox_row_waits_for_its_recording_too() {
    let mut world = World::new(2);
    let (attempt, other) = (world.dial().unwrap().attempt, world.dial().unwrap().attempt);
    let sealed_at = NOW + 21_000;
    for attempt in [attempt, other] {
        world.db.recording_opened(attempt, format!("/rec/{attempt}.wav").into(), NOW).unwrap();
        world.finish(attempt, "見込");
        let amend = crate::model::Amend {
            attempt,
            status: None,
            memo: Some("資料送付".into()),
            recall_at: None,
            reason: "追記".into(),
            scope: crate::permission::Scope::All,
            by: Actor::default(),
            now: sealed_at,
        };
        world.db.amend(&amend).unwrap();
    }
    assert!(world.db.outbox_next(Some(sealed_at), 10).unwrap().is_empty());
    // A restart gives the archive more time.
    world.db.outbox_wait_for_recordings(sealed_at + 10 * MINUTE).unwrap();
    assert!(world.db.outbox_next(Some(sealed_at + 9 * MINUTE), 10).unwrap().is_empty());
    world.db.recording_closed(&facts(attempt, &format!("/rec/{attempt}.opus"))).unwrap();
    let rows = world.db.outbox_next(Some(sealed_at), 10).unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.kind.as_str(), row.payload["id"].clone())).collect();
    let id = serde_json::json!(attempt);
    assert_eq!(told, [("attempt.sealed", id.clone()), ("attempt.amended", id)]);
    for row in rows {
        assert_eq!(row.payload["recording_path"], format!("/rec/{attempt}.opus"));
        assert_eq!(row.payload["recording_sha256"], "ab".repeat(32));
    }
    assert_eq!(world.db.outbox_next(Some(sealed_at + 11 * MINUTE), 10).unwrap().len(), 4, "not for ever");
}

/// D18, S4.33: whatever waits to leave names no file that is gone: its recording was deleted, expired after the result had left and
/// before its amendment did.
#[test]
fn nothing_that_waits_names_a_recording_that_is_gone() {
    for how in ["delete", "expire"] {
        let mut world = World::new(2);
        let (gone, kept) = (world.dial().unwrap().attempt, world.dial().unwrap().attempt);
        let now = NOW + 21_000;
        for attempt in [gone, kept] {
            world.db.recording_opened(attempt, format!("/rec/{attempt}.wav").into(), NOW).unwrap();
            world.db.recording_closed(&facts(attempt, &format!("/rec/{attempt}.wav"))).unwrap();
            world.finish(attempt, "見込");
            let seq = world.db.outbox_next(None, 9).unwrap().last().unwrap().seq;
            if how == "expire" {
                world.db.outbox_ack(&[seq]).unwrap();
            }
            let amend = crate::model::Amend {
                attempt,
                status: None,
                memo: Some("資料送付".into()),
                recall_at: None,
                reason: "追記".into(),
                scope: crate::permission::Scope::All,
                by: Actor::default(),
                now,
            };
            world.db.amend(&amend).unwrap();
        }
        match how {
            "delete" => drop(world.db.delete_recording(gone, "本人の希望", Actor::default(), now).unwrap()),
            _ => assert_eq!(
                world.db.expire_recordings(1, None, ExpireAt::default(), 1, now).unwrap().0[0].attempt,
                gone
            ),
        }
        let rows = world.db.outbox_next(None, 9).unwrap();
        assert_eq!(rows.len(), if how == "expire" { 2 } else { 4 });
        for row in rows {
            let told = row.payload["recording_path"].as_str().map(str::to_owned);
            let of_kept = row.payload["id"] == kept.to_string();
            assert_eq!(told, of_kept.then(|| format!("/rec/{kept}.wav")), "{how}, {}", row.kind);
            assert_eq!(row.payload["recording_sha256"].is_null(), !of_kept, "{how}, {}", row.kind);
        }
    }
}

#[test]
fn a_discarded_recording_stays_discarded_when_it_closes_later() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    world.db.recording_opened(attempt, "/rec/4.wav".into(), NOW).unwrap();
    world.finish(attempt, "不通");
    assert_eq!(world.db.recording_closed(&facts(attempt, "/rec/4.wav")).unwrap(), RecordingState::Discarded);
    let rows = world.db.outbox_next(Some(NOW + 21_000), 10).unwrap();
    assert!(rows[0].payload["recording_path"].is_null());
}

/// D18: rows go out in order, again after a failure, and are given up with the reason.
#[test]
fn the_outbox_delivers_in_order_retries_and_gives_up() {
    let mut world = World::new(3);
    for _ in 0..3 {
        world.call("talked");
    }
    let rows = world.db.outbox_next(None, 2).unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(rows[0].kind, "attempt.sealed");
    assert_eq!(rows[0].payload["id"], rows[0].key.to_string());
    assert_eq!(rows[0].payload["number"], phone(0).expose());
    assert_eq!(rows[0].payload["started_at"], "2026-11-21T10:00:00.000+09:00");
    world.db.outbox_ack(&[1]).unwrap();
    world.db.outbox_dead(3, "no such folder").unwrap();
    // What was not delivered is handed out again.
    let rest = world.db.outbox_next(Some(NOW + 60_000), 10).unwrap();
    assert_eq!(rest.iter().map(|row| row.seq).collect::<Vec<_>>(), [2]);
    assert_eq!(world.db.outbox_counts().unwrap(), (1, 1));
    // Numbers are never reused, even when the table is empty.
    world.db.outbox_ack(&[2]).unwrap();
    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
    let list = world.list("more");
    world.import(list, &[row(9)]);
    world.list = list;
    world.call("talked");
    assert_eq!(world.db.outbox_next(None, 10).unwrap()[0].seq, 4);
}

#[test]
fn facts_learned_under_way_stay() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    let mut progress = AttemptProgress::new(attempt);
    progress.ringing_at = Some(NOW + 500);
    progress.evidence = serde_json::json!({ "tones": ["ringback"] });
    world.db.progress(&progress).unwrap();
    progress.ringing_at = Some(NOW + 900);
    progress.answered_at = Some(NOW + 3000);
    progress.evidence = serde_json::json!({ "ced_ms": 2100 });
    world.db.progress(&progress).unwrap();
    world.db.end_attempt(&world.ended(attempt)).unwrap();
    let row = world.db.attempt(attempt).unwrap();
    assert_eq!((row.ringing_at, row.answered_at), (Some(NOW + 500), Some(NOW + 3000)));
    assert_eq!(row.evidence, serde_json::json!({ "tones": ["ringback"], "ced_ms": 2100 }));
}

/// X4, S2.30.
#[test]
fn a_callback_time_makes_a_task() {
    let mut world = World::new(1);
    let claimed = world.dial().unwrap();
    world.db.end_attempt(&world.ended(claimed.attempt)).unwrap();
    let mut save = world.save(claimed.attempt, "通話済");
    save.recall_at = Some(NOW + 3_600_000);
    world.db.save(&save).unwrap();
    world.db.seal(claimed.attempt, NOW + 30_000).unwrap();
    let lead = world.lead(claimed.lead);
    assert_eq!((lead.state, lead.recall_at), (LeadState::Task, Some(NOW + 3_600_000)));
}

#[test]
fn a_row_says_whom_its_call_was_handed_to() {
    let mut world = World::new(1);
    let attempt = world.dial().unwrap().attempt;
    let transfer = Transferred { way: TransferWay::Blind, to: phone(7).expose().to_owned(), code: Some(200) };
    let mut end = world.ended(attempt);
    end.transfer = Some(transfer.clone());
    world.db.end_attempt(&end).unwrap();
    world.db.save(&world.save(attempt, "見込")).unwrap();
    world.db.seal(attempt, NOW + 30_000).unwrap();
    assert_eq!(world.db.attempt(attempt).unwrap().transfer, Some(transfer));
    let told = world.db.outbox_next(None, 10).unwrap().remove(0).payload;
    let fields = ["transfer", "transferred_to", "transfer_code"].map(|name| told[name].clone());
    assert_eq!(fields, [serde_json::json!("blind"), phone(7).expose().into(), 200.into()]);
}

/// S1.31, S1.32, S1.33: a lead shows the last call with its number, whoever made it, from whatever list or by hand, as soon as it is
/// saved; an older call that is saved late takes nothing away.
#[test]
fn the_last_call_of_a_number_shows_on_every_list() {
    let mut world = World::new(1);
    let (first, alice) = (world.list, world.user);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let second = world.list("second");
    world.import(second, &[row(0)]);
    let shown = |world: &mut World, list| {
        world.list = list;
        let lead = world.leads().remove(0);
        (lead.last_status, lead.last_user_name, lead.last_at)
    };
    let told = |status: &str, user: &str, at| (Some(status.to_owned()), Some(user.to_owned()), Some(at));
    let called = world.call("talked");
    for list in [first, second] {
        assert_eq!(shown(&mut world, list), told("talked", "Alice", NOW));
    }
    world.now += 5 * MINUTE;
    (world.user, world.list) = (bob, second);
    let at = world.now;
    world.call("見込");
    for list in [first, second] {
        assert_eq!(shown(&mut world, list), told("prospect", "Bob", at));
    }
    world.user = alice;
    let amend = crate::model::Amend {
        attempt: called.attempt,
        status: Some("不通".into()),
        memo: None,
        recall_at: None,
        reason: "聞き間違い".into(),
        scope: crate::permission::Scope::All,
        by: Actor::default(),
        now: world.now,
    };
    world.db.amend(&amend).unwrap();
    for list in [first, second] {
        assert_eq!(shown(&mut world, list), told("prospect", "Bob", at), "that was the call before");
    }
}
