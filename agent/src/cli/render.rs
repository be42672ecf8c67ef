//! Results for people.

mod live;
mod rows;

pub(super) use live::{devices, seat, status};
pub(super) use rows::{dnc, history, leads, list, lists, stats, why};
