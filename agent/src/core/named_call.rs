//! Calls that commands name by a part of their identifier: looked up here, once, below every surface.

use protocol::{Detail, ErrorCode, RpcError};
use store::{AttemptId, Store};

use super::Core;
use super::job::Done;
use super::reach::{Bound, seen_call};
use super::refusal::store_error;
use crate::clock::{Now, minute_jst};
use crate::control::Who;
use crate::permission;

impl Core {
    /// Goes on with a command once it is known which call it names.
    pub(super) fn on_named(&mut self, mut bound: Bound, now: Now) {
        let named = bound.command.attempt_mut().map(|named| named.trim());
        let Some(part) = named.filter(|named| is_part(named)).map(str::to_owned) else {
            return self.on_bound(bound, now);
        };
        let store = self.store.clone();
        self.jobs.spawn(async move {
            let found = which(&store, &part, &bound.who).await;
            if let (Ok(Some(attempt)), Some(named)) = (&found, bound.command.attempt_mut()) {
                *named = attempt.to_string();
            }
            Done::Named { bound: Box::new(bound), result: found.map(|_| ()) }
        });
    }
}

/// Shorter than an identifier, and of its letters; all else is refused by whoever reads it.
fn is_part(named: &str) -> bool {
    !named.is_empty()
        && named.parse::<AttemptId>().is_err()
        && named.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The call that is meant; `None` where there is none that its giver may see.
///
/// # Errors
/// `E-AMBIGUOUS` with those that may be meant.
async fn which(store: &Store, part: &str, who: &Who) -> Result<Option<AttemptId>, RpcError> {
    let mut rows = Vec::new();
    for attempt in store.attempts_like(part).await.map_err(|error| store_error(&error))? {
        if !permission::is_bound(who) || seen_call(store, attempt, who).await? {
            rows.push(store.attempt(attempt).await.map_err(|error| store_error(&error))?);
        }
    }
    if let [] | [_] = rows.as_slice() {
        return Ok(rows.first().map(|row| row.id));
    }
    let told = |row: &store::AttemptRow| {
        // A name without a letter may be a number, which not everybody sees (S3.14).
        let name = row.company.as_deref().or(row.person.as_deref()).unwrap_or_default();
        let name = if name.chars().any(char::is_alphabetic) { name } else { "" };
        let at = minute_jst(row.dialed_at.unwrap_or(row.claimed_at));
        format!("{} ({})", row.id, format!("{at} {name}").trim_end())
    };
    let more = if rows.len() > TOLD { ", …" } else { "" };
    let told: Vec<String> = rows.iter().take(TOLD).map(told).collect();
    let ids: Vec<String> = rows.iter().take(TOLD).map(|row| row.id.to_string()).collect();
    let facts = serde_json::Map::from_iter([(String::from("attempts"), ids.into())]);
    let detail = Detail::name(format!("{part}: {}{more}", told.join(", "))).with(facts);
    Err(RpcError::with_detail(ErrorCode::Ambiguous, detail))
}

/// More would be a page, and `history.list` is one.
const TOLD: usize = 8;
