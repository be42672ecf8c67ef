//! Parameters of the commands for a seat's devices.

use serde::{Deserialize, Serialize};

params! {
    /// `devices.show`.
    DevicesShow {
        /// The seat.
        seat: Option<String>,
    }
    /// `devices.set`: what is left out stays as it is.
    DevicesSet {
        /// The seat.
        seat: Option<String>,
        /// Microphones, best first; a part of a name is enough, `default` is the system's, an empty list the same.
        capture: Option<Vec<String>>,
        /// Headphones, likewise.
        playback: Option<Vec<String>>,
        /// Where it rings, likewise; an empty list: in the headphones.
        ring: Option<Vec<String>>,
        /// Echo cancellation.
        echo: Option<bool>,
        /// Noise suppression.
        noise: Option<bool>,
        /// Gain control.
        gain: Option<bool>,
        /// First goes back to what the configuration says.
        #[serde(default)]
        reset: bool,
    }
    /// `devices.volume`: what is left out stays as it is. Belongs to the seat's operator.
    DevicesVolume {
        /// The seat.
        seat: Option<String>,
        /// The operator's voice, 0 to 200 percent of the amplitude.
        capture: Option<u16>,
        /// What the operator hears, 0 to 100.
        playback: Option<u16>,
        /// The ring, 0 to 100.
        ring: Option<u16>,
    }
    /// `devices.meter`.
    DevicesMeter {
        /// The seat.
        seat: Option<String>,
        /// For how long `device.level` is told, 0 to 60; 0 ends it.
        seconds: u16,
    }
}
