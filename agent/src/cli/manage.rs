//! Commands on projects, lists, leads, recordings and the database.

use protocol::params::*;
use protocol::result::{BinRow, LeadsChanged, ListDeleted};
use protocol::{ErrorCode, Lang, RpcError};

use super::args::{
    BackupArgs, DoctorArgs, Global, LeadFieldArgs, LeadVerb, LeadsArgs, ListVerb, ProfileVerb, ProjectVerb,
    RecordingVerb, RestoreArgs, SelectArgs, ViewArgs,
};
use super::output::{Out, REFUSED};
use super::progress::{self, Work};
use super::render::{manage as render, profiles};
use super::verbs::call;
use super::{Failure, config_path, files, socket, time};
use crate::control::client::Client;

pub(super) fn project(global: &Global, verb: ProjectVerb, out: Out) -> Result<(), Failure> {
    match verb {
        ProjectVerb::Ls => {
            call(global, ProjectLs {}, out, |found, out| render::projects(&found.projects, out))
        }
        ProjectVerb::Create { name, caller_id } => {
            call(global, ProjectCreate { name, caller_id }, out, render::project)
        }
        ProjectVerb::Change { project, name, caller_id, company_wide_dnc, pooled } => {
            let verb = ProjectChange { project, name, caller_id, company_wide_dnc, pooled };
            call(global, verb, out, render::project)
        }
        ProjectVerb::Delete { project, yes } => {
            let question = match out.lang {
                Lang::Ja => format!("案件 {project} をごみ箱へ移します(30日間は project restore で戻せます)"),
                Lang::En => {
                    format!(
                        "the project {project} goes into the bin; `project restore` brings it back for 30 days"
                    )
                }
            };
            super::asked::confirm(yes, &question, out)?;
            call(global, ProjectDelete { project }, out, render::done)
        }
        ProjectVerb::Grant { project, users, revoke } => {
            call(global, ProjectGrant { project, users, revoke }, out, render::project_grants)
        }
        ProjectVerb::Restore { name } => call(global, ProjectRestore { name }, out, render::project),
    }
}

pub(super) fn profile(global: &Global, verb: &ProfileVerb, out: Out) -> Result<(), Failure> {
    match verb {
        ProfileVerb::Ls => {
            call(global, ProfileLs {}, out, |found, out| profiles::profiles(&found.profiles, out))
        }
    }
}

/// The verbs of lists that are no import, export or plain page.
pub(super) fn list(global: &Global, verb: ListVerb, out: Out) -> Result<(), Failure> {
    match verb {
        ListVerb::View(args) => view(global, *args, out),
        ListVerb::Change { list, name, enabled, order, profile } => call(
            global,
            ListChange { list: list.path(), name, enabled, order, profile },
            out,
            super::render::list,
        ),
        ListVerb::Delete { list, yes } => {
            let list = list.path();
            if !yes {
                let asked = ListDelete { list: list.clone(), dry_run: true };
                let ListDeleted { leads, tasks, .. } = Client::connect(&socket(global))?.call(asked)?;
                let with = with_tasks(tasks, out);
                let question = match out.lang {
                    Lang::Ja => format!(
                        "{list}: 発信先{leads}件{with}とともにごみ箱へ移します(30日間は list restore で戻せます)"
                    ),
                    Lang::En => format!(
                        "{list} and its {leads} leads{with} go into the bin; `list restore` brings them back for 30 days"
                    ),
                };
                super::asked::confirm(false, &question, out)?;
            }
            call(global, ListDelete { list, dry_run: false }, out, render::list_deleted)
        }
        ListVerb::Restore { list, at, name } => {
            let list = match at {
                Some(at) => binned(global, list.path(), at)?,
                None => list.path(),
            };
            call(global, ListRestore { list, at: None, name }, out, render::changed)
        }
        ListVerb::Bin { list } => {
            call(global, ListBin { list: list.path() }, out, |bin, out| render::bin(&bin.rows, out))
        }
        ListVerb::Round { list } => call(global, ListRound { list: list.path() }, out, render::round),
        ListVerb::Grant { list, users, revoke } => {
            call(global, ListGrant { list: list.path(), users, revoke }, out, render::grants)
        }
        ListVerb::Imports { list, before, limit } => {
            call(global, ListImports { list: list.path(), before, limit: Some(limit) }, out, render::imports)
        }
        ListVerb::ImportUndo { import, yes } => {
            super::asked::confirm_undo(global, &import, yes, out)?;
            let of = import.to_ascii_uppercase();
            let _bar = progress::watch(&socket(global), Work::Named { work: "undo", of }, out);
            call(global, ListImportUndo { import }, out, render::undone)
        }
        ListVerb::ImportCancel { list } => {
            call(global, ListImportCancel { list: list.path() }, out, render::done)
        }
        // Dispatched before they come here.
        ListVerb::Create { .. }
        | ListVerb::Import(_)
        | ListVerb::Show { .. }
        | ListVerb::Export { .. }
        | ListVerb::Ls => Ok(()),
    }
}

fn view(global: &Global, args: ViewArgs, out: Out) -> Result<(), Failure> {
    let row = args.page.map(|page| (page - 1).saturating_mul(u64::from(args.limit)));
    let verb = ListView {
        list: args.list.path(),
        filter: Some(filter(args.leads)?),
        sort: Some(args.sort),
        descending: args.desc,
        after: args.after,
        before: args.before,
        row,
        last: args.last,
        excluded: args.excluded,
        limit: Some(args.limit),
    };
    call(global, verb, out, render::view)
}

fn filter(leads: LeadsArgs) -> Result<ViewFilter, Failure> {
    let (from, to) = time::stretch(leads.from, leads.to)?;
    let tried = if leads.second { Some(1) } else { leads.third.then_some(2) };
    Ok(ViewFilter {
        name: leads.search,
        company: leads.company,
        person: leads.person,
        number: leads.number,
        memo: leads.memo,
        columns: leads.columns,
        status: tried.map(|_| "no_contact".to_owned()).or(leads.status),
        kind: leads.kind,
        last_user: leads.last_user,
        from,
        to,
        assigned: leads.assigned,
        categories: leads.categories,
        dialable: leads.dialable,
        blocked: leads.blocked,
        attempts: tried.or(leads.attempts),
        at_least: None,
    })
}

/// How many leads of a list pass, those that are 発信対象外 too.
fn count(global: &Global, list: &str, filter: ViewFilter) -> Result<u64, Failure> {
    let excluded = filter.dialable.is_none();
    let view = ListView {
        list: list.to_owned(),
        filter: Some(filter),
        excluded,
        limit: Some(1),
        ..ListView::default()
    };
    Ok(Client::connect(&socket(global))?.call(view)?.total)
}

/// Open tasks that go into the bin with their leads.
fn with_tasks(tasks: u64, out: Out) -> String {
    match (out.lang, tasks) {
        (_, 0) => String::new(),
        (Lang::Ja, _) => format!("と対応タスク{tasks}件"),
        (Lang::En, 1) => ", with 1 open task,".to_owned(),
        (Lang::En, _) => format!(", with {tasks} open tasks,"),
    }
}

/// Whoever names no lead and no filter has to say that all are meant.
fn change(global: &Global, select: SelectArgs, what: LeadWhat, out: Out) -> Result<LeadChange, Failure> {
    let wanted = filter(select.leads)?;
    let filtered = wanted != ViewFilter::default();
    if select.ids.is_empty() && !filtered && !select.all {
        let what = (
            "対象を --lead か条件で指定してください。すべてなら --all を付けてください",
            "name leads by --lead or a filter; add --all if every lead is meant",
        );
        return Err(Failure::Exit(out.usage(what, "")));
    }
    let filter = (select.ids.is_empty() || filtered).then_some(wanted);
    let leads = lead_ids(global, select.ids)?;
    Ok(LeadChange {
        list: select.list.path(),
        leads,
        filter,
        what,
        reason: None,
        users: Vec::new(),
        dry_run: false,
    })
}

/// How many leads a change is of.
fn count_of(global: &Global, change: &LeadChange) -> Result<u64, Failure> {
    match &change.filter {
        Some(filter) => count(global, &change.list, filter.clone()),
        None => Ok(change.leads.len() as u64),
    }
}

/// The id of a lead that is named by it, or by its list and its number there: `春の案件#12`.
pub(super) fn lead_id(global: &Global, word: String) -> Result<String, Failure> {
    match place(&word) {
        Some((list, position)) => lead_at(&mut Client::connect(&socket(global))?, list, position),
        None => Ok(word),
    }
}

/// The id of the list that was deleted at a moment.
fn binned(global: &Global, list: String, at: i64) -> Result<String, Failure> {
    let bin = Client::connect(&socket(global))?.call(ListBin { list: None })?;
    let called = |row: &BinRow| {
        row.list == list
            || format!("{}/{}", row.project, row.list) == list
            || row.id.eq_ignore_ascii_case(&list)
    };
    let found = bin.rows.into_iter().find(|row| row.at == at && called(row));
    let none = || {
        RpcError::with_detail(
            ErrorCode::NotFound,
            (format!("ごみ箱のリスト {list} --at {at}"), format!("list in the bin {list} --at {at}")),
        )
    };
    Ok(found.ok_or_else(none)?.id)
}

/// The ids of several.
fn lead_ids(global: &Global, words: Vec<String>) -> Result<Vec<String>, Failure> {
    let mut client = None;
    let id = |word: String| -> Result<String, Failure> {
        let Some((list, position)) = place(&word) else { return Ok(word) };
        let client = match &mut client {
            Some(client) => client,
            none => none.insert(Client::connect(&socket(global))?),
        };
        lead_at(client, list, position)
    };
    words.into_iter().map(id).collect()
}

/// List and number of `春の案件#12`; `None` for what is an id.
pub(super) fn place(word: &str) -> Option<(&str, i64)> {
    let (list, number) = word.rsplit_once('#')?;
    Some((list, number.parse().ok()?))
}

fn lead_at(client: &mut Client, list: &str, position: i64) -> Result<String, Failure> {
    let after = Some(position.saturating_sub(1));
    let page = client.call(ListShow { list: list.to_owned(), after, limit: Some(1), filter: None })?;
    let found = page.rows.into_iter().find(|row| row.position == position);
    let none = || {
        RpcError::with_detail(
            ErrorCode::NotFound,
            (format!("発信先 {list}#{position}"), format!("lead {list}#{position}")),
        )
    };
    Ok(found.ok_or_else(none)?.id)
}

pub(super) fn lead(global: &Global, verb: LeadVerb, out: Out) -> Result<(), Failure> {
    let bar = |select: &SelectArgs| {
        progress::watch(&socket(global), Work::Named { work: "leads", of: select.list.clone().path() }, out)
    };
    match verb {
        LeadVerb::Show { lead } => call(global, LeadShow { lead: lead_id(global, lead)? }, out, render::lead),
        LeadVerb::Add { list, number, fields } => {
            let LeadFieldArgs { company, person, categories, columns } = fields;
            let columns = columns.into_iter().collect();
            call(
                global,
                LeadAdd { list: list.path(), number, company, person, categories, columns },
                out,
                render::lead_saved,
            )
        }
        LeadVerb::Edit { lead, fields, clir, seen } => {
            let LeadFieldArgs { company, person, categories, columns } = fields;
            let lead = lead_id(global, lead)?;
            let (categories, columns) =
                ((!categories.is_empty()).then_some(categories), columns.into_iter().collect());
            call(
                global,
                LeadEdit { lead, version: seen, company, person, categories, columns, clir },
                out,
                render::lead_saved,
            )
        }
        LeadVerb::Exclude { select, reason } => {
            let _bar = bar(&select);
            let verb = LeadChange { reason, ..change(global, *select, LeadWhat::Exclude, out)? };
            call(global, verb, out, render::changed)
        }
        LeadVerb::Include { select } => {
            let _bar = bar(&select);
            call(global, change(global, *select, LeadWhat::Include, out)?, out, render::changed)
        }
        LeadVerb::Delete { select, yes } => {
            let list = select.list.clone().path();
            let verb = change(global, *select, LeadWhat::Delete, out)?;
            if !yes {
                let asked = LeadChange { dry_run: true, ..verb.clone() };
                let LeadsChanged { changed: leads, tasks, .. } =
                    Client::connect(&socket(global))?.call(asked)?;
                let with = with_tasks(tasks, out);
                let question = match out.lang {
                    Lang::Ja => {
                        format!(
                            "{list}: 発信先{leads}件{with}をごみ箱へ移します(30日間は lead restore で戻せます)"
                        )
                    }
                    Lang::En => format!(
                        "{leads} leads of {list}{with} go into the bin; `lead restore` brings them back for 30 days"
                    ),
                };
                super::asked::confirm(false, &question, out)?;
            }
            let of = list.clone();
            let _bar = progress::watch(&socket(global), Work::Named { work: "leads", of }, out);
            call(global, verb, out, |done, out| render::deleted(done, &list, out))
        }
        LeadVerb::Restore { list, at } => {
            let list = list.path();
            let of = list.clone();
            let _bar = progress::watch(&socket(global), Work::Named { work: "leads", of }, out);
            call(global, ListRestore { list, at: Some(at), name: None }, out, render::changed)
        }
        LeadVerb::Assign { select, owners, yes } => {
            let list = select.list.clone().path();
            let verb = LeadChange { users: owners, ..change(global, *select, LeadWhat::Assign, out)? };
            // An option that was forgotten must not take every number from everybody.
            if verb.users.is_empty() && !yes {
                let leads = count_of(global, &verb)?;
                let question = match out.lang {
                    Lang::Ja => {
                        format!("{list}: 発信先{leads}件の番号から発信担当者を外します(--owner がありません)")
                    }
                    Lang::En => format!(
                        "the numbers of {leads} lead{} of {list} become nobody's: there is no --owner",
                        if leads == 1 { "" } else { "s" }
                    ),
                };
                super::asked::confirm(false, &question, out)?;
            }
            let _bar = progress::watch(&socket(global), Work::Named { work: "leads", of: list }, out);
            call(global, verb, out, render::changed)
        }
        LeadVerb::AddNumber { lead, number, label } => {
            let lead = lead_id(global, lead)?;
            call(global, LeadPhone { lead, number, label, remove: false }, out, render::lead_saved)
        }
        LeadVerb::RemoveNumber { lead, number } => {
            let lead = lead_id(global, lead)?;
            call(global, LeadPhone { lead, number, label: None, remove: true }, out, render::lead_saved)
        }
    }
}

pub(super) fn recording(global: &Global, verb: RecordingVerb, out: Out) -> Result<(), Failure> {
    match verb {
        RecordingVerb::Ls { from, to, list, operator, held, after, limit } => {
            let (from, to) = time::stretch(from, to)?;
            let verb = RecordingLs {
                from,
                to,
                list: list.path(),
                operator,
                attempt: None,
                held,
                oldest_first: false,
                after,
                limit: Some(limit),
            };
            call(global, verb, out, render::recordings)
        }
        RecordingVerb::Fetch { attempt, file, force } => {
            super::recordings::take(&socket(global), attempt, file, force, out)
        }
        RecordingVerb::Delete { attempt, reason, yes } => {
            let question = out.text(
                "この通話の録音を完全に削除します(元に戻せません。通話の履歴は残ります)",
                "The recordings of this call go for good; the call itself stays",
            );
            super::asked::confirm(yes, question, out)?;
            call(global, RecordingDelete { attempt, reason: Some(reason) }, out, render::done)
        }
        RecordingVerb::Hold { attempt, reason } => {
            call(global, RecordingHold { attempt, reason, release: false }, out, render::done)
        }
        RecordingVerb::Release { attempt } => {
            call(global, RecordingHold { attempt, reason: None, release: true }, out, render::done)
        }
        RecordingVerb::Pause => {
            call(global, RecordingPause { seat: global.seat.clone() }, out, super::render::seat)
        }
        RecordingVerb::Resume => {
            call(global, RecordingResume { seat: global.seat.clone() }, out, super::render::seat)
        }
        RecordingVerb::Quota => call(global, RecordingQuota {}, out, render::quota),
        RecordingVerb::Export(args) => super::recordings::export(&socket(global), &args, out),
    }
}

pub(super) fn backup(global: &Global, args: BackupArgs, out: Out) -> Result<(), Failure> {
    // The daemon knows nothing of the folder this command was typed in.
    let path = match std::path::absolute(&args.file) {
        Ok(path) => path.display().to_string(),
        Err(source) => return Err(Failure::File { path: args.file, source }),
    };
    let mut client = Client::connect(&socket(global))?;
    // Somebody else's rights say where the file may go, and a service has a `/tmp` of its own: then the daemon hands it over instead of
    // writing there. Where it is known to write where this command would, a full disk of its state is no obstacle.
    let here = client.call(UserMe {})?.owner && client.shares_files();
    let (to, of) = if here { (Some(path.clone()), path) } else { (None, String::new()) };
    if !here {
        files::may_stand_at(&args.file, args.force)?;
    }
    let bar = progress::watch(&socket(global), Work::Named { work: "backup", of }, out);
    let made = client.call(StoreBackup { path: to, force: args.force });
    drop(bar);
    let mut made = made?;
    if let Some(download) = made.download.take() {
        files::save_private(&mut client, &download, &args.file, args.force)?;
        made.path = Some(args.file.display().to_string());
    }
    if out.json { Ok(out.object(&made)?) } else { Ok(render::backup(&made, out)?) }
}

/// Without the daemon: it must not have the database open.
pub(super) fn restore(global: &Global, args: &RestoreArgs, out: Out) -> Result<(), Failure> {
    let database = match &args.database {
        Some(path) => path.clone(),
        None => {
            let path = config_path(global);
            let checked = config::Config::check(&path);
            checked.map_err(|errors| super::check::refused(&path, &errors, out))?.daemon.database
        }
    };
    let now = crate::clock::now().wall;
    let stamp = crate::clock::file_jst(now);
    let by = store::Actor { user: None, uid: Some(rustix::process::getuid().as_raw()) };
    let mut told = |done, total| {
        out.progress(&match total {
            0 => out.text("コピーを検査中", "looking at the copy").to_owned(),
            total => format!("{}  {done} / {total}", progress::bar(done, total)),
        });
    };
    let restored = store::restore_told(&args.file, &database, &stamp, (by, now), &mut told);
    out.progress("");
    match restored {
        Ok(restored) => Ok(render::restored(&database, &restored, out)?),
        Err(error) => {
            let hint = out.text(
                "復元していません。空きを作って、もう一度実行してください",
                "Nothing was restored: free some space and try again.",
            );
            let refusal = RpcError::refused_as(error.code(), (error.ja(), error.detail()));
            if matches!(error, store::OpenError::Newer { .. }) {
                let hint = out.text(
                    "復元していません。今のデータベースはそのままです。新しい版の kakeru を入れるか、ほかのコピーを指定してください",
                    "Nothing was restored, the present database is as it was: install the newer kakeru, or restore another copy.",
                );
                return Err(Failure::Exit(out.refused_but(&refusal, hint)));
            }
            Err(super::full_disk(refusal, hint, out))
        }
    }
}

/// Exit code 1 when something is wrong.
pub(super) fn doctor(global: &Global, args: &DoctorArgs, out: Out) -> Result<(), Failure> {
    let mut client = Client::connect(&socket(global))?;
    let work = Work::Named { work: "check", of: String::new() };
    let bar = progress::watch(&socket(global), work, out);
    let check = client.call(StoreCheck { full: args.full, accept_empty: args.accept_empty });
    drop(bar);
    let check = check?;
    let quota = client.call(RecordingQuota {})?;
    let store = client.call(Status {})?.store;
    if out.json {
        out.object(&serde_json::json!({ "database": check, "recordings": quota, "store": store }))?;
    } else {
        render::check(&check, out)?;
        if !args.full {
            out.line(out.text(
                "  索引、発信先の最終結果、録音の中身は kakeru doctor --full で確かめます(時間がかかります)",
                "  `kakeru doctor --full` looks at indexes, last results of leads and the content of recordings too; it takes longer",
            ))?;
        }
        super::render::store_trouble(&store, out)?;
        render::quota(&quota, out)?;
    }
    let wrong = check.missing_recordings + check.altered_recordings + check.stray_recordings.count;
    if check.sound && wrong == 0 && store.ok { Ok(()) } else { Err(Failure::Exit(REFUSED)) }
}

/// `kakeru stats --verify`: exit code 1 when a figure differs, with --mend one that nothing writes anew.
pub(super) fn verify(global: &Global, mend: bool, out: Out) -> Result<(), Failure> {
    let socket = socket(global);
    let mut client = Client::connect(&socket)?;
    let bar = progress::watch(&socket, Work::Named { work: "verify", of: String::new() }, out);
    let mended = mend.then(|| client.call(StatsMend {})).transpose();
    let found = mended.and_then(|mended| Ok((mended, client.call(StatsVerify {})?)));
    drop(bar);
    let (mended, found) = found?;
    match (out.json, mended) {
        (true, None) => out.object(&found)?,
        (true, Some(mended)) => {
            out.object(&serde_json::json!({ "mended": mended, "mismatches": found.mismatches }))?;
        }
        (false, mended) => {
            mended.map_or(Ok(()), |mended| render::mended(&mended, out))?;
            render::verified(&found.mismatches, out)?;
        }
    }
    if found.mismatches.is_empty() { Ok(()) } else { Err(Failure::Exit(REFUSED)) }
}
