//! `kakeru config …`.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use config::{Config, ConfigError, Locale};
use protocol::{Detail, ErrorCode, Lang, RpcError};
use serde_json::json;

use super::args::{ConfigVerb, Global};
use super::output::{BAD_CONFIG, Out, REFUSED};
use super::{Failure, config_path};
use crate::core::Trouble;

pub(super) fn config(global: &Global, verb: &ConfigVerb, out: Out) -> Result<(), Failure> {
    match verb {
        ConfigVerb::Example => Ok(out.bytes(config::EXAMPLE.as_bytes())?),
        ConfigVerb::Check { file, explain } => {
            let path = file.clone().unwrap_or_else(|| config_path(global));
            let config = Config::check(&path).map_err(|errors| refused(&path, &errors, out))?;
            if explain.explain.is_some() {
                return super::explain::explain(&config, explain, out);
            }
            let locale = locale(out);
            let unwritable = unwritable(&config);
            if out.json {
                let mut warnings: Vec<_> = config
                    .warnings
                    .iter()
                    .map(
                        |w| json!({ "path": w.path, "line": w.line, "message": w.message.in_locale(locale) }),
                    )
                    .collect();
                let file = path.display().to_string();
                if let Some(detail) = &unwritable {
                    let message = said(detail, out);
                    warnings.push(json!({ "path": RECORDINGS, "line": null, "message": message }));
                }
                out.object(&json!({ "file": file, "ok": true, "errors": [], "warnings": warnings }))?;
                return unwritable.map_or(Ok(()), |_| Err(Failure::Exit(REFUSED)));
            }
            for warning in &config.warnings {
                let (place, key) = place(&path, warning.line, &warning.path);
                let (word, message) = (out.text("警告", "warning"), warning.message.in_locale(locale));
                out.note(&format!("{place}: {word}: {key}{message}"));
            }
            if let Some(detail) = unwritable {
                let word = out.text("警告", "warning");
                out.note(&format!("{}: {word}: {RECORDINGS}: {}", path.display(), said(&detail, out)));
                return Err(Failure::Exit(REFUSED));
            }
            Ok(out.line(&format!("{}: {}", path.display(), out.text("問題ありません", "ok")))?)
        }
    }
}

/// Why calls could not be recorded, as far as that is known here: on the daemon's box, as its user.
fn unwritable(config: &Config) -> Option<Detail> {
    let (state, folder) = (&config.daemon.state_dir, &config.daemon.recordings_dir);
    let own = match state.metadata() {
        Ok(meta) => meta.uid() == rustix::process::geteuid().as_raw(),
        // The first start would make it.
        Err(_) => crate::room::look(state).is_ok(),
    };
    if !config.recording.enabled || !own {
        return None;
    }
    let error = crate::room::look(folder).err()?;
    Some(Trouble::of_recordings(folder, &error, &error).detail)
}

fn said(detail: &Detail, out: Out) -> &str {
    if out.is_japanese() { &detail.ja } else { &detail.en }
}

/// The key that names the folder of recordings.
const RECORDINGS: &str = "daemon.recordings_dir";

/// Says what is wrong: `file:line: key: what to do`, as compilers do, so that editors find the place, or one object.
pub(super) fn refused(path: &Path, errors: &[ConfigError], out: Out) -> Failure {
    let locale = locale(out);
    let count = errors.len();
    if out.json {
        let told = |e: &ConfigError| {
            let message = e.message.in_locale(locale);
            json!({ "path": e.path, "line": e.line, "kind": e.kind.as_str(), "message": message })
        };
        let mistakes: Vec<_> = errors.iter().map(told).collect();
        let file = path.display().to_string();
        let error = RpcError::with_detail(
            ErrorCode::Config,
            (format!("{file}: {count}件"), format!("{file}: {}", mistakes_en(count))),
        );
        let _ = out.object(
            &json!({ "error": error, "file": file, "ok": false, "errors": mistakes, "warnings": [] }),
        );
        return Failure::Exit(BAD_CONFIG);
    }
    for error in errors {
        let (place, key) = place(path, error.line, &error.path);
        out.note(&format!("{place}: {key}{}", error.message.in_locale(locale)));
    }
    RpcError::with_detail(ErrorCode::Config, (format!("{count}件"), mistakes_en(count))).into()
}

fn mistakes_en(count: usize) -> String {
    if count == 1 { "1 mistake".to_owned() } else { format!("{count} mistakes") }
}

fn locale(out: Out) -> Locale {
    match out.lang {
        Lang::Ja => Locale::Ja,
        Lang::En => Locale::En,
    }
}

/// `file:line` and `key: `, each as far as it is known.
fn place(file: &Path, line: Option<usize>, key: &str) -> (String, String) {
    let place = match line {
        Some(line) => format!("{}:{line}", file.display()),
        None => file.display().to_string(),
    };
    let key = if key.is_empty() || file == Path::new(key) { String::new() } else { format!("{key}: ") };
    (place, key)
}
