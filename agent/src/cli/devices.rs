//! `kakeru devices`.

mod headset;
mod trial;

use std::time::Duration;

use protocol::params::{DevicesList, DevicesMeter, DevicesSet, DevicesShow, DevicesVolume};
use protocol::result::{DeviceSettings, LevelRow};
use protocol::{ErrorCode, Event};

use super::args::{DeviceSetArgs, DevicesVerb, Global, LevelArgs, Switch, VolumeArgs};
use super::output::{Closed, Out};
use super::table::clean;
use super::verbs::call;
use super::{Failure, render, socket};
use crate::control::client::{Client, Notice};

pub(super) fn devices(global: &Global, verb: Option<DevicesVerb>, out: Out) -> Result<(), Failure> {
    let seat = global.seat.clone();
    match verb.unwrap_or(DevicesVerb::List) {
        DevicesVerb::List => call(global, DevicesList {}, out, render::devices),
        DevicesVerb::Show => call(global, DevicesShow { seat }, out, settings),
        DevicesVerb::Set(args) => call(global, wishes(seat, args), out, settings),
        DevicesVerb::Volume(VolumeArgs { playback, mic, ring }) => {
            call(global, DevicesVolume { seat, capture: mic, playback, ring }, out, settings)
        }
        DevicesVerb::Level(args) => level(global, &args, out),
        DevicesVerb::Test(args) => trial::test(global, &args, out),
    }
}

fn wishes(seat: Option<String>, args: DeviceSetArgs) -> DevicesSet {
    let names = |names: Vec<String>| (!names.is_empty()).then_some(names);
    let on = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
    DevicesSet {
        seat,
        capture: names(args.capture),
        playback: names(args.playback),
        ring: if args.no_ring { Some(Vec::new()) } else { names(args.ring) },
        echo: on(args.echo),
        noise: on(args.noise),
        gain: on(args.gain),
        reset: args.reset,
    }
}

/// One line each: what is wanted, and what is in use.
fn settings(settings: &DeviceSettings, out: Out) -> Result<(), Closed> {
    let DeviceSettings { capture, playback, ring, processing, volume, voice, .. } = settings;
    let usual = out.text("システムの既定", "the system's default");
    let names = |names: &[String], none: &str| match names {
        [] => none.to_owned(),
        names => clean(&names.join(" > ")),
    };
    let used = |name: &Option<String>| name.as_deref().map_or_else(|| "-".to_owned(), clean);
    let changed = if settings.changed {
        out.text("(設定ファイルから変更あり)", " (changed from the configuration)")
    } else {
        ""
    };
    out.line(&format!("{} {}{changed}", out.text("席", "seat"), clean(&settings.seat)))?;
    if !settings.device {
        let text = "この席に音声デバイスはありません([[seat]] の voice は kind = \"device\" ではありません)";
        out.line(
            out.text(text, "this seat has no sound device (voice of its [[seat]] is not kind = \"device\")"),
        )?;
    }
    let in_use = out.text("使用中", "in use");
    let microphone = out.text("マイク", "microphone");
    out.line(&format!("  {microphone}: {}  {in_use}: {}", names(capture, usual), used(&voice.capture)))?;
    let headphones = out.text("ヘッドホン", "headphones");
    out.line(&format!("  {headphones}: {}  {in_use}: {}", names(playback, usual), used(&voice.playback)))?;
    let ear = out.text("ヘッドホン", "in the headphones");
    out.line(&format!(
        "  {}: {}  {in_use}: {}",
        out.text("着信音", "ring"),
        names(ring, ear),
        used(&voice.ring)
    ))?;
    let switch = |on: bool| if on { out.text("入", "on") } else { out.text("切", "off") };
    out.line(&format!(
        "  {} {}  {} {}  {} {}",
        out.text("エコー除去", "echo cancellation"),
        switch(processing.echo),
        out.text("雑音抑制", "noise suppression"),
        switch(processing.noise),
        out.text("自動音量", "gain control"),
        switch(processing.gain),
    ))?;
    out.line(&format!(
        "  {} ({}): {} {} %  {} {} %  {} {} %",
        out.text("音量", "volume"),
        clean(&settings.operator),
        headphones,
        volume.playback,
        microphone,
        volume.capture,
        out.text("着信音", "ring"),
        volume.ring,
    ))?;
    if let Some(headset) = &voice.headset {
        out.line(&format!("  {}: {}", out.text("ボタンとランプ", "buttons and lamps"), clean(headset)))?;
    }
    match &voice.why {
        Some(why) => {
            let why = render::words::voice(why, out);
            out.line(&format!("  {}: {}", out.text("異常", "trouble"), clean(&why)))
        }
        None => Ok(()),
    }
}

/// Asks for the levels again and again, on one connection, and shows them until the time is over.
fn level(global: &Global, args: &LevelArgs, out: Out) -> Result<(), Failure> {
    let path = socket(global);
    let (mut asking, mut client) = (Client::connect(&path)?, Client::connect(&path)?);
    let DeviceSettings { seat, device, .. } = asking.call(DevicesShow { seat: global.seat.clone() })?;
    if !device {
        return Err(Failure::Exit(out.problem(
            ErrorCode::DeviceLost,
            out.text("この席に音声デバイスはありません", "This seat has no sound device."),
            out.text(
                "設定ファイルの [[seat]] の voice を kind = \"device\" にしてください",
                "Let voice of its [[seat]] be of kind = \"device\".",
            ),
        )));
    }
    client.subscribe(None, vec!["device.level".to_owned()])?;
    let mut left = args.seconds.map_or(u32::MAX, |seconds| seconds.saturating_mul(PER_SECOND));
    let mut unasked = 0;
    while left > 0 {
        if unasked == 0 {
            let seconds = u16::try_from(left.div_ceil(PER_SECOND)).unwrap_or(u16::MAX).clamp(2, 30);
            asking.call(DevicesMeter { seat: Some(seat.clone()), seconds })?;
            unasked = PER_SECOND;
        }
        let Notice::Event(event) = client.next_notice()? else { continue };
        let Event::DeviceLevel { seat: whose, capture, playback } = &event.event else { continue };
        if *whose != seat {
            continue;
        }
        if out.json {
            out.object(&*event)?;
        } else {
            out.progress(&format!(
                "{} {}   {} {}",
                out.text("マイク", "mic"),
                bar(*capture),
                out.text("ヘッドホン", "ear"),
                bar(*playback)
            ));
        }
        left = left.saturating_sub(1);
        unasked -= 1;
    }
    asking.call(DevicesMeter { seat: Some(seat), seconds: 0 })?;
    if !out.json {
        out.note("");
    }
    Ok(())
}

/// A bar of twenty columns from −60 to 0 dBm0, and the level; `!` where it is clipped.
fn bar(level: Option<LevelRow>) -> String {
    let Some(LevelRow { dbm0, peak_percent }) = level else { return format!("[{:20}] -", "") };
    let full = ((dbm0 + 60.0) / 3.0).clamp(0.0, 20.0) as usize;
    let clipped = if peak_percent >= 99.0 { "!" } else { " " };
    format!("[{:20}]{clipped}{dbm0:6.1} dBm0", "#".repeat(full))
}

/// `device.level` comes so often.
const PER_SECOND: u32 = 10;
/// Longest wait for a device that was opened.
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_by_3_db_and_says_when_it_is_clipped() {
        let level = |dbm0, peak_percent| Some(LevelRow { dbm0, peak_percent });
        assert_eq!(bar(None), "[                    ] -");
        assert_eq!(bar(level(-90.0, 0.0)), "[                    ] -90.0 dBm0".replace("] ", "]  "));
        assert_eq!(bar(level(-30.0, 20.0)), format!("[{}          ]  -30.0 dBm0", "#".repeat(10)));
        assert_eq!(bar(level(3.0, 100.0)), format!("[{}]!   3.0 dBm0", "#".repeat(20)));
    }
}
