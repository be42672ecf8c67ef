//! A row as bytes, for sorting: what is written when its turn by number comes.

use std::sync::Arc;

use crate::id::UserId;
use crate::phone::{Clir, Phone};
use crate::staging::{NumberRow, Placed, StagedRow};

use super::ExtraPhone;

/// Appends a row: its length, then what [`take`] reads. Only a row that is again of a number keeps what a lead needs besides.
pub(super) fn put(out: &mut Vec<u8>, row: &StagedRow, placed: Placed) {
    let begin = out.len();
    out.extend([0; LENGTH]);
    let position = match placed {
        Placed::New(position) => position,
        Placed::Changed(change) => CHANGED - change,
        Placed::Same => SAME,
        Placed::Skipped => SKIPPED,
    };
    out.extend(position.to_le_bytes());
    let owner = row.owner.flatten();
    let excluded = row.excluded.as_deref();
    let flags = [
        row.joins,
        row.again,
        row.owner.is_some(),
        owner.is_some(),
        row.assigned.is_some(),
        excluded.is_some(),
    ];
    out.push((0..).zip(flags).fold(0, |sum, (at, flag)| sum | u8::from(flag) << at));
    for user in [owner, row.assigned].into_iter().flatten() {
        out.extend(user.0.to_le_bytes());
    }
    out.extend(row.line.to_le_bytes());
    text(out, row.phone.expose());
    maybe(out, row.company.as_deref());
    maybe(out, row.person.as_deref());
    maybe(out, row.ext.as_deref());
    maybe(out, row.label.as_deref());
    maybe(out, row.email.as_deref());
    number(out, row.categories.len());
    row.categories.iter().for_each(|name| text(out, name));
    number(out, row.extra_phones.len());
    for further in &row.extra_phones {
        text(out, further.phone.expose());
        maybe(out, further.label.as_deref());
        maybe(out, further.ext.as_deref());
        number(out, further.column);
    }
    // Of a lead that is there it is told that it is of no effect.
    if let Some(excluded) = excluded {
        text(out, excluded);
    }
    if row.again {
        text(out, &row.raw_phone);
        maybe(out, row.clir.map(Clir::digits));
        text(out, &row.name_key);
        number(out, row.attrs.len());
        for (name, value) in &row.attrs {
            text(out, name);
            text(out, value);
        }
    }
    let length = u32::try_from(out.len() - begin).unwrap_or(u32::MAX);
    if let Some(place) = out.get_mut(begin..begin + LENGTH) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

/// The bytes of the row that begins at `at`; `None` when they are not all there.
pub(super) fn record(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let rest = bytes.get(at..)?;
    let length = u32::from_le_bytes(*rest.first_chunk::<LENGTH>()?) as usize;
    rest.get(..length)
}

/// The row of a whole [`record`].
pub(super) fn take(record: &[u8]) -> Option<NumberRow> {
    let mut cells = Cells(record.get(LENGTH..)?);
    let placed = match i64::from_le_bytes(*cells.chunk()?) {
        SAME => Placed::Same,
        SKIPPED => Placed::Skipped,
        changed if changed < CHANGED => Placed::Changed(CHANGED - changed),
        position => Placed::New(position),
    };
    let [flags] = *cells.chunk()?;
    let [joins, again, says_owner, has_owner, has_assigned, is_excluded] =
        [1, 2, 4, 8, 16, 32].map(|flag| flags & flag != 0);
    let owner = if has_owner { Some(cells.user()?) } else { None };
    let owner = says_owner.then_some(owner);
    let assigned = if has_assigned { Some(cells.user()?) } else { None };
    let line = u64::from_le_bytes(*cells.chunk()?);
    let phone = Phone::from_e164(cells.text()?).ok()?;
    let (company, person) = (cells.maybe()?, cells.maybe()?);
    let ext = cells.maybe()?;
    let (label, email) = (cells.maybe()?.map(Arc::from), cells.maybe()?);
    let categories = (0..cells.number()?).map(|_| cells.text().map(str::to_owned)).collect::<Option<_>>()?;
    let further = |cells: &mut Cells<'_>| {
        let phone = Phone::from_e164(cells.text()?).ok()?;
        let label = cells.maybe()?.map(Arc::from);
        Some(ExtraPhone { phone, label, ext: cells.maybe()?, column: cells.number()? as usize })
    };
    let extra_phones = (0..cells.number()?).map(|_| further(&mut cells)).collect::<Option<_>>()?;
    let mut row = StagedRow {
        line,
        phone,
        ext,
        label,
        email,
        owner,
        assigned,
        excluded: if is_excluded { Some(cells.text()?.to_owned()) } else { None },
        kept: None,
        rests: None,
        raw_phone: String::new(),
        clir: None,
        company,
        person,
        categories,
        extra_phones,
        attrs: Vec::new(),
        name_key: String::new(),
        again,
        joins,
    };
    if again {
        row.raw_phone = cells.text()?.to_owned();
        row.clir = cells.maybe()?.as_deref().and_then(Clir::of_digits);
        row.name_key = cells.text()?.to_owned();
        let attr = |cells: &mut Cells<'_>| Some((Arc::from(cells.text()?), cells.text()?.to_owned()));
        row.attrs = (0..cells.number()?).map(|_| attr(&mut cells)).collect::<Option<_>>()?;
    }
    Some(NumberRow { row, placed })
}

fn number(out: &mut Vec<u8>, count: usize) {
    out.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len());
    out.extend(text.as_bytes());
}

fn maybe(out: &mut Vec<u8>, value: Option<&str>) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        text(out, value);
    }
}

/// What is left of a record.
struct Cells<'a>(&'a [u8]);

impl<'a> Cells<'a> {
    fn chunk<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(chunk)
    }

    fn user(&mut self) -> Option<UserId> {
        self.chunk().map(|bytes| UserId(u128::from_le_bytes(*bytes)))
    }

    fn number(&mut self) -> Option<u32> {
        self.chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.number()? as usize;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    /// `Some(None)`: there is none.
    fn maybe(&mut self) -> Option<Option<String>> {
        match *self.chunk()? {
            [0] => Some(None),
            _ => Some(Some(self.text()?.to_owned())),
        }
    }
}

const LENGTH: usize = 4;
/// Positions begin with 1.
const SAME: i64 = 0;
const SKIPPED: i64 = -1;
/// Minus the number of the change, from 1.
const CHANGED: i64 = -1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_as_it_was() {
        let phone = |number: &str| Phone::from_e164(number).unwrap();
        let row = StagedRow {
            line: 5_000_000_000,
            phone: phone("+81312345678"),
            ext: Some("12".into()),
            label: Some("代表".into()),
            email: Some("sato@example.jp".into()),
            owner: Some(Some(UserId(7))),
            assigned: Some(UserId(8)),
            excluded: Some("移転".into()),
            kept: None,
            rests: None,
            raw_phone: "184-03-1234-5678".into(),
            clir: Some(Clir::Suppress),
            company: Some("会社".into()),
            person: Some(String::new()),
            categories: vec!["甲".into(), "乙".into()],
            extra_phones: vec![
                ExtraPhone {
                    phone: phone("+81612345678"), label: Some("携帯".into()), ext: None, column: 4
                },
                ExtraPhone { phone: phone("+819012345678"), label: None, ext: Some("3".into()), column: 0 },
            ],
            attrs: vec![("住所".into(), "東京".into()), ("備考".into(), String::new())],
            name_key: "会社\u{1f}".into(),
            again: true,
            joins: true,
        };
        let mut bytes = Vec::new();
        put(&mut bytes, &row, Placed::Changed(1));
        let second = bytes.len();
        let first_of_its_number = StagedRow { again: false, joins: false, company: None, ..row.clone() };
        put(&mut bytes, &first_of_its_number, Placed::New(7));
        let third = bytes.len();
        put(&mut bytes, &row, Placed::Skipped);
        let back = take(record(&bytes, 0).unwrap()).unwrap();
        assert_eq!((format!("{:?}", back.row), back.placed), (format!("{row:?}"), Placed::Changed(1)));
        let back = take(record(&bytes, second).unwrap()).unwrap();
        assert_eq!((back.row.company, back.placed, back.row.again), (None, Placed::New(7), false));
        assert_eq!((back.row.categories, back.row.attrs.len()), (row.categories, 0));
        assert_eq!(take(record(&bytes, third).unwrap()).unwrap().placed, Placed::Skipped);
        for end in 0..second {
            assert!(record(&bytes[..end], 0).is_none(), "{end}");
        }
    }
}
