use serde::{Deserialize, Serialize};

use super::{CallQuality, TapInfo};

/// A seat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeatStatus {
    /// Name.
    pub name: String,
    /// Login of the operator.
    pub operator: String,
    /// Unix user bound to it.
    pub uid: Option<u32>,
    /// Account its calls go out through.
    pub account: String,
    /// What the operator is doing.
    pub state: SeatState,
    /// Why the operator is away, while paused.
    pub pause_code: Option<String>,
    /// Why the operator is away once the call and its result are done: a pause that was asked for meanwhile. Absent where none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pausing: Option<String>,
    /// Since when.
    pub since: i64,
    /// The running call, or the ended one that waits for its result.
    pub call: Option<CallInfo>,
    /// The dialing session.
    pub dial: Option<DialInfo>,
    /// The list whose session ended by itself, nobody being left to call, until another begins. Absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// The voice.
    pub voice: VoiceStatus,
    /// Somebody who is asked while `call` waits (`call.consult`); of the two, the operator talks with the one that is not
    /// held. Absent where nobody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consult: Option<CallInfo>,
    /// Whom this seat listens to (`call.listen`). Absent where nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tap: Option<TapInfo>,
    /// Who listens to this seat. Absent where nobody, and for whom `people.tap_notice` hides it from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taps: Vec<TapInfo>,
    /// `call.save`: the time to call again that was given, with `stay` the one that the call keeps too, UTC milliseconds. Absent in other
    /// answers, and where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall_at: Option<i64>,
    /// Beside it where no call may leave then: from when on one may, UTC milliseconds; `null`: the settings never open the window. Absent
    /// where one may.
    #[serde(default, deserialize_with = "super::stands", skip_serializing_if = "Option::is_none")]
    pub recall_opens_at: Option<Option<i64>>,
    /// `call.dial`, `call.transfer`, `call.consult`: doubts about the number, `W-PHONE-UNASSIGNED`. Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What an operator is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeatState {
    /// Not there.
    LoggedOut,
    /// Away (離席).
    Paused,
    /// Waiting (待機).
    Ready,
    /// Looking at the next lead.
    Previewing,
    /// Calling (発信中).
    Dialing,
    /// An incoming call rings.
    Ringing,
    /// Talking (通話中).
    InCall,
    /// After the call (後処理).
    WrapUp,
}

/// A seat's voice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceStatus {
    /// Whether it works.
    pub ok: bool,
    /// The microphone in use.
    pub capture: Option<String>,
    /// The headphones in use.
    pub playback: Option<String>,
    /// What is wrong.
    pub why: Option<String>,
    /// The device that rings, where it is one of its own. Absent where it rings in the headphones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring: Option<String>,
    /// The headset whose buttons and lamps are used. Absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headset: Option<String>,
    /// A headset that is there and whose buttons and lamps cannot be used. Absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headset_trouble: Option<HeadsetTrouble>,
    /// How the voice of a desk phone is encrypted, such as `sdes AES_CM_128_HMAC_SHA1_80`. Absent where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure: Option<String>,
}

/// A headset that is there and cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsetTrouble {
    /// `permission`: the udev rule is missing; `open`: anything else.
    pub kind: String,
    /// Its device file.
    pub path: String,
    /// Why, and what to do, in English: as in `device.headset`.
    pub why: String,
}

/// The recording of a running call, or of one that should have been recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecording {
    /// It holds silence for now (`recording.pause`).
    pub paused: bool,
    /// Since when, UTC milliseconds; `null` while it is not paused.
    pub since: Option<i64>,
    /// `E-DISK-FULL`, `E-DISK-IO`: nothing of the call is being written, or nothing was. Absent where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// What came of an earlier call with the same number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierCall {
    /// The attempt's id.
    pub attempt: String,
    /// When it began, UTC milliseconds.
    pub at: i64,
    /// The way it went.
    pub direction: Direction,
    /// Who made or took it, by name.
    pub operator: Option<String>,
    /// Its status' label.
    pub label: Option<String>,
    /// Its memo.
    pub memo: Option<String>,
}

/// One call or attempt, as far as it got.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallInfo {
    /// The attempt's id.
    pub attempt: String,
    /// The way it goes.
    pub direction: Direction,
    /// How far it is.
    pub state: CallState,
    /// The other side's number.
    pub number: String,
    /// Company (取引先会社名).
    pub company: Option<String>,
    /// Person (取引先担当者名).
    pub person: Option<String>,
    /// Categories (カテゴリー).
    pub categories: Vec<String>,
    /// The lead's id.
    pub lead: Option<String>,
    /// The list's name.
    pub list: Option<String>,
    /// Position in the list, from 1.
    pub position: Option<i64>,
    /// Earlier attempts of this lead.
    pub attempts_before: u32,
    /// The SIP Call-ID.
    pub sip_call_id: Option<String>,
    /// INVITE sent or received.
    pub started_at: Option<i64>,
    /// First 180.
    pub ringing_at: Option<i64>,
    /// First early media.
    pub early_media_at: Option<i64>,
    /// Answered.
    pub answered_at: Option<i64>,
    /// Ended.
    pub ended_at: Option<i64>,
    /// On hold by us.
    pub held: bool,
    /// Microphone silenced.
    pub muted: bool,
    /// Codec in use.
    pub codec: Option<String>,
    /// Final SIP code.
    pub sip_code: Option<u16>,
    /// Q.850 cause.
    pub q850: Option<u16>,
    /// Row of the decision table it looks like, such as `busy`.
    pub outcome: Option<String>,
    /// Status code the machine suggests.
    pub suggestion: Option<String>,
    /// Status code saved so far.
    pub status: Option<String>,
    /// The status' label.
    pub label: Option<String>,
    /// Memo saved so far.
    pub memo: Option<String>,
    /// Why an incoming call shows no number: `anonymous` (非通知), `payphone` (公衆電話), `service` or `unavailable`
    /// (表示圏外). Absent where it shows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
    /// Whom an incoming call was meant for before it was diverted here, the last one first. Absent where nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diverted: Vec<Diversion>,
    /// The last calls with an incoming caller's number, newest first, at most three. Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierCall>,
    /// How the voice is encrypted: `sdes` or `dtls` and the suite, such as `sdes AES_CM_128_HMAC_SHA1_80`. Absent where it
    /// is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure: Option<String>,
    /// Why the call could not be made or was ended by the daemon: a code such as `E-SRTP`. Absent where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The other side should be heard and nothing came for ten seconds. Absent where that is not so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
    /// The recording, while one is written. Absent where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<CallRecording>,
    /// How the voice fares. Absent before there is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<CallQuality>,
    /// The transfer that is under way or was carried out. Absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferInfo>,
    /// The attempt that this call is a consultation for. Absent where it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// A call that is handed to somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferInfo {
    /// `blind`: to a number; `attended`: to somebody who was asked first.
    pub way: String,
    /// The number it is handed to.
    pub number: String,
    /// How far it is.
    pub state: TransferState,
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// The exchange is asked.
    Asked,
    /// The exchange tries.
    Accepted,
    /// The exchange says how far it is, such as 180: the target rings.
    Progress,
    /// The other side talks to the target, and no longer to us.
    Done,
    /// It came to nothing; the call goes on.
    Failed,
}

/// One diversion of an incoming call (RFC 5806, RFC 7044).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diversion {
    /// The number that was called; absent where it asked not to be shown.
    pub number: Option<String>,
    /// Why it was diverted, such as `no-answer`.
    pub reason: Option<String>,
}

/// The way a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From us.
    Outgoing,
    /// To us.
    Incoming,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Claimed and shown, not called yet.
    Preview,
    /// INVITE is out.
    Dialing,
    /// It rings.
    Ringing,
    /// Voice before the answer.
    EarlyMedia,
    /// Answered.
    Answered,
    /// Over; the result may still change.
    Ended,
}

/// A dialing session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialInfo {
    /// The list's id.
    pub list_id: String,
    /// The list's name.
    pub list: String,
    /// What it is doing.
    pub state: DialState,
    /// Why it waits: `hours`, `registration`, `unreachable` (the exchange does not answer), `disk`, `device`, `wrap_up`, `status`, `not_due`, ….
    pub waiting: Option<String>,
    /// When it goes on by itself.
    pub until: Option<i64>,
    /// Calls of this session.
    pub calls: u32,
    /// When it began.
    pub started_at: i64,
}

/// What a dialing session is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialState {
    /// Calling.
    Running,
    /// Waiting for what `waiting` says.
    Waiting,
    /// Paused by the operator.
    Paused,
    /// Ends after the running call.
    Stopping,
}
