//! What each option and argument means: English as it says itself, Japanese.

mod calls;
mod daemon;
mod lists;
mod office;
mod shared;

/// The texts by noun, as the commands are; those of several nouns are apart.
pub(super) const OPTIONS: [&[(&str, &str)]; 5] =
    [daemon::OPTIONS, calls::OPTIONS, lists::OPTIONS, office::OPTIONS, shared::OPTIONS];
