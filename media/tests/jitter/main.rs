//! Scripts for the jitter buffer, in the manner of pjmedia's: a file of `scripts/` reads like a packet trace, and says within which
//! limits the buffer must stay. `script.rs` has the language.
#![allow(clippy::disallowed_methods, reason = "one base instant; time is simulated from there")]

mod bench;
mod script;

use script::Script;

/// Every file of the folder is run, so that a new one cannot be forgotten.
#[test]
fn every_script_stays_within_its_limits() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jitter/scripts");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() >= 20, "only {} scripts", names.len());
    let mut failures = Vec::new();
    for path in names {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let script = Script::parse(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        failures.extend(script.run().into_iter().map(|failure| format!("{name}: {failure}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_script_that_breaks_its_limits_is_told() {
    let script = Script::parse("(PG)*10\n!played >= 11\n!lost <= 0\n").unwrap();
    let failures = script.run();
    assert_eq!(failures.len(), 1);
    assert!(failures[0].starts_with("played is "), "{failures:?}");
}

#[test]
fn what_is_not_in_the_language_is_refused() {
    for text in ["PGX", "(PG", "PG)", "(PG)*", "!speed <= 1", "!played", "run ppm=200", "run seconds=x", ""] {
        assert!(Script::parse(text).is_err(), "{text:?} was taken");
    }
}
