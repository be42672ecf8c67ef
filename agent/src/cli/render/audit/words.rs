//! What stands in the audit log, as users know it.

use serde_json::Value;

use crate::cli::output::Out;
use crate::cli::render::words;
use crate::said;

/// What a field is called where it holds this; `None`: it has no other name than the log's.
pub(super) fn label(name: &str, value: &Value, out: Out) -> Option<&'static str> {
    Some(match (name, value) {
        // Moments of a search, users of a hand-over, where a file went.
        ("from", Value::Number(_)) => out.text("開始", "from"),
        ("to", Value::Number(_)) => out.text("終了", "to"),
        ("to", Value::String(to)) if DESTINATIONS.contains(&to.as_str()) => out.text("出力先", "to"),
        ("from", _) => out.text("前の担当", "from"),
        ("to", _) => out.text("新しい担当", "to"),
        _ => {
            let &(_, ja, en) = LABELS.iter().find(|(word, ..)| *word == name)?;
            out.text(ja, en)
        }
    })
}

/// A word of the program in the words of the screens; what is none stays as somebody wrote it.
pub(super) fn value<'a>(action: &str, name: &str, word: &'a str, out: Out) -> &'a str {
    match name {
        "source" => return words::source(word, out),
        "lead_next" => return words::lead_next(word, out),
        // Labels are what a status is called in every language.
        "status" => return said::built_in(word),
        // Elsewhere somebody wrote it.
        "reason" if action != "tap.end" => return word,
        _ => {}
    }
    let found = VALUES.iter().find(|(of, known, ..)| *of == name && *known == word);
    found.map_or(word, |&(_, _, ja, en)| out.text(ja, en))
}

/// Where a file went: see `to`.
const DESTINATIONS: [&str; 2] = ["client", "path"];
/// Words of a closed vocabulary: the field, the word, Japanese, English.
const VALUES: [(&str, &str, &str, &str); 34] = [
    ("dnc_scope", "company", "全社", "the company"),
    ("dnc_scope", "project", "案件", "the project"),
    ("kind", "in", "着信", "in"),
    ("kind", "in_missed", "着信(不在)", "in, missed"),
    ("kind", "out", "発信", "out"),
    ("kind", "out_missed", "発信(応答なし)", "out, no answer"),
    ("manual", "exclude", "除く", "left out"),
    ("manual", "include", "含む", "taken in"),
    ("manual", "only", "のみ", "only these"),
    ("mode", "barge", "三者通話", "barging in"),
    ("mode", "listen", "モニタリング", "listening"),
    ("mode", "whisper", "ささやき", "whispering"),
    ("order", "category", "カテゴリー順", "by category"),
    ("order", "newest", "新しい順", "newest first"),
    ("order", "position", "リストの順", "as on the list"),
    ("order", "random", "ランダム", "at random"),
    ("reason", "call", "自分の通話", "a call of their own"),
    ("reason", "client", "操作", "asked for"),
    ("reason", "hangup", "切断", "hung up"),
    ("reason", "moved", "別の席へ移動", "went on to another seat"),
    ("reason", "permission", "権限の変更", "lost the right"),
    ("reason", "phone", "電話機につながりません", "the desk phone is not up"),
    ("reason", "shutdown", "デーモンの停止", "the daemon stopped"),
    ("recording", "discarded", "破棄", "discarded"),
    ("register", "contacts", "連絡先", "contacts"),
    ("register", "dnc", "架電禁止", "do-not-call"),
    ("state", "done", "完了", "done"),
    ("state", "open", "未完了", "open"),
    ("to", "client", "操作した人", "whoever asked"),
    ("to", "path", "デーモンのマシンのファイル", "a file on the daemon's machine"),
    ("unread", "calls", "通話の一部", "some calls"),
    ("unread", "do_not_call", "架電禁止リストの一部", "part of the do-not-call list"),
    ("unread", "leads", "発信先の一部", "some leads"),
    ("unread", "numbering", "結果ファイルとイベントの番号", "the numbers of result files and events"),
];
/// Fields of the log in the words of the screens.
const LABELS: [(&str, &str, &str); 113] = [
    ("archived_at", "使用停止", "archived"),
    ("assigned", "担当", "assigned"),
    ("at_least", "通話回数の下限", "at least"),
    ("at_ms", "位置(ミリ秒)", "at (ms)"),
    ("attempt", "通話", "call"),
    ("attempts", "通話回数", "attempts"),
    ("before", "変更前", "before"),
    ("blank", "結果なし", "without a result"),
    ("blocked", "架電禁止", "blocked"),
    ("builtin", "組込", "built-in"),
    ("by", "監督の席", "by seat"),
    ("bytes", "バイト", "bytes"),
    ("called_since", "コピーの後に発信した発信先", "leads called since"),
    ("caller_id", "発信者番号", "caller number"),
    ("calls_left_behind", "コピーにない通話", "calls not in the copy"),
    ("categories", "カテゴリー", "categories"),
    ("category", "カテゴリー", "category"),
    ("changed", "変更", "changed"),
    ("changed_since", "変更あり", "changed since"),
    ("clear", "解除", "clear"),
    ("cleared", "解除", "cleared"),
    ("clir", "184・186", "184 or 186"),
    ("code", "コード", "code"),
    ("color", "色", "color"),
    ("column", "列", "column"),
    ("columns", "その他の列", "columns"),
    ("company", "会社名", "company"),
    ("company_wide_dnc", "全社の架電禁止", "company-wide"),
    ("completed", "書き足し", "completed"),
    ("contacts", "連絡先", "contacts"),
    ("contacts_removed", "削除した連絡先", "contacts removed"),
    ("count", "件数", "count"),
    ("counts_call", "コール数に入れる", "counts as call"),
    ("counts_connect", "コネクト数に入れる", "counts as connect"),
    ("deleted_at", "削除日時", "deleted"),
    ("dialable", "発信対象", "dialable"),
    ("dnc_scope", "架電禁止の範囲", "do-not-call scope"),
    ("do_not_call", "引き継いだ架電禁止番号", "do-not-call numbers taken over"),
    ("due_at", "期限", "due"),
    ("email", "メール", "email"),
    ("enabled", "有効", "enabled"),
    ("ended", "途中で終了", "ended early"),
    ("evidence", "根拠", "evidence"),
    ("excluded", "発信対象外", "excluded"),
    ("file", "ファイル", "file"),
    ("filter", "条件", "filter"),
    ("former", "元の担当", "were"),
    ("handed_over", "引き継ぎ", "handed over"),
    ("held", "変更なし(使用中など)", "stayed"),
    ("hotkey", "キー", "key"),
    ("ids", "発信先", "leads"),
    ("interrupted", "中断", "interrupted"),
    ("keep_history", "履歴を残す", "keeps the history"),
    ("keep_recording", "録音を残す", "keeps the recording"),
    ("kept", "残ったもの", "kept"),
    ("kind", "最後の通話", "last call"),
    ("label", "名称", "label"),
    ("last_four", "番号の下4桁", "last digits"),
    ("last_user", "最後の担当", "last called by"),
    ("lead_next", "発信先の扱い", "lead"),
    ("leads", "件数", "leads"),
    ("list", "リスト", "list"),
    ("list_removed", "リストも削除", "list removed too"),
    ("lists", "リスト数", "lists"),
    ("login", "ログインID", "login"),
    ("looked", "確認済み", "looked at"),
    ("manual", "手動の通話", "calls by hand"),
    ("memo", "メモ", "memo"),
    ("mode", "方法", "mode"),
    ("name", "名前", "name"),
    ("name_before", "前の名前", "was called"),
    ("number", "電話番号", "number"),
    ("number_only", "理由を読めなかった番号", "numbers alone"),
    ("numbers", "電話番号", "numbers"),
    ("of", "全体", "of"),
    ("operator", "担当", "operator"),
    ("order", "発信順", "order"),
    ("other_lists", "他のリストでも変更", "on other lists"),
    ("owner", "担当", "owner"),
    ("part", "部分一致", "in part"),
    ("per_number", "番号ごと", "a row a number"),
    ("person", "担当者名", "person"),
    ("pooled", "担当なしを共有", "pooled"),
    ("position", "No", "No"),
    ("profile", "プロファイル", "profile"),
    ("project", "案件", "project"),
    ("reason", "理由", "reason"),
    ("recall_at", "再コール日時", "callback time"),
    ("recording", "録音", "recording"),
    ("recordings", "録音", "recordings"),
    ("refused", "エラー", "refused"),
    ("register", "対象", "register"),
    ("removed", "削除", "removed"),
    ("reported", "報告", "reported"),
    ("restored", "復元", "restored"),
    ("role", "権限", "role"),
    ("round", "周回", "round"),
    ("rows", "行数", "rows"),
    ("seat", "席", "seat"),
    ("settled", "中断の解消", "settled"),
    ("source", "登録元", "source"),
    ("state", "状態", "state"),
    ("status", "結果", "status"),
    ("tasks", "対応タスク", "tasks"),
    ("text", "値", "text"),
    ("uid", "Unixユーザー", "Unix user"),
    ("unchanged", "変更なし", "unchanged"),
    ("unread", "読めなかったもの", "not read"),
    ("unregistered", "未登録の番号", "unregistered"),
    ("unsealed", "結果待ち", "waiting for a result"),
    ("user", "利用者", "user"),
    ("users", "利用者", "users"),
    ("without_results", "結果なしで", "without results"),
];

#[cfg(test)]
mod tests {
    use protocol::Lang;

    use super::*;
    use crate::said::has_english;

    /// Every label is found by its word, and every word of the program has its Japanese.
    #[test]
    fn labels_and_words_are_in_order_and_said_once() {
        assert!(LABELS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(VALUES.windows(2).all(|pair| (pair[0].0, pair[0].1) < (pair[1].0, pair[1].1)));
        let out = Out { json: false, lang: Lang::Ja };
        for (name, word, ..) in VALUES {
            let told = value("tap.end", name, word, out);
            assert!(!told.is_ascii() && !has_english(told), "{name} {word}: {told}");
        }
        assert_eq!(value("recording.hold", "reason", "call", out), "call", "somebody wrote it");
        assert_eq!(value("call.amend", "status", "no_contact", out), "不通");
    }
}
