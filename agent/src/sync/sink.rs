use store::OutboxRow;

/// Where results go. Runs on a thread that may block.
pub trait Sink: Send + 'static {
    /// Takes a batch in order. May be called again with rows that it took before: the key of a row is its identity.
    fn deliver(&mut self, batch: &[OutboxRow]) -> Delivery;
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Every row is safe on the other side.
    Accepted {
        /// Where, in words: a file's name, a host.
        to: String,
    },
    /// Nothing was taken; try again later. The reason is for people.
    Retry(String),
    /// One row can never be taken; it moves to the dead letters, the rest is tried again.
    Reject {
        /// The row.
        seq: i64,
        /// Why.
        reason: String,
    },
}
