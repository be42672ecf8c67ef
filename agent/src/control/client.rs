//! The blocking client of the command line, of the demo and of tests.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::params::{EventsSubscribe, ListDownload, ListUpload};
use protocol::result::Subscribed;
use protocol::{Command, EventRecord, Id, Incoming, Lagged, Request, RpcError, Verb, read_event};
use serde_json::Value;
use thiserror::Error;

use super::base64;

/// Why a call did not give a result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody answers on the socket.
    #[error("cannot reach the daemon at {path}")]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to the daemon broke")]
    Broken(#[source] io::Error),
    /// The daemon understood and refused.
    #[error("refused")]
    Refused(#[source] RpcError),
    /// The daemon said something this client does not understand.
    #[error("the daemon's answer is not understood; are both of the same version?")]
    Answer(#[source] serde_json::Error),
}

/// Why a file was not sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UploadError {
    /// It cannot be read.
    #[error("cannot read the file")]
    Read(#[source] io::Error),
    /// The daemon did not take it.
    #[error(transparent)]
    Client(ClientError),
}

/// Something the daemon said by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// An event.
    Event(Box<EventRecord>),
    /// An event of a kind this client does not know, as JSON.
    Unknown(Value),
    /// Events were lost; subscribe again from `since`.
    Lagged(Lagged),
}

/// A connection to the daemon. Calls block; events that arrive meanwhile are kept for [`Client::next_notice`].
#[derive(Debug)]
pub struct Client {
    from: BufReader<UnixStream>,
    next_id: i64,
    notices: VecDeque<Notice>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`].
    pub fn connect(path: &Path) -> Result<Self, ClientError> {
        let stream = UnixStream::connect(path)
            .map_err(|source| ClientError::Unreachable { path: path.to_path_buf(), source })?;
        Ok(Self { from: BufReader::new(stream), next_id: 1, notices: VecDeque::new() })
    }

    /// Whether the daemon finds the same files under the same names: its mounts and its root are those of this process. A service has a
    /// `/tmp` of its own. `false` where that cannot be seen.
    #[must_use]
    pub(crate) fn shares_files(&self) -> bool {
        use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
        let Ok(peer) = getsockopt(self.from.get_ref(), PeerCredentials) else { return false };
        let same = |what: &str| {
            let number = |process: &str| {
                let found = Path::new("/proc").join(process).join(what).metadata().ok()?;
                Some((found.dev(), found.ino()))
            };
            // Of another namespace of processes it has no number, or somebody else's; then the mounts differ too.
            let daemon = number(&peer.pid().to_string());
            daemon.is_some() && daemon == number("self")
        };
        same("ns/mnt") && same("root")
    }

    /// How long a read may take; `None` = for ever. A read that takes longer fails as [`ClientError::Broken`].
    ///
    /// # Errors
    /// What the system says.
    pub fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.from.get_ref().set_read_timeout(timeout)
    }

    /// Calls a method.
    ///
    /// # Errors
    /// Any [`ClientError`] but `Unreachable`.
    pub fn call<V: Verb>(&mut self, verb: V) -> Result<V::Result, ClientError> {
        let result = self.call_json(verb.into_command())?;
        serde_json::from_value(result).map_err(ClientError::Answer)
    }

    /// Calls a method and returns its result as the daemon wrote it.
    ///
    /// # Errors
    /// Any [`ClientError`] but `Unreachable`.
    pub fn call_json(&mut self, command: Command) -> Result<Value, ClientError> {
        let id = Id::Number(self.next_id);
        self.next_id += 1;
        let line = Request { id: id.clone(), command }.to_line() + "\n";
        // A daemon that turns us away closes before it reads; its reason is still to be read.
        let written = self.from.get_mut().write_all(line.as_bytes());
        loop {
            match self.read() {
                Ok(Incoming::Reply(reply)) if reply.id == id || reply.id == Id::Null => {
                    return reply.outcome.map_err(ClientError::Refused);
                }
                Ok(Incoming::Reply(_)) => {}
                Ok(Incoming::Notification { method, params }) => self.keep(&method, params),
                Err(error) => return Err(written.err().map_or(error, ClientError::Broken)),
            }
        }
    }

    /// Begins to receive events.
    ///
    /// # Errors
    /// Any [`ClientError`]; `E-EVENTS-GONE` carries a snapshot.
    pub fn subscribe(&mut self, since: Option<u64>, kinds: Vec<String>) -> Result<Subscribed, ClientError> {
        self.call(EventsSubscribe { since, kinds })
    }

    /// The next thing the daemon says by itself; blocks.
    ///
    /// # Errors
    /// The connection broke or timed out.
    pub fn next_notice(&mut self) -> Result<Notice, ClientError> {
        loop {
            if let Some(notice) = self.notices.pop_front() {
                return Ok(notice);
            }
            match self.read()? {
                Incoming::Notification { method, params } => self.keep(&method, params),
                Incoming::Reply(_) => {}
            }
        }
    }

    /// Sends a file for `list.import`, in pieces.
    ///
    /// # Errors
    /// Any [`ClientError`].
    pub fn upload(&mut self, name: &str, bytes: &[u8]) -> Result<(), ClientError> {
        let mut pieces = bytes.chunks(PIECE).peekable();
        // An empty file is uploaded too; the import then says what is wrong with it.
        let first = if pieces.peek().is_none() { Some(&[][..]) } else { None };
        for piece in first.into_iter().chain(pieces) {
            self.call(ListUpload { upload: name.to_owned(), data: base64::encode(piece) })?;
        }
        Ok(())
    }

    /// Sends what `from` gives until its end, for `list.import`, in pieces; `told` is told how many bytes were sent.
    ///
    /// # Errors
    /// What reading says, or any [`ClientError`].
    pub fn upload_from(
        &mut self,
        name: &str,
        from: &mut dyn io::Read,
        told: impl Fn(u64),
    ) -> Result<(), UploadError> {
        let mut sent = 0;
        loop {
            let mut piece = Vec::new();
            io::Read::take(&mut *from, PIECE as u64).read_to_end(&mut piece).map_err(UploadError::Read)?;
            // An empty file is uploaded too; the import then says what is wrong with it.
            if piece.is_empty() && sent > 0 {
                return Ok(());
            }
            let upload = ListUpload { upload: name.to_owned(), data: base64::encode(&piece) };
            self.call(upload).map_err(UploadError::Client)?;
            sent += piece.len() as u64;
            told(sent);
            if piece.len() < PIECE {
                return Ok(());
            }
        }
    }

    /// Fetches what `list.export` offered, piece by piece.
    ///
    /// # Errors
    /// Any [`ClientError`], or what `into` says as [`ClientError::Broken`].
    pub fn download(&mut self, name: &str, into: &mut dyn io::Write) -> Result<(), ClientError> {
        let mut next = Some(0);
        while let Some(offset) = next {
            let got = self.call(ListDownload { download: name.to_owned(), offset })?;
            let bytes = base64::decode(&got.data).ok_or_else(|| {
                ClientError::Broken(io::Error::new(io::ErrorKind::InvalidData, "a piece is not base64"))
            })?;
            into.write_all(&bytes).map_err(ClientError::Broken)?;
            next = got.next;
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Incoming, ClientError> {
        let mut line = Vec::new();
        let read = self.from.read_until(b'\n', &mut line).map_err(ClientError::Broken)?;
        if read == 0 {
            return Err(ClientError::Broken(io::ErrorKind::UnexpectedEof.into()));
        }
        Incoming::parse(&line).map_err(|error| match error {
            protocol::ReadError::Json(error) => ClientError::Answer(error),
            other => ClientError::Broken(io::Error::new(io::ErrorKind::InvalidData, other)),
        })
    }

    fn keep(&mut self, method: &str, params: Value) {
        let notice = match method {
            "lagged" => {
                serde_json::from_value(params.clone()).map_or(Notice::Unknown(params), Notice::Lagged)
            }
            _ => match read_event(params) {
                Ok(event) => Notice::Event(Box::new(event)),
                Err(params) => Notice::Unknown(params),
            },
        };
        self.notices.push_back(notice);
    }
}

/// Bytes of one uploaded piece; base64 makes it a third longer, and a line holds a MiB.
const PIECE: usize = 512 * 1024;
