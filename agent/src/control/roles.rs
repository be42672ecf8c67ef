//! Who may do what: the kernel says which Unix user asks, a table says what that user may do.

use protocol::{Command, ErrorCode};

use super::{Peer, RpcError};

/// What a Unix user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Somebody who may open the socket (its group): works at a seat.
    Operator,
    /// The daemon's own user and root: everything.
    Manager,
}

impl Role {
    /// The role of a peer.
    #[must_use]
    pub fn of(uid: u32, daemon_uid: u32) -> Self {
        if uid == 0 || uid == daemon_uid { Self::Manager } else { Self::Operator }
    }

    /// The least role that may give a command. Operators call and keep results; lists belong to managers, since a list
    /// holds everybody's numbers and results.
    #[must_use]
    pub fn needed(command: &Command) -> Self {
        match command {
            Command::Status(_)
            | Command::CallDial(_)
            | Command::CallAnswer(_)
            | Command::CallHangup(_)
            | Command::CallHold(_)
            | Command::CallResume(_)
            | Command::CallMute(_)
            | Command::CallDtmf(_)
            | Command::CallTransfer(_)
            | Command::CallConsult(_)
            | Command::CallSwap(_)
            | Command::CallReturn(_)
            | Command::CallSave(_)
            | Command::SeatPause(_)
            | Command::SeatReady(_)
            | Command::EventsSubscribe(_)
            | Command::ListShow(_)
            | Command::ListLs(_)
            | Command::DialStart(_)
            | Command::DialPause(_)
            | Command::DialResume(_)
            | Command::DialStop(_)
            | Command::DialSkip(_)
            | Command::DialWhy(_)
            | Command::HistoryList(_)
            | Command::StatsGet(_)
            | Command::DncAdd(_)
            | Command::DncLs(_)
            | Command::DevicesList(_) => Self::Operator,
            // Whose numbers were called is for those to see whose lists they are.
            Command::CallTrace(p) if p.unmasked => Self::Manager,
            Command::CallTrace(_) => Self::Operator,
            Command::ListCreate(_)
            | Command::ListUpload(_)
            | Command::ListImport(_)
            | Command::ListExport(_)
            | Command::ListDownload(_) => Self::Manager,
        }
    }
}

/// Which seat a command means, as its position in `seats` (name and bound Unix user): the named one, else the one bound
/// to the peer, else the only one.
///
/// # Errors
/// `E-SEAT-UNKNOWN`, `E-SEAT-REQUIRED`, or `E-PERMISSION` for a seat bound to another user, unless the peer manages.
pub fn resolve_seat<'a>(
    seats: impl IntoIterator<Item = (&'a str, Option<u32>)>,
    peer: Peer,
    named: Option<&str>,
) -> Result<usize, RpcError> {
    let seats: Vec<_> = seats.into_iter().collect();
    let names = || seats.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let bound: Vec<_> = (0..seats.len()).filter(|index| seats[*index].1 == Some(peer.uid)).collect();
    let index = match (named, bound.as_slice(), seats.len()) {
        (Some(named), _, _) => seats
            .iter()
            .position(|(name, _)| *name == named)
            .ok_or_else(|| RpcError::with_detail(ErrorCode::SeatUnknown, format!("{named} ({})", names())))?,
        (None, [own], _) => *own,
        (None, [], 1) => 0,
        (None, _, _) => return Err(RpcError::with_detail(ErrorCode::SeatRequired, names())),
    };
    let foreign = seats[index].1.is_some_and(|uid| uid != peer.uid);
    if foreign && peer.role != Role::Manager {
        return Err(RpcError::with_detail(ErrorCode::Permission, format!("seat {}", seats[index].0)));
    }
    Ok(index)
}

#[cfg(test)]
mod tests {
    use protocol::params;

    use super::*;

    fn peer(uid: u32) -> Peer {
        Peer { uid, pid: None, role: Role::of(uid, 990) }
    }

    fn refusal(result: Result<usize, RpcError>) -> Option<ErrorCode> {
        result.err().and_then(|error| error.error_code())
    }

    #[test]
    fn the_named_seat_else_the_own_else_the_only_one() {
        let two = [("a", Some(1000)), ("b", Some(1001))];
        assert_eq!(resolve_seat(two, peer(1000), None), Ok(0));
        assert_eq!(resolve_seat(two, peer(1001), None), Ok(1));
        assert_eq!(resolve_seat(two, peer(1001), Some("b")), Ok(1));
        assert_eq!(resolve_seat([("a", None)], peer(1002), None), Ok(0));
        assert_eq!(refusal(resolve_seat(two, peer(1002), None)), Some(ErrorCode::SeatRequired));
        assert_eq!(refusal(resolve_seat(two, peer(0), None)), Some(ErrorCode::SeatRequired));
        assert_eq!(refusal(resolve_seat(two, peer(1000), Some("c"))), Some(ErrorCode::SeatUnknown));
        assert_eq!(refusal(resolve_seat([], peer(1000), None)), Some(ErrorCode::SeatRequired));
        let twice = [("a", Some(1000)), ("b", Some(1000))];
        assert_eq!(refusal(resolve_seat(twice, peer(1000), None)), Some(ErrorCode::SeatRequired));
    }

    #[test]
    fn nobody_but_a_manager_works_at_another_s_seat() {
        let seats = [("a", Some(1000)), ("b", None)];
        assert_eq!(refusal(resolve_seat(seats, peer(1001), Some("a"))), Some(ErrorCode::Permission));
        assert_eq!(resolve_seat(seats, peer(1001), Some("b")), Ok(1));
        assert_eq!(resolve_seat(seats, peer(990), Some("a")), Ok(0));
        assert_eq!(resolve_seat(seats, peer(0), Some("a")), Ok(0));
    }

    #[test]
    fn lists_are_a_manager_s_business() {
        let import = Command::ListImport(params::ListImport::default());
        assert!(Role::needed(&import) > Role::of(1000, 990));
        assert!(Role::needed(&import) <= Role::of(990, 990));
        assert!(Role::needed(&Command::CallSave(params::CallSave::default())) <= Role::of(1000, 990));
    }

    #[test]
    fn whole_numbers_in_a_trace_are_a_manager_s_business() {
        let trace = |unmasked| Command::CallTrace(params::CallTrace { unmasked, ..Default::default() });
        assert!(Role::needed(&trace(false)) <= Role::of(1000, 990));
        assert!(Role::needed(&trace(true)) > Role::of(1000, 990));
        assert!(Role::needed(&trace(true)) <= Role::of(0, 990));
    }
}
