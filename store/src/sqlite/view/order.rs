//! The order of a list under one sort, kept while rows move.

use std::cmp::Ordering;

use super::View;
use super::filter::Test;
use super::labels::Labels;
use crate::model::{SortColumn, ViewQuery};

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

/// The place that is `index`-th, in the direction asked for.
fn directed(places: &[u32], filled: usize, index: usize, descending: bool) -> u32 {
    if descending && index < filled { places[filled - 1 - index] } else { places[index] }
}

impl View {
    /// Places of the leads that pass, in the order and direction asked for. Few are sorted alone; of more the whole list is put in order,
    /// which is kept.
    pub(super) fn in_order(&mut self, query: &ViewQuery, test: &Test, labels: &Labels) -> Vec<u32> {
        let known = |order: &Order| order.column == query.sort && same(&order.labels, labels, query.sort);
        let passing = test.passing(&self.entries, &self.searched);
        if passing.len() <= FEW && !self.orders.iter().any(known) {
            let (places, filled) = self.sorted(passing, query.sort, labels);
            return (0..places.len()).map(|at| directed(&places, filled, at, query.descending)).collect();
        }
        self.order(query.sort, labels);
        let Some(order) = self.orders.iter().find(|order| order.column == query.sort) else {
            return Vec::new();
        };
        let passing = self.bits(&passing);
        (0..order.places.len())
            .map(|at| directed(&order.places, order.filled, at, query.descending))
            .filter(|at| passing[(at / u64::BITS) as usize] & (1 << (at % u64::BITS)) != 0)
            .collect()
    }

    /// One bit of each lead, whether it passes. The leads are looked at as they lie in memory: in the order of a sort each would have
    /// to be fetched anew, which takes longer than the test. The bits of 200,000 leads stay in the nearest cache.
    fn bits(&self, passing: &[u32]) -> Vec<u64> {
        let mut bits = vec![0_u64; self.entries.len().div_ceil(u64::BITS as usize)];
        for at in passing {
            bits[(at / u64::BITS) as usize] |= 1 << (at % u64::BITS);
        }
        bits
    }

    /// Sorts by a column, unless that is done.
    fn order(&mut self, column: SortColumn, labels: &Labels) {
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
        let mut keyed: Vec<(i128, u32)> = Vec::with_capacity(places.len());
        let mut empty: Vec<u32> = Vec::new();
        for at in places {
            match self.key(at, column, labels) {
                Some(Key::Number(number)) => keyed.push((number.into(), at)),
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
            // 対象, 架電禁止, 対象外.
            SortColumn::Dialable => {
                Some(Key::Number(if entry.excluded { 2 } else { i64::from(entry.is_blocked()) }))
            }
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

/// The first fifteen bytes, in the order of the text: five characters of a name.
fn prefix(text: &str) -> i128 {
    let mut first = [0; 16];
    let length = text.len().min(15);
    first[1..=length].copy_from_slice(&text.as_bytes()[..length]);
    i128::from_be_bytes(first)
}

/// So many are sorted in a millisecond or two, as often as they are asked for.
const FEW: usize = if cfg!(test) { 8 } else { 16_384 };
