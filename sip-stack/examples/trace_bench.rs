//! What keeping messages costs: calls from INVITE to BYE between two user agents in memory, with and without.
//!
//! `cargo run --release -p sip-stack --example trace_bench -- [BYTES KEPT]`

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "an example talks to its terminal and reads the clock"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip_stack::message::Uri;
use sip_stack::sdp::Capabilities;
use sip_stack::trace::TraceLimits;
use sip_stack::transport::Flow;
use sip_stack::ua::HangupReason;
use sip_stack::{AccountConfig, AccountId, Event, Invite, TransportKind, UaConfig, UserAgent};

const CALLS: u32 = 2_000;
const ROUNDS: usize = 21;

fn main() {
    let bytes = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let limits = TraceLimits::default();
    let limits = TraceLimits { bytes: bytes.unwrap_or(limits.bytes), ..limits };
    let (mut without, mut with) = (Vec::new(), Vec::new());
    let mut messages = 0;
    // In turns: what else the machine does falls on both.
    for _ in 0..ROUNDS {
        without.push(round(None).0);
        let (cost, sent) = round(Some(limits));
        with.push(cost);
        messages = sent;
    }
    let (without, with) = (least(without), least(with));
    // Both sides record each message.
    let each = (with - without) * 1_000.0 / f64::from(messages * 2) * f64::from(CALLS);
    println!(
        "per call, both sides: {without:.1} µs without, {with:.1} µs with a trace; {each:.0} ns per recorded message"
    );
}

struct Side {
    ua: UserAgent,
    address: SocketAddr,
    account: AccountId,
}

impl Side {
    fn new(own: [u8; 4], peer: [u8; 4], trace: Option<TraceLimits>, now: Instant) -> Self {
        let address = SocketAddr::from((own, 5060));
        let config = UaConfig { trace, max_transactions: 1_000_000, ..UaConfig::default() };
        let mut ua = UserAgent::new(config, now);
        ua.set_local_addresses(Some(address), Some(address));
        let aor = Uri::parse("sip:100@pbx.example").expect("a URI");
        let account = ua.add_account(AccountConfig::new("main", aor));
        let flow = Flow { transport: TransportKind::Udp, peer: (peer, 5060).into() };
        ua.set_targets(account, vec![flow], now);
        Self { ua, address, account }
    }
}

/// Microseconds per call, and messages sent.
fn round(trace: Option<TraceLimits>) -> (f64, u32) {
    let start = Instant::now();
    let (ours, theirs) = ([192, 0, 2, 10], [192, 0, 2, 20]);
    let mut caller = Side::new(ours, theirs, trace, start);
    let mut callee = Side::new(theirs, ours, trace, start);
    let mut now = start;
    let mut messages = 0;
    let began = Instant::now();
    for _ in 0..CALLS {
        // Transactions of earlier calls end as they would.
        now += Duration::from_millis(50);
        caller.ua.handle_timeout(now);
        callee.ua.handle_timeout(now);
        let invite = Invite {
            target: Uri::parse("sip:0312345678@pbx.example").expect("a URI"),
            capabilities: Capabilities::new(caller.address.ip(), 20_000),
            ring_timeout: Duration::from_secs(60),
            headers: Vec::new(),
        };
        let call = caller.ua.invite(caller.account, invite, now).expect("the call starts");
        messages += exchange(&mut caller, &mut callee, now);
        caller.ua.hangup(call, HangupReason::Normal, now);
        messages += exchange(&mut caller, &mut callee, now);
    }
    (began.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS), messages)
}

/// Carries messages until nobody has more to say; the callee answers at once.
fn exchange(caller: &mut Side, callee: &mut Side, now: Instant) -> u32 {
    let mut messages = 0;
    loop {
        let mut quiet = true;
        for turn in 0..2 {
            let (from, to) =
                if turn == 0 { (&mut *caller, &mut *callee) } else { (&mut *callee, &mut *caller) };
            while let Some(sent) = from.ua.poll_transmit() {
                to.ua.handle_receive(now, from.address, to.address, sent.transport, &sent.bytes);
                messages += 1;
                quiet = false;
            }
            while let Some(event) = to.ua.poll_event() {
                if let Event::Incoming { call, .. } = event {
                    let capabilities = Capabilities::new(to.address.ip(), 30_000);
                    to.ua.answer(call, &capabilities, now);
                }
            }
        }
        if quiet {
            return messages;
        }
    }
}

/// What is above the least is other work on the machine.
fn least(values: Vec<f64>) -> f64 {
    values.into_iter().fold(f64::INFINITY, f64::min)
}
