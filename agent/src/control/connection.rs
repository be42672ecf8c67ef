//! One client.

use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use protocol::params::{EventsSubscribe, Status};
use protocol::result::Subscribed;
use protocol::{Command, Detail, ErrorCode, Id, Lagged, MAX_LINE, Reply, Request, RpcError};

use super::files::{Export, Files};
use super::hub::Stored;
use super::line::{Line, Lines};
use super::{Directory, EventHub, Incoming, Peer, Who};
use crate::{mask, permission};

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) hub: Arc<EventHub>,
    pub(super) commands: mpsc::Sender<Incoming>,
    pub(super) spool: PathBuf,
    pub(super) directory: watch::Receiver<Arc<Directory>>,
    /// Becomes true when the server stops.
    pub(super) stopping: watch::Receiver<bool>,
}

/// One client: its unread lines, its commands under way, its place in the event stream.
pub(super) struct Connection {
    lines: Lines<OwnedReadHalf>,
    out: mpsc::Sender<Arc<str>>,
    writer: JoinSet<()>,
    peer: Peer,
    shared: Rc<Shared>,
    /// Commands that wait for the core's answer.
    pending: JoinSet<Answer>,
    subscription: Option<Subscription>,
    news: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    files: Files,
}

struct Subscription {
    cursor: u64,
    kinds: Vec<String>,
}

/// What became of a command.
enum Answer {
    Plain(Reply),
    /// The command wrote files for the client, which fetches them in pieces.
    WithFiles(Reply, Vec<Offered>),
}

/// A file for the client, and the result's field that tells how to fetch it.
type Offered = (Export, &'static str);

/// The connection ends.
struct Close;

impl Connection {
    pub(super) fn new(stream: UnixStream, peer: Peer, shared: Rc<Shared>) -> Self {
        let (read, write) = stream.into_split();
        let (out, queue) = mpsc::channel(OUT_QUEUE);
        let mut writer = JoinSet::new();
        writer.spawn_local(write_lines(write, queue));
        let files = Files::new(&shared.spool);
        Self {
            lines: Lines::new(read, MAX_LINE),
            out,
            writer,
            peer,
            news: shared.hub.watch(),
            stopping: shared.stopping.clone(),
            shared,
            pending: JoinSet::new(),
            subscription: None,
            files,
        }
    }

    /// Serves the client until it closes or cannot be served any more.
    pub(super) async fn run(mut self) {
        tracing::debug!(uid = self.peer.uid, pid = self.peer.pid, "a control client came");
        while self.step().await.is_ok() {}
        // What was asked and what happened still goes out: to a client that closed only its sending side, and at the
        // daemon's end. One that does not read is left after a moment.
        self.finish_pending().await;
        let _ = self.send_events();
        let Self { out, mut writer, .. } = self;
        drop(out);
        let _ = tokio::time::timeout(FLUSH, writer.join_next()).await;
        tracing::debug!("a control client went");
    }

    async fn step(&mut self) -> Result<(), Close> {
        let behind = self.subscription.as_ref().is_some_and(|s| s.cursor < self.shared.hub.last_seq());
        tokio::select! {
            biased;
            () = told(&mut self.stopping) => Err(Close),
            Some(answer) = self.pending.join_next(), if !self.pending.is_empty() => self.answered(answer),
            // Events leave only when there is room beside the replies.
            Ok(()) = room(&self.out), if behind => self.send_events(),
            line = self.lines.next(), if self.pending.len() < MAX_PENDING => match line {
                Ok(Line::Text(line)) => self.on_line(&line).await,
                Ok(Line::TooLong) => {
                    let detail = (
                        format!("1行は{MAX_LINE}バイトまでです"),
                        format!("a line is longer than {MAX_LINE} bytes"),
                    );
                    let error = RpcError::protocol(RpcError::INVALID_REQUEST, detail);
                    let _ = self.send(&Reply::refused(Id::Null, error));
                    Err(Close)
                }
                Ok(Line::End) | Err(_) => Err(Close),
            },
            Ok(()) = self.news.changed(), if self.subscription.is_some() && !behind => Ok(()),
            _ = self.writer.join_next() => Err(Close),
        }
    }

    async fn on_line(&mut self, line: &[u8]) -> Result<(), Close> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let Request { id, command } = match Request::parse(line) {
            Ok(request) => request,
            Err(refusal) => return self.send(&refusal),
        };
        match self.carry_out(id.clone(), command).await {
            Ok(()) => Ok(()),
            Err(error) => self.send(&Reply::refused(id, error)),
        }
    }

    /// Answers here what the core need not know of, and sends the rest to it.
    async fn carry_out(&mut self, id: Id, mut command: Command) -> Result<(), RpcError> {
        let who = self.who();
        permission::check(&who, &command)?;
        permission::check_path(&who, &command)?;
        match &mut command {
            Command::EventsSubscribe(wanted) => {
                let wanted = std::mem::take(wanted);
                return self.subscribe(id, wanted).await;
            }
            Command::ListUpload(piece) => {
                let result = self.files.upload(piece)?;
                return self.send_result(id, &result);
            }
            Command::ListDownload(wanted) => {
                let result = self.files.download(wanted)?;
                return self.send_result(id, &result);
            }
            Command::DncImport(import) => {
                import.sent = self.files.attach(import.path.as_deref(), import.upload.as_deref())?;
                let wanted = (import.report, import.report_warnings);
                let (files, paths) = self.files_of_import(wanted);
                (import.report_path, import.warnings_path) = paths;
                return self.forward_with_files(id, command, files).await;
            }
            Command::ContactImport(import) => {
                import.sent = self.files.attach(import.path.as_deref(), import.upload.as_deref())?;
                let wanted = (import.report, import.report_warnings);
                let (files, paths) = self.files_of_import(wanted);
                (import.report_path, import.warnings_path) = paths;
                return self.forward_with_files(id, command, files).await;
            }
            Command::ListImport(import) => {
                import.sent = self.files.attach(import.path.as_deref(), import.upload.as_deref())?;
                let wanted = (import.report, import.report_warnings);
                let (files, paths) = self.files_of_import(wanted);
                (import.report_path, import.warnings_path) = paths;
                return self.forward_with_files(id, command, files).await;
            }
            _ => {}
        }
        if let Some(path) = exported_to(&mut command).filter(|path| path.is_none()) {
            let file = Export::new(&self.shared.spool);
            *path = Some(file.path.to_string_lossy().into_owned());
            return self.forward_with_files(id, command, vec![(file, "download")]).await;
        }
        let answer = self.forward(command).await?;
        self.pending.spawn_local(async move { Answer::Plain(answered(id, answer).await) });
        Ok(())
    }

    /// Who this client is now: roles may change while it is connected.
    fn who(&self) -> Who {
        self.shared.directory.borrow().who(self.peer.uid)
    }

    /// The files that an import writes for the client, refused rows and doubts, with the fields that tell of them.
    fn files_of_import(
        &self,
        (refused, doubts): (bool, bool),
    ) -> (Vec<Offered>, (Option<PathBuf>, Option<PathBuf>)) {
        let made = |wanted: bool, field| wanted.then(|| (Export::new(&self.shared.spool), field));
        let (refused, doubts) = (made(refused, "report"), made(doubts, "warnings_report"));
        let path = |made: &Option<Offered>| made.as_ref().map(|(file, _)| file.path.clone());
        let paths = (path(&refused), path(&doubts));
        (refused.into_iter().chain(doubts).collect(), paths)
    }

    async fn forward_with_files(
        &mut self,
        id: Id,
        command: Command,
        files: Vec<Offered>,
    ) -> Result<(), RpcError> {
        let answer = self.forward(command).await?;
        self.pending.spawn_local(async move { Answer::WithFiles(answered(id, answer).await, files) });
        Ok(())
    }

    /// Hands a command to the core. A full channel is waited for a moment, which stalls this client alone.
    async fn forward(&self, command: Command) -> Result<CoreAnswer, RpcError> {
        let (reply, answer) = oneshot::channel();
        let incoming = Incoming { command, peer: self.peer, reply };
        match self.shared.commands.send_timeout(incoming, PATIENCE).await {
            Ok(()) => Ok(answer),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(ErrorCode::Busy.into()),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => {
                Err(RpcError::with_detail(ErrorCode::Busy, ("停止中です", "the daemon is stopping")))
            }
        }
    }

    async fn subscribe(&mut self, id: Id, wanted: EventsSubscribe) -> Result<(), RpcError> {
        match self.shared.hub.begin(wanted.since) {
            Ok((cursor, replayed)) => {
                let seq = cursor + replayed;
                self.subscription = Some(Subscription { cursor, kinds: wanted.kinds });
                self.send_result(id, &Subscribed { seq, replayed })
            }
            Err(_) => {
                let answer = self.forward(Command::Status(Status {})).await?;
                self.pending.spawn_local(async move {
                    let snapshot = answered(id.clone(), answer).await.outcome.unwrap_or(Value::Null);
                    let error = RpcError::refused(ErrorCode::EventsGone).with_snapshot(snapshot);
                    Answer::Plain(Reply::refused(id, error))
                });
                Ok(())
            }
        }
    }

    fn answered(&mut self, answer: Result<Answer, tokio::task::JoinError>) -> Result<(), Close> {
        match answer {
            Ok(Answer::Plain(reply)) => self.send(&reply),
            Ok(Answer::WithFiles(mut reply, files)) => {
                if let Ok(Value::Object(result)) = &mut reply.outcome {
                    for (file, field) in files {
                        // No file: nothing was refused, or the core wrote none.
                        let name = self.files.offer(&file).ok();
                        result.insert(field.to_owned(), name.map_or(Value::Null, Value::String));
                        if field == "download" {
                            result.insert("path".to_owned(), Value::Null);
                        }
                    }
                }
                self.send(&reply)
            }
            Err(error) => {
                tracing::error!(%error, "a command's answer was lost");
                Err(Close)
            }
        }
    }

    /// Waits for the answers that are still to come; at the daemon's end not for long.
    async fn finish_pending(&mut self) {
        while !self.pending.is_empty() {
            if self.lines.is_deserted().await {
                // Long work ends when nobody waits for its answer.
                return;
            }
            let mut stopping = self.stopping.clone();
            let too_long = async {
                told(&mut stopping).await;
                let _ = tokio::time::timeout(FLUSH, std::future::pending::<()>()).await;
            };
            let answer = tokio::select! {
                biased;
                Some(answer) = self.pending.join_next() => answer,
                _ = self.writer.join_next() => return,
                () = too_long => return,
                () = a_moment() => continue,
            };
            if self.answered(answer).is_err() {
                return;
            }
        }
    }

    fn send_events(&mut self) -> Result<(), Close> {
        let Some(subscription) = &mut self.subscription else { return Ok(()) };
        // One place stays free for `lagged`, the rest for replies.
        let room = self.out.capacity().saturating_sub(1).min(BATCH);
        let kinds = &subscription.kinds;
        // Who they are may have changed since they subscribed.
        let directory = Arc::clone(&self.shared.directory.borrow());
        let who = directory.who(self.peer.uid);
        let wanted = |event: &Stored| {
            let asked =
                kinds.is_empty() || kinds.iter().any(|prefix| event.kind.starts_with(prefix.as_str()));
            let shown = who.sees_taps || !event.kind.starts_with("tap.");
            asked && shown && directory.hears(&who, &event.audience)
        };
        let batch = self.shared.hub.fetch(subscription.cursor, room, wanted);
        let since = subscription.cursor;
        subscription.cursor = batch.cursor;
        if batch.missed > 0 {
            tracing::info!(
                uid = self.peer.uid,
                missed = batch.missed,
                "a control client is too slow for the events"
            );
            self.queue(Lagged { missed: batch.missed, since }.to_line().into())?;
        }
        for event in batch.events {
            self.queue(if who.masked { masked_line(&event.line) } else { event.line })?;
        }
        Ok(())
    }

    fn send_result<T: serde::Serialize>(&self, id: Id, result: &T) -> Result<(), RpcError> {
        let outcome = serde_json::to_value(result)
            .map_err(|error| RpcError::with_detail(ErrorCode::Internal, Detail::log(error)));
        // A full queue closes the connection at the next reply; there is nobody to tell.
        let _ = self.send(&Reply { id, outcome });
        Ok(())
    }

    fn send(&self, reply: &Reply) -> Result<(), Close> {
        self.queue(reply.to_line().into())
    }

    /// A client that reads neither replies nor events is closed.
    fn queue(&self, line: Arc<str>) -> Result<(), Close> {
        self.out.try_send(line).map_err(|_| {
            tracing::warn!(uid = self.peer.uid, "a control client does not read; closing it");
            Close
        })
    }
}

/// Where an export command writes, if it is one.
fn exported_to(command: &mut Command) -> Option<&mut Option<String>> {
    match command {
        Command::ListExport(p) => Some(&mut p.path),
        Command::ContactExport(p) => Some(&mut p.path),
        Command::DncExport(p) => Some(&mut p.path),
        Command::HistoryExport(p) => Some(&mut p.path),
        Command::StoreBackup(p) => Some(&mut p.path),
        _ => None,
    }
}

/// An event for somebody who sees no numbers. A line that is no JSON is not sent at all, rather than whole.
fn masked_line(line: &str) -> Arc<str> {
    let mut event: Value = serde_json::from_str(line).unwrap_or_default();
    mask::mask(&mut event);
    event.to_string().into()
}

type CoreAnswer = oneshot::Receiver<Result<Value, RpcError>>;

async fn answered(id: Id, answer: CoreAnswer) -> Reply {
    let outcome = answer.await.unwrap_or_else(|_| {
        let detail = ("応答の前に停止しました", "the daemon stopped before it answered");
        Err(RpcError::with_detail(ErrorCode::Busy, detail))
    });
    Reply { id, outcome }
}

/// Waits until two lines fit into the queue.
async fn room(out: &mpsc::Sender<Arc<str>>) -> Result<(), mpsc::error::SendError<()>> {
    out.reserve_many(2).await.map(drop)
}

/// Until it is looked again whether a client that sends nothing more still reads.
async fn a_moment() {
    let _ = tokio::time::timeout(LOOK, std::future::pending::<()>()).await;
}

/// Waits until the server stops.
async fn told(stopping: &mut watch::Receiver<bool>) {
    // The sender lives as long as the server; its end is the same news.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn write_lines(mut write: OwnedWriteHalf, mut queue: mpsc::Receiver<Arc<str>>) {
    let mut buffer = Vec::new();
    let mut lines = Vec::new();
    while queue.recv_many(&mut lines, BATCH).await > 0 {
        for line in lines.drain(..) {
            buffer.extend_from_slice(line.as_bytes());
            buffer.push(b'\n');
        }
        if Pin::new(&mut write).write_all(&buffer).await.is_err() {
            return;
        }
        buffer.clear();
        // A large reply must not stay allocated for the life of the connection.
        buffer.shrink_to(16 * 1024);
    }
    let _ = write.shutdown().await;
}

/// Lines that wait for a slow client. Events wait in the ring instead; only replies can fill it.
const OUT_QUEUE: usize = 256;
/// Events fetched, or lines written, at once.
const BATCH: usize = 64;
/// Commands of one client that may wait for the core; further lines stay unread.
const MAX_PENDING: usize = 16;
/// How long a command waits for a place before the core.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long work goes on for a client that is gone, at most.
const LOOK: Duration = Duration::from_millis(200);
/// How long a closing connection may take to hand over what is queued.
const FLUSH: Duration = Duration::from_secs(1);
