//! The voices that callees and the scripted operator have: 8 kHz µ-law clips in the binary, see `voices/CREDITS.md`.

use std::sync::Arc;
use std::time::Duration;

use media::codec::g711::Law;

/// A recorded voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Somebody answers and talks, first variant.
    Person1,
    /// Second variant.
    Person2,
    /// Third variant.
    Person3,
    /// Somebody answers and wants never to be called again.
    Refuse,
    /// 「おかけになった電話番号は現在使われておりません」.
    NotInService,
    /// Greeting of an answering machine, without its beep.
    Voicemail,
    /// The operator's opening words.
    Operator,
}

impl Voice {
    /// One of the three people.
    #[must_use]
    pub const fn person(variant: u32) -> Self {
        match variant % 3 {
            0 => Self::Person1,
            1 => Self::Person2,
            _ => Self::Person3,
        }
    }

    const fn clip(self) -> &'static [u8] {
        match self {
            Self::Person1 => include_bytes!("../../voices/human_hello_1.ul"),
            Self::Person2 => include_bytes!("../../voices/human_hello_2.ul"),
            Self::Person3 => include_bytes!("../../voices/human_hello_3.ul"),
            Self::Refuse => include_bytes!("../../voices/human_refuse.ul"),
            Self::NotInService => include_bytes!("../../voices/not_in_service.ul"),
            Self::Voicemail => include_bytes!("../../voices/voicemail.ul"),
            Self::Operator => include_bytes!("../../voices/operator.ul"),
        }
    }

    /// The clip as 8 kHz mono PCM, cut after `at_most`.
    #[must_use]
    pub fn samples(self, at_most: Duration) -> Arc<[i16]> {
        let count = usize::try_from(at_most.as_millis()).unwrap_or(usize::MAX).saturating_mul(8);
        let clip = &self.clip()[..count.min(self.clip().len())];
        let mut pcm = vec![0; clip.len()];
        Law::Mu.decode(clip, &mut pcm);
        pcm.into()
    }

    /// Length of the clip, cut after `at_most`.
    #[must_use]
    pub fn length(self, at_most: Duration) -> Duration {
        let ms = u64::try_from(self.clip().len() / 8).unwrap_or(u64::MAX);
        Duration::from_millis(ms).min(at_most)
    }
}
