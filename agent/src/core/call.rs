use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use dialer::outcome::Facts;
use media::types::{SessionId, SessionStats};
use protocol::ErrorCode;
use protocol::result::{CallInfo, CallQuality, CallRecording, CallState, Direction, EarlierCall};
use sip_stack::identity::{Diverted, Withheld};
use sip_stack::ua::{CallId, EndedBy};
use store::phone::Phone;
use store::{AttemptId, Claimed, Transferred};

use super::SeatIndex;
use super::digits::Digits;
use super::pause::Pauses;
use super::replaced::TakingPlace;
use super::transfer::Transfer;

/// Where a call came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The dial list.
    List,
    /// A number that the operator typed.
    Manual,
    /// Somebody called us.
    Incoming,
}

/// Whom a call is with, as shown to people.
#[derive(Clone, Debug, Default)]
pub(crate) struct Party {
    /// E.164, when the number is one.
    pub(crate) phone: Option<Phone>,
    /// What goes into, or came in, the URI's user part.
    pub(crate) dialed: String,
    pub(crate) company: Option<String>,
    pub(crate) person: Option<String>,
    pub(crate) position: Option<i64>,
    pub(crate) categories: Vec<String>,
    pub(crate) lead: Option<String>,
    pub(crate) attempts_before: u32,
    /// Why there is no number.
    pub(crate) withheld: Option<Withheld>,
    /// Whom an incoming call was meant for before us, the last one first.
    pub(crate) diverted: Vec<Diverted>,
    /// The last calls with an incoming caller, the newest first.
    pub(crate) earlier: Vec<EarlierCall>,
}

impl Party {
    /// Whom a claimed lead or a typed number is.
    pub(crate) fn of(claimed: &Claimed) -> Self {
        Self {
            phone: Some(claimed.phone.clone()),
            dialed: claimed.dial_string.clone(),
            company: claimed.company.clone(),
            person: claimed.person.clone(),
            position: claimed.lead.map(|_| claimed.position),
            categories: claimed.categories.clone(),
            lead: claimed.lead.map(|lead| lead.to_string()),
            attempts_before: claimed.attempts_before,
            ..Self::default()
        }
    }

    /// The number as people write it.
    pub(crate) fn number(&self) -> String {
        self.phone.as_ref().map_or_else(|| self.dialed.clone(), Phone::national)
    }
}

/// One call: the binding of an attempt (disk), a SIP call and a media session. Owned by the core task.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) attempt: AttemptId,
    pub(crate) seat: SeatIndex,
    pub(crate) origin: Origin,
    pub(crate) party: Party,
    pub(crate) sip: Option<CallId>,
    pub(crate) sip_call_id: Option<String>,
    pub(crate) session: Option<SessionId>,
    /// Where we said that we receive.
    pub(crate) rtp: Option<SocketAddr>,
    /// Our address changed, and the other side has still to be told.
    pub(crate) moving: bool,
    pub(crate) media_up: bool,
    pub(crate) codec: Option<&'static str>,
    /// Digits can go as telephone-event.
    pub(crate) telephone_event: bool,
    /// Hold that we asked for and that is in force.
    pub(crate) held: bool,
    /// The last hold or resume that we asked for.
    pub(crate) hold_wanted: bool,
    /// The other side holds.
    pub(crate) held_by_peer: bool,
    pub(crate) muted: bool,
    pub(crate) facts: Facts,
    pub(crate) times: Times,
    pub(crate) heard: Vec<serde_json::Value>,
    /// How the other side's digits come.
    pub(crate) digits: Digits,
    pub(crate) recording: Recording,
    /// Why nothing of it is written, while that is so.
    pub(crate) recording_trouble: Option<ErrorCode>,
    /// Where the recording is paused.
    pub(crate) pauses: Pauses,
    pub(crate) stats: Option<SessionStats>,
    /// How the voice is encrypted.
    pub(crate) secure: Option<String>,
    /// Why we ended it, or could not make it.
    pub(crate) trouble: Option<ErrorCode>,
    /// When the last packet came, while nothing comes that should.
    pub(crate) silent_since: Option<Instant>,
    /// The result as far as it is on disk.
    pub(crate) kept: Kept,
    /// The call that this one is a consultation for.
    pub(crate) parent: Option<AttemptId>,
    /// Taken off hold as soon as the offer under way is answered.
    pub(crate) take_back: bool,
    /// The SIP call that takes the place of this one's, while it is not answered yet.
    pub(crate) taking_place: Option<TakingPlace>,
    /// The transfer that is under way.
    pub(crate) transfer: Option<Transfer>,
    /// Whom the call was handed to.
    pub(crate) transferred: Option<Transferred>,
    /// Set when SIP is over and the media session is being closed: facts are final once it is.
    pub(crate) closing: Option<Closing>,
}

/// Wall-clock times of a call, UTC milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) placed: i64,
    pub(crate) ringing: Option<i64>,
    pub(crate) early_media: Option<i64>,
    pub(crate) answered: Option<i64>,
    pub(crate) ended: Option<i64>,
}

/// What became of the recording.
#[derive(Clone, Debug, Default)]
pub(crate) enum Recording {
    /// No media yet, or recording is off.
    #[default]
    None,
    /// The recorder writes to it.
    Live(PathBuf),
    /// Complete on disk.
    Closed {
        path: PathBuf,
        duration_ms: u64,
        bytes: u64,
        sha256: [u8; 32],
        gaps_ms: u64,
        paused: Vec<store::PausedSpan>,
    },
    /// It could not be written to this file.
    Failed(PathBuf),
}

/// Whose recording it is, when the recorder tells of it.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) attempt: AttemptId,
    pub(crate) seat: SeatIndex,
    /// The file that its row was opened with, while it is not closed.
    pub(crate) path: Option<PathBuf>,
    pub(crate) pauses: Pauses,
}

impl Recorded {
    pub(crate) fn of(call: &Call) -> Self {
        let path = match &call.recording {
            Recording::Live(path) => Some(path.clone()),
            Recording::None | Recording::Closed { .. } | Recording::Failed(_) => None,
        };
        Self { attempt: call.attempt, seat: call.seat, path, pauses: call.pauses.clone() }
    }
}

/// What an operator has saved during a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) status: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) memo: Option<String>,
}

/// SIP is over; waiting for the last words of the media session.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    pub(crate) by: EndedBy,
    pub(crate) reason: Option<String>,
    /// The end is written without the media's last words after this.
    pub(crate) deadline: Instant,
}

impl Call {
    pub(crate) fn new(
        attempt: AttemptId,
        seat: SeatIndex,
        origin: Origin,
        party: Party,
        placed: i64,
    ) -> Self {
        Self {
            attempt,
            seat,
            origin,
            party,
            sip: None,
            sip_call_id: None,
            session: None,
            rtp: None,
            moving: false,
            media_up: false,
            codec: None,
            telephone_event: false,
            held: false,
            hold_wanted: false,
            held_by_peer: false,
            muted: false,
            facts: Facts::default(),
            times: Times { placed, ..Times::default() },
            heard: Vec::new(),
            digits: Digits::default(),
            recording: Recording::None,
            recording_trouble: None,
            pauses: Pauses::default(),
            stats: None,
            secure: None,
            trouble: None,
            silent_since: None,
            kept: Kept::default(),
            parent: None,
            take_back: false,
            taking_place: None,
            transfer: None,
            transferred: None,
            closing: None,
        }
    }

    /// State of the call as clients see it.
    pub(crate) const fn state(&self) -> CallState {
        if self.closing.is_some() {
            CallState::Ended
        } else if self.times.answered.is_some() {
            CallState::Answered
        } else if self.times.early_media.is_some() {
            CallState::EarlyMedia
        } else if self.times.ringing.is_some() {
            CallState::Ringing
        } else {
            CallState::Dialing
        }
    }

    /// The call as clients see it.
    pub(crate) fn info(&self, list: Option<String>) -> CallInfo {
        CallInfo {
            attempt: self.attempt.to_string(),
            direction: self.direction(),
            state: self.state(),
            number: self.party.number(),
            company: self.party.company.clone(),
            person: self.party.person.clone(),
            categories: self.party.categories.clone(),
            lead: self.party.lead.clone(),
            list,
            position: self.party.position,
            attempts_before: self.party.attempts_before,
            sip_call_id: self.sip_call_id.clone(),
            started_at: Some(self.times.placed),
            ringing_at: self.times.ringing,
            early_media_at: self.times.early_media,
            answered_at: self.times.answered,
            ended_at: self.times.ended,
            held: self.held || self.held_by_peer,
            muted: self.muted,
            codec: self.codec.map(str::to_owned),
            sip_code: self.facts.sip_code,
            q850: self.facts.q850,
            outcome: None,
            suggestion: None,
            status: self.kept.status.clone(),
            label: self.kept.label.clone(),
            memo: self.kept.memo.clone(),
            withheld: self.party.withheld.map(|reason| reason.as_str().to_owned()),
            diverted: self
                .party
                .diverted
                .iter()
                .map(|one| protocol::result::Diversion {
                    number: one.number.clone(),
                    reason: one.reason.clone(),
                })
                .collect(),
            earlier: self.party.earlier.clone(),
            transfer: self.transfer_info(),
            parent: self.parent.map(|parent| parent.to_string()),
            secure: self.secure.clone(),
            trouble: self.trouble.map(|code| code.as_str().to_owned()),
            silent: self.silent_since.is_some(),
            recording: self.recording_info(),
            quality: self.stats.as_ref().map(quality),
        }
    }

    /// The recording that is written, or should be.
    fn recording_info(&self) -> Option<CallRecording> {
        let trouble = self.recording_trouble.map(|code| code.as_str().to_owned());
        match self.recording {
            Recording::Live(_) => Some(CallRecording { trouble, ..self.pauses.info() }),
            Recording::Failed(_) => {
                trouble.map(|code| CallRecording { paused: false, since: None, trouble: Some(code) })
            }
            Recording::None | Recording::Closed { .. } => None,
        }
    }

    /// Answered, and not over.
    pub(crate) const fn is_talking(&self) -> bool {
        self.sip.is_some() && self.times.answered.is_some() && self.closing.is_none()
    }

    pub(crate) const fn direction(&self) -> Direction {
        match self.origin {
            Origin::List | Origin::Manual => Direction::Outgoing,
            Origin::Incoming => Direction::Incoming,
        }
    }

    /// Keeps what was heard as evidence, up to a bound: a babbling line must not fill the row.
    pub(crate) fn hear(&mut self, what: serde_json::Value) {
        if self.heard.len() < HEARD_MAX {
            self.heard.push(what);
        }
    }

    /// What the machine judged by, kept with the attempt.
    pub(crate) fn evidence(&self) -> serde_json::Value {
        let rtp = self.stats.as_ref().map(quality);
        serde_json::json!({
            "heard": self.heard,
            "rtp": rtp,
            "codec": self.codec,
            "secure": self.secure,
            "trouble": self.trouble,
            "recording_paused": self.pauses.evidence(),
        })
    }
}

/// What the engine counted, in the words of clients and of the attempt's evidence.
pub(crate) fn quality(stats: &SessionStats) -> CallQuality {
    let round = |value: f32, places: i32| {
        let scale = 10_f64.powi(places);
        (f64::from(value) * scale).round() / scale
    };
    let unheard = stats.missed as f32 * 100.0 / (stats.missed + stats.played).max(1) as f32;
    CallQuality {
        mos: stats.mos.map(|mos| round(mos, 2)),
        remote_mos: stats.remote_mos.map(|mos| round(mos, 2)),
        packets_sent: stats.packets_sent,
        packets_received: stats.packets_received,
        lost: stats.lost,
        late: stats.late,
        loss_percent: round(unheard, 2),
        jitter_ms: round(stats.jitter_ms, 1),
        concealed_ms: stats.concealed_ms,
        rtt_ms: stats.rtt_ms.map(|rtt| round(rtt, 1)),
        remote_lost: stats.remote_lost.map(u64::from),
        refused: stats.unauthentic + stats.replayed,
    }
}

const HEARD_MAX: usize = 64;
