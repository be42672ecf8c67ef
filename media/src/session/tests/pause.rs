//! Pauses: comfort noise and discontinuous transmission.

use super::*;
use crate::comfort::PT_COMFORT_NOISE;

/// A sender that says a tone, announces a pause by comfort noise, and says the tone again.
#[test]
fn an_announced_pause_is_noise_and_no_loss() {
    for codec in [Codec::Pcmu, Codec::G722] {
        let base = Instant::now();
        let mut session = Session::new(SessionId(1), params(codec, 4000), 5, base).unwrap();
        let rate = codec.sample_rate() as usize;
        let mut tone = ToneSource::new(ToneSpec::sine(400.0, -12.0), rate as u32);
        let mut encoder = crate::codec::Encoder::new(codec, None, None).unwrap();
        let (mut sequence, mut heard) = (100_u16, Vec::new());
        for frame in 0..250_u64 {
            let now = base + Duration::from_millis(20 * frame);
            let speaks = !(100..200).contains(&frame);
            let mut pcm = vec![0; rate / 50];
            let mut payload = vec![0; 160];
            if speaks {
                tone.fill(&mut pcm);
                encoder.encode(&pcm, &mut payload).unwrap();
            } else {
                payload = vec![55, 90, 160];
            }
            // Once at the beginning of the pause and once in it.
            if speaks || frame == 100 || frame == 150 {
                let packet = Packet {
                    marker: frame == 200,
                    payload_type: if speaks { params(codec, 1).payload_type } else { PT_COMFORT_NOISE },
                    sequence,
                    timestamp: 160 * frame as u32,
                    ssrc: 7,
                    payload: &payload,
                };
                sequence += 1;
                let mut bytes = [0; 200];
                let length = packet.write(&mut bytes).unwrap();
                session.handle_rtp(now, address(4000), &bytes[..length]);
            }
            session.pull(now, &mut pcm);
            heard.extend(pcm);
        }
        let part = |from: usize, to: usize| level_dbm0(&heard[from * rate / 50..to * rate / 50]);
        assert!((part(10, 95) + 12.0).abs() < 0.5, "{codec:?}: {}", part(10, 95));
        assert!((part(110, 195) + 48.8).abs() < 1.5, "{codec:?}: {}", part(110, 195));
        assert!((part(210, 250) + 12.0).abs() < 0.5, "{codec:?}: {}", part(210, 250));
        let holes = heard[rate / 5..].chunks(rate / 100).filter(|chunk| level_dbm0(chunk) < -60.0).count();
        let stats = session.stats();
        assert!(holes <= 2, "{codec:?}: {holes} holes");
        assert_eq!((stats.lost, stats.late, stats.concealed_ms, stats.malformed), (0, 0, 0, 0), "{stats:?}");
    }
}

#[test]
fn an_opus_pause_is_not_sent_and_ends_at_once() {
    let a = StreamParams { fmtp: Some("usedtx=1".to_owned()), ..params(Codec::Opus, 4002) };
    let mut pair = Pair::with(a, params(Codec::Opus, 4000), Network { delay_ms: 20, ..Network::default() });
    pair.a_says(ToneSpec::sine(400.0, -12.0));
    pair.run(2000);
    pair.a.says = None;
    let before = pair.b.session.stats();
    pair.run(5000);
    let stats = pair.b.session.stats();
    let packets = stats.packets_received - before.packets_received;
    assert!((8..80).contains(&packets), "{packets} packets in 5 s");
    assert_eq!((stats.lost, stats.malformed), (0, 0), "{stats:?}");
    pair.a_says(ToneSpec::sine(400.0, -12.0));
    pair.b.heard.clear();
    pair.run(600);
    let heard = &pair.b.heard[48_000 / 5..];
    assert!((level_dbm0(heard) + 12.0).abs() < 1.0, "{}", level_dbm0(heard));
}
