//! What exactly a refusal is about.

use serde_json::{Map, Value};

/// What exactly, where the code alone does not tell: in both languages, and the numbers and names in it for programs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detail {
    /// In Japanese; empty where the code's own text says it all.
    pub ja: String,
    /// In English.
    pub en: String,
    /// What programs would otherwise have to read out of the text: `free`, `limit`, …
    pub facts: Map<String, Value>,
}

impl Detail {
    /// A name, a number, a path: the same in every language.
    pub fn name(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { ja: text.clone(), en: text, facts: Map::new() }
    }

    /// What a program says of itself: for the log and for whoever looks into it; the code's own text is what people read.
    pub fn log(text: impl std::fmt::Display) -> Self {
        Self { ja: String::new(), en: text.to_string(), facts: Map::new() }
    }

    /// With what programs read.
    #[must_use]
    pub fn with(mut self, facts: Map<String, Value>) -> Self {
        self.facts = facts;
        self
    }
}

/// Japanese, then English.
impl<J: Into<String>, E: Into<String>> From<(J, E)> for Detail {
    fn from((ja, en): (J, E)) -> Self {
        Self { ja: ja.into(), en: en.into(), facts: Map::new() }
    }
}
