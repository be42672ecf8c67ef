//! From an archive back to PCM.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ogg::PacketReader;
use opus::{Channels, Decoder};

use super::framing::split;
use super::head::Head;
use super::{ArchiveError, GRANULE_RATE};
use crate::wav::MAX_VOICE_SECONDS;

/// Decodes an archive: its rate in hertz, and the samples of operator and callee, as long as the recording was.
///
/// # Errors
/// [`ArchiveError::NotAnArchive`] for anything that [`write`](super::write()) does not make, for a damaged file and for one
/// longer than [`MAX_VOICE_SECONDS`]; [`ArchiveError::File`] where it cannot be opened.
pub fn read(path: &Path) -> Result<(u32, [Vec<i16>; 2]), ArchiveError> {
    let bad = |reason: &str| ArchiveError::NotAnArchive { path: path.to_owned(), reason: reason.to_owned() };
    let file = File::open(path).map_err(|source| ArchiveError::file("read", path, source))?;
    let mut ogg = PacketReader::new(BufReader::new(file));
    let mut next = || ogg.read_packet().map_err(|error| bad(&error.to_string()));
    let head = next()?.and_then(|packet| Head::parse(&packet.data)).ok_or_else(|| bad("no header"))?;
    next()?.filter(|packet| packet.data.starts_with(b"OpusTags")).ok_or_else(|| bad("no comments"))?;

    let scale = u64::from(GRANULE_RATE / head.rate);
    let mut decoders = [Decoder::new(head.rate, Channels::Mono)?, Decoder::new(head.rate, Channels::Mono)?];
    let mut sides = [Vec::new(), Vec::new()];
    let mut first = Vec::new();
    // 120 ms, the longest packet.
    let mut pcm = vec![0; head.rate as usize * 120 / 1_000];
    let mut end = None;
    while let Some(packet) = next()? {
        let rest = split(&packet.data, &mut first).ok_or_else(|| bad("a torn packet"))?;
        for ((decoder, side), bytes) in decoders.iter_mut().zip(&mut sides).zip([&first[..], rest]) {
            let count = decoder.decode(bytes, &mut pcm, false).map_err(|error| bad(error.description()))?;
            side.extend_from_slice(pcm.get(..count).unwrap_or_default());
        }
        if sides[0].len() > (MAX_VOICE_SECONDS * head.rate) as usize {
            return Err(bad("too long to be read whole"));
        }
        if packet.last_in_stream() {
            end = Some(packet.absgp_page());
        }
    }
    let end = end.ok_or_else(|| bad("it ends in the middle"))?;
    let skipped = usize::from(head.pre_skip) / scale as usize;
    let length = usize::try_from(end.saturating_sub(u64::from(head.pre_skip)) / scale).unwrap_or(usize::MAX);
    for side in &mut sides {
        side.drain(..skipped.min(side.len()));
        side.truncate(length);
    }
    Ok((head.rate, sides))
}
