//! What the store, a seat or a call refuses, as clients are told.

use dialer::Refusal;
use dialer::window::CallingWindow;
use protocol::{Detail, EncodingCandidate, ErrorCode, RpcError};
use sip_stack::ua::HoldError;
use store::{DialRefusal, Error as StoreError};

use crate::said::store_says;

/// The store's error as the client sees it: its stable code where it has one.
pub(super) fn store_error(error: &StoreError) -> RpcError {
    let code = match error {
        // The store speaks of objects, the operator of lists.
        StoreError::NotFound { what: "list", .. } => "E-LIST-UNKNOWN",
        other => other.code(),
    };
    let detail = match error {
        // Which file it is says nothing without what the system said of it.
        StoreError::File { source, .. } => format!("{error}: {source}"),
        other => other.to_string(),
    };
    let refused = RpcError::refused_as(code, store_says(error, detail));
    match error {
        StoreError::Import(error) => refused.with_candidates(candidates(error)),
        _ => refused,
    }
}

/// Why a call by hand was not opened. When a number may be dialed again, the calling window may be closed: the next moment in it is told.
pub(super) fn in_window(error: &StoreError, window: Option<&CallingWindow>) -> RpcError {
    let opens = |until: i64| window.and_then(|window| window.next_open(until)).unwrap_or(until);
    match *error {
        StoreError::Refused(DialRefusal::RepeatGap { last, until }) => {
            store_error(&StoreError::Refused(DialRefusal::RepeatGap { last, until: opens(until) }))
        }
        _ => store_error(error),
    }
}

/// How a file reads in the encodings that it may be in.
fn candidates(error: &store::import::ImportError) -> Vec<EncodingCandidate> {
    let candidate = |tried: &store::import::Candidate| EncodingCandidate {
        encoding: tried.encoding.as_str().to_owned(),
        first_bad_byte: tried.first_bad_byte,
        cells: tried.cells.clone(),
    };
    error.candidates.iter().map(candidate).collect()
}

/// Why a seat does not do what it is told.
pub(super) fn refusal(refusal: Refusal) -> RpcError {
    let code = match refusal {
        Refusal::NoCall => ErrorCode::NoCall,
        Refusal::Busy => ErrorCode::CallBusy,
        Refusal::NoSession => ErrorCode::NoSession,
        Refusal::StatusRequired => ErrorCode::StatusRequired,
        Refusal::Pending | Refusal::Closing => ErrorCode::Busy,
        Refusal::Hours => ErrorCode::Hours,
        _ => ErrorCode::Internal,
    };
    code.into()
}

/// Why a call cannot be held or taken back now.
pub(super) fn hold_refusal(error: HoldError) -> RpcError {
    let code = match error {
        HoldError::Pending => ErrorCode::Busy,
        _ => ErrorCode::NoCall,
    };
    RpcError::with_detail(code, Detail::log(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is told a time tries again then.
    #[test]
    fn a_number_is_free_again_when_the_window_is_open() {
        // 2026-11-20 was a Friday; 00:00 UTC is 09:00 in Japan.
        const FRIDAY_9: i64 = 1_795_132_800_000;
        const MINUTE: i64 = 60_000;
        let window = CallingWindow { to: 10 * 60 + 46, ..CallingWindow::default() };
        let last = FRIDAY_9 + 104 * MINUTE;
        let told = |until, window| {
            let error = StoreError::Refused(DialRefusal::RepeatGap { last, until });
            let data = in_window(&error, window)
                .data
                .map(|data| data.detail_in(protocol::Lang::Ja).map(str::to_owned));
            data.flatten().unwrap_or_default()
        };
        let (open, shut) = (FRIDAY_9 + 105 * MINUTE, FRIDAY_9 + 107 * MINUTE);
        assert!(
            told(open, Some(&window)).contains("2026-11-20 10:45:00 から"),
            "{}",
            told(open, Some(&window))
        );
        assert!(
            told(shut, Some(&window)).contains("2026-11-21 09:00:00 から"),
            "{}",
            told(shut, Some(&window))
        );
        assert!(told(shut, None).contains("2026-11-20 10:47:00 から"));
    }
}
