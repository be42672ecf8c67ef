//! Further numbers of rows: whose they are, and what they are called.

use super::super::{DupPolicy, Problem};
use super::world::{NOW, job, lead, store, undo};
use super::*;
use crate::code::Code;
use crate::handle::Store;
use crate::model::ContactPhone;

/// A sheet with two columns of numbers.
fn two_columns(list: Option<ListId>, text: &str) -> ImportJob {
    let map = ["電話番号=電話番号", "電話番号=携帯電話"].map(|word| word.parse().unwrap()).to_vec();
    let job = job(list, text);
    ImportJob { options: ImportOptions { map, ..job.options.clone() }, ..job }
}

async fn numbers(store: &Store) -> Vec<Vec<(String, Option<String>)>> {
    let book = store.contacts(crate::ContactQuery::default()).await.unwrap();
    let number = |one: ContactPhone| (one.phone, one.label);
    book.into_iter().map(|contact| contact.phones.into_iter().map(number).collect()).collect()
}

/// S0.5, S3.10, S1.14: a further number that another contact has is left to that one, and the report says so: which, where, and
/// whose it is; its preview too.
#[tokio::test]
async fn a_number_that_another_contact_has_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = store(folder.path()).await;
    let known = "A社,佐藤,0312345678\n,,0352345678\n";
    let stub = ImportOptions { required: RequiredNames::None, ..job(None, known).options };
    store.import(ImportJob { options: stub, ..job(None, known) }).await.unwrap();
    let before = numbers(&store).await;
    // A thousand other doubts do not hide it.
    let doubts: String = (0..1_200).map(|at| format!("C{at}社,,452{at:06},\n")).collect();
    let text = format!(
        "会社名,氏名,電話番号,携帯電話\n{doubts}B社,,0612345678,03-1234-5678\nB社,,0512345678,03-5234-5678\nD社,,0412345678,0412345679\n"
    );
    let looked = store.preview_import(two_columns(None, &text)).await.unwrap().report;
    assert_eq!(numbers(&store).await, before);
    let report = store.import(two_columns(None, &text)).await.unwrap();
    for report in [&looked, &report] {
        assert_eq!(report.counts.get(&Code::PhoneTaken), Some(&2), "{:?}", report.counts);
        let told = |problem: &Problem| {
            let Problem { line, column, value, contact, .. } = problem.clone();
            (line, column.unwrap().to_string(), value, contact.unwrap())
        };
        let taken = report.problems.iter().filter(|problem| problem.code == Code::PhoneTaken);
        let of = |line, number: &str, whose: &str| {
            (line, "携帯電話".to_owned(), number.to_owned(), whose.to_owned())
        };
        assert_eq!(
            taken.map(told).collect::<Vec<_>>(),
            [of(1202, "0312345678", "A社 佐藤"), of(1203, "0352345678", "0352345678")]
        );
        assert_eq!(report.problems[0].code, Code::PhoneTaken);
        assert_eq!(report.inserted, 1_203);
    }
    for known in ["0312345678", "0352345678"] {
        let contact = store.contact_row(known).await.unwrap();
        assert_eq!((contact.phones.len(), contact.version), (1, 1));
    }
    let kept = serde_json::to_value(&report.problems[0]).unwrap();
    assert_eq!((&kept["code"], &kept["contact"]), (&"W-PHONE-TAKEN".into(), &"A社 佐藤".into()));
    // On a list a lead has what it wants.
    let report = store.import(two_columns(Some(list), &text)).await.unwrap();
    assert_eq!(report.counts.get(&Code::PhoneTaken), None);
    // Its own numbers are no doubt.
    let again =
        store.import(two_columns(None, "会社名,氏名,電話番号,携帯電話\nD社,,0412345678,0412345679\n")).await;
    assert_eq!(again.unwrap().counts.get(&Code::PhoneTaken), None);
}

/// However many there are, a hundred are told one by one, and the file of doubts has all of them, whatever ends before it: of a preview too.
#[tokio::test]
async fn numbers_of_others_are_counted_and_few_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = store(folder.path()).await;
    let known: String = (0..3_000).map(|at| format!("A{at}社,,03{:08}\n", 20_000_000 + at)).collect();
    store.import(job(None, &known)).await.unwrap();
    let rows = (0..3_000).map(|at| format!("B{at}社,,05{:08},03{:08}\n", 20_000_000 + at, 20_000_000 + at));
    let text = format!("会社名,氏名,電話番号,携帯電話\n{}", rows.collect::<String>());
    let doubts = folder.path().join("doubts.csv");
    let wanted = || {
        let job = two_columns(None, &text);
        ImportJob {
            options: ImportOptions { warning_csv: Some(doubts.clone()), ..job.options.clone() },
            ..job
        }
    };
    let all = || {
        let text = std::fs::read_to_string(&doubts).unwrap();
        std::fs::remove_file(&doubts).unwrap();
        let taken = text.lines().filter(|line| line.contains("W-PHONE-TAKEN"));
        let mut lines: Vec<u64> =
            taken.map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
        assert!(text.contains("(A2999社)") && text.contains("携帯電話"), "{}", text.lines().last().unwrap());
        lines.sort_unstable();
        lines
    };
    store.preview_import(wanted()).await.unwrap();
    assert_eq!(all(), (2..=3_001).collect::<Vec<_>>());
    let report = store.import(wanted()).await.unwrap();
    assert_eq!(all(), (2..=3_001).collect::<Vec<_>>());
    assert_eq!(report.counts[&Code::PhoneTaken], 3_000);
    let lines = report.problems.iter().filter(|problem| problem.code == Code::PhoneTaken).map(|one| one.line);
    assert_eq!(lines.collect::<Vec<_>>(), (2..=101).collect::<Vec<_>>());
}

/// S0.20, S3.10: the labels of a contact's numbers are what the file says last, of the first number too; nothing said is nothing changed.
#[tokio::test]
async fn labels_of_a_contact_are_overwritten_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = store(folder.path()).await;
    let sheet = |cell: &str| format!("会社名,氏名,電話番号,追加電話番号\nA社,佐藤,0312345678,\"{cell}\"\n");
    let take = async |cell: &str| store.import(job(None, &sheet(cell))).await.unwrap();
    let labels = async || -> Vec<Option<String>> {
        let book = numbers(&store).await.remove(0);
        book.into_iter().map(|(_, label)| label).collect()
    };
    let said = |labels: [&str; 2]| labels.map(|label| Some(label.to_owned())).to_vec();
    take("代表:0312345678\n携帯:09011112222").await;
    assert_eq!(labels().await, said(["代表", "携帯"]));
    for (cell, expected) in [
        ("代表:0312345678\n社用携帯:09011112222", ["代表", "社用携帯"]),
        ("本社:0312345678\n携帯:09011112222", ["本社", "携帯"]),
        ("本社:0312345678\n社用携帯:09011112222", ["本社", "社用携帯"]),
    ] {
        let report = take(cell).await;
        assert_eq!((report.updated, report.unchanged), (1, 0), "{cell}");
        assert_eq!(labels().await, said(expected));
        assert_eq!(take(cell).await.unchanged, 1);
        let undone = undo(&store, &report).await;
        assert_eq!((undone.restored, undone.changed_since), (1, 0));
        assert_eq!(labels().await, said(["代表", "携帯"]));
    }
    assert_eq!(take("0312345678\n09011112222").await.unchanged, 1);
    assert_eq!(labels().await, said(["代表", "携帯"]));
}

/// S1.19, S4.41: and of a lead's further numbers.
#[tokio::test]
async fn labels_of_a_lead_are_overwritten_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = store(folder.path()).await;
    let sheet = |cell: &str| format!("会社名,氏名,電話番号,追加電話番号\nA社,佐藤,0312345678,{cell}\n");
    let take = async |cell: &str| store.import(job(Some(list), &sheet(cell))).await.unwrap();
    let label = async || lead(&store, list).await.extra_phones.remove(0).label;
    take("携帯:09011112222").await;
    let report = take("社用携帯:09011112222").await;
    assert_eq!((report.updated, label().await.as_deref()), (1, Some("社用携帯")));
    assert_eq!(take("社用携帯:09011112222").await.unchanged, 1);
    assert_eq!(take("09011112222").await.unchanged, 1);
    assert_eq!(undo(&store, &report).await.restored, 1);
    assert_eq!(label().await.as_deref(), Some("携帯"));
}

/// S1.19, S0.20, C3: of a row that is skipped since its number is there nothing is taken, neither for its lead nor for its contact, nor of
/// a later row of the number; what is new is taken as a whole.
#[tokio::test]
async fn a_skipped_row_leaves_its_contact_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = store(folder.path()).await;
    let text = "A社,佐藤,0312345678\nB社,鈴木,0612345678\n";
    store.import(job(Some(list), text)).await.unwrap();
    let text = "会社名,氏名,電話番号,カテゴリー\nZ社,高橋,0312345678,新\nY社,田中,0612345678,新\nX社,伊藤,0612345678,新\nC社,渡辺,0512345678,\nD社,渡辺,0512345678,\n";
    let skip = ImportOptions {
        dup_existing: DupExisting::Skip,
        dup_in_file: DupPolicy::Last,
        ..job(Some(list), text).options
    };
    let skipping = || ImportJob { options: skip.clone(), ..job(Some(list), text) };
    let names = async || -> Vec<(Option<String>, Option<String>, usize)> {
        let book = store.contacts(crate::ContactQuery::default()).await.unwrap();
        let mut names: Vec<_> =
            book.into_iter().map(|one| (one.company, one.person, one.categories.len())).collect();
        names.sort();
        names
    };
    let before = names().await;
    let looked = store.preview_import(skipping()).await.unwrap().report;
    let report = store.import(skipping()).await.unwrap();
    for report in [&looked, &report] {
        assert_eq!((report.inserted, report.skipped, report.updated), (1, 2, 0));
        assert_eq!((report.contacts_created, report.contacts_updated), (1, 0));
    }
    let mut after = names().await;
    after.retain(|(company, ..)| company.as_deref() != Some("D社"));
    assert_eq!(after, before);
    assert_eq!(names().await.len(), 3);
    // No contact is made for it either.
    let book = store.contacts(crate::ContactQuery::default()).await.unwrap();
    let all = book.into_iter().map(|contact| contact.id).collect();
    store.contacts_delete(all, Actor::default(), NOW).await.unwrap();
    let report = store.import(skipping()).await.unwrap();
    assert_eq!((report.skipped, report.contacts_created), (3, 0), "{report:?}");
}
