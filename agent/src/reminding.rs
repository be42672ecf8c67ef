//! Tells seats of their users' tasks whose time to call has come (X4): `task.ls` shows them as 過去 from then on, and nobody asks for
//! it all the time. What fell due before the start is 過去 already, and tasks of nobody wait for whoever looks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use protocol::Event;
use store::{Assigned, Store, TaskFolder, TaskQuery, TaskRow, UserId};

use crate::clock::now;
use crate::control::EventHub;

/// A seat and whose it is.
pub(crate) type SeatOf = (String, UserId);

/// Looks every five seconds until the daemon ends, and leaves a mark that it lives, by which calls are ended that a crash cuts short.
pub(crate) async fn remind(store: Store, hub: Arc<EventHub>, seats: Vec<SeatOf>) {
    let mut since = now().wall;
    loop {
        pause().await;
        let wall = now().wall;
        if let Err(error) = store.alive(wall).await {
            tracing::debug!(%error, "it is not written down that calls go on");
        }
        match look(&store, &hub, &seats, since, wall).await {
            Ok(()) => since = wall,
            Err(error) => tracing::warn!(%error, "tasks that fall due could not be read; they are again"),
        }
    }
}

/// Tells of what fell due after `since` and until `wall`.
async fn look(
    store: &Store,
    hub: &EventHub,
    seats: &[SeatOf],
    since: i64,
    wall: i64,
) -> Result<(), store::Error> {
    // Nobody is told of another's, and the tasks of one user are found by an index: those of all would be looked through.
    let users: BTreeSet<UserId> = seats.iter().map(|(_, user)| *user).collect();
    for user in users {
        look_for(user, store, hub, seats, (since, wall)).await?;
    }
    Ok(())
}

async fn look_for(
    user: UserId,
    store: &Store,
    hub: &EventHub,
    seats: &[SeatOf],
    (since, wall): (i64, i64),
) -> Result<(), store::Error> {
    let mut after = None;
    loop {
        let folder = Some(TaskFolder::Past);
        let query = TaskQuery {
            owner: Some(Assigned::To(user)),
            folder,
            due_after: Some(since),
            after,
            limit: PAGE,
            now: wall,
            ..TaskQuery::default()
        };
        let page = store.tasks(query).await?;
        for task in &page {
            tell(store, hub, seats, task, wall).await?;
        }
        after = page.last().map(|task| task.id);
        if page.len() < PAGE as usize {
            return Ok(());
        }
    }
}

async fn tell(
    store: &Store,
    hub: &EventHub,
    seats: &[SeatOf],
    task: &TaskRow,
    wall: i64,
) -> Result<(), store::Error> {
    let (Some(owner), Some(due_at)) = (task.owner, task.due_at) else { return Ok(()) };
    let past = store.task_counts(Some(Assigned::To(owner)), None, wall).await?.past;
    for (seat, _) in seats.iter().filter(|(_, user)| *user == owner) {
        let due = Event::TaskDue {
            seat: seat.clone(),
            task: task.id,
            due_at,
            attempt: task.attempt.to_string(),
            lead: task.lead.map(|lead| lead.to_string()),
            past,
        };
        hub.publish_at(due, wall);
    }
    Ok(())
}

async fn pause() {
    #[expect(clippy::disallowed_methods, reason = "the daemon's own pace, no part of a core")]
    tokio::time::sleep(EVERY).await;
}

const EVERY: Duration = Duration::from_secs(5);
/// Tasks read at once.
const PAGE: u32 = 1_000;
