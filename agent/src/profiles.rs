//! The profiles by which files are read, as this site has them.

use config::{Config, Limit, ProfileLimits};
use store::import::Profiles;

/// Those of the products, with the limits that the configuration sets (C4, C5).
pub(crate) fn profiles(config: &Config) -> Profiles {
    let mut profiles = Profiles::default();
    for set in &config.imports {
        let ProfileLimits {
            profile,
            max_rows,
            max_bytes,
            max_leads,
            warn_leads,
            max_contacts,
            max_categories,
        } = set;
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
    use store::import::Profile;

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
}
