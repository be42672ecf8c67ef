//! The contact book.

use serde::{Deserialize, Serialize};

/// `contact.ls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactPage {
    /// The contacts, oldest first.
    pub rows: Vec<ContactRow>,
    /// `after` of the next page.
    pub next: Option<String>,
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRow {
    /// Id.
    pub id: String,
    /// Company; `null` shows as 取引先名未登録.
    pub company: Option<String>,
    /// Person; `null` shows as 担当者名未登録.
    pub person: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// Numbers, the main one first.
    pub numbers: Vec<ContactPhone>,
    /// Categories.
    pub categories: Vec<String>,
    /// Login of the owner.
    pub owner: Option<String>,
    /// Their name now (S4.21).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_name: Option<String>,
    /// `manual`, `import`, `call`.
    pub origin: String,
    /// Made by itself from a call.
    pub stub: bool,
    /// Grows with every change.
    pub version: u64,
    /// When it was made.
    pub created_at: i64,
    /// When it was changed.
    pub updated_at: i64,
    /// In the bin since.
    pub deleted_at: Option<i64>,
}

/// A number of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactPhone {
    /// Number.
    pub number: String,
    /// What it is.
    pub label: Option<String>,
    /// Its extension (内線), digits. Absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ext: Option<String>,
}

/// `contact.add`, `contact.create_from_call`, `contact.edit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactSaved {
    /// The contact now.
    pub contact: ContactRow,
    /// It is new.
    pub created: bool,
    /// Doubts: `W-LONG`, `W-PHONE-UNASSIGNED`, …
    pub warnings: Vec<String>,
}

/// `contact.delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactsDeleted {
    /// Ids of what lies in the bin now; with `dry_run`, of what would.
    pub deleted: Vec<String>,
    /// Until when it can be brought back.
    pub undo_until: i64,
    /// Open tasks of calls without a list that are cancelled with them, and come back with them. Tasks of leads stay.
    #[serde(default)]
    pub tasks: u64,
}

/// `contact.hand_over`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactsHandedOver {
    /// How many changed hands.
    pub contacts: u64,
}

/// `category.ls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Categories {
    /// The categories by name.
    pub categories: Vec<CategoryRow>,
}

/// `category.delete`, and a row of `category.ls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryRow {
    /// Name.
    pub name: String,
    /// Contacts that carry it, or carried it.
    pub contacts: u64,
    /// Leads that carry it, or carried it.
    pub leads: u64,
}
