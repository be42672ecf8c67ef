//! Commands that only the store, or the core's state, answers.

use protocol::params::{DialWhy, ListImport, ListShow, StatsGet};
use protocol::result::{Lists, StatusResult};
use protocol::{Command, Detail, ErrorCode, RpcError};
use store::{
    Action, Actor, ListId, ListQuery, ListSpec, Scope, StatsQuery, Store, UserId, WhyContext, WhyQuery,
    permits,
};

use super::command::respond;
use super::job::Done;
use super::manage::actor;
use super::project;
use super::refusal::store_error;
use super::seat::Reply;
use super::sight::Sight;
use super::{Core, rows};
use crate::clock::Now;
use crate::control::Who;
use crate::off_thread::off_thread_for_client;

impl Core {
    pub(super) fn query(&mut self, command: Command, who: Who, scope: Scope, reply: Reply, now: Now) {
        let (store, sight) = (self.store.clone(), Sight::of(&who));
        match command {
            Command::Status(_) => self.status_query(&who, reply, now),
            Command::CallTrace(p) => self.call_trace(p, who, reply, now),
            Command::ListCreate(p) => {
                let (default, by) = (self.project, actor(&who));
                self.spawn(reply, async move {
                    // No project is made for a list that is not.
                    if p.name.trim().is_empty() {
                        return Err(ErrorCode::ReqListName.into());
                    }
                    let spec = match p.project {
                        Some(name) => {
                            let project = match project::for_list(&store, &name, p.create_project).await? {
                                Some(project) => project,
                                None => {
                                    let made = store.create_project(&name, None, by, now.wall).await;
                                    made.map_err(|error| store_error(&error))?.id
                                }
                            };
                            ListSpec { name: p.name, project }
                        }
                        // As it is written wherever a list is named: PROJECT/LIST, where there is such a project.
                        None => match store.list_place(&p.name).await.map_err(|error| store_error(&error))? {
                            Some(spec) => spec,
                            None => ListSpec { name: p.name, project: default },
                        },
                    };
                    let list = store.create_list(spec, by, now.wall).await;
                    list.map(|list| rows::list(&list)).map_err(|error| store_error(&error))
                });
            }
            Command::ListLs(_) => self.spawn(reply, async move {
                let lists = sight.lists(&store).await?;
                Ok(Lists { lists: lists.iter().map(rows::list).collect() })
            }),
            Command::ListShow(p) => self.spawn(reply, async move { list_show(&store, p, sight).await }),
            Command::ListImport(p) => self.list_import(p, actor(&who), reply, now),
            Command::ListExport(p) => {
                let (of, by) = (p.list.clone(), (actor(&who), now.wall));
                self.spawn_read(&who, reply, ("export", &of), move |progress| async move {
                    super::import::export(&store, p, by, progress).await
                });
            }
            Command::DialWhy(p) => self.why(p, &who, reply, now),
            Command::StatsGet(p) => {
                let bound = crate::permission::is_bound(&who).then(|| super::reach::grantee(&who));
                self.spawn(reply, async move { stats(&store, p, bound, now).await });
            }
            Command::DevicesList(_) => self.spawn(reply, async move {
                // Asking a sound server can take a second; never on the core's thread.
                match off_thread_for_client(media::device::list).await? {
                    Ok(devices) => Ok(rows::devices(devices)),
                    Err(error) => Err(RpcError::with_detail(ErrorCode::DeviceLost, Detail::log(error))),
                }
            }),
            other => self.manage(other, who, scope, reply, now),
        }
    }

    pub(super) fn spawn<T, F>(&mut self, reply: Reply, work: F)
    where
        T: serde::Serialize,
        F: Future<Output = Result<T, RpcError>> + Send + 'static,
    {
        self.jobs.spawn(async move {
            respond(reply, work.await);
            Done::Nothing
        });
    }

    fn status_query(&mut self, who: &Who, reply: Reply, now: Now) {
        let mut status: StatusResult = self.status(0, 0, now);
        let shown = status.seats.iter().filter_map(|seat| seat.call.as_ref()?.attempt.parse().ok()).collect();
        self.narrow(who, &mut status);
        let store = self.store.clone();
        self.jobs.spawn(async move {
            let mut status = status;
            // A store in trouble must not keep the status from being told.
            if let Ok((backlog, dead)) = store.outbox_counts().await {
                (status.outbox.backlog, status.outbox.dead) = (backlog, dead);
            }
            if let Ok(open) = store.open_results(shown).await {
                (status.interrupted, status.open) = (open.interrupted, open.blank);
            }
            respond(reply, Ok(status));
            Done::Nothing
        });
    }

    fn list_import(&mut self, p: ListImport, by: Actor, reply: Reply, now: Now) {
        let place = self.import_place(by, now);
        let cancel = place.cancel.clone();
        let contacts = self.config.contacts.max;
        self.spawn_import(reply, cancel, async move { super::import::import(place, p, contacts).await });
    }

    pub(super) fn import_place(&self, by: Actor, now: Now) -> super::import::Place {
        super::import::Place {
            cancel: Default::default(),
            store: self.store.clone(),
            hub: std::sync::Arc::clone(&self.hub),
            running: self.running_imports.clone(),
            project: self.project,
            lang: match self.config.daemon.locale {
                config::Locale::Ja => store::Lang::Ja,
                config::Locale::En => store::Lang::En,
            },
            by,
            now,
        }
    }

    fn why(&mut self, p: DialWhy, who: &Who, reply: Reply, now: Now) {
        let (seat, user) = (0, who.user);
        let sight = Sight::of(who);
        let context = WhyContext {
            now: now.wall,
            plan: self
                .seats
                .first()
                .map(|s| super::identity::plan(&self.accounts[s.account].config))
                .unwrap_or_default(),
            rules: if self.seats.is_empty() { Default::default() } else { self.rules(seat) },
            // With several seats somebody who has none asks for nobody in particular: a colleague's task is a task.
            user: user.or(match &*self.seats {
                [only] => Some(only.user),
                _ => None,
            }),
            limit: p.limit.unwrap_or(20).clamp(1, 1_000),
        };
        let (closed, window) = (self.closed(now), self.dialing_window());
        let store = self.store.clone();
        self.spawn(reply, async move {
            let one_list = p.lead.is_none() && p.number.is_none();
            let list = match &p.list {
                Some(list) => Some(find(&store, list).await?),
                None => None,
            };
            let number = p.number.clone().filter(|_| p.lead.is_none());
            let query = match (p.lead, p.number, list) {
                (Some(lead), _, _) => WhyQuery::Lead(super::office::id(&lead, "lead")?),
                (None, Some(number), _) => WhyQuery::Phone(number),
                (None, None, Some(list)) => WhyQuery::List(list),
                (None, None, None) => {
                    return Err(RpcError::with_detail(
                        ErrorCode::BadRequest,
                        ("list・lead・number のどれかが必要です", "list, lead or number"),
                    ));
                }
            };
            let mut answer = match (store.why(query, context).await, &number) {
                (Ok(answer), _) => answer,
                (Err(store::Error::NotFound { what: "lead", .. }), Some(number)) => {
                    return Err(on_no_list(&store, number, sight.is_narrow()).await);
                }
                (Err(error), _) => return Err(store_error(&error)),
            };
            if let Some(list) = list {
                answer.rows.retain(|row| row.list == list);
                if !one_list && answer.rows.is_empty() {
                    let detail = ("そのリストにはありません", "it is not on that list");
                    return Err(RpcError::with_detail(ErrorCode::NotFound, detail));
                }
            }
            if sight.is_narrow() {
                let ids = answer.rows.iter().map(|row| row.lead).collect();
                let seen = sight.seen(&store, ids).await?;
                answer.rows.retain(|row| seen.contains(&row.lead));
                if !one_list && answer.rows.is_empty() {
                    return Err(match &number {
                        Some(number) => on_no_list(&store, number, true).await,
                        None => super::sight::unseen(),
                    });
                }
            }
            // When the window is closed then, it is its opening.
            for due in answer.rows.iter_mut().filter_map(|row| row.due_at.as_mut()) {
                *due = window.as_ref().and_then(|window| window.next_open(*due)).unwrap_or(*due);
            }
            Ok(rows::why(&store, answer, closed).await)
        });
    }

    /// The calling window of the first seat.
    fn dialing_window(&self) -> Option<dialer::window::CallingWindow> {
        if self.seats.is_empty() { None } else { self.window_of(0) }
    }

    /// The calling window of a seat; a practice account has none.
    pub(super) fn window_of(&self, seat: super::SeatIndex) -> Option<dialer::window::CallingWindow> {
        let account = &self.accounts[self.seats[seat].account].config;
        let practice = account.kind == config::AccountKind::Practice;
        (!practice).then(|| crate::run::window(&self.config.dialing.window))
    }

    /// While no lead at all is dialed, whatever the leads say: when the calling window opens, if ever.
    fn closed(&self, now: Now) -> Option<Option<i64>> {
        let window = self.dialing_window()?;
        (!window.is_open(now.wall)).then(|| window.next_open(now.wall))
    }
}

/// Why there is nothing to explain of a number: it stands on no list, or on none that a `narrow` sight has, to which either is the same. Who
/// asks wants to call it all the same, by hand, unless an entry of the do-not-call list forbids that.
async fn on_no_list(store: &Store, number: &str, narrow: bool) -> RpcError {
    let query = store::DncQuery { phone: Some(number.to_owned()), limit: 1, ..store::DncQuery::default() };
    let entered = store.dnc_entries(query).await.is_ok_and(|entries| !entries.is_empty());
    let (ja, en) = match narrow {
        true => ("使えるリストにはない番号です", "the number is on no list of yours"),
        false => ("どのリストにもない番号です", "the number is on no list"),
    };
    let (dnc_ja, dnc_en) = match entered {
        true => (
            "架電禁止に登録されています(`kakeru dnc ls --number`)",
            "on the do-not-call list (`kakeru dnc ls --number`)",
        ),
        false => ("架電禁止には登録されていません", "not on the do-not-call list"),
    };
    RpcError::with_detail(ErrorCode::NotFound, (format!("{ja}。{dnc_ja}"), format!("{en}, and {dnc_en}")))
}

pub(super) async fn find(store: &Store, list: &str) -> Result<ListId, RpcError> {
    store.list_by_name(list).await.map(|list| list.id).map_err(|error| store_error(&error))
}

async fn list_show(store: &Store, p: ListShow, sight: Sight) -> Result<protocol::result::ListPage, RpcError> {
    let list = sight.list(store, &p.list).await?;
    let limit = p.limit.unwrap_or(100).clamp(1, 1_000);
    let filter = store::LeadFilter { assigned: sight.narrow(&list, None), ..rows::lead_filter(p.filter) };
    let query = ListQuery { list: list.id, after: p.after, limit, filter };
    let leads = store.show_list(query).await.map_err(|error| store_error(&error))?;
    Ok(rows::page(&list, &leads, limit, p.filter))
}

/// For searches of what was done: the calls of a deleted list stay, and are found by its name.
pub(super) async fn list_named(store: &Store, name: Option<&str>) -> Result<Option<ListId>, RpcError> {
    match name {
        Some(name) => store.list_ever(name).await.map(Some).map_err(|error| store_error(&error)),
        None => Ok(None),
    }
}

/// For searches: whoever is deleted stays on old rows, and is found by them (S4.23).
pub(super) async fn operator_ever_named(
    store: &Store,
    login: Option<&str>,
) -> Result<Option<UserId>, RpcError> {
    match login {
        Some(login) => super::office::ever_named(store, login).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn operator_named(store: &Store, login: Option<&str>) -> Result<Option<UserId>, RpcError> {
    let Some(login) = login else { return Ok(None) };
    let users = store.users().await.map_err(|error| store_error(&error))?;
    let user = store::by_login(&users, login, |user| &user.login).map(|user| user.id);
    user.map(Some).ok_or_else(|| no_user(login))
}

fn no_user(login: &str) -> RpcError {
    RpcError::with_detail(ErrorCode::NotFound, (format!("利用者 {login}"), format!("user {login:?}")))
}

/// The live user of this login, who calls: leads of anybody else would never be called.
pub(super) async fn caller_named(store: &Store, login: &str) -> Result<UserId, RpcError> {
    let users = store.users().await.map_err(|error| store_error(&error))?;
    let user = store::by_login(&users, login, |user| &user.login).ok_or_else(|| no_user(login))?;
    match permits(user.role, Action::Dial).any() {
        true => Ok(user.id),
        false => Err(store_error(&store::Error::NoCaller { login: user.login.clone(), role: user.role })),
    }
}

/// With `bound`, without lists that are granted to others.
async fn stats(
    store: &Store,
    p: StatsGet,
    bound: Option<UserId>,
    now: Now,
) -> Result<protocol::result::StatsResult, RpcError> {
    let list = list_named(store, p.list.as_deref()).await?;
    let user = operator_ever_named(store, p.operator.as_deref()).await?;
    let project = match &p.project {
        Some(name) => {
            let projects = store.projects().await.map_err(|error| store_error(&error))?;
            let project = projects.iter().find(|project| project.name == *name).map(|project| project.id);
            let missing = || {
                RpcError::with_detail(
                    ErrorCode::NotFound,
                    (format!("案件 {name}"), format!("project {name:?}")),
                )
            };
            Some(project.ok_or_else(missing)?)
        }
        None => None,
    };
    // Today by default; a list is looked at over all its time.
    let from = p.from.map(store::time::BusinessDate::of);
    let from = from.or_else(|| list.is_none().then(|| store::time::BusinessDate::of(now.wall)));
    let query = StatsQuery { from, to: p.to.map(last_day), user, list, project, granted_to: bound };
    let counted = store.stats_with_results(query.clone()).await.map_err(|error| store_error(&error))?;
    let lists = store.worked(query.clone()).await.map_err(|error| store_error(&error))?;
    Ok(rows::stats(counted, lists.iter().map(|list| list.worked).sum(), &query, &p))
}

/// The last day in Japan that begins before a moment: counts are of whole days, and midnight ends one.
pub(super) fn last_day(before: i64) -> store::time::BusinessDate {
    store::time::BusinessDate::of(before.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S4.18: November ends where December begins.
    #[test]
    fn a_month_s_figures_end_with_its_last_day() {
        // 2026-12-01 00:00 in Japan.
        let december = 1_796_050_800_000;
        assert_eq!(last_day(december).parts(), (2026, 11, 30));
        assert_eq!(last_day(december + 1).parts(), (2026, 12, 1));
        assert_eq!(last_day(december + 86_400_000).parts(), (2026, 12, 1));
    }
}
