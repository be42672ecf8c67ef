//! A stream of datagrams in time: what is read as RTP is written the same again, and a session plays on whatever comes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::rtp::{Packet, Receiver, Verdict};
use media::session::{MAX_DATAGRAM, Session};
use media::{Codec, SessionId, StreamParams};

/// The first byte chooses codec and telephone-event. Then records: how it is made, how long after the one before, its
/// length, its bytes. Most are made into packets of one stream, since hardly any bytes are two packets in a row.
pub(crate) fn run(bytes: &[u8]) {
    let Some((&choice, mut rest)) = bytes.split_first() else { return };
    let base = Instant::now();
    let params = params(choice);
    let (rate, clock_rate) = (params.codec.sample_rate() as usize, params.codec.clock_rate());
    let mut session = Session::new(SessionId(1), params, 42, base).expect("a codec of ours");
    session.answered(base);
    let mut receiver = Receiver::new(7, 0, clock_rate);
    let (mut sequence, mut timestamp, mut ms) = (0_u16, 0_u32, 0_u64);
    for _ in 0..RECORDS {
        let [how, after, length, tail @ ..] = rest else { break };
        let (body, next) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = next;
        ms += u64::from(*after);
        let now = base + Duration::from_millis(ms);
        let datagram = if how & 0x80 != 0 {
            body.to_vec()
        } else {
            // Two low bits: how far the numbers move on.
            sequence = sequence.wrapping_add([1, 0, 2, u16::from(*length) << 8][usize::from(how & 3)]);
            timestamp = timestamp.wrapping_add([160, 0, 320, u32::from(*length) << 24][usize::from(how & 3)]);
            let payload_type = [0, 101, 13, 9][usize::from(how >> 2 & 3)];
            let ssrc = 7 + u32::from(how >> 4 & 1);
            let packet =
                Packet { marker: how & 0x20 != 0, payload_type, sequence, timestamp, ssrc, payload: body };
            let mut out = [0; MAX_DATAGRAM];
            let written = packet.write(&mut out).expect("a packet of at most 255 bytes fits");
            assert_eq!(Packet::parse(&out[..written]), Ok(packet), "write and read again");
            out[..written].to_vec()
        };
        if let Ok(packet) = Packet::parse(&datagram) {
            numbers(&mut receiver, now, &packet);
        }
        let source = SocketAddr::from(([127, 0, 0, 1], 4000 + u16::from(how & 0x40 != 0)));
        session.handle_rtp(now, source, &datagram);
        play(&mut session, now, rate);
    }
    let stats = session.stats();
    assert!(stats.target_ms <= 200, "the buffer waits {} ms", stats.target_ms);
    assert!(stats.jitter_ms.is_finite() && stats.jitter_ms >= 0.0, "{stats:?}");
    assert!(stats.mos.is_none_or(|mos| (1.0..=4.5).contains(&mos)), "{stats:?}");
    // Whatever it was: a minute later it is over, and the session still speaks.
    let later = base + Duration::from_millis(ms + 60_000);
    session.push(later, &vec![0; rate / 50]);
    play(&mut session, later, rate);
}

/// RFC 3550 A.1 and A.8: numbers only grow, and jitter is a number.
fn numbers(receiver: &mut Receiver, now: Instant, packet: &Packet<'_>) {
    let before = receiver.extended_highest();
    let verdict = receiver.receive(now, packet.sequence, packet.timestamp);
    if let (Verdict::Valid(_), true) = (verdict, receiver.is_valid()) {
        let grown = receiver.extended_highest().wrapping_sub(before);
        assert!(grown < 1 << 17, "{before} to {}", receiver.extended_highest());
    }
    assert!(receiver.jitter_ms().is_finite());
    let _ = (receiver.fraction_lost(), receiver.lost());
}

/// One round of 20 ms on the other side: hears, and takes what is to be sent and told.
fn play(session: &mut Session, now: Instant, rate: usize) {
    let mut heard = vec![1; rate / 50];
    session.pull(now, &mut heard);
    session.handle_timeout(now);
    let mut out = [0; MAX_DATAGRAM];
    let datagrams = std::iter::from_fn(|| session.poll_transmit(&mut out)).count();
    let events = std::iter::from_fn(|| session.poll_event()).count();
    assert!(datagrams <= 64 && events <= 64, "{datagrams} datagrams, {events} events in one round");
}

fn params(choice: u8) -> StreamParams {
    let (codec, payload_type) =
        [(Codec::Pcmu, 0), (Codec::Pcma, 0), (Codec::G722, 9), (Codec::Opus, 9)][usize::from(choice & 3)];
    let event = (choice & 4 != 0).then_some(101);
    StreamParams {
        rtcp_mux: choice & 8 != 0,
        dtmf_payload_type: event,
        dtmf_receive_payload_type: event,
        ..StreamParams::new(SocketAddr::from(([127, 0, 0, 1], 4000)), codec, payload_type)
    }
}

/// A second of every packet that fits the input.
const RECORDS: usize = 400;
