//! Work that would hold up the thread it is asked for on: files, sound servers, the hash of a password.

use protocol::{Detail, ErrorCode, RpcError};

/// Runs `work` on a thread where waiting harms nobody. `None` where the runtime ends first, or `work` does not come to its end.
pub(crate) async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// The same for what a client waits for.
///
/// # Errors
/// [`ErrorCode::Internal`] where `work` does not come to its end.
pub(crate) async fn off_thread_for_client<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RpcError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| RpcError::with_detail(ErrorCode::Internal, Detail::log(error)))
}
