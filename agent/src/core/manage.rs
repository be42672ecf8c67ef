//! Commands on projects, lists, leads, imports, figures, recordings and the database.

mod figures;
mod lead;
mod list;
mod recording;

use std::str::FromStr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::params::ListDelete;
use protocol::result::{Done as DoneResult, ListDeleted, RoundResult};
use protocol::{Command, Detail, ErrorCode, Event, RpcError};
use store::import::Cancel;
use store::{Actor, ListId, Progress, Scope};

use self::figures::{backup, check, tally, verify};
use self::lead::{lead, lead_add, lead_change, lead_edit, lead_phone, view};
use self::list::{
    bin, grant, imports, list_change, list_restore, project, project_change, project_grant, projects, undo,
};
pub(super) use self::recording::Fetches;
use self::recording::{delete, fetch, recordings};
use super::Core;
use super::command::respond;
use super::job::{Done, pause};
use super::refusal::store_error;
use super::seat::Reply;
use super::sight::Sight;
use crate::clock::Now;
use crate::control::{EventHub, Who};
use crate::keeping::Limits;

type Answer<T> = Result<T, RpcError>;

/// What an import goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Register {
    List(ListId),
    Contacts,
    DoNotCall,
}

impl Register {
    /// The word of the protocol.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::List(_) => "list",
            Self::Contacts => "contacts",
            Self::DoNotCall => "dnc",
        }
    }
}

/// Imports that run, and what they go into, so that they can be cancelled. Several may go into the contacts; a second one
/// into a list is refused, but only once it is here.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Mutex<Vec<(Register, Cancel)>>>);

impl Running {
    /// Keeps the switch of an import that begins, until the guard goes.
    pub(super) fn begin(&self, into: Register, cancel: Cancel) -> Guard {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((into, cancel.clone()));
        Guard { running: self.clone(), cancel }
    }

    /// Cancels every import that goes there; `false`: none does.
    pub(super) fn cancel(&self, into: Register, by: Actor, now: i64) -> bool {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.iter().filter(|(to, _)| *to == into).map(|(_, cancel)| cancel.cancel(by, now)).count() > 0
    }
}

/// An import under way.
pub(super) struct Guard {
    running: Running,
    cancel: Cancel,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut running = self.running.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|(_, cancel)| !cancel.is(&self.cancel));
    }
}

/// Who asks, and when.
#[derive(Clone, Copy)]
struct By {
    actor: Actor,
    now: i64,
}

/// Whose change it is, for the audit log.
pub(super) fn actor(who: &Who) -> Actor {
    Actor { user: who.user, uid: Some(who.uid) }
}

/// Who is told of long work: whoever asked for it, and whoever monitors.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) hub: Arc<EventHub>,
    pub(super) asker: Option<u32>,
}

/// Tells how far work is until it is done; `look` gives what is done and how much there is, 0 while nobody knows.
pub(super) async fn watched<T>(
    told_to: &Told,
    (work, of): (&str, &str),
    look: impl Fn() -> (u64, u64),
    doing: impl Future<Output = T>,
) -> T {
    let mut doing = std::pin::pin!(doing);
    let mut told = (0, 0);
    loop {
        tokio::select! {
            result = &mut doing => return result,
            () = pause(TOLD_EVERY) => {}
        }
        let seen = look();
        if seen != told {
            told = seen;
            let total = Some(seen.1).filter(|total| *total > 0);
            let (work, of) = (work.to_owned(), of.to_owned());
            told_to.hub.publish_to(told_to.asker, Event::WorkProgress { work, of, done: seen.0, total });
        }
    }
}

/// Often enough for a bar that moves.
const TOLD_EVERY: Duration = Duration::from_millis(250);

/// Deletes a list, unless a seat calls down it: also in a break, or in a call of another kind between two of its leads (S1.28).
async fn list_delete(
    store: &store::Store,
    p: ListDelete,
    dialed: &[(ListId, String)],
    by: By,
) -> Answer<ListDeleted> {
    let list = store.list_by_name(&p.list).await.map_err(told)?;
    let seats: Vec<&str> =
        dialed.iter().filter(|(of, _)| *of == list.id).map(|(_, seat)| seat.as_str()).collect();
    if !seats.is_empty() {
        let seats = seats.join(", ");
        return Err(RpcError::with_detail(
            ErrorCode::ListBusy,
            (
                format!("席 {seats} が架電中です。`kakeru dial stop` のあとに削除してください"),
                format!("seat {seats} is calling down it; delete it after `kakeru dial stop` there"),
            ),
        ));
    }
    let tasks = store.lead_tasks(list.id).await.map_err(told)?.len() as u64;
    if !p.dry_run {
        store.delete_list(list.id, by.actor, by.now).await.map_err(told)?;
    }
    Ok(ListDeleted { of: list.name, leads: list.total, tasks })
}

impl Core {
    pub(super) fn manage(&mut self, command: Command, who: Who, scope: Scope, reply: Reply, now: Now) {
        let store = self.store.clone();
        let (sight, by) = (Sight::of(&who), By { actor: actor(&who), now: now.wall });
        match command {
            Command::ProjectLs(_) => self.spawn(reply, async move { projects(&store, sight).await }),
            Command::ProfileLs(_) => respond(reply, Ok(super::rows::profiles(store.profiles()))),
            Command::ProjectCreate(p) => self.spawn(reply, async move {
                let made = store.create_project(&p.name, p.caller_id.as_deref(), by.actor, by.now).await;
                made.map(project).map_err(told)
            }),
            Command::ProjectChange(p) => {
                self.spawn(reply, async move { project_change(&store, p, by).await })
            }
            Command::ProjectDelete(p) => self.spawn(reply, async move {
                let id = store.project_by_name(&p.project).await.map_err(told)?;
                store.delete_project(id, by.actor, by.now).await.map_err(told)?;
                Ok(DoneResult { of: p.project })
            }),
            Command::ProjectRestore(p) => self.spawn(reply, async move {
                store.restore_project(&p.name, by.actor, by.now).await.map(project).map_err(told)
            }),
            Command::ProjectGrant(p) => self.spawn(reply, async move { project_grant(&store, p, by).await }),
            Command::ListChange(p) => self.spawn(reply, async move { list_change(&store, p, by).await }),
            Command::ListDelete(p) => {
                let dialed: Vec<_> = self
                    .seats
                    .iter()
                    .filter_map(|seat| Some((seat.list.as_ref()?.id, seat.name.clone())))
                    .collect();
                self.spawn(reply, async move { list_delete(&store, p, &dialed, by).await });
            }
            Command::ListRestore(p) => {
                let told = self.told(&who);
                self.spawn(reply, async move { list_restore(&store, &told, p, by).await });
            }
            Command::ListBin(p) => self.spawn(reply, async move { bin(&store, p, by.now).await }),
            Command::ListRound(p) => self.spawn(reply, async move {
                let list = store.list_by_name(&p.list).await.map_err(told)?;
                let round = store.next_round(list.id, by.actor, by.now).await.map_err(told)?;
                Ok(RoundResult { list: list.name, round })
            }),
            Command::ListGrant(p) => self.spawn(reply, async move { grant(&store, p, by).await }),
            Command::ListView(p) => self.spawn(reply, async move { view(&store, p, sight).await }),
            Command::LeadShow(p) => self.spawn(reply, async move { lead(&store, &p.lead).await }),
            Command::LeadAdd(p) => {
                let contacts = self.config.contacts.max;
                self.spawn(reply, async move { lead_add(&store, p, contacts, by).await });
            }
            Command::LeadEdit(p) => self.spawn(reply, async move { lead_edit(&store, p, by).await }),
            Command::LeadChange(p) => {
                let told = self.told(&who);
                self.spawn(reply, async move { lead_change(&store, &told, p, by, sight).await });
            }
            Command::LeadPhone(p) => self.spawn(reply, async move { lead_phone(&store, p, by).await }),
            Command::ListImports(p) => self.spawn(reply, async move { imports(&store, p).await }),
            Command::ListImportUndo(p) => {
                let told = self.told(&who);
                self.spawn(reply, async move { undo(&store, &told, p, by).await });
            }
            Command::ListImportCancel(p) => {
                let running = self.running_imports.clone();
                self.spawn(reply, async move {
                    let list = store.list_by_name(&p.list).await.map_err(told)?;
                    match running.cancel(Register::List(list.id), by.actor, by.now) {
                        true => Ok(DoneResult { of: list.name }),
                        false => Err(RpcError::with_detail(
                            ErrorCode::NotFound,
                            ("取り込み中ではありません", "no import runs into it"),
                        )),
                    }
                });
            }
            Command::StatsTally(p) => {
                let bound = crate::permission::is_bound(&who).then(|| super::reach::grantee(&who));
                self.spawn(reply, async move { tally(&store, p, bound, by.now).await });
            }
            Command::StatsVerify(_) => {
                self.spawn_read(&who, reply, ("verify", ""), move |progress| async move {
                    verify(&store, progress).await
                });
            }
            Command::StatsMend(_) => {
                self.spawn_read(&who, reply, ("verify", ""), move |progress| async move {
                    figures::mend(&store, by, progress).await
                });
            }
            Command::RecordingLs(p) => {
                let own = (scope == Scope::Own).then(|| super::reach::grantee(&who));
                self.spawn(reply, async move { recordings(&store, p, own).await });
            }
            Command::RecordingHold(p) => self.spawn(reply, async move {
                let attempt = super::office::id(&p.attempt, "attempt")?;
                let held = match p.release {
                    true => store.release_recording(attempt, by.actor, by.now).await,
                    false => store.hold_recording(attempt, p.reason.as_deref(), by.actor, by.now).await,
                };
                held.map(|_| DoneResult { of: p.attempt }).map_err(told)
            }),
            Command::RecordingFetch(p) => {
                let own = (scope == Scope::Own).then(|| super::reach::grantee(&who));
                let fetches = self.fetches.clone();
                self.spawn(reply, async move { fetch(&store, &p, own, (&fetches, by)).await });
            }
            Command::RecordingDelete(p) => {
                let (limits, kept) = (Limits::of(&self.config), Arc::clone(&self.kept));
                self.spawn(reply, async move { delete(&store, p, (&limits, &kept), by).await });
            }
            Command::RecordingExported(p) => self.spawn(reply, async move {
                if p.recordings.len() > 1_000 {
                    return Err(bad(("一度に1000件までです", "at most 1000 recordings at once")));
                }
                let of = p.recordings.len().to_string();
                store.recordings_exported(p.recordings, by.actor, by.now).await.map_err(told)?;
                Ok(DoneResult { of })
            }),
            Command::RecordingQuota(_) => {
                let limits = Limits::of(&self.config);
                self.spawn(reply, async move { limits.forecast(&store, by.now).await.map_err(told) });
            }
            Command::StoreBackup(p) => {
                let told = self.told(&who);
                self.spawn(reply, async move { backup(&store, &told, p, by).await });
            }
            Command::StoreCheck(p) => {
                let recordings = (self.config.daemon.recordings_dir.clone(), self.started_at);
                let begun_empty = Arc::clone(&self.begun_empty);
                self.spawn_read(&who, reply, ("check", ""), move |progress| async move {
                    if p.accept_empty {
                        store.accept_empty(by.actor, by.now).await.map_err(told)?;
                        begun_empty.store(0, Ordering::Relaxed);
                    }
                    check(&store, p.full, recordings, progress, by.now).await
                });
            }
            other => self.office(other, who, scope, reply, now),
        }
    }
}

impl Core {
    /// Who is told of work that somebody asks for.
    pub(super) fn told(&self, who: &Who) -> Told {
        Told { hub: Arc::clone(&self.hub), asker: Some(who.uid) }
    }

    /// Long reading for somebody, such as an export: they are told how far it is, and it ends when nobody waits for it any
    /// more.
    pub(super) fn spawn_read<T, F>(
        &mut self,
        who: &Who,
        mut reply: Reply,
        (work, of): (&'static str, &str),
        read: impl FnOnce(Progress) -> F,
    ) where
        T: serde::Serialize + Send,
        F: Future<Output = Answer<T>> + Send + 'static,
    {
        let (progress, told, of) = (Progress::default(), self.told(who), of.to_owned());
        let reading = read(progress.clone());
        self.jobs.spawn(async move {
            let look = || (progress.done(), progress.total());
            let result = {
                let mut reading = std::pin::pin!(watched(&told, (work, &of), look, reading));
                tokio::select! {
                    result = &mut reading => result,
                    () = reply.closed() => {
                        progress.stop();
                        reading.await
                    }
                }
            };
            respond(reply, result);
            Done::Nothing
        });
    }
}

impl Core {
    /// An import for somebody: it ends when nobody waits for it any more. Nothing of it is kept then but do-not-call numbers: whether
    /// somebody wanted it to end is not known.
    pub(super) fn spawn_import<T, F>(&mut self, mut reply: Reply, cancel: Cancel, work: F)
    where
        T: serde::Serialize + Send,
        F: Future<Output = Answer<T>> + Send + 'static,
    {
        self.jobs.spawn(async move {
            let result = {
                let mut work = std::pin::pin!(work);
                tokio::select! {
                    result = &mut work => result,
                    () = reply.closed() => {
                        cancel.abandon();
                        work.await
                    }
                }
            };
            respond(reply, result);
            Done::Nothing
        });
    }
}

/// A word of a closed set.
fn word_of<T: FromStr>(word: &str, what: &str) -> Answer<T> {
    word.parse().map_err(|_| {
        bad((format!("{what}: {word:?} という語はありません"), format!("{what}: unknown word {word:?}")))
    })
}

fn bad(detail: impl Into<Detail>) -> RpcError {
    RpcError::with_detail(ErrorCode::BadRequest, detail)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn told(error: store::Error) -> RpcError {
    store_error(&error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second import into a list is refused and goes; the first can be cancelled all the same.
    #[test]
    fn an_import_that_goes_leaves_the_switches_of_others() {
        let running = Running::default();
        let list = Register::List(ListId(1));
        let [first, second, other] = [Cancel::default(), Cancel::default(), Cancel::default()];
        let one = running.begin(list, first.clone());
        let two = running.begin(list, second.clone());
        let three = running.begin(Register::Contacts, other.clone());
        drop(two);
        assert!(running.cancel(list, Actor::default(), 0));
        assert_eq!([&first, &second, &other].map(Cancel::is_cancelled), [true, false, false]);
        drop(one);
        assert!(!running.cancel(list, Actor::default(), 0), "none runs");
        assert!(running.cancel(Register::Contacts, Actor::default(), 0) && other.is_cancelled());
        drop(three);
        assert!(running.0.lock().unwrap().is_empty());
    }
}
