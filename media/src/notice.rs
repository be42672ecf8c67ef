//! The tone that tells whoever hears it that the call is being recorded.

use crate::seat::Rate;
use crate::tones::spec::{Step, Wave};
use crate::tones::{ToneSource, ToneSpec};
use crate::wav::VOICE_RATE;

/// A short tone of 1400 Hz that comes again and again while a call is recorded: from the answer on, not while the
/// recording is paused, and at once when it goes on. It is mixed to the voice and is not on the recording itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoticeTone {
    /// The callee hears it.
    pub to_callee: bool,
    /// The operator hears it.
    pub to_operator: bool,
    /// Milliseconds from the start of one tone to the start of the next; at least 1000.
    pub every_ms: u32,
    /// Level in dBm0.
    pub level_dbm0: f32,
}

impl NoticeTone {
    /// The tone with its pause, for ever.
    pub(crate) fn spec(&self) -> ToneSpec {
        let steps = vec![
            Step { wave: Wave::Sine { hz: HERTZ }, ms: LENGTH_MS },
            Step { wave: Wave::Silence, ms: self.every_ms.max(1_000) - LENGTH_MS },
        ];
        ToneSpec {
            name: "notice",
            steps: steps.into(),
            loop_to: Some(0),
            level_dbm0: self.level_dbm0,
            ms: None,
        }
    }
}

/// The tone on its way to the operator's ear.
#[derive(Debug)]
pub(crate) struct Overlay {
    source: ToneSource,
    rate: Rate,
    tone: Vec<i16>,
    converted: Vec<i16>,
}

impl Overlay {
    /// The tone from its start.
    pub(crate) fn new(spec: ToneSpec) -> Self {
        let source = ToneSource::new(spec, VOICE_RATE);
        Self { source, rate: Rate::default(), tone: Vec::new(), converted: Vec::new() }
    }

    /// Adds the next stretch of the tone to `pcm` at `rate` hertz.
    pub(crate) fn mix(&mut self, pcm: &mut [i16], rate: u32) {
        self.tone.resize(pcm.len() * VOICE_RATE as usize / rate.max(1) as usize, 0);
        let count = self.source.fill(&mut self.tone);
        self.tone.iter_mut().skip(count).for_each(|slot| *slot = 0);
        let tone = self.rate.convert(&self.tone, VOICE_RATE, rate, &mut self.converted);
        add(pcm, tone);
    }

    /// Whether the tone is over; one that comes again never is.
    pub(crate) fn is_over(&self) -> bool {
        self.source.is_finished()
    }
}

/// Adds samples, without wrapping.
pub(crate) fn add(pcm: &mut [i16], other: &[i16]) {
    pcm.iter_mut().zip(other).for_each(|(slot, &sample)| *slot = slot.saturating_add(sample));
}

const HERTZ: f32 = 1_400.0;
const LENGTH_MS: u32 = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::level_dbm0;

    #[test]
    fn it_comes_again_after_its_time() {
        let notice = NoticeTone { to_callee: true, to_operator: true, every_ms: 2_000, level_dbm0: -24.0 };
        let mut pcm = vec![0; 3 * 16_000];
        let mut overlay = Overlay::new(notice.spec());
        pcm.chunks_mut(80).for_each(|chunk| overlay.mix(chunk, 16_000));
        // A resampler leads in and out.
        let level = |from_ms: usize, ms: usize| level_dbm0(&pcm[from_ms * 16..(from_ms + ms) * 16]);
        assert!((level(20, 160) + 24.0).abs() < 0.5, "{}", level(20, 160));
        assert!(level(220, 1_760) < -70.0);
        assert!((level(2_020, 160) + 24.0).abs() < 0.5, "{}", level(2_020, 160));
    }

    #[test]
    fn it_never_wraps() {
        let mut loud = [i16::MAX, i16::MIN];
        add(&mut loud, &[100, -100]);
        assert_eq!(loud, [i16::MAX, i16::MIN]);
    }
}
