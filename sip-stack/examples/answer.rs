//! Answers every INVITE at once and takes the BYE. No audio is sent. What the stack alone can carry is measured with it.
//!
//! `cargo run --release -p sip-stack --example answer -- 127.0.0.1:5060`

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example talks to its terminal and reads the clock"
)]

use std::error::Error;
use std::net::SocketAddr;
use std::time::Instant;

use sip_stack::sdp::Capabilities;
use sip_stack::{BindConfig, Driver, Event, UaConfig, UserAgent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address: SocketAddr = std::env::args().nth(1).ok_or("usage: answer ADDRESS:PORT")?.parse()?;
    let seed = std::time::UNIX_EPOCH.elapsed()?.subsec_nanos().into();
    // Room for many calls. A transaction outlives its answer by 32 s, and each call has two.
    let config = UaConfig { seed, max_calls: 100_000, max_transactions: 1_000_000, ..UaConfig::default() };
    let mut ua = UserAgent::new(config, Instant::now());
    let bind = BindConfig { udp: Some(address), tcp: Some(address) };
    let mut driver = Driver::bind(bind, &mut ua).await?;
    let capabilities = Capabilities::new(address.ip(), 40_000);
    println!("answering at {address}");
    loop {
        let mut next = Some(driver.drive(&mut ua).await);
        // All that came together is answered together.
        while let Some(event) = next {
            if let Event::Incoming { call, .. } = event {
                ua.answer(call, &capabilities, Instant::now());
            }
            next = ua.poll_event();
        }
    }
}
