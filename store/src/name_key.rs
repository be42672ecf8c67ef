//! The form of a name that is searched and sorted by; what is stored and shown is never altered.

use memchr::memmem::Finder;
use unicode_normalization::UnicodeNormalization;

use crate::variants::{common, is_selector};

/// Company and person as one key: both folded, `SEPARATOR` between them.
///
/// Folded is: NFKC, lower case, hiragana as katakana, one form of each character (高 for 髙), no space, no control character; the company without its legal form
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

/// A part of a company's name that somebody looks for.
///
/// Keys are without legal forms. Whoever types a form alone, or a part of one (医療法人, 法人, 会社), looks for the companies that have
/// it, however it is written there (株式会社 and ㈱): those are found in the name as it stands.
pub(crate) struct CompanySearch {
    key: Finder<'static>,
    /// What the folded name holds then, any of them; empty for all other searches.
    forms: Vec<Finder<'static>>,
}

impl CompanySearch {
    /// `None`: the text holds nothing to look for.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let key = search_key(text);
        let folded = fold(text);
        let forms = forms_meant(&folded);
        let finder = |text: &str| Finder::new(text).into_owned();
        (!key.is_empty()).then(|| Self { key: finder(&key), forms: forms.into_iter().map(finder).collect() })
    }

    /// Whether names have to be looked at with their forms too.
    pub(crate) fn wants_forms(&self) -> bool {
        !self.forms.is_empty()
    }

    /// `key`: a search key, or a part of one.
    pub(crate) fn in_key(&self, key: &str) -> bool {
        self.key.find(key.as_bytes()).is_some()
    }

    /// `whole`: the company's name, only folded.
    pub(crate) fn in_whole(&self, whole: &str) -> bool {
        self.forms.iter().any(|form| form.find(whole.as_bytes()).is_some())
    }

    /// The same for a name that is looked at once; `key`: of the company, or of company and person.
    pub(crate) fn is_in(&self, key: &str, company: Option<&str>) -> bool {
        self.in_key(key) || self.wants_forms() && company.is_some_and(|company| self.in_whole(&fold(company)))
    }
}

/// The spellings of the legal forms that a text means, if it is one, several or a part of one; none holds another.
fn forms_meant(text: &str) -> Vec<&str> {
    let mut rest = text.to_owned();
    FORMS.iter().for_each(|form| rest = rest.replace(form, ""));
    // One character is in many a name: 会 is not every 株式会社. So are two or three of kana: イシ (石井) is in カブシキガイシャ.
    let enough = if text.chars().any(|c| matches!(c, 'ァ'..='ー')) { 4 } else { 2 };
    let part = text.chars().count() >= enough && FORMS.iter().any(|form| form.contains(text));
    if text.is_empty() || !(rest.is_empty() || part) {
        return Vec::new();
    }
    let same = SAME_FORMS.iter().filter(|forms| forms.iter().any(|form| form.contains(text)));
    let mut meant: Vec<&str> = same.copied().flatten().copied().chain([text]).collect();
    meant.sort_by_key(|form| form.len());
    let mut shortest: Vec<&str> = Vec::new();
    for form in meant {
        if !shortest.iter().any(|known| form.contains(known)) {
            shortest.push(form);
        }
    }
    shortest
}

/// The national digits of a number or of a part of one: +81 3 is 03, in every width. A whole number may have 184 or 186 in front, as
/// exports write it; a part of one is too short to tell.
pub(crate) fn national_digits(number: &str) -> String {
    let folded: String = number.nfkc().collect();
    let folded = folded.trim_start();
    let behind = ["184", "186"].iter().find_map(|clir| folded.strip_prefix(clir));
    let whole = |digits: &String| digits.starts_with('0') && (10..=11).contains(&digits.len());
    behind
        .map(|rest| national(rest.trim_start_matches(['-', ' '])))
        .filter(whole)
        .unwrap_or_else(|| national(folded))
}

fn national(folded: &str) -> String {
    let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix("81") {
        Some(rest) if folded.starts_with('+') => format!("0{}", rest.trim_start_matches('0')),
        _ => digits,
    }
}

/// What makes two names one category: ＡとA, ｱとア are, spaces around them are nothing.
#[must_use]
pub fn category_key(name: &str) -> String {
    name.trim().nfkc().collect::<String>().to_lowercase()
}

/// What makes two logins one: Bob, bob and ｂｏｂ are (S4.24).
#[must_use]
pub fn login_key(login: &str) -> String {
    category_key(login)
}

/// The user of this login among others: who is written exactly so, else who alone differs in case or width only. In databases from before
/// that was looked at two may be alike; neither is guessed.
pub fn by_login<'a, T>(users: &'a [T], login: &str, of: impl Fn(&T) -> &str) -> Option<&'a T> {
    let login = login.trim();
    users.iter().find(|user| of(user) == login).or_else(|| {
        let key = login_key(login);
        let mut alike = users.iter().filter(|user| login_key(of(user)) == key);
        alike.next().filter(|_| alike.next().is_none())
    })
}

/// A name folded, whatever legal form it has: for memos, categories and names of users.
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
        c if is_plain(c) => key.push(common(c)),
        c if is_selector(c) => {}
        c => key.extend(common(c).to_lowercase()),
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
/// Legal forms that are written in several ways, as they are after folding.
const SAME_FORMS: [&[&str]; 9] = [
    &["株式会社", "カブシキガイシャ", "(株)"],
    &["有限会社", "ユウゲンガイシャ", "(有)"],
    &["合同会社", "(同)"],
    &["合資会社", "(資)"],
    &["合名会社", "(名)"],
    &["社団法人", "(社)"],
    &["財団法人", "(財)"],
    &["医療法人", "(医)"],
    &["社会福祉法人", "(福)"],
];
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

    /// A number with 184 or 186 in front is the number; a part of one that begins so stays a part.
    #[test]
    fn a_number_is_found_behind_184_and_186() {
        for (typed, digits) in [
            ("184-03-1234-5678", "0312345678"),
            ("18403 1234 5678", "0312345678"),
            ("１８６０９０１２３４５６７８", "09012345678"),
            ("184 +81 3 1234 5678", "0312345678"),
            ("+81 3 1234 5678", "0312345678"),
            ("1840312", "1840312"),
            ("184", "184"),
            ("0184031234", "0184031234"),
            ("184012345678", "184012345678"),
        ] {
            assert_eq!(national_digits(typed), digits, "{typed}");
        }
    }

    #[test]
    fn logins_are_one_whatever_their_case_and_width() {
        let users = ["newop", "Alice", "ALICE"];
        let found = |login| by_login(&users, login, |user| user).copied();
        assert_eq!(["NEWOP", " ｎｅｗｏｐ "].map(found), [Some("newop"); 2]);
        assert_eq!(["Alice", "ALICE", "alice", "bob"].map(found), [Some("Alice"), Some("ALICE"), None, None]);
    }

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

    /// S4.43, S0.14: a name is found by what an input method offers first, whatever form of a character it is written with; so is a legal form of old.
    #[test]
    fn names_are_found_by_the_forms_of_today() {
        for (written, typed) in [
            ("髙﨑", "高崎"),
            ("渡邉", "渡辺"),
            ("渡邊", "渡辺"),
            ("齋藤", "斉藤"),
            ("齊藤", "斎藤"),
            ("濵田", "浜田"),
            ("濱田", "浜田"),
            ("澤", "沢"),
            ("嶋嶌", "島島"),
            ("廣國櫻眞曾條瀨德惠龍", "広国桜真曽条瀬徳恵竜"),
            ("渕上冨", "淵上富"),
            ("𠮷野家", "吉野家"),
            ("葛\u{E0100}城", "葛城"),
            ("ﾊﾝ澤", "はん沢"),
        ] {
            assert_eq!(search_key(written), search_key(typed), "{written}");
            assert_eq!(fold(written), fold(typed), "{written}");
        }
        assert_eq!(search_key("株式會社髙島屋"), "高島屋");
        assert_eq!(name_key(Some("㈱髙島"), Some("德川 龍")), "高島\u{1F}徳川竜");
        assert_ne!(category_key("髙"), category_key("高"), "what is not searched by a key stays as it is");
    }

    /// S1.30: a form alone finds the companies that have it, in each of its spellings; other searches look past forms.
    #[test]
    fn a_form_alone_is_looked_for_as_it_stands() {
        let finds = |text: &str, company: &str| {
            let key = name_key(Some(company), Some("山田"));
            CompanySearch::new(text).unwrap().is_in(&key, Some(company))
        };
        for (text, company) in [
            ("医療法人", "医療法人さくら会"),
            ("医療法人", "(医)さくら会"),
            ("(医)", "医療法人社団 さくら会"),
            ("法人", "一般社団法人みどり"),
            ("法人", "（社）みどり"),
            ("株式会社", "㈱カブラ"),
            ("㈱", "かぶら かぶしきがいしゃ"),
            ("カブシキ", "カブラ株式会社"),
            ("合同会社", "合同会社カブラ"),
            ("会社", "ﾕｳｹﾞﾝｶﾞｲｼｬｶﾌﾞﾗ"),
            ("株式会社 医療法人", "株式会社医療法人"),
            ("法人", "法人サービス㈱"),
            ("㈱かぶら", "カブラ有限会社"),
        ] {
            assert!(finds(text, company), "{text} in {company}");
        }
        for (text, company) in [
            ("医療法人", "学校法人さくら"),
            ("株式会社", "有限会社カブラ"),
            ("会", "株式会社カブラ"),
            ("いし", "株式会社さくら"),
            ("かぶ", "さくら株式会社"),
            ("㈱かぶら", "㈱さくら"),
        ] {
            assert!(!finds(text, company), "{text} in {company}");
        }
        assert!(CompanySearch::new("　").is_none());
        assert_eq!(forms_meant("法人"), ["(社)", "(財)", "(医)", "(福)", "法人"]);
        assert!(
            forms_meant("会").is_empty()
                && forms_meant("カブラ").is_empty()
                && forms_meant("(株)カブラ").is_empty()
        );
    }

    proptest! {
        /// No name can hold the separator.
        #[test]
        fn a_key_has_two_parts(company in "\\PC{0,20}|\\x1F{1,3}", person in "\\PC{0,20}") {
            prop_assert_eq!(name_key(Some(&company), Some(&person)).matches(SEPARATOR).count(), 1);
        }

        /// A key is its own key.
        #[test]
        fn folding_twice_changes_nothing(text in "[ぁ-ゖァ-ヺー株式会社()㈱ｦ-ﾟa-zＡ-Ｚ 髙﨑邊齋澤國]{0,20}") {
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
