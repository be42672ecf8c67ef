use serde::{Deserialize, Serialize};

/// What a supervisor may do at an operator's seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TapMode {
    /// Hear both sides (モニタリング).
    Listen,
    /// And be heard by the operator (ささやき).
    Whisper,
    /// And be heard by operator and callee (三者通話).
    Barge,
}

impl TapMode {
    /// The word, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Whisper => "whisper",
            Self::Barge => "barge",
        }
    }
}

/// A supervisor's ear, and voice, at an operator's seat, over all of its calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapInfo {
    /// The seat that is listened to.
    pub seat: String,
    /// The supervisor's seat.
    pub by: String,
    /// Login of the operator of the supervisor's seat.
    pub operator: String,
    /// What the supervisor may do.
    pub mode: TapMode,
    /// Since when, UTC milliseconds; another mode does not change it.
    pub since: i64,
}
