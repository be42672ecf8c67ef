//! DTMF digits heard as tones in the voice, within the limits of ITU-T Q.24 as its annex lists them for AT&T and NTT.
//!
//! Windows of 24 ms, every 5 ms: both tones of a digit must hold nearly all of the sound, at levels that belong
//! together, and their phases must pass from window to window as their frequencies say. The phases tell frequencies
//! apart that a window of this length cannot: 697 Hz from 721 Hz.

use std::f32::consts::{PI, TAU};
use std::sync::OnceLock;

use crate::dtmf::{COLUMNS_HZ, Digit, ROWS_HZ};
use crate::tones::detect::DETECTOR_RATE;
use crate::tones::goertzel::Phasor;
use crate::tones::level::power_of_dbm0;

/// Finds digits in PCM of 8 kHz. It allocates nothing after it is made.
#[derive(Clone, Debug)]
pub struct DtmfDetector {
    /// The latest samples, oldest first.
    samples: [f32; WINDOW],
    /// New ones since the last window.
    fresh: usize,
    /// Correlations of the window before, rows first.
    before: [Phasor; TONES],
    /// The digit that is seen, and in how many windows on end.
    seen: Option<Digit>,
    windows: u32,
    /// The digit that was told and has not ended, with its power.
    told: Option<(Digit, f32)>,
    /// Windows on end without it, and those of them that are quiet.
    without: u32,
    quiet: u32,
}

impl Default for DtmfDetector {
    fn default() -> Self {
        Self::new()
    }
}

impl DtmfDetector {
    /// A detector that has heard silence.
    pub fn new() -> Self {
        Self {
            samples: [0.0; WINDOW],
            fresh: 0,
            before: [Phasor::default(); TONES],
            seen: None,
            windows: 0,
            told: None,
            without: 0,
            quiet: 0,
        }
    }

    /// Forgets what it has heard, so that a digit that sounds now is told anew.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// Takes PCM of 8 kHz and tells each digit once, at the latest 50 ms after its start.
    pub fn feed(&mut self, mut pcm: &[i16], mut tell: impl FnMut(Digit)) {
        while !pcm.is_empty() {
            let count = pcm.len().min(HOP - self.fresh);
            let at = WINDOW - HOP + self.fresh;
            for (slot, &sample) in self.samples[at..at + count].iter_mut().zip(pcm) {
                *slot = f32::from(sample);
            }
            self.fresh += count;
            pcm = &pcm[count..];
            if self.fresh == HOP {
                self.fresh = 0;
                if let Some(digit) = self.window() {
                    tell(digit);
                }
                self.samples.copy_within(HOP.., 0);
            }
        }
    }

    /// Judges the window that is complete now.
    fn window(&mut self) -> Option<Digit> {
        let tables = Tables::shared();
        let power = tables.power(&self.samples);
        let now = if power < tables.floor {
            // Most of a call: nobody speaks.
            [Phasor::default(); TONES]
        } else {
            tables.correlate(&self.samples)
        };
        let found = if power < tables.floor { None } else { tables.digit(&now, &self.before, power) };
        self.before = now;
        self.count(found, power)
    }

    /// Counts windows: a digit begins with enough of its own and ends with enough of others.
    fn count(&mut self, found: Option<Digit>, power: f32) -> Option<Digit> {
        if let Some((told, loudness)) = self.told {
            if found == Some(told) {
                self.told = Some((told, loudness.max(power)));
                (self.without, self.quiet, self.seen, self.windows) = (0, 0, None, 0);
                return None;
            }
            self.without += 1;
            self.quiet = if power < loudness * QUIET { self.quiet + 1 } else { 0 };
            if self.quiet >= QUIET_WINDOWS || self.without >= OTHER_WINDOWS {
                self.told = None;
            }
        }
        self.windows = if found.is_some() && found == self.seen { self.windows + 1 } else { 1 };
        self.seen = found;
        let digit = found.filter(|_| self.windows >= WINDOWS)?;
        self.told = Some((digit, power));
        (self.without, self.quiet) = (0, 0);
        Some(digit)
    }
}

/// What all detectors share: the window, and the windowed tones.
#[derive(Debug)]
struct Tables {
    /// Square of the window, summing up to 1.
    squares: [f32; WINDOW],
    /// The window times each tone, real and imaginary parts; a sine of amplitude 1 gives 1.
    tones: [([f32; WINDOW], [f32; WINDOW]); TONES],
    /// Phase that each tone passes in a hop.
    turns: [f32; TONES],
    /// Power of the quietest tone that counts.
    floor: f32,
}

impl Tables {
    fn shared() -> &'static Self {
        static TABLES: OnceLock<Tables> = OnceLock::new();
        TABLES.get_or_init(Self::new)
    }

    fn new() -> Self {
        let window: [f32; WINDOW] = std::array::from_fn(|n| {
            let part = (n as f32 + 0.5) / WINDOW as f32;
            0.5 - 0.5 * (TAU * part).cos()
        });
        let sum: f32 = window.iter().sum();
        let square_sum: f32 = window.iter().map(|w| w * w).sum();
        let omega = |tone: usize| TAU * hertz(tone) / DETECTOR_RATE as f32;
        Self {
            squares: window.map(|w| w * w / square_sum),
            tones: std::array::from_fn(|tone| {
                let part = |wave: fn(f32) -> f32| {
                    std::array::from_fn(|n| 2.0 * window[n] / sum * wave(omega(tone) * n as f32))
                };
                (part(f32::cos), part(|angle| -angle.sin()))
            }),
            turns: std::array::from_fn(|tone| omega(tone) * HOP as f32),
            floor: power_of_dbm0(TONE_DBM0),
        }
    }

    /// Mean square of the windowed samples.
    fn power(&self, samples: &[f32; WINDOW]) -> f32 {
        sum(samples, |n, sample| sample * sample * self.squares[n])
    }

    fn correlate(&self, samples: &[f32; WINDOW]) -> [Phasor; TONES] {
        std::array::from_fn(|tone| {
            let (re, im) = &self.tones[tone];
            Phasor {
                re: sum(samples, |n, sample| sample * re[n]),
                im: sum(samples, |n, sample| sample * im[n]),
            }
        })
    }

    /// The digit that this window and the one before it are part of.
    fn digit(&self, now: &[Phasor; TONES], before: &[Phasor; TONES], power: f32) -> Option<Digit> {
        let strongest =
            |tones: std::ops::Range<usize>| tones.max_by(|&a, &b| now[a].power().total_cmp(&now[b].power()));
        let (row, column) = (strongest(0..ROWS_HZ.len())?, strongest(ROWS_HZ.len()..TONES)?);
        let low = self.tone(row, now, before)?;
        let high = self.tone(column, now, before)?;
        let twist = high / low;
        let belongs = low.min(high) >= self.floor
            && (TWIST_MIN..=TWIST_MAX).contains(&twist)
            && low + high >= power * SHARE;
        belongs.then(|| Digit::at(row, column - ROWS_HZ.len())).flatten()
    }

    /// Power of a tone whose frequency is near enough.
    fn tone(&self, tone: usize, now: &[Phasor; TONES], before: &[Phasor; TONES]) -> Option<f32> {
        let passed = now[tone].since(before[tone]).angle() - self.turns[tone];
        let passed = passed - TAU * (passed / TAU).round();
        let off = passed * DETECTOR_RATE as f32 / (TAU * HOP as f32);
        if off.abs() > hertz(tone) * OFF_MAX {
            return None;
        }
        // A tone beside the middle of its bin reads low.
        let bins = off * WINDOW as f32 / DETECTOR_RATE as f32;
        let response =
            if bins.abs() < 0.01 { 1.0 } else { (PI * bins).sin() / (PI * bins) / (1.0 - bins * bins) };
        Some(now[tone].power() / 2.0 / (response * response))
    }
}

/// The sum of one value per sample, in lanes that the compiler can put side by side.
fn sum(samples: &[f32; WINDOW], value: impl Fn(usize, f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    for start in (0..WINDOW).step_by(LANES) {
        for (lane, slot) in lanes.iter_mut().enumerate() {
            *slot += value(start + lane, samples[start + lane]);
        }
    }
    lanes.iter().sum()
}

fn hertz(tone: usize) -> f32 {
    if tone < ROWS_HZ.len() { ROWS_HZ[tone] } else { COLUMNS_HZ[tone - ROWS_HZ.len()] }
}

const TONES: usize = 8;
const LANES: usize = 8;
/// 24 ms.
const WINDOW: usize = 192;
/// 5 ms: the phase of a tone 100 Hz off comes round once.
const HOP: usize = 40;
/// Windows that make a digit: a tone of 23 ms fills four, one of 40 ms at least six (Q.24: 40 ms must be taken, 23 or
/// 24 ms must not).
const WINDOWS: u32 = 5;
/// Windows that end it: quiet ones, of which a pause of 30 ms has three, and an interruption of 10 ms none; and others, so that
/// a lost packet, whose place is filled with what was heard, does not make two digits of one.
const QUIET_WINDOWS: u32 = 3;
const OTHER_WINDOWS: u32 = 12;
/// Below this share of its power, a digit has fallen silent: 12 dB.
const QUIET: f32 = 0.063;
/// Level of the quietest tone that counts; down to −25 must be taken.
const TONE_DBM0: f32 = -28.0;
/// Deviation up to which a tone is one: 1.5 % (NTT: 1.8 %) must be taken, 3.5 % (NTT: 3 %) must not.
const OFF_MAX: f32 = 0.024;
/// Power of the column over that of the row: from 8 dB less to 4 dB (NTT: 5 dB) more must be taken.
const TWIST_MIN: f32 = 0.1;
const TWIST_MAX: f32 = 5.6;
/// Share of both tones in all that is heard.
const SHARE: f32 = 0.8;
