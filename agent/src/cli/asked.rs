//! What people are asked on a terminal: whether it is to be done, and passwords.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use protocol::params::{CategoryLs, DncImports, ListImports, Secret};
use protocol::{Detail, ErrorCode, Lang, RpcError};

use super::args::Global;
use super::output::{Out, REFUSED};
use super::table::clean;
use super::{Failure, socket};
use crate::control::client::Client;

/// Says how much loses the category, and asks (S0.9).
pub(super) fn confirm_category(global: &Global, name: &str, out: Out) -> Result<(), Failure> {
    let found = Client::connect(&socket(global))?.call(CategoryLs {})?;
    // Ａｂｃ and ABC are one category; the one that goes is named as it is written.
    let wanted = store::category_key(name);
    let Some(row) = found.categories.iter().find(|row| store::category_key(&row.name) == wanted) else {
        return Err(RpcError::with_detail(ErrorCode::NotFound, Detail::name(name)).into());
    };
    let (name, contacts, leads) = (&row.name, row.contacts, row.leads);
    let question = match out.lang {
        Lang::Ja => {
            format!(
                "{name}: 連絡先{contacts}件と発信先{leads}件からこのカテゴリーを外します(連絡先と発信先は残ります)"
            )
        }
        Lang::En => {
            format!("{name}: {contacts} contacts and {leads} leads lose it; they stay themselves")
        }
    };
    confirm(false, &question, out)
}

/// Says what an import brought, and asks. One that is not in the journal, or was undone before, is not asked about: the daemon says so.
pub(super) fn confirm_undo(global: &Global, import: &str, yes: bool, out: Out) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let verb = ListImports { list: None, before: None, limit: Some(1_000) };
    let found = Client::connect(&socket(global))?.call(verb)?;
    let row = match beginning(&found.rows, |row| &row.id, import) {
        (Some(row), None) if matches!(row.state.as_str(), "undone" | "refused") => return Ok(()),
        (Some(row), None) => row,
        _ if found.next.is_none() => return Ok(()),
        // An older one, whose counts nobody needs to see.
        _ => return confirm(false, out.text("取り込みを取り消します", "the import is taken back"), out),
    };
    let (file, inserted, updated) = (clean(&row.file), row.inserted, row.updated);
    let question = match out.lang {
        Lang::Ja => format!(
            "{file} の取り込み(新規{inserted}件、更新{updated}件)を取り消します(架電済みの発信先と、その後の変更は残ります)"
        ),
        Lang::En => format!(
            "the import of {file} ({inserted} new, {updated} updated) is taken back; what was called or changed since stays"
        ),
    };
    confirm(false, &question, out)
}

/// Likewise of do-not-call numbers: whoever they are may be called again.
pub(super) fn confirm_dnc_undo(global: &Global, import: &str, yes: bool, out: Out) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let verb = DncImports { before: None, limit: Some(1_000) };
    let found = Client::connect(&socket(global))?.call(verb)?;
    // Any other the daemon refuses, and says why.
    let (Some(row), None) = beginning(&found.rows, |row| &row.id, import) else { return Ok(()) };
    if row.state != "interrupted" {
        return Ok(());
    }
    let (file, changed) = (clean(&row.file), row.changed);
    let question = match out.lang {
        Lang::Ja => format!(
            "{file} の取り込み(架電禁止 {changed}件)を取り消します。その番号にまた発信できるようになります"
        ),
        Lang::En => format!(
            "the import of {file} ({changed} do-not-call entries) is taken back; these numbers may be called again"
        ),
    };
    confirm(false, &question, out)
}

/// The first two rows whose ids begin with what was typed.
fn beginning<'a, T>(rows: &'a [T], id: fn(&T) -> &str, typed: &str) -> (Option<&'a T>, Option<&'a T>) {
    let typed = typed.trim().to_ascii_uppercase();
    let mut rows = rows.iter().filter(|row| !typed.is_empty() && id(row).starts_with(&typed));
    (rows.next(), rows.next())
}

/// A change that cannot be typed by accident: asked on a terminal, `--yes` elsewhere.
pub(super) fn confirm(yes: bool, question: &str, out: Out) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        // The question is in one language; in the other it is said that there was one.
        let (ja, en) = match out.lang {
            Lang::Ja => (question, "this has to be confirmed"),
            Lang::En => ("確認が必要です", question),
        };
        let what = (&*format!("{ja}。--yes を付けてください"), &*format!("{en}; add --yes"));
        return Err(Failure::Exit(out.usage(what, "")));
    }
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "はい") {
        return Ok(());
    }
    Err(Failure::Exit(REFUSED))
}

/// A password: typed twice and not shown on a terminal, the next line of standard input elsewhere.
pub(super) fn new_password(out: Out) -> Result<Secret, Failure> {
    let first = ask(out, out.text("新しいパスワード: ", "new password: "))?;
    if std::io::stdin().is_terminal() {
        let again = ask(out, out.text("もう一度: ", "again: "))?;
        if again != first {
            out.note(out.text("一致しません", "they differ"));
            return Err(Failure::Exit(REFUSED));
        }
    }
    Ok(first)
}

pub(super) fn ask(out: Out, prompt: &str) -> Result<Secret, Failure> {
    let typed = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(prompt)
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    };
    match typed {
        Ok(text) => Ok(Secret::new(text.trim_end_matches(['\r', '\n']))),
        Err(error) => {
            out.note(&format!("{prompt}{error}"));
            Err(Failure::Exit(REFUSED))
        }
    }
}
