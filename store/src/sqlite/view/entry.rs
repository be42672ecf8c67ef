//! One lead as numbers.

use std::collections::HashMap;
use std::hash::Hash;

use rusqlite::Row;

use crate::id::UserId;
use crate::model::{CallKind, LeadState, is_of_number};

/// What sorts and filters, small: 200,000 of them are 12 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Row of the table `leads`.
    pub(super) row: i64,
    pub(super) position: i64,
    /// The digits of E.164 as a number.
    pub(super) phone: u64,
    /// `i64::MIN`: never called.
    pub(super) last_at: i64,
    /// Codes of the dictionary; 0 is nothing.
    pub(super) assigned: u32,
    pub(super) last_user: u32,
    pub(super) status: u32,
    pub(super) categories: u32,
    pub(super) attempts: u16,
    pub(super) kind: Option<CallKind>,
    pub(super) state: LeadState,
    pub(super) excluded: bool,
    /// Passed over for its number, see [`LeadRow::blocked`](crate::model::LeadRow::blocked); one that is excluded may be too.
    pub(super) forbidden: bool,
    /// Neither deleted nor removed since it was read.
    pub(super) alive: bool,
}

impl Entry {
    /// From the columns of [`COLUMNS`]; its categories are read apart.
    pub(super) fn read(row: &Row<'_>, dictionary: &mut Dictionary) -> rusqlite::Result<Self> {
        let phone = row.get_ref(2)?.as_str()?;
        Ok(Self {
            row: row.get(0)?,
            position: row.get(1)?,
            phone: phone.bytes().filter(u8::is_ascii_digit).fold(0, |sum, b| sum * 10 + u64::from(b - b'0')),
            state: row.get(3)?,
            excluded: row.get(4)?,
            forbidden: row.get_ref(11)?.as_str_or_null()?.is_some_and(is_of_number),
            attempts: row.get::<_, i64>(5)?.clamp(0, i64::from(u16::MAX)) as u16,
            assigned: dictionary.users.code(row.get::<_, Option<UserId>>(6)?),
            last_user: dictionary.users.code(row.get::<_, Option<UserId>>(7)?),
            status: dictionary.status(row.get_ref(8)?.as_str_or_null()?),
            kind: row.get(9)?,
            last_at: row.get::<_, Option<i64>>(10)?.unwrap_or(i64::MIN),
            categories: 0,
            alive: true,
        })
    }

    /// 架電禁止.
    pub(super) fn is_blocked(&self) -> bool {
        self.forbidden && !self.excluded && self.state == LeadState::Skipped
    }

    /// National digits, `0312345678`.
    pub(super) fn digits<'a>(&self, buffer: &'a mut [u8; 20]) -> &'a [u8] {
        let mut at = buffer.len();
        let mut left = self.phone;
        while left > 0 && at > 0 {
            at -= 1;
            buffer[at] = b'0' + (left % 10) as u8;
            left /= 10;
        }
        // The country's 81 becomes the trunk's 0.
        let first = (at + 1).min(buffer.len() - 1);
        buffer[first] = b'0';
        &buffer[first..]
    }

    /// Sorts like the national digits do.
    pub(super) fn phone_key(&self) -> i64 {
        let mut key = self.phone;
        while key < 810_000_000_000 && key > 0 {
            key *= 10;
        }
        key.cast_signed()
    }
}

/// Columns that an [`Entry`] is read from.
pub(super) const COLUMNS: &str =
    "rowid, position, phone, state, excluded, attempts, assigned_user_id, last_user_id,
  last_disposition, last_kind, last_at, skip_reason";

/// Values that many leads share, by code.
#[derive(Default)]
pub(super) struct Dictionary {
    pub(super) users: Codes<UserId>,
    pub(super) statuses: Codes<String>,
    /// Categories of a lead, in order.
    pub(super) categories: Codes<Vec<i64>>,
}

impl Dictionary {
    fn status(&mut self, status: Option<&str>) -> u32 {
        let Some(status) = status else { return 0 };
        match self.statuses.codes.get(status) {
            Some(code) => *code,
            None => self.statuses.code(Some(status.to_owned())),
        }
    }
}

/// Codes from 1 for values.
pub(super) struct Codes<T> {
    values: Vec<T>,
    codes: HashMap<T, u32>,
}

impl<T> Default for Codes<T> {
    fn default() -> Self {
        Self { values: Vec::new(), codes: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Codes<T> {
    /// The code of a value, a new one if need be; 0 for none.
    pub(super) fn code(&mut self, value: Option<T>) -> u32 {
        let Some(value) = value else { return 0 };
        if let Some(code) = self.codes.get(&value) {
            return *code;
        }
        self.values.push(value.clone());
        let code = self.values.len() as u32;
        self.codes.insert(value, code);
        code
    }

    /// The code of a value that occurs.
    pub(super) fn known(&self, value: &T) -> Option<u32> {
        self.codes.get(value).copied()
    }

    /// The value of a code; `None` for 0.
    pub(super) fn value(&self, code: u32) -> Option<&T> {
        self.values.get((code as usize).checked_sub(1)?)
    }

    /// Values in the order of their codes, which begin at 1.
    pub(super) fn values(&self) -> &[T] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_national_and_sort_as_text() {
        let entry = |phone| Entry {
            row: 1,
            position: 1,
            phone,
            last_at: 0,
            assigned: 0,
            last_user: 0,
            status: 0,
            categories: 0,
            attempts: 0,
            kind: None,
            state: LeadState::Ready,
            excluded: false,
            forbidden: false,
            alive: true,
        };
        let mut numbers = [81_312_345_678, 819_012_345_678, 81_612_345_678, 815_012_345_678, 81_120_123_456];
        numbers.sort_by_key(|phone| entry(*phone).phone_key());
        let texts =
            numbers.map(|phone| String::from_utf8(entry(phone).digits(&mut [0; 20]).to_vec()).unwrap());
        assert_eq!(texts, ["0120123456", "0312345678", "05012345678", "0612345678", "09012345678"]);
        assert!(texts.is_sorted());
    }
}
