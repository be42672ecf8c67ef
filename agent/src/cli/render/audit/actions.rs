//! What is done, as the audit log calls it.

use crate::cli::output::Out;

/// In Japanese `リストの変更 (list.change)`, since `--action` takes the word behind it.
pub(super) fn action(word: &str, out: Out) -> String {
    match ACTIONS.iter().find(|(known, _)| *known == word && out.is_japanese()) {
        Some((_, ja)) => format!("{ja} ({word})"),
        None => word.to_owned(),
    }
}

const ACTIONS: &[(&str, &str)] = &[
    ("call.amend", "通話の訂正"),
    ("call.report", "報告"),
    ("category.delete", "カテゴリーの削除"),
    ("contact.add", "連絡先の登録"),
    ("contact.delete", "連絡先の削除"),
    ("contact.edit", "連絡先の変更"),
    ("contact.export", "連絡先の書き出し"),
    ("contact.hand_over", "連絡先の引き継ぎ"),
    ("contact.overwrite", "連絡先の上書き"),
    ("contact.purge", "連絡先の完全削除"),
    ("contact.stub", "仮の連絡先の登録"),
    ("contact.undo", "連絡先の復元"),
    ("dnc.add", "架電禁止の登録"),
    ("dnc.clear", "架電禁止の解除"),
    ("dnc.complete", "架電禁止の書き足し"),
    ("dnc.export", "架電禁止の書き出し"),
    ("dnc.import", "架電禁止の取り込み"),
    ("dnc.retract", "架電禁止の取り込みの取り消し"),
    ("history.export", "履歴の書き出し"),
    ("import.cancel", "取り込みの中止"),
    ("import.commit", "取り込み"),
    ("import.interrupted", "取り込みの中断"),
    ("import.refused", "取り込めなかったファイル"),
    ("import.undo", "取り込みの取り消し"),
    ("lead.add", "発信先の追加"),
    ("lead.assign", "担当の割り当て"),
    ("lead.delete", "発信先の削除"),
    ("lead.edit", "発信先の変更"),
    ("lead.exclude", "発信対象外にする"),
    ("lead.include", "発信対象に戻す"),
    ("lead.phone.add", "番号の追加"),
    ("lead.phone.remove", "番号の削除"),
    ("lead.purge", "発信先の完全削除"),
    ("lead.restore", "発信先の復元"),
    ("list.change", "リストの変更"),
    ("list.create", "リストの作成"),
    ("list.delete", "リストの削除"),
    ("list.disable", "リストの無効化"),
    ("list.enable", "リストの有効化"),
    ("list.export", "リストの書き出し"),
    ("list.grant", "リストの権限の付与"),
    ("list.purge", "リストの完全削除"),
    ("list.restore", "リストの復元"),
    ("list.revoke", "リストの権限の取り消し"),
    ("list.round", "周回の開始"),
    ("note.add", "メモの追加"),
    ("note.delete", "メモの削除"),
    ("note.edit", "メモの変更"),
    ("note.restore", "メモの復元"),
    ("project.change", "案件の変更"),
    ("project.create", "案件の作成"),
    ("project.delete", "案件の削除"),
    ("project.grant", "案件の権限の付与"),
    ("project.restore", "案件の復元"),
    ("project.revoke", "案件の権限の取り消し"),
    ("recording.delete", "録音の削除"),
    ("recording.expire", "録音の自動削除"),
    ("recording.export", "録音の書き出し"),
    ("recording.fetch", "録音の取得"),
    ("recording.hold", "録音の保持"),
    ("recording.pause", "録音停止"),
    ("recording.release", "録音の保持の解除"),
    ("recording.resume", "録音再開"),
    ("stats.mend", "集計の書き直し"),
    ("status.add", "ステータスの追加"),
    ("status.edit", "ステータスの変更"),
    ("store.accept_empty", "空のデータベースの確認"),
    ("store.backup", "バックアップ"),
    ("store.restore", "バックアップからの復元"),
    ("tap.call", "モニタリングした通話"),
    ("tap.end", "モニタリング終了"),
    ("tap.mode", "モニタリングの変更"),
    ("tap.start", "モニタリング開始"),
    ("task.done", "対応タスクの完了"),
    ("task.due", "対応タスクの期日"),
    ("task.hand_over", "対応タスクの引き継ぎ"),
    ("task.reassign", "対応タスクの担当変更"),
    ("task.reopen", "対応タスクの再開"),
    ("user.add", "利用者の追加"),
    ("user.delete", "利用者の削除"),
    ("user.hand_over", "利用者の引き継ぎ"),
    ("user.passwd", "パスワードの変更"),
    ("user.rename", "利用者の名前の変更"),
    ("user.role", "権限の変更"),
    ("user.uid", "Unixユーザーの変更"),
];

#[cfg(test)]
mod tests {
    use protocol::Lang;

    use super::*;

    #[test]
    fn an_action_has_its_name_beside_its_word() {
        let (ja, en) = (Out { json: false, lang: Lang::Ja }, Out { json: false, lang: Lang::En });
        assert_eq!(action("list.change", ja), "リストの変更 (list.change)");
        assert_eq!(
            (action("list.change", en), action("new.one", ja)),
            ("list.change".into(), "new.one".into())
        );
        assert!(ACTIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
