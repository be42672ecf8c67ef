//! The contact book: forms, stubs, the bin, categories.

use super::*;
use crate::code::Code;
use crate::error::Error;
use crate::id::ContactId;
use crate::import::RequiredNames;
use crate::model::{
    ContactAdd, ContactChange, ContactDraft, ContactQuery, ContactRules, ContactSaved, ContactSource,
    DncEntry, HistoryQuery, IncomingCall, PhoneDraft, TRASH_MS, TaskQuery, TaskState,
};
use crate::permission::Scope;
use crate::sqlite::UnlinkAt;

pub(super) fn number(number: &str) -> PhoneDraft {
    PhoneDraft { number: number.into(), label: None }
}

pub(super) fn draft(company: &str, person: &str, phones: &[&str]) -> ContactDraft {
    ContactDraft {
        company: Some(company.into()),
        person: Some(person.into()),
        phones: phones.iter().map(|phone| number(phone)).collect(),
        ..ContactDraft::default()
    }
}

impl World {
    fn add_contact(&mut self, draft: ContactDraft, source: ContactSource) -> Result<ContactSaved> {
        let rules = ContactRules::default();
        let add = ContactAdd { draft, source, rules, by: self.actor(), now: self.now };
        self.db.contact_add(&add)
    }

    pub(super) fn form(&mut self, draft: ContactDraft) -> Result<ContactSaved> {
        self.add_contact(draft, ContactSource::Form { overwrite: false })
    }

    fn incoming(&mut self, caller: Option<&str>, stub: Option<&str>) -> AttemptId {
        let call = IncomingCall { stub: stub.map(Into::into), ..self.incoming_call(caller) };
        self.db.open_incoming(&call).unwrap().attempt
    }

    fn manual_call(&mut self, phone: &str) -> AttemptId {
        let call = rules::manual(self, phone);
        self.db.open_manual(&call).unwrap().attempt
    }
}

/// S0.4, S0.5, S0.6, S0.7, S3.6, C2: what a form must hold, by the site's rules.
#[test]
fn a_form_is_judged_field_by_field() {
    let mut world = World::new(0);
    let by = world.actor();
    let mut judged = |company: &str, person: &str, phone: &str, required| {
        let rules = ContactRules { required, ..ContactRules::default() };
        let phones = if phone.is_empty() { vec![] } else { vec![phone] };
        let source = ContactSource::Form { overwrite: true };
        let add = ContactAdd { draft: draft(company, person, &phones), source, rules, by, now: NOW };
        world.db.contact_add(&add).map_or_else(|error| error.code(), |_| "ok")
    };
    use RequiredNames::{Both, Either, Person};
    assert_eq!(judged("", "佐藤", "0312340001", Both), "E-REQ-COMPANY");
    assert_eq!(judged("A社", " ", "0312340001", Both), "E-REQ-PERSON");
    assert_eq!(judged("A社", " ", "0312340001", Person), "E-REQ-PERSON");
    assert_eq!(judged("", "佐藤", "0312340009", Person), "ok");
    assert_eq!(judged("", "", "0312340001", Either), "E-REQ-NAME");
    assert_eq!(judged("", "佐藤", "0312340001", Either), "ok");
    assert_eq!(judged("", "", "0312340001", RequiredNames::None), "ok");
    assert_eq!(judged("A社", "佐藤", "", Either), "E-REQ-PHONE");
    assert_eq!(judged("A社", "佐藤", "abc", Either), "E-PHONE-INVALID");
    assert_eq!(judged("A社", "佐藤", "110", Either), "E-PHONE-FORBIDDEN");
    // S0.10: what an import refuses is refused here, or the book's own export could not be read back.
    for number in ["0990-123-456", "0570-123-456", "020-1234-5678"] {
        assert_eq!(judged("A社", "佐藤", number, Either), "E-PHONE-FORBIDDEN", "{number}");
    }
    assert_eq!(judged("A\u{7}", "佐藤", "0312340001", Either), "E-CSV-CHAR");
}

/// S0.8: no limit for people, a warning above 30 characters, a guard against bad input. S0.7, S1.22: categories.
#[test]
fn long_names_are_kept_with_a_warning_and_categories_are_one_each() {
    let mut world = World::new(0);
    let long = "長".repeat(31);
    let mut contact = draft(&long, "佐藤", &["0312340001"]);
    contact.categories = vec!["製品Ａ| 既存 ".into(), "製品A".into(), "".into()];
    let saved = world.form(contact).unwrap();
    assert_eq!(saved.warnings, [Code::Long]);
    assert_eq!((saved.contact.company.as_deref(), saved.created), (Some(long.as_str()), true));
    assert_eq!(saved.contact.categories, ["製品Ａ", "既存"]);
    let fits = world.form(draft(&"長".repeat(30), "佐藤", &["0312340004"])).unwrap();
    assert!(fits.warnings.is_empty(), "{:?}", fits.warnings);
    let huge = draft(&"x".repeat(65_537), "佐藤", &["0312340002"]);
    assert_eq!(world.form(huge).unwrap_err().code(), "E-CSV-FIELD");
    let mut many = draft("A", "B", &["0312340003"]);
    many.categories = (0..101).map(|n| format!("分類{n}")).collect();
    assert_eq!(world.form(many).unwrap_err().code(), "E-CAT-LIMIT");
}

/// S0.20, S0.5: the number is the key. By hand it is refused unless overwriting is wanted.
#[test]
fn a_number_that_is_there_is_overwritten_only_when_told_to() {
    let mut world = World::new(1);
    let known = world.db.contact(&phone(0).national()).unwrap().unwrap();
    let new = draft("新社名", "新担当", &[&phone(0).national(), "090-1111-2222"]);
    let refused = world.form(new.clone()).unwrap_err();
    assert!(matches!(refused, Error::ContactDuplicate { contact, .. } if contact == known.id), "{refused}");
    assert!(!refused.to_string().contains("30000000"), "numbers are redacted: {refused}");
    let saved = world.add_contact(new, ContactSource::Form { overwrite: true }).unwrap();
    assert!(!saved.created);
    assert_eq!((saved.contact.id, saved.contact.company.as_deref()), (known.id, Some("新社名")));
    assert_eq!(saved.contact.categories, ["関東"], "none given, none taken away");
    assert_eq!(saved.contact.phones.len(), 2);
    assert_eq!(world.db.contact("09011112222").unwrap().unwrap().id, known.id);
}

/// S3.8, S3.10, S3.17: several numbers, an owner, edits with a version.
#[test]
fn a_contact_has_several_numbers_and_an_owner_and_is_edited_once() {
    let mut world = World::new(0);
    let mut contact = draft("A社", "佐藤", &["03-1234-0001", "090-1111-2222"]);
    contact.phones[1].label = Some("mobile".into());
    contact.email = Some("sato@example.jp".into());
    let made = world.form(contact).unwrap().contact;
    assert_eq!((made.owner, made.owner_login.as_deref()), (Some(world.user), Some("alice")));
    assert_eq!(made.phones[1].label.as_deref(), Some("mobile"));
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let change = ContactChange {
        version: Some(made.version),
        person: Some("鈴木".into()),
        phones: Some(vec![number("0612340001")]),
        categories: Some(vec!["関西".into()]),
        owner: Some(Some(bob)),
        ..ContactChange::default()
    };
    let (rules, by) = (ContactRules::default(), world.actor());
    let edited = world.db.contact_change(made.id, &change, rules, by, NOW + 1).unwrap().contact;
    assert_eq!((edited.company.as_deref(), edited.person.as_deref()), (Some("A社"), Some("鈴木")));
    assert_eq!((edited.version, edited.owner), (made.version + 1, Some(bob)));
    assert!(world.db.contact("0312340001").unwrap().is_none(), "the old number is free");
    assert_eq!(world.db.contact("06-1234-0001").unwrap().unwrap().categories, ["関西"]);
    let stale = world.db.contact_change(made.id, &change, rules, by, NOW + 2).unwrap_err();
    assert_eq!(stale.code(), "E-STALE");
    let blank = ContactChange { company: Some("".into()), person: Some("".into()), ..Default::default() };
    assert_eq!(world.db.contact_change(made.id, &blank, rules, by, NOW).unwrap_err().code(), "E-REQ-NAME");
    world.form(draft("B社", "田中", &["0312340009"])).unwrap();
    let taken = ContactChange { phones: Some(vec![number("0312340009")]), ..Default::default() };
    assert_eq!(world.db.contact_change(made.id, &taken, rules, by, NOW).unwrap_err().code(), "E-CONTACT-DUP");
    assert_eq!(world.db.contact("06-1234-0001").unwrap().unwrap().id, made.id, "what failed was not done");
    let twice = draft("C社", "x", &["0312340010", "03-1234-0010"]);
    assert_eq!(world.form(twice).unwrap_err().code(), "E-CSV-DUP-PHONE");
    for email in ["sato", "a@b@c", "a b@c"] {
        let wrong = ContactDraft { email: Some(email.into()), ..draft("D社", "x", &["0312340011"]) };
        assert_eq!(world.form(wrong).unwrap_err().code(), "E-VALUE", "{email}");
    }
}

/// S3.8: whose a contact is, is said by whose it is, and by whoever manages; nobody takes one over.
#[test]
fn an_owner_gives_a_contact_away_and_nobody_takes_it() {
    let mut world = World::new(0);
    let bob = world.db.ensure_user("bob", "Bob", Role::Operator, NOW).unwrap();
    let made = world.form(draft("A社", "佐藤", &["0312340001"])).unwrap().contact;
    let own = ContactRules { gives: Scope::Own, ..ContactRules::default() };
    let to = |owner| ContactChange { owner: Some(owner), ..ContactChange::default() };
    let (alice, bobs) = (world.actor(), Actor { user: Some(bob), uid: None });
    let mut give = |owner, by| world.db.contact_change(made.id, &to(owner), own, by, NOW);
    assert_eq!(give(Some(bob), bobs).unwrap_err().code(), "E-PERMISSION");
    assert_eq!(give(None, bobs).unwrap_err().code(), "E-PERMISSION");
    assert_eq!(give(made.owner, bobs).unwrap().contact.owner, made.owner, "it stays whose it is");
    assert_eq!(give(Some(bob), alice).unwrap().contact.owner, Some(bob));
    assert_eq!(give(made.owner, alice).unwrap_err().code(), "E-PERMISSION", "not hers any more");
    let draft = ContactDraft { owner: made.owner, ..draft("B社", "", &["0312340001"]) };
    let mut add = ContactAdd {
        draft,
        source: ContactSource::Form { overwrite: true },
        rules: own,
        by: alice,
        now: NOW,
    };
    assert_eq!(world.db.contact_add(&add).unwrap_err().code(), "E-PERMISSION", "nor by writing it anew");
    add.draft.owner = None;
    assert_eq!(world.db.contact_add(&add).unwrap().contact.owner, Some(bob));
    assert_eq!(give_of(&mut world, made.id, None), None);
    add.by = bobs;
    add.draft.owner = Some(bob);
    assert_eq!(world.db.contact_add(&add).unwrap().contact.owner, Some(bob), "it was nobody's");
}

/// As somebody who manages.
fn give_of(world: &mut World, contact: ContactId, owner: Option<UserId>) -> Option<UserId> {
    let change = ContactChange { owner: Some(owner), ..ContactChange::default() };
    let rules = ContactRules::default();
    world.db.contact_change(contact, &change, rules, Actor::default(), NOW).unwrap().contact.owner
}

/// S0.23: the book has a size; how much is free is told.
#[test]
fn a_full_book_is_refused() {
    let mut world = World::new(2);
    let rules = ContactRules { most: Some(2), ..ContactRules::default() };
    let source = ContactSource::Form { overwrite: true };
    let mut add = ContactAdd {
        draft: draft("A社", "佐藤", &["0312340001"]),
        source,
        rules,
        by: world.actor(),
        now: NOW,
    };
    assert_eq!(world.db.contact_add(&add).unwrap_err().code(), "E-CONTACTS-FULL");
    add.draft.phones = vec![number(&phone(0).national())];
    assert!(world.db.contact_add(&add).is_ok(), "overwriting needs no room");
}

/// S0.26, S0.27, S0.28, S0.1: a call with an unknown number shows nobody; registering it names every past call of the
/// number in views, while the calls keep what they knew.
#[test]
fn an_unknown_caller_is_registered_from_the_call() {
    let mut world = World::new(0);
    let first = world.incoming(Some("0312349999"), None);
    let second = world.manual_call("03-1234-9999");
    let withheld = world.incoming(None, None);
    let query = HistoryQuery {
        include_manual: true,
        include_incoming: true,
        only_unregistered: true,
        ..HistoryQuery::default()
    };
    assert_eq!(world.reader().history(&query).unwrap().len(), 3);
    let name = ContactDraft {
        company: Some("新規商事".into()),
        person: Some("山本".into()),
        // Whatever a form says, the number is the call's.
        phones: vec![number("0399999999")],
        ..ContactDraft::default()
    };
    let saved = world.add_contact(name.clone(), ContactSource::Call(first)).unwrap();
    assert_eq!(saved.contact.phones[0].phone, "+81312349999");
    assert_eq!(saved.contact.origin, "call");
    let all = HistoryQuery { only_unregistered: false, ..query.clone() };
    for row in world.reader().history(&all).unwrap().iter().filter(|row| row.id != withheld) {
        assert_eq!(row.contact.as_ref().unwrap().company.as_deref(), Some("新規商事"));
        assert_eq!(row.company, None, "the snapshot stays");
    }
    assert_eq!(world.reader().history(&query).unwrap().len(), 1, "the withheld one");
    let later = world.manual_call_later("0312349999");
    assert_eq!(world.db.attempt(later).unwrap().company.as_deref(), Some("新規商事"));
    // Once is enough; and who withholds the number cannot be registered.
    let again = world.add_contact(name.clone(), ContactSource::Call(second)).unwrap_err();
    assert_eq!(again.code(), "E-CONTACT-DUP");
    let nobody = world.add_contact(name, ContactSource::Call(withheld)).unwrap_err();
    assert_eq!(nobody.code(), "E-REQ-PHONE");
    let empty = ContactDraft::default();
    let call = world.incoming(Some("0312348888"), None);
    assert_eq!(world.add_contact(empty, ContactSource::Call(call)).unwrap_err().code(), "E-REQ-NAME");
}

impl World {
    fn manual_call_later(&mut self, phone: &str) -> AttemptId {
        self.now += 10 * MINUTE;
        self.manual_call(phone)
    }
}

/// S3.2, S3.3, S3.9: a stub is made once, never takes a real contact's place, and gives way to one.
#[test]
fn an_unknown_caller_may_become_a_stub() {
    let mut world = World::new(1);
    world.incoming(Some("0312349999"), Some("サトウ"));
    world.incoming(Some("0312349999"), Some("スズキ"));
    world.incoming(Some(&phone(0).national()), Some("タナカ"));
    let stub = world.db.contact("0312349999").unwrap().unwrap();
    assert_eq!(stub.person.as_deref(), Some("サトウ"));
    assert_eq!(world.db.contact(&phone(0).national()).unwrap().unwrap().company.as_deref(), Some("会社0"));
    let stubs = ContactQuery { only_stubs: true, ..ContactQuery::default() };
    assert_eq!(world.reader().contacts(&stubs).unwrap().len(), 1);
    let real = ContactDraft { person: None, ..draft("本物商事", "", &["0312349999"]) };
    let saved = world.form(real).unwrap();
    assert_eq!((saved.contact.id, saved.contact.stub), (stub.id, false));
    assert_eq!((saved.contact.company.as_deref(), saved.contact.person), (Some("本物商事"), None));
    // A stub's number may also become a further number of a contact.
    world.incoming(Some("0312348888"), Some("x"));
    world.form(draft("別商事", "y", &["0312347777", "0312348888"])).unwrap();
    assert_eq!(world.db.contact("0312348888").unwrap().unwrap().company.as_deref(), Some("別商事"));
}

/// S0.3, S3.19, S3.21: deleted contacts lie in the bin for 30 days with their tasks, and come back with them. Calls,
/// recordings, do-not-call and leads stay where they are.
#[test]
fn a_deleted_contact_comes_back_within_thirty_days() {
    let mut world = World::new(1);
    let attempt = world.manual_call(&phone(0).national());
    world.finish(attempt, "見込");
    let contact = world.db.contact(&phone(0).national()).unwrap().unwrap().id;
    let by = world.actor();
    assert_eq!(world.reader().contact_tasks(&[contact]).unwrap(), 1);
    assert_eq!(world.db.contacts_delete(&[contact], by, NOW).unwrap(), 1);
    assert!(world.db.contact(&phone(0).national()).unwrap().is_none());
    let tasks = |world: &World| {
        let query = TaskQuery { include_closed: true, ..TaskQuery::default() };
        world.reader().tasks(&query).unwrap().remove(0).state
    };
    assert_eq!(tasks(&world), TaskState::Cancelled);
    assert_eq!(world.db.attempt(attempt).unwrap().company.as_deref(), Some("会社0"));
    assert_eq!(world.leads().len(), 1);
    let bin = ContactQuery { trash: Some(NOW), ..ContactQuery::default() };
    assert_eq!(world.reader().contacts(&bin).unwrap()[0].deleted_at, Some(NOW));
    // Named by number too, as everywhere; nobody's number is in no bin.
    assert_eq!(world.reader().contact_deleted("03-3000-0000").unwrap(), contact);
    assert_eq!(world.reader().contact_deleted("03-3000-0001").unwrap_err().code(), "E-NOT-FOUND");
    // What nobody can bring back is not shown, though the bin is emptied later.
    for (at, shown) in [(NOW + TRASH_MS - 1, 1), (NOW + TRASH_MS, 0)] {
        let bin = ContactQuery { trash: Some(at), ..ContactQuery::default() };
        assert_eq!(world.reader().contacts(&bin).unwrap().len(), shown);
    }
    assert_eq!(world.db.contacts_purge(NOW + TRASH_MS - 1).unwrap(), 0);
    let back = world.db.contact_undo(contact, by, NOW + TRASH_MS - 1).unwrap();
    assert_eq!((back.deleted_at, back.categories.len()), (None, 1));
    assert_eq!(tasks(&world), TaskState::Open);
    assert_eq!(world.db.contact(&phone(0).national()).unwrap().unwrap().id, contact);
    assert_eq!(world.db.contact_undo(contact, by, NOW).unwrap_err().code(), "E-NOT-FOUND", "it is not there");
    // Gone for good after 30 days; the call still knows the name.
    world.db.contacts_delete(&[contact], by, NOW).unwrap();
    assert_eq!(world.db.contact_undo(contact, by, NOW + TRASH_MS).unwrap_err().code(), "E-NOT-FOUND");
    assert_eq!(world.db.contacts_purge(NOW + TRASH_MS).unwrap(), 1);
    assert_eq!(world.db.contacts_purge(NOW + TRASH_MS).unwrap(), 0);
    let left: u32 = world.db.db.query_row("SELECT count(*) FROM contact_phones", [], |r| r.get(0)).unwrap();
    assert_eq!(left, 0);
    assert_eq!(world.db.attempt(attempt).unwrap().company.as_deref(), Some("会社0"));
}

/// C8, S4.20, X4: what is to be done about a lead stays when its contact goes: the lead hangs on it.
#[test]
fn the_task_of_a_lead_outlives_the_contact() {
    let mut world = World::new(2);
    let recall_at = Some(NOW + 24 * 60 * MINUTE);
    let listed = world.dial().unwrap();
    world.db.end_attempt(&world.ended(listed.attempt)).unwrap();
    world.db.save(&Save { recall_at, ..world.save(listed.attempt, "再コール") }).unwrap();
    world.db.seal(listed.attempt, NOW).unwrap();
    let by_hand = world.manual_call(&phone(1).national());
    world.finish(by_hand, "見込");
    let contacts = [0, 1].map(|at| world.db.contact(&phone(at).national()).unwrap().unwrap().id);
    assert_eq!(world.reader().contact_tasks(&contacts).unwrap(), 1);
    assert_eq!(world.db.contacts_delete(&contacts, world.actor(), NOW).unwrap(), 1);
    let open: Vec<_> =
        world.reader().tasks(&TaskQuery::default()).unwrap().into_iter().map(|task| task.attempt).collect();
    assert_eq!(open, [listed.attempt]);
    assert_eq!(world.lead(listed.lead).state, LeadState::Task);
    world.db.contacts_purge(NOW + TRASH_MS).unwrap();
    // It is closed as any other, and its lead with it.
    world.now += 10 * MINUTE;
    let answer = world.manual_call(&phone(0).national());
    world.finish(answer, "通話済");
    assert!(world.reader().tasks(&TaskQuery::default()).unwrap().is_empty());
    assert_eq!(world.lead(listed.lead).state, LeadState::Done);
}

/// X4: a task that went with its contact comes back with it, unless somebody called since and said what came of it.
#[test]
fn a_task_that_was_answered_meanwhile_does_not_come_back() {
    for (how, open) in [("no call", 1), ("blank", 1), ("void", 1), ("judged", 0), ("filled in", 0)] {
        let mut world = World::new(1);
        let (number, by) = (phone(0).national(), world.actor());
        let first = world.manual_call(&number);
        world.finish(first, "見込");
        let contact = world.db.contact(&number).unwrap().unwrap().id;
        world.now += 10 * MINUTE;
        world.db.contacts_delete(&[contact], by, world.now).unwrap();
        if how != "no call" {
            let call = world.manual_call_later(&number);
            match how {
                "judged" => world.finish(call, "通話済"),
                "void" => {
                    let end = AttemptEnd { void: Some("shutdown".into()), ..world.ended(call) };
                    world.db.end_attempt(&end).unwrap();
                }
                _ => {
                    world.db.end_attempt(&world.ended(call)).unwrap();
                    world.db.seal(call, world.now + MINUTE).unwrap();
                }
            }
            if how == "filled in" {
                let amend = crate::model::Amend {
                    attempt: call,
                    status: Some("通話済".into()),
                    memo: None,
                    recall_at: None,
                    reason: String::new(),
                    scope: Scope::All,
                    by,
                    now: world.now + 2 * MINUTE,
                };
                world.db.amend(&amend).unwrap();
            }
        }
        world.now += 10 * MINUTE;
        world.db.contact_undo(contact, by, world.now).unwrap();
        assert_eq!(world.reader().tasks(&TaskQuery::default()).unwrap().len(), open, "{how}");
    }
}

#[test]
fn a_number_that_found_a_new_owner_keeps_the_old_contact_in_the_bin() {
    let mut world = World::new(1);
    let by = world.actor();
    let old = world.db.contact(&phone(0).national()).unwrap().unwrap().id;
    world.db.contacts_delete(&[old], by, NOW).unwrap();
    let new = world.form(draft("新", "x", &[&phone(0).national()])).unwrap().contact.id;
    let refused = world.db.contact_undo(old, by, NOW).unwrap_err();
    assert!(matches!(refused, Error::ContactDuplicate { contact, .. } if contact == new));
}

/// S3.22: what must keep its name is not deleted, and a selection is deleted as a whole or not at all.
#[test]
fn a_contact_in_use_or_in_evidence_is_not_deleted() {
    let mut world = World::new(5);
    let by = world.actor();
    let ids: Vec<ContactId> =
        (0..5).map(|n| world.db.contact(&phone(n).national()).unwrap().unwrap().id).collect();
    // 0: on hold. 1: evidence. 2: under way. 3: claimed. 4: free.
    let held = world.call("通話済").attempt;
    world.db.recording_opened(held, "/rec/1.wav".into(), NOW).unwrap();
    world.db.db.execute("UPDATE recordings SET hold = 1", []).unwrap();
    world.call("クレーム");
    let under_way = world.dial().unwrap().attempt;
    let mut spec = world.spec();
    spec.dial_now = false;
    world.db.advance(&world.step(None, None, Some(spec))).unwrap();
    let ends_hold = format!("on hold, which `kakeru recording release {held}` ends");
    for (at, why) in [(0, &*ends_hold), (1, "evidence"), (2, "under way"), (3, "seat holds")] {
        let refused = world.db.contacts_delete(&[ids[4], ids[at]], by, NOW).unwrap_err();
        assert_eq!(refused.code(), "E-DEL-GUARD");
        assert!(refused.to_string().contains(why), "{refused}");
    }
    assert_eq!(world.reader().contacts(&ContactQuery::default()).unwrap().len(), 5, "all or none");
    world.db.end_attempt(&world.ended(under_way)).unwrap();
    world.db.seal(under_way, NOW).unwrap();
    world.db.contacts_delete(&[ids[4], ids[2]], by, NOW).unwrap();
    // A do-not-call entry without evidence holds nothing back and survives as a bare number.
    let entry = DncEntry::by_hand("0312340001", "希望", by, NOW);
    world.db.dnc_add_all(&[entry]).unwrap();
    let made = world.form(draft("A", "B", &["0312340001"])).unwrap().contact.id;
    world.db.contacts_delete(&[made], by, NOW).unwrap();
    assert!(super::super::dnc::blocked(&world.db.db, "+81312340001", None).unwrap());
}

/// S0.9: a category is deleted, what carries it is not; its name is free again.
#[test]
fn a_deleted_category_leaves_contacts_and_leads() {
    let mut world = World::new(700);
    let by = world.actor();
    let counts = world.reader().categories().unwrap();
    assert_eq!((counts.len(), counts[0].contacts, counts[0].leads), (1, 700, 700));
    world.db.category_delete("関東", by, NOW).unwrap();
    let mut at = UnlinkAt::default();
    assert!(!world.db.category_unlink(&mut at).unwrap(), "more than one slice");
    // A crash in between: the next start begins again.
    let mut world = world.reopen();
    let mut at = UnlinkAt::default();
    while !world.db.category_unlink(&mut at).unwrap() {}
    assert!(world.db.category_unlink(&mut UnlinkAt::default()).unwrap());
    assert!(world.reader().categories().unwrap().is_empty());
    assert!(world.db.contact(&phone(0).national()).unwrap().unwrap().categories.is_empty());
    assert_eq!(world.leads().len(), 700);
    let mut contact = draft("A", "B", &["0312340001"]);
    contact.categories = vec!["関東".into()];
    world.form(contact).unwrap();
    assert_eq!(world.reader().categories().unwrap()[0].contacts, 1);
    assert_eq!(world.db.category_delete("関西", by, NOW).unwrap_err().code(), "E-NOT-FOUND");
}

/// S3.1: those of one company are found by its name. Found by parts of names whatever their spelling, by digits, category, owner; page by page.
#[test]
fn contacts_are_found_by_name_number_and_category() {
    let mut world = World::new(0);
    world.form(draft("株式会社サンプル商事", "佐藤 花子", &["03-1234-0001"])).unwrap();
    world.form(draft("ﾃｽﾄ工業㈱", "鈴木", &["090-1111-2222"])).unwrap();
    let find = |world: &World, text: &str| {
        let query = ContactQuery { text: Some(text.into()), ..ContactQuery::default() };
        world.reader().contacts(&query).unwrap().len()
    };
    for (text, count) in [
        ("さんぷる", 1),
        ("ｻﾝﾌﾟﾙ", 1),
        ("佐藤花子", 1),
        ("てすと", 1),
        ("1111-2222", 1),
        ("0312340001", 1),
        ("090", 1),
        ("なし", 0),
        ("", 2),
    ] {
        assert_eq!(find(&world, text), count, "{text}");
    }
    let first =
        world.reader().contacts(&ContactQuery { limit: 1, ..ContactQuery::default() }).unwrap().remove(0);
    let rest = ContactQuery { after: Some(first.id), ..ContactQuery::default() };
    assert_eq!(world.reader().contacts(&rest).unwrap().len(), 1);
    assert_eq!(world.reader().contact_row("03-1234-0001").unwrap(), first);
    let named = world.reader().contact_row("新社").unwrap_err();
    assert_eq!(named.code(), "E-NOT-FOUND", "a name is no mistyped number");
    assert_eq!(world.reader().contact_row(&first.id.to_string()).unwrap(), first);
    let mine = ContactQuery { owner: Some(world.user), ..ContactQuery::default() };
    assert_eq!(world.reader().contacts(&mine).unwrap().len(), 2);
}

/// C8: whatever else goes into a bin, calls, recordings and do-not-call rows stay, and a login stays taken.
#[test]
fn nothing_takes_calls_recordings_or_do_not_call_with_it() {
    let mut world = World::new(2);
    let claimed = world.call("クレーム");
    world.db.recording_opened(claimed.attempt, "/tmp/a.wav".into(), NOW).unwrap();
    let kept = |world: &World| -> Vec<u32> {
        ["attempts", "recordings", "do_not_call"]
            .map(|table| format!("SELECT count(*) FROM {table}"))
            .iter()
            .map(|sql| world.db.db.query_row(sql, [], |r| r.get(0)).unwrap())
            .collect()
    };
    let before = kept(&world);
    assert_eq!(before, [1, 1, 1]);
    let by = world.actor();
    let other = world.db.contact(&phone(1).national()).unwrap().unwrap().id;
    world.db.contacts_delete(&[other], by, NOW).unwrap();
    world.db.contacts_purge(NOW + TRASH_MS).unwrap();
    world.db.delete_list(world.list, by, NOW).unwrap();
    world.db.delete_project(world.project, by, NOW).unwrap();
    let all = UserScope { scope: Scope::All, role: Role::Manager };
    world.delete_user(world.user, HandOver::Nothing, by, NOW).unwrap();
    assert_eq!(kept(&world), before);
    let row = world.db.attempt(claimed.attempt).unwrap();
    assert_eq!((row.list_name.as_deref(), row.login.as_deref()), (Some("リスト"), Some("alice")));
    let again = crate::model::UserDraft {
        login: "alice".into(),
        name: "別人".into(),
        role: Role::Operator,
        uid: None,
        password_hash: None,
        max_users: None,
    };
    assert_eq!(world.db.user_add(&again, Actor::default(), all, NOW).unwrap_err().code(), "E-USER-TOMBSTONE");
    // Not by hand either: what is evidence is cleared, never deleted.
    assert!(world.db.db.execute("DELETE FROM do_not_call", []).is_err());
}

/// Every change of the book is in the log; numbers are not.
#[test]
fn changes_of_the_book_are_audited_without_numbers() {
    let mut world = World::new(0);
    let (rules, by) = (ContactRules::default(), world.actor());
    let id = world.form(draft("A社", "佐藤", &["0312345678"])).unwrap().contact.id;
    let change = ContactChange { phones: Some(vec![number("0312345679")]), ..Default::default() };
    world.db.contact_change(id, &change, rules, by, NOW).unwrap();
    world.db.contacts_delete(&[id], by, NOW).unwrap();
    world.db.contact_undo(id, by, NOW).unwrap();
    assert_eq!(
        world.audited(),
        ["list.create", "import.commit", "contact.add", "contact.edit", "contact.delete", "contact.undo"]
    );
    let log = world.reader().audit_log(&Default::default()).unwrap();
    assert!(log.iter().all(|row| !row.detail.to_string().contains("31234567")));
}
