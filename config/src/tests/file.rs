//! The file as a whole: defaults, the example, mistakes and where they stand, paths.

use super::*;

#[test]
fn the_example_is_a_valid_file_and_shows_the_defaults() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("sip-main"), "pw\n").unwrap();
    let env = Environment::new(0, [("CREDENTIALS_DIRECTORY", dir.path().as_os_str())]);
    let example = Config::parse(EXAMPLE, Path::new("/etc/kakeru"), &env).unwrap();
    let plain = parse(MINIMAL).unwrap();
    assert_eq!(example.warnings, []);
    assert_eq!(example.sip, plain.sip);
    assert_eq!(example.media, plain.media);
    assert_eq!(example.recording, plain.recording);
    assert_eq!(example.log, plain.log);
    let mut dialing = example.dialing.clone();
    dialing.window.closed.clear();
    assert_eq!(dialing, plain.dialing);
    assert_eq!(example.dialing.window.closed.len(), 1);
    let (account, minimal) = (&example.accounts[0], &plain.accounts[0]);
    assert_eq!(account.password.as_ref().unwrap().expose(), "pw");
    assert_eq!((account.expires, account.transport), (minimal.expires, minimal.transport));
    assert_eq!((account.number_format, &account.prefix), (minimal.number_format, &minimal.prefix));
    assert_eq!((&account.codecs, account.retry_min), (&minimal.codecs, minimal.retry_min));
    assert_eq!(account.session_expires, minimal.session_expires);
}

#[test]
fn every_commented_key_of_the_example_is_a_known_one() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("sip-main"), "pw\n").unwrap();
    tls_files(dir.path());
    let env = Environment::new(0, [("CREDENTIALS_DIRECTORY", dir.path().as_os_str())]);
    let key = |line: &str| {
        let own_profile = line.starts_with("#[import.");
        line.starts_with('#') && (own_profile || line[1..].starts_with(|c: char| c.is_ascii_lowercase()))
    };
    let text: Vec<_> = EXAMPLE.lines().map(|line| if key(line) { &line[1..] } else { line }).collect();
    // The keys of TLS mean nothing elsewhere.
    let text = text.join("\n").replace("transport = \"udp\"", "transport = \"tls\"");
    let config = Config::parse(&text, dir.path(), &env).unwrap();
    assert_eq!(config.accounts[0].tls.name.as_deref(), Some("pbx.example.jp"));
    assert_eq!(config.accounts[0].keepalive_interval, Some(Duration::from_secs(25)));
    assert!(config.sip.tls.is_some_and(|tls| tls.client_ca.is_some()));
    assert_eq!(config.accounts[0].caller_id.as_deref(), Some("0312345678"));
    assert_eq!(config.accounts[0].trusted_sources.len(), 2);
    assert_eq!(config.seats[0].uid, Some(1000));
    assert_eq!(config.media.workers, Some(2));
    let own = config.imports.iter().find_map(|profile| profile.own.as_ref()).unwrap();
    assert_eq!((own.base, own.columns.phone.len()), ("open", 1));
}

#[test]
fn a_short_file_gets_the_documented_defaults() {
    let config = parse(MINIMAL).unwrap();
    assert_eq!(config.daemon.state_dir, Path::new("/home/a/.local/share/kakeru"));
    assert_eq!(config.daemon.database, Path::new("/home/a/.local/share/kakeru/kakeru.db"));
    assert_eq!(config.daemon.recordings_dir, Path::new("/home/a/.local/share/kakeru/recordings"));
    assert_eq!(config.outbox.drop_dir, Path::new("/home/a/.local/share/kakeru/outbox"));
    assert_eq!(config.daemon.socket, Path::new("/run/user/1000/kakeru/control.sock"));
    let account = &config.accounts[0];
    assert_eq!(account.registrar.as_deref(), Some("sip:pbx.example"));
    assert_eq!(account.username, "100");
    assert_eq!(config.seats[0].operator, "a");
    assert_eq!(config.dialing.ring_timeout, Duration::from_secs(30));
    assert_eq!(config.dialing.max_repeats_per_day, 3);
    assert_eq!(config.dialing.auto_disposition.len(), 5);
}

#[test]
fn all_mistakes_are_reported_at_once_with_their_lines() {
    let text = r#"[daemon]
boxx = "b"
locale = "fr"
[sip]
listen = 5060
[[account]]
name = "main"
kind = "pbx"
aor = "100@pbx"
password = { env = "NOT_SET" }
expires = "300"
[[account]]
name = "main"
kind = "trunk"
aor = "sip:1@h"
[[seat]]
name = "a b"
account = "other"
voice = { kind = "device", play = "x.wav" }
[dialing]
ring_timeout = "121s"
repeat_gap = "179s"
max_repeats_per_day = 16
auto_disposition = ["voicemail"]
[dialing.window]
days = ["mon", "xxx"]
from = "07:00"
closed = ["2026-02-30"]
[extra]
"#;
    let mut found = errors(text);
    found.sort_by_key(|(_, line, _)| *line);
    let expected = [
        (ErrorKind::UnknownKey, 2, "daemon.boxx"),
        (ErrorKind::Invalid, 3, "daemon.locale"),
        (ErrorKind::WrongType, 5, "sip.listen"),
        (ErrorKind::Invalid, 9, "account[0].aor"),
        (ErrorKind::Secret, 10, "account[0].password.env"),
        (ErrorKind::Invalid, 11, "account[0].expires"),
        (ErrorKind::Missing, 12, "account[1].password"),
        (ErrorKind::Conflict, 12, "account[1].name"),
        (ErrorKind::Conflict, 16, "seat[0].account"),
        (ErrorKind::Invalid, 17, "seat[0].name"),
        (ErrorKind::UnknownKey, 19, "seat[0].voice.play"),
        (ErrorKind::Invalid, 21, "dialing.ring_timeout"),
        (ErrorKind::Invalid, 22, "dialing.repeat_gap"),
        (ErrorKind::Invalid, 23, "dialing.max_repeats_per_day"),
        (ErrorKind::Invalid, 24, "dialing.auto_disposition[0]"),
        (ErrorKind::Invalid, 26, "dialing.window.days[1]"),
        (ErrorKind::Invalid, 27, "dialing.window.from"),
        (ErrorKind::Invalid, 28, "dialing.window.closed[0]"),
        (ErrorKind::UnknownKey, 29, "extra"),
    ];
    let found: Vec<_> = found.iter().map(|(kind, line, path)| (*kind, *line, path.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn broken_toml_names_its_line_and_still_checks_the_rest() {
    let found = errors("[dialing]\nring_timeout = \"500s\"\nmode = \nwrap_up = \"0s\"\n");
    assert!(found.contains(&(ErrorKind::Syntax, 3, String::new())), "{found:?}");
    assert!(found.contains(&(ErrorKind::Invalid, 2, "dialing.ring_timeout".to_owned())), "{found:?}");
}

#[test]
fn a_missing_or_foreign_file_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let missing = load(&dir.path().join("none.toml")).unwrap_err();
    assert_eq!((missing.len(), missing[0].kind, missing[0].line), (1, ErrorKind::Io, None));
    assert!(missing[0].to_string().contains("kakeru.example.toml"));
    in_both_languages(&missing[0].message);
    assert!(missing[0].message.ja.contains("kakeru.example.toml"));
    let binary = dir.path().join("latin.toml");
    std::fs::write(&binary, b"[daemon]\nbox = \"\xe9\"\n").unwrap();
    let foreign = load(&binary).unwrap_err();
    assert_eq!(foreign[0].kind, ErrorKind::Io);
    in_both_languages(&foreign[0].message);
}

#[test]
fn a_mistake_is_told_in_either_language_with_the_same_key_and_line() {
    let found = parse("[sip]\nlisten = 5060\n").unwrap_err().remove(0);
    assert_eq!(found.to_string(), "line 2: sip.listen: this is a TOML integer; write a text in quotes");
    assert_eq!(
        found.message.in_locale(Locale::Ja),
        "TOML の整数になっています。引用符で囲んだ文字列を書いてください"
    );
    let account = MINIMAL.split("[[seat]]").next().unwrap();
    let warning =
        parse(&account.replace("kind =", "srtp = \"optional\"\nkind =")).unwrap().warnings.remove(0);
    assert!(warning.in_locale(Locale::Ja).starts_with("4行目: account[0].srtp: 鍵は"), "{warning}");
    assert!(warning.to_string().starts_with("line 4: account[0].srtp: the keys"), "{warning}");
}

#[test]
fn relative_paths_belong_to_the_configuration_file() {
    let text = format!(
        "[daemon]\nstate_dir = \"state\"\nsocket = \"/tmp/k.sock\"\n{MINIMAL}voice = {{ kind = \"file\", play = \"hello.wav\" }}\n"
    );
    let config = parse(&text).unwrap();
    assert_eq!(config.daemon.state_dir, Path::new("/etc/kakeru/state"));
    assert_eq!(config.daemon.recordings_dir, Path::new("/etc/kakeru/state/recordings"));
    let play = Some(Path::new("/etc/kakeru/hello.wav").to_path_buf());
    assert_eq!(config.seats[0].voice, Voice::File { play, write: None });
    let long = format!("[daemon]\nsocket = \"/{}\"\n{MINIMAL}", "x".repeat(107));
    assert_eq!(parse(&long).unwrap_err()[0].path, "daemon.socket");
}
