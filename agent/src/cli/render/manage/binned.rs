//! What went into the bin.

use protocol::result::{Done, ListDeleted};

use super::done;
use crate::cli::output::{Closed, Out};

pub(crate) fn list_deleted(deleted: &ListDeleted, out: Out) -> Result<(), Closed> {
    done(&Done { of: deleted.of.clone() }, out)?;
    tasks(deleted.tasks, out)
}

/// Open tasks that went with their leads, and come back with them.
pub(super) fn tasks(tasks: u64, out: Out) -> Result<(), Closed> {
    let text = out.text("ともにごみ箱へ移した対応タスク", "open tasks in the bin with them");
    if tasks > 0 { out.line(&format!("{text}: {tasks}")) } else { Ok(()) }
}
