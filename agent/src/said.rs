//! What exactly a refusal is about, where the store or the system says it.

mod why;

use std::io;

use protocol::Detail;
pub(crate) use why::{phone_ja, sip_ja, voice_ja};

/// What the system says of something that has a name.
pub(crate) fn os(of: &str, error: &io::Error) -> Detail {
    (format!("{of}: {}", store::os(error)), format!("{of}: {error}")).into()
}

/// The store's error; `en` is what it says in English.
pub(crate) fn store_says(error: &store::Error, en: String) -> Detail {
    Detail::from((error.ja(), en)).with(error.facts())
}

/// One of several words.
pub(crate) fn one_of(what: &str, words: &str) -> Detail {
    (format!("{what} は {words} のいずれかです"), format!("{what} is one of {words}")).into()
}

/// Label of a status that the machine may suggest or the demonstration saves: built-in ones cannot be renamed (S4.6).
pub(crate) fn built_in(code: &str) -> &str {
    match code {
        "no_contact" => "不通",
        "fax" => "FAX",
        "not_in_service" => "現アナ",
        "prospect" => "見込",
        "callback" => "再コール",
        "do_not_call" => "クレーム",
        other => other,
    }
}

/// Whether a Japanese text has an English word in it: four small Latin letters side by side. What is typed as it stands (commands, options,
/// paths, names of keys) is between backquotes or has a sign of its own in it; ways to encrypt have no other name.
#[cfg(test)]
pub(crate) fn has_english(text: &str) -> bool {
    let bare: String = text.split('`').step_by(2).collect();
    let words = bare.split(|c: char| {
        c.is_whitespace() || !c.is_ascii() || matches!(c, '(' | ')' | ',' | ';' | '=' | '"')
    });
    words.into_iter().any(|word| {
        let word = word.trim_end_matches(['.', ':']);
        word.len() >= 4 && word.chars().all(|c| c.is_ascii_lowercase()) && !["dtls", "sdes"].contains(&word)
    })
}
