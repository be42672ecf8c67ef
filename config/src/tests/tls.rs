//! How connections by TLS are secured.

use super::*;

#[test]
fn tls_is_full_unless_an_account_says_otherwise_loudly() {
    let account = |lines: &str| {
        let config = parse(&with_account(lines)).unwrap();
        (config.accounts[0].clone(), config.warnings)
    };
    let (plain, warnings) = account("transport = \"tls\"");
    assert_eq!((plain.transport, plain.tls.verify), (Transport::Tls, TlsVerify::Full));
    assert_eq!(warnings.len(), 0, "{warnings:?}");
    for (word, verify) in [("authority", TlsVerify::Authority), ("nothing", TlsVerify::Nothing)] {
        let (account, warnings) = account(&format!("transport = \"tls\"\ntls_verify = \"{word}\""));
        assert_eq!(account.tls.verify, verify);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
    }
    // Neither a misspelt word nor a boolean turns it off.
    for lines in ["transport = \"tls\"\ntls_verify = \"none\"", "transport = \"tls\"\ntls_verify = false"] {
        assert!(parse(&with_account(lines)).is_err(), "{lines}");
    }
}

#[test]
fn a_sips_uri_means_tls() {
    let secure = MINIMAL.replace("sip:100", "sips:100");
    let account = parse(&secure).unwrap().accounts[0].clone();
    assert_eq!((account.transport, account.registrar.as_deref()), (Transport::Tls, Some("sips:pbx.example")));
    assert_eq!((account.aor_user(), account.aor_host(), account.scheme()), ("100", "pbx.example", "sips"));
    let clear = secure.replace("kind = \"pbx\"\n", "kind = \"pbx\"\ntransport = \"tcp\"\n");
    assert_eq!(errors(&clear), [(ErrorKind::Conflict, 5, "account[0].transport".to_owned())]);
    // The names of a sips: URI lead to TLS whatever the DNS prefers.
    let auto = secure.replace("kind = \"pbx\"\n", "kind = \"pbx\"\ntransport = \"auto\"\n");
    assert_eq!(parse(&auto).unwrap().accounts[0].transport, Transport::Auto);
}

#[test]
fn keys_of_tls_are_checked_where_they_stand() {
    let kinds = |lines: &str| -> Vec<ErrorKind> {
        errors(&with_account(lines)).into_iter().map(|(kind, ..)| kind).collect()
    };
    assert_eq!(kinds("tls_ca = \"ca.pem\""), [ErrorKind::Conflict], "without TLS");
    assert!(parse(&with_account("transport = \"auto\"\ntls_name = \"pbx.example\"")).is_ok());
    let tls = |lines: &str| kinds(&format!("transport = \"tls\"\n{lines}"));
    assert_eq!(tls("tls_cert = \"a.crt\""), [ErrorKind::Conflict], "a certificate without key");
    assert_eq!(tls("tls_ca = \"/nowhere/ca.pem\""), [ErrorKind::Secret]);
    assert_eq!(tls("tls_name = \"sip:pbx\""), [ErrorKind::Invalid]);

    // A key that others can read is refused, not warned of.
    let dir = tempfile::tempdir().unwrap();
    tls_files(dir.path());
    let key = dir.path().join("box-1.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let text = with_account("transport = \"tls\"\ntls_cert = \"box-1.crt\"\ntls_key = \"box-1.key\"");
    let refused = Config::parse(&text, dir.path(), &env()).unwrap_err();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].message.en.contains("chmod 600"), "{:?}", refused[0].message);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(Config::parse(&text, dir.path(), &env()).unwrap().accounts[0].tls.identity.is_some());
}
