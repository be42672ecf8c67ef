use protocol::params::{self, ContactNumber};
use serde_json::json;

use super::*;

fn who(role: Role) -> Who {
    Who {
        uid: 1000,
        owner: false,
        user: None,
        gone: false,
        role,
        masked: role == Role::Business,
        reads_contacts: false,
        sees_taps: true,
    }
}

/// Every method with the least it needs.
pub(super) fn every_command() -> Vec<Command> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol/golden");
    Command::METHODS
        .iter()
        .map(|method| {
            let text = std::fs::read_to_string(folder.join(format!("request.{method}.json"))).unwrap();
            let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
            Command::from_parts(method, golden["params"].clone()).unwrap()
        })
        .collect()
}

fn allowed(role: Role) -> Vec<&'static str> {
    let who = who(role);
    every_command().iter().filter(|command| check(&who, command).is_ok()).map(Command::method).collect()
}

/// S3.12, S3.23, S4.1 to S4.5, section D: every command and every role, as readers are told; on whose rows is tried end to end. A
/// new command has no row there until somebody decides.
#[test]
fn the_whole_matrix_of_commands_and_roles() {
    let roles = [Role::Manager, Role::Supervisor, Role::Operator, Role::Business, Role::BackOffice];
    let page = include_str!("../../../docs/control-protocol.md");
    let lines = page.lines().skip_while(|line| !line.starts_with("| command | MGR | SV | OP | BIZ | BY |"));
    let mut told = std::collections::BTreeMap::new();
    for line in lines.skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let may: Vec<bool> = cells[1..].iter().map(|word| *word != "–").collect();
        told.extend(cells[0].split('`').skip(1).step_by(2).map(|verb| (verb, may.clone())));
    }
    for command in every_command() {
        let found: Vec<bool> = roles.iter().map(|role| check(&who(*role), &command).is_ok()).collect();
        // Of a command in kinds, the one that its golden file shows.
        let kind = if command.method() == "lead.change" { "lead.change delete" } else { command.method() };
        assert_eq!(Some(&found), told.get(kind), "{kind}");
    }
}

/// S3.12: a refusal says what is not allowed as people type it, and who may; programs read the method.
#[test]
fn a_refusal_names_the_command_and_the_roles_that_may() {
    let import = every_command().into_iter().find(|command| command.method() == "list.import").unwrap();
    let refused = check(&who(Role::Operator), &import).unwrap_err();
    let data = refused.data.unwrap();
    let said = |lang| data.detail_in(lang).unwrap();
    assert_eq!(said(protocol::Lang::Ja), "OP は `kakeru list import` を使えません。使えるのは MGR です");
    assert_eq!(said(protocol::Lang::En), "OP may not use `kakeru list import`; MGR may");
    let facts = json!({ "method": "list.import", "role": "OP", "roles": ["MGR"] });
    assert_eq!(serde_json::to_value(&data).unwrap()["facts"], facts);
    let tap = Command::from_parts("call.listen", json!({})).unwrap();
    let refused = check(&who(Role::BackOffice), &tap).unwrap_err().data.unwrap();
    assert_eq!(refused.detail_in(protocol::Lang::En).unwrap(), "BY may not use `kakeru listen`; MGR, SV may");
    // What was typed, and not what is asked for on the way.
    for (asked, typed) in [
        (json!({ "attempt": "01JD" }), "recording fetch"),
        (json!({ "oldest_first": true }), "recording export"),
        (json!({}), "recording ls"),
    ] {
        let asked = Command::from_parts("recording.ls", asked).unwrap();
        let refused = check(&who(Role::Business), &asked).unwrap_err().data.unwrap();
        let told = format!("BIZ は `kakeru {typed}` を使えません。使えるのは MGR、SV、OP です");
        assert_eq!(refused.detail_in(protocol::Lang::Ja).unwrap(), told);
    }
}

/// S4.1: MGR may give every command.
#[test]
fn a_manager_may_everything() {
    assert_eq!(allowed(Role::Manager), Command::METHODS);
}

/// S4.4: BIZ sees reported calls, statuses, and their own password.
#[test]
fn a_business_user_reads_reports_only() {
    assert_eq!(
        allowed(Role::Business),
        ["list.download", "history.list", "history.show", "disposition.ls", "user.passwd", "user.me"]
    );
}

/// S4.5: BY never calls, adds notes, sees lists and the whole history.
#[test]
fn the_back_office_adds_notes_and_never_calls() {
    let may = allowed(Role::BackOffice);
    for method in ["list.show", "history.list", "note.add", "note.edit", "dnc.add", "contact.edit"] {
        assert!(may.contains(&method), "{method}");
    }
    for method in &may {
        let group = method.split('.').next().unwrap_or_default();
        assert!(!["call", "seat", "dial", "events", "audit", "task"].contains(&group), "{method}");
    }
}

/// S4.3, section D: OP calls and keeps results; lists, users, statuses belong to others.
#[test]
fn an_operator_calls_and_changes_nobody_s_rows() {
    let may = allowed(Role::Operator);
    for method in [
        "call.dial",
        "call.save",
        "recording.pause",
        "dial.start",
        "task.done",
        "history.amend",
        "dnc.add",
        "contact.add",
    ] {
        assert!(may.contains(&method), "{method}");
    }
    for method in [
        "list.create",
        "list.import",
        "list.export",
        "list.change",
        "list.delete",
        "list.grant",
        "list.import_undo",
        "lead.add",
        "lead.change",
        "project.create",
        "recording.hold",
        "store.backup",
        "user.ls",
        "user.delete",
        "disposition.add",
        "dnc.clear",
        "contact.delete",
        "task.assign",
        "audit.list",
        "call.listen",
        "call.whisper",
        "call.barge",
    ] {
        assert!(!may.contains(&method), "{method}");
    }
    assert_eq!(check(&who(Role::Operator), &command("history.amend")), Ok(Scope::Own));
    assert_eq!(check(&who(Role::Manager), &command("history.amend")), Ok(Scope::All));
}

/// S4.2: SV watches, listens, assigns and exports, and deletes nothing.
#[test]
fn a_supervisor_watches_and_assigns() {
    let may = allowed(Role::Supervisor);
    for method in
        ["status.get", "stats.get", "call.listen", "task.assign", "list.export", "user.ls", "user.add"]
    {
        assert!(may.contains(&method), "{method}");
    }
    for method in
        ["user.delete", "list.create", "contact.delete", "dnc.clear", "disposition.edit", "history.amend"]
    {
        assert!(!may.contains(&method), "{method}");
    }
    assert_eq!(check(&who(Role::Supervisor), &command("user.add")), Ok(Scope::Lower));
}

fn command(method: &str) -> Command {
    every_command().into_iter().find(|command| command.method() == method).unwrap()
}

#[test]
fn whole_numbers_in_a_trace_are_a_manager_s_business() {
    let trace = |unmasked| Command::CallTrace(params::CallTrace { unmasked, ..Default::default() });
    assert!(check(&who(Role::Operator), &trace(false)).is_ok());
    assert!(check(&who(Role::Operator), &trace(true)).is_err());
    assert!(check(&who(Role::Manager), &trace(true)).is_ok());
}

/// S1.6, S1.24: the owners that a sheet names are taken, so whoever may import may assign.
#[test]
fn whoever_imports_a_list_may_assign_its_leads() {
    let params =
        json!({ "list": "L", "leads": ["01JDVZK5M0ABCDEFGHJKMNPQRS"], "what": "assign", "users": ["a"] });
    let assign = Command::from_parts("lead.change", params).unwrap();
    for role in [Role::Manager, Role::Supervisor, Role::Operator, Role::Business, Role::BackOffice] {
        let imports = check(&who(role), &command("list.import")).is_ok();
        assert!(!imports || check(&who(role), &assign) == Ok(Scope::All), "{role:?}");
    }
    assert!(check(&who(Role::Manager), &command("list.import")).is_ok());
}

/// S1.41: an operator takes single leads out; taking them back in, and many at once, is for supervisors.
#[test]
fn an_operator_takes_single_leads_out() {
    let change = |role, what: &str, by: &str| {
        let params =
            json!({ "list": "x", "what": what, by: if by == "leads" { json!(["y"]) } else { json!({}) } });
        check(&who(role), &Command::from_parts("lead.change", params).unwrap())
    };
    let may = |role: Role| -> Vec<(&str, &str)> {
        let all = ["exclude", "include", "assign", "delete"].into_iter();
        let all = all.flat_map(|what| ["leads", "filter"].map(|by| (what, by)));
        all.filter(|(what, by)| change(role, what, by).is_ok()).collect()
    };
    let (leads, filter) = ("leads", "filter");
    assert_eq!(may(Role::Operator), [("exclude", leads)]);
    let supervised = [
        ("exclude", leads),
        ("exclude", filter),
        ("include", leads),
        ("include", filter),
        ("assign", leads),
        ("assign", filter),
    ];
    assert_eq!(may(Role::Supervisor), supervised);
    assert_eq!(may(Role::Manager).len(), 8);
    assert!(may(Role::BackOffice).is_empty() && may(Role::Business).is_empty());
}

/// S4.41, S3.13: whoever calls adds a further number to a lead, but not who sees none.
#[test]
fn a_number_is_added_by_whoever_calls() {
    let add = || command("lead.phone");
    for role in [Role::Manager, Role::Supervisor, Role::Operator, Role::BackOffice] {
        assert!(check(&who(role), &add()).is_ok(), "{role}");
    }
    assert!(check(&who(Role::Business), &add()).is_err());
    let masked = Who { masked: true, ..who(Role::Operator) };
    assert_eq!(check(&masked, &add()).unwrap_err().error_code(), Some(ErrorCode::FieldPerm));
    let reads = Who { reads_contacts: true, ..who(Role::Operator) };
    assert_eq!(check(&reads, &add()).unwrap_err().error_code(), Some(ErrorCode::Permission));
}

/// X6, section D: clearing by file is clearing.
#[test]
fn clearing_by_file_needs_the_right_to_clear() {
    let import = |clear| Command::from_parts("dnc.import", json!({ "clear": clear })).unwrap();
    assert!(check(&who(Role::Operator), &import(false)).is_ok());
    assert!(check(&who(Role::Operator), &import(true)).is_err());
}

/// S3.13: who does not see numbers does not change them.
#[test]
fn who_sees_no_numbers_changes_none() {
    let masked = Who { masked: true, ..who(Role::Operator) };
    let mut edit =
        params::ContactEdit { contact: "x".into(), person: Some("佐藤".into()), ..Default::default() };
    assert!(check(&masked, &Command::ContactEdit(edit.clone())).is_ok());
    edit.numbers = Some(vec![ContactNumber { number: "0312345678".into(), label: None }]);
    let refused = check(&masked, &Command::ContactEdit(edit.clone())).unwrap_err();
    assert_eq!(refused.error_code(), Some(ErrorCode::FieldPerm));
    assert!(check(&who(Role::Operator), &Command::ContactEdit(edit)).is_ok());
}

/// S3.14: nor finds them out, by the places between pages in the order of numbers or by trying digits.
#[test]
fn who_sees_no_numbers_finds_none_out() {
    let masked = Who { masked: true, ..who(Role::Operator) };
    let supervisor = Who { masked: true, ..who(Role::Supervisor) };
    let ask = |method: &str, what: serde_json::Value| Command::from_parts(method, what).unwrap();
    let column = |text: &str, part: bool| json!({ "column": "備考", "text": text, "part": part });
    for (method, what) in [
        ("list.view", json!({ "list": "L", "sort": "phone" })),
        ("list.view", json!({ "list": "L", "filter": { "number": "9012" } })),
        ("list.view", json!({ "list": "L", "filter": { "number": "０９０１" } })),
        ("list.view", json!({ "list": "L", "filter": { "columns": [column("09012", true)] } })),
        (
            "list.view",
            json!({ "list": "L", "filter": { "columns": [column("x", true), column("TEL090", true)] } }),
        ),
        ("list.view", json!({ "list": "L", "filter": { "name": "09012" } })),
        ("list.view", json!({ "list": "L", "filter": { "company": "03-1" } })),
        ("list.view", json!({ "list": "L", "filter": { "person": "09012" } })),
        (
            "lead.change",
            json!({ "list": "L", "what": "exclude", "filter": { "columns": [column("0901", true)] } }),
        ),
        ("history.list", json!({ "name": "09012" })),
        ("history.list", json!({ "company": "09012" })),
        ("history.list", json!({ "person": "０９０１" })),
        ("contact.ls", json!({ "text": "090-12" })),
        ("history.list", json!({ "number": "0075" })),
        ("history.export", json!({ "number": "0075" })),
    ] {
        let supervises = matches!(method, "lead.change" | "history.export");
        let masked = if supervises { supervisor } else { masked };
        let refused = check(&masked, &ask(method, what.clone())).unwrap_err();
        assert_eq!(refused.error_code(), Some(ErrorCode::FieldPerm), "{method} {what}");
        let role = if supervises { Role::Supervisor } else { Role::Operator };
        assert!(check(&who(role), &ask(method, what)).is_ok());
    }
    for (method, what) in [
        ("list.view", json!({ "list": "L", "sort": "company", "filter": { "number": "090-1234-5678" } })),
        (
            "list.view",
            json!({ "list": "L", "filter": { "columns": [column("090-1234-5678", true), column("第12回", true)] } }),
        ),
        (
            "list.view",
            json!({ "list": "L", "filter": { "columns": [column("2026", false)], "name": "第2工業" } }),
        ),
        ("history.list", json!({ "name": "0312345678", "memo": "2026年" })),
        ("contact.ls", json!({ "text": "第2工業" })),
        ("contact.ls", json!({ "text": "03-1234-5678" })),
        ("history.list", json!({ "number": "03-1234-5678" })),
    ] {
        assert!(check(&masked, &ask(method, what)).is_ok());
    }
}

#[test]
fn only_the_owner_of_the_machine_names_paths() {
    let export = Command::from_parts("dnc.export", json!({ "path": "/tmp/x.csv" })).unwrap();
    let manager = who(Role::Manager);
    assert!(check_path(&manager, &export).is_err(), "a manager of the table is not the daemon's user");
    assert!(check_path(&Who { owner: true, ..manager }, &export).is_ok());
}

/// D22: whose user was deleted may nothing, whatever it is, and is told why.
#[test]
fn whose_user_was_deleted_may_nothing() {
    let gone = Who { gone: true, ..who(Role::Operator) };
    for command in every_command() {
        let error = check(&gone, &command).unwrap_err();
        assert_eq!(error.error_code(), Some(ErrorCode::Permission), "{}", command.method());
    }
}
