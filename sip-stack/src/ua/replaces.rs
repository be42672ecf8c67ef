//! One call in another's place: INVITE with Replaces (RFC 3891 3).

use std::time::Instant;

use super::UserAgent;
use super::call::Phase;
use super::event::{CallId, EndedBy, Event, HangupReason};
use crate::dialog::DialogId;
use crate::message::{Replaces, Request};
use crate::transport::Flow;

impl UserAgent {
    /// The call that an INVITE is to take the place of, or the code that refuses it. Only exchanges of ours may ask,
    /// and only the one the call goes through: who else guesses a dialog learns nothing by it.
    pub(crate) fn replaced_call(&self, request: &Request, source: Flow) -> Result<Option<CallId>, u16> {
        let Some(replaces) = request.headers.replaces().map_err(|_| 400_u16)? else { return Ok(None) };
        let from = |account: &super::account::Account| account.knows(source);
        if !self.accounts.iter().any(from) {
            return Err(403);
        }
        let id = self.find_replaced(&replaces).ok_or(481_u16)?;
        let call = self.calls.get(&id).ok_or(481_u16)?;
        let account = call.account.and_then(|account| self.accounts.get(account.0 as usize));
        if !account.is_some_and(from) {
            return Err(481);
        }
        match &call.phase {
            _ if call.ended => Err(603),
            Phase::Established(_) if replaces.early_only => Err(486),
            Phase::Established(_) | Phase::Outgoing(_) => Ok(Some(id)),
            // An early dialog that we did not start cannot be replaced.
            Phase::Incoming(_) => Err(481),
        }
    }

    /// The dialog that Replaces names; its `to-tag` is ours. `0` may stand for no tag at all (RFC 3891 6.1).
    fn find_replaced(&self, replaces: &Replaces) -> Option<CallId> {
        let named = |remote_tag: &str| DialogId {
            call_id: replaces.call_id.clone(),
            local_tag: replaces.to_tag.clone(),
            remote_tag: remote_tag.to_owned(),
        };
        let found = self.dialogs.find(&named(&replaces.from_tag));
        found.or_else(|| self.dialogs.find(&named("")).filter(|_| replaces.from_tag == "0"))
    }

    /// `by` is answered: the call whose place it takes ends, with BYE where it was answered, else with CANCEL.
    pub(crate) fn end_replaced(&mut self, by: CallId, now: Instant) {
        let replaced = self.calls.get_mut(&by).and_then(|call| call.usages.replaces.take());
        let Some(old) = replaced.filter(|old| self.calls.get(old).is_some_and(|call| !call.ended)) else {
            return;
        };
        self.events.push_back(Event::Replaced { call: old, by });
        let Some(call) = self.calls.get_mut(&old) else { return };
        if call.established().is_some() {
            let end = call.end(EndedBy::Remote);
            self.leave(old, HangupReason::Normal, end, now);
        } else if call.outgoing().is_some() {
            self.try_cancel(old, now);
        }
    }
}
