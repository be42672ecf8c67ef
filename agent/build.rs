//! Puts what runs in every call side by side (ADR 0007). Release builds only: what is built for tests has other functions.

fn main() {
    println!("cargo:rerun-if-changed=hot.ld");
    println!("cargo:rerun-if-env-changed=KAKERU_UNSORTED");
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if release && std::env::var_os("KAKERU_UNSORTED").is_none() {
        let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/hot.ld");
    }
}
