//! Copies that are whole, and go back.

use super::*;
use crate::model::{DncEntry, DncQuery};
use crate::sqlite::Carried;

/// A copy made while calls are written is one moment of the database, and can be put back.
#[test]
fn a_copy_is_whole_and_goes_back() {
    let mut world = World::new(300);
    world.call("見込");
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    let mut steps = 0;
    let path = world.path.clone();
    let made = crate::sqlite::backup(&path, &copy, false, &mut |_, _| {
        // Calls go on.
        steps += 1;
        world.now += MINUTE;
        world.call("talked");
        true
    })
    .unwrap();
    assert!(steps > 0 && made.bytes > 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "one file, nothing beside it");
    let cancelled = folder.path().join("cancelled.db");
    assert!(crate::sqlite::backup(&path, &cancelled, false, &mut |_, _| false).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let by = Actor { user: None, uid: Some(1234) };
    let busy = crate::sqlite::restore(&copy, &path, "now", by, NOW).unwrap_err();
    assert_eq!(busy.code(), "E-STORE-IN-USE");
    let World { _dir, db, .. } = world;
    drop(db);
    let restored = crate::sqlite::restore(&copy, &path, "now", by, NOW).unwrap();
    assert!(restored.kept.unwrap().exists(), "what was there is kept");
    let db = open(&path, &OpenOptions::default()).unwrap();
    let mut reader = open_reader(&path, db.changes()).unwrap();
    assert_eq!(reader.history(&Default::default()).unwrap().len(), 1, "as it was when the copy began");
    let noted = reader.audit_log(&Default::default()).unwrap().remove(0);
    assert_eq!((noted.action.as_str(), noted.uid, noted.at), ("store.restore", Some(1234), NOW));
    assert_eq!(noted.object, copy.display().to_string());
    assert!(reader.check(true).unwrap().is_sound());
    // Another one within the same moment keeps what it finds beside what the first one found.
    drop((reader, db));
    let kept = crate::sqlite::restore(&copy, &path, "now", by, NOW).unwrap().kept.unwrap();
    assert_eq!(kept.file_name().unwrap(), "kakeru.db.before-now_2");
    assert!(kept.exists() && kept.with_file_name("kakeru.db.before-now").exists());
}

/// Root puts a copy back for the user whose daemon opens it: every file is theirs; in a folder where root had left a database what is
/// moved aside stays root's.
/// Whoever is not root keeps their own.
#[test]
fn what_root_puts_back_is_the_daemons() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    const THEIRS: (u32, u32) = (64_031, 64_032);
    let root = rustix::process::geteuid().is_root();
    for roots in [false, true] {
        let mut world = World::new(9);
        world.call("見込");
        let aside = tempfile::tempdir().unwrap();
        let copy = aside.path().join("copy.db");
        crate::sqlite::backup(&world.path, &copy, false, &mut |_, _| true).unwrap();
        let World { _dir, path, db, .. } = world;
        drop(db);
        let folder = path.parent().unwrap().to_owned();
        let files = || std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
        if root {
            let given = files().filter(|_| !roots).chain([folder.clone()]);
            given.for_each(|file| chown(file, Some(THEIRS.0), Some(THEIRS.1)).unwrap());
        }
        // As where nobody has run a daemon yet.
        std::fs::remove_file(folder.join("kakeru.db.lock")).unwrap();
        crate::sqlite::restore(&copy, &path, "now", Actor::default(), NOW).unwrap();
        let own = folder.metadata().map(|own| (own.uid(), own.gid())).unwrap();
        assert_eq!(own == THEIRS, root);
        for file in files().filter(|file| !roots || !file.display().to_string().contains(".before-")) {
            let found = file.metadata().unwrap();
            assert_eq!((found.uid(), found.gid()), own, "{}", file.display());
        }
        let (none, place) = (folder.join("other"), folder.join("other/kakeru.db"));
        std::fs::create_dir(&none).unwrap();
        if root {
            chown(&none, Some(THEIRS.0), Some(THEIRS.1)).unwrap();
        }
        crate::sqlite::restore(&copy, &place, "now", Actor::default(), NOW).unwrap();
        assert_eq!(place.metadata().map(|own| (own.uid(), own.gid())).unwrap(), own);
    }
}

/// S4.14: a copy is made while somebody talks, and put back a week later: the call lasted no week.
#[test]
fn a_call_under_way_in_a_copy_ends_when_the_copy_was_made() {
    let mut world = World::new(2);
    let attempt = world.dial().unwrap().attempt;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    world.now += MINUTE;
    world.dial().unwrap();
    crate::sqlite::backup(&world.path, &copy, false, &mut |_, _| true).unwrap();
    let week = 7 * 24 * 60 * MINUTE;
    world.db.alive(world.now + week).unwrap();
    let World { _dir, path, db, project, user, list, now } = world;
    drop(db);
    crate::sqlite::restore(&copy, &path, "later", Actor::default(), now + week).unwrap();
    let db = open(&path, &OpenOptions::default()).unwrap();
    let mut world = World { _dir, path, db, project, user, list, now: now + week };
    let found = world.db.recover(world.now).unwrap();
    assert_eq!(found.cut, 2);
    assert_eq!(world.db.attempt(attempt).unwrap().ended_at, Some(now));
}

/// D16, D18: who asked since the copy never to be called again is not called, and what leaves the box is numbered on; of the project
/// whose entry it was, where the copy knows it. What the copy lacks is told.
#[test]
fn numbers_that_are_not_called_and_those_that_count_do_not_go_back() {
    let mut world = World::new(9);
    world.call("見込");
    let blocked = |world: &mut World, phone: &str, project| {
        let entry = DncEntry {
            project,
            evidence: Some("書面".into()),
            ..DncEntry::by_hand(phone, "希望", world.actor(), world.now)
        };
        assert_eq!(world.db.dnc_add_all(&[entry]).unwrap().added, 1);
    };
    blocked(&mut world, "0399990001", None);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    crate::sqlite::backup(&world.path, &copy, false, &mut |_, _| true).unwrap();
    let project = world.project;
    blocked(&mut world, "0399990002", None);
    blocked(&mut world, "0399990003", Some(project));
    let later = world.db.ensure_project("後", None, world.now).unwrap();
    blocked(&mut world, "0399990004", Some(later));
    world.call("クレーム");
    let events = world.db.reserve_event_seq(1_000).unwrap();
    let last = world.db.outbox_next(None, 100).unwrap().last().unwrap().seq;
    let World { _dir, path, db, user, list, now, .. } = world;
    drop(db);

    let restored = crate::sqlite::restore(&copy, &path, "now", Actor::default(), now).unwrap();
    assert_eq!(
        restored.carried,
        Some(Carried { do_not_call: 4, called_since: 1, calls_left_behind: 1, ..Carried::default() })
    );
    let db = open(&path, &OpenOptions::default()).unwrap();
    let mut world = World { _dir, path, db, project, user, list, now };
    let entries = world.reader().dnc_entries(&DncQuery::default()).unwrap();
    let held = |phone: &str| {
        let row = entries.iter().find(|row| row.phone.ends_with(phone));
        row.map(|row| (row.project, row.by_login.as_deref(), row.evidence.as_deref()))
    };
    let (by, evidence) = (Some("alice"), Some("書面"));
    assert_eq!(held("399990001"), Some((None, by, evidence)));
    assert_eq!(held("399990002"), Some((None, by, evidence)));
    assert_eq!(held("399990003"), Some((Some(project), by, evidence)));
    assert_eq!(
        held("399990004"),
        Some((None, by, evidence)),
        "of a project that the copy does not know: everywhere"
    );
    assert_eq!(entries.len(), 5, "and the one of the call");
    assert!(world.db.reserve_event_seq(1).unwrap() > events);
    world.call("見込");
    assert!(world.db.outbox_next(None, 100).unwrap().last().unwrap().seq > last);

    // A database that is no use any more is put aside all the same, and nothing of it is taken over.
    let World { _dir, path, db, .. } = world;
    drop(db);
    std::fs::write(&path, b"no database").unwrap();
    let restored = crate::sqlite::restore(&copy, &path, "later", Actor::default(), now).unwrap();
    assert_eq!(restored.carried, None);
    assert!(restored.kept.unwrap().exists());
}

/// The database in use is no place for its copy, by whatever name; what else stands there is replaced only when that was asked for.
#[test]
fn a_copy_never_replaces_the_database_and_other_files_only_by_force() {
    let world = World::new(20);
    let path = &world.path;
    let folder = tempfile::tempdir().unwrap();
    let there = |name: &str| folder.path().join(name);
    let copy = |target: &std::path::Path, force| {
        crate::sqlite::backup(path, target, force, &mut |_, _| true).map_err(|error| error.code())
    };
    std::os::unix::fs::symlink(path, there("link.db")).unwrap();
    std::fs::hard_link(path, there("twin.db")).unwrap();
    std::os::unix::fs::symlink(path.parent().unwrap(), there("folder")).unwrap();
    let beside = |suffix: &str| std::path::PathBuf::from(format!("{}{suffix}", path.display()));
    let own = [
        path.clone(),
        beside("-wal"),
        beside("-shm"),
        beside("-journal"),
        beside(".lock"),
        path.parent().unwrap().join(".").join("kakeru.db"),
        there("folder/kakeru.db"),
        there("folder/kakeru.db-journal"),
        there("link.db"),
        there("twin.db"),
    ];
    let number = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).unwrap());
    for target in &own {
        for force in [false, true] {
            assert_eq!(copy(target, force).unwrap_err(), "E-FILE-DATABASE", "{}", target.display());
        }
    }
    assert_eq!(std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).unwrap()), number);

    let old = there("old.db");
    std::fs::write(&old, "of yesterday").unwrap();
    assert_eq!(copy(&old, false).unwrap_err(), "E-FILE-EXISTS");
    assert_eq!(std::fs::read(&old).unwrap(), b"of yesterday");
    assert_eq!(copy(&there("folder"), false).unwrap_err(), "E-FILE-EXISTS");
    copy(&old, true).unwrap();
    assert!(std::fs::read(&old).unwrap().starts_with(b"SQLite format 3"));

    // Links are replaced themselves, be it the copy's name or that of its unfinished half.
    let text = there("text");
    std::fs::write(&text, "text").unwrap();
    std::os::unix::fs::symlink(&text, there("new.db.part")).unwrap();
    copy(&there("new.db"), false).unwrap();
    std::os::unix::fs::symlink(&text, there("led.db")).unwrap();
    assert_eq!(copy(&there("led.db"), false).unwrap_err(), "E-FILE-EXISTS");
    copy(&there("led.db"), true).unwrap();
    assert_eq!(std::fs::read(&text).unwrap(), b"text");
    std::fs::create_dir(there("x")).unwrap();
    assert_eq!(copy(&there("x"), true).unwrap_err(), "E-FILE");
}

/// Nothing is put back that is damaged, newer or not ours, and what is there stays.
#[test]
fn a_bad_copy_changes_nothing() {
    let world = World::new(50);
    let path = world.path.clone();
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.db");
    crate::sqlite::backup(&path, &good, false, &mut |_, _| true).unwrap();
    let World { _dir, db, .. } = world;
    drop(db);
    let before = std::fs::read(&path).unwrap();
    let code = |copy: &std::path::Path| {
        crate::sqlite::restore(copy, &path, "x", Actor::default(), NOW).unwrap_err().code()
    };
    let newer = folder.path().join("newer.db");
    std::fs::copy(&good, &newer).unwrap();
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(code(&newer), "E-STORE-NEWER");
    let torn = folder.path().join("torn.db");
    let mut bytes = std::fs::read(&good).unwrap();
    bytes[4096 * 5..4096 * 9].fill(0x5a);
    std::fs::write(&torn, bytes).unwrap();
    assert_eq!(code(&torn), "E-BACKUP-CORRUPT");
    let text = folder.path().join("text.db");
    std::fs::write(&text, "no database").unwrap();
    assert_eq!(code(&text), "E-BACKUP-CORRUPT");
    assert_eq!(code(&folder.path().join("missing.db")), "E-FILE");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

/// What an earlier restore moved aside is a database with a log beside it, and goes back with all it holds.
#[test]
fn what_was_moved_aside_goes_back_with_its_log() {
    let mut world = World::new(5);
    world.call("見込");
    let path = world.path.clone();
    let folder = tempfile::tempdir().unwrap();
    // As a crash leaves it: rows that only the log has.
    let aside = folder.path().join("kakeru.db.before-then");
    std::fs::copy(&path, &aside).unwrap();
    std::fs::copy(path.with_file_name("kakeru.db-wal"), folder.path().join("kakeru.db.before-then-wal"))
        .unwrap();
    let World { _dir, db, .. } = world;
    drop(db);
    let place = folder.path().join("kakeru.db");
    assert_eq!(crate::sqlite::restore(&aside, &place, "now", Actor::default(), NOW).unwrap().kept, None);
    let db = open(&place, &OpenOptions::default()).unwrap();
    let mut reader = open_reader(&place, db.changes()).unwrap();
    assert_eq!(reader.history(&Default::default()).unwrap().len(), 1);
}
