use protocol::{ErrorCode, RpcError};

use super::super::roles::resolve_seat;
use super::*;

fn user(id: u128, role: Role, uid: Option<u32>) -> UserInfo {
    UserInfo {
        id: UserId(id),
        login: id.to_string(),
        name: id.to_string(),
        role,
        uid,
        has_password: false,
        created_at: 0,
        deleted_at: None,
    }
}

fn seat(name: &str, uid: Option<u32>, user: u128) -> SeatBinding {
    SeatBinding { name: name.to_owned(), account: format!("{name}-line"), uid, user: UserId(user) }
}

fn people(seats: Vec<SeatBinding>) -> People {
    People { daemon_uid: 990, ..People::new(seats, vec![Role::Business], vec![Role::Operator]) }
}

/// S4.1: the machine's owner is MGR whatever the table says; everybody else is whom the table or a seat names.
#[test]
fn unix_users_are_mapped_and_the_owner_is_never_locked_out() {
    let seats = vec![seat("a", Some(1000), 1), seat("b", Some(1001), 2)];
    let people = people(seats);
    people.set(&[
        user(1, Role::Operator, None),
        user(2, Role::Operator, None),
        user(3, Role::Supervisor, Some(1001)),
        user(4, Role::Business, Some(1002)),
        user(5, Role::BackOffice, Some(0)),
    ]);
    let who = |uid| people.directory().who(uid);
    assert_eq!((who(1000).user, who(1000).role), (Some(UserId(1)), Role::Operator));
    assert_eq!((who(1001).user, who(1001).role), (Some(UserId(3)), Role::Supervisor), "the table goes first");
    assert_eq!((who(1002).role, who(1002).masked), (Role::Business, true));
    assert_eq!((who(1003).user, who(1003).role), (None, Role::Operator), "may open the socket");
    assert_eq!((who(0).user, who(0).role, who(0).owner), (Some(UserId(5)), Role::Manager, true));
    assert_eq!((who(990).role, who(990).owner, who(990).masked), (Role::Manager, true, false));
}

/// S4.2 to S4.5, section D: whoever monitors hears of every seat, whoever calls of theirs, everybody else of none.
#[test]
fn who_calls_hears_of_their_own_seat_and_who_monitors_of_all() {
    let people = people(vec![seat("a", Some(1000), 1), seat("b", Some(1001), 2), seat("spare", None, 3)]);
    people.set(&[
        user(1, Role::Operator, None),
        user(2, Role::Operator, None),
        user(4, Role::Supervisor, Some(1002)),
        user(5, Role::Business, Some(1003)),
        user(6, Role::BackOffice, Some(1004)),
    ]);
    let things = [
        Audience::All,
        Audience::seat("a"),
        Audience::seat("b"),
        Audience::seat("spare"),
        Audience::account("a-line"),
        Audience::account("b-line"),
        Audience::Asker(1000),
        Audience::Monitors,
    ];
    let heard = |uid: u32| -> String {
        let (directory, mark) = (people.directory(), |heard| if heard { '+' } else { '-' });
        let who = directory.who(uid);
        things.iter().map(|audience| mark(directory.hears(&who, audience))).collect()
    };
    for (uid, expected) in [
        (990, "++++++++"),
        (1002, "++++++++"),
        (1000, "++-++-+-"),
        (1001, "+-++-+--"),
        (1005, "+--+----"),
        (1003, "--------"),
        (1004, "--------"),
    ] {
        assert_eq!(heard(uid), expected, "{uid}");
    }
}

/// D22: whose user was deleted is nobody, at the only seat too, until somebody gives them another user.
#[test]
fn whose_user_was_deleted_is_no_operator() {
    let people = people(vec![seat("a", None, 1)]);
    let deleted = UserInfo { deleted_at: Some(1), ..user(2, Role::Business, Some(1001)) };
    let root = UserInfo { deleted_at: Some(1), ..user(3, Role::Manager, Some(990)) };
    people.set(&[user(1, Role::Operator, None), deleted.clone(), root.clone()]);
    let who = people.directory().who(1001);
    assert_eq!((who.user, who.gone), (None, true));
    assert!(!people.directory().hears(&who, &Audience::All));
    let owner = people.directory().who(990);
    assert_eq!((owner.role, owner.gone), (Role::Manager, false), "the machine's owner is never locked out");
    people.set(&[user(1, Role::Operator, None), deleted, root, user(4, Role::BackOffice, Some(1001))]);
    let who = people.directory().who(1001);
    assert_eq!((who.user, who.gone, who.role), (Some(UserId(4)), false, Role::BackOffice));
}

#[test]
fn quiet_taps_are_seen_by_who_may_tap() {
    let sees = |quiet| {
        let people = people(Vec::new()).quiet_taps(quiet);
        people.set(&[user(1, Role::Operator, Some(1000)), user(2, Role::Supervisor, Some(1001))]);
        [1000, 1001, 990].map(|uid| people.directory().who(uid).sees_taps)
    };
    assert_eq!(sees(false), [true; 3]);
    assert_eq!(sees(true), [false, true, true]);
}

#[test]
fn whoever_works_at_the_only_seat_is_its_operator() {
    let people = people(vec![seat("a", None, 1)]);
    people.set(&[user(1, Role::Operator, None), user(2, Role::Supervisor, Some(1001))]);
    let who = |uid| people.directory().who(uid);
    assert_eq!((who(990).user, who(990).role), (Some(UserId(1)), Role::Manager));
    assert_eq!(who(1000).user, Some(UserId(1)));
    assert_eq!(who(1001).user, Some(UserId(2)));
}

fn refused(result: Result<usize, RpcError>) -> Option<ErrorCode> {
    result.err().and_then(|error| error.error_code())
}

/// Which seat somebody gets, by Unix user.
fn resolved(people: &People, uid: u32, named: Option<&str>) -> Result<usize, RpcError> {
    let directory = people.directory();
    resolve_seat(&directory, &directory.who(uid), named)
}

#[test]
fn the_named_seat_else_the_own_else_the_only_one() {
    let two = people(vec![seat("a", Some(1000), 1), seat("b", Some(1001), 2)]);
    assert_eq!(resolved(&two, 1000, None), Ok(0));
    assert_eq!(resolved(&two, 1001, None), Ok(1));
    assert_eq!(resolved(&two, 1001, Some("b")), Ok(1));
    assert_eq!(resolved(&people(vec![seat("a", None, 1)]), 1002, None), Ok(0));
    assert_eq!(refused(resolved(&two, 1002, None)), Some(ErrorCode::SeatRequired));
    assert_eq!(refused(resolved(&two, 0, None)), Some(ErrorCode::SeatRequired));
    assert_eq!(refused(resolved(&two, 1000, Some("c"))), Some(ErrorCode::SeatUnknown));
    assert_eq!(refused(resolved(&people(Vec::new()), 1000, None)), Some(ErrorCode::SeatRequired));
    let twice = people(vec![seat("a", Some(1000), 1), seat("b", Some(1000), 2)]);
    assert_eq!(refused(resolved(&twice, 1000, None)), Some(ErrorCode::SeatRequired));
}

#[test]
fn nobody_but_a_manager_works_at_another_s_seat() {
    let people = people(vec![seat("a", Some(1000), 1), seat("b", None, 2)]);
    people.set(&[]);
    assert_eq!(refused(resolved(&people, 1001, Some("a"))), Some(ErrorCode::Permission));
    assert_eq!(resolved(&people, 1001, Some("b")), Ok(1));
    assert_eq!(resolved(&people, 1000, Some("b")), Ok(1), "nobody's in particular");
    assert_eq!(resolved(&people, 990, Some("a")), Ok(0));
    assert_eq!(resolved(&people, 0, Some("a")), Ok(0));
}

/// S4.3, D3: the users' table binds seats as the configuration does, by their operators.
#[test]
fn whom_the_table_names_works_at_their_own_seat() {
    let people = people(vec![seat("a", None, 1), seat("b", None, 2), seat("spare", None, 3)]);
    people.set(&[
        user(1, Role::Operator, Some(1000)),
        user(2, Role::Supervisor, Some(1001)),
        user(3, Role::Operator, None),
        user(4, Role::Manager, Some(1002)),
        user(5, Role::Operator, Some(1003)),
    ]);
    assert_eq!(resolved(&people, 1000, None), Ok(0), "theirs need not be named");
    assert_eq!(resolved(&people, 1001, None), Ok(1));
    let error = resolved(&people, 1000, Some("b")).unwrap_err();
    assert_eq!(error.error_code(), Some(ErrorCode::Permission));
    let told = format!("{error:?}");
    assert!(told.contains("seat b is 2's; yours: a") && told.contains("席 b は 2 さんの席です"), "{told}");
    assert_eq!(refused(resolved(&people, 1001, Some("a"))), Some(ErrorCode::Permission));
    assert_eq!(refused(resolved(&people, 1000, Some("spare"))), Some(ErrorCode::Permission));
    assert_eq!(resolved(&people, 1002, Some("a")), Ok(0), "MGR works anywhere");
    // Who has no seat, or is nobody's user, takes one that is nobody's.
    for uid in [1003, 1009] {
        assert_eq!(resolved(&people, uid, Some("spare")), Ok(2));
        let error = resolved(&people, uid, Some("a")).unwrap_err();
        assert!(format!("{error:?}").contains("may work at: spare"), "{error:?}");
    }
    let directory = people.directory();
    let heard: Vec<bool> = ["a", "b", "spare"]
        .map(|name| directory.hears(&directory.who(1000), &Audience::seat(name)))
        .into_iter()
        .collect();
    assert_eq!(heard, [true, false, false]);
}
