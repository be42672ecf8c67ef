//! Sound devices and what stands in for them.
//!
//! [`AudioBackend`] is the seam: it opens the two directions of an operator's voice. `cpal` opens sound
//! devices, `null` is clocked silence, `file` plays a WAV as the operator and keeps what the operator would
//! hear. Device streams meet the media worker in a [`ring()`] of samples; their callbacks touch nothing but
//! that ring and the atomics of [`Health`].

mod callback;
mod cookie;
mod cpal;
mod file;
mod health;
mod null;
mod presence;
mod ring;
mod side;
mod thread;
mod watch;

pub use callback::{CaptureCallback, PlaybackCallback};
pub use cpal::{Cpal, list};
pub use file::FileVoice;
pub use health::{Fault, Health, Level};
pub use null::Null;
pub use presence::{Inventory, Presence};
pub use ring::{RingReader, RingWriter, ring};

pub(crate) use thread::{Audio, AudioFeed};

use std::sync::Arc;
use std::time::Duration;

use crate::recorder::TrackWriter;
use crate::wav::WavError;

/// Level of a playback ring after a media worker has filled it: two of the pieces of 5 ms that a device takes, so that a tick may
/// be late by one. It rises where that is not enough.
pub const PLAYBACK_TARGET: Duration = Duration::from_millis(10);

/// Which way the sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Microphone.
    Capture,
    /// Ear piece.
    Playback,
}

/// One sound device as the system lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Name for people.
    pub name: String,
    /// Stable identification, for example `alsa_input.usb-…`; it may be used in place of the name.
    pub id: String,
    /// Which way.
    pub direction: Direction,
    /// Whether it is used when no name is configured.
    pub default: bool,
    /// The audio system it belongs to: `pulseaudio` or `alsa`.
    pub host: String,
}

/// What to open. A direction that is `None` stays closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenParams {
    /// Names of microphones, best first; empty means the default device.
    pub capture: Option<Vec<String>>,
    /// Names of ear pieces, best first; empty means the default device.
    pub playback: Option<Vec<String>>,
    /// Devices that are not to be opened, by their full identification: they are open already.
    pub except: Vec<String>,
}

/// The devices of a seat by preference, best first; a name may be a part of a device's name, and `default` stands for
/// the system's default device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeatParams {
    /// Microphones; empty: the default one.
    pub capture: Vec<String>,
    /// Ear pieces; empty: the default one.
    pub playback: Vec<String>,
    /// Where it rings; empty: in the ear piece.
    pub ring: Vec<String>,
}

/// What [`AudioBackend::open`] opened.
#[derive(Debug, Default)]
pub struct Duplex {
    /// The operator's voice.
    pub capture: Option<Half<CaptureFeed>>,
    /// What the operator hears.
    pub playback: Option<Half<PlaybackFeed>>,
}

/// One direction of a [`Duplex`].
#[derive(Debug)]
pub struct Half<Feed> {
    /// Name of the device in use; `None` where there is no device.
    pub name: Option<String>,
    /// Full identification of the device, such as `pulseaudio:alsa_output.usb-…`.
    pub id: Option<String>,
    /// The media worker's end.
    pub feed: Feed,
    /// Heartbeat and fault of the stream; `None` where nothing can fail.
    pub health: Option<Arc<Health>>,
    /// Keeps the stream running while it lives.
    pub stream: Option<Stream>,
}

/// A running device stream; dropping it closes the device and may take a while.
pub struct Stream(#[expect(dead_code, reason = "held for its Drop")] Box<dyn Send>);

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

/// Where a media worker gets the operator's voice.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum CaptureFeed {
    /// A device fills the ring at `rate` hertz.
    Ring {
        /// The worker's end.
        reader: RingReader,
        /// Hertz.
        rate: u32,
    },
    /// Mono samples at 8 kHz, played once from the start of each answered call.
    Clip(Arc<[i16]>),
    /// Silence by the worker's clock.
    #[default]
    Silence,
}

/// Where a media worker puts what the operator hears.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum PlaybackFeed {
    /// A device empties the ring at `rate` hertz.
    Ring {
        /// The worker's end.
        writer: RingWriter,
        /// Hertz.
        rate: u32,
    },
    /// A mono file at 8 kHz, by the worker's clock.
    #[doc(hidden)]
    Track(FileTrack),
    /// Nowhere, by the worker's clock.
    #[default]
    Discard,
}

/// The worker's end of a file that a `file` voice writes.
#[derive(Debug)]
pub struct FileTrack(pub(crate) TrackWriter);

/// Opens voices. Implementations may block for seconds and are called off the media workers.
pub trait AudioBackend: Send + Sync {
    /// Opens the directions that `params` asks for.
    ///
    /// # Errors
    /// [`DeviceError`] when one of them cannot be opened; then nothing stays open.
    fn open(&self, params: &OpenParams) -> Result<Duplex, DeviceError>;

    /// A way to ask again and again which devices there are; `None` where there is nothing to ask.
    fn inventory(&self) -> Option<Box<dyn Inventory>> {
        None
    }
}

/// Why a device or its stand-in could not be opened or listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No audio system answers.
    #[error("no audio system answers")]
    NoHost(#[source] Option<::cpal::Error>),
    /// The system has no such device at the moment.
    #[error("no {} device {}", direction_name(*direction), wanted(names))]
    NotFound {
        /// Which way.
        direction: Direction,
        /// The names asked for; empty means the default device.
        names: Vec<String>,
    },
    /// The device is there but refuses, or offers no format of ours.
    #[error("device {name} cannot be used")]
    Refused {
        /// Its name.
        name: String,
        /// What the audio system says; `None` when no format fits.
        #[source]
        source: Option<::cpal::Error>,
    },
    /// The audio system did not come back in time.
    #[error("the audio system hangs while opening a {} device", direction_name(*direction))]
    Hangs {
        /// Which way.
        direction: Direction,
    },
    /// The operator's voice file cannot be read.
    #[error("cannot use the voice file")]
    Voice(#[from] WavError),
    /// No thread could be started.
    #[error("cannot start an audio thread")]
    Thread(#[source] std::io::Error),
}

impl DeviceError {
    /// The error with its causes on one line, for an event.
    pub(crate) fn reason(&self) -> String {
        crate::causes::on_one_line(self)
    }
}

pub(crate) fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Capture => "capture",
        Direction::Playback => "playback",
    }
}

fn wanted(names: &[String]) -> String {
    match names {
        [] => "by default".into(),
        [name] if name == side::DEFAULT_NAME => "by default".into(),
        names => format!("named {}", names.join(" or ")),
    }
}
