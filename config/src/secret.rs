//! Passwords: where they come from, and a type that does not print them.

use std::fmt;
use std::path::PathBuf;

/// A password. `Debug` and `Display` print a placeholder; [`Secret::expose`] is the one way to its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself, for the digest calculation only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where a password was read from, for `kakeru config check` and `kakeru status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// A file of systemd's `$CREDENTIALS_DIRECTORY`, by credential name.
    Credential(String),
    /// A file of its own, mode 0600.
    File(PathBuf),
    /// An environment variable, by name.
    Environment(String),
    /// Written in the configuration file itself.
    Inline,
}
