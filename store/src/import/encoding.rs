//! The encodings a list may be in, and its text piece by piece.

use std::io::{self, Read, SeekFrom};
use std::str::FromStr;

use encoding_rs::{CoderResult, Decoder};

use super::options::{ReadSeek, UnknownWord};

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

    pub(super) fn decoder(self) -> Decoder {
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

    pub(super) fn byte_order_mark(self) -> &'static [u8] {
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
pub(super) fn fill(input: &mut (impl Read + ?Sized), chunk: &mut [u8]) -> io::Result<usize> {
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
pub(super) const CHUNK: usize = 64 * 1024;
