//! Whom a call by hand is for: a number that was typed, or somebody whose number the caller need not see (S3.14).

use protocol::params::CallDial;
use protocol::{ErrorCode, RpcError};
use store::{AttemptId, DialRefusal, Error, LeadId, LeadRow, ProjectId, Store};

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
    /// Whoever a task is about.
    Task(i64),
}

/// What `call.dial` names; `None`: the previewed lead.
///
/// # Errors
/// `E-BAD-REQUEST` when it names more than one.
pub(super) fn callee(p: &CallDial) -> Result<Option<Callee>, RpcError> {
    let CallDial { number, contact, label, lead, attempt, task, .. } = p.clone();
    let bad = |ja, en| RpcError::with_detail(ErrorCode::BadRequest, (ja, en));
    if label.is_some() && contact.is_none() && lead.is_none() {
        return Err(bad(
            "label は連絡先・発信先の番号を選ぶものです",
            "a label chooses among the numbers of a contact or a lead",
        ));
    }
    let lead = lead.map(|lead| id(&lead, "lead")).transpose()?;
    let attempt = attempt.map(|attempt| id(&attempt, "attempt")).transpose()?;
    let mut named = [
        number.map(Callee::Number),
        contact.map(|word| Callee::Contact { word, label: label.clone() }),
        lead.map(|lead| Callee::Lead { lead, label }),
        attempt.map(Callee::Attempt),
        task.map(Callee::Task),
    ]
    .into_iter()
    .flatten();
    match (named.next(), named.next()) {
        (one, None) => Ok(one),
        (_, Some(_)) => Err(bad(
            "number・contact・lead・attempt・task のうち1つだけ指定してください",
            "only one of number, contact, lead, attempt and task",
        )),
    }
}

/// What a call by hand needs to know of whom it is for.
#[derive(Debug)]
pub(super) struct Called {
    /// As it is to be dialed.
    pub(super) number: String,
    /// The lead whose call it is.
    pub(super) lead: Option<LeadId>,
    /// The project that the call is for: that of the list whose call is answered or gone on with; the store knows a lead's. A number
    /// that somebody typed, and a contact, are everybody's.
    pub(super) project: Option<ProjectId>,
}

impl Callee {
    /// Whom to call.
    pub(super) async fn find(self, store: &Store) -> Result<Called, Error> {
        let of_nobody = |number| Called { number, lead: None, project: None };
        match self {
            Self::Number(number) => Ok(of_nobody(number)),
            Self::Contact { word, label } => {
                let contact = store.contact_row(&word).await?;
                // One that lies in the bin is nobody's any more.
                let live = contact.phones.into_iter().filter(|_| contact.deleted_at.is_none());
                let numbers: Vec<_> = live.map(|phone| (phone.phone, phone.label)).collect();
                let what = "number of the contact";
                chosen(numbers, label.as_deref())
                    .map(of_nobody)
                    .ok_or_else(|| Error::NotFound { what, key: label.unwrap_or(word) })
            }
            Self::Lead { lead, label } => {
                let row = store.lead(lead).await?;
                let what = "number of the lead";
                let number = chosen(numbers(row), label.as_deref()).ok_or_else(|| Error::NotFound {
                    what,
                    key: label.unwrap_or_else(|| lead.to_string()),
                })?;
                Ok(Called { number, lead: Some(lead), project: None })
            }
            Self::Attempt(attempt) => of_call(store, attempt).await,
            Self::Task(task) => {
                // Which folder it is in is not asked.
                let task = store.task(task, 0).await?;
                let Some(lead) = task.lead else { return of_call(store, task.attempt).await };
                let mut known = numbers(store.lead(lead).await?);
                // The number that the task is about, unless the lead has another one now.
                let at = known.iter().position(|(number, _)| *number == task.phone).unwrap_or(0);
                Ok(Called { number: known.swap_remove(at).0, lead: Some(lead), project: None })
            }
        }
    }
}

/// The other end of a call. It is called by its number, and its lead is called by nobody while it is excluded (S1.25). Nor is a number
/// that came without a lead, where a list excludes it: whoever goes down the history does not know of that, and whoever types the
/// number has decided.
async fn of_call(store: &Store, attempt: AttemptId) -> Result<Called, Error> {
    let row = store.attempt(attempt).await?;
    let lead = match row.lead {
        None => None,
        Some(lead) => match store.lead(lead).await {
            Ok(lead) => Some(lead),
            // One in the bin is on no list.
            Err(Error::NotFound { .. }) => None,
            Err(error) => return Err(error),
        },
    };
    let project = row.project.filter(|_| row.list.is_some());
    let Some(number) = row.phone else {
        return Err(Error::NotFound { what: "number of the call", key: attempt.to_string() });
    };
    match lead {
        Some(lead) if !lead.dialable => return Err(Error::Refused(DialRefusal::Excluded)),
        Some(_) => {}
        None => {
            if store.is_excluded(number.clone()).await? {
                return Err(Error::ExcludedNumber);
            }
        }
    }
    Ok(Called { number, lead: None, project })
}

/// The numbers of a lead, the main one first, with their labels.
fn numbers(lead: LeadRow) -> Vec<(String, Option<String>)> {
    let further = lead.extra_phones.into_iter().map(|phone| (phone.phone, phone.label));
    std::iter::once((lead.phone, None)).chain(further).collect()
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
            let [number, contact, label] = [number, contact, label].map(|text| text.map(str::to_owned));
            callee(&CallDial { number, contact, label, ..CallDial::default() })
        };
        assert!(of(None, None, None).unwrap().is_none());
        assert!(matches!(of(Some("0312345678"), None, None), Ok(Some(Callee::Number(_)))));
        assert!(matches!(of(None, Some("x"), Some("mobile")), Ok(Some(Callee::Contact { .. }))));
        assert!(of(Some("0312345678"), Some("x"), None).is_err());
        assert!(of(Some("0312345678"), None, Some("mobile")).is_err());
        let label = Some("mobile".to_owned());
        let further = CallDial { lead: Some(LeadId(7).to_string()), label, ..CallDial::default() };
        assert!(matches!(callee(&further), Ok(Some(Callee::Lead { .. }))));
        let task = CallDial { task: Some(7), ..CallDial::default() };
        assert!(matches!(callee(&task), Ok(Some(Callee::Task(7)))));
        assert!(callee(&CallDial { task: Some(7), ..further }).is_err());
    }
}
