//! What a look at the whole database and at the files of recordings found.

use protocol::Lang;
use protocol::result::{CheckResult, StrayRecordings, WrongRecording};

use super::{size, verified};
use crate::cli::output::{Closed, Out};
use crate::cli::table::{Table, clean};

pub(crate) fn check(check: &CheckResult, out: Out) -> Result<(), Closed> {
    out.line(&format!("{}: {}", out.text("データベース", "database"), verdict(check, out)))?;
    for (label, value) in [
        (out.text("大きさ", "size"), format!("{} (+{})", size(check.bytes), size(check.log_bytes))),
        (out.text("リスト", "lists"), check.lists.to_string()),
        (out.text("発信先", "leads"), check.leads.to_string()),
        (out.text("連絡先", "contacts"), check.contacts.to_string()),
        (out.text("通話", "attempts"), check.attempts.to_string()),
    ] {
        out.line(&format!("  {label}: {value}"))?;
    }
    for line in &check.damage {
        out.line(&format!("  {}", clean(line)))?;
    }
    if check.broken_references > 0 {
        let text = out.text("参照先のない行", "broken references");
        out.line(&format!("  {text}: {}", check.broken_references))?;
    }
    for copy in &check.upgrade_copies {
        let text = out.text(
            "更新前の控え(30日後の起動で削除)",
            "copy from before an upgrade (goes at a start after 30 days)",
        );
        out.line(&format!("  {text}: {}", clean(copy)))?;
    }
    if let Some(summed) = check.summed_recordings {
        out.line(&format!(
            "  {}: {summed}",
            out.text("中身を照合した録音", "recordings whose content was compared")
        ))?;
    }
    if check.missing_recordings > 0 {
        let text = out.text(
            "ファイルのない録音(録音フォルダーに戻してください)",
            "recordings whose file is missing (bring the files back into the folder of recordings)",
        );
        out.line(&format!("  {text}: {}", check.missing_recordings))?;
    }
    if check.altered_recordings > 0 {
        let text = out.text(
            "ファイルが壊れている録音(大きさか中身が録音時と違います)",
            "recordings whose file is damaged (it has not the size or the content of what was recorded)",
        );
        out.line(&format!("  {text}: {}", check.altered_recordings))?;
    }
    if !check.wrong_recordings.is_empty() {
        wrong_recordings(check, out)?;
    }
    strays(&check.stray_recordings, out)?;
    if check.mismatches.is_empty() { Ok(()) } else { verified(&check.mismatches, out) }
}

/// A backup is for pages and rows that are damaged. It does nothing for a figure, which is written anew from the rows, or handed over.
fn verdict(check: &CheckResult, out: Out) -> &'static str {
    let whole = check.damage.is_empty() && check.broken_references == 0;
    match (check.sound, whole) {
        (true, _) => out.text("異常なし", "sound"),
        (false, true) => out.text(
            "破損はありませんが、下の集計が記録と一致しません",
            "not damaged, but figures differ from the rows, see below",
        ),
        (false, false) => out.text(
            "異常があります。デーモンを止め、ファイルを残したままバックアップから復元してください",
            "damaged: stop the daemon, keep the file, restore a backup",
        ),
    }
}

/// The first of the recordings whose file is missing or damaged, and how many more there are.
fn wrong_recordings(check: &CheckResult, out: Out) -> Result<(), Closed> {
    let head = [out.text("通話", "attempt"), out.text("異常", "what is wrong"), out.text("ファイル", "file")];
    let mut table = Table::new(&head).whole();
    for recording in check.wrong_recordings.iter().take(SHOWN) {
        table.row([recording.attempt.clone(), wrong(recording, out), recording.path.clone()]);
    }
    out.table(&table)?;
    let (listed, all) =
        (check.wrong_recordings.len(), check.missing_recordings.saturating_add(check.altered_recordings));
    match more(listed as u64, all, out) {
        Some(line) => out.line(&line),
        None => Ok(()),
    }
}

fn wrong(recording: &WrongRecording, out: Out) -> String {
    match (recording.found, recording.bytes) {
        _ if recording.sha256.as_ref().is_some_and(String::is_empty) => {
            out.text("読めません", "cannot be read").to_owned()
        }
        _ if recording.sha256.is_some() => out.text("中身が録音時と違います", "another content").to_owned(),
        (None, _) => out.text("ファイルなし", "missing").to_owned(),
        (Some(found), recorded) => {
            let recorded = recorded.map_or_else(|| "?".to_owned(), |bytes| bytes.to_string());
            match out.lang {
                Lang::Ja => format!("{found} B(録音時 {recorded} B)"),
                Lang::En => format!("{found} B of {recorded} B"),
            }
        }
    }
}

/// Files that nothing else finds.
fn strays(strays: &StrayRecordings, out: Out) -> Result<(), Closed> {
    if strays.count == 0 {
        return Ok(());
    }
    let text = out.text(
        "データベースにない通話の録音ファイル(録音の容量・書き出し・削除の対象外です)",
        "files of recordings of calls that the database does not have (in no quota, export or deletion)",
    );
    out.line(&format!("  {text}: {} ({})", strays.count, size(strays.bytes)))?;
    for file in &strays.first {
        out.line(&format!("    {}", clean(file)))?;
    }
    if strays.count > strays.first.len() as u64 {
        out.line("    …")?;
    }
    out.line(out.text(
        "    通話は復元の前のファイル(kakeru.db.before-…)にあります。残すなら別の場所へ移し、要らなければ消してください",
        "    their calls are in the file from before the restore (kakeru.db.before-…): move them elsewhere to keep them, or remove them",
    ))
}

/// How many are not shown, and where they are: `listed` of `all` are in the result.
fn more(listed: u64, all: u64, out: Out) -> Option<String> {
    let left = all.checked_sub(SHOWN as u64).filter(|left| *left > 0)?;
    Some(match (out.lang, listed < all) {
        (Lang::Ja, false) => format!("  … ほか{left}件(--json で全件)"),
        (Lang::Ja, true) => format!("  … ほか{left}件(--json で{listed}件まで)"),
        (Lang::En, false) => format!("  … {left} more (--json has them all)"),
        (Lang::En, true) => format!("  … {left} more (--json has the first {listed})"),
    })
}

/// Recordings that are shown.
const SHOWN: usize = 10;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_shown_is_counted() {
        let told = |listed, all, lang| more(listed, all, Out { json: false, lang });
        assert_eq!(told(10, 10, Lang::Ja), None);
        assert_eq!(told(12, 12, Lang::Ja).unwrap(), "  … ほか2件(--json で全件)");
        assert_eq!(told(200, 5_000, Lang::En).unwrap(), "  … 4990 more (--json has the first 200)");
    }

    /// D17, E40: nobody puts back a backup, and loses calls, for a figure.
    #[test]
    fn a_figure_that_differs_is_no_damage() {
        let found = |damage: &[&str], broken: u64, figures: u64| -> CheckResult {
            let wrong = json!({ "what": "registered", "key": "x", "shown": 9, "counted": figures });
            let mismatches = if figures == 9 { vec![] } else { vec![wrong] };
            let sound = damage.is_empty() && broken == 0 && mismatches.is_empty();
            let check = json!({
                "sound": sound, "schema": 13, "bytes": 1, "log_bytes": 1, "free_bytes": 0, "lists": 1, "leads": 4, "contacts": 0,
                "attempts": 0, "damage": damage, "broken_references": broken, "mismatches": mismatches
            });
            serde_json::from_value(check).expect("a result")
        };
        let ja = Out { json: false, lang: Lang::Ja };
        let restores = |check| verdict(&check, ja).contains("復元");
        assert_eq!(verdict(&found(&[], 0, 9), ja), "異常なし");
        assert!(!restores(found(&[], 0, 4)) && verdict(&found(&[], 0, 4), ja).contains("集計"));
        assert!(restores(found(&["page 3"], 0, 4)) && restores(found(&[], 1, 9)));
    }
}
