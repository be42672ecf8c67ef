//! `[import.profiles.…]`.

use crate::imports::{Limit, PROFILES, ProfileLimits};
use crate::reader::{Found, Report, Table};

pub(super) fn imports(section: Option<Table<'_, '_>>, report: &mut Report) -> Vec<ProfileLimits> {
    let Some(mut import) = section else { return Vec::new() };
    let mut set = Vec::new();
    if let Some(mut profiles) = import.table("profiles", report) {
        for name in PROFILES {
            if let Some(table) = profiles.table(name, report) {
                set.push(limits(name, table, report));
            }
        }
        profiles.finish(report);
    }
    import.finish(report);
    set
}

fn limits(profile: &'static str, mut table: Table<'_, '_>, report: &mut Report) -> ProfileLimits {
    let mut limit = |key| {
        let found = table.integer(key, 0..MOST + 1, report)?;
        let value = if found.value == 0 { Limit::Any } else { Limit::Most(found.value) };
        Some(Found { value, at: found.at })
    };
    let [max_rows, max_bytes, max_leads, warn_leads, max_contacts, max_categories] =
        ["max_rows", "max_bytes", "max_leads", "warn_leads", "max_contacts", "max_categories"]
            .map(&mut limit);
    table.finish(report);
    if let (Some(Found { value: Limit::Most(warn), at }), Some(Found { value: Limit::Most(most), .. })) =
        (&warn_leads, &max_leads)
        && warn >= most
    {
        report.invalid(
            at,
            (
                format!("max_leads({most})より小さい数を書いてください。リストはそこまで大きくなりません"),
                format!("write less than max_leads ({most}); no list grows that far"),
            ),
        );
    }
    let value = |found: Option<Found<Limit>>| found.map(|found| found.value);
    ProfileLimits {
        profile,
        max_rows: value(max_rows),
        max_bytes: value(max_bytes),
        max_leads: value(max_leads),
        warn_leads: value(warn_leads),
        max_contacts: value(max_contacts),
        max_categories: value(max_categories),
    }
}

/// What a file over the socket may have at most, in bytes; of everything else it is more than a box holds.
const MOST: u32 = 1024 * 1024 * 1024;
