//! Users who are called the same: tables show the login beside such a name.
//!
//! Whether a name is one of these only the daemon knows, since it depends on users who are in no row of the table, deleted ones among
//! them. It is asked once, when the first name is shown: most commands show none.

use std::collections::HashSet;
use std::sync::OnceLock;

use protocol::params::UserMe;

use super::args::Global;
use super::socket;
use crate::control::client::Client;

static GLOBAL: OnceLock<Global> = OnceLock::new();
static NAMES: OnceLock<HashSet<String>> = OnceLock::new();

/// From which daemon names are shown.
pub(super) fn of(global: &Global) {
    // One process carries out one command.
    let _ = GLOBAL.set(global.clone());
}

/// A user by name, as every record shows them (S4.21); by login where a daemon tells no name, and with it where others have the name.
pub(super) fn person(name: &Option<String>, login: &Option<String>) -> String {
    match (name, login) {
        (Some(name), Some(login)) if name != login && names().contains(name) => format!("{name} ({login})"),
        (name, login) => name.as_ref().or(login.as_ref()).cloned().unwrap_or_default(),
    }
}

/// The same of who may be nobody's user: the Unix user then, such as the one that the box belongs to.
pub(super) fn somebody(name: &Option<String>, login: &Option<String>, uid: Option<u32>) -> String {
    match (login, uid) {
        (None, Some(0)) => "root".to_owned(),
        (None, Some(uid)) => format!("uid {uid}"),
        _ => person(name, login),
    }
}

/// Where it cannot be asked names are shown as they are.
fn names() -> &'static HashSet<String> {
    NAMES.get_or_init(|| {
        let ask = |global| Client::connect(&socket(global)).ok()?.call(UserMe {}).ok();
        GLOBAL.get().and_then(ask).map(|me| me.namesakes.into_iter().collect()).unwrap_or_default()
    })
}
