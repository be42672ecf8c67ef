//! From packets to PCM: jitter buffer, decoder, concealment, speed.

use std::time::Instant;

use crate::codec::g711::Law;
use crate::codec::{CodecError, Decoder, MAX_PACKET_MS};
use crate::jitter::{JitterBuffer, Next, Pressure, Put};
use crate::plc::Concealer;
use crate::stretch;
use crate::types::Codec;

/// Static payload types (RFC 3551 table 4), taken for each other when a peer mixes them.
const PT_PCMU: u8 = 0;
const PT_PCMA: u8 = 8;

/// Silence is given out in pieces of this length, so that a packet that comes meanwhile starts in time.
const IDLE_MS: usize = 5;

/// The receiving side of one stream. Allocates only when it is made and until the jitter buffer is warm.
#[derive(Debug)]
pub struct Playout {
    rate: u32,
    decoder: Decoder,
    jitter: JitterBuffer,
    concealer: Concealer,
    /// Decoded audio not yet given out: `frame[start..end]`.
    frame: Box<[i16]>,
    start: usize,
    end: usize,
    counters: PlayoutCounters,
}

/// Samples, at the codec's rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlayoutCounters {
    /// Made up for missing packets.
    pub concealed: u64,
    /// Removed to catch up.
    pub accelerated: u64,
    /// Inserted to gain delay.
    pub expanded: u64,
    /// Packets that the codec refused.
    pub undecodable: u64,
}

impl Playout {
    /// A playout for a codec.
    ///
    /// # Errors
    /// [`CodecError::Opus`] when libopus cannot allocate.
    pub fn new(codec: Codec) -> Result<Self, CodecError> {
        let rate = codec.sample_rate();
        // A packet, and what expanding may add to it.
        let room = (MAX_PACKET_MS + 20) * rate as usize / 1000;
        Ok(Self {
            rate,
            decoder: Decoder::new(codec)?,
            jitter: JitterBuffer::new(codec.clock_rate()),
            concealer: Concealer::new(),
            frame: vec![0; room].into_boxed_slice(),
            start: 0,
            end: 0,
            counters: PlayoutCounters::default(),
        })
    }

    /// Takes a packet. `seq` has its wraps counted.
    pub fn put(&mut self, now: Instant, seq: i64, timestamp: u32, payload_type: u8, payload: &[u8]) -> Put {
        self.jitter.put(now, seq, timestamp, payload_type, payload)
    }

    /// Takes note of a packet without audio.
    pub fn put_blank(&mut self, seq: i64) {
        self.jitter.put_blank(seq);
    }

    /// Fills `out` with what is heard at `now`: audio, made-up audio or silence.
    pub fn pull(&mut self, now: Instant, out: &mut [i16]) {
        let mut rest = out;
        while !rest.is_empty() {
            if self.start == self.end {
                self.refill(now, rest.len());
            }
            let count = rest.len().min(self.end - self.start);
            let (piece, tail) = rest.split_at_mut(count);
            piece.copy_from_slice(&self.frame[self.start..self.start + count]);
            self.start += count;
            rest = tail;
        }
    }

    /// Drops what is buffered, as after a change of SSRC.
    pub fn reset(&mut self) {
        self.jitter.reset();
    }

    /// The jitter buffer, for its counters and its target.
    pub fn jitter(&self) -> &JitterBuffer {
        &self.jitter
    }

    /// Counters since the start.
    pub fn counters(&self) -> PlayoutCounters {
        self.counters
    }

    /// Puts at least one sample into `frame`.
    fn refill(&mut self, now: Instant, wanted: usize) {
        self.start = 0;
        self.end = 0;
        match self.jitter.next(now) {
            Next::Packet { payload, payload_type } => {
                let decoded = match &mut self.decoder {
                    Decoder::G711(law) => {
                        let law = match payload_type {
                            PT_PCMU => Law::Mu,
                            PT_PCMA => Law::A,
                            _ => *law,
                        };
                        let most = MAX_PACKET_MS * self.rate as usize / 1000;
                        let payload = &payload[..payload.len().min(most)];
                        law.decode(payload, &mut self.frame);
                        Ok(payload.len())
                    }
                    opus @ Decoder::Opus(_) => {
                        let most = MAX_PACKET_MS * self.rate as usize / 1000;
                        opus.decode(payload, &mut self.frame[..most])
                    }
                };
                let samples = decoded.unwrap_or_else(|_| {
                    self.counters.undecodable += 1;
                    0
                });
                self.jitter.played(samples as u32);
                if samples == 0 {
                    // Nothing was won from the packet; its time is covered like a loss.
                    self.conceal((self.rate / 100) as usize);
                    return;
                }
                if let Decoder::G711(_) = self.decoder {
                    self.concealer.good(&mut self.frame[..samples]);
                }
                self.end = self.change_speed(samples);
            }
            Next::Lost { units, fec } => {
                let units = (units as usize).min(self.frame.len());
                if let (Decoder::Opus(decoder), Some(next)) = (&mut self.decoder, fec)
                    && let Ok(samples) = decoder.decode_fec(next, &mut self.frame[..units])
                    && samples > 0
                {
                    self.counters.concealed += samples as u64;
                    self.end = samples;
                    return;
                }
                self.conceal(units);
            }
            Next::Idle => {
                self.end = wanted.min(IDLE_MS * self.rate as usize / 1000).max(1);
                self.frame[..self.end].fill(0);
                if let Decoder::G711(_) = self.decoder {
                    self.concealer.reset();
                }
            }
        }
    }

    fn conceal(&mut self, samples: usize) {
        let samples = samples.clamp(1, self.frame.len());
        let out = &mut self.frame[..samples];
        match &mut self.decoder {
            Decoder::G711(_) => self.concealer.conceal(out),
            Decoder::Opus(decoder) => {
                if decoder.conceal(out).is_err() {
                    out.fill(0);
                }
            }
        }
        self.counters.concealed += samples as u64;
        self.end = samples;
    }

    fn change_speed(&mut self, samples: usize) -> usize {
        let changed = match self.jitter.pressure() {
            Pressure::Hold => return samples,
            Pressure::Accelerate => stretch::accelerate(&mut self.frame, samples, self.rate, false),
            Pressure::Expand => stretch::expand(&mut self.frame, samples, self.rate),
        };
        self.counters.accelerated += samples.saturating_sub(changed) as u64;
        self.counters.expanded += changed.saturating_sub(samples) as u64;
        self.jitter.stretched(changed as i64 - samples as i64);
        changed
    }
}
