//! What exactly a refusal is about, where the store or the system says it.

use std::io;

use protocol::Detail;

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

/// Why a desk phone is not up, in Japanese.
pub(crate) fn phone_ja(why: &str) -> Option<&'static str> {
    Some(match why {
        "the phone is called when the operator is ready" => "待機にすると電話機を呼び出します",
        "the phone rings" => "電話機を呼び出しています",
        "the phone is busy" => "電話機が話し中です",
        "the phone was declined" => "電話機で拒否されました",
        "the phone was not answered" => "電話機が応答しませんでした",
        "the phone does not answer" => "電話機に接続できません",
        "no voice comes from the phone" => "電話機から音声が届きません",
        "hung up; `kakeru ready` calls it again" => "切られました。`kakeru ready` で呼び直します",
        "the daemon stops" => "停止中です",
        _ => return None,
    })
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
