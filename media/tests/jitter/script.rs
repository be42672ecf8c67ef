//! The language: one letter per event, limits, and long runs.
//!
//! | letter | meaning |
//! |---|---|
//! | `P` | the next packet arrives |
//! | `L` | the next packet is lost |
//! | `D` | the last packet arrives again |
//! | `O` | a packet from 20 packets ago arrives again |
//! | `S` | the next two packets arrive swapped |
//! | `W` | the next packet is held up |
//! | `R` | the packet held up longest arrives |
//! | `B` | the next packet arrives and carries no audio: an event, comfort noise |
//! | `A` | the sender pauses for a packet: its timestamps go on, its numbers do not (DTX, hold) |
//! | `J` | the sender's numbers and timestamps jump |
//! | `C` | the sender changes its SSRC, with new numbers and timestamps |
//! | `G` | 20 ms pass and are played |
//!
//! `(PG)*50` repeats. `# …` is a comment. `run seconds=60 jitter=30 ppm=200 loss=3 seed=7` lets packets of 20 ms come over a network
//! for so long: delays up to `jitter` milliseconds, the sender's clock faster by `ppm`, `loss` percent lost.
//!
//! `!played >= 99` is a limit: a name out of `Bench::figure`, `<=`, `>=` or `=`, a number.

use crate::bench::{Bench, Network};

/// A file, understood.
#[derive(Debug)]
pub(crate) struct Script {
    steps: Vec<Step>,
    limits: Vec<Limit>,
}

#[derive(Debug)]
enum Step {
    Letters(Vec<char>),
    Run(Network),
}

#[derive(Debug)]
struct Limit {
    name: String,
    compare: fn(f64, f64) -> bool,
    sign: String,
    value: f64,
}

impl Script {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut script = Self { steps: Vec::new(), limits: Vec::new() };
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            let failed = |fault: String| format!("line {}: {fault}", number + 1);
            if let Some(limit) = line.strip_prefix('!') {
                script.limits.push(Limit::parse(limit).map_err(failed)?);
            } else if let Some(network) = line.strip_prefix("run ") {
                script.steps.push(Step::Run(network_of(network).map_err(failed)?));
            } else if !line.is_empty() {
                let letters: Vec<char> = line.chars().filter(|letter| !letter.is_whitespace()).collect();
                let mut rest = letters.as_slice();
                let letters = unrolled(&mut rest).map_err(failed)?;
                if !rest.is_empty() {
                    return Err(failed("a bracket closes that was not opened".to_owned()));
                }
                script.steps.push(Step::Letters(letters));
            }
        }
        if script.steps.is_empty() { Err("nothing happens".to_owned()) } else { Ok(script) }
    }

    /// Runs it; what was outside the limits.
    pub(crate) fn run(&self) -> Vec<String> {
        let mut bench = Bench::new();
        for step in &self.steps {
            match step {
                Step::Letters(letters) => letters.iter().for_each(|&letter| bench.step(letter)),
                Step::Run(network) => bench.run(network),
            }
        }
        let mut failures = bench.faults();
        for Limit { name, compare, sign, value } in &self.limits {
            let figure = bench.figure(name).unwrap_or(f64::NAN);
            if !compare(figure, *value) {
                failures.push(format!("{name} is {figure}, not {sign} {value}"));
            }
        }
        failures
    }
}

impl Limit {
    fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let (Some(name), Some(sign), Some(value)) = (words.next(), words.next(), words.next()) else {
            return Err(format!("a limit is a name, a sign and a number, not {text:?}"));
        };
        let compare: fn(f64, f64) -> bool = match sign {
            "<=" => |figure, value| figure <= value,
            ">=" => |figure, value| figure >= value,
            "=" => |figure, value| figure == value,
            _ => return Err(format!("{sign} is no sign")),
        };
        if Bench::new().figure(name).is_none() {
            return Err(format!("{name} is not measured"));
        }
        let value = value.parse().map_err(|_| format!("{value} is no number"))?;
        Ok(Self { name: name.to_owned(), compare, sign: sign.to_owned(), value })
    }
}

fn network_of(text: &str) -> Result<Network, String> {
    let mut network = Network::default();
    for word in text.split_whitespace() {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("{word} has no value"))?;
        let value: i64 = value.parse().map_err(|_| format!("{value} is no number"))?;
        match key {
            "seconds" => network.seconds = value,
            "jitter" => network.jitter_ms = value,
            "ppm" => network.ppm = value,
            "loss" => network.loss_percent = value,
            "seed" => network.seed = value.unsigned_abs(),
            _ => return Err(format!("{key} is not known")),
        }
    }
    if network.seconds > 0 { Ok(network) } else { Err("a run takes seconds=…".to_owned()) }
}

/// Letters up to the end or a closing bracket, with their repetitions.
fn unrolled(rest: &mut &[char]) -> Result<Vec<char>, String> {
    let mut out = Vec::new();
    while let Some((&letter, tail)) = rest.split_first() {
        match letter {
            ')' => break,
            '(' => {
                *rest = tail;
                let inner = unrolled(rest)?;
                let Some(([')', '*'], tail)) = rest.split_first_chunk() else {
                    return Err("a bracket is not closed by )*NUMBER".to_owned());
                };
                let digits = tail.iter().take_while(|digit| digit.is_ascii_digit()).count();
                let times: String = tail[..digits].iter().collect();
                let times: usize =
                    times.parse().map_err(|_| "a bracket is not closed by )*NUMBER".to_owned())?;
                out.extend(inner.repeat(times));
                *rest = &tail[digits..];
            }
            'P' | 'L' | 'D' | 'O' | 'S' | 'W' | 'R' | 'B' | 'A' | 'J' | 'C' | 'G' => {
                out.push(letter);
                *rest = tail;
            }
            other => return Err(format!("{other} is not in the language")),
        }
    }
    Ok(out)
}
