//! `[import.profiles.…]`: limits of the profiles by which files are read and written, and profiles of the site's own.

/// The profiles, by name: those of the store, which the daemon holds them to.
pub const PROFILES: [&str; 4] = ["open", "miitel", "calltree", "zoho"];

/// What a site sets of one profile; `None`: as its product has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileLimits {
    /// Whose they are: one of [`PROFILES`], or the name of one of the site's own.
    pub profile: String,
    /// What its files are, where it is the site's own; `None`: as its product has it.
    pub own: Option<OwnProfile>,
    /// Most rows of one file.
    pub max_rows: Option<Limit>,
    /// Largest file, in bytes.
    pub max_bytes: Option<Limit>,
    /// Most leads of one list.
    pub max_leads: Option<Limit>,
    /// A list with more leads is told, and takes them.
    pub warn_leads: Option<Limit>,
    /// Most contacts of all, as far as files and leads make them.
    pub max_contacts: Option<Limit>,
    /// Most categories of one row of a file.
    pub max_categories: Option<Limit>,
}

/// A profile of the site's own: what is not said is as its base has it. Words are those of the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnProfile {
    /// The profile that it begins with, one of [`PROFILES`].
    pub base: &'static str,
    /// Encoding of its files.
    pub encoding: Option<&'static str>,
    /// What stands between cells.
    pub delimiter: Option<&'static str>,
    /// Whether line 1 of a dial list names the columns.
    pub list_header: Option<&'static str>,
    /// The same for contacts.
    pub contact_header: Option<&'static str>,
    /// Which names a lead must have.
    pub list_required: Option<&'static str>,
    /// Which names a contact must have.
    pub contact_required: Option<&'static str>,
    /// A number twice in one file.
    pub dup_in_file: Option<&'static str>,
    /// A number that is there already.
    pub dup_existing: Option<&'static str>,
    /// The one name of the phone column; empty: any that is known.
    pub phone_column: Option<String>,
    /// The names of the four columns are fixed.
    pub fixed_names: Option<bool>,
    /// Its product takes no quotation marks.
    pub no_quotes: Option<bool>,
    /// A row has one number there.
    pub one_number: Option<bool>,
    /// What it calls columns.
    pub columns: OwnColumns,
}

/// Names of columns by what they hold, in the file's order: the first of each is how a file for it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnColumns {
    /// The company.
    pub company: Vec<String>,
    /// The person, or the family name where there is a column of given names.
    pub person: Vec<String>,
    /// The given name; read only.
    pub given_name: Vec<String>,
    /// The number.
    pub phone: Vec<String>,
    /// Further numbers; read only.
    pub further_phone: Vec<String>,
    /// Categories.
    pub category: Vec<String>,
}

/// A limit as it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// None: any number will do (`0` in the file).
    Any,
    /// At most so many.
    Most(u32),
}
