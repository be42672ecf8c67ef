//! `kakeru user`, `audit`, `disposition`, `task`, `dnc`, `contact`, `note`, and what follows `kakeru history`.

use protocol::Lang;
use protocol::params::*;
use protocol::result::{ContactsDeleted, Holdings};

use super::args::{
    AuditArgs, ContactFields, ContactVerb, DispositionFlags, DispositionVerb, DncVerb, FolderArg, Global,
    HistoryVerb, NoteAbout, NoteVerb, TaskVerb, UserVerb, WriteArgs,
};
use super::asked::{ask, confirm, confirm_category, confirm_dnc_undo, confirm_undo, new_password};
use super::output::Out;
use super::progress::{self, Work};
use super::verbs::{call, recall as recall_time, told_recall};
use super::{Failure, exports, files, render, socket, time};
use crate::control::client::Client;

pub(super) fn user(global: &Global, verb: UserVerb, out: Out) -> Result<(), Failure> {
    let show = |user: &protocol::result::UserRow, out| render::users(std::slice::from_ref(user), out);
    match verb {
        UserVerb::Ls { deleted } => {
            call(global, UserLs { deleted }, out, |found, out| render::users(&found.users, out))
        }
        UserVerb::Add { login, name, role, uid, password } => {
            let password = if password { Some(new_password(out)?) } else { None };
            let verb = UserAdd { login, name, role: role.as_str().to_owned(), uid, password };
            call(global, verb, out, show)
        }
        UserVerb::Rename { login, name } => {
            let verb = UserEdit { user: login, name: Some(name), ..UserEdit::default() };
            call(global, verb, out, render::user_changed)
        }
        UserVerb::Role { login, role, hand_over, release } => {
            let role = Some(role.as_str().to_owned());
            let bar = progress::watch(&socket(global), Work::Named { work: "user", of: login.clone() }, out);
            let verb = UserEdit { user: login, role, hand_over, release, ..UserEdit::default() };
            call(global, verb, out, |changed, out| {
                drop(bar);
                render::user_changed(changed, out)
            })
        }
        UserVerb::Uid { login, uid } => call(
            global,
            UserEdit { user: login, uid, no_uid: uid.is_none(), ..UserEdit::default() },
            out,
            render::user_changed,
        ),
        UserVerb::Passwd { login, remove } => {
            // One's own needs the old one; a manager who asks for another does not know it.
            let old = match &login {
                Some(_) => None,
                None => Some(ask(out, out.text("今のパスワード: ", "present password: "))?),
            };
            let password = if remove { None } else { Some(new_password(out)?) };
            call(global, UserPasswd { user: login, password, old }, out, show)
        }
        UserVerb::Me => call(global, UserMe {}, out, render::me),
        UserVerb::Holds { login } => call(global, UserHolds { user: login }, out, render::holdings),
        UserVerb::Delete { login, hand_over, release, yes } => {
            let held = Client::connect(&socket(global))?.call(UserHolds { user: login.clone() })?;
            let verb = UserDelete { user: login, hand_over, release };
            // Who holds something and leaves it to nobody is not asked first: the daemon says what is missing.
            if verb.hand_over.is_some() || release || held == Holdings::default() {
                confirm(yes, &delete_question(&verb, held, out), out)?;
            }
            let bar =
                progress::watch(&socket(global), Work::Named { work: "user", of: verb.user.clone() }, out);
            call(global, verb, out, |deleted, out| {
                drop(bar);
                render::user_changed(deleted, out)
            })
        }
    }
}

/// What is going to happen, with counts.
fn delete_question(verb: &UserDelete, held: Holdings, out: Out) -> String {
    let UserDelete { user, hand_over, .. } = verb;
    let what = render::held(held, out);
    let once = out.text("このIDは二度と使えません", "the login can never be used again");
    let what = match (hand_over, out.lang) {
        _ if held == Holdings::default() => String::new(),
        (Some(to), Lang::Ja) => format!("{what}を {to} に引き継ぎます。"),
        (Some(to), Lang::En) => format!("{what} go to {to}; "),
        (None, Lang::Ja) => format!("{what}の担当を外します。"),
        (None, Lang::En) => format!("{what} become nobody's; "),
    };
    match out.lang {
        Lang::Ja => format!("{user} を削除します。{what}{once}"),
        Lang::En => format!("delete {user}: {what}{once}"),
    }
}

pub(super) fn audit(global: &Global, args: AuditArgs, out: Out) -> Result<(), Failure> {
    let (from, to) = time::stretch(args.from, args.to)?;
    let verb = AuditList {
        user: args.user,
        action: args.action,
        object: args.object,
        from,
        to,
        before: args.before,
        limit: Some(args.limit),
    };
    call(global, verb, out, render::audit)
}

pub(super) fn disposition(global: &Global, verb: DispositionVerb, out: Out) -> Result<(), Failure> {
    let show =
        |row: &protocol::result::DispositionRow, out| render::dispositions(std::slice::from_ref(row), out);
    match verb {
        DispositionVerb::Ls { archived, project } => {
            call(global, DispositionLs { archived, project }, out, |found, out| {
                render::dispositions(&found.dispositions, out)
            })
        }
        DispositionVerb::Add { label, code, project, flags } => {
            let DispositionFlags {
                keep_recording,
                counts_call,
                counts_connect,
                lead_next,
                hotkey,
                color,
                position,
            } = flags;
            let verb = DispositionAdd {
                label,
                code,
                project,
                keep_recording,
                counts_call,
                counts_connect,
                lead_next,
                hotkey,
                color,
                position,
            };
            call(global, verb, out, show)
        }
        DispositionVerb::Edit { status, project, label, flags } => {
            call(global, disposition_edit((status, project), label, None, flags), out, show)
        }
        DispositionVerb::Archive { status, project } => {
            let verb = disposition_edit((status, project), None, Some(true), DispositionFlags::default());
            call(global, verb, out, show)
        }
        DispositionVerb::Restore { status, project } => {
            let verb = disposition_edit((status, project), None, Some(false), DispositionFlags::default());
            call(global, verb, out, show)
        }
    }
}

fn disposition_edit(
    (status, project): (String, Option<String>),
    label: Option<String>,
    archived: Option<bool>,
    flags: DispositionFlags,
) -> DispositionEdit {
    DispositionEdit {
        status,
        project,
        label,
        archived,
        keep_recording: flags.keep_recording,
        counts_call: flags.counts_call,
        counts_connect: flags.counts_connect,
        lead_next: flags.lead_next,
        hotkey: flags.hotkey,
        color: flags.color,
        position: flags.position,
    }
}

pub(super) fn task(global: &Global, verb: TaskVerb, out: Out) -> Result<(), Failure> {
    match verb {
        TaskVerb::Ls { owner, nobody, all, folder, number, closed, after, limit } => {
            let owner = if nobody { Some(String::new()) } else { owner };
            let folder = folder.map(|folder| match folder {
                FolderArg::Past => String::from("past"),
                FolderArg::Future => String::from("future"),
                FolderArg::Free => String::from("free"),
            });
            let verb = TaskLs { owner, all, folder, number, closed, after, limit: Some(limit) };
            call(global, verb, out, render::tasks)
        }
        TaskVerb::Done { task, undo } => call(global, TaskDone { task, undo }, out, render::task),
        TaskVerb::HandOver { from, to, list } => {
            let of = from.clone().unwrap_or_default();
            let _bar = progress::watch(&socket(global), Work::Named { work: "tasks", of }, out);
            call(global, TaskHandOver { from, to, list: list.path() }, out, render::tasks_handed_over)
        }
        TaskVerb::Reassign { task, owner, nobody: _ } => {
            call(global, TaskAssign { task, owner }, out, render::task)
        }
        TaskVerb::Due { task, time, no_time: _ } => {
            let due_at = recall_time(global, time)?;
            call(global, TaskDue { task, due_at }, out, |task, out| {
                render::task(task, out)?;
                told_recall(due_at, task.recall_opens_at, out)
            })
        }
    }
}

pub(super) fn dnc(global: &Global, verb: DncVerb, out: Out) -> Result<(), Failure> {
    match verb {
        DncVerb::Add { number, projects, reason, attempt, evidence } => {
            let typed = number.clone();
            let verb = DncAdd { number, project: None, projects, reason, attempt, evidence };
            call(global, verb, out, |added, out| render::dnc_added(added, &typed, out))
        }
        DncVerb::Ls { number, project, cleared, after, limit } => {
            let show =
                |page: &protocol::result::DncPage, out| render::dnc(&page.rows, page.next.as_deref(), out);
            call(global, DncLs { number, project, cleared, after, limit: Some(limit) }, out, show)
        }
        DncVerb::Clear { number, projects, reason } => {
            call(global, DncClear { number, projects, reason }, out, render::dnc_cleared)
        }
        DncVerb::Import { file, projects, reason, clear, encoding, profile, rows } => {
            let verb = DncImport {
                encoding,
                profile,
                projects,
                reason,
                clear,
                partial: rows.partial,
                dry_run: rows.dry_run,
                report: rows.report.is_some(),
                report_warnings: rows.report_warnings.is_some(),
                lang: Some(out.text("ja", "en").to_owned()),
                ..DncImport::default()
            };
            files::import_dnc(&socket(global), verb, &file, &rows, out)
        }
        DncVerb::ImportCancel => call(global, DncImportCancel {}, out, render::manage::done),
        DncVerb::Imports { before, limit } => {
            call(global, DncImports { before, limit: Some(limit) }, out, render::dnc_imports)
        }
        DncVerb::ImportUndo { import, reason, yes } => {
            confirm_dnc_undo(global, &import, yes, out)?;
            let of = import.clone();
            let _bar = progress::watch(&socket(global), Work::Named { work: "undo", of }, out);
            call(global, DncImportUndo { import, reason }, out, render::dnc_import_undone)
        }
        DncVerb::Export { file, project, cleared, write } => {
            let WriteArgs { encoding, raw, profile, cut } = write.clone();
            let verb = DncExport {
                project,
                cleared,
                path: None,
                encoding,
                raw,
                profile,
                split: cut.split,
                split_rows: cut.split_rows,
                split_bytes: cut.split_bytes,
            };
            exports::fetch(&socket(global), verb, "dnc".to_owned(), (&file, &write), out)
        }
    }
}

pub(super) fn contact(global: &Global, verb: ContactVerb, out: Out) -> Result<(), Failure> {
    match verb {
        ContactVerb::Add { fields, phones, overwrite } => {
            let ContactFields { company, person, email, categories, owner } = fields;
            let numbers = numbers(&phones);
            let verb = ContactAdd { company, person, email, numbers, categories, owner, overwrite };
            call(global, verb, out, render::contact_saved)
        }
        ContactVerb::FromCall { attempt, fields } => {
            let ContactFields { company, person, email, categories, owner } = fields;
            let verb = ContactCreateFromCall { attempt, company, person, email, categories, owner };
            call(global, verb, out, render::contact_saved)
        }
        ContactVerb::Show { contact } => call(global, ContactShow { contact }, out, render::contact),
        ContactVerb::Ls { text, category, owner, stubs, trash, after, limit } => {
            let verb = ContactLs { text, category, owner, stubs, trash, after, limit: Some(limit) };
            call(global, verb, out, render::contacts)
        }
        ContactVerb::Edit { contact, fields, phones, seen } => {
            let ContactFields { company, person, email, categories, owner } = fields;
            let verb = ContactEdit {
                contact,
                version: seen,
                company,
                person,
                email,
                numbers: (!phones.is_empty()).then(|| numbers(&phones)),
                categories: (!categories.is_empty()).then_some(categories),
                owner,
            };
            call(global, verb, out, render::contact_saved)
        }
        ContactVerb::Delete { contacts, yes } => {
            let asked = ContactDelete { contacts: contacts.clone(), dry_run: true };
            if !yes {
                let ContactsDeleted { deleted, tasks, .. } = Client::connect(&socket(global))?.call(asked)?;
                confirm(yes, &delete_contacts_question(deleted.len(), tasks, out), out)?;
            }
            call(global, ContactDelete { contacts, dry_run: false }, out, render::contacts_deleted)
        }
        ContactVerb::Undo { contact } => call(global, ContactUndo { contact }, out, render::contact),
        ContactVerb::Import(args) => files::import_contacts(&socket(global), *args, out),
        ContactVerb::ImportCancel => call(global, ContactImportCancel {}, out, render::manage::done),
        ContactVerb::ImportUndo { import, yes } => {
            confirm_undo(global, &import, yes, out)?;
            let of = import.clone();
            let _bar = progress::watch(&socket(global), Work::Named { work: "undo", of }, out);
            call(global, ListImportUndo { import }, out, render::manage::undone)
        }
        ContactVerb::Export { file, write, per_number, strict } => {
            let WriteArgs { encoding, raw, profile, cut } = write.clone();
            let verb = ContactExport {
                path: None,
                encoding,
                raw,
                profile,
                split: cut.split,
                split_rows: cut.split_rows,
                split_bytes: cut.split_bytes,
                per_number,
                strict,
            };
            exports::fetch(&socket(global), verb, "contacts".to_owned(), (&file, &write), out)
        }
        ContactVerb::HandOver { from, to } => {
            let of = from.clone().unwrap_or_default();
            let _bar = progress::watch(&socket(global), Work::Named { work: "contacts", of }, out);
            call(global, ContactHandOver { from, to }, out, render::contacts_handed_over)
        }
        ContactVerb::Categories { delete: None, .. } => call(global, CategoryLs {}, out, render::categories),
        ContactVerb::Categories { delete: Some(name), yes } => {
            if !yes {
                confirm_category(global, &name, out)?;
            }
            call(global, CategoryDelete { name }, out, |row, out| {
                let one = protocol::result::Categories { categories: vec![row.clone()] };
                render::categories(&one, out)
            })
        }
    }
}

pub(super) fn history(global: &Global, verb: HistoryVerb, out: Out) -> Result<(), Failure> {
    match verb {
        HistoryVerb::Show { attempt } => call(global, HistoryShow { attempt }, out, render::call),
        HistoryVerb::Amend { attempt, status, memo, recall, no_recall, reason } => {
            let recall_at = recall_time(global, recall)?;
            let verb = HistoryAmend { attempt, status, memo, recall_at, no_recall, reason };
            call(global, verb, out, |row, out| {
                render::call(row, out)?;
                told_recall(recall_at, row.recall_opens_at, out)
            })
        }
        HistoryVerb::Report { attempt, off } => {
            call(global, HistoryReport { attempt, on: !off }, out, render::call)
        }
        HistoryVerb::Export { file, calls, write } => {
            let WriteArgs { encoding, raw, profile, cut } = write.clone();
            let verb = HistoryExport {
                encoding,
                raw,
                profile,
                split: cut.split,
                split_rows: cut.split_rows,
                split_bytes: cut.split_bytes,
                ..calls.export(global.seat.clone())?
            };
            exports::fetch(&socket(global), verb, "history".to_owned(), (&file, &write), out)
        }
    }
}

pub(super) fn note(global: &Global, verb: NoteVerb, out: Out) -> Result<(), Failure> {
    let show = |note: &protocol::result::NoteRow, out| render::notes(std::slice::from_ref(note), out);
    match verb {
        NoteVerb::Add { text, about } => {
            let NoteAbout { attempt, lead, number } = about;
            let lead = lead.map(|lead| super::manage::lead_id(global, lead)).transpose()?;
            let verb = NoteAdd { attempt, lead, number, text };
            call(global, verb, out, show)
        }
        NoteVerb::Ls { about } => {
            let NoteAbout { attempt, lead, number } = about;
            let lead = lead.map(|lead| super::manage::lead_id(global, lead)).transpose()?;
            let verb = NoteLs { attempt, lead, number };
            call(global, verb, out, |found, out| render::notes(&found.notes, out))
        }
        NoteVerb::Edit { note, text } => call(global, NoteEdit { note, text }, out, show),
        NoteVerb::Delete { note } => call(global, NoteDelete { note }, out, show),
        NoteVerb::Restore { note } => call(global, NoteRestore { note }, out, show),
    }
}

/// `mobile=090-1111-2222`, `mobile:090-1111-2222` or a bare number; signs may be wide ones.
fn numbers(given: &[String]) -> Vec<ContactNumber> {
    let number = |text: &String| match text.split_once(['=', ':', '＝', '：']) {
        // `TEL: 03-1234-5678` and `sip:…` are how a number is written, or no number: the reader says which.
        Some((label, _)) if ["tel", "sip", "sips"].contains(&&*label.trim().to_lowercase()) => {
            ContactNumber { number: text.clone(), label: None }
        }
        Some((label, number)) => ContactNumber {
            number: number.trim().to_owned(),
            label: Some(label.trim().to_owned()).filter(|l| !l.is_empty()),
        },
        None => ContactNumber { number: text.clone(), label: None },
    };
    given.iter().map(number).collect()
}

/// What is going to happen, with counts.
fn delete_contacts_question(contacts: usize, tasks: u64, out: Out) -> String {
    match (out.lang, tasks) {
        (Lang::Ja, 0) => format!("{contacts} 件の連絡先をごみ箱に移します(30日間は元に戻せます)"),
        (Lang::Ja, _) => format!(
            "{contacts} 件の連絡先をごみ箱に移し、リストにない対応タスク {tasks} 件を取り消します(30日間は元に戻せます)"
        ),
        (Lang::En, 0) => format!("{contacts} contacts go into the bin (30 days to take them back)"),
        (Lang::En, _) => format!(
            "{contacts} contacts go into the bin, and {tasks} tasks of no list with them (30 days to take them back)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_have_a_label() {
        let found = numbers(&[
            "03-1234-5678".to_owned(),
            "mobile=090-1111-2222".to_owned(),
            "=0312345678".to_owned(),
            "携帯：090-1111-2222".to_owned(),
            "mobile: 090-1111-2222".to_owned(),
            "TEL:03-1234-5678".to_owned(),
        ]);
        let shown: Vec<_> = found.iter().map(|n| (n.label.as_deref(), n.number.as_str())).collect();
        let mobile = "090-1111-2222";
        assert_eq!(shown[..3], [(None, "03-1234-5678"), (Some("mobile"), mobile), (None, "0312345678")]);
        assert_eq!(
            shown[3..],
            [(Some("携帯"), mobile), (Some("mobile"), mobile), (None, "TEL:03-1234-5678")]
        );
    }
}
