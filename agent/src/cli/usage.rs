//! Wrong usage: what clap says, in Japanese too, and as JSON.

use std::error::Error as _;
use std::ffi::{OsStr, OsString};
use std::num::ParseIntError;

use clap::ValueEnum as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use protocol::{Lang, Text};

use super::args::LangArg;
use super::language;
use super::output::Out;

/// What a value has to look like; completes an error of clap's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.en)]
pub struct Expected(pub Text);

/// Form and language of a command line that cannot be parsed. No value of an option begins with two hyphens.
pub(super) fn wished(words: &[OsString]) -> Out {
    let words = || words.iter().map(OsString::as_os_str).take_while(|word| *word != "--");
    let after = words().skip_while(|word| *word != "--lang").nth(1);
    let joined = words().find_map(|word| word.to_str()?.strip_prefix("--lang="));
    let named = after.and_then(OsStr::to_str).or(joined);
    let lang = named.and_then(|word| LangArg::from_str(word, false).ok());
    Out { json: words().any(|word| word == "--json"), lang: language(lang) }
}

/// Prints what clap says. Returns the exit code.
pub(super) fn refused(error: &clap::Error, out: Out) -> u8 {
    if !error.use_stderr() {
        // Help and version were asked for. Nobody may be there to read them.
        let _ = error.print();
        return 0;
    }
    let rendered = error.render().to_string();
    let english = rendered.strip_prefix("error: ").unwrap_or(&rendered);
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let what = Text {
            ja: "コマンドか引数が足りません。次から選んでください",
            en: "a command or its arguments are missing; choose from these",
        };
        return out.usage((what.ja, what.en), &format!("\n{}", rendered.trim_end()));
    }
    // The first part says what is wrong, then come advice and usage.
    let (what, rest) = english.split_once("\n\n").unwrap_or((english, ""));
    let (list, what): (Vec<_>, Vec<_>) =
        what.lines().map(str::trim).partition(|line| line.starts_with("[subcommands: "));
    let what_en = what.join(" ");
    let more = match out.lang {
        Lang::Ja => advice_ja(error).join("\n"),
        Lang::En if list.is_empty() => format!("\n{}", needed(rest).trim_end()),
        Lang::En => format!("  {}\n\n{}", list.join(" "), needed(rest).trim_end()),
    };
    out.usage((&what_ja(error, &what_en), &what_en), &more)
}

/// What is wrong, in Japanese; `english` where clap says more than is known here.
fn what_ja(error: &clap::Error, english: &str) -> String {
    let text = |kind| shown(error.get(kind)).unwrap_or_default();
    let (arg, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    match error.kind() {
        ErrorKind::UnknownArgument if arg.starts_with('-') => format!("オプション {arg} はありません"),
        ErrorKind::UnknownArgument => format!("引数 {arg} は余分です"),
        ErrorKind::InvalidSubcommand => {
            format!("コマンド {} はありません", text(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingSubcommand => {
            format!("{} の後にコマンドが必要です", text(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("必要な引数がありません: {arg}"),
        ErrorKind::InvalidValue if value.is_empty() => format!("{arg} に値がありません"),
        ErrorKind::InvalidValue => format!("{arg} に {value} は指定できません"),
        ErrorKind::ValueValidation => format!("{arg} に {value} は指定できません{}", reason_ja(error)),
        ErrorKind::TooManyValues => format!("{arg} の値 {value} は余分です"),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => format!("{arg} の値の数が違います"),
        ErrorKind::NoEquals => format!("{arg} と値の間に = が必要です"),
        ErrorKind::ArgumentConflict => match text(ContextKind::PriorArg) {
            prior if prior == arg => format!("{arg} は1回だけ指定できます"),
            prior if prior.is_empty() => format!("{arg} は他の引数と同時に指定できません"),
            prior => format!("{arg} と {prior} は同時に指定できません"),
        },
        ErrorKind::InvalidUtf8 => "UTF-8 でない引数があります".to_owned(),
        _ => english.to_owned(),
    }
}

/// Why a value is refused, as far as its parser says.
fn reason_ja(error: &clap::Error) -> String {
    let Some(source) = error.source() else { return String::new() };
    if let Some(Expected(text)) = source.downcast_ref() {
        return format!("。{}", text.ja);
    }
    if source.is::<ParseIntError>() {
        return "。数字で書いてください".to_owned();
    }
    let source = source.to_string();
    let range = source.split_once(" is not in ").and_then(|(_, range)| range.split_once(".."));
    let Some((least, most)) = range else { return format!(" ({source})") };
    let most = most.trim_start_matches('=');
    // An open range ends with what its type can hold.
    if most.parse::<u64>().is_ok_and(|most| most < u64::from(u32::MAX)) {
        format!("。{least} から {most} までの数を書いてください")
    } else {
        format!("。{least} 以上の数を書いてください")
    }
}

/// What to do about it, in Japanese.
fn advice_ja(error: &clap::Error) -> Vec<String> {
    let said = |kind, text: &str| Some(format!("  {text}: {}", shown(error.get(kind))?));
    let mut lines: Vec<String> = [
        said(ContextKind::SuggestedSubcommand, "もしかして"),
        said(ContextKind::SuggestedArg, "もしかして"),
        said(ContextKind::SuggestedValue, "もしかして"),
        said(ContextKind::ValidValue, "指定できる値"),
        said(ContextKind::ValidSubcommand, "指定できるコマンド"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some(usage) = shown(error.get(ContextKind::Usage)) {
        let usage = super::help::usage_ja(&needed(usage.trim()));
        lines.push(format!("\n{}", usage.replacen("Usage:", "使い方:", 1)));
    }
    lines.push("\n詳しくは --help を付けて実行してください".to_owned());
    lines
}

/// A usage line without what every command has: clap counts what stands in the environment as typed, and shows it as needed.
fn needed(usage: &str) -> String {
    GLOBAL.iter().fold(usage.to_owned(), |usage, option| usage.replace(option, ""))
}

const GLOBAL: [&str; 5] =
    [" --json", " --socket <PATH>", " --config <FILE>", " --seat <NAME>", " --lang <LANG>"];

/// `None` where there is nothing to show.
fn shown(value: Option<&ContextValue>) -> Option<String> {
    let text = match value? {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join("、"),
        ContextValue::StyledStr(text) => text.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::Cli;

    fn wrong(line: &str) -> clap::Error {
        Cli::try_parse_from(line.split(' ')).expect_err(line)
    }

    #[test]
    fn form_and_language_are_found_in_a_line_that_cannot_be_parsed() {
        let wished = |line: &str| {
            let words: Vec<_> = line.split(' ').map(OsString::from).collect();
            let out = wished(&words);
            (out.json, out.lang)
        };
        assert_eq!(wished("kakeru nonsense --lang ja --json"), (true, Lang::Ja));
        assert_eq!(wished("kakeru --json --lang=en nonsense"), (true, Lang::En));
        assert_eq!(wished("kakeru call --lang en -- --json"), (false, Lang::En));
        let locale = language(None);
        assert_eq!(wished("kakeru nonsense --lang fr"), (false, locale));
        assert_eq!(wished("kakeru nonsense --lang"), (false, locale));
    }

    #[test]
    fn every_kind_of_wrong_usage_has_a_japanese_line() {
        for (line, told) in [
            ("kakeru status --nonsense", "オプション --nonsense はありません"),
            ("kakeru hangup now", "引数 now は余分です"),
            ("kakeru nonsense", "コマンド nonsense はありません"),
            ("kakeru list show", "必要な引数がありません: <LIST>"),
            ("kakeru mute maybe", "[STATE] に maybe は指定できません"),
            ("kakeru status --socket", "--socket <PATH> に値がありません"),
            (
                "kakeru devices volume 101",
                "[PERCENT] に 101 は指定できません。0 から 100 までの数を書いてください",
            ),
            (
                "kakeru devices level --seconds 0",
                "--seconds <N> に 0 は指定できません。1 以上の数を書いてください",
            ),
            ("kakeru list show x --limit x", "--limit <LIMIT> に x は指定できません。数字で書いてください"),
            (
                "kakeru recording ls --from tomorrow",
                "--from <TIME> に tomorrow は指定できません。2026-11-30 か \"2026-11-30 10:00\" のように書いてください",
            ),
            (
                "kakeru list view L --column 地域",
                "--column <NAME=TEXT> に 地域 は指定できません。列名=値(完全一致)か 列名~=値(部分一致)の形で書いてください",
            ),
            ("kakeru dnc import f.csv --clear", "必要な引数がありません"),
            ("kakeru consult 1 --cancel", "[NUMBER] と --cancel は同時に指定できません"),
            ("kakeru --json --json status", "--json は1回だけ指定できます"),
        ] {
            let error = wrong(line);
            let english = error.to_string();
            let said = what_ja(&error, &english);
            assert!(said.starts_with(told), "{line}: {said}");
            assert!(advice_ja(&error).last().is_some_and(|line| line.contains("--help")), "{line}");
        }
    }

    #[test]
    fn advice_names_what_was_meant_and_what_may_stand_there() {
        let advice = |line: &str| advice_ja(&wrong(line)).join("\n");
        assert!(advice("kakeru statsu").contains("もしかして: stat"), "{}", advice("kakeru statsu"));
        assert!(advice("kakeru mute maybe").contains("指定できる値: on、off"));
        // Every option of a closed vocabulary says what may stand there, before anything is done.
        for (line, words) in [
            ("list import L f.csv --encoding latin1", "auto、utf-8、utf-8-bom、cp932"),
            ("list import L f.csv --delimiter pipe", "auto、comma、tab、semicolon"),
            ("list import L f.csv --header foo", "auto、none、required"),
            ("list import L f.csv --dup-in-file foo", "error、first、last、merge"),
            ("list import L f.csv --dup-existing foo", "update、skip"),
            ("dnc import f.csv --encoding x", "auto、utf-8"),
            ("list change L --order 変", "position、random、newest、category"),
            ("list view L --sort foo", "position、assigned、company"),
            ("list view L --kind foo", "out、out_missed、in、in_missed"),
            ("list export L --encoding latin1", "utf-8-bom、utf-8、cp932"),
            ("history export f.csv --manual x", "exclude、include、only"),
        ] {
            let line = format!("kakeru {line}");
            assert!(advice(&line).contains(&format!("指定できる値: {words}")), "{line}: {}", advice(&line));
        }
        let usage = advice("kakeru --socket /x --config c --seat a --json --lang ja list show");
        assert!(usage.contains("使い方: kakeru list show <LIST>"), "{usage}");
        let usage = advice("kakeru list show");
        assert!(usage.contains("使い方: kakeru list show") && !usage.contains("Usage"), "{usage}");
        let usage = advice("kakeru list nonsense");
        assert!(
            usage.contains("kakeru list [オプション] <コマンド>") && !usage.contains("OPTIONS"),
            "{usage}"
        );
    }
}
