//! The base64 of RFC 4648 4, for the keys of `a=crypto`.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (word >> (18 - 6 * place)) & 0x3F;
            out.push(if place <= chunk.len() { char::from(ALPHABET[index as usize]) } else { '=' });
        }
    }
    out
}

/// Padding may be missing, as some peers leave it out. `None` for other characters, and for bits that are left over:
/// a key that was cut is no key.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() * 3 / 4);
    for chunk in digits.as_bytes().chunks(4) {
        let mut word = 0_u32;
        for digit in chunk {
            word = word << 6 | u32::try_from(ALPHABET.iter().position(|known| known == digit)?).ok()?;
        }
        word <<= 6 * (4 - chunk.len());
        let bytes = chunk.len().checked_sub(1).filter(|bytes| *bytes > 0)?;
        let [_, word @ ..] = word.to_be_bytes();
        if word[bytes..].iter().any(|left_over| *left_over != 0) {
            return None;
        }
        out.extend_from_slice(&word[..bytes]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_rfc_4648_10() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain.as_bytes()), coded);
            assert_eq!(decode(coded).as_deref(), Some(plain.as_bytes()));
            assert_eq!(
                decode(coded.trim_end_matches('=')).as_deref(),
                Some(plain.as_bytes()),
                "without padding"
            );
        }
    }

    #[test]
    fn what_is_cut_or_foreign_is_refused() {
        for text in ["Z", "Zm9vY", "Zh==", "Zm9=v", "Zm 9v", "Zg===", "Zm9-", "あ"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn every_byte_survives() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..bytes.len() {
            assert_eq!(decode(&encode(&bytes[..length])).as_deref(), Some(&bytes[..length]));
        }
    }
}
