//! What an import asks while it reads: whose a login is, and which names a number has already.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::super::in_bin::{self, InBin};
use super::super::{all, one, rests, unsigned};
use crate::error::{Doing, Result};
use crate::id::{ImportId, ListId, UserId};
use crate::name_key::login_key;
use crate::phone::Phone;

/// Answers from a connection of its own, which is opened with the first question: most files ask nothing.
///
/// An answer that could not be had is none; [`Self::check`] says so before anything of the file counts.
pub(crate) struct Known {
    path: PathBuf,
    /// `None`: numbers are those of contacts.
    list: Option<ListId>,
    db: Option<Connection>,
    users: HashMap<String, Option<UserId>>,
    /// Users by what their logins are without regard to case and width, read when first needed; `None`: several are alike.
    folded: Option<HashMap<String, Option<UserId>>>,
    /// Numbers of the list's bin, read when first asked for.
    in_bin: Option<HashMap<u64, InBin>>,
    /// When numbers were dialed whose calls a restore left behind, likewise.
    rests: Option<HashMap<u64, i64>>,
    failed: Option<rusqlite::Error>,
}

/// The names that a number has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HasNames {
    pub(crate) company: bool,
    pub(crate) person: bool,
}

impl HasNames {
    /// As good as both.
    pub(crate) const BOTH: Self = Self { company: true, person: true };
}

impl Known {
    /// `database`: its file.
    pub(crate) fn new(database: &Path, list: Option<ListId>) -> Self {
        let path = database.to_owned();
        Self {
            path,
            list,
            db: None,
            users: HashMap::new(),
            folded: None,
            in_bin: None,
            rests: None,
            failed: None,
        }
    }

    /// The user of a login who may own the rows, written exactly so or else the only one that differs in case or width (S4.24). Nobody who
    /// was deleted (S4.23), and of leads nobody who does not call (S1.7).
    pub(crate) fn user(&mut self, login: &str) -> Option<UserId> {
        if let Some(known) = self.users.get(login) {
            return *known;
        }
        let sql = format!("SELECT id FROM users WHERE login = ?1 AND {}", self.may_own());
        let found = self.ask(|db| one(db, &sql, [login], |r| r.get(0)));
        let found = found.or_else(|| self.alike(login));
        // A file may name somebody else in every row.
        if self.users.len() >= MOST_USERS {
            self.users.clear();
        }
        self.users.insert(login.to_owned(), found);
        found
    }

    fn may_own(&self) -> &'static str {
        match self.list {
            Some(_) => "deleted_at IS NULL AND role IN ('MGR', 'SV', 'OP')",
            None => "deleted_at IS NULL",
        }
    }

    fn alike(&mut self, login: &str) -> Option<UserId> {
        if self.folded.is_none() {
            let sql = format!("SELECT id, login FROM users WHERE {}", self.may_own());
            let users: Vec<(UserId, String)> =
                self.ask(|db| all(db, &sql, [], |r| Ok((r.get(0)?, r.get(1)?))).map(Some))?;
            let mut folded = HashMap::with_capacity(users.len());
            for (id, login) in users {
                folded.entry(login_key(&login)).and_modify(|known| *known = None).or_insert(Some(id));
            }
            self.folded = Some(folded);
        }
        self.folded.as_ref()?.get(&login_key(login)).copied().flatten()
    }

    /// Which names the lead or contact of a number has; `None`: there is none. A contact that is only what the network said of a
    /// caller has none either.
    pub(crate) fn names(&mut self, phone: &Phone) -> Option<HasNames> {
        let list = self.list;
        let names = |r: &rusqlite::Row<'_>| Ok(HasNames { company: r.get(0)?, person: r.get(1)? });
        self.ask(|db| match list {
            Some(list) => {
                let sql = "SELECT ifnull(d.company, '') <> '', ifnull(d.person, '') <> ''
                           FROM lead_numbers n JOIN leads d ON d.list_id = n.list_id AND d.position = n.position
                           WHERE n.phone = ?1 AND n.list_id = ?2";
                one(db, sql, (phone.expose(), list), names)
            }
            None => {
                let sql = "SELECT ifnull(c.company, '') <> '', ifnull(c.person, '') <> ''
                           FROM contact_phones p JOIN contacts c ON c.id = p.contact_id
                           WHERE p.phone = ?1 AND p.live = 1 AND c.stub = 0";
                one(db, sql, [phone.expose()], names)
            }
        })
    }

    /// What lies in the list's bin of a number that was excluded, or called.
    pub(crate) fn in_bin(&mut self, phone: &Phone) -> Option<InBin> {
        let list = self.list?;
        if self.in_bin.is_none() {
            let found = self.ask(|db| in_bin::of_list(db, list).map(Some));
            self.in_bin = Some(found.unwrap_or_default());
        }
        // Most bins are empty.
        self.in_bin.as_ref().filter(|all| !all.is_empty())?.get(&phone.key()).copied()
    }

    /// When the number was dialed last by a call that stays in a database which a copy replaced (D24).
    pub(crate) fn rests(&mut self, phone: &Phone) -> Option<i64> {
        self.list?;
        if self.rests.is_none() {
            let found = self.ask(|db| rests::last_of_all(db).map(Some));
            self.rests = Some(found.unwrap_or_default());
        }
        // Few databases ever took the place of another.
        self.rests.as_ref().filter(|all| !all.is_empty())?.get(&phone.key()).copied()
    }

    /// What is told of it.
    pub(crate) fn of_bin(&mut self, known: InBin) -> String {
        self.ask(|db| in_bin::told(db, known).map(Some)).unwrap_or_default()
    }

    /// Owners of an import's new leads, and of those that its file gave to somebody else, who may not use their list (X7), by login, and
    /// of how many each is: nobody is offered these.
    pub(crate) fn shut_out(&mut self, import: ImportId) -> Result<Vec<(String, u64)>> {
        let Some(list) = self.list else { return Ok(Vec::new()) };
        let found = self.ask(|db| {
            // Most lists are everybody's.
            if one(db, "SELECT 1 FROM grants WHERE list_id = ?1", [list], |_| Ok(()))?.is_none() {
                return Ok(None);
            }
            let sql = "SELECT u.login, count(*) FROM (
                         SELECT id FROM leads WHERE list_id = ?1 AND import_id = ?2
                           AND position >= (SELECT first_position FROM imports WHERE id = ?2)
                         UNION SELECT row_id FROM import_changes
                           WHERE import_id = ?2 AND kind = 'lead' AND json_type(before, '$.owner') IS NOT NULL
                       ) n JOIN leads d ON d.id = n.id JOIN users u ON u.id = d.assigned_user_id
                       WHERE u.role NOT IN ('MGR', 'SV')
                         AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.list_id = ?1 AND g.user_id = u.id)
                       GROUP BY u.id ORDER BY u.login";
            all(db, sql, (list, import), |r| Ok((r.get(0)?, unsigned(r, 1)?))).map(Some)
        });
        self.check()?;
        Ok(found.unwrap_or_default())
    }

    /// Whether every question was answered.
    ///
    /// # Errors
    /// What the storage said.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.failed.take().map_or(Ok(()), |error| Err(error).doing("read what an import asks"))
    }

    fn ask<T>(&mut self, question: impl FnOnce(&Connection) -> rusqlite::Result<Option<T>>) -> Option<T> {
        let db = match &mut self.db {
            Some(db) => Ok(&*db),
            none => open(&self.path).map(|db| &*none.insert(db)),
        };
        db.and_then(question).unwrap_or_else(|error| {
            self.failed.get_or_insert(error);
            None
        })
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "query_only", true)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    super::super::open::steady_plans(&db)?;
    Ok(db)
}

/// Logins remembered at once.
const MOST_USERS: usize = 4096;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Numbers come in no order.
const CACHE_KIB: i64 = 2048;
