//! From the microphone over a peer that echoes to the ear piece, in simulated time: what a worker does with the rings of a
//! device every 5 ms.

#![allow(clippy::disallowed_methods, reason = "one base instant; time is simulated from there")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::*;
use crate::device::ring;
use crate::rtp::sender::mix;
use crate::session::{MAX_DATAGRAM, Session};
use crate::types::Codec;

const RATE: usize = 48_000;
/// A device hands over and takes 5 ms at a time.
const PIECE: usize = RATE / 200;
/// Microseconds between two slots of a worker.
const SLOT: u64 = 5_000;
/// Time between two bursts, a little off the second so that they meet every phase of the packets.
const PERIOD_MS: usize = 997;
const BURST_MS: usize = 60;

/// What a run gave.
struct Run {
    /// From each burst to its return, milliseconds, sorted.
    trips: Vec<f64>,
    /// Samples that the ear piece lacked, and times that the microphone's ring ran dry, after the first second.
    starved: usize,
    dry: u32,
}

impl Run {
    fn median(&self) -> f64 {
        self.trips[self.trips.len() / 2]
    }
}

fn microphone(sample: usize) -> i16 {
    let at = sample % (PERIOD_MS * RATE / 1_000);
    if at >= BURST_MS * RATE / 1_000 {
        return 0;
    }
    let turn = std::f64::consts::TAU * 440.0 * at as f64 / RATE as f64;
    (turn.sin() * 9_000.0) as i16
}

/// Callbacks of microphone and ear piece come at these phases of the slots, in microseconds; `late` says by how many microseconds a
/// slot's turn is late.
fn run(microphone_at: u64, ear_at: u64, seconds: u64, mut late: impl FnMut(u64) -> u64) -> Run {
    let base = Instant::now();
    let moment = |us: u64| base + Duration::from_micros(us);
    let peer = SocketAddr::from(([127, 0, 0, 1], 4_000));
    let params = crate::session::tests::params(Codec::Pcmu, peer.port());
    let mut session = Session::new(SessionId(1), params, 7, base).unwrap();
    let mut seat = Seat::new(1, vec![SessionId(1)]);
    let (mut heard_by_microphone, reader) = ring(RATE / 5);
    let (writer, mut ear) = ring(RATE / 5);
    seat.set_capture(CaptureFeed::Ring { reader, rate: RATE as u32 });
    seat.set_playback(PlaybackFeed::Ring { writer, rate: RATE as u32 });
    let (mut said, mut heard) = (Vec::new(), vec![0; ear_at as usize * RATE / 1_000_000]);
    let mut under_way: Vec<(u64, Vec<u8>)> = Vec::new();
    let (mut microphone_next, mut ear_next) = (microphone_at + SLOT, ear_at);
    let (mut starved, mut dry, mut was_primed) = (0, 0, false);
    for slot in 0..seconds * 200 {
        let now = slot * SLOT + late(slot);
        // What the devices did until then.
        while microphone_next <= now {
            let from = said.len();
            said.extend((from..from + PIECE).map(microphone));
            heard_by_microphone.push(&said[from..]);
            microphone_next += SLOT;
        }
        while ear_next <= now {
            let mut piece = [0; PIECE];
            let count = ear.pop(&mut piece);
            starved += if slot > 200 { PIECE - count } else { 0 };
            heard.extend_from_slice(&piece);
            ear_next += SLOT;
        }
        let (arrived, later) = std::mem::take(&mut under_way).into_iter().partition(|packet| packet.0 <= now);
        under_way = later;
        for (at, datagram) in arrived {
            session.handle_rtp(moment(at), peer, &datagram);
        }
        // `Leg::top_up`, `Leg::tick`.
        let mut pcm = vec![0; seat.playback_deficit(session.rate())];
        session.pull(moment(now), &mut pcm);
        seat.play(&mut pcm, session.rate());
        if slot % 4 == 0 {
            let mut local = vec![0; session.rate() as usize / 50];
            seat.capture(&mut local, session.rate());
            dry += u32::from(slot > 200 && was_primed && !seat.primed);
            was_primed = seat.primed;
            session.push(moment(now), &local);
        }
        let mut datagram = [0; MAX_DATAGRAM];
        while let Some(sent) = session.poll_transmit(&mut datagram) {
            under_way.push((now + 200, datagram[..sent.length].to_vec()));
        }
        while session.poll_event().is_some() {}
    }
    // The first sample of the microphone is older than the callback that brings it.
    let said = onsets(&said, microphone_at);
    let heard = onsets(&heard, 0);
    let back =
        |at: &f64| heard.iter().find(|back| (0.0..600.0).contains(&(**back - at))).map(|back| back - at);
    let mut trips: Vec<f64> = said.iter().skip(2).filter_map(back).collect();
    trips.sort_by(f64::total_cmp);
    assert!(trips.len() as u64 + 4 > seconds, "{} of {seconds}", trips.len());
    Run { trips, starved, dry }
}

/// Where bursts begin, in milliseconds, where sample 0 is at `offset` microseconds.
fn onsets(pcm: &[i16], offset: u64) -> Vec<f64> {
    let (mut found, mut quiet) = (Vec::new(), usize::MAX / 2);
    for (index, sample) in pcm.iter().enumerate() {
        if sample.unsigned_abs() > 2_500 {
            if quiet > RATE / 5 {
                found.push(index as f64 * 1_000.0 / RATE as f64 + offset as f64 / 1_000.0);
            }
            quiet = 0;
        } else {
            quiet += 1;
        }
    }
    found
}

/// The jitter buffer's 20 ms, the packet's 20, what two clocks that do not know each other need, and two resamplers.
#[test]
fn a_round_trip_is_short_at_every_phase_of_the_devices() {
    let (mut medians, mut longest) = (Vec::new(), 0.0_f64);
    for microphone_at in (0..SLOT).step_by(700) {
        for ear_at in (300..SLOT).step_by(900) {
            let run = run(microphone_at, ear_at, 12, |slot| mix(slot) % 200);
            assert_eq!((run.starved, run.dry), (0, 0), "phases {microphone_at} and {ear_at} us");
            longest = longest.max(run.trips[run.trips.len() - 1]);
            medians.push(run.median());
        }
    }
    medians.sort_by(f64::total_cmp);
    let median = medians[medians.len() / 2];
    println!("round trip without a sound server: median {median:.1} ms, longest {longest:.1} ms");
    assert!(median <= 66.0 && longest <= 72.0, "median {median:.1} ms, longest {longest:.1} ms");
}

/// A machine that wakes us some milliseconds late now and then costs neither the ear nor the microphone anything.
#[test]
fn turns_that_are_late_by_some_milliseconds_are_not_heard() {
    for seed in 0..6 {
        let late = |slot: u64| {
            let drawn = mix(slot ^ seed << 32);
            if drawn.is_multiple_of(40) { 1_000 + drawn / 40 % 3_500 } else { drawn % 200 }
        };
        let run = run(seed * 800, seed * 650 + 500, 60, late);
        // Two fillings that found the ring empty may have to tell first how late turns are.
        assert!(
            run.starved <= PIECE && run.dry <= 1,
            "seed {seed}: {} samples, dry {}",
            run.starved,
            run.dry
        );
        assert!(run.median() <= 76.0, "seed {seed}: {:.1} ms", run.median());
    }
}
