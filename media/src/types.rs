//! The words of the engine's interface: ids, stream parameters, commands and events.

mod event;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use crate::device::Level;
use crate::notice::NoticeTone;
pub use crate::processing::Processing;
use crate::socket::RtpSocket;
use crate::srtp::Encryption;
pub use crate::stats::SessionStats;
use crate::tones::ToneSpec;
pub use crate::volume::Volume;
pub use event::MediaEvent;

/// One media session, i.e. one leg of a call. Chosen by the caller, unique while the session is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// One operator's place with its own voice device. Chosen by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeatId(pub u32);

/// The audio codec of a stream, as negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// G.711 µ-law, RTP clock 8000.
    Pcmu,
    /// G.711 A-law, RTP clock 8000.
    Pcma,
    /// G.722 at 64 kbit/s, sampled at 16 kHz, RTP clock 8000 nevertheless (RFC 3551 4.5.2).
    G722,
    /// Opus (RFC 7587), RTP clock 48000, decoded to mono.
    Opus,
}

impl Codec {
    /// Rate in Hz of the PCM that [`Session::pull`](crate::session::Session::pull) gives and
    /// [`Session::push`](crate::session::Session::push) takes.
    pub fn sample_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
            Self::G722 => 16_000,
            Self::Opus => 48_000,
        }
    }

    /// RTP timestamp clock in Hz (RFC 3551, RFC 7587 4.1).
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// Samples of PCM in one unit of the RTP clock: 2 for G.722, else 1.
    pub fn samples_per_unit(self) -> usize {
        (self.sample_rate() / self.clock_rate()) as usize
    }
}

/// What offer and answer agreed on for one audio stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamParams {
    /// Where the peer says it receives RTP; a source learned from its packets overrides it.
    pub remote: SocketAddr,
    /// Where the peer receives RTCP; `None` means the RTP port plus one (RFC 3550 11).
    pub remote_rtcp: Option<SocketAddr>,
    /// Whether RTCP goes out of the RTP socket to where RTP goes (RFC 5761).
    pub rtcp_mux: bool,
    /// Codec in both directions.
    pub codec: Codec,
    /// Payload type that we send.
    pub payload_type: u8,
    /// Payload type that we receive.
    pub receive_payload_type: u8,
    /// Payload type of telephone-event that we send; `None` sends DTMF as tones in the audio.
    /// Its timestamps run on the codec's clock, since it shares the stream (RFC 4733 2.1).
    pub dtmf_payload_type: Option<u8>,
    /// Clock in Hz in which the durations of telephone-event count: the codec's, or 8000 beside Opus with a peer
    /// that knows `telephone-event/8000` only.
    pub dtmf_clock_rate: u32,
    /// Payload type of telephone-event that we receive.
    pub dtmf_receive_payload_type: Option<u8>,
    /// Payload type of comfort noise (RFC 3389) that we receive, where one was agreed on; 13 is taken anyway. None is
    /// sent.
    pub noise_payload_type: Option<u8>,
    /// Packet length in milliseconds that we send, 10 to 60.
    pub ptime_ms: u8,
    /// Whether we send (RFC 3264 direction, ours).
    pub send: bool,
    /// Whether we receive.
    pub receive: bool,
    /// The peer's `a=fmtp` value for the codec.
    pub fmtp: Option<String>,
    /// Bit rate in bit/s that Opus sends at, where the peer's `maxaveragebitrate` allows it; `None`: 28 000.
    pub bitrate: Option<u32>,
    /// How it is encrypted. A later description with other keys takes over without a gap.
    pub encryption: Encryption,
}

impl StreamParams {
    /// A plain stream both ways in packets of 20 ms: no RTCP on the RTP socket, digits as tones, no encryption. What differs is
    /// set in the fields.
    #[must_use]
    pub fn new(remote: SocketAddr, codec: Codec, payload_type: u8) -> Self {
        Self {
            remote,
            remote_rtcp: None,
            rtcp_mux: false,
            codec,
            payload_type,
            receive_payload_type: payload_type,
            dtmf_payload_type: None,
            dtmf_clock_rate: codec.clock_rate(),
            dtmf_receive_payload_type: None,
            noise_payload_type: None,
            ptime_ms: 20,
            send: true,
            receive: true,
            fmtp: None,
            bitrate: None,
            encryption: Encryption::default(),
        }
    }
}

/// An operator's voice: where it is captured and where it is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoiceSpec {
    /// A sound device. Each list is an ordered preference of names (substring match); empty means the
    /// default device.
    Device {
        /// Microphones, best first.
        capture: Vec<String>,
        /// Ear pieces, best first.
        playback: Vec<String>,
        /// Where it rings, best first; empty means in the ear piece.
        ring: Vec<String>,
    },
    /// No device: silence in, nothing out, paced by the clock.
    Null,
    /// Files in place of a device.
    File {
        /// WAV that plays as the operator's voice, once per answered call, then silence.
        play: Option<PathBuf>,
        /// WAV (16 bit, mono) that receives what the operator hears.
        write: Option<PathBuf>,
    },
    /// A SIP phone: the session that is put on [`Endpoint::Phone`] of the seat.
    Phone {
        /// What the phone hears between calls, and a customer while the phone holds or is lost: mono PCM at 8 kHz,
        /// repeated without end; empty means silence. See [`hold_music`](crate::hold_music).
        idle: Arc<[i16]>,
    },
}

/// How many supervisors may listen at one seat.
pub const MAX_TAPS: usize = 4;

/// What a supervisor may do at a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapMode {
    /// Hear both sides.
    Listen,
    /// And be heard by the operator.
    Whisper,
    /// And be heard by operator and customer.
    Barge,
}

/// Who is on the local side of a session.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// An operator's seat. The session put there last has the operator; those before it are silent on both
    /// sides until it ends or gets another endpoint.
    Seat(SeatId),
    /// The seat's own phone: this session is the voice of the seat, bridged to the session that has the operator. The one
    /// put there last counts. Nothing is looked for in it.
    Phone(SeatId),
    /// A scripted voice.
    Clip(ClipPlan),
    /// The peer hears itself.
    Echo,
    /// The peer hears silence.
    Silence,
}

/// A scripted voice: segments played one after another, then silence unless it repeats.
#[derive(Clone, Debug, Default)]
pub struct ClipPlan {
    /// The segments in order.
    pub segments: Vec<Segment>,
    /// Whether the first segment follows the last.
    pub then_repeat: bool,
}

/// One piece of a [`ClipPlan`].
#[derive(Clone, Debug)]
pub enum Segment {
    /// Silence.
    Silence {
        /// Length in milliseconds.
        ms: u32,
    },
    /// Mono PCM at 8 kHz.
    Samples(Arc<[i16]>),
    /// A tone; one without a length ends the plan, since it plays for ever.
    Tone(ToneSpec),
}

/// A call-progress tone heard from the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallProgress {
    /// Dial tone: 400 Hz continuous.
    Dial,
    /// Ringback: 400 Hz, 1 s on and 2 s off.
    Ringback,
    /// Busy: 400 Hz, 0.5 s on and 0.5 s off.
    Busy,
    /// Fast busy: 400 Hz, 0.25 s on and 0.25 s off.
    Congestion,
}

/// A FAX or modem signal heard from the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaxSignal {
    /// Answer tone, 2100 Hz steady (T.30 CED, V.25 ANS and its phase-reversed form).
    Ced,
    /// Answer tone with 15 Hz amplitude modulation (V.8 ANSam).
    Ansam,
    /// V.21 channel 2 flags: the preamble of a T.30 control frame.
    V21,
    /// Calling tone, 1100 Hz, 0.5 s on and 3 s off: the peer is a calling FAX.
    Cng,
}

/// Order to the engine. Orders for an unknown session or seat are counted and ignored.
#[derive(Debug)]
pub enum Command {
    /// Opens an operator's voice device.
    OpenSeat {
        /// The seat.
        seat: SeatId,
        /// Its voice.
        voice: VoiceSpec,
    },
    /// Closes an operator's voice device.
    CloseSeat {
        /// The seat.
        seat: SeatId,
    },
    /// Lets it ring at a seat, for a call that comes in or a reminder: on the device that rings, or in a desk phone that is
    /// up, in the place of what it hears between calls. Of no effect on other voices. Kept when its voice is opened anew.
    Ring {
        /// The seat.
        seat: SeatId,
        /// Whether it rings.
        on: bool,
    },
    /// Asks for [`MediaEvent::SeatLevel`] ten times a second, for a while. Asking again prolongs it.
    Meter {
        /// The seat.
        seat: SeatId,
        /// For how long, at most a minute; zero ends it.
        time: Duration,
    },
    /// How loud a seat speaks, hears and rings; 100 % each unless told. Kept when its voice is opened anew.
    SetVolume {
        /// The seat.
        seat: SeatId,
        /// How loud.
        volume: Volume,
    },
    /// What is done to the operator's voice; nothing unless told. Kept when the seat's voice is opened anew.
    SetProcessing {
        /// The seat.
        seat: SeatId,
        /// What is done.
        processing: Processing,
    },
    /// Takes over the sockets of a session; nothing is sent until [`Command::Start`].
    OpenSession {
        /// The session.
        session: SessionId,
        /// Its sockets.
        socket: RtpSocket,
        /// Who is on the local side.
        endpoint: Endpoint,
    },
    /// First remote description: early media or answer.
    Start {
        /// The session.
        session: SessionId,
        /// What was negotiated.
        params: StreamParams,
    },
    /// Later remote description: re-INVITE, hold (by the send and receive flags).
    Update {
        /// The session.
        session: SessionId,
        /// What was negotiated.
        params: StreamParams,
    },
    /// Puts somebody else on the local side.
    SetEndpoint {
        /// The session.
        session: SessionId,
        /// Who is on the local side from now on.
        endpoint: Endpoint,
    },
    /// The call was answered: detectors go from early-media to in-call rules, a file voice restarts.
    Answered {
        /// The session.
        session: SessionId,
    },
    /// Records to a stereo WAV, operator left, callee right; the file is `path` + ".part" while live.
    Record {
        /// The session.
        session: SessionId,
        /// Final path.
        path: PathBuf,
    },
    /// Ends the recording.
    StopRecording {
        /// The session.
        session: SessionId,
        /// Whether the file is kept.
        keep: bool,
    },
    /// Writes silence for both sides from here on, or sound again: the file's time goes on, and the silence is no gap.
    /// Answered by [`MediaEvent::RecordingPaused`] when that changed anything.
    PauseRecording {
        /// The session.
        session: SessionId,
        /// Whether it is paused.
        on: bool,
    },
    /// Lets callee or operator hear that they are recorded, whenever they are.
    Notice {
        /// The session.
        session: SessionId,
        /// The tone; `None` ends it.
        notice: Option<NoticeTone>,
    },
    /// Replaces the local voice by silence.
    Mute {
        /// The session.
        session: SessionId,
        /// Whether it is muted.
        on: bool,
    },
    /// Sends digits, one after another.
    Dtmf {
        /// The session.
        session: SessionId,
        /// `0`-`9`, `*`, `#`, `A`-`D`; other characters are ignored.
        digits: String,
    },
    /// Lets the operator hear a ringback tone while the peer sends no voice of its own (180 without early
    /// media). The tone starts 200 ms after the order and stops for good with the first packet.
    LocalRingback {
        /// The session.
        session: SessionId,
        /// Whether the peer is ringing.
        on: bool,
    },
    /// Lets a supervisor's seat hear what is said at another, and speak there as the mode says, over all calls until
    /// [`Command::Untap`]. A seat taps one other at a time; a tap takes the place of the one before. A call on the
    /// supervisor's own seat goes first. At most [`MAX_TAPS`] listen at one seat, and they do not hear one another;
    /// further ones hear nothing.
    Tap {
        /// The seat that is listened to.
        seat: SeatId,
        /// The supervisor's seat.
        by: SeatId,
        /// What the supervisor may do.
        mode: TapMode,
        /// Whether a short tone tells the operator.
        tone: bool,
    },
    /// Another mode for the tap of a supervisor's seat: nobody misses a sample. Of no effect where there is none.
    SetTapMode {
        /// The supervisor's seat.
        by: SeatId,
        /// What the supervisor may do from now on.
        mode: TapMode,
    },
    /// Ends the tap of a supervisor's seat.
    Untap {
        /// The supervisor's seat.
        by: SeatId,
    },
    /// Ends recording, closes sockets; answered by [`MediaEvent::Closed`].
    Close {
        /// The session.
        session: SessionId,
    },
    /// Asks for a [`MediaEvent::Pong`]; the watchdog's question.
    Ping {
        /// Returned unchanged.
        id: u64,
    },
}
