//! What is known of an archive that lies there, without decoding it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ogg::PacketReader;
use sha2::Digest;

use super::head::Head;
use super::write::Counted;
use super::{ArchiveError, Archived, GRANULE_RATE};

/// The facts of an archive that is whole, as [`write`](super::write()) told them when it made it.
///
/// # Errors
/// [`ArchiveError::NotAnArchive`] for anything that [`write`](super::write()) does not make, and for half of one;
/// [`ArchiveError::File`] where it cannot be read.
pub fn look(path: &Path) -> Result<Archived, ArchiveError> {
    let bad = |reason: &str| ArchiveError::NotAnArchive { path: path.to_owned(), reason: reason.to_owned() };
    let failed = |source| ArchiveError::file("read", path, source);
    let file = File::open(path).map_err(failed)?;
    let mut ogg = PacketReader::new(BufReader::new(file));
    let mut next = || ogg.read_packet().map_err(|error| bad(&error.to_string()));
    let head = next()?.and_then(|packet| Head::parse(&packet.data)).ok_or_else(|| bad("no header"))?;
    next()?.filter(|packet| packet.data.starts_with(b"OpusTags")).ok_or_else(|| bad("no comments"))?;
    let end = loop {
        let packet = next()?.ok_or_else(|| bad("it ends in the middle"))?;
        if packet.last_in_stream() {
            break packet.absgp_page();
        }
    };
    let mut counted = Counted::new(std::io::sink());
    File::open(path).and_then(|mut file| std::io::copy(&mut file, &mut counted)).map_err(failed)?;
    Ok(Archived {
        path: path.to_owned(),
        duration_ms: end.saturating_sub(u64::from(head.pre_skip)) / u64::from(GRANULE_RATE / 1_000),
        bytes: counted.bytes,
        sha256: counted.hash.finalize().into(),
    })
}
