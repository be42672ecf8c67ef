use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::Config;

use super::{DemoError, DemoOptions};
use crate::exchange::{ExchangeConfig, Voice};

/// Folder, configuration and list of a demonstration.
pub(super) struct Setup {
    pub(super) dir: PathBuf,
    pub(super) config: Arc<Config>,
    pub(super) list: PathBuf,
}

/// Name of the demonstration's list.
pub(super) const LIST: &str = "練習リスト";

/// The sample list as a spreadsheet saves it: CP932 with CRLF.
const SAMPLE: &[u8] = include_bytes!("../../demo/sample.csv");

pub(super) fn write(options: &DemoOptions, exchange: SocketAddr) -> Result<Setup, DemoError> {
    let dir = match &options.dir {
        Some(dir) => unused(dir),
        None => std::env::temp_dir().join(format!("kakeru-demo-{}", std::process::id())),
    };
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| DemoError::File { path, source }
    };
    fs::create_dir_all(&dir).map_err(failed(&dir))?;
    let dir = dir.canonicalize().map_err(failed(&dir))?;
    let list = dir.join("sample.csv");
    fs::write(&list, SAMPLE).map_err(failed(&list))?;
    let voice = if !options.mute && has_sound() {
        String::from("{ kind = \"device\" }")
    } else {
        let operator = dir.join("operator.wav");
        write_wav(&operator).map_err(failed(&operator))?;
        format!("{{ kind = \"file\", play = {:?}, write = {:?} }}", operator, dir.join("heard.wav"))
    };
    let path = dir.join("kakeru.toml");
    let text = toml(&dir, exchange, &voice, options.fast);
    // The practice password is no secret, but the file is an example of how it should look.
    let mut open = fs::OpenOptions::new();
    let mut file =
        open.write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(failed(&path))?;
    file.write_all(text.as_bytes()).map_err(failed(&path))?;
    let config = config::load(&path).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        DemoError::Config(lines.join("; "))
    })?;
    Ok(Setup { dir, config: Arc::new(config), list })
}

/// The folder itself, or one inside it when an earlier demonstration left its database there: the number that refused
/// to be called is on that database's do-not-call list for good.
fn unused(dir: &Path) -> PathBuf {
    let used = |dir: &Path| dir.join("kakeru.db").exists();
    let runs = (2..).map(|run| dir.join(format!("run-{run}")));
    std::iter::once(dir.to_owned()).chain(runs).find(|dir| !used(dir)).unwrap_or_else(|| dir.to_owned())
}

fn toml(dir: &Path, exchange: SocketAddr, voice: &str, fast: bool) -> String {
    let practice = ExchangeConfig::default();
    let (user, password) = (practice.user, practice.password);
    let (ring, wrap_up) = if fast { ("1s", "0s") } else { ("10s", "500ms") };
    format!(
        r#"# Written by `kakeru demo`: a daemon at the practice exchange.
[daemon]
box = "demo"
state_dir = {dir:?}
recordings_dir = {recordings:?}
drop_dir = {results:?}
socket = {socket:?}

[sip]
listen = "127.0.0.1:0"

[media]
ports = "30000-39999"
workers = 1

[[account]]
name = "practice"
kind = "practice"
aor = "sip:{user}@{exchange}"
username = "{user}"
password = "{password}"
expires = "60s"

[[seat]]
name = "a"
operator = "demo"
account = "practice"
voice = {voice}

[dialing]
ring_timeout = "{ring}"
wrap_up = "{wrap_up}"

[recording]
archive = false
"#,
        recordings = dir.join("recordings"),
        results = dir.join("results"),
        socket = dir.join("control.sock"),
    )
}

/// Whether there is something to hear the calls with.
fn has_sound() -> bool {
    media::device::list().is_ok_and(|devices| {
        devices.iter().any(|device| device.direction == media::device::Direction::Playback)
    })
}

/// The scripted operator's voice as the WAV file that the file voice plays.
fn write_wav(path: &Path) -> std::io::Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let io = |error: hound::Error| std::io::Error::other(error);
    let mut writer = hound::WavWriter::create(path, spec).map_err(io)?;
    for sample in Voice::Operator.samples(std::time::Duration::from_secs(60)).iter() {
        writer.write_sample(*sample).map_err(io)?;
    }
    writer.finalize().map_err(io)
}
