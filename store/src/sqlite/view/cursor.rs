//! Places between pages, as text.

use std::cmp::Ordering;
use std::fmt::Write as _;

use super::order::Key;
use crate::error::{ListError, Result};
use crate::hex::hex;

/// The value and position of a row, which stay a place also when the row has gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    value: Option<Value>,
    position: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Number(i64),
    Text(String),
}

impl Cursor {
    pub(super) fn of(key: Option<Key<'_>>, position: i64) -> Self {
        let value = key.map(|key| match key {
            Key::Number(number) => Value::Number(number),
            Key::Text(text) => Value::Text(text.to_owned()),
        });
        Self { value, position }
    }

    /// How a row lies to this place: no value comes last in both directions.
    pub(super) fn compare(&self, key: Option<Key<'_>>, position: i64, descending: bool) -> Ordering {
        let known = self.value.as_ref().map(|value| match value {
            Value::Number(number) => Key::Number(*number),
            Value::Text(text) => Key::Text(text),
        });
        match (key, known) {
            (None, None) => position.cmp(&self.position),
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(key), Some(known)) => {
                let order = key.cmp(&known).then(position.cmp(&self.position));
                if descending { order.reverse() } else { order }
            }
        }
    }

    /// Whether it holds a name.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.value, Some(Value::Text(_)))
    }

    /// The row of a place that holds no value: `12r`.
    pub(super) fn row_of(text: &str) -> Option<i64> {
        text.strip_suffix('r')?.parse().ok()
    }

    /// Such a place.
    pub(super) fn row(position: i64) -> String {
        format!("{position}r")
    }

    /// `position`, and `-number` or `_text` in hexadecimal where there is a value.
    pub(super) fn to_text(&self) -> String {
        let mut text = self.position.to_string();
        match &self.value {
            None => {}
            Some(Value::Number(number)) => {
                let _ = write!(text, "n{number}");
            }
            Some(Value::Text(value)) => {
                text.push('t');
                text.push_str(&hex(value.as_bytes()));
            }
        }
        text
    }

    pub(super) fn from_text(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| ListError::Cursor.into())
    }

    fn read(text: &str) -> Option<Self> {
        let end = text.find(['n', 't']).unwrap_or(text.len());
        let position = text.get(..end)?.parse().ok()?;
        let rest = text.get(end..)?;
        let value = match rest.chars().next() {
            None => None,
            Some('n') => Some(Value::Number(rest.get(1..)?.parse().ok()?)),
            Some(_) => {
                let hex = rest.get(1..)?;
                if !hex.is_ascii() || hex.len() % 2 != 0 {
                    return None;
                }
                let bytes: Option<Vec<u8>> = (0..hex.len())
                    .step_by(2)
                    .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
                    .collect();
                Some(Value::Text(String::from_utf8(bytes?).ok()?))
            }
        };
        Some(Self { value, position })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_survives_as_text(position in any::<i64>(), number in any::<i64>(), text in "\\PC{0,12}") {
            for key in [None, Some(Key::Number(number)), Some(Key::Text(&text))] {
                let cursor = Cursor::of(key, position);
                prop_assert_eq!(Cursor::from_text(&cursor.to_text()).unwrap(), cursor);
            }
        }

        #[test]
        fn any_text_is_a_place_or_refused(text in "\\PC{0,20}|-?[0-9]{0,3}[nt][0-9a-f]{0,6}") {
            if let Ok(cursor) = Cursor::from_text(&text) {
                prop_assert_eq!(Cursor::from_text(&cursor.to_text()).unwrap(), cursor);
            }
        }
    }
}
