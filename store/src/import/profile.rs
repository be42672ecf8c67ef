use std::sync::LazyLock;

use super::encoding::Encoding;
use super::options::{Delimiter, DupExisting, DupPolicy, HeaderMode, NamedColumn, RequiredNames};
use crate::export::{ExportEncoding, Heads};

/// The rules of a product whose lists people bring along, or that is to read theirs, or of none (`open`). Data, not code:
/// `profiles.json`, and what a site sets of it ([`Profiles`]).
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name: `open`, `miitel`, `calltree`, `zoho`, or that of one of the site's own.
    pub name: String,
    /// Whether line 1 of a dial list names the columns (C1).
    pub list_header: HeaderMode,
    /// The same for contacts.
    pub contact_header: HeaderMode,
    /// Which names a lead must have (C2).
    pub list_required: RequiredNames,
    /// Which names a contact must have.
    pub contact_required: RequiredNames,
    /// A number twice in one file (C3).
    pub dup_in_file: DupPolicy,
    /// A number that is there already (C3).
    pub dup_existing: DupExisting,
    /// Most rows of one file (C4); `None`: any number.
    pub max_rows: Option<u64>,
    /// Largest file, in bytes.
    pub max_bytes: Option<u64>,
    /// Most leads of one list (C5).
    pub max_leads: Option<u64>,
    /// A list with more leads than this is told (`W-LIST-LARGE`), and takes them (C5); `None`: none is.
    pub warn_leads: Option<u64>,
    /// Most contacts of all (S0.23).
    pub max_contacts: Option<u64>,
    /// Most categories of one row (S1.22).
    pub max_categories: Option<usize>,
    /// The one name of the phone column (S4.39); `None`: any that is known.
    pub phone_column: Option<String>,
    /// What the product calls columns, besides the names that every profile knows.
    #[serde(default)]
    pub columns: Vec<(String, NamedColumn)>,
    /// The names of the four columns are fixed (S1.15): a header that lacks one and has another instead is refused.
    #[serde(default)]
    pub fixed_names: bool,
    /// The product takes no quotation marks (S0.21): a file that has some is read with a warning, and one for it is written
    /// without.
    #[serde(default)]
    pub no_quotes: bool,
    /// A row has one number there (S0.25, S1.16, S4.40): so has a file for it.
    #[serde(default)]
    pub one_number: bool,
    /// Of a site's own: the profile that it is after.
    #[serde(skip)]
    pub base: Option<String>,
    /// Encoding of its files; `None`: any, which is found out. Of a site's own profiles, as the rest.
    #[serde(skip)]
    pub encoding: Option<Encoding>,
    /// Encoding of a file for it, where nobody says another; `None`: the usual one.
    #[serde(skip)]
    pub written: Option<ExportEncoding>,
    /// What stands between the cells of its files.
    #[serde(skip)]
    pub delimiter: Delimiter,
    /// What columns are called in a file for it.
    #[serde(default)]
    pub heads: Heads,
}

impl Profile {
    /// Every profile as its product has it, the default first.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &PROFILES
    }

    /// The profile of this name, as its product has it.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|profile| profile.name == name)
    }
}

/// The profiles of a site: those of the products, with the limits that it set (C4, C5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profiles(Vec<Profile>);

impl Default for Profiles {
    /// As the products have them.
    fn default() -> Self {
        Self(Profile::all().to_vec())
    }
}

impl Profiles {
    /// The profile of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Profile> {
        self.0.iter().find(|profile| profile.name == name)
    }

    /// Most categories of one row, and of what is typed by hand where the profile of this name holds: one that is not there any more
    /// is as `open`.
    pub(crate) fn most_categories(&self, name: &str) -> usize {
        let profile = self.named(name).or_else(|| self.named("open"));
        profile.and_then(|profile| profile.max_categories).unwrap_or(usize::MAX)
    }

    /// Puts one of the site's own beside them, in the place of one of its name.
    pub fn add(&mut self, profile: Profile) {
        self.0.retain(|known| known.name != profile.name);
        self.0.push(profile);
    }

    /// All of them, those of the products first.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.0.iter()
    }

    /// Their names, in that order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|profile| profile.name.as_str())
    }

    /// The profile of this name, to set its limits.
    #[must_use]
    pub fn named_mut(&mut self, name: &str) -> Option<&mut Profile> {
        self.0.iter_mut().find(|profile| profile.name == name)
    }
}

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    // A test reads it: it is part of this program.
    serde_json::from_str(include_str!("profiles.json")).unwrap_or_default()
});

#[cfg(test)]
mod tests {
    use super::*;

    /// S0.22, S0.23, S1.12, S1.15, S1.22, S4.26, S4.30, S4.39, C4, C5: the limits of each product.
    #[test]
    fn the_profiles_are_the_products() {
        let names: Vec<_> = Profile::all().iter().map(|profile| profile.name.as_str()).collect();
        assert_eq!(names, ["open", "miitel", "calltree", "zoho"]);
        let miitel = Profile::named("miitel").unwrap();
        assert_eq!((miitel.max_rows, miitel.max_bytes), (Some(10_000), Some(2 * 1024 * 1024)));
        assert_eq!((miitel.max_leads, miitel.max_contacts), (Some(5_000), Some(500_000)));
        assert_eq!((miitel.list_header, miitel.contact_header), (HeaderMode::Required, HeaderMode::None));
        let calltree = Profile::named("calltree").unwrap();
        assert_eq!((calltree.max_rows, calltree.max_leads), (Some(50_000), Some(200_000)));
        assert_eq!(calltree.phone_column.as_deref(), Some("電話番号"));
        let of = |rule: fn(&Profile) -> bool| -> Vec<&str> {
            Profile::all()
                .iter()
                .filter(|profile| rule(profile))
                .map(|profile| profile.name.as_str())
                .collect()
        };
        assert_eq!(of(|profile| profile.no_quotes), ["miitel"]);
        assert_eq!(of(|profile| profile.fixed_names), ["miitel"]);
        assert_eq!(of(|profile| profile.one_number), ["miitel", "calltree"]);
        let open = Profile::named("open").unwrap();
        assert_eq!((open.max_rows, open.max_leads, open.warn_leads), (None, None, Some(200_000)));
        assert_eq!(of(|profile| profile.warn_leads.is_some()), ["open"]);
        assert!(Profile::all().iter().all(|profile| profile.max_categories == Some(100)));
        let zoho = Profile::named("zoho").unwrap();
        assert_eq!(
            (zoho.heads.company.as_deref(), zoho.heads.person.as_deref()),
            (Some("取引先名"), Some("姓"))
        );
        assert!(Profile::named("none").is_none());
    }
}
