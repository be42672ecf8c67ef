//! How much of a ring is kept in hand between a device's clock and ours: as little as the two allow.

use crate::device::PLAYBACK_TARGET;
use crate::stretch;

/// The microphone's ring: a device fills it in pieces, a round of 20 ms empties it. What is left after a round must never
/// be nothing, and need not be much; how large the pieces are shows in what is left at worst.
#[derive(Debug)]
pub(crate) struct Reserve {
    /// Least that is to be left, in milliseconds.
    wanted: u32,
    /// Added where the ring is let fill up first: pieces longer than a round.
    extra: u32,
    /// Least that was left of late, and in how many rounds.
    lowest: u32,
    rounds: u32,
    /// Rounds since the ring was filled up.
    running: u32,
    /// Least that was left in this second, and the least and the most of seconds since `wanted` was last looked at.
    second: (u32, u32),
    seconds: Option<(u32, u32)>,
    /// When it will be again.
    patience: Patience,
}

impl Default for Reserve {
    fn default() -> Self {
        Self {
            wanted: WANTED_MS,
            extra: 0,
            lowest: u32::MAX,
            rounds: 0,
            running: 0,
            second: (u32::MAX, 0),
            seconds: None,
            patience: Patience::new(ROUND_MS),
        }
    }
}

impl Reserve {
    /// Milliseconds that the ring is to hold when it is first used, or again after it ran dry.
    pub(crate) fn fill_up_to(&self, round_ms: u32) -> u32 {
        round_ms + self.wanted + self.extra
    }

    /// The ring had less than a round needs.
    pub(crate) fn ran_dry(&mut self) {
        if self.running < SETTLE_ROUNDS {
            self.extra = (self.extra + 10).min(EXTRA_MAX_MS);
        } else {
            self.wanted = (self.wanted + 5).min(WANTED_MAX_MS);
            self.patience.trouble();
        }
        (self.lowest, self.rounds, self.running) = (u32::MAX, 0, 0);
        (self.second, self.seconds) = ((u32::MAX, 0), None);
    }

    /// What is left after a round, in milliseconds.
    pub(crate) fn left(&mut self, level_ms: u32) {
        self.lowest = self.lowest.min(level_ms);
        self.rounds += 1;
        self.running = self.running.saturating_add(1);
        let (low, rounds) = self.second;
        self.second = (low.min(level_ms), rounds + 1);
        if rounds + 1 == LOOK_ROUNDS {
            let low = low.min(level_ms);
            let (least, most) = self.seconds.unwrap_or((low, low));
            self.seconds = Some((least.min(low), most.max(low)));
            self.second = (u32::MAX, 0);
        }
        if self.patience.is_over() {
            // What comes each second is in the level already; this is for what is rarer.
            let (least, most) = self.seconds.take().unwrap_or((0, WANTED_MAX_MS));
            self.wanted = self.wanted.min((most - least + SPARED_MS).max(WANTED_MS));
        }
    }

    /// Milliseconds to take out (above 0) or to put in, once that is known. What speaks is let be for longer, and then changed by
    /// [`nudge`].
    pub(crate) fn correction(&mut self, silent: bool) -> i32 {
        if self.rounds < LOOK_ROUNDS {
            return 0;
        }
        let surplus = self.lowest.min(10_000) as i32 - self.wanted as i32;
        let fine = if silent { -TOLERANCE_MS..=TOLERANCE_MS } else { -TOLERANCE_MS..=SPOKEN_MS };
        if !fine.contains(&surplus) {
            (self.lowest, self.rounds) = (u32::MAX, 0);
            return surplus;
        }
        if self.rounds >= 2 * LOOK_ROUNDS {
            // Old news; a new look.
            (self.lowest, self.rounds) = (u32::MAX, 0);
        }
        0
    }
}

/// Makes what waits shorter (`off` above 0) or longer by a piece of so many milliseconds at most, where somebody speaks or the room is
/// never silent: whole periods, as the jitter buffer does.
pub(crate) fn nudge(pcm: &mut Vec<i16>, off: i32, rate: u32) {
    let per_ms = rate as usize / 1_000;
    let (length, most) = (pcm.len(), off.unsigned_abs() as usize * per_ms);
    let changed = if off > 0 {
        stretch::accelerate(pcm, length, rate, -1.0, most)
    } else {
        pcm.resize(length + stretch::LAG_MAX_MS * per_ms, 0);
        stretch::expand(pcm, length, rate, -1.0, most)
    };
    pcm.truncate(changed);
}

/// Whether nobody speaks and the room is silent.
pub(crate) fn is_silent(pcm: &[i16]) -> bool {
    pcm.iter().all(|sample| sample.unsigned_abs() < QUIET)
}

/// The ear piece's ring: filled up to a level every few milliseconds, and to a higher one once it was found empty.
#[derive(Debug)]
pub(crate) struct FillLevel {
    ms: u32,
    /// Whether it was filled before, so that an empty ring says something.
    filled: bool,
    /// Least that was found before a filling since the level was last looked at, and when it will be again.
    lowest: u32,
    patience: Patience,
}

impl Default for FillLevel {
    fn default() -> Self {
        Self { ms: FILL_MS, filled: false, lowest: u32::MAX, patience: Patience::new(FILLING_MS) }
    }
}

impl FillLevel {
    /// Somebody else plays from now on; the ring may have been empty for long.
    pub(crate) fn pause(&mut self) {
        self.filled = false;
    }

    /// The level to fill up to, in milliseconds, where the ring is found with `found` whole ones.
    pub(crate) fn target_ms(&mut self, found: u32) -> u32 {
        if !self.filled {
            self.filled = true;
            return self.ms;
        }
        self.lowest = self.lowest.min(found);
        if found == 0 {
            // Two pieces since the last filling are no harm yet, only near it.
            let more = if self.ms < FILL_NEAR_MS { FILL_NEAR_MS - self.ms } else { 5 };
            self.ms = (self.ms + more).min(FILL_MAX_MS);
            self.lowest = u32::MAX;
            self.patience.trouble();
        } else if self.patience.is_over() {
            let spare = self.lowest.saturating_sub(SPARED_MS);
            self.ms = self.ms.saturating_sub(spare).max(FILL_MS);
            self.lowest = u32::MAX;
        }
        self.ms
    }
}

/// How long nothing must have happened until what was never needed in that time is given back. A call begins with late moments:
/// streams open, programs start. Those are soon forgotten; what comes again is remembered twice as long each time.
#[derive(Debug)]
struct Patience {
    /// Milliseconds between two askings.
    step: u32,
    limit: u32,
    /// Since it last happened, and since time was last up.
    calm: u32,
    waited: u32,
}

impl Patience {
    fn new(step: u32) -> Self {
        Self { step, limit: CALM_MIN_MS, calm: 0, waited: 0 }
    }

    /// It happened. What comes within a second is one event.
    fn trouble(&mut self) {
        if self.calm >= EVENT_MS {
            self.limit = (self.limit * 2).min(CALM_MAX_MS);
        }
        (self.calm, self.waited) = (0, 0);
    }

    /// Whether time is up; asked at each step.
    fn is_over(&mut self) -> bool {
        self.calm = self.calm.saturating_add(self.step);
        self.waited += self.step;
        let over = self.waited >= self.limit;
        if over {
            self.waited = 0;
        }
        over
    }
}

/// Left after a round: a device and our own clock are late by some milliseconds.
const WANTED_MS: u32 = 7;
const WANTED_MAX_MS: u32 = 40;
const EXTRA_MAX_MS: u32 = 60;
/// More or less than wanted that is let be.
const TOLERANCE_MS: i32 = 2;
/// More than this is taken out of speech too, a period at a time; and so much at once.
const SPOKEN_MS: i32 = 8;
pub(crate) const MUCH_MS: i32 = 50;
/// Peak of what counts as a silent moment, about −47 dBm0.
const QUIET: u16 = 100;
/// A second shows the worst of a device's pieces.
const LOOK_ROUNDS: u32 = 50;
/// While the ring is new, running dry tells the length of the pieces, and nothing of late ones.
const SETTLE_ROUNDS: u32 = 10;
const FILL_MS: u32 = PLAYBACK_TARGET.as_millis() as u32;
const FILL_NEAR_MS: u32 = 12;
const FILL_MAX_MS: u32 = 50;
/// What is left in hand below the least of a calm time.
const SPARED_MS: u32 = 4;
/// Bounds of [`Patience`], and the length of an event.
const CALM_MIN_MS: u32 = 2_000;
const CALM_MAX_MS: u32 = 300_000;
const EVENT_MS: u32 = 1_000;
/// Distances of rounds and of fillings.
const ROUND_MS: u32 = 20;
const FILLING_MS: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    /// A device that delivers `piece` milliseconds at a time, one in fifty late by `late`, whose clock is off by `ppm`; rounds of 20 ms for
    /// `seconds`; somebody who falls silent once a second, or never. Gives how often the ring ran dry after the first second, and the mean
    /// level after a round in the last ten.
    fn simulate(piece: f64, late: f64, ppm: f64, pauses: bool, seconds: u32) -> (u32, f64) {
        let mut reserve = Reserve::default();
        let (mut level, mut primed, mut dry, mut sum) = (0.0, false, 0, 0.0);
        let (mut count, mut due, mut random) = (0.0, 0.0, 1_u32);
        let rounds = seconds * 50;
        for round in 0..rounds {
            let now = f64::from(round) * 20.0;
            while due <= now {
                level += piece;
                count += 1.0;
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let delay = if (random >> 16) % 50 == 0 { late } else { 0.0 };
                due = count * piece * (1.0 - ppm / 1e6) + delay;
            }
            if !primed && level >= f64::from(reserve.fill_up_to(20)) {
                level = f64::from(reserve.fill_up_to(20));
                primed = true;
            }
            if primed && level < 20.0 {
                reserve.ran_dry();
                primed = false;
                dry += u32::from(round > 50);
            }
            if primed {
                level -= 20.0;
                reserve.left(level as u32);
                let silent = pauses && round % 50 == 0;
                let off = reserve.correction(silent);
                // A period is 10 ms at most.
                let off = if silent { off } else { off.clamp(-10, 10) };
                level = (level - f64::from(off)).max(0.0);
            }
            if round + 500 >= rounds {
                sum += level;
            }
        }
        (dry, sum / 500.0)
    }

    #[test]
    fn little_is_kept_whatever_the_pieces_are() {
        for (piece, most) in [(5.0, 16.0), (10.0, 20.0), (21.33, 34.0), (40.0, 60.0)] {
            for (ppm, pauses) in [(-200.0, true), (0.0, true), (200.0, true), (-200.0, false), (200.0, false)]
            {
                let (dry, mean) = simulate(piece, 0.0, ppm, pauses, 60);
                let most = if pauses { most } else { most + 8.0 };
                assert!(
                    dry <= 1 && mean <= most,
                    "pieces of {piece} ms, {ppm} ppm, pauses {pauses}: dry {dry} times, {mean} ms"
                );
            }
        }
    }

    #[test]
    fn late_pieces_are_waited_for_and_forgotten() {
        let (dry, mean) = simulate(5.0, 25.0, 0.0, true, 300);
        assert!(dry <= 12 && mean <= 60.0, "dry {dry} times, {mean} ms in hand");
    }

    #[test]
    fn an_empty_ring_is_filled_higher() {
        let mut level = FillLevel::default();
        assert_eq!(level.target_ms(0), FILL_MS, "nothing was there to run out");
        assert_eq!(level.target_ms(0), FILL_NEAR_MS);
        assert_eq!(level.target_ms(0), FILL_NEAR_MS + 5);
        level.pause();
        assert_eq!(level.target_ms(0), FILL_NEAR_MS + 5);
        assert_eq!((0..40).map(|_| level.target_ms(0)).max(), Some(50));
    }

    /// Fillings until the level is the least again, where pieces of 5 ms leave what was filled in less those.
    fn until_calm(level: &mut FillLevel) -> usize {
        let mut ms = level.target_ms(20);
        (1..1_000_000)
            .find(|_| {
                ms = level.target_ms(ms - 5);
                ms == FILL_MS
            })
            .unwrap()
    }

    #[test]
    fn one_late_moment_is_soon_forgotten_and_those_that_return_are_not() {
        let mut level = FillLevel::default();
        level.target_ms(0);
        let forgotten: Vec<_> = (0..9)
            .map(|_| {
                // Three turns were late in a row.
                (0..3).for_each(|_| assert!(level.target_ms(0) > FILL_MS));
                // 2 s, 4 s and so on, in steps of 5 ms.
                until_calm(&mut level) as u32 * FILLING_MS / 1_000
            })
            .collect();
        assert_eq!(forgotten, [1, 3, 7, 15, 31, 63, 127, 255, 299]);
    }

    /// Two pieces between two fillings, now and then: the level is not given back that keeps them from being heard.
    #[test]
    fn what_was_needed_is_kept() {
        let mut level = FillLevel::default();
        level.target_ms(0);
        level.target_ms(0);
        for filling in 0..100_000 {
            let ms = level.target_ms(if filling % 300 == 0 { 2 } else { 7 });
            assert_eq!(ms, FILL_NEAR_MS);
        }
    }
}
