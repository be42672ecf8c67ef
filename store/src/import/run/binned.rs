//! What a list's bin knows of the numbers of a sheet (S1.19, C11), and what the journal says of one of which nothing was taken.

use super::super::DupPolicy;
use super::world::{NOW, job, leads, store, undo};
use super::*;
use crate::Code;
use crate::handle::Store;
use crate::model::{AuditQuery, LeadChange, LeadRow, LeadSpec};

const SHEET: &str = "会社名,電話番号\nA社,0312345678\nB社,0612345678\nC社,0522345678\n";

async fn change(store: &Store, list: ListId, lead: &LeadRow, change: LeadChange) {
    let by = Actor::default();
    let work = store.change_leads(list, vec![lead.id], change, by, NOW + 1, Progress::default());
    work.await.unwrap();
}

/// A list of three, of which the first was excluded and the second called, and then both deleted.
async fn world(folder: &std::path::Path) -> (Store, ListId) {
    let (store, list) = store(folder).await;
    store.import(job(Some(list), SHEET)).await.unwrap();
    let rows = leads(&store, list).await;
    change(&store, list, &rows[0], LeadChange::Exclude { reason: Some("断り".into()) }).await;
    let rows = leads(&store, list).await;
    for row in &rows[..2] {
        change(&store, list, row, LeadChange::Delete).await;
    }
    drop(store);
    // Called: a seat's work is more than this is about.
    let db = rusqlite::Connection::open(folder.join("kakeru.db")).unwrap();
    let sql = "UPDATE leads SET attempts = 1, last_disposition = 'talked', last_at = ?1 WHERE position = 2";
    db.execute(sql, [NOW]).unwrap();
    drop(db);
    (Store::open(&folder.join("kakeru.db"), crate::handle::OpenOptions::default()).unwrap(), list)
}

fn told(report: &ImportReport) -> Vec<(u64, &str)> {
    let of = |problem: &&crate::import::Problem| problem.code == Code::InBin;
    report.problems.iter().filter(of).map(|problem| (problem.line, &*problem.value)).collect()
}

/// S1.19, C11: who was excluded stays so, with who, when and why, though the lead was deleted; and of who was called it is told. So says
/// the preview, and the undo takes the lead back all the same.
#[tokio::test]
async fn a_number_comes_back_from_the_bin_as_it_was_excluded() {
    for policy in [DupPolicy::Error, DupPolicy::Last] {
        let folder = tempfile::tempdir().unwrap();
        let (store, list) = world(folder.path()).await;
        let again = "会社名,電話番号\nA社,0312345678\nB社,0612345678\nC社,0522345678\nD社,0312345679\n";
        let twice = format!("{again}A2社,0312345678\n");
        let text = if policy == DupPolicy::Last { &*twice } else { again };
        let asked = || {
            let mut job = job(Some(list), text);
            job.options.dup_in_file = policy;
            job.now = NOW + 100;
            job
        };
        let line = if policy == DupPolicy::Last { 6 } else { 2 };
        let expected = [(line, "発信対象外(断り)"), (3, "2026-05-29 通話済")];
        let looked = store.preview_import(asked()).await.unwrap().report;
        let mut told_before = told(&looked);
        told_before.sort_by_key(|(line, _)| *line);
        let mut expected = expected.to_vec();
        expected.sort_by_key(|(line, _)| *line);
        assert_eq!(told_before, expected, "{policy:?}");
        let report = store.import(asked()).await.unwrap();
        assert_eq!(told(&report), expected, "{policy:?}");
        assert_eq!(report.counts.get(&Code::InBin), Some(&2));
        let rows = leads(&store, list).await;
        let excluded: Vec<(i64, bool, Option<&str>)> =
            rows.iter().map(|row| (row.position, row.dialable, row.excluded_reason.as_deref())).collect();
        assert_eq!(
            excluded,
            [(3, true, None), (4, false, Some("断り")), (5, true, None), (6, true, None)],
            "{policy:?}"
        );
        // On the list now: nothing is told of it any more.
        assert!(told(&store.import(asked()).await.unwrap()).is_empty());
        undo(&store, &report).await;
        assert_eq!(leads(&store, list).await.len(), 1, "{policy:?}");
    }
}

/// What the file itself says of it needs no word, and whoever was included again before the lead went is called.
#[tokio::test]
async fn the_last_word_of_the_bin_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = world(folder.path()).await;
    let says = "会社名,電話番号,発信対象外\nA社,0312345678,契約済\n";
    let report = store.import(job(Some(list), says)).await.unwrap();
    assert!(told(&report).is_empty());
    let lead = leads(&store, list).await.pop().unwrap();
    assert_eq!(lead.excluded_reason.as_deref(), Some("契約済"));
    change(&store, list, &lead, LeadChange::Include).await;
    let (delete, by) = (LeadChange::Delete, Actor::default());
    let work = store.change_leads(list, vec![lead.id], delete, by, NOW + 9, Progress::default());
    work.await.unwrap();
    let report = store.import(job(Some(list), "会社名,電話番号\nA社,0312345678\n")).await.unwrap();
    assert!(told(&report).is_empty(), "{:?}", report.problems);
    assert!(leads(&store, list).await.pop().unwrap().dialable);
}

/// The same by hand.
#[tokio::test]
async fn a_lead_that_is_typed_stays_excluded() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = world(folder.path()).await;
    let spec = |phone: &str| LeadSpec { company: Some("A社".into()), ..LeadSpec::new(list, phone) };
    for (phone, warnings, reason) in [
        ("03-1234-5678", vec![Code::InBin], Some("断り")),
        ("06-1234-5678", vec![Code::InBin], None),
        ("0452345678", vec![], None),
    ] {
        let added = store.add_lead(spec(phone), Actor::default(), NOW + 2).await.unwrap();
        assert_eq!(added.1, warnings, "{phone}");
        let lead = leads(&store, list).await.pop().unwrap();
        assert_eq!((lead.dialable, lead.excluded_reason.as_deref()), (reason.is_none(), reason), "{phone}");
    }
}

/// Nobody undid what was never taken: the journal and the audit log say so, with the counts and who tried.
#[tokio::test]
async fn a_refused_file_is_told_as_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = store(folder.path()).await;
    let by = Actor { user: None, uid: Some(1_234) };
    let wrong = ImportJob { by, ..job(Some(list), "会社名,電話番号\nA社,なし\nB社,0612345678\n") };
    let report = store.import(wrong).await.unwrap();
    assert!(!report.applied);
    let record = store.imports(None, None, 9).await.unwrap().remove(0);
    assert_eq!(
        (record.report["not_taken"].as_bool(), record.report["refused"].as_u64()),
        (Some(true), Some(1))
    );
    assert_eq!(record.uid, Some(1_234));
    let log = store.audit_log(AuditQuery { limit: 99, ..Default::default() }).await.unwrap();
    let actions: Vec<&str> = log.iter().map(|row| &*row.action).collect();
    assert_eq!(actions.iter().filter(|action| **action == "import.refused").count(), 1, "{actions:?}");
    assert!(!actions.contains(&"import.undo"), "{actions:?}");
    let undone = store.undo_import(record.id, by, NOW, Progress::default()).await;
    assert_eq!(undone.unwrap_err().code(), "E-IMPORT-UNDO");
}
