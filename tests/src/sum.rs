//! Sums of recordings, made apart from the daemon's own.

use std::path::Path;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of a file, as `sha256sum` prints it.
///
/// # Panics
/// When the file cannot be read.
#[must_use]
pub fn sha256(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    hex(&Sha256::digest(bytes))
}

/// Two lower-case digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
