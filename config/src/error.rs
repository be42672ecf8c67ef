//! What is wrong with a configuration file, one entry per mistake.

use std::fmt;

/// What kind of mistake it is; decides nothing but lets callers group and count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file could not be read.
    Io,
    /// It is not TOML.
    Syntax,
    /// A key nobody knows; refused, since it is most often a typing error of one that matters.
    UnknownKey,
    /// The key holds another type than it should.
    WrongType,
    /// A key that must be there is not.
    Missing,
    /// The value is of the right type but means nothing or is out of range.
    Invalid,
    /// Two values contradict each other.
    Conflict,
    /// A password's source could not be read.
    Secret,
}

/// One mistake: where it is and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The kind of mistake.
    pub kind: ErrorKind,
    /// Key path such as `account[0].expires`; the file's own path for [`ErrorKind::Io`].
    pub path: String,
    /// Line in the file, from 1; `None` when the mistake is the absence of the file.
    pub line: Option<usize>,
    /// What is wrong and what to write instead. Never contains a password.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, self.line, &self.path)?;
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

/// Something that works but should not stay as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Key path.
    pub path: String,
    /// Line in the file, from 1.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, self.line, &self.path)?;
        f.write_str(&self.message)
    }
}

fn write_place(f: &mut fmt::Formatter<'_>, line: Option<usize>, path: &str) -> fmt::Result {
    if let Some(line) = line {
        write!(f, "line {line}: ")?;
    }
    if path.is_empty() { Ok(()) } else { write!(f, "{path}: ") }
}
