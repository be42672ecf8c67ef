mod nasty;
mod parts;

use std::path::Path;

use super::super::{DupPolicy, Encoding};
use super::*;
use crate::export::{ExportEncoding, ExportOptions};
use crate::handle::{OpenOptions, Store};
use crate::model::{Actor, LeadFilter, LeadRow, ListQuery, ListSpec};

const NOW: i64 = 1_780_000_000_000;

async fn store(folder: &Path) -> (Store, ListId, ListId) {
    let store = Store::open(&folder.join("kakeru.db"), OpenOptions::default()).unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let list = async |name: &str| {
        store
            .create_list(ListSpec { name: name.to_owned(), project }, Actor::default(), NOW)
            .await
            .unwrap()
            .id
    };
    let (first, second) = (list("一").await, list("二").await);
    (store, first, second)
}

async fn import(
    store: &Store,
    list: ListId,
    source: ImportSource,
    options: ImportOptions,
) -> Result<ImportReport> {
    store.import(ImportJob { options, ..ImportJob::into_list(list, source, NOW) }).await
}

async fn leads(store: &Store, list: ListId) -> Vec<LeadRow> {
    let query = ListQuery { list, after: None, limit: 1000, filter: LeadFilter::default() };
    store.show_list(query).await.unwrap()
}

fn bytes(text: &str) -> ImportSource {
    ImportSource::Bytes(text.as_bytes().to_vec())
}

#[tokio::test]
async fn a_list_survives_export_and_import() {
    let folder = tempfile::tempdir().unwrap();
    let (store, first, second) = store(folder.path()).await;
    let text = "会社名,氏名,電話番号,カテゴリー,住所\n\
        ㈱髙﨑〜,山田 太郎,312345678,製品A|製品B,東京\n\
        \"=A, \"\"B\"\"\",,090-1234-5678,,\n,山川緑,+81 6 1234 5678,製品A,\n";
    let report = import(&store, first, bytes(text), ImportOptions::default()).await.unwrap();
    assert!(report.applied);
    assert_eq!((report.inserted, report.contacts_created, report.encoding), (3, 3, Encoding::Utf8));

    let path = folder.path().join("out.csv");
    let options =
        ExportOptions { path: path.clone(), encoding: ExportEncoding::Cp932, ..ExportOptions::default() };
    let exported = store.export_list(first, options).await.unwrap();
    assert_eq!((exported.rows, exported.written, exported.neutralised), (3, true, 1));
    let report = import(&store, second, ImportSource::Path(path), ImportOptions::default()).await.unwrap();
    assert_eq!((report.inserted, report.contacts_created, report.encoding), (3, 0, Encoding::Cp932));
    let (one, two) = (leads(&store, first).await, leads(&store, second).await);
    for (one, two) in one.iter().zip(&two) {
        // CP932 has one wave dash where Unicode has two.
        let company = one.company.as_ref().map(|name| name.replace('〜', "～"));
        assert_eq!((&company, &one.person), (&two.company, &two.person));
        assert_eq!((&one.phone, &one.categories, one.position), (&two.phone, &two.categories, two.position));
    }
    assert_eq!((two.len(), one[0].phone.as_str()), (3, "+81312345678"));
    assert_eq!(one[0].attrs["住所"], "東京");
}

/// The bar neither stands at its end while there is work nor goes back.
#[tokio::test]
async fn progress_counts_both_phases() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list, _) = store(folder.path()).await;
    let text: String = (0..12_000).map(|row| format!("会社{row},,03{row:08}\n")).collect();
    let (sender, mut receiver) = watch::channel(ImportProgress::default());
    let job = ImportJob { progress: Some(sender), ..ImportJob::into_list(list, bytes(&text), NOW) };
    let followed = async {
        let mut seen = Vec::new();
        while receiver.changed().await.is_ok() {
            seen.push(*receiver.borrow_and_update());
        }
        seen
    };
    let (report, seen) = tokio::join!(store.import(job), followed);
    assert_eq!(report.unwrap().inserted, 12_000);
    let steps: Vec<(bool, u8)> =
        seen.iter().map(|at| (at.phase == ImportPhase::Entering, at.percent)).collect();
    assert!(steps.is_sorted(), "{steps:?}");
    let of = |entering: bool| steps.iter().filter(move |step| step.0 == entering).map(|step| step.1);
    assert!(of(false).all(|percent| percent <= READING_LEADS) && of(false).count() > 3, "{steps:?}");
    assert!(of(true).any(|percent| percent > READING_LEADS && percent < 99), "{steps:?}");
    assert_eq!(steps.last(), Some(&(true, 99)), "100 is when it is over");
}

/// Rows that are read and not entered take no time later.
#[test]
fn reading_is_the_more_of_the_work_the_fewer_rows_are_entered() {
    let mut report = ImportReport::new("x.csv".into(), Encoding::Utf8, crate::import::Delimiter::Comma);
    assert_eq!(reading_share(65, &report, true), 65);
    (report.rows, report.accepted) = (1_000_000, 1_000_000);
    assert_eq!((reading_share(65, &report, true), reading_share(35, &report, false)), (65, 35));
    (report.accepted, report.refused) = (500_000, 500_000);
    assert_eq!((reading_share(65, &report, true), reading_share(35, &report, true)), (78, 51));
    assert_eq!(reading_share(65, &report, false), 100, "it is only read for its mistakes");
    (report.accepted, report.refused) = (0, 1_000_000);
    assert_eq!(reading_share(65, &report, true), 100);
}

/// The bar of a file that is refused is at its end when the file is.
#[tokio::test]
async fn progress_of_a_refused_file_goes_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list, _) = store(folder.path()).await;
    let text: String = (0..6_000).map(|row| format!("会社{row},,03{row:08}\n")).collect();
    for (bad, partial) in [(format!("{text}A,,03-1\n{text}"), false), (format!("A,,03-1\n{text}"), true)] {
        let options = ImportOptions { partial, ..ImportOptions::default() };
        let (sender, mut receiver) = watch::channel(ImportProgress::default());
        let progress = Some(sender);
        let job = ImportJob { options, progress, ..ImportJob::into_list(list, bytes(&bad), NOW) };
        let followed = async {
            let mut seen = Vec::new();
            while receiver.changed().await.is_ok() {
                seen.push(receiver.borrow_and_update().percent);
            }
            seen
        };
        let (report, seen) = tokio::join!(store.import(job), followed);
        assert_eq!(report.unwrap().applied, partial);
        assert!(seen.is_sorted(), "{seen:?}");
        assert_eq!(seen.last(), Some(&99));
    }
}

#[tokio::test]
async fn a_refused_file_leaves_nothing_and_a_partial_import_keeps_the_good_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list, _) = store(folder.path()).await;
    let text = "A,,0312345678\nB,,abc\nC,,0612345678\n";
    let report = import(&store, list, bytes(text), ImportOptions::default()).await.unwrap();
    assert_eq!((report.applied, report.refused, report.inserted), (false, 1, 0));
    assert!(leads(&store, list).await.is_empty());
    let partial = ImportOptions { partial: true, ..ImportOptions::default() };
    let report = import(&store, list, bytes(text), partial).await.unwrap();
    assert_eq!((report.applied, report.refused, report.inserted), (true, 1, 2));
    let again = import(&store, list, bytes("C2,,06-1234-5678\n"), ImportOptions::default()).await.unwrap();
    assert_eq!((again.inserted, again.updated), (0, 1));
    assert_eq!(leads(&store, list).await[1].company.as_deref(), Some("C2"));
}

#[tokio::test]
async fn a_file_that_breaks_off_late_is_taken_back_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list, _) = store(folder.path()).await;
    let mut text: String = (0..1_200).map(|n| format!("会社{n},,0312{n:06}\n")).collect();
    text.push_str("\"開いたまま,,0612345678\n");
    let partial = ImportOptions { partial: true, ..ImportOptions::default() };
    let error = import(&store, list, bytes(&text), partial).await.unwrap_err();
    assert_eq!(error.code(), "E-CSV-QUOTE");
    assert!(error.to_string().contains("line 1201"), "{error}");
    assert!(leads(&store, list).await.is_empty());
    // The list is free again.
    assert!(import(&store, list, bytes("A,,0312345678\n"), ImportOptions::default()).await.unwrap().applied);
}

#[tokio::test]
async fn the_last_of_repeated_rows_wins() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list, _) = store(folder.path()).await;
    let options = ImportOptions { dup_in_file: DupPolicy::Last, ..ImportOptions::default() };
    let text = "A,,0312345678\nB,,0612345678\nC,,0312345678\n";
    let report = import(&store, list, bytes(text), options).await.unwrap();
    assert_eq!((report.accepted, report.duplicates), (2, 1));
    let names: Vec<_> = leads(&store, list).await.into_iter().map(|lead| lead.company.unwrap()).collect();
    assert_eq!(names, ["C", "B"]);
}

/// S1.12, S4.30: a list takes no more than its profile allows, and then nothing of the file; known numbers need no room.
#[tokio::test]
async fn a_full_list_takes_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let (store, first, _) = store(folder.path()).await;
    let sheet = |rows: std::ops::Range<u32>| {
        let lines = rows.map(|row| format!("会社{row},03-3123-{row:04}\n"));
        ImportSource::Bytes(format!("会社名,電話番号\n{}", lines.collect::<String>()).into_bytes())
    };
    let options = || ImportOptions { max_leads: 2_000, ..ImportOptions::default() };
    import(&store, first, sheet(0..1_990), options()).await.unwrap();
    let refused = import(&store, first, sheet(1_980..2_001), options()).await.unwrap_err();
    assert_eq!(refused.code(), "E-LIST-FULL");
    assert!(refused.to_string().contains("10"), "it says how many more: {refused}");
    let total = async || store.list_by_name(&first.to_string()).await.unwrap().total;
    assert_eq!(total().await, 1_990, "nothing of it was kept");
    assert_eq!(import(&store, first, sheet(1_980..2_000), options()).await.unwrap().inserted, 10);
    assert_eq!(total().await, 2_000);
}

async fn into_the_book(store: &Store, text: &str, options: ImportOptions) -> Result<ImportReport> {
    let user = store.ensure_user("hanako", "花子", crate::Role::Manager, NOW).await.unwrap();
    let by = Actor { user: Some(user), uid: None };
    store.import(ImportJob { options, by, ..ImportJob::into_contacts(bytes(text), NOW) }).await
}

async fn book(store: &Store) -> Vec<crate::ContactRow> {
    store.contacts(crate::ContactQuery::default()).await.unwrap()
}

/// S0.2, S0.20, S3.4, S3.8, S3.10: a file makes contacts and no leads; known numbers are overwritten, and no empty cell
/// blanks one; taking it back leaves the book as it was.
#[tokio::test]
async fn a_file_goes_into_the_contact_book_and_out_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list, _) = store(folder.path()).await;
    let options = || ImportOptions::for_contacts(super::super::Profile::named("open").unwrap());
    let first =
        into_the_book(&store, "A社,佐藤,03-1234-5678,既存\nB社,,0612345678\n", options()).await.unwrap();
    assert_eq!((first.inserted, first.updated, first.contacts_created), (2, 0, 2));
    assert!(leads(&store, list).await.is_empty());
    let before = book(&store).await;
    assert_eq!((before[0].owner_login.as_deref(), before[0].origin.as_str()), (Some("hanako"), "import"));
    let text = "会社名,担当者名,電話番号,携帯電話\nA改,,0312345678,09011112222\nB社,,0612345678,\nC社,,0522345678,\n";
    let map = ["電話番号=電話番号", "電話番号=携帯電話"].map(|word| word.parse().unwrap()).to_vec();
    let second = into_the_book(&store, text, ImportOptions { map, ..options() }).await.unwrap();
    assert_eq!((second.inserted, second.unchanged), (1, 1), "{second:?}");
    let after = book(&store).await;
    assert_eq!((after[0].company.as_deref(), after[0].person.as_deref()), (Some("A改"), Some("佐藤")));
    assert_eq!(after[0].categories, ["既存"]);
    let undone = store
        .undo_import(second.import.unwrap(), Actor::default(), NOW + 1, Progress::default())
        .await
        .unwrap();
    assert_eq!((undone.contacts_removed, undone.changed_since), (1, 0));
    let same = |rows: &[crate::ContactRow]| -> Vec<_> {
        rows.iter().map(|row| (row.id, row.company.clone(), row.person.clone(), row.phones.clone())).collect()
    };
    assert_eq!(same(&book(&store).await), same(&before));
    // A number more is a change too, told of once whatever else changed.
    let more =
        "会社名,担当者名,電話番号,携帯電話\nA社,,0312345678,09011112222\nB改,,0612345678,09033334444\n";
    let map = ["電話番号=電話番号", "電話番号=携帯電話"].map(|word| word.parse().unwrap()).to_vec();
    let grown = into_the_book(&store, more, ImportOptions { map: map.clone(), ..options() }).await.unwrap();
    assert_eq!((grown.inserted, grown.updated, grown.unchanged), (0, 2, 0), "{grown:?}");
    let again = into_the_book(&store, more, ImportOptions { map, ..options() }).await.unwrap();
    assert_eq!((again.updated, again.unchanged), (0, 2), "{again:?}");
    store.undo_import(grown.import.unwrap(), Actor::default(), NOW + 2, Progress::default()).await.unwrap();
    assert_eq!(same(&book(&store).await), same(&before));
    // What is known stays, when that is wished.
    let skip = ImportOptions { dup_existing: DupExisting::Skip, ..options() };
    let third = into_the_book(&store, "Z社,,0312345678\nD社,,0522345678\n", skip).await.unwrap();
    assert_eq!((third.inserted, third.updated, third.skipped), (1, 0, 1));
    assert_eq!(book(&store).await[0].company.as_deref(), Some("A社"));
}

fn same_contacts(rows: &[crate::ContactRow]) -> Vec<String> {
    let mut same: Vec<String> = rows
        .iter()
        .map(|row| {
            let phones: Vec<_> = row.phones.iter().map(|phone| (&phone.phone, &phone.label)).collect();
            format!("{:?}", (&row.company, &row.person, &row.email, phones, &row.categories))
        })
        .collect();
    same.sort();
    same
}

/// S3.4, S3.10, S0.7: the contact book goes out and into an empty box as the same contacts: several numbers, labels, mail address,
/// categories. A mail address that an import overwrote comes back with it.
#[tokio::test]
async fn the_contact_book_survives_export_and_import() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (from, ..) = store(here.path()).await;
    let phone = |number: &str, label: Option<&str>| crate::PhoneDraft {
        number: number.into(),
        label: label.map(str::to_owned),
    };
    let add =
        async |company: &str, email: Option<&str>, phones: Vec<crate::PhoneDraft>, categories: &[&str]| {
            let draft = crate::ContactDraft {
                company: Some(company.into()),
                email: email.map(str::to_owned),
                phones,
                categories: categories.iter().map(|name| (*name).to_owned()).collect(),
                ..crate::ContactDraft::default()
            };
            let rules = crate::ContactRules::default();
            let source = crate::ContactSource::Form { overwrite: false };
            from.contact_add(crate::ContactAdd { draft, source, rules, by: Actor::default(), now: NOW })
                .await
                .unwrap();
        };
    let three = vec![
        phone("03-1234-5678", Some("代表")),
        phone("090-1111-2222", Some("=携帯")),
        phone("06-1234-5678", None),
    ];
    add("=A, \"社\"", Some("sato@example.jp"), three, &["既存", "大口"]).await;
    add("㈱髙﨑", None, vec![phone("052-234-5678", None)], &[]).await;
    add("C社", Some("c@example.jp"), vec![phone("080-1234-5678", None), phone("082-234-5678", None)], &[])
        .await;
    let path = here.path().join("book.csv");
    let options = |per_number| ExportOptions { path: path.clone(), per_number, ..ExportOptions::default() };
    assert_eq!(from.export_contacts(options(true)).await.unwrap().rows, 6);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().next().unwrap().split(',').count(), 4);
    assert_eq!(from.export_contacts(options(false)).await.unwrap().rows, 3);

    let (empty, ..) = store(there.path()).await;
    let of_book = || ImportOptions::for_contacts(super::super::Profile::named("open").unwrap());
    let text = std::fs::read_to_string(&path).unwrap();
    let report = into_the_book(&empty, &text, of_book()).await.unwrap();
    assert_eq!((report.inserted, report.problems.len()), (3, 0), "{:?}", report.problems);
    assert_eq!(same_contacts(&book(&empty).await), same_contacts(&book(&from).await));
    let again = into_the_book(&empty, &text, of_book()).await.unwrap();
    assert_eq!((again.updated, again.unchanged), (0, 3), "{again:?}");

    let before = same_contacts(&book(&empty).await);
    let mails = "会社名,電話番号,E-mail\nA,0312345678,new@example.jp\nC社,08012345678,\nD,0532345678,none\n";
    let mailed = into_the_book(&empty, mails, of_book()).await.unwrap();
    assert_eq!((mailed.inserted, mailed.updated, mailed.unchanged), (1, 1, 1), "{mailed:?}");
    assert_eq!(mailed.counts[&crate::Code::EmailInvalid], 1);
    let mail = async |number: &str| empty.contact_row(number).await.unwrap().email;
    assert_eq!(mail("0312345678").await.as_deref(), Some("new@example.jp"));
    assert_eq!(mail("08012345678").await.as_deref(), Some("c@example.jp"), "an empty cell blanks nothing");
    empty.undo_import(mailed.import.unwrap(), Actor::default(), NOW + 1, Progress::default()).await.unwrap();
    assert_eq!(same_contacts(&book(&empty).await), before);
    let blank = "会社名,電話番号,メール\nC社,08012345678,\n";
    into_the_book(&empty, blank, ImportOptions { overwrite_empty: true, ..of_book() }).await.unwrap();
    assert_eq!(mail("08012345678").await, None);
    // A dial list keeps such a column as text.
    let list = empty.lists().await.unwrap()[0].id;
    let report = import(&empty, list, bytes(blank), ImportOptions::default()).await.unwrap();
    assert_eq!(report.attributes.iter().map(|name| &**name).collect::<Vec<_>>(), ["メール"]);
}

/// S1.13, S1.25, S1.29: who calls a lead and that it is 発信対象外 go out and in with the list, for new leads; what somebody
/// decided about one that is there stays (C11). Taking the import back takes the owners back.
#[tokio::test]
async fn owners_and_exclusion_go_out_and_in_with_a_list() {
    type Said = (String, Option<String>, bool, Option<String>);
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let with_users = async |store: &Store| {
        for login in ["hanako", "taro"] {
            store.ensure_user(login, login, crate::Role::Operator, NOW).await.unwrap();
        }
        ImportOptions { owners: true, ..ImportOptions::default() }
    };
    let said = async |store: &Store, list: ListId| -> Vec<Said> {
        let filter = LeadFilter { include_excluded: true, ..LeadFilter::default() };
        let leads = store.show_list(ListQuery { list, after: None, limit: 1000, filter }).await.unwrap();
        leads
            .into_iter()
            .map(|lead| {
                (lead.company.unwrap_or_default(), lead.assigned_login, lead.dialable, lead.excluded_reason)
            })
            .collect()
    };
    let (from, first, second) = store(here.path()).await;
    let options = with_users(&from).await;
    let text = "会社名,電話番号,発信担当者ID,発信対象外\nA社,0312345678,taro,\nB社,0612345678,,移転のため\n\
        C社,0522345678,hanako,○\nD社,0822345678,,FALSE\nE社,0112345678,,\n";
    import(&from, first, bytes(text), options.clone()).await.unwrap();
    let given = said(&from, first).await;
    let expected: Vec<Said> = vec![
        ("A社".into(), Some("taro".into()), true, None),
        ("B社".into(), None, false, Some("移転のため".into())),
        ("C社".into(), Some("hanako".into()), false, None),
        ("D社".into(), None, true, None),
        ("E社".into(), None, true, None),
    ];
    assert_eq!(given, expected);

    let path = here.path().join("out.csv");
    let written = ExportOptions { path: path.clone(), ..ExportOptions::default() };
    from.export_list(first, written.clone()).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("カテゴリー,発信担当者ID,発信対象外,最終結果"), "{text}");
    let (into, other, _) = store(there.path()).await;
    let unknown = import(&into, other, bytes(&text), options.clone()).await.unwrap();
    assert_eq!(unknown.counts[&crate::Code::OwnerUnknown], 2);
    let elsewhere = with_users(&into).await;
    for (store, list, options) in [(&from, second, &options), (&into, other, &elsewhere)] {
        let report = import(store, list, bytes(&text), options.clone()).await.unwrap();
        assert_eq!((report.inserted, &report.problems[..], &report.attributes[..]), (5, &[][..], &[][..]));
        assert_eq!(said(store, list).await, expected);
    }
    // Of what is there the owner is what the file says, where it says one; of repeated rows the last counts.
    let again = "会社名,電話番号,発信担当者ID,発信対象外\nA社,0312345678,hanako,止め\nB社,0612345678,,\n\
        F社,0152345678,,\nF社,0152345678,,二重\n";
    let last = ImportOptions { dup_in_file: DupPolicy::Last, ..options.clone() };
    let report = import(&from, first, bytes(again), last).await.unwrap();
    assert_eq!(report.counts.get(&crate::Code::Excluded), Some(&1), "told of the lead that was there");
    let stays = report.problems.iter().find(|problem| problem.code == crate::Code::Excluded).unwrap();
    assert_eq!((stays.line, stays.column.as_deref(), stays.value.as_str()), (2, Some("発信対象外"), "止め"));
    let now = said(&from, first).await;
    assert_eq!((&now[1..5], &now[5]), (&expected[1..], &("F社".into(), None, false, Some("二重".into()))));
    assert_eq!(now[0], ("A社".into(), Some("hanako".into()), true, None));
    from.undo_import(report.import.unwrap(), Actor::default(), NOW + 1, Progress::default()).await.unwrap();
    let named = "会社名,電話番号,発信担当者ID\nG社,0192345678,taro\n";
    let report = import(&from, first, bytes(named), options.clone()).await.unwrap();
    from.undo_import(report.import.unwrap(), Actor::default(), NOW + 2, Progress::default()).await.unwrap();
    import(&from, first, bytes("会社名,電話番号\nG社,0192345678\n"), options).await.unwrap();
    assert_eq!(said(&from, first).await[5], ("G社".into(), None, true, None));
}

/// S3.8: the book says whose contacts are, nobody's too, and comes back so; who is not known is refused by name. Taking an
/// import back gives a contact back to whom it was.
#[tokio::test]
async fn owners_go_out_and_in_with_the_contact_book() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let with_users = async |store: &Store| {
        for login in ["hanako", "taro"] {
            store.ensure_user(login, login, crate::Role::Operator, NOW).await.unwrap();
        }
        ImportOptions {
            owners: true,
            ..ImportOptions::for_contacts(super::super::Profile::named("open").unwrap())
        }
    };
    let owners = |rows: &[crate::ContactRow]| -> Vec<(String, Option<String>)> {
        let owner = |row: &crate::ContactRow| (row.phones[0].phone.clone(), row.owner_login.clone());
        rows.iter().map(owner).collect()
    };
    let (from, ..) = store(here.path()).await;
    let options = with_users(&from).await;
    let text = "会社名,電話番号,所有者ID\nA社,0312345678,taro\nB社,0612345678,\nC社,0522345678,hanako\n";
    into_the_book(&from, text, options.clone()).await.unwrap();
    into_the_book(&from, "D社,,0822345678\n", options.clone()).await.unwrap();
    let whose = owners(&book(&from).await);
    let whose: Vec<_> = whose.iter().map(|(_, owner)| owner.as_deref()).collect();
    assert_eq!(whose, [Some("taro"), Some("hanako"), None, Some("hanako")], "else whoever imports");

    let path = here.path().join("book.csv");
    let written = ExportOptions { path: path.clone(), ..ExportOptions::default() };
    from.export_contacts(written).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let (into, ..) = store(there.path()).await;
    let refused = into_the_book(&into, &text, options.clone()).await.unwrap();
    assert_eq!((refused.applied, refused.counts[&crate::Code::OwnerUnknown]), (false, 1));
    let of_column: Vec<_> =
        refused.problems.iter().map(|problem| (problem.column.as_deref(), &*problem.value)).collect();
    assert_eq!(of_column[0], (Some("所有者ID"), "taro"));
    let options = with_users(&into).await;
    assert_eq!(into_the_book(&into, &text, options.clone()).await.unwrap().inserted, 4);
    assert_eq!(owners(&book(&into).await), owners(&book(&from).await));
    let again = into_the_book(&into, &text, options.clone()).await.unwrap();
    assert_eq!((again.updated, again.unchanged), (0, 4), "{again:?}");

    let before = owners(&book(&into).await);
    let given = "会社名,電話番号,所有者ID\nA社,0312345678,hanako\nC社,0522345678,\n";
    let moved = into_the_book(&into, given, options.clone()).await.unwrap();
    assert_eq!((moved.updated, moved.unchanged), (1, 1), "an empty cell takes no owner away");
    assert_eq!(owners(&book(&into).await)[0].1.as_deref(), Some("hanako"));
    into.undo_import(moved.import.unwrap(), Actor::default(), NOW + 1, Progress::default()).await.unwrap();
    assert_eq!(owners(&book(&into).await), before);
    let blank = ImportOptions { overwrite_empty: true, ..options };
    assert_eq!(into_the_book(&into, given, blank).await.unwrap().updated, 2);
    assert_eq!(owners(&book(&into).await)[1].1, None);
}

/// S0.21, S0.25, C13: what is written for a product is what its rules read: no quotation marks, a number a row, no header
/// where it takes none.
#[tokio::test]
async fn a_file_for_a_product_is_read_by_its_rules() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (from, list, _) = store(here.path()).await;
    let text = "会社名,氏名,電話番号,カテゴリー,追加電話番号,備考\n\
        \"A, \"\"社\"\"\",佐藤,0312345678,既存|大口,\"携帯 / 私:090-1111-2222\n06-1234-5678\",=1\n\
        ㈱髙﨑,田中,0522345678,,,一\n";
    assert!(import(&from, list, bytes(text), ImportOptions::default()).await.unwrap().applied);
    let path = here.path().join("out.csv");
    let options = || ExportOptions { path: path.clone(), without_results: true, ..ExportOptions::default() };
    let miitel = super::super::Profile::named("miitel").unwrap();

    let written = from.export_list(list, options().for_lists(miitel)).await.unwrap();
    let replaced: Vec<_> =
        written.replaced.iter().map(|cell| (cell.row, &*cell.column, &*cell.written)).collect();
    assert_eq!(
        replaced,
        [
            (2, "取引先会社名", "A， ″社″"),
            (2, "追加電話番号", "携帯／私:090-1111-2222 / 06-1234-5678"),
            (2, "備考", "′=1")
        ]
    );
    let (into, other, _) = store(there.path()).await;
    let read = import(&into, other, ImportSource::Path(path.clone()), ImportOptions::for_lists(miitel))
        .await
        .unwrap();
    assert_eq!((read.inserted, &read.problems[..]), (2, &[][..]));
    let lead = &leads(&into, other).await[0];
    let further: Vec<_> = lead.extra_phones.iter().map(|one| (one.label.as_deref(), &*one.phone)).collect();
    assert_eq!(further, [(Some("携帯／私"), "+819011112222"), (None, "+81612345678")]);
    assert_eq!((lead.company.as_deref(), &lead.attrs["備考"]), (Some("A， ″社″"), &"=1".into()));

    let written = from.export_contacts(options().for_contacts(miitel)).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count() as u64, written.rows, "no line names the columns");
    assert!(text.lines().all(|line| line.split(',').count() == 4) && !text.contains(['"', '\'']), "{text}");
    let read = into_the_book(&into, &text, ImportOptions::for_contacts(miitel)).await.unwrap();
    assert_eq!((read.rows, &read.problems[..]), (written.rows, &[][..]));
}

/// S0.29, S1.9, S1.10, S1.23: lists of any project and the contact book read alike and share one book; long names are
/// kept with a warning.
#[tokio::test]
async fn lists_and_contacts_have_one_reader_and_one_book() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list, _) = store(folder.path()).await;
    let long = "長".repeat(31);
    let text = format!("{long},佐藤,3-1234-5678,既存|新規\n");
    let of_list = import(&store, list, bytes(&text), ImportOptions::default()).await.unwrap();
    assert_eq!((of_list.contacts_created, of_list.counts[&crate::Code::Long]), (1, 1));
    let contact = book(&store).await.remove(0);
    assert_eq!((contact.company.as_deref(), contact.categories.len()), (Some(long.as_str()), 2));
    let options = ImportOptions::for_contacts(super::super::Profile::named("open").unwrap());
    let of_book = into_the_book(&store, &text, options).await.unwrap();
    assert_eq!((of_book.unchanged, &of_book.counts), (1, &of_list.counts));
    let other = store.ensure_project("別の案件", None, NOW).await.unwrap();
    let spec = ListSpec { name: "別".into(), project: other };
    let second = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
    import(&store, second, bytes("改,,0312345678\n"), ImportOptions::default()).await.unwrap();
    let rows = book(&store).await;
    assert_eq!((rows.len(), rows[0].company.as_deref(), rows[0].id), (1, Some("改"), contact.id));
}

/// S0.4, S0.23, S3.6, C2, C5: names are asked for by the profile, and a full book takes nothing of a file.
#[tokio::test]
async fn a_profile_judges_contacts_and_limits_the_book() {
    let folder = tempfile::tempdir().unwrap();
    let (store, ..) = store(folder.path()).await;
    let of = |name: &str| ImportOptions::for_contacts(super::super::Profile::named(name).unwrap());
    let text = "A社,佐藤,0312345678\nB社,,0612345678\n";
    let both = into_the_book(&store, text, of("miitel")).await.unwrap();
    assert_eq!((both.applied, both.counts[&crate::Code::ReqPerson]), (false, 1));
    let zoho = "会社名,担当者名,電話番号\nA社,佐藤,0312345678\nB社,,0612345678\n";
    assert_eq!(into_the_book(&store, zoho, of("zoho")).await.unwrap().refused, 1);
    into_the_book(&store, "A社,佐藤,0312345678\n", of("miitel")).await.unwrap();
    let full = ImportOptions { max_contacts: 2, ..of("open") };
    let error =
        into_the_book(&store, "A社,田中,0312345678\nB社,,0612345678\nC社,,0522345678\n", full.clone()).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), "E-CONTACTS-FULL");
    assert!(matches!(error, Error::ContactsFull { most: 2, needed: 2, free: 1 }), "{error}");
    let rows = book(&store).await;
    assert_eq!((rows.len(), rows[0].person.as_deref()), (1, Some("佐藤")));
    // Overwriting needs no room.
    assert!(into_the_book(&store, "A社,田中,0312345678\nB社,,0612345678\n", full).await.unwrap().applied);
}

#[tokio::test]
async fn an_export_that_would_lose_characters_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list, _) = store(folder.path()).await;
    import(&store, list, bytes("𠮷野家,,0312345678\n"), ImportOptions::default()).await.unwrap();
    let path = folder.path().join("out.csv");
    let options =
        ExportOptions { path: path.clone(), encoding: ExportEncoding::Cp932, ..ExportOptions::default() };
    let report = store.export_list(list, options.clone()).await.unwrap();
    assert_eq!((report.written, report.unencodable[0].character), (false, '𠮷'));
    assert!(!path.exists() && !folder.path().join("out.csv.part").exists());
    let replaced = ExportOptions { replace_unencodable: true, ..options };
    assert!(store.export_list(list, replaced).await.unwrap().written);
    assert!(path.exists());
}

/// Of two exports to one place at once, the second is refused and takes nothing of the first.
#[tokio::test]
async fn an_export_to_where_another_is_being_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list, _) = store(folder.path()).await;
    import(&store, list, bytes("A社,,0312345678\n"), ImportOptions::default()).await.unwrap();
    let path = folder.path().join("out.csv");
    let options = || ExportOptions { path: path.clone(), held: true, ..ExportOptions::default() };
    let first = options();
    assert!(store.export_list(list, first.clone()).await.unwrap().written);
    let second = options();
    let refused = store.export_list(list, second).await.unwrap_err();
    assert_eq!(refused.code(), "E-FILE");
    assert!(refused.ja().contains("ほかの処理が使っています"), "{}", refused.ja());
    first.place().unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().contains("A社"));
    drop(first);
    let third = options();
    assert!(store.export_list(list, third.clone()).await.unwrap().written);
    third.discard();
    assert!(path.exists() && !folder.path().join("out.csv.part").exists());
}
