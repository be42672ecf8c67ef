//! Composition root: builds the parts, wires them, runs the core, takes them down in order.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use config::{AccountKind, Config, Keepalive, ReliableProvisionals, RoleName, TlsVerify, Transport, Voice};
use dialer::outcome::Row;
use dialer::window::CallingWindow;
use dialer::{Dialer, Mode, Policy};
use media::engine::{Engine, EngineConfig, StartError};
use media::types::SeatId;
use protocol::Event;
use sip_stack::driver::{
    BindConfig, Driver, TlsClient, TlsIdentity, TlsListen, TlsSettings, TlsSetupError, Verify,
};
use sip_stack::message::Uri;
use sip_stack::trace::TraceLimits;
use sip_stack::transaction::Timers;
use sip_stack::transport::{KeepAlive, KeepAliveMethod, TransportKind};
use sip_stack::ua::{
    AccountConfig, ReliablePolicy, RetryPolicy, Secret, SessionPolicy, Trust, UaConfig, UserAgent,
};
use store::{OpenOptions, Role, SetBy, Store};
use thiserror::Error;
use tokio::sync::{Notify, mpsc};

use crate::archive::Archivist;
use crate::clock::now;
use crate::control::{EventHub, People, SeatBinding, Server, ServerOptions};
use crate::core::{AccountRuntime, Core, PHONE_IDLE, Parts, Phone, SeatRuntime};
use crate::instance;
use crate::keeping::{self, Kept, Limits};
use crate::notify::Notifier;
use crate::recordings;
use crate::settings::Settings;
use crate::stream;
use crate::sync::{self, CsvDrop, Watcher};

/// Why the daemon did not start. Each says what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The runtime could not be built.
    #[error("cannot start the event loop")]
    Runtime(#[source] std::io::Error),
    /// The database cannot be used.
    #[error("cannot open the database {path}")]
    Store {
        /// The file.
        path: String,
        /// Why, and what to do.
        #[source]
        source: Box<store::OpenError>,
    },
    /// A verb of the store failed at start.
    #[error("cannot read the database")]
    StoreVerb(#[source] Box<store::Error>),
    /// The SIP sockets cannot be bound.
    #[error("cannot listen for SIP on {address}; is another phone running?")]
    Bind {
        /// The address.
        address: String,
        /// Why.
        #[source]
        source: sip_stack::driver::BindError,
    },
    /// There is no certificate for DTLS.
    #[error(transparent)]
    Identity(#[from] media::dtls::IdentityError),
    /// An account's TLS files cannot be used.
    #[error("account {account}: TLS cannot be used; see the keys tls_ca, tls_cert and tls_key")]
    Tls {
        /// Name of the account.
        account: String,
        /// Why.
        #[source]
        source: TlsSetupError,
    },
    /// The media engine did not start.
    #[error("cannot start the media engine")]
    Media(#[source] StartError),
    /// The control socket cannot be made.
    #[error("cannot open the control socket {path}; is another kakeru running?")]
    Control {
        /// The socket.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A folder cannot be made.
    #[error("cannot use the folder {path}")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An account's URI is not one.
    #[error("account {account}: {uri} is not a SIP URI")]
    Uri {
        /// The account.
        account: String,
        /// What was written.
        uri: String,
    },
}

impl From<store::Error> for RunError {
    fn from(error: store::Error) -> Self {
        Self::StoreVerb(Box::new(error))
    }
}

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

/// Lets go of the code that only the start needed, when it is over (ADR 0002).
async fn settle() {
    #[expect(clippy::disallowed_methods, reason = "the daemon's own pace, no part of a core")]
    tokio::time::sleep(SETTLED).await;
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
    folder(&config.daemon.state_dir)?;
    folder(&config.daemon.recordings_dir)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let start = now();
    let instance = instance::load(&config.daemon.state_dir);
    let (mut ua, mut driver, accounts) = signalling(&config, instance.as_deref()).await?;
    let database = &config.daemon.database;
    let options = OpenOptions { box_id: config.daemon.box_id.clone(), ..OpenOptions::default() };
    let store = Store::open(database, options).map_err(|source| RunError::Store {
        path: database.display().to_string(),
        source: Box::new(source),
    })?;
    let recovery = store.recover(start.wall).await?;
    recordings::restore(&store, &config.daemon.recordings_dir, &recovery.interrupted, start.wall).await?;
    if recovery.released > 0 || !recovery.interrupted.is_empty() || !recovery.unsealed.is_empty() {
        tracing::warn!(
            released = recovery.released,
            interrupted = recovery.interrupted.len(),
            open = recovery.unsealed.len(),
            "the last run left calls to look at; see `kakeru history --open`"
        );
    }
    // What the machine had judged needs nobody: a crash came between the end of the call and its seal. Nor does a
    // consultation, interrupted or not.
    let judged =
        recovery.unsealed.iter().filter(|row| row.set_by == Some(SetBy::Auto) || row.parent.is_some());
    let consultations = recovery.interrupted.iter().filter(|row| row.parent.is_some());
    for row in judged.chain(consultations) {
        store.seal(row.id, start.wall).await?;
    }
    let interrupted = recovery.interrupted.iter().filter(|row| row.parent.is_none()).count();
    if let Err(error) = media::limits::raise_open_files() {
        tracing::warn!(%error, "cannot raise the limit of open files: a few hundred calls at once are the most");
    }
    let engine_config = EngineConfig {
        workers: config.media.workers.unwrap_or(0),
        dscp: config.media.dscp,
        ..EngineConfig::default()
    };
    let (engine, media_events) = Engine::start(engine_config).map_err(RunError::Media)?;
    let phones = desk_phones(&config, &mut ua, &mut driver)?;
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
    let sink = CsvDrop::open(drop_folder, &config.daemon.box_id)
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

    #[expect(clippy::disallowed_methods, reason = "once, and not in the way of the first call")]
    drop(tokio::spawn(recordings::sweep(store.clone())));

    #[expect(clippy::disallowed_methods, reason = "once, when the start is over")]
    drop(tokio::spawn(settle()));

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
        archivist: Archivist::start(config.recording.enabled && config.recording.archive),
        kept,
        settings,
        headsets: crate::core::Headsets::start(&config),
        accounts,
        seats,
        labels,
        project,
        interrupted: u32::try_from(interrupted).unwrap_or(u32::MAX),
    });
    core.run().await;

    // Last rows leave while the store is still open; then everything closes in the order in which data flows.
    worker.abort();
    keeper.abort();
    if let Ok(sink) = CsvDrop::open(drop_folder, &config.daemon.box_id) {
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

async fn signalling(
    config: &Config,
    instance: Option<&str>,
) -> Result<(UserAgent, Driver, Vec<AccountRuntime>), RunError> {
    let now = now();
    let timers = Timers { t1: config.sip.t1, ..Timers::default() };
    let reliable = match config.sip.reliable_provisionals {
        ReliableProvisionals::Never => ReliablePolicy::Never,
        ReliableProvisionals::Required => ReliablePolicy::WhenRequired,
        ReliableProvisionals::Supported => ReliablePolicy::WhenSupported,
    };
    let ua_config = UaConfig {
        seed: seed(),
        trust: Trust::KnownSources,
        timers,
        reliable,
        max_call_length: config.sip.max_call_length,
        trace: trace_limits(config.sip.trace_mib),
        ..UaConfig::default()
    };
    let mut ua = UserAgent::new(ua_config, now.mono);
    let listen = config.sip.listen;
    let bind = BindConfig { udp: Some(listen), tcp: Some(listen) };
    let mut driver = Driver::bind(bind, &mut ua)
        .await
        .map_err(|source| RunError::Bind { address: listen.to_string(), source })?;
    driver.mark(config.sip.dscp);
    if let Some(tls) = &config.sip.tls {
        let listen = TlsListen {
            address: tls.address,
            identity: tls_identity(&tls.identity),
            client_authorities: tls.client_ca.clone(),
        };
        driver
            .listen_tls(&listen, &mut ua)
            .await
            .map_err(|source| RunError::Bind { address: tls.address.to_string(), source })?;
    }
    driver.set_dns_servers(&config.sip.dns);
    let identity = stream::identity(&config.accounts)?;
    let mut accounts = Vec::with_capacity(config.accounts.len());
    for account in &config.accounts {
        let mut sip = sip_account(account)?;
        if account.outbound {
            sip.instance = instance.map(str::to_owned);
        }
        let id = ua.add_account(sip);
        if account.transport.may_be_tls() {
            match TlsClient::load(tls_settings(&account.tls)) {
                Ok(client) => driver.secure(id, client),
                // A machine without authorities reaches the exchange by what else it offers.
                Err(error)
                    if account.transport == Transport::Auto && account.tls == config::Tls::default() =>
                {
                    tracing::warn!(account = account.name, %error, "no TLS for this account");
                }
                Err(source) => return Err(RunError::Tls { account: account.name.clone(), source }),
            }
        }
        driver.resolve(&mut ua, id);
        let practice = account.kind == AccountKind::Practice && account.registrar.is_some();
        if account.registrar.is_some() && !practice {
            ua.register(id, now.mono);
        }
        accounts.push(AccountRuntime {
            id,
            config: account.clone(),
            identity: identity.clone().filter(|_| stream::makes_keys_by_dtls(account)),
            register_when_lawful: practice,
            status: None,
            told: None,
        });
    }
    driver.flush(&mut ua);
    Ok((ua, driver, accounts))
}

/// `None` keeps nothing.
fn trace_limits(mib: u32) -> Option<TraceLimits> {
    let bytes = usize::try_from(mib).unwrap_or(0) << 20;
    (bytes > 0).then(|| TraceLimits { bytes, ..TraceLimits::default() })
}

pub(crate) fn sip_account(account: &config::Account) -> Result<AccountConfig, RunError> {
    let uri = |text: &str| {
        let error = || RunError::Uri { account: account.name.clone(), uri: text.to_owned() };
        Uri::parse(text).map_err(|_| error())
    };
    let mut sip = AccountConfig::new(&account.name, uri(&account.aor)?);
    sip.registrar = account.registrar.as_deref().map(uri).transpose()?;
    sip.outbound_proxy = account.proxy.as_deref().map(uri).transpose()?;
    sip.auth_user.clone_from(&account.username);
    if let Some(password) = &account.password {
        sip.password = Secret::new(password.expose());
    }
    sip.display_name.clone_from(&account.display_name);
    sip.expires = account.expires;
    sip.options_interval = account.options_interval;
    sip.transport = match account.transport {
        Transport::Udp | Transport::Auto => TransportKind::Udp,
        Transport::Tcp => TransportKind::Tcp,
        Transport::Tls => TransportKind::Tls,
    };
    sip.choose_transport = account.transport == Transport::Auto;
    sip.keep_alive = KeepAlive {
        method: match account.keepalive {
            Keepalive::Auto => KeepAliveMethod::Auto,
            Keepalive::Off => KeepAliveMethod::Off,
            Keepalive::Crlf => KeepAliveMethod::Crlf,
            Keepalive::Stun => KeepAliveMethod::Stun,
        },
        interval: account.keepalive_interval,
    };
    sip.session = SessionPolicy {
        expires: account.session_expires,
        min: account.session_min,
        ..SessionPolicy::default()
    };
    sip.trusted_sources.clone_from(&account.trusted_sources);
    sip.retry = RetryPolicy { min: account.retry_min, max: account.retry_max, ..RetryPolicy::default() };
    Ok(sip)
}

fn tls_settings(tls: &config::Tls) -> TlsSettings {
    TlsSettings {
        authorities: tls.ca.clone(),
        identity: tls.identity.as_ref().map(tls_identity),
        name: tls.name.clone(),
        verify: match tls.verify {
            TlsVerify::Full => Verify::Full,
            TlsVerify::Authority => Verify::Authority,
            TlsVerify::Nothing => Verify::Nothing,
        },
    }
}

fn tls_identity(identity: &config::TlsIdentity) -> TlsIdentity {
    TlsIdentity { certificate: identity.certificate.clone(), key: identity.key.clone() }
}

async fn seats(
    config: &Config,
    store: &Store,
    engine: &Engine,
    accounts: &[AccountRuntime],
    settings: &Settings,
    phones: Vec<Option<Phone>>,
    wall: i64,
) -> Result<Vec<SeatRuntime>, RunError> {
    let mut seats = Vec::with_capacity(config.seats.len());
    for ((index, seat), phone) in config.seats.iter().enumerate().zip(phones) {
        let user = store.ensure_user(&seat.operator, &seat.operator, Role::Operator, wall).await?;
        let account = accounts.iter().position(|a| a.config.name == seat.account).unwrap_or(0);
        let media = SeatId(u32::try_from(index).unwrap_or(u32::MAX));
        let wanted = crate::core::Wanted::new(seat, settings);
        for order in wanted.orders(media, &seat.voice) {
            if engine.send(order).await.is_err() {
                tracing::error!(seat = seat.name, "the voice device could not be asked for");
            }
        }
        let practice = accounts[account].config.kind == AccountKind::Practice;
        let mut dialer = Dialer::new(policy(&config.dialing, practice));
        let mut shown = crate::core::Voice::default();
        if phone.is_some() {
            dialer.voice(false, now().into());
            shown.trouble = Some(PHONE_IDLE.to_owned());
        }
        seats.push(SeatRuntime {
            name: seat.name.clone(),
            operator: seat.operator.clone(),
            uid: seat.uid,
            user,
            account,
            media,
            dialer,
            shown: None,
            last: None,
            list: None,
            consult: None,
            bound: None,
            waiting: None,
            save_seq: None,
            since: wall,
            phone,
            voice: shown,
            wanted,
            rings: false,
        });
    }
    Ok(seats)
}

/// The desk phones of the seats. One that is called directly is an account of its own, at which nothing registers: only
/// the phone may send requests by it.
fn desk_phones(
    config: &Config,
    ua: &mut UserAgent,
    driver: &mut Driver,
) -> Result<Vec<Option<Phone>>, RunError> {
    let mut phones = Vec::with_capacity(config.seats.len());
    for seat in &config.seats {
        let Voice::Phone(phone) = &seat.voice else {
            phones.push(None);
            continue;
        };
        let Some((_, host)) = phone.address.strip_prefix("sip:").and_then(|rest| rest.split_once('@')) else {
            phones.push(Some(Phone::new(phone.clone(), None)));
            continue;
        };
        let name = format!("phone-{}", seat.name);
        let uri = |text: String| {
            Uri::parse(&text).map_err(|_| RunError::Uri { account: name.clone(), uri: text.clone() })
        };
        let mut account = AccountConfig::new(&name, uri(format!("sip:kakeru-phone@{host}"))?);
        account.outbound_proxy = Some(uri(format!("sip:{host}"))?);
        account.display_name = Some(String::from("Kakeru"));
        let id = ua.add_account(account);
        driver.resolve(ua, id);
        phones.push(Some(Phone::new(phone.clone(), Some(id))));
    }
    Ok(phones)
}

/// Who is who: users of the store, seats of the configuration.
async fn people(config: &Config, seats: &[SeatRuntime], store: &Store) -> Result<Arc<People>, RunError> {
    let bindings = seats.iter().map(|seat| SeatBinding { uid: seat.uid, user: seat.user }).collect();
    let role = |role: &RoleName| match role {
        RoleName::Manager => Role::Manager,
        RoleName::Supervisor => Role::Supervisor,
        RoleName::Operator => Role::Operator,
        RoleName::Business => Role::Business,
        RoleName::BackOffice => Role::BackOffice,
    };
    let masked = config.people.mask_numbers.iter().map(role).collect();
    let people = People::new(bindings, masked, config.contacts.read_only.iter().map(role).collect());
    people.refresh(store).await?;
    Ok(Arc::new(people))
}

/// What the configuration lets a seat's dialer do. Only a practice account has no calling window.
fn policy(dialing: &config::Dialing, practice: bool) -> Policy {
    let window = window(&dialing.window);
    Policy {
        mode: match dialing.mode {
            config::DialMode::Straight => Mode::Straight,
            config::DialMode::Preview => {
                Mode::Preview { countdown: (!dialing.preview.is_zero()).then_some(dialing.preview) }
            }
        },
        ring_timeout: dialing.ring_timeout,
        wrap_up: dialing.wrap_up,
        auto_disposition: dialing
            .auto_disposition
            .iter()
            .filter_map(|o| Row::from_name(o.as_str()))
            .collect(),
        require_status: dialing.require_status,
        window: (!practice).then_some(window),
    }
    .clamped()
}

/// The configured calling window in the dialer's words.
pub(crate) fn window(window: &config::CallingWindow) -> CallingWindow {
    let day = |date: config::Date| i32::try_from(date.days_since_epoch()).unwrap_or(i32::MAX);
    CallingWindow {
        days: config::Weekday::ALL.map(|weekday| window.days.contains(weekday)),
        from: window.from,
        to: window.to,
        closed: window.closed.iter().map(|closed| (day(closed.from), day(closed.to))).collect(),
    }
    .clamped()
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

/// Deliveries become events.
struct HubWatcher {
    hub: Arc<EventHub>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl HubWatcher {
    fn trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

impl Watcher for HubWatcher {
    fn delivered(&self, rows: u64, last_seq: i64) {
        self.trouble(None);
        self.hub.publish(Event::OutboxDelivered { rows, last_seq });
    }

    fn failed(&self, why: &str) {
        self.trouble(Some(why.to_owned()));
        self.hub.publish(Event::OutboxFailed { why: why.to_owned() });
    }
}

fn folder(path: &Path) -> Result<(), RunError> {
    std::fs::create_dir_all(path)
        .map_err(|source| RunError::Folder { path: path.display().to_string(), source })
}

/// Unpredictable: tags, branches and nonces follow from it (RFC 3261 19.3).
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    use std::io::Read as _;
    let mut bytes = [0; 8];
    match std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)) {
        Ok(()) => u64::from_ne_bytes(bytes),
        // The hasher's keys come from the system's random source too.
        Err(_) => std::hash::RandomState::new().build_hasher().finish(),
    }
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
const FLUSH_WITHIN: Duration = Duration::from_secs(3);
