//! Accounts: what they lead to, whom they trust, how they are written.

use super::*;

#[test]
fn a_trunk_known_by_address_needs_neither_registrar_nor_password() {
    let text = "[[account]]\nname = \"t\"\nkind = \"trunk\"\naor = \"sip:0312345678@trunk.example:5070\"\nregister = false\n";
    let config = parse(text).unwrap();
    let account = &config.accounts[0];
    assert_eq!((account.registrar.as_ref(), account.password.as_ref()), (None, None));
    assert_eq!((account.aor_user(), account.aor_host()), ("0312345678", "trunk.example:5070"));
    assert_eq!(config.warnings.len(), 1, "a daemon without seat is told so");
    let found = errors(&format!("{text}registrar = \"sip:x\"\n"));
    assert_eq!(found, [(ErrorKind::Conflict, 6, "account[0].registrar".to_owned())]);
}

#[test]
fn practice_accounts_may_register_often_and_others_may_not() {
    let text = |kind: &str| {
        MINIMAL
            .replace("\"pbx\"", kind)
            .replace("[[seat]]", "expires = \"2s\"\nretry_min = \"200ms\"\n[[seat]]")
    };
    let practice = parse(&text("\"practice\"")).unwrap();
    assert_eq!(practice.accounts[0].retry_min, Duration::from_millis(200));
    assert_eq!(errors(&text("\"trunk\"")).len(), 2);
}

#[test]
fn a_preset_gives_way_to_every_key() {
    let plain = account("");
    assert_eq!((plain.identity.from, plain.identity.asserted, plain.identity.trusted), (true, false, true));
    let hikari = account("preset = \"hikari\"");
    assert!(hikari.identity.asserted && !hikari.identity.from);
    assert_eq!((hikari.codecs, hikari.retry_min), (vec![Codec::Pcmu], Duration::from_secs(60)));
    assert_eq!(hikari.dtmf, Dtmf::Inband);
    assert_eq!(account("preset = \"hikari\"\ndtmf = \"info\"").dtmf, Dtmf::Info);
    assert_eq!(account("preset = \"asterisk\"").dtmf, Dtmf::Auto);
    let own = account("preset = \"hikari\"\nidentity = [\"from\", \"ppi\"]\ncodecs = [\"PCMA\"]");
    assert!(own.identity.from && own.identity.preferred && !own.identity.asserted);
    assert_eq!(own.codecs, [Codec::Pcma]);
    assert!(account("preset = \"sip-trunk\"").identity.preferred);
    assert!(account("preset = \"asterisk\"").identity.asserted);
}

#[test]
fn identity_and_dial_rules_are_read_and_checked() {
    let read = account(
        "identity = []\nprivacy = [\"ID\", \"critical\"]\nuri = \"sip;user=phone\"\nclir = \"privacy\"\n\
         anonymous_from = false\ntrust_identity = false\nprefix = \"0,\"\n\
         dial = [{ starts = \"0120\", prefix = \"9\" }, { starts = \"050\", refuse = true }]",
    );
    let identity = &read.identity;
    assert!(!identity.from && !identity.anonymous_from && !identity.trusted);
    assert_eq!(
        (&identity.privacy[..], identity.uri),
        (&["id".into(), "critical".into()][..], UriForm::SipPhone)
    );
    assert_eq!((read.clir, read.prefix.as_str()), (ClirRule::Privacy, "0,"));
    assert_eq!((read.dial[0].prefix.as_deref(), read.dial[1].refuse), (Some("9"), true));
    for wrong in [
        "identity = [\"rpid\"]",
        "privacy = [\"none\", \"id\"]",
        "privacy = [\"all\"]",
        "clir = \"184\"",
        "uri = \"tel\"\nprefix = \"0,\"",
        "preset = \"cisco\"",
        "dtmf = \"sip\"",
        "dial = [{ starts = \"120\", prefix = \"9\" }]",
        "dial = [{ starts = \"0120\" }]",
        "dial = [{ starts = \"0120\", refuse = true, prefix = \"9\" }]",
        "dial = [{ prefix = \"9\" }]",
        "prefix = \"0 \"",
    ] {
        let text = MINIMAL.replacen("[[seat]]", &format!("{wrong}\n[[seat]]"), 1);
        assert!(parse(&text).is_err(), "{wrong}");
    }
}

#[test]
fn session_timers_and_the_longest_call() {
    let with = |lines: &str| MINIMAL.replace("\n[[seat]]", &format!("{lines}\n[[seat]]"));
    let config = parse(MINIMAL).unwrap();
    let account = &config.accounts[0];
    assert_eq!((account.session_expires.as_secs(), account.session_min.as_secs()), (1_800, 90));
    assert_eq!(config.sip.max_call_length, None);
    assert_eq!(config.sip.reliable_provisionals, ReliableProvisionals::Required);
    let off = parse(&with("session_expires = \"0s\"")).unwrap();
    assert!(off.accounts[0].session_expires.is_zero());
    let long = parse(&with("session_min = \"1h\"")).unwrap();
    assert_eq!(long.accounts[0].session_expires.as_secs(), 3_600);
    for wrong in ["session_min = \"60s\"", "session_expires = \"60s\"", "session_expires = \"2d\""] {
        assert_eq!(parse(&with(wrong)).unwrap_err().len(), 1, "{wrong}");
    }
    let sip =
        parse(&format!("[sip]\nmax_call_length = \"4h\"\nreliable_provisionals = \"supported\"\n{MINIMAL}"));
    let sip = sip.unwrap().sip;
    assert_eq!(sip.max_call_length, Some(Duration::from_secs(14_400)));
    assert_eq!(sip.reliable_provisionals, ReliableProvisionals::Supported);
}

#[test]
fn trusted_sources_are_networks_and_those_of_a_practice_account_are_here() {
    let with = |kind: &str, list: &str| {
        let account =
            MINIMAL.replace("kind = \"pbx\"", &format!("kind = \"{kind}\"\ntrusted_sources = {list}"));
        parse(&account).map(|config| config.accounts[0].trusted_sources.len())
    };
    assert_eq!(with("trunk", "[\"203.0.113.0/24\", \"203.0.113.0/24\", \"2001:db8::1\"]"), Ok(2));
    assert_eq!(with("practice", "[\"127.0.0.0/8\", \"::1\"]"), Ok(2));
    let refused = with("practice", "[\"127.0.0.9\", \"203.0.113.0/24\"]").unwrap_err();
    assert_eq!((refused.len(), refused[0].path.as_str()), (1, "account[0].trusted_sources[1]"));
    assert_eq!(with("pbx", "[\"sbc.example.jp\", \"0.0.0.0/0\"]").unwrap_err().len(), 2);
}
