//! The command line: `kakeru run` is the daemon, most other commands are clients of its control socket.
//!
//! Exit codes: 0 done, 1 refused, 2 wrong usage, 3 daemon unreachable, 78 wrong configuration. Whatever is not done says
//! why by a code `E-…`, as one JSON object on standard output with `--json`.

pub mod args;
mod asked;
mod check;
mod devices;
mod events;
mod explain;
mod exports;
mod files;
mod help;
mod manage;
mod namesakes;
mod office;
mod output;
mod practice;
mod progress;
mod recordings;
mod render;
mod table;
mod target;
mod time;
mod trace;
mod unfinished;
mod usage;
mod verbs;
mod when;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use config::{Environment, Paths};
use protocol::{ErrorCode, Lang, RpcError};

use args::{Cli, Global, LangArg, Verb};
use output::{Closed, Out};

use crate::control::client::ClientError;
use crate::run::RunError;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let words = asked(std::env::args_os());
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => {
            let out = usage::wished(&words);
            return ExitCode::from(usage::refused(&help::in_language(error, &words, out.lang), out));
        }
    };
    let out = Out { json: cli.global.json, lang: language(cli.global.lang) };
    let code = match dispatch(cli, out) {
        Ok(()) | Err(Failure::Closed) => 0,
        Err(Failure::Exit(code)) => code,
        Err(Failure::Client(error)) => out.failed(&error),
        Err(Failure::Refused(error)) => out.refused(&error),
        Err(Failure::File { path, source }) => {
            let path = path.display().to_string();
            out.refused(&RpcError::with_detail(ErrorCode::File, crate::said::os(&path, &source)))
        }
    };
    ExitCode::from(code)
}

/// `kakeru help list import` is `kakeru list import --help`.
fn asked(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = words.collect();
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    words
}

/// Why a command did not end well.
#[derive(Debug)]
enum Failure {
    /// Already said; this is the exit code.
    Exit(u8),
    Client(Box<ClientError>),
    /// Refused by the command line itself.
    Refused(Box<RpcError>),
    /// Nobody reads standard output any more: not a failure.
    Closed,
    File {
        path: PathBuf,
        source: io::Error,
    },
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(Box::new(error))
    }
}

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Self {
        Self::Refused(Box::new(error))
    }
}

impl From<Closed> for Failure {
    fn from(Closed(source): Closed) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::File { path: "stdout".into(), source },
        }
    }
}

fn dispatch(cli: Cli, out: Out) -> Result<(), Failure> {
    let Cli { global, verb } = cli;
    namesakes::of(&global);
    match verb {
        Verb::Run(args) => run(&global, &args, out),
        Verb::Demo(args) => practice::demo(args, out),
        Verb::Exchange(args) => practice::exchange(args, out),
        Verb::Config(verb) => check::config(&global, &verb, out),
        Verb::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "kakeru", &mut script);
            Ok(out.bytes(&script)?)
        }
        Verb::Events(args) => events::events(&socket(&global), args, out),
        Verb::Trace(args) => trace::trace(&global, args, out),
        Verb::List(verb) => verbs::list(&global, verb, out),
        Verb::Project(verb) => manage::project(&global, verb, out),
        Verb::Profile(verb) => manage::profile(&global, &verb, out),
        Verb::Lead(verb) => manage::lead(&global, verb, out),
        Verb::Recording(verb) => manage::recording(&global, verb, out),
        Verb::Backup(args) => manage::backup(&global, args, out),
        Verb::Restore(args) => manage::restore(&global, &args, out),
        Verb::Doctor(args) => manage::doctor(&global, &args, out),
        Verb::Stats(args) if args.verify => manage::verify(&global, args.mend, out),
        other => verbs::client(&global, other, out),
    }
}

/// `kakeru run`.
fn run(global: &Global, _args: &args::RunArgs, out: Out) -> Result<(), Failure> {
    let path = config_path(global);
    let mut config = config::load(&path).map_err(|errors| check::refused(&path, &errors, out))?;
    if let Some(socket) = &global.socket {
        config.daemon.socket.clone_from(socket);
    }
    let format = match config.log.format {
        config::LogFormat::Text => crate::logging::Format::Text,
        config::LogFormat::Json => crate::logging::Format::Json,
    };
    crate::logging::init(format, &config.log.level);
    crate::run::run(config).map_err(|error| {
        let refusal = match &error {
            RunError::Store { source, .. } => {
                RpcError::refused_as(source.code(), (source.ja(), source.detail()))
            }
            RunError::StoreVerb(error) => {
                RpcError::refused_as(error.code(), (error.ja(), output::chain(error)))
            }
            other => RpcError::with_detail(ErrorCode::Start, (other.ja(), output::chain(other))),
        };
        // Nothing goes on by itself where nothing runs.
        let hint = out.text(
            "デーモンは起動していません。空きを作ってから起動してください",
            "The daemon does not run: free some space and start it.",
        );
        full_disk(refusal, hint, out)
    })
}

/// A refusal whose hint, where it is about a full disk, is this one.
fn full_disk(refusal: RpcError, hint: &str, out: Out) -> Failure {
    match refusal.error_code() {
        Some(ErrorCode::DiskFull) => Failure::Exit(out.refused_but(&refusal, hint)),
        _ => refusal.into(),
    }
}

fn config_path(global: &Global) -> PathBuf {
    global.config.clone().unwrap_or_else(|| Paths::find_config(&Environment::of_process()))
}

/// The named socket, else the one of the named configuration, else the default.
fn socket(global: &Global) -> PathBuf {
    if let Some(socket) = &global.socket {
        return socket.clone();
    }
    if let Some(Ok(config)) = global.config.as_deref().map(config::Config::check) {
        return config.daemon.socket;
    }
    Paths::find_socket(&Environment::of_process())
}

/// The asked language, else the locale's.
fn language(asked: Option<LangArg>) -> Lang {
    match asked {
        Some(LangArg::Ja) => Lang::Ja,
        Some(LangArg::En) => Lang::En,
        None => locale_language(|name| std::env::var(name).ok()),
    }
}

/// POSIX: `LC_ALL` before `LC_MESSAGES` before `LANG`, empty counts as unset.
fn locale_language(var: impl Fn(&str) -> Option<String>) -> Lang {
    let locale =
        ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| var(name).filter(|v| !v.is_empty()));
    if locale.is_some_and(|locale| locale.starts_with("ja")) { Lang::Ja } else { Lang::En }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_asked_for_in_either_order() {
        let asked = |line: &str| asked(line.split(' ').map(OsString::from)).join(&OsString::from(" "));
        assert_eq!(asked("kakeru help list import"), "kakeru list import --help");
        assert_eq!(asked("kakeru help"), "kakeru --help");
        assert_eq!(asked("kakeru save --memo help"), "kakeru save --memo help");
    }

    #[test]
    fn the_locale_s_first_set_variable_decides() {
        let of = |vars: &[(&str, &str)]| {
            let vars: Vec<_> = vars.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            locale_language(move |name| vars.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
        };
        assert_eq!(of(&[("LANG", "ja_JP.UTF-8")]), Lang::Ja);
        assert_eq!(of(&[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "C")]), Lang::En);
        assert_eq!(of(&[("LANG", "en_US.UTF-8"), ("LC_MESSAGES", "ja_JP"), ("LC_ALL", "")]), Lang::Ja);
        assert_eq!(of(&[]), Lang::En);
    }
}
