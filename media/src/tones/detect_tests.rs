//! What must be recognised, at every level and in noise, and what must not.

use super::*;
use crate::codec::g711::Law;
use crate::rtp::sender::mix;
use crate::tones::spec::{Step, Wave};
use crate::tones::{ToneSource, ToneSpec, amplitude_of};
use std::borrow::Cow;

/// Renders a tone of some length between silences, with white noise at a level, through µ-law as a trunk does.
fn render(spec: &ToneSpec, ms: u32, noise_dbm0: f32) -> Vec<i16> {
    let mut pcm = vec![0; (ms * 8) as usize];
    ToneSource::new(spec.clone(), DETECTOR_RATE).fill(&mut pcm);
    add_noise(&mut pcm, noise_dbm0);
    through_mu_law(pcm)
}

fn add_noise(pcm: &mut [i16], level: f32) {
    // A uniform distribution of ±a has the power a²/3, a sine of amplitude a has a²/2.
    let amplitude = amplitude_of(level) * 1.2247;
    let mut random = 99;
    for sample in pcm {
        random = mix(random);
        let noise = ((random >> 40) as f32 / (1 << 23) as f32 - 1.0) * amplitude;
        *sample = (f32::from(*sample) + noise).clamp(-32_768.0, 32_767.0) as i16;
    }
}

fn through_mu_law(mut pcm: Vec<i16>) -> Vec<i16> {
    let mut coded = vec![0; pcm.len()];
    Law::Mu.encode(&pcm, &mut coded);
    Law::Mu.decode(&coded, &mut pcm);
    pcm
}

fn hear(detectors: &mut Detectors, pcm: &[i16], at_ms: u32) -> Vec<Detected> {
    let mut heard = Vec::new();
    for (index, chunk) in pcm.chunks(160).enumerate() {
        detectors.feed(at_ms + index as u32 * 20, chunk);
        heard.extend(std::iter::from_fn(|| detectors.poll()));
    }
    heard
}

fn answered() -> Detectors {
    let mut detectors = Detectors::new();
    detectors.answered();
    detectors
}

fn signals(heard: &[Detected]) -> Vec<FaxSignal> {
    heard
        .iter()
        .filter_map(|d| if let Detected::Fax { signal, .. } = d { Some(*signal) } else { None })
        .collect()
}

fn tones(heard: &[Detected]) -> Vec<CallProgress> {
    heard
        .iter()
        .filter_map(|d| if let Detected::CallProgress { tone, .. } = d { Some(*tone) } else { None })
        .collect()
}

fn beeps(heard: &[Detected]) -> usize {
    heard.iter().filter(|d| matches!(d, Detected::Beep { .. })).count()
}

const LEVELS: [f32; 5] = [-30.0, -24.0, -18.0, -12.0, -6.0];

#[test]
fn fax_signals_are_known_at_every_level_and_in_noise() {
    let table = [
        (ToneSpec::ced(), FaxSignal::Ced),
        (ToneSpec::ans_reversing(), FaxSignal::Ced),
        (ToneSpec::ansam(), FaxSignal::Ansam),
        (ToneSpec::v21_preamble(), FaxSignal::V21),
        (ToneSpec::cng(), FaxSignal::Cng),
    ];
    for (spec, signal) in table {
        for level in LEVELS {
            for noise in [-80.0, level - 12.0] {
                let ms = if signal == FaxSignal::Cng { 5_000 } else { 1_000 };
                let pcm = render(&spec.clone().at_dbm0(level), ms, noise);
                let heard = hear(&mut answered(), &pcm, 0);
                assert_eq!(signals(&heard), [signal], "{} at {level}, noise {noise}", spec.name);
                assert!(tones(&heard).is_empty());
                if let Some(Detected::Fax { at_ms, level_dbm0, .. }) =
                    heard.iter().find(|d| matches!(d, Detected::Fax { .. }))
                {
                    assert!(*at_ms <= 150, "{}: starts at {at_ms}", spec.name);
                    assert!((level_dbm0 - level).abs() < 2.5, "{} at {level}: {level_dbm0}", spec.name);
                }
            }
        }
    }
}

#[test]
fn ced_is_known_within_15_hz_and_not_outside_and_not_when_short() {
    for (hz, is_ced) in [
        (2100.0, true),
        (2085.0, true),
        (2115.0, true),
        (2070.0, false),
        (2130.0, false),
        (2000.0, false),
        (2225.0, false),
    ] {
        let pcm = render(&ToneSpec::sine(hz, -15.0), 3000, -50.0);
        assert_eq!(signals(&hear(&mut answered(), &pcm, 0)) == [FaxSignal::Ced], is_ced, "{hz} Hz");
    }
    let mut short = render(&ToneSpec::ced().for_ms(450), 450, -60.0);
    short.resize(8000, 0);
    assert!(signals(&hear(&mut answered(), &short, 0)).is_empty());
    // Not before the answer: what sounds like a FAX there is a melody.
    assert!(hear(&mut Detectors::new(), &render(&ToneSpec::ced(), 3000, -60.0), 0).is_empty());
}

#[test]
fn ced_survives_lost_packets() {
    let mut pcm = render(&ToneSpec::ced(), 3000, -50.0);
    for frame in pcm.chunks_mut(160).skip(3).step_by(15) {
        frame.fill(0);
    }
    assert_eq!(signals(&hear(&mut answered(), &pcm, 0)), [FaxSignal::Ced]);
}

#[test]
fn call_progress_is_known_at_every_level_and_in_noise() {
    // What Asterisk sends in place of a modulation: 400 Hz and 15 Hz added.
    let asterisk = ToneSpec {
        steps: Cow::Owned(vec![
            Step { wave: Wave::Dual { low_hz: 15.0, high_hz: 400.0 }, ms: 1000 },
            Step { wave: Wave::Silence, ms: 2000 },
        ]),
        ..ToneSpec::ringback()
    };
    let table = [
        (ToneSpec::dial(), CallProgress::Dial),
        (ToneSpec::ringback(), CallProgress::Ringback),
        (asterisk, CallProgress::Ringback),
        (ToneSpec::busy(), CallProgress::Busy),
        (ToneSpec::congestion(), CallProgress::Congestion),
    ];
    for (spec, tone) in table {
        for level in LEVELS {
            for noise in [-80.0, level - 15.0] {
                let pcm = render(&spec.clone().at_dbm0(level), 9000, noise);
                for is_answered in [false, true] {
                    let mut detectors = if is_answered { answered() } else { Detectors::new() };
                    let heard = hear(&mut detectors, &pcm, 0);
                    assert_eq!(tones(&heard), [tone], "{} at {level}, noise {noise}", spec.name);
                    assert!(signals(&heard).is_empty() && beeps(&heard) == 0, "{}: {heard:?}", spec.name);
                }
            }
        }
    }
}

#[test]
fn cadences_are_known_within_their_tolerance() {
    let cadence = |hz: f32, on: u32, off: u32| ToneSpec {
        steps: Cow::Owned(vec![
            Step { wave: Wave::Sine { hz }, ms: on },
            Step { wave: Wave::Silence, ms: off },
        ]),
        ..ToneSpec::busy()
    };
    let cases = [
        (400.0, 400, 400, Some(CallProgress::Busy)),
        (400.0, 600, 600, Some(CallProgress::Busy)),
        (380.0, 500, 500, Some(CallProgress::Busy)),
        (420.0, 500, 500, Some(CallProgress::Busy)),
        (400.0, 1200, 2400, Some(CallProgress::Ringback)),
        (400.0, 800, 1700, Some(CallProgress::Ringback)),
        (450.0, 500, 500, None),
        (350.0, 1000, 2000, None),
        (400.0, 500, 1000, None),
        (400.0, 100, 100, None),
        // Call waiting.
        (400.0, 500, 8000, None),
    ];
    for (hz, on, off, tone) in cases {
        let pcm = render(&cadence(hz, on, off), 12_000, -60.0);
        let heard = hear(&mut Detectors::new(), &pcm, 0);
        assert_eq!(tones(&heard).first().copied(), tone, "{hz} Hz {on}/{off}");
    }
}

#[test]
fn busy_after_ringback_is_told_too_and_in_time() {
    let mut detectors = Detectors::new();
    let ringback = render(&ToneSpec::ringback(), 6000, -60.0);
    assert_eq!(tones(&hear(&mut detectors, &ringback, 0)), [CallProgress::Ringback]);
    let busy = render(&ToneSpec::busy(), 2100, -60.0);
    assert_eq!(tones(&hear(&mut detectors, &busy, 6000)), [CallProgress::Busy]);
}

/// Voice-like sound: a gliding pitch with formants, syllables, words and pauses. Each seed is another speaker.
fn voice(seed: u64, ms: u32) -> Vec<i16> {
    let mut random = seed;
    let mut next = |low: f32, high: f32| {
        random = mix(random);
        low + (random >> 40) as f32 / (1_u64 << 24) as f32 * (high - low)
    };
    let base = next(90.0, 260.0);
    let mut pcm = Vec::with_capacity((ms * 8) as usize);
    let mut phase = 0.0_f32;
    while pcm.len() < (ms * 8) as usize {
        let length = next(80.0, 280.0) as usize * 8;
        let (from, to) = (base * next(0.8, 1.3), base * next(0.75, 1.3));
        let formants = [next(300.0, 850.0), next(900.0, 2400.0), next(2400.0, 3200.0)];
        let level = amplitude_of(next(-26.0, -12.0)) * 1.5;
        let is_fricative = next(0.0, 1.0) < 0.15;
        for n in 0..length {
            let t = n as f32 / length as f32;
            phase = (phase + (from + (to - from) * t) / 8000.0) % 1.0;
            let envelope = (t * std::f32::consts::PI).sin().sqrt();
            let mut value = 0.0;
            if is_fricative {
                value = next(-0.7, 0.7);
            } else {
                let pitch = from + (to - from) * t;
                for harmonic in 1..16_u8 {
                    let hz = pitch * f32::from(harmonic);
                    if !(200.0..3400.0).contains(&hz) {
                        continue;
                    }
                    let gain: f32 = formants.iter().map(|f| 1.0 / (1.0 + ((hz - f) / 120.0).powi(2))).sum();
                    value += (gain + 0.02) * (phase * f32::from(harmonic) * std::f32::consts::TAU).sin();
                }
                value *= 0.5;
            }
            pcm.push((value * level * envelope).clamp(-32_000.0, 32_000.0) as i16);
        }
        // Words and sentences.
        let pause = if next(0.0, 1.0) < 0.2 { next(200.0, 1500.0) } else { next(0.0, 60.0) };
        pcm.extend(std::iter::repeat_n(0, pause as usize * 8));
    }
    pcm.truncate((ms * 8) as usize);
    add_noise(&mut pcm, -62.0);
    through_mu_law(pcm)
}

/// A melody of held, nearly pure notes with an accompaniment, as a melody ring or music on hold.
fn music(seed: u64, ms: u32, accompanied: bool) -> Vec<i16> {
    let mut random = seed;
    let mut next = || {
        random = mix(random);
        random >> 33
    };
    let mut pcm = Vec::with_capacity((ms * 8) as usize);
    while pcm.len() < (ms * 8) as usize {
        // Notes from G3 to C7 (2093 Hz, the nearest to a FAX).
        let hz = 196.0 * 2_f32.powf((next() % 42) as f32 / 12.0);
        let second = hz * 1.25;
        let length = [125, 250, 250, 500][(next() % 4) as usize] * 8;
        for n in 0..length {
            let t = n as f32 / 8000.0 * std::f32::consts::TAU;
            let decay = (-2.0 * n as f32 / 8000.0).exp();
            let mut value = (t * hz).sin() + 0.25 * (t * hz * 2.0).sin();
            if accompanied {
                value += 0.5 * (t * second).sin() + 0.4 * (t * 131.0).sin();
            }
            pcm.push((value * decay * 5000.0) as i16);
        }
    }
    pcm.truncate((ms * 8) as usize);
    through_mu_law(pcm)
}

#[test]
fn two_minutes_of_voices_are_neither_fax_nor_tone_nor_beep() {
    for seed in 1..=8_u64 {
        let pcm = voice(seed, 15_000);
        let heard = hear(&mut answered(), &pcm, 0);
        assert!(signals(&heard).is_empty() && tones(&heard).is_empty(), "speaker {seed}: {heard:?}");
        assert_eq!(beeps(&heard), 0, "speaker {seed}: {heard:?}");
        assert!(heard.iter().any(|d| matches!(d, Detected::SpeechStarted { .. })), "speaker {seed}");
        assert!(hear(&mut Detectors::new(), &pcm, 0).is_empty(), "speaker {seed} before the answer");
    }
}

#[test]
fn two_minutes_of_music_are_neither_fax_nor_tone() {
    for seed in 1..=4 {
        for accompanied in [false, true] {
            let pcm = music(seed, 15_000, accompanied);
            for mut detectors in [Detectors::new(), answered()] {
                let _ = hear(&mut detectors, &voice(seed, 2000), 0);
                let heard = hear(&mut detectors, &pcm, 0);
                assert!(
                    signals(&heard).is_empty() && tones(&heard).is_empty(),
                    "{seed} {accompanied}: {heard:?}"
                );
            }
        }
    }
}

#[test]
fn noise_silence_and_digits_are_nothing() {
    for level in [-50.0, -30.0, -15.0] {
        let mut pcm = vec![0; 8 * 10_000];
        add_noise(&mut pcm, level);
        let heard = hear(&mut answered(), &pcm, 0);
        assert!(
            signals(&heard).is_empty() && tones(&heard).is_empty() && beeps(&heard) == 0,
            "{level}: {heard:?}"
        );
    }
    assert!(hear(&mut answered(), &[0; 80_000], 0).is_empty());
    for key in "0123456789*#".chars() {
        let spec = crate::dtmf::Digit::from_char(key).unwrap().tone().for_ms(3000);
        let heard = hear(&mut answered(), &render(&spec, 3000, -60.0), 0);
        assert!(signals(&heard).is_empty() && tones(&heard).is_empty(), "{key}: {heard:?}");
    }
}

#[test]
fn a_beep_counts_only_after_speech() {
    for hz in [330.0, 440.0, 800.0, 1000.0, 1400.0, 2000.0] {
        let spec = ToneSpec::sine(hz, -14.0).for_ms(300);
        let mut tone = render(&spec, 300, -60.0);
        tone.resize(8 * 1500, 0);
        let mut detectors = answered();
        assert_eq!(beeps(&hear(&mut detectors, &tone, 0)), 0, "{hz} Hz first");
        hear(&mut detectors, &voice(3, 4000), 1500);
        let heard = hear(&mut detectors, &tone, 5500);
        assert_eq!(beeps(&heard), 1, "{hz} Hz: {heard:?}");
        if let Some(Detected::Beep { at_ms }) = heard.iter().find(|d| matches!(d, Detected::Beep { .. })) {
            assert!((5490..=5530).contains(at_ms), "{at_ms}");
        }
    }
    // Too short.
    let mut click = render(&ToneSpec::sine(1000.0, -14.0).for_ms(90), 90, -60.0);
    click.resize(8000, 0);
    let mut detectors = answered();
    hear(&mut detectors, &voice(3, 4000), 0);
    assert_eq!(beeps(&hear(&mut detectors, &click, 4000)), 0);
}

#[test]
fn speech_starts_and_ends_where_it_does() {
    let mut pcm = vec![0; 8 * 1000];
    add_noise(&mut pcm, -58.0);
    // Syllables without long pauses.
    pcm.extend((0..8 * 2000).map(|n| {
        let t = n as f32 / 8000.0;
        let pitch = 140.0 + 30.0 * (t * 9.0).sin();
        let value: f32 = (1..12_u8).map(|k| (t * pitch * f32::from(k) * std::f32::consts::TAU).sin()).sum();
        (value * 900.0 * (0.6 + 0.4 * (t * 25.0).sin())) as i16
    }));
    let quiet = pcm.len();
    pcm.resize(8 * 5000, 0);
    add_noise(&mut pcm[quiet..], -58.0);
    let heard = hear(&mut answered(), &pcm, 0);
    let [Detected::SpeechStarted { at_ms: start }, Detected::SpeechEnded { at_ms: end, ms }] = heard[..]
    else {
        panic!("{heard:?}")
    };
    assert!((950..=1100).contains(&start), "{start}");
    assert!((2950..=3050).contains(&end), "{end}");
    assert_eq!(ms, end - start);
    // Tones are no speech.
    for spec in
        [ToneSpec::ringback(), ToneSpec::busy(), ToneSpec::ced(), ToneSpec::beep(), ToneSpec::v21_preamble()]
    {
        let heard = hear(&mut answered(), &render(&spec, 4000, -65.0), 0);
        assert!(
            !heard.iter().any(|d| matches!(d, Detected::SpeechStarted { .. })),
            "{}: {heard:?}",
            spec.name
        );
    }
}

#[test]
fn a_ring_after_the_answer_is_ringback_and_no_fax() {
    // FAX/TEL switches answer and then play a ringback of their own.
    let heard = hear(&mut answered(), &render(&ToneSpec::ringback(), 9000, -60.0), 0);
    assert_eq!(heard, [Detected::CallProgress { tone: CallProgress::Ringback, early: false }]);
}
