//! Users, statuses, tasks, do-not-call, contacts, corrections, notes.

use protocol::Lang;
use protocol::result::{
    Amendment, Categories, ContactPage, ContactRow, ContactSaved, ContactsDeleted, ContactsHandedOver,
    DispositionRow, DncAdded, DncCleared, DncFiles, DncImportUndone, DncImported, DncPreviewRow, DncRow,
    HistoryCall, HistoryPage, Holdings, Me, NoteRow, TaskPage, TaskRow, TasksHandedOver, UserChanged,
    UserRow,
};

use store::phone::{Phone, Special};

use super::words;
use crate::cli::args::RowsArgs;
use crate::cli::namesakes::{person, somebody};
use crate::cli::output::{Closed, Out};
use crate::cli::table::{Table, clean};
use crate::cli::time;

pub(crate) fn users(users: &[UserRow], out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        "ID",
        out.text("名前", "name"),
        out.text("権限", "role"),
        "uid",
        out.text("席", "seats"),
        out.text("パスワード", "password"),
        out.text("削除", "deleted"),
    ]);
    for user in users {
        table.row([
            user.login.clone(),
            user.name.clone(),
            user.role.clone(),
            user.uid.map_or_else(String::new, |uid| uid.to_string()),
            user.seats.join(", "),
            if user.password { out.text("あり", "set") } else { "" }.to_owned(),
            user.deleted_at.map_or_else(String::new, time::full),
        ]);
    }
    out.table(&table)
}

/// 発信先 120件、連絡先 3件、対応タスク 5件.
pub(crate) fn held(held: Holdings, out: Out) -> String {
    let Holdings { leads, contacts, tasks } = held;
    match out.lang {
        Lang::Ja => format!("発信先 {leads}件、連絡先 {contacts}件、対応タスク {tasks}件"),
        Lang::En => format!("{leads} leads, {contacts} contacts, {tasks} open tasks"),
    }
}

pub(crate) fn holdings(holdings: &Holdings, out: Out) -> Result<(), Closed> {
    out.line(&held(*holdings, out))
}

pub(crate) fn me(me: &Me, out: Out) -> Result<(), Closed> {
    let nobody = out.text("登録のない利用者", "nobody's user");
    let who = match (&me.name, &me.login) {
        (Some(name), Some(login)) if name != login => format!("{name} ({login})"),
        (_, login) => login.clone().unwrap_or_else(|| nobody.to_owned()),
    };
    out.line(&format!("{who}: {}", me.role))?;
    if !me.seats.is_empty() {
        out.line(&format!("  {}: {}", out.text("席", "seat"), clean(&me.seats.join(", "))))?;
    }
    let facts = [
        (me.owner, out.text("このマシンの管理者です", "owns this machine")),
        (me.masked, out.text("電話番号は一部だけ表示されます", "sees numbers masked")),
        (me.reads_contacts, out.text("連絡先は閲覧のみです", "changes no contacts")),
    ];
    facts.iter().filter(|(holds, _)| *holds).try_for_each(|(_, text)| out.line(&format!("  {text}")))
}

pub(crate) fn user_changed(changed: &UserChanged, out: Out) -> Result<(), Closed> {
    users(std::slice::from_ref(&changed.user), out)?;
    if changed.handed_over != Holdings::default() {
        let moved = held(changed.handed_over, out);
        out.line(&format!("{} {moved}", out.text("担当を変更しました:", "changed hands:")))?;
    }
    ungranted(&changed.ungranted, out)
}

pub(crate) fn tasks_handed_over(handed: &TasksHandedOver, out: Out) -> Result<(), Closed> {
    let tasks = out.text("件の対応タスクの担当を変更しました", "tasks changed hands");
    out.line(&format!("{} {tasks}", handed.tasks))?;
    ungranted(&handed.ungranted, out)
}

pub(crate) fn contacts_handed_over(handed: &ContactsHandedOver, out: Out) -> Result<(), Closed> {
    let contacts = out.text("件の連絡先の所有者を変更しました", "contacts changed hands");
    out.line(&format!("{} {contacts}", handed.contacts))
}

/// Work that nobody is offered yet.
fn ungranted(lists: &[String], out: Out) -> Result<(), Closed> {
    lists.iter().try_for_each(|list| {
        out.line(&match out.lang {
            Lang::Ja => format!(
                "  {list}: 引き継いだ人はこのリストを使えません。kakeru list grant で権限を付与してください"
            ),
            Lang::En => format!("  {list}: not granted to whoever took over; see `kakeru list grant`"),
        })
    })
}

pub(crate) fn dispositions(rows: &[DispositionRow], out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        "No",
        out.text("結果", "label"),
        out.text("コード", "code"),
        out.text("録音", "recording"),
        out.text("コール数", "call"),
        out.text("コネクト数", "connect"),
        out.text("次", "lead"),
        out.text("キー", "key"),
        out.text("色", "color"),
        out.text("案件", "project"),
        "",
    ])
    .right(&[0]);
    let mark = |flag: bool| if flag { "○" } else { "×" }.to_owned();
    for row in rows {
        let kind = match (row.builtin, row.archived_at) {
            (true, _) => out.text("組込", "built-in"),
            (false, Some(_)) => out.text("使用停止", "archived"),
            (false, None) => "",
        };
        table.row([
            row.position.to_string(),
            row.label.clone(),
            row.code.clone(),
            mark(row.keep_recording),
            mark(row.counts_call),
            mark(row.counts_connect),
            words::lead_next(&row.lead_next, out).to_owned(),
            row.hotkey.clone().unwrap_or_default(),
            row.color.clone().unwrap_or_default(),
            row.project.clone().unwrap_or_default(),
            kind.to_owned(),
        ]);
    }
    out.table(&table)
}

pub(crate) fn tasks(page: &TaskPage, out: Out) -> Result<(), Closed> {
    out.line(&format!(
        "{} {}  {} {}  {} {}",
        out.text("過去", "past"),
        page.counts.past,
        out.text("未来", "future"),
        page.counts.future,
        out.text("フリー", "free"),
        page.counts.free
    ))?;
    out.table(&task_table(&page.rows, out))?;
    more(page.next.map(|next| format!("--after {next}")), out)
}

pub(crate) fn task(task: &TaskRow, out: Out) -> Result<(), Closed> {
    out.table(&task_table(std::slice::from_ref(task), out))?;
    ungranted(&task.ungranted, out)
}

fn task_table(rows: &[TaskRow], out: Out) -> Table {
    let mut table = Table::new(&[
        "id",
        out.text("いつ", "due"),
        out.text("結果", "result"),
        out.text("担当", "owner"),
        out.text("電話番号", "number"),
        out.text("会社名", "company"),
        out.text("担当者名", "person"),
        out.text("リスト", "list"),
        out.text("メモ", "memo"),
        out.text("状態", "state"),
    ])
    .right(&[0]);
    for row in rows {
        let kind = match row.kind.as_str() {
            "prospect" => out.text("見込", "prospect"),
            "callback" => out.text("再コール", "callback"),
            other => other,
        };
        let state = match (row.state.as_str(), row.folder.as_str()) {
            ("open", _) if row.blocked => out.text("架電禁止", "do not call"),
            ("open", "past") => out.text("過去", "past"),
            ("open", "future") => out.text("未来", "future"),
            ("open", _) => out.text("フリー", "free"),
            ("done", _) => out.text("済", "done"),
            ("cancelled", _) => out.text("取消", "cancelled"),
            (other, _) => other,
        };
        table.row([
            row.id.to_string(),
            row.due_at.map_or_else(String::new, time::full),
            // A site's own status with a time to call back is no 再コール.
            row.label.clone().unwrap_or_else(|| kind.to_owned()),
            person(&row.owner_name, &row.owner),
            row.number.clone(),
            row.company.clone().unwrap_or_default(),
            row.person.clone().unwrap_or_default(),
            // As `call --lead` takes it.
            match (&row.list, row.position) {
                (Some(list), Some(position)) => format!("{list}#{position}"),
                (list, _) => list.clone().unwrap_or_default(),
            },
            row.memo.clone().unwrap_or_default(),
            state.to_owned(),
        ]);
    }
    table
}

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

pub(crate) fn contacts(page: &ContactPage, out: Out) -> Result<(), Closed> {
    contact_table(&page.rows, out)?;
    more(page.next.as_ref().map(|next| format!("--after {next}")), out)
}

pub(crate) fn contact(contact: &ContactRow, out: Out) -> Result<(), Closed> {
    contact_table(std::slice::from_ref(contact), out)
}

pub(crate) fn contact_saved(saved: &ContactSaved, out: Out) -> Result<(), Closed> {
    contact(&saved.contact, out)?;
    let numbers = saved.contact.numbers.iter().map(|one| one.number.as_str());
    super::manage::doubts(&saved.warnings, numbers, out);
    Ok(())
}

pub(crate) fn contacts_deleted(done: &ContactsDeleted, out: Out) -> Result<(), Closed> {
    out.line(&format!("{}: {}", out.text("ごみ箱に移しました", "in the bin now"), done.deleted.len()))?;
    if done.tasks > 0 {
        let what = out.text("取り消した対応タスク(リスト以外)", "tasks of no list, cancelled with them");
        out.line(&format!("  {what}: {}", done.tasks))?;
    }
    let hint = out.text("取り消し", "to take it back");
    for id in &done.deleted {
        out.line(&format!("  {hint}: kakeru contact undo {id}"))?;
    }
    out.line(&format!("  {} {}", out.text("期限", "until"), time::full(done.undo_until)))
}

fn contact_table(rows: &[ContactRow], out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        out.text("会社名", "company"),
        out.text("担当者名", "person"),
        out.text("電話番号", "numbers"),
        out.text("カテゴリー", "categories"),
        out.text("所有者", "owner"),
        out.text("版", "version"),
        "id",
    ])
    .right(&[5]);
    for row in rows {
        let numbers: Vec<String> = row
            .numbers
            .iter()
            .map(|one| super::manage::number(&one.number, one.ext.as_deref(), one.label.as_deref(), out))
            .collect();
        table.row([
            row.company.clone().unwrap_or_else(|| no_company(out)),
            row.person.clone().unwrap_or_else(|| no_person(out)),
            numbers.join(", "),
            row.categories.join("|"),
            person(&row.owner_name, &row.owner),
            row.version.to_string(),
            row.id.clone(),
        ]);
    }
    out.table(&table)
}

pub(crate) fn categories(found: &Categories, out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        out.text("カテゴリー", "category"),
        out.text("連絡先", "contacts"),
        out.text("発信先", "leads"),
    ])
    .right(&[1, 2]);
    for row in &found.categories {
        table.row([row.name.clone(), row.contacts.to_string(), row.leads.to_string()]);
    }
    out.table(&table)
}

pub(crate) fn call(shown: &HistoryCall, out: Out) -> Result<(), Closed> {
    super::rows::history(&HistoryPage { rows: vec![shown.call.clone()], next: None }, out)?;
    if shown.call.reported {
        out.line(out.text("報告あり", "reported"))?;
    }
    for row in &shown.amendments {
        out.line(&amendment(row, out))?;
    }
    for code in &shown.warnings {
        out.line(&super::live::told(code, out))?;
    }
    if shown.notes.is_empty() { Ok(()) } else { notes(&shown.notes, out) }
}

/// `2026-11-29 10:00:00 佐藤 再コール日時: - → 2026-11-30 10:00:00 (誤記)`.
fn amendment(row: &Amendment, out: Out) -> String {
    let field = match row.field.as_str() {
        "status" => out.text("結果", "status"),
        "memo" => out.text("メモ", "memo"),
        "recall_at" => out.text("再コール日時", "callback time"),
        "reported" => out.text("報告", "reported"),
        other => other,
    };
    let value = |value: &Option<String>, label: &Option<String>| match (label, value) {
        (Some(label), _) => clean(label),
        (None, None) => "-".to_owned(),
        (None, Some(value)) if row.field == "recall_at" => {
            value.parse().map_or_else(|_| clean(value), time::full)
        }
        (None, Some(value)) => clean(value),
    };
    let by = clean(&somebody(&row.by_name, &row.by, row.by_uid));
    let (before, after) = (value(&row.before, &row.before_label), value(&row.after, &row.after_label));
    format!("{} {by} {field}: {before} → {after} ({})", time::full(row.at), clean(&row.reason))
}

pub(crate) fn notes(rows: &[NoteRow], out: Out) -> Result<(), Closed> {
    let mut table =
        Table::new(&[out.text("日時", "when"), out.text("記入者", "by"), out.text("内容", "text"), "id"])
            .whole();
    for row in rows {
        table.row([
            time::full(row.at),
            somebody(&row.by_name, &row.by, row.by_uid),
            row.text.replace(['\r', '\n'], " "),
            row.note.clone(),
        ]);
    }
    out.table(&table)
}

/// S0.26, word for word in Japanese.
pub(crate) fn no_company(out: Out) -> String {
    out.text("取引先名未登録", "(company not registered)").to_owned()
}

/// S0.26, word for word in Japanese.
pub(crate) fn no_person(out: Out) -> String {
    out.text("担当者名未登録", "(person not registered)").to_owned()
}

pub(super) fn more(option: Option<String>, out: Out) -> Result<(), Closed> {
    match option {
        Some(option) => out.line(&format!("{}: {option}", out.text("続き", "more"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
