//! RTP (RFC 3550) over `rtp-rs`: packets, the receiving side's validation and statistics, the sending side.

pub mod packet;
pub mod receiver;
pub mod sender;

pub use packet::{Packet, PacketError, is_rtcp};
pub use receiver::{Receiver, Verdict};
pub use sender::Sender;
