//! The list view, and leads one by one or many at once.

use protocol::params::{self, LeadWhat};
use protocol::result::{LeadsChanged, ViewPage, ViewRow};
use store::import::Profile;
use store::{
    Assigned, LeadChange, LeadId, LeadSpec, PageAt, SortColumn, Store, UserId, ViewFilter, ViewQuery,
};

use super::list::changed;
use super::{Answer, By, bad, told, word_of};
use crate::core::query::{find, operator_named};
use crate::core::rows;

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
        login => operator_named(store, login).await?.map(Assigned::To),
    };
    Ok(ViewFilter {
        name: f.name,
        number: f.number,
        memo: f.memo,
        status: f.status,
        kind: f.kind.as_deref().map(|word| word_of(word, "kind")).transpose()?,
        last_user: operator_named(store, f.last_user.as_deref()).await?,
        from: f.from,
        to: f.to,
        assigned,
        categories: f.categories,
        dialable: f.dialable,
        state: None,
        attempts: f.attempts,
        at_least: f.at_least,
    })
}

pub(super) async fn view(store: &Store, p: params::ListView) -> Answer<ViewPage> {
    let list = store.list_by_name(&p.list).await.map_err(told)?;
    let page = match (p.after, p.before, p.row, p.last) {
        (None, None, None, false) => PageAt::First,
        (Some(place), None, None, false) => PageAt::After(place),
        (None, Some(place), None, false) => PageAt::Before(place),
        (None, None, Some(row), false) => PageAt::Row(row),
        (None, None, None, true) => PageAt::Last,
        _ => return Err(bad("give one of after, before, row and last")),
    };
    let sort = p.sort.as_deref().map_or(Ok(SortColumn::Position), |word| word_of(word, "sort"))?;
    let query = ViewQuery {
        list: list.id,
        filter: filter(store, p.filter).await?,
        sort,
        descending: p.descending,
        page,
        limit: p.limit.unwrap_or(100).clamp(1, 1_000),
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

pub(super) async fn lead(store: &Store, lead: &str) -> Answer<ViewRow> {
    let lead = lead.parse().map_err(|_| bad("lead"))?;
    store.lead(lead).await.map(|row| rows::view_row(&row)).map_err(told)
}

pub(super) async fn lead_add(store: &Store, p: params::LeadAdd, by: By) -> Answer<ViewRow> {
    let list = store.list_by_name(&p.list).await.map_err(told)?;
    let spec = LeadSpec {
        list: list.id,
        phone: p.number,
        company: p.company,
        person: p.person,
        categories: p.categories,
        extra_phones: Vec::new(),
        attrs: p.columns.into_iter().collect(),
        max_leads: Profile::named(&list.profile).and_then(|profile| profile.max_leads).unwrap_or(u64::MAX),
    };
    let id = store.add_lead(spec, by.user, by.now).await.map_err(told)?;
    lead(store, &id.to_string()).await
}

pub(super) async fn lead_change(store: &Store, p: params::LeadChange, by: By) -> Answer<LeadsChanged> {
    let list = find(store, &p.list).await?;
    let leads: Vec<LeadId> = match (p.leads.is_empty(), p.filter) {
        (false, None) => {
            p.leads.iter().map(|id| id.parse()).collect::<Result<_, _>>().map_err(|_| bad("leads"))?
        }
        (true, Some(wanted)) => {
            let wanted = filter(store, Some(wanted)).await?;
            store.find_leads(list, wanted).await.map_err(told)?
        }
        _ => return Err(bad("give either leads or filter")),
    };
    let (what, at) = match p.what {
        LeadWhat::Exclude => (LeadChange::Exclude { reason: p.reason }, None),
        LeadWhat::Include => (LeadChange::Include, None),
        LeadWhat::Delete => (LeadChange::Delete, Some(by.now)),
        LeadWhat::Assign => (LeadChange::Assign { users: users_named(store, &p.users).await? }, None),
    };
    let done = store.change_leads(list, leads, what, by.user, by.now).await.map_err(told)?;
    Ok(changed(done, at))
}

pub(super) async fn lead_phone(store: &Store, p: params::LeadPhone, by: By) -> Answer<ViewRow> {
    let id: LeadId = p.lead.parse().map_err(|_| bad("lead"))?;
    let numbers = match p.remove {
        true => store.remove_lead_phone(id, &p.number, by.user, by.now).await,
        false => store.add_lead_phone(id, &p.number, p.label.as_deref(), by.user, by.now).await,
    };
    numbers.map_err(told)?;
    lead(store, &p.lead).await
}
