//! Composition root: builds the parts, wires them, runs the core, takes them down in order.

mod error;
mod seats;
mod signalling;
mod watcher;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use config::Config;
use media::engine::{Engine, EngineConfig};
use protocol::ErrorCode;
use store::{OpenOptions, Progress, Store};
use tokio::sync::{Notify, mpsc};

pub use error::RunError;
pub(crate) use seats::window;
pub(crate) use signalling::sip_account;

use crate::archive::Archivist;
use crate::clock::now;
use crate::control::{EventHub, Server, ServerOptions};
use crate::core::{Core, Parts, Trouble};
use crate::instance;
use crate::keeping::{self, Kept, Limits};
use crate::leftover;
use crate::long_start::LongStart;
use crate::notify::Notifier;
use crate::private;
use crate::profiles::profiles;
use crate::recordings;
use crate::reminding;
use crate::room;
use crate::sync::{self, CsvDrop, Watcher};
use seats::{desk_phones, people, seats};
use signalling::signalling;
use watcher::HubWatcher;

/// Runs the daemon until SIGTERM or SIGINT.
///
/// # Errors
/// [`RunError`] when a part cannot be built; once the daemon runs it does not end by an error.
pub fn run(config: Config) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .thread_stack_size(512 * 1024)
        .build()
        .map_err(RunError::Runtime)?;
    runtime.block_on(daemon(Arc::new(config), Arc::new(Notify::new())))
}

/// When the start is over, lets go of the code that only it needed (ADR 0002), and looks for damage in a large database, which
/// was not delayed by that.
async fn settle(store: Store, look: Progress) {
    #[expect(clippy::disallowed_methods, reason = "the daemon's own pace, no part of a core")]
    tokio::time::sleep(SETTLED).await;
    release();
    match store.look_for_damage(look).await {
        // Told by the core, as damage is that a call meets.
        Ok(()) | Err(store::Error::Corrupt(_)) => {}
        Err(error) => tracing::warn!(%error, "the database could not be looked at for damage"),
    }
    release();
}

fn release() {
    match footprint::release_code() {
        Ok(bytes) => tracing::debug!(bytes, "let go of the start's code"),
        Err(error) => tracing::debug!(%error, "the start's code stays mapped"),
    }
}

/// After this time accounts are registered, seats are open and the housekeeper has looked for the first time.
const SETTLED: Duration = Duration::from_secs(5);

/// The daemon itself, on the current runtime, until `stop` is notified or a signal comes.
///
/// # Errors
/// As [`run`].
pub async fn daemon(config: Arc<Config>, stop: Arc<Notify>) -> Result<(), RunError> {
    let unwritable = folders(&config)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let start = now();
    let instance = instance::load(&config.daemon.state_dir);
    let identity = crate::stream::identity(&config)?;
    let (mut ua, mut driver, accounts) = signalling(&config, instance.as_deref(), identity.as_ref()).await?;
    let database = &config.daemon.database;
    let options = OpenOptions {
        box_id: config.daemon.box_id.clone(),
        recordings: Some(config.daemon.recordings_dir.clone()),
        profiles: profiles(&config),
        rested: footprint::release_heap,
        ..OpenOptions::default()
    };
    let long_start = LongStart::begin();
    let store = Store::open(database, options).map_err(|source| RunError::Store {
        path: database.display().to_string(),
        source: Box::new(source),
    })?;
    let begun_empty = store.begun_empty().await?;
    if begun_empty.is_some() {
        tracing::warn!(
            database = %database.display(),
            "there was no database, though recordings are there: an empty one was begun, without leads, history or do-not-call list; if that is not meant, stop and `kakeru restore` a backup, else `kakeru doctor --accept-empty`"
        );
    }
    let recovery = store.recover(start.wall).await?;
    let archived = config.recording.enabled && config.recording.archive;
    let folder = &config.daemon.recordings_dir;
    let repaired = recordings::restore(&store, folder, &recovery.interrupted, archived, start.wall).await?;
    // What has a result needs nobody, whether the machine or an operator gave it: a restart seals it (S4.49). Nor does
    // a consultation, interrupted or not.
    let sealed = store.seal_judged(start.wall).await?;
    for path in sealed.iter().filter_map(|sealed| sealed.discard_recording.as_deref()) {
        recordings::remove(path);
    }
    store.outbox_wait_for_recordings(start.wall + ARCHIVED_WITHIN_MS).await?;
    let blank = |row: &&store::AttemptRow| row.parent.is_none() && row.status.is_none();
    drop(long_start);
    let interrupted = recovery.interrupted.iter().filter(blank).count();
    let open = recovery.unsealed.iter().filter(blank).count();
    // Those of earlier crashes are no news of the last run.
    let cut = recovery.interrupted.iter().take(recovery.cut).filter(blank).count();
    if recovery.released > 0 || !sealed.is_empty() || cut > 0 {
        tracing::warn!(
            released = recovery.released,
            sealed = sealed.len(),
            interrupted = cut,
            "the last run left calls behind; those without a result are in `kakeru history --open`"
        );
    }
    if interrupted + open > 0 {
        tracing::info!(
            calls = interrupted + open,
            "calls of this and earlier runs have no result yet; they are in `kakeru history --open`"
        );
    }
    for import in &recovery.imports {
        tell_of_import(import);
    }
    if let Err(error) = media::limits::raise_open_files() {
        tracing::warn!(%error, "cannot raise the limit of open files: a few hundred calls at once are the most");
    }
    let engine_config = EngineConfig {
        workers: config.media.workers.unwrap_or(0),
        dscp: config.media.dscp,
        ..EngineConfig::default()
    };
    let (engine, media_events) = Engine::start(engine_config).map_err(RunError::Media)?;
    let phones = desk_phones(&config, identity.as_ref(), &mut ua, &mut driver)?;
    let settings = crate::settings::Kept::load(&config.daemon.state_dir);
    let seats = seats(&config, &store, &engine, &accounts, &settings.settings, phones, start.wall).await?;

    let labels = store.dispositions().await?.into_iter().map(|status| (status.code, status.label)).collect();
    let project = store.ensure_project(DEFAULT_PROJECT, None, start.wall).await?;
    let first_seq = store.reserve_event_seq(EVENT_BLOCK).await?;
    let hub = Arc::new(EventHub::new(first_seq));
    let (command_tx, commands) = mpsc::channel(COMMANDS);
    let socket = &config.daemon.socket;
    let people = people(&config, &seats, &store).await?;
    // Files on their way are large: not beside the socket, where the disk is memory.
    let options = ServerOptions {
        spool: config.daemon.state_dir.clone(),
        directory: people.watch(),
        ..ServerOptions::from(socket.as_path())
    };
    let server = Server::start(options, Arc::clone(&hub), command_tx)
        .map_err(|source| RunError::Control { path: socket.display().to_string(), source })?;

    let outbox_nudge = Arc::new(Notify::new());
    let drop_folder = &config.outbox.drop_dir;
    let sink = CsvDrop::open(drop_folder, &config.daemon.box_id, results_for(&config))
        .map_err(|source| RunError::Folder { path: drop_folder.display().to_string(), source })?;
    let outbox_trouble = Arc::new(Mutex::new(None));
    let watcher: Arc<dyn Watcher> =
        Arc::new(HubWatcher { hub: Arc::clone(&hub), trouble: Arc::clone(&outbox_trouble) });
    let worker = sync::drain(store.clone(), sink, Arc::clone(&outbox_nudge), Arc::clone(&watcher), wall);
    #[expect(clippy::disallowed_methods, reason = "the one outbox worker of the daemon")]
    let worker = tokio::spawn(worker);

    let kept = Arc::new(Kept::default());
    let keeper = keeping::keep(store.clone(), Arc::clone(&hub), Limits::of(&config), Arc::clone(&kept));
    #[expect(clippy::disallowed_methods, reason = "the one housekeeper of the daemon")]
    let keeper = tokio::spawn(keeper);

    let of = seats.iter().map(|seat| (seat.name.clone(), seat.user)).collect();
    let reminder = reminding::remind(store.clone(), Arc::clone(&hub), of);
    #[expect(clippy::disallowed_methods, reason = "one for all tasks of the daemon")]
    let reminder = tokio::spawn(reminder);

    let archivist = Archivist::start(archived);
    let left = recordings::archive(store.clone(), archivist.clone(), Arc::clone(&kept), repaired);
    #[expect(clippy::disallowed_methods, reason = "once, while calls are made again")]
    let archiving = tokio::spawn(left);

    #[expect(clippy::disallowed_methods, reason = "once, and not in the way of the first call")]
    drop(tokio::spawn(leftover::sweep(store.clone(), config.daemon.recordings_dir.clone(), start.wall)));

    let look = Progress::default();
    #[expect(clippy::disallowed_methods, reason = "once, when the start is over")]
    drop(tokio::spawn(settle(store.clone(), look.clone())));

    signals(Arc::clone(&stop));
    let notifier = Notifier::from_env();
    notifier.ready();
    let core = Core::new(Parts {
        config: Arc::clone(&config),
        ua,
        driver,
        engine: engine.clone(),
        media_events,
        store: store.clone(),
        commands,
        hub,
        people,
        notifier,
        outbox_nudge,
        outbox_trouble,
        stop,
        archivist,
        kept,
        settings,
        headsets: crate::core::Headsets::start(&config),
        accounts,
        seats,
        labels,
        project,
        begun_empty,
        interrupted: u32::try_from(interrupted).unwrap_or(u32::MAX),
        sealed,
        unwritable,
    });
    core.run().await;

    look.stop();
    // Last rows leave while the store is still open; then everything closes in the order in which data flows.
    worker.abort();
    keeper.abort();
    reminder.abort();
    archiving.abort();
    if let Ok(sink) = CsvDrop::open(drop_folder, &config.daemon.box_id, results_for(&config)) {
        let last = sync::flush(&store, sink, watcher.as_ref(), wall);
        if tokio::time::timeout(FLUSH_WITHIN, last).await.is_err() {
            tracing::warn!("results are left in the outbox; they leave at the next start");
        }
    }
    server.stop();
    engine.shutdown();
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// An import that the end of the last run cut short, and what became of it.
fn tell_of_import(import: &store::ImportRecord) {
    let (id, file) = (import.id.to_string(), &import.source);
    if import.state == "staging" {
        return tracing::warn!(
            import = id,
            file,
            "an import of do-not-call numbers was cut short; what it added stays blocked: import the file again, or see `kakeru dnc imports`"
        );
    }
    let into = match (&import.list_name, import.report["register"].as_str()) {
        (Some(list), _) => list.as_str(),
        (None, Some(_)) => "do-not-call list, to clear",
        (None, None) => "contacts",
    };
    if import.report["undoing"].is_object() {
        return tracing::warn!(
            import = id,
            file,
            into,
            "taking an import back was cut short; the rest of it is taken back now"
        );
    }
    tracing::warn!(
        import = id,
        file,
        into,
        "an import was cut short and taken back, nothing of it is kept: import the file again"
    );
}

fn signals(stop: Arc<Notify>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return tracing::error!("no signal handlers; stop with SIGKILL only");
    };
    let watch = async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        stop.notify_one();
    };
    #[expect(clippy::disallowed_methods, reason = "one task for the life of the process")]
    drop(tokio::spawn(watch));
}

/// What the daemon keeps is for its user only, see [`private`].
///
/// Returns why the folder of recordings takes nothing: who calls is still to be heard, and somebody to be told, so the daemon starts.
fn folders(config: &Config) -> Result<Option<Trouble>, RunError> {
    let daemon = &config.daemon;
    let made = |path: &Path, most| {
        private::make(path, most)
            .map_err(|source| RunError::Folder { path: path.display().to_string(), source })
    };
    // Who speaks to a socket in it must get into it.
    let through = if daemon.socket.starts_with(&daemon.state_dir) { private::GROUP } else { private::OWNER };
    made(&daemon.state_dir, through)?;
    // The service manager's, where there is one: its group stays.
    private::tighten(&daemon.state_dir, private::GROUP);
    let folder = &daemon.recordings_dir;
    let tried = private::make(folder, private::OWNER)
        .and_then(|()| room::try_write(&recordings::next(folder, wall())));
    if tried.is_ok() {
        private::recordings(folder);
    }
    let unwritable = tried.err().filter(|_| config.recording.enabled).map(|error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Trouble::of_all(ErrorCode::DiskFull.as_str(), format!("{}: {error}", folder.display()))
        }
        _ => Trouble::of_recordings(folder, &error, &error),
    });
    let most = results_for(config);
    made(&config.outbox.drop_dir, most)?;
    private::results(&config.outbox.drop_dir, most);
    Ok(unwritable)
}

/// Who may read results: in a folder of their own also its group, whose program fetches them.
fn results_for(config: &Config) -> u32 {
    let inside = config.outbox.drop_dir.starts_with(&config.daemon.state_dir);
    if inside { private::OWNER } else { private::GROUP }
}

fn wall() -> i64 {
    now().wall
}

/// Lists and manual calls that name no project are booked here.
const DEFAULT_PROJECT: &str = "既定";
/// Event numbers taken from the store at a start; a run that publishes more takes further blocks.
const EVENT_BLOCK: u64 = 1 << 32;
/// Commands that may wait for the core; the next client is told `E-BUSY`.
const COMMANDS: usize = 32;
/// Hours of torn talks are archived in that time; a result that waits longer leaves with what there is.
const ARCHIVED_WITHIN_MS: i64 = 600_000;
const FLUSH_WITHIN: Duration = Duration::from_secs(3);
