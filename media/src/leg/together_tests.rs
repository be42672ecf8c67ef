//! Both sides of a recording keep their time beside each other, whatever clock the operator's device has.

#![allow(clippy::disallowed_methods, reason = "one base instant; time is simulated from there")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::*;
use crate::codec::g711::mu_compress;
use crate::device::{CaptureFeed, PlaybackFeed, ring};
use crate::recorder::TrackReader;
use crate::rtp::Packet;
use crate::rtp::sender::mix;
use crate::types::Codec;

const RATE: usize = 8_000;
/// Time between two bursts of the callee, and what else is heard all the time: a room that is never silent.
const PERIOD_MS: usize = 6_970;
const BURST_MS: usize = 40;
const NOISE: i32 = 400;

/// What the callee says, by the sample.
fn callee(sample: usize) -> i16 {
    let noise = mix(sample as u64) as i32 % NOISE;
    let at = sample % (PERIOD_MS * RATE / 1_000);
    if at >= BURST_MS * RATE / 1_000 {
        return noise as i16;
    }
    let turn = std::f64::consts::TAU * 440.0 * at as f64 / RATE as f64;
    (turn.sin() * 16_000.0) as i16
}

/// Where bursts begin, in milliseconds.
fn onsets(pcm: &[i16]) -> Vec<f64> {
    let (mut found, mut quiet) = (Vec::new(), 0);
    for (index, sample) in pcm.iter().enumerate() {
        quiet += 1;
        if sample.unsigned_abs() > 3_000 {
            if quiet > RATE {
                found.push(index as f64 * 1_000.0 / RATE as f64);
            }
            quiet = 0;
        }
    }
    found
}

fn read(reader: &mut TrackReader, sides: &mut [Vec<i16>; 2]) {
    let mut bytes = Vec::new();
    while reader.next(&mut bytes).is_some() {}
    for pair in bytes.chunks_exact(4) {
        sides[0].push(i16::from_le_bytes([pair[0], pair[1]]));
        sides[1].push(i16::from_le_bytes([pair[2], pair[3]]));
    }
}

/// What is recorded of a call whose operator's microphone hears half of what the ear piece plays, at the moment when it does. Both
/// belong to a device that hands over and takes `piece` milliseconds at a time, and whose clock is off by `ppm`.
fn record(piece: usize, ppm: f64, seconds: u64) -> [Vec<i16>; 2] {
    let base = Instant::now();
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let (sender, mut told) = tokio::sync::mpsc::channel(256);
    let mut events = EventQueue::new(sender);
    let socket = RtpSocket::bind(local, 58_100..=59_900).unwrap();
    let mut leg = Leg::open(SessionId(1), socket, false, 0).unwrap();
    leg.set_endpoint(Endpoint::Seat(SeatId(0)));
    let peer = SocketAddr::new(local, 9);
    let params = StreamParams { send: false, ..StreamParams::new(peer, Codec::Pcmu, 0) };
    leg.set_params(params, base, &mut events);
    let Some(RecorderCommand::Begin { mut reader, .. }) = leg.record("call".into(), &mut events) else {
        panic!("it records")
    };
    let mut seat = Seat::new(1, vec![SessionId(1)]);
    let (mut microphone, captured) = ring(RATE / 5);
    let (played, mut ear) = ring(RATE / 5);
    seat.set_capture(CaptureFeed::Ring { reader: captured, rate: RATE as u32 });
    seat.set_playback(PlaybackFeed::Ring { writer: played, rate: RATE as u32 });
    let (mut frames, mut sides) = (Frames::default(), [Vec::new(), Vec::new()]);
    let (mut device_next, mut sent, mut room) = (1.3, 0_usize, 1_u64 << 40);
    let mut heard = vec![0; piece * RATE / 1_000];
    for slot in 0..seconds * 200 {
        let now = base + Duration::from_millis(slot * 5);
        while device_next <= (slot * 5) as f64 {
            heard.fill(0);
            ear.pop(&mut heard);
            for sample in &mut heard {
                room += 1;
                *sample = *sample / 2 + (mix(room) as i32 % NOISE) as i16;
            }
            microphone.push(&heard);
            device_next += piece as f64 * (1.0 - ppm / 1e6);
        }
        if slot % 4 == 0 {
            let coded: Vec<u8> = (sent * 160..(sent + 1) * 160).map(|n| mu_compress(callee(n))).collect();
            let packet = Packet {
                marker: sent == 0,
                payload_type: 0,
                sequence: sent as u16,
                timestamp: (sent * 160) as u32,
                ssrc: 7,
                payload: &coded,
            };
            let mut datagram = [0; 172];
            packet.write(&mut datagram).unwrap();
            sent += 1;
            leg.session.as_mut().unwrap().handle_rtp(now, peer, &datagram);
        }
        leg.top_up(&mut seat, now, &mut frames);
        if slot % 4 == 0 {
            leg.tick(Some(&mut seat), now, &mut frames, &mut events);
            read(&mut reader, &mut sides);
        }
        events.flush();
        while told.try_recv().is_ok() {}
    }
    sides
}

/// Within 20 ms of each other over an hour, in which 200 ppm come to 720 ms.
#[test]
fn both_sides_stay_together_for_an_hour() {
    for (piece, ppm) in [(5, 200.0), (5, -200.0), (10, 200.0), (10, -200.0)] {
        let seconds = 3_600;
        let sides = record(piece, ppm, seconds);
        assert!(sides.iter().all(|side| side.len() == seconds as usize * RATE));
        let [operator, callee] = sides.map(|side| onsets(&side));
        assert!(callee.len() as u64 + 3 > seconds * 1_000 / PERIOD_MS as u64, "{} bursts", callee.len());
        let apart = callee.iter().skip(1).map(|at| {
            let others = operator.iter().map(|other| other - at);
            others.min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(f64::INFINITY)
        });
        let apart: Vec<f64> = apart.collect();
        let (least, most) =
            (apart.iter().fold(f64::MAX, |a, b| a.min(*b)), apart.iter().fold(f64::MIN, |a, b| a.max(*b)));
        let what = format!("pieces of {piece} ms, {ppm} ppm: {least:.1} to {most:.1} ms apart");
        println!("{what}");
        assert!(least >= -20.0 && most <= 20.0, "{what}");
    }
}
