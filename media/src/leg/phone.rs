//! A leg that is the voice of a seat: its two half rounds, around the round of the call that it is bridged to.

use std::time::Instant;

use super::{Frames, Leg, Local};
use crate::coded::Coded;
use crate::phone::Phone;
use crate::queue::EventQueue;
use crate::session::Session;
use crate::types::SeatId;

impl Leg {
    /// The seat whose voice this leg is.
    pub(crate) fn phone_of(&self) -> Option<SeatId> {
        match self.local {
            Local::Phone(seat) => Some(seat),
            Local::Seat(_) | Local::Clip(..) | Local::Echo | Local::Silence => None,
        }
    }

    /// Whether each of two legs may be sent what the peer of the other sends, as it is: both ways, or each way alone.
    pub(crate) fn may_pass(&self, from: &Self) -> bool {
        self.session.as_ref().zip(from.session.as_ref()).is_some_and(|(own, other)| own.may_pass(other))
    }

    /// Keeps the packets of what is pulled, for a leg that may pass them on.
    pub(crate) fn keep_coded(&mut self, on: bool) {
        self.session.iter_mut().for_each(|session| session.keep_coded(on));
    }

    /// Exchanges what was pulled last, as it came, for what is not needed any more.
    pub(super) fn swap_coded(&mut self, coded: &mut Coded) {
        match self.session.as_mut().and_then(Session::coded) {
            Some(kept) => std::mem::swap(kept, coded),
            None => coded.spoil(),
        }
    }

    /// First half of a round: 20 ms of what the phone says.
    pub(crate) fn listen(&mut self, phone: &mut Phone, now: Instant, frames: &mut Frames) {
        let rate = self.rate();
        let voice = &mut frames.far;
        self.pull(voice, rate as usize / 50, now);
        // A phone that holds says nothing: the customer hears that somebody is there.
        let speaks = self.session.as_ref().is_some_and(|session| session.params().receive);
        self.swap_coded(phone.said());
        phone.hear(speaks.then_some(voice.as_slice()), rate);
    }

    /// Second half: 20 ms for the phone.
    pub(crate) fn speak(
        &mut self,
        phone: &mut Phone,
        now: Instant,
        frames: &mut Frames,
        events: &mut EventQueue,
    ) {
        self.ticks = self.ticks.wrapping_add(1);
        let rate = self.rate();
        let local = &mut frames.local;
        local.resize(rate as usize / 50, 0);
        phone.tell(local, rate);
        if let Some(session) = &mut self.session {
            session.push_coded(now, local, phone.told());
            phone.told().spoil();
        }
        self.secure(events);
        self.keep_time(now);
        self.flush(events);
    }

    /// Packets that were encoded here, and packets that were passed on.
    #[cfg(test)]
    pub(crate) fn coding(&self) -> (u64, u64) {
        self.session.as_ref().map_or((0, 0), Session::coding)
    }

    /// A phone's leg is not a call: nobody wants to know of tones in it.
    pub(super) fn without_detectors(&mut self) {
        self.detectors = false;
        if let Some(session) = &mut self.session {
            session.set_detectors(false);
        }
    }
}
