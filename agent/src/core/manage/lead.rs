//! The list view, and leads one by one or many at once.

use std::collections::HashSet;

use protocol::params::{self, LeadWhat};
use protocol::result::{LeadSaved, LeadsChanged, ViewPage, ViewRow};
use store::import::Profile;
use store::{
    Assigned, Code, ColumnTest, LeadChange, LeadFields, LeadId, LeadSelection, LeadSpec, PageAt, Progress,
    SortColumn, Store, UserId, ViewFilter, ViewQuery,
};

use super::list::changed;
use super::{Answer, By, Told, bad, told, watched, word_of};
use crate::core::export::said;
use crate::core::office::id;
use crate::core::query::{operator_ever_named, operator_named};
use crate::core::rows;
use crate::core::sight::Sight;

pub(super) async fn users_named(store: &Store, logins: &[String]) -> Answer<Vec<UserId>> {
    let mut users = Vec::with_capacity(logins.len());
    for login in logins {
        users.extend(operator_named(store, Some(login)).await?);
    }
    Ok(users)
}

pub(super) async fn filter(store: &Store, filter: Option<params::ViewFilter>) -> Answer<ViewFilter> {
    let Some(f) = filter else { return Ok(ViewFilter::default()) };
    let assigned = match f.assigned.as_deref() {
        None => None,
        Some("") => Some(Assigned::Nobody),
        login => operator_ever_named(store, login).await?.map(Assigned::To),
    };
    Ok(ViewFilter {
        name: f.name,
        company: f.company,
        person: f.person,
        number: f.number,
        memo: f.memo,
        columns: f.columns.into_iter().map(column).collect(),
        status: f.status,
        kind: f.kind.as_deref().map(|word| word_of(word, "kind")).transpose()?,
        last_user: operator_ever_named(store, f.last_user.as_deref()).await?,
        from: f.from,
        to: f.to,
        assigned,
        categories: f.categories,
        dialable: f.dialable,
        blocked: f.blocked,
        state: None,
        attempts: f.attempts,
        at_least: f.at_least,
    })
}

fn column(test: params::ColumnTest) -> ColumnTest {
    ColumnTest { column: test.column, text: test.text, part: test.part }
}

pub(super) async fn view(store: &Store, p: params::ListView, sight: Sight) -> Answer<ViewPage> {
    let list = sight.list(store, &p.list).await?;
    let page = match (p.after, p.before, p.row, p.last) {
        (None, None, None, false) => PageAt::First,
        (Some(place), None, None, false) => PageAt::After(place),
        (None, Some(place), None, false) => PageAt::Before(place),
        (None, None, Some(row), false) => PageAt::Row(row),
        (None, None, None, true) => PageAt::Last,
        _ => {
            return Err(bad((
                "after・before・row・last のうち1つだけ指定してください",
                "give one of after, before, row and last",
            )));
        }
    };
    let sort = p.sort.as_deref().map_or(Ok(SortColumn::Position), |word| word_of(word, "sort"))?;
    let mut filter = filter(store, p.filter).await?;
    filter.assigned = sight.narrow(&list, filter.assigned);
    // S1.38: 発信対象外 are hidden unless asked for.
    filter.dialable = filter.dialable.or((!p.excluded).then_some(true));
    let query = ViewQuery {
        list: list.id,
        filter,
        sort,
        descending: p.descending,
        page,
        limit: p.limit.unwrap_or(100).clamp(1, 1_000),
        opaque: sight.is_masked(),
    };
    let page = store.view(query).await.map_err(told)?;
    Ok(ViewPage {
        list: list.name,
        rows: page.rows.iter().map(rows::view_row).collect(),
        total: page.total,
        first: page.first,
        next: page.next,
        previous: page.previous,
    })
}

/// Whether it is to be seen was looked up before (`reach`).
pub(super) async fn lead(store: &Store, lead: &str) -> Answer<ViewRow> {
    let row = store.lead(id(lead, "lead")?).await.map_err(told)?;
    Ok(rows::view_row(&row))
}

/// `contacts`: how many there may be (S0.23).
pub(super) async fn lead_add(
    store: &Store,
    p: params::LeadAdd,
    contacts: Option<u64>,
    by: By,
) -> Answer<LeadSaved> {
    let list = store.list_by_name(&p.list).await.map_err(told)?;
    let limits = store.profiles().named(&list.profile);
    let most = |limit: fn(&Profile) -> Option<u64>| limits.and_then(limit).unwrap_or(u64::MAX);
    let spec = LeadSpec {
        list: list.id,
        phone: p.number,
        company: p.company,
        person: p.person,
        categories: p.categories,
        extra_phones: Vec::new(),
        attrs: p.columns.into_iter().collect(),
        max_leads: most(|profile| profile.max_leads),
        max_contacts: most(|profile| profile.max_contacts).min(contacts.unwrap_or(u64::MAX)),
    };
    let (id, mut warnings) = store.add_lead(spec, by.actor, by.now).await.map_err(told)?;
    if list.total >= most(|profile| profile.warn_leads) {
        warnings.push(Code::ListLarge);
    }
    saved(lead(store, &id.to_string()).await?, warnings)
}

fn saved(lead: ViewRow, warnings: Vec<Code>) -> Answer<LeadSaved> {
    Ok(LeadSaved { lead, warnings: warnings.iter().map(|code| code.as_str().to_owned()).collect() })
}

pub(super) async fn lead_edit(store: &Store, p: params::LeadEdit, by: By) -> Answer<LeadSaved> {
    let id: LeadId = id(&p.lead, "lead")?;
    let fields = LeadFields {
        version: p.version,
        company: p.company,
        person: p.person,
        categories: p.categories,
        columns: p.columns.into_iter().collect(),
        clir: p.clir,
    };
    let warnings = store.change_lead_fields(id, fields, by.actor, by.now).await.map_err(told)?;
    saved(lead(store, &p.lead).await?, warnings)
}

pub(super) async fn lead_change(
    store: &Store,
    told_to: &Told,
    p: params::LeadChange,
    by: By,
    sight: Sight,
) -> Answer<LeadsChanged> {
    let list = sight.list(store, &p.list).await?;
    let by_id = !p.leads.is_empty();
    let leads: LeadSelection = match (p.leads.is_empty(), p.filter) {
        (false, None) => p.leads.iter().map(|lead| id(lead, "lead")).collect::<Result<Vec<_>, _>>()?.into(),
        (true, Some(wanted)) => {
            let said = said(&wanted, &[]);
            let wanted = filter(store, Some(wanted)).await?;
            let ids = store.find_leads(list.id, wanted).await.map_err(told)?;
            LeadSelection { ids, filter: Some(said) }
        }
        _ => return Err(bad(("leads か filter のどちらか一方が必要です", "give either leads or filter"))),
    };
    if by_id || sight.is_narrow() {
        sight.leads(store, &list, &leads.ids).await?;
    }
    if p.dry_run {
        if p.what != LeadWhat::Delete {
            return Err(bad(("dry_run は delete だけに使えます", "dry_run is for delete only")));
        }
        let going: HashSet<LeadId> = leads.ids.iter().copied().collect();
        let tasks = store.lead_tasks(list.id).await.map_err(told)?;
        let tasks = tasks.iter().filter(|lead| going.contains(lead)).count() as u64;
        return Ok(LeadsChanged { changed: going.len() as u64, tasks, ..LeadsChanged::default() });
    }
    let (what, at) = match p.what {
        LeadWhat::Exclude => {
            let reason = p.reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
            (LeadChange::Exclude { reason }, None)
        }
        LeadWhat::Include => (LeadChange::Include, None),
        LeadWhat::Delete => (LeadChange::Delete, Some(by.now)),
        LeadWhat::Assign => (LeadChange::Assign { users: users_named(store, &p.users).await? }, None),
    };
    let given = if let LeadChange::Assign { users } = &what { users.clone() } else { Vec::new() };
    let progress = Progress::default();
    let look = || (progress.done(), progress.total());
    let work = store.change_leads(list.id, leads, what, by.actor, by.now, progress.clone());
    let done = watched(told_to, ("leads", &p.list), look, work).await.map_err(told)?;
    let mut ungranted = Vec::new();
    // In the order they were named.
    for (user, login) in given.into_iter().zip(p.users) {
        if done.changed > 0 && !store.may_use_list(list.id, user).await.map_err(told)? {
            ungranted.push(login);
        }
    }
    Ok(LeadsChanged { ungranted, ..changed(done, at) })
}

pub(super) async fn lead_phone(store: &Store, p: params::LeadPhone, by: By) -> Answer<LeadSaved> {
    let id: LeadId = id(&p.lead, "lead")?;
    let warnings = match p.remove {
        true => store.remove_lead_phone(id, &p.number, by.actor, by.now).await.map(|_| Vec::new()),
        false => {
            let added = store.add_lead_phone(id, &p.number, p.label.as_deref(), by.actor, by.now).await;
            added.map(|(_, warnings)| warnings)
        }
    };
    let warnings = warnings.map_err(told)?;
    saved(lead(store, &p.lead).await?, warnings)
}
