use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::*;

mod account;
mod dialing;
mod file;
mod imports;
mod passwords;
mod seat;
mod tls;
mod voice;

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
    let read = Config::parse(text, Path::new("/etc/kakeru"), &env());
    match &read {
        Ok(config) => config.warnings.iter().for_each(|warning| in_both_languages(&warning.message)),
        Err(errors) => errors.iter().for_each(|error| in_both_languages(&error.message)),
    }
    read
}

/// Each language is itself, and what is quoted in one is quoted in the other.
fn in_both_languages(text: &Text) {
    let has_kana = |text: &str| text.chars().any(|c| ('\u{3041}'..='\u{30FC}').contains(&c));
    assert!(has_kana(&text.ja) && !has_kana(&text.en), "{text:?}");
    for quoted in text.en.split('"').skip(1).step_by(2) {
        assert!(text.ja.contains(&format!("\"{quoted}\"")), "{quoted} of {text:?}");
    }
}

/// The errors as `line path` pairs, and their kinds.
fn errors(text: &str) -> Vec<(ErrorKind, usize, String)> {
    parse(text).unwrap_err().into_iter().map(|e| (e.kind, e.line.unwrap_or(0), e.path)).collect()
}

fn account(keys: &str) -> Account {
    parse(&MINIMAL.replacen("[[seat]]", &format!("{keys}\n[[seat]]"), 1)).unwrap().accounts.remove(0)
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
