//! Lists, past calls, counters.

use protocol::result::{HistoryPage, HistoryRow, ListInfo, ListPage, StatsResult};
use protocol::{ErrorCode, Lang};

use super::manage::dialable;
use crate::cli::namesakes::person;
use crate::cli::output::{Closed, Out};
use crate::cli::table::{Table, clean};
use crate::cli::time;

pub(crate) fn list(list: &ListInfo, out: Out) -> Result<(), Closed> {
    lists(std::slice::from_ref(list), out)
}

/// In which order it is dialed and how often it was begun again, where that is not from the top and for the first time.
fn unusual(list: &ListInfo, out: Out) -> String {
    let order = match list.order.as_str() {
        "position" => None,
        "newest" => Some(out.text("新しい順", "newest first")),
        "category" => Some(out.text("カテゴリー順", "by category")),
        "random" => Some(out.text("順不同", "in random order")),
        other => Some(other),
    };
    let round = (list.round > 1).then(|| format!("{} {}", out.text("周回", "round"), list.round));
    let said: Vec<String> = order.map(str::to_owned).into_iter().chain(round).collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}

pub(crate) fn lists(lists: &[ListInfo], out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        out.text("リスト", "list"),
        out.text("案件", "project"),
        out.text("件数", "rows"),
        out.text("発信対象", "dialable"),
        out.text("架電禁止", "blocked"),
        out.text("作業済", "worked"),
        out.text("進捗", "progress"),
        "id",
    ])
    .right(&[2, 3, 4, 5, 6]);
    for list in lists {
        let enabled = if list.enabled { "" } else { out.text(" (無効)", " (disabled)") };
        table.row([
            format!("{}{enabled}{}", list.name, unusual(list, out)),
            list.project.clone(),
            list.total.to_string(),
            list.dialable.to_string(),
            list.blocked.to_string(),
            list.worked.to_string(),
            percent_of(list.worked, list.total),
            list.id.clone(),
        ]);
    }
    out.table(&table)?;
    let code = ErrorCode::WarnOwnerGrant;
    let (text, hint) = (code.text().in_lang(out.lang), code.hint().in_lang(out.lang));
    for list in lists.iter().filter(|list| list.shut_out > 0) {
        let (name, count) = (clean(&list.name), list.shut_out);
        let leads = out.text("件", if count == 1 { " lead" } else { " leads" });
        out.note(&format!("{code} {name} ({count}{leads}): {text}{}{hint}", out.text("。", " ")));
    }
    for list in lists.iter().filter(|list| list.unassigned > 0) {
        let (name, project, count) = (clean(&list.name), clean(&list.project), list.unassigned);
        out.note(&match out.lang {
            Lang::Ja => format!(
                "{name} ({count}件): 発信担当者がなく、案件 {project} は担当なしを共有しないため、誰も発信できません。kakeru lead assign で割り当てるか、kakeru project change --pooled true で共有してください"
            ),
            Lang::En => format!(
                "{name} ({count} lead{}): nobody's, and the project {project} does not share those, so nobody can call them. Give them to somebody (kakeru lead assign), or share them (kakeru project change --pooled true).",
                if count == 1 { "" } else { "s" }
            ),
        });
    }
    Ok(())
}

pub(crate) fn leads(page: &ListPage, out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        "No",
        out.text("会社名", "company"),
        out.text("担当者名", "person"),
        out.text("電話番号", "number"),
        out.text("カテゴリー", "categories"),
        out.text("回数", "calls"),
        out.text("結果", "result"),
        out.text("最終通話", "last call"),
        out.text("発信対象", "dialable"),
    ])
    .right(&[0, 5]);
    for row in &page.rows {
        table.row([
            row.position.to_string(),
            row.company.clone().unwrap_or_default(),
            row.person.clone().unwrap_or_default(),
            row.number.clone(),
            row.categories.join("|"),
            row.attempts.to_string(),
            row.label.clone().or_else(|| row.status.clone()).unwrap_or_default(),
            row.last_at.map_or_else(String::new, time::full),
            dialable(row.dialable, row.blocked.as_deref(), out).to_owned(),
        ]);
    }
    out.table(&table)?;
    match page.next {
        Some(next) => out.line(&format!("{}: --after {next}", out.text("続き", "more"))),
        None => Ok(()),
    }
}

pub(crate) fn history(page: &HistoryPage, out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        out.text("日時", "when"),
        out.text("席", "seat"),
        out.text("担当", "operator"),
        out.text("方向", "way"),
        out.text("電話番号", "number"),
        out.text("会社名", "company"),
        out.text("担当者名", "person"),
        out.text("通話", "talk"),
        "MOS",
        "SIP",
        out.text("結果", "result"),
        out.text("メモ", "memo"),
        "id",
    ])
    .right(&[7, 8, 9]);
    for row in &page.rows {
        table.row([
            row.started_at.map_or_else(String::new, time::full),
            row.seat.clone().unwrap_or_default(),
            person(&row.operator_name, &row.operator),
            way(&row.origin, out).to_owned(),
            super::live::withheld(Some(&row.number), out).map_or_else(|| row.number.clone(), str::to_owned),
            // The contact's names now; a call's own where nobody is registered (S0.1, S0.26).
            row.contact_company
                .clone()
                .or_else(|| row.company.clone().filter(|_| row.contact.is_none()))
                .unwrap_or_else(|| super::office::no_company(out)),
            row.contact_person
                .clone()
                .or_else(|| row.person.clone().filter(|_| row.contact.is_none()))
                .unwrap_or_else(|| super::office::no_person(out)),
            talk(row),
            row.quality.and_then(|quality| quality.mos).map_or_else(String::new, |mos| format!("{mos:.1}")),
            row.sip_code.map_or_else(String::new, |code| code.to_string()),
            result(row, out),
            row.memo.clone().unwrap_or_default(),
            row.attempt.clone(),
        ]);
    }
    out.table(&table)?;
    let codes: std::collections::BTreeSet<&str> =
        page.rows.iter().filter_map(|row| row.trouble.as_deref()).collect();
    for code in codes {
        out.line(&super::live::told(code, out))?;
    }
    match &page.next {
        Some(next) => out.line(&format!("{}: --before {next}", out.text("続き", "more"))),
        None => Ok(()),
    }
}

pub(crate) fn stats(stats: &StatsResult, out: Out) -> Result<(), Closed> {
    for (label, value) in [
        (out.text("作業数", "works"), stats.works.to_string()),
        (out.text("コール数", "calls"), stats.calls.to_string()),
        (out.text("コネクト数", "connects"), stats.connects.to_string()),
        (out.text("コネクト率", "connect rate"), share(stats.connect_rate)),
        (
            out.text("進捗", "progress"),
            format!("{} ({} / {})", share(stats.progress), stats.worked, stats.total),
        ),
        (out.text("通話時間", "talk time"), time::length(stats.talk_ms)),
        (out.text("無効", "void"), stats.void.to_string()),
    ] {
        out.line(&format!("{label}: {value}"))?;
    }
    let mut table = Table::new(&[out.text("結果", "result"), out.text("件数", "count")]).right(&[1]);
    for status in &stats.by_status {
        let apart = if status.counts_call {
            ""
        } else {
            out.text(" (コール数に入らない)", " (not in calls)")
        };
        table.row([format!("{}{apart}", status.label), status.count.to_string()]);
    }
    if stats.blank > 0 {
        table.row([out.text("未入力", "blank").to_owned(), stats.blank.to_string()]);
    }
    if table.is_empty() { Ok(()) } else { out.table(&table) }
}

/// How a call began.
fn way(origin: &str, out: Out) -> &str {
    match origin {
        "list" => out.text("リスト", "list"),
        "manual" => out.text("手動", "manual"),
        "direct" => out.text("直接", "direct"),
        "incoming" => out.text("着信", "incoming"),
        other => other,
    }
}

fn talk(row: &HistoryRow) -> String {
    let Some((answered, ended)) = row.answered_at.zip(row.ended_at) else { return String::new() };
    time::length(u64::try_from(ended - answered).unwrap_or(0))
}

fn result(row: &HistoryRow, out: Out) -> String {
    let label = row.label.as_ref().or(row.status.as_ref());
    let note = match (row.void, row.interrupted, row.sealed_at, label) {
        (true, _, _, _) => out.text(" (無効)", " (void)"),
        (false, true, _, _) => out.text(" (中断)", " (interrupted)"),
        (false, false, None, None) => out.text("(未入力)", "(open)"),
        (false, false, _, _) => "",
    };
    let handed = row.transfer.as_ref().map_or_else(String::new, |transfer| {
        format!(" ({} {})", out.text("転送", "transferred to"), transfer.number)
    });
    let lost = row.recording.as_ref().is_some_and(|recording| recording.state == "failed");
    let lost = if lost { out.text(" (録音なし)", " (not recorded)") } else { "" };
    let trouble = row.trouble.as_ref().map_or_else(String::new, |code| format!(" {code}"));
    let amended = if row.amended { out.text(" (訂正)", " (amended)") } else { "" };
    format!("{}{note}{amended}{handed}{lost}{trouble}", label.map_or("", String::as_str))
}

/// A share of nothing is none (S4.16).
pub(super) fn share(share: Option<f64>) -> String {
    share.map_or_else(|| "—".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn percent_of(part: u64, whole: u64) -> String {
    share((whole > 0).then(|| part as f64 / whole as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_printed_with_one_decimal() {
        assert_eq!((share(Some(0.4)), share(None)), ("40.0 %".to_owned(), "—".to_owned()));
        assert_eq!(percent_of(12, 2000), "0.6 %");
        // As `stats` rounds it.
        assert_eq!(percent_of(2, 3), share(Some(2.0 / 3.0)));
        assert_eq!(percent_of(0, 0), "—");
    }
}
