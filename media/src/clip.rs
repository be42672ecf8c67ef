//! A scripted voice as PCM.

use crate::tones::ToneSource;
use crate::types::{ClipPlan, Segment};
use crate::wav::VOICE_RATE;

/// Plays a [`ClipPlan`] at [`VOICE_RATE`], then silence.
#[derive(Debug)]
pub(crate) struct ClipSource {
    plan: ClipPlan,
    segment: usize,
    /// Samples played of the current segment.
    position: usize,
    tone: Option<ToneSource>,
    finished: bool,
}

impl ClipSource {
    pub(crate) fn new(plan: ClipPlan) -> Self {
        Self { plan, segment: 0, position: 0, tone: None, finished: false }
    }

    /// Fills all of `out`, with silence after the end.
    pub(crate) fn fill(&mut self, out: &mut [i16]) {
        let mut done = 0;
        // A plan that repeats nothing but empty segments must not spin.
        let mut barren = 0;
        while let Some(rest) = out.get_mut(done..).filter(|rest| !rest.is_empty()) {
            if self.finished || barren > self.plan.segments.len() {
                rest.fill(0);
                return;
            }
            let count = self.fill_from_segment(rest);
            done += count;
            barren = if count == 0 { barren + 1 } else { 0 };
        }
    }

    /// Fills the start of `out` from the current segment; 0 when it ended, and the next one is current.
    fn fill_from_segment(&mut self, out: &mut [i16]) -> usize {
        let count = match self.plan.segments.get(self.segment) {
            None => {
                self.segment = 0;
                self.finished = !self.plan.then_repeat;
                return 0;
            }
            Some(Segment::Silence { ms }) => {
                let length = *ms as usize * (VOICE_RATE as usize / 1_000);
                let count = out.len().min(length.saturating_sub(self.position));
                out.iter_mut().take(count).for_each(|slot| *slot = 0);
                count
            }
            Some(Segment::Samples(samples)) => {
                let rest = samples.get(self.position..).unwrap_or_default();
                out.iter_mut().zip(rest).map(|(slot, sample)| *slot = *sample).count()
            }
            Some(Segment::Tone(spec)) => {
                self.tone.get_or_insert_with(|| ToneSource::new(spec.clone(), VOICE_RATE)).fill(out)
            }
        };
        self.position += count;
        if count == 0 {
            self.segment += 1;
            self.position = 0;
            self.tone = None;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::ToneSpec;

    #[test]
    fn segments_follow_one_another_and_end_in_silence() {
        let segments = vec![
            Segment::Silence { ms: 1 },
            Segment::Samples([5, 6, 7].into()),
            Segment::Tone(ToneSpec::sine(1_000.0, 0.0).for_ms(1)),
        ];
        let mut source = ClipSource::new(ClipPlan { segments: segments.clone(), then_repeat: false });
        let mut out = [9; 24];
        source.fill(&mut out[..10]);
        source.fill(&mut out[10..]);
        assert_eq!(out[..11], [0, 0, 0, 0, 0, 0, 0, 0, 5, 6, 7]);
        assert!(out[12..18].iter().any(|sample| sample.abs() > 10_000));
        assert_eq!(out[19..], [0; 5]);

        let mut source = ClipSource::new(ClipPlan { segments, then_repeat: true });
        let mut out = [0; 38];
        source.fill(&mut out);
        assert_eq!(out[27..30], [5, 6, 7]);
    }

    #[test]
    fn an_empty_plan_that_repeats_is_silence() {
        for segments in [vec![], vec![Segment::Silence { ms: 0 }, Segment::Samples([].into())]] {
            let mut out = [9; 160];
            ClipSource::new(ClipPlan { segments, then_repeat: true }).fill(&mut out);
            assert_eq!(out, [0; 160]);
        }
    }
}
