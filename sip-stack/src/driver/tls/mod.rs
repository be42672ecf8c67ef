//! TLS (RFC 3261 26.3, RFC 5922) of the driver: which account's settings a connection has, and what came of it.
//!
//! Versions 1.2 and 1.3, sessions resumed, certificates verified unless an account says otherwise. Beyond RFC 5922
//! 7.2 a wildcard in a certificate's name counts, since hosted exchanges have them.

mod certificate;
mod failure;
mod settings;
mod verify;

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::sign::SingleCertAndKey;
use tokio_rustls::rustls::{ClientConfig, CommonState, HandshakeKind, ProtocolVersion};

pub use self::certificate::CertificateView;
pub use self::failure::{TlsFailure, TlsFailureKind};
pub(super) use self::settings::server_config;
pub use self::settings::{TlsClient, TlsIdentity, TlsListen, TlsSettings, TlsSetupError, Verify};
use self::verify::PeerVerifier;
use crate::transport::{Flow, TransportKind};
use crate::ua::{AccountConfig, AccountId, UserAgent};

/// How the last TLS connection with a peer went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsState {
    /// The handshake was done.
    Secured(TlsInfo),
    /// It was not.
    Failed(TlsFailure),
}

/// A TLS connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsInfo {
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: &'static str,
    /// The cipher suite's IANA name.
    pub cipher: String,
    /// True when an earlier session was resumed.
    pub resumed: bool,
    /// The peer's certificate.
    pub peer: Option<CertificateView>,
    /// What of it was verified.
    pub verify: Verify,
}

impl TlsInfo {
    pub(super) fn of(state: &CommonState, verify: Verify) -> Self {
        let cipher = state.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
        Self {
            version: match state.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "TLS 1.3",
            },
            cipher: cipher.unwrap_or_default(),
            resumed: state.handshake_kind() == Some(HandshakeKind::Resumed),
            peer: state
                .peer_certificates()
                .and_then(|chain| chain.first())
                .map(|certificate| CertificateView::read(certificate)),
            verify,
        }
    }
}

/// What it takes to connect to one peer.
pub(super) struct Connector {
    accounts: Vec<AccountId>,
    stranger: Option<IpAddr>,
    pub(super) name: ServerName<'static>,
    pub(super) tls: TlsConnector,
    pub(super) verify: Verify,
}

impl Connector {
    /// Whether a connection made with it serves all these accounts.
    pub(super) fn serves(&self, accounts: &[AccountId]) -> bool {
        accounts.iter().all(|account| self.accounts.contains(account))
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("accounts", &self.accounts).field("name", &self.name).finish()
    }
}

/// The accounts' settings and what was learned of peers.
#[derive(Debug, Default)]
pub(super) struct Tls {
    clients: BTreeMap<AccountId, TlsClient>,
    /// By peer; also for peers that a new look-up no longer names, to which calls may still lead.
    connectors: HashMap<SocketAddr, Arc<Connector>>,
    states: HashMap<SocketAddr, TlsState>,
}

impl Tls {
    pub(super) fn set_client(&mut self, account: AccountId, client: TlsClient) {
        self.clients.insert(account, client);
        self.connectors.clear();
    }

    pub(super) fn state(&self, peer: SocketAddr) -> Option<&TlsState> {
        self.states.get(&peer)
    }

    pub(super) fn note(&mut self, peer: SocketAddr, state: TlsState) {
        if self.states.len() >= MAX_PEERS && !self.states.contains_key(&peer) {
            self.states.clear();
        }
        self.states.insert(peer, state);
    }

    /// The accounts whose exchange is at this address and is reached by TLS.
    pub(super) fn accounts_at(ua: &UserAgent, peer: SocketAddr) -> Vec<AccountId> {
        ua.accounts()
            .filter(|(id, _)| ua.targets(*id).contains(&Flow { transport: TransportKind::Tls, peer }))
            .map(|(id, _)| id)
            .collect()
    }

    /// What a new connection to `peer` needs. A peer that is no account's exchange (a Contact, a Record-Route) must
    /// have a certificate for its address.
    pub(super) fn connector(
        &mut self,
        ua: &UserAgent,
        peer: SocketAddr,
    ) -> Result<Arc<Connector>, TlsFailure> {
        let accounts = Self::accounts_at(ua, peer);
        if let Some(known) = self.connectors.get(&peer)
            && (accounts.is_empty() || known.accounts == accounts && known.stranger.is_none())
        {
            return Ok(Arc::clone(known));
        }
        let stranger = accounts.is_empty().then_some(peer.ip());
        let accounts = if stranger.is_some() { self.clients.keys().copied().collect() } else { accounts };
        let connector = Arc::new(self.build(ua, accounts, stranger)?);
        if self.connectors.len() >= MAX_PEERS {
            self.connectors.clear();
        }
        self.connectors.insert(peer, Arc::clone(&connector));
        Ok(connector)
    }

    fn build(
        &self,
        ua: &UserAgent,
        accounts: Vec<AccountId>,
        stranger: Option<IpAddr>,
    ) -> Result<Connector, TlsFailure> {
        let clients: Vec<&TlsClient> = accounts.iter().filter_map(|id| self.clients.get(id)).collect();
        let Some(first) = clients.first().filter(|_| clients.len() == accounts.len()) else {
            return Err(TlsFailure::new(TlsFailureKind::NotConfigured));
        };
        // One connection cannot have two certificates of ours or two kinds of trust.
        let alike = |client: &&TlsClient| {
            TlsSettings { name: None, ..client.settings.clone() }
                == TlsSettings { name: None, ..first.settings.clone() }
        };
        if !clients.iter().all(alike) {
            return Err(TlsFailure::new(TlsFailureKind::Conflict));
        }
        let names: Vec<Vec<ServerName<'static>>> = match stranger {
            Some(ip) => vec![vec![ServerName::from(ip)]],
            None => accounts
                .iter()
                .zip(&clients)
                .filter_map(|(id, client)| Some(names(ua.account(*id)?, &client.settings)))
                .collect(),
        };
        let name = names.first().and_then(|names| names.first()).cloned();
        let name = name.ok_or_else(|| TlsFailure::new(TlsFailureKind::NotConfigured))?;
        let verify = first.settings.verify;
        let verifier = Arc::new(PeerVerifier { inner: first.verifier.clone(), verify, names });
        let builder = ClientConfig::builder_with_provider(settings::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsFailure::new(TlsFailureKind::Other(error.to_string())))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let config = match &first.identity {
            None => builder.with_no_client_auth(),
            Some(key) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(key)))),
        };
        Ok(Connector { accounts, stranger, name, tls: TlsConnector::from(Arc::new(config)), verify })
    }
}

/// The names an account's exchange may have, the one for SNI first: the name that is set, else the host of the next
/// hop's URI and the domain of the address of record, never what DNS made of them (RFC 5922 4, 7.1).
fn names(config: &AccountConfig, settings: &TlsSettings) -> Vec<ServerName<'static>> {
    let name = |host: &crate::message::Host| match host.ip() {
        Some(ip) => Some(ServerName::from(ip)),
        None => ServerName::try_from(host.to_string()).ok(),
    };
    if let Some(set) = &settings.name {
        return ServerName::try_from(set.clone()).into_iter().collect();
    }
    let hosts = [config.next_hop(), &config.aor].into_iter().filter_map(|uri| uri.host());
    let mut names: Vec<ServerName<'static>> = hosts.filter_map(name).collect();
    names.dedup();
    // An address has no SNI: where there is a domain, it is what is asked for.
    names.sort_by_key(|name| matches!(name, ServerName::IpAddress(_)));
    names
}

/// Peers whose connectors and states are remembered.
const MAX_PEERS: usize = 256;
