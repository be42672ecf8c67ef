//! Why leads are or are not called.

use protocol::result::{WhyResult, WhyRow};
use protocol::{ErrorCode, Lang};
use store::WhyReason;
use store::phone::Special;

use crate::cli::output::{Closed, Out};
use crate::cli::table::Table;
use crate::cli::time;

pub(crate) fn why(why: &WhyResult, out: Out) -> Result<(), Closed> {
    let mut table = Table::new(&[
        "No",
        out.text("電話番号", "number"),
        out.text("会社名", "company"),
        out.text("リスト", "list"),
        out.text("発信", "call"),
        out.text("理由", "why"),
        out.text("いつから", "not before"),
    ])
    .right(&[0])
    .whole();
    for row in &why.rows {
        table.row([
            row.position.to_string(),
            row.number.clone(),
            row.company.clone().unwrap_or_default(),
            row.list.clone(),
            if row.eligible { out.text("する", "yes") } else { out.text("しない", "no") }.to_owned(),
            reasons(row, out.lang),
            row.due_at.map_or_else(String::new, time::full),
        ]);
    }
    out.table(&table)
}

/// Every reason: the one that counts now, and what would hold without it.
fn reasons(row: &WhyRow, lang: Lang) -> String {
    let mut text = reason(row, lang);
    for also in &row.also {
        let also = reason(&WhyRow { reason: also.clone(), ..row.clone() }, lang);
        text.push_str(match lang {
            Lang::Ja => "。また、",
            Lang::En => "; also: ",
        });
        text.push_str(&also);
    }
    text
}

/// The reason with all that is known of it, the same in either language.
fn reason(row: &WhyRow, lang: Lang) -> String {
    let Ok(reason) = row.reason.parse::<WhyReason>() else {
        let code = row.reason.parse::<ErrorCode>();
        return code
            .map_or_else(|_| row.reason.clone(), |code| format!("{code} {}", code.text().in_lang(lang)));
    };
    let in_lang = |japanese: &'static str, english: &'static str| match lang {
        Lang::Ja => japanese,
        Lang::En => english,
    };
    let status = row.status.as_deref().unwrap_or(in_lang("結果なし", "no result"));
    let unset = || in_lang("時刻なし", "a time that is not set").to_owned();
    let (round, due) = (row.round, row.due_at.map_or_else(unset, time::full));
    let (japanese, english) = match reason {
        WhyReason::Eligible => (
            format!("順番が来たら発信します({round}周目)"),
            format!("will be called in its turn (round {round})"),
        ),
        WhyReason::LaterRound => {
            let calls = row.attempts;
            let times = if calls == 1 { "once".to_owned() } else { format!("{calls} times") };
            (
                format!("今の周回では発信しません({calls}回発信済み、最後の結果は{status}、次は{round}周目)"),
                format!("not in this round (called {times}, last {status}; due in round {round})"),
            )
        }
        WhyReason::NotDue => (format!("{due} まで待ちます"), format!("waits until {due}")),
        WhyReason::Claimed if row.unjudged.is_some() => {
            let attempt = row.unjudged.as_deref().unwrap_or_default();
            (
                format!("通話は終わり、結果がまだありません(`kakeru save --attempt {attempt} --status …`)"),
                format!(
                    "its call has ended and has no result (`kakeru save --attempt {attempt} --status …`)"
                ),
            )
        }
        WhyReason::Claimed => {
            let seat = row.seat.as_deref().unwrap_or("?");
            (format!("席 {seat} に表示中、または通話中です"), format!("seat {seat} shows or calls it"))
        }
        WhyReason::Task => {
            let at = row.recall_at.map(time::full);
            let (ja, en) = at.map_or_else(Default::default, |at| {
                (format!("、{at} に再コール"), format!(", to be called back at {at}"))
            });
            (format!("担当者のタスクです({status}{ja})"), format!("an operator's task ({status}{en})"))
        }
        WhyReason::Done => (format!("完了しています({status})"), format!("done ({status})")),
        WhyReason::Interrupted => (
            "通話中にデーモンが停止しました(次の周回で発信できます)".to_owned(),
            "the daemon stopped during its call (the next round can call it)".to_owned(),
        ),
        WhyReason::DoNotCall => ("架電禁止リストにあります".to_owned(), "on the do-not-call list".to_owned()),
        WhyReason::Forbidden => match Special::of(&row.number).map(Special::said) {
            Some(said) => (
                format!("{}にはリストから発信しません", said.ja),
                format!("it is {}, never called from a list", said.en),
            ),
            None => (
                "この種類の番号にはリストから発信しません".to_owned(),
                "numbers of this kind are never called from a list".to_owned(),
            ),
        },
        WhyReason::TrunkRule => (
            "回線の発信規則、または先頭の184・186のため発信できません".to_owned(),
            "the account's dial rules refuse it, or 184 and 186 before it".to_owned(),
        ),
        WhyReason::Repeat => (
            format!("発信したばかり、または本日の上限に達しています({due} から発信できます)"),
            format!("called a short time ago, or often enough today (free at {due})"),
        ),
        WhyReason::Excluded => {
            let given =
                row.excluded_reason.as_deref().unwrap_or(in_lang("理由の記入なし", "no reason given"));
            (format!("発信対象外です({given})"), format!("excluded from dialing ({given})"))
        }
        WhyReason::OwnerGrant => {
            let owner = row.owner.as_deref().unwrap_or("?");
            (
                format!(
                    "誰も発信できません: 発信担当者 {owner} はこのリストを使えません(kakeru list grant か kakeru lead assign)"
                ),
                format!(
                    "nobody can call it: its owner {owner} may not use the list (kakeru list grant, or kakeru lead assign)"
                ),
            )
        }
        WhyReason::Unassigned => (
            "誰も発信できません: 発信担当者がなく、案件は担当なしを共有しません(kakeru lead assign か kakeru project change --pooled true)".to_owned(),
            "nobody can call it: it is nobody's, and the project does not share those (kakeru lead assign, or kakeru project change --pooled true)".to_owned(),
        ),
        WhyReason::ListDisabled => ("リストが無効です".to_owned(), "its list is disabled".to_owned()),
        WhyReason::Importing => ("取り込み中です".to_owned(), "its import is not committed yet".to_owned()),
    };
    match lang {
        Lang::Ja => japanese,
        Lang::En => english,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(reason: &str) -> WhyRow {
        WhyRow {
            lead: "01JD5XQ3V9J2C8M4Z6T1R7N0BK".to_owned(),
            list: "春".to_owned(),
            position: 1,
            number: "0312345678".to_owned(),
            company: None,
            eligible: false,
            reason: reason.to_owned(),
            also: Vec::new(),
            due_at: Some(DUE),
            round: 7,
            attempts: 5,
            status: Some("見込".to_owned()),
            seat: Some("席一".to_owned()),
            unjudged: None,
            recall_at: Some(RECALL),
            excluded_reason: Some("契約済".to_owned()),
            owner: Some("op2".to_owned()),
        }
    }

    /// Section E: what one language says of a lead the other says too.
    #[test]
    fn both_languages_say_the_same() {
        let facts: [(&str, &[&str]); 17] = [
            ("eligible", &["7"]),
            ("later-round", &["5", "見込", "7"]),
            ("not-due", &["2026-11-23 10:40:00"]),
            ("claimed", &["席一"]),
            ("task", &["見込", "2026-11-24 10:40:00"]),
            ("done", &["見込"]),
            ("interrupted", &[]),
            ("do-not-call", &[]),
            ("forbidden", &[]),
            ("trunk-rule", &["184", "186"]),
            ("repeat", &["2026-11-23 10:40:00"]),
            ("excluded", &["契約済"]),
            ("owner-grant", &["op2"]),
            ("unassigned", &["kakeru lead assign", "kakeru project change --pooled true"]),
            ("list-disabled", &[]),
            ("importing", &[]),
            ("E-HOURS", &["E-HOURS"]),
        ];
        for (word, facts) in facts {
            let [japanese, english] = [Lang::Ja, Lang::En].map(|lang| reason(&row(word), lang));
            for text in [&japanese, &english] {
                assert!(facts.iter().all(|fact| text.contains(fact)), "{word}: {text}");
            }
            let bare = facts.iter().fold(english.clone(), |text, fact| text.replace(fact, ""));
            assert!(bare.is_ascii(), "{english}");
            assert!(japanese.chars().any(|c| ('ぁ'..='ん').contains(&c)), "{japanese}");
        }
    }

    /// Where a crash came before the result, no seat shows the call any more.
    #[test]
    fn a_call_without_a_result_says_what_gives_it_one() {
        let row = WhyRow { unjudged: Some("01JD5XQ3V9J2C8M4Z6T1R7N0BM".to_owned()), ..row("claimed") };
        for lang in [Lang::Ja, Lang::En] {
            assert!(reason(&row, lang).contains("kakeru save --attempt 01JD5XQ3V9J2C8M4Z6T1R7N0BM --status"));
        }
    }

    #[test]
    fn what_is_not_known_of_a_lead_is_said_in_the_readers_language() {
        let bare = |word| WhyRow {
            due_at: None,
            status: None,
            recall_at: None,
            excluded_reason: None,
            attempts: 1,
            ..row(word)
        };
        assert_eq!(reason(&bare("task"), Lang::Ja), "担当者のタスクです(結果なし)");
        assert_eq!(reason(&bare("task"), Lang::En), "an operator's task (no result)");
        assert_eq!(reason(&bare("excluded"), Lang::Ja), "発信対象外です(理由の記入なし)");
        assert!(reason(&bare("later-round"), Lang::En).contains("called once, last no result"));
        assert_eq!(reason(&bare("of-tomorrow"), Lang::Ja), "of-tomorrow", "a word of a newer daemon");
    }

    /// F2: what is behind the first reason is told with it.
    #[test]
    fn further_reasons_are_told_too() {
        let row = WhyRow { also: vec!["do-not-call".to_owned()], ..row("task") };
        assert!(reasons(&row, Lang::Ja).ends_with(")。また、架電禁止リストにあります"));
        assert!(reasons(&row, Lang::En).ends_with("; also: on the do-not-call list"));
    }

    /// S0.6: a number that no list calls is told for what it is.
    #[test]
    fn a_number_that_no_list_calls_is_called_what_it_is() {
        let row = |number: &str| WhyRow { number: number.to_owned(), ..row("forbidden") };
        let free = row("0120123456");
        assert_eq!(
            reason(&free, Lang::Ja),
            "フリーダイヤルなど着信課金の番号(0120・0800)にはリストから発信しません"
        );
        assert!(reason(&row("0570123456"), Lang::En).starts_with("it is a Navi Dial number (0570)"));
    }

    const DUE: i64 = 1_795_398_000_000;
    const RECALL: i64 = DUE + 86_400_000;
}
