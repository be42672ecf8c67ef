//! Our own offers inside a call: hold, resume, other media, session refresh by re-INVITE (RFC 3261 14.1, RFC 3264 8.4);
//! before the answer by UPDATE (RFC 3311 5.1).

use std::time::Instant;

use super::UserAgent;
use super::auth::AuthTries;
use super::build::{SDP, SUPPORTED};
use super::call::{Call, Change, ClientUse, OwnOffer, Phase};
use super::event::{CallId, HoldError};
use crate::message::{HeaderName, Method};
use crate::sdp::{Capabilities, Direction};

impl UserAgent {
    /// Asks the peer to send no audio (`a=sendonly`). `Event::MediaChanged` or `Event::HoldFailed` follows; before the
    /// answer `Event::EarlyMedia` instead of the former.
    ///
    /// # Errors
    /// Nothing was sent: see [`HoldError`].
    pub fn hold(&mut self, call: CallId, now: Instant) -> Result<(), HoldError> {
        self.start_change(call, Change::Direction(Direction::SendOnly), now)
    }

    /// Takes the call off hold (`a=sendrecv`). Events as for [`Self::hold`].
    ///
    /// # Errors
    /// Nothing was sent: see [`HoldError`].
    pub fn resume(&mut self, call: CallId, now: Instant) -> Result<(), HoldError> {
        self.start_change(call, Change::Direction(Direction::SendRecv), now)
    }

    /// Moves the audio to another address or other codecs, e.g. after the network changed. Events as for
    /// [`Self::hold`]; a refusal leaves the former capabilities in force.
    ///
    /// # Errors
    /// Nothing was sent: see [`HoldError`].
    pub fn change_media(
        &mut self,
        call: CallId,
        capabilities: &Capabilities,
        now: Instant,
    ) -> Result<(), HoldError> {
        let entry = self.calls.get_mut(&call).ok_or(HoldError::UnknownCall)?;
        let before = entry.capabilities.replace(capabilities.clone());
        let change = Change::Capabilities(before.clone().map(Box::new));
        let started = self.start_change(call, change, now);
        if let (Err(_), Some(entry)) = (started, self.calls.get_mut(&call)) {
            entry.capabilities = before;
        }
        started
    }

    /// Offers again what is in force, to refresh the session. `false`: that cannot be done now.
    pub(crate) fn reoffer(&mut self, id: CallId, now: Instant) -> bool {
        self.start_change(id, Change::Refresh, now).is_ok()
    }

    fn start_change(&mut self, id: CallId, change: Change, now: Instant) -> Result<(), HoldError> {
        let call = self.calls.get_mut(&id).filter(|call| !call.ended).ok_or(HoldError::UnknownCall)?;
        if call.offering().is_some() {
            return Err(HoldError::Pending);
        }
        let tag = call.speaking().ok_or(HoldError::NotEstablished)?;
        if let Phase::Established(established) = &call.phase {
            if established.unacked.is_some() {
                return Err(HoldError::Pending);
            }
        } else if !call
            .exchange(&tag)
            .is_some_and(|exchange| exchange.settled && exchange.allows_update && exchange.media.is_some())
        {
            return Err(HoldError::NotEstablished);
        }
        let exchange = call.exchange(&tag).ok_or(HoldError::NotEstablished)?;
        *exchange.own_offer = Some(OwnOffer {
            transaction: None,
            change,
            offer: Vec::new(),
            tries: AuthTries::default(),
            glares: 0,
        });
        if !self.make_offer(id, &tag) {
            if let Some(exchange) = self.calls.get_mut(&id).and_then(|call| call.exchange(&tag)) {
                *exchange.own_offer = None;
            }
            return Err(HoldError::NotEstablished);
        }
        self.send_offer(id, &tag, now);
        self.pump(now);
        Ok(())
    }

    /// The waiting time after a 491 is over. Without an answered peer offer in between this is the same offer.
    pub(crate) fn retry_offer(&mut self, id: CallId, now: Instant) {
        let Some(tag) = self.calls.get(&id).and_then(Call::offering) else { return };
        if self.make_offer(id, &tag) {
            self.send_offer(id, &tag, now);
        } else {
            self.offer_failed(id, &tag, Some(491), now);
        }
    }

    fn make_offer(&mut self, id: CallId, tag: &str) -> bool {
        let Some(call) = self.calls.get_mut(&id) else { return false };
        let Some(capabilities) = call.capabilities.clone() else { return false };
        let wish = call.wish;
        let Some(exchange) = call.exchange(tag) else { return false };
        let Some(own) = exchange.own_offer else { return false };
        let offer = match own.change {
            Change::Direction(direction) => exchange.negotiator.offer(&capabilities, direction),
            Change::Capabilities(_) => exchange.negotiator.offer(&capabilities, wish),
            Change::Refresh => exchange.negotiator.offer_again(&capabilities),
        };
        let Ok(offer) = offer else { return false };
        own.offer = offer;
        true
    }

    /// Sends the offer that is open: by re-INVITE, before the answer by UPDATE.
    pub(crate) fn send_offer(&mut self, id: CallId, tag: &str, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let session = call.session;
        let method = if call.established().is_some() { Method::Invite } else { Method::Update };
        let Some(exchange) = call.exchange(tag) else { return };
        let Some(own) = exchange.own_offer else { return };
        let mut request = exchange.dialog.request(method.clone());
        request.body = own.offer.clone();
        let dialog = exchange.dialog.clone();
        let hop = dialog.next_hop();
        let contact = self.contact(account, None, hop);
        request.headers.push(HeaderName::CONTACT, contact);
        request.headers.push(HeaderName::ALLOW, self.allow());
        request.headers.push(HeaderName::SUPPORTED, SUPPORTED);
        request.headers.push(HeaderName::CONTENT_TYPE, SDP);
        let purpose = if method == Method::Invite {
            session.ask(&mut request.headers);
            ClientUse::Reinvite { call: id, dialog: Box::new(dialog) }
        } else {
            ClientUse::Update { call: id, tag: tag.to_owned() }
        };
        self.authorize(account, &mut request);
        let (transaction, _) = self.send_request(request, hop, purpose, now);
        let own = self.calls.get_mut(&id).and_then(|call| call.exchange(tag)?.own_offer.as_mut());
        if let Some(own) = own {
            own.transaction = Some(transaction);
        }
    }
}
