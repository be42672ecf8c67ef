//! What an import made besides rows goes with its undo: categories and columns, unless somebody uses them.

use serde_json::json;

use super::lists::change;
use super::*;
use crate::model::{CategoryInfo, LeadChange, LeadFields, NoteAbout, NoteDraft};

fn begin(world: &mut World, list: Option<ListId>) -> ImportId {
    let start = ImportStart { list, source: "x.csv".into(), user: None, now: world.now };
    world.db.begin_import(&start).unwrap()
}

fn carrying(number: usize, category: &str, column: &str) -> StagedRow {
    let attrs = if column.is_empty() { Vec::new() } else { vec![(column.into(), "あり".into())] };
    StagedRow { categories: vec![category.into()], attrs, ..row(number) }
}

/// Imports rows into the list, as with a file that has these columns.
fn take(world: &mut World, rows: &[StagedRow], columns: &[&str]) -> ImportId {
    let import = begin(world, Some(world.list));
    world.stage(import, rows, StagePolicy::default()).unwrap();
    world.db.commit_import(import, &json!({ "attributes": columns }), Actor::default(), world.now).unwrap();
    import
}

fn categories(world: &World) -> Vec<String> {
    let all = world.reader().categories().unwrap();
    all.into_iter().map(|CategoryInfo { name, .. }| name).collect()
}

fn columns(world: &World) -> Vec<String> {
    let sql = "SELECT columns FROM lists WHERE id = ?1";
    let text: String = world.db.db.query_row(sql, [world.list], |r| r.get(0)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// S0.7, S0.20, S1.29.
#[test]
fn categories_and_columns_that_only_an_import_brought_go_with_it() {
    let mut world = World::new(0);
    take(&mut world, &[carrying(0, "既存", "備考")], &["備考"]);
    let before = (categories(&world), columns(&world));
    let rows: Vec<StagedRow> =
        (0..300).map(|number| carrying(number, &format!("住所を取り違えた{number}"), "住所")).collect();
    let import = take(&mut world, &rows, &["備考", "住所"]);
    assert_eq!(
        (categories(&world).len(), columns(&world)),
        (301, vec!["備考".to_owned(), "住所".to_owned()])
    );
    world.undo(import);
    assert_eq!((categories(&world), columns(&world)), before);
    assert_eq!(world.leads()[0].categories, ["既存"]);
    // One that never was committed, into the contact book too.
    for list in [Some(world.list), None] {
        let import = begin(&mut world, list);
        let policy = StagePolicy { leads: list.is_some(), ..StagePolicy::default() };
        world.stage(import, &rows, policy).unwrap();
        assert_eq!(categories(&world).len(), 301);
        world.undo(import);
        assert_eq!((categories(&world), columns(&world)), before);
    }
    // They are made anew where they are brought anew.
    take(&mut world, &rows, &["住所"]);
    assert_eq!((categories(&world).len(), columns(&world).len()), (301, 2));
    assert!(world.is_sound());
}

/// Who uses them keeps them: a called lead, a person, another file, a contact that was changed.
#[test]
fn categories_and_columns_that_somebody_uses_stay() {
    let mut world = World::new(0);
    take(&mut world, &[carrying(0, "既存", "備考")], &["備考"]);
    let other = world.leads()[0].id;
    let rows = [
        carrying(10, "架電済", "甲"),
        carrying(11, "人手", "乙"),
        carrying(12, "別の表", "丙"),
        carrying(13, "変更後", "丁"),
        carrying(14, "誰も", "戊"),
    ];
    let import = take(&mut world, &rows, &["甲", "乙", "丙", "丁", "戊"]);
    let called = world.dial().unwrap();
    assert_eq!(called.position, 1);
    world.finish(called.attempt, "talked");
    let claimed = world.dial().unwrap();
    assert_eq!(claimed.position, 2);
    world.finish(claimed.attempt, "talked");
    let fields = LeadFields {
        categories: Some(vec!["既存".into(), "人手".into()]),
        columns: vec![("乙".into(), "人".into())],
        ..LeadFields::default()
    };
    world.db.change_lead_fields(other, &fields, Actor::default(), NOW).unwrap();
    let again = take(&mut world, &[carrying(20, "別の表", "丙")], &["丙"]);
    let contact = world.db.contact(&phone(13).national()).unwrap().unwrap();
    world.db.db.execute("UPDATE contacts SET version = 2 WHERE id = ?1", [contact.id]).unwrap();
    world.undo(import);
    let mut left = categories(&world);
    left.sort();
    assert_eq!(left, ["人手", "別の表", "変更後", "既存", "架電済"]);
    assert_eq!(columns(&world), ["備考", "甲", "乙", "丙"]);
    assert!(world.is_sound());
    // What the later file uses is nobody's now.
    world.undo(again);
    assert!(categories(&world).contains(&"別の表".to_owned()));
    assert!(world.is_sound());
}

/// S1.25: what somebody did to a new lead is not lost with it, and nothing points at what is gone.
#[test]
fn new_leads_that_somebody_changed_since_stay() {
    let mut world = World::new(0);
    let file_said = StagedRow { excluded: Some("対象外".into()), ..row(5) };
    // A number twice in the file: one lead of the import, not a change of it.
    let twice = StagedRow { company: Some("二度目".into()), again: true, ..row(6) };
    let rows = [row(0), row(1), row(2), row(3), row(4), file_said, row(6), twice];
    let import = take(&mut world, &rows, &[]);
    world.now += MINUTE;
    let leads: Vec<LeadId> = world.leads().iter().map(|lead| lead.id).collect();
    let by = world.actor();
    change(&mut world, &leads[..1], &LeadChange::Exclude { reason: Some("断り".into()) });
    let fields = LeadFields { company: Some("訂正".into()), ..LeadFields::default() };
    world.db.change_lead_fields(leads[1], &fields, by, world.now).unwrap();
    world.db.add_lead_phone(leads[2], &phone(80).national(), Some("携帯"), by, world.now).unwrap();
    let about = NoteAbout::Lead(leads[3]);
    let note = NoteDraft { about, granted_to: None, text: "電話済み".into(), by, now: world.now };
    world.db.note_add(&note).unwrap();
    let undone = world.undo(import);
    let counts = (undone.removed, undone.kept, undone.changed_since, undone.restored);
    assert_eq!(counts, (3, 0, 4, 0), "{undone:?}");
    let left: Vec<LeadId> = world.leads().iter().map(|lead| lead.id).collect();
    assert_eq!(left, leads[..4]);
    assert_eq!(world.leads()[1].company.as_deref(), Some("訂正"));
    assert_eq!(world.reader().lists().unwrap()[0].total, 4);
    assert!(world.is_sound());
}

/// S3.10: new contacts that a later import or a person changed stay, and are counted.
#[test]
fn new_contacts_that_were_changed_since_are_counted() {
    let mut world = World::new(0);
    let take = |world: &mut World, rows: &[StagedRow]| {
        let import = begin(world, None);
        world.stage(import, rows, StagePolicy { leads: false, ..StagePolicy::default() }).unwrap();
        world.db.commit_import(import, &json!({}), Actor::default(), world.now).unwrap();
        import
    };
    let renamed = |number, name: &str| StagedRow { company: Some(name.into()), ..row(number) };
    let first = take(&mut world, &[row(0), row(1), row(2), row(3)]);
    let second = take(&mut world, &[renamed(0, "改"), renamed(1, "改")]);
    let contact = world.db.contact(&phone(2).national()).unwrap().unwrap();
    world.db.contacts_delete(&[contact.id], Actor::default(), NOW + 1).unwrap();
    let undone = world.undo(first);
    assert_eq!((undone.contacts_removed, undone.changed_since), (1, 3), "{undone:?}");
    let undone = world.undo(second);
    assert_eq!((undone.restored, undone.changed_since), (2, 0), "{undone:?}");
    assert!(world.is_sound());
}

/// S0.20, S3.10: what a later import changed goes once that one is taken back, new or not; then nothing is left.
#[test]
fn an_undo_is_repeated_for_what_a_later_import_held() {
    let mut world = World::new(0);
    let take = |world: &mut World, rows: &[StagedRow]| {
        let import = begin(world, None);
        world.stage(import, rows, StagePolicy { leads: false, ..StagePolicy::default() }).unwrap();
        world.db.commit_import(import, &json!({}), Actor::default(), world.now).unwrap();
        import
    };
    let named = |number, name: &str| StagedRow { company: Some(name.into()), ..row(number) };
    take(&mut world, &[named(9, "元")]);
    let first = take(&mut world, &[named(0, "甲"), named(1, "甲"), named(2, "甲"), named(9, "甲")]);
    let second = take(&mut world, &[named(0, "乙"), named(1, "乙"), named(9, "乙")]);
    let name = |world: &mut World, number| {
        let contact = world.db.contact(&phone(number).national()).unwrap();
        contact.and_then(|contact| contact.company)
    };
    let counts =
        |undone: Undone| (undone.contacts_removed, undone.restored, undone.changed_since, undone.kept);
    assert!(!world.reader().import_left(first).unwrap(), "it is not taken back yet");
    assert_eq!(counts(world.undo(first)), (1, 0, 3, 0));
    assert!(world.reader().import_left(first).unwrap());
    // As long as the later one stands, it is as before.
    world.db.undo_import_again(first, Actor::default()).unwrap();
    assert_eq!(counts(world.undo(first)), (0, 0, 3, 0));
    assert_eq!(counts(world.undo(second)), (0, 3, 0, 0));
    assert_eq!((name(&mut world, 0), name(&mut world, 9)), (Some("甲".into()), Some("甲".into())));
    assert!(!world.reader().import_left(second).unwrap());
    let by = Actor { user: Some(world.user), uid: None };
    world.db.undo_import_again(first, by).unwrap();
    // A process that ends now is followed by one that finishes it.
    let recovery = world.db.recover(world.now).unwrap();
    assert_eq!(recovery.imports.iter().map(|one| (one.id, one.user)).collect::<Vec<_>>(), [(first, None)]);
    assert_eq!((name(&mut world, 0), name(&mut world, 9)), (None, Some("元".into())));
    assert!(!world.reader().import_left(first).unwrap());
    assert!(world.is_sound());
}

/// S3.10: a new contact whose number is on a list stays, and is counted.
#[test]
fn a_new_contact_that_a_list_needs_is_counted() {
    let mut world = World::new(0);
    let import = begin(&mut world, None);
    world.stage(import, &[row(0), row(1)], StagePolicy { leads: false, ..StagePolicy::default() }).unwrap();
    world.db.commit_import(import, &json!({}), Actor::default(), world.now).unwrap();
    let leads = take(&mut world, &[row(0)], &[]);
    let undone = world.undo(import);
    assert_eq!((undone.contacts_removed, undone.kept, undone.changed_since), (1, 1, 0), "{undone:?}");
    world.undo(leads);
    assert!(world.reader().import_left(import).unwrap());
    world.db.undo_import_again(import, Actor::default()).unwrap();
    assert_eq!(world.undo(import).contacts_removed, 1);
}

/// S0.20, S4.28: an undo that ended in the middle is finished by the next start, in the name of who began it.
#[test]
fn an_undo_that_was_cut_short_is_finished_at_the_next_start() {
    let mut world = World::new(0);
    let rows: Vec<StagedRow> = (0..40).map(row).collect();
    let import = take(&mut world, &rows, &[]);
    let other = take(&mut world, &[row(50)], &[]);
    let by = Actor { user: Some(world.user), uid: Some(1000) };
    let (_, next) = world.db.undo_import(import, UndoAt::START, by, world.now).unwrap();
    assert!(next.is_some(), "something is left");
    let mut world = world.reopen();
    let recovery = world.db.recover(world.now).unwrap();
    let told: Vec<_> = recovery.imports.iter().map(|one| (one.id, one.state.as_str())).collect();
    assert_eq!(told, [(import, "undone")]);
    assert!(recovery.imports[0].report["undoing"].is_object());
    assert_eq!(world.leads().len(), 1, "the other import's");
    let sql = "SELECT count(*) FROM audit WHERE action = 'import.undo' AND user_id = ?1 AND object = ?2";
    let rows: i64 = world.db.db.query_row(sql, (world.user, import.to_string()), |r| r.get(0)).unwrap();
    assert_eq!(rows, 1);
    assert!(world.is_sound());
    assert!(world.reopen().db.recover(NOW).unwrap().imports.is_empty());
    let _ = other;
}

/// S0.9: what an undo gives back carries no category that was deleted meanwhile; one of its name is a new one.
#[test]
fn a_category_that_is_deleted_during_an_undo_is_given_to_nobody() {
    let mut world = World::new(0);
    let carrying = |name: &str| -> Vec<StagedRow> {
        (0..1500).map(|number| StagedRow { categories: vec![name.into()], ..row(number) }).collect()
    };
    take(&mut world, &carrying("関東"), &[]);
    let import = take(&mut world, &carrying("関西"), &[]);
    let by = Actor::default();
    let (begun, mut at) = world.db.undo_import(import, UndoAt::START, by, NOW).unwrap();
    assert!(begun.restored > 0 && begun.restored < 3000, "it is under way: {begun:?}");
    world.db.category_delete("関東", by, NOW).unwrap();
    let mut unlinking = Default::default();
    while !world.db.category_unlink(&mut unlinking).unwrap() {}
    while let Some(from) = at {
        at = world.db.undo_import(import, from, by, NOW).unwrap().1;
    }
    let dead = "SELECT (SELECT count(*) FROM lead_categories m JOIN categories c ON c.id = m.category_id WHERE c.name_key < ' ')
                  + (SELECT count(*) FROM contact_categories m JOIN categories c ON c.id = m.category_id WHERE c.name_key < ' ')";
    let dead: i64 = world.db.db.query_row(dead, [], |r| r.get(0)).unwrap();
    assert_eq!((dead, categories(&world)), (0, vec!["関東".to_owned()]));
    assert!(world.is_sound());
}
