//! How much of a ring is kept in hand between a device's clock and ours: as little as the two allow.

use crate::device::PLAYBACK_TARGET;

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
    /// Rounds since the ring was filled up, and since the last change of `wanted`.
    running: u32,
    calm: u32,
}

impl Default for Reserve {
    fn default() -> Self {
        Self { wanted: WANTED_MS, extra: 0, lowest: u32::MAX, rounds: 0, running: 0, calm: 0 }
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
            self.calm = 0;
        }
        (self.lowest, self.rounds, self.running) = (u32::MAX, 0, 0);
    }

    /// What is left after a round, in milliseconds.
    pub(crate) fn left(&mut self, level_ms: u32) {
        self.lowest = self.lowest.min(level_ms);
        self.rounds += 1;
        self.running = self.running.saturating_add(1);
        self.calm += 1;
        if self.calm >= CALM_ROUNDS {
            self.calm = 0;
            self.wanted = self.wanted.saturating_sub(1).max(WANTED_MS);
        }
    }

    /// Milliseconds to take out (above 0) or to put in, once that is known. What speaks is not cut unless much is too much.
    pub(crate) fn correction(&mut self, silent: bool) -> i32 {
        if self.rounds < LOOK_ROUNDS {
            return 0;
        }
        let surplus = self.lowest.min(10_000) as i32 - self.wanted as i32;
        let due = if silent { surplus.abs() > TOLERANCE_MS } else { surplus > SURPLUS_MAX_MS };
        if due {
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

/// The ear piece's ring: filled up to a level every few milliseconds, and to a higher one once it was found empty.
#[derive(Debug)]
pub(crate) struct FillLevel {
    ms: u32,
    /// Whether it was filled before, so that an empty ring says something.
    filled: bool,
    /// Fillings since the level last changed.
    calm: u32,
}

impl Default for FillLevel {
    fn default() -> Self {
        Self { ms: FILL_MS, filled: false, calm: 0 }
    }
}

impl FillLevel {
    /// Somebody else plays from now on; the ring may have been empty for long.
    pub(crate) fn pause(&mut self) {
        self.filled = false;
    }

    /// The level to fill up to, in milliseconds, where the ring is found with `level` samples.
    pub(crate) fn target_ms(&mut self, level: usize) -> u32 {
        if self.filled && level == 0 {
            // Two pieces since the last filling are no harm yet, only near it.
            let more = if self.ms < FILL_NEAR_MS { FILL_NEAR_MS - self.ms } else { 5 };
            self.ms = (self.ms + more).min(FILL_MAX_MS);
            self.calm = 0;
        }
        self.filled = true;
        self.calm += 1;
        if self.calm >= CALM_FILLINGS {
            self.calm = 0;
            self.ms = self.ms.saturating_sub(1).max(FILL_MS);
        }
        self.ms
    }
}

/// Left after a round: a device and our own clock are late by some milliseconds.
const WANTED_MS: u32 = 7;
const WANTED_MAX_MS: u32 = 40;
const EXTRA_MAX_MS: u32 = 60;
/// More or less than wanted that is let be.
const TOLERANCE_MS: i32 = 2;
/// More than this is cut from speech too.
const SURPLUS_MAX_MS: i32 = 50;
/// A second shows the worst of a device's pieces.
const LOOK_ROUNDS: u32 = 50;
/// While the ring is new, running dry tells the length of the pieces, and nothing of late ones.
const SETTLE_ROUNDS: u32 = 10;
/// Without trouble for five minutes, a millisecond less is tried. Pieces slip against rounds slower than that.
const CALM_ROUNDS: u32 = 15_000;
const FILL_MS: u32 = PLAYBACK_TARGET.as_millis() as u32;
const FILL_NEAR_MS: u32 = 12;
const FILL_MAX_MS: u32 = 50;
/// Fillings come every 5 ms: a minute.
const CALM_FILLINGS: u32 = 12_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// A device that delivers `piece` milliseconds at a time, one in fifty late by `late`, whose clock is off by `ppm`; rounds of 20 ms for `seconds`. Gives how often the ring ran dry after the first second, and the mean level
    /// after a round in the last ten.
    fn simulate(piece: f64, late: f64, ppm: f64, seconds: u32) -> (u32, f64) {
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
                // Somebody falls silent once a second.
                level = (level - f64::from(reserve.correction(round % 50 == 0))).max(0.0);
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
            for ppm in [-200.0, 0.0, 200.0] {
                let (dry, mean) = simulate(piece, 0.0, ppm, 60);
                assert!(
                    dry <= 1 && mean <= most,
                    "pieces of {piece} ms, {ppm} ppm: dry {dry} times, {mean} ms"
                );
            }
        }
    }

    #[test]
    fn late_pieces_are_waited_for_and_forgotten() {
        let (dry, mean) = simulate(5.0, 25.0, 0.0, 300);
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
        for _ in 0..500_000 {
            level.target_ms(1);
        }
        assert_eq!(level.target_ms(1), FILL_MS);
    }
}
