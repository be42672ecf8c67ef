//! What the store refuses, as clients are told.

use protocol::{EncodingCandidate, RpcError};
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
