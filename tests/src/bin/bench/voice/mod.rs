//! How the far end sounds, and how late: reference speech through seeded networks, scored by PESQ.
//!
//! Our receive path runs in simulated time, so that the table takes a minute; baresip hears the very same packets at the
//! same distances in real time.

mod baresip;
mod path;
mod profile;
mod score;
mod speech;
mod wide;

use std::fmt::Write as _;

use media::codec::g711::Law;
use path::Line;
use profile::{Profile, profiles};
use score::{Pair, Score, judge};
use speech::Clip;

use crate::table::Table;

/// Seeds of a row; each speaks one of the clips.
const SEEDS: u64 = 12;

/// Measures; prints a table of its own, since it has two peers beside each figure. Says what to do when a tool is missing.
pub(crate) fn measure(table: &mut Table, quick: bool, baresip: bool) {
    let version = match score::version() {
        Ok(version) => version,
        Err(instruction) => return table.exactly("voice quality", instruction, "measured", false),
    };
    let clips = speech::clips(speech::RATE);
    let profiles = profiles();
    let seeds = if quick { 6 } else { SEEDS };
    table.note("speech, scores", format!("{}; pesq {version}, narrow band", speech::version()));
    let codec: Vec<Vec<i16>> =
        (0..clips.len() as u64).map(|seed| through_codec(&clip_of(&clips, seed).pcm)).collect();
    let codec = mean(&judged(&codec, &clips), |score| score.pesq);
    table.note("voice, the codec alone: PESQ", format!("{codec:.2}"));
    let ours = scores(&profiles, &clips, seeds, |profile, clip, seed| {
        path::heard(Line::Narrow, clip, profile, seed)
    });
    for (profile, scores) in profiles.iter().zip(&ours) {
        let (pesq, delay) = (mean(scores, |score| score.pesq), mean(scores, |score| score.delay_ms));
        let worst = scores.iter().map(|score| score.pesq).fold(f64::INFINITY, f64::min);
        match profile.goal.0 {
            Some(goal) => table.score(&format!("voice, {}: PESQ, mean of {seeds}", profile.name), pesq, goal),
            None => {
                table.note(&format!("voice, {}: PESQ, mean of {seeds}", profile.name), format!("{pesq:.2}"))
            }
        }
        match profile.goal.1 {
            Some(goal) => table.at_most("… from send to ear", delay, goal, "ms"),
            None => table.note("… from send to ear", format!("{delay:.0} ms")),
        }
        table.note("… worst of them", format!("{worst:.2}"));
    }
    let theirs = baresip.then(|| {
        let heard = baresip::heard(&profiles, &clips, seeds);
        table.note("voice, the same packets to", baresip::version());
        heard.iter().map(|row| judged(row, &clips)).collect::<Vec<_>>()
    });
    crate::print(&comparison(&profiles, &ours, theirs.as_deref()));
    wide::measure(table, seeds);
}

/// The scores of every profile with every seed.
fn scores(
    profiles: &[Profile],
    clips: &[Clip],
    seeds: u64,
    hear: impl Fn(&Profile, &[i16], u64) -> Vec<i16>,
) -> Vec<Vec<Score>> {
    let listen = |profile: &Profile| {
        let heard = (0..seeds).map(|seed| hear(profile, &clip_of(clips, seed).pcm, seed)).collect::<Vec<_>>();
        judged(&heard, clips)
    };
    profiles.iter().map(listen).collect()
}

/// Scores of what was heard with seeds 0, 1, 2 …
fn judged(heard: &[Vec<i16>], clips: &[Clip]) -> Vec<Score> {
    let pairs: Vec<Pair<'_>> = heard
        .iter()
        .zip(0..)
        .map(|(degraded, seed)| Pair { reference: &clip_of(clips, seed).pcm, degraded })
        .collect();
    judge(&pairs, "nb")
}

/// What PCMU leaves of a clip.
fn through_codec(pcm: &[i16]) -> Vec<i16> {
    let (mut coded, mut heard) = (vec![0; pcm.len()], vec![0; pcm.len()]);
    Law::Mu.encode(pcm, &mut coded);
    Law::Mu.decode(&coded, &mut heard);
    heard
}

fn clip_of(clips: &[Clip], seed: u64) -> &Clip {
    &clips[seed as usize % clips.len()]
}

/// Mean of the figures that are numbers.
fn mean(scores: &[Score], figure: impl Fn(&Score) -> f64) -> f64 {
    let figures: Vec<f64> = scores.iter().map(figure).filter(|figure| figure.is_finite()).collect();
    figures.iter().sum::<f64>() / figures.len() as f64
}

/// PESQ and delay side by side; the last two columns were measured elsewhere.
fn comparison(profiles: &[Profile], ours: &[Vec<Score>], theirs: Option<&[Vec<Score>]>) -> String {
    let mut text = String::from(
        "| network | kakeru | baresip | pjsua, elsewhere | baresip, elsewhere |\n|---|---|---|---|---|\n",
    );
    let cell = |scores: Option<&Vec<Score>>| {
        scores.map_or(String::new(), |scores| {
            let (pesq, delay) = (mean(scores, |score| score.pesq), mean(scores, |score| score.delay_ms));
            format!("{pesq:.2}, {delay:.0} ms")
        })
    };
    let quoted = |(pesq, delay): (Option<f64>, Option<f64>)| {
        let delay = delay.map_or(String::new(), |delay| format!(", {delay} ms"));
        pesq.map_or(String::new(), |pesq| format!("{pesq:.2}{delay}"))
    };
    for (index, profile) in profiles.iter().enumerate() {
        let [pjsua, baresip] = profile.quoted.map(quoted);
        let (ours, theirs) = (cell(ours.get(index)), cell(theirs.and_then(|rows| rows.get(index))));
        let _ = writeln!(text, "| {} | {ours} | {theirs} | {pjsua} | {baresip} |", profile.name);
    }
    text
}
