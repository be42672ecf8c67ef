//! From packets to PCM: jitter buffer, decoder, concealment, speed.

use std::time::{Duration, Instant};

use crate::codec::g711::Law;
use crate::codec::{CodecError, Decoder, MAX_PACKET_MS, g722};
use crate::coded::Coded;
use crate::comfort::ComfortNoise;
use crate::jitter::{JitterBuffer, Next, Pressure, Put, Urgency};
use crate::plc::Concealer;
use crate::stretch;
use crate::types::Codec;

/// Static payload types (RFC 3551 table 4), taken for each other when a peer mixes them.
const PT_PCMU: u8 = 0;
const PT_PCMA: u8 = 8;

/// How alike the two sides of a seam must be where somebody speaks.
const LIKENESS: f32 = 0.8;

/// Mean square below which a frame is as good as silence: about −50 dBm0, or this far below the loudest of late.
const QUIET: f32 = 1_300.0;
const QUIET_SHARE: f32 = 1.0 / 300.0;

/// Frames of quiet in a row, 180 ms of usual ones, that make a pause. What is shorter belongs to a word, and its length is heard.
const PAUSE: u32 = 9;

/// Frames between two changes of speed where somebody speaks: when they can wait, and when they cannot.
const SPARSE: u32 = 50;
const DENSE: u32 = 10;

/// What is left of the loudness of a frame one frame later: half of it after 3 s.
const LOUD_DECAY: f32 = 0.995;

/// Silence is given out in pieces of this length, so that a packet that comes meanwhile starts in time, and in shorter ones
/// while a packet waits for its time.
const IDLE_MS: usize = 5;
const WAITING_MS: usize = 1;

/// What is asked for in pieces shorter than this is played as it is asked for, by a device; a longer piece is a round's.
const ROUND_MS: usize = 20;

/// So far into a piece a packet may begin, instead of with the next piece. The jitter buffer allows for packets that are
/// fetched that long before they are due.
const AHEAD_MAX: Duration = Duration::from_millis(5);

/// So much of the packet after a gap is enough to lead into it.
const AHEAD_MS: usize = 20;

/// Longest pause of an Opus sender that its decoder fills with noise. DTX sends something every 400 ms (RFC 7587 3.1.3);
/// after this nobody is there.
const DTX_MAX_MS: usize = 2_000;

/// The receiving side of one stream. Allocates only when it is made and until the jitter buffer is warm.
#[derive(Debug)]
pub struct Playout {
    rate: u32,
    /// Samples per unit of the RTP clock.
    per_unit: usize,
    decoder: Decoder,
    jitter: JitterBuffer,
    concealer: Concealer,
    /// What is heard in a pause that the sender announced.
    noise: Option<ComfortNoise>,
    /// Audio came after the announcement: the pause ends once it is played.
    noise_ends: bool,
    /// Samples of silence since the last packet was played.
    idle: usize,
    /// The packets of a pull as they came, where somebody passes them on.
    coded: Option<Box<Coded>>,
    /// Decoded audio not yet given out: `frame[start..end]`.
    frame: Box<[i16]>,
    start: usize,
    end: usize,
    /// The packet after a gap, decoded ahead.
    ahead: Box<[i16]>,
    /// Mean square of the loudest frame of late.
    loud: f32,
    /// Quiet frames in a row, and frames since the speed was last changed.
    quiet: u32,
    unchanged: u32,
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
            per_unit: codec.samples_per_unit(),
            decoder: Decoder::new(codec)?,
            jitter: JitterBuffer::new(codec.clock_rate()),
            concealer: Concealer::new(rate),
            noise: None,
            noise_ends: false,
            // Nothing was decoded yet from which noise could be made.
            idle: usize::MAX,
            coded: None,
            frame: vec![0; room].into_boxed_slice(),
            start: 0,
            end: 0,
            ahead: vec![0; if codec == Codec::Opus { 0 } else { AHEAD_MS * rate as usize / 1000 }]
                .into_boxed_slice(),
            loud: 0.0,
            quiet: 0,
            unchanged: 0,
            counters: PlayoutCounters::default(),
        })
    }

    /// Takes a packet. `seq` has its wraps counted.
    pub fn put(&mut self, now: Instant, seq: i64, timestamp: u32, payload_type: u8, payload: &[u8]) -> Put {
        self.noise_ends = self.noise.is_some();
        self.jitter.put(now, seq, timestamp, payload_type, payload)
    }

    /// Takes note of a packet without audio.
    pub fn put_blank(&mut self, seq: i64) {
        self.jitter.put_blank(seq, false);
    }

    /// Takes comfort noise (RFC 3389), which is heard until audio comes again. Opus has its own.
    pub fn put_noise(&mut self, seq: i64, payload: &[u8]) {
        self.jitter.put_blank(seq, true);
        if let Decoder::Opus(_) = self.decoder {
            return;
        }
        self.noise_ends = false;
        match &mut self.noise {
            Some(noise) => drop(noise.update(payload)),
            None => self.noise = ComfortNoise::read(payload),
        }
    }

    /// Fills `out` with what is heard at `now`: audio, made-up audio or silence.
    pub fn pull(&mut self, now: Instant, out: &mut [i16]) {
        let (length, rate) = (out.len(), self.rate as usize);
        let by_device = length < ROUND_MS * rate / 1_000;
        self.coded.iter_mut().for_each(|coded| coded.begin());
        let mut rest = out;
        while !rest.is_empty() {
            if self.start == self.end {
                let done = if by_device { length - rest.len() } else { 0 };
                let ahead = Duration::from_micros((done * 1_000_000 / rate) as u64).min(AHEAD_MAX);
                self.refill(now + ahead, rest.len());
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
        self.noise = None;
        self.idle = usize::MAX;
    }

    /// Whether the packets of each pull are kept as they came.
    pub(crate) fn keep_coded(&mut self, on: bool) {
        if on != self.coded.is_some() {
            self.coded = on.then(Box::default);
        }
    }

    /// The packets whose playing began in the last pull, where they are kept.
    pub(crate) fn coded(&mut self) -> Option<&mut Coded> {
        self.coded.as_deref_mut()
    }

    /// Whether the sender is silent after an announcement.
    pub fn is_paused(&self) -> bool {
        self.noise.is_some() && !self.noise_ends
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
                let most = MAX_PACKET_MS * self.rate as usize / 1000;
                let decoded = match &mut self.decoder {
                    Decoder::G711(law) => {
                        let law = law_of(payload_type, *law);
                        let payload = &payload[..payload.len().min(most)];
                        law.decode(payload, &mut self.frame);
                        Ok(payload.len())
                    }
                    g722 @ Decoder::G722(_) => {
                        let payload = &payload[..payload.len().min(most / self.per_unit)];
                        g722.decode(payload, &mut self.frame)
                    }
                    opus @ Decoder::Opus(_) => opus.decode(payload, &mut self.frame[..most]),
                };
                let samples = decoded.unwrap_or_else(|_| {
                    self.counters.undecodable += 1;
                    0
                });
                if let Some(coded) = &mut self.coded {
                    let other_law =
                        matches!(&self.decoder, Decoder::G711(law) if law_of(payload_type, *law) != *law);
                    if other_law || samples == 0 {
                        coded.spoil();
                    } else {
                        coded.push(payload);
                        let (timestamp, missing) = self.jitter.taken();
                        coded.place(timestamp, (samples / self.per_unit) as u32, missing);
                    }
                }
                self.jitter.played((samples / self.per_unit) as u32);
                self.idle = 0;
                if self.noise_ends {
                    self.noise = None;
                    self.noise_ends = false;
                }
                if samples == 0 {
                    // Nothing was won from the packet; its time is covered like a loss.
                    self.conceal((self.rate / 100) as usize);
                    return;
                }
                let mut length = samples;
                if let Decoder::G711(_) | Decoder::G722(_) = self.decoder {
                    length = self.concealer.good(&mut self.frame, samples);
                    self.note_change(samples, length);
                }
                self.end = self.change_speed(length);
            }
            Next::Lost { units, next: Some(next) } => {
                let gap = (units as usize * self.per_unit).min(self.frame.len());
                let out = &mut self.frame[..gap];
                match &mut self.decoder {
                    Decoder::G711(law) => {
                        let ahead = next.payload.len().min(self.ahead.len());
                        law_of(next.payload_type, *law).decode(next.payload, &mut self.ahead[..ahead]);
                        self.concealer.bridge(out, &self.ahead[..ahead]);
                    }
                    Decoder::G722(decoder) => {
                        // A look ahead, by a copy: the decoder itself goes through the gap first.
                        let ahead = (next.payload.len() * self.per_unit).min(self.ahead.len());
                        g722::Decoder::clone(decoder).decode(next.payload, &mut self.ahead[..ahead]);
                        self.concealer.bridge(out, &self.ahead[..ahead]);
                        decoder.follow(out);
                    }
                    Decoder::Opus(decoder) => {
                        // The FEC has the last lost packet; what was lost before it is made up.
                        let (made_up, covered) = out.split_at_mut(gap.saturating_sub(next.frame as usize));
                        if !made_up.is_empty() && decoder.conceal(made_up).is_err() {
                            made_up.fill(0);
                        }
                        let had_fec =
                            decoder.decode_fec(next.payload, covered).is_ok_and(|samples| samples > 0);
                        if !had_fec && decoder.conceal(covered).is_err() {
                            covered.fill(0);
                        }
                    }
                }
                self.counters.concealed += gap as u64;
                self.end = gap;
            }
            Next::Lost { units, next: None } => self.conceal(units as usize * self.per_unit),
            Next::Idle => self.fill_pause(wanted),
        }
    }

    /// Nothing is due: silence, or the noise that the sender wants to be heard in its pauses.
    fn fill_pause(&mut self, wanted: usize) {
        let piece = IDLE_MS * self.rate as usize / 1000;
        let waits = if self.jitter.is_waiting() { WAITING_MS * self.rate as usize / 1000 } else { piece };
        self.end = wanted.min(waits).max(1);
        self.idle = self.idle.saturating_add(self.end);
        match (&mut self.decoder, &mut self.noise) {
            (Decoder::Opus(decoder), _) if self.idle < DTX_MAX_MS * self.rate as usize / 1000 => {
                // libopus makes noise like that of the last pause, in steps of 2.5 ms.
                self.end = piece;
                // Whoever gets the packets does the same.
                let out = &mut self.frame[..piece];
                if decoder.conceal(out).is_err() {
                    out.fill(0);
                }
                return;
            }
            (_, Some(noise)) => {
                noise.fill(&mut self.frame[..self.end]);
                self.concealer.reset();
            }
            _ => {
                self.frame[..self.end].fill(0);
                self.concealer.reset();
            }
        }
        self.coded.iter_mut().for_each(|coded| coded.spoil());
    }

    fn conceal(&mut self, samples: usize) {
        let samples = samples.clamp(1, self.frame.len());
        let out = &mut self.frame[..samples];
        match &mut self.decoder {
            Decoder::G711(_) => self.concealer.conceal(out),
            Decoder::G722(decoder) => {
                self.concealer.conceal(out);
                decoder.follow(out);
            }
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
        let frame = &self.frame[..samples];
        let power =
            frame.iter().map(|&sample| f32::from(sample) * f32::from(sample)).sum::<f32>() / samples as f32;
        self.loud = power.max(self.loud * LOUD_DECAY);
        self.quiet =
            if power < QUIET.max(self.loud * QUIET_SHARE) { self.quiet.saturating_add(1) } else { 0 };
        self.unchanged = self.unchanged.saturating_add(1);
        let pressure = self.jitter.pressure();
        let (Pressure::Accelerate(urgency) | Pressure::Expand(urgency)) = pressure else { return samples };
        let likeness = match urgency {
            _ if self.quiet > PAUSE => -1.0,
            Urgency::Voice if self.unchanged > SPARSE => LIKENESS,
            Urgency::Now if self.unchanged > DENSE => -1.0,
            Urgency::Silence | Urgency::Voice | Urgency::Now => return samples,
        };
        // A pause is made as much shorter or longer as is needed; speech by a whole period.
        let distance = self.jitter.distance() as usize * self.per_unit;
        let most = if urgency == Urgency::Silence { distance } else { usize::MAX };
        let changed = match pressure {
            Pressure::Accelerate(_) => {
                stretch::accelerate(&mut self.frame, samples, self.rate, likeness, most)
            }
            _ => stretch::expand(&mut self.frame, samples, self.rate, likeness, most),
        };
        if changed != samples {
            self.unchanged = 0;
        }
        self.note_change(samples, changed);
        changed
    }

    fn note_change(&mut self, before: usize, after: usize) {
        self.counters.accelerated += before.saturating_sub(after) as u64;
        self.counters.expanded += after.saturating_sub(before) as u64;
        self.jitter.stretched((after as i64 - before as i64) / self.per_unit as i64);
    }
}

/// The law of a packet: peers mix the two.
fn law_of(payload_type: u8, negotiated: Law) -> Law {
    match payload_type {
        PT_PCMU => Law::Mu,
        PT_PCMA => Law::A,
        _ => negotiated,
    }
}

#[cfg(test)]
#[path = "playout_tests.rs"]
mod tests;
