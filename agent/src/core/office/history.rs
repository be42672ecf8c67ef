//! Past calls: searched, shown, corrected, marked, written to files.

use protocol::params::{HistoryAmend, HistoryExport, HistoryList, HistoryReport};
use protocol::result::{Exported, HistoryCall, HistoryPage};
use protocol::{ErrorCode, RpcError};
use store::{
    Action, Amend, AttemptId, DncQuery, HistoryQuery, HistoryScope, NoteAbout, Phone, Progress, Scope, Store,
    permits,
};

use super::super::export;
use super::{Asker, Names, id, named_ever, nothing_to_change, refused, rows};
use crate::said::one_of;

pub(super) async fn list(
    store: &Store,
    p: HistoryList,
    asker: Asker,
    progress: Progress,
) -> Result<HistoryPage, RpcError> {
    let query = query(store, p, asker).await?;
    let limit = query.limit;
    let found = match query.searches() {
        true => store.search_history(query, progress).await,
        false => store.history(query).await,
    };
    let found = found.map_err(refused)?;
    Ok(super::super::rows::history(&found, limit))
}

/// What is asked for, of what the asker may see.
async fn query(store: &Store, p: HistoryList, asker: Asker) -> Result<HistoryQuery, RpcError> {
    let list = super::super::query::list_named(store, p.list.as_deref()).await?;
    let user = match &p.operator {
        Some(login) => Some(named_ever(store, login).await?),
        None => None,
    };
    let project = match &p.project {
        Some(name) => Some(store.project_by_name(name).await.map_err(refused)?),
        None => None,
    };
    // What waits to be dealt with is shown whatever it came from (S4.48).
    let default = if p.unsealed || p.interrupted { "include" } else { "exclude" };
    // A whole number is looked up; a part of one is looked for (S1.30).
    let (phone, digits) = p.number.map_or((None, None), |number| match Phone::parse(&number) {
        Ok(_) => (Some(number), None),
        Err(_) => (None, Some(number)),
    });
    let mut query = HistoryQuery {
        list,
        project,
        name: p.name,
        company: p.company,
        person: p.person,
        memo: p.memo,
        user,
        seat: p.seat,
        phone,
        digits,
        status: if p.blank { Some(String::new()) } else { p.status },
        from: p.from,
        to: p.to,
        include_incoming: true,
        include_void: true,
        only_open: p.unsealed,
        only_interrupted: p.interrupted,
        only_reported: p.reported,
        only_unregistered: p.unregistered,
        before: p.before.as_deref().map(|text| id(text, "before")).transpose()?,
        limit: p.limit.unwrap_or(50).clamp(1, 1_000),
        scope: scope(asker),
        granted_to: asker.bound(),
        ..HistoryQuery::default()
    };
    filter(&mut query, p.manual.as_deref().unwrap_or(default))?;
    Ok(query)
}

/// One call with what was said about it later. BIZ sees no notes and no call that is not reported.
pub(super) async fn show(store: &Store, attempt: &str, asker: Asker) -> Result<HistoryCall, RpcError> {
    let attempt: AttemptId = id(attempt, "attempt")?;
    let row = store.attempt(attempt).await.map_err(refused)?;
    let seen = match scope(asker) {
        HistoryScope::All => true,
        HistoryScope::Own(user) => row.user == Some(user),
        HistoryScope::Reported => row.reported,
        HistoryScope::Nothing => false,
    };
    if !seen {
        // As one that never was: that somebody called at all is not theirs to know.
        return Err(refused(store::Error::NotFound { what: "attempt", key: attempt.to_string() }));
    }
    whole(store, row, asker).await
}

pub(super) async fn amend(store: &Store, p: HistoryAmend, asker: Asker) -> Result<HistoryCall, RpcError> {
    let status = p.status.as_deref().is_some_and(|status| !status.trim().is_empty());
    if !status && p.memo.is_none() && p.recall_at.is_none() && !p.no_recall {
        return Err(nothing_to_change("status・memo・recall", "status, memo, recall"));
    }
    let amend = Amend {
        attempt: id(&p.attempt, "attempt")?,
        status: p.status,
        memo: p.memo,
        recall_at: if p.no_recall { Some(None) } else { p.recall_at.map(Some) },
        reason: p.reason.unwrap_or_default(),
        scope: asker.scope,
        by: asker.actor(),
        now: asker.now,
    };
    let store::Amended { row, discard_recording } = store.amend(amend).await.map_err(refused)?;
    if let Some(file) = discard_recording {
        super::super::job::discard(file).await;
    }
    let mut call = whole(store, row, asker).await?;
    // A correction clears nothing: that needs a manager and a reason of its own.
    let status = call.amendments.iter().rfind(|amended| amended.field == "status");
    let was_forbidden = status.is_some_and(|amended| amended.before.as_deref() == Some(DO_NOT_CALL));
    if was_forbidden
        && call.call.status.as_deref() != Some(DO_NOT_CALL)
        && blocked(store, &call.call.number).await?
    {
        call.warnings.push(ErrorCode::WarnDncStays.as_str().to_owned());
    }
    Ok(call)
}

pub(super) async fn report(store: &Store, p: &HistoryReport, asker: Asker) -> Result<HistoryCall, RpcError> {
    let attempt: AttemptId = id(&p.attempt, "attempt")?;
    store.report(attempt, p.on, asker.scope, asker.actor(), asker.now).await.map_err(refused)?;
    whole(store, store.attempt(attempt).await.map_err(refused)?, asker).await
}

pub(super) async fn export(
    store: &Store,
    p: HistoryExport,
    asker: Asker,
    progress: Progress,
) -> Result<Exported, RpcError> {
    let reader = export::Reader::new(export::Of::Others, store, p.profile.as_deref())?;
    let cut = export::Cut { split: p.split, rows: p.split_rows, bytes: p.split_bytes };
    let options = reader.written(p.path.clone(), p.encoding.as_deref(), p.raw, progress)?;
    let options = reader.options(options, cut)?;
    let taken = asker.takes("history.export", "history", export::said(&p, &[]));
    // All pages of the list of the same filters.
    let query = query(store, p.list(), asker).await?;
    let report = store.export_history(query, options.clone()).await.map_err(refused)?;
    let written = export::exported(&options, report, reader)?;
    export::hand_out(store, taken, &options, written).await
}

/// Whether anything forbids to call the number.
async fn blocked(store: &Store, number: &str) -> Result<bool, RpcError> {
    let query = DncQuery { phone: Some(number.to_owned()), limit: 1, ..DncQuery::default() };
    Ok(!store.dnc_entries(query).await.map_err(refused)?.is_empty())
}

/// Calls by hand: apart from the search unless asked for (S4.37).
pub(in crate::core) fn filter(query: &mut HistoryQuery, manual: &str) -> Result<(), RpcError> {
    (query.include_manual, query.only_manual) = match manual {
        "exclude" => (false, false),
        "include" => (true, false),
        "only" => (true, true),
        _ => return Err(RpcError::with_detail(ErrorCode::Value, one_of("manual", "exclude, include, only"))),
    };
    Ok(())
}

fn scope(asker: Asker) -> HistoryScope {
    match permits(asker.who.role, Action::HistoryView) {
        Scope::All => HistoryScope::All,
        Scope::Own => asker.who.user.map_or(HistoryScope::Nothing, HistoryScope::Own),
        Scope::Reported => HistoryScope::Reported,
        Scope::Lower | Scope::Nothing => HistoryScope::Nothing,
    }
}

async fn whole(store: &Store, mut row: store::AttemptRow, asker: Asker) -> Result<HistoryCall, RpcError> {
    if let Some(phone) = &row.phone {
        row.contact = store.contact(phone).await.map_err(refused)?;
    }
    let amendments = store.amendments(row.id).await.map_err(refused)?;
    let notes = if row.phone.is_some() && permits(asker.who.role, Action::NoteView).any() {
        store.notes(NoteAbout::Attempt(row.id), asker.bound()).await.map_err(refused)?
    } else {
        Vec::new()
    };
    let names = Names::read(store).await?;
    let statuses = store.all_dispositions().await.map_err(refused)?;
    let labels = statuses.into_iter().map(|status| (status.code, status.label)).collect();
    Ok(HistoryCall {
        recall_opens_at: None,
        warnings: Vec::new(),
        call: super::super::rows::attempt(&row),
        amendments: amendments.into_iter().map(|row| rows::amendment(row, &names, &labels)).collect(),
        notes: notes.into_iter().map(|note| rows::note(note, &names)).collect(),
    })
}

/// クレーム.
const DO_NOT_CALL: &str = "do_not_call";
