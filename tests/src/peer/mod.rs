//! Real peers, each from a private configuration on free loopback ports.
//!
//! A peer that is not installed fails the test and names its package; nothing is skipped.

pub mod authority;
pub mod baresip;
pub mod digest;
pub mod dns;
pub mod espeak;
pub mod ffmpeg;
pub mod headset;
pub mod kamailio;
pub mod linphone;
pub mod parts;
pub mod pulse;
pub mod segments;
pub mod sipp;
pub mod sipvicious;
pub mod trace;
pub mod tshark;
