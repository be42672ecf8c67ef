//! `[[seat]]`.

use std::time::Duration;

use super::voice::{self, SRTP, keying};
use super::{Context, check_name, required};
use crate::error::ErrorKind;
use crate::reader::{Found, Report, Table};
use crate::types::{Codec, DeskPhone, PhoneIdle, PhoneKeep, Processing, Seat, Srtp, Voice};

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
    Phone,
}

fn voice(mut table: Table<'_, '_>, context: &Context<'_>, report: &mut Report) -> Voice {
    let before = report.errors.len();
    let kinds =
        [("device", Kind::Device), ("file", Kind::File), ("null", Kind::Null), ("phone", Kind::Phone)];
    let kind = table.choice("kind", &kinds, report);
    if kind.is_none() && report.errors.len() == before {
        report.error(
            ErrorKind::Missing,
            &table.place("kind"),
            (
                "必須のキーです。\"device\"、\"phone\"、\"file\"、\"null\" のいずれかを書いてください",
                "this key must be set: \"device\", \"phone\", \"file\" or \"null\"",
            ),
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
        Kind::Phone => Voice::Phone(phone(&mut table, context, report)),
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
                report.invalid(
                    &item.at,
                    (
                        format!(
                            "{other:?} は指定できません。\"echo\"、\"noise\"、\"gain\" のいずれかを書いてください"
                        ),
                        format!("{other:?} is not known; write \"echo\", \"noise\" or \"gain\""),
                    ),
                );
                continue;
            }
        };
        *switch = true;
    }
    wanted
}

fn phone(table: &mut Table<'_, '_>, context: &Context<'_>, report: &mut Report) -> DeskPhone {
    let before = report.errors.len();
    let address = table.string("address", report);
    if let Some(address) = &address {
        let (user, direct) = match address.value.strip_prefix("sip:") {
            Some(rest) => (rest.split('@').next().unwrap_or_default(), rest.contains('@')),
            None => (address.value.as_str(), true),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+*#".contains(c);
        if !direct || user.is_empty() || !user.chars().all(plain) || address.value.contains([' ', '<', ';']) {
            report.invalid(
                &address.at,
                (
                    "内線番号 \"201\" か、電話機そのもの \"sip:201@192.0.2.31\" を書いてください",
                    "write an extension, \"201\", or the phone itself, \"sip:201@192.0.2.31\"",
                ),
            );
        } else if ["110", "118", "119"].iter().any(|number| user.ends_with(number) && user.len() <= 4) {
            report.invalid(
                &address.at,
                (
                    "緊急通報の番号か、先頭の番号に続けるとそう読める番号です。別の内線を書いてください",
                    "this is an emergency number, or reads like one behind a prefix",
                ),
            );
        }
    }
    let address = required(address, table, "address", "address = \"201\"", before, report);
    let keeps = [("up", PhoneKeep::Up), ("per-call", PhoneKeep::PerCall)];
    let keep = table.choice("keep", &keeps, report).map_or(PhoneKeep::Up, |found| found.value);
    let idle = match table.string("idle", report) {
        None => PhoneIdle::Silence,
        Some(found) if found.value == "silence" => PhoneIdle::Silence,
        Some(found) if found.value == "music" => PhoneIdle::Music,
        Some(found) => PhoneIdle::File(context.absolute(&found.value)),
    };
    let mut codecs = Vec::new();
    for item in table.strings("codecs", report).map(|found| found.value).unwrap_or_default() {
        let known = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];
        match known.into_iter().find(|codec| codec.as_str().eq_ignore_ascii_case(&item.value)) {
            Some(codec) if !codecs.contains(&codec) => codecs.push(codec),
            Some(_) => report.invalid(&item.at, voice::twice(&item.value)),
            None => report.invalid(&item.at, voice::no_codec(&item.value)),
        }
    }
    if codecs.is_empty() {
        codecs = vec![Codec::Pcmu, Codec::Pcma, Codec::G722];
    }
    let auto_answer = table.boolean("auto_answer", report).is_some_and(|found| found.value);
    let (least, most) = (Duration::from_secs(5), Duration::from_secs(120));
    let ring_timeout = table.duration("ring_timeout", least, most, report);
    let ring_timeout = ring_timeout.map_or(Duration::from_secs(30), |found| found.value);
    let srtp = table.choice("srtp", &SRTP, report).map_or(Srtp::Off, |found| found.value);
    let srtp_keying = keying(table, srtp, report);
    DeskPhone { address, keep, idle, codecs, auto_answer, ring_timeout, srtp, srtp_keying }
}

fn names(table: &mut Table<'_, '_>, key: &'static str, report: &mut Report) -> Vec<String> {
    let Some(found) = table.strings(key, report) else { return Vec::new() };
    for item in found.value.iter().filter(|item| item.value.trim().is_empty()) {
        report.invalid(
            &item.at,
            (
                "名前が空だと、どのデバイスにも当てはまります。名前の一部を書いてください(kakeru devices で確認できます)",
                "an empty name matches every device; write a part of its name (see `kakeru devices`)",
            ),
        );
    }
    found.value.into_iter().map(|item| item.value).collect()
}
