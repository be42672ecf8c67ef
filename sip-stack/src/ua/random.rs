//! The seeded source of tags, branches, Call-IDs and jitter.

use sha2::{Digest, Sha256};

/// SHA-256 over seed and counter: with an unpredictable seed its output cannot be guessed from earlier output,
/// which tags and branches ask for (RFC 3261 19.3).
#[derive(Debug)]
pub(crate) struct Random {
    seed: u64,
    counter: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.counter += 1;
        let mut hash = Sha256::new();
        hash.update(b"kakeru sip");
        hash.update(self.seed.to_be_bytes());
        hash.update(self.counter.to_be_bytes());
        first_u64(&hash.finalize())
    }

    /// What the same parts always come to, and nobody else can tell: takes nothing from the sequence.
    pub(crate) fn digest<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
        let mut hash = Sha256::new();
        hash.update(b"kakeru sip stateless");
        hash.update(self.seed.to_be_bytes());
        for part in parts {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        first_u64(&hash.finalize())
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next_u64() % bound }
    }

    /// 16 hexadecimal digits: a tag.
    pub(crate) fn tag(&mut self) -> String {
        format!("{:016x}", self.next_u64())
    }

    /// A branch with the magic cookie of RFC 3261 8.1.1.7.
    pub(crate) fn branch(&mut self) -> String {
        format!("z9hG4bK{:016x}", self.next_u64())
    }

    /// A Call-ID: 128 bits, no host, so that it tells nothing of our network.
    pub(crate) fn call_id(&mut self) -> String {
        format!("{:016x}{:016x}", self.next_u64(), self.next_u64())
    }
}

fn first_u64(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |value, byte| (value << 8) | u64::from(*byte))
}
