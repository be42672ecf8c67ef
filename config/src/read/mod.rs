//! The sections of the file, each read and checked in its own module; checks across sections are here.

mod account;
mod daemon;
mod dialing;
mod identity;
mod imports;
mod password;
mod people;
mod seat;
mod sources;
mod tls;
mod voice;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::error::ErrorKind;
use crate::paths::{Environment, Paths};
use crate::reader::{Found, Place, Report, Table};
use crate::types::{Account, Config, Seat};

/// What reading needs besides the text.
pub(crate) struct Context<'a> {
    pub(crate) env: &'a Environment,
    pub(crate) paths: Paths,
    /// The file, for messages and relative paths.
    pub(crate) file: Option<&'a Path>,
    /// Unix mode of the file, when it is one.
    pub(crate) file_mode: Option<u32>,
    /// Checking by hand, outside the unit: a credential that systemd would provide is a warning, not an error.
    pub(crate) check_only: bool,
}

impl Context<'_> {
    /// Relative paths are relative to the configuration file, whatever the working directory.
    pub(crate) fn absolute(&self, path: &str) -> PathBuf {
        let base = self.file.and_then(Path::parent).unwrap_or_else(|| Path::new(""));
        base.join(path)
    }
}

/// Reads a whole file; the configuration is only meaningful when the report holds no error.
pub(crate) fn config(text: &str, context: &Context<'_>, report: &mut Report) -> Option<Config> {
    let (tree, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let line = error.span().map(|span| report.line(span.start.min(text.len())));
        let at = Place { path: String::new(), line };
        report.error(
            ErrorKind::Syntax,
            &at,
            (
                format!("TOML として読めません。引用符・かっこ・= を確認してください({})", error.message()),
                format!("this is not TOML: {}", error.message()),
            ),
        );
    }
    let mut root = Table::new(tree.get_ref(), Place { path: String::new(), line: None });

    let (daemon, outbox) = daemon::daemon(root.table("daemon", report), context, report);
    let sip = daemon::sip(root.table("sip", report), context, report);
    let media = daemon::media(root.table("media", report), report);
    let recording = daemon::recording(root.table("recording", report), report);
    let log = daemon::log(root.table("log", report), report);
    let people = people::people(root.table("people", report), report);
    let contacts = people::contacts(root.table("contacts", report), report);
    let imports = imports::imports(root.table("import", report), report);
    let dialing = dialing::dialing(root.table("dialing", report), report);
    let accounts: Vec<_> = root
        .tables("account", report)
        .into_iter()
        .filter_map(|t| account::account(t, context, report))
        .collect();
    let seats: Vec<_> =
        root.tables("seat", report).into_iter().filter_map(|t| seat::seat(t, context, report)).collect();
    root.finish(report);

    across(&accounts, &seats, report);
    if !report.errors.is_empty() {
        return None;
    }
    Some(Config {
        path: context.file.map(Path::to_path_buf),
        daemon,
        sip,
        media,
        accounts: accounts.into_iter().map(|found| found.value).collect(),
        seats: seats.into_iter().map(|found| found.value).collect(),
        dialing,
        people,
        contacts,
        imports,
        recording,
        outbox,
        log,
        warnings: std::mem::take(&mut report.warnings),
    })
}

fn across(accounts: &[Found<Account>], seats: &[Found<Seat>], report: &mut Report) {
    unique(("アカウント", "account"), accounts.iter().map(|a| (a.value.name.as_str(), &a.at)), report);
    unique(("席", "seat"), seats.iter().map(|s| (s.value.name.as_str(), &s.at)), report);
    for seat in seats {
        let wanted = &seat.value.account;
        if !wanted.is_empty() && !accounts.iter().any(|a| a.value.name == *wanted) {
            let names: Vec<_> = accounts.iter().map(|a| format!("{:?}", a.value.name)).collect();
            let known = |none: &str| if names.is_empty() { none.to_owned() } else { names.join(", ") };
            let at = Place { path: format!("{}.account", seat.at.path), line: seat.at.line };
            report.error(
                ErrorKind::Conflict,
                &at,
                (
                    format!(
                        "アカウント {wanted:?} はありません。その名前の [[account]] を加えるか、今あるものを指定してください({})",
                        known("まだありません")
                    ),
                    format!(
                        "there is no account {wanted:?}; add an [[account]] of this name or use another ({})",
                        known("none yet")
                    ),
                ),
            );
        }
    }
    let nowhere = Place::default();
    if accounts.is_empty() && report.errors.is_empty() {
        report.warn(
            &nowhere,
            ("[[account]] がないため発信できません", "there is no [[account]], so no call can be made"),
        );
    }
    if seats.is_empty() && report.errors.is_empty() {
        report.warn(
            &nowhere,
            ("[[seat]] がないため誰も発信できません", "there is no [[seat]], so nobody can call"),
        );
    }
}

fn unique<'a>(
    (ja, en): (&str, &str),
    names: impl Iterator<Item = (&'a str, &'a Place)>,
    report: &mut Report,
) {
    let mut first: BTreeMap<&str, &Place> = BTreeMap::new();
    for (name, at) in names.filter(|(name, _)| !name.is_empty()) {
        let Some(other) = first.get(name) else {
            first.insert(name, at);
            continue;
        };
        let line_ja = other.line.map_or_else(String::new, |line| format!("{line}行目の"));
        let line = other.line.map_or_else(String::new, |line| format!(" on line {line}"));
        let place = Place { path: format!("{}.name", at.path), line: at.line };
        report.error(
            ErrorKind::Conflict,
            &place,
            (
                format!("{name:?} は{line_ja}{ja}の名前です。それぞれ別の名前にしてください"),
                format!("{name:?} is already the name of the {en}{line}; give each {en} its own"),
            ),
        );
    }
}

/// A key that must be there: reports its absence and goes on with the default value.
pub(super) fn required<T: Default>(
    found: Option<Found<T>>,
    table: &Table<'_, '_>,
    key: &str,
    example: &str,
    before: usize,
    report: &mut Report,
) -> T {
    if let Some(found) = found {
        return found.value;
    }
    // A value of the wrong type was reported when it was read; it is not missing.
    if report.errors.len() == before {
        report.error(
            ErrorKind::Missing,
            &table.place(key),
            (
                format!("必須のキーです。例: {example}"),
                format!("this key must be set, for example {example}"),
            ),
        );
    }
    T::default()
}

/// Names appear in commands, file names and logs: letters, digits, `-`, `_`, `.`, at most 64 bytes.
pub(super) fn check_name(found: &Found<String>, report: &mut Report) {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if found.value.is_empty() || found.value.len() > 64 || !found.value.chars().all(plain) {
        report.invalid(
            &found.at,
            (
                format!(
                    "{:?} は名前にできません。文字・数字・-・_・. で1バイトから64バイトにしてください",
                    found.value
                ),
                format!(
                    "{:?} cannot be a name; write letters, digits, '-', '_' or '.', 1 to 64 bytes",
                    found.value
                ),
            ),
        );
    }
}
