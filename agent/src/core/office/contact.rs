//! The contact book.

use protocol::params::{
    ContactAdd, ContactCreateFromCall, ContactDelete, ContactEdit, ContactExport, ContactHandOver, ContactLs,
    ContactNumber,
};
use protocol::result::{
    Categories, CategoryRow, ContactPage, ContactRow, ContactSaved, ContactsDeleted, ContactsHandedOver,
    Exported,
};
use protocol::{ErrorCode, RpcError};
use store::export::ExportOptions;
use store::{
    ContactChange, ContactDraft, ContactId, ContactQuery, ContactRules, ContactSource, PhoneDraft, Progress,
    Store, TRASH_MS,
};

use super::super::export;
use super::super::manage::{Told, watched};
use super::{Asker, Names, id, named_ever, refused, rows, user_named};

pub(super) async fn add(
    store: &Store,
    p: ContactAdd,
    rules: ContactRules,
    asker: Asker,
) -> Result<ContactSaved, RpcError> {
    let owner = owner(store, p.owner.as_deref()).await?;
    let draft = ContactDraft {
        company: p.company,
        person: p.person,
        email: p.email,
        phones: numbers(p.numbers),
        categories: p.categories,
        owner,
    };
    put(store, draft, ContactSource::Form { overwrite: p.overwrite }, rules, asker).await
}

/// S0.27: whatever is typed, the number is the call's.
pub(super) async fn create_from_call(
    store: &Store,
    p: ContactCreateFromCall,
    rules: ContactRules,
    asker: Asker,
) -> Result<ContactSaved, RpcError> {
    let owner = owner(store, p.owner.as_deref()).await?;
    let draft = ContactDraft {
        company: p.company,
        person: p.person,
        email: p.email,
        categories: p.categories,
        owner,
        ..ContactDraft::default()
    };
    put(store, draft, ContactSource::Call(id(&p.attempt, "attempt")?), rules, asker).await
}

pub(super) async fn show(store: &Store, word: &str) -> Result<ContactRow, RpcError> {
    let found = store.contact_row(word).await.map_err(refused)?;
    Ok(rows::contact(&found, &Names::read(store).await?))
}

pub(super) async fn list(store: &Store, p: ContactLs, now: i64) -> Result<ContactPage, RpcError> {
    let owner = match &p.owner {
        Some(login) => Some(named_ever(store, login).await?),
        None => None,
    };
    let limit = p.limit.unwrap_or(100).clamp(1, 1_000);
    let query = ContactQuery {
        text: p.text,
        category: p.category,
        owner,
        only_stubs: p.stubs,
        trash: p.trash.then_some(now),
        after: p.after.as_deref().map(|text| id(text, "after")).transpose()?,
        limit,
    };
    let found = store.contacts(query).await.map_err(refused)?;
    let full = u32::try_from(found.len()).is_ok_and(|count| count == limit);
    let next = found.last().filter(|_| full).map(|contact| contact.id.to_string());
    let names = Names::read(store).await?;
    Ok(ContactPage { rows: found.iter().map(|row| rows::contact(row, &names)).collect(), next })
}

pub(super) async fn edit(
    store: &Store,
    p: ContactEdit,
    rules: ContactRules,
    asker: Asker,
) -> Result<ContactSaved, RpcError> {
    let contact = find(store, &p.contact).await?;
    let owner = match p.owner.as_deref().map(str::trim) {
        None => None,
        Some("") => Some(None),
        Some(login) => Some(Some(user_named(store, login).await?)),
    };
    let change = ContactChange {
        version: p.version,
        company: p.company,
        person: p.person,
        email: p.email,
        phones: p.numbers.map(numbers),
        categories: p.categories,
        owner,
    };
    let saved =
        store.contact_change(contact, change, rules, asker.actor(), asker.now).await.map_err(refused)?;
    Ok(rows::contact_saved(&saved, &Names::read(store).await?))
}

pub(super) async fn delete(
    store: &Store,
    p: &ContactDelete,
    asker: Asker,
) -> Result<ContactsDeleted, RpcError> {
    let words = &p.contacts;
    if words.is_empty() || words.len() > MOST_DELETED {
        return Err(RpcError::with_detail(
            ErrorCode::Value,
            ("contacts は 1件から 1000件です", "contacts: 1 to 1000"),
        ));
    }
    let mut contacts = Vec::with_capacity(words.len());
    for word in words {
        let contact = find(store, word).await?;
        if !contacts.contains(&contact) {
            contacts.push(contact);
        }
    }
    let tasks = match p.dry_run {
        true => store.contact_tasks(contacts.clone()).await,
        false => store.contacts_delete(contacts.clone(), asker.actor(), asker.now).await,
    };
    Ok(ContactsDeleted {
        deleted: contacts.iter().map(ContactId::to_string).collect(),
        undo_until: asker.now + TRASH_MS,
        tasks: tasks.map_err(refused)?,
    })
}

pub(super) async fn undo(
    store: &Store,
    contact: &str,
    rules: ContactRules,
    asker: Asker,
) -> Result<ContactRow, RpcError> {
    let contact = store.contact_deleted(contact).await.map_err(refused)?;
    let back = store.contact_undo(contact, rules.most, asker.actor(), asker.now).await.map_err(refused)?;
    Ok(rows::contact(&back, &Names::read(store).await?))
}

pub(super) async fn export(
    store: &Store,
    p: ContactExport,
    asker: Asker,
    progress: Progress,
) -> Result<Exported, RpcError> {
    let reader = export::Reader::new(export::Of::Contacts, store, p.profile.as_deref())?;
    let cut = export::Cut { split: p.split, rows: p.split_rows, bytes: p.split_bytes };
    let taken = asker.takes("contact.export", "contacts", export::said(&p, &[]));
    let options = reader.written(p.path, p.encoding.as_deref(), p.raw, progress)?;
    let options = ExportOptions { per_number: p.per_number, strict: p.strict, ..options };
    let options = reader.options(options, cut)?;
    let report = store.export_contacts(options.clone()).await.map_err(refused)?;
    let written = export::exported(&options, report, reader)?;
    export::hand_out(store, taken, &options, written).await
}

pub(super) async fn categories(store: &Store) -> Result<Categories, RpcError> {
    let found = store.categories().await.map_err(refused)?;
    Ok(Categories { categories: found.into_iter().map(rows::category).collect() })
}

/// Answers with what carried it, so that whoever deleted it knows how much changed (S0.9).
pub(super) async fn delete_category(
    store: &Store,
    name: &str,
    asker: Asker,
) -> Result<CategoryRow, RpcError> {
    let before = store.categories().await.map_err(refused)?;
    let wanted = store::category_key(name);
    let row = before.into_iter().find(|category| store::category_key(&category.name) == wanted);
    store.category_delete(name, asker.actor(), asker.now).await.map_err(refused)?;
    Ok(row.map_or_else(|| CategoryRow { name: name.to_owned(), contacts: 0, leads: 0 }, rows::category))
}

async fn put(
    store: &Store,
    draft: ContactDraft,
    source: ContactSource,
    rules: ContactRules,
    asker: Asker,
) -> Result<ContactSaved, RpcError> {
    let add = store::ContactAdd { draft, source, rules, by: asker.actor(), now: asker.now };
    let saved = store.contact_add(add).await.map_err(refused)?;
    Ok(rows::contact_saved(&saved, &Names::read(store).await?))
}

/// All contacts of somebody become another's.
pub(super) async fn hand_over(
    store: &Store,
    told: &Told,
    p: ContactHandOver,
    asker: Asker,
) -> Result<ContactsHandedOver, RpcError> {
    let from = match &p.from {
        // Those of a deleted user are what has to be handed over most.
        Some(login) => Some(named_ever(store, login).await?),
        None => None,
    };
    let over = store::ContactHandOver { from, to: owner(store, p.to.as_deref()).await? };
    let progress = Progress::default();
    let work = store.hand_contacts_over(over, asker.actor(), asker.now, progress.clone());
    let look = || (progress.done(), progress.total());
    let of = p.from.as_deref().unwrap_or_default();
    let contacts = watched(told, ("contacts", of), look, work).await.map_err(refused)?;
    Ok(ContactsHandedOver { contacts })
}

/// Whose it is to be (S3.8); `None`: whoever asks, or nobody.
async fn owner(store: &Store, login: Option<&str>) -> Result<Option<store::UserId>, RpcError> {
    match login {
        Some(login) => Ok(Some(user_named(store, login).await?)),
        None => Ok(None),
    }
}

async fn find(store: &Store, word: &str) -> Result<ContactId, RpcError> {
    Ok(store.contact_row(word).await.map_err(refused)?.id)
}

fn numbers(numbers: Vec<ContactNumber>) -> Vec<PhoneDraft> {
    numbers.into_iter().map(|given| PhoneDraft { number: given.number, label: given.label }).collect()
}

/// Contacts deleted in one commit.
const MOST_DELETED: usize = 1000;
