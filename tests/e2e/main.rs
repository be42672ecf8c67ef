//! End-to-end tests, one binary: the peers against each other first, then the daemon against the peers.

mod kit;
