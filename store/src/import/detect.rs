//! Which encoding a file is in.

use std::io::{self, SeekFrom};

use encoding_rs::{Decoder, DecoderResult};

use super::encoding::{CHUNK, Encoding, fill};
use super::options::ReadSeek;
use super::plausible::Plausible;
use super::report::Candidate;

/// What detection could not decide: each encoding that was tried, the likeliest first.
#[derive(Debug)]
pub(super) struct Undetected {
    pub(super) candidates: Vec<Candidate>,
}

/// Reads the head of the source until its encoding is sure, and all of it where it never is: byte order mark, then NUL bytes
/// (UTF-16), ISO-2022-JP escapes, UTF-8, and of CP932 and EUC-JP the one in which it reads like what people write. Bytes behind
/// that head that are no text are mistakes of their rows.
///
/// Where two readings are as likely, or the likeliest has bytes that are no text, nobody is served by a guess: names of half-width
/// kana and of kanji, swapped, look like names.
pub(super) fn detect(input: &mut dyn ReadSeek) -> io::Result<Result<Encoding, Undetected>> {
    input.seek(SeekFrom::Start(0))?;
    let mut chunk = vec![0; CHUNK];
    let length = fill(input, &mut chunk)?;
    let head = &chunk[..length];
    // UTF-32 marks are not looked for: no spreadsheet writes them, and FF FE 00 00 fails as UTF-16 in the header.
    for encoding in [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be] {
        if head.starts_with(encoding.byte_order_mark()) {
            return Ok(Ok(encoding));
        }
    }
    if let Some(encoding) = utf16_by_nul(head) {
        return Ok(Ok(encoding));
    }
    drop(chunk);
    // Most files are text in one encoding only; how likely each reading is need not be known then.
    let trials = match read_head(input, false)? {
        Head { seven_bit_jis: true, .. } => return Ok(Ok(Encoding::Iso2022Jp)),
        Head { trials, .. } => trials,
    };
    if let Some(only) = the_only_one(&trials) {
        return Ok(Ok(only));
    }
    Ok(decide(read_head(input, true)?.trials))
}

/// The head of a file, read in each encoding.
struct Head {
    trials: [Trial; 3],
    seven_bit_jis: bool,
}

fn read_head(input: &mut dyn ReadSeek, weighed: bool) -> io::Result<Head> {
    input.seek(SeekFrom::Start(0))?;
    let mut chunk = vec![0; CHUNK];
    let mut length = fill(input, &mut chunk)?;
    let mut jis = Trial::new(Encoding::Iso2022Jp, false);
    let mut trials =
        [Encoding::Utf8, Encoding::Cp932, Encoding::EucJp].map(|encoding| Trial::new(encoding, weighed));
    let mut escapes = false;
    let mut seven_bit = true;
    loop {
        let last = length == 0;
        let bytes = &chunk[..length];
        seven_bit &= bytes.is_ascii();
        escapes |= seven_bit && bytes.windows(2).any(|pair| matches!(pair, b"\x1B$" | b"\x1B("));
        if seven_bit {
            jis.feed(bytes, last);
        }
        trials.iter_mut().for_each(|trial| trial.feed(bytes, last));
        // What is 7 bits wide so far may be anything yet.
        let sure = trials.iter().any(|trial| !trial.lost && trial.beyond_ascii >= SURE);
        if last || (!seven_bit && (sure || trials.iter().all(|trial| trial.lost))) {
            break;
        }
        length = fill(input, &mut chunk)?;
    }
    Ok(Head { trials, seven_bit_jis: escapes && seven_bit && jis.first_bad.is_none() })
}

/// UTF-8 where sequences of three bytes and more are all right, which is no accident; any other where the rest is out.
fn the_only_one(trials: &[Trial; 3]) -> Option<Encoding> {
    let whole = |trial: &&Trial| trial.first_bad.is_none();
    let utf8 = trials.iter().filter(whole).find(|trial| trial.encoding == Encoding::Utf8);
    if utf8.is_some_and(|utf8| utf8.beyond_ascii == 0 || utf8.wide) {
        return Some(Encoding::Utf8);
    }
    let mut left = trials.iter().filter(|trial| !trial.lost);
    match (left.next(), left.next()) {
        (Some(only), None) if only.first_bad.is_none() => Some(only.encoding),
        _ => None,
    }
}

fn decide(mut trials: [Trial; 3]) -> Result<Encoding, Undetected> {
    trials.sort_by_key(|trial| (trial.lost, trial.likely.bits()));
    let winner = trials.iter().position(|trial| trial.first_bad.is_none());
    let winner = winner.filter(|at| {
        let bits = trials[*at].likely.bits();
        let mut rivals = trials.iter().enumerate().filter(|(other, rival)| other != at && !rival.lost);
        rivals.all(|(_, rival)| {
            let margin = if rival.first_bad.is_none() { MARGIN } else { 0 };
            rival.likely.bits() >= bits + margin
        })
    });
    match winner {
        Some(at) => Ok(trials[at].encoding),
        None => Err(Undetected { candidates: trials.into_iter().map(Trial::into_candidate).collect() }),
    }
}

/// ASCII in UTF-16 leaves a NUL in every other byte, and a list is full of digits and delimiters; no other text holds many.
fn utf16_by_nul(head: &[u8]) -> Option<Encoding> {
    let nul = |parity: usize| head.iter().skip(parity).step_by(2).filter(|b| **b == 0).count();
    let few = (head.len() / 2 / 32).max(1);
    match (nul(0), nul(1)) {
        (high, low) if low > high * 4 && low > few => Some(Encoding::Utf16Le),
        (high, low) if high > low * 4 && high > few => Some(Encoding::Utf16Be),
        _ => None,
    }
}

/// One encoding under trial.
struct Trial {
    encoding: Encoding,
    decoder: Decoder,
    consumed: u64,
    first_bad: Option<u64>,
    bad: u64,
    /// So much is no text that it is out.
    lost: bool,
    beyond_ascii: u64,
    /// A character took three bytes of UTF-8.
    wide: bool,
    /// How likely it is is to be known.
    weighed: bool,
    likely: Plausible,
    sample: Sample,
    text: String,
}

impl Trial {
    fn new(encoding: Encoding, weighed: bool) -> Self {
        Self {
            encoding,
            decoder: encoding.decoder(),
            consumed: 0,
            first_bad: None,
            bad: 0,
            lost: false,
            beyond_ascii: 0,
            wide: false,
            weighed,
            likely: Plausible::new(encoding == Encoding::EucJp),
            sample: Sample::default(),
            text: String::new(),
        }
    }

    fn feed(&mut self, mut bytes: &[u8], last: bool) {
        while !self.lost {
            self.text.clear();
            self.text.reserve(CHUNK);
            let (result, read) =
                self.decoder.decode_to_string_without_replacement(bytes, &mut self.text, last);
            self.consumed += read as u64;
            bytes = &bytes[read..];
            self.count();
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(bad, beyond) => {
                    let at = self.consumed.saturating_sub(u64::from(bad) + u64::from(beyond));
                    self.first_bad.get_or_insert(at);
                    self.bad += 1;
                    self.likely.bad();
                    self.sample.take("\u{FFFD}");
                    self.lost = self.bad >= MOST_BAD && self.bad * 8 > self.beyond_ascii;
                }
            }
        }
    }

    fn count(&mut self) {
        if self.weighed {
            self.likely.take(&self.text);
            self.sample.take(&self.text);
        }
        if self.text.is_ascii() {
            return;
        }
        for c in self.text.chars().filter(|c| !c.is_ascii()) {
            self.beyond_ascii += 1;
            self.wide |= c.len_utf8() > 2;
        }
    }

    fn into_candidate(self) -> Candidate {
        Candidate { encoding: self.encoding, first_bad_byte: self.first_bad, cells: self.sample.into_cells() }
    }
}

/// The first cells beyond ASCII, by which a person sees whether an encoding is the right one. Delimiters and line ends are the same
/// bytes in each, so that the cells are the same ones.
#[derive(Default)]
struct Sample {
    cells: Vec<String>,
    cell: String,
}

impl Sample {
    fn take(&mut self, text: &str) {
        if self.cells.len() == SAMPLE_CELLS {
            return;
        }
        for c in text.chars() {
            match c {
                ',' | '\t' | ';' | '\r' | '\n' | '"' => self.end_cell(),
                c if self.cell.len() < SAMPLE_BYTES => self.cell.push(c),
                _ => {}
            }
        }
    }

    fn end_cell(&mut self) {
        let cell = self.cell.trim();
        if !cell.is_ascii() && self.cells.len() < SAMPLE_CELLS {
            self.cells.push(cell.to_owned());
        }
        self.cell.clear();
    }

    fn into_cells(mut self) -> Vec<String> {
        self.end_cell();
        self.cells
    }
}

/// Characters beyond ASCII that make an encoding sure.
const SURE: u64 = 10_000;
/// Bits by which a reading must be the likelier one: a thousand times as likely.
const MARGIN: u64 = 10;
/// A file may have some bytes that are no text in its own encoding, and still be known by the rest.
const MOST_BAD: u64 = 100;
/// Cells shown of each encoding.
const SAMPLE_CELLS: usize = 6;
/// Bytes of such a cell: some 20 characters.
const SAMPLE_BYTES: usize = 60;

#[cfg(test)]
mod tests;
