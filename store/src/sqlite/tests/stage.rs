//! Staging imports: invisible until committed, taken back without a trace, never in the way of results.

use super::lists::change;
use super::*;
use crate::error::Error;
use crate::import::ExtraPhone;
use crate::model::{LeadChange, StatsQuery};
use crate::staging::OnExisting;

fn begin(world: &mut World) -> ImportId {
    let start = ImportStart { list: Some(world.list), source: "x.csv".into(), user: None, now: world.now };
    world.db.begin_import(&start).unwrap()
}

fn contacts(world: &World) -> i64 {
    world.db.db.query_row("SELECT count(*) FROM contacts", [], |r| r.get(0)).unwrap()
}

/// S0.10.
#[test]
fn staged_leads_cannot_be_seen_or_dialed_until_committed() {
    let mut world = World::new(0);
    let import = begin(&mut world);
    let rows: Vec<StagedRow> = (0..3).map(row).collect();
    let counts = world.stage(import, &rows, StagePolicy::default()).unwrap();
    assert_eq!((counts.inserted, counts.contacts_created), (3, 3));
    assert!(world.dial().is_none());
    assert!(world.leads().is_empty());
    assert_eq!(world.reader().lists().unwrap()[0].total, 0);
    assert_eq!(world.reader().stats(&StatsQuery::default()).unwrap().registered, 0);
    let start = ImportStart { list: Some(world.list), source: "y.csv".into(), user: None, now: world.now };
    assert!(matches!(world.db.begin_import(&start), Err(Error::ListBusy)));
    let (_, commits) = world
        .commits(|db| db.commit_import(import, &serde_json::json!({ "rows": 3 }), Actor::default(), NOW));
    assert_eq!(commits, 1);
    assert_eq!(world.dial().unwrap().position, 1);
    assert_eq!(world.leads().len(), 3);
    assert_eq!(world.leads()[0].attrs["備考"], "n0");
    assert!(matches!(
        world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW),
        Err(Error::ImportStopped { .. })
    ));
}

#[test]
fn a_staged_import_is_taken_back_whole() {
    let mut world = World::new(2);
    let before = (world.leads(), contacts(&world));
    let import = begin(&mut world);
    let mut changed = row(1);
    changed.company = Some("改名".into());
    changed.categories = vec!["関西".into(), "大口".into()];
    let rows = [row(10), changed, row(11)];
    world.stage(import, &rows, StagePolicy::default()).unwrap();
    assert_eq!(world.leads()[1].company.as_deref(), Some("改名"));
    world.undo(import);
    assert_eq!((world.leads(), contacts(&world)), before);
    // Positions go on without a gap.
    let list = world.list;
    world.import(list, &[row(20)]);
    assert_eq!(world.leads()[2].position, 3);
}

#[test]
fn a_crash_in_an_import_is_taken_back_at_the_next_start() {
    let mut world = World::new(1);
    let import = begin(&mut world);
    let rows: Vec<StagedRow> = (100..1300).map(row).collect();
    world.stage(import, &rows, StagePolicy::default()).unwrap();
    let mut world = world.reopen();
    let recovery = world.db.recover(NOW).unwrap();
    let told: Vec<_> = recovery.imports.iter().map(|i| (i.state.as_str(), i.interrupted_at)).collect();
    assert_eq!(told, [("undone", Some(NOW))]);
    assert!(world.audited().ends_with(&["import.interrupted".to_owned(), "import.undo".to_owned()]));
    let left: i64 = world.db.db.query_row("SELECT count(*) FROM leads", [], |r| r.get(0)).unwrap();
    assert_eq!((left, contacts(&world)), (1, 1));
}

#[test]
fn a_committed_import_is_undone_except_what_was_called() {
    let mut world = World::new(1);
    world.call("talked");
    let import = begin(&mut world);
    world.stage(import, &[row(10), row(11)], StagePolicy::default()).unwrap();
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    world.call("見込");
    world.undo(import);
    let positions: Vec<i64> = world.leads().iter().map(|lead| lead.position).collect();
    assert_eq!(positions, [1, 2]);
}

/// S3.10, C11: whatever of a contact an import changed, it is one contact to the import and to its undo.
#[test]
fn a_contact_is_counted_once_when_its_name_and_its_numbers_changed() {
    for touched in [false, true] {
        let mut world = World::new(3);
        let start = ImportStart { list: None, source: "book.csv".into(), user: None, now: NOW };
        let import = world.db.begin_import(&start).unwrap();
        let further = |number| vec![ExtraPhone { phone: phone(number), label: None, ext: None, column: 2 }];
        let named = |number| StagedRow { company: Some("改名".into()), ..row(number) };
        let rows = [
            StagedRow { extra_phones: further(70), ..named(0) },
            named(1),
            StagedRow { extra_phones: further(71), ..row(2) },
        ];
        let policy = StagePolicy { leads: false, ..StagePolicy::default() };
        assert_eq!(world.stage(import, &rows, policy).unwrap().contacts_updated, 3);
        world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
        if touched {
            world.db.db.execute("UPDATE contacts SET version = version + 1 WHERE version = 3", []).unwrap();
        }
        let undone = world.undo(import);
        let expected = if touched { (2, 1) } else { (3, 0) };
        assert_eq!((undone.restored, undone.changed_since), expected);
        let contact = world.db.contact(&phone(0).national()).unwrap().unwrap();
        assert_eq!(contact.company.as_deref(), Some(if touched { "改名" } else { "会社0" }));
        let phones: i64 =
            world.db.db.query_row("SELECT count(*) FROM contact_phones", [], |r| r.get(0)).unwrap();
        assert_eq!(phones, if touched { 4 } else { 3 });
    }
}

/// S0.5, S3.10: a contact that a file reaches by several of its numbers is one contact to the import and to its undo.
#[test]
fn a_contact_that_several_rows_reach_is_counted_once() {
    let named = |number, name: &str| StagedRow { company: Some(name.into()), ..row(number) };
    let book = StagePolicy { leads: false, ..StagePolicy::default() };
    let skip = StagePolicy { existing: OnExisting::Skip, ..book };
    // How far apart the rows of its two numbers are: in one statement, and in different slices.
    for far in [1, 700_usize] {
        let mut world = World::new(0);
        let take = |world: &mut World, rows: &[StagedRow], policy: StagePolicy| {
            let list = policy.leads.then_some(world.list);
            let start = ImportStart { list, source: "x.csv".into(), user: None, now: NOW };
            let import = world.db.begin_import(&start).unwrap();
            let counts = world.stage(import, rows, policy).unwrap();
            world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
            let StageCounts { contacts, contacts_created, contacts_updated, skipped, .. } = counts;
            (import, (contacts, contacts_created, contacts_updated, skipped))
        };
        let file = |first: StagedRow, last: StagedRow| -> Vec<StagedRow> {
            std::iter::once(first).chain((1..far).map(row)).chain([last]).collect()
        };
        let all = far as u64;
        let name = |world: &mut World| {
            let mut contact = |number| world.db.contact(&phone(number).national()).unwrap().unwrap();
            assert_eq!(contact(0).id, contact(far).id);
            contact(0).company.unwrap()
        };
        let further = vec![ExtraPhone { phone: phone(far), label: None, ext: None, column: 2 }];
        let new = file(StagedRow { extra_phones: further, ..row(0) }, named(far, "新"));
        let (import, counts) = take(&mut world, &new, book);
        assert_eq!((counts, name(&mut world)), ((all, all, 0, 0), "新".to_owned()));
        let undone = world.undo(import);
        assert_eq!((undone.contacts_removed, undone.restored, undone.changed_since), (all, 0, 0));
        assert_eq!(contacts(&world), 0);
        take(&mut world, &new, book);
        let (import, counts) = take(&mut world, &file(named(0, "甲"), named(far, "乙")), book);
        assert_eq!((counts, name(&mut world)), ((all, 0, 1, 0), "乙".to_owned()));
        let undone = world.undo(import);
        assert_eq!((undone.restored, undone.changed_since, name(&mut world)), (1, 0, "新".to_owned()));
        let cases = [("新", "丙", book, (all, 0, 1, 0)), ("新", "新", book, (all, 0, 0, 0))];
        let skipped = [("丁", "戊", skip, (all, 0, 0, 1)), ("新", "戊", skip, (all, 0, 0, 1))];
        for (first, last, policy, expected) in cases.into_iter().chain(skipped) {
            let (import, counts) = take(&mut world, &file(named(0, first), named(far, last)), policy);
            assert_eq!(counts, expected, "{first} {last}");
            assert_eq!(world.undo(import).restored, counts.2);
            assert_eq!(name(&mut world), "新");
        }
        // Leads are two; the contact is one.
        let rows = [named(0, "甲"), named(far, "乙")];
        let (import, counts) = take(&mut world, &rows, StagePolicy::default());
        assert_eq!(counts, (1, 0, 1, 0));
        let undone = world.undo(import);
        assert_eq!((undone.removed, undone.restored), (2, 1));
        // A number that comes twice is one contact too.
        let rows = [named(900, "甲"), named(900, "乙"), named(900, "丙")];
        let (import, counts) = take(&mut world, &rows, book);
        assert_eq!(counts, (1, 1, 0, 0));
        let undone = world.undo(import);
        assert_eq!((undone.contacts_removed, undone.restored), (1, 0));
        assert_eq!(contacts(&world), far as i64);
        assert!(world.is_sound());
    }
}

/// S1.19, S4.41: a file brings further numbers to a lead that is there; those it has stay, whoever added them, with the file's labels, and
/// what the file brought goes with its undo.
#[test]
fn a_known_lead_gets_further_numbers_of_a_file() {
    let mut world = World::new(2);
    let lead = world.leads()[0].id;
    world.db.add_lead_phone(lead, &phone(80).national(), Some("支店"), Actor::default(), NOW).unwrap();
    let before = world.leads();
    let import = begin(&mut world);
    let further = |number, label: &str| ExtraPhone {
        phone: phone(number),
        label: Some(label.into()),
        ext: None,
        column: 2,
    };
    let rows = [
        StagedRow { extra_phones: vec![further(80, "本店"), further(81, "携帯")], ..row(0) },
        StagedRow { extra_phones: vec![], ..row(1) },
    ];
    let counts = world.stage(import, &rows, StagePolicy::default()).unwrap();
    assert_eq!((counts.updated, counts.unchanged), (1, 1));
    let list = world.list;
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    let numbers = |lead: &LeadRow| -> Vec<_> {
        lead.extra_phones.iter().map(|n| (n.phone.clone(), n.label.clone(), n.editable)).collect()
    };
    let branch = |label: &str| (phone(80).expose().to_owned(), Some(label.to_owned()), true);
    let mobile = (phone(81).expose().to_owned(), Some("携帯".to_owned()), false);
    assert_eq!(numbers(&world.leads()[0]), [branch("本店"), mobile]);
    // The same file again says nothing new.
    let start = ImportStart { list: Some(list), source: "again.csv".into(), user: None, now: NOW };
    let again = world.db.begin_import(&start).unwrap();
    assert_eq!(world.stage(again, &rows, StagePolicy::default()).unwrap().unchanged, 2);
    world.undo(again);
    assert_eq!(world.undo(import).restored, 1);
    assert_eq!(numbers(&world.leads()[0]), [branch("支店")]);
    assert_eq!(world.leads(), before);
}

/// S1.11, S1.19, C11.
#[test]
fn an_import_never_touches_results_position_or_exclusion_and_never_blanks() {
    let mut world = World::new(2);
    world.call("見込");
    let second = world.leads()[1].id;
    world.exclude(second, Some("x"));
    let before = world.leads();
    let mut empty = row(0);
    empty.company = None;
    empty.person = Some("佐藤".into());
    empty.categories = Vec::new();
    empty.attrs = Vec::new();
    let list = world.list;
    world.import(list, &[empty, row(1)]);
    let after = world.leads();
    assert_eq!(after[0].company, before[0].company, "an empty cell never blanks");
    assert_eq!(after[0].categories, before[0].categories);
    assert_eq!(after[0].attrs, before[0].attrs);
    assert_eq!(after[0].person.as_deref(), Some("佐藤"));
    assert_eq!((after[0].state, after[0].attempts, after[0].position), (LeadState::Task, 1, 1));
    assert_eq!(after[1], before[1]);
    let contact = world.db.contact(&phone(0).national()).unwrap().unwrap();
    assert_eq!((contact.company.as_deref(), contact.person.as_deref()), (Some("会社0"), Some("佐藤")));
}

/// S0.20, C3.
#[test]
fn policies_for_known_numbers() {
    let mut world = World::new(1);
    let stage = |world: &mut World, row: StagedRow, policy: StagePolicy| {
        let import = begin(world);
        let counts = world.stage(import, &[row], policy).unwrap();
        world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
        counts
    };
    let mut renamed = row(0);
    renamed.company = Some("新社名".into());
    renamed.categories = vec!["関西".into()];
    let skip = StagePolicy { existing: OnExisting::Skip, create_contacts: false, ..StagePolicy::default() };
    assert_eq!(stage(&mut world, renamed.clone(), skip).skipped, 1);
    assert_eq!(world.leads()[0].company.as_deref(), Some("会社0"));
    assert_eq!(stage(&mut world, row(0), StagePolicy::default()).unchanged, 1);
    let merge = StagePolicy { merge_categories: true, ..StagePolicy::default() };
    let counts = stage(&mut world, renamed.clone(), merge);
    assert_eq!((counts.updated, counts.contacts_updated), (1, 1));
    assert_eq!(world.leads()[0].categories, ["関東", "関西"]);
    renamed.company = None;
    renamed.person = Some("鈴木".into());
    let blank = StagePolicy { blanks: crate::staging::Blanks::ALL, ..StagePolicy::default() };
    stage(&mut world, renamed, blank);
    assert_eq!(world.leads()[0].company, None);
}

/// S3.2: a stub of a call gives way to what a file says, and is one again when the file is taken back.
#[test]
fn a_file_makes_a_contact_of_a_stub() {
    let mut world = World::new(0);
    let number = phone(7);
    crate::sqlite::contacts::stub(&world.db.db, number.expose(), &number.national(), Actor::default(), NOW)
        .unwrap();
    let state = |world: &World| -> (bool, Option<String>, Option<String>) {
        let sql = "SELECT stub, company, person FROM contacts";
        world.db.db.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap()
    };
    let before = state(&world);
    assert!(before.0);
    let import = begin(&mut world);
    let named = StagedRow { company: Some("会社7".into()), person: None, ..row(7) };
    let counts = world.stage(import, &[named], StagePolicy::default()).unwrap();
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    assert_eq!((counts.contacts_created, counts.contacts_updated), (0, 1));
    assert_eq!(state(&world), (false, Some("会社7".into()), None));
    world.undo(import);
    assert_eq!(state(&world), before);
}

/// S1.31, S1.32.
#[test]
fn a_new_lead_of_a_known_number_shows_its_last_call() {
    let mut world = World::new(1);
    world.call("見込");
    let other = world.list("second");
    world.import(other, &[row(0)]);
    world.list = other;
    let lead = &world.leads()[0];
    assert_eq!(lead.last_status.as_deref(), Some("prospect"));
    assert_eq!((lead.last_user_name.as_deref(), lead.attempts), (Some("Alice"), 0));
}

/// S1.13, S1.31: what happens to a number between the two halves of an import is not missed.
#[test]
fn a_staged_lead_learns_what_happened_to_its_number_meanwhile() {
    let mut world = World::new(3);
    let other = world.list("second");
    let start = ImportStart { list: Some(other), source: "x.csv".into(), user: None, now: world.now };
    let import = world.db.begin_import(&start).unwrap();
    let rows: Vec<StagedRow> = (0..4).map(row).collect();
    let (rows, _) = stage_leads(&mut world.db, import, &rows, StagePolicy::default()).unwrap();
    let called = world.call("見込");
    let second = world.leads()[1].id;
    let assign = LeadChange::Assign { users: vec![world.user] };
    change(&mut world, &[second], &assign);
    stage_numbers(&mut world.db, import, rows, StagePolicy::default()).unwrap();
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    world.list = other;
    let leads = world.leads();
    assert_eq!(leads[0].phone, called.phone.expose());
    assert_eq!(leads[0].last_status.as_deref(), Some("prospect"));
    assert_eq!((leads[1].assigned_name.as_deref(), leads[1].last_status.as_deref()), (Some("Alice"), None));
    assert_eq!((leads[2].assigned_name.as_deref(), leads[3].last_status.as_deref()), (None, None));
    // Nothing is kept of it, and nothing is noted while no import runs.
    world.call("talked");
    let noted = "SELECT count(*) FROM import_touched";
    assert_eq!(world.db.db.query_row(noted, [], |r| r.get::<_, i64>(0)).unwrap(), 0);
    assert!(world.is_sound());
}

/// C3: while an import runs, nobody else brings a number to the list.
#[test]
fn leads_do_not_return_from_the_bin_in_an_import() {
    let mut world = World::new(2);
    let first = world.leads()[0].id;
    change(&mut world, &[first], &LeadChange::Delete);
    let import = begin(&mut world);
    assert_eq!(world.db.restore_leads(world.list, NOW, None).unwrap_err().code(), "E-LIST-BUSY");
    world.stage(import, &[row(0)], StagePolicy::default()).unwrap();
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    let (done, _) = world.db.restore_leads(world.list, NOW, None).unwrap();
    assert_eq!((done.changed, done.held), (0, 1), "its number is on the list again");
    assert!(world.is_sound());
}

/// S4.28.
#[test]
fn a_slice_is_bounded_so_that_calls_come_in_between() {
    let mut world = World::new(0);
    let import = begin(&mut world);
    let rows: Vec<StagedRow> = (0..2000).map(row).collect();
    let (first, _) = world.db.stage_leads(import, &rows, StagePolicy::default(), &|| false).unwrap();
    assert!((1..=512).contains(&first.len()), "{}", first.len());
    // With a call waiting it ends after the statement it is at.
    let (second, _) =
        world.db.stage_leads(import, &rows[first.len()..], StagePolicy::default(), &|| true).unwrap();
    assert_eq!(second.len(), 64);
    let rows: Vec<NumberRow> = rows
        .into_iter()
        .zip(first.into_iter().chain(second))
        .map(|(row, placed)| NumberRow { row, placed })
        .collect();
    let policy = StagePolicy::default();
    let (third, _) =
        world.db.stage_numbers(import, &rows, policy, &mut Reached::default(), &|| true).unwrap();
    assert_eq!(third, 64);
}

/// S1.5.
#[test]
fn lists_are_found_by_name_or_identifier() {
    let mut world = World::new(0);
    let id = world.list;
    assert_eq!(world.reader().list_by_name("リスト").unwrap().id, id);
    assert_eq!(world.reader().list_by_name(&id.to_string()[..20].to_lowercase()).unwrap().id, id);
    assert_eq!(world.reader().list_by_name("無い").unwrap_err().code(), "E-NOT-FOUND");
    let other = world.list("other");
    assert_ne!(other, id);
    assert_eq!(world.reader().list_by_name("0").unwrap_err().code(), "E-AMBIGUOUS");
    let again = ListSpec { name: " リスト ".into(), project: world.project };
    assert_eq!(world.db.create_list(&again, Actor::default(), NOW).unwrap_err().code(), "E-LIST-DUP");
    let blank = ListSpec { name: "　".into(), project: world.project };
    assert_eq!(world.db.create_list(&blank, Actor::default(), NOW).unwrap_err().code(), "E-REQ-LISTNAME");
}
