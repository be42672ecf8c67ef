//! Results for people.

mod audit;
mod dnc;
mod issues;
mod live;
pub(super) mod manage;
mod office;
pub(super) mod profiles;
mod rows;
mod why;
pub(super) mod words;

pub(super) use audit::audit;
pub(super) use dnc::{
    dnc, dnc_added, dnc_cleared, dnc_import_undone, dnc_imported, dnc_imports, nothing_taken,
};
pub(super) use issues::{Findings, issues, lines as issue_lines};
pub(super) use live::{devices, due, seat, status, store_trouble};
pub(super) use office::{
    call, categories, contact, contact_saved, contacts, contacts_deleted, contacts_handed_over, dispositions,
    held, holdings, me, notes, task, tasks, tasks_handed_over, user_changed, users,
};
pub(super) use rows::{history, leads, list, lists, stats};
pub(super) use why::why;
