//! End-to-end tests, one binary: the peers against each other first, then the daemon against the peers.

use std::time::Duration;

mod archive;
mod auto_call;
mod calls;
mod codes;
mod consult;
mod control;
mod cut_short;
mod desk_phone;
mod devices;
mod digits;
mod dnc_files;
mod early;
mod exchange;
mod figures;
mod finding;
mod floor;
mod full_disk;
mod headset;
mod identity;
mod import;
mod incoming;
mod keeping;
mod kill;
mod kit;
mod line;
mod manage;
mod matrix;
mod media;
mod moved;
mod offers;
mod office;
mod order;
mod outcomes;
mod pause;
mod people;
mod proxied;
mod refer;
mod registration;
mod sealed;
mod session;
mod sight;
mod softphones;
mod spellings;
mod srtp;
mod strangers;
mod surfaces;
mod talk;
mod tap;
mod trace;
mod transactions;
mod transports;
mod units;

/// What happens within a second takes no longer than this on a busy machine.
const SOON: Duration = Duration::from_secs(15);
