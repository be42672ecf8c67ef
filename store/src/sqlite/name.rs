//! Names that people give: of lists, projects, statuses and users. One rule for all of them. Categories come with contacts, whose rule
//! (S0.8) they follow.

use crate::error::{Error, Result, Said};

/// The name without spaces around it: one line that can be shown wherever it comes up, with nothing in it that a terminal obeys.
/// `what` is the value that a refusal names.
pub(super) fn checked<'a>(what: &'static str, name: &'a str) -> Result<&'a str> {
    let name = name.trim();
    // Something of it must be seen: spaces of no width alone are no name.
    let blank = name.chars().all(|c| c.is_whitespace() || is_without_width(c));
    if blank || name.len() > MOST || name.chars().any(is_unseen) {
        return Err(Error::Value {
            what,
            needs: Said::fixed("1行の文字列(200バイトまで)", "one line of text, at most 200 bytes"),
        });
    }
    Ok(name)
}

/// Control characters, separators of lines and paragraphs, and what turns the direction of the text around it.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What takes no place and is of use between other characters only.
fn is_without_width(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Bytes of UTF-8: 66 characters of Japanese.
const MOST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_is_safe_to_show() {
        assert_eq!(checked("name", " 四月の新規 A–Z ").unwrap(), "四月の新規 A–Z");
        let long = "あ".repeat(67);
        for refused in [
            "",
            " ",
            "\u{200b}",
            "\u{200b} \u{feff}",
            "a\0b",
            "a\nb",
            "a\u{1b}[31m",
            "a\u{202e}b",
            "a\u{2028}b",
            "a\u{85}b",
            &long,
        ] {
            assert_eq!(checked("name", refused).unwrap_err().code(), "E-VALUE", "{refused:?}");
        }
    }
}
