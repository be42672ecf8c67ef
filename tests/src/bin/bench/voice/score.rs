//! PESQ and delay, by the Python package `pesq` in a private environment that `./x bench voice` makes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One thing to judge.
pub(super) struct Pair<'a> {
    /// What was said.
    pub(super) reference: &'a [i16],
    /// What was heard, from the moment on at which the saying began.
    pub(super) degraded: &'a [i16],
}

/// What was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Score {
    /// PESQ narrow band, MOS-LQO: 1 to 4.55.
    pub(super) pesq: f64,
    /// From saying to hearing, milliseconds; not a number when nothing was recognised.
    pub(super) delay_ms: f64,
}

/// Judges all pairs, in order; `band` is `nb` at 8 kHz or `wb` at 16.
pub(super) fn judge(pairs: &[Pair<'_>], band: &str) -> Vec<Score> {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
    let mut list = String::new();
    for (index, pair) in pairs.iter().enumerate() {
        let write = |kind: &str, pcm: &[i16]| {
            let path = folder.path().join(format!("{index}.{kind}"));
            let bytes: Vec<u8> = pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            path
        };
        let (reference, degraded) = (write("said", pair.reference), write("heard", pair.degraded));
        list.push_str(&format!("{}\t{}\n", reference.display(), degraded.display()));
    }
    let order = folder.path().join("list");
    std::fs::write(&order, list).unwrap_or_else(|error| panic!("{}: {error}", order.display()));
    let input = std::fs::File::open(&order).unwrap_or_else(|error| panic!("{}: {error}", order.display()));
    let mut command = Command::new(python());
    command.args(["-c", include_str!("score.py"), band]).stdin(input).stderr(Stdio::inherit());
    let output = command.output().unwrap_or_else(|error| panic!("no Python: {error}"));
    assert!(output.status.success(), "the scores failed, see above");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = |field: Option<&str>| field.and_then(|field| field.parse().ok()).unwrap_or(f64::NAN);
    let scores: Vec<Score> = text
        .lines()
        .map(|line| {
            let mut fields = line.split('\t');
            Score { pesq: number(fields.next()), delay_ms: number(fields.next()) }
        })
        .collect();
    assert_eq!(scores.len(), pairs.len(), "a score is missing");
    scores
}

/// Version of the package, or what to do when it is not there.
///
/// # Errors
/// A sentence for the person at the terminal.
pub(super) fn version() -> Result<String, String> {
    let python = python();
    let missing = || {
        format!(
            "voice quality needs the Python package pesq in {}: run ./x bench voice, or by hand: python3 -m venv {0} \
             && {0}/bin/pip install -r tests/src/bin/bench/voice/requirements.txt",
            environment().display()
        )
    };
    if !python.is_file() {
        return Err(missing());
    }
    let script = "import importlib.metadata as m; import pesq; print(m.version('pesq'))";
    let output = Command::new(python).args(["-c", script]).output().map_err(|_| missing())?;
    if !output.status.success() {
        return Err(missing());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn environment() -> PathBuf {
    std::env::var_os("KAKERU_PESQ_VENV")
        .map_or_else(|| Path::new("target/pesq-venv").to_owned(), PathBuf::from)
}

fn python() -> PathBuf {
    environment().join("bin/python")
}
