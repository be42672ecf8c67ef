//! Identifiers: 128 bits, time-ordered, printed as 26 characters of Crockford's base 32 (the ULID layout).
//!
//! The upper 48 bits are UTC milliseconds, the lower 80 are random, so that boxes can make identifiers without asking
//! anybody and rows written one after another lie beside each other in an index.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};

/// A text that is not an identifier: 26 characters of Crockford's base 32 were expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier (26 characters 0-9 A-Z expected)")]
pub struct ParseIdError;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl $name {
            /// A new identifier; larger than every one this process made before. `now` is UTC milliseconds.
            #[must_use]
            pub fn generate(now: i64) -> Self {
                Self(generate(now))
            }

            /// Not later than any that is made at `now`, UTC milliseconds, or after it: where those begin in an index.
            #[must_use]
            pub fn first_of(now: i64) -> Self {
                Self(u128::from(now.clamp(0, MAX_MILLIS).unsigned_abs()) << RANDOM_BITS)
            }

            /// The UTC millisecond it was made for.
            #[must_use]
            pub fn millis(self) -> i64 {
                // 48 bits always fit.
                i64::try_from(self.0 >> RANDOM_BITS).unwrap_or(i64::MAX)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(encode(self.0, &mut [0; TEXT_LEN]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                decode(text).map(Self)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.0.to_be_bytes().to_vec()))
            }
        }

        impl From<$name> for Value {
            fn from(id: $name) -> Self {
                Self::Blob(id.0.to_be_bytes().to_vec())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let bytes: [u8; 16] =
                    value.as_blob()?.try_into().map_err(|_| FromSqlError::InvalidType)?;
                Ok(Self(u128::from_be_bytes(bytes)))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id_type!(
    /// One call: one INVITE sent or received. Idempotency key of everything that leaves the box.
    AttemptId
);
id_type!(
    /// One number on one list.
    LeadId
);
id_type!(
    /// A dial list.
    ListId
);
id_type!(
    /// A project (案件).
    ProjectId
);
id_type!(
    /// A user, alive or tombstoned.
    UserId
);
id_type!(
    /// A contact of the shared book.
    ContactId
);
id_type!(
    /// One run of an import.
    ImportId
);
id_type!(
    /// A note of the back office.
    NoteId
);

/// The next identifier's bits: random for a new millisecond, the last plus one otherwise, so that order holds within one.
fn generate(now: i64) -> u128 {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let (state, previous) = last.get_or_insert_with(|| (RandomState::new(), 0));
    let millis = u128::from(now.clamp(0, MAX_MILLIS).unsigned_abs());
    let next = if millis > *previous >> RANDOM_BITS {
        // Two keyed hashes of the previous identifier: the key comes from the system's entropy.
        let high = u128::from(state.hash_one((*previous, millis, 1_u8)));
        let low = u128::from(state.hash_one((*previous, millis, 2_u8)));
        // The top random bit stays clear: room to count up within the millisecond.
        (millis << RANDOM_BITS) | (((high << 64) | low) & (RANDOM_MASK >> 1))
    } else {
        *previous + 1
    };
    *previous = next;
    next
}

/// The next identifiers are larger than this one, which an earlier process made: a clock that was set back since keeps what comes later
/// from being later no more. One that no clock ever made is not followed.
pub(crate) fn go_on_after(id: u128) {
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, previous) = last.get_or_insert_with(|| (RandomState::new(), 0));
    if id >> RANDOM_BITS <= LATEST_MILLIS {
        *previous = id.max(*previous);
    }
}

fn encode(value: u128, buffer: &mut [u8; TEXT_LEN]) -> &str {
    for (index, slot) in buffer.iter_mut().enumerate() {
        let shift = 5 * (TEXT_LEN - 1 - index);
        let digit = usize::try_from((value >> shift) & 31).unwrap_or(0);
        *slot = ALPHABET.get(digit).copied().unwrap_or(b'0');
    }
    std::str::from_utf8(buffer).unwrap_or_default()
}

fn decode(text: &str) -> Result<u128, ParseIdError> {
    if text.len() != TEXT_LEN {
        return Err(ParseIdError);
    }
    let mut value = 0_u128;
    for (index, byte) in text.bytes().enumerate() {
        let upper = match byte.to_ascii_uppercase() {
            // Crockford: letters that look like digits are read as these.
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        };
        let digit = ALPHABET.iter().position(|&c| c == upper).ok_or(ParseIdError)?;
        // 26 digits hold 130 bits: the first may use three only.
        if index == 0 && digit > 7 {
            return Err(ParseIdError);
        }
        value = (value << 5) | u128::try_from(digit).map_err(|_| ParseIdError)?;
    }
    Ok(value)
}

/// The first and the last identifier that begin with `part`; `None` where it is no beginning of one.
pub(crate) fn between(part: &str) -> Option<(u128, u128)> {
    if part.is_empty() {
        return None;
    }
    Some((decode(&format!("{part:0<TEXT_LEN$}")).ok()?, decode(&format!("{part:Z<TEXT_LEN$}")).ok()?))
}

/// Whether an identifier ends with `part`.
pub(crate) fn is_end(part: &str, id: u128) -> bool {
    let bits = 5 * part.len();
    let wanted = decode(&format!("{part:0>TEXT_LEN$}"));
    bits < 128 && wanted.is_ok_and(|wanted| id & ((1 << bits) - 1) == wanted)
}

/// What the last identifier was made with, and the identifier.
static LAST: Mutex<Option<(RandomState, u128)>> = Mutex::new(None);

const RANDOM_BITS: u32 = 80;
/// The end of 2199.
const LATEST_MILLIS: u128 = 7_258_118_400_000;
const RANDOM_MASK: u128 = (1 << RANDOM_BITS) - 1;
/// 2^48 - 1 ms: the year 10889.
const MAX_MILLIS: i64 = (1 << 48) - 1;
const TEXT_LEN: usize = 26;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        for value in [0, 1, u128::MAX, 0x0199_0000_0000_0000_0000_0000_0000_0001] {
            let id = AttemptId(value);
            assert_eq!(id.to_string().len(), 26);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert_eq!("01ARZ3NDEKTSV4RRFFQ69G5FAV".parse::<AttemptId>().unwrap().millis(), 1_469_922_850_259);
    }

    #[test]
    fn wrong_texts_are_refused() {
        for text in
            ["", "short", "U1ARZ3NDEKTSV4RRFFQ69G5FAV", "81ARZ3NDEKTSV4RRFFQ69G5FAV", "あああああああああ"]
        {
            assert_eq!(text.parse::<LeadId>(), Err(ParseIdError), "{text}");
        }
    }

    #[test]
    fn a_part_is_the_beginning_or_the_end_of_an_identifier() {
        let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse::<AttemptId>().unwrap().0;
        for part in ["0", "01ARZ3", "01arz3", "OIARZ3", "01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
            let (first, last) = between(part).unwrap();
            assert!((first..=last).contains(&id), "{part}");
        }
        let (first, last) = between("01ARZ4").unwrap();
        assert!(!(first..=last).contains(&id));
        for part in ["", "8", "U", "あ", "01ARZ3NDEKTSV4RRFFQ69G5FAVX"] {
            assert_eq!(between(part), None, "{part}");
        }
        assert!(is_end("5FAV", id) && is_end("g5fav", id) && !is_end("5FAW", id) && !is_end("U", id));
    }

    #[test]
    fn order_is_the_order_of_making() {
        let mut last = LeadId(0);
        for step in 0..10_000_i64 {
            let id = LeadId::generate(1_700_000_000_000 + step / 100);
            assert!(id > last);
            last = id;
        }
    }

    #[test]
    fn a_clock_set_back_does_not_break_the_order() {
        let first = LeadId::generate(4_000_000_000_000);
        assert!(LeadId::generate(1_000) > first);
    }
}
