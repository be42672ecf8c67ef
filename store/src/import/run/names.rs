//! The names that a row must have, of numbers that have some already; and whom a sheet names.

use super::super::{DupPolicy, Profile};
use super::world::{NOW, job, leads, store, undo};
use super::*;
use crate::code::Code;
use crate::handle::Store;

async fn import(
    store: &Store,
    list: Option<ListId>,
    text: &str,
    change: impl Fn(&mut ImportOptions),
) -> ImportReport {
    let mut job = job(list, text);
    job.options.partial = true;
    change(&mut job.options);
    store.import(job).await.unwrap()
}

/// S1.11, S1.20, C2: what a row needs is judged on what its lead has afterwards: a blank cell keeps the name that is there,
/// unless it is to blank it, and a column that is not in the file keeps it too.
#[tokio::test]
async fn a_number_that_has_a_name_needs_none_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = store(folder.path()).await;
    let known = "会社名,氏名,電話番号\nA社,,0312345678\n,佐藤,0612345678\n";
    import(&store, Some(list), known, |_| ()).await;
    let of = async |text: &str, change: fn(&mut ImportOptions)| {
        let looked = job(Some(list), text);
        let mut options = ImportOptions { partial: true, ..looked.options.clone() };
        change(&mut options);
        let looked = store.preview_import(ImportJob { options, ..looked }).await.unwrap().report;
        let report = import(&store, Some(list), text, change).await;
        assert_eq!(
            (looked.updated, looked.skipped, looked.refused, looked.inserted),
            (report.updated, report.skipped, report.refused, report.inserted),
            "{text}"
        );
        report
    };
    let sheet = "会社名,氏名,電話番号,備考\n,,0312345678,午後\n,,0612345678,午前\n,,0522345678,\n";
    let report = of(sheet, |_| ()).await;
    assert_eq!((report.updated, report.refused, report.inserted), (2, 1, 0), "{report:?}");
    let problems: Vec<_> = report.problems.iter().map(|problem| (problem.line, problem.code)).collect();
    assert_eq!(problems, [(4, Code::ReqName)]);
    let rows = leads(&store, list).await;
    assert_eq!((rows[0].company.as_deref(), &rows[0].attrs["備考"]), (Some("A社"), &"午後".into()));
    assert_eq!((rows[1].person.as_deref(), &rows[1].attrs["備考"]), (Some("佐藤"), &"午前".into()));
    // Without the columns too, and where nothing of the row is taken.
    assert_eq!(of("電話番号,備考\n0312345678,夜\n0522345678,夜\n", |_| ()).await.updated, 1);
    assert_eq!(of(sheet, |options| options.dup_existing = DupExisting::Skip).await.skipped, 2);
    // What is to be blanked is none.
    let report = of(sheet, |options| options.overwrite_empty = true).await;
    assert_eq!((report.updated, report.refused), (0, 3));
    // A person is asked for, and only one lead has one.
    let report = of("電話番号,備考\n0312345678,昼\n0612345678,昼\n", |options| {
        options.required = RequiredNames::Person;
    });
    assert_eq!(report.await.counts[&Code::ReqPerson], 1);
    // No contact is made of it.
    let book = store.contacts(crate::ContactQuery::default()).await.unwrap();
    let all = book.into_iter().map(|contact| contact.id).collect();
    store.contacts_delete(all, Actor::default(), NOW).await.unwrap();
    assert_eq!(of("電話番号,備考\n0312345678,朝\n", |_| ()).await.contacts_created, 0);
}

/// S0.20, C2: the contact book likewise, whichever names it asks for; the rows of one number, where they are one.
#[tokio::test]
async fn a_contact_that_has_a_name_needs_none_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = store(folder.path()).await;
    let both = |options: &mut ImportOptions| options.required = RequiredNames::Both;
    import(&store, None, "会社名,氏名,電話番号\nA社,佐藤,0312345678\n", both).await;
    import(&store, None, "会社名,氏名,電話番号\nB社,,0612345678\n", |_| ()).await;
    let sheet = "会社名,氏名,電話番号,カテゴリー\n,,0312345678,既存\n,鈴木,0612345678,\n,田中,0522345678,\n";
    let report = import(&store, None, sheet, both).await;
    assert_eq!((report.updated, report.refused), (2, 1), "{report:?}");
    assert_eq!((report.problems[0].line, report.problems[0].code), (4, Code::ReqCompany));
    let book = store.contact_row("0612345678").await.unwrap();
    assert_eq!((book.company.as_deref(), book.person.as_deref()), (Some("B社"), Some("鈴木")));
    // What the network said of a caller is no name.
    let number = "電話番号\n0712345678\n";
    import(&store, None, number, |options| options.required = RequiredNames::None).await;
    assert_eq!(import(&store, None, "電話番号,カテゴリー\n0712345678,既存\n", |_| ()).await.refused, 1);
    let twice = "会社名,電話番号,カテゴリー\nC社,0422345678,一\n,0422345678,二\n";
    let report = import(&store, None, twice, |options| options.dup_in_file = DupPolicy::Merge).await;
    assert_eq!((report.accepted, report.refused), (1, 0));
    assert_eq!(store.contact_row("0422345678").await.unwrap().categories.len(), 2);
    let report = import(&store, None, twice, |options| options.dup_in_file = DupPolicy::Last).await;
    assert_eq!(report.refused, 0, "it is there now");
}

/// S1.15, S1.12: where the names of columns are fixed, what is missing and what is unknown is told before the rows.
#[tokio::test]
async fn fixed_names_are_checked_before_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = store(folder.path()).await;
    let miitel = || ImportOptions::for_lists(Profile::named("miitel").unwrap());
    let taken = async |text: &str, options: ImportOptions| {
        store.import(ImportJob { options, ..job(Some(list), text) }).await
    };
    for (text, missing, unknown) in [
        (
            "貴社名,担当,電話番号,分類\nA社,佐藤,0312345678,既存\n",
            "missing: 取引先会社名 or 取引先担当者名,カテゴリー",
            "unknown: 貴社名,担当,分類",
        ),
        ("会社名,担当者名,電話番号,分類\nA社,佐藤,0312345678,既存\n", "missing: カテゴリー", "unknown: 分類"),
        (
            "会社名,ご担当,電話番号,カテゴリー\nA社,佐藤,0312345678,\n",
            "missing: 取引先担当者名",
            "unknown: ご担当",
        ),
        ("会社名,担当者名,代表,カテゴリー\nA社,佐藤,0312345678,\n", "missing: 電話番号", "unknown: 代表"),
        ("電話番号\n0312345678\n", "missing: 取引先会社名 or 取引先担当者名", "--map"),
    ] {
        let Err(Error::Import(error)) = taken(text, miitel()).await else { panic!("{text}") };
        assert_eq!((error.code, error.line), (Code::CsvHeader, Some(1)));
        let said = &error.detail;
        assert!(said.en.contains("expected: 取引先会社名,") && said.en.contains("found: "), "{said}");
        assert!(said.en.contains(&format!("{missing};")) && said.en.contains(unknown), "{said}");
        assert!(said.ja.contains("足りない列") && said.ja.contains("--map"), "{}", said.ja);
    }
    // Nothing can be meant by a name that is not there, and all four may have company.
    for text in [
        "会社名,電話番号\nA社,0312345678\n",
        " 取引先会社名,取引先担当者名 ,電話番号,カテゴリー,備考\nA社,佐藤,0312345678,既存,午後\n",
        "\u{FEFF}取引先会社名,取引先担当者名,電話番号,カテゴリ,,,\nA社,佐藤,0312345678,既存,,,\n",
    ] {
        let report = taken(text, miitel()).await.unwrap();
        assert_eq!((report.refused, &report.problems[..]), (0, &[][..]), "{text}");
    }
    let map = ["会社名=貴社名", "担当者名=担当", "カテゴリー=分類"].map(|entry| entry.parse().unwrap());
    let options = ImportOptions { map: map.to_vec(), ..miitel() };
    let report = taken("貴社名,担当,電話番号,分類\nB社,佐藤,0612345678,既存\n", options).await.unwrap();
    assert_eq!((report.inserted, &report.attributes[..]), (1, &[][..]));
    // Elsewhere a column is a column.
    for name in ["open", "calltree", "zoho"] {
        let options = ImportOptions::for_lists(Profile::named(name).unwrap());
        let report =
            taken("会社名,担当者名,電話番号,分類\nC社,佐藤,0512345678,既存\n", options).await.unwrap();
        assert_eq!((report.refused, report.attributes.len()), (0, 1), "{name}");
    }
}

/// S1.8, S1.41: what has neither a name nor anything in it is no column of the list.
#[tokio::test]
async fn a_column_without_name_and_content_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = store(folder.path()).await;
    let text = "会社名,電話番号,備考,,, \nA社,0312345678,,,,\nB社,0612345678,,,追伸,,,,\n";
    let report = import(&store, Some(list), text, |_| ()).await;
    let names = |report: &ImportReport| -> Vec<String> {
        report.attributes.iter().map(|name| name.to_string()).collect()
    };
    assert_eq!((report.inserted, names(&report)), (2, vec!["備考".to_owned(), "列5".to_owned()]));
    let rows = "C社,,0512345678,,,,\n,,0522345678\n";
    let report = import(&store, Some(list), rows, |_| ()).await;
    assert_eq!((report.inserted, report.refused, names(&report).len()), (1, 1, 0));
    // A file of refused rows has names for all.
    let report = import(&store, Some(list), "会社名,電話番号,備考,列4\nD社,0712345678,,\n", |_| ()).await;
    assert_eq!(names(&report), ["備考"]);
    let path = folder.path().join("out.csv");
    let options = crate::export::ExportOptions { path: path.clone(), ..Default::default() };
    store.export_list(list, options).await.unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let head = text.lines().next().unwrap();
    assert!(head.contains("備考") && head.contains("列5") && !head.contains("列4"), "{head}");
    // Contacts have no such columns: one is told when something stands in it.
    let text = "会社名,電話番号,,\nA社,0312345678,,\nB社,0612345678,,追伸\n";
    let told = import(&store, None, text, |_| ()).await.problems;
    let told: Vec<_> = told.iter().map(|one| (one.code, one.line, one.column.as_deref())).collect();
    assert_eq!(told, [(Code::ColDropped, 3, Some("列4"))]);
}

/// S1.6, S3.8: only those that the file names are looked for; a preview looks for them too.
#[tokio::test]
async fn whom_a_sheet_names_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = store(folder.path()).await;
    let taro = store.ensure_user("taro", "taro", crate::Role::Operator, NOW).await.unwrap();
    let text =
        "会社名,電話番号,発信担当者ID\nA社,0312345678,taro\nB社,0612345678,nobody\nC社,0522345678,taro\n";
    let owners = |options: &mut ImportOptions| options.owners = true;
    let mut looked = job(Some(list), text);
    (looked.options.partial, looked.options.owners) = (true, true);
    let looked = store.preview_import(looked).await.unwrap();
    let report = import(&store, Some(list), text, owners).await;
    for report in [&looked.report, &report] {
        assert_eq!((report.inserted, report.counts[&Code::OwnerUnknown]), (2, 1), "{:?}", report.problems);
    }
    assert_eq!(looked.rows[1].assigned, Some(taro));
    let rows = leads(&store, list).await;
    assert!(rows.iter().all(|lead| lead.assigned_login.as_deref() == Some("taro")));
    let undone = undo(&store, &report).await;
    assert_eq!(undone.removed, 2);
}
