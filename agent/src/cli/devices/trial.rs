//! `kakeru devices test`: tries a headset without a daemon, an account or a call, and says what to do.

use std::time::Duration;

use media::device::DeviceError;
use media::tones::level_dbm0;
use media::trial::{self, Finding, Found, Measured, RATE};
use protocol::ErrorCode;
use protocol::params::DevicesShow;
use serde_json::json;

use super::bar;
use super::headset::{Headset, Still, now};
use crate::cli::args::{DeviceTestArgs, Global};
use crate::cli::output::{Out, REFUSED, chain};
use crate::cli::table::clean;
use crate::cli::{Failure, config_path, socket};
use crate::control::client::Client;
use protocol::result::LevelRow;

pub(super) fn test(global: &Global, args: &DeviceTestArgs, out: Out) -> Result<(), Failure> {
    let (capture, playback) = wanted(global, args);
    let begun = now();
    let mut headset = match Headset::open(capture, playback) {
        Ok(headset) => headset,
        Err(error) => return Err(not_open(&error, out)),
    };
    let still = |_: Still| still(out);
    headset.wait().map_err(still)?;
    let open_ms = begun.elapsed().as_millis() as u64;
    let (microphone, ear) = headset.names();
    if !out.json {
        out.line(&format!("{}: {}", out.text("マイク", "microphone"), clean(&microphone)))?;
        out.line(&format!("{}: {}", out.text("ヘッドホン", "headphones"), clean(&ear)))?;
        out.note(
            out.text(
                "静かにしてください。短い音を鳴らします",
                "Quiet, please: a few short sounds are played",
            ),
        );
    }

    // The first exchange starts both ways; nothing of it counts.
    headset.exchange(&[], Duration::from_millis(300), |_| {}).map_err(still)?;
    let room = headset.exchange(&[], Duration::from_millis(700), |_| {}).map_err(still)?;
    let mut measured = Measured { noise_dbm0: level_dbm0(&room), ..Measured::default() };
    let mut found = Vec::new();
    for _ in 0..SWEEPS {
        let heard = headset.exchange(&trial::sweep(), Duration::from_millis(900), |_| {}).map_err(still)?;
        found.extend(trial::find(&heard));
    }
    // The one in the middle; where most were not heard, none was.
    found.sort_by_key(|found| found.latency);
    measured.found = if found.len() * 2 > SWEEPS { found.get(found.len() / 2).copied() } else { None };

    if !args.latency {
        let length = Duration::from_secs(args.seconds.into());
        if !out.json {
            let text = format!(
                "{} {} {}",
                out.text("今から", "Speak now, for"),
                args.seconds,
                out.text("秒間話してください", "seconds")
            );
            out.note(&text);
        }
        let show = |dbm0: f32| {
            if !out.json {
                out.progress(&bar(Some(LevelRow { dbm0, peak_percent: 0.0 })));
            }
        };
        let voice = headset.exchange(&[], length, show).map_err(still)?;
        measured.voice_dbm0 = Some(trial::voice_level(&voice));
        let peak = voice.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        measured.peak_percent = f32::from(peak) * 100.0 / 32_768.0;
        if !out.json {
            out.progress("");
            out.note(
                out.text("再生します。自分の声が聞こえますか", "Playing it back: do you hear yourself?"),
            );
        }
        let tail =
            Duration::from_millis(200) + Duration::from_millis(voice.len() as u64 * 1_000 / u64::from(RATE));
        headset.exchange(&voice, tail, |_| {}).map_err(still)?;
    }
    tell(&measured, (&microphone, &ear), open_ms, out)
}

/// The seat's devices: as the daemon has them, else as the configuration says, else the system's.
fn wanted(global: &Global, args: &DeviceTestArgs) -> (Vec<String>, Vec<String>) {
    let usual = || {
        let daemon = Client::connect(&socket(global)).ok();
        if let Some(shown) = daemon.and_then(|mut d| d.call(DevicesShow { seat: global.seat.clone() }).ok()) {
            return (shown.capture, shown.playback);
        }
        let config = config::Config::check(&config_path(global)).ok();
        let seats = config.iter().flat_map(|config| &config.seats);
        let mut named = seats.filter(|seat| global.seat.as_ref().is_none_or(|name| *name == seat.name));
        match named.next().map(|seat| seat.voice.clone()) {
            Some(config::Voice::Device { capture, playback, .. }) => (capture, playback),
            _ => (Vec::new(), Vec::new()),
        }
    };
    let one = |name: &String| vec![name.clone()];
    match (&args.capture, &args.playback) {
        (Some(capture), Some(playback)) => (one(capture), one(playback)),
        (capture, playback) => {
            let (c, p) = usual();
            (capture.as_ref().map_or(c, one), playback.as_ref().map_or(p, one))
        }
    }
}

fn tell(measured: &Measured, names: (&str, &str), open_ms: u64, out: Out) -> Result<(), Failure> {
    let findings = trial::judge(measured);
    let round = |value: f32| f64::from((value * 10.0).round()) / 10.0;
    if out.json {
        out.object(&json!({
            "capture": names.0,
            "playback": names.1,
            "open_ms": open_ms,
            "latency_ms": measured.found.map(|found| found.latency.as_secs_f64() * 1_000.0),
            "leak_db": measured.found.map(|found| round(found.leak_db)),
            "noise_dbm0": round(measured.noise_dbm0),
            "voice_dbm0": measured.voice_dbm0.map(round),
            "peak_percent": measured.voice_dbm0.map(|_| round(measured.peak_percent)),
            "findings": findings.iter().map(|finding| word(*finding)).collect::<Vec<_>>(),
        }))?;
    } else {
        let latency = match measured.found {
            Some(Found { latency, leak_db }) => {
                let (before, after) = (
                    out.text("マイクへの回り込みは", "heard by the microphone"),
                    out.text("dB 減衰", "dB softer"),
                );
                format!("{:.0} ms  ({before} {leak_db:.0} {after})", latency.as_secs_f64() * 1_000.0)
            }
            None => out
                .text(
                    "測れません(マイクに回り込まない。ヘッドセットなら正常)",
                    "not measurable: the microphone does not hear it, as it should be with a headset",
                )
                .to_owned(),
        };
        out.line(&format!("{}: {latency}", out.text("遅延(再生→録音)", "latency, played to recorded")))?;
        out.line(&format!("{}: {:.0} dBm0", out.text("雑音", "noise"), measured.noise_dbm0))?;
        if let Some(voice) = measured.voice_dbm0 {
            let (voice_word, peak) = (out.text("声", "voice"), out.text("最大", "peak"));
            out.line(&format!("{voice_word}: {voice:.0} dBm0  {peak} {:.0} %", measured.peak_percent))?;
        }
        for finding in &findings {
            out.line(&format!("! {}", advice(*finding, out)))?;
        }
        if findings.is_empty() {
            out.line(out.text("問題ありません", "all is well"))?;
        }
    }
    match findings.is_empty() {
        true => Ok(()),
        false => Err(Failure::Exit(REFUSED)),
    }
}

/// For programs.
const fn word(finding: Finding) -> &'static str {
    match finding {
        Finding::Dead => "dead",
        Finding::NoVoice => "no_voice",
        Finding::Soft => "soft",
        Finding::Clipped => "clipped",
        Finding::Noisy => "noisy",
        Finding::Echo => "echo",
        Finding::Slow => "slow",
    }
}

/// For people: what it is, and what to do.
fn advice(finding: Finding, out: Out) -> &'static str {
    match finding {
        Finding::Dead => out.text(
            "マイクが無音です。ヘッドセットのミュートを外し、別のマイクなら --capture で名前を指定してください(kakeru devices)",
            "The microphone is dead silent: unmute the headset, or name another one with --capture (see `kakeru devices`)",
        ),
        Finding::NoVoice => out.text(
            "声が雑音と区別できません。話しましたか。マイクを口元に近づけてください",
            "No voice above the noise: did you speak? Bring the microphone close to your mouth",
        ),
        Finding::Soft => out.text(
            "声が小さいです。マイクを近づけるか、kakeru devices volume --mic 150、または devices set --gain on",
            "Your voice is soft: bring the microphone closer, or `kakeru devices volume --mic 150`, or `devices set --gain on`",
        ),
        Finding::Clipped => out.text(
            "声が大きすぎて割れています。システムのマイク音量を下げてください",
            "Your voice is clipped: turn the microphone down in the system's settings",
        ),
        Finding::Noisy => out.text(
            "雑音が大きいです。静かな場所に移るか、kakeru devices set --noise on",
            "It is noisy: move to a quieter place, or `kakeru devices set --noise on`",
        ),
        Finding::Echo => out.text(
            "マイクがスピーカーの音を拾っています。ヘッドセットを使うか、kakeru devices set --echo on",
            "The microphone hears the loudspeaker: use a headset, or `kakeru devices set --echo on`",
        ),
        Finding::Slow => out.text(
            "遅延が大きいです。Bluetooth でなく USB のヘッドセットを試してください",
            "The latency is high: try a headset with a cable rather than Bluetooth",
        ),
    }
}

fn not_open(error: &DeviceError, out: Out) -> Failure {
    Failure::Exit(out.problem(
        ErrorCode::DeviceLost,
        &chain(error),
        out.text(
            "名前は kakeru devices で確認できます。音声サーバー(PipeWire か PulseAudio)は動いていますか",
            "See the names with `kakeru devices`; does the sound server (PipeWire or PulseAudio) run?",
        ),
    ))
}

fn still(out: Out) -> Failure {
    Failure::Exit(out.problem(
        ErrorCode::DeviceLost,
        out.text("デバイスから音が来ません", "The devices deliver nothing"),
        out.text(
            "抜き差しするか、音声サーバーを再起動してください",
            "Plug it in again, or restart the sound server",
        ),
    ))
}

const SWEEPS: usize = 3;
