use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::*;

const MINIMAL: &str = r#"
[[account]]
name = "main"
kind = "pbx"
aor = "sip:100@pbx.example"
password = "secret words"

[[seat]]
name = "a"
account = "main"
"#;

fn env() -> Environment {
    Environment::new(
        1000,
        [("HOME", "/home/a"), ("XDG_RUNTIME_DIR", "/run/user/1000"), ("SIP_PW", "from env")],
    )
}

fn parse(text: &str) -> Result<Config, Vec<ConfigError>> {
    Config::parse(text, Path::new("/etc/kakeru"), &env())
}

/// The errors as `line path` pairs, and their kinds.
fn errors(text: &str) -> Vec<(ErrorKind, usize, String)> {
    parse(text).unwrap_err().into_iter().map(|e| (e.kind, e.line.unwrap_or(0), e.path)).collect()
}

fn with_dialing(line: &str) -> String {
    format!("[dialing]\n{line}\n{MINIMAL}")
}

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
    let key = |line: &str| line.starts_with('#') && line[1..].starts_with(|c: char| c.is_ascii_lowercase());
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
fn the_law_s_limits_hold_and_their_edges_are_allowed() {
    for line in [
        "ring_timeout = \"120s\"",
        "repeat_gap = \"180s\"",
        "max_repeats_per_day = 15",
        "repeat_gap = \"3m\"",
    ] {
        assert!(parse(&with_dialing(line)).is_ok(), "{line}");
    }
    for line in [
        "ring_timeout = \"2m1s\"",
        "repeat_gap = \"2m59s\"",
        "max_repeats_per_day = -1",
        "ring_timeout = \"0s\"",
    ] {
        assert_eq!(errors(&with_dialing(line)).len(), 1, "{line}");
    }
    let window = |text: &str| parse(&format!("{MINIMAL}[dialing.window]\n{text}\n"));
    let wide = window("from = \"08:00\"\nto = \"21:00\"").unwrap();
    assert_eq!((wide.dialing.window.from, wide.dialing.window.to), (CEILING_FROM, CEILING_TO));
    for text in [
        "to = \"21:01\"",
        "from = \"07:59\"",
        "from = \"20:00\"\nto = \"20:00\"",
        "from = \"9:00\"",
        "days = []",
    ] {
        assert_eq!(window(text).unwrap_err().len(), 1, "{text}");
    }
}

#[test]
fn a_status_code_stands_for_its_outcomes() {
    let config = parse(&with_dialing("auto_disposition = [\"no_contact\"]")).unwrap();
    let chosen: Vec<_> = config.dialing.auto_disposition.iter().map(|o| o.as_str()).collect();
    assert_eq!(chosen, ["no_answer", "busy", "out_of_reach"]);
    assert!(parse(&with_dialing("auto_disposition = []")).unwrap().dialing.auto_disposition.is_empty());
}

#[test]
fn toml_s_own_dates_close_days_too() {
    let config =
        parse(&format!("{MINIMAL}[dialing.window]\nclosed = [2026-12-31, \"2027-01-01/2027-01-03\"]\n"))
            .unwrap();
    assert_eq!(config.dialing.window.closed[0].from, Date::new(2026, 12, 31).unwrap());
    assert_eq!(config.dialing.window.closed[1].to, Date::new(2027, 1, 3).unwrap());
}

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

mod passwords {
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
            assert!(!warnings[0].message.contains("secret words"));
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
        let text =
            |name: &str| MINIMAL.replace("\"secret words\"", &format!("{{ credential = \"{name}\" }}"));
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
}

#[test]
fn a_missing_or_foreign_file_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let missing = load(&dir.path().join("none.toml")).unwrap_err();
    assert_eq!((missing.len(), missing[0].kind, missing[0].line), (1, ErrorKind::Io, None));
    assert!(missing[0].to_string().contains("kakeru.example.toml"));
    let binary = dir.path().join("latin.toml");
    std::fs::write(&binary, b"[daemon]\nbox = \"\xe9\"\n").unwrap();
    assert_eq!(load(&binary).unwrap_err()[0].kind, ErrorKind::Io);
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

#[test]
fn a_seat_names_devices_processing_and_a_headset() {
    let plain = parse(MINIMAL).unwrap();
    assert_eq!(plain.seats[0].headset, None, "no thread without a wish");
    let text = format!(
        "{MINIMAL}headset = \"Jabra\"\nvoice = {{ kind = \"device\", playback = [\"Jabra\", \"default\"], \
         ring = [\"Speaker\"], processing = [\"echo\", \"noise\"] }}\n"
    );
    let seat = parse(&text).unwrap().seats.remove(0);
    assert_eq!(seat.headset.as_deref(), Some("Jabra"));
    let processing = Processing { echo: true, noise: true, gain: false };
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (playback, ring) = (own(&["Jabra", "default"]), own(&["Speaker"]));
    assert_eq!(seat.voice, Voice::Device { capture: Vec::new(), playback, ring, processing });
    for wrong in ["processing = [\"reverb\"]", "ring = [\"\"]"] {
        let text = format!("{MINIMAL}voice = {{ kind = \"device\", {wrong} }}\n");
        assert_eq!(parse(&text).unwrap_err().len(), 1, "{wrong}");
    }
}

#[test]
fn a_desk_phone_is_an_extension_or_an_address_and_no_emergency_number() {
    let read =
        |address: &str| parse(&format!("{MINIMAL}voice = {{ kind = \"phone\", address = \"{address}\" }}\n"));
    for good in ["201", "*201", "sip:201@192.0.2.31", "sip:desk-1@phones.example.jp:5070", "10110"] {
        let config = read(good).unwrap_or_else(|errors| panic!("{good}: {errors:?}"));
        let Voice::Phone(phone) = &config.seats[0].voice else { panic!("{good}") };
        assert_eq!((phone.address.as_str(), phone.keep), (good, PhoneKeep::Up));
        assert_eq!(phone.codecs, [Codec::Pcmu, Codec::Pcma, Codec::G722]);
    }
    for bad in ["", "110", "0119", "sip:118@192.0.2.31", "sip:192.0.2.31", "2 01", "sip:201@192.0.2.31;x=y"] {
        assert_eq!(read(bad).unwrap_err()[0].path, "seat[0].voice.address", "{bad}");
    }
}

fn account(keys: &str) -> Account {
    parse(&MINIMAL.replacen("[[seat]]", &format!("{keys}\n[[seat]]"), 1)).unwrap().accounts.remove(0)
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

/// The files that the example names; what is in them, nobody looks at here.
fn tls_files(folder: &Path) {
    for name in ["exchange-ca.pem", "box-1.crt", "box-1.key", "kakeru.crt", "kakeru.key"] {
        let path = folder.join(name);
        std::fs::write(&path, "PEM").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn with_account(lines: &str) -> String {
    MINIMAL.replace("kind = \"pbx\"\n", &format!("kind = \"pbx\"\n{lines}\n"))
}

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
    assert!(refused[0].message.contains("chmod 600"), "{}", refused[0].message);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(Config::parse(&text, dir.path(), &env()).unwrap().accounts[0].tls.identity.is_some());
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

#[test]
fn keys_of_the_voice() {
    let usual = account("");
    assert_eq!(usual.codecs, [Codec::Pcmu, Codec::Pcma, Codec::Opus, Codec::G722]);
    assert_eq!((usual.opus_bitrate, usual.ptime), (None, Duration::from_millis(20)));
    let own = account("codecs = [\"g722\", \"OPUS\"]\nopus_bitrate = 16000\nptime = \"40ms\"");
    assert_eq!(own.codecs, [Codec::G722, Codec::Opus]);
    assert_eq!((own.opus_bitrate, own.ptime), (Some(16_000), Duration::from_millis(40)));
    for wrong in [
        "codecs = [\"G729\"]",
        "codecs = []",
        "codecs = [\"PCMU\", \"pcmu\"]",
        "opus_bitrate = 5999",
        "codecs = [\"PCMU\"]\nopus_bitrate = 16000",
        "ptime = \"25ms\"",
        "ptime = \"70ms\"",
        "ptime = 20",
    ] {
        let text = MINIMAL.replacen("[[seat]]", &format!("{wrong}\n[[seat]]"), 1);
        assert_eq!(parse(&text).unwrap_err().len(), 1, "{wrong}");
    }
}

#[test]
fn code_points_and_the_end_of_silent_calls() {
    let usual = parse(MINIMAL).unwrap();
    assert_eq!((usual.sip.dscp, usual.media.dscp, usual.media.rtp_timeout), (24, 46, None));
    for (word, point) in
        [("EF", 46), ("cs0", 0), ("cs3", 24), ("cs7", 56), ("af31", 26), ("AF43", 38), ("0", 0), ("63", 63)]
    {
        let config =
            parse(&format!("[sip]\ndscp = \"{word}\"\n[media]\ndscp = \"{word}\"\n{MINIMAL}")).unwrap();
        assert_eq!((config.sip.dscp, config.media.dscp), (point, point), "{word}");
    }
    for wrong in
        ["dscp = \"cs8\"", "dscp = \"af50\"", "dscp = \"af14\"", "dscp = \"64\"", "dscp = 46", "dscp = \"\""]
    {
        assert_eq!(parse(&format!("[media]\n{wrong}\n{MINIMAL}")).unwrap_err().len(), 1, "{wrong}");
    }
    let silent = |time: &str| parse(&format!("[media]\nrtp_timeout = \"{time}\"\n{MINIMAL}"));
    assert_eq!(silent("0s").unwrap().media.rtp_timeout, None);
    assert_eq!(silent("10s").unwrap().media.rtp_timeout, Some(Duration::from_secs(10)));
    assert!(silent("9s").is_err() && silent("2h").is_err());
}

#[test]
fn a_notice_tone_is_asked_for() {
    let tone = |lines: &str| {
        parse(&format!("[recording]\n{lines}\n{MINIMAL}")).map(|config| config.recording.notice)
    };
    assert_eq!(tone("notice_tone_every = \"20s\"").unwrap(), None);
    let notice = tone("notice_tone = \"callee\"").unwrap().unwrap();
    assert_eq!((notice.to_callee, notice.to_operator, notice.level_dbm0), (true, false, -24));
    let notice = tone("notice_tone = \"both\"\nnotice_tone_every = \"30s\"\nnotice_tone_level = -30")
        .unwrap()
        .unwrap();
    assert_eq!((notice.every, notice.level_dbm0, notice.to_operator), (Duration::from_secs(30), -30, true));
    for wrong in [
        "notice_tone = \"loud\"",
        "notice_tone_every = \"1s\"",
        "notice_tone_level = -9",
        "notice_tone_level = \"-20\"",
    ] {
        assert!(tone(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn encryption_of_voice_wants_encrypted_signalling() {
    assert_eq!(account("").srtp, Srtp::Off);
    for (word, srtp) in [("off", Srtp::Off), ("optional", Srtp::Optional), ("required", Srtp::Required)] {
        let clear = parse(&with_account(&format!("srtp = \"{word}\""))).unwrap();
        assert_eq!((clear.accounts[0].srtp, clear.warnings.len()), (srtp, usize::from(srtp != Srtp::Off)));
        let secret = parse(&with_account(&format!("transport = \"tls\"\nsrtp = \"{word}\""))).unwrap();
        assert_eq!(secret.warnings, []);
    }
    let dtls = parse(&with_account("srtp = \"required\"\nsrtp_keying = \"dtls\"")).unwrap();
    assert_eq!((dtls.accounts[0].srtp_keying, dtls.warnings.len()), (SrtpKeying::Dtls, 0));
    assert_eq!(account("").srtp_keying, SrtpKeying::Sdes);
    assert!(parse(&with_account("srtp_keying = \"dtls\"")).is_err(), "nothing is encrypted");
    assert!(parse(&with_account("srtp = true")).is_err() && parse(&with_account("srtp = \"yes\"")).is_err());
}
