//! Packets of another leg, passed on as they came: own numbers, timestamps and SSRC, the other's payload.

use std::net::SocketAddr;
use std::time::Instant;

use super::Outbound;
use crate::codec::Encoder;
use crate::coded::{Coded, CodedFrame};
use crate::outbox::{Channel, MAX_DATAGRAM, Outbox};

/// How the other leg's timestamps become ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passing {
    /// Ours less theirs.
    offset: u32,
    /// Theirs after the last packet.
    next: u32,
    /// Time in which nothing was sent, in timestamp units.
    waited: u32,
}

impl Outbound {
    /// Like [`Outbound::push`], with the packets that hold these samples: they are sent instead, where nothing of ours is to be
    /// added. What was lost on their way stays lost, and is told by the numbers: whoever hears it conceals it.
    pub(crate) fn push_coded(
        &mut self,
        now: Instant,
        pcm: &[i16],
        coded: &Coded,
        destination: SocketAddr,
        outbox: &mut Outbox,
    ) {
        let units = self.frame.len() / self.settings.codec.samples_per_unit();
        let ours_alone = self.notice.is_some() || self.is_sending_digits();
        let silent = !self.settings.send || destination.ip().is_unspecified() || destination.port() == 0;
        // All must have the length that this peer is to get.
        let alike = |frames: &&[CodedFrame]| frames.iter().all(|frame| frame.units as usize == units);
        let frames = coded.frames().filter(|_| !ours_alone && !silent).filter(alike);
        self.note_quiet(frames.is_some(), pcm);
        let begins =
            |frames: &&[CodedFrame]| self.passing.is_some() || !frames.is_empty() && self.may_begin();
        let Some(frames) = frames.filter(begins) else { return self.push(now, pcm, destination, outbox) };
        self.note_gap(now);
        if self.passing.is_none() {
            // What is short of a packet goes with it; its time has passed.
            self.sender.advance((self.filled / self.settings.codec.samples_per_unit()) as u32);
            self.filled = 0;
        }
        self.remember(pcm);
        if let Some(passing) = self.passing.as_mut().filter(|_| frames.is_empty()) {
            passing.waited += (pcm.len() / self.settings.codec.samples_per_unit()) as u32;
        }
        for frame in frames {
            self.pass(frame, destination, outbox);
        }
    }

    /// From now on our own encoder speaks; whether another did.
    pub(super) fn stop_passing(&mut self) -> bool {
        let Some(passing) = self.passing.take() else { return false };
        self.sender.advance(passing.waited);
        self.marker = true;
        true
    }

    /// An encoder that was silent for long is brought near to the one that spoke meanwhile, whose peer goes on decoding.
    pub(super) fn warm_up(&mut self) {
        if self.has_memory() {
            let mut unsent = [0; MAX_DATAGRAM];
            for _ in 0..2 {
                // What it refuses now it will refuse again, and then it is looked at.
                let _ = self.encoder.encode(&self.frame, &mut unsent);
            }
        }
    }

    /// Whether a decoder goes by what it decoded before: another encoder's packets are a burst of noise to it, where somebody speaks.
    fn has_memory(&self) -> bool {
        !matches!(self.encoder, Encoder::G711(_))
    }

    /// Another's packets begin where both encoders have heard silence.
    fn may_begin(&self) -> bool {
        !self.has_memory() || self.quiet >= QUIET_ROUNDS
    }

    fn note_quiet(&mut self, passable: bool, pcm: &[i16]) {
        if self.passing.is_none() && self.has_memory() {
            let quiet = passable && pcm.iter().all(|sample| sample.unsigned_abs() < QUIET);
            self.quiet = if quiet { self.quiet + 1 } else { 0 };
        }
    }

    /// Keeps the last samples, a packet of them, for [`Outbound::warm_up`].
    fn remember(&mut self, pcm: &[i16]) {
        if self.has_memory() {
            let length = self.frame.len();
            let count = pcm.len().min(length);
            self.frame.copy_within(count.., 0);
            self.frame[length - count..].copy_from_slice(&pcm[pcm.len() - count..]);
        }
    }

    fn pass(&mut self, frame: &CodedFrame, destination: SocketAddr, outbox: &mut Outbox) {
        let since = |passing: &Passing| frame.timestamp.wrapping_sub(passing.next);
        let clock = self.settings.codec.clock_rate();
        match self.passing.filter(|passing| since(passing) < 2 * clock) {
            Some(passing) => {
                // RFC 3550 5.1: the marker tells of a pause before the packet, which is no loss.
                self.marker |= frame.lost == 0 && since(&passing) > 0;
                self.sender.skip(frame.lost.min(LOST_MAX) as u16);
                self.sender.set_timestamp(frame.timestamp.wrapping_add(passing.offset));
            }
            None => {
                self.stop_passing();
                self.marker = true;
            }
        }
        let timestamp = self.sender.timestamp();
        let next = frame.timestamp.wrapping_add(frame.units);
        self.passing = Some(Passing { offset: timestamp.wrapping_sub(frame.timestamp), next, waited: 0 });
        let (sender, marker, payload_type) = (&mut self.sender, self.marker, self.settings.payload_type);
        outbox.push(destination, Channel::Rtp, |out| {
            sender.write(marker, payload_type, timestamp, &frame.payload, out).ok()
        });
        self.sender.advance(frame.units);
        self.marker = false;
        self.passed += 1;
    }
}

/// Peak of what counts as silence, about −47 dBm0, and rounds of it after which an encoder has nothing to remember.
const QUIET: u16 = 100;
const QUIET_ROUNDS: u32 = 3;
/// Numbers left out for what was lost; a longer gap is a pause to whoever hears it.
const LOST_MAX: u32 = 50;
