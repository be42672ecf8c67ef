//! Requests of the peer inside a dialog (RFC 3261 12.2.2).

use std::time::Instant;

use super::UserAgent;
use super::call::{Call, Phase};
use super::event::{CallId, EndedBy};
use super::receive::dialog_id;
use crate::dialog::{Dialog, DialogId};
use crate::message::{Method, Request};
use crate::transaction::TransactionId;
use crate::transport::Flow;

impl UserAgent {
    pub(crate) fn in_dialog_request(
        &mut self,
        id: CallId,
        tx: TransactionId,
        request: Request,
        _source: Flow,
        now: Instant,
    ) {
        let cseq = request.headers.cseq().map_or(0, |cseq| cseq.seq);
        let in_order = dialog_id(&request)
            .and_then(|dialog| self.calls.get_mut(&id)?.dialog_mut(&dialog))
            .is_some_and(|dialog| dialog.take_remote_cseq(cseq));
        if !in_order {
            self.refuse(tx, &request, 500, now);
            return;
        }
        if !self.unsupported(&request).is_empty() {
            self.refuse(tx, &request, 420, now);
            return;
        }
        match &request.method {
            Method::Invite => self.peer_reinvite(id, tx, &request, now),
            Method::Bye => self.peer_bye(id, tx, &request, now),
            Method::Update => self.peer_update(id, tx, &request, now),
            Method::Info => self.peer_info(id, tx, &request, now),
            Method::Refer => self.peer_refer(id, tx, &request, now),
            Method::Notify if request.headers.event().is_some_and(|event| event.package == "refer") => {
                self.refer_notified(id, tx, &request, now);
            }
            // Of other packages a NOTIFY needs no subscription to be polite to.
            Method::Notify => self.refuse(tx, &request, 200, now),
            Method::Options => self.answer_options(tx, &request, now),
            Method::Prack => self.peer_prack(id, tx, &request, now),
            // A 200 would say that somebody was shown the message (RFC 3428 7).
            Method::Subscribe | Method::Message | Method::Publish | Method::Register => {
                self.refuse(tx, &request, 405, now);
            }
            Method::Ack | Method::Cancel => {}
            Method::Other(_) => self.refuse(tx, &request, 501, now),
        }
    }

    fn peer_bye(&mut self, id: CallId, tx: TransactionId, request: &Request, now: Instant) {
        self.refuse(tx, request, 200, now);
        let Some(call) = self.calls.get_mut(&id) else { return };
        match &mut call.phase {
            Phase::Established(_) => {
                let mut end = call.end(EndedBy::Remote);
                end.take_reason(&request.headers);
                self.finish_call(id, end);
            }
            // The caller may end an early dialog so (15.1.2); the INVITE is answered 487.
            Phase::Incoming(_) => self.withdraw(id, request, now),
            Phase::Outgoing(outgoing) => {
                let named = dialog_id(request).unwrap_or_else(|| DialogId {
                    call_id: String::new(),
                    local_tag: String::new(),
                    remote_tag: String::new(),
                });
                outgoing.early.remove(&named.remote_tag);
                self.dialogs.remove(&named);
            }
        }
    }
}

impl Call {
    /// The dialog of this call with the given identity, early ones included.
    pub(crate) fn dialog_mut(&mut self, id: &DialogId) -> Option<&mut Dialog> {
        match &mut self.phase {
            Phase::Outgoing(outgoing) => {
                outgoing.early.get_mut(&id.remote_tag).map(|early| &mut early.dialog)
            }
            Phase::Incoming(incoming) => Some(&mut incoming.dialog),
            Phase::Established(established) => Some(&mut established.dialog),
        }
    }
}
