//! Whom a call by hand is for: a number that was typed, or somebody whose number the caller need not see (S3.14).

use protocol::{ErrorCode, RpcError};
use store::{AttemptId, Error, LeadId, ProjectId, Store};

use super::office::id;

/// Whom to call.
#[derive(Debug)]
pub(super) enum Callee {
    /// As a person writes it.
    Number(String),
    /// A contact, and which of its numbers: the one of this label or in this place, else the main one.
    Contact { word: String, label: Option<String> },
    /// A lead, and which of its numbers.
    Lead { lead: LeadId, label: Option<String> },
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
    if label.is_some() && contact.is_none() && lead.is_none() {
        return Err(bad(
            "label は連絡先・発信先の番号を選ぶものです",
            "a label chooses among the numbers of a contact or a lead",
        ));
    }
    Ok(match (number, contact, lead, attempt) {
        (None, None, None, None) => None,
        (Some(number), None, None, None) => Some(Callee::Number(number)),
        (None, Some(word), None, None) => Some(Callee::Contact { word, label }),
        (None, None, Some(lead), None) => Some(Callee::Lead { lead: id(&lead, "lead")?, label }),
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
            // The store knows a lead's.
            Self::Number(_) | Self::Contact { .. } | Self::Lead { .. } => Ok(None),
        }
    }

    /// The lead whose call it is.
    pub(super) fn lead(&self) -> Option<LeadId> {
        match self {
            Self::Lead { lead, .. } => Some(*lead),
            Self::Number(_) | Self::Contact { .. } | Self::Attempt(_) => None,
        }
    }

    /// The number to dial.
    pub(super) async fn number(self, store: &Store) -> Result<String, Error> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Contact { word, label } => {
                let contact = store.contact_row(&word).await?;
                // One that lies in the bin is nobody's any more.
                let live = contact.phones.into_iter().filter(|_| contact.deleted_at.is_none());
                let numbers: Vec<_> = live.map(|phone| (phone.phone, phone.label)).collect();
                let what = "number of the contact";
                chosen(numbers, label.as_deref())
                    .ok_or_else(|| Error::NotFound { what, key: label.unwrap_or(word) })
            }
            Self::Lead { lead, label } => {
                let row = store.lead(lead).await?;
                let further = row.extra_phones.into_iter().map(|phone| (phone.phone, phone.label));
                let numbers = std::iter::once((row.phone, None)).chain(further).collect();
                let what = "number of the lead";
                chosen(numbers, label.as_deref())
                    .ok_or_else(|| Error::NotFound { what, key: label.unwrap_or_else(|| lead.to_string()) })
            }
            Self::Attempt(attempt) => {
                let row = store.attempt(attempt).await?;
                row.phone
                    .ok_or_else(|| Error::NotFound { what: "number of the call", key: attempt.to_string() })
            }
        }
    }
}

/// The number of this label, else the one in this place, from 1; without a label the first.
fn chosen(mut numbers: Vec<(String, Option<String>)>, label: Option<&str>) -> Option<String> {
    let at = match label.map(str::trim) {
        None => 0,
        Some(label) => match numbers.iter().position(|(_, known)| known.as_deref() == Some(label)) {
            Some(at) => at,
            None => label.parse::<usize>().ok()?.checked_sub(1)?,
        },
    };
    (at < numbers.len()).then(|| numbers.swap_remove(at).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S4.41, X3: a label chooses before a place does; a number without a label has its place.
    #[test]
    fn a_number_is_chosen_by_label_or_place() {
        let numbers = || {
            let known = [("main", None), ("mobile", Some("携帯")), ("third", None), ("odd", Some("3"))];
            known.map(|(number, label)| (number.to_owned(), label.map(str::to_owned))).to_vec()
        };
        let choose = |label: Option<&str>| chosen(numbers(), label);
        assert_eq!(choose(None).as_deref(), Some("main"));
        assert_eq!(choose(Some(" 携帯 ")).as_deref(), Some("mobile"));
        assert_eq!(
            (choose(Some("1")).as_deref(), choose(Some("2")).as_deref()),
            (Some("main"), Some("mobile"))
        );
        assert_eq!(choose(Some("3")).as_deref(), Some("odd"));
        assert!(
            [Some("0"), Some("5"), Some("自宅"), Some("")].into_iter().all(|label| choose(label).is_none())
        );
        assert!(chosen(Vec::new(), None).is_none());
    }

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
        let lead = Some(LeadId(7).to_string());
        let further = callee(None, None, Some("mobile".to_owned()), lead, None);
        assert!(matches!(further, Ok(Some(Callee::Lead { .. }))));
    }
}
