//! Telephone numbers for roles that may dial without seeing them (S3.14): `090-****-1234`.
//!
//! Replies and events are masked as JSON, by the names of their fields, so that a new message cannot forget it.

mod text;

use std::net::SocketAddr;

use serde_json::Value;
use store::Phone;

use text::mask_text;

/// Masks every number in a reply or an event.
pub(crate) fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    // The peer of a message is an address of the exchange.
                    Value::String(text) if text.parse::<SocketAddr>().is_ok() => {}
                    Value::String(text) if NUMBERS.contains(&name.as_str()) => *text = masked(text),
                    // A stub's name may be its number (S3.2), or hold one.
                    Value::String(text) if NAMES.contains(&name.as_str()) => *text = mask_text(text),
                    // Further columns of a list are whatever its file held.
                    Value::Object(cells) if name == COLUMNS => cells.values_mut().for_each(mask_cell),
                    other => mask(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Takes out who listens to whose calls.
pub(crate) fn hide_taps(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !TAPS.contains(&name.as_str()));
            // Further columns of a list may be called anything.
            fields.iter_mut().filter(|(name, _)| *name != COLUMNS).for_each(|(_, value)| hide_taps(value));
        }
        Value::Array(items) => items.iter_mut().for_each(hide_taps),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every number in a cell, whatever its column is called and whatever stands around it.
fn mask_cell(cell: &mut Value) {
    if let Value::String(text) = cell {
        *text = mask_text(text);
    }
}

/// The number with its middle hidden. What is no Japanese number keeps its last four characters at most.
pub(crate) fn masked(text: &str) -> String {
    if let Ok(parsed) = Phone::parse(text) {
        let shown = parsed.phone.display_national();
        let mut parts: Vec<String> = shown.split('-').map(str::to_owned).collect();
        if let [_, middle @ .., _] = parts.as_mut_slice()
            && !middle.is_empty()
        {
            middle.iter_mut().for_each(|part| *part = "*".repeat(part.len()));
            return parts.join("-");
        }
    }
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if digits < 4 {
        // `anonymous`, `payphone`: words, not numbers.
        return text.to_owned();
    }
    let mut left = digits - 4;
    let hide = |c: char| {
        if c.is_ascii_digit() && left > 0 {
            left -= 1;
            return '*';
        }
        c
    };
    text.chars().map(hide).collect()
}

/// Fields that hold a telephone number of somebody outside.
const NUMBERS: [&str; 4] = ["number", "phone", "raw_phone", "peer"];
/// Fields that tell who listens to whom.
const TAPS: [&str; 2] = ["tap", "taps"];
/// Cells of a list's file by the names of their columns.
const COLUMNS: &str = "columns";
/// Fields that may hold one in place of a name.
const NAMES: [&str; 4] = ["person", "contact_person", "company", "contact_company"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_middle_of_a_number_is_hidden() {
        for (number, shown) in [
            ("0312345678", "03-****-5678"),
            ("090-1111-2222", "090-****-2222"),
            ("+81312345678", "03-****-5678"),
            ("0120123456", "0120-***-456"),
            ("+12125550100", "+*******0100"),
            ("anonymous", "anonymous"),
            ("", ""),
        ] {
            assert_eq!(masked(number), shown, "{number}");
        }
    }

    #[test]
    fn who_listens_is_taken_out_and_columns_stay() {
        let mut status = json!({ "seats": [{ "name": "a", "taps": [{ "by": "sv" }] }, { "name": "sv", "tap": { "seat": "a" } }],
            "columns": { "tap": "x" } });
        hide_taps(&mut status);
        assert_eq!(
            status,
            json!({ "seats": [{ "name": "a" }, { "name": "sv" }], "columns": { "tap": "x" } })
        );
    }

    #[test]
    fn every_number_of_a_message_is_masked_and_nothing_else() {
        let mut message = json!({
            "seq": 5, "kind": "call.dialing", "at": 1795398000000_i64,
            "call": { "number": "0312345678", "company": "A社", "person": "0312345678", "attempt": "01JD5Y8ZK4T0M9Q2W7R3X6B1CV",
                "diverted": [{ "number": "0312345679", "reason": "busy" }] },
            "rows": [{ "numbers": [{ "number": "09011112222", "label": null }], "contact_company": "0312345670" }],
            "messages": [{ "peer": "192.0.2.10:5060" }, { "peer": "[2001:db8::1]:5060" }, { "peer": "0312345678" }],
            "columns": { "携帯": "090-3333-4444", "備考": "4階", "自宅": "自宅は03-8181-8182です" },
        });
        mask(&mut message);
        assert_eq!(
            message,
            json!({
                "seq": 5, "kind": "call.dialing", "at": 1795398000000_i64,
                "call": { "number": "03-****-5678", "company": "A社", "person": "03-****-5678",
                    "attempt": "01JD5Y8ZK4T0M9Q2W7R3X6B1CV", "diverted": [{ "number": "03-****-5679", "reason": "busy" }] },
                "rows": [{ "numbers": [{ "number": "090-****-2222", "label": null }], "contact_company": "03-****-5670" }],
                "messages": [{ "peer": "192.0.2.10:5060" }, { "peer": "[2001:db8::1]:5060" }, { "peer": "03-****-5678" }],
                "columns": { "携帯": "090-****-4444", "備考": "4階", "自宅": "自宅は03-****-8182です" },
            })
        );
    }
}
