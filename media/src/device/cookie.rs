//! The cookie that a sound server of the PulseAudio protocol wants to see from each client.
//!
//! A server that knows the user by its socket takes any cookie, but none that is shorter: it closes the connection. libpulse makes one
//! where the user has none yet (`pa_authkey_load`); the library used here sends an empty one, so that is made up for.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Makes the user's cookie where a server may be reached and there is none. What is there is left alone, unless it is too short for
/// any server.
pub(super) fn ensure() {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let served = set("PULSE_SERVER").or_else(|| set("PULSE_RUNTIME_PATH")).is_some()
        || set("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(&folder).join("pulse").exists());
    let Some(home) = std::env::home_dir().filter(|_| served) else { return };
    let named = set("PULSE_COOKIE").is_some_and(|file| Path::new(&file).exists());
    let cookie = home.join(".config/pulse/cookie");
    let has = |file: &Path| file.metadata().is_ok_and(|found| found.len() >= COOKIE_BYTES as u64);
    if named || has(&cookie) || !cookie.exists() && home.join(".pulse-cookie").exists() {
        return;
    }
    let elsewhere = set("XDG_CONFIG_HOME").map(|folder| Path::new(&folder).join("pulse/cookie"));
    let made = match elsewhere.filter(|file| has(file)) {
        Some(file) => fs::read(file).and_then(|bytes| make(&cookie, &bytes)),
        None => random().and_then(|bytes| make(&cookie, &bytes)),
    };
    if let Err(error) = made {
        tracing::debug!(cookie = %cookie.display(), %error, "no cookie for the sound server could be made");
    }
}

fn random() -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; COOKIE_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// Whole or not at all: a server that starts at this moment reads it too, or has made its own, which stays.
fn make(cookie: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = cookie.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let short = cookie.exists();
    let part = cookie.with_extension(format!("kakeru-{}", std::process::id()));
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&part)?;
    let placed = file.write_all(bytes).and_then(|()| match short {
        true => fs::rename(&part, cookie),
        false => fs::hard_link(&part, cookie),
    });
    let _ = fs::remove_file(&part);
    match placed {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// `PA_NATIVE_COOKIE_LENGTH`.
const COOKIE_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn a_cookie_is_made_once_and_a_short_one_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let cookie = home.path().join("pulse/cookie");
        let first = random().unwrap();
        make(&cookie, &first).unwrap();
        assert_eq!(fs::read(&cookie).unwrap(), first);
        assert_eq!(cookie.metadata().unwrap().mode() & 0o777, 0o600);
        fs::write(&cookie, b"short").unwrap();
        make(&cookie, &first).unwrap();
        assert_eq!(fs::read(&cookie).unwrap(), first);
        assert_eq!(fs::read_dir(home.path().join("pulse")).unwrap().count(), 1);
    }
}
