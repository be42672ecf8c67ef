//! The checks inside the transaction that precedes the INVITE.

use super::*;
use crate::error::{DialRefusal, Error};
use crate::model::{ClockStep, DncEntry, DncQuery, ManualCall, Origin, SecondLeg, StatsQuery};
use crate::phone::NumberFormat;
use crate::time::BusinessDate;

fn dnc(world: &mut World, number: usize, project: Option<ProjectId>) -> bool {
    let entry = DncEntry {
        project,
        ..DncEntry::by_hand(phone(number).national(), "断り", Actor::default(), world.now)
    };
    world.db.dnc_add_all(&[entry]).unwrap().added > 0
}

pub(super) fn manual(world: &World, number: &str) -> ManualCall {
    ManualCall {
        attempt: None,
        phone: number.into(),
        plan: DialPlan::default(),
        seat: "a".into(),
        user: world.user,
        project: Some(world.project),
        named: false,
        account: "main".into(),
        caller_id: None,
        origin: Origin::Manual,
        now: world.now,
        rules: DialRules::lawful(),
        second: None,
        stub: false,
        lead: None,
    }
}

#[test]
fn a_blocked_number_is_passed_over_with_the_reason() {
    let mut world = World::new(3);
    assert!(dnc(&mut world, 0, None));
    assert!(!dnc(&mut world, 0, None), "there already");
    let project = world.project;
    assert!(dnc(&mut world, 1, Some(project)));
    let step = world.step(None, None, Some(world.spec()));
    let (advanced, commits) = world.commits(|db| db.advance(&step));
    assert_eq!(commits, 1);
    assert_eq!(advanced.claimed.unwrap().position, 3);
    assert_eq!(advanced.passed_over, [], "they have no turn");
    let leads = world.leads();
    assert_eq!((leads[0].state, leads[0].skip_reason.as_deref()), (LeadState::Skipped, Some("E-DNC")));
}

#[test]
fn another_projects_block_does_not_hold_here() {
    let mut world = World::new(1);
    let other = world.db.ensure_project("別件", None, NOW).unwrap();
    dnc(&mut world, 0, Some(other));
    assert!(world.dial().is_some());
}

/// X6: an entry of one project forbids a call by hand, or into a call, that is for no project that somebody named; a call that is
/// for another project goes out, as the calls of its lists do.
#[test]
fn an_entry_of_a_project_forbids_calls_by_hand() {
    let mut world = World::new(1);
    let other = world.db.ensure_project("別件", None, NOW).unwrap();
    dnc(&mut world, 0, Some(other));
    let number = phone(0).national();
    let call = manual(&world, &number);
    let refused = world.db.open_manual(&call).unwrap_err();
    assert_eq!(refused.code(), "E-DNC");
    assert!(
        matches!(&refused, Error::DoNotCall { project: Some(project), deleted: false, may_name: true, .. } if project == "別件"),
        "{refused}"
    );
    assert!(refused.ja().contains("別件") && refused.ja().contains("--project"), "{}", refused.ja());
    let parent = world.db.open_manual(&manual(&world, "03-5555-0000")).unwrap().attempt;
    let consult = second(&world, &number, parent, true);
    for refused in [world.db.check_manual(&consult).unwrap_err(), world.db.open_manual(&consult).unwrap_err()]
    {
        assert!(matches!(refused, Error::DoNotCall { may_name: false, .. }), "{refused}");
    }
    let of_it = ManualCall { project: Some(other), named: true, ..call.clone() };
    assert!(matches!(world.db.open_manual(&of_it), Err(Error::DoNotCall { .. })));
    assert!(world.db.open_manual(&ManualCall { named: true, ..call.clone() }).is_ok());
    // The company's holds whatever is named.
    dnc(&mut world, 0, None);
    let refused = world.db.open_manual(&ManualCall { named: true, ..call }).unwrap_err();
    assert!(
        matches!(&refused, Error::DoNotCall { project: None, since: NOW, may_name: false, reason, .. } if reason == "断り"),
        "{refused}"
    );
    assert_eq!(refused.code(), "E-DNC");
    for said in [refused.ja(), refused.to_string()] {
        assert!(said.contains("断り") && said.contains("2026-11-21 10:00:00"), "{said}");
        assert!(!said.contains("--project"), "{said}");
    }
    assert_eq!(refused.facts()["since"], NOW);
}

#[test]
fn a_block_between_claim_and_dial_is_seen() {
    let mut world = World::new(1);
    let mut spec = world.spec();
    spec.dial_now = false;
    let claimed = world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.unwrap();
    dnc(&mut world, 0, None);
    let refused = world.db.mark_dialing(claimed.attempt, &DialRules::lawful(), world.now);
    assert!(
        matches!(&refused, Err(Error::DoNotCall { project: None, reason, .. }) if !reason.is_empty()),
        "{refused:?}"
    );
    assert_eq!(refused.unwrap_err().code(), "E-DNC");
    assert_eq!(world.states(), [LeadState::Skipped]);
    assert!(world.db.attempt(claimed.attempt).is_err(), "no INVITE, no row");
}

/// X6: an entry of a project that was deleted holds on, and says whose it is: it is found and cleared by the project's name or id.
#[test]
fn an_entry_of_a_deleted_project_is_found_and_cleared() {
    let mut world = World::new(1);
    let by = world.actor();
    let old = world.db.create_project("春", None, by, NOW).unwrap().id;
    dnc(&mut world, 5, Some(old));
    world.db.delete_project(old, by, NOW).unwrap();
    let refused = world.db.open_manual(&manual(&world, &phone(5).national())).unwrap_err();
    assert!(
        matches!(&refused, Error::DoNotCall { project: Some(project), deleted: true, .. } if project == "春"),
        "{refused}"
    );
    for said in [refused.to_string(), refused.ja()] {
        assert!(said.contains("春") && said.contains("dnc clear --project"), "{said}");
    }
    let rows = world.reader().dnc_entries(&DncQuery { project: Some(old), ..DncQuery::default() }).unwrap();
    assert_eq!((rows.len(), rows[0].project_deleted, rows[0].project_name.as_deref()), (1, true, Some("春")));
    let ever = |world: &World, word: &str| world.reader().project_ever(word);
    for word in [" 春 ", &old.to_string()] {
        assert_eq!(ever(&world, word).unwrap(), old);
    }
    let clear = crate::model::DncClear {
        phone: phone(5).national(),
        project: Some(ever(&world, "春").unwrap()),
        reason: "同意".into(),
        by,
        now: world.now,
    };
    assert_eq!(world.db.dnc_clear_all(&[clear]).unwrap(), 1);
    world.db.open_manual(&manual(&world, &phone(5).national())).unwrap();
    // A live one has the name before it; of two in the bin the id says which.
    let new = world.db.create_project("春", None, by, NOW).unwrap().id;
    assert_eq!(ever(&world, "春").unwrap(), new);
    world.db.delete_project(new, by, NOW).unwrap();
    assert_eq!(ever(&world, "春").unwrap_err().code(), "E-AMBIGUOUS");
    assert_eq!(ever(&world, &new.to_string()).unwrap(), new);
    assert_eq!(ever(&world, "夏").unwrap_err().code(), "E-NOT-FOUND");
}

/// S1.25.
#[test]
fn an_exclusion_between_claim_and_dial_is_seen_and_can_be_taken_back() {
    let mut world = World::new(1);
    let mut spec = world.spec();
    spec.dial_now = false;
    let claimed = world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.unwrap();
    let lead = claimed.lead.unwrap();
    world.exclude(lead, Some("担当替え"));
    let refused = world.db.mark_dialing(claimed.attempt, &DialRules::lawful(), world.now);
    assert_eq!(refused.unwrap_err().code(), "E-EXCLUDED");
    assert!(world.dial().is_none());
    world.include(lead);
    assert!(world.dial().is_some());
}

/// X7.
#[test]
fn a_disabled_list_is_not_dialed_but_the_old_call_is_sealed() {
    let mut world = World::new(2);
    let first = world.dial().unwrap();
    world.db.end_attempt(&world.ended(first.attempt)).unwrap();
    world.enable(false);
    let advanced = world.next(first.attempt);
    assert!(advanced.claimed.is_none() && advanced.exhausted.is_some());
    assert!(world.db.attempt(first.attempt).unwrap().sealed_at.is_some());
}

/// S4.49: the operator's next dial seals the row before it, in the call's own commit; a call that is refused seals nothing.
#[test]
fn a_call_by_hand_seals_the_row_before_it_or_neither() {
    let mut world = World::new(1);
    let open = world.dial().unwrap().attempt;
    world.db.end_attempt(&world.ended(open)).unwrap();
    world.db.save(&world.save(open, "見込")).unwrap();
    let refused = manual(&world, "0990123456");
    assert_eq!(world.db.seal_and_open(open, &refused).unwrap_err().code(), "E-PHONE-FORBIDDEN");
    assert_eq!(world.db.attempt(open).unwrap().sealed_at, None);
    assert!(world.db.outbox_next(None, 9).unwrap().is_empty());
    let call = manual(&world, "03-5555-0000");
    let ((sealed, claimed), commits) = world.commits(|db| db.seal_and_open(open, &call));
    assert_eq!((sealed.attempt, sealed.status.as_deref(), commits), (open, Some("prospect"), 1));
    assert!(world.db.attempt(open).unwrap().sealed_at.is_some());
    assert!(world.db.attempt(claimed.attempt).unwrap().dialed_at.is_some());
}

#[test]
fn emergency_and_special_numbers_are_never_dialed_whatever_the_prefix() {
    let mut world = World::new(0);
    // Rows that no import lets in: the table is the last line of defence.
    for (at, key) in ["+81110", "+81570123456", "+81990123456", "+81120123456"].iter().enumerate() {
        let sql = "INSERT INTO leads (id, list_id, position, phone, round) VALUES (?1, ?2, ?3, ?4, 1)";
        let id = LeadId::generate(world.now);
        world.db.db.execute(sql, (id, world.list, at as i64 + 1, key)).unwrap();
    }
    world.db.db.execute("UPDATE lists SET visible_position = 4", []).unwrap();
    assert_eq!(world.states(), [LeadState::Skipped; 4], "none has a turn");
    let file =
        "DROP TRIGGER leads_judged_update; DROP TRIGGER leads_due_update; UPDATE leads SET state = 'ready'";
    world.db.db.execute_batch(file).unwrap();
    let advanced = world.db.advance(&world.step(None, None, Some(world.spec()))).unwrap();
    assert!(advanced.claimed.is_none());
    assert_eq!(advanced.passed_over.len(), 4);
    assert!(world.states().iter().all(|state| *state == LeadState::Skipped));
    for number in ["110", "119", "118", "184110", "0570123456", "0990123456"] {
        let refused = world.db.open_manual(&manual(&world, number)).unwrap_err();
        assert!(["E-PHONE-FORBIDDEN", "E-PHONE-INVALID"].contains(&refused.code()), "{number}: {refused}");
    }
    // Practice lifts the repeat floor, not this.
    let mut practice = manual(&world, "0570-123-456");
    practice.rules.practice = true;
    let refused = world.db.open_manual(&practice).unwrap_err();
    assert_eq!((refused.code(), refused.ja().as_str()), ("E-PHONE-FORBIDDEN", "ナビダイヤル(0570)です"));
    assert!(refused.to_string().contains("a Navi Dial number (0570)"), "{refused}");
    let typed = Phone::parse("０１０-1-212-555-0100").map_err(Error::Phone).unwrap_err();
    assert_eq!((typed.code(), typed.ja().as_str()), ("E-PHONE-FORBIDDEN", "国際電話です"));
}

/// D23: the network ignores digits behind a complete number. Whoever is reached by it is whom the do-not-call list and the floor
/// between two calls are about, whichever of the two was typed; nothing dials such a number by itself.
#[test]
fn digits_behind_a_complete_number_change_nothing() {
    let mut world = World::new(0);
    for (at, key) in ["+813111100140", "+815700123456"].iter().enumerate() {
        let sql = "INSERT INTO leads (id, list_id, position, phone, round) VALUES (?1, ?2, ?3, ?4, 1)";
        let id = LeadId::generate(world.now);
        world.db.db.execute(sql, (id, world.list, at as i64 + 1, key)).unwrap();
    }
    world.db.db.execute("UPDATE lists SET visible_position = 2", []).unwrap();
    assert_eq!(world.states(), [LeadState::Skipped; 2], "they are no due ones");
    // The dialer looks itself too, whatever the file says.
    world.db.db.execute_batch("DROP TRIGGER leads_judged_update; UPDATE leads SET state = 'ready'").unwrap();
    let advanced = world.db.advance(&world.step(None, None, Some(world.spec()))).unwrap();
    assert!(advanced.claimed.is_none());
    let codes: Vec<_> = advanced.passed_over.iter().map(|(_, code)| *code).collect();
    assert_eq!(codes, ["E-PHONE-FORBIDDEN"; 2]);
    let refused = |world: &mut World, number: &str| {
        world.db.open_manual(&manual(world, number)).map(|_| ()).map_err(|error| error.code()).err()
    };
    assert_eq!(refused(&mut world, "0570-012-3456"), Some("E-PHONE-FORBIDDEN"));
    let entry = DncEntry::by_hand("0311110014", "断り", Actor::default(), world.now);
    world.db.dnc_add_all(&[entry]).unwrap();
    assert_eq!(refused(&mut world, "03-1111-00140"), Some("E-DNC"));
    let told = world.db.open_manual(&manual(&world, "03-1111-00140")).unwrap_err();
    assert!(
        told.ja().contains("(…0014)の登録です") && told.to_string().contains("that of ...0014"),
        "{told}"
    );
    let told = world.db.open_manual(&manual(&world, "03-1111-0014")).unwrap_err();
    assert!(!told.ja().contains("余分な桁"), "{}", told.ja());
    assert_eq!(refused(&mut world, "03-1111-0015"), None);
    assert_eq!(refused(&mut world, "03-1111-00159"), Some("E-REPEAT"));
    assert_eq!(refused(&mut world, "03-2222-00159"), None, "by hand, with a warning");
    assert_eq!(refused(&mut world, "03-2222-0015"), Some("E-REPEAT"));
}

#[test]
fn a_prefix_that_turns_a_number_into_an_emergency_call_is_caught() {
    let mut world = World::new(1);
    let mut spec = world.spec();
    // A trunk that strips its first digits would see 110...
    spec.plan = DialPlan { format: NumberFormat::National, prefix: "110".into(), ..DialPlan::default() };
    let advanced = world.db.advance(&world.step(None, None, Some(spec))).unwrap();
    assert!(advanced.claimed.is_none());
    assert_eq!(advanced.passed_over[0].1, "E-PHONE-FORBIDDEN");
}

#[test]
fn the_same_number_rests_180_seconds_across_lists() {
    let mut world = World::new(1);
    world.call("no_contact");
    let other = world.list("second");
    world.import(other, &[row(0)]);
    world.list = other;
    world.now += 179_000;
    let mut spec = world.spec();
    spec.rules.repeat_gap_ms = 1000;
    let advanced = world.db.advance(&world.step(None, None, Some(spec))).unwrap();
    assert_eq!(advanced.passed_over[0].1, "E-REPEAT");
    assert_eq!(advanced.exhausted.unwrap().next_due, Some(NOW + 180_000), "the law's floor, not the setting");
    let refused = world.db.open_manual(&manual(&world, &phone(0).national())).unwrap_err();
    assert_eq!(refused.code(), "E-REPEAT");
    world.now = NOW + 180_000;
    assert!(world.dial().is_some());
}

/// D24: a clock that is set ahead lets no time pass.
#[test]
fn a_clock_that_is_set_ahead_makes_no_rest_shorter() {
    let mut world = World::new(1);
    world.call("no_contact");
    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
    // A minute later it was set ahead by ten, then by a second ten.
    world.now += 1_260_000;
    let step = |at: i64| ClockStep { at: NOW + at, by_ms: 600_000 };
    let mut spec = world.spec();
    spec.rules.steps = vec![step(660_000), step(1_260_000)];
    let rules = spec.rules.clone();
    let advanced = world.db.advance(&world.step(None, None, Some(spec))).unwrap();
    assert_eq!(advanced.passed_over[0].1, "E-REPEAT");
    assert_eq!(advanced.exhausted.unwrap().next_due, Some(NOW + 1_200_000 + 180_000));
    let mut by_hand = manual(&world, &phone(0).national());
    by_hand.rules = rules.clone();
    assert_eq!(world.db.open_manual(&by_hand).unwrap_err().code(), "E-REPEAT");
    world.now = NOW + 1_200_000 + 180_000;
    let mut spec = world.spec();
    spec.rules.steps = rules.steps;
    assert!(world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.is_some());
}

/// D24: neither does it begin a new day for whoever was called an hour ago.
#[test]
fn a_clock_that_is_set_ahead_over_midnight_begins_no_new_count() {
    let mut world = World::new(1);
    let number = phone(0).national();
    let by_hand = |world: &World, steps: &[ClockStep]| {
        let mut call = manual(world, &number);
        call.rules.max_repeats_per_day = 1;
        call.rules.steps = steps.to_vec();
        call
    };
    world.call("no_contact");
    world.now += 3_600_000;
    let call = by_hand(&world, &[]);
    let second = world.db.open_manual(&call).unwrap().attempt;
    world.finish(second, "不通");
    // A whole day, an hour later.
    let step = ClockStep { at: world.now + 90_000_000, by_ms: 86_400_000 };
    world.now += 90_000_000;
    let call = by_hand(&world, &[step]);
    let refused = world.db.open_manual(&call).unwrap_err();
    assert!(matches!(refused, Error::Refused(DialRefusal::RepeatDay { dials: 2, .. })), "{refused:?}");
    world.now += 86_400_000;
    let call = by_hand(&world, &[step]);
    assert!(world.db.open_manual(&call).is_ok(), "a day later it is another day");
}

#[test]
fn a_practice_account_repeats_at_once() {
    let mut world = World::new(1);
    world.call("no_contact");
    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
    let mut spec = world.spec();
    spec.rules.practice = true;
    let claimed = world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed;
    assert!(claimed.is_some());
}

#[test]
fn a_number_is_dialed_at_most_sixteen_times_a_day() {
    let mut world = World::new(1);
    let mut rules = DialRules::lawful();
    rules.max_repeats_per_day = 1000;
    let mut dials = 0;
    loop {
        let mut spec = world.spec();
        spec.rules = rules.clone();
        let advanced = world.db.advance(&world.step(None, None, Some(spec))).unwrap();
        let Some(claimed) = advanced.claimed else {
            assert_eq!(advanced.exhausted.unwrap().next_due, Some(BusinessDate::of(world.now).end()));
            break;
        };
        dials += 1;
        world.finish(claimed.attempt, "no_contact");
        world.db.next_round(world.list, Actor::default(), world.now).unwrap();
        world.now += 181_000;
    }
    assert_eq!(dials, 16, "one call and fifteen repeats");
    world.now = BusinessDate::of(world.now).end();
    assert!(world.dial().is_some(), "a new day");
}

#[test]
fn the_default_is_three_repeats_a_day() {
    let mut world = World::new(1);
    for _ in 0..4 {
        world.call("no_contact");
        world.db.next_round(world.list, Actor::default(), world.now).unwrap();
        world.now += 181_000;
    }
    assert!(world.dial().is_none());
}

/// S4.37, S4.38, C12.
#[test]
fn a_manual_call_is_on_disk_and_stays_out_of_the_counts() {
    let mut world = World::new(1);
    let claimed = world.db.open_manual(&manual(&world, "03-3000-0000")).unwrap();
    assert!(claimed.dialed);
    assert_eq!(claimed.company.as_deref(), Some("会社0"), "from the contact book");
    world.finish(claimed.attempt, "見込");
    let stats = world.reader().stats(&StatsQuery::default()).unwrap();
    assert_eq!((stats.calls, stats.works, stats.connects), (0, 0, 0));
    assert!(world.reader().history(&crate::model::HistoryQuery::default()).unwrap().is_empty());
    let query = crate::model::HistoryQuery { include_manual: true, ..Default::default() };
    assert_eq!(world.reader().history(&query).unwrap().len(), 1);
    assert_eq!(world.leads()[0].last_status.as_deref(), Some("prospect"), "the list view shows it (S1.31)");
}

/// S1.40, S4.38, S4.42: a call by hand without a result leaves the last result; a list call that was left blank shows blank (X2).
#[test]
fn a_call_without_a_result_takes_none_away() {
    let mut world = World::new(2);
    let claimed = world.dial().unwrap();
    world.db.end_attempt(&world.ended(claimed.attempt)).unwrap();
    let mut save = world.save(claimed.attempt, "不通");
    save.memo = Some("留守".into());
    world.db.save(&save).unwrap();
    world.db.seal(claimed.attempt, NOW + 21_000).unwrap();
    world.now += 10 * MINUTE;
    let number = phone(0).national();
    let shown = |world: &World| {
        let lead = world.lead(claimed.lead);
        (lead.last_status, lead.last_memo, lead.last_at)
    };
    let no_contact = |memo: &str, at| (Some("no_contact".to_owned()), Some(memo.to_owned()), Some(at));
    let by_hand = world.db.open_manual(&manual(&world, &number)).unwrap().attempt;
    world.db.end_attempt(&world.ended(by_hand)).unwrap();
    assert_eq!(
        shown(&world),
        no_contact("留守", world.now),
        "the result stays, the time is that of the last call"
    );
    let filter = LeadFilter { status: Some("no_contact".into()), attempts: Some(1), ..LeadFilter::default() };
    let query = ListQuery { list: world.list, after: None, limit: 10, filter };
    assert_eq!(world.reader().show_list(&query).unwrap().len(), 1, "2回目");
    let mut memo = world.save(by_hand, "");
    memo.memo = Some("会議中".into());
    world.db.save(&memo).unwrap();
    world.db.seal(by_hand, world.now + 21_000).unwrap();
    assert_eq!(shown(&world), no_contact("会議中", world.now), "a memo that somebody wrote shows");
    // On a list that it comes to later, the same.
    let later = world.list("later");
    world.import(later, &[row(0)]);
    let first = std::mem::replace(&mut world.list, later);
    assert_eq!(world.leads()[0].last_status.as_deref(), Some("no_contact"));
    world.list = first;
    // Who judges it, judges the number.
    world.now += 10 * MINUTE;
    let judged = world.db.open_manual(&manual(&world, &number)).unwrap().attempt;
    world.finish(judged, "見込");
    assert_eq!(shown(&world), (Some("prospect".into()), None, Some(world.now)));
    // A call of the list that is left blank is one that somebody has to judge.
    world.now += 10 * MINUTE;
    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
    let blank = world.dial().unwrap();
    assert_eq!(blank.lead, claimed.lead);
    world.db.end_attempt(&world.ended(blank.attempt)).unwrap();
    world.db.seal(blank.attempt, world.now + 21_000).unwrap();
    assert_eq!(shown(&world), (None, None, Some(world.now)), "未入力");
}

/// A number that comes into the call `parent`, as at any time of the day.
fn second(world: &World, number: &str, parent: AttemptId, open: bool) -> ManualCall {
    ManualCall { second: Some(SecondLeg { parent, open }), ..manual(world, number) }
}

/// A colleague is called as often as customers are handed over; a number of a list stays under its rules.
#[test]
fn a_number_that_comes_into_a_call_is_checked_as_what_it_is() {
    let mut world = World::new(2);
    let parent = world.dial().unwrap().attempt;
    let colleague = "03-1234-5678";
    for _ in 0..5 {
        let call = second(&world, colleague, parent, false);
        assert_eq!(world.db.check_manual(&call).unwrap().dial_string, "0312345678");
        world.db.open_manual(&call).unwrap();
    }
    // The same number without a call that it is for.
    let refused = world.db.open_manual(&manual(&world, colleague)).unwrap_err();
    assert!(matches!(refused, Error::Refused(DialRefusal::RepeatGap { .. })));
    // Which call it repeats, and when it may be made.
    let (last, free) = (crate::time::format_jst(world.now), crate::time::format_jst(world.now + 180_000));
    for moment in [&last[11..19], &free[11..19]] {
        assert!(refused.ja().contains(moment) && refused.to_string().contains(moment), "{refused}");
    }
    assert_eq!(refused.facts()["last"], world.now);

    let (called, listed) = (phone(0).national(), phone(1).national());
    let code = |world: &mut World, number: &str, open| {
        let call = second(world, number, parent, open);
        world.db.check_manual(&call).map_or_else(|refused| refused.code(), |_| "")
    };
    assert_eq!(code(&mut world, &called, true), "E-REPEAT");
    assert_eq!(code(&mut world, &listed, true), "");
    assert_eq!(code(&mut world, &listed, false), "E-HOURS");
    for forbidden in ["110", "119", "184110", "0570-000-000"] {
        assert_ne!(code(&mut world, forbidden, true), "", "{forbidden}");
    }
    dnc(&mut world, 1, None);
    assert_eq!(code(&mut world, &listed, true), "E-DNC");
    // A list in the bin is none.
    let binned = world.list("binned");
    world.import(binned, &[row(30)]);
    let number = phone(30).national();
    assert_eq!(code(&mut world, &number, false), "E-HOURS");
    world.db.delete_list(binned, Actor::default(), world.now).unwrap();
    assert_eq!(code(&mut world, &number, false), "");
}

#[test]
fn a_consultation_is_a_row_that_names_its_call_and_no_count() {
    let mut world = World::new(1);
    let parent = world.dial().unwrap().attempt;
    let before = world.reader().stats(&StatsQuery::default()).unwrap();
    let call = second(&world, "0312345678", parent, true);
    let claimed = world.db.open_manual(&call).unwrap();
    let mut end = world.ended(claimed.attempt);
    end.answered_at = Some(world.now + 2000);
    world.db.end_attempt(&end).unwrap();
    world.db.seal(claimed.attempt, world.now + 21_000).unwrap();
    let row = world.db.attempt(claimed.attempt).unwrap();
    assert_eq!((row.parent, row.origin, row.lead), (Some(parent), Origin::Manual, None));
    assert_eq!(world.reader().stats(&StatsQuery::default()).unwrap(), before);
    let told = world.db.outbox_next(None, 10).unwrap();
    assert_eq!(told[0].payload["parent_id"], serde_json::json!(parent));
}
