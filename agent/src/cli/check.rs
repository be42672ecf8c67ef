//! `kakeru config …`.

use std::path::Path;

use config::{Config, ConfigError, Locale, Warning};
use serde_json::{Value, json};

use super::args::{ConfigVerb, Global};
use super::output::{BAD_CONFIG, Out};
use super::{Failure, config_path};

pub(super) fn config(global: &Global, verb: &ConfigVerb, out: Out) -> Result<(), Failure> {
    match verb {
        ConfigVerb::Example => Ok(out.bytes(config::EXAMPLE.as_bytes())?),
        ConfigVerb::Check { file, explain } => {
            let path = file.clone().unwrap_or_else(|| config_path(global));
            let checked = Config::check(&path);
            if let (Some(_), Ok(config)) = (&explain.explain, &checked) {
                return super::explain::explain(config, explain, out);
            }
            if out.json {
                out.object(&report(&path, &checked, locale(out)))?;
            }
            match checked {
                Ok(_) if out.json => Ok(()),
                Ok(config) => {
                    for warning in &config.warnings {
                        let (place, key) = place(&path, warning.line, &warning.path);
                        out.note(&format!(
                            "{place}: {}: {key}{}",
                            out.text("警告", "warning"),
                            warning.message.in_locale(locale(out))
                        ));
                    }
                    Ok(out.line(&format!("{}: {}", path.display(), out.text("問題ありません", "ok")))?)
                }
                Err(errors) => {
                    if !out.json {
                        print_errors(&path, &errors, out);
                    }
                    Err(Failure::Exit(BAD_CONFIG))
                }
            }
        }
    }
}

/// `file:line: key: what to do`, as compilers do, so that editors find the place.
pub(super) fn print_errors(path: &Path, errors: &[ConfigError], out: Out) {
    for error in errors {
        let (place, key) = place(path, error.line, &error.path);
        out.note(&format!("{place}: {key}{}", error.message.in_locale(locale(out))));
    }
    let count = errors.len();
    match out.lang {
        protocol::Lang::Ja => out.note(&format!("設定の誤りが {count} 件あります")),
        protocol::Lang::En if count == 1 => out.note("1 mistake"),
        protocol::Lang::En => out.note(&format!("{count} mistakes")),
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

fn report(path: &Path, checked: &Result<Config, Vec<ConfigError>>, locale: Locale) -> Value {
    let error =
        |e: &ConfigError| json!({ "path": e.path, "line": e.line, "message": e.message.in_locale(locale) });
    let warning =
        |w: &Warning| json!({ "path": w.path, "line": w.line, "message": w.message.in_locale(locale) });
    let (errors, warnings): (Vec<_>, Vec<_>) = match checked {
        Ok(config) => (Vec::new(), config.warnings.iter().map(warning).collect()),
        Err(errors) => (errors.iter().map(error).collect(), Vec::new()),
    };
    json!({ "file": path.display().to_string(), "ok": checked.is_ok(), "errors": errors, "warnings": warnings })
}

fn locale(out: Out) -> Locale {
    match out.lang {
        protocol::Lang::Ja => Locale::Ja,
        protocol::Lang::En => Locale::En,
    }
}
