//! `[import.profiles.…]`: limits of the profiles by which files are read.

/// The profiles, by name: those of the store, which the daemon holds them to.
pub const PROFILES: [&str; 4] = ["open", "miitel", "calltree", "zoho"];

/// What a site sets of one profile; `None`: as its product has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileLimits {
    /// Whose they are, one of [`PROFILES`].
    pub profile: &'static str,
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

/// A limit as it was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// None: any number will do (`0` in the file).
    Any,
    /// At most so many.
    Most(u32),
}
