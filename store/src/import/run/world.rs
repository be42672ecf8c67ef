//! What the tests of imports begin with.

use std::path::Path;

use super::super::ImportSource;
use super::*;
use crate::Undone;
use crate::handle::{OpenOptions, Store};
use crate::model::{LeadFilter, LeadRow, ListQuery, ListSpec};

pub(super) const NOW: i64 = 1_780_000_000_000;

/// An empty list in an empty database.
pub(super) async fn store(folder: &Path) -> (Store, ListId) {
    let store = Store::open(&folder.join("kakeru.db"), OpenOptions::default()).unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let spec = ListSpec { name: "一".to_owned(), project };
    let list = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
    (store, list)
}

/// A sheet for the list, or for the contact book.
pub(super) fn job(list: Option<ListId>, text: &str) -> ImportJob {
    let source = ImportSource::Bytes(text.as_bytes().to_vec());
    match list {
        Some(list) => ImportJob::into_list(list, source, NOW),
        None => ImportJob::into_contacts(source, NOW),
    }
}

pub(super) async fn leads(store: &Store, list: ListId) -> Vec<LeadRow> {
    let filter = LeadFilter { include_excluded: true, ..LeadFilter::default() };
    store.show_list(ListQuery { list, after: None, limit: 1000, filter }).await.unwrap()
}

/// The first lead of the list.
pub(super) async fn lead(store: &Store, list: ListId) -> LeadRow {
    leads(store, list).await.remove(0)
}

pub(super) async fn undo(store: &Store, report: &ImportReport) -> Undone {
    let import = report.import.unwrap();
    store.undo_import(import, Actor::default(), NOW + 1, Progress::default()).await.unwrap()
}
