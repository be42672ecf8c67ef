//! What a form may hold: one judge for every way a contact is written by hand (S0.4–S0.8, S0.28).

use super::super::typed::{bounded, categories, doubts, text};
use crate::code::Code;
use crate::error::{Error, Result, Said};
use crate::import::RequiredNames;
use crate::model::{ContactDraft, PhoneDraft, is_mail_address};
use crate::phone::{AutoDial, FurtherPhone, Phone, PhoneError, Special};

/// A draft that is good to keep.
pub(super) struct Checked {
    pub(super) company: Option<String>,
    pub(super) person: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phones: Vec<Number>,
    pub(super) categories: Vec<String>,
    pub(super) warnings: Vec<Code>,
}

/// A number that is good to keep.
#[derive(Clone)]
pub(super) struct Number {
    pub(super) phone: Phone,
    pub(super) label: Option<String>,
    /// Its extension, digits.
    pub(super) ext: Option<String>,
}

/// Judges a whole draft, which has so many categories at `most`.
pub(super) fn check(draft: &ContactDraft, required: RequiredNames, most: usize) -> Result<Checked> {
    let mut warnings = Vec::new();
    let company = text(draft.company.as_deref(), &mut warnings)?;
    let person = text(draft.person.as_deref(), &mut warnings)?;
    names(company.as_deref(), person.as_deref(), required)?;
    let phones = phones(&draft.phones, &mut warnings)?;
    let categories = categories(&draft.categories, most, &mut warnings)?;
    let email = email(draft.email.as_deref())?;
    Ok(Checked { company, person, email, phones, categories, warnings })
}

/// Whether the names suffice (C2).
pub(super) fn names(company: Option<&str>, person: Option<&str>, required: RequiredNames) -> Result<()> {
    match required {
        RequiredNames::Both if company.is_none() => Err(Error::Invalid(Code::ReqCompany)),
        RequiredNames::Both | RequiredNames::Person if person.is_none() => {
            Err(Error::Invalid(Code::ReqPerson))
        }
        RequiredNames::Either if company.is_none() && person.is_none() => Err(Error::Invalid(Code::ReqName)),
        RequiredNames::Both | RequiredNames::Person | RequiredNames::Either | RequiredNames::None => Ok(()),
    }
}

pub(super) fn email(text: Option<&str>) -> Result<Option<String>> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if !is_mail_address(text) {
        return Err(Error::Value {
            what: "email",
            needs: Said::fixed("「sato@example.jp」の形", "an address such as sato@example.jp"),
        });
    }
    Ok(Some(text.to_owned()))
}

/// At least one number, none twice. Numbers that are never dialed have no place in a phone book of callers either.
pub(super) fn phones(drafts: &[PhoneDraft], warnings: &mut Vec<Code>) -> Result<Vec<Number>> {
    let mut phones: Vec<Number> = Vec::new();
    for draft in drafts.iter().filter(|draft| !draft.number.trim().is_empty()) {
        let parsed = Phone::parse(&draft.number).map_err(Error::Phone)?;
        doubts(&parsed, warnings);
        let label = text(draft.label.as_deref(), warnings)?;
        // Each of them is what the label says, as with a column of a file.
        let first = FurtherPhone { phone: parsed.phone, ext: parsed.ext };
        for FurtherPhone { phone, ext } in std::iter::once(first).chain(parsed.extra) {
            if phone.auto_dial() == AutoDial::Deny {
                let special = Special::of_phone(&phone);
                return Err(Error::Phone(PhoneError { code: Code::PhoneForbidden, special }));
            }
            if phones.iter().any(|known| known.phone == phone) {
                return Err(Error::Invalid(Code::CsvDupPhone));
            }
            if phones.len() == MOST_PHONES {
                return Err(Error::Value {
                    what: "phones",
                    needs: Said::fixed("20件まで", "at most 20 numbers"),
                });
            }
            phones.push(Number { phone, label: label.clone(), ext });
        }
    }
    // A file has the further ones in one cell.
    bounded(phones.iter().map(|one| one.label.as_ref().map_or(0, String::len) + NUMBER_BYTES).sum())?;
    if phones.is_empty() { Err(Error::Invalid(Code::ReqPhone)) } else { Ok(phones) }
}

const MOST_PHONES: usize = 20;
/// More than a number takes with what parts it from the next.
const NUMBER_BYTES: usize = 32;
