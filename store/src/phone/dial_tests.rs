use proptest::prelude::*;

use super::*;

fn phone(raw: &str) -> Phone {
    Phone::parse(raw).unwrap().phone
}

#[test]
fn emergency_is_seen_behind_every_prefix() {
    for dial in [
        "110",
        "118",
        "119",
        "0110",
        "0,110",
        "0-110",
        "9110",
        "9,119",
        "8118",
        "184110",
        "186119",
        "0184110",
        "0,186-119",
        "9184110",
        "00118",
        "99110",
        "１１０",
        "0，１１９",
        "+81110",
        "81118",
        "110#",
        "1-1-0",
        "(0)119",
        "1104567890",
        "184119000000",
        "0,1100312345678",
        "91101234567",
        "0 p 119",
        "110@example.jp;user=phone",
        "010110",
        "0081119",
    ] {
        assert!(is_emergency(dial), "{dial}");
        assert!(is_forbidden(dial) && is_list_forbidden(dial), "{dial}");
        assert_eq!(DialPlan::default().verdict(dial), Verdict::Emergency, "{dial}");
    }
}

#[test]
fn numbers_that_only_contain_the_digits_are_not_emergency() {
    for dial in [
        "0335810110",
        "03-3581-0110",
        "+81335810110",
        "0,0335810110",
        "0118123456",
        "0119123456",
        "+81118123456",
        "81118123456",
        "81198123456",
        "0,0118123456",
        "18403-3581-0110",
        "09011011911",
        "0312345119",
        "819011801190",
    ] {
        assert!(!is_emergency(dial), "{dial}");
        assert!(!is_forbidden(dial), "{dial}");
    }
}

#[test]
fn short_codes_carriers_and_foreign_numbers_are_forbidden() {
    for dial in [
        "",
        "104",
        "117",
        "177",
        "0,177",
        "188",
        "#7119",
        "#9110",
        "*21",
        "0570012345",
        "0990512345",
        "02012345678",
        "010112125550100",
        "+12125550100",
        "0037123456789",
        "0088123456789",
        "12345",
        "031234567",
        "031234567890",
        "+810312345678",
        "sip",
        "0101234567",
    ] {
        assert!(is_forbidden(dial), "{dial}");
    }
    assert!(!is_forbidden("0120123456") && is_list_forbidden("0120123456"));
    assert!(!is_forbidden("08001234567") && is_list_forbidden("+818001234567"));
    assert!(!is_list_forbidden("0601234567"));
}

#[test]
fn the_plan_writes_what_the_trunk_understands_and_knows_its_prefix() {
    let number = phone("03-3581-0110");
    for (format, prefix, expected) in [
        (NumberFormat::National, "", "0335810110"),
        (NumberFormat::National, "0", "00335810110"),
        (NumberFormat::National, "0,", "0,0335810110"),
        (NumberFormat::E164Plus, "", "+81335810110"),
        (NumberFormat::E164, "9", "981335810110"),
    ] {
        let plan = DialPlan { format, prefix: prefix.to_owned(), ..DialPlan::default() };
        let dial = plan.dial(&number, None).unwrap().string;
        assert_eq!(dial, expected);
        assert_eq!(plan.verdict(&dial), Verdict::Allowed, "{dial}");
        assert_eq!(plan.verdict(&format!("{prefix}110")), Verdict::Emergency);
        assert_eq!(plan.verdict(&format!("{prefix}184119")), Verdict::Emergency);
        assert_eq!(plan.verdict(&format!("{prefix}177")), Verdict::Forbidden);
    }
    let plan = DialPlan { format: NumberFormat::E164Plus, prefix: "0,".into(), ..DialPlan::default() };
    assert_eq!(plan.dial(&number, Some(Clir::Present)).unwrap().string, "0,1860335810110");
    assert_eq!(plan.verdict("0,1860335810110"), Verdict::Allowed);
}

#[test]
fn some_numbers_go_another_way() {
    let rule = |starts: &str| DialRule { starts: starts.into(), format: None, prefix: None, refuse: false };
    let plan = DialPlan {
        format: NumberFormat::E164Plus,
        prefix: "0,".into(),
        rules: vec![
            DialRule { format: Some(NumberFormat::National), prefix: Some("9".into()), ..rule("0120") },
            DialRule { refuse: true, ..rule("050") },
        ],
        clir: ClirRule::Dialed,
    };
    let string = |raw: &str| plan.dial(&phone(raw), None).map(|dialing| dialing.string);
    assert_eq!(string("03-3581-0110").as_deref(), Some("0,+81335810110"));
    assert_eq!(string("0120-123-456").as_deref(), Some("90120123456"));
    assert_eq!(string("050-1234-5678"), None);
    assert_eq!(plan.read("90120123456"), Some(phone("0120-123-456")));
    assert_eq!(plan.read("0,+815012345678"), None, "refused numbers are not read either");
}

/// 184 and 186: dialed, told in a header, or refused; never added.
#[test]
fn a_prefix_184_or_186_becomes_what_the_trunk_wants() {
    let number = phone("03-3581-0110");
    for (clir, wish, expected) in [
        (ClirRule::Dialed, Some(Clir::Suppress), Some(("1840335810110", None))),
        (ClirRule::Signalled, Some(Clir::Suppress), Some(("+81335810110", Some(Clir::Suppress)))),
        (ClirRule::Signalled, Some(Clir::Present), Some(("+81335810110", Some(Clir::Present)))),
        (ClirRule::Refused, Some(Clir::Present), None),
        (ClirRule::Refused, None, Some(("+81335810110", None))),
        (ClirRule::Dialed, None, Some(("+81335810110", None))),
    ] {
        let plan = DialPlan { format: NumberFormat::E164Plus, clir, ..DialPlan::default() };
        let dialing = plan.dial(&number, wish);
        let told = dialing.as_ref().map(|dialing| (dialing.string.as_str(), dialing.signalled));
        assert_eq!(told, expected, "{clir:?} {wish:?}");
    }
}

fn a_format() -> impl Strategy<Value = NumberFormat> {
    prop_oneof![Just(NumberFormat::National), Just(NumberFormat::E164Plus), Just(NumberFormat::E164)]
}

fn a_prefix() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just("0".to_owned()), Just("0,".to_owned()), "[0-9*#]{1,3},?"]
}

fn a_plan() -> impl Strategy<Value = DialPlan> {
    let rule =
        ("0[0-9]{0,3}", proptest::option::of(a_format()), proptest::option::of(a_prefix()), any::<bool>())
            .prop_map(|(starts, format, prefix, refuse)| DialRule { starts, format, prefix, refuse });
    let clir = prop_oneof![Just(ClirRule::Dialed), Just(ClirRule::Signalled), Just(ClirRule::Refused)];
    (a_format(), a_prefix(), proptest::collection::vec(rule, 0..3), clir)
        .prop_map(|(format, prefix, rules, clir)| DialPlan { format, prefix, rules, clir })
}

fn a_clir() -> impl Strategy<Value = Option<Clir>> {
    prop_oneof![Just(None), Just(Some(Clir::Suppress)), Just(Some(Clir::Present))]
}

/// Numbers of every kind, those that look like an emergency code more often than chance has them.
fn a_phone() -> impl Strategy<Value = Phone> {
    let nsn = prop_oneof!["[1-9][0-9]{8,9}", "11[089][0-9]{6,7}", "1?8[46]11[089][0-9]{3,4}", "120[0-9]{6}"];
    nsn.prop_filter_map("no NSN", |nsn| Phone::from_nsn(&nsn))
}

/// What an exchange reaches that analyses digit by digit, told apart from [`is_emergency`]: the codes at the start of
/// what is dialed, at the start behind the trunk's own prefix or a pause, each with 184 or 186 before them.
fn reaches_emergency(dialing: &Dialing) -> bool {
    let starts = |text: &str| {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let behind = digits.strip_prefix("184").or_else(|| digits.strip_prefix("186")).unwrap_or(&digits);
        ["110", "118", "119"].iter().any(|code| digits.starts_with(code) || behind.starts_with(code))
    };
    let behind_prefix = dialing.string.strip_prefix(dialing.prefix.as_str()).unwrap_or_default();
    starts(&dialing.string) || starts(behind_prefix) || dialing.string.split(',').any(starts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// Over every plan: what may leave reaches no emergency service, is of a kind that may be dialed, and is the
    /// number that was meant.
    #[test]
    fn what_leaves_is_the_number_that_was_meant(plan in a_plan(), phone in a_phone(), clir in a_clir()) {
        let Some(dialing) = plan.dial(&phone, clir) else { return Ok(()) };
        let judge = DialPlan { prefix: dialing.prefix.clone(), ..DialPlan::default() };
        match judge.verdict(&dialing.string) {
            Verdict::Allowed | Verdict::ManualOnly => {
                prop_assert!(!reaches_emergency(&dialing), "{}", dialing.string);
                prop_assert!(phone.kind().auto_dial() != AutoDial::Deny, "{}", dialing.string);
                if let Some(read) = plan.read(&dialing.string) {
                    prop_assert_eq!(read, phone);
                }
            }
            Verdict::Forbidden | Verdict::Emergency => {}
        }
    }

    /// Without rules the reverse reading never fails: no two numbers share a string.
    #[test]
    fn a_plain_plan_reads_back_what_it_wrote(
        format in a_format(), prefix in "[0-9]?,?", phone in a_phone(), clir in a_clir(),
    ) {
        let plan = DialPlan { format, prefix, ..DialPlan::default() };
        let dialing = plan.dial(&phone, clir).unwrap();
        prop_assert_eq!(plan.read(&dialing.string), Some(phone));
    }

    /// No text whatever makes a call to an emergency number, a short code or abroad: neither is it a [`Phone`], nor
    /// does a trunk's prefix before it make it one.
    #[test]
    fn no_forbidden_number_is_written(plan in a_plan(), code in "(184|186)?(110|118|119|104|117|177|188|189|171)") {
        prop_assert!(Phone::parse(&code).is_err());
        let dial = format!("{}{code}", plan.prefix);
        prop_assert!(plan.is_forbidden(&dial) && plan.is_list_forbidden(&dial), "{}", dial);
        prop_assert_eq!(plan.read(&dial), None);
    }
}
