//! The order of a list under one sort, kept while rows move.

use std::cmp::Ordering;

use super::View;
use super::labels::Labels;
use crate::model::SortColumn;

/// Places of all leads by one column, those without a value behind the others, equal ones by position.
pub(super) struct Order {
    pub(super) column: SortColumn,
    /// Names the codes had when it was sorted.
    labels: Labels,
    pub(super) places: Vec<u32>,
    /// How many have a value.
    pub(super) filled: usize,
}

/// The value of a lead in a column; `None` is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    Number(i64),
    Text(&'a str),
}

impl Order {
    /// The place that is `index`-th, in the direction asked for.
    pub(super) fn at(&self, index: usize, descending: bool) -> u32 {
        if descending && index < self.filled {
            self.places[self.filled - 1 - index]
        } else {
            self.places[index]
        }
    }
}

impl View {
    /// Sorts by a column, unless that is done.
    pub(super) fn order(&mut self, column: SortColumn, labels: &Labels) {
        let known = self.orders.iter().position(|order| order.column == column);
        if let Some(at) = known {
            if same(&self.orders[at].labels, labels, column) {
                return;
            }
            self.orders.remove(at);
        }
        let places: Vec<u32> =
            (0..).take(self.entries.len()).filter(|at| self.entries[*at as usize].alive).collect();
        let (places, filled) = self.sorted(places, column, labels);
        let labels = Labels {
            users: labels.users.clone(),
            statuses: labels.statuses.clone(),
            categories: if column == SortColumn::Category {
                labels.categories.clone()
            } else {
                Default::default()
            },
        };
        self.orders.push(Order { column, labels, places, filled });
    }

    fn sorted(&self, places: Vec<u32>, column: SortColumn, labels: &Labels) -> (Vec<u32>, usize) {
        // The beginning of a text as a number decides nearly every comparison.
        let mut keyed: Vec<(i64, u32)> = Vec::with_capacity(places.len());
        let mut empty: Vec<u32> = Vec::new();
        for at in places {
            match self.key(at, column, labels) {
                Some(Key::Number(number)) => keyed.push((number, at)),
                Some(Key::Text(text)) => keyed.push((prefix(text), at)),
                None => empty.push(at),
            }
        }
        keyed.sort_unstable_by(|(one, a), (other, b)| {
            one.cmp(other).then_with(|| match (self.key(*a, column, labels), self.key(*b, column, labels)) {
                (Some(Key::Text(one)), Some(Key::Text(other))) => {
                    one.cmp(other).then_with(|| self.by_position(*a, *b))
                }
                _ => self.by_position(*a, *b),
            })
        });
        empty.sort_by(|a, b| self.by_position(*a, *b));
        let filled = keyed.len();
        let places = keyed.into_iter().map(|(_, at)| at).chain(empty).collect();
        (places, filled)
    }

    fn by_position(&self, one: u32, other: u32) -> Ordering {
        self.entries[one as usize].position.cmp(&self.entries[other as usize].position)
    }

    /// The value of a lead; what an empty cell is, is no value.
    pub(super) fn key<'a>(&'a self, at: u32, column: SortColumn, labels: &'a Labels) -> Option<Key<'a>> {
        let entry = &self.entries[at as usize];
        let user = |code| {
            let user = self.dictionary.users.value(code)?;
            Some(Key::Text(labels.users.get(user).map_or("", String::as_str)))
        };
        let text = |text: &'a str| (!text.is_empty()).then_some(Key::Text(text));
        match column {
            SortColumn::Position => Some(Key::Number(entry.position)),
            SortColumn::Assigned => user(entry.assigned),
            SortColumn::Company => text(self.searched.names.as_ref()?.company(at)),
            SortColumn::Person => text(self.searched.names.as_ref()?.person(at)),
            SortColumn::Phone => Some(Key::Number(entry.phone_key())),
            SortColumn::Category => {
                let first = self.dictionary.categories.value(entry.categories)?.first()?;
                labels.categories.get(first).map(|name| Key::Text(name))
            }
            SortColumn::LastKind => entry.kind.map(|kind| Key::Number(kind as i64)),
            SortColumn::LastUser => user(entry.last_user),
            SortColumn::LastAt => (entry.last_at != i64::MIN).then_some(Key::Number(entry.last_at)),
            SortColumn::LastStatus => {
                let status = self.dictionary.statuses.value(entry.status)?;
                Some(Key::Number(labels.statuses.get(status).copied().unwrap_or(i64::MAX)))
            }
            SortColumn::Dialable => Some(Key::Number(i64::from(entry.excluded))),
        }
    }

    /// Puts changed leads where they belong now, in every order.
    pub(super) fn move_in_orders(&mut self, changed: &[u32]) {
        let mut moved = vec![false; self.entries.len()];
        for at in changed {
            moved[*at as usize] = true;
        }
        let mut orders = std::mem::take(&mut self.orders);
        for order in &mut orders {
            let Order { column, labels, places, filled } = order;
            let alive: Vec<u32> =
                changed.iter().copied().filter(|at| self.entries[*at as usize].alive).collect();
            let (new, new_filled) = self.sorted(alive, *column, labels);
            let by_key = |one: u32, other: u32| {
                self.key(one, *column, labels)
                    .cmp(&self.key(other, *column, labels))
                    .then_with(|| self.by_position(one, other))
            };
            let stay = |part: &[u32]| -> Vec<u32> {
                part.iter().copied().filter(|at| !moved[*at as usize]).collect()
            };
            let with_value = merged(stay(&places[..*filled]), &new[..new_filled], by_key);
            let without = merged(stay(&places[*filled..]), &new[new_filled..], |one, other| {
                self.by_position(one, other)
            });
            *filled = with_value.len();
            *places = with_value;
            places.extend(without);
        }
        self.orders = orders;
    }
}

/// Merges two sorted runs.
fn merged(stay: Vec<u32>, new: &[u32], by: impl Fn(u32, u32) -> Ordering) -> Vec<u32> {
    if new.is_empty() {
        return stay;
    }
    let mut all = Vec::with_capacity(stay.len() + new.len());
    let mut from = 0;
    for one in new {
        let until = from + stay[from..].partition_point(|other| by(*other, *one) == Ordering::Less);
        all.extend_from_slice(&stay[from..until]);
        all.push(*one);
        from = until;
    }
    all.extend_from_slice(&stay[from..]);
    all
}

/// Whether the names that matter to a column are the same.
fn same(one: &Labels, other: &Labels, column: SortColumn) -> bool {
    one.users == other.users
        && one.statuses == other.statuses
        && (column != SortColumn::Category || one.categories == other.categories)
}

/// The first seven bytes, in the order of the text.
fn prefix(text: &str) -> i64 {
    text.bytes().chain(std::iter::repeat(0)).take(7).fold(0, |sum, byte| (sum << 8) | i64::from(byte))
}
