//! The adaptive jitter buffer: which packet is played when.
//!
//! ```text
//!  put ──> slots by sequence number ──> next: Packet | Lost (conceal, FEC) | Idle
//!            │                                  ▲
//!            └─ transit times ──> target delay ─┘   and: pressure (play faster, slower)
//! ```
//!
//! The delay of a sample is measured against the quickest packet of the last seconds, so it says how late a packet
//! may be and still be played. The target is what all but one in 200 of the recent packets need, within 20 to 200 ms; packets
//! held up by the same stall count once. Because the delay is measured against the clock and not by counting packets,
//! drift between the peer's clock and the device shows up as a delay that leaves the target, and is absorbed like any
//! other change.

mod delays;

use std::time::{Duration, Instant};

use delays::Delays;

/// Bounds of the target delay.
pub const MIN_TARGET: Duration = Duration::from_millis(20);
/// See [`MIN_TARGET`].
pub const MAX_TARGET: Duration = Duration::from_millis(200);

/// Packets held: 1.28 s of 20 ms packets. More is a stall, after which the past is of no use.
const SLOTS: usize = 64;

/// Packets, and bytes in each, for which there is room from the beginning.
const STOCK: usize = 8;
const USUAL: usize = 160;

/// Made-up audio is faded out by then; afterwards there is silence and the buffer fills again.
const CONCEAL_MAX_US: i64 = crate::plc::FADE_END_MS as i64 * 1_000;

/// Made-up audio comes in pieces of this length while nothing is there, so that a late packet ends it soon.
const CONCEAL_STEP_US: i64 = 5_000;

/// Longest gap before a packet that is there already which is offered in one piece.
const BRIDGE_MAX_US: i64 = crate::plc::BRIDGE_MAX_MS as i64 * 1_000;

/// Delay above the target at which packets are skipped rather than played faster.
const SKIP_US: i64 = 300_000;

/// Distances from the target at which playing is sped up: in silence, in voice, and at any price.
const ACCELERATE_US: [f32; 3] = [4_000.0, 40_000.0, 250_000.0];

/// The same for slowing down.
const EXPAND_US: [f32; 3] = [-5_000.0, -10_000.0, -40_000.0];

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It waits to be played.
    Stored,
    /// It came after its time.
    Late,
    /// It is there already.
    Duplicate,
    /// It does not fit what was there, which was dropped: numbers or clock of the peer jumped.
    Restarted,
}

/// What is to be played next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// This packet; tell its length by [`JitterBuffer::played`].
    Packet {
        /// The coded audio.
        payload: &'a [u8],
        /// Its payload type.
        payload_type: u8,
    },
    /// Nothing came for this time: make up `units` timestamp units.
    Lost {
        /// Length to make up.
        units: u32,
        /// The packet after the gap, when it is there; `units` is then all that is missing before it.
        next: Option<Following<'a>>,
    },
    /// Nothing is due: silence.
    Idle,
}

/// A packet after a gap, which will be handed out next: concealment may lead into it, and its FEC may carry the lost one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Following<'a> {
    /// The coded audio.
    pub payload: &'a [u8],
    /// Its payload type.
    pub payload_type: u8,
    /// Length of a packet in timestamp units, as far as is known: the FEC covers the last so many of the gap.
    pub frame: u32,
}

/// Whether playing should be sped up or slowed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// As it is.
    Hold,
    /// Too much delay.
    Accelerate(Urgency),
    /// Too little delay.
    Expand(Urgency),
}

/// How much a change of speed may be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Only where nobody speaks.
    Silence,
    /// Where a period can be cut or repeated well.
    Voice,
    /// Somehow.
    Now,
}

/// Counters; they only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterCounters {
    /// Packets handed out.
    pub played: u64,
    /// Packets skipped as lost when a later one was played.
    pub lost: u64,
    /// Runs of such packets.
    pub lost_runs: u64,
    /// Packets that came after their time, or were skipped to catch up.
    pub late: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that came after one with a higher number.
    pub reordered: u64,
    /// Times the buffer ran empty while playing.
    pub underruns: u64,
    /// Times everything was dropped because the peer's numbers or clock jumped.
    pub restarts: u64,
}

/// The buffer. Call [`JitterBuffer::put`] for each packet and [`JitterBuffer::next`] whenever audio is needed, then
/// [`JitterBuffer::played`] after each [`Next::Packet`]. Allocates only where more packets wait, or longer ones, than ever before:
/// more than 160 ms of usual ones.
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    clock_rate: i64,
    slots: Vec<Slot>,
    /// Room for packets, of those that were played.
    spare: Vec<Vec<u8>>,
    /// The packet that was handed out last.
    playing: Vec<u8>,
    buffered: usize,
    epoch: Option<Instant>,
    state: State,
    /// Extended timestamp of the newest packet; reference for extending the next one.
    newest: Option<(i64, i64)>,
    next_seq: i64,
    next_ts: i64,
    /// Length of the last packet in timestamp units.
    frame: i64,
    /// Packets missing before the last one.
    missing: i64,
    /// Units made up since the last packet.
    concealed: i64,
    /// The sender said that it would be silent.
    paused: bool,
    delays: Delays,
    /// Smoothed distance from the target.
    excess_us: f32,
    counters: JitterCounters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was put since the start or a reset.
    Empty,
    /// Waiting until the first packet has the target delay.
    Filling,
    /// Playing: `next_seq` and `next_ts` hold.
    Playing,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    used: bool,
    /// A packet without audio (an event, comfort noise): only its number counts.
    blank: bool,
    /// A blank after which the sender is silent on purpose.
    pause: bool,
    seq: i64,
    ts: i64,
    payload_type: u8,
    payload: Vec<u8>,
}

impl JitterBuffer {
    /// An empty buffer for a stream with this RTP clock.
    pub fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate: i64::from(clock_rate.max(1)),
            slots: vec![Slot::default(); SLOTS],
            spare: (0..STOCK).map(|_| Vec::with_capacity(USUAL)).collect(),
            playing: Vec::new(),
            buffered: 0,
            epoch: None,
            state: State::Empty,
            newest: None,
            next_seq: 0,
            next_ts: 0,
            frame: i64::from(clock_rate) / 50,
            missing: 0,
            concealed: 0,
            paused: false,
            delays: Delays::new(),
            excess_us: 0.0,
            counters: JitterCounters::default(),
        }
    }

    /// Takes a packet with audio. `seq` has its wraps counted.
    pub fn put(&mut self, now: Instant, seq: i64, timestamp: u32, payload_type: u8, payload: &[u8]) -> Put {
        let mut ts = self.extend(timestamp);
        let mut verdict = Put::Stored;
        let now_us = self.micros(now);
        let transit = now_us - self.media_us(ts);
        if self.delays.is_far_above(transit) {
            self.clear();
            self.delays.forget();
            self.counters.restarts += 1;
            verdict = Put::Restarted;
            ts = self.extend(timestamp);
        }
        let transit = now_us - self.media_us(ts);
        self.delays.observe(now_us, transit);
        if let Err(refused) = self.admit(seq, &mut verdict) {
            return refused;
        }
        if let Some((newest_seq, _)) = self.newest
            && seq < newest_seq
        {
            self.counters.reordered += 1;
        } else {
            self.newest = Some((seq, ts));
        }
        let slot = &mut self.slots[slot_of(seq)];
        slot.used = true;
        slot.blank = false;
        slot.seq = seq;
        slot.ts = ts;
        slot.payload_type = payload_type;
        if slot.payload.capacity() == 0 {
            slot.payload = self.spare.pop().unwrap_or_default();
        }
        slot.payload.clear();
        slot.payload.extend_from_slice(payload);
        self.buffered += 1;
        verdict
    }

    /// Takes note of a packet that has a number but no audio, so that it does not count as lost. After one that
    /// announces a `pause`, running dry is no loss either.
    pub fn put_blank(&mut self, seq: i64, pause: bool) {
        if self.state == State::Empty {
            return;
        }
        let mut verdict = Put::Stored;
        if self.admit(seq, &mut verdict).is_ok() {
            let slot = &mut self.slots[slot_of(seq)];
            slot.used = true;
            slot.blank = true;
            slot.pause = pause;
            slot.seq = seq;
            self.buffered += 1;
        }
    }

    /// What is to be played at `now`.
    pub fn next(&mut self, now: Instant) -> Next<'_> {
        self.pass_blanks();
        self.skip_ahead(now);
        let Some(index) = self.earliest() else { return self.starve() };
        let (seq, ts) = (self.slots[index].seq, self.slots[index].ts);
        let due = self.delay_us(now, ts) >= self.delays.target_us();
        if self.state != State::Playing {
            if !due {
                return Next::Idle;
            }
            self.state = State::Playing;
            self.excess_us = 0.0;
            let missing = seq - self.next_seq;
            return self.take(now, index, missing);
        }
        let gap = ts - self.next_ts;
        let missing = seq - self.next_seq;
        if gap <= self.concealed {
            return self.take(now, index, missing);
        }
        // A pause of the sender, or a loss that was covered as long as it makes sense.
        if missing == 0 || self.concealed >= self.units(CONCEAL_MAX_US) {
            return if due { self.take(now, index, missing) } else { Next::Idle };
        }
        let remaining = gap - self.concealed;
        if remaining <= self.units(BRIDGE_MAX_US) {
            self.concealed += remaining;
            let Slot { payload, payload_type, .. } = &self.slots[index];
            let next = Following { payload, payload_type: *payload_type, frame: self.frame as u32 };
            return Next::Lost { units: remaining as u32, next: Some(next) };
        }
        let units = (remaining - self.units(BRIDGE_MAX_US)).min(self.units(CONCEAL_STEP_US)).max(1);
        self.concealed += units;
        Next::Lost { units: units as u32, next: None }
    }

    /// Timestamp of the packet that was handed out last, and how many before it are missing. To be asked before
    /// [`JitterBuffer::played`].
    pub fn taken(&self) -> (u32, u32) {
        (self.next_ts as u32, self.missing as u32)
    }

    /// Tells the length of the packet that was handed out, in timestamp units.
    pub fn played(&mut self, units: u32) {
        self.next_ts += i64::from(units);
        if units > 0 {
            self.frame = i64::from(units);
        }
    }

    /// Whether playing should change its speed.
    pub fn pressure(&self) -> Pressure {
        let excess = self.excess_us;
        let urgencies = [Urgency::Now, Urgency::Voice, Urgency::Silence];
        let above =
            urgencies.into_iter().zip(ACCELERATE_US.into_iter().rev()).find(|(_, limit)| excess > *limit);
        let below = urgencies.into_iter().zip(EXPAND_US.into_iter().rev()).find(|(_, limit)| excess < *limit);
        match (above, below) {
            (Some((urgency, _)), _) => Pressure::Accelerate(urgency),
            (_, Some((urgency, _))) => Pressure::Expand(urgency),
            (None, None) => Pressure::Hold,
        }
    }

    /// How far the delay is from the one aimed at, smoothed, in timestamp units.
    pub fn distance(&self) -> u32 {
        self.units(self.excess_us.abs() as i64) as u32
    }

    /// Tells that the delay was changed by this many units: negative when audio was removed.
    pub fn stretched(&mut self, units: i64) {
        self.excess_us += (units * 1_000_000 / self.clock_rate) as f32;
    }

    /// Whether packets wait for their time.
    pub fn is_waiting(&self) -> bool {
        self.buffered > 0
    }

    /// The delay aimed at.
    pub fn target(&self) -> Duration {
        Duration::from_micros(self.delays.target_us().unsigned_abs())
    }

    /// Counters since the start.
    pub fn counters(&self) -> JitterCounters {
        self.counters
    }

    /// Drops everything and starts anew, as after a change of SSRC. Counters stay.
    pub fn reset(&mut self) {
        self.clear();
        self.delays.forget();
    }

    fn clear(&mut self) {
        for index in 0..SLOTS {
            self.free(index);
        }
        self.buffered = 0;
        self.state = State::Empty;
        self.concealed = 0;
        self.paused = false;
        self.excess_us = 0.0;
        self.newest = None;
    }

    /// Makes room for a number, or says why it is refused.
    fn admit(&mut self, seq: i64, verdict: &mut Put) -> Result<(), Put> {
        match self.state {
            State::Empty => {
                self.state = State::Filling;
                self.next_seq = seq;
            }
            State::Filling if seq < self.next_seq && self.newest_seq() - seq < SLOTS as i64 / 2 => {
                // Nothing was played yet from there, unless the buffer ran dry.
                if self.counters.played > 0 {
                    self.counters.late += 1;
                    return Err(Put::Late);
                }
                self.next_seq = seq;
            }
            State::Filling | State::Playing if seq < self.next_seq => {
                self.counters.late += 1;
                return Err(Put::Late);
            }
            State::Filling | State::Playing => {}
        }
        let slot = &self.slots[slot_of(seq)];
        if slot.used && slot.seq == seq {
            self.counters.duplicates += 1;
            return Err(Put::Duplicate);
        }
        if seq - self.next_seq >= SLOTS as i64 {
            self.clear();
            self.counters.restarts += 1;
            self.state = State::Filling;
            self.next_seq = seq;
            *verdict = Put::Restarted;
        }
        Ok(())
    }

    fn take(&mut self, now: Instant, index: usize, missing: i64) -> Next<'_> {
        let excess = self.delay_us(now, self.slots[index].ts) - self.delays.target_us();
        self.excess_us += (excess as f32 - self.excess_us) / 8.0;
        let slot = &mut self.slots[index];
        self.next_seq = slot.seq + 1;
        self.next_ts = slot.ts;
        let payload_type = slot.payload_type;
        std::mem::swap(&mut slot.payload, &mut self.playing);
        self.free(index);
        self.buffered -= 1;
        self.missing = missing.max(0);
        self.counters.lost += missing.unsigned_abs();
        self.counters.lost_runs += u64::from(missing > 0);
        self.counters.played += 1;
        self.concealed = 0;
        self.paused = false;
        Next::Packet { payload: &self.playing, payload_type }
    }

    /// Nothing lies in a slot any more; its room serves the next packet, whose slot is another.
    fn free(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        slot.used = false;
        let room = std::mem::take(&mut slot.payload);
        if room.capacity() > 0 {
            self.spare.push(room);
        }
    }

    /// Nothing is there: conceal for a while, then wait for the buffer to fill again.
    fn starve(&mut self) -> Next<'_> {
        if self.state != State::Playing {
            return Next::Idle;
        }
        if self.paused {
            self.state = State::Filling;
            return Next::Idle;
        }
        if self.concealed == 0 {
            self.counters.underruns += 1;
        }
        if self.concealed >= self.units(CONCEAL_MAX_US) {
            self.state = State::Filling;
            return Next::Idle;
        }
        let units = self.units(CONCEAL_STEP_US);
        self.concealed += units;
        Next::Lost { units: units as u32, next: None }
    }

    /// After a stall the packets come in a heap; playing them all would keep the delay for minutes.
    fn skip_ahead(&mut self, now: Instant) {
        while self.state == State::Playing && self.buffered > 1 {
            let Some(index) = self.earliest() else { return };
            if self.delay_us(now, self.slots[index].ts) - self.delays.target_us() < SKIP_US {
                return;
            }
            self.free(index);
            self.buffered -= 1;
            self.counters.late += 1;
            self.next_seq = self.slots[index].seq + 1;
            self.next_ts = self.slots[index].ts + self.frame;
            self.concealed = 0;
            self.pass_blanks();
        }
    }

    fn pass_blanks(&mut self) {
        while self.state != State::Empty && self.buffered > 0 {
            let slot = &mut self.slots[slot_of(self.next_seq)];
            if !(slot.used && slot.blank && slot.seq == self.next_seq) {
                return;
            }
            slot.used = false;
            self.paused |= slot.pause;
            self.buffered -= 1;
            self.next_seq += 1;
        }
    }

    /// The packet with the lowest number; blanks between count as missing, which is right: no audio came.
    fn earliest(&self) -> Option<usize> {
        if self.buffered == 0 {
            return None;
        }
        (self.next_seq..self.next_seq + SLOTS as i64).map(slot_of).find(|&index| {
            let slot = &self.slots[index];
            slot.used && !slot.blank
        })
    }

    fn newest_seq(&self) -> i64 {
        self.newest.map_or(self.next_seq, |(seq, _)| seq)
    }

    fn extend(&self, timestamp: u32) -> i64 {
        match self.newest {
            Some((_, newest)) => newest + i64::from(timestamp.wrapping_sub(newest as u32) as i32),
            None => i64::from(timestamp),
        }
    }

    /// How long after the quickest packet would have arrived the sample `ts` would be played at `now`.
    fn delay_us(&mut self, now: Instant, ts: i64) -> i64 {
        self.micros(now) - self.media_us(ts) - self.delays.lowest()
    }

    fn micros(&mut self, now: Instant) -> i64 {
        let epoch = *self.epoch.get_or_insert(now);
        // Packets are told with their time of arrival, which may lie before a moment already played.
        match now.checked_duration_since(epoch) {
            Some(since) => since.as_micros() as i64,
            None => -(epoch.duration_since(now).as_micros() as i64),
        }
    }

    fn media_us(&self, ts: i64) -> i64 {
        ts * 1000 / (self.clock_rate / 1000).max(1)
    }

    fn units(&self, us: i64) -> i64 {
        us * self.clock_rate / 1_000_000
    }
}

fn slot_of(seq: i64) -> usize {
    seq.rem_euclid(SLOTS as i64) as usize
}
