//! End-to-end tests: the real binary against real peers.
//!
//! The kit starts `kakeru run` in a temporary folder with a generated configuration ([`daemon`]), real peers beside
//! it ([`peer`]), all on free loopback ports ([`ports`]), looks at what they do until it is so ([`wait`]), and
//! measures sound ([`wav`]). Everything that is started ends with the test.
//!
//! ```no_run
//! use std::time::Duration;
//! use e2e::daemon::{Account, Daemon};
//! use e2e::peer::sipp::Scenario;
//!
//! let exchange = Scenario::server("exchange").start();
//! let daemon = Daemon::builder().account(Account::new("main", exchange.address())).start();
//! daemon.wait_registered("main", Duration::from_secs(5));
//! ```

pub mod boundary;
pub mod daemon;
pub mod peer;
pub mod ports;
pub mod process;
pub mod requirements;
pub mod sum;
pub mod symbols;
pub mod wait;
pub mod wav;
pub mod wire;
