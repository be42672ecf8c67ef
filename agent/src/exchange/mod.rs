//! The practice exchange: a registrar with digest and scripted callees, to learn and to test without a carrier.
//!
//! It speaks with our own stack, so it proves nothing about the stack by itself; it is a tool for people. It listens on
//! loopback unless told otherwise, knows one user, and plays Japanese call-progress tones and recorded voices.

mod callee;
mod line;
mod registrar;
mod voices;

use std::net::SocketAddr;

use media::engine::{Engine, EngineConfig, StartError};
use sip_stack::auth::{Algorithm, Qop};
use sip_stack::driver::{BindConfig, BindError, Driver, TlsListen};
use sip_stack::message::Method;
use sip_stack::ua::{Event, ReliablePolicy, Trust, UaConfig, UserAgent};
use thiserror::Error;

pub use callee::{Behaviour, Pace, Step};
use line::Lines;
use registrar::Registrar;
pub use voices::Voice;

use crate::clock::now;

/// Settings of a practice exchange.
#[derive(Clone, Debug)]
pub struct ExchangeConfig {
    /// UDP and TCP address; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// TLS beside them.
    pub tls: Option<TlsListen>,
    /// The one user who may register and call.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Digest realm.
    pub realm: String,
    /// Digest algorithms to offer, in this order.
    pub digest: &'static [Algorithm],
    /// Qualities of protection to offer, in this order.
    pub qop: &'static [Qop],
    /// How fast callees are.
    pub pace: Pace,
    /// RTP ports.
    pub ports: std::ops::RangeInclusive<u16>,
}

impl Default for ExchangeConfig {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 5060).into(),
            tls: None,
            user: String::from("100"),
            password: String::from("practice"),
            realm: String::from("practice.kakeru"),
            digest: &[Algorithm::Sha256, Algorithm::Md5],
            qop: &[Qop::Auth],
            pace: Pace::REAL,
            ports: 40_000..=49_999,
        }
    }
}

/// Why the exchange did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The address cannot be bound.
    #[error("cannot listen on {0}; is another exchange running?")]
    Bind(SocketAddr, #[source] BindError),
    /// The media engine did not start.
    #[error("cannot start the media engine")]
    Media(#[from] StartError),
}

/// Runs the exchange until the future is dropped. `ready` is called once with the addresses it listens on.
///
/// # Errors
/// [`ExchangeError`] when it cannot start; once it runs it goes on.
pub async fn serve(config: ExchangeConfig, ready: impl FnOnce(SocketAddr)) -> Result<(), ExchangeError> {
    let start = now();
    let ua_config = UaConfig {
        user_agent: concat!("Kakeru practice exchange/", env!("CARGO_PKG_VERSION")).to_owned(),
        seed: u64::try_from(start.wall).unwrap_or(1),
        // Who registers or calls proves it by digest.
        trust: Trust::Anyone,
        accept: vec![Method::Register],
        // A telephone network would have its callers acknowledge what they hear before the answer.
        reliable: ReliablePolicy::WhenSupported,
        ..UaConfig::default()
    };
    let mut ua = UserAgent::new(ua_config, start.mono);
    let bind = BindConfig { udp: Some(config.listen), tcp: Some(config.listen) };
    let mut driver =
        Driver::bind(bind, &mut ua).await.map_err(|source| ExchangeError::Bind(config.listen, source))?;
    let (engine, mut media_events) = Engine::start(EngineConfig { workers: 1, ..EngineConfig::default() })?;
    if let Some(tls) = &config.tls {
        let bound = driver.listen_tls(tls, &mut ua).await;
        bound.map_err(|source| ExchangeError::Bind(tls.address, source))?;
    }
    let address = driver.local_udp().unwrap_or(config.listen);
    ready(address);
    let mut registrar = Registrar::new(&config, u64::try_from(start.wall).unwrap_or(2), start.mono);
    let mut lines = Lines::new(&config, engine);
    loop {
        driver.flush(&mut ua);
        let deadline = lines.poll_timeout();
        let timer = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = driver.drive(&mut ua) => match event {
                Event::Request { id, request, source } => registrar.register(&mut ua, id, &request, source, now()),
                Event::Incoming { call, request, .. } => match registrar.admit(&request, now()) {
                    Ok(()) => lines.incoming(&mut ua, call, &request, now().mono),
                    Err(rejection) => ua.reject(call, rejection, now().mono),
                },
                event => lines.on_sip(event),
            },
            // Tones and keys that callees hear do not change what they do.
            _ = media_events.recv() => {}
            () = timer => lines.handle_timeout(&mut ua, now().mono),
        }
    }
}
