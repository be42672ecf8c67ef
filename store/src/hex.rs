//! Bytes as text: sums as they are kept, shown and compared.

use std::fmt::Write as _;

/// Two lower-case hexadecimal digits a byte, in the order of the bytes, nothing between them: as `sha256sum` prints a sum.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::hex;

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(hex(&[]), "");
        assert_eq!(hex(&[0x00, 0x0a, 0xff]), "000aff");
    }
}
