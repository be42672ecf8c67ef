use std::path::Path;

use proptest::prelude::*;

use super::*;

fn account(keys: &str) -> config::Account {
    let text = format!(
        "[[account]]\nname = \"main\"\nkind = \"pbx\"\naor = \"sip:100@pbx.example:5070\"\npassword = \"x\"\n{keys}\n\
         [[seat]]\nname = \"a\"\naccount = \"main\"\n"
    );
    let env = config::Environment::new(1000, [("HOME", "/home/a"), ("XDG_RUNTIME_DIR", "/run/user/1000")]);
    config::Config::parse(&text, Path::new("/etc/kakeru"), &env).unwrap().accounts.remove(0)
}

#[test]
fn a_project_s_number_is_written_as_the_trunk_writes_numbers() {
    let line = account("caller_id = \"0398765432\"\nnumber_format = \"+e164\"\nprefix = \"0\"");
    let from = |number| headers(&line, number, None).unwrap().pop().unwrap().1;
    assert_eq!(
        from(Some("0398765432")),
        "<sip:0398765432@pbx.example:5070>",
        "the account's as it is written"
    );
    assert_eq!(from(Some("052-333-3333")), "<sip:+81523333333@pbx.example:5070>");
    assert_eq!(from(None), "<sip:100@pbx.example:5070>");
    assert_eq!(headers(&line, Some("1 2\r\nX: y"), None), None);
}

fn a_key(values: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(values)
}

proptest! {
    /// Every format, form and prefix that the file can hold: the URI that leaves holds one user part, and that reads
    /// back as the number that was checked.
    #[test]
    fn the_uri_that_leaves_reads_back_as_the_number(
        format in a_key(&["national", "e164", "+e164"]),
        form in a_key(&["sip", "sip;user=phone", "tel"]),
        prefix in a_key(&["", "0", "9", "0,", "*9", "#0", "110"]),
        clir in a_key(&["dialed", "privacy", "refused"]),
        said in a_key(&["", "184", "186"]),
        nsn in "[1-9][0-9]{8,9}",
    ) {
        prop_assume!(form != "tel" || !prefix.contains(','));
        let line = account(&format!(
            "number_format = \"{format}\"\nuri = \"{form}\"\nprefix = \"{prefix}\"\nclir = \"{clir}\""
        ));
        let phone = Phone::from_e164(&format!("+81{nsn}")).unwrap();
        let said = Clir::of_digits(said);
        let Some(dialing) = plan(&line).dial(&phone, said) else {
            prop_assert!(clir == "refused" && said.is_some());
            return Ok(());
        };
        // `None` only for a `tel:` URI, which holds a `+` at its start alone.
        let Some(uri) = target(&line, &dialing.string, &phone) else {
            prop_assert!(form == "tel" && dialing.string.rfind('+') > Some(0), "{}", dialing.string);
            return Ok(());
        };
        let user = uri.user().unwrap().replace("%23", "#");
        prop_assert_eq!(plan(&line).read(&user), Some(phone.clone()), "{}", uri);
        prop_assert_eq!(Uri::parse(&uri.to_string()).unwrap(), uri);
        let other = Phone::from_e164("+81312345679").unwrap();
        prop_assert_eq!(target(&line, &dialing.string, &other).is_some(), other == phone);
    }
}
