//! The shared contact book.

use serde::Serialize;

use super::people::Actor;
use crate::code::Code;
use crate::id::{AttemptId, ContactId, UserId};
use crate::import::RequiredNames;
use crate::permission::Scope;

/// A contact to make, or to overwrite by its number.
#[derive(Clone, Debug, Default)]
pub struct ContactDraft {
    /// Company (取引先会社名).
    pub company: Option<String>,
    /// Person (取引先担当者名).
    pub person: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// Numbers in order; the first is the main one.
    pub phones: Vec<PhoneDraft>,
    /// Categories in order.
    pub categories: Vec<String>,
    /// Whose contact it is; `None` = the one who makes it (S3.8).
    pub owner: Option<UserId>,
}

/// A number of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneDraft {
    /// As a person writes it.
    pub number: String,
    /// What it is: `main`, `mobile`, `fax`, …
    pub label: Option<String>,
}

/// What to change of a contact; `None` leaves a field alone, an empty text blanks it.
#[derive(Clone, Debug, Default)]
pub struct ContactChange {
    /// The version that was looked at: a newer one refuses the change. `None` overwrites whatever is there.
    pub version: Option<u64>,
    /// Company.
    pub company: Option<String>,
    /// Person.
    pub person: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// All numbers, in order.
    pub phones: Option<Vec<PhoneDraft>>,
    /// All categories, in order.
    pub categories: Option<Vec<String>>,
    /// Owner; `Some(None)` for nobody.
    pub owner: Option<Option<UserId>>,
}

/// The rules of a site for its contacts.
#[derive(Clone, Copy, Debug)]
pub struct ContactRules {
    /// Which names must be given (C2).
    pub required: RequiredNames,
    /// Most contacts (S0.23); `None` = any number.
    pub most: Option<u64>,
    /// Whose contacts may be given to another owner (S3.8).
    pub gives: Scope,
}

impl Default for ContactRules {
    fn default() -> Self {
        Self { required: RequiredNames::Either, most: None, gives: Scope::All }
    }
}

/// Where a new contact comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactSource {
    /// A form: numbers are in the draft.
    Form {
        /// Overwrite the contact that has the first number already (S0.20), instead of refusing.
        overwrite: bool,
    },
    /// A past call: its number and no other (S0.27). A stub of that number is completed.
    Call(AttemptId),
}

/// A contact to be made, by whom and under which rules.
#[derive(Clone, Debug)]
pub struct ContactAdd {
    /// Its content.
    pub draft: ContactDraft,
    /// Where it comes from.
    pub source: ContactSource,
    /// The site's rules.
    pub rules: ContactRules,
    /// Who.
    pub by: Actor,
    /// UTC milliseconds.
    pub now: i64,
}

/// A contact as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactRow {
    /// Identifier.
    pub id: ContactId,
    /// Company; `None` shows as 取引先名未登録.
    pub company: Option<String>,
    /// Person; `None` shows as 担当者名未登録.
    pub person: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// Numbers in order.
    pub phones: Vec<ContactPhone>,
    /// Categories in order.
    pub categories: Vec<String>,
    /// Whose contact it is.
    pub owner: Option<UserId>,
    /// Their login.
    pub owner_login: Option<String>,
    /// `manual`, `import`, `call`.
    pub origin: String,
    /// Made by itself from a call; any real contact takes its place (S3.2).
    pub stub: bool,
    /// Grows with every change.
    pub version: u64,
    /// UTC milliseconds.
    pub created_at: i64,
    /// UTC milliseconds.
    pub updated_at: i64,
    /// In the bin since, UTC milliseconds.
    pub deleted_at: Option<i64>,
}

/// A number of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactPhone {
    /// Position, from 1; 1 is the main number.
    pub position: i64,
    /// E.164, whole: mind where it goes.
    pub phone: String,
    /// What it is.
    pub label: Option<String>,
    /// Its extension, digits.
    pub ext: Option<String>,
}

/// What making or changing a contact did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactSaved {
    /// The contact now.
    pub contact: ContactRow,
    /// It is new.
    pub created: bool,
    /// Doubts, each code once.
    pub warnings: Vec<Code>,
}

/// Which contacts to show, oldest first.
#[derive(Clone, Debug, Default)]
pub struct ContactQuery {
    /// Only those whose company, person, mail address or number holds this text; width, case and kana do not matter.
    pub text: Option<String>,
    /// Only this category.
    pub category: Option<String>,
    /// Only this owner.
    pub owner: Option<UserId>,
    /// Only stubs.
    pub only_stubs: bool,
    /// Only what lies in the bin and can be brought back at this moment, UTC milliseconds.
    pub trash: Option<i64>,
    /// Continue behind this one.
    pub after: Option<ContactId>,
    /// At most this many; 0 means 100, never more than 1000.
    pub limit: u32,
}

/// A category and how much carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CategoryInfo {
    /// Number.
    pub id: i64,
    /// Name as first written.
    pub name: String,
    /// Live contacts.
    pub contacts: u64,
    /// Leads.
    pub leads: u64,
}

/// How long a deleted contact can be brought back, milliseconds: 30 days.
pub const TRASH_MS: i64 = 30 * crate::time::DAY_MS;

/// Whether a list or leads deleted at `deleted_at` can be brought back at `now`, UTC milliseconds: for [`TRASH_MS`]. What cannot is
/// being emptied in slices, and shown in no bin.
#[must_use]
pub const fn is_restorable(deleted_at: i64, now: i64) -> bool {
    deleted_at >= now.saturating_sub(TRASH_MS)
}

/// Whether a text may be a mail address: one `@` with something on both sides and no space, as long as RFC 5321 4.5.3.1 allows.
pub(crate) fn is_mail_address(text: &str) -> bool {
    let one_at = text.split('@').filter(|part| !part.is_empty()).count() == 2;
    text.len() <= MOST_MAIL && one_at && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Local part, `@` and domain.
const MOST_MAIL: usize = 320;
