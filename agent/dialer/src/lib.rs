//! The dialer of one seat as a state machine without I/O.
