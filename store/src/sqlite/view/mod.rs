//! The list view: any column sorts, filters combine, any page is near.
//!
//! A list that somebody looks at is held in memory as columns of small numbers, some fifty bytes a lead: sorting and
//! filtering 200,000 leads there takes milliseconds, where indexes for eleven sorts under every filter would make
//! imports several times slower and each call's commit longer. It is read when first looked at, kept current by
//! what commits changed ([`crate::changes`]), and dropped when nobody has looked for a while. The rows of a page come from the
//! database itself.

mod columns;
mod cursor;
mod entry;
mod filter;
mod further;
mod labels;
mod load;
mod names;
mod order;
mod page;
mod texts;

use rusqlite::Connection;

use self::entry::Entry;
use self::filter::Test;
use self::labels::Labels;
use self::order::Order;
use self::texts::Searched;
use super::lists::missing;
use super::one;
use crate::changes::{Changed, Changes};
use crate::error::{Doing, Result};
use crate::id::{LeadId, ListId};
use crate::model::{SortColumn, ViewFilter, ViewPage, ViewQuery};

/// The lists that are looked at, the last one last.
pub(super) struct Views {
    changes: Changes,
    views: Vec<View>,
    looks: u64,
}

/// One list.
struct View {
    list: ListId,
    /// Leads up to this position are here.
    visible: i64,
    /// By position, and so by row too.
    entries: Vec<Entry>,
    dictionary: entry::Dictionary,
    /// The lowest and the highest identifier of its leads.
    ids: Option<(u128, u128)>,
    searched: Searched,
    orders: Vec<Order>,
}

impl Views {
    pub(super) fn new(changes: &Changes) -> Self {
        Self { changes: changes.clone(), views: Vec::new(), looks: 0 }
    }

    /// How often anybody has looked, while anything is held.
    pub(super) fn held(&self) -> Option<u64> {
        (!self.views.is_empty()).then_some(self.looks)
    }

    /// One page.
    pub(super) fn page(&mut self, db: &Connection, query: &ViewQuery) -> Result<ViewPage> {
        let doing = "show list";
        let changed = self.changes.take();
        let tx = db.unchecked_transaction().doing(doing)?;
        let view = self.current(&tx, query.list, changed)?;
        let labels = Labels::read(&tx, query.sort, &query.filter).doing(doing)?;
        let test = view.test(&tx, &query.filter, &labels)?;
        if query.sort == SortColumn::Company || query.sort == SortColumn::Person {
            view.need_names(&tx)?;
        }
        view.page(&tx, query, &test, &labels)
    }

    /// Every lead that passes, by position.
    pub(super) fn leads(
        &mut self,
        db: &Connection,
        list: ListId,
        filter: &ViewFilter,
    ) -> Result<Vec<LeadId>> {
        let doing = "find leads";
        let changed = self.changes.take();
        let tx = db.unchecked_transaction().doing(doing)?;
        let view = self.current(&tx, list, changed)?;
        let labels = Labels::read(&tx, SortColumn::Position, filter).doing(doing)?;
        let test = view.test(&tx, filter, &labels)?;
        let passing = test.passing(&view.entries, &view.searched);
        let sql = "SELECT id FROM leads WHERE rowid = ?1 AND deleted_at IS NULL";
        let mut ids = Vec::with_capacity(passing.len());
        for at in passing {
            let row = view.entries[at as usize].row;
            ids.extend(one(&tx, sql, [row], |r| r.get::<_, LeadId>(0)).doing(doing)?);
        }
        Ok(ids)
    }

    /// The list as it is in this transaction.
    fn current(&mut self, db: &Connection, list: ListId, changed: Changed) -> Result<&mut View> {
        let doing = "read list";
        self.looks += 1;
        match changed {
            Changed::Anything => self.views.clear(),
            Changed::Rows(rows) if !rows.is_empty() => {
                // A view that cannot be brought up to date is read anew when it is asked for.
                self.views.retain_mut(|view| view.update(db, &rows).unwrap_or(false));
            }
            Changed::Rows(_) => {}
        }
        let sql = "SELECT visible_position FROM lists WHERE id = ?1 AND deleted_at IS NULL";
        let visible =
            one(db, sql, [list], |r| r.get::<_, i64>(0)).doing(doing)?.ok_or_else(|| missing(list))?;
        let mut view = match self.views.iter().position(|view| view.list == list) {
            Some(at) => self.views.remove(at),
            None => View::empty(list),
        };
        if view.visible < visible {
            view.append(db, visible).doing(doing)?;
        }
        while self.views.len() >= MOST_VIEWS
            || self.views.iter().map(|view| view.entries.len()).sum::<usize>() + view.entries.len()
                > MOST_LEADS
        {
            if self.views.is_empty() {
                break;
            }
            self.views.remove(0);
        }
        self.views.push(view);
        let last = self.views.len() - 1;
        Ok(&mut self.views[last])
    }
}

impl Drop for Views {
    fn drop(&mut self) {
        self.changes.forget();
    }
}

impl View {
    fn empty(list: ListId) -> Self {
        Self {
            list,
            visible: 0,
            entries: Vec::new(),
            dictionary: entry::Dictionary::default(),
            ids: None,
            searched: Searched::default(),
            orders: Vec::new(),
        }
    }

    fn test(&mut self, db: &Connection, filter: &ViewFilter, labels: &Labels) -> Result<Test> {
        let columns = self.need(db, filter)?;
        Test::new(db, filter, columns, &self.dictionary, labels)
    }
}

/// Lists held at once: whoever compares two need not wait.
const MOST_VIEWS: usize = 2;
/// Leads held at once besides those of the list that is asked for: some 100 MiB with their names.
const MOST_LEADS: usize = 1_000_000;

#[cfg(test)]
mod tests;
