//! Our transfers: REFER inside the dialog and the NOTIFYs that tell how the new call goes (RFC 3515, 4488, 5589).

use std::time::{Duration, Instant};

use super::auth::AuthTries;
use super::build::SUPPORTED;
use super::call::{Call, ClientUse};
use super::event::{CallEnd, CallId, EndedBy, Event, HangupReason, TransferError};
use super::timer::UaTimer;
use super::{ClientFailure, UserAgent};
use crate::message::{HeaderName, Method, NameAddr, Replaces, Request, Response, Uri};
use crate::transaction::TransactionId;

/// Our REFER in one call: its transaction and the subscription that it makes.
#[derive(Debug)]
pub(crate) struct Transfer {
    /// The REFER under way; `None` once it has its final answer.
    transaction: Option<TransactionId>,
    refer_to: String,
    /// The number of the REFER: the `id` of its subscription (RFC 3515 2.4.6).
    cseq: u32,
    tries: AuthTries,
    /// True once the peer said that it tries, by a 2xx or by a NOTIFY that came before it.
    accepted: bool,
    /// What the last NOTIFY said.
    last: Option<u16>,
}

impl UserAgent {
    /// Asks the peer to call `target` and to leave this call (blind transfer, RFC 5589 6). `Event::TransferProgress`
    /// and in the end `Transferred`, after which the call is hung up, or `TransferFailed`, after which it goes on.
    /// Within 150 s one of the two comes. The call may be held before; that is up to the owner.
    ///
    /// # Errors
    /// Nothing was sent: see [`TransferError`].
    pub fn transfer(&mut self, call: CallId, target: &Uri, now: Instant) -> Result<(), TransferError> {
        if matches!(target, Uri::Other { .. }) {
            return Err(TransferError::InvalidTarget);
        }
        self.start_transfer(call, NameAddr::new(target.clone()), now)
    }

    /// Asks the peer of `call` to take our place in `other`, another answered call (attended transfer, RFC 5589 7):
    /// the Refer-To names the dialog of `other` with Replaces (RFC 3891). Events as for [`Self::transfer`], all for
    /// `call`; `other` is hung up by its own peer when it is replaced.
    ///
    /// # Errors
    /// Nothing was sent: see [`TransferError`].
    pub fn transfer_to(&mut self, call: CallId, other: CallId, now: Instant) -> Result<(), TransferError> {
        let answered = self.calls.get_mut(&other).filter(|entry| !entry.ended && call != other);
        let dialog = &answered.and_then(Call::established).ok_or(TransferError::NotEstablished)?.dialog;
        let replaces = Replaces {
            call_id: dialog.id.call_id.clone(),
            to_tag: tag_or_zero(&dialog.id.remote_tag),
            from_tag: tag_or_zero(&dialog.id.local_tag),
            early_only: false,
        };
        let mut target = dialog.target().clone();
        let sip = target.as_sip_mut().ok_or(TransferError::InvalidTarget)?;
        sip.set_header("Replaces", &replaces.to_string());
        self.start_transfer(call, NameAddr::new(target), now)
    }

    fn start_transfer(&mut self, id: CallId, to: NameAddr, now: Instant) -> Result<(), TransferError> {
        let call = self.calls.get_mut(&id).filter(|call| !call.ended).ok_or(TransferError::UnknownCall)?;
        if call.usages.transfer.is_some() {
            return Err(TransferError::Pending);
        }
        let established = call.established().ok_or(TransferError::NotEstablished)?;
        if established.unacked.as_ref().is_some_and(|unacked| unacked.initial) {
            return Err(TransferError::NotEstablished);
        }
        call.usages.transfer = Some(Transfer {
            transaction: None,
            refer_to: to.to_string(),
            cseq: 0,
            tries: AuthTries::default(),
            accepted: false,
            last: None,
        });
        self.timers.set(UaTimer::TransferEnd(id), now + LONGEST_TRANSFER);
        self.send_refer(id, now);
        self.pump(now);
        Ok(())
    }

    fn send_refer(&mut self, id: CallId, now: Instant) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let account = call.account;
        let Some(transfer) = &call.usages.transfer else { return };
        let refer_to = transfer.refer_to.clone();
        let Some(established) = call.established() else { return };
        let mut request = established.dialog.request(Method::Refer);
        let cseq = established.dialog.local_cseq();
        let hop = established.dialog.next_hop();
        let contact = self.contact(account, None, hop);
        request.headers.push(HeaderName::CONTACT, contact);
        request.headers.push(HeaderName::REFER_TO, refer_to);
        if let Some(config) = account.and_then(|account| self.account(account)) {
            let by = NameAddr::new(config.aor.clone());
            request.headers.push(HeaderName::REFERRED_BY, by.to_string());
        }
        request.headers.push(HeaderName::ALLOW, self.allow());
        request.headers.push(HeaderName::SUPPORTED, SUPPORTED);
        self.authorize(account, &mut request);
        let (transaction, _) = self.send_request(request, hop, ClientUse::Refer(id), now);
        if let Some(transfer) = self.transfer_mut(id) {
            (transfer.transaction, transfer.cseq) = (Some(transaction), cseq);
        }
    }

    pub(crate) fn refer_response(
        &mut self,
        id: CallId,
        tx: TransactionId,
        response: &Response,
        now: Instant,
    ) {
        let account = self.calls.get(&id).and_then(|call| call.account);
        let Some(transfer) = self.transfer_mut(id).filter(|transfer| transfer.transaction == Some(tx)) else {
            return;
        };
        match response.code {
            ..=199 => {}
            200..=299 => {
                transfer.transaction = None;
                transfer.accepted = true;
                // The peer makes no subscription (RFC 4488 4): what becomes of it is not told.
                if refer_sub(&response.headers) == Some(false) {
                    self.transferred(id, None, now);
                    return;
                }
                let (code, reason) = (response.code, response.reason.clone());
                self.events.push_back(Event::TransferProgress { call: id, code, reason });
            }
            401 | 407 => {
                let mut tries = std::mem::take(&mut transfer.tries);
                let again = self.may_answer(account, &mut tries, response);
                if let Some(transfer) = self.transfer_mut(id) {
                    transfer.tries = tries;
                }
                if again {
                    self.send_refer(id, now);
                } else {
                    self.transfer_failed(id, Some(response.code), &response.reason);
                }
            }
            // The peer has no such dialog. Other codes that RFC 5057 5.1 reads the same way (404, 484 …) are what
            // exchanges say of the target, and the conversation must not die of a mistyped number.
            481 => {
                self.transfer_failed(id, Some(481), &response.reason);
                let Some(call) = self.calls.get(&id) else { return };
                let mut end = call.end(EndedBy::Remote);
                end.take_response(response);
                self.leave(id, HangupReason::Failure, end, now);
            }
            code => self.transfer_failed(id, Some(code), &response.reason),
        }
    }

    pub(crate) fn refer_unanswered(&mut self, id: CallId, tx: TransactionId, failure: ClientFailure) {
        let ours = self.transfer_mut(id).is_some_and(|transfer| transfer.transaction == Some(tx));
        if ours {
            let reason = match failure {
                ClientFailure::Timeout => "no answer",
                ClientFailure::Transport => "transport failure",
            };
            self.transfer_failed(id, None, reason);
        }
    }

    /// A NOTIFY about a REFER. One that overtakes the 202 counts (RFC 3515 2.4.4); one of no subscription of ours is
    /// refused with 481 (RFC 6665 4.1.3).
    pub(crate) fn refer_notified(&mut self, id: CallId, tx: TransactionId, request: &Request, now: Instant) {
        let about = request.headers.event();
        let about = about.as_ref().and_then(|event| event.id());
        let Some(transfer) = self.transfer_mut(id) else {
            self.refuse(tx, request, 481, now);
            return;
        };
        if about.is_some_and(|about| about.parse() != Ok(transfer.cseq)) {
            self.refuse(tx, request, 481, now);
            return;
        }
        let state = request.headers.subscription_state();
        let over = state.as_ref().is_some_and(|state| state.is_terminated());
        let status = match (request.body.is_empty(), request.headers.content_type().as_deref()) {
            (true, _) => None,
            (false, Some(SIPFRAG)) => match fragment_status(&request.body) {
                Some(status) => Some(status),
                None => return self.refuse(tx, request, 400, now),
            },
            (false, _) => return self.refuse(tx, request, 415, now),
        };
        transfer.accepted = true;
        let told = transfer.last;
        transfer.last = status.as_ref().map(|(code, _)| *code).or(told);
        self.refuse(tx, request, 200, now);
        match status {
            Some((code, _)) if (200..300).contains(&code) => self.transferred(id, Some(code), now),
            Some((code, reason)) if code >= 300 => self.transfer_failed(id, Some(code), &reason),
            _ if over => {
                let reason = state.as_ref().and_then(|state| state.reason()).unwrap_or("noresource");
                self.transfer_failed(id, None, reason);
            }
            Some((code, reason)) if told != Some(code) => {
                self.events.push_back(Event::TransferProgress { call: id, code, reason });
            }
            _ => {}
        }
    }

    /// Nothing more was heard of the transfer.
    pub(crate) fn transfer_too_long(&mut self, id: CallId) {
        self.transfer_failed(id, None, "no word of the outcome");
    }

    /// The call ends with the outcome open. A peer that said it tries and then left has most likely arrived.
    pub(crate) fn transfer_cut_off(&mut self, id: CallId, transfer: &Transfer, end: &CallEnd) {
        self.events.push_back(if transfer.accepted && end.by == EndedBy::Remote {
            Event::Transferred { call: id, code: None }
        } else {
            Event::TransferFailed { call: id, code: None, reason: "the call ended".to_owned() }
        });
    }

    fn transferred(&mut self, id: CallId, code: Option<u16>, now: Instant) {
        self.timers.stop(UaTimer::TransferEnd(id));
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.usages.transfer = None;
        let end = call.end(EndedBy::Local);
        self.events.push_back(Event::Transferred { call: id, code });
        self.leave(id, HangupReason::Normal, end, now);
    }

    fn transfer_failed(&mut self, id: CallId, code: Option<u16>, reason: &str) {
        self.timers.stop(UaTimer::TransferEnd(id));
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.usages.transfer.take().is_some() {
            self.events.push_back(Event::TransferFailed { call: id, code, reason: reason.to_owned() });
        }
    }

    fn transfer_mut(&mut self, id: CallId) -> Option<&mut Transfer> {
        self.calls.get_mut(&id)?.usages.transfer.as_mut()
    }
}

/// What Refer-Sub says (RFC 4488 3).
pub(crate) fn refer_sub(headers: &crate::message::Headers) -> Option<bool> {
    let value = headers.text(&HeaderName::REFER_SUB)?;
    let word = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match word.as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Code and phrase of the status line that a `message/sipfrag` begins with (RFC 3420). Only these are of use; headers
/// after it are not read.
fn fragment_status(body: &[u8]) -> Option<(u16, String)> {
    let line = body.split(|byte| matches!(byte, b'\r' | b'\n')).find(|line| !line.is_empty())?;
    let line = String::from_utf8_lossy(line.get(..MAX_STATUS_LINE).unwrap_or(line));
    let (version, rest) = line.trim_start().split_once(' ')?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return None;
    }
    let (code, reason) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
    let code = code.parse().ok().filter(|code| (100..700).contains(code))?;
    Some((code, reason.trim().to_owned()))
}

/// RFC 3891 6.1: `0` stands for the missing tag of a peer of RFC 2543.
fn tag_or_zero(tag: &str) -> String {
    if tag.is_empty() { "0".to_owned() } else { tag.to_owned() }
}

/// The body of a NOTIFY about a REFER.
pub(crate) const SIPFRAG: &str = "message/sipfrag";
/// A target may ring for two minutes; the subscription is not waited for much longer.
const LONGEST_TRANSFER: Duration = Duration::from_secs(150);
const MAX_STATUS_LINE: usize = 256;

#[cfg(test)]
mod tests {
    use super::fragment_status;

    #[test]
    fn rfc_3420_status_lines() {
        let read = |text: &str| fragment_status(text.as_bytes());
        assert_eq!(read("SIP/2.0 200 OK\r\n"), Some((200, "OK".to_owned())));
        assert_eq!(read("SIP/2.0 180 Ringing\r\nTo: <sip:a@h>\r\n"), Some((180, "Ringing".to_owned())));
        assert_eq!(read("sip/2.0 603"), Some((603, String::new())));
        assert_eq!(read("\r\nSIP/2.0 100 Trying"), Some((100, "Trying".to_owned())));
        for bad in
            ["", "SIP/2.0", "SIP/2.0 99 x", "SIP/2.0 700 x", "HTTP/1.1 200 OK", "INVITE sip:a@h SIP/2.0"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
