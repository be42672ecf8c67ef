//! A call's end of its handshake, on the voice thread: nothing here waits or computes.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::thread::{Begin, Order, Outcome};
use super::{DtlsFailure, DtlsTerms};
use crate::srtp::{Encryption, SrtpKeys};

/// Sorts handshakes out of a call's datagrams, and brings their keys.
#[derive(Debug, Default)]
pub(crate) struct Port {
    handshake: Option<Handshake>,
    /// A peer may begin before its answer is here (RFC 5763 5): the first thing it said.
    early: Option<(SocketAddr, Vec<u8>)>,
}

#[derive(Debug)]
struct Handshake {
    id: u64,
    terms: DtlsTerms,
    orders: SyncSender<Order>,
    state: State,
}

#[derive(Debug)]
enum State {
    Running(Receiver<Outcome>),
    /// The peer may have missed how it ended: the datagrams, and how often they may still be sent.
    Done(Vec<Vec<u8>>, u8),
    Failed,
}

impl Port {
    /// Begins a handshake where the description wants one that is not under way.
    pub(crate) fn follow(
        &mut self,
        encryption: &Encryption,
        socket: &UdpSocket,
        remote: SocketAddr,
    ) -> Result<(), DtlsFailure> {
        let Encryption::Dtls(terms) = encryption else {
            self.handshake = None;
            return Ok(());
        };
        if self.handshake.as_ref().is_some_and(|handshake| handshake.terms.same_association(terms)) {
            return Ok(());
        }
        self.handshake = Some(Handshake::begin(terms, socket, remote)?);
        if let Some((source, bytes)) = self.early.take() {
            self.take(source, &bytes, socket);
        }
        Ok(())
    }

    /// Whether a handshake is under way.
    pub(crate) fn is_running(&self) -> bool {
        matches!(&self.handshake, Some(Handshake { state: State::Running(_), .. }))
    }

    /// Takes a datagram for which [`is_dtls`] is true.
    pub(crate) fn take(&mut self, source: SocketAddr, bytes: &[u8], socket: &UdpSocket) {
        let Some(handshake) = &mut self.handshake else {
            self.early.get_or_insert_with(|| (source, bytes.to_vec()));
            return;
        };
        match &mut handshake.state {
            State::Running(_) => {
                let order = Order::Datagram { id: handshake.id, source, bytes: bytes.to_vec() };
                if handshake.orders.try_send(order).is_err() {
                    tracing::debug!("a DTLS datagram was dropped");
                }
            }
            // RFC 6347 4.2.4: the last flight is sent again when the peer repeats the one before.
            State::Done(flight, left) if *left > 0 && is_handshake(bytes) => {
                *left -= 1;
                for datagram in flight {
                    if let Err(error) = socket.send_to(datagram, source) {
                        tracing::debug!(%error, "cannot send a DTLS flight");
                    }
                }
            }
            State::Done(..) | State::Failed => {}
        }
    }

    /// The keys, or why there are none; each once.
    pub(crate) fn poll(&mut self) -> Option<Result<SrtpKeys, DtlsFailure>> {
        let handshake = self.handshake.as_mut()?;
        let State::Running(outcome) = &handshake.state else { return None };
        match outcome.try_recv().ok()? {
            Ok((keys, flight)) => {
                handshake.state = State::Done(flight, REPETITIONS);
                Some(Ok(keys))
            }
            Err(failure) => {
                handshake.state = State::Failed;
                Some(Err(failure))
            }
        }
    }
}

impl Handshake {
    fn begin(terms: &DtlsTerms, socket: &UdpSocket, remote: SocketAddr) -> Result<Self, DtlsFailure> {
        let orders = terms.identity.orders().ok_or(DtlsFailure::Busy)?;
        let socket = socket.try_clone().map_err(|_| DtlsFailure::Busy)?;
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let (told, outcome) = sync_channel(1);
        let begin = Begin { id, terms: terms.clone(), socket, remote, told };
        orders.try_send(Order::Begin(Box::new(begin))).map_err(|_| DtlsFailure::Busy)?;
        Ok(Self { id, terms: terms.clone(), orders, state: State::Running(outcome) })
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        if matches!(self.state, State::Running(_)) {
            // Without room for this it ends by its own limit.
            drop(self.orders.try_send(Order::End { id: self.id }));
        }
    }
}

/// RFC 7983 7: which protocol a datagram on a port of RTP or RTCP is of, its first byte says.
pub(crate) fn is_dtls(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(20..=63))
}

/// A record of a handshake or its change of ciphers, not an alert.
fn is_handshake(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(20 | 22))
}

static NEXT: AtomicU64 = AtomicU64::new(0);
/// A peer repeats for some seconds; somebody else must not make us send for ever.
const REPETITIONS: u8 = 8;
