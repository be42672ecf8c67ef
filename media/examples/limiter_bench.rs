//! What the acoustic-shock limiter costs: processor time for a second of one call, by what is heard. With the name of a WAV file of
//! 8 kHz its cost is counted over that file once, for callgrind: `valgrind --tool=callgrind --toggle-collect='*Limiter*process*'`.
#![expect(clippy::print_stdout, reason = "the figures are this program's output")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::time::Instant;

use media::limiter::Limiter;
use media::tones::{ToneSource, ToneSpec};

fn main() {
    if let Some(path) = std::env::args().nth(1) {
        match media::wav::read_voice(path.as_ref()) {
            Ok(voice) => once(&voice),
            Err(error) => println!("{path}: {error}"),
        }
        return;
    }
    for rate in [8_000u32, 16_000, 48_000] {
        let tone = |level| {
            let mut pcm = vec![0; rate as usize * SECONDS];
            ToneSource::new(ToneSpec::sine(2_100.0, level), rate).fill(&mut pcm);
            pcm
        };
        // Below its threshold it only adds up the level; above it looks for a tone; a shrill tone is held down too.
        for (name, pcm) in [
            ("a soft voice", noise(rate, -25.0)),
            ("loud noise", noise(rate, -6.0)),
            ("a shrill tone", tone(-6.0)),
        ] {
            println!("{rate:>6} Hz {name:>14}: {:.1} us for a second of one call", cost(&pcm, rate));
        }
    }
}

fn once(voice: &[i16]) {
    let mut limiter = Limiter::new(8_000);
    let mut voice = voice.to_vec();
    voice.chunks_mut(160).for_each(|frame| limiter.process(frame));
    println!("{:.1} s of voice", voice.len() as f64 / 8_000.0);
}

/// Least of several rounds, in microseconds.
fn cost(pcm: &[i16], rate: u32) -> f64 {
    let round = || {
        let (mut limiter, mut pcm) = (Limiter::new(rate), pcm.to_vec());
        let begun = Instant::now();
        pcm.chunks_mut(rate as usize / 50).for_each(|frame| limiter.process(frame));
        begun.elapsed().as_secs_f64() * 1e6 / SECONDS as f64
    };
    (0..7).map(|_| round()).fold(f64::INFINITY, f64::min)
}

/// White noise at that level in dBm0, where a full-scale sine has 3.
fn noise(rate: u32, level: f32) -> Vec<i16> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        f32::from((state >> 48) as i16) / 32_768.0
    };
    // A uniform value has a third of its peak's square as power, a sine a half.
    let peak = 32_767.0 * 10f32.powf((level - 3.0) / 20.0) * (3.0f32 / 2.0).sqrt();
    (0..rate as usize * SECONDS).map(|_| (next() * peak) as i16).collect()
}

const SECONDS: usize = 10;
