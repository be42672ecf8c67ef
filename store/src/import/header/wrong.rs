//! What is said of a first line that is no header, or not the one that is needed (S1.15).

use std::sync::Arc;

use super::super::head::Below;
use super::super::options::{ColumnMap, HeaderMode, ImportOptions, NamedColumn, RequiredNames};
use super::super::table::Record;
use super::super::words::looks_like_phone_name;
use super::{CANONICAL, Columns, Role, SHOWN_CELLS, is_number, looks_like_header, shorten};
use crate::error::Said;

impl Columns {
    /// What a header that must be one lacks, as it would be called; and the names that it has instead.
    pub(super) fn lacking(&self, options: &ImportOptions) -> (Vec<Said>, Vec<Arc<str>>) {
        let named = |role| Said::name(called(role, options));
        let (company, person) = (named(Role::Company), named(Role::Person));
        let by_hand: Vec<&str> = options.map.iter().map(|entry| entry.to.as_str()).collect();
        let others =
            self.attributes().filter(|name| !by_hand.contains(&&***name)).cloned().collect::<Vec<_>>();
        let has = |role| self.index(role).is_some();
        let mut lacking = Vec::new();
        if !has(Role::Phone) {
            lacking.push(named(Role::Phone));
        }
        // Where the names are fixed, another one may be meant for any of them.
        let all = options.fixed_names && !others.is_empty();
        let (no_company, no_person) = (!has(Role::Company), !has(Role::Person));
        match options.required {
            RequiredNames::Either if no_company && no_person => lacking.push(Said::new(
                format!("{}か{}", company.ja, person.ja),
                format!("{} or {}", company.en, person.en),
            )),
            RequiredNames::Person if no_person => lacking.push(person),
            required => {
                let wanted = all || required == RequiredNames::Both;
                let columns = [(company, no_company), (person, no_person)];
                lacking.extend(columns.into_iter().filter(|(_, no)| *no && wanted).map(|(name, _)| name));
            }
        }
        if all && !has(Role::Category) {
            lacking.push(named(Role::Category));
        }
        (lacking, others)
    }
}

impl Columns {
    /// A column that was meant by its number, where the file has fewer; with those that there are.
    pub(super) fn no_such_place(&self, entry: &ColumnMap, width: usize) -> Said {
        let from = shorten(&entry.from);
        let mut there = format!("#1–#{width}");
        if self.named {
            let names = self.names.iter().enumerate().take(SHOWN_CELLS);
            let each = names.map(|(at, name)| format!("#{} {}", at + 1, shorten(name)));
            there = each.collect::<Vec<_>>().join(", ");
        }
        Said::new(
            format!("列 {from} がありません。ファイルの列は{width}列です: {there}"),
            format!("no column {from}; the file has {width}: {there}"),
        )
    }
}

/// What the product calls one of the four columns, or else everybody.
fn called(role: Role, options: &ImportOptions) -> String {
    let column = match role {
        Role::Company => NamedColumn::Company,
        Role::Person => NamedColumn::Person,
        Role::Category => NamedColumn::Category,
        _ => NamedColumn::Phone,
    };
    let own = options.columns.iter().find(|(_, known)| *known == column).map(|(name, _)| name.as_str());
    let only = options.phone_column.as_deref().filter(|_| column == NamedColumn::Phone);
    let canonical = CANONICAL.iter().find(|(_, known)| *known == role).map_or("", |(name, _)| *name);
    only.or(own).unwrap_or(canonical).to_owned()
}

/// What a header lacks, what it has instead, and which column may be meant.
pub(super) fn wrong(first: &Record, below: &Below, columns: &Columns, options: &ImportOptions) -> Said {
    let expected: Vec<String> = CANONICAL.iter().map(|(_, role)| called(*role, options)).collect();
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
    let (lacking, others) = columns.lacking(options);
    let no_phone = columns.index(Role::Phone).is_none();
    let names = |names: &mut dyn Iterator<Item = &str>| {
        names.take(SHOWN_CELLS).map(shorten).collect::<Vec<_>>().join(",")
    };
    let found = names(&mut first.cells().map(str::trim));
    let (ja, en) =
        if no_phone { ("電話番号の列がありません。", "no phone column; ") } else { ("", "") };
    let mut ja = format!("{ja}必要な列: {expected}。ファイルの列: {found}。足りない列: ");
    let mut en = format!("{en}expected: {expected}; found: {found}; missing: ");
    ja.push_str(&names(&mut lacking.iter().map(|name| &*name.ja)));
    en.push_str(&names(&mut lacking.iter().map(|name| &*name.en)));
    if !others.is_empty() {
        let others = names(&mut others.iter().map(|name| &**name));
        ja.push_str(&format!("。知らない列: {others}"));
        en.push_str(&format!("; unknown: {others}"));
    }
    if options.header == HeaderMode::Auto && !looks_like_header(first, below) {
        ja.push_str("。1行目が列名でなければ --header none を付けてください");
        en.push_str("; if line 1 names no columns, add --header none");
    }
    let like = || first.cells().position(|cell| looks_like_phone_name(cell.trim()));
    let phone = below.column_of_numbers().or_else(like).filter(|_| no_phone);
    if lacking.len() > usize::from(no_phone) && (phone.is_some() || !no_phone) {
        ja.push_str("。どの列が何かは --map で指定できます(例: --map 会社名=列名)");
        en.push_str("; --map says what a column holds, such as --map 会社名=COLUMN");
    }
    if let Some(at) = phone {
        let name = first.cell(at).trim();
        let named = first.cells().filter(|cell| cell.trim() == name).count() == 1;
        let name = if named && !name.is_empty() { shorten(name) } else { format!("#{}", at + 1) };
        ja.push_str(&format!("。{name} が電話番号なら --map 電話番号={name} を付けてください"));
        en.push_str(&format!("; if it is {name}, add --map 電話番号={name}"));
    }
    Said::new(ja, en)
}

/// No line names the columns, and numbers stand in another one than theirs; `width`: of the first row.
pub(super) fn numbers_elsewhere(dialed: usize, place: usize, width: usize) -> Said {
    let (dialed, place) = (dialed + 1, place + 1);
    if width == 1 {
        return Said::fixed(
            "列名の行がなく、列は電話番号だけです。--map 電話番号=#1 を付けてください。会社名も担当者名もない番号を登録するには \
             --profile calltree --header none も付けてください",
            "no line names the columns, and there is one, of numbers: add --map 電話番号=#1, and --profile calltree --header none \
             where numbers that have no name are to be taken",
        );
    }
    let company = if place == 1 { 2 } else { 1 };
    Said::new(
        format!(
            "列名の行がなく、電話番号は{dialed}列目ではなく{place}列目にあります。1行目に列名を書くか、\
             --map 電話番号=#{place} --map 会社名=#{company} のように列を指定してください"
        ),
        format!(
            "no line names the columns, and numbers stand in column {place}, not {dialed}; name them in line 1, or add \
             --map such as --map 電話番号=#{place} --map 会社名=#{company}"
        ),
    )
}
