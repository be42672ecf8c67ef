//! What the processing of an operator's voice costs: processor time for a second of one call, each switch alone and all.
#![expect(clippy::print_stdout, reason = "the figures are this program's output")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::time::Instant;

use media::processing::{Processing, Processor};

fn main() {
    let off = Processing::default();
    let kinds = [
        ("echo", Processing { echo: true, ..off }),
        ("noise", Processing { noise: true, ..off }),
        ("gain", Processing { gain: true, ..off }),
        ("all", Processing { echo: true, noise: true, gain: true }),
    ];
    for rate in [8_000u32, 16_000, 48_000] {
        for (name, processing) in kinds {
            println!("{rate:>6} Hz {name:>6}: {:.2} ms for a second of one call", cost(processing, rate));
        }
    }
}

/// Least of several rounds of ten seconds.
fn cost(processing: Processing, rate: u32) -> f64 {
    let frame = rate as usize / 50;
    let mut state = 1u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((state >> 48) as i16) / 8
    };
    let played: Vec<i16> = (0..rate * 10).map(|_| noise()).collect();
    let said: Vec<i16> = (0..rate * 10).map(|_| noise()).collect();
    let mut processor = Processor::default();
    processor.set(processing);
    let round = |processor: &mut Processor| {
        let begun = Instant::now();
        for (heard, said) in played.chunks_exact(frame).zip(said.chunks_exact(frame)) {
            processor.played(heard, rate);
            processor.process(&mut said.to_vec(), rate);
        }
        begun.elapsed().as_secs_f64() * 1_000.0 / 10.0
    };
    (0..5).map(|_| round(&mut processor)).fold(f64::INFINITY, f64::min)
}
