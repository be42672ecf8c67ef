//! Tells seats of their users' tasks whose time to call comes within a minute, and has come (X4): `task.ls` shows them as 過去 from then on, and nobody asks for
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
    // Of what falls due within the first minute nobody was told.
    let mut foreseen = since;
    loop {
        pause().await;
        let wall = now().wall;
        if let Err(error) = store.alive(wall).await {
            tracing::debug!(%error, "it is not written down that calls go on");
        }
        match look(&store, &hub, &seats, Told::Due, (since, wall)).await {
            Ok(()) => since = wall,
            Err(error) => tracing::warn!(%error, "tasks that fall due could not be read; they are again"),
        }
        let ahead = (foreseen.max(wall), wall + AHEAD_MS);
        match look(&store, &hub, &seats, Told::Soon, ahead).await {
            Ok(()) => foreseen = ahead.1,
            Err(error) => {
                tracing::warn!(%error, "tasks that fall due soon could not be read; they are again")
            }
        }
    }
}

/// What a seat is told of a task.
#[derive(Clone, Copy, Debug)]
enum Told {
    /// Its time comes.
    Soon,
    /// Its time has come.
    Due,
}

/// Tells of what falls due after the first of these moments and until the second.
async fn look(
    store: &Store,
    hub: &EventHub,
    seats: &[SeatOf],
    told: Told,
    within: (i64, i64),
) -> Result<(), store::Error> {
    // Nobody is told of another's, and the tasks of one user are found by an index: those of all would be looked through.
    let users: BTreeSet<UserId> = seats.iter().map(|(_, user)| *user).collect();
    for user in users {
        look_for(user, store, hub, seats, told, within).await?;
    }
    Ok(())
}

async fn look_for(
    user: UserId,
    store: &Store,
    hub: &EventHub,
    seats: &[SeatOf],
    told: Told,
    (since, until): (i64, i64),
) -> Result<(), store::Error> {
    let mut after = None;
    loop {
        let folder = Some(TaskFolder::Past);
        let query = TaskQuery {
            owner: Some(Assigned::To(user)),
            folder,
            due_after: Some(since),
            callable: true,
            after,
            limit: PAGE,
            now: until,
            ..TaskQuery::default()
        };
        let page = store.tasks(query).await?;
        for task in &page {
            tell(store, hub, seats, task, told).await?;
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
    told: Told,
) -> Result<(), store::Error> {
    let (Some(owner), Some(due_at)) = (task.owner, task.due_at) else { return Ok(()) };
    let wall = now().wall;
    let past = match told {
        Told::Soon => 0,
        Told::Due => store.task_counts(Some(Assigned::To(owner)), None, wall).await?.past,
    };
    for (seat, _) in seats.iter().filter(|(_, user)| *user == owner) {
        let (seat, attempt, lead) =
            (seat.clone(), task.attempt.to_string(), task.lead.map(|lead| lead.to_string()));
        let event = match told {
            Told::Soon => Event::TaskSoon { seat, task: task.id, due_at, attempt, lead },
            Told::Due => Event::TaskDue { seat, task: task.id, due_at, attempt, lead, past },
        };
        hub.publish_at(event, wall);
    }
    Ok(())
}

async fn pause() {
    #[expect(clippy::disallowed_methods, reason = "the daemon's own pace, no part of a core")]
    tokio::time::sleep(EVERY).await;
}

const EVERY: Duration = Duration::from_secs(5);
/// How long before its time a task is told.
const AHEAD_MS: i64 = 60_000;
/// Tasks read at once.
const PAGE: u32 = 1_000;
