use std::time::{Duration, Instant};

use protocol::params::{CallHangup, CallSave, Next};
use protocol::result::CallInfo;
use protocol::{Command, Event};

/// The scripted operator: talks, hangs up, chooses a status. It knows what a person at the headset would know (what was
/// heard, who hung up, what the daemon suggests) and nothing of the callee's script.
pub(super) struct Operator {
    /// How long a talk lasts, from the callee's first word, before the operator says goodbye.
    talk: Duration,
    heard_speech: bool,
    answered: bool,
    next: Option<(Instant, Command)>,
}

/// Whether the shift goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    On,
    Over,
}

impl Operator {
    pub(super) fn new(fast: bool) -> Self {
        let talk = if fast { Duration::from_millis(1_450) } else { Duration::from_millis(8_500) };
        Self { talk, heard_speech: false, answered: false, next: None }
    }

    /// The command whose time has come.
    pub(super) fn due(&mut self, now: Instant) -> Option<Command> {
        self.next.take_if(|(at, _)| *at <= now).map(|(_, command)| command)
    }

    /// Time until the next command.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.next.as_ref().map_or(Duration::from_secs(1), |(at, _)| at.saturating_duration_since(now))
    }

    pub(super) fn event(&mut self, event: &Event, now: Instant) -> Step {
        match event {
            Event::CallDialing { .. } => (self.heard_speech, self.answered, self.next) = (false, false, None),
            Event::CallAnswered { attempt, .. } => {
                self.answered = true;
                self.next = Some((now + NOBODY_SPEAKS, hang_up(attempt)));
            }
            Event::CallHeard { attempt, what, early, .. } => match what.as_str() {
                "speech" if !early && !self.heard_speech => {
                    self.heard_speech = true;
                    self.next = Some((now + self.talk, hang_up(attempt)));
                }
                // Nobody to talk to: the operator does not wait for the tape to run out.
                "beep" if !early => {
                    let soon = now + Duration::from_millis(100);
                    self.next = Some((soon, hang_up(attempt)));
                }
                _ => {}
            },
            Event::CallEnded { call, by, void, .. } => {
                // A result that the machine has kept, and a void call, need nobody.
                self.next = (call.status.is_none() && void.is_none())
                    .then(|| (now + Duration::from_millis(20), self.save(call, by)));
            }
            Event::DialStopped { .. } => return Step::Over,
            _ => {}
        }
        Step::On
    }

    fn save(&self, call: &CallInfo, by: &str) -> Command {
        let (status, memo) = match (&call.suggestion, call.outcome.as_deref()) {
            (Some(suggestion), _) => (suggestion.as_str(), "候補のとおり"),
            (None, Some("talk" | "short_answer")) if by == "remote" && self.heard_speech => {
                ("do_not_call", "今後の架電はお断りとのこと")
            }
            (None, Some("short_answer")) => ("callback", "すぐに切れた"),
            (None, Some("talk")) => ("prospect", "資料送付を希望"),
            (None, _) => ("callback", "もう一度かける"),
        };
        Command::CallSave(CallSave {
            status: Some(status.to_owned()),
            memo: Some(memo.to_owned()),
            next: Next::Dial,
            ..CallSave::default()
        })
    }
}

/// Ends this call, and not the next one.
fn hang_up(attempt: &str) -> Command {
    Command::CallHangup(CallHangup { seat: None, attempt: Some(attempt.to_owned()) })
}

/// An answered call in which nobody speaks is given up after this; a FAX has whistled long before.
const NOBODY_SPEAKS: Duration = Duration::from_secs(8);
