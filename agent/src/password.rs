//! Passwords of users: hashed with argon2id, never kept. Both functions take tens of milliseconds and 19 MiB on purpose;
//! call them off the core's thread.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use thiserror::Error;

/// Why a password was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Shorter than [`LEAST_CHARS`] or longer than [`MOST_BYTES`].
    #[error("a password has 8 characters at least and 256 bytes at most")]
    Length,
    /// The system gave no random salt, or argon2 refused.
    #[error("the password could not be hashed")]
    Hash,
}

/// Hashes a new password to a PHC string (argon2id, 19 MiB, 2 passes, the library's recommendation).
///
/// # Errors
/// [`PasswordError`].
pub fn hash(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < LEAST_CHARS || password.len() > MOST_BYTES {
        return Err(PasswordError::Length);
    }
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|_| PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Whether the password is the one of the PHC string. `false` for a string that is none.
#[must_use]
pub fn verify(password: &str, hash: &str) -> bool {
    if password.len() > MOST_BYTES {
        return false;
    }
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Fewer characters are guessed in hours.
pub const LEAST_CHARS: usize = 8;
/// Nobody types more; hashing a megabyte would be work for an attacker's taking.
pub const MOST_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_recognised_and_never_stored() {
        let first = hash("正しい馬の電池と釘").unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert!(!first.contains("電池"));
        assert!(verify("正しい馬の電池と釘", &first));
        assert!(!verify("正しい馬の電池と杭", &first) && !verify("", &first));
        assert_ne!(first, hash("正しい馬の電池と釘").unwrap(), "each has its own salt");
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert_eq!(hash("1234567"), Err(PasswordError::Length));
        assert_eq!(hash(&"x".repeat(257)), Err(PasswordError::Length));
        for text in ["", "plain", "$argon2id$v=19$m=19456,t=2,p=1$x", "$1$abc$def"] {
            assert!(!verify("12345678", text), "{text}");
        }
    }
}
