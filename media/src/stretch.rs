//! Playing a little faster or slower without changing the pitch: one period is cut out or repeated, with an
//! overlapped seam where the signal resembles itself best.

/// Length of the seam: 5 ms.
const SEAM_MS: usize = 5;

/// Longest piece removed or inserted: 10 ms.
pub(crate) const LAG_MAX_MS: usize = 10;

/// Shortest one: 2.5 ms (400 Hz).
const LAG_MIN_EIGHTHS: usize = 20;

/// Cuts 2.5 to 10 ms out of `frame[..length]`, `most` samples at most. Returns the new length; the same when no seam is good
/// enough: `likeness` is how much its two sides must resemble each other, 1 is equal and −1 takes the best however bad.
pub fn accelerate(frame: &mut [i16], length: usize, rate: u32, likeness: f32, most: usize) -> usize {
    let per_ms = rate as usize / 1000;
    let seam = SEAM_MS * per_ms;
    let Some(room) = length.checked_sub(seam) else { return length };
    let Some((lag, found)) = search(frame, per_ms, most.min(room), |lag| (0, lag), seam) else {
        return length;
    };
    if found < likeness {
        return length;
    }
    for index in 0..seam {
        frame[index] = blend(frame[index], frame[index + lag], index, seam);
    }
    frame.copy_within(seam + lag..length, seam);
    length - lag
}

/// Repeats 2.5 to 10 ms of `frame[..length]`, which must have room for that, `most` samples at most. Returns the new length; the
/// same when no seam is good enough, as with [`accelerate`].
pub fn expand(frame: &mut [i16], length: usize, rate: u32, likeness: f32, most: usize) -> usize {
    let per_ms = rate as usize / 1000;
    let seam = SEAM_MS * per_ms;
    if length < seam || frame.len() < length + LAG_MAX_MS * per_ms {
        return length;
    }
    // The seam leads from the end of the frame back to a place `lag` samples before it.
    let start = length - seam;
    let places = |lag| (start, start - lag);
    let Some((lag, found)) = search(frame, per_ms, most.min(start), places, seam) else { return length };
    if found < likeness {
        return length;
    }
    frame.copy_within(start..length, start + lag);
    for index in 0..lag + seam {
        let target = start + index;
        let source = frame[start - lag + index];
        if index < seam {
            frame[target] = blend(frame[target], source, index, seam);
        } else if target < start + lag {
            frame[target] = source;
        }
    }
    length + lag
}

fn blend(from: i16, to: i16, index: usize, seam: usize) -> i16 {
    let fade = (index as f32 + 1.0) / (seam as f32 + 1.0);
    (f32::from(from) * (1.0 - fade) + f32::from(to) * fade).round() as i16
}

/// The lag at which the two places look most alike, and how much.
fn search(
    frame: &[i16],
    per_ms: usize,
    max: usize,
    places: impl Fn(usize) -> (usize, usize),
    seam: usize,
) -> Option<(usize, f32)> {
    let (min, max) = (LAG_MIN_EIGHTHS * per_ms / 8, max.min(LAG_MAX_MS * per_ms));
    // At 48 kHz every sixth lag and sample tells enough; voice has its energy below 4 kHz.
    let stride = (per_ms / 8).max(1);
    let mut best: Option<(usize, f32)> = None;
    for lag in (min..=max).step_by(stride) {
        let (a, b) = places(lag);
        let (mut cross, mut power_a, mut power_b) = (0.0_f32, 1.0_f32, 1.0_f32);
        for index in (0..seam).step_by(stride) {
            let (x, y) = (f32::from(frame[a + index]), f32::from(frame[b + index]));
            cross += x * y;
            power_a += x * x;
            power_b += y * y;
        }
        let likeness = cross / (power_a * power_b).sqrt();
        // Of equals the longest, since it changes the delay most.
        if best.is_none_or(|(_, known)| likeness >= known - 1e-4) {
            best = Some((lag, likeness));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones::{ToneSource, ToneSpec};

    const ALL: usize = usize::MAX;

    fn sine(hz: f32, rate: u32, samples: usize) -> Vec<i16> {
        let mut pcm = vec![0; samples];
        ToneSource::new(ToneSpec::sine(hz, -12.0), rate).fill(&mut pcm);
        pcm
    }

    fn roughest_step(pcm: &[i16]) -> i32 {
        pcm.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap()
    }

    #[test]
    fn periods_are_cut_and_repeated_without_a_click() {
        for rate in [8_000, 48_000] {
            let length = rate as usize / 50;
            let mut cut = sine(200.0, rate, length);
            let smooth = roughest_step(&cut);
            let shorter = accelerate(&mut cut, length, rate, 0.8, ALL);
            assert!((length - shorter) % (rate as usize / 200) <= 6, "{rate}: a multiple of 5 ms, {shorter}");
            assert!(shorter < length);
            assert!(roughest_step(&cut[..shorter]) <= smooth * 12 / 10);

            let mut longer = sine(200.0, rate, length);
            longer.resize(length * 2, 0);
            let grown = expand(&mut longer, length, rate, 0.8, ALL);
            assert!(grown > length && grown <= length * 3 / 2);
            assert!(roughest_step(&longer[..grown]) <= smooth * 12 / 10, "{rate}");
            assert_eq!(
                longer[grown - 1],
                sine(200.0, rate, length)[length - 1],
                "leads on to the next frame"
            );
        }
    }

    #[test]
    fn noise_is_left_alone_unless_forced() {
        let mut state = 1_u32;
        let mut noise: Vec<i16> = (0..160)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 17) as i16 - 16_384
            })
            .collect();
        assert_eq!(accelerate(&mut noise.clone(), 160, 8_000, 0.8, ALL), 160);
        assert!(accelerate(&mut noise, 160, 8_000, -1.0, ALL) < 160);
        assert_eq!(accelerate(&mut [0; 160], 160, 8_000, -1.0, ALL), 80);
        assert_eq!(expand(&mut [0; 320], 160, 8_000, -1.0, ALL), 240);
        // No more than is asked for, and nothing where that is less than a seam can do.
        assert_eq!(accelerate(&mut [0; 160], 160, 8_000, -1.0, 35), 125);
        assert_eq!(expand(&mut [0; 320], 160, 8_000, -1.0, 35), 195);
        assert_eq!(accelerate(&mut [0; 160], 160, 8_000, -1.0, 19), 160);
    }

    #[test]
    fn short_frames_and_missing_room_change_nothing() {
        assert_eq!(accelerate(&mut [0; 40], 40, 8_000, -1.0, ALL), 40);
        assert_eq!(expand(&mut [0; 160], 160, 8_000, -1.0, ALL), 160);
        assert_eq!(expand(&mut [0; 200], 30, 8_000, -1.0, ALL), 30);
    }
}
