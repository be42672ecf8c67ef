//! Registers, prints every change, and removes the registration after the given time.
//!
//! `cargo run -p sip-stack --example register -- sip:100@127.0.0.1:5060 PASSWORD [SECONDS] [udp|tcp]`

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example talks to its terminal and waits"
)]

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use sip_stack::message::Uri;
use sip_stack::ua::{RegistrationState, Secret};
use sip_stack::{AccountConfig, BindConfig, Driver, Event, TransportKind, UaConfig, UserAgent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: register SIP-URI PASSWORD [SECONDS] [udp|tcp]";
    let args: Vec<String> = std::env::args().skip(1).collect();
    let aor = Uri::parse(args.first().ok_or(usage)?)?;
    let password = args.get(1).ok_or(usage)?;
    let seconds = args.get(2).map_or(Ok(3), |text| text.parse())?;
    let transport = args.get(3).and_then(|text| TransportKind::from_token(text)).unwrap_or_default();

    let seed = std::time::UNIX_EPOCH.elapsed()?.subsec_nanos();
    let mut ua = UserAgent::new(UaConfig { seed: seed.into(), ..UaConfig::default() }, Instant::now());
    let any = Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
    let mut driver = Driver::bind(BindConfig { udp: any, tcp: any }, &mut ua).await?;

    let mut config = AccountConfig::new("example", aor.clone());
    config.registrar = Some(aor);
    config.password = Secret::new(password.as_str());
    config.transport = transport;
    let account = ua.add_account(config);
    driver.resolve(&mut ua, account);
    ua.register(account, Instant::now());

    let stop = Instant::now() + Duration::from_secs(seconds);
    let mut leaving = false;
    loop {
        let wait =
            if leaving { Duration::from_secs(5) } else { stop.saturating_duration_since(Instant::now()) };
        match tokio::time::timeout(wait, driver.drive(&mut ua)).await {
            Ok(Event::Registration { status, .. }) => {
                println!("{:?} {:?}", status.state, status.last_error);
                if leaving && status.state == RegistrationState::Idle {
                    return Ok(());
                }
            }
            Ok(_) => {}
            Err(_) if leaving => return Err("no answer to the removal".into()),
            Err(_) => {
                leaving = true;
                ua.unregister(account, Instant::now());
            }
        }
    }
}
