//! A copy goes back in the place of a database of which pages are damaged.

use super::*;
use crate::model::{DncEntry, DncQuery};
use crate::sqlite::{Carried, Part};

/// Puts a number on the do-not-call list, or many in a row.
fn block(world: &mut World, numbers: impl Iterator<Item = u32>) {
    let entry = |number: u32| DncEntry::by_hand(format!("03{number:08}"), "希望", world.actor(), world.now);
    let entries: Vec<_> = numbers.map(entry).collect();
    assert_eq!(world.db.dnc_add_all(&entries).unwrap().added, entries.len() as u64);
}

/// Overwrites pages, after everything is in the file itself.
fn damage(path: &std::path::Path, pages: &[i64]) {
    let mut bytes = std::fs::read(path).unwrap();
    for page in pages {
        let at = usize::try_from(*page - 1).unwrap() * 4096;
        for (place, byte) in bytes[at..at + 4096].iter_mut().enumerate() {
            *byte = u8::try_from((place * 151 + 7) % 251).unwrap();
        }
    }
    std::fs::write(path, bytes).unwrap();
}

fn page(path: &std::path::Path, sql: &str) -> i64 {
    let db = rusqlite::Connection::open(path).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    db.query_row(sql, [], |r| r.get(0)).unwrap()
}

fn root(path: &std::path::Path, name: &str) -> i64 {
    page(path, &format!("SELECT rootpage FROM sqlite_schema WHERE name = '{name}'"))
}

/// A world, a copy of it, what happens since, and the copy back over what is damaged of it by the name of a table or an index.
fn restored(since: impl FnOnce(&mut World), damaged: &[&str]) -> (World, Option<Carried>) {
    let mut world = World::new(9);
    world.call("見込");
    block(&mut world, 1..2);
    let copy = world.path.with_file_name("copy.db");
    crate::sqlite::backup(&world.path, &copy, false, &mut |_, _| true).unwrap();
    since(&mut world);
    let World { _dir, path, db, project, user, list, now } = world;
    drop(db);
    let pages: Vec<_> = damaged.iter().map(|name| root(&path, name)).collect();
    damage(&path, &pages);
    let carried = crate::sqlite::restore(&copy, &path, "now", Actor::default(), now).unwrap().carried;
    let db = open(&path, &OpenOptions::default()).unwrap();
    (World { _dir, path, db, project, user, list, now }, carried)
}

fn reasons(world: &World) -> Vec<(String, String)> {
    let entries = world.reader().dnc_entries(&DncQuery { limit: 1000, ..DncQuery::default() }).unwrap();
    let mut found: Vec<_> = entries.into_iter().map(|row| (row.phone, row.reason)).collect();
    found.sort();
    found
}

/// D16: whoever asked never to be called again stays on the list though the page with their entry is gone: its index has the number.
#[test]
fn numbers_whose_entries_are_damaged_come_from_their_index() {
    let (world, carried) = restored(|world| block(world, 2..5), &["do_not_call"]);
    let expected = Carried { do_not_call: 3, number_only: 3, ..Carried::default() };
    assert_eq!(carried, Some(expected), "every number is known: nothing is to be entered again");
    let found = reasons(&world);
    assert_eq!(found.len(), 4);
    assert!(found[1..].iter().all(|(_, reason)| reason.starts_with("復元")), "{found:?}");
    assert!(world.is_sound());
}

/// What nothing can be read of is said, part by part; the rest is taken over.
#[test]
fn what_cannot_be_read_is_said() {
    let lost = ["do_not_call", "do_not_call_live"];
    let (world, carried) = restored(
        |world| {
            block(world, 2..5);
            world.call("見込");
        },
        &lost,
    );
    let expected = Carried {
        called_since: 1,
        calls_left_behind: 1,
        unread: vec![Part::DoNotCall],
        ..Carried::default()
    };
    assert_eq!(carried, Some(expected));
    assert_eq!(reasons(&world).len(), 1);

    let (world, carried) = restored(|world| block(world, 2..5), &["meta"]);
    let expected = Carried { do_not_call: 3, unread: vec![Part::Numbering], ..Carried::default() };
    assert_eq!(carried, Some(expected));
    assert!(reasons(&world).iter().all(|(_, reason)| reason == "希望"));
}

/// The calls that the copy lacks are counted with their index or without, and said to be unknown without either.
#[test]
fn calls_are_counted_though_their_index_is_damaged() {
    let calls = |world: &mut World| {
        world.call("見込");
        world.call("見込");
    };
    let (_world, carried) = restored(calls, &["sqlite_autoindex_attempts_1"]);
    assert_eq!(carried, Some(Carried { called_since: 2, calls_left_behind: 2, ..Carried::default() }));
    let (_world, carried) = restored(calls, &["attempts"]);
    let expected =
        Carried { called_since: 2, calls_left_behind: 2, unread: vec![Part::Calls], ..Carried::default() };
    assert_eq!(carried, Some(expected));
    let (_world, carried) = restored(calls, &["attempts", "sqlite_autoindex_attempts_1"]);
    // The leads themselves say that they were called.
    let expected = Carried { called_since: 2, unread: vec![Part::Calls], ..Carried::default() };
    assert_eq!(carried, Some(expected));
}

/// Of a table of many pages the rows on the others are read whole, on either side of two that are damaged.
#[test]
fn rows_beside_damaged_pages_are_read() {
    let mut world = World::new(1);
    let copy = world.path.with_file_name("copy.db");
    crate::sqlite::backup(&world.path, &copy, false, &mut |_, _| true).unwrap();
    block(&mut world, 1..901);
    let World { _dir, path, db, project, user, list, now } = world;
    drop(db);
    let leaf = |n: u32| {
        let sql = format!(
            "SELECT pageno FROM dbstat WHERE name = 'do_not_call' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET {n}"
        );
        page(&path, &sql)
    };
    let pages = [leaf(3), leaf(9), root(&path, "do_not_call_live")];
    damage(&path, &pages);
    let carried =
        crate::sqlite::restore(&copy, &path, "now", Actor::default(), now).unwrap().carried.unwrap();
    assert_eq!((carried.unread, carried.number_only), (vec![Part::DoNotCall], 0));
    assert!((750..900).contains(&carried.do_not_call), "{}", carried.do_not_call);
    let db = open(&path, &OpenOptions::default()).unwrap();
    let world = World { _dir, path, db, project, user, list, now };
    let found = reasons(&world);
    assert_eq!(found.len() as u64, carried.do_not_call);
    assert!(found.iter().all(|(_, reason)| reason == "希望"));
}

/// S1.25: of leads whose page is damaged nothing is known but what their calls say; who was called is not called again.
#[test]
fn leads_that_cannot_be_read_are_known_by_their_calls() {
    let since = |world: &mut World| {
        world.call("不通");
        let lead = world.leads()[5].id;
        world.exclude(lead, Some("本人希望"));
    };
    let (_world, carried) = restored(since, &["leads"]);
    let expected =
        Carried { called_since: 1, calls_left_behind: 1, unread: vec![Part::Leads], ..Carried::default() };
    assert_eq!(carried, Some(expected));
}
