use dialer::Dialer;
use media::types::SeatId;
use protocol::result::CallInfo;
use protocol::{ErrorCode, RpcError};
use store::{AttemptId, Claimed, ListId, UserId};
use tokio::sync::oneshot;

use super::PassedOver;
use super::Phone;
use super::consult::Consult;
use super::tap::Tap;

/// Where the answer to a command goes.
pub(crate) type Reply = oneshot::Sender<Result<serde_json::Value, RpcError>>;

/// A seat while the daemon runs: its dialer and what the dialer's actions need.
pub(crate) struct SeatRuntime {
    pub(crate) name: String,
    pub(crate) operator: String,
    pub(crate) uid: Option<u32>,
    pub(crate) user: UserId,
    /// Position of the account in the core's list.
    pub(crate) account: usize,
    pub(crate) media: SeatId,
    pub(crate) dialer: Dialer,
    /// The lead or number that is shown or called.
    pub(crate) shown: Option<Claimed>,
    /// Attempt whose row is open after its call, for `save`.
    pub(crate) last: Option<LastCall>,
    /// The one before the call that is open now.
    pub(crate) before: Option<LastCall>,
    pub(crate) list: Option<DialedList>,
    /// Leads that were passed over since the last call.
    pub(crate) passed_over: PassedOver,
    /// A second call beside the one of the dialer.
    pub(crate) consult: Option<Consult>,
    /// The sockets of the call that the store is writing down.
    pub(crate) bound: Option<media::RtpSocket>,
    /// It listens to another seat.
    pub(crate) tap: Option<Tap>,
    /// A tap was asked for, and the audit log does not have it yet.
    pub(crate) tap_asked: bool,
    /// The command that waits for a commit.
    pub(crate) waiting: Option<Reply>,
    /// Number of the save that is under way.
    pub(crate) save_seq: Option<u64>,
    /// UTC milliseconds of the last change of state.
    pub(crate) since: i64,
    /// The voice is a desk phone.
    pub(crate) phone: Option<Phone>,
    /// Voice device: what is in use, or why nothing is.
    pub(crate) voice: Voice,
    /// What is wanted of its devices.
    pub(crate) wanted: super::Wanted,
    /// Whether it rings.
    pub(crate) rings: bool,
    /// The list that was called to its end, until another is begun.
    pub(crate) finished: Option<String>,
}

/// The list of a dialing session.
#[derive(Clone, Debug)]
pub(crate) struct DialedList {
    pub(crate) id: ListId,
    pub(crate) name: String,
    pub(crate) started_at: i64,
    pub(crate) calls: u32,
}

/// The last call of a seat, as `status` shows it until its row is sealed.
#[derive(Clone, Debug)]
pub(crate) struct LastCall {
    pub(crate) attempt: AttemptId,
    pub(crate) info: CallInfo,
}

/// A seat's voice device as last reported.
#[derive(Clone, Debug, Default)]
pub(crate) struct Voice {
    pub(crate) capture: Option<String>,
    pub(crate) playback: Option<String>,
    pub(crate) ring: Option<String>,
    pub(crate) trouble: Option<String>,
}

impl SeatRuntime {
    /// Refuses the command that waits for a commit, if one does.
    pub(crate) fn refuse(&mut self, error: RpcError) {
        if let Some(reply) = self.waiting.take() {
            // The client may have gone; nothing was carried out.
            let _ = reply.send(Err(error));
        }
    }

    /// Whether another command of this seat may wait for a commit.
    pub(crate) fn free_for_command(&self) -> Result<(), RpcError> {
        if self.waiting.is_some() { Err(ErrorCode::Busy.into()) } else { Ok(()) }
    }

    /// Whether an incoming call may ring here: not over what a supervisor listens to.
    pub(crate) fn is_free(&self) -> bool {
        self.dialer.is_free() && self.consult.is_none() && self.tap.is_none()
    }

    /// The name of the list that is being dialed.
    pub(crate) fn list_name(&self) -> Option<String> {
        self.list.as_ref().map(|list| list.name.clone())
    }
}
