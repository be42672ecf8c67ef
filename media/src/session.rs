//! One leg of a call.
/// Silence of the peer after which it counts as gone.
pub const RTP_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
/// x
pub struct Session;
