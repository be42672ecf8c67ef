//! `kakeru demo`: the main job, end to end, without an exchange, a sound card or an account.
//!
//! The practice exchange and the real daemon run in this process, on threads of their own; the scripted operator is a
//! client of the control socket like any other. What comes out is what the daemon heard and received: the operator
//! judges by the events alone, and afterwards everything is counted again from the disk.

mod check;
mod operator;
mod setup;
mod table;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use protocol::params::{DialStart, ListCreate, ListImport, ListShow, StatsGet};
use protocol::result::StatsResult;
use thiserror::Error;
use tokio::sync::Notify;

use crate::control::client::{Client, ClientError, Notice};
use crate::exchange::{self, ExchangeConfig, Pace};
use crate::run;
use operator::{Operator, Step};
use table::Table;

/// Settings of a demonstration.
#[derive(Clone, Debug, Default)]
pub struct DemoOptions {
    /// Shorter ringing and talks.
    pub fast: bool,
    /// One JSON object per finished call and a last summary object, instead of the table.
    pub json: bool,
    /// Where its state goes; a temporary folder by default.
    pub dir: Option<PathBuf>,
    /// No sound even where there is a device.
    pub mute: bool,
    /// Japanese or English words in the table.
    pub lang: protocol::Lang,
}

/// Why a demonstration did not succeed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DemoError {
    /// A file or folder cannot be written.
    #[error("cannot write {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The configuration that was written is wrong.
    #[error("the demo's configuration is refused: {0}")]
    Config(String),
    /// The exchange did not start.
    #[error("the practice exchange did not start")]
    Exchange(#[source] exchange::ExchangeError),
    /// The daemon did not start or ended early.
    #[error("the daemon did not start")]
    Daemon(#[source] Box<run::RunError>),
    /// The daemon refused a command.
    #[error("the daemon refused")]
    Client(#[source] Box<ClientError>),
    /// Nothing happened for too long.
    #[error("nothing happened for {0:?}; the log is in {1}")]
    Stuck(Duration, PathBuf),
    /// A thread ended that should not have.
    #[error("{0} ended too early")]
    Ended(&'static str),
    /// The disk says something else than the summary, or a row ended otherwise than it should.
    #[error("{}", .0.join("\n"))]
    Wrong(Vec<String>),
}

impl From<ClientError> for DemoError {
    fn from(error: ClientError) -> Self {
        Self::Client(Box::new(error))
    }
}

/// What a demonstration ended with.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Summary {
    /// 作業数, コール数, コネクト数, コネクト率, 進捗 and the rest, as the daemon counted.
    pub stats: StatsResult,
    /// Rows of the list.
    pub rows: usize,
    /// Folder of the written-back CSV files.
    pub results: PathBuf,
    /// Folder of the recordings.
    pub recordings: PathBuf,
    /// Recordings that were read back.
    pub recorded: usize,
    /// Everything else of the demonstration.
    pub dir: PathBuf,
    /// How long it took, milliseconds.
    pub elapsed_ms: i64,
}

/// Runs the demonstration. `out` gets lines to show.
///
/// # Errors
/// [`DemoError`]; the summary is right and every row ended as it should only when there is none.
pub fn run(options: DemoOptions, out: &mut dyn std::io::Write) -> Result<Summary, DemoError> {
    let started = crate::clock::now();
    let exchange = Exchange::start(if options.fast { Pace::FAST } else { Pace::REAL })?;
    let setup = setup::write(&options, exchange.address)?;
    let daemon = Daemon::start(setup.config.clone())?;
    let mut client = daemon.connect()?;
    let mut listener = Client::connect(&setup.config.daemon.socket)?;
    listener.subscribe(None, Vec::new())?;
    client.call(ListCreate { name: setup::LIST.into(), ..ListCreate::default() })?;
    let path = Some(setup.list.display().to_string());
    let list = setup::LIST.to_owned();
    client.call(ListImport { list: list.clone(), path, ..ListImport::default() })?;
    let page = client.call(ListShow { list: list.clone(), limit: Some(1_000), ..ListShow::default() })?;
    let mut table = Table::new(&page.rows, &options);
    table.begin(out);
    let notices = listen(listener);
    let mut operator = Operator::new(options.fast);
    client.call(DialStart { seat: None, list: list.clone() })?;
    let dialed = work(&mut client, &notices, &mut operator, &mut table, out, &setup);
    let stats = dialed.and_then(|()| Ok(client.call(StatsGet { list: Some(list), ..StatsGet::default() })?));
    drop(client);
    daemon.stop()?;
    let stats = stats?;
    let checked = check::check(&setup, &stats)?;
    let summary = Summary {
        stats,
        rows: page.rows.len(),
        results: setup.config.outbox.drop_dir.clone(),
        recordings: setup.config.daemon.recordings_dir.clone(),
        recorded: checked.recordings,
        dir: setup.dir.clone(),
        elapsed_ms: crate::clock::now().wall - started.wall,
    };
    table.end(&summary, out);
    if checked.wrong.is_empty() { Ok(summary) } else { Err(DemoError::Wrong(checked.wrong)) }
}

/// The operator's shift: until the list is exhausted.
fn work(
    client: &mut Client,
    notices: &Receiver<Notice>,
    operator: &mut Operator,
    table: &mut Table,
    out: &mut dyn std::io::Write,
    setup: &setup::Setup,
) -> Result<(), DemoError> {
    let mut quiet = Duration::ZERO;
    loop {
        let now = crate::clock::now();
        if let Some(command) = operator.due(now.mono) {
            match client.call_json(command) {
                // The call may have ended, or the machine may have kept the result, in the same moment.
                Ok(_) | Err(ClientError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let wait = operator.wait(now.mono).min(TICK);
        match notices.recv_timeout(wait) {
            Ok(notice) => {
                quiet = Duration::ZERO;
                let Notice::Event(record) = notice else { continue };
                table.event(&record, out);
                if operator.event(&record.event, crate::clock::now().mono) == Step::Over {
                    return Ok(());
                }
            }
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                quiet += wait;
                table.tick(now.wall, out);
                if quiet > QUIET_MAX {
                    return Err(DemoError::Stuck(QUIET_MAX, setup.dir.clone()));
                }
            }
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
                return Err(DemoError::Ended("the daemon"));
            }
        }
    }
}

fn listen(mut listener: Client) -> Receiver<Notice> {
    let (sender, receiver) = channel();
    let read = move || {
        while let Ok(notice) = listener.next_notice() {
            if sender.send(notice).is_err() {
                return;
            }
        }
    };
    // Without the thread the receiver is closed, which the shift notices.
    let _ = std::thread::Builder::new().name("demo-events".into()).spawn(read);
    receiver
}

/// The practice exchange on a thread of its own; ends with the process.
struct Exchange {
    address: SocketAddr,
}

impl Exchange {
    fn start(pace: Pace) -> Result<Self, DemoError> {
        let (sender, receiver) = channel();
        let failed = sender.clone();
        let config = ExchangeConfig { listen: ([127, 0, 0, 1], 0).into(), pace, ..ExchangeConfig::default() };
        let thread = move || {
            let served = block_on(exchange::serve(config, move |address| {
                let _ = sender.send(Ok(address));
            }));
            if let Err(error) = served {
                let _ = failed.send(Err(error));
            }
        };
        let _ = std::thread::Builder::new().name("demo-exchange".into()).spawn(thread);
        match receiver.recv_timeout(START_MAX) {
            Ok(Ok(address)) => Ok(Self { address }),
            Ok(Err(error)) => Err(DemoError::Exchange(error)),
            Err(_) => Err(DemoError::Ended("the practice exchange")),
        }
    }
}

/// The daemon on a thread of its own.
struct Daemon {
    socket: PathBuf,
    stop: Arc<Notify>,
    thread: std::thread::JoinHandle<Result<(), run::RunError>>,
}

impl Daemon {
    fn start(config: Arc<config::Config>) -> Result<Self, DemoError> {
        let stop = Arc::new(Notify::new());
        let (socket, ended) = (config.daemon.socket.clone(), Arc::clone(&stop));
        let body = move || block_on(run::daemon(config, ended));
        let thread = std::thread::Builder::new().name("demo-daemon".into()).spawn(body);
        let thread = thread.map_err(|_| DemoError::Ended("the daemon"))?;
        Ok(Self { socket, stop, thread })
    }

    /// Connects once the socket is there.
    fn connect(&self) -> Result<Client, DemoError> {
        let deadline = crate::clock::now().mono + START_MAX;
        loop {
            match Client::connect(&self.socket) {
                Ok(client) => return Ok(client),
                Err(error) if crate::clock::now().mono > deadline || self.thread.is_finished() => {
                    return Err(error.into());
                }
                Err(_) => std::thread::park_timeout(TICK / 10),
            }
        }
    }

    fn stop(self) -> Result<(), DemoError> {
        self.stop.notify_one();
        self.thread
            .join()
            .map_err(|_| DemoError::Ended("the daemon"))?
            .map_err(|error| DemoError::Daemon(Box::new(error)))
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(future),
        // Nothing can be done without an event loop, and nothing was begun.
        Err(error) => panic_free_exit(&error),
    }
}

fn panic_free_exit(error: &std::io::Error) -> ! {
    tracing::error!(%error, "no event loop");
    std::process::exit(1)
}

const TICK: Duration = Duration::from_millis(200);
const START_MAX: Duration = Duration::from_secs(10);
/// Longer than the longest ringing.
const QUIET_MAX: Duration = Duration::from_secs(60);
