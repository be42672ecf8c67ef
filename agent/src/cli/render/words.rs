//! The words that programs read (codes, states, reasons), as people are told them.

use std::borrow::Cow;

use crate::cli::output::Out;
use crate::said;

/// Why a seat is away: what the machine says of itself, and the words that people type most. Others stay as they were typed.
pub(crate) fn pause(code: &str, out: Out) -> &str {
    match code {
        // Nobody has been ready since the daemon began.
        "start" => out.text("開始前", "not begun yet"),
        "away" => out.text("席を外しています", "away"),
        "dial" => out.text("架電の一時停止", "dialing paused"),
        "device" => out.text("音声デバイスの異常", "the sound device is gone"),
        "trunk" => out.text("回線の異常", "the trunk carries no calls"),
        "closing" => {
            out.text("本日の架電は終了(再開の操作待ち)", "closed for the day, until somebody goes on")
        }
        "phone" => out.text("電話機につながりません", "the desk phone is not up"),
        "shutdown" => out.text("デーモンの停止", "the daemon stops"),
        "lunch" => out.text("昼休み", "lunch"),
        "break" => out.text("休憩", "break"),
        "meeting" => out.text("会議", "meeting"),
        "training" => out.text("研修", "training"),
        other => other,
    }
}

/// What a dialing session waits for.
pub(crate) fn waits_for(word: &str, out: Out) -> &str {
    match word {
        "hours" => out.text("架電可能時間外", "outside the calling hours"),
        "registration" => out.text("交換機に未登録", "the account is not registered"),
        "unreachable" => out.text("交換機が応答しません", "the exchange does not answer"),
        "disk" => out.text("データベースに書けません", "the database takes nothing"),
        "phone" => out.text("電話機が上がっていません", "the desk phone is not up"),
        "not_due" => out.text("次の発信時刻まで", "nobody is due yet"),
        other => other,
    }
}

/// The name of a file that was imported.
pub(crate) fn file(name: &str, out: Out) -> &str {
    match name {
        "-" => out.text("標準入力", "standard input"),
        name => name,
    }
}

/// What a result does to its lead.
pub(crate) fn lead_next(word: &str, out: Out) -> &str {
    match word {
        "retry" => out.text("次の周回で再発信", "retry"),
        "never" => out.text("今後発信しない", "never"),
        "task" => out.text("対応タスク", "task"),
        "done" => out.text("完了", "done"),
        other => other,
    }
}

/// Where a do-not-call entry comes from; a file may say so in words of its own.
pub(crate) fn source(word: &str, out: Out) -> &str {
    if out.is_japanese() { store::dnc_source_ja(word) } else { word }
}

/// Why a registration, a call or a transfer came to nothing.
pub(crate) fn sip(why: &str, out: Out) -> &str {
    said::sip_ja(why).filter(|_| out.is_japanese()).unwrap_or(why)
}

/// Why a seat has no voice.
pub(crate) fn voice(why: &str, out: Out) -> Cow<'_, str> {
    if out.is_japanese() { said::voice_ja(why).into() } else { why.into() }
}

/// A figure that differs from its recount, `calls by user`.
pub(crate) fn figure(what: &str, out: Out) -> Cow<'_, str> {
    if !out.is_japanese() {
        return what.into();
    }
    let word = |word| FIGURES.iter().find(|(en, _)| *en == word).map(|(_, ja)| *ja);
    match (word(what), what.split_once(" by ")) {
        (Some(ja), _) => ja.into(),
        (None, Some((figure, by))) => {
            format!("{}({})", word(figure).unwrap_or(figure), word(by).unwrap_or(by)).into()
        }
        (None, None) => what.into(),
    }
}

/// Whether a figure that differs is written anew by `stats --verify --mend`.
pub(crate) fn is_mended(what: &str) -> bool {
    const MENDED: [&str; 6] = [
        "last result of lead",
        "attempts of lead",
        "registered",
        "due",
        "blocked",
        "leads with another owner than their number",
    ];
    MENDED.contains(&what)
}

/// What settles a figure that differs, where a person can: `of` is whom it is of.
pub(crate) fn settles(what: &str, of: &str) -> Option<String> {
    match what {
        "numbers of deleted users" => Some(format!("kakeru lead assign LIST --assigned {of} --owner LOGIN")),
        "open tasks of deleted users" => Some(format!("kakeru task hand-over --from {of} --to LOGIN")),
        "contacts of deleted users" => Some(format!("kakeru contact hand-over --from {of} --to LOGIN")),
        _ => None,
    }
}

/// What is recounted, and by what.
const FIGURES: [(&str, &str); 26] = [
    ("works", "作業数"),
    ("calls", "コール数"),
    ("connects", "コネクト数"),
    ("blank", "未入力"),
    ("interrupted", "中断"),
    ("void", "無効"),
    ("registered", "登録数"),
    ("talk_ms", "通話時間(ミリ秒)"),
    ("progress", "進捗"),
    ("total", "全体"),
    ("user", "担当者別"),
    ("list", "リスト別"),
    ("project", "案件別"),
    ("hour", "時間別"),
    ("day", "日別"),
    ("attempts of lead", "発信先の回数"),
    ("last result of lead", "発信先の最終結果"),
    ("due lead", "発信対象だった発信先(発信しない番号)"),
    ("blocked lead", "架電禁止だった発信先(登録のない番号)"),
    ("leads with another owner than their number", "番号と担当の異なる発信先"),
    ("worked", "作業済"),
    ("due", "発信対象"),
    ("blocked", "架電禁止"),
    ("numbers of deleted users", "削除した利用者の番号"),
    ("open tasks of deleted users", "削除した利用者の対応タスク"),
    ("contacts of deleted users", "削除した利用者の連絡先"),
];

#[cfg(test)]
mod tests {
    use protocol::Lang;

    use super::*;
    use crate::said::has_english;

    /// S4.6, X6, D19: what stands in a table for people is in their language, and what they typed stays.
    #[test]
    fn every_word_has_its_japanese() {
        let (ja, en) = (Out { json: false, lang: Lang::Ja }, Out { json: false, lang: Lang::En });
        let said = [
            [
                "start",
                "away",
                "dial",
                dialer::PAUSED_BY_TRUNK,
                dialer::PAUSED_BY_DEVICE,
                dialer::PAUSED_AT_CLOSING,
                "phone",
                "shutdown",
                "lunch",
            ]
            .map(|word| pause(word, ja))
            .to_vec(),
            ["hours", "registration", "unreachable", "disk", "phone", "not_due"]
                .map(|word| waits_for(word, ja))
                .to_vec(),
            ["retry", "never", "task", "done"].map(|word| lead_next(word, ja)).to_vec(),
            ["manual", "import", "status"].map(|word| source(word, ja)).to_vec(),
            ["no answer", "transport failure", "binding not kept"].map(|why| sip(why, ja)).to_vec(),
        ];
        for text in said.concat() {
            assert!(!has_english(text) && !text.is_ascii(), "{text}");
        }
        assert_eq!((pause("お昼", ja), pause("smoke", ja)), ("お昼", "smoke"));
        assert_eq!((sip("transport failure", en), sip("Forbidden", ja)), ("transport failure", "Forbidden"));
        assert_eq!(source("電話", ja), "電話");
        assert_eq!(
            (figure("calls by user", ja), figure("calls by user", en)),
            ("コール数(担当者別)".into(), "calls by user".into())
        );
        assert_eq!(figure("progress by list", ja), "進捗(リスト別)");
        assert_eq!(figure("attempts of lead", ja), "発信先の回数");
        for what in ["numbers", "open tasks", "contacts"].map(|what| format!("{what} of deleted users")) {
            assert!(!has_english(&figure(&what, ja)) && settles(&what, "alice").is_some(), "{what}");
        }
    }
}
