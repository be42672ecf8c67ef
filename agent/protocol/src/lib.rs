//! The control protocol's types: JSON-RPC 2.0 requests, replies, events and error codes.
