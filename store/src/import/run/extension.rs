//! Extensions of numbers (内線): kept beside the number, whichever way it came, and written where they can be read.

use super::super::{ImportSource, Profile};
use super::*;
use crate::export::{ExportEncoding, ExportOptions, ExportReport};
use crate::handle::{OpenOptions, Store};
use crate::model::{
    ContactAdd, ContactChange, ContactDraft, ContactRules, ContactSource, LeadFilter, LeadRow, LeadSpec,
    ListQuery, ListSpec, PhoneDraft,
};

const NOW: i64 = 1_780_000_000_000;

async fn store(folder: &std::path::Path) -> (Store, [ListId; 2]) {
    let store = Store::open(&folder.join("kakeru.db"), OpenOptions::default()).unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let list = async |name: &str| {
        let spec = ListSpec { name: name.to_owned(), project };
        store.create_list(spec, Actor::default(), NOW).await.unwrap().id
    };
    let lists = [list("一").await, list("二").await];
    (store, lists)
}

async fn take(store: &Store, list: Option<ListId>, source: ImportSource, blanks: bool) -> ImportReport {
    let job = match list {
        Some(list) => ImportJob::into_list(list, source, NOW),
        None => ImportJob::into_contacts(source, NOW),
    };
    let options = ImportOptions { overwrite_empty: blanks, ..job.options.clone() };
    store.import(ImportJob { options, ..job }).await.unwrap()
}

fn text(text: &str) -> ImportSource {
    ImportSource::Bytes(text.as_bytes().to_vec())
}

async fn lead(store: &Store, list: ListId) -> LeadRow {
    let query = ListQuery { list, after: None, limit: 10, filter: LeadFilter::default() };
    store.show_list(query).await.unwrap().remove(0)
}

/// Numbers of the contact with their extensions.
async fn numbers(store: &Store, number: &str) -> Vec<(String, Option<String>)> {
    let contact = store.contact_row(number).await.unwrap();
    contact.phones.into_iter().map(|phone| (phone.phone, phone.ext)).collect()
}

async fn undo(store: &Store, report: &ImportReport) {
    let import = report.import.unwrap();
    let undone = store.undo_import(import, Actor::default(), NOW + 1, Progress::default()).await.unwrap();
    assert!(undone.restored > 0 && undone.changed_since == 0, "{undone:?}");
}

fn to(folder: &std::path::Path, name: &str) -> ExportOptions {
    let encoding = ExportEncoding::Cp932;
    ExportOptions { path: folder.join(name), encoding, without_results: true, ..ExportOptions::default() }
}

async fn export(store: &Store, list: Option<ListId>, options: ExportOptions) -> (String, ExportReport) {
    let path = options.path.clone();
    let report = match list {
        Some(list) => store.export_list(list, options).await.unwrap(),
        None => store.export_contacts(options).await.unwrap(),
    };
    let bytes = std::fs::read(path).unwrap();
    (encoding_rs::SHIFT_JIS.decode(&bytes).0.into_owned(), report)
}

/// S0.18, S1.19, S1.29, S4.41: of the number and of further ones, on a list and in the contact book.
#[tokio::test]
async fn an_extension_goes_in_and_out_and_in_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, [first, second]) = store(folder.path()).await;
    let sheet = "会社名,氏名,電話番号,追加電話番号\nA社,,03-5555-1111 内線12,\"支社:06-5555-1111 ext.7\n携帯:09012345678\"\n";
    take(&store, Some(first), text(sheet), false).await;
    let exts =
        |lead: &LeadRow| (lead.ext.clone(), lead.extra_phones.iter().map(|one| one.ext.clone()).collect());
    let expected: (Option<String>, Vec<Option<String>>) = (Some("12".into()), vec![Some("7".into()), None]);
    assert_eq!(exts(&lead(&store, first).await), expected);
    let (written, _) = export(&store, Some(first), to(folder.path(), "list.csv")).await;
    assert!(
        written.contains("03-5555-1111 内線12") && written.contains("支社:06-5555-1111 内線7"),
        "{written}"
    );
    let again = || ImportSource::Path(folder.path().join("list.csv"));
    take(&store, Some(second), again(), false).await;
    assert_eq!(exts(&lead(&store, second).await), expected);
    assert_eq!(take(&store, Some(first), again(), false).await.unchanged, 1);
    // The contact that the list made has the number's.
    assert_eq!(numbers(&store, "0355551111").await, [("+81355551111".to_owned(), Some("12".to_owned()))]);
    take(&store, None, text(sheet), false).await;
    let book = numbers(&store, "0355551111").await;
    assert_eq!(book.iter().map(|(_, ext)| ext.as_deref()).collect::<Vec<_>>(), [Some("12"), Some("7"), None]);
    let (written, _) = export(&store, None, to(folder.path(), "book.csv")).await;
    let report = take(&store, None, ImportSource::Path(folder.path().join("book.csv")), false).await;
    assert_eq!((report.updated, report.unchanged), (0, 1), "{written}");
    // Products that read digits get digits, and who exports is told.
    for (profile, told) in [("miitel", true), ("calltree", true), ("open", false)] {
        let profile = Profile::named(profile).unwrap();
        let options = to(folder.path(), "digits.csv").for_lists(profile);
        let (written, report) = export(&store, Some(first), options).await;
        assert_eq!((written.contains("内線12"), report.replaced_total > 0), (!told, told), "{written}");
    }
}

/// S0.20, S1.11, S1.19: another one takes its place, none changes nothing unless that is wished, and undo brings the old one back.
#[tokio::test]
async fn an_extension_is_overwritten_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (store, [list, _]) = store(folder.path()).await;
    let sheet =
        |number: &str, further: &str| format!("会社名,氏名,電話番号,追加電話番号\nA社,,{number},{further}\n");
    for list in [Some(list), None] {
        let took = async |number: &str, further: &str, blanks| {
            take(&store, list, text(&sheet(number, further)), blanks).await
        };
        let now = async || match list {
            Some(list) => {
                let lead = lead(&store, list).await;
                (lead.ext, lead.extra_phones.into_iter().next().unwrap().ext)
            }
            None => {
                let book = numbers(&store, "0355551111").await;
                (book[0].1.clone(), book[1].1.clone())
            }
        };
        let of = |main: &str, further: &str| (Some(main.to_owned()), Some(further.to_owned()));
        took("03-5555-1111 内線12", "06-5555-1111 内線7", false).await;
        assert_eq!(now().await, of("12", "7"));
        assert_eq!(took("03-5555-1111 x12", "0655551111#7", false).await.unchanged, 1);
        assert_eq!(took("03-5555-1111", "0655551111", false).await.unchanged, 1);
        assert_eq!(now().await, of("12", "7"));
        for (number, further, blanks, expected) in [
            ("03-5555-1111 内線13", "06-5555-1111", false, of("13", "7")),
            ("03-5555-1111", "06-5555-1111 内線8", false, of("12", "8")),
            ("03-5555-1111", "06-5555-1111", true, (None, Some("7".to_owned()))),
        ] {
            let report = took(number, further, blanks).await;
            assert_eq!((report.updated, report.unchanged), (1, 0), "{number} {further}");
            assert_eq!(now().await, expected);
            assert_eq!(took(number, further, blanks).await.unchanged, 1);
            undo(&store, &report).await;
            assert_eq!(now().await, of("12", "7"));
        }
    }
}

/// S0.4, S4.41, S4.45: typed ones are kept too, and a contact whose numbers are saved again as they are shown keeps its own.
#[tokio::test]
async fn a_typed_extension_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (store, [list, _]) = store(folder.path()).await;
    let by = Actor::default();
    let spec = LeadSpec { company: Some("A社".into()), ..LeadSpec::new(list, "03-5555-1111 内線12") };
    let (id, _) = store.add_lead(spec, by, NOW).await.unwrap();
    let (further, _) = store.add_lead_phone(id, "06-5555-1111 内線7", None, by, NOW).await.unwrap();
    assert_eq!(further.iter().map(|one| one.ext.as_deref()).collect::<Vec<_>>(), [Some("12"), Some("7")]);
    assert_eq!(numbers(&store, "0355551111").await[0].1.as_deref(), Some("12"));
    let rules = ContactRules::default();
    let typed = |numbers: [&str; 2]| {
        numbers.map(|number| PhoneDraft { number: number.to_owned(), label: None }).to_vec()
    };
    let draft = ContactDraft {
        company: Some("B社".into()),
        phones: typed(["03-6666-1111 内線1", "03-6666-2222 内線2"]),
        ..ContactDraft::default()
    };
    let source = ContactSource::Form { overwrite: false };
    let contact = store.contact_add(ContactAdd { draft, source, rules, by, now: NOW }).await.unwrap().contact;
    let change = |numbers| ContactChange { phones: Some(typed(numbers)), ..ContactChange::default() };
    store
        .contact_change(contact.id, change(["03-6666-2222", "03-6666-1111 内線9"]), rules, by, NOW)
        .await
        .unwrap();
    let exts = numbers(&store, "0366661111").await.into_iter().map(|(_, ext)| ext.unwrap());
    assert_eq!(exts.collect::<Vec<_>>(), ["2", "9"]);
}
