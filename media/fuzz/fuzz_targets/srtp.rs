#![no_main]

#[path = "../../tests/fuzz/srtp.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::run(bytes));
