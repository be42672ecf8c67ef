//! The kit proves itself: every peer works against another peer before the daemon is judged by it.

mod audio;
mod signalling;
mod talk_off;
