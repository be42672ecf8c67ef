//! What another product would refuse is told of an export, by the code that refuses it at an import.

use std::path::Path;

use super::super::PartLimits;
use super::*;
use crate::handle::{OpenOptions, Store};
use crate::id::ListId;
use crate::import::{ImportJob, RequiredNames};
use crate::model::{Actor, ListSpec};

const NOW: i64 = 1_780_000_000_000;

/// A list of these rows, whatever they lack.
async fn list(folder: &Path, text: &str) -> (Store, ListId) {
    let store = Store::open(&folder.join("kakeru.db"), OpenOptions::default()).unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let spec = ListSpec { name: "一".to_owned(), project };
    let list = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
    let mut job = ImportJob::into_list(list, ImportSource::Bytes(text.as_bytes().to_vec()), NOW);
    job.options = ImportOptions { required: RequiredNames::None, max_categories: 200, ..job.options };
    assert!(store.import(job).await.unwrap().applied);
    (store, list)
}

/// For a product, into `out.csv` of the folder.
fn for_product(folder: &Path, name: &str) -> ExportOptions {
    let profile = Profile::named(name).unwrap();
    let options =
        ExportOptions { path: folder.join("out.csv"), without_results: true, ..ExportOptions::default() };
    ExportOptions { judged_by: Some(JudgedBy::List(profile.clone())), ..options.for_lists(profile) }
}

fn told(judged: &Judged) -> Vec<(Option<u32>, u64, &str)> {
    judged.problems.iter().map(|(part, problem)| (*part, problem.line, problem.code.as_str())).collect()
}

fn mixed() -> String {
    let many: Vec<String> = (0..101).map(|n| format!("分類{n}")).collect();
    format!(
        "会社名,担当者名,電話番号,カテゴリー\nA,一,0312340001,\n,,0312340002,\nB,二,0312340003,{}\n{},,0312340004,\n",
        many.join("|"),
        "長".repeat(31),
    )
}

/// S1.20, S1.22, S3.6, C2: names and categories that a product asks for, each with its line; all rows are written.
#[tokio::test]
async fn rows_that_a_product_would_refuse_are_written_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = list(folder.path(), &mixed()).await;
    for (name, refused, expected) in [
        ("miitel", 2, vec![(None, 3, "E-REQ-NAME"), (None, 4, "E-CAT-LIMIT"), (None, 5, "W-LONG")]),
        ("calltree", 1, vec![(None, 4, "E-CAT-LIMIT"), (None, 5, "W-LONG")]),
        (
            "zoho",
            3,
            vec![
                (None, 3, "E-REQ-PERSON"),
                (None, 4, "E-CAT-LIMIT"),
                (None, 5, "W-LONG"),
                (None, 5, "E-REQ-PERSON"),
            ],
        ),
    ] {
        let options = for_product(folder.path(), name);
        let report = store.export_list(list, options.clone()).await.unwrap();
        let judged = report.judged.as_ref().unwrap();
        let mut found = told(judged);
        found.sort_by_key(|(_, line, code)| (*line, !code.starts_with('W')));
        assert_eq!((judged.refused, found), (refused, expected), "{name}");
        assert_eq!((report.rows, report.written), (4, true));
        let text = std::fs::read_to_string(&options.path).unwrap();
        assert!(text.contains("03-1234-0002") && text.contains("分類100"), "{text}");
        // The import of that product says the same of the file.
        let mut job = ImportJob::into_list(list, ImportSource::Path(options.path.clone()), NOW);
        job.options = ImportOptions::for_lists(Profile::named(name).unwrap());
        job.options.partial = true;
        let mut reader = ImportReader::open(job.source, job.options).unwrap();
        while reader.next_row().unwrap().is_some() {}
        let read = reader.finish().unwrap();
        assert_eq!((read.refused, &read.counts), (judged.refused, &judged.counts), "{name}");
    }
    let asked_nobody = ExportOptions { judged_by: None, ..for_product(folder.path(), "miitel") };
    assert_eq!(store.export_list(list, asked_nobody).await.unwrap().judged, None);
}

/// A file that is to be good is not written where it is not, and the one before it stays.
#[tokio::test]
async fn a_strict_export_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = list(folder.path(), &mixed()).await;
    let strict = |name| ExportOptions { strict: true, ..for_product(folder.path(), name) };
    let path = strict("miitel").path;
    std::fs::write(&path, "of yesterday").unwrap();
    let report = store.export_list(list, strict("miitel")).await.unwrap();
    assert!(!report.written && report.judged.is_some_and(|judged| judged.refused == 2));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "of yesterday");
    assert_eq!(
        std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|e| e == "part"))
            .count(),
        0
    );
    let categories = "会社名,電話番号\nA,0312340001\n";
    let other = tempfile::tempdir().unwrap();
    let (store, list) = self::list(other.path(), categories).await;
    let good = ExportOptions { path: path.clone(), ..strict("miitel") };
    assert!(store.export_list(list, good).await.unwrap().written);
    assert!(std::fs::read_to_string(&path).unwrap().contains("03-1234-0001"));
}

/// S0.22: each part is a file of its own, and its lines are its own.
#[tokio::test]
async fn parts_are_judged_each_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = list(folder.path(), &mixed()).await;
    for encoding in [ExportEncoding::Utf8Bom, ExportEncoding::Cp932] {
        let split = Some(PartLimits { rows: 3, bytes: u64::MAX });
        let options = ExportOptions { split, encoding, ..for_product(folder.path(), "miitel") };
        let report = store.export_list(list, options).await.unwrap();
        let judged = report.judged.as_ref().unwrap();
        let expected = [(Some(1), 3, "E-REQ-NAME"), (Some(1), 4, "E-CAT-LIMIT"), (Some(2), 2, "W-LONG")];
        assert_eq!((judged.refused, told(judged)), (2, expected.to_vec()));
    }
}

/// The first hundred have a place, all of them count; a header that the product does not take refuses every row.
#[tokio::test]
async fn many_are_counted_and_a_header_refuses_all() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..150).map(|row| format!(",,03123{row:05}\n")).collect();
    let (store, list) = list(folder.path(), &format!("会社名,担当者名,電話番号\n{rows}")).await;
    let report = store.export_list(list, for_product(folder.path(), "miitel")).await.unwrap();
    let judged = report.judged.unwrap();
    assert_eq!((judged.refused, judged.problems.len()), (150, Judged::MOST));
    assert_eq!(judged.counts.get(&Code::ReqName), Some(&150));

    let other = tempfile::tempdir().unwrap();
    let (store, list) =
        self::list(other.path(), "会社名,担当者名,電話番号,姓\nA,一,0312340001,山田\nB,二,0312340002,\n")
            .await;
    let report = store.export_list(list, for_product(other.path(), "zoho")).await.unwrap();
    let judged = report.judged.unwrap();
    assert_eq!((judged.refused, told(&judged)), (2, vec![(None, 1, "E-CSV-HEADER-DUP")]));

    // S3.6: its file has the names that it asks for.
    let third = tempfile::tempdir().unwrap();
    let (store, list) = self::list(third.path(), "会社名,担当者名,電話番号\nA,一,0312340001\n").await;
    let options = for_product(third.path(), "zoho");
    store.export_list(list, options.clone()).await.unwrap();
    let text = std::fs::read_to_string(&options.path).unwrap();
    assert!(text.trim_start_matches('\u{feff}').starts_with("取引先名,姓,電話番号,カテゴリー"), "{text}");
}

/// A file that changed behind us is a file that cannot be read, not one that is good.
#[test]
fn a_file_that_is_gone_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let options = for_product(folder.path(), "miitel");
    let by = options.judged_by.clone().unwrap();
    let error = judge(&by, &options, &ExportReport::default(), &options.path).unwrap_err();
    assert_eq!(error.code(), "E-FILE");
}
