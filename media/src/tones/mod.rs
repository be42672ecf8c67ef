//! Tones of the Japanese network and of FAX machines: data tables, a generator and detectors.
//!
//! The tables are data ([`spec`]), so that another country is another table. The detectors work on 8 kHz PCM in
//! blocks of 10 ms ([`detect::Detectors`]).

pub mod beep;
pub mod cadence;
pub mod detect;
pub mod dtmf;
#[cfg(test)]
mod dtmf_tests;
pub mod fax;
pub mod goertzel;
pub mod level;
pub mod source;
pub mod spec;
pub mod speech;
pub mod v21;

pub use detect::{Detected, Detectors};
pub use level::{SILENCE_DBM0, amplitude_of, dbm0_of_power, level_dbm0};
pub use source::ToneSource;
pub use spec::{Step, ToneSpec, Wave};
