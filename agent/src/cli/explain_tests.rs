use std::path::Path;

use config::{Config, Environment};

use super::*;

fn account(keys: &str) -> config::Account {
    let text = format!(
        "[[account]]\nname = \"main\"\nkind = \"pbx\"\naor = \"sip:3@192.0.2.1\"\npassword = \"x\"\n\
         caller_id = \"0398765432\"\n{keys}\n\n[[seat]]\nname = \"a\"\naccount = \"main\"\n"
    );
    let env = Environment::new(1000, [("HOME", "/home/a"), ("XDG_RUNTIME_DIR", "/run/user/1000")]);
    Config::parse(&text, Path::new("/etc/kakeru"), &env).unwrap().accounts.remove(0)
}

/// The lines that tell whom and who, tags cut off.
fn telling(keys: &str, number: &str) -> Vec<String> {
    let text = invite(&account(keys), number).unwrap();
    let names = ["INVITE", "From", "To", "P-", "Privacy"];
    let lines = text.lines().filter(|line| names.iter().any(|name| line.starts_with(name)));
    lines.map(|line| line.split(";tag=").next().unwrap().to_owned()).collect()
}

/// japan-telephony: the gateway's sample has send_pai=yes and From = the extension; G.711 µ-law alone.
#[test]
fn preset_hikari() {
    assert_eq!(
        telling("preset = \"hikari\"", "03-1234-5678"),
        [
            "INVITE sip:0312345678@192.0.2.1 SIP/2.0",
            "From: <sip:3@192.0.2.1>",
            "To: <sip:0312345678@192.0.2.1>",
            "P-Asserted-Identity: <sip:0398765432@192.0.2.1>",
        ]
    );
}

#[test]
fn preset_sip_trunk() {
    assert_eq!(
        telling("preset = \"sip-trunk\"", "03-1234-5678"),
        [
            "INVITE sip:0312345678@192.0.2.1 SIP/2.0",
            "From: <sip:3@192.0.2.1>",
            "To: <sip:0312345678@192.0.2.1>",
            "P-Preferred-Identity: <sip:0398765432@192.0.2.1>",
        ]
    );
}

#[test]
fn preset_asterisk() {
    assert_eq!(
        telling("preset = \"asterisk\"\nprefix = \"0\"\ndisplay_name = \"営業\"", "03-1234-5678"),
        [
            "INVITE sip:00312345678@192.0.2.1 SIP/2.0",
            "From: \"営業\" <sip:3@192.0.2.1>",
            "To: <sip:00312345678@192.0.2.1>",
            "P-Asserted-Identity: \"営業\" <sip:0398765432@192.0.2.1>",
        ]
    );
}

#[test]
fn without_a_preset_the_number_stands_in_from() {
    let lines = telling("number_format = \"+e164\"\nuri = \"sip;user=phone\"", "03-1234-5678");
    assert_eq!(lines[0], "INVITE sip:+81312345678@192.0.2.1;user=phone SIP/2.0");
    assert_eq!(lines[1], "From: <sip:0398765432@192.0.2.1;user=phone>");
    let lines = telling("uri = \"tel\"", "03-1234-5678");
    assert_eq!(lines[0], "INVITE tel:0312345678;phone-context=+81 SIP/2.0");
}

/// A 184 is dialed, told by Privacy, or refused, as the account says.
#[test]
fn a_184_before_the_number() {
    assert_eq!(telling("", "184-03-1234-5678")[0], "INVITE sip:1840312345678@192.0.2.1 SIP/2.0");
    assert_eq!(
        telling("clir = \"privacy\"\nidentity = [\"pai\"]", "184-03-1234-5678"),
        [
            "INVITE sip:0312345678@192.0.2.1 SIP/2.0",
            "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>",
            "To: <sip:0312345678@192.0.2.1>",
            "P-Asserted-Identity: <sip:0398765432@192.0.2.1>",
            "Privacy: id",
        ]
    );
    let shown = telling("clir = \"privacy\"", "186-03-1234-5678");
    assert_eq!(shown.last().unwrap(), "Privacy: none");
    assert_eq!(invite(&account("clir = \"refused\""), "184-03-1234-5678"), Err(ErrorCode::TrunkRule));
}

#[test]
fn what_is_never_dialed_makes_no_invite() {
    for number in ["110", "184119", "#7119", "0570-012-345", "010-1-212-555-0100"] {
        assert!(invite(&account("prefix = \"0\""), number).is_err(), "{number}");
    }
    assert_eq!(invite(&account("prefix = \"110\""), "03-1234-5678"), Err(ErrorCode::PhoneForbidden));
}

#[test]
fn numbers_are_masked_but_their_form_is_seen() {
    let text =
        masked(&invite(&account("number_format = \"+e164\"\nprefix = \"0\""), "03-1234-5678").unwrap());
    assert!(text.starts_with("INVITE sip:0+813****5678@192.0.2.1 SIP/2.0\n"), "{text}");
    assert!(text.contains("From: <sip:03****5432@192.0.2.1>;tag="), "{text}");
    assert!(!text.contains("12345678") && !text.contains("98765432"));
}
