//! A SIP phone as the voice of a seat.
//!
//! ```text
//!  phone's session ─ pull ─> hear ─> capture ─> call's session ─> customer
//!  customer ─> call's session ─ pull ─> play ─> tell ─> phone's session
//! ```
//! The two legs take one turn together, so that nothing waits between them: a frame of 20 ms goes from the jitter buffer
//! of the one into a packet of the other. Rates that differ are converted here, nothing else is. Between legs of the same
//! codec the packets themselves go along with their samples ([`Coded`]), and are sent where nobody has changed these.

use std::sync::Arc;

use crate::coded::Coded;
use crate::seat::Rate;
use crate::tones::{ToneSource, ToneSpec};
use crate::types::SessionId;
use crate::wav::VOICE_RATE;

/// What lies between a phone's leg and the calls of its seat. Allocates until both legs have had their first turn.
#[derive(Debug)]
pub(crate) struct Phone {
    /// The leg that is the phone, while there is one.
    leg: Option<SessionId>,
    idle: Idle,
    /// In the place of what is heard between calls: somebody calls.
    alert: Option<ToneSource>,
    /// What the phone said last, and its rate; the idle sound where nobody can say anything.
    voice: Vec<i16>,
    voice_rate: u32,
    /// What the phone is to hear next, and its rate.
    heard: Vec<i16>,
    heard_rate: u32,
    /// Whether something was put there since the phone was last told.
    fresh: bool,
    /// Both ways, as it came.
    said: Coded,
    told: Coded,
    capture_rate: Rate,
    play_rate: Rate,
    converted: Vec<i16>,
    sound: Vec<i16>,
}

impl Phone {
    /// A phone that is not called yet. `idle` is mono at 8 kHz, repeated without end; empty means silence.
    pub(crate) fn new(idle: Arc<[i16]>) -> Self {
        Self {
            leg: None,
            idle: Idle { samples: idle, at: 0 },
            alert: None,
            voice: Vec::new(),
            voice_rate: VOICE_RATE,
            heard: Vec::new(),
            heard_rate: VOICE_RATE,
            fresh: false,
            said: Coded::default(),
            told: Coded::default(),
            capture_rate: Rate::default(),
            play_rate: Rate::default(),
            converted: Vec::new(),
            sound: Vec::new(),
        }
    }

    /// The phone's leg.
    pub(crate) fn leg(&self) -> Option<SessionId> {
        self.leg
    }

    /// Another leg is the phone, or none.
    pub(crate) fn set_leg(&mut self, leg: Option<SessionId>) {
        self.leg = leg;
        self.voice.clear();
        self.heard.clear();
        self.fresh = false;
        self.said.spoil();
        self.told.spoil();
    }

    /// What the phone said in this round, as it came; what others say or change in it spoils it.
    pub(crate) fn said(&mut self) -> &mut Coded {
        &mut self.said
    }

    /// What the customer said in this round, likewise.
    pub(crate) fn told(&mut self) -> &mut Coded {
        &mut self.told
    }

    /// Lets the phone hear that somebody calls, in the place of what is heard between calls.
    pub(crate) fn set_alert(&mut self, on: bool) {
        if on != self.alerts() {
            self.alert = on.then(|| ToneSource::new(ToneSpec::ringback(), VOICE_RATE));
        }
    }

    /// Whether it hears that somebody calls.
    pub(crate) fn alerts(&self) -> bool {
        self.alert.is_some()
    }

    /// Takes 20 ms of the phone's voice at `rate`; `None` while it says nothing to us: not answered yet, or holding.
    pub(crate) fn hear(&mut self, pcm: Option<&[i16]>, rate: u32) {
        self.voice.clear();
        match pcm {
            Some(pcm) => {
                self.voice_rate = rate;
                self.voice.extend_from_slice(pcm);
            }
            None => {
                self.said.spoil();
                self.voice_rate = VOICE_RATE;
                self.voice.resize(FRAME, 0);
                self.idle.fill(&mut self.voice);
            }
        }
    }

    /// Fills `out` with what the phone said in this round, at `rate`.
    pub(crate) fn capture(&mut self, out: &mut [i16], rate: u32) {
        if self.leg.is_none() {
            // The phone was lost in the call: the customer need not think that nobody is there.
            self.hear(None, VOICE_RATE);
        }
        let voice = self.capture_rate.convert(&self.voice, self.voice_rate, rate, &mut self.converted);
        fill(out, voice);
        self.voice.clear();
    }

    /// Takes 20 ms, at `rate`, that the phone is to hear.
    pub(crate) fn play(&mut self, pcm: &[i16], rate: u32) {
        self.heard.clear();
        self.heard.extend_from_slice(pcm);
        self.heard_rate = rate;
        self.fresh = true;
    }

    /// Fills `out` with the next 20 ms for the phone, at `rate`: what was played, else what is heard between calls.
    pub(crate) fn tell(&mut self, out: &mut [i16], rate: u32) {
        if !std::mem::take(&mut self.fresh) {
            self.told.spoil();
            self.sound.resize(FRAME, 0);
            match &mut self.alert {
                Some(alert) => {
                    alert.fill(&mut self.sound);
                }
                None => self.idle.fill(&mut self.sound),
            }
            let sound = self.play_rate.convert(&self.sound, VOICE_RATE, rate, &mut self.converted);
            return fill(out, sound);
        }
        fill(out, self.play_rate.convert(&self.heard, self.heard_rate, rate, &mut self.converted));
    }
}

/// A sound that repeats without end.
#[derive(Debug)]
struct Idle {
    samples: Arc<[i16]>,
    at: usize,
}

impl Idle {
    fn fill(&mut self, out: &mut [i16]) {
        if self.samples.is_empty() {
            return out.fill(0);
        }
        for slot in out {
            *slot = self.samples.get(self.at).copied().unwrap_or_default();
            self.at = (self.at + 1) % self.samples.len();
        }
    }
}

/// A quiet chord that comes and goes, for who gives no file of their own: mono at 8 kHz, to be repeated.
///
/// Four chords of four seconds, −33 dBm0 together, each swelling and fading, so that the seam is silent too.
pub fn hold_music() -> Arc<[i16]> {
    // C major, A minor, F major, G major, in a low register that any ear piece carries.
    const CHORDS: [[f32; 3]; 4] =
        [[261.6, 329.6, 392.0], [220.0, 261.6, 329.6], [349.2, 440.0, 523.3], [196.0, 246.9, 293.7]];
    const SECONDS: usize = 4;
    /// Of one of three tones.
    const AMPLITUDE: f32 = 300.0;
    let length = SECONDS * VOICE_RATE as usize;
    let mut samples = Vec::with_capacity(CHORDS.len() * length);
    for chord in CHORDS {
        for at in 0..length {
            let time = at as f32 / VOICE_RATE as f32;
            let swell = (std::f32::consts::PI * at as f32 / length as f32).sin();
            let sum: f32 = chord.iter().map(|hertz| (std::f32::consts::TAU * hertz * time).sin()).sum();
            samples.push((sum * swell * AMPLITUDE) as i16);
        }
    }
    samples.into()
}

fn fill(out: &mut [i16], samples: &[i16]) {
    for (index, slot) in out.iter_mut().enumerate() {
        *slot = samples.get(index).copied().unwrap_or_default();
    }
}

/// 20 ms of an idle sound.
const FRAME: usize = VOICE_RATE as usize / 50;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::level_dbm0;

    #[test]
    fn hold_music_is_quiet_and_has_no_seam() {
        let music = hold_music();
        assert_eq!(music.len(), 16 * VOICE_RATE as usize);
        let level = level_dbm0(&music);
        assert!((-40.0..-28.0).contains(&level), "{level}");
        assert!(music.first().zip(music.last()).is_some_and(|(a, b)| a.abs() < 20 && b.abs() < 20));
    }

    #[test]
    fn between_calls_the_phone_hears_the_idle_sound_and_in_a_call_the_customer() {
        let mut phone = Phone::new(vec![7; 3].into());
        let mut out = [0; 160];
        phone.tell(&mut out, VOICE_RATE);
        assert_eq!(out, [7; 160]);
        phone.play(&[5; 160], VOICE_RATE);
        phone.tell(&mut out, VOICE_RATE);
        assert_eq!(out, [5; 160]);
        phone.tell(&mut out, VOICE_RATE);
        assert_eq!(out, [7; 160]);
    }

    #[test]
    fn the_customer_hears_the_phone_and_without_one_the_idle_sound() {
        let mut phone = Phone::new(vec![7].into());
        let mut out = [0; 160];
        phone.set_leg(Some(SessionId(1)));
        phone.hear(Some(&[3; 160]), VOICE_RATE);
        phone.capture(&mut out, VOICE_RATE);
        assert_eq!(out, [3; 160]);
        // A frame is said once.
        phone.capture(&mut out, VOICE_RATE);
        assert_eq!(out, [0; 160]);
        phone.hear(None, VOICE_RATE);
        phone.capture(&mut out, VOICE_RATE);
        assert_eq!(out, [7; 160]);
        phone.set_leg(None);
        phone.capture(&mut out, VOICE_RATE);
        assert_eq!(out, [7; 160]);
    }

    #[test]
    fn rates_are_converted_20_ms_for_20_ms() {
        let mut phone = Phone::new(Arc::new([]));
        phone.set_leg(Some(SessionId(1)));
        for rate in [8_000, 16_000, 48_000] {
            let mut out = vec![1; rate as usize / 50];
            for _ in 0..10 {
                phone.hear(Some(&[1_000; 320]), 16_000);
                phone.capture(&mut out, rate);
            }
            assert!(out.iter().all(|sample| (990..=1_010).contains(sample)), "{rate}: {out:?}");
            for _ in 0..10 {
                phone.play(&[1_000; 160], 8_000);
                phone.tell(&mut out, rate);
            }
            assert!(out.iter().all(|sample| (990..=1_010).contains(sample)), "{rate}: {out:?}");
        }
    }
}
