//! What names this box to registrars for ever (RFC 5626 4.1): a UUID in the state folder.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The UUID of `folder`, made at the first start. Without a readable one and without a place for a new one there is
/// none: a name that changes with every start would leave old bindings behind instead of replacing them.
pub(crate) fn load(folder: &Path) -> Option<String> {
    let kept = std::fs::read_to_string(folder.join(FILE)).ok();
    if let Some(uuid) = kept.as_deref().map(str::trim).filter(|text| is_uuid(text)) {
        return Some(uuid.to_owned());
    }
    make(folder)
        .inspect_err(|error| tracing::warn!(%error, "no instance can be kept; registrations go without"))
        .ok()
}

/// Written aside and renamed: a crash leaves either none or a whole one.
fn make(folder: &Path) -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    let uuid = version_4(bytes);
    let aside = folder.join("instance.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(format!("{uuid}\n").as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&aside, folder.join(FILE))?;
    Ok(uuid)
}

/// RFC 9562 5.4.
fn version_4(mut bytes: [u8; 16]) -> String {
    bytes[6] = 0x40 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn is_uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if hyphens.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

const FILE: &str = "instance";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn it_is_made_once_for_our_eyes_only() {
        let folder = tempfile::tempdir().unwrap();
        let uuid = load(folder.path()).unwrap();
        assert!(is_uuid(&uuid), "{uuid}");
        assert_eq!(load(folder.path()).unwrap(), uuid);
        let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(folder.path().join(FILE), "sip:nonsense>\n").unwrap();
        let new = load(folder.path()).unwrap();
        assert!(is_uuid(&new) && new != uuid, "{new}");
        assert_eq!(load(&folder.path().join("nowhere")), None);
    }

    #[test]
    fn rfc_9562_5_4_version_and_variant() {
        assert_eq!(version_4([0; 16]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(version_4([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
