//! Grants: whether the list, lead, call or project that a command names is one that its giver may use (X7, S4.5), and the lead one
//! that they see (S1.37).
//!
//! This is looked up once, before the command is carried out, for every command of every surface.

use protocol::{Command, Detail, ErrorCode, RpcError};
use store::{Action, AttemptId, LeadId, ListId, Scope, Store, UserId, permits};

use super::Core;
use super::job::Done;
use super::office::id;
use super::query::{find, list_named};
use super::refusal::store_error;
use super::seat::Reply;
use super::sight::{Sight, may_use_project};
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
        let who = bound.who;
        self.jobs.spawn(async move {
            let mut result = Ok(());
            for one in reach {
                result = may_reach(&store, one, &who).await;
                if result.is_err() {
                    break;
                }
            }
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

/// The list whose grants say whether somebody may reach a call, or the project's where it is of no list: their own calls stay theirs.
async fn of_call(
    store: &Store,
    attempt: AttemptId,
    who: &Who,
    user: UserId,
) -> Result<Option<ListId>, RpcError> {
    let told = |error| store_error(&error);
    let row = store.attempt(attempt).await.map_err(told)?;
    // Who reads what is reported learns of no other call, whosever list it is of.
    if permits(who.role, Action::HistoryView) == Scope::Reported && !row.reported {
        return Err(told(store::Error::NotFound { what: "attempt", key: attempt.to_string() }));
    }
    match (row.list, row.project) {
        _ if row.user == Some(user) => Ok(None),
        (None, Some(project)) if !may_use_project(store, project, user).await? => {
            Err(RpcError::from(ErrorCode::ListGrant))
        }
        (list, _) => Ok(list),
    }
}

/// Whether somebody bound by grants sees a call (X7).
pub(super) async fn seen_call(store: &Store, attempt: AttemptId, who: &Who) -> Result<bool, RpcError> {
    let user = grantee(who);
    match of_call(store, attempt, who, user).await {
        Ok(Some(list)) => store.may_use_list(list, user).await.map_err(|error| store_error(&error)),
        Ok(None) => Ok(true),
        Err(error) if matches!(error.error_code(), Some(ErrorCode::ListGrant | ErrorCode::NotFound)) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

async fn may_reach(store: &Store, reach: Reach, who: &Who) -> Result<(), RpcError> {
    let told = |error| store_error(&error);
    let user = grantee(who);
    let mut named = None;
    let list: Option<ListId> = match reach {
        // What may be in the bin is looked for by the command itself.
        Reach::List(name) => list_named(store, Some(&name)).await?,
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
            let row = store.lead(lead).await.map_err(told)?;
            Some(named.insert(row).list)
        }
        Reach::Attempt(attempt) => of_call(store, id(&attempt, "attempt")?, who, user).await?,
        Reach::Task(task) => {
            // Which folder it is in is not asked.
            let task = store.task(task, 0).await.map_err(told)?;
            match task.lead {
                Some(lead) => Some(named.insert(store.lead(lead).await.map_err(told)?).list),
                None => of_call(store, task.attempt, who, user).await?,
            }
        }
        Reach::Project(name) => {
            let project = super::project::named(store, &name).await?;
            return match may_use_project(store, project, user).await? {
                true => Ok(()),
                false => Err(RpcError::with_detail(ErrorCode::ListGrant, Detail::name(name))),
            };
        }
    };
    match list {
        Some(list) if !store.may_use_list(list, user).await.map_err(told)? => {
            Err(RpcError::from(ErrorCode::ListGrant))
        }
        // Of a list that they may use they see the leads they call (S1.37).
        _ => match named {
            Some(lead) => Sight::of(who).lead(store, &lead).await,
            None => Ok(()),
        },
    }
}
