//! Commands of the office: users, statuses, tasks, do-not-call, contacts, corrections, notes. Nothing here touches a
//! call; every command is a job on the store.

mod contact;
mod disposition;
mod dnc;
mod history;
mod note;
mod rows;
mod task;
mod user;

use protocol::result::{HistoryCall, TaskRow};
use protocol::{Command, Detail, ErrorCode, RpcError};
use store::{Action, Actor, ContactRules, NoteEdit, ProjectId, Scope, Store, UserId, permits};

use super::export::Taken;
use super::manage::Register;
use super::refusal::store_error;
use super::seat::Reply;
use super::{Core, respond};
use crate::clock::Now;
use crate::control::Who;

pub(super) use rows::Names;
use user::{ever_named as named_ever, named as user_named};

pub(super) use user::ever_named;

/// Who asks, and on whose rows they may act.
#[derive(Clone, Copy)]
pub(super) struct Asker {
    pub(super) who: Who,
    pub(super) scope: Scope,
    pub(super) now: i64,
}

impl Asker {
    /// Whose grants bind what is shown; `None` for who sees every list (X7).
    fn bound(&self) -> Option<UserId> {
        crate::permission::is_bound(&self.who).then(|| super::reach::grantee(&self.who))
    }

    fn actor(&self) -> Actor {
        Actor { user: self.who.user, uid: Some(self.who.uid) }
    }

    /// A file that the asker takes along.
    fn takes(&self, action: &'static str, of: &str, asked: serde_json::Value) -> Taken {
        Taken { action, object: of.to_owned(), asked, by: self.actor(), now: self.now }
    }
}

impl Core {
    pub(super) fn office(&mut self, command: Command, who: Who, scope: Scope, reply: Reply, now: Now) {
        let asker = Asker { who, scope, now: now.wall };
        let store = self.store.clone();
        match command {
            Command::UserLs(p) => {
                let seats = self.seats_by_user();
                self.spawn(reply, async move { user::list(&store, &p, &seats).await });
            }
            Command::UserAdd(p) => {
                let most = self.config.people.max_users;
                self.change_users(reply, |store| async move { user::add(&store, p, asker, most).await });
            }
            Command::UserEdit(p) => {
                let (seats, told) = (self.seats_by_user(), self.told(&who));
                self.change_users(
                    reply,
                    |store| async move { user::edit(&store, &told, p, asker, &seats).await },
                );
            }
            Command::UserPasswd(p) => {
                let seats = self.seats_by_user();
                self.change_users(reply, |store| async move { user::passwd(&store, p, asker, &seats).await });
            }
            Command::UserDelete(p) => {
                let (seats, told) = (self.seats_by_user(), self.told(&who));
                self.change_users(reply, |store| async move {
                    user::delete(&store, &told, p, asker, &seats).await
                });
            }
            Command::UserMe(_) => {
                let seats = crate::control::roles::own_seats(&self.people.directory(), &who);
                self.spawn(reply, async move { user::me(&store, &who, seats).await });
            }
            Command::UserHolds(p) => {
                self.spawn(reply, async move { user::holds(&store, &p.user).await });
            }
            Command::AuditList(p) => self.spawn(reply, async move { user::audit(&store, p).await }),
            Command::DispositionLs(p) => {
                self.spawn(reply, async move { disposition::list(&store, &p).await });
            }
            Command::DispositionAdd(p) => {
                self.change_statuses(reply, |store| async move { disposition::add(&store, p, asker).await });
            }
            Command::DispositionEdit(p) => {
                self.change_statuses(reply, |store| async move { disposition::edit(&store, p, asker).await });
            }
            Command::TaskLs(p) => {
                let private = self.config.people.private_tasks;
                self.spawn(reply, async move { task::list(&store, p, asker, private).await });
            }
            Command::TaskDone(p) => self.spawn(reply, async move { task::done(&store, &p, asker).await }),
            Command::TaskAssign(p) => self.spawn(reply, async move { task::assign(&store, p, asker).await }),
            Command::TaskHandOver(p) => {
                let told = self.told(&who);
                self.spawn(reply, async move { task::hand_over(&store, &told, p, asker).await });
            }
            Command::TaskDue(p) => {
                let opens = self.opens_behind(p.due_at);
                self.spawn(reply, async move {
                    let task = task::due(&store, &p, asker).await?;
                    Ok(TaskRow { recall_opens_at: opens, ..task })
                });
            }
            Command::DncAdd(p) => self.spawn(reply, async move { dnc::add(&store, p, asker).await }),
            Command::DncLs(p) => self.spawn(reply, async move { dnc::list(&store, p).await }),
            Command::DncClear(p) => self.spawn(reply, async move { dnc::clear(&store, p, asker).await }),
            Command::DncImport(p) => {
                let place = self.import_place(super::manage::actor(&who), now);
                let cancel = place.cancel.clone();
                self.spawn_import(reply, cancel, async move { dnc::import(place, p).await });
            }
            Command::DncImportCancel(_) => respond(reply, self.cancel_import(Register::DoNotCall, asker)),
            Command::DncImports(p) => self.spawn(reply, async move { dnc::imports(&store, p).await }),
            Command::DncImportUndo(p) => {
                let told = self.told(&who);
                self.spawn(reply, async move { dnc::undo(&store, &told, p, asker).await });
            }
            Command::DncExport(p) => {
                self.spawn_read(&who, reply, ("export", "dnc"), move |progress| async move {
                    dnc::export(&store, p, asker, progress).await
                });
            }
            Command::HistoryList(p) => {
                let seats: Vec<String> = self.seats.iter().map(|seat| seat.name.clone()).collect();
                self.spawn_read(&who, reply, ("search", "history"), move |progress| async move {
                    let seat = p.seat.clone().filter(|seat| !seats.contains(seat));
                    let page = history::list(&store, p, asker, progress).await?;
                    match seat {
                        // One that is no more may have calls.
                        Some(seat) if page.rows.is_empty() => {
                            Err(RpcError::with_detail(ErrorCode::SeatUnknown, Detail::name(seat)))
                        }
                        _ => Ok(page),
                    }
                });
            }
            Command::HistoryShow(p) => {
                self.spawn(reply, async move { history::show(&store, &p.attempt, asker).await });
            }
            Command::HistoryExport(p) => {
                self.spawn_read(&who, reply, ("export", "history"), move |progress| async move {
                    history::export(&store, p, asker, progress).await
                });
            }
            Command::HistoryAmend(p) => {
                let nudge = std::sync::Arc::clone(&self.outbox_nudge);
                let opens = self.opens_behind(p.recall_at.filter(|_| !p.no_recall));
                self.spawn(reply, async move {
                    let amended = history::amend(&store, p, asker).await;
                    nudge.notify_one();
                    amended.map(|call| HistoryCall { recall_opens_at: opens, ..call })
                });
            }
            Command::HistoryReport(p) => {
                self.spawn(reply, async move { history::report(&store, &p, asker).await });
            }
            Command::NoteAdd(p) => self.spawn(reply, async move { note::add(&store, p, asker).await }),
            Command::NoteLs(p) => self.spawn(reply, async move { note::list(&store, p, asker).await }),
            Command::NoteEdit(p) => {
                let change = NoteEdit::Text(p.text);
                self.spawn(reply, async move { note::change(&store, &p.note, change, asker).await });
            }
            Command::NoteDelete(p) => {
                self.spawn(
                    reply,
                    async move { note::change(&store, &p.note, NoteEdit::Delete, asker).await },
                );
            }
            Command::NoteRestore(p) => {
                self.spawn(
                    reply,
                    async move { note::change(&store, &p.note, NoteEdit::Restore, asker).await },
                );
            }
            Command::ContactAdd(p) => {
                let rules = self.contact_rules(&who);
                self.spawn(reply, async move { contact::add(&store, p, rules, asker).await });
            }
            Command::ContactCreateFromCall(p) => {
                let rules = self.contact_rules(&who);
                self.spawn(reply, async move { contact::create_from_call(&store, p, rules, asker).await });
            }
            Command::ContactShow(p) => {
                self.spawn(reply, async move { contact::show(&store, &p.contact).await });
            }
            Command::ContactLs(p) => {
                self.spawn(reply, async move { contact::list(&store, p, asker.now).await });
            }
            Command::ContactEdit(p) => {
                let rules = self.contact_rules(&who);
                self.spawn(reply, async move { contact::edit(&store, p, rules, asker).await });
            }
            Command::ContactHandOver(p) => {
                let told = self.told(&who);
                self.spawn(reply, async move { contact::hand_over(&store, &told, p, asker).await });
            }
            Command::ContactDelete(p) => {
                self.spawn(reply, async move { contact::delete(&store, &p, asker).await });
            }
            Command::ContactUndo(p) => {
                let rules = self.contact_rules(&who);
                self.spawn(reply, async move { contact::undo(&store, &p.contact, rules, asker).await });
            }
            Command::ContactImport(p) => {
                let (place, rules) =
                    (self.import_place(super::manage::actor(&who), now), self.contact_rules(&who));
                let cancel = place.cancel.clone();
                self.spawn_import(reply, cancel, async move {
                    super::import::import_contacts(place, p, rules).await
                });
            }
            Command::ContactImportCancel(_) => respond(reply, self.cancel_import(Register::Contacts, asker)),
            Command::ContactExport(p) => {
                self.spawn_read(&who, reply, ("export", "contacts"), move |progress| async move {
                    contact::export(&store, p, asker, progress).await
                });
            }
            Command::CategoryLs(_) => self.spawn(reply, async move { contact::categories(&store).await }),
            Command::CategoryDelete(p) => {
                self.spawn(reply, async move { contact::delete_category(&store, &p.name, asker).await });
            }
            // The control server answers the rest itself: subscriptions, uploads, downloads.
            _ => respond::<()>(reply, Err(ErrorCode::BadRequest.into())),
        }
    }

    fn cancel_import(&self, into: Register, asker: Asker) -> Result<protocol::result::Done, RpcError> {
        match self.running_imports.cancel(into, asker.actor(), asker.now) {
            true => Ok(protocol::result::Done { of: into.as_str().to_owned() }),
            false => Err(RpcError::with_detail(
                ErrorCode::NotFound,
                ("取り込み中ではありません", "no import runs"),
            )),
        }
    }

    /// A change of users; who is who is read anew before the answer leaves.
    fn change_users<T, F>(&mut self, reply: Reply, work: impl FnOnce(Store) -> F)
    where
        T: serde::Serialize + Send,
        F: Future<Output = Result<T, RpcError>> + Send + 'static,
    {
        let (work, store) = (work(self.store.clone()), self.store.clone());
        let people = std::sync::Arc::clone(&self.people);
        self.spawn(reply, async move {
            let done = work.await;
            if let Err(error) = people.refresh(&store).await {
                tracing::error!(%error, "who is who was not read anew");
            }
            done
        });
    }

    /// A change of statuses; the core's labels are read anew.
    fn change_statuses<T, F>(&mut self, reply: Reply, work: impl FnOnce(Store) -> F)
    where
        T: serde::Serialize + Send,
        F: Future<Output = Result<T, RpcError>> + Send + 'static,
    {
        let (work, store) = (work(self.store.clone()), self.store.clone());
        self.jobs.spawn(async move {
            let done = work.await;
            let labels = store.all_dispositions().await;
            respond(reply, done);
            match labels {
                Ok(statuses) => {
                    super::job::Done::Labels(statuses.into_iter().map(|s| (s.code, s.label)).collect())
                }
                Err(error) => super::job::Done::Noted(Err(error)),
            }
        });
    }

    fn seats_by_user(&self) -> Vec<(UserId, String)> {
        self.seats.iter().map(|seat| (seat.user, seat.name.clone())).collect()
    }

    fn contact_rules(&self, who: &Who) -> ContactRules {
        let contacts = &self.config.contacts;
        let required = match contacts.required {
            config::ContactNames::Either => store::import::RequiredNames::Either,
            config::ContactNames::Both => store::import::RequiredNames::Both,
            config::ContactNames::Person => store::import::RequiredNames::Person,
            config::ContactNames::None => store::import::RequiredNames::None,
        };
        ContactRules { required, most: contacts.max, gives: permits(who.role, Action::ContactGive) }
    }
}

/// The projects of these names.
async fn projects(store: &Store, names: &[String]) -> Result<Vec<ProjectId>, RpcError> {
    let mut projects = Vec::with_capacity(names.len());
    for name in names {
        projects.push(super::project::named(store, name).await?);
    }
    Ok(projects)
}

/// The id that somebody wrote. What is none names nothing.
pub(super) fn id<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, RpcError> {
    text.trim().parse().map_err(|_| {
        let missing = store::Error::NotFound { what, key: text.to_owned() };
        RpcError::with_detail(ErrorCode::NotFound, (missing.ja(), format!("{what} {text:?}")))
    })
}

/// A change that names nothing to change: what was meant is missing, and would be taken for done.
fn nothing_to_change(ja: &str, en: &str) -> RpcError {
    bad((
        format!("変える項目がありません。{ja} のどれかを指定してください"),
        format!("there is nothing to change: give one of {en}"),
    ))
}

fn bad(detail: impl Into<Detail>) -> RpcError {
    RpcError::with_detail(ErrorCode::BadRequest, detail)
}

fn refused(error: store::Error) -> RpcError {
    store_error(&error)
}
