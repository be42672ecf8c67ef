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
    assert_eq!((open.profile.as_str(), open.warn_leads), ("open", Some(Limit::Most(1))));
    assert_eq!((open.max_bytes, open.max_leads), (Some(Limit::Most(1_073_741_824)), None));
    assert_eq!((open.max_contacts, open.max_categories), (Some(Limit::Most(2)), Some(Limit::Most(3))));
    let expected = ProfileLimits {
        profile: "miitel".into(),
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

/// C1, C2, C4: a site has a profile of its own, which is its base but for what it says.
#[test]
fn a_site_has_profiles_of_its_own() {
    let text = "[import.profiles.\"基幹\"]\nbase = \"calltree\"\nencoding = \"cp932\"\ndelimiter = \"tab\"\nlist_required = \"both\"\n\
                max_rows = 7\nno_quotes = true\nphone_column = \"\"\n\
                columns = { company = [\"貴社名\", \"社名\"], phone = [\"お電話\"], category = [\"区分\"] }\n";
    let [own] = parse(&with_import(text)).unwrap().imports.try_into().unwrap();
    assert_eq!((own.profile.as_str(), own.max_rows, own.max_leads), ("基幹", Some(Limit::Most(7)), None));
    let expected = OwnProfile {
        base: "calltree",
        encoding: Some("cp932"),
        delimiter: Some("tab"),
        list_required: Some("both"),
        no_quotes: Some(true),
        phone_column: Some(String::new()),
        columns: OwnColumns {
            company: vec!["貴社名".into(), "社名".into()],
            phone: vec!["お電話".into()],
            category: vec!["区分".into()],
            ..OwnColumns::default()
        },
        ..OwnProfile::default()
    };
    assert_eq!(own.own, Some(expected));
}

#[test]
fn what_is_wrong_in_a_profile_of_its_own_is_named_with_its_line() {
    let line = MINIMAL.lines().count() + 4;
    let path = |key: &str| format!("import.profiles.own.{key}");
    for (text, kind, key) in [
        ("encoding = \"latin1\"", ErrorKind::Invalid, "encoding"),
        ("list_header = true", ErrorKind::WrongType, "list_header"),
        ("dup_in_file = \"keep\"", ErrorKind::Invalid, "dup_in_file"),
        ("max_rows = -1", ErrorKind::Invalid, "max_rows"),
        ("no_quote = true", ErrorKind::UnknownKey, "no_quote"),
        ("columns = { tel = [\"TEL\"] }", ErrorKind::UnknownKey, "columns.tel"),
        ("columns = { phone = \"TEL\" }", ErrorKind::WrongType, "columns.phone"),
        ("columns = { phone = [\"TEL\"], company = [\" x\"] }", ErrorKind::Invalid, "columns.company[0]"),
        (
            "columns = { phone = [\"TEL\", \"FAX\"], further_phone = [\"FAX\"] }",
            ErrorKind::Invalid,
            "columns.further_phone[0]",
        ),
    ] {
        let found = errors(&with_import(&format!("[import.profiles.own]\nbase = \"open\"\n{text}")));
        assert_eq!(found, [(kind, line, path(key))], "{text}");
    }
    let wrong = |text: &str| errors(&with_import(text)).pop().unwrap();
    assert_eq!(wrong("[import.profiles.own]\nbase = \"mitel\"").2, path("base"));
    assert_eq!(wrong("[import.profiles.\"a b\"]\nbase = \"open\"").0, ErrorKind::Invalid);
    // Rules are those of a profile of its own: a product's are its product's.
    assert_eq!(wrong("[import.profiles.miitel]\nno_quotes = false").0, ErrorKind::UnknownKey);
    assert_eq!(wrong("[import.profiles.miitel]\nbase = \"open\"").0, ErrorKind::UnknownKey);
    let told = parse(&with_import("[import.profiles.own]\nmax_rows = 1\n")).unwrap_err().remove(0).message;
    assert!(told.ja.contains("base = \"open\"") && told.en.contains("base = \"open\""), "{told:?}");
}
