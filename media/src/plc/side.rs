//! What lies before a gap and what lies after it, each continued into it.

/// Bounds of the pitch period in milliseconds: 200 Hz to 66 Hz, as in appendix I. A higher voice has several periods in it.
const PITCH_MIN_MS: usize = 5;
const PITCH_MAX_MS: usize = 15;

/// Compared to find the period before a gap.
const COMPARED_MS: usize = 20;

/// Kept of the past.
const HISTORY_MS: usize = PITCH_MAX_MS * 2 + COMPARED_MS;

/// Made-up audio has its full level so long, then fades to silence.
const FULL_MS: usize = 12;

/// A step at the edge of a gap decays by this factor per sample at 8 kHz.
const STEP_DECAY: f32 = 0.8;

/// What was heard before a gap, and its continuation.
#[derive(Clone, Debug)]
pub(super) struct Past {
    per_ms: usize,
    /// What was played last, oldest first.
    history: Box<[i16]>,
    /// One period, its seam smoothed, or a mirror image; repeated for ever.
    cycle: Box<[f32]>,
    length: usize,
    voicing: f32,
    pitch: usize,
    /// Step from the last sample to the start of the cycle.
    step: f32,
}

impl Past {
    pub(super) fn new(per_ms: usize) -> Self {
        Self {
            per_ms,
            history: vec![0; HISTORY_MS * per_ms].into_boxed_slice(),
            cycle: vec![0.0; 2 * COMPARED_MS * per_ms].into_boxed_slice(),
            length: PITCH_MIN_MS * per_ms,
            voicing: 0.0,
            pitch: PITCH_MIN_MS * per_ms,
            step: 0.0,
        }
    }

    /// Takes what was played.
    pub(super) fn remember(&mut self, frame: &[i16]) {
        let size = self.history.len();
        let count = frame.len().min(size);
        self.history.copy_within(count.., 0);
        self.history[size - count..].copy_from_slice(&frame[frame.len() - count..]);
    }

    pub(super) fn forget(&mut self) {
        self.history.fill(0);
    }

    /// Prepares the continuation of what was heard until now.
    pub(super) fn extend(&mut self) {
        let compared = COMPARED_MS * self.per_ms;
        let size = self.history.len();
        let range = PITCH_MIN_MS * self.per_ms..=PITCH_MAX_MS * self.per_ms;
        let recent = &self.history[size - compared..];
        (self.pitch, self.voicing) =
            best_lag(range, |lag| (recent, &self.history[size - compared - lag..size - lag]));
        if self.voicing >= super::VOICED {
            self.periodic();
        } else {
            self.mirrored();
        }
    }

    /// The continuation, `position` samples after the last good one, faded.
    pub(super) fn at(&self, position: f32) -> f32 {
        let below = position.floor();
        let share = position - below;
        let index = below as isize;
        let value = if share == 0.0 {
            self.whole(index)
        } else {
            let points = [-1, 0, 1, 2].map(|offset| self.whole(index + offset));
            between(points, share)
        };
        let step = self.step * STEP_DECAY.powf(position.max(0.0) * 8.0 / self.per_ms as f32);
        (value + step) * fade(position, self.per_ms)
    }

    /// The continuation at a whole sample, neither faded nor smoothed at its start.
    pub(super) fn whole(&self, index: isize) -> f32 {
        self.cycle[index.rem_euclid(self.length as isize) as usize]
    }

    /// Likeness of the last periods, 1 is equal.
    pub(super) fn voicing(&self) -> f32 {
        self.voicing
    }

    /// The last period in samples.
    pub(super) fn pitch(&self) -> usize {
        self.pitch
    }

    fn periodic(&mut self) {
        let (size, pitch) = (self.history.len(), self.pitch);
        self.length = pitch;
        for (slot, &sample) in self.cycle.iter_mut().zip(&self.history[size - pitch..]) {
            *slot = f32::from(sample);
        }
        // The end runs into the start: blend the last quarter with what came before the start.
        let seam = pitch / 4;
        for index in 0..seam {
            let rise = (index as f32 + 1.0) / (seam as f32 + 1.0);
            let before = f32::from(self.history[size - pitch - seam + index]);
            let slot = &mut self.cycle[pitch - seam + index];
            *slot = *slot * (1.0 - rise) + before * rise;
        }
        self.step = f32::from(self.history[size - 1]) - f32::from(self.history[size - 1 - pitch]);
    }

    /// Noise has no period; repeating a piece of it would give it one. Its mirror image is as good as its continuation.
    fn mirrored(&mut self) {
        let (size, half) = (self.history.len(), COMPARED_MS * self.per_ms);
        self.length = 2 * half;
        for index in 0..half {
            let sample = f32::from(self.history[size - 1 - index]);
            self.cycle[index] = sample;
            self.cycle[2 * half - 1 - index] = sample;
        }
        self.step = 0.0;
    }
}

/// The packet after a gap, continued backwards.
#[derive(Clone, Debug)]
pub(super) struct Future {
    per_ms: usize,
    /// One period from the start of the packet, or a mirror image.
    cycle: Box<[f32]>,
    length: usize,
    voicing: f32,
    step: f32,
}

impl Future {
    pub(super) fn new(per_ms: usize) -> Self {
        Self {
            per_ms,
            cycle: vec![0.0; 2 * COMPARED_MS * per_ms].into_boxed_slice(),
            length: PITCH_MIN_MS * per_ms,
            voicing: 0.0,
            step: 0.0,
        }
    }

    /// Prepares the backward continuation of `next`. A voice keeps its pitch through a gap, so it is looked for near the one before.
    pub(super) fn extend(&mut self, next: &[i16], past: &Past) {
        let least = PITCH_MIN_MS * self.per_ms;
        let most = (PITCH_MAX_MS * self.per_ms).min(next.len().saturating_sub(least));
        let range = if past.voicing() >= super::VOICED {
            (past.pitch() * 4 / 5).max(least)..=(past.pitch() * 5 / 4).min(most)
        } else {
            least..=most
        };
        let compared = 10 * self.per_ms;
        let (lag, voicing) = best_lag(range, |lag| {
            let count = compared.min(next.len() - lag);
            (&next[..count], &next[lag..lag + count])
        });
        self.voicing = voicing;
        if voicing >= super::VOICED {
            self.periodic(next, lag);
        } else {
            let half = (COMPARED_MS * self.per_ms).min(next.len());
            self.length = 2 * half;
            for (index, &sample) in next.iter().take(half).enumerate() {
                // Before the start comes the start.
                self.cycle[2 * half - 1 - index] = f32::from(sample);
                self.cycle[index] = f32::from(sample);
            }
            self.step = 0.0;
        }
    }

    /// The continuation, `distance` samples before the packet (1 is the last sample of the gap), faded.
    pub(super) fn at(&self, distance: f32) -> f32 {
        let index = (-(distance as isize)).rem_euclid(self.length as isize) as usize;
        let step = self.step * STEP_DECAY.powf((distance - 1.0) * 8.0 / self.per_ms as f32);
        (self.cycle[index] + step) * fade(distance, self.per_ms)
    }

    /// Likeness of the first periods, 1 is equal.
    pub(super) fn voicing(&self) -> f32 {
        self.voicing
    }

    fn periodic(&mut self, next: &[i16], pitch: usize) {
        self.length = pitch;
        for (slot, &sample) in self.cycle.iter_mut().zip(&next[..pitch]) {
            *slot = f32::from(sample);
        }
        // The end of a period runs into the start of the next one: blend the first quarter with what really follows.
        let seam = (pitch / 4).min(next.len() - pitch);
        for index in 0..seam {
            let rise = (index as f32 + 1.0) / (seam as f32 + 1.0);
            let after = f32::from(next[pitch + index]);
            let slot = &mut self.cycle[index];
            *slot = after * (1.0 - rise) + *slot * rise;
        }
        let after = next.get(pitch).copied().unwrap_or(next[0]);
        self.step = f32::from(next[0]) - f32::from(after);
    }
}

/// The lag at which two stretches are most alike, and how much (normalised cross-correlation).
fn best_lag<'a>(
    range: std::ops::RangeInclusive<usize>,
    stretches: impl Fn(usize) -> (&'a [i16], &'a [i16]),
) -> (usize, f32) {
    let mut best = (*range.start(), 0.0_f32);
    for lag in range {
        let (a, b) = stretches(lag);
        let (mut cross, mut power_a, mut power_b) = (0.0_f32, 1.0_f32, 1.0_f32);
        for (&x, &y) in a.iter().zip(b) {
            let (x, y) = (f32::from(x), f32::from(y));
            cross += x * y;
            power_a += x * x;
            power_b += y * y;
        }
        let score = cross / (power_a * power_b).sqrt();
        // A multiple of the true period scores about as well; prefer the first.
        if score > best.1 + 1e-4 {
            best = (lag, score);
        }
    }
    best
}

/// Gain at a distance from the edge of a gap.
fn fade(distance: f32, per_ms: usize) -> f32 {
    let (full, end) = ((FULL_MS * per_ms) as f32, (super::FADE_END_MS as usize * per_ms) as f32);
    (1.0 - (distance - full) / (end - full)).clamp(0.0, 1.0)
}

/// Cubic interpolation (Catmull and Rom) between the second and the third of four points.
fn between([a, b, c, d]: [f32; 4], share: f32) -> f32 {
    let slope = (c - a) / 2.0;
    let next_slope = (d - b) / 2.0;
    let (square, cube) = (share * share, share * share * share);
    b * (2.0 * cube - 3.0 * square + 1.0)
        + slope * (cube - 2.0 * square + share)
        + c * (-2.0 * cube + 3.0 * square)
        + next_slope * (cube - square)
}
