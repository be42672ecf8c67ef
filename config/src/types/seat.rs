//! Seats and their voices.

use std::path::PathBuf;
use std::time::Duration;

use super::{Codec, Srtp, SrtpKeying};

/// `[[seat]]`: one operator's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Name, as in `--seat`.
    pub name: String,
    /// Login of the operator who works here.
    pub operator: String,
    /// Unix user whose commands mean this seat when none is named.
    pub uid: Option<u32>,
    /// Account calls go out through; names an existing one.
    pub account: String,
    /// Where the operator's voice comes from and goes to.
    pub voice: Voice,
    /// Part of the name of the headset whose buttons and lamps are used, any where it is empty; `None`: none is.
    pub headset: Option<String>,
}

/// A seat's voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Sound devices: names by preference, each matched as a part of the device's name; empty = the system's default.
    Device {
        /// Microphones.
        capture: Vec<String>,
        /// Headphones.
        playback: Vec<String>,
        /// Where it rings; empty = in the headphones.
        ring: Vec<String>,
        /// What is done to the operator's voice.
        processing: Processing,
    },
    /// WAV files instead of a headset, for tests and scripted operators.
    File {
        /// Played as the operator's voice.
        play: Option<PathBuf>,
        /// What the operator would hear is written here.
        write: Option<PathBuf>,
    },
    /// Silence in, nothing out.
    Null,
    /// A SIP phone on the operator's desk.
    Phone(DeskPhone),
}

/// A SIP phone as a seat's voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskPhone {
    /// `sip:user@host[:port]`, called directly; else an extension at the exchange of the seat's account.
    pub address: String,
    /// When it is called.
    pub keep: PhoneKeep,
    /// What it hears between calls.
    pub idle: PhoneIdle,
    /// What it is offered, in order of preference.
    pub codecs: Vec<Codec>,
    /// Whether it is asked to answer by itself.
    pub auto_answer: bool,
    /// How long it rings, 5 to 120 s.
    pub ring_timeout: Duration,
    /// Whether its voice is encrypted.
    pub srtp: Srtp,
    /// Where the keys come from.
    pub srtp_keying: SrtpKeying,
}

/// When a desk phone is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneKeep {
    /// Once, when the operator becomes ready; it stays up between calls ("nailed-up").
    Up,
    /// For each call, before the customer.
    PerCall,
}

/// What a desk phone hears between calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneIdle {
    /// Nothing.
    Silence,
    /// A quiet chord of our own.
    Music,
    /// A WAV file.
    File(PathBuf),
}

/// What is done to an operator's voice before it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Processing {
    /// Takes out what the microphone hears of the headphones.
    pub echo: bool,
    /// Makes steady noise softer.
    pub noise: bool,
    /// Makes soft voices louder.
    pub gain: bool,
}
