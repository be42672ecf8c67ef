//! Whole calls over bad networks: loss, duplication, reordering, bursts. Whatever is lost, both sides end up agreeing
//! and nothing is left.

use netem::{Burst, LinkConfig};
use sip_stack::ua::{Event, HangupReason};

use super::bench::{capabilities, millis, secs};
use super::pair::Pair;

fn networks() -> [LinkConfig; 4] {
    let base = LinkConfig { delay: millis(30), ..LinkConfig::default() };
    [
        LinkConfig { loss_per_mille: 250, ..base },
        LinkConfig { duplicate_per_mille: 500, jitter: millis(80), ..base },
        LinkConfig { reorder_per_mille: 400, reorder_by: millis(700), ..base },
        LinkConfig {
            burst: Some(Burst { enter_per_mille: 150, leave_per_mille: 300 }),
            duplicate_per_mille: 100,
            ..base
        },
    ]
}

#[test]
fn calls_survive_loss_duplication_and_reordering() {
    let mut answered = 0;
    for (index, network) in networks().into_iter().enumerate() {
        for seed in 0..25 {
            let mut pair = Pair::new(network, 1000 * index as u64 + seed);
            let call = pair.invite();
            pair.run_for(secs(2));
            if let Some(theirs) = pair.callee.incoming() {
                pair.callee.ua.ring(theirs, pair.now);
                pair.run_for(secs(3));
                pair.callee.ua.answer(theirs, &capabilities(), pair.now);
                pair.run_for(secs(20));
                if pair.caller.has(|event| matches!(event, Event::Answered { .. })) {
                    answered += 1;
                }
            }
            pair.caller.ua.hangup(call, HangupReason::Normal, pair.now);
            pair.run_for(secs(40));
            assert!(pair.caller.has_ended(), "network {index} seed {seed}: {:?}", pair.caller.events);
            // The callee learns of it by BYE or CANCEL; where all eleven of them were lost, its own timers end it.
            if let Some(theirs) = pair.callee.incoming().filter(|_| !pair.callee.has_ended()) {
                pair.callee.ua.hangup(theirs, HangupReason::Normal, pair.now);
            }
            pair.run_for(secs(40));
            if pair.callee.incoming().is_some() {
                pair.callee.end();
            }
            pair.caller.end();
            pair.finish();
        }
    }
    assert!(answered >= 95, "{answered} of 100 calls were answered");
}

#[test]
fn cancel_and_answer_race_over_a_slow_network() {
    for seed in 0..40 {
        let network = LinkConfig { delay: millis(200), jitter: millis(150), ..LinkConfig::default() };
        let mut pair = Pair::new(network, seed);
        let call = pair.invite();
        let theirs = pair.incoming();
        pair.callee.ua.ring(theirs, pair.now);
        pair.run_for(secs(1));
        // Both act within the same round trip, in either order.
        if seed % 2 == 0 {
            pair.callee.ua.answer(theirs, &capabilities(), pair.now);
            pair.run_for(millis(seed * 5));
            pair.caller.ua.hangup(call, HangupReason::Normal, pair.now);
        } else {
            pair.caller.ua.hangup(call, HangupReason::Normal, pair.now);
            pair.run_for(millis(seed * 5));
            pair.callee.ua.answer(theirs, &capabilities(), pair.now);
        }
        pair.run_until(|pair| pair.caller.has_ended() && pair.callee.has_ended());
        pair.caller.end();
        pair.callee.end();
        pair.finish();
    }
}

#[test]
fn holds_survive_loss() {
    for seed in 0..20 {
        let network = LinkConfig { delay: millis(30), loss_per_mille: 200, ..LinkConfig::default() };
        let mut pair = Pair::new(LinkConfig { delay: millis(30), ..LinkConfig::default() }, seed);
        let (call, theirs) = pair.connect();
        pair.configure(network);
        let _ = pair.caller.ua.hold(call, pair.now);
        let _ = pair.callee.ua.hold(theirs, pair.now);
        pair.run_for(secs(90));
        pair.caller.ua.hangup(call, HangupReason::Normal, pair.now);
        pair.run_for(secs(40));
        pair.callee.ua.hangup(theirs, HangupReason::Normal, pair.now);
        pair.run_for(secs(40));
        pair.caller.end();
        pair.callee.end();
        pair.finish();
    }
}
