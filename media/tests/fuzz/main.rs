//! The entry functions of the fuzz targets in `fuzz/`, their corpora replayed, and each file of them changed in many
//! ways, on every test run.
//!
//! An entry function takes any bytes and panics when a rule is broken. An input that broke one is kept in the corpus. A
//! new target is a module here, a line in [`TARGETS`], and a file and a `[[bin]]` in `fuzz/`.

#![expect(clippy::disallowed_methods, reason = "one base instant; time is simulated from there")]

mod repair;
mod rtcp;
mod rtp;
mod srtp;

use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;

/// A target: its name, its entry function, and how many changed inputs are tried on every run.
struct Target(&'static str, fn(&[u8]), u32);

const TARGETS: [Target; 4] = [
    Target("rtp", rtp::run, 300),
    Target("rtcp", rtcp::run, 3_000),
    Target("repair", repair::run, 100),
    Target("srtp", srtp::run, 2_000),
];

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = files.map(|file| file.expect("it was listed").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files.iter().map(|file| fs::read(file).expect("it is a file")).collect()
}

fn must_hold(target: &str, entry: fn(&[u8]), bytes: &[u8]) {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(catch_unwind(|| entry(bytes)).is_ok(), "a rule of {target} is broken by {hex}");
}

#[test]
fn the_corpora_break_no_rule() {
    for Target(target, entry, _) in TARGETS {
        corpus(target).iter().for_each(|bytes| must_hold(target, entry, bytes));
    }
}

#[test]
fn changed_inputs_break_no_rule() {
    for Target(target, entry, count) in TARGETS {
        let inputs = corpus(target);
        let mut random = Random(0x5EED);
        for _ in 0..count {
            let mut bytes = inputs[random.below(inputs.len())].clone();
            for _ in 0..=random.below(4) {
                change(&mut bytes, &inputs, &mut random);
            }
            bytes.truncate(4_096);
            must_hold(target, entry, &bytes);
        }
    }
}

/// One change: a bit, a byte, a piece cut out, doubled, or taken from another input.
fn change(bytes: &mut Vec<u8>, inputs: &[Vec<u8>], random: &mut Random) {
    if bytes.is_empty() {
        return bytes.extend_from_slice(&inputs[random.below(inputs.len())]);
    }
    let at = random.below(bytes.len());
    let end = at + 1 + random.below(bytes.len() - at);
    match random.below(5) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF, random.below(256) as u8][random.below(6)],
        2 => drop(bytes.drain(at..end)),
        3 => {
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        _ => {
            let other = &inputs[random.below(inputs.len())];
            let from = random.below(other.len().max(1)).min(other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}
