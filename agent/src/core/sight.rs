//! Which lists and leads somebody sees (S1.36–S1.38, X7).
//!
//! Managers and supervisors see all of them. Everybody else sees lists that are enabled and granted to them or to nobody in
//! particular; an operator only leads of their own, and those of nobody where the project pools them.

use protocol::{Detail, ErrorCode, RpcError};
use store::{
    Action, Assigned, LeadId, LeadPlace, LeadRow, ListInfo, ProjectId, ProjectRow, Role, Scope, Store,
    UserId, permits,
};

use super::refusal::store_error;
use crate::control::Who;

/// What of the lists somebody sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    user: Option<UserId>,
    /// Every list, whatever its grants.
    all: bool,
    /// Only leads of their own.
    own: bool,
    /// Numbers masked (S3.14).
    masked: bool,
}

impl Sight {
    pub(super) fn of(who: &Who) -> Self {
        let scope = permits(who.role, Action::ListView);
        let all = matches!(who.role, Role::Manager | Role::Supervisor);
        Self { user: who.user, all, own: scope != Scope::All, masked: who.masked }
    }

    /// Whether they see numbers masked.
    pub(super) fn is_masked(self) -> bool {
        self.masked
    }

    /// Whether there are leads that they do not see.
    pub(super) fn is_narrow(self) -> bool {
        self.own || !self.all
    }

    /// Every list there is to see.
    pub(super) async fn lists(self, store: &Store) -> Result<Vec<ListInfo>, RpcError> {
        let lists = match self.all {
            true => store.lists().await,
            false => store.visible_lists(self.user, self.own).await,
        };
        lists.map_err(|error| store_error(&error))
    }

    /// The list of this name; one that is not to be seen is not there.
    pub(super) async fn list(self, store: &Store, name: &str) -> Result<ListInfo, RpcError> {
        let list = store.list_by_name(name).await.map_err(|error| store_error(&error))?;
        if self.all {
            return Ok(list);
        }
        let user = self.user.unwrap_or(NOBODY);
        let granted = store.may_use_list(list.id, user).await.map_err(|error| store_error(&error))?;
        if list.enabled && granted {
            Ok(list)
        } else {
            Err(RpcError::with_detail(ErrorCode::ListUnknown, Detail::name(list.name)))
        }
    }

    /// Of the leads asked for, those that are to be seen.
    pub(super) fn narrow(self, list: &ListInfo, asked: Option<Assigned>) -> Option<Assigned> {
        if !self.own {
            return asked;
        }
        let user = self.user.unwrap_or(NOBODY);
        Some(match asked {
            None if list.pooled => Assigned::ToOrNobody(user),
            None => Assigned::To(user),
            Some(Assigned::Nobody) if list.pooled => Assigned::Nobody,
            Some(Assigned::ToOrNobody(other)) if list.pooled && other == user => Assigned::ToOrNobody(user),
            Some(Assigned::To(other) | Assigned::ToOrNobody(other)) if other == user => Assigned::To(user),
            // Nobody is asked for whose leads these could be.
            Some(Assigned::To(_) | Assigned::ToOrNobody(_) | Assigned::Nobody) => Assigned::To(NOBODY),
        })
    }

    /// Refuses a lead that is not to be seen.
    pub(super) async fn lead(self, store: &Store, lead: &LeadRow) -> Result<(), RpcError> {
        if self.all {
            return Ok(());
        }
        let list = self.list(store, &lead.list.to_string()).await?;
        if self.shows(&list, lead.assigned) { Ok(()) } else { Err(unseen()) }
    }

    /// Whether a lead of a list that is to be seen is to be seen itself.
    fn shows(self, list: &ListInfo, assigned: Option<UserId>) -> bool {
        match assigned {
            _ if !self.own => true,
            Some(owner) => Some(owner) == self.user,
            None => list.pooled,
        }
    }

    /// Which of these leads are to be seen.
    pub(super) async fn seen(self, store: &Store, leads: Vec<LeadId>) -> Result<Vec<LeadId>, RpcError> {
        let places = store.lead_places(leads).await.map_err(|error| store_error(&error))?;
        let lists = self.lists(store).await?;
        let shown = |place: &LeadPlace| {
            lists.iter().any(|list| list.id == place.list && self.shows(list, place.assigned))
        };
        Ok(places.into_iter().filter(shown).map(|place| place.id).collect())
    }

    /// Every project but those that are granted to others (X7).
    pub(super) async fn projects(self, store: &Store) -> Result<Vec<ProjectRow>, RpcError> {
        let projects = store.project_rows().await.map_err(|error| store_error(&error))?;
        if !self.all {
            let user = self.user.unwrap_or(NOBODY);
            let mut open = Vec::with_capacity(projects.len());
            for project in projects {
                if may_use_project(store, project.id, user).await? {
                    open.push(project);
                }
            }
            return Ok(open);
        }
        Ok(projects)
    }

    /// Refuses leads of another list than the one that is named, since other leads are meant then, and those that are not to be
    /// seen. One that is gone changes nothing for whoever sees them all.
    pub(super) async fn leads(
        self,
        store: &Store,
        list: &ListInfo,
        leads: &[LeadId],
    ) -> Result<(), RpcError> {
        let places = store.lead_places(leads.to_vec()).await.map_err(|error| store_error(&error))?;
        if let Some(LeadPlace { id, .. }) = places.iter().find(|place| place.list != list.id) {
            let name = &list.name;
            let detail = (format!("リスト {name} の発信先 {id}"), format!("lead {id} on list {name:?}"));
            return Err(RpcError::with_detail(ErrorCode::NotFound, detail));
        }
        let seen = |place: &LeadPlace| self.shows(list, place.assigned);
        if self.is_narrow() && (places.len() < leads.len() || !places.iter().all(seen)) {
            return Err(unseen());
        }
        Ok(())
    }
}

/// Whether a project is granted to a user, or to nobody in particular (X7).
pub(super) async fn may_use_project(
    store: &Store,
    project: ProjectId,
    user: UserId,
) -> Result<bool, RpcError> {
    let grants = store.project_grants(project).await.map_err(|error| store_error(&error))?;
    Ok(grants.is_empty() || grants.iter().any(|grant| grant.user == user))
}

pub(super) fn unseen() -> RpcError {
    RpcError::with_detail(ErrorCode::NotFound, ("発信先", "lead"))
}

/// No identifier of a user: they begin with a time.
const NOBODY: UserId = UserId(0);

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pooled: bool) -> ListInfo {
        ListInfo {
            id: store::ListId(1),
            name: "リスト".into(),
            project: ProjectId(1),
            project_name: "案件".into(),
            enabled: true,
            round: 1,
            order: store::DialOrder::Position,
            profile: "open".into(),
            pooled,
            columns: Vec::new(),
            total: 0,
            dialable: 0,
            shut_out: 0,
            unassigned: 0,
            blocked: 0,
            worked: 0,
            excluded: 0,
            skipped: 0,
            created_at: 0,
        }
    }

    /// S1.37: an operator sees their own leads, and nobody's where the project pools them, whatever they ask for.
    #[test]
    fn an_operator_asks_for_nobody_else_s_leads() {
        let me = UserId(7);
        let who = |role| Who {
            uid: 1000,
            owner: false,
            user: Some(me),
            gone: false,
            role,
            masked: false,
            reads_contacts: false,
            sees_taps: true,
        };
        let operator = Sight::of(&who(Role::Operator));
        let (pool, closed) = (list(true), list(false));
        assert_eq!(operator.narrow(&pool, None), Some(Assigned::ToOrNobody(me)));
        assert_eq!(operator.narrow(&closed, None), Some(Assigned::To(me)));
        assert_eq!(operator.narrow(&pool, Some(Assigned::Nobody)), Some(Assigned::Nobody));
        assert_eq!(operator.narrow(&closed, Some(Assigned::Nobody)), Some(Assigned::To(NOBODY)));
        assert_eq!(operator.narrow(&pool, Some(Assigned::To(UserId(8)))), Some(Assigned::To(NOBODY)));
        assert_eq!(operator.narrow(&closed, Some(Assigned::To(me))), Some(Assigned::To(me)));
        for role in [Role::Manager, Role::Supervisor, Role::BackOffice] {
            assert_eq!(Sight::of(&who(role)).narrow(&closed, None), None, "{role}");
        }
    }
}
