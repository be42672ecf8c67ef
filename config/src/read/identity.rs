//! The keys of `[[account]]` that say who calls and how numbers are dialed.

use super::account;
use crate::error::ErrorKind;
use crate::identity::{ClirRule, DialRule, Identity, Preset, UriForm};
use crate::reader::{Report, Table};

pub(super) fn preset(table: &mut Table<'_, '_>, report: &mut Report) -> Option<Preset> {
    let choices = Preset::ALL.map(|preset| (preset.as_str(), preset));
    table.choice("preset", &choices, report).map(|found| found.value)
}

pub(super) fn identity(table: &mut Table<'_, '_>, preset: Option<Preset>, report: &mut Report) -> Identity {
    let (mut from, mut asserted, mut preferred) = preset.map_or((true, false, false), Preset::carriers);
    if let Some(found) = table.strings("identity", report) {
        (from, asserted, preferred) = (false, false, false);
        for item in &found.value {
            match item.value.as_str() {
                "from" => from = true,
                "pai" => asserted = true,
                "ppi" => preferred = true,
                other => report.invalid(
                    &item.at,
                    (
                        format!("{other:?} は指定できません。\"from\"、\"pai\"、\"ppi\"、なしなら [] と書いてください"),
                        format!("{other:?} is not known; write \"from\", \"pai\" or \"ppi\", or [] for none"),
                    ),
                ),
            }
        }
    }
    let forms = [("sip", UriForm::Sip), ("sip;user=phone", UriForm::SipPhone), ("tel", UriForm::Tel)];
    Identity {
        from,
        asserted,
        preferred,
        privacy: privacy(table, report),
        anonymous_from: table.boolean("anonymous_from", report).is_none_or(|found| found.value),
        uri: table.choice("uri", &forms, report).map_or(UriForm::Sip, |found| found.value),
        trusted: table.boolean("trust_identity", report).is_none_or(|found| found.value),
    }
}

pub(super) fn clir(table: &mut Table<'_, '_>, report: &mut Report) -> ClirRule {
    let rules =
        [("dialed", ClirRule::Dialed), ("privacy", ClirRule::Privacy), ("refused", ClirRule::Refused)];
    table.choice("clir", &rules, report).map_or(ClirRule::Dialed, |found| found.value)
}

pub(super) fn dial_rules(table: &mut Table<'_, '_>, report: &mut Report) -> Vec<DialRule> {
    table.tables("dial", report).into_iter().filter_map(|rule| dial_rule(rule, report)).collect()
}

fn dial_rule(mut table: Table<'_, '_>, report: &mut Report) -> Option<DialRule> {
    let before = report.errors.len();
    let starts = table.string("starts", report);
    let starts = super::required(starts, &table, "starts", "starts = \"0120\"", before, report);
    let number_format = table.choice("number_format", &account::FORMATS, report).map(|found| found.value);
    let prefix = account::prefix(&mut table, report);
    let refuse = table.boolean("refuse", report).is_some_and(|found| found.value);
    let at = table.place("starts");
    table.finish(report);
    if !starts.starts_with('0') || starts.len() > 11 || !starts.bytes().all(|b| b.is_ascii_digit()) {
        if report.errors.len() == before {
            report.invalid(
                &at,
                (
                    "国内番号の先頭の数字を \"0120\" や \"050\" のように書いてください",
                    "write the first digits of the national number, such as \"0120\" or \"050\"",
                ),
            );
        }
        return None;
    }
    if !refuse && number_format.is_none() && prefix.is_none() {
        report.error(
            ErrorKind::Missing,
            &at,
            (
                "何を変えるかを書いてください: number_format、prefix、または refuse = true",
                "say what differs: number_format, prefix or refuse = true",
            ),
        );
    }
    if refuse && (number_format.is_some() || prefix.is_some()) {
        report.error(
            ErrorKind::Conflict,
            &at,
            (
                "refuse = true の番号に number_format や prefix は付けられません。どちらかを削除してください",
                "a refused number has no format and no prefix; remove one of them",
            ),
        );
    }
    Some(DialRule { starts, number_format, prefix, refuse })
}

fn privacy(table: &mut Table<'_, '_>, report: &mut Report) -> Vec<String> {
    let Some(found) = table.strings("privacy", report) else { return Vec::new() };
    let mut values = Vec::new();
    for item in &found.value {
        let value = item.value.to_ascii_lowercase();
        if !PRIVACY.contains(&value.as_str()) {
            report.invalid(
                &item.at,
                (
                    format!("{:?} は指定できません。次のいずれかを書いてください: {PRIVACY:?}", item.value),
                    format!("{:?} is not known; write one of {PRIVACY:?}", item.value),
                ),
            );
        } else if !values.contains(&value) {
            values.push(value);
        }
    }
    if values.len() > 1 && values.iter().any(|value| value == "none") {
        report.error(
            ErrorKind::Conflict,
            &found.at,
            ("\"none\" は他の値と一緒に書けません(RFC 3323 4.2)", "\"none\" stands alone (RFC 3323 4.2)"),
        );
    }
    values
}

/// RFC 3323 4.2, RFC 3325 9.3, RFC 7044 10.1.
const PRIVACY: [&str; 7] = ["id", "header", "user", "session", "history", "critical", "none"];
