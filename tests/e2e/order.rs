//! `agent/hot.ld` and the program it is for.

use e2e::daemon::binary;
use e2e::symbols::{LIST, Symbols, listed};

/// ADR 0007: a name that no longer exists does nothing. A debug build has nearly every function of a release build
/// (97 of 100 on the day the list was written), so this tells when it is time to write the list anew.
#[test]
fn the_linker_is_told_names_that_still_exist() {
    let script = std::fs::read_to_string(LIST).unwrap_or_else(|error| panic!("{LIST}: {error}"));
    let symbols = Symbols::of(&binary());
    let all = listed(&script).count();
    let gone: Vec<&str> = listed(&script).filter(|name| !symbols.have(name)).collect();
    assert!(
        all > 0 && gone.len() * 5 < all,
        "{} of {all} names are gone, run `./x order`: {gone:#?}",
        gone.len()
    );
}
