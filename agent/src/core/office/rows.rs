//! The store's rows of the office in the protocol's words.

use std::collections::HashMap;

use protocol::result::{
    Amendment, AuditRow, CategoryRow, ContactPhone, ContactRow, ContactSaved, DispositionRow, DncRow,
    Holdings, NoteRow, TaskRow, UserRow,
};
use store::{ProjectId, UserId};

use super::super::rows::national;

/// Names of users now, deleted ones too, by login (S4.21, S4.23).
#[derive(Default)]
pub(in crate::core) struct Names(HashMap<String, String>);

impl Names {
    pub(in crate::core) async fn read(store: &store::Store) -> Result<Self, protocol::RpcError> {
        let users = store.all_users().await.map_err(super::refused)?;
        Ok(Self(users.into_iter().map(|user| (user.login, user.name)).collect()))
    }

    pub(in crate::core) fn of(&self, login: Option<&str>) -> Option<String> {
        self.0.get(login?).cloned()
    }
}

pub(super) fn user(user: &store::UserInfo, seats: &[(UserId, String)]) -> UserRow {
    UserRow {
        login: user.login.clone(),
        name: user.name.clone(),
        role: user.role.as_str().to_owned(),
        uid: user.uid,
        password: user.has_password,
        seats: seats.iter().filter(|(of, _)| *of == user.id).map(|(_, seat)| seat.clone()).collect(),
        created_at: user.created_at,
        deleted_at: user.deleted_at,
    }
}

pub(super) fn holdings(held: store::Holdings) -> Holdings {
    Holdings { leads: held.leads, contacts: held.contacts, tasks: held.tasks }
}

pub(super) fn audit(row: store::AuditRow, names: &Names) -> AuditRow {
    AuditRow {
        id: row.id,
        at: row.at,
        user_name: names.of(row.login.as_deref()),
        user: row.login,
        uid: row.uid,
        action: row.action,
        object: row.object,
        detail: row.detail,
    }
}

pub(super) fn disposition(
    status: &store::DispositionInfo,
    projects: &HashMap<ProjectId, String>,
) -> DispositionRow {
    DispositionRow {
        code: status.code.clone(),
        label: status.label.clone(),
        builtin: status.builtin,
        keep_recording: status.keep_recording,
        counts_call: status.counts_call,
        counts_connect: status.counts_connect,
        lead_next: status.lead_next.as_str().to_owned(),
        position: status.position,
        project: status.project.map(|id| projects.get(&id).cloned().unwrap_or_else(|| id.to_string())),
        hotkey: status.hotkey.clone(),
        color: status.color.clone(),
        archived_at: status.archived_at,
    }
}

pub(super) fn task(task: &store::TaskRow) -> TaskRow {
    TaskRow {
        id: task.id,
        kind: task.kind.as_str().to_owned(),
        state: task.state.as_str().to_owned(),
        folder: task.folder.as_str().to_owned(),
        due_at: task.due_at,
        owner: task.owner_login.clone(),
        owner_name: task.owner_name.clone(),
        attempt: task.attempt.to_string(),
        called_at: task.called_at,
        lead: task.lead.map(|lead| lead.to_string()),
        list: task.list_name.clone(),
        position: task.position,
        number: national(&task.phone),
        company: task.company.clone(),
        person: task.person.clone(),
        label: task.status_label.clone(),
        memo: task.memo.clone(),
        closed_at: task.closed_at,
        blocked: task.blocked,
        ungranted: Vec::new(),
        recall_opens_at: None,
    }
}

pub(super) fn dnc(row: &store::DncRow, names: &Names) -> DncRow {
    DncRow {
        number: national(&row.phone),
        project: row.project_name.clone(),
        project_id: row.project.map(|project| project.to_string()),
        project_deleted: row.project_deleted,
        reason: Some(row.reason.clone()).filter(|reason| !reason.is_empty()),
        source: row.source.clone(),
        attempt: row.attempt.map(|attempt| attempt.to_string()),
        evidence: row.evidence.clone(),
        by: row.by_login.clone(),
        by_name: names.of(row.by_login.as_deref()),
        by_uid: row.by_uid,
        at: row.at,
        cleared_at: row.revoked_at,
        cleared_by: row.revoked_by.clone(),
        cleared_by_name: names.of(row.revoked_by.as_deref()),
        cleared_by_uid: row.revoked_by_uid,
        cleared_reason: row.revoked_reason.clone(),
        imported_by: row.imported_by.clone(),
        imported_at: row.imported_at,
    }
}

/// With the labels of statuses by their codes.
pub(super) fn amendment(
    row: store::AmendmentRow,
    names: &Names,
    labels: &HashMap<String, String>,
) -> Amendment {
    let label = |code: &Option<String>| {
        let code = code.as_ref().filter(|_| row.field == "status")?;
        labels.get(code).cloned()
    };
    Amendment {
        at: row.at,
        by_name: names.of(row.login.as_deref()),
        by_uid: row.uid.filter(|_| row.login.is_none()),
        before_label: label(&row.before),
        after_label: label(&row.after),
        by: row.login,
        field: row.field,
        before: row.before,
        after: row.after,
        reason: row.reason,
    }
}

pub(super) fn note(row: store::NoteRow, names: &Names) -> NoteRow {
    NoteRow {
        note: row.id.to_string(),
        attempt: row.attempt.map(|attempt| attempt.to_string()),
        lead: row.lead.map(|lead| lead.to_string()),
        number: national(&row.phone),
        by_name: names.of(row.login.as_deref()),
        by_uid: row.by_uid,
        by: row.login,
        text: row.text,
        at: row.at,
        edited_at: row.edited_at,
    }
}

pub(super) fn contact(contact: &store::ContactRow, names: &Names) -> ContactRow {
    ContactRow {
        id: contact.id.to_string(),
        company: contact.company.clone(),
        person: contact.person.clone(),
        email: contact.email.clone(),
        numbers: contact
            .phones
            .iter()
            .map(|phone| ContactPhone {
                number: national(&phone.phone),
                label: phone.label.clone(),
                ext: phone.ext.clone(),
            })
            .collect(),
        categories: contact.categories.clone(),
        owner: contact.owner_login.clone(),
        owner_name: names.of(contact.owner_login.as_deref()),
        origin: contact.origin.clone(),
        stub: contact.stub,
        version: contact.version,
        created_at: contact.created_at,
        updated_at: contact.updated_at,
        deleted_at: contact.deleted_at,
    }
}

pub(super) fn contact_saved(saved: &store::ContactSaved, names: &Names) -> ContactSaved {
    ContactSaved {
        contact: contact(&saved.contact, names),
        created: saved.created,
        warnings: saved.warnings.iter().map(|code| code.as_str().to_owned()).collect(),
    }
}

pub(super) fn category(category: store::CategoryInfo) -> CategoryRow {
    CategoryRow { name: category.name, contacts: category.contacts, leads: category.leads }
}
