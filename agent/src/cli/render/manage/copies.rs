//! Copies of the database, and what one that is put in its place has of the one that was there, for people.

use std::path::Path;

use protocol::result::BackupResult;

use super::size;
use crate::cli::output::{Closed, Out};

pub(crate) fn backup(backup: &BackupResult, out: Out) -> Result<(), Closed> {
    let path = backup.path.as_deref().unwrap_or("-");
    out.line(&format!("{path}: {}", size(backup.bytes)))
}

pub(crate) fn restored(database: &Path, restored: &store::Restored, out: Out) -> Result<(), Closed> {
    if out.json {
        let kept = restored.kept.as_deref();
        let carried = restored.carried.as_ref().map(store::Carried::json);
        let result = serde_json::json!({
            "database": database, "kept": kept, "schema": restored.schema, "carried": carried,
        });
        return out.object(&result);
    }
    out.line(&format!("{}: {}", out.text("復元しました", "restored"), database.display()))?;
    let Some(kept) = &restored.kept else { return Ok(()) };
    out.line(&format!("{}: {}", out.text("以前のファイル", "what was there"), kept.display()))?;
    let Some(carried) = &restored.carried else {
        return out.line(out.text(
            "以前のファイルは読めませんでした。コピーの後に登録した架電禁止番号は入っていません。登録し直してください。コピーの後に発信した発信先と発信対象外にした発信先も、また発信対象です",
            "nothing of it could be read: numbers put on the do-not-call list since the copy are not on it; enter them again. Leads that were called or excluded since are due again, too",
        ));
    };
    for (label, count) in [
        (out.text("引き継いだ架電禁止番号", "do-not-call numbers taken over from it"), carried.do_not_call),
        (
            out.text("うち理由などを読めなかったもの", "of these without what was known beside the number"),
            carried.number_only,
        ),
        (out.text("引き継いだ発信対象外", "exclusions of leads taken over from it"), carried.excluded),
        (out.text("コピーにない通話", "calls that are in it only"), carried.calls_left_behind),
        (
            out.text(
                "コピーの後に発信したので発信対象外にした発信先",
                "leads called since the copy, excluded for that now",
            ),
            carried.called_since,
        ),
    ] {
        if count > 0 {
            out.line(&format!("  {label}: {count}"))?;
        }
    }
    if carried.called_since > 0 {
        out.line(out.text(
            "    もう一度発信してよいものは、監督者が kakeru list view リスト --dialable false で確かめ、kakeru lead include で戻してください",
            "    a supervisor takes in again what may be called: `kakeru list view LIST --dialable false`, `kakeru lead include`",
        ))?;
    }
    for part in &carried.unread {
        out.line(unread(*part, out))?;
    }
    Ok(())
}

/// What is to be done about what could not be read.
fn unread(part: store::CarriedPart, out: Out) -> &'static str {
    match part {
        store::CarriedPart::DoNotCall => out.text(
            "以前のファイルは読めませんでした(架電禁止リストの一部)。コピーの後に登録した架電禁止番号が入っていないことがあります。確かめて、登録し直してください",
            "part of its do-not-call list could not be read: numbers put on it since the copy may not be on it; look, and enter them again",
        ),
        store::CarriedPart::Calls => out.text(
            "以前のファイルは読めませんでした(通話の一部)。コピーの後に発信した発信先が、また発信対象になっていることがあります",
            "part of its calls could not be read: leads that were called since the copy may be due again",
        ),
        store::CarriedPart::Leads => out.text(
            "以前のファイルは読めませんでした(発信先の一部)。コピーの後に発信対象外にした発信先が、また発信対象になっていることがあります",
            "part of its leads could not be read: leads that were excluded since the copy may be due again",
        ),
        store::CarriedPart::Numbering => out.text(
            "以前のファイルは読めませんでした(結果ファイルとイベントの番号)。コピーの後と同じ番号がもう一度使われます",
            "the numbers of its result files and events could not be read: those given since the copy are given again",
        ),
    }
}
