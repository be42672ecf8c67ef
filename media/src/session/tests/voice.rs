//! What one side says is what the other hears.

use super::*;
use crate::tones::goertzel::Bin;

#[test]
fn a_voice_is_carried_both_ways_by_every_codec() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus] {
        let mut pair = Pair::new(codec, Network { delay_ms: 30, ..Network::default() });
        pair.a_says(ToneSpec::sine(1000.0, -15.0));
        pair.b.says = Some(ToneSource::new(ToneSpec::sine(440.0, -20.0), codec.sample_rate()));
        pair.run(2000);
        for (side, hz, level) in [(&pair.b, 1000.0, -15.0), (&pair.a, 440.0, -20.0)] {
            let rate = codec.sample_rate() as usize;
            let heard = &side.heard[rate..];
            assert!((level_dbm0(heard) - level).abs() < 1.2, "{codec:?}: {}", level_dbm0(heard));
            let share = Bin::new(hz, rate as f32).share_of(&heard[..rate / 2]);
            assert!(share > 0.97, "{codec:?}: {share}");
            assert_eq!(side.has(|e| matches!(e, MediaEvent::RtpFlowing { .. })), 1);
            let stats = side.session.stats();
            assert_eq!(
                (stats.lost, stats.late, stats.concealed_ms, stats.malformed),
                (0, 0, 0, 0),
                "{codec:?}"
            );
            assert!((95..=100).contains(&stats.packets_sent) && (96..=100).contains(&stats.packets_received));
        }
        // 30 ms network, 20 ms packet, at most 30 ms buffer.
        let first = pair.b.heard.iter().position(|sample| sample.abs() > 500).unwrap();
        let delay = first * 1000 / codec.sample_rate() as usize;
        assert!(delay <= 95, "{codec:?}: first sound after {delay} ms");
    }
}

#[test]
fn the_codec_may_change_in_mid_call() {
    let mut pair = Pair::new(Codec::Pcmu, Network { delay_ms: 20, ..Network::default() });
    pair.a_says(ToneSpec::sine(1000.0, -12.0));
    pair.run(1000);
    for codec in [Codec::Opus, Codec::G722, Codec::Pcma, Codec::G722, Codec::Pcmu] {
        let before = pair.b.session.stats();
        let now = pair.now();
        pair.a.session.update(now, params(codec, 4002)).unwrap();
        pair.b.session.update(now, params(codec, 4000)).unwrap();
        let rate = codec.sample_rate();
        assert_eq!((pair.a.session.rate(), pair.b.session.rate()), (rate, rate));
        pair.a_says(ToneSpec::sine(1000.0, -12.0));
        pair.b.heard.clear();
        pair.run(1000);
        let heard = &pair.b.heard[rate as usize / 2..];
        assert!(Bin::new(1000.0, rate as f32).share_of(&heard[..rate as usize / 5]) > 0.97, "{codec:?}");
        assert!((level_dbm0(heard) + 12.0).abs() < 0.7, "{codec:?}: {}", level_dbm0(heard));
        let stats = pair.b.session.stats();
        assert!(stats.packets_received > before.packets_received + 40, "{stats:?}");
        assert!(stats.concealed_ms < before.concealed_ms + 200, "{stats:?}");
    }
}

#[test]
fn the_other_law_is_understood() {
    let b = StreamParams { payload_type: 8, codec: Codec::Pcma, ..params(Codec::Pcma, 4000) };
    let mut pair = Pair::with(params(Codec::Pcmu, 4002), b, Network::default());
    pair.a_says(ToneSpec::sine(1000.0, -12.0));
    pair.run(500);
    assert!((level_dbm0(&pair.b.heard[2000..]) + 12.0).abs() < 0.5);
}

#[test]
fn any_packet_length_is_sent_and_heard() {
    for (codec, ptime_ms, frames) in [
        (Codec::Pcmu, 10, 100),
        (Codec::Pcma, 30, 33),
        (Codec::Pcmu, 60, 16),
        (Codec::G722, 10, 100),
        (Codec::G722, 50, 20),
        (Codec::Opus, 10, 100),
        (Codec::Opus, 30, 50),
        (Codec::Opus, 60, 16),
        (Codec::Pcmu, 200, 16),
        (Codec::Pcmu, 0, 100),
    ] {
        let a = StreamParams { ptime_ms, ..params(codec, 4002) };
        let mut pair = Pair::with(a, params(codec, 4000), Network { delay_ms: 20, ..Network::default() });
        pair.a_says(ToneSpec::sine(700.0, -12.0));
        pair.run(1000);
        assert_eq!(pair.a.session.stats().packets_sent, frames, "{codec:?} {ptime_ms}");
        let rate = codec.sample_rate() as usize;
        let heard = &pair.b.heard[rate / 2..];
        assert!((level_dbm0(heard) + 12.0).abs() < 0.7, "{codec:?} {ptime_ms}: {}", level_dbm0(heard));
        assert_eq!(pair.b.session.stats().concealed_ms, 0, "{codec:?} {ptime_ms}");
    }
}
