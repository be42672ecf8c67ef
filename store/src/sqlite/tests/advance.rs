//! The one commit: save, seal, claim, mark dialed.

use proptest::prelude::*;

use super::*;
use crate::error::Error;
use crate::model::Exhausted;

/// S1.2, X9.
#[test]
fn a_list_is_dialed_from_the_top_once_per_round() {
    let mut world = World::new(5);
    let mut seen = Vec::new();
    while let Some(claimed) = world.dial() {
        seen.push(claimed.position);
        world.finish(claimed.attempt, "no_contact");
        world.now += MINUTE;
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    world.now += 24 * 60 * MINUTE;
    assert!(world.dial().is_none(), "the round is over");
    assert_eq!(world.db.next_round(world.list, Actor::default(), world.now).unwrap(), 2);
    assert_eq!(world.dial().unwrap().position, 1);
}

/// S4.46, S4.48.
#[test]
fn advance_is_exactly_one_commit() {
    let mut world = World::new(3);
    let first = world.dial().unwrap();
    world.db.end_attempt(&world.ended(first.attempt)).unwrap();
    world.db.recording_opened(first.attempt, "/rec/a.wav".into(), world.now).unwrap();
    let step = world.step(Some(first.attempt), Some(world.save(first.attempt, "不通")), Some(world.spec()));
    let (advanced, commits) = world.commits(|db| db.advance(&step));
    assert_eq!(commits, 1);
    let sealed = advanced.sealed.unwrap();
    assert_eq!(sealed.status.as_deref(), Some("no_contact"));
    assert_eq!(sealed.discard_recording, Some("/rec/a.wav".into()));
    let claimed = advanced.claimed.unwrap();
    assert_eq!((claimed.position, claimed.dialed), (2, true));
    assert_eq!(claimed.dial_string, phone(1).national());
    assert_eq!(claimed.caller_id.as_deref(), Some("0312340000"));
    assert_eq!(claimed.categories, ["関東"]);
    let row = world.db.attempt(claimed.attempt).unwrap();
    assert_eq!(row.dialed_at, Some(world.now));
    assert_eq!(row.list_name.as_deref(), Some("リスト"));
    assert_eq!(row.company.as_deref(), Some("会社1"));
}

/// Every row of every table.
fn everything(world: &World) -> Vec<String> {
    let db = &world.db.db;
    let mut names = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1").unwrap();
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).unwrap().map(|name| name.unwrap()).collect();
    let mut rows = Vec::new();
    for name in names {
        let mut table = db.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns = table.column_count();
        let line = |row: &rusqlite::Row<'_>| {
            (0..columns).map(|at| Ok(format!("{:?}", row.get_ref(at)?))).collect::<rusqlite::Result<Vec<_>>>()
        };
        rows.extend(table.query_map([], line).unwrap().map(|row| format!("{name} {:?}", row.unwrap())));
    }
    rows
}

/// ADR 0008.
#[test]
fn a_rehearsal_leaves_nothing_and_says_what_would_be_claimed() {
    let mut world = World::new(3);
    let first = world.dial().unwrap();
    world.db.end_attempt(&world.ended(first.attempt)).unwrap();
    let step =
        world.step(Some(first.attempt), Some(world.save(first.attempt, "prospect")), Some(world.spec()));
    let before = everything(&world);
    let (claimed, commits) = world.commits(|db| db.rehearse(&step, &|| false));
    let claimed = claimed.unwrap();
    assert_eq!((claimed.position, commits), (2, 0));
    let (none, _) = world.commits(|db| db.rehearse(&step, &|| true));
    assert!(none.is_none(), "a call waited");
    assert_eq!(everything(&world), before);
    // The real one is neither a repeat of it nor different from it.
    let advanced = world.db.advance(&step).unwrap();
    assert_eq!(advanced.sealed.unwrap().status.as_deref(), Some("prospect"));
    let taken = advanced.claimed.unwrap();
    assert_eq!(
        (taken.attempt, taken.lead, taken.dial_string),
        (claimed.attempt, claimed.lead, claimed.dial_string)
    );
}

#[test]
fn an_advance_that_fails_leaves_nothing_behind() {
    let mut world = World::new(2);
    let first = world.dial().unwrap();
    world.db.end_attempt(&world.ended(first.attempt)).unwrap();
    let step = world.step(Some(first.attempt), Some(world.save(first.attempt, "無い")), Some(world.spec()));
    assert!(matches!(world.db.advance(&step), Err(Error::StatusUnknown { .. })));
    assert_eq!(world.db.attempt(first.attempt).unwrap().sealed_at, None);
    assert_eq!(world.states(), [LeadState::Claimed, LeadState::Ready]);
    assert!(world.db.outbox_next(None, 10).unwrap().is_empty());
}

#[test]
fn repeating_an_advance_returns_the_same_claim() {
    let mut world = World::new(3);
    let step = world.step(None, None, Some(world.spec()));
    let first = world.db.advance(&step).unwrap().claimed.unwrap();
    let again = world.db.advance(&step).unwrap().claimed.unwrap();
    assert_eq!((first.attempt, first.lead, first.position), (again.attempt, again.lead, again.position));
    assert_eq!(world.states(), [LeadState::Claimed, LeadState::Ready, LeadState::Ready]);
}

#[test]
fn a_call_under_way_cannot_be_sealed() {
    let mut world = World::new(1);
    let first = world.dial().unwrap();
    let step = world.step(Some(first.attempt), None, None);
    assert!(matches!(world.db.advance(&step), Err(Error::State { is: "under way", .. })));
}

#[test]
fn preview_marks_in_a_second_step_and_a_claim_expires() {
    let mut world = World::new(2);
    let mut spec = world.spec();
    spec.dial_now = false;
    let claimed = world.db.advance(&world.step(None, None, Some(spec.clone()))).unwrap().claimed.unwrap();
    assert!(!claimed.dialed);
    assert_eq!(world.db.attempt(claimed.attempt).unwrap().dialed_at, None);
    world.db.mark_dialing(claimed.attempt, &DialRules::lawful(), world.now + 10).unwrap();
    assert_eq!(world.db.attempt(claimed.attempt).unwrap().dialed_at, Some(world.now + 10));
    // The second lead is claimed and forgotten: another seat gets it after the lease.
    spec.attempt = AttemptId::generate(world.now);
    let lost = world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.unwrap();
    assert!(world.dial().is_none());
    world.now += 2 * MINUTE;
    assert_eq!(world.dial().unwrap().lead, lost.lead);
    let late = world.db.mark_dialing(lost.attempt, &DialRules::lawful(), world.now);
    assert!(matches!(late, Err(Error::ClaimLost { .. })));
}

#[test]
fn a_released_claim_leaves_no_row_and_its_lead_is_next() {
    let mut world = World::new(2);
    let mut spec = world.spec();
    spec.dial_now = false;
    let claimed = world.db.advance(&world.step(None, None, Some(spec.clone()))).unwrap().claimed.unwrap();
    world.db.release(claimed.attempt, world.now, false).unwrap();
    world.db.release(claimed.attempt, world.now, false).unwrap();
    assert!(matches!(world.db.attempt(claimed.attempt), Err(Error::NotFound { .. })));
    spec.attempt = AttemptId::generate(world.now);
    let again = world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.unwrap();
    assert_eq!(again.lead, claimed.lead);
    // SKIP: not in this round any more.
    world.db.release(again.attempt, world.now, true).unwrap();
    assert_eq!(world.dial().unwrap().position, 2);
    assert_eq!(world.lead(claimed.lead).round, 2);
    assert!(matches!(world.db.release(world.dialed(), world.now, false), Err(Error::State { .. })));
}

#[test]
fn the_runs_skip_list_is_stepped_over() {
    let mut world = World::new(4);
    let skip: Vec<LeadId> = world.leads().iter().take(2).map(|lead| lead.id).collect();
    let mut spec = world.spec();
    spec.skip = skip;
    let claimed = world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.unwrap();
    assert_eq!(claimed.position, 3);
    assert_eq!(world.states()[..2], [LeadState::Ready, LeadState::Ready]);
}

#[test]
fn leads_left_from_an_earlier_round_keep_their_place() {
    let mut world = World::new(4);
    for _ in 0..2 {
        world.call("no_contact");
    }
    world.now += 10 * MINUTE;
    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
    let order: Vec<i64> = (0..4).map(|_| world.call("no_contact").position).collect();
    assert_eq!(order, [1, 2, 3, 4]);
}

/// S1.34: a lead that rounds were opened over has one turn in the round the list has reached, however it comes about: by the list, by
/// hand, or passed over by its operator.
#[test]
fn a_lead_left_behind_is_called_once() {
    for how in ["list", "hand", "skip", "excluded"] {
        let mut world = World::new(2);
        let first = world.leads()[0].id;
        if how == "excluded" {
            world.exclude(first, None);
        }
        for _ in 0..3 {
            world.db.next_round(world.list, Actor::default(), world.now).unwrap();
        }
        match how {
            "skip" => {
                let spec = ClaimSpec { dial_now: false, ..world.spec() };
                let claimed = world.db.advance(&world.step(None, None, Some(spec))).unwrap().claimed.unwrap();
                assert_eq!(claimed.lead, Some(first));
                world.db.release(claimed.attempt, world.now, true).unwrap();
            }
            "hand" => {
                let call = lead_call::by_hand(&world, first, &phone(0).national());
                let attempt = world.db.open_manual(&call).unwrap().attempt;
                world.finish(attempt, "不通");
            }
            _ => {
                if how == "excluded" {
                    world.include(first);
                }
                assert_eq!(world.call("不通").lead, Some(first));
            }
        }
        assert_eq!(world.lead(Some(first)).round, 5, "{how}");
        assert_eq!(world.call("不通").position, 2, "{how}");
        world.now += 10 * MINUTE;
        assert!(world.dial().is_none(), "{how}: called again in the round");
        assert_eq!(world.db.next_round(world.list, Actor::default(), world.now).unwrap(), 5);
        let again: Vec<i64> = (0..2).map(|_| world.call("不通").position).collect();
        assert_eq!(again, [1, 2], "{how}");
    }
}

#[test]
fn an_exhausted_list_says_when_it_goes_on() {
    let mut world = World::new(1);
    let claimed = world.dial().unwrap();
    let mut end = world.ended(claimed.attempt);
    end.void = Some("503".into());
    world.db.end_attempt(&end).unwrap();
    let advanced = world.next(claimed.attempt);
    assert!(advanced.sealed.unwrap().already, "void attempts close themselves");
    let exhausted = advanced.exhausted.unwrap();
    assert_eq!(exhausted.remaining_not_due, 1);
    assert_eq!(exhausted.next_due, Some(end.ended_at + 180_000));
    assert!(!exhausted.more);
}

impl World {
    /// Any attempt that is dialed.
    fn dialed(&self) -> AttemptId {
        let sql = "SELECT id FROM attempts WHERE dialed_at IS NOT NULL LIMIT 1";
        self.db.db.query_row(sql, [], |r| r.get(0)).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Two claimers never share a lead, whatever they do with what they claimed.
    #[test]
    fn two_claimers_never_share_a_lead(moves in prop::collection::vec((0_usize..3, 0_u8..5), 1..60)) {
        let mut world = World::new(8);
        let mut held: [Option<Claimed>; 3] = [None, None, None];
        for (seat, action) in moves {
            world.now += 1000;
            match (held[seat].take(), action) {
                (None, _) => {
                    let mut spec = world.spec();
                    spec.dial_now = action % 2 == 0;
                    let mut step = world.step(None, None, Some(spec));
                    step.seat = format!("seat {seat}");
                    held[seat] = world.db.advance(&step).unwrap().claimed;
                }
                (Some(claimed), 0) if !claimed.dialed => {
                    world.db.release(claimed.attempt, world.now, false).unwrap();
                }
                (Some(mut claimed), 1) if !claimed.dialed => {
                    if world.db.mark_dialing(claimed.attempt, &DialRules::lawful(), world.now).is_ok() {
                        claimed.dialed = true;
                        held[seat] = Some(claimed);
                    }
                }
                (Some(claimed), 2) if claimed.dialed => world.finish(claimed.attempt, "no_contact"),
                (Some(claimed), 3) if claimed.dialed => {
                    let mut end = world.ended(claimed.attempt);
                    end.void = Some("own fault".into());
                    world.db.end_attempt(&end).unwrap();
                }
                (kept, _) => held[seat] = kept,
            }
            let mut leads: Vec<_> = held.iter().flatten()
                // A claim that was not dialed in time is not held any more.
                .filter(|claimed| world.db.attempt(claimed.attempt).is_ok())
                .filter_map(|claimed| claimed.lead)
                .collect();
            leads.sort();
            let all = leads.len();
            leads.dedup();
            prop_assert_eq!(leads.len(), all, "shared");
        }
    }
}

/// Calls of all leads of the list but those from `position` on, a moment ago and by another list.
fn called_elsewhere(world: &mut World, position: i64) {
    let sql = "INSERT INTO attempts (id, box_id, seat, direction, origin, phone, dial_string, business_day, claimed_at, dialed_at,
                 ended_at, sealed_at)
               SELECT unhex(printf('%032x', position)), 'box-0', 'z', 'out', 'list', phone, 'x', 20261121, ?2, ?2, ?2, ?2 FROM leads
               WHERE list_id = ?1 AND position < ?3";
    world.db.db.execute(sql, (world.list, world.now - 60_000, position)).unwrap();
}

/// Asks for the next lead until there is one, or none; how often, and how many were passed over.
fn ask(world: &mut World) -> (Option<Claimed>, Option<Exhausted>, usize, usize) {
    let (mut asked, mut passed_over) = (0, 0);
    loop {
        let step = world.step(None, None, Some(world.spec()));
        let advanced = world.db.advance(&step).unwrap();
        asked += 1;
        passed_over += advanced.passed_over.len();
        if !advanced.exhausted.as_ref().is_some_and(|end| end.more) {
            return (advanced.claimed, advanced.exhausted, asked, passed_over);
        }
    }
}

fn waiting(world: &World) -> i64 {
    let sql = "SELECT count(*) FROM leads WHERE state = 'waiting' AND next_eligible_at = ?1";
    world.db.db.query_row(sql, [world.now + 120_000], |r| r.get(0)).unwrap()
}

/// D24: many in a row that rest are looked at, and written down in pauses: the seat has its next lead after a few short commits.
#[test]
fn many_leads_in_a_row_that_rest_are_stepped_over() {
    use crate::backend::Upkeep;
    let mut world = World::new(1_210);
    called_elsewhere(&mut world, 1_201);
    let (claimed, _, asked, passed_over) = ask(&mut world);
    assert_eq!(claimed.map(|claimed| claimed.position), Some(1_201));
    assert!(asked <= 4 && passed_over == 1_200, "{asked} {passed_over}");
    assert_eq!(waiting(&world), 8, "nobody waits for the others to be written");
    // What somebody does about them meanwhile stands.
    let ids: Vec<LeadId> = world.leads().iter().map(|lead| lead.id).collect();
    world.exclude(ids[20], Some("社内"));
    world.change(ids[21], &crate::model::LeadChange::Delete);
    world.db.db.execute("UPDATE leads SET state = 'done' WHERE position = 23", []).unwrap();
    // Another claim goes on behind them.
    let (claimed, _, asked, passed_over) = ask(&mut world);
    assert_eq!((claimed.map(|claimed| claimed.position), asked, passed_over), (Some(1_202), 1, 0));
    let pause = world.db.upkeep_after().unwrap();
    let mut pauses = 0;
    while waiting(&world) < 1_198 {
        world.db.upkeep(pause);
        pauses += 1;
        assert!(pauses < 100, "{}", waiting(&world));
    }
    world.db.upkeep(pause);
    assert_eq!(
        (waiting(&world), pauses > 5),
        (1_198, true),
        "without the one that is done and the one in the bin"
    );
    assert!(world.lead(Some(ids[20])).excluded_reason.is_some());
    assert_eq!(world.lead(Some(ids[22])).state, LeadState::Done);
    let (claimed, ..) = ask(&mut world);
    assert_eq!(claimed.map(|claimed| claimed.position), Some(1_203));
    world.now += 120_000;
    let (claimed, ..) = ask(&mut world);
    assert_eq!(
        claimed.map(|claimed| claimed.position),
        Some(1_204),
        "the list goes on before those that waited"
    );
    assert!(world.is_sound());
}

/// D24: where all rest, the answer says how many and until when; and a process that ends in between loses nothing.
#[test]
fn a_list_of_which_all_rest_is_waited_for() {
    let mut world = World::new(900);
    called_elsewhere(&mut world, 901);
    let step = world.step(None, None, Some(world.spec()));
    assert!(world.db.advance(&step).unwrap().exhausted.unwrap().more);
    let mut world = world.reopen();
    let (claimed, exhausted, _, passed_over) = ask(&mut world);
    assert!(claimed.is_none());
    let end = exhausted.unwrap();
    assert_eq!((end.remaining_not_due, end.next_due), (900, Some(world.now + 120_000)));
    assert_eq!((waiting(&world), passed_over), (900, 892), "eight were written before");
    world.now += 120_000;
    assert!(ask(&mut world).0.is_some());
}
