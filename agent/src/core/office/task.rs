//! Tasks (対応タスク).

use protocol::params::{TaskAssign, TaskDone, TaskDue, TaskHandOver, TaskLs};
use protocol::result::{TaskCounts, TaskPage, TaskRow, TasksHandedOver};
use protocol::{ErrorCode, RpcError};
use store::{Assigned, Progress, Role, Store, TaskChange, TaskFolder, TaskQuery, TaskStep};

use super::super::manage::{Told, watched};
use super::user::ungranted;
use super::{Asker, named_ever, refused, rows, user_named};
use crate::said::one_of;

pub(super) async fn list(
    store: &Store,
    p: TaskLs,
    asker: Asker,
    private: bool,
) -> Result<TaskPage, RpcError> {
    let operator = asker.who.role == Role::Operator;
    let me = asker.who.user.filter(|_| operator);
    let owner = match (&p.owner, p.all) {
        (Some(login), _) if login.trim().is_empty() => Some(Assigned::Nobody),
        (Some(login), _) => Some(Assigned::To(named_ever(store, login).await?)),
        (None, true) => None,
        // S4.20: an operator's view is what they have to do, which nobody's tasks are too; whoever watches sees everybody's.
        // Who is nobody's user has none of their own.
        (None, false) => operator.then(|| me.map_or(Assigned::Nobody, Assigned::ToOrNobody)),
    };
    let theirs = match owner {
        Some(Assigned::To(user) | Assigned::ToOrNobody(user)) => Some(user) == me,
        Some(Assigned::Nobody) => true,
        None => false,
    };
    if private && operator && !theirs {
        let detail = (
            "設定 people.private_tasks により、表示できるのは自分と担当なしの対応タスクです",
            "the setting people.private_tasks shows operators their own tasks and nobody's only",
        );
        return Err(RpcError::with_detail(ErrorCode::Permission, detail));
    }
    let folder = match p.folder.as_deref() {
        None => None,
        Some(word) => {
            let bad = || RpcError::with_detail(ErrorCode::Value, one_of("folder", "past, future, free"));
            Some(word.parse::<TaskFolder>().map_err(|_| bad())?)
        }
    };
    let limit = p.limit.unwrap_or(100).clamp(1, 1_000);
    let query = TaskQuery {
        owner,
        granted_to: asker.bound(),
        folder,
        due_after: None,
        include_closed: p.closed,
        callable: false,
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
    let task = change(store, p.task, TaskStep::Reassign(owner), asker).await?;
    Ok(TaskRow { ungranted: ungranted(store, owner).await?, ..task })
}

pub(super) async fn hand_over(
    store: &Store,
    told: &Told,
    p: TaskHandOver,
    asker: Asker,
) -> Result<TasksHandedOver, RpcError> {
    let from = match &p.from {
        // Those of a deleted user are what has to be handed over most.
        Some(login) => Some(named_ever(store, login).await?),
        None => None,
    };
    let to = match &p.to {
        Some(login) => Some(user_named(store, login).await?),
        None => None,
    };
    let list = match &p.list {
        Some(name) => Some(store.list_by_name(name).await.map_err(refused)?.id),
        None => None,
    };
    let over = store::TaskHandOver { from, to, list };
    let progress = Progress::default();
    let work = store.hand_tasks_over(over, asker.actor(), asker.now, progress.clone());
    let look = || (progress.done(), progress.total());
    let of = p.from.as_deref().unwrap_or_default();
    let tasks = watched(told, ("tasks", of), look, work).await.map_err(refused)?;
    Ok(TasksHandedOver { tasks, ungranted: ungranted(store, to).await? })
}

pub(super) async fn due(store: &Store, p: &TaskDue, asker: Asker) -> Result<TaskRow, RpcError> {
    change(store, p.task, TaskStep::Due(p.due_at), asker).await
}

async fn change(store: &Store, task: i64, what: TaskStep, asker: Asker) -> Result<TaskRow, RpcError> {
    let change = TaskChange { task, what, scope: asker.scope, by: asker.actor(), now: asker.now };
    Ok(rows::task(&store.task_change(change).await.map_err(refused)?))
}
