//! How the other side's digits come: by INFO, as telephone-events, as tones. Each press counts once.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The digits of one call that came in more than one way, or may yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digits {
    /// One came by INFO.
    by_info: bool,
    /// Heard as tones before that, the oldest first.
    tones: VecDeque<(char, Instant)>,
}

impl Digits {
    /// A digit came by INFO; whether it is news, and not one whose tones were heard before.
    pub(crate) fn told(&mut self, digit: char, now: Instant) -> bool {
        self.by_info = true;
        self.tones.retain(|(_, at)| now.saturating_duration_since(*at) < SAME_PRESS);
        let Some(index) = self.tones.iter().position(|(heard, _)| *heard == digit) else { return true };
        // Those before it were pressed before it: they will not come any more.
        self.tones.drain(..=index);
        false
    }

    /// A digit was heard as tones; whether it is news. A peer whose digits come by INFO says nothing new with its tones.
    pub(crate) fn heard(&mut self, digit: char, now: Instant) -> bool {
        if self.by_info {
            return false;
        }
        if self.tones.len() == MOST {
            self.tones.pop_front();
        }
        self.tones.push_back((digit, now));
        true
    }
}

/// An INFO and the tones of the same press come within this time.
const SAME_PRESS: Duration = Duration::from_secs(2);
/// Digits pressed within that time, at most.
const MOST: usize = 32;

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "one base instant; time is simulated from there")]
mod tests {
    use super::*;

    /// Digits in the order in which they come, by INFO (`true`) or as tones, with the milliseconds; those that count.
    fn counted(events: &[(u64, bool, char)]) -> String {
        let (base, mut digits) = (Instant::now(), Digits::default());
        let counts = |(ms, by_info, digit): &(u64, bool, char)| {
            let now = base + Duration::from_millis(*ms);
            let counts = if *by_info { digits.told(*digit, now) } else { digits.heard(*digit, now) };
            counts.then_some(*digit)
        };
        events.iter().filter_map(counts).collect()
    }

    #[test]
    fn a_digit_by_info_and_as_tones_is_told_once() {
        // Tones are known after some 60 ms, an INFO comes when the network brings it.
        assert_eq!(counted(&[(60, false, '5'), (90, true, '5')]), "5");
        assert_eq!(counted(&[(20, true, '5'), (60, false, '5')]), "5");
        // The same key twice is two presses, whichever way is quicker.
        let twice = [(60, false, '5'), (90, true, '5'), (400, false, '5'), (430, true, '5')];
        assert_eq!(counted(&twice), "55");
        let twice = [(30, true, '5'), (60, false, '5'), (430, true, '5'), (460, false, '5')];
        assert_eq!(counted(&twice), "55");
    }

    #[test]
    fn tones_that_are_ahead_of_their_info_count_once() {
        let late =
            [(60, false, '1'), (200, false, '2'), (340, false, '2'), (900, true, '1'), (910, true, '2')];
        assert_eq!(counted(&late), "122");
        let and_on = [&late[..], &[(920, true, '2'), (1_500, false, '9'), (1_540, true, '9')]].concat();
        assert_eq!(counted(&and_on), "1229");
        // One whose tones were not understood.
        assert_eq!(counted(&[(60, false, '1'), (300, true, '1'), (400, true, '2')]), "12");
    }

    #[test]
    fn one_way_alone_counts_each_press() {
        assert_eq!(counted(&[(60, false, '1'), (200, false, '1'), (9_000, false, '1')]), "111");
        assert_eq!(counted(&[(60, true, '1'), (200, true, '1'), (9_000, true, '1')]), "111");
        // Tones of long ago have nothing to do with a digit by INFO.
        assert_eq!(counted(&[(60, false, '1'), (5_000, true, '1')]), "11");
    }
}
