use std::fmt;
use std::str::FromStr;

use crate::code::Code;

use super::area;
use super::kind::{self, AutoDial, NumberKind};
use super::{Special, parse};

/// A Japanese telephone number as its E.164 key, `+81` and nine or ten digits.
///
/// `Display` and `Debug` show only the last four digits, so that a number reaches a log by decision
/// ([`Phone::expose`]) and never by accident. Short codes (110, 177, #7119 …) and foreign numbers are not
/// representable: [`Phone::parse`] refuses them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(Box<str>);

/// Whether the caller's number is withheld (184) or presented (186) for one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clir {
    /// 184: withhold the caller's number.
    Suppress,
    /// 186: present the caller's number although the line withholds by default.
    Present,
}

impl Clir {
    /// The wish that these digits are.
    pub fn of_digits(digits: &str) -> Option<Self> {
        [Self::Suppress, Self::Present].into_iter().find(|clir| clir.digits() == digits)
    }

    /// The digits dialed before the number.
    pub fn digits(self) -> &'static str {
        match self {
            Self::Suppress => "184",
            Self::Present => "186",
        }
    }
}

/// What one phone cell held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedPhone {
    /// The first number of the cell.
    pub phone: Phone,
    /// A 184 or 186 written before the number.
    pub clir: Option<Clir>,
    /// Extension behind the number (`内線12`, `ext. 12`, `#12`), digits only.
    pub ext: Option<String>,
    /// Further numbers of the same cell, in order.
    pub extra: Vec<FurtherPhone>,
    /// Repairs made and doubts, each code once.
    pub warnings: Vec<Code>,
}

/// A further number of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FurtherPhone {
    /// The number.
    pub phone: Phone,
    /// Its extension, digits only.
    pub ext: Option<String>,
}

/// Why a cell is not a number that can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct PhoneError {
    /// `E-REQ-PHONE`, `E-PHONE-INVALID`, `E-PHONE-EXCEL` or `E-PHONE-FORBIDDEN`.
    pub code: Code,
    /// Which kind of number is never dialed, where one was recognised.
    pub special: Option<Special>,
}

impl Phone {
    /// Reads what a person or a spreadsheet wrote.
    ///
    /// # Errors
    /// `E-REQ-PHONE` for an empty cell, `E-PHONE-EXCEL` where a spreadsheet lost digits, `E-PHONE-FORBIDDEN` for
    /// emergency, short, carrier and international numbers, `E-PHONE-INVALID` for everything else that is not
    /// ten or eleven digits from 0.
    pub fn parse(raw: &str) -> Result<ParsedPhone, PhoneError> {
        parse::parse_or_say(raw)
    }

    /// All numbers of a text, in order, each once.
    ///
    /// # Errors
    /// As [`Self::parse`], of any of them.
    pub fn all_of(raw: &str) -> Result<Vec<Self>, PhoneError> {
        let ParsedPhone { phone, extra, .. } = Self::parse(raw)?;
        Ok(std::iter::once(phone).chain(extra.into_iter().map(|further| further.phone)).collect())
    }

    /// The numbers that the network connects for those of a text (D23), in order, each once: who types digits too many means that callee
    /// too.
    ///
    /// # Errors
    /// As [`Self::parse`], of any of them.
    pub fn all_reached(raw: &str) -> Result<Vec<Self>, PhoneError> {
        let mut all: Vec<Self> = Vec::new();
        for phone in Self::all_of(raw)? {
            let whole = Self::from_e164(reached(phone.expose()))?;
            if !all.contains(&whole) {
                all.push(whole);
            }
        }
        Ok(all)
    }

    /// Takes a stored key (`+81…`) back.
    ///
    /// # Errors
    /// `E-PHONE-INVALID` when it is not `+81` followed by nine or ten digits that do not start with 0.
    pub fn from_e164(key: &str) -> Result<Self, PhoneError> {
        let invalid = PhoneError { code: Code::PhoneInvalid, special: None };
        let nsn = key.strip_prefix("+81").ok_or(invalid)?;
        Self::from_nsn(nsn).ok_or(invalid)
    }

    /// From the national significant number: the digits behind the trunk 0.
    pub(super) fn from_nsn(nsn: &str) -> Option<Self> {
        is_nsn(nsn).then(|| Self(format!("+81{nsn}").into_boxed_str()))
    }

    /// The whole number in E.164, for the database, the wire and files made for people who may see it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The digits as dialed inside Japan, without hyphens: `0312345678`.
    pub fn national(&self) -> String {
        format!("0{}", self.nsn())
    }

    /// The number with the official hyphenation, `03-1234-5678`; this is what exports and screens show.
    pub fn display_national(&self) -> String {
        area::hyphenate(self.nsn())
    }

    /// The last four digits.
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    /// The kind of number, from the numbering plan.
    pub fn kind(&self) -> NumberKind {
        kind::of_nsn(self.nsn())
    }

    /// What the auto-dialer does with it by default: a number with digits behind a complete one is judged by that, and not dialed from a
    /// list.
    pub fn auto_dial(&self) -> AutoDial {
        kind::auto_dial(self.nsn())
    }

    /// Whether the number lies in a range that is assigned to anybody. Unassigned numbers may be dialed.
    pub fn is_assigned(&self) -> bool {
        kind::is_assigned(self.nsn())
    }

    /// The E.164 digits as a number; unique per phone and eight bytes wide, for duplicate checks.
    pub fn key(&self) -> u64 {
        self.0.bytes().filter(u8::is_ascii_digit).fold(0, |sum, b| sum * 10 + u64::from(b - b'0'))
    }

    pub(super) fn nsn(&self) -> &str {
        &self.0[3..]
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "****{}", self.last_four())
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone(****{})", self.last_four())
    }
}

/// The E.164 key of the complete number that a key reaches: the key itself, unless it has digits behind one.
pub(crate) fn reached(key: &str) -> &str {
    let Some(nsn) = key.strip_prefix("+81") else { return key };
    let ignored = nsn.len() - kind::complete(nsn).len();
    key.get(..key.len() - ignored).unwrap_or(key)
}

/// Whether a list calls the number of this key, as far as the number alone says: the one rule of it, whoever writes, counts or dials. A key that is
/// none of ours is never called.
pub(crate) fn is_dialed_from_lists(key: &str) -> bool {
    let nsn = key.strip_prefix("+81").filter(|nsn| is_nsn(nsn) && !nsn.starts_with("10"));
    nsn.is_some_and(|nsn| matches!(kind::auto_dial(nsn), AutoDial::Allow | AutoDial::Warn))
}

fn is_nsn(nsn: &str) -> bool {
    let digits = nsn.bytes().all(|b| b.is_ascii_digit());
    digits && (9..=10).contains(&nsn.len()) && !nsn.starts_with('0')
}

impl FromStr for Phone {
    type Err = PhoneError;

    /// Reads a stored key; human input goes through [`Phone::parse`].
    fn from_str(key: &str) -> Result<Self, PhoneError> {
        Self::from_e164(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_prints_redacted() {
        let phone = Phone::from_e164("+81312345678").unwrap();
        assert_eq!(phone.to_string(), "****5678");
        assert_eq!(format!("{phone:?}"), "Phone(****5678)");
        assert_eq!(phone.expose(), "+81312345678");
        assert_eq!(phone.national(), "0312345678");
        assert_eq!(phone.key(), 81_312_345_678);
    }

    #[test]
    fn keys_that_are_not_japanese_numbers_are_refused() {
        for key in ["", "+81", "+810312345678", "0312345678", "+8131234567a", "+12125550100", "+811"] {
            assert_eq!(Phone::from_e164(key).unwrap_err().code, Code::PhoneInvalid, "{key}");
        }
    }
}
