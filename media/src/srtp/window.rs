//! Which packet numbers were here, and which cycle a 16-bit number belongs to (RFC 3711 3.3.1, 3.3.2).

/// A window of [`Window::SIZE`] numbers that ends at the highest one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    highest: Option<u64>,
    /// Bit n: the highest number less n was here.
    seen: u128,
}

impl Window {
    /// RFC 3711 3.3.2 wants 64 at least.
    pub(super) const SIZE: u64 = 128;

    pub(super) fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether the number is neither known nor too old to tell.
    pub(super) fn is_fresh(&self, index: u64) -> bool {
        match self.highest {
            Some(highest) if index <= highest => {
                let age = highest - index;
                age < Self::SIZE && self.seen >> age & 1 == 0
            }
            _ => true,
        }
    }

    /// Notes a number that was authentic.
    pub(super) fn note(&mut self, index: u64) {
        let highest = self.highest.unwrap_or(index);
        if index > highest {
            let shift = index - highest;
            self.seen = if shift < Self::SIZE { self.seen << shift } else { 0 };
        }
        let top = highest.max(index);
        if top - index < Self::SIZE {
            self.seen |= 1 << (top - index);
        }
        self.highest = Some(top);
    }
}

/// The number with its roll-over counter, nearest to the highest one so far (RFC 3711 appendix A). `None` when that is
/// before the first cycle.
pub(super) fn index(highest: Option<u64>, sequence: u16) -> Option<u64> {
    let Some(highest) = highest else { return Some(u64::from(sequence)) };
    let (cycle, last) = (highest >> 16, highest as u16);
    let cycle = if last < 0x8000 {
        if sequence > last && sequence - last > 0x8000 { cycle.checked_sub(1)? } else { cycle }
    } else if last - 0x8000 > sequence {
        cycle + 1
    } else {
        cycle
    };
    Some(cycle << 16 | u64::from(sequence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_find_their_cycle() {
        let at = |cycle: u64, sequence: u64| cycle << 16 | sequence;
        for (highest, sequence, expected) in [
            (None, 65_535, Some(65_535)),
            (Some(65_535), 0, Some(at(1, 0))),
            (Some(at(1, 0)), 65_535, Some(65_535)),
            (Some(0), 65_535, None),
            (Some(at(3, 100)), 50, Some(at(3, 50))),
            (Some(at(3, 0x7FFF)), 0xFFFF, Some(at(3, 0xFFFF))),
            (Some(at(3, 0x7FFE)), 0xFFFF, Some(at(2, 0xFFFF))),
            (Some(at(3, 0x8001)), 0, Some(at(4, 0))),
            (Some(at(3, 0x8000)), 0, Some(at(3, 0))),
        ] {
            assert_eq!(index(highest, sequence), expected, "{highest:?} {sequence}");
        }
    }

    #[test]
    fn a_number_is_fresh_once_and_for_128_numbers() {
        let mut window = Window::default();
        for index in [1000, 1002, 1001, 900] {
            assert!(window.is_fresh(index), "{index}");
            window.note(index);
            assert!(!window.is_fresh(index), "{index}");
        }
        assert!(window.is_fresh(875) && !window.is_fresh(874) && !window.is_fresh(0));
        window.note(1129);
        assert!(!window.is_fresh(1002) && window.is_fresh(1003) && !window.is_fresh(1001));
        window.note(1_000_000);
        assert!(window.is_fresh(999_999) && !window.is_fresh(1129));
    }
}
