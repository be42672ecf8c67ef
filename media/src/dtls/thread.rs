//! The thread of all handshakes: public-key cryptography takes milliseconds, and voice must not wait for it.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};

use super::association::Association;
use super::{DtlsFailure, DtlsTerms};
use crate::queue::now;
use crate::srtp::SrtpKeys;

/// What the thread is told.
pub(super) enum Order {
    Begin(Box<Begin>),
    Datagram { id: u64, source: SocketAddr, bytes: Vec<u8> },
    End { id: u64 },
}

/// A new handshake.
pub(super) struct Begin {
    pub(super) id: u64,
    pub(super) terms: DtlsTerms,
    /// The RTP or the RTCP socket of the call.
    pub(super) socket: UdpSocket,
    pub(super) remote: SocketAddr,
    /// Has room for the one outcome.
    pub(super) told: SyncSender<Outcome>,
}

/// How it ended: the keys, and the flight that a peer may have missed.
pub(super) type Outcome = Result<(SrtpKeys, Vec<Vec<u8>>), DtlsFailure>;

/// Starts the thread; it ends with the last sender.
pub(super) fn start() -> io::Result<SyncSender<Order>> {
    // Voice to handshakes, 256: what does not fit is dropped, as by a network, and sent again by the peer.
    let (sender, orders) = sync_channel(256);
    std::thread::Builder::new().name("dtls".to_owned()).spawn(move || run(&orders))?;
    Ok(sender)
}

struct Open {
    association: Association,
    socket: UdpSocket,
    remote: SocketAddr,
    told: SyncSender<Outcome>,
}

fn run(orders: &Receiver<Order>) {
    let mut open: HashMap<u64, Open> = HashMap::new();
    loop {
        let time = now();
        let due: Vec<u64> = open
            .iter()
            .filter(|(_, one)| one.association.poll_timeout() <= time)
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            advance(&mut open, id, |one| one.association.handle_timeout(time).map(|()| None));
        }
        let next = open.values().map(|one| one.association.poll_timeout()).min();
        let order = match next {
            Some(next) => orders.recv_timeout(next.saturating_duration_since(now())),
            None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match order {
            Ok(Order::Begin(begin)) => self::begin(&mut open, *begin),
            Ok(Order::Datagram { id, source, bytes }) => advance(&mut open, id, |one| {
                // Behind a NAT the peer is elsewhere than its signalling says; its certificate tells who it is.
                one.remote = source;
                one.association.handle(now(), &bytes)
            }),
            Ok(Order::End { id }) => {
                open.remove(&id);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn begin(open: &mut HashMap<u64, Open>, begin: Begin) {
    let Begin { id, terms, socket, remote, told } = begin;
    let association = match open.len() < MOST {
        true => Association::begin(terms, now()),
        false => Err(DtlsFailure::Busy),
    };
    match association {
        Ok(association) => {
            open.insert(id, Open { association, socket, remote, told });
            advance(open, id, |_| Ok(None));
        }
        // Nobody listens when the call is over already.
        Err(failure) => drop(told.try_send(Err(failure))),
    }
}

fn advance(
    open: &mut HashMap<u64, Open>,
    id: u64,
    act: impl FnOnce(&mut Open) -> Result<Option<SrtpKeys>, DtlsFailure>,
) {
    let Some(one) = open.get_mut(&id) else { return };
    let outcome = act(one);
    let (association, socket, remote) = (&mut one.association, &one.socket, one.remote);
    while let Some(datagram) = association.poll_transmit() {
        if let Err(error) = socket.send_to(datagram, remote) {
            tracing::debug!(%error, "cannot send a DTLS flight");
        }
    }
    let outcome = match outcome {
        Ok(None) => return,
        Ok(Some(keys)) => Ok((keys, association.last_flight())),
        Err(failure) => Err(failure),
    };
    if let Some(one) = open.remove(&id) {
        drop(one.told.try_send(outcome));
    }
}

/// Handshakes at a time, up to two of a call: more calls do not begin within ten seconds.
const MOST: usize = 1_000;
