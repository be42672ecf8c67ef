//! Calls by hand outside of the calling window. What forbids one at any time is told before the hours are: whoever is told when the
//! window opens would only try again then.

use protocol::RpcError;
use protocol::result::SeatStatus;
use store::{AttemptId, DialRefusal, Error, ManualCall, Store};

use super::callee::Callee;
use super::job::Unopened;
use super::refusal::store_error;
use super::seat::Reply;
use super::{Core, SeatIndex};
use crate::clock::Now;

impl Core {
    /// Answers a call that the hours refuse: what forbids it at any time, else `hours`.
    pub(super) fn refuse_out_of_hours(
        &mut self,
        seat: SeatIndex,
        callee: Callee,
        project: Option<String>,
        hours: RpcError,
        reply: Reply,
        now: Now,
    ) {
        let call = self.manual_call(seat, String::new(), now);
        let store = self.store.clone();
        self.spawn::<SeatStatus, _>(reply, async move {
            let checked = match named(&store, callee, project, call).await {
                Ok(call) => store.check_manual(call).await.map_err(Unopened::Store),
                Err(error) => Err(error),
            };
            Err(match checked {
                Err(Unopened::Refused(error)) => error,
                Err(Unopened::Store(error)) if holds_at_any_time(&error) => store_error(&error),
                Err(Unopened::Store(_)) | Ok(_) => hours,
            })
        });
    }

    /// The same for the lead that is shown.
    pub(super) fn refuse_shown_out_of_hours(
        &mut self,
        seat: SeatIndex,
        hours: RpcError,
        reply: Reply,
        now: Now,
    ) {
        let call = self.manual_call(seat, String::new(), now);
        let shown = self.seats[seat].shown.as_ref().map(|shown| shown.attempt);
        let store = self.store.clone();
        self.spawn::<SeatStatus, _>(reply, async move {
            let Some(shown) = shown else { return Err(hours) };
            Err(match may_be_called(&store, shown, call).await {
                Err(error) if holds_at_any_time(&error) => store_error(&error),
                Err(_) | Ok(()) => hours,
            })
        });
    }
}

/// The call with whom it is for, as the store is to check and open it.
pub(super) async fn named(
    store: &Store,
    callee: Callee,
    project: Option<String>,
    mut call: ManualCall,
) -> Result<ManualCall, Unopened> {
    let called = callee.find(store).await.map_err(Unopened::Store)?;
    if let Some(project) = called.project {
        (call.project, call.named) = (Some(project), true);
    }
    (call.lead, call.phone) = (called.lead, called.number);
    if let Some(name) = project {
        let project = super::project::named(store, &name).await;
        call.project = Some(project.map_err(Unopened::Refused)?);
        call.named = true;
    }
    Ok(call)
}

/// Whether a lead that the seat holds already may be called.
async fn may_be_called(store: &Store, shown: AttemptId, call: ManualCall) -> Result<(), Error> {
    let row = store.attempt(shown).await?;
    let (Some(lead), Some(phone)) = (row.lead, row.phone) else { return Ok(()) };
    if !store.lead(lead).await?.dialable {
        return Err(Error::Refused(DialRefusal::Excluded));
    }
    let call = ManualCall { phone, project: row.project, named: true, ..call };
    match store.check_manual(call).await {
        Err(Error::DoNotCall { project, since, reason, deleted, may_name: _, number }) => {
            Err(Error::DoNotCall { project, since, reason, deleted, may_name: false, number })
        }
        checked => checked.map(|_| ()),
    }
}

/// Whether the refusal would be the same within the hours: the floor between two calls and a call that is under way are over by then.
fn holds_at_any_time(error: &Error) -> bool {
    match error {
        Error::Refused(refusal) => match refusal {
            DialRefusal::RepeatGap { .. } | DialRefusal::RepeatDay { .. } | DialRefusal::Hours => false,
            DialRefusal::DoNotCall
            | DialRefusal::Forbidden { .. }
            | DialRefusal::TrunkRule
            | DialRefusal::Excluded
            | DialRefusal::Task => true,
            _ => false,
        },
        Error::DoNotCall { .. }
        | Error::ExcludedNumber
        | Error::Phone(_)
        | Error::NotFound { .. }
        | Error::Ambiguous { .. } => true,
        _ => false,
    }
}
