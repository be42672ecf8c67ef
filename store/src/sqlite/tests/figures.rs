//! 作業数, コール数, コネクト数, コネクト率, 進捗 in numbers that can be counted on fingers.

use super::*;
use crate::model::{Role, StatsQuery, Worked};

/// C9, S4.14, S4.15, S4.16, S4.17: works are leads and never more than there are, calls stand beside them; a call without
/// result is a call and no connect; excluded leads are registered all the same.
#[test]
fn works_are_leads_and_calls_are_calls() {
    let mut world = World::new(4);
    let leads = world.leads();
    let last = leads.last().unwrap().id;
    world.exclude(last, Some("休業"));
    let first = world.dial().unwrap();
    world.finish(first.attempt, "no_contact");
    let second = world.dial().unwrap();
    world.finish(second.attempt, "talked");
    let third = world.dial().unwrap();
    let mut end = world.ended(third.attempt);
    end.answered_at = Some(world.now + 5_000);
    world.db.end_attempt(&end).unwrap();
    world.db.seal(third.attempt, world.now + 30_000).unwrap();
    let of_list = StatsQuery { list: Some(world.list), ..StatsQuery::default() };
    let stats = world.reader().stats(&of_list).unwrap();
    assert_eq!((stats.works, stats.calls, stats.connects, stats.blank), (3, 3, 1, 1));
    assert_eq!((stats.registered, progress(&world, &of_list)), (4, Some(0.75)));
    assert_eq!(stats.connect_rate(), Some(1.0 / 3.0));
    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
    world.now += 24 * 60 * MINUTE;
    let again = world.dial().unwrap();
    assert_eq!(again.lead, first.lead);
    world.finish(again.attempt, "fax");
    let stats = world.reader().stats(&of_list).unwrap();
    assert_eq!((stats.works, stats.calls, stats.connects), (3, 4, 1), "the same lead is no further work");
    let today = StatsQuery { from: Some(crate::time::BusinessDate::of(world.now)), ..of_list };
    let stats = world.reader().stats(&today).unwrap();
    assert_eq!(
        (stats.works, progress(&world, &today)),
        (1, Some(0.75)),
        "works are of the day, progress is of all"
    );
    let empty = StatsQuery { list: Some(world.list("空")), ..StatsQuery::default() };
    let stats = world.reader().stats(&empty).unwrap();
    assert_eq!(
        (progress(&world, &empty), stats.connect_rate()),
        (None, None),
        "nothing is no share of nothing"
    );
}

/// S4.16: one operator's 進捗 is their part in it.
#[test]
fn progress_of_an_operator_is_their_part() {
    let mut world = World::new(4);
    for _ in 0..2 {
        let claimed = world.dial().unwrap();
        world.finish(claimed.attempt, "talked");
    }
    let alice = world.user;
    world.user = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let claimed = world.dial().unwrap();
    world.finish(claimed.attempt, "fax");
    let of = |user| StatsQuery { user, ..StatsQuery::default() };
    assert_eq!(progress(&world, &of(Some(alice))), Some(0.5));
    assert_eq!(progress(&world, &of(Some(world.user))), Some(0.25));
    assert_eq!(progress(&world, &of(None)), Some(0.75));
    assert_eq!(world.reader().verify(&of(Some(alice))).unwrap(), []);
}

fn progress(world: &World, query: &StatsQuery) -> Option<f64> {
    world.reader().worked(query).unwrap().iter().map(|list| list.worked).sum::<Worked>().share()
}
