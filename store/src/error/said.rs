use std::borrow::Cow;
use std::fmt;

/// Something that is said to people, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// In Japanese.
    pub ja: Cow<'static, str>,
    /// In English.
    pub en: Cow<'static, str>,
}

impl Said {
    /// What is always the same.
    #[must_use]
    pub const fn fixed(ja: &'static str, en: &'static str) -> Self {
        Self { ja: Cow::Borrowed(ja), en: Cow::Borrowed(en) }
    }

    /// What has names or numbers in it.
    #[must_use]
    pub fn new(ja: String, en: String) -> Self {
        Self { ja: Cow::Owned(ja), en: Cow::Owned(en) }
    }

    /// A name, a number, a path: the same in every language.
    #[must_use]
    pub fn name(text: String) -> Self {
        Self::new(text.clone(), text)
    }

    /// Nothing.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::fixed("", "")
    }
}

/// In English, as errors are.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}
