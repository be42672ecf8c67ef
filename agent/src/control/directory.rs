//! Who is at the other end of the socket: the kernel says which Unix user, the directory which user that is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use store::{Action, Role, Scope, Store, UserId, UserInfo, permits};
use tokio::sync::watch;

use super::Audience;
use super::roles::Tie;

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
    /// Theirs was a user who is deleted, and nobody gave them another: they may nothing.
    pub gone: bool,
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
    /// Unix users of deleted users, whom neither the table nor a seat names otherwise.
    gone: HashSet<u32>,
    /// The operator of the only seat, if it is bound to no Unix user: whoever works there is them.
    only: Option<(UserId, Role)>,
    masked: Vec<Role>,
    readers: Vec<Role>,
    /// Only who may listen sees who does.
    quiet_taps: bool,
    roles: HashMap<UserId, Role>,
    /// What people call each user: the name, and the login where it is another.
    called: HashMap<UserId, String>,
    /// Users whom the users' table ties to a Unix user: their seats are theirs alone.
    tied: HashSet<UserId>,
    /// Unix users whom the users' table names and who have a seat: they work at no other.
    placed: HashSet<u32>,
    seats: Arc<[SeatBinding]>,
}

impl Directory {
    /// Who a Unix user is. Somebody who may open the socket and is nobody's user works as an operator; whose user was deleted does not:
    /// what somebody may must not grow by their being taken out.
    #[must_use]
    pub fn who(&self, uid: u32) -> Who {
        let owner = uid == 0 || uid == self.daemon_uid;
        let gone = !owner && self.gone.contains(&uid);
        let known = self.by_uid.get(&uid).or(self.only.as_ref()).filter(|_| !gone);
        let role = if owner { Role::Manager } else { known.map_or(Role::Operator, |(_, role)| *role) };
        let (masked, reads_contacts) = (self.masked.contains(&role), self.readers.contains(&role));
        let sees_taps = !self.quiet_taps || permits(role, Action::Tap).any();
        Who { uid, owner, user: known.map(|(user, _)| *user), gone, role, masked, reads_contacts, sees_taps }
    }

    /// Whether something is for somebody: whoever monitors sees all of it, whoever calls their own (section D).
    #[must_use]
    pub fn hears(&self, who: &Who, audience: &Audience) -> bool {
        match permits(who.role, Action::Monitor) {
            _ if who.gone => false,
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
        self.seats.iter().any(|seat| self.tie(who, seat) != Tie::Others && wanted(seat))
    }

    /// The seats, in the order of the configuration, and how each stands to somebody.
    pub fn ties<'a>(&'a self, who: &'a Who) -> impl Iterator<Item = (&'a SeatBinding, Tie)> {
        self.seats.iter().map(move |seat| (seat, self.tie(who, seat)))
    }

    fn tie(&self, who: &Who, seat: &SeatBinding) -> Tie {
        if seat.uid == Some(who.uid) {
            Tie::Bound
        } else if who.user == Some(seat.user) {
            Tie::Operator
        } else if seat.uid.is_none() && !self.tied.contains(&seat.user) && !self.placed.contains(&who.uid) {
            Tie::Free
        } else {
            Tie::Others
        }
    }

    /// What people call the operator of a seat.
    #[must_use]
    pub fn operator<'a>(&'a self, seat: &'a SeatBinding) -> &'a str {
        self.called.get(&seat.user).map_or(seat.name.as_str(), String::as_str)
    }

    /// The role of a live user.
    #[must_use]
    pub fn role(&self, user: UserId) -> Option<Role> {
        self.roles.get(&user).copied()
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
        self.set(&store.all_users().await?);
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

    /// Takes users, deleted ones too.
    fn set(&self, all: &[UserInfo]) {
        let users: Vec<&UserInfo> = all.iter().filter(|user| user.deleted_at.is_none()).collect();
        let role = |user: UserId| users.iter().find(|known| known.id == user).map(|known| (user, known.role));
        let mut by_uid = HashMap::new();
        for seat in &*self.seats {
            if let (Some(uid), Some(known)) = (seat.uid, role(seat.user)) {
                by_uid.insert(uid, known);
            }
        }
        // What an administrator said goes before the configuration of seats.
        let told = users.iter().filter_map(|user| Some((user.uid?, user)));
        by_uid.extend(told.clone().map(|(uid, user)| (uid, (user.id, user.role))));
        let left = all.iter().filter(|user| user.deleted_at.is_some()).filter_map(|user| user.uid);
        let gone = left.filter(|uid| !by_uid.contains_key(uid)).collect();
        let sits =
            |uid: u32, user: UserId| self.seats.iter().any(|seat| seat.uid == Some(uid) || seat.user == user);
        let placed = told.clone().filter(|(uid, user)| sits(*uid, user.id)).map(|(uid, _)| uid).collect();
        let only = match &*self.seats {
            [SeatBinding { uid: None, user, .. }] => role(*user),
            _ => None,
        };
        let directory = Directory {
            daemon_uid: self.daemon_uid,
            by_uid,
            gone,
            only,
            masked: self.masked.clone(),
            readers: self.readers.clone(),
            quiet_taps: self.quiet_taps,
            roles: users.iter().map(|user| (user.id, user.role)).collect(),
            called: users.iter().map(|user| (user.id, called(user))).collect(),
            tied: told.map(|(_, user)| user.id).collect(),
            placed,
            seats: Arc::clone(&self.seats),
        };
        self.now.send_replace(Arc::new(directory));
    }
}

fn called(user: &UserInfo) -> String {
    match user.name == user.login {
        true => user.login.clone(),
        false => format!("{} ({})", user.name, user.login),
    }
}

#[cfg(test)]
mod tests;
