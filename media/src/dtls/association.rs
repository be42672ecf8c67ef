//! One handshake, without I/O.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile as Agreed;
use rtc_shared::TransportProtocol;
use rtc_shared::crypto::KeyingMaterialExporter as _;

use super::record::is_plausible;
use super::{DtlsFailure, DtlsTerms, matches};
use crate::srtp::{SrtpKey, SrtpKeys, SrtpProfile};

/// **Inputs** `handle`, `handle_timeout`; **outputs** `poll_transmit`, `poll_timeout`, and the keys or the failure that an
/// input gives. After either of the two it wants nothing more.
pub(super) struct Association {
    endpoint: Endpoint,
    terms: DtlsTerms,
    deadline: Instant,
    again: Instant,
    wait: Duration,
    taken: usize,
    /// What was sent since a datagram came: the last flight, which the peer may have missed.
    flight: Vec<Vec<u8>>,
    sent: usize,
}

impl Association {
    /// Begins; a client has a ClientHello to send at once.
    pub(super) fn begin(terms: DtlsTerms, now: Instant) -> Result<Self, DtlsFailure> {
        let server = (!terms.client).then(|| terms.identity.config(false));
        let mut endpoint = Endpoint::new(PEER, TransportProtocol::UDP, server);
        if terms.client {
            let config = terms.identity.config(true);
            guarded(|| endpoint.connect(PEER, config, None))?.map_err(|error| {
                tracing::debug!(%error, "no ClientHello");
                DtlsFailure::Library
            })?;
        }
        let mut this = Self {
            endpoint,
            terms,
            deadline: now + LIMIT,
            again: now + FIRST_WAIT,
            wait: FIRST_WAIT,
            taken: 0,
            flight: Vec::new(),
            sent: 0,
        };
        this.collect();
        Ok(this)
    }

    /// Takes a datagram of the peer, or of anybody: what makes no sense changes nothing.
    pub(super) fn handle(&mut self, now: Instant, bytes: &[u8]) -> Result<Option<SrtpKeys>, DtlsFailure> {
        // The library keeps what it was given until the end.
        if self.taken == MOST_DATAGRAMS || !is_plausible(bytes) {
            return Ok(None);
        }
        self.taken += 1;
        let read = guarded(|| self.endpoint.read(now, PEER, None, BytesMut::from(bytes)))?;
        let before = self.flight.len();
        self.collect();
        if self.flight.len() > before {
            // What the peer sent led to a new flight: the one before has arrived.
            self.flight.drain(..before);
            self.sent = self.sent.saturating_sub(before);
            self.wait = FIRST_WAIT;
            self.again = now + self.wait;
        }
        match read {
            Ok(events) if events.iter().any(|event| matches!(event, EndpointEvent::HandshakeComplete)) => {
                guarded(|| self.keys())?.map(Some)
            }
            Ok(_) => Ok(None),
            Err(error) => {
                // Nothing of this is proven to be the peer's (RFC 6347 4.1.2.7); the handshake may still succeed.
                tracing::debug!(%error, "a DTLS record was dropped");
                Ok(None)
            }
        }
    }

    /// Sends the last flight again, less and less often (RFC 6347 4.2.4.1), until time is over.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsFailure> {
        if now >= self.deadline {
            return Err(DtlsFailure::Timeout);
        }
        if now < self.again {
            return Ok(());
        }
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        self.again = now + self.wait;
        // Its own timer has run out by any clock.
        let long_after = now + LIMIT;
        if let Err(error) = guarded(|| self.endpoint.handle_timeout(PEER, long_after))? {
            tracing::debug!(%error, "no flight to send again");
        }
        self.collect();
        Ok(())
    }

    /// When [`Association::handle_timeout`] wants to be called.
    pub(super) fn poll_timeout(&self) -> Instant {
        self.again.min(self.deadline)
    }

    /// The next datagram to send.
    pub(super) fn poll_transmit(&mut self) -> Option<&[u8]> {
        let next = self.flight.get(self.sent)?;
        self.sent += 1;
        Some(next)
    }

    /// What is to be sent again if the peer asks after the end: only a server speaks last.
    pub(super) fn last_flight(&mut self) -> Vec<Vec<u8>> {
        if self.terms.client { Vec::new() } else { std::mem::take(&mut self.flight) }
    }

    fn collect(&mut self) {
        while let Some(transmit) = self.endpoint.poll_transmit() {
            self.flight.push(transmit.message.to_vec());
        }
        if self.flight.len() > MOST_DATAGRAMS {
            let surplus = self.flight.len() - MOST_DATAGRAMS;
            self.flight.drain(..surplus);
            self.sent = self.sent.saturating_sub(surplus);
        }
    }

    /// RFC 5764 4.2: client's key, server's key, client's salt, server's salt.
    fn keys(&self) -> Result<SrtpKeys, DtlsFailure> {
        let state = self.endpoint.get_connection_state(PEER).ok_or(DtlsFailure::Library)?;
        let certificate = state.peer_certificates.first().ok_or(DtlsFailure::Fingerprint)?;
        if !matches(&self.terms.fingerprints, certificate) {
            return Err(DtlsFailure::Fingerprint);
        }
        let profile = match state.srtp_protection_profile() {
            Agreed::Srtp_Aes128_Cm_Hmac_Sha1_80 => SrtpProfile::AesCm128HmacSha1_80,
            Agreed::Srtp_Aes128_Cm_Hmac_Sha1_32 => SrtpProfile::AesCm128HmacSha1_32,
            Agreed::Srtp_Aead_Aes_128_Gcm => SrtpProfile::AeadAes128Gcm,
            Agreed::Srtp_Aead_Aes_256_Gcm => SrtpProfile::AeadAes256Gcm,
            Agreed::Unsupported => return Err(DtlsFailure::Profile),
        };
        let (key, salt) = (profile.key_length(), profile.salt_length());
        let material = state
            .export_keying_material("EXTRACTOR-dtls_srtp", &[], 2 * (key + salt))
            .map_err(|_| DtlsFailure::Library)?;
        if material.len() < 2 * (key + salt) {
            return Err(DtlsFailure::Library);
        }
        let (keys, salts) = material.split_at(2 * key);
        let side = |n: usize| SrtpKey {
            key_and_salt: [&keys[n * key..(n + 1) * key], &salts[n * salt..(n + 1) * salt]].concat(),
            mki: None,
        };
        let (local, remote) = if self.terms.client { (side(0), side(1)) } else { (side(1), side(0)) };
        Ok(SrtpKeys { profile, local, remote })
    }
}

/// The library is not ours, and what it reads comes from anybody: a panic in it costs this handshake only.
fn guarded<T>(act: impl FnOnce() -> T) -> Result<T, DtlsFailure> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|_| DtlsFailure::Library)
}

/// The library tells associations apart by address; here each has its own.
const PEER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));
/// A caller who hears nothing for longer hangs up.
pub(super) const LIMIT: Duration = Duration::from_secs(10);
/// Before the first repetition; a second, as RFC 6347 4.2.4.1 advises, would be heard.
const FIRST_WAIT: Duration = Duration::from_millis(400);
/// The RFC goes on to a minute; a caller does not.
const LONGEST_WAIT: Duration = Duration::from_millis(1_600);
/// A handshake takes some ten; a peer that sends more is not trying to finish one.
const MOST_DATAGRAMS: usize = 200;
