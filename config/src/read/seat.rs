//! `[[seat]]`.

use super::{Context, check_name, required};
use crate::error::ErrorKind;
use crate::reader::{Found, Report, Table};
use crate::types::{Processing, Seat, Voice};

pub(super) fn seat(
    mut table: Table<'_, '_>,
    context: &Context<'_>,
    report: &mut Report,
) -> Option<Found<Seat>> {
    let at = table.at().clone();
    let before = report.errors.len();
    let name = table.string("name", report);
    if let Some(name) = &name {
        check_name(name, report);
    }
    let name = required(name, &table, "name", "name = \"a\"", before, report);
    let operator = table.string("operator", report);
    if let Some(operator) = &operator {
        check_name(operator, report);
    }
    let operator = operator.map_or_else(|| name.clone(), |found| found.value);
    let uid = table.integer("uid", 0..u32::MAX, report).map(|found| found.value);
    let before = report.errors.len();
    let account = table.string("account", report);
    let account = required(account, &table, "account", "account = \"main\"", before, report);
    let voice = match table.table("voice", report) {
        Some(inner) => voice(inner, context, report),
        None => Voice::Device {
            capture: Vec::new(),
            playback: Vec::new(),
            ring: Vec::new(),
            processing: Processing::default(),
        },
    };
    let headset = table.string("headset", report).map(|found| found.value);
    table.finish(report);
    Some(Found { value: Seat { name, operator, uid, account, voice, headset }, at })
}

#[derive(Clone, Copy)]
enum Kind {
    Device,
    File,
    Null,
}

fn voice(mut table: Table<'_, '_>, context: &Context<'_>, report: &mut Report) -> Voice {
    let before = report.errors.len();
    let kinds = [("device", Kind::Device), ("file", Kind::File), ("null", Kind::Null)];
    let kind = table.choice("kind", &kinds, report);
    if kind.is_none() && report.errors.len() == before {
        report.error(
            ErrorKind::Missing,
            &table.place("kind"),
            "this key must be set: \"device\", \"file\" or \"null\"",
        );
    }
    // Which other keys exist depends on the kind; without one they cannot be judged.
    let Some(kind) = kind else { return Voice::Null };
    let voice = match kind.value {
        Kind::Device => Voice::Device {
            capture: names(&mut table, "capture", report),
            playback: names(&mut table, "playback", report),
            ring: names(&mut table, "ring", report),
            processing: processing(&mut table, report),
        },
        Kind::File => {
            let play = table.string("play", report).map(|found| context.absolute(&found.value));
            let write = table.string("write", report).map(|found| context.absolute(&found.value));
            Voice::File { play, write }
        }
        Kind::Null => Voice::Null,
    };
    table.finish(report);
    voice
}

fn processing(table: &mut Table<'_, '_>, report: &mut Report) -> Processing {
    let mut wanted = Processing::default();
    for item in table.strings("processing", report).map(|found| found.value).unwrap_or_default() {
        let switch = match item.value.as_str() {
            "echo" => &mut wanted.echo,
            "noise" => &mut wanted.noise,
            "gain" => &mut wanted.gain,
            other => {
                let text = format!("{other:?} is not known; write \"echo\", \"noise\" or \"gain\"");
                report.invalid(&item.at, text);
                continue;
            }
        };
        *switch = true;
    }
    wanted
}

fn names(table: &mut Table<'_, '_>, key: &'static str, report: &mut Report) -> Vec<String> {
    let Some(found) = table.strings(key, report) else { return Vec::new() };
    for item in found.value.iter().filter(|item| item.value.trim().is_empty()) {
        report.invalid(
            &item.at,
            "an empty name matches every device; write a part of its name (see `kakeru devices`)",
        );
    }
    found.value.into_iter().map(|item| item.value).collect()
}
