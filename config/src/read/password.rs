//! `password = …`: a systemd credential, a file, an environment variable, or the text itself.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::Context;
use crate::error::{ErrorKind, reason_ja};
use crate::reader::{Found, Place, Report, Table, wrong_type};
use crate::secret::{PasswordSource, Secret};

/// A password as far as it could be read.
#[derive(Default)]
pub(super) struct Password {
    /// The key is there, readable or not.
    pub(super) mentioned: bool,
    pub(super) value: Option<Secret>,
    pub(super) source: Option<PasswordSource>,
}

/// Passwords are short; a larger file is the wrong file.
const MAX_BYTES: u64 = 4096;
/// Bits that let anybody but the owner read.
const OTHERS_READ: u32 = 0o044;

pub(super) fn password(table: &mut Table<'_, '_>, context: &Context<'_>, report: &mut Report) -> Password {
    let Some(found) = table.any("password", report) else { return Password::default() };
    let mut password = Password { mentioned: true, ..Password::default() };
    if let Some(text) = found.value.as_str() {
        inline(text, &found.at, context, &mut password, report);
        return password;
    }
    let Some(inner) = found.value.as_table() else {
        wrong_type(
            report,
            &found.at,
            found.value,
            (
                "{ file = \"…\" }、{ credential = \"…\" }、{ env = \"…\" } のいずれか",
                "{ file = \"…\" }, { credential = \"…\" } or { env = \"…\" }",
            ),
        );
        return password;
    };
    let mut inner = Table::new(inner, found.at.clone());
    let before = report.errors.len();
    let file = inner.string("file", report);
    let credential = inner.string("credential", report);
    let env = inner.string("env", report);
    let wrongly_typed = report.errors.len() > before;
    inner.finish(report);
    match (file, credential, env) {
        (Some(file), None, None) => from_file(&file, context, &mut password, report),
        (None, Some(name), None) => from_credential(&name, context, &mut password, report),
        (None, None, Some(name)) => from_env(&name, context, &mut password, report),
        (None, None, None) if wrongly_typed => {}
        (None, None, None) => report.error(
            ErrorKind::Missing,
            &found.at,
            (
                "file、credential、env のどれか1つを指定してください",
                "name one source: file, credential or env",
            ),
        ),
        _ => report.error(
            ErrorKind::Conflict,
            &found.at,
            (
                "指定が複数あります。file、credential、env のどれか1つだけにしてください",
                "several sources; keep one of file, credential and env",
            ),
        ),
    }
    password
}

fn inline(text: &str, at: &Place, context: &Context<'_>, password: &mut Password, report: &mut Report) {
    if let Some(mode) = context.file_mode.filter(|mode| mode & OTHERS_READ != 0) {
        let file = context.file.unwrap_or_else(|| Path::new("kakeru.toml")).display();
        let mode = mode & 0o777;
        report.warn(
            at,
            (
                format!(
                    "他のユーザーが読めるファイル(モード {mode:03o})にパスワードが書かれています。chmod 600 {file} を実行するか、\
                     password = {{ file = \"…\" }} にしてください"
                ),
                format!(
                    "the password stands in a file that others can read (mode {mode:03o}); chmod 600 {file}, or better \
                     password = {{ file = \"…\" }}"
                ),
            ),
        );
    }
    password.source = Some(PasswordSource::Inline);
    password.value = accept(text, at, report);
}

fn from_file(found: &Found<String>, context: &Context<'_>, password: &mut Password, report: &mut Report) {
    let path = context.absolute(&found.value);
    match std::fs::metadata(&path) {
        Ok(meta) if meta.mode() & OTHERS_READ != 0 => {
            let (mode, path) = (meta.mode() & 0o777, path.display());
            report.warn(
                &found.at,
                (
                    format!(
                        "このパスワードは他のユーザーも読めます(モード {mode:03o})。chmod 600 {path} を実行してください"
                    ),
                    format!("others can read this password (mode {mode:03o}); chmod 600 {path}"),
                ),
            );
        }
        _ => {}
    }
    password.value = read(&path, &found.at, report);
    password.source = Some(PasswordSource::File(path));
}

fn from_credential(
    found: &Found<String>,
    context: &Context<'_>,
    password: &mut Password,
    report: &mut Report,
) {
    let name = found.value.as_str();
    password.source = Some(PasswordSource::Credential(name.to_owned()));
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        report.invalid(
            &found.at,
            (
                format!("{name:?} はクレデンシャルの名前ではありません。LoadCredential=NAME:… の NAME を書いてください"),
                format!("{name:?} is not a credential's name; write the NAME of LoadCredential=NAME:…"),
            ),
        );
        return;
    }
    let Some(directory) = context.env.var("CREDENTIALS_DIRECTORY") else {
        let message = (
            format!(
                "クレデンシャル {name:?} を渡せるのは systemd だけです(ユニットの LoadCredential={name}:/path)。\
                 systemd を使わないなら password = {{ file = \"…\" }} と書いてください"
            ),
            format!(
                "only systemd can hand over the credential {name:?} (LoadCredential={name}:/path in the unit); \
                 without systemd write password = {{ file = \"…\" }}"
            ),
        );
        if context.check_only {
            report.warn(&found.at, message);
        } else {
            report.error(ErrorKind::Secret, &found.at, message);
        }
        return;
    };
    password.value = read(&Path::new(directory).join(name), &found.at, report);
}

fn from_env(found: &Found<String>, context: &Context<'_>, password: &mut Password, report: &mut Report) {
    password.source = Some(PasswordSource::Environment(found.value.clone()));
    match context.env.var(&found.value).map(|value| value.to_str()) {
        Some(Some(text)) => password.value = accept(text, &found.at, report),
        Some(None) => report.error(
            ErrorKind::Secret,
            &found.at,
            ("環境変数の値が UTF-8 ではありません", "the variable is not UTF-8"),
        ),
        None => {
            let name = &found.value;
            report.error(
                ErrorKind::Secret,
                &found.at,
                (
                    format!("環境変数 {name:?} がありません。起動する前に設定してください"),
                    format!("the environment variable {name:?} is not set; set it before the start"),
                ),
            );
        }
    }
}

fn read(path: &Path, at: &Place, report: &mut Report) -> Option<Secret> {
    let text = match std::fs::metadata(path) {
        Ok(meta) if meta.len() > MAX_BYTES => {
            let path = path.display();
            report.error(
                ErrorKind::Secret,
                at,
                (
                    format!("{path} はパスワードにしては大きすぎます。ファイルを確認してください"),
                    format!("{path} is too large for a password"),
                ),
            );
            return None;
        }
        Ok(_) => std::fs::read_to_string(path),
        Err(error) => Err(error),
    };
    match text {
        // Editors end the last line; a password never ends in a line break.
        Ok(text) => accept(text.trim_end_matches(['\r', '\n']), at, report),
        Err(error) => {
            let (path, reason) = (path.display(), reason_ja(&error));
            report.error(
                ErrorKind::Secret,
                at,
                (
                    format!("{path} を読めません({reason})。モード600で、パスワードだけを1行に書いて作ってください"),
                    format!("cannot read {path} ({error}); create it with mode 600, the password its only line"),
                ),
            );
            None
        }
    }
}

fn accept(text: &str, at: &Place, report: &mut Report) -> Option<Secret> {
    if text.is_empty() || text.contains(['\r', '\n', '\0']) {
        report.error(
            ErrorKind::Secret,
            at,
            ("パスワードが空か、複数行になっています", "the password is empty or has several lines"),
        );
        return None;
    }
    Some(Secret::new(text))
}
