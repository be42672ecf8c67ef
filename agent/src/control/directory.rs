//! Who is at the other end of the socket: the kernel says which Unix user, the directory which user that is.

use std::collections::HashMap;
use std::sync::Arc;

use store::{Action, Role, Scope, Store, UserId, UserInfo, permits};
use tokio::sync::watch;

use super::Audience;
use super::roles::is_own;

/// Somebody who gives commands, and what they may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    /// Unix user.
    pub uid: u32,
    /// Root or the daemon's own Unix user: may name paths, and is MGR whatever the users' table says, so that nobody
    /// can lock the machine's owner out.
    pub owner: bool,
    /// The user, where one is known.
    pub user: Option<UserId>,
    /// What they may do.
    pub role: Role,
    /// They see telephone numbers masked (S3.14).
    pub masked: bool,
    /// They see contacts and change none (S3.11).
    pub reads_contacts: bool,
    /// They see who listens to whose calls.
    pub sees_taps: bool,
}

/// A snapshot of which Unix user is which user.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    daemon_uid: u32,
    by_uid: HashMap<u32, (UserId, Role)>,
    /// The operator of the only seat, if it is bound to no Unix user: whoever works there is them.
    only: Option<(UserId, Role)>,
    masked: Vec<Role>,
    readers: Vec<Role>,
    /// Only who may listen sees who does.
    quiet_taps: bool,
    roles: HashMap<UserId, Role>,
    seats: Arc<[SeatBinding]>,
}

impl Directory {
    /// Who a Unix user is. Somebody who may open the socket and is nobody's user works as an operator.
    #[must_use]
    pub fn who(&self, uid: u32) -> Who {
        let owner = uid == 0 || uid == self.daemon_uid;
        let known = self.by_uid.get(&uid).or(self.only.as_ref());
        let role = if owner { Role::Manager } else { known.map_or(Role::Operator, |(_, role)| *role) };
        let (masked, reads_contacts) = (self.masked.contains(&role), self.readers.contains(&role));
        let sees_taps = !self.quiet_taps || permits(role, Action::Tap).any();
        Who { uid, owner, user: known.map(|(user, _)| *user), role, masked, reads_contacts, sees_taps }
    }

    /// Whether something is for somebody: whoever monitors sees all of it, whoever calls their own (section D).
    #[must_use]
    pub fn hears(&self, who: &Who, audience: &Audience) -> bool {
        match permits(who.role, Action::Monitor) {
            Scope::All => true,
            Scope::Own => match audience {
                Audience::All => true,
                Audience::Seat(name) => self.works_at(who, |seat| *seat.name == **name),
                Audience::Account(name) => self.works_at(who, |seat| *seat.account == **name),
                Audience::Asker(uid) => *uid == who.uid,
                Audience::Monitors => false,
            },
            Scope::Nothing | Scope::Reported | Scope::Lower => false,
        }
    }

    fn works_at(&self, who: &Who, wanted: impl Fn(&SeatBinding) -> bool) -> bool {
        self.seats.iter().any(|seat| is_own(seat.uid, who) && wanted(seat))
    }

    /// The user, where the grants of lists bind what they see (X7): MGR and SV see every list.
    #[must_use]
    pub fn bound(&self, user: UserId) -> Option<UserId> {
        let role = self.roles.get(&user).copied().unwrap_or(Role::Operator);
        (!matches!(role, Role::Manager | Role::Supervisor)).then_some(user)
    }

    /// Whether what a user does may make contacts by itself (S3.11).
    #[must_use]
    pub fn may_make_contacts(&self, user: UserId) -> bool {
        self.roles
            .get(&user)
            .is_none_or(|role| !self.readers.contains(role) && permits(*role, Action::ContactEdit).any())
    }
}

/// A seat as the directory needs it.
#[derive(Clone, Debug)]
pub struct SeatBinding {
    /// Name.
    pub name: String,
    /// Account its calls go out through.
    pub account: String,
    /// Unix user of the configuration.
    pub uid: Option<u32>,
    /// The operator.
    pub user: UserId,
}

/// Keeps the directory and hands out its newest state. Read by the control server and the core, renewed by the core's
/// jobs when users change.
#[derive(Debug)]
pub struct People {
    seats: Arc<[SeatBinding]>,
    masked: Vec<Role>,
    readers: Vec<Role>,
    quiet_taps: bool,
    daemon_uid: u32,
    now: watch::Sender<Arc<Directory>>,
}

impl People {
    /// Nobody but the daemon's own user, until [`People::refresh`].
    ///
    /// Roles in `masked` see numbers masked, those in `readers` make and change no contacts.
    #[must_use]
    pub fn new(seats: Vec<SeatBinding>, masked: Vec<Role>, readers: Vec<Role>) -> Self {
        let (daemon_uid, seats) = (super::auth::own_uid(), Arc::from(seats));
        let directory = Directory {
            daemon_uid,
            masked: masked.clone(),
            readers: readers.clone(),
            seats: Arc::clone(&seats),
            ..Directory::default()
        };
        let now = watch::Sender::new(Arc::new(directory));
        Self { seats, masked, readers, quiet_taps: false, daemon_uid, now }
    }

    /// Only who may listen to calls sees who does.
    #[must_use]
    pub fn quiet_taps(mut self, quiet: bool) -> Self {
        self.quiet_taps = quiet;
        self
    }

    /// Reads the users anew.
    ///
    /// # Errors
    /// Storage errors; the old state stays.
    pub async fn refresh(&self, store: &Store) -> Result<(), store::Error> {
        self.set(&store.users().await?);
        Ok(())
    }

    /// The directory now.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.now.borrow())
    }

    /// Always the newest directory.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<Directory>> {
        self.now.subscribe()
    }

    fn set(&self, users: &[UserInfo]) {
        let role = |user: UserId| users.iter().find(|known| known.id == user).map(|known| (user, known.role));
        let mut by_uid = HashMap::new();
        for seat in &*self.seats {
            if let (Some(uid), Some(known)) = (seat.uid, role(seat.user)) {
                by_uid.insert(uid, known);
            }
        }
        // What an administrator said goes before the configuration of seats.
        by_uid.extend(users.iter().filter_map(|user| Some((user.uid?, (user.id, user.role)))));
        let only = match &*self.seats {
            [SeatBinding { uid: None, user, .. }] => role(*user),
            _ => None,
        };
        let directory = Directory {
            daemon_uid: self.daemon_uid,
            by_uid,
            only,
            masked: self.masked.clone(),
            readers: self.readers.clone(),
            quiet_taps: self.quiet_taps,
            roles: users.iter().map(|user| (user.id, user.role)).collect(),
            seats: Arc::clone(&self.seats),
        };
        self.now.send_replace(Arc::new(directory));
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(
            (who(1001).user, who(1001).role),
            (Some(UserId(3)), Role::Supervisor),
            "the table goes first"
        );
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
}
