//! Which devices a sound server has at the moment.
//!
//! PulseAudio moves the streams of a removed device to another one without a word, and their callbacks go on: only
//! the list of devices tells that. It is read over one connection four times a second, on a thread of its own, since
//! a server that was stopped answers never.

use std::sync::mpsc::Sender;
use std::thread::Builder;
use std::time::Duration;

use crate::device::Direction;
use crate::device::side::STACK;
use crate::device::thread::Message;

/// The devices of the sound server, by full identification (`pulseaudio:alsa_output.usb-…`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// Prefix of the identifications this list speaks of: `pulseaudio:`.
    pub covers: String,
    /// Every device.
    pub devices: Vec<(String, Direction)>,
    /// The default microphone.
    pub default_capture: Option<String>,
    /// The default ear piece.
    pub default_playback: Option<String>,
}

impl Presence {
    /// Whether a device is known to be gone.
    pub(super) fn lacks(&self, id: &str, direction: Direction) -> bool {
        let is = |(other, way): &(String, Direction)| other == id && *way == direction;
        id.starts_with(&self.covers) && !self.devices.iter().any(is)
    }

    /// The default device of a direction.
    pub(super) fn default(&self, direction: Direction) -> Option<&str> {
        match direction {
            Direction::Capture => self.default_capture.as_deref(),
            Direction::Playback => self.default_playback.as_deref(),
        }
    }
}

/// Asks for the devices of the sound server until nobody wants to know; `None`: no server answers.
pub trait Inventory: Send {
    /// The devices now. May block.
    fn look(&mut self) -> Option<Presence>;
}

/// Looks until the audio thread is gone, and tells it what has changed.
pub(super) fn start(mut inventory: Box<dyn Inventory>, sender: Sender<Message>) {
    let look = move || {
        let mut last = None;
        loop {
            let found = inventory.look();
            if found != last && sender.send(Message::Present(found.clone())).is_err() {
                return;
            }
            last = found;
            if sender.send(Message::Nothing).is_err() {
                return;
            }
            std::thread::park_timeout(INTERVAL);
        }
    };
    if let Err(error) = Builder::new().name("audio-list".into()).stack_size(STACK).spawn(look) {
        // Heartbeats and attempts still notice most of it.
        tracing::error!(%error, "cannot start the thread that looks for audio devices");
    }
}

const INTERVAL: Duration = Duration::from_millis(250);
