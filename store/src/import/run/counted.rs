//! Every row of a file ends in exactly one of the counts.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::super::{DupPolicy, ImportSource};
use super::*;
use crate::handle::{OpenOptions, Store};
use crate::model::{LeadFilter, ListQuery, ListSpec};

const NOW: i64 = 1_780_000_000_000;

/// A few numbers and a few names, so that both come again; no name: a row that is refused.
fn rows(most: usize) -> impl Strategy<Value = Vec<(u8, Option<&'static str>)>> {
    let name = select(vec![Some("A社"), Some("B社"), Some("C社"), None]);
    proptest::collection::vec((0..6_u8, name), 1..most)
}

fn sheet(rows: &[(u8, Option<&str>)]) -> ImportSource {
    let lines =
        rows.iter().map(|(number, name)| format!("{},,031234567{number}\n", name.unwrap_or_default()));
    ImportSource::Bytes(lines.collect::<String>().into_bytes())
}

async fn import(
    store: &Store,
    list: Option<ListId>,
    rows: &[(u8, Option<&str>)],
    options: ImportOptions,
) -> ImportReport {
    let job = match list {
        Some(list) => ImportJob::into_list(list, sheet(rows), NOW),
        None => ImportJob::into_contacts(sheet(rows), NOW),
    };
    store.import(ImportJob { options, ..job }).await.unwrap()
}

/// Company by number.
async fn on_the_list(store: &Store, list: ListId) -> BTreeMap<String, Option<String>> {
    let query = ListQuery { list, after: None, limit: 1000, filter: LeadFilter::default() };
    store.show_list(query).await.unwrap().into_iter().map(|lead| (lead.phone, lead.company)).collect()
}

async fn in_the_book(store: &Store) -> BTreeMap<String, Option<String>> {
    let book = store.contacts(crate::ContactQuery::default()).await.unwrap();
    book.into_iter().map(|contact| (contact.phones[0].phone.clone(), contact.company)).collect()
}

/// What the counts must be to be true: `before` and `after` are what was there.
fn check(
    report: &ImportReport,
    before: &BTreeMap<String, Option<String>>,
    after: &BTreeMap<String, Option<String>>,
    options: &ImportOptions,
) -> std::result::Result<(), TestCaseError> {
    let kept = report.inserted + report.updated + report.unchanged + report.skipped;
    prop_assert_eq!(kept, report.accepted, "{:?}", report);
    prop_assert_eq!(kept + report.duplicates + report.refused, report.rows, "{:?}", report);
    prop_assert_eq!(report.inserted, (after.len() - before.len()) as u64, "{:?}", report);
    let differ = before.iter().filter(|(number, company)| after[*number] != **company).count() as u64;
    match options.dup_in_file {
        // One that was changed and changed back was changed.
        DupPolicy::Merge => prop_assert!(differ <= report.updated, "{:?}", report),
        _ => prop_assert_eq!(differ, report.updated, "{:?}", report),
    }
    if options.dup_existing == DupExisting::Skip {
        prop_assert_eq!((differ, report.updated), (0, 0));
    }
    Ok(())
}

/// What the rows that count say of each number; one without a name is refused unless the number has one.
fn said(
    rows: &[(u8, Option<&str>)],
    before: &BTreeMap<String, Option<String>>,
    policy: DupPolicy,
) -> BTreeMap<String, Option<String>> {
    let mut said: BTreeMap<String, Option<String>> = BTreeMap::new();
    for (number, name) in rows {
        let number = format!("+8131234567{number}");
        let again = said.contains_key(&number);
        let named = before.contains_key(&number) || (policy == DupPolicy::Merge && again);
        let counts = match policy {
            DupPolicy::Last => true,
            DupPolicy::Merge => !again || name.is_some(),
            _ => !again,
        };
        if counts && (named || name.is_some()) {
            said.insert(number, name.map(str::to_owned));
        }
    }
    said
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// S0.20, S1.18, S1.19, C3.
    #[test]
    fn every_row_is_in_exactly_one_count(
        known in rows(6),
        file in rows(24),
        dup_in_file in select(vec![DupPolicy::Error, DupPolicy::First, DupPolicy::Last, DupPolicy::Merge]),
        dup_existing in select(vec![DupExisting::Update, DupExisting::Skip]),
        listed in any::<bool>(),
    ) {
        let options = || ImportOptions { dup_in_file, dup_existing, partial: true, ..ImportOptions::default() };
        let first = || ImportOptions { dup_in_file: DupPolicy::First, partial: true, ..ImportOptions::default() };
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (report, before, after) = runtime.block_on(async {
            let store = Store::open(&folder.path().join("kakeru.db"), OpenOptions::default()).unwrap();
            let project = store.ensure_project("案件", None, NOW).await.unwrap();
            let spec = ListSpec { name: "一".to_owned(), project };
            let list = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
            let list = listed.then_some(list);
            let there = async || match list {
                Some(list) => on_the_list(&store, list).await,
                None => in_the_book(&store).await,
            };
            import(&store, list, &known, first()).await;
            let before = there().await;
            let report = import(&store, list, &file, options()).await;
            let after = there().await;
            store.close().await;
            (report, before, after)
        });
        prop_assert_eq!(report.applied, report.accepted > 0);
        if report.applied {
            check(&report, &before, &after, &options())?;
            for (number, name) in said(&file, &before, dup_in_file) {
                let there = before.get(&number).cloned().flatten();
                let stays = dup_existing == DupExisting::Skip && there.is_some();
                prop_assert_eq!(&after[&number], &if stays { there } else { name.or(there) });
            }
        }
    }
}
