//! The seat of a call: whoever saves a call that they name need not name its seat too.

use protocol::result::SeatStatus;
use protocol::{Command, ErrorCode, RpcError};
use store::AttemptId;

use super::Core;
use super::job::Done;
use super::reach::Bound;
use super::refusal::store_error;
use super::respond;

impl Core {
    /// Carries on, at the seat where its call was made, with a save for which no seat could be chosen; whose seat that is, is looked at
    /// there. Everything else is refused with `error`, and so is a call of a seat that is no more.
    pub(super) fn at_its_seat(&mut self, mut bound: Bound, error: RpcError) {
        let wanted = error.error_code() == Some(ErrorCode::SeatRequired);
        let Some(attempt) = saved(&bound.command).filter(|_| wanted) else {
            return respond::<SeatStatus>(bound.reply, Err(error));
        };
        let store = self.store.clone();
        let seats: Vec<String> = self.seats.iter().map(|seat| seat.name.clone()).collect();
        self.jobs.spawn(async move {
            let result = match store.attempt(attempt).await.map_err(|error| store_error(&error)) {
                Ok(row) if seats.contains(&row.seat) => {
                    if let Some(seat) = bound.command.seat_mut() {
                        *seat = Some(row.seat);
                    }
                    Ok(())
                }
                Ok(_) => Err(error),
                Err(unknown) => Err(unknown),
            };
            Done::Reached { bound: Box::new(bound), result }
        });
    }
}

/// The call that a save names.
fn saved(command: &Command) -> Option<AttemptId> {
    match command {
        Command::CallSave(save) => save.attempt.as_deref()?.parse().ok(),
        _ => None,
    }
}
