//! What the operator wants by pressing buttons.

use std::time::{Duration, Instant};

use crate::layout::{Control, Lamps, Layout};

/// A wish of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// The ringing call is to be answered.
    Answer,
    /// The call is to be ended, or a ringing one refused.
    HangUp,
    /// The microphone is to be silenced or opened.
    Mute(bool),
    /// The call is to be held, or taken off hold.
    Hold(bool),
}

/// Turns reports into presses.
///
/// A headset repeats every state that it is told: its hook goes up when the off-hook lamp is lit. Such an echo is no press;
/// it is known by its value and that it comes within a second.
#[derive(Debug)]
pub struct Buttons {
    layout: Layout,
    lamps: Lamps,
    /// Hook values that are expected as echoes, and until when.
    echoes: Vec<(bool, Instant)>,
    /// Buttons that are down, to tell one press from many reports.
    down: [bool; 3],
    /// The state of a mute switch.
    muted: Option<bool>,
}

impl Buttons {
    /// For a headset whose lamps are dark.
    pub fn new(layout: Layout) -> Self {
        Self { layout, lamps: Lamps::default(), echoes: Vec::new(), down: [false; 3], muted: None }
    }

    /// The layout.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The lamps are told something else: the reports to write, none where nothing changes.
    pub fn show(&mut self, lamps: Lamps, now: Instant) -> Vec<Vec<u8>> {
        if lamps == self.lamps {
            return Vec::new();
        }
        if lamps.off_hook != self.lamps.off_hook {
            self.expect_echo(lamps.off_hook, now);
        }
        self.lamps = lamps;
        self.layout.write(lamps)
    }

    /// The lamps are told the same again: the reports to write. A headset goes on hook with the press, and is to come back where the
    /// press was not heeded.
    pub fn repeat(&mut self, now: Instant) -> Vec<Vec<u8>> {
        self.expect_echo(self.lamps.off_hook, now);
        self.layout.write(self.lamps)
    }

    fn expect_echo(&mut self, off_hook: bool, now: Instant) {
        // A hook that is there already has nothing to repeat.
        if off_hook == self.down[0] {
            return;
        }
        self.echoes.retain(|(_, until)| *until > now);
        if self.echoes.len() < MAX_ECHOES {
            self.echoes.push((off_hook, now + ECHO));
        }
    }

    /// Takes an input report.
    pub fn take(&mut self, report: &[u8], now: Instant) -> Vec<Press> {
        let mut presses = Vec::new();
        for told in self.layout.read(report) {
            let press = match told.control {
                Control::Hook if told.relative => self.edge(0, told.on).then(|| self.toggle_hook()).flatten(),
                Control::Hook => self.hook(told.on, now),
                Control::Drop => {
                    (self.edge(1, told.on) && self.lamps != Lamps::default()).then_some(Press::HangUp)
                }
                Control::Flash => {
                    let held = self.lamps.hold;
                    // A ringing call is put through with this button on some headsets, and held once it is up.
                    (self.edge(2, told.on) && self.lamps.off_hook).then_some(Press::Hold(!held))
                }
                // A relative mute is 1 for each press and 0 when it is let go.
                Control::Mute if told.relative => {
                    let before = self.muted.replace(told.on);
                    (told.on && before != Some(true)).then_some(Press::Mute(!self.lamps.mute))
                }
                Control::Mute => {
                    let before = self.muted.replace(told.on);
                    // The first report tells how it stands; only a change is a press.
                    (before.is_some_and(|before| before != told.on) && told.on != self.lamps.mute)
                        .then_some(Press::Mute(told.on))
                }
            };
            presses.extend(press);
        }
        presses
    }

    fn edge(&mut self, button: usize, on: bool) -> bool {
        self.down.get_mut(button).is_some_and(|down| !std::mem::replace(down, on) && on)
    }

    fn toggle_hook(&self) -> Option<Press> {
        match self.lamps {
            Lamps { off_hook: true, .. } => Some(Press::HangUp),
            Lamps { ring: true, .. } => Some(Press::Answer),
            _ => None,
        }
    }

    fn hook(&mut self, up: bool, now: Instant) -> Option<Press> {
        if std::mem::replace(&mut self.down[0], up) == up {
            return None;
        }
        self.echoes.retain(|(_, until)| *until > now);
        if let Some(echo) = self.echoes.iter().position(|(value, _)| *value == up) {
            self.echoes.remove(echo);
            return None;
        }
        match (up, self.lamps) {
            (true, Lamps { ring: true, off_hook: false, .. }) => Some(Press::Answer),
            (false, Lamps { off_hook: true, .. } | Lamps { ring: true, .. }) => Some(Press::HangUp),
            _ => None,
        }
    }
}

/// An echo comes within this time; a wireless headset takes some hundred milliseconds.
const ECHO: Duration = Duration::from_secs(1);
const MAX_ECHOES: usize = 8;
