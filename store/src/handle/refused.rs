//! What is refused changes nothing, whatever would have gone before it in slices.

use super::{OpenOptions, Store};
use crate::import::{ImportJob, ImportSource};
use crate::model::{Actor, HandOver, ListSpec, Role, UserChange, UserDraft, UserScope};
use crate::permission::Scope;
use crate::progress::Progress;

const NOW: i64 = 1_795_222_800_000;

/// S4.23: a change of role is refused as a whole, for whatever stands beside it, before any lead has another's name on it.
#[tokio::test]
async fn a_change_that_is_refused_hands_nothing_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("kakeru.db"), OpenOptions::default()).unwrap();
    let (by, within) = (Actor::default(), UserScope { scope: Scope::All, role: Role::Manager });
    let mut users = Vec::new();
    for (login, role, uid) in
        [("alice", Role::Manager, None), ("bob", Role::Operator, None), ("carol", Role::Operator, Some(5001))]
    {
        let draft = UserDraft {
            login: login.into(),
            name: login.into(),
            role,
            uid,
            password_hash: None,
            max_users: None,
        };
        users.push(store.user_add(draft, by, within, NOW).await.unwrap().id);
    }
    let [alice, bob, carol] = users.try_into().unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let list = store.create_list(ListSpec { name: "春".into(), project }, by, NOW).await.unwrap().id;
    let text = "会社名,電話番号\nA社,0312345678\nB社,0612345678\n";
    let mut job = ImportJob::into_list(list, ImportSource::Bytes(text.into()), NOW);
    job.options.assign = vec![alice, bob];
    store.import(job).await.unwrap();

    let back = |name: Option<&str>, uid| UserChange {
        role: Some(Role::BackOffice),
        name: name.map(str::to_owned),
        uid,
        ..UserChange::default()
    };
    for (user, change, code) in [
        (bob, back(None, Some(Some(5001))), "E-USER-UID"),
        (bob, back(Some(""), None), "E-VALUE"),
        (alice, back(None, None), "E-USER-LAST"),
    ] {
        for over in [HandOver::To(carol), HandOver::Nobody] {
            let refused =
                store.user_change(user, change.clone(), over, (by, within), NOW, Progress::default()).await;
            assert_eq!(refused.unwrap_err().code(), code);
            assert_eq!(store.holdings(user).await.unwrap().leads, 1, "{code}: nothing changed hands");
        }
    }
    let log = store.audit_log(Default::default()).await.unwrap();
    assert!(log.iter().all(|row| row.action != "user.hand_over"), "{log:?}");
    let given = HandOver::To(carol);
    let done = store.user_change(bob, back(None, None), given, (by, within), NOW, Progress::default()).await;
    assert_eq!((done.unwrap().1.leads, store.holdings(carol).await.unwrap().leads), (1, 1));
}
