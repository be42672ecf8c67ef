//! A leg that is the voice of a seat: its two half rounds, around the round of the call that it is bridged to.

use std::time::Instant;

use super::{Leg, Local};
use crate::phone::Phone;
use crate::queue::EventQueue;
use crate::types::SeatId;

impl Leg {
    /// The seat whose voice this leg is.
    pub(crate) fn phone_of(&self) -> Option<SeatId> {
        match self.local {
            Local::Phone(seat) => Some(seat),
            Local::Seat(_) | Local::Clip(..) | Local::Echo | Local::Silence => None,
        }
    }

    /// First half of a round: 20 ms of what the phone says.
    pub(crate) fn listen(&mut self, phone: &mut Phone, now: Instant) {
        let rate = self.rate();
        let mut voice = std::mem::take(&mut self.frames.far);
        self.pull(&mut voice, rate as usize / 50, now);
        // A phone that holds says nothing: the customer hears that somebody is there.
        let speaks = self.session.as_ref().is_some_and(|session| session.params().receive);
        phone.hear(speaks.then_some(voice.as_slice()), rate);
        self.frames.far = voice;
    }

    /// Second half: 20 ms for the phone.
    pub(crate) fn speak(&mut self, phone: &mut Phone, now: Instant, events: &mut EventQueue) {
        self.ticks = self.ticks.wrapping_add(1);
        let rate = self.rate();
        let mut local = std::mem::take(&mut self.frames.local);
        local.resize(rate as usize / 50, 0);
        phone.tell(&mut local, rate);
        if let Some(session) = &mut self.session {
            session.push(now, &local);
        }
        self.frames.local = local;
        self.report(now, events);
        self.flush(events);
    }

    /// A phone's leg is not a call: nobody wants to know of tones in it.
    pub(super) fn without_detectors(&mut self) {
        self.detectors = false;
        if let Some(session) = &mut self.session {
            session.set_detectors(false);
        }
    }
}
