use super::*;

fn national_of(raw: &str) -> String {
    Phone::parse(raw).unwrap_or_else(|error| panic!("{raw}: {error}")).phone.national()
}

fn code_of(raw: &str) -> Code {
    match Phone::parse(raw) {
        Err(error) => error.code,
        Ok(parsed) => panic!("{raw} was read as {}", parsed.phone.expose()),
    }
}

/// S0.6, S0.18, S1.17.
#[test]
fn everything_a_person_writes_becomes_the_same_key() {
    for raw in [
        "03-1234-5678",
        "0312345678",
        "０３－１２３４－５６７８",
        "０３ー１２３４ー５６７８",
        "03ｰ1234ｰ5678",
        "03―1234―5678",
        "03−1234−5678",
        "03‐1234‐5678",
        "03─1234─5678",
        "03━1234━5678",
        "(03)1234-5678",
        "03(1234)5678",
        "（０３）１２３４－５６７８",
        "03 1234 5678",
        "03\u{3000}1234\u{A0}5678",
        "03.1234.5678",
        "TEL 03-1234-5678",
        "Tel:03-1234-5678",
        "℡03-1234-5678",
        "電話：03-1234-5678",
        "代表 03-1234-5678",
        "03-1234-5678(代)",
        "㈹03-1234-5678",
        "03-1234-5678㈹",
        "'0312345678",
        "=\"0312345678\"",
        "=\"03-1234-5678\"",
        "+81312345678",
        "+81(0)3-1234-5678",
        "+81 3-1234-5678",
        "+81-03-1234-5678",
        "0081-3-1234-5678",
        "010-81-3-1234-5678",
        "81312345678",
        "\u{200B}0312345678",
        "312345678",
        "312345678.0",
        "03一1234一5678",
        "電話(代表):03-1234-5678",
        "[03]1234-5678",
    ] {
        assert_eq!(national_of(raw), "0312345678", "{raw}");
    }
    for raw in
        ["090-1234-5678", "9012345678", "+81 90 1234 5678", "819012345678", "携帯０９０（１２３４）５６７８"]
    {
        assert_eq!(national_of(raw), "09012345678", "{raw}");
    }
}

/// S0.24, S1.17, X1.
#[test]
fn repairs_and_doubts_are_told() {
    for (raw, warnings) in [
        ("03-1234-5678", &[][..]),
        ("312345678", &[Code::ZeroRestored]),
        ("9012345678", &[Code::ZeroRestored]),
        // They end as an emergency number does, and are none.
        ("312345110", &[Code::ZeroRestored]),
        ("3-1234-5118", &[Code::ZeroRestored]),
        ("522345119.0", &[Code::PhoneDecimal, Code::ZeroRestored]),
        ("312345678.0", &[Code::PhoneDecimal, Code::ZeroRestored]),
        ("03一1234一5678", &[Code::PhoneHyphen]),
        ("0300000000", &[Code::PhoneUnassigned]),
        ("08000000000", &[Code::PhoneFreephone]),
        ("05233333333", &[Code::PhoneUnassigned]),
        ("05000000000", &[Code::PhoneUnassigned]),
        ("0622222222", &[]),
        ("0600-123-456", &[Code::PhoneConverged]),
        ("8001234567", &[Code::ZeroRestored, Code::PhoneFreephone]),
    ] {
        assert_eq!(Phone::parse(raw).unwrap().warnings, warnings, "{raw}");
    }
}

#[test]
fn the_first_of_several_numbers_is_dialed() {
    let parsed = Phone::parse("03-1234-5678 / 090-1234-5678、03-1234-5678").unwrap();
    assert_eq!(parsed.phone.national(), "0312345678");
    let mobile = FurtherPhone { phone: Phone::from_e164("+819012345678").unwrap(), ext: None };
    assert_eq!(parsed.extra, [mobile]);
    assert_eq!(parsed.warnings, [Code::PhoneExtra]);
    assert_eq!(Phone::parse("03-1234-5678\n06-1234-5678").unwrap().extra.len(), 1);
    assert_eq!(Phone::parse("TEL:03-1234-5678/携帯:090-1234-5678").unwrap().extra.len(), 1);
}

#[test]
fn extensions_are_kept_apart() {
    for raw in [
        "03-1234-5678 内線123",
        "03-1234-5678(内線:123)",
        "03-1234-5678 ext.123",
        "03-1234-5678 x123",
        "03-1234-5678#123",
        "０３－１２３４－５６７８　内線１２３",
    ] {
        let parsed = Phone::parse(raw).unwrap();
        assert_eq!(
            (parsed.phone.national().as_str(), parsed.ext.as_deref()),
            ("0312345678", Some("123")),
            "{raw}"
        );
    }
}

#[test]
fn caller_id_prefixes_are_split_off() {
    let parsed = Phone::parse("184-03-1234-5678").unwrap();
    assert_eq!((parsed.phone.national().as_str(), parsed.clir), ("0312345678", Some(Clir::Suppress)));
    assert_eq!(Phone::parse("186 090-1234-5678").unwrap().clir, Some(Clir::Present));
    let akita = Phone::parse("184221234").unwrap();
    assert_eq!((akita.phone.national().as_str(), akita.clir), ("0184221234", None));
    assert_eq!(akita.phone.display_national(), "0184-22-1234");
}

/// S0.24.
#[test]
fn what_a_spreadsheet_destroyed_is_said_so() {
    for raw in
        ["9.01E+09", "9.01235E+10", "3E8", "#N/A", "#VALUE!", "########", "3月1日", "2024/3/1", "3/1", "3-1"]
    {
        assert_eq!(code_of(raw), Code::PhoneExcel, "{raw}");
    }
}

#[test]
fn numbers_nobody_may_dial_are_refused() {
    for raw in [
        "110",
        "119",
        "118",
        "0-110",
        "0,110",
        "184110",
        "186-119",
        "9110",
        "１１０",
        "#9110",
        "#7119",
        "177",
        "104",
        "010-1-212-555-0100",
        "+1 212 555 0100",
        "0033-1-23-45-67-89",
        "00371234567890",
        "110-1234567",
        "0110",
    ] {
        assert_eq!(code_of(raw), Code::PhoneForbidden, "{raw}");
    }
}

#[test]
fn the_rest_is_not_a_number() {
    for raw in [
        "abc",
        "不明",
        "03-1234-567",
        "031234567890",
        "12345",
        "03-1234-5678 abc",
        "03-1234-5678 内線",
        "-",
        "+",
        "1234567890",
        "0312345678/不明",
    ] {
        assert_eq!(code_of(raw), Code::PhoneInvalid, "{raw}");
    }
    assert_eq!(code_of(&"1".repeat(1000)), Code::PhoneInvalid);
    for raw in ["", " ", "\u{3000}", "'", "TEL:"] {
        assert_eq!(code_of(raw), Code::ReqPhone, "{raw:?}");
    }
}

proptest::proptest! {
    /// C9, D23: leads are counted as the dialer judges them.
    #[test]
    fn what_is_counted_as_due_is_what_a_list_may_dial(nsn in "[1-9][0-9]{8,9}") {
        if let Ok(parsed) = Phone::parse(&format!("0{nsn}")) {
            let (key, national) = (parsed.phone.expose(), parsed.phone.national());
            let due = crate::phone::is_dialed_from_lists(key);
            proptest::prop_assert_eq!(due, !crate::phone::is_list_forbidden(&national), "{}", national);
        }
    }

    #[test]
    fn no_cell_panics_and_every_accepted_one_is_dialable(raw in "\\PC{0,40}") {
        if let Ok(parsed) = Phone::parse(&raw) {
            proptest::prop_assert!(!is_emergency(&parsed.phone.national()));
            proptest::prop_assert!(Phone::from_e164(parsed.phone.expose()).is_ok());
        }
    }

    #[test]
    fn the_short_way_and_the_long_way_agree(raw in "0?[0-9]{3,4}-?[0-9]{2,4}-?[0-9]{3,4}") {
        let long = Phone::parse(&format!("\u{3000}{raw}"));
        proptest::prop_assert_eq!(Phone::parse(&raw), long);
    }

    #[test]
    fn digits_and_separators_never_yield_an_emergency(raw in "[0-9,()/+# -]{1,16}") {
        if let Ok(parsed) = Phone::parse(&raw) {
            proptest::prop_assert!(!is_emergency(&parsed.phone.national()));
        }
    }

    #[test]
    fn the_national_form_reads_back(nsn in "[1-9][0-9]{8,9}") {
        if let Some(phone) = Phone::from_nsn(&nsn) {
            if nsn.starts_with("10") { return Ok(()); }
            proptest::prop_assert_eq!(&Phone::parse(&phone.national()).unwrap().phone, &phone);
            proptest::prop_assert_eq!(&Phone::parse(&phone.display_national()).unwrap().phone, &phone);
            proptest::prop_assert_eq!(&Phone::parse(phone.expose()).unwrap().phone, &phone);
        }
    }
}
