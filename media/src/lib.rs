//! Voice: RTP, jitter buffer, codecs, tones and their detectors, recorder, audio devices.
//!
//! # Levels
//! PCM is 16 bit. Levels are dBm0 as G.711 defines them: a full-scale sine is +3.14 dBm0, so 0 dBm0 is a sine
//! with an amplitude of 22 827. See [`tones::level`].

mod clip;
pub mod codec;
pub mod device;
pub mod dtmf;
pub mod engine;
mod inbound;
pub mod jitter;
mod leg;
pub mod limiter;
mod mailbox;
mod outbound;
mod outbox;
pub mod playout;
pub mod plc;
mod queue;
pub mod recorder;
pub mod resample;
pub mod rtcp;
mod rtcp_session;
pub mod rtp;
mod seat;
mod seats;
pub mod session;
pub mod socket;
pub mod stretch;
mod tap;
pub mod telephone_event;
mod thread;
pub mod tones;
pub mod types;
pub mod wav;

pub use socket::{BindError, RtpSocket};
pub use types::{
    CallProgress, ClipPlan, Codec, Command, Endpoint, FaxSignal, MediaEvent, SeatId, Segment, SessionId,
    SessionStats, StreamParams, VoiceSpec,
};
