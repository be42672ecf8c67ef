//! One lead that is added or changed by hand, and its numbers.

use serde_json::json;

use super::lists::{dialed, ids, spec};
use super::*;
use crate::code::Code;
use crate::model::{AuditQuery, LeadFields, LeadSpec, ViewFilter};

/// S4.45, D11: one lead by hand needs its number only; S1.22 and C3 hold for it too.
#[test]
fn one_lead_by_hand() {
    let mut world = World::new(1);
    let mut new = spec(&world, "090-1234-5678 / 06-1234-5678");
    new.categories = vec!["関東|大口".into(), "関東".into()];
    new.attrs = vec![("備考".into(), "手入力".into())];
    new.company = Some("㈱新規".into());
    let by = Actor { user: Some(world.user), uid: None };
    let (lead, warnings) = world.db.add_lead(&new, by, NOW).unwrap();
    assert_eq!(warnings, [Code::PhoneExtra]);
    let row = world.reader().lead(lead).unwrap();
    assert_eq!((row.position, row.categories.len(), row.extra_phones.len()), (2, 2, 1));
    assert_eq!((row.attrs["備考"].as_str(), row.company.as_deref()), (Some("手入力"), Some("㈱新規")));
    assert!(world.db.contact("09012345678").unwrap().is_some(), "the number is a contact now (S1.10)");
    assert_eq!(world.reader().lists().unwrap()[0].columns, ["備考"], "exports have its column");
    let code = |world: &mut World, spec: &LeadSpec| {
        world.db.add_lead(spec, Actor::default(), NOW).unwrap_err().code()
    };
    assert_eq!(code(&mut world, &new), "E-LEAD-DUP");
    let bad = spec(&world, "110");
    assert_eq!(code(&mut world, &bad), "E-PHONE-FORBIDDEN");
    let second_number =
        LeadSpec { attrs: vec![("ＴＥＬ".into(), "0311112222".into())], ..spec(&world, "03-1111-2222") };
    assert_eq!(code(&mut world, &second_number), "E-CSV-HEADER-DUP");
    let full = LeadSpec { max_leads: 2, ..spec(&world, "03-1111-2222") };
    assert_eq!(code(&mut world, &full), "E-LIST-FULL");
    let many =
        LeadSpec { categories: (0..101).map(|n| n.to_string()).collect(), ..spec(&world, "03-1111-2222") };
    assert_eq!(code(&mut world, &many), "E-CAT-LIMIT");
    assert_eq!(dialed(&mut world, 9), [1, 2]);
    assert!(world.reader().verify(&Default::default()).unwrap().is_empty());
}

/// S1.1, S4.5: what a lead says of its customer is corrected by hand; its number, place and calls stay, and the log has what it was.
#[test]
fn a_lead_is_corrected_by_hand() {
    let mut world = World::new(2);
    world.call("見込");
    let before = world.leads();
    let lead = before[0].id;
    let by = Actor { user: Some(world.user), uid: None };
    let fields = LeadFields {
        version: None,
        company: Some(" ㈱改名 ".into()),
        person: Some(String::new()),
        categories: Some(vec!["関西|大口".into()]),
        columns: vec![("備考".into(), String::new()), ("担当".into(), "佐藤".into())],
        clir: None,
    };
    world.db.change_lead_fields(lead, &fields, by, NOW).unwrap();
    let row = world.reader().lead(lead).unwrap();
    assert_eq!((row.company.as_deref(), row.person.as_deref()), (Some("㈱改名"), None));
    assert_eq!(
        (row.categories, row.attrs.clone()),
        (vec!["関西".to_owned(), "大口".into()], json!({ "担当": "佐藤" }))
    );
    assert_eq!((&row.phone, row.position, row.attempts), (&before[0].phone, 1, 1));
    assert_eq!(world.leads()[1], before[1]);
    assert_eq!(world.reader().lists().unwrap()[0].columns, ["担当"]);
    let wanted = ViewFilter { name: Some("改名".into()), ..ViewFilter::default() };
    assert_eq!(
        world.reader().find_leads(world.list, &wanted).unwrap(),
        [lead],
        "it is found by its new name"
    );
    world.db.change_lead_fields(lead, &LeadFields::default(), by, NOW).unwrap();
    let log = AuditQuery { action: Some("lead.edit".into()), ..AuditQuery::default() };
    let log = world.reader().audit_log(&log).unwrap();
    assert_eq!((log.len(), &log[0].detail["company"]["before"]), (1, &json!("会社0")));
    let ours = LeadFields { columns: vec![("電話番号".into(), "x".into())], ..LeadFields::default() };
    assert_eq!(world.db.change_lead_fields(lead, &ours, by, NOW).unwrap_err().code(), "E-CSV-HEADER-DUP");
}

/// S4.41, X3: numbers are added and removed by hand; those of the file stay as they are.
#[test]
fn further_numbers_are_added_and_those_of_the_file_stay() {
    let mut world = World::new(0);
    let mut first = row(0);
    first.extra_phones = vec![crate::import::ExtraPhone {
        phone: phone(70),
        label: Some("携帯".into()),
        ext: None,
        column: 2,
    }];
    let list = world.list;
    world.import(list, &[first]);
    let lead = ids(&world)[0];
    let (numbers, _) =
        world.db.add_lead_phone(lead, "０６-1234-5678", Some("支店"), Actor::default(), NOW).unwrap();
    let shown: Vec<_> = numbers.iter().map(|n| (n.main, n.editable, n.label.as_deref())).collect();
    assert_eq!(shown, [(true, false, None), (false, false, Some("携帯")), (false, true, Some("支店"))]);
    assert_eq!(world.leads()[0].extra_phones.len(), 2);
    let code = |result: Result<Vec<crate::model::LeadPhone>>| result.unwrap_err().code();
    let again = world.db.add_lead_phone(lead, "0612345678", None, Actor::default(), NOW);
    assert_eq!(again.unwrap_err().code(), "E-LEAD-DUP");
    assert_eq!(
        code(world.db.remove_lead_phone(lead, &phone(70).national(), Actor::default(), NOW)),
        "E-PHONE-READONLY"
    );
    assert_eq!(
        code(world.db.remove_lead_phone(lead, &phone(0).national(), Actor::default(), NOW)),
        "E-PHONE-READONLY"
    );
    assert_eq!(world.db.remove_lead_phone(lead, "06-1234-5678", Actor::default(), NOW).unwrap().len(), 2);
}
