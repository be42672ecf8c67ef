//! Loss, jitter and drift.

use super::*;

#[test]
fn five_percent_loss_is_concealed() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let mut pair = Pair::new(codec, Network { delay_ms: 20, loss_percent: 5, ..Network::default() });
        pair.a_says(ToneSpec::sine(400.0, -12.0));
        pair.run(20_000);
        let rate = codec.sample_rate() as usize;
        let heard = &pair.b.heard[rate..];
        assert!((level_dbm0(heard) + 12.0).abs() < 0.8, "{codec:?}: {}", level_dbm0(heard));
        // Hardly 10 ms without sound. At the least delay the packet with the FEC is often not yet there, so Opus
        // has to guess, and fades sooner than our own concealment.
        let allowed = if codec == Codec::Opus { 30 } else { 10 };
        let holes = heard.chunks(rate / 100).filter(|chunk| level_dbm0(chunk) < -24.0).count();
        assert!(holes <= allowed, "{codec:?}: {holes} holes");
        let stats = pair.b.session.stats();
        assert!((25..=80).contains(&stats.lost), "{stats:?}");
        assert!(stats.concealed_ms >= stats.lost * 15 && stats.concealed_ms <= stats.lost * 40, "{stats:?}");
        // Loss told by the peer reaches the sender.
        assert!(pair.a.session.stats().remote_lost.is_some_and(|lost| lost > 10));
    }
}

#[test]
fn reordered_and_doubled_packets_make_no_gap() {
    let network = Network { delay_ms: 20, jitter_ms: 45, duplicate_percent: 20, ..Network::default() };
    let mut pair = Pair::new(Codec::Pcmu, network);
    pair.a_says(ToneSpec::sine(400.0, -12.0));
    pair.run(20_000);
    let stats = pair.b.session.stats();
    assert!(stats.reordered > 50 && stats.duplicates > 50, "{stats:?}");
    assert_eq!(stats.lost, 0);
    assert!(stats.late < 20, "{stats:?}");
    let holes = pair.b.heard[24_000..].chunks(80).filter(|chunk| level_dbm0(chunk) < -24.0).count();
    assert!(holes <= 6, "{holes} holes, {stats:?}");
}

#[test]
fn a_drifting_device_neither_starves_nor_piles_up() {
    // The listener's device runs 1000 ppm fast or slow: 5 times the worst crystal, so that minutes tell: in a tone without pauses 40 ms may pile up.
    for ppm in [-1000_i64, 1000] {
        let mut pair = Pair::new(Codec::Pcmu, Network { delay_ms: 20, ..Network::default() });
        pair.a_says(ToneSpec::sine(400.0, -12.0));
        pair.run(1000);
        let mut debt = 0;
        for _ in 0..100 {
            pair.run(1000);
            debt += 8 * ppm;
            // The device asks for some samples more, or leaves some out.
            let extra = debt / 1000;
            debt -= extra * 1000;
            let now = pair.now();
            if extra > 0 {
                let mut pcm = vec![0; extra as usize];
                pair.b.session.pull(now, &mut pcm);
            } else {
                pair.b.heard.truncate(pair.b.heard.len() - extra.unsigned_abs() as usize);
                let mut pcm = vec![0; 80 - extra.unsigned_abs() as usize];
                pair.ms += 10;
                let now = pair.now();
                pair.a.speak(now, &mut pair.b, &pair.network, &mut pair.random, pair.ms);
                pair.b.session.pull(now, &mut pcm);
            }
        }
        let stats = pair.b.session.stats();
        assert!(stats.concealed_ms <= 60, "{ppm}: {stats:?}");
        assert!(if ppm > 0 { stats.expanded_ms } else { stats.accelerated_ms } >= 20, "{ppm}: {stats:?}");
        let holes = pair.b.heard[8000..].chunks(80).filter(|chunk| level_dbm0(chunk) < -24.0).count();
        assert!(holes <= 4, "{ppm}: {holes} holes");
    }
}
