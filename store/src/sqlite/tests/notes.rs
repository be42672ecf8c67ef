//! Notes of the back office.

use super::*;
use crate::error::Error;
use crate::model::{NoteAbout, NoteChange, NoteDraft, NoteEdit, StatsQuery};
use crate::permission::Scope;

/// S4.5, D13: BY adds history to customers without a call; it is in no count.
#[test]
fn a_note_is_history_without_a_call() {
    let mut world = World::new(1);
    let claimed = world.call("見込");
    let by_user = world.db.ensure_user("carol", "Carol", Role::BackOffice, NOW).unwrap();
    let by = Actor { user: Some(by_user), uid: None };
    let before = world.reader().stats(&StatsQuery::default()).unwrap();
    let draft = |about, text: &str| NoteDraft { about, granted_to: None, text: text.into(), by, now: NOW };
    let first = world.db.note_add(&draft(NoteAbout::Attempt(claimed.attempt), "契約書を発送")).unwrap();
    let second = world.db.note_add(&draft(NoteAbout::Lead(claimed.lead.unwrap()), "入金を確認")).unwrap();
    let third =
        world.db.note_add(&draft(NoteAbout::Number(phone(0).display_national()), "電話で苦情")).unwrap();
    assert_eq!((first.lead, second.attempt, third.lead), (claimed.lead, None, None));
    // Wherever they were written: it is one customer.
    let about = NoteAbout::Attempt(claimed.attempt);
    let texts: Vec<_> =
        world.reader().notes(&about, None).unwrap().into_iter().map(|note| note.text).collect();
    assert_eq!(texts, ["契約書を発送", "入金を確認", "電話で苦情"]);
    assert_eq!(world.reader().stats(&StatsQuery::default()).unwrap(), before);
    let nobody = world.db.note_add(&draft(NoteAbout::Lead(LeadId(7)), "x")).unwrap_err();
    assert_eq!(nobody.code(), "E-NOT-FOUND");
    assert_eq!(world.db.note_add(&draft(about, " ")).unwrap_err().code(), "E-VALUE");
}

/// Section D: BY amends own notes. What a note said before stays in the audit log.
#[test]
fn a_note_is_changed_by_its_writer_and_taken_back() {
    let mut world = World::new(1);
    let by = world.actor();
    let about = NoteAbout::Number(phone(0).national());
    let note = world
        .db
        .note_add(&NoteDraft { about: about.clone(), granted_to: None, text: "誤字".into(), by, now: NOW })
        .unwrap();
    let bob = world.db.ensure_user("bob", "Bob", Role::BackOffice, NOW).unwrap();
    let mut change = NoteChange {
        note: note.id,
        edit: NoteEdit::Text("直した".into()),
        scope: Scope::Own,
        by: Actor { user: Some(bob), uid: None },
        now: NOW + 1,
    };
    assert!(matches!(world.db.note_change(&change), Err(Error::Permission)));
    change.by = by;
    let edited = world.db.note_change(&change).unwrap();
    assert_eq!((edited.text.as_str(), edited.edited_at), ("直した", Some(NOW + 1)));
    change.edit = NoteEdit::Delete;
    world.db.note_change(&change).unwrap();
    assert!(world.reader().notes(&about, None).unwrap().is_empty());
    assert_eq!(world.db.note_change(&change).unwrap_err().code(), "E-NOT-FOUND");
    let log = world.reader().audit_log(&Default::default()).unwrap();
    assert_eq!((log[0].action.as_str(), &log[0].detail["before"]), ("note.delete", &"直した".into()));
    assert_eq!(log[1].detail["before"], "誤字");
    // C8: it is there again, for whom it was theirs to take back.
    change.edit = NoteEdit::Restore;
    let others = NoteChange { by: Actor { user: Some(bob), uid: None }, ..change.clone() };
    assert!(matches!(world.db.note_change(&others), Err(Error::Permission)));
    for _ in 0..2 {
        assert_eq!(world.db.note_change(&change).unwrap().deleted_at, None);
    }
    assert_eq!(world.reader().notes(&about, None).unwrap()[0].text, "直した");
    let log = world.reader().audit_log(&Default::default()).unwrap();
    assert_eq!((&*log[0].action, &*log[1].action), ("note.restore", "note.delete"));
    // D7: what a manager took back is the manager's to bring back.
    let manager = Actor { user: None, uid: Some(0) };
    let taken =
        NoteChange { edit: NoteEdit::Delete, scope: Scope::All, by: manager, now: NOW + 2, ..change.clone() };
    world.db.note_change(&taken).unwrap();
    assert!(matches!(world.db.note_change(&change), Err(Error::Permission)));
    let back = NoteChange { edit: NoteEdit::Restore, ..taken };
    assert_eq!(world.db.note_change(&back).unwrap().deleted_at, None);
}

/// X7: what is noted at a call by hand is of its project.
#[test]
fn a_note_at_a_call_of_a_project_of_others_is_not_shown() {
    let mut world = World::new(1);
    let [bob, carol] =
        ["bob", "carol"].map(|login| world.db.ensure_user(login, login, Role::Operator, NOW).unwrap());
    let call = rules::manual(&world, &phone(0).national());
    let call = world.db.open_manual(&call).unwrap().attempt;
    let about = NoteAbout::Attempt(call);
    let by = Actor { user: Some(bob), uid: None };
    let draft = NoteDraft { about: about.clone(), granted_to: None, text: "苦情".into(), by, now: NOW };
    world.db.note_add(&draft).unwrap();
    let seen = |world: &World, user| world.reader().notes(&about, Some(user)).unwrap().len();
    assert_eq!([bob, carol].map(|user| seen(&world, user)), [1, 1]);
    world.db.grant_project(world.project, &[world.user], true, Actor::default(), NOW).unwrap();
    assert_eq!([world.user, bob, carol].map(|user| seen(&world, user)), [1, 1, 0], "bob wrote it");
}

#[test]
fn an_import_that_is_taken_back_leaves_the_note_of_its_lead() {
    let mut world = World::new(0);
    let start = ImportStart { list: Some(world.list), source: "x.csv".into(), user: None, now: NOW };
    let import = world.db.begin_import(&start).unwrap();
    world.stage(import, &[row(0)], StagePolicy::default()).unwrap();
    world.db.commit_import(import, &serde_json::json!({}), Actor::default(), NOW).unwrap();
    let lead = world.leads()[0].id;
    let by = world.actor();
    world
        .db
        .note_add(&NoteDraft {
            about: NoteAbout::Lead(lead),
            granted_to: None,
            text: "残る".into(),
            by,
            now: NOW,
        })
        .unwrap();
    let undone = world.undo(import);
    assert_eq!((undone.removed, undone.changed_since), (0, 1));
    assert_eq!(world.leads()[0].id, lead, "the bin keeps such leads too");
    assert!(world.is_sound());
    let note = world.reader().notes(&NoteAbout::Number(phone(0).national()), None).unwrap().remove(0);
    assert_eq!(note.text, "残る");
}

/// S4.5, X7: a note about a lead of a list is not for whoever may not use it, by whatever way they ask; their own is.
#[test]
fn a_note_is_seen_by_those_its_list_is_granted_to() {
    let mut world = World::new(1);
    let lead = world.leads()[0].id;
    let other = world.db.ensure_user("carol", "Carol", Role::BackOffice, NOW).unwrap();
    world.db.grant_list(world.list, &[world.user], true, Actor::default(), NOW).unwrap();
    let note = |about, user| NoteDraft {
        about,
        granted_to: None,
        text: "伝言".into(),
        by: Actor { user: Some(user), uid: None },
        now: NOW,
    };
    world.db.note_add(&note(NoteAbout::Lead(lead), world.user)).unwrap();
    world.db.note_add(&note(NoteAbout::Number(phone(0).national()), other)).unwrap();
    let seen =
        |by: Option<UserId>| world.reader().notes(&NoteAbout::Number(phone(0).national()), by).unwrap().len();
    assert_eq!((seen(None), seen(Some(world.user)), seen(Some(other))), (2, 2, 1));
}

/// What no user wrote has its Unix user.
#[test]
fn a_note_of_nobody_has_its_unix_user() {
    let mut world = World::new(1);
    let about = NoteAbout::Number(phone(0).national());
    for by in [Actor { user: None, uid: Some(0) }, world.actor()] {
        let draft = NoteDraft { about: about.clone(), granted_to: None, text: "x".into(), by, now: NOW };
        world.db.note_add(&draft).unwrap();
    }
    let uids: Vec<_> = world
        .reader()
        .notes(&about, None)
        .unwrap()
        .into_iter()
        .map(|note| (note.user, note.by_uid))
        .collect();
    assert_eq!(uids, [(None, Some(0)), (Some(world.user), None)]);
}
