use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::code::Code;
use crate::export::{STROKE, excluded_reason, strip_neutraliser};
use crate::id::UserId;
use crate::model::is_mail_address;
use crate::phone::{AutoDial, Clir, FurtherPhone, ParsedPhone, Phone};
use crate::sqlite::{HasNames, Known};
use crate::time::parse_japan_time;

use super::header::{Columns, Role, is_number};
use super::options::{ImportOptions, RequiredNames};
use super::table::Record;

/// One row that is good to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// Physical line in the file, from 1.
    pub line: u64,
    /// Company, trimmed; `None` when the cell is empty.
    pub company: Option<String>,
    /// Person, trimmed; `None` when the cell is empty.
    pub person: Option<String>,
    /// The number that is dialed.
    pub phone: Phone,
    /// The phone cell as it stood in the file.
    pub raw_phone: String,
    /// What the number is, where our own export said it (追加電話番号).
    pub label: Option<Arc<str>>,
    /// Mail address, of contacts only; `None` says nothing, an empty one takes it away.
    pub email: Option<String>,
    /// Whose it is, of contacts only; `None` says nothing, `Some(None)` nobody's.
    pub owner: Option<Option<UserId>>,
    /// Who owns the number from now on, of leads only; `None` says nothing.
    pub assigned: Option<UserId>,
    /// A new lead of it is 発信対象外, and why; empty where the file does not say.
    pub excluded: Option<String>,
    /// 184 or 186 of the phone cell.
    pub clir: Option<Clir>,
    /// Extension of its number, digits.
    pub ext: Option<String>,
    /// Further numbers of the phone cell and of the columns named as further phones.
    pub extra_phones: Vec<ExtraPhone>,
    /// Categories, each once, in the order of the file.
    pub categories: Vec<String>,
    /// Other columns that have content: name and text; where empty cells blank what is there, the empty ones too.
    pub attributes: Vec<(Arc<str>, String)>,
    /// Line of the earlier row with the same number that this one supersedes (policy `last`).
    pub replaces: Option<u64>,
    /// It adds to that earlier row instead (policy `merge`).
    pub joins: bool,
}

/// A further number of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraPhone {
    /// The number.
    pub phone: Phone,
    /// Name of its column, where it has one of its own.
    pub label: Option<Arc<str>>,
    /// Its extension, digits.
    pub ext: Option<String>,
    /// The column it stood in, from 0.
    pub column: usize,
}

/// What one record came to: a row unless one of the problems is an error.
pub(super) struct Judged {
    pub(super) row: Option<ImportRow>,
    /// Code, and the column to blame.
    pub(super) problems: Vec<(Code, Option<usize>)>,
}

/// `known` is asked for users; `names`, where the row lacks some, for those that its number has afterwards all the same.
pub(super) fn judge(
    record: &Record,
    columns: &Columns,
    options: &ImportOptions,
    known: &mut Option<Known>,
    names: impl FnOnce(&mut Option<Known>, &Phone) -> HasNames,
) -> Judged {
    let mut problems = Vec::new();
    let column = |role| columns.index(role);
    if record.too_many_cells {
        problems.push((Code::CsvColumns, None));
    }
    if record.stray_quote.is_some() {
        problems.push((Code::CsvQuoteStray, record.stray_quote));
    }
    for (at, cell) in record.cells().enumerate() {
        if columns.roles.get(at) != Some(&Role::Ours) && cell.chars().any(is_unreadable) {
            problems.push((Code::CsvChar, Some(at)));
        }
    }
    let company = text(record, column(Role::Company), &mut problems);
    let person = text(record, column(Role::Person), &mut problems);
    let phone_column = column(Role::Phone);
    let raw_phone = phone_column.map_or("", |at| record.cell(at));
    let phone = Phone::parse(raw_phone);
    let mut has = HasNames { company: company.is_some(), person: person.is_some() };
    // What is there already stays, so it need not be said again.
    if let Ok(parsed) = &phone
        && !missing(options.required, has).is_empty()
    {
        let there = names(known, &parsed.phone);
        has = HasNames { company: has.company || there.company, person: has.person || there.person };
    }
    for code in missing(options.required, has) {
        let (company, person) = (column(Role::Company), column(Role::Person));
        let at = match code {
            Code::ReqCompany => company,
            Code::ReqPerson => person,
            _ => company.or(person),
        };
        problems.push((*code, at));
    }
    let given = text(record, column(Role::GivenName), &mut problems);
    let person = match (person, given) {
        (Some(family), Some(given)) => Some(format!("{family} {given}")),
        (one, other) => one.or(other),
    };
    let categories = categories(record, columns, options.max_categories, &mut problems);
    let parsed = match phone {
        Ok(parsed) => {
            let of_calls =
                |code: &Code| matches!(code, Code::PhoneFreephone | Code::PhoneExtra | Code::PhoneExt);
            let doubts = parsed.warnings.iter().filter(|code| !(options.no_call && of_calls(code)));
            problems.extend(doubts.map(|code| (*code, phone_column)));
            if parsed.phone.auto_dial() == AutoDial::Deny {
                problems.push((Code::PhoneForbidden, phone_column));
            }
            warn_ext(&parsed, phone_column, &mut problems);
            Some(parsed)
        }
        Err(error) => {
            problems.push((error.code, phone_column));
            None
        }
    };
    let further = further_phones(record, columns, &mut problems);
    let email = email(record, column(Role::Email), options.overwrite_empty, &mut problems);
    let mut users = known.as_mut().filter(|_| options.owners);
    let owner = user(record, column(Role::Owner), users.as_deref_mut(), &mut problems);
    let assigned = user(record, column(Role::Assigned), users, &mut problems).flatten();
    let excluded = column(Role::Excluded)
        .and_then(|at| excluded_reason(strip_neutraliser(record.cell(at).trim())).map(str::to_owned));
    for &[what, why] in options.reasoned {
        let place = |name: &str| columns.names.iter().position(|known| **known == *name);
        let filled = |name: &str| place(name).is_some_and(|at| !record.cell(at).trim().is_empty());
        if filled(what) && !filled(why) {
            problems.push((Code::ReasonRequired, place(why).or(place(what))));
        }
    }
    if let Some(known) = &options.projects {
        let at = columns.names.iter().position(|name| PROJECT.contains(&&**name));
        let name = at.map_or("", |at| strip_neutraliser(record.cell(at).trim()));
        if !name.is_empty() && !known.contains_key(name) {
            problems.push((Code::ProjectUnknown, at));
        }
    }
    for name in options.times {
        let at = columns.names.iter().position(|known| **known == **name);
        let cell = at.map_or("", |at| record.cell(at).trim());
        if !cell.is_empty() && parse_japan_time(strip_neutraliser(cell)).is_none() {
            problems.push((Code::TimeInvalid, at));
        }
    }
    let refused = problems.iter().any(|(code, _)| !code.is_warning());
    let row = parsed.filter(|_| !refused).map(|parsed| ImportRow {
        label: further.iter().find(|one| one.phone == parsed.phone).and_then(|one| one.label.clone()),
        extra_phones: extra_phones(&parsed.phone, (parsed.extra, phone_column.unwrap_or_default()), further),
        email,
        owner,
        assigned,
        excluded,
        line: record.line,
        company,
        person,
        phone: parsed.phone,
        raw_phone: raw_phone.to_owned(),
        clir: parsed.clir,
        ext: parsed.ext,
        categories,
        // A contact has no columns of its own.
        attributes: if options.contacts {
            Vec::new()
        } else {
            attributes(record, columns, options.overwrite_empty)
        },
        replaces: None,
        joins: false,
    });
    Judged { row, problems }
}

/// The names that a row must have and has not.
fn missing(required: RequiredNames, has: HasNames) -> &'static [Code] {
    match (required, has.company, has.person) {
        (RequiredNames::Either, false, false) => &[Code::ReqName],
        (RequiredNames::Both, false, false) => &[Code::ReqCompany, Code::ReqPerson],
        (RequiredNames::Both, false, true) => &[Code::ReqCompany],
        (RequiredNames::Both | RequiredNames::Person, _, false) => &[Code::ReqPerson],
        _ => &[],
    }
}

/// The numbers of columns that were named as further phones; an empty cell is none.
fn further_phones(
    record: &Record,
    columns: &Columns,
    problems: &mut Vec<(Code, Option<usize>)>,
) -> Vec<ExtraPhone> {
    let mut further = Vec::new();
    for at in columns.all(Role::ExtraPhone) {
        if record.cell(at).trim().is_empty() {
            continue;
        }
        match Phone::parse(record.cell(at)) {
            Ok(parsed) => {
                problems.extend(parsed.warnings.iter().map(|code| (*code, Some(at))));
                let label = Some(Arc::clone(&columns.names[at]));
                warn_ext(&parsed, Some(at), problems);
                let first = FurtherPhone { phone: parsed.phone, ext: parsed.ext };
                let phones = std::iter::once(first).chain(parsed.extra);
                further.extend(phones.map(|FurtherPhone { phone, ext }| ExtraPhone {
                    phone,
                    label: label.clone(),
                    ext,
                    column: at,
                }));
            }
            Err(error) => problems.push((error.code, Some(at))),
        }
    }
    for at in columns.all(Role::Labelled) {
        let lines = strip_neutraliser(record.cell(at)).lines().filter(|line| !line.trim().is_empty());
        for (label, number) in lines.flat_map(labelled) {
            match Phone::parse(number) {
                Ok(parsed) => {
                    let label = label.filter(|label| !label.is_empty()).map(Arc::from);
                    further.push(ExtraPhone { phone: parsed.phone, label, ext: parsed.ext, column: at });
                }
                Err(error) => problems.push((error.code, Some(at))),
            }
        }
    }
    further
}

/// The numbers of a line with their labels: one, or several of a file whose lines could not break. A stroke with no number
/// on a side of it belongs to a label.
fn labelled(line: &str) -> Vec<(Option<&str>, &str)> {
    fn one(text: &str) -> (Option<&str>, &str) {
        // A number has no colon; a label may.
        text.rsplit_once([':', '：']).map_or((None, text), |(label, number)| (Some(label.trim()), number))
    }
    let parts: Vec<_> = line.split(STROKE).map(one).collect();
    if parts.iter().all(|(_, number)| Phone::parse(number).is_ok()) { parts } else { vec![one(line)] }
}

fn warn_ext(parsed: &ParsedPhone, column: Option<usize>, problems: &mut Vec<(Code, Option<usize>)>) {
    if parsed.ext.is_some() || parsed.extra.iter().any(|further| further.ext.is_some()) {
        problems.push((Code::PhoneExt, column));
    }
}

/// Each number once, without the one that is dialed.
fn extra_phones(
    dialed: &Phone,
    (of_cell, column): (Vec<FurtherPhone>, usize),
    further: Vec<ExtraPhone>,
) -> Vec<ExtraPhone> {
    let mut extra: Vec<ExtraPhone> = Vec::new();
    let of_cell =
        of_cell.into_iter().map(|FurtherPhone { phone, ext }| ExtraPhone { phone, label: None, ext, column });
    for one in of_cell.chain(further) {
        if one.phone != *dialed && extra.iter().all(|known| known.phone != one.phone) {
            extra.push(one);
        }
    }
    extra
}

/// One that is none is left out, with a warning.
fn email(
    record: &Record,
    column: Option<usize>,
    blanks: bool,
    problems: &mut Vec<(Code, Option<usize>)>,
) -> Option<String> {
    let text = strip_neutraliser(record.cell(column?).trim());
    if text.is_empty() {
        return blanks.then(String::new);
    }
    if !is_mail_address(text) {
        problems.push((Code::EmailInvalid, column));
        return None;
    }
    Some(text.to_owned())
}

/// One whom nobody knows is refused: the row would be somebody else's.
fn user(
    record: &Record,
    column: Option<usize>,
    users: Option<&mut Known>,
    problems: &mut Vec<(Code, Option<usize>)>,
) -> Option<Option<UserId>> {
    let (users, login) = (users?, strip_neutraliser(record.cell(column?).trim()));
    if login.is_empty() {
        return Some(None);
    }
    let known = users.user(login);
    if known.is_none() {
        problems.push((Code::OwnerUnknown, column));
    }
    known.map(Some)
}

fn text(record: &Record, column: Option<usize>, problems: &mut Vec<(Code, Option<usize>)>) -> Option<String> {
    let text = strip_neutraliser(record.cell(column?).trim());
    if text.is_empty() {
        return None;
    }
    warn_long(text, column, problems);
    Some(text.to_owned())
}

fn categories(
    record: &Record,
    columns: &Columns,
    most: usize,
    problems: &mut Vec<(Code, Option<usize>)>,
) -> Vec<String> {
    let column = columns.index(Role::Category);
    let mut categories: Vec<String> = Vec::new();
    let cell = column.map_or("", |at| record.cell(at));
    for name in
        strip_neutraliser(cell.trim()).split(['|', '｜']).map(str::trim).filter(|name| !name.is_empty())
    {
        // ＡとA, ｱとア are one category; the first spelling stays.
        if categories.iter().any(|known| known == name || known.nfkc().eq(name.nfkc())) {
            continue;
        }
        // Nobody said that it is one.
        if columns.guessed
            && name.starts_with(|c: char| c.is_numeric() || matches!(c, '+' | '＋'))
            && is_number(name)
        {
            problems.push((Code::ColIgnored, column));
            continue;
        }
        // One more than allowed is enough to know; a cell may hold thousands.
        if categories.len() == most {
            problems.push((Code::CatLimit, column));
            break;
        }
        warn_long(name, column, problems);
        categories.push(name.to_owned());
    }
    categories
}

fn warn_long(text: &str, column: Option<usize>, problems: &mut Vec<(Code, Option<usize>)>) {
    if text.len() > SUITABLE_CHARS
        && text.chars().count() > SUITABLE_CHARS
        && !problems.contains(&(Code::Long, column))
    {
        problems.push((Code::Long, column));
    }
}

fn attributes(record: &Record, columns: &Columns, blanks: bool) -> Vec<(Arc<str>, String)> {
    let named = columns.names.iter().zip(&columns.roles).enumerate();
    named
        .filter(|(at, (_, role))| {
            **role == Role::Attribute && (blanks || !record.cell(*at).trim().is_empty())
        })
        .map(|(at, (name, _))| (Arc::clone(name), strip_neutraliser(record.cell(at).trim()).to_owned()))
        .collect()
}

/// Undecodable, private use (gaiji have no meaning outside the PC that made them), or a control character.
fn is_unreadable(c: char) -> bool {
    match c {
        '\n' | '\r' | '\t' => false,
        '\u{FFFD}' | '\u{E000}'..='\u{F8FF}' => true,
        c => c.is_control(),
    }
}

/// Names and categories longer than this, in characters, fit no screen.
const SUITABLE_CHARS: usize = 30;
/// The columns that name a project.
const PROJECT: [&str; 2] = ["案件", "project"];
