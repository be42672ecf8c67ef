//! Packet-loss concealment for G.711 and its kin, after ITU-T G.711 appendix I and beyond it: what was heard before the gap goes
//! on, and where the packet after the gap is there already, which is the rule, it is continued backwards and both
//! are led into each other.
//!
//! ```text
//!  heard ──┐ forward: pitch periods, or a mirror of what has none
//!          ├──────────────╲ ╱──────────────┐
//!          │               ╳               │
//!          └──────────────╱ ╲──────────────┤
//!              backward: likewise          └── the packet after the gap
//! ```
//!
//! The forward part is bent so that its periods meet those of the packet after the gap. Without such a packet it goes
//! on alone and is faded out, and what comes at last is led in by the same bend.

mod side;

use side::{Future, Past};

/// Longest gap that is bridged in one piece, in milliseconds.
pub const BRIDGE_MAX_MS: u32 = 60;

/// Made-up audio is faded out after so many milliseconds. Appendix I says 60; a stall of 150 ms sounds better when the voice that
/// comes late meets what is left of itself.
pub const FADE_END_MS: u32 = 150;

/// Likeness of neighbouring periods (1 is equal) from which a sound has a pitch.
const VOICED: f32 = 0.5;

/// Seam to the first packet after a gap whose length was not known: 4 ms, and 4 ms more per 10 ms lost, up to 10 ms.
const SEAM_MIN_MS: usize = 4;
const SEAM_MAX_MS: usize = 10;

/// Samples compared to find where the forward part meets a packet: 10 ms.
const MEETING_MS: usize = 10;

/// Conceals lost audio. Feed every good frame to [`Concealer::good`]; ask for made-up audio with
/// [`Concealer::bridge`] where the next packet is known and with [`Concealer::conceal`] where it is not. Never allocates after it
/// is made.
#[derive(Clone, Debug)]
pub struct Concealer {
    /// Samples per millisecond.
    per_ms: usize,
    past: Past,
    future: Future,
    /// Samples made up since the last good one; 0 when not concealing.
    made_up: usize,
    /// What was made up last leads into the packet that follows.
    bridged: bool,
}

impl Concealer {
    /// A concealer for PCM at `rate` hertz, 8000 or 16000, that has heard silence.
    pub fn new(rate: u32) -> Self {
        let per_ms = (rate as usize / 1_000).max(8);
        Self { per_ms, past: Past::new(per_ms), future: Future::new(per_ms), made_up: 0, bridged: false }
    }

    /// Takes a decoded frame, `frame[..length]`. After audio was made up blindly its start is led in: in place, and by up to half a
    /// pitch period more or less, so that the periods meet. Returns its length now; `frame` needs room for 10 ms more.
    pub fn good(&mut self, frame: &mut [i16], length: usize) -> usize {
        let mut length = length.min(frame.len());
        if self.made_up > 0 && !self.bridged {
            length = self.lead_in(frame, length);
        }
        self.made_up = 0;
        self.bridged = false;
        self.past.remember(&frame[..length]);
        length
    }

    /// Fills `out` with made-up audio, not knowing what follows.
    pub fn conceal(&mut self, out: &mut [i16]) {
        if self.made_up == 0 {
            self.past.extend();
        }
        for (index, sample) in out.iter_mut().enumerate() {
            *sample = to_pcm(self.past.at((self.made_up + index) as f32));
        }
        self.made_up += out.len();
        self.bridged = false;
        self.past.remember(out);
    }

    /// Fills `out` with made-up audio that leads into `next`, the packet after the gap.
    pub fn bridge(&mut self, out: &mut [i16], next: &[i16]) {
        let gap = out.len();
        if gap == 0 || next.len() < 5 * self.per_ms {
            return self.conceal(out);
        }
        if self.made_up == 0 {
            self.past.extend();
        }
        self.future.extend(next, &self.past);
        let from = self.made_up as f32;
        let both_voiced = self.past.voicing() >= VOICED && self.future.voicing() >= VOICED;
        let bend = if both_voiced { self.meeting(self.made_up + gap, next) } else { 0.0 };
        for (index, sample) in out.iter_mut().enumerate() {
            let share = (index as f32 + 1.0) / (gap as f32 + 1.0);
            let before = self.past.at(from + index as f32 + bend * share);
            let after = self.future.at((gap - index) as f32);
            // A raised cosine; like sounds add up by amplitude, unlike ones by power.
            let rise = 0.5 - 0.5 * (std::f32::consts::PI * share).cos();
            *sample = to_pcm(if both_voiced {
                before * (1.0 - rise) + after * rise
            } else {
                before * (1.0 - rise).sqrt() + after * rise.sqrt()
            });
        }
        self.made_up += gap;
        self.bridged = true;
        self.past.remember(out);
    }

    /// Forgets the past, as after silence.
    pub fn reset(&mut self) {
        self.past.forget();
        self.made_up = 0;
        self.bridged = false;
    }

    /// Where in the forward part, relative to `at`, the start of `frame` fits best: at most half a period away.
    fn meeting(&self, at: usize, frame: &[i16]) -> f32 {
        let half = self.past.pitch() as isize / 2;
        let count = (MEETING_MS * self.per_ms).min(frame.len());
        let mut best = (0, f32::MIN);
        for offset in -half..=half {
            let (mut cross, mut energy) = (0.0_f32, 1.0_f32);
            for (index, &sample) in frame.iter().take(count).enumerate() {
                let made = self.past.whole(at as isize + offset + index as isize);
                cross += made * f32::from(sample);
                energy += made * made;
            }
            // Of likes the nearest.
            let score =
                cross / energy.sqrt() * (1.0 - 0.2 * offset.unsigned_abs() as f32 / (half + 1) as f32);
            if score > best.1 {
                best = (offset, score);
            }
        }
        best.0 as f32
    }

    fn lead_in(&mut self, frame: &mut [i16], length: usize) -> usize {
        let ms = self.made_up / self.per_ms;
        let seam = (SEAM_MIN_MS + ms / 10 * SEAM_MIN_MS).min(SEAM_MAX_MS) * self.per_ms;
        let offset = if self.past.voicing() >= VOICED {
            self.meeting(self.made_up, &frame[..length]) as isize
        } else {
            0
        };
        let mut length = length;
        let insert = offset.max(0) as usize;
        if insert > 0 && length + insert <= frame.len() {
            frame.copy_within(..length, insert);
            for (index, slot) in frame[..insert].iter_mut().enumerate() {
                *slot = to_pcm(self.past.at((self.made_up + index) as f32));
            }
            length += insert;
        } else if offset < 0 && length > seam + offset.unsigned_abs() {
            frame.copy_within(offset.unsigned_abs()..length, 0);
            length -= offset.unsigned_abs();
        }
        let start = if offset > 0 { insert } else { 0 };
        let seam = seam.min(length - start);
        for index in 0..seam {
            let fade = (index as f32 + 1.0) / (seam as f32 + 1.0);
            let made = self.past.at((self.made_up + start + index) as f32);
            let slot = &mut frame[start + index];
            *slot = to_pcm(f32::from(*slot) * fade + made * (1.0 - fade));
        }
        length
    }
}

fn to_pcm(value: f32) -> i16 {
    // `as` saturates.
    value.round() as i16
}

#[cfg(test)]
#[path = "plc_tests.rs"]
mod tests;
