//! The numbers of a contact.

use super::contacts::draft;
use super::*;
use crate::code::Code;
use crate::model::{ContactChange, ContactRow, ContactRules, PhoneDraft};

/// A form keeps every number of a text, as a cell of a file has them; each may be the label's.
#[test]
fn every_number_of_a_text_is_the_contact_s() {
    let mut world = World::new(0);
    let saved = world.form(draft("A社", "佐藤", &["03-1234-0001 / 090-1234-0002、03-1234-0001"])).unwrap();
    assert_eq!(saved.warnings, [Code::PhoneExtra]);
    let numbers =
        |contact: &ContactRow| contact.phones.iter().map(|one| one.phone.clone()).collect::<Vec<_>>();
    assert_eq!(numbers(&saved.contact), ["+81312340001", "+819012340002"]);
    let labelled = PhoneDraft { number: "06-1234-0003/06-1234-0004".into(), label: Some("大阪".into()) };
    let change = ContactChange { phones: Some(vec![labelled]), ..ContactChange::default() };
    let (rules, by) = (ContactRules::default(), world.actor());
    let edited = world.db.contact_change(saved.contact.id, &change, rules, by, NOW).unwrap().contact;
    assert_eq!(numbers(&edited), ["+81612340003", "+81612340004"]);
    assert!(edited.phones.iter().all(|one| one.label.as_deref() == Some("大阪")), "{edited:?}");
    for (phones, code) in [
        (&["03-1234-0005/0570-123-456"][..], "E-PHONE-FORBIDDEN"),
        (&["03-1234-0005", "03-1234-0006/03-1234-0005"], "E-CSV-DUP-PHONE"),
    ] {
        assert_eq!(world.form(draft("B社", "田中", phones)).unwrap_err().code(), code, "{phones:?}");
    }
}
