//! Call-progress tones: 400 Hz with a cadence. Music and speech have neither the purity nor the silences.

use std::f32::consts::TAU;

use super::detect::Block;
use super::goertzel::Phasor;
use crate::types::CallProgress;

/// Weakest tone that counts.
const MIN_LEVEL: f32 = -40.0;

/// Share of a block's power that must be at 400 Hz.
const MIN_SHARE: f32 = 0.6;

/// 400 Hz ±5 by the rules, ±20 behind gateways, and what measuring adds.
const MAX_OFFSET_HZ: f32 = 23.0;

/// Between two tones it must be quieter than this, or than this far below the tone.
const QUIET_LEVEL: f32 = -46.0;
const QUIET_BELOW: f32 = 12.0;

/// A change shorter than this (40 ms) is a null of the ringback's modulation or a lost packet.
const CONFIRM: u32 = 4;

/// Cadences in blocks of 10 ms with ±20 % (±25 % with measuring).
const BUSY: std::ops::RangeInclusive<u32> = 37..=63;
const CONGESTION: std::ops::RangeInclusive<u32> = 18..=32;
/// 20 per minute ±20 %, a third ±10 % of it on.
const RINGBACK_ON: std::ops::RangeInclusive<u32> = 70..=165;
const RINGBACK_OFF: std::ops::RangeInclusive<u32> = 110..=310;
const RINGBACK_OFF_MIN: u32 = 120;
const DIAL_MIN: u32 = 250;

/// After this much of something else (1 s) or silence (6 s) the same tone is news again.
const FORGET_OTHER: u32 = 100;
const FORGET_QUIET: u32 = 600;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Quiet,
    Tone,
    Other,
}

/// Segments an audio stream into tone, quiet and other, and compares their lengths with the cadences.
#[derive(Clone, Debug, Default)]
pub struct CadenceDetector {
    current: Kind,
    length: u32,
    pending: Kind,
    pending_length: u32,
    /// Finished segments, newest first.
    history: [(Kind, u32); 6],
    tone_level: f32,
    last: Option<Phasor>,
    turned: Phasor,
    reported: Option<CallProgress>,
}

impl CadenceDetector {
    /// A detector that heard nothing.
    pub fn new() -> Self {
        Self { tone_level: -90.0, ..Self::default() }
    }

    /// Forgets what was heard and reported.
    pub fn restart(&mut self) {
        *self = Self::new();
    }

    /// Takes a block. Gives a tone when it is another one than the last reported. Before the answer one cycle of
    /// ringback is enough; afterwards two are wanted, since a single long beep followed by silence is a voicemail.
    pub fn block(&mut self, block: &Block, early: bool) -> Option<CallProgress> {
        let kind = self.classify(block);
        self.advance(kind);
        let tone = self.recognise(early);
        let is_over = match self.current {
            Kind::Other => self.length > FORGET_OTHER,
            Kind::Quiet => self.length > FORGET_QUIET,
            Kind::Tone => false,
        };
        if is_over {
            self.reported = None;
        }
        let is_news = tone.is_some() && tone != self.reported;
        if is_news {
            self.reported = tone;
        }
        tone.filter(|_| is_news)
    }

    fn classify(&mut self, block: &Block) -> Kind {
        let tone = &block.tone_400;
        if tone.share >= MIN_SHARE && tone.level_dbm0() >= MIN_LEVEL {
            if let Some(last) = self.last {
                self.turned = self.turned.plus(tone.phasor.since(last));
            }
            self.last = Some(tone.phasor);
            self.tone_level = if self.current == Kind::Tone {
                self.tone_level.max(tone.level_dbm0())
            } else {
                tone.level_dbm0()
            };
            return Kind::Tone;
        }
        self.last = None;
        if block.level_dbm0 < QUIET_LEVEL || block.level_dbm0 < self.tone_level - QUIET_BELOW {
            Kind::Quiet
        } else {
            Kind::Other
        }
    }

    fn advance(&mut self, kind: Kind) {
        if kind == self.current {
            // What interrupted it was too short to count.
            self.length += 1 + self.pending_length;
            self.pending_length = 0;
            return;
        }
        if kind != self.pending && self.pending_length > 0 && self.pending != self.current {
            // The end of a tone passes through a block that is neither.
            self.pending = if kind == Kind::Other { self.pending } else { kind };
        } else {
            self.pending = kind;
        }
        self.pending_length += 1;
        if self.pending_length < CONFIRM {
            return;
        }
        let mut finished = (self.current, self.length);
        if self.current == Kind::Tone && !self.is_on_frequency() {
            finished.0 = Kind::Other;
        }
        self.history.rotate_right(1);
        self.history[0] = finished;
        self.current = self.pending;
        self.length = self.pending_length;
        self.pending_length = 0;
        if self.current == Kind::Tone {
            self.turned = Phasor::default();
            self.last = None;
        }
    }

    fn is_on_frequency(&self) -> bool {
        (self.turned.angle() / TAU * 100.0).abs() <= MAX_OFFSET_HZ
    }

    fn recognise(&self, early: bool) -> Option<CallProgress> {
        let is = |index: usize, kind: Kind, range: &std::ops::RangeInclusive<u32>| {
            self.history[index].0 == kind && range.contains(&self.history[index].1)
        };
        let cycles =
            |count: usize, on: &std::ops::RangeInclusive<u32>, off: &std::ops::RangeInclusive<u32>| {
                (0..count).all(|index| {
                    if index % 2 == 0 { is(index, Kind::Tone, on) } else { is(index, Kind::Quiet, off) }
                })
            };
        match self.current {
            Kind::Tone => (self.length >= DIAL_MIN && self.is_on_frequency()).then_some(CallProgress::Dial),
            Kind::Quiet => {
                if self.length >= *BUSY.start() && cycles(3, &BUSY, &BUSY) && BUSY.contains(&self.length) {
                    return Some(CallProgress::Busy);
                }
                let is_short_pause = CONGESTION.contains(&self.length);
                if is_short_pause && cycles(5, &CONGESTION, &CONGESTION) {
                    return Some(CallProgress::Congestion);
                }
                let needed = if early { 1 } else { 3 };
                let is_ringback =
                    self.length >= RINGBACK_OFF_MIN && cycles(needed, &RINGBACK_ON, &RINGBACK_OFF);
                is_ringback.then_some(CallProgress::Ringback)
            }
            Kind::Other => None,
        }
    }
}
