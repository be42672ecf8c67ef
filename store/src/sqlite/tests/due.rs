//! 発信対象 is what the dialer will call.

use proptest::prelude::*;

use super::*;
use crate::model::{DncClear, DncEntry, LeadSpec, StatsQuery};

fn entry(world: &World, number: usize, project: Option<ProjectId>) -> DncEntry {
    DncEntry { project, ..DncEntry::by_hand(phone(number).expose(), "断り", world.actor(), world.now) }
}

fn block(world: &mut World, number: usize, project: Option<ProjectId>) {
    let entry = entry(world, number, project);
    world.db.dnc_add_all(&[entry]).unwrap();
}

fn clear(world: &mut World, number: usize, project: Option<ProjectId>) {
    let phone = phone(number).expose().to_owned();
    let clear = DncClear { phone, project, reason: "再開".into(), by: world.actor(), now: world.now };
    world.db.dnc_clear_all(&[clear]).unwrap();
}

/// (発信対象, 架電禁止) of the list.
fn figures(world: &World) -> (u64, u64) {
    assert_eq!(world.reader().verify(&StatsQuery::default()).unwrap(), []);
    let list = world.reader().list_by_name(&world.list.to_string()).unwrap();
    // S1.34: the list view finds those that the figure counts.
    let query = crate::model::ViewQuery {
        list: world.list,
        filter: crate::model::ViewFilter { blocked: Some(true), ..Default::default() },
        sort: crate::model::SortColumn::Position,
        descending: false,
        page: crate::model::PageAt::First,
        limit: 1,
        opaque: false,
    };
    assert_eq!(world.reader().view(&query).unwrap().total, list.blocked);
    (list.dialable, list.blocked)
}

/// How many calls the list has in it, of a copy of the database.
fn calls(world: &World) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("copy.db");
    world.db.db.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
    let mut db = open(&path, &OpenOptions::default()).unwrap();
    let (mut calls, mut last, mut now) = (0, None, world.now);
    loop {
        now += 1_440 * MINUTE;
        let spec = ClaimSpec { attempt: AttemptId::generate(now), claim_until: now + MINUTE, ..world.spec() };
        let step = Advance { now, ..world.step(last, None, Some(spec)) };
        let advanced = db.advance(&step).unwrap();
        let Some(claimed) = advanced.claimed else { return calls };
        calls += 1;
        db.end_attempt(&AttemptEnd { ended_at: now + 1, ..world.ended(claimed.attempt) }).unwrap();
        db.save(&Save { now: now + 2, ..world.save(claimed.attempt, "通話済") }).unwrap();
        last = Some(claimed.attempt);
    }
}

/// C9, X6: leads whose numbers may not be called are no 発信対象, whenever the entry comes and goes, and stand beside it.
#[test]
fn what_is_due_is_what_will_be_called() {
    let mut world = World::new(6);
    let other = world.db.ensure_project("別件", None, NOW).unwrap();
    assert_eq!(figures(&world), (6, 0));
    block(&mut world, 0, None);
    let project = world.project;
    block(&mut world, 1, Some(project));
    block(&mut world, 2, Some(other));
    assert_eq!((figures(&world), calls(&world)), ((4, 2), 4));
    // What a file brings, and what is typed.
    block(&mut world, 11, None);
    block(&mut world, 12, Some(other));
    world.import(world.list, &[row(10), row(11), row(12)]);
    assert_eq!((figures(&world), calls(&world)), ((6, 3), 6));
    let spec = LeadSpec { company: Some("無料商会".into()), ..LeadSpec::new(world.list, "0120-444-444") };
    world.db.add_lead(&spec, Actor::default(), NOW).unwrap();
    assert_eq!((figures(&world), calls(&world)), ((6, 4), 6));
    // Nobody was called twice in between: the entry goes, one of two, and both.
    block(&mut world, 0, Some(project));
    clear(&mut world, 0, None);
    clear(&mut world, 11, None);
    assert_eq!((figures(&world), calls(&world)), ((7, 3), 7));
    clear(&mut world, 0, Some(project));
    assert_eq!((figures(&world), calls(&world)), ((8, 2), 8));
    assert!(world.is_sound());
}

/// X6, C8: nor is a lead of the bin kept from its turn by an entry that was cleared meanwhile; one that holds passes it over.
#[test]
fn a_lead_of_the_bin_learns_what_was_cleared() {
    let mut world = World::new(2);
    for number in 0..2 {
        block(&mut world, number, None);
    }
    assert_eq!(figures(&world), (0, 2));
    let leads = world.leads().iter().map(|lead| lead.id).collect::<Vec<_>>();
    let (change, at) = (crate::model::LeadChange::Delete, world.now);
    let selection = crate::model::LeadSelection::from(leads);
    world.db.change_leads(world.list, &selection, &change, Actor::default(), at).unwrap();
    clear(&mut world, 0, None);
    world.db.restore_leads(world.list, at, None).unwrap();
    assert_eq!((figures(&world), calls(&world)), ((1, 1), 1));
}

/// X6: one that was put off waits for its time again when the entry is cleared.
#[test]
fn a_lead_that_waited_waits_again() {
    let mut world = World::new(1);
    let claimed = world.dial().unwrap();
    let end = AttemptEnd { void: Some("503".into()), ..world.ended(claimed.attempt) };
    world.db.end_attempt(&end).unwrap();
    assert_eq!(world.states(), [LeadState::Waiting]);
    block(&mut world, 0, None);
    assert_eq!((world.states(), figures(&world)), (vec![LeadState::Skipped], (0, 1)));
    clear(&mut world, 0, None);
    assert_eq!((world.states(), figures(&world)), (vec![LeadState::Waiting], (1, 0)));
    assert!(world.dial().is_none(), "not before its time");
}

/// What an import brings is in no figure before it is committed, and neither is what it brings blocked or excluded.
#[test]
fn figures_leave_out_what_is_being_imported() {
    let mut world = World::new(2);
    block(&mut world, 7, None);
    let start = ImportStart { list: Some(world.list), source: "x".into(), user: None, now: NOW };
    let import = world.db.begin_import(&start).unwrap();
    let excluded = StagedRow { excluded: Some(String::new()), ..row(8) };
    world.stage(import, &[row(6), row(7), excluded], StagePolicy::default()).unwrap();
    assert_eq!(figures(&world), (2, 0));
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    assert_eq!((figures(&world), calls(&world)), ((3, 1), 3));
}

/// Entries between the numbers of a few rows, none, and more than there are rows.
#[test]
fn a_file_finds_the_entries_among_its_numbers() {
    for (entries, step) in [(300, 1), (300, 7), (5, 3)] {
        let mut world = World::new(0);
        for number in 0..entries {
            block(&mut world, number * step, None);
        }
        world.import(world.list, &(0..200).map(|number| row(number * 3)).collect::<Vec<_>>());
        let blocked = (0..200).filter(|n| (n * 3) % step == 0 && n * 3 / step < entries).count() as u64;
        assert_eq!(figures(&world), (200 - blocked, blocked), "{entries} {step}");
    }
}

/// C9, D23: what the import, the connection that writes and the dialer say of a number is one rule, and the file says nothing of it.
#[test]
fn numbers_that_no_list_calls_are_no_due_ones() {
    let mut world = World::new(0);
    for (raw, due) in [
        ("0120300009", false),
        ("0120-999-999", false),
        ("08001234567", false),
        ("0800-000-0000", false),
        // A digit too many: the network ignores it, and whoever is reached is judged.
        ("03-1111-00140", false),
        ("0120-999-9999", false),
        ("0312345678", true),
        ("08012345678", true),
        ("0123456789", true),
        ("07012345678", true),
    ] {
        let phone = Phone::parse(raw).unwrap().phone;
        world.import(world.list, &[StagedRow { phone: phone.clone(), ..row(0) }]);
        let sql = "SELECT state FROM leads WHERE phone = ?1";
        let staged: LeadState = world.db.db.query_row(sql, [phone.expose()], |r| r.get(0)).unwrap();
        world.db.db.execute("UPDATE leads SET state = 'ready', skip_reason = NULL", []).unwrap();
        let by_trigger: LeadState = world.db.db.query_row(sql, [phone.expose()], |r| r.get(0)).unwrap();
        let expected = if due { LeadState::Ready } else { LeadState::Skipped };
        assert_eq!((staged, by_trigger), (expected, expected), "{raw}");
        assert_eq!(crate::phone::is_list_forbidden(&phone.national()), !due, "{raw}");
    }
    assert_eq!((figures(&world), calls(&world)), ((4, 6), 4));
    // What is typed, and a whole list that is made due again.
    let spec = LeadSpec::new(world.list, "06-2222-00140");
    world.db.add_lead(&spec, Actor::default(), NOW).unwrap();
    assert_eq!((figures(&world), calls(&world)), ((4, 7), 4));
    world.db.next_round(world.list, Actor::default(), world.now).unwrap();
    assert_eq!((figures(&world), calls(&world)), ((4, 7), 4));
}

/// C9: one that no list calls for its number is so whatever entry comes and goes.
#[test]
fn the_rule_of_numbers_goes_before_the_list_of_who_asked() {
    let mut world = World::new(0);
    let free = Phone::parse("0120-300-009").unwrap().phone;
    let list = world.list;
    let typed = DncEntry { phone: free.expose().to_owned(), ..entry(&world, 0, None) };
    let why = |world: &World| {
        let lead = &world.leads()[0];
        (lead.state, lead.skip_reason.clone())
    };
    let never = (LeadState::Skipped, Some(super::super::due::NEVER.to_owned()));
    world.db.dnc_add_all(std::slice::from_ref(&typed)).unwrap();
    world.import(list, &[StagedRow { phone: free.clone(), ..row(0) }]);
    assert_eq!(why(&world), never, "staged");
    world.db.db.execute("UPDATE leads SET state = 'ready', skip_reason = NULL", []).unwrap();
    assert_eq!(why(&world), never, "due again");
    let clear = DncClear {
        phone: free.expose().to_owned(),
        project: None,
        reason: "再開".into(),
        by: world.actor(),
        now: world.now,
    };
    world.db.dnc_clear_all(&[clear]).unwrap();
    assert_eq!((why(&world), figures(&world), calls(&world)), (never, (0, 1), 0), "the entry is gone");
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND sql LIKE '%FORBIDDEN%'";
    assert_eq!(world.db.db.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap(), 0);
    assert!(world.is_sound());
}

/// C9, D23: what earlier versions wrote is judged at the start, once, and what came with a restored copy.
#[test]
fn numbers_of_earlier_versions_are_judged_at_the_start() {
    let world = World::new(3);
    let (path, whole, long) = (world.path.clone(), "+81311110014", "+813111100140");
    let before = rusqlite::Connection::open(&path).unwrap();
    before.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
    for (position, phone) in [(1, long), (2, whole)] {
        for table in ["leads", "lead_numbers"] {
            let sql = format!("UPDATE {table} SET phone = ?2 WHERE position = ?1");
            before.execute(&sql, (position, phone)).unwrap();
        }
    }
    let sql = "INSERT INTO do_not_call (phone, reason, source, at) VALUES (?1, '断り', 'manual', 5)";
    before.execute(sql, [long]).unwrap();
    before.execute("DELETE FROM meta WHERE key = 'leads_judged'", []).unwrap();
    drop(before);
    assert_eq!(world.states(), [LeadState::Ready; 3]);
    let world = world.reopen();
    assert_eq!(world.states(), [LeadState::Skipped, LeadState::Skipped, LeadState::Ready]);
    assert_eq!((figures(&world), calls(&world)), ((1, 2), 1));
    let entries = |world: &World| {
        let query =
            crate::model::DncQuery { phone: Some(long.into()), include_cleared: true, ..Default::default() };
        let rows = world.reader().dnc_entries(&query).unwrap();
        rows.into_iter()
            .map(|row| (row.phone, row.reason, row.at, row.revoked_at.is_some()))
            .collect::<Vec<_>>()
    };
    let renewed =
        [(long.to_owned(), "断り".to_owned(), 5, true), (whole.to_owned(), "断り".to_owned(), 5, false)];
    assert_eq!(entries(&world), renewed);
    let world = world.reopen();
    assert_eq!(entries(&world), renewed, "once");
    assert!(world.is_sound());
}

/// D23, E-DNC: who types the number of a callee with a digit too many means the callee.
#[test]
fn an_entry_with_a_digit_too_many_is_of_the_number_that_is_reached() {
    let mut world = World::new(0);
    let phone = Phone::parse("03-1111-0014").unwrap().phone;
    world.import(world.list, &[StagedRow { phone, ..row(0) }]);
    let typed = DncEntry { phone: "03-1111-00140".into(), ..entry(&world, 0, None) };
    assert_eq!(world.db.dnc_add_all(std::slice::from_ref(&typed)).unwrap().added, 1);
    assert_eq!((figures(&world), calls(&world)), ((0, 1), 0));
    let same = DncEntry { phone: "0311110014".into(), ..typed.clone() };
    assert_eq!(world.db.dnc_add_all(&[same]).unwrap(), crate::model::DncAdded::default());
    for number in ["03-1111-00140", "03-1111-0014"] {
        let query = crate::model::DncQuery { phone: Some(number.into()), ..Default::default() };
        let rows = world.reader().dnc_entries(&query).unwrap();
        assert_eq!(
            rows.iter().map(|row| row.phone.as_str()).collect::<Vec<_>>(),
            ["+81311110014"],
            "{number}"
        );
    }
    let clear = DncClear {
        phone: "03-1111-00140".into(),
        project: None,
        reason: "再開".into(),
        by: world.actor(),
        now: world.now,
    };
    assert_eq!(world.db.dnc_clear_all(&[clear]).unwrap(), 1);
    assert_eq!((figures(&world), calls(&world)), ((1, 0), 1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever happens to leads and entries, in whatever order: as many calls are made as are told.
    #[test]
    fn as_many_are_called_as_are_told(moves in prop::collection::vec((0_usize..14, 0_usize..5), 1..25)) {
        let mut world = World::new(5);
        let second = world.list("二");
        world.import(second, &[row(0), row(1), row(7)]);
        let (project, first) = (world.project, world.list);
        let mut deleted = NOW;
        for (action, number) in moves {
            world.now += 300 * MINUTE;
            let lead = world.leads().get(number).map(|lead| lead.id);
            match (action, lead) {
                (0, _) => block(&mut world, number, None),
                (1, _) => block(&mut world, number, Some(project)),
                (2, _) => clear(&mut world, number, None),
                (3, _) => clear(&mut world, number, Some(project)),
                (4, Some(lead)) => world.exclude(lead, None),
                (5, Some(lead)) => world.include(lead),
                (6, Some(lead)) => {
                    deleted = world.now;
                    let change = crate::model::LeadChange::Delete;
                    let selection = crate::model::LeadSelection::from(vec![lead]);
                    world.db.change_leads(world.list, &selection, &change, Actor::default(), deleted).unwrap();
                }
                (7, _) => drop(world.db.restore_leads(world.list, deleted, None).unwrap()),
                (8, _) => drop(world.db.next_round(world.list, Actor::default(), world.now).unwrap()),
                (9, _) => world.list = if world.list == first { second } else { first },
                (10, _) => {
                    let _ = world.dial();
                    world.db.recover(world.now + 1000).unwrap();
                }
                (11.., _) => {
                    if let Some(claimed) = world.dial() {
                        world.finish(claimed.attempt, ["不通", "クレーム", "見込"][action - 11]);
                    }
                }
                _ => {}
            }
            let (due, _) = figures(&world);
            prop_assert_eq!(due, calls(&world));
        }
    }
}
