//! What a user agent tells its owner, and the values of its commands.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::trunk::TrunkStatus;
use crate::message::{Headers, Method, NameAddr, Replaces, Request, Response, Uri};
use crate::sdp::{Capabilities, Negotiated, NegotiationError};

/// An account of one user agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub(crate) u32);

/// A call of one user agent; the SIP Call-ID is [`UserAgent::sip_call_id`](super::UserAgent::sip_call_id).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub(crate) u64);

/// A request handed to the owner, who answers it with [`UserAgent::respond`](super::UserAgent::respond).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub(crate) u64);

impl CallId {
    /// The bare number, for logs and maps.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl AccountId {
    /// The bare number, for logs and maps.
    pub fn as_u32(self) -> u32 {
        self.0
    }
}

/// An outgoing call.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Whom to call.
    pub target: Uri,
    /// What our offer says.
    pub capabilities: Capabilities,
    /// CANCEL after this time without an answer; anything above 120 s counts as 120 s.
    pub ring_timeout: Duration,
    /// Headers added to the INVITE, e.g. P-Asserted-Identity. A From among them takes the place of the account's
    /// address and display name; its tag is ours. Others that the stack writes are ignored.
    pub headers: Vec<(String, String)>,
}

/// A final answer that refuses an incoming call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// 300 to 699; anything else becomes 500.
    pub code: u16,
    /// The reason phrase; the usual one when absent.
    pub reason: Option<String>,
    /// Headers added to the answer, e.g. Reason or Proxy-Authenticate.
    pub headers: Vec<(String, String)>,
}

impl Rejection {
    /// A rejection with the usual reason phrase and no further header.
    pub fn new(code: u16) -> Self {
        Self { code, reason: None, headers: Vec::new() }
    }
}

/// The answer to an [`Event::Request`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 699 (a 1xx keeps the request open).
    pub code: u16,
    /// The reason phrase; the usual one when absent.
    pub reason: Option<String>,
    /// Headers added to the answer.
    pub headers: Vec<(String, String)>,
    /// The body; its Content-Type is one of `headers`.
    pub body: Vec<u8>,
}

impl Reply {
    /// An answer with the usual reason phrase, no further header and no body.
    pub fn new(code: u16) -> Self {
        Self { code, reason: None, headers: Vec::new(), body: Vec::new() }
    }
}

/// Why we end a call. It chooses the Reason header of BYE and CANCEL, and the code that refuses an incoming call
/// that was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HangupReason {
    /// The operator hung up: Q.850 cause 16; 480 before an answer.
    #[default]
    Normal,
    /// The line is taken: cause 17; 486.
    Busy,
    /// Refused: cause 21; 603.
    Declined,
    /// Our own fault (media, shutdown): cause 41; 503.
    Failure,
    /// Time is over (session not refreshed, longest call): cause 102; 480.
    Timeout,
}

/// Where a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationState {
    /// Nobody asked for a registration, or the account has no registrar.
    Idle,
    /// Asked for, but the registrar's address is not known yet.
    Resolving,
    /// A REGISTER is on its way.
    Registering,
    /// The registrar holds our contact.
    Registered {
        /// When the binding ends unless refreshed.
        expires_at: Instant,
    },
    /// The last attempt failed; see `next_attempt`.
    Failed,
    /// A REGISTER that removes the binding is on its way.
    Unregistering,
}

/// State of an account's registration with the last error and the next attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationStatus {
    /// Where it stands.
    pub state: RegistrationState,
    /// Why the last attempt failed; `None` after a success.
    pub last_error: Option<RegistrationError>,
    /// When the next REGISTER leaves: a refresh or a retry.
    pub next_attempt: Option<Instant>,
}

/// A failed registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationError {
    /// The SIP code; `None` when no answer came.
    pub code: Option<u16>,
    /// The reason phrase, or what failed below SIP.
    pub reason: String,
}

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// We did: hang-up, rejection, ring timeout.
    Local,
    /// The peer did: final answer, BYE, CANCEL.
    Remote,
    /// Nobody did: no answer at all, or the transport failed.
    Timeout,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEnd {
    /// Who ended it.
    pub by: EndedBy,
    /// True when a 2xx was exchanged.
    pub answered: bool,
    /// The final code of the INVITE, where one came or was sent.
    pub sip_code: Option<u16>,
    /// The reason phrase beside `sip_code`.
    pub reason_phrase: Option<String>,
    /// The Q.850 cause of a Reason header on the final answer, BYE or CANCEL (RFC 3326, RFC 6432).
    pub q850: Option<u16>,
    /// The text of that Reason header.
    pub reason_text: Option<String>,
    /// True when the call was given up before an answer: ring timeout, local hang-up, the caller's CANCEL.
    pub cancelled: bool,
    /// True when the ring timeout gave it up.
    pub ring_timeout: bool,
    /// True when the peer offered T.38: a FAX machine.
    pub saw_t38: bool,
    /// The Retry-After of the final answer.
    pub retry_after: Option<Duration>,
    /// What of the session descriptions did not fit, where that ended the call.
    pub mismatch: Option<NegotiationError>,
}

impl CallEnd {
    pub(crate) fn new(by: EndedBy) -> Self {
        Self {
            by,
            answered: false,
            sip_code: None,
            reason_phrase: None,
            q850: None,
            reason_text: None,
            cancelled: false,
            ring_timeout: false,
            saw_t38: false,
            retry_after: None,
            mismatch: None,
        }
    }

    /// Takes code, phrase, cause and Retry-After of a final answer.
    pub(crate) fn take_response(&mut self, response: &Response) {
        self.sip_code = Some(response.code);
        self.reason_phrase = Some(response.reason.clone());
        self.take_reason(&response.headers);
        self.retry_after =
            response.headers.retry_after().map(|seconds| Duration::from_secs(u64::from(seconds)));
    }

    /// Takes cause and text of the Reason headers: the Q.850 one where there is one.
    pub(crate) fn take_reason(&mut self, headers: &Headers) {
        let reasons = headers.reasons();
        let q850 = reasons.iter().find(|reason| reason.is_q850());
        self.q850 = q850.and_then(|reason| reason.cause);
        self.reason_text = q850.or(reasons.first()).and_then(|reason| reason.text.clone());
    }
}

/// What happened. The order of a call's events is: `Provisional`/`EarlyMedia`*, `Answered`, (`Confirmed`),
/// `MediaChanged`/`HoldFailed`*, `Ended`; an incoming one starts with `Incoming`. `Ended` comes exactly once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    // -- accounts --
    /// The registration of an account changed.
    Registration {
        /// The account.
        account: AccountId,
        /// Its new status.
        status: RegistrationStatus,
    },

    /// Our address towards the account's exchange is another one, and the exchange knows it (where the account registers:
    /// the registration is renewed). Running calls are to be moved there by
    /// [`UserAgent::change_media`](super::UserAgent::change_media), whose request names the new Contact too.
    AddressChanged {
        /// The account.
        account: AccountId,
    },

    // -- calls --
    /// An INVITE asks for us. Answer with `ring`, `early_media`, `answer` or `reject`.
    Incoming {
        /// The new call.
        call: CallId,
        /// The account it was meant for, where one matches.
        account: Option<AccountId>,
        /// The caller.
        from: NameAddr,
        /// The callee as dialed.
        to: NameAddr,
        /// The Request-URI.
        request_uri: Uri,
        /// The SIP Call-ID.
        sip_call_id: String,
        /// Whence the INVITE came.
        source: SocketAddr,
        /// True when that is the exchange of `account`, or one of its trusted sources.
        own_exchange: bool,
        /// True when it carries an SDP offer.
        offer: bool,
        /// The call that this one asks to take the place of (Replaces, RFC 3891): [`Event::Replaced`] follows the
        /// answer. It came from the exchange of that call, and need not ring.
        replaces: Option<CallId>,
        /// The whole request.
        request: Box<Request>,
    },
    /// Our INVITE got a 1xx, 100 included.
    Provisional {
        /// The call.
        call: CallId,
        /// 100 to 199.
        code: u16,
        /// The reason phrase.
        reason: String,
    },
    /// A 1xx with SDP, theirs or our own `early_media`: open the audio. Fires again when a fork, a new answer or an
    /// UPDATE changes it.
    EarlyMedia {
        /// The call.
        call: CallId,
        /// What was agreed.
        media: Negotiated,
    },
    /// Our INVITE got its 2xx, or our `answer` sent one.
    Answered {
        /// The call.
        call: CallId,
        /// What was agreed.
        media: Negotiated,
    },
    /// The ACK of our 2xx came.
    Confirmed {
        /// The call.
        call: CallId,
    },
    /// A re-INVITE or UPDATE of either side changed the media; a peer's hold shows as `direction`.
    MediaChanged {
        /// The call.
        call: CallId,
        /// What was agreed.
        media: Negotiated,
    },
    /// Our hold, resume or change of the media was refused; the media stay as they were.
    HoldFailed {
        /// The call.
        call: CallId,
        /// The refusal, where one came.
        code: Option<u16>,
    },
    /// The call is over.
    Ended {
        /// The call.
        call: CallId,
        /// How it ended.
        end: CallEnd,
    },

    /// The exchange answers, or no longer, or another target of it is used.
    Trunk {
        /// The account.
        account: AccountId,
        /// How it is now.
        status: TrunkStatus,
    },

    // -- digits --
    /// The peer sent a digit by INFO.
    Dtmf {
        /// The call.
        call: CallId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
        /// How long it was pressed, as the peer says; at most 10 s.
        duration: Duration,
    },
    /// The peer refused one of the digits of [`UserAgent::send_digits`](super::UserAgent::send_digits); those after it
    /// were dropped.
    DtmfFailed {
        /// The call.
        call: CallId,
        /// The refusal, where one came.
        code: Option<u16>,
    },

    // -- transfer --
    /// Our transfer goes on: the REFER was accepted, then what the peer tells of its new call.
    TransferProgress {
        /// The call that is transferred.
        call: CallId,
        /// 202 (or 200) of the REFER, then 100 to 199.
        code: u16,
        /// The reason phrase.
        reason: String,
    },
    /// Our transfer succeeded; `Ended` follows.
    Transferred {
        /// The call that is transferred.
        call: CallId,
        /// The 2xx of the new call; `None` where the peer told nothing more and left, or wanted to tell nothing
        /// (RFC 4488).
        code: Option<u16>,
    },
    /// Our transfer failed; the call goes on unless `Ended` follows.
    TransferFailed {
        /// The call that was to be transferred.
        call: CallId,
        /// Who refused, the peer or the target, said this code; `None` where nobody said one.
        code: Option<u16>,
        /// The reason phrase, or what happened instead.
        reason: String,
    },
    /// The peer asks us to call somebody else (REFER). The target must pass the same checks as any number that is
    /// dialed. Answer with [`UserAgent::accept_transfer`](super::UserAgent::accept_transfer) or
    /// [`UserAgent::refuse_transfer`](super::UserAgent::refuse_transfer) within 16 s. Only with
    /// [`ReferPolicy::Ask`](super::ReferPolicy::Ask).
    TransferAsked {
        /// The call whose peer asks.
        call: CallId,
        /// Whom to call, without the headers and the method that the URI may carry.
        target: Uri,
        /// The dialog at the target whose place the new call is to take: goes into its INVITE as Replaces.
        replaces: Option<Replaces>,
        /// Who asks, as the peer says (RFC 3892); not proven.
        referred_by: Option<NameAddr>,
    },
    /// The call gave its place to another one; `Ended` follows.
    Replaced {
        /// The call that ends.
        call: CallId,
        /// The answered call in its place.
        by: CallId,
    },

    // -- other requests --
    /// An out-of-dialog request of a method in [`UaConfig::accept`](super::UaConfig::accept).
    Request {
        /// For [`UserAgent::respond`](super::UserAgent::respond).
        id: RequestId,
        /// The request.
        request: Box<Request>,
        /// Whence it came.
        source: SocketAddr,
    },
    /// Somebody who may not talk ([`Trust::KnownSources`](super::Trust::KnownSources)) does: a source begins, or sends
    /// as scanners do. Each is told once until the source was silent for a minute, ten of either kind at once and then
    /// one a minute; [`UserAgent::strangers`](super::UserAgent::strangers) knows them all.
    Stranger {
        /// Its address; `None`: more than is answered came from many together.
        source: Option<IpAddr>,
        /// The method of its request; `None` where it could not be read.
        method: Option<Method>,
        /// Its requests so far, or those of all.
        requests: u64,
        /// False where it only begins: a mistake somewhere, perhaps a server of our own exchange.
        scanner: bool,
    },
}

/// Why a call could not be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InviteError {
    /// The account's exchange has no known address yet.
    #[error("the exchange's address is not known")]
    NoRoute,
    /// The target is a `sips:` URI, but the account does not reach its exchange by TLS.
    #[error("a sips: URI needs an account with TLS")]
    InsecureRoute,
    /// The table of calls or transactions is full.
    #[error("too many calls")]
    TooManyCalls,
    /// No such account.
    #[error("unknown account")]
    UnknownAccount,
    /// The target is no URI that an INVITE can go to, the From no address, or a capability has no codec.
    #[error("the target, the From or the offer cannot be used")]
    InvalidTarget,
}

/// Why hold, resume or a change of the media could not be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HoldError {
    /// No such call.
    #[error("unknown call")]
    UnknownCall,
    /// The call is not answered, or already ended; before the answer also: the peer's early dialog allows no change
    /// yet, since it takes no UPDATE or has no answer sent reliably (RFC 3311 5.1).
    #[error("the call is not established")]
    NotEstablished,
    /// Another offer is in progress.
    #[error("another change is in progress")]
    Pending,
}

/// Why a transfer could not be started or answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// No such call.
    #[error("unknown call")]
    UnknownCall,
    /// The call, or the other one, is not answered and confirmed, or has ended.
    #[error("the call is not established")]
    NotEstablished,
    /// A transfer of this call is under way.
    #[error("a transfer is in progress")]
    Pending,
    /// The target is no URI that a call can go to.
    #[error("the target cannot be called")]
    InvalidTarget,
    /// The peer asked for no transfer, or was answered.
    #[error("no transfer was asked for")]
    NothingAsked,
}

/// Why digits could not be sent by INFO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DtmfError {
    /// No such call.
    #[error("unknown call")]
    UnknownCall,
    /// The call is not answered.
    #[error("the call is not established")]
    NotEstablished,
    /// Something else than `0`–`9`, `*`, `#`, `A`–`D`, or nothing at all.
    #[error("not a digit")]
    InvalidDigit,
    /// More than 64 digits would wait.
    #[error("too many digits wait")]
    TooMany,
}

/// What a user agent counted since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Messages received, malformed ones included.
    pub received: u64,
    /// Messages handed out for sending.
    pub sent: u64,
    /// Messages that could not be parsed.
    pub malformed: u64,
    /// Well-formed messages that belong to nothing: late responses, ACKs of no call.
    pub stray: u64,
    /// Messages this side repeated.
    pub retransmissions: u64,
    /// Requests refused because a table was full.
    pub overload: u64,
    /// Flows that broke.
    pub transport_failures: u64,
    /// Client transactions that got no answer.
    pub timeouts: u64,
    /// Requests refused with 4xx or 5xx by the stack itself.
    pub refused: u64,
    /// Requests of strangers that were answered with a refusal ([`Trust::KnownSources`](super::Trust::KnownSources)).
    pub strangers_refused: u64,
    /// Requests of strangers that were not answered: too many, CANCEL, and what nobody could answer.
    pub strangers_dropped: u64,
    /// Answers whose proof of the password (`rspauth`, RFC 7616 3.5) was wrong.
    pub false_proofs: u64,
}
