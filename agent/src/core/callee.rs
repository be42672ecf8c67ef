//! Whom a call by hand is for: a number that was typed, or somebody whose number the caller need not see (S3.14).

use protocol::{ErrorCode, RpcError};
use store::{AttemptId, Error, LeadId, ProjectId, Store};

use super::office::id;

/// Whom to call.
#[derive(Debug)]
pub(super) enum Callee {
    /// As a person writes it.
    Number(String),
    /// A contact, and which of its numbers: the one of this label, else the main one.
    Contact {
        word: String,
        label: Option<String>,
    },
    Lead(LeadId),
    /// Whoever was at the other end of that call.
    Attempt(AttemptId),
}

/// What `call.dial` names; `None`: the previewed lead.
///
/// # Errors
/// `E-BAD-REQUEST` when it names more than one.
pub(super) fn callee(
    number: Option<String>,
    contact: Option<String>,
    label: Option<String>,
    lead: Option<String>,
    attempt: Option<String>,
) -> Result<Option<Callee>, RpcError> {
    let bad = |ja, en| RpcError::with_detail(ErrorCode::BadRequest, (ja, en));
    if label.is_some() && contact.is_none() {
        return Err(bad(
            "label は連絡先の番号を選ぶものです",
            "a label chooses among the numbers of a contact",
        ));
    }
    Ok(match (number, contact, lead, attempt) {
        (None, None, None, None) => None,
        (Some(number), None, None, None) => Some(Callee::Number(number)),
        (None, Some(word), None, None) => Some(Callee::Contact { word, label }),
        (None, None, Some(lead), None) => Some(Callee::Lead(id(&lead, "lead")?)),
        (None, None, None, Some(attempt)) => Some(Callee::Attempt(id(&attempt, "attempt")?)),
        _ => {
            return Err(bad(
                "number・contact・lead・attempt のうち1つだけ指定してください",
                "only one of number, contact, lead and attempt",
            ));
        }
    })
}

impl Callee {
    /// The project that the call is for: that of the list whose call is answered or gone on with. A number that somebody typed,
    /// and a contact, are everybody's.
    pub(super) async fn project(&self, store: &Store) -> Result<Option<ProjectId>, Error> {
        match self {
            Self::Attempt(attempt) => {
                let row = store.attempt(*attempt).await?;
                Ok(row.project.filter(|_| row.list.is_some()))
            }
            Self::Number(_) | Self::Contact { .. } | Self::Lead(_) => Ok(None),
        }
    }

    /// The number to dial.
    pub(super) async fn number(self, store: &Store) -> Result<String, Error> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Contact { word, label } => {
                let contact = store.contact_row(&word).await?;
                let wanted = |found: &&store::ContactPhone| label.is_none() || found.label == label;
                // One that lies in the bin is nobody's any more.
                let live = contact.phones.iter().filter(|_| contact.deleted_at.is_none());
                let phone = live.clone().find(wanted).map(|found| found.phone.clone());
                phone.ok_or(Error::NotFound { what: "number of the contact", key: label.unwrap_or(word) })
            }
            Self::Lead(lead) => Ok(store.lead(lead).await?.phone),
            Self::Attempt(attempt) => {
                let row = store.attempt(attempt).await?;
                row.phone
                    .ok_or_else(|| Error::NotFound { what: "number of the call", key: attempt.to_string() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_callee_is_named_or_none() {
        let of = |number: Option<&str>, contact: Option<&str>, label: Option<&str>| {
            callee(
                number.map(str::to_owned),
                contact.map(str::to_owned),
                label.map(str::to_owned),
                None,
                None,
            )
        };
        assert!(of(None, None, None).unwrap().is_none());
        assert!(matches!(of(Some("0312345678"), None, None), Ok(Some(Callee::Number(_)))));
        assert!(matches!(of(None, Some("x"), Some("mobile")), Ok(Some(Callee::Contact { .. }))));
        assert!(of(Some("0312345678"), Some("x"), None).is_err());
        assert!(of(Some("0312345678"), None, Some("mobile")).is_err());
    }
}
