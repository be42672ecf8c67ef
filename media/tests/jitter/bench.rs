//! A jitter buffer with a sender before it, and a player behind it that takes 5 ms at a time.

use std::time::{Duration, Instant};

use media::jitter::{JitterBuffer, Next, Pressure, Put, Urgency};
use netem::{Link, LinkConfig};

/// Timestamp units of a packet, at 8 kHz: 20 ms.
const FRAME: u32 = 160;
/// The player's step.
const STEP: Duration = Duration::from_millis(5);
const STEP_UNITS: i64 = 40;
/// What a time-stretcher takes out or puts in at once.
const PIECE: i64 = 40;

/// A network for a long run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Network {
    pub(crate) seconds: i64,
    pub(crate) jitter_ms: i64,
    pub(crate) ppm: i64,
    pub(crate) loss_percent: i64,
    pub(crate) seed: u64,
}

/// Packet number and timestamp as the sender has them; numbers count on through wraps.
#[derive(Clone, Copy, Debug)]
struct Sent {
    number: i64,
    timestamp: u32,
}

/// All of it.
pub(crate) struct Bench {
    buffer: JitterBuffer,
    start: Instant,
    now: Instant,
    next: Sent,
    held: Vec<Sent>,
    /// Units still to be played of what was taken last; negative when the player waits for more.
    busy: i64,
    /// Order of the packet played last; grows through jumps and changes of SSRC.
    order: i64,
    epoch: i64,
    out_of_order: u64,
    old_taken: u64,
    heard: bool,
    made_up: i64,
    silent: i64,
    stretched: i64,
    longest_gap: i64,
    gap: i64,
    most_waiting: i64,
    put: i64,
    taken: i64,
    unchanged: i64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let start = Instant::now();
        Self {
            buffer: JitterBuffer::new(8_000),
            start,
            now: start,
            // Both wrap early in every script.
            next: Sent { number: 65_530, timestamp: u32::MAX - 500 },
            held: Vec::new(),
            busy: 0,
            order: -1,
            epoch: 0,
            out_of_order: 0,
            old_taken: 0,
            heard: false,
            made_up: 0,
            silent: 0,
            stretched: 0,
            longest_gap: 0,
            gap: 0,
            most_waiting: 0,
            put: 0,
            taken: 0,
            unchanged: 0,
        }
    }

    /// One letter of the language.
    pub(crate) fn step(&mut self, letter: char) {
        match letter {
            'P' => {
                let packet = self.advance();
                self.put(packet);
            }
            'L' => {
                self.advance();
            }
            'D' => self.again(1, &[Put::Duplicate, Put::Late]),
            'O' => self.again(20, &[Put::Late]),
            'S' => {
                let (first, second) = (self.advance(), self.advance());
                self.put(second);
                self.put(first);
            }
            'W' => {
                let packet = self.advance();
                self.held.push(packet);
            }
            'R' => {
                let packet = self.held.remove(0);
                self.put(packet);
            }
            'B' => {
                let Sent { number, .. } = self.advance();
                self.buffer.put_blank(number, false);
            }
            'A' => self.next.timestamp = self.next.timestamp.wrapping_add(FRAME),
            'J' => {
                self.next.number += 3_000;
                self.next.timestamp = self.next.timestamp.wrapping_add(1_000_000);
                self.epoch += 1;
            }
            'C' => {
                self.buffer.reset();
                self.next = Sent { number: 7, timestamp: 99 };
                self.epoch += 1;
                self.busy = self.busy.max(0);
            }
            'G' => (0..4).for_each(|_| self.play()),
            other => unreachable!("{other} was refused before"),
        }
    }

    /// Packets over a network for a while.
    pub(crate) fn run(&mut self, network: &Network) {
        let config = LinkConfig {
            jitter: Duration::from_millis(network.jitter_ms.unsigned_abs()),
            loss_per_mille: network.loss_percent as u16 * 10,
            ..LinkConfig::default()
        };
        let mut link = Link::new(config, network.seed);
        let (begun, length) = (self.now, Duration::from_secs(network.seconds.unsigned_abs()));
        let mut sent = 0_i64;
        while self.now - begun < length {
            loop {
                // The sender's clock runs faster or slower than ours.
                let at = Duration::from_micros(
                    (sent * 20_000 * (1_000_000 - network.ppm) / 1_000_000).unsigned_abs(),
                );
                if begun + at > self.now + STEP {
                    break;
                }
                let packet = self.advance();
                link.send(begun + at, packet);
                sent += 1;
            }
            while let Some(at) = link.poll_timeout().filter(|at| *at <= self.now + STEP) {
                let Some(packet) = link.poll_deliver(at) else { break };
                let now = std::mem::replace(&mut self.now, at);
                self.put(packet);
                self.now = now;
            }
            self.play();
        }
    }

    /// A figure of the run so far.
    pub(crate) fn figure(&self, name: &str) -> Option<f64> {
        let counters = self.buffer.counters();
        let ms = |units: i64| units as f64 / 8.0;
        Some(match name {
            "played" => counters.played as f64,
            "lost" => counters.lost as f64,
            "late" => counters.late as f64,
            "duplicates" => counters.duplicates as f64,
            "reordered" => counters.reordered as f64,
            "underruns" => counters.underruns as f64,
            "restarts" => counters.restarts as f64,
            // Milliseconds made up; silence after the first packet; longest of either in a row; cut out or put in.
            "made_up" => ms(self.made_up),
            "silent" => ms(self.silent),
            "longest_gap" => ms(self.longest_gap.max(self.gap)),
            "stretched" => ms(self.stretched),
            // Packets in the buffer now, and the most there ever were.
            "waiting" => (self.put - self.taken) as f64,
            "most_waiting" => self.most_waiting as f64,
            "target" => self.buffer.target().as_secs_f64() * 1_000.0,
            "hours" => (self.now - self.start).as_secs_f64() / 3_600.0,
            _ => return None,
        })
    }

    /// What may never be, whatever the script.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.out_of_order > 0 {
            faults.push(format!("{} packets were played out of order", self.out_of_order));
        }
        if self.old_taken > 0 {
            faults.push(format!("{} packets were taken that were played or late already", self.old_taken));
        }
        faults
    }

    fn advance(&mut self) -> Sent {
        let packet = self.next;
        self.next.number += 1;
        self.next.timestamp = self.next.timestamp.wrapping_add(FRAME);
        packet
    }

    fn put(&mut self, packet: Sent) {
        let mut payload = [0; 16];
        payload[..8].copy_from_slice(&self.epoch.to_be_bytes());
        payload[8..].copy_from_slice(&packet.number.to_be_bytes());
        match self.buffer.put(self.now, packet.number, packet.timestamp, 0, &payload) {
            Put::Stored => self.put += 1,
            Put::Restarted => (self.put, self.taken) = (1, 0),
            Put::Duplicate | Put::Late => {}
        }
        self.most_waiting = self.most_waiting.max(self.put - self.taken);
    }

    fn again(&mut self, ago: i64, allowed: &[Put]) {
        let number = self.next.number - ago;
        let timestamp = self.next.timestamp.wrapping_sub(FRAME * ago as u32);
        let verdict = self.buffer.put(self.now, number, timestamp, 0, &[0; 16]);
        self.old_taken += u64::from(!allowed.contains(&verdict));
    }

    /// 5 ms pass and are played.
    fn play(&mut self) {
        self.now += STEP;
        self.busy -= STEP_UNITS;
        while self.busy <= -STEP_UNITS {
            match self.buffer.next(self.now) {
                Next::Packet { payload, .. } => {
                    let half = |from: usize| {
                        payload
                            .get(from..from + 8)
                            .and_then(|half| half.try_into().ok())
                            .map_or(0, i64::from_be_bytes)
                    };
                    let order = half(0) * 1_000_000_000 + half(8);
                    self.out_of_order += u64::from(order <= self.order);
                    self.order = order;
                    self.buffer.played(FRAME);
                    self.busy += i64::from(FRAME);
                    self.taken += 1;
                    self.heard = true;
                    self.longest_gap = self.longest_gap.max(self.gap);
                    self.gap = 0;
                    self.change_speed();
                }
                Next::Lost { units, .. } => {
                    self.busy += i64::from(units);
                    self.made_up += i64::from(units);
                    self.gap += i64::from(units);
                }
                Next::Idle => {
                    self.busy += STEP_UNITS;
                    if self.heard {
                        self.silent += STEP_UNITS;
                        self.gap += STEP_UNITS;
                    }
                }
            }
        }
    }

    /// What the playout would do: wishes that can wait are heard in pauses, of which one packet in ten is.
    fn change_speed(&mut self) {
        self.unchanged += 1;
        let in_pause = self.taken % 100 < 10;
        let is_time = |urgency| match urgency {
            _ if in_pause => true,
            Urgency::Silence => false,
            Urgency::Voice => self.unchanged > 50,
            Urgency::Now => self.unchanged > 10,
        };
        let piece = match self.buffer.pressure() {
            Pressure::Accelerate(urgency) if is_time(urgency) => -PIECE,
            Pressure::Expand(urgency) if is_time(urgency) => PIECE,
            _ => return,
        };
        self.unchanged = 0;
        self.busy += piece;
        self.buffer.stretched(piece);
        self.stretched += piece.abs();
    }
}
