//! Dials many calls at once and says how long it took from the first INVITE until the last ACK had left. No audio.
//!
//! `cargo run --release -p sip-stack --example dial -- sip:service@127.0.0.1:5060 [CALLS]`

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example talks to its terminal and reads the clock"
)]

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use sip_stack::message::Uri;
use sip_stack::sdp::Capabilities;
use sip_stack::ua::HangupReason;
use sip_stack::{AccountConfig, BindConfig, Driver, Event, Invite, UaConfig, UserAgent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let target = Uri::parse(&args.next().ok_or("usage: dial SIP-URI [CALLS]")?)?;
    let count = args.next().map_or(Ok(100), |count| count.parse::<usize>())?;

    let seed = std::time::UNIX_EPOCH.elapsed()?.subsec_nanos().into();
    let mut ua = UserAgent::new(UaConfig { seed, max_calls: count, ..UaConfig::default() }, Instant::now());
    let any = Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
    let mut driver = Driver::bind(BindConfig { udp: any, tcp: any }, &mut ua).await?;
    let account = ua.add_account(AccountConfig::new("example", target.clone()));
    driver.resolve(&mut ua, account);
    while ua.targets(account).is_empty() {
        let _ = tokio::time::timeout(Duration::from_millis(50), driver.drive(&mut ua)).await;
    }

    let capabilities = Capabilities::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000);
    let first = Instant::now();
    let mut calls = Vec::with_capacity(count);
    for _ in 0..count {
        let (target, capabilities) = (target.clone(), capabilities.clone());
        let invite =
            Invite { target, capabilities, ring_timeout: Duration::from_secs(30), headers: Vec::new() };
        calls.push(ua.invite(account, invite, Instant::now())?);
        driver.flush(&mut ua);
    }
    let mut answered = 0;
    while answered < count {
        match driver.drive(&mut ua).await {
            // Its ACK is with the kernel: the driver sends before it tells.
            Event::Answered { .. } => answered += 1,
            Event::Ended { end, .. } => return Err(format!("a call was not answered: {end:?}").into()),
            _ => {}
        }
    }
    println!("{count} calls answered in {:.4} s", first.elapsed().as_secs_f64());
    println!("{} messages repeated", ua.counters().retransmissions);

    for call in calls {
        ua.hangup(call, HangupReason::Normal, Instant::now());
    }
    while !ua.may_stop() {
        let _ = tokio::time::timeout(Duration::from_millis(50), driver.drive(&mut ua)).await;
    }
    Ok(())
}
