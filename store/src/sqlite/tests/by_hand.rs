//! What is typed about single leads, contacts and lists.

use serde_json::json;

use super::*;
use crate::code::Code;
use crate::model::{
    AuditQuery, ContactAdd, ContactDraft, ContactQuery, ContactRules, ContactSource, LeadFields, LeadSpec,
    ListEdit, PhoneDraft,
};

fn me(world: &World) -> Actor {
    Actor { user: Some(world.user), uid: None }
}

/// S3.8: whoever puts a number on a list owns the contact that it makes, as with every other way of making one.
#[test]
fn a_contact_made_with_a_lead_has_an_owner() {
    let mut world = World::new(1);
    let spec = LeadSpec { company: Some("㈱新規".into()), ..LeadSpec::new(world.list, "090-1234-5678") };
    let by = me(&world);
    world.db.add_lead(&spec, by, NOW).unwrap();
    let contact = world.reader().contact_row("090-1234-5678").unwrap();
    assert_eq!(contact.owner, Some(world.user));
}

/// S0.23: a lead by hand makes no contact beyond the limit, and then there is no lead; a number that is in the book needs no room, nor
/// does one without a name, which makes none.
#[test]
fn a_full_contact_book_takes_no_lead_that_makes_a_contact() {
    let mut world = World::new(2);
    let by = me(&world);
    let spec = |world: &World, phone: &str, company: Option<&str>, max_contacts| LeadSpec {
        company: company.map(str::to_owned),
        categories: vec!["新".into()],
        attrs: vec![("備考".into(), "x".into())],
        max_contacts,
        ..LeadSpec::new(world.list, phone)
    };
    let before = world.leads();
    let full = spec(&world, "090-1234-5678", Some("㈱新規"), 2);
    assert_eq!(world.db.add_lead(&full, by, NOW).unwrap_err().code(), "E-CONTACTS-FULL");
    assert_eq!(world.leads(), before);
    assert_eq!(world.reader().categories().unwrap().len(), 1, "nothing of it is kept");
    world.db.add_lead(&spec(&world, "090-1111-2222", None, 2), by, NOW).unwrap();
    let second = world.list("二");
    let known = LeadSpec { list: second, ..spec(&world, &phone(0).national(), Some("会社0"), 2) };
    world.db.add_lead(&known, by, NOW).unwrap();
    world.db.add_lead(&spec(&world, "090-1234-5678", Some("㈱新規"), 3), by, NOW).unwrap();
    assert_eq!(world.reader().contact_count().unwrap(), 3);
}

/// S1.20, C2: the last name of a lead is not taken away, unless the list's profile asks for none.
#[test]
fn a_lead_keeps_a_name() {
    let mut world = World::new(1);
    let lead = world.leads()[0].id;
    let by = me(&world);
    let none = LeadFields { company: Some(String::new()), person: Some(" ".into()), ..LeadFields::default() };
    let before = world.lead(Some(lead));
    assert_eq!(world.db.change_lead_fields(lead, &none, by, NOW).unwrap_err().code(), "E-REQ-NAME");
    assert_eq!(world.lead(Some(lead)), before);
    let one =
        LeadFields { company: Some(String::new()), person: Some("佐藤".into()), ..LeadFields::default() };
    world.db.change_lead_fields(lead, &one, by, NOW).unwrap();
    let profile = |name: &str| ListEdit { profile: Some(name.into()), ..ListEdit::default() };
    // Zoho asks for the person alone (S3.6).
    world.db.edit_list(world.list, &profile("zoho"), by, NOW).unwrap();
    let company =
        LeadFields { company: Some("会社".into()), person: Some(String::new()), ..LeadFields::default() };
    assert_eq!(world.db.change_lead_fields(lead, &company, by, NOW).unwrap_err().code(), "E-REQ-PERSON");
    world.db.edit_list(world.list, &profile("calltree"), by, NOW).unwrap();
    world.db.change_lead_fields(lead, &none, by, NOW).unwrap();
    assert_eq!(world.lead(Some(lead)).person, None);
}

/// S0.8, S0.24, S1.23, S1.29: a lead by hand is held to what files are, so that every export can be imported again; doubts are told.
#[test]
fn a_lead_by_hand_is_judged_as_one_of_a_file() {
    let mut world = World::new(1);
    let lead = world.leads()[0].id;
    let by = me(&world);
    let before = world.lead(Some(lead));
    let edit = |world: &mut World, fields: LeadFields| world.db.change_lead_fields(lead, &fields, by, NOW);
    let company = |text: String| LeadFields { company: Some(text), ..LeadFields::default() };
    let column = |text: &str| LeadFields {
        columns: vec![("備考".into(), text.to_owned())],
        ..LeadFields::default()
    };
    let categories = |names: Vec<String>| LeadFields { categories: Some(names), ..LeadFields::default() };
    let wide: Vec<(String, String)> = (0..500).map(|n| (format!("列{n}"), "x".to_owned())).collect();
    for (fields, code) in [
        (company("長".repeat(30_000)), "E-CSV-FIELD"),
        (company("A\u{7}社".into()), "E-CSV-CHAR"),
        (company("\u{E000}社".into()), "E-CSV-CHAR"),
        (column(&"x".repeat(70_000)), "E-CSV-FIELD"),
        (column("x\u{0}y"), "E-CSV-CHAR"),
        (categories((0..40).map(|n| format!("{n}{}", "類".repeat(1_000))).collect()), "E-CSV-FIELD"),
        (LeadFields { columns: wide, ..LeadFields::default() }, "E-CSV-COLUMNS"),
    ] {
        assert_eq!(edit(&mut world, fields).unwrap_err().code(), code);
    }
    assert_eq!(world.lead(Some(lead)), before, "nothing of it was kept");
    assert!(edit(&mut world, column("二行の\nメモ")).unwrap().is_empty(), "a cell may have lines");
    assert_eq!(edit(&mut world, company("長".repeat(31))).unwrap(), [Code::Long]);
    let spec = |number: &str| LeadSpec::new(world.list, number);
    let (bare, long) =
        (spec("312345678"), LeadSpec { person: Some("長".repeat(30_000)), ..spec("0312345679") });
    let (added, warnings) = world.db.add_lead(&bare, by, NOW).unwrap();
    assert_eq!(warnings, [Code::ZeroRestored]);
    assert_eq!(world.db.add_lead(&long, by, NOW).unwrap_err().code(), "E-CSV-FIELD");
    let mut number = |raw: &str, label: &str| {
        world.db.add_lead_phone(added, raw, Some(label), by, NOW).map(|(_, codes)| codes)
    };
    assert_eq!(number("90-1111-2222 内線5", "携帯").unwrap(), [Code::ZeroRestored, Code::PhoneExt]);
    assert_eq!(number("110", "警察").unwrap_err().code(), "E-PHONE-FORBIDDEN");
    assert_eq!(number("0611112222/0611113333", "二つ").unwrap_err().code(), "E-VALUE");
    assert_eq!(number("0611112222", "a\nb").unwrap_err().code(), "E-CSV-CHAR");
    assert_eq!(number("0611112222", &"長".repeat(21_800)).unwrap(), [Code::Long]);
    assert_eq!(
        number("0611113333", &"長".repeat(100)).unwrap_err().code(),
        "E-CSV-FIELD",
        "in one cell with it"
    );
}

/// A contact is found by its number with the country's digits too, as leads are (S1.18).
#[test]
fn a_contact_is_found_by_an_international_number() {
    let mut world = World::new(1);
    let draft = ContactDraft {
        company: Some("会社".into()),
        person: Some("佐藤".into()),
        phones: vec![PhoneDraft { number: "03-9999-1111".into(), label: None }],
        ..ContactDraft::default()
    };
    let source = ContactSource::Form { overwrite: false };
    let add = ContactAdd { draft, source, rules: ContactRules::default(), by: me(&world), now: NOW };
    world.db.contact_add(&add).unwrap();
    for text in ["+81399991111", "+81 3-9999", "＋８１３９９９９", "039999", "+810399991111"] {
        let query = ContactQuery { text: Some(text.into()), ..ContactQuery::default() };
        assert_eq!(world.reader().contacts(&query).unwrap().len(), 1, "{text}");
    }
    let query = ContactQuery { text: Some("+8163".into()), ..ContactQuery::default() };
    assert!(world.reader().contacts(&query).unwrap().is_empty());
}

/// S1.28: a list whose project lies in the bin says which to bring back first; it is found by its project's name too.
#[test]
fn a_list_comes_back_after_its_project() {
    let mut world = World::new(1);
    let by = me(&world);
    world.db.delete_list(world.list, by, NOW).unwrap();
    let name = world.reader().project_rows().unwrap()[0].name.clone();
    world.db.delete_project(world.project, by, NOW).unwrap();
    let error = world.db.restore_list("リスト", None, by, NOW).unwrap_err();
    assert_eq!(error.code(), "E-PROJECT-BIN");
    assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
    world.db.restore_project(&name, by, NOW).unwrap();
    let path = format!("{name}/リスト");
    assert_eq!(world.db.restore_list("よそ/リスト", None, by, NOW).unwrap_err().code(), "E-NOT-FOUND");
    assert_eq!(world.db.restore_list(&path, None, by, NOW).unwrap(), world.list);
}

/// What is dialed before a lead's number is changed by hand, and a later call has it; the log says what it was.
#[test]
fn a_lead_s_184_is_changed_by_hand() {
    let mut world = World::new(1);
    let lead = world.leads()[0].id;
    let by = Actor { user: Some(world.user), uid: None };
    let clir = |digits: &str| LeadFields { clir: Some(digits.into()), ..LeadFields::default() };
    for (typed, kept) in [("184", Some("184")), ("１８６", Some("186")), (" ", None), ("184", Some("184"))]
    {
        world.db.change_lead_fields(lead, &clir(typed), by, NOW).unwrap();
        assert_eq!(world.reader().lead(lead).unwrap().clir.as_deref(), kept, "{typed}");
    }
    let version = world.reader().lead(lead).unwrap().version;
    world.db.change_lead_fields(lead, &clir("184"), by, NOW).unwrap();
    assert_eq!(world.reader().lead(lead).unwrap().version, version, "nothing different is nothing done");
    for wrong in ["185", "184-", "03"] {
        assert_eq!(
            world.db.change_lead_fields(lead, &clir(wrong), by, NOW).unwrap_err().code(),
            "E-VALUE",
            "{wrong}"
        );
    }
    let log = AuditQuery { action: Some("lead.edit".into()), ..AuditQuery::default() };
    let log = world.reader().audit_log(&log).unwrap();
    let told: Vec<_> = log
        .iter()
        .map(|row| (row.detail["clir"]["before"].clone(), row.detail["clir"]["after"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            (json!(null), json!("184")),
            (json!("186"), json!(null)),
            (json!("184"), json!("186")),
            (json!(null), json!("184"))
        ]
    );
    assert!(world.dial().unwrap().dial_string.starts_with("184"), "the next call withholds it");
}
