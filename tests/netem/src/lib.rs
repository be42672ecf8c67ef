//! A seeded network model without I/O: delay, loss, duplication, reordering.
