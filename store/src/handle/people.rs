//! Users, projects, contacts and statuses.

use super::Store;
use crate::error::Result;
use crate::id::{ProjectId, UserId};
use crate::model::{ContactInfo, DispositionInfo, ProjectInfo, Role, UserInfo};

/// Users, projects, contacts, statuses.
impl Store {
    /// The user of this login, created when new; a live user is left as it is.
    ///
    /// # Errors
    /// [`crate::Error::UserTombstone`].
    pub async fn ensure_user(&self, login: &str, name: &str, role: Role, now: i64) -> Result<UserId> {
        let (login, name) = (login.to_owned(), name.to_owned());
        self.write(move |b| b.ensure_user(&login, &name, role, now)).await
    }

    /// All live users by login.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn users(&self) -> Result<Vec<UserInfo>> {
        self.ask(|b| b.users()).await
    }

    /// The project of this name, created when new; a caller number given replaces the old one. For a project that the program itself
    /// needs: one that somebody asks for is made by [`Self::create_project`], with its row in the audit log.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn ensure_project(&self, name: &str, caller_id: Option<&str>, now: i64) -> Result<ProjectId> {
        let (name, caller_id) = (name.to_owned(), caller_id.map(str::to_owned));
        self.write(move |b| b.ensure_project(&name, caller_id.as_deref(), now)).await
    }

    /// All live projects by name.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn projects(&self) -> Result<Vec<ProjectInfo>> {
        self.ask(|b| b.projects()).await
    }

    /// All result statuses in order.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn dispositions(&self) -> Result<Vec<DispositionInfo>> {
        self.ask(|b| b.dispositions()).await
    }

    /// Who a number belongs to, as a person or the network writes it; `None` when nobody or not a number.
    ///
    /// # Errors
    /// Storage errors only.
    pub async fn contact(&self, phone: &str) -> Result<Option<ContactInfo>> {
        let phone = phone.to_owned();
        self.ask(move |b| b.contact(&phone)).await
    }
}
