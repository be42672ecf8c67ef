//! What an import made besides rows goes with its undo: categories and columns, unless somebody uses them.

use serde_json::json;

use super::*;
use crate::model::{CategoryInfo, LeadFields};

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
