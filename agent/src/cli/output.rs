//! The one place the command line writes from.

use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd;
use std::path::Path;

use protocol::{Detail, EncodingCandidate, ErrorCode, Lang, RpcError};
use rustix::termios::tcgetwinsize;
use serde::Serialize;
use serde_json::json;

use super::table::{Table, clean};
use crate::control::client::ClientError;
use crate::said;

/// Exit code of a refusal.
pub(super) const REFUSED: u8 = 1;
/// Exit code of wrong usage, as clap's.
const USAGE: u8 = 2;
/// Exit code when nobody answers on the socket.
const UNREACHABLE: u8 = 3;
/// Exit code of a wrong configuration, `EX_CONFIG` of sysexits.h.
pub(super) const BAD_CONFIG: u8 = 78;

/// Where results and refusals go, in which form and language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Out {
    pub(super) json: bool,
    pub(super) lang: Lang,
}

fn columns_of(to: &(impl io::IsTerminal + AsFd)) -> Option<usize> {
    let size = to.is_terminal().then(|| tcgetwinsize(to).ok()).flatten()?;
    // A serial line has no size.
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// The connection broke; in which way it ended is no further news.
fn lost(source: &io::Error) -> RpcError {
    match source.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
            RpcError::refused(ErrorCode::DaemonLost)
        }
        _ => RpcError::with_detail(ErrorCode::DaemonLost, (store::os(source), source.to_string())),
    }
}

/// Standard output takes no more: nobody wants the rest, as behind `| head`, or the rest cannot be kept.
#[derive(Debug)]
pub(super) struct Closed(pub(super) io::Error);

impl Out {
    /// The text in the chosen language.
    pub(super) fn text(self, ja: &'static str, en: &'static str) -> &'static str {
        match self.lang {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }

    /// Whether people read Japanese.
    pub(super) fn is_japanese(self) -> bool {
        self.lang == Lang::Ja
    }

    /// A line of results.
    pub(super) fn line(self, line: &str) -> Result<(), Closed> {
        let mut out = io::stdout().lock();
        writeln!(out, "{line}").and_then(|()| out.flush()).map_err(Closed)
    }

    /// Bytes of a file.
    pub(super) fn bytes(self, bytes: &[u8]) -> Result<(), Closed> {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(Closed)
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

    /// How many columns the terminal has that shows the results; `None` where they go elsewhere.
    pub(super) fn columns(self) -> Option<usize> {
        columns_of(&io::stdout())
    }

    /// The same of what is said beside them.
    pub(super) fn columns_beside(self) -> Option<usize> {
        columns_of(&io::stderr())
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
                let code = match source.kind() {
                    io::ErrorKind::PermissionDenied => ErrorCode::DaemonForbidden,
                    _ => ErrorCode::DaemonUnreachable,
                };
                let error = RpcError::with_detail(code, said::os(&path.display().to_string(), source));
                match code {
                    ErrorCode::DaemonUnreachable if is_of_system(path) => self.refused_but(
                        &error,
                        self.text(
                            "動いているか sudo systemctl status kakeru で確認し、sudo systemctl start kakeru で起動してください",
                            "See `sudo systemctl status kakeru`; start it with `sudo systemctl start kakeru`.",
                        ),
                    ),
                    _ => self.refused(&error),
                }
            }
            ClientError::Broken(source) if is_of_system(Path::new("")) => self.refused_but(
                &lost(source),
                self.text(
                    "sudo systemctl status kakeru で確認し、kakeru status で結果を確かめてから、もう一度実行してください",
                    "See `sudo systemctl status kakeru`, and what was done with `kakeru status`, before you repeat it.",
                ),
            ),
            ClientError::Broken(source) => self.refused(&lost(source)),
            ClientError::Answer(source) => {
                self.refused(&RpcError::with_detail(ErrorCode::Version, Detail::log(source)))
            }
        }
    }

    /// Says why it is refused. Returns the exit code.
    pub(super) fn refused(self, error: &RpcError) -> u8 {
        // Where standard output takes nothing, the refusal may be about just that.
        if !self.json || self.object(&json!({ "error": error })).is_err() {
            refusal(error, self.lang).iter().for_each(|line| self.note(line));
        }
        exit_code(error.error_code())
    }

    /// Says why it is refused, and `hint` where what the code says of it is not so. Returns the exit code.
    pub(super) fn refused_but(self, error: &RpcError, hint: &str) -> u8 {
        if self.json {
            return self.refused(error);
        }
        refusal(error, self.lang).iter().take(1).for_each(|line| self.note(line));
        self.note(&format!("  {hint}"));
        exit_code(error.error_code())
    }

    /// Says that a command is not used like this, in Japanese or English, and `more` to people. Returns the exit code.
    pub(super) fn usage(self, (ja, en): (&str, &str), more: &str) -> u8 {
        let code = ErrorCode::Usage;
        if self.json {
            return self.refused(&RpcError::with_detail(code, (ja, en)));
        }
        let what = match self.lang {
            Lang::Ja => ja,
            Lang::En => en,
        };
        self.note(&format!("{code} {}", clean(what)));
        if !more.is_empty() {
            self.note(more);
        }
        exit_code(Some(code))
    }

    /// Says why a command is refused, and what to do about it where `code` does not know.
    pub(super) fn problem(self, code: ErrorCode, text: &str, hint: &str) -> u8 {
        self.refused_but(&RpcError::with_detail(code, Detail::name(text)), hint)
    }
}

/// Refusals of the command line itself have exit codes of their own.
fn exit_code(code: Option<ErrorCode>) -> u8 {
    match code {
        Some(ErrorCode::Usage) => USAGE,
        Some(ErrorCode::DaemonUnreachable | ErrorCode::DaemonForbidden | ErrorCode::DaemonLost) => {
            UNREACHABLE
        }
        Some(ErrorCode::Config) => BAD_CONFIG,
        _ => REFUSED,
    }
}

/// Code, what is wrong, and what to do about it.
fn refusal(error: &RpcError, lang: Lang) -> Vec<String> {
    let data = error.data.as_deref();
    let detail = data.and_then(|data| data.detail_in(lang));
    let code = data.map_or("E-INTERNAL", |data| data.code.as_str());
    let (text, hint) = match code.parse::<ErrorCode>() {
        Ok(known) => (known.text().in_lang(lang), known.hint().in_lang(lang)),
        Err(_) => (error.message.as_str(), ""),
    };
    let detail = detail.map(|detail| without(detail, text)).filter(|detail| !detail.is_empty());
    let detail = detail.map_or_else(String::new, |detail| format!(" ({})", clean(&detail)));
    let mut lines = vec![format!("{code} {text}{detail}")];
    if !hint.is_empty() {
        lines.push(format!("  {hint}"));
    }
    lines.extend(data.iter().flat_map(|data| &data.candidates).map(|candidate| reading(candidate, lang)));
    lines
}

/// What a detail says besides the text of the code that stands before it.
fn without(detail: &str, text: &str) -> String {
    let bare = |text: &str| text.trim_end_matches('.').to_lowercase();
    match detail.split_once(text) {
        _ if bare(detail) == bare(text) => String::new(),
        Some((before, behind)) if behind.trim().is_empty() => before.trim_end_matches([':', ' ']).to_owned(),
        Some((before, behind)) => format!("{before}{}", behind.trim_start()),
        None => detail.to_owned(),
    }
}

/// How a file begins in an encoding that it may be in: who knows the list sees whether that is right.
fn reading(candidate: &EncodingCandidate, lang: Lang) -> String {
    let bad = match (candidate.first_bad_byte, lang) {
        (None, _) => String::new(),
        (Some(byte), Lang::Ja) => format!("  ({byte}バイト目は文字になりません)"),
        (Some(byte), Lang::En) => format!("  (byte {byte} is no text)"),
    };
    let cells: Vec<String> = candidate.cells.iter().map(|cell| clean(cell)).collect();
    format!("  --encoding {}: {}{bad}", clean(&candidate.encoding), cells.join(" | "))
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

/// Whether the daemon is the system's service: its socket lies there, or root asks, who has no service of their own.
fn is_of_system(socket: &Path) -> bool {
    socket.starts_with("/run/kakeru") || rustix::process::geteuid().is_root()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section E: whatever the code, it is shown with its text and what to do.
    #[test]
    fn every_refusal_is_shown_with_what_to_do() {
        for code in ErrorCode::ALL {
            for lang in [Lang::Ja, Lang::En] {
                let lines = refusal(&RpcError::with_detail(*code, Detail::name("ここ")), lang);
                assert_eq!(lines[0], format!("{code} {} (ここ)", code.text().in_lang(lang)));
                assert_eq!(lines[1].trim(), code.hint().in_lang(lang), "{code}");
            }
        }
    }

    /// Section E: what exactly is said in the language of the rest; in English by a daemon that knows no other.
    #[test]
    fn what_exactly_is_said_in_the_language_of_the_rest() {
        let full = store::Error::from(store::ListError::Full { limit: 5000, free: 3 });
        let error = RpcError::refused_as(full.code(), said::store_says(&full, full.to_string()));
        assert_eq!(
            refusal(&error, Lang::Ja)[0],
            "E-LIST-FULL リストの登録上限を超えます (上限 5000件、残り 3件)"
        );
        let english = refusal(&error, Lang::En).remove(0);
        assert!(english.ends_with("(the list takes at most 5000 leads; 3 more fit)"), "{english}");
        let mut older = error;
        older.data.as_mut().unwrap().detail_ja = None;
        assert!(refusal(&older, Lang::Ja)[0].ends_with("3 more fit)"));
        let again = store::Error::ReasonRequired;
        let again = RpcError::refused_as(again.code(), said::store_says(&again, again.to_string()));
        assert_eq!(refusal(&again, Lang::En)[0], "E-REASON-REQUIRED A reason must be given.", "once");
        let text = ErrorCode::CsvHeader.text().in_lang(Lang::En);
        for (detail, besides) in [
            (format!("a.csv, line 1: {text} (no column TEL)"), "a.csv, line 1: (no column TEL)"),
            (format!("a.csv: {text}"), "a.csv"),
            ("a.csv".to_owned(), "a.csv"),
        ] {
            assert_eq!(without(&detail, text), besides);
        }
        let silent = RpcError::with_detail(ErrorCode::Internal, Detail::log("a task panicked"));
        assert_eq!(refusal(&silent, Lang::Ja)[0], "E-INTERNAL 内部エラーが発生しました");
        assert!(refusal(&silent, Lang::En)[0].ends_with("(a task panicked)"));
    }

    /// S0.13: how the file reads in each encoding stands below what to do.
    #[test]
    fn an_undetected_encoding_is_shown_in_each_reading() {
        let candidate = |encoding: &str, first_bad_byte, cells: &[&str]| EncodingCandidate {
            encoding: encoding.to_owned(),
            first_bad_byte,
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
        };
        let error =
            RpcError::with_detail(ErrorCode::CsvEncoding, Detail::name("a.csv")).with_candidates(vec![
                candidate("euc-jp", None, &["山田", "東京\u{1b}"]),
                candidate("cp932", None, &["ｻｳﾅﾄ", "ﾅ豬"]),
                candidate("utf-8", Some(3), &["\u{FFFD}"]),
            ]);
        let lines = refusal(&error, Lang::En);
        assert_eq!(lines[1], format!("  {}", ErrorCode::CsvEncoding.hint().en));
        let shown = [
            "  --encoding euc-jp: 山田 | 東京?",
            "  --encoding cp932: ｻｳﾅﾄ | ﾅ豬",
            "  --encoding utf-8: \u{FFFD}  (byte 3 is no text)",
        ];
        assert_eq!(lines[2..], shown);
        assert!(refusal(&error, Lang::Ja)[4].contains("3バイト目"));
    }

    #[test]
    fn refusals_of_the_command_line_have_exit_codes_of_their_own() {
        for (code, exit) in [
            (ErrorCode::Usage, 2),
            (ErrorCode::DaemonUnreachable, 3),
            (ErrorCode::DaemonForbidden, 3),
            (ErrorCode::DaemonLost, 3),
            (ErrorCode::Config, 78),
            (ErrorCode::Version, 1),
            (ErrorCode::Dnc, 1),
        ] {
            assert_eq!(exit_code(Some(code)), exit, "{code}");
        }
        assert_eq!(exit_code(None), 1);
    }

    #[test]
    fn every_code_of_an_import_has_a_text_here() {
        for code in store::code::Code::ALL {
            assert!(code.as_str().parse::<ErrorCode>().is_ok(), "{code}");
        }
    }
}
