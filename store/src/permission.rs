//! Who may do what: the roles' matrix as a pure function, the same below every surface.
//!
//! A surface (control socket, console) maps each of its commands to an [`Action`] and asks [`permits`]. The answer says
//! on whose rows: a command that names a row is carried out with that [`Scope`] in its transaction.

use crate::model::Role;

/// Something a person may want to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Call, answer, hold, save a result, work through a list.
    Dial,
    /// See seats, lines and what happens, as it happens.
    Monitor,
    /// Listen to running calls, whisper to the operator, barge in.
    Tap,
    /// See lists and their leads.
    ListView,
    /// Make, import, change and delete lists and leads.
    ListEdit,
    /// Write lists, contacts or the history to a file.
    Export,
    /// Give lists and leads to users.
    Assign,
    /// See counters.
    StatsView,
    /// Make and change projects.
    ProjectEdit,
    /// See the result statuses.
    StatusView,
    /// Make, change and archive result statuses.
    StatusEdit,
    /// See who there is.
    UserView,
    /// Make and change users, their roles and passwords.
    UserEdit,
    /// Delete users.
    UserDelete,
    /// Change the own password.
    OwnPassword,
    /// See past calls.
    HistoryView,
    /// Change the result of a sealed call.
    Amend,
    /// Mark a call as reported (報告), or take the mark off.
    Report,
    /// See notes of the back office.
    NoteView,
    /// Add a note to a customer's history without a call.
    NoteAdd,
    /// Change or take back a note.
    NoteEdit,
    /// See contacts.
    ContactView,
    /// Make and change contacts.
    ContactEdit,
    /// Give a contact to another owner (S3.8).
    ContactGive,
    /// Delete contacts and categories, and bring them back.
    ContactDelete,
    /// Put a file into the contact book.
    ContactImport,
    /// See 見込 and 再コール.
    TaskView,
    /// Close and reopen them.
    TaskClose,
    /// See the do-not-call list.
    DncView,
    /// Put numbers on it.
    DncAdd,
    /// Take numbers off it.
    DncClear,
    /// Listen to recordings.
    RecordingListen,
    /// Copy recordings to another place.
    RecordingExport,
    /// Delete recordings.
    RecordingDelete,
    /// Read the log of administrative changes.
    AuditView,
    /// Change the machine: configuration, backup, repair.
    Machine,
}

impl Action {
    /// Every action, for tests and tables.
    pub const ALL: &'static [Self] = &[
        Self::Dial,
        Self::Monitor,
        Self::Tap,
        Self::ListView,
        Self::ListEdit,
        Self::Export,
        Self::Assign,
        Self::StatsView,
        Self::ProjectEdit,
        Self::StatusView,
        Self::StatusEdit,
        Self::UserView,
        Self::UserEdit,
        Self::UserDelete,
        Self::OwnPassword,
        Self::HistoryView,
        Self::Amend,
        Self::Report,
        Self::NoteView,
        Self::NoteAdd,
        Self::NoteEdit,
        Self::ContactView,
        Self::ContactEdit,
        Self::ContactGive,
        Self::ContactDelete,
        Self::ContactImport,
        Self::TaskView,
        Self::TaskClose,
        Self::DncView,
        Self::DncAdd,
        Self::DncClear,
        Self::RecordingListen,
        Self::RecordingExport,
        Self::RecordingDelete,
        Self::AuditView,
        Self::Machine,
    ];
}

/// On whose rows an action is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Not at all.
    Nothing,
    /// Only reported calls (S4.4).
    Reported,
    /// Only the user's own rows: their calls, notes, tasks, or themselves.
    Own,
    /// Only users of a lower role than their own (S4.2).
    Lower,
    /// Every row.
    All,
}

impl Scope {
    /// Whether the action is allowed on any row at all.
    #[must_use]
    pub fn any(self) -> bool {
        self != Self::Nothing
    }
}

impl Role {
    /// Whether whoever has it calls: leads and tasks are theirs only (S4.4, S4.5).
    #[must_use]
    pub fn calls(self) -> bool {
        permits(self, Action::Dial).any()
    }
}

/// What a role may do (S4.1–S4.5 and the table of section D). Pure: no setting widens it.
#[must_use]
pub fn permits(role: Role, action: Action) -> Scope {
    use Role::{BackOffice, Business, Manager, Operator, Supervisor};
    match action {
        _ if role == Manager => Scope::All,
        // SV manages lower users (S4.2) and deletes nobody.
        Action::UserEdit if role == Supervisor => Scope::Lower,
        Action::ListEdit
        | Action::ProjectEdit
        | Action::StatusEdit
        | Action::UserEdit
        | Action::UserDelete
        | Action::ContactDelete
        | Action::ContactImport
        | Action::DncClear
        | Action::RecordingDelete
        | Action::AuditView
        | Action::Machine => Scope::Nothing,
        Action::Dial | Action::StatsView => all_if(matches!(role, Supervisor | Operator)),
        // Who calls sees their own seat; seeing the others is monitoring (section D).
        Action::Monitor => match role {
            Supervisor => Scope::All,
            _ => own_if(role == Operator),
        },
        // The month's recordings are the supervisor's work (S4.50).
        Action::Tap | Action::Export | Action::RecordingExport | Action::Assign | Action::UserView => {
            all_if(role == Supervisor)
        }
        // BIZ reads reported calls and nothing else (S4.4); every other role needs lists, contacts and statuses.
        // S1.37: their own leads, and nobody's where the project pools them.
        Action::ListView if role == Operator => Scope::Own,
        Action::ListView
        | Action::ContactView
        | Action::ContactEdit
        | Action::NoteView
        | Action::NoteAdd
        | Action::DncView
        | Action::DncAdd => all_if(role != Business),
        Action::ContactGive => match role {
            Supervisor => Scope::All,
            _ => own_if(role != Business),
        },
        Action::StatusView | Action::OwnPassword => Scope::All,
        Action::HistoryView => match role {
            Business => Scope::Reported,
            Manager | Supervisor | Operator | BackOffice => Scope::All,
        },
        Action::Amend => own_if(role == Operator),
        Action::Report => match role {
            Supervisor => Scope::All,
            _ => own_if(role == Operator),
        },
        Action::NoteEdit => own_if(matches!(role, Supervisor | Operator | BackOffice)),
        // Whose tasks others see by default is a question of the view (S4.20).
        Action::TaskView => all_if(matches!(role, Supervisor | Operator)),
        Action::TaskClose => match role {
            Supervisor => Scope::All,
            _ => own_if(role == Operator),
        },
        Action::RecordingListen => match role {
            Supervisor => Scope::All,
            _ => own_if(role == Operator),
        },
    }
}

/// Whether a user of `role` may manage one of role `other`, where the scope is [`Scope::Lower`].
#[must_use]
pub fn is_lower(other: Role, role: Role) -> bool {
    let rank = |role: Role| match role {
        Role::Manager => 2,
        Role::Supervisor => 1,
        Role::Operator | Role::Business | Role::BackOffice => 0,
    };
    rank(other) < rank(role)
}

fn all_if(allowed: bool) -> Scope {
    if allowed { Scope::All } else { Scope::Nothing }
}

fn own_if(allowed: bool) -> Scope {
    if allowed { Scope::Own } else { Scope::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: [Role; 5] =
        [Role::Manager, Role::Supervisor, Role::Operator, Role::Business, Role::BackOffice];

    /// The table of section D, row by row: MGR, SV, OP, BIZ, BY. `a` all, `o` own, `l` lower, `r` reported, `-` nothing.
    #[test]
    fn the_matrix_is_the_one_that_was_asked_for() {
        let table: &[(Action, &str)] = &[
            (Action::ListView, "aao-a"),
            (Action::ListEdit, "a----"),
            (Action::StatusEdit, "a----"),
            (Action::ProjectEdit, "a----"),
            (Action::UserEdit, "al---"),
            (Action::UserDelete, "a----"),
            (Action::Monitor, "aao--"),
            (Action::Tap, "aa---"),
            (Action::Assign, "aa---"),
            (Action::Dial, "aaa--"),
            (Action::TaskClose, "aao--"),
            (Action::NoteAdd, "aaa-a"),
            (Action::NoteEdit, "aoo-o"),
            (Action::HistoryView, "aaara"),
            (Action::Amend, "a-o--"),
            (Action::RecordingListen, "aao--"),
            (Action::RecordingExport, "aa---"),
            (Action::RecordingDelete, "a----"),
            (Action::DncAdd, "aaa-a"),
            (Action::DncClear, "a----"),
            (Action::ContactEdit, "aaa-a"),
            (Action::ContactGive, "aao-o"),
            (Action::ContactDelete, "a----"),
            (Action::AuditView, "a----"),
            (Action::Export, "aa---"),
        ];
        for (action, expected) in table {
            let found: String = ROLES
                .iter()
                .map(|role| match permits(*role, *action) {
                    Scope::Nothing => '-',
                    Scope::Reported => 'r',
                    Scope::Own => 'o',
                    Scope::Lower => 'l',
                    Scope::All => 'a',
                })
                .collect();
            assert_eq!(found, *expected, "{action:?}");
        }
    }

    /// S4.1: MGR may do everything. S4.4: BIZ reads reported calls, and of the rest only what changes nothing.
    #[test]
    fn a_manager_may_everything_and_a_business_user_reads_reports() {
        for action in Action::ALL {
            assert_eq!(permits(Role::Manager, *action), Scope::All, "{action:?}");
        }
        let biz: Vec<_> = Action::ALL.iter().filter(|a| permits(Role::Business, **a).any()).collect();
        assert_eq!(biz, [&Action::StatusView, &Action::OwnPassword, &Action::HistoryView]);
        assert_eq!(permits(Role::Business, Action::HistoryView), Scope::Reported);
    }

    /// S4.5: BY never calls.
    #[test]
    fn the_back_office_never_calls() {
        assert_eq!(permits(Role::BackOffice, Action::Dial), Scope::Nothing);
        assert_eq!(permits(Role::BackOffice, Action::NoteAdd), Scope::All);
    }

    /// S4.2: SV manages lower roles.
    #[test]
    fn a_supervisor_manages_the_roles_below() {
        let lower: Vec<_> = ROLES.into_iter().filter(|role| is_lower(*role, Role::Supervisor)).collect();
        assert_eq!(lower, [Role::Operator, Role::Business, Role::BackOffice]);
        assert!(!is_lower(Role::Manager, Role::Manager) && is_lower(Role::Supervisor, Role::Manager));
    }
}
