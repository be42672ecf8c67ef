//! Which column holds what.

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::code::Code;
use crate::phone::Phone;

use super::options::HeaderMode;
use super::table::Record;

/// What a column means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Company,
    Person,
    Phone,
    Category,
    /// Written by our own export or error file; read back as nothing.
    Ours,
    /// Kept as text under its name.
    Attribute,
}

/// The columns of one file.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) names: Vec<Arc<str>>,
    pub(super) roles: Vec<Role>,
    /// Names of columns that look like phone columns but are not dialed.
    pub(super) ignored_phones: Vec<Arc<str>>,
}

/// Why line 1 cannot be used.
#[derive(Debug)]
pub(super) struct BadHeader {
    pub(super) code: Code,
    /// What was expected and what was found.
    pub(super) detail: String,
}

impl Columns {
    /// The columns where no header names them: company, person, phone, categories, then anything.
    pub(super) fn positional(cells: usize) -> Self {
        let mut columns = Self { names: Vec::new(), roles: Vec::new(), ignored_phones: Vec::new() };
        columns.widen(cells.max(CANONICAL.len()));
        columns
    }

    /// Makes room for rows that are wider than the header.
    pub(super) fn widen(&mut self, cells: usize) {
        while self.names.len() < cells {
            let at = self.names.len();
            match CANONICAL.get(at).filter(|_| self.roles.len() == at && at < CANONICAL.len()) {
                Some((name, role)) if !self.roles.contains(role) => self.push(name, *role),
                _ => self.push(&format!("列{}", at + 1), Role::Attribute),
            }
        }
    }

    fn push(&mut self, name: &str, role: Role) {
        self.names.push(name.into());
        self.roles.push(role);
    }

    /// Index of the column with this role.
    pub(super) fn index(&self, role: Role) -> Option<usize> {
        self.roles.iter().position(|known| *known == role)
    }

    /// Name of the column with this role, as the file spells it.
    pub(super) fn name(&self, role: Role) -> Option<Arc<str>> {
        self.index(role).map(|at| Arc::clone(&self.names[at]))
    }
}

/// Reads `first` as a header if `mode` says so; `None` means that it is data.
pub(super) fn read(first: &Record, mode: HeaderMode) -> Result<Option<Columns>, BadHeader> {
    if mode == HeaderMode::None || (mode == HeaderMode::Auto && !looks_like_header(first)) {
        return Ok(None);
    }
    let mut columns = Columns { names: Vec::new(), roles: Vec::new(), ignored_phones: Vec::new() };
    for cell in first.cells() {
        let name = cell.trim();
        let role = role_of(name);
        let known = !matches!(role, Role::Attribute | Role::Ours);
        let twice = columns.names.iter().any(|other| !name.is_empty() && **other == *name);
        if twice || (known && columns.roles.contains(&role)) {
            return Err(BadHeader { code: Code::CsvHeaderDup, detail: shorten(name) });
        }
        if role == Role::Attribute && looks_like_phone_name(name) {
            columns.ignored_phones.push(name.into());
        }
        columns.push(name, role);
    }
    if columns.index(Role::Phone).is_none() {
        let found: Vec<String> = first.cells().map(|cell| shorten(cell.trim())).take(SHOWN_CELLS).collect();
        let expected: Vec<&str> = CANONICAL.iter().map(|(name, _)| *name).collect();
        let detail = format!("expected: {}; found: {}", expected.join(","), found.join(","));
        return Err(BadHeader { code: Code::CsvHeader, detail });
    }
    for at in 0..columns.names.len() {
        if columns.names[at].is_empty() {
            columns.names[at] = format!("列{}", at + 1).into();
        }
    }
    Ok(Some(columns))
}

/// Number of cells of `record` that are names of columns we know.
pub(super) fn known_names(record: &Record) -> usize {
    record.cells().filter(|cell| role_of(cell.trim()) != Role::Attribute).count()
}

/// A header names a phone column or two columns we know, and holds no phone number.
fn looks_like_header(record: &Record) -> bool {
    let phone_name = |cell: &str| role_of(cell.trim()) == Role::Phone || looks_like_phone_name(cell);
    (record.cells().any(phone_name) || known_names(record) >= 2)
        && record.cells().all(|cell| cell.len() > LONGEST_NAME || Phone::parse(cell).is_err())
}

fn role_of(name: &str) -> Role {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Role::Attribute;
    }
    let folded = fold(name);
    SYNONYMS.iter().find(|(known, _)| *known == folded).map_or(Role::Attribute, |(_, role)| *role)
}

/// `電話番号2`, `携帯電話`, `Phone 1`.
fn looks_like_phone_name(name: &str) -> bool {
    let folded = fold(name);
    folded.len() <= LONGEST_NAME && PHONE_WORDS.iter().any(|word| folded.contains(word))
}

/// NFKC, lower case, no space: `ＴＥＬ `, `Company Name`.
fn fold(name: &str) -> String {
    name.nfkc()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '\u{FEFF}' | '\u{200B}'))
        .flat_map(char::to_lowercase)
        .collect()
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Longest name of a column that is compared with known names, in bytes.
const LONGEST_NAME: usize = 60;
/// Cells of a wrong header that are shown.
const SHOWN_CELLS: usize = 12;

/// The four columns of a list, in their order.
const CANONICAL: [(&str, Role); 4] = [
    ("取引先会社名", Role::Company),
    ("取引先担当者名", Role::Person),
    ("電話番号", Role::Phone),
    ("カテゴリー", Role::Category),
];

/// Known names, folded.
const SYNONYMS: [(&str, Role); 35] = [
    ("取引先会社名", Role::Company),
    ("会社名", Role::Company),
    ("会社", Role::Company),
    ("企業名", Role::Company),
    ("法人名", Role::Company),
    ("company", Role::Company),
    ("companyname", Role::Company),
    ("取引先担当者名", Role::Person),
    ("担当者名", Role::Person),
    ("担当者", Role::Person),
    ("氏名", Role::Person),
    ("名前", Role::Person),
    ("お名前", Role::Person),
    ("person", Role::Person),
    ("name", Role::Person),
    ("電話番号", Role::Phone),
    ("電話", Role::Phone),
    ("tel", Role::Phone),
    ("phone", Role::Phone),
    ("phonenumber", Role::Phone),
    ("telephone", Role::Phone),
    ("カテゴリー", Role::Category),
    ("カテゴリ", Role::Category),
    ("category", Role::Category),
    ("categories", Role::Category),
    ("最終結果", Role::Ours),
    ("最終通話日時", Role::Ours),
    ("回数", Role::Ours),
    ("メモ", Role::Ours),
    ("エラー行", Role::Ours),
    ("エラー列", Role::Ours),
    ("エラーコード", Role::Ours),
    ("エラー内容", Role::Ours),
    ("error_line", Role::Ours),
    ("error_code", Role::Ours),
];
const PHONE_WORDS: [&str; 5] = ["電話", "携帯", "tel", "phone", "mobile"];

#[cfg(test)]
mod tests {
    use super::super::table::Table;
    use super::super::{Encoding, encoding::TextStream};
    use super::*;

    fn record(line: &str) -> Record {
        let bytes = std::io::Cursor::new(line.as_bytes().to_vec());
        let stream = TextStream::new(Box::new(bytes), Encoding::Utf8).unwrap();
        let mut record = Record::default();
        assert!(Table::new(stream, String::new(), b',').read(&mut record).unwrap());
        record
    }

    fn roles(line: &str) -> Option<Vec<Role>> {
        read(&record(line), HeaderMode::Auto).unwrap().map(|columns| columns.roles)
    }

    #[test]
    fn synonyms_are_known_in_any_order_and_width() {
        let canonical = vec![Role::Company, Role::Person, Role::Phone, Role::Category];
        for line in [
            "取引先会社名,取引先担当者名,電話番号,カテゴリー",
            " 取引先会社名 ,取引先担当者名,電話番号 ,カテゴリ",
            "会社名,担当者名,ＴＥＬ,カテゴリー",
            "company,person,phone,category",
            "Company Name,Name,Phone Number,Categories",
        ] {
            assert_eq!(roles(line), Some(canonical.clone()), "{line}");
        }
        assert_eq!(roles("tel,氏名"), Some(vec![Role::Phone, Role::Person]));
        assert_eq!(roles("電話番号,住所,最終結果").unwrap(), [Role::Phone, Role::Attribute, Role::Ours]);
    }

    #[test]
    fn a_row_with_a_number_is_data() {
        for line in [
            "会社名,担当者名,0312345678,電話番号",
            "山田商店,山田,0312345678",
            "株式会社電話,山田,0312345678",
        ] {
            assert_eq!(roles(line), None, "{line}");
        }
        assert!(read(&record("会社名,電話番号"), HeaderMode::None).unwrap().is_none());
    }

    #[test]
    fn wrong_headers_say_what_was_found() {
        let missing = read(&record("会社名,担当者名,携帯"), HeaderMode::Auto).unwrap_err();
        assert_eq!(missing.code, Code::CsvHeader);
        assert!(missing.detail.contains("found: 会社名,担当者名,携帯"), "{}", missing.detail);
        assert_eq!(read(&record("a,0312345678"), HeaderMode::Required).unwrap_err().code, Code::CsvHeader);
        for line in ["電話番号,電話番号", "会社名,取引先会社名,電話番号", "電話番号,住所,住所"]
        {
            assert_eq!(read(&record(line), HeaderMode::Auto).unwrap_err().code, Code::CsvHeaderDup, "{line}");
        }
        let columns = read(&record("電話番号,電話番号2,携帯,,"), HeaderMode::Auto).unwrap().unwrap();
        assert_eq!(columns.ignored_phones.len(), 2);
        assert_eq!(&*columns.names[3], "列4");
    }
}
