//! Users, statuses, tasks, contacts, corrections, notes.

use protocol::Lang;
use protocol::result::{
    Amendment, Categories, ContactPage, ContactRow, ContactSaved, ContactsDeleted, ContactsHandedOver,
    DispositionRow, HistoryCall, HistoryPage, Holdings, Me, NoteRow, TaskPage, TaskRow, TasksHandedOver,
    UserChanged, UserRow,
};

use super::words;
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
