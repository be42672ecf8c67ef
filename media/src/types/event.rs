//! What the engine tells.

use std::path::PathBuf;

use super::{CallProgress, FaxSignal, Level, SeatId, SessionId, SessionStats};
use crate::dtls::DtlsFailure;
use crate::srtp::SrtpProfile;

/// What the engine reports. State events are never dropped; [`MediaEvent::Stats`] may be coalesced.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MediaEvent {
    // -- seats --
    /// The seat's devices are open.
    SeatOpened {
        /// The seat.
        seat: SeatId,
        /// Name of the microphone in use.
        capture: Option<String>,
        /// Name of the ear piece in use.
        playback: Option<String>,
        /// Name of the device that rings, where it is one of its own.
        ring: Option<String>,
    },
    /// A device went away; the call goes on with its reserve, which is told by [`MediaEvent::SeatBack`] at once, or in silence.
    SeatLost {
        /// The seat.
        seat: SeatId,
        /// Why.
        reason: String,
    },
    /// Other devices are in use: a lost one is back, a better one turned up, or a reserve took over.
    SeatBack {
        /// The seat.
        seat: SeatId,
        /// Name of the microphone in use.
        capture: Option<String>,
        /// Name of the ear piece in use.
        playback: Option<String>,
        /// Name of the device that rings, where it is one of its own.
        ring: Option<String>,
    },
    /// What the devices of a seat have heard and played in the last tenth of a second, while it is asked for.
    SeatLevel {
        /// The seat.
        seat: SeatId,
        /// The microphone, before volume and processing; `None` where none is in use.
        capture: Option<Level>,
        /// The ear piece, as played; `None` where none is in use.
        playback: Option<Level>,
    },
    /// The devices could not be opened.
    SeatFailed {
        /// The seat.
        seat: SeatId,
        /// Why.
        reason: String,
    },

    // -- stream --
    /// The first valid packet after start, or after an [`MediaEvent::RtpTimeout`].
    RtpFlowing {
        /// The session.
        session: SessionId,
    },
    /// No packet for [`session::RTP_TIMEOUT`](crate::session::RTP_TIMEOUT) while the answered peer should send.
    RtpTimeout {
        /// The session.
        session: SessionId,
    },

    /// A DTLS handshake brought keys: from now on voice flows, encrypted so.
    Encrypted {
        /// The session.
        session: SessionId,
        /// How.
        profile: SrtpProfile,
    },
    /// There will be no keys, and thus no voice.
    EncryptionFailed {
        /// The session.
        session: SessionId,
        /// Why.
        failure: DtlsFailure,
    },

    // -- detectors --
    /// A call-progress tone was recognised; fires once until another tone or none is heard.
    CallProgress {
        /// The session.
        session: SessionId,
        /// Which tone.
        tone: CallProgress,
        /// Whether the call was not yet answered.
        early: bool,
    },
    /// A FAX or modem signal was recognised; fires once per signal and session, after answer only.
    Fax {
        /// The session.
        session: SessionId,
        /// Which signal.
        signal: FaxSignal,
        /// Start of the signal, milliseconds since start.
        at_ms: u32,
        /// Its level.
        level_dbm0: f32,
    },
    /// A single beep after speech, with silence after it: an answering machine is recording. Reported 0.3 s after its end.
    Beep {
        /// The session.
        session: SessionId,
        /// Start of the beep, milliseconds since start.
        at_ms: u32,
    },
    /// The callee began to speak (answered calls only).
    SpeechStarted {
        /// The session.
        session: SessionId,
        /// Milliseconds since start.
        at_ms: u32,
    },
    /// The callee fell silent.
    SpeechEnded {
        /// The session.
        session: SessionId,
        /// End of the speech, milliseconds since start.
        at_ms: u32,
        /// Length of the speech in milliseconds.
        ms: u32,
    },
    /// The peer pressed a key: a telephone-event (RFC 4733), or its tones where none was agreed on.
    Dtmf {
        /// The session.
        session: SessionId,
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        digit: char,
    },

    // -- recorder --
    /// The recording holds silence from here on, or sound again.
    RecordingPaused {
        /// The session.
        session: SessionId,
        /// Whether it is paused.
        paused: bool,
        /// Where in the file, milliseconds.
        at_ms: u64,
    },
    /// The recording is complete and on disk.
    RecordingClosed {
        /// The session.
        session: SessionId,
        /// Final path.
        path: PathBuf,
        /// Length in milliseconds.
        duration_ms: u64,
        /// Size of the file.
        bytes: u64,
        /// Checksum of the file.
        sha256: [u8; 32],
        /// Audio lost on its way to the disk, milliseconds: silence in its place, or missing at the end when the
        /// disk took no more.
        gaps_ms: u64,
        /// Whether the file was kept.
        kept: bool,
    },
    /// The recording could not be written; the call goes on. It is tried again every second, also where its file could not be made, with
    /// a gap for what was lost meanwhile, and its end is still reported by [`MediaEvent::RecordingClosed`]: after
    /// [`MediaEvent::Closed`], when it has to wait for room on the disk.
    RecordingFailed {
        /// The session.
        session: SessionId,
        /// Why.
        reason: String,
        /// What the file system said; `None`: it has no part in it.
        disk: Option<std::io::ErrorKind>,
        /// Nothing is kept of it, and nothing more will be told of it.
        over: bool,
    },

    // -- life --
    /// About once a second, and a last one before [`MediaEvent::Closed`].
    Stats {
        /// The session.
        session: SessionId,
        /// Counters since start.
        stats: SessionStats,
    },
    /// The session is gone.
    Closed {
        /// The session.
        session: SessionId,
        /// Counters since start.
        stats: SessionStats,
    },
    /// Answer to [`Command::Ping`](super::Command::Ping).
    Pong {
        /// As asked.
        id: u64,
    },
}
