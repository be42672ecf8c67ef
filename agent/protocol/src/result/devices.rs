use serde::{Deserialize, Serialize};

/// `devices.list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices {
    /// The devices, capture first.
    pub devices: Vec<DeviceRow>,
}

/// A sound device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// Name; a part of it is enough in the configuration.
    pub name: String,
    /// The host's own identifier.
    pub id: String,
    /// `capture` or `playback`.
    pub direction: DeviceDirection,
    /// The host's default of that direction.
    pub default: bool,
    /// `pulseaudio`, `alsa`, ….
    pub host: String,
}

/// What a device does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceDirection {
    /// A microphone.
    Capture,
    /// Headphones or a loudspeaker.
    Playback,
}

/// `devices.show`, `devices.set`, `devices.volume`: what is wanted of a seat's devices, and what is in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSettings {
    /// The seat.
    pub seat: String,
    /// Login of the operator, to whom the volume belongs.
    pub operator: String,
    /// Whether the seat has sound devices at all; without, the rest waits for a configuration that says so.
    pub device: bool,
    /// Microphones, best first; empty: the system's default.
    pub capture: Vec<String>,
    /// Headphones, likewise.
    pub playback: Vec<String>,
    /// Where it rings; empty: in the headphones.
    pub ring: Vec<String>,
    /// Whether something differs from the configuration.
    pub changed: bool,
    /// What is done to the operator's voice.
    pub processing: ProcessingRow,
    /// How loud, in percent of the amplitude.
    pub volume: VolumeRow,
    /// What is in use.
    pub voice: super::VoiceStatus,
}

/// What is done to an operator's voice before it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessingRow {
    /// Echo cancellation.
    pub echo: bool,
    /// Noise suppression.
    pub noise: bool,
    /// Gain control.
    pub gain: bool,
}

/// Volumes in percent of the amplitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeRow {
    /// The operator's voice, 0 to 200.
    pub capture: u16,
    /// What the operator hears of calls, 0 to 100.
    pub playback: u16,
    /// The ring, 0 to 100.
    pub ring: u16,
}

/// How loud a device was in the last tenth of a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelRow {
    /// Power in dBm0: −90 is silence, −15 a good voice.
    pub dbm0: f32,
    /// The largest sample in percent of full scale; from 99 on it is clipped.
    pub peak_percent: f32,
}
