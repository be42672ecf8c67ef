//! Buttons and lamps of the seats' headsets.

use config::Config;
use dialer::SeatState as DialerState;
use headset::{Lamps, Link, Notice, Press, Roots};
use protocol::params::CallMute;
use protocol::result::HeadsetTrouble;
use protocol::{Event, RpcError};
use tokio::sync::mpsc;

use super::{Core, SeatIndex};
use crate::clock::Now;

/// The headsets of all seats that want one.
pub(crate) struct Headsets {
    seats: Vec<Option<Headset>>,
    events: mpsc::Receiver<(SeatIndex, Notice)>,
}

struct Headset {
    link: Link,
    shown: Lamps,
    name: Option<String>,
    trouble: Option<HeadsetTrouble>,
}

impl Headsets {
    /// Starts a thread for every seat whose configuration names a headset, and none else.
    pub(crate) fn start(config: &Config) -> Self {
        // Buttons to core, 64: what does not fit is dropped, for a press that nobody took for so long means nothing now.
        let (sender, events) = mpsc::channel(64);
        let begin = |(seat, name): (SeatIndex, &Option<String>)| {
            let (name, sender) = (name.clone()?, sender.clone());
            let tell = move |notice| {
                if let Err(error) = sender.try_send((seat, notice)) {
                    tracing::warn!(seat, %error, "a headset's button is not heeded");
                }
            };
            let link = Link::start(Roots::default(), name, tell)
                .inspect_err(|error| tracing::error!(seat, %error, "no headset buttons"))
                .ok()?;
            Some(Headset { link, shown: Lamps::default(), name: None, trouble: None })
        };
        let seats = config.seats.iter().map(|seat| &seat.headset).enumerate().map(begin).collect();
        Self { seats, events }
    }

    /// What happened at a headset; waits for ever where there is none.
    pub(super) async fn next(&mut self) -> (SeatIndex, Notice) {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    /// Name of the headset that is there.
    pub(super) fn name(&self, seat: SeatIndex) -> Option<String> {
        self.seats.get(seat)?.as_ref()?.name.clone()
    }

    /// Why the headset that is there cannot be used.
    pub(super) fn trouble(&self, seat: SeatIndex) -> Option<HeadsetTrouble> {
        self.seats.get(seat)?.as_ref()?.trouble.clone()
    }
}

impl Core {
    pub(super) fn on_headset(&mut self, seat: SeatIndex, notice: Notice, now: Now) {
        match notice {
            Notice::Press(press) => {
                if let Err(error) = self.press(seat, press, now) {
                    tracing::debug!(
                        seat = self.seats[seat].name,
                        ?press,
                        ?error,
                        "a headset's button does nothing now"
                    );
                    if press == Press::HangUp
                        && let Some(Some(headset)) = self.headsets.seats.get(seat)
                    {
                        // It hung up by itself, and the call is still up.
                        headset.link.repeat();
                    }
                }
            }
            Notice::Here { name } => self.headset_is(seat, Some(name), None, now),
            Notice::Gone => self.headset_is(seat, None, None, now),
            Notice::Trouble { reason, path, permission } => {
                tracing::warn!(seat = self.seats[seat].name, reason, "the headset's buttons cannot be used");
                let kind = if permission { "permission" } else { "open" }.to_owned();
                let trouble = HeadsetTrouble { kind, path: path.display().to_string(), why: reason };
                self.headset_is(seat, None, Some(trouble), now);
            }
        }
    }

    fn headset_is(
        &mut self,
        seat: SeatIndex,
        name: Option<String>,
        trouble: Option<HeadsetTrouble>,
        now: Now,
    ) {
        let why = trouble.as_ref().map(|trouble| trouble.why.clone());
        if let Some(Some(headset)) = self.headsets.seats.get_mut(seat) {
            headset.name.clone_from(&name);
            headset.trouble = trouble;
        }
        let seat = self.seats[seat].name.clone();
        self.publish(Event::DeviceHeadset { seat, name, why }, now);
    }

    /// A button means what the command of the same name means.
    fn press(&mut self, seat: SeatIndex, press: Press, now: Now) -> Result<(), RpcError> {
        match press {
            Press::Answer => self.answer(seat, now),
            Press::HangUp => self.call_hangup(seat, None, now),
            Press::Mute(on) => self.mute(seat, &CallMute { seat: None, on }, now),
            Press::Hold(on) => self.hold(seat, on, now),
        }
    }

    /// Makes lamps show what the seats are doing. Costs nothing where nothing has changed.
    pub(super) fn light(&mut self) {
        for seat in 0..self.headsets.seats.len() {
            let wanted = match self.headsets.seats.get(seat) {
                Some(Some(_)) => self.lamps(seat),
                _ => continue,
            };
            if let Some(Some(headset)) = self.headsets.seats.get_mut(seat)
                && headset.shown != wanted
            {
                headset.shown = wanted;
                headset.link.show(wanted);
            }
        }
    }

    fn lamps(&self, seat: SeatIndex) -> Lamps {
        let talks = self.talking_attempt(seat).ok().and_then(|attempt| self.calls.get(&attempt));
        let state = self.seats[seat].dialer.state();
        let lamps = lamps(state, talks.map(|call| (call.muted, call.held)));
        // Hanging up ends listening, so that the handset has to be off.
        Lamps { off_hook: lamps.off_hook || self.seats[seat].tap.is_some(), ..lamps }
    }
}

/// `call`: whether the call is muted, and held.
fn lamps(state: &DialerState, call: Option<(bool, bool)>) -> Lamps {
    let off_hook = matches!(state, DialerState::Dialing | DialerState::InCall);
    let (mute, hold) = call.filter(|_| off_hook).unwrap_or_default();
    Lamps { off_hook, ring: matches!(state, DialerState::Ringing), mute, hold }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lamps_follow_the_call() {
        let of = |off_hook, ring, mute, hold| Lamps { off_hook, ring, mute, hold };
        assert_eq!(lamps(&DialerState::Ready, None), Lamps::default());
        assert_eq!(lamps(&DialerState::Ringing, Some((false, false))), of(false, true, false, false));
        assert_eq!(lamps(&DialerState::Dialing, None), of(true, false, false, false));
        assert_eq!(lamps(&DialerState::InCall, Some((true, false))), of(true, false, true, false));
        assert_eq!(lamps(&DialerState::InCall, Some((false, true))), of(true, false, false, true));
        assert_eq!(lamps(&DialerState::WrapUp, Some((true, true))), Lamps::default());
    }
}
