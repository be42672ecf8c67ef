//! Voice: RTP, jitter buffer, codecs, tones and their detectors, recorder, audio devices.
//!
//! # The two halves
//! The **core** does no I/O and reads no clock: [`session::Session`] takes datagrams and PCM together with `now`, and
//! gives PCM, datagrams and events. All below it ([`rtp`], [`jitter`], [`codec`], [`tones`] ...) is plain data.
//! The **shell** owns threads, sockets, files and sound devices: [`engine::Engine`] takes [`Command`]s and reports
//! [`MediaEvent`]s.
//!
//! # The loop around a session
//! After each input or command, drain the outputs; nothing else drives a session.
//! ```
//! use media::session::{MAX_DATAGRAM, Session};
//! use media::{Codec, SessionId, StreamParams};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now = std::time::Instant::now();
//! let params = StreamParams {
//!     dtmf_payload_type: Some(101),
//!     ..StreamParams::new("192.0.2.7:4000".parse()?, Codec::Pcmu, 0)
//! };
//! let mut session = Session::new(SessionId(1), params, 42, now)?;
//! // 20 ms from the microphone: one packet to send.
//! session.push(now, &[0; 160]);
//! let mut datagram = [0; MAX_DATAGRAM];
//! while let Some(transmit) = session.poll_transmit(&mut datagram) {
//!     assert_eq!(transmit.length, 12 + 160);
//! }
//! // 20 ms for the ear: silence, as nobody has sent anything yet.
//! let mut heard = [0; 160];
//! session.pull(now, &mut heard);
//! assert_eq!(session.poll_event(), None);
//! # Ok(())
//! # }
//! ```
//!
//! # Standards
//! RFC 3550 (RTP, RTCP) with its appendices A.1, A.3 and A.8; 3551 (payload types); 3389 (comfort noise, received);
//! 3711, 6188 and 7714 (SRTP), 5764 and 7983 (its keys by DTLS); 4733 (telephone-event); 5761 (RTCP on the RTP port);
//! 7587 (Opus); ITU-T G.711 with appendix I, G.722, Q.23, T.30, V.8, V.21, V.25; G.107 (the E-model).
//!
//! # Levels
//! PCM is 16 bit. Levels are dBm0 as G.711 defines them: a full-scale sine is +3.14 dBm0, so 0 dBm0 is a sine
//! with an amplitude of 22 827. See [`tones::level`].

pub mod archive;
mod bell;
mod causes;
mod clip;
pub mod codec;
mod coded;
pub mod comfort;
pub mod device;
pub mod dtls;
pub mod dtmf;
pub mod engine;
mod inbound;
mod inbox;
pub mod jitter;
mod leg;
pub mod limiter;
pub mod limits;
mod mailbox;
mod margin;
mod monitor;
pub mod notice;
mod outbound;
mod outbox;
mod phone;
pub mod playout;
pub mod plc;
pub mod processing;
pub mod quality;
mod queue;
pub mod recorder;
pub mod resample;
mod ringer;
pub mod rtcp;
mod rtcp_session;
pub mod rtp;
mod seat;
mod seats;
pub mod session;
pub mod socket;
pub mod srtp;
pub mod stats;
pub mod stretch;
mod tap;
pub mod telephone_event;
mod thread;
pub mod tones;
pub mod trial;
pub mod types;
pub mod volume;
pub mod wav;

pub use notice::NoticeTone;
pub use phone::hold_music;
pub use socket::{BindError, RtpSocket};
pub use types::{
    CallProgress, ClipPlan, Codec, Command, Endpoint, FaxSignal, MAX_TAPS, MediaEvent, SeatId, Segment,
    SessionId, SessionStats, StreamParams, TapMode, VoiceSpec,
};
