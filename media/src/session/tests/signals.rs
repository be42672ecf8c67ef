//! Signals of machines and exchanges.

use super::*;
use crate::types::{CallProgress, FaxSignal};

#[test]
fn a_fax_is_reported_and_does_not_hurt() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let mut pair = Pair::new(codec, Network { delay_ms: 20, loss_percent: 2, ..Network::default() });
        pair.run(500);
        pair.answered();
        pair.a_says(ToneSpec::ced().at_dbm0(-3.0));
        pair.b.heard.clear();
        pair.run(2000);
        let found: Vec<_> = pair
            .b
            .events
            .iter()
            .filter_map(|e| match e {
                MediaEvent::Fax { signal, at_ms, .. } => Some((*signal, *at_ms)),
                _ => None,
            })
            .collect();
        assert_eq!(found.len(), 1, "{codec:?}");
        assert_eq!(found[0].0, FaxSignal::Ced);
        assert!((500..1000).contains(&found[0].1), "{codec:?}: at {}", found[0].1);
        let rate = codec.sample_rate() as usize;
        let level = level_dbm0(&pair.b.heard[rate / 2..]);
        assert!(level < -24.0, "{codec:?}: {level}");
    }
}

#[test]
fn early_ringback_is_reported_as_early() {
    let mut pair = Pair::new(Codec::Pcmu, Network { delay_ms: 20, loss_percent: 3, ..Network::default() });
    pair.a_says(ToneSpec::ringback());
    pair.run(7000);
    let early = |e: &MediaEvent| {
        matches!(e, MediaEvent::CallProgress { tone: CallProgress::Ringback, early: true, .. })
    };
    assert_eq!((pair.b.has(early), pair.b.has(|e| matches!(e, MediaEvent::CallProgress { .. }))), (1, 1));
}
