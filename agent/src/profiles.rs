//! The profiles by which files are read, as this site has them.

use config::{Config, Limit, OwnColumns, OwnProfile, ProfileLimits};
use store::export::Heads;
use store::import::{NamedColumn, Profile, Profiles};

/// Those of the products, with the limits that the configuration sets (C4, C5), and the site's own.
pub(crate) fn profiles(config: &Config) -> Profiles {
    let mut profiles = Profiles::default();
    for set in &config.imports {
        let ProfileLimits {
            profile,
            own,
            max_rows,
            max_bytes,
            max_leads,
            warn_leads,
            max_contacts,
            max_categories,
        } = set;
        if let Some(own) = own {
            let Some(base) = profiles.named(own.base) else { continue };
            let base = Profile { name: profile.clone(), base: Some(base.name.clone()), ..base.clone() };
            profiles.add(own_profile(own, base));
        }
        let Some(profile) = profiles.named_mut(profile) else { continue };
        for (limit, set) in [
            (&mut profile.max_rows, max_rows),
            (&mut profile.max_bytes, max_bytes),
            (&mut profile.max_leads, max_leads),
            (&mut profile.warn_leads, warn_leads),
            (&mut profile.max_contacts, max_contacts),
        ] {
            if let Some(set) = set {
                *limit = most(*set).map(u64::from);
            }
        }
        if let Some(set) = max_categories {
            profile.max_categories = most(*set).and_then(|most| usize::try_from(most).ok());
        }
    }
    profiles
}

/// What a site says of its own profile, over what its base has.
fn own_profile(own: &OwnProfile, base: Profile) -> Profile {
    let mut profile = base;
    let OwnColumns { company, person, given_name, phone, further_phone, category } = &own.columns;
    let named = [
        (company, NamedColumn::Company),
        (person, NamedColumn::Person),
        (given_name, NamedColumn::GivenName),
        (phone, NamedColumn::Phone),
        (further_phone, NamedColumn::FurtherPhone),
        (category, NamedColumn::Category),
    ];
    let names =
        named.into_iter().flat_map(|(names, column)| names.iter().map(move |name| (name.clone(), column)));
    // Before those of the base: the first that is so called counts.
    profile.columns = names.chain(profile.columns).collect();
    let first = |names: &[String], of_base: Option<String>| names.first().cloned().or(of_base);
    profile.phone_column = match &own.phone_column {
        Some(name) => Some(name.clone()).filter(|name| !name.is_empty()),
        // Where one name only counts, it is the site's.
        None => profile.phone_column.map(|only| phone.first().cloned().unwrap_or(only)),
    };
    let Heads { company: of_company, person: of_person, phone: of_phone, category: of_category } =
        profile.heads;
    profile.heads = Heads {
        company: first(company, of_company),
        person: first(person, of_person),
        phone: own.phone_column.clone().filter(|name| !name.is_empty()).or_else(|| first(phone, of_phone)),
        category: first(category, of_category),
    };
    if let Some(word) = own.encoding {
        (profile.encoding, profile.written) = (word.parse().ok(), word.parse().ok());
    }
    put(&mut profile.delimiter, own.delimiter);
    put(&mut profile.list_header, own.list_header);
    put(&mut profile.contact_header, own.contact_header);
    put(&mut profile.list_required, own.list_required);
    put(&mut profile.contact_required, own.contact_required);
    put(&mut profile.dup_in_file, own.dup_in_file);
    put(&mut profile.dup_existing, own.dup_existing);
    profile.fixed_names = own.fixed_names.unwrap_or(profile.fixed_names);
    profile.no_quotes = own.no_quotes.unwrap_or(profile.no_quotes);
    profile.one_number = own.one_number.unwrap_or(profile.one_number);
    profile
}

/// The configuration takes no other words.
fn put<T: std::str::FromStr>(place: &mut T, word: Option<&str>) {
    if let Some(value) = word.and_then(|word| word.parse().ok()) {
        *place = value;
    }
}

fn most(limit: Limit) -> Option<u32> {
    match limit {
        Limit::Any => None,
        Limit::Most(most) => Some(most),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use config::Environment;
    use store::export::ExportEncoding;
    use store::import::{Delimiter, DupExisting, DupPolicy, Encoding, HeaderMode, RequiredNames};

    use super::*;

    fn set(text: &str) -> Profiles {
        let environment = Environment::new(0, [("HOME", "/root")]);
        profiles(&Config::parse(text, Path::new("/etc/kakeru"), &environment).unwrap())
    }

    /// C4, C5: every limit of every profile can be set, and what the example shows is what holds without.
    #[test]
    fn the_limits_of_every_profile_are_settings() {
        let names: Vec<&str> = Profile::all().iter().map(|profile| profile.name.as_str()).collect();
        assert_eq!(names, config::PROFILES);
        assert_eq!(set(""), Profiles::default());
        let begins = |line: &str| {
            line.starts_with("[import.profiles.") || line.starts_with("#max_") || line.starts_with("#warn_")
        };
        let shown: Vec<&str> = config::EXAMPLE
            .lines()
            .skip_while(|line| !line.starts_with("[import."))
            .take_while(|line| line.is_empty() || begins(line))
            .map(|line| line.trim_start_matches('#'))
            .collect();
        assert_eq!(set(&shown.join("\n")), Profiles::default());
        for name in names {
            let keys = ["max_rows", "max_bytes", "max_leads", "warn_leads", "max_contacts", "max_categories"];
            let keys = keys.map(|key| format!("{key} = {}", if key == "warn_leads" { 6 } else { 7 }));
            let site = set(&format!("[import.profiles.{name}]\n{}\n", keys.join("\n")));
            let profile = site.named(name).unwrap();
            let limits = [profile.max_rows, profile.max_bytes, profile.max_leads, profile.max_contacts];
            assert_eq!((limits, profile.max_categories), ([Some(7); 4], Some(7)));
            assert_eq!(profile.warn_leads, Some(6));
            let others = config::PROFILES.iter().filter(|other| **other != name);
            others.for_each(|other| assert_eq!(site.named(other), Profile::named(other)));
            let none = set(&format!("[import.profiles.{name}]\nmax_rows = 0\nmax_categories = 0\n"));
            let profile = none.named(name).unwrap();
            assert_eq!((profile.max_rows, profile.max_categories), (None, None));
        }
    }
    /// C1–C4: what a site says of its own profile stands over its base, which has the site's limits.
    #[test]
    fn a_site_s_own_profile_is_its_base_but_for_what_is_said() {
        let site =
            set("[import.profiles.calltree]\nmax_rows = 9\n[import.profiles.own]\nbase = \"calltree\"\n");
        let after = Some("calltree".into());
        let base = Profile { name: "own".into(), base: after, ..site.named("calltree").unwrap().clone() };
        assert_eq!((site.named("own"), base.max_rows), (Some(&base), Some(9)));
        assert_eq!(site.names().collect::<Vec<_>>(), ["open", "miitel", "calltree", "zoho", "own"]);

        let text = "[import.profiles.own]\nbase = \"zoho\"\nencoding = \"cp932\"\ndelimiter = \"semicolon\"\nlist_header = \"auto\"\n\
                    contact_header = \"none\"\nlist_required = \"both\"\ncontact_required = \"none\"\ndup_in_file = \"merge\"\n\
                    dup_existing = \"skip\"\nfixed_names = true\nno_quotes = true\none_number = true\nmax_categories = 3\n\
                    columns = { company = [\"社名\"], person = [\"名\"], phone = [\"TEL1\"], further_phone = [\"TEL2\"], category = [\"区分\"] }\n";
        let site = set(text);
        let own = site.named("own").unwrap();
        assert_eq!((own.encoding, own.written), (Some(Encoding::Cp932), Some(ExportEncoding::Cp932)));
        assert_eq!(
            (own.delimiter, own.list_header, own.contact_header),
            (Delimiter::Semicolon, HeaderMode::Auto, HeaderMode::None)
        );
        assert_eq!((own.list_required, own.contact_required), (RequiredNames::Both, RequiredNames::None));
        assert_eq!((own.dup_in_file, own.dup_existing), (DupPolicy::Merge, DupExisting::Skip));
        assert!(own.fixed_names && own.no_quotes && own.one_number);
        assert_eq!((own.max_categories, own.phone_column.as_deref()), (Some(3), None));
        assert_eq!((own.heads.company.as_deref(), own.heads.phone.as_deref()), (Some("社名"), Some("TEL1")));
        let meant =
            |name: &str| own.columns.iter().find(|(known, _)| known == name).map(|(_, column)| *column);
        assert_eq!(
            (meant("名"), meant("姓"), meant("TEL2")),
            (Some(NamedColumn::Person), Some(NamedColumn::Person), Some(NamedColumn::FurtherPhone))
        );

        let only = set("[import.profiles.own]\nbase = \"calltree\"\ncolumns = { phone = [\"架電先\"] }\n");
        let own = only.named("own").unwrap();
        assert_eq!(
            (own.phone_column.as_deref(), own.heads.phone.as_deref()),
            (Some("架電先"), Some("架電先"))
        );
        for word in ["utf-16le", "utf-16be", "euc-jp", "iso-2022-jp", "utf-8", "utf-8-bom"] {
            let site = set(&format!("[import.profiles.own]\nbase = \"open\"\nencoding = \"{word}\"\n"));
            let own = site.named("own").unwrap();
            assert!(own.encoding.is_some(), "{word}");
            assert_eq!(own.written.is_some(), word.starts_with("utf-8"), "{word}");
        }
    }
}
