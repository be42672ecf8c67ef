//! SIP messages as packets in a classic pcap file (`LINKTYPE_RAW`): what any dissector opens.
//!
//! One packet per message. UDP messages are datagrams and TCP messages segments whose sequence numbers fit together. A
//! message that went over TLS was inside records that nobody can read; it is written as a datagram between the same
//! addresses and ports, since a dissector takes a segment at the port of TLS for TLS. The format is three headers of fixed
//! length; crates for it bring more interface than they save.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use protocol::result::{TraceDirection, TraceMessage};

/// The whole file.
pub(super) fn capture(messages: &[TraceMessage]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [MAGIC, VERSION, 0, 0, SNAP, LINKTYPE_RAW] {
        file.extend(word.to_le_bytes());
    }
    let start = messages.first().map_or(0, |first| first.at.max(0)).unsigned_abs() * 1000;
    let mut streams = Streams::default();
    for (number, message) in messages.iter().enumerate() {
        let (Ok(local), Ok(peer)) = (message.local.parse(), message.peer.parse()) else { continue };
        let (from, to) = match message.direction {
            TraceDirection::Sent => (local, peer),
            TraceDirection::Received => (peer, local),
        };
        let payload = super::bytes(message);
        let length = usize::try_from(message.length).unwrap_or(usize::MAX).max(payload.len()).min(MOST);
        let segment = match message.transport.as_str() {
            "tcp" => tcp(streams.next(from, to, length)),
            _ => udp(length),
        };
        // The low 16 bits of the number tell packets apart, as in any capture.
        let packet = packet(from, to, number as u16, segment, &payload[..payload.len().min(MOST)], length);
        let at = start + message.offset_us;
        let whole = packet.len() + (length - payload.len().min(MOST));
        for word in [at / 1_000_000, at % 1_000_000, packet.len() as u64, whole as u64] {
            // Seconds fit until 2106, lengths are below 64 KiB.
            file.extend((word as u32).to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

/// What follows the IP header, without addresses and checksum.
struct Segment {
    protocol: u8,
    /// From the first byte after the ports on.
    rest: Vec<u8>,
    /// Where the checksum stands, counted from the ports.
    checksum: usize,
}

/// RFC 768.
fn udp(length: usize) -> Segment {
    let mut rest = Vec::new();
    rest.extend(((UDP_HEADER + length) as u16).to_be_bytes());
    rest.extend([0, 0]);
    Segment { protocol: 17, rest, checksum: 6 }
}

/// RFC 9293 3.1, PSH and ACK set.
fn tcp((sequence, acknowledged): (u32, u32)) -> Segment {
    let mut rest = Vec::new();
    rest.extend(sequence.to_be_bytes());
    rest.extend(acknowledged.to_be_bytes());
    rest.extend([5 << 4, 0x18]);
    rest.extend(u16::MAX.to_be_bytes());
    rest.extend([0; 4]);
    Segment { protocol: 6, rest, checksum: 16 }
}

fn packet(
    from: SocketAddr,
    to: SocketAddr,
    number: u16,
    segment: Segment,
    payload: &[u8],
    length: usize,
) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(from.port().to_be_bytes());
    body.extend(to.port().to_be_bytes());
    body.extend(&segment.rest);
    let header = body.len();
    body.extend(payload);
    let whole = header + length;
    let (mut head, pseudo) = match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let addresses = [from.octets(), to.octets()].concat();
            let mut head = vec![0x45, 0];
            head.extend(((IPV4_HEADER + whole) as u16).to_be_bytes());
            head.extend(number.to_be_bytes());
            // Not to be fragmented, and from one hop away.
            head.extend([0x40, 0, 64, segment.protocol, 0, 0]);
            head.extend(&addresses);
            let sum = checksum(&[&head]).to_be_bytes();
            head[10..12].copy_from_slice(&sum);
            (head, addresses)
        }
        (from, to) => {
            let addresses = [mapped(from), mapped(to)].concat();
            let mut head = vec![0x60, 0, 0, 0];
            head.extend((whole as u16).to_be_bytes());
            head.extend([segment.protocol, 64]);
            head.extend(&addresses);
            (head, addresses)
        }
    };
    // RFC 9293 3.1, RFC 8200 8.1: the addresses count. Of a message that was cut the checksum is unknown.
    let mut ends = (whole as u32).to_be_bytes().to_vec();
    ends.extend([0, 0, 0, segment.protocol]);
    let sum = match checksum(&[&pseudo, &ends, &body]) {
        // RFC 768: zero would say that there is none.
        0 if segment.protocol == 17 => u16::MAX,
        sum => sum,
    };
    body[segment.checksum..segment.checksum + 2].copy_from_slice(&sum.to_be_bytes());
    head.extend(body);
    head
}

fn mapped(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// RFC 1071; every part but the last has an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let sum: u64 =
        words.map(|word| u64::from(word[0]) << 8 | u64::from(word.get(1).copied().unwrap_or(0))).sum();
    let mut sum = sum;
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

/// Sequence numbers of connections, by sender and receiver.
#[derive(Default)]
struct Streams(HashMap<(SocketAddr, SocketAddr), u32>);

impl Streams {
    /// Sequence and acknowledgement number of the next `length` bytes.
    fn next(&mut self, from: SocketAddr, to: SocketAddr, length: usize) -> (u32, u32) {
        let acknowledged = *self.0.entry((to, from)).or_insert(1);
        let sequence = self.0.entry((from, to)).or_insert(1);
        let at = *sequence;
        *sequence = sequence.wrapping_add(length as u32);
        (at, acknowledged)
    }
}

const MAGIC: u32 = 0xA1B2_C3D4;
/// 2.4, its two halves in little-endian order.
const VERSION: u32 = 0x0004_0002;
const SNAP: u32 = 65_535;
/// The packet begins with the IP header; its first four bits say which.
const LINKTYPE_RAW: u32 = 101;
const UDP_HEADER: usize = 8;
const IPV4_HEADER: usize = 20;
/// An IP packet has at most 65,535 bytes, its headers included.
const MOST: usize = 65_535 - 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(
        transport: &str,
        direction: TraceDirection,
        local: &str,
        peer: &str,
        text: &str,
    ) -> TraceMessage {
        TraceMessage {
            dialog: 0,
            at: 1_795_398_002_123,
            offset_us: 0,
            direction,
            transport: transport.to_owned(),
            local: local.to_owned(),
            peer: peer.to_owned(),
            line: String::new(),
            cseq: None,
            repeated: false,
            left_out_before: 0,
            length: text.len() as u64,
            text: text.to_owned(),
            base64: None,
        }
    }

    /// (seconds, microseconds, packet, whole length) of each record.
    fn records(file: &[u8]) -> Vec<(u32, u32, Vec<u8>, u32)> {
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        assert_eq!((word(0), word(20)), (0xA1B2_C3D4, 101));
        let (mut at, mut records) = (24, Vec::new());
        while at < file.len() {
            let length = word(at + 8) as usize;
            records.push((word(at), word(at + 4), file[at + 16..at + 16 + length].to_vec(), word(at + 12)));
            at += 16 + length;
        }
        records
    }

    #[test]
    fn a_datagram_of_ipv4_byte_by_byte() {
        let mut sent = message("udp", TraceDirection::Sent, "192.0.2.10:5060", "192.0.2.1:5062", "BYE");
        sent.offset_us = 1_900_000;
        let records = records(&capture(&[sent]));
        let (seconds, micros, packet, whole) = &records[0];
        // The time is that of the first message, which this is, and its offset.
        assert_eq!((*seconds, *micros, *whole), (1_795_398_004, 23_000, 31));
        assert_eq!(packet[..10], [0x45, 0, 0, 31, 0, 0, 0x40, 0, 64, 17]);
        assert_eq!(
            packet[12..28],
            [192, 0, 2, 10, 192, 0, 2, 1, 0x13, 0xC4, 0x13, 0xC6, 0, 11, packet[26], packet[27]]
        );
        assert_eq!(&packet[28..], b"BYE");
        // A checksum over what it is part of is zero.
        assert_eq!(checksum(&[&packet[..20]]), 0);
        assert_eq!(checksum(&[&packet[12..20], &[0, 17, 0, 11], &packet[20..]]), 0);
    }

    #[test]
    fn segments_of_a_connection_fit_together_both_ways() {
        let ends = ("[2001:db8::10]:41000", "[2001:db8::1]:5060");
        let messages: Vec<_> = [
            (TraceDirection::Sent, "INVITE"),
            (TraceDirection::Received, "100"),
            (TraceDirection::Sent, "ACK"),
        ]
        .into_iter()
        .map(|(direction, text)| message("tcp", direction, ends.0, ends.1, text))
        .collect();
        let numbers: Vec<_> = records(&capture(&messages))
            .iter()
            .map(|(_, _, packet, _)| {
                assert_eq!((packet[0], packet[6]), (0x60, 6));
                let length = u32::from(u16::from_be_bytes([packet[4], packet[5]])).to_be_bytes();
                assert_eq!(checksum(&[&packet[8..40], &length, &[0, 0, 0, 6], &packet[40..]]), 0);
                let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
                (word(44), word(48))
            })
            .collect();
        assert_eq!(numbers, [(1, 1), (1, 7), (7, 4)]);
    }

    #[test]
    fn a_message_that_was_cut_says_how_long_it_was() {
        let mut long =
            message("udp", TraceDirection::Received, "127.0.0.1:5060", "127.0.0.1:5061", "OPTIONS");
        long.length = 1_000;
        let records = records(&capture(&[long]));
        assert_eq!((records[0].2.len(), records[0].3), (35, 1_028));
        assert_eq!(records[0].2[2..4], 1_028_u16.to_be_bytes());
        assert_eq!(records[0].2[24..26], 1_008_u16.to_be_bytes());
    }

    #[test]
    fn what_no_packet_can_be_made_of_is_left_out() {
        let mut odd = message("tls", TraceDirection::Sent, "0.0.0.0:5060", "[::1]:5061", "\u{FFFD}");
        odd.base64 = Some("/w==".to_owned());
        odd.length = u64::MAX;
        let nowhere = message("udp", TraceDirection::Sent, "nowhere", "127.0.0.1:5060", "x");
        let records = records(&capture(&[nowhere, odd]));
        assert_eq!(records.len(), 1);
        // Families that differ: both as IPv6; TLS as a datagram; the bytes as they were.
        assert_eq!((records[0].2[0], records[0].2[6], records[0].2.last()), (0x60, 17, Some(&0xFF)));
    }
}
