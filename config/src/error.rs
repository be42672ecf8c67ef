//! What is wrong with a configuration file, one entry per mistake.

use std::{fmt, io};

use crate::types::Locale;

/// What is wrong and what to write instead, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

impl Text {
    /// The text in one language.
    pub fn in_locale(&self, locale: Locale) -> &str {
        match locale {
            Locale::Ja => &self.ja,
            Locale::En => &self.en,
        }
    }
}

/// Japanese, then English.
impl<J: Into<String>, E: Into<String>> From<(J, E)> for Text {
    fn from((ja, en): (J, E)) -> Self {
        Self { ja: ja.into(), en: en.into() }
    }
}

/// Why a file cannot be read, in Japanese as far as it is one of the usual reasons.
pub(crate) fn reason_ja(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "ファイルがありません".to_owned(),
        io::ErrorKind::PermissionDenied => "読む権限がありません".to_owned(),
        io::ErrorKind::IsADirectory => "フォルダーです".to_owned(),
        _ => error.to_string(),
    }
}

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

impl ErrorKind {
    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::Syntax => "syntax",
            Self::UnknownKey => "unknown_key",
            Self::WrongType => "wrong_type",
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::Secret => "secret",
        }
    }
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
    pub message: Text,
}

/// In English.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&told(self.line, &self.path, &self.message, Locale::En))
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
    pub message: Text,
}

impl Warning {
    /// Line, key and text in one language.
    pub fn in_locale(&self, locale: Locale) -> String {
        told(self.line, &self.path, &self.message, locale)
    }
}

/// In English.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_locale(Locale::En))
    }
}

fn told(line: Option<usize>, path: &str, message: &Text, locale: Locale) -> String {
    let line = match (line, locale) {
        (None, _) => String::new(),
        (Some(line), Locale::Ja) => format!("{line}行目: "),
        (Some(line), Locale::En) => format!("line {line}: "),
    };
    let key = if path.is_empty() { String::new() } else { format!("{path}: ") };
    format!("{line}{key}{}", message.in_locale(locale))
}
