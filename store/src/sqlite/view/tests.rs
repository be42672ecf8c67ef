//! The view against the plainest way to the same page: every lead read, filtered and sorted anew.

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use crate::backend::{Backend as _, ListVerbs as _, Office as _, Reader};
use crate::id::{LeadId, ListId, UserId};
use crate::model::{
    Actor, Assigned, CallKind, ColumnTest, DncClear, DncEntry, LeadChange, LeadFields, LeadFilter, LeadPhone,
    LeadRow, LeadState, ListQuery, PageAt, Role, SortColumn, ViewFilter, ViewPage, ViewQuery,
};
use crate::name_key::{fold, name_key, search_key};
use crate::sqlite::tests::{MINUTE, NOW, World, row};
use crate::sqlite::{SqliteBackend, open_reader};
use crate::staging::StagedRow;
use crate::thread::LazyReader;

fn page(
    reader: &mut dyn Reader,
    world: &World,
    filter: &ViewFilter,
    sort: SortColumn,
    at: PageAt,
) -> ViewPage {
    let query = ViewQuery {
        list: world.list,
        filter: filter.clone(),
        sort,
        descending: false,
        page: at,
        limit: 3,
        opaque: false,
    };
    reader.view(&query).unwrap()
}

/// Every lead, the plain way.
fn every(world: &World) -> Vec<LeadRow> {
    let filter = LeadFilter { include_excluded: true, ..LeadFilter::default() };
    let query = ListQuery { list: world.list, after: None, limit: 1000, filter };
    open_reader(&world.path, &Default::default()).unwrap().show_list(&query).unwrap()
}

fn passes(row: &LeadRow, filter: &ViewFilter) -> bool {
    let key = name_key(row.company.as_deref(), row.person.as_deref());
    let digits = format!("0{}", &row.phone[3..]);
    let folded = |name: &String| fold(name);
    let (company, person) = key.split_once('\u{1F}').unwrap();
    let written = row.company.as_deref().unwrap_or_default();
    let further = |phone: &LeadPhone| format!("0{}", &phone.phone[3..]);
    // The world's companies have forms in two spellings, which no person's name holds.
    let has_form = |text: &str| match text {
        "法人" | "医療法人" => written.contains("法人") || written.contains("（医）"),
        _ => false,
    };
    filter.name.as_ref().is_none_or(|name| key.contains(&search_key(name)) || has_form(name))
        && filter.company.as_ref().is_none_or(|name| company.contains(&search_key(name)) || has_form(name))
        && filter.person.as_ref().is_none_or(|name| person.contains(&fold(name)))
        && filter.number.as_ref().is_none_or(|number| {
            digits.contains(number.as_str())
                || row.extra_phones.iter().any(|phone| further(phone).contains(number.as_str()))
        })
        && filter.columns.iter().all(|test| {
            let says = |test: &ColumnTest| {
                let text = fold(row.attrs[&test.column].as_str().unwrap_or_default());
                if test.part { text.contains(&fold(&test.text)) } else { text == fold(&test.text) }
            };
            filter.columns.iter().filter(|other| other.column == test.column).any(says)
        })
        && filter
            .memo
            .as_ref()
            .is_none_or(|memo| row.last_memo.as_ref().is_some_and(|m| fold(m).contains(&fold(memo))))
        && filter.status.as_ref().is_none_or(|status| match status.as_str() {
            "" => row.last_status.is_none() && row.attempts > 0,
            status => row.last_status.as_deref() == Some(status),
        })
        && filter.kind.is_none_or(|kind| row.last_kind == Some(kind))
        && filter.last_user.is_none_or(|user| row.last_user == Some(user))
        && filter.from.is_none_or(|from| row.last_at.is_some_and(|at| at >= from))
        && filter.to.is_none_or(|to| row.last_at.is_some_and(|at| at < to))
        && filter.dialable.is_none_or(|dialable| row.dialable == dialable)
        && filter.blocked.is_none_or(|blocked| row.blocked().is_some() == blocked)
        && filter.state.is_none_or(|state| row.state == state)
        && filter.attempts.is_none_or(|attempts| row.attempts == attempts)
        && filter.at_least.is_none_or(|least| row.attempts >= least)
        && match filter.assigned {
            None => true,
            Some(Assigned::Nobody) => row.assigned.is_none(),
            Some(Assigned::To(user)) => row.assigned == Some(user),
            Some(Assigned::ToOrNobody(user)) => row.assigned.is_none_or(|owner| owner == user),
        }
        && (filter.categories.is_empty()
            || row
                .categories
                .iter()
                .map(folded)
                .any(|name| filter.categories.iter().map(folded).any(|w| w == name)))
}

/// What a row sorts by; an empty text is no value.
fn value(row: &LeadRow, sort: SortColumn) -> Option<(i64, String)> {
    let number = |number: i64| Some((number, String::new()));
    let text = |text: String| (!text.is_empty()).then_some((0, text));
    match sort {
        SortColumn::Position => number(row.position),
        SortColumn::Assigned => row.assigned_name.as_ref().map(|name| (0, fold(name))),
        SortColumn::Company => text(search_key(row.company.as_deref().unwrap_or_default())),
        SortColumn::Person => text(fold(row.person.as_deref().unwrap_or_default())),
        SortColumn::Phone => text(format!("0{}", &row.phone[3..])),
        SortColumn::Category => row.categories.first().map(|name| (0, fold(name))),
        SortColumn::LastKind => row.last_kind.and_then(|kind| number(kind as i64)),
        SortColumn::LastUser => row.last_user_name.as_ref().map(|name| (0, fold(name))),
        SortColumn::LastAt => row.last_at.and_then(number),
        SortColumn::LastStatus => {
            let order =
                ["no_contact", "fax", "not_in_service", "prospect", "callback", "do_not_call", "talked"];
            let place = |status: &String| order.iter().position(|known| known == status).unwrap_or(99) as i64;
            row.last_status.as_ref().and_then(|status| number(place(status)))
        }
        SortColumn::Dialable => number(if row.dialable { i64::from(row.blocked().is_some()) } else { 2 }),
    }
}

fn plainly(world: &World, filter: &ViewFilter, sort: SortColumn, descending: bool) -> Vec<i64> {
    let mut rows: Vec<LeadRow> = every(world).into_iter().filter(|row| passes(row, filter)).collect();
    rows.sort_by(|one, other| match (value(one, sort), value(other, sort)) {
        (Some(one_value), Some(other_value)) => {
            let order = one_value.cmp(&other_value).then(one.position.cmp(&other.position));
            if descending { order.reverse() } else { order }
        }
        (one_value, other_value) => {
            one_value.is_none().cmp(&other_value.is_none()).then(one.position.cmp(&other.position))
        }
    });
    rows.into_iter().map(|row| row.position).collect()
}

/// Pages through the whole view forwards and back.
fn by_pages(
    reader: &mut dyn Reader,
    world: &World,
    filter: &ViewFilter,
    sort: SortColumn,
    descending: bool,
) -> Vec<i64> {
    let ask = |reader: &mut dyn Reader, at: PageAt| {
        let query = ViewQuery {
            list: world.list,
            filter: filter.clone(),
            sort,
            descending,
            page: at,
            limit: 3,
            opaque: false,
        };
        reader.view(&query).unwrap()
    };
    let positions = |page: &ViewPage| -> Vec<i64> { page.rows.iter().map(|row| row.position).collect() };
    let mut forwards = Vec::new();
    let mut at = PageAt::First;
    loop {
        let page = ask(reader, at);
        assert_eq!(page.first, forwards.len() as u64);
        forwards.extend(positions(&page));
        match page.next {
            Some(next) => at = PageAt::After(next),
            None => {
                assert_eq!(page.total, forwards.len() as u64);
                break;
            }
        }
    }
    let mut backwards: Vec<Vec<i64>> = Vec::new();
    let mut at = PageAt::Last;
    loop {
        let page = ask(reader, at);
        backwards.push(positions(&page));
        match page.previous {
            Some(previous) => at = PageAt::Before(previous),
            None => break,
        }
    }
    assert_eq!(backwards.into_iter().rev().flatten().collect::<Vec<_>>(), forwards);
    let jumped = ask(reader, PageAt::Row(2));
    assert_eq!(positions(&jumped), forwards.iter().copied().skip(2).take(3).collect::<Vec<_>>());
    forwards
}

fn change(db: &mut SqliteBackend, list: ListId, leads: &[LeadId], what: &LeadChange) {
    db.change_leads(list, &leads.to_vec().into(), what, Actor::default(), NOW).unwrap();
}

fn say(world: &mut World, lead: LeadId, column: &str, text: &str) {
    let columns = vec![(column.to_owned(), text.to_owned())];
    let fields = LeadFields { columns, ..LeadFields::default() };
    world.db.change_lead_fields(lead, &fields, Actor::default(), world.now).unwrap();
}

#[derive(Clone, Debug)]
enum Step {
    Call(&'static str, bool),
    Exclude(usize),
    /// Puts its number on the do-not-call list, or takes it off.
    Block(usize),
    Include(usize),
    Assign(usize, usize),
    Delete(usize),
    Restore,
    Further(usize, usize),
    Column(usize, &'static str),
    Import(usize, usize),
    Rename,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (prop::sample::select(vec!["不通", "見込", "talked", ""]), any::<bool>()).prop_map(|(s, a)| Step::Call(s, a)),
        1 => (0..20_usize).prop_map(Step::Exclude),
        2 => (0..5_usize).prop_map(Step::Block),
        1 => (0..20_usize).prop_map(Step::Include),
        2 => (0..20_usize, 0..3_usize).prop_map(|(lead, user)| Step::Assign(lead, user)),
        1 => (0..20_usize).prop_map(Step::Delete),
        1 => Just(Step::Restore),
        2 => (0..20_usize, 0..4_usize).prop_map(|(lead, number)| Step::Further(lead, number)),
        2 => (0..20_usize, prop::sample::select(vec!["東京", "とうきょう A", "大阪 \"北\"", ""]))
            .prop_map(|(lead, text)| Step::Column(lead, text)),
        1 => (0..30_usize, 1..6_usize).prop_map(|(from, count)| Step::Import(from, count)),
        1 => Just(Step::Rename),
    ]
}

fn filter(users: [UserId; 3]) -> impl Strategy<Value = ViewFilter> {
    let none = || Just(ViewFilter::default());
    prop_oneof![
        3 => none(),
        1 => prop::sample::select(vec!["会社1", "㈱会社", "たろう", "z", "法人"]).prop_map(|name| ViewFilter { name: Some(name.to_owned()), ..ViewFilter::default() }),
        1 => prop::sample::select(vec!["会社1", "たろう", "株式会社会社", "医療法人"]).prop_map(|name| ViewFilter { company: Some(name.to_owned()), ..ViewFilter::default() }),
        1 => prop::sample::select(vec!["ﾀﾛｳ", "会社"]).prop_map(|name| ViewFilter { person: Some(name.to_owned()), ..ViewFilter::default() }),
        2 => prop::collection::vec((prop::sample::select(vec!["地域", "備考"]), prop::sample::select(vec!["東京", "ﾄｳｷｮｳａ", "トウ", "\"北", "n1"]), any::<bool>()), 1..3).prop_map(|tests| ViewFilter {
            columns: tests.into_iter().map(|(column, text, part)| ColumnTest { column: column.to_owned(), text: text.to_owned(), part }).collect(),
            ..ViewFilter::default()
        }),
        1 => Just(ViewFilter { columns: vec![ColumnTest { column: "地域".to_owned(), ..ColumnTest::default() }], ..ViewFilter::default() }),
        2 => prop::sample::select(vec!["0901111", "0330", "3000000", "5"]).prop_map(|number| ViewFilter { number: Some(number.to_owned()), ..ViewFilter::default() }),
        1 => Just(ViewFilter { memo: Some("めも".to_owned()), ..ViewFilter::default() }),
        1 => prop::sample::select(vec!["no_contact", "prospect", ""]).prop_map(|status| ViewFilter { status: Some(status.to_owned()), ..ViewFilter::default() }),
        1 => prop::sample::select(vec![CallKind::Out, CallKind::OutMissed, CallKind::In]).prop_map(|kind| ViewFilter { kind: Some(kind), ..ViewFilter::default() }),
        1 => (0..3_usize).prop_map(move |user| ViewFilter { last_user: Some(users[user]), ..ViewFilter::default() }),
        1 => Just(ViewFilter { from: Some(NOW + 3 * MINUTE), to: Some(NOW + 9 * MINUTE), ..ViewFilter::default() }),
        1 => (0..3_usize).prop_map(move |user| ViewFilter { assigned: Some(Assigned::To(users[user])), ..ViewFilter::default() }),
        1 => Just(ViewFilter { assigned: Some(Assigned::ToOrNobody(users[0])), ..ViewFilter::default() }),
        1 => Just(ViewFilter { assigned: Some(Assigned::Nobody), dialable: Some(true), ..ViewFilter::default() }),
        1 => Just(ViewFilter { categories: vec!["関東".to_owned(), "ｶﾝｻｲ".to_owned()], ..ViewFilter::default() }),
        1 => Just(ViewFilter { dialable: Some(false), ..ViewFilter::default() }),
        1 => Just(ViewFilter { blocked: Some(true), ..ViewFilter::default() }),
        1 => Just(ViewFilter { dialable: Some(true), blocked: Some(false), ..ViewFilter::default() }),
        1 => Just(ViewFilter { state: Some(LeadState::Ready), ..ViewFilter::default() }),
        1 => Just(ViewFilter { attempts: Some(1), status: Some("no_contact".to_owned()), ..ViewFilter::default() }),
        1 => Just(ViewFilter { at_least: Some(1), ..ViewFilter::default() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// S1.30, S1.31-S1.34, S1.37, S1.39, S1.40, S4.42, S4.43: every sort and filter, whatever happened meanwhile, in pages.
    #[test]
    fn a_view_that_is_kept_shows_what_a_new_one_would(
        steps in prop::collection::vec((step(), 0..SortColumn::ALL.len(), any::<bool>(), any::<u32>()), 1..14),
        seed in any::<[u8; 32]>(),
    ) {
        let mut world = World::new(14);
        let users = ["bob", "carol"].map(|login| {
            world.db.ensure_user(login, &format!("名前{login}"), Role::Operator, NOW).unwrap()
        });
        let users = [world.user, users[0], users[1]];
        let mut reader = world.reader();
        let first = every(&world)[0].id;
        for name in ["地域", "備考"] {
            say(&mut world, first, name, "東京");
        }
        let mut deleted = None;
        let mut runner = proptest::test_runner::TestRunner::new_with_rng(
            ProptestConfig::default(),
            proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed),
        );
        for (step, sort, descending, _) in steps {
            world.now += MINUTE;
            let leads: Vec<LeadId> = every(&world).iter().map(|row| row.id).collect();
            let lead = |at: usize| leads.get(at % leads.len().max(1)).copied();
            match step {
                Step::Call(status, answered) => {
                    if let Some(claimed) = world.dial() {
                        let mut end = world.ended(claimed.attempt);
                        end.answered_at = answered.then_some(world.now + 500);
                        world.db.end_attempt(&end).unwrap();
                        let mut save = world.save(claimed.attempt, status);
                        save.memo = answered.then(|| "メモ ".to_owned());
                        world.db.save(&save).unwrap();
                        world.db.seal(claimed.attempt, world.now).unwrap();
                    }
                }
                Step::Exclude(at) => change(&mut world.db, world.list, lead(at).as_slice(), &LeadChange::Exclude { reason: None }),
                Step::Block(at) => {
                    if let Some(phone) = every(&world).get(at).map(|row| row.phone.clone()) {
                        let by = Actor::default();
                        let (reason, now) = ("希望".to_owned(), world.now);
                        let clear = DncClear { phone: phone.clone(), project: None, reason: reason.clone(), by, now };
                        if world.db.dnc_clear_all(&[clear]).unwrap() == 0 {
                            let entry = DncEntry::by_hand(phone, reason, by, now);
                            world.db.dnc_add_all(&[entry]).unwrap();
                        }
                    }
                }
                Step::Include(at) => change(&mut world.db, world.list, lead(at).as_slice(), &LeadChange::Include),
                Step::Assign(at, user) => {
                    change(&mut world.db, world.list, lead(at).as_slice(), &LeadChange::Assign { users: vec![users[user]] });
                }
                Step::Delete(at) => {
                    change(&mut world.db, world.list, lead(at).as_slice(), &LeadChange::Delete);
                    deleted = Some(NOW);
                }
                Step::Restore => {
                    let mut after = None;
                    while let Some(at) = deleted {
                        let (_, next) = world.db.restore_leads(world.list, at, after).unwrap();
                        if next.is_none() {
                            break;
                        }
                        after = next;
                    }
                }
                Step::Further(at, number) => {
                    if let Some(lead) = lead(at) {
                        let number = format!("0901111000{number}");
                        // It may have it already.
                        let _ = world.db.add_lead_phone(lead, &number, None, Actor::default(), world.now);
                    }
                }
                Step::Column(at, text) => {
                    if let Some(lead) = lead(at) {
                        say(&mut world, lead, "地域", text);
                    }
                }
                Step::Import(from, count) => {
                    let rows: Vec<_> = (from..from + count).map(|number| {
                        let mut row = row(number);
                        row.person = Some(format!("タロウ{number}"));
                        let form = ["", "医療法人", "（医）"][number % 3];
                        row.company = row.company.map(|name| form.to_owned() + &name);
                        row.name_key = name_key(row.company.as_deref(), row.person.as_deref());
                        if number % 3 == 0 { row.categories = vec!["カンサイ".into(), "関東".into()]; }
                        row
                    }).collect();
                    let list = world.list;
                    world.import(list, &rows);
                }
                Step::Rename => {
                    world.db.ensure_user("alice", &format!("A{}", world.now), Role::Operator, world.now).unwrap();
                }
            }
            let filter = filter(users).new_tree(&mut runner).unwrap().current();
            let sort = SortColumn::ALL[sort];
            let expected = plainly(&world, &filter, sort, descending);
            let found = by_pages(&mut *reader, &world, &filter, sort, descending);
            prop_assert_eq!(found, expected, "{:?} {} {}", filter, sort, descending);
            let ids = reader.find_leads(world.list, &filter).unwrap();
            prop_assert_eq!(ids.len(), plainly(&world, &filter, SortColumn::Position, false).len());
        }
    }
}

/// S1.30: a place between pages stays where it is though its row moves or goes.
#[test]
fn a_place_outlives_its_row() {
    let mut world = World::new(9);
    let mut reader = world.reader();
    let all = ViewFilter::default();
    let first = page(&mut *reader, &world, &all, SortColumn::Position, PageAt::First);
    assert_eq!((first.total, first.first, first.previous.is_none()), (9, 0, true));
    let third = first.rows[2].id;
    change(&mut world.db, world.list, &[third], &LeadChange::Delete);
    let second = page(&mut *reader, &world, &all, SortColumn::Position, PageAt::After(first.next.unwrap()));
    assert_eq!(second.rows.iter().map(|row| row.position).collect::<Vec<_>>(), [4, 5, 6]);
    assert_eq!((second.total, second.first), (8, 2));
    let back =
        page(&mut *reader, &world, &all, SortColumn::Position, PageAt::Before(second.previous.unwrap()));
    assert_eq!(back.rows.iter().map(|row| row.position).collect::<Vec<_>>(), [1, 2]);
    let query = ViewQuery {
        list: world.list,
        filter: all,
        sort: SortColumn::Position,
        descending: false,
        page: PageAt::After("x".to_owned()),
        limit: 3,
        opaque: false,
    };
    assert_eq!(reader.view(&query).unwrap_err().code(), "E-BAD-REQUEST");
}

/// Leads of an import that is not committed are in no page.
#[test]
fn staged_leads_are_not_shown_and_committed_ones_appear() {
    use crate::staging::{ImportStart, StagePolicy};
    let mut world = World::new(2);
    let mut reader = world.reader();
    let all = ViewFilter::default();
    assert_eq!(page(&mut *reader, &world, &all, SortColumn::Company, PageAt::First).total, 2);
    let start = ImportStart { list: Some(world.list), source: "x".into(), user: None, now: NOW };
    let import = world.db.begin_import(&start).unwrap();
    let rows: Vec<_> = (10..20).map(row).collect();
    world.stage(import, &rows, StagePolicy::default()).unwrap();
    assert_eq!(page(&mut *reader, &world, &all, SortColumn::Company, PageAt::First).total, 2);
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    assert_eq!(page(&mut *reader, &world, &all, SortColumn::Company, PageAt::First).total, 12);
    world.undo(import);
    assert_eq!(page(&mut *reader, &world, &all, SortColumn::Company, PageAt::First).total, 2);
    world.db.delete_list(world.list, Actor::default(), NOW).unwrap();
    let query = ViewQuery {
        list: world.list,
        filter: all,
        sort: SortColumn::Company,
        descending: true,
        page: PageAt::Last,
        limit: 0,
        opaque: false,
    };
    assert_eq!(reader.view(&query).unwrap_err().code(), "E-NOT-FOUND");
}

/// S4.43: a column is named however it is written, and one that the list does not have is told with those it has.
#[test]
fn a_column_is_found_by_its_name_or_told_to_be_missing() {
    let mut world = World::new(3);
    let mut reader = world.reader();
    let lead = every(&world)[1].id;
    say(&mut world, lead, "ＴＥＬメモ", "ﾄｳｷｮｳ");
    let by = |column: &str| ViewFilter {
        columns: vec![ColumnTest {
            column: column.to_owned(), text: "とうきょう".to_owned(), part: false
        }],
        ..ViewFilter::default()
    };
    assert_eq!(reader.find_leads(world.list, &by("telめも")).unwrap(), [lead]);
    let error = reader.find_leads(world.list, &by("地域")).unwrap_err();
    assert_eq!(error.code(), "E-NOT-FOUND");
    assert!(error.to_string().contains("\"地域\"") && error.to_string().contains("ＴＥＬメモ"), "{error}");
    assert!(error.ja().contains("「地域」"), "{}", error.ja());
    let nothing = ColumnTest { column: "TELメモ".to_owned(), text: " ".to_owned(), part: true };
    let nothing = ViewFilter { columns: vec![nothing], ..ViewFilter::default() };
    assert_eq!(reader.find_leads(world.list, &nothing).unwrap_err().code(), "E-BAD-REQUEST");
}

/// What is read once for a list is read in one walk each.
#[test]
fn texts_are_read_in_one_walk() {
    let world = World::new(1);
    let sql = format!("EXPLAIN QUERY PLAN {}", super::further::READ);
    let mut plan = world.db.db.prepare(&sql).unwrap();
    let lines = plan.query_map(([0_u8; 16], [255_u8; 16]), |r| r.get::<_, String>(3)).unwrap();
    let lines: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(
        lines,
        [
            "SEARCH p USING PRIMARY KEY (lead_id>? AND lead_id<?)",
            "SEARCH l USING COVERING INDEX sqlite_autoindex_leads_1 (id=?)"
        ]
    );
}

/// S3.14, S3.2: for whoever sees numbers masked, places between pages hold no names, which may be numbers; pages are the same.
#[test]
fn places_for_masked_roles_hold_no_names() {
    let mut world = World::new(0);
    let names = ["0312345678", "さくら", "0312340001", "㈱海", "0399999999", "", "0312340001"];
    let named = names.iter().enumerate().map(|(at, name)| StagedRow {
        company: Some((*name).to_owned()).filter(|name| !name.is_empty()),
        name_key: name_key(Some(name), None),
        ..row(at)
    });
    let named: Vec<_> = named.collect();
    world.import(world.list, &named);
    let mut reader = open_reader(&world.path, &Default::default()).unwrap();
    let mut ask = |sort, descending, at: PageAt, opaque| {
        let filter = ViewFilter::default();
        let query = ViewQuery { list: world.list, filter, sort, descending, page: at, limit: 2, opaque };
        reader.view(&query)
    };
    for descending in [false, true] {
        let (mut whole, mut hidden) = (PageAt::First, PageAt::First);
        loop {
            let one = ask(SortColumn::Company, descending, whole.clone(), false).unwrap();
            let other = ask(SortColumn::Company, descending, hidden.clone(), true).unwrap();
            let ids = |page: &ViewPage| page.rows.iter().map(|row| row.id).collect::<Vec<_>>();
            assert_eq!((ids(&one), one.first), (ids(&other), other.first));
            for place in [&other.next, &other.previous].into_iter().flatten() {
                assert!(place.len() <= 3, "{place}");
            }
            let (Some(next), Some(behind)) = (one.next, other.next) else { break };
            (whole, hidden) = (PageAt::After(next), PageAt::After(behind));
        }
    }
    // Nor are they found out by trying: 0312 as a name.
    for place in ["1t30333132", "99r"] {
        let refused = ask(SortColumn::Company, false, PageAt::After(place.to_owned()), true).unwrap_err();
        assert_eq!(refused.code(), "E-BAD-REQUEST", "{place}");
    }
}

/// S1.30: a list that nobody looks at any more is let go of, though others read all the time.
#[test]
fn a_list_is_held_for_those_who_look_at_it() {
    let world = World::new(5);
    let (path, changes) = (world.path.clone(), world.db.changes().clone());
    let mut lazy = LazyReader::new(Box::new(move || open_reader(&path, &changes)));
    #[expect(clippy::disallowed_methods, reason = "only what is added to it counts")]
    let begin = std::time::Instant::now();
    let at = |seconds| begin + Duration::from_secs(seconds);
    assert_eq!(lazy.stays(begin), None, "nothing was read");
    lazy.reader().unwrap().contact_count().unwrap();
    lazy.note(begin);
    assert_eq!(lazy.stays(at(1)), Some(Duration::from_secs(2)));

    let (filter, sort) = (ViewFilter::default(), SortColumn::Position);
    page(lazy.reader().unwrap(), &world, &filter, sort, PageAt::First);
    lazy.note(at(10));
    for second in [60, 100, 129] {
        lazy.reader().unwrap().contact_count().unwrap();
        lazy.note(at(second));
        assert!(lazy.reader().unwrap().lingers().is_some(), "{second} s");
        assert_eq!(lazy.stays(at(second)), Some(Duration::from_secs(130 - second)));
    }
    page(lazy.reader().unwrap(), &world, &filter, sort, PageAt::First);
    lazy.note(at(129));
    lazy.reader().unwrap().contact_count().unwrap();
    lazy.note(at(248));
    assert!(lazy.reader().unwrap().lingers().is_some(), "it was looked at again");
    lazy.note(at(249));
    assert!(lazy.reader().unwrap().lingers().is_none());
    assert_eq!(lazy.stays(at(249)), Some(Duration::from_secs(2)));
}
