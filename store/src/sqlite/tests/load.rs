//! Many rows at a time: the same as one at a time, whole under every kill.

use std::process::Command;

use super::*;
use crate::import::ExtraPhone;
use crate::staging::OnExisting;

const CHILD: &str = "KAKERU_STORE_LOAD_CHILD";

/// Everything an import writes, identifiers left out.
fn dump(world: &World) -> Vec<String> {
    let tables = [
        "SELECT l.name, d.position, d.phone, d.raw_phone, d.clir, d.company, d.person, d.attrs, d.state, d.round,
           d.version, d.last_disposition, d.last_user_id IS NULL, d.last_at, d.import_id IS NULL, d.last_kind,
           d.last_memo, d.turn, d.name_key FROM leads d
         JOIN lists l ON l.id = d.list_id ORDER BY 1, 2",
        "SELECT d.phone, m.position, k.name FROM lead_categories m JOIN leads d ON d.id = m.lead_id
         JOIN categories k ON k.id = m.category_id ORDER BY d.list_id, 1, 2",
        "SELECT d.phone, m.position, m.phone FROM lead_phones m JOIN leads d ON d.id = m.lead_id ORDER BY 1, 2",
        "SELECT p.phone, p.position, c.company, c.person, c.origin, c.stub, c.version, c.created_at FROM contacts c
         JOIN contact_phones p ON p.contact_id = c.id ORDER BY 1",
        "SELECT p.phone, m.position, k.name FROM contact_categories m JOIN categories k ON k.id = m.category_id
         JOIN contact_phones p ON p.contact_id = m.contact_id ORDER BY 1, 2",
        "SELECT l.name, n.position, n.phone FROM lead_numbers n JOIN lists l ON l.id = n.list_id ORDER BY 1, 2",
        "SELECT phone FROM import_touched",
        // Rows that are staged apart do not know which contacts others have changed.
        "SELECT kind, version, json_remove(before, '$.again') FROM import_changes ORDER BY 1, 3, 2",
        "SELECT name, last_position, visible_position, registered, columns FROM lists ORDER BY 1",
    ];
    let mut lines = Vec::new();
    for sql in tables {
        let mut statement = world.db.db.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            (0..columns).map(|at| Ok(format!("{:?}", row.get_ref(at)?))).collect::<rusqlite::Result<Vec<_>>>()
        });
        lines.extend(rows.unwrap().map(|row| row.unwrap().join(" ")));
    }
    lines
}

/// Every kind of row, in no order of number, some numbers three times.
fn mixed() -> Vec<StagedRow> {
    let rows = (0..260_usize).map(|at| {
        let mut row = row(at * 37 % 211);
        match at % 7 {
            0 => row.company = None,
            1 => row.person = Some(format!("担当{at}")),
            2 => row.categories = vec![format!("新{}", at % 5), "関東".into(), "ｶﾝﾄｳ".into()],
            3 => row.categories = Vec::new(),
            4 => {
                let further = [phone(5_000 + at), phone(6_000 + at)];
                row.extra_phones =
                    further.map(|phone| ExtraPhone { phone, label: None, ext: None, column: 2 }).into();
            }
            5 => row.clir = Some(crate::phone::Clir::Suppress),
            _ => row.attrs = Vec::new(),
        }
        row
    });
    rows.collect()
}

#[test]
fn rows_are_staged_together_as_they_are_one_by_one() {
    let policies = [
        StagePolicy::default(),
        StagePolicy { existing: OnExisting::Skip, ..StagePolicy::default() },
        StagePolicy { blanks: crate::staging::Blanks::ALL, ..StagePolicy::default() },
        StagePolicy { merge_categories: true, ..StagePolicy::default() },
        StagePolicy { create_contacts: false, ..StagePolicy::default() },
    ];
    for policy in policies {
        let mut worlds = [World::new(40), World::new(40)];
        for (world, most) in worlds.iter_mut().zip([1, usize::MAX]) {
            // Two numbers with a last call; one more list that has some of the numbers.
            world.call("見込");
            world.call("talked");
            let user = world.user;
            world
                .db
                .db
                .execute("UPDATE leads SET last_user_id = ?1 WHERE last_user_id IS NOT NULL", [user])
                .unwrap();
            let second = world.list("second");
            for list in [second, world.list] {
                let start = ImportStart { list: Some(list), source: "x.csv".into(), user: None, now: NOW };
                let import = world.db.begin_import(&start).unwrap();
                let mut rows = mixed();
                let mut seen = std::collections::HashSet::new();
                // Told one by one, a row cannot know that it is the last of its number: they are one.
                rows.iter_mut().for_each(|row| row.joins = !seen.insert(row.phone.key()));
                if policy.existing == OnExisting::Skip {
                    // Nor can the later rows of a number know that the file itself brought it.
                    rows.retain(|row| !row.joins);
                }
                for rows in rows.chunks(most.min(rows.len())) {
                    world.stage(import, rows, policy).unwrap();
                }
                world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
            }
            assert!(world.is_sound());
        }
        let [one, many] = worlds.each_ref().map(dump);
        assert!(one.len() > 700, "{}", one.len());
        for (one, many) in one.iter().zip(&many) {
            assert_eq!(one, many, "{policy:?}");
        }
        assert_eq!(one.len(), many.len());
    }
}

#[test]
fn positions_follow_the_file_whatever_the_numbers() {
    let mut world = World::new(3);
    let rows: Vec<StagedRow> = (0..1000).map(|at| row(at * 619 % 1000)).collect();
    let list = world.list;
    world.import(list, &rows);
    let expected = (0..3).chain((0..1000).map(|at| at * 619 % 1000).filter(|number| *number > 2));
    let expected: Vec<String> = expected.map(|number| format!("会社{number}")).collect();
    let mut statement = world.db.db.prepare("SELECT position, company FROM leads ORDER BY position").unwrap();
    let found: Vec<(usize, String)> = statement
        .query_map([], |r| Ok((r.get::<_, i64>(0)? as usize, r.get(1)?)))
        .unwrap()
        .map(|row| row.unwrap())
        .collect();
    assert!(found.iter().enumerate().all(|(at, (position, _))| *position == at + 1));
    assert_eq!(found.into_iter().map(|(_, company)| company).collect::<Vec<_>>(), expected);
}

#[test]
fn a_slice_that_fails_leaves_nothing_and_the_next_one_works() {
    let mut world = World::new(1);
    let start = ImportStart { list: Some(world.list), source: "x.csv".into(), user: None, now: NOW };
    let import = world.db.begin_import(&start).unwrap();
    let mut rows: Vec<StagedRow> = (50..120).map(row).collect();
    rows[3].categories = vec!["初出".into()];
    let policy = StagePolicy::default();
    // Something stands where one of the first goes, in a table that each half writes to.
    let copy = "INSERT INTO leads (id, list_id, position, phone, round, deleted_at)
                SELECT randomblob(16), list_id, 40, phone, 1, 0 FROM leads";
    world.db.db.execute(copy, []).unwrap();
    let before = dump(&world);
    assert!(world.stage(import, &rows, policy).is_err());
    assert_eq!(dump(&world), before);
    world.db.db.execute("DELETE FROM leads WHERE position = 40", []).unwrap();
    let (numbered, _) = stage_leads(&mut world.db, import, &rows, policy).unwrap();
    let taken = "INSERT INTO lead_numbers SELECT phone, list_id, position FROM leads WHERE position = 40";
    world.db.db.execute(taken, []).unwrap();
    let before = dump(&world);
    assert!(stage_numbers(&mut world.db, import, numbered.clone(), policy).is_err());
    assert_eq!(dump(&world), before);
    world.db.db.execute("DELETE FROM lead_numbers WHERE position = 40", []).unwrap();
    stage_numbers(&mut world.db, import, numbered, policy).unwrap();
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    assert!(world.is_sound());
    assert_eq!(world.leads().len(), 71);
    assert_eq!(world.leads()[4].categories, ["初出"]);
}

#[test]
fn killed_anywhere_in_an_import_the_next_start_takes_it_back() {
    let world = World::new(30);
    let before = dump(&world);
    let World { _dir, path, db, project, user, list, now } = world;
    drop(db);
    let mut kills = 0;
    for turn in 0_u64.. {
        // Steps between kills grow, from the first rows to past the end.
        let steps = 200 + turn * turn * 180;
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sqlite::tests::load::child", "--test-threads=1"])
            .env(CHILD, format!("{steps} {}", path.display()))
            .output()
            .unwrap()
            .status;
        let mut db = open(&path, &OpenOptions::default()).unwrap();
        let undone = db.recover(NOW).unwrap().imports.len();
        let world =
            World { _dir: tempfile::tempdir().unwrap(), path: path.clone(), db, project, user, list, now };
        assert!(world.is_sound());
        if status.success() {
            assert_eq!((undone, world.leads().len()), (0, 211));
            break;
        }
        kills += 1;
        assert!(undone == 1 && dump(&world) == before, "after {steps} steps");
    }
    assert!(kills >= 10, "{kills} kills");
}

/// Not a test by itself: what the children of the test above run.
#[test]
fn child() {
    let Ok(order) = std::env::var(CHILD) else { return };
    let (steps, path) = order.split_once(' ').unwrap();
    let mut left: u64 = steps.parse().unwrap();
    let mut db = open(std::path::Path::new(path), &OpenOptions::default()).unwrap();
    let list = super::super::lists::by_name(&db.db, "リスト").unwrap().id;
    let start = ImportStart { list: Some(list), source: "x.csv".into(), user: None, now: NOW };
    let import = db.begin_import(&start).unwrap();
    let rows = mixed();
    stage(&mut db, import, &rows[..1], StagePolicy::default()).unwrap();
    let abort = move || {
        left = left.saturating_sub(1);
        if left == 0 {
            std::process::abort();
        }
        false
    };
    db.loader.as_mut().unwrap().beside.db.progress_handler(3, Some(abort)).unwrap();
    for rows in rows[1..].chunks(70) {
        stage(&mut db, import, rows, StagePolicy::default()).unwrap();
    }
    db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
}
