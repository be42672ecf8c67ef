use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Instant;

use config::{AccountKind, Dtmf};
use sip_stack::sdp::{
    Capabilities, CodecName, CodecSpec, CryptoSuite, DtlsIdentity, Fingerprint, HashFunction, MasterKey,
    RtcpMux, SdesKey, Security, SecurityPolicy,
};
use sip_stack::ua::{
    AccountId, RegistrationError, RegistrationState, RegistrationStatus, TrunkState, UserAgent,
};

/// An account while the daemon runs.
pub(crate) struct AccountRuntime {
    pub(crate) id: AccountId,
    pub(crate) config: config::Account,
    /// Our certificate, where the account makes keys by DTLS.
    pub(crate) identity: Option<media::dtls::DtlsIdentity>,
    /// A practice account registers only once its name is known to mean this machine.
    pub(crate) register_when_lawful: bool,
    /// Last status that was not a request under way: until when a binding stands.
    pub(crate) status: Option<RegistrationStatus>,
    /// What clients were told last, to tell changes once.
    pub(crate) told: Option<(protocol::result::RegistrationState, Option<RegistrationError>)>,
}

impl AccountRuntime {
    /// Whether calls may be placed: the exchange answers, and we are registered, or known to it by address; and lawful.
    pub(crate) fn is_up(&self, ua: &UserAgent) -> bool {
        if !self.target_is_lawful(ua) || ua.trunk(self.id).state == TrunkState::Unreachable {
            return false;
        }
        if self.config.registrar.is_some() {
            matches!(ua.registration(self.id).state, RegistrationState::Registered { .. })
                || self.refreshing(ua)
        } else {
            !ua.targets(self.id).is_empty()
        }
    }

    /// A refresh under way does not take the line down: the binding still stands.
    pub(crate) fn refreshing(&self, ua: &UserAgent) -> bool {
        ua.registration(self.id).state == RegistrationState::Registering
            && matches!(
                self.status.as_ref().map(|s| s.state),
                Some(RegistrationState::Registered { expires_at }) if expires_at > now_mono()
            )
    }

    /// Whether a name has still to be resolved of which no registration will tell.
    pub(crate) fn awaits_address(&self, ua: &UserAgent) -> bool {
        let silent = self.config.registrar.is_none() || self.register_when_lawful;
        silent && ua.targets(self.id).is_empty()
    }

    /// A practice account may reach loopback addresses only; looked at again at each INVITE, since names move.
    pub(crate) fn target_is_lawful(&self, ua: &UserAgent) -> bool {
        self.config.kind != AccountKind::Practice
            || ua.targets(self.id).iter().all(|target| target.peer.ip().is_loopback())
    }

    /// What our offers and answers say, with the local address that reaches `target`.
    pub(crate) fn capabilities(&self, address: IpAddr, port: u16) -> Capabilities {
        let codecs = self.config.codecs.iter().map(|codec| match codec {
            config::Codec::Pcmu => CodecSpec::new(CodecName::Pcmu),
            config::Codec::Pcma => CodecSpec::new(CodecName::Pcma),
            config::Codec::G722 => CodecSpec::new(CodecName::G722),
            config::Codec::Opus => {
                CodecSpec { name: CodecName::Opus, payload_type: 111, fmtp: Some(self.opus_wishes()) }
            }
        });
        Capabilities {
            codecs: codecs.collect(),
            // Who has agreed on telephone-event may filter tones out of the audio, or ignore an INFO.
            dtmf: matches!(self.config.dtmf, Dtmf::Auto | Dtmf::Rfc4733),
            // 10 to 60 by the configuration.
            ptime_ms: self.config.ptime.as_millis() as u8,
            rtcp_mux: mux(self.identity.as_ref()),
            security: security(self.config.srtp, self.identity.as_ref()),
            ..Capabilities::new(address, port)
        }
    }
}

impl AccountRuntime {
    /// The same for the offer of a new call.
    pub(crate) fn offer(&self, address: IpAddr, port: u16) -> Capabilities {
        offered(self.capabilities(address, port))
    }

    /// What we want of an Opus sender (RFC 7587 6.1): forward error correction, no packets for silence, one voice.
    fn opus_wishes(&self) -> String {
        let mut wishes = String::from("useinbandfec=1; usedtx=1; stereo=0; sprop-stereo=0");
        if let Some(bitrate) = self.config.opus_bitrate {
            wishes.push_str(&format!("; maxaveragebitrate={bitrate}"));
        }
        wishes
    }
}

fn policy(srtp: config::Srtp) -> SecurityPolicy {
    match srtp {
        config::Srtp::Off => SecurityPolicy::default(),
        config::Srtp::Optional => SecurityPolicy::Optional,
        config::Srtp::Required => SecurityPolicy::Required,
    }
}

/// Our certificate, or fresh keys for one call.
pub(crate) fn security(srtp: config::Srtp, identity: Option<&media::dtls::DtlsIdentity>) -> Security {
    let Some(identity) = identity.filter(|_| srtp != config::Srtp::Off) else { return sdes(srtp) };
    let digest = identity.fingerprint().to_vec();
    let fingerprint = Fingerprint { hash: HashFunction::Sha256, digest };
    let dtls = Some(DtlsIdentity { fingerprint, tls_id: None });
    Security { policy: policy(srtp), sdes: Vec::new(), dtls }
}

/// Reports on a port of their own want a handshake of their own (RFC 5764 4.1.2): one port is asked for where there would be two.
pub(crate) fn mux(identity: Option<&media::dtls::DtlsIdentity>) -> RtcpMux {
    if identity.is_some() { RtcpMux::Offer } else { RtcpMux::Answer }
}

/// Fresh keys for one call. Without random numbers there are none, and a call that requires them is refused.
fn sdes(srtp: config::Srtp) -> Security {
    if srtp == config::Srtp::Off {
        return Security::default();
    }
    // What everybody has comes first: some peers look at the first line only.
    let suites = [
        CryptoSuite::AesCm128HmacSha1_80,
        CryptoSuite::AeadAes256Gcm,
        CryptoSuite::AeadAes128Gcm,
        CryptoSuite::AesCm256HmacSha1_80,
        CryptoSuite::AesCm128HmacSha1_32,
        CryptoSuite::AesCm256HmacSha1_32,
    ];
    let sdes = suites.into_iter().filter_map(|suite| {
        let mut key = vec![0; suite.key_length() + suite.salt_length()];
        getrandom::fill(&mut key)
            .inspect_err(|error| tracing::error!(%error, "no random numbers for a key"))
            .ok()?;
        Some(SdesKey { suite, master: MasterKey::new(key) })
    });
    Security { policy: policy(srtp), sdes: sdes.collect(), dtls: None }
}

/// What is offered of them in a new call: suites with tags of 32 bits are taken and not offered, since a dozen lines of keys would
/// push the INVITE past what may go over UDP (RFC 3261 18.1.1).
pub(crate) fn offered(mut capabilities: Capabilities) -> Capabilities {
    let short = [CryptoSuite::AesCm128HmacSha1_32, CryptoSuite::AesCm256HmacSha1_32];
    capabilities.security.sdes.retain(|key| !short.contains(&key.suite));
    capabilities
}

/// The local address from which `target` is reached: what the kernel's routing says, no packet is sent.
pub(crate) fn local_address(target: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr =
        if target.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { (std::net::Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(target).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn now_mono() -> Instant {
    crate::clock::now().mono
}
