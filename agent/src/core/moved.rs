//! Our own address changed (another network, a cable, a router that restarted): calls that are up are moved to the new one.

use sip_stack::ua::{AccountId, CallId, HoldError};
use store::AttemptId;

use super::Core;
use crate::clock::Now;

impl Core {
    /// The exchange knows our new address: the other sides of the account's calls are told where to send to now.
    pub(super) fn address_changed(&mut self, account: AccountId, now: Now) {
        let seats = &self.seats;
        let accounts = &self.accounts;
        let ours = self.calls.values_mut().filter(|call| accounts[seats[call.seat].account].id == account);
        let mut moving = Vec::new();
        for call in ours.filter(|call| call.rtp.is_some() && call.closing.is_none()) {
            call.moving = true;
            moving.push(call.attempt);
        }
        for attempt in moving {
            self.move_call(attempt, now);
        }
        self.move_phones(account, now);
    }

    /// An offer of the call was answered, or the call: one that had to wait may be moved now.
    pub(super) fn move_waiting(&mut self, sip: CallId, now: Now) {
        if let Some(attempt) = self.by_sip.get(&sip).copied() {
            self.move_call(attempt, now);
        }
    }

    fn move_call(&mut self, attempt: AttemptId, now: Now) {
        let Some(call) = self.calls.get(&attempt).filter(|call| call.moving) else { return };
        let (Some(sip), Some(rtp), account) = (call.sip, call.rtp, self.seats[call.seat].account) else {
            return;
        };
        let Some(address) = self.media_address(account) else { return };
        let rtp = self.advertised(address, rtp.port());
        let capabilities = self.accounts[account].capabilities(rtp.ip(), rtp.port());
        let moved = self.ua.change_media(sip, &capabilities, now.mono);
        let Some(call) = self.calls.get_mut(&attempt) else { return };
        match moved {
            Ok(()) => {
                tracing::info!(%attempt, "our address changed, the other side is told");
                call.rtp = Some(rtp);
                call.moving = false;
            }
            // Another offer is under way, or the call is not answered: after that.
            Err(HoldError::Pending | HoldError::NotEstablished) => {}
            Err(error) => tracing::warn!(%attempt, %error, "the call cannot be moved to our new address"),
        }
    }
}
