//! `[people]`, `[contacts]`.

use crate::people::{ContactNames, Contacts, People, RoleName, TapNotice};
use crate::reader::{Report, Table};

pub(super) fn people(section: Option<Table<'_, '_>>, report: &mut Report) -> People {
    let mut people = People::default();
    let Some(mut table) = section else { return people };
    let not_managers = (
        "管理者にはすべての番号が見えます。他の役割を書いてください",
        "managers see every number; name other roles",
    );
    people.mask_numbers = roles(&mut table, "mask_numbers", not_managers, report);
    people.max_users =
        table.integer("max_users", 0..1_000_001, report).map(|found| found.value).filter(|most| *most > 0);
    if let Some(private) = table.boolean("private_tasks", report) {
        people.private_tasks = private.value;
    }
    let notices = [("none", TapNotice::None), ("shown", TapNotice::Shown), ("tone", TapNotice::Tone)];
    if let Some(notice) = table.choice("tap_notice", &notices, report) {
        people.tap_notice = notice.value;
    }
    table.finish(report);
    people
}

pub(super) fn contacts(section: Option<Table<'_, '_>>, report: &mut Report) -> Contacts {
    let mut contacts = Contacts::default();
    let Some(mut table) = section else { return contacts };
    let names = [
        ("either", ContactNames::Either),
        ("both", ContactNames::Both),
        ("person", ContactNames::Person),
        ("none", ContactNames::None),
    ];
    if let Some(required) = table.choice("required", &names, report) {
        contacts.required = required.value;
    }
    let most = table.integer("max", 0..100_000_001, report).map(|found| found.value);
    contacts.max = most.filter(|most| *most > 0).map(u64::from);
    if let Some(create) = table.boolean("create_on_incoming", report) {
        contacts.create_on_incoming = create.value;
    }
    if let Some(create) = table.boolean("create_on_dial", report) {
        contacts.create_on_dial = create.value;
    }
    let not_managers = (
        "管理者はすべての連絡先を変更できます。他の役割を書いてください",
        "managers may change every contact; name other roles",
    );
    contacts.read_only = roles(&mut table, "read_only", not_managers, report);
    table.finish(report);
    contacts
}

/// A list of roles that something is kept from; `not_managers` says why MGR cannot be among them.
fn roles(
    table: &mut Table<'_, '_>,
    key: &'static str,
    not_managers: (&str, &str),
    report: &mut Report,
) -> Vec<RoleName> {
    let mut roles = Vec::new();
    for word in table.strings(key, report).map(|found| found.value).unwrap_or_default() {
        match ROLES.iter().find(|(name, _)| *name == word.value) {
            Some((_, RoleName::Manager)) => report.invalid(&word.at, not_managers),
            Some((_, role)) => roles.push(*role),
            None => report.invalid(
                &word.at,
                (
                    format!(
                        "{:?} という役割はありません。\"SV\"、\"OP\"、\"BIZ\"、\"BY\" のいずれかを書いてください",
                        word.value
                    ),
                    format!("{:?} is no role; write \"SV\", \"OP\", \"BIZ\" or \"BY\"", word.value),
                ),
            ),
        }
    }
    roles
}

const ROLES: [(&str, RoleName); 5] = [
    ("MGR", RoleName::Manager),
    ("SV", RoleName::Supervisor),
    ("OP", RoleName::Operator),
    ("BIZ", RoleName::Business),
    ("BY", RoleName::BackOffice),
];
