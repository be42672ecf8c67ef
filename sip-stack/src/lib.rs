//! SIP user agent: messages, transactions, dialogs, registration, calls, SDP and digest, without I/O; a tokio driver behind the feature `tokio`.
