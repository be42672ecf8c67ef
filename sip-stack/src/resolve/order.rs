//! The order of SRV records and addresses, with given randomness.

use std::net::IpAddr;

use super::Srv;

/// A small generator (SplitMix64). The same seed gives the same order for the same records, so that a refreshed answer
/// moves nobody, while many boxes with seeds of their own share the load.
#[derive(Debug)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to `last`.
    fn up_to(&mut self, last: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        last.checked_add(1).map_or(z, |bound| z % bound)
    }
}

/// RFC 2782: by priority, and among equals by weight: each next one is drawn with a chance of its share of the weights
/// that are left; those without weight come first in the running sum, so that they have a small chance only.
pub(super) fn servers(records: &[Srv], draw: &mut Draw) -> Vec<Srv> {
    let mut left: Vec<Srv> = records.to_vec();
    // Servers answer in any order; the draw must not depend on it.
    left.sort_by(|a, b| {
        (a.priority, a.weight, &a.target, a.port).cmp(&(b.priority, b.weight, &b.target, b.port))
    });
    left.dedup();
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(priority) = left.first().map(|record| record.priority) {
        let group = left.iter().take_while(|record| record.priority == priority).count();
        let sum: u64 = left[..group].iter().map(|record| u64::from(record.weight)).sum();
        let drawn = draw.up_to(sum);
        let mut running = 0;
        let chosen = left[..group].iter().position(|record| {
            running += u64::from(record.weight);
            running >= drawn
        });
        ordered.push(left.remove(chosen.unwrap_or(0)));
    }
    ordered
}

/// IPv6 before IPv4 (RFC 6724 2.1, default table), each family in a drawn order.
pub(super) fn addresses(six: &[IpAddr], four: &[IpAddr], draw: &mut Draw) -> Vec<IpAddr> {
    let mut ordered = Vec::with_capacity(six.len() + four.len());
    for family in [six, four] {
        let mut left = family.to_vec();
        left.sort_unstable();
        left.dedup();
        while !left.is_empty() {
            let last = left.len() as u64 - 1;
            let chosen = usize::try_from(draw.up_to(last)).unwrap_or(0);
            ordered.push(left.remove(chosen));
        }
    }
    ordered
}
