//! Of several rows of one number the last alone (`--dup-in-file last`, C3).

use super::super::DupPolicy;
use super::world::{job, leads, store, undo};
use super::*;
use crate::handle::Store;
use crate::model::LeadRow;

const HEAD: &str = "会社名,氏名,電話番号,カテゴリー,追加電話番号,備考,住所,発信対象外\n";

async fn import(store: &Store, list: Option<ListId>, text: &str, policy: DupPolicy) -> ImportReport {
    let asked = || {
        let mut job = job(list, &format!("{HEAD}{text}"));
        job.options.dup_in_file = policy;
        job
    };
    let looked = store.preview_import(asked()).await.unwrap().report;
    let report = store.import(asked()).await.unwrap();
    let counts =
        |report: &ImportReport| (report.inserted, report.updated, report.unchanged, report.contacts_updated);
    assert_eq!(counts(&looked), counts(&report), "{text}");
    report
}

/// All that a file says of a lead.
fn said(lead: &LeadRow) -> String {
    let further: Vec<_> = lead.extra_phones.iter().map(|one| (&one.phone, &one.label)).collect();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {} {} {:?}",
        lead.company,
        lead.person,
        lead.raw_phone,
        lead.categories,
        further,
        lead.attrs,
        lead.dialable,
        lead.ext
    )
}

const FIRST: &str = "A社,佐藤,184-0312345678,一|二,携帯:09011112222,午後,東京,止め\n";
const LAST: &str = "Z社,,03-1234-5678 内線7,三,,,大阪,\n";

/// C3, S1.18: a number that is new: nothing of an earlier row is left in its lead and its contact.
#[tokio::test]
async fn nothing_of_an_earlier_row_is_left() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (alone, other) = store(two.path()).await;
    let (store, list) = store(one.path()).await;
    let between = "B社,鈴木,0612345678,,,,,\n";
    let report = import(&store, Some(list), &format!("{FIRST}{between}{FIRST}{LAST}"), DupPolicy::Last).await;
    assert_eq!((report.inserted, report.duplicates, report.contacts_created), (2, 2, 2));
    import(&alone, Some(other), &format!("{LAST}{between}"), DupPolicy::Error).await;
    let (rows, expected) = (leads(&store, list).await, leads(&alone, other).await);
    assert_eq!(rows.iter().map(said).collect::<Vec<_>>(), expected.iter().map(said).collect::<Vec<_>>());
    let contact = async |store: &Store| {
        let row = store.contact_row("0312345678").await.unwrap();
        let phones: Vec<_> = row.phones.into_iter().map(|one| (one.phone, one.label, one.ext)).collect();
        let categories: Vec<_> = row.categories.into_iter().collect();
        (row.company, row.person, categories, phones, row.version)
    };
    assert_eq!(contact(&store).await, contact(&alone).await);
    let undone = undo(&store, &report).await;
    assert_eq!((undone.removed, undone.contacts_removed, undone.changed_since), (2, 2, 0));
    // The same in the contact book.
    let report = import(&store, None, &format!("{FIRST}{LAST}"), DupPolicy::Last).await;
    assert_eq!((report.inserted, report.updated), (1, 0));
    undo(&alone, &import(&alone, None, LAST, DupPolicy::Error).await).await;
    let (mut ours, theirs) = (contact(&store).await, contact(&alone).await);
    ours.4 = theirs.4;
    assert_eq!(ours, theirs);
    // Where rows are one, an earlier one adds.
    let report = import(&alone, None, &format!("{FIRST}{LAST}"), DupPolicy::Merge).await;
    assert_eq!((report.updated, contact(&alone).await.1.as_deref()), (1, Some("佐藤")));
}

/// C3, S1.19: a number that is on the list: its lead is what the last row makes of what was there, and is counted as that.
#[tokio::test]
async fn a_lead_that_is_there_is_what_the_last_row_makes_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = store(folder.path()).await;
    let known = "K社,田中,0312345678,既存,自宅:0312340000,夜,名古屋,\n";
    import(&store, Some(list), known, DupPolicy::Error).await;
    let before = said(&leads(&store, list).await[0]);
    let contact = store.contact_row("0312345678").await.unwrap();
    let report = import(&store, Some(list), LAST, DupPolicy::Error).await;
    let expected = said(&leads(&store, list).await[0]);
    undo(&store, &report).await;
    assert_eq!(said(&leads(&store, list).await[0]), before);
    for earlier in [FIRST.to_owned(), format!("{FIRST}{known}"), format!("{known}{FIRST}")] {
        let report = import(&store, Some(list), &format!("{earlier}{LAST}"), DupPolicy::Last).await;
        assert_eq!((report.updated, report.unchanged), (1, 0), "{earlier}");
        assert_eq!(said(&leads(&store, list).await[0]), expected, "{earlier}");
        let undone = undo(&store, &report).await;
        assert_eq!((undone.restored, undone.changed_since), (2, 0), "its lead and its contact");
        assert_eq!(said(&leads(&store, list).await[0]), before, "{earlier}");
    }
    // The last says what was there.
    let report = import(&store, Some(list), &format!("{FIRST}{known}"), DupPolicy::Last).await;
    assert_eq!((report.updated, report.unchanged, report.contacts_updated), (0, 1, 0));
    assert_eq!(said(&leads(&store, list).await[0]), before);
    let now = store.contact_row("0312345678").await.unwrap();
    assert_eq!((now.company, now.person, now.version), (contact.company, contact.person, contact.version));
    // Blank cells keep what was there before, not what an earlier row said.
    let report = import(&store, Some(list), &format!("{FIRST},,0312345678,,,,,\n"), DupPolicy::Last).await;
    assert_eq!((report.updated, report.unchanged, report.refused), (0, 1, 0));
    assert_eq!(said(&leads(&store, list).await[0]), before);
}
