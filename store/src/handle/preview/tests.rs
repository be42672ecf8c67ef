use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::code::Code;
use crate::export::ExportOptions;
use crate::id::{ListId, UserId};
use crate::import::{DupExisting, DupPolicy, ImportSource};
use crate::model::{ContactQuery, ListInfo, ListSpec, Role};

const NOW: i64 = 1_780_000_000_000;

struct World {
    folder: tempfile::TempDir,
    store: Store,
    list: ListId,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kakeru.db"), OpenOptions::default()).unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let spec = ListSpec { name: "一".to_owned(), project };
    let list = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
    World { folder, store, list }
}

impl World {
    fn job(&self, list: Option<ListId>, text: &str, options: &ImportOptions) -> ImportJob {
        let source = ImportSource::Bytes(text.as_bytes().to_vec());
        ImportJob { list, source, options: options.clone(), by: Actor::default(), now: NOW, progress: None }
    }

    /// All that is kept of leads and contacts.
    async fn state(&self) -> (String, String) {
        let text = async |name: &str| {
            let path = self.folder.path().join(name);
            let options = ExportOptions { path: path.clone(), ..ExportOptions::default() };
            match name {
                "list.csv" => self.store.export_list(self.list, options).await.unwrap(),
                _ => self.store.export_contacts(options).await.unwrap(),
            };
            std::fs::read_to_string(path).unwrap()
        };
        (text("list.csv").await, text("contacts.csv").await)
    }

    fn trials(&self) -> Vec<String> {
        names(self.folder.path()).into_iter().filter(|name| name.contains("trial")).collect()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn counts(report: &ImportReport) -> [u64; 8] {
    [
        report.rows,
        report.accepted,
        report.inserted,
        report.updated,
        report.unchanged,
        report.skipped,
        report.contacts_created,
        report.contacts_updated,
    ]
}

/// A file of rows: which number, which company, which category; some have a further number.
fn sheet(rows: &[(u8, u8, u8)]) -> String {
    let mut text = "会社名,氏名,電話番号,電話番号2,カテゴリー\n".to_owned();
    for (number, company, category) in rows {
        let company = if *company == 0 { String::new() } else { format!("会社{company}") };
        let further = if number % 3 == 2 { format!("03-2222-00{number:02}") } else { String::new() };
        let category = if *category == 0 { String::new() } else { format!("区分{category}") };
        text.push_str(&format!("{company},担当,03-1111-00{number:02},{further},{category}\n"));
    }
    text
}

fn rows() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    prop::collection::vec((0..12_u8, 0..3_u8, 0..3_u8), 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// S1.14: a preview counts what the import then does, whatever is there, and changes nothing.
    #[test]
    fn a_preview_counts_what_the_import_does(
        before in rows(), book in rows(), file in rows(),
        into_list in any::<bool>(), skip in any::<bool>(), empty in any::<bool>(), policy in 0..4_u8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = world().await;
            let last = ImportOptions { dup_in_file: DupPolicy::Last, ..ImportOptions::default() };
            world.store.import(world.job(Some(world.list), &sheet(&before), &last)).await.unwrap();
            let contacts = ImportOptions { contacts: true, ..last };
            world.store.import(world.job(None, &sheet(&book), &contacts)).await.unwrap();
            let options = ImportOptions {
                contacts: !into_list,
                dup_in_file: match policy {
                    0 => DupPolicy::Error,
                    1 => DupPolicy::First,
                    2 => DupPolicy::Last,
                    _ => DupPolicy::Merge,
                },
                dup_existing: if skip { DupExisting::Skip } else { DupExisting::Update },
                overwrite_empty: empty,
                partial: policy == 0,
                ..ImportOptions::default()
            };
            let job = || world.job(into_list.then_some(world.list), &sheet(&file), &options);
            let state = world.state().await;
            let looked = world.store.preview_import(job()).await.unwrap();
            assert!(!looked.report.applied && looked.report.import.is_none());
            assert_eq!(world.state().await, state);
            assert_eq!(world.trials(), Vec::<String>::new());
            let done = world.store.import(job()).await.unwrap();
            assert_eq!(counts(&looked.report), counts(&done));
        });
    }
}

/// X7, S1.6, S1.14: rows that are of somebody who may not use the list are told, with whose they are: by the preview and by the import.
#[tokio::test]
async fn rows_that_nobody_is_offered_are_told() {
    let world = world().await;
    let mut users = Vec::new();
    for (login, role) in [("op2", Role::Operator), ("op3", Role::Operator), ("boss", Role::Supervisor)] {
        users.push(world.store.ensure_user(login, login, role, NOW).await.unwrap());
    }
    let (op2, op3, boss) = (users[0], users[1], users[2]);
    let by = Actor::default();
    // A number of op2's since another list's import.
    let project = world.store.ensure_project("案件", None, NOW).await.unwrap();
    let other = ListSpec { name: "別".to_owned(), project };
    let other = world.store.create_list(other, by, NOW).await.unwrap().id;
    let to = |users: &[UserId]| ImportOptions { assign: users.to_vec(), ..ImportOptions::default() };
    let done = world.store.import(world.job(Some(other), &sheet(&[(0, 1, 0)]), &to(&[op2]))).await.unwrap();
    assert!(!done.counts.contains_key(&Code::OwnerGrant), "a list of everybody's: {:?}", done.problems);
    world.store.grant_list(world.list, vec![op3], true, by, NOW).await.unwrap();
    let rows = |numbers: [u8; 2]| sheet(&numbers.map(|number| (number, 1, 0)));
    // The sheet gives a lead that is there to somebody else.
    let given = "会社名,電話番号,発信担当者ID\n会社1,03-1111-0006,op2\n会社1,03-1111-0007,op3\n".to_owned();
    for (text, users, told) in [
        (rows([0, 1]), vec![], vec!["op2 (1)"]),
        (rows([3, 4]), vec![op2], vec!["op2 (2)"]),
        (rows([6, 7]), vec![op3, boss], vec![]),
        (given, vec![], vec!["op2 (1)"]),
    ] {
        let options = ImportOptions { owners: true, ..to(&users) };
        let job = || world.job(Some(world.list), &text, &options);
        let looked = world.store.preview_import(job()).await.unwrap().report;
        let done = world.store.import(job()).await.unwrap();
        for report in [looked, done] {
            let told_of = report.problems.iter().filter(|problem| problem.code == Code::OwnerGrant);
            assert_eq!(told_of.map(|problem| problem.value.as_str()).collect::<Vec<_>>(), told);
            let counted = report.counts.get(&Code::OwnerGrant).copied().unwrap_or(0);
            assert_eq!(counted > 0, !told.is_empty());
        }
    }
}

/// S1.12, S0.23: what the import would refuse as a whole, its preview refuses; the refused rows are written all the same.
#[tokio::test]
async fn a_preview_refuses_what_the_import_would_refuse() {
    let world = world().await;
    let text = sheet(&[(0, 1, 0), (1, 1, 0), (3, 1, 0)]);
    let full = ImportOptions { max_leads: 2, ..ImportOptions::default() };
    let error = world.store.preview_import(world.job(Some(world.list), &text, &full)).await.unwrap_err();
    assert_eq!(error.code(), "E-LIST-FULL");
    let full = ImportOptions { max_contacts: 2, contacts: true, ..ImportOptions::default() };
    let error = world.store.preview_import(world.job(None, &text, &full)).await.unwrap_err();
    assert_eq!(error.code(), "E-CONTACTS-FULL");
    let path = world.folder.path().join("refused.csv");
    let report = ImportOptions { error_csv: Some(path.clone()), ..ImportOptions::default() };
    let bad = format!("{text}会社9,担当,110,,\n");
    let looked = world.store.preview_import(world.job(Some(world.list), &bad, &report)).await.unwrap();
    assert_eq!((looked.report.refused, looked.report.inserted), (1, 0));
    assert!(std::fs::read_to_string(path).unwrap().contains("E-PHONE-FORBIDDEN"));
    assert_eq!(world.trials(), Vec::<String>::new());
}

/// What a killed preview leaves goes with the next start.
#[tokio::test]
async fn a_start_removes_what_a_preview_left() {
    let world = world().await;
    let World { folder, store, .. } = world;
    store.close().await;
    let left = folder.path().join("kakeru.db.trial-01K");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("trial.db"), "x").unwrap();
    drop(Store::open(&folder.path().join("kakeru.db"), OpenOptions::default()).unwrap());
    assert!(!left.exists());
}

async fn lists(store: &Store) -> Vec<String> {
    store.lists().await.unwrap().into_iter().map(|list: ListInfo| list.name).collect()
}

/// S1.5: a list that is made for a file stays only with rows in it, and its name is free again otherwise.
#[tokio::test]
async fn a_list_made_for_a_file_goes_when_nothing_is_taken() {
    let world = world().await;
    let project = world.store.project_by_name("案件").await.unwrap();
    let new_list = Some(ListSpec { name: "新しい".to_owned(), project });
    let options = ImportOptions { new_list, ..ImportOptions::default() };
    let good = sheet(&[(0, 1, 0), (1, 1, 0)]);
    let job = |text: &str, options: &ImportOptions| world.job(Some(ListId::generate(NOW)), text, options);
    let looked = world.store.preview_import(job(&good, &options)).await.unwrap();
    assert_eq!(looked.report.inserted, 2);
    assert_eq!(lists(&world.store).await, ["一"]);

    let bad = format!("{good}会社9,担当,110,,\n");
    assert!(!world.store.import(job(&bad, &options)).await.unwrap().applied);
    assert!(!world.store.import(job("会社名,電話番号\n", &options)).await.unwrap().applied);
    let full = ImportOptions { max_leads: 1, ..options.clone() };
    assert_eq!(world.store.import(job(&good, &full)).await.unwrap_err().code(), "E-LIST-FULL");
    assert_eq!(lists(&world.store).await, ["一"]);
    assert!(world.store.deleted_lists().await.unwrap().is_empty());
    // The journal knows what was tried.
    let names: Vec<_> = world
        .store
        .imports(None, None, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|import| import.list_name)
        .collect();
    assert_eq!(names, vec![Some("新しい".to_owned()); 3]);

    assert!(world.store.import(job(&good, &options)).await.unwrap().applied);
    assert_eq!(lists(&world.store).await, ["一", "新しい"]);
    assert_eq!(world.store.list_by_name("新しい").await.unwrap().total, 2);
    let contacts = world.store.contacts(ContactQuery::default()).await.unwrap();
    assert_eq!(contacts.len(), 2);
}

/// S1.5: a name that several projects have needs its project; a name that holds the stroke itself is found as it is.
#[tokio::test]
async fn a_list_is_named_with_its_project_where_several_have_the_name() {
    let world = world().await;
    let store = &world.store;
    let other = store.ensure_project("案件B", None, NOW).await.unwrap();
    let make = async |name: &str| {
        let spec = ListSpec { name: name.to_owned(), project: other };
        store.create_list(spec, Actor::default(), NOW).await.unwrap().id
    };
    assert_eq!(store.list_by_name("一").await.unwrap().id, world.list);
    let one = make("一").await;
    let error = store.list_by_name("一").await.unwrap_err();
    assert_eq!(error.code(), "E-AMBIGUOUS");
    assert!(error.to_string().contains("案件/一, 案件B/一"), "{error}");
    for (name, list) in [("案件/一", world.list), ("案件B/一", one), (" 案件B ／ 一 ", one)] {
        assert_eq!(store.list_by_name(name).await.unwrap().id, list, "{name}");
    }
    assert_eq!(store.list_exactly("一", Some("案件B")).await.unwrap().map(|list| list.id), Some(one));
    assert!(store.list_exactly("一", Some("案件C")).await.unwrap().is_none());
    assert_eq!(store.list_by_name("案件C/一").await.unwrap_err().code(), "E-NOT-FOUND");
    let slash = make("案件/一").await;
    assert_eq!(store.list_by_name("案件/一").await.unwrap().id, slash);
    let place = store.list_place("案件B/二").await.unwrap().unwrap();
    assert_eq!((place.project, &*place.name), (other, "二"));
    assert!(store.list_place("7/1").await.unwrap().is_none());
}
