//! Puts what runs in every call together (ADR 0007): release builds only, since a test build has other sections.

fn main() {
    println!("cargo:rerun-if-changed=hot.ld");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/hot.ld");
    }
}
