//! What a file says of numbers that are known already, and what it does not say.

use super::world::{job, lead, store, undo};
use super::*;
use crate::handle::Store;

async fn import(store: &Store, list: Option<ListId>, text: &str, blanks: bool) -> ImportReport {
    let job = job(list, text);
    let options = ImportOptions { overwrite_empty: blanks, ..job.options.clone() };
    store.import(ImportJob { options, ..job }).await.unwrap()
}

/// S1.11: an empty cell blanks where that is wished, in columns of the list's own too; a column that is not in the file blanks nothing.
#[tokio::test]
async fn empty_cells_blank_and_missing_columns_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = store(folder.path()).await;
    let whole = "会社名,氏名,電話番号,カテゴリー,備考,住所\nA社,佐藤,0312345678,既存,午後,東京\n";
    import(&store, Some(list), whole, false).await;
    import(&store, Some(list), "会社名,電話番号\nA社,0312345678\n", true).await;
    let kept = lead(&store, list).await;
    assert_eq!((kept.person.as_deref(), kept.categories.len()), (Some("佐藤"), 1));
    assert_eq!((&kept.attrs["備考"], &kept.attrs["住所"]), (&"午後".into(), &"東京".into()));
    let contact = store.contacts(crate::ContactQuery::default()).await.unwrap().remove(0);
    assert_eq!((contact.person.as_deref(), contact.categories.len()), (Some("佐藤"), 1));
    let blank = "会社名,氏名,電話番号,カテゴリー,備考\nA社,,0312345678,,\n";
    assert_eq!(import(&store, Some(list), blank, false).await.unchanged, 1);
    let report = import(&store, Some(list), blank, true).await;
    assert_eq!((report.updated, report.contacts_updated), (1, 1));
    let blanked = lead(&store, list).await;
    assert_eq!((blanked.person, blanked.categories.len()), (None, 0));
    assert_eq!((blanked.attrs.get("備考"), &blanked.attrs["住所"]), (None, &"東京".into()));
    undo(&store, &report).await;
    assert_eq!(lead(&store, list).await.attrs["備考"], "午後");
}

/// S1.19: a cell with 184 or 186 says how its number is called; one without says nothing of it, and takes off nothing that a person or
/// an earlier file set.
#[tokio::test]
async fn a_cell_without_184_leaves_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = store(folder.path()).await;
    let exported = async |name: &str| {
        let path = folder.path().join(name);
        let options = crate::export::ExportOptions { path: path.clone(), ..Default::default() };
        store.export_list(list, options).await.unwrap();
        std::fs::read_to_string(path).unwrap()
    };
    import(&store, Some(list), "A社,,03-1234-5678\n", false).await;
    let report = import(&store, Some(list), "A社,,184-03-1234-5678\n", false).await;
    assert_eq!((report.updated, report.unchanged), (1, 0));
    assert!(exported("1.csv").await.contains("184"));
    assert_eq!(import(&store, Some(list), "A社,,184 0312345678\n", false).await.unchanged, 1);
    for blanks in [false, true] {
        assert_eq!(import(&store, Some(list), "A社,,0312345678\n", blanks).await.unchanged, 1);
    }
    assert!(exported("2.csv").await.contains("184"));
    assert_eq!(import(&store, Some(list), "A社,,186-0312345678\n", false).await.updated, 1);
    assert!(exported("3.csv").await.contains("186"));
    // By hand, and again a file that says nothing of it.
    let by_hand = crate::LeadFields { clir: Some("184".into()), ..Default::default() };
    let id = lead(&store, list).await.id;
    store.change_lead_fields(id, by_hand, Actor::default(), 1).await.unwrap();
    assert_eq!(import(&store, Some(list), "B社,,0312345678\n", false).await.updated, 1);
    let row = lead(&store, list).await;
    assert_eq!((row.company.as_deref(), row.clir.as_deref()), (Some("B社"), Some("184")));
    undo(&store, &report).await;
    assert!(exported("4.csv").await.contains("184"), "somebody wrote it anew since");
}
