//! Where passwords come from, and that they are never printed.

use super::*;

fn file_with(text: &str, mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kakeru.toml");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    (dir, path)
}

#[test]
fn never_printed() {
    let config = parse(MINIMAL).unwrap();
    let password = config.accounts[0].password.clone().unwrap();
    assert_eq!(password.expose(), "secret words");
    assert!(!format!("{config:?} {password}").contains("secret"));
}

#[test]
fn inline_is_fine_only_where_the_owner_alone_reads() {
    let (_dir, path) = file_with(MINIMAL, 0o600);
    assert_eq!(load(&path).unwrap().warnings, []);
    for mode in [0o640, 0o604, 0o644] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let warnings = load(&path).unwrap().warnings;
        assert_eq!(warnings.len(), 1, "{mode:o}");
        assert_eq!((warnings[0].path.as_str(), warnings[0].line), ("account[0].password", Some(6)));
        assert!(!format!("{:?}", warnings[0].message).contains("secret words"));
    }
}

#[test]
fn a_file_beside_the_configuration_is_read_and_its_mode_judged() {
    let (dir, path) = file_with(&MINIMAL.replace("\"secret words\"", "{ file = \"pw\" }"), 0o644);
    let secret = dir.path().join("pw");
    assert_eq!(load(&path).unwrap_err()[0].kind, ErrorKind::Secret);
    std::fs::write(&secret, "from file\r\n").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let config = load(&path).unwrap();
    assert_eq!(config.accounts[0].password.as_ref().unwrap().expose(), "from file");
    assert_eq!(config.accounts[0].password_source, Some(PasswordSource::File(secret.clone())));
    assert_eq!(config.warnings, []);
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o604)).unwrap();
    assert_eq!(load(&path).unwrap().warnings.len(), 1);
    std::fs::write(&secret, "\n").unwrap();
    assert_eq!(load(&path).unwrap_err().len(), 1, "an empty password");
}

#[test]
fn credentials_come_from_systemd_s_folder() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("sip-main"), "from systemd\n").unwrap();
    let text = |name: &str| MINIMAL.replace("\"secret words\"", &format!("{{ credential = \"{name}\" }}"));
    let unit = Environment::new(1000, [("CREDENTIALS_DIRECTORY", dir.path().as_os_str())]);
    let config = Config::parse(&text("sip-main"), Path::new("/"), &unit).unwrap();
    assert_eq!(config.accounts[0].password.as_ref().unwrap().expose(), "from systemd");
    for name in ["other", "../sip-main", ""] {
        assert_eq!(Config::parse(&text(name), Path::new("/"), &unit).unwrap_err().len(), 1, "{name}");
    }
    // Outside the unit: an error for the daemon, a warning for the check.
    let (_dir, path) = file_with(&text("sip-main"), 0o644);
    assert_eq!(load_with(&path, &env(), false).unwrap_err()[0].kind, ErrorKind::Secret);
    let checked = load_with(&path, &env(), true).unwrap();
    assert_eq!((checked.warnings.len(), checked.accounts[0].password.as_ref()), (1, None));
}

#[test]
fn variables_and_the_choice_of_one_source() {
    let text = |value: &str| MINIMAL.replace("\"secret words\"", value);
    let config = parse(&text("{ env = \"SIP_PW\" }")).unwrap();
    assert_eq!(config.accounts[0].password.as_ref().unwrap().expose(), "from env");
    for bad in [
        "{}",
        "{ env = \"SIP_PW\", file = \"x\" }",
        "{ env = 1 }",
        "7",
        "\"\"",
        "{ keyring = \"x\", env = \"SIP_PW\" }",
    ] {
        assert_eq!(parse(&text(bad)).unwrap_err().len(), 1, "{bad}");
    }
}
