//! A supervisor's ear, and voice, at another seat: listen, whisper, barge.
//!
//! ```text
//!  tapped seat            ring            supervisor's seat
//!  operator + customer ─────────────────> ear piece
//!  operator's ear  <─────────────────────┐
//!  customer        <── barge only ───────┴ microphone     (whisper and barge)
//! ```
//! Both seats may be served by different workers: rings of samples lie between them, and each side keeps its own pace.
//! The tapped side mixes whatever comes, so that what a supervisor may do is decided where their voice is taken.

use crate::device::{RingReader, RingWriter, ring};
use crate::notice::Overlay;
use crate::seat::{Rate, Seat};
use crate::tones::ToneSpec;
use crate::types::{SeatId, TapMode};

/// Makes the two ends of a tap; with `tone` the operator hears that it begins.
pub(crate) fn tap(by: SeatId, mode: TapMode, tone: bool) -> (TappedEnd, Monitor) {
    let (ear_in, ear_out) = ring(RING);
    let (whisper_in, whisper_out) = ring(RING);
    let (barge_in, barge_out) = ring(RING);
    let tapped = TappedEnd {
        by,
        ear: ear_in,
        operator: Rate::default(),
        callee: Rate::default(),
        converted: [Vec::new(), Vec::new()],
        whisper: Voice::new(whisper_out),
        barge: Voice::new(barge_out),
        tone: tone.then(|| Overlay::new(notice())),
    };
    let monitor = Monitor {
        mode,
        ear: Source::new(ear_out),
        whisper: whisper_in,
        barge: barge_in,
        frame: Vec::with_capacity(FRAME * 2),
    };
    (tapped, monitor)
}

/// The end at the seat that is listened to.
#[derive(Debug)]
pub(crate) struct TappedEnd {
    by: SeatId,
    ear: RingWriter,
    operator: Rate,
    callee: Rate,
    converted: [Vec<i16>; 2],
    whisper: Voice,
    barge: Voice,
    /// Tells the operator, once.
    tone: Option<Overlay>,
}

impl TappedEnd {
    /// Who listens.
    pub(crate) fn by(&self) -> SeatId {
        self.by
    }

    /// Whether the supervisor has gone.
    pub(crate) fn is_over(&self) -> bool {
        self.ear.is_alone()
    }

    /// Lets the supervisor hear 20 ms of both sides, at `rate`.
    pub(crate) fn tell(&mut self, operator: &[i16], callee: &[i16], rate: u32) {
        let [left, right] = &mut self.converted;
        let operator = self.operator.convert(operator, rate, RATE, left);
        let callee = self.callee.convert(callee, rate, RATE, right);
        let count = operator.len().min(callee.len());
        self.ear.push_with(count, |at| {
            let both = operator.get(at).zip(callee.get(at));
            both.map_or(0, |(operator, callee)| operator.saturating_add(*callee))
        });
    }

    /// Adds what the supervisor says to what the operator hears, at `rate`; whether there was anything.
    pub(crate) fn whisper(&mut self, heard: &mut [i16], rate: u32) -> bool {
        let tone = self.tone.as_mut().filter(|tone| !tone.is_over());
        let tells = tone.is_some();
        tone.into_iter().for_each(|tone| tone.mix(heard, rate));
        self.whisper.mix(heard, rate) | tells
    }

    /// Adds what the supervisor says to what the customer hears, at `rate`; whether there was anything.
    pub(crate) fn barge(&mut self, said: &mut [i16], rate: u32) -> bool {
        self.barge.mix(said, rate)
    }
}

/// The end at the supervisor's seat.
#[derive(Debug)]
pub(crate) struct Monitor {
    mode: TapMode,
    ear: Source,
    whisper: RingWriter,
    barge: RingWriter,
    frame: Vec<i16>,
}

impl Monitor {
    /// From the next round on.
    pub(crate) fn set_mode(&mut self, mode: TapMode) {
        self.mode = mode;
    }

    /// Fills the playback ring of a seat on a device; to be called every 5 ms.
    pub(crate) fn top_up(&mut self, seat: &mut Seat) {
        let count = seat.playback_deficit(RATE);
        if count > 0 {
            self.frame.resize(count, 0);
            self.ear.take(&mut self.frame);
            seat.play(&mut self.frame, RATE);
        }
    }

    /// A round of 20 ms.
    pub(crate) fn tick(&mut self, seat: &mut Seat) {
        if !seat.plays_by_device() {
            self.frame.resize(FRAME, 0);
            self.ear.take(&mut self.frame);
            seat.play(&mut self.frame, RATE);
        }
        self.frame.resize(FRAME, 0);
        seat.capture(&mut self.frame, RATE);
        match self.mode {
            TapMode::Listen => {}
            TapMode::Whisper => {
                self.whisper.push(&self.frame);
            }
            TapMode::Barge => {
                self.whisper.push(&self.frame);
                self.barge.push(&self.frame);
            }
        }
    }
}

/// What an operator hears when somebody begins to listen: 1400 Hz for 200 ms, as where a recording is told of.
fn notice() -> ToneSpec {
    ToneSpec { ms: Some(200), ..ToneSpec::sine(1_400.0, -24.0) }
}

/// A voice out of a ring, at the rate of those who hear it.
#[derive(Debug)]
struct Voice {
    source: Source,
    rate: Rate,
    frame: Vec<i16>,
    converted: Vec<i16>,
    /// Converted samples left over.
    carry: Vec<i16>,
}

impl Voice {
    fn new(ring: RingReader) -> Self {
        Self {
            source: Source::new(ring),
            rate: Rate::default(),
            frame: Vec::new(),
            converted: Vec::new(),
            carry: Vec::new(),
        }
    }

    fn mix(&mut self, pcm: &mut [i16], rate: u32) -> bool {
        if self.carry.is_empty() && self.source.is_silent() {
            return false;
        }
        while self.carry.len() < pcm.len() {
            self.frame.resize(STEP, 0);
            self.source.take(&mut self.frame);
            let voice = self.rate.convert(&self.frame, RATE, rate, &mut self.converted);
            self.carry.extend_from_slice(voice);
        }
        pcm.iter_mut().zip(&self.carry).for_each(|(slot, sample)| *slot = slot.saturating_add(*sample));
        self.carry.drain(..pcm.len());
        true
    }
}

/// The reading end of a ring, with so much in stock that the two sides' paces do not matter.
#[derive(Debug)]
struct Source {
    ring: RingReader,
    primed: bool,
}

impl Source {
    fn new(ring: RingReader) -> Self {
        Self { ring, primed: false }
    }

    fn is_silent(&self) -> bool {
        self.ring.level() < if self.primed { STEP } else { STOCK }
    }

    /// Fills `out`, with silence where there is nothing.
    fn take(&mut self, out: &mut [i16]) {
        if self.ring.level() > STOCK_LIMIT {
            self.ring.discard(self.ring.level() - STOCK);
        }
        self.primed = self.ring.level() >= if self.primed { out.len() } else { STOCK };
        let count = if self.primed { self.ring.pop(out) } else { 0 };
        out.iter_mut().skip(count).for_each(|slot| *slot = 0);
    }
}

/// Samples in a ring are mono at this rate.
const RATE: u32 = 16_000;
/// 20 ms.
const FRAME: usize = RATE as usize / 50;
/// 5 ms.
const STEP: usize = RATE as usize / 200;
/// 200 ms; what does not fit is dropped.
const RING: usize = RATE as usize / 5;
/// Two rounds: either side may be late by one.
const STOCK: usize = FRAME * 2;
/// More than this is lateness that nobody needs.
const STOCK_LIMIT: usize = FRAME * 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn seat_with_voice(sample: i16) -> Seat {
        let mut seat = Seat::new(0, Vec::new());
        seat.set_capture(crate::device::CaptureFeed::Clip(vec![sample; 80_000].into()));
        seat
    }

    /// What operator and customer hear of a supervisor who says 1000, after a second.
    fn heard(mode: TapMode) -> (i16, i16) {
        let (mut tapped, mut monitor) = tap(SeatId(2), mode, false);
        let mut seat = seat_with_voice(1_000);
        let (mut operator, mut customer) = ([0; 160], [0; 160]);
        for _ in 0..50 {
            monitor.tick(&mut seat);
            (operator, customer) = ([10; 160], [20; 160]);
            tapped.whisper(&mut operator, 8_000);
            tapped.barge(&mut customer, 8_000);
        }
        (operator[80], customer[80])
    }

    #[test]
    fn who_hears_the_supervisor_is_the_mode_s_to_say() {
        let near = |(a, b): (i16, i16), (c, d): (i16, i16)| (a - c).abs() < 10 && (b - d).abs() < 10;
        assert_eq!(heard(TapMode::Listen), (10, 20));
        assert!(near(heard(TapMode::Whisper), (1_010, 20)), "{:?}", heard(TapMode::Whisper));
        assert!(near(heard(TapMode::Barge), (1_010, 1_020)), "{:?}", heard(TapMode::Barge));
    }

    #[test]
    fn a_supervisor_hears_both_sides_and_leaves_by_being_dropped() {
        let (mut tapped, mut monitor) = tap(SeatId(2), TapMode::Listen, false);
        let mut out = [0; FRAME];
        for _ in 0..20 {
            tapped.tell(&[300; 160], &[400; 160], 8_000);
            monitor.ear.take(&mut out);
        }
        assert!(out.iter().all(|sample| (690..=710).contains(sample)), "{out:?}");
        assert!(!tapped.is_over());
        drop(monitor);
        assert!(tapped.is_over());
    }

    #[test]
    fn another_mode_costs_nobody_a_sample() {
        let (mut tapped, mut monitor) = tap(SeatId(2), TapMode::Whisper, false);
        let mut seat = seat_with_voice(1_000);
        for round in 0..60 {
            if round == 30 {
                monitor.set_mode(TapMode::Barge);
            }
            tapped.tell(&[300; 320], &[400; 320], 16_000);
            monitor.tick(&mut seat);
            let (mut operator, mut customer) = ([0; 320], [0; 320]);
            tapped.whisper(&mut operator, 16_000);
            tapped.barge(&mut customer, 16_000);
            let spoken = |heard: &[i16]| heard.iter().all(|sample| (990..=1_010).contains(sample));
            // A stock takes two rounds to be there.
            if round >= 5 {
                assert!(monitor.ear.primed && spoken(&operator), "round {round}");
            }
            match round {
                0..30 => assert_eq!(customer, [0; 320], "round {round}"),
                35.. => assert!(spoken(&customer), "round {round}"),
                _ => {}
            }
        }
    }

    #[test]
    fn a_tone_tells_the_operator_once() {
        let (mut tapped, _monitor) = tap(SeatId(2), TapMode::Listen, true);
        let mut told = Vec::new();
        for _ in 0..50 {
            let mut heard = [0; 160];
            tapped.whisper(&mut heard, 8_000);
            told.extend(heard);
        }
        let share = crate::tones::goertzel::Bin::new(1_400.0, 8_000.0).share_of(&told[80..1_520]);
        assert!(share > 0.95, "{share}");
        assert!(told[1_600..].iter().all(|sample| *sample == 0), "it ends after 200 ms");
    }

    #[test]
    fn a_side_that_stands_still_costs_no_more_than_the_ring() {
        let (mut tapped, mut monitor) = tap(SeatId(2), TapMode::Barge, false);
        for _ in 0..100 {
            tapped.tell(&[1; 960], &[1; 960], 48_000);
        }
        let mut out = [0; FRAME];
        monitor.ear.take(&mut out);
        assert!(monitor.ear.ring.level() <= STOCK, "what is old is not heard");
    }
}
