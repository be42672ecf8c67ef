//! DTMF digits: their event codes (RFC 4733 3.2) and frequencies (ITU-T Q.23), and in-band generation.

use std::borrow::Cow;

use crate::tones::spec::{Step, ToneSpec, Wave};

/// Level of both frequencies together; Q.24 receivers take down to about −27.
const LEVEL_DBM0: f32 = -9.0;

/// Length of a digit and of the pause after it, in milliseconds; Japanese exchanges want at least 50 and 30.
pub const DIGIT_MS: u32 = 100;
/// Pause after a digit.
pub const PAUSE_MS: u32 = 60;

/// One DTMF digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digit(u8);

impl Digit {
    /// The digit of a key: `0`-`9`, `*`, `#`, `A`-`D` in either case.
    pub fn from_char(key: char) -> Option<Self> {
        KEYS.iter().position(|&known| known == key.to_ascii_uppercase()).map(|code| Self(code as u8))
    }

    /// The digit of an event code (RFC 4733 table 7); 16 (flash) and above are not digits.
    pub fn from_event(event: u8) -> Option<Self> {
        (usize::from(event) < KEYS.len()).then_some(Self(event))
    }

    /// Event code.
    pub fn event(self) -> u8 {
        self.0
    }

    /// The key.
    pub fn to_char(self) -> char {
        KEYS[usize::from(self.0)]
    }

    /// The digit at a row and a column of the keypad.
    pub(crate) fn at(row: usize, column: usize) -> Option<Self> {
        PAD.get(row)?.get(column).and_then(|&key| Self::from_char(key))
    }

    /// Low and high frequency in Hz.
    pub fn frequencies(self) -> (f32, f32) {
        let key = self.to_char();
        let place = |row: &[char; 4]| row.iter().position(|&other| other == key);
        let found = PAD.iter().enumerate().find_map(|(row, keys)| Some((row, place(keys)?)));
        let (row, column) = found.unwrap_or_default();
        (ROWS_HZ[row], COLUMNS_HZ[column])
    }

    /// The digit as a tone with its pause.
    pub fn tone(self) -> ToneSpec {
        let (low_hz, high_hz) = self.frequencies();
        let steps = vec![
            Step { wave: Wave::Dual { low_hz, high_hz }, ms: DIGIT_MS },
            Step { wave: Wave::Silence, ms: PAUSE_MS },
        ];
        ToneSpec { name: "dtmf", steps: Cow::Owned(steps), loop_to: None, level_dbm0: LEVEL_DBM0, ms: None }
    }
}

/// The keypad (ITU-T Q.23).
const PAD: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];
/// Frequency of each row in Hz.
pub(crate) const ROWS_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
/// Frequency of each column in Hz.
pub(crate) const COLUMNS_HZ: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

/// Keys in the order of their event codes.
const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::goertzel::Bin;
    use crate::tones::{ToneSource, level_dbm0};

    #[test]
    fn codes_and_keys_agree() {
        for (event, key) in KEYS.into_iter().enumerate() {
            let digit = Digit::from_char(key).unwrap();
            assert_eq!((usize::from(digit.event()), digit.to_char()), (event, key));
            assert_eq!(Digit::from_event(event as u8), Some(digit));
        }
        assert_eq!(Digit::from_char('d').map(Digit::event), Some(15));
        assert_eq!(Digit::from_char('x'), None);
        assert_eq!(Digit::from_event(16), None);
    }

    #[test]
    fn a_digit_has_its_two_frequencies() {
        for key in KEYS {
            let digit = Digit::from_char(key).unwrap();
            let mut pcm = vec![0; 2000];
            let written = ToneSource::new(digit.tone(), 8_000).fill(&mut pcm);
            assert_eq!(written, 1280);
            let (low, high) = digit.frequencies();
            assert!((level_dbm0(&pcm[..800]) + 9.0).abs() < 0.3);
            for hz in [low, high] {
                let share = Bin::new(hz, 8_000.0).share_of(&pcm[..800]);
                assert!((share - 0.5).abs() < 0.05, "{key} {hz}: {share}");
            }
        }
    }
}
