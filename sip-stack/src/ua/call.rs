//! A call: one INVITE usage from the first INVITE to the last BYE.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::auth::AuthTries;
use super::event::{AccountId, CallEnd, CallId, EndedBy, HangupReason};
use super::reliable::Reliable;
use super::session::Session;
use super::usages::Usages;
use crate::dialog::{Dialog, DialogId};
use crate::message::{NameAddr, RAck, Request, Uri};
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
    /// The direction we want: `SendOnly` while we hold the call. The peer's hold does not change it.
    pub(crate) wish: Direction,
    pub(crate) session: Session,
    /// Whether the peer's last Allow names UPDATE.
    pub(crate) peer_allows_update: bool,
    pub(crate) usages: Usages,
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
    /// Empty where the callee is to make the offer.
    pub(crate) offer: Vec<u8>,
    pub(crate) flow: Flow,
    /// The target of the exchange this INVITE goes to, and all that were tried for the call.
    pub(crate) hop: Flow,
    pub(crate) tried: Vec<Flow>,
    /// Early dialogs by the peer's tag: one per fork.
    pub(crate) early: BTreeMap<String, Early>,
    /// What the last `EarlyMedia` said, and the fork that it was.
    pub(crate) early_media: Option<(String, Negotiated)>,
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
    /// True once a reliable provisional completed the first offer and answer; what the 2xx says of it is a repetition.
    pub(crate) settled: bool,
    pub(crate) allows_update: bool,
    pub(crate) own_offer: Option<OwnOffer>,
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
    /// The description sent with `early_media`, which the 2xx repeats; gone once another one took its place.
    pub(crate) early_body: Option<Vec<u8>>,
    /// What was agreed before the answer.
    pub(crate) media: Option<Negotiated>,
    /// True when the INVITE held an offer.
    pub(crate) offered: bool,
    /// True once the peer is known to have our side of the first offer and answer.
    pub(crate) settled: bool,
    pub(crate) own_offer: Option<OwnOffer>,
    pub(crate) reliable: Reliable,
    /// The last provisional, repeated while it rings on.
    pub(crate) last_provisional: Option<u16>,
    /// The owner answered, but a reliable provisional with a description waits for its PRACK (RFC 3262 5).
    pub(crate) held_answer: Option<Capabilities>,
}

#[derive(Debug)]
pub(crate) struct Established {
    pub(crate) dialog: Dialog,
    /// What was last agreed.
    pub(crate) media: Option<Negotiated>,
    /// Our 2xx that waits for its ACK.
    pub(crate) unacked: Option<Unacked>,
    /// Our offer under way or waiting for its retry.
    pub(crate) own_offer: Option<OwnOffer>,
    /// Our UPDATE under way that only refreshes the session.
    pub(crate) refresh: Option<Refresh>,
    /// The reliable provisional that the 2xx overtook: its PRACK may still come (RFC 3262 3).
    pub(crate) late_prack: Option<RAck>,
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

/// An offer of ours inside a dialog: by re-INVITE, before the answer by UPDATE.
#[derive(Debug)]
pub(crate) struct OwnOffer {
    /// `None` while waiting for the retry after a 491.
    pub(crate) transaction: Option<TransactionId>,
    pub(crate) change: Change,
    pub(crate) offer: Vec<u8>,
    pub(crate) tries: AuthTries,
    pub(crate) glares: u8,
}

/// What an offer of ours is for.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// Hold or resume.
    Direction(Direction),
    /// Another address or other codecs. Holds the ones in force before.
    Capabilities(Option<Box<Capabilities>>),
    /// The session timer alone: what is in force is offered again.
    Refresh,
}

/// A session refresh by UPDATE.
#[derive(Debug)]
pub(crate) struct Refresh {
    pub(crate) transaction: TransactionId,
    pub(crate) tries: AuthTries,
}

/// One dialog of a call with the state of its offers and answers.
pub(crate) struct Exchange<'a> {
    pub(crate) dialog: &'a mut Dialog,
    pub(crate) negotiator: &'a mut Negotiator,
    pub(crate) media: &'a mut Option<Negotiated>,
    pub(crate) own_offer: &'a mut Option<OwnOffer>,
    /// True once the first offer has its answer for good.
    pub(crate) settled: bool,
    pub(crate) allows_update: bool,
}

/// What a client transaction was started for.
#[derive(Debug)]
pub(crate) enum ClientUse {
    Bye(Box<ByeContext>),
    Cancel,
    Invite(CallId),
    Prack(Box<PrackContext>),
    /// An INVITE that went to another target meanwhile.
    Orphan {
        call: CallId,
        cancelled: bool,
    },
    Ping(AccountId),
    Refer(CallId),
    /// What we tell about the peer's REFER.
    Notify(CallId),
    /// A digit.
    Info(CallId),
    Register(AccountId),
    Reinvite {
        call: CallId,
        dialog: Box<Dialog>,
    },
    /// An UPDATE in the dialog with this tag of the peer.
    Update {
        call: CallId,
        tag: String,
    },
}

/// What a PRACK needs to be sent again with credentials.
#[derive(Debug)]
pub(crate) struct PrackContext {
    pub(crate) call: CallId,
    /// The peer's tag of the early dialog.
    pub(crate) tag: String,
    pub(crate) rack: RAck,
    /// The answer to an offer in the provisional.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) tries: AuthTries,
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

    pub(crate) fn outgoing_ref(&self) -> Option<&Outgoing> {
        match &self.phase {
            Phase::Outgoing(outgoing) => Some(outgoing),
            Phase::Established(_) | Phase::Incoming(_) => None,
        }
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

    /// The dialog with this tag of the peer, early or established.
    pub(crate) fn exchange(&mut self, tag: &str) -> Option<Exchange<'_>> {
        let allows_update = self.peer_allows_update;
        match &mut self.phase {
            Phase::Outgoing(outgoing) => {
                let early = outgoing.early.get_mut(tag)?;
                Some(Exchange {
                    dialog: &mut early.dialog,
                    negotiator: &mut early.negotiator,
                    media: &mut early.media,
                    own_offer: &mut early.own_offer,
                    settled: early.settled,
                    allows_update: early.allows_update,
                })
            }
            Phase::Incoming(incoming) => Some(Exchange {
                dialog: &mut incoming.dialog,
                negotiator: &mut self.negotiator,
                media: &mut incoming.media,
                own_offer: &mut incoming.own_offer,
                settled: incoming.settled,
                allows_update,
            }),
            Phase::Established(established) => Some(Exchange {
                dialog: &mut established.dialog,
                negotiator: &mut self.negotiator,
                media: &mut established.media,
                own_offer: &mut established.own_offer,
                settled: true,
                allows_update,
            }),
        }
    }

    /// The peer's tags of the dialogs in which an offer of ours is under way or waits.
    pub(crate) fn offering(&self) -> Option<String> {
        match &self.phase {
            Phase::Outgoing(outgoing) => {
                let mut early = outgoing.early.iter();
                early.find(|(_, early)| early.own_offer.is_some()).map(|(tag, _)| tag.clone())
            }
            Phase::Incoming(incoming) => {
                incoming.own_offer.as_ref().map(|_| incoming.dialog.id.remote_tag.clone())
            }
            Phase::Established(established) => {
                established.own_offer.as_ref().map(|_| established.dialog.id.remote_tag.clone())
            }
        }
    }

    /// The peer's tag of the dialog whose media count now: the answered one, else the fork that is heard.
    pub(crate) fn speaking(&self) -> Option<String> {
        match &self.phase {
            Phase::Outgoing(outgoing) => outgoing.early_media.as_ref().map(|(tag, _)| tag.clone()),
            Phase::Incoming(incoming) => Some(incoming.dialog.id.remote_tag.clone()),
            Phase::Established(established) => Some(established.dialog.id.remote_tag.clone()),
        }
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
