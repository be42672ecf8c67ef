//! From a cell of a spreadsheet to a number, in ten fixed steps.

use unicode_normalization::UnicodeNormalization;

use crate::code::Code;

use super::dial::is_emergency;
use super::kind::AutoDial;
use super::number::{Clir, FurtherPhone, ParsedPhone, Phone, PhoneError};
use super::{NumberKind, Special, kind};

/// As it is written, and where it is refused as a kind of number that is never dialed, which kind that is.
pub(super) fn parse_or_say(raw: &str) -> Result<ParsedPhone, PhoneError> {
    parse(raw).map_err(|error| match error.code {
        Code::PhoneForbidden => PhoneError { special: Special::of(raw), ..error },
        _ => error,
    })
}

pub(super) fn parse(raw: &str) -> Result<ParsedPhone, PhoneError> {
    if raw.len() > LONGEST_CELL {
        return Err(refuse(Code::PhoneInvalid));
    }
    let mut warnings = Warnings::default();
    if let Some(phone) = plain(raw) {
        doubts(&phone, &mut warnings);
        return Ok(ParsedPhone { phone, clir: None, ext: None, extra: Vec::new(), warnings: warnings.0 });
    }
    let text = map_hyphens(&raw.nfkc().collect::<String>(), &mut warnings);
    let text = strip_decoration(&text);
    if text.is_empty() {
        return Err(refuse(Code::ReqPhone));
    }
    // Before the split into several numbers, since #N/A and dates hold a slash.
    if is_lossy(&text) {
        return Err(refuse(Code::PhoneExcel));
    }
    if reaches_emergency(&text) || text.starts_with(['#', '*']) {
        return Err(refuse(Code::PhoneForbidden));
    }
    let mut parts = text.split(['/', '、', '\n', '\r']).map(str::trim).filter(|part| !part.is_empty());
    let Some(primary) = parts.next() else {
        return Err(refuse(Code::PhoneInvalid));
    };
    let (phone, clir, ext) = parse_one(primary, &mut warnings)?;
    let mut extra: Vec<FurtherPhone> = Vec::new();
    for part in parts {
        let (further, _, ext) = parse_one(&strip_decoration(part), &mut warnings)?;
        if further != phone && extra.iter().all(|known| known.phone != further) {
            extra.push(FurtherPhone { phone: further, ext });
        }
        warnings.add(Code::PhoneExtra);
    }
    doubts(&phone, &mut warnings);
    Ok(ParsedPhone { phone, clir, ext, extra, warnings: warnings.0 })
}

/// The short way for nearly every cell of a good list, `03-1234-5678`: none of the ten steps would change it. Long
/// imports spend most of their time here.
fn plain(raw: &str) -> Option<Phone> {
    let mut digits = [0_u8; 11];
    let mut length = 0;
    for byte in raw.bytes() {
        match byte {
            b'0'..=b'9' => {
                *digits.get_mut(length)? = byte;
                length += 1;
            }
            b'-' if length > 0 => {}
            _ => return None,
        }
    }
    let nsn = std::str::from_utf8(digits.get(..length)?).ok()?.strip_prefix('0')?;
    // 00… and 010… are carriers and foreign countries.
    if nsn.starts_with("10") { None } else { Phone::from_nsn(nsn) }
}

fn doubts(phone: &Phone, warnings: &mut Warnings) {
    match phone.kind().auto_dial() {
        AutoDial::Ask => warnings.add(Code::PhoneFreephone),
        AutoDial::Warn if phone.kind() == NumberKind::Converged => warnings.add(Code::PhoneConverged),
        AutoDial::Allow | AutoDial::Warn | AutoDial::Deny => {}
    }
    if !phone.is_assigned() {
        warnings.add(Code::PhoneUnassigned);
    }
}

fn parse_one(
    part: &str,
    warnings: &mut Warnings,
) -> Result<(Phone, Option<Clir>, Option<String>), PhoneError> {
    let (number, ext) = split_extension(part)?;
    let number = match number.strip_suffix(".0") {
        Some(whole) if whole.bytes().all(|b| b.is_ascii_digit()) => {
            warnings.add(Code::PhoneDecimal);
            whole
        }
        _ => number,
    };
    let mut digits = String::with_capacity(16);
    let mut plus = false;
    for c in number.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '-' | '(' | ')' | '.' | '[' | ']' => {}
            '+' if digits.is_empty() && !plus => plus = true,
            _ => return Err(refuse(Code::PhoneInvalid)),
        }
    }
    if digits.is_empty() {
        return Err(refuse(Code::PhoneInvalid));
    }
    if !plus && reaches_emergency(&digits) {
        return Err(refuse(Code::PhoneForbidden));
    }
    let (clir, digits) = if plus { (None, digits.as_str()) } else { split_clir(&digits) };
    let nsn = match international(digits, plus)? {
        Some(nsn) => nsn.to_owned(),
        None => national(digits, warnings)?,
    };
    let phone = Phone::from_nsn(&nsn).ok_or(refuse(Code::PhoneInvalid))?;
    Ok((phone, clir, ext))
}

/// `+81(0)3…`, `0081…`, `010-81…`, bare `81…`: the digits behind, without a trunk 0. Other countries are refused, as
/// a guard against toll fraud.
fn international(digits: &str, plus: bool) -> Result<Option<&str>, PhoneError> {
    let behind =
        if plus { Some(digits) } else { digits.strip_prefix("010").or_else(|| digits.strip_prefix("00")) };
    if let Some(behind) = behind {
        let nsn = behind.strip_prefix("81").ok_or(refuse(Code::PhoneForbidden))?;
        return Ok(Some(nsn.strip_prefix('0').unwrap_or(nsn)));
    }
    let bare = digits.strip_prefix("81").filter(|nsn| match nsn.len() {
        10 => !nsn.starts_with('0') || kind::is_assigned(&nsn[1..]),
        // Eleven digits are one short of the usual form; only a number that surely exists is taken from them.
        9 => !nsn.starts_with('0') && kind::is_assigned(nsn),
        _ => false,
    });
    Ok(bare.map(|nsn| nsn.strip_prefix('0').unwrap_or(nsn)))
}

/// Restores a lost leading 0, then the length gate; returns the digits behind the trunk 0.
fn national(digits: &str, warnings: &mut Warnings) -> Result<String, PhoneError> {
    let restored = match digits.len() {
        // 010 opens an international call: such digits were never a number that lost its 0.
        9 => !digits.starts_with('0') && !digits.starts_with("10"),
        10 => MOBILE_LIKE.iter().any(|prefix| digits.starts_with(prefix)),
        _ => false,
    };
    if restored {
        warnings.add(Code::ZeroRestored);
        return Ok(digits.to_owned());
    }
    match digits.strip_prefix('0') {
        Some(nsn) if (9..=10).contains(&nsn.len()) => Ok(nsn.to_owned()),
        None if SHORT_CODES.contains(&digits) => Err(refuse(Code::PhoneForbidden)),
        _ => Err(refuse(Code::PhoneInvalid)),
    }
}

/// Whether a cell is an emergency number, whatever stands before it. Nine digits are a number that lost its 0 (S0.24): 312345110 is
/// 03-1234-5110, however it ends.
fn reaches_emergency(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '(' | ')' | '.'));
    if !plain || digits.len() != 9 || digits.starts_with('0') || digits.starts_with("10") {
        return is_emergency(text);
    }
    let begins = |digits: &str| EMERGENCY.iter().any(|code| digits.starts_with(code));
    begins(&digits) || begins(&digits[1..])
}

/// 184 or 186 in front; nine digits from 184 are Akita (0184) without their 0.
fn split_clir(digits: &str) -> (Option<Clir>, &str) {
    let clir = match digits.get(..3) {
        Some("184") => Clir::Suppress,
        Some("186") => Clir::Present,
        _ => return (None, digits),
    };
    if digits.len() <= 9 { (None, digits) } else { (Some(clir), &digits[3..]) }
}

/// `03-1234-5678 内線12`, `ext. 12`, `x12`, and `#12` behind a complete number.
fn split_extension(part: &str) -> Result<(&str, Option<String>), PhoneError> {
    // A byte-wise fold keeps the offsets of the original.
    let lower = part.to_ascii_lowercase();
    for mark in ["内線", "ext", "x", "#"] {
        let Some(at) = lower.find(mark) else { continue };
        let (number, ext) = (&part[..at], &part[at + mark.len()..]);
        let complete = number.bytes().filter(u8::is_ascii_digit).count() >= 9;
        let ext = ext.trim_matches([':', '.', '-', '(', ')', '#']);
        let plain = !ext.is_empty() && ext.len() <= 8 && ext.bytes().all(|b| b.is_ascii_digit());
        if !complete || !plain {
            return Err(refuse(Code::PhoneInvalid));
        }
        return Ok((number.trim_end_matches('('), Some(ext.to_owned())));
    }
    Ok((part, None))
}

/// Every dash a Japanese keyboard or spreadsheet makes becomes `-`; 一 only between digits, and with a warning.
fn map_hyphens(text: &str, warnings: &mut Warnings) -> String {
    let chars: Vec<char> = text.chars().collect();
    let digit_at = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_digit);
    chars
        .iter()
        .enumerate()
        .map(|(at, c)| match c {
            '\u{2010}'..='\u{2015}'
            | '\u{2212}'
            | '\u{FE63}'
            | '\u{FF0D}'
            | '\u{30FC}'
            | '\u{FF70}'
            | '\u{2500}'
            | '\u{2501}' => '-',
            '\u{4E00}' if digit_at(at.checked_sub(1)) && digit_at(Some(at + 1)) => {
                warnings.add(Code::PhoneHyphen);
                '-'
            }
            c => *c,
        })
        .collect()
}

/// Labels, Excel's text markers, every kind of space.
fn strip_decoration(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|c| !(matches!(c, ' ' | '\t' | '\u{3000}' | '\u{A0}' | '\u{FEFF}') || is_zero_width(*c)))
        .collect();
    let mut text = text.trim();
    text = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    text = text.trim_start_matches('\'');
    // Labels may be stacked: `電話(代表):`.
    loop {
        let label = LABELS.iter().find_map(|label| {
            let head = text.get(..label.len())?;
            head.eq_ignore_ascii_case(label).then_some(label.len())
        });
        match label {
            Some(length) => text = text[length..].trim_start_matches([':', '.', '-']),
            None => break,
        }
    }
    for label in TRAILING_LABELS {
        text = text.strip_suffix(label).unwrap_or(text);
    }
    text.trim().to_owned()
}

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{AD}')
}

/// Exponents, Excel's error values, columns too narrow to show, and dates.
fn is_lossy(text: &str) -> bool {
    if EXCEL_ERRORS.iter().any(|error| text.starts_with(error)) || text.contains("##") {
        return true;
    }
    if let Some((mantissa, exponent)) = text.split_once(['E', 'e']) {
        let exponent = exponent.trim_start_matches(['+', '-']);
        let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if number(mantissa) && number(exponent) {
            return true;
        }
    }
    if text.contains('月') && text.contains(|c: char| c.is_ascii_digit()) {
        return true;
    }
    let mut parts = text.split(['/', '-']);
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let small = |part: Option<&str>| part.is_some_and(|p| (1..=2).contains(&p.len()));
    let two = |part: Option<&str>| part.and_then(|p| p.parse::<u32>().ok());
    match (two(year), two(month), day) {
        (Some(1900..=2199), Some(1..=12), Some(_)) => small(month) && small(day) && parts.next().is_none(),
        (Some(1..=12), Some(1..=31), None) => text.len() <= 5,
        _ => false,
    }
}

fn refuse(code: Code) -> PhoneError {
    PhoneError { code, special: None }
}

#[derive(Default)]
struct Warnings(Vec<Code>);

impl Warnings {
    fn add(&mut self, code: Code) {
        if !self.0.contains(&code) {
            self.0.push(code);
        }
    }
}

/// Police, coast guard, fire and ambulance.
const EMERGENCY: [&str; 3] = ["110", "118", "119"];
/// A phone cell longer than this, in bytes, is a memo in the wrong column.
const LONGEST_CELL: usize = 400;

/// After NFKC, so `℡` reads TEL, `㈹` reads (代), and full-width brackets are ASCII.
const LABELS: [&str; 17] = [
    "TEL",
    "電話番号",
    "電話",
    "直通",
    "代表",
    "(代表)",
    "(代)",
    "(直通)",
    "(直)",
    "(携帯)",
    "携帯電話",
    "携帯",
    "(自宅)",
    "自宅",
    "Phone",
    "Mobile",
    "番号",
];
const TRAILING_LABELS: [&str; 7] = ["(代表)", "(代)", "(直通)", "(直)", "(携帯)", "(自宅)", "代表"];
const EXCEL_ERRORS: [&str; 7] = ["#N/A", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", "#DIV/0!"];
/// Starts of eleven-digit numbers without their 0.
const MOBILE_LIKE: [&str; 7] = ["50", "60", "70", "80", "90", "20", "800"];
/// Three-digit services; the emergency numbers are refused before.
pub(super) const SHORT_CODES: [&str; 12] =
    ["102", "104", "113", "114", "115", "116", "117", "144", "171", "177", "188", "189"];

#[cfg(test)]
mod tests;
