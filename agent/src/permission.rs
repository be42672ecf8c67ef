//! Which command needs which right: the table of [`store::permission`] applied to the control protocol.
//!
//! The core asks [`check`] before every command, whatever surface it came from; the control server asks too, since it
//! answers a few by itself.

use protocol::params::LeadWhat;
use protocol::{Command, Detail, ErrorCode, RpcError};
use store::{Action, Role, Scope, permits};

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
        Command::CallListen(_) | Command::CallWhisper(_) | Command::CallBarge(_) | Command::CallUntap(_) => {
            Action::Tap
        }
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
        | Command::LeadAdd(_) => Action::ListEdit,
        // Whose leads they are is a supervisor's business too.
        Command::LeadChange(change) if change.what == LeadWhat::Assign => Action::Assign,
        // S1.41: an operator takes single leads out; a supervisor takes out many at once, and back in.
        Command::LeadChange(change) if change.what == LeadWhat::Exclude && change.filter.is_none() => {
            Action::Dial
        }
        Command::LeadChange(change) if matches!(change.what, LeadWhat::Exclude | LeadWhat::Include) => {
            Action::Assign
        }
        Command::LeadChange(_) => Action::ListEdit,
        Command::ListGrant(_) | Command::ProjectGrant(_) => Action::Assign,
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
        // Whose recordings they are is looked up with the row.
        Command::RecordingLs(_) | Command::RecordingFetch(_) => Action::RecordingListen,
        Command::RecordingHold(_) | Command::RecordingDelete(_) => Action::RecordingDelete,
        Command::RecordingExported(_) => Action::RecordingExport,
        Command::StatsVerify(_) | Command::StoreBackup(_) | Command::StoreCheck(_) => Action::Machine,
        Command::HistoryList(_) | Command::HistoryShow(_) => Action::HistoryView,
        Command::HistoryAmend(_) => Action::Amend,
        Command::HistoryReport(_) => Action::Report,
        Command::NoteLs(_) => Action::NoteView,
        Command::NoteAdd(_) => Action::NoteAdd,
        Command::NoteEdit(_) | Command::NoteDelete(_) => Action::NoteEdit,
        Command::DncLs(_) | Command::DncImports(_) => Action::DncView,
        Command::DncAdd(_) => Action::DncAdd,
        Command::DncClear(_) | Command::DncImportUndo(_) => Action::DncClear,
        Command::DncImport(import) if import.clear => Action::DncClear,
        Command::DncImport(_) => Action::DncAdd,
        // Whoever began it may just go; ending somebody else's is for those who may undo what it does.
        Command::DncImportCancel(_) => Action::DncClear,
        Command::TaskLs(_) => Action::TaskView,
        Command::TaskDone(_) | Command::TaskDue(_) => Action::TaskClose,
        Command::TaskAssign(_) | Command::TaskHandOver(_) => Action::Assign,
        Command::ContactShow(_) | Command::ContactLs(_) | Command::CategoryLs(_) => Action::ContactView,
        // What a lead says of its customer is corrected by whoever corrects contacts, further numbers are added on the call (S4.41);
        // BY does so on granted lists (S4.5).
        Command::ContactAdd(_)
        | Command::ContactCreateFromCall(_)
        | Command::ContactEdit(_)
        | Command::LeadEdit(_)
        | Command::LeadPhone(_) => Action::ContactEdit,
        Command::ContactImport(_) | Command::ContactImportCancel(_) => Action::ContactImport,
        Command::ContactDelete(_) | Command::ContactUndo(_) | Command::CategoryDelete(_) => {
            Action::ContactDelete
        }
        Command::DispositionLs(_) => Action::StatusView,
        Command::DispositionAdd(_) | Command::DispositionEdit(_) => Action::StatusEdit,
        Command::UserLs(_) | Command::UserHolds(_) => Action::UserView,
        Command::UserAdd(_) | Command::UserEdit(_) => Action::UserEdit,
        // Whose password it may be is decided on the user's row.
        Command::UserPasswd(_) => Action::OwnPassword,
        Command::UserDelete(_) => Action::UserDelete,
        Command::AuditList(_) => Action::AuditView,
    })
}

/// What of the lists a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The list, by name or id.
    List(String),
    /// So many leads of it, by id.
    Leads(String, usize),
    /// A lead of it, by id.
    Lead(String),
    /// A call, which may be one of a list.
    Attempt(String),
}

/// Whether the grants of lists bind somebody (X7, S4.5): MGR and SV see every list.
pub(crate) fn is_bound(who: &Who) -> bool {
    !matches!(who.role, Role::Manager | Role::Supervisor)
}

/// The list, lead or call that a command names. Who is bound by grants needs one for its list.
pub(crate) fn reach(command: &Command) -> Option<Reach> {
    let list = |name: &String| Some(Reach::List(name.clone()));
    let lead = |id: &String| Some(Reach::Lead(id.clone()));
    let attempt = |id: &String| Some(Reach::Attempt(id.clone()));
    match command {
        Command::DialStart(p) => list(&p.list),
        Command::ListShow(p) => list(&p.list),
        Command::ListView(p) => list(&p.list),
        Command::LeadChange(p) => Some(Reach::Leads(p.list.clone(), p.leads.len())),
        Command::LeadShow(p) => lead(&p.lead),
        Command::LeadEdit(p) => lead(&p.lead),
        Command::LeadPhone(p) => lead(&p.lead),
        Command::DialWhy(p) => p
            .lead
            .as_ref()
            .and_then(lead)
            .or_else(|| p.list.as_ref().filter(|_| p.number.is_none()).and_then(list)),
        Command::CallDial(p) => {
            p.lead.as_ref().and_then(lead).or_else(|| p.attempt.as_ref().and_then(attempt))
        }
        Command::StatsGet(p) => p.list.as_ref().and_then(list),
        Command::StatsTally(p) => p.list.as_ref().and_then(list),
        Command::HistoryList(p) => p.list.as_ref().and_then(list),
        Command::HistoryShow(p) => attempt(&p.attempt),
        Command::HistoryReport(p) => attempt(&p.attempt),
        Command::ContactCreateFromCall(p) => attempt(&p.attempt),
        Command::DncAdd(p) => p.attempt.as_ref().and_then(attempt),
        Command::NoteAdd(p) => {
            p.lead.as_ref().and_then(lead).or_else(|| p.attempt.as_ref().and_then(attempt))
        }
        Command::NoteLs(p) => p.lead.as_ref().and_then(lead).or_else(|| p.attempt.as_ref().and_then(attempt)),
        _ => None,
    }
}

/// Whether somebody may give a command, and on whose rows.
///
/// # Errors
/// `E-PERMISSION`; `E-FIELD-PERM` for who may not change numbers (S3.13).
pub(crate) fn check(who: &Who, command: &Command) -> Result<Scope, RpcError> {
    let Some(action) = action(command) else { return Ok(Scope::All) };
    let scope = permits(who.role, action);
    if !scope.any() {
        let (role, method) = (who.role, command.method());
        let detail = (format!("{role} は {method} を実行できません"), format!("{role} may not {method}"));
        return Err(RpcError::with_detail(ErrorCode::Permission, detail));
    }
    match command {
        Command::ContactAdd(_)
        | Command::ContactEdit(_)
        | Command::ContactCreateFromCall(_)
        | Command::LeadEdit(_)
        | Command::LeadPhone(_)
            if who.reads_contacts =>
        {
            Err(RpcError::with_detail(ErrorCode::Permission, Detail::name("contacts.read_only")))
        }
        Command::ContactEdit(edit) if who.masked && edit.numbers.is_some() => {
            Err(RpcError::with_detail(ErrorCode::FieldPerm, ("電話番号", "numbers")))
        }
        Command::LeadPhone(_) if who.masked => {
            Err(RpcError::with_detail(ErrorCode::FieldPerm, ("電話番号", "numbers")))
        }
        // A file of masked numbers is of no use, and one of whole ones is what they may not see (S3.14).
        _ if who.masked && action == Action::Export => Err(RpcError::with_detail(
            ErrorCode::FieldPerm,
            ("ファイルには電話番号がそのまま入ります", "a file holds whole numbers"),
        )),
        _ => Ok(scope),
    }
}

/// A file named by path is read and written with the daemon's rights: only its own user and root may name one.
///
/// # Errors
/// `E-PERMISSION`.
pub(crate) fn check_path(who: &Who, command: &Command) -> Result<(), RpcError> {
    let path = match command {
        Command::ListImport(p) => p.path.as_ref(),
        Command::ListExport(p) => p.path.as_ref(),
        Command::ContactImport(p) => p.path.as_ref(),
        Command::ContactExport(p) => p.path.as_ref(),
        Command::DncImport(p) => p.path.as_ref(),
        Command::DncExport(p) => p.path.as_ref(),
        Command::HistoryExport(p) => p.path.as_ref(),
        Command::StoreBackup(p) => Some(&p.path),
        _ => None,
    };
    match path {
        Some(_) if !who.owner => {
            let detail = ("path は使えません。ファイルを送ってください", "path: upload the file instead");
            Err(RpcError::with_detail(ErrorCode::Permission, detail))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use protocol::params::{self, ContactNumber};
    use serde_json::json;

    use super::*;

    fn who(role: Role) -> Who {
        Who {
            uid: 1000,
            owner: false,
            user: None,
            role,
            masked: role == Role::Business,
            reads_contacts: false,
            sees_taps: true,
        }
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

    /// S3.12, S3.23, S4.1 to S4.5, section D: every command and every role. `a` all rows, `o` own, `l` those of lower roles,
    /// `r` reported, `-` refused. A new command has no row here until somebody decides.
    #[test]
    fn the_whole_matrix_of_commands_and_roles() {
        let roles = [Role::Manager, Role::Supervisor, Role::Operator, Role::Business, Role::BackOffice];
        let shown = |command: &Command| -> String {
            let letter = |role: &Role| match check(&who(*role), command) {
                Err(_) => '-',
                Ok(Scope::Nothing) => unreachable!("refused instead"),
                Ok(Scope::Reported) => 'r',
                Ok(Scope::Own) => 'o',
                Ok(Scope::Lower) => 'l',
                Ok(Scope::All) => 'a',
            };
            roles.iter().map(letter).collect()
        };
        let found: Vec<String> = every_command()
            .iter()
            .map(|command| format!("{} {}", command.method(), shown(command)))
            .collect();
        let wanted: Vec<&str> = MATRIX.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(found, wanted, "{}", found.join("\n"));
    }

    /// MGR, SV, OP, BIZ, BY.
    const MATRIX: &str = "
        status.get aao--
        call.dial aaa--
        call.answer aaa--
        call.hangup aaa--
        call.hold aaa--
        call.resume aaa--
        call.mute aaa--
        call.dtmf aaa--
        call.transfer aaa--
        call.consult aaa--
        call.swap aaa--
        call.return aaa--
        call.listen aa---
        call.whisper aa---
        call.barge aa---
        call.untap aa---
        call.save aaa--
        call.trace aao--
        seat.pause aaa--
        seat.ready aaa--
        events.subscribe aao--
        list.create a----
        list.upload aaa-a
        list.import a----
        list.show aao-a
        list.export aa---
        list.download aaaaa
        list.ls aao-a
        dial.start aaa--
        dial.pause aaa--
        dial.resume aaa--
        dial.stop aaa--
        dial.skip aaa--
        dial.why aaa--
        history.list aaara
        stats.get aaa--
        dnc.add aaa-a
        dnc.ls aaa-a
        history.show aaara
        history.export aa---
        history.amend a-o--
        history.report aao--
        note.add aaa-a
        note.ls aaa-a
        note.edit aoo-o
        note.delete aoo-o
        dnc.clear a----
        dnc.import aaa-a
        dnc.import_cancel a----
        dnc.imports aaa-a
        dnc.import_undo a----
        dnc.export aa---
        task.ls aaa--
        task.done aao--
        task.assign aa---
        task.hand_over aa---
        task.due aao--
        contact.add aaa-a
        contact.create_from_call aaa-a
        contact.show aaa-a
        contact.ls aaa-a
        contact.edit aaa-a
        contact.delete a----
        contact.undo a----
        contact.import a----
        contact.import_cancel a----
        contact.export aa---
        category.ls aaa-a
        category.delete a----
        disposition.ls aaaaa
        disposition.add a----
        disposition.edit a----
        user.ls aa---
        user.add al---
        user.edit al---
        user.passwd aaaaa
        user.delete a----
        user.holds aa---
        audit.list a----
        devices.list aaa--
        devices.show aaa--
        devices.set aaa--
        devices.volume aaa--
        devices.meter aaa--
        project.ls aao-a
        project.create a----
        project.change a----
        project.delete a----
        project.restore a----
        project.grant aa---
        list.change a----
        list.delete a----
        list.restore a----
        list.bin a----
        list.round a----
        list.grant aa---
        list.view aao-a
        lead.show aao-a
        lead.add a----
        lead.edit aaa-a
        lead.change a----
        lead.phone aaa-a
        list.imports a----
        list.import_undo a----
        list.import_cancel a----
        stats.tally aaa--
        stats.verify a----
        recording.ls aao--
        recording.fetch aao--
        recording.exported a----
        recording.hold a----
        recording.delete a----
        recording.pause aaa--
        recording.resume aaa--
        recording.quota aaa--
        store.backup a----
        store.check a----
    ";

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

    /// S1.41: an operator takes single leads out; taking them back in, and many at once, is for supervisors.
    #[test]
    fn an_operator_takes_single_leads_out() {
        let change = |role, what: &str, by: &str| {
            let params = json!({ "list": "x", "what": what, by: if by == "leads" { json!(["y"]) } else { json!({}) } });
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

    #[test]
    fn only_the_owner_of_the_machine_names_paths() {
        let export = Command::from_parts("dnc.export", json!({ "path": "/tmp/x.csv" })).unwrap();
        let manager = who(Role::Manager);
        assert!(check_path(&manager, &export).is_err(), "a manager of the table is not the daemon's user");
        assert!(check_path(&Who { owner: true, ..manager }, &export).is_ok());
    }
}
