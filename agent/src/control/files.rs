//! Files that travel over the socket in pieces. The daemon's sandbox sees no home folder, and a path from a client would
//! be read with the daemon's rights instead of the client's, so bytes travel and paths are for managers.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::params::{ListDownload, ListUpload, SentFile};
use protocol::result::{Downloaded, Uploaded};
use protocol::{Detail, ErrorCode};

use super::{RpcError, base64};

/// The largest file one client may send: ten million rows of 100 bytes.
const MAX_UPLOAD: u64 = 1024 * 1024 * 1024;
/// What all clients together may have on the disk.
const MAX_UPLOADS: u64 = 2 * MAX_UPLOAD;
/// Bytes of one downloaded piece; base64 makes it a third longer.
const PIECE: usize = 384 * 1024;
/// Exports one client may keep open; the oldest closes.
const MAX_DOWNLOADS: usize = 4;

static HELD: AtomicU64 = AtomicU64::new(0);
static EXPORTS: AtomicU64 = AtomicU64::new(0);

/// The files of one connection.
#[derive(Debug)]
pub(super) struct Files {
    spool: PathBuf,
    upload: Option<Upload>,
    downloads: Vec<(String, File)>,
}

/// A file on its way: on the disk, without a name, so that whatever happens leaves nothing behind.
#[derive(Debug)]
struct Upload {
    name: String,
    file: Arc<File>,
    bytes: u64,
}

impl Drop for Upload {
    fn drop(&mut self) {
        HELD.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Files {
    pub(super) fn new(spool: &Path) -> Self {
        Self { spool: spool.to_path_buf(), upload: None, downloads: Vec::new() }
    }

    /// Keeps a piece.
    pub(super) fn upload(&mut self, piece: &ListUpload) -> Result<Uploaded, RpcError> {
        let Some(bytes) = base64::decode(&piece.data) else {
            return Err(RpcError::with_detail(
                ErrorCode::BadRequest,
                ("data が base64 ではありません", "data is not base64"),
            ));
        };
        if self.upload.as_ref().is_none_or(|upload| upload.name != piece.upload) {
            self.upload = None;
            let file = nameless(&self.spool).map_err(|error| unwritten(&error))?;
            self.upload = Some(Upload { name: piece.upload.clone(), file: Arc::new(file), bytes: 0 });
        }
        let Some(upload) = &mut self.upload else { return Err(ErrorCode::Internal.into()) };
        let more = bytes.len() as u64;
        let held = HELD.fetch_add(more, Ordering::Relaxed) + more;
        upload.bytes += more;
        let refused = if upload.bytes > MAX_UPLOAD {
            Some(too_large(MAX_UPLOAD))
        } else if held > MAX_UPLOADS {
            Some(too_large(MAX_UPLOADS))
        } else {
            upload.file.write_all_at(&bytes, upload.bytes - more).err().map(|error| unwritten(&error))
        };
        match refused {
            None => Ok(Uploaded { bytes: upload.bytes }),
            Some(error) => {
                self.upload = None;
                Err(error)
            }
        }
    }

    /// The uploaded file of an import; `None` when it names a path.
    pub(super) fn attach(
        &mut self,
        path: Option<&str>,
        upload: Option<&str>,
    ) -> Result<Option<SentFile>, RpcError> {
        Ok(self.take(path, upload)?.map(|upload| SentFile(Arc::clone(&upload.file))))
    }

    fn take(&mut self, path: Option<&str>, upload: Option<&str>) -> Result<Option<Upload>, RpcError> {
        match (path, upload) {
            (Some(_), None) => Ok(None),
            (None, Some(name)) => {
                let upload = self.upload.take_if(|upload| upload.name == name);
                upload.map(Some).ok_or_else(|| {
                    let detail = (
                        format!("{name:?} というファイルは送られていません"),
                        format!("nothing was uploaded as {name:?}"),
                    );
                    RpcError::with_detail(ErrorCode::BadRequest, detail)
                })
            }
            _ => {
                let detail =
                    ("path と upload のどちらか一方が必要です", "exactly one of path and upload is needed");
                Err(RpcError::with_detail(ErrorCode::BadRequest, detail))
            }
        }
    }

    /// Opens what an export wrote, to be fetched in pieces; the file's name disappears at once.
    pub(super) fn offer(&mut self, export: &Export) -> io::Result<String> {
        let file = File::open(&export.path)?;
        if self.downloads.len() == MAX_DOWNLOADS {
            self.downloads.remove(0);
        }
        self.downloads.push((export.name.clone(), file));
        Ok(export.name.clone())
    }

    /// Reads a piece.
    pub(super) fn download(&self, wanted: &ListDownload) -> Result<Downloaded, RpcError> {
        let Some((_, file)) = self.downloads.iter().find(|(name, _)| *name == wanted.download) else {
            let name = &wanted.download;
            let detail =
                (format!("{name:?} というファイルはありません"), format!("nothing to fetch as {name:?}"));
            return Err(RpcError::with_detail(ErrorCode::BadRequest, detail));
        };
        let failed = |error: io::Error| RpcError::with_detail(ErrorCode::Internal, Detail::log(error));
        let size = file.metadata().map_err(failed)?.len();
        if wanted.offset >= size {
            return Ok(Downloaded { data: String::new(), next: None });
        }
        let mut piece = vec![0; PIECE];
        let mut filled = 0;
        while filled < PIECE {
            match file.read_at(&mut piece[filled..], wanted.offset.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) => return Err(failed(error)),
            }
        }
        let end = wanted.offset.saturating_add(filled as u64);
        // A file that shrank under us ends where it ends.
        let next = (filled > 0 && end < size).then_some(end);
        Ok(Downloaded { data: base64::encode(&piece[..filled]), next })
    }
}

fn too_large(limit: u64) -> RpcError {
    let most = limit / (1024 * 1024);
    RpcError::with_detail(
        ErrorCode::CsvTooLarge,
        (format!("{most} MiB を超えています"), format!("more than {most} MiB")),
    )
}

fn unwritten(error: &io::Error) -> RpcError {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::DiskFull,
        _ => ErrorCode::DiskIo,
    };
    RpcError::with_detail(code, (store::os(error), error.to_string()))
}

/// A file that has lost its name before its first byte is written.
fn nameless(spool: &Path) -> io::Result<File> {
    let number = EXPORTS.fetch_add(1, Ordering::Relaxed);
    let path = spool.join(format!("{UPLOAD}{}-{number}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// A file that an export writes for a client without a path. Removed when dropped; an open download keeps its bytes.
#[derive(Debug)]
pub(super) struct Export {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

impl Export {
    pub(super) fn new(spool: &Path) -> Self {
        let number = EXPORTS.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", std::process::id());
        let path = spool.join(format!("{PREFIX}{name}.csv"));
        Self { name, path }
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        // The core may not have got as far as writing it.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether a file is one of those that only wait for their client.
pub(crate) fn is_spooled(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
}

/// Removes what an earlier run left behind.
pub(super) fn clean(spool: &Path) {
    let Ok(entries) = std::fs::read_dir(spool) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if [PREFIX, UPLOAD].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

const PREFIX: &str = ".kakeru-export-";
const UPLOAD: &str = ".kakeru-upload-";

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(name: &str, bytes: &[u8]) -> ListUpload {
        ListUpload { upload: name.to_owned(), data: base64::encode(bytes) }
    }

    #[test]
    fn pieces_of_one_name_add_up_and_are_taken_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut files = Files::new(dir.path());
        assert_eq!(files.upload(&piece("a", b"old")).unwrap().bytes, 3);
        assert_eq!(files.upload(&piece("b", b"one,")).unwrap().bytes, 4);
        assert_eq!(files.upload(&piece("b", b"two")).unwrap().bytes, 7);
        let sent = files.attach(None, Some("b")).unwrap().unwrap();
        let mut bytes = [0; 7];
        sent.0.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(&bytes, b"one,two");
        assert!(files.attach(None, Some("b")).is_err(), "taken");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "it has no name");
        assert!(files.attach(None, None).is_err(), "neither path nor upload");
        assert!(files.attach(Some("/x"), Some("b")).is_err(), "both");
        assert!(files.upload(&ListUpload { upload: "x".to_owned(), data: "?".to_owned() }).is_err());
    }

    #[test]
    fn an_export_is_fetched_in_pieces_and_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let export = Export::new(dir.path());
        let content: Vec<u8> = (0..PIECE + 1000).map(|n| u8::try_from(n % 251).unwrap()).collect();
        std::fs::write(&export.path, &content).unwrap();
        let mut files = Files::new(dir.path());
        let download = files.offer(&export).unwrap();
        drop(export);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let mut fetched = Vec::new();
        let mut next = Some(0);
        while let Some(offset) = next {
            let got = files.download(&ListDownload { download: download.clone(), offset }).unwrap();
            fetched.extend(base64::decode(&got.data).unwrap());
            next = got.next;
        }
        assert!(fetched == content);
        let past = files.download(&ListDownload { download, offset: u64::MAX }).unwrap();
        assert_eq!((past.data.as_str(), past.next), ("", None));
    }
}
