//! Results that operators save: of the call that is open at their seat, or of one that they name.

use dialer::{Next, Refusal, SaveIntent};
use protocol::params::CallSave;
use protocol::result::{CallInfo, CallState, SeatStatus};
use protocol::{Detail, ErrorCode, RpcError};
use store::{Action, AttemptId, Scope, permits};

use super::command::respond;
use super::job::Done;
use super::refusal::refusal;
use super::seat::Reply;
use super::{Core, SeatIndex};
use crate::clock::Now;
use crate::control::Who;

impl Core {
    pub(super) fn call_save(&mut self, seat: SeatIndex, p: CallSave, who: &Who, reply: Reply, now: Now) {
        if let Err(error) = self.seats[seat].free_for_command() {
            return respond::<SeatStatus>(reply, Err(error));
        }
        if let Some(error) = self.unclear(seat, &p) {
            return respond::<SeatStatus>(reply, Err(error));
        }
        let open = self.seats[seat].dialer.attempt().map(|attempt| AttemptId(attempt.0));
        match (p.attempt.as_deref().map(str::parse::<AttemptId>), open) {
            (None, Some(_)) => {}
            (Some(Ok(named)), Some(open)) if named == open => {}
            (Some(Ok(named)), _) if self.is_open_elsewhere(named) => {
                let error = RpcError::with_detail(
                    ErrorCode::CallBusy,
                    ("別の席が通話の結果を入力中です", "the call is open at another seat"),
                );
                return respond::<SeatStatus>(reply, Err(error));
            }
            // A row that is not open at this seat: one that a crash left behind, or sealed (the store refuses then).
            (Some(Ok(named)), _) => {
                return self.save_closed(seat, (named, Some(who)), p, reply, now);
            }
            (Some(Err(_)) | None, _) => return respond::<SeatStatus>(reply, Err(ErrorCode::NoCall.into())),
        }
        let next = match p.next {
            protocol::params::Next::Dial => Next::Dial,
            protocol::params::Next::Skip => Next::Skip,
            protocol::params::Next::Stay => Next::Stay,
        };
        let intent = SaveIntent { status: p.status.clone(), memo: p.memo.clone(), recall_at: p.recall_at };
        self.seats[seat].save_seq = p.save_seq;
        match (self.seats[seat].dialer.save(intent, next, now.into()), open) {
            (Ok(()), _) => self.seats[seat].waiting = Some(reply),
            // Behind the commit by which the machine closes the row: what a person says stands in the end.
            (Err(Refusal::Closing), Some(attempt)) => {
                self.save_closed(seat, (attempt, None), p, reply, now);
            }
            (Err(error), _) => respond::<SeatStatus>(reply, Err(refusal(error))),
        }
    }

    /// Saves a row that is not the seat's open one, and seals it once it has a result: no next dial would. One that the
    /// machine judged and sealed is amended. Whoever names the row needs the right to: their own, or a manager's (X2).
    fn save_closed(
        &mut self,
        seat: SeatIndex,
        (attempt, who): (AttemptId, Option<&Who>),
        p: CallSave,
        reply: Reply,
        now: Now,
    ) {
        let bound = who.filter(|who| permits(who.role, Action::Amend) != Scope::All);
        let theirs = bound.map(|who| [Some(self.seats[seat].user), who.user]);
        let save = store::Save {
            attempt,
            status: p.status.unwrap_or_default(),
            set_by: store::SetBy::Operator,
            memo: p.memo,
            recall_at: p.recall_at,
            save_seq: p.save_seq,
            now: now.wall,
            user: self.seats[seat].user,
        };
        let (store, nudge) = (self.store.clone(), std::sync::Arc::clone(&self.outbox_nudge));
        let asked = p.next != protocol::params::Next::Stay;
        // Begun here and now, where it is to come behind what the seat has begun.
        let saving = theirs.is_none().then(|| store.save(save.clone()));
        self.jobs.spawn(async move {
            let result = async {
                if let Some(theirs) = theirs {
                    let user = store.attempt(attempt).await?.user;
                    if user.is_none() || !theirs.contains(&user) {
                        return Err(store::Error::Permission);
                    }
                }
                let saved = match saving {
                    Some(saving) => saving.await,
                    None => store.save(save.clone()).await,
                };
                let saved = match saved {
                    Err(store::Error::Sealed { .. }) => {
                        let amended = amend_machines(&store, save).await?;
                        nudge.notify_one();
                        amended
                    }
                    saved => saved?,
                };
                if !asked && saved.status.is_none() {
                    return Ok((saved, None));
                }
                match store.seal(attempt, now.wall).await {
                    // A consultation that is still up: its end seals it.
                    Err(store::Error::State { .. }) if !asked => Ok((saved, None)),
                    sealed => Ok((saved, Some(sealed?))),
                }
            };
            Done::SavedClosed { seat, result: result.await, reply }
        });
    }

    /// Why it cannot be known of which call a save is that names none: the operator hung up while it rang, and the next call began
    /// before they had said why. A complaint that lands on the wrong one would forbid the wrong number (S4.53).
    fn unclear(&self, seat: SeatIndex, p: &CallSave) -> Option<RpcError> {
        if p.attempt.is_some() {
            return None;
        }
        let runtime = &self.seats[seat];
        let grave = p.status.as_deref().is_some_and(store::forbids);
        let before = AttemptId(runtime.dialer.unsaid(grave)?.0);
        let info = runtime.before.as_ref().filter(|last| last.attempt == before).map(|last| &last.info);
        let whom = info.and_then(whom).unwrap_or_default();
        let mut facts = serde_json::Map::from_iter([(String::from("before"), before.to_string().into())]);
        let called = self.current_call(seat).filter(|call| call.state != CallState::Preview);
        let Some(now) = called.filter(|call| call.attempt != before.to_string()) else {
            let detail = Detail::from((
                format!("切った通話{whom}の結果は --attempt {before} を付けて保存してください"),
                format!("the call that was hung up{whom}: add --attempt {before}"),
            ));
            return Some(RpcError::with_detail(ErrorCode::NoCall, detail.with(facts)));
        };
        let (attempt, with) = (&now.attempt, self::whom(&now).unwrap_or_default());
        let detail = Detail::from((
            format!(
                "切った通話{whom}なら --attempt {before}、その次の通話{with}なら --attempt {attempt} を付けてください"
            ),
            format!(
                "the call that was hung up{whom}: --attempt {before}; the one after it{with}: --attempt {attempt}"
            ),
        ));
        facts.insert(String::from("now"), attempt.clone().into());
        Some(RpcError::with_detail(ErrorCode::Ambiguous, detail.with(facts)))
    }

    fn is_open_elsewhere(&self, attempt: AttemptId) -> bool {
        let attempt = Some(dialer::AttemptId(attempt.0));
        self.seats.iter().any(|seat| seat.dialer.attempt() == attempt)
    }
}

/// Whom a call was with, in brackets. A name without a letter may be a number, which not everybody sees (S3.14).
pub(super) fn whom(call: &CallInfo) -> Option<String> {
    let name = call.company.as_ref().or(call.person.as_ref())?;
    name.chars().any(char::is_alphabetic).then(|| format!(" ({name})"))
}

/// What a person says of a call that the machine judged and sealed before they could: it stands, as an amendment, and
/// what the machine thought stays readable (S4.49).
async fn amend_machines(store: &store::Store, save: store::Save) -> Result<store::Saved, store::Error> {
    let row = store.attempt(save.attempt).await?;
    if row.set_by != Some(store::SetBy::Auto) || row.user != Some(save.user) {
        return Err(store::Error::Sealed { attempt: save.attempt });
    }
    let amend = store::Amend {
        attempt: save.attempt,
        status: Some(save.status),
        memo: save.memo,
        recall_at: save.recall_at.map(Some),
        reason: String::from(CLOSED_BY_MACHINE),
        scope: Scope::Own,
        by: store::Actor { user: Some(save.user), uid: None },
        now: save.now,
    };
    // The machine's result is no blank, so no recording goes.
    let row = store.amend(amend).await?.row;
    Ok(store::Saved {
        attempt: row.id,
        save_seq: row.save_seq,
        applied: true,
        status: row.status,
        label: row.status_label,
        do_not_call: false,
    })
}

/// Why a call was amended by a save.
const CLOSED_BY_MACHINE: &str = "closed by the machine";
