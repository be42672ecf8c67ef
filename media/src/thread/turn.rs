//! What sessions and listening supervisors do when their turn in the grid comes.

use std::time::Instant;

use super::Worker;
use crate::types::SeatId;

impl Worker {
    /// What the leg of a slot does in a slot of the grid.
    pub(super) fn turn_of(&mut self, slot: usize, its_turn: bool, now: Instant) {
        let Some(leg) = self.legs.get_mut(slot).and_then(Option::as_mut) else { return };
        if let Some(id) = leg.phone_of() {
            if its_turn {
                self.turn_of_phone(slot, id, now);
            }
            return;
        }
        let session = leg.id();
        let mut seat =
            leg.seat().and_then(|seat| self.seats.get_mut(&seat)).filter(|s| s.is_attached(session));
        let by_device = seat.as_ref().is_some_and(|seat| seat.plays_by_device());
        if its_turn || by_device {
            leg.receive(&mut self.inbox, &mut self.events);
        }
        if let Some(seat) = seat.as_mut().filter(|_| by_device) {
            leg.top_up(seat, now, &mut self.frames);
        }
        if !its_turn {
            return;
        }
        let partner = seat.as_mut().and_then(|seat| seat.phone()?.leg());
        let partner = partner.and_then(|id| self.slots.get(&id)).copied();
        let Some((seat, partner)) = seat.as_mut().zip(partner) else {
            return leg.tick(seat, now, &mut self.frames, &mut self.events);
        };
        // Bridged: both legs take their turn together, so that nothing waits between them.
        let Ok([Some(leg), Some(partner)]) = self.legs.get_disjoint_mut([slot, partner]) else { return };
        partner.receive(&mut self.inbox, &mut self.events);
        partner.keep_coded(leg.may_pass(partner));
        leg.keep_coded(partner.may_pass(leg));
        if let Some(phone) = seat.phone() {
            partner.listen(phone, now, &mut self.frames);
        }
        leg.tick(Some(seat), now, &mut self.frames, &mut self.events);
        if let Some(phone) = seat.phone() {
            partner.speak(phone, now, &mut self.frames, &mut self.events);
        }
    }

    /// A phone between calls: it hears the idle sound, or whom its supervisor listens to.
    fn turn_of_phone(&mut self, slot: usize, id: SeatId, now: Instant) {
        let Some(leg) = self.legs.get_mut(slot).and_then(Option::as_mut) else { return };
        let seat = self.seats.get_mut(&id);
        if let Some(seat) = seat {
            let taken = seat.is_taken();
            let phone = seat.phone().filter(|phone| phone.leg() == Some(leg.id()));
            let Some(phone) = phone else { return };
            if taken {
                // The turn of its call is its turn.
                return;
            }
            leg.receive(&mut self.inbox, &mut self.events);
            leg.listen(phone, now, &mut self.frames);
            if let Some(monitor) = self.monitors.get_mut(&id) {
                monitor.tick(seat);
            }
            if let Some(phone) = seat.phone() {
                leg.speak(phone, now, &mut self.frames, &mut self.events);
            }
        }
    }

    /// Supervisors who listen by a headset; a phone has its turn with its leg, and a call of their own goes first.
    pub(super) fn turn_of_monitors(&mut self, whole_round: bool) {
        for (id, monitor) in &mut self.monitors {
            let Some(seat) = self.seats.get_mut(id).filter(|seat| !seat.is_taken()) else { continue };
            if seat.phone().is_some() {
                continue;
            }
            if seat.plays_by_device() {
                monitor.top_up(seat);
            }
            if whole_round {
                monitor.tick(seat);
            }
        }
    }
}
