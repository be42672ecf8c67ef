use std::time::Duration;

use crate::outcome::Row;
use crate::window::CallingWindow;

/// How a claimed lead becomes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The next lead is dialed at once; claim and `dialed_at` are one commit.
    Straight,
    /// The next lead is shown first; it is dialed on command or after the countdown.
    Preview {
        /// Time until it is dialed by itself; `None` waits for the operator.
        countdown: Option<Duration>,
    },
}

/// What a seat's dialer may do by itself. Values are clamped to [`crate::ceilings`] by [`Policy::clamped`].
#[derive(Clone, Debug)]
pub struct Policy {
    /// Straight or preview.
    pub mode: Mode,
    /// INVITE to CANCEL without an answer.
    pub ring_timeout: Duration,
    /// Breathing time between a call that the machine closed and the next dial.
    pub wrap_up: Duration,
    /// Rows of the decision table that the machine saves by itself.
    pub auto_disposition: Vec<Row>,
    /// A talk must have a status before the next dial.
    pub require_status: bool,
    /// When calls may be made; `None` only for a practice account.
    pub window: Option<CallingWindow>,
    /// The operator's voice is a desk phone that is called for each call. In preview it is called when the shown lead is
    /// accepted, and rings for none that is passed over; a straight call needs it before a lead is claimed.
    pub voice_per_call: bool,
}

impl Policy {
    /// The policy with every value inside the ceilings.
    #[must_use]
    pub fn clamped(mut self) -> Self {
        self.ring_timeout = self.ring_timeout.min(crate::ceilings::RING_TIMEOUT_MAX);
        self.auto_disposition.retain(|row| row.may_be_automatic());
        self.window = self.window.map(CallingWindow::clamped);
        self
    }

    /// Whether a lead is shown before anybody is at the phone.
    pub(crate) fn shows_before_voice(&self) -> bool {
        self.voice_per_call && matches!(self.mode, Mode::Preview { .. })
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            mode: Mode::Straight,
            ring_timeout: Duration::from_secs(30),
            wrap_up: Duration::ZERO,
            auto_disposition: Row::automatic_by_default().to_vec(),
            require_status: true,
            window: Some(CallingWindow::default()),
            voice_per_call: false,
        }
    }
}
