//! Packet-loss concealment for G.711 at 8 kHz, after ITU-T G.711 appendix I: the last pitch period is repeated
//! with overlapped seams and faded out, and the first packet afterwards is faded in.

/// Shortest and longest pitch period, in samples: 200 Hz to 66 Hz, as in appendix I.
const PITCH_MIN: usize = 40;
const PITCH_MAX: usize = 120;

/// Samples compared for the pitch estimate: 20 ms.
const COMPARED: usize = 160;

const HISTORY: usize = PITCH_MAX * 2 + COMPARED;

/// Full level for the first 10 ms, then down to silence at 60 ms (appendix I fades by 20 % per 10 ms).
const FADE_AFTER: usize = 80;
const FADE_END: usize = 480;

/// Seam to the first packet after a loss: 4 ms, and 4 ms more per 10 ms lost, up to 10 ms.
const SEAM_MIN: usize = 32;
const SEAM_MAX: usize = 80;

/// Conceals lost G.711 audio. Feed every good frame to [`Concealer::good`], ask for made-up audio with
/// [`Concealer::conceal`]. Never allocates after it is made.
#[derive(Clone, Debug)]
pub struct Concealer {
    /// What was played last, oldest first.
    history: Box<[i16; HISTORY]>,
    /// The pitch period that is repeated, its seam smoothed.
    period: [f32; PITCH_MAX],
    pitch: usize,
    /// Samples made up since the last good one; 0 when not concealing.
    made_up: usize,
}

impl Concealer {
    /// A concealer that has heard silence.
    pub fn new() -> Self {
        Self { history: Box::new([0; HISTORY]), period: [0.0; PITCH_MAX], pitch: PITCH_MIN, made_up: 0 }
    }

    /// Takes a decoded frame, smoothing its start in place if audio was made up before it.
    pub fn good(&mut self, frame: &mut [i16]) {
        if self.made_up > 0 {
            let seam = (SEAM_MIN + self.made_up / 80 * SEAM_MIN).min(SEAM_MAX).min(frame.len());
            for (index, sample) in frame.iter_mut().take(seam).enumerate() {
                let fade = (index as f32 + 1.0) / (seam as f32 + 1.0);
                let tail = self.next_made_up();
                *sample = (f32::from(*sample) * fade + tail * (1.0 - fade)).round() as i16;
            }
            self.made_up = 0;
        }
        self.remember(frame);
    }

    /// Fills `out` with made-up audio.
    pub fn conceal(&mut self, out: &mut [i16]) {
        if self.made_up == 0 {
            self.start();
        }
        for sample in out.iter_mut() {
            *sample = self.next_made_up().round() as i16;
        }
        self.remember(out);
    }

    /// Forgets the past, as after silence.
    pub fn reset(&mut self) {
        self.history.fill(0);
        self.made_up = 0;
    }

    fn start(&mut self) {
        self.pitch = self.estimate_pitch();
        let last = &self.history[HISTORY - self.pitch..];
        for (slot, &sample) in self.period.iter_mut().zip(last) {
            *slot = f32::from(sample);
        }
        // The end of the period runs into its start: blend the last quarter with what came before the start.
        let seam = self.pitch / 4;
        for index in 0..seam {
            let fade = (index as f32 + 1.0) / (seam as f32 + 1.0);
            let before = f32::from(self.history[HISTORY - self.pitch - seam + index]);
            let slot = &mut self.period[self.pitch - seam + index];
            *slot = *slot * (1.0 - fade) + before * fade;
        }
        // What is played next must go on from the last real sample, not from the blended one; the blend is
        // reached only at the end of the first repetition, where it leads back to the start.
    }

    fn next_made_up(&mut self) -> f32 {
        let value = self.period[self.made_up % self.pitch];
        let gain = if self.made_up < FADE_AFTER {
            1.0
        } else {
            1.0 - (self.made_up - FADE_AFTER) as f32 / (FADE_END - FADE_AFTER) as f32
        };
        self.made_up += 1;
        value * gain.max(0.0)
    }

    /// The lag with the best normalised cross-correlation between the last 20 ms and the time before.
    fn estimate_pitch(&self) -> usize {
        let recent = &self.history[HISTORY - COMPARED..];
        let mut best = (PITCH_MIN, f32::MIN);
        for lag in PITCH_MIN..=PITCH_MAX {
            let earlier = &self.history[HISTORY - COMPARED - lag..HISTORY - lag];
            let (mut cross, mut energy) = (0.0_f32, 1.0_f32);
            for (&a, &b) in recent.iter().zip(earlier) {
                cross += f32::from(a) * f32::from(b);
                energy += f32::from(b) * f32::from(b);
            }
            let score = cross / energy.sqrt();
            // A multiple of the true period scores about as well; prefer the first.
            if score > best.1 * 1.0001 || best.1 == f32::MIN {
                best = (lag, score);
            }
        }
        best.0
    }

    fn remember(&mut self, frame: &[i16]) {
        let count = frame.len().min(HISTORY);
        self.history.copy_within(count.., 0);
        self.history[HISTORY - count..].copy_from_slice(&frame[frame.len() - count..]);
    }
}

impl Default for Concealer {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::{ToneSource, ToneSpec, level_dbm0};

    fn sine(hz: f32, samples: usize) -> Vec<i16> {
        let mut pcm = vec![0; samples];
        ToneSource::new(ToneSpec::sine(hz, -12.0), 8_000).fill(&mut pcm);
        pcm
    }

    #[test]
    fn a_periodic_signal_goes_on_through_one_lost_packet() {
        let original = sine(160.0, 3200); // period of 50 samples
        let mut heard = original.clone();
        let mut concealer = Concealer::new();
        for (index, frame) in heard.chunks_mut(160).enumerate() {
            if index == 10 { concealer.conceal(frame) } else { concealer.good(frame) }
        }
        let worst =
            original.iter().zip(&heard).map(|(a, b)| (i32::from(*a) - i32::from(*b)).abs()).max().unwrap();
        // 20 ms with the fade of its second half; the peak is 5700.
        assert!(worst < 1600, "{worst}");
        let step =
            heard.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap();
        assert!(step < 1100, "click of {step}");
    }

    #[test]
    fn a_long_loss_fades_to_silence() {
        let mut concealer = Concealer::new();
        concealer.good(&mut sine(200.0, 1600));
        let mut out = vec![0; 960];
        concealer.conceal(&mut out);
        assert!(level_dbm0(&out[..80]) > -14.0);
        assert!(level_dbm0(&out[300..400]) < -18.0);
        assert!(out[FADE_END..].iter().all(|&sample| sample == 0));
    }

    #[test]
    fn silence_stays_silent() {
        let mut concealer = Concealer::default();
        let mut out = [7; 160];
        concealer.conceal(&mut out);
        assert_eq!(out, [0; 160]);
        let mut frame = [100; 160];
        concealer.good(&mut frame);
        assert_eq!(frame[159], 100);
        concealer.reset();
        concealer.conceal(&mut out);
        assert_eq!(out, [0; 160]);
    }
}
