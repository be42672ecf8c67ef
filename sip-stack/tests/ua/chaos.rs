//! Random actions of both sides over random networks, and random bytes. Nothing panics, every call ends exactly once
//! and nothing is left.

use netem::{Burst, LinkConfig, Random};
use sip_stack::message::Method;
use sip_stack::ua::{CallId, Event, HangupReason, Rejection};

use super::bench::{Bench, capabilities, in_dialog, millis, peer_invite, reply, sdp, secs, with, with_sdp};
use super::pair::Pair;

#[test]
fn whatever_both_sides_do_every_call_ends_once() {
    let mut answered = 0;
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let network = LinkConfig {
            delay: millis(random.below(120)),
            jitter: millis(random.below(200)),
            loss_per_mille: u16::try_from(random.below(300)).unwrap(),
            duplicate_per_mille: u16::try_from(random.below(200)).unwrap(),
            burst: random.per_mille(300).then_some(Burst { enter_per_mille: 30, leave_per_mille: 200 }),
            ..LinkConfig::default()
        };
        let mut pair = Pair::new(network, seed);
        let mut calls: Vec<CallId> = Vec::new();
        for _ in 0..random.below(25) + 3 {
            act(&mut pair, &mut calls, &mut random);
            pair.run_for(millis(random.below(3_000)));
        }
        // Everybody goes home.
        for _ in 0..2 {
            for call in &calls {
                pair.caller.ua.hangup(*call, HangupReason::Normal, pair.now);
            }
            for call in pair.callee.all_incoming() {
                pair.callee.ua.hangup(call, HangupReason::Normal, pair.now);
            }
            pair.run_for(secs(100));
        }
        for call in calls {
            assert_eq!(pair.caller.ends_of(call), 1, "seed {seed}: {:?}", pair.caller.events);
        }
        for call in pair.callee.all_incoming() {
            assert_eq!(pair.callee.ends_of(call), 1, "seed {seed}: {:?}", pair.callee.events);
        }
        answered += pair.caller.count(|event| matches!(event, Event::Answered { .. }));
        pair.finish();
    }
    assert!(answered > 30, "only {answered} calls came about");
}

fn act(pair: &mut Pair, calls: &mut Vec<CallId>, random: &mut Random) {
    let now = pair.now;
    let ours = calls.last().copied();
    let theirs = pair.callee.incoming();
    match random.below(12) {
        0 | 1 => calls.push(pair.invite_ringing(secs(random.below(40)))),
        2 => theirs.into_iter().for_each(|call| pair.callee.ua.ring(call, now)),
        3 => theirs.into_iter().for_each(|call| pair.callee.ua.early_media(call, &capabilities(), now)),
        4 | 5 => theirs.into_iter().for_each(|call| pair.callee.ua.answer(call, &capabilities(), now)),
        6 => theirs.into_iter().for_each(|call| pair.callee.ua.reject(call, Rejection::new(486), now)),
        7 => drop(ours.map(|call| pair.caller.ua.hold(call, now))),
        8 => drop(theirs.map(|call| pair.callee.ua.hold(call, now))),
        9 => drop(ours.map(|call| pair.caller.ua.resume(call, now))),
        10 => ours.into_iter().for_each(|call| pair.caller.ua.hangup(call, HangupReason::Normal, now)),
        _ => theirs.into_iter().for_each(|call| pair.callee.ua.hangup(call, HangupReason::Declined, now)),
    }
}

#[test]
fn a_peer_that_says_anything_at_any_time() {
    for seed in 0..150 {
        let mut random = Random::new(seed);
        let mut bench = Bench::new();
        let call = bench.invite("sip:0312345678@pbx.example");
        let invite = bench.request(Method::Invite);
        for step in 0..random.below(40) {
            let tag = ["", "a", "b", "c"][random.below(4) as usize];
            let code =
                [100, 180, 183, 200, 302, 401, 407, 481, 486, 487, 491, 503, 603][random.below(13) as usize];
            let mut response = reply(&invite, code, tag);
            if random.per_mille(500) {
                response = with_sdp(response, 4000);
            }
            if random.per_mille(300) {
                response = with(with(response, "Require", "100rel"), "RSeq", &random.below(5).to_string());
            }
            if matches!(code, 401 | 407) {
                let name = if code == 401 { "WWW-Authenticate" } else { "Proxy-Authenticate" };
                response = with(response, name, "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", stale=true");
            }
            if code == 302 {
                response = with(response, "Contact", "<sip:0312345678@192.0.2.44>, <sip:other@192.0.2.45>");
            }
            let methods = [
                Method::Bye,
                Method::Invite,
                Method::Update,
                Method::Info,
                Method::Prack,
                Method::Ack,
                Method::Cancel,
                Method::Notify,
            ];
            let method = methods[random.below(8) as usize].clone();
            let cseq = u32::try_from(random.below(20)).unwrap();
            let mut request = in_dialog(&invite, tag, method, cseq);
            if random.per_mille(500) {
                request.headers.push("Content-Type", "application/sdp");
                request.body =
                    sdp(4000, ["sendrecv", "sendonly", "inactive"][random.below(3) as usize]).into_bytes();
            }
            match random.below(5) {
                0 | 1 => bench.receive(response),
                2 => bench.receive(request),
                3 => bench.receive(peer_invite(&format!("x{step}"), Some(&sdp(4000, "sendrecv")))),
                _ => bench.receive_from(
                    "192.0.2.1:5060".parse().unwrap(),
                    &mangled(&response.to_bytes(), &mut random),
                ),
            }
            let _ = bench.ua.hold(call, bench.now);
            bench.advance(millis(random.below(4_000)));
        }
        bench.hangup(call);
        // Incoming calls that the noise made are refused, and nobody acknowledges anything.
        for _ in 0..3 {
            let incoming: Vec<CallId> = bench
                .events
                .iter()
                .filter_map(|event| match event {
                    Event::Incoming { call, .. } => Some(*call),
                    _ => None,
                })
                .collect();
            incoming.into_iter().for_each(|call| bench.hangup(call));
            bench.advance(secs(100));
        }
        let ends = bench
            .events
            .iter()
            .filter(|event| matches!(event, Event::Ended { call: ended, .. } if *ended == call));
        assert_eq!(ends.count(), 1, "seed {seed}: {:?}", bench.events);
        bench.finish();
    }
}

fn mangled(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.below(6) {
        let at = random.below(bytes.len() as u64) as usize;
        bytes[at] = random.below(256) as u8;
    }
    bytes.truncate(random.below(bytes.len() as u64 + 1) as usize);
    bytes
}
