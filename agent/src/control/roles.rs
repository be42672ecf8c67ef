//! Which seat a command means, and whether its sender may work there.

use protocol::{Detail, ErrorCode};
use store::Role;

use super::{Directory, RpcError, SeatBinding, Who};

/// How a seat stands to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// Theirs: the configuration binds it to their Unix user.
    Bound,
    /// Theirs: they are its operator.
    Operator,
    /// Nobody's in particular: bound to no Unix user, nor is its operator. Who has a seat works at none of these.
    Free,
    /// Somebody else's.
    Others,
}

impl Tie {
    fn is_own(self) -> bool {
        matches!(self, Self::Bound | Self::Operator)
    }
}

/// Which seat a command means, as its position in the configuration: the named one, else the one bound to the peer, else the one
/// whose operator they are, else the only one.
///
/// # Errors
/// `E-SEAT-UNKNOWN`, `E-SEAT-REQUIRED`, or `E-PERMISSION` for another user's seat, unless the peer manages: what is done there
/// counts for its operator.
pub fn resolve_seat(directory: &Directory, who: &Who, named: Option<&str>) -> Result<usize, RpcError> {
    let seats: Vec<_> = directory.ties(who).collect();
    let works = |tie: Tie| who.role == Role::Manager || tie != Tie::Others;
    let known = || names(&seats, works);
    let index = match named {
        Some(named) => seats.iter().position(|(seat, _)| seat.name == named).ok_or_else(|| {
            RpcError::with_detail(ErrorCode::SeatUnknown, Detail::name(format!("{named} ({})", known())))
        })?,
        None => {
            let only = |own: fn(Tie) -> bool| {
                let mut found = (0..seats.len()).filter(|at| own(seats[*at].1));
                found.next().filter(|_| found.next().is_none())
            };
            only(|tie| tie == Tie::Bound)
                .or_else(|| only(Tie::is_own))
                .or_else(|| only(|_| true))
                .ok_or_else(|| {
                    let known = known();
                    let detail = if known.is_empty() { NO_SEAT.into() } else { Detail::name(known) };
                    RpcError::with_detail(ErrorCode::SeatRequired, detail)
                })?
        }
    };
    match seats[index] {
        (_, tie) if works(tie) => Ok(index),
        (seat, _) => Err(another_s(directory, seat, &seats)),
    }
}

/// Names of somebody's own seats.
#[must_use]
pub fn own_seats(directory: &Directory, who: &Who) -> Vec<String> {
    let own = directory.ties(who).filter(|(_, tie)| tie.is_own());
    own.map(|(seat, _)| seat.name.clone()).collect()
}

/// Whose seat it is, and which are for whoever asked.
fn another_s(directory: &Directory, seat: &SeatBinding, seats: &[(&SeatBinding, Tie)]) -> RpcError {
    let (name, operator) = (&seat.name, directory.operator(seat));
    let (own, free) = (names(seats, Tie::is_own), names(seats, |tie| tie == Tie::Free));
    let (ja, en) = match (own.is_empty(), free.is_empty()) {
        (false, _) => (format!("あなたの席は {own} です"), format!("yours: {own}")),
        (true, false) => (
            format!("あなたの席はありません。使える席: {free}"),
            format!("you have none of your own and may work at: {free}"),
        ),
        (true, true) => (NO_SEAT.0.to_owned(), NO_SEAT.1.to_owned()),
    };
    let detail =
        (format!("席 {name} は {operator} さんの席です。{ja}"), format!("seat {name} is {operator}'s; {en}"));
    RpcError::with_detail(ErrorCode::Permission, detail)
}

fn names(seats: &[(&SeatBinding, Tie)], which: impl Fn(Tie) -> bool) -> String {
    let chosen = seats.iter().filter(|(_, tie)| which(*tie)).map(|(seat, _)| seat.name.as_str());
    chosen.collect::<Vec<_>>().join(", ")
}

/// Somebody without a seat, where none is nobody's.
const NO_SEAT: (&str, &str) = (
    "あなたの席はありません。設定の [[seat]] の operator か uid で割り当てます",
    "you have none: `operator` or `uid` of a [[seat]] gives one",
);
