//! Two sessions on a simulated network, in simulated time.

#![allow(clippy::disallowed_methods, reason = "one base instant; time is simulated from there")]

use super::*;
use crate::dtls::{DtlsIdentity, DtlsTerms};
use crate::rtp::sender::mix;
use crate::srtp::{SrtpKey, SrtpProfile};
use crate::tones::goertzel::Bin;
use crate::tones::{ToneSource, ToneSpec, level_dbm0};
use crate::types::{CallProgress, FaxSignal};

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn params(codec: Codec, remote: u16) -> StreamParams {
    let payload_type = match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::Opus => 111,
    };
    StreamParams {
        remote: address(remote),
        remote_rtcp: None,
        rtcp_mux: false,
        codec,
        payload_type,
        receive_payload_type: payload_type,
        dtmf_payload_type: Some(101),
        dtmf_clock_rate: codec.clock_rate(),
        dtmf_receive_payload_type: Some(101),
        noise_payload_type: None,
        ptime_ms: 20,
        send: true,
        receive: true,
        fmtp: None,
        bitrate: None,
        encryption: Default::default(),
    }
}

/// What the network does to packets.
#[derive(Clone, Copy, Default)]
struct Network {
    delay_ms: u64,
    jitter_ms: u64,
    loss_percent: u64,
    duplicate_percent: u64,
}

struct Flying {
    at_ms: u64,
    channel: Channel,
    bytes: Vec<u8>,
}

struct Side {
    session: Session,
    port: u16,
    /// What this side says, for ever; then silence.
    says: Option<ToneSource>,
    /// Packets under way to this side.
    flying: Vec<Flying>,
    heard: Vec<i16>,
    events: Vec<MediaEvent>,
    sent: usize,
}

struct Pair {
    a: Side,
    b: Side,
    network: Network,
    random: u64,
    base: Instant,
    ms: u64,
}

impl Pair {
    fn new(codec: Codec, network: Network) -> Self {
        Self::with(params(codec, 4002), params(codec, 4000), network)
    }

    fn with(a: StreamParams, b: StreamParams, network: Network) -> Self {
        let base = Instant::now();
        let side = |id, port, params, seed| Side {
            session: Session::new(SessionId(id), params, seed, base).unwrap(),
            port,
            says: None,
            flying: Vec::new(),
            heard: Vec::new(),
            events: Vec::new(),
            sent: 0,
        };
        Self { a: side(1, 4000, a, 11), b: side(2, 4002, b, 22), network, random: 5, base, ms: 0 }
    }

    fn a_says(&mut self, spec: ToneSpec) {
        self.a.says = Some(ToneSource::new(spec, self.a.session.rate()));
    }

    fn answered(&mut self) {
        let now = self.now();
        self.a.session.answered(now);
        self.b.session.answered(now);
    }

    fn now(&self) -> Instant {
        self.base + Duration::from_millis(self.ms)
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms / 10 {
            let now = self.now();
            self.a.speak(now, &mut self.b, &self.network, &mut self.random, self.ms);
            self.b.speak(now, &mut self.a, &self.network, &mut self.random, self.ms);
            self.ms += 10;
            let now = self.now();
            let (a_port, b_port) = (self.a.port, self.b.port);
            for (side, peer) in [(&mut self.a, b_port), (&mut self.b, a_port)] {
                side.listen(now, self.ms, peer);
            }
        }
    }
}

impl Side {
    fn speak(&mut self, now: Instant, to: &mut Self, network: &Network, random: &mut u64, ms: u64) {
        let mut pcm = vec![0; self.session.rate() as usize / 100];
        if let Some(says) = &mut self.says {
            says.fill(&mut pcm);
        }
        self.session.push(now, &pcm);
        let mut buf = [0; MAX_DATAGRAM];
        while let Some(transmit) = self.session.poll_transmit(&mut buf) {
            self.sent += 1;
            let mut draw = |below: u64| {
                *random = mix(*random);
                if below == 0 { 0 } else { *random % below }
            };
            if draw(100) < network.loss_percent {
                continue;
            }
            let copies = 1 + u64::from(draw(100) < network.duplicate_percent);
            for _ in 0..copies {
                to.flying.push(Flying {
                    at_ms: ms + network.delay_ms + draw(network.jitter_ms),
                    channel: transmit.channel,
                    bytes: buf[..transmit.length].to_vec(),
                });
            }
        }
    }

    fn listen(&mut self, now: Instant, ms: u64, peer: u16) {
        let (arrived, still): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.flying).into_iter().partition(|packet| packet.at_ms <= ms);
        self.flying = still;
        for packet in arrived {
            match packet.channel {
                Channel::Rtp => self.session.handle_rtp(now, address(peer), &packet.bytes),
                Channel::Rtcp => self.session.handle_rtcp(now, address(peer + 1), &packet.bytes),
            }
        }
        self.session.handle_timeout(now);
        let mut pcm = vec![0; self.session.rate() as usize / 100];
        self.session.pull(now, &mut pcm);
        self.heard.extend(pcm);
        self.events.extend(std::iter::from_fn(|| self.session.poll_event()));
    }

    fn has(&self, wanted: impl Fn(&MediaEvent) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }

    fn digits(&self) -> String {
        self.events
            .iter()
            .filter_map(|e| if let MediaEvent::Dtmf { digit, .. } = e { Some(*digit) } else { None })
            .collect()
    }
}

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
fn digits_arrive_once_each_through_loss_and_doubles() {
    let network = Network { delay_ms: 20, jitter_ms: 25, loss_percent: 10, duplicate_percent: 10 };
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let mut pair = Pair::new(codec, network);
        pair.a_says(ToneSpec::sine(300.0, -20.0));
        pair.run(500);
        assert_eq!(pair.a.session.send_dtmf("0120-444#*A"), 10);
        assert!(pair.a.session.is_sending_dtmf());
        pair.run(3500);
        assert!(!pair.a.session.is_sending_dtmf());
        assert_eq!(pair.b.digits(), "0120444#*A", "{codec:?}");
        // The voice is back, and events were no losses.
        let rate = codec.sample_rate() as usize;
        assert!((level_dbm0(&pair.b.heard[pair.b.heard.len() - rate / 2..]) + 20.0).abs() < 2.0);
    }
}

/// Without telephone-event the peer's tones are its digits, once each; with it, tones in the voice are none.
#[test]
fn digits_are_heard_as_tones_where_no_event_was_agreed_on() {
    for (agreed, expected) in [(None, "0120#A"), (Some(101), "")] {
        for codec in [Codec::Pcma, Codec::G722] {
            let (mut a, mut b) = (params(codec, 4002), params(codec, 4000));
            a.dtmf_payload_type = None;
            b.dtmf_receive_payload_type = agreed;
            let mut pair = Pair::with(a, b, Network { delay_ms: 30, jitter_ms: 15, ..Network::default() });
            pair.run(500);
            pair.a.session.send_dtmf("0120#A");
            pair.run(1_500);
            let heard: String = pair.b.events.iter().filter_map(key).collect();
            assert_eq!(heard, expected, "{codec:?} {agreed:?}");
        }
    }
}

fn key(event: &MediaEvent) -> Option<char> {
    match event {
        MediaEvent::Dtmf { digit, .. } => Some(*digit),
        _ => None,
    }
}

/// What comes back of our own digits is not the peer's.
#[test]
fn the_echo_of_our_digits_is_no_digit() {
    let plain = |remote| StreamParams {
        dtmf_payload_type: None,
        dtmf_receive_payload_type: None,
        ..params(Codec::Pcmu, remote)
    };
    let mut pair = Pair::with(plain(4002), plain(4000), Network { delay_ms: 40, ..Network::default() });
    pair.run(300);
    // Both press at once: each hears the other's, as it would its own echo.
    pair.a.session.send_dtmf("15");
    pair.b.session.send_dtmf("15");
    pair.run(1_200);
    assert!(!pair.a.events.iter().any(|event| key(event).is_some()), "{:?}", pair.a.events);
    pair.b.session.send_dtmf("7");
    pair.run(800);
    assert_eq!(pair.a.events.iter().filter_map(key).collect::<String>(), "7");
}

#[test]
fn without_telephone_event_digits_are_tones() {
    let mut a = params(Codec::Pcma, 4002);
    a.dtmf_payload_type = None;
    let mut pair = Pair::with(a, params(Codec::Pcma, 4000), Network::default());
    pair.run(500);
    pair.a.session.send_dtmf("5");
    pair.run(500);
    let start = pair.b.heard.iter().position(|sample| sample.abs() > 500).unwrap();
    let digit = &pair.b.heard[start + 80..start + 720];
    for hz in [770.0, 1336.0] {
        let share = Bin::new(hz, 8000.0).share_of(digit);
        assert!((share - 0.5).abs() < 0.06, "{hz}: {share}");
    }
    assert!(pair.b.digits().is_empty());
}

#[test]
fn another_ssrc_takes_over_and_the_old_one_is_not_heard_again() {
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    pair.a_says(ToneSpec::sine(400.0, -12.0));
    pair.run(1000);
    let before = pair.b.session.stats().packets_received;
    // A transfer: another sender behind the same address; the old one goes on for a while.
    let mut other = Session::new(SessionId(3), params(Codec::Pcmu, 4002), 33, pair.now()).unwrap();
    let mut tone = ToneSource::new(ToneSpec::sine(1000.0, -12.0), 8000);
    for _ in 0..50 {
        let mut pcm = [0; 160];
        tone.fill(&mut pcm);
        other.push(pair.now(), &pcm);
        let mut buf = [0; MAX_DATAGRAM];
        while let Some(transmit) = other.poll_transmit(&mut buf) {
            if transmit.channel == Channel::Rtp {
                pair.b.session.handle_rtp(pair.now(), address(4000), &buf[..transmit.length]);
            }
        }
        pair.run(20);
    }
    let stats = pair.b.session.stats();
    assert_eq!(stats.ssrc_changes, 1);
    assert!(stats.packets_received - before <= 52 && stats.foreign >= 45, "{stats:?}");
    let heard = &pair.b.heard[pair.b.heard.len() - 4000..];
    assert!(Bin::new(1000.0, 8000.0).share_of(heard) > 0.95);
}

#[test]
fn the_source_is_learned_then_pinned() {
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    // The peer is behind NAT: what it signalled is not where it sends from.
    pair.a.session = Session::new(SessionId(1), params(Codec::Pcmu, 9), 11, pair.base).unwrap();
    assert_eq!(pair.a.session.remote(), address(9));
    pair.b.says = Some(ToneSource::new(ToneSpec::sine(400.0, -12.0), 8000));
    pair.run(500);
    assert_eq!(pair.a.session.remote(), address(4002));
    // A stranger who guesses SSRC and numbers is still a stranger.
    let stray = pair.b.flying.first().map_or_else(|| vec![0x80; 172], |flying| flying.bytes.clone());
    let received = pair.a.session.stats().packets_received;
    for _ in 0..5 {
        pair.a.session.handle_rtp(pair.now(), address(6666), &stray);
    }
    let stats = pair.a.session.stats();
    assert_eq!((stats.packets_received, stats.foreign + stats.malformed), (received, 5));
    assert_eq!(pair.a.session.remote(), address(4002));
    // A re-INVITE with another address is believed, and the old one goes unheard for a moment.
    pair.a.session.update(pair.now(), params(Codec::Pcmu, 4010)).unwrap();
    assert_eq!(pair.a.session.remote(), address(4010));
    pair.run(400);
    assert_eq!(pair.a.session.remote(), address(4010));
    // A peer that announced an address it does not use is heard again after that.
    pair.run(400);
    assert_eq!(pair.a.session.remote(), address(4002));
}

#[test]
fn hold_stops_both_ways_and_resume_brings_them_back() {
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    pair.a_says(ToneSpec::sine(400.0, -12.0));
    pair.b.says = Some(ToneSource::new(ToneSpec::sine(700.0, -12.0), 8000));
    pair.answered();
    pair.run(1000);
    let held = StreamParams { send: false, receive: false, ..params(Codec::Pcmu, 4002) };
    pair.a.session.update(pair.now(), held).unwrap();
    let sent = pair.a.session.stats().packets_sent;
    pair.run(15_000);
    assert_eq!(pair.a.session.stats().packets_sent, sent);
    assert_eq!(level_dbm0(&pair.a.heard[pair.a.heard.len() - 8000..]), -90.0);
    assert_eq!(
        pair.a.has(|e| matches!(e, MediaEvent::RtpTimeout { .. })),
        0,
        "nothing is expected during hold"
    );
    assert_eq!(pair.b.has(|e| matches!(e, MediaEvent::RtpTimeout { .. })), 1);
    pair.a.session.update(pair.now(), params(Codec::Pcmu, 4002)).unwrap();
    pair.run(1000);
    assert!((level_dbm0(&pair.a.heard[pair.a.heard.len() - 4000..]) + 12.0).abs() < 0.5);
    assert!((level_dbm0(&pair.b.heard[pair.b.heard.len() - 4000..]) + 12.0).abs() < 0.5);
    assert_eq!(pair.b.has(|e| matches!(e, MediaEvent::RtpFlowing { .. })), 2);
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
fn an_answered_peer_that_falls_silent_is_reported_once() {
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    pair.run(12_000);
    assert_eq!(pair.b.has(|e| matches!(e, MediaEvent::RtpTimeout { .. })), 0);
    pair.network.loss_percent = 100;
    pair.run(12_000);
    assert_eq!(pair.b.has(|e| matches!(e, MediaEvent::RtpTimeout { .. })), 0, "not before the answer");
    pair.answered();
    assert!(pair.b.session.poll_timeout().is_some());
    pair.run(25_000);
    assert_eq!(pair.b.has(|e| matches!(e, MediaEvent::RtpTimeout { .. })), 1);
    pair.network.loss_percent = 0;
    pair.run(500);
    assert_eq!(pair.b.has(|e| matches!(e, MediaEvent::RtpFlowing { .. })), 2);
}

#[test]
fn reports_tell_the_round_trip_and_the_loss() {
    let mut pair = Pair::new(Codec::Pcmu, Network { delay_ms: 50, loss_percent: 3, ..Network::default() });
    pair.run(40_000);
    for side in [&pair.a, &pair.b] {
        let stats = side.session.stats();
        let rtt = stats.rtt_ms.unwrap();
        // Simulated steps of 10 ms round each way up.
        assert!((95.0..=125.0).contains(&rtt), "{rtt}");
        assert!(stats.remote_lost.unwrap() > 10);
        assert!(stats.remote_jitter_ms.unwrap() < 5.0);
    }
    pair.a.session.bye(pair.now());
    let mut buf = [0; MAX_DATAGRAM];
    let transmit = pair.a.session.poll_transmit(&mut buf).unwrap();
    assert_eq!((transmit.channel, transmit.destination), (Channel::Rtcp, address(4003)));
    let reports: Vec<_> = crate::rtcp::parse(&buf[..transmit.length]).collect();
    assert!(matches!(reports.last(), Some(crate::rtcp::Report::Bye { .. })));
}

#[test]
fn mute_sends_silence_and_keeps_the_stream_alive() {
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    pair.a_says(ToneSpec::sine(400.0, -12.0));
    pair.run(500);
    pair.a.session.set_mute(true);
    pair.run(1000);
    assert_eq!(level_dbm0(&pair.b.heard[pair.b.heard.len() - 4000..]), -90.0);
    assert!(pair.a.session.stats().packets_sent >= 74);
    pair.a.session.set_mute(false);
    pair.run(500);
    assert!((level_dbm0(&pair.b.heard[pair.b.heard.len() - 2000..]) + 12.0).abs() < 0.5);
}

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

#[test]
fn wild_bytes_neither_panic_nor_count_as_a_peer() {
    let mut pair = Pair::new(Codec::Opus, Network::default());
    pair.run(200);
    let mut random = 77;
    let mut buf = [0; MAX_DATAGRAM];
    for round in 0..20_000_u64 {
        random = mix(random);
        let length = (random % 200) as usize;
        let mut bytes: Vec<u8> = (0..length).map(|n| mix(random ^ n as u64) as u8).collect();
        if round % 2 == 0 && length > 12 {
            // Looks like our peer's audio, with wild numbers and payload.
            bytes[0] = 0x80;
            bytes[1] = [111, 101, 13, 200][(random >> 20) as usize % 4];
        }
        let now = pair.now();
        pair.a.session.handle_rtp(now, address(4002), &bytes);
        pair.a.session.handle_rtcp(now, address(4003), &bytes);
        if round % 20 == 0 {
            pair.run(10);
            while pair.a.session.poll_transmit(&mut buf).is_some() {}
        }
    }
    assert!(pair.a.session.stats().malformed > 1000);
}

#[test]
fn an_unspecified_address_is_not_sent_to() {
    let mut held = params(Codec::Pcmu, 4002);
    held.remote = SocketAddr::from(([0, 0, 0, 0], 4002));
    let mut session = Session::new(SessionId(1), held, 1, Instant::now()).unwrap();
    session.push(Instant::now(), &[0; 800]);
    assert_eq!(session.poll_transmit(&mut [0; MAX_DATAGRAM]), None);
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

#[test]
fn muxed_reports_share_the_port_of_the_voice() {
    let start = Instant::now();
    for rtcp_mux in [false, true] {
        let params = StreamParams { rtcp_mux, ..params(Codec::Pcmu, 4000) };
        let mut session = Session::new(SessionId(1), params, 5, start).unwrap();
        session.bye(start);
        let sent = session.poll_transmit(&mut [0; MAX_DATAGRAM]).unwrap();
        let wanted = if rtcp_mux { (Channel::Rtp, 4000) } else { (Channel::Rtcp, 4001) };
        assert_eq!((sent.channel, sent.destination.port()), wanted);
    }
}

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

#[test]
fn a_clean_call_scores_high_and_a_lossy_one_low() {
    let score = |loss_percent, delay_ms| {
        let mut pair = Pair::new(Codec::Pcmu, Network { delay_ms, loss_percent, ..Network::default() });
        pair.a_says(ToneSpec::sine(400.0, -12.0));
        pair.run(500);
        assert_eq!(pair.b.session.stats().mos, None, "too early to tell");
        pair.run(30_000);
        (pair.b.session.stats(), pair.a.session.stats())
    };
    let (here, there) = score(0, 20);
    assert!(here.mos.unwrap() > 4.3 && there.remote_mos.unwrap() > 4.3, "{here:?}");
    assert_eq!((here.missed, here.missed_runs), (0, 0));
    let (here, there) = score(5, 20);
    assert!((3.2..4.1).contains(&here.mos.unwrap()), "{here:?}");
    assert!((3.2..4.1).contains(&there.remote_mos.unwrap()), "{there:?}");
    assert!(here.missed > 50 && here.missed_runs > 40 && here.missed_runs <= here.missed);
    let (here, _) = score(20, 20);
    assert!(here.mos.unwrap() < 3.0, "{here:?}");
    let (here, _) = score(0, 300);
    assert!((3.0..4.0).contains(&here.mos.unwrap()), "the delay of 300 ms is felt: {here:?}");
}

#[test]
fn reports_stop_claiming_to_send_and_a_farewell_is_believed() {
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    pair.run(1000);
    let held = StreamParams { send: false, ..params(Codec::Pcmu, 4002) };
    pair.a.session.update(pair.now(), held).unwrap();
    // RFC 3550 6.4: nothing sent since the last report but one makes a receiver.
    let mut kinds = Vec::new();
    let mut buf = [0; MAX_DATAGRAM];
    for step in 0..12 {
        let now = pair.now() + Duration::from_secs(8 * step);
        pair.a.session.handle_timeout(now);
        while let Some(transmit) = pair.a.session.poll_transmit(&mut buf) {
            kinds.extend(
                crate::rtcp::parse(&buf[..transmit.length])
                    .next()
                    .map(|report| matches!(report, crate::rtcp::Report::Sender { .. })),
            );
        }
    }
    assert_eq!(kinds[..2], [true, true], "{kinds:?}");
    assert!(kinds.len() >= 6 && kinds[2..].iter().all(|sender| !sender), "{kinds:?}");

    // The farewell ends the source: one packet of it alone is not heard any more.
    let mut pair = Pair::new(Codec::Pcmu, Network::default());
    pair.run(1000);
    let before = pair.b.session.stats().packets_received;
    pair.a.session.bye(pair.now());
    let length = pair.a.session.poll_transmit(&mut buf).unwrap().length;
    pair.b.session.handle_rtcp(pair.now(), address(4001), &buf[..length]);
    pair.run(20);
    assert_eq!(pair.b.session.stats().packets_received, before, "on probation");
    pair.run(200);
    let stats = pair.b.session.stats();
    assert!(stats.packets_received >= before + 9 && stats.lost == 0, "{stats:?}");
}

fn keys(own: u8, peer: u8) -> SrtpKeys {
    let key = |fill| SrtpKey { key_and_salt: vec![fill; 30], mki: None };
    SrtpKeys { profile: SrtpProfile::AesCm128HmacSha1_80, local: key(own), remote: key(peer) }
}

#[test]
fn an_encrypted_call_takes_new_keys_without_a_gap() {
    let with = |remote, own, peer| {
        let encryption = Encryption::Keys(keys(own, peer));
        StreamParams { encryption, rtcp_mux: true, ..params(Codec::Pcmu, remote) }
    };
    let network = Network { delay_ms: 40, ..Network::default() };
    let mut pair = Pair::with(with(4002, 1, 2), with(4000, 2, 1), network);
    pair.answered();
    pair.a_says(ToneSpec::sine(440.0, -15.0));
    pair.run(10_000);
    let now = pair.now();
    // Both sides go over at once; what a sent before is still under way.
    pair.a.session.update(now, with(4002, 3, 2)).unwrap();
    pair.b.session.update(now, with(4000, 2, 3)).unwrap();
    pair.run(10_000);
    let (a, b) = (pair.a.session.stats(), pair.b.session.stats());
    assert_eq!((a.unauthentic, a.replayed, a.lost, a.malformed), (0, 0, 0, 0), "{a:?}");
    assert_eq!((b.unauthentic, b.replayed, b.lost, b.malformed), (0, 0, 0, 0), "{b:?}");
    assert!(b.packets_received > 990 && b.missed == 0, "{b:?}");
    assert!(a.rtt_ms.is_some() && b.rtt_ms.is_some(), "reports are read");
    // The old key is void by now.
    pair.a.session.update(pair.base, with(4002, 1, 2)).unwrap();
    pair.run(1_000);
    assert!(pair.b.session.stats().unauthentic > 40);
}

#[test]
fn nothing_goes_in_the_clear_before_a_handshake_is_over() {
    let identity = DtlsIdentity::generate().unwrap();
    let terms =
        |client| DtlsTerms { identity: identity.clone(), client, fingerprints: Vec::new(), tls_id: None };
    let with = |remote, client| {
        let encryption = Encryption::Dtls(terms(client));
        StreamParams { encryption, rtcp_mux: true, ..params(Codec::Pcmu, remote) }
    };
    let mut pair = Pair::with(with(4002, true), with(4000, false), Network::default());
    pair.answered();
    pair.a_says(ToneSpec::sine(440.0, -15.0));
    pair.run(6_000);
    assert_eq!((pair.a.sent, pair.b.sent), (0, 0));
    pair.a.session.set_keys(keys(1, 2)).unwrap();
    pair.b.session.set_keys(keys(2, 1)).unwrap();
    pair.run(6_000);
    let b = pair.b.session.stats();
    assert!(b.packets_received > 290 && b.unauthentic == 0, "{b:?}");
    assert!(b.rtt_ms.is_some() || pair.a.session.stats().rtt_ms.is_some(), "reports go on the same port");
    // A later description without a change leaves the keys in force.
    pair.a.session.update(pair.base, with(4002, true)).unwrap();
    pair.run(1_000);
    assert!(pair.b.session.stats().packets_received > 340);
}
