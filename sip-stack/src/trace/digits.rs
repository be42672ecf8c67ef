//! Runs of digits that may be a telephone number, in whatever way people and devices write them.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::ops::Range;

/// Shorter runs stay: extensions, codes and the last four digits of a number.
const FEWEST: usize = 5;
/// Digits of a number that are shown.
const SHOWN: usize = 4;

/// Digits with at most two signs between them: `+81 (3) 1234-5678`, `０３－１２３４`, `%30%33`.
struct Run {
    /// Where each digit stands.
    digits: Vec<Range<usize>>,
    values: Vec<u8>,
    end: usize,
}

/// Hides all but the last four digits of every run that may be a number; addresses with dots are none. `found` is shown
/// the digits of each.
pub(super) fn hide_numbers(bytes: &mut [u8], mut found: impl FnMut(&[u8])) {
    if std::str::from_utf8(bytes).is_err() {
        // Shift-JIS and others: which of these bytes are digits nobody can say.
        hide(bytes, |byte| !byte.is_ascii());
    }
    each_run(bytes, |bytes, run| {
        if run.values.len() >= FEWEST {
            found(&run.values);
            hide_run(bytes, run);
        }
    });
}

/// The same only where a run has five digits in a row with a known number in common.
pub(super) fn hide_known(bytes: &mut [u8], known: &Known) {
    if known.fives.is_empty() {
        return;
    }
    each_run(bytes, |bytes, run| {
        if known.overlaps(&run.values) {
            hide_run(bytes, run);
        }
    });
}

/// Every byte but white space, so that folded lines stay folded.
pub(super) fn hide_text(bytes: &mut [u8]) {
    hide(bytes, |byte| !byte.is_ascii_whitespace());
}

/// Every byte.
pub(super) fn hide_all(bytes: &mut [u8]) {
    hide(bytes, |_| true);
}

fn hide(bytes: &mut [u8], wanted: impl Fn(u8) -> bool) {
    bytes.iter_mut().filter(|byte| wanted(**byte)).for_each(|byte| *byte = HIDDEN);
}

fn hide_run(bytes: &mut [u8], run: &Run) {
    for digit in &run.digits[..run.digits.len().saturating_sub(SHOWN)] {
        bytes[digit.clone()].fill(HIDDEN);
    }
}

fn each_run(bytes: &mut [u8], mut act: impl FnMut(&mut [u8], &Run)) {
    let mut at = 0;
    while at < bytes.len() {
        if let Some(run) = run_at(bytes, at) {
            at = run.end;
            act(bytes, &run);
        } else {
            at = after_address(bytes, at).unwrap_or(at + 1);
        }
    }
}

/// The run that begins exactly here.
fn run_at(bytes: &[u8], start: usize) -> Option<Run> {
    let mut run = Run { digits: Vec::new(), values: Vec::new(), end: start };
    let mut at = start;
    while let Some((value, length)) = digit(&bytes[at..]) {
        if after_address(bytes, at).is_some() {
            break;
        }
        run.digits.push(at..at + length);
        run.values.push(value);
        run.end = at + length;
        at = run.end;
        for _ in 0..SIGNS {
            if digit(&bytes[at..]).is_some() {
                break;
            }
            at += sign(&bytes[at..]);
        }
    }
    (!run.values.is_empty()).then_some(run)
}

/// Where an IPv4 address that begins here ends, its port included.
fn after_address(bytes: &[u8], at: usize) -> Option<usize> {
    let part = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    if !bytes[at..].first()?.is_ascii_digit() || at.checked_sub(1).is_some_and(|before| part(&bytes[before]))
    {
        return None;
    }
    let length = bytes[at..].iter().take_while(|byte| part(byte)).count();
    let end = at + length;
    std::str::from_utf8(&bytes[at..end]).ok()?.parse::<Ipv4Addr>().ok()?;
    Some(end + port(&bytes[end..]))
}

/// Bytes of `:5060` at the beginning; a port has at most five digits.
pub(super) fn port(bytes: &[u8]) -> usize {
    let Some(rest) = bytes.strip_prefix(b":") else { return 0 };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=5).contains(&digits) { digits + 1 } else { 0 }
}

/// Value and length of the digit at the beginning: ASCII, full width, or escaped as in a URI.
fn digit(bytes: &[u8]) -> Option<(u8, usize)> {
    match bytes {
        [digit @ b'0'..=b'9', ..] => Some((*digit, 1)),
        [0xEF, 0xBC, low @ 0x90..=0x99, ..] => Some((low - 0x90 + b'0', 3)),
        [b'%', b'3', digit @ b'0'..=b'9', ..] => Some((*digit, 3)),
        _ => None,
    }
}

/// Length of the sign at the beginning that people write inside numbers; 0 for none.
fn sign(bytes: &[u8]) -> usize {
    match bytes {
        [b'-' | b'.' | b'(' | b')' | b' ', ..] => 1,
        // Escaped in a URI: space, brackets, hyphen, dot.
        [b'%', b'2', b'0' | b'8' | b'9' | b'd' | b'D' | b'e' | b'E', ..] => 3,
        // Full width: brackets, hyphen, dot; ideographic space; the hyphens and dashes of Unicode; the long vowel mark.
        [0xEF, 0xBC, 0x88 | 0x89 | 0x8D | 0x8E, ..]
        | [0xE3, 0x80, 0x80, ..]
        | [0xE2, 0x80, 0x90..=0x95, ..]
        | [0xE2, 0x88, 0x92, ..]
        | [0xE3, 0x83, 0xBC, ..] => 3,
        _ => 0,
    }
}

/// Numbers that must not show anywhere, as all of their five digits in a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    fives: HashSet<[u8; FEWEST]>,
}

impl Known {
    pub(super) fn add(&mut self, digits: &[u8]) {
        for five in fives(digits) {
            if self.fives.len() >= MOST_KNOWN {
                return;
            }
            self.fives.insert(five);
        }
    }

    /// The digits of a number however it is written.
    pub(super) fn add_text(&mut self, number: &str) {
        let mut digits = Vec::new();
        let mut rest = number.as_bytes();
        while !rest.is_empty() {
            let length = digit(rest).map_or(1, |(value, length)| {
                digits.push(value);
                length
            });
            rest = &rest[length..];
        }
        self.add(&digits);
    }

    fn overlaps(&self, digits: &[u8]) -> bool {
        fives(digits).any(|five| self.fives.contains(&five))
    }
}

fn fives(digits: &[u8]) -> impl Iterator<Item = [u8; FEWEST]> + '_ {
    digits.windows(FEWEST).filter_map(|window| window.try_into().ok())
}

/// Stands for what is hidden. A URI, a token and a quoted text may hold it.
const HIDDEN: u8 = b'*';
/// Signs between two digits of a number, as in `(03) 1234`.
const SIGNS: usize = 2;
/// A conversation has a handful of numbers; a message that is made of digits must not fill the memory.
const MOST_KNOWN: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        hide_numbers(&mut bytes, |_| {});
        assert_eq!(bytes.len(), text.len());
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn all_but_the_last_four_digits_of_a_number_are_hidden() {
        for (text, shown) in [
            ("0312345678", "******5678"),
            ("+81 (3) 1234-5678", "+** (*) ****-5678"),
            ("03-1234-5678 and 090.1234.5678", "**-****-5678 and ***.****.5678"),
            ("1234", "1234"),
            ("12345", "*2345"),
            ("%30%331234567", "*********4567"),
            ("０３－１２３４－５６７８", "******－************－５６７８"),
            ("a1b2c3d4e5", "a1b2c3d4e5"),
        ] {
            assert_eq!(hidden(text), shown, "{text}");
        }
    }

    #[test]
    fn addresses_are_no_numbers() {
        for text in ["192.168.100.200", "399 192.0.2.1:50600 x", "(127.0.0.1)", "[2001:db8::1234:5678]"] {
            assert_eq!(hidden(text), text);
        }
        // Four groups that are no address: a leading zero, too large, too many.
        for text in ["090.123.45.67", "192.0.2.300", "1.2.3.4.5", "192.0.2.1.5"] {
            assert_ne!(hidden(text), text);
        }
    }

    #[test]
    fn what_is_not_utf_8_is_hidden_but_for_ascii() {
        let mut bytes = b"\x82O\x82R ab".to_vec();
        hide_numbers(&mut bytes, |_| {});
        assert_eq!(bytes, b"*O*R ab");
    }

    #[test]
    fn a_known_number_is_found_in_its_other_forms() {
        let mut known = Known::default();
        known.add_text("03-1234-5678");
        for (text, shown) in
            [("x81312345678y", "x*******5678y"), ("1234567890", "******7890"), ("99912349", "99912349")]
        {
            let mut bytes = text.as_bytes().to_vec();
            hide_known(&mut bytes, &known);
            assert_eq!(String::from_utf8_lossy(&bytes), shown);
        }
    }
}
