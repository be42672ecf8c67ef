//! One cell: quoting, formulas, CP932.

use std::borrow::Cow;

use encoding_rs::SHIFT_JIS;

/// Appends `text` as one cell, quoted where RFC 4180 or a leading or trailing space asks for it.
pub(crate) fn write_cell(out: &mut String, text: &str) {
    let quote = text.contains(['"', ',', '\n', '\r', '\t', ';']) || text != text.trim();
    if !quote {
        out.push_str(text);
        return;
    }
    out.push('"');
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
}

/// The text as it stands bare in a file for a product that takes no quotation marks (S0.21): what would need them, and the
/// marks themselves, give way to signs that look alike; a line break or tab to a space.
pub(super) fn without_quotes(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| bare(c) != c) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").chars().map(bare).collect())
}

fn bare(c: char) -> char {
    match c {
        ',' => '，',
        '"' | '＂' | '“' | '”' | '„' => '″',
        '\'' | '＇' | '‘' | '’' => PRIME,
        '\n' | '\r' | '\t' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        c => c,
    }
}

/// Whether a spreadsheet would run the cell, or take a sign of ours off it: `'` or `′`, any number, then one of `=+-@`, tab
/// or CR, in either width. `+81312345678` is a number and stays one.
pub(super) fn is_formula(text: &str) -> bool {
    begins_formula(text) && !is_number(text)
}

fn begins_formula(text: &str) -> bool {
    text.trim_start_matches(NEUTRALISERS).starts_with(FORMULA_STARTS)
}

fn is_number(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The text with an apostrophe in front, if a spreadsheet would run it as a formula. Numbers in E.164 keep their plus.
#[must_use]
pub fn harmless(text: &str) -> Cow<'_, str> {
    if is_formula(text) { Cow::Owned(format!("{APOSTROPHE}{text}")) } else { Cow::Borrowed(text) }
}

/// The same for a cell as somebody's file has it: a sign that stands before a formula there is enough.
pub(crate) fn harmless_as_it_stands(text: &str) -> Cow<'_, str> {
    if text.starts_with(NEUTRALISERS) { Cow::Borrowed(text) } else { harmless(text) }
}

/// Takes the sign off that an export put before a formula.
pub(crate) fn strip_neutraliser(text: &str) -> &str {
    match text.strip_prefix(NEUTRALISERS) {
        Some(rest) if begins_formula(rest) => rest,
        _ => text,
    }
}

/// The text with its characters that CP932 has under another code point only: the wave-dash family as Windows puts it, and
/// signs that would turn into ASCII.
pub(super) fn with_cp932_twins(text: &str) -> Cow<'_, str> {
    let twin = |c: char| CP932_TWINS.iter().find(|(twin, _)| *twin == c).map_or(c, |(_, known)| *known);
    if text.is_ascii() || !text.contains(|c| twin(c) != c) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(twin).collect())
}

/// Encodes to CP932; what it has not becomes 〓.
pub(super) fn encode_cp932(text: &str, out: &mut Vec<u8>, mut unencodable: impl FnMut(char)) {
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c as u8);
            continue;
        }
        let mut utf8 = [0; 4];
        let (bytes, _, failed) = SHIFT_JIS.encode(c.encode_utf8(&mut utf8));
        if failed || ('\u{80}'..='\u{9F}').contains(&c) {
            unencodable(c);
            out.extend_from_slice(GETA);
        } else {
            out.extend_from_slice(&bytes);
        }
    }
}

/// Put before a formula.
pub(super) const APOSTROPHE: char = '\'';
/// Stands for an apostrophe where none may be written. Neither a quotation mark nor made one by NFKC, and in CP932.
pub(super) const PRIME: char = '′';
/// What an export puts before a formula.
const NEUTRALISERS: [char; 2] = [APOSTROPHE, PRIME];
const FORMULA_STARTS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
/// 〓, the printers' sign for a missing type.
const GETA: &[u8] = b"\x81\xAC";

/// Pairs that are one character in CP932: the wave-dash family, and signs that would turn into ASCII.
const CP932_TWINS: [(char, char); 11] = [
    ('\u{301C}', '\u{FF5E}'),
    ('\u{2016}', '\u{2225}'),
    ('\u{2212}', '\u{FF0D}'),
    ('\u{2014}', '\u{2015}'),
    ('\u{A2}', '\u{FFE0}'),
    ('\u{A3}', '\u{FFE1}'),
    ('\u{AC}', '\u{FFE2}'),
    ('\u{A6}', '\u{FFE4}'),
    ('\u{A5}', '\u{FFE5}'),
    ('\u{203E}', '\u{FFE3}'),
    ('\u{A0}', ' '),
];
