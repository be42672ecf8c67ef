//! A call: one INVITE usage from the first INVITE to the last BYE.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::auth::AuthTries;
use super::event::{AccountId, CallEnd, CallId, EndedBy, HangupReason};
use crate::dialog::{Dialog, DialogId};
use crate::message::{NameAddr, Request, Uri};
use crate::sdp::{Capabilities, Direction, Negotiated, Negotiator};
use crate::transaction::TransactionId;
use crate::transport::Flow;

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) account: Option<AccountId>,
    pub(crate) sip_call_id: String,
    pub(crate) capabilities: Option<Capabilities>,
    pub(crate) negotiator: Negotiator,
    pub(crate) phase: Phase,
    pub(crate) answered: bool,
    pub(crate) saw_t38: bool,
    /// True once `Event::Ended` is out; what is left of the call only tidies up.
    pub(crate) ended: bool,
}

#[derive(Debug)]
pub(crate) enum Phase {
    /// Our INVITE has no final answer yet.
    Outgoing(Box<Outgoing>),
    /// The peer's INVITE has no final answer yet.
    Incoming(Box<Incoming>),
    /// A 2xx was exchanged.
    Established(Box<Established>),
}

#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) transaction: Option<TransactionId>,
    /// Whom the caller meant: the To header.
    pub(crate) to: Uri,
    /// The Request-URI; another one than `to` after a redirection.
    pub(crate) target: Uri,
    pub(crate) headers: Vec<(String, String)>,
    /// The From, without its tag.
    pub(crate) from: NameAddr,
    pub(crate) local_tag: String,
    pub(crate) cseq: u32,
    pub(crate) offer: Vec<u8>,
    pub(crate) flow: Flow,
    /// Early dialogs by the peer's tag: one per fork.
    pub(crate) early: BTreeMap<String, Early>,
    /// What the last `EarlyMedia` said.
    pub(crate) early_media: Option<Negotiated>,
    pub(crate) cancel: Cancel,
    pub(crate) hangup: HangupReason,
    pub(crate) ring_timeout: bool,
    pub(crate) tries: AuthTries,
    /// Contacts of 3xx answers still to be tried, and all that were.
    pub(crate) redirects: VecDeque<Uri>,
    pub(crate) visited: Vec<String>,
    /// True when the INVITE went by TCP only for its size.
    pub(crate) upgraded: bool,
    /// True once TCP failed for it.
    pub(crate) datagram_only: bool,
}

#[derive(Debug)]
pub(crate) struct Early {
    pub(crate) dialog: Dialog,
    pub(crate) negotiator: Negotiator,
    pub(crate) media: Option<Negotiated>,
    /// The last reliable provisional taken (RFC 3262 4).
    pub(crate) rseq: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cancel {
    No,
    /// Asked for, but no provisional has come (RFC 3261 9.1).
    Wanted,
    Sent,
}

#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) transaction: TransactionId,
    pub(crate) request: Request,
    pub(crate) dialog: Dialog,
    /// The answer sent with `early_media`; the 2xx repeats it.
    pub(crate) early_answer: Option<(Vec<u8>, Negotiated)>,
    /// True when the INVITE held an offer.
    pub(crate) offered: bool,
}

#[derive(Debug)]
pub(crate) struct Established {
    pub(crate) dialog: Dialog,
    /// What was last agreed.
    pub(crate) media: Option<Negotiated>,
    /// The direction we want: `SendOnly` while we hold the call. The peer's hold does not change it.
    pub(crate) wish: Direction,
    /// Our 2xx that waits for its ACK.
    pub(crate) unacked: Option<Unacked>,
    /// Our re-INVITE under way or waiting for its retry.
    pub(crate) own_offer: Option<OwnOffer>,
    /// The BYE must wait for the ACK of our 2xx (RFC 3261 15).
    pub(crate) bye_after_ack: Option<HangupReason>,
}

#[derive(Debug)]
pub(crate) struct Unacked {
    pub(crate) transaction: TransactionId,
    pub(crate) cseq: u32,
    pub(crate) response: crate::message::Response,
    pub(crate) interval: Duration,
    /// True when our 2xx held the offer, so that the ACK holds the answer.
    pub(crate) offered: bool,
    /// True for the call's first INVITE.
    pub(crate) initial: bool,
}

#[derive(Debug)]
pub(crate) struct OwnOffer {
    /// `None` while waiting for the retry after a 491.
    pub(crate) transaction: Option<TransactionId>,
    pub(crate) direction: Direction,
    pub(crate) offer: Vec<u8>,
    pub(crate) tries: AuthTries,
    pub(crate) glares: u8,
}

/// What a client transaction was started for.
#[derive(Debug)]
pub(crate) enum ClientUse {
    Bye(Box<ByeContext>),
    Cancel,
    Invite(CallId),
    Prack,
    Register(AccountId),
    Reinvite { call: CallId, dialog: Box<Dialog> },
}

/// What a BYE needs to be sent again with credentials, after its call is gone.
#[derive(Debug)]
pub(crate) struct ByeContext {
    pub(crate) dialog: Dialog,
    pub(crate) account: Option<AccountId>,
    pub(crate) reason: HangupReason,
    pub(crate) tries: AuthTries,
}

/// An ACK as it was sent.
#[derive(Debug)]
pub(crate) struct AckRecord {
    pub(crate) remote_tag: String,
    pub(crate) flow: Flow,
    pub(crate) bytes: Vec<u8>,
}

impl Call {
    pub(crate) fn established(&mut self) -> Option<&mut Established> {
        match &mut self.phase {
            Phase::Established(established) => Some(established),
            Phase::Outgoing(_) | Phase::Incoming(_) => None,
        }
    }

    /// True when the INVITE went by TCP only for its size.
    pub(crate) fn is_upgraded(&self) -> bool {
        matches!(&self.phase, Phase::Outgoing(outgoing) if outgoing.upgraded)
    }

    pub(crate) fn outgoing(&mut self) -> Option<&mut Outgoing> {
        match &mut self.phase {
            Phase::Outgoing(outgoing) => Some(outgoing),
            Phase::Established(_) | Phase::Incoming(_) => None,
        }
    }

    pub(crate) fn incoming(&mut self) -> Option<&mut Incoming> {
        match &mut self.phase {
            Phase::Incoming(incoming) => Some(incoming),
            Phase::Established(_) | Phase::Outgoing(_) => None,
        }
    }

    /// A `CallEnd` with what the call knows.
    pub(crate) fn end(&self, by: EndedBy) -> CallEnd {
        let mut end = CallEnd::new(by);
        end.answered = self.answered;
        end.sip_code = self.answered.then_some(200);
        end.saw_t38 = self.saw_t38;
        if let Phase::Outgoing(outgoing) = &self.phase {
            end.cancelled = outgoing.cancel != Cancel::No;
            end.ring_timeout = outgoing.ring_timeout;
        }
        end
    }

    /// The dialogs that requests of the peer may name.
    pub(crate) fn dialog_ids(&self) -> Vec<DialogId> {
        match &self.phase {
            Phase::Outgoing(outgoing) => {
                outgoing.early.values().map(|early| early.dialog.id.clone()).collect()
            }
            Phase::Incoming(incoming) => vec![incoming.dialog.id.clone()],
            Phase::Established(established) => vec![established.dialog.id.clone()],
        }
    }
}
