//! Which encoding a file is in, and its text piece by piece.

use std::io::{self, Read, SeekFrom};
use std::str::FromStr;

use encoding_rs::{CoderResult, Decoder, DecoderResult};

use super::options::{ReadSeek, UnknownWord};
use super::report::Candidate;

/// An encoding a list may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    Utf8,
    /// Windows-31J: Shift_JIS with the NEC and IBM extensions (①㈱髙﨑), what Excel writes.
    Cp932,
    /// UTF-16, low byte first: Excel's "Unicode テキスト".
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// EUC-JP.
    EucJp,
    /// ISO-2022-JP.
    Iso2022Jp,
}

impl Encoding {
    /// Every encoding, in the order of detection.
    pub const ALL: [Self; 6] =
        [Self::Utf8, Self::Cp932, Self::Utf16Le, Self::Utf16Be, Self::EucJp, Self::Iso2022Jp];

    /// The name on the command line and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Cp932 => "cp932",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::EucJp => "euc-jp",
            Self::Iso2022Jp => "iso-2022-jp",
        }
    }

    fn decoder(self) -> Decoder {
        let encoding = match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Cp932 => encoding_rs::SHIFT_JIS,
            Self::Utf16Le => encoding_rs::UTF_16LE,
            Self::Utf16Be => encoding_rs::UTF_16BE,
            Self::EucJp => encoding_rs::EUC_JP,
            Self::Iso2022Jp => encoding_rs::ISO_2022_JP,
        };
        encoding.new_decoder_without_bom_handling()
    }

    fn byte_order_mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 => b"\xEF\xBB\xBF",
            Self::Utf16Le => b"\xFF\xFE",
            Self::Utf16Be => b"\xFE\xFF",
            Self::Cp932 | Self::EucJp | Self::Iso2022Jp => b"",
        }
    }
}

impl FromStr for Encoding {
    type Err = UnknownWord;

    /// Common other names are understood: `sjis`, `utf-8-bom` …
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "utf-8-bom" => Ok(Self::Utf8),
            "cp932" | "sjis" | "shift_jis" | "shift-jis" | "windows-31j" | "ms932" => Ok(Self::Cp932),
            "utf-16le" | "utf-16" | "utf16" => Ok(Self::Utf16Le),
            "utf-16be" => Ok(Self::Utf16Be),
            "euc-jp" | "eucjp" => Ok(Self::EucJp),
            "iso-2022-jp" | "jis" => Ok(Self::Iso2022Jp),
            _ => Err(UnknownWord { expected: "auto, utf-8, cp932, utf-16le, utf-16be, euc-jp, iso-2022-jp" }),
        }
    }
}

/// What detection could not decide.
pub(super) struct Undetected {
    pub(super) candidates: Vec<Candidate>,
}

/// Reads the source until its encoding is sure, at most once: byte order mark, then NUL bytes (UTF-16), ISO-2022-JP
/// escapes, strict UTF-8, strict CP932, EUC-JP. It is sure when much Japanese reads well in one of them only; bytes behind
/// that point that do not are mistakes of their rows.
pub(super) fn detect(input: &mut dyn ReadSeek) -> io::Result<Result<Encoding, Undetected>> {
    input.seek(SeekFrom::Start(0))?;
    let mut chunk = vec![0; CHUNK];
    let mut length = fill(input, &mut chunk)?;
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
    let mut utf8 = Trial::new(Encoding::Utf8);
    let mut cp932 = Trial::new(Encoding::Cp932);
    let mut euc = Trial::new(Encoding::EucJp);
    let mut jis = Trial::new(Encoding::Iso2022Jp);
    let mut escapes = false;
    let mut seven_bit = true;
    loop {
        let last = length == 0;
        let bytes = &chunk[..length];
        seven_bit &= bytes.is_ascii();
        escapes |= seven_bit && bytes.windows(2).any(|pair| pair == b"\x1B$");
        for trial in [&mut utf8, &mut cp932, &mut euc, &mut jis] {
            trial.feed(bytes, last);
        }
        if last {
            break;
        }
        if !seven_bit && let Some(sure) = sure(&utf8, &cp932, &euc) {
            return Ok(Ok(sure));
        }
        length = fill(input, &mut chunk)?;
    }
    if escapes && seven_bit && jis.first_bad.is_none() {
        return Ok(Ok(Encoding::Iso2022Jp));
    }
    if utf8.first_bad.is_none() {
        return Ok(Ok(Encoding::Utf8));
    }
    match (cp932.first_bad, euc.first_bad) {
        (None, None) if euc.reads_like_japanese() && cp932.reads_like_noise() => Ok(Ok(Encoding::EucJp)),
        (None, _) => Ok(Ok(Encoding::Cp932)),
        (Some(_), None) => Ok(Ok(Encoding::EucJp)),
        (Some(_), Some(_)) => {
            let candidates = [utf8, cp932, euc].into_iter().map(Trial::into_candidate).collect();
            Ok(Err(Undetected { candidates }))
        }
    }
}

/// The one encoding that so much text beyond ASCII fits.
fn sure(utf8: &Trial, cp932: &Trial, euc: &Trial) -> Option<Encoding> {
    let fits = |trial: &Trial| trial.first_bad.is_none() && trial.beyond_ascii >= SURE;
    match (utf8.first_bad, cp932.first_bad, euc.first_bad) {
        // No other text is UTF-8 by chance for so long.
        (None, ..) => fits(utf8).then_some(Encoding::Utf8),
        (Some(_), None, Some(_)) => fits(cp932).then_some(Encoding::Cp932),
        (Some(_), Some(_), None) => fits(euc).then_some(Encoding::EucJp),
        // EUC-JP is half-width kana to CP932, which nobody writes that much of.
        (Some(_), None, None) => {
            let japanese = fits(euc) && euc.reads_like_japanese() && cp932.reads_like_noise();
            japanese.then_some(Encoding::EucJp)
        }
        (Some(_), Some(_), Some(_)) => None,
    }
}

/// ASCII in UTF-16 leaves a NUL in every other byte; no other text holds any.
fn utf16_by_nul(head: &[u8]) -> Option<Encoding> {
    let nul = |parity: usize| head.iter().skip(parity).step_by(2).filter(|b| **b == 0).count();
    match (nul(0), nul(1)) {
        (0, 0) => None,
        (high, low) if low > high * 4 => Some(Encoding::Utf16Le),
        (high, low) if high > low * 4 => Some(Encoding::Utf16Be),
        _ => None,
    }
}

/// One encoding under trial.
struct Trial {
    encoding: Encoding,
    decoder: Decoder,
    consumed: u64,
    first_bad: Option<u64>,
    kana: u64,
    half_kana: u64,
    beyond_ascii: u64,
    sample: String,
    text: String,
}

impl Trial {
    fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            decoder: encoding.decoder(),
            consumed: 0,
            first_bad: None,
            kana: 0,
            half_kana: 0,
            beyond_ascii: 0,
            sample: String::new(),
            text: String::new(),
        }
    }

    fn feed(&mut self, mut bytes: &[u8], last: bool) {
        while self.first_bad.is_none() {
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
                    self.first_bad = Some(self.consumed.saturating_sub(u64::from(bad) + u64::from(beyond)));
                }
            }
        }
    }

    fn count(&mut self) {
        if self.sample.len() < SAMPLE {
            self.sample.extend(self.text.chars().take(SAMPLE));
        }
        if self.text.is_ascii() {
            return;
        }
        for c in self.text.chars().filter(|c| !c.is_ascii()) {
            self.beyond_ascii += 1;
            match c {
                '\u{3041}'..='\u{30FF}' => self.kana += 1,
                '\u{FF61}'..='\u{FF9F}' => self.half_kana += 1,
                _ => {}
            }
        }
    }

    /// Hiragana or katakana in a third of the text: in EUC-JP they start with A4 or A5, which in CP932 are half-width
    /// punctuation that nobody writes that often.
    fn reads_like_japanese(&self) -> bool {
        self.kana * 3 >= self.beyond_ascii
    }

    fn reads_like_noise(&self) -> bool {
        self.half_kana * 3 >= self.beyond_ascii && self.kana * 10 < self.beyond_ascii
    }

    fn into_candidate(self) -> Candidate {
        Candidate {
            encoding: self.encoding,
            first_bad_byte: self.first_bad,
            sample: self.sample.chars().take(SAMPLE).collect(),
        }
    }
}

/// The text of a source, decoded piece by piece. Undecodable bytes come out as U+FFFD.
pub(super) struct TextStream {
    input: Box<dyn ReadSeek>,
    decoder: Decoder,
    chunk: Vec<u8>,
    start: usize,
    end: usize,
    read: u64,
    finished: bool,
}

impl TextStream {
    pub(super) fn new(mut input: Box<dyn ReadSeek>, encoding: Encoding) -> io::Result<Self> {
        input.seek(SeekFrom::Start(0))?;
        let mut chunk = vec![0; CHUNK];
        let end = fill(&mut *input, &mut chunk)?;
        let mark = encoding.byte_order_mark();
        let start = if chunk[..end].starts_with(mark) { mark.len() } else { 0 };
        Ok(Self { input, decoder: encoding.decoder(), chunk, start, end, read: end as u64, finished: false })
    }

    /// Bytes of the source taken so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// Appends the next piece of text; `false` at the end.
    pub(super) fn read_text(&mut self, text: &mut String) -> io::Result<bool> {
        let before = text.len();
        while !self.finished {
            text.reserve(CHUNK);
            let last = self.end == 0;
            let bytes = &self.chunk[self.start..self.end];
            let (result, read, _) = self.decoder.decode_to_string(bytes, text, last);
            self.start += read;
            match result {
                CoderResult::OutputFull => break,
                CoderResult::InputEmpty if last => self.finished = true,
                CoderResult::InputEmpty => {
                    self.start = 0;
                    self.end = fill(&mut *self.input, &mut self.chunk)?;
                    self.read += self.end as u64;
                }
            }
            if text.len() > before {
                break;
            }
        }
        Ok(text.len() > before)
    }
}

/// Fills `chunk` as far as the source goes; fewer bytes mean the end is near, none that it is reached.
fn fill(input: &mut (impl Read + ?Sized), chunk: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < chunk.len() {
        match input.read(&mut chunk[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;
/// Characters of text shown per candidate when nothing fits.
const SAMPLE: usize = 120;
/// Characters beyond ASCII that make an encoding sure.
const SURE: u64 = 10_000;

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn detected(bytes: &[u8]) -> Encoding {
        match detect(&mut Cursor::new(bytes)).unwrap() {
            Ok(encoding) => encoding,
            Err(undetected) => panic!("undetected: {:?}", undetected.candidates),
        }
    }

    fn text_of(bytes: &[u8], encoding: Encoding) -> String {
        let mut stream = TextStream::new(Box::new(Cursor::new(bytes.to_vec())), encoding).unwrap();
        let mut text = String::new();
        while stream.read_text(&mut text).unwrap() {}
        text
    }

    fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
        let mark = mark.then_some(0xFEFF);
        mark.into_iter()
            .chain(text.encode_utf16())
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect()
    }

    const TEXT: &str = "取引先会社名,電話番号\r\n株式会社ソ表能ﾃｽﾄ①㈱髙﨑,0312345678\r\n";

    #[test]
    fn every_encoding_is_detected_and_read() {
        let cp932 = encoding_rs::SHIFT_JIS.encode(TEXT).0.into_owned();
        assert_eq!(detected(&cp932), Encoding::Cp932);
        assert_eq!(text_of(&cp932, Encoding::Cp932), TEXT);
        assert_eq!(detected(TEXT.as_bytes()), Encoding::Utf8);
        let marked = format!("\u{FEFF}{TEXT}");
        assert_eq!(detected(marked.as_bytes()), Encoding::Utf8);
        assert_eq!(text_of(marked.as_bytes(), Encoding::Utf8), TEXT);
        for mark in [true, false] {
            assert_eq!(detected(&utf16(TEXT, true, mark)), Encoding::Utf16Le);
            assert_eq!(text_of(&utf16(TEXT, true, mark), Encoding::Utf16Le), TEXT);
            assert_eq!(detected(&utf16(TEXT, false, mark)), Encoding::Utf16Be);
            assert_eq!(text_of(&utf16(TEXT, false, mark), Encoding::Utf16Be), TEXT);
        }
        let plain = "取引先会社名,カテゴリー\n山田スポーツ株式会社,イベントからのリード\n";
        let euc = encoding_rs::EUC_JP.encode(plain).0.into_owned();
        assert_eq!(detected(&euc), Encoding::EucJp);
        assert_eq!(text_of(&euc, Encoding::EucJp), plain);
        let jis = encoding_rs::ISO_2022_JP.encode(plain).0.into_owned();
        assert_eq!(detected(&jis), Encoding::Iso2022Jp);
        assert_eq!(text_of(&jis, Encoding::Iso2022Jp), plain);
        assert_eq!(detected(b"company,phone\r\nA,0312345678\r\n"), Encoding::Utf8);
        assert_eq!(detected(b""), Encoding::Utf8);
    }

    #[test]
    fn half_width_kana_is_not_mistaken_for_euc() {
        let cp932 = encoding_rs::SHIFT_JIS.encode("ｶﾌﾞｼｷｶﾞｲｼｬ ﾃｽﾄ,ﾔﾏﾀﾞ ﾀﾛｳ,0312345678\r\n").0.into_owned();
        assert_eq!(detected(&cp932), Encoding::Cp932);
    }

    #[test]
    fn what_fits_nothing_names_the_first_bad_byte_of_each() {
        let mut bytes = "会社,電話\r\n".as_bytes().to_vec();
        let good = bytes.len() as u64;
        bytes.extend(b"\xFF\xFF,0312345678\r\n");
        let Err(undetected) = detect(&mut Cursor::new(bytes)).unwrap() else { panic!("detected") };
        let utf8 = &undetected.candidates[0];
        assert_eq!((utf8.encoding, utf8.first_bad_byte), (Encoding::Utf8, Some(good)));
        assert!(utf8.sample.starts_with("会社"));
        assert!(undetected.candidates.iter().all(|candidate| candidate.first_bad_byte.is_some()));
    }

    /// A sheet of gigabytes is not read twice as a whole, and one that is ASCII for long is.
    #[test]
    fn detection_ends_when_the_encoding_is_sure() {
        let japanese = "取引先かいしゃカナと漢字".repeat(CHUNK);
        for (bytes, encoding) in [
            (encoding_rs::SHIFT_JIS.encode(&japanese).0.into_owned(), Encoding::Cp932),
            (japanese.clone().into_bytes(), Encoding::Utf8),
            (encoding_rs::EUC_JP.encode(&japanese).0.into_owned(), Encoding::EucJp),
        ] {
            let mut file = Cursor::new(&bytes);
            assert!(matches!(detect(&mut file), Ok(Ok(found)) if found == encoding), "{encoding:?}");
            assert!(file.position() < bytes.len() as u64 / 4, "{encoding:?}: {}", file.position());
        }
        let mut late = vec![b'a'; 5 * CHUNK];
        late.extend(encoding_rs::SHIFT_JIS.encode("会社").0.iter());
        assert_eq!(detected(&late), Encoding::Cp932);
    }

    #[test]
    fn a_character_across_two_chunks_stays_whole() {
        for pad in 0..3 {
            let text = format!("{}{}", "a".repeat(pad), "表能ソ十".repeat(CHUNK / 4));
            let cp932 = encoding_rs::SHIFT_JIS.encode(&text).0.into_owned();
            assert_eq!(detected(&cp932), Encoding::Cp932);
            assert_eq!(text_of(&cp932, Encoding::Cp932), text);
            assert_eq!(text_of(text.as_bytes(), Encoding::Utf8), text);
        }
    }
}
