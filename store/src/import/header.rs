//! Which column holds what.

mod wrong;

use std::sync::Arc;

use crate::code::Code;
use crate::error::Said;
use crate::phone::Phone;

use super::found_csv::is_of_refused_rows;
use super::head::Below;
use super::options::{ColumnMap, HeaderMode, ImportOptions, NamedColumn};
use super::table::{MOST_CELLS, Record};
use super::words::{
    LONGEST_NAME, contact_role, fold, is_column_name, looks_like_phone_name, role_of, says_what_it_is,
    sounds_excluded,
};
use crate::export::{OURS, RESULTS, strip_neutraliser};
use wrong::{numbers_elsewhere, wrong};

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
    /// Nobody named them, and nobody said that nobody does: what is no category is none.
    pub(super) guessed: bool,
    /// Columns without a name in which nothing was found yet: they are none of the list's.
    nameless: Vec<usize>,
}

/// Why line 1 cannot be used.
#[derive(Debug)]
pub(super) struct BadHeader {
    pub(super) code: Code,
    /// What was expected and what was found.
    pub(super) detail: Said,
}

impl ColumnMap {
    /// The column that it means by its number, from 0.
    fn place(&self) -> Option<usize> {
        let number = self.from.strip_prefix(['#', '＃'])?.parse::<usize>().ok()?;
        (1..=MOST_CELLS).contains(&number).then(|| number - 1)
    }
}

impl Columns {
    /// The columns where no header names them: company, person, phone, categories, then anything.
    pub(super) fn positional(cells: usize) -> Self {
        let mut columns = Self::none(false);
        columns.widen(cells.max(CANONICAL.len()));
        columns
    }

    fn none(named: bool) -> Self {
        let (names, roles, ignored_phones, nameless) = Default::default();
        Self { names, roles, ignored_phones, named, guessed: false, nameless }
    }

    /// The same where a kind of file has its own.
    fn unnamed(cells: usize, names: &[&str]) -> Self {
        if names.is_empty() {
            return Self::positional(cells);
        }
        let mut columns = Self::none(false);
        for name in names {
            columns.push(name, role_of(name));
        }
        columns.widen(cells);
        columns
    }

    /// The same where nobody said that no line names the columns: numbers stand where they stand, and make no categories.
    fn guess(first: &Record, below: &Below, map: &[ColumnMap]) -> Result<Self, BadHeader> {
        let mut columns = Self::positional(first.len());
        columns.guessed = !map.iter().any(|entry| role_of(&entry.to) == Role::Category);
        let dialed = columns.index(Role::Phone).unwrap_or_default();
        let is_phone = |at: usize| is_number(first.cell(at)) || below.has_numbers(at);
        let place = (0..first.len()).find(|at| is_phone(*at));
        if let Some(place) = place.filter(|_| map.is_empty() && !is_phone(dialed) && below.count(dialed) == 0)
        {
            return Err(BadHeader {
                code: Code::CsvHeader,
                detail: numbers_elsewhere(dialed, place, first.len()),
            });
        }
        for at in dialed + 1..columns.names.len() {
            let is_category = columns.roles[at] == Role::Category;
            if is_phone(at) || (is_category && columns.guessed && below.is_of_numbers(at)) {
                if is_category && columns.guessed {
                    columns.names[at] = unnamed(at).into();
                    columns.roles[at] = Role::Attribute;
                }
                columns.ignored_phones.push(Arc::clone(&columns.names[at]));
            }
        }
        Ok(columns)
    }

    /// Makes room for rows that are wider than the header.
    pub(super) fn widen(&mut self, cells: usize) {
        while self.names.len() < cells {
            let at = self.names.len();
            match CANONICAL.get(at).filter(|_| !self.named) {
                Some((name, role)) if !self.roles.contains(role) => self.push(name, *role),
                _ => {
                    self.nameless.push(at);
                    self.push(&unnamed(at), Role::Attribute);
                }
            }
        }
    }

    /// Looks at a row for something in a column without a name; the columns that are some since.
    pub(super) fn fill(&mut self, record: &Record) -> Vec<usize> {
        let is_filled = |at: &usize| !record.cell(*at).trim().is_empty();
        if !self.nameless.iter().any(is_filled) {
            return Vec::new();
        }
        let (filled, empty) = self.nameless.iter().partition(|at| is_filled(at));
        self.nameless = empty;
        filled
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
    /// `width`: how many the file has, as far as its first rows tell.
    fn name_by_hand(&mut self, map: &[ColumnMap], contacts: bool, width: usize) -> Result<(), BadHeader> {
        let places: Vec<usize> = map.iter().map(|entry| self.find(entry, width)).collect::<Result<_, _>>()?;
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
            self.nameless.retain(|at| at != place);
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

    fn find(&mut self, entry: &ColumnMap, width: usize) -> Result<usize, BadHeader> {
        if let Some(place) = entry.place() {
            if place >= width {
                return Err(BadHeader { code: Code::CsvHeader, detail: self.no_such_place(entry, width) });
            }
            self.widen(place + 1);
            return Ok(place);
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

    /// Names of the columns that are kept as text, in their order; one without a name is none while nothing stands in it.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &Arc<str>> {
        self.all(Role::Attribute).filter(|at| !self.nameless.contains(at)).map(|at| &self.names[at])
    }

    /// Names of columns that are kept as text and sound as if they took leads out (対象外, 発信対象), where none does.
    pub(super) fn seem_to_exclude(&self, contacts: bool) -> impl Iterator<Item = Arc<str>> {
        let none = !contacts && self.index(Role::Excluded).is_none();
        self.all(Role::Attribute)
            .filter(move |_| none)
            .map(|at| &self.names[at])
            .filter(|name| sounds_excluded(name))
            .cloned()
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
    let width = first.len().max(below.width());
    // Whoever names a column by its name says that there is a header.
    let named = map.iter().any(|entry| !entry.from.starts_with(['#', '＃']));
    let header = match options.header {
        HeaderMode::None => is_our_own(first),
        HeaderMode::Required => true,
        HeaderMode::Auto if !options.unnamed.is_empty() => Phone::parse(first.cell(0).trim()).is_err(),
        HeaderMode::Auto => {
            named
                || names_of_product(first, options)
                || looks_like_header(first, below)
                || !looks_like_row(first, below, map)
        }
    };
    if !header {
        let guessed = options.header == HeaderMode::Auto && options.unnamed.is_empty();
        let mut columns = match guessed {
            true => Columns::guess(first, below, map)?,
            false => Columns::unnamed(first.len(), options.unnamed),
        };
        columns.name_by_hand(map, options.contacts, width)?;
        return Ok((columns, false));
    }
    // What may be a row is told as what it is: a line without a phone column.
    let sure = options.header == HeaderMode::Required
        || !map.is_empty()
        || names_of_product(first, options)
        || looks_like_header(first, below);
    let mut columns = Columns::none(true);
    // Which of two columns of one name is meant, their places say.
    let by_place: Vec<usize> = map.iter().filter_map(ColumnMap::place).collect();
    for (at, cell) in first.cells().enumerate() {
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
        let nameless = name.is_empty() || name == unnamed(at);
        let mut others = columns.names.iter().enumerate().filter(|(_, other)| ***other == *name);
        let twice = !name.is_empty()
            && !by_place.contains(&at)
            && others.any(|(other, _)| !by_place.contains(&other));
        if sure && (twice || (known && columns.roles.contains(&role) && map.is_empty())) {
            return Err(BadHeader { code: Code::CsvHeaderDup, detail: Said::name(shorten(name)) });
        }
        if role == Role::Attribute && looks_like_phone_name(name) {
            columns.ignored_phones.push(name.into());
        }
        if nameless {
            columns.nameless.push(at);
        }
        columns.push(name, role);
    }
    columns.keep_common_names();
    columns.name_by_hand(map, options.contacts, width)?;
    for role in [Role::Company, Role::Person, Role::Phone, Role::Category] {
        if let Some(second) = columns.all(role).nth(1) {
            return Err(BadHeader {
                code: Code::CsvHeaderDup,
                detail: Said::name(shorten(&columns.names[second])),
            });
        }
    }
    let strict = || options.header == HeaderMode::Required && !columns.lacking(options).0.is_empty();
    if columns.index(Role::Phone).is_none() || strict() {
        return Err(BadHeader { code: Code::CsvHeader, detail: wrong(first, below, &columns, options) });
    }
    for at in 0..columns.names.len() {
        if columns.roles[at] == Role::Attribute && matches!(&*columns.names[at], "メモ" | "回数") {
            continue;
        }
        if columns.names[at].is_empty() {
            columns.names[at] = unnamed(at).into();
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
        Some(NamedColumn::Phone) => Role::Phone,
        Some(NamedColumn::Category) => Role::Category,
        None => role_of(name),
    }
}

/// Whether it names the phone column as the product does, or two of its columns.
fn names_of_product(record: &Record, options: &ImportOptions) -> bool {
    let own = |name: &str| options.columns.iter().find(|(known, _)| fold(known) == fold(name));
    let found: Vec<NamedColumn> = record
        .cells()
        .map(str::trim)
        .filter(|cell| !cell.is_empty() && cell.len() <= LONGEST_NAME)
        .filter_map(|cell| own(cell).map(|(_, column)| *column))
        .collect();
    found.len() >= 2 || found.contains(&NamedColumn::Phone)
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

/// Whether the first line is a row although it may be without a number: nothing stands in it, or what people write where there is
/// no number, where the rows below have one.
fn looks_like_row(record: &Record, below: &Below, map: &[ColumnMap]) -> bool {
    let by_hand = map.iter().find(|entry| role_of(&entry.to) == Role::Phone).and_then(ColumnMap::place);
    let Some(over) = by_hand.or_else(|| below.column_of_numbers()).map(|at| record.cell(at).trim()) else {
        return true;
    };
    record.cells().any(is_number) || over.is_empty() || over.len() > LONGEST_NAME || is_placeholder(over)
}

/// Whether it names a phone column and another of ours; no row and no title does.
pub(super) fn is_sure_header(record: &Record) -> bool {
    let phone = record.cells().any(|cell| role_of(cell.trim()) == Role::Phone);
    phone && known_names(record) >= 2 && !record.cells().any(is_number)
}

/// The first line of a file that we wrote: refused rows, or an export. It is a header also where the product has none.
fn is_our_own(record: &Record) -> bool {
    is_of_refused_rows(record) || CANONICAL.iter().enumerate().all(|(at, (name, _))| record.cell(at) == *name)
}

/// Whether a cell is a phone number.
pub(super) fn is_number(cell: &str) -> bool {
    cell.len() <= LONGEST_NAME && Phone::parse(cell).is_ok()
}

/// What stands where a row has no number: `なし`, `不明`, `-`, or digits that are none.
fn is_placeholder(cell: &str) -> bool {
    let folded = fold(cell);
    let digits = folded.chars().filter(char::is_ascii_digit).count();
    let letters = folded.chars().filter(|c| c.is_alphabetic()).count();
    // 連絡先1 is a name.
    letters == 0 || digits >= letters || PLACEHOLDERS.iter().any(|word| folded.ends_with(word))
}

/// What a column without a name is called.
fn unnamed(at: usize) -> String {
    format!("列{}", at + 1)
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

/// What people write where there is no number, folded, or how it ends.
const PLACEHOLDERS: [&str; 11] =
    ["なし", "無し", "無", "不明", "未登録", "未定", "未確認", "調査中", "確認中", "none", "n/a"];
/// The four columns of a list, in their order.
const CANONICAL: [(&str, Role); 4] = [
    ("取引先会社名", Role::Company),
    ("取引先担当者名", Role::Person),
    ("電話番号", Role::Phone),
    ("カテゴリー", Role::Category),
];

#[cfg(test)]
mod tests;
