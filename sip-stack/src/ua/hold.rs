//! Hold and resume: our own re-INVITE (RFC 3261 14.1, RFC 3264 8.4).

use std::time::Instant;

use super::UserAgent;
use super::auth::AuthTries;
use super::build::{ALLOW, SDP, SUPPORTED};
use super::call::{Call, ClientUse, OwnOffer};
use super::event::{CallId, HoldError};
use crate::message::{HeaderName, Method};
use crate::sdp::Direction;

impl UserAgent {
    /// Asks the peer to send no audio (`a=sendonly`). `Event::MediaChanged` or `Event::HoldFailed` follows.
    ///
    /// # Errors
    /// Nothing was sent: see [`HoldError`].
    pub fn hold(&mut self, call: CallId, now: Instant) -> Result<(), HoldError> {
        self.offer_direction(call, Direction::SendOnly, now)
    }

    /// Takes the call off hold (`a=sendrecv`). `Event::MediaChanged` or `Event::HoldFailed` follows.
    ///
    /// # Errors
    /// Nothing was sent: see [`HoldError`].
    pub fn resume(&mut self, call: CallId, now: Instant) -> Result<(), HoldError> {
        self.offer_direction(call, Direction::SendRecv, now)
    }

    fn offer_direction(&mut self, id: CallId, direction: Direction, now: Instant) -> Result<(), HoldError> {
        let call = self.calls.get_mut(&id).filter(|call| !call.ended).ok_or(HoldError::UnknownCall)?;
        let established = call.established().ok_or(HoldError::NotEstablished)?;
        if established.own_offer.is_some() || established.unacked.is_some() {
            return Err(HoldError::Pending);
        }
        established.own_offer = Some(OwnOffer {
            transaction: None,
            direction,
            offer: Vec::new(),
            tries: AuthTries::default(),
            glares: 0,
        });
        if !self.make_offer(id) {
            if let Some(established) = self.calls.get_mut(&id).and_then(Call::established) {
                established.own_offer = None;
            }
            return Err(HoldError::NotEstablished);
        }
        self.send_reinvite(id, now);
        self.pump(now);
        Ok(())
    }

    /// The waiting time after a 491 is over. Without an answered peer offer in between this is the same offer.
    pub(crate) fn retry_offer(&mut self, id: CallId, now: Instant) {
        if self.make_offer(id) {
            self.send_reinvite(id, now);
        } else {
            self.offer_failed(id, Some(491));
        }
    }

    fn make_offer(&mut self, id: CallId) -> bool {
        let Some(call) = self.calls.get_mut(&id) else { return false };
        let Some(capabilities) = call.capabilities.clone() else { return false };
        let mut negotiator = call.negotiator.clone();
        let Some(own) = call.established().and_then(|established| established.own_offer.as_mut()) else {
            return false;
        };
        let Ok(offer) = negotiator.offer(&capabilities, own.direction) else {
            return false;
        };
        own.offer = offer;
        call.negotiator = negotiator;
        true
    }

    /// Sends the re-INVITE with the offer that is open.
    pub(crate) fn send_reinvite(&mut self, id: CallId, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let Some(established) = call.established() else { return };
        let Some(own) = &established.own_offer else { return };
        let mut request = established.dialog.request(Method::Invite);
        request.body = own.offer.clone();
        let dialog = established.dialog.clone();
        let hop = dialog.next_hop();
        let contact = self.contact(account, None, hop);
        request.headers.push(HeaderName::CONTACT, contact);
        request.headers.push(HeaderName::ALLOW, ALLOW);
        request.headers.push(HeaderName::SUPPORTED, SUPPORTED);
        request.headers.push(HeaderName::CONTENT_TYPE, SDP);
        self.authorize(account, &mut request);
        let purpose = ClientUse::Reinvite { call: id, dialog: Box::new(dialog) };
        let (transaction, _) = self.send_request(request, hop, purpose, now);
        let own = self.calls.get_mut(&id).and_then(Call::established).and_then(|e| e.own_offer.as_mut());
        if let Some(own) = own {
            own.transaction = Some(transaction);
        }
    }
}
