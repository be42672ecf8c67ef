//! `[import.profiles.…]`.

use crate::error::ErrorKind;
use crate::imports::{Limit, OwnColumns, OwnProfile, PROFILES, ProfileLimits};
use crate::reader::{Found, Place, Report, Table};

pub(super) fn imports(section: Option<Table<'_, '_>>, report: &mut Report) -> Vec<ProfileLimits> {
    let Some(mut import) = section else { return Vec::new() };
    let mut set = Vec::new();
    if let Some(mut profiles) = import.table("profiles", report) {
        for name in PROFILES {
            if let Some(mut table) = profiles.table(name, report) {
                set.push(limits(name, &mut table, report));
                table.finish(report);
            }
        }
        for (name, table) in profiles.others(report) {
            set.extend(own_profile(&name, table, report));
        }
        profiles.finish(report);
    }
    import.finish(report);
    set
}

fn limits(profile: &str, table: &mut Table<'_, '_>, report: &mut Report) -> ProfileLimits {
    let mut limit = |key| {
        let found = table.integer(key, 0..MOST + 1, report)?;
        let value = if found.value == 0 { Limit::Any } else { Limit::Most(found.value) };
        Some(Found { value, at: found.at })
    };
    let [max_rows, max_bytes, max_leads, warn_leads, max_contacts, max_categories] =
        ["max_rows", "max_bytes", "max_leads", "warn_leads", "max_contacts", "max_categories"]
            .map(&mut limit);
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
        profile: profile.to_owned(),
        own: None,
        max_rows: value(max_rows),
        max_bytes: value(max_bytes),
        max_leads: value(max_leads),
        warn_leads: value(warn_leads),
        max_contacts: value(max_contacts),
        max_categories: value(max_categories),
    }
}

/// A profile under a name of the site's own. Without a base it is a product's name that is wrong, or one that lacks its base.
fn own_profile(name: &str, mut table: Table<'_, '_>, report: &mut Report) -> Option<ProfileLimits> {
    let products = PROFILES.join(", ");
    if table.any("base", report).is_none() {
        let message = (
            format!(
                "{name} というプロファイルはありません。名前を直すか({products})、独自のプロファイルなら base = \"open\" のように元になるものを書いてください"
            ),
            format!(
                "there is no profile {name}: correct its name ({products}), or write what one of your own begins with, such as base = \"open\""
            ),
        );
        report.error(ErrorKind::UnknownKey, table.at(), message);
        return None;
    }
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.chars().count() > LONGEST_PROFILE || !name.chars().all(fits) {
        let message = (
            format!("プロファイルの名前は{LONGEST_PROFILE}文字までの文字・数字・-・_です"),
            format!("a profile has a name of up to {LONGEST_PROFILE} letters, digits, - and _"),
        );
        report.invalid(table.at(), message);
    }
    let base = table.choice("base", &PROFILES.map(|name| (name, name)), report);
    let mut limits = limits(name, &mut table, report);
    let own = OwnProfile {
        base: base.map_or(PROFILES[0], |base| base.value),
        encoding: word(&mut table, "encoding", &ENCODINGS, report),
        delimiter: word(&mut table, "delimiter", &["auto", "comma", "tab", "semicolon"], report),
        list_header: word(&mut table, "list_header", &HEADERS, report),
        contact_header: word(&mut table, "contact_header", &HEADERS, report),
        list_required: word(&mut table, "list_required", &REQUIRED, report),
        contact_required: word(&mut table, "contact_required", &REQUIRED, report),
        dup_in_file: word(&mut table, "dup_in_file", &["error", "first", "last", "merge"], report),
        dup_existing: word(&mut table, "dup_existing", &["update", "skip"], report),
        phone_column: phone_column(&mut table, report),
        fixed_names: table.boolean("fixed_names", report).map(|found| found.value),
        no_quotes: table.boolean("no_quotes", report).map(|found| found.value),
        one_number: table.boolean("one_number", report).map(|found| found.value),
        columns: columns(&mut table, report),
    };
    table.finish(report);
    limits.own = Some(own);
    Some(limits)
}

fn word<const N: usize>(
    table: &mut Table<'_, '_>,
    key: &'static str,
    words: &[&'static str; N],
    report: &mut Report,
) -> Option<&'static str> {
    table.choice(key, &words.map(|word| (word, word)), report).map(|found| found.value)
}

fn phone_column(table: &mut Table<'_, '_>, report: &mut Report) -> Option<String> {
    let found = table.string("phone_column", report)?;
    if !found.value.is_empty() {
        is_name(&found.value, &found.at, report);
    }
    Some(found.value)
}

fn columns(table: &mut Table<'_, '_>, report: &mut Report) -> OwnColumns {
    let Some(mut columns) = table.table("columns", report) else { return OwnColumns::default() };
    let mut known: Vec<Found<String>> = Vec::new();
    let mut names = |key| {
        let found = columns.strings(key, report).map_or_else(Vec::new, |found| found.value);
        let mut names = Vec::new();
        for name in found {
            if let Some(first) = known.iter().find(|other| other.value == name.value) {
                let other = first.at.path.clone();
                let message = (
                    format!("{:?} は {other} にもあります。1つの列名が表すものは1つです", name.value),
                    format!("{:?} stands under {other} too: a name of a column has one meaning", name.value),
                );
                report.invalid(&name.at, message);
            }
            is_name(&name.value, &name.at, report);
            names.push(name.value.clone());
            known.push(name);
        }
        names
    };
    let own = OwnColumns {
        company: names("company"),
        person: names("person"),
        given_name: names("given_name"),
        phone: names("phone"),
        further_phone: names("further_phone"),
        category: names("category"),
    };
    columns.finish(report);
    own
}

/// Whether a column can be called so: longer cells are taken for no name.
fn is_name(name: &str, at: &Place, report: &mut Report) {
    if name.trim().is_empty() || name.trim() != name || name.len() > LONGEST_NAME {
        report.invalid(
            at,
            (
                format!("列名は前後に空白のない{LONGEST_NAME}バイトまで(日本語で20文字)の文字列です"),
                format!("a column has a name of up to {LONGEST_NAME} bytes, without space around it"),
            ),
        );
    }
}

/// Of files that are read; the first three are written too.
const ENCODINGS: [&str; 8] =
    ["utf-8-bom", "utf-8", "cp932", "utf-16le", "utf-16be", "euc-jp", "iso-2022-jp", "auto"];
const HEADERS: [&str; 3] = ["auto", "none", "required"];
const REQUIRED: [&str; 4] = ["either", "both", "person", "none"];
/// As long as a name of a column is looked for in files.
const LONGEST_NAME: usize = 60;
/// It is typed.
const LONGEST_PROFILE: usize = 40;
/// What a file over the socket may have at most, in bytes; of everything else it is more than a box holds.
const MOST: u32 = 1024 * 1024 * 1024;
