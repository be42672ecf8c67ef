//! Numbers that are never called, and files of them.

use protocol::Lang;
use protocol::result::{DncAdded, DncCleared, DncFiles, DncImportUndone, DncImported, DncPreviewRow, DncRow};
use store::phone::{Phone, Special};

use super::office::more;
use super::words;
use crate::cli::args::RowsArgs;
use crate::cli::namesakes::somebody;
use crate::cli::output::{Closed, Out};
use crate::cli::table::Table;
use crate::cli::time;

pub(crate) fn dnc(rows: &[DncRow], next: Option<&str>, out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        out.text("電話番号", "number"),
        out.text("案件", "project"),
        out.text("理由", "why"),
        out.text("根拠", "evidence"),
        out.text("登録元", "source"),
        out.text("登録者", "by"),
        out.text("日時", "when"),
        out.text("解除", "cleared"),
    ]);
    for row in rows {
        let cleared = row.cleared_at.map_or_else(String::new, |at| {
            let by = somebody(&row.cleared_by_name, &row.cleared_by, row.cleared_by_uid);
            format!("{} {by} {}", time::full(at), row.cleared_reason.as_deref().unwrap_or_default())
        });
        table.row([
            row.number.clone(),
            match &row.project {
                None => out.text("すべて", "everywhere").to_owned(),
                Some(name) if row.project_deleted => {
                    format!("{name}{}", out.text("(ごみ箱)", " (in the bin)"))
                }
                Some(name) => name.clone(),
            },
            row.reason.clone().unwrap_or_default(),
            row.evidence.iter().chain(&row.attempt).cloned().collect::<Vec<_>>().join(" / "),
            words::source(&row.source, out).to_owned(),
            somebody(&row.by_name, &row.by, row.by_uid),
            time::full(row.at),
            cleared,
        ]);
    }
    out.table(&table)?;
    more(next.map(|next| format!("--after {next}")), out)
}

/// `typed`: what was asked for. A number of it with digits too many is not the one that stands there now (D23).
pub(crate) fn dnc_added(added: &DncAdded, typed: &str, out: Out) -> Result<(), Closed> {
    let rows: Vec<DncRow> = std::iter::once(&added.row).chain(&added.more).cloned().collect();
    let phones = Phone::all_of(typed).unwrap_or_default();
    for phone in phones.iter().filter(|phone| Special::of_phone(phone) == Some(Special::Overlong)) {
        let typed = phone.national();
        let Some(number) = rows.iter().map(|row| &row.number).find(|number| typed.starts_with(*number))
        else {
            continue;
        };
        out.line(&match out.lang {
            Lang::Ja => format!("W-PHONE-UNASSIGNED 桁が多い番号です。網は余分な桁を無視するため、つながる先の {number} を架電禁止にしています"),
            Lang::En => format!("W-PHONE-UNASSIGNED a number with digits too many: the network ignores them, so {number}, which it connects, is what is never called"),
        })?;
    }
    if let (true, [row]) = (added.known, rows.as_slice()) {
        let (since, by) = (time::full(row.at), somebody(&row.by_name, &row.by, row.by_uid));
        out.line(&match (out.lang, by.is_empty()) {
            (Lang::Ja, _) => format!("すでに登録されています({})", format!("{since} {by}").trim_end()),
            (Lang::En, true) => format!("it stands there already (since {since})"),
            (Lang::En, false) => format!("it stands there already (since {since}, by {by})"),
        })?;
    } else if added.known {
        out.line(out.text("すでに登録されています", "they stand there already"))?;
    }
    if added.completed {
        let text = "理由・根拠を書き足しました(前の内容も残ります)";
        out.line(out.text(text, "what you gave was written down beside what stood there"))?;
    }
    dnc(&rows, None, out)
}

pub(crate) fn dnc_cleared(cleared: &DncCleared, out: Out) -> Result<(), Closed> {
    out.line(&format!("{}: {}", out.text("解除しました", "cleared"), cleared.cleared))?;
    if cleared.left.is_empty() {
        return Ok(());
    }
    out.line(out.text("次の登録が残っているため、まだ発信できません", "these still forbid to call it"))?;
    dnc(&cleared.left, None, out)
}

pub(crate) fn dnc_imports(imports: &DncFiles, out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        out.text("日時", "when"),
        out.text("ファイル", "file"),
        out.text("種類", "kind"),
        out.text("状態", "state"),
        out.text("行数", "rows"),
        out.text("変更", "changed"),
        out.text("書き足し", "completed"),
        out.text("エラー", "refused"),
        out.text("登録者", "by"),
        "id",
    ])
    .right(&[4, 5, 6, 7]);
    for row in &imports.rows {
        let state = match row.state.as_str() {
            "committed" => out.text("登録済み", "committed"),
            "undone" => out.text("取り消し済み", "undone"),
            "interrupted" => out.text("中断(登録分は架電禁止のまま)", "interrupted, still blocked"),
            _ => out.text("取り込み中", "running"),
        };
        table.row([
            time::full(row.at),
            words::file(&row.file, out).to_owned(),
            if row.clear { out.text("解除", "clear") } else { out.text("登録", "add") }.to_owned(),
            state.to_owned(),
            row.rows.to_string(),
            row.changed.to_string(),
            row.completed.to_string(),
            row.refused.to_string(),
            somebody(&row.by_name, &row.by, row.by_uid),
            row.id.clone(),
        ]);
    }
    out.table(&table)?;
    if imports.rows.iter().any(|row| row.state == "interrupted") {
        out.line(out.text(
            "中断した取り込みは、同じファイルをもう一度取り込むか、kakeru dnc import-undo ID --reason で取り消してください",
            "import the file of an interrupted one again, or take it back: `kakeru dnc import-undo ID --reason …`",
        ))?;
    }
    more(imports.next.as_ref().map(|next| format!("--before {next}")), out)
}

pub(crate) fn dnc_import_undone(undone: &DncImportUndone, out: Out) -> Result<(), Closed> {
    out.line(&format!("{}: {}", out.text("解除しました", "cleared"), undone.cleared))?;
    match undone.kept {
        0 => Ok(()),
        kept => out.line(&format!(
            "{}: {kept}",
            out.text("ほかでも登録されているため残した番号", "kept, since somebody else entered them too")
        )),
    }
}

pub(crate) fn dnc_imported(
    done: &DncImported,
    clear: bool,
    asked: &RowsArgs,
    out: Out,
) -> Result<(), Closed> {
    out.line(&format!(
        "{}: {} ({})",
        words::file(&done.file, out),
        dnc_head(done, asked, out),
        done.encoding
    ))?;
    let doubts = done.counts.iter().filter(|(code, _)| code.starts_with('W')).map(|(_, count)| count).sum();
    let changed = if clear { out.text("解除", "cleared") } else { out.text("登録", "added") };
    for (label, count) in [
        (out.text("読み取り", "rows"), done.rows),
        (changed, done.changed),
        (out.text("変更なし", "unchanged"), done.unchanged),
        (out.text("警告", "warnings"), doubts),
        (out.text("エラー", "refused"), done.refused),
    ] {
        out.line(&format!("  {label}: {count}"))?;
    }
    if done.completed > 0 {
        let label = out.text("うち理由・根拠を書き足したもの", "of these given a reason or evidence besides");
        out.line(&format!("  {label}: {}", done.completed))?;
    }
    if done.past > 0 {
        let label = out.text("解除済みの行(登録しません)", "rows cleared before, left out");
        out.line(&format!("  {label}: {}", done.past))?;
    }
    dnc_preview(&done.preview, out)
}

/// What became of the file, and what to do where nothing of it is taken: a preview says whether the import would take it.
fn dnc_head(done: &DncImported, asked: &RowsArgs, out: Out) -> String {
    let head = match (done.committed, asked.dry_run) {
        (true, _) => return out.text("反映しました", "done").to_owned(),
        (false, true) => out.text("確認のみ(変更していません)", "checked only, nothing changed"),
        (false, false) => out.text("変更していません", "nothing changed"),
    };
    let good = done.rows.saturating_sub(done.refused);
    if asked.dry_run && good > 0 && (asked.partial || done.refused == 0) {
        return head.to_owned();
    }
    format!("{head}{}{}", out.text("。", "; "), nothing_taken(done.rows, good, out))
}

/// What to do where nothing of a file is taken: of its rows, `good` are without mistake.
pub(crate) fn nothing_taken(rows: u64, good: u64, out: Out) -> &'static str {
    match (rows, good) {
        (0, _) => out.text("登録する行がありません", "the file has no row to take"),
        (_, 0) => out.text(
            "登録できる行がありません。誤りを直してください",
            "no row can be taken; correct the mistakes",
        ),
        _ => out.text("誤りを直すか --partial を付けてください", "correct the mistakes or add --partial"),
    }
}

/// The first rows, as they would be taken.
fn dnc_preview(rows: &[DncPreviewRow], out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        out.text("行", "line"),
        out.text("電話番号", "number"),
        out.text("案件", "project"),
        out.text("理由", "why"),
        out.text("根拠", "evidence"),
        out.text("処理", "what happens"),
    ])
    .right(&[0]);
    for row in rows {
        let effect = match row.effect.as_str() {
            "new" => out.text("登録", "added"),
            "known" => out.text("登録済み", "known already"),
            "completed" => {
                out.text("登録済み、理由・根拠を書き足す", "known already, given a reason or evidence")
            }
            "cleared" => out.text("解除", "cleared"),
            "absent" => out.text("登録なし", "not on the list"),
            "past" => out.text("解除済み(登録しません)", "cleared before, left out"),
            "refused" => out.text("エラー", "refused"),
            other => other,
        };
        let everywhere = if row.code.is_none() { out.text("全社", "everywhere") } else { "" };
        // Of a refused row the cell that is to blame is there: it stands in its column, or beside the table with the mistakes.
        let (number, project) = match row.code.as_deref() {
            None => (row.number.as_str(), row.project.as_deref().unwrap_or(everywhere)),
            Some("E-PROJECT-UNKNOWN") => ("", row.number.as_str()),
            Some(code) if code.starts_with("E-PHONE-") => (row.number.as_str(), ""),
            Some(_) => ("", ""),
        };
        table.row([
            row.line.to_string(),
            number.to_owned(),
            project.to_owned(),
            row.reason.clone().unwrap_or_default(),
            row.evidence.clone().unwrap_or_default(),
            row.code.as_ref().map_or_else(|| effect.to_owned(), |code| format!("{effect} {code}")),
        ]);
    }
    if table.is_empty() { Ok(()) } else { out.table(&table) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S1.14, X6: a preview of do-not-call numbers says whether the import would take them, as that of a list does.
    #[test]
    fn a_preview_of_numbers_says_what_is_to_be_done() {
        let asked = |partial, dry_run| RowsArgs { partial, dry_run, report: None, report_warnings: None };
        let told = |rows: u64, refused: u64, committed: bool, asked: &RowsArgs, lang| {
            let done = serde_json::json!({ "file": "-", "encoding": "utf-8", "rows": rows, "changed": 0, "unchanged": 0,
                "refused": refused, "committed": committed, "errors": [], "warnings": [], "counts": {} });
            dnc_head(&serde_json::from_value(done).unwrap(), asked, Out { json: false, lang })
        };
        let mixed = told(3, 1, false, &asked(false, true), Lang::Ja);
        assert_eq!(mixed, "確認のみ(変更していません)。誤りを直すか --partial を付けてください");
        assert_eq!(told(3, 1, false, &asked(true, true), Lang::Ja), "確認のみ(変更していません)");
        assert_eq!(told(3, 0, false, &asked(false, true), Lang::En), "checked only, nothing changed");
        assert!(
            told(3, 3, false, &asked(true, true), Lang::En)
                .ends_with("; no row can be taken; correct the mistakes")
        );
        assert!(
            told(3, 1, false, &asked(false, false), Lang::Ja).starts_with("変更していません。誤りを直すか")
        );
        assert_eq!(told(3, 1, true, &asked(true, false), Lang::Ja), "反映しました");
    }
}
