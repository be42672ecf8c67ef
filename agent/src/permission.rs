//! Which command needs which right: the table of [`store::permission`] applied to the control protocol.
//!
//! The core asks [`check`] before every command, whatever surface it came from; the control server asks too, since it
//! answers a few by itself.

mod words;

use protocol::params::{LeadWhat, ViewFilter};
use protocol::{Command, Detail, ErrorCode, RpcError};
use store::{Action, Phone, Role, Scope, SortColumn, permits};

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
        // Bytes on their way to an import, which needs its own right; and from an export, which had it. By what rules files are read
        // is for all who may import some.
        Command::ListUpload(_) | Command::ProfileLs(_) => Action::DncAdd,
        Command::ListDownload(_) | Command::UserMe(_) => return None,
        Command::StatsGet(_) | Command::StatsTally(_) | Command::RecordingQuota(_) => Action::StatsView,
        // Whose recordings they are is looked up with the row.
        Command::RecordingLs(_) | Command::RecordingFetch(_) => Action::RecordingListen,
        Command::RecordingHold(_) | Command::RecordingDelete(_) => Action::RecordingDelete,
        Command::RecordingExported(_) => Action::RecordingExport,
        Command::StatsVerify(_)
        | Command::StatsMend(_)
        | Command::StoreBackup(_)
        | Command::StoreCheck(_) => Action::Machine,
        Command::HistoryList(_) | Command::HistoryShow(_) => Action::HistoryView,
        Command::HistoryAmend(_) => Action::Amend,
        Command::HistoryReport(_) => Action::Report,
        Command::NoteLs(_) => Action::NoteView,
        Command::NoteAdd(_) => Action::NoteAdd,
        Command::NoteEdit(_) | Command::NoteDelete(_) | Command::NoteRestore(_) => Action::NoteEdit,
        Command::DncLs(_) | Command::DncImports(_) => Action::DncView,
        Command::DncAdd(_) => Action::DncAdd,
        Command::DncClear(_) | Command::DncImportUndo(_) => Action::DncClear,
        Command::DncImport(import) if import.clear => Action::DncClear,
        Command::DncImport(_) => Action::DncAdd,
        // Whoever began it may just go; ending somebody else's is for those who may undo what it does.
        Command::DncImportCancel(_) => Action::DncClear,
        Command::TaskLs(_) => Action::TaskView,
        Command::TaskDone(_) | Command::TaskDue(_) => Action::TaskClose,
        Command::TaskAssign(_) | Command::TaskHandOver(_) | Command::ContactHandOver(_) => Action::Assign,
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
    /// A task, which may be one of a lead.
    Task(i64),
    /// A call, which may be one of a list.
    Attempt(String),
    /// A project, by name.
    Project(String),
}

/// Whether the grants of lists bind somebody (X7, S4.5): MGR and SV see every list.
pub(crate) fn is_bound(who: &Who) -> bool {
    !matches!(who.role, Role::Manager | Role::Supervisor)
}

/// The lists, leads, calls and projects that a command names. Who is bound by grants needs one for each.
pub(crate) fn reach(command: &Command) -> Vec<Reach> {
    let list = |name: &Option<String>| name.clone().map(Reach::List);
    let lead = |id: &Option<String>| id.clone().map(Reach::Lead);
    let attempt = |id: &Option<String>| id.clone().map(Reach::Attempt);
    let project = |name: &Option<String>| name.clone().map(Reach::Project);
    let one = |reach: Reach| vec![reach];
    let named = |reach: [Option<Reach>; 3]| reach.into_iter().flatten().collect();
    match command {
        Command::DialStart(p) => one(Reach::List(p.list.clone())),
        Command::ListShow(p) => one(Reach::List(p.list.clone())),
        Command::ListView(p) => one(Reach::List(p.list.clone())),
        Command::LeadChange(p) => one(Reach::Leads(p.list.clone(), p.leads.len())),
        Command::LeadShow(p) => one(Reach::Lead(p.lead.clone())),
        Command::LeadEdit(p) => one(Reach::Lead(p.lead.clone())),
        Command::LeadPhone(p) => one(Reach::Lead(p.lead.clone())),
        // By number, what is told is narrowed instead.
        Command::DialWhy(p) if p.lead.is_none() && p.number.is_some() => Vec::new(),
        Command::DialWhy(p) => named([lead(&p.lead), list(&p.list), None]),
        Command::CallDial(p) => {
            let task = p.task.map(Reach::Task);
            named([lead(&p.lead).or(task), attempt(&p.attempt), project(&p.project)])
        }
        Command::StatsGet(p) => named([list(&p.list), project(&p.project), None]),
        Command::StatsTally(p) => named([list(&p.list), project(&p.project), None]),
        Command::HistoryList(p) => named([list(&p.list), None, None]),
        Command::HistoryShow(p) => one(Reach::Attempt(p.attempt.clone())),
        Command::HistoryReport(p) => one(Reach::Attempt(p.attempt.clone())),
        Command::ContactCreateFromCall(p) => one(Reach::Attempt(p.attempt.clone())),
        Command::DncAdd(p) => named([attempt(&p.attempt), None, None]),
        Command::NoteAdd(p) => named([lead(&p.lead), attempt(&p.attempt), None]),
        Command::NoteLs(p) => named([lead(&p.lead), attempt(&p.attempt), None]),
        _ => Vec::new(),
    }
}

/// Whether somebody may give a command, and on whose rows.
///
/// # Errors
/// `E-PERMISSION`, for whatever it is where theirs was a deleted user; `E-FIELD-PERM` for who may not change numbers (S3.13).
pub(crate) fn check(who: &Who, command: &Command) -> Result<Scope, RpcError> {
    if who.gone {
        return Err(RpcError::with_detail(ErrorCode::Permission, of_nobody(who.uid)));
    }
    let Some(action) = action(command) else { return Ok(Scope::All) };
    let scope = permits(who.role, action);
    if !scope.any() {
        return Err(RpcError::with_detail(ErrorCode::Permission, not_allowed(who.role, action, command)));
    }
    match command {
        Command::ContactAdd(_)
        | Command::ContactEdit(_)
        | Command::ContactHandOver(_)
        | Command::ContactCreateFromCall(_)
        | Command::LeadEdit(_)
        | Command::LeadPhone(_)
            if who.reads_contacts =>
        {
            let role = who.role;
            let detail = (
                format!("設定 contacts.read_only により {role} は連絡先を変更できません"),
                format!("the setting contacts.read_only keeps {role} from changing contacts"),
            );
            Err(RpcError::with_detail(ErrorCode::Permission, detail))
        }
        Command::ContactEdit(edit) if who.masked && edit.numbers.is_some() => {
            Err(RpcError::with_detail(ErrorCode::FieldPerm, ("電話番号", "numbers")))
        }
        Command::LeadPhone(_) if who.masked => {
            Err(RpcError::with_detail(ErrorCode::FieldPerm, ("電話番号", "numbers")))
        }
        _ if who.masked && finds_numbers_out(command) => Err(RpcError::with_detail(
            ErrorCode::FieldPerm,
            (
                "電話番号の順や番号の一部(3桁以上の数字)では探せません。番号をすべて入力してください",
                "numbers are neither sorted by nor found by a part of them (three digits or more): give the whole number",
            ),
        )),
        // A file of masked numbers is of no use, and one of whole ones is what they may not see (S3.14).
        _ if who.masked && action == Action::Export => Err(RpcError::with_detail(
            ErrorCode::FieldPerm,
            ("ファイルには電話番号がそのまま入ります", "a file holds whole numbers"),
        )),
        _ => Ok(scope),
    }
}

/// Whose user was deleted.
fn of_nobody(uid: u32) -> Detail {
    let detail = Detail::from((
        format!(
            "利用者が削除されたため、この Unix 利用者(uid {uid})は何もできません。管理者が `kakeru user add` か `kakeru user uid ログイン名 {uid}` で割り当てます"
        ),
        format!(
            "the user of this Unix user (uid {uid}) was deleted: a manager gives it to another by `kakeru user add` or `kakeru user uid LOGIN {uid}`"
        ),
    ));
    detail.with([("uid".to_owned(), uid.into())].into_iter().collect())
}

/// What the role may not do, as it is typed, and which roles may (S3.12).
fn not_allowed(role: Role, action: Action, command: &Command) -> Detail {
    let (typed, method) = (words::typed(command), command.method());
    let roles: Vec<Role> = Role::ALL.into_iter().filter(|role| permits(*role, action).any()).collect();
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let detail = Detail::from((
        format!("{role} は `{typed}` を使えません。使えるのは {} です", names.join("、")),
        format!("{role} may not use `{typed}`; {} may", names.join(", ")),
    ));
    let facts = [("method", method.into()), ("role", role.as_str().into()), ("roles", names.into())];
    detail.with(facts.map(|(name, value)| (name.to_owned(), value)).into_iter().collect())
}

/// Whether somebody who sees numbers masked would learn them by it: the places between pages of that order hold them, and
/// digits can be tried one by one (S3.14), wherever a number may stand: in place of a name (S3.2), in a list's further columns.
fn finds_numbers_out(command: &Command) -> bool {
    match command {
        Command::ListView(view) => {
            let sort = view.sort.as_deref().and_then(|word| word.parse().ok());
            sort == Some(SortColumn::Phone) || view.filter.as_ref().is_some_and(tries_digits)
        }
        Command::LeadChange(change) => change.filter.as_ref().is_some_and(tries_digits),
        Command::HistoryList(calls) => {
            [&calls.number, &calls.name, &calls.company, &calls.person].into_iter().any(has_part)
        }
        // How many rows a file has tells as much.
        Command::HistoryExport(calls) => {
            [&calls.number, &calls.name, &calls.company, &calls.person].into_iter().any(has_part)
        }
        Command::ContactLs(contacts) => has_part(&contacts.text),
        _ => false,
    }
}

fn tries_digits(leads: &ViewFilter) -> bool {
    let columns = leads.columns.iter().filter(|column| column.part);
    [&leads.number, &leads.name, &leads.company, &leads.person].into_iter().any(has_part)
        || columns.into_iter().any(|column| is_part(&column.text))
}

fn has_part(text: &Option<String>) -> bool {
    text.as_deref().is_some_and(is_part)
}

/// Three digits or more that are no whole number.
fn is_part(text: &str) -> bool {
    text.chars().filter(|c| c.is_numeric()).count() >= 3 && Phone::parse(text).is_err()
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
        Command::StoreBackup(p) => p.path.as_ref(),
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
mod tests;
