//! What the daemon tells its clients without being asked.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::result::{
    CallInfo, Direction, ImportResult, LevelRow, RecordingInfo, RegistrationState, SeatState, TapMode,
    TransferInfo, TrunkStatus,
};

/// An event with its number and time, as sent: the parameters of the notification `event`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Grows by at least one with every event, across restarts; never repeats.
    pub seq: u64,
    /// When, UTC milliseconds.
    pub at: i64,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

impl EventRecord {
    /// The line to send, without line break.
    pub fn to_line(&self) -> String {
        json!({ "jsonrpc": "2.0", "method": "event", "params": self }).to_string()
    }
}

/// The parameters of the notification `lagged`: this connection was too slow and lost events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lagged {
    /// How many events were lost here.
    pub missed: u64,
    /// The last `seq` sent before the gap; subscribe again with it as `since` to fetch them.
    pub since: u64,
}

impl Lagged {
    /// The line to send, without line break.
    pub fn to_line(&self) -> String {
        json!({ "jsonrpc": "2.0", "method": "lagged", "params": self }).to_string()
    }
}

macro_rules! events {
    ($($(#[doc = $doc:literal])+ $name:ident = $kind:literal { $($(#[doc = $field_doc:literal])+ $field:ident: $type:ty,)* })+) => {
        /// What happened. The field `kind` holds the name written at each variant.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        #[non_exhaustive]
        pub enum Event {
            $(
                $(#[doc = $doc])+
                #[serde(rename = $kind)]
                $name { $($(#[doc = $field_doc])+ $field: $type,)* },
            )+
        }

        impl Event {
            /// Every kind.
            pub const KINDS: &'static [&'static str] = &[$($kind),+];

            /// The kind, such as `call.answered`.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$name { .. } => $kind,)+ }
            }
        }
    };
}

events! {
    /// The daemon is up; events before it are from an earlier run.
    DaemonStarted = "daemon.started" {
        /// The daemon's version.
        version: String,
        /// Attempts that the last run left without an end.
        interrupted: u32,
    }
    /// The daemon is going down in order.
    DaemonStopping = "daemon.stopping" {}
    /// An account's registration is in a new state.
    RegistrationChanged = "registration.changed" {
        /// The account.
        account: String,
        /// The new state.
        state: RegistrationState,
        /// SIP code of a failure.
        code: Option<u16>,
        /// Why it failed.
        why: Option<String>,
        /// When it is tried next.
        next_attempt_at: Option<i64>,
    }
    /// An exchange answers no more, or again, or another of its servers is used.
    TrunkChanged = "trunk.changed" {
        /// The account.
        account: String,
        /// How it is now.
        trunk: TrunkStatus,
    }
    /// Somebody asks for us who is no account's exchange: begins, or scans. Few of many are told.
    StrangerRefused = "stranger.refused" {
        /// Its address; null where more than is answered came from many together.
        source: Option<String>,
        /// The method of its request, where it was one.
        method: Option<String>,
        /// Its requests so far, or those of all.
        requests: u64,
        /// False where it only begins: perhaps a server of our own exchange that `trusted_sources` should name.
        scanner: bool,
    }
    /// A seat is in a new state.
    SeatChanged = "seat.changed" {
        /// The seat.
        seat: String,
        /// The new state.
        state: SeatState,
        /// Why the operator is away.
        pause_code: Option<String>,
        /// The attempt it is about.
        attempt: Option<String>,
    }
    /// A call comes in.
    CallIncoming = "call.incoming" {
        /// The seat it rings at.
        seat: String,
        /// The call.
        call: Box<CallInfo>,
    }
    /// A lead is shown before it is called.
    CallPreview = "call.preview" {
        /// The seat.
        seat: String,
        /// The call to be.
        call: Box<CallInfo>,
        /// When it is called by itself.
        until: Option<i64>,
    }
    /// The attempt is on disk and its INVITE leaves.
    CallDialing = "call.dialing" {
        /// The seat.
        seat: String,
        /// The call.
        call: Box<CallInfo>,
    }
    /// A provisional answer.
    CallProgress = "call.progress" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// SIP code, 101 to 199.
        code: u16,
        /// Reason phrase.
        reason: String,
    }
    /// Voice before the answer: ringback, an announcement.
    CallEarlyMedia = "call.early_media" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// The codec.
        codec: String,
    }
    /// The call was answered.
    CallAnswered = "call.answered" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// Which way it goes.
        direction: Direction,
        /// The codec.
        codec: String,
    }
    /// The call was put on hold or taken off it, by us or by the other side.
    CallHeld = "call.held" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// Whether we hold.
        local: bool,
        /// Whether the other side holds.
        remote: bool,
    }
    /// The microphone was silenced or opened.
    CallMuted = "call.muted" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// Whether it is silenced.
        on: bool,
    }
    /// Digits sent by INFO were refused; those after the refused one were dropped.
    CallDtmfFailed = "call.dtmf_failed" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// SIP code; `null` where no answer came.
        code: Option<u16>,
    }
    /// The exchange put another call in the place of this one: somebody else transferred the other side. The attempt goes on.
    CallReplaced = "call.replaced" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// Who is at the other end now, where the exchange says so.
        number: Option<String>,
        /// The SIP Call-ID of the new call.
        sip_call_id: String,
    }
    /// A transfer goes on, or is over.
    CallTransfer = "call.transfer" {
        /// The seat.
        seat: String,
        /// The attempt that is handed over.
        attempt: String,
        /// How, to whom, and how far it is.
        transfer: TransferInfo,
        /// SIP code: of the exchange with `accepted` and a refusal, else what it tells of the target (NOTIFY, RFC 3515).
        code: Option<u16>,
        /// Reason phrase, or what happened instead.
        reason: Option<String>,
    }
    /// A supervisor listens to a seat, over all of its calls until `tap.ended`.
    TapStarted = "tap.started" {
        /// The seat that is listened to.
        seat: String,
        /// The supervisor's seat.
        by: String,
        /// Login of the operator of the supervisor's seat.
        operator: String,
        /// What the supervisor may do.
        mode: TapMode,
        /// The attempt that is heard, while there is one.
        attempt: Option<String>,
    }
    /// A supervisor who listens may do more, or less.
    TapChanged = "tap.changed" {
        /// The seat that is listened to.
        seat: String,
        /// The supervisor's seat.
        by: String,
        /// Login of the operator of the supervisor's seat.
        operator: String,
        /// What the supervisor may do from now on.
        mode: TapMode,
        /// What it was before.
        before: TapMode,
        /// The attempt that is heard, while there is one.
        attempt: Option<String>,
    }
    /// A supervisor listens no longer.
    TapEnded = "tap.ended" {
        /// The seat that was listened to.
        seat: String,
        /// The supervisor's seat.
        by: String,
        /// Login of the operator of the supervisor's seat.
        operator: String,
        /// What the supervisor could do in the end.
        mode: TapMode,
        /// Why: `client` (asked for), `hangup` (the supervisor hung up), `call` (a call of their own), `moved` (to another
        /// seat), `phone` (their phone was not answered), `permission` (their role no longer allows it), `shutdown`.
        reason: String,
        /// The attempt that was heard, where there was one.
        attempt: Option<String>,
    }
    /// The other side should be heard and nothing has come for ten seconds, or it is heard again.
    CallSilent = "call.silent" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// Whether nothing comes.
        silent: bool,
    }
    /// The voice is encrypted from now on, otherwise than before, or no longer.
    CallSecured = "call.secured" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// How, as in a call's `secure`; `null`: not at all.
        secure: Option<String>,
    }
    /// Something telling was heard from the other side.
    CallHeard = "call.heard" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// `ringback`, `busy`, `congestion`, `ced`, `ansam`, `v21`, `cng`, `beep`, `speech`, `dtmf`.
        what: String,
        /// The digit, with `dtmf`.
        digit: Option<String>,
        /// When, since the media began.
        at_ms: u32,
        /// Before the answer.
        early: bool,
    }
    /// The call ended; its result may still change.
    CallEnded = "call.ended" {
        /// The seat.
        seat: String,
        /// The call, with everything known at its end.
        call: Box<CallInfo>,
        /// Who ended it: `local`, `remote`, `timeout`.
        by: String,
        /// Why it is not counted, when it is not.
        void: Option<String>,
    }
    /// A result was saved.
    AttemptSaved = "attempt.saved" {
        /// The seat.
        seat: Option<String>,
        /// The attempt.
        attempt: String,
        /// Status code.
        status: Option<String>,
        /// Status label.
        label: Option<String>,
        /// `operator` or `auto`.
        set_by: String,
    }
    /// A result is final: counted and on its way to the outbox.
    AttemptSealed = "attempt.sealed" {
        /// The seat.
        seat: Option<String>,
        /// The attempt.
        attempt: String,
        /// Status code.
        status: Option<String>,
    }
    /// A dialing session began.
    DialStarted = "dial.started" {
        /// The seat.
        seat: String,
        /// The list's name.
        list: String,
    }
    /// A dialing session waits: the operator or a rule wants it.
    DialPaused = "dial.paused" {
        /// The seat.
        seat: String,
        /// The list's name.
        list: String,
        /// Why: `operator`, `hours`, `registration`, `disk`, `device`, ….
        reason: String,
        /// When it goes on by itself.
        until: Option<i64>,
    }
    /// A dialing session goes on.
    DialResumed = "dial.resumed" {
        /// The seat.
        seat: String,
        /// The list's name.
        list: String,
    }
    /// A dialing session ended.
    DialStopped = "dial.stopped" {
        /// The seat.
        seat: String,
        /// The list's name.
        list: String,
        /// Why: `operator`, `exhausted`, `shutdown`, ….
        reason: String,
    }
    /// The list has no lead left to call now.
    DialExhausted = "dial.exhausted" {
        /// The seat.
        seat: String,
        /// The list's name.
        list: String,
        /// Leads that come due later; from 1000 on there may be more.
        remaining: u64,
        /// When the first of them does.
        next_due_at: Option<i64>,
    }
    /// An import is under way.
    ImportProgress = "import.progress" {
        /// What it goes into: `list`, `contacts`, `dnc`.
        into: String,
        /// The list's name; empty where it goes into none.
        list: String,
        /// Rows read so far.
        rows: u64,
        /// Rows refused so far.
        refused: u64,
        /// Bytes read so far; a file that is read twice counts each reading as half.
        bytes: u64,
        /// The file's size.
        bytes_total: u64,
        /// `reading` the file, or `entering` its numbers and contacts after that.
        phase: String,
        /// How much of the whole is done, 0 to 99; never falls. `import.finished` is the 100.
        percent: u8,
    }
    /// An import is over.
    ImportFinished = "import.finished" {
        /// What it went into: `list`, `contacts`, `dnc`.
        into: String,
        /// The list's name; empty where it went into none.
        list: String,
        /// What it did; mistakes and doubts are only in the importer's reply.
        result: Box<ImportResult>,
    }
    /// A recording is complete on disk.
    RecordingClosed = "recording.closed" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// The recording.
        recording: RecordingInfo,
    }
    /// The recording of a running call holds silence from here on: an operator paused it.
    RecordingPaused = "recording.paused" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// Where in the recording, milliseconds.
        at_ms: u64,
    }
    /// A paused recording goes on.
    RecordingResumed = "recording.resumed" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// Where in the recording, milliseconds.
        at_ms: u64,
        /// How long it was paused.
        paused_ms: u64,
    }
    /// A recording could not be written; the call goes on. What was begun is tried again until it works, with a gap for
    /// what was lost (`gaps_ms` of the recording).
    RecordingTrouble = "recording.trouble" {
        /// The seat.
        seat: String,
        /// The attempt.
        attempt: String,
        /// `E-DISK-FULL`, `E-DISK-IO`.
        code: String,
        /// What exactly.
        detail: String,
    }
    /// The oldest recordings were deleted, to make room or because of their age; their calls stay.
    RecordingExpired = "recording.expired" {
        /// How many.
        count: u64,
        /// Their size.
        bytes: u64,
        /// When the oldest of them began.
        oldest_at: i64,
        /// When the newest of them began.
        newest_at: i64,
        /// Size of what is left.
        kept_bytes: u64,
        /// How much may be kept, bytes; `null` = as much as the disk takes.
        quota: Option<u64>,
    }
    /// More is kept than the quota allows, and none of it may go: it is on hold, has not left the box or is of a call that is not
    /// sealed.
    RecordingFull = "recording.full" {
        /// Size of what is kept.
        bytes: u64,
        /// How much may be kept, bytes.
        quota: u64,
        /// Size of those on hold.
        held_bytes: u64,
        /// Size of those whose result has not left the box.
        unsynced_bytes: u64,
        /// Size of those whose call is not sealed.
        unsealed_bytes: u64,
    }
    /// How far long work is that somebody asked for.
    WorkProgress = "work.progress" {
        /// `backup`, `undo`, `export`, `leads`.
        work: String,
        /// Of what: a file, an import, a list.
        of: String,
        /// Done so far: pages, rows.
        done: u64,
        /// In all; `null` while nobody knows.
        total: Option<u64>,
    }
    /// A seat's sound device went away; the call goes on.
    DeviceLost = "device.lost" {
        /// The seat.
        seat: String,
        /// What happened.
        why: String,
    }
    /// A seat has a sound device again.
    DeviceBack = "device.back" {
        /// The seat.
        seat: String,
        /// The microphone.
        capture: Option<String>,
        /// The headphones.
        playback: Option<String>,
        /// The device that rings, where it is one of its own.
        ring: Option<String>,
    }
    /// A headset's buttons and lamps can be used, or no longer.
    DeviceHeadset = "device.headset" {
        /// The seat.
        seat: String,
        /// The headset; null where there is none.
        name: Option<String>,
        /// Why it is there and cannot be used, and what to do.
        why: Option<String>,
    }
    /// How loud a seat's devices are, ten times a second while `devices.meter` asks for it.
    DeviceLevel = "device.level" {
        /// The seat.
        seat: String,
        /// The microphone; null where none is in use.
        capture: Option<LevelRow>,
        /// The headphones; null where none are in use.
        playback: Option<LevelRow>,
    }
    /// Results cannot be kept; dialing has stopped, running calls go on.
    StoreTrouble = "store.trouble" {
        /// `E-DISK-FULL`, `E-STORE`, ….
        code: String,
        /// What exactly.
        detail: String,
    }
    /// Results can be kept again.
    StoreRecovered = "store.recovered" {}
    /// Results reached the receiver behind the outbox.
    OutboxDelivered = "outbox.delivered" {
        /// How many.
        rows: u64,
        /// The outbox's number of the last of them.
        last_seq: i64,
    }
    /// A task of the seat's user falls due within a minute (X4). One whose time was set later than that has none.
    TaskSoon = "task.soon" {
        /// The seat.
        seat: String,
        /// Number of the task.
        task: i64,
        /// Its time, UTC milliseconds.
        due_at: i64,
        /// The call that it came from.
        attempt: String,
        /// The lead to call, where it has one.
        lead: Option<String>,
    }
    /// A task of the seat's user has just fallen due: its time to call has come (X4).
    TaskDue = "task.due" {
        /// The seat.
        seat: String,
        /// Number of the task.
        task: i64,
        /// Its time, UTC milliseconds.
        due_at: i64,
        /// The call that it came from.
        attempt: String,
        /// The lead to call, where it has one.
        lead: Option<String>,
        /// How many of the user's tasks are past their time now: the badge.
        past: u64,
    }
    /// A delivery failed; it is tried again.
    OutboxFailed = "outbox.failed" {
        /// Why.
        why: String,
    }
}

/// Reads the parameters of a notification `event`. A newer daemon's unknown kind is kept as JSON.
pub fn read_event(params: Value) -> Result<EventRecord, Value> {
    serde_json::from_value(params.clone()).map_err(|_| params)
}
