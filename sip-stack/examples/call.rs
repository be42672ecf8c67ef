//! Calls a SIP URI, prints what happens and hangs up after five seconds. No audio is sent.
//!
//! `cargo run -p sip-stack --example call -- sip:service@127.0.0.1:5060 [udp|tcp] [PASSWORD]`

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example talks to its terminal and waits"
)]

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use sip_stack::message::Uri;
use sip_stack::sdp::Capabilities;
use sip_stack::ua::{HangupReason, Secret};
use sip_stack::{AccountConfig, BindConfig, Driver, Event, Invite, TransportKind, UaConfig, UserAgent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let target = Uri::parse(&args.next().ok_or("usage: call SIP-URI [udp|tcp]")?)?;
    let transport = args.next().as_deref().and_then(TransportKind::from_token).unwrap_or_default();

    let seed = std::time::UNIX_EPOCH.elapsed()?.subsec_nanos();
    let mut ua = UserAgent::new(UaConfig { seed: seed.into(), ..UaConfig::default() }, Instant::now());
    let any = Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
    let mut driver = Driver::bind(BindConfig { udp: any, tcp: any }, &mut ua).await?;

    // The exchange is the host of the target; a real account names its own.
    let mut aor = target.clone();
    if let Some(uri) = aor.as_sip_mut() {
        uri.user = Some("example".to_owned());
    }
    let mut account = AccountConfig::new("example", aor);
    account.transport = transport;
    account.password = Secret::new(args.next().unwrap_or_default());
    let account = ua.add_account(account);
    driver.resolve(&mut ua, account);
    while ua.targets(account).is_empty() {
        let _ = tokio::time::timeout(Duration::from_millis(50), driver.drive(&mut ua)).await;
    }

    let capabilities = Capabilities::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000);
    let ring_timeout = Duration::from_secs(30);
    let invite = Invite { target, capabilities, ring_timeout, headers: Vec::new() };
    let call = ua.invite(account, invite, Instant::now())?;

    let mut hang_up_at = None;
    loop {
        let wait = hang_up_at
            .map_or(Duration::from_secs(60), |at: Instant| at.saturating_duration_since(Instant::now()));
        match tokio::time::timeout(wait, driver.drive(&mut ua)).await {
            Ok(Event::Ended { end, .. }) => {
                println!("ended: {end:?}");
                break;
            }
            Ok(Event::Answered { media, .. }) => {
                println!("answered: {media:?}");
                hang_up_at = Some(Instant::now() + Duration::from_secs(5));
            }
            Ok(event) => println!("{event:?}"),
            Err(_) => ua.hangup(call, HangupReason::Normal, Instant::now()),
        }
    }
    // The BYE's transaction gets a moment for its answer.
    let _ = tokio::time::timeout(Duration::from_millis(500), driver.drive(&mut ua)).await;
    Ok(())
}
