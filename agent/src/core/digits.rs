//! How the other side's digits come: by INFO, as telephone-events, as tones. Each press counts once.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The digits of one call that came in more than one way, or may yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digits {
    /// One came by INFO.
    by_info: bool,
    told: Presses,
    heard: Presses,
}

impl Digits {
    /// A digit came by INFO; whether it is news, and not one that was heard before.
    pub(crate) fn told(&mut self, digit: char, now: Instant) -> bool {
        self.by_info = true;
        let news = !self.heard.take(digit, now);
        if news {
            self.told.keep(digit, now);
        }
        news
    }

    /// The media engine heard a digit: an event where that was agreed on, else tones; whether it is news.
    pub(crate) fn heard(&mut self, digit: char, telephone_event: bool, now: Instant) -> bool {
        if telephone_event { self.event(digit, now) } else { self.tone(digit, now) }
    }

    /// A digit came as telephone-event; whether it is news. A peer that sends INFO too says the same press twice, in either order.
    fn event(&mut self, digit: char, now: Instant) -> bool {
        let news = !self.told.take(digit, now);
        if news {
            self.heard.keep(digit, now);
        }
        news
    }

    /// A digit was heard as tones; whether it is news. A peer whose digits come by INFO says nothing new with its tones, and
    /// nothing at all with a voice that sounds like one.
    fn tone(&mut self, digit: char, now: Instant) -> bool {
        if self.by_info {
            return false;
        }
        self.heard.keep(digit, now);
        true
    }
}

/// Presses that came one way and may yet come the other way, the oldest first.
#[derive(Clone, Debug, Default)]
struct Presses(VecDeque<(char, Instant)>);

impl Presses {
    /// Whether this one is among them. Those before it were pressed before it: they will not come any more.
    fn take(&mut self, digit: char, now: Instant) -> bool {
        self.0.retain(|(_, at)| now.saturating_duration_since(*at) < SAME_PRESS);
        let Some(index) = self.0.iter().position(|(known, _)| *known == digit) else { return false };
        self.0.drain(..=index);
        true
    }

    fn keep(&mut self, digit: char, now: Instant) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((digit, now));
    }
}

/// An INFO and the event or tones of the same press come within this time.
const SAME_PRESS: Duration = Duration::from_secs(2);
/// Digits pressed within that time, at most.
const MOST: usize = 32;

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "one base instant; time is simulated from there")]
mod tests {
    use super::*;

    use Way::{Event, Info, Tone};

    #[derive(Clone, Copy)]
    enum Way {
        Info,
        Event,
        Tone,
    }

    /// Digits in the order in which they come, with the milliseconds and the way; those that count.
    fn counted(presses: &[(u64, Way, char)]) -> String {
        let (base, mut digits) = (Instant::now(), Digits::default());
        let counts = |(ms, way, digit): &(u64, Way, char)| {
            let now = base + Duration::from_millis(*ms);
            let counts = match way {
                Info => digits.told(*digit, now),
                Event => digits.event(*digit, now),
                Tone => digits.tone(*digit, now),
            };
            counts.then_some(*digit)
        };
        presses.iter().filter_map(counts).collect()
    }

    #[test]
    fn a_digit_by_info_and_as_tones_is_told_once() {
        // Tones are known after some 60 ms, an INFO comes when the network brings it.
        assert_eq!(counted(&[(60, Tone, '5'), (90, Info, '5')]), "5");
        assert_eq!(counted(&[(20, Info, '5'), (60, Tone, '5')]), "5");
        // The same key twice is two presses, whichever way is quicker.
        let twice = [(60, Tone, '5'), (90, Info, '5'), (400, Tone, '5'), (430, Info, '5')];
        assert_eq!(counted(&twice), "55");
        let twice = [(30, Info, '5'), (60, Tone, '5'), (430, Info, '5'), (460, Tone, '5')];
        assert_eq!(counted(&twice), "55");
    }

    #[test]
    fn tones_that_are_ahead_of_their_info_count_once() {
        let late = [(60, Tone, '1'), (200, Tone, '2'), (340, Tone, '2'), (900, Info, '1'), (910, Info, '2')];
        assert_eq!(counted(&late), "122");
        let and_on = [&late[..], &[(920, Info, '2'), (1_500, Tone, '9'), (1_540, Info, '9')]].concat();
        assert_eq!(counted(&and_on), "1229");
        // One whose tones were not understood.
        assert_eq!(counted(&[(60, Tone, '1'), (300, Info, '1'), (400, Info, '2')]), "12");
    }

    #[test]
    fn one_way_alone_counts_each_press() {
        assert_eq!(counted(&[(60, Tone, '1'), (200, Tone, '1'), (9_000, Tone, '1')]), "111");
        assert_eq!(counted(&[(60, Info, '1'), (200, Info, '1'), (9_000, Info, '1')]), "111");
        // Tones of long ago have nothing to do with a digit by INFO.
        assert_eq!(counted(&[(60, Tone, '1'), (5_000, Info, '1')]), "11");
    }
    /// Either may be ahead, and a press that came one way only counts too.
    #[test]
    fn a_digit_by_info_and_as_event_is_told_once() {
        assert_eq!(counted(&[(20, Event, '5'), (90, Info, '5'), (400, Event, '5'), (430, Info, '5')]), "55");
        assert_eq!(counted(&[(20, Info, '5'), (90, Event, '5'), (400, Info, '5'), (430, Event, '5')]), "55");
        // The order changes between two presses.
        assert_eq!(counted(&[(20, Event, '5'), (90, Info, '5'), (400, Info, '5'), (430, Event, '5')]), "55");
        // Several that are ahead of the other way.
        let ahead =
            [(20, Event, '1'), (160, Event, '2'), (300, Event, '2'), (900, Info, '1'), (910, Info, '2')];
        assert_eq!(counted(&ahead), "122");
        // After an INFO an event of its own is a press, and so is an INFO whose event was lost.
        let mixed = [(20, Info, '1'), (60, Event, '1'), (700, Event, '9'), (1_500, Info, '#')];
        assert_eq!(counted(&mixed), "19#");
        assert_eq!(counted(&[(20, Info, '1'), (5_000, Event, '1')]), "11");
    }

    #[test]
    fn what_waits_for_its_other_way_is_bounded() {
        let mut digits = Digits::default();
        let now = Instant::now();
        for _ in 0..1_000 {
            assert!(digits.told('1', now) && digits.event('2', now));
        }
        assert_eq!((digits.told.0.len(), digits.heard.0.len()), (MOST, MOST));
    }
}
