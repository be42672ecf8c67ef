//! The entry functions of the fuzz targets in `fuzz/`, and their corpora replayed on every test run.
//!
//! An entry function takes any bytes and panics when a rule is broken. An input that broke one is kept in the corpus.

mod agent;
mod message;
mod sdp;
mod stream;

use std::{fs, panic::catch_unwind, path::PathBuf};

/// Every file of a corpus through its entry function.
fn replay(target: &str, entry: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files = 0;
    let mut broken = Vec::new();
    for file in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        if catch_unwind(|| entry(&bytes)).is_err() {
            broken.push(path);
        }
        files += 1;
    }
    assert!(files > 0, "{} is empty", folder.display());
    assert!(broken.is_empty(), "rules are broken by {broken:#?}");
}

#[test]
fn the_message_corpus_breaks_no_rule() {
    replay("message", message::run);
}

#[test]
fn the_stream_corpus_breaks_no_rule() {
    replay("stream", stream::run);
}

#[test]
fn the_sdp_corpus_breaks_no_rule() {
    replay("sdp", sdp::run);
}

#[test]
fn the_agent_corpus_breaks_no_rule() {
    replay("agent", agent::run);
}
