//! Telephone numbers within a text: in a cell of a list people write 「自宅は03-8181-8182です」.

use super::masked;

/// The text with every run of digits hidden that may be a telephone number. Dates, postal codes and amounts stay.
pub(super) fn mask_text(text: &str) -> String {
    let groups = groups(text);
    let (mut shown, mut done) = (String::with_capacity(text.len()), 0);
    let mut at = 0;
    while let Some(group) = groups.get(at) {
        // Within a word of hyphens only the word's own digits: the end of a postal code begins no number.
        let within = group.joined == Some(true) && done < group.from;
        let taken = number(&groups[at..], within);
        if let Some(last) = taken.and_then(|taken| groups.get(at + taken - 1)) {
            shown.push_str(&text[done..group.from]);
            shown.push_str(&masked(&plain(&text[group.from..last.to])));
            done = last.to;
        }
        at += taken.unwrap_or(1);
    }
    shown.push_str(&text[done..]);
    shown
}

/// Some digits in a row.
struct Group {
    from: usize,
    to: usize,
    digits: String,
    /// A `+` stands before them.
    plus: bool,
    /// Only a hyphen, a dot or a bracket stands between them and the digits before; `None`: no digits near.
    joined: Option<bool>,
}

/// How many groups from the first on are a number, if they are one.
fn number(groups: &[Group], within: bool) -> Option<usize> {
    let first = groups.first()?;
    // As it would be dialed, or written with the country in front.
    if first.plus || first.digits.starts_with('0') {
        let enough = if first.plus { ABROAD } else { length(groups) };
        let (mut digits, mut taken) = (0, 0);
        for group in groups {
            let apart = group.joined.is_none() || within && group.joined == Some(false);
            if taken > 0 && (digits >= enough || apart || group.plus) {
                break;
            }
            (digits, taken) = (digits + group.digits.len(), taken + 1);
        }
        return (digits + LOST >= enough).then_some(taken);
    }
    // How a call is asked to hide or show who calls is no part of the number behind it.
    if matches!(first.digits.as_str(), "184" | "186")
        && groups.get(1).is_some_and(|next| next.digits.starts_with('0'))
    {
        return None;
    }
    // A spreadsheet took the zero: what it left is one number only where it may be nothing else.
    let mut digits = String::new();
    let mut found = None;
    for (at, group) in groups.iter().enumerate() {
        if at > 0 && (group.joined != Some(true) || digits.len() > LONGEST) {
            break;
        }
        digits.push_str(&group.digits);
        if store::Phone::parse(&digits).is_ok() {
            found = Some(at + 1);
        }
    }
    found
}

/// Digits of a number that begins so: eleven of mobile, IP and machine numbers, ten of others.
fn length(groups: &[Group]) -> usize {
    let begin: String = groups.iter().flat_map(|group| group.digits.chars()).take(3).collect();
    let long = matches!(begin.as_str(), "020" | "050" | "060" | "070" | "080" | "090");
    if long { 11 } else { 10 }
}

fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut plus = None;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let Some(digit) = digit(c) else {
            plus = matches!(c, '+' | '＋').then_some(at);
            continue;
        };
        match groups.last_mut().filter(|group| group.to == at) {
            Some(group) => {
                group.digits.push(digit);
                group.to = end;
            }
            None => {
                let between = groups.last().map(|group| &text[group.to..plus.unwrap_or(at)]);
                let joined = between.and_then(joins);
                let from = plus.unwrap_or(at);
                groups.push(Group { from, to: end, digits: digit.to_string(), plus: plus.is_some(), joined });
            }
        }
        plus = None;
    }
    groups
}

/// Whether what stands between two groups of digits may stand within a number, and without a space.
fn joins(between: &str) -> Option<bool> {
    if between.chars().count() > MOST_BETWEEN || !between.chars().all(|c| is_sign(c) || c.is_whitespace()) {
        return None;
    }
    Some(!between.chars().any(char::is_whitespace))
}

fn is_sign(c: char) -> bool {
    matches!(
        c,
        '-' | '.'
            | '('
            | ')'
            | '['
            | ']'
            | '（'
            | '）'
            | '．'
            | '・'
            | '･'
            | '－'
            | 'ー'
            | 'ｰ'
            | '−'
            | '﹣'
            | '‐'..='―'
    )
}

/// Half-width or full-width.
fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10),
        _ => None,
    }
}

/// In half-width digits and hyphens, as a number is read.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '+' | '＋' => '+',
            c if c.is_whitespace() || is_sign(c) => '-',
            c => digit(c).unwrap_or(c),
        })
        .collect()
}

/// Digits of a number with its country, as most have.
const ABROAD: usize = 11;
/// So many fewer may be one with a digit missing, or of a country whose numbers are shorter.
const LOST: usize = 1;
/// Digits of the longest number.
const LONGEST: usize = 15;
/// Characters between two parts of a number: `03) 1234`.
const MOST_BETWEEN: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    /// S3.14: wherever in a text a number stands, and however it is written.
    #[test]
    fn numbers_within_a_text_are_hidden() {
        for (text, shown) in [
            ("自宅は03-8181-8182です", "自宅は03-****-8182です"),
            ("予備 0381818182まで", "予備 03-****-8182まで"),
            ("電話03-8181-8182", "電話03-****-8182"),
            ("携帯０９０－１２３４－５６７８（夜）", "携帯090-****-5678（夜）"),
            ("(03)8181-8182", "(03-****-8182"),
            ("03 8181 8182 か 090 1234 5678", "03-****-8182 か 090-****-5678"),
            ("03.8181.8182", "03-****-8182"),
            ("〒100-0001 03-8181-8182", "〒100-0001 03-****-8182"),
            ("+81 3-8181-8182へ", "03-****-8182へ"),
            ("+81-3-8181-8182へ", "03-****-8182へ"),
            ("03-8181-8182/090-1234-5678", "03-****-8182/090-****-5678"),
            ("184-03-8181-8182", "184-03-****-8182"),
            ("381818182", "03-****-8182"),
            ("+1-212-555-0100", "+*-***-***-0100"),
            ("0120-123-456(無料)", "0120-***-456(無料)"),
            ("", ""),
        ] {
            let found = mask_text(text);
            assert_eq!(found, shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_stays() {
        for text in [
            "2026-11-29 10:00",
            "2026/01/05 09:30",
            "〒100-0001",
            "4階",
            "注文 12345678",
            "3回 10時",
            "A-1024-55",
            "100,000,000円",
        ] {
            assert_eq!(mask_text(text), text);
        }
    }
}
