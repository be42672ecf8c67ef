//! Two sessions on a simulated network, in simulated time.

#![allow(clippy::disallowed_methods, reason = "one base instant; time is simulated from there")]

mod digits;
mod loss;
mod memory;
mod passing;
mod pause;
mod peer;
mod reports;
mod secured;
mod signals;
mod voice;

use super::*;
use crate::rtp::Packet;
use crate::rtp::sender::mix;
use crate::tones::{ToneSource, ToneSpec, level_dbm0};

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// What was negotiated with a peer on loopback.
pub(crate) fn params(codec: Codec, remote: u16) -> StreamParams {
    let payload_type = match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::Opus => 111,
    };
    StreamParams {
        dtmf_payload_type: Some(101),
        dtmf_receive_payload_type: Some(101),
        ..StreamParams::new(address(remote), codec, payload_type)
    }
}

/// What the network does to packets.
#[derive(Clone, Copy, Default)]
struct Network {
    delay_ms: u64,
    jitter_ms: u64,
    loss_percent: u64,
    duplicate_percent: u64,
}

struct Flying {
    at_ms: u64,
    channel: Channel,
    bytes: Vec<u8>,
}

struct Side {
    session: Session,
    port: u16,
    /// What this side says, for ever; then silence.
    says: Option<ToneSource>,
    /// Packets under way to this side.
    flying: Vec<Flying>,
    heard: Vec<i16>,
    events: Vec<MediaEvent>,
    sent: usize,
}

struct Pair {
    a: Side,
    b: Side,
    network: Network,
    random: u64,
    base: Instant,
    ms: u64,
}

impl Pair {
    fn new(codec: Codec, network: Network) -> Self {
        Self::with(params(codec, 4002), params(codec, 4000), network)
    }

    fn with(a: StreamParams, b: StreamParams, network: Network) -> Self {
        let base = Instant::now();
        let side = |id, port, params, seed| Side {
            session: Session::new(SessionId(id), params, seed, base).unwrap(),
            port,
            says: None,
            flying: Vec::new(),
            heard: Vec::new(),
            events: Vec::new(),
            sent: 0,
        };
        Self { a: side(1, 4000, a, 11), b: side(2, 4002, b, 22), network, random: 5, base, ms: 0 }
    }

    fn a_says(&mut self, spec: ToneSpec) {
        self.a.says = Some(ToneSource::new(spec, self.a.session.rate()));
    }

    fn answered(&mut self) {
        let now = self.now();
        self.a.session.answered(now);
        self.b.session.answered(now);
    }

    fn now(&self) -> Instant {
        self.base + Duration::from_millis(self.ms)
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms / 10 {
            let now = self.now();
            self.a.speak(now, &mut self.b, &self.network, &mut self.random, self.ms);
            self.b.speak(now, &mut self.a, &self.network, &mut self.random, self.ms);
            self.ms += 10;
            let now = self.now();
            let (a_port, b_port) = (self.a.port, self.b.port);
            for (side, peer) in [(&mut self.a, b_port), (&mut self.b, a_port)] {
                side.listen(now, self.ms, peer);
            }
        }
    }
}

impl Side {
    fn speak(&mut self, now: Instant, to: &mut Self, network: &Network, random: &mut u64, ms: u64) {
        let mut pcm = vec![0; self.session.rate() as usize / 100];
        if let Some(says) = &mut self.says {
            says.fill(&mut pcm);
        }
        self.session.push(now, &pcm);
        let mut buf = [0; MAX_DATAGRAM];
        while let Some(transmit) = self.session.poll_transmit(&mut buf) {
            self.sent += 1;
            let mut draw = |below: u64| {
                *random = mix(*random);
                if below == 0 { 0 } else { *random % below }
            };
            if draw(100) < network.loss_percent {
                continue;
            }
            let copies = 1 + u64::from(draw(100) < network.duplicate_percent);
            for _ in 0..copies {
                to.flying.push(Flying {
                    at_ms: ms + network.delay_ms + draw(network.jitter_ms),
                    channel: transmit.channel,
                    bytes: buf[..transmit.length].to_vec(),
                });
            }
        }
    }

    fn listen(&mut self, now: Instant, ms: u64, peer: u16) {
        let (arrived, still): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.flying).into_iter().partition(|packet| packet.at_ms <= ms);
        self.flying = still;
        for packet in arrived {
            match packet.channel {
                Channel::Rtp => self.session.handle_rtp(now, address(peer), &packet.bytes),
                Channel::Rtcp => self.session.handle_rtcp(now, address(peer + 1), &packet.bytes),
            }
        }
        self.session.handle_timeout(now);
        let mut pcm = vec![0; self.session.rate() as usize / 100];
        self.session.pull(now, &mut pcm);
        self.heard.extend(pcm);
        self.events.extend(std::iter::from_fn(|| self.session.poll_event()));
    }

    fn has(&self, wanted: impl Fn(&MediaEvent) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }

    fn digits(&self) -> String {
        self.events
            .iter()
            .filter_map(|e| if let MediaEvent::Dtmf { digit, .. } = e { Some(*digit) } else { None })
            .collect()
    }
}
