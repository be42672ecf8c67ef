//! Which column holds what.

use std::sync::Arc;

use crate::code::Code;
use crate::error::Said;
use crate::phone::Phone;

use super::error_csv::ADDED;
use super::head::Below;
use super::options::{ColumnMap, HeaderMode, ImportOptions, NamedColumn};
use super::table::{MOST_CELLS, Record};
use super::words::{
    LONGEST_NAME, contact_role, fold, is_column_name, looks_like_phone_name, role_of, says_what_it_is,
};
use crate::export::{OURS, RESULTS, strip_neutraliser};

/// What a column means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Company,
    Person,
    /// Given name, where [`Role::Person`] is the family name.
    GivenName,
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
    /// A line of the file named them: a cell beyond is of none that we know.
    named: bool,
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
        let mut columns =
            Self { names: Vec::new(), roles: Vec::new(), ignored_phones: Vec::new(), named: false };
        columns.widen(cells.max(CANONICAL.len()));
        columns
    }

    /// The same where a kind of file has its own.
    fn unnamed(cells: usize, names: &[&str]) -> Self {
        if names.is_empty() {
            return Self::positional(cells);
        }
        let mut columns =
            Self { names: Vec::new(), roles: Vec::new(), ignored_phones: Vec::new(), named: false };
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
            match CANONICAL.get(at).filter(|_| !self.named) {
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

    /// Results are ours in a file that we exported only, which has all of their columns; elsewhere, and where ours had to step
    /// aside, they are somebody's columns, and nothing of them may be lost.
    fn keep_common_names(&mut self) {
        let ours = |name: &str| format!("{name}{OURS}");
        let there = |name: &str| self.names.iter().any(|known| **known == *name);
        let exported = RESULTS.iter().all(|name| there(name) || there(&ours(name)));
        let theirs: Vec<&str> = RESULTS.into_iter().filter(|name| !exported || there(&ours(name))).collect();
        for (name, role) in self.names.iter().zip(&mut self.roles) {
            if theirs.contains(&&**name) {
                *role = Role::Attribute;
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

/// The columns of a file that begins with `first`, and whether that line names them. `below`: the rows behind it.
pub(super) fn read(
    first: &Record,
    below: &Below,
    options: &ImportOptions,
) -> Result<(Columns, bool), BadHeader> {
    let map = &options.map;
    // Whoever names a column by its name says that there is a header.
    let named = map.iter().any(|entry| !entry.from.starts_with(['#', '＃']));
    let header = match options.header {
        HeaderMode::None => is_our_own(first),
        HeaderMode::Required => true,
        HeaderMode::Auto if !options.unnamed.is_empty() => Phone::parse(first.cell(0).trim()).is_err(),
        HeaderMode::Auto => named || looks_like_header(first, below),
    };
    if !header {
        let mut columns = Columns::unnamed(first.len(), options.unnamed);
        columns.name_by_hand(map, options.contacts)?;
        return Ok((columns, false));
    }
    let mut columns =
        Columns { names: Vec::new(), roles: Vec::new(), ignored_phones: Vec::new(), named: true };
    for cell in first.cells() {
        let name = strip_neutraliser(cell.trim());
        let role = match named_role(name, options) {
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
        let known = !matches!(role, Role::Attribute | Role::Ours | Role::ExtraPhone);
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
        return Err(BadHeader { code: Code::CsvHeader, detail: no_phone_column(first, below) });
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

/// By the product's names, then by those that are always known.
fn named_role(name: &str, options: &ImportOptions) -> Role {
    let own = || options.columns.iter().find(|(known, _)| fold(known) == fold(name));
    match own().filter(|_| name.len() <= LONGEST_NAME).map(|(_, column)| *column) {
        Some(NamedColumn::Company) => Role::Company,
        Some(NamedColumn::Person) => Role::Person,
        Some(NamedColumn::GivenName) => Role::GivenName,
        Some(NamedColumn::FurtherPhone) => Role::ExtraPhone,
        None => role_of(name),
    }
}

/// Number of cells of `record` that are names of columns we know.
pub(super) fn known_names(record: &Record) -> usize {
    record.cells().filter(|cell| role_of(cell.trim()) != Role::Attribute).count()
}

/// A header holds no phone number, and names columns: a phone column, two columns we know, one by a name that nobody has, or nothing
/// but columns. Where one word only may be a name, the rows below decide: numbers stand under a text that is none.
fn looks_like_header(record: &Record, below: &Below) -> bool {
    let cells = || record.cells().map(str::trim).enumerate().filter(|(_, cell)| !cell.is_empty());
    if cells().any(|(_, cell)| is_number(cell)) {
        return false;
    }
    let named = cells().filter(|(_, cell)| is_column_name(cell)).count();
    let others = cells().count() - named;
    let under_text = || {
        let over = below.column_of_numbers().map_or("", |at| record.cell(at).trim());
        !over.is_empty() && over.len() <= LONGEST_NAME && !is_placeholder(over)
    };
    let phone_name = |(at, cell): (usize, &str)| {
        role_of(cell) == Role::Phone || (looks_like_phone_name(cell) && below.has_numbers(at))
    };
    cells().any(phone_name)
        || cells().any(|(_, cell)| says_what_it_is(cell))
        || known_names(record) >= 2
        || (named > 0 && (others == 0 || under_text()))
}

/// Whether it names a phone column and another of ours; no row and no title does.
pub(super) fn is_sure_header(record: &Record) -> bool {
    let phone = record.cells().any(|cell| role_of(cell.trim()) == Role::Phone);
    phone && known_names(record) >= 2 && !record.cells().any(is_number)
}

/// The first line of a file that we wrote: refused rows, or an export. It is a header also where the product has none.
fn is_our_own(record: &Record) -> bool {
    let refused = ADDED.iter().all(|name| record.cells().any(|cell| cell == *name));
    refused || CANONICAL.iter().enumerate().all(|(at, (name, _))| record.cell(at) == *name)
}

/// Whether a cell is a phone number.
pub(super) fn is_number(cell: &str) -> bool {
    cell.len() <= LONGEST_NAME && Phone::parse(cell).is_ok()
}

/// What stands where a row has no number: `なし`, `不明`, `-`, or digits that are none.
fn is_placeholder(cell: &str) -> bool {
    let folded = fold(cell);
    folded.is_empty()
        || folded.chars().any(|c| c.is_ascii_digit())
        || folded.chars().all(|c| !c.is_alphabetic())
        || PLACEHOLDERS.contains(&folded.as_str())
}

/// What was found instead, and which column may be meant.
fn no_phone_column(first: &Record, below: &Below) -> Said {
    let expected: Vec<&str> = CANONICAL.iter().map(|(name, _)| *name).collect();
    let expected = expected.join(",");
    if first.cells().any(is_number) {
        // It is a row, and a row is told to nobody here.
        return Said::new(
            format!(
                "必要な列: {expected}。1行目に電話番号があります: 列名の行がなければ --header none を付けてください"
            ),
            format!(
                "expected: {expected}; line 1 holds a phone number: if no line names the columns, add --header none"
            ),
        );
    }
    let found: Vec<String> = first.cells().map(|cell| shorten(cell.trim())).take(SHOWN_CELLS).collect();
    let found = found.join(",");
    let mut ja = format!("電話番号の列がありません。必要な列: {expected}。ファイルの列: {found}");
    let mut en = format!("no phone column; expected: {expected}; found: {found}");
    let like = || first.cells().position(|cell| looks_like_phone_name(cell.trim()));
    if let Some(at) = below.column_of_numbers().or_else(like) {
        let name = first.cell(at).trim();
        let named = first.cells().filter(|cell| cell.trim() == name).count() == 1;
        let name = if named && !name.is_empty() { shorten(name) } else { format!("#{}", at + 1) };
        ja.push_str(&format!("。{name} がそれなら --map 電話番号={name} を付けてください"));
        en.push_str(&format!("; if it is {name}, add --map 電話番号={name}"));
    }
    Said::new(ja, en)
}

/// Whether a column of this name means something to us, so that it can be none of a list's own.
pub(crate) fn is_ours(name: &str) -> bool {
    role_of(name) != Role::Attribute && !matches!(name, "メモ" | "回数")
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Cells of a wrong header that are shown.
const SHOWN_CELLS: usize = 12;

/// What people write where there is no number, folded.
const PLACEHOLDERS: [&str; 9] = ["なし", "無し", "無", "不明", "未登録", "未定", "未確認", "none", "n/a"];
/// The four columns of a list, in their order.
const CANONICAL: [(&str, Role); 4] = [
    ("取引先会社名", Role::Company),
    ("取引先担当者名", Role::Person),
    ("電話番号", Role::Phone),
    ("カテゴリー", Role::Category),
];

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
        let (columns, header) = read(&record(line), &Below::default(), &mode(HeaderMode::Auto)).unwrap();
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
        // Results are ours where all of them are: another product's sheet has some of these names too.
        let theirs = roles("電話番号,住所,最終結果,メモ,最終通話日時").unwrap();
        assert_eq!(theirs, [Role::Phone, Role::Attribute, Role::Attribute, Role::Attribute, Role::Attribute]);
        let ours = roles("電話番号,メモ,最終結果,最終通話日時,回数,メモ(kakeru)").unwrap();
        assert_eq!(ours, [Role::Phone, Role::Attribute, Role::Ours, Role::Ours, Role::Ours, Role::Ours]);
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
        assert!(!read(&record("会社名,電話番号"), &Below::default(), &mode(HeaderMode::None)).unwrap().1);
    }

    fn auto(text: &str) -> Result<bool, BadHeader> {
        let below = Below::line(text, super::super::Delimiter::Comma, 0);
        read(&record(text), &below, &mode(HeaderMode::Auto)).map(|(_, header)| header)
    }

    /// S0.17: words that stand above columns only, or beside nothing but such, or above numbers.
    #[test]
    fn a_line_of_names_is_a_header_also_without_a_phone_column() {
        for (text, advice) in [
            ("会社名,住所\nA社,東京都\nB社,大阪府\n", None),
            ("会社名,本社\nA社,東京都\n", None),
            ("住所,備考\n東京都,大口\n", None),
            ("会社名,住所,代表\nA社,東京都,0312345678\nB社,大阪府,0612345678\n", Some("代表")),
            ("会社,本社,代表\nA社,東京都,0312345678\nB社,大阪府,0612345678\n", Some("代表")),
            (
                "店,本社,お電話\nA社,東京都,0312345678\nB社,大阪府,不明\nC社,大阪府,0612345678\n",
                Some("お電話"),
            ),
            ("氏名,携帯\n山田,\n佐藤,\n", Some("携帯")),
            ("会社名,,\nA社,東京都,0312345678\n", Some("#3")),
        ] {
            let missing = auto(text).unwrap_err();
            assert_eq!(missing.code, Code::CsvHeader, "{text}");
            let advised = missing.detail.en.split_once("--map 電話番号=").map(|(_, name)| name);
            assert_eq!(advised, advice, "{text}: {}", missing.detail.en);
            assert_eq!(missing.detail.ja.contains("--map"), advice.is_some());
        }
    }

    #[test]
    fn a_row_without_a_number_is_a_row() {
        let rest = "\nB社,佐藤,0612345678\nC社,鈴木,0522345678\n";
        for line in [
            "山田商店,山田,",
            "山田商店,担当者,",
            "山田商店,担当者,なし",
            "山田商店,ご担当者様,不明",
            "山田商店,担当者,03-1234",
            "日本電話工業,山田,",
            "Hotel Okura,山田,",
            "Hotel Okura,,",
            "携帯ショップ,山田,-",
            "山田商店,山田,調査中",
        ] {
            assert!(!auto(&format!("{line}{rest}")).unwrap(), "{line}");
        }
        // Nor is a file without any number one of names.
        assert!(!auto("山田商店,山田\n佐藤商店,佐藤\n").unwrap());
    }

    /// S1.15, X1.
    #[test]
    fn wrong_headers_say_what_was_found() {
        let auto = mode(HeaderMode::Auto);
        let missing = read(&record("会社名,担当者名,携帯"), &Below::default(), &auto).unwrap_err();
        assert_eq!(missing.code, Code::CsvHeader);
        assert!(missing.detail.en.contains("found: 会社名,担当者名,携帯"), "{}", missing.detail.en);
        let required = mode(HeaderMode::Required);
        let row = read(&record("a,0312345678"), &Below::default(), &required).unwrap_err();
        assert_eq!(row.code, Code::CsvHeader);
        assert!(
            row.detail.en.ends_with("--header none") && !row.detail.en.contains("0312345678"),
            "{}",
            row.detail.en
        );
        for line in ["電話番号,電話番号", "会社名,取引先会社名,電話番号", "電話番号,住所,住所"]
        {
            assert_eq!(
                read(&record(line), &Below::default(), &auto).unwrap_err().code,
                Code::CsvHeaderDup,
                "{line}"
            );
        }
        let (columns, _) = read(&record("電話番号,電話番号2,携帯,,"), &Below::default(), &auto).unwrap();
        assert_eq!(columns.ignored_phones.len(), 2);
        assert_eq!(&*columns.names[3], "列4");
    }

    fn mapped(line: &str, map: &[&str]) -> Result<Columns, BadHeader> {
        let map = map.iter().map(|entry| entry.parse().unwrap()).collect();
        read(&record(line), &Below::default(), &ImportOptions { map, ..ImportOptions::default() })
            .map(|(columns, _)| columns)
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
        let (columns, _) = read(&record("会社名,TEL,電話番号"), &Below::default(), &only).unwrap();
        assert_eq!(columns.roles, [Role::Company, Role::Attribute, Role::Phone]);
        assert_eq!(&*columns.names[1], "TEL(列2)");
        assert_eq!(read(&record("会社名,TEL"), &Below::default(), &only).unwrap_err().code, Code::CsvHeader);
    }
}
