//! Which seat a command means, and whether its sender may work there.

use protocol::{Detail, ErrorCode};
use store::Role;

use super::{RpcError, Who};

/// Which seat a command means, as its position in `seats` (name and bound Unix user): the named one, else the one bound
/// to the peer, else the only one.
///
/// # Errors
/// `E-SEAT-UNKNOWN`, `E-SEAT-REQUIRED`, or `E-PERMISSION` for a seat bound to another user, unless the peer manages.
pub fn resolve_seat<'a>(
    seats: impl IntoIterator<Item = (&'a str, Option<u32>)>,
    who: &Who,
    named: Option<&str>,
) -> Result<usize, RpcError> {
    let seats: Vec<_> = seats.into_iter().collect();
    let theirs = |uid: Option<u32>| who.role == Role::Manager || is_own(uid, who);
    let names = || {
        let known = seats.iter().filter(|(_, uid)| theirs(*uid)).map(|(name, _)| *name);
        known.collect::<Vec<_>>().join(", ")
    };
    let bound: Vec<_> = (0..seats.len()).filter(|index| seats[*index].1 == Some(who.uid)).collect();
    let index = match (named, bound.as_slice(), seats.len()) {
        (Some(named), _, _) => seats.iter().position(|(name, _)| *name == named).ok_or_else(|| {
            RpcError::with_detail(ErrorCode::SeatUnknown, Detail::name(format!("{named} ({})", names())))
        })?,
        (None, [own], _) => *own,
        (None, [], 1) => 0,
        (None, _, _) => return Err(RpcError::with_detail(ErrorCode::SeatRequired, Detail::name(names()))),
    };
    if !theirs(seats[index].1) {
        let seat = seats[index].0;
        let detail = (
            format!("席 {seat} は別の利用者の席です。自分の席を指定してください"),
            format!("seat {seat} is somebody else's: name your own"),
        );
        return Err(RpcError::with_detail(ErrorCode::Permission, detail));
    }
    Ok(index)
}

/// Whether a seat that is bound to this Unix user, or to none, is one that somebody works at.
#[must_use]
pub fn is_own(seat: Option<u32>, who: &Who) -> bool {
    seat.is_none_or(|uid| uid == who.uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(uid: u32) -> Who {
        let owner = uid == 0 || uid == 990;
        let role = if owner { Role::Manager } else { Role::Operator };
        Who { uid, owner, user: None, role, masked: false, reads_contacts: false, sees_taps: true }
    }

    fn refusal(result: Result<usize, RpcError>) -> Option<ErrorCode> {
        result.err().and_then(|error| error.error_code())
    }

    #[test]
    fn the_named_seat_else_the_own_else_the_only_one() {
        let two = [("a", Some(1000)), ("b", Some(1001))];
        assert_eq!(resolve_seat(two, &who(1000), None), Ok(0));
        assert_eq!(resolve_seat(two, &who(1001), None), Ok(1));
        assert_eq!(resolve_seat(two, &who(1001), Some("b")), Ok(1));
        assert_eq!(resolve_seat([("a", None)], &who(1002), None), Ok(0));
        assert_eq!(refusal(resolve_seat(two, &who(1002), None)), Some(ErrorCode::SeatRequired));
        assert_eq!(refusal(resolve_seat(two, &who(0), None)), Some(ErrorCode::SeatRequired));
        assert_eq!(refusal(resolve_seat(two, &who(1000), Some("c"))), Some(ErrorCode::SeatUnknown));
        assert_eq!(refusal(resolve_seat([], &who(1000), None)), Some(ErrorCode::SeatRequired));
        let twice = [("a", Some(1000)), ("b", Some(1000))];
        assert_eq!(refusal(resolve_seat(twice, &who(1000), None)), Some(ErrorCode::SeatRequired));
    }

    #[test]
    fn nobody_but_a_manager_works_at_another_s_seat() {
        let seats = [("a", Some(1000)), ("b", None)];
        assert_eq!(refusal(resolve_seat(seats, &who(1001), Some("a"))), Some(ErrorCode::Permission));
        assert_eq!(resolve_seat(seats, &who(1001), Some("b")), Ok(1));
        assert_eq!(resolve_seat(seats, &who(990), Some("a")), Ok(0));
        assert_eq!(resolve_seat(seats, &who(0), Some("a")), Ok(0));
    }
}
