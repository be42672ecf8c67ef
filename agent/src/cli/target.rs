//! What a file may be written over.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use protocol::{Detail, ErrorCode, RpcError};

use super::Failure;

/// Refuses to put a file in the place of a database: whoever may write there is the daemon's user or root, and a name given
/// by mistake would cost every contact and call.
///
/// # Errors
/// `E-FILE-DATABASE`. A file that cannot be read is not judged here.
pub(super) fn guard(path: &Path) -> Result<(), Failure> {
    if !path.is_file() {
        // Nothing there, or a device or a pipe, whose bytes are somebody else's to read.
        return Ok(());
    }
    let mut head = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    if read.is_ok() && &head == MAGIC {
        let of = Detail::name(path.display().to_string());
        return Err(RpcError::with_detail(ErrorCode::FileDatabase, of).into());
    }
    Ok(())
}

/// What every SQLite file begins with (its file format, 1.3).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_not_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.csv");
        assert!(guard(&path).is_ok(), "nothing is there");
        for (content, fits) in [(&b""[..], true), (b"SQLite", true), (b"SQLite format 3\0\x10\0", false)] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(guard(&path).is_ok(), fits, "{content:?}");
        }
    }
}
