//! From a sealed WAV to an archive.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ogg::{PacketWriteEndInfo, PacketWriter};
use opus::{Application, Bitrate, Channels, Encoder, Signal};
use sha2::{Digest, Sha256};

use super::framing::delimit;
use super::head::{Head, tags};
use super::{ArchiveError, BYTES_PER_MINUTE, FRAME_MS, GRANULE_RATE};
use crate::wav;

/// What became of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// The archive.
    pub path: PathBuf,
    /// Length of the recording in milliseconds.
    pub duration_ms: u64,
    /// Size of the archive.
    pub bytes: u64,
    /// Checksum of the archive.
    pub sha256: [u8; 32],
}

/// Archives the stereo recording `wav` as `archive`, which is replaced where it exists: an archive is made of its
/// recording alone. It is written under `archive` + `.part`, fsynced and renamed; `wav` is only read.
///
/// # Errors
/// [`ArchiveError::NotARecording`] for anything but a stereo WAV of 8, 12, 16, 24 or 48 kHz as the recorder writes it,
/// [`ArchiveError::File`] and [`ArchiveError::Opus`] as they say.
pub fn write(wav: &Path, archive: &Path) -> Result<Archived, ArchiveError> {
    let mut name = archive.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let written = encode(wav, &part);
    if written.is_err() {
        // Half an archive is of no use; that it could not be removed is not the news.
        let _ = fs::remove_file(&part);
    }
    let (duration_ms, bytes, sha256) = written?;
    let seal = |source| ArchiveError::file("seal", archive, source);
    fs::rename(&part, archive).map_err(seal)?;
    let folder = archive.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(seal)?;
    Ok(Archived { path: archive.to_owned(), duration_ms, bytes, sha256 })
}

fn encode(wav: &Path, part: &Path) -> Result<(u64, u64, [u8; 32]), ArchiveError> {
    let mut source = Source::open(wav)?;
    let failed = |source| ArchiveError::file("write", part, source);
    // As the recording itself: for nobody but the owner.
    let file =
        File::options().write(true).create(true).truncate(true).mode(0o600).open(part).map_err(failed)?;
    let mut streams = [stream(source.rate)?, stream(source.rate)?];
    let scale = u64::from(GRANULE_RATE / source.rate);
    let lookahead = streams[0].get_lookahead()?;
    let pre_skip = u64::try_from(lookahead).unwrap_or_default() * scale;
    let head = Head { pre_skip: u16::try_from(pre_skip).unwrap_or(u16::MAX), rate: source.rate };

    let mut counted = Counted::new(BufWriter::new(&file));
    let mut ogg = PacketWriter::new(&mut counted);
    ogg.write_packet(head.to_bytes(), SERIAL, PacketWriteEndInfo::EndPage, 0).map_err(failed)?;
    ogg.write_packet(tags(), SERIAL, PacketWriteEndInfo::EndPage, 0).map_err(failed)?;

    let frame = (source.rate * FRAME_MS / 1_000) as usize;
    let mut sides = [vec![0; frame], vec![0; frame]];
    let mut budget = Budget::new(ogg.inner().bytes);
    let (mut encoded, mut packets) = (0_u64, 0_u32);
    let mut buffer = [0; LARGEST];
    loop {
        let [left, right] = &mut sides;
        source.read(left, right)?;
        let mut packet = Vec::with_capacity(160);
        for (index, (encoder, side)) in streams.iter_mut().zip(&sides).enumerate() {
            encoder.set_bitrate(Bitrate::Bits(budget.bit_rate()))?;
            let length = encoder.encode(side, &mut buffer)?;
            let bytes = buffer.get(..length).unwrap_or_default();
            if index == 0 {
                delimit(bytes, &mut packet).ok_or_else(|| opus_bug(part))?;
            } else {
                packet.extend_from_slice(bytes);
            }
        }
        encoded += frame as u64;
        packets += 1;
        budget.spend(packet.len());
        // The encoders are ahead: the last samples come out of a frame that may be silence.
        let last = source.is_over() && encoded >= source.frames + pre_skip / scale;
        let (end, granule) = if last {
            (PacketWriteEndInfo::EndStream, source.frames * scale + pre_skip)
        } else if packets.is_multiple_of(PACKETS_PER_PAGE) {
            (PacketWriteEndInfo::EndPage, encoded * scale)
        } else {
            (PacketWriteEndInfo::NormalPacket, encoded * scale)
        };
        ogg.write_packet(packet, SERIAL, end, granule).map_err(failed)?;
        if last {
            break;
        }
    }
    counted.flush().map_err(failed)?;
    let (bytes, sha256) = (counted.bytes, counted.hash.clone().finalize().into());
    drop(counted);
    file.sync_all().map_err(failed)?;
    Ok((source.frames * 1_000 / u64::from(source.rate), bytes, sha256))
}

/// One side: telephone voice, as cheap as is not heard.
fn stream(rate: u32) -> Result<Encoder, ArchiveError> {
    let mut encoder = Encoder::new(rate, Channels::Mono, Application::Voip)?;
    encoder.set_complexity(COMPLEXITY)?;
    encoder.set_signal(Signal::Voice)?;
    encoder.set_vbr(true)?;
    Ok(encoder)
}

fn opus_bug(part: &Path) -> ArchiveError {
    ArchiveError::NotAnArchive {
        path: part.to_owned(),
        reason: "an encoder made a packet of several frames".to_owned(),
    }
}

/// The frames of a recording.
struct Source {
    path: PathBuf,
    reader: BufReader<File>,
    rate: u32,
    frames: u64,
    left: u64,
    bytes: Vec<u8>,
}

impl Source {
    fn open(path: &Path) -> Result<Self, ArchiveError> {
        let failed = |source| ArchiveError::file("read", path, source);
        let not_ours = || ArchiveError::NotARecording { path: path.to_owned() };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut reader = BufReader::with_capacity(64 * 1_024, file);
        let mut header = [0; wav::HEADER_LEN];
        if length < header.len() as u64 {
            return Err(not_ours());
        }
        reader.read_exact(&mut header).map_err(failed)?;
        let (rate, channels) = wav::parse_header(&header).ok_or_else(not_ours)?;
        if channels != 2 || !RATES.contains(&rate) {
            return Err(not_ours());
        }
        let frames = (length - header.len() as u64) / FRAME_BYTES as u64;
        Ok(Self { path: path.to_owned(), reader, rate, frames, left: frames, bytes: Vec::new() })
    }

    fn is_over(&self) -> bool {
        self.left == 0
    }

    /// The next samples of both sides; silence after the end.
    fn read(&mut self, left: &mut [i16], right: &mut [i16]) -> Result<(), ArchiveError> {
        let count = left.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.bytes.resize(count * FRAME_BYTES, 0);
        self.reader
            .read_exact(&mut self.bytes)
            .map_err(|source| ArchiveError::file("read", &self.path, source))?;
        self.left -= count as u64;
        left.fill(0);
        right.fill(0);
        for ((left, right), frame) in left.iter_mut().zip(right).zip(self.bytes.chunks_exact(FRAME_BYTES)) {
            *left = i16::from_le_bytes([frame[0], frame[1]]);
            *right = i16::from_le_bytes([frame[2], frame[3]]);
        }
        Ok(())
    }
}

/// Keeps the file within [`BYTES_PER_MINUTE`], whatever is said.
struct Budget {
    /// Bytes that may still be spent on what was encoded so far, pages counted; in millionths.
    credit: i64,
}

impl Budget {
    fn new(spent: u64) -> Self {
        Self { credit: -i64::try_from(spent).unwrap_or_default() * MILLION }
    }

    fn bit_rate(&self) -> i32 {
        if self.credit < -OVERDRAFT { SPARING } else { USUAL }
    }

    fn spend(&mut self, packet: usize) {
        // Each packet costs its own bytes, one for its length, and its share of the page's header.
        let bytes = packet as i64 + 1;
        let header = PAGE_HEADER * MILLION / i64::from(PACKETS_PER_PAGE);
        let allowed = BYTES_PER_MINUTE as i64 * MILLION / (60_000 / i64::from(FRAME_MS));
        // What quiet minutes leave over is not saved up: every minute keeps the limit.
        self.credit = (self.credit + allowed - bytes * MILLION - header).min(0);
    }
}

const MILLION: i64 = 1_000_000;
/// What may be owed before the encoders are told to save: a quarter of a second of archive.
const OVERDRAFT: i64 = 500 * MILLION;
/// Bits per second and side.
const USUAL: i32 = 7_800;
/// The least of libopus' speech.
const SPARING: i32 = 6_000;
/// libopus' 0 to 10: what higher ones cost is not heard at this rate.
const COMPLEXITY: i32 = 1;
/// About a second: what a reader must fetch to begin anywhere.
const PACKETS_PER_PAGE: u32 = 17;
/// Of an Ogg page (RFC 3533 6), without its table of lengths.
const PAGE_HEADER: i64 = 27;
/// Of the one logical stream.
const SERIAL: u32 = 1;
/// The rates of Opus.
const RATES: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];
/// Two samples of 16 bits.
const FRAME_BYTES: usize = 4;
/// The largest packet of one frame (RFC 6716 3.2.1).
const LARGEST: usize = 1_276;

/// Counts and checks what goes to the disk.
pub(super) struct Counted<W: Write> {
    inner: W,
    pub(super) hash: Sha256,
    pub(super) bytes: u64,
}

impl<W: Write> Counted<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
