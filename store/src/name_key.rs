//! The form of a name that is searched and sorted by; what is stored and shown is never altered.

use unicode_normalization::UnicodeNormalization;

/// Company and person as one key: both folded, `SEPARATOR` between them.
///
/// Folded is: NFKC, lower case, hiragana as katakana, no space, no control character; the company without its legal form
/// (株式会社, ㈱, (株), 有限会社, …), wherever it stands. ㈱ｶﾌﾞﾗ and かぶら株式会社 have one key.
#[must_use]
pub fn name_key(company: Option<&str>, person: Option<&str>) -> String {
    let (company, person) = (company.unwrap_or_default(), person.unwrap_or_default());
    // Most keys are as long as the names.
    let mut key = String::with_capacity(company.len() + person.len() + 1);
    push_company(company, &mut key);
    key.push(SEPARATOR);
    push_folded(person, &mut key);
    key
}

/// What a person typed, in the form of a key; empty when it holds nothing to search for.
#[must_use]
pub fn search_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    push_company(text, &mut key);
    key
}

/// The national digits of a number or of a part of one: +81 3 is 03, in every width.
pub(crate) fn national_digits(number: &str) -> String {
    let folded: String = number.nfkc().collect();
    let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix("81") {
        Some(rest) if folded.trim_start().starts_with('+') => format!("0{}", rest.trim_start_matches('0')),
        _ => digits,
    }
}

/// What makes two names one category: ＡとA, ｱとア are, spaces around them are nothing.
#[must_use]
pub fn category_key(name: &str) -> String {
    name.trim().nfkc().collect::<String>().to_lowercase()
}

/// The same without regard to legal forms: for memos, categories and names of users.
#[must_use]
pub(crate) fn fold(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    push_folded(text, &mut key);
    key
}

/// [`fold`] behind what is there.
pub(crate) fn fold_into(text: &str, key: &mut String) {
    push_folded(text, key);
}

fn push_company(name: &str, key: &mut String) {
    let begin = key.len();
    push_folded(name, key);
    let whole = &key[begin..];
    // Nearly every form holds one of these two.
    if !whole.contains(['(', '会', '法', 'ガ', '所', '組']) {
        return;
    }
    let mut bare = whole.to_owned();
    for form in FORMS {
        if bare.contains(form) {
            bare = bare.replace(form, "");
        }
    }
    // A company that is called by its form only keeps it.
    if !bare.is_empty() {
        key.truncate(begin);
        key.push_str(&bare);
    }
}

fn push_folded(text: &str, key: &mut String) {
    if text.chars().all(is_plain) {
        text.chars().for_each(|c| push_char(c, key));
    } else {
        // Katakana first: ワ and a voicing mark are one character, わ and a voicing mark are not.
        text.chars().map(katakana).nfkc().for_each(|c| push_char(c, key));
    }
}

/// NFKC leaves it alone, and it combines with nothing that does.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{4E00}'..='\u{9FFF}' | '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | 'ー' | '々' | '・')
}

fn push_char(c: char, key: &mut String) {
    match katakana(c) {
        c if c.is_ascii() && !c.is_ascii_control() && c != ' ' => key.push(c.to_ascii_lowercase()),
        c if c.is_whitespace() || c.is_control() => {}
        c if is_plain(c) => key.push(c),
        c => key.extend(c.to_lowercase()),
    }
}

fn katakana(c: char) -> char {
    match c {
        'ぁ'..='ゖ' | 'ゝ' | 'ゞ' => char::from_u32(u32::from(c) + KATAKANA).unwrap_or(c),
        c => c,
    }
}

/// Stands between company and person; no folded name holds it.
pub(crate) const SEPARATOR: char = '\u{1F}';
/// From a hiragana to its katakana.
const KATAKANA: u32 = 0x60;
/// Legal forms as they are after folding; the longer before those they hold.
const FORMS: [&str; 32] = [
    "特定非営利活動法人",
    "カブシキガイシャ",
    "ユウゲンガイシャ",
    "公益社団法人",
    "公益財団法人",
    "一般社団法人",
    "一般財団法人",
    "独立行政法人",
    "社会福祉法人",
    "医療法人社団",
    "医療法人財団",
    "npo法人",
    "医療法人",
    "学校法人",
    "宗教法人",
    "税理士法人",
    "弁護士法人",
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
    "協同組合",
    "(株)",
    "(有)",
    "(同)",
    "(資)",
    "(名)",
    "(社)",
    "(財)",
    "(医)",
    "(福)",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// S4.42 of the list view's search: however a company is written, it is found.
    #[test]
    fn one_company_has_one_key() {
        for name in
            ["㈱ｶﾌﾞﾗ商事", "かぶら商事株式会社", "カブラ 商事（株）", "(株)カブラ商事", "㍿カブラ　商事"]
        {
            assert_eq!(search_key(name), "カブラ商事", "{name}");
        }
        assert_eq!(name_key(Some("有限会社ＡＢＣ"), Some("山田 太郎")), "abc\u{1F}山田太郎");
        assert_eq!(name_key(None, Some("やまだ")), "\u{1F}ヤマダ");
        assert_eq!(search_key("株式会社"), "株式会社", "nothing else is left to search for");
        assert_eq!(search_key("　"), "");
        assert_eq!(search_key("医療法人社団 さくら会"), "サクラ会");
    }

    proptest! {
        /// No name can hold the separator.
        #[test]
        fn a_key_has_two_parts(company in "\\PC{0,20}|\\x1F{1,3}", person in "\\PC{0,20}") {
            prop_assert_eq!(name_key(Some(&company), Some(&person)).matches(SEPARATOR).count(), 1);
        }

        /// A key is its own key.
        #[test]
        fn folding_twice_changes_nothing(text in "[ぁ-ゖァ-ヺー株式会社()㈱ｦ-ﾟa-zＡ-Ｚ ]{0,20}") {
            let mut once = String::new();
            push_folded(&text, &mut once);
            let mut twice = String::new();
            push_folded(&once, &mut twice);
            prop_assert_eq!(&once, &twice);
        }

        /// The short way for plain text leads where the long one does.
        #[test]
        fn plain_text_needs_no_nfkc(text in "[ -~一-鿿ぁ-ゖァ-ヺー々・]{0,30}") {
            let mut long = String::new();
            text.chars().map(katakana).nfkc().for_each(|c| push_char(c, &mut long));
            let mut short = String::new();
            push_folded(&text, &mut short);
            prop_assert_eq!(short, long);
        }
    }
}
