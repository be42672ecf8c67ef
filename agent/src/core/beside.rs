//! What an answer says beside the state of its seat: when somebody is to be called again, and whether anybody may be then, and what is
//! doubtful about a number that is dialed.

use dialer::window::CallingWindow;
use protocol::ErrorCode;
use protocol::params::{CallSave, Next};
use serde_json::{Value, json};
use store::AttemptId;
use store::phone::Special;

use super::job::Done;
use super::seat::Reply;
use super::{Core, SeatIndex};

impl Core {
    /// From when on a call may leave, where none may at the time to call again; `Some(None)`: at no time that the settings know of.
    pub(super) fn opens_behind(&self, recall_at: Option<i64>) -> Option<Option<i64>> {
        opens_behind(&crate::run::window(&self.config.dialing.window), recall_at?)
    }

    /// A place for the answer to a save: the time to call again goes with it, the one that was given, or the one that stays with the call.
    pub(super) fn with_recall(&mut self, reply: Reply, seat: SeatIndex, save: &CallSave) -> Reply {
        let open = self.seats[seat].dialer.attempt().map(|attempt| AttemptId(attempt.0));
        let named = save.attempt.as_deref().and_then(|attempt| attempt.parse().ok());
        // What goes on to the next call has no time to look.
        let stays = match (save.recall_at, save.next) {
            (None, Next::Stay) => named.or(open),
            _ => None,
        };
        let (given, store) = (save.recall_at, self.store.clone());
        let window = crate::run::window(&self.config.dialing.window);
        self.through(reply, move |mut seat| async move {
            let at = match (given, stays) {
                (None, Some(call)) => store.recall_of(call).await.unwrap_or_default(),
                (given, _) => given,
            };
            if let Some(at) = at {
                seat["recall_at"] = json!(at);
                if let Some(opens) = opens_behind(&window, at) {
                    seat["recall_opens_at"] = json!(opens);
                }
            }
            seat
        })
    }

    /// A place for the answer to a call; of a number that is none of the call it is in, as `dialed`.
    pub(super) fn with_doubts(&mut self, reply: Reply, dialed: Option<String>) -> Reply {
        self.through(reply, move |mut seat| async move {
            let called = || seat.pointer("/call/number").and_then(Value::as_str);
            let number = dialed.as_deref().or_else(called);
            if number.and_then(Special::of) == Some(Special::Overlong) {
                seat["warnings"] = json!([ErrorCode::WarnPhoneUnassigned]);
            }
            seat
        })
    }

    /// A place for an answer that is changed on its way.
    pub(super) fn through<F>(
        &mut self,
        mut reply: Reply,
        change: impl FnOnce(Value) -> F + Send + 'static,
    ) -> Reply
    where
        F: Future<Output = Value> + Send,
    {
        let (changed, answer) = tokio::sync::oneshot::channel();
        self.jobs.spawn(async move {
            let answer = tokio::select! {
                answer = answer => answer.ok(),
                // Whoever works for it is to know that nobody waits.
                () = reply.closed() => None,
            };
            if let Some(answer) = answer {
                let answer = match answer {
                    Ok(value) => Ok(change(value).await),
                    Err(error) => Err(error),
                };
                // The client may have gone.
                let _ = reply.send(answer);
            }
            Done::Nothing
        });
        changed
    }
}

/// From when on a call may leave, where none may at `at`; `Some(None)`: at no time that the settings know of.
fn opens_behind(window: &CallingWindow, at: i64) -> Option<Option<i64>> {
    (!window.is_open(at)).then(|| window.next_open(at))
}
