//! What people type about contacts and leads, held to what a file may hold: whatever is kept can be exported, and the export be
//! imported again (S0.8, S0.28, S1.23).

use unicode_normalization::UnicodeNormalization;

use crate::code::Code;
use crate::error::{Error, Result, Said};
use crate::phone::{ParsedPhone, Phone};

/// A name or label without outer space; empty is none. There is no limit for people (S0.8), only a guard against bad input.
pub(super) fn text(text: Option<&str>, warnings: &mut Vec<Code>) -> Result<Option<String>> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    bounded(text.len())?;
    if text.chars().any(|c| c.is_control() || is_unreadable(c)) {
        return Err(Error::Invalid(Code::CsvChar));
    }
    if text.chars().count() > SUITABLE_CHARS {
        warn(warnings, Code::Long);
    }
    Ok(Some(text.to_owned()))
}

/// The text of a column, which may have several lines; empty is none.
pub(super) fn lines(text: &str) -> Result<&str> {
    let text = text.trim();
    bounded(text.len())?;
    let refused = |c: char| is_unreadable(c) || c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(refused) {
        return Err(Error::Invalid(Code::CsvChar));
    }
    Ok(text)
}

/// Each once, in order; `A|B` is two (S0.19), ＡとA are one, and they are `most` at most, as in a file (S1.22). A file has them in one
/// cell.
pub(super) fn categories(names: &[String], most: usize, warnings: &mut Vec<Code>) -> Result<Vec<String>> {
    let mut categories: Vec<String> = Vec::new();
    for name in names.iter().flat_map(|name| name.split(['|', '｜'])) {
        let Some(name) = text(Some(name), warnings)? else { continue };
        let same = |known: &String| known.nfkc().eq(name.nfkc());
        if categories.iter().any(same) {
            continue;
        }
        if categories.len() >= most {
            return Err(Error::Invalid(Code::CatLimit));
        }
        categories.push(name);
    }
    bounded(categories.iter().map(|name| name.len() + 1).sum())?;
    Ok(categories)
}

/// The only number of a text. Which of two was meant nobody could tell, and the second would be dropped without a word.
pub(super) fn single(raw: &str) -> Result<ParsedPhone> {
    let parsed = Phone::parse(raw).map_err(Error::Phone)?;
    match parsed.extra.is_empty() {
        true => Ok(parsed),
        false => {
            Err(Error::Value { what: "phones", needs: Said::fixed("1件ずつ", "one number at a time") })
        }
    }
}

/// The doubts about a number.
pub(super) fn doubts(parsed: &ParsedPhone, warnings: &mut Vec<Code>) {
    parsed.warnings.iter().for_each(|code| warn(warnings, *code));
    if parsed.ext.is_some() {
        warn(warnings, Code::PhoneExt);
    }
}

/// Told once each.
pub(super) fn warn(warnings: &mut Vec<Code>, code: Code) {
    if !warnings.contains(&code) {
        warnings.push(code);
    }
}

/// Whether so many bytes fit into a cell of a file.
pub(super) fn bounded(bytes: usize) -> Result<()> {
    if bytes > MOST_BYTES { Err(Error::Invalid(Code::CsvField)) } else { Ok(()) }
}

/// The same for a text that stands alone: a file with it has to be read back.
pub(super) fn fits(what: &'static str, text: Option<&str>) -> Result<()> {
    match text.is_some_and(|text| text.len() > MOST_BYTES) {
        true => Err(Error::Value { what, needs: Said::fixed("64KiBまで", "at most 64 KiB") }),
        false => Ok(()),
    }
}

/// Undecodable, or of private use: gaiji have no meaning outside the PC that made them.
fn is_unreadable(c: char) -> bool {
    matches!(c, '\u{FFFD}' | '\u{E000}'..='\u{F8FF}')
}

/// Longer names fit no screen (S0.8).
const SUITABLE_CHARS: usize = 30;
/// 64 KiB is what a cell of a file may hold; an export may put a sign before it.
const MOST_BYTES: usize = 64 * 1024 - 4;
