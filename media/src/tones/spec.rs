//! Tones as data: the Japanese call-progress tones, FAX tones, beeps.

use std::borrow::Cow;

/// The wave of one [`Step`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wave {
    /// Nothing.
    Silence,
    /// One sine.
    Sine {
        /// Frequency.
        hz: f32,
    },
    /// Two sines of equal level.
    Dual {
        /// Lower frequency.
        low_hz: f32,
        /// Higher frequency.
        high_hz: f32,
    },
    /// A sine whose amplitude is modulated by another.
    Am {
        /// Carrier.
        hz: f32,
        /// Modulation.
        by_hz: f32,
        /// 0 to 1.
        depth: f32,
    },
    /// A sine whose phase turns by 180 degrees at regular times (V.25 ANS with reversals).
    Reversing {
        /// Frequency.
        hz: f32,
        /// Milliseconds between reversals.
        every_ms: u32,
    },
    /// V.21 channel 2 (mark 1650 Hz, space 1850 Hz, 300 bit/s) sending HDLC flags `0x7E`.
    V21Flags,
}

/// A wave for a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// What is heard.
    pub wave: Wave,
    /// For how long, in milliseconds; 0 means until the tone ends.
    pub ms: u32,
}

const fn step(wave: Wave, ms: u32) -> Step {
    Step { wave, ms }
}

/// A tone: steps, level and length.
#[derive(Clone, Debug, PartialEq)]
pub struct ToneSpec {
    /// Stable name, as in scripts.
    pub name: &'static str,
    /// Steps in order.
    pub steps: Cow<'static, [Step]>,
    /// Step to go on with after the last one; `None` ends the tone there.
    pub loop_to: Option<usize>,
    /// Level of the sounding steps.
    pub level_dbm0: f32,
    /// Total length in milliseconds; `None` follows the steps.
    pub ms: Option<u32>,
}

impl ToneSpec {
    /// 発信音: 400 Hz continuous.
    pub fn dial() -> Self {
        Self::table("dial", DIAL, Some(0), -19.0)
    }

    /// 呼出音: 400 Hz modulated by 16 Hz, 1 s on, 2 s off.
    pub fn ringback() -> Self {
        Self::table("ringback", RINGBACK, Some(0), -16.0)
    }

    /// 話中音: 400 Hz, 0.5 s on, 0.5 s off.
    pub fn busy() -> Self {
        Self::table("busy", BUSY, Some(0), -16.0)
    }

    /// Fast busy of some exchanges: 400 Hz, 0.25 s on, 0.25 s off.
    pub fn congestion() -> Self {
        Self::table("congestion", CONGESTION, Some(0), -16.0)
    }

    /// What rings at a seat: two notes in turns as a telephone's bell, 1 s on, 2 s off.
    pub fn ring() -> Self {
        Self::table("ring", RING, Some(0), -10.0)
    }

    /// Call waiting: 400 Hz modulated by 16 Hz, 0.5 s on, 8 s off.
    pub fn call_waiting() -> Self {
        Self::table("call-waiting", CALL_WAITING, Some(0), -19.0)
    }

    /// Second dial tone: three short 400 Hz tones, then continuous.
    pub fn second_dial() -> Self {
        Self::table("second-dial", SECOND_DIAL, Some(6), -19.0)
    }

    /// Special information tone: 950, 1400, 1800 Hz, 330 ms each.
    pub fn special_information() -> Self {
        Self::table("sit", SPECIAL_INFORMATION, None, -16.0)
    }

    /// FAX answer tone (T.30 CED): 2100 Hz, 3 s.
    pub fn ced() -> Self {
        Self::table("ced", CED, None, -12.0)
    }

    /// Answer tone with phase reversals (V.25): 2100 Hz, 3.3 s.
    pub fn ans_reversing() -> Self {
        Self::table("ans-pr", ANS_REVERSING, None, -12.0)
    }

    /// V.8 answer tone: 2100 Hz modulated by 15 Hz by 20 %, 4 s.
    pub fn ansam() -> Self {
        Self::table("ansam", ANSAM, None, -12.0)
    }

    /// FAX calling tone: 1100 Hz, 0.5 s on, 3 s off.
    pub fn cng() -> Self {
        Self::table("cng", CNG, Some(0), -12.0)
    }

    /// T.30 preamble: V.21 flags for 1 s.
    pub fn v21_preamble() -> Self {
        Self::table("v21", V21_PREAMBLE, None, -12.0)
    }

    /// Beep of an answering machine: 1 kHz, 0.4 s.
    pub fn beep() -> Self {
        Self::table("beep", BEEP, None, -12.0)
    }

    /// One continuous sine.
    pub fn sine(hz: f32, level_dbm0: f32) -> Self {
        let steps = Cow::Owned(vec![step(Wave::Sine { hz }, 0)]);
        Self { name: "sine", steps, loop_to: Some(0), level_dbm0, ms: None }
    }

    /// The tone of the table with this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ans-pr" => Self::ans_reversing(),
            "ansam" => Self::ansam(),
            "beep" => Self::beep(),
            "busy" => Self::busy(),
            "call-waiting" => Self::call_waiting(),
            "ced" => Self::ced(),
            "cng" => Self::cng(),
            "congestion" => Self::congestion(),
            "dial" => Self::dial(),
            "ring" => Self::ring(),
            "ringback" => Self::ringback(),
            "second-dial" => Self::second_dial(),
            "sit" => Self::special_information(),
            "v21" => Self::v21_preamble(),
            _ => return None,
        })
    }

    /// The same tone, ended after `ms` milliseconds and repeated until then.
    #[must_use]
    pub fn for_ms(mut self, ms: u32) -> Self {
        self.ms = Some(ms);
        self
    }

    /// The same tone at another level.
    #[must_use]
    pub fn at_dbm0(mut self, level_dbm0: f32) -> Self {
        self.level_dbm0 = level_dbm0;
        self
    }

    fn table(name: &'static str, steps: &'static [Step], loop_to: Option<usize>, level_dbm0: f32) -> Self {
        Self { name, steps: Cow::Borrowed(steps), loop_to, level_dbm0, ms: None }
    }
}

const TONE_400: Wave = Wave::Sine { hz: 400.0 };
const TONE_400_BY_16: Wave = Wave::Am { hz: 400.0, by_hz: 16.0, depth: 0.9 };

const DIAL: &[Step] = &[step(TONE_400, 1000)];
const RINGBACK: &[Step] = &[step(TONE_400_BY_16, 1000), step(Wave::Silence, 2000)];
const LOW_NOTE: Step = step(Wave::Sine { hz: 660.0 }, 50);
const HIGH_NOTE: Step = step(Wave::Sine { hz: 830.0 }, 50);
/// Twenty notes of 50 ms, then the pause.
const RING: &[Step] = &{
    let mut steps = [step(Wave::Silence, 2000); 21];
    let mut at = 0;
    while at < 20 {
        steps[at] = LOW_NOTE;
        steps[at + 1] = HIGH_NOTE;
        at += 2;
    }
    steps
};
const BUSY: &[Step] = &[step(TONE_400, 500), step(Wave::Silence, 500)];
const CONGESTION: &[Step] = &[step(TONE_400, 250), step(Wave::Silence, 250)];
const CALL_WAITING: &[Step] = &[step(TONE_400_BY_16, 500), step(Wave::Silence, 8000)];
const SECOND_DIAL: &[Step] = &[
    step(TONE_400, 200),
    step(Wave::Silence, 200),
    step(TONE_400, 200),
    step(Wave::Silence, 200),
    step(TONE_400, 200),
    step(Wave::Silence, 200),
    step(TONE_400, 1000),
];
const SPECIAL_INFORMATION: &[Step] = &[
    step(Wave::Sine { hz: 950.0 }, 330),
    step(Wave::Sine { hz: 1400.0 }, 330),
    step(Wave::Sine { hz: 1800.0 }, 330),
];
const CED: &[Step] = &[step(Wave::Sine { hz: 2100.0 }, 3000)];
const ANS_REVERSING: &[Step] = &[step(Wave::Reversing { hz: 2100.0, every_ms: 450 }, 3300)];
const ANSAM: &[Step] = &[step(Wave::Am { hz: 2100.0, by_hz: 15.0, depth: 0.2 }, 4000)];
const CNG: &[Step] = &[step(Wave::Sine { hz: 1100.0 }, 500), step(Wave::Silence, 3000)];
const V21_PREAMBLE: &[Step] = &[step(Wave::V21Flags, 1000)];
const BEEP: &[Step] = &[step(Wave::Sine { hz: 1000.0 }, 400)];
