//! Figures that are written anew from calls and leads.

use super::*;
use crate::model::{DncEntry, Mended, MendedRow, StatsQuery};

fn verified(world: &World) -> Vec<String> {
    let found = world.reader().verify(&StatsQuery::default()).unwrap();
    let mut figures: Vec<String> = found.into_iter().map(|wrong| wrong.what).collect();
    figures.sort_unstable();
    figures.dedup();
    figures
}

/// D17, S1.40, C9: what a figure should be follows from the rows; which of them are wrong is found, and nothing else is written.
#[test]
fn wrong_figures_are_written_anew() {
    let mut world = World::new(5);
    world.call("talked");
    world.call("不通");
    let entry = DncEntry::by_hand(phone(4).expose(), "断り", world.actor(), world.now);
    world.db.dnc_add_all(&[entry]).unwrap();
    assert_eq!(world.reader().to_mend().unwrap(), crate::model::ToMend::default());
    let hand = rusqlite::Connection::open(&world.path).unwrap();
    hand.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
    hand.execute_batch(
        "UPDATE lists SET registered = 9;
         UPDATE leads SET attempts = 7 WHERE position = 1;
         UPDATE leads SET last_disposition = 'prospect' WHERE position = 2;
         UPDATE leads SET last_disposition = 'prospect', last_at = 1 WHERE position = 3;
         UPDATE leads SET state = 'ready', skip_reason = NULL WHERE position = 5",
    )
    .unwrap();
    drop(hand);
    let wrong = verified(&world);
    for figure in ["registered", "attempts of lead", "last result of lead", "due"] {
        assert!(wrong.iter().any(|found| found == figure), "{figure}: {wrong:?}");
    }
    let found = world.reader().to_mend().unwrap();
    assert_eq!((found.leads.len(), found.lists.as_slice()), (4, &[world.list][..]));
    let versions = |world: &World| world.leads().iter().map(|lead| lead.version).collect::<Vec<_>>();
    let before = versions(&world);
    let mended = world.db.mend(&found).unwrap();
    let row = |what, position, before: &str, after: &str| MendedRow {
        what,
        list: "リスト".into(),
        position,
        before: before.into(),
        after: after.into(),
    };
    assert_eq!(
        mended.rows,
        [
            row("attempts of lead", Some(1), "7", "1"),
            row("last result of lead", Some(2), "見込", "不通"),
            row("last result of lead", Some(3), "見込", ""),
            row("due lead", Some(5), "", "E-DNC"),
            row("registered", None, "9", "5"),
        ]
    );
    let counts = (mended.attempts, mended.last_results, mended.due, mended.registered, mended.owners);
    assert_eq!(counts, (1, 2, 1, 1, 0));
    assert_eq!((verified(&world), versions(&world)), (Vec::new(), before));
    assert_eq!(world.leads()[2].last_at, None, "all that is of the last call comes from it");
    // Somebody may have been quicker.
    assert_eq!(world.db.mend(&found).unwrap(), Mended::default());
    assert_eq!(world.reader().to_mend().unwrap(), crate::model::ToMend::default());
    assert!(world.is_sound());
}

/// D17, X6: a lead that is passed over for a do-not-call entry, of which there is none, would never be called.
#[test]
fn a_lead_without_its_entry_has_its_turn_again() {
    use LeadState::{Ready, Skipped, Waiting};
    let mut world = World::new(4);
    let entry = |world: &World, number, project| DncEntry {
        phone: phone(number).expose().to_owned(),
        project,
        reason: "断り".into(),
        attempt: None,
        evidence: None,
        source: "manual".into(),
        by: world.actor(),
        now: world.now,
    };
    let elsewhere = world.db.ensure_project("別件", None, NOW).unwrap();
    let entries = [entry(&world, 0, None), entry(&world, 1, Some(elsewhere))];
    world.db.dnc_add_all(&entries).unwrap();
    assert_eq!((verified(&world), world.states()[0]), (Vec::new(), Skipped));
    let hand = rusqlite::Connection::open(&world.path).unwrap();
    hand.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
    hand.execute_batch(
        "UPDATE leads SET state = 'skipped', skip_reason = 'E-DNC' WHERE position IN (2, 3, 4);
         UPDATE leads SET next_eligible_at = 1 WHERE position = 3;
         UPDATE leads SET excluded = 1 WHERE position = 4",
    )
    .unwrap();
    drop(hand);
    assert_eq!(verified(&world), ["blocked", "due"]);
    let found = world.reader().to_mend().unwrap();
    assert_eq!((found.leads.len(), found.lists.len()), (3, 0));
    let mended = world.db.mend(&found).unwrap();
    let row = |position| MendedRow {
        what: "blocked lead",
        list: "リスト".into(),
        position: Some(position),
        before: "E-DNC".into(),
        after: String::new(),
    };
    assert_eq!((mended.blocked, mended.due, mended.rows), (3, 0, vec![row(2), row(3), row(4)]));
    assert_eq!(world.states(), [Skipped, Ready, Waiting, Ready], "the entry that holds is left alone");
    assert_eq!((verified(&world), world.db.mend(&found).unwrap()), (Vec::new(), Mended::default()));
    assert!(world.is_sound());
}
