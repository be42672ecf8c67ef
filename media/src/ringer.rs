//! What rings at a seat.

use crate::device::PlaybackFeed;
use crate::seat::Rate;
use crate::tones::{ToneSource, ToneSpec};
use crate::volume::{Volume, scale};
use crate::wav::VOICE_RATE;

/// Rings on a device of its own where the seat has one, so that it is heard while the headset lies on the table.
#[derive(Debug, Default)]
pub(crate) struct Ringer {
    feed: PlaybackFeed,
    source: Option<ToneSource>,
    percent: Option<u16>,
    rate: Rate,
    tone: Vec<i16>,
    converted: Vec<i16>,
}

impl Ringer {
    /// Another device to ring on, or none after a loss.
    pub(crate) fn set_feed(&mut self, feed: PlaybackFeed) {
        self.feed = feed;
    }

    /// Another volume.
    pub(crate) fn set_volume(&mut self, percent: u16) {
        self.percent = Some(percent.min(Volume::MAX_HEARD));
    }

    /// Begins or ends; what is under way goes on.
    pub(crate) fn set(&mut self, on: bool) {
        if on != self.source.is_some() {
            self.source = on.then(|| ToneSource::new(ToneSpec::ring(), VOICE_RATE));
        }
    }

    /// Whether it rings.
    pub(crate) fn rings(&self) -> bool {
        self.source.is_some()
    }

    /// Tops up the device to ring on; `false` where there is none.
    pub(crate) fn play(&mut self) -> bool {
        let PlaybackFeed::Ring { writer, rate } = &self.feed else { return false };
        let (device, level) = (*rate, writer.level());
        let target = device as usize * FILL_MS / 1_000;
        // Whole milliseconds, so that the resampler's ratio comes out even.
        let ms = target.saturating_sub(level) * 1_000 / device.max(1) as usize;
        if ms > 0 {
            let mut tone = std::mem::take(&mut self.tone);
            self.fill(&mut tone, ms * VOICE_RATE as usize / 1_000);
            if let PlaybackFeed::Ring { writer, .. } = &mut self.feed {
                writer.push(self.rate.convert(&tone, VOICE_RATE, device, &mut self.converted));
            }
            self.tone = tone;
        }
        true
    }

    /// The next `count` samples of the ring at 8 kHz.
    pub(crate) fn fill(&mut self, out: &mut Vec<i16>, count: usize) {
        out.clear();
        out.resize(count, 0);
        if let Some(source) = &mut self.source {
            source.fill(out);
        }
        scale(out, self.percent.unwrap_or(100));
    }
}

/// Level of the ring of a device that rings; nobody minds that it begins a moment later.
const FILL_MS: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::ring;
    use crate::tones::level_dbm0;

    #[test]
    fn it_rings_on_its_device_in_a_cadence_until_it_ends() {
        let (writer, mut reader) = ring(48_000 / 5);
        let mut ringer = Ringer::default();
        ringer.set(true);
        assert!(!ringer.play(), "no device yet");
        ringer.set_feed(PlaybackFeed::Ring { writer, rate: 48_000 });
        let (mut heard, mut out) = (Vec::new(), [0; 480]);
        for _ in 0..600 {
            assert!(ringer.play());
            assert_eq!(reader.pop(&mut out), 480);
            heard.extend_from_slice(&out);
        }
        let second = |index: usize| level_dbm0(&heard[index * 48_000 + 4_800..(index + 1) * 48_000 - 4_800]);
        assert!(
            (second(0) + 10.0).abs() < 2.0 && (second(3) + 10.0).abs() < 2.0,
            "{} {}",
            second(0),
            second(3)
        );
        assert!(second(1) < -60.0 && second(2) < -60.0 && second(4) < -60.0);
        ringer.set(false);
        assert!(!ringer.rings());
    }
}
