//! The contact book.

use serde::{Deserialize, Serialize};

params! {
    /// `contact.add`.
    ContactAdd {
        /// Company (取引先会社名).
        company: Option<String>,
        /// Person (取引先担当者名).
        person: Option<String>,
        /// Mail address.
        email: Option<String>,
        /// Numbers, the main one first.
        numbers: Vec<ContactNumber>,
        /// Categories.
        #[serde(default)]
        categories: Vec<String>,
        /// Owner, by login; `None` = whoever adds it.
        owner: Option<String>,
        /// Overwrite the contact that has the first number already.
        #[serde(default)]
        overwrite: bool,
    }
    /// `contact.create_from_call`: the number is the call's.
    ContactCreateFromCall {
        /// The call.
        attempt: String,
        /// Company (取引先会社名).
        company: Option<String>,
        /// Person (取引先担当者名).
        person: Option<String>,
        /// Mail address.
        email: Option<String>,
        /// Categories.
        #[serde(default)]
        categories: Vec<String>,
    }
    /// `contact.show`.
    ContactShow {
        /// The contact, by id or by one of its numbers.
        contact: String,
    }
    /// `contact.ls`: oldest first.
    ContactLs {
        /// Only those whose names or numbers hold this; width, case and kana do not matter.
        text: Option<String>,
        /// Only this category.
        category: Option<String>,
        /// Only this owner's, by login.
        owner: Option<String>,
        /// Only those that were made by themselves from calls.
        #[serde(default)]
        stubs: bool,
        /// Only what lies in the bin.
        #[serde(default)]
        trash: bool,
        /// Behind this contact: the `next` of the last page.
        after: Option<String>,
        /// How many, 1 to 1000; `None` = 100.
        limit: Option<u32>,
    }
    /// `contact.edit`: what is left out stays, an empty text blanks.
    ContactEdit {
        /// The contact, by id or by one of its numbers.
        contact: String,
        /// The version that was looked at; a newer one refuses with `E-STALE`.
        version: Option<u64>,
        /// Company.
        company: Option<String>,
        /// Person.
        person: Option<String>,
        /// Mail address.
        email: Option<String>,
        /// All numbers.
        numbers: Option<Vec<ContactNumber>>,
        /// All categories.
        categories: Option<Vec<String>>,
        /// Owner, by login; empty = nobody.
        owner: Option<String>,
    }
    /// `contact.delete`: all or none.
    ContactDelete {
        /// The contacts, by id or by one of their numbers.
        contacts: Vec<String>,
    }
    /// `contact.undo`: out of the bin, within 30 days.
    ContactUndo {
        /// The contact, by id.
        contact: String,
    }
    /// `contact.export`.
    ContactExport {
        /// File to write, only for the daemon's own user and root; `None` = fetch it with `list.download`.
        path: Option<String>,
        /// `utf-8-bom`, `utf-8`, `cp932`; `None` = `utf-8-bom`.
        encoding: Option<String>,
        /// Leave cells alone that a spreadsheet would run as formulas.
        #[serde(default)]
        raw: bool,
    }
    /// `category.ls`.
    CategoryLs {}
    /// `category.delete`: what carries it stays.
    CategoryDelete {
        /// The category.
        name: String,
    }
}

/// A number of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactNumber {
    /// In any form people write.
    pub number: String,
    /// What it is: `main`, `mobile`, …
    pub label: Option<String>,
}
