//! Databases that earlier versions wrote.

use rusqlite::Connection;

use super::*;
use crate::model::{CallKind, PageAt, SortColumn, StatsQuery, ViewFilter, ViewQuery};

/// A file that version 1 of the schema wrote, calls and all.
fn version_1(folder: &std::path::Path) -> std::path::PathBuf {
    let path = folder.join("old.db");
    let db = Connection::open(&path).unwrap();
    db.execute_batch(include_str!("../../../tests/fixtures/v1.sql")).unwrap();
    path
}

/// Files that each earlier version of the schema left behind, the first version first.
const STORED: [&str; 13] = [
    include_str!("../../../tests/fixtures/v1.sql"),
    include_str!("../../../tests/fixtures/v2.sql"),
    include_str!("../../../tests/fixtures/v3.sql"),
    include_str!("../../../tests/fixtures/v4.sql"),
    include_str!("../../../tests/fixtures/v5.sql"),
    include_str!("../../../tests/fixtures/v6.sql"),
    include_str!("../../../tests/fixtures/v7.sql"),
    include_str!("../../../tests/fixtures/v8.sql"),
    include_str!("../../../tests/fixtures/v9.sql"),
    include_str!("../../../tests/fixtures/v10.sql"),
    include_str!("../../../tests/fixtures/v11.sql"),
    include_str!("../../../tests/fixtures/v12.sql"),
    include_str!("../../../tests/fixtures/v13.sql"),
];

/// A new step needs a file of the version before it here.
#[test]
fn every_earlier_version_is_upgraded_and_keeps_its_rows() {
    let newest = usize::try_from(super::super::migrate::NEWEST).unwrap();
    assert!(STORED.len() + 1 >= newest, "no file of version {} is stored", newest - 1);
    for (version, sql) in (1_i64..).zip(STORED) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(sql).unwrap();
        assert_eq!(number(&old, "SELECT user_version FROM pragma_user_version"), version);
        let tables: Vec<String> = super::super::all(
            &old,
            // `meta` gets a row of what was looked at.
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'meta'",
            [],
            |r| r.get(0),
        )
        .unwrap();
        let count = |db: &Connection, table: &String| number(db, &format!("SELECT count(*) FROM {table}"));
        let before: Vec<i64> = tables.iter().map(|table| count(&old, table)).collect();
        drop(old);
        let new = open(&path, &OpenOptions::default()).unwrap();
        let after: Vec<i64> = tables.iter().map(|table| count(&new.db, table)).collect();
        assert_eq!(after, before, "version {version}: {tables:?}");
        assert_eq!(number(&new.db, "SELECT count(*) FROM pragma_foreign_key_check"), 0, "version {version}");
        let mut reader = open_reader(&path, new.changes()).unwrap();
        assert_eq!(reader.verify(&StatsQuery::default()).unwrap(), [], "version {version}");
        assert!(reader.check(true).unwrap().is_sound(), "version {version}");
        assert_eq!(reader.tasks(&crate::model::TaskQuery::default()).unwrap().len(), 1, "version {version}");
        drop((reader, new));
        // A second start finds nothing to do.
        assert!(open(&path, &OpenOptions::default()).is_ok());
        // The way back: as it was, with nothing of the new schema.
        let kept = folder.path().join(format!("old.db.v{version}"));
        let old = Connection::open(&kept).unwrap();
        assert_eq!(number(&old, "SELECT user_version FROM pragma_user_version"), version);
        let kept_rows: Vec<i64> = tables.iter().map(|table| count(&old, table)).collect();
        assert_eq!(kept_rows, before, "version {version}");
        drop(old);
        let mode = std::os::unix::fs::MetadataExt::mode(&kept.metadata().unwrap());
        assert_eq!(mode & 0o777, 0o600, "personal data");
    }
}

/// Section D: what was before an upgrade is kept for thirty days; one that is replaced or cut short leaves nothing half.
#[test]
fn the_copy_from_before_an_upgrade_goes_after_thirty_days() {
    let folder = tempfile::tempdir().unwrap();
    let path = version_1(folder.path());
    let [kept, part] = ["old.db.v1", "old.db.v1.part"].map(|name| folder.path().join(name));
    std::fs::write(&kept, "of an upgrade last year").unwrap();
    std::fs::write(&part, "cut short").unwrap();
    drop(open(&path, &OpenOptions::default()).unwrap());
    assert_eq!(number(&Connection::open(&kept).unwrap(), "SELECT user_version FROM pragma_user_version"), 1);
    assert!(!part.exists());
    let mut reader = open_reader(&path, &Default::default()).unwrap();
    assert_eq!(reader.check(false).unwrap().upgrade_copies, std::slice::from_ref(&kept));
    let days = |days: u64| std::time::Duration::from_secs(days * 86_400);
    let made = kept.metadata().unwrap().modified().unwrap();
    let age =
        |age| std::fs::File::options().write(true).open(&kept).unwrap().set_modified(made - age).unwrap();
    age(days(29));
    drop(open(&path, &OpenOptions::default()).unwrap());
    assert!(kept.exists());
    age(days(31));
    drop(open(&path, &OpenOptions::default()).unwrap());
    assert!(!kept.exists());
    // A new database has nothing to keep.
    let new = folder.path().join("new.db");
    drop(open(&new, &OpenOptions::default()).unwrap());
    assert!(!folder.path().join("new.db.v0").exists());
}

fn number(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |r| r.get(0)).unwrap()
}

#[test]
fn a_database_of_version_1_keeps_every_row_and_gets_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = version_1(folder.path());
    let tables = [
        "users",
        "projects",
        "lists",
        "leads",
        "lead_phones",
        "lead_categories",
        "contacts",
        "attempts",
        "recordings",
        "do_not_call",
        "outbox",
        "outbox_dead",
        "imports",
        "import_changes",
        "audit",
    ];
    let before: Vec<i64> = {
        let db = Connection::open(&path).unwrap();
        tables.iter().map(|table| number(&db, &format!("SELECT count(*) FROM {table}"))).collect()
    };
    assert!(before.iter().all(|count| *count > 0), "{before:?}");
    let db = open(&path, &OpenOptions::default()).unwrap();
    let after: Vec<i64> =
        tables.iter().map(|table| number(&db.db, &format!("SELECT count(*) FROM {table}"))).collect();
    assert_eq!(after, before);
    assert_eq!(number(&db.db, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_eq!(number(&db.db, "SELECT count(*) FROM leads WHERE turn <> position OR name_key = ''"), 0);
    let mut reader = open_reader(&path, db.changes()).unwrap();
    assert!(reader.verify(&StatsQuery::default()).unwrap().is_empty(), "every figure is what the rows say");
    let list = reader.list_by_name("四月").unwrap();
    assert_eq!((list.total, list.worked, list.excluded, list.round), (7, 5, 1, 2));
    let filter = ViewFilter { name: Some("かぶら商事".into()), ..ViewFilter::default() };
    let query = ViewQuery {
        list: list.id,
        filter,
        sort: SortColumn::LastAt,
        descending: true,
        page: PageAt::First,
        limit: 9,
        opaque: false,
    };
    let page = reader.view(&query).unwrap();
    assert_eq!(page.total, 1);
    assert_eq!(page.rows[0].last_memo.as_deref(), Some("メモ0"));
    assert_eq!(page.rows[0].last_kind, Some(CallKind::OutMissed));
}

/// The new constraints hold for old rows too.
#[test]
fn an_upgraded_database_refuses_what_a_new_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&version_1(folder.path()), &OpenOptions::default()).unwrap();
    for sql in [
        "UPDATE leads SET last_kind = 'sideways'",
        "UPDATE lists SET dial_order = 'backwards'",
        "UPDATE leads SET assigned_user_id = x'00000000000000000000000000000000'",
        "INSERT INTO list_grants (list_id, user_id, at) SELECT id, x'00', 1 FROM lists LIMIT 1",
        "UPDATE dispositions SET label = 'x' WHERE code = 'fax'",
        "UPDATE projects SET pooled = 2",
    ] {
        assert!(db.db.execute(sql, []).is_err(), "{sql}");
    }
}

/// An import of before is undone by what it kept then.
#[test]
fn an_import_of_version_1_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let path = version_1(folder.path());
    let mut db = open(&path, &OpenOptions::default()).unwrap();
    let mut reader = open_reader(&path, db.changes()).unwrap();
    let second = reader.imports(None, None, 10).unwrap().into_iter().nth(1).unwrap();
    assert_eq!((second.state.as_str(), second.login.as_deref()), ("committed", Some("alice")));
    let mut at = Some(UndoAt::START);
    while let Some(from) = at {
        at = db.undo_import(second.id, from, Actor::default(), NOW).unwrap().1;
    }
    let company: String = db
        .db
        .query_row("SELECT company FROM leads WHERE phone = '+81330000001' LIMIT 1", [], |r| r.get(0))
        .unwrap();
    assert_eq!(company, "㈱カブラ商事");
}

/// X6: version 7 cleared numbers while it read the file. What such a file had cleared when the process ended holds again.
#[test]
fn a_file_that_version_7_was_clearing_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(STORED[6]).unwrap();
    let live = "SELECT count(*) FROM do_not_call WHERE revoked_at IS NULL";
    assert_eq!(number(&old, live), 3);
    drop(old);
    let mut db = open(&path, &OpenOptions::default()).unwrap();
    assert_eq!(number(&db.db, live), 4);
    let found = db.recover(NOW).unwrap().imports;
    assert_eq!(found.iter().map(|import| import.state.as_str()).collect::<Vec<_>>(), ["undone"]);
    assert_eq!(number(&db.db, live), 4);
}

/// S1.40, S4.38: results and memos that calls by hand had blanked are there again; what a call from a list left blank stays blank.
#[test]
fn results_that_calls_by_hand_had_blanked_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(STORED[9]).unwrap();
    let blank = "SELECT count(*) FROM leads WHERE last_disposition IS NULL AND last_at IS NOT NULL";
    assert_eq!(number(&old, blank), 4);
    drop(old);
    let db = open(&path, &OpenOptions::default()).unwrap();
    let sql = "SELECT phone, last_disposition, last_memo FROM leads WHERE last_at IS NOT NULL ORDER BY phone, list_id";
    let found: Vec<(String, Option<String>, Option<String>)> =
        super::super::all(&db.db, sql, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap();
    let told: Vec<_> = found.iter().map(|(p, d, m)| (&p[3..], d.as_deref(), m.as_deref())).collect();
    let first = ("330000001", Some("no_contact"), Some("メモ0"));
    let others = [
        ("330000002", Some("prospect"), Some("メモ1")),
        ("330000005", None, None),
        // The call by hand says something.
        ("630000004", Some("talked"), Some("折り返し")),
        ("9012345678", Some("do_not_call"), Some("メモ2")),
    ];
    assert_eq!(told, [&[first, first][..], &others].concat());
    // As the rule of now reads them.
    for (phone, disposition, memo) in &found {
        let last = super::super::last_call::last_call(&db.db, phone).unwrap();
        assert_eq!((&last.disposition, &last.memo), (disposition, memo), "{phone}");
    }
}

/// X7: whatever version a copy is of, its audit log says that it was restored.
#[test]
fn a_restored_copy_of_an_earlier_version_says_so() {
    for (version, sql) in (1_i64..).zip(STORED) {
        let folder = tempfile::tempdir().unwrap();
        let (copy, place) = (folder.path().join("copy.db"), folder.path().join("kakeru.db"));
        Connection::open(&copy).unwrap().execute_batch(sql).unwrap();
        let by = Actor { user: None, uid: Some(1234) };
        crate::sqlite::restore(&copy, &place, "now", by, NOW).unwrap();
        let db = open(&place, &OpenOptions::default()).unwrap();
        let noted = db.db.query_row(
            "SELECT at, object, ifnull(uid, detail ->> '$.uid') FROM audit WHERE action = 'store.restore'",
            [],
            |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, i64>(2)?)),
        );
        assert_eq!(noted.unwrap(), (NOW, copy.display().to_string(), 1234), "version {version}");
    }
}

/// C9: what no list calls is counted as such, also where it waited for its time; what was cleared has its turn.
#[test]
fn leads_of_version_12_that_are_not_called_are_no_due_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(STORED[11]).unwrap();
    drop(old);
    let db = open(&path, &OpenOptions::default()).unwrap();
    let list = open_reader(&path, db.changes()).unwrap().list_by_name("四月").unwrap();
    assert_eq!((list.total, list.blocked), (10, 3));
    let sql = "SELECT position, skip_reason FROM leads WHERE state = 'skipped' ORDER BY position";
    let found: Vec<(i64, String)> =
        super::super::all(&db.db, sql, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    let found: Vec<_> = found.iter().map(|(position, code)| (*position, code.as_str())).collect();
    assert_eq!(found, [(6, "E-DNC"), (9, "E-PHONE-FORBIDDEN"), (10, "E-DNC")]);
    db.db
        .execute("UPDATE do_not_call SET revoked_at = 1, revoked_reason = 'x' WHERE revoked_at IS NULL", [])
        .unwrap();
    let sql = "SELECT state FROM leads WHERE position IN (6, 9, 10) ORDER BY position";
    let states: Vec<String> = super::super::all(&db.db, sql, [], |r| r.get(0)).unwrap();
    assert_eq!(states, ["ready", "skipped", "waiting"]);
}

/// S4.43: names of before are found by the forms of today's characters.
#[test]
fn names_of_version_12_are_found_by_the_forms_of_today() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(STORED[11]).unwrap();
    drop(old);
    let db = open(&path, &OpenOptions::default()).unwrap();
    let mut reader = open_reader(&path, db.changes()).unwrap();
    let list = reader.list_by_name("四月").unwrap().id;
    for (company, person) in
        [(Some("高崎"), None), (Some("髙﨑商店"), None), (None, Some("渡辺真")), (None, Some("渡邊"))]
    {
        let (company, person) = (company.map(str::to_owned), person.map(str::to_owned));
        let filter = ViewFilter { company, person, ..ViewFilter::default() };
        let found = reader.find_leads(list, &filter).unwrap();
        assert_eq!(found.len(), 1, "{filter:?}");
        assert_eq!(reader.lead(found[0]).unwrap().company.as_deref(), Some("髙﨑商店"), "shown as it was");
    }
}

/// D24, S1.25, C9: what version 13 kept among the facts about the file, further numbers of who is excluded, and numbers that no list calls.
#[test]
fn a_database_of_version_13_keeps_what_rests_and_who_is_excluded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    Connection::open(&path).unwrap().execute_batch(STORED[12]).unwrap();
    let db = open(&path, &OpenOptions::default()).unwrap();
    let rests: Vec<(String, i64)> =
        super::super::all(&db.db, "SELECT phone, dialed_at FROM rests ORDER BY phone", [], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .unwrap();
    let of = |phone: &str, at| (phone.to_owned(), at);
    assert_eq!(rests, [of("+81330000012", 1_795_223_900_000), of("+819012345678", 1_795_224_000_000)]);
    assert_eq!(number(&db.db, "SELECT count(*) FROM meta WHERE key LIKE 'dialed%'"), 0);
    assert_eq!(number(&db.db, "SELECT value FROM meta WHERE key = 'next_event_seq'"), 4001);
    let mut reader = open_reader(&path, db.changes()).unwrap();
    for (phone, excluded) in
        [("+81330000013", true), ("+81330000007", true), ("+81330000009", false), ("+81330000008", false)]
    {
        assert_eq!(reader.is_excluded(phone).unwrap(), excluded, "{phone}");
    }
    db.db.execute("UPDATE leads SET excluded = 0", []).unwrap();
    assert!(!reader.is_excluded("+81330000013").unwrap());
    // Made due by whom you like: the long number and the two for which the callee pays stay out of the count.
    db.db
        .execute("UPDATE leads SET state = 'ready', skip_reason = NULL WHERE state = 'skipped'", [])
        .unwrap();
    let sql = "SELECT group_concat(position) FROM (SELECT position FROM leads WHERE skip_reason = 'E-PHONE-FORBIDDEN' ORDER BY 1)";
    let never: String = db.db.query_row(sql, [], |r| r.get(0)).unwrap();
    assert_eq!(never, "9,11,12");
}
