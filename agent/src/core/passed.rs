//! Leads that were passed over on the way to the next call: told in one line, however many they are. A list may be on the do-not-call
//! list as a whole.

use std::collections::BTreeMap;

use store::LeadId;

/// Those of a seat since its last call.
#[derive(Debug, Default)]
pub(crate) struct PassedOver {
    codes: BTreeMap<&'static str, u64>,
    last: Option<LeadId>,
}

impl PassedOver {
    pub(crate) fn add(&mut self, leads: &[(LeadId, &'static str)]) {
        for (lead, code) in leads {
            *self.codes.entry(code).or_default() += 1;
            self.last = Some(*lead);
        }
    }

    /// Says how many, why, and which one where it is one, and begins anew.
    pub(crate) fn tell(&mut self, seat: &str) {
        let Self { codes, last } = std::mem::take(self);
        let Some(lead) = last else { return };
        let count: u64 = codes.values().sum();
        if count == 1 {
            let code = codes.keys().next();
            return tracing::info!(seat, %lead, code, "a lead was passed over");
        }
        let why: Vec<String> = codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
        tracing::info!(seat, count, why = why.join(", "), "leads were passed over");
    }
}
