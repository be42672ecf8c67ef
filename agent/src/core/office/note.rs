//! Notes of the back office.

use protocol::RpcError;
use protocol::params::{NoteAdd, NoteLs};
use protocol::result::{NoteRow, Notes};
use store::{NoteAbout, NoteChange, NoteDraft, NoteEdit, Store};

use super::{Asker, Names, bad, id, refused, rows};

pub(super) async fn add(store: &Store, p: NoteAdd, asker: Asker) -> Result<NoteRow, RpcError> {
    let about = about(p.attempt, p.lead, p.number)?;
    let (granted_to, by) = (asker.bound(), asker.actor());
    let draft = NoteDraft { about, granted_to, text: p.text, by, now: asker.now };
    let note = store.note_add(draft).await.map_err(refused)?;
    Ok(rows::note(note, &Names::read(store).await?))
}

pub(super) async fn list(store: &Store, p: NoteLs, asker: Asker) -> Result<Notes, RpcError> {
    let notes = store.notes(about(p.attempt, p.lead, p.number)?, asker.bound()).await.map_err(refused)?;
    let names = Names::read(store).await?;
    Ok(Notes { notes: notes.into_iter().map(|note| rows::note(note, &names)).collect() })
}

/// Changes a note, takes it back or brings it back.
pub(super) async fn change(
    store: &Store,
    note: &str,
    edit: NoteEdit,
    asker: Asker,
) -> Result<NoteRow, RpcError> {
    let change =
        NoteChange { note: id(note, "note")?, edit, scope: asker.scope, by: asker.actor(), now: asker.now };
    let note = store.note_change(change).await.map_err(refused)?;
    Ok(rows::note(note, &Names::read(store).await?))
}

fn about(
    attempt: Option<String>,
    lead: Option<String>,
    number: Option<String>,
) -> Result<NoteAbout, RpcError> {
    match (attempt, lead, number) {
        (Some(attempt), None, None) => Ok(NoteAbout::Attempt(id(&attempt, "attempt")?)),
        (None, Some(lead), None) => Ok(NoteAbout::Lead(id(&lead, "lead")?)),
        (None, None, Some(number)) => Ok(NoteAbout::Number(number)),
        _ => Err(bad((
            "attempt・lead・number のうち1つだけ指定してください",
            "exactly one of attempt, lead and number is needed",
        ))),
    }
}
