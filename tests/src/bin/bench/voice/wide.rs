//! The same speech at 16 kHz through G.722: PESQ wide band, which scores lower than narrow band whatever it hears.

use media::Codec;
use media::codec::{Decoder, Encoder};

use super::path::{self, Line};
use super::profile::profiles;
use super::score::{Pair, Score, judge};
use super::speech::{self, Clip};
use super::{clip_of, mean};
use crate::table::Table;

/// The rows that loss makes.
const ROWS: [&str; 6] =
    ["clean", "1 % loss", "3 % loss", "5 % loss", "10 % loss", "bursts, 2.4 % in runs of 2.5"];

pub(super) fn measure(table: &mut Table, seeds: u64) {
    let clips = speech::clips(16_000);
    let codec: Vec<Vec<i16>> = clips.iter().map(|clip| through_codec(&clip.pcm)).collect();
    let codec = mean(&judged(&codec, &clips), |score| score.pesq);
    table.note("voice, G.722 alone: PESQ wide band", format!("{codec:.2}"));
    for profile in profiles().iter().filter(|profile| ROWS.contains(&profile.name)) {
        let hear = |seed| path::heard(Line::Wide, &clip_of(&clips, seed).pcm, profile, seed);
        let heard: Vec<Vec<i16>> = (0..seeds).map(hear).collect();
        let scores = judged(&heard, &clips);
        let (pesq, delay) = (mean(&scores, |score| score.pesq), mean(&scores, |score| score.delay_ms));
        let name = format!("voice, G.722, {}: PESQ wide band, mean of {seeds}; send to ear", profile.name);
        table.note(&name, format!("{pesq:.2}, {delay:.0} ms"));
    }
}

fn judged(heard: &[Vec<i16>], clips: &[Clip]) -> Vec<Score> {
    let pair = |(degraded, seed)| Pair { reference: &clip_of(clips, seed).pcm, degraded };
    judge(&heard.iter().map(Vec::as_slice).zip(0..).map(pair).collect::<Vec<_>>(), "wb")
}

fn through_codec(pcm: &[i16]) -> Vec<i16> {
    let mut encoder = Encoder::new(Codec::G722, None, None).unwrap_or_else(|error| panic!("G.722: {error}"));
    let mut decoder = Decoder::new(Codec::G722).unwrap_or_else(|error| panic!("G.722: {error}"));
    let mut heard = Vec::with_capacity(pcm.len());
    for frame in pcm.chunks(320) {
        let (mut coded, mut out) = ([0; 160], [0; 320]);
        let length = encoder.encode(frame, &mut coded).unwrap_or_else(failed);
        let count = decoder.decode(&coded[..length], &mut out).unwrap_or_else(failed);
        heard.extend_from_slice(&out[..count]);
    }
    heard
}

fn failed(error: media::codec::CodecError) -> usize {
    panic!("G.722: {error}")
}
