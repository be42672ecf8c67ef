//! Which command needs which right: the table of [`store::permission`] applied to the control protocol.
//!
//! The core asks [`check`] before every command, whatever surface it came from; the control server asks too, since it
//! answers a few by itself.

use protocol::params::LeadWhat;
use protocol::{Command, ErrorCode, RpcError};
use store::{Action, Scope, permits};

use crate::control::Who;

/// The right a command needs; `None`: whoever is connected may ask.
fn action(command: &Command) -> Option<Action> {
    Some(match command {
        Command::CallDial(_)
        | Command::CallAnswer(_)
        | Command::CallHangup(_)
        | Command::CallHold(_)
        | Command::CallResume(_)
        | Command::CallMute(_)
        | Command::CallDtmf(_)
        | Command::CallTransfer(_)
        | Command::CallConsult(_)
        | Command::CallSwap(_)
        | Command::CallReturn(_)
        | Command::CallSave(_)
        | Command::SeatPause(_)
        | Command::SeatReady(_)
        | Command::DialStart(_)
        | Command::DialPause(_)
        | Command::DialResume(_)
        | Command::DialStop(_)
        | Command::DialSkip(_)
        | Command::DialWhy(_)
        | Command::RecordingPause(_)
        | Command::RecordingResume(_)
        | Command::DevicesList(_)
        | Command::DevicesShow(_)
        | Command::DevicesSet(_)
        | Command::DevicesVolume(_)
        | Command::DevicesMeter(_) => Action::Dial,
        // Whose numbers were called is for those to see whose lists they are.
        Command::CallTrace(p) if p.unmasked => Action::Machine,
        Command::CallTrace(_) | Command::Status(_) | Command::EventsSubscribe(_) => Action::Monitor,
        Command::ListShow(_)
        | Command::ListLs(_)
        | Command::ListView(_)
        | Command::LeadShow(_)
        | Command::ProjectLs(_) => Action::ListView,
        Command::ListCreate(_)
        | Command::ListImport(_)
        | Command::ListImports(_)
        | Command::ListImportUndo(_)
        | Command::ListImportCancel(_)
        | Command::ListChange(_)
        | Command::ListDelete(_)
        | Command::ListRestore(_)
        | Command::ListBin(_)
        | Command::ListRound(_)
        | Command::LeadAdd(_)
        | Command::LeadPhone(_) => Action::ListEdit,
        // Whose leads they are is a supervisor's business too.
        Command::LeadChange(change) if change.what == LeadWhat::Assign => Action::Assign,
        // S1.41: an operator takes single leads out; only others take them back in.
        Command::LeadChange(change) if change.what == LeadWhat::Exclude && change.filter.is_none() => {
            Action::Dial
        }
        Command::LeadChange(_) => Action::ListEdit,
        Command::ListGrant(_) => Action::Assign,
        Command::ProjectCreate(_)
        | Command::ProjectChange(_)
        | Command::ProjectDelete(_)
        | Command::ProjectRestore(_) => Action::ProjectEdit,
        Command::ListExport(_)
        | Command::ContactExport(_)
        | Command::DncExport(_)
        | Command::HistoryExport(_) => Action::Export,
        // Bytes on their way to an import, which needs its own right; and from an export, which had it.
        Command::ListUpload(_) => Action::DncAdd,
        Command::ListDownload(_) => return None,
        Command::StatsGet(_) | Command::StatsTally(_) | Command::RecordingQuota(_) => Action::StatsView,
        // Whether it may be heard is asked again where it is played.
        Command::RecordingLs(_) | Command::RecordingHold(_) => Action::RecordingDelete,
        Command::RecordingFetch(_) | Command::RecordingExported(_) => Action::RecordingExport,
        Command::StatsVerify(_) | Command::StoreBackup(_) | Command::StoreCheck(_) => Action::Machine,
        Command::HistoryList(_) | Command::HistoryShow(_) => Action::HistoryView,
        Command::HistoryAmend(_) => Action::Amend,
        Command::HistoryReport(_) => Action::Report,
        Command::NoteLs(_) => Action::NoteView,
        Command::NoteAdd(_) => Action::NoteAdd,
        Command::NoteEdit(_) | Command::NoteDelete(_) => Action::NoteEdit,
        Command::DncLs(_) => Action::DncView,
        Command::DncAdd(_) => Action::DncAdd,
        Command::DncClear(_) => Action::DncClear,
        Command::DncImport(import) if import.clear => Action::DncClear,
        Command::DncImport(_) => Action::DncAdd,
        Command::TaskLs(_) => Action::TaskView,
        Command::TaskDone(_) | Command::TaskDue(_) => Action::TaskClose,
        Command::TaskAssign(_) => Action::Assign,
        Command::ContactShow(_) | Command::ContactLs(_) | Command::CategoryLs(_) => Action::ContactView,
        Command::ContactAdd(_) | Command::ContactCreateFromCall(_) | Command::ContactEdit(_) => {
            Action::ContactEdit
        }
        Command::ContactDelete(_) | Command::ContactUndo(_) | Command::CategoryDelete(_) => {
            Action::ContactDelete
        }
        Command::DispositionLs(_) => Action::StatusView,
        Command::DispositionAdd(_) | Command::DispositionEdit(_) => Action::StatusEdit,
        Command::UserLs(_) => Action::UserView,
        Command::UserAdd(_) | Command::UserEdit(_) => Action::UserEdit,
        // Whose password it may be is decided on the user's row.
        Command::UserPasswd(_) => Action::OwnPassword,
        Command::UserDelete(_) => Action::UserDelete,
        Command::AuditList(_) => Action::AuditView,
    })
}

/// Whether somebody may give a command, and on whose rows.
///
/// # Errors
/// `E-PERMISSION`; `E-FIELD-PERM` for who may not change numbers (S3.13).
pub(crate) fn check(who: &Who, command: &Command) -> Result<Scope, RpcError> {
    let Some(action) = action(command) else { return Ok(Scope::All) };
    let scope = permits(who.role, action);
    if !scope.any() {
        let detail = format!("{} may not {}", who.role, command.method());
        return Err(RpcError::with_detail(ErrorCode::Permission, detail));
    }
    if who.masked
        && let Command::ContactEdit(edit) = command
        && edit.numbers.is_some()
    {
        return Err(RpcError::with_detail(ErrorCode::FieldPerm, "numbers"));
    }
    Ok(scope)
}

/// A file named by path is read and written with the daemon's rights: only its own user and root may name one.
///
/// # Errors
/// `E-PERMISSION`.
pub(crate) fn check_path(who: &Who, command: &Command) -> Result<(), RpcError> {
    let path = match command {
        Command::ListImport(p) => p.path.as_ref(),
        Command::ListExport(p) => p.path.as_ref(),
        Command::ContactExport(p) => p.path.as_ref(),
        Command::DncImport(p) => p.path.as_ref(),
        Command::DncExport(p) => p.path.as_ref(),
        Command::HistoryExport(p) => p.path.as_ref(),
        Command::StoreBackup(p) => Some(&p.path),
        _ => None,
    };
    match path {
        Some(_) if !who.owner => {
            Err(RpcError::with_detail(ErrorCode::Permission, "path: upload the file instead"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use protocol::params::{self, ContactNumber};
    use serde_json::json;
    use store::Role;

    use super::*;

    fn who(role: Role) -> Who {
        Who { uid: 1000, owner: false, user: None, role, masked: role == Role::Business }
    }

    /// Every method with the least it needs.
    fn every_command() -> Vec<Command> {
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
            ["list.download", "history.list", "history.show", "disposition.ls", "user.passwd"]
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
        ] {
            assert!(!may.contains(&method), "{method}");
        }
        assert_eq!(check(&who(Role::Operator), &command("history.amend")), Ok(Scope::Own));
        assert_eq!(check(&who(Role::Manager), &command("history.amend")), Ok(Scope::All));
    }

    /// S4.2: SV watches, assigns and exports, and deletes nothing.
    #[test]
    fn a_supervisor_watches_and_assigns() {
        let may = allowed(Role::Supervisor);
        for method in ["status.get", "stats.get", "task.assign", "list.export", "user.ls", "user.add"] {
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

    /// S1.41: an operator takes single leads out; taking them back in, and many at once, is for others.
    #[test]
    fn an_operator_takes_single_leads_out() {
        let change = |what, by: &str| {
            let params = json!({ "list": "x", "what": what, by: if by == "leads" { json!(["y"]) } else { json!({}) } });
            check(&who(Role::Operator), &Command::from_parts("lead.change", params).unwrap())
        };
        assert!(change("exclude", "leads").is_ok());
        assert!(change("exclude", "filter").is_err());
        assert!(change("include", "leads").is_err());
        assert!(change("assign", "leads").is_err());
        assert!(change("delete", "leads").is_err());
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

    #[test]
    fn only_the_owner_of_the_machine_names_paths() {
        let export = Command::from_parts("dnc.export", json!({ "path": "/tmp/x.csv" })).unwrap();
        let manager = who(Role::Manager);
        assert!(check_path(&manager, &export).is_err(), "a manager of the table is not the daemon's user");
        assert!(check_path(&Who { owner: true, ..manager }, &export).is_ok());
    }
}
