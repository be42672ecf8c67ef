//! What the store, a seat or a call refuses, as clients are told.

use dialer::Refusal;
use protocol::{Detail, EncodingCandidate, ErrorCode, RpcError};
use sip_stack::ua::HoldError;
use store::Error as StoreError;

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
