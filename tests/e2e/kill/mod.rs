//! SIGKILL: at random moments of a shift, at every boundary of its commits, and in the middle of talks.
//!
//! sipp, a process of its own, counts the INVITEs. What has to hold after every death is in [`ledger`].

mod boundary;
mod ledger;
mod leftover;
mod moments;
mod operator;
mod recording;

use e2e::peer::sipp::{Scenario, Sipp};

/// An exchange whose callees are quick: 02 is busy, 06 hangs up after 0.2 s, 01 talks until hung up on, but forgets a
/// caller that died after 3 s.
fn exchange() -> Sipp {
    Scenario::server("exchange")
        .edit("timeout=\"1000\"", "timeout=\"200\"")
        .edit(
            "<recv request=\"BYE\" next=\"bye\"/>",
            "<recv request=\"BYE\" timeout=\"3000\" ontimeout=\"end\" next=\"bye\"/>",
        )
        .start()
}

/// A list of those numbers, company and person by row.
fn list(numbers: impl IntoIterator<Item = String>) -> String {
    let head = "取引先会社名,取引先担当者名,電話番号,カテゴリー\n".to_owned();
    let rows = numbers.into_iter().enumerate();
    rows.fold(head, |text, (row, number)| format!("{text}会社{row},担当{row},{number},新規\n"))
}

/// SplitMix64: chance that can be repeated.
struct Chance(u64);

impl Chance {
    /// From `KAKERU_SEED`, or `seed`. Print it with every failure.
    fn new(seed: u64) -> Self {
        let given = std::env::var("KAKERU_SEED").ok().and_then(|text| text.parse().ok());
        Self(given.unwrap_or(seed))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}
