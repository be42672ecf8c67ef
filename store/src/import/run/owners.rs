//! Whom a sheet names as the owner of a number that is on the list already (S1.6).

use super::super::DupPolicy;
use super::world::{NOW, job, leads, store, undo};
use super::*;
use crate::Undone;
use crate::handle::Store;
use crate::model::{HandOver, LeadChange, ListSpec, Role, UserChange, UserScope};
use crate::permission::Scope;

/// By company: whose its number is.
async fn owners(store: &Store, list: ListId) -> Vec<(String, Option<String>)> {
    let rows = leads(store, list).await.into_iter();
    rows.map(|lead| (lead.company.unwrap_or_default(), lead.assigned_login)).collect()
}

fn whose<const N: usize>(all: [(&str, &str); N]) -> Vec<(String, Option<String>)> {
    all.map(|(company, login)| (company.into(), Some(login.to_owned()).filter(|login| !login.is_empty())))
        .into()
}

async fn import(
    store: &Store,
    list: ListId,
    text: &str,
    change: impl Fn(&mut ImportOptions),
) -> ImportReport {
    let asked = || {
        let mut job = job(Some(list), text);
        job.options.owners = true;
        change(&mut job.options);
        job
    };
    let looked = store.preview_import(asked()).await.unwrap().report;
    let report = store.import(asked()).await.unwrap();
    let counts = |report: &ImportReport| (report.inserted, report.updated, report.unchanged, report.skipped);
    assert_eq!(counts(&looked), counts(&report), "{text}");
    report
}

async fn world(folder: &std::path::Path) -> (Store, ListId) {
    let (store, list) = store(folder).await;
    for login in ["taro", "hanako", "jiro"] {
        store.ensure_user(login, login, Role::Operator, NOW).await.unwrap();
    }
    import(
        &store,
        list,
        "会社名,電話番号,発信担当者ID\nA社,0312345678,taro\nB社,0612345678,\nC社,0522345678,hanako\n",
        |_| (),
    )
    .await;
    (store, list)
}

const MOVED: &str =
    "会社名,電話番号,発信担当者ID\nA社,0312345678,hanako\nB社,0612345678,taro\nC社,0522345678,\n";

/// S1.6, S1.19: the sheet is the truth where it says something; on every list that has the number; and the undo gives it back.
#[tokio::test]
async fn an_owner_is_named_for_a_lead_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = world(folder.path()).await;
    let before = whose([("A社", "taro"), ("B社", ""), ("C社", "hanako")]);
    assert_eq!(owners(&store, list).await, before);
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let spec = ListSpec { name: "二".into(), project };
    let other = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
    import(&store, other, "会社名,電話番号\nA社,0312345678\n", |_| ()).await;
    assert_eq!(owners(&store, other).await, whose([("A社", "taro")]));
    let skipping = import(&store, list, MOVED, |options| options.dup_existing = DupExisting::Skip).await;
    assert_eq!((skipping.skipped, owners(&store, list).await), (3, before.clone()));
    assert_eq!(import(&store, list, "会社名,電話番号\nA社,0312345678\n", |_| ()).await.unchanged, 1);

    let report = import(&store, list, MOVED, |_| ()).await;
    assert_eq!((report.updated, report.unchanged), (2, 1));
    let moved = whose([("A社", "hanako"), ("B社", "taro"), ("C社", "hanako")]);
    assert_eq!(owners(&store, list).await, moved);
    assert_eq!(owners(&store, other).await, whose([("A社", "hanako")]));
    assert_eq!(import(&store, list, MOVED, |_| ()).await.unchanged, 3);
    let Undone { restored, changed_since, .. } = undo(&store, &report).await;
    assert_eq!((restored, changed_since), (2, 0));
    assert_eq!(owners(&store, list).await, before);
    assert_eq!(owners(&store, other).await, whose([("A社", "taro")]));
    // The first import gave what it gives back.
    assert_eq!(import(&store, list, MOVED, |_| ()).await.updated, 2);
}

/// S1.6, S1.24: what somebody decided since stays, and a number of who is gone is nobody's.
#[tokio::test]
async fn an_undo_leaves_numbers_that_were_given_away_since() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = world(folder.path()).await;
    let report = import(&store, list, MOVED, |_| ()).await;
    let users = store.users().await.unwrap();
    let of = |login: &str| users.iter().find(|user| user.login == login).unwrap().id;
    let rows = leads(&store, list).await;
    let change = LeadChange::Assign { users: vec![of("jiro")] };
    let (by, progress) = (Actor::default(), Progress::default());
    store.change_leads(list, vec![rows[1].id], change, by, NOW, progress).await.unwrap();
    store.user_delete(of("taro"), HandOver::default(), by, NOW, Progress::default()).await.unwrap();
    let Undone { restored, changed_since, .. } = undo(&store, &report).await;
    assert_eq!((restored, changed_since), (1, 1));
    assert_eq!(owners(&store, list).await, whose([("A社", ""), ("B社", "jiro"), ("C社", "hanako")]));
}

/// S1.7, S4.23: a number goes back to nobody who calls no more: nobody would call it.
#[tokio::test]
async fn an_undo_gives_no_number_to_who_calls_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = world(folder.path()).await;
    let report = import(&store, list, MOVED, |_| ()).await;
    let taro = store.users().await.unwrap().into_iter().find(|user| user.login == "taro").unwrap().id;
    let change = UserChange { role: Some(Role::BackOffice), ..UserChange::default() };
    let (by, within) = (Actor::default(), UserScope { scope: Scope::All, role: Role::Manager });
    let over = HandOver::Nobody;
    store.user_change(taro, change, over, (by, within), NOW, Progress::default()).await.unwrap();
    undo(&store, &report).await;
    assert_eq!(owners(&store, list).await, whose([("A社", ""), ("B社", ""), ("C社", "hanako")]));
    assert_eq!(store.holdings(taro).await.unwrap().leads, 0);
}

/// S1.6: a number that is new on the list and somebody's on another one is whose the file says, and comes back; without a word it
/// stays theirs, whoever takes the new ones in turn.
#[tokio::test]
async fn a_sheet_names_the_owner_of_a_number_of_another_list() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = world(folder.path()).await;
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let spec = ListSpec { name: "二".into(), project };
    let other = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
    let jiro = store.users().await.unwrap().into_iter().find(|user| user.login == "jiro").unwrap().id;
    let in_turn = |options: &mut ImportOptions| options.assign = vec![jiro];
    let report = import(&store, other, MOVED, in_turn).await;
    let moved = whose([("A社", "hanako"), ("B社", "taro"), ("C社", "hanako")]);
    assert_eq!((owners(&store, other).await, owners(&store, list).await), (moved.clone(), moved));
    assert_eq!(undo(&store, &report).await.removed, 3);
    assert_eq!(owners(&store, list).await, whose([("A社", "taro"), ("B社", ""), ("C社", "hanako")]));
    let kept = import(&store, other, "会社名,電話番号\nA社,0312345678\nB社,0612345678\n", in_turn).await;
    assert_eq!(owners(&store, other).await, whose([("A社", "taro"), ("B社", "jiro")]));
    undo(&store, &kept).await;
    assert_eq!(owners(&store, list).await[1].1, None);
    // Of several rows the one that counts.
    for (policy, expected) in
        [(DupPolicy::First, "hanako"), (DupPolicy::Last, "jiro"), (DupPolicy::Merge, "jiro")]
    {
        let twice = "会社名,電話番号,発信担当者ID\nA社,0312345678,hanako\nA社,0312345678,jiro\nD社,0922345678,hanako\nD社,0922345678,jiro\n";
        let report = import(&store, list, twice, |options| options.dup_in_file = policy).await;
        let now = owners(&store, list).await;
        assert_eq!(
            (now[0].1.as_deref(), now[3].1.as_deref()),
            (Some(expected), Some(expected)),
            "{policy:?}"
        );
        let undone = undo(&store, &report).await;
        assert_eq!((undone.restored, undone.removed), (1, 1), "{policy:?}");
        assert_eq!(owners(&store, list).await[0].1.as_deref(), Some("taro"), "{policy:?}");
    }
}

/// S1.7, S4.23: a sheet from before gives nothing to who was deleted since, nor leads to who does not call.
#[tokio::test]
async fn a_sheet_gives_nothing_to_who_may_not_own_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, list) = world(folder.path()).await;
    let jiro = store.users().await.unwrap().into_iter().find(|user| user.login == "jiro").unwrap().id;
    let over = HandOver::Nobody;
    store.user_delete(jiro, over, Actor::default(), NOW, Progress::default()).await.unwrap();
    store.ensure_user("clerk", "clerk", Role::BackOffice, NOW).await.unwrap();
    let before = owners(&store, list).await;
    for login in ["jiro", "ＪＩＲＯ", "clerk"] {
        let text = format!("会社名,電話番号,発信担当者ID\nA社,0312345678,{login}\n");
        let report = import(&store, list, &text, |_| ()).await;
        assert_eq!(
            (report.errors(), report.problems[0].code),
            (1, crate::code::Code::OwnerUnknown),
            "{login}"
        );
    }
    assert_eq!(owners(&store, list).await, before);
}
