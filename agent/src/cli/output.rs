//! The one place the command line writes from.

use std::io::{self, IsTerminal as _, Write as _};

use protocol::{ErrorCode, Lang, RpcError};
use serde::Serialize;
use serde_json::{Value, json};

use super::table::{Table, clean};
use crate::control::client::ClientError;

/// Exit code of a refusal.
pub(super) const REFUSED: u8 = 1;
/// Exit code of wrong usage, as clap's.
pub(super) const USAGE: u8 = 2;
/// Exit code when nobody answers on the socket.
pub(super) const UNREACHABLE: u8 = 3;
/// Exit code of a wrong configuration, `EX_CONFIG` of sysexits.h.
pub(super) const BAD_CONFIG: u8 = 78;

/// Where results and refusals go, in which form and language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Out {
    pub(super) json: bool,
    pub(super) lang: Lang,
}

/// Standard output was closed, as by `| head`; nobody wants the rest.
#[derive(Debug)]
pub(super) struct Closed;

impl Out {
    /// The text in the chosen language.
    pub(super) fn text(self, ja: &'static str, en: &'static str) -> &'static str {
        match self.lang {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }

    /// A line of results.
    pub(super) fn line(self, line: &str) -> Result<(), Closed> {
        let mut out = io::stdout().lock();
        writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|_| Closed)
    }

    /// Bytes of a file.
    pub(super) fn bytes(self, bytes: &[u8]) -> Result<(), Closed> {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(|_| Closed)
    }

    /// One JSON object in one line.
    pub(super) fn object<T: Serialize>(self, value: &T) -> Result<(), Closed> {
        self.line(&serde_json::to_string(value).unwrap_or_default())
    }

    /// A table, or a word that there is nothing to show.
    pub(super) fn table(self, table: &Table) -> Result<(), Closed> {
        if table.is_empty() {
            return self.line(self.text("(なし)", "(none)"));
        }
        table.lines().iter().try_for_each(|line| self.line(line))
    }

    /// A line beside the results; lost when standard error is closed.
    pub(super) fn note(self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// A line that the next one overwrites, on a terminal only.
    pub(super) fn progress(self, line: &str) {
        let mut err = io::stderr().lock();
        if err.is_terminal() {
            let _ = write!(err, "\r{line}\u{1b}[K").and_then(|()| err.flush());
        }
    }

    /// Says why something failed. Returns the exit code.
    pub(super) fn failed(self, error: &ClientError) -> u8 {
        match error {
            ClientError::Refused(refusal) => self.refused(refusal),
            ClientError::Unreachable { path, source } => {
                let forbidden = source.kind() == io::ErrorKind::PermissionDenied;
                let text = match self.lang {
                    Lang::Ja => format!("デーモンに接続できません({}): {source}", path.display()),
                    Lang::En => chain(error),
                };
                self.problem(&text, if forbidden { self.not_yours() } else { self.not_running() });
                UNREACHABLE
            }
            ClientError::Broken(_) => {
                self.problem(&chain(error), self.not_running());
                UNREACHABLE
            }
            ClientError::Answer(_) => {
                self.problem(&chain(error), "");
                REFUSED
            }
        }
    }

    fn not_running(self) -> &'static str {
        self.text(
            "デーモンが動いていません。kakeru run か systemctl --user start kakeru で起動してください",
            "Is the daemon running? Start it with `kakeru run` or `systemctl --user start kakeru`.",
        )
    }

    fn not_yours(self) -> &'static str {
        self.text(
            "このユーザーはソケットを開けません。ソケットのグループに加えてもらってください(ls -l で確認)",
            "Your user may not open the socket: it is for its owner and group (see `ls -l`).",
        )
    }

    /// Says why the daemon refused. Returns the exit code.
    pub(super) fn refused(self, error: &RpcError) -> u8 {
        if self.json {
            let _ = self.object(&json!({ "error": error }));
            return REFUSED;
        }
        refusal(error, self.lang).iter().for_each(|line| self.note(line));
        REFUSED
    }

    pub(super) fn problem(self, text: &str, hint: &str) {
        if self.json {
            let _ = self.object(&json!({ "error": { "message": text, "data": Value::Null } }));
            return;
        }
        self.note(text);
        if !hint.is_empty() {
            self.note(&format!("  {hint}"));
        }
    }
}

/// Code, what is wrong, and what to do about it.
fn refusal(error: &RpcError, lang: Lang) -> Vec<String> {
    let data = error.data.as_deref();
    let detail = data.and_then(|data| data.detail.as_deref());
    let code = data.map_or("E-INTERNAL", |data| data.code.as_str());
    let (text, hint) = match code.parse::<ErrorCode>() {
        Ok(known) => (known.text().in_lang(lang), known.hint().in_lang(lang)),
        Err(_) => (error.message.as_str(), ""),
    };
    let detail = detail.filter(|detail| *detail != text);
    let detail = detail.map_or_else(String::new, |detail| format!(" ({})", clean(detail)));
    let mut lines = vec![format!("{code} {text}{detail}")];
    if !hint.is_empty() {
        lines.push(format!("  {hint}"));
    }
    lines
}

/// An error with its causes, once.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section E: whatever the code, it is shown with its text and what to do.
    #[test]
    fn every_refusal_is_shown_with_what_to_do() {
        for code in ErrorCode::ALL {
            for lang in [Lang::Ja, Lang::En] {
                let lines = refusal(&RpcError::with_detail(*code, "ここ"), lang);
                assert_eq!(lines[0], format!("{code} {} (ここ)", code.text().in_lang(lang)));
                assert_eq!(lines[1].trim(), code.hint().in_lang(lang), "{code}");
            }
        }
    }

    #[test]
    fn every_code_of_an_import_has_a_text_here() {
        for code in store::code::Code::ALL {
            assert!(code.as_str().parse::<ErrorCode>().is_ok(), "{code}");
        }
    }
}
