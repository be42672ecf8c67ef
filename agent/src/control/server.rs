//! The thread that serves clients.

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinSet, LocalSet};

use protocol::{ErrorCode, Id, Reply, RpcError};

use super::connection::{Connection, Shared};
use super::{Directory, EventHub, Incoming, People, auth, files};

/// What the server needs to know.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The socket.
    pub socket: PathBuf,
    /// Folder for exports on their way to a client; by default the socket's own.
    pub spool: PathBuf,
    /// Who the clients are.
    pub directory: watch::Receiver<Arc<Directory>>,
}

/// A server that knows nobody but the daemon's own user and root.
impl<P: AsRef<Path> + ?Sized> From<&P> for ServerOptions {
    fn from(socket: &P) -> Self {
        let socket = socket.as_ref().to_path_buf();
        let spool = socket.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Self { socket, spool, directory: People::new(Vec::new(), Vec::new(), Vec::new()).watch() }
    }
}

/// The control server. Dropping it without [`Server::stop`] leaves the thread serving.
#[derive(Debug)]
pub struct Server {
    socket: PathBuf,
    stop: Arc<Notify>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Binds the socket and serves it on a thread named `control`.
    ///
    /// # Errors
    /// `AddrInUse` when another daemon answers on the socket, else what the system says.
    pub fn start(
        options: impl Into<ServerOptions>,
        hub: Arc<EventHub>,
        commands: mpsc::Sender<Incoming>,
    ) -> io::Result<Self> {
        let options = options.into();
        let listener = auth::bind(&options.socket)?;
        files::clean(&options.spool);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let socket = options.socket.clone();
        let thread =
            std::thread::Builder::new().name("control".to_owned()).stack_size(STACK).spawn(move || {
                let (closing, stopping) = watch::channel(false);
                let ServerOptions { spool, directory, .. } = options;
                let shared = Shared { hub, commands, spool, directory, stopping };
                runtime.block_on(LocalSet::new().run_until(serve(
                    listener,
                    Rc::new(shared),
                    stopped,
                    closing,
                )));
            })?;
        Ok(Self { socket, stop, thread })
    }

    /// Closes every connection, removes the socket and ends the thread. Replies already queued are written first, as
    /// far as their clients read them at once.
    pub fn stop(self) {
        self.stop.notify_one();
        if self.thread.join().is_err() {
            tracing::error!("the control thread had panicked");
        }
        if let Err(error) = std::fs::remove_file(&self.socket) {
            tracing::debug!(%error, "the control socket was gone already");
        }
    }
}

async fn serve(
    listener: std::os::unix::net::UnixListener,
    shared: Rc<Shared>,
    stop: Arc<Notify>,
    closing: watch::Sender<bool>,
) {
    let listener = match UnixListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the control socket cannot be served"),
    };
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.notified() => break,
            Some(_) = clients.join_next(), if !clients.is_empty() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) if clients.len() >= MAX_CLIENTS => turn_away(stream).await,
            Ok((stream, _)) => match auth::peer(&stream) {
                Ok(peer) => {
                    clients.spawn_local(Connection::new(stream, peer, Rc::clone(&shared)).run());
                }
                Err(error) => tracing::debug!(%error, "a client was gone before it was asked who it is"),
            },
            Err(error) => {
                // Out of descriptors: accepting again at once would spin.
                tracing::warn!(%error, "a client could not be accepted");
                let _ = tokio::time::timeout(ACCEPT_PAUSE, stop.notified()).await;
            }
        }
    }
    drop(listener);
    closing.send_replace(true);
    let all_gone = async { while clients.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(FAREWELL, all_gone).await;
    clients.shutdown().await;
}

/// Says why and closes.
async fn turn_away(mut stream: UnixStream) {
    tracing::warn!("more than {MAX_CLIENTS} control clients; one was turned away");
    let error = RpcError::with_detail(
        ErrorCode::Busy,
        (format!("接続は{MAX_CLIENTS}件までです"), format!("{MAX_CLIENTS} clients are connected")),
    );
    let line = Reply::refused(Id::Null, error).to_line() + "\n";
    // A fresh socket's buffer takes a line at once; a client that is gone already does not matter.
    let _ = stream.try_write(line.as_bytes());
    let _ = stream.shutdown().await;
}

/// More clients than this is a script that forgets to close.
const MAX_CLIENTS: usize = 64;
/// How long all clients together may take to read what is queued for them at the end.
const FAREWELL: std::time::Duration = std::time::Duration::from_secs(2);
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);
/// JSON of bounded depth; serde_json stops at 128 levels.
const STACK: usize = 512 * 1024;
