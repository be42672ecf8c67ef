//! Grants: whether the list, lead, call or project that a command names is one that its giver may use (X7, S4.5).
//!
//! This is looked up once, before the command is carried out, for every command of every surface.

use protocol::{Command, Detail, ErrorCode, RpcError};
use store::{AttemptId, LeadId, ListId, Scope, Store, UserId};

use super::Core;
use super::job::Done;
use super::office::id;
use super::query::find;
use super::refusal::store_error;
use super::seat::Reply;
use crate::control::Who;
use crate::permission::Reach;

/// A command that waits until it is known whether it may reach what it names.
pub(crate) struct Bound {
    pub(super) command: Command,
    pub(super) who: Who,
    pub(super) scope: Scope,
    pub(super) reply: Reply,
}

impl Core {
    pub(super) fn within_grants(&mut self, bound: Bound, reach: Vec<Reach>) {
        let store = self.store.clone();
        let user = grantee(&bound.who);
        self.jobs.spawn(async move {
            let result = may_reach_all(&store, reach, user).await;
            Done::Reached { bound: Box::new(bound), result }
        });
    }
}

/// Whom grants are looked up for: somebody who is nobody's user has none, and uses the lists that are open to everybody.
pub(super) fn grantee(who: &Who) -> UserId {
    who.user.unwrap_or(UserId(0))
}

/// Leads that somebody bound by grants names in one command.
const MOST_LEADS: usize = 1000;

async fn may_reach_all(store: &Store, reach: Vec<Reach>, user: UserId) -> Result<(), RpcError> {
    for reach in reach {
        may_reach(store, reach, user).await?;
    }
    Ok(())
}

async fn may_reach(store: &Store, reach: Reach, user: UserId) -> Result<(), RpcError> {
    let told = |error| store_error(&error);
    let list: Option<ListId> = match reach {
        Reach::List(name) => Some(find(store, &name).await?),
        Reach::Leads(name, leads) => {
            let list = find(store, &name).await?;
            // Which list the leads themselves are of is looked up with whose they are (`Sight::leads`).
            if leads > MOST_LEADS {
                let detail = ("一度に1000件までです", "at most 1000 leads at once");
                return Err(RpcError::with_detail(ErrorCode::BadRequest, detail));
            }
            Some(list)
        }
        Reach::Lead(lead) => {
            let lead: LeadId = id(&lead, "lead")?;
            Some(store.lead(lead).await.map_err(told)?.list)
        }
        Reach::Attempt(attempt) => {
            let attempt: AttemptId = id(&attempt, "attempt")?;
            let row = store.attempt(attempt).await.map_err(told)?;
            // Their own calls stay theirs.
            row.list.filter(|_| row.user != Some(user))
        }
        Reach::Project(name) => {
            let project = super::project::named(store, &name).await?;
            let grants = store.project_grants(project).await.map_err(told)?;
            return match grants.is_empty() || grants.iter().any(|grant| grant.user == user) {
                true => Ok(()),
                false => Err(RpcError::with_detail(ErrorCode::ListGrant, Detail::name(name))),
            };
        }
    };
    match list {
        Some(list) if !store.may_use_list(list, user).await.map_err(told)? => {
            Err(RpcError::from(ErrorCode::ListGrant))
        }
        _ => Ok(()),
    }
}
