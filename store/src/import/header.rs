//! Which column holds what.

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::code::Code;
use crate::error::Said;
use crate::phone::Phone;

use super::options::{ColumnMap, HeaderMode, ImportOptions};
use super::table::{MOST_CELLS, Record};
use crate::export::{EMAIL, EXCLUDED, FURTHER, OURS, strip_neutraliser};

/// What a column means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Company,
    Person,
    Phone,
    /// A further number, labelled by the column's name.
    ExtraPhone,
    /// Further numbers with their labels, as our own export writes them.
    Labelled,
    Category,
    /// Mail address; of contacts only.
    Email,
    /// Login of the owner; of contacts only.
    Owner,
    /// Login of a new lead's owner; of dial lists only.
    Assigned,
    /// Whether a new lead is 発信対象外; of dial lists only.
    Excluded,
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
    pub(super) detail: Said,
}

impl Columns {
    /// The columns where no header names them: company, person, phone, categories, then anything.
    pub(super) fn positional(cells: usize) -> Self {
        let mut columns = Self { names: Vec::new(), roles: Vec::new(), ignored_phones: Vec::new() };
        columns.widen(cells.max(CANONICAL.len()));
        columns
    }

    /// The same where a kind of file has its own.
    fn unnamed(cells: usize, names: &[&str]) -> Self {
        if names.is_empty() {
            return Self::positional(cells);
        }
        let mut columns = Self { names: Vec::new(), roles: Vec::new(), ignored_phones: Vec::new() };
        for name in names {
            columns.push(name, role_of(name));
        }
        columns.widen(cells);
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

    /// Indexes of all columns with this role.
    pub(super) fn all(&self, role: Role) -> impl Iterator<Item = usize> {
        self.roles.iter().enumerate().filter(move |(_, known)| **known == role).map(|(at, _)| at)
    }

    /// メモ and 回数 are ours in a file that we exported only; elsewhere, and where ours had to step aside, they are somebody's
    /// columns.
    fn keep_common_names(&mut self) {
        let exported = self.names.iter().any(|name| **name == *"最終結果");
        for at in 0..self.names.len() {
            let ours = format!("{}{OURS}", self.names[at]);
            let theirs = !exported || self.names.iter().any(|name| **name == *ours);
            if theirs && matches!(&*self.names[at], "メモ" | "回数") {
                self.roles[at] = Role::Attribute;
            }
        }
    }

    /// Gives columns the roles that the user named by hand; what held such a role before is kept as text.
    fn name_by_hand(&mut self, map: &[ColumnMap], contacts: bool) -> Result<(), BadHeader> {
        let places: Vec<usize> = map.iter().map(|entry| self.find(entry)).collect::<Result<_, _>>()?;
        for place in &places {
            self.roles[*place] = Role::Attribute;
        }
        for (nth, (entry, place)) in map.iter().zip(&places).enumerate() {
            let role = match role_of(&entry.to) {
                _ if matches!(entry.to.as_str(), "-" | "無視") => Role::Ours,
                Role::Ours => Role::Attribute,
                Role::Attribute if contacts => contact_role(&entry.to),
                Role::Assigned | Role::Excluded if contacts => Role::Attribute,
                role => role,
            };
            let taken = self.index(role).filter(|_| !matches!(role, Role::Attribute | Role::Ours));
            let by_hand = taken.is_some_and(|at| places[..nth].contains(&at));
            let role = match taken {
                // The second phone column that was named: the first is dialed.
                Some(_) if by_hand && role == Role::Phone => Role::ExtraPhone,
                Some(_) if by_hand => {
                    return Err(BadHeader {
                        code: Code::CsvHeaderDup,
                        detail: Said::name(shorten(&entry.to)),
                    });
                }
                Some(at) => {
                    self.demote(at);
                    role
                }
                None => role,
            };
            if role == Role::Attribute {
                self.names[*place] = entry.to.as_str().into();
            }
            self.ignored_phones.retain(|name| *name != self.names[*place]);
            self.roles[*place] = role;
        }
        Ok(())
    }

    /// Kept as text, under a name that no export of ours can mistake for one of its own.
    fn demote(&mut self, at: usize) {
        self.roles[at] = Role::Attribute;
        self.names[at] = format!("{}(列{})", self.names[at], at + 1).into();
    }

    fn find(&mut self, entry: &ColumnMap) -> Result<usize, BadHeader> {
        if let Some(number) =
            entry.from.strip_prefix(['#', '＃']).and_then(|number| number.parse::<usize>().ok())
            && (1..=MOST_CELLS).contains(&number)
        {
            self.widen(number);
            return Ok(number - 1);
        }
        let wanted = fold(&entry.from);
        let exact = self.names.iter().position(|name| **name == *entry.from);
        exact.or_else(|| self.names.iter().position(|name| fold(name) == wanted)).ok_or_else(|| {
            let found: Vec<String> = self.names.iter().take(SHOWN_CELLS).map(|name| shorten(name)).collect();
            let (from, found) = (shorten(&entry.from), found.join(","));
            let detail = Said::new(
                format!("列 {from} がありません。ファイルの列: {found}"),
                format!("no column {from}; found: {found}"),
            );
            BadHeader { code: Code::CsvHeader, detail }
        })
    }

    /// Names of the columns that are kept as text, in their order.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &Arc<str>> {
        self.all(Role::Attribute).map(|at| &self.names[at])
    }

    /// Name of the column with this role, as the file spells it.
    pub(super) fn name(&self, role: Role) -> Option<Arc<str>> {
        self.index(role).map(|at| Arc::clone(&self.names[at]))
    }
}

/// The columns of a file that begins with `first`, and whether that line names them.
pub(super) fn read(first: &Record, options: &ImportOptions) -> Result<(Columns, bool), BadHeader> {
    let map = &options.map;
    // Whoever names a column by its name says that there is a header.
    let named = map.iter().any(|entry| !entry.from.starts_with(['#', '＃']));
    let header = match options.header {
        HeaderMode::None => false,
        HeaderMode::Required => true,
        HeaderMode::Auto if !options.unnamed.is_empty() => Phone::parse(first.cell(0).trim()).is_err(),
        HeaderMode::Auto => named || looks_like_header(first),
    };
    if !header {
        let mut columns = Columns::unnamed(first.len(), options.unnamed);
        columns.name_by_hand(map, options.contacts)?;
        return Ok((columns, false));
    }
    let mut columns = Columns { names: Vec::new(), roles: Vec::new(), ignored_phones: Vec::new() };
    for cell in first.cells() {
        let name = strip_neutraliser(cell.trim());
        let role = match role_of(name) {
            // Every other name is text (S4.39).
            Role::Phone if options.phone_column.as_ref().is_some_and(|only| only != name) => Role::Attribute,
            // A dial list keeps it as text.
            Role::Assigned | Role::Excluded if options.contacts => Role::Attribute,
            // Where the list has a column of this name, ours stands before it under a longer one.
            role @ (Role::Assigned | Role::Excluded) if columns.roles.contains(&role) => Role::Attribute,
            Role::Attribute if options.contacts => Some(contact_role(name))
                .filter(|role| !columns.roles.contains(role))
                .unwrap_or(Role::Attribute),
            role => role,
        };
        let known = !matches!(role, Role::Attribute | Role::Ours);
        let twice = columns.names.iter().any(|other| !name.is_empty() && **other == *name);
        if twice || (known && columns.roles.contains(&role) && map.is_empty()) {
            return Err(BadHeader { code: Code::CsvHeaderDup, detail: Said::name(shorten(name)) });
        }
        if role == Role::Attribute && looks_like_phone_name(name) {
            columns.ignored_phones.push(name.into());
        }
        columns.push(name, role);
    }
    columns.keep_common_names();
    columns.name_by_hand(map, options.contacts)?;
    for role in [Role::Company, Role::Person, Role::Phone, Role::Category] {
        if let Some(second) = columns.all(role).nth(1) {
            return Err(BadHeader {
                code: Code::CsvHeaderDup,
                detail: Said::name(shorten(&columns.names[second])),
            });
        }
    }
    if columns.index(Role::Phone).is_none() {
        let found: Vec<String> = first.cells().map(|cell| shorten(cell.trim())).take(SHOWN_CELLS).collect();
        let expected: Vec<&str> = CANONICAL.iter().map(|(name, _)| *name).collect();
        let (expected, found) = (expected.join(","), found.join(","));
        let detail = Said::new(
            format!("必要な列: {expected}。ファイルの列: {found}"),
            format!("expected: {expected}; found: {found}"),
        );
        return Err(BadHeader { code: Code::CsvHeader, detail });
    }
    for at in 0..columns.names.len() {
        if columns.roles[at] == Role::Attribute && matches!(&*columns.names[at], "メモ" | "回数") {
            continue;
        }
        if columns.names[at].is_empty() {
            columns.names[at] = format!("列{}", at + 1).into();
        }
        // A phone column under another name is text here, and must not become the phone column of our export.
        if columns.roles[at] == Role::Attribute && role_of(&columns.names[at]) != Role::Attribute {
            columns.demote(at);
        }
    }
    Ok((columns, true))
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
    if let Some(bare) = name.strip_suffix(OURS) {
        return Some(role_of(bare))
            .filter(|role| matches!(role, Role::Assigned | Role::Excluded))
            .unwrap_or(Role::Ours);
    }
    let folded = fold(name);
    SYNONYMS.iter().find(|(known, _)| *known == folded).map_or(Role::Attribute, |(_, role)| *role)
}

/// What a column means that only contacts have: `メールアドレス`, `E-mail`, `所有者ID`.
fn contact_role(name: &str) -> Role {
    if name.len() > LONGEST_NAME {
        return Role::Attribute;
    }
    match fold(name).as_str() {
        name if EMAIL_NAMES.contains(&name) => Role::Email,
        name if OWNER_NAMES.contains(&name) => Role::Owner,
        _ => Role::Attribute,
    }
}

/// Whether a column of this name means something to us, so that it can be none of a list's own.
pub(crate) fn is_ours(name: &str) -> bool {
    role_of(name) != Role::Attribute && !matches!(name, "メモ" | "回数")
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
const SYNONYMS: [(&str, Role); 39] = [
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
    (FURTHER, Role::Labelled),
    (EXCLUDED, Role::Excluded),
    ("発信担当者id", Role::Assigned),
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
    ("エラー対処", Role::Ours),
    ("error_line", Role::Ours),
    ("error_code", Role::Ours),
];
/// Names of the column of mail addresses, folded; the first is how our own export calls it.
const EMAIL_NAMES: [&str; 5] = [EMAIL, "メール", "email", "mail", "emailaddress"];
/// The same of the column of owners. A CRM's 所有者 or owner is a name, not a login.
const OWNER_NAMES: [&str; 2] = ["所有者id", "ownerlogin"];
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

    fn mode(header: HeaderMode) -> ImportOptions {
        ImportOptions { header, ..ImportOptions::default() }
    }

    fn roles(line: &str) -> Option<Vec<Role>> {
        let (columns, header) = read(&record(line), &mode(HeaderMode::Auto)).unwrap();
        header.then_some(columns.roles)
    }

    /// S1.8.
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
        assert!(!read(&record("会社名,電話番号"), &mode(HeaderMode::None)).unwrap().1);
    }

    /// S1.15, X1.
    #[test]
    fn wrong_headers_say_what_was_found() {
        let auto = mode(HeaderMode::Auto);
        let missing = read(&record("会社名,担当者名,携帯"), &auto).unwrap_err();
        assert_eq!(missing.code, Code::CsvHeader);
        assert!(missing.detail.en.contains("found: 会社名,担当者名,携帯"), "{}", missing.detail.en);
        let required = mode(HeaderMode::Required);
        assert_eq!(read(&record("a,0312345678"), &required).unwrap_err().code, Code::CsvHeader);
        for line in ["電話番号,電話番号", "会社名,取引先会社名,電話番号", "電話番号,住所,住所"]
        {
            assert_eq!(read(&record(line), &auto).unwrap_err().code, Code::CsvHeaderDup, "{line}");
        }
        let (columns, _) = read(&record("電話番号,電話番号2,携帯,,"), &auto).unwrap();
        assert_eq!(columns.ignored_phones.len(), 2);
        assert_eq!(&*columns.names[3], "列4");
    }

    fn mapped(line: &str, map: &[&str]) -> Result<Columns, BadHeader> {
        let map = map.iter().map(|entry| entry.parse().unwrap()).collect();
        read(&record(line), &ImportOptions { map, ..ImportOptions::default() }).map(|(columns, _)| columns)
    }

    /// S4.40: columns are named by hand, several phone columns too.
    #[test]
    fn columns_named_by_hand() {
        let line = "お客様,連絡先,携帯,TEL,備考";
        let columns = mapped(line, &["会社名=お客様", "電話番号=連絡先", "電話番号=携帯", "-=備考"]).unwrap();
        use Role::{Attribute, Company, ExtraPhone, Ours, Phone};
        assert_eq!(columns.roles, [Company, Phone, ExtraPhone, Attribute, Ours]);
        assert_eq!(
            &*columns.names[3], "TEL(列4)",
            "what was the phone column is text under a name of its own"
        );
        assert!(columns.ignored_phones.is_empty());
        let columns = mapped("a,0312345678,b", &["電話番号=#2", "会社名=#3", "備考=#1"]).unwrap();
        assert_eq!(columns.roles[..3], [Attribute, Phone, Company]);
        assert_eq!(&*columns.names[0], "備考");
        assert_eq!(mapped(line, &["電話番号=無い列"]).unwrap_err().code, Code::CsvHeader);
        assert_eq!(mapped(line, &["会社名=お客様", "会社名=備考"]).unwrap_err().code, Code::CsvHeaderDup);
    }

    /// S4.39: with the profile `calltree` only 電話番号 is the phone.
    #[test]
    fn one_name_only_is_the_phone_column() {
        let only =
            ImportOptions { phone_column: Some("電話番号".to_owned()), ..ImportOptions::default() };
        let (columns, _) = read(&record("会社名,TEL,電話番号"), &only).unwrap();
        assert_eq!(columns.roles, [Role::Company, Role::Attribute, Role::Phone]);
        assert_eq!(&*columns.names[1], "TEL(列2)");
        assert_eq!(read(&record("会社名,TEL"), &only).unwrap_err().code, Code::CsvHeader);
    }
}
