//! The daemon, its command line and the practice exchange.
//!
//! [`run`] wires the five libraries together; [`core`] is the one task that owns all call state. `sip-stack`, `media`,
//! `store`, `config` and `headset` meet only here.

mod archive;
pub mod cli;
pub mod clock;
pub mod control;
pub mod core;
pub mod demo;
pub mod exchange;
mod instance;
mod keeping;
mod leftover;
pub mod logging;
mod long_start;
mod mask;
pub mod notify;
mod off_thread;
pub mod password;
mod permission;
mod private;
mod profiles;
mod recordings;
mod reminding;
mod room;
pub mod run;
mod said;
mod settings;
mod stream;
mod sums;
pub mod sync;
