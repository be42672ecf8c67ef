//! What people look for: legal forms, parts of numbers.

use super::*;
use crate::model::{ContactQuery, HistoryQuery, PageAt, SortColumn, StatsQuery, ViewFilter, ViewQuery};
use crate::progress::Progress;

/// A list whose companies have forms, in two spellings, called one after another.
fn forms() -> World {
    let mut world = World::new(0);
    let rows =
        ["医療法人さくら会", "(医)もみじ会", "㈱カブラ", "株式会社 さくら", "みどり"].iter().enumerate();
    let rows: Vec<StagedRow> = rows
        .map(|(number, company)| StagedRow {
            company: Some((*company).to_owned()),
            name_key: name_key(Some(company), None),
            ..row(number)
        })
        .collect();
    world.import(world.list, &rows);
    for _ in &rows {
        world.now += MINUTE;
        world.call("talked");
    }
    world
}

/// S1.30: a form alone finds the companies that have it: on the list, in the book, in the history.
#[test]
fn a_legal_form_finds_the_companies_that_have_it() {
    let world = forms();
    let mut reader = world.reader();
    for (text, found) in [
        ("医療法人", vec!["(医)もみじ会", "医療法人さくら会"]),
        ("法人", vec!["(医)もみじ会", "医療法人さくら会"]),
        ("株式会社", vec!["㈱カブラ", "株式会社 さくら"]),
        ("（株）", vec!["㈱カブラ", "株式会社 さくら"]),
        ("合同会社", vec![]),
        ("㈱さくら", vec!["医療法人さくら会", "株式会社 さくら"]),
    ] {
        let mut found: Vec<String> = found.into_iter().map(str::to_owned).collect();
        found.sort();
        let sorted = |names: Vec<Option<String>>| {
            let mut names: Vec<String> = names.into_iter().flatten().collect();
            names.sort();
            names
        };
        for filter in [
            ViewFilter { name: Some(text.into()), ..ViewFilter::default() },
            ViewFilter { company: Some(text.into()), ..ViewFilter::default() },
        ] {
            let query = ViewQuery {
                list: world.list,
                filter,
                sort: SortColumn::Position,
                descending: false,
                page: PageAt::First,
                limit: 100,
                opaque: false,
            };
            let rows = reader.view(&query).unwrap().rows;
            assert_eq!(sorted(rows.into_iter().map(|row| row.company).collect()), found, "{text}");
        }
        let query = ContactQuery { text: Some(text.into()), ..ContactQuery::default() };
        let rows = reader.contacts(&query).unwrap();
        assert_eq!(sorted(rows.into_iter().map(|row| row.company).collect()), found, "{text}");
        for query in [
            HistoryQuery { name: Some(text.into()), ..HistoryQuery::default() },
            HistoryQuery { company: Some(text.into()), ..HistoryQuery::default() },
        ] {
            let rows = reader.history(&query).unwrap();
            assert_eq!(sorted(rows.into_iter().map(|row| row.company).collect()), found, "{text}");
        }
    }
}

/// S1.30: calls are found by a part of their number, written in any width; a search is told of and can be ended.
#[test]
fn a_part_of_a_number_finds_its_calls() {
    let mut world = World::new(12);
    for _ in 0..12 {
        world.now += MINUTE;
        world.call("talked");
    }
    let find = |digits: &str| {
        let query = HistoryQuery { digits: Some(digits.into()), ..HistoryQuery::default() };
        let rows = world.reader().history(&query);
        rows.map(|rows| rows.into_iter().filter_map(|row| row.phone).collect::<Vec<_>>())
    };
    assert_eq!(find("0011").unwrap(), vec!["+81330000011"]);
    assert_eq!(find("０３-3000-001").unwrap(), vec!["+81330000011", "+81330000010"]);
    assert_eq!(find("110").unwrap(), Vec::<String>::new());
    assert_eq!(find("-").unwrap_err().code(), "E-BAD-REQUEST");
    let page = HistoryQuery { digits: Some("3000".into()), limit: 5, ..HistoryQuery::default() };
    let rows = world.reader().history(&page).unwrap();
    assert_eq!(rows.len(), 5);
    let next = HistoryQuery { before: Some(rows[4].id), limit: 100, ..page };
    assert_eq!(world.reader().history(&next).unwrap().len(), 7);

    // Rows that a search reads past.
    let copy = "INSERT INTO attempts (id, box_id, seat, direction, origin, phone, dial_string, business_day, claimed_at, dialed_at)
                SELECT randomblob(16), box_id, seat, direction, origin, '+81355550000', dial_string, business_day, claimed_at,
                  dialed_at FROM attempts a, (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
                    SELECT i FROM n)";
    world.db.db.execute(copy, []).unwrap();
    let progress = Progress::default();
    let mut reader = world.reader();
    reader.watch(&progress).unwrap();
    let rare = HistoryQuery { digits: Some("0011".into()), ..HistoryQuery::default() };
    assert_eq!(reader.history(&rare).unwrap().len(), 1);
    assert_eq!(progress.total(), 2_412);
    assert!(progress.done() <= progress.total());
    progress.stop();
    assert!(reader.history(&rare).is_err(), "nobody waits for it");
}

/// S4.17: what was left blank stands among the results, which add up to コール数 but for those that do not count as calls.
#[test]
fn results_and_blank_ones_add_up_to_the_calls() {
    let mut world = World::new(8);
    let flags = crate::model::DispositionFlags { counts_call: Some(false), ..Default::default() };
    let draft = crate::model::DispositionDraft { code: None, label: "社内".into(), project: None, flags };
    world.db.disposition_add(&draft, Actor::default(), NOW).unwrap();
    for status in ["不通", "見込", "talked", "社内", "社内"] {
        world.now += MINUTE;
        world.call(status);
    }
    for _ in 0..2 {
        world.now += MINUTE;
        let claimed = world.dial().unwrap();
        world.db.end_attempt(&world.ended(claimed.attempt)).unwrap();
        world.db.seal(claimed.attempt, world.now + 21_000).unwrap();
    }
    let query = StatsQuery::default();
    let (stats, results) = world.reader().stats_with_results(&query).unwrap();
    let counted: u64 = results.iter().filter(|row| row.counts_call).map(|row| row.count).sum();
    assert_eq!((stats.calls, stats.blank, counted), (5, 2, 3));
    assert_eq!(results.iter().find(|row| !row.counts_call).map(|row| row.count), Some(2));
}
