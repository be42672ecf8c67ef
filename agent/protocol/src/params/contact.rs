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
        /// Login of the owner; `None` = whoever asks.
        owner: Option<String>,
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
        /// Only tells what would go with them.
        #[serde(default)]
        dry_run: bool,
    }
    /// `contact.undo`: out of the bin, within 30 days.
    ContactUndo {
        /// The contact, by id.
        contact: String,
    }
    /// `contact.import`.
    ContactImport {
        /// A file the daemon can read; only for the daemon's own user and root.
        path: Option<String>,
        /// What `list.upload` sent.
        upload: Option<String>,
        /// File name for reports, when it was uploaded.
        file: Option<String>,
        /// `auto`, `utf-8`, `utf-8-bom`, `cp932`, `utf-16le`, …; `None` = `auto`.
        encoding: Option<String>,
        /// `auto`, `comma`, `tab`, `semicolon`; `None` = `auto`.
        delimiter: Option<String>,
        /// `auto`, `none`, `required`; `None` = the profile's.
        header: Option<String>,
        /// The rules of a product: `open`, `miitel`, `calltree`, `zoho`; `None` = `open`, with the names that the site asks
        /// for. What is said besides goes before it.
        profile: Option<String>,
        /// Columns named by hand: `電話番号=TEL`, `会社名=#1`, `-=備考`.
        #[serde(default)]
        map: Vec<String>,
        /// The same number twice in the file: `error`, `first`, `last`, `merge`; `None` = the profile's.
        dup_in_file: Option<String>,
        /// A number that somebody has already: `update`, or `skip`, which leaves the contact as it is; `None` = the profile's.
        dup_existing: Option<String>,
        /// Categories are added to those that are there, instead of taking their place.
        #[serde(default)]
        merge_categories: bool,
        /// Take the good rows although others are bad.
        #[serde(default)]
        partial: bool,
        /// Look only, change nothing.
        #[serde(default)]
        dry_run: bool,
        /// Empty cells blank existing values.
        #[serde(default)]
        overwrite_empty: bool,
        /// Keep the refused rows as a CSV file to correct and import again; see `report` in the result.
        #[serde(default)]
        report: bool,
        /// Keep all doubts as a CSV file to read; see `warnings_report` in the result.
        #[serde(default)]
        report_warnings: bool,
        /// Language of these files, `ja` or `en`; `None` = the daemon's.
        lang: Option<String>,
        /// The uploaded file, put here by the daemon's own control server.
        #[serde(skip)]
        sent: Option<super::SentFile>,
        /// Where the refused rows are to be written, put here by the daemon's own control server.
        #[serde(skip)]
        report_path: Option<std::path::PathBuf>,
        /// The same for doubts.
        #[serde(skip)]
        warnings_path: Option<std::path::PathBuf>,
    }
    /// `contact.hand_over`: one of `from` and `to` at least.
    ContactHandOver {
        /// Whose contacts, by login, a deleted user's too; `None` = those of nobody.
        from: Option<String>,
        /// Whose they become, by login; `None` = nobody's.
        to: Option<String>,
    }
    /// `contact.import_cancel`.
    ContactImportCancel {}
    /// `contact.export`.
    ContactExport {
        /// File to write, only for the daemon's own user and root; `None` = fetch it with `list.download`.
        path: Option<String>,
        /// `utf-8-bom`, `utf-8`, `cp932`; `None` = `utf-8-bom`.
        encoding: Option<String>,
        /// Leave cells alone that a spreadsheet would run as formulas.
        #[serde(default)]
        raw: bool,
        /// The rules of the product that is to read it: `open`, `miitel`, `calltree`, `zoho`; `None` = `open`.
        profile: Option<String>,
        /// Cut it into parts that the product takes as files of their own, one after another in the file; `parts` says where each
        /// ends.
        #[serde(default)]
        split: bool,
        /// Cut it into parts of at most so many rows, the header not counted; at least 1.
        split_rows: Option<u64>,
        /// Cut it into parts of at most so many bytes.
        split_bytes: Option<u64>,
        /// A row for each number and the four columns only, as other products read them; else a row for each contact, with its
        /// further numbers and mail address.
        #[serde(default)]
        per_number: bool,
        /// Refuse it (`E-VALUE`) where the product would refuse some of its rows.
        #[serde(default)]
        strict: bool,
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
