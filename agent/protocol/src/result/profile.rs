use serde::{Deserialize, Serialize};

/// `profile.ls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profiles {
    /// Those of the products, the default first, then the site's own.
    pub profiles: Vec<ProfileRow>,
}

/// Rules by which a file is read and written: of a product, of none (`open`), or of the site. Limits are `null` where there are none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRow {
    /// What `profile` takes.
    pub name: String,
    /// Of a profile of the site's own: the one whose rules hold where it says nothing. `null`: it is a product's.
    pub base: Option<String>,
    /// Encoding of a file that is read; `null`: it is found out.
    pub encoding: Option<String>,
    /// `auto`, `comma`, `tab`, `semicolon`.
    pub delimiter: String,
    /// Whether line 1 of a list names the columns: `auto`, `none`, `required`.
    pub list_header: String,
    /// The same for contacts.
    pub contact_header: String,
    /// Which names a lead must have: `either` (a company or a person), `both`, `person`, `none`.
    pub list_required: String,
    /// The same for contacts.
    pub contact_required: String,
    /// The names of the four columns are fixed.
    pub fixed_names: bool,
    /// Nothing stands in quotation marks.
    pub no_quotes: bool,
    /// A row has one number.
    pub one_number: bool,
    /// Most rows of one file.
    pub max_rows: Option<u64>,
    /// Largest file, in bytes.
    pub max_bytes: Option<u64>,
    /// Most leads of one list.
    pub max_leads: Option<u64>,
    /// A list with more leads than this is told (`W-LIST-LARGE`).
    pub warn_leads: Option<u64>,
    /// Most contacts of all.
    pub max_contacts: Option<u64>,
    /// Most categories of one row.
    pub max_categories: Option<u64>,
    /// The columns that it knows by names of its own, as a file has them, in the order in which they are looked for.
    pub columns: Vec<ProfileColumn>,
}

/// A column's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileColumn {
    /// As a file has it.
    pub name: String,
    /// What it holds: `company`, `person`, `given_name`, `phone`, `further_phone`, `category`.
    pub holds: String,
}
