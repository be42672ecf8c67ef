//! A microphone and an ear piece, opened by the command line itself.

use std::time::{Duration, Instant};

use media::device::{
    AudioBackend as _, CaptureFeed, Cpal, DeviceError, Half, OpenParams, PLAYBACK_TARGET, PlaybackFeed,
};
use media::resample::Resampler;
use media::tones::level_dbm0;
use media::trial::RATE;

use super::PATIENCE;

/// Both ways, at 8 kHz.
pub(super) struct Headset {
    capture: Half<CaptureFeed>,
    playback: Half<PlaybackFeed>,
}

/// The devices deliver nothing.
pub(super) struct Still;

impl Headset {
    /// Opens the first of the named devices that can be had.
    pub(super) fn open(capture: Vec<String>, playback: Vec<String>) -> Result<Self, DeviceError> {
        let params = OpenParams { capture: Some(capture), playback: Some(playback), except: Vec::new() };
        let nothing = || DeviceError::NoHost(None);
        let opened = Cpal.open(&params)?;
        Ok(Self {
            capture: opened.capture.ok_or_else(nothing)?,
            playback: opened.playback.ok_or_else(nothing)?,
        })
    }

    /// Names of microphone and ear piece.
    pub(super) fn names(&self) -> (String, String) {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        (name(&self.capture.name), name(&self.playback.name))
    }

    /// Waits until both call back.
    pub(super) fn wait(&self) -> Result<(), Still> {
        let end = now() + PATIENCE;
        let runs = || {
            [&self.capture.health, &self.playback.health]
                .into_iter()
                .all(|health| health.as_ref().is_some_and(|health| health.beats() > 4))
        };
        while !runs() {
            if now() >= end {
                return Err(Still);
            }
            pause(TURN);
        }
        Ok(())
    }

    /// Plays a sound, then silence, and records for so long; `level` is told the microphone's level ten times a second.
    /// The first recorded sample is of the moment in which the first one of the sound is handed over.
    pub(super) fn exchange(
        &mut self,
        sound: &[i16],
        length: Duration,
        mut level: impl FnMut(f32),
    ) -> Result<Vec<i16>, Still> {
        let CaptureFeed::Ring { reader, rate: from } = &mut self.capture.feed else { return Err(Still) };
        let PlaybackFeed::Ring { writer, rate: to } = &mut self.playback.feed else { return Err(Still) };
        let (mut up, mut down) = (Resampler::new(RATE, *to), Resampler::new(*from, RATE));
        let wanted = (RATE as u128 * length.as_millis() / 1_000) as usize;
        let (mut recorded, mut said, mut told) = (Vec::with_capacity(wanted), 0, 0);
        let end = now() + length + PATIENCE;
        reader.discard(usize::MAX);
        while recorded.len() < wanted {
            if now() >= end {
                return Err(Still);
            }
            let target = *to as usize * PLAYBACK_TARGET.as_millis() as usize / 1_000;
            let ms = target.saturating_sub(writer.level()) * 1_000 / (*to).max(1) as usize;
            let mut next: Vec<i16> =
                sound.iter().skip(said).take(ms * RATE as usize / 1_000).copied().collect();
            said += next.len();
            next.resize(ms * RATE as usize / 1_000, 0);
            let mut out = vec![0; up.max_output(next.len())];
            let count = up.process(&next, &mut out);
            writer.push(out.get(..count).unwrap_or_default());

            let mut heard = vec![0; reader.level()];
            let count = reader.pop(&mut heard);
            let mut out = vec![0; down.max_output(count)];
            let count = down.process(heard.get(..count).unwrap_or_default(), &mut out);
            recorded.extend_from_slice(out.get(..count).unwrap_or_default());
            let tenth = RATE as usize / 10;
            while let Some(block) = recorded.get(told..told + tenth) {
                level(level_dbm0(block));
                told += tenth;
            }
            pause(TURN);
        }
        recorded.truncate(wanted);
        Ok(recorded)
    }
}

/// How often the rings are looked at.
const TURN: Duration = Duration::from_millis(5);

#[expect(clippy::disallowed_methods, reason = "a trial of devices in real time, no part of a core")]
pub(super) fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "a trial of devices in real time, no part of a core")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
