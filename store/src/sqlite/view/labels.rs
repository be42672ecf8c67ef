//! Names of what the dictionary codes stand for: few, and read for each page, since people rename them.

use std::collections::HashMap;

use rusqlite::Connection;

use super::super::all;
use crate::id::UserId;
use crate::model::{SortColumn, ViewFilter};
use crate::name_key::fold;

/// What a page needs of them.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Labels {
    pub(super) users: HashMap<UserId, String>,
    /// Code to its place among the statuses.
    pub(super) statuses: HashMap<String, i64>,
    /// Folded name of a category.
    pub(super) categories: HashMap<i64, String>,
}

impl Labels {
    pub(super) fn read(db: &Connection, sort: SortColumn, filter: &ViewFilter) -> rusqlite::Result<Self> {
        let mut labels = Self::default();
        match sort {
            SortColumn::Assigned | SortColumn::LastUser => {
                labels.users = all(db, "SELECT id, name FROM users", [], |r| {
                    Ok((r.get(0)?, fold(&r.get::<_, String>(1)?)))
                })?
                .into_iter()
                .collect();
            }
            SortColumn::LastStatus => {
                labels.statuses =
                    all(db, "SELECT code, position FROM dispositions", [], |r| Ok((r.get(0)?, r.get(1)?)))?
                        .into_iter()
                        .collect();
            }
            SortColumn::Category
            | SortColumn::Position
            | SortColumn::Company
            | SortColumn::Person
            | SortColumn::Phone
            | SortColumn::LastKind
            | SortColumn::LastAt
            | SortColumn::Dialable => {}
        }
        if sort == SortColumn::Category || !filter.categories.is_empty() {
            labels.categories = all(db, "SELECT id, name FROM categories", [], |r| {
                Ok((r.get(0)?, fold(&r.get::<_, String>(1)?)))
            })?
            .into_iter()
            .collect();
        }
        Ok(labels)
    }
}
