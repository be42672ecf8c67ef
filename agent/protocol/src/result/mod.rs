//! The results of each method. Every field is always present; `null` means not known or not applicable. Clients ignore
//! fields they do not know. A
//! command to a seat is answered with the seat as it is afterwards ([`SeatStatus`]). Times are UTC milliseconds, durations milliseconds, numbers national digits (`0312345678`).

mod contact;
mod devices;
mod export;
mod history;
mod list;
mod manage;
mod office;
mod profile;
mod quality;
mod seat;
mod status;
mod tap;
mod trace;

pub use contact::*;
pub use devices::*;
pub use export::*;
pub use history::*;
pub use list::*;
pub use manage::*;
pub use office::*;
pub use profile::*;
pub use quality::*;
pub use seat::*;
pub use status::*;
pub use tap::*;
pub use trace::*;

use serde::{Deserialize, Serialize};

/// A field that is absent, or there and `null`.
fn stands<'de, D: serde::Deserializer<'de>>(field: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// `events.subscribe`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// The last `seq` that was handed out when the subscription began; replayed events follow this reply.
    pub seq: u64,
    /// How many events are replayed.
    pub replayed: u64,
}
