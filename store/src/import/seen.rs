use std::collections::HashMap;

/// The numbers of a file so far, each with the line of the row that counts.
///
/// A million of them take some 20 MiB: entries are nine bytes without padding, and the tables are many, so that none is
/// copied as a whole when it grows.
#[derive(Default)]
pub(super) struct Seen {
    tables: Vec<HashMap<[u8; KEY], [u8; 4]>>,
}

impl Seen {
    /// The line kept for this number, as [`crate::phone::Phone::key`] has it.
    pub(super) fn line_of(&self, number: u64) -> Option<u32> {
        let table = self.tables.get(table_of(number))?;
        table.get(&bytes(number)).map(|line| u32::from_be_bytes(*line))
    }

    /// Keeps a line, instead of an earlier one.
    pub(super) fn keep(&mut self, number: u64, line: u32) {
        if self.tables.is_empty() {
            self.tables.resize_with(TABLES, HashMap::new);
        }
        if let Some(table) = self.tables.get_mut(table_of(number)) {
            table.insert(bytes(number), line.to_be_bytes());
        }
    }
}

/// Lists are full of neighbours: Fibonacci hashing spreads them over the tables.
fn table_of(number: u64) -> usize {
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - TABLES.trailing_zeros())) as usize
}

/// 81 and ten digits are below 2^40.
fn bytes(number: u64) -> [u8; KEY] {
    let mut key = [0; KEY];
    key.copy_from_slice(&number.to_be_bytes()[8 - KEY..]);
    key
}

const KEY: usize = 5;
const TABLES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_last_line() {
        let mut seen = Seen::default();
        assert_eq!(seen.line_of(81_312_345_678), None);
        for number in 0..100_000_u64 {
            seen.keep(819_999_999_999 - number * 7, number as u32);
        }
        assert!((0..100_000_u64).all(|n| seen.line_of(819_999_999_999 - n * 7) == Some(n as u32)));
        assert_eq!(seen.line_of(819_999_999_998), None);
        seen.keep(819_999_999_999, u32::MAX);
        assert_eq!(seen.line_of(819_999_999_999), Some(u32::MAX));
        let sizes: Vec<usize> = seen.tables.iter().map(HashMap::len).collect();
        assert!(sizes.iter().all(|size| (2_000..4_500).contains(size)), "{sizes:?}");
    }
}
