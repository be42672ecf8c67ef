//! Limits of import profiles.

use super::*;

fn with_import(text: &str) -> String {
    format!("{MINIMAL}\n{text}\n")
}

/// C4, C5: what is not set is the product's, and 0 is any number.
#[test]
fn a_limit_of_a_profile_is_a_setting() {
    assert_eq!(parse(MINIMAL).unwrap().imports, []);
    let text = "[import.profiles.miitel]\nmax_leads = 8000\nmax_rows = 0\n[import.profiles.open]\nwarn_leads = 1\n\
                max_bytes = 1073741824\nmax_contacts = 2\nmax_categories = 3\n";
    let [open, miitel] = parse(&with_import(text)).unwrap().imports.try_into().unwrap();
    assert_eq!((open.profile, open.warn_leads), ("open", Some(Limit::Most(1))));
    assert_eq!((open.max_bytes, open.max_leads), (Some(Limit::Most(1_073_741_824)), None));
    assert_eq!((open.max_contacts, open.max_categories), (Some(Limit::Most(2)), Some(Limit::Most(3))));
    let expected = ProfileLimits {
        profile: "miitel",
        max_leads: Some(Limit::Most(8_000)),
        max_rows: Some(Limit::Any),
        ..ProfileLimits::default()
    };
    assert_eq!(miitel, expected);
    // One after the other, as TOML has it too.
    let short = with_import("[import]\nprofiles = { zoho = { max_leads = 10 } }");
    assert_eq!(parse(&short).unwrap().imports[0].profile, "zoho");
}

#[test]
fn a_wrong_limit_is_named_with_its_line() {
    let at = |text: &str| errors(&with_import(text)).pop().unwrap();
    let line = MINIMAL.lines().count() + 3;
    let path = |key: &str| format!("import.profiles.miitel.{key}");
    for (text, kind, key) in [
        ("max_leads = -1", ErrorKind::Invalid, "max_leads"),
        ("max_leads = 1073741825", ErrorKind::Invalid, "max_leads"),
        ("max_rows = \"8000\"", ErrorKind::WrongType, "max_rows"),
        ("max_lead = 8000", ErrorKind::UnknownKey, "max_lead"),
        ("warn_leads = 8000\nmax_leads = 8000", ErrorKind::Invalid, "warn_leads"),
    ] {
        assert_eq!(at(&format!("[import.profiles.miitel]\n{text}")), (kind, line, path(key)), "{text}");
    }
    let unknown = at("[import.profiles.mitel]\nmax_leads = 1");
    assert_eq!((unknown.0, unknown.2.as_str()), (ErrorKind::UnknownKey, "import.profiles.mitel"));
    let message = parse(&with_import("[import.profiles.mitel]\n")).unwrap_err().remove(0).message;
    assert!(message.ja.contains("miitel") && message.en.contains("miitel"), "{message:?}");
    assert_eq!(at("[import]\nmax_rows = 1").0, ErrorKind::UnknownKey);
    assert!(parse(&with_import("[import.profiles.miitel]\nwarn_leads = 8000\nmax_leads = 0")).is_ok());
}
