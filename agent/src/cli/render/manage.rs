//! Projects, list views, imports, recordings and the database, for people.

mod binned;
mod checked;
mod copies;
mod verified;

use protocol::result::*;
use protocol::{ErrorCode, Lang};
use store::Phone;
use store::phone::Special;

use crate::cli::namesakes::{person, somebody};
use crate::cli::output::{Closed, Out};
use crate::cli::table::{Table, clean};
use crate::cli::time;

use super::rows::share;
use super::words;
pub(crate) use binned::list_deleted;
use binned::tasks;
pub(crate) use checked::check;
pub(crate) use copies::{backup, restored};
pub(crate) use verified::{mended, verified};

pub(crate) fn done(done: &Done, out: Out) -> Result<(), Closed> {
    out.line(&format!("{}: {}", out.text("完了", "done"), done.of))
}

pub(crate) fn project(project: &ProjectRow, out: Out) -> Result<(), Closed> {
    projects(std::slice::from_ref(project), out)
}

pub(crate) fn projects(projects: &[ProjectRow], out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        out.text("案件", "project"),
        out.text("発信者番号", "caller id"),
        out.text("リスト数", "lists"),
        out.text("架電禁止の範囲", "do-not-call for"),
        out.text("担当なし", "leads of nobody"),
    ])
    .right(&[2]);
    for row in projects {
        let scope = match row.company_wide_dnc {
            true => out.text("全社", "the company"),
            false => out.text("案件", "the project"),
        };
        let pool = match row.pooled {
            true => out.text("全員", "everybody's"),
            false => out.text("対象外", "nobody's"),
        };
        let caller_id = row.caller_id.clone().unwrap_or_default();
        table.row([row.name.clone(), caller_id, row.lists.to_string(), scope.to_owned(), pool.to_owned()]);
    }
    out.table(&table)
}

pub(crate) fn bin(rows: &[BinRow], out: Out) -> Result<(), Closed> {
    let head = [
        out.text("リスト", "list"),
        out.text("案件", "project"),
        out.text("削除日時", "deleted"),
        out.text("件数", "leads"),
        "--at",
        "id",
    ];
    let mut table = Table::new(&head).right(&[3, 4]);
    for row in rows {
        table.row([
            row.list.clone(),
            row.project.clone(),
            time::full(row.at),
            row.leads.to_string(),
            row.at.to_string(),
            row.id.clone(),
        ]);
    }
    out.table(&table)
}

pub(crate) fn round(round: &RoundResult, out: Out) -> Result<(), Closed> {
    out.line(&format!("{}: {} {}", round.list, out.text("周回", "round"), round.round))
}

pub(crate) fn project_grants(grants: &ProjectGrants, out: Out) -> Result<(), Closed> {
    let users = match grants.users.is_empty() {
        true => out.text("個別の付与なし", "nobody in particular").to_owned(),
        false => people(&grants.users, &grants.names),
    };
    out.line(&format!("{}: {users}", grants.project))
}

pub(crate) fn grants(grants: &Grants, out: Out) -> Result<(), Closed> {
    let users = match (grants.users.is_empty(), grants.project_users.is_empty()) {
        (true, true) => out.text("全員", "everybody").to_owned(),
        (true, false) => out.text("個別の付与なし", "nobody in particular").to_owned(),
        (false, _) => people(&grants.users, &grants.names),
    };
    out.line(&format!("{}: {users}", grants.list))?;
    match grants.project_users.is_empty() {
        true => Ok(()),
        false => {
            let label = out.text("案件の権限で使える人", "by its project's grant");
            out.line(&format!("  {label}: {}", people(&grants.project_users, &grants.project_names)))
        }
    }
}

/// Names, with the logins that commands take behind them.
fn people(logins: &[String], names: &[String]) -> String {
    let named = |(login, name): (&String, &String)| {
        if login == name { name.clone() } else { format!("{name} ({login})") }
    };
    logins.iter().zip(names).map(named).collect::<Vec<_>>().join(", ")
}

pub(crate) fn changed(changed: &LeadsChanged, out: Out) -> Result<(), Closed> {
    out.line(&format!("{}: {}", out.text("変更", "changed"), changed.changed))?;
    tasks(changed.tasks, out)?;
    if changed.other_lists > 0 {
        let text = out.text("他のリストの同じ番号", "the same numbers on other lists");
        out.line(&format!("{text}: {}", changed.other_lists))?;
    }
    if changed.held > 0 {
        let text = out.text("通話中または登録済みのため変更なし", "left: in a call, or there again");
        out.line(&format!("{text}: {}", changed.held))?;
    }
    let code = ErrorCode::WarnOwnerGrant;
    let (text, hint) = (code.text().in_lang(out.lang), code.hint().in_lang(out.lang));
    for login in &changed.ungranted {
        out.note(&format!("{code} {login}: {text}{}{hint}", out.text("。", " ")));
    }
    Ok(())
}

/// Leads of a list went into the bin.
pub(crate) fn deleted(done: &LeadsChanged, list: &str, out: Out) -> Result<(), Closed> {
    changed(done, out)?;
    match done.at.filter(|_| done.changed > 0) {
        Some(at) => {
            let (undo, list) = (out.text("元に戻す", "undo"), word(list));
            out.line(&format!("{undo}: kakeru lead restore {list} --at {at}"))
        }
        None => Ok(()),
    }
}

/// As a shell takes it for one word.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

pub(crate) fn view(page: &ViewPage, out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        "No",
        out.text("発信担当者", "owner"),
        out.text("会社名", "company"),
        out.text("担当者名", "person"),
        out.text("電話番号", "number"),
        out.text("カテゴリー", "categories"),
        out.text("種別", "last call"),
        out.text("最終担当者", "by"),
        out.text("最終通話日時", "when"),
        out.text("結果", "result"),
        out.text("回数", "calls"),
        out.text("発信対象", "dialable"),
    ])
    .right(&[0, 10]);
    for row in &page.rows {
        table.row([
            row.position.to_string(),
            person(&row.assigned, &row.assigned_login),
            row.company.clone().unwrap_or_default(),
            row.person.clone().unwrap_or_default(),
            number(&row.number, row.ext.as_deref(), None, out),
            row.categories.join("|"),
            kind(row.last_kind.as_deref(), out).to_owned(),
            person(&row.last_user, &row.last_user_login),
            row.last_at.map_or_else(String::new, time::full),
            row.label.clone().unwrap_or_default(),
            row.attempts.to_string(),
            dialable(row.dialable, row.blocked.as_deref(), out).to_owned(),
        ]);
    }
    out.table(&table)?;
    let last = page.first + page.rows.len() as u64;
    let shown = if page.rows.is_empty() { "0".to_owned() } else { format!("{}-{last}", page.first + 1) };
    out.line(&format!("{shown} / {}", page.total))?;
    if let Some(place) = &page.previous {
        out.line(&format!("{}: --before {place}", out.text("前へ", "previous")))?;
    }
    match &page.next {
        Some(place) => out.line(&format!("{}: --after {place}", out.text("次へ", "next"))),
        None => Ok(()),
    }
}

fn kind(kind: Option<&str>, out: Out) -> &'static str {
    match kind {
        Some("out") => out.text("発信", "out"),
        Some("out_missed") => out.text("発信(応答なし)", "out, no answer"),
        Some("in") => out.text("着信", "in"),
        Some("in_missed") => out.text("不在着信", "in, missed"),
        _ => "",
    }
}

/// What the dialer does with a lead: 対象外 where somebody excluded it, 架電禁止 where its number is not called (`blocked`, a code).
pub(super) fn dialable(dialable: bool, blocked: Option<&str>, out: Out) -> &'static str {
    match (dialable, blocked) {
        (false, _) => out.text("対象外", "no"),
        (true, Some(_)) => out.text("架電禁止", "blocked"),
        (true, None) => out.text("対象", "yes"),
    }
}

/// Why a lead is not called: what somebody wrote who excluded it, or why its number is not.
fn why_not(row: &ViewRow, out: Out) -> String {
    let blocked = row.blocked.as_deref().filter(|_| row.dialable);
    let code = blocked.map(|code| match code.parse::<ErrorCode>() {
        Ok(known) => format!("{code} {}", known.text().in_lang(out.lang)),
        Err(_) => code.to_owned(),
    });
    code.or_else(|| row.excluded_reason.clone()).unwrap_or_default()
}

/// With its extension and what it is.
pub(super) fn number(number: &str, ext: Option<&str>, label: Option<&str>, out: Out) -> String {
    let ext = ext.map(|ext| format!(" {}{ext}", out.text("内線", "ext. "))).unwrap_or_default();
    let label = label.map(|label| format!(" ({label})")).unwrap_or_default();
    format!("{number}{ext}{label}")
}

/// What is called before a lead's number.
fn clir(digits: Option<&str>, out: Out) -> &'static str {
    match digits {
        Some("184") => out.text("184(通知しない)", "184 (withheld)"),
        Some("186") => out.text("186(通知する)", "186 (shown)"),
        _ => "",
    }
}

pub(crate) fn lead(row: &ViewRow, out: Out) -> Result<(), Closed> {
    // What `kakeru call --lead … --label` takes: the label, or the place where there is none.
    let further = row.further.iter().zip(2..).map(|(one, place)| {
        let label = one.label.clone().unwrap_or_else(|| place.to_string());
        number(&one.number, one.ext.as_deref(), Some(&label), out)
    });
    let further = further.collect::<Vec<_>>().join(", ");
    let columns =
        row.columns.iter().map(|(name, text)| (name.as_str(), text.as_str().unwrap_or_default().to_owned()));
    let known = [
        ("id", row.id.clone()),
        ("No", row.position.to_string()),
        (out.text("会社名", "company"), row.company.clone().unwrap_or_default()),
        (out.text("担当者名", "person"), row.person.clone().unwrap_or_default()),
        (out.text("電話番号", "number"), number(&row.number, row.ext.as_deref(), None, out)),
        (out.text("発信者番号", "caller id"), clir(row.clir.as_deref(), out).to_owned()),
        (out.text("追加の番号", "further numbers"), further),
        (out.text("カテゴリー", "categories"), row.categories.join("|")),
        (out.text("発信担当者", "owner"), person(&row.assigned, &row.assigned_login)),
        (out.text("回数", "calls"), row.attempts.to_string()),
        (out.text("最終通話", "last call"), kind(row.last_kind.as_deref(), out).to_owned()),
        (out.text("最終担当者", "by"), person(&row.last_user, &row.last_user_login)),
        (out.text("最終通話日時", "when"), row.last_at.map_or_else(String::new, time::full)),
        (out.text("結果", "result"), row.label.clone().unwrap_or_default()),
        (out.text("メモ", "memo"), row.memo.clone().unwrap_or_default()),
        (out.text("発信対象", "dialable"), dialable(row.dialable, row.blocked.as_deref(), out).to_owned()),
        (out.text("発信しない理由", "why not"), why_not(row, out)),
        (out.text("版", "version"), row.version.to_string()),
    ];
    for (label, value) in known.into_iter().chain(columns).filter(|(_, value)| !value.is_empty()) {
        out.line(&format!("{}: {}", clean(label), clean(&value)))?;
    }
    Ok(())
}

pub(crate) fn lead_saved(saved: &LeadSaved, out: Out) -> Result<(), Closed> {
    lead(&saved.lead, out)?;
    let further = saved.lead.further.iter().map(|one| one.number.as_str());
    doubts(&saved.warnings, std::iter::once(saved.lead.number.as_str()).chain(further), out);
    Ok(())
}

/// What is doubtful about something that was kept, which has these numbers, beside what it is.
pub(crate) fn doubts<'a>(codes: &[String], numbers: impl Iterator<Item = &'a str> + Clone, out: Out) {
    for code in codes {
        let Ok(known) = code.parse::<ErrorCode>() else { continue };
        let (text, hint) = (known.text().in_lang(out.lang), known.hint().in_lang(out.lang));
        // Of a number in a range of nobody: why it is in none, where that is known.
        let unassigned = |number: &&str| Phone::parse(number).is_ok_and(|parsed| !parsed.phone.is_assigned());
        let told = numbers.clone().filter(unassigned).find_map(|number| Special::told(code, number));
        let text = match &told {
            Some(told) if out.is_japanese() => &*told.ja,
            Some(told) => &*told.en,
            None => text,
        };
        out.note(&format!("{code} {text}{}{hint}", out.text("。", " ")));
    }
}

pub(crate) fn imports(imports: &Imports, out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        out.text("日時", "when"),
        out.text("リスト", "list"),
        out.text("ファイル", "file"),
        out.text("状態", "state"),
        out.text("新規", "inserted"),
        out.text("更新", "updated"),
        out.text("エラー", "refused"),
        out.text("登録者", "by"),
        "id",
    ])
    .right(&[4, 5, 6]);
    for row in &imports.rows {
        let state = match row.state.as_str() {
            "committed" => out.text("登録済み", "committed"),
            "undone" => out.text("取り消し済み", "undone"),
            "refused" => out.text("取り込めませんでした", "refused"),
            "half_undone" => out.text("一部取り消し", "half undone"),
            _ => out.text("取り込み中", "running"),
        };
        table.row([
            time::full(row.at),
            row.list.clone().unwrap_or_default(),
            words::file(&row.file, out).to_owned(),
            state.to_owned(),
            row.inserted.to_string(),
            row.updated.to_string(),
            row.refused.to_string(),
            somebody(&row.by_name, &row.by, row.by_uid),
            row.id.clone(),
        ]);
    }
    out.table(&table)?;
    more("--before", imports.next.as_deref(), out)
}

fn more(option: &str, next: Option<&str>, out: Out) -> Result<(), Closed> {
    match next {
        Some(next) => out.line(&format!("{}: {option} {next}", out.text("続き", "more"))),
        None => Ok(()),
    }
}

pub(crate) fn undone(undone: &ImportUndone, out: Out) -> Result<(), Closed> {
    for (label, count) in [
        (out.text("削除した行", "leads removed"), undone.removed),
        (
            out.text(
                "架電済みの行、リストにある連絡先(残しました)",
                "kept: leads called since, contacts on a list",
            ),
            undone.kept,
        ),
        (out.text("元に戻した行・連絡先", "leads and contacts restored"), undone.restored),
        (
            out.text("変更されたため残した行・連絡先", "leads and contacts kept, changed since"),
            undone.changed_since,
        ),
        (out.text("削除した連絡先", "contacts removed"), undone.contacts_removed),
    ] {
        out.line(&format!("{label}: {count}"))?;
    }
    Ok(())
}

pub(crate) fn tally(tally: &Tally, out: Out) -> Result<(), Closed> {
    let head = match tally.by.as_str() {
        "user" => out.text("担当", "user"),
        "list" => out.text("リスト", "list"),
        "project" => out.text("案件", "project"),
        "hour" => out.text("時", "hour"),
        _ => out.text("日", "day"),
    };
    let mut table = Table::new(&[
        head,
        out.text("作業数", "works"),
        out.text("コール数", "calls"),
        out.text("コネクト数", "connects"),
        out.text("コネクト率", "connect rate"),
        out.text("進捗", "progress"),
        out.text("未入力", "blank"),
        out.text("通話時間", "talk"),
    ])
    .right(&[1, 2, 3, 4, 5, 6, 7]);
    for row in &tally.rows {
        table.row([
            match &row.name {
                Some(_) => person(&row.user_name, &row.name),
                None => out.text("(なし)", "(none)").to_owned(),
            },
            row.works.to_string(),
            row.calls.to_string(),
            row.connects.to_string(),
            share(row.connect_rate),
            share(row.progress),
            row.blank.to_string(),
            time::length(row.talk_ms),
        ]);
    }
    out.table(&table)
}

pub(crate) fn recordings(page: &Recordings, out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        out.text("日時", "when"),
        out.text("電話番号", "number"),
        out.text("会社名", "company"),
        out.text("担当", "operator"),
        out.text("結果", "result"),
        out.text("長さ", "length"),
        out.text("保持", "hold"),
        "id",
    ])
    .right(&[5]);
    for row in &page.rows {
        let hold = match (row.hold, &row.hold_reason) {
            (false, _) => String::new(),
            (true, Some(reason)) => reason.clone(),
            (true, None) => out.text("保持", "yes").to_owned(),
        };
        table.row([
            time::full(row.at),
            row.number.clone().unwrap_or_default(),
            row.company.clone().unwrap_or_default(),
            person(&row.operator_name, &row.operator),
            row.label.clone().unwrap_or_default(),
            row.duration_ms.map_or_else(String::new, time::length),
            hold,
            row.attempt.clone(),
        ]);
    }
    out.table(&table)?;
    more("--after", page.next.as_deref(), out)
}

/// How much talk still fits.
pub(super) fn hours_left(hours: Option<u64>, out: Out) -> String {
    hours.map_or_else(|| "—".to_owned(), |hours| format!("{hours}{}", out.text(" 時間", "")))
}

/// What the last days foretell; a box that is hardly used foretells nothing for centuries.
fn days_left(days: Option<u64>, out: Out) -> String {
    match days {
        None => "—".to_owned(),
        Some(days) if days > FAR_DAYS => out.text("10年以上", "more than ten years").to_owned(),
        Some(days) => format!("{days}{}", out.text(" 日", "")),
    }
}

const FAR_DAYS: u64 = 3_650;

pub(crate) fn quota(quota: &QuotaResult, out: Out) -> Result<(), Closed> {
    let most = quota.quota.map_or_else(|| out.text("上限なし", "no limit").to_owned(), size);
    let kept = format!("{} ({} / {most})", quota.count, size(quota.bytes));
    for (label, value) in [
        (out.text("録音", "recordings"), kept),
        (out.text("長さ", "length"), time::length(quota.duration_ms)),
        (out.text("保持中", "on hold"), size(quota.held_bytes)),
        (out.text("未送信", "not sent yet"), size(quota.unsynced_bytes)),
        (out.text("残り時間(通話)", "hours of talk left"), hours_left(quota.hours_left, out)),
        (out.text("残り日数", "days left"), days_left(quota.days_left, out)),
    ] {
        out.line(&format!("{label}: {value}"))?;
    }
    if let Some(days) = quota.max_age_days {
        out.line(&format!("{}: {days}", out.text("保存日数", "days kept")))?;
    }
    if let Some(free) = quota.disk_free {
        out.line(&format!("{}: {}", out.text("ディスクの空き", "room on the disk"), size(free)))?;
    }
    if quota.over_quota {
        out.line(&full(quota, out))?;
    }
    Ok(())
}

/// Why more is kept than the quota allows, and what to do where nothing more may go.
pub(crate) fn full(quota: &QuotaResult, out: Out) -> String {
    let over = out.text("録音が上限を超えています", "More recordings are kept than the quota allows");
    if quota.removable_bytes > 0 {
        return format!(
            "{over}{}",
            out.text("。古いものから1分以内に削除します", "; the oldest go within a minute.")
        );
    }
    let kept: Vec<_> = [
        (out.text("保持中", "on hold"), quota.held_bytes, out.text("保持を解除する", "release holds")),
        (
            out.text("未送信", "not sent yet"),
            quota.unsynced_bytes,
            out.text("結果を送信する", "have the results sent"),
        ),
        (
            out.text("未保存の通話", "of calls not saved yet"),
            quota.unsealed_bytes,
            out.text("通話を保存する", "save the calls"),
        ),
    ]
    .into_iter()
    .filter(|(_, bytes, _)| *bytes > 0)
    .collect();
    let comma = out.text("、", ", ");
    let why = kept.iter().map(|(what, bytes, _)| format!("{what} {}", size(*bytes))).collect::<Vec<_>>();
    let todo = kept.iter().map(|(_, _, todo)| *todo).collect::<Vec<_>>().join(comma);
    match out.lang {
        Lang::Ja => format!(
            "{over}。残りは削除できません({})。{todo}か、quota_gb を増やしてください",
            why.join(comma)
        ),
        Lang::En => {
            format!("{over}, and none of them may go ({}): {todo} or raise quota_gb.", why.join(comma))
        }
    }
}

/// `1.2 GB`, in powers of ten, as room is sold.
pub(crate) fn size(bytes: u64) -> String {
    let units = [("TB", 1_000_000_000_000_u64), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match units.into_iter().find(|(_, one)| bytes >= *one) {
        // Tenths in whole numbers.
        Some((unit, one)) => format!("{}.{} {unit}", bytes / one, bytes % one * 10 / one),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests;
