use std::fmt::Write as _;

use super::*;
use crate::error::Error;
use crate::id::AttemptId;
use crate::import::{ImportJob, ImportOptions, ImportSource};
use crate::model::{Actor, Advance, ClaimSpec, DialRules, ListSpec, Role};
use crate::phone::DialPlan;

const NOW: i64 = 1_795_222_800_000;

fn csv(rows: usize) -> ImportSource {
    let mut text = String::from("取引先会社名,取引先担当者名,電話番号,カテゴリー\n");
    for row in 0..rows {
        writeln!(text, "会社{row},,03{:08},関東", 30_000_000 + row * 7 % 9_999_991).unwrap();
    }
    ImportSource::Bytes(text.into_bytes())
}

#[tokio::test]
async fn calls_are_served_while_an_import_runs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kakeru.db");
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let user = store.ensure_user("alice", "Alice", Role::Operator, NOW).await.unwrap();
    let small = store
        .create_list(ListSpec { name: "small".into(), project }, Actor::default(), NOW)
        .await
        .unwrap()
        .id;
    let big =
        store.create_list(ListSpec { name: "big".into(), project }, Actor::default(), NOW).await.unwrap().id;
    let job = |list, rows| ImportJob {
        list: Some(list),
        source: csv(rows),
        options: ImportOptions::default(),
        by: Actor::default(),
        now: NOW,
        progress: None,
    };
    assert_eq!(store.import(job(small, 1)).await.unwrap().inserted, 1);
    let importing = store.import(job(big, 3000));
    let dialing = async {
        // Another import into the same list waits for nobody: it is refused.
        tokio::task::yield_now().await;
        let claim = ClaimSpec {
            attempt: AttemptId::generate(NOW),
            list: small,
            plan: DialPlan::default(),
            dial_now: true,
            rules: DialRules::lawful(),
            claim_until: NOW + 60_000,
            skip: Vec::new(),
            account: "main".into(),
            caller_id: None,
        };
        let step =
            Advance { now: NOW, seat: "a".into(), user, save: None, seal_attempt: None, claim: Some(claim) };
        store.advance(step).await.unwrap().claimed
    };
    let (report, claimed) = tokio::join!(importing, dialing);
    assert!(claimed.is_some());
    assert_eq!(report.unwrap().inserted, 3000);
    let lists = store.lists().await.unwrap();
    assert_eq!(lists.iter().map(|list| list.total).collect::<Vec<_>>(), [3000, 1]);
    store.ping().await.unwrap();
    assert!(!store.disk_full());

    // The file can be opened again as soon as the last handle is closed; handles that are left say so.
    let left = store.clone();
    store.close().await;
    assert!(matches!(left.ping().await, Err(Error::Closed)));
    assert!(matches!(left.lists().await, Err(Error::Closed)));
    drop(left);
    let again = Store::open(&path, OpenOptions::default()).unwrap();
    assert_eq!(again.recover(NOW).await.unwrap().interrupted.len(), 1);
    drop(again);
    assert!(Store::open(&path, OpenOptions::default()).is_ok());
}
