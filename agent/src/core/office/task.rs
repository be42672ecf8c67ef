//! Tasks (対応タスク).

use protocol::params::{TaskAssign, TaskDone, TaskDue, TaskLs};
use protocol::result::{TaskCounts, TaskPage, TaskRow};
use protocol::{ErrorCode, RpcError};
use store::{Role, Store, TaskChange, TaskFolder, TaskQuery, TaskStep};

use super::{Asker, named_ever, refused, rows, user_named};

pub(super) async fn list(
    store: &Store,
    p: TaskLs,
    asker: Asker,
    private: bool,
) -> Result<TaskPage, RpcError> {
    let operator = asker.who.role == Role::Operator;
    let owner = match (&p.owner, p.all) {
        (Some(login), _) => Some(named_ever(store, login).await?),
        (None, true) => None,
        // S4.20: an operator's view is their own; whoever watches sees everybody's.
        (None, false) if operator => asker.who.user,
        (None, false) => None,
    };
    if private && operator && (owner.is_none() || owner != asker.who.user) {
        return Err(RpcError::with_detail(ErrorCode::Permission, "people.private_tasks"));
    }
    let folder = match p.folder.as_deref() {
        None => None,
        Some(word) => {
            let bad = || RpcError::with_detail(ErrorCode::Value, "folder is one of past, future, free");
            Some(word.parse::<TaskFolder>().map_err(|_| bad())?)
        }
    };
    let limit = p.limit.unwrap_or(100).clamp(1, 1_000);
    let query = TaskQuery {
        owner,
        granted_to: asker.bound(),
        folder,
        include_closed: p.closed,
        phone: p.number,
        after: p.after,
        limit,
        now: asker.now,
    };
    let found = store.tasks(query).await.map_err(refused)?;
    let counts = store.task_counts(owner, asker.bound(), asker.now).await.map_err(refused)?;
    let full = u32::try_from(found.len()).is_ok_and(|count| count == limit);
    Ok(TaskPage {
        next: found.last().filter(|_| full).map(|task| task.id),
        rows: found.iter().map(rows::task).collect(),
        counts: TaskCounts { past: counts.past, future: counts.future, free: counts.free },
    })
}

pub(super) async fn done(store: &Store, p: &TaskDone, asker: Asker) -> Result<TaskRow, RpcError> {
    let what = if p.undo { TaskStep::Reopen } else { TaskStep::Close };
    change(store, p.task, what, asker).await
}

pub(super) async fn assign(store: &Store, p: TaskAssign, asker: Asker) -> Result<TaskRow, RpcError> {
    let owner = match &p.owner {
        Some(login) => Some(user_named(store, login).await?),
        None => None,
    };
    change(store, p.task, TaskStep::Reassign(owner), asker).await
}

pub(super) async fn due(store: &Store, p: &TaskDue, asker: Asker) -> Result<TaskRow, RpcError> {
    change(store, p.task, TaskStep::Due(p.due_at), asker).await
}

async fn change(store: &Store, task: i64, what: TaskStep, asker: Asker) -> Result<TaskRow, RpcError> {
    let change = TaskChange { task, what, scope: asker.scope, by: asker.actor(), now: asker.now };
    Ok(rows::task(&store.task_change(change).await.map_err(refused)?))
}
