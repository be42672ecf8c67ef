//! The help, in the language of whoever reads it: what belongs to the command comes first, what every command takes behind it, a line
//! each. The English texts stand with what they describe, and each has its Japanese beside it here.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, CommandFactory as _};
use protocol::Lang;

use super::args::Cli;

mod options;
mod values;
mod verbs;

/// The help that `words` ask for, in the language of whoever reads it; other errors as they are.
pub(super) fn in_language(error: clap::Error, words: &[OsString], lang: Lang) -> clap::Error {
    let asked =
        matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
    if !asked {
        return error;
    }
    let words_of = match lang {
        Lang::Ja => &JA,
        Lang::En => &EN,
    };
    // Built, each knows what is typed before it.
    let mut built = Cli::command();
    built.build();
    arranged(Cli::command(), Some(&built), words_of).try_get_matches_from(words).err().unwrap_or(error)
}

/// What clap says by itself.
struct Words {
    lang: Lang,
    usage: &'static str,
    commands: &'static str,
    arguments: &'static str,
    options: &'static str,
    help: &'static str,
    version: &'static str,
    values: &'static str,
    default: &'static str,
    env: &'static str,
    alias: &'static str,
}

const JA: Words = Words {
    lang: Lang::Ja,
    usage: "使い方",
    commands: "コマンド",
    arguments: "引数",
    options: "オプション",
    help: "ヘルプを表示",
    version: "版を表示",
    values: "値",
    default: "既定",
    env: "環境変数",
    alias: "別名",
};

const EN: Words = Words {
    lang: Lang::En,
    usage: "Usage",
    commands: "Commands",
    arguments: "Arguments",
    options: "Options",
    help: "Print help",
    version: "Print version",
    values: "possible values",
    default: "default",
    env: "env",
    alias: "alias",
};

impl Words {
    fn text(&self, english: &str) -> String {
        match self.lang {
            Lang::Ja => text_ja(english),
            Lang::En => english.to_owned(),
        }
    }

    /// A value with what it does.
    fn described(&self, name: &str, does: &str) -> String {
        match self.lang {
            Lang::Ja => format!("{name}={}", text_ja(does)),
            Lang::En => format!("{name} ({does})"),
        }
    }
}

/// A usage line with what clap says in English only. Values keep the names that the list of arguments has: clap takes every character
/// for one column wide, and beside wider ones its columns would not stand below each other.
pub(super) fn usage_ja(usage: &str) -> String {
    let words = [("[OPTIONS]", "[オプション]"), ("<COMMAND>", "<コマンド>"), ("[COMMAND]", "[コマンド]")];
    words.iter().fold(usage.to_owned(), |usage, (en, ja)| usage.replace(en, ja))
}

/// The command and those below it, as the help shows them; `built` is the same command, built.
fn arranged(command: Command, built: Option<&Command>, words: &Words) -> Command {
    let usage = match (words.lang, built) {
        (Lang::Ja, Some(built)) => {
            let usage = built.clone().render_usage().to_string();
            // Further lines stand below the first.
            usage_ja(usage.trim_start_matches("Usage: ")).replace("\n       ", "\n        ")
        }
        _ => "{usage}".to_owned(),
    };
    let about = command.get_about().map(|text| words.text(&text.to_string()));
    let long_about = command.get_long_about().map(|text| words.text(&text.to_string()));
    let versioned = command.get_version().is_some();
    let flag = |name: &'static str, short: char, action: ArgAction, help: &'static str| {
        let arg = Arg::new(name).long(name).short(short).action(action).help(help);
        arg.help_heading(words.options).display_order(2 * OF_EVERY_COMMAND)
    };
    // Under headings of our own clap goes by the alphabet.
    let mut place = 0;
    let mut command = command
        .mut_args(|arg| {
            place += 1;
            let order = if arg.is_global_set() { OF_EVERY_COMMAND + place } else { place };
            argument(arg, words).display_order(order)
        })
        .mut_subcommands(|below| {
            let built = built.and_then(|built| built.find_subcommand(below.get_name()));
            arranged(below, built, words)
        })
        .help_template(format!(
            "{{about-with-newline}}\n{}: {usage}\n\n{{all-args}}{{after-help}}",
            words.usage
        ))
        .subcommand_help_heading(words.commands)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(flag("help", 'h', ArgAction::Help, words.help));
    if versioned {
        command = command.arg(flag("version", 'V', ArgAction::Version, words.version));
    }
    if let Some(about) = about {
        command = command.about(about);
    }
    match long_about {
        Some(about) => command.long_about(about),
        None => command,
    }
}

/// An argument with what may stand there, what stands there if nothing is said, and where else it is taken from: clap says these in
/// English only, and over several lines.
fn argument(arg: Arg, words: &Words) -> Arg {
    let takes = arg.get_action().takes_values();
    let mut help = arg.get_help().map(|text| words.text(&text.to_string())).unwrap_or_default();
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| takes && !value.is_hide_set())
        .map(|value| match value.get_help() {
            Some(text) => words.described(value.get_name(), &text.to_string()),
            None => value.get_name().to_owned(),
        })
        .collect();
    if !values.is_empty() {
        help.push_str(&format!(" [{}: {}]", words.values, values.join(", ")));
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes && !defaults.is_empty() {
        help.push_str(&format!(" [{}: {}]", words.default, defaults.join(" ")));
    }
    if let Some(env) = arg.get_env() {
        help.push_str(&format!(" [{}: {}]", words.env, env.to_string_lossy()));
    }
    let shown = arg.get_visible_aliases().unwrap_or_default();
    let arg = match ALIASES.into_iter().find(|name| shown.contains(name)) {
        Some(name) => {
            help.push_str(&format!(" [{}: --{name}]", words.alias));
            // It is taken all the same.
            arg.visible_alias(None).alias(name)
        }
        None => arg,
    };
    let heading = if arg.is_positional() { words.arguments } else { words.options };
    let arg = arg.help(help).help_heading(heading);
    if takes { arg.hide_possible_values(true).hide_default_value(true).hide_env(true) } else { arg }
}

/// The Japanese of an English text; the text itself where there is none, which a test forbids.
fn text_ja(english: &str) -> String {
    known(english).unwrap_or(english).to_owned()
}

/// Every text with its Japanese.
fn pairs() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    verbs::VERBS.iter().chain(options::OPTIONS.into_iter().flatten()).chain(values::VALUES)
}

fn known(english: &str) -> Option<&'static str> {
    pairs().find(|(en, _)| *en == english).map(|(_, ja)| *ja)
}

/// Second names of options that the help shows: an option has one at most.
const ALIASES: [&str; 4] = ["name", "number", "preview", "unsealed"];
/// Place of options that every command has: behind its own.
const OF_EVERY_COMMAND: usize = 1_000;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every text of the help in English.
    fn texts(command: &Command, found: &mut BTreeSet<String>) {
        let abouts = command.get_about().into_iter().chain(command.get_long_about());
        found.extend(abouts.map(ToString::to_string));
        for arg in command.get_arguments() {
            found.extend(arg.get_help().map(ToString::to_string));
            let second = arg.get_visible_aliases().unwrap_or_default();
            assert!(second.len() < 2 && second.iter().all(|name| ALIASES.contains(name)), "{second:?}");
            let values = arg.get_possible_values();
            found.extend(values.iter().filter_map(|value| value.get_help()).map(ToString::to_string));
        }
        command.get_subcommands().for_each(|below| texts(below, found));
    }

    #[test]
    fn every_text_of_the_help_has_its_japanese() {
        let mut english = BTreeSet::new();
        texts(&Cli::command(), &mut english);
        let missing: Vec<_> = english.into_iter().filter(|text| known(text).is_none()).collect();
        assert!(missing.is_empty(), "no Japanese in agent/src/cli/help for: {missing:#?}");
        for (en, ja) in pairs() {
            assert!(!ja.is_ascii() || en == ja, "{en}: {ja}");
        }
    }

    fn help(line: &str, lang: Lang) -> String {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let error = Cli::command().try_get_matches_from(&words).expect_err(line);
        in_language(error, &words, lang).render().to_string()
    }

    #[test]
    fn help_is_in_the_language_of_whoever_reads_it() {
        for line in ["kakeru --help", "kakeru list import -h", "kakeru list", "kakeru save --help"] {
            let (ja, en) = (help(line, Lang::Ja), help(line, Lang::En));
            assert!(ja.contains("使い方: kakeru") && ja.contains("オプション:"), "{ja}");
            for word in [
                "Usage:",
                "Options:",
                "Commands:",
                "Arguments:",
                "Print help",
                "possible values",
                "[default",
                "[OPTIONS]",
                "[alias",
                "COMMAND",
            ] {
                assert!(!ja.contains(word), "{word}: {ja}");
            }
            assert!(en.contains("Usage:") && !en.contains("使い方"), "{en}");
        }
        for (line, told) in [
            ("kakeru list import -h", "[別名: --preview]"),
            ("kakeru list import --preview -h", "[別名: --preview]"),
            ("kakeru history -h", "[別名: --unsealed]"),
            ("kakeru contact add -h", "[別名: --number]"),
        ] {
            // A line may end in the middle of it.
            let shown = help(line, Lang::Ja);
            assert!(shown.split_whitespace().collect::<Vec<_>>().join(" ").contains(told), "{shown}");
        }
        assert!(help("kakeru list import -h", Lang::En).contains("[alias: --preview]"));
        let whole = help("kakeru --help", Lang::Ja);
        assert!(
            whole.contains("使い方: kakeru [オプション] <コマンド>\n") && whole.contains("コマンド:"),
            "{whole}"
        );
        for (line, usage) in [
            ("kakeru list import -h", "使い方: kakeru list import [オプション] <LIST> <FILE>\n"),
            ("kakeru list", "使い方: kakeru list [オプション] <コマンド>\n"),
            ("kakeru history -h", "使い方: kakeru history [オプション]"),
        ] {
            let told = help(line, Lang::Ja);
            assert!(told.contains(usage), "{told}");
        }
        let save = help("kakeru save --help", Lang::Ja);
        assert!(save.contains("[既定: stay]") && save.contains("dial=保存"), "{save}");
        for lang in [Lang::Ja, Lang::En] {
            let import = help("kakeru list import --help", lang);
            let at = |text: &str| import.find(text).unwrap_or_else(|| panic!("{text}: {import}"));
            let order =
                ["  <LIST>", "  <FILE>", "--create", "--overwrite-empty", "--json", "--lang", "-h, --help"];
            assert!(order.map(at).is_sorted(), "its own first, a line each: {import}");
            assert!(!import.contains("--version") && import.lines().count() < 60, "{import}");
        }
        let save = help("kakeru save --help", Lang::En);
        assert!(save.contains("dial (Save, seal") && save.contains("[default: stay]"), "{save}");
        assert!(help("kakeru --help", Lang::En).contains("-V, --version"));
        // What cannot be parsed stays what it was.
        let wrong = help("kakeru nonsense", Lang::Ja);
        assert!(wrong.contains("nonsense"), "{wrong}");
    }
}
