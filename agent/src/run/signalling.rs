//! The SIP side at start: sockets, TLS, accounts in the stack's words.

use config::{AccountKind, Config, Keepalive, ReliableProvisionals, TlsVerify, Transport};
use media::dtls::DtlsIdentity;
use sip_stack::driver::{BindConfig, Driver, TlsClient, TlsIdentity, TlsListen, TlsSettings, Verify};
use sip_stack::message::Uri;
use sip_stack::trace::TraceLimits;
use sip_stack::transaction::Timers;
use sip_stack::transport::{KeepAlive, KeepAliveMethod, TransportKind};
use sip_stack::ua::{
    AccountConfig, ReliablePolicy, RetryPolicy, Secret, SessionPolicy, Trust, UaConfig, UserAgent,
};

use super::RunError;
use crate::clock::now;
use crate::core::AccountRuntime;
use crate::stream;

pub(super) async fn signalling(
    config: &Config,
    instance: Option<&str>,
    identity: Option<&DtlsIdentity>,
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
            identity: identity.cloned().filter(|_| stream::makes_keys_by_dtls(account)),
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

/// Unpredictable: tags, branches and nonces follow from it (RFC 3261 19.3).
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_ne_bytes(bytes),
        // The hasher's keys come from the system's random source too.
        Err(_) => std::hash::RandomState::new().build_hasher().finish(),
    }
}
