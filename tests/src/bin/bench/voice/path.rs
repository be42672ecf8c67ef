//! Our receive path in simulated time: two sessions, a network between them, and the ring of a sound device.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::session::{MAX_DATAGRAM, Session};
use media::{Codec, SessionId, StreamParams};

use super::profile::{PTIME, Profile};

/// What a voice is coded by.
#[derive(Clone, Copy)]
pub(super) enum Line {
    /// PCMU.
    Narrow,
    /// G.722.
    Wide,
}

impl Line {
    /// Samples per second of what is said and heard.
    pub(super) fn rate(self) -> usize {
        self.codec().sample_rate() as usize
    }

    fn codec(self) -> Codec {
        match self {
            Self::Narrow => Codec::Pcmu,
            Self::Wide => Codec::G722,
        }
    }
}

/// As a media worker does it for a device: look every 5 ms, fill up to the level of a seat.
const TOP_UP: Duration = Duration::from_millis(5);
/// A device takes so much at a time.
const DEVICE: Duration = Duration::from_millis(5);
/// What may be under way when the sender ends.
const TAIL: Duration = Duration::from_millis(700);

/// The packets of a clip, as our own sender makes them.
pub(super) fn packets(line: Line, pcm: &[i16]) -> Vec<Vec<u8>> {
    let base = Instant::now();
    let mut sender = session(line, 1, base);
    let mut datagram = [0; MAX_DATAGRAM];
    let mut packets = Vec::new();
    for (index, frame) in pcm.chunks_exact(line.rate() / 50).enumerate() {
        sender.push(base + PTIME * index as u32, frame);
        while let Some(transmit) = sender.poll_transmit(&mut datagram) {
            // Reports travel too, but not here: an RTCP packet has payload type 200 and above.
            if datagram[1] & 0x7F < 64 {
                packets.push(datagram[..transmit.length].to_vec());
            }
        }
    }
    packets
}

/// What is heard of a clip, from the moment on at which its first sample was sent.
pub(super) fn heard(line: Line, pcm: &[i16], profile: &Profile, seed: u64) -> Vec<i16> {
    let packets = packets(line, &pcm.repeat(profile.before + 1));
    let mut heard = play(line, &packets, profile, seed);
    // The last time is the one that counts.
    let start = profile.sent(packets.len() / (profile.before + 1) * profile.before);
    heard.drain(..(start.as_secs_f64() * line.rate() as f64) as usize);
    heard
}

fn play(line: Line, packets: &[Vec<u8>], profile: &Profile, seed: u64) -> Vec<i16> {
    let base = Instant::now();
    let rate = line.rate();
    let mut receiver = session(line, 2, base);
    let source = SocketAddr::from(([127, 0, 0, 1], 4_000));
    let mut arrivals = profile.arrivals(packets.len(), seed).into_iter().peekable();
    let end = profile.sent(packets.len()) + TAIL;
    let target = media::device::PLAYBACK_TARGET.as_millis() as usize * rate / 1_000;
    let mut ring: VecDeque<i16> = VecDeque::new();
    let mut heard = Vec::new();
    // The device's clock and ours do not keep step.
    let mut device_at = Duration::from_micros(seed.wrapping_mul(1_237) % 10_000);
    let mut round = Duration::from_micros(seed.wrapping_mul(811) % 5_000);
    heard.resize(device_at.as_micros() as usize * rate / 1_000_000, 0);
    while device_at < end {
        while round <= device_at {
            while let Some((at, index)) = arrivals.next_if(|(at, _)| *at <= round) {
                receiver.handle_rtp(base + at, source, &packets[index]);
            }
            // Whole milliseconds.
            let missing = target.saturating_sub(ring.len()) * 1_000 / rate * rate / 1_000;
            let mut pcm = vec![0; missing];
            receiver.pull(base + round, &mut pcm);
            while receiver.poll_event().is_some() {}
            ring.extend(pcm);
            round += TOP_UP;
        }
        for _ in 0..DEVICE.as_millis() as usize * rate / 1_000 {
            heard.push(ring.pop_front().unwrap_or_default());
        }
        device_at += DEVICE;
    }
    heard
}

fn session(line: Line, id: u64, now: Instant) -> Session {
    let payload_type = if line.codec() == Codec::G722 { 9 } else { 0 };
    let params = StreamParams::new(SocketAddr::from(([127, 0, 0, 1], 4_000)), line.codec(), payload_type);
    Session::new(SessionId(id), params, id, now).unwrap_or_else(|error| panic!("no session: {error}"))
}
